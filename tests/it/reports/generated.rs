//! Verdicts that nobody would write: any text, any number, any combination.

use davy::judge::rules::{Role, Rule, Severity, Statistic, Unit};
use davy::judge::verdict::{
    Distribution, Effect, EffectKind, Evidence, Finding, Levels, Look, Method, Outcome, Proof, Reason, Recommendation,
    Score, Strength, Trace, Verdict,
};
use davy::series::{Pair, SignedDuration, Timestamp, Window};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => "[a-z_]{0,12}( (<=|>=) [0-9.]{1,5}%)?",
        1 => ".{0,40}",
        1 => vec(any::<char>(), 0..30).prop_map(String::from_iter),
        1 => "[\u{0}-\u{1f}|`<>@#&*_~\\\\\u{200d}\u{202e}\u{1b}\u{9b}監👩ا́ -]{0,60}",
        1 => "[^ ]{300}",
    ]
    .boxed()
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![
        2 => -1e3..1e3,
        1 => any::<f64>(),
        1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, 5e-324, 1.0]),
    ]
    .boxed()
}

fn pair<T: std::fmt::Debug + 'static>(arm: BoxedStrategy<T>) -> BoxedStrategy<Pair<T>> {
    (arm.clone(), arm).prop_map(|(baseline, canary)| Pair { baseline, canary }).boxed()
}

fn outcome() -> BoxedStrategy<Outcome> {
    proptest::sample::select(vec![Outcome::Pass, Outcome::Warn, Outcome::Inconclusive, Outcome::Fail]).boxed()
}

fn unit() -> BoxedStrategy<Unit> {
    prop_oneof![
        Just(Unit::Share),
        Just(Unit::Milliseconds),
        Just(Unit::Bytes),
        Just(Unit::Percent),
        Just(Unit::PerSecond),
        text().prop_map(Unit::Per),
        text().prop_map(Unit::Plain),
    ]
    .boxed()
}

fn effect() -> BoxedStrategy<Effect> {
    let kind = proptest::sample::select(vec![EffectKind::Level, EffectKind::Ratio, EffectKind::Difference]);
    (kind, option::of(number()), number(), number())
        .prop_map(|(kind, estimate, low, high)| Effect { kind, estimate, low, high })
        .boxed()
}

fn evidence() -> BoxedStrategy<Evidence> {
    let method = proptest::sample::select(vec![Method::BinomialTail, Method::PairedSteps, Method::Periods]);
    let arms =
        (pair(number()), option::of(pair(any::<u64>().boxed())), pair(number()), pair(option::of(number()).boxed()));
    let judged = (option::of(effect()), option::of(number()), option::of(number()), option::of(method));
    let rest = (
        option::of((number(), number()).prop_map(|(fail, pass)| Levels { fail, pass })),
        option::of(number()),
        option::of(number()),
        option::of(any::<(usize, usize)>()),
        pair(option::of((number(), number())).boxed()),
        option::of((proof(), proof()).prop_map(|(fail, pass)| Strength { fail, pass })),
    );
    (option::of(unit()), arms, judged, rest)
        .prop_map(
            |(
                unit,
                (n, bad, coverage, estimate),
                judged,
                (level, design_effect, detectable, periods, estimate_interval, strength),
            )| Evidence {
                unit,
                n,
                n_of: "requests",
                bad,
                coverage,
                estimate,
                estimate_interval,
                effect: judged.0,
                pass_limit: judged.1,
                fail_limit: judged.2,
                method: judged.3,
                level,
                design_effect,
                p_value: None,
                detectable,
                strength,
                since: None,
                periods,
                quantiles: None,
                days: None,
            },
        )
        .boxed()
}

fn finding() -> BoxedStrategy<Finding> {
    let texts = (text(), text(), text(), option::of(text()), text(), text(), option::of(text()), vec(text(), 0..3));
    let statistic = prop_oneof![Just(Statistic::Rate), number().prop_map(Statistic::Quantile)];
    let rule = prop_oneof![
        Just(Rule::Interval),
        any::<(usize, usize)>().prop_map(|(m, n)| Rule::Periods { m, n, min_count: 1 })
    ];
    let severity = proptest::sample::select(vec![Severity::Critical, Severity::Normal, Severity::Muted]);
    let role = proptest::sample::select(vec![Role::Primary, Role::Guardrail]);
    let reason = proptest::sample::select(vec![Reason::WithinBound, Reason::NoData, Reason::WrongShape]);
    (texts, statistic, rule, (severity, role), number(), outcome(), reason, evidence())
        .prop_map(|(texts, statistic, rule, (severity, role), weight, outcome, reason, evidence)| {
            let (criterion, metric, target, fail_at, group, sentence, decide, notes) = texts;
            Finding {
                criterion,
                metric,
                statistic,
                target,
                fail_at,
                rule,
                severity,
                role,
                weight,
                group,
                outcome,
                reason,
                sentence,
                decide,
                notes,
                evidence,
            }
        })
        .boxed()
}

fn window() -> BoxedStrategy<Window> {
    let instant = -377_705_023_201i64..=253_402_207_200;
    let instant = move || instant.clone().prop_map(|second| Timestamp::from_second(second).unwrap());
    prop_oneof![
        (instant(), instant()).prop_map(|(start, end)| Window { start, end }),
        Just(Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::from_second(3600).unwrap() }),
    ]
    .boxed()
}

/// Any verdict at all.
pub fn verdict() -> BoxedStrategy<Verdict> {
    let recommendation = prop_oneof![
        option::of(text()).prop_map(|to| Recommendation::Promote { to }),
        Just(Recommendation::Hold),
        text().prop_map(|to| Recommendation::RollBack { to }),
    ];
    let trace = (unit(), pair(vec(option::of(number()), 0..90).boxed()), text())
        .prop_map(|(unit, steps, origin)| Trace { unit, quantile: None, steps, origin });
    let quantiles = || vec((0.0..=1.0_f64, number()), 0..9);
    let distribution = (unit(), pair(any::<u64>().boxed()), pair(quantiles().boxed()))
        .prop_map(|(unit, n, quantiles)| Distribution { unit, n, quantiles });
    let score = (option::of(number()), vec((text(), option::of(number())), 0..4))
        .prop_map(|(total, groups)| Score { total, groups });
    let texts = (text(), option::of(text()), text(), vec(text(), 0..3), text());
    let labels = pair(vec((text(), text()), 0..3).boxed());
    let answer = (outcome(), recommendation, vec(finding(), 0..6), score);
    let warmup = proptest::sample::select(vec![0, 1, 1_000_000]);
    let data = (
        (pair(window()), warmup),
        any::<u32>(),
        (btree_map(text(), trace, 0..4), btree_map(text(), distribution, 0..3)),
        number(),
        look(),
    );
    (texts, labels, answer, data)
        .prop_map(|((name, phase, summary, notes, fingerprint), labels, answer, data)| Verdict {
            localised: Vec::new(),
            mixes: Vec::new(),
            signed: Vec::new(),
            name,
            phase,
            labels,
            outcome: answer.0,
            summary,
            recommendation: answer.1,
            not_judged: Vec::new(),
            learned: Default::default(),
            findings: answer.2,
            score: answer.3,
            look: data.4,
            windows: data.0.0,
            warmup: data.0.1,
            step: SignedDuration::from_millis(i64::from(data.1)),
            traces: data.2.0,
            distributions: data.2.1,
            notes,
            level: data.3,
            fingerprint,
        })
        .boxed()
}

fn look() -> BoxedStrategy<Look> {
    let span = || any::<u32>().prop_map(|ms| SignedDuration::from_millis(i64::from(ms)));
    let planned = (any::<u16>(), any::<u16>(), span(), span()).prop_map(|(number, of, elapsed, soak)| Look::Planned {
        number: usize::from(number),
        of: usize::from(of),
        elapsed,
        soak,
    });
    prop_oneof![Just(Look::Once), Just(Look::Open), planned].boxed()
}

fn proof() -> BoxedStrategy<Proof> {
    (number(), option::of(number()), option::of(number()), option::of(number()))
        .prop_map(|(z, z_needed, ln_e, ln_e_needed)| Proof { z, z_needed, ln_e, ln_e_needed })
        .boxed()
}
