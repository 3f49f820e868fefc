//! Evidence that holds however often one looks, and the interval of a comparison at a look.
//!
//! At a planned look a limit is rejected by the evidence of that look or by the guard; with an open end by any-time
//! evidence alone. The interval is what neither rejects, so that it and the decision cannot disagree.

use super::compare::Comparison;
use super::look::{Hurdle, Look};
use davy_stats::Direction;
use davy_stats::anytime::Starts;

/// How far from the estimate an end is looked for, in strides of about a standard error each doubled.
const REACH: f64 = 4096.0;

/// A factor of e to this from the estimate is as good as no end.
const FARTHEST: f64 = 7.0;

/// The precision of an end, in strides.
const RESOLUTION: f64 = 1e-3;

impl dyn Comparison + '_ {
    /// The logarithm of the any-time evidence that the judged quantity lies above (or below) a limit, gathered since the
    /// given starts; tuned to a horizon in steps.
    pub(super) fn ln_e(&self, limit: f64, direction: Direction, starts: &Starts, horizon: f64) -> f64 {
        self.at_any_time(direction, starts, horizon)(limit)
    }

    /// The limits that are not rejected at a look, with what is needed to reject at either end, and whether the upper or
    /// the lower side is that of a Fail.
    pub(super) fn bounds(&self, low: Hurdle, high: Hurdle, fails_above: bool, look: &Look) -> (f64, f64) {
        let natural = self.natural();
        let by_look = self.interval(low.z, high.z);
        let starts = |fails: bool| if fails { look.late() } else { look.whole() };
        // evidence falls towards the estimate: where an end by this look is not rejected at any time, it is the nearer one
        let end = |direction, needed: Hurdle, by_look: f64, natural: f64, starts: &Starts| {
            let is_known = needed.z.is_finite();
            let ln_e = self.at_any_time(direction, starts, look.horizon);
            let is_nearer = |at: f64| ln_e(at) < needed.ln_e;
            let is_end = by_look.is_finite() && by_look != natural;
            if is_known && (needed.ln_e.is_infinite() || is_end && is_nearer(by_look)) {
                return by_look;
            }
            let any_time = self.end_at_any_time(direction, needed.ln_e, ln_e);
            match (any_time, is_known, direction) {
                (None, true, _) => by_look,
                (None, false, _) => natural,
                (Some(end), false, _) => end,
                (Some(end), true, Direction::Above) => end.max(by_look),
                (Some(end), true, Direction::Below) => end.min(by_look),
            }
        };
        (
            end(Direction::Above, low, by_look.0, natural.0, starts(fails_above)),
            end(Direction::Below, high, by_look.1, natural.1, starts(!fails_above)),
        )
    }

    /// The limit nearest to the estimate that any-time evidence of `needed` rejects; none where there is none.
    fn end_at_any_time(&self, direction: Direction, needed: f64, ln_e: impl Fn(f64) -> f64) -> Option<f64> {
        if !needed.is_finite() {
            return None;
        }
        let log = self.is_multiplicative();
        let to = |v: f64| if log { v.ln() } else { v };
        let from = |v: f64| if log { v.exp() } else { v };
        // about the estimate, and one standard error further out; where no event was seen both are finite still
        let (centre, near) = (to(self.end(0.0, direction)), to(self.end(1.0, direction)));
        let stride = (near - centre).abs();
        if !centre.is_finite() {
            return None;
        }
        let stride = if stride.is_finite() && stride > 0.0 { stride } else { 0.1 * centre.abs().max(1.0) };
        let outwards = if direction == Direction::Above { -stride } else { stride };
        let excess = |at: f64| ln_e(from(at)) - needed;
        let end = davy_stats::nearest_rejected(centre, stride, RESOLUTION, centre + REACH * outwards, excess);
        end.filter(|at| !log || (at - centre).abs() < FARTHEST).map(from)
    }
}
