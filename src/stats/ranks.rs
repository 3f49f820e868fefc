//! Signed ranks: what is left of numbers when one wild step may not count for more than its place.
//!
//! Wilcoxon (1945), with mid-ranks for ties. An interval asks for the ranks at many shifts of the same numbers, so they
//! are sorted once: about any shift, the order of the distances is a merge of two sorted halves.

/// The sign of each number times the rank of its size among all, divided by one more than their count.
pub fn signed_rank_scores(y: &[Option<f64>]) -> Vec<Option<f64>> {
    Ordered::new(y).scores(0.0)
}

/// Numbers in order, with their places in time.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    slots: usize,
    sorted: Vec<(f64, usize)>,
}

impl Ordered {
    /// Sorts the numbers that are present and finite.
    pub(super) fn new(y: &[Option<f64>]) -> Ordered {
        let present = |(slot, v): (usize, &Option<f64>)| v.filter(|v| v.is_finite()).map(|v| (v, slot));
        let mut sorted: Vec<_> = y.iter().enumerate().filter_map(present).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ordered { slots: y.len(), sorted }
    }

    /// The sum of the numbers less `shift`.
    pub(super) fn sum(&self, shift: f64) -> f64 {
        self.sorted.iter().map(|(v, _)| v - shift).sum()
    }

    /// The smallest and the largest number.
    pub(super) fn ends(&self) -> Option<(f64, f64)> {
        Some((self.sorted.first()?.0, self.sorted.last()?.0))
    }

    /// The signed-rank scores of the numbers less `shift`.
    pub(super) fn scores(&self, shift: f64) -> Vec<Option<f64>> {
        let mut scores = vec![None; self.slots];
        let by_size = self.by_distance(shift);
        let scale = 1.0 / (by_size.len() as f64 + 1.0);
        let mut start = 0;
        while let Some((first, _)) = by_size.get(start) {
            let ties = by_size[start..].iter().take_while(|(v, _)| v.abs() == first.abs()).count().max(1);
            let score = (start as f64 + (ties as f64 + 1.0) / 2.0) * scale;
            for (v, slot) in &by_size[start..start + ties] {
                scores[*slot] = Some(if *v == 0.0 { 0.0 } else { score.copysign(*v) });
            }
            start += ties;
        }
        scores
    }

    /// The numbers less `shift`, from the smallest to the largest distance.
    fn by_distance(&self, shift: f64) -> Vec<(f64, usize)> {
        let moved = |&(v, slot): &(f64, usize)| (v - shift, slot);
        let mut above = self.sorted.partition_point(|(v, _)| *v < shift);
        let mut below = above;
        let mut merged = Vec::with_capacity(self.sorted.len());
        while below > 0 && above < self.sorted.len() {
            // which is nearer is a coin toss, so nothing here branches on it
            let ends = [moved(&self.sorted[above]), moved(&self.sorted[below - 1])];
            let is_below = usize::from(-ends[1].0 <= ends[0].0);
            merged.push(ends[is_below]);
            below -= is_below;
            above += 1 - is_below;
        }
        merged.extend(self.sorted[..below].iter().rev().map(moved));
        merged.extend(self.sorted[above..].iter().map(moved));
        merged
    }
}
