//! Absence is an answer: what must be true of the data before a criterion may pass, or be judged at all.
//!
//! The commonest serious bug of canary gates is the Pass that was given because nothing was measured. So a
//! case first says what is missing; only what survives here is compared with a bound. A canary that stopped
//! reporting can still fail on what it reported before, but it cannot pass.

use super::case::Case;
use super::rules::{Kind, Limit, Looks, Metric, Rule, Severity, Silent, Unit};
use super::verdict::{Evidence, Finding, Outcome, Reason};
use super::{explain, requests, words};
use crate::series::{Gravity, Pair, Series};

impl Case<'_> {
    /// Why the criterion cannot be judged at all, if so: the reason and the sentence.
    pub(super) fn obstacle(&self) -> Option<(Reason, String)> {
        if self.grid.len() == 0 {
            return Some((Reason::NoData, "the window holds no step after the warm-up".into()));
        }
        if self.data().lost.contains_key(&self.criterion.metric) {
            return Some((Reason::NotReached, "its source could not be reached".into()));
        }
        if let Some(by) = &self.metric.by {
            return Some((Reason::NoData, format!("no group of `{by}` was seen")));
        }
        if !shape_fits(self.metric, self.series) {
            return Some((Reason::WrongShape, "the data is not of the shape that this metric declares".into()));
        }
        if let Some(why) = requests::unfit(self.series, self.needs_baseline()) {
            return Some((Reason::WrongShape, why));
        }
        if !self.bounds_are_numbers() {
            return Some((Reason::WrongShape, "a bound of the criterion cannot be compared with anything".into()));
        }
        if self.present.canary.iter().flatten().next().is_none() {
            return Some((Reason::NoData, "the canary has no data in its window".into()));
        }
        if self.needs_baseline() && self.present.baseline.iter().flatten().next().is_none() {
            return Some((Reason::NoBaseline, "the baseline has no data in its window to compare with".into()));
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
    pub(super) fn thin(&self) -> Option<(Reason, String)> {
        let usable = self.usable();
        if usable + 1e-9 >= self.rules.policy.min_coverage {
            return None;
        }
        let (what, steps) = match (self.needs_baseline(), self.is_unpaired()) {
            (false, _) => ("the canary was measured", self.grid.len()),
            (true, false) if self.grid.baseline_len() < self.grid.len() => {
                ("the baseline's window is the shorter one: both arms were measured", self.grid.len())
            }
            (true, false) => ("both arms were measured", self.grid.len()),
            (true, true) if self.coverage().canary <= usable => ("the canary was measured", self.grid.len()),
            (true, true) => ("the baseline was measured", self.grid.baseline_len()),
        };
        Some((
            Reason::LowCoverage,
            format!(
                "{what} in only {} of {steps} steps ({}; at least {} is asked for)",
                (usable * steps as f64).round(),
                words::quantity(usable, &Unit::Share),
                words::quantity(self.rules.policy.min_coverage, &Unit::Share),
            ),
        ))
    }

    /// What must have passed before there is a Pass, where it has not: the minimum soak, which is the whole one unless
    /// the policy says less.
    fn unsoaked(&self) -> Option<(Reason, String)> {
        let (least, measured) = (self.rules.policy.min_soak, self.data().windows.canary.duration());
        match (self.rules.looks, least) {
            (Looks::Planned { soak, .. }, None) if measured < soak => {
                let soak = words::duration(soak);
                Some((Reason::EarlyLook, explain::no_pass_before(&format!("the end of the soak of {soak}"))))
            }
            (Looks::Planned { soak, .. }, Some(least)) if measured >= soak.min(least) => None,
            (_, Some(least)) if measured < least => {
                Some((Reason::SoakTooShort, format!("the minimum soak is {}", words::duration(least))))
            }
            _ => None,
        }
    }

    /// The answer that a silent canary gets instead of a Pass, or while there is none to be had yet.
    pub(super) fn silent(&self) -> Option<(Outcome, Reason, Option<String>)> {
        let how = self.silence()?;
        let outcome = match self.rules.policy.silent {
            Silent::Inconclusive => Outcome::Inconclusive,
            Silent::Fail => Outcome::Fail,
        };
        Some((outcome, Reason::CanarySilent, Some(how)))
    }

    /// The answer where an arm went silent, or the canary is worse where the baseline has no data; for what may pass, and
    /// for what is undecided and has that reason.
    pub(super) fn absent(&self, outcome: Outcome) -> Option<(Outcome, Reason, Option<String>)> {
        if let Some(silent) = self.silent() {
            return Some(silent);
        }
        let worse = self.alone().and_then(|alone| alone.worse(self, outcome));
        let (reason, why) = match (self.baseline_silence(), worse) {
            (None, None) => return None,
            (None, Some(worse)) => (Reason::NoPartner, worse),
            (Some(silence), None) => (Reason::BaselineSilent, silence),
            (Some(silence), Some(worse)) => (Reason::BaselineSilent, format!("{silence}; {worse}")),
        };
        Some((Outcome::Inconclusive, reason, Some(why)))
    }

    /// The last word on a Pass or Warn: it needs whole data, enough steps, a canary that reports, and the minimum soak.
    pub(super) fn confirm(&self, outcome: Outcome, reason: Reason) -> (Outcome, Reason, Option<String>) {
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
        match gravest.map(|remark| (remark.gravity, remark.text.clone())) {
            Some((Gravity::Incomplete, why)) => (Outcome::Inconclusive, Reason::IncompleteData, Some(why)),
            Some((Gravity::Suspect, why)) => (Outcome::Warn, Reason::SuspectData, Some(why)),
            _ => (outcome, reason, None),
        }
    }

    /// A finding with everything filled in that does not depend on the answer.
    pub(super) fn finding(&self, outcome: Outcome, reason: Reason, sentence: String, evidence: Evidence) -> Finding {
        let c = self.criterion;
        let bound = |bound| words::bound(bound, &self.metric.unit);
        let notes = self.notes().into_iter().filter(|note| !sentence.contains(note)).collect();
        Finding {
            criterion: c.name.clone(),
            metric: c.metric.clone(),
            statistic: c.statistic,
            target: c.target().map(bound).unwrap_or_default(),
            fail_at: c.pass.and(c.fail.as_ref()).map(bound),
            rule: c.rule,
            severity: c.severity,
            role: c.role,
            weight: c.weight,
            group: c.group.clone(),
            outcome,
            reason,
            sentence,
            decide: None,
            notes,
            evidence: Evidence { unit: Some(self.metric.unit.clone()), coverage: self.coverage(), ..evidence },
        }
    }

    /// What a reader must know of the data behind a finding.
    fn notes(&self) -> Vec<String> {
        let alone = self.alone().map(|alone| alone.notes(self)).unwrap_or_default();
        self.remarks().map(|remark| remark.text.clone()).chain(alone).collect()
    }

    /// The finding of a criterion that could not be judged.
    pub(super) fn unanswered(&self, reason: Reason, why: String) -> Finding {
        let silent_fails = reason == Reason::NoData
            && self.rules.policy.silent == Silent::Fail
            && self.coverage().baseline > 0.0
            && self.criterion.severity != Severity::Muted;
        let outcome = if silent_fails { Outcome::Fail } else { Outcome::Inconclusive };
        let evidence = Evidence { n_of: "steps", ..Evidence::default() };
        let mut finding = self.finding(outcome, reason, format!("{}: {why}", words::outcome_verb(outcome)), evidence);
        if reason == Reason::NotReached && self.criterion.severity == Severity::Optional {
            finding.severity = Severity::Muted;
        }
        finding
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
