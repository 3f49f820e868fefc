//! What a criterion's bounds ask, the evidence for either answer, and the answer that it gives.

use super::case::Case;
use super::look::{Hurdle, Hurdles, Look};
use super::measure::{Measured, Test};
use super::rules::{Bound, Side};
use super::verdict::{Outcome, Proof, Reason, Strength};

/// The tests of a criterion's bounds.
pub(super) struct Bounds {
    /// Those of the target.
    pub(super) pass: Vec<Test>,
    /// Those of the fail bound where it is said apart; their wanted side is the target's.
    pub(super) fail: Vec<Test>,
}

impl Bounds {
    pub(super) fn of(case: &Case, measured: &Measured) -> Bounds {
        let tests = |bound: &Bound| measured.tests(bound);
        let away =
            |bound: &Bound| measured.tests(&Bound { side: bound.side.opposite(), strict: !bound.strict, ..*bound });
        Bounds {
            pass: case.criterion.pass.as_ref().map(tests).unwrap_or_default(),
            fail: case.criterion.fail.as_ref().map(away).unwrap_or_default(),
        }
    }

    pub(super) fn target(&self) -> &[Test] {
        if self.pass.is_empty() { &self.fail } else { &self.pass }
    }

    pub(super) fn limit(&self) -> &[Test] {
        if self.fail.is_empty() { &self.pass } else { &self.fail }
    }

    /// Which test of the target has the numbers that are shown: of two, the one nearer to passing, by the evidence that a
    /// Pass takes.
    pub(super) fn shown(&self, needs: &Hurdles, look: &Look) -> Option<usize> {
        let by_z = needs.pass.z.is_finite() || !needs.pass.ln_e.is_finite();
        let nearness = |test: &Test| if by_z { test.towards } else { test.towards_ln_e(look) };
        let nearest = self.target().iter().enumerate().max_by(|a, b| nearness(a.1).total_cmp(&nearness(b.1)));
        nearest.map(|(place, _)| place)
    }

    /// How many more bad events the canary has than any part of the limit allows.
    pub(super) fn excess(&self) -> f64 {
        self.limit().iter().map(excess).fold(f64::INFINITY, f64::min)
    }

    /// How strong the evidence is for either answer: for a Fail that of the weakest part of the limit, for a Pass that of
    /// the strongest part of the target.
    pub(super) fn strength(&self, look: &Look, needs: &Hurdles) -> Evidences {
        let weaker = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.min(b.1));
        let stronger = |a: (f64, f64), b: (f64, f64)| (a.0.max(b.0), a.1.max(b.1));
        let asked = |needed: &Hurdle| needed.ln_e.is_finite();
        let away = self
            .limit()
            .iter()
            .map(|test| (test.away, if asked(&needs.fail) { test.away_ln_e(look.late(), look) } else { 0.0 }));
        let within = |tests: &[Test]| {
            let towards =
                tests.iter().map(|test| (test.towards, if asked(&needs.pass) { test.towards_ln_e(look) } else { 0.0 }));
            towards.reduce(stronger).unwrap_or_default()
        };
        Evidences {
            fail: away.reduce(weaker).unwrap_or_default(),
            pass: within(self.target()),
            tolerated: within(&self.fail),
        }
    }

    /// The step since which the any-time evidence of a Fail is seen best: that of the part of the limit where it is weakest.
    pub(super) fn loudest(&self, look: &Look) -> usize {
        let evidence = self.limit().iter().map(|test| (test.away_ln_e(look.late(), look), test));
        let weakest = evidence.min_by(|a, b| a.0.total_cmp(&b.0));
        weakest.map_or(0, |(_, test)| look.late().loudest(|start| test.away_ln_e(start, look)))
    }

    pub(super) fn decide(&self, case: &Case, strength: &Evidences, needs: &Hurdles) -> (Outcome, Reason) {
        let reached = |needed: &Hurdle, (z, ln_e): (f64, f64)| needed.is_reached(z, ln_e);
        if reached(&needs.fail, strength.fail) {
            if self.excess() < case.rules.policy.min_excess {
                return (Outcome::Inconclusive, Reason::SmallExcess);
            }
            return (Outcome::Fail, Reason::BeyondBound);
        }
        if reached(&needs.pass, strength.pass) {
            return (Outcome::Pass, Reason::WithinBound);
        }
        if !self.fail.is_empty() && reached(&needs.pass, strength.tolerated) {
            return (Outcome::Warn, Reason::BetweenBounds);
        }
        (Outcome::Inconclusive, Reason::Undecided)
    }
}

/// No evidence is shown to be stronger.
const MOST: f64 = 100.0;

/// Evidence as a standard normal value and as the logarithm of any-time evidence, for each answer.
pub(super) struct Evidences {
    pub(super) fail: (f64, f64),
    pub(super) pass: (f64, f64),
    /// That the canary does not reach the fail bound, where that is said apart.
    pub(super) tolerated: (f64, f64),
}

impl Evidences {
    pub(super) fn against(&self, needs: &Hurdles) -> Strength {
        let finite = |v: f64| v.is_finite().then_some(v);
        let proof = |(z, ln_e): (f64, f64), needed: &Hurdle| {
            let ln_e_needed = finite(needed.ln_e);
            // what has no variance at all is as certain as anything can be
            Proof { z: z.clamp(-MOST, MOST), z_needed: finite(needed.z), ln_e: ln_e_needed.map(|_| ln_e), ln_e_needed }
        };
        Strength { fail: proof(self.fail, &needs.fail), pass: proof(self.pass, &needs.pass) }
    }
}

/// How many more bad events the canary has than the limit allows at the baseline's own rate; unlimited where events are
/// not counted against the baseline.
fn excess(test: &Test) -> f64 {
    let Some(excess) = test.comparison.excess(test.limit) else { return f64::INFINITY };
    match test.wanted {
        Side::AtMost => excess,
        Side::AtLeast => -excess,
    }
}
