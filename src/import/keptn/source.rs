//! Where the queries of indicators go: PromQL to Prometheus, metric selectors to Dynatrace, and without a query to files.

use std::time::Duration;

use crate::import::documents::{Document, at, text};
use crate::import::draft::{Gate, WINDOW};
use crate::import::promql;
use crate::import::stores::{self, RANGE, Store, literal, reference};
use crate::text::node::Node;
use crate::text::problem::Place;
use crate::text::yaml::quoted;

type Lost<'d> = (&'d Document, Place, String);

/// What an indicator asks; without queries the column of its name.
pub(super) fn ask<'d>(gate: &mut Gate, sli: &str, queries: &[&'d Document]) -> Result<Store, Lost<'d>> {
    let found = queries.iter().find_map(|document| Some((*document, at(&document.node, &["indicators", sli])?)));
    match found {
        Some((document, node)) => query(gate, node).map_err(|why| (document, node.place, why)),
        None => match queries.first() {
            // a file of queries that lacks this one is a mistake
            Some(document) => Err((document, document.node.place, "the indicators have no query of this name".into())),
            None => Ok(column(gate)),
        },
    }
}

/// The query of an indicator over the whole window, as Keptn asks Prometheus for it.
pub(super) fn as_written(sli: &str, queries: &[&Document]) -> Option<String> {
    let written = text(queries.iter().find_map(|document| at(&document.node, &["indicators", sli]))?)?.trim();
    let query = stores::on_one_line(&filled_with(written, WINDOW));
    let is_promql = promql::is_query_of_davy(&query.replace(WINDOW, RANGE));
    (is_promql && !written.starts_with("metricSelector=")).then_some(query)
}

/// Columns by name, in a file for each arm.
pub(crate) fn column(gate: &mut Gate) -> Store {
    let source = gate.source("data", "file: { path: \"${arm}.csv\" }".into());
    let line = "The queries were not in the files: davy reads columns of these names from baseline.csv and canary.csv.";
    if !gate.head.iter().any(|own| own == line) {
        gate.head.push(line.into());
    }
    Store::of(source)
}

fn query(gate: &mut Gate, node: &Node) -> Result<Store, String> {
    let written = text(node).ok_or("its query is not a text")?.trim();
    if !is_of_any_time(written) {
        return Err("its answer may grow with `$DURATION_SECONDS`, which davy cannot fill in: write a rate".into());
    }
    if let Some(store) = dynatrace(gate, "${dynatrace-url}", written) {
        return Ok(store);
    }
    let store = stores::promql(gate, None, &stores::on_one_line(&filled(written)));
    store.ok_or_else(|| "its query is neither PromQL nor a metric selector of Dynatrace".into())
}

/// Whether a query means the same over a shorter time than that of the evaluation: a rate, or a share of two counts.
fn is_of_any_time(written: &str) -> bool {
    const PROBE: Duration = Duration::from_secs(299);
    let mut places = written.match_indices("$DURATION_SECONDS");
    if !places.all(|(place, _)| written[..place].trim_end().ends_with('[')) {
        return false;
    }
    let query = stores::on_one_line(&filled_with(written, "299s"));
    !written.contains("$DURATION_SECONDS") || promql::is_steady(&query, PROBE) || promql::apart(&query).is_some()
}

/// A metric selector of Dynatrace: `metricSelector=…&entitySelector=…`.
pub(crate) fn dynatrace(gate: &mut Gate, url: &str, written: &str) -> Option<Store> {
    let rest = written.trim().strip_prefix("metricSelector=")?;
    let mut parts = rest.split('&');
    let query = filled(parts.next()?);
    let more: Vec<String> = parts
        .filter_map(|part| part.split_once('='))
        .filter(|(key, _)| *key == "entitySelector")
        .map(|(_, value)| format!("entitySelector: {}", quoted(&filled(value))))
        .collect();
    // the parameters of the preset, and the entity beside them
    let own = "metricSelector: \"${query}\", from: \"${from_ms}\", to: \"${to_ms}\", resolution: \"${step_seconds}s\"";
    let more: Vec<String> = match more.is_empty() {
        true => Vec::new(),
        false => vec![format!("parameters: {{ {own}, {} }}", more.join(", "))],
    };
    Some(Store::over_http(stores::preset(gate, "dynatrace", Some(url), &more), query))
}

/// A text with references of davy: `$SERVICE` is `${SERVICE}`, and `[$DURATION_SECONDS]` a fixed range.
fn filled(text: &str) -> String {
    filled_with(text, RANGE)
}

fn filled_with(text: &str, range: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let word = &after[..end];
        match word {
            "DURATION_SECONDS" | "DURATION_SECONDS_s" => result.push_str(range),
            _ if word.starts_with(|c: char| c.is_ascii_alphabetic()) => result.push_str(&reference(word, None)),
            _ => result.push_str(&literal("$")),
        }
        rest = if word.is_empty() { after } else { &after[end..] };
    }
    result + rest
}
