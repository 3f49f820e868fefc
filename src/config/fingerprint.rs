//! A short name for a set of rules: equal rules, equal fingerprint, whatever file they came from.
//!
//! A report carries it, so that two verdicts can be told to have been reached by the same rules, and a recording has
//! that of the configuration it was recorded with. Sources, windows and labels are no rules and leave no trace.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::aca::Rule;
use crate::cost::{CostPlan, Item, METRICS};
use crate::judge::rules::{
    Bound, Criterion, Kind, Limit, Looks, Metric, MixDecides, OneBad, Policy, Role, Rules, Unit,
};

/// The fingerprint of rules, and of prices where a criterion is about them: sixteen hexadecimal digits.
pub(super) fn of(rules: &Rules, cost: Option<&CostPlan>) -> String {
    let named = rules.criteria.iter().any(|criterion| METRICS.contains(&criterion.metric.as_str()));
    digest(&(canonical(rules) + &cost.filter(|_| named).map(prices).unwrap_or_default()))
}

/// The fingerprint of rules beside which another rule decides.
pub(super) fn decided_by(fingerprint: &str, rule: &Rule) -> String {
    digest(&format!("{fingerprint}\nkayenta {rule:?}"))
}

/// Sixteen hexadecimal digits that tell a text from others.
pub fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is paid for, a line for each.
fn prices(cost: &CostPlan) -> String {
    let item = |item: &Item| format!("\npaid {:?} {:?} {:?} {:?}", item.name, item.arm, item.usage, item.price);
    let items: String = cost.items.iter().map(item).collect();
    format!("\ncost {:?} {:?} {:?}{items}", cost.currency, cost.traffic, cost.share)
}

/// The rules as a text: one line for each, every number in full.
fn canonical(rules: &Rules) -> String {
    let mut lines = vec![format!("phase {:?}", rules.phase)];
    lines.extend(rules.metrics.iter().map(|(name, m)| format!("metric {name:?} {}", metric(m))));
    lines.extend(rules.criteria.iter().map(criterion));
    if let Some(traffic) = &rules.traffic {
        lines.push(format!("traffic {:?} {:?} {:?}", traffic.share, traffic.metric, traffic.on_mismatch));
    }
    match rules.looks {
        Looks::Once => {}
        Looks::Planned { soak, every } => {
            lines.push(format!("soak {} {:?}", soak.as_millis(), every.map(|every| every.as_millis())));
        }
        Looks::Open => lines.push("open".into()),
    }
    lines.extend(rules.not_judged.iter().map(|one| format!("not judged {:?} {:?}", one.what, one.gravity)));
    if rules.policy.mix == MixDecides::Adjusted {
        lines.push("mix adjusted".into());
    }
    if rules.policy.one_bad_instance == OneBad::Fail {
        lines.push("one bad instance fails".into());
    }
    lines.extend(rules.signatures.iter().map(|(name, rule)| format!("signatures {name:?} {rule:?}")));
    lines.push(policy(&rules.policy));
    lines.join("\n")
}

fn metric(metric: &Metric) -> String {
    let unit = match &metric.unit {
        Unit::Share => "share".to_owned(),
        Unit::Milliseconds => "ms".to_owned(),
        Unit::Bytes => "B".to_owned(),
        Unit::Percent => "%".to_owned(),
        Unit::PerSecond => "/s".to_owned(),
        Unit::Per(exposure) => format!("per {exposure:?}"),
        Unit::Plain(name) => format!("plain {name:?}"),
        // what no metric is measured in
        Unit::Change { of, per } => format!("{of:?} in {}", per.as_millis()),
    };
    let kind = match &metric.kind {
        Kind::BadShare => "bad".to_owned(),
        Kind::GoodShare => "good".to_owned(),
        Kind::PartShare => "part".to_owned(),
        Kind::Events => "events".to_owned(),
        Kind::Values => "values".to_owned(),
        Kind::Gauge { quantile, scale } => format!("gauge {quantile:?} {scale:?}"),
    };
    let by = metric.by.as_ref().map(|by| format!(" by {by:?}")).unwrap_or_default();
    format!("{unit} {kind} {:?}{by}", metric.history)
}

fn criterion(c: &Criterion) -> String {
    let role = if c.role == Role::Guardrail { " guardrail" } else { "" };
    format!(
        "criterion {:?} {:?} {:?} pass {} fail {} {:?} {:?} {:?} {:?} {:?}{role}",
        c.name,
        c.metric,
        c.statistic,
        bound(c.pass.as_ref()),
        bound(c.fail.as_ref()),
        c.rule,
        c.severity,
        c.weight,
        c.group,
        c.family
    )
}

fn bound(bound: Option<&Bound>) -> String {
    let Some(Bound { side, strict, limit, per }) = bound else { return "none".into() };
    let limit = match limit {
        Limit::Threshold(value) => format!("{value:?}"),
        Limit::Margin { relative, absolute } => format!("baseline {relative:?} {absolute:?}"),
    };
    format!("{side:?} {strict} {limit} {:?}", per.map(|per| per.as_millis()))
}

fn policy(p: &Policy) -> String {
    let zone = p.zone.as_ref().and_then(|zone| zone.iana_name()).map(|zone| format!(" {zone}")).unwrap_or_default();
    format!(
        "policy {:?} {} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?}{zone}",
        p.level,
        p.warmup.as_millis(),
        p.min_coverage,
        p.min_steps,
        p.min_excess,
        p.silent,
        p.score.map(|score| (score.pass, score.marginal)),
        p.min_soak.map(|soak| soak.as_millis()),
        p.roll_back_to,
        p.promote_to
    )
}
