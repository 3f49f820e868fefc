//! Metrics of CloudWatch as meant: columns that are statistics, alarms, and the periods that can be had.
//!
//! For each metric with its statistic a name is made that a reader understands: `AWS/Lambda Errors Sum`. What is asked for
//! beside the columns of the shape is added here: requests behind a percentile, what shows that a counter was alive.

use super::access::{DEADLINE, read_access};
use crate::config::columns::{Names, ask, of_rate, quantile};
use crate::config::values::Values;
use crate::config::written::aws::{AlarmsEntry, CloudWatchEntry};
use crate::config::written::column::{AskedEntry, Column, Dimensions};
use crate::config::written::file::{EventsEntry, MetricEntry, WindowEntry};
use crate::notation::Span;
use crate::series::{SignedDuration, Timestamp};
use crate::source::aws::{self, Alarms, CloudWatch, Measure, PartOf, Statistic, known};
use crate::source::{Ask, MINUTE, Missing};
use crate::text::problem::{At, Place, Report};

/// The statistics that `GetMetricData` knows by a word of their own.
const PLAIN: [&str; 6] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum", "IQM"];
/// Those that are a prefix and a number, `p99.9`.
const NUMBERED: [&str; 7] = ["p", "tm", "wm", "tc", "ts", "TM", "WM"];
/// Those that are a word and a range, `PR(:300)`.
const RANGED: [&str; 5] = ["PR(", "TM(", "WM(", "TC(", "TS("];

/// The metrics of a source that one metric asks for in one arm.
pub(super) fn metrics(
    source: &CloudWatchEntry,
    entry: &MetricEntry,
    values: &Values,
    report: &mut Report,
) -> Option<(CloudWatch, Ask)> {
    let (columns, ask) = Metrics { source, entry, values, columns: Vec::new() }.asked(report)?;
    let access = read_access(&source.access, DEADLINE, values, report);
    Some((CloudWatch { access, columns, period: MINUTE, note: None }, ask))
}

/// The alarms that a metric counts.
pub(super) fn alarms(source: &CloudWatchEntry, alarms: &AlarmsEntry, values: &Values, report: &mut Report) -> Alarms {
    Alarms {
        access: read_access(&source.access, DEADLINE, values, report),
        names: alarms.names.iter().map(|name| values.fill(name, report)).collect(),
        prefix: values.maybe(alarms.prefix.as_ref(), report),
        step: MINUTE,
    }
}

/// Complains of periods that CloudWatch does not have or no longer keeps; notes those that are longer than usual.
pub(super) fn place(
    asked: &mut CloudWatch,
    window: Option<&WindowEntry>,
    (oldest, now): (Timestamp, Timestamp),
    report: &mut Report,
) {
    let written = window.and_then(|window| window.step.as_ref());
    if let Some(written) = written {
        fine(written, &asked.columns, report);
    }
    match (known::finest_kept(oldest, now), written) {
        (None, _) => {
            let place = window.map_or(Place::default(), |window| window.place);
            let message = format!("CloudWatch keeps no points from {oldest}: at most 455 days are kept");
            report.add_with(place, message, "write a later window, or judge a recording");
        }
        (Some(finest), Some(written)) if written.value.0 < finest => {
            let (kept, finest) = (kept(written.value.0), Span(finest));
            let message =
                format!("CloudWatch keeps points of {} for {kept}, and the window begins at {oldest}", written.value);
            report.add_with(
                written.place,
                message,
                format!("write `step: {finest}`, the finest that is kept from then"),
            );
        }
        (Some(finest), None) if finest > MINUTE => {
            asked.note = Some(format!("periods of {}: finer points are kept for {}", Span(finest), kept(MINUTE)));
        }
        _ => {}
    }
}

/// For how long points of a length are kept, in words.
fn kept(step: SignedDuration) -> &'static str {
    match step.as_secs() {
        ..60 => "3 hours",
        60..300 => "15 days",
        300..3600 => "63 days",
        _ => "455 days",
    }
}

fn fine(step: &At<Span>, columns: &[aws::Column], report: &mut Report) {
    if !known::is_period(step.value.0) {
        let hint = "write 1s, 5s, 10s, 20s, 30s or whole minutes";
        report.add_with(step.place, format!("CloudWatch has no periods of {}", step.value), hint);
    }
    if step.value.0 >= MINUTE {
        return;
    }
    let own = columns.iter().find_map(|column| match &column.measure {
        Measure::Statistic(of) if of.namespace.starts_with("AWS/") => Some(of.to_string()),
        _ => None,
    });
    if let Some(metric) = own {
        let message = format!("AWS publishes {metric} every minute, not every {}", step.value);
        report.add_with(step.place, message, "write `step: 1m`");
    }
}

/// Metrics of CloudWatch, collected while they are named.
struct Metrics<'a> {
    source: &'a CloudWatchEntry,
    entry: &'a MetricEntry,
    values: &'a Values<'a>,
    columns: Vec<aws::Column>,
}

impl Names for Metrics<'_> {
    fn counted(&mut self, column: &Column, report: &mut Report) -> Option<String> {
        let measure = self.measure(column, Some("Sum"), report)?;
        if let Measure::Statistic(of) = &measure
            && !counts(&of.statistic)
        {
            let hint = "write `stat: Sum` or `stat: SampleCount`, or judge it as a `gauge`";
            report.add_with(column.place(), format!("`{}` is not a count", of.statistic), hint);
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
    fn asked(mut self, report: &mut Report) -> Option<(Vec<aws::Column>, Ask)> {
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
                report.add_with(column.place(), "an average is not a count", hint);
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
