//! Absence is an answer: what must be true of the data before a criterion may pass, or be judged at all.
//!
//! The commonest serious bug of canary gates is the Pass that was given because nothing was measured. So a
//! case first says what is missing; only what survives here is compared with a bound. A canary that stopped
//! reporting can still fail on what it reported before, but it cannot pass.

use super::case::Case;
use super::reading::statistic;
use super::requests;
use super::rules::{Kind, Limit, Looks, Metric, Rule, Severity, Silent};
use super::verdict::{Outcome, Reason};
use super::why::{Who, Why};
use crate::series::{Arm, Gravity, Pair, Series};

impl Case<'_> {
    /// Why the criterion cannot be judged at all, if so: the reason and the sentence.
    pub(super) fn obstacle(&self) -> Option<(Reason, Why)> {
        if self.grid.len() == 0 {
            return Some((Reason::NoData, Why::NoStep));
        }
        if self.data().lost.contains_key(&self.criterion.metric) {
            return Some((Reason::NotReached, Why::NotReached));
        }
        if let Some(by) = &self.metric.by {
            return Some((Reason::NoData, Why::NoGroup(by.clone())));
        }
        if !shape_fits(self.metric, self.series) {
            return Some((Reason::WrongShape, Why::OtherShape));
        }
        if let Some(unfit) = requests::unfit(self.series, self.needs_baseline()) {
            return Some((Reason::WrongShape, Why::Unfit(unfit)));
        }
        if !self.bounds_are_numbers() || !statistic::fits(self.criterion.statistic, self.metric) {
            return Some((Reason::WrongShape, Why::NoNumber));
        }
        if self.present.canary.iter().flatten().next().is_none() {
            return Some((Reason::NoData, Why::NoData(Arm::Canary)));
        }
        let is_paired = self.needs_baseline() && self.days().is_none();
        if is_paired && self.present.baseline.iter().flatten().next().is_none() {
            return Some((Reason::NoBaseline, Why::NoData(Arm::Baseline)));
        }
        None
    }

    /// Whether each bound has finite limits, and an alarm, which looks at the canary alone, has thresholds.
    fn bounds_are_numbers(&self) -> bool {
        let alarm = matches!(self.criterion.rule, Rule::Periods { .. });
        [self.criterion.pass, self.criterion.fail].into_iter().flatten().all(|bound| match bound.limit {
            Limit::Threshold(value) => value.is_finite(),
            Limit::Margin { relative, absolute } => {
                !alarm && [relative, absolute].into_iter().flatten().all(f64::is_finite)
            }
        })
    }

    /// Why the criterion cannot be answered by statistics, if so.
    pub(super) fn thin(&self) -> Option<(Reason, Why)> {
        let usable = self.usable();
        if usable + 1e-9 >= self.rules.policy.min_coverage {
            return None;
        }
        let (who, steps) = match (self.needs_baseline() && self.days().is_none(), self.is_unpaired()) {
            (false, _) => (Who::One(Arm::Canary), self.grid.len()),
            (true, false) if self.grid.baseline_len() < self.grid.len() => (Who::BothOfShorter, self.grid.len()),
            (true, false) => (Who::Both, self.grid.len()),
            (true, true) if self.coverage().canary <= usable => (Who::One(Arm::Canary), self.grid.len()),
            (true, true) => (Who::One(Arm::Baseline), self.grid.baseline_len()),
        };
        let least = self.rules.policy.min_coverage;
        Some((Reason::LowCoverage, Why::LowCoverage { who, usable, steps, least }))
    }

    /// What must have passed before there is a Pass, where it has not: the minimum soak, which is the whole one unless
    /// the policy says less.
    fn unsoaked(&self) -> Option<(Reason, Why)> {
        let (least, measured) = (self.rules.policy.min_soak, self.data().windows.canary.duration());
        match (self.rules.looks, least) {
            (Looks::Planned { soak, .. }, None) if measured < soak => {
                Some((Reason::EarlyLook, Why::BeforePass { first: soak, soak }))
            }
            (Looks::Planned { soak, .. }, Some(least)) if measured >= soak.min(least) => None,
            (_, Some(least)) if measured < least => Some((Reason::SoakTooShort, Why::BeforeSoak(least))),
            _ => None,
        }
    }

    /// The answer that a silent canary gets instead of a Pass, or while there is none to be had yet.
    pub(super) fn silent(&self) -> Option<(Outcome, Reason, Option<Why>)> {
        let how = self.silence()?;
        let outcome = match self.rules.policy.silent {
            Silent::Inconclusive => Outcome::Inconclusive,
            Silent::Fail => Outcome::Fail,
        };
        Some((outcome, Reason::CanarySilent, Some(Why::Silent(how))))
    }

    /// The answer where an arm went silent, or the canary is worse where the baseline has no data; for what may pass, and
    /// for what is undecided and has that reason.
    pub(super) fn absent(&self, outcome: Outcome) -> Option<(Outcome, Reason, Option<Why>)> {
        if let Some(silent) = self.silent() {
            return Some(silent);
        }
        let worse = self.alone().and_then(|alone| alone.worse(self, outcome));
        let (reason, why) = match (self.baseline_silence(), worse) {
            (None, None) => return None,
            (None, Some(worse)) => (Reason::NoPartner, Why::Worse(worse)),
            (Some(silence), None) => (Reason::BaselineSilent, Why::Silent(silence)),
            (Some(silence), Some(worse)) => (Reason::BaselineSilent, Why::SilentAndWorse(silence, worse)),
        };
        Some((Outcome::Inconclusive, reason, Some(why)))
    }

    /// The last word on a Pass or Warn: it needs whole data, enough steps, a canary that reports, and the minimum soak.
    pub(super) fn confirm(&self, outcome: Outcome, reason: Reason) -> (Outcome, Reason, Option<Why>) {
        if outcome == Outcome::Fail || outcome == Outcome::Inconclusive {
            return (outcome, reason, None);
        }
        if let Some(absent) = self.absent(outcome) {
            return absent;
        }
        if let Some((reason, why)) = self.thin() {
            return (Outcome::Inconclusive, reason, Some(why));
        }
        if let Some((reason, why)) = self.unsoaked() {
            return (Outcome::Inconclusive, reason, Some(why));
        }
        let gravest = self.remarks().max_by_key(|remark| remark.gravity);
        match gravest.map(|remark| (remark.gravity, Why::Remark(remark.text.clone()))) {
            Some((Gravity::Incomplete, why)) => (Outcome::Inconclusive, Reason::IncompleteData, Some(why)),
            Some((Gravity::Suspect, why)) => (Outcome::Warn, Reason::SuspectData, Some(why)),
            _ => (outcome, reason, None),
        }
    }

    /// The outcome of a criterion that could not be judged.
    pub(super) fn without_answer(&self, reason: Reason) -> Outcome {
        let silent_fails = reason == Reason::NoData
            && self.rules.policy.silent == Silent::Fail
            && self.coverage().baseline > 0.0
            && self.criterion.severity != Severity::Muted;
        if silent_fails { Outcome::Fail } else { Outcome::Inconclusive }
    }
}

/// Whether the series are what the metric says; an arm without points fits any metric.
fn shape_fits(metric: &Metric, series: &Pair<Series>) -> bool {
    [&series.baseline, &series.canary].into_iter().all(|series| {
        series.is_empty()
            || matches!(
                (&metric.kind, series),
                (Kind::BadShare | Kind::GoodShare | Kind::PartShare, Series::Counts { .. })
                    | (Kind::Events, Series::Events { .. })
                    | (Kind::Values, Series::Values { .. } | Series::Buckets { .. })
                    | (Kind::Gauge { .. }, Series::Gauge { .. })
            )
    })
}
