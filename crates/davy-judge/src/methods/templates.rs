//! Lines of logs by their templates: which ones the canary writes that the baseline never wrote, and which ones it writes more
//! often.
//!
//! Of the lines of one template, how many would be the canary's if both arms wrote it equally often? That is a binomial with the
//! canary's share of the exposure (Przyborowski and Wilenski 1940).
//!
//! - **Evidence**: its exact tail, weakened by how the lines of this template come in [`bursts`].
//! - **New** is a template without any line of the baseline; the ratio that is refused is 1. Of others it is 1 and a margin,
//!   since a log of many lines shows differences that matter to nobody. It is larger than 1, so that of a ratio of 1 both
//!   are refused no more often than they may be.
//! - **Many templates**: no more than the given chance that any of them is named falsely ([`holm`]).
//! - **Interval**: Clopper and Pearson's (1934) of the share, as ratio, at the tail that the bursts ask for.
//!
//! `fixtures/reference/signatures.toml` certifies it.

use davy_stats::counts::{self, CountStep, usable};
use davy_stats::dispersion::DesignEffect;
use davy_stats::normal::{ln_normal_upper, normal_quantile};
use davy_stats::tail::ln_binomial_upper;
use davy_stats::{Direction, bursts, holm};

/// A template's lines per step and what is asked of them.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Its steps, coarse.
    pub(crate) steps: Vec<CountStep>,
    /// The ratio of rates of a template that both arms write which is still no rise.
    pub(crate) ratio: f64,
}

/// What its lines show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    /// Whether the baseline wrote none of them.
    pub(crate) is_new: bool,
    /// The evidence as the logarithm of a p-value, and the least that this could be.
    pub(crate) ln_p: (f64, f64),
    /// Whether it is shown, with all others.
    pub(crate) is_named: bool,
    /// The design effect of its bursts.
    pub(crate) design_effect: f64,
}

/// What each template shows beside the others, and how small a p-value (as a logarithm) had to be at last.
pub(crate) fn shown(questions: &[Question], chance: f64) -> (Vec<Shown>, f64) {
    let mut each: Vec<Shown> = questions.iter().map(one).collect();
    let tests: Vec<(f64, f64)> = each.iter().map(|shown| shown.ln_p).collect();
    let (named, needed) = holm::rejected(&tests, chance);
    each.iter_mut().zip(named).for_each(|(shown, named)| shown.is_named = named);
    (each, needed)
}

/// How often the canary writes a template, divided by how often the baseline does (nothing if that never does), and what it
/// may be at a level, two-sided.
pub(crate) fn ratio(question: &Question, level: f64) -> (Option<f64>, (f64, f64)) {
    let steps = &question.steps;
    let critical = normal_quantile(1.0 - (1.0 - level) / 2.0);
    let ratio = (sum(steps).baseline > 0).then(|| counts::plain_ratio(steps));
    (ratio, counts::ratio_interval(steps, &bursts::design_effect(steps), critical, critical))
}

fn one(question: &Question) -> Shown {
    let steps = &question.steps;
    let sum = sum(steps);
    let is_new = sum.baseline == 0;
    let effect = bursts::design_effect(steps);
    let limit = if is_new { 1.0 } else { question.ratio };
    let z = counts::ratio_z(steps, &effect, limit, Direction::Above);
    let events = sum.canary.saturating_add(sum.baseline);
    let share = sum.canary_total / sum.total();
    let least = if events > 0 && share > 0.0 { events as f64 * share.ln() } else { 0.0 };
    let ln_p = if sum.canary > 0 { ln_normal_upper(z) } else { 0.0 };
    Shown { is_new, ln_p: (ln_p, least), is_named: false, design_effect: effect.largest() }
}

/// All usable steps together.
pub(crate) fn sum(steps: &[CountStep]) -> CountStep {
    steps.iter().filter(|step| usable(step)).fold(CountStep::UNUSABLE, |sum, step| sum.plus(step))
}

/// The fewest new lines, spread evenly over these steps, that would be shown at such a p-value (as a logarithm); nothing if
/// no number would.
pub(crate) fn least_lines(exposures: &[CountStep], ln_p: f64) -> Option<u64> {
    let used: Vec<&CountStep> = exposures.iter().filter(|step| usable(step)).collect();
    let all = sum(exposures);
    if used.len() < 2 || ln_p.is_nan() {
        return None;
    }
    let share = all.canary_total / all.total();
    let spread = (1.0, (used.len() - 1) as f64);
    let effect = DesignEffect { mixture: vec![(1.0, 1.0)], spread: Some(spread), between: None, finite: 1.0 };
    let is_shown = |lines: u64| {
        let z = davy_stats::normal::z_from_ln_upper(ln_binomial_upper(lines, lines, share));
        ln_normal_upper(effect.weaken(z)) <= ln_p
    };
    const MOST: u64 = 1 << 20;
    if !is_shown(MOST) {
        return None;
    }
    let (mut few, mut many) = (0, MOST);
    while many - few > 1 {
        let middle = (few + many) / 2;
        if is_shown(middle) { many = middle } else { few = middle }
    }
    Some(many)
}
