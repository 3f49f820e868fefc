//! What would decide: the thing that would, and never a longer window where that would not help.

use davy::judge::rules::{Kind, Limit, Rule, Rules, Scale, Statistic, Unit};
use davy::judge::verdict::{Finding, Outcome, Reason};
use davy::series::{Dataset, Remark, Series, SignedDuration};

use crate::judging::{at, at_most, counts, criterion, dataset, gauge, margin, nothing, one, rate, rules, times};

/// An error rate against the baseline's, with half as much again or 0.1 pp.
fn compared() -> Rules {
    rate(at_most(Limit::Margin { relative: Some(0.5), absolute: Some(0.001) }))
}

fn level() -> Rules {
    let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
    rules(kind, Unit::Milliseconds, vec![criterion(at_most(margin(0.1)), Statistic::Typical, Rule::Interval)])
}

fn advice(finding: &Finding) -> &str {
    finding.decide.as_deref().unwrap_or_else(|| panic!("nothing is advised: {}", finding.sentence))
}

/// The first number of a text.
fn number(text: &str) -> usize {
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).filter(|c| *c != ',').collect();
    digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// Counts at some minutes.
fn counts_at(minutes: impl Iterator<Item = usize>) -> Series {
    let time: Vec<_> = minutes.map(at).collect();
    Series::Counts { total: vec![300; time.len()], bad: vec![2; time.len()], time }
}

#[test]
fn no_error_at_all_needs_so_many_requests_in_all() {
    let quiet = |steps: usize| counts(&(0..steps).map(|i| (90 + (i as u64 * 7) % 21, 0)).collect::<Vec<_>>());
    let judged = |steps: usize| one(&compared(), &dataset(steps, "m", quiet(steps), quiet(steps)));
    for steps in [15, 30, 60] {
        let finding = judged(steps);
        let text = advice(&finding);
        assert!(text.starts_with("needs about ") && text.contains(" requests per arm with none bad to pass"), "{text}");
        let whole = number(text) / 100;
        assert_eq!(judged(whole * 115 / 100).outcome, Outcome::Pass, "{text}");
        assert_eq!(judged(whole * 85 / 100).outcome, Outcome::Inconclusive, "{text}");
    }
    // one arm alone
    let alone = rate(at_most(Limit::Threshold(0.0005)));
    let finding = one(&alone, &dataset(20, "m", nothing(), quiet(20)));
    assert!(advice(&finding).contains(" canary requests with none bad to pass"), "{}", advice(&finding));
    let enough = number(advice(&finding)) / 100 * 115 / 100;
    assert_eq!(one(&alone, &dataset(enough, "m", nothing(), quiet(enough))).outcome, Outcome::Pass);
}

#[test]
fn more_requests_are_named_with_their_whole_number() {
    let arm = || counts(&(0..30).map(|i| (300, 1 + i % 2)).collect::<Vec<_>>());
    let finding = one(&compared(), &dataset(30, "m", arm(), arm()));
    let text = advice(&finding);
    let more = number(text);
    let whole = number(text.split_once('(').unwrap_or_else(|| panic!("{text}: {}", finding.sentence)).1);
    assert!(text.contains(" more canary requests (") && (whole as i64 - more as i64 - 9_000).abs() <= 1_000, "{text}");
}

#[test]
fn a_window_that_would_have_to_be_many_times_as_long_is_not_advised() {
    let arm = |shift: u64| counts(&(0..6).map(|i| (10_000, 30 + 40 * ((i + shift) % 3))).collect::<Vec<_>>());
    let finding = one(&rate(at_most(margin(0.1))), &dataset(6, "m", arm(0), arm(1)));
    let text = advice(&finding);
    assert!(!text.contains("at this traffic, would decide"), "{text}");
    let steps = |arm: usize| (0..6).map(|i| 100.0 + ((i * 37 + arm * 11) % 17) as f64 * 4.0).collect::<Vec<_>>();
    let finding = one(&level(), &dataset(6, "m", gauge(&steps(0), Some(500)), gauge(&steps(1), Some(500))));
    assert_eq!(finding.outcome, Outcome::Inconclusive);
    let about = |text: &str| text.starts_with("about ").then(|| number(text));
    assert!(about(advice(&finding)).is_none_or(|steps| steps <= 120), "{}", advice(&finding));
}

#[test]
fn steps_that_the_arms_do_not_share_are_made_wider() {
    // points every second minute, the baseline's at even ones and the canary's at odd ones
    let (baseline, canary) = (counts_at((0..40).step_by(2)), counts_at((1..40).step_by(2)));
    let finding = one(&compared(), &dataset(40, "m", baseline, canary));
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::LowCoverage));
    assert_eq!(advice(&finding), "set `step: 2m`, so that most steps have a point");
}

#[test]
fn arms_that_ran_at_different_times_get_windows_of_their_own() {
    let finding = one(&compared(), &dataset(300, "m", counts_at(120..300), counts_at(0..180)));
    assert_eq!((finding.outcome, finding.reason), (Outcome::Inconclusive, Reason::LowCoverage));
    let text = advice(&finding);
    assert!(text.starts_with("give each arm its own `window`: the baseline begins 2 h later"), "{text}");
    assert!(text.contains("`zone`") && !text.contains("min_coverage"), "{text}");
    // a baseline that ended early is another matter
    let finding = one(&compared(), &dataset(300, "m", counts_at(0..100), counts_at(0..300)));
    assert!(advice(&finding).starts_with("make the baseline as long as the canary"), "{}", advice(&finding));
}

#[test]
fn one_baseline_point_is_no_distribution() {
    let canary: Vec<f64> = (0..10).map(|i| 0.2 + 0.01 * f64::from(i)).collect();
    let finding = one(&level(), &dataset(10, "m", gauge(&[0.8], None), gauge(&canary, None)));
    assert_eq!(finding.outcome, Outcome::Inconclusive, "{}", finding.sentence);
    assert!(advice(&finding).contains("one point says nothing of how it varies"), "{}", advice(&finding));
}

#[test]
fn rows_without_errors_are_zeros_or_missing_whatever_the_step() {
    let sparse = || counts_at((0..40).step_by(3));
    let mut data = dataset(40, "m", sparse(), sparse());
    assert!(advice(&one(&compared(), &data)).starts_with("set `step: "), "{}", advice(&one(&compared(), &data)));
    let text = format!("26 of 40 rows with `requests` have no `errors`: write {}", Remark::ZERO);
    data.remarks.insert("m".into(), vec![Remark::note(text)]);
    let advised = one(&compared(), &data);
    assert_eq!(advice(&advised), "write `missing: zero` under the rate if an empty cell means none");
}

#[test]
fn few_steps_are_made_shorter_only_where_the_points_lie_closer() {
    let few = |every: usize| {
        let arm = || Series::Counts {
            time: times(20).into_iter().step_by(every).collect(),
            total: vec![100; 20 / every],
            bad: vec![1; 20 / every],
        };
        let data = dataset(20, "m", arm(), arm());
        Dataset { step: SignedDuration::from_mins(5), ..data }
    };
    let share = |limit: f64| {
        let mut rules = level();
        rules.criteria[0].pass = at_most(Limit::Threshold(limit));
        rules
    };
    let values = |every: usize| {
        let arm = || Series::Gauge {
            time: times(20).into_iter().step_by(every).collect(),
            value: (0..20 / every).map(|i| 1.0 + 0.01 * (i % 3) as f64).collect(),
            requests: None,
        };
        Dataset { step: SignedDuration::from_mins(5), ..dataset(20, "m", arm(), arm()) }
    };
    let finding = one(&share(2.0), &values(5));
    assert_eq!((finding.reason, advice(&finding)), (Reason::TooFew, "a window that is 5 min longer"));
    let finding = one(&share(2.0), &values(1));
    assert_eq!((finding.reason, advice(&finding)), (Reason::TooFew, "set `step: 4m`: the points lie close enough"));
    // counts need no fewest number of steps
    assert_ne!(one(&compared(), &few(5)).reason, Reason::TooFew);
}
