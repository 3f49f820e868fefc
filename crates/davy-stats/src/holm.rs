//! Many exact tests of counts at once, each of its own thing: no more than a given chance that any of them is wrong.
//!
//! Holm's (1979) procedure asks no independence. Of counts it wastes much: a template that was written twice cannot be
//! shown to be new, whoever wrote it, and still would have a share of the chance. Tarone (1990) leaves such tests out. With
//! `k` tests whose least attainable p-value is at most `chance / k`, and no more than `k` of those, the others cannot be rejected
//! at that chance at all, so that they need no share. It holds given the total of each, which is what an exact conditional test is given.

/// How many of these tests can be rejected at a chance of error: each needs a share of it.
pub fn testable(ln_least: &[f64], chance: f64) -> usize {
    let mut sorted: Vec<f64> = ln_least.iter().copied().filter(|least| !least.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let within = |k: usize| sorted.partition_point(|least| *least <= (chance / k as f64).ln());
    (1..=sorted.len().max(1)).find(|k| within(*k) <= *k).unwrap_or(1)
}

/// Which tests are rejected, and the p-value (as a logarithm) that the last of them had to reach: by Holm among those that
/// Tarone leaves. `tests` are pairs of the logarithm of the p-value and that of the least that it can be.
pub fn rejected(tests: &[(f64, f64)], chance: f64) -> (Vec<bool>, f64) {
    let least: Vec<f64> = tests.iter().map(|test| test.1).collect();
    let of = testable(&least, chance);
    let mut order: Vec<usize> = (0..tests.len()).filter(|at| !tests[*at].0.is_nan()).collect();
    order.sort_by(|a, b| tests[*a].0.total_cmp(&tests[*b].0).then(a.cmp(b)));
    let mut rejected = vec![false; tests.len()];
    let mut needed = (chance / of as f64).ln();
    for (done, at) in order.into_iter().enumerate() {
        needed = (chance / of.saturating_sub(done).max(1) as f64).ln();
        if tests[at].0 > needed || done >= of {
            break;
        }
        rejected[at] = true;
    }
    (rejected, needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_rejected_costs_nothing() {
        // two events of one arm of two: a quarter at the least
        let rare = vec![(0.25_f64.ln(), 0.25_f64.ln()); 300];
        let mut tests = rare.clone();
        tests.push((0.01_f64.ln(), -40.0));
        assert_eq!(testable(&tests.iter().map(|test| test.1).collect::<Vec<_>>(), 0.05), 1);
        let (found, needed) = rejected(&tests, 0.05);
        assert!(found[300] && found.iter().filter(|one| **one).count() == 1);
        assert!((needed - 0.05_f64.ln()).abs() < 1e-12);
        assert!(rejected(&rare, 0.05).0.iter().all(|one| !one));
        assert_eq!(rejected(&[], 0.05).0, Vec::<bool>::new());
    }

    #[test]
    fn without_rare_ones_it_is_the_procedure_of_holm() {
        let p = [0.01, 0.04, 0.03, 0.005, 0.9];
        let tests: Vec<(f64, f64)> = p.iter().map(|p: &f64| (p.ln(), -100.0)).collect();
        // 0.005 <= 0.05/5, 0.01 <= 0.05/4, 0.03 > 0.05/3
        assert_eq!(rejected(&tests, 0.05).0, [true, false, false, true, false]);
    }
}
