//! How much worse: the ratio of each node with its interval, its part of the whole difference, and the tree to look at.
//!
//! The intervals of named slices are those of Benjamini and Yekutieli (2005): what was chosen because it looks bad has an
//! interval at a level that allows for the choice. For a quantile the ratio is the factor by which the limits of the slices,
//! each the quantile of its own baseline, must grow until as many of the canary's requests are slower; its ends are the
//! factors that the same test does not reject (Woodruff 1952).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::evidence::{Part, together};
use super::field::Field;
use super::onset::since;
use super::power::findable;
use super::slice::{Line, Localised, Question, Slice, Times};
use super::tree::Node;
use davy_stats::Direction;
use davy_stats::counts::{self, CountStep, Exposure, Scatter, usable};
use davy_stats::dispersion::Prior;
use davy_stats::normal::normal_quantile;
use davy_stats::slow::Requests;

/// Lines of the tree with the most to say, beside those that are named.
const MOST_LINES: usize = 24;
/// The largest factor of a quantile that is looked for.
const LARGEST: f64 = 1e3;
/// So much of the difference may lie elsewhere than inside the slices.
const ELSEWHERE: f64 = 0.05;
/// How often a factor is halved between its ends.
const HALVINGS: usize = 40;

/// What sizes are measured by.
pub(super) struct Sizes<'a> {
    question: &'a Question<'a>,
    field: &'a Field,
    needed: f64,
    /// How many more bad (or slow) requests each slice has than its baseline lets expect.
    excess: Vec<f64>,
    /// The bad requests of all slices.
    events: u64,
    /// Whether the mix and slices without a partner carry a part of the difference.
    is_elsewhere: bool,
}

impl<'a> Sizes<'a> {
    pub(super) fn new(question: &'a Question<'a>, field: &'a Field, needed: f64) -> Sizes<'a> {
        let limit = question.quantile.and_then(|q| limit_of_all(question.slices, q));
        let counted: Vec<Cow<[CountStep]>> = question.slices.iter().map(|slice| counted(slice, limit)).collect();
        let excess: Vec<f64> = counted.iter().map(|steps| counts::excess(steps, 1.0, 0.0)).collect();
        let steps = question.slices.iter().flat_map(|slice| &slice.steps).filter(|step| usable(step));
        let events = steps.map(|step| step.canary.saturating_add(step.baseline)).fold(0, u64::saturating_add);
        let is_elsewhere = is_elsewhere(&counted, &excess);
        Sizes { question, field, needed, excess, events, is_elsewhere }
    }

    /// The answer, once the names are known.
    pub(super) fn answer(&self, named: &[Node], left: &BTreeSet<usize>, tested: usize) -> Localised {
        let all: Vec<usize> = (0..self.question.slices.len()).collect();
        let dimensions = self.question.slices.first().map_or(0, |slice| slice.values.len());
        let anything = vec![None; dimensions];
        let plain = normal_quantile(0.975);
        let chosen = 1.0 - 0.025 * named.len().max(1) as f64 / tested.max(1) as f64;
        let chosen = normal_quantile(chosen);
        let lines = named.iter().map(|node| self.line(node.values.clone(), &node.slices, chosen, true));
        let rest: Vec<usize> = left.iter().copied().collect();
        Localised {
            slices: all.len(),
            tested,
            needed: self.needed,
            whole: self.line(anything.clone(), &all, plain, false),
            named: lines.collect(),
            rest: (!named.is_empty() && !rest.is_empty()).then(|| self.line(anything, &rest, plain, false)),
            tree: self.tree(named, (plain, chosen)),
            is_elsewhere: self.is_elsewhere,
        }
    }

    /// The named nodes with their parents, and the others with the largest part of the difference; parents first.
    fn tree(&self, named: &[Node], (plain, chosen): (f64, f64)) -> Vec<Line> {
        let nodes = &self.field.nodes;
        let is_named = |node: &Node| named.iter().any(|one| one.values == node.values);
        let holds_named = |node: &Node| named.iter().any(|one| one.is_within(node));
        let weight = |node: &Node| node.slices.iter().map(|slice| self.excess[*slice]).sum::<f64>().abs();
        let mut others: Vec<&Node> = nodes.iter().filter(|node| !is_named(node) && !holds_named(node)).collect();
        others.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.values.cmp(&b.values)));
        others.truncate(MOST_LINES);
        let mut shown: Vec<&Node> = nodes.iter().filter(|node| is_named(node) || holds_named(node)).collect();
        shown.extend(others);
        // a child stands below the parent of its first value
        shown.sort_by_key(|node| (node.values.first().map(Option::is_none), node.values.clone(), node.depth()));
        let line = |node: &Node| {
            let named = is_named(node);
            self.line(node.values.clone(), &node.slices, if named { chosen } else { plain }, named)
        };
        shown.into_iter().map(line).collect()
    }

    fn line(&self, values: Vec<Option<String>>, slices: &[usize], critical: f64, is_named: bool) -> Line {
        let own: Vec<&Slice> = slices.iter().filter_map(|at| self.question.slices.get(*at)).collect();
        let kind: Vec<bool> = values.iter().map(Option::is_some).collect();
        let (part, noise) = (self.field.part(&kind, slices), self.field.noise(&kind));
        let sum = own.iter().fold(CountStep::UNUSABLE, |sum, slice| sum.plus(&slice.sum()));
        let (ratio, interval) = match self.question.quantile {
            Some(q) => factor(&own, q, &part, critical),
            None => {
                (counts::rate_ratio(&part.steps), counts::ratio_interval(&part.steps, &part.effect, critical, critical))
            }
        };
        let total: f64 = self.excess.iter().sum();
        let excess: f64 = slices.iter().filter_map(|at| self.excess.get(*at)).sum();
        Line {
            values,
            requests: (sum.baseline_total, sum.canary_total),
            bad: (sum.baseline, sum.canary),
            ratio,
            interval,
            z: part.z(1.0, Direction::Above),
            findable: findable(&part, noise, self.events.saturating_sub(part.events().0), self.needed),
            share: (total > 0.0).then_some(excess / total),
            since: if is_named { worse_since(&own) } else { None },
            is_named,
        }
    }
}

/// Since when slices are worse. Their steps scatter about a ratio that may change once: a change is not noise of its own.
fn worse_since(slices: &[&Slice]) -> Option<usize> {
    let steps = together(slices.iter().map(|slice| slice.steps.as_slice()));
    since(&steps, &Scatter::new(&steps, Exposure::Trials, Prior::Services).effect(&steps, 0, None))
}

/// The quantile of all of the baseline's requests.
pub(super) fn limit_of_all(slices: &[Slice], q: f64) -> Option<f64> {
    let all: Vec<_> = slices.iter().filter_map(|slice| Some(slice.times.as_ref()?.baseline.clone())).collect();
    Requests::pooled(&all)?.quantile(q)
}

/// The steps of a slice with its bad requests; for a quantile one step with those slower than a limit that is the same for
/// all slices, so that the parts add up to the whole.
fn counted(slice: &Slice, limit: Option<f64>) -> Cow<'_, [CountStep]> {
    match (&slice.times, limit) {
        (Some(times), Some(limit)) => Cow::Owned(vec![beyond(times, limit, limit)]),
        _ => Cow::Borrowed(&slice.steps),
    }
}

/// Whether the difference of the arms as they came is another than that inside the slices, by enough and not by lots: the rest
/// of it lies in slices that an arm lacks, and in the mix.
fn is_elsewhere(counted: &[Cow<[CountStep]>], excess: &[f64]) -> bool {
    let all = counted.iter().flat_map(|steps| steps.iter()).fold(CountStep::UNUSABLE, |sum, step| sum.plus(step));
    if !usable(&all) {
        return true;
    }
    let (baseline, canary, expected) = (all.baseline as f64, all.canary as f64, all.canary_total / all.baseline_total);
    let (crude, within) = (canary - baseline * expected, excess.iter().sum::<f64>());
    let by_lot = (canary + baseline * expected * expected).sqrt();
    let rest = (crude - within).abs();
    rest > ELSEWHERE * crude.abs().max(within.abs()) && rest > 2.0 * by_lot
}

/// The slow requests of a slice, each arm by a limit of its own.
fn beyond(times: &Times, baseline: f64, canary: f64) -> CountStep {
    let slow = |requests: &Requests, limit| (requests.len(), requests.beyond(limit, false, Direction::Above));
    CountStep::of(slow(&times.baseline, baseline), slow(&times.canary, canary))
}

/// The factor by which the canary's quantile is larger, slice by slice, with its interval.
fn factor(slices: &[&Slice], q: f64, part: &Part, critical: f64) -> (f64, (f64, f64)) {
    let limited: Vec<_> = slices
        .iter()
        .filter_map(|slice| {
            let times = slice.times.as_ref().filter(|times| !times.canary.is_empty())?;
            Some((times, times.baseline.quantile(q)?))
        })
        .collect();
    let at = |ln_factor: f64| {
        let steps = limited.iter().map(|(times, limit)| [beyond(times, *limit, *limit * ln_factor.exp())]);
        let steps: Vec<[CountStep; 1]> = steps.filter(|step| usable(&step[0])).collect();
        together(steps.iter().map(<[CountStep; 1]>::as_slice))
    };
    let z = |ln: f64| counts::ratio_z(&at(ln), &part.effect, 1.0, Direction::Above);
    let below = |ln: f64| counts::ratio_z(&at(ln), &part.effect, 1.0, Direction::Below);
    let edge = LARGEST.ln();
    // fewer of the canary's requests are slower than a larger limit
    let search = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (-edge, edge);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if holds(middle) { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    let end = |ln: f64, beyond: f64| if ln.abs() > edge - 1e-6 { beyond } else { ln.exp() };
    let low = end(search(&|ln| z(ln) >= critical), 0.0);
    let high = end(search(&|ln| below(ln) < critical), f64::INFINITY);
    (search(&|ln| counts::rate_ratio(&at(ln)) > 1.0).exp(), (low, high))
}
