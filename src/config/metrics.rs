//! What a metric is to the judge: its kind, its unit and what is known of its noise.

use super::columns;
use super::scalar::{QuantileText, is_noun};
use super::units::Units;
use super::written::column::Column;
use super::written::file::{EventsEntry, GaugeEntry, HistoryEntry, MetricEntry, RateEntry, Show};
use crate::judge::rules::{Kind, Metric, Scale, Unit};
use crate::text::problem::{At, Report};
use crate::text::scalar::Scalar;

/// Column names that say nothing of what they count.
const NO_NOUNS: [&str; 6] = ["total", "count", "counts", "n", "all", "num"];

/// What is counted where nothing says it better.
const TRIALS: &str = "trials";

/// The judge's view of a metric.
pub(super) fn metric(entry: &MetricEntry, report: &mut Report) -> Option<Metric> {
    let history = entry.history.as_ref().and_then(|history| history_of(history, entry, report));
    let by = entry.by.as_ref().map(|by| by.shown().to_owned());
    let metric = |unit, kind, of: Option<String>| Metric {
        unit,
        kind,
        of: of.unwrap_or_default(),
        history,
        by,
        remarks: Vec::new(),
    };
    if let Some(rate) = &entry.rate {
        let (kind, of) = (rate_kind(rate, report)?, rate_of(rate, report));
        return Some(metric(Unit::Share, kind, Some(of)));
    }
    if let Some(events) = &entry.events {
        return Some(metric(events_unit(events, report), Kind::Events, None));
    }
    if entry.alarms.is_some() {
        return Some(metric(Unit::PerSecond, Kind::Events, None));
    }
    if let Some(gauge) = &entry.gauge {
        return Some(metric(unit(gauge.unit.as_ref()), gauge_kind(gauge), None));
    }
    let values = entry.values.as_ref()?;
    let of = values.of.as_ref().map_or("requests".to_owned(), |of| noun(of, report));
    Some(metric(unit(values.unit.as_ref()), Kind::Values, Some(of)))
}

fn unit(written: Option<&Units>) -> Unit {
    written.map_or_else(|| Unit::Plain(String::new()), Units::unit)
}

fn rate_kind(rate: &RateEntry, report: &mut Report) -> Option<Kind> {
    let RateEntry { bad, good, part, total, .. } = rate;
    let kind = match (bad, good, part, total) {
        (Some(_), None, None, Some(_)) => Kind::BadShare,
        (None, Some(_), None, Some(_)) | (Some(_), Some(_), None, None) => Kind::GoodShare,
        (None, None, Some(_), Some(_)) => Kind::PartShare,
        (None, None, None, None) => {
            let hint = "write two of `bad`, `good` and `total`, or `part` and `total`";
            report.add_with(rate.place, "a rate needs its columns", hint);
            return None;
        }
        (Some(_), Some(_), None, Some(_)) => {
            let hint = "leave one of `bad`, `good` and `total` out: it follows from the other two";
            report.add_with(rate.place, "a rate has two columns, and this one has three", hint);
            return None;
        }
        (_, _, Some(part), _) if bad.is_some() || good.is_some() => {
            report.add_with(
                part.place(),
                "`part` does not go together with `bad` or `good`",
                "write `part` and `total`",
            );
            return None;
        }
        _ => {
            let hint = "write two of `bad`, `good` and `total`, or `part` and `total`";
            report.add_with(rate.place, "a rate has two columns, and this one has one", hint);
            return None;
        }
    };
    let Some(show) = &rate.show else { return Some(kind) };
    match (show.value.0, kind) {
        (_, Kind::PartShare) => {
            report.add_with(show.place, "a part is neither good nor bad", "leave `show` out");
            None
        }
        (Show::Bad, _) => Some(Kind::BadShare),
        (Show::Good, _) => Some(Kind::GoodShare),
    }
}

fn rate_of(rate: &RateEntry, report: &mut Report) -> String {
    if let Some(of) = &rate.of {
        return noun(of, report);
    }
    let plural = |name: &str| {
        let plain = name.len() > 2 && name.ends_with('s') && name.chars().all(|c| c.is_ascii_lowercase());
        plain && !NO_NOUNS.contains(&name)
    };
    match rate.total.as_ref() {
        Some(Column::Named(total)) if plural(&total.value) => total.value.clone(),
        // CloudWatch's own words, where the namespace shows that they are: `AWS/ApiGateway Count`
        Some(Column::Named(total)) => match total.value.rsplit_once(' ').map(|(_, metric)| metric) {
            Some("Invocations") => "invocations".into(),
            Some("Count" | "Requests" | "RequestCount") => "requests".into(),
            _ => TRIALS.into(),
        },
        _ => TRIALS.into(),
    }
}

fn noun(of: &At<String>, report: &mut Report) -> String {
    if !is_noun(&of.value) {
        report.add_with(of.place, format!("`{}` is not one word", of.value), "write `of: requests`");
    }
    of.value.clone()
}

fn events_unit(events: &EventsEntry, report: &mut Report) -> Unit {
    match (&events.exposure, &events.per) {
        (None, None) => Unit::PerSecond,
        (None, Some(per)) => {
            let hint = format!("write `exposure: {}s` too: the column that says how many there were", per.value);
            report.add_with(per.place, format!("nothing says how many `{}` there were", per.value), hint);
            Unit::PerSecond
        }
        (Some(_), Some(per)) => {
            if !is_noun(&per.value) {
                report.add_with(per.place, format!("`{}` is not one word", per.value), "write `per: session`");
            }
            Unit::Per(per.value.clone())
        }
        (Some(exposure), None) => {
            match exposure.name().and_then(|e| e.value.strip_suffix('s')).filter(|one| is_noun(one)) {
                Some(one) => Unit::Per(one.to_owned()),
                None => {
                    let hint = "write `per: session`";
                    report.add_with(exposure.place(), "what one unit of the exposure is called is not said", hint);
                    Unit::PerSecond
                }
            }
        }
    }
}

fn gauge_kind(gauge: &GaugeEntry) -> Kind {
    Kind::Gauge {
        quantile: quantile(gauge).map(|quantile| quantile.quantile),
        scale: gauge.scale.as_ref().map_or(Scale::Auto, |scale| scale.value.0),
    }
}

/// The quantile of requests that each number of a gauge is: as written, or as asked for.
pub(super) fn quantile(gauge: &GaugeEntry) -> Option<QuantileText> {
    let written = gauge.quantile.as_ref().map(|quantile| quantile.value.clone());
    written.or_else(|| columns::stat(gauge).and_then(|stat| QuantileText::scalar(&stat.value).ok()))
}

fn history_of(history: &HistoryEntry, entry: &MetricEntry, report: &mut Report) -> Option<(f64, f64)> {
    if entry.rate.is_none() && entry.events.is_none() {
        let hint = "leave it out; a gauge's noise is estimated from its steps";
        report.add_with(history.phi.place, "`history` is for `rate` and `events`", hint);
        return None;
    }
    for (number, name) in [(&history.phi, "phi"), (&history.nu, "nu")] {
        if number.value <= 0.0 {
            report.add(number.place, format!("`{name}` must be more than 0"));
        }
    }
    Some((history.phi.value, history.nu.value))
}
