//! Calls are few, and an expression keeps its meaning when its inputs are renamed.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::series::SignedDuration;

fn access() -> Access {
    Access {
        region: Some("us-east-1".into()),
        profile: None,
        endpoint_url: None,
        assume_role: None,
        deadline: SignedDuration::from_secs(60),
    }
}

fn statistic(number: usize) -> Measure {
    let metric = format!("Metric{number}");
    let (namespace, statistic) = ("AWS/Lambda".into(), "Sum".into());
    Measure::Statistic(Statistic { namespace, metric, dimensions: vec![], statistic, unit: None, account: None })
}

fn expression(text: &str) -> Measure {
    Measure::Expression { expression: text.into(), inputs: vec![], account: None }
}

fn window(from: i64, hours: i64) -> Window {
    let at = |second| crate::series::Timestamp::from_second(second).unwrap();
    Window { start: at(from), end: at(from + hours * 3600) }
}

fn batched(measures: &[Measure], hours: i64) -> Vec<Batch> {
    let access = access();
    let wanted = |measure| Wanted { access: &access, window: window(0, hours), period: 60, measure };
    batches(&measures.iter().map(wanted).collect::<Vec<_>>())
}

#[test]
fn six_hundred_metrics_of_an_hour_are_two_calls() {
    let measures: Vec<Measure> = (0..600).map(statistic).collect();
    let batches = batched(&measures, 1);
    assert_eq!(batches.iter().map(|batch| batch.places.len()).collect::<Vec<_>>(), [500, 100]);
    assert_eq!(calls(&batches), 2);
}

#[test]
fn a_thousand_metrics_of_a_day_are_as_few_calls_as_their_points_allow() {
    let measures: Vec<Measure> = (0..1000).map(statistic).collect();
    let batches = batched(&measures, 24);
    assert_eq!(calls(&batches), (1000_u64 * 1440).div_ceil(POINTS));
    assert!(batches.iter().all(|batch| batch.points <= POINTS), "one page each, so that they go out together");
}

#[test]
fn series_of_more_than_half_a_page_are_paged_rather_than_asked_one_by_one() {
    let measures: Vec<Measure> = (0..100).map(statistic).collect();
    assert_eq!(calls(&batched(&measures, 1000)), (100_u64 * 60_000).div_ceil(POINTS));
}

#[test]
fn an_earlier_window_is_another_call_and_the_same_series_is_asked_once() {
    let (access, measures) = (access(), [statistic(1), statistic(2), statistic(1)]);
    let mut wanting = Wanting::default();
    for from in [0, 86_400] {
        for measure in &measures {
            wanting.place(Wanted { access: &access, window: window(from, 1), period: 60, measure });
        }
    }
    assert_eq!(wanting.wanted.len(), 4);
    assert_eq!(batches(&wanting.wanted).len(), 2);
}

#[test]
fn queries_of_metrics_insights_and_about_the_whole_call_are_kept_apart() {
    let select = expression("select AVG(CPUUtilization) FROM \"AWS/EC2\"");
    let measures = [statistic(1), select.clone(), select, expression("SUM(METRICS())"), statistic(2)];
    let places: Vec<_> = batched(&measures, 1).into_iter().map(|batch| batch.places).collect();
    assert_eq!(places, [vec![0, 1, 4], vec![2], vec![3]]);
}

#[test]
fn inputs_are_renamed_where_they_are_names() {
    let sent = renamed("100 * errors / FILL(m1, 0) + RATE(errors) - 1e3", &["errors", "m1"], "q7").unwrap();
    assert_eq!(sent, "100 * q7_errors / FILL(q7_m1, 0) + RATE(q7_errors) - 1e3");
    let search = "SUM(SEARCH('{AWS/Lambda,FunctionName} errors m1', 'Sum')) + errors";
    let sent = renamed(search, &["errors", "m1"], "q0").unwrap();
    assert_eq!(sent, "SUM(SEARCH('{AWS/Lambda,FunctionName} errors m1', 'Sum')) + q0_errors");
    assert_eq!(renamed("IF(a > 1 and a < 3, a)", &["a"], "q1").unwrap(), "IF(q1_a > 1 and q1_a < 3, q1_a)");
    let unclosed = renamed("SEARCH('ä, a", &["a"], "q1").unwrap();
    assert_eq!(unclosed, "SEARCH('ä, a");
}

#[test]
fn a_name_that_is_no_input_is_not_sent_where_it_could_be_anothers() {
    let error = renamed("errors / q3", &["errors"], "q7").unwrap_err().to_string();
    assert!(
        error.contains("\"q3\" is in the expression, but not among its inputs; expected one of \"errors\""),
        "{error}"
    );
}
