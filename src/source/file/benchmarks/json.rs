//! Results that are one JSON document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::results::{Results, Unit, milliseconds};

/// Why a document is not written as its tool writes it.
type Wrong = String;

fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Wrong> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

const SECOND: f64 = 1e3;
const NANOSECOND: f64 = 1e-6;

#[derive(Deserialize)]
struct Hyperfine {
    results: Vec<Command>,
}

#[derive(Deserialize)]
struct Command {
    command: String,
    mean: f64,
    #[serde(default)]
    times: Vec<f64>,
    #[serde(default)]
    exit_codes: Vec<Option<i64>>,
    #[serde(default)]
    parameters: std::collections::BTreeMap<String, Value>,
}

/// `hyperfine --export-json`: seconds. It measures commands that fail only if it is asked to.
pub(super) fn hyperfine(text: &str) -> Result<Results, Wrong> {
    let (export, mut results): (Hyperfine, _) = (parsed(text)?, Results::default());
    for one in &export.results {
        let Command { command, mean, times, exit_codes, parameters } = one;
        // a parameter may stand in what prepares a command, and not in the command
        let is_one_of_several = export.results.iter().filter(|other| other.command == *command).count() > 1;
        let parameters = parameters.iter().filter(|_| is_one_of_several).map(|(name, value)| match value {
            Value::String(text) => format!(" {name}={text}"),
            other => format!(" {name}={other}"),
        });
        let command = format!("{command}{}", parameters.collect::<String>());
        let failed = exit_codes.iter().filter(|code| **code != Some(0)).count();
        if failed > 0 {
            results.trouble.push(format!("`{command}` failed {failed} of {} times", exit_codes.len()));
        }
        let times = if times.is_empty() { std::slice::from_ref(mean) } else { times };
        results.time(&command, 0, times.iter().map(|seconds| seconds * SECOND));
    }
    Ok(results)
}

#[derive(Deserialize)]
struct Pytest {
    benchmarks: Vec<PytestBenchmark>,
}

#[derive(Deserialize)]
struct PytestBenchmark {
    fullname: String,
    stats: PytestStats,
}

#[derive(Deserialize)]
struct PytestStats {
    mean: f64,
    #[serde(default)]
    data: Option<Vec<f64>>,
}

/// `pytest --benchmark-json`: seconds; the samples only with `--benchmark-save-data`.
pub(super) fn pytest(text: &str) -> Result<Results, Wrong> {
    let (result, mut results): (Pytest, _) = (parsed(text)?, Results::default());
    for PytestBenchmark { fullname, stats } in result.benchmarks {
        let samples = stats.data.filter(|data| !data.is_empty()).unwrap_or_else(|| vec![stats.mean]);
        results.time(&fullname, 0, samples.into_iter().map(|seconds| seconds * SECOND));
    }
    Ok(results)
}

#[derive(Deserialize)]
struct Google {
    benchmarks: Vec<GoogleBenchmark>,
}

#[derive(Deserialize)]
struct GoogleBenchmark {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    real_time: Option<f64>,
    time_unit: Option<String>,
    #[serde(default)]
    error_occurred: bool,
    error_message: Option<String>,
    /// Counters of its own, beside what each benchmark has.
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

/// Numbers that tell how a benchmark ran, or the time turned over.
const USUAL_OF_GOOGLE: [&str; 9] = [
    "family_index",
    "per_family_instance_index",
    "repetitions",
    "repetition_index",
    "threads",
    "iterations",
    "cpu_time",
    "items_per_second",
    "bytes_per_second",
];

/// `--benchmark_format=json`: each repetition is a sample, and the mean one where the repetitions were left out.
pub(super) fn google(text: &str) -> Result<Results, Wrong> {
    let (result, mut results): (Google, _) = (parsed(text)?, Results::default());
    let is_aggregate = |one: &GoogleBenchmark| one.run_type.as_deref() == Some("aggregate");
    let whole = result.benchmarks.iter().any(|one| !is_aggregate(one));
    for one in result.benchmarks {
        let name = one.run_name.as_deref().unwrap_or(&one.name);
        if one.error_occurred {
            let why = one.error_message.as_deref().unwrap_or("without a message");
            results.trouble.push(format!("`{name}` failed: {why}"));
            continue;
        }
        if if whole { is_aggregate(&one) } else { one.aggregate_name.as_deref() != Some("mean") } {
            continue;
        }
        let unit = one.time_unit.as_deref().unwrap_or("ns");
        let unit = milliseconds(unit).ok_or_else(|| format!("the unit {unit:?} of `{name}` is unknown"))?;
        results.time(name, 0, one.real_time.map(|time| time * unit));
        for (counter, value) in one.other.iter().filter(|(counter, _)| !USUAL_OF_GOOGLE.contains(&counter.as_str())) {
            if let Some(value) = value.as_f64() {
                results.add(&format!("{name} {counter}"), Unit::Own, 0, [value]);
            }
        }
    }
    Ok(results)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Jmh {
    benchmark: String,
    params: Option<BTreeMap<String, String>>,
    #[serde(default)]
    mode: String,
    primary_metric: JmhMetric,
    #[serde(default)]
    secondary_metrics: BTreeMap<String, JmhMetric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JmhMetric {
    score: Value,
    score_unit: String,
    #[serde(default)]
    raw_data: Vec<Vec<f64>>,
    #[serde(default)]
    raw_data_histogram: Vec<Vec<Vec<(f64, f64)>>>,
}

/// `-rf json`: the iterations of each fork, as rates or times.
pub(super) fn jmh(text: &str) -> Result<Results, Wrong> {
    let (all, mut results): (Vec<Jmh>, _) = (parsed(text)?, Results::default());
    for one in &all {
        let is_same = |other: &&Jmh| other.benchmark == one.benchmark && other.params == one.params;
        let has_modes = all.iter().filter(is_same).any(|other| other.mode != one.mode);
        one_of_jmh(one, has_modes, &mut results)?;
    }
    Ok(results)
}

fn one_of_jmh(one: &Jmh, has_modes: bool, results: &mut Results) -> Result<(), Wrong> {
    let Jmh { benchmark, params, mode, primary_metric: metric, secondary_metrics } = one;
    let params: String = params.iter().flatten().map(|(name, value)| format!(":{name}={value}")).collect();
    let mode = if has_modes { format!(" {mode}") } else { String::new() };
    let name = format!("{benchmark}{params}{mode}");
    let unit = metric.score_unit.as_str();
    let unknown = || format!("the unit {unit:?} of `{name}` is unknown");
    let (of, is_rate) = match (unit.strip_suffix("/op"), unit.strip_prefix("ops/")) {
        (Some(of), _) => (of, false),
        (_, Some(of)) => (of, true),
        _ => return Err(unknown()),
    };
    let of = milliseconds(of).ok_or_else(unknown)?;
    let time = |score: f64| if is_rate { of / score } else { score * of };
    let mean = |counted: &Vec<(f64, f64)>| {
        let (sum, n) = counted.iter().fold((0.0, 0.0), |(sum, n), (value, count)| (sum + value * count, n + count));
        sum / n
    };
    let sampled = metric.raw_data_histogram.iter().map(|fork| fork.iter().map(mean).collect());
    let mut forks: Vec<Vec<f64>> = metric.raw_data.iter().cloned().chain(sampled).collect();
    if forks.iter().all(Vec::is_empty) {
        forks = vec![metric.score.as_f64().into_iter().collect()];
    }
    for (fork, scores) in forks.iter().enumerate() {
        results.time(&name, fork, scores.iter().map(|score| time(*score)));
    }
    // what `-prof gc` counts; older versions mark it by a dot in the middle
    let allocated = secondary_metrics
        .iter()
        .filter(|(known, metric)| known.trim_start_matches('·') == "gc.alloc.rate.norm" && metric.score_unit == "B/op");
    for (fork, bytes) in allocated.flat_map(|(_, metric)| metric.raw_data.iter().enumerate()) {
        results.add(&name, Unit::Bytes, fork, bytes.iter().copied());
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dotnet {
    benchmarks: Vec<DotnetBenchmark>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DotnetBenchmark {
    full_name: String,
    statistics: Option<DotnetStatistics>,
    memory: Option<DotnetMemory>,
    #[serde(default)]
    measurements: Vec<DotnetMeasurement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DotnetStatistics {
    mean: f64,
    #[serde(default)]
    original_values: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DotnetMemory {
    bytes_allocated_per_operation: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DotnetMeasurement {
    iteration_mode: String,
    iteration_stage: String,
    launch_index: usize,
    operations: f64,
    nanoseconds: f64,
}

/// The exporter `json` (full or brief): nanoseconds. Each launch of the program is a run.
pub(super) fn dotnet(text: &str) -> Result<Results, Wrong> {
    let (report, mut results): (Dotnet, _) = (parsed(text)?, Results::default());
    for one in report.benchmarks {
        let name = &one.full_name;
        let is_result = |one: &&DotnetMeasurement| one.iteration_mode == "Workload" && one.iteration_stage == "Result";
        let before = results.all.len();
        for one in one.measurements.iter().filter(is_result) {
            let run = one.launch_index.saturating_sub(1).min(1000);
            results.time(name, run, [one.nanoseconds / one.operations * NANOSECOND]);
        }
        if results.all.len() == before {
            let Some(DotnetStatistics { mean, original_values }) = one.statistics else {
                results.trouble.push(format!("`{name}` has no result"));
                continue;
            };
            let values = if original_values.is_empty() { vec![mean] } else { original_values };
            results.time(name, 0, values.into_iter().map(|value| value * NANOSECOND));
        }
        let allocated = one.memory.and_then(|memory| memory.bytes_allocated_per_operation);
        if let Some(bytes) = allocated {
            results.add(name, Unit::Bytes, 0, [bytes]);
        }
    }
    Ok(results)
}

/// `BenchmarkTools.save`: a value is written as the name of its type and its fields; times are in nanoseconds.
pub(super) fn julia(text: &str) -> Result<Results, Wrong> {
    let mut results = Results::default();
    trials(&parsed(text)?, &mut Vec::new(), &mut results);
    Ok(results)
}

fn trials(value: &Value, path: &mut Vec<String>, results: &mut Results) {
    let Some(parts) = value.as_array() else { return };
    let (Some(kind), Some(fields)) = (parts.first().and_then(Value::as_str), parts.get(1)) else {
        // the list of what was saved
        return parts.iter().for_each(|part| trials(part, path, results));
    };
    match kind {
        "BenchmarkGroup" => {
            for (name, part) in fields.get("data").and_then(Value::as_object).into_iter().flatten() {
                path.push(name.clone());
                trials(part, path, results);
                path.pop();
            }
        }
        "Trial" | "TrialEstimate" => {
            let name = path.join("/");
            let times = fields.get("times").and_then(Value::as_array).into_iter().flatten();
            let times = times.chain(fields.get("time")).filter_map(Value::as_f64);
            results.time(&name, 0, times.map(|time| time * NANOSECOND));
            let of = |name: &str| fields.get(name).and_then(Value::as_f64);
            of("memory").into_iter().for_each(|bytes| results.add(&name, Unit::Bytes, 0, [bytes]));
            of("allocs").into_iter().for_each(|allocs| results.add(&name, Unit::Allocations, 0, [allocs]));
        }
        _ => {}
    }
}

#[derive(Deserialize)]
struct Criterion {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// `sample.json` of criterion: nanoseconds of so many iterations. What it is a sample of, only its folder says.
pub(super) fn criterion(text: &str) -> Result<Results, Wrong> {
    let (sample, mut results): (Criterion, _) = (parsed(text)?, Results::default());
    if sample.iters.len() != sample.times.len() {
        return Err(format!("it has {} times of {} samples", sample.times.len(), sample.iters.len()));
    }
    let each = sample.times.iter().zip(&sample.iters).map(|(time, iterations)| time / iterations * NANOSECOND);
    results.time("", 0, each);
    Ok(results)
}

/// `memtier_benchmark --json-out-file`: milliseconds of each command, of all of which only numbers are left.
pub(super) fn memtier(text: &str) -> Result<Results, Wrong> {
    let (result, mut results): (Value, _) = (parsed(text)?, Results::default());
    let all = result.get("ALL STATS").and_then(Value::as_object).into_iter().flatten();
    for (command, stats) in all.filter(|(_, stats)| stats.get("Count").and_then(Value::as_f64) > Some(0.0)) {
        let average = stats.get("Average Latency").or_else(|| stats.get("Latency"));
        let percentiles = stats.get("Percentile Latencies").and_then(Value::as_object).into_iter().flatten();
        let percentiles =
            percentiles.filter_map(|(name, value)| Some((name.strip_suffix(".00").unwrap_or(name), value.as_f64()?)));
        let average = average.and_then(Value::as_f64).map(|value| ("average", value));
        for (statistic, value) in average.into_iter().chain(percentiles) {
            results.time(&format!("{command} {statistic}"), 0, [value]);
        }
    }
    let errors = result.get("run information").and_then(|run| run.get("Connection errors")?.as_u64());
    if let Some(errors) = errors.filter(|errors| *errors > 0) {
        results.trouble.push(format!("{errors} connections failed"));
    }
    Ok(results)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn measured(results: Result<Results, Wrong>) -> Vec<(String, Vec<Vec<f64>>)> {
        results.unwrap().all.into_iter().map(|one| (one.name, one.runs)).collect()
    }

    #[test]
    fn what_has_no_samples_gives_its_mean() {
        let google = r#"{"benchmarks": [{"name": "a_mean", "run_name": "a", "run_type": "aggregate", "aggregate_name": "mean",
            "real_time": 2.5, "time_unit": "ms"}, {"name": "a_stddev", "run_name": "a", "run_type": "aggregate",
            "aggregate_name": "stddev", "real_time": 0.1, "time_unit": "ms"}]}"#;
        assert_eq!(measured(super::google(google)), [("a".to_owned(), vec![vec![2.5]])]);
        let pytest = r#"{"benchmarks": [{"fullname": "t.py::a", "stats": {"mean": 0.0025}}]}"#;
        assert_eq!(measured(super::pytest(pytest)), [("t.py::a".to_owned(), vec![vec![2.5]])]);
        let jmh = r#"[{"benchmark": "a", "primaryMetric": {"score": 400.0, "scoreUnit": "ops/s"}}]"#;
        assert_eq!(measured(super::jmh(jmh)), [("a".to_owned(), vec![vec![2.5]])]);
        let dotnet = r#"{"Benchmarks": [{"FullName": "a", "Statistics": {"Mean": 2500000.0, "OriginalValues": []}}]}"#;
        assert_eq!(measured(super::dotnet(dotnet)), [("a".to_owned(), vec![vec![2.5]])]);
    }

    #[test]
    fn sampled_times_of_jmh_are_weighted() {
        let jmh = r#"[{"benchmark": "a", "primaryMetric": {"score": 1, "scoreUnit": "us/op",
            "rawDataHistogram": [[[[1000.0, 3], [2000.0, 1]], [[4000.0, 1]]]]}}]"#;
        assert_eq!(measured(super::jmh(jmh)), [("a".to_owned(), vec![vec![1.25, 4.0]])]);
    }

    #[test]
    fn memtier_has_a_number_for_each_statistic() {
        let memtier = r#"{"ALL STATS": {"Gets": {"Count": 9, "Average Latency": 0.5, "Percentile Latencies": {"p99.00": 1.5,
            "p99.90": 2.5, "Histogram log format": {}}}, "Waits": {"Count": 0, "Latency": 0}}}"#;
        let names: Vec<String> = measured(super::memtier(memtier)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Gets average", "Gets p99", "Gets p99.90"]);
    }

    #[test]
    fn an_unknown_unit_is_refused_by_its_name() {
        let jmh = r#"[{"benchmark": "a", "primaryMetric": {"score": 400.0, "scoreUnit": "ops/fortnight"}}]"#;
        let said = super::jmh(jmh).unwrap_err();
        assert!(said.contains("\"ops/fortnight\" of `a` is unknown"), "{said}");
    }
}
