//! Queries of CloudWatch as its API has them (`GetMetricData`): a metric with its statistic, or an expression over others.

use super::condition::Every;
use super::documents::text;
use super::draft::{Gate, Measured};
use super::measure::{self, Asked, Bound};
use super::number::{self, percent, plain};
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::yaml::{braces, name, quoted};

/// What is asked of CloudWatch, in keys of davy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cloud {
    /// The keys of a gauge.
    gauge: Vec<String>,
    /// Two sums whose quotient is wanted.
    quotient: Option<(String, String)>,
    /// The period of the statistic. A sum of one minute is not that of five.
    pub(crate) step: Option<SignedDuration>,
}

/// The value of a key, however it is capitalised.
pub(crate) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().find(|(own, _)| own.value.eq_ignore_ascii_case(key)).map(|(_, node)| node)
        }
        _ => None,
    }
}

fn spelled<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    get(node, key).and_then(text)
}

/// The keys of a metric with its statistic: those of `MetricStat`, or of an alarm.
pub(crate) fn metric(of: &Node, stat: Option<&str>, filled: &dyn Fn(&str) -> String) -> Option<Vec<String>> {
    let called = format!("{} {}", spelled(of, "namespace")?, spelled(of, "metricName")?);
    let mut keys = vec![format!("metric: {}", quoted(&filled(&called)))];
    keys.extend(stat.map(|stat| format!("stat: {}", quoted(stat))));
    let dimensions = match get(of, "dimensions").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let pairs: Option<Vec<String>> = dimensions
        .iter()
        .map(|one| Some(format!("{}: {}", name(spelled(one, "name")?), quoted(&filled(spelled(one, "value")?)))))
        .collect();
    let pairs = pairs?;
    if !pairs.is_empty() {
        keys.push(format!("dimensions: {}", braces(pairs)));
    }
    Some(keys)
}

/// The queries whose answer is wanted.
///
/// # Errors
///
/// They have no answer, or several, or are written in another way. Or they look at several periods, or at another account.
pub(crate) fn queries(list: &[Node], filled: &dyn Fn(&str) -> String) -> Result<Cloud, String> {
    let is_wanted = |node: &&Node| spelled(node, "returnData") != Some("false");
    let wanted: Vec<&Node> = list.iter().filter(is_wanted).collect();
    let [wanted] = &wanted[..] else {
        return Err(format!("{} of its queries return data, and a criterion needs one number", wanted.len()));
    };
    if list.iter().any(|node| get(node, "accountId").is_some()) {
        return Err("it asks another account (`AccountId`), and davy asks the account of its credentials".into());
    }
    let step = period(list)?;
    let stat_of = |node: &Node| -> Option<(Vec<String>, bool)> {
        let stat = get(node, "metricStat")?;
        let is_sum = spelled(stat, "stat") == Some("Sum");
        Some((metric(get(stat, "metric")?, spelled(stat, "stat"), filled)?, is_sum))
    };
    let Some(expression) = spelled(wanted, "expression") else {
        let (gauge, _) = stat_of(wanted).ok_or("its query is neither a metric nor an expression")?;
        return Ok(Cloud { gauge, quotient: None, step });
    };
    let input = |node: &&Node| -> Option<(String, Vec<String>, bool)> {
        let (keys, is_sum) = stat_of(node)?;
        Some((spelled(node, "id")?.to_owned(), keys, is_sum))
    };
    let others: Vec<&Node> = list.iter().filter(|node| !std::ptr::eq(*node, *wanted)).collect();
    let inputs: Option<Vec<_>> = others.iter().map(input).collect();
    let inputs = inputs.ok_or("an input of its expression is an expression itself")?;
    let sides = expression.split_once('/').map(|(a, b)| (a.trim(), b.trim()));
    let sum =
        |id: &str| inputs.iter().find(|(own, _, is_sum)| own == id && *is_sum).map(|(_, keys, _)| braces(keys.clone()));
    let quotient = sides.and_then(|(a, b)| sum(a).zip(sum(b)));
    let named: Vec<String> =
        inputs.iter().map(|(id, keys, _)| format!("{}: {}", name(id), braces(keys.clone()))).collect();
    let mut gauge = vec![format!("expression: {}", quoted(&filled(expression)))];
    if !named.is_empty() {
        gauge.push(format!("inputs: {}", braces(named)));
    }
    Ok(Cloud { gauge, quotient, step })
}

/// The period of one query: its statistic's, or that of an expression.
fn period_of(node: &Node) -> Option<&Node> {
    get(node, "metricStat").and_then(|stat| get(stat, "period")).or_else(|| get(node, "period"))
}

/// The one period of all queries, if they name any.
fn period(list: &[Node]) -> Result<Option<SignedDuration>, String> {
    let mut periods = Vec::new();
    for node in list.iter().filter_map(period_of) {
        let written = text(node).unwrap_or_default();
        let seconds = number::count(written).filter(|seconds| *seconds > 0);
        let seconds = seconds.ok_or_else(|| format!("its period `{written}` is not a number of seconds"))?;
        periods.push(SignedDuration::from_secs(seconds));
    }
    periods.sort();
    periods.dedup();
    match periods[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err("its queries have different periods, and davy asks for all of them with one".into()),
    }
}

/// The source for a region.
pub(crate) fn source(gate: &mut Gate, region: Option<&str>) -> String {
    let region = region.map(|region| format!("region: {}", quoted(region)));
    gate.source("cloudwatch", format!("cloudwatch: {}", braces(region.into_iter().collect())))
}

impl Cloud {
    /// A metric with its statistic.
    pub(crate) fn of(gauge: Vec<String>) -> Cloud {
        Cloud { gauge, quotient: None, step: None }
    }

    /// The same with a period.
    pub(crate) fn every(self, period: SignedDuration) -> Cloud {
        Cloud { step: Some(period), ..self }
    }

    /// Asks for the number itself, for the rule as it was written.
    pub(crate) fn ask_as_written(&self, gate: &mut Gate, called: &str, source: &str) {
        let shape = format!("source: {source}, gauge: {}", braces(self.gauge.clone()));
        gate.queries.push(Measured { name: called.to_owned(), comment: None, shape, step: self.step });
    }

    /// Adds the metric with its criteria: a share of counts if it is a quotient of two sums, else a gauge.
    pub(crate) fn add(&self, gate: &mut Gate, asked: &Asked, bounds: &[Bound]) -> String {
        let source = &asked.store.source;
        let is_share = bounds.iter().all(|bound| (0.0..=1.0).contains(&bound.number));
        // a limit on every value is not one on the share of the whole window
        let is_of_all = bounds.iter().any(|bound| bound.every == Every::All);
        let asked = &Asked { step: self.step, ..asked.clone() };
        let uppers = bounds.iter().filter(|bound| bound.op.is_upper()).count();
        match &self.quotient {
            Some((part, total)) if is_share && !is_of_all && (uppers == 0 || uppers == bounds.len()) => {
                let key = if uppers == 0 { "good" } else { "bad" };
                let shape = format!("source: {source}, rate: {{ {key}: {part}, total: {total} }}");
                measure::put(gate, asked, shape, bounds, percent)
            }
            _ => {
                let shape = format!("source: {source}, gauge: {}", braces(self.gauge.clone()));
                let bounds: Vec<Bound> =
                    bounds.iter().flat_map(measure::around).map(|one| measure::of_values(&one)).collect();
                measure::put(gate, asked, shape, &bounds, plain)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::import::documents::{Given, parse};

    fn asked(text: &str) -> Result<Cloud, String> {
        let parsed = parse(&Given { shown: "f", text }).unwrap();
        let Value::List(list) = &parsed[0].node.value else { panic!("not a list") };
        queries(list, &|text| text.to_owned())
    }

    const SUM: &str = "MetricStat: { Metric: { Namespace: app, MetricName: E }, Stat: Sum, Period: 300 }";

    #[test]
    fn the_period_is_the_step_and_there_is_one() {
        let one = format!("[{{ Id: a, {SUM} }}]");
        assert_eq!(asked(&one).unwrap().step, Some(SignedDuration::from_mins(5)));
        let other = SUM.replace("300", "60");
        let two = format!(
            "[{{ Id: q, Expression: a / b }}, {{ Id: a, {SUM}, ReturnData: false }}, {{ Id: b, {other}, ReturnData: false }}]"
        );
        assert!(asked(&two).unwrap_err().contains("different periods"));
        assert!(asked(&two.replace(": 60", ": 300")).unwrap().quotient.is_some());
        assert!(asked(&one.replace("Id: a", "Id: a, AccountId: \"1\"")).is_err());
    }
}
