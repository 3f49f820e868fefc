//! What a metric asks of its source: the columns by their names, in whatever way the source has names for them.
//!
//! In a file and in the rows of a query a column is a name. Of log events it is a filter pattern. Of CloudWatch it is a
//! metric with its statistic, for which a name is made here that a reader understands: `AWS/Lambda Errors Sum`. What is
//! asked for beside the columns of the shape (requests behind a percentile, what shows that a counter was alive) is added
//! here too.

use super::units::Units;
use super::values::Values;
use super::written::file::{EventsEntry, GaugeEntry, MetricEntry, RateEntry};
use super::written::service::{AskedEntry, CloudWatchEntry, Column, Dimensions};
use crate::judge::rules::Unit;
use crate::series::SignedDuration;
use crate::source::aws::{self, Measure, PartOf, Statistic, known};
use crate::source::{Ask, Least, Missing};
use crate::text::problem::{At, Report};
use crate::text::scalar::Choice;

/// The statistics that `GetMetricData` knows by a word of their own.
const PLAIN: [&str; 6] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum", "IQM"];
/// Those that are a prefix and a number, `p99.9`.
const NUMBERED: [&str; 7] = ["p", "tm", "wm", "tc", "ts", "TM", "WM"];
/// Those that are a word and a range, `PR(:300)`.
const RANGED: [&str; 5] = ["PR(", "TM(", "WM(", "TC(", "TS("];

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
}

impl Names for Plain<'_> {
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        match column {
            Column::Named(text) if text.value.trim().is_empty() && !self.may_be_empty => {
                report.add_with(text.place, "the text is empty", "write a name, or leave the key out");
                None
            }
            Column::Named(text) => Some(self.values.fill(text, report)),
            Column::Asked(asked) => {
                let hint = format!("write {}, or read the metric from a `cloudwatch` source", self.what);
                report.add_with(asked.place, "only a `cloudwatch` source has metrics with statistics", hint);
                None
            }
        }
    }
}

/// Metrics of CloudWatch, collected while they are named.
pub(super) struct Metrics<'a> {
    pub(super) source: &'a CloudWatchEntry,
    pub(super) entry: &'a MetricEntry,
    pub(super) values: &'a Values<'a>,
    pub(super) columns: Vec<aws::Column>,
}

impl Names for Metrics<'_> {
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let measure = self.measure(column, Some("Sum"), report)?;
        if let Measure::Statistic(of) = &measure
            && !counts(&of.statistic)
        {
            let hint = "write `stat: Sum` or `stat: SampleCount`, or judge it as a `gauge`";
            report.add_with(column.place(), format!("`{}` is no count", of.statistic), hint);
            return None;
        }
        Some(self.put(measure))
    }

    fn valued(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let measure = self.measure(column, None, report)?;
        Some(self.put(measure))
    }
}

impl Metrics<'_> {
    /// The columns of a metric and what is asked of them.
    pub(super) fn asked(mut self, report: &mut Report) -> Option<(Vec<aws::Column>, Ask)> {
        let values = self.values;
        let mut ask = ask(self.entry, &mut self, values, report)?;
        match (&mut ask, self.entry) {
            (Ask::Counts { total, bad, good, missing, .. }, MetricEntry { rate: Some(rate), .. }) => {
                let part = bad.as_ref().or(good.as_ref()).cloned();
                if let (Some(total), Some(part)) = (&total, &part) {
                    let written = [&rate.bad, &rate.part, &rate.good].into_iter().flatten().next();
                    self.share(part, total, written, report);
                }
                if let (None, Some(part), Some(beside)) = (&rate.missing, &part, total.as_ref().or(good.as_ref()))
                    && self.is_sparse(part, beside)
                {
                    *missing = Missing::Zero;
                }
            }
            (Ask::Events { missing, .. }, MetricEntry { events: Some(events), .. }) => {
                self.alive(events, missing, report)?;
            }
            (Ask::Gauge { requests: requests @ None, value, .. }, MetricEntry { gauge: Some(_), .. }) => {
                *requests = self.requests(&value.clone());
            }
            _ => {}
        }
        self.check_shares(report);
        Some((self.columns, ask))
    }

    /// Averages and percentages are counts only as the part of a rate, of which the whole is known.
    fn check_shares(&self, report: &mut Report) {
        let entry = self.entry;
        let rate = entry.rate.iter().flat_map(of_rate);
        let events = entry.events.iter().flat_map(|events| [Some(&events.count), events.exposure.as_ref()]).flatten();
        let gauge = entry.gauge.iter().flat_map(|gauge| [Some(&gauge.value), gauge.requests.as_ref()]).flatten();
        for (column, counted) in rate.chain(events).map(|c| (c, true)).chain(gauge.map(|c| (c, false))) {
            let Column::Asked(asked) = column else { continue };
            let Some(measure) = self.measure(column, Some("Sum"), report) else { continue };
            if self.columns.iter().any(|known| known.measure == measure && known.part_of.is_some()) {
                continue;
            }
            if let Some(percent) = asked.percent_of_total.as_ref().filter(|percent| percent.value) {
                let hint = "write `rate: { bad: { …, percent_of_total: true }, total: … }`";
                report.add_with(
                    percent.place,
                    "only the part of a rate with a `total` can be a percentage of it",
                    hint,
                );
            } else if counted && matches!(&measure, Measure::Statistic(of) if of.statistic == "Average") {
                let hint = "write `stat: Sum`; or `percent_of_total: true` where it is published as a percentage; or the \
                            SampleCount of the same metric as `total`";
                report.add_with(column.place(), "an average is no count", hint);
            }
        }
    }

    /// The column of a measure: the one there is, or a new one with a name of its own.
    fn put(&mut self, measure: Measure) -> String {
        if let Some(known) = self.columns.iter().find(|column| column.measure == measure) {
            return known.name.clone();
        }
        let base = measure.shown();
        let taken = |name: &str| self.columns.iter().any(|column| column.name == name);
        let numbered = (2..).map(|number| format!("{base} ({number})"));
        let name = [base.clone()].into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or(base);
        self.columns.push(aws::Column { name: name.clone(), measure, part_of: None });
        name
    }

    fn measure(&self, column: &Column, usual: Option<&str>, report: &mut Report) -> Option<Measure> {
        let asked = match column {
            Column::Named(text) => {
                return self
                    .statistic(
                        &AskedEntry { place: text.place, metric: Some(text.clone()), ..AskedEntry::default() },
                        usual,
                        report,
                    )
                    .map(Measure::Statistic);
            }
            Column::Asked(asked) => asked,
        };
        let Some(expression) = &asked.expression else {
            if let Some((name, _)) = asked.inputs.0.first() {
                report.add_with(
                    name.place,
                    "`inputs` are for an `expression`",
                    "write `expression: errors / requests` beside them",
                );
            }
            return self.statistic(asked, usual, report).map(Measure::Statistic);
        };
        if let Some(metric) = &asked.metric {
            report.add_with(
                metric.place,
                "a column is a `metric` or an `expression`",
                "metrics of an expression are its `inputs`",
            );
            return None;
        }
        let mut inputs = Vec::new();
        for (name, input) in &asked.inputs.0 {
            if !name.value.starts_with(|c: char| c.is_ascii_lowercase())
                || !name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                let hint = "begin with a lower case letter; letters, digits and `_` follow";
                report.add_with(name.place, format!("`{}` cannot be a name in an expression", name.value), hint);
            }
            match self.measure(input, Some("Sum"), report)? {
                Measure::Statistic(statistic) => inputs.push((name.value.clone(), statistic)),
                Measure::Expression { .. } => {
                    report.add_with(
                        input.place(),
                        "an input is a metric, not another expression",
                        "write it into the one expression",
                    );
                    return None;
                }
            }
        }
        let account = self.account(asked, report);
        Some(Measure::Expression { expression: self.values.fill(expression, report), inputs, account })
    }

    fn statistic(&self, asked: &AskedEntry, usual: Option<&str>, report: &mut Report) -> Option<Statistic> {
        let Some(written) = &asked.metric else {
            report.add_with(
                asked.place,
                "which metric is not said",
                "write `metric: AWS/Lambda Errors`, or `expression`",
            );
            return None;
        };
        let (namespace, metric) = self.named(asked, written, report)?;
        let statistic = match (&asked.stat, usual) {
            (Some(stat), _) => {
                let filled = self.values.fill(stat, report);
                if !is_statistic(&filled) {
                    let hint =
                        "write Sum, SampleCount, Average, Minimum, Maximum, `p95`, `tm99`, `TC(:0.5)`, `PR(:300)` …";
                    report.add_with(stat.place, format!("`{filled}` is not a statistic of CloudWatch"), hint);
                    return None;
                }
                filled
            }
            (None, Some(usual)) => usual.to_owned(),
            (None, None) => {
                report.add_with(
                    written.place,
                    format!("which statistic of `{metric}` is not said"),
                    "write `{ metric: …, stat: p95 }`",
                );
                return None;
            }
        };
        let account = self.account(asked, report);
        let unit = asked.reported_unit.as_ref().map(|unit| self.values.fill(unit, report));
        let dimensions = self.dimensions(asked, report);
        Some(Statistic { namespace, metric, dimensions, statistic, unit, account })
    }

    /// The account that owns it, where it is not one's own.
    fn account(&self, asked: &AskedEntry, report: &mut Report) -> Option<String> {
        let account = asked.account.as_ref().or(self.source.account.as_ref());
        account.map(|account| self.values.fill_text(account, report))
    }

    /// Namespace and name: `AWS/Lambda Errors`, or a name in the namespace that is said.
    fn named(&self, asked: &AskedEntry, written: &At<String>, report: &mut Report) -> Option<(String, String)> {
        let text = self.values.fill(written, report);
        if let Some(namespace) = &asked.namespace {
            return Some((self.values.fill(namespace, report), text));
        }
        let own = self.source.namespace.as_ref().map(|namespace| self.values.fill(namespace, report));
        match (text.split_once(' '), own) {
            (Some((namespace, name)), own) if namespace.contains('/') || own.is_none() => {
                Some((namespace.to_owned(), name.trim().to_owned()))
            }
            (_, Some(own)) => Some((own, text)),
            (None, None) => {
                let hint = format!("write `AWS/Lambda {text}`, or `namespace` in the source");
                report.add_with(written.place, format!("the namespace of `{text}` is not said"), hint);
                None
            }
            (Some(_), None) => None,
        }
    }

    /// The dimensions of the source, the metric and the column, the nearer before the farther.
    fn dimensions(&self, asked: &AskedEntry, report: &mut Report) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        for Dimensions(of) in [&self.source.dimensions, &self.entry.dimensions, &asked.dimensions] {
            for (name, value) in of {
                let (name, filled) = (self.values.fill(name, report), self.values.fill_text(value, report));
                if filled.trim().is_empty() {
                    report.add_with(
                        value.place,
                        format!("the dimension `{name}` has no value"),
                        "leave it out, or write its value",
                    );
                }
                match all.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = filled,
                    None => all.push((name, filled)),
                }
            }
        }
        all
    }

    /// Where the part is published as a share of the whole, the count follows from both.
    fn share(&mut self, part: &str, total: &str, written: Option<&Column>, report: &mut Report) {
        let of = |columns: &[aws::Column], name: &str| match columns.iter().find(|c| c.name == name).map(|c| &c.measure)
        {
            Some(Measure::Statistic(statistic)) => Some(statistic.clone()),
            _ => None,
        };
        let (part_of, whole) = (of(&self.columns, part), of(&self.columns, total));
        let percent = match written {
            Some(Column::Asked(asked)) => asked.percent_of_total.as_ref().is_some_and(|percent| percent.value),
            _ => false,
        };
        let published = part_of.as_ref().map(|part| part.namespace.clone());
        let averaged = part_of.as_ref().is_some_and(|part| part.statistic == "Average");
        let counted = part_of.zip(whole).is_some_and(|(part, whole)| {
            whole.statistic == "SampleCount"
                && Statistic { statistic: String::new(), ..part } == Statistic { statistic: String::new(), ..whole }
        });
        let factor = match (percent, averaged && counted) {
            (true, _) => 0.01,
            (false, true) => 1.0,
            (false, false) => return,
        };
        if let (true, Some(published), Some(written)) = (percent, published, written)
            && published == "AWS/ApiGateway"
        {
            let hint = "write `stat: Sum`, or `stat: Average` with the SampleCount of the same metric as `total`";
            report.add_with(written.place(), "API Gateway publishes shares from 0 to 1, not percentages", hint);
        }
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == part) {
            column.part_of = Some(PartOf { total: total.to_owned(), factor });
        }
    }

    /// Whether a missing point of a column is known to be a zero where another has one: a sparse counter of AWS's own,
    /// asked for by just the dimensions of what it is beside, so that both are there or none is.
    fn is_sparse(&self, name: &str, beside: &str) -> bool {
        let of = |name: &str| match self.columns.iter().find(|c| c.name == name).map(|c| &c.measure) {
            Some(Measure::Statistic(statistic)) => Some(statistic),
            _ => None,
        };
        let (Some(part), Some(whole)) = (of(name), of(beside)) else { return false };
        let alike = (&part.dimensions, &part.unit, &part.account) == (&whole.dimensions, &whole.unit, &whole.account);
        alike && part.statistic == "Sum" && known::is_sparse(&part.namespace, &part.metric)
    }

    /// A counter that does not report zeros needs something that shows that it could have.
    fn alive(&mut self, events: &EventsEntry, missing: &mut Missing, report: &mut Report) -> Option<()> {
        match (&events.alive, &events.missing) {
            (Some(alive), _) => {
                let measure = self.measure(alive, Some("SampleCount"), report)?;
                self.put(measure);
                *missing = Missing::Zero;
            }
            (None, Some(written)) if *missing == Missing::Zero && events.exposure.is_none() => {
                let hint =
                    "write `alive: AWS/Lambda Invocations`: where that has a point, a missing one of this is a zero";
                report.add_with(written.place, "nothing tells a zero from a metric that is not there", hint);
            }
            _ => {}
        }
        Some(())
    }

    /// The requests behind a percentile: the sample count of the same metric.
    fn requests(&mut self, value: &str) -> Option<String> {
        let column = self.columns.iter().find(|column| column.name == value)?;
        let Measure::Statistic(of) = &column.measure else { return None };
        let percentile = quantile(&of.statistic).is_some();
        let count = Measure::Statistic(Statistic { statistic: "SampleCount".to_owned(), ..of.clone() });
        percentile.then(|| self.put(count))
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

/// Whether a statistic counts. An average does where it is of zeros and ones, which is seen later.
fn counts(statistic: &str) -> bool {
    let trimmed = ["TC(", "TS(", "tc", "ts"].iter().any(|prefix| statistic.starts_with(prefix));
    trimmed || ["Sum", "SampleCount", "Average"].contains(&statistic)
}

fn is_statistic(text: &str) -> bool {
    let number = |rest: &str| rest.parse::<f64>().is_ok_and(|percent| (0.0..=100.0).contains(&percent));
    let numbered = NUMBERED.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(number));
    let ranged = RANGED.iter().any(|prefix| text.starts_with(prefix) && text.ends_with(')') && text.contains(':'));
    PLAIN.contains(&text) || numbered || ranged
}

/// How long a period is when nothing says it.
pub(super) const PERIOD: SignedDuration = SignedDuration::from_mins(1);
