//! From the series of a criterion to the comparisons that its bounds ask for (`methods`).
//!
//! This is where the shape of the data decides what may be asked: counts become ratios, differences or shares,
//! raw values become counts of slow requests, numbers per step become paired or one-arm levels.

use std::rc::Rc;
use std::sync::Arc;

use super::bias::allowance_for;
use super::case::Case;
use super::compare::{Comparison, Facts};
use super::days::ReadDays;
use super::earlier::{EarlierDays, Sizes};
use super::exposure::{has_exposure, shares};
use super::grid::{Occurrences, Steps, Trials, sum};
use super::learned::Learned;
use super::look::Look;
use super::methods::any_quantile::{AnyQuantile, Spread};
use super::methods::days::BesideDays;
use super::methods::frequency::Frequency;
use super::methods::level::{self, LevelSteps, typical};
use super::methods::quantile::Quantile;
use super::methods::quantile_ratio::{QuantileRatio, Thresholds};
use super::methods::rate_difference::RateDifference;
use super::methods::rate_ratio::RateRatio;
use super::methods::samples;
use super::methods::share::Share;
use super::methods::spikes::Spikes;
use super::methods::trend::{self, Trend};
use super::onset::Onset;
use super::pairing;
use super::requests::{self, ArmRequests, Ordered};
use super::rules::{Beyond, Bound, Kind, Limit, Scale, Side, Statistic, Unit};
use super::words;
use crate::series::{Arm, Pair};
use davy_stats::Direction;
use davy_stats::anytime::Starts;
use davy_stats::counts::Exposure;
use davy_stats::dispersion::Prior;
use davy_stats::instances::Instances;
use davy_stats::limits;
use davy_stats::normal::normal_quantile;
use davy_stats::quantile;
use davy_stats::single::{self, TrialStep};

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
    /// Several earlier days, where the canary is compared with them.
    pub(super) days: Option<ReadDays>,
    points: Points,
    prior: Prior,
    learned: Option<Learned>,
}

enum Points {
    Counts(Pair<Steps<Trials>>, Option<Arc<Instances>>),
    Events(Pair<Steps<Occurrences>>, Option<Pair<f64>>),
    Values { canary: Arc<ArmRequests>, arms: Pair<Arc<ArmRequests>>, thresholds: Thresholds, q: f64 },
    Quantiles(Spread),
    Level { steps: Pair<Steps<f64>>, log: bool, allowance: Pair<Vec<f64>> },
    Samples { steps: Pair<Steps<f64>>, log: bool, allowance: Pair<f64> },
    AcrossSteps(Steps<f64>, f64),
    Trend { steps: Pair<Steps<f64>>, log: bool, span: f64 },
    Spikes(Spikes),
}

/// One limit with the comparison that tests it.
pub(super) struct Test {
    pub(super) comparison: Rc<dyn Comparison>,
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
    fn new(comparison: Rc<dyn Comparison>, limit: f64, wanted: Side) -> Test {
        let (towards, away) = sides(wanted);
        let onset = Onset::new(comparison.clone(), away);
        let comparison = comparison.mirrored(towards).unwrap_or(comparison);
        let (towards, away) = (comparison.z(limit, towards), onset.z(limit));
        Test { comparison, onset, limit, wanted, towards, away }
    }

    /// Whether it is made of many comparisons.
    pub(super) fn is_of_many(&self) -> bool {
        self.comparison.facts() == Facts::AnyQuantile
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
        let measured = match (&case.metric.kind, case.criterion.statistic) {
            (_, Statistic::StepsBeyond(beyond)) => Self::spikes(case, beyond, prior),
            (Kind::BadShare | Kind::GoodShare | Kind::PartShare, _) => Self::rate(case, prior),
            (Kind::Events, _) => Self::events(case, prior),
            (Kind::Values, Statistic::Quantile(q)) => Self::values(case, ordered, q, prior),
            (Kind::Values, Statistic::AnyQuantile { from, to }) => Self::quantiles(case, ordered, (from, to), prior),
            (Kind::Values, _) => Self::values(case, ordered, 0.5, prior),
            (Kind::Gauge { .. }, Statistic::Quantile(q)) => Self::across_steps(case, q, prior),
            (Kind::Gauge { scale, .. }, Statistic::Trend { per }) => Self::trend(case, *scale, trend::span(case, per)),
            (Kind::Gauge { quantile, scale }, _) => Self::level(case, *quantile, *scale, prior),
        };
        measured.beside_days(case)
    }

    /// The same beside several earlier days, where the criterion is compared with them.
    fn beside_days(mut self, case: &Case) -> Measured {
        let Some(read) = ReadDays::of(case, self.prior) else { return self };
        let by_ratio = |bound: &Bound| !matches!(bound.limit, Limit::Margin { relative: None, absolute: Some(_) });
        let log = self.compares_days_by_factor(&read, case.criterion.target().is_some_and(by_ratio));
        let read = read.with_outlying(log);
        let Sizes { n, bad } = read.sizes();
        let show = |bad: f64| if self.flipped { 1.0 - bad } else { bad };
        let expected = read.predict(log).map(|prediction| {
            let expected = prediction.expected;
            self.notes.extend(read.notes(case, &prediction, log));
            show(if log { expected.exp() } else { expected })
        });
        let estimate = Pair { baseline: expected, canary: Some(show(read.today.value)) };
        Measured { n, bad, estimate, estimate_interval: Pair::default(), days: Some(read), ..self }
    }

    fn compares_days_by_factor(&self, read: &ReadDays, relative: bool) -> bool {
        let by_level = matches!(&self.points, Points::Level { log: false, .. });
        relative && read.is_positive && !by_level
    }

    /// What earlier days show, for the verdict.
    pub(super) fn earlier_days(&self, by_factor: bool) -> Option<EarlierDays> {
        let read = self.days.as_ref()?;
        let prediction = read.predict(by_factor)?;
        let show = |bad: f64| if self.flipped { 1.0 - bad } else { bad };
        let before = read.before.as_ref().filter(|_| prediction.slope.is_some());
        Some(EarlierDays {
            each: read.told(show),
            today: self.estimate.canary,
            before: before.map(|before| show(before.value)),
            expected: show(if by_factor { prediction.expected.exp() } else { prediction.expected }),
            by_factor,
            spread: prediction.spread,
            freedom: prediction.freedom,
            slope: prediction.slope,
            by_weekday: prediction.by_weekday,
        })
    }

    fn rate(case: &Case, prior: Prior) -> Measured {
        let steps = case.grid.counts(case.series);
        let seen = if case.needs_baseline() { &pairing::paired(&steps) } else { &steps };
        let total = seen.as_ref().map(|s| sum(s.iter().flatten().map(|t| t.total)));
        let bad = seen.as_ref().map(|s| sum(s.iter().flatten().map(|t| t.bad)));
        let flipped = case.metric.kind == Kind::GoodShare;
        let instances = case.instances().map(Arc::new);
        let note = |own: &Arc<Instances>| words::instances(own.counted(&pairing::trials(&steps), 0));
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
        let mut notes: Vec<String> = as_if_alike(case).into_iter().collect();
        let shares = shares(case);
        if let Some(shares) = shares {
            let percent = shares.map(|share| words::quantity(share, &Unit::Share));
            notes.push(format!("compared per share of the traffic: {} against {}", percent.canary, percent.baseline));
        }
        let n_of = if own { "exposure" } else { "seconds" };
        let points = Points::Events(steps, shares);
        Measured { n: exposure, n_of, bad: Some(count), estimate, notes, prior, ..Self::empty(points) }
    }

    /// The requests of both arms and the quantile of them that is judged; of many, the one that is given.
    pub(super) fn requests(&self, open: Option<f64>) -> Option<(&Pair<Arc<ArmRequests>>, f64)> {
        match &self.points {
            Points::Values { arms, q, .. } => Some((arms, *q)),
            Points::Quantiles(spread) => Some((&spread.arms, open?)),
            _ => None,
        }
    }

    fn quantiles(case: &Case, ordered: &Ordered, (from, to): (Option<f64>, Option<f64>), prior: Prior) -> Measured {
        let all = ordered.of(&case.criterion.metric, || case.grid.values(case.series));
        let arms = ordered.paired(&case.criterion.metric, &all);
        let n = arms.as_ref().map(|arm| arm.pooled.len() as f64);
        let estimate = arms.as_ref().map(|arm| arm.pooled.quantile(0.5));
        let (of, unit) = (&case.metric.of, &case.metric.unit);
        let cut_off = Arm::BOTH.map(|arm| requests::cut_off(&arms.get(arm).pooled, arm.name(), of, unit));
        let spread = Spread::of(&arms, from, to, prior);
        let scarce = requests::scarce(n.canary.min(n.baseline), spread.range().1, true, of);
        let notes = cut_off.into_iter().flatten().collect();
        Measured { n, n_of: "trials", estimate, scarce, notes, prior, ..Self::empty(Points::Quantiles(spread)) }
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
        let thresholds = if compared { Thresholds::of(&arms.baseline, q, prior) } else { Thresholds::default() };
        let smaller = if compared { n.canary.min(n.baseline) } else { n.canary };
        Measured {
            n,
            n_of: "trials",
            estimate,
            estimate_interval: limits.map(|limits| limits.map(|l| (l.low, l.high))),
            scarce: requests::scarce(smaller, q, compared, of),
            notes,
            prior,
            ..Self::empty(Points::Values { canary: all.canary, arms, thresholds, q })
        }
    }

    /// The same, where the strongest of `n` pieces of evidence must be the stronger by a price.
    pub(super) fn at_price(mut self, price: impl Fn(usize) -> f64) -> Measured {
        if let Points::Quantiles(spread) = &mut self.points {
            spread.price = price(spread.len());
        }
        self
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

    fn spikes(case: &Case, beyond: Beyond, prior: Prior) -> Measured {
        let spikes = Spikes::of(case, beyond);
        let n = Pair::build(|arm| spikes.counted(arm).0 as f64);
        let estimate = Pair::build(|arm| spikes.share(arm));
        let alike = if case.metric.kind == Kind::Events { as_if_alike(case) } else { None };
        let notes = spikes.notes(case, beyond).into_iter().chain(alike).collect();
        Measured { n, n_of: "steps", estimate, notes, prior, ..Self::empty(Points::Spikes(spikes)) }
    }

    fn trend(case: &Case, scale: Scale, span: f64) -> Measured {
        let steps = case.grid.gauge(case.series);
        let seen = if case.needs_baseline() { &pairing::paired(&steps) } else { &steps };
        let n = seen.as_ref().map(|s| s.iter().flatten().count() as f64);
        let estimate = seen.as_ref().map(|s| trend::change(s, span));
        let positive = seen.as_ref().map(|s| s.iter().flatten().all(|v| *v > 0.0));
        let log = scale != Scale::Difference && positive.canary && positive.baseline;
        let notes = trend::notes(case, seen);
        Measured { n, n_of: "steps", estimate, notes, ..Self::empty(Points::Trend { steps: seen.clone(), log, span }) }
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
            days: None,
            points,
            prior: Prior::default(),
            learned: None,
        }
    }

    /// The statistic in each arm since a step, where a Fail may rest on that; of many quantiles, the one that is given.
    pub(super) fn since(&self, start: usize, quantile: Option<f64>) -> Pair<Option<f64>> {
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
            Points::Values { arms, q, .. } => arms.as_ref().map(|arm| arm.quantile_since(start, *q)),
            Points::Quantiles(spread) => {
                spread.arms.as_ref().map(|arm| quantile.and_then(|q| arm.quantile_since(start, q)))
            }
            Points::Level { steps, log, .. } => {
                pairing::paired(steps).as_ref().map(|steps| typical(since(steps, start), *log))
            }
            Points::Samples { steps, log, .. } => {
                Pair { baseline: typical(&steps.baseline, *log), canary: typical(since(&steps.canary, start), *log) }
            }
            Points::AcrossSteps(..) | Points::Trend { .. } | Points::Spikes(_) => Pair::default(),
        }
    }

    /// Whether it is a trend of a level that jumps.
    pub(super) fn has_jumps(&self) -> bool {
        matches!(&self.points, Points::Trend { steps, .. } if !trend::jumps(steps).at.is_empty())
    }

    /// How much data the comparison has: of steps compared in pairs, the pairs.
    pub(super) fn usable(&self, paired: bool) -> f64 {
        match &self.points {
            _ if !paired => self.n.canary,
            Points::Samples { .. } => self.n.canary.min(self.n.baseline),
            Points::Level { steps, .. } | Points::Trend { steps, .. } => {
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
        let (learned, prior) = (self.learned.as_ref(), self.prior);
        let met = |(level, limit): (LevelSteps, f64)| -> (Rc<dyn Comparison>, f64) {
            (Rc::new(if strict { level } else { level.meeting(limit, sides(wanted).0) }), limit)
        };
        if let (Some(read), Limit::Margin { .. }) = (&self.days, limit)
            && let Some((beside, limit)) = self.test_of_days(read, by_ratio.then_some(ratio), value)
        {
            return Test::new(Rc::new(beside), limit, wanted);
        }
        let (comparison, limit): (Rc<dyn Comparison>, f64) = match (&self.points, limit) {
            (Points::Counts(steps, _), Limit::Threshold(_)) => {
                let trials = steps.canary.iter().map(|s| s.map(|t| TrialStep { total: t.total, bad: t.bad }));
                (Rc::new(Share::new(trials.collect(), prior, single::realised_trial_effect)), value)
            }
            (Points::Counts(steps, instances), _) => {
                let (steps, instances) = (pairing::trials(steps), instances.clone());
                match by_ratio && !bare {
                    true => (Rc::new(RateRatio::new(steps, instances, Exposure::Trials, prior)), ratio),
                    false => (Rc::new(RateDifference::new(steps, instances, prior)), if bare { 0.0 } else { value }),
                }
            }
            (Points::Events(steps, _), Limit::Threshold(_)) => (Rc::new(Frequency::new(&steps.canary, prior)), value),
            (Points::Events(steps, shares), _) => {
                let steps = pairing::occurrences(steps, shares.unwrap_or(Pair { baseline: 1.0, canary: 1.0 }));
                (Rc::new(RateRatio::new(steps, None, Exposure::Measure, prior)), ratio)
            }
            (Points::Values { canary, q, .. }, Limit::Threshold(_)) => {
                (Rc::new(Quantile::of_requests(canary.clone(), *q, prior, limit_is_beyond)), value)
            }
            (Points::Values { arms, thresholds, q, .. }, _) => {
                (Rc::new(QuantileRatio::new(arms, thresholds, *q, self.estimate, prior)), ratio)
            }
            (Points::Quantiles(spread), _) => {
                let limit = if matches!(limit, Limit::Threshold(_)) { f64::NAN } else { ratio };
                (Rc::new(AnyQuantile::new(spread, limit, sides(wanted).1)), limit)
            }
            (Points::AcrossSteps(steps, q), _) => {
                (Rc::new(Quantile::across_steps(steps, *q, prior, limit_is_beyond)), value)
            }
            (Points::Level { steps, log, .. } | Points::Samples { steps, log, .. }, Limit::Threshold(_)) => {
                met(level::one_arm(&steps.canary, *log, value, learned))
            }
            (Points::Samples { steps, log, allowance }, _) => {
                met(samples::apart(steps, *log, *allowance, by_ratio.then_some(ratio), value, learned))
            }
            (Points::Spikes(spikes), Limit::Threshold(_)) => (Rc::new(spikes.compared(prior, true)), value),
            (Points::Spikes(spikes), _) => (Rc::new(spikes.compared(prior, false)), if bare { 0.0 } else { value }),
            (Points::Trend { steps, span, .. }, Limit::Threshold(_)) => {
                (Rc::new(Trend::alone(&steps.canary, *span)), value)
            }
            (Points::Trend { steps, log, span }, _) => {
                let log = *log && by_ratio;
                let limit = level::on_scale(
                    by_ratio.then_some(ratio),
                    value,
                    log,
                    typical(&steps.baseline, false).unwrap_or(1.0).abs(),
                );
                (Rc::new(Trend::beside(steps, log, *span)), limit)
            }
            (Points::Level { steps, log, allowance }, _) => {
                met(level::paired(steps, *log, allowance, by_ratio.then_some(ratio), value, learned))
            }
        };
        Test::new(comparison, limit, wanted)
    }
}

impl Measured {
    /// The canary beside earlier days, with the limit on its scale; nothing from too few days.
    fn test_of_days(&self, read: &ReadDays, ratio: Option<f64>, absolute: f64) -> Option<(BesideDays, f64)> {
        let log = self.compares_days_by_factor(read, ratio.is_some());
        let prediction = read.predict(log)?;
        let size = prediction.expected.abs();
        let allowance = match &self.points {
            Points::Level { allowance, .. } => allowance.as_ref().map(|each| {
                let mean = each.iter().sum::<f64>() / each.len().max(1) as f64;
                if log { mean } else { mean * size }
            }),
            _ => Pair::default(),
        };
        let limit = level::on_scale(ratio, if absolute.is_nan() { 0.0 } else { absolute }, log, size);
        let (below, above) = read.hidden(log);
        let allowance = Pair { baseline: allowance.baseline + above, canary: allowance.canary + below };
        let (days, alone) = (read.used().count(), read.today.alone.clone());
        let predictions = [prediction].into_iter().chain(read.unadjusted(log)).collect();
        let beside = BesideDays::new(predictions, alone, days, log, allowance);
        Some((beside, limit))
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

/// What a reader must know where occurrences are compared without the traffic behind them.
fn as_if_alike(case: &Case) -> Option<String> {
    let unknown = !has_exposure(case) && case.needs_baseline() && case.rules.traffic.is_none();
    unknown.then(|| "events are compared as if both arms had the same traffic; say `traffic` or an `exposure`".into())
}
