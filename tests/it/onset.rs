//! Worse since when: a canary that changes within the window fails since then, and no single step does it.

use davy::judge::rules::{Kind, Rule, Scale, Statistic, Unit};
use davy::judge::verdict::{Finding, Outcome, Reason};
use davy::series::Pair;
use davy::stats::counts::{self, CountStep};
use davy::stats::{Direction, onset};

use crate::judging::{self, at, at_most, criterion, dataset, gauge, margin, one, rules};

/// A level of 100 with a little noise of its own per arm, times what a step says.
fn level(steps: usize, arm: usize, times: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..steps).map(|i| times(i) * (100.0 + ((i * 37 + arm * 101) % 11) as f64 - 5.0)).collect()
}

fn judged(canary: impl Fn(usize) -> f64, steps: usize) -> Finding {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    let bound = criterion(at_most(margin(0.1)), Statistic::Typical, Rule::Interval);
    let data = dataset(steps, "m", gauge(&level(steps, 0, |_| 1.0), None), gauge(&level(steps, 1, canary), None));
    one(&rules(kind, Unit::Milliseconds, vec![bound]), &data)
}

#[test]
fn a_level_that_doubles_halfway_fails_since_then() {
    for (steps, start) in [(12, 6), (60, 30), (60, 45), (240, 120)] {
        let finding = judged(|i| if i < start { 1.0 } else { 2.0 }, steps);
        assert_eq!((finding.outcome, finding.reason), (Outcome::Fail, Reason::BeyondBound), "{}", finding.sentence);
        let since = finding.evidence.since.unwrap_or_else(|| panic!("{}", finding.sentence));
        // starts are as far apart as a 48th of the steps
        let apart = steps.div_ceil(48);
        assert!(since.at >= at(start.saturating_sub(apart)) && since.at <= at(start + apart), "{}", finding.sentence);
        assert!(since.effect.low > 1.5 && since.effect.high < 2.5, "{}", finding.sentence);
        let Pair { baseline, canary } = since.estimate.map(Option::unwrap);
        assert!((canary / baseline - since.effect.estimate.unwrap()).abs() < 1e-9, "{}", finding.sentence);
        // the interval of all steps is no margin at which the later ones would not fail
        assert_eq!(finding.decide, None);
    }
}

#[test]
fn a_level_that_is_worse_throughout_fails_as_a_whole() {
    let finding = judged(|_| 1.5, 60);
    assert_eq!((finding.outcome, finding.evidence.since), (Outcome::Fail, None), "{}", finding.sentence);
    assert!(finding.decide.is_some());
}

#[test]
fn one_wild_step_fails_nothing() {
    for wild in [0, 30, 57, 59] {
        let finding = judged(|i| if i == wild { 50.0 } else { 1.0 }, 60);
        assert_ne!(finding.outcome, Outcome::Fail, "step {wild}: {}", finding.sentence);
    }
}

#[test]
fn errors_that_become_the_rule_halfway_fail() {
    let bad = |rate: fn(usize) -> u64| (0..60).map(|i| (1_000, rate(i) + (i * 7 % 13) as u64)).collect::<Vec<_>>();
    let criterion = criterion(at_most(margin(0.5)), Statistic::Rate, Rule::Interval);
    let rules = rules(Kind::BadShare, Unit::Share, vec![criterion]);
    let canary = judging::counts(&bad(|i| if i < 30 { 150 } else { 900 }));
    let finding = one(&rules, &dataset(60, "m", judging::counts(&bad(|_| 150)), canary));
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
}

#[test]
fn every_start_is_asked_as_by_itself() {
    let step = |i: u64| match i % 7 {
        3 => CountStep { canary_total: 0.0, canary: 0, baseline_total: 400.0, baseline: 2 },
        k => CountStep { canary_total: 100.0 + i as f64, canary: k * i % 9, baseline_total: 400.0, baseline: k + 2 },
    };
    let steps: Vec<CountStep> = (0..90).map(step).collect();
    let starts = onset::starts(steps.len());
    for direction in [Direction::Above, Direction::Below] {
        for r0 in [0.5, 1.0, 3.0] {
            let each = counts::exact_ratio_z_since(&steps, &starts, r0, direction);
            for (start, z) in starts.iter().zip(&each) {
                let alone = counts::exact_ratio_z(&steps[*start..], r0, direction);
                assert!((z - alone).abs() < 1e-9 * (1.0 + alone.abs()), "{start}: {z} {alone}");
            }
        }
    }
    assert_eq!(starts, (2..=88).step_by(2).collect::<Vec<_>>());
}
