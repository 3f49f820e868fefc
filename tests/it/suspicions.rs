//! What an expert would ask about before believing a Pass, and what is no reason to ask.

use std::collections::BTreeMap;

use davy::judge::doubtful::doubts;
use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::series::{Pair, Series};

use crate::judging::{at_most, counts, criterion, dataset, gauge, margin, one, rate, rules};

const P95: Kind = Kind::Gauge { quantile: Some(0.95), scale: Scale::Auto };
const LEVEL: Kind = Kind::Gauge { quantile: None, scale: Scale::Auto };

/// Noise without a generator: numbers in -1 to 1 that do not repeat.
fn noise(i: usize, of: usize) -> f64 {
    (((i * 7919 + of * 104_729 + 13) * 2_654_435_761) % 1_000_003) as f64 / 500_001.5 - 1.0
}

fn noisy(n: usize, seed: usize, level: impl Fn(f64) -> f64, spread: f64) -> Vec<f64> {
    (0..n).map(|i| level(i as f64) * (1.0 + spread * noise(i, seed))).collect()
}

fn level(kind: Kind, unit: Unit, pass: Option<Bound>, baseline: &[f64], canary: &[f64]) -> Finding {
    let rules = rules(kind, unit, vec![criterion(pass, Statistic::Typical, Rule::Interval)]);
    let requests = Some(10_000);
    one(&rules, &dataset(canary.len(), "m", gauge(baseline, requests), gauge(canary, requests)))
}

fn assert_suspect(finding: &Finding, words: &str) {
    assert_eq!((finding.outcome, finding.reason), (Outcome::Warn, Reason::SuspectData), "{}", finding.sentence);
    assert!(finding.sentence.contains(words), "{}", finding.sentence);
    // what the sentence says is not said twice
    assert!(!finding.notes.iter().any(|note| note.contains(words)), "{:?}", finding.notes);
}

#[test]
fn a_level_in_another_unit_is_no_improvement() {
    let baseline = noisy(60, 1, |_| 225.0, 0.05);
    for (factor, words) in [(0.001, "a thousandth"), (0.002, "divided by"), (0.000_001, "divided by")] {
        let canary: Vec<f64> = noisy(60, 2, |_| 225.0 * factor, 0.01);
        assert_suspect(&level(P95, Unit::Milliseconds, at_most(margin(0.1)), &baseline, &canary), words);
        assert_suspect(&level(LEVEL, Unit::Plain(String::new()), at_most(margin(0.1)), &baseline, &canary), words);
    }
    // the other way round it fails, and says why that may be
    let slow = level(P95, Unit::Milliseconds, at_most(margin(0.1)), &baseline, &noisy(60, 2, |_| 225_000.0, 0.01));
    assert_eq!(slow.outcome, Outcome::Fail);
    assert!(slow.notes.iter().any(|note| note.contains("a thousand times")), "{:?}", slow.notes);
    // a great improvement is one
    let fast = level(P95, Unit::Milliseconds, at_most(margin(0.1)), &baseline, &noisy(60, 2, |_| 12.0, 0.05));
    assert_eq!((fast.outcome, fast.notes.len()), (Outcome::Pass, 0), "{}", fast.sentence);
    // where nobody wrote the unit, seconds of a slower canary look like it; a level of anything else may fall so far
    let unwritten = Unit::Plain(String::new());
    let fast = noisy(60, 2, |_| 12.0, 0.05);
    assert_suspect(
        &level(P95, unwritten.clone(), at_most(margin(0.1)), &baseline, &fast),
        "Their `unit` is not written",
    );
    let fine = level(P95, unwritten.clone(), at_most(margin(0.1)), &baseline, &noisy(60, 2, |_| 40.0, 0.05));
    assert_eq!((fine.outcome, fine.notes.len()), (Outcome::Pass, 0), "{}", fine.sentence);
    let fine = level(LEVEL, unwritten, at_most(margin(0.1)), &baseline, &fast);
    assert_eq!((fine.outcome, fine.notes.len()), (Outcome::Pass, 0), "{}", fine.sentence);
}

#[test]
fn latencies_of_requests_in_another_unit_are_no_improvement() {
    let values = |seed: usize, scale: f64| Series::Values {
        time: (0..6000).map(|i| crate::judging::at(i / 100)).collect(),
        value: (0..6000).map(|i| scale * (100.0 + 20.0 * noise(i, seed))).collect(),
    };
    let p95 = criterion(at_most(margin(0.1)), Statistic::Quantile(0.95), Rule::Interval);
    let rules = rules(Kind::Values, Unit::Milliseconds, vec![p95]);
    assert_suspect(&one(&rules, &dataset(60, "m", values(1, 1.0), values(2, 0.001))), "a thousandth");
    let fine = one(&rules, &dataset(60, "m", values(1, 1.0), values(2, 0.9)));
    assert_eq!((fine.outcome, fine.notes.len()), (Outcome::Pass, 0), "{}", fine.sentence);
}

#[test]
fn percent_between_nothing_and_one_is_a_fraction() {
    let limit = at_most(Limit::Threshold(5.0));
    let fraction = noisy(30, 1, |_| 0.03, 0.1);
    assert_suspect(&level(LEVEL, Unit::Percent, limit, &noisy(30, 2, |_| 0.002, 0.1), &fraction), "fractions");
    let percent = level(LEVEL, Unit::Percent, limit, &noisy(30, 1, |_| 3.0, 0.1), &noisy(30, 2, |_| 3.0, 0.1));
    assert_eq!(percent.outcome, Outcome::Pass, "{}", percent.sentence);
}

#[test]
fn a_percentile_that_never_moves_is_the_end_of_a_histogram() {
    let (stuck, odd) = ([10_000.0; 30], [9_973.0; 30]);
    let pass = at_most(margin(0.15));
    assert_suspect(&level(P95, Unit::Milliseconds, pass, &stuck, &stuck), "both arms is exactly 10 s");
    assert_suspect(&level(P95, Unit::Milliseconds, pass, &stuck, &noisy(30, 1, |_| 900.0, 0.1)), "the baseline is");
    let canary =
        level(P95, Unit::Milliseconds, at_most(margin(0.15)), &noisy(30, 1, |_| 2_700.0, 0.01), &[2_500.0; 30]);
    assert_suspect(&canary, "the canary is exactly 2,500 ms");
    // a number that nobody ends a histogram with, and one that is no percentile
    assert_eq!(level(P95, Unit::Milliseconds, pass, &odd, &odd).outcome, Outcome::Pass);
    assert_eq!(level(LEVEL, Unit::Bytes, pass, &[5e8; 30], &[5e8; 30]).outcome, Outcome::Pass);
}

#[test]
fn arms_that_are_both_broken_do_not_pass() {
    let named = |metric: &str, pass, bad: u64| {
        let steps =
            |seed| (0..60).map(|i| (1000, (bad as f64 * (1.0 + 0.05 * noise(i, seed))) as u64)).collect::<Vec<_>>();
        let mut rules = rate(pass);
        let own = rules.metrics.remove("m").unwrap();
        rules.metrics.insert(metric.into(), own);
        rules.criteria[0].metric = metric.into();
        one(&rules, &dataset(60, metric, counts(&steps(1)), counts(&steps(2))))
    };
    let tolerance = at_most(Limit::Margin { relative: Some(0.5), absolute: Some(0.01) });
    assert_suspect(&named("errors", tolerance, 300), "both arms fail often: 29.");
    // a share of something else is noted, and few errors are nothing to speak of
    let misses = named("cold_starts", tolerance, 300);
    assert_eq!((misses.outcome, misses.notes.len()), (Outcome::Pass, 1), "{:?}", misses.notes);
    let few = named("errors", tolerance, 20);
    assert_eq!((few.outcome, few.notes.len()), (Outcome::Pass, 0), "{:?}", few.notes);
    // who allows 40 % knows what they do
    assert_eq!(named("errors", at_most(Limit::Threshold(0.4)), 300).outcome, Outcome::Pass);
}

#[test]
fn a_leak_that_will_break_its_limit_does_not_pass() {
    let mib = 1_048_576.0;
    let flat = noisy(90, 1, |_| 1536.0 * mib, 0.005);
    let leak = noisy(90, 2, |i| (1536.0 + 75.0 * i / 60.0) * mib, 0.005);
    let finding = level(LEVEL, Unit::Bytes, at_most(margin(0.1)), &flat, &leak);
    assert_suspect(&finding, "it rises steadily, by 7");
    assert!(
        finding
            .sentence
            .contains("MiB an hour against the baseline: at this rate it breaks baseline + 10 % in about 3")
    );
    let limit = at_most(Limit::Threshold(1750.0 * mib));
    assert_suspect(&level(LEVEL, Unit::Bytes, limit, &flat, &leak), "an hour: at this rate it breaks 1.71 GiB");
    // both arms rise alike: nothing against the baseline, and a remark beside a limit
    let other = noisy(90, 3, |i| (1536.0 + 75.0 * i / 60.0) * mib, 0.005);
    let alike = level(LEVEL, Unit::Bytes, at_most(margin(0.1)), &other, &leak);
    assert_eq!((alike.outcome, alike.notes.len()), (Outcome::Pass, 0), "{:?}", alike.notes);
    let alike = level(LEVEL, Unit::Bytes, limit, &other, &leak);
    assert_eq!(alike.outcome, Outcome::Pass, "{}", alike.sentence);
    assert!(alike.notes.iter().any(|note| note.ends_with("and so does the baseline")), "{:?}", alike.notes);
    // a level that has jumped and stands still is no rise, nor is one that is far from the limit
    let jump = noisy(90, 4, |i| if i < 30.0 { 1536.0 * mib } else { 1590.0 * mib }, 0.005);
    let slow = noisy(90, 5, |i| (1536.0 + 5.0 * i / 60.0) * mib, 0.0005);
    for canary in [jump, slow] {
        let finding = level(LEVEL, Unit::Bytes, limit, &flat, &canary);
        assert_eq!((finding.outcome, finding.notes.len()), (Outcome::Pass, 0), "{:?}", finding.notes);
    }
}

#[test]
fn arms_that_agree_in_every_point_are_the_same_data() {
    let same = noisy(30, 1, |_| 40.0, 0.1);
    assert_suspect(&level(LEVEL, Unit::Percent, at_most(margin(0.5)), &same, &same), "the same in all 30 points");
    let steps: Vec<_> = (0..30).map(|i| (2000 + i % 17, 1 + i % 3)).collect();
    let tolerance = at_most(Limit::Margin { relative: Some(0.5), absolute: Some(0.01) });
    assert_suspect(
        &one(&rate(tolerance), &dataset(30, "m", counts(&steps), counts(&steps))),
        "the same in all 30 points",
    );
    // numbers that hardly move agree by chance
    let pods: Vec<f64> = (0..30).map(|i| f64::from(3 + i % 2)).collect();
    assert_eq!(level(LEVEL, Unit::Plain("pods".into()), at_most(margin(0.5)), &pods, &pods).outcome, Outcome::Pass);
}

#[test]
fn an_incident_is_named_and_hides_no_worse_canary() {
    let steps = |of: &dyn Fn(usize) -> u64| (0..60).map(|i| (600, of(i))).collect::<Vec<_>>();
    let baseline = counts(&steps(&|i| if (20..40).contains(&i) { 180 } else { 3 }));
    let tolerance = at_most(Limit::Margin { relative: Some(0.5), absolute: Some(0.001) });
    let worse = one(&rate(tolerance), &dataset(60, "m", baseline.clone(), counts(&steps(&|_| 30))));
    assert_ne!(worse.outcome, Outcome::Pass, "{}", worse.sentence);
    let named = "the baseline had an incident from 12:20 to 12:40 UTC: 30 % bad requests, and 0.5 % at all other times";
    let said = |finding: &Finding| format!("{} {:?}", finding.sentence, finding.notes);
    assert!(
        said(&worse).contains(&format!("{named}. Without that time the canary is beyond its bound")),
        "{}",
        said(&worse)
    );
    let alike = one(&rate(tolerance), &dataset(60, "m", baseline, counts(&steps(&|_| 2))));
    assert!(alike.notes.iter().any(|note| note == named), "{:?}", alike.notes);

    // half a percent over an hour, of which all in five minutes
    let burst = counts(&steps(&|i| if (30..35).contains(&i) { 60 } else { 1 }));
    let calm = counts(&steps(&|_| 1));
    let limit = at_most(Limit::Threshold(0.05));
    let finding = one(&rate(limit), &dataset(60, "m", calm.clone(), burst.clone()));
    assert_ne!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
    assert!(said(&finding).contains("the canary had an incident from 12:30 to 12:35 UTC"), "{}", said(&finding));
    // what befell both arms is no fault of the canary
    let both = one(&rate(limit), &dataset(60, "m", burst.clone(), burst));
    assert!(
        !both.sentence.contains("incident") && both.notes.iter().any(|note| note.contains("incident")),
        "{}",
        said(&both)
    );
    let _ = calm;
}

#[test]
fn one_broken_instance_of_many_does_not_pass() {
    let arm = |broken: u64| -> BTreeMap<String, Series> {
        let own = |pod: u64| {
            (0..20)
                .map(|i| (300, if pod == 7 { broken } else { u64::from((i + pod).is_multiple_of(10)) }))
                .collect::<Vec<_>>()
        };
        (0..50).map(|pod| (format!("pod-{pod}"), counts(&own(pod)))).collect()
    };
    let sum = |arm: &BTreeMap<String, Series>| {
        let mut steps = vec![(0, 0); 20];
        for series in arm.values() {
            let Series::Counts { total, bad, .. } = series else { unreachable!() };
            for (step, (total, bad)) in steps.iter_mut().zip(total.iter().zip(bad)) {
                *step = (step.0 + total, step.1 + bad);
            }
        }
        counts(&steps)
    };
    let judged = |baseline: BTreeMap<String, Series>, canary: BTreeMap<String, Series>| {
        let mut data = dataset(20, "m", sum(&baseline), sum(&canary));
        data.instances.insert("m".into(), Pair { baseline, canary });
        one(&rate(at_most(Limit::Threshold(0.02))), &data)
    };
    // 150 of 300 requests of one pod in fifty are one percent in all
    assert_suspect(&judged(arm(0), arm(150)), "pod-7 has 50 % (3,000 of 6,000) bad requests");
    let fine = judged(arm(0), arm(0));
    assert_eq!((fine.outcome, fine.notes.len()), (Outcome::Pass, 0), "{:?}", fine.notes);
}

#[test]
fn bounds_that_hardly_mean_what_was_meant_are_said() {
    let metric = |kind, unit| rules(kind, unit, Vec::new()).metrics.remove("m").unwrap();
    let latency = metric(P95, Unit::Milliseconds);
    let doubt = |side, limit, metric: &Metric| {
        let bound = Bound { side, strict: false, limit, per: None };
        doubts(&criterion(Some(bound), Statistic::Typical, Rule::Interval), metric).join("; ")
    };
    assert!(doubt(Side::AtLeast, margin(-0.05), &latency).contains("however slow, it passes"));
    assert!(doubt(Side::AtMost, margin(-0.05), &latency).contains("asks the canary for less than the baseline has"));
    assert!(doubt(Side::AtMost, margin(0.0), &latency).contains("no room for noise"));
    assert!(
        doubt(Side::AtMost, Limit::Margin { relative: None, absolute: None }, &latency).contains("no room for noise")
    );
    let good = metric(Kind::GoodShare, Unit::Share);
    let points = |absolute| Limit::Margin { relative: None, absolute: Some(absolute) };
    assert!(doubt(Side::AtLeast, points(0.01), &good).contains("asks the canary for more than the baseline has"));
    for (side, limit, metric) in [
        (Side::AtMost, margin(0.05), &latency),
        (Side::AtLeast, points(-0.01), &good),
        (Side::AtMost, Limit::Threshold(100.0), &latency),
    ] {
        assert_eq!(doubt(side, limit, metric), "");
    }
}

#[test]
fn arms_that_never_move_and_are_equal_are_within_any_margin() {
    let plain = || Unit::Plain(String::new());
    for (value, limit) in [(0.0, margin(1.01)), (0.0, margin(0.0)), (7.0, margin(0.1)), (7.0, margin(0.0))] {
        let finding = level(LEVEL, plain(), at_most(limit), &[value; 20], &[value; 20]);
        assert_eq!(finding.outcome, Outcome::Pass, "{value} {limit:?}: {}", finding.sentence);
        let (effect, limit) = (finding.evidence.effect.unwrap(), finding.evidence.pass_limit.unwrap());
        assert!(effect.high <= limit, "{effect:?} beyond {limit}");
    }
    assert_eq!(level(LEVEL, plain(), at_most(Limit::Threshold(0.0)), &[], &[0.0; 20]).outcome, Outcome::Pass);
    // one that is a little larger, or less than the limit allows, is neither equal nor within it
    let mut canary = [0.0; 20];
    canary[7] = 1.0;
    assert_ne!(level(LEVEL, plain(), at_most(margin(0.1)), &[0.0; 20], &canary).outcome, Outcome::Pass);
    let strict = Some(Bound { strict: true, ..at_most(margin(0.0)).unwrap() });
    assert_ne!(level(LEVEL, plain(), strict, &[7.0; 20], &[7.0; 20]).outcome, Outcome::Pass);
    let none = one(&rate(at_most(margin(0.5))), &dataset(20, "m", counts(&[(100, 0); 20]), counts(&[(100, 0); 20])));
    assert_eq!(none.outcome, Outcome::Inconclusive);
    assert!(none.sentence.contains("nothing to compare"), "{}", none.sentence);
}
