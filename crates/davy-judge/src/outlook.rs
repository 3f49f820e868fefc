//! What an answer will take, as far as the rules alone say: for those who plan a comparison before there is data.
//!
//! That is the most it can take: criteria that turn out to be fine do not pay for the others (`levels`).

use std::collections::BTreeMap;

use super::levels::Budget;
use super::look::Look;
use super::rules::Rules;
use crate::series::{Dataset, Pair, SignedDuration, Timestamp, Window};
use davy_stats::power::any_time_critical;

/// The standard normal values that the evidence of a criterion must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Critical {
    /// For a Fail.
    pub fail: f64,
    /// For a Pass.
    pub pass: f64,
}

/// What every criterion needs at the last look, in the order of the rules: of a comparison of this length and spacing
/// where no end is planned. Where there is no last look, about what it needs at any time.
pub fn critical_values(rules: &Rules, length: SignedDuration, step: SignedDuration) -> Vec<Critical> {
    let length = match rules.looks {
        super::rules::Looks::Planned { soak, .. } => soak,
        _ => length,
    };
    let start = Timestamp::UNIX_EPOCH;
    let window = Window { start, end: start.saturating_add(length).unwrap_or(start) };
    let windows = Pair { baseline: window, canary: window };
    let look = Look::new(rules, &Dataset::new(windows, step));
    let budget = Budget::of(rules, &BTreeMap::new());
    let critical = |criterion| {
        let levels = budget.levels(criterion);
        let hurdles = look.hurdles(levels);
        let value = |z: f64, ln_e: f64| if z.is_finite() { z } else { any_time_critical(ln_e) };
        // evidence of a Fail is half of it evidence since the beginning, half of it since some later step
        let late = std::f64::consts::LN_2;
        Critical {
            fail: value(hurdles.fail.z, hurdles.fail.ln_e + late),
            pass: value(hurdles.pass.z, hurdles.pass.ln_e),
        }
    };
    rules.criteria.iter().map(critical).collect()
}
