//! Which arm fell silent, and when.
//!
//! A canary that stops reporting looks healthy in what it reported before, so it cannot pass. Its silence is seen beside the
//! baseline: steps in which the baseline has points and the canary has none. A baseline that ends early leaves the rest of the
//! canary without a comparison, which is no pass either.
//!
//! Arms with little traffic have steps without a request by chance. So a run of empty steps is a silence only where chance
//! would hardly bring it: with a share `p` of the other steps measured, `n` steps in a row are empty with a chance of
//! `(1 - p)^n`.

use super::case::Case;
use super::why::Silence;
use crate::series::Arm;

/// So many steps without a point, while the other arm has its own, are no delay.
const LONGEST_LATE: usize = 5;
/// Fewer steps in a row are a gap, however short the window is.
const SHORTEST: usize = 3;
/// Fewer steps in a row, as a share of the window, are a gap.
const SHORT: f64 = 0.05;
/// More scattered steps than this share, with points of the other arm alone, are a silence.
const SCATTERED: f64 = 0.1;
/// Chance must not explain a silence at this level.
const BY_CHANCE: f64 = 0.01;
/// So many requests missing, by the rate of the other steps, are not missing by chance.
const MANY: f64 = 10.0;

/// Steps in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    start: usize,
    len: usize,
}

impl Case<'_> {
    /// How the canary went silent, if it did.
    pub(super) fn silence(&self) -> Option<Silence> {
        let (own, other) = (&self.present.canary, &self.present.baseline);
        if own.iter().all(Option::is_none) {
            return None;
        }
        if own.len() != other.len() || !self.is_parallel() {
            return self.silence_by_itself().or_else(|| self.starved());
        }
        if let Some(run) = longest_silence(own, other, |_| true) {
            return Some(self.describe(Arm::Canary, run, own.len()));
        }
        if let Some(tail) = tail(own).filter(|tail| is_long(*tail, own.len())) {
            return Some(self.describe(Arm::Canary, tail, own.len()));
        }
        self.scattered(Arm::Canary).or_else(|| self.starved())
    }

    /// How the baseline went silent, if it did and anything is compared with it.
    pub(super) fn baseline_silence(&self) -> Option<Silence> {
        let (own, other) = (&self.present.baseline, &self.present.canary);
        if !self.needs_baseline() || own.len() != other.len() || !self.is_parallel() {
            return None;
        }
        let at_the_end = |run: Run| run.start + run.len == own.len();
        let run = longest_silence(own, other, at_the_end);
        run.map(|run| self.describe(Arm::Baseline, run, own.len())).or_else(|| self.scattered(Arm::Baseline))
    }

    /// A canary from another time than its baseline, whose steps have no partners.
    fn silence_by_itself(&self) -> Option<Silence> {
        let own = &self.present.canary;
        let coverage = self.coverage();
        if coverage.canary < 0.8 && coverage.baseline >= 0.95 {
            return Some(Silence::Scattered(Arm::Canary, coverage));
        }
        tail(own).filter(|tail| is_long(*tail, own.len())).map(|tail| self.describe(Arm::Canary, tail, own.len()))
    }

    fn describe(&self, arm: Arm, run: Run, steps: usize) -> Silence {
        let (from, to) = (self.grid.begins(run.start), self.grid.begins(run.start + run.len));
        match (run.start, run.start + run.len == steps) {
            (_, true) => Silence::Since(arm, from),
            (0, _) => Silence::Before(arm, to),
            _ => Silence::Between(arm, from, to),
        }
    }

    /// Steps here and there that one arm lacks and the other has, more than chance and traffic explain.
    fn scattered(&self, arm: Arm) -> Option<Silence> {
        let (own, other) = (self.present.get(arm), self.present.get(arm.other()));
        let count = |of: fn(bool, bool) -> bool| {
            own.iter().zip(other).filter(|(own, other)| of(own.is_some(), other.is_some())).count() as f64
        };
        let (beside, lone, n) =
            (count(|own, other| !own && other), count(|own, other| own && !other), own.len() as f64);
        let share = if beside < SHORTEST as f64 { 2.0 * SCATTERED } else { SCATTERED };
        let few = beside < 2.0 || beside <= share * n || beside <= 3.0 * lone;
        if few || self.is_idle_by_chance(arm, beside) {
            return None;
        }
        Some(Silence::Scattered(arm, self.coverage()))
    }

    /// Whether so many steps of an arm may have had no request, by its traffic.
    fn is_idle_by_chance(&self, arm: Arm, missing: f64) -> bool {
        let requests = self.grid.requests(self.series);
        let own = requests.get(arm);
        let all: f64 = own.iter().flatten().map(|n| *n as f64).sum();
        let n = own.len().max(1) as f64;
        if all == 0.0 {
            return false;
        }
        let empty = (-all / n).exp();
        missing <= n * (empty + SCATTERED) + 2.0 * (n * empty * (1.0 - empty)).sqrt() && empty > BY_CHANCE
    }

    /// Steps in a row without a single canary request, where the baseline's traffic says there should be many.
    fn starved(&self) -> Option<Silence> {
        let requests = self.grid.requests(self.series);
        let sum = |steps: &[Option<u64>]| steps.iter().flatten().map(|n| *n as f64).sum::<f64>();
        let (all_c, all_b) = (sum(&requests.canary), sum(&requests.baseline));
        if all_c == 0.0 {
            return None;
        }
        if all_b == 0.0 {
            return self.dried_up(&requests.canary, all_c);
        }
        // what is missing at the end is no request, where the baseline went on: nothing comes late after it has settled
        let last = requests.canary.iter().rposition(Option::is_some).unwrap_or(0);
        let (mut run, mut expected) = (0, 0.0);
        for (i, (c, b)) in requests.canary.iter().zip(&requests.baseline).enumerate() {
            let c = if i > last { Some(0) } else { *c };
            match (c, b) {
                (Some(0), Some(b)) if *b > 0 => (run, expected) = (run + 1, expected + *b as f64 * all_c / all_b),
                _ => (run, expected) = (0, 0.0),
            }
            if run >= SHORTEST && expected >= MANY {
                return Some(Silence::Starved { steps: run, since: self.grid.begins(i + 1 - run) });
            }
        }
        None
    }

    /// The same for a canary without a busy baseline: its own requests ended, where many were to be expected.
    fn dried_up(&self, requests: &[Option<u64>], all: f64) -> Option<Silence> {
        let last = requests.iter().rposition(|n| n.is_some_and(|n| n > 0))?;
        let (before, idle) = (last + 1, requests.len() - last - 1);
        let expected = all / before as f64 * idle as f64;
        let long = idle >= SHORTEST && idle as f64 > 0.2 * requests.len() as f64;
        (long && expected >= MANY).then(|| Silence::DriedUp { since: self.grid.begins(before) })
    }
}

/// The steps without a point at the end.
fn tail(own: &[Option<()>]) -> Option<Run> {
    let start = own.iter().rposition(Option::is_some)? + 1;
    (start < own.len()).then(|| Run { start, len: own.len() - start })
}

/// Whether an end without points is a silence, whatever the other arm did.
fn is_long(tail: Run, steps: usize) -> bool {
    tail.len >= SHORTEST && tail.len as f64 > 0.2 * steps as f64
}

/// The longest run of steps that one arm lacks and the other has, too long for a gap or for chance.
fn longest_silence(own: &[Option<()>], other: &[Option<()>], wanted: impl Fn(Run) -> bool) -> Option<Run> {
    let n = own.len() as f64;
    let (present, others) = (own.iter().flatten().count() as f64, other.iter().flatten().count() as f64 / n);
    let is_silence = |run: &Run| {
        let len = run.len as f64;
        let long = run.len >= LONGEST_LATE || run.len >= SHORTEST && len > SHORT * n;
        let beside = other[run.start..run.start + run.len].iter().flatten().count() as f64;
        let p = (present / (n - len).max(1.0)).min(1.0);
        // a run may begin anywhere
        let by_chance = (1.0 - p).powf(len) * n >= BY_CHANCE;
        long && beside >= 0.9 * others * len && others > 0.0 && !by_chance
    };
    runs(own).into_iter().filter(|run| wanted(*run)).filter(is_silence).max_by_key(|run| run.len)
}

/// The runs of steps without a point.
fn runs(own: &[Option<()>]) -> Vec<Run> {
    let (mut runs, mut start) = (Vec::new(), 0);
    for chunk in own.chunk_by(|a, b| a.is_some() == b.is_some()) {
        if chunk.first().is_some_and(Option::is_none) {
            runs.push(Run { start, len: chunk.len() });
        }
        start += chunk.len();
    }
    runs
}
