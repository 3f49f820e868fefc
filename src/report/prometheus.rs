//! The verdict as metrics of its own, in Prometheus' text format (0.0.4): for a node exporter's textfile collector, or to push.
//!
//! Prometheus refuses a whole file for one series that comes twice, so criteria of one name are told apart by a number. Values are
//! in base units as its conventions ask, and `unit` says which; what is not known has no series.

use std::collections::BTreeSet;

use super::decided;
use super::document::{Arms, Document, EffectKind, Finding, Number, Outcome, UnitName};
use super::prose::{cut, plain};
use super::words::term;
use crate::judge::rules::Unit;
use crate::series::Timestamp;

const LONGEST_LABEL: usize = 200;
const OUTCOMES: [Outcome; 4] = [Outcome::Pass, Outcome::Warn, Outcome::Inconclusive, Outcome::Fail];

type Labels = Vec<(&'static str, String)>;

/// The metrics, each with its help and type.
pub fn render(document: &Document) -> String {
    let decided = decided::with_own(document);
    let document = decided.as_ref();
    let about = vec![("comparison", document.name.clone()), ("phase", document.phase.clone().unwrap_or_default())];
    let findings = distinct(document, &about);
    let mut page = Page { text: String::new() };
    let of = |outcome: Outcome, labels: &Labels| {
        let one =
            |one: Outcome| (with(labels, [("outcome", term(&one))]), Number::new(f64::from(u8::from(one == outcome))));
        OUTCOMES.map(one)
    };
    page.family("davy_verdict", "Whether the verdict is this outcome.", of(document.outcome, &about));
    let each = findings
        .iter()
        .flat_map(|(labels, finding)| of(finding.outcome, &with(labels, [("severity", term(&finding.severity))])));
    page.family("davy_finding", "Whether the finding of this criterion is this outcome.", each);
    let limited = [Outcome::Pass, Outcome::Warn, Outcome::Inconclusive].map(|at_best| {
        let n = document.not_judged.iter().filter(|one| one.at_best == at_best).count();
        (with(&about, [("at_best", term(&at_best))]), Number::new(n as f64).filter(|_| n > 0))
    });
    page.family("davy_not_judged", "How many things no criterion judges, by the best outcome without them.", limited);
    let arms = |read: fn(&Finding) -> Arms<Option<Number>>, more: fn(&Finding) -> Labels| {
        let each = findings.iter().flat_map(move |(labels, finding)| {
            let arm = |(arm, value): (&str, &Option<Number>)| {
                (with(labels, more(finding).into_iter().chain([("arm", arm.to_string())])), *value)
            };
            read(finding).named().map(arm)
        });
        each.collect::<Vec<_>>()
    };
    let estimates = arms(estimates, |finding| vec![("unit", base(&finding.evidence.unit).1)]);
    page.family("davy_estimate", "The statistic of the criterion in each arm, in the unit that is named.", estimates);
    effects(&mut page, &findings);
    let samples = arms(|finding| finding.evidence.n.clone(), |finding| vec![("of", finding.evidence.n_of.clone())]);
    page.family("davy_samples", "The size of the sample in each arm.", samples);
    let coverage = arms(|finding| finding.evidence.coverage.clone(), |_| Vec::new());
    page.family(
        "davy_coverage",
        "The share of the elapsed steps in which the arm was measured, from 0 to 1.",
        coverage,
    );
    page.family("davy_score", "The weighted score, from 0 to 100.", [(about.clone(), document.score.total)]);
    let end = document.arms.canary.window.end.parse::<Timestamp>().ok();
    let end = end.and_then(|end| Number::new(end.as_millisecond() as f64 / 1000.0));
    page.family("davy_judged_timestamp_seconds", "Up to when the canary was judged.", [(about, end)]);
    page.text
}

/// The effect, its interval and its limits, on the scale of the effect.
fn effects(page: &mut Page, findings: &[(Labels, &Finding)]) {
    let scaled = |value: fn(&Finding) -> Option<Number>, more: Option<&'static str>| {
        let each = findings.iter().map(move |(labels, finding)| {
            let (kind, unit, factor) = scale(finding);
            let limit = more.map(|limit| ("outcome", limit.to_string()));
            let value = value(finding).and_then(|value| Number::new(value.get() * factor));
            (with(labels, [("kind", kind), ("unit", unit)].into_iter().chain(limit)), value)
        });
        each.collect::<Vec<_>>()
    };
    page.family(
        "davy_effect",
        "What was compared with the limits: the canary's level, its ratio to the baseline, or the difference.",
        scaled(|finding| finding.evidence.effect.as_ref()?.estimate, None),
    );
    let low = scaled(|finding| finding.evidence.effect.as_ref()?.low, None);
    page.family("davy_effect_low", "The lower end of the effect's interval.", low);
    let high = scaled(|finding| finding.evidence.effect.as_ref()?.high, None);
    page.family("davy_effect_high", "The upper end of the effect's interval.", high);
    let mut limits = scaled(|finding| finding.evidence.pass_limit, Some("pass"));
    limits.extend(scaled(|finding| finding.evidence.fail_limit, Some("fail")));
    page.family("davy_limit", "The limit to pass or to fail, on the scale of the effect.", limits);
}

/// The findings with labels that no other has.
fn distinct<'a>(document: &'a Document, about: &Labels) -> Vec<(Labels, &'a Finding)> {
    let mut taken = BTreeSet::new();
    let named = document.findings.iter().map(|finding| {
        let name = label(&finding.criterion);
        let mut candidates = (2..).map(|number: u64| format!("{name} #{number}").trim().to_string());
        let mut unique = name.clone();
        while !taken.insert(unique.clone()) {
            unique = candidates.next().unwrap_or_default();
        }
        (with(about, [("criterion", unique), ("metric", finding.metric.clone())]), finding)
    });
    named.collect()
}

fn with(labels: &Labels, more: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    labels.iter().cloned().chain(more).collect()
}

fn estimates(finding: &Finding) -> Arms<Option<Number>> {
    let (factor, _) = base(&finding.evidence.unit);
    let scaled = |value: Option<Number>| value.and_then(|value| Number::new(value.get() * factor));
    let estimate = &finding.evidence.estimate;
    Arms { baseline: scaled(estimate.baseline), canary: scaled(estimate.canary) }
}

/// The kind of effect, its unit, and by what to multiply it.
fn scale(finding: &Finding) -> (String, String, f64) {
    let kind = finding.evidence.effect.as_ref().map_or(EffectKind::Level, |effect| effect.kind);
    let (factor, unit) = base(&finding.evidence.unit);
    if kind == EffectKind::Ratio { (term(&kind), "ratio".into(), 1.0) } else { (term(&kind), unit, factor) }
}

/// By what a number is multiplied to be in its base unit, and that unit.
fn base(unit: &Option<UnitName>) -> (f64, String) {
    match unit.as_ref().map(Unit::from) {
        Some(Unit::Change { of, per }) => {
            let (factor, name) = base(&Some(UnitName::from(&*of)));
            (factor / per.as_secs_f64(), format!("{name}_per_second").trim_start_matches('_').to_owned())
        }
        Some(Unit::Milliseconds) => (1e-3, "seconds".into()),
        Some(Unit::Share) => (1.0, "ratio".into()),
        Some(Unit::Percent) => (1e-2, "ratio".into()),
        Some(Unit::Bytes) => (1.0, "bytes".into()),
        Some(Unit::PerSecond) => (1.0, "per_second".into()),
        Some(Unit::Per(exposure)) => (1.0, format!("per_{exposure}")),
        Some(Unit::Plain(name)) => (1.0, name),
        None => (1.0, String::new()),
    }
}

/// A label's value: plain, and no longer than a name should be.
fn label(value: &str) -> String {
    cut(&plain(value), LONGEST_LABEL)
}

struct Page {
    text: String,
}

impl Page {
    /// A metric with its series; those without a value are left out, and so is a metric without any.
    fn family(&mut self, name: &str, help: &str, series: impl IntoIterator<Item = (Labels, Option<Number>)>) {
        let mut lines = String::new();
        for (labels, value) in series {
            let Some(value) = value.and_then(|value| serde_json::to_string(&value).ok()) else { continue };
            let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
            lines.push_str(&format!("{name}{{{}}} {value}\n", labels.collect::<Vec<_>>().join(",")));
        }
        if !lines.is_empty() {
            self.text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{lines}"));
        }
    }
}

fn escape(value: &str) -> String {
    // the number that tells a name from its like stands beyond the cut
    cut(&plain(value), LONGEST_LABEL + 24).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
