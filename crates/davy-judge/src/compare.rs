//! A comparison: the one thing that every interval criterion is reduced to.
//!
//! It knows its estimate, the evidence (a standard normal z) that the judged quantity lies above or below any limit, and
//! the interval of the limits that it does not reject. Evidence and interval are two views of the same test, so a decision
//! and the interval shown beside it can never disagree.
//!
//! Each statistical method is a page of `methods`, and this is what a page answers. To decide, to gather evidence over looks
//! (`anytime`) and since later steps (`onset`), and to explain takes nothing else.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::rc::Rc;

use super::look::{Hurdle, Hurdles, Look};
use super::verdict::{EffectKind, Method, Quantiles};
use crate::series::Pair;
use davy_stats::Direction;
use davy_stats::anytime::Starts;
use davy_stats::counts::Scatter;
use davy_stats::dispersion::DesignEffect;

/// The logarithm of any-time evidence as a function of the limit.
pub(super) type LnE<'a> = Box<dyn Fn(f64) -> f64 + 'a>;

/// A quantity with a test against any limit.
pub(super) trait Comparison: Debug {
    /// The evidence that the judged quantity lies above (or below) a limit.
    fn z(&self, limit: f64, direction: Direction) -> f64;

    /// The same for a Pass, whose evidence lies in a direction: what one arm alone had counts for the other as well. Nothing
    /// where that is the same.
    fn mirrored(&self, _direction: Direction) -> Option<Rc<dyn Comparison>> {
        None
    }

    /// The limits that are not rejected, at one critical value for each end.
    fn interval(&self, low: f64, high: f64) -> (f64, f64);

    /// The end of the interval that evidence in a direction gives.
    fn end(&self, critical: f64, direction: Direction) -> f64 {
        match direction {
            Direction::Above => self.interval(critical, 0.0).0,
            Direction::Below => self.interval(0.0, critical).1,
        }
    }

    /// The logarithm of the any-time evidence that the quantity lies above (or below) a limit, gathered since the given
    /// starts and tuned to a horizon in steps. What it has of each start is the same for all limits.
    fn at_any_time<'a>(&'a self, direction: Direction, starts: &'a Starts, horizon: f64) -> LnE<'a>;

    /// The values that the quantity can take.
    fn natural(&self) -> (f64, f64);

    /// The estimate of the quantity.
    fn estimate(&self) -> Option<f64>;

    /// The estimate of the steps since a later start, from the statistic of each arm in them.
    fn estimate_since(&self, _arms: Pair<Option<f64>>) -> Option<f64> {
        self.estimate()
    }

    /// What the quantity is.
    fn kind(&self) -> EffectKind;

    /// How it is computed.
    fn method(&self) -> Method;

    /// What was seen, for a sentence.
    fn facts(&self) -> Facts;

    /// Whether additive errors live on the logarithm of the quantity.
    fn is_multiplicative(&self) -> bool {
        true
    }

    /// How much noisier than chance counts are, where that widens the interval.
    fn noise(&self) -> Option<&DesignEffect> {
        None
    }

    /// What evidence of `z` about a limit would be if the data were no noisier than chance.
    fn if_independent(&self, z: f64, _limit: f64, _direction: Direction) -> Option<f64> {
        self.noise().map(|noise| noise.strengthen(z))
    }

    /// The evidence about a limit if another number of one arm's trials had been bad.
    fn z_of(&self, _bad: u64, _limit: f64, _direction: Direction) -> Option<f64> {
        None
    }

    /// How many more bad events the canary has than a limit allows at the baseline's own rate, where they are counted against
    /// it.
    fn excess(&self, _limit: f64) -> Option<f64> {
        None
    }

    /// Between which values the quantity lies by the buckets of both arms, if that is all that they know of it.
    fn known_to_buckets(&self) -> Option<(f64, f64)> {
        None
    }

    /// What the quantiles say that are judged at once, if they are: of each whether it is worse than `fail_limit` or within
    /// the limit, with its interval.
    fn quantiles(&self, _fail_limit: f64, _needs: &Hurdles, _to_pass: Hurdle, _look: &Look) -> Option<Quantiles> {
        None
    }

    /// The later start whose evidence against a limit is stronger by `more` than that of all steps, of one of several
    /// comparisons that this one is made of.
    fn loudest(&self, _limit: f64, _more: f64, _critical: f64) -> Option<Later> {
        None
    }

    /// The same as a course of steps, where a Fail may rest on the later ones.
    fn course(&self) -> Option<&dyn Course> {
        None
    }
}

/// A comparison since a later start, and what its evidence must reach by itself.
pub(super) struct Later {
    /// The first step.
    pub(super) start: usize,
    pub(super) since: Rc<dyn Comparison>,
    pub(super) critical: f64,
}

/// A comparison whose steps can be taken from a later start on.
pub(super) trait Course {
    /// How many steps there are in time.
    fn steps(&self) -> usize;

    /// The evidence of the steps since each start if they were independent.
    fn independent_z(&self, starts: &[usize], limit: f64, direction: Direction) -> Vec<f64>;

    /// All steps, as evidence in a direction that no step carries alone.
    fn tamed(&self, direction: Direction) -> Rc<dyn Comparison>;

    /// The steps since a start, likewise. The noise of counts is that about one break, which `scatter` keeps.
    fn since(&self, start: usize, direction: Direction, scatter: &OnceCell<Scatter>) -> Rc<dyn Comparison>;

    /// The same at a limit, as counts whose ratio of rates is one there; for what has no counts before there is a limit.
    fn counted(&self, _limit: f64, _direction: Direction) -> Option<Rc<dyn Comparison>> {
        None
    }
}

/// What a comparison has seen that no number of the evidence says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Facts {
    /// Bad trials of one arm among all of them.
    Share { bad: u64, total: u64 },
    /// Occurrences in one arm.
    Frequency(u64),
    /// Rates of both arms.
    Rates,
    /// One arm's number per step.
    Steps,
    /// Numbers of the same steps in both arms.
    Pairs(usize),
    /// Numbers of both arms whose steps are no partners.
    Samples,
    /// Steps of the canary beyond a limit, beside those of the baseline or not.
    Spikes { alone: bool, bad: usize, measured: usize, missing: usize },
    /// How one arm's numbers change, or those of both in the same steps.
    Trend { alone: bool, n: usize },
    /// The canary beside so many earlier days.
    Days(usize),
    /// A quantile of one arm, of its requests or of its steps.
    Quantile { q: f64, across_steps: bool },
    /// The same quantile of both arms.
    Quantiles { q: f64 },
    /// Many quantiles of both arms at once.
    AnyQuantile,
}
