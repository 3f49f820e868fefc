//! What the judge owes to any rules and any data: an answer, never a Pass on nothing, and no contradiction.

use std::collections::BTreeMap;

use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::judge::{judge, outcomes};
use davy::series::{Bins, Dataset, Histogram, Pair, Series, SignedDuration, Timestamp, Window};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

const START: i64 = 1_772_366_400;

/// The same cases on every run: a property that fails once must fail again.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1815), ..ProptestConfig::default() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

// --- data ----------------------------------------------------------------------------------------------------------

fn amount(wild: bool) -> BoxedStrategy<u64> {
    if !wild {
        return (0..2000_u64).boxed();
    }
    prop_oneof![5 => 0..2000_u64, 2 => Just(0_u64), 1 => any::<u64>(), 1 => Just(u64::MAX)].boxed()
}

fn number(wild: bool) -> BoxedStrategy<f64> {
    if !wild {
        return (20.0..80.0_f64).boxed();
    }
    prop_oneof![
        6 => 0.1..500.0_f64,
        1 => Just(0.0),
        1 => -50.0..50.0_f64,
        1 => select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e300, -1e-300, 1e12]),
    ]
    .boxed()
}

/// Seconds into the window, sorted and unique; some lie outside of it.
fn instants() -> impl Strategy<Value = Vec<i64>> {
    let regular = (0..40_i64, 1..4_i64).prop_map(|(n, gap)| (0..n).map(|i| i * 60 * gap).collect());
    let whole = Just((0..45).map(|i| i * 60).collect());
    let scattered = prop::collection::btree_set(-600..4000_i64, 0..40).prop_map(|set| set.into_iter().collect());
    prop_oneof![8 => whole, 3 => regular, 1 => scattered, 1 => Just(Vec::new())]
}

fn series(kind: Kind) -> BoxedStrategy<Series> {
    let drawn = (instants(), any::<bool>(), prop::bool::weighted(0.2)).prop_flat_map(|(time, more, wild)| {
        let n = time.len();
        let counts = prop::collection::vec((amount(wild), 0.0..1.0_f64), n);
        (Just(time), Just(more), (counts, prop::collection::vec(number(wild), n)))
    });
    drawn
        .prop_map(move |(time, more, (counts, numbers))| {
            let time: Vec<Timestamp> = time.into_iter().map(at).collect();
            let total: Vec<u64> = counts.iter().map(|c| c.0).collect();
            match kind {
                Kind::BadShare | Kind::GoodShare | Kind::PartShare => {
                    let bad = counts.iter().map(|(n, share)| ((*n as f64 * share * share * share) as u64).min(*n));
                    Series::Counts { time, bad: bad.collect(), total }
                }
                Kind::Events => {
                    let exposure = more.then(|| numbers.iter().map(|v| v.abs()).collect());
                    Series::Events { time, count: total.iter().map(|n| n % 1000).collect(), exposure }
                }
                Kind::Values if more => {
                    let bins = numbers.iter().zip(&total).map(|(v, n)| histogram(*v, *n)).collect();
                    Series::Buckets { time, bins, scale: 0.001 }
                }
                Kind::Values => Series::Values { time, value: numbers },
                Kind::Gauge { .. } => Series::Gauge { time, value: numbers, requests: more.then_some(total) },
            }
        })
        .boxed()
}

/// Some requests about a value, in thousandths; some beyond the histogram's end.
fn histogram(value: f64, requests: u64) -> Bins {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 100_000, 2).unwrap();
    for part in [0.9, 1.0, 1.2] {
        histogram.saturating_record_n((value * part * 1000.0) as u64, requests / 3);
    }
    Bins::from(&histogram)
}

fn window() -> impl Strategy<Value = Window> {
    let of = |(start, length): (i64, i64)| Window { start: at(start), end: at(start + length) };
    prop_oneof![4 => Just((0, 2400)), 1 => (-300..300_i64, 0..3000_i64), 1 => Just((0, -60))].prop_map(of)
}

// --- rules ---------------------------------------------------------------------------------------------------------

fn kind() -> impl Strategy<Value = (Kind, Unit)> {
    let gauge = |quantile, scale| (Kind::Gauge { quantile, scale }, Unit::Milliseconds);
    select(vec![
        (Kind::BadShare, Unit::Share),
        (Kind::GoodShare, Unit::Share),
        (Kind::PartShare, Unit::Share),
        (Kind::Events, Unit::PerSecond),
        (Kind::Events, Unit::Per("session".into())),
        (Kind::Values, Unit::Milliseconds),
        gauge(None, Scale::Auto),
        gauge(Some(0.95), Scale::Ratio),
        gauge(Some(0.99), Scale::Auto),
        gauge(None, Scale::Difference),
    ])
}

/// What may be asked of a metric: its statistics, and whether a margin, a relative one, makes sense.
fn statistics(kind: &Kind) -> Vec<(Statistic, Rule, bool)> {
    let alarm = Rule::Periods { m: 2, n: 3, min_count: 1 };
    match kind {
        Kind::BadShare | Kind::GoodShare | Kind::PartShare => vec![
            (Statistic::Rate, Rule::Interval, true),
            (Statistic::Rate, Rule::Observed, true),
            (Statistic::Count, Rule::Observed, false),
            (Statistic::Rate, alarm, false),
        ],
        Kind::Events => vec![
            (Statistic::Frequency, Rule::Interval, true),
            (Statistic::Count, Rule::Observed, false),
            (Statistic::Frequency, alarm, false),
        ],
        Kind::Values => vec![
            (Statistic::Quantile(0.95), Rule::Interval, true),
            (Statistic::Max, Rule::Observed, false),
            (Statistic::Quantile(0.5), alarm, false),
        ],
        Kind::Gauge { .. } => vec![
            (Statistic::Typical, Rule::Interval, true),
            (Statistic::Quantile(0.9), Rule::Interval, false),
            (Statistic::Max, Rule::Observed, false),
            (Statistic::Typical, alarm, false),
        ],
    }
}

fn limit(kind: &Kind, margins: bool) -> BoxedStrategy<Limit> {
    let share = matches!(kind, Kind::BadShare | Kind::GoodShare | Kind::PartShare);
    let top = if share { 0.5 } else { 300.0 };
    let threshold = prop_oneof![1 => Just(0.0), 2 => 0.0..top, 2 => Just(4.0 * top)].prop_map(Limit::Threshold);
    if !margins {
        return threshold.boxed();
    }
    let relative = !matches!(kind, Kind::GoodShare | Kind::PartShare);
    let absolute = !matches!(kind, Kind::Events | Kind::Values);
    let margin = (prop::option::of(0.0..1.0_f64), prop::option::of(0.0..top / 10.0))
        .prop_map(move |(r, a)| Limit::Margin { relative: r.filter(|_| relative), absolute: a.filter(|_| absolute) });
    prop_oneof![threshold, margin].boxed()
}

fn criterion(name: String, kind: Kind) -> impl Strategy<Value = Criterion> {
    let side = match kind {
        Kind::GoodShare => Side::AtLeast,
        _ => Side::AtMost,
    };
    let severity = select(vec![Severity::Normal, Severity::Normal, Severity::Critical, Severity::Muted]);
    let role = select(vec![Role::Primary, Role::Primary, Role::Guardrail]);
    let asked = select(statistics(&kind));
    asked
        .prop_flat_map(move |(statistic, rule, margins)| (Just((statistic, rule)), limit(&kind, margins)))
        .prop_flat_map(move |((statistic, rule), limit)| {
            let name = name.clone();
            let bound = Bound { side, strict: false, limit, per: None };
            (severity.clone(), role.clone()).prop_map(move |(severity, role)| Criterion {
                metric: name.clone(),
                name: name.clone(),
                statistic,
                pass: Some(bound),
                fail: None,
                rule,
                severity,
                role,
                weight: 1.0,
                group: name.clone(),
                family: name.clone(),
            })
        })
}

/// One to four metrics with a criterion each, and their data.
pub fn questions() -> impl Strategy<Value = (Rules, Dataset)> {
    let metric = |i: usize| {
        kind().prop_flat_map(move |(kind, unit)| {
            let arms = (series(kind.clone()), series(kind.clone()));
            (Just((kind.clone(), unit)), criterion(format!("m{i}"), kind), arms)
        })
    };
    let traffic = prop::option::of((0.01..0.99_f64, any::<bool>()));
    let metrics = (1..5_usize).prop_flat_map(move |n| (0..n).map(metric).collect::<Vec<_>>());
    (metrics, window(), prop::option::of(window()), traffic, 0..4_usize).prop_map(
        |(metrics, window, other, traffic, warmup)| {
            let mut rules = Rules {
                name: "any".into(),
                labels: Pair::default(),
                phase: None,
                fingerprint: String::new(),
                metrics: BTreeMap::new(),
                learned: BTreeMap::new(),
                signatures: BTreeMap::new(),
                criteria: Vec::new(),
                not_judged: Vec::new(),
                traffic: traffic.map(|(share, strict)| Traffic {
                    share,
                    metric: None,
                    on_mismatch: if strict { Mismatch::Fail } else { Mismatch::Warn },
                }),
                looks: Looks::Once,
                policy: Policy { warmup: SignedDuration::from_mins(warmup as i64), ..Policy::default() },
            };
            let windows = Pair { baseline: other.unwrap_or(window), canary: window };
            let step = SignedDuration::from_secs(60);
            let mut data = Dataset::new(windows, step);
            for ((kind, unit), criterion, (baseline, canary)) in metrics {
                let metric = Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() };
                rules.metrics.insert(criterion.metric.clone(), metric);
                data.metrics.insert(criterion.metric.clone(), Pair { baseline, canary });
                rules.criteria.push(criterion);
            }
            (rules, data)
        },
    )
}

/// One criterion on plausible counts, gauges or values, whose limit is yet to be chosen.
pub fn plausible() -> impl Strategy<Value = (Rules, Dataset)> {
    let counts = |share: f64| {
        prop::collection::vec((0..600_u64, 0.0..1.0_f64), 1..40).prop_map(move |steps| Series::Counts {
            time: (0..steps.len()).map(|i| at(60 * i as i64)).collect(),
            total: steps.iter().map(|s| s.0).collect(),
            bad: steps.iter().map(|s| (s.0 as f64 * share * 2.0 * s.1) as u64).collect(),
        })
    };
    let gauge = |level: f64| {
        prop::collection::vec(0.7..1.3_f64, 1..40).prop_map(move |steps| Series::Gauge {
            time: (0..steps.len()).map(|i| at(60 * i as i64)).collect(),
            value: steps.iter().map(|v| v * level).collect(),
            requests: None,
        })
    };
    let values = |level: f64, most: usize| {
        prop::collection::vec((0..2400_i64, 0.2..3.0_f64), 0..most).prop_map(move |mut rows| {
            rows.sort_by_key(|row| row.0);
            Series::Values {
                time: rows.iter().map(|row| at(row.0)).collect(),
                value: rows.iter().map(|row| (row.1 * row.1 * level).round()).collect(),
            }
        })
    };
    let binned = move |level: f64| {
        values(level, 200).prop_map(|series| match series {
            Series::Values { time, value } => {
                let bins = value.iter().map(|v| histogram(*v, 3)).collect();
                Series::Buckets { time, bins, scale: 0.001 }
            }
            other => other,
        })
    };
    let arms = prop_oneof![
        (0.0..0.2_f64, 0.0..0.2_f64).prop_flat_map(move |(b, c)| (Just(Kind::BadShare), counts(b), counts(c)).boxed()),
        (50.0..200.0_f64, 50.0..200.0_f64).prop_flat_map(move |(b, c)| {
            (Just(Kind::Gauge { quantile: None, scale: Scale::Auto }), gauge(b), gauge(c)).boxed()
        }),
        (50.0..90.0_f64, 50.0..90.0_f64).prop_flat_map(move |(b, c)| (
            Just(Kind::Values),
            values(b, 1500),
            values(c, 1500)
        )
            .boxed()),
        (50.0..90.0_f64, 50.0..90.0_f64)
            .prop_flat_map(move |(b, c)| (Just(Kind::Values), binned(b), binned(c)).boxed()),
    ];
    arms.prop_map(|(kind, baseline, canary)| {
        let (statistic, unit) = match kind {
            Kind::BadShare => (Statistic::Rate, Unit::Share),
            Kind::Values => (Statistic::Quantile(0.9), Unit::Milliseconds),
            _ => (Statistic::Typical, Unit::Milliseconds),
        };
        let criterion = Criterion {
            name: "m".into(),
            metric: "m".into(),
            statistic,
            pass: None,
            fail: None,
            rule: Rule::Interval,
            severity: Severity::Normal,
            role: Role::Primary,
            weight: 1.0,
            group: "m".into(),
            family: "m".into(),
        };
        let metric = Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() };
        let rules = Rules {
            name: "any".into(),
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
        };
        let window = Window { start: at(0), end: at(2400) };
        let data = Dataset {
            metrics: BTreeMap::from([("m".to_owned(), Pair { baseline, canary })]),
            ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_secs(60))
        };
        (rules, data)
    })
}

pub fn limited(rules: &Rules, limit: Limit) -> Rules {
    let mut rules = rules.clone();
    rules.criteria[0].pass = Some(Bound { side: Side::AtMost, strict: false, limit, per: None });
    rules
}

// --- helpers -------------------------------------------------------------------------------------------------------

/// The documented combination of findings.
fn combined(findings: &[Finding]) -> Outcome {
    let deciding = || findings.iter().filter(|f| f.severity != Severity::Muted);
    if !deciding().any(|f| f.criterion != "traffic share") {
        return Outcome::Inconclusive;
    }
    let any = |outcome| deciding().any(|f| f.outcome == outcome);
    match () {
        () if any(Outcome::Fail) => Outcome::Fail,
        () if any(Outcome::Inconclusive) => Outcome::Inconclusive,
        () if any(Outcome::Warn) => Outcome::Warn,
        () => Outcome::Pass,
    }
}

fn in_window(series: &Series, window: &Window) -> usize {
    series.time().iter().filter(|t| window.contains(**t)).count()
}

fn is_number_or_open_end(effect: &Effect) -> bool {
    !effect.low.is_nan() && !effect.high.is_nan() && effect.low <= effect.high
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_question_has_an_answer_that_is_founded((rules, data) in questions()) {
        let verdict = judge(&rules, &data);
        prop_assert_eq!(&verdict, &judge(&rules, &data));
        let outcomes = outcomes(&rules, &data);
        prop_assert_eq!(outcomes.verdict, verdict.outcome);
        let told: Vec<_> = verdict.findings.iter().map(|f| (f.criterion.clone(), f.outcome)).collect();
        prop_assert_eq!(outcomes.criteria, told);
        let proved = verdict.findings.iter().any(|f| f.is_proof() && f.outcome <= Outcome::Warn);
        let best = if proved { Outcome::Pass } else { Outcome::Inconclusive };
        prop_assert_eq!(verdict.outcome, combined(&verdict.findings).max(best));
        for finding in &verdict.findings {
            let evidence = &finding.evidence;
            prop_assert!(!finding.sentence.is_empty() && !finding.sentence.contains("NaN"), "{}", finding.sentence);
            prop_assert!(!finding.decide.as_deref().unwrap_or("").contains("NaN"), "{:?}", finding.decide);
            prop_assert!(evidence.effect.as_ref().is_none_or(is_number_or_open_end), "{:?}", finding);
            let estimates = [evidence.estimate.baseline, evidence.estimate.canary];
            prop_assert!(estimates.into_iter().flatten().all(|v| !v.is_nan()), "{:?}", finding);
            prop_assert!(evidence.detectable.is_none_or(f64::is_finite));
            for share in [evidence.coverage.baseline, evidence.coverage.canary] {
                prop_assert!((0.0..=1.0).contains(&share));
            }
            if finding.criterion != "traffic share" && [Outcome::Pass, Outcome::Warn].contains(&finding.outcome) {
                let points = in_window(&data.metrics[&finding.metric].canary, &data.windows.canary);
                prop_assert!(points > 0, "{}", finding.sentence);
                prop_assert!(evidence.coverage.canary + 1e-9 >= rules.policy.min_coverage, "{:?}", finding);
            }
        }
    }

    #[test]
    fn criteria_do_not_know_their_order((rules, data) in questions()) {
        let mut turned = rules.clone();
        turned.criteria.reverse();
        let (one, other) = (judge(&rules, &data), judge(&turned, &data));
        prop_assert_eq!(one.outcome, other.outcome);
        let mut findings: Vec<_> = other.findings.iter().take(rules.criteria.len()).cloned().collect();
        findings.reverse();
        prop_assert_eq!(&one.findings[..rules.criteria.len()], &findings[..]);
    }

    #[test]
    fn a_metric_without_points_never_makes_a_pass((rules, data) in questions(), (kind, unit) in kind()) {
        let before = judge(&rules, &data);
        let (mut rules, mut data) = (rules, data);
        let metric = Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() };
        rules.metrics.insert("void".into(), metric);
        let bound = Bound { side: Side::AtMost, strict: false, limit: Limit::Threshold(0.0), per: None };
        let template = rules.criteria[0].clone();
        let (name, family) = ("void".to_owned(), "void".to_owned());
        let severity = Severity::Normal;
        let void = Criterion { name, metric: "void".into(), pass: Some(bound), fail: None, severity, family, ..template };
        rules.criteria.push(void);
        let nothing = Series::Gauge { time: Vec::new(), value: Vec::new(), requests: None };
        data.metrics.insert("void".into(), Pair { baseline: nothing.clone(), canary: nothing });
        let after = judge(&rules, &data);
        prop_assert!(after.outcome >= Outcome::Inconclusive, "{:?} then {:?}", before.outcome, after.summary);
    }

    #[test]
    fn without_the_canary_nothing_passes((rules, data) in questions()) {
        let mut data = data;
        for pair in data.metrics.values_mut() {
            pair.canary = pair.canary.within(&Window { start: at(0), end: at(0) });
        }
        let verdict = judge(&rules, &data);
        prop_assert_eq!(verdict.outcome, Outcome::Inconclusive, "{}", verdict.summary);
    }

    #[test]
    fn what_an_outage_left_never_passes((rules, data) in plausible(), share in 0.0..0.3_f64) {
        // Less than the asked coverage is left: whatever it was, it is neither a Pass nor a Fail any more.
        let limit = Limit::Threshold(100.0 * share);
        let rules = limited(&rules, limit);
        let cut = Window { start: at(0), end: at(2400 * 2 / 5) };
        let mut data = data;
        for pair in data.metrics.values_mut() {
            pair.canary = pair.canary.within(&cut);
        }
        prop_assert_eq!(judge(&rules, &data).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn a_wider_bound_is_never_worse((rules, data) in plausible(), a in 0.0..1.0_f64, b in 0.0..1.0_f64, margin in any::<bool>()) {
        let (narrow, wide) = (a.min(b), a.max(b));
        let limit = |v: f64| match (margin, &rules.criteria[0].statistic) {
            (true, _) => Limit::Margin { relative: Some(3.0 * v), absolute: None },
            (false, Statistic::Rate) => Limit::Threshold(0.3 * v),
            (false, _) => Limit::Threshold(300.0 * v),
        };
        let (narrow, wide) = (judge(&limited(&rules, limit(narrow)), &data), judge(&limited(&rules, limit(wide)), &data));
        let outcomes = (narrow.outcome, wide.outcome);
        prop_assert_ne!(outcomes, (Outcome::Pass, Outcome::Fail), "{} / {}", narrow.summary, wide.summary);
    }

    #[test]
    fn answer_and_interval_agree((rules, data) in plausible(), v in 0.0..1.0_f64, margin in any::<bool>()) {
        let limit = match (margin, &rules.criteria[0].statistic) {
            (true, _) => Limit::Margin { relative: Some(3.0 * v), absolute: None },
            (false, Statistic::Rate) => Limit::Threshold(0.3 * v),
            (false, _) => Limit::Threshold(300.0 * v),
        };
        let verdict = judge(&limited(&rules, limit), &data);
        let finding = &verdict.findings[0];
        let (Some(effect), Some(limit)) = (finding.evidence.effect, finding.evidence.pass_limit) else { return Ok(()) };
        let slack = 1e-5 * (1.0 + limit.abs());
        match finding.outcome {
            Outcome::Pass => prop_assert!(effect.high <= limit + slack, "{}", finding.sentence),
            Outcome::Fail => prop_assert!(effect.low + slack >= limit, "{}", finding.sentence),
            _ => {}
        }
        if let Some(estimate) = effect.estimate
            && finding.evidence.n_of == "trials"
            && finding.evidence.method == Some(Method::BinomialTail)
        {
            prop_assert!(effect.low <= estimate && estimate <= effect.high, "{}", finding.sentence);
        }
    }
}
