//! What a file of results holds: benchmarks with the samples of each run.

/// What one file holds.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::source::file) struct Results {
    pub(super) all: Vec<Benchmark>,
    /// What went wrong while it was measured, as sentences without an end.
    pub(super) trouble: Vec<String>,
}

/// One quantity of one benchmark. Less of it is better.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::source::file) struct Benchmark {
    pub(super) name: String,
    pub(super) unit: Unit,
    /// The samples of each run.
    pub(super) runs: Vec<Vec<f64>>,
}

/// What is measured of an operation. All times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source::file) enum Unit {
    Time,
    Bytes,
    Allocations,
    /// A number of the benchmark's own, whose unit is a part of the name. Only its author knows whether more of it is better.
    Own,
}

impl Unit {
    /// How the name of a column ends.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Unit::Time => " (ms)",
            Unit::Bytes => " (B)",
            Unit::Allocations => " allocations",
            Unit::Own => "",
        }
    }
}

/// Whether a column of benchmarks is what operations take or cost, rather than a benchmark's own number.
pub(crate) fn is_of_operations(column: &str) -> bool {
    [Unit::Time, Unit::Bytes, Unit::Allocations].iter().any(|unit| column.ends_with(unit.suffix()))
}

impl Results {
    /// Adds samples to a run of a benchmark.
    pub(super) fn add(&mut self, name: &str, unit: Unit, run: usize, samples: impl IntoIterator<Item = f64>) {
        let at = self.all.iter().position(|one| one.name == name && one.unit == unit).unwrap_or_else(|| {
            self.all.push(Benchmark { name: name.to_owned(), unit, runs: Vec::new() });
            self.all.len() - 1
        });
        let runs = &mut self.all[at].runs;
        if runs.len() <= run {
            runs.resize(run + 1, Vec::new());
        }
        runs[run].extend(samples.into_iter().filter(|sample| sample.is_finite()));
    }

    /// How many samples there are.
    pub(in crate::source::file) fn samples(&self) -> usize {
        self.all.iter().flat_map(|one| &one.runs).map(Vec::len).sum()
    }

    /// Adds what an operation took.
    pub(super) fn time(&mut self, name: &str, run: usize, milliseconds: impl IntoIterator<Item = f64>) {
        self.add(name, Unit::Time, run, milliseconds);
    }
}

/// Milliseconds in a unit of time, as tools write it.
pub(super) fn milliseconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-6,
        "us" | "µs" | "μs" => 1e-3,
        "ms" => 1.0,
        "s" | "sec" => 1e3,
        "m" | "min" => 60e3,
        "h" | "hr" => 3600e3,
        _ => return None,
    })
}
