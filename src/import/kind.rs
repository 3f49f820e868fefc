//! Which tool a document is of, by its shape.

use super::documents::{entries, list, text_at};
use super::kayenta::shape;
use crate::text::node::{Node, Value};

/// A tool whose configurations are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Argo Rollouts: AnalysisTemplate, ClusterAnalysisTemplate, AnalysisRun, Rollout, Experiment.
    Argo,
    /// Flagger: Canary, MetricTemplate.
    Flagger,
    /// Keptn 1: `slo.yaml`, `sli.yaml`.
    Keptn,
    /// Keptn's operator: AnalysisDefinition, AnalysisValueTemplate, Analysis, KeptnMetricsProvider.
    KeptnMetrics,
    /// OpenSLO.
    OpenSlo,
    /// Sloth.
    Sloth,
    /// Pyrra.
    Pyrra,
    /// Alarms of CloudWatch, as `describe-alarms` prints them.
    Alarms,
    /// Thresholds of k6.
    K6,
    /// Kayenta: canary configurations, requests, and pipelines with such a stage.
    Kayenta,
    /// Taurus, and the Jenkins performance plugin, which has its file.
    Taurus,
    /// Apache Otava.
    Otava,
    /// Orion.
    Orion,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Kind] = &[
        Kind::Argo,
        Kind::Flagger,
        Kind::Keptn,
        Kind::KeptnMetrics,
        Kind::OpenSlo,
        Kind::Sloth,
        Kind::Pyrra,
        Kind::Alarms,
        Kind::K6,
        Kind::Kayenta,
        Kind::Taurus,
        Kind::Otava,
        Kind::Orion,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Argo => "Argo Rollouts",
            Kind::Flagger => "Flagger",
            Kind::Keptn => "Keptn",
            Kind::KeptnMetrics => "Keptn's operator",
            Kind::OpenSlo => "OpenSLO",
            Kind::Sloth => "Sloth",
            Kind::Pyrra => "Pyrra",
            Kind::Alarms => "CloudWatch alarms",
            Kind::K6 => "k6 thresholds",
            Kind::Kayenta => "Kayenta",
            Kind::Taurus => "Taurus",
            Kind::Otava => "Apache Otava",
            Kind::Orion => "Orion",
        }
    }

    /// Who acts by its configurations: "Flagger would: …".
    pub fn actor(self) -> &'static str {
        match self {
            Kind::Alarms => "CloudWatch",
            Kind::K6 => "k6",
            Kind::Sloth => "Sloth's alerts",
            Kind::Pyrra => "Pyrra's alerts",
            Kind::OpenSlo => "OpenSLO's alerts",
            other => other.name(),
        }
    }

    /// Why davy does not read its configurations, if so.
    pub(crate) fn refusal(self) -> Option<&'static str> {
        match self {
            Kind::Taurus => Some(
                "its criteria stop a load test while it runs. Judge the result: davy reads the files of JMeter, k6 and Gatling (`davy judge OLD NEW`)",
            ),
            Kind::Otava => Some(
                "it looks for changes in a long history, without a canary. Judge two versions: `davy judge OLD.csv NEW.csv`",
            ),
            Kind::Orion => Some(
                "it looks for changes in a history of runs in OpenSearch, without a canary. Judge two runs: `davy judge OLD.csv NEW.csv`",
            ),
            _ => None,
        }
    }

    /// The tool that a document is of.
    pub(crate) fn of(node: &Node) -> Option<Kind> {
        if is_own(node) {
            return None;
        }
        let version = text_at(node, &["apiVersion"]).unwrap_or_default();
        let (group, _) = version.split_once('/').unwrap_or((version, ""));
        match group {
            // a block of documentation may lack its version
            "" if matches!(
                text_at(node, &["kind"]),
                Some("AnalysisTemplate" | "AnalysisRun" | "Experiment" | "Rollout")
            ) =>
            {
                return Some(Kind::Argo);
            }
            "argoproj.io" => return Some(Kind::Argo),
            "flagger.app" => return Some(Kind::Flagger),
            "metrics.keptn.sh" => return Some(Kind::KeptnMetrics),
            "openslo" => return Some(Kind::OpenSlo),
            "sloth.slok.dev" => return Some(Kind::Sloth),
            "pyrra.dev" => return Some(Kind::Pyrra),
            _ => {}
        }
        let has = |key: &str| node.get(key).is_some();
        match () {
            () if text_at(node, &["version"]).is_some_and(|version| version.starts_with("prometheus/v")) => {
                Some(Kind::Sloth)
            }
            () if has("spec_version") || (has("objectives") && has("total_score")) => Some(Kind::Keptn),
            () if shape::is_one(node) => Some(Kind::Kayenta),
            () if has("MetricAlarms") || has("CompositeAlarms") => Some(Kind::Alarms),
            () if is_k6(node) => Some(Kind::K6),
            () if is_part(node) => Some(Kind::Argo),
            () if is_analysis(node) => Some(Kind::Flagger),
            () if has("reporting") || has("execution") => Some(Kind::Taurus),
            () if matches!(node.get("tests").map(|node| &node.value), Some(Value::Map(_))) => Some(Kind::Otava),
            () if is_orion(node) => Some(Kind::Orion),
            () => None,
        }
    }
}

/// Whether a document is a configuration of davy: two of its sections, and no version of another tool.
pub(crate) fn is_own(node: &Node) -> bool {
    let has = |key: &&&str| node.get(key).is_some();
    let sections = ["window", "sources", "criteria", "arms"].iter().filter(has).count();
    let has_metrics = matches!(node.get("metrics").map(|node| &node.value), Some(Value::Map(_)));
    node.get("apiVersion").is_none() && sections + usize::from(has_metrics) >= 2
}

/// Options with thresholds, or a summary with them.
fn is_k6(node: &Node) -> bool {
    let has_thresholds =
        |node: &Node| matches!(node.get("thresholds").map(|node| &node.value), Some(Value::Map(_) | Value::List(_)));
    has_thresholds(node) || entries(node, &["metrics"]).iter().any(|(_, metric)| has_thresholds(metric))
}

/// Whether a document without a kind is a part of a template: metrics with providers.
fn is_part(node: &Node) -> bool {
    let metrics = list(node, &["metrics"]);
    !metrics.is_empty() && metrics.iter().all(|metric| metric.get("provider").is_some())
}

/// Whether a document without a kind is the analysis of a Canary.
fn is_analysis(node: &Node) -> bool {
    let analysis = node.get("analysis").or_else(|| node.get("spec").and_then(|spec| spec.get("analysis")));
    let has = |key: &str| analysis.is_some_and(|analysis| analysis.get(key).is_some());
    node.get("kind").is_none() && ["metrics", "interval", "stepWeight", "stepWeights"].iter().any(|key| has(key))
}

/// Tests of Orion, its metrics alone, or what several tests have in common.
fn is_orion(node: &Node) -> bool {
    let names_metric = |one: &Node| one.get("metric_of_interest").is_some();
    match &node.value {
        Value::List(items) => !items.is_empty() && items.iter().all(names_metric),
        _ => {
            let has_tests = matches!(node.get("tests").map(|node| &node.value), Some(Value::List(_)));
            has_tests || node.get("benchmark.keyword").is_some() || list(node, &["metrics"]).iter().any(names_metric)
        }
    }
}
