//! All slices and their nodes with their noise, from which the part of any node is made.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Part, coarse, together};
use super::noise::Noise;
use super::slice::Slice;
use super::tree::{Node, nodes};
use davy_stats::Direction;
use davy_stats::counts::CountStep;

/// So many nodes of a kind say how noisy that kind is.
const FEW: usize = 6;

/// A node, what is left of it, and its evidence.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) node: Node,
    pub(super) part: Part,
    pub(super) z: f64,
}

/// The steps of all slices, their nodes, and their noise.
pub(super) struct Field {
    steps: Vec<Vec<CountStep>>,
    pub(super) nodes: Vec<Node>,
    /// Of slices, and of nodes by which of their dimensions have a value.
    noise: BTreeMap<Vec<bool>, Noise>,
    /// Of the largest nodes, for any other sum.
    of_sums: Noise,
}

impl Field {
    pub(super) fn new(slices: &[Slice]) -> Field {
        let steps: Vec<Vec<CountStep>> = slices.iter().map(|slice| coarse(&slice.steps)).collect();
        let nodes = nodes(slices);
        let mut kinds: BTreeMap<Vec<bool>, Vec<Vec<CountStep>>> = BTreeMap::new();
        for node in &nodes {
            kinds.entry(node.kind()).or_default().push(sum(&steps, &node.slices));
        }
        let every = Noise::of(kinds.values().flatten().map(Vec::as_slice));
        let of = |steps: &Vec<Vec<CountStep>>| every.among(steps.iter().map(Vec::as_slice));
        // a dimension with a few values says too little of noise by itself
        let own = |steps: &Vec<Vec<CountStep>>| if steps.len() < FEW { every } else { of(steps) };
        let noise: BTreeMap<Vec<bool>, Noise> = kinds.iter().map(|(kind, steps)| (kind.clone(), own(steps))).collect();
        let large = kinds.values().filter(|steps| steps.len() >= FEW).min_by_key(|steps| steps.len());
        let of_sums = large.map_or(every, of);
        Field { steps, nodes, noise, of_sums }
    }

    /// The noise of a node; of what is no node, that of sums.
    pub(super) fn noise(&self, kind: &[bool]) -> &Noise {
        self.noise.get(kind).unwrap_or(&self.of_sums)
    }

    pub(super) fn rest(&self, slices: &BTreeSet<usize>) -> Part {
        Part::new(sum(&self.steps, slices), &self.of_sums)
    }

    /// Some slices as a node of a kind.
    pub(super) fn part(&self, kind: &[bool], slices: &[usize]) -> Part {
        Part::new(sum(&self.steps, slices), self.noise(kind))
    }

    pub(super) fn live(&self, node: Node) -> Live {
        let part = self.part(&node.kind(), &node.slices);
        let z = part.z(1.0, Direction::Above);
        Live { node, part, z }
    }
}

fn sum<'s>(steps: &[Vec<CountStep>], slices: impl IntoIterator<Item = &'s usize>) -> Vec<CountStep> {
    together(slices.into_iter().filter_map(|slice| steps.get(*slice)).map(Vec::as_slice))
}
