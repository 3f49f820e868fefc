//! Two arms with another mix of requests: what is compared at the baseline's mix, and when that may decide.
//!
//! A canary that gets more of the slow routes looks slow, and one that gets fewer of them looks well. If the mixes differ,
//! each comparison is made once more of a sample of the canary's requests that has the baseline's mix ([`thin`]), and with
//! `mix: adjust` that one decides. It must never pass a canary that it should not. So it decides only if
//!
//! - both arms have the slices, and enough of the canary is left;
//! - no slice is worse by itself: a fault that ends sessions or makes clients try again changes the mix;
//! - the difference was there from the first step on and does not grow;
//! - no dimension looks like an outcome (a status), for that is what is judged;
//! - the canary gets its share of the traffic. If nobody says which share that is, the adjusted comparison makes a Warn at best
//!   of what does not pass as it came.
//!
//! Otherwise the plain one decides, and a Pass of it that does not hold at the baseline's mix is a Warn.

use super::rules::{Criterion, MixDecides, Rule, Rules, TRAFFIC_SHARE};
use super::slices::{self, called};
use super::verdict::{Finding, Mixed, Outcome, Reason};
use super::words;
use crate::localise::mix::{self, Mix};
use crate::localise::thin::{self, Sampler};
use crate::localise::{Question, Slice};
use crate::series::{Dataset, Pair, Series, Slices};

/// So much of an arm may be in slices that the other does not have.
const UNMATCHED: f64 = 0.01;
/// So much of the canary must be left at the baseline's mix.
const LEAST_KEPT: f64 = 0.2;
/// A slice with so many bad requests says how requests went, not which they were.
const OUTCOME: f64 = 0.5;
/// Slices with fewer requests in an arm say nothing of that.
const FEW: f64 = 20.0;
/// Words in names of columns that say how a request went.
const OUTCOMES: [&str; 8] = ["status", "code", "error", "result", "outcome", "success", "exception", "timeout"];

/// Compares each criterion whose metric has slices at an equal mix, if the mixes differ; `again` judges it in other data.
pub(super) fn judge(
    rules: &Rules,
    data: &Dataset,
    findings: &mut [Finding],
    again: impl Fn(&Criterion, &Dataset) -> Finding,
) -> Vec<Mixed> {
    let mut told: Vec<Mixed> = Vec::new();
    for (metric, slices) in &data.slices {
        let criteria: Vec<&Criterion> = slices::localised(rules, data)
            .into_iter()
            .chain(&rules.criteria)
            .filter(|criterion| criterion.metric == *metric && criterion.compares())
            .collect();
        let Some(first) = criteria.first() else { continue };
        let Some(parts) = slices::parts(rules, first, data, slices) else { continue };
        let Some(mix) = mix::compare(&parts) else { continue };
        if !mix.differs {
            told.push(Mixed { says: level(&mix, &slices.dimensions), ..of(metric, slices, &parts, mix) });
            continue;
        }
        let obstacles = obstacles(rules, data, (slices, &parts), &mix, findings);
        let adjusted = adjusted(data, metric, slices, &mix);
        let said = differ(&mix, &slices.dimensions);
        let is_share_checked =
            findings.iter().any(|finding| finding.criterion == TRAFFIC_SHARE && finding.outcome == Outcome::Pass);
        let scene = Scene { rules, obstacles: &obstacles, said: &said, is_share_checked };
        let compares = |finding: &&mut Finding| finding.metric == *metric;
        for finding in findings.iter_mut().filter(compares) {
            let compared = |one: &&Criterion| one.compares() && one.rule == Rule::Interval;
            let criterion = rules.criteria.iter().filter(compared).find(|one| one.name == finding.criterion);
            let at_equal = criterion.zip(adjusted.as_ref()).map(|(criterion, data)| again(criterion, data));
            if criterion.is_some() {
                scene.decide(finding, at_equal);
            }
        }
        let decides = rules.policy.mix == MixDecides::Adjusted && obstacles.is_empty() && adjusted.is_some();
        told.push(Mixed { says: said, obstacles, is_adjusted: decides, ..of(metric, slices, &parts, mix) });
    }
    told
}

fn of(metric: &str, slices: &Slices, parts: &[Slice], mix: Mix) -> Mixed {
    let (metric, dimensions) = (metric.to_owned(), slices.dimensions.clone());
    let rates = mix::rates(parts).filter(|_| parts.iter().all(|slice| slice.times.is_none()));
    Mixed { metric, dimensions, mix, rates, says: String::new(), obstacles: Vec::new(), is_adjusted: false }
}

/// The dataset with the metric's canary at the baseline's mix.
fn adjusted(data: &Dataset, metric: &str, slices: &Slices, mix: &Mix) -> Option<Dataset> {
    let pair = data.metrics.get(metric)?;
    let names: std::collections::BTreeSet<&String> =
        slices.parts.baseline.keys().chain(slices.parts.canary.keys()).collect();
    let mut sampler = Sampler::default();
    let kept = names.into_iter().zip(&mix.weights).filter_map(|(name, weight)| {
        let series = slices.parts.canary.get(name)?;
        sampler.thin(series, *weight)
    });
    let kept: Vec<Series> = kept.collect();
    let canary = thin::sum(&kept)?;
    let mut data = data.clone();
    data.metrics.insert(metric.to_owned(), Pair { baseline: pair.baseline.clone(), canary });
    data.instances.remove(metric);
    Some(data)
}

/// Why the comparison at the baseline's mix may not decide.
fn obstacles(
    rules: &Rules,
    data: &Dataset,
    (slices, parts): (&Slices, &[Slice]),
    mix: &Mix,
    findings: &[Finding],
) -> Vec<String> {
    let share = |value: f64| words::quantity(value, &super::rules::Unit::Share);
    let mut found = Vec::new();
    if mix.unmatched.0 > UNMATCHED {
        let of = share(mix.unmatched.0);
        found.push(format!("{of} of the canary's requests are in slices that the baseline does not have"));
    }
    if mix.unmatched.1 > UNMATCHED {
        let of = share(mix.unmatched.1);
        found.push(format!("{of} of the baseline's requests are in slices that the canary does not have"));
    }
    if mix.kept < LEAST_KEPT {
        found.push(format!("at the baseline's mix only {} of the canary's requests would be left", share(mix.kept)));
    }
    if mix.drifts {
        found.push("the difference of the mixes changes inside the window, as it does if the canary causes it".into());
    }
    found.extend(outcome_like(slices, parts));
    found.extend(worse(rules, data));
    let mismatch = |finding: &&Finding| finding.criterion == TRAFFIC_SHARE && finding.reason == Reason::ShareMismatch;
    if findings.iter().any(|finding| mismatch(&finding)) {
        found.push("the canary does not get its share of the traffic, as it does not if clients try again".into());
    }
    found
}

/// A dimension that says how requests went.
fn outcome_like(slices: &Slices, parts: &[Slice]) -> Option<String> {
    let by_name = slices.dimensions.iter().find(|name| {
        let name = name.to_lowercase();
        OUTCOMES.iter().any(|word| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word))
    });
    if let Some(name) = by_name {
        return Some(format!("`{name}` says how a request went, which is what is judged"));
    }
    let sums = |slice: &Slice| {
        let sum = |of: fn(&crate::stats::counts::CountStep) -> f64| slice.steps.iter().map(of).sum::<f64>();
        [
            (sum(|step| step.baseline_total), sum(|step| step.baseline as f64)),
            (sum(|step| step.canary_total), sum(|step| step.canary as f64)),
        ]
    };
    let is_quantile = parts.iter().any(|slice| slice.times.is_some());
    let is_outcome = |slice: &&Slice| sums(slice).iter().any(|(total, bad)| *total >= FEW && *bad >= OUTCOME * total);
    let found = parts.iter().filter(|_| !is_quantile).find(|slice| is_outcome(slice))?;
    let values: Vec<Option<String>> = found.values.iter().cloned().map(Some).collect();
    Some(format!("most requests of {} are bad: that slice may say how a request went", called(&values)))
}

/// A slice that is worse by itself, of any metric.
fn worse(rules: &Rules, data: &Dataset) -> Option<String> {
    let criteria = slices::localised(rules, data);
    let chance = (1.0 - rules.policy.level) / criteria.len().max(1) as f64;
    criteria.into_iter().find_map(|criterion| {
        let parts = slices::parts(rules, criterion, data, data.slices.get(&criterion.metric)?)?;
        let quantile = match criterion.statistic {
            super::rules::Statistic::Quantile(q) => Some(q),
            _ => None,
        };
        let found = crate::localise::name(&Question { slices: &parts, quantile, chance, least: 1.0 });
        let named = found.named.first()?;
        let (slice, metric) = (called(&named.values), &criterion.metric);
        Some(format!("{slice} is worse by itself in {metric}: a fault can change the mix"))
    })
}

/// What is known while the findings of a metric are decided.
struct Scene<'a> {
    rules: &'a Rules,
    obstacles: &'a [String],
    said: &'a str,
    /// Whether it was checked that the canary gets the traffic that it should.
    is_share_checked: bool,
}

impl Scene<'_> {
    /// Lets the plain finding or that at an equal mix decide.
    fn decide(&self, plain: &mut Finding, at_equal: Option<Finding>) {
        let Some(at_equal) = at_equal else {
            plain.notes.push(format!("{}: at an equal mix nothing can be compared", self.said));
            return self.doubt(plain);
        };
        let (before, after) = (effect(plain), effect(&at_equal));
        let both = format!("{}: {before} as it came, {after} at the baseline's mix", self.said);
        match self.rules.policy.mix {
            MixDecides::Plain => plain.notes.push(format!("{both}; the plain one decides (`mix: tell`)")),
            MixDecides::Adjusted if !self.obstacles.is_empty() => {
                let why = self.obstacles.join("; ");
                plain.notes.push(format!("{both}; the plain one decides, because {why}"));
                if at_equal.outcome != Outcome::Pass {
                    self.doubt(plain);
                }
            }
            MixDecides::Adjusted => {
                let is_better = at_equal.outcome < plain.outcome;
                let unchecked = is_better && !self.is_share_checked;
                let notes = std::mem::take(&mut plain.notes);
                *plain = Finding { notes, ..at_equal };
                plain.sentence = format!("At the baseline's mix: {}", plain.sentence);
                plain.notes.push(format!("{both}, which decides"));
                if unchecked && plain.outcome == Outcome::Pass {
                    (plain.outcome, plain.reason) = (Outcome::Warn, Reason::SuspectData);
                    plain.notes.push(
                        "a canary that changes the mix itself would look the same: write its share as `traffic: { canary: … }`, \
                         and a share that is as expected lets this pass"
                            .into(),
                    );
                }
            }
        }
    }

    /// A Pass that may rest on the mix is a Warn.
    fn doubt(&self, plain: &mut Finding) {
        if self.rules.policy.mix == MixDecides::Adjusted && plain.outcome == Outcome::Pass {
            (plain.outcome, plain.reason) = (Outcome::Warn, Reason::SuspectData);
        }
    }
}

/// The effect of a finding in words.
fn effect(finding: &Finding) -> String {
    use super::verdict::EffectKind;
    let effect = finding.evidence.effect.and_then(|effect| Some((effect.kind, effect.estimate?)));
    match effect {
        Some((EffectKind::Ratio, ratio)) => format!("{:+.1} %", 100.0 * (ratio - 1.0)),
        Some((kind, by)) => {
            let unit = finding.evidence.unit.clone().unwrap_or(super::rules::Unit::Plain(String::new()));
            words::change(by, kind, &unit)
        }
        None => "unknown".into(),
    }
}

/// `another mix of route × region: /checkout is 22 % of the canary's requests and 11 % of the baseline's`.
fn differ(mix: &Mix, dimensions: &[String]) -> String {
    let share = |value: f64| words::quantity(value, &super::rules::Unit::Share);
    let shift = mix.shifts.first().map(|shift| {
        let (slice, canary, baseline) = (called(&shift.values), share(shift.shares.1), share(shift.shares.0));
        format!(": {slice} is {canary} of the canary's requests and {baseline} of the baseline's")
    });
    format!("the arms have another mix of {}{}", dimensions.join(" × "), shift.unwrap_or_default())
}

fn level(mix: &Mix, dimensions: &[String]) -> String {
    let moved = words::quantity(mix.distance, &super::rules::Unit::Share);
    format!(
        "both arms have the same mix of {}, as far as can be told ({moved} of the traffic is elsewhere)",
        dimensions.join(" × ")
    )
}
