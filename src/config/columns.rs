//! What a metric asks of its source: the columns by their names, in whatever way the source has names for them.
//!
//! In a file and in the rows of a query a column is a name. Of log events it is a filter pattern. Of CloudWatch it is a
//! metric with its statistic, and of Prometheus a selector: those make names that a reader understands (`backend`).

use super::units::Units;
use super::values::Values;
use super::written::column::Column;
use super::written::file::{GaugeEntry, MetricEntry, RateEntry, ValuesEntry};
use crate::judge::rules::Unit;
use crate::source::{Ask, Least, Missing, aws};
use crate::text::problem::{At, Report};
use crate::text::scalar::Choice;

/// Gives the columns of one query their names.
pub(super) trait Names {
    /// The name of a column whose numbers are counts.
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String>;
    /// The name of the column that counts the whole of a rate.
    fn whole(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        self.counted(column, report)
    }
    /// The name of a column whose numbers are values.
    fn valued(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        self.counted(column, report)
    }
}

/// What is asked of a source, its columns called as `names` has it.
pub(super) fn ask(metric: &MetricEntry, names: &mut dyn Names, values: &Values, report: &mut Report) -> Option<Ask> {
    let missing = |written: Option<&At<Choice<Missing>>>| written.map_or(Missing::Gap, |missing| missing.value.0);
    let counter = metric.counter().map(|counter| counter.value);
    if let Some(rate) = &metric.rate {
        let total = match &rate.total {
            Some(total) => Some(names.whole(total, report)?),
            None => None,
        };
        let mut name = |column: Option<&Column>| {
            column.map(|column| names.counted(column, report)).map_or(Some(None), |n| n.map(Some))
        };
        let (bad, good) = (name(rate.bad.as_ref().or(rate.part.as_ref()))?, name(rate.good.as_ref())?);
        let instance = rate.instance.as_ref().map(|text| values.fill(text, report));
        return Some(Ask::Counts { total, bad, good, missing: missing(rate.missing.as_ref()), instance, counter });
    }
    if let Some(events) = &metric.events {
        let count = names.counted(&events.count, report)?;
        let exposure = match &events.exposure {
            Some(exposure) => Some(names.counted(exposure, report)?),
            None => None,
        };
        return Some(Ask::Events { count, exposure, missing: missing(events.missing.as_ref()), counter });
    }
    if metric.alarms.is_some() {
        return Some(Ask::Events { count: aws::ALARMS.to_owned(), exposure: None, missing: Missing::Gap, counter });
    }
    if let Some(gauge) = &metric.gauge {
        let value = names.valued(&gauge.value, report)?;
        let requests = match &gauge.requests {
            Some(requests) => Some(names.counted(requests, report)?),
            None => None,
        };
        let factor = gauge.unit.as_ref().map_or(1.0, |unit| unit.factor(values.arm));
        let least = match least(gauge.unit.as_ref(), gauge.value.name()) {
            Least::Any if gauge.quantile.is_some() => Least::Zero,
            least => least,
        };
        return Some(Ask::Gauge { value, factor, requests, least, counter });
    }
    let shape = metric.values.as_ref()?;
    let factor = shape.unit.as_ref().map_or(1.0, |unit| unit.factor(values.arm));
    if let Some(histogram) = &shape.histogram {
        let factor = factor * shape.resolution.as_ref().map_or(1.0, |resolution| resolution.value);
        return Some(Ask::Histograms { column: names.valued(histogram, report)?, factor });
    }
    let value = shape.value.as_ref()?;
    let least = match least(shape.unit.as_ref(), value.name()) {
        Least::AboveZero => Least::Zero,
        least => least,
    };
    Some(Ask::Values { value: names.valued(value, report)?, factor, least })
}

/// The least number that a column can hold by its unit, or by what it is called.
fn least(unit: Option<&Units>, column: Option<&At<String>>) -> Least {
    const TIMES: [&str; 5] = ["latency", "duration", "elapsed", "response_time", "responsetime"];
    /// Parts of something that is used up: what stands below zero says that it could not be measured.
    const USES: [&str; 7] = ["cpu", "memory", "heap", "disk", "usage", "utilization", "utilisation"];
    let name = column.map_or(String::new(), |name| name.value.to_lowercase());
    let is_any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match unit.map(Units::unit) {
        Some(Unit::Bytes) => Least::Zero,
        Some(Unit::Milliseconds) => Least::AboveZero,
        _ if is_any(&TIMES) => Least::AboveZero,
        _ if is_any(&USES) => Least::Zero,
        _ => Least::Any,
    }
}

/// Names that are names: columns of a file, fields of a query, filter patterns.
pub(super) struct Plain<'a> {
    pub(super) values: &'a Values<'a>,
    /// What a column is in this source.
    pub(super) what: &'static str,
    /// Whether an empty text means anything.
    pub(super) may_be_empty: bool,
    /// Whether a name is a query that may refer to the window, `${from}`, which is filled in when it is asked.
    pub(super) has_window: bool,
}

impl Names for Plain<'_> {
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        match column {
            Column::Named(text) if text.value.trim().is_empty() && !self.may_be_empty => {
                report.add_with(text.place, "the text is empty", "write a name, or leave the key out");
                None
            }
            Column::Named(text) if self.has_window => Some(self.values.fill_template(text, report).describe()),
            Column::Named(text) => Some(self.values.fill(text, report)),
            Column::Asked(asked) => {
                let hint = format!("write {}, or read the metric from a `cloudwatch` source", self.what);
                report.add_with(asked.place, "only a `cloudwatch` source has metrics with statistics", hint);
                None
            }
        }
    }
}

/// The quantile that a statistic of CloudWatch is, in percent as written: `95` of `p95`.
pub(super) fn quantile(statistic: &str) -> Option<f64> {
    let percent: f64 = statistic.strip_prefix('p')?.parse().ok()?;
    (percent > 0.0 && percent < 100.0).then_some(percent)
}

/// Whether requests stand behind each number of a gauge.
pub(super) fn has_requests(gauge: &GaugeEntry) -> bool {
    gauge.requests.is_some() || stat(gauge).and_then(|stat| quantile(&stat.value)).is_some()
}

/// The statistic by which a gauge is asked of CloudWatch.
pub(super) fn stat(gauge: &GaugeEntry) -> Option<&At<String>> {
    match &gauge.value {
        Column::Asked(asked) => asked.stat.as_ref().filter(|_| asked.expression.is_none()),
        Column::Named(_) => None,
    }
}

/// The columns of a rate.
pub(super) fn of_rate(rate: &RateEntry) -> impl Iterator<Item = &Column> {
    [&rate.bad, &rate.good, &rate.part, &rate.total].into_iter().flatten()
}

/// The columns of a metric.
pub(super) fn of_metric(metric: &MetricEntry) -> impl Iterator<Item = &Column> {
    let rate = metric.rate.iter().flat_map(|rate| of_rate(rate).chain(None));
    let events = metric.events.iter().flat_map(|events| {
        [Some(&events.count), events.exposure.as_ref(), events.alive.as_ref()].into_iter().flatten()
    });
    let gauge = metric.gauge.iter().flat_map(|gauge| gauge.requests.iter().chain([&gauge.value]));
    let values = metric.values.iter().filter_map(ValuesEntry::column);
    rate.chain(events).chain(gauge).chain(values)
}
