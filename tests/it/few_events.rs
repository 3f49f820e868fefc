//! Few events: what is clear is called clear, and one or two stray errors are no verdict.

use davy::judge::rules::*;
use davy::judge::verdict::*;

use crate::judging::{at_most, counts, dataset, one, rate};

fn wider() -> Rules {
    rate(at_most(Limit::Margin { relative: Some(0.5), absolute: Some(0.001) }))
}

/// The finding on steps with one request each in both arms, of which every `period`th fails in the canary.
fn every(period: usize, steps: usize) -> Finding {
    let canary: Vec<_> = (0..steps).map(|i| (1, u64::from(i % period == 0))).collect();
    one(&wider(), &dataset(steps, "m", counts(&vec![(1, 0); steps]), counts(&canary)))
}

#[test]
fn a_canary_that_fails_all_of_a_dozen_requests_fails() {
    for (period, steps) in [(1, 12), (6, 60)] {
        let finding = every(period, steps);
        assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    }
}

#[test]
fn a_stray_error_or_two_fail_nothing_and_the_sentence_counts_right() {
    // four errors among many requests are far beyond the relative margin of nothing, and still too few
    let bad = |n: usize| (0..20).map(|i| (300, u64::from(i % 5 == 0 && i / 5 < n))).collect::<Vec<_>>();
    let relative = rate(at_most(Limit::Margin { relative: None, absolute: Some(0.00001) }));
    for n in 1..=4 {
        let data = dataset(20, "m", counts(&[(100_000, 0); 20]), counts(&bad(n)));
        let finding = one(&relative, &data);
        assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
        if finding.reason == Reason::SmallExcess {
            assert!(finding.sentence.ends_with("but by fewer than 5 occurrences"), "{}", finding.sentence);
        }
    }
    let four = one(&relative, &dataset(20, "m", counts(&[(100_000, 0); 20]), counts(&bad(4))));
    assert_eq!(four.reason, Reason::SmallExcess, "{}", four.sentence);
}

#[test]
fn few_events_raise_no_more_false_alarms_than_the_level_allows() {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut arm = |expected: f64| -> Vec<(u64, u64)> {
        (0..30).map(|_| (20, (0..20).filter(|_| uniform() < expected / 600.0).count() as u64)).collect()
    };
    for expected in [1.0, 3.0, 8.0, 20.0] {
        let soaks = 400;
        let alarms = (0..soaks).filter(|_| {
            // the canary is exactly as much worse as the limit allows
            let data = dataset(30, "m", counts(&arm(expected)), counts(&arm(1.5 * expected)));
            one(&rate(at_most(Limit::Margin { relative: Some(0.5), absolute: None })), &data).outcome == Outcome::Fail
        });
        let alarms = alarms.count();
        assert!(alarms <= 33, "{alarms} of {soaks} at {expected} expected errors"); // 1 in 1,000 by chance at 5 %
    }
}
