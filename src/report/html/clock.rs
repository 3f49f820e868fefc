//! The axis of time: the canary's own clock where both arms share a window, else time since the beginning of each.

use super::super::document::Document;
use super::scale::Axis;
use crate::judge::words::{count, duration};
use crate::series::{SignedDuration, Timestamp};

/// Spans in seconds between two labels, as clocks are divided.
const STEPS: [f64; 24] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_419_200.0,
    7_257_600.0,
    31_536_000.0,
];
const DAY: f64 = 86_400.0;

/// What is drawn along the x axis of a document's traces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Seconds of a step; nothing where it is not known.
    step: Option<f64>,
    /// Where the canary's window begins, where that is to be shown.
    start: Option<Timestamp>,
    /// Where the canary's window begins.
    zero: Option<Timestamp>,
}

impl Clock {
    pub(super) fn of(document: &Document) -> Clock {
        let zero = document.arms.canary.window.start.parse().ok();
        let step = document.step_seconds.map(|step| step.get()).filter(|step| (1e-3..1e10).contains(step));
        Clock { step, start: zero.filter(|_| is_shared(document)), zero }
    }

    /// How far along the axis a step begins: in seconds, or in steps.
    pub(super) fn along(&self, step: f64) -> f64 {
        step * self.step.unwrap_or(1.0)
    }

    /// How far along the axis so many seconds are.
    pub(super) fn seconds(&self, seconds: f64) -> Option<f64> {
        self.step.map(|_| seconds)
    }

    /// How far along the axis an instant of the canary is.
    pub(super) fn instant(&self, at: &str) -> Option<f64> {
        let at: Timestamp = at.parse().ok()?;
        self.seconds(at.duration_since(self.zero?).as_secs_f64())
    }

    /// What the axis counts.
    pub(super) fn name(&self) -> &'static str {
        match (self.step, self.start) {
            (None, _) => "step",
            (Some(_), Some(_)) => "time (UTC)",
            (Some(_), None) => "since the beginning of each window",
        }
    }

    /// Places and labels along an axis that is so many seconds (or steps) long.
    pub(super) fn labels(&self, length: f64, axis: &Axis) -> Vec<(f64, String)> {
        if self.step.is_none() {
            let ticks = super::scale::ticks((0.0, length), 1.0, 4).into_iter().filter(|tick| tick.fract() == 0.0);
            return ticks.map(|tick| (axis.at(tick), count(tick as u64 + 1))).collect();
        }
        let Some(step) = STEPS.into_iter().find(|step| length / step <= 5.0) else { return Vec::new() };
        let first = self.start.map_or(0.0, |start| (-(start.as_second() as f64)).rem_euclid(step));
        let ticks = (0..8).map(|i| first + f64::from(i) * step).take_while(|tick| *tick <= length);
        ticks.map(|tick| (axis.at(tick), self.label(tick, step, length))).collect()
    }

    fn label(&self, tick: f64, step: f64, length: f64) -> String {
        let span = SignedDuration::try_from_secs_f64(tick).unwrap_or_default();
        let Some(at) = self.start.and_then(|start| start.checked_add(span).ok()) else {
            return if tick == 0.0 { "0".into() } else { format!("+{}", duration(span)) };
        };
        let format = match (step, length) {
            (step, _) if step >= DAY => "%m-%d",
            (step, _) if step < 60.0 => "%H:%M:%S",
            (_, length) if length > DAY => "%m-%d %H:%M",
            _ => "%H:%M",
        };
        at.strftime(format).to_string()
    }
}

/// Whether both arms were measured in the same window.
pub(super) fn is_shared(document: &Document) -> bool {
    document.arms.baseline.window == document.arms.canary.window
}
