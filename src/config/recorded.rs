//! The configuration of a recording: the same rules over series that lie beside it.
//!
//! A recording is a configuration, so that judging it again goes through the ordinary code. What must hold is kept
//! as it was written; where the data came from is replaced by the recorded files, and time by the windows that were
//! judged. The rules are therefore the same, and so is their fingerprint. Nothing of a source survives: paths may
//! hold names that do not belong into a bug report. Neither do hooks: judging again must not roll back again.

use std::collections::BTreeMap;

use super::metrics;
use super::plan::{Days, Hours, Plan};
use super::written::file::MetricEntry;
use super::{Config, columns as asked};
use crate::judge::rules::{Kind, Metric, Unit};
use crate::notation::Span;
use crate::series::{Gravity, MetricName, Pair, Remark, SignedDuration, Slices, Timestamp, Window};
use crate::source::signatures;
use crate::text::node::{Node, Value};
use crate::text::problem::Report;
use crate::text::scalar::word;
use crate::text::yaml::{braces, flow, name, quoted};

/// The folder of a recording that holds the past which the noise was learned from.
pub const PAST: &str = "past";

/// The folder of a recording that holds what logs say.
pub const SIGNATURES: &str = "signatures";

/// The columns of what a recording holds of a log.
pub const LOG_COLUMNS: [&str; 6] = signatures::COLUMNS;

/// What its last row has for a remark.
pub const END_OF_LOG: &str = signatures::END;

/// What was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The windows of the dataset.
    pub windows: Pair<Window>,
    /// Its spacing.
    pub step: SignedDuration,
    /// The present instant.
    pub now: Timestamp,
    /// The version of davy that records.
    pub davy: &'a str,
    /// The metrics whose source could not be reached.
    pub lost: &'a BTreeMap<MetricName, String>,
    /// The spacing of the metrics whose points lie further apart than that.
    pub steps: &'a BTreeMap<MetricName, SignedDuration>,
    /// What the verdict must say of the data of each metric.
    pub remarks: &'a BTreeMap<MetricName, Vec<Remark>>,
    /// Whether a past was recorded beside it.
    pub has_past: bool,
    /// The metrics that were measured as histograms, and what one unit of those is in the metric's.
    pub histograms: &'a BTreeMap<MetricName, f64>,
    /// The slices of the metrics that have any.
    pub slices: &'a BTreeMap<MetricName, Slices>,
}

/// The text of a recording's `canary.yaml`. Its series are expected in `series/NAME.csv`, in the metrics' own units:
/// `total` and `bad`, by `instance` or `group` where there are any; `count` and `exposure`; `value`, or `histogram` in units of
/// its own; `value` and `requests`.
pub fn recorded(config: &Config, plan: &Plan, recording: &Recorded) -> String {
    let mut text = format!("# Recorded by davy {}. Judge it again with `davy judge` on this folder.\n", recording.davy);
    let mut line = |key: &str, value: String| text.push_str(&format!("{key}: {value}\n"));
    line("name", quoted(config.name()));
    if let Some(labels) = labels(plan) {
        line("arms", labels);
    }
    if let Some(phase) = &plan.rules.phase {
        line("phase", quoted(phase));
    }
    if let Some(traffic) = section(config, "traffic") {
        line("traffic", flow(traffic));
    }
    line("window", window(plan, recording));
    for key in ["soak", "every"] {
        if let Some(node) = section(config, key) {
            line(key, flow(node));
        }
    }
    if let Some(learn) = plan.noise.as_ref().filter(|_| recording.has_past) {
        let hours = (learn.hours != Hours::All).then(|| ("hours", word(learn.hours).to_owned()));
        line("noise", map(&[("learn", format!("./{PAST}"))].into_iter().chain(hours).collect::<Vec<_>>()));
    }
    let file = ("recording", "{ file: { path: \"series/${metric}.csv\" } }".to_owned());
    let lost =
        ("lost", format!("{{ unreachable: {{ why: {} }} }}", quoted("it could not be reached when this was recorded")));
    line("sources", map(&[file].into_iter().chain((!recording.lost.is_empty()).then_some(lost)).collect::<Vec<_>>()));
    text.push_str("metrics:\n");
    for (metric, entry) in &config.file.metrics.0 {
        if let Some(known) = metrics::metric(entry, &mut Report::new(&config.origin)) {
            let source = match recording.lost.contains_key(&metric.value) {
                _ if recording.lost.is_empty() => None,
                true => Some("source: lost".to_owned()),
                false => Some("source: recording".to_owned()),
            };
            text.push_str(&format!(
                "  {}: {}\n",
                name(&metric.value),
                columns(entry, &known, &metric.value, recording, source)
            ));
        }
    }
    for key in ["localise", "mix", "cost"] {
        if let Some(node) = section(config, key) {
            text.push_str(&format!("{key}: {}\n", flow(node)));
        }
    }
    signatures(&mut text, config);
    list(&mut text, "criteria", section(config, "criteria"), &[]);
    list(&mut text, "phases", section(config, "phases"), &["window", "hooks"]);
    for key in ["judge", "kayenta", "policy"] {
        if let Some(node) = section(config, key) {
            text.push_str(&format!("{key}: {}\n", flow(node)));
        }
    }
    list(&mut text, "success", section(config, "success"), &[]);
    list(&mut text, "not_judged", section(config, "not_judged"), &[]);
    if let Some(expect) = section(config, "expect") {
        text.push_str(&format!("expect: {}\n", flow(expect)));
    }
    let mut by =
        vec![("version", "1".to_owned()), ("davy", quoted(recording.davy)), ("recorded", instant(recording.now))];
    let remarks = remarks(plan, recording);
    if !remarks.is_empty() {
        by.push(("remarks", format!("[{}]", remarks.join(", "))));
    }
    text.push_str(&format!("recording: {}\n", map(&by)));
    text
}

/// What is asked of logs, whose templates and counts lie beside it.
fn signatures(text: &mut String, config: &Config) {
    let kept = ["new", "more", "margin", "per"];
    let Some(Node { value: Value::Map(logs), .. }) = section(config, "signatures") else { return };
    for (at, (log, node)) in logs.iter().enumerate() {
        let entries = if let Value::Map(entries) = &node.value { entries.as_slice() } else { &[] };
        let own = entries.iter().filter(|(key, _)| kept.contains(&key.value.as_str()));
        let own = own.map(|(key, value)| format!("{}: {}", key.value, flow(value)));
        let recorded = format!("recorded: {}", quoted(&format!("{SIGNATURES}/{}.csv", log.value)));
        let entry = braces([recorded].into_iter().chain(own).collect());
        text.push_str(&format!("{}  {}: {entry}\n", if at == 0 { "signatures:\n" } else { "" }, name(&log.value)));
    }
}

/// What is known of the data of each metric and its points do not say.
fn remarks(plan: &Plan, recording: &Recorded) -> Vec<String> {
    let before = plan.rules.metrics.iter().flat_map(|(name, metric)| metric.remarks.iter().map(move |one| (name, one)));
    let seen = recording.remarks.iter().filter(|(name, _)| plan.rules.metrics.contains_key(*name));
    let seen = seen.flat_map(|(name, remarks)| remarks.iter().map(move |one| (name, one)));
    let said = |(metric, remark): (&MetricName, &Remark)| {
        map(&[("metric", quoted(metric)), ("at_best", word(remark.gravity).to_owned()), ("says", quoted(&remark.text))])
    };
    before.chain(seen).filter(|(_, remark)| remark.gravity > Gravity::Detail).map(said).collect()
}

pub(super) fn section<'c>(config: &'c Config, key: &str) -> Option<&'c Node> {
    config.tree.get(key).filter(|node| !matches!(node.value, Value::Nothing))
}

fn map(pairs: &[(&str, String)]) -> String {
    braces(pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect())
}

fn instant(at: Timestamp) -> String {
    quoted(&at.to_string())
}

/// One entry per line, without some of its keys.
pub(super) fn list(text: &mut String, key: &str, node: Option<&Node>, without: &[&str]) {
    let Some(Node { value: Value::List(items), .. }) = node else { return };
    if items.is_empty() {
        return;
    }
    text.push_str(&format!("{key}:\n"));
    for item in items {
        let mut item = item.clone();
        if let Value::Map(entries) = &mut item.value {
            entries.retain(|(key, _)| !without.contains(&key.value.as_str()));
        }
        text.push_str(&format!("  - {}\n", flow(&item)));
    }
}

fn labels(plan: &Plan) -> Option<String> {
    let labels = plan.rules.labels.as_ref().map(|labels| {
        let pairs = labels.iter().map(|(label, value)| format!("{}: {}", name(label), quoted(value)));
        braces(pairs.collect())
    });
    let any = !plan.rules.labels.baseline.is_empty() || !plan.rules.labels.canary.is_empty();
    any.then(|| map(&[("baseline", labels.baseline), ("canary", labels.canary)]))
}

fn window(plan: &Plan, recording: &Recorded) -> String {
    let ends = |window: Window| {
        let end = window.end.max(window.start.saturating_add(recording.step).unwrap_or(window.end));
        [("from", instant(window.start)), ("to", instant(end))]
    };
    let mut pairs = ends(recording.windows.canary).to_vec();
    pairs.push(("step", Span(recording.step).to_string()));
    let warmup = plan.rules.policy.warmup;
    if !warmup.is_zero() {
        pairs.push(("warmup", Span(warmup).to_string()));
    }
    let zone = plan.rules.policy.zone.as_ref().and_then(|zone| zone.iana_name()).map(|zone| ("zone", quoted(zone)));
    let baseline: Vec<_> = match &plan.time.days {
        Some(days) => earlier(days).into_iter().chain(zone).collect(),
        None => ends(recording.windows.baseline).into_iter().chain(zone).collect(),
    };
    pairs.push(("baseline", map(&baseline)));
    map(&pairs)
}

/// Several earlier windows.
fn earlier(days: &Days) -> Vec<(&'static str, String)> {
    let ago: Vec<String> = days.ago.iter().map(|ago| Span(*ago).to_string()).collect();
    let before = days.before.map(|before| ("before", Span(before).to_string()));
    [("ago", format!("[{}]", ago.join(", ")))].into_iter().chain(before).collect()
}

/// A metric over the columns of its recorded file.
fn columns(entry: &MetricEntry, metric: &Metric, called: &str, recording: &Recorded, source: Option<String>) -> String {
    let histograms = recording.histograms.get(called);
    let text = |text: &str| text.to_owned();
    let (shape, pairs) = match &metric.kind {
        Kind::BadShare => ("rate", vec![("bad", text("bad")), ("total", text("total")), ("of", quoted(&metric.of))]),
        Kind::GoodShare => {
            let columns = vec![("bad", text("bad")), ("total", text("total")), ("show", text("good"))];
            ("rate", columns.into_iter().chain([("of", quoted(&metric.of))]).collect())
        }
        Kind::PartShare => ("rate", vec![("part", text("bad")), ("total", text("total")), ("of", quoted(&metric.of))]),
        Kind::Events => {
            let mut pairs = vec![("count", text("count"))];
            if let Unit::Per(per) = &metric.unit {
                pairs.extend([("exposure", text("exposure")), ("per", quoted(per))]);
            }
            ("events", pairs)
        }
        Kind::Values => {
            let unit = unit(&metric.unit).map(|unit| ("unit", unit));
            let column = if histograms.is_some() { "histogram" } else { "value" };
            let resolution = histograms.filter(|scale| **scale != 1.0).map(|scale| ("resolution", scale.to_string()));
            let units = unit.into_iter().chain(resolution);
            ("values", [(column, text(column))].into_iter().chain(units).chain([("of", quoted(&metric.of))]).collect())
        }
        Kind::Gauge { .. } => ("gauge", gauge(entry, metric)),
    };
    let named = entry.rate.as_ref().is_some_and(|rate| rate.instance.is_some());
    let instance = named.then(|| ("instance", text("instance")));
    let pairs: Vec<_> = pairs.into_iter().chain(instance).collect();
    let shape = format!("{shape}: {}", map(&pairs));
    let by = entry.by.as_ref().map(|by| format!("by: {}", by.recorded()));
    let slices = recording.slices.contains_key(called).then(|| "slices: slice".to_owned());
    let history = metric.history.map(|(phi, nu)| format!("history: {{ phi: {phi}, nu: {nu} }}"));
    let step = recording.steps.get(called).map(|step| format!("step: {}", Span(*step)));
    braces(source.into_iter().chain(by).chain(slices).chain([shape]).chain(step).chain(history).collect())
}

fn gauge(entry: &MetricEntry, metric: &Metric) -> Vec<(&'static str, String)> {
    use crate::judge::rules::Scale;
    let mut pairs = vec![("value", "value".to_owned())];
    pairs.extend(unit(&metric.unit).map(|unit| ("unit", unit)));
    if let Kind::Gauge { quantile, scale } = &metric.kind {
        let written = entry.gauge.as_ref().and_then(metrics::quantile);
        pairs.extend(written.zip(*quantile).map(|(written, _)| ("quantile", quoted(&written.written))));
        match scale {
            Scale::Auto => {}
            Scale::Ratio => pairs.push(("scale", "ratio".to_owned())),
            Scale::Difference => pairs.push(("scale", "difference".to_owned())),
        }
    }
    if entry.gauge.as_ref().is_some_and(asked::has_requests) {
        pairs.push(("requests", "requests".to_owned()));
    }
    pairs
}

fn unit(unit: &Unit) -> Option<String> {
    match unit {
        Unit::Milliseconds => Some("ms".to_owned()),
        Unit::Bytes => Some("B".to_owned()),
        Unit::Percent => Some(quoted("%")),
        Unit::Plain(word) if !word.is_empty() => Some(quoted(word)),
        Unit::Plain(_) | Unit::Share | Unit::PerSecond | Unit::Per(_) | Unit::Change { .. } => None,
    }
}
