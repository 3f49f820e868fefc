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
fn the_excess_is_counted_in_the_canary_beyond_the_baselines_own_rate_times_the_margin() {
    let arm = |steps: usize, total: u64, bad: u64| {
        let share = |i: usize| bad / steps as u64 + u64::from((i as u64 * 7) % (steps as u64) < bad % steps as u64);
        counts(&(0..steps).map(|i| (total, share(i))).collect::<Vec<_>>())
    };
    let ratio = rate(at_most(Limit::Margin { relative: Some(0.5), absolute: None }));
    // an excess is no smaller where one arm has more traffic, whichever it is
    for baseline in [5, 10, 100, 1_000] {
        let finding = one(&wider(), &dataset(60, "m", arm(60, baseline, 0), arm(60, 10, 30)));
        assert_eq!(finding.outcome, Outcome::Fail, "{baseline}: {}", finding.sentence);
    }
    // either bound counts
    for (least, reason) in [(0.0, Reason::BeyondBound), (5_000.0, Reason::SmallExcess)] {
        for mut rules in [ratio.clone(), wider()] {
            rules.policy.min_excess = least;
            let finding = one(&rules, &dataset(60, "m", arm(60, 1_000, 400), arm(60, 1_000, 1_600)));
            assert_eq!(finding.reason, reason, "{}", finding.sentence);
        }
    }
    // 1,600 against 400 × 1.5 are 1,000 too many, to the one
    for (least, outcome) in [(999.0, Outcome::Fail), (1_001.0, Outcome::Inconclusive)] {
        let mut rules = ratio.clone();
        rules.policy.min_excess = least;
        let finding = one(&rules, &dataset(60, "m", arm(60, 1_000, 400), arm(60, 1_000, 1_600)));
        assert_eq!(finding.outcome, outcome, "{least}: {}", finding.sentence);
    }
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

fn alarm(m: usize, n: usize, min_count: u64, steps: &[(u64, u64)]) -> Finding {
    let mut rules = rate(at_most(Limit::Threshold(0.1)));
    rules.criteria[0].rule = Rule::Periods { m, n, min_count };
    one(&rules, &dataset(steps.len(), "m", counts(&[]), counts(steps)))
}

#[test]
fn an_alarm_takes_a_least_count_of_bad_ones() {
    let quiet = |bad: u64, of: u64| (0..30).map(|i| if i == 7 { (of, bad) } else { (10, 0) }).collect::<Vec<_>>();
    for (bad, of, outcome) in
        [(1, 9, Outcome::Pass), (3, 10, Outcome::Pass), (4, 10, Outcome::Fail), (11, 100, Outcome::Fail)]
    {
        let finding = alarm(1, 1, 4, &quiet(bad, of));
        assert_eq!(finding.outcome, outcome, "{}", finding.sentence);
        assert!(finding.sentence.contains(&format!("{bad} of {of} requests")), "{}", finding.sentence);
    }
    // the periods of a run are counted together
    let mut two = quiet(2, 10);
    two[8] = (10, 2);
    assert_eq!(alarm(2, 3, 4, &two).outcome, Outcome::Fail);
    assert_eq!(alarm(2, 3, 5, &two).outcome, Outcome::Pass);
}

#[test]
fn a_canary_that_fails_all_of_its_few_requests_passes_no_alarm() {
    for steps in [vec![(1, 1); 30], (0..30).map(|i| (1, i % 2)).collect()] {
        let finding = alarm(1, 1, 4, &steps);
        assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::TooFew), "{}", finding.sentence);
    }
    assert_eq!(alarm(3, 3, 4, &[(1, 1); 30]).outcome, Outcome::Inconclusive);
    assert_eq!(alarm(3, 3, 3, &[(1, 1); 30]).outcome, Outcome::Fail);
}

#[test]
fn the_number_beside_an_alarm_is_the_one_that_decides() {
    // one period of 50 % is no alarm that takes two: the second worst of each three is what the limit is compared with
    let steps: Vec<_> = (0..30).map(|i| (100, if i % 10 == 0 { 50 } else { i as u64 % 5 })).collect();
    let finding = alarm(2, 3, 1, &steps);
    assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
    let effect = finding.evidence.effect.unwrap();
    assert!(effect.high <= 0.1 && effect.high >= 0.03, "{effect:?}");
    assert!(finding.sentence.contains("worst 50 %, 50 of 100 requests"), "{}", finding.sentence);
}

#[test]
fn bursts_that_the_canary_was_spared_by_luck_are_no_pass() {
    // 15 errors a minute in both arms, and in the first minutes 300 more in one of them
    let arm = |bursts: usize| counts(&(0..60).map(|i| (1_500, if i < bursts { 315 } else { 15 })).collect::<Vec<_>>());
    let rules = rate(at_most(Limit::Margin { relative: Some(0.1), absolute: None }));
    for bursts in 1..=2 {
        let finding = one(&rules, &dataset(60, "m", arm(bursts), arm(0)));
        assert_eq!(finding.outcome, Outcome::Inconclusive, "{bursts}: {}", finding.sentence);
    }
    // what both arms had is no luck, and neither is a rate that is lower throughout
    let calm = counts(&vec![(1_500, 9); 60]);
    for (baseline, canary) in [(arm(0), arm(0)), (arm(0), calm)] {
        let finding = one(&rules, &dataset(60, "m", baseline, canary));
        assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
    }
    // and bursts of the canary's alone count against it as before
    let finding = one(&rules, &dataset(60, "m", arm(0), arm(20)));
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
}
