//! Bases in which each row is a request: logs in five formats, judged as logs or, where a configuration says so, as values.

use super::bases::{Base, Fault, File, MINUTES, Way, Whose};
use super::tables::{Form, Table};
use crate::soaks::noise::Noise;

/// A log's format: how rows are written, and what its columns are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    Combined,
    Alb,
    Ndjson,
    Jtl,
    K6,
    Csv,
}

pub const LOGS: [Log; 6] = [Log::Combined, Log::Alb, Log::Ndjson, Log::Jtl, Log::K6, Log::Csv];
const START_MS: i64 = 1_772_366_400_000;
const REQUESTS: usize = 1_200;

impl Log {
    fn form(self) -> Form {
        match self {
            Log::Combined => Form::Combined,
            Log::Alb => Form::Alb,
            Log::Ndjson => Form::Ndjson,
            Log::Jtl | Log::K6 | Log::Csv => Form::Csv,
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Log::Combined | Log::Alb => &["time", "status", "seconds"],
            Log::Ndjson => &["time", "status", "duration_ms", "path"],
            Log::Jtl => &["timeStamp", "elapsed", "label", "responseCode", "success"],
            Log::K6 => {
                &["metric_name", "timestamp", "metric_value", "expected_response", "method", "name", "status", "url"]
            }
            Log::Csv => &["time", "status", "latency_ms", "path"],
        }
    }

    fn row(self, ms: i64, status: u16, took: f64) -> Vec<String> {
        let time = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
        let (status, good) = (status.to_string(), status < 500);
        let words = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let (milli, seconds) = (format!("{took:.1}"), format!("{:.3}", took / 1_000.0));
        match self {
            Log::Combined | Log::Alb => words(&[&ms.to_string(), &status, &seconds]),
            Log::Ndjson | Log::Csv => words(&[&time, &status, &milli, "/cart"]),
            Log::Jtl => words(&[&ms.to_string(), &format!("{took:.0}"), "cart", &status, &good.to_string()]),
            Log::K6 => {
                let (seconds, good) = ((ms / 1_000).to_string(), good.to_string());
                words(&[
                    "http_req_duration",
                    &seconds,
                    &milli,
                    &good,
                    "GET",
                    "cart",
                    &status,
                    "http://shop.example/cart",
                ])
            }
        }
    }
}

/// Two logs, or one with a column for the arm.
pub fn log(log: Log, fault: Option<Fault>, layout: usize, gz: bool, seed: u64) -> Base {
    let form = log.form();
    let [baseline, canary] = [(0, None), (1, fault)].map(|(arm, fault)| {
        let mut noise = Noise::of(seed, &format!("{log:?}"), &format!("{fault:?}"), arm);
        let row = |i: usize| {
            let at = (i * MINUTES) as f64 / REQUESTS as f64;
            let worse = fault.filter(|f| at >= f.since * MINUTES as f64).map_or(1.0, |fault| fault.factor);
            let slower = if fault.is_some_and(|fault| fault.one) { 1.0 } else { worse.min(4.0) };
            let status = if noise.happens((0.01 * worse).min(0.6)) { 503 } else { 200 };
            let took = 100.0 * slower * (0.4 * noise.normal()).exp();
            log.row(START_MS + (i as i64 * 60_000 * MINUTES as i64) / REQUESTS as i64, status, took)
        };
        let columns = log.columns().iter().map(|name| (*name).to_owned()).collect();
        Table { columns, rows: (0..REQUESTS).map(row).collect() }
    });
    let extension = form.extension().to_owned() + if gz { ".gz" } else { "" };
    let file = |name: &str, whose: Whose, table: Table| File {
        name: format!("{name}-log.{extension}"),
        form,
        gz,
        whose,
        table,
        bytes: None,
    };
    let together = layout == 1 && matches!(log, Log::Ndjson | Log::Csv);
    let files = if together {
        let column = baseline.columns.len();
        let with = |table: &Table, arm: &str| {
            let mut rows = table.rows.clone();
            rows.iter_mut().for_each(|row| row.push(arm.into()));
            rows
        };
        let rows = with(&baseline, "baseline").into_iter().zip(with(&canary, "canary"));
        let mut columns = baseline.columns.clone();
        columns.push("arm".into());
        let table = Table { columns, rows: rows.flat_map(|(b, c)| [b, c]).collect() };
        let whose = Whose::Both { column, baseline: "baseline".into(), canary: "canary".into() };
        vec![file("both", whose, table)]
    } else {
        vec![file("baseline", Whose::Baseline, baseline), file("canary", Whose::Canary, canary)]
    };
    let way = match layout {
        0 | 1 if together => Way::Data,
        0 | 1 => Way::Two,
        _ => Way::Config(config(log, &extension, layout)),
    };
    let name = format!(
        "log {log:?}{}, {}, {}, data {seed}",
        if gz { " gz" } else { "" },
        match &way {
            Way::Two => "two",
            Way::Data => "data",
            Way::Config(_) => ["", "", "config", "config, window", "config, values"][layout],
        },
        fault.map_or("healthy".into(), |f| format!(
            "x{} since {}{}",
            f.factor,
            f.since,
            if f.one { ", errors" } else { "" }
        )),
    );
    let broken_since = fault.map(|fault| (fault.since * MINUTES as f64) as usize);
    Base { name, way, files, window: layout == 3, broken_since, requests: true }
}

pub const LAYOUTS: usize = 5;

/// As logs, with and without a window; and where a file source reads the rows, as values of one column.
fn config(log: Log, extension: &str, layout: usize) -> String {
    let window = match layout {
        3 => "window: { from: 2026-03-01T12:00:00Z, to: 2026-03-01T13:00:00Z, step: 1m }\n",
        _ => "",
    };
    let values = match log {
        Log::Ndjson => Some("duration_ms"),
        Log::Csv => Some("latency_ms"),
        _ => None,
    };
    let latency = "  - { metric: latency, statistic: p50, pass: \"<= baseline + 20%\" }\n  - { metric: latency, statistic: p95, pass: \"<= 350ms\" }\n";
    if let (4, Some(column)) = (layout, values) {
        return format!(
            "name: mutated\n{window}sources: {{ log: {{ file: {{ path: \"${{arm}}-log.{extension}\" }} }} }}\n\
             metrics:\n  latency: {{ values: {{ value: {column}, unit: ms }} }}\ncriteria:\n{latency}"
        );
    }
    let errors = "  - { metric: errors, pass: \"<= baseline + 20%\" }\n";
    format!(
        "name: mutated\n{window}sources: {{ log: {{ requests: {{ path: \"${{arm}}-log.{extension}\" }} }} }}\n\
         metrics:\n  errors: {{ rate: {{ bad: errors, total: requests }} }}\n  latency: {{ values: {{ value: latency, unit: ms }} }}\n\
         criteria:\n{errors}{latency}"
    )
}
