//! How much data an answer takes: the sample size at which a test reaches its critical value with a wanted chance.
//!
//! A [`Question`] is a quantity that lies a distance away from a limit and varies by so much per step; after n steps
//! the evidence is about √n · distance / deviation. Textbooks stop there. The judge also estimates the noise, and pays
//! for that: Student's t instead of the normal, a cautious autoregression, a prior for the design effect, and the
//! uncertainty of the estimate itself. With [`Noise::Known`] the formulas are those of the
//! textbooks (Farrington and Manning 1990; Chow, Shao and Wang 2008).

use super::dispersion::Prior;
use super::longrun::{COSINES_COUNTS, COSINES_SERIES, inflation};
use super::normal::{ln_normal_upper, normal_quantile, normal_upper};
use super::tail::z_to_t;

/// The standard normal value that belongs to a power of 80 %.
pub const POWER_80: f64 = 0.841_621_233_572_914_3;

/// Nobody waits for more steps than this: two thousand years of minutes.
const MOST_STEPS: f64 = 1e9;

/// What an average over all that noise may be costs beside an estimate of it (by simulation; `tests/it/foresight.rs`): of
/// counts as calm as trials, more of noisy ones, and of numbers.
const CALM: f64 = 1.02;
const NOISY: f64 = 0.27;
const LEVEL: f64 = 1.1;

/// A quantity against a limit: what one step brings, in any unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// How far the truth lies beyond the limit, on the side that is to be shown; nothing is shown if not positive.
    pub distance: f64,
    /// The variance that the test expects of a step, as if the truth lay on the limit.
    pub on_limit: f64,
    /// The variance of a step where the truth lies.
    pub actual: f64,
    /// The skewness of a step times its deviation, for counts: on the limit, and where the truth lies.
    pub skew: (f64, f64),
    /// Above the limit for 1, below it for -1.
    pub sign: Sign,
    /// What the whole distance must be at least, whatever the evidence.
    pub least: f64,
}

/// On which side of the limit the truth is to be shown to lie: above for `1.0`, below for `-1.0`.
pub type Sign = f64;

impl Question {
    /// Events of both arms against a ratio of rates: which share of them falls in the canary? `odds` are the canary's
    /// trials (or exposure) per one of the baseline's; `finite` is below one where events are a large share of trials.
    pub fn ratio(canary: f64, baseline: f64, odds: f64, limit: f64, finite: f64, sign: Sign) -> Question {
        let events = canary + baseline;
        let (truth, limit) = (canary / events, 1.0 - 1.0 / (1.0 + limit * odds));
        Question {
            distance: sign * (truth - limit) * events,
            on_limit: events * limit * (1.0 - limit) * finite,
            actual: events * truth * (1.0 - truth) * finite,
            skew: (1.0 - 2.0 * limit, 1.0 - 2.0 * truth),
            sign,
            least: 0.0,
        }
    }

    /// The difference of two shares against a limit, with so many trials per arm. The variance on the limit is that of
    /// the likeliest pair of shares which differ by the limit.
    pub fn difference(canary: (f64, f64), baseline: (f64, f64), limit: f64, sign: Sign) -> Question {
        let ((n_c, p_c), (n_b, p_b)) = (canary, baseline);
        let excess = p_c - p_b - limit;
        // the constrained estimate: each arm gives way by its variance
        let variance_at = |p: f64| (p * (1.0 - p)).max(1e-12);
        let mut near_b = p_b;
        for _ in 0..12 {
            let (give_c, give_b) = (variance_at(near_b + limit) / n_c, variance_at(near_b) / n_b);
            let next = p_b + excess * give_b / (give_c + give_b);
            near_b = next.min(1.0 - limit).min(1.0).max(-limit).max(0.0);
        }
        let variance = |p_c: f64, p_b: f64| p_c * (1.0 - p_c) / n_c + p_b * (1.0 - p_b) / n_b;
        // in units of the canary's trials, so that distances add up
        let scale = n_c * n_c;
        Question {
            distance: sign * excess * n_c,
            on_limit: variance(near_b + limit, near_b).max(0.0) * scale,
            actual: variance(p_c, p_b).max(0.0) * scale,
            skew: (0.0, 0.0),
            sign,
            least: 0.0,
        }
    }

    /// One arm's share against a limit, with so many trials.
    pub fn share(trials: f64, share: f64, limit: f64, sign: Sign) -> Question {
        Question {
            distance: sign * (share - limit) * trials,
            on_limit: trials * limit * (1.0 - limit),
            actual: trials * share * (1.0 - share),
            skew: (1.0 - 2.0 * limit, 1.0 - 2.0 * share),
            sign,
            least: 0.0,
        }
    }

    /// One arm's events against a limit, both expected per step.
    pub fn frequency(events: f64, limit: f64, sign: Sign) -> Question {
        let distance = sign * (events - limit);
        Question { distance, on_limit: limit, actual: events, skew: (1.0, 1.0), sign, least: 0.0 }
    }

    /// A number per step with this standard deviation, so far beyond a limit.
    pub fn level(distance: f64, deviation: f64) -> Question {
        let variance = deviation * deviation;
        Question { distance, on_limit: variance, actual: variance, skew: (0.0, 0.0), sign: 1.0, least: 0.0 }
    }
}

/// How noisy steps are, and what is known of it beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// By a design effect that need not be estimated.
    Known {
        /// The design effect.
        phi: f64,
    },
    /// Counts whose design effect is estimated while they come in.
    Counts {
        /// The design effect.
        phi: f64,
        /// What is believed of it beforehand.
        prior: Prior,
    },
    /// Counts of one arm, of which only what comes together within steps is noise.
    Realised {
        /// The design effect.
        phi: f64,
        /// What is believed of it beforehand.
        prior: Prior,
    },
    /// Numbers per step that depend on each other.
    Level {
        /// Their lag-one correlation.
        rho: f64,
    },
}

/// One way in which the noise is estimated.
struct Candidate {
    /// The true inflation of the variance.
    truth: f64,
    /// What the estimate is expected to be.
    expected: f64,
    /// Its degrees of freedom.
    dof: f64,
    /// How much of the estimate is data rather than prior.
    own: f64,
}

impl Noise {
    fn candidates(&self, n: f64) -> Vec<Candidate> {
        let cosines = |per: f64| (per * n.powf(2.0 / 3.0)).round().clamp(1.0, f64::max(n - 1.0, 1.0));
        match *self {
            Noise::Known { phi } => vec![Candidate { truth: phi, expected: phi, dof: f64::INFINITY, own: 0.0 }],
            Noise::Realised { phi, prior } => {
                // a third of a degree of freedom per step, as `single` estimates it
                let (believed, weight) = prior.worth();
                let dof = (n - 2.0).max(0.0) / 3.0;
                let all = weight + dof;
                let expected = ((weight * believed + dof * phi) / all).max(1.0);
                let own = (dof * phi / all / expected).min(1.0);
                vec![Candidate { truth: phi, expected, dof: all, own }]
            }
            Noise::Counts { phi, prior } => {
                let (believed, weight) = prior.worth();
                let candidate = |inflated: f64, dof: f64| {
                    let all = weight + dof;
                    let expected = ((weight * believed + dof * phi * inflated) / all).max(1.0);
                    Candidate { truth: phi, expected, dof: all, own: (dof * phi * inflated / all / expected).min(1.0) }
                };
                if n < 3.0 {
                    return vec![candidate(1.0, 0.0)];
                }
                vec![candidate(cautious(0.0, n), n - 1.0), candidate(1.0, cosines(COSINES_COUNTS))]
            }
            Noise::Level { rho } => {
                let truth = inflation(rho.clamp(0.0, 0.97), n);
                let dof = cosines(COSINES_SERIES);
                vec![
                    Candidate { truth, expected: cautious(rho, n), dof: f64::max(n - 1.0, 1.0), own: 1.0 },
                    Candidate { truth, expected: truth, dof, own: 1.0 },
                ]
            }
        }
    }

    fn slack(&self) -> f64 {
        match self {
            Noise::Known { .. } | Noise::Realised { .. } => 1.0,
            // the noisier, the wider is what it may be
            Noise::Counts { phi, .. } => CALM + NOISY * (1.0 - 1.0 / phi.max(1.0)),
            Noise::Level { .. } => LEVEL,
        }
    }
}

/// What the autoregressive estimate makes of a lag-one correlation in so many steps.
fn cautious(rho: f64, n: f64) -> f64 {
    let bias = (1.0 + 3.0 * rho) / n.max(4.0);
    let error = ((1.0 - rho * rho).max(0.05) / (n - 1.0).max(4.0)).sqrt();
    // the sample's own correlation is too low by the bias
    let seen = (rho - bias).max(-0.99);
    let kappa = inflation((seen + bias + error).clamp(0.0, 0.97), n);
    kappa * (n - inflation(rho.clamp(0.0, 0.97), n)).max(0.5) / (n - kappa).max(0.5)
}

/// The standard normal value at which the one-sided normal mixture (Robbins 1970), at the horizon that it is tuned to,
/// has the logarithm `ln_e`: about what evidence must reach that may be looked at any number of times.
pub fn any_time_critical(ln_e: f64) -> f64 {
    // tuned to be sharpest at half the horizon, at 5 %
    let sharpest = 2.0 * 10_f64.ln();
    let k = 2.0 * (sharpest + sharpest.ln_1p());
    let weight = k / (1.0 + k);
    let evidence =
        |z: f64| 0.5 * (z * z * weight - k.ln_1p()) + std::f64::consts::LN_2 + ln_normal_upper(-z * weight.sqrt());
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if evidence(middle) < ln_e { low = middle } else { high = middle }
    }
    high
}

/// Whether n steps give evidence of `critical` with the chance that belongs to the normal value `power`.
pub fn suffice(question: &Question, noise: &Noise, critical: f64, power: f64, n: f64) -> bool {
    if question.distance.is_nan() || question.distance <= 0.0 {
        return false;
    }
    noise.candidates(n).iter().all(|candidate| reached(question, candidate, noise.slack(), critical, power, n))
}

/// Whether evidence by one estimate of the noise reaches `critical` often enough.
fn reached(question: &Question, candidate: &Candidate, slack: f64, critical: f64, power: f64, n: f64) -> bool {
    const POINTS: u32 = 24;
    let Question { distance, on_limit, actual, skew, sign, least } = *question;
    let Candidate { truth, expected, dof, own } = *candidate;
    let deviation = (truth * actual * n).sqrt();
    if least > 0.0 && distance * n < least + power * deviation {
        return false;
    }
    let t = if dof.is_finite() { z_to_t(critical, dof) } else { critical };
    // where the tails of counts are not those of the normal distribution (Cornish and Fisher 1938)
    let skewed = ((t * t * expected - 1.0) * skew.0 - (power * power - 1.0) * skew.1) * sign / 6.0;
    let chance = |estimate: f64| {
        let hurdle = t * (expected * estimate * on_limit * n).sqrt();
        // of a handful the correction knows nothing
        let needed = hurdle + skewed.max(-0.2 * (hurdle + power * deviation));
        let room = distance * n / slack - needed;
        if deviation > 0.0 { normal_upper(-room / deviation) } else { f64::from(u8::from(room > 0.0)) }
    };
    if !dof.is_finite() {
        return chance(1.0) >= normal_upper(-power);
    }
    // over what the estimate may turn out to be: χ² by its cube root (Wilson and Hilferty 1931)
    let spread = 2.0 / (9.0 * (dof * own.max(0.05)).max(0.5));
    let estimates = (0..POINTS).map(|i| {
        let z = normal_quantile((f64::from(i) + 0.5) / f64::from(POINTS));
        let square = (1.0 - spread + z * spread.sqrt()).max(0.0).powi(3);
        1.0 - own + own * square
    });
    estimates.map(chance).sum::<f64>() / f64::from(POINTS) >= normal_upper(-power)
}

/// The least number of steps that suffice; nothing if none do.
pub fn steps_needed(question: &Question, noise: &Noise, critical: f64, power: f64) -> Option<f64> {
    let enough = |n: f64| suffice(question, noise, critical, power, n);
    let mut high = 1.0;
    while !enough(high) {
        high *= 2.0;
        if high > MOST_STEPS {
            return None;
        }
    }
    let mut low = high / 2.0;
    while high - low > 1.0 {
        let middle = ((low + high) / 2.0).floor();
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The smallest of growing effects that n steps show, between `low` and `high`: `question` asks of an effect.
pub fn smallest_shown(
    question: impl Fn(f64) -> Question,
    (low, high): (f64, f64),
    noise: &Noise,
    critical: f64,
    power: f64,
    n: f64,
) -> Option<f64> {
    let shown = |effect: f64| suffice(&question(effect), noise, critical, power, n);
    if !shown(high) {
        return None;
    }
    let (mut low, mut high) = (low, high);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if shown(middle) { high = middle } else { low = middle }
    }
    Some(high)
}
