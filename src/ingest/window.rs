//! Which time counts: the spacing of the points and each arm's window, as far as the plan leaves them to the data.

use std::collections::BTreeMap;

use crate::config::plan::{Span, TimePlan};
use crate::series::{Arm, Pair, Series, SignedDuration, Timestamp, Window};

/// More steps than this in a window are taken for a mistake: a year has 3,153,600 steps of ten seconds.
pub(super) const MOST_STEPS: usize = 5_000_000;

type Both<'a> = Pair<Option<&'a Series>>;

/// The given step, else the spacing that most neighbouring points have.
///
/// Single requests have no spacing, nor have those that were counted in base steps (`single`); they are looked at per minute, or per ten seconds where less than ten minutes
/// were measured.
pub(super) fn step<'a>(
    plan: &TimePlan,
    metrics: impl Iterator<Item = Both<'a>>,
    single: impl Iterator<Item = &'a Series>,
) -> SignedDuration {
    let minute = SignedDuration::from_mins(1);
    if let Some(step) = plan.step {
        return step;
    }
    let mut spacings = Spacings::default();
    let mut requests: Option<(Timestamp, Timestamp)> = None;
    for pair in metrics {
        for series in [pair.canary, pair.baseline].into_iter().flatten() {
            match series {
                Series::Values { time, .. } => requests = around(requests, time),
                stepped => spacings.add(stepped.time()),
            }
        }
    }
    if let Some(found) = spacings.step() {
        return found;
    }
    let (mut counted, mut minutes) = (0, 0);
    let requests = single.fold(requests, |so_far, series| {
        counted += series.len();
        minutes += series.time().iter().filter(|time| time.as_second() % 60 == 0).count();
        around(so_far, series.time())
    });
    match requests {
        // all on whole minutes: their time stamps are minutes
        Some((start, end)) if counted > 0 && minutes == counted && start < end => minute,
        Some((start, end)) if (Window { start, end }).steps(minute) < 10 => SignedDuration::from_secs(10),
        _ => minute,
    }
}

/// Each arm's window; nothing when no point and no plan says where it is.
pub(super) fn windows(plan: &TimePlan, metrics: &[Both], step: SignedDuration) -> Option<Pair<Window>> {
    let extents = Pair::build(|arm| extent(metrics, arm, step));
    let canary = match plan.canary {
        Span::Exactly(window) => window,
        Span::All | Span::Earlier(_) => extents.canary.or(extents.baseline)?,
    };
    let baseline = match plan.baseline {
        Span::Exactly(window) => window,
        Span::Earlier(by) => Window { start: earlier(canary.start, by), end: earlier(canary.end, by) },
        Span::All => match extents.baseline {
            Some(own) if own.end <= canary.start || canary.end <= own.start => own,
            _ => canary,
        },
    };
    Some(Pair { baseline, canary })
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

/// From an arm's first point to one step after its last. Where points per step and single requests meet, the
/// steps start where the points do.
fn extent(metrics: &[Both], arm: Arm, step: SignedDuration) -> Option<Window> {
    let series = || metrics.iter().filter_map(|pair| *pair.get(arm));
    let (first, last) = series().fold(None, |so_far, series| around(so_far, series.time()))?;
    let stepped = series().filter(|series| !matches!(series, Series::Values { .. }));
    let anchor = stepped.filter_map(|series| series.time().first()).min().copied().unwrap_or(first);
    let (ahead, step_ms) = (anchor.duration_since(first).as_millis().max(0), step.as_millis().max(1));
    let steps_ahead = i64::try_from((ahead + step_ms - 1) / step_ms * step_ms).unwrap_or(0);
    let start = anchor.saturating_sub(SignedDuration::from_millis(steps_ahead)).unwrap_or(first);
    Some(Window { start, end: last.saturating_add(step).unwrap_or(Timestamp::MAX) })
}

fn around(extent: Option<(Timestamp, Timestamp)>, time: &[Timestamp]) -> Option<(Timestamp, Timestamp)> {
    let (Some(first), Some(last)) = (time.first(), time.last()) else { return extent };
    Some(extent.map_or((*first, *last), |(start, end)| (start.min(*first), end.max(*last))))
}

/// How often neighbouring points are how far apart, in milliseconds.
#[derive(Default)]
pub(super) struct Spacings {
    counts: BTreeMap<i128, usize>,
    all: usize,
}

impl Spacings {
    pub fn of(time: &[Timestamp]) -> Self {
        let mut spacings = Spacings::default();
        spacings.add(time);
        spacings
    }

    pub fn add(&mut self, time: &[Timestamp]) {
        for pair in time.windows(2) {
            let spacing = pair[1].duration_since(pair[0]).as_millis();
            if spacing > 0 {
                *self.counts.entry(spacing).or_default() += 1;
                self.all += 1;
            }
        }
    }

    /// The commonest spacing, the shortest of equals.
    pub fn commonest(&self) -> Option<SignedDuration> {
        let best = self.counts.iter().max_by_key(|(spacing, count)| (**count, -**spacing));
        best.map(|(spacing, _)| SignedDuration::from_millis(i64::try_from(*spacing).unwrap_or(i64::MAX)))
    }

    /// The step that the commonest spacing means.
    pub fn step(&self) -> Option<SignedDuration> {
        self.commonest().map(|found| self.rounded(found))
    }

    /// Where clocks jitter (59.9 s, 60.1 s, …) the round spacing that is meant.
    fn rounded(&self, found: SignedDuration) -> SignedDuration {
        const ROUND: [i64; 15] = [1, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 21_600, 86_400];
        let found_ms = found.as_millis();
        let steady = self.counts.get(&found_ms).is_some_and(|count| count * 5 >= self.all * 4);
        let near = ROUND.iter().find(|round| (i128::from(**round) * 1_000 - found_ms).abs() * 50 <= found_ms);
        match near {
            Some(round) if !steady => SignedDuration::from_secs(*round),
            _ => found,
        }
    }
}
