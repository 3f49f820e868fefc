//! Which slices are named, one after the other, so that at most one healthy run in twenty names any.
//!
//! A node is named if its canary is worse than its own baseline *and* worse than the rest, both at the chance divided by the
//! number of nodes (Bonferroni inside a closed test: Holm 1979, Goeman and Solari 2011), and worse than what is left of each
//! of its parents. Nodes whose few bad requests could never reach that are not counted (Tarone 1990): how many there are in
//! both arms together says nothing of which arm they fell in. Nodes overlap and share noise in ways that nobody knows, so the
//! bound must hold under any dependence. With one worse slice of two hundred Benjamini and Yekutieli's (2001) costs
//! the same first step another factor of ln 200, and e-values (Wang and Ramdas 2022) about as much again.
//!
//! Of the nodes that pass, the one whose contrast to the rest is strongest is named, for a parent dilutes a worse child and a
//! child has less data than a worse parent; or the part of it without which it would show nothing. Its slices then leave
//! the data, and the others are asked again.

use std::collections::BTreeSet;

use super::evidence::contrast;
use super::field::{Field, Live};
use super::power::findable;
use super::size::Sizes;
use super::slice::{Localised, Question};
use super::tree::Node;
use davy_stats::counts;
use davy_stats::normal::normal_quantile;

/// No report is helped by more names.
const MOST_NAMES: usize = 8;

/// How surely a node is worse than what is left of its parent before it is named instead of that.
const APART: f64 = 0.9;

/// Names the slices that carry a difference.
pub fn name(question: &Question) -> Localised {
    let field = Field::new(question.slices);
    let (mut live, tested, needed) = ask(&field, question.chance);
    let (mut left, mut named) = (all(question), Vec::new());
    while named.len() < MOST_NAMES {
        let Some(found) = strongest(&live, &left, &field, (needed, question.least)) else { break };
        let taken: BTreeSet<usize> = found.node.slices.iter().copied().collect();
        left.retain(|slice| !taken.contains(slice));
        named.push(found.node);
        live.retain_mut(|one| {
            let before = one.node.slices.len();
            one.node.slices.retain(|slice| !taken.contains(slice));
            if one.node.slices.len() < before && !one.node.slices.is_empty() {
                *one = field.live(one.node.clone());
            }
            !one.node.slices.is_empty()
        });
    }
    Sizes::new(question, &field, needed).answer(&named, &left, tested)
}

/// The slice that is named first, by the value of each dimension; no size is measured for it.
pub fn worst(question: &Question) -> Option<Vec<Option<String>>> {
    let field = Field::new(question.slices);
    let (live, _, needed) = ask(&field, question.chance);
    strongest(&live, &all(question), &field, (needed, question.least)).map(|found| found.node.values)
}

/// From which ratio on each node would be named, nineteen times of twenty, in data like this: the places of its slices and the
/// ratio.
pub fn found_from(question: &Question) -> Vec<(Vec<usize>, f64)> {
    let field = Field::new(question.slices);
    let (live, _, needed) = ask(&field, question.chance);
    let every = field.rest(&all(question)).events().0;
    let ratio = |one: Live| {
        let rest = every.saturating_sub(one.part.events().0);
        let noise = field.noise(&one.node.kind());
        let ratio = findable(&one.part, noise, rest, needed);
        (one.node.slices, ratio)
    };
    live.into_iter().map(ratio).collect()
}

fn all(question: &Question) -> BTreeSet<usize> {
    (0..question.slices.len()).collect()
}

/// All nodes with their evidence, how many of them could be named, and what each must reach.
fn ask(field: &Field, chance: f64) -> (Vec<Live>, usize, f64) {
    let live: Vec<Live> = field.nodes.iter().map(|node| field.live(node.clone())).collect();
    let tested = testable(&live, chance);
    let needed = normal_quantile(1.0 - chance / tested.max(1) as f64);
    (live, tested, needed)
}

/// The node that is worse than its baseline, than the rest and than what is left of its parents, with the strongest contrast
/// to the rest.
fn strongest(live: &[Live], left: &BTreeSet<usize>, field: &Field, (needed, least): (f64, f64)) -> Option<Live> {
    let without = |all: &BTreeSet<usize>, node: &Node| -> BTreeSet<usize> {
        all.iter().copied().filter(|slice| !node.slices.contains(slice)).collect()
    };
    let worse = live.iter().filter(|one| one.z >= needed && counts::excess(&one.part.steps, 1.0, 0.0) >= least);
    let mut passing: Vec<(f64, &Live)> = worse
        .filter_map(|one| {
            let rest = without(left, &one.node);
            let beyond = if rest.is_empty() { 0.0 } else { contrast(&one.part, &field.rest(&rest)) };
            (beyond >= needed).then_some((beyond, one))
        })
        .collect();
    passing.sort_by(|a, b| b.0.total_cmp(&a.0));
    let apart = normal_quantile(APART);
    let differs = |one: &Live| {
        let parents = live.iter().filter(|other| one.node.is_within(&other.node));
        parents.into_iter().all(|parent| {
            let rest = without(&set(&parent.node), &one.node);
            rest.is_empty() || contrast(&one.part, &field.rest(&rest)) >= apart
        })
    };
    let mut found = passing.iter().find(|(_, one)| differs(one)).map(|(_, one)| *one)?;
    // a parent that shows nothing without one of its parts is that part
    let explains = |part: &Live, whole: &Live| {
        let (others, rest) = (without(&set(&whole.node), &part.node), without(left, &whole.node));
        let others = field.rest(&others);
        contrast(&part.part, &others) >= apart && contrast(&others, &field.rest(&rest)) < apart
    };
    while let Some((_, part)) = passing.iter().find(|(_, one)| one.node.is_within(&found.node) && explains(one, found))
    {
        found = part;
    }
    Some(found.clone())
}

fn set(node: &Node) -> BTreeSet<usize> {
    node.slices.iter().copied().collect()
}

/// How many nodes could reach the chance divided by their number, if all of their bad requests were the canary's.
fn testable(live: &[Live], chance: f64) -> usize {
    let mut least: Vec<f64> = live
        .iter()
        .map(|one| {
            let (events, share) = one.part.events();
            events as f64 * share.ln()
        })
        .filter(|ln_p| ln_p.is_finite() && *ln_p < 0.0)
        .collect();
    least.sort_by(f64::total_cmp);
    let fits = |count: &usize| least.iter().filter(|ln_p| **ln_p <= (chance / *count as f64).ln()).count() <= *count;
    (1..=least.len()).find(fits).unwrap_or(1)
}
