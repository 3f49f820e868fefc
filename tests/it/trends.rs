//! Trends from outside: leaks, sawteeth, restarts and days that both arms share, and when a trend is judged at all. Spikes that
//! come back, alone and in runs, and steps that were not measured.

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::series::{Series, SignedDuration};

use crate::judging::{at_most, counts, criterion, dataset, gauge, rules};
use crate::soaks::noise::Noise;

const MIB: f64 = 1024.0 * 1024.0;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A number per minute: a level, what it gains each minute, and noise that hangs together.
fn memory(n: usize, gains: f64, correlation: f64, seed: u64, more: impl Fn(usize) -> f64) -> Vec<f64> {
    let noise = Noise::of(seed, "trends", "memory", n).slow(n, correlation);
    (0..n).map(|i| (1000.0 + gains * i as f64 + more(i) + 5.0 * noise[i]) * MIB).collect()
}

fn asked(pass: Limit) -> Rules {
    let statistic = Statistic::Trend { per: HOUR };
    let gauge = Kind::Gauge { quantile: None, scale: Scale::Auto };
    rules(gauge, Unit::Bytes, vec![criterion(at_most(pass), statistic, Rule::Interval)])
}

fn beside(percent: f64) -> Rules {
    asked(Limit::Margin { relative: Some(percent / 100.0), absolute: None })
}

fn found(rules: &Rules, baseline: &[f64], canary: &[f64]) -> Finding {
    let data = dataset(canary.len(), "m", gauge(baseline, None), gauge(canary, None));
    judge(rules, &data).findings.swap_remove(0)
}

#[test]
fn a_leak_fails_and_memory_that_stands_still_passes() {
    let baseline = memory(60, 0.0, 0.3, 1, |_| 0.0);
    let leak = found(&beside(5.0), &baseline, &memory(60, 3.0, 0.3, 2, |_| 0.0));
    assert_eq!((leak.outcome, leak.reason), (Outcome::Fail, Reason::BeyondBound), "{}", leak.sentence);
    assert!(leak.sentence.contains("%/h") && leak.sentence.contains("MiB/h against"), "{}", leak.sentence);
    assert_eq!(leak.target, "<= baseline + 5 %/h");
    let still = found(&beside(5.0), &baseline, &memory(60, 0.0, 0.3, 3, |_| 0.0));
    assert_eq!(still.outcome, Outcome::Pass, "{}", still.sentence);
    let own = found(&asked(Limit::Threshold(60.0 * MIB)), &baseline, &memory(60, 3.0, 0.3, 2, |_| 0.0));
    assert_eq!(own.outcome, Outcome::Fail, "{}", own.sentence);
    assert!(own.sentence.contains("it changes by 1") && own.sentence.contains("exceeds 60 MiB/h"), "{}", own.sentence);
}

#[test]
fn what_never_moves_stands_still() {
    let flat = vec![700.0 * MIB; 30];
    let found = found(&beside(5.0), &flat, &flat.iter().map(|v| v + MIB).collect::<Vec<_>>());
    assert_eq!(found.outcome, Outcome::Pass, "{}", found.sentence);
}

#[test]
fn a_rise_that_both_arms_share_is_no_trend_of_the_canary() {
    let day = |i: usize| 400.0 * (std::f64::consts::PI * i as f64 / 120.0).sin();
    let fails = (0..60).filter(|seed| {
        let (baseline, canary) = (memory(60, 0.0, 0.3, 2 * seed, day), memory(60, 0.0, 0.3, 2 * seed + 1, day));
        found(&beside(2.0), &baseline, &canary).outcome == Outcome::Fail
    });
    assert!(fails.count() <= 3);
}

#[test]
fn noise_that_hangs_together_raises_no_more_alarms_than_promised() {
    for correlation in [0.0, 0.3, 0.7] {
        let fails = (0..200).filter(|seed| {
            let seed = 1_000 + 2 * seed;
            let (baseline, canary) =
                (memory(60, 0.0, correlation, seed, |_| 0.0), memory(60, 0.0, correlation, seed + 1, |_| 0.0));
            found(&asked(Limit::Margin { relative: None, absolute: None }), &baseline, &canary).outcome == Outcome::Fail
        });
        let fails = fails.count();
        assert!(fails <= 18, "{fails} of 200 at a correlation of {correlation}");
    }
}

/// What is collected every so many minutes grows until then.
fn sawtooth(every: usize, gains: f64, phase: usize) -> impl Fn(usize) -> f64 {
    move |i| gains * ((i + phase) % every) as f64
}

#[test]
fn a_sawtooth_never_fails() {
    for every in [7, 15, 25, 40, 70] {
        for phase in (0..every).step_by(3) {
            let baseline = memory(60, 0.0, 0.0, 7, sawtooth(every, 8.0, 0));
            let canary = memory(60, 0.0, 0.0, 8, sawtooth(every, 8.0, phase));
            let found = found(&beside(5.0), &baseline, &canary);
            assert_ne!(found.outcome, Outcome::Fail, "{every} {phase} {}", found.sentence);
        }
    }
}

#[test]
fn a_sawtooth_of_both_arms_can_pass_and_a_leak_under_it_fails() {
    let baseline = memory(120, 0.0, 0.0, 7, sawtooth(15, 8.0, 0));
    let level = found(&beside(20.0), &baseline, &memory(120, 0.0, 0.0, 8, sawtooth(15, 8.0, 4)));
    assert_eq!(level.outcome, Outcome::Pass, "{}", level.sentence);
    assert!(level.notes.iter().any(|note| note.starts_with("its level jumps")), "{:?}", level.notes);
    let leak = found(&beside(5.0), &baseline, &memory(120, 4.0, 0.0, 8, sawtooth(15, 8.0, 4)));
    assert_eq!(leak.outcome, Outcome::Fail, "{}", leak.sentence);
}

#[test]
fn a_restart_that_resets_a_leak_never_passes() {
    let baseline = memory(60, 0.0, 0.2, 1, |_| 0.0);
    for restart in (10..56).step_by(3) {
        let reset = |i: usize| if i >= restart { -4.0 * restart as f64 } else { 0.0 };
        let found = found(&beside(5.0), &baseline, &memory(60, 4.0, 0.2, 2, reset));
        assert_ne!(found.outcome, Outcome::Pass, "{restart} {}", found.sentence);
        let own = self::found(&asked(Limit::Threshold(60.0 * MIB)), &baseline, &memory(60, 4.0, 0.2, 2, reset));
        assert_ne!(own.outcome, Outcome::Pass, "{restart} {}", own.sentence);
    }
}

#[test]
fn a_level_that_jumps_or_settles_is_no_leak() {
    let baseline = memory(60, 0.0, 0.2, 1, |_| 0.0);
    for at in (5..56).step_by(5) {
        let jump = |i: usize| if i >= at { 200.0 } else { 0.0 };
        let found = found(&beside(5.0), &baseline, &memory(60, 0.0, 0.2, 2, jump));
        assert_ne!(found.outcome, Outcome::Fail, "{at} {}", found.sentence);
    }
    let settles =
        found(&beside(5.0), &baseline, &memory(60, 0.0, 0.2, 2, |i| 200.0 * (1.0 - (-(i as f64) / 6.0).exp())));
    assert_ne!(settles.outcome, Outcome::Fail, "{}", settles.sentence);
}

#[test]
fn a_trend_is_judged_at_the_end_of_the_soak_alone() {
    let soak = |minutes: i64| Looks::Planned {
        soak: SignedDuration::from_mins(minutes),
        every: Some(SignedDuration::from_mins(10)),
    };
    let (baseline, canary) = (memory(60, 0.0, 0.3, 1, |_| 0.0), memory(60, 3.0, 0.3, 2, |_| 0.0));
    let at = |looks: Looks| found(&Rules { looks, ..beside(5.0) }, &baseline, &canary);
    let early = at(soak(120));
    assert_eq!((early.outcome, early.reason), (Outcome::Inconclusive, Reason::EarlyLook), "{}", early.sentence);
    assert!(early.notes.iter().any(|note| note.contains("at the end of the soak alone")), "{:?}", early.notes);
    assert_eq!(at(soak(60)).outcome, Outcome::Fail);
    let open = at(Looks::Open);
    assert_eq!(open.outcome, Outcome::Inconclusive, "{}", open.sentence);
    assert!(open.notes.iter().any(|note| note.contains("takes a planned end")), "{:?}", open.notes);
}

#[test]
fn few_steps_and_steps_without_numbers_pass_nothing() {
    let few = found(&beside(5.0), &memory(11, 0.0, 0.0, 1, |_| 0.0), &memory(11, 0.0, 0.0, 2, |_| 0.0));
    assert_eq!((few.outcome, few.reason), (Outcome::Inconclusive, Reason::TooFew), "{}", few.sentence);
    let thin: Vec<f64> = memory(60, 0.0, 0.0, 2, |_| 0.0);
    let data = dataset(60, "m", gauge(&thin, None), sparse(&thin));
    let found = judge(&beside(5.0), &data).findings.swap_remove(0);
    assert_eq!(found.outcome, Outcome::Inconclusive, "{}", found.sentence);
}

fn sparse(values: &[f64]) -> Series {
    let Series::Gauge { time, value, .. } = gauge(values, None) else { unreachable!() };
    let third = |n: usize| n.is_multiple_of(3);
    let kept = |n: &usize| third(*n);
    let places: Vec<usize> = (0..values.len()).filter(kept).collect();
    Series::Gauge {
        time: places.iter().map(|n| time[*n]).collect(),
        value: places.iter().map(|n| value[*n]).collect(),
        requests: None,
    }
}

#[test]
fn a_leak_that_no_criterion_asks_about_is_noted() {
    let level = |limit: Limit| {
        let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
        rules(kind, Unit::Bytes, vec![criterion(at_most(limit), Statistic::Typical, Rule::Interval)])
    };
    let (baseline, canary) = (memory(60, 0.0, 0.3, 1, |_| 0.0), memory(60, 1.0, 0.3, 2, |_| 0.0));
    let own = found(&level(Limit::Threshold(2048.0 * MIB)), &baseline, &canary);
    assert_eq!(own.outcome, Outcome::Pass, "{}", own.sentence);
    let note = own.notes.iter().find(|note| note.starts_with("it rises by")).expect("a note");
    assert!(note.contains("MiB an hour against the baseline") && note.contains("it passes 2 GiB in about"), "{note}");
    let beside = found(&level(Limit::Margin { relative: Some(0.5), absolute: None }), &baseline, &canary);
    assert_eq!(beside.outcome, Outcome::Pass, "{}", beside.sentence);
    assert!(beside.notes.iter().any(|note| note.starts_with("it rises by")), "{:?}", beside.notes);
}

#[test]
fn healthy_gauges_are_hardly_ever_noted() {
    let limit = Limit::Margin { relative: Some(0.5), absolute: None };
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    let level = rules(kind, Unit::Bytes, vec![criterion(at_most(limit), Statistic::Typical, Rule::Interval)]);
    for correlation in [0.0, 0.7] {
        let noted = (0..200).filter(|seed| {
            let seed = 5_000 + 2 * seed;
            let arm = |seed| memory(60, 0.0, correlation, seed, |_| 0.0);
            let found = found(&level, &arm(seed), &arm(seed + 1));
            found.notes.iter().any(|note| note.contains("an hour against the baseline"))
        });
        let noted = noted.count();
        assert!(noted <= 8, "{noted} of 200 at a correlation of {correlation}");
    }
}

fn spikes(limit: Limit) -> Rules {
    let beyond = Beyond { limit: 0.02, above: true, inclusive: false, quantile: None };
    rules(Kind::BadShare, Unit::Share, vec![criterion(at_most(limit), Statistic::StepsBeyond(beyond), Rule::Interval)])
}

/// A thousand requests a minute, of which a tenth fails in bad minutes.
fn requests(n: usize, size: u64, is_bad: impl Fn(usize) -> bool) -> Series {
    counts(&(0..n).map(|i| (size, if is_bad(i) { size / 10 } else { size / 500 })).collect::<Vec<_>>())
}

fn spiky(rules: &Rules, baseline: Series, canary: Series, n: usize) -> Finding {
    judge(rules, &dataset(n, "m", baseline, canary)).findings.swap_remove(0)
}

#[test]
fn spikes_that_come_back_fail_and_are_noted_and_none_pass() {
    let own = spikes(Limit::Threshold(0.01));
    let back = spiky(&own, requests(240, 1000, |_| false), requests(240, 1000, |i| i % 20 == 7), 240);
    assert_eq!(back.outcome, Outcome::Fail, "{}", back.sentence);
    assert!(back.sentence.contains("12 of 240 steps lie beyond the limit (5 %"), "{}", back.sentence);
    let note = back.notes.iter().find(|note| note.starts_with("beyond 2 % about every 20 min")).expect("a note");
    assert!(note.contains("…") && note.contains("by chance"), "{note}");
    // a window without any says little of runs: a hundredth takes days to show
    let quiet = || requests(480, 1000, |_| false);
    assert_eq!(spiky(&own, quiet(), quiet(), 480).outcome, Outcome::Inconclusive);
    let none = spiky(&spikes(Limit::Threshold(0.06)), quiet(), quiet(), 480);
    assert_eq!(none.outcome, Outcome::Pass, "{}", none.sentence);
    let margin = spikes(Limit::Margin { relative: None, absolute: Some(0.01) });
    let beside = spiky(&margin, requests(480, 1000, |_| false), requests(480, 1000, |i| i % 20 == 7), 480);
    assert_eq!(beside.outcome, Outcome::Fail, "{}", beside.sentence);
    let shared = |n: usize| requests(n, 1000, |i| i % 20 == 7);
    let wide = spikes(Limit::Margin { relative: None, absolute: Some(0.15) });
    let both = spiky(&wide, shared(480), shared(480), 480);
    assert_eq!(both.outcome, Outcome::Pass, "{}", both.sentence);
}

#[test]
fn one_long_run_is_less_evidence_than_many_spikes() {
    let own = spikes(Limit::Threshold(0.01));
    let strength = |is_bad: fn(usize) -> bool| {
        let found = spiky(&own, requests(240, 1000, |_| false), requests(240, 1000, is_bad), 240);
        found.evidence.strength.expect("numbers").fail.z
    };
    let (many, one) = (strength(|i| i % 20 == 7), strength(|i| (100..112).contains(&i)));
    assert!(one < many && one < 2.0, "{one} {many}");
}

#[test]
fn steps_without_data_hide_no_spikes() {
    let own = spikes(Limit::Threshold(0.06));
    let holes = |n: usize| {
        let Series::Counts { time, total, bad } = requests(n, 1000, |_| false) else { unreachable!() };
        let kept: Vec<usize> = (0..n).filter(|i| i % 20 != 7).collect();
        let pick = |of: &[u64]| kept.iter().map(|i| of[*i]).collect();
        Series::Counts { time: kept.iter().map(|i| time[*i]).collect(), total: pick(&total), bad: pick(&bad) }
    };
    let whole = spiky(&own, requests(480, 1000, |_| false), requests(480, 1000, |_| false), 480);
    assert_eq!(whole.outcome, Outcome::Pass, "{}", whole.sentence);
    let found = spiky(&own, requests(480, 1000, |_| false), holes(480), 480);
    assert_eq!(found.outcome, Outcome::Inconclusive, "{}", found.sentence);
    assert!(found.notes.iter().any(|note| note.contains("24 steps not measured")), "{:?}", found.notes);
}

#[test]
fn arms_of_other_sizes_neither_fail_nor_pass_by_their_noise() {
    let margin = spikes(Limit::Margin { relative: None, absolute: Some(0.01) });
    let small = spiky(&margin, requests(480, 1000, |_| false), requests(480, 100, |i| i % 20 == 7), 480);
    assert_eq!(small.outcome, Outcome::Inconclusive, "{}", small.sentence);
    assert!(small.notes.iter().any(|note| note.contains("it cannot fail")), "{:?}", small.notes);
    let large = spiky(&margin, requests(480, 100, |_| false), requests(480, 1000, |_| false), 480);
    assert_eq!(large.outcome, Outcome::Inconclusive, "{}", large.sentence);
    assert!(large.notes.iter().any(|note| note.contains("it cannot pass")), "{:?}", large.notes);
}

#[test]
fn spikes_of_percentiles_and_of_values_below_a_limit_are_seen() {
    let below = Beyond { limit: 50.0, above: false, inclusive: false, quantile: None };
    let kind = Kind::Gauge { quantile: Some(0.95), scale: Scale::Auto };
    let bound = at_most(Limit::Threshold(0.01));
    let rules = rules(kind, Unit::Milliseconds, vec![criterion(bound, Statistic::StepsBeyond(below), Rule::Interval)]);
    let values = |is_low: fn(usize) -> bool| {
        gauge(&(0..240).map(|i| if is_low(i) { 20.0 } else { 80.0 }).collect::<Vec<_>>(), None)
    };
    let found = spiky(&rules, values(|_| false), values(|i| i % 12 == 3), 240);
    assert_eq!(found.outcome, Outcome::Fail, "{}", found.sentence);
}
