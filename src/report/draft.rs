//! A verdict as its document: field by field, nothing left out and nothing added but the version.

use super::days::Days;
use super::document::{
    Action, Arms, Distribution, Document, Effect, Evidence, Finding, GroupScore, Label, Learned, Levels, Look,
    LookKind, NotJudged, Number, Outcome, PastFinding, PastLook, Periods, Proof, Quantile, Range, Recommendation, Role,
    Rule, RuleKind, SCHEMA_VERSION, Score, Severity, Side, Since, Span, Strength, Trace, UnitName,
};
use super::quantiles::Quantiles;
use super::{localised, method, reason, signatures};
use crate::judge::rules::{self, Statistic, Unit};
use crate::judge::verdict::{self, Verdict};
use crate::judge::words;
use crate::series::{Gravity, Pair, SignedDuration, Window};

impl From<&Verdict> for Document {
    fn from(verdict: &Verdict) -> Document {
        let sides = verdict.labels.as_ref().zip(verdict.windows.as_ref());
        Document {
            schema_version: SCHEMA_VERSION.into(),
            davy: env!("CARGO_PKG_VERSION").into(),
            name: verdict.name.clone(),
            phase: verdict.phase.clone(),
            outcome: verdict.outcome.into(),
            summary: verdict.summary.clone(),
            recommendation: (&verdict.recommendation).into(),
            arms: sides.map(|(labels, window)| side(labels, window, verdict.step)).into(),
            step_seconds: Number::new(verdict.step.as_secs_f64()),
            level: Number::new(verdict.level),
            score: score(&verdict.score),
            look: Some(look(&verdict.look)),
            findings: verdict.findings.iter().map(finding).collect(),
            not_judged: verdict.not_judged.iter().map(not_judged).collect(),
            learned: verdict.learned.iter().map(|(metric, noise)| learned(metric, noise)).collect(),
            localised: verdict
                .localised
                .iter()
                .map(|told| localised::localised(told, statistic(told.statistic)))
                .collect(),
            mixes: verdict.mixes.iter().map(localised::mix).collect(),
            signatures: verdict.signed.iter().map(signatures::signed).collect(),
            notes: verdict.notes.clone(),
            warmup_steps: verdict.warmup as u64,
            traces: verdict.traces.iter().map(|(metric, points)| trace(metric, points)).collect(),
            distributions: verdict.distributions.iter().map(|(metric, spread)| distribution(metric, spread)).collect(),
            looks: Vec::new(),
            success: Vec::new(),
            as_written: None,
            queries: Vec::new(),
            fingerprint: verdict.fingerprint.clone(),
        }
    }
}

impl<T> From<Pair<T>> for Arms<T> {
    fn from(pair: Pair<T>) -> Self {
        Arms { baseline: pair.baseline, canary: pair.canary }
    }
}

impl From<verdict::Outcome> for Outcome {
    fn from(outcome: verdict::Outcome) -> Self {
        match outcome {
            verdict::Outcome::Pass => Outcome::Pass,
            verdict::Outcome::Warn => Outcome::Warn,
            verdict::Outcome::Inconclusive => Outcome::Inconclusive,
            verdict::Outcome::Fail => Outcome::Fail,
        }
    }
}

impl From<Outcome> for verdict::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => verdict::Outcome::Pass,
            Outcome::Warn => verdict::Outcome::Warn,
            Outcome::Inconclusive => verdict::Outcome::Inconclusive,
            Outcome::Fail => verdict::Outcome::Fail,
        }
    }
}

impl From<&verdict::Recommendation> for Recommendation {
    fn from(recommendation: &verdict::Recommendation) -> Self {
        let (action, to) = match recommendation {
            verdict::Recommendation::Promote { to } => (Action::Promote, to.clone()),
            verdict::Recommendation::Hold => (Action::Hold, None),
            verdict::Recommendation::RollBack { to } => (Action::RollBack, Some(to.clone())),
        };
        Recommendation { action, to }
    }
}

impl From<&Unit> for UnitName {
    fn from(unit: &Unit) -> Self {
        UnitName(match unit {
            Unit::Change { of, per } => format!("change:{}:{}", per.as_secs(), UnitName::from(&**of).0),
            Unit::Share => "share".into(),
            Unit::Milliseconds => "ms".into(),
            Unit::Bytes => "bytes".into(),
            Unit::Percent => "percent".into(),
            Unit::PerSecond => "per_second".into(),
            Unit::Per(exposure) => format!("per:{exposure}"),
            Unit::Plain(name) if name.is_empty() => "plain".into(),
            Unit::Plain(name) => format!("plain:{name}"),
        })
    }
}

impl From<&UnitName> for Unit {
    /// A name that this davy does not know, from a newer one, is a unit of its own.
    fn from(name: &UnitName) -> Self {
        match name.0.as_str() {
            "share" => Unit::Share,
            "ms" => Unit::Milliseconds,
            "bytes" => Unit::Bytes,
            "percent" => Unit::Percent,
            "per_second" => Unit::PerSecond,
            "plain" => Unit::Plain(String::new()),
            other => match other.split_once(':') {
                Some(("per", exposure)) => Unit::Per(exposure.into()),
                Some(("plain", own)) => Unit::Plain(own.into()),
                Some(("change", rest)) => changing(rest).unwrap_or_else(|| Unit::Plain(other.into())),
                _ => Unit::Plain(other.into()),
            },
        }
    }
}

/// How much a unit changes in so many seconds.
fn changing(text: &str) -> Option<Unit> {
    let (seconds, of) = text.split_once(':')?;
    let per = SignedDuration::from_secs(seconds.parse().ok()?);
    Some(Unit::Change { of: Box::new(Unit::from(&UnitName(of.into()))), per })
}

fn side(labels: &[(String, String)], window: &Window, step: SignedDuration) -> Side {
    let labels = labels.iter().map(|(name, value)| Label { name: name.clone(), value: value.clone() });
    let window =
        Span { start: window.start.to_string(), end: window.end.to_string(), steps: window.steps(step) as u64 };
    Side { labels: labels.collect(), window }
}

fn look(look: &verdict::Look) -> Look {
    let kind = |kind| Look { kind, number: None, of: None, elapsed_seconds: None, soak_seconds: None };
    match look {
        verdict::Look::Once => kind(LookKind::Once),
        verdict::Look::Open => kind(LookKind::Open),
        verdict::Look::Planned { number, of, elapsed, soak } => Look {
            number: Some(*number as u64),
            of: Some(*of as u64),
            elapsed_seconds: Number::new(elapsed.as_secs_f64()),
            soak_seconds: Number::new(soak.as_secs_f64()),
            ..kind(LookKind::Planned)
        },
    }
}

fn proof(proof: &verdict::Proof) -> Proof {
    Proof {
        z: Number::new(proof.z),
        z_needed: proof.z_needed.and_then(Number::new),
        ln_e: proof.ln_e.and_then(Number::new),
        ln_e_needed: proof.ln_e_needed.and_then(Number::new),
    }
}

fn score(score: &verdict::Score) -> Score {
    let group =
        |(name, score): &(String, Option<f64>)| GroupScore { name: name.clone(), score: score.and_then(Number::new) };
    Score { total: score.total.and_then(Number::new), groups: score.groups.iter().map(group).collect() }
}

fn finding(finding: &verdict::Finding) -> Finding {
    Finding {
        criterion: finding.criterion.clone(),
        metric: finding.metric.clone(),
        statistic: statistic(finding.statistic),
        target: finding.target.clone(),
        fail_at: finding.fail_at.clone(),
        rule: rule(finding.rule),
        severity: match finding.severity {
            rules::Severity::Critical => Severity::Critical,
            rules::Severity::Normal => Severity::Normal,
            rules::Severity::Muted => Severity::Muted,
            rules::Severity::Optional => Severity::Optional,
        },
        role: match finding.role {
            rules::Role::Primary => Role::Primary,
            rules::Role::Guardrail => Role::Guardrail,
        },
        weight: Number::new(finding.weight),
        group: finding.group.clone(),
        outcome: finding.outcome.into(),
        reason: reason::name(finding.reason).into(),
        sentence: finding.sentence.clone(),
        decide: finding.decide.clone(),
        notes: finding.notes.clone(),
        evidence: evidence(&finding.evidence),
    }
}

fn learned(metric: &str, noise: &verdict::Noise) -> Learned {
    let figures = noise.figures;
    Learned {
        metric: metric.to_owned(),
        start: noise.past.start.to_string(),
        end: noise.past.end.to_string(),
        windows: noise.windows as u64,
        scale: if figures.is_log { "logarithms" } else { "values" }.into(),
        deviation: Number::new(figures.deviation),
        correlation: figures.correlation.and_then(Number::new),
        design_effect: figures.design_effect.and_then(Number::new),
        between: Number::new(figures.between),
        says: noise.says.clone(),
    }
}

fn not_judged(one: &rules::NotJudged) -> NotJudged {
    let at_best = match one.gravity {
        Gravity::Detail | Gravity::Note => Outcome::Pass,
        Gravity::Suspect => Outcome::Warn,
        Gravity::Incomplete => Outcome::Inconclusive,
    };
    NotJudged { what: one.what.clone(), why: one.why.clone(), at_best }
}

fn statistic(statistic: Statistic) -> String {
    match statistic {
        Statistic::Rate => "rate".into(),
        Statistic::Frequency => "frequency".into(),
        Statistic::Count => "count".into(),
        Statistic::Typical => "typical".into(),
        Statistic::AnyQuantile { from, to } => words::any_quantile(from, to),
        Statistic::Max => "max".into(),
        Statistic::Min => "min".into(),
        Statistic::Trend { .. } => "trend".into(),
        Statistic::StepsBeyond(_) => "steps_beyond".into(),
        Statistic::Quantile(q) => match Number::new(q * 100.0) {
            Some(percent) => format!("p{}", percent.get()),
            None => "quantile".into(),
        },
    }
}

fn rule(rule: rules::Rule) -> Rule {
    match rule {
        rules::Rule::Interval => Rule { kind: RuleKind::Interval, m: None, n: None },
        rules::Rule::Observed => Rule { kind: RuleKind::Observed, m: None, n: None },
        rules::Rule::Periods { m, n, .. } => Rule { kind: RuleKind::Periods, m: Some(m as u64), n: Some(n as u64) },
    }
}

fn evidence(evidence: &verdict::Evidence) -> Evidence {
    Evidence {
        unit: evidence.unit.as_ref().map(UnitName::from),
        n: evidence.n.map(Number::new).into(),
        n_of: evidence.n_of.into(),
        bad: evidence.bad.map(Arms::from),
        coverage: evidence.coverage.map(Number::new).into(),
        estimate: evidence.estimate.map(|estimate| estimate.and_then(Number::new)).into(),
        estimate_interval: ranges(evidence.estimate_interval),
        effect: evidence.effect.map(Effect::from),
        pass_limit: evidence.pass_limit.and_then(Number::new),
        fail_limit: evidence.fail_limit.and_then(Number::new),
        method: evidence.method.map(|method| method::name(method).into()),
        level: evidence.level.map(|level| Levels { fail: Number::new(level.fail), pass: Number::new(level.pass) }),
        design_effect: evidence.design_effect.and_then(Number::new),
        detectable: evidence.detectable.and_then(Number::new),
        strength: evidence.strength.map(|s| Strength { fail: proof(&s.fail), pass: proof(&s.pass) }),
        p_value: evidence.p_value.and_then(Number::new),
        since: evidence.since.as_ref().map(|since| Since {
            at: since.at.to_string(),
            estimate: since.estimate.map(|estimate| estimate.and_then(Number::new)).into(),
            effect: since.effect.into(),
        }),
        periods: evidence.periods.map(|(beyond, of)| Periods { beyond: beyond as u64, of: of as u64 }),
        quantiles: evidence.quantiles.as_ref().and_then(Quantiles::of),
        days: evidence.days.as_ref().map(Days::of),
    }
}

fn ranges(intervals: Pair<Option<(f64, f64)>>) -> Option<Arms<Option<Range>>> {
    let range = |(low, high)| Range { low: Number::new(low), high: Number::new(high) };
    let known = intervals.baseline.is_some() || intervals.canary.is_some();
    known.then(|| intervals.map(|interval| interval.map(range)).into())
}

impl PastLook {
    /// What is kept of a look.
    pub fn of(document: &Document) -> PastLook {
        let finding = |finding: &Finding| PastFinding {
            criterion: finding.criterion.clone(),
            outcome: finding.outcome,
            reason: finding.reason.clone(),
            n: finding.evidence.n.canary,
            effect: finding.evidence.effect.clone(),
            strength: finding.evidence.strength.clone(),
        };
        PastLook {
            end: document.arms.canary.window.end.clone(),
            number: document.look.as_ref().and_then(|look| look.number),
            outcome: document.outcome,
            findings: document.findings.iter().map(finding).collect(),
        }
    }
}

pub(super) fn distribution(metric: &str, spread: &verdict::Distribution) -> Distribution {
    let quantile = |(q, value): &(f64, f64)| Some(Quantile { q: Number::new(*q)?, value: Number::new(*value)? });
    let quantiles = spread.quantiles.as_ref().map(|arm| arm.iter().filter_map(quantile).collect());
    Distribution { metric: metric.into(), unit: (&spread.unit).into(), n: spread.n.into(), quantiles: quantiles.into() }
}

pub(super) fn trace(metric: &str, trace: &verdict::Trace) -> Trace {
    let points = |steps: &Vec<Option<f64>>| steps.iter().map(|step| step.and_then(Number::new)).collect();
    Trace {
        metric: metric.into(),
        unit: (&trace.unit).into(),
        statistic: trace.quantile.map(|q| statistic(Statistic::Quantile(q))),
        origin: trace.origin.clone(),
        steps: trace.steps.as_ref().map(points).into(),
    }
}
