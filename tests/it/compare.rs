//! The offline comparison: its figures against the rows they come from, and what it says where there is little to compare.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;
use serde_json::Value;

use crate::cost::by_hand;
use crate::world::root;

const CASE: &str = "fixtures/cases/supplement-search-10-healthy";
const REPORT: &str = "reports/supplement-search-10-healthy-compare";

fn davy(folder: &Path, arguments: &[&str]) -> String {
    let mut davy = Command::cargo_bin("davy").unwrap();
    let output = davy.current_dir(folder).env_remove("COLUMNS").env("NO_COLOR", "1").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn compared(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["compare"].into_iter().chain(arguments.iter().copied()).chain(["--format", "json"]).collect();
    let comparison: Value = serde_json::from_str(&davy(folder, &all)).unwrap();
    let schema: Value = serde_json::from_str(&davy(folder, &["schema", "comparison"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&comparison).map(|e| format!("{}: {e}", e.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    comparison
}

fn metric<'v>(comparison: &'v Value, name: &str) -> &'v Value {
    let mut metrics = comparison["metrics"].as_array().unwrap().iter();
    metrics.find(|metric| metric["metric"] == name).unwrap_or_else(|| panic!("no metric {name}"))
}

fn line<'v>(metric: &'v Value, statistic: &str) -> &'v Value {
    let mut lines = metric["numbers"].as_array().unwrap().iter();
    lines.find(|line| line["statistic"] == statistic).unwrap_or_else(|| panic!("no {statistic} in {metric}"))
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} instead of {expected}"));
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value} instead of {expected}");
}

/// The numbers of a column by system.
fn column(name: &str) -> BTreeMap<String, Vec<f64>> {
    let mut rows = csv::Reader::from_path(root().join(CASE).join("metrics.csv")).unwrap();
    let at = rows.headers().unwrap().iter().position(|column| column == name).unwrap();
    let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows.records().map(Result::unwrap) {
        columns.entry(row[1].to_owned()).or_default().extend(row[at].parse::<f64>());
    }
    columns
}

fn sums(name: &str) -> [f64; 2] {
    let columns = column(name);
    ["legacy", "new"].map(|system| columns[system].iter().sum())
}

fn both(line: &Value, expected: [f64; 2]) {
    close(&line["estimate"]["baseline"], expected[0]);
    close(&line["estimate"]["canary"], expected[1]);
}

#[test]
fn the_published_schema_is_fresh() {
    let path = root().join("fixtures/schema/comparison.schema.json");
    let fresh = davy(root(), &["schema", "comparison"]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == fresh, "run the tests with UPDATE=1");
}

#[test]
fn the_figures_are_those_of_the_rows() {
    let comparison = compared(root(), &[CASE]);
    assert_eq!(comparison["health"], "healthy");
    let (errors, requests) = (sums("errors"), sums("invocations"));
    assert_eq!(comparison["traffic"]["requests"]["canary"], requests[1] as u64);
    close(&comparison["traffic"]["canary_share"], requests[1] / (requests[0] + requests[1]));
    let rate = line(metric(&comparison, "errors"), "rate");
    both(rate, [errors[0] / requests[0], errors[1] / requests[1]]);
    let difference = &rate["effect"];
    let (low, high) = (difference["low"].as_f64().unwrap(), difference["high"].as_f64().unwrap());
    let observed = errors[1] / requests[1] - errors[0] / requests[0];
    assert!(
        low < observed && observed < high && difference["kind"] == "difference" && rate["ratio"]["kind"] == "ratio"
    );
    // as wide as 95 % of such counts would be without any extra noise, or wider
    let share = errors[1] / requests[1];
    assert!(high - low > 2.0 * 1.9 * (share * (1.0 - share) / requests[1]).sqrt(), "{low} {high}");
    let (hits, misses) = (sums("cache_hits"), sums("cache_misses"));
    let cache = metric(&comparison, "cache_hits");
    assert_eq!(cache["about"], "good");
    both(line(cache, "rate"), [hits[0] / (hits[0] + misses[0]), hits[1] / (hits[1] + misses[1])]);
    assert_eq!(line(cache, "rate")["shown"], "better");
    let averages = column("duration_avg_ms");
    let mean = ["legacy", "new"].map(|system| averages[system].iter().sum::<f64>() / averages[system].len() as f64);
    both(line(metric(&comparison, "latency_avg"), "mean of the steps"), mean);
    let largest = ["legacy", "new"].map(|system| averages[system].iter().copied().fold(0.0, f64::max));
    both(line(metric(&comparison, "latency_avg"), "max across steps"), largest);
    let p95 = metric(&comparison, "latency_p95")["numbers"].as_array().unwrap();
    let statistics: Vec<&str> = p95.iter().map(|line| line["statistic"].as_str().unwrap()).collect();
    assert_eq!(statistics, ["typical p95", "max across steps"], "a quantile of quantiles is none of requests");
    // a metric that no criterion decides on is compared as well
    assert!(metric(&comparison, "warning_alarms")["numbers"].as_array().is_some());
}

#[test]
fn requests_have_their_quantiles_and_their_mean() {
    let comparison = compared(root(), &[CASE]);
    let mut text = String::new();
    let packed = std::fs::File::open(root().join(CASE).join("traces.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows.records().map(Result::unwrap) {
        values.entry(row[at("system")].to_owned()).or_default().push(row[at("duration_ms")].parse().unwrap());
    }
    let traced = metric(&comparison, "traced_latency");
    for (arm, system) in [("baseline", "legacy"), ("canary", "new")] {
        let own = values.get_mut(system).unwrap();
        own.sort_unstable_by(f64::total_cmp);
        close(&line(traced, "mean")["estimate"][arm], own.iter().sum::<f64>() / own.len() as f64);
        close(&line(traced, "max")["estimate"][arm], *own.last().unwrap());
        assert_eq!(line(traced, "p50")["n"][arm], own.len() as u64);
        // within one rank of the plain definition
        let rank = (own.len() as f64 * 0.95) as usize;
        let p95 = line(traced, "p95")["estimate"][arm].as_f64().unwrap();
        assert!((own[rank - 2]..=own[(rank + 1).min(own.len() - 1)]).contains(&p95), "{p95}");
    }
    assert!(line(traced, "p95")["effect"]["kind"] == "ratio" && line(traced, "mean")["effect"].is_null());
}

#[test]
fn the_bill_is_that_of_the_rows() {
    let comparison = compared(root(), &[CASE]);
    let cost = &comparison["cost"];
    assert_eq!(cost["unit"], "plain:USD/month");
    let mean = |system: &str| by_hand(system).iter().sum::<f64>() / 240.0;
    both(&cost["full"], [mean("legacy"), mean("new")]);
    let items = cost["items"].as_array().unwrap();
    let sum = |arm: &str, what: &str| items.iter().map(|item| item[what][arm].as_f64().unwrap()).sum::<f64>();
    assert!((sum("canary", "full") - mean("new")).abs() < 1e-6);
    assert!((sum("canary", "share") - 1.0).abs() < 1e-9 && (sum("baseline", "share") - 1.0).abs() < 1e-9);
    let requests = sums("invocations");
    let month = 730.0 * 60.0 / 240.0;
    let lambda = items.iter().find(|item| item["item"] == "lambda_requests").unwrap();
    close(&lambda["now"]["canary"], requests[1] * month * 0.20e-6);
    close(&lambda["full"]["canary"], (requests[0] + requests[1]) * month * 0.20e-6);
    assert_eq!(lambda["full"]["baseline"], 0);
    assert!(cost["unseen"].as_str().unwrap().contains("day"));
}

#[test]
fn it_reads_as_an_analyst_would_have_it() {
    assert_snapshot!("compare_text", davy(root(), &["compare", CASE]));
    let markdown = davy(root(), &["compare", CASE, "--format", "markdown"]);
    let page = davy(root(), &["compare", CASE, "--format", "html"]);
    for (extension, text) in [("md", &markdown), ("html", &page)] {
        let path = root().join(format!("{REPORT}.{extension}"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == *text, "{REPORT}.{extension} is stale: UPDATE=1 rewrites it");
    }
    for section in [
        "Overall health: HEALTHY",
        "Traffic",
        "Error rates",
        "Latency",
        "Cache performance",
        "Cost (USD/month)",
        "Findings",
        "Recommendation and next steps",
    ] {
        assert!(markdown.contains(section), "{section}");
    }
    assert!(markdown.contains("Promote to phase 50%"), "{markdown}");
}

#[test]
fn a_bad_system_is_told_what_to_do() {
    let comparison = compared(root(), &["fixtures/cases/supplement-search-50-errors-critical"]);
    assert_eq!(comparison["health"], "unhealthy");
    let steps: Vec<&str> = comparison["next_steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(steps[0].starts_with("Roll back to the legacy system"), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("the alarm fired")), "{steps:?}");
    assert!(
        steps.iter().any(|step| step.starts_with("cost <= 60 USD: ") && step.contains("USD/month over the budget")),
        "{steps:?}"
    );
}

/// Two files with requests, errors and latencies per minute, the canary's errors as many times as the baseline's.
fn two_files(folder: &Path, times: u32) {
    for (name, errors) in [("old.csv", 5), ("new.csv", 5 * times)] {
        let mut text = "time,requests,errors,latency_p95_ms\n".to_owned();
        for minute in 0..60 {
            let wiggle = minute % 7;
            writeln!(text, "2026-03-01T12:{minute:02}:00Z,{},{},{}", 1000 + wiggle, errors + wiggle % 3, 100 + wiggle)
                .unwrap();
        }
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn without_a_configuration_or_criteria_health_is_what_the_metrics_show() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    std::fs::write(
        folder.path().join("canary.yaml"),
        "name: bare\narms: { baseline: { file: old }, canary: { file: new } }\nsources: { d: { file: { path: \"${file}.csv\" } } }\n\
         metrics:\n  errors: { rate: { bad: errors, total: requests } }\n  p95: { gauge: { value: latency_p95_ms, unit: ms, quantile: p95 } }\n",
    )
    .unwrap();
    let comparison = compared(folder.path(), &["canary.yaml"]);
    assert_eq!((comparison["health"].as_str(), comparison["judged_by"].as_str()), (Some("healthy"), Some("none")));
    assert_eq!(comparison["verdict"]["findings"].as_array().map(Vec::len), Some(0));
    two_files(folder.path(), 4);
    let comparison = compared(folder.path(), &["canary.yaml"]);
    assert_eq!(comparison["health"], "degraded");
    assert!(comparison["because"].as_str().unwrap().contains("errors (rate)"), "{}", comparison["because"]);
    assert_eq!(line(metric(&comparison, "errors"), "rate")["shown"], "worse");
    let files = compared(folder.path(), &["--baseline", "old.csv", "--canary", "new.csv"]);
    assert_eq!(files["health"], "unhealthy");
    let judged =
        Command::cargo_bin("davy").unwrap().current_dir(folder.path()).args(["judge", "canary.yaml"]).output().unwrap();
    assert_eq!(judged.status.code(), Some(78), "judging still needs criteria");
}

#[test]
fn a_log_of_requests_has_quantiles_and_groups() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "time,version,status,latency_ms,route\n".to_owned();
    for second in 0..3600 {
        for (version, slower) in [("old", 1.0), ("new", 1.5)] {
            let status = if second % 97 == 0 { 500 } else { 200 };
            let latency = slower * (20.0 + f64::from((second * 7919) % 1009) / 10.0);
            let at = format!("2026-03-01T12:{:02}:{:02}Z", second / 60, second % 60);
            writeln!(text, "{at},{version},{status},{latency:.2},/r{}", second % 60).unwrap();
        }
    }
    std::fs::write(folder.path().join("log.csv"), text).unwrap();
    std::fs::write(
        folder.path().join("canary.yaml"),
        "name: logged\nwindow: { step: 1m }\nsources:\n  log: { requests: { path: log.csv, arm: { column: version, baseline: old, canary: new } } }\n\
         metrics:\n  errors: { rate: { bad: errors, total: requests, of: requests } }\n  took: { values: { value: latency, unit: ms } }\n  \
         routes: { by: { column: route, most: 60 }, values: { value: latency, unit: ms } }\n",
    )
    .unwrap();
    let comparison = compared(folder.path(), &["canary.yaml"]);
    let p50 = line(metric(&comparison, "took"), "p50");
    assert_eq!((p50["n"]["canary"].as_u64(), p50["shown"].as_str()), (Some(3600), Some("worse")));
    let ratio = p50["effect"]["estimate"].as_f64().unwrap();
    assert!((1.4..1.6).contains(&ratio), "{ratio}");
    let groups =
        comparison["metrics"].as_array().unwrap().iter().filter(|metric| metric["group_of"] == "routes").count();
    assert_eq!(groups, 60, "a program gets all of them");
    let text = davy(folder.path(), &["compare", "canary.yaml"]);
    assert!(text.contains("10 more groups are not shown"), "{text}");
}

#[test]
fn a_canary_without_data_is_unknown_and_said() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    let empty = "time,requests,errors,latency_p95_ms\n2026-01-01T00:00:00Z,1000,5,100\n";
    std::fs::write(folder.path().join("new.csv"), empty).unwrap();
    let head = "name: gone\narms: { baseline: { file: old }, canary: { file: new } }\n\
         window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\nsources: { d: { file: { path: \"${file}.csv\" } } }\n\
         metrics:\n  errors: { rate: { bad: errors, total: requests } }\n  p95: { gauge: { value: latency_p95_ms, unit: ms, quantile: p95 } }\n\
         cost: { items: { node: { price: \"10 / month\" } } }\n";
    for criteria in ["", "criteria: [{ metric: errors, pass: \"<= 5%\" }, { metric: cost, pass: \"<= 60 USD\" }]\n"] {
        std::fs::write(folder.path().join("canary.yaml"), format!("{head}{criteria}")).unwrap();
        let comparison = compared(folder.path(), &["canary.yaml"]);
        assert_eq!(comparison["health"], "unknown", "{criteria}");
        let steps = comparison["next_steps"].to_string();
        assert!(steps.contains("canary has no data"), "{steps}");
        let rate = line(metric(&comparison, "errors"), "rate");
        assert!(
            rate["estimate"]["canary"].is_null()
                && rate["estimate"]["baseline"].is_number()
                && rate["effect"].is_null()
        );
        // what runs costs money whether it is used or not, but of an arm that nobody saw nothing is told
        assert!(comparison["cost"]["full"]["estimate"]["canary"].is_null());
    }
}

#[test]
fn hostile_names_stay_names() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    let hostile = "\\e[31m<script>@octocat|`#";
    std::fs::write(
        folder.path().join("canary.yaml"),
        format!(
            "name: \"{hostile}\"\narms: {{ baseline: {{ file: old, note: \"{hostile}\" }}, canary: {{ file: new }} }}\n\
             sources: {{ d: {{ file: {{ path: \"${{file}}.csv\" }} }} }}\nmetrics: {{ errors: {{ rate: {{ bad: errors, total: requests }} }} }}\n\
             cost: {{ items: {{ node: {{ price: \"1 / 1k {}\", metric: errors }} }} }}\n\
             criteria: [{{ name: \"{hostile}\", metric: errors, pass: \"<= 5%\" }}]\n",
            "requests"
        ),
    )
    .unwrap();
    let text = davy(folder.path(), &["compare", "canary.yaml"]);
    assert!(!text.contains('\u{1b}'), "{text}");
    let markdown = davy(folder.path(), &["compare", "canary.yaml", "--format", "markdown"]);
    assert!(
        !markdown.contains("@octocat") && !markdown.contains("<script>") && !markdown.contains('\u{1b}'),
        "{markdown}"
    );
}

#[test]
fn it_is_recorded_whole_and_written_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (kept, page, data) = (at("kept"), format!("markdown={}", at("page.md")), format!("json={}", at("data.json")));
    let text = davy(root(), &["compare", CASE, "--record", &kept, "--report", &page, "--report", &data]);
    assert!(text.starts_with("COMPARE  supplement-search, phase 10%"), "{text}");
    assert_eq!(
        std::fs::read_to_string(at("page.md")).unwrap(),
        davy(root(), &["compare", CASE, "--format", "markdown"])
    );
    assert_eq!(davy(root(), &["replay", "--check", &kept]).lines().count(), 1);
    let (one, mut other) = (compared(root(), &[CASE]), compared(root(), &[&kept]));
    // the files have other names there
    other["verdict"]["traces"] = one["verdict"]["traces"].clone();
    other["traces"] = one["traces"].clone();
    assert_eq!(one, other);
    assert!(!one.to_string().contains(&at("")));
}

/// Two files of an hour whose p95 differs by a factor, with so many errors a minute.
fn hour(folder: &Path, name: &str, p95: f64, errors: u64) {
    let mut text = "time,requests,errors,p95_ms\n".to_owned();
    for minute in 0..60 {
        let noise = [0.0, 7.0, -4.0, 3.0, -9.0][minute % 5];
        let _ = writeln!(text, "2026-03-01T12:{minute:02}:00Z,1000,{},{}", errors + minute as u64 % 3, p95 + noise);
    }
    std::fs::write(folder.join(name), text).unwrap();
}

#[test]
fn the_headline_says_what_is_shown_and_not_more() {
    let folder = tempfile::tempdir().unwrap();
    hour(folder.path(), "old.csv", 200.0, 20);
    let cases = [
        (
            "faster.csv",
            160.0,
            15,
            "faster: p95 20.1 % lower (159 against 199 ms), 23.8 % fewer errors (1.6 against 2.1 %)",
        ),
        (
            "slower.csv",
            250.0,
            20,
            "slower: p95 25.1 % higher (249 against 199 ms), errors not shown to differ (2.1 against 2.1 %)",
        ),
        (
            "broken.csv",
            500.0,
            62,
            "broken: p95 2.51 times as high (499 against 199 ms), 3 times as many errors (6.3 against 2.1 %)",
        ),
        (
            "same.csv",
            200.0,
            20,
            "same: p95 not shown to differ (199 against 199 ms), errors not shown to differ (2.1 against 2.1 %)",
        ),
    ];
    for (name, p95, errors, headline) in cases {
        hour(folder.path(), name, p95, errors);
        let comparison = compared(folder.path(), &["old.csv", name]);
        let found = comparison["headline"].as_str().unwrap();
        assert!(found.starts_with(headline), "{found}");
        let text = davy(folder.path(), &["compare", "old.csv", name]);
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(headline), "{text}");
    }
}

#[test]
fn another_mix_of_requests_stands_beside_what_differs() {
    let case = "fixtures/cases/shop-slices-50-other-mix-healthy";
    let comparison = compared(root(), &[case]);
    let p50 = line(metric(&comparison, "latency"), "p50");
    let estimate = |effect: &str| p50[effect]["estimate"].as_f64().unwrap();
    assert!(estimate("effect") > 1.03, "as the requests came: {p50}");
    assert!((estimate("at_equal_mix") - 1.0).abs() < 0.03, "the versions are alike: {p50}");
    assert_eq!(comparison["mixes"][0]["answer"], "differs");
    let headline = comparison["headline"].as_str().unwrap();
    assert!(headline.contains("; at an equal mix of requests "), "{headline}");
    let text = davy(root(), &["compare", case]);
    for words in ["Mix of requests", "POST /checkout is ", "at an equal mix "] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_table_has_a_row_for_each_number() {
    let comparison = compared(root(), &[CASE]);
    let metrics = comparison["metrics"].as_array().unwrap();
    let numbers: usize = metrics.iter().map(|metric| metric["numbers"].as_array().unwrap().len()).sum();
    let text = davy(root(), &["compare", CASE, "--format", "csv"]);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), numbers + 2, "costs have two rows");
    let errors = rows.iter().find(|row| &row[at("metric")] == "errors").unwrap();
    let rate = line(metric(&comparison, "errors"), "rate");
    for (column, value) in [
        ("baseline", &rate["estimate"]["baseline"]),
        ("canary", &rate["estimate"]["canary"]),
        ("low", &rate["effect"]["low"]),
        ("ratio_high", &rate["ratio"]["high"]),
    ] {
        assert_eq!(errors[at(column)].parse::<f64>().unwrap(), value.as_f64().unwrap(), "{column}");
    }
}

/// Each picture is a whole SVG with colours of its own; nothing in it asks anybody or runs.
#[test]
fn pictures_stand_alone() {
    let folder = tempfile::tempdir().unwrap();
    let name = "..p95";
    let metrics = format!("metrics: {{ {name:?}: {{ gauge: {{ value: p95_ms, unit: ms, quantile: p95 }} }} }}");
    hour(folder.path(), "old.csv", 200.0, 20);
    hour(folder.path(), "new.csv", 150.0, 20);
    std::fs::write(
        folder.path().join("canary.yaml"),
        format!(
            "name: odd\narms: {{ baseline: {{ file: old }}, canary: {{ file: new }} }}\n\
             sources: {{ data: {{ file: {{ path: \"${{file}}.csv\" }} }} }}\n{metrics}\n"
        ),
    )
    .unwrap();
    for (arguments, wanted) in [
        (vec!["compare", CASE], 15),
        (vec!["compare", "fixtures/cases/checkout-requests-50-checkout-slow"], 3),
        (vec!["compare", folder.path().to_str().unwrap()], 2),
    ] {
        let pictures = folder.path().join("pictures");
        let report = format!("svg={}", pictures.display());
        davy(root(), &[arguments, vec!["--report", &report]].concat());
        let mut found = 0;
        for entry in std::fs::read_dir(&pictures).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut reader = quick_xml::Reader::from_str(&text);
            let (mut depth, mut names) = (0, Vec::new());
            loop {
                match reader.read_event().unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
                    quick_xml::events::Event::Start(tag) => {
                        depth += 1;
                        names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
                    }
                    quick_xml::events::Event::End(_) => depth -= 1,
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
            assert_eq!((depth, names[0].as_str(), names[1].as_str()), (0, "svg", "style"), "{}", path.display());
            assert!(!names.iter().any(|name| name == "script") && !text.contains("var("), "{text}");
            assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""), "{text}");
            found += 1;
        }
        assert!(found >= wanted, "{found} pictures");
        std::fs::remove_dir_all(&pictures).unwrap();
    }
}

#[test]
fn the_page_begins_with_what_it_comes_to() {
    let page = davy(root(), &["compare", CASE, "--format", "html"]);
    for words in [
        "new: p95 54\u{a0}% lower (110 against 240\u{a0}ms), 31.5\u{a0}% fewer errors",
        "class=\"tile better\"",
        "All differences",
        "Metrics over time",
        "How the requests spread",
        "Costs with all of the traffic",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
}

/// Nothing against something has no ratio, and what got worse comes before what got better.
#[test]
fn the_headline_invents_no_ratio_and_hides_nothing_that_is_worse() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |errors: u64, auth: f64, checkout: f64| {
        let row = |minute: u64| {
            let noise = 1.0 + (minute * 7 % 5) as f64 / 100.0;
            format!("2026-03-01T12:{minute:02}:00Z,1000,{errors},{},{}\n", auth * noise, checkout * noise)
        };
        (0..60).map(row).fold("time,requests,errors,auth_p95_ms,checkout_p95_ms\n".to_owned(), |text, row| text + &row)
    };
    std::fs::write(folder.path().join("old.csv"), rows(0, 40.0, 200.0)).unwrap();
    std::fs::write(folder.path().join("new.csv"), rows(3, 20.0, 800.0)).unwrap();
    let comparison = compared(folder.path(), &["old.csv", "new.csv"]);
    let headline = comparison["headline"].as_str().unwrap();
    assert!(
        headline.starts_with("new: checkout_p95 4 times as high (816 against 204 ms), more errors (0.3 against 0 %)"),
        "{headline}"
    );
    let rate = line(metric(&comparison, "errors"), "rate");
    assert!(rate["ratio"]["estimate"].is_null() && rate["ratio"]["low"].as_f64().unwrap() > 10.0, "{rate}");
    let fewer = compared(folder.path(), &["new.csv", "old.csv"]);
    assert_eq!(line(metric(&fewer, "errors"), "rate")["ratio"]["estimate"], 0.0);
    // the second time as well
    for _ in 0..2 {
        davy(folder.path(), &["compare", "old.csv", "new.csv", "--report", "svg=slides", "--report", "html=page.html"]);
    }
    assert!(folder.path().join("slides/changes.svg").exists());
}

/// The numbers of both arms are those of the steps that were compared, so that a headline never names two of different hours.
#[test]
fn numbers_and_differences_are_of_the_same_steps() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |minutes: std::ops::Range<u64>, errors: &dyn Fn(u64) -> (u64, u64)| {
        let row = |minute: u64| {
            let (requests, errors) = errors(minute);
            format!("2026-03-01T12:{minute:02}:00Z,{requests},{}\n", errors + minute % 3)
        };
        minutes.map(row).fold("time,requests,errors\n".to_owned(), |text, row| text + &row)
    };
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    // the baseline burns while the canary is not there
    write("burns.csv", rows(0..60, &|minute| (1_000, if minute < 30 { 90 } else { 9 })));
    write("late.csv", rows(30..60, &|_| (1_000, 19)));
    let comparison = compared(folder.path(), &["burns.csv", "late.csv"]);
    let rate = line(metric(&comparison, "errors"), "rate");
    both(rate, [0.01, 0.02]);
    assert_eq!((&rate["n"]["baseline"], &rate["n"]["canary"]), (&Value::from(30_000), &Value::from(30_000)));
    assert_eq!(comparison["headline"], "late: 2 times as many errors (2 against 1 %)");
    // the traffic moved to the worse half: fewer at any time, and more in all
    write("even.csv", rows(0..60, &|minute| if minute < 30 { (1_000, 9) } else { (200, 9) }));
    write("moved.csv", rows(0..60, &|minute| if minute < 30 { (200, 0) } else { (1_000, 34) }));
    let headline = compared(folder.path(), &["even.csv", "moved.csv"])["headline"].as_str().unwrap().to_owned();
    assert!(headline.ends_with("fewer errors at the same times (3 against 1.67 % in all)"), "{headline}");
    // a ratio is named if its own interval shows one, and a cost has its row
    let costs = davy(root(), &["compare", CASE, "--format", "csv"]);
    assert!(
        costs.lines().any(|line| line.starts_with("cost,,"))
            && costs.lines().any(|line| line.starts_with("cost_now,,"))
    );
}

/// The width and height of a PNG, and how many of its pixels left of a column are as dark as a text.
#[cfg(feature = "png")]
fn drawn(bytes: &[u8], left_of: u32) -> (u32, u32, usize) {
    let picture = resvg::tiny_skia::Pixmap::decode_png(bytes).unwrap();
    let places = (0..picture.height()).flat_map(|y| (0..left_of.min(picture.width())).map(move |x| (x, y)));
    let pixels = places.filter_map(|(x, y)| picture.pixel(x, y));
    let dark = pixels.filter(|pixel| pixel.red() < 140 && pixel.green() < 140 && pixel.blue() < 140).count();
    (picture.width(), picture.height(), dark)
}

#[cfg(feature = "png")]
#[test]
fn a_picture_as_png_is_twice_as_large_and_has_its_text() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 4);
    for report in ["svg=drawn", "png=drawn"] {
        davy(folder.path(), &["compare", "old.csv", "new.csv", "--report", report]);
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("drawn"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let (pixels, drawings): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.ends_with(".png"));
    assert!(pixels.len() >= 3, "{names:?}");
    for (png, svg) in pixels.iter().zip(&drawings) {
        assert_eq!(png.trim_end_matches(".png"), svg.trim_end_matches(".svg"));
        let text = std::fs::read_to_string(folder.path().join("drawn").join(svg)).unwrap();
        let (_, view) = text.split_once("viewBox=\"0 0 ").unwrap();
        let sides: Vec<f64> = view.split_once('"').unwrap().0.split(' ').map(|side| side.parse().unwrap()).collect();
        let bytes = std::fs::read(folder.path().join("drawn").join(png)).unwrap();
        let (wide, high, dark) = drawn(&bytes, 480);
        assert_eq!([wide, high].map(f64::from), [sides[0], sides[1]].map(|side| (side * 2.0).ceil()), "{png}");
        // left of the drawing of all changes stand names alone
        assert!(!png.starts_with("changes") || dark > 300, "{png}: {dark} dark pixels");
    }
    assert!(pixels[0].starts_with("changes"), "{names:?}");
    let again = std::fs::read(folder.path().join("drawn").join(pixels[0])).unwrap();
    davy(folder.path(), &["compare", "old.csv", "new.csv", "--report", "png=drawn"]);
    assert!(std::fs::read(folder.path().join("drawn").join(pixels[0])).unwrap() == again, "the same bytes");
}

#[test]
fn pictures_need_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    for report in ["svg=drawn.svg", "png=drawn.png", "svg=new.csv"] {
        let mut davy = Command::cargo_bin("davy").unwrap();
        let davy = davy.current_dir(folder.path()).args(["compare", "old.csv", "new.csv", "--report", report]);
        let output = davy.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{report}: {said}");
        assert!(said.contains("name a folder for them, such as svg=pictures"), "{report}: {said}");
        assert!(output.stdout.is_empty() && !folder.path().join("drawn.svg").exists());
    }
}

#[cfg(not(feature = "png"))]
#[test]
fn a_build_without_png_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    let mut davy = Command::cargo_bin("davy").unwrap();
    let output = davy
        .current_dir(folder.path())
        .args(["compare", "old.csv", "new.csv", "--report", "png=drawn"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("build with the feature `png`, or write `--report svg=DIR`"), "{said}");
    assert!(output.stdout.is_empty() && !folder.path().join("drawn").exists());
}

#[cfg(feature = "frames")]
#[test]
fn a_parquet_file_has_the_rows_of_the_csv() {
    use polars::prelude::*;
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 4);
    std::fs::copy(folder.path().join("new.csv"), folder.path().join("other.csv")).unwrap();
    let several: [&'static str; 5] = ["old.csv", "--canary", "v2=new.csv", "--canary", "v3=other.csv"];
    let each: [&[&'static str]; 2] = [&["old.csv", "new.csv"], &several];
    for arguments in each {
        let of = |more: &[&'static str]| -> Vec<&str> { [&["compare"], arguments, more].concat() };
        let csv = davy(folder.path(), &of(&["--format", "csv"]));
        davy(folder.path(), &of(&["--report", "parquet=rows.parquet"]));
        let bytes = std::fs::read(folder.path().join("rows.parquet")).unwrap();
        let mut piped = Command::cargo_bin("davy").unwrap();
        let piped = piped.current_dir(folder.path()).args(of(&["--format", "parquet"])).output().unwrap();
        assert!(piped.status.success() && piped.stdout == bytes, "a pipe gets the same bytes");
        let frame = ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap();
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let heading: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
        let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
        assert_eq!(names, heading);
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!(frame.height(), rows.len());
        assert!(rows.len() >= 3, "{csv}");
        for (at, row) in rows.iter().enumerate() {
            for (column, cell) in heading.iter().zip(row) {
                let own = frame.column(column).unwrap().get(at).unwrap();
                let same = match &own {
                    AnyValue::Null => cell.is_empty(),
                    AnyValue::Float64(number) => cell.parse::<f64>() == Ok(*number),
                    AnyValue::UInt64(count) => cell.parse::<u64>() == Ok(*count),
                    text => text.get_str() == Some(cell),
                };
                assert!(same, "{column}: {own:?} against {cell:?}");
            }
        }
        for (column, kind) in [("low", DataType::Float64), ("n_canary", DataType::UInt64), ("shown", DataType::String)]
        {
            assert_eq!(frame.column(column).unwrap().dtype(), &kind);
        }
    }
}

#[cfg(not(feature = "frames"))]
#[test]
fn a_build_without_parquet_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    two_files(folder.path(), 1);
    for asked in [["--format", "parquet"], ["--report", "parquet=rows.parquet"]] {
        let mut davy = Command::cargo_bin("davy").unwrap();
        let output =
            davy.current_dir(folder.path()).args(["compare", "old.csv", "new.csv"]).args(asked).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("build with the feature `frames`, or write `--format csv`"), "{said}");
        assert!(output.stdout.is_empty() && !folder.path().join("rows.parquet").exists());
    }
}
