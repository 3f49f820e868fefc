//! Whole judgements against an independent one, at one look: a gauge beside its baseline with a margin of ten per cent
//! (`fixtures/reference/make_gauges.py`), an error rate with one of fifty (`make_rates.py`),
//! and every quantile of requests with one of ten (`make_quantiles.py`). The evidence for either answer agrees to eight digits, and the answer is the same.

use std::collections::BTreeMap;
use std::path::Path;

use davy::judge::judge;
use davy::judge::rules::{
    Bound, Criterion, Kind, Limit, Looks, Metric, Policy, Role, Rule, Rules, Scale, Severity, Side, Statistic, Unit,
};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use toml::{Table, Value};

fn at(minute: usize) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + 60 * minute as i64).unwrap()
}

fn rules(kind: Kind, unit: Unit, statistic: Statistic, margin: f64) -> Rules {
    let limit = Limit::Margin { relative: Some(margin), absolute: None };
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
    let metric = Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() };
    Rules {
        name: "agreement".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: BTreeMap::from([("m".to_owned(), metric)]),
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria: vec![criterion],
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    }
}

fn numbers(case: &Table, key: &str) -> Vec<f64> {
    let number = |v: &Value| v.as_float().or(v.as_integer().map(|v| v as f64)).unwrap();
    case[key].as_array().unwrap().iter().map(number).collect()
}

/// Both arms in the same window, a step a minute.
fn dataset(arms: Pair<Series>, minutes: usize) -> Dataset {
    let window = Window { start: at(0), end: at(minutes) };
    Dataset {
        metrics: BTreeMap::from([("m".to_owned(), arms)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_secs(60))
    }
}

fn gauge(case: &Table, arm: &str) -> Series {
    let present = numbers(case, arm).into_iter().enumerate().filter(|(_, value)| !value.is_nan());
    let (time, value) = present.map(|(minute, value)| (at(minute), value)).unzip();
    Series::Gauge { time, value, requests: None }
}

fn counts(case: &Table, arm: &str) -> Series {
    let whole = |key: &str| -> Vec<u64> { numbers(case, key).into_iter().map(|v| v as u64).collect() };
    let (total, bad) = (whole(&format!("{arm}_total")), whole(arm));
    Series::Counts { time: (0..total.len()).map(at).collect(), total, bad }
}

#[test]
fn gauges_are_judged_as_an_independent_implementation_judges_them() {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    agree("gauges.toml", &rules(kind, Unit::Plain(String::new()), Statistic::Typical, 0.1), gauge);
}

#[test]
fn error_rates_are_judged_as_an_independent_implementation_judges_them() {
    agree("rates.toml", &rules(Kind::BadShare, Unit::Share, Statistic::Rate, 0.5), counts);
}

/// Splitmix64 (Steele, Lea and Flood 2014): a number in [0, 1), the same in every language.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The requests of an arm as `make_quantiles.py` draws them from a seed.
fn requests(case: &Table, arm: &str) -> Series {
    let whole = |key: &str| case[key].as_integer().unwrap();
    let number =
        |key: &str| numbers(&Table::from_iter([(key.to_owned(), Value::Array(vec![case[key].clone()]))]), key)[0];
    let (place, slow, factor) = if arm == "canary" { (1, number("slow"), number("factor")) } else { (0, 0.01, 1.0) };
    let mut state = case["seeds"].as_array().unwrap()[place].as_integer().unwrap() as u64;
    let (mut time, mut value) = (Vec::new(), Vec::new());
    for step in 0..whole("steps") as usize {
        let level = uniform(&mut state);
        for _ in 0..whole("each") {
            let (u, v) = (uniform(&mut state), uniform(&mut state));
            let took = if v < slow { 1000.0 * (1.0 + 0.1 * u) } else { 80.0 * (0.5 + u / (1.02 - u)) };
            time.push(at(step));
            value.push(factor * took * (1.0 + 0.02 * (level - 0.5)));
        }
    }
    Series::Values { time, value }
}

#[test]
fn every_quantile_at_once_is_judged_as_an_independent_implementation_judges_it() {
    let rules = rules(Kind::Values, Unit::Milliseconds, Statistic::AnyQuantile { from: None, to: None }, 0.1);
    let cases = cases("quantiles.toml");
    let (mut outcomes, mut off) = (BTreeMap::new(), Vec::new());
    for case in &cases {
        let arms = Pair { baseline: requests(case, "baseline"), canary: requests(case, "canary") };
        let finding = judge(&rules, &dataset(arms, case["steps"].as_integer().unwrap() as usize)).findings.remove(0);
        assert_eq!(word(finding.outcome), case["what"].as_str().unwrap(), "{}", finding.sentence);
        let strength = finding.evidence.strength.unwrap();
        for (have, want) in [strength.fail.z, strength.pass.z].into_iter().zip(numbers(case, "value")) {
            let close = want < LOSSY && have < LOSSY || (have - want).abs() <= 1e-8 * (1.0 + want.abs());
            if !close {
                off.push(format!("{:?}: z is {have} instead of {want}: {}", case["seeds"], finding.sentence));
            }
        }
        let quantiles = finding.evidence.quantiles.unwrap();
        assert_eq!([quantiles.from, quantiles.to].to_vec(), numbers(case, "range"));
        *outcomes.entry(word(finding.outcome)).or_insert(0) += 1;
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
    assert!(cases.len() >= 10 && outcomes.len() >= 2, "{outcomes:?}");
}

fn cases(file: &str) -> Vec<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference").join(file);
    let table: Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    table["case"].as_array().unwrap().iter().map(|case| case.as_table().unwrap().clone()).collect()
}

/// Judges every case of a file and reports all that differ.
fn agree(file: &str, rules: &Rules, series: fn(&Table, &str) -> Series) {
    let cases = cases(file);
    assert_eq!(cases.len(), 100);
    let (mut off, mut outcomes) = (Vec::new(), BTreeMap::new());
    for (place, case) in cases.iter().enumerate() {
        let arms = Pair { baseline: series(case, "baseline"), canary: series(case, "canary") };
        let finding = judge(rules, &dataset(arms, numbers(case, "canary").len())).findings.remove(0);
        let wanted = case["what"].as_str().unwrap();
        *outcomes.entry(wanted).or_insert(0) += 1;
        if word(finding.outcome) != wanted {
            off.push(format!("{place}: {:?} instead of {wanted}: {}", finding.outcome, finding.sentence));
        }
        let strength = finding.evidence.strength.unwrap_or_else(|| panic!("{place}: {}", finding.sentence));
        let have = [strength.fail.z, strength.pass.z];
        for (have, want) in have.into_iter().zip(numbers(case, "value")) {
            let close = want < LOSSY && have < LOSSY || (have - want).abs() <= 1e-9 * (1.0 + want.abs());
            if !close {
                off.push(format!("{place}: z is {have} instead of {want}: {}", finding.sentence));
            }
        }
    }
    assert!(outcomes.len() == 3 && outcomes.values().all(|n| *n >= 15), "{outcomes:?}");
    assert!(off.is_empty(), "{} differ:\n{}", off.len(), off.join("\n"));
}

/// Below this z is a probability so close to one that few of its digits are left.
const LOSSY: f64 = -4.0;

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Fail => "fail",
    }
}
