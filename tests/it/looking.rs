//! Judging during a soak from outside: what a configuration's `soak`, `every` and `min_soak` make of each look.
//!
//! The boundary's numbers are certified in `reference.rs` and its chance of error is measured in `operating.rs`; here is
//! which look has which answer, and what is said of it.

use std::collections::BTreeMap;
use std::path::Path;

use davy::config::{self, Options};
use davy::ingest::ingest;
use davy::judge::judge;
use davy::judge::rules::{Looks, Policy, Rules};
use davy::judge::verdict::*;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::planned;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::config::planned as plan;
use super::judge_properties::{limited, plausible, questions};

const START: i64 = 1_772_366_400;

pub(super) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(START + 60 * minute).unwrap()
}

pub(super) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// The rules of one error rate against the baseline, with some lines of its own.
pub(super) fn rules(lines: &str) -> Rules {
    rules_of("- { metric: errors, pass: \"<= baseline + 20%\" }", lines)
}

fn rules_of(criteria: &str, lines: &str) -> Rules {
    let metrics = "metrics: { errors: { rate: { bad: bad, total: all } }, fallbacks: { events: { count: f } } }";
    let text = format!(
        "name: t\nsources: {{ data: {{ file: {{ path: d.csv }} }} }}\n{metrics}\ncriteria:\n  {criteria}\n{lines}\n"
    );
    plan(&text).rules
}

/// Minutes with 2,000 requests in each arm, about 40 bad ones in the baseline, and so many fallbacks in the canary.
pub(super) fn data(minutes: i64, bad: impl Fn(i64) -> u64, fallbacks: impl Fn(i64) -> u64) -> Dataset {
    let time: Vec<Timestamp> = (0..minutes).map(at).collect();
    let uneven = |minute: i64| (minute * 7919 % 13) as u64;
    let counts = |bad: Vec<u64>| Series::Counts { time: time.clone(), total: vec![2_000; bad.len()], bad };
    let events = |count: Vec<u64>| Series::Events { time: time.clone(), count, exposure: None };
    let window = Window { start: at(0), end: at(minutes) };
    let errors = Pair {
        baseline: counts((0..minutes).map(|m| 34 + uneven(m)).collect()),
        canary: counts((0..minutes).map(|m| bad(m) + uneven(m + 5) - 6 * u64::from(bad(m) > 6)).collect()),
    };
    let quiet = events(vec![0; minutes as usize]);
    let fallbacks = Pair { baseline: quiet, canary: events((0..minutes).map(fallbacks).collect()) };
    Dataset {
        metrics: BTreeMap::from([("errors".to_owned(), errors), ("fallbacks".to_owned(), fallbacks)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

fn healthy(minutes: i64) -> Dataset {
    data(minutes, |_| 40, |_| 0)
}

/// A canary with a third more bad requests than the baseline: beyond the margin, but not by much.
fn worse(minutes: i64) -> Dataset {
    data(minutes, |_| 60, |_| 0)
}

fn one(rules: &Rules, data: &Dataset) -> Finding {
    judge(rules, data).findings.remove(0)
}

/// Number and count of the look after so many minutes.
fn look(rules: &Rules, minute: i64) -> (usize, usize) {
    match judge(rules, &healthy(minute)).look {
        Look::Planned { number, of, .. } => (number, of),
        other => panic!("{other:?}"),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

fn strength(rules: &Rules, data: &Dataset) -> Strength {
    one(rules, data).evidence.strength.unwrap()
}

/// The boundary of looks after so many steps of sixty.
fn boundary(looks: &[usize], alpha: f64) -> Vec<f64> {
    planned::boundary(&looks.iter().map(|at| *at as f64 / 60.0).collect::<Vec<_>>(), alpha)
}

#[test]
fn looks_are_multiples_and_the_end() {
    let by_seven = rules("soak: 1h\nevery: 7m");
    assert_eq!(by_seven.looks, Looks::Planned { soak: minutes(60), every: Some(minutes(7)) });
    assert_eq!([7, 14, 56, 60].map(|minute| look(&by_seven, minute)), [(1, 9), (2, 9), (8, 9), (9, 9)]);
    // a look at another time is one more
    assert_eq!([8, 59].map(|minute| look(&by_seven, minute)), [(2, 10), (9, 10)]);
    // none before four steps
    let by_two = rules("soak: 1h\nevery: 2m");
    assert_eq!([2, 4, 6, 60].map(|minute| look(&by_two, minute)), [(0, 29), (1, 29), (2, 29), (29, 29)]);
    assert_eq!(strength(&by_two, &healthy(2)).fail.z_needed, None);
    assert!(strength(&by_two, &healthy(6)).fail.z_needed.is_some());
    // those of the warm-up do not count
    let warm = rules("soak: 1h\nevery: 10m\nwindow: { step: 1m, warmup: 10m }");
    assert_eq!([10, 20, 60].map(|minute| look(&warm, minute)), [(0, 5), (1, 5), (5, 5)]);
    let needed = strength(&warm, &healthy(20)).fail.z_needed.unwrap();
    assert!(close(needed, planned::boundary(&[0.2, 0.4, 0.6, 0.8, 1.0], 0.95 * 0.05)[0]), "{needed}");
    // a soak that has no four has its end
    let short = rules("soak: 3m\nevery: 1m");
    assert_eq!([2, 3].map(|minute| look(&short, minute)), [(0, 1), (1, 1)]);
    assert!(strength(&short, &healthy(3)).pass.z_needed.is_some());
}

#[test]
fn a_phase_has_its_own_looks_or_those_of_the_file() {
    let phases = |lines: &str| rules(&format!("soak: 1h\nevery: 5m\nphases: [{{ name: a{lines} }}]")).looks;
    let planned = |soak, every| Looks::Planned { soak: minutes(soak), every: Some(minutes(every)) };
    assert_eq!(phases(""), planned(60, 5));
    assert_eq!(phases(", soak: 2h"), planned(120, 5));
    assert_eq!(phases(", soak: 2h, every: 10m"), planned(120, 10));
    let file = |lines| rules(lines).looks;
    assert_eq!(file("soak: 1h"), Looks::Planned { soak: minutes(60), every: None });
    assert_eq!(file("soak: 1h\nevery: 1h"), Looks::Planned { soak: minutes(60), every: None });
    assert_eq!([file("every: 5m"), file("")], [Looks::Open, Looks::Once]);
}

#[test]
fn the_looks_are_rules() {
    let all = ["", "soak: 1h", "soak: 2h", "soak: 1h\nevery: 5m", "soak: 1h\nevery: 10m", "every: 5m"];
    let mut fingerprints = all.map(|lines| rules(lines).fingerprint).to_vec();
    // with an open end, how often somebody looks is no rule
    assert_eq!(rules("every: 1m").fingerprint, rules("every: 5m").fingerprint);
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), all.len());
}

#[test]
fn hurdles_are_the_boundary() {
    let looks: Vec<usize> = (1..=12).map(|k| 5 * k).collect();
    let (fails, passes) = (boundary(&looks, 0.95 * 0.05), boundary(&looks[5..], 0.05));
    let rules = rules("soak: 1h\nevery: 5m\npolicy: { min_soak: 30m }");
    for (k, at) in looks.iter().enumerate() {
        let strength = strength(&rules, &healthy(*at as i64));
        assert!(close(strength.fail.z_needed.unwrap(), fails[k]), "{at}");
        assert!(close(strength.fail.ln_e_needed.unwrap(), -(0.05_f64 * 0.05).ln()), "{at}");
        assert_eq!(strength.pass.z_needed.is_some(), *at >= 30, "{at}");
        assert!(strength.pass.z_needed.is_none_or(|needed| close(needed, passes[k - 5])), "{at}");
        assert_eq!(strength.pass.ln_e_needed, None);
    }
    // what a dozen looks cost at the end
    assert!((fails[11] - 2.07).abs() < 0.005, "{}", fails[11]);
}

#[test]
fn with_a_soak_alone_the_end_is_the_one_look() {
    let rules = rules("soak: 1h");
    for minute in [5, 30, 59] {
        assert_eq!(look(&rules, minute), (0, 1));
        let strength = strength(&rules, &healthy(minute));
        assert_eq!((strength.fail.z_needed, strength.pass.z_needed), (None, None));
        assert!(close(strength.fail.ln_e_needed.unwrap(), 400_f64.ln()));
    }
    assert_eq!(look(&rules, 60), (1, 1));
    // beyond what one look asks for, and not enough before the end
    let halfway = one(&rules, &worse(20));
    let proof = halfway.evidence.strength.unwrap().fail;
    assert!(proof.z > 1.7 && proof.ln_e.unwrap() < proof.ln_e_needed.unwrap(), "{proof:?}");
    assert_eq!(halfway.outcome, Outcome::Inconclusive, "{}", halfway.sentence);
    let end = one(&rules, &worse(60));
    assert_eq!((end.outcome, end.reason), (Outcome::Fail, Reason::BeyondBound), "{}", end.sentence);
}

#[test]
fn an_emergency_fails_before_the_first_look() {
    for lines in ["soak: 1h\nevery: 15m", "soak: 1h"] {
        let rules = rules(lines);
        let verdict = judge(&rules, &data(6, |_| 400, |_| 0));
        assert_eq!(verdict.outcome, Outcome::Fail, "{}", verdict.summary);
        assert!(matches!(verdict.look, Look::Planned { elapsed, .. } if elapsed == minutes(6)));
        assert!(verdict.summary.contains("exceeds baseline + 20 %"), "{}", verdict.summary);
    }
    // of the guard alone that is said
    let finding = one(&rules("soak: 1h"), &data(6, |_| 400, |_| 0));
    assert!(finding.sentence.ends_with(", by evidence that holds at any time"), "{}", finding.sentence);
    assert!(!finding.decide.unwrap().contains("pass at"));
    // nothing of the kind where a look's own evidence is enough
    let once = one(&rules(""), &data(6, |_| 400, |_| 0));
    assert!(once.sentence.ends_with("exceeds baseline + 20 %"), "{}", once.sentence);
}

#[test]
fn an_early_look_says_so_and_when_it_would_pass() {
    let by_five = rules("soak: 1h\nevery: 5m");
    let early = one(&by_five, &healthy(20));
    assert_eq!((early.outcome, early.reason), (Outcome::Inconclusive, Reason::EarlyLook), "{}", early.sentence);
    let words = "inconclusive: nothing is shown to fail, and a pass is not given before the end of the soak of 1 h; \
                 so far ";
    assert!(early.sentence.starts_with(words), "{}", early.sentence);
    assert_eq!(early.decide.as_deref(), Some("would pass at the look after 1 h, if it stays so"));
    // its interval ends where the look that may give a pass would end it
    let effect = early.evidence.effect.unwrap();
    assert_eq!(effect.high, one(&rules(""), &healthy(20)).evidence.effect.unwrap().high);
    let less = rules("soak: 1h\nevery: 5m\npolicy: { min_soak: 30m }");
    let early = one(&less, &healthy(20));
    assert!(early.sentence.contains("not given before 30 min of the soak of 1 h; so far"), "{}", early.sentence);
    assert!(early.decide.unwrap().starts_with("would pass at the look after "));
    // what stays as bad will fail
    let failing = one(&by_five, &data(10, |_| 53, |_| 0));
    assert_eq!(failing.reason, Reason::EarlyLook, "{}", failing.sentence);
    assert!(failing.decide.as_ref().unwrap().starts_with("would fail at the look after "), "{:?}", failing.decide);
}

#[test]
fn nothing_passes_before_the_minimum_soak() {
    let first_pass = |criteria: &str, lines: &str| {
        let rules = rules_of(criteria, lines);
        (1..=60).find(|minute| judge(&rules, &healthy(*minute)).outcome == Outcome::Pass)
    };
    let rate = "- { metric: errors, pass: \"<= baseline + 100%\" }";
    let none = "- { metric: fallbacks, pass: \"== 0\" }";
    let alarm = "- { metric: errors, pass: \"<= 10%\", periods: 2 of 2 }";
    for criteria in [rate, none, alarm] {
        assert_eq!(first_pass(criteria, "soak: 1h\nevery: 5m"), Some(60), "{criteria}");
        assert_eq!(first_pass(criteria, "soak: 1h\nevery: 5m\npolicy: { min_soak: 30m }"), Some(30), "{criteria}");
        assert_eq!(first_pass(criteria, "soak: 1h"), Some(60), "{criteria}");
        assert_eq!(first_pass(criteria, "every: 5m\npolicy: { min_soak: 40m }"), Some(40), "{criteria}");
    }
    let early = one(&rules_of(none, "soak: 1h"), &healthy(30));
    assert_eq!(early.reason, Reason::EarlyLook);
    assert!(early.sentence.contains("a pass is not given before the end of the soak of 1 h"), "{}", early.sentence);
    let early = one(&rules_of(none, "every: 5m\npolicy: { min_soak: 40m }"), &healthy(30));
    assert_eq!(early.reason, Reason::SoakTooShort);
}

#[test]
fn what_comes_after_the_soak_is_seen_by_alarms_alone() {
    let criteria = "- { metric: errors, pass: \"<= baseline + 100%\" }
  - { metric: errors, pass: \"<= 10%\", periods: 2 of 2 }
  - { metric: fallbacks, pass: \"== 0\" }";
    let rules = rules_of(criteria, "soak: 1h\nevery: 5m");
    let late = |minute: i64| minute >= 60;
    let long = data(90, |m| if late(m) { 900 } else { 40 }, |m| u64::from(late(m)));
    let (within, beyond) = (judge(&rules, &long.until(at(60))), judge(&rules, &long));
    assert_eq!(within.outcome, Outcome::Pass, "{}", within.summary);
    assert_eq!(beyond.findings[0], within.findings[0]);
    assert_eq!([1, 2].map(|i| beyond.findings[i].outcome), [Outcome::Fail; 2]);
    assert_eq!(beyond.look, within.look);
    let note = "judged up to the end of the soak of 1 h; the 30 min after it are left out of every interval";
    assert!(beyond.notes.iter().any(|n| n.starts_with(note)), "{:?}", beyond.notes);
    assert!(within.notes.is_empty(), "{:?}", within.notes);
}

#[test]
fn once_and_the_last_look_differ_by_the_boundary_alone() {
    for data in [healthy(60), worse(60)] {
        let (once, last) = (one(&rules(""), &data), one(&rules("soak: 1h\nevery: 5m"), &data));
        assert_eq!((once.outcome, once.reason), (last.outcome, last.reason));
        let (a, b) = (once.evidence.strength.unwrap(), last.evidence.strength.unwrap());
        assert_eq!((a.fail.z, a.pass.z), (b.fail.z, b.pass.z));
        assert!(close(a.fail.z_needed.unwrap(), 1.6448536269514722), "{a:?}");
        assert!(b.fail.z_needed.unwrap() > 2.0);
        // who waits for the end pays for one look
        assert!(close(b.pass.z_needed.unwrap(), a.pass.z_needed.unwrap()));
        let (e, f) = (once.evidence.effect.unwrap(), last.evidence.effect.unwrap());
        assert_eq!((e.estimate, e.high), (f.estimate, f.high));
        assert!(f.low < e.low, "{} {}", once.sentence, last.sentence);
        assert_eq!(once.evidence.n, last.evidence.n);
    }
}

#[test]
fn an_open_end_is_decided_by_any_time_evidence_alone() {
    let rules = rules_of("- { metric: errors, pass: \"<= baseline + 50%\" }", "every: 5m");
    let mut decided = Vec::new();
    for (bad, wanted) in [(40, Outcome::Pass), (90, Outcome::Fail)] {
        for minute in 1..=60 {
            let finding = one(&rules, &data(minute, |_| bad, |_| 0));
            let Strength { fail, pass } = finding.evidence.strength.unwrap();
            assert_eq!((fail.z_needed, pass.z_needed), (None, None));
            for (proof, outcome) in [(fail, Outcome::Fail), (pass, Outcome::Pass)] {
                assert!(close(proof.ln_e_needed.unwrap(), 20_f64.ln()));
                assert_eq!(proof.ln_e.unwrap() >= 20_f64.ln(), finding.outcome == outcome, "{}", finding.sentence);
            }
            if finding.outcome == wanted {
                decided.push(minute);
                break;
            }
        }
    }
    assert!(decided.len() == 2 && decided.iter().all(|minute| (2..60).contains(minute)), "{decided:?}");
    assert_eq!(judge(&rules, &healthy(5)).look, Look::Open);
}

#[test]
fn looks_beyond_counting_are_an_open_end_and_that_is_said() {
    let rules = rules("soak: 1d\nevery: 1s");
    let mut data = healthy(20);
    data.step = SignedDuration::from_secs(1);
    let verdict = judge(&rules, &data);
    assert_eq!(verdict.look, Look::Open);
    let note = "more than 1,500 planned looks are as good as an open end";
    assert!(verdict.notes.iter().any(|n| n.starts_with(note)), "{:?}", verdict.notes);
    // of steps of a minute there are no more looks than steps
    assert_eq!(judge(&rules, &healthy(20)).notes, Vec::<String>::new());
    assert_eq!(look(&rules, 20), (17, 1437));
}

#[test]
fn a_late_change_is_seen_since_it_began() {
    let onset = |from: i64| move |minute: i64| if minute >= from { 400 } else { 40 };
    let late = one(&rules("soak: 1h"), &data(52, onset(40), |_| 0));
    assert_eq!(late.outcome, Outcome::Fail, "{}", late.sentence);
    let words = ", by evidence that holds at any time, as seen since 12:40 UTC";
    assert!(late.sentence.ends_with(words), "{}", late.sentence);
    let early = one(&rules("soak: 1h"), &data(52, onset(0), |_| 0));
    assert!(early.sentence.ends_with(", by evidence that holds at any time"), "{}", early.sentence);
}

/// The Redis that was killed in a recorded rollout: at the end of an open course its cache's misses and slow requests are
/// seen since the minutes about its death, 06:41:30, or since one of the few starts before it.
#[test]
fn a_cache_that_died_late_is_seen_since_then() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases/redis-recorded-killed");
    let text = std::fs::read_to_string(folder.join("canary.yaml")).unwrap();
    let config = config::load(&text, "canary.yaml").unwrap();
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let options = Options { folder: &folder, now, set: &[], phase: None, from: None, to: None };
    let plan = config.plan(&options).unwrap();
    let data =
        ingest(&plan.queries, &plan.time, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH)).unwrap();
    let open = judge(&Rules { looks: Looks::Open, ..plan.rules }, &data);
    assert_eq!(open.outcome, Outcome::Fail, "{}", open.summary);
    let failed = open.findings.iter().filter(|f| f.outcome == Outcome::Fail && f.reason == Reason::BeyondBound);
    let since: Vec<&str> = failed.filter_map(|f| f.sentence.split(" as seen since ").nth(1)).collect();
    assert!(
        !since.is_empty() && since.iter().all(|at| ["06:40 UTC", "06:41 UTC", "06:42 UTC"].contains(at)),
        "{since:?}"
    );
}

/// The same cases on every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1815), ..ProptestConfig::default() }
}

fn looks() -> impl Strategy<Value = Looks> {
    let span = || prop_oneof![4 => 1..3_000_i64, 1 => Just(0), 1 => Just(-60), 1 => Just(i64::MAX)];
    let planned = (span(), prop::option::of(span())).prop_map(|(soak, every)| Looks::Planned {
        soak: SignedDuration::from_secs(soak),
        every: every.map(SignedDuration::from_secs),
    });
    prop_oneof![8 => planned, 1 => Just(Looks::Open), 1 => Just(Looks::Once)]
}

fn min_soak() -> impl Strategy<Value = Option<SignedDuration>> {
    prop::option::of((0..3_000_i64).prop_map(SignedDuration::from_secs))
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_look_answers_by_its_hurdles_and_never_passes_early(
        (rules, data) in questions(), looks in looks(), min_soak in min_soak(),
    ) {
        let rules = Rules { looks, policy: Policy { min_soak, ..rules.policy.clone() }, ..rules };
        let verdict = judge(&rules, &data);
        prop_assert_eq!(&verdict, &judge(&rules, &data));
        let least = match (looks, min_soak) {
            (Looks::Planned { soak, .. }, least) => least.map_or(soak, |least| least.min(soak)),
            (_, least) => least.unwrap_or(SignedDuration::MIN),
        };
        let is_early = data.windows.canary.duration() < least;
        for finding in verdict.findings.iter().filter(|finding| finding.criterion != "traffic share") {
            let passes = [Outcome::Pass, Outcome::Warn].contains(&finding.outcome);
            prop_assert!(!(passes && is_early), "{}", finding.sentence);
            let Some(strength) = finding.evidence.strength else { continue };
            let reached = |proof: Proof| {
                let by_z = proof.z_needed.is_some_and(|needed| proof.z >= needed - 1e-9);
                by_z || proof.ln_e.zip(proof.ln_e_needed).is_some_and(|(ln_e, needed)| ln_e >= needed - 1e-9)
            };
            if finding.reason == Reason::BeyondBound {
                prop_assert!(reached(strength.fail), "{}", finding.sentence);
            }
            if finding.reason == Reason::WithinBound {
                prop_assert!(reached(strength.pass), "{}", finding.sentence);
            }
        }
        if is_early {
            prop_assert!(![Outcome::Pass, Outcome::Warn].contains(&verdict.outcome), "{}", verdict.summary);
        }
    }

    #[test]
    fn answer_and_interval_agree_at_every_look(
        (rules, data) in plausible(), v in 0.0..1.0_f64, margin in any::<bool>(), every in 1..40_i64, soak in 1..60_i64,
    ) {
        use davy::judge::rules::{Limit, Statistic};
        let limit = match (margin, &rules.criteria[0].statistic) {
            (true, _) => Limit::Margin { relative: Some(3.0 * v), absolute: None },
            (false, Statistic::Rate) => Limit::Threshold(0.3 * v),
            (false, _) => Limit::Threshold(300.0 * v),
        };
        let looks = Looks::Planned { soak: minutes(soak), every: Some(minutes(every)) };
        let finding = one(&Rules { looks, ..limited(&rules, limit) }, &data);
        let (Some(effect), Some(limit)) = (finding.evidence.effect, finding.evidence.pass_limit) else { return Ok(()) };
        let slack = 1e-3 * (1.0 + limit.abs());
        match finding.outcome {
            Outcome::Pass => prop_assert!(effect.high <= limit + slack, "{}", finding.sentence),
            Outcome::Fail if finding.reason == Reason::BeyondBound => {
                prop_assert!(effect.low + slack >= limit, "{}", finding.sentence);
            }
            _ => {}
        }
    }
}
