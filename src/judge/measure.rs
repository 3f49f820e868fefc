//! From the series of a criterion to the comparisons that its bounds ask for.
//!
//! This is where the shape of the data decides what may be asked: counts become ratios, differences or shares,
//! raw values become counts of slow requests, numbers per step become paired or one-arm levels.

use std::rc::Rc;
use std::sync::Arc;

use super::bias::allowance_for;
use super::case::Case;
use super::compare::{Comparison, UNUSABLE};
use super::grid::{Occurrences, Steps, Trials, sum};
use super::learned::Learned;
use super::level::LevelSteps;
use super::look::Look;
use super::onset::Onset;
use super::pairing;
use super::requests::{self, ArmRequests, Ordered};
use super::rules::{Bound, Kind, Limit, Scale, Side, Statistic, Unit};
use super::ties::Ties;
use super::words;
use crate::series::{Arm, Pair, Series};
use crate::stats::Direction;
use crate::stats::anytime::Starts;
use crate::stats::counts::{self, CountStep, Exposure};
use crate::stats::dispersion::Prior;
use crate::stats::instances::Instances;
use crate::stats::limits;
use crate::stats::normal::normal_quantile;
use crate::stats::quantile;
use crate::stats::single::{self, EventStep, TrialStep};
use crate::stats::slow::{self, Requests};
use crate::stats::steps::{Known, median};

/// How finely a monitoring system reports numbers, relative to their size, when nothing better is known.
pub(super) const RESOLUTION: f64 = 1e-3;

/// A criterion's data, reduced to what its comparisons need.
pub(super) struct Measured {
    /// Sample size per arm.
    pub(super) n: Pair<f64>,
    /// What `n` counts.
    pub(super) n_of: &'static str,
    /// Bad ones or occurrences per arm.
    pub(super) bad: Option<Pair<u64>>,
    /// The statistic in each arm, in the metric's unit.
    pub(super) estimate: Pair<Option<f64>>,
    /// What the statistic of each arm may truly be, where that is known apart from the comparison.
    pub(super) estimate_interval: Pair<Option<(f64, f64)>>,
    /// Why there is too little data for an answer, where the bounds alone do not show it.
    pub(super) scarce: Option<String>,
    /// Remarks for the reader.
    pub(super) notes: Vec<String>,
    /// Whether the answer is held back because the arms' percentiles cannot be compared.
    pub(super) advisory: bool,
    /// Whether the comparisons are of the complement: a good share is judged by its bad ones.
    pub(super) flipped: bool,
    points: Points,
    prior: Prior,
    learned: Option<Learned>,
}

enum Points {
    Counts(Pair<Steps<Trials>>, Option<Arc<Instances>>),
    Events(Pair<Steps<Occurrences>>, Option<Pair<f64>>),
    Values {
        canary: Arc<ArmRequests>,
        arms: Pair<Arc<ArmRequests>>,
        thresholds: Arc<[Option<f64>]>,
        ties: Option<Arc<Ties>>,
        q: f64,
    },
    Level {
        steps: Pair<Steps<f64>>,
        log: bool,
        allowance: Pair<Vec<f64>>,
    },
    Samples {
        steps: Pair<Steps<f64>>,
        log: bool,
        allowance: Pair<f64>,
    },
    AcrossSteps(Steps<f64>, f64),
}

/// One limit with the comparison that tests it.
pub(super) struct Test {
    pub(super) comparison: Rc<Comparison>,
    /// The same in the direction of a Fail, with the starts since when it may be beyond the limit.
    pub(super) onset: Onset,
    pub(super) limit: f64,
    /// The side of the limit that the bound wants, on the comparison's own scale.
    pub(super) wanted: Side,
    /// The evidence that the quantity lies on the wanted side of the limit.
    pub(super) towards: f64,
    /// The evidence that it lies on the other side.
    pub(super) away: f64,
}

impl Test {
    fn new(comparison: Comparison, limit: f64, wanted: Side) -> Test {
        let (towards, away) = sides(wanted);
        let onset = Onset::new(Rc::new(comparison.clone()), away);
        let comparison = Rc::new(comparison.mirrored(towards));
        let (towards, away) = (comparison.z(limit, towards), onset.z(limit));
        Test { comparison, onset, limit, wanted, towards, away }
    }

    /// The any-time evidence that the quantity lies on the wanted side of the limit.
    pub(super) fn towards_ln_e(&self, look: &Look) -> f64 {
        self.comparison.ln_e(self.limit, sides(self.wanted).0, look.whole(), look.horizon)
    }

    /// The any-time evidence that it lies on the other side, gathered since some starts.
    pub(super) fn away_ln_e(&self, starts: &Starts, look: &Look) -> f64 {
        self.comparison.ln_e(self.limit, sides(self.wanted).1, starts, look.horizon)
    }
}

/// The direction of the wanted side, and the other one.
pub(super) fn sides(wanted: Side) -> (Direction, Direction) {
    match wanted {
        Side::AtMost => (Direction::Below, Direction::Above),
        Side::AtLeast => (Direction::Above, Direction::Below),
    }
}

impl Measured {
    /// Reduces the case's series.
    pub(super) fn of(case: &Case, ordered: &Ordered) -> Measured {
        let learned = case.rules.learned.get(&case.criterion.metric);
        let counts = learned.and_then(|learned| learned.counts(case.is_parallel()));
        let prior = match case.metric.history {
            Some((phi, nu)) => Prior::History { phi, nu },
            None => counts.map_or(Prior::default(), Prior::Learned),
        };
        match (&case.metric.kind, case.criterion.statistic) {
            (Kind::BadShare | Kind::GoodShare | Kind::PartShare, _) => Self::rate(case, prior),
            (Kind::Events, _) => Self::events(case, prior),
            (Kind::Values, Statistic::Quantile(q)) => Self::values(case, ordered, q, prior),
            (Kind::Values, _) => Self::values(case, ordered, 0.5, prior),
            (Kind::Gauge { .. }, Statistic::Quantile(q)) => Self::across_steps(case, q, prior),
            (Kind::Gauge { quantile, scale }, _) => Self::level(case, *quantile, *scale, prior),
        }
    }

    fn rate(case: &Case, prior: Prior) -> Measured {
        let steps = case.grid.counts(case.series);
        let seen = if case.needs_baseline() { &pairing::paired(&steps) } else { &steps };
        let total = seen.as_ref().map(|s| sum(s.iter().flatten().map(|t| t.total)));
        let bad = seen.as_ref().map(|s| sum(s.iter().flatten().map(|t| t.bad)));
        let flipped = case.metric.kind == Kind::GoodShare;
        let instances = case.instances().map(Arc::new);
        let note = |own: &Arc<Instances>| words::instances(own.counted(&paired_counts(&steps), 0));
        let estimate = bad.zip(total).map(|(bad, total)| share(bad, total, flipped));
        Measured {
            n: total.map(|n| n as f64),
            n_of: "trials",
            bad: Some(bad),
            estimate,
            flipped,
            notes: instances.iter().map(note).collect(),
            prior,
            ..Self::empty(Points::Counts(steps, instances))
        }
    }

    fn events(case: &Case, prior: Prior) -> Measured {
        let steps = case.grid.events(case.series);
        let own = has_exposure(case);
        let seen = if case.needs_baseline() { &pairing::paired(&steps) } else { &steps };
        let count = seen.as_ref().map(|s| sum(s.iter().flatten().map(|o| o.count)));
        let exposure = seen.as_ref().map(|s| s.iter().flatten().map(|o| o.exposure).sum::<f64>());
        let estimate = count.zip(exposure).map(|(count, exposure)| frequency(count, exposure));
        let mut notes = Vec::new();
        if !own && case.needs_baseline() && case.rules.traffic.is_none() {
            notes.push(
                "events are compared as if both arms had the same traffic; say `traffic` or an `exposure`".into(),
            );
        }
        let shares = shares(case);
        if let Some(shares) = shares {
            let percent = shares.map(|share| words::quantity(share, &Unit::Share));
            notes.push(format!("compared per share of the traffic: {} against {}", percent.canary, percent.baseline));
        }
        let n_of = if own { "exposure" } else { "seconds" };
        let points = Points::Events(steps, shares);
        Measured { n: exposure, n_of, bad: Some(count), estimate, notes, prior, ..Self::empty(points) }
    }

    /// The requests of both arms and the quantile of them that is judged.
    pub(super) fn requests(&self) -> Option<(&Pair<Arc<ArmRequests>>, f64)> {
        match &self.points {
            Points::Values { arms, q, .. } => Some((arms, *q)),
            _ => None,
        }
    }

    fn values(case: &Case, ordered: &Ordered, q: f64, prior: Prior) -> Measured {
        let compared = case.needs_baseline();
        let all = ordered.of(&case.criterion.metric, || case.grid.values(case.series));
        let arms = if compared { ordered.paired(&case.criterion.metric, &all) } else { all.clone() };
        let n = arms.as_ref().map(|arm| arm.pooled.len() as f64);
        let estimate = arms.as_ref().map(|arm| arm.pooled.quantile(q));
        let critical = normal_quantile((1.0 + case.rules.policy.level) / 2.0);
        let limits = arms.as_ref().map(|arm| limits::woodruff(&arm.steps, &arm.pooled, q, critical, prior));
        let (of, unit) = (&case.metric.of, &case.metric.unit);
        let shown = Arm::BOTH.into_iter().filter(|arm| compared || *arm == Arm::Canary);
        let remarks = |arm: Arm| {
            let pooled = &arms.get(arm).pooled;
            [requests::cut_off(pooled, arm.name(), of, unit), requests::coarse(pooled, arm.name(), q, unit)]
        };
        let notes = shown.flat_map(remarks).flatten().collect();
        let thresholds = if compared { slow::predictable_thresholds(&arms.baseline.steps, q) } else { Vec::new() };
        let ties = compared.then(|| Ties::of(&arms.baseline, q, prior)).flatten().map(Arc::new);
        let smaller = if compared { n.canary.min(n.baseline) } else { n.canary };
        Measured {
            n,
            n_of: "trials",
            estimate,
            estimate_interval: limits.map(|limits| limits.map(|l| (l.low, l.high))),
            scarce: requests::scarce(smaller, q, compared, of),
            notes,
            prior,
            ..Self::empty(Points::Values { canary: all.canary, arms, thresholds: thresholds.into(), ties, q })
        }
    }

    fn across_steps(case: &Case, q: f64, prior: Prior) -> Measured {
        let steps = case.grid.gauge(case.series);
        let n = steps.as_ref().map(|s| s.iter().flatten().count() as f64);
        let estimate = steps.as_ref().map(|s| {
            let mut present: Vec<f64> = s.iter().flatten().copied().collect();
            present.sort_unstable_by(f64::total_cmp);
            quantile::quantile(&present, q)
        });
        let notes = vec!["a quantile across steps of a number computed elsewhere, not of requests".to_owned()];
        let points = Points::AcrossSteps(steps.canary, q);
        Measured { n, n_of: "steps", estimate, notes, prior, ..Self::empty(points) }
    }

    fn level(case: &Case, q: Option<f64>, scale: Scale, prior: Prior) -> Measured {
        let grid = if case.is_unpaired() { case.grid.apart() } else { case.grid };
        let mut steps = grid.gauge(case.series);
        let learned = case.rules.learned.get(&case.criterion.metric).cloned();
        let mut notes = Vec::new();
        let (mut allowance, mut advisory) = (Pair::default(), false);
        if let Some(q) = q.filter(|_| case.needs_baseline()) {
            (allowance, advisory) = allowance_for(case, &grid, q, &mut steps, &mut notes);
        }
        let positive = steps.as_ref().map(|s| s.iter().flatten().all(|v| *v > 0.0));
        let both_positive = positive.canary && (positive.baseline || !case.needs_baseline());
        let log = match scale {
            Scale::Auto | Scale::Ratio => both_positive,
            Scale::Difference => false,
        };
        if scale == Scale::Ratio && !log {
            notes.push("compared by difference: the values are not all positive".into());
        }
        let paired = case.needs_baseline() && !case.is_unpaired();
        let seen = if paired { &pairing::paired(&steps) } else { &steps };
        let n = seen.as_ref().map(|s| s.iter().flatten().count() as f64);
        if case.is_unpaired() {
            notes.push("compared as two samples, not step by step: the windows differ".into());
            let estimate = steps.as_ref().map(|s| typical(s, log));
            let points = Points::Samples { steps, log, allowance: allowance.map(|a| a.last().copied().unwrap_or(0.0)) };
            return Measured { n, n_of: "steps", estimate, notes, advisory, prior, learned, ..Self::empty(points) };
        }
        let estimate = seen.as_ref().map(|s| typical(s, log));
        let points = Points::Level { steps, log, allowance };
        Measured { n, n_of: "steps", estimate, notes, advisory, prior, learned, ..Self::empty(points) }
    }

    fn empty(points: Points) -> Measured {
        Measured {
            n: Pair::default(),
            n_of: "steps",
            bad: None,
            estimate: Pair::default(),
            estimate_interval: Pair::default(),
            scarce: None,
            notes: Vec::new(),
            advisory: false,
            flipped: false,
            points,
            prior: Prior::default(),
            learned: None,
        }
    }

    /// The statistic in each arm since a step, where a Fail may rest on that.
    pub(super) fn since(&self, start: usize) -> Pair<Option<f64>> {
        fn since(steps: &Steps<f64>, start: usize) -> &[Option<f64>] {
            steps.get(start..).unwrap_or_default()
        }
        match &self.points {
            Points::Counts(steps, _) => {
                let later = |steps: &Steps<Trials>| {
                    let later = || steps.iter().skip(start).flatten();
                    share(sum(later().map(|t| t.bad)), sum(later().map(|t| t.total)), self.flipped)
                };
                pairing::paired(steps).as_ref().map(later)
            }
            Points::Events(steps, _) => {
                let later = |steps: &Steps<Occurrences>| {
                    let later = || steps.iter().skip(start).flatten();
                    frequency(sum(later().map(|o| o.count)), later().map(|o| o.exposure).sum())
                };
                pairing::paired(steps).as_ref().map(later)
            }
            Points::Values { arms, q, .. } => arms.as_ref().map(|arm| {
                let later: Vec<_> = arm.steps.iter().skip(start).cloned().collect();
                ArmRequests::new(later).pooled.quantile(*q)
            }),
            Points::Level { steps, log, .. } => {
                pairing::paired(steps).as_ref().map(|steps| typical(since(steps, start), *log))
            }
            Points::Samples { steps, log, .. } => {
                Pair { baseline: typical(&steps.baseline, *log), canary: typical(since(&steps.canary, start), *log) }
            }
            Points::AcrossSteps(..) => Pair::default(),
        }
    }

    /// How much data the comparison has: of steps compared in pairs, the pairs.
    pub(super) fn usable(&self, paired: bool) -> f64 {
        match &self.points {
            _ if !paired => self.n.canary,
            Points::Samples { .. } => self.n.canary.min(self.n.baseline),
            Points::Level { steps, .. } => {
                let pairs = steps.baseline.iter().zip(&steps.canary);
                pairs.filter(|(b, c)| b.is_some() && c.is_some()).count() as f64
            }
            _ => self.n.canary.min(self.n.baseline),
        }
    }

    /// The tests of one bound: one, or two where a margin is the wider of two parts.
    pub(super) fn tests(&self, bound: &Bound) -> Vec<Test> {
        let wanted = if self.flipped { bound.side.opposite() } else { bound.side };
        let limits: Vec<(Limit, f64)> = match bound.limit {
            Limit::Threshold(value) => vec![(bound.limit, if self.flipped { 1.0 - value } else { value })],
            Limit::Margin { relative, absolute } => {
                let relative = relative.map(|r| (Limit::Margin { relative, absolute: None }, 1.0 + r));
                let signed = absolute.map(|a| if self.flipped { -a } else { a });
                let absolute = signed.map(|a| (Limit::Margin { relative: None, absolute }, a));
                let equal = (Limit::Margin { relative: None, absolute: None }, f64::NAN);
                let parts: Vec<_> = relative.into_iter().chain(absolute).collect();
                if parts.is_empty() { vec![equal] } else { parts }
            }
        };
        limits.into_iter().map(|(limit, value)| self.test(limit, value, wanted, bound.strict)).collect()
    }

    fn test(&self, limit: Limit, value: f64, wanted: Side, strict: bool) -> Test {
        // Where many values are equal it matters on which side the limit itself lies.
        let limit_is_beyond = (wanted == Side::AtMost) == strict;
        let by_ratio = matches!(limit, Limit::Margin { absolute: None, .. });
        // `baseline` alone is a margin of nothing: a ratio of one, or a difference of zero.
        let bare = value.is_nan();
        let ratio = if bare { 1.0 } else { value };
        let learned = self.learned.as_ref();
        let (comparison, limit) = match (&self.points, limit) {
            (Points::Counts(steps, _), Limit::Threshold(_)) => (one_arm_share(steps, self.prior), value),
            (Points::Counts(steps, instances), _) => {
                let steps = paired_counts(steps);
                let (instances, exposure, prior) = (instances.clone(), Exposure::Trials, self.prior);
                let effect = counts::design_effect_from(&steps, 0, instances.as_deref(), exposure, prior);
                if by_ratio && !bare {
                    (Comparison::RateRatio { steps, instances, effect, exposure, prior }, ratio)
                } else {
                    (Comparison::RateDifference { steps, instances, effect, prior }, if bare { 0.0 } else { value })
                }
            }
            (Points::Events(steps, _), Limit::Threshold(_)) => (one_arm_frequency(steps, self.prior), value),
            (Points::Events(steps, shares), _) => {
                let steps = paired_events(steps, shares.unwrap_or(Pair { baseline: 1.0, canary: 1.0 }));
                let (exposure, prior) = (Exposure::Measure, self.prior);
                let effect = counts::design_effect(&steps, exposure, prior);
                (Comparison::RateRatio { steps, instances: None, effect, exposure, prior }, ratio)
            }
            (Points::Values { canary, q, .. }, Limit::Threshold(_)) => {
                let (arm, prior) = (canary.clone(), self.prior);
                (Comparison::Quantile { arm, q: *q, prior, across_steps: false, limit_is_beyond }, value)
            }
            (Points::Values { arms, thresholds, ties, q, .. }, _) => {
                let estimate = match (self.estimate.canary, self.estimate.baseline) {
                    (Some(c), Some(b)) if b > 0.0 => Some(c / b).filter(|ratio| ratio.is_finite()),
                    _ => None,
                };
                let (arms, thresholds, ties, prior) = (arms.clone(), thresholds.clone(), ties.clone(), self.prior);
                (Comparison::QuantileRatio { arms, thresholds, q: *q, estimate, prior, ties, since: None }, ratio)
            }
            (Points::AcrossSteps(steps, q), _) => {
                let steps = steps.iter().map(|v| Requests::single(v.iter().copied().collect())).collect();
                let (arm, prior) = (Arc::new(ArmRequests::new(steps)), self.prior);
                (Comparison::Quantile { arm, q: *q, prior, across_steps: true, limit_is_beyond }, value)
            }
            (Points::Level { steps, log, .. } | Points::Samples { steps, log, .. }, Limit::Threshold(_)) => {
                one_arm_level(&steps.canary, *log, value, learned)
            }
            (Points::Samples { steps, log, allowance }, _) => {
                unpaired_level(steps, *log, *allowance, by_ratio.then_some(ratio), value, learned)
            }
            (Points::Level { steps, log, allowance }, _) => {
                paired_level(steps, *log, allowance, by_ratio.then_some(ratio), value, learned)
            }
        };
        let comparison = match comparison {
            Comparison::Level(level) if !strict => Comparison::Level(level.meeting(limit, sides(wanted).0)),
            other => other,
        };
        Test::new(comparison, limit, wanted)
    }
}

/// The share of bad trials, or of good ones.
fn share(bad: u64, total: u64, flipped: bool) -> Option<f64> {
    let share = (total > 0).then(|| bad as f64 / total as f64);
    share.map(|share| if flipped { 1.0 - share } else { share })
}

fn frequency(count: u64, exposure: f64) -> Option<f64> {
    (exposure > 0.0).then(|| count as f64 / exposure)
}

/// Whether the occurrences of either arm have an exposure of their own.
fn has_exposure(case: &Case) -> bool {
    let exposed = |series: &Series| matches!(series, Series::Events { exposure: Some(_), .. });
    exposed(&case.series.baseline) || exposed(&case.series.canary)
}

/// The share of the traffic that each arm had, where occurrences are compared by it.
pub(super) fn shares(case: &Case) -> Option<Pair<f64>> {
    let traffic = case.rules.traffic.as_ref().filter(|_| !has_exposure(case) && case.needs_baseline())?;
    // A baseline from another time had all of the traffic.
    let rest = if case.is_parallel() { 1.0 - traffic.share } else { 1.0 };
    Some(Pair { baseline: rest, canary: traffic.share })
}

fn one_arm_share(steps: &Pair<Steps<Trials>>, prior: Prior) -> Comparison {
    let trials: Vec<_> = steps.canary.iter().map(|s| s.map(|t| TrialStep { total: t.total, bad: t.bad })).collect();
    let effect = single::realised_trial_effect(&trials, prior);
    let (total, bad) = (sum(trials.iter().flatten().map(|t| t.total)), sum(trials.iter().flatten().map(|t| t.bad)));
    Comparison::Share { steps: trials, bad, total, effect, prior, dispersion: single::realised_trial_effect }
}

fn one_arm_frequency(steps: &Pair<Steps<Occurrences>>, prior: Prior) -> Comparison {
    let events = steps.canary.iter().map(|s| s.map(|o| EventStep { exposure: o.exposure, count: o.count }));
    let events: Vec<_> = events.collect();
    let effect = single::realised_event_effect(&events, prior);
    let exposure = events.iter().flatten().map(|s| s.exposure).sum();
    let count = sum(events.iter().flatten().map(|s| s.count));
    Comparison::Frequency { steps: events, count, exposure, effect, prior }
}

fn paired_counts(steps: &Pair<Steps<Trials>>) -> Vec<CountStep> {
    let pairs = steps.baseline.iter().zip(&steps.canary);
    let step = |(b, c): (&Option<Trials>, &Option<Trials>)| match (b, c) {
        (Some(b), Some(c)) => {
            CountStep { canary_total: c.total as f64, canary: c.bad, baseline_total: b.total as f64, baseline: b.bad }
        }
        _ => UNUSABLE,
    };
    pairs.map(step).collect()
}

/// Occurrences without an exposure of their own expose by time, and between arms by the `shares` of the traffic.
fn paired_events(steps: &Pair<Steps<Occurrences>>, shares: Pair<f64>) -> Vec<CountStep> {
    let pairs = steps.baseline.iter().zip(&steps.canary);
    let step = |(b, c): (&Option<Occurrences>, &Option<Occurrences>)| match (b, c) {
        (Some(b), Some(c)) => CountStep {
            canary_total: c.exposure * shares.canary,
            canary: c.count,
            baseline_total: b.exposure * shares.baseline,
            baseline: b.count,
        },
        _ => UNUSABLE,
    };
    pairs.map(step).collect()
}

fn one_arm_level(steps: &Steps<f64>, log: bool, limit: f64, learned: Option<&Learned>) -> (Comparison, f64) {
    let log = log && limit > 0.0;
    let y: Vec<_> = steps.iter().map(|v| v.map(|v| if log { v.ln() } else { v })).collect();
    let size = median(&steps.iter().flatten().map(|v| v.abs()).collect::<Vec<_>>()).unwrap_or(1.0);
    let level = LevelSteps::one(&y, log, known(log, size, learned));
    (Comparison::Level(level), limit)
}

fn paired_level(
    steps: &Pair<Steps<f64>>,
    log: bool,
    allowance: &Pair<Vec<f64>>,
    ratio: Option<f64>,
    absolute: f64,
    learned: Option<&Learned>,
) -> (Comparison, f64) {
    let log = log && ratio.is_some();
    let size = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>()).map_or(1.0, f64::abs);
    let scaled = |a: &Vec<f64>| a.iter().map(|a| if log { *a } else { a * size }).collect();
    let (allowance, known) = (allowance.as_ref().map(scaled), known(log, size, learned));
    let level = LevelSteps::paired(steps, log, &allowance, &known);
    let limit = match ratio {
        Some(ratio) if log => ratio,
        Some(ratio) => (ratio - 1.0) * size,
        None => absolute,
    };
    (Comparison::Level(level), limit)
}

fn unpaired_level(
    steps: &Pair<Steps<f64>>,
    log: bool,
    allowance: Pair<f64>,
    ratio: Option<f64>,
    absolute: f64,
    learned: Option<&Learned>,
) -> (Comparison, f64) {
    let log = log && ratio.is_some();
    let size = median(&steps.baseline.iter().flatten().copied().collect::<Vec<_>>()).map_or(1.0, f64::abs);
    let allowance = allowance.map(|a| if log { a } else { a * size });
    let limit = match ratio {
        Some(ratio) if log => ratio,
        Some(ratio) => (ratio - 1.0) * size,
        None => absolute,
    };
    (Comparison::Level(LevelSteps::apart(steps, log, allowance, &known(log, size, learned))), limit)
}

/// The level of one arm, on the scale on which the arms are compared, so that both levels and their ratio go together.
pub(super) fn typical(steps: &[Option<f64>], log: bool) -> Option<f64> {
    let y = || steps.iter().flatten().map(|v| if log { v.ln() } else { *v });
    let mean = y().sum::<f64>() / y().count() as f64;
    Some(if log { mean.exp() } else { mean }).filter(|v| v.is_finite())
}

/// What is known of the noise of a step before it is seen.
fn known(log: bool, size: f64, learned: Option<&Learned>) -> Known {
    Known { floor: resolution_variance(log, size), learned: learned.and_then(|learned| learned.steps(log)) }
}

/// The variance that rounding alone gives to one step.
pub(super) fn resolution_variance(log: bool, size: f64) -> f64 {
    let resolution = if log { RESOLUTION } else { RESOLUTION * size.max(f64::MIN_POSITIVE) };
    resolution * resolution / 12.0
}
