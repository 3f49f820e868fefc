//! What is mutated: pairs of arms with the way of asking davy about them.
//!
//! A base is a comparison in files: generated here in every format, layout and way of calling, or a case of `fixtures/cases`
//! ([`super::fixtures`]). Its canary is healthy or broken: by how much, since when, and in which column is part of its name.

use std::fs;
use std::path::Path;

use super::tables::{Form, Table};
use crate::soaks::noise::Noise;

/// Which rows of a file are the canary's.
#[derive(Clone, Debug, PartialEq)]
pub enum Whose {
    Baseline,
    Canary,
    /// A column says it.
    Both {
        column: usize,
        baseline: String,
        canary: String,
    },
}

/// One file of a base.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub form: Form,
    pub gz: bool,
    pub whose: Whose,
    pub table: Table,
    /// The bytes instead of the table, after a mutation of bytes.
    pub bytes: Option<Vec<u8>>,
}

/// How davy is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// `davy judge canary.yaml`
    Config(String),
    /// `davy judge --baseline FIRST --canary SECOND`
    Two,
    /// `davy judge --data FIRST`
    Data,
}

/// Which way a column gets worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse, and it may be any number.
    More,
    /// More is worse, and it is part of the column named "requests" (or a recording's `total`).
    MoreOfTotal,
    /// Fewer are worse: what is taken away goes to the column of misses.
    Fewer,
    Neither,
}

#[derive(Clone, Debug)]
pub struct Base {
    pub name: String,
    pub way: Way,
    pub files: Vec<File>,
    /// Whether the window is written, so that a file that ends early is known to.
    pub window: bool,
    /// The first canary step that is broken, of how many, where the canary was broken on purpose.
    pub broken_since: Option<usize>,
    /// Whether rows are requests.
    pub requests: bool,
}

impl File {
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone().unwrap_or_else(|| self.table.write(self.form, self.gz))
    }

    /// The rows of one arm.
    pub fn rows_of(&self, canary: bool) -> Vec<usize> {
        let own = |row: &Vec<String>| match &self.whose {
            Whose::Baseline => !canary,
            Whose::Canary => canary,
            Whose::Both { column, baseline, canary: name } => {
                row[*column] == if canary { name } else { baseline }.as_str()
            }
        };
        (0..self.table.rows.len()).filter(|i| own(&self.table.rows[*i])).collect()
    }

    /// The columns of numbers: all but the time and the arm.
    pub fn numbers(&self) -> Vec<usize> {
        let arm = if let Whose::Both { column, .. } = &self.whose { Some(*column) } else { None };
        (1..self.table.columns.len()).filter(|i| Some(*i) != arm).collect()
    }
}

impl Base {
    pub fn write(&self, folder: &Path) {
        for file in &self.files {
            let path = folder.join(&file.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.bytes()).unwrap();
        }
        if let Way::Config(text) = &self.way {
            fs::write(folder.join("canary.yaml"), text).unwrap();
        }
    }

    /// The arguments of `davy judge`.
    pub fn arguments(&self) -> Vec<String> {
        let words: Vec<&str> = match &self.way {
            Way::Config(_) => vec!["canary.yaml"],
            Way::Two => vec!["--baseline", &self.files[0].name, "--canary", &self.files[1].name],
            Way::Data => vec!["--data", &self.files[0].name],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// The files that have rows of an arm.
    pub fn files_of(&self, canary: bool) -> Vec<usize> {
        (0..self.files.len()).filter(|i| !self.files[*i].rows_of(canary).is_empty()).collect()
    }
}

pub fn worse(column: &str) -> Worse {
    match column.to_lowercase().as_str() {
        "errors" | "bad" | "5xxerror" | "cloudfront_5xx" | "sessions_failed" => Worse::MoreOfTotal,
        "hits" | "cache_hits" => Worse::Fewer,
        name if ["ms", "p50", "p95", "p99", "memory", "cpu", "value", "seconds", "elapsed", "latency", "duration"]
            .iter()
            .any(|part| name.contains(part)) =>
        {
            Worse::More
        }
        _ => Worse::Neither,
    }
}

// --- generated comparisons -------------------------------------------------------------------------------------------

pub const MINUTES: usize = 60;
const START: i64 = 1_772_366_400;

/// What a table measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Counts,
    Percentiles,
    Mixed,
    Cache,
    Gauges,
}

pub const CONTENTS: [Content; 5] =
    [Content::Counts, Content::Percentiles, Content::Mixed, Content::Cache, Content::Gauges];

/// How a canary is broken: the factor on what gets worse, and since which share of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    pub factor: f64,
    pub since: f64,
    /// Only the first column that can get worse, rather than all.
    pub one: bool,
}

pub const FAULTS: [Fault; 7] = [
    Fault { factor: 8.0, since: 0.0, one: false },
    Fault { factor: 8.0, since: 0.5, one: false },
    Fault { factor: 8.0, since: 0.75, one: false },
    Fault { factor: 8.0, since: 0.0, one: true },
    Fault { factor: 2.0, since: 0.0, one: false },
    Fault { factor: 2.0, since: 0.5, one: true },
    Fault { factor: 40.0, since: 0.75, one: true },
];

impl Content {
    fn columns(self) -> &'static [&'static str] {
        match self {
            Content::Counts => &["requests", "errors"],
            Content::Percentiles => &["requests", "p50_ms", "p95_ms", "p99_ms"],
            Content::Mixed => &["requests", "errors", "p95_ms", "memory_mb"],
            Content::Cache => &["hits", "misses"],
            Content::Gauges => &["cpu_percent", "memory_mib"],
        }
    }

    /// Metrics and criteria of each kind, as YAML.
    fn rules(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Content::Counts => (
                "  errors: { rate: { bad: errors, total: requests } }\n  failures: { events: { count: errors } }\n",
                &[
                    r#"{ metric: errors, pass: "<= baseline + max(50%, 0.1pp)" }"#,
                    r#"{ metric: errors, pass: "<= 1%" }"#,
                    r#"{ metric: errors, pass: "<= 2%", periods: 3 of 5 }"#,
                    r#"{ metric: failures, pass: "<= baseline + 60%" }"#,
                ],
            ),
            Content::Percentiles => (
                "  p50: { gauge: { value: p50_ms, unit: ms, quantile: p50, requests: requests } }\n  \
                 p95: { gauge: { value: p95_ms, unit: ms, quantile: p95, requests: requests } }\n  \
                 p99: { gauge: { value: p99_ms, unit: ms, quantile: p99 } }\n",
                &[
                    r#"{ metric: p50, pass: "<= baseline + 10%" }"#,
                    r#"{ metric: p95, pass: "<= 300ms" }"#,
                    r#"{ metric: p99, statistic: max, pass: "<= 1s" }"#,
                ],
            ),
            Content::Mixed => (
                "  errors: { rate: { bad: errors, total: requests } }\n  \
                 p95: { gauge: { value: p95_ms, unit: ms, quantile: p95, requests: requests } }\n  \
                 memory: { gauge: { value: memory_mb, unit: MB } }\n",
                &[
                    r#"{ metric: errors, pass: "<= baseline + max(25%, 0.1pp)", severity: critical }"#,
                    r#"{ metric: p95, pass: "<= baseline + 10%" }"#,
                    r#"{ metric: memory, pass: "<= baseline + 20%" }"#,
                    r#"{ metric: errors, pass: "<= 2%", rule: observed }"#,
                ],
            ),
            Content::Cache => (
                "  hits: { rate: { good: hits, bad: misses, of: lookups } }\n",
                &[r#"{ metric: hits, pass: ">= baseline - 2pp" }"#, r#"{ metric: hits, pass: ">= 80%" }"#],
            ),
            Content::Gauges => (
                "  cpu: { gauge: { value: cpu_percent, unit: \"%\" } }\n  memory: { gauge: { value: memory_mib, unit: MiB } }\n",
                &[r#"{ metric: cpu, pass: "<= baseline + 5pp" }"#, r#"{ metric: memory, pass: "<= baseline + 10%" }"#],
            ),
        }
    }

    fn row(self, noise: &mut Noise, minute: usize, worse: impl Fn(usize) -> f64) -> Vec<String> {
        let mut next = |level: f64, spread: f64| level * (1.0 + spread * noise.normal()).max(0.2);
        let requests = next(1000.0, 0.05) as u64;
        let one = |value: f64| format!("{value:.2}");
        let time = jiff::Timestamp::from_second(START + 60 * minute as i64).unwrap().to_string();
        let mut cells = match self {
            Content::Counts => vec![requests.to_string(), errors(noise, requests, 0.004 * worse(0))],
            Content::Percentiles => {
                let [p50, p95, p99] =
                    [(40.0, 0), (200.0, 1), (400.0, 2)].map(|(level, i)| next(level, 0.05) * worse(i));
                vec![requests.to_string(), one(p50), one(p95), one(p99)]
            }
            Content::Mixed => {
                let (p95, memory) = (next(200.0, 0.05) * worse(1), next(512.0, 0.02) * worse(2));
                vec![requests.to_string(), errors(noise, requests, 0.004 * worse(0)), one(p95), one(memory)]
            }
            Content::Cache => {
                let misses = noise.binomial(requests, (0.1 * worse(0)).min(0.95));
                vec![(requests - misses).to_string(), misses.to_string()]
            }
            Content::Gauges => {
                let cpu = (next(8.0, 0.05) * worse(0)).min(99.0);
                vec![one(cpu), one(next(512.0, 0.02) * worse(1))]
            }
        };
        cells.insert(0, time);
        cells
    }
}

fn errors(noise: &mut Noise, requests: u64, share: f64) -> String {
    noise.binomial(requests, share.min(0.9)).to_string()
}

/// The tables of both arms.
fn arms(content: Content, fault: Option<Fault>, seed: u64) -> [Table; 2] {
    [(0, None), (1, fault)].map(|(arm, fault)| {
        let mut noise = Noise::of(seed, &format!("{content:?}"), &format!("{fault:?}"), arm);
        let row = |minute: usize| {
            let broken = fault.filter(|fault| minute as f64 >= fault.since * MINUTES as f64);
            let worse = |i: usize| broken.filter(|fault| i == 0 || !fault.one).map_or(1.0, |fault| fault.factor);
            content.row(&mut noise, minute, worse)
        };
        let columns = ["time"].iter().chain(content.columns()).map(|name| (*name).to_owned());
        Table { columns: columns.collect(), rows: (0..MINUTES).map(row).collect() }
    })
}

/// A generated comparison of tables.
pub fn table(content: Content, fault: Option<Fault>, form: Form, gz: bool, layout: usize, seed: u64) -> Base {
    let [baseline, canary] = arms(content, fault, seed);
    let together = layout % 2 == 1;
    let extension = form.extension().to_owned() + if gz { ".gz" } else { "" };
    let file = |name: &str, whose: Whose, table: Table| File {
        name: format!("{name}.{extension}"),
        form,
        gz,
        whose,
        table,
        bytes: None,
    };
    let files = if together {
        let whose = Whose::Both { column: 1, baseline: "baseline".into(), canary: "canary".into() };
        vec![file("both", whose, joined(&baseline, &canary))]
    } else {
        vec![file("baseline", Whose::Baseline, baseline), file("canary", Whose::Canary, canary)]
    };
    let (way, window) = match layout {
        0 => (Way::Two, false),
        1 => (Way::Data, false),
        _ => (Way::Config(config(content, form, &extension, together, layout >= 4)), layout >= 4),
    };
    let broken_since = fault.map(|fault| (fault.since * MINUTES as f64) as usize);
    let layout = ["two", "data", "config two", "config data", "config two, window", "config data, window"][layout];
    let packed = if gz { " gz" } else { "" };
    let fault = fault.map_or("healthy".to_owned(), |f| {
        format!("x{} since {}{}", f.factor, f.since, if f.one { ", one column" } else { "" })
    });
    let name = format!("{content:?} {form:?}{packed}, {layout}, {fault}, data {seed}");
    Base { name, way, files, window, broken_since, requests: false }
}

pub const LAYOUTS: usize = 6;

fn joined(baseline: &Table, canary: &Table) -> Table {
    let mut columns = baseline.columns.clone();
    columns.insert(1, "arm".into());
    let with = |row: &Vec<String>, arm: &str| {
        let mut row = row.clone();
        row.insert(1, arm.into());
        row
    };
    let rows = baseline.rows.iter().zip(&canary.rows).flat_map(|(b, c)| [with(b, "baseline"), with(c, "canary")]);
    Table { rows: rows.collect(), columns }
}

fn config(content: Content, form: Form, extension: &str, together: bool, window: bool) -> String {
    let (metrics, criteria) = content.rules();
    let path = if together { format!("both.{extension}") } else { format!("${{arm}}.{extension}") };
    let arm = if together { ", arm: { column: arm, baseline: baseline, canary: canary }" } else { "" };
    let long = if form == Form::Long { ", long: { name: metric, value: value }" } else { "" };
    let window = match window {
        true => "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\n",
        false => "",
    };
    let criteria: String = criteria.iter().map(|criterion| format!("  - {criterion}\n")).collect();
    format!(
        "name: mutated\n{window}sources: {{ data: {{ file: {{ path: \"{path}\"{arm}{long} }} }} }}\nmetrics:\n{metrics}criteria:\n{criteria}"
    )
}
