//! Two arms with another mix of requests: what is compared at the baseline's mix, and when that may decide.
//!
//! A canary that gets more of the slow routes looks slow, and one that gets fewer of them looks well. If the mixes differ,
//! each comparison is made once more of a sample of the canary's requests that has the baseline's mix ([`thin`]), and with
//! `mix: adjust` that one decides. It must never pass a canary that it should not. So it decides only if
//!
//! - both arms have the slices with enough requests, and enough of the canary is left;
//! - no slice is worse by itself in any rate: a fault that ends sessions or makes clients try again changes the mix;
//! - the difference was there from the first step on and does not grow;
//! - no dimension looks like an outcome (a status), for that is what is judged;
//! - the canary gets its share of the traffic, which excludes that it added or lost the requests by which the mixes differ.
//!   Unless that was checked, the adjusted comparison makes a Warn at best of what does not pass as it came.
//!
//! Otherwise the plain one decides, and a Pass of it that does not hold at the baseline's mix is a Warn: with `mix: adjust` if the
//! sample does not pass, with `mix: tell` if it fails. A plain Fail gives way to nothing but a Pass at an equal mix.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::requests::Ordered;
use super::rules::{Criterion, Kind, MixDecides, Rule, Rules, Side, TRAFFIC_SHARE, Unit};
use super::slices::{self, Known, called};
use super::verdict::{AtEqualMix, EffectKind, Finding, Mixed, Outcome, Reason};
use super::words;
use crate::localise::mix::{self, Mix};
use crate::localise::thin::{self, Sampler};
use crate::localise::{self, Question, Slice};
use crate::series::{Dataset, Pair, Series, Slices};
use davy_stats::counts::CountStep;

/// So much of an arm may be in slices that the other does not have.
const UNMATCHED: f64 = 0.01;
/// Thin slices may hold so much of the other arm's requests, and of the canary's bad ones.
const THIN: (f64, f64) = (0.01, 0.02);
/// The requests whose share is checked are those of a metric, if their numbers differ by no more than this.
const SAME: f64 = 0.01;
/// So much of the canary must be left at the baseline's mix.
const LEAST_KEPT: f64 = 0.2;
/// A slice with so many bad requests says how requests went, not which they were.
const OUTCOME: f64 = 0.5;
/// Slices with fewer requests in an arm say nothing of that.
const FEW: f64 = 20.0;
/// Words in names of columns that say how a request went.
const OUTCOMES: [&str; 12] = [
    "status",
    "error",
    "errors",
    "result",
    "outcome",
    "success",
    "failed",
    "failure",
    "exception",
    "timeout",
    "exit",
    "errno",
];
/// With one of these, or alone, `code` says so too; a `country_code` does not.
const CODES: [&str; 8] = ["status", "http", "grpc", "error", "exit", "response", "return", "result"];

/// Compares each criterion whose metric has slices at an equal mix, if the mixes differ; `again` judges it in other data.
pub(super) fn judge(
    known: &Known,
    findings: &mut [Finding],
    again: impl Fn(&Criterion, &Dataset, &Ordered) -> Finding,
) -> Vec<Mixed> {
    let Known { rules, data, .. } = *known;
    let localised = slices::localised(rules, data);
    let worse = LazyCell::new(|| worse(known, &localised));
    let mut told: Vec<Mixed> = Vec::new();
    for (metric, slices) in &data.slices {
        let own = rules.criteria.iter().filter(|criterion| criterion.metric == *metric && criterion.compares());
        let mut criteria: Vec<&Criterion> = own.collect();
        criteria.sort_by_key(|criterion| !localised.iter().any(|first| first.name == criterion.name));
        let Some(parts) = criteria.first().and_then(|first| known.parts(first)) else { continue };
        let Some(mix) = mix::compare(&parts) else { continue };
        if !mix.differs {
            told.push(Mixed { says: level(&mix, &slices.dimensions), ..of(metric, slices, &parts, mix) });
            continue;
        }
        let mut obstacles = obstacles(&mix);
        obstacles.extend(outcome_like(known, slices));
        obstacles.extend(worse.clone());
        obstacles.extend(mismatch(findings));
        obstacles.extend(thin_ones(known, &criteria));
        let thin = mix::thin_ones(&parts, None).requests;
        let (is_reached, is_even) = (thin.0 <= THIN.0, thin.0.max(thin.1) <= THIN.0);
        let adjusted = adjusted(data, metric, slices, &mix);
        let (said, ordered) = (differ(&mix, &slices.dimensions), Ordered::new(rules));
        let is_share_checked = findings.iter().any(|finding| is_checked(rules, finding, &parts, &mix));
        let scene = Scene { rules, obstacles: &obstacles, said: &said, is_reached, is_even, is_share_checked };
        let compares = |one: &Criterion| one.metric == *metric && one.compares() && one.rule == Rule::Interval;
        let mut effects = Vec::new();
        // findings of criteria come first, in their order
        for (criterion, finding) in rules.criteria.iter().zip(findings.iter_mut()).filter(|(one, _)| compares(one)) {
            let at_equal = adjusted.as_ref().map(|data| again(criterion, data, &ordered));
            let even = at_equal.as_ref().filter(|_| is_even).and_then(|finding| finding.evidence.effect);
            effects.push(AtEqualMix {
                criterion: criterion.name.clone(),
                statistic: criterion.statistic,
                as_it_came: finding.evidence.effect,
                at_equal_mix: even,
            });
            scene.decide(finding, at_equal);
        }
        let decides = rules.policy.mix == MixDecides::Adjusted && obstacles.is_empty() && adjusted.is_some();
        told.push(Mixed { says: said, obstacles, is_adjusted: decides, effects, ..of(metric, slices, &parts, mix) });
    }
    told
}

fn of(metric: &str, slices: &Slices, parts: &[Slice], mix: Mix) -> Mixed {
    let (metric, dimensions) = (metric.to_owned(), slices.dimensions.clone());
    let rates = mix::rates(parts).filter(|_| parts.iter().all(|slice| slice.times.is_none()));
    let (says, obstacles, effects) = (String::new(), Vec::new(), Vec::new());
    Mixed { metric, dimensions, mix, rates, says, obstacles, is_adjusted: false, effects }
}

/// The metric with its canary at the baseline's mix. Counts and requests are judged by nothing else of a dataset than is here.
fn adjusted(data: &Dataset, metric: &str, slices: &Slices, mix: &Mix) -> Option<Dataset> {
    let pair = data.metrics.get(metric)?;
    let mut sampler = Sampler::default();
    let kept = slices::names(slices).into_iter().zip(&mix.weights).filter_map(|(name, weight)| {
        let series = slices.parts.canary.get(name)?;
        sampler.thin(series, *weight)
    });
    let kept: Vec<Series> = kept.collect();
    let canary = thin::sum(&kept)?;
    let metrics = BTreeMap::from([(metric.to_owned(), Pair { baseline: pair.baseline.clone(), canary })]);
    let (steps, lost, remarks) = (data.steps.clone(), data.lost.clone(), data.remarks.clone());
    Some(Dataset { steps, metrics, lost, remarks, ..Dataset::new(data.windows, data.step) })
}

fn share(value: f64) -> String {
    words::quantity(value, &Unit::Share)
}

/// Why the comparison at the baseline's mix may not decide, by the mixes alone.
fn obstacles(mix: &Mix) -> Vec<String> {
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
    found
}

/// A canary that does not get the traffic that it should.
fn mismatch(findings: &[Finding]) -> Option<String> {
    let mismatch = |finding: &Finding| finding.criterion == TRAFFIC_SHARE && finding.reason == Reason::ShareMismatch;
    let says = || "the canary does not get its share of the traffic, as it does not if clients try again".into();
    findings.iter().any(mismatch).then(says)
}

/// Slices that no sample brings to the baseline's mix, and that hold too much.
fn thin_ones(known: &Known, criteria: &[&Criterion]) -> Option<String> {
    let least = words::number(mix::LEAST);
    criteria.iter().find_map(|criterion| {
        let parts = known.parts(criterion)?;
        let thin = mix::thin_ones(&parts, slices::quantile(criterion.statistic));
        let requests = thin.requests.0.max(thin.requests.1);
        if requests > THIN.0 {
            let of = share(requests);
            return Some(format!(
                "{of} of an arm's requests are in slices with fewer than {least} requests in the other arm"
            ));
        }
        (thin.bad > THIN.1).then(|| {
            let of = share(thin.bad);
            format!(
                "{of} of the canary's bad or slow requests are in slices with fewer than {least} requests in an arm"
            )
        })
    })
}

/// Whether the canary's share of just these requests is known so well that it did not add or lose those by which the mixes
/// differ.
fn is_checked(rules: &Rules, finding: &Finding, parts: &[Slice], mix: &Mix) -> bool {
    let Some(traffic) = rules.traffic.as_ref().filter(|_| finding.criterion == TRAFFIC_SHARE) else { return false };
    let Some(effect) = finding.evidence.effect.filter(|_| finding.outcome == Outcome::Pass) else { return false };
    let all = parts.iter().fold(CountStep::UNUSABLE, |sum, slice| sum.plus(&slice.sum()));
    let same = |counted: f64, own: f64| (counted - own).abs() <= SAME * own;
    let n = &finding.evidence.n;
    let same_requests = same(n.baseline, all.baseline_total) && same(n.canary, all.canary_total);
    let (lost, added) = mix::shares_by_itself(traffic.share, mix.distance);
    same_requests && lost < effect.low && effect.high < added
}

/// A dimension that says how requests went: by its name, or as any rate of the same slices shows.
fn outcome_like(known: &Known, slices: &Slices) -> Option<String> {
    if let Some(name) = slices.dimensions.iter().find(|name| names_outcome(name)) {
        return Some(format!("`{name}` says how a request went, which is what is judged"));
    }
    let is_outcome = |slice: &&Slice| {
        let sum = slice.sum();
        let arms = [(sum.baseline_total, sum.baseline as f64), (sum.canary_total, sum.canary as f64)];
        arms.iter().any(|(total, bad)| *total >= FEW && *bad >= OUTCOME * total)
    };
    let same = known.data.slices.iter().filter(|(_, other)| other.dimensions == slices.dimensions);
    let found = same
        .flat_map(|(metric, _)| rates(known, metric))
        .find_map(|parts| parts.iter().find(is_outcome).map(|slice| slice.values.clone()))?;
    let values: Vec<Option<String>> = found.into_iter().map(Some).collect();
    Some(format!("most requests of {} are bad: that slice may say how a request went", called(&values)))
}

/// Whether a column's name says how a request went: `status`, `httpCode`, `grpc.status_code`, but not `country_code`.
fn names_outcome(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    let is_code = |word: &String| match word.strip_suffix("code") {
        Some("") => words.len() == 1 || words.iter().any(|other| CODES.contains(&other.as_str())),
        Some(of) => CODES.contains(&of),
        None => false,
    };
    words.iter().any(|word| OUTCOMES.contains(&word.as_str()) || is_code(word))
}

/// The slices of a rate; of one that is neither good nor bad, and that no criterion bounds, with either side as bad.
fn rates(known: &Known, metric: &str) -> Vec<Rc<[Slice]>> {
    let rules = known.rules;
    let kind = rules.metrics.get(metric).map(|metric| &metric.kind);
    let own = rules.criteria.iter().filter(|criterion| criterion.metric == metric);
    let side = own.filter_map(|criterion| criterion.target()).map(|bound| bound.side).next();
    let flipped: &[bool] = match (kind, side) {
        (Some(Kind::BadShare | Kind::GoodShare), _) => &[false],
        (Some(Kind::PartShare), Some(Side::AtMost)) => &[false],
        (Some(Kind::PartShare), Some(Side::AtLeast)) => &[true],
        (Some(Kind::PartShare), None) => &[false, true],
        _ => &[],
    };
    flipped.iter().filter_map(|flipped| known.by(metric, None, *flipped)).collect()
}

/// A metric with its slices and the quantile that is asked of them, if it is one of values.
type Asked<'d> = (&'d String, Rc<[Slice]>, Option<f64>);

/// A slice that is worse by itself: in any rate, whatever is asked of it, or in a quantile that is compared.
fn worse<'d>(known: &Known<'d>, localised: &[&'d Criterion]) -> Option<String> {
    let of_rate = |metric: &'d String| rates(known, metric).into_iter().map(move |parts| (metric, parts, None));
    let mut questions: Vec<Asked> = known.data.slices.keys().flat_map(of_rate).collect();
    for criterion in localised {
        let Some(q) = slices::quantile(criterion.statistic) else { continue };
        questions.extend(known.parts(criterion).map(|parts| (&criterion.metric, parts, Some(q))));
    }
    let chance = (1.0 - known.rules.policy.level) / questions.len().max(1) as f64;
    questions.iter().find_map(|(metric, slices, quantile)| {
        let worst = localise::worst(&Question { slices, quantile: *quantile, chance, least: 1.0 })?;
        Some(format!("{} is worse by itself in {metric}: a fault can change the mix", called(&worst)))
    })
}

/// What is known while the findings of a metric are decided.
struct Scene<'a> {
    rules: &'a Rules,
    obstacles: &'a [String],
    said: &'a str,
    /// Whether the canary has requests enough of whatever the baseline has, so that a sample has the baseline's mix.
    is_reached: bool,
    /// Whether the sample has the baseline's mix: nearly all requests are in slices that can be brought to it.
    is_even: bool,
    /// Whether it was checked that the canary gets the traffic that it should.
    is_share_checked: bool,
}

impl Scene<'_> {
    /// Lets the plain finding or that at an equal mix decide.
    fn decide(&self, plain: &mut Finding, at_equal: Option<Finding>) {
        let Some(at_equal) = at_equal else {
            plain.notes.push(format!("{}: at an equal mix nothing can be compared", self.said));
            if self.rules.policy.mix == MixDecides::Adjusted {
                doubt(plain);
            }
            return;
        };
        let both = match self.is_even {
            true => {
                let (before, after) = (effect(plain), effect(&at_equal));
                format!("{}: {before} as it came, {after} at the baseline's mix", self.said)
            }
            false => format!("{}, and the canary cannot be brought to the baseline's", self.said),
        };
        match self.rules.policy.mix {
            MixDecides::Plain => {
                plain.notes.push(format!("{both}; the plain one decides (`mix: tell`)"));
                if self.is_even && at_equal.outcome == Outcome::Fail {
                    doubt(plain);
                }
            }
            MixDecides::Adjusted if !self.obstacles.is_empty() => {
                let why = self.obstacles.join("; ");
                plain.notes.push(format!("{both}; the plain one decides, because {why}"));
                if at_equal.outcome != Outcome::Pass || !self.is_reached {
                    doubt(plain);
                }
            }
            MixDecides::Adjusted if stays(plain, &at_equal) => {
                plain.notes.push(format!("{both}; the plain one decides, because neither passes"));
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
                        "a canary that changes the mix itself would look the same: write its share as `traffic: { canary: … }`. \
                         This passes if the share of just these requests is known so well that it excludes that"
                            .into(),
                    );
                }
            }
        }
    }
}

/// A Pass that may rest on the mix is a Warn.
fn doubt(plain: &mut Finding) {
    if plain.outcome == Outcome::Pass {
        (plain.outcome, plain.reason) = (Outcome::Warn, Reason::SuspectData);
        let said = plain.sentence.strip_prefix("passes: ").unwrap_or(&plain.sentence);
        plain.sentence = format!("passes as it came, which may rest on the other mix: {said}");
    }
}

/// What fails or cannot be told as it came gives way to a Pass or a Fail at an equal mix, and to nothing between.
fn stays(plain: &Finding, at_equal: &Finding) -> bool {
    matches!(plain.outcome, Outcome::Fail | Outcome::Inconclusive)
        && at_equal.outcome < plain.outcome
        && at_equal.outcome != Outcome::Pass
}

/// The effect of a finding in words.
fn effect(finding: &Finding) -> String {
    let effect = finding.evidence.effect.and_then(|effect| Some((effect.kind, effect.estimate?)));
    match effect {
        Some((EffectKind::Ratio, ratio)) => format!("{:+.1} %", 100.0 * (ratio - 1.0)),
        Some((kind, by)) => {
            let unit = finding.evidence.unit.clone().unwrap_or(Unit::Plain(String::new()));
            words::change(by, kind, &unit)
        }
        None => "unknown".into(),
    }
}

/// `another mix of route × region: /checkout is 22 % of the canary's requests and 11 % of the baseline's`.
fn differ(mix: &Mix, dimensions: &[String]) -> String {
    let shift = mix.shifts.first().map(|shift| {
        let (slice, canary, baseline) = (called(&shift.values), share(shift.shares.1), share(shift.shares.0));
        format!(": {slice} is {canary} of the canary's requests and {baseline} of the baseline's")
    });
    format!("the arms have another mix of {}{}", dimensions.join(" × "), shift.unwrap_or_default())
}

fn level(mix: &Mix, dimensions: &[String]) -> String {
    let (of, moved) = (dimensions.join(" × "), share(mix.distance));
    format!("both arms have the same mix of {of}, as far as can be told ({moved} of the traffic is elsewhere)")
}
