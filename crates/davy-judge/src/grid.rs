//! Points onto steps: both arms of a metric on one grid, so that they can be compared step by step.
//!
//! Comparing inside steps is what makes time of day, shared shocks and traffic ramps cancel. The grid starts at
//! each arm's own window, so a baseline from an earlier window is paired by elapsed time; where levels are compared
//! without pairs, each arm keeps all of its own steps. A step without a point is `None`; the warm-up is cut off the
//! front of both arms.

use super::rules::steps_of;
use crate::series::{self, Bins, Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use davy_stats::instances::Instances;
use davy_stats::single::TrialStep;
use davy_stats::slow::Requests;

/// One arm's points by step: nothing where nothing was measured.
pub(super) type Steps<T> = Vec<Option<T>>;

/// The grid of a dataset: how many steps each arm has after the warm-up, and where they begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    windows: Pair<Window>,
    step: SignedDuration,
    /// A step's length in milliseconds.
    width: i64,
    warmup: usize,
    /// Whether each arm has the steps of its own window, rather than those of the canary's.
    apart: bool,
}

impl Grid {
    /// The grid of the dataset's own steps.
    pub(super) fn new(data: &Dataset, warmup: SignedDuration) -> Self {
        let warmup = steps_of(warmup, data.step);
        Grid { windows: data.windows, step: data.step, width: millis(data.step), warmup, apart: false }
    }

    /// The grid of a metric, whose points may lie further apart than the dataset's steps.
    pub(super) fn of(data: &Dataset, metric: &str, warmup: SignedDuration) -> Self {
        let own = data.step_of(metric);
        Grid { step: own, width: millis(own), warmup: steps_of(warmup, own), ..Grid::new(data, warmup) }
    }

    /// The same with each arm on the steps of its own window, however many: for arms that are not compared in pairs.
    pub(super) fn apart(self) -> Self {
        Grid { apart: true, ..self }
    }

    /// The same with one window for both arms.
    pub(super) fn of_window(self, window: Window) -> Self {
        Grid { windows: Pair { baseline: window, canary: window }, apart: false, ..self }
    }

    /// The same without a warm-up.
    pub(super) fn whole(self) -> Self {
        Grid { warmup: 0, ..self }
    }

    /// The number of steps of the canary's window, the warm-up left out.
    pub(super) fn len(&self) -> usize {
        self.windows.canary.steps(self.step).saturating_sub(self.warmup)
    }

    /// How many steps the baseline's window has, the warm-up left out.
    pub(super) fn baseline_len(&self) -> usize {
        self.windows.baseline.steps(self.step).saturating_sub(self.warmup)
    }

    pub(super) fn step(&self) -> SignedDuration {
        self.step
    }

    /// The instant at which a step of the canary begins.
    pub(super) fn begins(&self, step: usize) -> Timestamp {
        let offset = self.step.checked_mul(i32::try_from(step + self.warmup).unwrap_or(i32::MAX));
        offset.and_then(|o| self.windows.canary.start.checked_add(o).ok()).unwrap_or(self.windows.canary.end)
    }

    /// The step that an instant of a window falls into.
    fn index(&self, window: &Window, at: Timestamp) -> Option<usize> {
        if !window.contains(at) {
            return None;
        }
        // spans of time have 128 bits of milliseconds, which are slow to divide, and instants need no more than 64
        let start = window.start;
        let below_seconds = (at.subsec_nanosecond() - start.subsec_nanosecond()).div_euclid(1_000_000);
        let into = (at.as_second() - start.as_second()) * 1_000 + i64::from(below_seconds);
        usize::try_from(into / self.width).ok()?.checked_sub(self.warmup)
    }

    /// Puts one value per point onto the steps; several points in one step are merged.
    fn lay<T: Copy>(
        &self,
        window: &Window,
        time: &[Timestamp],
        value: impl Fn(usize) -> T,
        merge: impl Fn(T, T) -> T,
    ) -> Steps<T> {
        let own = || window.steps(self.step).saturating_sub(self.warmup);
        let mut steps = vec![None; if self.apart { own() } else { self.len() }];
        for (i, at) in time.iter().enumerate() {
            if let Some(slot) = self.index(window, *at).and_then(|index| steps.get_mut(index)) {
                *slot = Some(slot.map_or(value(i), |before| merge(before, value(i))));
            }
        }
        steps
    }

    /// Trials and bad ones per step, for both arms. Empty where the series has another shape.
    pub(super) fn counts(&self, series: &Pair<Series>) -> Pair<Steps<Trials>> {
        self.windows.as_ref().zip(series.as_ref()).map(|(window, series)| self.trials(window, series))
    }

    fn trials(&self, window: &Window, series: &Series) -> Steps<Trials> {
        let Series::Counts { time, total, bad } = series else { return vec![None; self.len()] };
        self.lay(
            window,
            time,
            |i| Trials { total: total[i], bad: bad[i].min(total[i]) },
            |a, b| Trials { total: a.total.saturating_add(b.total), bad: a.bad.saturating_add(b.bad) },
        )
    }

    /// The trials of each instance per step, for both arms.
    pub(super) fn instances(&self, instances: &Pair<series::Instances>) -> Instances {
        let step = |t: Trials| TrialStep { total: t.total, bad: t.bad };
        let Pair { baseline, canary } = self.windows.as_ref().zip(instances.as_ref()).map(|(window, instances)| {
            let own = |series| self.trials(window, series).into_iter().map(|trials| trials.map(step)).collect();
            instances.values().map(own).collect()
        });
        Instances { canary, baseline }
    }

    /// Occurrences and their exposure per step, for both arms. Without an exposure of their own, steps expose by
    /// their length in seconds.
    pub(super) fn events(&self, series: &Pair<Series>) -> Pair<Steps<Occurrences>> {
        let seconds = self.step.as_secs_f64();
        self.windows.as_ref().zip(series.as_ref()).map(|(window, series)| match series {
            Series::Events { time, count, exposure: None } => self.lay(
                window,
                time,
                |i| Occurrences { count: count[i], exposure: seconds },
                |a, b| Occurrences { count: a.count.saturating_add(b.count), exposure: seconds },
            ),
            Series::Events { time, count, exposure: Some(exposure) } => self.lay(
                window,
                time,
                |i| Occurrences { count: count[i], exposure: exposure[i] },
                |a, b| Occurrences { count: a.count.saturating_add(b.count), exposure: a.exposure + b.exposure },
            ),
            _ => vec![None; self.len()],
        })
    }

    /// One number per step, for both arms.
    pub(super) fn gauge(&self, series: &Pair<Series>) -> Pair<Steps<f64>> {
        self.windows.as_ref().zip(series.as_ref()).map(|(window, series)| match series {
            Series::Gauge { time, value, .. } => self.lay(window, time, |i| value[i], |_, last| last),
            _ => vec![None; self.len()],
        })
    }

    /// The requests behind each step of a gauge, for both arms.
    pub(super) fn requests(&self, series: &Pair<Series>) -> Pair<Steps<u64>> {
        self.windows.as_ref().zip(series.as_ref()).map(|(window, series)| match series {
            Series::Gauge { time, requests: Some(requests), .. } => {
                self.lay(window, time, |i| requests[i], |a, b| a.saturating_add(b))
            }
            Series::Counts { time, total, .. } => self.lay(window, time, |i| total[i], |a, b| a.saturating_add(b)),
            Series::Buckets { time, bins, .. } => {
                self.lay(window, time, |i| bins[i].total(), |a, b| a.saturating_add(b))
            }
            Series::Values { time, .. } => self.lay(window, time, |_| 1, u64::saturating_add),
            _ => vec![None; self.len()],
        })
    }

    /// The requests of each step by their values, for both arms; an empty step holds none.
    pub(super) fn values(&self, series: &Pair<Series>) -> Pair<Vec<Requests>> {
        self.windows.as_ref().zip(series.as_ref()).map(|(window, series)| match series {
            Series::Values { time, value } => {
                let points = time.iter().zip(value.iter().map(|v| [*v]));
                self.gather(window, points).into_iter().map(Requests::single).collect()
            }
            Series::Buckets { time, bins, scale } => {
                let points = time.iter().zip(bins.iter().map(|bins| [bins]));
                self.gather(window, points).into_iter().map(|bins| together(&bins, *scale)).collect()
            }
            _ => vec![Requests::single(Vec::new()); self.len()],
        })
    }

    /// Everything that the points of one step hold.
    fn gather<'a, T: Clone>(
        &self,
        window: &Window,
        points: impl Iterator<Item = (&'a Timestamp, impl IntoIterator<Item = T>)>,
    ) -> Vec<Vec<T>> {
        let mut steps = vec![Vec::new(); self.len()];
        for (at, items) in points {
            if let Some(step) = self.index(window, *at).and_then(|index| steps.get_mut(index)) {
                step.extend(items);
            }
        }
        steps
    }

    /// The steps in which anything was measured, for both arms.
    pub(super) fn presence(&self, series: &Pair<Series>) -> Pair<Steps<()>> {
        let points = self.windows.as_ref().zip(series.as_ref());
        points.map(|(window, series)| self.lay(window, series.time(), |_| (), |_, _| ()))
    }
}

/// A step's length in milliseconds.
fn millis(step: SignedDuration) -> i64 {
    i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// The requests of a step's histograms, of which there is one as a rule.
fn together(bins: &[&Bins], scale: f64) -> Requests {
    match bins {
        [one] => Requests::binned((*one).clone(), scale),
        many => Bins::sum(many.iter().copied())
            .map_or_else(|| Requests::single(Vec::new()), |sum| Requests::binned(sum, scale)),
    }
}

/// Trials of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trials {
    pub(super) total: u64,
    pub(super) bad: u64,
}

impl Trials {
    /// The share of bad ones, where there were any trials.
    pub(super) fn share(self) -> Option<f64> {
        (self.total > 0).then(|| self.bad as f64 / self.total as f64)
    }
}

/// Occurrences of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Occurrences {
    pub(super) count: u64,
    pub(super) exposure: f64,
}

/// A sum that stops at the largest number.
pub(super) fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// The share of steps that hold something.
pub(super) fn coverage<T>(steps: &[Option<T>]) -> f64 {
    if steps.is_empty() {
        return 0.0;
    }
    steps.iter().flatten().count() as f64 / steps.len() as f64
}
