//! From which ratio on a slice would be named: what this data could have shown.

use super::evidence::Part;
use super::noise::Noise;
use davy_stats::counts::usable;
use davy_stats::normal::normal_quantile;
use davy_stats::tail::z_to_t;

/// The chance of being named that is asked for.
pub const POWER: f64 = 0.95;
/// The noise that is estimated next time may be larger than it is: by so much.
const MARGIN: f64 = 2.0;
/// With so many degrees of freedom, or fewer, it is estimated next time.
const DOF: f64 = 20.0;
/// A larger ratio is as good as none.
const LARGEST: f64 = 1e4;
const HALVINGS: usize = 60;

/// The ratio from which on a part is named with the chance [`POWER`], if it must reach `needed` and the rest has
/// so many bad requests: where the evidence of what is expected (the signed root of its binomial deviance) lies as far
/// beyond. Infinite where no ratio is enough.
pub(super) fn findable(part: &Part, noise: &Noise, rest: u64, needed: f64) -> f64 {
    let (events, share) = part.events();
    let steps = part.steps.iter().filter(|step| usable(step)).count().max(1) as f64;
    // what both arms together would have if the canary were like the baseline
    let baseline: f64 = part.steps.iter().filter(|step| usable(step)).map(|step| step.baseline as f64).sum();
    let alike = if share < 1.0 { (baseline / (1.0 - share)).max(0.5 * events as f64) } else { 0.0 };
    let dof = part.effect.spread.map_or(DOF, |(_, dof)| dof.min(DOF));
    // the rest, which it must differ from, is not known exactly either
    let beside = (1.0 + events as f64 / rest.max(1) as f64).sqrt();
    let far = beside * (z_to_t(needed, dof) + normal_quantile(POWER));
    let reached = |ratio: f64| {
        let (canary, baseline) = (ratio * alike * share, alike * (1.0 - share));
        let both = canary + baseline;
        let deviance = canary * (canary / both / share).ln() + baseline * (baseline / both / (1.0 - share)).ln();
        // a rate that is higher wanders farther
        let lots = canary * baseline / both / steps * part.effect.finite;
        let phi = MARGIN * noise.at(lots).max(part.effect.largest()) * part.effect.finite;
        (2.0 * deviance / phi).sqrt() >= far
    };
    if !(share > 0.0 && share < 1.0 && alike > 0.0 && reached(LARGEST)) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, LARGEST.ln());
    for _ in 0..HALVINGS {
        let middle: f64 = 0.5 * (low + high);
        if reached(middle.exp()) { high = middle } else { low = middle }
    }
    high.exp()
}
