//! Counters: totals since some start, as Prometheus and most exporters write them.
//!
//! What is judged is how much a counter has grown between two rows; the increase belongs to the later one. A counter falls only
//! when its process restarts, and begins again at zero: the new value is the increase. The first value of a series gives
//! no increase, since nobody knows when it began.
//!
//! Counts per step and totals since a start look alike in a file, and the one read as the other says nothing of the canary.
//! So undeclared columns are looked at: counts of steps rise and fall, totals never fall but for restarts.

use super::surveyed;

/// How the numbers of one series move, in the order of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Motion {
    points: usize,
    rises: usize,
    falls: usize,
    /// Falls to more than half of what was there before: counters restart near zero.
    shallow: usize,
    least: f64,
    /// The mean of the rises.
    step: f64,
}

/// What undeclared columns seem to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// Counts of each step.
    Counts,
    /// Nothing in the numbers decides it.
    Unsure,
    /// Totals since some start.
    Totals,
}

/// Fewest points from which totals are told from counts, and from which there is a doubt.
const SURE: usize = 8;
const DOUBT: usize = 4;
/// Fewest points for a column whose name says that it is a total.
const NAMED: usize = 3;

impl Motion {
    pub(super) fn of(values: &[f64]) -> Motion {
        let mut motion = Motion { points: values.len(), least: f64::INFINITY, ..Motion::default() };
        let mut risen = 0.0;
        for pair in values.windows(2) {
            let (before, now) = (pair[0], pair[1]);
            if now > before {
                motion.rises += 1;
                risen += now - before;
            } else if now < before {
                motion.falls += 1;
                motion.shallow += usize::from(now * 2.0 > before);
            }
        }
        motion.least = values.iter().copied().fold(f64::INFINITY, f64::min);
        motion.step = if motion.rises == 0 { 0.0 } else { risen / motion.rises as f64 };
        motion
    }

    /// Whether it falls as counts of steps do.
    fn is_free(&self) -> bool {
        self.shallow > 0 || self.falls * 5 >= self.points.max(1) || self.falls * 2 > self.rises
    }

    /// Whether it rises and never falls, but for restarts.
    pub(super) fn climbs(&self, name: &str) -> bool {
        let (points, rises) = if is_named(name) { (NAMED, 2) } else { (DOUBT, 2) };
        self.points >= points && self.rises >= rises && !self.is_free()
    }

    /// Whether it rises nearly all the time, as what counts all requests does.
    fn climbs_steadily(&self, name: &str) -> bool {
        let least = if is_named(name) { 1 } else { 3 };
        self.climbs(name) && self.rises * 4 >= (self.points - 1 - self.falls.min(self.points - 1)) * least
    }

    /// What a person who looks over the column sees.
    pub(super) fn seen(&self, name: &str) -> surveyed::Motion {
        match () {
            () if self.rises == 0 && self.falls == 0 => surveyed::Motion::Still,
            () if !self.climbs(name) => surveyed::Motion::Free,
            () if is_named(name) => surveyed::Motion::Counter,
            () if self.points >= SURE => surveyed::Motion::Climbing,
            () => surveyed::Motion::Free,
        }
    }
}

/// Whether a name says that it is a total since some start, by the convention of Prometheus.
pub(super) fn is_named(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    ["_total", "-total", ".total", " total"].iter().any(|ending| name.ends_with(ending))
}

/// What the whole of a rate and its part seem to be.
pub(super) fn of_rate(whole: (&str, Motion), part: (&str, Motion)) -> Likeness {
    let named = |(name, motion): (&str, Motion)| is_named(name) && motion.climbs(name);
    if named(whole) || named(part) {
        return Likeness::Totals;
    }
    let (name, motion) = whole;
    if !motion.climbs_steadily(name) {
        return Likeness::Counts;
    }
    match part.1.climbs(part.0) {
        true if motion.points >= SURE => Likeness::Totals,
        true => Likeness::Unsure,
        false if motion.points >= SURE => Likeness::Unsure,
        false => Likeness::Counts,
    }
}

/// What occurrences without a whole seem to be, or the requests behind a gauge.
pub(super) fn alone((name, motion): (&str, Motion)) -> Likeness {
    let climbs = motion.climbs(name);
    match () {
        () if climbs && is_named(name) => Likeness::Totals,
        () if !climbs || motion.points < SURE || !motion.climbs_steadily(name) => Likeness::Counts,
        () if motion.least >= 20.0 * motion.step => Likeness::Totals,
        () => Likeness::Unsure,
    }
}

/// Why the increases of a column cannot be known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    /// It falls too often for a counter: how often, in how many steps.
    Falls(usize, usize),
    /// At this point it falls, but not to what a restarted counter can have reached.
    HighRestart(usize),
}

/// How much a counter has grown at each value but the first.
pub(super) fn increases(values: &[f64]) -> Result<Vec<f64>, Fault> {
    let steps = values.len().saturating_sub(1);
    let falls = values.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if falls >= 3 && falls * 5 > steps {
        return Err(Fault::Falls(falls, steps));
    }
    let grown = |pair: &[f64]| if pair[1] >= pair[0] { pair[1] - pair[0] } else { pair[1] };
    let largest = values.windows(2).filter(|pair| pair[1] >= pair[0]).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    let high = |pair: &[f64]| pair[1] < pair[0] && pair[1] > 10.0 * largest.max(10.0);
    match values.windows(2).position(high) {
        Some(at) => Err(Fault::HighRestart(at + 1)),
        None => Ok(values.windows(2).map(grown).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(whole: &[f64], part: &[f64]) -> Likeness {
        of_rate(("requests", Motion::of(whole)), ("errors", Motion::of(part)))
    }

    fn line(n: usize, at: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|i| at(i as f64)).collect()
    }

    #[test]
    fn totals_are_told_from_counts() {
        let (old, errors) = (line(30, |i| 1e6 + 600.0 * i), line(30, |i| 40_000.0 + 3.0 * i));
        assert_eq!(rate(&old, &errors), Likeness::Totals);
        assert_eq!(rate(&line(30, |i| 600.0 * i), &line(30, |i| 18.0 * i)), Likeness::Totals);
        let restarted: Vec<f64> = old[..15].iter().copied().chain(line(15, |i| 600.0 * i)).collect();
        assert_eq!(rate(&restarted, &errors), Likeness::Totals);
        let noisy = line(30, |i| 1000.0 + 5.0 * i + 40.0 * (i * 2.4).sin());
        assert_eq!(rate(&noisy, &line(30, |i| i % 3.0)), Likeness::Counts);
        assert_eq!(rate(&line(30, |_| 1000.0), &line(30, |_| 5.0)), Likeness::Counts);
        assert_eq!(rate(&line(30, |_| 1000.0), &line(30, |i| i)), Likeness::Counts, "errors alone may rise");
        assert_eq!(rate(&line(30, |i| 1000.0 + i), &line(30, |i| i % 3.0)), Likeness::Unsure);
        assert_eq!(rate(&line(3, |i| 1000.0 + i), &line(3, |i| i)), Likeness::Counts, "too short to tell");
        assert_eq!(rate(&line(5, |i| 1000.0 + i), &line(5, |i| i)), Likeness::Unsure);
    }

    #[test]
    fn a_name_says_it_earlier() {
        let (whole, part) = (Motion::of(&line(4, |i| 600.0 * i)), Motion::of(&[7.0; 4]));
        assert_eq!(of_rate(("http_requests_total", whole), ("errors", part)), Likeness::Totals);
        let falling = Motion::of(&[900.0, 700.0, 800.0, 780.0]);
        assert_eq!(of_rate(("requests_total", falling), ("errors_total", part)), Likeness::Counts);
    }

    #[test]
    fn occurrences_alone_are_totals_where_they_are_far_larger_than_their_steps() {
        assert_eq!(alone(("fallbacks", Motion::of(&line(20, |i| 5_000.0 + 3.0 * i)))), Likeness::Totals);
        assert_eq!(alone(("fallbacks", Motion::of(&line(20, |i| 3.0 * i)))), Likeness::Unsure);
        assert_eq!(alone(("fallbacks", Motion::of(&line(20, |i| i % 4.0)))), Likeness::Counts);
    }

    #[test]
    fn increases_start_from_zero_after_a_restart() {
        assert_eq!(increases(&[100.0, 130.0, 130.0, 20.0, 25.0]), Ok(vec![30.0, 0.0, 20.0, 5.0]));
        assert_eq!(increases(&[5.0]), Ok(vec![]));
        assert_eq!(increases(&[9.0, 7.0, 8.0, 6.0, 7.0, 5.0]), Err(Fault::Falls(3, 5)));
        assert_eq!(increases(&[1e6, 1e6 + 50.0, 7e5, 7e5 + 50.0]), Err(Fault::HighRestart(2)));
    }
}
