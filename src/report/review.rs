//! The document for the people who look back at a rollout: what was to be reached and what was measured, filled in; what
//! only they know, as lines to complete.
//!
//! Nothing in it is made up: a success criterion that no finding shows is said to be not judged, and moments are those that
//! somebody kept. It is Markdown, with every name as harmless as in a comment.

use super::decided::with_own;
use super::document::{Document, Finding, LookKind, Outcome, PastLook, RuleKind};
use super::markdown::{LONGEST_NAME, LONGEST_TEXT, escape, joined, left_out, mark, not_judged, provenance, within};
use super::prose::{capitalised, plain};
use super::success::{self, Row, Shown};
use super::words::{self, NOTHING};
use crate::judge::words::{count, duration};
use crate::series::{SignedDuration, Timestamp};

/// The most that a part takes; more than that nobody reviews.
const PART_BYTES: usize = 64 * 1024;

const TO_COMPLETE: &str = "## What went well\n\n- …\n\n## What did not go well\n\n- …\n\n## Action items\n\n\
                           - [ ] … (owner: …, date: …)\n- [ ] … (owner: …, date: …)\n\n## Follow-ups\n\n- …";

/// The review as GitHub-flavoured Markdown.
pub fn render(document: &Document) -> String {
    let blocks = [
        head(document),
        "## Metrics against targets".into(),
        metrics(document),
        success(document),
        "## Notable moments".into(),
        moments(document),
        "## Issues".into(),
        issues(document),
        not_judged(document, PART_BYTES),
        TO_COMPLETE.into(),
        "## Appendix: provenance".into(),
        provenance(document, PART_BYTES),
    ];
    joined(&blocks)
}

fn head(document: &Document) -> String {
    let title = escape(&words::title(document), LONGEST_NAME);
    let title = if title.is_empty() { "rollout".into() } else { title };
    let summary = escape(&document.summary, LONGEST_TEXT);
    let reason = if summary.is_empty() { String::new() } else { format!(" {summary}") };
    let window = &document.arms.canary.window;
    let date = window.end.parse::<Timestamp>().map(|end| end.strftime("%Y-%m-%d").to_string());
    let mut rows = vec![
        ("Date", date.unwrap_or_else(|_| escape(&window.end, LONGEST_NAME))),
        ("Duration", lasted(document)),
        ("Outcome", format!("{}.{reason}", mark(document.outcome))),
        ("Recommendation", format!("{}.", escape(&words::advice(document), LONGEST_NAME))),
    ];
    let setting = words::setting(document).into_iter();
    rows.extend(setting.map(|(name, texts)| (name, escape(&texts.join("; "), LONGEST_TEXT))));
    let rows = rows.iter().map(|(name, text)| format!("- **{}**: {text}\n", capitalised(name)));
    format!("# Review: {title}\n\n{}", rows.collect::<String>())
}

/// How long the canary was judged, and of what soak.
fn lasted(document: &Document) -> String {
    let window = &document.arms.canary.window;
    let judged = match (window.start.parse::<Timestamp>(), window.end.parse::<Timestamp>()) {
        (Ok(start), Ok(end)) if end > start => duration(end.duration_since(start)),
        _ => NOTHING.into(),
    };
    let planned = document.look.as_ref().filter(|look| look.kind == LookKind::Planned);
    let soak = planned.and_then(|look| SignedDuration::try_from_secs_f64(look.soak_seconds?.get()).ok());
    soak.map_or(judged.clone(), |soak| format!("{judged} of a soak of {}", duration(soak)))
}

/// Rows under a heading, as many as there is room for.
fn table(heading: &str, alignment: &str, findings: &[&Finding], row: fn(&Finding) -> String) -> String {
    let mut text = format!("{heading}\n{alignment}\n");
    let shown = within(findings.iter().map(|finding| row(finding)), PART_BYTES, &mut text);
    text.push_str(&left_out(&findings[shown..]));
    text
}

fn metrics(document: &Document) -> String {
    let decided = with_own(document);
    let findings: Vec<&Finding> = decided.findings.iter().collect();
    if findings.is_empty() {
        return "Nothing was judged.".into();
    }
    table("| Criterion | Target | Baseline | Measured | Status |", "|:--|:--|--:|--:|:--|", &findings, |finding| {
        let baseline = words::estimates(&finding.evidence).baseline;
        let target = finding
            .fail_at
            .as_ref()
            .map_or(finding.target.clone(), |fail| format!("{}, fails at {fail}", finding.target));
        format!(
            "| {} | {} | {} | {} | {} |\n",
            escape(&finding.criterion, LONGEST_NAME),
            escape(&target, LONGEST_NAME),
            escape(&baseline, 32),
            escape(&success::measured(finding), LONGEST_NAME),
            status(finding)
        )
    })
}

fn status(finding: &Finding) -> String {
    let muted = if words::is_muted(finding) { " (muted)" } else { "" };
    format!("{}{muted}", mark(finding.outcome))
}

/// The success criteria of the rollout, where it has some.
fn success(document: &Document) -> String {
    let all = success::rows(&[document]);
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from("## Success criteria\n\n| | Criterion | Target | Measured | Status | Validated by |\n");
    text.push_str("|:--|:--|:--|:--|:--|:--|\n");
    let shown = within(all.iter().map(promise), PART_BYTES, &mut text);
    if shown < all.len() {
        text.push_str(&format!("\n… and {} more.\n", all.len() - shown));
    }
    text
}

fn promise(row: &Row) -> String {
    let lines = |say: fn(&Shown) -> &String| {
        let lines: Vec<String> = row.shown.iter().take(20).map(|shown| escape(say(shown), LONGEST_NAME)).collect();
        if lines.is_empty() { NOTHING.into() } else { lines.join("<br>") }
    };
    let missing: Vec<&str> = row.missing.iter().map(String::as_str).take(20).collect();
    let missing = match missing.is_empty() {
        true => String::new(),
        false => format!("<br>not judged: {}", escape(&missing.join(", "), LONGEST_TEXT)),
    };
    format!(
        "| {} | {} | {} | {} | {}{missing} | {} |\n",
        escape(&row.id, LONGEST_NAME),
        escape(&row.says, LONGEST_TEXT),
        lines(|shown| &shown.target),
        lines(|shown| &shown.measured),
        row.status().map_or("not judged".into(), mark),
        lines(|shown| &shown.validated),
    )
}

/// What happened when: the looks that were kept, alarms, silence, and arms that did not get their share.
fn moments(document: &Document) -> String {
    let alarm = |finding: &&Finding| finding.rule.kind == RuleKind::Periods && finding.outcome == Outcome::Fail;
    let missing = |finding: &&Finding| {
        let reasons = ["canary_silent", "no_data", "no_baseline", "low_coverage", "not_reached"];
        reasons.contains(&finding.reason.as_str())
    };
    let share = |finding: &&Finding| finding.reason == "share_mismatch";
    let told = |what: &'static str, finding: &Finding| {
        let name = escape(&words::criterion(finding), LONGEST_NAME);
        format!("- {what}, {name}: {}\n", escape(&finding.sentence, LONGEST_TEXT))
    };
    let findings = || document.findings.iter();
    let lines = looks(&document.looks).into_iter();
    let lines = lines.chain(findings().filter(alarm).map(|finding| told("Alarm", finding)));
    let lines = lines.chain(findings().filter(missing).map(|finding| told("Missing data", finding)));
    let mut lines = lines.chain(findings().filter(share).map(|finding| told("Traffic", finding))).peekable();
    if lines.peek().is_none() {
        return "- None was recorded.".into();
    }
    let mut text = String::new();
    within(lines, PART_BYTES, &mut text);
    text
}

/// The first warning and fail, and since when the answer was what it was in the end.
fn looks(looks: &[PastLook]) -> Vec<String> {
    let when = |look: &PastLook| {
        let number = look.number.filter(|number| *number > 0);
        let number = number.map_or(String::new(), |number| format!(" (look {})", count(number)));
        format!("{}{number}", escape(&words::moment(&look.end), LONGEST_NAME))
    };
    let first = |outcome: Outcome| {
        let look = looks.iter().find(|look| look.outcome == outcome)?;
        let of = look.findings.iter().filter(|finding| finding.outcome == outcome).take(5);
        let of: Vec<String> = of.map(|finding| escape(&finding.criterion, LONGEST_NAME)).collect();
        let of = if of.is_empty() { String::new() } else { format!(", by {}", of.join(" and ")) };
        Some(format!("- {}: first {}{of}\n", when(look), outcome.word()))
    };
    let Some(last) = looks.last() else { return Vec::new() };
    let same = looks.iter().rev().take_while(|look| look.outcome == last.outcome).count();
    let since = format!("- {}: {} from here on\n", when(&looks[looks.len() - same]), last.outcome.word());
    [first(Outcome::Warn), first(Outcome::Fail), Some(since)].into_iter().flatten().collect()
}

/// What did not pass, with what would decide it; and what was remarked.
fn issues(document: &Document) -> String {
    let findings = words::worst_first(document);
    let open: Vec<&Finding> = findings.into_iter().filter(|finding| finding.outcome != Outcome::Pass).collect();
    let items = open.iter().map(|finding| {
        let name = escape(&words::criterion(finding), LONGEST_NAME);
        let texts = [Some(&finding.sentence), finding.decide.as_ref()].into_iter().flatten();
        let texts = texts.cloned().chain(finding.notes.iter().take(5).map(|note| format!("Note: {note}")));
        let texts: Vec<String> =
            texts.filter(|text| !plain(text).is_empty()).map(|text| escape(&text, LONGEST_TEXT)).collect();
        format!("- **{}: {name}**<br>{}\n", finding.outcome.word(), texts.join("<br>"))
    });
    let mut text = String::new();
    let shown = within(items, PART_BYTES, &mut text);
    text.push_str(&left_out(&open[shown..]));
    let notes = document.notes.iter().map(|note| format!("- Note: {}\n", escape(note, LONGEST_TEXT)));
    within(notes, PART_BYTES, &mut text);
    if text.is_empty() { "- None: every finding is PASS.".into() } else { text }
}
