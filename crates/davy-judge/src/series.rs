//! What was measured, as plain columns: the seam between the outside world and the judge.
//!
//! A [`Series`] says by its shape what its numbers are, and so which questions they can answer. Requests with
//! their bad ones are [`Series::Counts`]; their latencies are [`Series::Values`] or, where there are many,
//! [`Series::Buckets`]; a number that somebody else computed per step (a CloudWatch p95, a CPU share) is a
//! [`Series::Gauge`] and never turns into a quantile of requests again.
//!
//! A missing point is absent from the columns. It is never a zero and never interpolated.

mod days;
mod flaw;
mod slices;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use davy_stats::histogram::{Bins, Grid, Tally};
pub use flaw::Flaw;
pub use hdrhistogram::Histogram;
pub use jiff::{SignedDuration, Timestamp};
pub use slices::{slice_name, slice_values};

/// The name of a metric, unique within a configuration.
pub type MetricName = String;

/// The series of one arm's instances (hosts, pods, regions) by their names.
pub type Instances = BTreeMap<String, Series>;

/// The slices of a metric that has any; their sum is the metric's own series.
#[derive(Debug, Clone, PartialEq)]
pub struct Slices {
    /// What the dimensions are called.
    pub dimensions: Vec<String>,
    /// Each arm's series by [`slice_name`].
    pub parts: Pair<Instances>,
}

/// The name of one group of a metric: `latency [/checkout]`.
pub fn group_name(metric: &str, group: &str) -> String {
    format!("{metric} [{group}]")
}

/// One of the two sides of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// The side that is known to be good.
    Baseline,
    /// The side under judgement.
    Canary,
}

impl Arm {
    /// Both arms, baseline first.
    pub const BOTH: [Arm; 2] = [Arm::Baseline, Arm::Canary];

    /// The one beside it.
    pub fn other(self) -> Arm {
        match self {
            Arm::Baseline => Arm::Canary,
            Arm::Canary => Arm::Baseline,
        }
    }

    /// The arm's name as configuration and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Arm::Baseline => "baseline",
            Arm::Canary => "canary",
        }
    }
}

/// The same thing for both arms; named fields, so that the two are never mixed up by position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pair<T> {
    /// The baseline's.
    pub baseline: T,
    /// The canary's.
    pub canary: T,
}

impl<T> Pair<T> {
    /// Builds the pair by asking for each arm in turn.
    pub fn build(mut f: impl FnMut(Arm) -> T) -> Self {
        Pair { baseline: f(Arm::Baseline), canary: f(Arm::Canary) }
    }

    /// Builds the pair by asking for each arm in turn; the first error wins.
    pub fn try_build<E>(mut f: impl FnMut(Arm) -> Result<T, E>) -> Result<Self, E> {
        Ok(Pair { baseline: f(Arm::Baseline)?, canary: f(Arm::Canary)? })
    }

    /// The value of one arm.
    pub fn get(&self, arm: Arm) -> &T {
        match arm {
            Arm::Baseline => &self.baseline,
            Arm::Canary => &self.canary,
        }
    }

    /// The value of one arm, to change it.
    pub fn get_mut(&mut self, arm: Arm) -> &mut T {
        match arm {
            Arm::Baseline => &mut self.baseline,
            Arm::Canary => &mut self.canary,
        }
    }

    /// The pair by reference.
    pub fn as_ref(&self) -> Pair<&T> {
        Pair { baseline: &self.baseline, canary: &self.canary }
    }

    /// The same function applied to both arms.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Pair<U> {
        Pair { baseline: f(self.baseline), canary: f(self.canary) }
    }

    /// Two pairs as a pair of twos.
    pub fn zip<U>(self, other: Pair<U>) -> Pair<(T, U)> {
        Pair { baseline: (self.baseline, other.baseline), canary: (self.canary, other.canary) }
    }
}

/// A half-open span of time: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

/// The first instant at which anything measured with a date can be: 1994-01-01. Runs without a date are numbered before it.
pub const FIRST_DATED: Timestamp = Timestamp::constant(757_382_400, 0);

impl Window {
    /// Whether its times are dates, rather than numbers of steps.
    pub fn is_dated(&self) -> bool {
        self.start >= FIRST_DATED
    }

    /// Whether an instant lies inside.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// The instants inside, of some that are sorted.
    pub fn of<'a>(&self, times: &'a [Timestamp]) -> &'a [Timestamp] {
        let from = times.partition_point(|time| *time < self.start);
        let to = times.partition_point(|time| *time < self.end).max(from);
        &times[from..to]
    }

    /// How long it is; negative when the ends are the wrong way round.
    pub fn duration(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// The first of its ends that is inside a step. Steps begin at whole multiples of their length since 1970.
    pub fn end_inside(&self, step: SignedDuration) -> Option<Timestamp> {
        let step = step.as_nanos().max(1);
        [self.start, self.end].into_iter().find(|end| end.as_nanosecond().rem_euclid(step) != 0)
    }

    /// How many whole or begun steps fit.
    pub fn steps(&self, step: SignedDuration) -> usize {
        let (span, step) = (self.duration().as_millis(), step.as_millis().max(1));
        usize::try_from((span + step - 1) / step).unwrap_or(0)
    }
}

/// What a source can honestly know of one metric in one arm, in columns of equal length, sorted by time.
#[derive(Debug, Clone, PartialEq)]
pub enum Series {
    /// Trials per step and how many of them were bad: error rate, cache misses, a share of log events.
    Counts {
        /// Start of each step.
        time: Vec<Timestamp>,
        /// Trials (requests, lookups, sessions) in the step.
        total: Vec<u64>,
        /// Those of them that count; never more than `total`.
        bad: Vec<u64>,
    },
    /// Occurrences per step without a denominator of trials: fallbacks, restarts, dropped results.
    Events {
        /// Start of each step.
        time: Vec<Timestamp>,
        /// Occurrences in the step.
        count: Vec<u64>,
        /// What the occurrences are per (sessions, instance-seconds), where the source knows it.
        exposure: Option<Vec<f64>>,
    },
    /// One entry per request.
    Values {
        /// When each request happened.
        time: Vec<Timestamp>,
        /// Its value, such as its latency.
        value: Vec<f64>,
    },
    /// The requests of each step by their values, as histograms that can be merged. They answer what [`Series::Values`]
    /// answers, to the histograms' resolution.
    Buckets {
        /// Start of each step; several histograms of one step are added up.
        time: Vec<Timestamp>,
        /// The values of the requests in whole units.
        bins: Vec<Bins>,
        /// What one unit of the histograms is in the metric's: 0.001 for microseconds in a metric of milliseconds.
        scale: f64,
    },
    /// One number per step, computed elsewhere: a percentile from a monitoring system, CPU, memory.
    Gauge {
        /// Start of each step.
        time: Vec<Timestamp>,
        /// The number.
        value: Vec<f64>,
        /// How many requests stand behind each number, where the source knows it.
        requests: Option<Vec<u64>>,
    },
}

impl Series {
    /// The instants of the points, in order.
    pub fn time(&self) -> &[Timestamp] {
        match self {
            Series::Counts { time, .. }
            | Series::Events { time, .. }
            | Series::Values { time, .. }
            | Series::Buckets { time, .. }
            | Series::Gauge { time, .. } => time,
        }
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.time().len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.time().is_empty()
    }

    /// The points inside a window.
    pub fn within(&self, window: &Window) -> Series {
        let time = self.time();
        let from = time.partition_point(|t| *t < window.start);
        let to = time.partition_point(|t| *t < window.end).max(from);
        let times = time[from..to].to_vec();
        match self {
            Series::Counts { total, bad, .. } => {
                Series::Counts { time: times, total: total[from..to].to_vec(), bad: bad[from..to].to_vec() }
            }
            Series::Events { count, exposure, .. } => Series::Events {
                time: times,
                count: count[from..to].to_vec(),
                exposure: exposure.as_ref().map(|e| e[from..to].to_vec()),
            },
            Series::Values { value, .. } => Series::Values { time: times, value: value[from..to].to_vec() },
            Series::Buckets { bins, scale, .. } => {
                Series::Buckets { time: times, bins: bins[from..to].to_vec(), scale: *scale }
            }
            Series::Gauge { value, requests, .. } => Series::Gauge {
                time: times,
                value: value[from..to].to_vec(),
                requests: requests.as_ref().map(|r| r[from..to].to_vec()),
            },
        }
    }
}

/// The name of the one instance that an arm has where its instances are not kept apart.
pub const EVERY: &str = "(all)";

/// The earlier windows and what was measured in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Days {
    /// Each earlier window, the latest first.
    pub windows: Vec<Window>,
    /// How long a time before each window, and before the canary's, was measured as well.
    pub before: Option<SignedDuration>,
    /// The baseline's points of each metric in all of that.
    pub metrics: BTreeMap<MetricName, Series>,
}

impl Days {
    /// The time before a window.
    pub fn before(&self, window: &Window) -> Option<Window> {
        let start = window.start.saturating_sub(self.before?).ok()?;
        Some(Window { start, end: window.start })
    }

    /// The same when so much time of each window had passed.
    fn until(&self, elapsed: SignedDuration) -> Days {
        let cut = |window: &Window| {
            let end = window.start.saturating_add(elapsed).unwrap_or(window.end).clamp(window.start, window.end);
            Window { end, ..*window }
        };
        Days { windows: self.windows.iter().map(cut).collect(), ..self.clone() }
    }
}

/// What a reader of the verdict must know of the data behind a metric, and how far it limits the answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// How far it limits the answer.
    pub gravity: Gravity,
    /// The sentence, without a full stop: "12 of 240 rows are left out: canary.csv, line 7: `p95` is not a number".
    pub text: String,
}

/// How far a remark on the data limits the answer, from not at all to no pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// Where the data came from; the report shows it with the origin of the series.
    Detail,
    /// The verdict shows it, and the answer stands.
    Note,
    /// The data may not mean what it seems to mean: a Pass becomes a Warn.
    Suspect,
    /// Part of the canary's data is missing or unread: nothing passes on the rest.
    Incomplete,
}

impl Gravity {
    /// The word that recordings and configurations write.
    pub fn name(self) -> &'static str {
        match self {
            Gravity::Detail => "detail",
            Gravity::Note => "note",
            Gravity::Suspect => "suspect",
            Gravity::Incomplete => "incomplete",
        }
    }
}

impl Remark {
    /// What to write where an empty cell of a count means none.
    pub const ZERO: &str = "`missing: zero`";

    /// A remark on where the data came from.
    pub fn detail(text: impl Into<String>) -> Remark {
        Remark { gravity: Gravity::Detail, text: text.into() }
    }

    /// A remark that the verdict shows.
    pub fn note(text: impl Into<String>) -> Remark {
        Remark { gravity: Gravity::Note, text: text.into() }
    }

    /// A remark that makes a Pass a Warn.
    pub fn suspect(text: impl Into<String>) -> Remark {
        Remark { gravity: Gravity::Suspect, text: text.into() }
    }

    /// A remark that allows no Pass.
    pub fn incomplete(text: impl Into<String>) -> Remark {
        Remark { gravity: Gravity::Incomplete, text: text.into() }
    }
}

/// The lines of a log by what they say, counted per step.
#[derive(Debug, Clone, PartialEq)]
pub struct Signatures {
    /// Each template that any of the lines has, by its text.
    pub templates: Vec<Template>,
    /// All lines that each arm wrote, also those that a condition leaves out: occurrences per step.
    pub lines: Pair<Series>,
    /// What is to be known of the lines of each arm.
    pub remarks: Pair<Vec<Remark>>,
    /// Where they came from, for the report.
    pub origin: String,
}

/// Lines that differ in numbers, names and other details alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// What they say, with a mark for whatever differs: `connection pool exhausted after <n> ms`.
    pub text: String,
    /// One of them; details that may be personal are masked.
    pub example: String,
    /// How often each arm wrote it: occurrences per step.
    pub counts: Pair<Series>,
}

impl Signatures {
    /// What lies inside the windows; a template that neither arm wrote there is left out.
    fn within(&self, windows: &Pair<Window>) -> Signatures {
        let cut = |template: &Template| {
            let counts = within_of(&template.counts, windows);
            let is_there = !counts.baseline.is_empty() || !counts.canary.is_empty();
            let (text, example) = (template.text.clone(), template.example.clone());
            is_there.then_some(Template { text, example, counts })
        };
        let (remarks, origin) = (self.remarks.clone(), self.origin.clone());
        let templates = self.templates.iter().filter_map(cut).collect();
        Signatures { templates, lines: within_of(&self.lines, windows), remarks, origin }
    }
}

/// Everything the judge gets to see: the measured series of both arms and the windows they were taken from.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Each arm's window. They differ where the baseline is an earlier time of the same system.
    pub windows: Pair<Window>,
    /// The spacing of the points.
    pub step: SignedDuration,
    /// The spacing of the metrics whose points lie further apart than that.
    pub steps: BTreeMap<MetricName, SignedDuration>,
    /// The series of each metric; an arm without any point has an empty series.
    pub metrics: BTreeMap<MetricName, Pair<Series>>,
    /// The series of each arm's instances, of the metrics whose rows name one. Their sum is the metric's own series.
    pub instances: BTreeMap<MetricName, Pair<Instances>>,
    /// The slices of the metrics whose rows were asked for by several dimensions at once.
    pub slices: BTreeMap<MetricName, Slices>,
    /// What logs say, by the names that `signatures` gives them.
    pub signatures: BTreeMap<String, Signatures>,
    /// Where each metric came from, for the report ("canary.csv, columns errors and requests").
    pub origins: BTreeMap<MetricName, String>,
    /// Metrics whose source could not be reached, with the reason; their series are empty.
    pub lost: BTreeMap<MetricName, String>,
    /// The groups of the metrics that have any. The series of each stand among the metrics by [`group_name`].
    pub groups: BTreeMap<MetricName, Vec<String>>,
    /// What the verdict must say of a metric's data, beyond its origin.
    pub remarks: BTreeMap<MetricName, Vec<Remark>>,
    /// The past that the noise of its metrics was learned from, if it was.
    pub past: Option<Arc<Dataset>>,
    /// The earlier windows, where there are several. The baseline is then one of them.
    pub days: Option<Days>,
}

impl Dataset {
    /// Without any metric yet: `Dataset { metrics, ..Dataset::new(windows, step) }`.
    pub fn new(windows: Pair<Window>, step: SignedDuration) -> Dataset {
        Dataset {
            windows,
            step,
            steps: BTreeMap::new(),
            metrics: BTreeMap::new(),
            instances: BTreeMap::new(),
            slices: BTreeMap::new(),
            signatures: BTreeMap::new(),
            origins: BTreeMap::new(),
            lost: BTreeMap::new(),
            groups: BTreeMap::new(),
            remarks: BTreeMap::new(),
            past: None,
            days: None,
        }
    }

    /// The spacing of a metric's points.
    pub fn step_of(&self, metric: &str) -> SignedDuration {
        self.steps.get(metric).copied().unwrap_or(self.step)
    }

    /// The metrics that were measured as histograms, and what one unit of those is in the metric's.
    pub fn histograms(&self) -> BTreeMap<MetricName, f64> {
        let scale = |pair: &Pair<Series>| match if pair.canary.is_empty() { &pair.baseline } else { &pair.canary } {
            Series::Buckets { scale, .. } => Some(*scale),
            _ => None,
        };
        let own = self.metrics.iter().filter_map(|(name, pair)| Some((name.clone(), scale(pair)?)));
        let of_groups = self.groups.iter().filter_map(|(name, groups)| {
            let mut pairs = groups.iter().filter_map(|group| self.metrics.get(&group_name(name, group)));
            Some((name.clone(), pairs.find_map(scale)?))
        });
        own.chain(of_groups).collect()
    }

    /// The dataset as it stood at an instant: nothing at or after it is kept. Windows of one length are cut at the same
    /// elapsed time; a baseline of another length is an earlier time of its own, and over by then.
    pub fn until(&self, canary_end: Timestamp) -> Dataset {
        let elapsed = canary_end.duration_since(self.windows.canary.start);
        let alike = self.windows.baseline.duration() == self.windows.canary.duration();
        let cut = |w: Window, end: Timestamp| Window { start: w.start, end: end.min(w.end).max(w.start) };
        let along = |w: Window| cut(w, w.start.saturating_add(elapsed).unwrap_or(w.end));
        let Pair { baseline, canary } = self.windows;
        let baseline = if alike { along(baseline) } else { cut(baseline, canary_end) };
        let windows = Pair { baseline, canary: along(canary) };
        let metrics = self.metrics.iter().map(|(name, pair)| (name.clone(), within_of(pair, &windows)));
        let cut = |pair: &Pair<Instances>| {
            pair.as_ref().zip(windows.as_ref()).map(|(instances, window)| within(instances, window))
        };
        let instances = self.instances.iter().map(|(name, pair)| (name.clone(), cut(pair)));
        let slices = self.slices.iter().map(|(name, slices)| {
            (name.clone(), Slices { dimensions: slices.dimensions.clone(), parts: cut(&slices.parts) })
        });
        Dataset {
            windows,
            step: self.step,
            steps: self.steps.clone(),
            metrics: metrics.collect(),
            instances: instances.collect(),
            slices: slices.collect(),
            signatures: self.signatures.iter().map(|(name, one)| (name.clone(), one.within(&windows))).collect(),
            origins: self.origins.clone(),
            lost: self.lost.clone(),
            groups: self.groups.clone(),
            remarks: self.remarks.clone(),
            past: self.past.clone(),
            days: self.days.as_ref().map(|days| days.until(elapsed)),
        }
    }
}

/// The points of each arm inside its window.
fn within_of(pair: &Pair<Series>, windows: &Pair<Window>) -> Pair<Series> {
    pair.as_ref().zip(windows.as_ref()).map(|(series, window)| series.within(window))
}

/// The points of each instance inside a window; an instance without any there is left out.
pub fn within(instances: &Instances, window: &Window) -> Instances {
    let cut = instances.iter().map(|(name, series)| (name.clone(), series.within(window)));
    cut.filter(|(_, series)| !series.is_empty()).collect()
}
