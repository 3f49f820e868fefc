//! No interval is wider than the data allow a person to believe.
//!
//! What a row shows (the steps since a later start, where a Fail rests on them) must not contain both half and double of its
//! estimate, where the data allow to know better. They do if every arm that is compared has:
//!
//! - 12 steps of a number per step; or 1,000 requests, and 100 of those that are counted (bad ones, the slow ones beyond a
//!   percentile). Of five errors among 10,000 requests nobody knows the rate to a factor of two;
//! - a spread under 20 % of its mean: the standard deviation of the steps about two levels, one before and one after the
//!   break that fits best, so that a shift is no spread. Of a rate, without what chance alone adds to so few requests a step;
//!   a rate whose steps differ by more than that is noisy, whatever the sum of its events.

use std::fs;

use davy::report::document::{Document, EffectKind, Evidence, Finding, Number, RuleKind, Trace};
use davy::series::Timestamp;

use crate::recordings::cases;

const STEPS: f64 = 12.0;
const REQUESTS: f64 = 1_000.0;
const EVENTS: f64 = 100.0;
const SPREAD: f64 = 0.2;

fn recorded() -> Vec<(String, Document)> {
    let read = |case: std::path::PathBuf| {
        let text = fs::read_to_string(case.join("verdict.json")).unwrap();
        (case.file_name().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
    };
    cases().into_iter().map(read).collect()
}

/// The variance of the points about one level, or about two, and their mean.
fn variance(points: &[f64], levels: usize) -> Option<(f64, f64)> {
    if points.len() < 4 {
        return None;
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let squares = |part: &[f64]| {
        let level = mean(part);
        part.iter().map(|v| (v - level).powi(2)).sum::<f64>()
    };
    let breaks = (2..points.len() - 1).map(|at| squares(&points[..at]) + squares(&points[at..]));
    let least = if levels == 1 { squares(points) } else { breaks.fold(f64::INFINITY, f64::min) };
    Some((least / (points.len() - levels) as f64, mean(points)))
}

/// Whether an arm's data let a person know its level to a factor of two.
fn allows(document: &Document, finding: &Finding, trace: &Trace, arm: &str) -> bool {
    let evidence = &finding.evidence;
    let (points, n, bad) = match arm {
        "baseline" => (&trace.steps.baseline, evidence.n.baseline, evidence.bad.as_ref().map(|bad| bad.baseline)),
        _ => (&trace.steps.canary, evidence.n.canary, evidence.bad.as_ref().map(|bad| bad.canary)),
    };
    let step = document.step_seconds.map_or(f64::NAN, Number::get);
    let place = |seconds: f64| ((seconds / step) as usize).min(points.len());
    let soak = document.look.as_ref().and_then(|look| look.soak_seconds);
    let (warm, end) = (document.warmup_steps as usize, soak.map_or(points.len(), |soak| place(soak.get())));
    let since = evidence.since.as_ref().map(|since| {
        let [at, start] = [&since.at, &document.arms.canary.window.start].map(|t| t.parse::<Timestamp>().unwrap());
        place(at.duration_since(start).as_secs_f64())
    });
    let known: Vec<f64> = points[since.unwrap_or(warm)..end].iter().flatten().map(|point| point.get()).collect();
    let share = (end - since.unwrap_or(warm)) as f64 / (end - warm) as f64;
    let n = n.map_or(0.0, Number::get) * share;
    let Some((variance, mean)) = variance(&known, if since.is_some() { 1 } else { 2 }) else { return false };
    let (enough, chance) = match (evidence.n_of.as_str(), bad) {
        ("steps", _) => (n >= STEPS, 0.0),
        ("trials", Some(bad)) => {
            let fewer = (bad as f64 * share).min(n - bad as f64 * share);
            (n >= REQUESTS && fewer >= EVENTS, mean * (1.0 - mean) * known.len() as f64 / n)
        }
        ("trials", None) => {
            let percent: f64 = finding.statistic.trim_start_matches('p').parse().unwrap();
            (n >= REQUESTS && n * (1.0 - percent / 100.0) >= EVENTS, 0.0)
        }
        (_, bad) => (bad.is_some_and(|bad| bad as f64 * share >= EVENTS), 0.0),
    };
    enough && mean > 0.0 && (variance - chance).max(0.0).sqrt() < SPREAD * mean
}

/// Whether what a row shows contains both half and double of its estimate.
fn is_wide(evidence: &Evidence) -> bool {
    let since = evidence.since.as_ref();
    let effect = since.map_or(evidence.effect.as_ref(), |since| Some(&since.effect)).unwrap();
    let arms = since.map_or(&evidence.estimate, |since| &since.estimate);
    let [baseline, canary] = [arms.baseline, arms.canary].map(|value| value.map_or(f64::NAN, Number::get));
    let (low, high) =
        (effect.low.map_or(f64::NEG_INFINITY, Number::get), effect.high.map_or(f64::INFINITY, Number::get));
    let (low, estimate, high) = match effect.kind {
        EffectKind::Difference => (baseline + low, canary, baseline + high),
        _ => (low, effect.estimate.map_or(f64::NAN, Number::get), high),
    };
    low <= estimate / 2.0 && high >= 2.0 * estimate
}

/// The findings whose data allow to know better, with whether their intervals are believable.
fn asked<'d>(document: &'d Document) -> impl Iterator<Item = (&'d Finding, bool)> {
    let known = |finding: &'d Finding| {
        let trace = document.traces.iter().find(|trace| trace.metric == finding.metric)?;
        let effect = finding.evidence.effect.as_ref().filter(|_| finding.rule.kind == RuleKind::Interval)?;
        let arms: &[&str] = if effect.kind == EffectKind::Level { &["canary"] } else { &["baseline", "canary"] };
        let own = finding.evidence.method.as_deref() != Some("traffic_share");
        (own && arms.iter().all(|arm| allows(document, finding, trace, arm)))
            .then(|| (finding, !is_wide(&finding.evidence)))
    };
    document.findings.iter().filter_map(known)
}

#[test]
fn no_interval_is_wider_than_a_person_believes() {
    let (mut count, mut wide) = (0, Vec::new());
    for (case, document) in recorded() {
        for (finding, is_believable) in asked(&document) {
            count += 1;
            if !is_believable {
                wide.push(format!("{case}: {} {:?}", finding.criterion, finding.evidence.effect));
            }
        }
    }
    assert!(count >= 130, "only {count} intervals are of data that allow to know better");
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn an_interval_that_is_wider_is_found() {
    for (_, mut document) in recorded() {
        let before = asked(&document).count();
        for finding in &mut document.findings {
            finding.evidence.since = None;
            if let Some(effect) = &mut finding.evidence.effect {
                (effect.low, effect.high) = (Number::new(-1e6), None);
            }
        }
        let after: Vec<bool> = asked(&document).map(|(_, is_believable)| is_believable).collect();
        assert!(after.len() >= before / 2 && after.iter().all(|is_believable| !is_believable));
    }
}
