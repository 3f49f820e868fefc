//! What is asked of services, as far as time goes: whole steps that have settled, on the service's own grid.

use davy::config::plan::{Plan, Span};
use davy::series::{SignedDuration, Window};
use davy::source::Source;

use super::config::planned;

/// A plan at 2026-11-21T12:00:00Z.
fn plan(window: &str, source: &str, metric: &str) -> Plan {
    planned(&format!(
        "name: services\nwindow: {window}\nsources: {{ s: {{ {source}: {{ region: us-east-1{} }} }} }}\n\
         metrics: {{ m: {{ {metric} }} }}\ncriteria:\n  - {{ metric: m, pass: \"<= 1%\" }}\n",
        if source == "cloudwatch" { "" } else { ", log_groups: [g]" }
    ))
}

const RATE: &str = "rate: { bad: AWS/Lambda Errors, total: AWS/Lambda Invocations }";
const BINNED: &str = "rate: { query: \"stats sum(a) as x, count(*) as n by bin(5m)\", bad: x, total: n }";

fn canary(plan: &Plan) -> Window {
    let Span::Exactly(window) = plan.time.canary else { panic!("{:?}", plan.time) };
    window
}

fn at(start: &str, end: &str) -> Window {
    let instant = |time: &str| format!("2026-11-21T{time}Z").parse().unwrap();
    Window { start: instant(start), end: instant(end) }
}

#[test]
fn windows_end_where_everything_has_settled() {
    let metrics = |window: &str| canary(&plan(window, "cloudwatch", RATE));
    assert_eq!(metrics("{ last: 1h, step: 1m }"), at("10:58:00", "11:58:00"));
    assert_eq!(metrics("{ last: 1h, step: 5m }"), at("11:00:00", "11:55:00"), "whole steps");
    assert_eq!(metrics("{ last: 1h, step: 5m, settle: 10m }"), at("10:50:00", "11:50:00"));
    assert_eq!(metrics("{ last: 1h, step: 5m, settle: 0s }"), at("11:00:00", "12:00:00"));
    let fixed = metrics("{ from: 2026-11-21T11:00:30Z, to: 2026-11-21T12:00:00Z, step: 1m }");
    assert_eq!(fixed, at("11:01:00", "11:58:00"), "what is asked for has not settled, however it is asked for");
    let over = metrics("{ from: 2026-11-21T09:00:00Z, to: 2026-11-21T10:00:00Z, step: 1m }");
    assert_eq!(over, at("09:00:00", "10:00:00"));
    assert_eq!(canary(&plan("{ last: 1h, step: 1m }", "logs_insights", BINNED)), at("10:55:00", "11:55:00"));
}

#[test]
fn bins_of_a_query_are_never_cut_off() {
    let unsaid = plan("{ last: 33m }", "logs_insights", BINNED);
    assert_eq!(unsaid.time.step, Some(SignedDuration::from_mins(5)));
    assert_eq!(canary(&unsaid), at("11:25:00", "11:55:00"));
    let finer = plan("{ last: 33m, step: 1m }", "logs_insights", BINNED);
    assert_eq!((finer.time.step, canary(&finer)), (Some(SignedDuration::from_mins(1)), at("11:25:00", "11:55:00")));
}

#[test]
fn without_a_step_the_finest_that_is_kept_is_asked_for() {
    let period = |window: &str| {
        let plan = plan(window, "cloudwatch", RATE);
        let Source::CloudWatch(asked) = &plan.queries[0].source else { panic!() };
        assert_eq!(plan.time.step, Some(asked.period));
        (asked.period.as_secs(), asked.note.clone().unwrap_or_default())
    };
    assert_eq!(period("{ last: 1h }"), (60, String::new()));
    let (seconds, note) = period("{ last: 1h, baseline: { ago: 21d } }");
    assert_eq!((seconds, note.as_str()), (300, "periods of 5m: finer points are kept for 15 days"));
    assert_eq!(period("{ last: 5h, baseline: { ago: 70d } }").0, 3600);
}
