//! Which statistic a criterion is about, and what of a metric cannot be had.
//!
//! A statistic that a shape does not have would give an answer that looks like one. So each is refused with the reason and
//! with what to write instead.

use super::bound::{BoundText, LimitText};
use super::limits::Question;
use super::scalar::StatisticText;
use super::written::file::CriterionEntry;
use crate::judge::rules::{Kind, Metric, Statistic};
use crate::text::problem::{At, Complaint, Report};

/// The bounds of a criterion as they are written.
pub(super) fn texts(entry: &CriterionEntry) -> impl Iterator<Item = &At<BoundText>> {
    entry.pass.iter().chain(&entry.fail)
}

/// Whether a bound is at nothing.
pub(super) fn is_zero(bound: &BoundText) -> bool {
    matches!(&bound.limit, LimitText::Value(quantity) if quantity.number == 0.0)
}

/// The statistic that is written, or that its shape has.
pub(super) fn statistic(entry: &CriterionEntry, metric: &Metric, report: &mut Report) -> Option<Statistic> {
    if let Some(written) = &entry.statistic {
        return match unfit(&written.value, metric) {
            None => Some(written.value.statistic),
            Some(complaint) => {
                report.complain(written.place, complaint);
                None
            }
        };
    }
    match &metric.kind {
        Kind::BadShare | Kind::GoodShare | Kind::PartShare => Some(Statistic::Rate),
        Kind::Gauge { .. } => Some(Statistic::Typical),
        Kind::Events => {
            let bare = texts(entry).any(|text| match &text.value.limit {
                LimitText::Value(quantity) => quantity.unit == crate::text::quantity::Measure::Bare,
                _ => false,
            });
            let alarm_on_any = entry.periods.is_some() && texts(entry).all(|text| is_zero(&text.value));
            Some(if bare && !alarm_on_any { Statistic::Count } else { Statistic::Frequency })
        }
        Kind::Values => {
            let message =
                format!("`{}` has one value per request: which quantile of them is meant?", entry.metric.value);
            report.add_with(
                entry.metric.place,
                message,
                "write `statistic: p95` (or p50, p99, max, min, any quantile)",
            );
            None
        }
    }
}

/// Why a statistic cannot be had of a metric.
fn unfit(written: &StatisticText, metric: &Metric) -> Option<Complaint> {
    let StatisticText { written, statistic } = written;
    let no = |message: String, hint: &str| Some(Complaint::new(message).hint(hint));
    match (&metric.kind, statistic) {
        (Kind::BadShare | Kind::PartShare, Statistic::Rate | Statistic::Count) => None,
        (Kind::GoodShare, Statistic::Rate) => None,
        (Kind::GoodShare, Statistic::Count) => {
            no("the good ones are not counted".into(), "bound the rate, or make the bad ones an `events` metric")
        }
        (Kind::Events, Statistic::Frequency | Statistic::Count) => None,
        (Kind::Values, Statistic::Quantile(_) | Statistic::AnyQuantile { .. } | Statistic::Max | Statistic::Min) => {
            None
        }
        (Kind::Gauge { .. }, Statistic::AnyQuantile { .. }) => no(
            "a gauge has one number per step, which says nothing of the other quantiles of its requests".into(),
            "use a `values` metric, with requests or histograms",
        ),
        (Kind::Gauge { quantile: Some(q), .. }, Statistic::Quantile(_)) => no(
            format!(
                "each point already is a quantile (p{}), and a {written} of those is one of no requests",
                q * 100.0
            ),
            "leave `statistic` out (the typical step), or use a `values` metric for quantiles of requests",
        ),
        (
            Kind::Gauge { .. },
            Statistic::Typical | Statistic::Max | Statistic::Min | Statistic::Quantile(_) | Statistic::Trend { .. },
        ) => None,
        (_, Statistic::Trend { .. }) => no(
            "a trend is one of a number per step, which a gauge has".into(),
            "make it a `gauge` (memory, queue length, a percentile per step), or bound its rate or quantile",
        ),
        (Kind::BadShare | Kind::GoodShare | Kind::PartShare, _) => {
            no(format!("a rate has no `{written}`"), "leave `statistic` out, or write `rate` or `count`")
        }
        (Kind::Events, _) => {
            no(format!("events have no `{written}`"), "write `frequency` or `count`, or leave `statistic` out")
        }
        (Kind::Values, _) => {
            no(format!("values have no `{written}`"), "write a quantile (`p95`), `any quantile`, `max` or `min`")
        }
        (Kind::Gauge { .. }, _) => {
            no(format!("a gauge has no `{written}`"), "write `typical`, `max` or `min`, or leave `statistic` out")
        }
    }
}

/// Why an alarm rule cannot be had of a criterion.
pub(super) fn no_alarm(entry: &CriterionEntry, question: &Question) -> Option<Complaint> {
    if texts(entry).any(|text| !matches!(text.value.limit, LimitText::Value(_))) {
        let message = "an alarm looks at the canary alone, and this bound is against the baseline";
        return Some(Complaint::new(message).hint("write a threshold, or leave `periods` out"));
    }
    match (&question.metric.kind, question.statistic) {
        (Kind::Events, Statistic::Count) => {
            let hint = "write how long it is counted: `<= 10 / 5m`";
            Some(Complaint::new("an alarm on a count needs a span of time").hint(hint))
        }
        (_, Statistic::Count) => {
            let hint = "bound the rate, or make the bad ones an `events` metric and write `<= 10 / 5m`";
            Some(Complaint::new("an alarm cannot count the bad ones of a rate").hint(hint))
        }
        (Kind::Gauge { .. }, Statistic::Trend { .. }) => {
            let hint = "leave `periods` out: a trend is judged over all steps";
            Some(Complaint::new("an alarm looks at each step by itself, and a trend is one of many").hint(hint))
        }
        (Kind::Gauge { .. }, Statistic::Max | Statistic::Min | Statistic::Quantile(_)) => {
            let hint = "leave `statistic` out";
            Some(Complaint::new("an alarm looks at each step by itself, not across steps").hint(hint))
        }
        _ => None,
    }
}

/// Why a criterion cannot be one on the share of steps beyond a limit.
pub(super) fn no_spikes(entry: &CriterionEntry, statistic: Statistic) -> Option<Complaint> {
    if entry.periods.is_some() {
        let hint = "write two criteria: an alarm on consecutive steps, and a share of all steps";
        return Some(Complaint::new("`periods` and `steps_beyond` are different questions").hint(hint));
    }
    match statistic {
        Statistic::Rate | Statistic::Frequency | Statistic::Typical | Statistic::Quantile(_) => None,
        _ => {
            let hint = "leave `statistic` out; of values write the quantile of each step, such as `p95`";
            Some(Complaint::new("`steps_beyond` looks at each step by itself").hint(hint))
        }
    }
}
