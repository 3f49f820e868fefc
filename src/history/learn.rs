//! What the judge learns of a service's noise from its past, before it sees today.
//!
//! The past is cut into windows as long as the one that is judged, counted back from the moment when that begins. Each has
//! a level of its own, so that what the time of day does to a level is no noise. Of both arms at the same time the
//! differences tell the noise of a comparison; of one arm, two arms are believed to vary alike and apart, and the judge lets
//! today's steps decide how much of it they share. How far the levels of two windows differ beyond that counts where
//! the arms are windows of different times.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::noise::{Laid, UNUSABLE, laid};
use super::{Arms, History};
use crate::judge::groups;
use crate::judge::learned::{Learned, Noise};
use crate::judge::rules::{Kind, Rules};
use crate::series::{MetricName, Pair, Series, SignedDuration, Timestamp, Window};
use crate::stats::counts::{self, CountStep, Exposure};
use crate::stats::dispersion;
use crate::stats::past;
use crate::stats::segments::{self, Course};
use crate::stats::single::{self, EventStep, TrialStep};
use crate::stats::steps;

/// It takes so many windows to learn.
pub const LEAST_WINDOWS: usize = past::LEAST_WINDOWS;

/// How the past is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The windows that are judged: the past ends before the canary's, and has nothing of the baseline's.
    pub judged: Pair<Window>,
    /// How long a window is.
    pub length: SignedDuration,
    /// How far apart the beginnings of windows are: the length, or a day for the same hours of every day.
    pub every: SignedDuration,
    /// How much earlier the baseline of the comparison is, if it is not of the same time.
    pub earlier: Option<SignedDuration>,
}

/// Windows of fewer steps are put together as far as they touch: how slow steps wander shows over many of them.
const LEAST_STEPS: usize = 48;

/// The windows of a past, the latest first.
#[derive(Debug, Clone)]
struct Windows {
    all: Vec<Window>,
    /// How many windows lie between one and the one that it is compared with.
    apart: usize,
}

impl History {
    /// When its first point is, and when its last one ends.
    pub fn extent(&self) -> Option<Window> {
        let times = || self.data.metrics.values().flat_map(|pair| [pair.baseline.time(), pair.canary.time()]);
        let start = times().filter_map(|time| time.first()).min()?;
        let end = times().filter_map(|time| time.last()).max()?;
        Some(Window { start: *start, end: end.saturating_add(self.step()).ok()? })
    }

    /// How many windows it can be cut into.
    pub fn windows(&self, cut: &Cut) -> usize {
        self.cut_into(cut).map_or(0, |windows| windows.all.len())
    }

    /// What it says of the noise of each metric. A metric of which it has too few windows is left out.
    pub fn learn(&self, rules: &Rules, cut: &Cut) -> BTreeMap<MetricName, Learned> {
        let Some(windows) = self.cut_into(cut) else { return BTreeMap::new() };
        let rules = groups::spread(rules, self.groups());
        let learned = rules.metrics.iter().filter_map(|(name, metric)| {
            let pair = self.metrics().get(name)?;
            let step = self.data.steps.get(name).copied().unwrap_or(self.step());
            let of = Of { arms: self.arms, pair, step, windows: &windows };
            let noise = match metric.kind {
                Kind::Gauge { .. } => of.steps()?,
                Kind::BadShare | Kind::GoodShare | Kind::PartShare => Noise::Counts(Arc::new(of.trials()?)),
                Kind::Events => Noise::Counts(Arc::new(of.events()?)),
                Kind::Values => return None,
            };
            Some((name.clone(), Learned { past: windows.extent()?, windows: windows.all.len(), noise }))
        });
        learned.collect()
    }

    /// What all of it says, cut into windows of a length.
    pub fn learn_all(&self, rules: &Rules, length: SignedDuration) -> BTreeMap<MetricName, Learned> {
        let Some(Window { end, .. }) = self.extent() else { return BTreeMap::new() };
        let after = Window { start: end, end: end.saturating_add(length).unwrap_or(end) };
        let judged = Pair { baseline: after, canary: after };
        self.learn(rules, &Cut { judged, length, every: length, earlier: None })
    }

    /// Windows of the wanted length before the judged ones; those of every day at the same hours if they are a day apart.
    fn cut_into(&self, cut: &Cut) -> Option<Windows> {
        let Cut { judged, length, every, earlier } = *cut;
        let (extent, begins) = (self.extent()?, judged.canary.start);
        let end = if every > length { begins } else { begins.min(extent.end) };
        let starts = (1..).map_while(|k: i32| {
            let start = end.checked_sub(every.checked_mul(k)?).ok()?;
            (start >= extent.start).then_some(start)
        });
        let window = |start: Timestamp| Some(Window { start, end: start.checked_add(length).ok()? });
        let other = judged.baseline;
        let is_past = |window: &Window| {
            window.end <= begins && (window.end <= other.start || other.end <= window.start || other == judged.canary)
        };
        let all: Vec<Window> = starts.filter_map(window).filter(is_past).collect();
        let lag = earlier.map_or(0, |earlier| earlier.as_millis() / every.as_millis().max(1));
        let apart = usize::try_from(lag).ok().filter(|lag| *lag >= 1 && all.len() >= 2 * lag).unwrap_or(1);
        Some(Windows { all, apart })
    }
}

impl Windows {
    /// Neighbours that touch put together until they have enough steps, if enough windows are left.
    fn together(&self, step: SignedDuration) -> Vec<Window> {
        let each = self.all.first().map_or(0, |window| window.steps(step));
        let many = LEAST_STEPS.div_ceil(each.max(1)).min(self.all.len() / LEAST_WINDOWS).max(1);
        let touch = self.all.windows(2).all(|pair| pair[1].end == pair[0].start);
        if many == 1 || !touch {
            return self.all.clone();
        }
        let join = |some: &[Window]| Some(Window { start: some.last()?.start, end: some.first()?.end });
        self.all.chunks_exact(many).filter_map(join).collect()
    }

    fn extent(&self) -> Option<Window> {
        Some(Window { start: self.all.last()?.start, end: self.all.first()?.end })
    }

    /// The variance of the difference of two windows' levels beside that of their steps, and one standard error more: from the
    /// level of each window and its own variance.
    fn between(&self, levels: &[Option<(f64, f64)>]) -> f64 {
        let pairs = levels.iter().zip(levels.iter().skip(self.apart)).filter_map(|(a, b)| a.zip(*b));
        let excess = pairs.map(|((a, of_a), (b, of_b))| ((a - b).powi(2), of_a + of_b)).collect::<Vec<_>>();
        let n = excess.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| excess.iter().map(of).sum::<f64>() / n.max(1.0);
        let (observed, expected) = (mean(|one| one.0), mean(|one| one.1));
        (observed * (1.0 + (2.0 / n.max(1.0)).sqrt()) - expected).max(0.0)
    }
}

/// A metric's past with the windows that it is cut into.
struct Of<'a> {
    arms: Arms,
    pair: &'a Pair<Series>,
    step: SignedDuration,
    windows: &'a Windows,
}

impl Of<'_> {
    /// The entries of each arm in each of some windows.
    fn laid<T: Copy>(&self, windows: &[Window], value: impl Fn(&Series) -> Vec<T>) -> Vec<Pair<Laid<T>>> {
        let values = self.pair.as_ref().map(value);
        let arms = self.pair.as_ref().zip(values.as_ref().map(Vec::as_slice));
        let of = |window: &Window| {
            let (own, step) = (window, self.step);
            Pair {
                baseline: laid(step, own, arms.baseline.0, 0, arms.baseline.1),
                canary: laid(step, own, arms.canary.0, 0, arms.canary.1),
            }
        };
        windows.iter().map(of).collect()
    }

    fn steps(&self) -> Option<Noise> {
        let value = |series: &Series| match series {
            Series::Gauge { value, .. } => value.clone(),
            _ => Vec::new(),
        };
        let laid = self.laid(&self.windows.all, value);
        let courses = self.laid(&self.windows.together(self.step), value);
        let positive = |arm: &Laid<f64>| arm.iter().flatten().all(|v| *v > 0.0);
        let is_log = laid.iter().all(|pair| positive(&pair.baseline) && positive(&pair.canary));
        let log = is_log.then(|| self.scaled(&laid, &courses, f64::ln)).flatten();
        let plain = self.scaled(&laid, &courses, |v| v);
        (log.is_some() || plain.is_some()).then(|| Noise::Steps { log: log.map(Arc::new), plain: plain.map(Arc::new) })
    }

    /// What the windows, and the courses they are put together to, say on a scale.
    fn scaled(
        &self,
        laid: &[Pair<Laid<f64>>],
        courses: &[Pair<Laid<f64>>],
        scale: fn(f64) -> f64,
    ) -> Option<steps::Learned> {
        let course = |arm: &Laid<f64>| Course::of(&arm.iter().map(|v| v.map(scale)).collect::<Vec<_>>());
        let both = self.arms == Arms::Both;
        let of_arms: Vec<Pair<Course>> = courses.iter().map(|pair| pair.as_ref().map(course)).collect();
        let of_arms = of_arms.iter().map(|pair| (&pair.canary, both.then_some(&pair.baseline)));
        let arm = segments::past(of_arms, 0.0)?;
        let pairs = if both {
            let apart = |(b, c): (&Option<f64>, &Option<f64>)| b.zip(*c).map(|(b, c)| scale(c) - scale(b));
            let difference = |pair: &Pair<Laid<f64>>| {
                Course::of(&pair.baseline.iter().zip(&pair.canary).map(apart).collect::<Vec<_>>())
            };
            let differences: Vec<Course> = courses.iter().map(difference).collect();
            segments::past(differences.iter().map(|course| (course, None)), 0.0)?
        } else {
            arm.of_two()
        };
        let level = |pair: &Pair<Laid<f64>>| {
            course(&pair.canary).mean_since(0).map(|(n, mean)| (mean, arm.variance_of_mean(n)))
        };
        let between = self.windows.between(&laid.iter().map(level).collect::<Vec<_>>());
        Some(steps::Learned { arm, pairs, between })
    }
}

/// Events and what they are among or per.
type Row = (u64, f64);

impl Of<'_> {
    fn trials(&self) -> Option<dispersion::Learned> {
        let rows = self.laid(&self.windows.all, |series| match series {
            Series::Counts { total, bad, .. } => bad.iter().copied().zip(total.iter().map(|n| *n as f64)).collect(),
            _ => Vec::new(),
        });
        let alone = || {
            let step = |row: &Option<Row>| row.map(|(bad, total)| TrialStep { total: total as u64, bad });
            let windows: Vec<Vec<_>> = rows.iter().map(|pair| pair.canary.iter().map(step).collect()).collect();
            single::learned_trials(windows.iter().map(Vec::as_slice))
        };
        self.counted(&rows, Exposure::Trials, alone)
    }

    fn events(&self) -> Option<dispersion::Learned> {
        let seconds = self.step.as_secs_f64();
        let rows = self.laid(&self.windows.all, |series| match series {
            Series::Events { count, exposure: Some(exposure), .. } => {
                count.iter().copied().zip(exposure.iter().copied()).collect()
            }
            Series::Events { count, .. } => count.iter().map(|count| (*count, seconds)).collect(),
            _ => Vec::new(),
        });
        let alone = || {
            let step = |row: &Option<Row>| row.map(|(count, exposure)| EventStep { exposure, count });
            let windows: Vec<Vec<_>> = rows.iter().map(|pair| pair.canary.iter().map(step).collect()).collect();
            single::learned_events(windows.iter().map(Vec::as_slice))
        };
        self.counted(&rows, Exposure::Measure, alone)
    }

    fn counted(
        &self,
        rows: &[Pair<Laid<Row>>],
        exposure: Exposure,
        alone: impl FnOnce() -> Option<dispersion::Learned>,
    ) -> Option<dispersion::Learned> {
        let learned = if self.arms == Arms::Both {
            let windows: Vec<Vec<CountStep>> = rows.iter().map(paired).collect();
            counts::learned(windows.iter().map(Vec::as_slice), exposure)?
        } else {
            alone()?
        };
        let level = |pair: &Pair<Laid<Row>>| {
            let (count, of) =
                pair.canary.iter().flatten().fold((0.5, 0.0), |(c, n), row| (c + row.0 as f64, n + row.1));
            (of > 0.0).then(|| ((count / of).ln(), learned.phi().max(1.0) / count))
        };
        let between = self.windows.between(&rows.iter().map(level).collect::<Vec<_>>());
        Some(learned.differing_by(between))
    }
}

fn paired(rows: &Pair<Laid<Row>>) -> Vec<CountStep> {
    let step = |(b, c): (&Option<Row>, &Option<Row>)| match (b, c) {
        (Some(b), Some(c)) => CountStep { canary_total: c.1, canary: c.0, baseline_total: b.1, baseline: b.0 },
        _ => UNUSABLE,
    };
    rows.baseline.iter().zip(&rows.canary).map(step).collect()
}
