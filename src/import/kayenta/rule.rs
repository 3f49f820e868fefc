//! What Kayenta's own judge reads: its types are strict, and a wrong one fails the whole judgement there.

use super::scopes::Asking;
use crate::import::documents::{Document, at, entries, list, number_at, text, text_at};
use crate::import::note::Note;
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use crate::text::yaml::{braces, name, quoted};

/// Kayenta's default of `outlierFactor`.
const FACTOR: f64 = 3.0;

/// What Kayenta's rule says of one metric.
pub(super) struct Told {
    /// davy's name of it.
    called: String,
    name: String,
    drops_gaps: bool,
    pub(super) groups: Vec<String>,
    pub(super) direction: &'static str,
    replaces: bool,
    pub(super) critical: bool,
    must_have_data: bool,
    pub(super) muted: bool,
    pub(super) measure: &'static str,
    pub(super) allowed_increase: Option<f64>,
    pub(super) allowed_decrease: Option<f64>,
    pub(super) critical_increase: Option<f64>,
    pub(super) critical_decrease: Option<f64>,
    pub(super) outliers: Option<f64>,
}

/// Reads what a metric says, with the defaults of Kayenta.
pub(super) fn told(document: &Document, metric: &Node, called: &str, drops_gaps: bool) -> Result<Told, Problems> {
    let canary = at(metric, &["analysisConfigurations", "canary"]);
    let word = |path: &[&str]| canary.and_then(|canary| text_at(canary, path));
    let flag = |path: &[&str]| strict_flag(document, canary, path);
    let share = |key: &str| strict_number(document, canary, &["effectSize", key]);
    let removes = word(&["outliers", "strategy"]) == Some("remove");
    let factor = strict_number(document, canary, &["outliers", "outlierFactor"])?;
    if let Some(factor) = factor.filter(|factor| removes && *factor <= 0.0) {
        let message =
            format!("outlierFactor is {factor}, and Kayenta fails the whole judgement: write a number above 0");
        return Err(document.problem(metric.place, message));
    }
    Ok(Told {
        called: called.to_owned(),
        name: text_at(metric, &["name"]).unwrap_or_default().to_owned(),
        drops_gaps,
        groups: list(metric, &["groups"]).iter().filter_map(|group| Some(text(group)?.to_owned())).collect(),
        direction: match word(&["direction"]) {
            Some("increase") => "increase",
            Some("decrease") => "decrease",
            _ => "either",
        },
        replaces: word(&["nanStrategy"]) == Some("replace"),
        critical: flag(&["critical"])?,
        must_have_data: flag(&["mustHaveData"])?,
        muted: flag(&["muted"])?,
        measure: if word(&["effectSize", "measure"]) == Some("cles") { "cles" } else { "mean_ratio" },
        allowed_increase: share("allowedIncrease")?,
        allowed_decrease: share("allowedDecrease")?,
        critical_increase: share("criticalIncrease")?,
        critical_decrease: share("criticalDecrease")?,
        outliers: removes.then(|| factor.unwrap_or(FACTOR)),
    })
}

fn strict_flag(document: &Document, canary: Option<&Node>, path: &[&str]) -> Result<bool, Problems> {
    let Some(node) = canary.and_then(|canary| at(canary, path)) else { return Ok(false) };
    match &node.value {
        Value::Scalar { text, plain: true } if text == "true" || text == "false" => Ok(text == "true"),
        _ => Err(strict(document, node, path, "true or false, without quotes")),
    }
}

fn strict_number(document: &Document, canary: Option<&Node>, path: &[&str]) -> Result<Option<f64>, Problems> {
    let Some(node) = canary.and_then(|canary| at(canary, path)) else { return Ok(None) };
    match &node.value {
        Value::Scalar { text, plain: true } => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(strict(document, node, path, "a number")),
        },
        _ => Err(strict(document, node, path, "a number, without quotes")),
    }
}

fn strict(document: &Document, node: &Node, path: &[&str], wanted: &str) -> Problems {
    let (key, found) = (path.last().copied().unwrap_or_default(), text(node).unwrap_or(node.kind()));
    let message = format!("`{key}` is {found:?}, and Kayenta fails the whole judgement on it: write {wanted}");
    document.problem(node.place, message)
}

/// The weight that davy gives each metric of a group: the group's, shared.
pub(super) fn weight(node: &Node, group: &str) -> Option<f64> {
    let weight = number_at(node, &["classifier", "groupWeights", group]).filter(|weight| *weight > 0.0)?;
    let is_in = |metric: &&Node| list(metric, &["groups"]).iter().any(|name| text(name) == Some(group));
    let all = list(node, &["metrics"]).iter().filter(is_in).count().max(1);
    Some((weight / all as f64 * 1e6).round() / 1e6)
}

/// The section `kayenta`.
pub(super) fn section(
    document: &Document,
    node: &Node,
    asking: &Asking,
    told: &[Told],
    notes: &mut Vec<Note>,
) -> Result<Vec<String>, Problems> {
    let written = |key: &str| number_at(node, &["classifier", "scoreThresholds", key]);
    if at(node, &["classifier"]).is_none() {
        let why = "Kayenta fails without it; davy gives all groups the same weight";
        notes.push(Note::told(document, node.place, "a missing `classifier`", why));
    }
    let (pass, marginal) = (asking.pass.or(written("pass")), asking.marginal.or(written("marginal")));
    if pass.is_none() || marginal.is_none() {
        let why = "neither the configuration nor a request says them; davy takes 75 and 50, as Spinnaker suggests";
        notes.push(Note::told(document, node.place, "thresholds", why));
    }
    let (pass, marginal) = (pass.unwrap_or(75.0), marginal.unwrap_or(50.0));
    if marginal > pass {
        let message =
            format!("`marginal` is {marginal}, above `pass`, which is {pass}: write the lower score as `marginal`");
        return Err(document.problem(node.place, message));
    }
    let mut lines = vec!["kayenta:".to_owned(), format!("  pass: {pass}"), format!("  marginal: {marginal}")];
    let groups = entries(node, &["classifier", "groupWeights"]).iter();
    let weights = groups.filter_map(|(group, weight)| {
        Some(format!("{{ name: {}, weight: {} }}", quoted(&group.value), number_at(weight, &[])?))
    });
    let weights: Vec<String> = weights.collect();
    if !weights.is_empty() {
        lines.push(format!("  groups: [{}]", weights.join(", ")));
    }
    lines.push("  metrics:".into());
    lines.extend(told.iter().map(|told| format!("    - {}", told.written())));
    Ok(lines)
}

impl Told {
    fn written(&self) -> String {
        let mut keys = vec![format!("metric: {}", name(&self.called))];
        if self.called != self.name {
            keys.push(format!("name: {}", quoted(&self.name)));
        }
        if !self.groups.is_empty() {
            let groups: Vec<String> = self.groups.iter().map(|group| quoted(group)).collect();
            keys.push(format!("groups: [{}]", groups.join(", ")));
        }
        if self.direction != "either" {
            keys.push(format!("direction: {}", self.direction));
        }
        let flags = [
            (self.replaces, "nan: replace"),
            (self.drops_gaps, "gaps: drop"),
            (self.critical, "critical: true"),
            (self.must_have_data, "must_have_data: true"),
            (self.muted, "muted: true"),
        ];
        keys.extend(flags.into_iter().filter(|(is, _)| *is).map(|(_, key)| key.to_owned()));
        keys.extend(self.outliers.map(|factor| format!("outliers: {factor}")));
        let effect = self.effect();
        if !effect.is_empty() {
            keys.push(format!("effect: {}", braces(effect)));
        }
        braces(keys)
    }

    fn effect(&self) -> Vec<String> {
        let measure = (self.measure == "cles").then(|| "measure: cles".to_owned());
        let numbers = [
            ("allowed_increase", self.allowed_increase),
            ("allowed_decrease", self.allowed_decrease),
            ("critical_increase", self.critical_increase),
            ("critical_decrease", self.critical_decrease),
        ];
        let numbers = numbers.into_iter().filter_map(|(key, number)| Some(format!("{key}: {}", number?)));
        measure.into_iter().chain(numbers).collect()
    }
}
