//! How often each answer was given, with what that says of how often it will be given.

use crate::judge::verdict::Outcome;
use crate::stats::tail::beta_quantile;

/// Answers counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Windows that passed.
    pub pass: usize,
    /// Windows that warned.
    pub warn: usize,
    /// Windows that could not tell.
    pub inconclusive: usize,
    /// Windows that failed.
    pub fail: usize,
}

/// A share of the windows and the shares that it is compatible with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many windows.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The lower end of the 95 % interval (Clopper and Pearson 1934).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Rate {
    /// So many of so many.
    pub fn new(count: usize, of: usize) -> Rate {
        const TAIL: f64 = 0.025;
        let (x, n) = (count as f64, of as f64);
        let low = if count == 0 { 0.0 } else { beta_quantile(TAIL, x, n - x + 1.0) };
        let high = if count >= of { 1.0 } else { beta_quantile(1.0 - TAIL, x + 1.0, n - x) };
        Rate { count, of, low, high }
    }

    /// The share itself.
    pub fn share(&self) -> f64 {
        self.count as f64 / (self.of as f64).max(1.0)
    }
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Warn => self.warn += 1,
            Outcome::Inconclusive => self.inconclusive += 1,
            Outcome::Fail => self.fail += 1,
        }
    }

    /// How many were counted.
    pub fn all(&self) -> usize {
        self.pass + self.warn + self.inconclusive + self.fail
    }

    /// The share of an answer.
    pub fn rate(&self, outcome: Outcome) -> Rate {
        let count = match outcome {
            Outcome::Pass => self.pass,
            Outcome::Warn => self.warn,
            Outcome::Inconclusive => self.inconclusive,
            Outcome::Fail => self.fail,
        };
        Rate::new(count, self.all())
    }
}
