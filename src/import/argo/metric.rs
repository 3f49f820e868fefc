//! One metric of an analysis: its rule, and the criteria that its conditions become.

use super::args::Args;
use super::{provider, recorded};
use crate::import::condition::{self, Every, Expr, Found, Limit, Op, Value as Measurement};
use crate::import::controller::{Phase, Rule};
use crate::import::documents::{Document, at, text, text_at};
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number::plain;
use crate::import::promql;
use crate::import::stores::Store;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::{Place, Problems};

/// How many errors in a row the controller forgives.
const CONSECUTIVE_ERRORS: i64 = 4;

/// A metric as it was written.
pub(super) struct Metric<'n> {
    pub(super) node: &'n Node,
    pub(super) rule: Rule,
    /// The provider's kind and keys.
    pub(super) provider: Option<(&'n str, &'n Node)>,
    /// The conditions that cannot be read, with the reason.
    wrong: Vec<(Place, String)>,
}

/// Reads a metric.
///
/// # Errors
///
/// It has no name, or a number is none.
pub(super) fn read<'n>(
    document: &Document,
    node: &'n Node,
    args: &Args,
    dry: &[String],
) -> Result<Metric<'n>, Problems> {
    let name = text_at(node, &["name"]).ok_or_else(|| document.problem(node.place, "a metric has no `name`"))?;
    let mut wrong = Vec::new();
    let mut condition = |key: &str| -> Option<Expr> {
        let written = at(node, &[key])?;
        let spelled = args.inline(text(written).unwrap_or_default());
        let unset = "an argument in it has no value: write one into the template".to_owned();
        let parsed = if spelled.contains("{{") { Err(unset) } else { condition::parse(spelled.trim()) };
        parsed.map_err(|why| wrong.push((written.place, format!("`{key}: {}`: {why}", spelled.trim())))).ok()
    };
    let (success, failure) = (condition("successCondition"), condition("failureCondition"));
    let whole = |key: &str| args.count(document, node, key);
    let rule = Rule {
        name: name.to_owned(),
        metric: None,
        success,
        failure,
        unread: wrong.first().map(|(_, why)| why.clone()),
        interval: args.span(document, node, "interval")?,
        delay: args.span(document, node, "initialDelay")?,
        count: whole("count")?.filter(|count| *count > 0),
        failure_limit: whole("failureLimit")?.unwrap_or(0),
        inconclusive_limit: whole("inconclusiveLimit")?.unwrap_or(0),
        consecutive_errors: whole("consecutiveErrorLimit")?.unwrap_or(CONSECUTIVE_ERRORS),
        consecutive_successes: whole("consecutiveSuccessLimit")?,
        is_dry: dry.iter().any(|pattern| is_meant(pattern, name)),
        recorded: recorded::values(document, name),
    };
    let provider = match at(node, &["provider"]).map(|provider| &provider.value) {
        Some(Value::Map(entries)) => entries.first().map(|(kind, keys)| (kind.value.as_str(), keys)),
        _ => None,
    };
    Ok(Metric { node, rule, provider, wrong })
}

/// Whether the expression of a dry run means a metric.
fn is_meant(pattern: &str, name: &str) -> bool {
    regex::Regex::new(&format!("^(?:{pattern})$")).map_or(pattern == name, |pattern| pattern.is_match(name))
}

/// Adds a metric to a gate: what can be judged, and what is lost.
pub(super) fn add(gate: &mut Gate, document: &Document, metric: &Metric, args: &Args, notes: &mut Vec<Note>) {
    let added = judged(gate, document, metric, args, notes);
    let called = match added {
        Ok(called) => called,
        Err((place, why)) => {
            let what = format!("metric {}", metric.rule.name);
            let note = match metric.rule.is_dry {
                true => Note::told(document, place, what, format!("{why}. It is a dry run, so it decides nothing")),
                false => Note::open(document, place, what, why),
            };
            gate.lose(note, notes);
            None
        }
    };
    if let Some(called) = &called {
        limits_of_counts(gate, document, (metric, called), notes);
    }
    gate.add_rule(Rule { metric: called, ..metric.rule.clone() });
}

type Unjudged = (Place, String);

/// The name of the metric in the gate; nothing if the controller passes whatever it measures.
fn judged(
    gate: &mut Gate,
    document: &Document,
    metric: &Metric,
    args: &Args,
    notes: &mut Vec<Note>,
) -> Result<Option<String>, Unjudged> {
    if let Some((place, why)) = metric.wrong.first() {
        return Err((*place, why.clone()));
    }
    let place = metric.node.place;
    let Some((kind, keys)) = metric.provider else { return Err((place, "it has no provider".into())) };
    let is_bare = metric.rule.success.is_none() && metric.rule.failure.is_none();
    if is_bare && !matches!(kind, "job" | "kayenta" | "plugin") {
        let why = "it has no condition: the controller passes whatever it measures, and davy judges nothing of it";
        notes.push(Note::told(document, place, format!("metric {}", metric.rule.name), why));
        return Ok(None);
    }
    let has_records = !metric.rule.recorded.is_empty();
    let interval = metric.rule.interval.unwrap_or(SignedDuration::from_mins(1));
    if let Some(why) = provider::without(kind).filter(|_| !has_records) {
        return Err((keys.place, why.into()));
    }
    let found = if is_bare { Bounded::default() } else { limits(&metric.rule).map_err(|why| (place, why))? };
    let told = |why: &str| Note::told(document, place, format!("metric {}", metric.rule.name), why);
    if found.passes_without_data {
        notes.push(told("the controller lets missing data pass. Without data davy is inconclusive"));
    }
    if found.counts_values {
        notes
            .push(told("the controller asks for a number of values. davy asks that enough of the window was measured"));
    }
    let field = found.field().map_err(|why| (place, why))?;
    let is_of_points = kind == "cloudWatch" || at(keys, &["rangeQuery"]).is_some();
    let bounds = bounds(&found.limits, &metric.rule, is_of_points && !has_records);
    let comment = format!("{}:{}: {}", document.shown, place.line, conditions(metric));
    if has_records {
        let added = recorded::add(gate, document, &metric.rule, &bounds, (interval, field.as_deref()));
        if let Some(called) = added.map_err(|why| (place, why))? {
            if let Some(why) = recorded::unmeasured(&metric.rule, field.as_deref()) {
                let what = format!("metric {}, measurements", metric.rule.name);
                let note = Note { is_open: !metric.rule.is_dry, ..Note::told(document, place, what, why) };
                gate.lose(note, notes);
            }
            return Ok(Some(called));
        }
    }
    let called = &metric.rule.name;
    let question = provider::Question { document, kind, keys, args, field: field.as_deref(), called };
    let (store, cloud) = provider::ask(gate, &question, notes).map_err(|why| (keys.place, why))?;
    let every_point = store.is_prometheus && at(keys, &["rangeQuery"]).is_some();
    let asked = Asked { every_point, ..Asked::new(called, store, comment) };
    if let Some(cloud) = cloud {
        notes.extend(gaps(&metric.rule).map(told));
        return Ok(Some(cloud.add(gate, &asked, &bounds)));
    }
    let name = measure::add(gate, &asked, &bounds);
    if every_point || !on_numbers(gate, (&metric.rule, &asked.store), (&name, &asked.comment)) {
        notes.extend(gaps(&metric.rule).map(told));
    }
    gate.ask_as_written(&name, &asked.store.source, &asked.store.query);
    if asked.store.is_prometheus {
        gate.ask_not_numbers(&name, &asked.store.source, &asked.store.query);
    }
    Ok(Some(name))
}

/// The conditions as they were written.
fn conditions(metric: &Metric) -> String {
    let of = |key: &str| Some(format!("{key}: {}", text_at(metric.node, &[key])?.trim()));
    [of("successCondition"), of("failureCondition")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Why davy finds less than the controller in a value that is not a number, if so: it is a gap in the data.
fn gaps(rule: &Rule) -> Option<&'static str> {
    let number = || Measurement::Number(f64::NAN);
    let answers = [Measurement::List(vec![number()]), number()].map(|value| rule.answer(&value));
    let stops = answers.iter().any(|answer| matches!(answer, Some(Phase::Failed | Phase::Inconclusive)));
    (stops && !rule.is_dry)
        .then_some("the controller does not let NaN pass. For davy it is a gap in the data, as an empty answer is")
}

/// A limit with where it fails, if it only warns before.
type Limits = Vec<(Limit, Option<(Op, f64)>)>;

/// What the conditions of a metric say together.
#[derive(Default)]
struct Bounded {
    /// The limits that must hold.
    limits: Limits,
    passes_without_data: bool,
    counts_values: bool,
}

impl Bounded {
    /// The one field that they look at, if it is a field.
    fn field(&self) -> Result<Option<String>, String> {
        let first = self.limits.first().and_then(|(limit, _)| limit.field.clone());
        match self.limits.iter().all(|(limit, _)| limit.field == first) {
            true => Ok(first),
            false => Err("its conditions look at several fields, and a criterion needs one number".into()),
        }
    }
}

/// The limits of both conditions.
fn limits(rule: &Rule) -> Result<Bounded, String> {
    let success = rule.success.as_ref().map(condition::passing).transpose()?;
    let failure = rule.failure.as_ref().map(condition::failing).transpose()?;
    let counts_values = success.iter().chain(&failure).any(|found| found.counts_values);
    let (success, failure) = match (success, failure) {
        (Some(success), Some(failure)) => (success, failure.limits),
        (Some(success), None) => (success, Vec::new()),
        (None, Some(failure)) => (failure, Vec::new()),
        (None, None) => (Found::default(), Vec::new()),
    };
    if success.limits.is_empty() && failure.is_empty() {
        return Err("its conditions compare nothing with a number".into());
    }
    let is_alike = |a: &Limit, b: &Limit| a.op.is_upper() == b.op.is_upper() && a.field == b.field;
    let outer = |limit: &Limit| {
        let other = failure.iter().find(|other| is_alike(limit, other))?;
        let is_looser = limit.op.is_looser(other.number, limit.number);
        is_looser.then(|| (other.op.denied(), other.number))
    };
    let mut all: Limits = success.limits.iter().map(|limit| (limit.clone(), outer(limit))).collect();
    // what fails goes before what succeeds: a failure that begins earlier is a limit of its own
    let is_within = |limit: &Limit, other: &Limit| !other.op.is_looser(limit.number, other.number);
    let is_kept = |other: &&Limit| success.limits.iter().any(|limit| is_alike(limit, other) && is_within(limit, other));
    let alone = failure.iter().filter(|other| !is_kept(other));
    all.extend(alone.map(|limit| (limit.clone(), None)));
    if all.iter().any(|(limit, _)| limit.op == Op::NotEqual) {
        return Err("a value that must not be a certain number is not a limit".into());
    }
    Ok(Bounded { limits: all, passes_without_data: success.passes_without_data, counts_values })
}

/// The bounds of the criteria. Beside each limit stands an alarm, for the controller counts single measurements.
fn bounds(limits: &Limits, rule: &Rule, is_of_points: bool) -> Vec<Bound> {
    let keys: Vec<String> = rule.is_dry.then(|| "severity: muted".to_owned()).into_iter().collect();
    let mut bounds = Vec::new();
    for (limit, fail) in limits {
        let bound =
            Bound { every: limit.every.clone(), fail: *fail, keys: keys.clone(), ..Bound::new(limit.op, limit.number) };
        bounds.push(bound.clone());
        // the largest or the smallest of all points is within the limit, or it is not
        if is_of_points && limit.every == Every::All {
            continue;
        }
        for (op, number, periods) in alarms(limit, *fail, rule) {
            let alarm = Bound { op, number, fail: None, ..bound.with(periods) };
            // what must be zero is an alarm of its own, and what must be another number has two sides
            let is_two = op == Op::Equal && number != 0.0;
            bounds.extend(if is_two { measure::around(&alarm) } else { vec![alarm] });
        }
    }
    bounds
}

/// How many measurements may lie beyond a limit: too many failures fail, and too many between the conditions do not pass.
fn alarms(limit: &Limit, fail: Option<(Op, f64)>, rule: &Rule) -> Vec<(Op, f64, String)> {
    // a single measurement is judged by the limit itself
    if rule.interval.is_none() || rule.count == Some(1) {
        return Vec::new();
    }
    let of = |op, number, allowed| periods(rule, allowed).map(|periods| (op, number, periods));
    let failures = rule.failure_limit;
    let (inner, outer) = match fail {
        None => (of(limit.op, limit.number, failures), None),
        Some((op, number)) => {
            let between = rule.inconclusive_limit.max(0);
            let is_within = (0..between).contains(&failures);
            (of(limit.op, limit.number, between), of(op.denied(), number, failures).filter(|_| is_within))
        }
    };
    inner.into_iter().chain(outer).collect()
}

/// The alarm on more than so many of the measurements. Without a count they are those of the window, or those that were recorded.
fn periods(rule: &Rule, allowed: i64) -> Option<String> {
    let recorded = i64::try_from(rule.recorded.len()).ok().filter(|count| *count > 0);
    match (allowed, rule.count.or(recorded)) {
        (0, _) => Some("periods: 1 of 1".to_owned()),
        (allowed, Some(count)) if allowed > 0 && allowed < count && count <= 1000 => {
            Some(format!("periods: {} of {count}", allowed + 1))
        }
        (allowed, None) if (1..1000).contains(&allowed) => Some(format!("periods: {} of {ALL_STEPS}", allowed + 1)),
        _ => None,
    }
}

/// What stands for the number of steps of the window, until that is known.
pub(super) const ALL_STEPS: &str = "*";

/// A criterion on the answers that are not numbers, for the controller does not let NaN pass. An empty answer is one of them if the
/// condition stops at it; else it is a gap. Nothing if no number of them stops the controller.
fn on_numbers(gate: &mut Gate, (rule, store): (&Rule, &Store), (called, comment): (&str, &str)) -> bool {
    let stops =
        |value: Measurement| rule.answer(&value).filter(|phase| matches!(phase, Phase::Failed | Phase::Inconclusive));
    let nan =
        stops(Measurement::List(vec![Measurement::Number(f64::NAN)])).or_else(|| stops(Measurement::Number(f64::NAN)));
    let empty = stops(Measurement::List(Vec::new()));
    let Some(phase) = nan.or(empty).filter(|_| store.is_prometheus) else { return false };
    let allowed = if phase == Phase::Failed { rule.failure_limit } else { rule.inconclusive_limit };
    let is_single = rule.interval.is_none() || rule.count == Some(1);
    let alarm = if is_single { Some("periods: 1 of 1".to_owned()) } else { periods(rule, allowed) };
    let Some(alarm) = alarm else { return true };
    let query = &store.query;
    let (query, bound) = match (nan, empty) {
        (Some(_), Some(_)) => (format!("count(({query}) == ({query})) or vector(0)"), Bound::new(Op::AtLeast, 1.0)),
        (None, _) => (format!("count({query}) or vector(0)"), Bound::new(Op::AtLeast, 1.0)),
        (Some(_), None) => (promql::not_numbers(query), Bound::new(Op::AtMost, 0.0)),
    };
    if !promql::is_query_of_davy(&query) {
        return false;
    }
    let muted = rule.is_dry.then(|| "severity: muted".to_owned());
    let keys = [alarm].into_iter().chain(muted).collect();
    let asked = Asked::new(&format!("{called}-numbers"), store.clone(), format!("{comment}: NaN does not pass"));
    let shape = measure::gauge_of(&store.source, &query);
    measure::put(gate, &asked, shape, &[Bound { keys, ..bound }], plain);
    true
}

/// Limits on the number of measurements that davy does not count.
fn limits_of_counts(gate: &Gate, document: &Document, (metric, called): (&Metric, &str), notes: &mut Vec<Note>) {
    let what = |key: &str| format!("metric {}, {key}", metric.rule.name);
    let why = "davy judges all of the window, with a confidence interval, and counts no measurements";
    for key in ["failureLimit", "consecutiveSuccessLimit", "inconclusiveLimit", "consecutiveErrorLimit"] {
        let Some(node) = at(metric.node, &[key]) else { continue };
        let is_alarm = matches!(key, "failureLimit" | "inconclusiveLimit")
            && gate
                .criteria
                .iter()
                .any(|one| one.metric == called && one.keys.iter().any(|key| key.starts_with("periods")));
        if is_alarm && key == "failureLimit" && metric.rule.count.is_none() && metric.rule.recorded.is_empty() {
            let why = "without `count` the controller counts failures until the rollout is over, and davy those of its window. \
                       A longer window needs more periods";
            notes.push(Note::told(document, node.place, what(key), why));
        }
        let is_zero = text(node).is_some_and(|text| text.trim() == "0");
        if !is_alarm && !is_zero {
            notes.push(Note::told(document, node.place, what(key), why));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(success: &str, failure: &str) -> Rule {
        let parsed = |text: &str| if text.is_empty() { None } else { condition::parse(text).ok() };
        Rule {
            name: "m".into(),
            metric: None,
            success: parsed(success),
            failure: parsed(failure),
            unread: None,
            interval: None,
            delay: None,
            count: None,
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_errors: CONSECUTIVE_ERRORS,
            consecutive_successes: None,
            is_dry: false,
            recorded: Vec::new(),
        }
    }

    fn found(success: &str, failure: &str) -> Vec<String> {
        let shown = |(limit, fail): &(Limit, Option<(Op, f64)>)| {
            let fail = fail.map(|(op, number)| format!(", fails {} {number}", op.sign())).unwrap_or_default();
            format!("{} {}{fail}", limit.op.sign(), limit.number)
        };
        limits(&rule(success, failure)).unwrap().limits.iter().map(shown).collect()
    }

    #[test]
    fn an_alarm_counts_what_the_controller_counts() {
        let alarms = |failures: i64, between: i64, fail: Option<(Op, f64)>| {
            let interval = Some(SignedDuration::from_mins(1));
            let limit = Limit { field: None, every: Every::One, op: Op::AtMost, number: 5.0 };
            let rule = Rule {
                interval,
                count: Some(20),
                failure_limit: failures,
                inconclusive_limit: between,
                ..rule("result <= 5", "")
            };
            let shown = |(op, number, periods): (Op, f64, String)| format!("{} {number}, {periods}", op.sign());
            alarms(&limit, fail, &rule).into_iter().map(shown).collect::<Vec<String>>()
        };
        assert_eq!(alarms(0, 0, None), ["<= 5, periods: 1 of 1"]);
        assert_eq!(alarms(2, 0, None), ["<= 5, periods: 3 of 20"]);
        assert!(alarms(-1, 0, None).is_empty());
        let fail = Some((Op::Above, 10.0));
        assert_eq!(alarms(0, 0, fail), ["<= 5, periods: 1 of 1"]);
        assert_eq!(alarms(0, 2, fail), ["<= 5, periods: 3 of 20", "<= 10, periods: 1 of 1"]);
    }

    #[test]
    fn both_conditions_together_leave_room_for_a_warning() {
        assert_eq!(found("result <= 0.3", "result > 0.5"), ["<= 0.3, fails > 0.5"]);
        assert_eq!(found("result >= 0.95", "result < 0.95"), [">= 0.95"]);
        assert_eq!(found("", "result >= 10"), ["< 10"]);
        // what fails below what succeeds is a failure
        assert_eq!(found("result <= 0.8", "result > 0.5"), ["<= 0.8", "<= 0.5"]);
        assert_eq!(found("result >= 0.95", "result > 2"), [">= 0.95", "<= 2"]);
    }
}
