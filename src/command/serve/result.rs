//! A judge's answer in the form of Kayenta: `CanaryJudgeResult`. What is not a number is a text there.

use serde_json::{Map, Value, json};

use super::super::pipeline::Judged;
use crate::aca::{self, Finding, Judgement, Summary};
use crate::config::plan::Kayenta;
use crate::judge::verdict::{self, EffectKind, Outcome, Reason};

/// davy's own judge, as a canary configuration names it.
pub(in crate::command) const DAVY: &str = "davy";

/// The answer of Kayenta's rule.
pub(super) fn by_kayenta(judgement: &Judgement) -> Value {
    let groups = judgement.groups.iter().map(|group| group_score(&group.name, group.score));
    let results: Vec<Value> = judgement.findings.iter().map(result).collect();
    let score = scored(judgement.score, judgement.class.name(), judgement.reason.as_deref());
    json!({ "judgeName": aca::NAME, "results": results, "groupScores": groups.collect::<Vec<_>>(), "score": score })
}

fn result(finding: &Finding) -> Value {
    let tags: Map<String, Value> =
        finding.tags.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let mut result = json!({
        "name": finding.name,
        "id": finding.id,
        "tags": tags,
        "groups": finding.groups,
        "muted": finding.muted,
        "classification": finding.label.name(),
        "critical": finding.critical,
        "experimentMetadata": { "stats": stats(&finding.experiment) },
        "controlMetadata": { "stats": stats(&finding.control) },
    });
    if let Some(reason) = &finding.reason {
        result["classificationReason"] = reason.clone().into();
    }
    if let Some(ratio) = finding.ratio {
        result["resultMetadata"] = json!({ "ratio": number(ratio) });
    }
    result
}

fn stats(of: &Summary) -> Value {
    json!({ "min": number(of.min), "max": number(of.max), "mean": number(of.mean), "std": number(of.std), "count": of.count })
}

fn number(value: f64) -> Value {
    match value {
        value if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => json!(value),
    }
}

fn group_score(name: &str, score: f64) -> Value {
    json!({ "name": name, "score": number(score), "classification": "", "classificationReason": "" })
}

fn scored(score: f64, class: &str, reason: Option<&str>) -> Value {
    let mut scored = json!({ "score": number(score), "classification": class });
    if let Some(reason) = reason {
        scored["classificationReason"] = reason.into();
    }
    scored
}

/// davy's own answer. Its score is 100 or 0, and between them what the thresholds call marginal.
pub(super) fn by_davy(judged: &Judged, kayenta: &Kayenta) -> Value {
    let (verdict, thresholds) = (&judged.verdict, kayenta.rule.thresholds);
    let (score, class) = match verdict.outcome {
        Outcome::Pass | Outcome::Warn => (100.0, "Pass"),
        Outcome::Inconclusive if thresholds.marginal < thresholds.pass => (thresholds.marginal, "Marginal"),
        Outcome::Inconclusive | Outcome::Fail => (0.0, "Fail"),
    };
    let metrics = kayenta.rule.metrics.iter().zip(&kayenta.inputs);
    let results: Vec<Value> = metrics.map(|(metric, input)| found(verdict, metric, &input.metric)).collect();
    let groups = verdict.score.groups.iter().map(|(name, score)| group_score(name, score.unwrap_or(0.0)));
    let groups: Vec<Value> = groups.collect();
    json!({ "judgeName": DAVY, "results": results, "groupScores": groups, "score": scored(score, class, Some(&verdict.summary)) })
}

/// What davy found of a metric: the worst of its findings.
fn found(verdict: &verdict::Verdict, metric: &aca::Metric, called: &str) -> Value {
    let worst =
        verdict.findings.iter().filter(|finding| finding.metric == called).max_by_key(|finding| finding.outcome);
    let trace = verdict.traces.get(called);
    let side = |steps: Option<&Vec<Option<f64>>>| {
        let known: Vec<f64> = steps.into_iter().flatten().flatten().copied().collect();
        Summary::of(&known)
    };
    let (control, experiment) =
        (side(trace.map(|trace| &trace.steps.baseline)), side(trace.map(|trace| &trace.steps.canary)));
    let finding = Finding {
        name: metric.name.clone(),
        id: metric.name.clone(),
        tags: Vec::new(),
        groups: metric.groups.clone(),
        muted: metric.muted,
        label: worst.map_or(aca::Label::Nodata, label),
        reason: worst.map(|finding| finding.sentence.clone()),
        critical: metric.critical && worst.is_some_and(|finding| finding.outcome == Outcome::Fail),
        experiment,
        control,
        ratio: Some(aca::ratio(experiment.mean, control.mean)),
    };
    result(&finding)
}

/// Kayenta's word for what davy found; an open finding is never a pass.
fn label(finding: &verdict::Finding) -> aca::Label {
    let is_lower = finding.evidence.effect.as_ref().is_some_and(|effect| {
        let nothing = if effect.kind == EffectKind::Ratio { 1.0 } else { 0.0 };
        effect.estimate.is_some_and(|estimate| estimate < nothing)
    });
    match (finding.outcome, finding.reason) {
        (Outcome::Pass | Outcome::Warn, _) => aca::Label::Pass,
        (Outcome::Fail, _) if is_lower => aca::Label::Low,
        (Outcome::Fail, _) => aca::Label::High,
        (Outcome::Inconclusive, Reason::NoData | Reason::NoBaseline | Reason::NotReached) => aca::Label::Nodata,
        (Outcome::Inconclusive, _) => aca::Label::Error,
    }
}
