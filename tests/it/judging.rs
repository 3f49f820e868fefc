//! The judge from outside: what it answers on data whose answer is known, and that absence is never a Pass.

use std::collections::BTreeMap;

use davy::judge::judge;
use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};

const START: i64 = 1_772_366_400;

pub(crate) fn at(minute: usize) -> Timestamp {
    Timestamp::from_second(START + 60 * minute as i64).unwrap()
}

pub(crate) fn times(n: usize) -> Vec<Timestamp> {
    (0..n).map(at).collect()
}

pub(crate) fn counts(steps: &[(u64, u64)]) -> Series {
    Series::Counts {
        time: times(steps.len()),
        total: steps.iter().map(|s| s.0).collect(),
        bad: steps.iter().map(|s| s.1).collect(),
    }
}

pub(crate) fn gauge(values: &[f64], requests: Option<u64>) -> Series {
    Series::Gauge {
        time: times(values.len()),
        value: values.to_vec(),
        requests: requests.map(|n| vec![n; values.len()]),
    }
}

pub(crate) fn events(values: &[u64]) -> Series {
    Series::Events { time: times(values.len()), count: values.to_vec(), exposure: None }
}

pub(crate) fn nothing() -> Series {
    counts(&[])
}

pub(crate) fn dataset(steps: usize, metric: &str, baseline: Series, canary: Series) -> Dataset {
    let window = Window { start: at(0), end: at(steps) };
    Dataset {
        metrics: BTreeMap::from([(metric.to_owned(), Pair { baseline, canary })]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_secs(60))
    }
}

pub(crate) fn at_most(limit: Limit) -> Option<Bound> {
    Some(Bound { side: Side::AtMost, strict: false, limit, per: None })
}

pub(crate) fn margin(relative: f64) -> Limit {
    Limit::Margin { relative: Some(relative), absolute: None }
}

pub(crate) fn criterion(pass: Option<Bound>, statistic: Statistic, rule: Rule) -> Criterion {
    Criterion {
        name: "m".into(),
        metric: "m".into(),
        statistic,
        pass,
        fail: None,
        rule,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: "m".into(),
        family: "m".into(),
    }
}

pub(crate) fn rules(kind: Kind, unit: Unit, criteria: Vec<Criterion>) -> Rules {
    Rules {
        name: "test".into(),
        labels: Pair::default(),
        phase: None,
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        fingerprint: String::new(),
        metrics: BTreeMap::from([(
            "m".to_owned(),
            Metric { unit, kind, of: "requests".into(), history: None, by: None, remarks: Vec::new() },
        )]),
        criteria,
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy::default(),
    }
}

pub(crate) fn rate(pass: Option<Bound>) -> Rules {
    rules(Kind::BadShare, Unit::Share, vec![criterion(pass, Statistic::Rate, Rule::Interval)])
}

pub(crate) fn one(rules: &Rules, data: &Dataset) -> Finding {
    judge(rules, data).findings.remove(0)
}

#[test]
fn an_error_rate_against_a_threshold() {
    let limit = at_most(Limit::Threshold(0.01));
    let spread = |bad: u64| (0..20).map(|i| (100, bad / 20 + u64::from(i * 7 % 20 < bad % 20))).collect::<Vec<_>>();
    let data = |bad| dataset(20, "m", nothing(), counts(&spread(bad)));

    let fails = one(&rate(limit), &data(61));
    assert_eq!((fails.outcome, fails.reason), (Outcome::Fail, Reason::BeyondBound), "{}", fails.sentence);
    assert!(fails.sentence.starts_with("fails: 61 of 2,000 requests (3.05 %, 95 % bounds "), "{}", fails.sentence);
    assert!(fails.sentence.ends_with("exceeds 1 %"), "{}", fails.sentence);
    // The counts named as turning points are turning points.
    let decide = fails.decide.unwrap();
    let number = |text: &str| -> u64 { text.trim().split(' ').next().unwrap().parse().unwrap() };
    let open = number(decide.split("would not fail at ").nth(1).unwrap());
    let clean = number(decide.split("pass at ").nth(1).unwrap());
    assert!((8..=12).contains(&clean), "{decide}");
    assert!(open > 20 && open < 61, "{decide}");

    let passes = one(&rate(limit), &data(2));
    assert_eq!(passes.outcome, Outcome::Pass, "{}", passes.sentence);
    assert!(passes.decide.unwrap().contains("would no longer pass at"));

    let undecided = one(&rate(limit), &data(14));
    assert_eq!(undecided.outcome, Outcome::Inconclusive, "{}", undecided.sentence);
    let decide = undecided.decide.unwrap();
    assert!(decide.contains("more canary requests") && decide.contains("would decide"), "{decide}");
    let interval = undecided.evidence.effect.unwrap();
    assert!(interval.low < 0.01 && interval.high > 0.01);
}

#[test]
fn an_error_rate_against_the_baseline() {
    let steps = |n: u64, bad: u64| (0..60).map(|i| (n, bad + (i % 3))).collect::<Vec<_>>();
    let data = |bad| dataset(60, "m", counts(&steps(2000, 19)), counts(&steps(500, bad)));
    let relative = |r| one(&rate(at_most(margin(r))), &data(4));
    assert_eq!(relative(0.5).outcome, Outcome::Pass, "{}", relative(0.5).sentence);
    let sick = one(&rate(at_most(margin(0.5))), &data(12));
    assert_eq!(sick.outcome, Outcome::Fail, "{}", sick.sentence);
    assert_eq!(sick.evidence.method, Some(Method::ConditionalBinomial));
    let difference = Limit::Margin { relative: None, absolute: Some(0.005) };
    let sick = one(&rate(at_most(difference)), &data(12));
    assert_eq!(sick.outcome, Outcome::Fail, "{}", sick.sentence);
    assert!(sick.sentence.contains(" pp"), "{}", sick.sentence);
    // The wider of two margins: a tenfold relative error that is absolutely negligible is tolerated.
    let rare = |bad: u64| (0..60).map(|i| (10_000, bad + u64::from(i % 10 == 0))).collect::<Vec<_>>();
    let data = dataset(60, "m", counts(&rare(0)), counts(&rare(1)));
    let wider = Limit::Margin { relative: Some(0.5), absolute: Some(0.001) };
    let tolerated = one(&rate(at_most(wider)), &data);
    assert_eq!(tolerated.outcome, Outcome::Pass, "{}", tolerated.sentence);
    assert_eq!(one(&rate(at_most(margin(0.5))), &data).outcome, Outcome::Fail);
}

#[test]
fn a_good_share_is_judged_by_its_bad_ones_and_shown_as_itself() {
    let bound = Some(Bound { side: Side::AtLeast, strict: false, limit: Limit::Threshold(0.8), per: None });
    let rules = rules(Kind::GoodShare, Unit::Share, vec![criterion(bound, Statistic::Rate, Rule::Interval)]);
    let steps = |bad: u64| (0..30).map(|i| (200, bad + (i % 2))).collect::<Vec<_>>();
    let good = one(&rules, &dataset(30, "m", nothing(), counts(&steps(20))));
    assert_eq!(good.outcome, Outcome::Pass, "{}", good.sentence);
    let effect = good.evidence.effect.unwrap();
    assert!(effect.low > 0.8 && effect.low < effect.estimate.unwrap() && effect.estimate.unwrap() < effect.high);
    let poor = one(&rules, &dataset(30, "m", nothing(), counts(&steps(60))));
    assert_eq!(poor.outcome, Outcome::Fail, "{}", poor.sentence);
    assert!(poor.sentence.contains("falls short of 80 %"), "{}", poor.sentence);
}

fn wave(n: usize, level: f64) -> Vec<f64> {
    (0..n).map(|i| level * (1.0 + 0.05 * ((i * 7919 % 13) as f64 / 13.0 - 0.5))).collect()
}

#[test]
fn percentile_series_against_the_baseline_and_a_threshold() {
    let kind = Kind::Gauge { quantile: Some(0.95), scale: Scale::Auto };
    let against = |limit| {
        rules(kind.clone(), Unit::Milliseconds, vec![criterion(at_most(limit), Statistic::Typical, Rule::Interval)])
    };
    let data = |factor: f64, n| {
        let shifted: Vec<f64> = wave(63, 200.0 * factor)[3..].to_vec();
        dataset(60, "m", gauge(&wave(60, 200.0), n), gauge(&shifted, n))
    };
    let same = one(&against(margin(0.05)), &data(1.0, Some(1000)));
    assert_eq!(same.outcome, Outcome::Pass, "{}", same.sentence);
    let slow = one(&against(margin(0.05)), &data(1.2, Some(1000)));
    assert_eq!(slow.outcome, Outcome::Fail, "{}", slow.sentence);
    let effect = slow.evidence.effect.unwrap();
    assert!((effect.estimate.unwrap() - 1.2).abs() < 0.02 && effect.low > 1.05);
    // Of arms of unknown size only what survives the worst bias is believed.
    let unknown = one(&against(margin(0.05)), &data(1.2, None));
    assert_eq!(
        (unknown.outcome, unknown.reason),
        (Outcome::Inconclusive, Reason::NotComparable),
        "{}",
        unknown.sentence
    );
    assert_eq!(one(&against(margin(0.05)), &data(2.0, None)).outcome, Outcome::Fail);
    let threshold = |ms| one(&against(Limit::Threshold(ms)), &data(1.0, None)).outcome;
    assert_eq!(
        [threshold(250.0), threshold(200.0), threshold(150.0)],
        [Outcome::Pass, Outcome::Inconclusive, Outcome::Fail]
    );
}

fn memory(limit: Limit, looks: Looks) -> Rules {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    let rules = rules(kind, Unit::Bytes, vec![criterion(at_most(limit), Statistic::Typical, Rule::Interval)]);
    let policy = Policy { min_soak: Some(SignedDuration::ZERO), ..rules.policy.clone() };
    Rules { looks, policy, ..rules }
}

/// Memory that starts at a hundred MiB and grows by so many of them a minute, now less and now more.
fn growing(minutes: usize, mib: f64) -> Vec<f64> {
    let uneven = |i: usize| i as f64 + 0.3 * ((i * 7919 % 13) as f64 / 13.0);
    (0..minutes).map(|i| (100.0 + mib * uneven(i)) * 1_048_576.0).collect()
}

#[test]
fn growth_is_judged_beside_the_level() {
    let calm: Vec<f64> = wave(60, 1.0).iter().map(|v| (100.0 + (v - 1.0)) * 1_048_576.0).collect();
    let judged = |mib: f64, looks| {
        let data = dataset(60, "m", gauge(&calm, None), gauge(&growing(60, mib), None));
        one(&memory(margin(0.2), looks), &data)
    };
    // half a MiB a minute is 30 at the end of the hour, but half of that in its mean
    let leak = judged(0.5, Looks::Once);
    assert_eq!((leak.outcome, leak.reason), (Outcome::Fail, Reason::Growing), "{}", leak.sentence);
    // a fifth of that may go on for the hour, but not for eight
    assert_ne!(judged(0.1, Looks::Once).outcome, Outcome::Fail);
    let long =
        judged(0.1, Looks::Planned { soak: SignedDuration::from_hours(8), every: Some(SignedDuration::from_hours(1)) });
    assert_eq!((long.outcome, long.reason), (Outcome::Fail, Reason::Growing), "{}", long.sentence);
    let hourly = "fails: it only grows, in an hour by +6 MiB against the baseline, too much for the margin by the end";
    assert!(long.sentence.starts_with(hourly), "{}", long.sentence);
    // a baseline that grows alike is no worse
    let data = dataset(60, "m", gauge(&growing(63, 0.5)[3..], None), gauge(&growing(60, 0.5), None));
    let alike = one(&memory(margin(0.2), Looks::Once), &data);
    assert_eq!(alike.outcome, Outcome::Pass, "{}", alike.sentence);
}

#[test]
fn growth_that_would_cross_a_limit_within_the_soak_is_no_pass() {
    let judged = |mib: f64, hours, values: &[f64]| {
        let looks =
            Looks::Planned { soak: SignedDuration::from_hours(hours), every: Some(SignedDuration::from_hours(1)) };
        let limit = Limit::Threshold(mib * 1_048_576.0);
        one(&memory(limit, looks), &dataset(240, "m", nothing(), gauge(values, None)))
    };
    let before = judged(140.0, 6, &growing(240, 0.1));
    assert_eq!((before.outcome, before.reason), (Outcome::Warn, Reason::SuspectData), "{}", before.sentence);
    assert!(before.sentence.contains("it rises steadily, by 6 MiB an hour"), "{}", before.sentence);
    let crossing = judged(140.0, 7, &growing(240, 0.1));
    assert_eq!((crossing.outcome, crossing.reason), (Outcome::Inconclusive, Reason::Growing), "{}", crossing.sentence);
    let words = "it only grows, in an hour by +6.01 MiB, and would be beyond 140 MiB before the end of the soak";
    assert!(crossing.sentence.contains(words), "{}", crossing.sentence);
    // what rises and falls is going nowhere
    assert_eq!(judged(140.0, 400, &wave(240, 100.0 * 1_048_576.0)).outcome, Outcome::Pass);
}

#[test]
fn warns_between_target_and_limit() {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    let mut c = criterion(at_most(Limit::Threshold(200.0)), Statistic::Typical, Rule::Interval);
    c.fail = Some(Bound { side: Side::AtLeast, strict: true, limit: Limit::Threshold(300.0), per: None });
    let rules = rules(kind, Unit::Milliseconds, vec![c]);
    let level = |ms| judge(&rules, &dataset(30, "m", nothing(), gauge(&wave(30, ms), None)));
    assert_eq!(level(150.0).outcome, Outcome::Pass);
    assert_eq!(level(250.0).outcome, Outcome::Warn);
    assert_eq!(level(400.0).outcome, Outcome::Fail);
    assert_eq!(level(250.0).recommendation, Recommendation::Promote { to: None });
}

#[test]
fn observed_events_and_alarm_rules() {
    let zero = criterion(at_most(Limit::Threshold(0.0)), Statistic::Count, Rule::Observed);
    let none = rules(Kind::Events, Unit::PerSecond, vec![zero]);
    let quiet = vec![0; 30];
    let mut noisy = quiet.clone();
    noisy[17] = 1;
    assert_eq!(one(&none, &dataset(30, "m", nothing(), events(&quiet))).outcome, Outcome::Pass);
    let seen = one(&none, &dataset(30, "m", nothing(), events(&noisy)));
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(seen.sentence.contains("1 occurrence"), "{}", seen.sentence);

    // More than 10 within any 5 minutes.
    let mut alarm = criterion(
        at_most(Limit::Threshold(10.0 / 300.0)),
        Statistic::Frequency,
        Rule::Periods { m: 1, n: 1, min_count: 1 },
    );
    alarm.pass.as_mut().unwrap().per = Some(SignedDuration::from_mins(5));
    let alarm = rules(Kind::Events, Unit::PerSecond, vec![alarm]);
    let burst = |total: u64| {
        let mut steps = quiet.clone();
        (steps[10], steps[13]) = (total / 2, total - total / 2);
        one(&alarm, &dataset(30, "m", nothing(), events(&steps))).outcome
    };
    assert_eq!([burst(10), burst(11)], [Outcome::Pass, Outcome::Fail]);

    let gauge_rule =
        criterion(at_most(Limit::Threshold(100.0)), Statistic::Typical, Rule::Periods { m: 2, n: 2, min_count: 1 });
    let kind = Kind::Gauge { quantile: Some(0.95), scale: Scale::Auto };
    let gauge_rules = rules(kind, Unit::Milliseconds, vec![gauge_rule]);
    let series = |values: &[f64]| one(&gauge_rules, &dataset(values.len(), "m", nothing(), gauge(values, None)));
    assert_eq!(series(&[90.0, 110.0, 90.0, 110.0, 90.0]).outcome, Outcome::Pass);
    let failed = series(&[90.0, 110.0, 120.0, 90.0, 90.0]);
    assert_eq!(failed.outcome, Outcome::Fail);
    assert!(failed.sentence.contains("12:02 UTC"), "{}", failed.sentence);
    assert_eq!(failed.evidence.periods, Some((2, 5)));
}

#[test]
fn frequencies_against_a_limit_and_the_baseline() {
    let per_minute = |limit: f64| at_most(Limit::Threshold(limit / 60.0));
    let judge_one = |pass, baseline: u64, canary: u64| {
        let rules = rules(Kind::Events, Unit::PerSecond, vec![criterion(pass, Statistic::Frequency, Rule::Interval)]);
        let steps = |n: u64| (0..60).map(|i| n + (i % 2)).collect::<Vec<_>>();
        one(&rules, &dataset(60, "m", events(&steps(baseline)), events(&steps(canary))))
    };
    assert_eq!(judge_one(per_minute(100.0), 50, 50).outcome, Outcome::Pass);
    assert_eq!(judge_one(per_minute(100.0), 50, 150).outcome, Outcome::Fail);
    assert_eq!(judge_one(at_most(margin(0.5)), 50, 150).outcome, Outcome::Fail);
    assert_eq!(judge_one(at_most(margin(0.5)), 50, 50).outcome, Outcome::Pass);
}

#[test]
fn quantiles_of_requests_are_judged_by_slow_requests() {
    let values = |scale: f64| {
        let per_step = 200;
        let (mut time, mut value) = (Vec::new(), Vec::new());
        for i in 0..30 * per_step {
            time.push(at(i / per_step));
            let u = ((i * 7_919 + 13) % 10_007) as f64 / 10_007.0;
            value.push(scale * 50.0 / (1.0 - 0.95 * u));
        }
        Series::Values { time, value }
    };
    let ask = |limit, scale| {
        let c = criterion(at_most(limit), Statistic::Quantile(0.95), Rule::Interval);
        one(&rules(Kind::Values, Unit::Milliseconds, vec![c]), &dataset(30, "m", values(1.0), values(scale)))
    };
    let alike = ask(margin(0.10), 1.000_001);
    assert_eq!(alike.outcome, Outcome::Pass, "{}", alike.sentence);
    let slow = ask(margin(0.10), 1.4);
    assert_eq!(slow.outcome, Outcome::Fail, "{}", slow.sentence);
    let effect = slow.evidence.effect.unwrap();
    assert!(effect.low > 1.1 && effect.low < 1.4 && effect.high > 1.4, "{effect:?}");
    let p95 = ask(Limit::Threshold(700.0), 1.000_001);
    assert_eq!(p95.outcome, Outcome::Pass, "{}", p95.sentence);
    let effect = p95.evidence.effect.unwrap();
    assert!(effect.low <= effect.estimate.unwrap() && effect.estimate.unwrap() <= effect.high);
    assert_eq!(ask(Limit::Threshold(300.0), 1.0).outcome, Outcome::Fail);
}

#[test]
fn absence_is_never_a_pass() {
    let healthy = (0..60).map(|_| (1000, 1)).collect::<Vec<_>>();
    let threshold = rate(at_most(Limit::Threshold(0.01)));
    let relative = rate(at_most(margin(0.5)));
    let zero = rules(
        Kind::BadShare,
        Unit::Share,
        vec![criterion(at_most(Limit::Threshold(0.0)), Statistic::Rate, Rule::Observed)],
    );
    let periods = rules(
        Kind::BadShare,
        Unit::Share,
        vec![criterion(at_most(Limit::Threshold(0.01)), Statistic::Rate, Rule::Periods { m: 2, n: 3, min_count: 1 })],
    );
    let clean = |n: usize| counts(&(0..n).map(|_| (1000, 0)).collect::<Vec<_>>());
    for rules in [&threshold, &relative, &zero, &periods] {
        let none = judge(rules, &dataset(60, "m", counts(&healthy), nothing()));
        assert_eq!((none.outcome, none.findings[0].reason), (Outcome::Inconclusive, Reason::NoData));
        let unknown = judge(rules, &dataset(60, "other", counts(&healthy), counts(&healthy)));
        assert_eq!(unknown.outcome, Outcome::Inconclusive);
        // It stopped at a quarter, and at half, of the window.
        for stopped in [15, 30, 40] {
            let verdict = judge(rules, &dataset(60, "m", counts(&healthy), clean(stopped)));
            assert_eq!(verdict.outcome, Outcome::Inconclusive, "{stopped}: {}", verdict.summary);
        }
        let wrong = judge(rules, &dataset(60, "m", gauge(&wave(60, 1.0), None), gauge(&wave(60, 1.0), None)));
        assert_eq!((wrong.outcome, wrong.findings[0].reason), (Outcome::Inconclusive, Reason::WrongShape));
    }
    let no_baseline = one(&relative, &dataset(60, "m", nothing(), counts(&healthy)));
    assert_eq!((no_baseline.outcome, no_baseline.reason), (Outcome::Inconclusive, Reason::NoBaseline));
    let idle = counts(&vec![(0, 0); 60]);
    for rules in [&threshold, &relative, &zero, &periods] {
        let verdict = judge(rules, &dataset(60, "m", counts(&healthy), idle.clone()));
        assert_ne!(verdict.outcome, Outcome::Pass, "{}", verdict.summary);
    }
    assert_eq!(
        judge(&rate(None), &dataset(60, "m", counts(&healthy), counts(&healthy))).outcome,
        Outcome::Inconclusive
    );
    let nobody = Rules { criteria: Vec::new(), ..rate(None) };
    assert_eq!(judge(&nobody, &dataset(60, "m", counts(&healthy), counts(&healthy))).outcome, Outcome::Inconclusive);
}

#[test]
fn a_canary_that_reports_but_gets_no_traffic_went_silent() {
    let busy = (0..60).map(|_| (1000, 1)).collect::<Vec<_>>();
    let starved: Vec<(u64, u64)> = (0..60).map(|i| if i < 40 { (1000, 1) } else { (0, 0) }).collect();
    let found = one(&rate(at_most(Limit::Threshold(0.01))), &dataset(60, "m", counts(&busy), counts(&starved)));
    assert_eq!((found.outcome, found.reason), (Outcome::Inconclusive, Reason::CanarySilent), "{}", found.sentence);
    let mut strict = rate(at_most(Limit::Threshold(0.01)));
    strict.policy.silent = Silent::Fail;
    let found = one(&strict, &dataset(60, "m", counts(&busy), counts(&starved)));
    assert_eq!(found.outcome, Outcome::Fail);
}

#[test]
fn muted_never_decides_and_critical_always_does() {
    let sick = (0..60).map(|i| (1000, 30 + i % 3)).collect::<Vec<_>>();
    let bound = at_most(Limit::Threshold(0.01));
    let healthy_bound = at_most(Limit::Threshold(0.1));
    let mut rules = rate(healthy_bound);
    let mut bad = criterion(bound, Statistic::Rate, Rule::Interval);
    bad.severity = Severity::Muted;
    rules.criteria.push(bad);
    let data = dataset(60, "m", nothing(), counts(&sick));
    let verdict = judge(&rules, &data);
    assert_eq!(verdict.outcome, Outcome::Pass, "{}", verdict.summary);
    assert_eq!(verdict.findings[1].outcome, Outcome::Fail);
    rules.policy.score = Some(ScorePolicy { pass: 50.0, marginal: 25.0 });
    rules.criteria[1].severity = Severity::Normal;
    assert_eq!(judge(&rules, &data).outcome, Outcome::Pass);
    rules.criteria[1].severity = Severity::Critical;
    let verdict = judge(&rules, &data);
    assert_eq!((verdict.outcome, verdict.score.total), (Outcome::Fail, Some(0.0)));
}

#[test]
fn the_split_is_checked_against_the_configured_one() {
    let steps = |n: u64| (0..60).map(|i| (n + i % 7, 0)).collect::<Vec<_>>();
    let mut rules = rate(at_most(Limit::Threshold(0.5)));
    rules.traffic = Some(Traffic { share: 0.1, metric: None, on_mismatch: Mismatch::Fail });
    let split =
        |canary| judge(&rules, &dataset(60, "m", counts(&steps(900)), counts(&steps(canary)))).findings.pop().unwrap();
    assert_eq!(split(100).outcome, Outcome::Pass, "{}", split(100).sentence);
    assert_eq!(
        (split(300).outcome, split(300).reason),
        (Outcome::Fail, Reason::ShareMismatch),
        "{}",
        split(300).sentence
    );
    let mut earlier = dataset(60, "m", counts(&steps(900)), counts(&steps(300)));
    earlier.windows.baseline =
        Window { start: at(0) - SignedDuration::from_hours(24), end: at(60) - SignedDuration::from_hours(24) };
    assert!(judge(&rules, &earlier).findings.iter().all(|f| f.criterion != "traffic share"));
}

#[test]
fn the_false_alarm_budget_is_shared_among_families() {
    let data = dataset(60, "m", nothing(), counts(&(0..60).map(|_| (1000, 5)).collect::<Vec<_>>()));
    let mut rules = rate(at_most(Limit::Threshold(0.01)));
    let level = |rules: &Rules| judge(rules, &data).findings[0].evidence.level.unwrap();
    assert!((level(&rules).fail - 0.95).abs() < 1e-12);
    for i in 0..4 {
        let mut other = rules.criteria[0].clone();
        (other.name, other.family) = (format!("o{i}"), format!("f{i}"));
        rules.criteria.push(other);
    }
    let shared = level(&rules);
    assert!((shared.fail - 0.99).abs() < 1e-12 && (shared.pass - 0.95).abs() < 1e-12, "{shared:?}");
    // A muted criterion and another of the same family take nothing from the budget.
    rules.criteria[1].severity = Severity::Muted;
    rules.criteria[2].family = "m".into();
    assert!((level(&rules).fail - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
}

/// What is said to change the answer changes it: the limit named, and the counts named, put to the judge again.
#[test]
fn what_would_decide_decides() {
    let number = |text: &str, after: &str| -> Option<f64> {
        let rest = text.split(after).nth(1)?;
        let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || "+-.,".contains(*c)).collect();
        digits.trim_end_matches(['.', ',']).replace(',', "").parse().ok()
    };
    let spread =
        |bad: u64| counts(&(0..40).map(|i| (500, bad / 40 + u64::from(i * 17 % 40 < bad % 40))).collect::<Vec<_>>());
    let mut told = 0;
    for bad in (0..700).step_by(7) {
        let limit = rate(at_most(Limit::Threshold(0.01)));
        let judged = |bad: u64| one(&limit, &dataset(40, "m", nothing(), spread(bad)));
        let (found, n) = (judged(bad), 40 * 500);
        let Some(decide) = found.decide else { continue };
        // The design effect moves a little with the data, so the turning point is met within a few events.
        let slack = |x: f64| (0.05 * x).ceil() + 2.0;
        for (words, below, above) in [
            ("would not fail at ", Outcome::Inconclusive, Outcome::Fail),
            ("pass at ", Outcome::Pass, Outcome::Inconclusive),
            ("would no longer pass at ", Outcome::Pass, Outcome::Inconclusive),
        ] {
            let Some(x) = number(&decide, words) else { continue };
            told += 1;
            let at = |x: f64| judged(x.clamp(0.0, n as f64) as u64).outcome;
            assert!(at(x - slack(x)) <= below, "{bad}: {decide}: {:?}", at(x - slack(x)));
            assert!(at(x + slack(x)) >= above, "{bad}: {decide}: {:?}", at(x + slack(x)));
        }
        if let Some(more) = number(&decide, "about ").filter(|_| decide.contains("more canary requests")) {
            told += 1;
            let factor = 1.0 + 1.3 * more / f64::from(n);
            let steps = (40.0 * factor).ceil() as usize;
            let longer: Vec<_> =
                (0..steps).map(|i| (500, bad / 40 + u64::from((i % 40) * 17 % 40 < bad as usize % 40))).collect();
            let after = one(&limit, &dataset(steps, "m", nothing(), counts(&longer)));
            let expected = if decide.contains("(pass") { Outcome::Pass } else { Outcome::Fail };
            assert_eq!(after.outcome, expected, "{bad}: {decide}: {}", after.sentence);
        }
    }
    assert!(told > 50, "{told}");
    // A limit named for a comparison with the baseline is exact: only the limit changes.
    for bad in [10, 150, 400, 600] {
        for relative in [0.1, 0.5, 1.5] {
            let judged = |r: f64| one(&rate(at_most(margin(r))), &dataset(40, "m", spread(200), spread(bad)));
            let found = judged(relative);
            let Some(decide) = &found.decide else { continue };
            let at = |words| number(decide, words).map(|percent| percent / 100.0);
            if let Some(r) = at("would not fail at a margin of ").filter(|_| !decide.contains('×')) {
                assert_ne!(judged(r + 0.01 * r.abs() + 0.01).outcome, Outcome::Fail, "{decide}");
                assert_eq!(judged(r - 0.02 * r.abs() - 0.02).outcome, Outcome::Fail, "{decide}");
            }
            if let Some(r) = at("would pass down to a margin of ") {
                assert_eq!(judged(r + 0.01 * r.abs() + 0.01).outcome, Outcome::Pass, "{decide}");
                assert_ne!(judged(r - 0.02 * r.abs() - 0.02).outcome, Outcome::Pass, "{decide}");
            }
        }
    }
}

#[test]
fn values_on_the_limit_lie_on_the_side_that_the_bound_says() {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    let data = dataset(60, "m", nothing(), gauge(&[80.0; 60], None));
    let ask = |side, strict| {
        let bound = Some(Bound { side, strict, limit: Limit::Threshold(80.0), per: None });
        let c = criterion(bound, Statistic::Quantile(0.5), Rule::Interval);
        one(&rules(kind.clone(), Unit::Percent, vec![c]), &data).outcome
    };
    assert_eq!([ask(Side::AtMost, false), ask(Side::AtLeast, false)], [Outcome::Pass; 2]);
    assert_eq!([ask(Side::AtMost, true), ask(Side::AtLeast, true)], [Outcome::Fail; 2]);
}

#[test]
fn the_traffic_share_weighs_a_margin_and_not_a_limit_in_occurrences() {
    let mut c = criterion(at_most(margin(0.5)), Statistic::Frequency, Rule::Interval);
    let limit = Limit::Threshold(100.0 / 60.0);
    c.fail = Some(Bound { side: Side::AtLeast, strict: true, limit, per: None });
    let mut rules = rules(Kind::Events, Unit::PerSecond, vec![c]);
    rules.traffic = Some(Traffic { share: 0.05, metric: None, on_mismatch: Mismatch::Warn });
    let steps = |n: u64| events(&(0..60).map(|i| n + i % 2).collect::<Vec<_>>());
    let found = one(&rules, &dataset(60, "m", steps(190), steps(10)));
    assert_eq!(found.outcome, Outcome::Pass, "{}", found.sentence);
    assert!((found.evidence.estimate.canary.unwrap() - 10.5 / 60.0).abs() < 1e-9, "{}", found.sentence);
    let found = one(&rules, &dataset(60, "m", steps(190), steps(60)));
    assert_ne!(found.outcome, Outcome::Fail, "60 a minute are not over 100: {}", found.sentence);
}

#[test]
fn an_earlier_baseline_had_all_of_the_traffic() {
    let mut rules = rules(
        Kind::Events,
        Unit::PerSecond,
        vec![criterion(at_most(margin(0.5)), Statistic::Frequency, Rule::Interval)],
    );
    rules.traffic = Some(Traffic { share: 0.2, metric: None, on_mismatch: Mismatch::Warn });
    let steps = |n: u64| (0..60).map(|i| n + (i % 2)).collect::<Vec<_>>();
    // A fifth of the traffic and a fifth of the events of the whole, an hour and a day before.
    let mut data = dataset(60, "m", events(&steps(100)), events(&steps(20)));
    let day = SignedDuration::from_hours(24);
    data.windows.baseline = Window { start: at(0) - day, end: at(60) - day };
    let pair = data.metrics.get_mut("m").unwrap();
    if let Series::Events { time, .. } = &mut pair.baseline {
        time.iter_mut().for_each(|t| *t -= day);
    }
    let same = one(&rules, &data);
    assert_eq!(same.outcome, Outcome::Pass, "{}", same.sentence);
    // In parallel, the baseline has only the other four fifths: the canary has twice the events per share.
    let both = dataset(60, "m", events(&steps(100)), events(&steps(50)));
    assert_eq!(one(&rules, &both).outcome, Outcome::Fail);
}

#[test]
fn numbers_whose_squares_no_computer_holds_pass_nothing() {
    let baseline: Vec<f64> = (0..60).map(|i| 10.0 + 0.1 * f64::from(i % 3)).collect();
    for size in [1e155, 1e200, 1e308] {
        let canary: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { size } else { -size }).collect();
        let c = criterion(at_most(margin(0.1)), Statistic::Typical, Rule::Interval);
        let kind = Kind::Gauge { quantile: None, scale: Scale::Difference };
        let data = dataset(60, "m", gauge(&baseline, None), gauge(&canary, None));
        let finding = one(&rules(kind, Unit::Milliseconds, vec![c]), &data);
        assert_eq!(finding.outcome, Outcome::Inconclusive, "{size}: {}", finding.sentence);
    }
}
