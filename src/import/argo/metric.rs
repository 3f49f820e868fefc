//! One metric of an analysis: its rule, and the criteria that its conditions become.

use super::args::Args;
use super::{provider, recorded};
use crate::import::condition::{self, Expr, Found, Limit, Op};
use crate::import::documents::{Document, at, text, text_at};
use crate::import::draft::{Gate, Measured};
use crate::import::measure::{self, Bound};
use crate::import::note::Note;
use crate::import::rule::Rule;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::{Place, Problems};
use crate::text::yaml::quoted;

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
    if called.is_some() {
        limits_of_counts(gate, document, metric, notes);
    }
    gate.rules.push(Rule { metric: called, ..metric.rule.clone() });
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
    let (limits, passes_without_data) =
        if is_bare { (Vec::new(), false) } else { limits(&metric.rule).map_err(|why| (place, why))? };
    if passes_without_data {
        let why = "the controller lets missing data pass. Without data davy is inconclusive";
        notes.push(Note::told(document, place, format!("metric {}", metric.rule.name), why));
    }
    let field = limits.iter().find_map(|(limit, _)| limit.field.clone());
    let bounds = bounds(&limits, &metric.rule);
    let comment = format!("{}:{}: {}", document.shown, place.line, conditions(metric));
    if !metric.rule.recorded.is_empty()
        && let Some(called) = recorded::add(gate, document, &metric.rule.name, &bounds, (interval, field.as_deref()))
    {
        return Ok(Some(called));
    }
    let asked = provider::Question {
        document,
        kind,
        keys,
        args,
        field: field.as_deref(),
        called: &metric.rule.name,
        comment: &comment,
    };
    let provided = provider::ask(gate, &asked, notes).map_err(|why| (keys.place, why))?;
    Ok(Some(match provided {
        provider::Provided::Asked(asked) => {
            let name = measure::add(gate, &asked, &bounds);
            let shape = format!("source: {}, gauge: {{ query: {} }}", asked.store.source, quoted(&asked.store.query));
            gate.queries.push(Measured { name: name.clone(), comment: None, shape });
            name
        }
        provider::Provided::Metric { asked, cloud } => cloud.add(gate, &asked, &bounds),
    }))
}

/// The conditions as they were written.
fn conditions(metric: &Metric) -> String {
    let of = |key: &str| Some(format!("{key}: {}", text_at(metric.node, &[key])?.trim()));
    [of("successCondition"), of("failureCondition")].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

type Limits = Vec<(Limit, Option<(Op, f64)>)>;

/// The limits that must hold, each with where it fails if it only warns before; and whether missing data passes.
fn limits(rule: &Rule) -> Result<(Limits, bool), String> {
    let success = rule.success.as_ref().map(condition::passing).transpose()?;
    let failure = rule.failure.as_ref().map(condition::failing).transpose()?;
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
        let is_looser = if limit.op.is_upper() { other.number > limit.number } else { other.number < limit.number };
        is_looser.then(|| (other.op.denied(), other.number))
    };
    let mut all: Limits = success.limits.iter().map(|limit| (limit.clone(), outer(limit))).collect();
    // what fails goes before what succeeds: a failure that begins earlier is a limit of its own
    let is_within = |limit: &Limit, other: &Limit| match other.op.is_upper() {
        true => limit.number <= other.number,
        false => limit.number >= other.number,
    };
    let is_kept = |other: &&Limit| success.limits.iter().any(|limit| is_alike(limit, other) && is_within(limit, other));
    let alone = failure.iter().filter(|other| !is_kept(other));
    all.extend(alone.map(|limit| (limit.clone(), None)));
    if all.iter().any(|(limit, _)| limit.op == Op::NotEqual) {
        return Err("a value that must not be a certain number is not a limit".into());
    }
    Ok((all, success.passes_without_data))
}

/// The bounds of the criteria. If M of N measurements may fail, an alarm stands beside the limit.
fn bounds(limits: &Limits, rule: &Rule) -> Vec<Bound> {
    let severity = rule.is_dry.then(|| "severity: muted".to_owned());
    let mut bounds = Vec::new();
    for (limit, fail) in limits {
        let keys: Vec<String> = severity.iter().cloned().collect();
        let bound = Bound { every: limit.every.clone(), fail: *fail, keys, ..Bound::new(limit.op, limit.number) };
        let alarm = rule.count.filter(|count| {
            rule.failure_limit > 0 && *count > rule.failure_limit && *count <= 1000 && rule.interval.is_some()
        });
        bounds.push(bound.clone());
        if let Some(count) = alarm {
            let periods = format!("periods: {} of {count}", rule.failure_limit + 1);
            let keys = std::iter::once(periods).chain(bound.keys.clone()).collect();
            bounds.push(Bound { keys, fail: None, ..bound });
        }
    }
    bounds
}

/// Limits on the number of measurements that davy does not count.
fn limits_of_counts(gate: &mut Gate, document: &Document, metric: &Metric, notes: &mut Vec<Note>) {
    let what = |key: &str| format!("metric {}, {key}", metric.rule.name);
    let why = "davy judges all of the window, with a confidence interval, and counts no measurements";
    for key in ["failureLimit", "consecutiveSuccessLimit", "inconclusiveLimit", "consecutiveErrorLimit"] {
        let Some(node) = at(metric.node, &[key]) else { continue };
        let is_alarm = key == "failureLimit"
            && gate.criteria.iter().any(|one| one.keys.iter().any(|key| key.starts_with("periods")));
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

    fn found(success: &str, failure: &str) -> Vec<String> {
        let parsed = |text: &str| if text.is_empty() { None } else { condition::parse(text).ok() };
        let rule = Rule {
            name: "m".into(),
            metric: None,
            success: parsed(success),
            failure: parsed(failure),
            interval: None,
            delay: None,
            count: None,
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_errors: CONSECUTIVE_ERRORS,
            consecutive_successes: None,
            is_dry: false,
            recorded: Vec::new(),
        };
        let shown = |(limit, fail): &(Limit, Option<(Op, f64)>)| {
            let fail = fail.map(|(op, number)| format!(", fails {} {number}", op.sign())).unwrap_or_default();
            format!("{} {}{fail}", limit.op.sign(), limit.number)
        };
        limits(&rule).unwrap().0.iter().map(shown).collect()
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
