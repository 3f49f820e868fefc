//! One point per step. Counts and events in finer points are added up; gauges cannot be.
//!
//! Points rarely lie on the window's own grid, and clocks jitter. So a series in steps is placed relative to its
//! own first point: a point up to half a step early or late still finds its own step. A point keeps its time
//! where that lies in its step, and takes the step's start where it does not.

use super::window::Spacings;
use crate::series::{Bins, Series, SignedDuration, Timestamp, Window};

/// Two points in one step that cannot be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// The first point.
    pub first: Timestamp,
    /// The second.
    pub second: Timestamp,
    /// How far apart the series' points are, when that is less than a step.
    pub spacing: Option<SignedDuration>,
}

pub(super) fn empty_gauge() -> Series {
    Series::Gauge { time: Vec::new(), value: Vec::new(), requests: None }
}

/// No points of the same shape.
pub(super) fn empty_like(series: &Series) -> Series {
    series.within(&Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH })
}

/// The spacing of a series whose points are regularly two steps or more apart.
pub(super) fn coarser(series: &Series, step: SignedDuration) -> Option<SignedDuration> {
    if matches!(series, Series::Values { .. }) || series.len() < 5 {
        return None;
    }
    let spacing = Spacings::of(series.time()).commonest()?;
    (spacing.as_millis() >= 2 * step.as_millis()).then_some(spacing)
}

/// A window's points, at most one per step.
pub(super) fn on_grid(series: Series, window: &Window, step: SignedDuration) -> Result<Series, Clash> {
    match series {
        // histograms of one step are added up by the judge
        Series::Values { .. } | Series::Buckets { .. } => Ok(series),
        Series::Counts { time, total, bad } => {
            let slots = Slots::of(&time, window, step);
            let (total, bad) = (slots.added(&total, u64::saturating_add), slots.added(&bad, u64::saturating_add));
            Ok(Series::Counts { time: slots.times(&time), total, bad })
        }
        Series::Events { time, count, exposure } => {
            let slots = Slots::of(&time, window, step);
            let exposure = exposure.map(|exposure| slots.added(&exposure, |a, b| a + b));
            Ok(Series::Events { time: slots.times(&time), count: slots.added(&count, u64::saturating_add), exposure })
        }
        Series::Gauge { time, value, requests } => {
            let slots = Slots::of(&time, window, step);
            if let Some(at) = slots.step_of.windows(2).position(|pair| pair[0] == pair[1]) {
                let spacing = slots.finer.then_some(slots.spacing).flatten();
                return Err(Clash { first: time[at], second: time[at + 1], spacing });
            }
            Ok(Series::Gauge { time: slots.times(&time), value, requests })
        }
    }
}

/// The first and the last step, of the clock, in which a log has anything.
pub(super) fn ends(series: &Series, step: SignedDuration) -> Series {
    let step_ns = step.as_nanos().max(1);
    let begins = |time: &Timestamp| {
        let begun = time.as_nanosecond().div_euclid(step_ns) * step_ns;
        Timestamp::from_nanosecond(begun).unwrap_or(*time)
    };
    let time = series.time();
    let time: Vec<Timestamp> = time.first().into_iter().chain(time.last()).map(begins).collect();
    Series::Events { count: vec![0; time.len()], time, exposure: None }
}

/// What was counted in steps no longer than these, each at the start of the step that it lies in. Steps of a log begin where
/// the window does or divide it evenly, so that no clock has to be allowed for.
pub(super) fn put_together(series: Series, window: &Window, step: SignedDuration) -> Series {
    let (start, step_ns) = (window.start.as_nanosecond(), step.as_nanos().max(1));
    let begins = |time: &Timestamp| {
        let own = (time.as_nanosecond() - start).div_euclid(step_ns);
        Timestamp::from_nanosecond(start + own * step_ns).unwrap_or(*time)
    };
    let time: Vec<Timestamp> = series.time().iter().map(begins).collect();
    let slots = Slots {
        start: window.start,
        step_ns,
        step_of: time.iter().map(|t| t.as_nanosecond()).collect(),
        spacing: None,
        finer: true,
    };
    let mut begun = time.clone();
    begun.dedup();
    match series {
        Series::Counts { total, bad, .. } => {
            let (total, bad) = (slots.added(&total, u64::saturating_add), slots.added(&bad, u64::saturating_add));
            Series::Counts { time: begun, total, bad }
        }
        Series::Events { count, exposure, .. } => {
            let exposure = exposure.map(|exposure| slots.added(&exposure, |a, b| a + b));
            Series::Events { time: begun, count: slots.added(&count, u64::saturating_add), exposure }
        }
        Series::Buckets { bins, scale, .. } => {
            let mut at = 0;
            let sums = slots.runs().filter_map(|run| {
                let parts = &bins[at..at + run.len()];
                at += run.len();
                Bins::sum(parts)
            });
            Series::Buckets { bins: sums.collect(), time: begun, scale }
        }
        other => other,
    }
}

/// One instance's counts, each at the start of its step, so that instances whose clocks differ share their steps.
pub(super) fn on_steps(series: Series, window: &Window, step: SignedDuration) -> Series {
    let Series::Counts { time, total, bad } = series else { return series };
    let slots = Slots::of(&time, window, step);
    let (total, bad) = (slots.added(&total, u64::saturating_add), slots.added(&bad, u64::saturating_add));
    Series::Counts { time: slots.starts(&time), total, bad }
}

/// Which step each point belongs to.
struct Slots {
    start: Timestamp,
    step_ns: i128,
    step_of: Vec<i128>,
    spacing: Option<SignedDuration>,
    finer: bool,
}

impl Slots {
    fn of(time: &[Timestamp], window: &Window, step: SignedDuration) -> Slots {
        let step_ns = step.as_nanos().max(1);
        let start_ns = window.start.as_nanosecond();
        let spacing = Spacings::of(time).commonest();
        let finer = spacing.is_some_and(|spacing| spacing.as_nanos() * 4 < step_ns * 3);
        let last = (window.end.as_nanosecond() - start_ns - 1).div_euclid(step_ns);
        let since = |t: &Timestamp| t.as_nanosecond() - start_ns;
        let phase = time.first().map_or(0, |first| since(first).rem_euclid(step_ns));
        // Just before the next step is that step, a little early.
        let phase = if phase * 10 > step_ns * 9 { phase - step_ns } else { phase };
        let shift = if finer { 0 } else { step_ns / 2 - phase };
        let step_of = time.iter().map(|t| (since(t) + shift).div_euclid(step_ns).clamp(0, last.max(0))).collect();
        Slots { start: window.start, step_ns, step_of, spacing, finer }
    }

    fn runs(&self) -> impl Iterator<Item = &[i128]> {
        self.step_of.chunk_by(|a, b| a == b)
    }

    fn added<T: Copy>(&self, column: &[T], add: impl Fn(T, T) -> T) -> Vec<T> {
        let mut at = 0;
        let sums = self.runs().filter_map(|run| {
            let cells = &column[at..at + run.len()];
            at += run.len();
            cells.iter().copied().reduce(&add)
        });
        sums.collect()
    }

    /// The start of each step that holds points.
    fn starts(&self, time: &[Timestamp]) -> Vec<Timestamp> {
        let mut at = 0;
        let starts = self.runs().map(|run| {
            let first = time[at];
            at += run.len();
            self.start_of(run[0]).unwrap_or(first)
        });
        starts.collect()
    }

    fn start_of(&self, step: i128) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.start.as_nanosecond() + step * self.step_ns).ok()
    }

    fn times(&self, time: &[Timestamp]) -> Vec<Timestamp> {
        let mut at = 0;
        let times = self.runs().map(|run| {
            let (first, step) = (time[at], run[0]);
            at += run.len();
            let own = (first.as_nanosecond() - self.start.as_nanosecond()).div_euclid(self.step_ns);
            if own == step && run.len() == 1 { first } else { self.start_of(step).unwrap_or(first) }
        });
        times.collect()
    }
}
