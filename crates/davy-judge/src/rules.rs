//! What is asked of the data: the part of a plan that the judge sees.
//!
//! Rules are already resolved: names are unique, bounds carry numbers in the metric's own unit, and a criterion
//! never asks a question that the shape of its metric cannot answer (the plan refused those).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::learned::Learned;
use crate::series::{Gravity, MetricName, Pair, Remark, SignedDuration};

/// Everything the judge needs beside the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The name of the comparison.
    pub name: String,
    /// The labels of each arm as written, in order ("version", "41").
    pub labels: Pair<Vec<(String, String)>>,
    /// The phase whose criteria these are.
    pub phase: Option<String>,
    /// Fingerprint of the resolved configuration, so that a report says what it was judged by.
    pub fingerprint: String,
    /// What is known of each metric that a criterion names.
    pub metrics: BTreeMap<MetricName, Metric>,
    /// What their past says of their noise, if it was asked; of a metric with groups, that of each group.
    pub learned: BTreeMap<MetricName, Learned>,
    /// What must hold, in the order written.
    pub criteria: Vec<Criterion>,
    /// What is asked of logs, by their names.
    pub signatures: BTreeMap<String, SignatureRule>,
    /// What the data holds and no criterion judges.
    pub not_judged: Vec<NotJudged>,
    /// The canary's expected share of the traffic, and what follows from a mismatch.
    pub traffic: Option<Traffic>,
    /// When the data is looked at.
    pub looks: Looks,
    /// How outcomes become a verdict.
    pub policy: Policy,
}

impl Rules {
    /// Whether a metric's arms are compared with each other.
    pub fn compares(&self, metric: &str) -> bool {
        let split = self.traffic.as_ref().and_then(|traffic| traffic.metric.as_deref());
        split == Some(metric) || self.criteria.iter().any(|c| c.metric == metric && c.compares())
    }

    /// Whether there is no verdict without a metric: anything that decides reads it.
    pub fn requires(&self, metric: &str) -> bool {
        let split = self.traffic.as_ref().and_then(|traffic| traffic.metric.as_deref());
        let decides = |c: &Criterion| !matches!(c.severity, Severity::Optional | Severity::Muted);
        split == Some(metric) || self.criteria.iter().any(|c| c.metric == metric && decides(c))
    }
}

/// What is asked of the lines of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureRule {
    /// What a template is that the baseline never wrote.
    pub new: OnLines,
    /// What one is that the canary writes more often.
    pub more: OnLines,
    /// By how much more often is still no rise: 0.5 for 50 %.
    pub margin: f64,
    /// By what the arms are compared.
    pub per: Per,
}

/// What is made of lines that are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLines {
    /// They are not looked for.
    Off,
    /// The report names them.
    Tell,
    /// A Warn.
    Warn,
    /// A Fail.
    Fail,
}

/// What each arm was exposed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Per {
    /// The requests that the traffic is counted by, else its share, else time.
    Usual,
    /// The totals of this metric.
    Metric(MetricName),
    /// All lines that an arm wrote.
    Lines,
}

/// When the data is looked at, fixed before any of it is seen: how much evidence an answer needs depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Looks {
    /// Once.
    #[default]
    Once,
    /// During a soak whose end is known.
    Planned {
        /// How long it lasts, from the beginning of the canary's window.
        soak: SignedDuration,
        /// How often it is judged meanwhile; when not said, at the end alone.
        every: Option<SignedDuration>,
    },
    /// Any number of times, with no end known beforehand.
    Open,
}

/// What the judge knows of a metric beside its points.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What its values are measured in.
    pub unit: Unit,
    /// What its points are.
    pub kind: Kind,
    /// What a rate is a share of, or values are one per: "requests", "lookups", "sessions".
    pub of: String,
    /// A prior for its design effect from the service's own history, as (phi, nu).
    pub history: Option<(f64, f64)>,
    /// What its groups are of ("route"), where each is judged by itself.
    pub by: Option<String>,
    /// What is known of its data from when it was recorded.
    pub remarks: Vec<Remark>,
}

/// Something that the data holds and no criterion judges: a column, a latency without a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// What it is: "p95_ms".
    pub what: String,
    /// Why no criterion judges it: "canary.csv has no such column".
    pub why: String,
    /// How far that limits the verdict.
    pub gravity: Gravity,
}

/// What a metric's values are measured in. Bounds and estimates are in this unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Unit {
    /// A share between 0 and 1, shown in percent.
    Share,
    /// Seconds are never used inside: durations are milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Percent of something that is not a rate of counts (CPU): 50 means 50 %.
    Percent,
    /// Occurrences per second (shown per minute or per what the bound says), or per unit of exposure.
    PerSecond,
    /// Occurrences per unit of exposure, with the unit's name ("session").
    Per(String),
    /// A bare number, with the unit's own name or nothing.
    Plain(String),
    /// How much a number changes in a span of time: MiB an hour.
    Change {
        /// What the number is measured in.
        of: Box<Unit>,
        /// In how long.
        per: SignedDuration,
    },
}

/// What a metric's points are, and which way is worse.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Counts of bad among all; the rate shown is bad / total.
    BadShare,
    /// Counts of bad among all; the rate shown is the good share, 1 - bad / total.
    GoodShare,
    /// Counts of a part among all, neither good nor bad.
    PartShare,
    /// Occurrences without trials.
    Events,
    /// One value per request.
    Values,
    /// One number per step.
    Gauge {
        /// The quantile (in [0, 1]) of requests that each point is, if it is one.
        quantile: Option<f64>,
        /// Compare by ratio (positive quantities) or by difference.
        scale: Scale,
    },
}

/// How the arms of a gauge are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By ratio where all values are positive, else by difference.
    Auto,
    /// By ratio.
    Ratio,
    /// By difference.
    Difference,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Unique name, shown in reports.
    pub name: String,
    /// The metric it reads.
    pub metric: MetricName,
    /// What of the metric is compared.
    pub statistic: Statistic,
    /// What must hold to pass.
    pub pass: Option<Bound>,
    /// What makes it fail; without it, anything shown to be beyond `pass`.
    pub fail: Option<Bound>,
    /// How the comparison is made.
    pub rule: Rule,
    /// How much a failure matters.
    pub severity: Severity,
    /// What a Pass asks of it.
    pub role: Role,
    /// Its weight in the score and its share of the false-alarm budget.
    pub weight: f64,
    /// The group it is scored in.
    pub group: String,
    /// Criteria of one family share one part of the false-alarm budget (p50, p95 and p99 of one endpoint).
    pub family: String,
}

impl Criterion {
    /// The bound that says what must hold: `pass`, or where only a failure is described, that.
    pub fn target(&self) -> Option<&Bound> {
        self.pass.as_ref().or(self.fail.as_ref())
    }

    /// What its bounds and its estimate are measured in.
    pub fn unit(&self, metric: &Metric) -> Unit {
        match self.statistic {
            Statistic::Count => Unit::Plain(String::new()),
            Statistic::StepsBeyond(_) => Unit::Share,
            Statistic::Trend { per } => Unit::Change { of: Box::new(metric.unit.clone()), per },
            _ => metric.unit.clone(),
        }
    }

    /// Whether any of its bounds refers to the baseline.
    pub fn compares(&self) -> bool {
        let bounds = [self.pass, self.fail].into_iter().flatten();
        bounds.into_iter().any(|bound| matches!(bound.limit, Limit::Margin { .. }))
    }
}

/// What of a metric is compared with the bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// The share of a counts metric.
    Rate,
    /// Occurrences per time or exposure of an events metric.
    Frequency,
    /// The number of occurrences in the window, events or bad counts.
    Count,
    /// The typical level of a gauge: mean and median of the steps must agree.
    Typical,
    /// A quantile (in [0, 1]): of requests for values, across steps for a gauge.
    Quantile(f64),
    /// Any quantile of requests between two (in [0, 1]); where one is not written, it is the outermost that the numbers of
    /// requests can tell.
    AnyQuantile {
        /// The first.
        from: Option<f64>,
        /// The last.
        to: Option<f64>,
    },
    /// The largest step of a gauge or largest value.
    Max,
    /// The smallest.
    Min,
    /// The share of steps whose value lies beyond a limit.
    StepsBeyond(Beyond),
    /// How much a gauge changes in a span of time.
    Trend {
        /// The span.
        per: SignedDuration,
    },
}

impl Statistic {
    /// Whether it is one number of a window, which several earlier windows can be compared by.
    pub fn is_of_days(self) -> bool {
        matches!(self, Statistic::Rate | Statistic::Frequency | Statistic::Typical | Statistic::Quantile(_))
    }
}

/// The side of a limit on which a step is a bad one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beyond {
    /// The limit in the metric's unit.
    pub limit: f64,
    /// Whether steps above it are bad ones, or those below.
    pub above: bool,
    /// Whether steps at the limit are bad ones.
    pub inclusive: bool,
    /// The quantile (in [0, 1]) of a step's requests, of metrics with one value per request.
    pub quantile: Option<f64>,
}

impl Beyond {
    /// Whether a number lies on that side.
    pub fn is_beyond(&self, value: f64) -> bool {
        match (self.above, self.inclusive) {
            (true, false) => value > self.limit,
            (true, true) => value >= self.limit,
            (false, false) => value < self.limit,
            (false, true) => value <= self.limit,
        }
    }
}

/// A limit and the side of it that is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Which side of the limit satisfies the bound.
    pub side: Side,
    /// Whether the limit itself does not satisfy it (`<` rather than `<=`).
    pub strict: bool,
    /// The limit.
    pub limit: Limit,
    /// The span in which occurrences are counted, for `<= 10 / 5m` under an alarm rule.
    pub per: Option<SignedDuration>,
}

/// The wanted side of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `<`, `<=`, `==` for counts.
    AtMost,
    /// `>`, `>=`.
    AtLeast,
}

impl Side {
    /// The other side.
    pub fn opposite(self) -> Side {
        match self {
            Side::AtMost => Side::AtLeast,
            Side::AtLeast => Side::AtMost,
        }
    }
}

/// A limit on the canary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// An absolute value, in the metric's unit.
    Threshold(f64),
    /// The baseline plus (or minus, when negative) a margin. With both parts the wider one counts:
    /// `baseline + max(50%, 0.1pp)`.
    Margin {
        /// As a fraction of the baseline: 0.05 for 5 %.
        relative: Option<f64>,
        /// In the metric's unit.
        absolute: Option<f64>,
    },
}

/// How a comparison is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The whole confidence interval must lie on one side.
    Interval,
    /// The observed number is compared, without statistics.
    Observed,
    /// An alarm: fails when in any `n` consecutive periods at least `m` are beyond the bound.
    Periods {
        /// Periods that must be beyond.
        m: usize,
        /// Out of so many consecutive ones.
        n: usize,
        /// Those that are beyond must hold at least so many bad ones together.
        min_count: u64,
    },
}

/// How much a failed criterion matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Fails the verdict, and the score of its group is 0.
    Critical,
    /// Fails the verdict.
    Normal,
    /// Shown, never decides.
    Muted,
    /// Decides as any other, but where its source could not be reached there is a verdict without it.
    Optional,
}

/// What a Pass asks of a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// It must be shown to hold.
    #[default]
    Primary,
    /// It must not be broken, and the data must be such that it would be seen.
    Guardrail,
}

/// What the finding about the traffic's split is called.
pub const TRAFFIC_SHARE: &str = "traffic share";

/// The expected split of the traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// The canary's expected share, strictly between 0 and 1.
    pub share: f64,
    /// The counts metric whose totals are the traffic; any counts metric when not said.
    pub metric: Option<MetricName>,
    /// What a mismatch makes of the finding.
    pub on_mismatch: Mismatch,
}

/// What a sample-ratio mismatch means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The comparison is suspect: warn.
    Warn,
    /// The rollout itself is wrong: fail.
    Fail,
}

/// How findings become a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Confidence: 1 - the chance of a false Fail per run, and of a false Pass per criterion.
    pub level: f64,
    /// What is dropped from the beginning of both arms, in whole steps.
    pub warmup: SignedDuration,
    /// Share of elapsed steps that must be usable for any statistical answer.
    pub min_coverage: f64,
    /// Fewest usable steps for a gauge.
    pub min_steps: usize,
    /// A Fail on counts needs at least so many bad events more than expected.
    pub min_excess: f64,
    /// What a canary that went silent is.
    pub silent: Silent,
    /// What one instance of the canary that is worse than its others makes of a Pass.
    pub one_bad_instance: OneBad,
    /// Which comparison decides if the arms have another mix of slices.
    pub mix: MixDecides,
    /// When given, the score decides too.
    pub score: Option<ScorePolicy>,
    /// Before this much of the window there is no Pass.
    pub min_soak: Option<SignedDuration>,
    /// Where a failed verdict rolls back to, in words ("phase 5%", "baseline").
    pub roll_back_to: String,
    /// What follows this phase, in words ("phase 50%"); nothing after the last.
    pub promote_to: Option<String>,
    /// The zone whose clock says whether two windows begin at the same time of day; UTC without one.
    pub zone: Option<TimeZone>,
}

impl Policy {
    /// How many steps the warm-up takes, a begun one as a whole.
    pub fn warmup_steps(&self, step: SignedDuration) -> usize {
        steps_of(self.warmup, step)
    }
}

/// How many steps of a length a span takes, a begun one as a whole.
pub(super) fn steps_of(span: SignedDuration, step: SignedDuration) -> usize {
    let (span, step) = (span.as_millis().max(0), step.as_millis().max(1));
    usize::try_from((span + step - 1) / step).unwrap_or(usize::MAX)
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            level: 0.95,
            warmup: SignedDuration::ZERO,
            min_coverage: 0.5,
            min_steps: 5,
            min_excess: 5.0,
            silent: Silent::Inconclusive,
            one_bad_instance: OneBad::Warn,
            mix: MixDecides::Plain,
            score: None,
            min_soak: None,
            roll_back_to: "baseline".into(),
            promote_to: None,
            zone: None,
        }
    }
}

/// What one instance that is worse than the others of the canary makes of a Pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneBad {
    /// A Warn.
    Warn,
    /// A Fail.
    Fail,
}

/// Which comparison decides if the arms have another mix of slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixDecides {
    /// That at the baseline's mix, where it can be made.
    Adjusted,
    /// The plain one.
    Plain,
}

/// What it means when the canary stops reporting while the baseline goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// The criterion cannot pass.
    Inconclusive,
    /// The criterion fails.
    Fail,
}

/// Limits on the weighted score, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScorePolicy {
    /// At or above: the score passes.
    pub pass: f64,
    /// At or above, but below `pass`: the score warns. Below: it fails.
    pub marginal: f64,
}
