//! Results that are printed line by line: `go test -bench`, `cargo bench`, Benchmark.js and Catch2.
//!
//! A line that is no result is passed over: programs print what they like between them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::results::{Results, Unit, milliseconds};

/// `cargo bench` with the harness of Rust itself. What is not a time is the author's own number.
pub(super) fn of_libtest(text: &str) -> Results {
    let mut results = Results::default();
    for (name, value, unit) in text.lines().filter_map(libtest) {
        match unit.strip_suffix("/iter").and_then(milliseconds) {
            Some(scale) => results.time(name, 0, [value * scale]),
            None => results.add(&format!("{name} {unit}"), Unit::Own, 0, [value]),
        }
    }
    results
}

/// Benchmark.js.
pub(super) fn of_benchmark_js(text: &str) -> Results {
    lines(text, benchmark_js)
}

/// A sample in each line that has one.
fn lines<'t>(text: &'t str, read: impl Fn(&'t str) -> Option<(&'t str, f64)>) -> Results {
    let mut results = Results::default();
    text.lines().filter_map(read).for_each(|(name, took)| results.time(name, 0, [took]));
    results
}

/// `go test -bench`, as text or as JSON.
pub(super) fn of_go(text: &str) -> Results {
    let mut results = Results::default();
    all_of_go(&printed(text), &mut results);
    results
}

/// What `go test` printed; with `-json` each piece of it is wrapped, and a line may be in several.
fn printed(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('{') {
        return Cow::Borrowed(text);
    }
    let pieces = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let pieces: String = pieces.filter_map(|event| Some(event.get("Output")?.as_str()?.to_owned())).collect();
    Cow::Owned(pieces)
}

/// The benchmarks of all packages, which may have the same names.
fn all_of_go(text: &str, results: &mut Results) {
    let packages: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("pkg: ")).collect();
    let mut package = "";
    let count = |is: &dyn Fn(&str) -> bool| text.lines().filter(|line| is(line)).count();
    let begun = count(&|line| line.starts_with("pkg: ")).max(count(&|line| line.starts_with("goos: ")).min(1));
    let ended = count(&|line| line == "PASS" || line.starts_with("FAIL")).max(count(&|line| line.starts_with("ok ")));
    if ended < begun {
        results.trouble.push("it ends without `PASS` or `ok`, and may be cut".to_owned());
    }
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("pkg: ") {
            package = next;
        }
        if line.starts_with("--- FAIL") || line.starts_with("FAIL") || line.starts_with("panic: ") {
            results.trouble.push(format!("a test of it failed (`{}`)", crate::plain::shorten(line, 60)));
        }
        let Some((name, measured)) = go(line) else {
            if began(line) {
                let line = crate::plain::shorten(line.trim(), 60);
                results.trouble.push(format!("`{line}` began, and its line has no result"));
            }
            continue;
        };
        let name = if packages.len() > 1 { Cow::Owned(format!("{package}.{name}")) } else { Cow::Borrowed(name) };
        for (value, unit) in measured {
            match unit {
                "ns/op" => results.time(&name, 0, [value * 1e-6]),
                "B/op" => results.add(&name, Unit::Bytes, 0, [value]),
                "allocs/op" => results.add(&name, Unit::Allocations, 0, [value]),
                // a rate is the time turned over
                "MB/s" => {}
                own => results.add(&format!("{name} {own}"), Unit::Own, 0, [value]),
            }
        }
    }
}

/// Whether a benchmark of Go began on a line. With `-v` its name alone stands there as well, without the number of processors.
fn began(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_name = |rest: &str| rest.starts_with(|first: char| !first.is_lowercase());
    words.next().and_then(|name| name.strip_prefix("Benchmark")).is_some_and(is_name) && words.next().is_some()
}

/// A result of Go: `BenchmarkJoin-2   66469   520.3 ns/op   208 B/op   1 allocs/op`.
pub(super) fn go(line: &str) -> Option<(&str, Vec<(f64, &str)>)> {
    let mut words = line.split_ascii_whitespace();
    let name = words.next().filter(|name| name.starts_with("Benchmark"))?;
    words.next()?.parse::<u64>().ok()?;
    let mut measured = Vec::new();
    while let (Some(value), Some(unit)) = (words.next(), words.next()) {
        measured.push((value.parse().ok()?, unit));
    }
    measured.iter().any(|(_, unit)| *unit == "ns/op").then_some((name, measured))
}

/// A result of the test harness of Rust with its unit: `test parse ... bench:       2,835 ns/iter (+/- 14)`.
pub(super) fn libtest(line: &str) -> Option<(&str, f64, &str)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... bench:")?;
    let mut words = rest.split_ascii_whitespace();
    let value: f64 = words.next()?.replace(',', "").parse().ok()?;
    Some((name.trim(), value, words.next()?))
}

/// Whether a line is the first one above Catch2's numbers.
pub(super) fn is_head_of_catch2(line: &str) -> bool {
    line.starts_with("benchmark name ") && line.contains(" samples ") && line.contains(" iterations ")
}

/// Catch2: a name, which may take several lines, beside how it was measured; below it the mean, and below that the spread.
pub(super) fn of_catch2(text: &str) -> Results {
    let mut results = Results::default();
    let (mut name, mut begun, mut inside, mut ended) = (String::new(), None::<String>, false, false);
    for line in text.lines() {
        ended |= line.starts_with("test cases: ") || line.starts_with("All tests passed");
        if line.starts_with("test cases: ") && line.contains(" failed") || line.trim_end().ends_with(": FAILED:") {
            results.trouble.push(format!("a test of it failed (`{}`)", crate::plain::shorten(line.trim(), 60)));
        }
        if is_head_of_catch2(line) {
            (inside, begun) = (true, None);
            name.clear();
        } else if !inside || line.trim().is_empty() || line.starts_with([' ', '-']) && begun.is_none() {
            // a rule, what a column means, or the spread of what has been read
            continue;
        } else if let Some(benchmark) = begun.take() {
            match mean_of_catch2(line) {
                Some(mean) => results.time(&benchmark, 0, [mean]),
                None => results.trouble.push(format!("`{benchmark}` has no result")),
            }
        } else {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                [rest @ .., samples, iterations, took, unit] if is_measured([samples, iterations, took], unit) => {
                    let whole = [std::mem::take(&mut name), rest.join(" ")].concat();
                    begun = Some(whole.trim().to_owned());
                }
                _ => name = format!("{name}{} ", line.trim()),
            }
        }
    }
    results.trouble.extend(begun.map(|name| format!("`{name}` has no result")));
    if !ended {
        results.trouble.push("it ends without its count of test cases, and may be cut".to_owned());
    }
    results
}

/// `100   208   7.1968 ms` behind a name.
fn is_measured([samples, iterations, took]: [&str; 3], unit: &str) -> bool {
    let is_count = |text: &str| text.parse::<u64>().is_ok();
    is_count(samples) && is_count(iterations) && took.parse::<f64>().is_ok() && milliseconds(unit).is_some()
}

/// The mean of `344 ns   341 ns   349 ns`.
fn mean_of_catch2(line: &str) -> Option<f64> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [mean, unit, _, _, _, _] = words.as_slice() else { return None };
    Some(mean.parse::<f64>().ok()? * milliseconds(unit)?)
}

/// A result of Benchmark.js, in milliseconds: `fib(10) x 1,431,759 ops/sec ±0.74% (93 runs sampled)`.
pub(super) fn benchmark_js(line: &str) -> Option<(&str, f64)> {
    let (head, spread) = line.split_once(" ops/sec ")?;
    let (name, rate) = head.rsplit_once(" x ")?;
    let rate: f64 = rate.replace(',', "").parse().ok().filter(|rate| *rate > 0.0)?;
    spread.contains("runs sampled)").then_some((name.trim(), 1e3 / rate))
}
