//! What would decide where steps are missing: the step, the window or the policy that fits the data there is.
//!
//! To wait helps only where what is missing will come. Points every second minute, arms that take turns and a baseline that
//! ended early stay as they are however long the window is.

use std::cmp::Ordering;

use super::case::Case;
use super::grid::coverage;
use super::rules::Kind;
use super::words::duration;
use crate::series::{Pair, Remark, Series, SignedDuration, Timestamp};

/// No step is advised that is more than so many times as long.
const LONGEST: usize = 60;

/// An arm whose points cover this share of its own time has no gaps to speak of.
const WHOLE: f64 = 0.8;

impl Case<'_> {
    /// What would decide where too few steps can be used.
    pub(super) fn uncovered(&self) -> String {
        if self.needs_baseline() && self.present.baseline.iter().flatten().count() == 1 {
            return "give the baseline as many steps as the canary: one point says nothing of how it varies; or compare \
                    with a threshold"
                .into();
        }
        self.misplaced().or_else(|| self.half_counted()).unwrap_or_else(|| self.wider())
    }

    /// What brings the arms together where both have their points, but not at the same time.
    fn misplaced(&self) -> Option<String> {
        if !self.needs_baseline() || self.is_unpaired() {
            return None;
        }
        let present = self.present();
        let ends = present.map(|steps| extent(steps));
        let covered = |arm: &[Option<()>], (start, end): (usize, usize)| coverage(&arm[start..end]) >= WHOLE;
        if !(covered(present.baseline, ends.baseline) && covered(present.canary, ends.canary)) {
            return None;
        }
        let Pair { baseline, canary } = ends.map(|(start, end)| end - start);
        let lasting = |steps| self.lasting(steps);
        let (shift, later) = match (ends.baseline.0, ends.canary.0) {
            (b, c) if b > c => (b - c, "baseline"),
            (b, c) => (c - b, "canary"),
        };
        if shift > 0 && baseline.abs_diff(canary) * 10 <= baseline.max(canary) {
            return Some(format!(
                "give each arm its own `window`: the {later} begins {} later. If they ran at the same time, correct the \
                 time `zone` of one",
                lasting(shift)
            ));
        }
        match baseline.cmp(&canary) {
            Ordering::Equal => None,
            Ordering::Less => Some(format!(
                "make the baseline as long as the canary: it has {}, the canary {}",
                lasting(baseline),
                lasting(canary)
            )),
            Ordering::Greater => Some(format!(
                "judge the time that both arms have: the canary has {}, the baseline {}",
                lasting(canary),
                lasting(baseline)
            )),
        }
    }

    /// Rows that have one of two counts are steps without a point, whatever the step.
    fn half_counted(&self) -> Option<String> {
        let said = self.remarks().any(|remark| remark.text.contains(Remark::ZERO));
        said.then(|| format!("write {} under the rate if an empty cell means none", Remark::ZERO))
    }

    /// The step with which most steps have points, or the policy that goes without.
    fn wider(&self) -> String {
        let present = self.present();
        let compared = self.needs_baseline();
        let usable = |times: usize| {
            let merged = present.map(|steps| merged(steps, times));
            let both = |(b, c): (&Option<()>, &Option<()>)| if compared { b.and(*c) } else { *c };
            coverage(&merged.baseline.iter().zip(&merged.canary).map(both).collect::<Vec<_>>())
        };
        let least = self.rules.policy.min_coverage;
        // numbers per step cannot be put together
        let single = |times: usize| {
            let alone = |steps: &Vec<Option<()>>| steps.chunks(times).all(|part| part.iter().flatten().count() <= 1);
            !matches!(self.metric.kind, Kind::Gauge { .. }) || alone(present.canary) && alone(present.baseline)
        };
        let len = present.canary.len();
        let enough = |times: &usize| {
            single(*times) && len / times >= self.rules.policy.min_steps && usable(*times) + 1e-9 >= least
        };
        let step = (2..=LONGEST).find(enough).and_then(|times| self.grid.step().checked_mul(times as i32));
        let share = (usable(1) * 100.0).floor();
        let lower = format!("`min_coverage: {share}%` if the gaps are normal");
        match step {
            Some(step) if share < 1.0 => format!("set `step: {}`, so that most steps have a point", short(step)),
            Some(step) => format!("set `step: {}`, so that most steps have a point, or {lower}", short(step)),
            None if share >= 1.0 => format!("set {lower}"),
            None => "make the arms cover the same time: almost no step has points of both".into(),
        }
    }

    /// What would decide where there are too few steps: shorter ones if the points lie closer, else a longer window.
    pub(super) fn too_few(&self) -> Option<String> {
        let least = self.rules.policy.min_steps;
        let steps = self.grid.len();
        let shorter = finest(self.series).filter(|finest| *finest < self.grid.step()).and_then(|finest| {
            let whole = self.lasting_exactly(steps).as_secs() / i64::try_from(least.max(1)).ok()?;
            let fits = whole / finest.as_secs().max(1) * finest.as_secs().max(1);
            (fits > 0).then(|| SignedDuration::from_secs(fits))
        });
        if let Some(step) = shorter {
            return Some(format!("set `step: {}`: the points lie close enough", short(step)));
        }
        let baseline = if self.is_unpaired() { self.grid.baseline_len() } else { steps };
        if !self.is_dated() {
            let more = least.saturating_sub(steps.min(baseline));
            let runs = if more == 1 { "run" } else { "runs" };
            return (more > 0).then(|| format!("{more} more {runs} of each arm"));
        }
        match (least.saturating_sub(steps), least.saturating_sub(baseline)) {
            (0, 0) => None,
            (0, more) => Some(format!("a baseline that is {} longer", self.lasting(more))),
            (more, _) => Some(format!("a window that is {} longer", self.lasting(more))),
        }
    }

    pub(super) fn lasting(&self, steps: usize) -> String {
        duration(self.lasting_exactly(steps))
    }

    fn lasting_exactly(&self, steps: usize) -> SignedDuration {
        self.grid.step().checked_mul(i32::try_from(steps).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX)
    }
}

/// How close the points of both arms lie, where they are rows: the wider of the shortest spans from one to the next.
fn finest(series: &Pair<Series>) -> Option<SignedDuration> {
    let closest = |series: &Series| {
        let apart = |pair: &[Timestamp]| pair[1].duration_since(pair[0]);
        series.time().windows(2).map(apart).filter(|span| span.as_secs() > 0).min()
    };
    Some(closest(&series.baseline)?.max(closest(&series.canary)?))
}

/// The first step with a point and the one after the last.
fn extent(steps: &[Option<()>]) -> (usize, usize) {
    let start = steps.iter().position(Option::is_some).unwrap_or(0);
    (start, steps.iter().rposition(Option::is_some).map_or(start, |last| last + 1))
}

/// Steps that are so many times as long.
fn merged(steps: &[Option<()>], times: usize) -> Vec<Option<()>> {
    steps.chunks(times).map(|part| part.iter().copied().flatten().next()).collect()
}

/// A span as configurations write it.
fn short(span: SignedDuration) -> String {
    match span.as_secs() {
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
