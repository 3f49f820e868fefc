//! A shop of AWS services with 26 injected faults, and two days without.
//!
//! Every fault was injected twice (the same command), about ten minutes each, measured per five minutes. A row
//! belongs to the fault when most of it lies after the injection, and it is the first or second such row; a row is
//! healthy when it ends before the injection. The two injections of a command are pooled: four fault rows against
//! the four healthy rows nearest in time, on a common grid of four steps that is *made up*: the rows are laid one
//! after the other in the order of time. What is compared is real, that they follow each other is not.
//!
//! Four steps are few. Counts of errors carry the verdict; a percentile per step cannot show much in four steps by
//! an interval, which is what the alarm rule beside it is for.

pub mod gate;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use davy::judge::verdict::Outcome::{self, Fail, Inconclusive};

use super::table::{Answers, Judged, Truth};
use super::{Tally, against_the_one_before, csv, finding, judge, shared};

const STEP: i64 = 300;

/// The measurements of all services, by the start of the period.
struct Sheet(BTreeMap<i64, BTreeMap<String, f64>>);

impl Sheet {
    /// Four header lines: service, metric, statistic, and the name of the time column.
    fn read(path: &Path) -> Sheet {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let column = |i: usize| format!("{} {} {}", lines[0][i], lines[1][i], lines[2][i]);
        let rows = lines[4..].iter().map(|line| {
            let cells = (1..line.len()).filter(|i| !line[*i].is_empty());
            (line[0].parse::<f64>().unwrap() as i64, cells.map(|i| (column(i), line[i].parse().unwrap())).collect())
        });
        Sheet(rows.collect())
    }

    /// Requests, errors, and seconds of p50, p95 and p99 of a service in one period.
    fn row(&self, time: i64, service: &str) -> Vec<f64> {
        let cell = |metric: &str| self.0[&time][&format!("{service} {metric}")];
        let requests = cell("requests Sum");
        let errors = requests * (100.0 - cell("availability Average")) / 100.0;
        assert!((errors - errors.round()).abs() < 1e-9, "{service} at {time}: {errors} errors");
        let latency = ["p50", "p95", "p99"].map(|q| cell(&format!("latency {q}")));
        [&[requests, errors.round()][..], &latency].concat()
    }

    /// The rows of a service in a span of time.
    fn csv(&self, service: &str, span: Range<i64>) -> String {
        csv(COLUMNS, self.0.range(span).map(|(time, _)| (*time, self.row(*time, service))))
    }
}

const COLUMNS: &str = "requests,errors,p50,p95,p99";

/// One injected fault.
struct Issue {
    command: String,
    injected: i64,
    symptom: String,
    service: String,
    /// The service it was injected into.
    cause: String,
    sheet: Sheet,
}

impl Issue {
    fn read(folder: &Path) -> Issue {
        let text = std::fs::read_to_string(folder.join("target.json")).unwrap();
        let target: serde_json::Value = serde_json::from_str(&text).unwrap();
        let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        Issue {
            command: word(&target["metadata"]["reproducibility"]["command"]),
            injected: target["target"]["timestamp"].as_i64().unwrap(),
            symptom: word(&target["target"]["metric"]),
            service: word(&target["target"]["node"]),
            cause: word(&target["root_cause"]["node"]),
            sheet: Sheet::read(&folder.join("metrics.csv")),
        }
    }

    fn rows(&self, wanted: impl Fn(i64) -> bool) -> Vec<(i64, Vec<f64>)> {
        let times = self.sheet.0.keys().filter(|time| wanted(**time));
        times.map(|time| (*time, self.sheet.row(*time, &self.service))).collect()
    }

    fn healthy(&self) -> Vec<(i64, Vec<f64>)> {
        self.rows(|time| time + STEP <= self.injected)
    }

    fn during(&self) -> Vec<(i64, Vec<f64>)> {
        let mut rows = self.rows(|time| time + STEP / 2 > self.injected);
        rows.truncate(2);
        rows
    }

    /// The command in a few words.
    fn short(&self) -> String {
        let command = self.command.replace("aws ssm put-parameter --name '/petstore/", "").replace("' --value '", " ");
        let command = command.replace("sed -E -i 's/sleep\\(([0-9]+)/sleep(", "lambda sleep ");
        let command = command.replace("sed -E -i 's/inject = false/inject = ", "lambda errors ");
        command.split(['\'', '/']).next().unwrap().replace("python -m ", "").chars().take(40).collect()
    }
}

/// The injected faults, the two of one command together, in the order of time.
fn faults(root: &Path) -> Vec<[Issue; 2]> {
    let folders = ["train", "test"].map(|part| std::fs::read_dir(root.join("high_traffic").join(part)).unwrap());
    let folders = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut pooled: BTreeMap<String, Vec<Issue>> = BTreeMap::new();
    for issue in folders.map(|folder| Issue::read(&folder)) {
        pooled.entry(issue.command.clone()).or_default().push(issue);
    }
    let mut faults: Vec<[Issue; 2]> =
        pooled.into_values().map(|issues| issues.try_into().ok().expect("each command was injected twice")).collect();
    faults.iter_mut().for_each(|two| two.sort_by_key(|issue| issue.injected));
    faults.sort_by_key(|two| two[0].injected);
    faults
}

/// Rows one after the other on a grid of their own.
fn in_a_row(rows: impl IntoIterator<Item = Vec<f64>>) -> String {
    csv(COLUMNS, rows.into_iter().enumerate().map(|(i, row)| (1_681_300_800 + i as i64 * STEP, row)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// `known` is the design effect of the service's errors, where its history was looked at.
fn metrics(known: Option<f64>) -> String {
    let history = known.map_or(String::new(), |phi| format!(", history: {{ phi: {phi:.2}, nu: 30 }}"));
    let mut text =
        format!("metrics:\n  errors: {{ source: data, rate: {{ bad: errors, total: requests }}{history} }}\n");
    for q in ["p50", "p95", "p99"] {
        let gauge = format!("value: {q}, unit: s, quantile: {q}, requests: requests");
        writeln!(text, "  latency_{q}: {{ source: data, gauge: {{ {gauge} }} }}").unwrap();
    }
    text
}

fn fault_config(slow: f64, known: Option<f64>) -> String {
    format!(
        "name: fault\nwindow: {{ step: 5m }}\nsources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n{}\
         criteria:\n  - {{ name: errors, metric: errors, pass: \"<= baseline + max(50%, 0.1pp)\" }}\n  \
         - {{ name: alarm, metric: latency_p95, pass: \"<= {slow:.4}s\", periods: 2 of 4 }}\n  \
         - {{ name: margin, metric: latency_p95, pass: \"<= baseline + 20%\" }}\npolicy: {{ min_steps: 4 }}\n",
        metrics(known)
    )
}

/// How much more the errors per step vary than independent requests would make them (Pearson's statistic).
fn dispersion(sheet: &Sheet, service: &str) -> f64 {
    let rows: Vec<Vec<f64>> = sheet.0.keys().map(|time| sheet.row(*time, service)).collect();
    let (all, bad) = rows.iter().fold((0.0, 0.0), |(all, bad), row| (all + row[0], bad + row[1]));
    let share = bad / all;
    let squares = rows.iter().map(|row| (row[1] - share * row[0]).powi(2) / (share * (1.0 - share) * row[0]));
    squares.sum::<f64>() / (rows.len() as f64 - 1.0)
}

/// The pooled rows of a fault and the healthy ones beside it, as the files of both arms.
fn write_arms(folder: &Path, two: &[Issue; 2], healthy: &[(i64, Vec<f64>)]) {
    let during = two.iter().flat_map(Issue::during).map(|(_, row)| row);
    let before = two.iter().flat_map(|issue| {
        let mut nearest = healthy.to_vec();
        nearest.sort_by_key(|(time, _)| (time - issue.injected).abs());
        nearest.truncate(2);
        nearest.sort_by_key(|(time, _)| *time);
        nearest.into_iter().map(|(_, row)| row)
    });
    std::fs::write(folder.join("canary.csv"), in_a_row(during)).unwrap();
    std::fs::write(folder.join("baseline.csv"), in_a_row(before)).unwrap();
}

/// What a pipeline would see.
fn exit_code(folder: &Path, yaml: &str) -> i32 {
    std::fs::write(folder.join("canary.yaml"), yaml).unwrap();
    let davy = assert_cmd::cargo::cargo_bin("davy");
    std::process::Command::new(davy).arg("judge").arg(folder).output().unwrap().status.code().unwrap()
}

/// Judges every fault on the criterion of its symptom; those that are not failed.
fn missed(faults: &[[Issue; 2]], healthy: &[(i64, Vec<f64>)], yaml: &str) -> Vec<String> {
    let mut missed = Vec::new();
    for two in faults {
        let folder = tempfile::tempdir().unwrap();
        write_arms(folder.path(), two, healthy);
        let verdict = judge(folder.path(), yaml).unwrap();
        assert_eq!(exit_code(folder.path(), yaml), if verdict.outcome == Fail { 10 } else { 11 });
        let [errors, alarm, margin] = ["errors", "alarm", "margin"].map(|name| finding(&verdict, name).outcome);
        let (bad, by) = (finding(&verdict, "errors").evidence.bad.unwrap(), two[0].short());
        let symptom = &two[0].symptom;
        let answers = format!("errors {errors:?} ({} -> {}), alarm {alarm:?}", bad.baseline, bad.canary);
        println!("{by:40} {symptom:12} {answers}, margin {margin:?}: {:?}", verdict.outcome);
        let seen = if symptom == "availability" { errors } else { alarm };
        if seen == Fail {
            assert_eq!(verdict.outcome, Fail, "{by}");
        } else {
            assert_eq!((seen, verdict.outcome), (Inconclusive, Inconclusive), "{by}: an injected fault never passes");
            missed.push(by);
        }
    }
    missed
}

/// Two healthy days have a design effect of four, which is more than the judge assumes where it knows nothing: knowing it
/// keeps one more fault open.
#[test]
fn four_is_what_the_design_effect_is() {
    let Some(root) = shared("petshop") else { return };
    let faults = faults(&root);
    let healthy: Vec<(i64, Vec<f64>)> = faults.iter().flatten().flat_map(Issue::healthy).collect();
    let slow = 1.5 * median(healthy.iter().map(|(_, row)| row[3]).collect());
    let phi = dispersion(&Sheet::read(&root.join("high_traffic/noissue/metrics.csv")), "PetSite");
    println!("the design effect of two healthy days is {phi:.2}");
    assert!((3.5..4.5).contains(&phi), "{phi}");
    let known = missed(&faults, &healthy, &fault_config(slow, Some(phi)));
    assert_eq!(known, [gate::MISSED[0], "petlisterrorpercent 5"]);
}

/// The services that are judged without a fault: the front door and the busiest four others.
const SERVICES: [&str; 5] = [
    "PetSite",
    "petInfo_AWS::DynamoDB::Table",
    "PetSearch_AWS::ECS::Fargate",
    "SimpleSystemsManagement_AWS::SimpleSystemsManagement",
    "adoptions@services-database.us-west-2.rds.amazonaws.com_Database::SQL",
];

/// Criteria as one writes them, then the same latencies without any margin.
const CRITERIA: [(&str, &str, &str); 7] = [
    ("errors + max(50%, 0.1pp)", "errors", "<= baseline + max(50%, 0.1pp)"),
    ("p50 + 10%", "latency_p50", "<= baseline + 10%"),
    ("p95 + 10%", "latency_p95", "<= baseline + 10%"),
    ("p99 + 10%", "latency_p99", "<= baseline + 10%"),
    ("p50 + 0%", "latency_p50", "<= baseline + 0%"),
    ("p95 + 0%", "latency_p95", "<= baseline + 0%"),
    ("p99 + 0%", "latency_p99", "<= baseline + 0%"),
];

/// One family: these criteria ask nearly the same of the same numbers.
fn quiet_config(path: &str) -> String {
    let mut yaml =
        format!("name: quiet\nsources: {{ data: {{ file: {{ path: {path} }} }} }}\n{}criteria:\n", metrics(None));
    for (name, metric, pass) in CRITERIA {
        writeln!(yaml, "  - {{ name: \"{name}\", metric: {metric}, pass: \"{pass}\", family: one }}").unwrap();
    }
    yaml
}

/// Healthy hours against those before, all criteria of one family.
fn healthy_hours(sheet: &Sheet) -> [Answers; 2] {
    let first = *sheet.0.keys().next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data: PathBuf = folder.path().join("data.csv");
    let answers = [(1, "an hour"), (2, "two hours")].map(|(hours, said)| {
        let pairs = format!("{said} against as long before, the five busiest services");
        let mut answers = Answers::new(Truth::Level, "every criterion by itself", &pairs, "once");
        for service in SERVICES {
            for window in 0..49 / hours - 1 {
                let (start, length) = (first + window * hours * 3600, hours * 3600);
                std::fs::write(&data, sheet.csv(service, start..start + 2 * length)).unwrap();
                let when = against_the_one_before(start, length);
                let verdict = judge(folder.path(), &(quiet_config("data.csv") + &when)).unwrap();
                answers.add(&Judged::at_looks([verdict]));
            }
        }
        answers
    });
    let mut without_margin = Tally::default();
    for (answers, (name, ..)) in answers.iter().flat_map(|answers| CRITERIA.iter().map(move |c| (answers, c))) {
        let tally = answers.of(name);
        if name.ends_with("+ 0%") {
            without_margin = without_margin.and(&tally);
        } else {
            assert!(tally.share(Fail) <= 0.05, "{name}: {}", tally.told());
        }
    }
    // Without a margin healthy windows stand on the limit itself, and the level is what they are promised, both
    // ways. Drift is in there: of the canary windows that fail many begin between 10:00 and 12:00, which a baseline of
    // the day before would have cancelled.
    for by_chance in [Outcome::Fail, Outcome::Pass] {
        assert!(without_margin.share(by_chance) <= 0.05, "{}", without_margin.told());
    }
    answers
}
