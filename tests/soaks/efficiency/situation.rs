//! What services really have: a shape, steps of a length, traffic, noise; and what is true of the canary.
//!
//! A draw holds both arms and the z of the *oracle*: the test of the same difference with the true variance. A judge
//! must estimate that variance, so it answers less often than the oracle if it keeps the same level.

use davy::series::{Pair, Series, SignedDuration, Timestamp, Window};

use crate::soaks::noise::Noise;

/// A service and its noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation {
    /// How many steps there are.
    pub steps: usize,
    /// How long each is, in seconds.
    pub seconds: i64,
    /// What is measured.
    pub shape: Shape,
    /// Standard deviation of the logarithm of each arm's own level.
    pub spread: f64,
    /// Correlation of that level from one step to the next.
    pub phi: f64,
    /// What the criterion allows, as a share of the baseline.
    pub margin: f64,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// One number per step, around 100.
    Gauge,
    /// Errors among requests.
    Rate {
        /// Requests per minute: half of both arms together.
        requests: f64,
        /// The baseline's chance of an error.
        rate: f64,
        /// The canary's share of the requests.
        share: f64,
    },
}

/// What is true of the canary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// Its name in tables.
    pub name: &'static str,
    /// How much worse the canary is.
    pub change: Change,
    /// Since when.
    pub onset: Onset,
}

/// How much worse a canary is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// By so many margins of the criterion.
    Margins(f64),
    /// So many times as bad.
    Times(f64),
}

/// Since when a canary is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Onset {
    /// Since the beginning.
    Beginning,
    /// Since the middle.
    Middle,
    /// In the last quarter, which has two steps at least.
    End,
}

/// Both arms as they were measured, and what the oracle says.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The measured series.
    pub arms: Pair<Series>,
    /// The excess over the margin, in true standard deviations.
    pub z: f64,
}

const fn gauge(steps: usize, seconds: i64, spread: f64, phi: f64) -> Situation {
    Situation { steps, seconds, shape: Shape::Gauge, spread, phi, margin: 0.1 }
}

const fn rate(steps: usize, seconds: i64, requests: f64, rate: f64) -> Situation {
    let shape = Shape::Rate { requests, rate, share: 0.5 };
    Situation { steps, seconds, shape, spread: 0.0, phi: 0.0, margin: 0.5 }
}

const fn split(situation: Situation, share: f64) -> Situation {
    match situation.shape {
        Shape::Rate { requests, rate, .. } => Situation { shape: Shape::Rate { requests, rate, share }, ..situation },
        Shape::Gauge => situation,
    }
}

/// All of them.
pub const SITUATIONS: [Situation; 21] = [
    gauge(12, 300, 0.05, 0.0),
    gauge(12, 300, 0.05, 0.5),
    gauge(12, 300, 0.15, 0.3),
    gauge(12, 300, 0.05, 0.7),
    gauge(24, 300, 0.1, 0.5),
    gauge(30, 60, 0.1, 0.3),
    gauge(60, 60, 0.1, 0.0),
    gauge(60, 60, 0.15, 0.5),
    gauge(60, 60, 0.1, 0.7),
    gauge(240, 60, 0.15, 0.5),
    gauge(6, 300, 0.05, 0.3),
    rate(60, 60, 300.0, 0.003),
    rate(60, 60, 300.0, 0.01),
    rate(60, 60, 1000.0, 0.002),
    rate(12, 300, 100.0, 0.01),
    rate(12, 300, 1000.0, 0.01),
    Situation { phi: 0.5, spread: 0.3, ..rate(60, 60, 300.0, 0.01) },
    split(rate(60, 60, 1000.0, 0.01), 0.05),
    split(rate(60, 60, 1000.0, 0.15), 0.2),
    rate(240, 60, 100.0, 0.005),
    rate(30, 60, 50.0, 0.02),
];

/// Those in which noise lasts for minutes, with a limit that a healthy canary lies on: the shapes of `ar07` and `ar09`.
pub const ON_THE_LIMIT: [Situation; 4] = [
    Situation { margin: 0.0, ..gauge(60, 60, 0.03, 0.7) },
    Situation { margin: 0.0, ..gauge(60, 60, 0.03, 0.9) },
    Situation { margin: 0.0, phi: 0.7, spread: 0.3, ..rate(60, 60, 300.0, 0.01) },
    Situation { margin: 0.0, phi: 0.9, spread: 0.3, ..rate(60, 60, 300.0, 0.01) },
];

const fn truth(name: &'static str, margins: f64, onset: Onset) -> Truth {
    Truth { name, change: Change::Margins(margins), onset }
}

/// Nothing has changed.
pub const HEALTHY: Truth = truth("healthy", 0.0, Onset::Beginning);

/// All of them.
pub const TRUTHS: [Truth; 6] = [
    HEALTHY,
    truth("worse 2", 2.0, Onset::Beginning),
    truth("worse 4", 4.0, Onset::Beginning),
    truth("worse 10", 10.0, Onset::Beginning),
    truth("late 10", 10.0, Onset::Middle),
    truth("end 20", 20.0, Onset::End),
];

impl Truth {
    /// Whether the canary is as good as the baseline.
    pub fn is_healthy(&self) -> bool {
        matches!(self.change, Change::Margins(margins) if margins <= 0.0)
    }
}

impl Onset {
    /// The first of so many steps in which the canary is worse.
    fn step(self, steps: usize) -> usize {
        match self {
            Onset::Beginning => 0,
            Onset::Middle => steps / 2,
            Onset::End => steps - (steps / 4).max(2),
        }
    }
}

impl Situation {
    /// Its name in tables.
    pub fn name(&self) -> String {
        let Situation { steps, seconds, spread, phi, .. } = self;
        match self.shape {
            Shape::Gauge => format!("gauge/{steps}x{seconds}s/sd{spread}/ar{phi}"),
            Shape::Rate { requests, rate, share } => {
                let slow = if *spread > 0.0 { format!("/ar{phi}sd{spread}") } else { String::new() };
                format!("rate/{steps}x{seconds}s/{requests}rpm/{}%/share{share}{slow}", percent(rate))
            }
        }
    }

    /// The beginning of a step, as all draws have it.
    pub fn time(&self, step: usize) -> Timestamp {
        Timestamp::from_second(1_772_442_000 + self.seconds * step as i64).unwrap_or_default()
    }

    /// The time of both arms.
    pub fn window(&self) -> Window {
        Window { start: self.time(0), end: self.time(self.steps) }
    }

    /// The length of a step.
    pub fn step(&self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds)
    }

    /// Draws both arms.
    pub fn draw(&self, truth: &Truth, noise: &mut Noise) -> Draw {
        let factor = match truth.change {
            Change::Margins(margins) => 1.0 + margins * self.margin,
            Change::Times(times) => times,
        };
        let onset = truth.onset.step(self.steps);
        let factors: Vec<f64> = (0..self.steps).map(|step| if step < onset { 1.0 } else { factor }).collect();
        match self.shape {
            Shape::Gauge => self.draw_gauge(&factors, noise),
            Shape::Rate { requests, rate, share } => {
                let per_step = 2.0 * requests * self.seconds as f64 / 60.0;
                let all = Pair { baseline: per_step * (1.0 - share), canary: per_step * share };
                self.draw_rate(rate, all, &factors, noise)
            }
        }
    }

    /// A day of the baseline alone before the window, with the same noise.
    pub fn draw_past(&self, noise: &mut Noise) -> Series {
        const DAY: i64 = 24 * 3600;
        let day = Situation { steps: (DAY / self.seconds) as usize, ..*self };
        let Draw { arms, .. } = day.draw(&HEALTHY, noise);
        let earlier = |at: &mut Timestamp| *at -= SignedDuration::from_secs(DAY);
        let mut past = arms.baseline;
        match &mut past {
            Series::Gauge { time, .. } | Series::Counts { time, .. } => time.iter_mut().for_each(earlier),
            _ => {}
        }
        past
    }

    fn times(&self) -> Vec<Timestamp> {
        (0..self.steps).map(|step| self.time(step)).collect()
    }

    fn draw_gauge(&self, factors: &[f64], noise: &mut Noise) -> Draw {
        const LEVEL: f64 = 100.0;
        let logs = Pair::build(|_| noise.slow(self.steps, self.phi))
            .map(|own| own.iter().map(|e| self.spread * e).collect::<Vec<f64>>());
        let canary: Vec<f64> = logs.canary.iter().zip(factors).map(|(e, factor)| e + factor.ln()).collect();
        let n = self.steps as f64;
        let difference = (canary.iter().sum::<f64>() - logs.baseline.iter().sum::<f64>()) / n;
        let sd = (2.0 * self.variance_of_mean()).sqrt();
        let written = |logs: &[f64]| Series::Gauge {
            time: self.times(),
            value: logs.iter().map(|log| (LEVEL * log.exp() * 1e4).round() / 1e4).collect(),
            requests: None,
        };
        let arms = Pair { baseline: written(&logs.baseline), canary: written(&canary) };
        Draw { arms, z: (difference - self.margin.ln_1p()) / sd }
    }

    fn draw_rate(&self, rate: f64, all: Pair<f64>, factors: &[f64], noise: &mut Noise) -> Draw {
        let requests: Pair<Vec<u64>> = all.map(|mean| (0..self.steps).map(|_| noise.poisson(mean)).collect());
        let levels: Pair<Vec<f64>> = Pair::build(|_| {
            if self.spread <= 0.0 {
                return vec![1.0; self.steps];
            }
            let own = noise.slow(self.steps, self.phi);
            own.iter().map(|e| (self.spread * e - self.spread * self.spread / 2.0).exp()).collect()
        });
        let mut errors = |requests: &[u64], levels: &[f64], factors: &[f64]| -> Vec<u64> {
            let chances = levels.iter().zip(factors).map(|(level, factor)| (rate * level * factor).min(1.0));
            requests.iter().zip(chances).map(|(n, chance)| noise.binomial(*n, chance)).collect()
        };
        let errors = Pair {
            baseline: errors(&requests.baseline, &levels.baseline, &vec![1.0; self.steps]),
            canary: errors(&requests.canary, &levels.canary, factors),
        };
        let total = |counts: &Vec<u64>| counts.iter().sum::<u64>() as f64;
        let (n, x) = (requests.as_ref().map(total), errors.as_ref().map(total));
        let of_canary = rate * factors.iter().sum::<f64>() / self.steps as f64;
        let variance = |rate: f64, n: f64| rate * (1.0 - rate) / n + rate * rate * self.variance_of_mean();
        let sd = (variance(rate, n.baseline) + variance(of_canary, n.canary)).sqrt();
        let excess = x.canary / n.canary - x.baseline / n.baseline - rate * self.margin;
        let arms = requests.zip(errors).map(|(total, bad)| Series::Counts { time: self.times(), total, bad });
        Draw { arms, z: excess / sd }
    }

    /// The variance of the mean of one arm's levels over all steps.
    fn variance_of_mean(&self) -> f64 {
        let (n, phi) = (self.steps as f64, self.phi);
        let rest = 1.0 - phi;
        let inflation = (1.0 + phi) / rest - 2.0 * phi * (1.0 - phi.powf(n)) / (n * rest * rest);
        self.spread * self.spread * inflation / n
    }
}

/// A share in percent, without the digits that the multiplication adds.
pub(super) fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}
