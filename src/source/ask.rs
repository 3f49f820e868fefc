//! What is asked of a source: which columns, in the shape of the answer, and whose rows.

use crate::series::Series;

/// Which rows belong to the arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmColumn {
    /// The column's name.
    pub column: String,
    /// The value that marks this query's arm.
    pub value: String,
    /// The value that marks the other arm, where it is known.
    pub other: Option<String>,
}

/// What is asked of a source, by the shape of the answer. Names are columns (or ids, labels, fields).
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Trials and how many were bad. Two of the three are given; the third follows.
    Counts {
        /// All trials.
        total: Option<String>,
        /// The bad ones.
        bad: Option<String>,
        /// The good ones.
        good: Option<String>,
        /// What an empty cell of `bad` or `good` means where `total` (or the other) has a value.
        missing: Missing,
        /// The column that names the instance (host, pod, region) a row is of; there is one row for each then.
        instance: Option<String>,
        /// Whether the cells are totals since some start, where that is declared.
        counter: Option<bool>,
    },
    /// Occurrences.
    Events {
        /// Occurrences per step.
        count: String,
        /// What they are per.
        exposure: Option<String>,
        /// What an empty cell means.
        missing: Missing,
        /// Whether the cells are totals since some start, where that is declared.
        counter: Option<bool>,
    },
    /// One value per row.
    Values {
        /// The value.
        value: String,
        /// Factor into the metric's unit (1000 for seconds into milliseconds).
        factor: f64,
        /// The least number that can be right.
        least: Least,
    },
    /// Histograms of the values of many requests, as [`encoded`](crate::encoded) text.
    Histograms {
        /// The histograms.
        column: String,
        /// What one unit of them is in the metric's.
        factor: f64,
    },
    /// One number per step.
    Gauge {
        /// The number.
        value: String,
        /// Factor into the metric's unit.
        factor: f64,
        /// Requests behind each number.
        requests: Option<String>,
        /// The least number that can be right.
        least: Least,
        /// Whether the requests are totals since some start, where that is declared.
        counter: Option<bool>,
    },
}

/// The least number that can be right, as far as it is known what the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Any number: degrees, a difference.
    Any,
    /// None below zero: sizes, and single requests, which may take less time than a clock tells.
    Zero,
    /// None below zero, and zero only of what was rounded: times of many requests.
    AboveZero,
}

/// What an empty cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing was measured: the point is absent.
    Gap,
    /// A counter that does not report zeros: zero.
    Zero,
}

impl Ask {
    /// The columns that are measured.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Ask::Counts { total, bad, good, .. } => [total.as_deref(), bad.as_deref(), good.as_deref()],
            Ask::Events { count, exposure, .. } => [Some(count.as_str()), exposure.as_deref(), None],
            Ask::Values { value: column, .. } | Ask::Histograms { column, .. } => [Some(column.as_str()), None, None],
            Ask::Gauge { value, requests, .. } => [Some(value.as_str()), requests.as_deref(), None],
        };
        names.into_iter().flatten()
    }

    /// The same question to the columns that a recording has.
    pub fn recorded(&self) -> Ask {
        let column = |name: &str| name.to_owned();
        match self {
            Ask::Counts { instance, .. } => Ask::Counts {
                total: Some(column("total")),
                bad: Some(column("bad")),
                good: None,
                missing: Missing::Gap,
                instance: instance.as_ref().map(|_| column("instance")),
                counter: Some(false),
            },
            Ask::Events { exposure, .. } => Ask::Events {
                count: column("count"),
                exposure: exposure.as_ref().map(|_| column("exposure")),
                missing: Missing::Gap,
                counter: Some(false),
            },
            Ask::Values { .. } => Ask::Values { value: column("value"), factor: 1.0, least: Least::Any },
            Ask::Histograms { factor, .. } => Ask::Histograms { column: column("histogram"), factor: *factor },
            Ask::Gauge { requests, .. } => Ask::Gauge {
                value: column("value"),
                factor: 1.0,
                requests: requests.as_ref().map(|_| column("requests")),
                least: Least::Any,
                counter: Some(false),
            },
        }
    }

    /// The answer without any point.
    pub fn nothing(&self) -> Series {
        let (time, value) = (Vec::new(), Vec::new());
        match self {
            Ask::Counts { .. } => Series::Counts { time, total: Vec::new(), bad: Vec::new() },
            Ask::Events { .. } => Series::Events { time, count: Vec::new(), exposure: None },
            Ask::Values { .. } => Series::Values { time, value },
            Ask::Histograms { factor, .. } => Series::Buckets { time, bins: Vec::new(), scale: *factor },
            Ask::Gauge { .. } => Series::Gauge { time, value, requests: None },
        }
    }

    /// The column that names the instances.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Ask::Counts { instance, .. } => instance.as_deref(),
            _ => None,
        }
    }

    /// Whether its counted columns are totals since some start, where that is declared.
    pub fn counter(&self) -> Option<bool> {
        match self {
            Ask::Counts { counter, .. } | Ask::Events { counter, .. } | Ask::Gauge { counter, .. } => *counter,
            Ask::Values { .. } | Ask::Histograms { .. } => None,
        }
    }

    /// The same question to rows that are known to count their own steps.
    pub fn per_step(mut self) -> Ask {
        if let Ask::Counts { counter, .. } | Ask::Events { counter, .. } | Ask::Gauge { counter, .. } = &mut self {
            *counter = Some(false);
        }
        self
    }

    /// What an empty cell means.
    pub fn missing(&self) -> Missing {
        match self {
            Ask::Counts { missing, .. } | Ask::Events { missing, .. } => *missing,
            Ask::Values { .. } | Ask::Histograms { .. } | Ask::Gauge { .. } => Missing::Gap,
        }
    }
}
