//! The section `cost` as meant: what each price is paid for.
//!
//! What a price is for decides what has to be measured, and a metric of another shape would give a sum that looks like a bill:
//! so each is refused with the reason. What the numbers then come to is in [`cost`](crate::cost).

use super::written::cost::{CostEntry, ItemEntry, Priced};

use super::columns;
use super::written::file::{File, MetricEntry};
use crate::cost::{self, CostPlan, Item, Usage};
use crate::judge::rules::{Kind, Metric, Scale, Unit};
use crate::notation::Measure;
use crate::series::MetricName;
use crate::text::problem::{At, Report, suggestion};

/// The two costs as metrics.
pub(super) fn metrics(entry: &CostEntry, file: &File, report: &mut Report) -> Vec<(MetricName, Option<Metric>)> {
    let currency = currency(entry);
    if !matches!(Measure::parse(currency), Ok(Measure::Word(_))) || currency.contains('/') {
        let place = entry.currency.as_ref().map_or(entry.place, |currency| currency.place);
        report.add_with(place, format!("`{currency}` is not a currency"), "write one word: `USD`, `EUR`");
    }
    for (name, _) in file.metrics.0.iter().filter(|(name, _)| cost::METRICS.contains(&name.value.as_str())) {
        let hint = "call it something else: with `cost` in the configuration the name is taken";
        report.add_with(name.place, format!("a metric cannot be called `{}`", name.value), hint);
    }
    let metric = Metric {
        unit: Unit::Plain(cost::monthly_unit(currency)),
        kind: Kind::Gauge { quantile: None, scale: Scale::Auto },
        of: String::new(),
        history: None,
        by: None,
        remarks: Vec::new(),
    };
    cost::METRICS.map(|name| (name.to_owned(), Some(metric.clone()))).to_vec()
}

fn currency(entry: &CostEntry) -> &str {
    entry.currency.as_ref().map_or("USD", |currency| currency.value.as_str())
}

/// What is known of the metrics and the traffic where a plan is made.
pub(super) struct Known<'a> {
    pub(super) file: &'a File,
    pub(super) metrics: &'a [(MetricName, Option<Metric>)],
    /// The metric of `traffic`, as written, and the canary's share there.
    pub(super) traffic: Option<&'a str>,
    pub(super) share: Option<f64>,
}

impl<'a> Known<'a> {
    fn find(&self, name: &At<String>, report: &mut Report) -> Option<(&'a MetricEntry, &'a Metric)> {
        let Some(entry) = self.file.metrics.get(&name.value) else {
            let hint = suggestion(&name.value, self.file.metrics.names()).unwrap_or("write it under `metrics`".into());
            report.add_with(name.place, format!("there is no metric `{}`", name.value), hint);
            return None;
        };
        let (_, metric) = self.metrics.iter().find(|(known, _)| *known == name.value)?;
        let metric = metric.as_ref()?;
        if metric.by.is_some() {
            let hint = "name a metric without `by`";
            report.add_with(name.place, format!("`{}` has groups, and no group is the whole", name.value), hint);
            return None;
        }
        Some((entry, metric))
    }

    fn is_rate(&self, name: &str) -> bool {
        let metric = self.metrics.iter().find(|(known, _)| known == name).and_then(|(_, metric)| metric.as_ref());
        metric.is_some_and(|metric| counts_trials(metric) && metric.by.is_none())
    }
}

/// What is paid for, resolved. Nothing where a problem was noted.
pub(super) fn plan(entry: &CostEntry, known: &Known, report: &mut Report) -> Option<CostPlan> {
    let before = report.len();
    let traffic = traffic(entry, known, report);
    let items = entry.items.0.iter().filter_map(|(name, item)| {
        let usage = usage(item, known, report)?;
        let price = &item.price.value;
        let arm = item.arm.as_ref().map(|arm| arm.value.0);
        Some(Item { name: name.value.clone(), arm, usage, price: price.each, written: price.written.clone() })
    });
    let items = items.collect();
    let plan = CostPlan { currency: currency(entry).to_owned(), traffic: traffic?, share: known.share, items };
    (report.len() == before).then_some(plan)
}

fn traffic(entry: &CostEntry, known: &Known, report: &mut Report) -> Option<MetricName> {
    if let Some(name) = &entry.traffic {
        let (written, metric) = known.find(name, report)?;
        if !counts_trials(metric) && !written.gauge.as_ref().is_some_and(columns::has_requests) {
            let hint = "name a `rate` metric: its totals are the traffic";
            report.add_with(name.place, format!("`{}` does not count the traffic", name.value), hint);
        }
        return Some(name.value.clone());
    }
    let first = known.file.metrics.names().find(|name| known.is_rate(name));
    let found = known.traffic.or(first).map(str::to_owned);
    if found.is_none() && known.metrics.iter().all(|(_, metric)| metric.is_some()) {
        let hint = "add a `rate` metric without `by`, and name it by `traffic` if you have several: its totals are the traffic";
        report.add_with(entry.place, "nothing counts the traffic that causes the cost", hint);
    }
    found
}

fn counts_trials(metric: &Metric) -> bool {
    matches!(metric.kind, Kind::BadShare | Kind::GoodShare | Kind::PartShare)
}

/// What is measured of an item; a metric that cannot tell is refused.
fn usage(item: &ItemEntry, known: &Known, report: &mut Report) -> Option<Usage> {
    let price = &item.price.value;
    if price.unit != Priced::Compute {
        let unused = item.duration.as_ref().map(|d| ("duration", d.place));
        let unused = unused.or(item.memory.as_ref().map(|memory| ("memory", memory.place)));
        if let Some((key, place)) = unused {
            let hint = "leave it out, or write a price per GB-second";
            report.add_with(place, format!("`{key}` is for prices per GB-second"), hint);
        }
    }
    let Some(name) = &item.metric else {
        return match &price.unit {
            Priced::Hours(_) => Some(Usage::Time),
            unit => {
                let (what, hint) = lacking(unit);
                report.add_with(item.place, format!("nothing says how many {what} there were"), hint);
                None
            }
        };
    };
    let (_, metric) = known.find(name, report)?;
    let fits = match (&price.unit, &metric.kind) {
        (Priced::Each(_) | Priced::Compute, kind) => counts_trials(metric) || *kind == Kind::Events,
        (Priced::Bytes(_), Kind::Events) => true,
        (Priced::Bytes(_) | Priced::Kept(_), Kind::Gauge { quantile: None, .. }) => metric.unit == Unit::Bytes,
        (Priced::Hours(_), Kind::Gauge { quantile: None, .. }) => matches!(metric.unit, Unit::Plain(_)),
        _ => false,
    };
    if !fits {
        let (what, hint) = lacking(&price.unit);
        report.add_with(name.place, format!("`{}` does not say how many {what} there were", name.value), hint);
        return None;
    }
    let metric = name.value.clone();
    match &price.unit {
        Priced::Each(_) | Priced::Bytes(_) => Some(Usage::Counted { metric }),
        Priced::Hours(_) | Priced::Kept(_) => Some(Usage::Held { metric }),
        Priced::Compute => compute(item, metric, known, report),
    }
}

/// What a price needs to be measured, and by which shape of metric.
fn lacking(unit: &Priced) -> (String, &'static str) {
    match unit {
        Priced::Each(word) => (word.clone(), "write `metric:` with a `rate` (its total) or `events`"),
        Priced::Bytes(_) => ("bytes".into(), "write `metric:` with `events` of bytes, or a `gauge` with `unit: B`"),
        Priced::Compute => (
            "calls".into(),
            "write `metric:` with a `rate` (its total) or `events`, and `duration` and `memory` beside it",
        ),
        Priced::Hours(_) => {
            ("of them".into(), "write `metric:` with a `gauge` without a unit of time or size, or none")
        }
        Priced::Kept(_) => ("bytes".into(), "write `metric:` with a `gauge` with `unit: B` (or GiB)"),
    }
}

fn compute(item: &ItemEntry, metric: MetricName, known: &Known, report: &mut Report) -> Option<Usage> {
    let (Some(duration), Some(memory)) = (&item.duration, &item.memory) else {
        let lacking = if item.duration.is_none() { "how long a call takes" } else { "how much memory a call has" };
        let hint = "write `duration: latency_avg, memory: 512MiB` beside `metric`";
        report.add_with(item.place, format!("nothing says {lacking}"), hint);
        return None;
    };
    let (entry, found) = known.find(duration, report)?;
    let name = &duration.value;
    let hint = "name a `gauge` that is the average in ms (CloudWatch's `stat: Average`), or a `values` metric";
    let stat = entry.gauge.as_ref().and_then(columns::stat).filter(|stat| stat.value != "Average");
    let why = match (&found.kind, &found.unit) {
        (Kind::Gauge { quantile: Some(_), .. }, _) => {
            Some(format!("`{name}` is a quantile, and calls times a quantile are not the time that you pay for"))
        }
        (Kind::Gauge { .. }, _) if stat.is_some() => Some(format!("`{name}` is not an average")),
        (Kind::Gauge { .. } | Kind::Values, Unit::Milliseconds) => None,
        (Kind::Gauge { .. } | Kind::Values, _) => Some(format!("`{name}` is not measured in a unit of time")),
        _ => Some(format!("`{name}` does not say how long a call takes")),
    };
    if let Some(why) = why {
        report.add_with(duration.place, why, hint);
        return None;
    }
    Some(Usage::Compute { metric, duration: name.clone(), memory: memory.value.0 })
}
