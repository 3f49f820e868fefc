//! Instances beside their sum: what one bad host may do to a verdict, and what it may not.
//!
//! Whatever the numbers, an order or a name of instances means nothing and an odd one makes the answer weaker. In
//! simulated soaks whose hosts differ for as long as they live, the judge that knows the hosts is seldom wrong, the
//! one that does not is wrong often, and a canary that is twice as bad is found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use assert_cmd::Command;
use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::series::{Dataset, Instances as Named, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::Direction;
use davy::stats::anytime::Starts;
use davy::stats::counts::{self, CountStep, Exposure};
use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::instances::{Instances, LEAST_INSTANCES};
use davy::stats::single::TrialStep;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::bets;
use crate::reference::arms_of;
use crate::soaks::noise::Noise;

type Arm = Vec<Vec<Option<TrialStep>>>;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1953), ..ProptestConfig::default() }
}

fn arm_of(instances: std::ops::Range<usize>, steps: usize) -> impl Strategy<Value = Arm> {
    let trial = (0_u64..400, 0.0..0.5_f64, 0..8).prop_map(|(total, share, missing)| {
        (missing > 0).then_some(TrialStep { total, bad: (total as f64 * share * share) as u64 })
    });
    prop::collection::vec(prop::collection::vec(trial, steps), instances)
}

fn instances() -> impl Strategy<Value = Instances> {
    (1_usize..30).prop_flat_map(|steps| {
        (arm_of(LEAST_INSTANCES..12, steps), arm_of(LEAST_INSTANCES..12, steps))
            .prop_map(|(canary, baseline)| Instances { canary, baseline })
    })
}

fn effect(steps: &[CountStep], instances: Option<&Instances>) -> DesignEffect {
    counts::design_effect_from(steps, 0, instances, Exposure::Trials, Prior::default())
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_order_of_instances_means_nothing(instances in instances(), by in 0_usize..12) {
        let steps = arms_of(&instances);
        let mut turned = instances.clone();
        let (c, b) = (by % turned.canary.len(), by % turned.baseline.len());
        turned.canary.rotate_left(c);
        turned.baseline.rotate_left(b);
        turned.baseline.reverse();
        let [here, there] = [&instances, &turned].map(|instances| effect(&steps, Some(instances)).between);
        match (here, there) {
            (Some((phi, nu)), Some((other, of))) => prop_assert!(close(phi, other) && close(nu, of)),
            _ => prop_assert_eq!(here, there),
        }
    }

    #[test]
    fn instances_only_ever_weaken(instances in instances(), critical in 0.5..4.0_f64, r0 in 0.2..5.0_f64, d in -0.2..0.2_f64) {
        let steps = arms_of(&instances);
        let (without, with) = (effect(&steps, None), effect(&steps, Some(&instances)));
        let (narrow, wide) = (
            counts::ratio_interval(&steps, &without, critical, critical),
            counts::ratio_interval(&steps, &with, critical, critical),
        );
        prop_assert!(wide.0 <= narrow.0 * (1.0 + 1e-9) && wide.1 >= narrow.1 * (1.0 - 1e-9), "{narrow:?} {wide:?}");
        let starts = Starts::spread(30.0);
        for direction in [Direction::Above, Direction::Below] {
            let ratio = |effect| counts::ratio_z(&steps, effect, r0, direction);
            prop_assert!(ratio(&with) <= ratio(&without) + 1e-9);
            let difference = |effect| counts::difference_z(&steps, effect, d, direction);
            prop_assert!(difference(&with) <= difference(&without) + 1e-9);
            let ln_e = |known| bets::difference(&steps, known, d, direction, 30.0, &starts);
            prop_assert!(ln_e(Some(&instances)) <= ln_e(None) + 1e-9);
        }
    }

    #[test]
    fn one_odd_instance_widens_the_interval(
        (m, n, bad, odd) in (LEAST_INSTANCES..12, 5_usize..40, 2_u64..6, 10_u64..40),
    ) {
        let alike = |bad: u64| vec![Some(TrialStep { total: 100, bad }); n];
        let mut instances = Instances { canary: vec![alike(bad); m], baseline: vec![alike(bad); m] };
        let usual = effect(&arms_of(&instances), Some(&instances)).between.unwrap();
        prop_assert!(usual.0 == 1.0 && usual.1 >= (m - 1) as f64, "{usual:?}");
        instances.canary[0] = alike(bad + odd);
        let steps = arms_of(&instances);
        let (without, with) = (effect(&steps, None), effect(&steps, Some(&instances)));
        prop_assert!(with.between.unwrap().0 > usual.0);
        let width = |effect| {
            let (low, high) = counts::ratio_interval(&steps, effect, 1.6, 1.6);
            (high / low).ln()
        };
        prop_assert!(width(&with) > 1.2 * width(&without), "{with:?}");
    }

    #[test]
    fn nothing_panics(canary in arm_of(0..9, 4), baseline in arm_of(0..9, 6), huge in any::<u64>(), start in 0_usize..9) {
        let mut instances = Instances { canary, baseline };
        let steps = arms_of(&instances);
        for own in instances.canary.iter_mut().chain(&mut instances.baseline).flat_map(|own| own.iter_mut().flatten()) {
            *own = TrialStep { total: own.total.saturating_mul(huge), bad: own.bad.saturating_mul(huge) };
        }
        let effect = counts::design_effect_from(&steps, start, Some(&instances), Exposure::Trials, Prior::default());
        prop_assert!(effect.largest() >= 1.0);
        for z in [counts::ratio_z(&steps, &effect, 1.0, Direction::Above), counts::difference_z(&steps, &effect, 0.0, Direction::Below)] {
            prop_assert!(!z.is_nan());
        }
    }
}

#[test]
fn an_arm_that_is_worse_throughout_is_no_dispersion() {
    let alike = |bad: u64| vec![Some(TrialStep { total: 1000, bad }); 30];
    let instances = Instances { canary: vec![alike(50); 8], baseline: vec![alike(10); 8] };
    assert_eq!(effect(&arms_of(&instances), Some(&instances)).between.unwrap().0, 1.0);
}

#[test]
fn fewer_than_five_are_not_asked() {
    let alike = |m: usize| vec![vec![Some(TrialStep { total: 100, bad: 3 }); 20]; m];
    for (canary, baseline, known) in [(5, 5, true), (4, 9, false), (9, 4, false), (0, 0, false)] {
        let instances = Instances { canary: alike(canary), baseline: alike(baseline) };
        assert_eq!(effect(&arms_of(&instances), Some(&instances)).between.is_some(), known);
    }
    // one that had no request is none
    let mut instances = Instances { canary: alike(5), baseline: alike(5) };
    instances.canary[2] = vec![Some(TrialStep { total: 0, bad: 0 }); 20];
    assert_eq!(effect(&arms_of(&instances), Some(&instances)).between, None);
}

// --- soaks whose hosts differ --------------------------------------------------------------------------------------

const START: i64 = 1_772_366_400;
const MINUTES: usize = 60;

/// Hosts with an error rate of their own, which they keep; so many in either arm, the canary's `worse` times as bad.
fn soak(hosts: usize, variation: f64, worse: f64, number: usize) -> Dataset {
    let mut noise = Noise::of(17, "hosts", if worse > 1.0 { "worse" } else { "aa" }, number);
    let time: Vec<Timestamp> =
        (0..MINUTES as i64).map(|minute| Timestamp::from_second(START + 60 * minute).unwrap()).collect();
    let mut arm = |worse: f64| -> Named {
        let host = |i: usize, noise: &mut Noise| {
            let rate = (0.01 * worse * noise.gamma(variation)).min(1.0);
            let total: Vec<u64> = (0..MINUTES).map(|_| noise.poisson(100.0)).collect();
            let bad = total.iter().map(|n| noise.binomial(*n, rate)).collect();
            (format!("host-{i}"), Series::Counts { time: time.clone(), total, bad })
        };
        (0..hosts).map(|i| host(i, &mut noise)).collect()
    };
    let parts = Pair { baseline: arm(1.0), canary: arm(worse) };
    let sum = |parts: &Named| {
        let (mut total, mut bad) = (vec![0; MINUTES], vec![0; MINUTES]);
        for series in parts.values() {
            let Series::Counts { total: n, bad: x, .. } = series else { unreachable!() };
            (0..MINUTES).for_each(|t| (total[t], bad[t]) = (total[t] + n[t], bad[t] + x[t]));
        }
        Series::Counts { time: time.clone(), total, bad }
    };
    let window = Window { start: time[0], end: time[MINUTES - 1] + SignedDuration::from_mins(1) };
    Dataset {
        metrics: BTreeMap::from([("errors".to_owned(), parts.as_ref().map(sum))]),
        instances: BTreeMap::from([("errors".to_owned(), parts)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

fn no_more_than_the_baseline(limit: Limit, looks: Looks) -> Rules {
    let metric = Metric {
        unit: Unit::Share,
        kind: Kind::BadShare,
        of: "requests".into(),
        history: None,
        by: None,
        remarks: Vec::new(),
    };
    let criterion = Criterion {
        name: "errors".into(),
        metric: "errors".into(),
        statistic: Statistic::Rate,
        pass: Some(Bound { side: Side::AtMost, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: "errors".into(),
        family: "errors".into(),
    };
    Rules {
        name: "hosts".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: BTreeMap::from([("errors".to_owned(), metric)]),
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria: vec![criterion],
        not_judged: Vec::new(),
        traffic: None,
        looks,
        policy: Policy::default(),
    }
}

const RATIO: Limit = Limit::Margin { relative: Some(0.0), absolute: None };
const DIFFERENCE: Limit = Limit::Margin { relative: None, absolute: Some(0.0) };

/// The share of soaks that fail, with the instances known and without.
fn fails(rules: &Rules, soaks: usize, draw: impl Fn(usize) -> Dataset) -> (f64, f64) {
    let failed = |data: &Dataset| judge(rules, data).outcome == Outcome::Fail;
    let (mut with, mut without) = (0, 0);
    for number in 0..soaks {
        let data = draw(number);
        with += usize::from(failed(&data));
        without += usize::from(failed(&Dataset { instances: BTreeMap::new(), ..data }));
    }
    (with as f64 / soaks as f64, without as f64 / soaks as f64)
}

#[test]
fn hosts_that_differ_are_no_regression() {
    let soaks = 1000;
    for limit in [RATIO, DIFFERENCE] {
        let (with, without) = fails(&no_more_than_the_baseline(limit, Looks::Once), soaks, |i| soak(8, 0.5, 1.0, i));
        println!("{limit:?}: {with} of healthy soaks fail, {without} without instances");
        // five of a hundred, and what chance adds to it in a thousand once in a thousand times
        assert!(with <= 0.072, "{limit:?}: {with}");
        assert!(without >= 0.2, "{limit:?}: {without}");
    }
}

#[test]
fn looking_often_makes_no_regression_of_hosts_that_differ() {
    let every = SignedDuration::from_mins(10);
    let planned = Looks::Planned { soak: SignedDuration::from_mins(60), every: Some(every) };
    for (limit, looks) in [(RATIO, planned), (DIFFERENCE, planned), (RATIO, Looks::Open), (DIFFERENCE, Looks::Open)] {
        let rules = no_more_than_the_baseline(limit, looks);
        let ever = |data: &Dataset| {
            let ends = (1..=6).map(|k| data.windows.canary.start + every * k);
            ends.into_iter().any(|end| judge(&rules, &data.until(end)).outcome == Outcome::Fail)
        };
        let soaks = 150;
        let failed = (0..soaks).filter(|i| ever(&soak(8, 0.5, 1.0, *i))).count() as f64 / soaks as f64;
        println!("{limit:?} {looks:?}: {failed} of healthy soaks ever fail");
        assert!(failed <= 0.11, "{limit:?} {looks:?}: {failed}");
    }
}

#[test]
fn a_doubling_is_found_among_hosts_that_differ() {
    for limit in [RATIO, DIFFERENCE] {
        let (with, _) = fails(&no_more_than_the_baseline(limit, Looks::Once), 150, |i| soak(8, 0.5, 2.0, i));
        println!("{limit:?}: {with} of doubled soaks fail");
        assert!(with >= 0.6, "{limit:?}: {with}");
    }
    // and where the hosts are alike, knowing them costs little
    let (with, without) = fails(&no_more_than_the_baseline(RATIO, Looks::Once), 100, |i| soak(8, 0.01, 1.3, i));
    println!("alike, 1.3 times as bad: {with} with instances, {without} without");
    assert!(with >= without - 0.15 && without >= 0.5, "{with} {without}");
}

// --- through the command line --------------------------------------------------------------------------------------

/// An hour of `hosts` hosts in either arm in one file; one of the canary's is five times as bad.
fn file_of(hosts: usize) -> String {
    let mut text = "time,arm,host,requests,errors\n".to_owned();
    for minute in 0..60 {
        for arm in ["baseline", "canary"] {
            for host in 0..hosts {
                let bad = if arm == "canary" && host == 0 { 15 } else { 2 + (minute + host) % 3 };
                writeln!(text, "2026-03-01T12:{minute:02}:00Z,{arm},{arm}-{host},300,{bad}").unwrap();
            }
        }
    }
    text
}

const CONFIG: &str = r#"
name: hosts
sources: { data: { file: { path: data.csv } } }
metrics: { errors: { rate: { bad: errors, total: requests, instance: host } } }
criteria: [ { metric: errors, pass: "<= baseline + 20%" } ]
"#;

fn verdict(folder: &std::path::Path, args: &[&str]) -> serde_json::Value {
    let output = Command::cargo_bin("davy").unwrap().current_dir(folder).args(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn one_bad_host_is_no_fail_and_a_recording_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("data.csv"), file_of(8)).unwrap();
    fs::write(path.join("canary.yaml"), CONFIG).unwrap();
    let judged = verdict(path, &["judge", "--format", "json", "--record", "kept"]);
    let finding = &judged["findings"][0];
    assert_eq!(finding["outcome"], "inconclusive", "{finding}");
    let notes: Vec<&str> = finding["notes"].as_array().unwrap().iter().filter_map(|note| note.as_str()).collect();
    let odd = "one instance of the canary stands out: canary-0 has 5 % (900 of 18,000) bad requests, the other 7 have 1 % \
               (1,260 of 126,000)";
    assert_eq!(notes, [odd, "8 against 8 instances: how they differ is part of the noise"], "{finding}");
    let kept = fs::read_to_string(path.join("kept/series/errors.csv")).unwrap();
    assert!(
        kept.starts_with("time,arm,instance,total,bad\n2026-03-01T12:00:00Z,baseline,baseline-0,300,2\n"),
        "{kept}"
    );
    let replayed = verdict(path, &["judge", "kept", "--format", "json"]);
    assert_eq!(replayed["findings"], judged["findings"]);

    // rows of one time that nothing says are parts are refused; a column with a usual name says so itself
    fs::write(path.join("canary.yaml"), CONFIG.replace(", instance: host", "")).unwrap();
    let found = verdict(path, &["judge", "--format", "json"]);
    let parts = "the rows of one time are parts by \"host\"; they are added up";
    assert!(found["findings"][0]["notes"].as_array().unwrap().iter().any(|said| said == parts), "{found}");
    let named = file_of(8).replacen("host", "who", 1);
    fs::write(path.join("data.csv"), named).unwrap();
    let output = Command::cargo_bin("davy").unwrap().current_dir(path).arg("judge").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("one row per time and arm") && told.contains("`instance:`"), "{told}");

    fs::write(path.join("canary.yaml"), CONFIG).unwrap();
    fs::write(path.join("data.csv"), file_of(4)).unwrap();
    let few = verdict(path, &["judge", "--format", "json"]);
    let note = "4 instances in the canary: at least 5 are needed in each arm to tell an odd one from a regression";
    assert!(few["findings"][0]["notes"].as_array().unwrap().iter().any(|said| said == note), "{few}");
    assert_eq!(few["findings"][0]["outcome"], "fail");
}
