//! Latencies of requests, one by one and in histograms: the same answers from either, as far as a histogram can tell,
//! and never more than it can tell.

use std::collections::BTreeMap;
use std::path::Path;

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::{Finding, Outcome, Reason};
use davy::series::{Bins, Dataset, Histogram, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::dispersion::Prior;
use davy::stats::limits::{self, Limits};
use davy::stats::slow::Requests;
use davy::stats::tail::ln_binomial_upper;

use crate::soaks::noise::Noise;
use crate::wire::shared;

const START: i64 = 1_772_366_400;

/// Requests by their instants, in milliseconds of the epoch, and their values.
type Log = Vec<(i64, f64)>;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// Log-normal latencies around a median, spread evenly over the seconds of so many minutes, to the microsecond.
const SOAKS: usize = 300;

/// Whether so many false answers are believable of a true chance of at most 5 %, but for one seed in a thousand.
fn believable(wrong: usize) -> bool {
    ln_binomial_upper(wrong as u64, SOAKS as u64, 0.05) > 0.001_f64.ln()
}

fn log(noise: &mut Noise, minutes: usize, each: usize, median: f64) -> Log {
    let request = |i: usize| {
        let ms = START * 1000 + (i * 60_000 / each) as i64;
        (ms, (median * (0.5 * noise.normal()).exp() * 1000.0).round() / 1000.0)
    };
    (0..minutes * each).map(request).collect()
}

fn values(log: &[(i64, f64)]) -> Series {
    Series::Values { time: log.iter().map(|r| at(r.0)).collect(), value: log.iter().map(|r| r.1).collect() }
}

/// The same requests in one histogram per step, in units of `scale` and up to `most` of them.
fn buckets(log: &[(i64, f64)], step: i64, empty: impl Fn() -> Histogram<u64>, scale: f64) -> Series {
    let mut steps: BTreeMap<i64, Histogram<u64>> = BTreeMap::new();
    for (ms, value) in log {
        let histogram = steps.entry(ms.div_euclid(step) * step).or_insert_with(&empty);
        histogram.saturating_record((value / scale).round() as u64);
    }
    let (time, bins) = steps.into_iter().map(|(ms, histogram)| (at(ms), Bins::from(&histogram))).unzip();
    Series::Buckets { time, bins, scale }
}

/// Microseconds up to four seconds, to three digits.
fn micros() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 4_000_000, 3).unwrap()
}

/// Tenths of a millisecond up to ten seconds, to two digits.
fn coarse() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 100_000, 2).unwrap()
}

fn minutes(log: &[(i64, f64)]) -> Series {
    buckets(log, 60_000, micros, 0.001)
}

fn dataset(baseline: Series, canary: Series, window: Window, step: SignedDuration) -> Dataset {
    Dataset {
        metrics: BTreeMap::from([("latency".to_owned(), Pair { baseline, canary })]),
        ..Dataset::new(Pair { baseline: window, canary: window }, step)
    }
}

fn hour(minutes: i64) -> Window {
    let start = Timestamp::from_second(START).unwrap();
    Window { start, end: start + SignedDuration::from_mins(minutes) }
}

fn rules(asked: &[(f64, Side, Limit)]) -> Rules {
    let criterion = |(q, side, limit): &(f64, Side, Limit)| Criterion {
        name: format!("{q} {side:?} {limit:?}"),
        metric: "latency".into(),
        statistic: Statistic::Quantile(*q),
        pass: Some(Bound { side: *side, strict: false, limit: *limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: "latency".into(),
        family: "latency".into(),
    };
    let metric = Metric {
        unit: Unit::Milliseconds,
        kind: Kind::Values,
        of: "requests".into(),
        history: None,
        by: None,
        remarks: Vec::new(),
    };
    Rules {
        name: "latency".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: BTreeMap::from([("latency".into(), metric)]),
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria: asked.iter().map(criterion).collect(),
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    }
}

fn at_most(q: f64, limit: Limit) -> (f64, Side, Limit) {
    (q, Side::AtMost, limit)
}

fn times(factor: f64) -> Limit {
    Limit::Margin { relative: Some(factor - 1.0), absolute: None }
}

/// The one finding on one question, minute by minute over an hour.
fn ask(question: (f64, Side, Limit), baseline: Series, canary: Series) -> Finding {
    let data = dataset(baseline, canary, hour(60), SignedDuration::from_mins(1));
    judge(&rules(&[question]), &data).findings.remove(0)
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

#[test]
fn histograms_answer_as_single_values_do() {
    let mut noise = Noise::of(3, "latency", "", 0);
    for slower in [1.0, 1.07, 1.3] {
        let (b, c) = (log(&mut noise, 60, 300, 80.0), log(&mut noise, 60, 200, 80.0 * slower));
        let mut questions = Vec::new();
        for q in [0.5, 0.95, 0.99] {
            questions.extend([at_most(q, times(1.05)), at_most(q, times(1.2)), (q, Side::AtLeast, times(0.9))]);
            questions.extend([at_most(q, Limit::Threshold(180.0)), (q, Side::AtLeast, Limit::Threshold(100.0))]);
        }
        let judged = |baseline, canary| {
            let data = dataset(baseline, canary, hour(60), SignedDuration::from_mins(1));
            judge(&rules(&questions), &data).findings
        };
        let (singles, binned) = (judged(values(&b), values(&c)), judged(minutes(&b), minutes(&c)));
        for (question, (one, many)) in questions.iter().zip(singles.into_iter().zip(binned)) {
            let what = format!("{slower} {question:?}: {} / {}", one.sentence, many.sentence);
            assert_eq!((one.outcome, one.reason), (many.outcome, many.reason), "{what}");
            assert_eq!((one.evidence.n, one.evidence.coverage), (many.evidence.n, many.evidence.coverage));
            let (e, f) = (one.evidence.effect.unwrap(), many.evidence.effect.unwrap());
            for (a, b) in [(e.low, f.low), (e.high, f.high), (e.estimate.unwrap(), f.estimate.unwrap())] {
                assert!(near(a, b, 4e-3), "{a} and {b}: {what}");
            }
            let estimates = one.evidence.estimate.zip(many.evidence.estimate);
            for (a, b) in [estimates.baseline, estimates.canary] {
                assert!(near(a.unwrap(), b.unwrap(), 1.5e-3), "{a:?} and {b:?}: {what}");
            }
        }
    }
}

#[test]
fn other_units_change_nothing() {
    let mut noise = Noise::of(5, "latency", "", 0);
    let (b, c) = (log(&mut noise, 60, 60, 80.0), log(&mut noise, 60, 60, 90.0));
    let in_units = |log: &Log, scale: f64| match minutes(log) {
        Series::Buckets { time, bins, .. } => Series::Buckets { time, bins, scale },
        _ => unreachable!(),
    };
    for (question, scaled) in [
        (at_most(0.9, times(1.1)), at_most(0.9, times(1.1))),
        (at_most(0.9, Limit::Threshold(160.0)), at_most(0.9, Limit::Threshold(160.0 * 64.0))),
    ] {
        let one = ask(question, in_units(&b, 0.001), in_units(&c, 0.001));
        let other = ask(scaled, in_units(&b, 0.064), in_units(&c, 0.064));
        assert_eq!((one.outcome, one.reason), (other.outcome, other.reason));
        let (e, f) = (one.evidence.effect.unwrap(), other.evidence.effect.unwrap());
        let unit = if question.2 == times(1.1) { 1.0 } else { 64.0 };
        assert!(near(e.low * unit, f.low, 1e-9) && near(e.high * unit, f.high, 1e-9), "{e:?} {f:?}");
    }
}

/// A limit that lies inside a cell leaves open on which side of it the cell's requests are.
#[test]
fn what_a_histogram_cannot_tell_is_not_decided() {
    let steady = |value: f64| (0..6000).map(|i| (START * 1000 + i * 600, value)).collect::<Log>();
    let one_digit = |log: &Log| buckets(log, 60_000, || Histogram::new_with_bounds(1, 100_000, 1).unwrap(), 0.1);
    // to one digit, 99.2 to 102.3 ms are one cell
    for (value, limit, outcome) in
        [(100.2, 101.0, Outcome::Pass), (101.5, 101.0, Outcome::Fail), (100.2, 90.0, Outcome::Fail)]
    {
        let question = at_most(0.95, Limit::Threshold(limit));
        let log = steady(value);
        assert_eq!(ask(question, values(&log), values(&log)).outcome, outcome);
        let inside = ask(question, one_digit(&log), one_digit(&log));
        let expected = if limit == 90.0 { Outcome::Fail } else { Outcome::Inconclusive };
        assert_eq!(inside.outcome, expected, "{}", inside.sentence);
    }
    // identical coarse arms are neither shown to be slower nor, at no margin, to be as fast
    let mut noise = Noise::of(11, "latency", "", 0);
    let (b, c) = (log(&mut noise, 60, 200, 80.0), log(&mut noise, 60, 200, 80.0));
    let fine = ask(at_most(0.95, times(1.15)), minutes(&b), minutes(&c)).evidence.effect.unwrap();
    let rough = ask(at_most(0.95, times(1.15)), one_digit(&b), one_digit(&c)).evidence.effect.unwrap();
    assert!(rough.high - rough.low > 1.3 * (fine.high - fine.low), "{rough:?} {fine:?}");
    // digits and ranges may differ between the arms
    let mixed = ask(at_most(0.95, times(1.15)), buckets(&b, 60_000, coarse, 0.1), one_digit(&c));
    assert!(mixed.evidence.effect.unwrap().low < 1.0 && mixed.outcome != Outcome::Fail, "{}", mixed.sentence);
}

/// Every limit is failed below the interval, passed above it and left open inside, to the last request.
#[test]
fn the_interval_of_a_quantile_is_what_is_not_decided() {
    let mut noise = Noise::of(41, "latency", "", 0);
    let log: Log = log(&mut noise, 60, 20, 80.0).into_iter().map(|r| (r.0, r.1.round())).collect();
    let one_digit = buckets(&log, 60_000, || Histogram::new_with_bounds(1, 10_000, 1).unwrap(), 1.0);
    for series in [values(&log), buckets(&log, 60_000, coarse, 1.0), one_digit] {
        for strict in [false, true] {
            let mut asked = rules(
                &(100..220)
                    .step_by(4)
                    .map(|limit| at_most(0.9, Limit::Threshold(f64::from(limit) * 0.5 + 60.0)))
                    .collect::<Vec<_>>(),
            );
            for criterion in &mut asked.criteria {
                criterion.pass.as_mut().unwrap().strict = strict;
                criterion.severity = Severity::Muted;
            }
            let data = dataset(values(&Vec::new()), series.clone(), hour(60), SignedDuration::from_mins(1));
            let mut seen = [0; 4];
            for finding in judge(&asked, &data).findings {
                let (effect, limit) = (finding.evidence.effect.unwrap(), finding.evidence.pass_limit.unwrap());
                let expected = if limit < effect.low || limit == effect.low && strict {
                    Outcome::Fail
                } else if limit > effect.high || limit == effect.high && !strict {
                    Outcome::Pass
                } else {
                    Outcome::Inconclusive
                };
                assert_eq!(finding.outcome, expected, "{limit} {strict}: {}", finding.sentence);
                seen[expected as usize] += 1;
            }
            assert!(seen[0] > 0 && seen[2] > 0 && seen[3] > 0, "{seen:?}");
        }
    }
}

#[test]
fn requests_at_the_limit_of_a_histogram_are_slow_and_pointed_out() {
    let mut noise = Noise::of(13, "latency", "", 0);
    let b = log(&mut noise, 60, 100, 80.0);
    let timeouts = |share: usize, value: f64| {
        let slow = |(i, r): (usize, &(i64, f64))| if i % 100 < share { (r.0, value) } else { *r };
        b.iter().enumerate().map(slow).collect::<Log>()
    };
    let short = |log: &Log| buckets(log, 60_000, || Histogram::new_with_bounds(1, 1_000_000, 2).unwrap(), 0.001);
    let cut = timeouts(20, 30_000.0);
    let finding = ask(at_most(0.95, times(1.1)), short(&b), short(&cut));
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
    let note = "1,200 of 6,000 requests of the canary are at the histogram's limit of 999 ms";
    assert!(finding.notes.iter().any(|n| n.starts_with(note)), "{:?}", finding.notes);
    // beyond the end of the histogram too
    let absolute = ask(at_most(0.95, Limit::Threshold(5_000.0)), short(&b), short(&cut));
    assert_eq!(absolute.outcome, Outcome::Fail, "{}", absolute.sentence);
    assert_eq!(absolute.evidence.effect.unwrap().high, f64::INFINITY);
    // where the quantile itself lies beyond the end nothing can be compared
    let both = ask(at_most(0.9, times(1.1)), short(&cut), short(&cut));
    assert_eq!((both.outcome, both.reason), (Outcome::Inconclusive, Reason::Undecided), "{}", both.sentence);
    // a histogram that grows has no such end
    let growing = |log: &Log| {
        let of = |minute: &[(i64, f64)]| {
            let mut histogram = Histogram::<u64>::new(2).unwrap();
            minute.iter().for_each(|(_, value)| histogram.record((value * 1000.0) as u64).unwrap());
            Bins::from(&histogram)
        };
        let minutes = log.chunk_by(|a, b| a.0.div_euclid(60_000) == b.0.div_euclid(60_000));
        let (time, bins) = minutes.map(|minute| (at(minute[0].0), of(minute))).unzip();
        Series::Buckets { time, bins, scale: 0.001 }
    };
    let grown = ask(at_most(0.95, times(1.1)), growing(&b), growing(&cut));
    assert!(
        grown.outcome == Outcome::Fail && grown.notes.iter().all(|n| !n.contains("histogram")),
        "{:?}",
        grown.notes
    );
    // timeouts among single values are all the same
    let finding = ask(at_most(0.95, times(1.1)), values(&b), values(&timeouts(3, 30_000.0)));
    assert_eq!(finding.notes, ["180 of 6,000 requests of the canary have exactly the largest value, 30 s: a timeout?"]);
    assert!(ask(at_most(0.95, times(1.1)), values(&b), values(&b)).notes.is_empty());
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let mut noise = Noise::of(17, "latency", "", 0);
    let b = log(&mut noise, 60, 20, 80.0);
    let scaled = |scale: f64| match minutes(&b) {
        Series::Buckets { time, bins, .. } => Series::Buckets { time, bins, scale },
        _ => unreachable!(),
    };
    for (baseline, canary, why) in [
        (scaled(0.001), scaled(0.01), "different units"),
        (values(&b), scaled(0.001), "single values"),
        (scaled(0.001), values(&b), "single values"),
        (scaled(0.0), scaled(0.0), "not a positive number"),
        (scaled(f64::NAN), scaled(0.001), "not a positive number"),
    ] {
        let finding = ask(at_most(0.9, times(1.1)), baseline, canary);
        assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::WrongShape));
        assert!(finding.sentence.contains(why), "{}", finding.sentence);
    }
    // one arm's own limit does not ask what the other is made of
    let alone = ask(at_most(0.9, Limit::Threshold(400.0)), values(&b), scaled(0.001));
    assert_eq!(alone.outcome, Outcome::Pass, "{}", alone.sentence);
}

#[test]
fn too_few_slow_requests_are_named() {
    let mut noise = Noise::of(19, "latency", "", 0);
    let (b, c) = (log(&mut noise, 60, 100, 80.0), log(&mut noise, 60, 10, 80.0));
    let finding = ask(at_most(0.99, times(1.05)), values(&b), minutes(&c));
    assert_eq!(finding.reason, Reason::WrongShape);
    let finding = ask(at_most(0.99, times(1.05)), minutes(&b), minutes(&c));
    assert_eq!(finding.reason, Reason::Undecided, "{}", finding.sentence);
    let told = "only about 6 requests slower than the p99 are to be expected in the smaller arm so far: an answer takes 20, \
                about 1,400 more requests";
    assert_eq!(finding.decide.as_deref(), Some(told));
    let own = ask(at_most(0.99, Limit::Threshold(300.0)), minutes(&b), minutes(&c));
    assert!(own.reason != Reason::Undecided || own.decide.unwrap().contains("in the canary so far"));
    // exact evidence decides all the same
    let slow: Log = c.iter().map(|r| (r.0, r.1 * 10.0)).collect();
    let finding = ask(at_most(0.99, times(1.05)), minutes(&b), minutes(&slow));
    assert_eq!(finding.outcome, Outcome::Fail, "{}", finding.sentence);
}

#[test]
fn degenerate_latencies_are_not_judged_by_accident() {
    let constant = |value: f64, each: i64| (0..60 * each).map(move |i| (START * 1000 + i * 60_000 / each, value));
    let series = |value: f64, each: i64| values(&constant(value, each).collect::<Log>());
    let binned = |value: f64, each: i64| buckets(&constant(value, each).collect::<Log>(), 60_000, coarse, 0.1);
    // all equal: nothing is slower than the threshold
    for (b, c) in
        [(series(5.0, 50), series(5.0, 50)), (binned(5.0, 50), binned(5.0, 50)), (series(0.0, 50), series(0.0, 50))]
    {
        let finding = ask(at_most(0.95, times(1.1)), b, c);
        assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
        assert!(
            finding.notes.iter().any(|n| n.contains("all requests of the canary have the value")),
            "{:?}",
            finding.notes
        );
    }
    // fifty requests before the last step are too few for a threshold
    let few: Log = (0..49).map(|i| (START * 1000 + i * 60_000, 50.0 + i as f64)).collect();
    assert_eq!(ask(at_most(0.5, times(1.1)), values(&few), values(&few)).outcome, Outcome::Inconclusive);
    // an arm of nothing, of empty histograms, of negative and of infinite values, at the ends of the distribution
    let empty = |full: &Series| match full {
        Series::Buckets { time, bins, scale } => {
            Series::Buckets { time: time.clone(), bins: vec![Bins::from(&coarse()); bins.len()], scale: *scale }
        }
        other => other.within(&Window { start: hour(1).end, end: hour(1).start }),
    };
    let wild: Log = (0..6000)
        .map(|i| (START * 1000 + i * 600, [-5.0, 0.0, f64::INFINITY, f64::NAN, 3.0][i as usize % 5]))
        .collect();
    let all = [series(5.0, 50), binned(5.0, 50), empty(&series(5.0, 50)), empty(&binned(5.0, 50)), values(&wild)];
    for q in [0.0, 0.9, 1.0, f64::NAN] {
        for (b, c) in all.iter().flat_map(|b| all.iter().map(move |c| (b, c))) {
            let limits =
                [times(1.1), times(1.0), times(0.0), times(-3.0), Limit::Threshold(-1.0), Limit::Threshold(0.0)];
            let both = |limit| [(q, Side::AtMost, limit), (q, Side::AtLeast, limit)];
            let asked: Vec<_> = limits.into_iter().flat_map(both).collect();
            let data = dataset(b.clone(), c.clone(), hour(10), SignedDuration::from_mins(1));
            let silent = c.is_empty() || matches!(c, Series::Buckets { bins, .. } if bins.iter().all(Bins::is_empty));
            for finding in judge(&rules(&asked), &data).findings {
                assert!(!silent || finding.outcome == Outcome::Inconclusive, "{}", finding.sentence);
            }
        }
    }
    // a canary of no requests, with the baseline busy, went silent: it does not pass
    let idle = ask(at_most(0.5, Limit::Threshold(10.0)), binned(5.0, 50), empty(&binned(5.0, 50)));
    assert_eq!(idle.outcome, Outcome::Inconclusive, "{}", idle.sentence);
}

#[test]
fn the_other_rules_know_histograms() {
    let mut noise = Noise::of(23, "latency", "", 0);
    let (b, c) = (log(&mut noise, 60, 100, 80.0), log(&mut noise, 60, 100, 120.0));
    for statistic in [Statistic::Max, Statistic::Min, Statistic::Quantile(0.9)] {
        for rule in [Rule::Observed, Rule::Periods { m: 3, n: 5, min_count: 1 }] {
            let mut rules = rules(&[at_most(0.5, Limit::Threshold(200.0))]);
            (rules.criteria[0].statistic, rules.criteria[0].rule) = (statistic, rule);
            let answer = |b, c| judge(&rules, &dataset(b, c, hour(60), SignedDuration::from_mins(1)));
            let (one, many) = (answer(values(&b), values(&c)), answer(minutes(&b), minutes(&c)));
            assert_eq!(one.outcome, many.outcome, "{statistic:?} {rule:?}");
            let estimates = [&one, &many].map(|v| v.findings[0].evidence.estimate.canary.unwrap());
            assert!(near(estimates[0], estimates[1], 2e-2), "{statistic:?} {rule:?} {estimates:?}");
            let [of_one, of_many] = [&one, &many].map(|v| v.traces["latency"].steps.canary.clone());
            assert!(of_one.iter().zip(&of_many).all(|(a, b)| near(a.unwrap(), b.unwrap(), 6e-2)));
        }
    }
}

#[test]
fn identical_arms_in_histograms_seldom_fail_and_at_the_limit_seldom_pass() {
    let mut noise = Noise::of(29, "latency", "", 0);
    let (mut failed, mut passed) = (0, 0);
    for _ in 0..SOAKS {
        let arm = |noise: &mut Noise| buckets(&log(noise, 20, 40, 80.0), 60_000, coarse, 0.1);
        let data = dataset(arm(&mut noise), arm(&mut noise), hour(20), SignedDuration::from_mins(1));
        let mut rules = rules(&[at_most(0.9, times(1.0))]);
        rules.policy.min_excess = 0.0;
        match judge(&rules, &data).outcome {
            Outcome::Fail => failed += 1,
            Outcome::Pass => passed += 1,
            _ => {}
        }
    }
    println!("p90 of identical arms: {failed} fail, {passed} pass of {SOAKS}");
    assert!(believable(failed) && believable(passed), "{failed} fail, {passed} pass of {SOAKS}");
}

/// On independent requests the interval for the reader misses the true ratio no more often than it says.
#[test]
fn intervals_of_quantiles_seldom_miss() {
    let mut noise = Noise::of(31, "latency", "", 0);
    for q in [0.5, 0.95] {
        let mut missed = [0; 4];
        let truth = 80.0 * (0.5 * davy::stats::normal::normal_quantile(q)).exp();
        for _ in 0..SOAKS {
            let arm = |noise: &mut Noise| -> Limits {
                let latencies = log(noise, 30, 40, 80.0);
                let steps: Vec<Requests> =
                    latencies.chunks(40).map(|c| Requests::single(c.iter().map(|r| r.1).collect())).collect();
                let pooled = Requests::pooled(&steps).unwrap();
                limits::woodruff(&steps, &pooled, q, 1.959_963_984_540_054, Prior::default()).unwrap()
            };
            let (b, c) = (arm(&mut noise), arm(&mut noise));
            let ratio = limits::mover_ratio(c, b).unwrap();
            let misses = [ratio.low > 1.0, ratio.high < 1.0, c.low > truth, c.high < truth];
            missed.iter_mut().zip(misses).for_each(|(n, miss)| *n += usize::from(miss));
        }
        println!(
            "p{}: ratio above {}, below {}; arm above {}, below {} of {SOAKS}",
            q * 100.0,
            missed[0],
            missed[1],
            missed[2],
            missed[3]
        );
        assert!(missed.iter().all(|n| *n as f64 <= 0.05 * SOAKS as f64), "{q}: {missed:?} of {SOAKS}");
    }
}

// --- measured by others ----------------------------------------------------------------------------------------------

/// The samples of a JMeter log: when, and how long in milliseconds.
fn jmeter(path: &Path) -> Log {
    let text = std::fs::read_to_string(path).unwrap();
    let number = |line: &str, name: &str| {
        let rest = line.split_once(&format!(" {name}=\""))?.1;
        rest.split_once('"')?.0.parse::<i64>().ok()
    };
    let samples = text.lines().filter(|line| line.starts_with("<httpSample "));
    let mut log: Log = samples.filter_map(|line| Some((number(line, "ts")?, number(line, "t")? as f64))).collect();
    log.sort_by_key(|r| r.0);
    log
}

#[test]
fn load_tests_of_others_give_the_same_quantiles_from_histograms() {
    let Some(folder) = shared("load-test-results/jmeter") else { return };
    let mut told = String::new();
    for (name, requests) in [("sample_log1.jtl", 10_000), ("sample_log1c.jtl", 2_000), ("sample_log2.jtl", 10_000)] {
        let log = jmeter(&folder.join(name));
        assert_eq!(log.len(), requests);
        let step = 10_000;
        let start = log[0].0.div_euclid(step) * step;
        let window = Window { start: at(start), end: at(log[log.len() - 1].0 + step) };
        let (odd, even): (Vec<_>, Vec<_>) = log.iter().enumerate().partition(|(i, _)| i % 2 == 1);
        let arm = |part: Vec<(usize, &(i64, f64))>| part.into_iter().map(|(_, r)| *r).collect::<Log>();
        let (b, c) = (arm(even), arm(odd));
        let binned = |log: &Log| buckets(log, step, || Histogram::new_with_bounds(1, 3_600_000, 3).unwrap(), 1.0);
        for q in [0.5, 0.95, 0.99] {
            let rules = rules(&[at_most(q, times(1.25))]);
            let answer =
                |b, c| judge(&rules, &dataset(b, c, window, SignedDuration::from_millis(step))).findings.remove(0);
            let (one, many) = (answer(values(&b), values(&c)), answer(binned(&b), binned(&c)));
            told += &format!("{name}: {}\n", many.sentence);
            assert!(
                one.outcome != Outcome::Fail && one.outcome == many.outcome,
                "{name}: {} {}",
                one.sentence,
                many.sentence
            );
            let estimates = one.evidence.estimate.zip(many.evidence.estimate);
            for (exact, close) in [estimates.baseline, estimates.canary] {
                // a quantile between two requests may be taken at either of them
                assert!(near(exact.unwrap(), close.unwrap(), 1e-2), "{name} {q}: {exact:?} {close:?}");
            }
        }
    }
    println!("{told}");
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let text = text.trim_end_matches('=').as_bytes();
    let bytes = text.chunks(4).flat_map(|group| {
        let bits = group.iter().fold(0, |bits, c| bits << 6 | digit(*c)) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    bytes.collect()
}

/// The untagged intervals of a histogram log: when, and what; the logs' values are nanoseconds.
fn hdr_log(path: &Path) -> Vec<(i64, Histogram<u64>)> {
    let text = std::fs::read_to_string(path).unwrap();
    let intervals = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let interval = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let mut reader = hdrhistogram::serialization::Deserializer::new();
        let histogram = reader.deserialize(&mut base64(cells[3]).as_slice()).unwrap();
        (START * 1000 + (cells[0].parse::<f64>().unwrap() * 1000.0) as i64, histogram)
    };
    intervals.map(interval).collect()
}

fn split(noise: &mut Noise, histogram: &Histogram<u64>) -> (Histogram<u64>, Histogram<u64>) {
    let mut arms = [Histogram::new_from(histogram), Histogram::new_from(histogram)];
    for cell in histogram.iter_recorded() {
        for _ in 0..cell.count_at_value() {
            arms[usize::from(noise.uniform() < 0.5)].record(cell.value_iterated_to()).unwrap();
        }
    }
    let [baseline, canary] = arms;
    (baseline, canary)
}

#[test]
fn histograms_of_others_are_read_as_their_authors_read_them() {
    let Some(folder) = shared("hdrhistogram") else { return };
    let log = hdr_log(&folder.join("jHiccup-2.0.7S.logV2.hlog"));
    let total: u64 = log.iter().map(|(_, h)| h.len()).sum();
    let window = Window { start: at(START * 1000), end: at(log[log.len() - 1].0 + 1) };
    let series = |histograms: Vec<Histogram<u64>>| Series::Buckets {
        time: log.iter().map(|(ms, _)| at(*ms)).collect(),
        bins: histograms.iter().map(Bins::from).collect(),
        scale: 1e-6,
    };
    // every request goes to either arm by chance, so a stalled machine stalls both
    let mut noise = Noise::of(37, "latency", "", 0);
    let (b, c) = log.iter().map(|(_, h)| split(&mut noise, h)).unzip();
    let (b, c, all) = (series(b), series(c), series(log.iter().map(|(_, h)| h.clone()).collect()));
    let mut merged = Histogram::<u64>::new(3).unwrap();
    log.iter().for_each(|(_, h)| merged.add(h).unwrap());
    // what the test of the authors' own reader expects of this file
    let read = [total, merged.value_at_quantile(0.999), merged.max()];
    assert_eq!(read, [48_761, 1_745_879_039, 1_796_210_687]);
    for q in [0.5, 0.95, 0.99] {
        let judged = |b: &Series, c: &Series| {
            let data = dataset(b.clone(), c.clone(), window, SignedDuration::from_secs(1));
            judge(&rules(&[at_most(q, times(1.5))]), &data).findings.remove(0)
        };
        let finding = judged(&b, &c);
        println!("{}", finding.sentence);
        assert_ne!(finding.outcome, Outcome::Fail);
        let finding = judged(&all, &all);
        let exact = merged.value_at_quantile(q) as f64 * 1e-6;
        let cell = log[0].1.equivalent_range(merged.value_at_quantile(q)) as f64 * 1e-6;
        let estimate = finding.evidence.estimate.canary.unwrap();
        assert!((estimate - exact).abs() <= cell, "{q}: {estimate} is not within {cell} of {exact}");
    }
}
