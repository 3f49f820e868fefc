//! How noisy a service is, from its own past: what one window can only guess, many tell.
//!
//! Counts have a design effect, pooled over all windows; its weight says how much the windows agree on it. Numbers per
//! step have a deviation and a correlation, and are looked at within each window, where they are judged.

use super::{Arms, History, Layout};
use crate::judge::rules::{Kind, Metric, Rules, Scale};
use crate::series::{Dataset, Pair, Series, SignedDuration, Window};
use crate::stats::counts::{self, CountStep, Exposure};
use crate::stats::single::{self, EventStep, TrialStep};

/// No history is worth more steps than this: services change.
const MOST_WEIGHT: f64 = 30.0;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The arms, step by step.
    Arms,
    /// The canary and a limit.
    CanaryAndLimit,
}

/// The noise of a metric, by its shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// Of counts and events.
    Counts(Dispersion),
    /// Of numbers per step.
    Level(Wander),
}

/// How much noisier than independent trials counts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// The design effect; may be below one.
    pub phi: f64,
    /// What it is worth as a prior, in degrees of freedom.
    pub nu: f64,
    /// The degrees of freedom it was estimated from.
    pub dof: f64,
}

/// How numbers per step wander.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wander {
    /// The standard deviation within a window; of logarithms or of the numbers themselves.
    pub deviation: f64,
    /// The lag-one correlation.
    pub rho: f64,
    /// Whether of logarithms.
    pub log: bool,
}

/// Trials, bad ones and exposures of one arm by step.
pub(super) type Laid<T> = Vec<Option<T>>;

/// The entries of a series on the steps of its window, after the warm-up.
pub(super) fn laid<T: Copy>(
    step: SignedDuration,
    window: &Window,
    series: &Series,
    warmup: usize,
    value: &[T],
) -> Laid<T> {
    let steps = window.steps(step).saturating_sub(warmup);
    let width = step.as_millis().max(1);
    let mut laid = vec![None; steps];
    for (at, value) in series.time().iter().zip(value) {
        let step = usize::try_from(at.duration_since(window.start).as_millis().div_euclid(width)).ok();
        if let Some(slot) = step.and_then(|step| laid.get_mut(step.checked_sub(warmup)?)) {
            *slot = Some(*value);
        }
    }
    laid
}

fn both<T: Copy, U>(pair: Pair<Laid<T>>, of: impl Fn(T, T) -> U) -> Vec<Option<U>> {
    let zipped = pair.baseline.iter().zip(&pair.canary);
    zipped.map(|(b, c)| b.zip(*c).map(|(b, c)| of(b, c))).collect()
}

/// Whether a gauge is compared by ratio.
pub fn by_ratio(scale: Scale, pair: &Pair<Series>) -> bool {
    let positive = |series: &Series| match series {
        Series::Gauge { value, .. } => value.iter().all(|v| *v > 0.0),
        _ => false,
    };
    scale != Scale::Difference && positive(&pair.baseline) && positive(&pair.canary)
}

pub(super) const UNUSABLE: CountStep = CountStep { canary_total: 0.0, canary: 0, baseline_total: 0.0, baseline: 0 };

/// The dispersion of one window: the design effect and its degrees of freedom.
fn dispersion(data: &Dataset, pair: &Pair<Series>, between: Between, warmup: usize) -> Option<(f64, f64)> {
    let lay = |value: &dyn Fn(&Series) -> Vec<(u64, f64)>| {
        let arms = data.windows.as_ref().zip(pair.as_ref());
        arms.map(|(window, series)| laid(data.step, window, series, warmup, &value(series)))
    };
    let seconds = data.step.as_secs_f64();
    let (rows, exposure): (Pair<Laid<(u64, f64)>>, _) = match &pair.canary {
        Series::Counts { .. } => {
            let columns = |series: &Series| match series {
                Series::Counts { total, bad, .. } => bad.iter().copied().zip(total.iter().map(|n| *n as f64)).collect(),
                _ => Vec::new(),
            };
            (lay(&columns), Exposure::Trials)
        }
        Series::Events { .. } => {
            let columns = |series: &Series| match series {
                Series::Events { count, exposure: Some(exposure), .. } => {
                    count.iter().copied().zip(exposure.iter().copied()).collect()
                }
                Series::Events { count, .. } => count.iter().map(|count| (*count, seconds)).collect(),
                _ => Vec::new(),
            };
            (lay(&columns), Exposure::Measure)
        }
        _ => return None,
    };
    match (between, exposure) {
        (Between::Arms, exposure) => {
            let step = |b: (u64, f64), c: (u64, f64)| CountStep {
                canary_total: c.1,
                canary: c.0,
                baseline_total: b.1,
                baseline: b.0,
            };
            let steps: Vec<CountStep> = both(rows, step).into_iter().map(|step| step.unwrap_or(UNUSABLE)).collect();
            counts::observed_dispersion(&steps, exposure)
        }
        (Between::CanaryAndLimit, Exposure::Trials) => {
            let trials = rows.canary.iter().map(|row| row.map(|(bad, n)| TrialStep { total: n as u64, bad }));
            single::observed_trial_dispersion(&trials.collect::<Vec<_>>())
        }
        (Between::CanaryAndLimit, Exposure::Measure) => {
            let events = rows.canary.iter().map(|row| row.map(|(count, exposure)| EventStep { exposure, count }));
            single::observed_event_dispersion(&events.collect::<Vec<_>>())
        }
    }
}

/// The numbers per step that are judged, centred; nothing where they are too few.
fn wandering(data: &Dataset, pair: &Pair<Series>, between: Between, log: bool, warmup: usize) -> Option<Laid<f64>> {
    let column = |series: &Series| match series {
        Series::Gauge { value, .. } => value.clone(),
        _ => Vec::new(),
    };
    let arms = data.windows.as_ref().zip(pair.as_ref());
    let rows = arms.map(|(window, series)| laid(data.step, window, series, warmup, &column(series)));
    let scaled = |v: f64| if log { v.ln() } else { v };
    let y = match between {
        Between::Arms => both(rows, |b, c| scaled(c) - scaled(b)),
        Between::CanaryAndLimit => rows.canary.iter().map(|v| v.map(scaled)).collect(),
    };
    let present: Vec<f64> = y.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    (present.len() >= 3).then(|| y.iter().map(|v| v.map(|v| v - mean).filter(|v| v.is_finite())).collect())
}

/// Collects windows one by one.
#[derive(Debug, Default)]
pub struct Collected {
    dispersions: Vec<(f64, f64)>,
    squares: f64,
    freedom: f64,
    products: f64,
    pairs: f64,
    log: bool,
}

impl Collected {
    /// Takes one window's noise of a metric.
    pub fn add(&mut self, data: &Dataset, name: &str, metric: &Metric, between: Between, warmup: usize) {
        let Some(pair) = data.metrics.get(name) else { return };
        let Kind::Gauge { scale, .. } = metric.kind else {
            self.dispersions.extend(dispersion(data, pair, between, warmup));
            return;
        };
        self.log = match between {
            Between::Arms => by_ratio(scale, pair),
            Between::CanaryAndLimit => {
                by_ratio(scale, &Pair { baseline: pair.canary.clone(), canary: pair.canary.clone() })
            }
        };
        let Some(y) = wandering(data, pair, between, self.log, warmup) else { return };
        let present: Vec<f64> = y.iter().flatten().copied().collect();
        self.squares += present.iter().map(|y| y * y).sum::<f64>();
        self.freedom += present.len() as f64 - 1.0;
        let neighbours = || y.windows(2).filter_map(|two| two[0].zip(two[1]));
        self.products += neighbours().map(|(a, b)| a * b).sum::<f64>();
        self.pairs += neighbours().count() as f64;
    }

    /// The noise of all windows together; nothing where none could tell.
    pub fn noise(&self) -> Option<Noise> {
        if self.freedom > 0.0 {
            let variance = self.squares / self.freedom;
            let rho = if variance > 0.0 { self.products / self.pairs.max(1.0) / variance } else { 0.0 };
            return Some(Noise::Level(Wander {
                deviation: variance.sqrt(),
                rho: rho.clamp(-0.99, 0.97),
                log: self.log,
            }));
        }
        let dof: f64 = self.dispersions.iter().map(|(_, dof)| dof).sum();
        if dof <= 0.0 {
            return None;
        }
        let phi = self.dispersions.iter().map(|(phi, dof)| phi * dof).sum::<f64>() / dof;
        Some(Noise::Counts(Dispersion { phi, nu: self.weight(phi, dof), dof }))
    }

    /// What windows disagree on by more than chance lowers the weight: it is that of a design effect which differs from
    /// window to window as the observed ones do (moments of the scaled inverse χ²).
    fn weight(&self, phi: f64, dof: f64) -> f64 {
        let most = dof.min(MOST_WEIGHT);
        if self.dispersions.len() < 3 || phi <= 0.0 {
            return most;
        }
        let n = self.dispersions.len() as f64;
        let observed = self.dispersions.iter().map(|(own, _)| (own - phi).powi(2)).sum::<f64>() / (n - 1.0);
        let expected = self.dispersions.iter().map(|(_, dof)| 2.0 * phi * phi / dof).sum::<f64>() / n;
        let excess = observed - expected;
        if excess <= 0.0 { most } else { (4.0 + 2.0 * phi * phi / excess).min(most) }
    }
}

impl History {
    /// The noise of a metric over all windows of a layout.
    pub fn noise(&self, layout: &Layout, rules: &Rules, name: &str, between: Between) -> Option<Noise> {
        let metric = rules.metrics.get(name)?;
        let mut collected = Collected::default();
        for number in 0..layout.starts.len() {
            collected.add(&self.pair(layout, number), name, metric, between, rules.policy.warmup_steps(self.step()));
        }
        collected.noise()
    }

    /// Requests (or exposure) per step of each arm, as an arm of the comparison gets them: of one arm alone, its whole.
    pub fn per_step(&self, name: &str) -> Option<Pair<f64>> {
        let pair = self.metrics().get(name)?;
        let steps = self.window().steps(self.step()).max(1) as f64;
        let seconds = self.step().as_secs_f64();
        let mean = |series: &Series| match series {
            Series::Counts { total, .. } => mean_of(total.iter().map(|n| *n as f64)),
            Series::Events { exposure: Some(exposure), .. } => mean_of(exposure.iter().copied()),
            Series::Events { count, .. } => {
                if count.is_empty() {
                    0.0
                } else {
                    seconds
                }
            }
            Series::Values { value, .. } => value.len() as f64 / steps,
            Series::Buckets { bins, .. } => bins.iter().map(|bins| bins.total() as f64).sum::<f64>() / steps,
            Series::Gauge { requests: Some(requests), .. } => mean_of(requests.iter().map(|n| *n as f64)),
            Series::Gauge { .. } => 0.0,
        };
        let of = pair.as_ref().map(mean);
        Some(if self.arms == Arms::One { Pair { baseline: of.canary, canary: of.canary } } else { of })
    }

    /// How long its windows are when the configuration does not say: a tenth of it.
    pub fn tenth(&self) -> SignedDuration {
        let tenth = self.window().duration().as_millis() / 10;
        self.whole_steps(SignedDuration::from_millis(i64::try_from(tenth).unwrap_or(i64::MAX)))
    }
}

fn mean_of(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    if n > 0.0 { sum / n } else { 0.0 }
}
