//! What is asked of a guardrail: not to be broken, instead of being shown to hold.
//!
//! A verdict that has to prove a dozen criteria passes hardly ever, however healthy the canary is. So a few primary ones
//! prove it, and the others only must not fail. That no failure is seen means something only if it would be seen:
//!
//! - the data are whole: whatever keeps a Pass back keeps this answer back too (silent arms, gaps, remarks, the soak);
//! - nothing speaks against it at the level of the run, not even since a later step;
//! - a canary at twice what the limit allows (twice the baseline and its margin) would be found four times out of five, else there is too little data to guard anything.
//!
//! An estimate beyond the limit warns: the data do not say that it is broken, but they lean that way.

use super::bounds::Bounds;
use super::case::Case;
use super::measure::{Measured, Test};
use super::rules::{Role, Side, Statistic};
use super::verdict::{EffectKind, Outcome, Reason};
use super::why::Why;

/// A guardrail that could miss a canary at so many times its limit guards nothing.
const MISSED: f64 = 2.0;

/// A criterion that is neither shown to hold nor to be broken.
pub(super) struct Guardrail<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) measured: &'a Measured,
    pub(super) bounds: &'a Bounds,
    pub(super) shown: &'a Test,
    /// The smallest worsening that these data show with 80 % power, on the scale of the limit.
    pub(super) detectable: Option<f64>,
}

impl Guardrail<'_> {
    /// The answer where the criterion is a guardrail.
    pub(super) fn answer(&self) -> Option<(Outcome, Reason, Option<Why>)> {
        if self.case.criterion.role != Role::Guardrail {
            return None;
        }
        Some(match self.case.confirm(Outcome::Pass, Reason::NotBroken) {
            (Outcome::Pass, ..) if !self.is_watchful() => {
                (Outcome::Inconclusive, Reason::Undecided, Some(Why::Unwatchful))
            }
            (Outcome::Pass, ..) if self.leans_beyond() => (Outcome::Warn, Reason::LeansBeyond, None),
            kept => kept,
        })
    }

    /// Whether the estimate lies beyond every part of the target.
    fn leans_beyond(&self) -> bool {
        let beyond = |test: &Test| {
            let slack = 1e-9 * test.limit.abs();
            test.comparison.estimate().is_some_and(|estimate| match test.wanted {
                Side::AtMost => estimate > test.limit + slack,
                Side::AtLeast => estimate < test.limit - slack,
            })
        };
        self.bounds.target().iter().all(beyond)
    }

    /// Whether a canary that is far beyond the limit would have been found.
    fn is_watchful(&self) -> bool {
        let kind = self.shown.comparison.kind();
        let limit = self.bounds.limit().iter().find(|test| test.comparison.kind() == kind);
        let Some((limit, detectable)) = limit.map(|test| test.limit).zip(self.detectable) else { return false };
        // a canary on its limit, in units of the baseline or of the metric
        let trend = matches!(self.case.criterion.statistic, Statistic::Trend { .. });
        let at_limit = match kind {
            // what stands still changes by nothing, or by a factor of one
            EffectKind::Ratio if trend => (limit - 1.0).abs(),
            _ if trend => limit.abs(),
            EffectKind::Ratio | EffectKind::Level => limit.abs(),
            EffectKind::Difference => (self.baseline().unwrap_or(0.0) + limit).abs(),
        };
        let room = (detectable - limit).abs();
        match self.shown.wanted {
            Side::AtMost => room <= (MISSED - 1.0) * at_limit,
            Side::AtLeast => room <= (1.0 - 1.0 / MISSED) * at_limit,
        }
    }

    /// The baseline's statistic as it is judged: of a good share the bad one.
    fn baseline(&self) -> Option<f64> {
        self.measured.estimate.baseline.map(|value| if self.measured.flipped { 1.0 - value } else { value })
    }
}
