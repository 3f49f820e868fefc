//! Since when a slice is worse, if that is clear.

use super::evidence::{Part, contrast};
use davy_stats::Direction;
use davy_stats::counts::CountStep;
use davy_stats::dispersion::DesignEffect;
use davy_stats::onset::starts;

/// How sure a change must be, as a standard normal value: some dozens of starts are tried.
pub(super) const CLEAR: f64 = 3.0;
/// Before the change the slice must not already have been worse, at this standard normal value.
const LEVEL: f64 = 1.645;
/// The fewest steps before a change.
const LEAST: usize = 2;

/// The first step of those since which a part is worse than before, where it was not worse then.
pub(super) fn since(steps: &[CountStep], effect: &DesignEffect) -> Option<usize> {
    let split = |at: usize| {
        let (before, after) = steps.split_at(at);
        [before, after].map(|steps| Part { steps: steps.to_vec(), effect: effect.clone() })
    };
    let changes = starts(steps.len()).into_iter().filter(|at| *at >= LEAST).map(|at| {
        let [before, after] = split(at);
        (contrast(&after, &before), at)
    });
    let (change, at) = changes.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    let was_level = split(at)[0].z(1.0, Direction::Above) < LEVEL;
    (change >= CLEAR && was_level).then_some(at)
}
