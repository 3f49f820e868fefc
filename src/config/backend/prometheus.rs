//! Prometheus as meant: selectors checked offline, labels of the source added, and what is not a count refused.

use std::path::Path;

use super::secrets::{Login, check, check_tls, login};
use crate::config::columns::{Names, ask};
use crate::config::values::Values;
use crate::config::written::column::Column as Written;
use crate::config::written::file::MetricEntry;
use crate::config::written::prometheus::PrometheusEntry;
use crate::series::{Arm, Pair, SignedDuration};
use crate::source::prometheus::{Access, Column, Measure, Mistake, Prometheus, Scrapes, Secret, query, selector};
use crate::source::{Ask, MINUTE};
use crate::text::problem::{At, Complaint, Origin, Problems, Report};
use crate::text::read::Read;
use crate::url::Url;

/// How long a call may take with all its retries when nothing says it.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);
/// How far before the window a counter is looked for when nothing says it: as far as servers look back.
const LOOKBACK: SignedDuration = SignedDuration::from_mins(5);

/// What one metric asks in one arm.
pub(super) fn prometheus(
    written: &PrometheusEntry,
    entry: &MetricEntry,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<(Prometheus, Ask)> {
    let wants = if entry.values.is_some() { Wants::Histogram } else { Wants::Number };
    let mut names = Selectors { written, values, columns: Vec::new(), wants };
    let ask = ask(entry, &mut names, values, report)?;
    if let Some(alive) = entry.events.as_ref().and_then(|events| events.alive.as_ref()) {
        names.counted(alive, report)?;
    }
    if let Some(query) =
        entry.query().filter(|query| entry.gauge.as_ref().is_none_or(|gauge| gauge.value.place() != query.place))
    {
        let hint = "leave `query` out: counts are selectors, `bad: 'http_requests_total{code=~\"5..\"}'`";
        report.add_with(query.place, "only a gauge of Prometheus has a query", hint);
    }
    let columns = names.columns;
    Some((
        Prometheus {
            access: access(written, values, folder, report),
            scrapes: written
                .scrapes
                .as_ref()
                .map(|path| Scrapes { path: folder.join(values.fill(path, report)), by_file: written.times.is_some() }),
            columns,
            step: MINUTE,
            instance: ask.instance().map(str::to_owned),
            group: entry.by.as_ref().map(|by| values.fill(&by.column, report)),
            without: written.without.iter().map(|label| values.fill(label, report)).collect(),
            lookback: written.lookback.as_ref().map_or(LOOKBACK, |lookback| lookback.value.0),
        },
        ask,
    ))
}

/// What a column of values has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Number,
    Histogram,
}

/// Columns that are selectors and expressions, collected while they are named.
struct Selectors<'a> {
    written: &'a PrometheusEntry,
    values: &'a Values<'a>,
    columns: Vec<Column>,
    wants: Wants,
}

impl Names for Selectors<'_> {
    fn counted(&mut self, column: &Written, report: &mut Report) -> Option<String> {
        let (column, text) = self.text(column, report)?;
        let selector = self.selected((column, &text), report)?;
        Some(self.put(text.value, Measure::Counter(selector)))
    }

    fn valued(&mut self, column: &Written, report: &mut Report) -> Option<String> {
        let (column, text) = self.text(column, report)?;
        if self.wants == Wants::Histogram {
            let selector = self.selected((column, &text), report)?;
            return Some(self.put(text.value, Measure::Histogram(selector)));
        }
        if let Err(mistake) = query(&text.value) {
            let written = query(&column.value).err().unwrap_or(mistake);
            report.complain_of(column, complaint(written));
            return None;
        }
        Some(self.put(text.value.clone(), Measure::Gauge(text.value)))
    }
}

impl Selectors<'_> {
    /// The text of a column as written, and with its labels filled in.
    fn text<'w>(&self, column: &'w Written, report: &mut Report) -> Option<(&'w At<String>, At<String>)> {
        match column {
            Written::Named(text) => {
                let filled = self.values.fill(text, report);
                (!filled.is_empty()).then_some((text, At { place: text.place, value: filled }))
            }
            Written::Asked(asked) => {
                let hint = "write the selector: `bad: 'http_requests_total{code=~\"5..\"}'`";
                report.add_with(asked.place, "only a `cloudwatch` source has metrics with statistics", hint);
                None
            }
        }
    }

    /// The selector with the labels of the source.
    fn selected(&self, (column, text): (&At<String>, &At<String>), report: &mut Report) -> Option<String> {
        match selector(&text.value) {
            // the mistake as it is written, with its labels open, is the same for both arms
            Err(mistake) => {
                let written = selector(&column.value).err().unwrap_or(mistake);
                report.complain_of(column, complaint(written));
                None
            }
            Ok(own) => {
                let add = |own: crate::source::prometheus::Selector,
                           (name, value): &(At<String>, At<crate::text::scalar::Text>)| {
                    own.with(&name.value, &self.values.fill_text(value, &mut report.quiet()))
                };
                Some(self.written.select.0.iter().fold(own, add).to_string())
            }
        }
    }

    fn put(&mut self, name: String, measure: Measure) -> String {
        if !self.columns.iter().any(|column| column.name == name) {
            self.columns.push(Column { name: name.clone(), measure });
        }
        name
    }
}

fn complaint(mistake: Mistake) -> Complaint {
    let complaint = Complaint::new(mistake.problem).hint(mistake.hint);
    match mistake.at {
        Some(part) => complaint.within(part),
        None => complaint,
    }
}

/// How a server is reached that is written as a source would be: `{ url: …, bearer_env: … }`; `shown` is where it is written.
///
/// # Errors
///
/// What is wrong with it.
pub fn server(text: &str, shown: &str) -> Result<Access, Problems> {
    let origin = Origin { shown: shown.to_owned(), text: text.to_owned() };
    let node = crate::text::node::parse(&origin)?;
    let mut report = Report::new(&origin);
    let labels = Pair::default();
    let values = Values { arm: Arm::Canary, metric: "", labels: &labels, step: "" };
    let entry = PrometheusEntry::read(&node, &mut report);
    let access = entry.map(|entry| access(&entry, &values, Path::new(""), &mut report));
    report.finish(access)
}

fn access(written: &PrometheusEntry, values: &Values, folder: &Path, report: &mut Report) -> Access {
    let url = written.url.as_ref().map(|url| values.fill(url, report)).unwrap_or_default();
    let at = At { place: written.url.as_ref().map_or(written.place, |url| url.place), value: url.clone() };
    let Login { authentication, headers: hidden, tls } = login(&written.login, (values, folder), at.place, report);
    check(&at, written.login.is_some(), report);
    check_tls(written.login.tls.as_ref(), &url, report);
    if Url::parse(&url).is_ok_and(|parsed| parsed.rest.contains("/api/v1")) {
        let hint = "write it without: davy adds the calls itself";
        report.add_with(at.place, "the address goes on to `/api/v1`", hint);
    }
    let plain = written.headers.0.iter();
    let plain = plain.map(|(name, value)| (name.value.clone(), Secret::Text(values.fill_text(value, report))));
    let headers = plain.collect::<Vec<_>>().into_iter().chain(hidden).collect();
    Access {
        url: url.trim_end_matches('/').to_owned(),
        headers,
        authentication,
        tls,
        deadline: written.deadline.as_ref().map_or(DEADLINE, |deadline| deadline.value.0),
    }
}
