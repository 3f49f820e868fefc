//! Steps that one arm lacks: silence of either arm, canary steps without a baseline beside them, and what a Pass may never
//! stand beside.
//!
//! Every case here is a pair of arms whose answer is known without statistics: what is missing is where the canary broke.

use std::collections::BTreeMap;

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::series::{Dataset, Gravity, Pair, Remark, Series, SignedDuration, Timestamp, Window};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

const START: i64 = 1_772_366_400;

fn at(minute: usize) -> Timestamp {
    Timestamp::from_second(START + 60 * minute as i64).unwrap()
}

/// Requests and errors of the steps that were measured.
fn counts(steps: usize, of: impl Fn(usize) -> Option<(u64, u64)>) -> Series {
    let measured: Vec<(usize, (u64, u64))> = (0..steps).filter_map(|i| Some((i, of(i)?))).collect();
    Series::Counts {
        time: measured.iter().map(|(i, _)| at(*i)).collect(),
        total: measured.iter().map(|(_, (total, _))| *total).collect(),
        bad: measured.iter().map(|(_, (_, bad))| *bad).collect(),
    }
}

fn gauge(steps: usize, of: impl Fn(usize) -> Option<f64>) -> Series {
    let measured: Vec<(usize, f64)> = (0..steps).filter_map(|i| Some((i, of(i)?))).collect();
    let (time, value) = measured.into_iter().map(|(i, value)| (at(i), value)).unzip();
    Series::Gauge { time, value, requests: None }
}

/// A latency per request, `each` of them in a step.
fn values(steps: usize, each: usize, of: impl Fn(usize) -> Option<f64>) -> Series {
    let (mut time, mut value) = (Vec::new(), Vec::new());
    for (i, base) in (0..steps).filter_map(|i| Some((i, of(i)?))) {
        for j in 0..each {
            time.push(at(i));
            value.push(base * (1.0 + j as f64 / each as f64));
        }
    }
    Series::Values { time, value }
}

fn dataset(steps: usize, baseline: Series, canary: Series) -> Dataset {
    let window = Window { start: at(0), end: at(steps) };
    Dataset {
        metrics: BTreeMap::from([("m".to_owned(), Pair { baseline, canary })]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

fn rules(kind: Kind, statistic: Statistic, relative: f64) -> Rules {
    let limit = Limit::Margin { relative: Some(relative), absolute: None };
    let criterion = Criterion {
        name: "m".into(),
        metric: "m".into(),
        statistic,
        pass: Some(Bound { side: Side::AtMost, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: "m".into(),
        family: "m".into(),
    };
    let unit = if kind == Kind::BadShare { Unit::Share } else { Unit::Milliseconds };
    Rules {
        name: "absence".into(),
        labels: Pair::default(),
        phase: None,
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        fingerprint: String::new(),
        metrics: BTreeMap::from([(
            "m".to_owned(),
            Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() },
        )]),
        criteria: vec![criterion],
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    }
}

fn errors() -> Rules {
    rules(Kind::BadShare, Statistic::Rate, 0.5)
}

fn latency() -> Rules {
    rules(Kind::Gauge { quantile: None, scale: Scale::Auto }, Statistic::Typical, 0.1)
}

fn p95() -> Rules {
    rules(Kind::Values, Statistic::Quantile(0.95), 0.1)
}

fn one(rules: &Rules, data: &Dataset) -> Finding {
    judge(rules, data).findings.remove(0)
}

/// 6,000 requests with 1 % errors, a little more and a little less in turn.
fn usual(i: usize) -> Option<(u64, u64)> {
    Some((6_000, 58 + (i * 7 % 5) as u64))
}

/// The same a little later: arms that are equal point by point are the same data.
fn canary(i: usize) -> Option<(u64, u64)> {
    usual(i + 1)
}

fn steady(i: usize) -> Option<f64> {
    Some(100.0 + (i * 7 % 5) as f64)
}

#[test]
fn whole_arms_pass() {
    assert_eq!(one(&errors(), &dataset(60, counts(60, usual), counts(60, canary))).outcome, Outcome::Pass);
    assert_eq!(one(&latency(), &dataset(60, gauge(60, steady), gauge(60, |i| steady(i + 1)))).outcome, Outcome::Pass);
    assert_eq!(
        one(&p95(), &dataset(60, values(60, 400, steady), values(60, 400, |i| steady(i + 1)))).outcome,
        Outcome::Pass
    );
}

#[test]
fn a_canary_that_is_silent_at_any_time_does_not_pass() {
    for (from, to, says) in [
        (50, 60, "the canary has reported nothing since 12:50 UTC"),
        (0, 10, "the canary reported nothing before 12:10 UTC, and the baseline did"),
        (25, 31, "the canary reported nothing from 12:25 to 12:31 UTC, and the baseline did"),
    ] {
        let gap = |i: usize| !(from..to).contains(&i);
        for finding in [
            one(&errors(), &dataset(60, counts(60, usual), counts(60, |i| canary(i).filter(|_| gap(i))))),
            one(&latency(), &dataset(60, gauge(60, steady), gauge(60, |i| steady(i + 1).filter(|_| gap(i))))),
            one(&p95(), &dataset(60, values(60, 400, steady), values(60, 400, |i| steady(i + 1).filter(|_| gap(i))))),
        ] {
            assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::CanarySilent));
            assert!(finding.sentence.contains(says), "{}", finding.sentence);
        }
    }
    let scattered = |i: usize| canary(i).filter(|_| i % 7 != 3);
    let finding = one(&errors(), &dataset(60, counts(60, usual), counts(60, scattered)));
    assert_eq!(finding.reason, Reason::CanarySilent, "{}", finding.sentence);
    assert!(finding.sentence.contains("the canary reported in 85 % of the steps, the baseline in 100 %"));
}

#[test]
fn what_is_undecided_says_that_an_arm_went_silent() {
    let few = |i: usize| Some((20, u64::from(i % 10 == 3)));
    let ends = |i: usize| few(i).filter(|_| i < 40);
    let finding = one(&errors(), &dataset(60, counts(60, few), counts(60, ends)));
    assert_eq!(
        (finding.outcome, finding.reason),
        (Outcome::Inconclusive, Reason::CanarySilent),
        "{}",
        finding.sentence
    );
    let finding = one(&errors(), &dataset(60, counts(60, ends), counts(60, few)));
    assert_eq!(
        (finding.outcome, finding.reason),
        (Outcome::Inconclusive, Reason::BaselineSilent),
        "{}",
        finding.sentence
    );
    let policy = Policy { silent: Silent::Fail, ..Policy::default() };
    let finding = one(&Rules { policy, ..errors() }, &dataset(60, counts(60, few), counts(60, ends)));
    assert_eq!((finding.outcome, finding.reason), (Outcome::Fail, Reason::CanarySilent), "{}", finding.sentence);
}

#[test]
fn gaps_of_a_step_or_two_are_noted() {
    let gap = |i: usize| canary(i).filter(|_| i != 20 && i != 21);
    let finding = one(&errors(), &dataset(60, counts(60, usual), counts(60, gap)));
    assert_eq!(finding.outcome, Outcome::Pass, "{}", finding.sentence);
    let note =
        "2 steps of the baseline are left out (12,000 requests), from 12:20 to 12:22 UTC: the canary has no data there";
    assert_eq!(finding.notes, [note]);
    assert_eq!(finding.evidence.n, Pair { baseline: 58.0 * 6_000.0, canary: 58.0 * 6_000.0 });
}

#[test]
fn arms_with_little_traffic_have_empty_steps_by_chance() {
    let mut chance = Pcg64Mcg::seed_from_u64(7);
    let mut rare = || -> Vec<bool> { (0..240).map(|_| chance.next_u32() % 100 < 60).collect() };
    let (b, c) = (rare(), rare());
    let data = dataset(240, counts(240, |i| b[i].then_some((1, 0))), counts(240, |i| c[i].then_some((1, 0))));
    let finding = one(&errors(), &data);
    assert_ne!(finding.reason, Reason::CanarySilent, "{}", finding.sentence);
    assert_ne!(finding.reason, Reason::BaselineSilent, "{}", finding.sentence);
}

#[test]
fn a_baseline_that_ends_early_leaves_no_pass() {
    let ends = |i: usize| i < 40;
    let findings = [
        one(&errors(), &dataset(60, counts(60, |i| usual(i).filter(|_| ends(i))), counts(60, canary))),
        one(&latency(), &dataset(60, gauge(60, |i| steady(i).filter(|_| ends(i))), gauge(60, |i| steady(i + 1)))),
        one(
            &p95(),
            &dataset(60, values(60, 400, |i| steady(i).filter(|_| ends(i))), values(60, 400, |i| steady(i + 1))),
        ),
    ];
    for finding in findings {
        assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::BaselineSilent));
        assert!(finding.sentence.contains("the baseline has reported nothing since 12:40 UTC"), "{}", finding.sentence);
        assert!(finding.notes[0].starts_with("20 steps of the canary are left out"), "{:?}", finding.notes);
    }
}

#[test]
fn a_canary_that_is_worse_where_the_baseline_has_no_data_does_not_pass() {
    // the baseline misses four steps here and there; in just these the canary broke
    let hole = |i: usize| [10, 25, 40, 55].contains(&i);
    let counted = dataset(
        60,
        counts(60, |i| usual(i).filter(|_| !hole(i))),
        counts(60, |i| if hole(i) { Some((6_000, 3_000)) } else { canary(i) }),
    );
    let finding = one(&errors(), &counted);
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::NoPartner), "{}", finding.sentence);
    assert!(
        finding
            .sentence
            .starts_with("inconclusive: where the baseline has no data the canary is worse: 50 % against 1.01 %"),
        "{}",
        finding.sentence
    );
    let slow = |i: usize| if hole(i) { Some(900.0) } else { steady(i + 1) };
    let measured = dataset(60, gauge(60, |i| steady(i).filter(|_| !hole(i))), gauge(60, slow));
    assert_eq!(one(&latency(), &measured).reason, Reason::NoPartner);
    let requests = dataset(60, values(60, 400, |i| steady(i).filter(|_| !hole(i))), values(60, 400, slow));
    assert_eq!(one(&p95(), &requests).reason, Reason::NoPartner);
}

#[test]
fn numbers_beside_an_effect_are_of_the_same_steps() {
    let data =
        dataset(60, counts(60, |i| usual(i).filter(|_| i < 40)), counts(60, |i| usual(i).map(|(n, x)| (n, x * 9))));
    let evidence = one(&errors(), &data).evidence;
    assert_eq!(evidence.n, Pair { baseline: 240_000.0, canary: 240_000.0 });
    let (canary, baseline) = (evidence.estimate.canary.unwrap(), evidence.estimate.baseline.unwrap());
    let effect = evidence.effect.unwrap().estimate.unwrap();
    assert!((canary / baseline / effect - 1.0).abs() < 1e-3, "{canary} / {baseline} is not {effect}");
}

#[test]
fn remarks_on_the_data_limit_the_answer_and_what_nobody_judges_limits_the_verdict() {
    let mut data = dataset(60, counts(60, usual), counts(60, canary));
    for (remark, outcome, reason) in [
        (Remark::note("n"), Outcome::Pass, Reason::WithinBound),
        (Remark::suspect("s"), Outcome::Warn, Reason::SuspectData),
        (Remark::incomplete("i"), Outcome::Inconclusive, Reason::IncompleteData),
    ] {
        data.remarks.insert("m".into(), vec![Remark::detail("d"), remark.clone()]);
        let finding = one(&errors(), &data);
        assert_eq!((finding.outcome, finding.reason), (outcome, reason));
        assert!(finding.notes.contains(&remark.text) || finding.sentence.contains(&remark.text), "{finding:?}");
    }
    data.remarks.clear();
    for (gravity, outcome) in [
        (Gravity::Note, Outcome::Pass),
        (Gravity::Suspect, Outcome::Warn),
        (Gravity::Incomplete, Outcome::Inconclusive),
    ] {
        let not_judged = vec![NotJudged { what: "p95_ms".into(), why: "it is empty".into(), gravity }];
        let verdict = judge(&Rules { not_judged, ..errors() }, &data);
        assert_eq!((verdict.outcome, verdict.findings[0].outcome), (outcome, Outcome::Pass));
        assert_eq!(verdict.not_judged.len(), 1);
        if outcome > Outcome::Pass {
            assert_eq!(verdict.summary, "the one criterion holds, but p95_ms is not judged: it is empty");
        }
    }
}

/// Whatever is missing from either arm: no Pass beside an estimate, or an end of an interval, that is beyond the limit.
#[test]
fn no_pass_stands_beside_a_number_beyond_its_limit() {
    let mut chance = Pcg64Mcg::seed_from_u64(1);
    let (mut passed, mut asked) = (0, 0);
    for round in 0..600_u32 {
        let mut missing = |percent: u32| -> Vec<bool> { (0..40).map(|_| chance.next_u32() % 100 < percent).collect() };
        let (lost_b, lost_c) = (missing(round % 4 * 5), missing(round % 3 * 5));
        let (broken, factor) = (missing(round % 5 * 6), 1.0 + f64::from(round % 7));
        let worse = |i: usize| if broken[i] { factor } else { 1.0 };
        let shape = round % 3;
        let data = match shape {
            0 => dataset(
                40,
                counts(40, |i| usual(i).filter(|_| !lost_b[i])),
                counts(40, |i| usual(i).map(|(n, x)| (n, (x as f64 * worse(i)) as u64)).filter(|_| !lost_c[i])),
            ),
            1 => dataset(
                40,
                gauge(40, |i| steady(i).filter(|_| !lost_b[i])),
                gauge(40, |i| steady(i).map(|v| v * worse(i)).filter(|_| !lost_c[i])),
            ),
            _ => dataset(
                40,
                values(40, 100, |i| steady(i).filter(|_| !lost_b[i])),
                values(40, 100, |i| steady(i).map(|v| v * worse(i)).filter(|_| !lost_c[i])),
            ),
        };
        let rules = [errors(), latency(), p95()][shape as usize].clone();
        let finding = one(&rules, &data);
        asked += 1;
        if finding.outcome != Outcome::Pass {
            continue;
        }
        passed += 1;
        let (effect, limit) = (finding.evidence.effect.unwrap(), finding.evidence.pass_limit.unwrap());
        let slack = limit * (1.0 + 1e-9);
        assert!(effect.high <= slack, "{round}: {}", finding.sentence);
        assert!(effect.estimate.is_none_or(|estimate| estimate <= slack), "{round}: {}", finding.sentence);
    }
    assert!(passed > asked / 10 && passed < asked, "{passed} of {asked} pass");
}
