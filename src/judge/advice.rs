//! What would decide where steps are missing: the step, the window or the policy that fits the data there is.
//!
//! To wait helps only where what is missing will come. Points every second minute, arms that take turns and a baseline that
//! ended early stay as they are however long the window is.

use super::grid::coverage;
use super::guard::Case;
use super::rules::Kind;
use super::words::duration;
use crate::series::SignedDuration;

/// No step is advised that is more than so many times as long.
const LONGEST: usize = 60;

impl Case<'_> {
    /// What would decide where too few steps can be used.
    pub(super) fn uncovered(&self) -> String {
        let present = self.present();
        let compared = self.needs_baseline();
        let ends = present.map(|steps| extent(steps));
        let len = present.canary.len();
        if compared && !self.is_unpaired() {
            let [baseline, canary] = [ends.baseline, ends.canary].map(|(start, end)| end - start);
            let covered = |arm: &Vec<Option<()>>, (start, end): (usize, usize)| coverage(&arm[start..end]) >= 0.8;
            let whole = covered(present.baseline, ends.baseline) && covered(present.canary, ends.canary);
            // both arms have their points, but not at the same time
            if whole && baseline < canary {
                return format!(
                    "make the baseline as long as the canary: it has {}, the canary {}",
                    self.lasting(baseline),
                    self.lasting(canary)
                );
            }
            if whole && canary < baseline {
                return format!(
                    "judge the time that both arms have: the canary has {}, the baseline {}",
                    self.lasting(canary),
                    self.lasting(baseline)
                );
            }
        }
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

    /// What would decide where there are too few steps.
    pub(super) fn too_few(&self) -> Option<String> {
        let missing = self.rules.policy.min_steps.saturating_sub(self.grid.len());
        match missing {
            0 => None,
            n => Some(format!("a window that is {} longer, or shorter steps", self.lasting(n))),
        }
    }

    fn lasting(&self, steps: usize) -> String {
        duration(self.grid.step().checked_mul(i32::try_from(steps).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX))
    }
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
