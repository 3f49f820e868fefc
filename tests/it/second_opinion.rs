//! The tails against `statrs` where that library is good, and what it is not used for, so that a new version of it is
//! looked at again.

use davy::stats::{normal, tail};
use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Normal, Poisson, StudentsT};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

fn close(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    assert!((ours / theirs - 1.0).abs() < tolerance, "{what}: {ours:e} against {theirs:e}");
}

#[test]
fn both_agree_where_the_library_is_good() {
    let normal = Normal::standard();
    for i in 1..100 {
        let z = f64::from(i) * 0.06;
        close(normal::normal_upper(z), normal.sf(z), 1e-8, &format!("normal {z}"));
        for nu in [1.0, 2.0, 5.0, 30.0, 400.0] {
            let t = StudentsT::new(0.0, 1.0, nu).unwrap();
            close(tail::ln_t_upper(z, nu).exp(), t.sf(z), 1e-8, &format!("t {z} {nu}"));
        }
    }
    for (x, n, p) in [(5u64, 100u64, 0.02), (41, 2_000, 0.01), (300, 1_000, 0.27), (1, 10, 0.5), (990, 1_000, 0.97)] {
        let binomial = Binomial::new(p, n).unwrap();
        close(tail::ln_binomial_upper(x, n, p).exp(), binomial.sf(x - 1), 1e-8, &format!("binomial {x} {n} {p}"));
        close(tail::ln_binomial_lower(x, n, p).exp(), binomial.cdf(x), 1e-8, &format!("binomial {x} {n} {p}"));
        let beta = Beta::new(x as f64, (n - x + 1) as f64).unwrap();
        close(tail::beta_quantile(p, x as f64, (n - x + 1) as f64), beta.inverse_cdf(p), 1e-8, "beta quantile");
    }
    for (x, mean) in [(3u64, 1.5), (40, 30.0), (7, 12.0)] {
        let poisson = Poisson::new(mean).unwrap();
        close(tail::ln_poisson_upper(x, mean).exp(), poisson.sf(x - 1), 1e-8, "poisson");
        close(tail::ln_poisson_lower(x, mean).exp(), poisson.cdf(x), 1e-8, "poisson");
    }
}

/// What is left alone, with the truth from exact enumeration or from certified tails. If one of these fails, the
/// library has become better.
#[test]
fn what_the_library_is_not_used_for() {
    // A probability below the smallest number is nothing, where its logarithm is an ordinary number.
    assert_eq!(Binomial::new(0.001, 10_000).unwrap().sf(5_000), 0.0);
    assert!((-30_000.0..-25_000.0).contains(&tail::ln_binomial_upper(5_001, 10_000, 0.001)));
    // The exact Mann-Whitney test of 8 against 20 numbers: 0.0057 is right.
    let (few, many): (Vec<f64>, Vec<f64>) =
        ((0..8).map(|i| 12.0 + f64::from(i) * 1.5 + 0.25).collect(), (0..20).map(f64::from).collect());
    let exact = mannwhitneyu(&few, &many, MannWhitneyUMethod::Exact, Alternative::TwoSided).unwrap();
    assert!(exact.1 > 0.9, "the exact Mann-Whitney test is no longer upside down: {exact:?}");
}
