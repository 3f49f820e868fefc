//! Which statistic a criterion is about, and what of a metric cannot be had.
//!
//! A statistic that a shape does not have would give an answer that looks like one. So each is refused with the reason and
//! with what to write instead.

use super::scalar::StatisticText;
use super::written::file::CriterionEntry;
use crate::judge::reading::statistic::{unfit, usual, which_quantile};
use crate::judge::reading::{Question, is_zero};
use crate::judge::rules::{Kind, Metric, Statistic};
use crate::notation::{BoundText, LimitText};
use crate::text::problem::{At, Complaint, Report};

/// The bounds of a criterion as they are written.
pub(super) fn texts(entry: &CriterionEntry) -> impl Iterator<Item = &At<BoundText>> {
    entry.pass.iter().chain(&entry.fail)
}

/// The statistic that is written, or that its shape has.
pub(super) fn statistic(entry: &CriterionEntry, metric: &Metric, report: &mut Report) -> Option<Statistic> {
    if let Some(written) = &entry.statistic {
        let StatisticText { written: text, statistic } = &written.value;
        return match unfit(text, *statistic, metric) {
            None => Some(written.value.statistic),
            Some(complaint) => {
                report.complain(written.place, complaint);
                None
            }
        };
    }
    let alarm_on_any = entry.periods.is_some() && texts(entry).all(|text| is_zero(&text.value));
    match usual(&metric.kind, texts(entry).map(|text| &text.value)) {
        Some(Statistic::Count) if alarm_on_any => Some(Statistic::Frequency),
        Some(statistic) => Some(statistic),
        None => {
            report.complain(entry.metric.place, which_quantile(&entry.metric.value));
            None
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
