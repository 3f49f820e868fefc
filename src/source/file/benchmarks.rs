//! Results of benchmarks: samples that have no time, of runs that have no date.
//!
//! ```text
//!  file ──► Tool::of its first bytes ──► Results: benchmark, run, samples ──► table: a column for each benchmark
//! ```
//!
//! - Every number is what one operation takes or costs, so that less is better: rates are turned over.
//! - Samples of one run share what differs from run to run: memory layout, temperature, neighbours. So a run among several counts as
//!   one number, the mean of its samples. Forks of a virtual machine are runs.
//! - The samples of a single run show that it is slower, and never that the next run would not be: nothing passes on them.

mod json;
mod load;
mod merged;
mod results;
mod text;

use std::io::Read;
use std::path::Path;

pub(super) use self::merged::table;
pub(super) use self::results::Results;
pub(crate) use self::results::is_of_operations;
use crate::source::error::Error;

/// So much of a file tells who wrote it.
pub(super) const HEAD: u64 = 1 << 12;
/// A longer result is hardly one.
const LONGEST: u64 = 1 << 28;

/// Who wrote a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Hyperfine,
    Pytest,
    Google,
    Jmh,
    Dotnet,
    Julia,
    Criterion,
    Memtier,
    Go,
    Libtest,
    BenchmarkJs,
    Catch2,
    RedisBenchmark,
    Ycsb,
    Sysbench,
    Pgbench,
}

impl Tool {
    /// Who wrote what begins so.
    pub(super) fn of(head: &[u8]) -> Option<Tool> {
        let text = String::from_utf8_lossy(head);
        let start = text.trim_start();
        let has = |text: &str| start.contains(text);
        let line = |begin: &str| start.lines().any(|line| line.starts_with(begin));
        Some(match start.as_bytes().first()? {
            b'{' => match () {
                () if has("\"command\":") && has("\"mean\":") && has("\"results\":") => Tool::Hyperfine,
                () if has("\"machine_info\"") => Tool::Pytest,
                () if has("\"benchmarks\"") && (has("\"real_time\"") || has("\"library_build_type\"")) => Tool::Google,
                () if has("\"HostEnvironmentInfo\"") && has("\"BenchmarkDotNet") => Tool::Dotnet,
                () if has("\"sampling_mode\"") && has("\"iters\"") => Tool::Criterion,
                () if has("\"configuration\"") && has("memtier") => Tool::Memtier,
                // `go test -json` wraps each line
                () if has("\"Action\":") && has("\"Output\":") && has("goos: ") => Tool::Go,
                () => return None,
            },
            b'[' if has("\"jmhVersion\"") => Tool::Jmh,
            b'[' if has("\"BenchmarkTools\"") => Tool::Julia,
            b'[' if line("[OVERALL],") => Tool::Ycsb,
            b'"' if has("\"test\",\"rps\",\"avg_latency_ms\"") => Tool::RedisBenchmark,
            _ => match () {
                () if line("goos: ") || start.lines().any(|line| text::go(line).is_some()) => Tool::Go,
                () if start.lines().any(|line| text::libtest(line).is_some()) => Tool::Libtest,
                () if start.lines().any(|line| text::benchmark_js(line).is_some()) => Tool::BenchmarkJs,
                () if start.lines().any(text::is_head_of_catch2) => Tool::Catch2,
                () if line("[OVERALL],") || line("YCSB Client") => Tool::Ycsb,
                () if start.starts_with("sysbench ") => Tool::Sysbench,
                () if has("number of transactions actually processed: ") => Tool::Pgbench,
                () => return None,
            },
        })
    }

    /// Its result in words: "a result of hyperfine".
    pub(super) fn describe(self) -> &'static str {
        match self {
            Tool::Hyperfine => "an export of hyperfine",
            Tool::Pytest => "a result of pytest-benchmark",
            Tool::Google => "a result of Google Benchmark",
            Tool::Jmh => "a result of JMH",
            Tool::Dotnet => "a report of BenchmarkDotNet",
            Tool::Julia => "a result of BenchmarkTools.jl",
            Tool::Criterion => "a sample of criterion",
            Tool::Memtier => "a result of memtier_benchmark",
            Tool::Go => "an output of `go test -bench`",
            Tool::Libtest => "an output of `cargo bench`",
            Tool::BenchmarkJs => "an output of Benchmark.js",
            Tool::Catch2 => "an output of Catch2",
            Tool::RedisBenchmark => "a table of redis-benchmark",
            Tool::Ycsb => "an output of YCSB",
            Tool::Sysbench => "an output of sysbench",
            Tool::Pgbench => "a summary of pgbench",
        }
    }

    /// What a whole file holds.
    fn read(self, content: impl Read) -> Result<Results, Error> {
        let mut text = String::new();
        content
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| Error::unreadable(format!("cannot be read to its end ({error})")))?;
        let text = text.as_str();
        let results = match self {
            Tool::Hyperfine => json::hyperfine(text),
            Tool::Pytest => json::pytest(text),
            Tool::Google => json::google(text),
            Tool::Jmh => json::jmh(text),
            Tool::Dotnet => json::dotnet(text),
            Tool::Julia => json::julia(text),
            Tool::Criterion => json::criterion(text),
            Tool::Memtier => json::memtier(text),
            Tool::Go => Ok(text::of_go(text)),
            Tool::Libtest => Ok(text::of_libtest(text)),
            Tool::BenchmarkJs => Ok(text::of_benchmark_js(text)),
            Tool::Catch2 => Ok(text::of_catch2(text)),
            Tool::RedisBenchmark => Ok(load::redis(text)),
            Tool::Ycsb => Ok(load::ycsb(text)),
            Tool::Sysbench => Ok(load::sysbench(text)),
            Tool::Pgbench => Ok(load::pgbench(text)),
        };
        let results = results.map_err(|why| self.cannot_be_read(&why))?;
        match results.all.is_empty() {
            true => Err(self.holds_nothing()),
            false => Ok(results),
        }
    }

    fn holds_nothing(self) -> Error {
        Error::unreadable(format!("is {} without any result", self.describe()))
            .hint("Did the run end? Run the benchmark again until it prints its results.")
    }

    /// The whole is not written as this tool writes it.
    fn cannot_be_read(self, why: &str) -> Error {
        Error::unreadable(format!("is {}, and cannot be read as one: {why}", self.describe()))
            .hint("Was it cut or changed? Write it again.")
    }
}

/// What a file holds, under the names that only its place may say.
///
/// # Errors
///
/// Unreadable: it is not what the tool writes.
pub(super) fn read(tool: Tool, content: impl Read, path: &Path) -> Result<Results, Error> {
    let mut results = tool.read(content)?;
    for one in results.all.iter_mut().filter(|one| one.name.is_empty()) {
        one.name = name_by_place(path);
    }
    Ok(results)
}

/// What criterion measured: it says so in another file beside the sample; else its folder does.
fn name_by_place(path: &Path) -> String {
    let beside = std::fs::read(path.with_file_name("benchmark.json")).ok();
    let about: Option<serde_json::Value> = beside.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let said = about.and_then(|about| Some(about.get("full_id")?.as_str()?.to_owned()));
    let folder = || path.parent().and_then(Path::parent).and_then(Path::file_name);
    said.or_else(|| folder().map(|name| name.to_string_lossy().into_owned())).unwrap_or_else(|| "sample".to_owned())
}
