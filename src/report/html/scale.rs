//! From values to places on a drawing, and which values deserve a label.
//!
//! Any finite number may come, the largest and the smallest there are; every place is finite and inside the drawing.

use crate::judge::rules::Unit;

/// A range of values laid along a range of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// Equal differences are equally far apart.
    pub(super) fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Axis {
        Axis { low, high, from, to, log: false }
    }

    /// Equal factors are equally far apart; for positive values.
    pub(super) fn log((low, high): (f64, f64), (from, to): (f64, f64)) -> Axis {
        Axis { low: low.max(f64::MIN_POSITIVE).ln(), high: high.max(f64::MIN_POSITIVE).ln(), from, to, log: true }
    }

    /// All of `whole`, but no further from `middle` than `far` of its spans, each at least `reach`; with air. Logarithms if `log`. Nothing if
    /// that is no range.
    pub(super) fn around(
        middle: (f64, f64),
        whole: (f64, f64),
        reach: f64,
        (far, air): (f64, f64),
        log: bool,
        places: (f64, f64),
    ) -> Option<Axis> {
        let span = match (middle.1 - middle.0).max(reach) {
            span if span > 0.0 => span,
            _ => (middle.0.abs() * 0.1).max(1e-300),
        };
        let low = whole.0.max(middle.0 - far * span) - air * span;
        let high = whole.1.min(middle.1 + far * span) + air * span;
        let ends = if log { (low.exp(), high.exp()) } else { (low, high) };
        let is_range = ends.0.is_finite() && ends.1.is_finite() && ends.0 < ends.1;
        is_range.then(|| Axis::of(ends, log, places))
    }

    /// By factors or by differences.
    pub(super) fn of(ends: (f64, f64), log: bool, places: (f64, f64)) -> Axis {
        if log { Axis::log(ends, places) } else { Axis::linear(ends, places) }
    }

    /// Where a value is; what lies outside is at the nearer end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        // halved, since the difference of two large numbers may be none
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.5 };
        self.from + part * (self.to - self.from)
    }

    /// Whether a value is inside, the ends with it.
    pub(super) fn has(&self, value: f64) -> bool {
        let value = if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        (self.low..=self.high).contains(&value)
    }
}

/// A place with one digit after the point, and no more characters than it needs.
pub(super) fn px(place: f64) -> String {
    let text = format!("{place:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.into() }
}

/// The smallest and the largest.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let grow = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    let (low, high) = values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), grow);
    (low <= high).then_some((low, high))
}

/// A drawing's range spans at least this part of the largest value: a drift of a percent must not look like a cliff.
const LEAST_SPAN: f64 = 0.2;

/// The range of values with some air, but neither air below zero nor above the whole.
pub(super) fn airy((low, high): (f64, f64), unit: &Unit) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    // close below the whole it is the distance to it that matters
    let size = if *unit == Unit::Share && low >= 0.5 && high <= 1.0 { 1.0 - low } else { size };
    let least = if size > 0.0 { LEAST_SPAN * size } else { 1.0 };
    let air = ((least - (high - low)) / 2.0).max((high / 2.0 - low / 2.0) * 0.12);
    let (mut from, mut to) = ((low - air).max(f64::MIN), (high + air).min(f64::MAX));
    if low >= 0.0 {
        from = from.max(0.0);
    }
    if *unit == Unit::Share && high <= 1.0 {
        to = to.min(1.0);
    }
    if from < to { (from, to) } else { (from - least, to + least) }
}

/// Round values to label, about so many of them, where each is a whole number of grains times 1, 2 or 5 and a power of
/// ten.
pub(super) fn ticks((low, high): (f64, f64), grain: f64, about: usize) -> Vec<f64> {
    let step = round_up((high - low) / grain / about.max(1) as f64) * grain;
    let first = (low / step).ceil();
    if !(step.is_finite() && step > 0.0 && first.is_finite() && first.abs() < 1e12) {
        return Vec::new();
    }
    let inside = |value: &f64| *value <= high + step * 1e-6;
    (0..=2 * about).map(|i| (first + i as f64) * step + 0.0).take_while(inside).collect()
}

/// The least 1, 2 or 5 with a power of ten that is not below.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= value * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Powers of ten between two positive values; with their doubles and fives where there are few.
pub(super) fn decades((low, high): (f64, f64)) -> Vec<f64> {
    let (from, to) = (low.log10().floor(), high.log10().ceil());
    if !(from.is_finite() && to.is_finite()) {
        return Vec::new();
    }
    let (every, factors): (i32, &[f64]) = match (high / low).log10() {
        span if span < 2.5 => (1, &[1.0, 2.0, 5.0]),
        span => (((span / 5.0).ceil() as i32).max(1), &[1.0]),
    };
    let powers = (from as i32..=to as i32).step_by(every.unsigned_abs() as usize);
    let values = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    values.filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value)).collect()
}

/// What one of a unit is where values are as large as this, as they are written.
pub(super) fn grain(unit: &Unit, size: f64) -> f64 {
    match unit {
        Unit::Share => 0.01,
        Unit::Milliseconds if size >= 10_000.0 => 1_000.0,
        Unit::Bytes => 1024f64.powi(size.max(1.0).log(1024.0).floor().clamp(0.0, 5.0) as i32),
        Unit::PerSecond if size >= 10.0 => 1.0,
        Unit::PerSecond if size * 60.0 >= 0.1 => 1.0 / 60.0,
        Unit::PerSecond => 1.0 / 3600.0,
        _ => 1.0,
    }
}
