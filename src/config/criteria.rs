//! From a criterion as written to one that the judge can answer; what the metric cannot answer is refused.
//!
//! The refusals are the point. A share compared with a bare number, the p95 of numbers that already are p95s, a
//! margin on a maximum: each would give an answer that looks like one. So each is turned down with the reason and
//! with what to write instead.

use super::scalar::StatisticText;
use super::statistic::{no_alarm, no_spikes, statistic, texts};
use super::written::file::{CriterionEntry, File, PhaseEntry, RuleText};
use crate::judge::reading::{self, Question, Reach, Reading, family, is_observed, reach};
use crate::judge::rules::{Beyond, Bound, Criterion, Kind, Limit, Metric, Role, Rule, Severity, Side, Statistic, Unit};
use crate::notation::{BoundText, Op};
use crate::text::problem::{At, Place, Report};

/// The judge's view of a criterion on a metric; its name is not yet unique.
pub(super) fn criterion(entry: &CriterionEntry, metric: &Metric, report: &mut Report) -> Option<Criterion> {
    let statistic = statistic(entry, metric, report)?;
    if let Some(text) = &entry.steps_beyond {
        return spikes(entry, metric, statistic, text, report);
    }
    answerable(entry, metric, statistic, report)
}

/// The judge's view of a criterion whose statistic is known.
fn answerable(entry: &CriterionEntry, metric: &Metric, statistic: Statistic, report: &mut Report) -> Option<Criterion> {
    let before = report.len();
    let question = Question { metric, statistic, name: &entry.metric.value, alarm: entry.periods.is_some() };
    let pass = entry.pass.as_ref().and_then(|text| bound(text, &question, Reading::Pass, report));
    let fail = entry.fail.as_ref().and_then(|text| bound(text, &question, Reading::Fail, report));
    if let (Some(pass), Some(fail), Some(text)) = (&pass, &fail, &entry.fail) {
        agree(pass, fail, text.place, report);
    }
    let statistic = timed(statistic, [pass, fail], entry, report);
    let question = Question { statistic, ..question };
    let edge = on_edge(entry, [pass, fail], &question, report);
    let rule = rule(entry, &question, edge, report);
    let name = match &entry.name {
        Some(name) => name.value.clone(),
        None => default_name(entry, metric),
    };
    let group = entry.group.as_ref().unwrap_or(&entry.metric).value.clone();
    let family = entry.family.as_ref().map_or_else(|| family(&entry.metric.value), |family| family.value.clone());
    let criterion = Criterion {
        name,
        metric: entry.metric.value.clone(),
        statistic,
        pass,
        fail,
        rule,
        severity: entry.severity.as_ref().map_or(Severity::Normal, |severity| severity.value.0),
        role: role(entry, report),
        weight: weight(entry, report),
        group,
        family,
    };
    (report.len() == before).then_some(criterion)
}

/// The judge's view of a criterion on the share of steps beyond a limit, which is a share of bad ones among steps.
fn spikes(
    entry: &CriterionEntry,
    metric: &Metric,
    statistic: Statistic,
    text: &At<BoundText>,
    report: &mut Report,
) -> Option<Criterion> {
    let before = report.len();
    if let Some(complaint) = no_spikes(entry, statistic) {
        report.complain(text.place, complaint);
    }
    let name = &entry.metric.value;
    let question = Question { metric, statistic, name, alarm: true };
    let fail = bound(text, &question, Reading::Fail, report)?;
    let (Limit::Threshold(limit), None) = (fail.limit, entry.periods.as_ref()) else {
        if report.len() == before {
            let hint = "write a threshold here, and the margin in `pass`: `pass: \"<= baseline + 2pp\"`";
            report.add_with(text.place, "a step is beyond a limit of its own, not beyond the baseline", hint);
        }
        return None;
    };
    let quantile = if let Statistic::Quantile(q) = statistic { Some(q) } else { None };
    let beyond = Beyond { limit, above: fail.side == Side::AtLeast, inclusive: !fail.strict, quantile };
    let steps = Metric { unit: Unit::Share, kind: Kind::BadShare, of: "steps".into(), ..metric.clone() };
    let found = answerable(entry, &steps, Statistic::Rate, report)?;
    if found.rule == Rule::Observed {
        let place = texts(entry).next().map_or(text.place, |text| text.place);
        let hint =
            "write the share of steps that is tolerated, or `periods: 1 of 1` with the limit in `pass` if it is none";
        report.add_with(place, "no interval shows that no step at all is beyond the limit", hint);
    }
    let margins = [found.pass, found.fail].into_iter().flatten().map(|bound| bound.limit);
    if margins.into_iter().any(|limit| matches!(limit, Limit::Margin { relative: Some(_), .. })) {
        let place = texts(entry).next().map_or(text.place, |text| text.place);
        let message = "shares of steps are compared by their difference";
        report.add_with(place, message, "write the margin in points: `baseline + 2pp`");
    }
    (report.len() == before).then_some(Criterion { statistic: Statistic::StepsBeyond(beyond), ..found })
}

/// A trend in the time that its bounds are per, which is an hour where they say none.
fn timed(statistic: Statistic, bounds: [Option<Bound>; 2], entry: &CriterionEntry, report: &mut Report) -> Statistic {
    let Statistic::Trend { per: usual } = statistic else { return statistic };
    match bounds.map(|bound| bound.and_then(|bound| bound.per)) {
        [Some(pass), Some(fail)] if pass != fail => {
            if let Some(text) = &entry.fail {
                report.add_with(text.place, "`pass` and `fail` are per different times", "write both per hour: `5%/h`");
            }
            statistic
        }
        times => Statistic::Trend { per: times.into_iter().flatten().next().unwrap_or(usual) },
    }
}

/// Something must be shown to hold: guardrails alone are refused.
pub(super) fn check_roles(criteria: &[Criterion], (file, phase): (&File, Option<&PhaseEntry>), report: &mut Report) {
    let mut deciding = criteria.iter().filter(|criterion| criterion.severity != Severity::Muted).peekable();
    if deciding.peek().is_none() || deciding.any(|criterion| criterion.role == Role::Primary) {
        return;
    }
    let entries = phase.iter().flat_map(|phase| &phase.criteria).chain(&file.criteria);
    let place = entries.filter_map(|entry| Some(entry.role.as_ref()?.place)).next().unwrap_or(file.name.place);
    let of = phase.map(|phase| format!(" of the phase `{}`", phase.name.value)).unwrap_or_default();
    let message = format!("every criterion{of} is a guardrail, so that nothing would have to be shown to hold");
    let hint = "leave `role` out of the criterion that a good canary must be shown to meet, such as the error rate";
    report.add_with(place, message, hint);
}

fn bound(text: &At<BoundText>, question: &Question, reading: Reading, report: &mut Report) -> Option<Bound> {
    reading::bound(&text.value, question, reading).map_err(|complaint| report.complain(text.place, complaint)).ok()
}

/// `pass` and `fail` must look the same way, and nothing may do both.
fn agree(pass: &Bound, fail: &Bound, place: Place, report: &mut Report) {
    if pass.side == fail.side {
        let hint = "write `pass: \"<= 200ms\", fail: \"> 300ms\"`: what fails lies beyond what passes";
        report.add_with(
            place,
            "`pass` and `fail` look the same way, so that more of it would both pass and fail",
            hint,
        );
        return;
    }
    let parts = match (pass.limit, fail.limit) {
        (Limit::Threshold(p), Limit::Threshold(f)) => Some((p, f)),
        (Limit::Margin { relative: p, absolute: None }, Limit::Margin { relative: f, absolute: None }) => {
            Some((p.unwrap_or(0.0), f.unwrap_or(0.0)))
        }
        (Limit::Margin { relative: None, absolute: p }, Limit::Margin { relative: None, absolute: f }) => {
            Some((p.unwrap_or(0.0), f.unwrap_or(0.0)))
        }
        _ => None,
    };
    let Some((pass_at, fail_at)) = parts else { return };
    let overlap = match pass.side {
        Side::AtMost => fail_at < pass_at,
        Side::AtLeast => fail_at > pass_at,
    };
    if overlap || (fail_at == pass_at && !pass.strict && !fail.strict) {
        report.add_with(place, "`fail` lies inside `pass`: some values would do both", "move `fail` beyond `pass`");
    }
}

fn rule(entry: &CriterionEntry, question: &Question, edge: bool, report: &mut Report) -> Rule {
    if let Some(periods) = &entry.periods {
        if let Some(rule) = &entry.rule {
            report.add_with(rule.place, "`periods` is a rule of its own", "leave `rule` out");
        }
        if let Some(complaint) = no_alarm(entry, question) {
            report.complain(periods.place, complaint);
        }
        let min_count = min_count(entry, question, edge, report);
        return Rule::Periods { m: periods.value.m, n: periods.value.n, min_count };
    }
    if let Some(count) = &entry.min_count {
        report.add_with(
            count.place,
            "`min_count` needs `periods`",
            "write `periods: 2 of 3`, or leave `min_count` out",
        );
    }
    let exact = entry.pass.as_ref().is_some_and(|pass| pass.value.op == Op::Equal) || edge;
    let plain = is_observed(question.statistic, exact);
    match &entry.rule {
        None if plain => Rule::Observed,
        None => Rule::Interval,
        Some(rule) if rule.value.0 == RuleText::Observed => {
            if matches!(question.statistic, Statistic::Trend { .. }) {
                let hint = "leave `rule` out: the interval decides";
                report.add_with(rule.place, "a trend that is observed is noise as a rule", hint);
            }
            if matches!(question.statistic, Statistic::AnyQuantile { .. }) {
                let hint = "leave `rule` out, or compare one quantile: `statistic: p99`";
                report.add_with(rule.place, "`any quantile` has no observed number of its own", hint);
            }
            Rule::Observed
        }
        Some(rule) => {
            if plain {
                let what = match question.statistic {
                    Statistic::Max | Statistic::Min => "an extreme value",
                    Statistic::Count => "a plain count",
                    _ => "exactly 0",
                };
                let hint = "leave `rule` out: the observed number decides; or bound a rate, a frequency or a quantile";
                report.add_with(rule.place, format!("{what} has no confidence interval"), hint);
            }
            Rule::Interval
        }
    }
}

/// How many bad ones set off an alarm on few requests: three of ten are noise beside a limit of 10 %, four hardly.
const MIN_COUNT: u64 = 4;

/// How many bad ones set off an alarm. A share or a percentile of few requests is beyond any bound by one of them, which
/// is no alarm, unless the bound says that none is tolerated.
fn min_count(entry: &CriterionEntry, question: &Question, edge: bool, report: &mut Report) -> u64 {
    let counts = match (&question.metric.kind, question.statistic) {
        (Kind::BadShare | Kind::GoodShare | Kind::PartShare, _) | (Kind::Values, Statistic::Quantile(_)) => true,
        (Kind::Events, _) => matches!(question.metric.unit, Unit::Per(_)),
        _ => false,
    };
    match &entry.min_count {
        None => {
            if counts && !edge {
                MIN_COUNT
            } else {
                1
            }
        }
        Some(count) => {
            if count.value == 0 {
                report.add_with(count.place, "an alarm needs at least one bad event", "write `min_count: 1`");
            } else if !counts {
                let what = match question.metric.kind {
                    Kind::Events => "the bound itself is a count",
                    Kind::Values => "an extreme value is a single one",
                    _ => "a gauge does not say how many requests its numbers are of",
                };
                report.add_with(count.place, format!("`min_count` does not fit: {what}"), "leave `min_count` out");
            }
            count.value as u64
        }
    }
}

/// Whether a criterion is about the observed number because a bound of it tolerates none, such as `<= 0%`. A bound that
/// nothing meets or that everything meets is refused.
fn on_edge(entry: &CriterionEntry, bounds: [Option<Bound>; 2], question: &Question, report: &mut Report) -> bool {
    let [pass, fail] = bounds;
    let reaches = [(pass, Reading::Pass), (fail, Reading::Fail)]
        .map(|(bound, reading)| bound.map_or(Reach::Part, |bound| reach(&bound, reading, question)));
    let texts = [&entry.pass, &entry.fail];
    for (text, reach) in texts.iter().zip(reaches).filter_map(|(text, reach)| Some((text.as_ref()?, reach))) {
        if let Some(complaint) = reach.refused(&text.value, question.metric) {
            report.complain(text.place, complaint);
        }
    }
    let edge = reaches.contains(&Reach::Edge);
    let other = texts.iter().zip(reaches).find(|(text, reach)| text.is_some() && *reach == Reach::Part);
    if let (true, None, None, Some((Some(text), _))) = (edge, &entry.rule, &entry.periods, other) {
        let hint = "write two criteria, or `rule: observed` to compare both bounds with the observed number";
        report.add_with(text.place, "its other bound tolerates none, which no confidence interval shows", hint);
    }
    edge
}

/// Guardrails that never decide guard nothing.
fn role(entry: &CriterionEntry, report: &mut Report) -> Role {
    let Some(role) = &entry.role else { return Role::Primary };
    let muted = entry.severity.as_ref().is_some_and(|severity| severity.value.0 == Severity::Muted);
    if muted {
        report.add_with(role.place, "a muted criterion never decides, so that it has no role", "leave `role` out");
    }
    let many = |text: &At<StatisticText>| matches!(text.value.statistic, Statistic::AnyQuantile { .. });
    if role.value.0 == Role::Guardrail && entry.statistic.as_ref().is_some_and(many) {
        let message =
            "a guardrail needs data that would show a worse canary, and `any quantile` asks for rare requests too";
        report.add_with(role.place, message, "leave `role` out, or guard one quantile: `statistic: p99`");
    }
    role.value.0
}

fn weight(entry: &CriterionEntry, report: &mut Report) -> f64 {
    let Some(weight) = &entry.weight else { return 1.0 };
    if weight.value <= 0.0 {
        let hint = "write `severity: muted` for a criterion that never decides";
        report.add_with(weight.place, "a weight is more than 0", hint);
    }
    weight.value
}

/// The metric, the statistic where it is not the usual one, and the bound.
fn default_name(entry: &CriterionEntry, metric: &Metric) -> String {
    let mut name = entry.metric.value.clone();
    let usual = matches!(
        (&metric.kind, entry.statistic.as_ref().map(|s| s.value.statistic)),
        (_, None) | (_, Some(Statistic::Rate | Statistic::Frequency | Statistic::Typical))
    );
    if let Some(statistic) = entry.statistic.as_ref().filter(|_| !usual) {
        name.push(' ');
        name.push_str(&statistic.value.written);
    }
    if let Some(beyond) = &entry.steps_beyond {
        name.push_str(&format!(", steps {}:", beyond.value));
    }
    match (&entry.pass, &entry.fail) {
        (Some(pass), _) => name.push_str(&format!(" {}", pass.value)),
        (None, Some(fail)) => name.push_str(&format!(" fails {}", fail.value)),
        (None, None) => {}
    }
    if let Some(periods) = &entry.periods {
        name.push_str(&format!(", {} of {} periods", periods.value.m, periods.value.n));
    }
    name
}
