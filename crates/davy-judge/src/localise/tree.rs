//! Slices and their sums: every choice of values for some of the dimensions is a node.

use std::collections::{BTreeMap, BTreeSet};

use super::slice::Slice;

/// A slice or a sum of slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The value of each dimension; nothing where it is any.
    pub(super) values: Vec<Option<String>>,
    /// The places of its slices.
    pub(super) slices: Vec<usize>,
}

impl Node {
    /// Whether another node holds all of this one and more.
    pub(super) fn is_within(&self, other: &Node) -> bool {
        let held = self.values.iter().zip(&other.values).all(|(own, theirs)| theirs.is_none() || own == theirs);
        held && self.values != other.values
    }

    /// Which dimensions have a value.
    pub(super) fn kind(&self) -> Vec<bool> {
        self.values.iter().map(Option::is_some).collect()
    }

    /// How many dimensions have a value.
    pub(super) fn depth(&self) -> usize {
        self.values.iter().flatten().count()
    }
}

/// All nodes below the whole, larger ones before their parts. Of nodes with the same slices only the one with the fewest
/// values is kept: a route that exists in one region is that route.
pub(super) fn nodes(slices: &[Slice]) -> Vec<Node> {
    let dimensions = slices.first().map_or(0, |slice| slice.values.len());
    let mut masks: Vec<u32> = (1..1_u32 << dimensions.min(8)).collect();
    masks.sort_by_key(|mask| (mask.count_ones(), *mask));
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::from([(0..slices.len()).collect()]);
    let mut nodes = Vec::new();
    for mask in masks {
        let mut own: BTreeMap<Vec<Option<String>>, Vec<usize>> = BTreeMap::new();
        for (at, slice) in slices.iter().enumerate() {
            let is_said = |dimension: usize| mask >> dimension & 1 == 1;
            let values = slice.values.iter().enumerate().map(|(d, value)| is_said(d).then(|| value.clone()));
            own.entry(values.collect()).or_default().push(at);
        }
        let new = own.into_iter().filter(|(_, slices)| seen.insert(slices.clone()));
        nodes.extend(new.map(|(values, slices)| Node { values, slices }));
    }
    nodes
}
