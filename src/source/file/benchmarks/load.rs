//! What load generators of databases print of a whole run: averages and percentiles, each one number of the run.
//!
//! They cannot be taken apart again, so that only several runs tell how much they vary. What failed is told as trouble.

use super::results::{Results, milliseconds};

/// `redis-benchmark --csv`: `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",…` and a row for each command.
pub(super) fn redis(text: &str) -> Results {
    let mut results = Results::default();
    let cells =
        |line: &str| -> Vec<String> { line.split("\",\"").map(|cell| cell.trim_matches('"').to_owned()).collect() };
    let mut lines = text.lines().map(str::trim).filter(|line| line.starts_with('"')).map(cells);
    let names = lines.next().unwrap_or_default();
    for row in lines {
        let Some(test) = row.first() else { continue };
        for (name, cell) in names.iter().zip(&row) {
            let Some(statistic) = name.strip_suffix("_latency_ms").filter(|name| !matches!(*name, "min" | "max"))
            else {
                continue;
            };
            let value: Option<f64> = cell.parse().ok();
            results.time(&format!("{test} {statistic}"), 0, value);
        }
    }
    results
}

/// YCSB: `[READ], 95thPercentileLatency(us), 22735`. The numbers of operations by their milliseconds are passed over.
pub(super) fn ycsb(text: &str) -> Results {
    let mut results = Results::default();
    for line in text.lines() {
        let mut parts = line.split(',').map(str::trim);
        let (Some(operation), Some(what), Some(value), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let Some(operation) = operation.strip_prefix('[').and_then(|operation| operation.strip_suffix(']')) else {
            continue;
        };
        let Ok(value) = value.parse::<f64>() else { continue };
        if operation.ends_with("-FAILED") && what == "Operations" && value > 0.0 {
            let operation = operation.trim_end_matches("-FAILED");
            results.trouble.push(format!("{value} operations {operation} failed"));
        }
        let failed = what.strip_prefix("Return=").filter(|code| !matches!(*code, "OK" | "0"));
        if let Some(code) = failed.filter(|_| value > 0.0) {
            results.trouble.push(format!("{value} operations {operation} returned {code}"));
        }
        let latency = what.strip_suffix(')').and_then(|what| what.split_once("Latency("));
        let Some((statistic, unit)) = latency.filter(|(name, _)| !matches!(*name, "Min" | "Max")) else { continue };
        let Some(unit) = milliseconds(unit).filter(|_| !operation.ends_with("-FAILED")) else { continue };
        let statistic = statistic.strip_suffix("Percentile").unwrap_or(statistic);
        results.time(&format!("{operation} {statistic}"), 0, [value * unit]);
    }
    results
}

/// sysbench: `avg: 16.21` and `95th percentile: 23.1` under `Latency (ms):`.
pub(super) fn sysbench(text: &str) -> Results {
    let mut results = Results::default();
    let mut of_latency = false;
    for line in text.lines() {
        let Some((name, value)) = line.trim().split_once(':') else {
            of_latency = false;
            continue;
        };
        of_latency |= name == "Latency (ms)";
        let first = value.split_ascii_whitespace().next().and_then(|value| value.parse::<f64>().ok());
        let Some(value) = first else { continue };
        match name {
            "ignored errors" | "reconnects" if value > 0.0 => results.trouble.push(format!("it counts {value} {name}")),
            _ if of_latency && name == "avg" => results.time("event average", 0, [value]),
            _ if of_latency && name.ends_with(" percentile") => {
                results.time(&format!("event {name}"), 0, [value]);
            }
            _ => {}
        }
    }
    results
}

/// pgbench: `latency average = 1.108 ms`, of older versions with a colon.
pub(super) fn pgbench(text: &str) -> Results {
    let mut results = Results::default();
    let mut script = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("SQL script ") {
            name.clone_into(&mut script);
            script.push(' ');
        }
        let Some((name, value)) = line.split_once(" = ").or_else(|| line.split_once(": ")) else { continue };
        let mut words = value.split_ascii_whitespace();
        let Some(value) = words.next().and_then(|value| value.parse::<f64>().ok()) else { continue };
        match name.trim_start_matches("- ") {
            "latency average" => results.time(&format!("{script}transaction average"), 0, [value]),
            "number of failed transactions" if value > 0.0 => {
                results.trouble.push(format!("{value} transactions failed"));
            }
            "number of transactions skipped" if value > 0.0 => {
                results.trouble.push(format!("{value} transactions were skipped, because they were late"));
            }
            _ => {}
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(results: Results) -> (Vec<(String, f64)>, Vec<String>) {
        let all =
            results.all.into_iter().flat_map(|one| one.runs.concat().into_iter().map(move |ms| (one.name.clone(), ms)));
        (all.collect(), results.trouble)
    }

    #[test]
    fn a_run_is_read_as_it_is_printed() {
        let of = |pairs: &[(&str, f64)]| pairs.iter().map(|(name, ms)| ((*name).to_owned(), *ms)).collect::<Vec<_>>();
        let redis = "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\"p99_latency_ms\"\n\
                     \"PING_INLINE\",\"9000.5\",\"0.3\",\"0.1\",\"0.25\",\"0.9\"\n";
        let found = of(&[("PING_INLINE avg", 0.3), ("PING_INLINE p50", 0.25), ("PING_INLINE p99", 0.9)]);
        assert_eq!(measured(super::redis(redis)), (found, vec![]));
        let ycsb = "[OVERALL], RunTime(ms), 80.0\n[READ], Operations, 531\n[READ], AverageLatency(us), 65\n[READ], MinLatency(us), 4\n\
                    [READ], 99thPercentileLatency(ms), 7\n[READ], Return=OK, 531\n[READ], 0, 530\n[READ-FAILED], Operations, 2\n";
        let found = of(&[("READ Average", 0.065), ("READ 99th", 7.0)]);
        assert_eq!(measured(super::ycsb(ycsb)), (found, vec!["2 operations READ failed".to_owned()]));
        let sysbench = "sysbench 1.0.20\n    avg: 9\nLatency (ms):\n         min:  1.0\n         avg:  16.21\n        95th percentile:  20.5\n\n\
                        Threads fairness:\n    events (avg/stddev): 18/3\n    avg: 3\n";
        let found = of(&[("event average", 16.21), ("event 95th percentile", 20.5)]);
        assert_eq!(measured(super::sysbench(sysbench)), (found, vec![]));
        let pgbench =
            "SQL script 1: a.sql\n - latency average = 1.5 ms\nSQL script 2: b.sql\n - latency average = 2.5 ms\n";
        let found = of(&[("1: a.sql transaction average", 1.5), ("2: b.sql transaction average", 2.5)]);
        assert_eq!(measured(super::pgbench(pgbench)), (found, vec![]));
        let skipped = "number of transactions skipped: 352 (7.504%)\nlatency average = 4.4 ms\n";
        assert_eq!(measured(super::pgbench(skipped)).1, ["352 transactions were skipped, because they were late"]);
        assert_eq!(measured(super::pgbench("latency average: 8.4 ms\n")).0, of(&[("transaction average", 8.4)]));
    }
}
