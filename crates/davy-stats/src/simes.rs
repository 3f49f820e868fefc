//! Several p-values at once: which of them may be taken for signals although there are many.
//!
//! The test of Simes (1986) rejects all hypotheses together if the j-th smallest of n p-values is at most j/n of the
//! level, for any j. It holds its level if the p-values are independent or tend to be small together (Sarkar 1998). To
//! name one of them, it has to reject each set to which that one belongs (Marcus, Peritz and Gabriel 1976), which comes to
//! the procedure of Hommel (1988).

/// Each p-value adjusted for its company: the least level at which every set with it is rejected. In the same order.
pub fn hommel(p: &[f64]) -> Vec<f64> {
    let n = p.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let sorted: Vec<f64> = order.iter().map(|at| p[*at]).collect();
    // the sets of a size: the worst for each has the largest of the others
    let simes = |from: usize, size: usize, first: usize| {
        let ranked = sorted[from..].iter().zip(first..);
        ranked.map(|(p, rank)| size as f64 * p / rank as f64).fold(f64::INFINITY, f64::min)
    };
    let mut adjusted = vec![if n > 0 { simes(0, n, 1) } else { 0.0 }; n];
    for size in (2..n).rev() {
        let small = n - size + 1;
        let others = simes(small, size, 2);
        let of = |at: usize| f64::min(size as f64 * sorted[at], others);
        let last = of(small - 1);
        for (at, adjusted) in adjusted.iter_mut().enumerate() {
            *adjusted = adjusted.max(if at < small { of(at) } else { last });
        }
    }
    let mut result = vec![0.0; n];
    for (rank, at) in order.into_iter().enumerate() {
        result[at] = adjusted[rank].max(sorted[rank]).min(1.0);
    }
    result
}
