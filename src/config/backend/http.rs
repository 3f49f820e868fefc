//! A store that is asked over HTTP, as meant: labels and queries filled in, paths parsed, addresses checked.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::arm::arm_column;
use super::secrets::{Login, check_tls, login};
use crate::config::values::{Values, zone};
use crate::config::written::file::MetricEntry;
use crate::config::written::http::{BodyEntry, HttpEntry, NextEntry};
use crate::series::SignedDuration;
use crate::source::http::{Body, Http, Next, Path as JsonPath, Request, Shape};
use crate::source::{Ask, File, Format, MINUTE, Template};
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Report};
use crate::text::scalar::{Named, Text};
use crate::text::substitute::names;
use crate::url::Url;

/// How long a request may take when nothing says it.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);
/// How often a request is repeated when nothing says it.
const RETRIES: usize = 3;
/// The column of a store that answers one query per request.
const VALUE: &str = "value";

/// What one metric asks of a store in one arm.
pub(super) fn http(
    written: &HttpEntry,
    (entry, ask): (&MetricEntry, &Ask),
    (values, folder): (&Values, &Path),
    report: &mut Report,
) -> Option<Http> {
    let url = address(written, report)?;
    let requests = requests(written, url, (entry, ask), values, report);
    if requests.iter().any(|(column, _)| column.is_some()) {
        check_columns(written, report);
    }
    Some(store(written, url, requests, (values, folder), report))
}

/// The store that runs a query which is known later.
pub(super) fn engine(written: &HttpEntry, (values, folder): (&Values, &Path), report: &mut Report) -> Option<Http> {
    let url = address(written, report)?;
    let requests = vec![(None, request(written, url, Some(&Template::hold_query()), values, report))];
    Some(store(written, url, requests, (values, folder), report))
}

fn address<'w>(written: &'w HttpEntry, report: &mut Report) -> Option<&'w At<String>> {
    let missing = |report: &mut Report| {
        report.add_with(written.place, "`http` needs the key `url`", "write `url: \"https://…\"`");
        None
    };
    let url = written.url.as_ref().or_else(|| missing(report))?;
    check_address(url, report);
    check_tls(written.login.tls.as_ref(), &url.value, report);
    Some(url)
}

fn store(
    written: &HttpEntry,
    url: &At<String>,
    requests: Vec<(Option<String>, Request)>,
    (values, folder): (&Values, &Path),
    report: &mut Report,
) -> Http {
    let shape = shape(written, report);
    if let Some(deadline) = written.deadline.as_ref().filter(|deadline| deadline.value.0.is_zero()) {
        report.add_with(deadline.place, "a request cannot be answered in no time", "write `deadline: 2m`");
    }
    let file = File {
        path: PathBuf::new(),
        shown: Url::parse(&url.value)
            .map_or("the HTTP source".into(), |url| format!("{}://{}", url.scheme, url.authority)),
        format: written.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        time: values.maybe(written.time.as_ref(), report),
        zone: zone(written.zone.as_ref(), values, report),
        arm: written.arm.as_ref().map(|arm| arm_column(arm, values, report)),
        long: None,
    };
    let Login { authentication, headers: secrets, tls } =
        login(&written.login, (values, folder), written.place, report);
    Http {
        requests,
        secrets,
        authentication,
        tls,
        shape,
        deadline: written.deadline.as_ref().map_or(DEADLINE, |deadline| deadline.value.0),
        retries: written.retries.as_ref().map_or(RETRIES, |retries| retries.value),
        file,
        step: MINUTE,
    }
}

/// One request; or one for each column, if each column is a query and the request has a place for one.
fn requests(
    written: &HttpEntry,
    url: &At<String>,
    (entry, ask): (&MetricEntry, &Ask),
    values: &Values,
    report: &mut Report,
) -> Vec<(Option<String>, Request)> {
    let has_place = written.texts().into_iter().flat_map(names).any(|name| name == "query");
    let own = entry.query().filter(|query| !is_the_value(entry, query));
    match own {
        Some(query) => {
            if !has_place {
                let hint = "write `${query}` where the request has it, or leave `query` out";
                report.add_with(query.place, "the request of this source has no place for a query", hint);
            }
            let query = values.fill_template(query, report);
            vec![(None, request(written, url, Some(&query.0), values, report))]
        }
        None if has_place => {
            let mut columns: Vec<&str> = ask.names().collect();
            columns.dedup();
            let each = columns
                .into_iter()
                .map(|column| (column.to_owned(), Template::of_described(column).0))
                .map(|(column, query)| (Some(column), request(written, url, Some(&query), values, report)));
            each.collect()
        }
        None => vec![(None, request(written, url, None, values, report))],
    }
}

/// `gauge: { query: … }` has its query in the place of its value.
fn is_the_value(entry: &MetricEntry, query: &At<String>) -> bool {
    entry.gauge.as_ref().is_some_and(|gauge| gauge.value.place() == query.place)
}

fn request(
    written: &HttpEntry,
    url: &At<String>,
    query: Option<&str>,
    values: &Values,
    report: &mut Report,
) -> Request {
    let named = |named: &Named<At<Text>>, report: &mut Report| {
        let filled = named.0.iter().map(|(name, value)| {
            let text = At { place: value.place, value: value.value.0.clone() };
            (name.value.clone(), values.fill_template_with(&text, query, report))
        });
        filled.collect::<Vec<_>>()
    };
    Request {
        url: values.fill_template_with(url, query, report),
        parameters: named(&written.parameters, report),
        headers: named(&written.headers, report),
        body: written.body.as_ref().map(|body| match body {
            BodyEntry::Text(text) => Body::Text(values.fill_template_with(text, query, report)),
            BodyEntry::Json(node) => Body::Json(json(node, query, values, report)),
        }),
    }
}

fn json(node: &Node, query: Option<&str>, values: &Values, report: &mut Report) -> Json {
    match &node.value {
        Value::Nothing => Json::Null,
        Value::Scalar { text, plain } => {
            let typed = |text: &str| {
                let value = serde_json::from_str::<Json>(text).ok();
                value.filter(|value| *plain && (value.is_number() || value.is_boolean()))
            };
            // of what stands without quotes, a label that is a number is one: `account: ${account}`
            typed(text).unwrap_or_else(|| {
                let written = At { place: node.place, value: text.clone() };
                let text = values.fill_template_with(&written, query, report).0;
                typed(&text).unwrap_or(Json::String(text))
            })
        }
        Value::List(items) => Json::Array(items.iter().map(|item| json(item, query, values, report)).collect()),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, node)| (name.value.clone(), json(node, query, values, report)));
            Json::Object(entries.collect())
        }
    }
}

fn shape(written: &HttpEntry, report: &mut Report) -> Shape {
    let mut path = |text: &At<String>| {
        let parsed = JsonPath::parse(&text.value);
        if parsed.is_none() {
            let hint = "write a JSONPath (RFC 9535): `$.data.result[*]`, `$[0]`, `$.value`";
            report.add_with(text.place, format!("`{}` is not a JSONPath", text.value), hint);
        }
        parsed
    };
    let next =
        |next: &NextEntry, path: &mut dyn FnMut(&At<String>) -> Option<JsonPath>| match (&next.url, &next.parameter) {
            (Some(url), _) => path(url).map(Next::Address),
            (None, Some(parameter)) => Some(Next::Parameter(parameter.value.clone(), path(next.value.as_ref()?)?)),
            (None, None) => None,
        };
    Shape {
        errors: written.errors.iter().filter_map(&mut path).collect(),
        rows: written.rows.as_ref().and_then(&mut path),
        columns: written.columns.0.iter().filter_map(|(name, text)| Some((name.value.clone(), path(text)?))).collect(),
        next: written.next.as_ref().and_then(|written| next(written, &mut path)),
    }
}

/// A store that answers one query per request has its numbers in one column.
fn check_columns(written: &HttpEntry, report: &mut Report) {
    if !written.columns.0.is_empty() && written.columns.get(VALUE).is_none() {
        let (name, _) = &written.columns.0[0];
        let hint = "write `columns: { time: …, value: … }`";
        report.add_with(name.place, "each request answers one query, and its column is called `value`", hint);
    }
    if let Some(arm) = &written.arm {
        let hint = "write the arm's label into the query: `version=\"${version}\"`";
        report.add_with(arm.column.place, "each request answers one query of one arm", hint);
    }
}

/// An address whose labels are filled in with something is one.
fn check_address(url: &At<String>, report: &mut Report) {
    let parts = url.value.split("${").enumerate();
    let filled: String = parts
        .map(|(at, part)| match part.split_once('}').filter(|_| at > 0) {
            Some((_, after)) => format!("x{after}"),
            None => part.to_owned(),
        })
        .collect();
    if url.value.starts_with("${") {
        return;
    }
    if let Err(why) = Url::parse(&filled) {
        report.add_hushed(url.place, format!("this address {why}"), "write `https://…`, or `http://127.0.0.1:8080`");
    }
}
