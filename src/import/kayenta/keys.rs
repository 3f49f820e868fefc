//! Keys that Kayenta ignores without a word: a misspelt one costs its author a day.

use crate::import::documents::{Document, at, list};
use crate::import::note::Note;
use crate::text::node::{Node, Value};

const CONFIG: &[&str] = &[
    "id",
    "name",
    "description",
    "configVersion",
    "applications",
    "createdTimestamp",
    "updatedTimestamp",
    "createdTimestampIso",
    "updatedTimestampIso",
    "judge",
    "metrics",
    "templates",
    "classifier",
];
const METRIC: &[&str] = &["name", "query", "groups", "scopeName", "analysisConfigurations"];
const CANARY: &[&str] = &["direction", "nanStrategy", "critical", "mustHaveData", "muted", "effectSize", "outliers"];
const EFFECT: &[&str] = &["measure", "allowedIncrease", "allowedDecrease", "criticalIncrease", "criticalDecrease"];
const OUTLIERS: &[&str] = &["strategy", "outlierFactor"];
const CLASSIFIER: &[&str] = &["groupWeights", "scoreThresholds"];
const QUERY: &[&str] = &["type", "serviceType", "customInlineTemplate", "customFilterTemplate", "customFilter"];

/// The keys of each type of query, beside those of all.
const QUERIES: &[(&str, &[&str])] = &[
    ("atlas", &["q"]),
    ("datadog", &["metricName"]),
    ("graphite", &["metricName"]),
    ("influxdb", &["metricName", "fields"]),
    ("newrelic", &["select", "q"]),
    ("prometheus", &["resourceType", "metricName", "labelBindings", "groupByFields"]),
    ("signalfx", &["metricName", "queryPairs", "aggregationMethod"]),
    ("stackdriver", &["resourceType", "metricType", "crossSeriesReducer", "perSeriesAligner", "groupByFields"]),
    ("wavefront", &["metricName", "summarization", "aggregate"]),
];

/// A note for each key that means nothing.
pub(super) fn ignored(document: &Document, node: &Node) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut check = |node: Option<&Node>, known: &[&str], of: &str| {
        let Some(Value::Map(entries)) = node.map(|node| &node.value) else { return };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            let near = crate::text::problem::nearest(&key.value, known.iter().copied());
            let hint = near.map(|near| format!("; did its author mean `{near}`?")).unwrap_or_default();
            let why = format!("Kayenta ignores this key{of}, and so does davy{hint}");
            notes.push(Note::told(document, key.place, format!("`{}`", key.value), why));
        }
    };
    check(Some(node), CONFIG, "");
    check(at(node, &["classifier"]), CLASSIFIER, " of `classifier`");
    for metric in list(node, &["metrics"]) {
        check(Some(metric), METRIC, " of a metric");
        let canary = at(metric, &["analysisConfigurations", "canary"]);
        check(canary, CANARY, " of `canary`");
        check(canary.and_then(|canary| at(canary, &["effectSize"])), EFFECT, " of `effectSize`");
        check(canary.and_then(|canary| at(canary, &["outliers"])), OUTLIERS, " of `outliers`");
        let kind = super::query::kind(metric);
        let own = QUERIES.iter().find(|(known, _)| Some(*known) == kind).map_or(&[][..], |(_, own)| own);
        let known: Vec<&str> = QUERY.iter().chain(own).copied().collect();
        check(at(metric, &["query"]).filter(|_| !own.is_empty()), &known, " of this query");
    }
    notes
}
