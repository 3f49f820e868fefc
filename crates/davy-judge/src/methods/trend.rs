//! How steeply a number per step rises: the canary's own against a limit, or beside the baseline's in the same steps.
//!
//! Beside the baseline the numbers are log-ratios where the margin is in percent and all numbers are positive, else differences.
//! So what moves both arms alike, as the rise of a day, cancels.
//!
//! - **Evidence**: Kendall's sum of the signs of all pairs of steps about the limit (Theil 1950; Sen 1968). Its variance comes from
//!   the long-run variance of the residuals' ranks: the larger one of an autoregression (Hamed and Rao 1998) and of cosines
//!   (Sun 2011), each read as Student's t. Where a random walk is not ruled out, the increments must show the same (Perron and
//!   Yabu 2009).
//! - **Jumps**: a level that jumps in either arm (a restart, a collection) begins a new stretch. The evidence is the weaker one of
//!   all pairs and of those within stretches, and the later half must lie on the same side of the limit. A sawtooth that both
//!   arms have is noise of all pairs; there the slope within stretches must only lie on the same side.
//! - **Interval**: the slopes that the evidence does not reject.
//! - **Any-time evidence**: none. The information of a slope grows with the cube of the time, which the boundaries of planned looks do
//!   not know. So a trend is judged at the end of the soak alone, at the whole level, and never with an open end.
//! - **Estimate**: the median of the slopes of all pairs.
//!
//! The formulas are in [`slope`](davy_stats::slope). `fixtures/reference` certifies them: `slopes.toml`.

use crate::case::Case;
use crate::compare::{Comparison, Facts, LnE};
use crate::grid::Steps;
use crate::methods::level::{resolution_variance, scaled};
use crate::rules::{Looks, Statistic};
use crate::series::{Arm, Pair, SignedDuration, Timestamp};
use crate::verdict::{EffectKind, Method};
use crate::words;
use davy_stats::Direction;
use davy_stats::anytime::Starts;
use davy_stats::slope::{self, Jumps, Slope};
use davy_stats::steps::median;

/// The slope of the canary, or of what lies between it and the baseline.
#[derive(Debug)]
pub(crate) struct Trend {
    /// Whether the numbers are logarithms of ratios.
    log: bool,
    /// Whether they are one arm's.
    alone: bool,
    /// How many steps the span has in which a change is told.
    span: f64,
    /// How many steps have a number.
    n: usize,
    slope: Option<Slope>,
}

impl Trend {
    /// Of the canary by itself.
    pub(crate) fn alone(canary: &Steps<f64>, span: f64) -> Trend {
        let floor = resolution_variance(false, size(canary));
        let jumps = Jumps { at: slope::jumps(canary), are_usual: false };
        let slope = Slope::new(canary, &jumps, floor);
        Trend { log: false, alone: true, span, n: canary.iter().flatten().count(), slope }
    }

    /// Of the canary beside the baseline's same steps, by ratio or by difference.
    pub(crate) fn beside(arms: &Pair<Steps<f64>>, log: bool, span: f64) -> Trend {
        let floor = 2.0 * resolution_variance(log, size(&arms.baseline));
        let arms = arms.as_ref().map(|steps| scaled(steps, log));
        let pairs = arms.canary.iter().zip(&arms.baseline);
        let y: Steps<f64> = pairs.map(|(canary, baseline)| canary.zip(*baseline).map(|(c, b)| c - b)).collect();
        let slope = Slope::new(&y, &jumps(&arms), floor);
        Trend { log, alone: false, span, n: y.iter().flatten().count(), slope }
    }

    /// A limit on the scale of a step.
    fn scale(&self, limit: f64) -> f64 {
        (if self.log { limit.max(f64::MIN_POSITIVE).ln() } else { limit }) / self.span
    }

    fn unscale(&self, slope: f64) -> f64 {
        if self.log { (slope * self.span).exp() } else { slope * self.span }
    }
}

impl Comparison for Trend {
    fn z(&self, limit: f64, direction: Direction) -> f64 {
        self.slope.as_ref().map_or(0.0, |slope| slope.z(self.scale(limit), direction))
    }

    fn interval(&self, low: f64, high: f64) -> (f64, f64) {
        let end = |critical: f64, direction: Direction| match &self.slope {
            Some(slope) => self.unscale(slope.end(critical, direction)),
            None => self.unscale(-direction.sign() * f64::INFINITY),
        };
        (end(low, Direction::Above), end(high, Direction::Below))
    }

    fn at_any_time<'a>(&'a self, _direction: Direction, _starts: &'a Starts, _horizon: f64) -> LnE<'a> {
        Box::new(|_| f64::NEG_INFINITY)
    }

    fn natural(&self) -> (f64, f64) {
        (if self.log { 0.0 } else { f64::NEG_INFINITY }, f64::INFINITY)
    }

    fn estimate(&self) -> Option<f64> {
        self.slope.as_ref().map(|slope| self.unscale(slope.estimate()))
    }

    fn kind(&self) -> EffectKind {
        match (self.alone, self.log) {
            (true, _) => EffectKind::Level,
            (false, true) => EffectKind::Ratio,
            (false, false) => EffectKind::Difference,
        }
    }

    fn method(&self) -> Method {
        Method::Trend
    }

    fn facts(&self) -> Facts {
        Facts::Trend { alone: self.alone, n: self.n }
    }

    fn is_multiplicative(&self) -> bool {
        self.log
    }
}

/// How large numbers are.
fn size(steps: &Steps<f64>) -> f64 {
    median(&steps.iter().flatten().map(|v| v.abs()).collect::<Vec<_>>()).unwrap_or(1.0)
}

/// So many jumps in each arm are a sawtooth that both have.
const TEETH: usize = 3;

/// Where either arm jumps. Those of one arm alone may be restarts.
pub(crate) fn jumps(arms: &Pair<Steps<f64>>) -> Jumps {
    let each = arms.as_ref().map(|steps| slope::jumps(steps));
    let are_usual = each.baseline.len() >= TEETH && each.canary.len() >= TEETH;
    let mut at = each.baseline;
    at.extend(each.canary);
    at.sort_unstable();
    at.dedup();
    Jumps { at, are_usual }
}

/// How many steps a span has.
pub(crate) fn span(case: &Case, per: SignedDuration) -> f64 {
    per.as_secs_f64() / case.grid.step().as_secs_f64()
}

/// How much an arm changes in a span of so many steps, by itself.
pub(crate) fn change(steps: &Steps<f64>, span: f64) -> Option<f64> {
    Trend::alone(steps, span).estimate()
}

/// What a reader must know of a trend: when it is judged, where a level jumps, and whether a rise of the day cancels.
pub(crate) fn notes(case: &Case, steps: &Pair<Steps<f64>>) -> Vec<String> {
    let compared = case.needs_baseline();
    let times = |arm: Arm| {
        let at: Vec<Timestamp> = slope::jumps(steps.get(arm)).into_iter().map(|step| case.grid.begins(step)).collect();
        let shown: Vec<String> = at.iter().take(3).map(|at| at.strftime("%H:%M").to_string()).collect();
        let more = if at.len() > shown.len() { ", …" } else { "" };
        let times = words::plural(at.len() as u64, "time");
        (!at.is_empty()).then(|| format!("{} {times} ({}{more} UTC)", arm.name(), shown.join(", ")))
    };
    let jumps: Vec<String> =
        Arm::BOTH.into_iter().filter(|arm| compared || *arm == Arm::Canary).filter_map(times).collect();
    let how = match compared && self::jumps(steps).are_usual {
        true => "That is a sawtooth of both arms, which is noise",
        false => "A trend must show across the jumps and between them",
    };
    let jumped = format!("its level jumps: {}. {how}", jumps.join(", "));
    let windows = "the windows differ, so that a rise of the day does not cancel";
    let open = "a trend takes a planned end (`soak`): with an open one it is not decided";
    let early = "a trend is judged at the end of the soak alone, at the whole level";
    let looks = match case.rules.looks {
        Looks::Open => Some(open),
        Looks::Planned { soak, .. } if case.data().windows.canary.duration() < soak => Some(early),
        _ => None,
    };
    let notes = [(!jumps.is_empty()).then_some(jumped), (compared && !case.is_parallel()).then(|| windows.to_owned())];
    notes.into_iter().flatten().chain(looks.map(str::to_owned)).collect()
}

/// Whether a statistic is a trend.
pub(crate) fn is_trend(statistic: Statistic) -> bool {
    matches!(statistic, Statistic::Trend { .. })
}
