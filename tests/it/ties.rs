//! Quantiles of requests that have few different values: equal arms pass, and a quantile that is a value too high never
//! does more often than the level allows.

use davy::judge::rules::*;
use davy::judge::verdict::{Finding, Outcome};
use davy::series::{Bins, Histogram, Series, Timestamp};
use davy::stats::tail::ln_binomial_upper;

use crate::judging::{at, criterion, dataset, one, rules};
use crate::soaks::noise::Noise;

const MINUTES: usize = 30;

/// So many requests a minute, whose shares of 1, 2, 3 … ms are these.
fn few(noise: &mut Noise, each: usize, shares: &[f64]) -> Vec<(Timestamp, u64)> {
    let mut draw = || {
        let mut left = noise.uniform();
        let beyond = |share: &&f64| {
            left -= **share;
            left >= 0.0
        };
        1 + shares.iter().take_while(beyond).count().min(shares.len() - 1) as u64
    };
    (0..MINUTES * each).map(|i| (at(i / each), draw())).collect()
}

fn single(log: &[(Timestamp, u64)]) -> Series {
    Series::Values { time: log.iter().map(|r| r.0).collect(), value: log.iter().map(|r| r.1 as f64).collect() }
}

/// The same in a histogram per minute, of microseconds to three digits.
fn histograms(log: &[(Timestamp, u64)]) -> Series {
    let step = |step: &[(Timestamp, u64)]| {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 4_000_000, 3).unwrap();
        step.iter().for_each(|(_, ms)| histogram.saturating_record(ms * 1_000));
        (step[0].0, Bins::from(&histogram))
    };
    let (time, bins) = log.chunk_by(|a, b| a.0 == b.0).map(step).unzip();
    Series::Buckets { time, bins, scale: 0.001 }
}

fn ask(q: f64, side: Side, margin: f64, baseline: Series, canary: Series) -> Finding {
    let limit = Limit::Margin { relative: Some(margin), absolute: None };
    let bound = Some(Bound { side, strict: false, limit, per: None });
    let asked = criterion(bound, Statistic::Quantile(q), Rule::Interval);
    one(&rules(Kind::Values, Unit::Milliseconds, vec![asked]), &dataset(MINUTES, "m", baseline, canary))
}

/// p50 is 1 ms, p95 is 3 ms, p99 is 4 ms, each with requests to spare on either side.
const USUAL: [f64; 5] = [0.6, 0.3, 0.07, 0.025, 0.005];

#[test]
fn equal_arms_with_few_values_pass() {
    for form in [single, histograms] {
        for (q, margin) in [(0.5, 0.05), (0.95, 0.10), (0.99, 0.15)] {
            let mut noise = Noise::of(7, "ties", "equal", 0);
            let arms = [0, 1].map(|_| form(&few(&mut noise, 400, &USUAL)));
            let [baseline, canary] = arms;
            let slower = ask(q, Side::AtMost, margin, baseline.clone(), canary.clone());
            assert_eq!(slower.outcome, Outcome::Pass, "{q}: {}", slower.sentence);
            let faster = ask(q, Side::AtLeast, -margin, baseline, canary);
            assert_eq!(faster.outcome, Outcome::Pass, "{q}: {}", faster.sentence);
        }
    }
}

#[test]
fn a_quantile_that_is_a_value_higher_fails() {
    for form in [single, histograms] {
        let mut noise = Noise::of(8, "ties", "higher", 0);
        let baseline = form(&few(&mut noise, 400, &USUAL));
        let canary = form(&few(&mut noise, 400, &[0.55, 0.28, 0.07, 0.09, 0.01]));
        let finding = ask(0.95, Side::AtMost, 0.10, baseline, canary);
        assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    }
}

/// The canary's p95 is 4 ms by a hair: exactly 5 % of its requests are slower than 3 ms. The baseline's is 3 ms, clearly or
/// by a hair too.
#[test]
fn a_quantile_that_is_a_value_higher_by_a_hair_passes_as_seldom_as_the_level_says() {
    const SOAKS: usize = 300;
    let hair = [0.6, 0.3, 0.05, 0.045, 0.005];
    let by_a_hair = [0.65, 0.3, 0.03, 0.015, 0.005];
    for (seed, reference) in [(1, USUAL), (2, by_a_hair)] {
        let mut noise = Noise::of(seed, "ties", "by a hair", 0);
        let passes = (0..SOAKS).filter(|_| {
            let arms = [&reference, &hair].map(|shares| single(&few(&mut noise, 100, shares)));
            let [baseline, canary] = arms;
            ask(0.95, Side::AtMost, 0.10, baseline, canary).outcome == Outcome::Pass
        });
        let passes = passes.count();
        assert!(ln_binomial_upper(passes as u64, SOAKS as u64, 0.05) > 0.001_f64.ln(), "{passes} of {SOAKS}");
    }
}
