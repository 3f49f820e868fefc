//! Steps of one arm without a partner in the other: what a comparison step by step leaves out.
//!
//! A comparison knows nothing of a step that only one arm has. So the numbers beside an effect come from the steps that both
//! arms have, and what is left out is said, with counts and times. Canary steps that are left out and worse than the limit,
//! measured by the baseline's level, allow no Pass: they may be where the canary broke.

use super::case::Case;
use super::exposure::shares;
use super::grid::sum;
use super::limit;
use super::methods::level::typical;
use super::rules::{Bound, Criterion, Kind, Limit, Rule, Statistic};
use super::verdict::Outcome;
use super::why::Worse;
use super::words;
use crate::series::{Arm, Pair, Series};
use davy_stats::slow::Requests;

/// Fewer steps than this are noise.
const LEAST_STEPS: usize = 3;
/// Fewer requests with a value each are noise.
const LEAST_REQUESTS: f64 = 20.0;
/// The quantiles that are asked where any of them may be worse.
const ANY: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// The steps of each arm that the other lacks.
pub(super) struct Alone(Pair<Vec<usize>>);

/// What was measured in some steps of an arm.
struct Level {
    value: f64,
    /// Requests, exposure or steps behind it.
    n: f64,
    /// The bad ones among them, where they are counted.
    bad: Option<f64>,
}

impl Case<'_> {
    /// The steps without a partner, where the criterion compares step by step and there are any.
    pub(super) fn alone(&self) -> Option<Alone> {
        let paired = self.needs_baseline()
            && self.days().is_none()
            && !self.is_unpaired()
            && !matches!(self.criterion.rule, Rule::Periods { .. });
        let present = &self.present;
        if !paired || present.baseline.len() != present.canary.len() {
            return None;
        }
        let pairs = || present.baseline.iter().zip(&present.canary).enumerate();
        let own = |of: fn(bool, bool) -> bool| -> Vec<usize> {
            pairs().filter(|(_, (b, c))| of(b.is_some(), c.is_some())).map(|(at, _)| at).collect()
        };
        let alone = Pair { baseline: own(|b, c| b && !c), canary: own(|b, c| c && !b) };
        (!alone.baseline.is_empty() || !alone.canary.is_empty()).then_some(Alone(alone))
    }

    /// A statistic over some steps of an arm.
    fn level(&self, statistic: Statistic, arm: Arm, steps: impl Fn(usize) -> bool) -> Option<Level> {
        let series = self.series;
        fn chosen<T: Copy>(of: &[Option<T>], steps: &impl Fn(usize) -> bool) -> Vec<T> {
            of.iter().enumerate().filter(|(at, _)| steps(*at)).filter_map(|(_, value)| *value).collect()
        }
        match series.get(arm) {
            Series::Counts { .. } => {
                let trials = chosen(self.grid.counts(series).get(arm), &steps);
                let n: f64 = trials.iter().map(|t| t.total as f64).sum();
                let bad: f64 = trials.iter().map(|t| t.bad as f64).sum();
                let good = self.metric.kind == Kind::GoodShare;
                let share = if good { 1.0 - bad / n } else { bad / n };
                (n > 0.0).then_some(Level { value: share, n, bad: Some(bad) })
            }
            Series::Events { .. } => {
                let share = shares(self).map_or(1.0, |shares| *shares.get(arm));
                let occurred = chosen(self.grid.events(series).get(arm), &steps);
                let n: f64 = occurred.iter().map(|o| o.exposure * share).sum();
                let count: f64 = occurred.iter().map(|o| o.count as f64).sum();
                (n > 0.0).then_some(Level { value: count / n, n, bad: Some(count) })
            }
            Series::Gauge { .. } => {
                let values: Vec<Option<f64>> =
                    chosen(self.grid.gauge(series).get(arm), &steps).into_iter().map(Some).collect();
                Some(Level { value: typical(&values, false)?, n: values.len() as f64, bad: None })
            }
            Series::Values { .. } | Series::Buckets { .. } => {
                let all = self.grid.values(series);
                let all = all.get(arm).iter().enumerate().filter(|(at, _)| steps(*at)).map(|(_, one)| one.clone());
                let pooled = Requests::pooled(&all.collect::<Vec<_>>())?;
                let q = super::requests::quantile_of(statistic);
                // one of several is asked where a few requests are slower
                let is_known = statistic == self.criterion.statistic || beyond(&pooled, q) >= LEAST_REQUESTS;
                Some(Level { value: pooled.quantile(q).filter(|_| is_known)?, n: pooled.len() as f64, bad: None })
            }
        }
    }
}

fn beyond(pooled: &Requests, q: f64) -> f64 {
    pooled.len() as f64 * (1.0 - q)
}

impl Alone {
    /// What was left out, for the reader.
    pub(super) fn notes(&self, case: &Case) -> Vec<String> {
        let note = |arm: Arm| {
            let steps = self.0.get(arm);
            let (first, last) = (steps.first()?, steps.last()?);
            let time = |step: usize| case.grid.begins(step).strftime("%H:%M");
            let what = match steps.len() {
                1 => format!("1 step of the {} is left out", arm.name()),
                n => format!("{} steps of the {} are left out", words::count(n as u64), arm.name()),
            };
            let requests = case.grid.requests(case.series);
            let requests = sum(steps.iter().filter_map(|at| requests.get(arm).get(*at).copied().flatten()));
            let counted = format!(" ({} {})", words::count(requests), case.metric.of);
            let counted = if requests > 0 && !case.metric.of.is_empty() { counted } else { String::new() };
            Some(format!(
                "{what}{counted}, from {} to {} UTC: the {} has no data there",
                time(*first),
                time(last + 1),
                arm.other().name()
            ))
        };
        Arm::BOTH.into_iter().filter_map(note).collect()
    }

    /// How the canary is worse than its limit where there is nothing to compare it with, or over all of its steps.
    ///
    /// A canary that only warns has missed its target already; what counts then is the fail bound.
    pub(super) fn worse(&self, case: &Case, outcome: Outcome) -> Option<Worse> {
        let has_level =
            !matches!(case.criterion.statistic, Statistic::Count | Statistic::Trend { .. } | Statistic::StepsBeyond(_));
        if self.0.canary.is_empty() || !has_level {
            return None;
        }
        match case.criterion.statistic {
            Statistic::AnyQuantile { .. } => {
                ANY.into_iter().find_map(|q| self.worse_in(case, Statistic::Quantile(q), outcome))
            }
            statistic => self.worse_in(case, statistic, outcome),
        }
    }

    fn worse_in(&self, case: &Case, statistic: Statistic, outcome: Outcome) -> Option<Worse> {
        let lone = &self.0.canary;
        // limits of the canary's own are judged over all of its steps anyway
        let compared = |bound: Option<Bound>| bound.filter(|bound| matches!(bound.limit, Limit::Margin { .. }));
        let pass = compared(case.criterion.pass).filter(|_| outcome == Outcome::Pass);
        let criterion = &Criterion { pass, fail: compared(case.criterion.fail), ..case.criterion.clone() };
        let baseline = case.level(statistic, Arm::Baseline, |_| true)?;
        // beside a daily pattern the level of the baseline is that of the time around
        let reach = lone.len().max(LEAST_STEPS);
        let is_near = |at: usize| {
            let next = lone.partition_point(|one| *one < at);
            let around = [next.checked_sub(1).and_then(|before| lone.get(before)), lone.get(next)];
            around.into_iter().flatten().any(|one| one.abs_diff(at) <= reach)
        };
        let around = case.level(statistic, Arm::Baseline, is_near);
        let around = around.as_ref().unwrap_or(&baseline);
        let is_lone = |at: usize| lone.binary_search(&at).is_ok();
        let (whole, left) = (case.level(statistic, Arm::Canary, |_| true), case.level(statistic, Arm::Canary, is_lone));
        let is_worse = |level: &Level, baseline: &Level| !limit::holds(criterion, level.value, baseline.value);
        let enough = |level: &Level| {
            if lone.len() < LEAST_STEPS {
                return false;
            }
            let good = case.metric.kind == Kind::GoodShare;
            let limit = limit::limit(criterion, around.value).unwrap_or(level.value);
            match (level.bad, level.n) {
                (Some(bad), n) => {
                    (bad - if good { 1.0 - limit } else { limit } * n).abs() >= case.rules.policy.min_excess
                }
                (None, _) if matches!(case.series.canary, Series::Gauge { .. }) => true,
                (None, n) => n >= LEAST_REQUESTS,
            }
        };
        if let Some(level) = left.filter(|level| is_worse(level, around) && enough(level)) {
            return Some(Worse::Alone { canary: level.value, around: around.value });
        }
        let worse = whole.filter(|level| is_worse(level, &baseline));
        worse.map(|level| Worse::Overall { canary: level.value, baseline: baseline.value })
    }
}
