//! Primaries prove a verdict and guardrails must not be broken: what a guardrail lets pass, and all that it does not.

use std::path::Path;

use davy::config::{self, Options};
use davy::judge::judge;
use davy::judge::rules::{Role, Rules, Severity};
use davy::judge::verdict::{Finding, Outcome, Reason, Verdict};
use davy::series::{Dataset, Gravity, Pair, Remark, Series, SignedDuration, Timestamp, Window};
use proptest::prelude::*;

use crate::soaks::noise::Noise;

const STEPS: usize = 60;

fn at(minute: usize) -> Timestamp {
    Timestamp::from_second(1_772_442_000 + 60 * minute as i64).unwrap()
}

fn rules(lines: &str) -> Rules {
    let text = format!(
        "name: roles\nsources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n{lines}\
         metrics:\n  errors: {{ rate: {{ bad: errors, total: requests }} }}\n  p99: {{ gauge: {{ value: p99, unit: ms }} }}\n\
         criteria:\n  - {{ metric: errors, pass: \"<= baseline + 50%\" }}\n\
         \x20 - {{ metric: p99, pass: \"<= baseline + 10%\", role: guardrail }}\n"
    );
    let options = Options { folder: Path::new("."), now: at(STEPS), set: &[], phase: None, from: None, to: None };
    config::load(&text, "roles.yaml").unwrap().plan(&options).unwrap().rules
}

/// A rate that passes by itself.
fn errors() -> Pair<Series> {
    let series = |shift: usize| Series::Counts {
        time: (0..STEPS).map(at).collect(),
        total: vec![3_000; STEPS],
        bad: (0..STEPS).map(|i| 28 + ((i + shift) * 7 % 5) as u64).collect(),
    };
    Pair { baseline: series(0), canary: series(2) }
}

/// A level in steps that vary by `spread`, and by how much it is worse.
fn levels(steps: &[usize], spread: f64, factor: f64) -> Series {
    let mut noise = Noise::of(1, "roles", if factor == 1.0 { "baseline" } else { "canary" }, 0);
    let all: Vec<f64> = (0..STEPS).map(|_| 100.0 * factor * (spread * noise.normal()).exp()).collect();
    Series::Gauge {
        time: steps.iter().copied().map(at).collect(),
        value: steps.iter().map(|i| all[*i]).collect(),
        requests: None,
    }
}

fn dataset(p99: Pair<Series>) -> Dataset {
    let window = Window { start: at(0), end: at(STEPS) };
    let mut data = Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1));
    data.metrics = [("errors".to_owned(), errors()), ("p99".to_owned(), p99)].into();
    data
}

fn all() -> Vec<usize> {
    (0..STEPS).collect()
}

/// Neither shown to be within the margin nor beyond: noise of 60 % about a canary that is 4 % better.
fn open() -> Dataset {
    dataset(Pair { baseline: levels(&all(), 0.6, 1.0), canary: levels(&all(), 0.6, 0.96) })
}

fn guardrail(verdict: &Verdict) -> &Finding {
    verdict.findings.iter().find(|finding| finding.metric == "p99").unwrap()
}

fn primary(rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    rules.criteria[1].role = Role::Primary;
    rules
}

#[test]
fn a_guardrail_that_is_not_broken_lets_a_proved_verdict_pass() {
    let rules = rules("");
    let verdict = judge(&rules, &open());
    assert_eq!((guardrail(&verdict).outcome, guardrail(&verdict).reason), (Outcome::Pass, Reason::NotBroken));
    assert_eq!(verdict.outcome, Outcome::Pass, "{verdict:#?}");
    assert_eq!(verdict.summary, "1 criterion is shown to hold, and 1 guardrail is not broken");
    let sentence = &guardrail(&verdict).sentence;
    assert!(sentence.starts_with("passes: "), "{sentence}");
    assert!(sentence.contains("not shown to be within baseline + 10 %"), "{sentence}");
    assert!(sentence.ends_with("but as a guardrail it is not broken"), "{sentence}");
    let as_primary = judge(&primary(&rules), &open());
    assert_eq!((as_primary.outcome, guardrail(&as_primary).reason), (Outcome::Inconclusive, Reason::Undecided));
}

#[test]
fn a_guardrail_that_is_broken_fails_the_verdict() {
    let worse = dataset(Pair { baseline: levels(&all(), 0.1, 1.0), canary: levels(&all(), 0.1, 1.5) });
    let verdict = judge(&rules(""), &worse);
    assert_eq!((verdict.outcome, guardrail(&verdict).reason), (Outcome::Fail, Reason::BeyondBound));
}

#[test]
fn a_guardrail_that_leans_beyond_its_limit_warns() {
    let leaning = dataset(Pair { baseline: levels(&all(), 0.6, 1.0), canary: levels(&all(), 0.6, 1.15) });
    let verdict = judge(&rules(""), &leaning);
    let finding = guardrail(&verdict);
    assert_eq!((finding.outcome, finding.reason), (Outcome::Warn, Reason::LeansBeyond), "{finding:#?}");
    assert_eq!(verdict.outcome, Outcome::Warn);
    assert!(finding.sentence.contains("the guardrail's estimate lies beyond it"), "{}", finding.sentence);
    assert!(finding.decide.is_some());
}

/// Twelve steps of noise by a factor of three could hide a canary that has tripled.
#[test]
fn a_guardrail_that_could_not_tell_guards_nothing() {
    let few: Vec<usize> = (0..STEPS).collect();
    let blind = dataset(Pair { baseline: levels(&few, 9.0, 1.0), canary: levels(&few, 9.0, 0.9) });
    let verdict = judge(&rules(""), &blind);
    let finding = guardrail(&verdict);
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::Undecided), "{finding:#?}");
    assert!(finding.sentence.contains("would show a canary at twice what its limit allows"), "{}", finding.sentence);
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
}

#[test]
fn what_is_missing_silent_incomplete_or_suspect_is_not_unbroken() {
    let arms = |baseline: &[usize], canary: &[usize]| {
        dataset(Pair { baseline: levels(baseline, 0.6, 1.0), canary: levels(canary, 0.6, 0.96) })
    };
    let (all, half): (Vec<usize>, Vec<usize>) = (all(), (0..STEPS / 2).collect());
    let sparse: Vec<usize> = (0..STEPS).step_by(4).collect();
    let remarked = |gravity| {
        let mut data = open();
        data.remarks.insert("p99".into(), vec![Remark { gravity, text: "rows are odd".into() }]);
        data
    };
    let mut lost = open();
    lost.lost.insert("p99".into(), "no route".into());
    let cases = [
        (arms(&all, &[]), Outcome::Inconclusive),
        (arms(&[], &all), Outcome::Inconclusive),
        (arms(&all, &half), Outcome::Inconclusive),
        (arms(&half, &all), Outcome::Inconclusive),
        (arms(&sparse, &sparse), Outcome::Inconclusive),
        (remarked(Gravity::Incomplete), Outcome::Inconclusive),
        (remarked(Gravity::Suspect), Outcome::Warn),
        (lost, Outcome::Inconclusive),
    ];
    for (i, (data, wanted)) in cases.into_iter().enumerate() {
        let verdict = judge(&rules(""), &data);
        assert_eq!((guardrail(&verdict).outcome, verdict.outcome), (wanted, wanted), "{i}: {:#?}", guardrail(&verdict));
    }
}

#[test]
fn a_guardrail_waits_for_the_soak_as_a_pass_does() {
    let rules = rules("soak: 1h\nevery: 10m\n");
    let early = judge(&rules, &open().until(at(30)));
    assert_eq!((early.outcome, guardrail(&early).reason), (Outcome::Inconclusive, Reason::EarlyLook));
    let end = judge(&rules, &open());
    assert_eq!((end.outcome, guardrail(&end).reason), (Outcome::Pass, Reason::NotBroken));
}

#[test]
fn a_guardrail_that_only_grows_is_held() {
    let grows = |by: f64| Series::Gauge {
        time: (0..STEPS).map(at).collect(),
        value: (0..STEPS).map(|i| 100.0 + by * i as f64 + (i * 37 % 11) as f64 * 0.01).collect(),
        requests: None,
    };
    let verdict = judge(&rules(""), &dataset(Pair { baseline: grows(0.2), canary: grows(0.37) }));
    assert_ne!(guardrail(&verdict).outcome, Outcome::Pass, "{:#?}", guardrail(&verdict));
}

#[test]
fn guardrails_alone_show_nothing() {
    let alone = |change: fn(&mut Rules)| {
        let mut rules = rules("");
        change(&mut rules);
        judge(&rules, &open())
    };
    let cases: [fn(&mut Rules); 3] = [
        |rules| drop(rules.criteria.remove(0)),
        |rules| rules.criteria[0].severity = Severity::Muted,
        |rules| rules.criteria[0].role = Role::Guardrail,
    ];
    for verdict in cases.map(alone) {
        assert_eq!(guardrail(&verdict).reason, Reason::NotBroken);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert_eq!(verdict.summary, "no primary criterion was judged: guardrails alone show nothing");
    }
    let mut optional = rules("");
    optional.criteria[0].severity = Severity::Optional;
    let mut data = open();
    data.lost.insert("errors".into(), "no route".into());
    assert_eq!(judge(&optional, &data).outcome, Outcome::Inconclusive);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A role changes nothing but what is undecided.
    #[test]
    fn only_the_undecided_is_answered_otherwise(
        spread in 0.01..3.0_f64, factor in 0.5..2.0_f64, steps in 1..STEPS, gaps in 1..4_usize,
    ) {
        let present: Vec<usize> = (0..steps).step_by(gaps).collect();
        let data = dataset(Pair { baseline: levels(&present, spread, 1.0), canary: levels(&present, spread, factor) });
        let rules = rules("");
        let (guarded, proved) = (judge(&rules, &data), judge(&primary(&rules), &data));
        let (guarded, proved) = (guardrail(&guarded), guardrail(&proved));
        if proved.reason == Reason::Undecided {
            prop_assert!(guarded.outcome <= Outcome::Inconclusive);
            if guarded.outcome == Outcome::Pass {
                let effect = guarded.evidence.effect.unwrap();
                prop_assert!(effect.estimate.is_none_or(|estimate| estimate <= 1.1 + 1e-9));
                prop_assert!(guarded.evidence.detectable.is_some_and(|least| least <= 2.2 + 1e-9));
            }
        } else {
            prop_assert_eq!((guarded.outcome, guarded.reason), (proved.outcome, proved.reason));
        }
    }
}
