//! What is asked of slices, and what they answer.

use davy_stats::counts::CountStep;
use davy_stats::slow::Requests;

/// The slices of one metric, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The smallest slices: no request is in two of them. All have the same number of steps.
    pub slices: &'a [Slice],
    /// Which quantile of the requests is in question; nothing for a share of bad ones.
    pub quantile: Option<f64>,
    /// The chance that anything at all is named in data where no slice is worse.
    pub chance: f64,
    /// A slice with a smaller excess of bad requests is never named.
    pub least: f64,
}

/// One slice of both arms.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The value of each dimension.
    pub values: Vec<String>,
    /// Requests and bad ones per step; for a quantile the slow ones, by a limit of the slice's own ([`slow_limit`]).
    pub steps: Vec<CountStep>,
    /// The requests of all steps, for a quantile.
    pub times: Option<Times>,
}

impl Slice {
    /// All of its steps as one.
    pub fn sum(&self) -> CountStep {
        self.steps.iter().fold(CountStep::UNUSABLE, |sum, step| sum.plus(step))
    }
}

/// The requests of a slice with their values.
#[derive(Debug, Clone)]
pub struct Times {
    /// The baseline's.
    pub baseline: Requests,
    /// The canary's.
    pub canary: Requests,
}

/// What slices show.
#[derive(Debug, Clone, PartialEq)]
pub struct Localised {
    /// How many slices were looked at.
    pub slices: usize,
    /// How many slices and sums of slices had enough data to be named.
    pub tested: usize,
    /// What each must reach, as a standard normal value.
    pub needed: f64,
    /// All slices together.
    pub whole: Line,
    /// Those that are worse, the strongest evidence first.
    pub named: Vec<Line>,
    /// What is left without them.
    pub rest: Option<Line>,
    /// The tree for the reader: parents before their children.
    pub tree: Vec<Line>,
    /// Whether the mix and slices that an arm lacks carry a part of the difference.
    pub is_elsewhere: bool,
}

/// A slice, or several of them together.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The value of each dimension; nothing where it is any.
    pub values: Vec<Option<String>>,
    /// Requests of the baseline and of the canary.
    pub requests: (f64, f64),
    /// Bad or slow ones of the baseline and of the canary.
    pub bad: (u64, u64),
    /// The canary's rate (or quantile) divided by the baseline's, slice by slice.
    pub ratio: f64,
    /// Its interval.
    pub interval: (f64, f64),
    /// The evidence that it is worse than its baseline, as a standard normal value.
    pub z: f64,
    /// Its part of the difference of the arms.
    pub share: Option<f64>,
    /// The step since which it is worse, if that is clear.
    pub since: Option<usize>,
    /// From which ratio of rates on it would have been named, nineteen times of twenty (`power::POWER`).
    pub findable: f64,
    /// Whether it is named.
    pub is_named: bool,
}

/// The limit beyond which requests of a slice count as slow: the quantile of both arms together, so that in a healthy slice
/// a slow request is as likely to be the canary's as any other is (Mood 1954).
pub fn slow_limit(times: &Times, quantile: f64) -> Option<f64> {
    Requests::pooled(&[times.baseline.clone(), times.canary.clone()])?.quantile(quantile)
}
