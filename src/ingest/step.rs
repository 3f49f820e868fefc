//! How long steps are, if neither a plan nor the points say it: single requests lie on no grid.
//!
//! Each arm gets 30 to 60 steps of a length that people read with ease, so that a run of five minutes tells as much of its
//! noise as one of an hour. The step follows from each arm's own run: two runs a day apart have no step between them. The
//! border between two lengths lies beyond 60 steps, so that no round run (5 min, 10 min, 1 h) is next to one.
//!
//! Longer runs have more steps, of a minute: noise is known the better from them, and a bad quarter of an hour shows. Only
//! beyond [`MOST_OF_ALL`] are steps longer. Little traffic gets fewer steps, of some requests each. Runs that differ in length
//! share a step; it suits the shorter one.

use super::window::around;
use crate::series::{Pair, Series, SignedDuration, Timestamp, Window};

/// The finest that logs are counted in, before their steps are known.
pub(super) const FINEST: SignedDuration = SignedDuration::from_millis(100);
/// Steps of single requests that are looked at again and again, where they are short: as they are put together.
pub(super) const BASE: SignedDuration = SignedDuration::from_secs(10);

/// Lengths that are read with ease, in milliseconds.
const READABLE: [i64; 22] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
    1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];
/// More steps of less than a minute are too many for the shorter arm. Above 60, the borders are at 5 min 30 s, 11 min, 33 min.
const MOST: i64 = 66;
const MINUTE: i64 = 60_000;
/// What is over sooner than this in seconds has steps of less than a second, and no more of them than the second number.
const BRIEF: (i64, i64) = (10, 20);
/// More steps than this are too many for any arm.
const MOST_OF_ALL: i64 = 1_500;
/// Requests that a step of an arm should have on average.
const REQUESTS: f64 = 5.0;
/// However little traffic there is, so many steps are not too many, and so few are too few.
const FEW: (i64, i64) = (10, 6);

/// One arm, as far as its steps depend on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    lasts_ms: i64,
    requests: f64,
    /// A step has to be a multiple of this.
    grid_ms: i64,
    /// Shorter steps would often be empty between two points.
    least_ms: i64,
}

impl Run {
    /// A run in its window, by all that was measured of its single requests.
    pub fn of(series: &[&Series], window: &Window) -> Run {
        let counted = series.iter().map(|series| (requests(series, window), window.of(series.time())));
        let most = counted.fold((0.0, &[][..]), |most, own| if own.0 > most.0 { own } else { most });
        let (grid_ms, least_ms) = clock(most.1);
        Run { lasts_ms: ms(window.duration()), requests: most.0, grid_ms, least_ms }
    }

    fn steps(&self, step: i64) -> i64 {
        self.lasts_ms.saturating_add(step - 1) / step.max(1)
    }

    /// How many steps its requests are enough for.
    fn most(&self) -> i64 {
        if self.requests > 0.0 { FEW.0.max((self.requests / REQUESTS) as i64) } else { i64::MAX }
    }

    fn suits(&self, step: i64) -> bool {
        step % self.grid_ms.max(1) == 0 && step >= self.least_ms && self.steps(step) <= MOST_OF_ALL
    }
}

/// The step for two runs.
pub(super) fn chosen(runs: &Pair<Run>) -> SignedDuration {
    let runs = [&runs.baseline, &runs.canary];
    let shorter = if runs[0].lasts_ms < runs[1].lasts_ms { runs[0] } else { runs[1] };
    let is_brief = shorter.lasts_ms < 1_000 * BRIEF.0;
    let most = if is_brief { BRIEF.1 } else { MOST };
    let odd = runs.iter().filter(|run| !READABLE.contains(&run.grid_ms));
    let of_grids = odd.flat_map(|run| READABLE.map(|length| run.grid_ms.saturating_mul(length / 100)));
    let mut lengths: Vec<i64> = READABLE.into_iter().chain(of_grids).filter(|length| *length > 0).collect();
    lengths.sort_unstable();
    lengths.retain(|length| (is_brief || *length >= 1_000) && runs.iter().all(|run| run.suits(*length)));
    let is_enough = |length: &&i64| {
        let is_long = **length >= MINUTE || shorter.steps(**length) <= most;
        is_long && runs.iter().all(|run| run.steps(**length) <= run.most())
    };
    let found = lengths.iter().find(is_enough).or(lengths.last()).copied().unwrap_or(MINUTE);
    let finer = || lengths.iter().rev().find(|length| shorter.steps(**length) >= FEW.1).copied();
    let step = if shorter.steps(found) < FEW.1 { finer().unwrap_or(found) } else { found };
    SignedDuration::from_millis(step)
}

/// What logs are counted in for windows that are known: all steps that may be chosen are whole multiples.
pub(super) fn counted(windows: &Pair<Window>) -> SignedDuration {
    let run = |window: &Window| Run { lasts_ms: ms(window.duration()), ..Run::default() };
    match ms(chosen(&windows.as_ref().map(run))) {
        ..=999 => FINEST,
        1_000..=9_999 => SignedDuration::from_secs(1),
        10_000..=59_999 => SignedDuration::from_secs(5),
        _ => BASE,
    }
}

/// The step of single requests that are looked at again and again, which must not grow with them: a minute, or ten seconds
/// where less than ten minutes were measured.
pub(super) fn steady<'a>(single: impl Iterator<Item = &'a Series>) -> SignedDuration {
    let minute = SignedDuration::from_mins(1);
    let (mut counted, mut minutes) = (0, 0);
    let requests = single.fold(None, |so_far, series| {
        if !matches!(series, Series::Values { .. }) {
            counted += series.len();
            minutes += series.time().iter().filter(|time| time.as_second() % 60 == 0).count();
        }
        around(so_far, series.time())
    });
    match requests {
        // all on whole minutes: their time stamps are minutes
        Some((start, end)) if counted > 0 && minutes == counted && start < end => minute,
        Some((start, end)) if (Window { start, end }).steps(minute) < 10 => BASE,
        _ => minute,
    }
}

fn ms(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// How many requests a series has in a window.
fn requests(series: &Series, window: &Window) -> f64 {
    let inside = |time: &[Timestamp]| {
        let from = time.partition_point(|at| *at < window.start);
        from..time.partition_point(|at| *at < window.end).max(from)
    };
    let span = inside(series.time());
    match series {
        Series::Counts { total, .. } => total[span].iter().map(|n| *n as f64).sum(),
        Series::Buckets { bins, .. } => bins[span].iter().map(|bins| bins.total() as f64).sum(),
        Series::Events { count, .. } => count[span].iter().map(|n| *n as f64).sum(),
        series => series.time()[span].len() as f64,
    }
}

/// What points lie on, if their clock is coarse or somebody counted them at intervals, and the least step that suits them.
fn clock(time: &[Timestamp]) -> (i64, i64) {
    let mut gaps: Vec<i64> =
        time.windows(2).map(|pair| ms(pair[1].duration_since(pair[0]))).filter(|gap| *gap > 0).collect();
    let finest = ms(FINEST);
    match *gaps.as_slice() {
        [] => (0, 0),
        // two instants: only whole minutes are no chance
        [_] => match time.iter().all(|at| at.as_millisecond() % MINUTE == 0) {
            true => (MINUTE, MINUTE),
            false => (0, 0),
        },
        _ => {
            let grid = gaps.iter().copied().reduce(divisor).unwrap_or(0);
            let middle = gaps.len() / 2;
            let median = *gaps.select_nth_unstable(middle).1;
            match grid {
                grid if grid < finest => (0, 2 * median),
                grid if grid == median => (grid, grid),
                grid => (grid, 2 * median),
            }
        }
    }
}

/// The greatest common divisor.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64, requests: f64) -> Run {
        Run { lasts_ms: (seconds * 1e3) as i64, requests, ..Run::default() }
    }

    fn step(baseline: Run, canary: Run) -> f64 {
        chosen(&Pair { baseline, canary }).as_secs_f64()
    }

    fn alike(seconds: f64, requests: f64) -> f64 {
        step(run(seconds, requests), run(seconds, requests))
    }

    #[test]
    fn runs_up_to_an_hour_have_some_thirty_to_sixty_steps_and_longer_ones_minutes() {
        for (minutes, seconds) in [(1.0, 1.0), (2.0, 2.0), (5.0, 5.0), (10.0, 10.0), (15.0, 15.0), (30.0, 30.0)] {
            assert_eq!(alike(60.0 * minutes, 1e6), seconds);
        }
        for hours in [1.0, 2.0, 24.0] {
            assert_eq!(alike(3_600.0 * hours, 1e6), 60.0);
        }
        assert_eq!(alike(7.0 * 86_400.0, 1e6), 600.0);
        for seconds in 40..3_960 {
            let steps = f64::from(seconds) / alike(f64::from(seconds), 1e6);
            assert!((26.0..=66.0).contains(&steps), "{seconds} s: {steps} steps");
        }
    }

    #[test]
    fn a_second_more_or_less_of_a_round_run_changes_nothing() {
        for minutes in [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0] {
            let steps = [-1.0, 0.0, 1.0].map(|more| alike(60.0 * minutes + more, 1e6));
            assert!(steps.iter().all(|step| *step == steps[0]), "{minutes} min: {steps:?}");
        }
    }

    #[test]
    fn seconds_still_make_steps() {
        assert_eq!([1.0, 3.0, 5.0, 9.9, 10.1, 40.0].map(|lasts| alike(lasts, 1e6)), [0.1, 0.2, 0.5, 0.5, 1.0, 1.0]);
        assert_eq!(alike(0.1, 1.0), 0.1);
    }

    #[test]
    fn little_traffic_has_fewer_steps_with_some_requests_each() {
        assert_eq!(alike(300.0, 300.0), 5.0);
        assert_eq!(alike(300.0, 100.0), 15.0);
        for requests in [1.0, 10.0, 30.0, 60.0, 100.0, 200.0] {
            let steps = (300.0 / alike(300.0, requests)).ceil();
            assert!((6.0..=60.0).contains(&steps) && (steps <= 15.0 || requests / steps >= 5.0), "{requests}: {steps}");
        }
        // the arm with less decides, and one that has none does not
        assert_eq!(step(run(300.0, 1e4), run(300.0, 100.0)), 15.0);
        assert_eq!(step(run(300.0, 1e4), run(300.0, 0.0)), 5.0);
    }

    #[test]
    fn the_step_suits_the_shorter_run_as_far_as_the_longer_one_bears_it() {
        assert_eq!(step(run(3_600.0, 1e6), run(300.0, 1e4)), 5.0);
        assert_eq!(step(run(86_400.0, 1e6), run(300.0, 1e4)), 60.0);
    }

    #[test]
    fn a_coarse_clock_is_not_divided() {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default();
        let of = |seconds: &[i64]| clock(&seconds.iter().map(|second| at(*second)).collect::<Vec<_>>());
        assert_eq!(of(&[0, 60, 120, 180, 300]), (60_000, 60_000));
        assert_eq!(of(&[3, 8, 13, 18]), (5_000, 5_000));
        assert_eq!(of(&[0, 3, 17, 18, 60]), (1_000, 28_000));
        assert_eq!([of(&[]), of(&[7]), of(&[7, 21])], [(0, 0); 3]);
        assert_eq!(of(&[0, 180]), (60_000, 60_000));
        let minutes = |seconds| Run { grid_ms: 60_000, least_ms: 60_000, ..run(seconds, 1e6) };
        assert_eq!(step(minutes(420.0), minutes(420.0)), 60.0);
        let of_three = |seconds| Run { grid_ms: 180_000, least_ms: 180_000, ..run(seconds, 1e6) };
        assert_eq!(step(of_three(3_600.0), of_three(3_600.0)), 180.0);
        let (ten, seven) = (10_000, 7_000);
        let both = step(Run { grid_ms: ten, ..run(300.0, 1e6) }, Run { grid_ms: seven, ..run(300.0, 1e6) });
        assert_eq!(both % 70.0, 0.0);
    }

    #[test]
    fn what_is_counted_for_known_windows_divides_every_step() {
        for seconds in [2.0, 30.0, 300.0, 900.0, 3_600.0, 864_000.0] {
            let lasts = SignedDuration::from_millis((seconds * 1e3) as i64);
            let window = Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH + lasts };
            let base = ms(counted(&Pair { baseline: window, canary: window }));
            for requests in [10.0, 100.0, 1e3, 1e6] {
                let counted = Run { grid_ms: base, ..run(seconds, requests) };
                assert_eq!(step(counted.clone(), counted), alike(seconds, requests), "{seconds} s, {requests}");
            }
        }
    }
}
