//! The steps of an arm as periods: a number each, and whether it lies beyond a limit.
//!
//! Alarms look at them in a row (`periods`), and shares of steps count them (`spikes`).

use crate::case::Case;
use crate::grid::{Steps, Trials};
use crate::requests;
use crate::rules::{Beyond, Kind, Unit};
use crate::series::{Arm, SignedDuration};
use davy_stats::Direction;
use davy_stats::slow::Requests;

impl Beyond {
    /// How many of a share's trials are on the side that sets off the alarm.
    pub(super) fn bad(&self, part: u64, total: u64) -> u64 {
        if self.above { part } else { total.saturating_sub(part) }
    }
}

/// One period of an arm.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// The number that is bounded.
    pub(super) value: f64,
    /// How many of its requests or occurrences are on the side that sets off the alarm.
    pub(super) bad: u64,
    /// Of how many.
    pub(super) of: f64,
}

/// An arm's periods, in the metric's unit. Occurrences bounded per span are counted over that span, rolling by one step.
pub(super) fn steps_of(case: &Case, arm: Arm, span: Option<SignedDuration>, beyond: &Beyond) -> Steps<Period> {
    let share = |good: bool| {
        let period = move |t: Trials| {
            let part = if good { t.total - t.bad } else { t.bad };
            let value = t.share().map(|share| if good { 1.0 - share } else { share });
            value.map(|value| Period { value, bad: beyond.bad(part, t.total), of: t.total as f64 })
        };
        case.grid.counts(case.series).get(arm).iter().copied().map(|step| step.and_then(period)).collect()
    };
    match &case.metric.kind {
        Kind::BadShare | Kind::PartShare => share(false),
        Kind::GoodShare => share(true),
        Kind::Events => {
            let step = case.grid.step().as_secs_f64();
            let width = span.map_or(1, |span| (span.as_secs_f64() / step).round().max(1.0) as usize);
            let steps = case.grid.events(case.series).get(arm).clone();
            let rolling = |end: usize| {
                steps[end]?;
                let window = &steps[(end + 1).saturating_sub(width)..=end];
                let (count, exposure) =
                    window.iter().flatten().fold((0u64, 0.0), |(x, e), o| (x.saturating_add(o.count), e + o.exposure));
                let by_time = matches!(case.metric.unit, Unit::PerSecond);
                // Per span of time: the whole span exposes, also at the start and across gaps, where fewer steps
                // can only have seen fewer occurrences.
                let exposure = if by_time { width as f64 * step } else { exposure };
                (exposure > 0.0).then(|| Period { value: count as f64 / exposure, bad: count, of: exposure })
            };
            (0..steps.len()).map(rolling).collect()
        }
        Kind::Gauge { .. } => {
            let period = |value: f64| Period { value, bad: 1, of: 1.0 };
            case.grid.gauge(case.series).get(arm).iter().map(|value| value.map(period)).collect()
        }
        Kind::Values => {
            let q = requests::quantile_of(case.criterion.statistic);
            let period = |requests: &Requests| {
                let slow = requests.beyond(beyond.limit, beyond.above == beyond.inclusive, Direction::Above);
                let bad = beyond.bad(slow, requests.len());
                Some(Period { value: requests.quantile(q)?, bad, of: requests.len() as f64 })
            };
            case.grid.values(case.series).get(arm).iter().map(period).collect()
        }
    }
}
