//! Which statistic a text means, and whether a metric has it.
//!
//! A statistic that a shape does not have would give an answer that looks like one. So each is refused with the reason and
//! with what to write instead.

use jiff::SignedDuration;

use crate::notation::{BoundText, Complaint, LimitText, Measure};
use crate::rules::{Kind, Metric, Statistic};

/// The statistics that have a word of their own.
pub const WORDS: [(&str, Statistic); 7] = [
    ("rate", Statistic::Rate),
    ("frequency", Statistic::Frequency),
    ("count", Statistic::Count),
    ("typical", Statistic::Typical),
    ("max", Statistic::Max),
    ("min", Statistic::Min),
    ("trend", Statistic::Trend { per: SignedDuration::from_hours(1) }),
];

/// What asks for every quantile at once.
pub const ANY_QUANTILE: &str = "any quantile";

/// The statistic that a text means: `rate`, `p95`, `any quantile from p50 to p99`.
pub fn parse(text: &str) -> Result<Statistic, Complaint> {
    let written = text.trim();
    if let Some((_, statistic)) = WORDS.iter().find(|(word, _)| *word == written) {
        return Ok(*statistic);
    }
    match written {
        "mean" | "average" | "avg" => {
            let hint = "write a quantile (`p50`, `p95`) for values, or `typical` for a gauge";
            let message = "a mean is not judged: a few slow requests decide it, and it hides everyone else's";
            return Err(Complaint::new(message).hint(hint));
        }
        "median" => return Err(Complaint::new("`median` is written as a quantile").hint("write `p50`")),
        _ => {}
    }
    if let Ok(quantile) = quantile(written) {
        return Ok(Statistic::Quantile(quantile));
    }
    match written.strip_prefix(ANY_QUANTILE).filter(|range| range.is_empty() || range.starts_with(' ')) {
        Some(range) => any_quantile(range),
        None => Err(Complaint::new(format!("`{written}` is not a statistic"))),
    }
}

/// A quantile in [0, 1], written `p95`.
pub fn quantile(text: &str) -> Result<f64, Complaint> {
    let hint = "write `p50`, `p95`, `p99.9`";
    let percent = text.trim().strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match percent.and_then(|rest| rest.parse::<f64>().ok()) {
        Some(percent) if percent > 0.0 && percent < 100.0 => Ok(percent / 100.0),
        Some(_) => Err(Complaint::new(format!("`{text}` is not between p0 and p100")).hint(hint)),
        None => Err(Complaint::new(format!("`{text}` is not a quantile")).hint(hint)),
    }
}

/// What follows `any quantile`: nothing, or from which to which.
fn any_quantile(range: &str) -> Result<Statistic, Complaint> {
    let quantile = |text: &str| quantile(text).map(Some);
    let words: Vec<&str> = range.split_whitespace().collect();
    let (from, to) = match words.as_slice() {
        [] => (None, None),
        ["from", from] => (quantile(from)?, None),
        ["to", to] => (None, quantile(to)?),
        ["from", from, "to", to] => (quantile(from)?, quantile(to)?),
        _ => {
            let hint = "write `any quantile`, or `any quantile from p50 to p99.9`";
            return Err(Complaint::new(format!("`{}` is not a range of quantiles", range.trim())).hint(hint));
        }
    };
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Complaint::new("the range of quantiles ends before it begins").hint("write the lower one first"));
    }
    Ok(Statistic::AnyQuantile { from, to })
}

/// The statistic of a metric where none is written, by its shape and by its bounds. Requests have none.
pub fn usual<'a>(kind: &Kind, mut bounds: impl Iterator<Item = &'a BoundText>) -> Option<Statistic> {
    let is_plain = |bound: &BoundText| matches!(&bound.limit, LimitText::Value(limit) if limit.unit == Measure::Bare);
    match kind {
        Kind::BadShare | Kind::GoodShare | Kind::PartShare => Some(Statistic::Rate),
        Kind::Gauge { .. } => Some(Statistic::Typical),
        Kind::Events if bounds.any(is_plain) => Some(Statistic::Count),
        Kind::Events => Some(Statistic::Frequency),
        Kind::Values => None,
    }
}

/// Whether a metric has a statistic. The share of steps beyond a limit is one of any metric.
pub fn fits(statistic: Statistic, metric: &Metric) -> bool {
    matches!(statistic, Statistic::StepsBeyond(_)) || unfit("", statistic, metric).is_none()
}

/// What to say of requests without a statistic.
pub fn which_quantile(metric: &str) -> Complaint {
    Complaint::new(format!("`{metric}` has one value per request: which quantile of them is meant?"))
        .hint("write `statistic: p95` (or p50, p99, max, min, any quantile)")
}

/// Why a statistic cannot be had of a metric; `written` is how it was asked for.
pub fn unfit(written: &str, statistic: Statistic, metric: &Metric) -> Option<Complaint> {
    let no = |message: String, hint: &str| Some(Complaint::new(message).hint(hint));
    match (&metric.kind, &statistic) {
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
