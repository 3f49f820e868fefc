//! Arms whose histograms have different buckets: they are compared on the edges that both have, and a reader should know it.

use crate::series::{Bins, Grid, Pair, Remark, Series};

/// What the verdict says if the histograms of the arms have different edges.
pub(super) fn remark(arms: Pair<&Series>) -> Option<Remark> {
    let edges = |series: &Series| match series {
        Series::Buckets { bins, .. } => bins.iter().map(Bins::grid).reduce(Grid::join).and_then(Grid::edges),
        _ => None,
    };
    let (baseline, canary) = (edges(arms.baseline)?, edges(arms.canary)?);
    if baseline == canary {
        return None;
    }
    let shared = baseline.iter().filter(|edge| canary.binary_search(edge).is_ok()).count();
    let text = format!(
        "the histograms of the arms have different buckets ({} edges in the baseline, {} in the canary): they are compared on \
         the {shared} edges that both have",
        baseline.len(),
        canary.len()
    );
    Some(if shared == 0 { Remark::incomplete(text) } else { Remark::note(text) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{Gravity, Timestamp};

    fn of(edges: &[u64]) -> Series {
        let bins = vec![Bins::new(Grid::of_edges(edges.to_vec()), None, vec![(0, 5)])];
        Series::Buckets { time: vec![Timestamp::UNIX_EPOCH], bins, scale: 1.0 }
    }

    #[test]
    fn other_edges_are_told_and_none_in_common_is_no_comparison() {
        let (some, fewer, others) = (of(&[100, 250]), of(&[250, 900]), of(&[7]));
        let of = |baseline, canary| remark(Pair { baseline, canary });
        assert_eq!(of(&some, &some), None);
        let told = of(&some, &fewer);
        assert!(told.as_ref().is_some_and(|told| told.text.ends_with("on the 1 edges that both have")), "{told:?}");
        assert_eq!(told.map(|told| told.gravity), Some(Gravity::Note));
        assert_eq!(of(&some, &others).map(|told| told.gravity), Some(Gravity::Incomplete));
    }
}
