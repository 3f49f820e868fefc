//! The page for a browser: well-formed, harmless whatever a verdict holds, readable without eyes and without colours, and
//! small enough to open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assert_cmd::Command;
use davy::judge::rules::Unit;
use davy::judge::verdict::{Trace, Verdict};
use davy::report::document::{self, PastLook, Query, Success};
use davy::report::{Document, Format, Style, render};
use davy::series::Pair;
use insta::assert_snapshot;
use proptest::prelude::*;

use super::{assert_harmless, generated, samples};

const STYLE: &str = include_str!("../../../src/report/html/style.css");

/// A page of ten thousand metrics must stay openable.
const LARGEST: usize = 8 << 20;
const LARGEST_PLOT: usize = 13_000;

fn page(document: &Document) -> String {
    render(document, Format::Html, &Style::default())
}

/// The page without its style, an element per line.
fn lines(document: &Document) -> String {
    let page = page(document);
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    format!("{head}{rest}").replace("><", ">\n<")
}

/// A failed rollout with everything that a document may have.
fn rich() -> Document {
    let mut document = Document::from(&samples::fail());
    let look = |verdict: &Verdict, minutes: u32, number| {
        let mut look = PastLook::of(&Document::from(verdict));
        (look.end, look.number) = (format!("2026-11-21T12:{minutes:02}:00Z"), Some(number));
        look
    };
    let open = samples::inconclusive();
    document.looks =
        vec![look(&open, 25, 1), look(&samples::fail(), 30, 2), look(&open, 35, 3), look(&samples::fail(), 45, 4)];
    document.looks.push(look(&samples::fail(), 59, 5));
    let success = |id: &str, criteria: &[&str]| Success {
        id: id.into(),
        says: "users notice nothing".into(),
        criteria: criteria.iter().map(|name| (*name).into()).collect(),
    };
    document.success = vec![
        success("SC-001", &["errors <= 0.1%", "cache_hits >= baseline - 2pp"]),
        success("SC-002", &["errors <= 0.1%", "cost <= 60 USD"]),
        success("SC-003", &["sessions == 0"]),
    ];
    document.queries = vec![Query {
        metric: "errors".into(),
        arm: "canary".into(),
        source: "cloudwatch in eu-west-1".into(),
        asked: "SUM(Errors) where Version = 42".into(),
    }];
    document
}

/// An element with its attributes and those around it.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    inside: Vec<String>,
    /// The name of the element that follows directly after its tag, if one does.
    first: String,
}

impl Element {
    fn has(&self, attribute: &str, value: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|is| is == value)
    }
}

/// Reads a page as strictly as this writer writes: every tag closed in order, every attribute quoted, no stray sign.
fn elements(page: &str) -> Vec<Element> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype").trim_end();
    let (mut open, mut found) = (Vec::<String>::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a stray sign in {:?}", &rest[..at]);
        let (tag, after) = rest[at + 1..].split_once('>').expect("an end of the tag");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "tags cross");
            continue;
        }
        let (name, mut said) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{tag:?}");
        let mut attributes = BTreeMap::new();
        while let Some((attribute, after)) = said.trim_start().split_once("=\"") {
            let (value, after) = after.split_once('"').expect("an end of the value");
            assert!(!attribute.contains(' ') && !value.contains('<'), "{tag:?}");
            assert!(attributes.insert(attribute.to_owned(), value.to_owned()).is_none(), "twice in {tag:?}");
            said = after;
        }
        assert_eq!(said, "", "in {tag:?}");
        let first = rest.strip_prefix('<').and_then(|next| next.split([' ', '>']).next()).unwrap_or_default();
        found.push(Element { name: name.into(), attributes, inside: open.clone(), first: first.into() });
        if name == "style" {
            rest = &rest[rest.find("</style>").unwrap()..];
        }
        if !["meta", "br"].contains(&name) {
            open.push(name.into());
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} are left open, {rest:?} is left over");
    found
}

/// Nothing may be loaded, run or sent, whatever the names in a verdict are.
fn assert_safe(page: &str) -> Vec<Element> {
    const KNOWN: &[&str] = &[
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "nav",
        "main",
        "section",
        "footer",
        "figure",
        "figcaption",
        "details",
        "summary",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "div",
        "span",
        "strong",
        "code",
        "br",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "desc",
        "g",
        "line",
        "path",
        "rect",
        "circle",
        "text",
    ];
    assert_harmless(page);
    let elements = elements(page);
    for element in &elements {
        assert!(KNOWN.contains(&element.name.as_str()), "{element:?}");
        for (attribute, value) in &element.attributes {
            assert!(!attribute.starts_with("on") && !["src", "style", "xlink:href"].contains(&attribute.as_str()));
            assert!(attribute != "href" || value.starts_with('#'), "{element:?}");
        }
    }
    elements
}

#[test]
fn the_page_says_everything_in_order() {
    assert_snapshot!("html_fail", lines(&rich()));
    assert_snapshot!("html_empty", lines(&Document::from(&samples::empty())));
}

#[test]
fn hostile_names_are_names_on_the_page() {
    let mut document = Document::from(&samples::hostile());
    let name = document.name.clone();
    let hostile = Success { id: name.clone(), says: name.clone(), criteria: vec![name.clone(), "\"><b>".into()] };
    document.success.push(hostile);
    let field = || name.clone();
    document.queries.push(Query { metric: field(), arm: field(), source: field(), asked: field() });
    document.distributions[0].metric = field();
    document.distributions[0].unit = document::UnitName(format!("plain:{name}"));
    document.looks = vec![PastLook { end: field(), ..PastLook::of(&document) }, PastLook::of(&document)];
    let page = page(&document);
    assert_safe(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the name is told");
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<img"));
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let page = page(&rich());
    assert_safe(&page);
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; "));
    for asking in ["://", "url(", "@import", "src=", "<link", "<script", "javascript:"] {
        assert!(!page.contains(asking), "{asking}");
    }
}

#[test]
fn the_page_is_readable_without_eyes() {
    let page = page(&rich());
    let elements = assert_safe(&page);
    let named = |name: &str| elements.iter().filter(|element| element.name == name).collect::<Vec<_>>();
    assert!(named("html")[0].has("lang", "en"));
    for once in ["h1", "main", "nav", "footer"] {
        assert_eq!(named(once).len(), 1, "{once}");
    }
    for svg in named("svg") {
        assert!(svg.has("aria-hidden", "true") || svg.has("role", "img") && svg.first == "title", "{svg:?}");
    }
    assert!(named("table").iter().all(|table| table.first == "caption"));
    assert!(named("th").iter().all(|th| th.has("scope", "col") || th.has("scope", "row")));
    let scrolls = elements.iter().filter(|element| element.has("class", "scroll"));
    assert!(scrolls.clone().count() >= 5);
    assert!(scrolls.into_iter().all(|s| s.has("tabindex", "0") && s.attributes.contains_key("aria-label")));
    let mut depth = 0;
    for heading in elements.iter().filter(|e| e.name.starts_with('h') && e.name.len() == 2 && e.name != "hr") {
        let Ok(level) = heading.name[1..].parse::<u32>() else { continue };
        assert!(level <= depth + 1, "{heading:?} after a heading of level {depth}");
        depth = level;
    }
    let ids: Vec<&String> = elements.iter().filter_map(|element| element.attributes.get("id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id twice");
    for target in elements.iter().filter_map(|element| element.attributes.get("href")) {
        assert!(ids.iter().any(|id| target[1..] == **id), "{target} leads nowhere");
    }
    assert!(elements.iter().filter(|e| e.name == "title" && e.inside.contains(&"svg".into())).count() >= 8);
}

/// The relative luminance of #rrggbb (WCAG 2).
fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn both_themes_have_contrast() {
    let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
    for (theme, css) in [("light", light), ("dark", dark)] {
        let color = |name: &str| {
            let (_, value) = css.split_once(&format!("--{name}: ")).unwrap();
            luminance(&value[..7])
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (color(a), color(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for text in ["ink", "quiet", "link", "pass", "warn", "open", "fail"] {
            assert!(contrast(text, "paper") >= 4.5, "{theme}: {text} on paper");
        }
        for outcome in ["pass", "warn", "open", "fail"] {
            assert!(contrast(outcome, &format!("{outcome}-sheet")) >= 4.5, "{theme}: {outcome}");
        }
        for text in ["ink", "quiet"] {
            assert!(contrast(text, "unjudged") >= 4.5 && contrast(text, "good") >= 4.5, "{theme}: {text}");
        }
        for line in ["baseline", "canary", "bound", "quiet"] {
            for ground in ["paper", "unjudged", "good"] {
                assert!(contrast(line, ground) >= 3.0, "{theme}: {line} on {ground}");
            }
        }
    }
}

#[test]
fn ten_thousand_metrics_stay_openable() {
    let mut verdict = samples::many(10_000);
    let trace = verdict.traces["latency_p95"].clone();
    let spread = verdict.distributions["latency"].clone();
    for i in 0..10_000 {
        let name = format!("endpoint_{i}");
        verdict.findings[i].metric = name.clone();
        verdict.traces.insert(name.clone(), trace.clone());
        verdict.distributions.insert(name, spread.clone());
    }
    let mut document = Document::from(&verdict);
    document.looks = vec![PastLook::of(&document); 24];
    let page = page(&document);
    assert_safe(&page);
    assert!(page.len() < LARGEST, "{} bytes", page.len());
    assert_eq!(page.matches("<tr class=\"row\">").count(), 1_000);
    assert!(page.contains("9,000 more criteria, by name") && page.contains("endpoint_9999 "), "the rest by name");
    assert_eq!(page.matches("<li>FAIL ").count(), 0, "the bad ones are among the full rows");
    assert!(page.contains("9,943 more metrics are left out here"), "plots");
    assert!(page.contains("9,971 more metrics are left out here"), "distributions");
    assert!(page.contains("They are in the verdict as JSON (<code>--report json=verdict.json</code>)."));
}

#[test]
fn a_long_trace_is_a_small_picture_with_its_spike() {
    let mut verdict = samples::pass();
    let arm = |from: usize| -> Vec<Option<f64>> {
        let noise = |i: usize| (((i + from) * 2_654_435_761) % 1_000) as f64 / 1_000.0;
        (0..50_000).map(|i| (i % 977 != 0).then(|| 80.0 + noise(i))).collect()
    };
    let mut steps = Pair { baseline: arm(0), canary: arm(7) };
    steps.canary[31_234] = Some(4_000.0);
    let trace = Trace { unit: Unit::Milliseconds, quantile: None, steps, origin: String::new() };
    verdict.traces = [("latency_p95".to_string(), trace)].into();
    let page = page(&Document::from(&verdict));
    assert_safe(&page);
    let plot = page.split("<svg class=\"plot\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(plot.len() < LARGEST_PLOT, "{} bytes", plot.len());
    let canary = plot.split("<path class=\"canary\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let highest = canary.split(['M', 'L']).filter_map(|point| point.split_once(' ')).map(|(_, y)| y);
    let highest = highest.map(|y| y.parse::<f64>().unwrap()).fold(f64::INFINITY, f64::min);
    assert!(highest < 35.0, "the spike is drawn at the top, not at {highest}");
    assert!(canary.matches('M').count() > 10, "gaps stay gaps");
}

#[test]
fn the_page_of_a_saved_verdict_is_the_same() {
    let document = rich();
    let saved = render(&document, Format::Json, &Style::default());
    let again = page(&Document::read(&saved).unwrap());
    assert_eq!(again, page(&document));
    assert_eq!(again, page(&document));
}

#[test]
fn since_when_an_answer_is_clear_is_the_first_look_that_never_changed() {
    let mut document = rich();
    let text = page(&document);
    assert!(text.contains("<dd>look 4, 2026-11-21 12:45 UTC (and at the one after it)</dd>"), "{text}");
    assert!(text.contains("FAIL since here"));
    document.outcome = Document::from(&samples::inconclusive()).outcome;
    assert!(!page(&document).contains("since here"), "what is open is not clear");
    document.looks.truncate(1);
    document.outcome = document.looks[0].outcome;
    assert!(!page(&document).contains("since here"), "of one look nothing can be said");
}

#[test]
fn a_success_criterion_is_as_good_as_its_worst_finding() {
    let text = lines(&rich());
    let rows = text.split("<tr>").map(|row| row.split("</tr>").next().unwrap());
    let rows: Vec<&str> = rows.filter(|row| row.contains("SC-00")).collect();
    let status = |row: &str| ["FAIL</span>", "PASS</span>", "NOT JUDGED</span>"].map(|word| row.contains(word));
    assert_eq!(
        rows.iter().map(|row| status(row)).collect::<Vec<_>>(),
        [[true, false, false], [false, false, true], [false, false, true]]
    );
    assert!(rows[1].contains("cost &lt;= 60 USD: not judged"), "{}", rows[1]);
}

#[test]
fn a_canary_that_is_worse_from_some_step_on_is_marked_there() {
    let text = page(&Document::from(&samples::fail()));
    assert_safe(&text);
    assert_eq!(text.matches("class=\"since\"").count(), 1, "in the picture of its metric alone");
    assert_eq!(text.matches(">worse from 12:30 UTC<").count(), 1);
    assert_eq!(text.matches("class=\"bar thin\"").count(), 1, "all steps below what decided");
    assert!(text.contains("-17.3 pp [-18.8, -15.8] from 12:30 UTC"));
    let mut verdict = samples::fail();
    verdict.findings.iter_mut().for_each(|finding| finding.evidence.since = None);
    let text = page(&Document::from(&verdict));
    assert!(!text.contains("class=\"since\"") && !text.contains("worse from") && !text.contains("bar thin"));
}

#[test]
fn little_is_drawn_as_little() {
    let mut verdict = samples::pass();
    verdict.traces.values_mut().for_each(|trace| {
        trace.steps = Pair { baseline: vec![Some(0.0)], canary: vec![None] };
    });
    verdict.distributions.clear();
    verdict.findings[0].evidence.effect.as_mut().unwrap().high = f64::INFINITY;
    let text = page(&Document::from(&verdict));
    assert_safe(&text);
    assert!(text.contains("class=\"tip\""), "an open end is an arrow");
    assert!(
        text.contains("class=\"baseline dots\"") && !text.contains("path class=\"canary"),
        "a single point is a dot"
    );
    verdict.traces.values_mut().for_each(|trace| trace.steps.baseline = vec![None]);
    assert!(page(&Document::from(&verdict)).contains("Not one step was measured."));
}

fn davy(arguments: &[&str]) -> String {
    let mut davy = Command::cargo_bin("davy").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = davy.current_dir(root).env("NO_COLOR", "1").args(arguments).output().unwrap();
    assert!([0, 10].contains(&output.status.code().unwrap()), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_looks_are_judged_for_the_page_and_stay_out_of_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (html, json, recording) = (at("out.html"), at("out.json"), at("recording"));
    let reports = [format!("html={html}"), format!("json={json}")];
    let case = "fixtures/cases/redis-recorded-killed";
    davy(&["judge", case, "--report", &reports[0], "--report", &reports[1], "--record", &recording]);
    let page = std::fs::read_to_string(&html).unwrap();
    assert_safe(&page);
    assert!(page.contains("<dd>look 7 of 8, 2026-11-21 06:42:30 UTC (and at the one after it)</dd>"));
    let saved: Document = Document::read(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(saved.looks.len(), 8, "the looks before the first that is planned are none");
    assert!(saved.looks.iter().zip(1..).all(|(look, number)| look.number == Some(number)));
    assert_eq!(saved.looks[7].findings.len(), saved.findings.len());
    assert_eq!(saved.looks[7].outcome, saved.outcome);
    // rendered again from what was saved, on stdout
    assert_eq!(davy(&["report", &json, "--format", "html"]), page);
    let recorded = std::fs::read_to_string(Path::new(&recording).join("verdict.json")).unwrap();
    assert!(!recorded.contains("\"looks\""));
    assert!(!davy(&["judge", case, "--format", "json"]).contains("\"looks\""), "nobody asked for a drawing");
}

#[test]
fn of_many_looks_some_are_drawn_and_the_last_with_them() {
    let text = davy(&["judge", "fixtures/cases/supplement-search-10-healthy", "--format", "html"]);
    assert_safe(&text);
    assert_eq!(text.matches("<td>look ").count(), 24);
    assert!(text.contains("<td>look 2 of 48</td>") && text.contains("<td>look 48 of 48</td>"));
}

#[test]
fn a_plan_has_a_page_too() {
    let text = davy(&["plan", "fixtures/cases/redis-recorded-healthy", "--format", "html"]);
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("<table>"));
    elements(&text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_verdict_is_a_page(verdict in generated::verdict(), before in proptest::collection::vec(generated::verdict(), 0..4)) {
        let mut document = Document::from(&verdict);
        document.looks = before.iter().chain([&verdict]).map(|look| PastLook::of(&Document::from(look))).collect();
        let criteria = document.findings.iter().map(|finding| finding.criterion.clone()).collect();
        document.success = vec![Success { id: document.name.clone(), says: document.summary.clone(), criteria }];
        let text = page(&document);
        let elements = assert_safe(&text);
        prop_assert_eq!(elements.iter().filter(|element| element.name == "h1").count(), 1);
        for (attribute, value) in elements.iter().flat_map(|element| &element.attributes) {
            if ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"].contains(&attribute.as_str()) {
                let place: f64 = value.parse().unwrap();
                prop_assert!((0.0..=500.0).contains(&place), "{} is outside of the picture", place);
            }
            if attribute == "d" {
                prop_assert!(value.chars().all(|c| c.is_ascii_digit() || "MLhlvz .-".contains(c)), "{}", value);
            }
        }
        prop_assert_eq!(text, page(&document));
    }
}
