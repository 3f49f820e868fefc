//! A value with its limits, as a metric of davy with criteria.
//!
//! A ratio of two rates becomes a count of bad or good ones among all, so that the number of requests decides how sure an answer
//! is. A quantile of a histogram becomes the histogram. Anything else is a gauge of the query as it is.

use super::condition::{Every, Op};
use super::draft::{Criterion, Gate, Measured};
use super::number::{percent, plain};
use super::promql::{self, Shape};
use super::stores::Store;
use crate::series::SignedDuration;
use crate::text::yaml::quoted;

/// What is measured.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The name it had.
    pub(crate) called: String,
    pub(crate) store: Store,
    /// A comment above the metric.
    pub(crate) comment: String,
    /// Whether each point stands for itself: a limit on all of them is one on the largest.
    pub(crate) every_point: bool,
    /// Whether each of several series stands for itself: a limit on any of them is one on the largest.
    pub(crate) each_series: bool,
    /// Its own step, if it is not that of the window.
    pub(crate) step: Option<SignedDuration>,
}

impl Asked {
    pub(crate) fn new(called: &str, store: Store, comment: String) -> Asked {
        Asked { called: called.to_owned(), store, comment, every_point: false, each_series: true, step: None }
    }
}

/// What must hold of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) op: Op,
    pub(crate) number: f64,
    pub(crate) every: Every,
    /// From where on it fails, if it only warns before.
    pub(crate) fail: Option<(Op, f64)>,
    /// Other keys: `weight: 2`.
    pub(crate) keys: Vec<String>,
}

impl Bound {
    pub(crate) fn new(op: Op, number: f64) -> Bound {
        Bound { op, number, every: Every::One, fail: None, keys: Vec::new() }
    }

    /// The same with one key more.
    pub(crate) fn with(&self, key: impl Into<String>) -> Bound {
        Bound { keys: std::iter::once(key.into()).chain(self.keys.clone()).collect(), ..self.clone() }
    }

    /// The same in another measure.
    fn scaled(&self, number: impl Fn(f64) -> f64, turns: bool) -> Bound {
        let op = |op: Op| if turns { op.turned() } else { op };
        let fail = self.fail.map(|(own, limit)| (op(own), number(limit)));
        Bound { op: op(self.op), number: number(self.number), fail, ..self.clone() }
    }
}

/// Adds the metric with its criteria, and gives its name.
pub(crate) fn add(gate: &mut Gate, asked: &Asked, bounds: &[Bound]) -> String {
    // a limit on every point of a range is not one on what the range counts together
    let of_points = asked.every_point && bounds.iter().any(|bound| bound.every == Every::All);
    let is_whole = asked.store.is_prometheus && !of_points;
    let taken = if is_whole { promql::apart(&asked.store.query) } else { None };
    let counted = match taken {
        Some(Shape::Ratio { part, total, constant, factor }) => {
            let bounds: Vec<Bound> =
                bounds.iter().map(|bound| bound.scaled(|limit| (limit - constant) / factor, factor < 0.0)).collect();
            shares(gate, asked, (&part, &total), &bounds)
        }
        Some(Shape::Quantile { q, histogram, factor }) => {
            let bounds: Vec<Bound> = bounds.iter().map(|bound| bound.scaled(|limit| limit / factor, false)).collect();
            quantiles(gate, asked, q, &histogram, &bounds)
        }
        None => None,
    };
    counted.unwrap_or_else(|| gauge(gate, asked, bounds))
}

/// Adds a metric whose shape is known, with criteria on it.
pub(crate) fn put(
    gate: &mut Gate,
    asked: &Asked,
    shape: String,
    bounds: &[Bound],
    written: impl Fn(f64) -> String,
) -> String {
    let name = gate.metric_name(&asked.called);
    let comment = Some(asked.comment.clone());
    gate.metrics.push(Measured { name: name.clone(), comment, shape, step: asked.step });
    for bound in bounds {
        let pass = quoted(&format!("{} {}", bound.op.sign(), written(bound.number)));
        let fail =
            bound.fail.map(|(op, limit)| format!("fail: {}", quoted(&format!("{} {}", op.sign(), written(limit)))));
        let keys = [format!("pass: {pass}")].into_iter().chain(fail).chain(bound.keys.clone()).collect();
        gate.criteria.push(Criterion { metric: name.clone(), comment: None, keys });
    }
    name
}

/// A share of counts: bad if it is limited from above, good if from below.
fn shares(gate: &mut Gate, asked: &Asked, (part, total): (&str, &str), bounds: &[Bound]) -> Option<String> {
    let limits = bounds.iter().flat_map(|bound| [Some(bound.number), bound.fail.map(|(_, limit)| limit)]).flatten();
    // a limit that every share keeps, or none, is not one of counts
    let is_kept = |bound: &Bound| bound.number >= 1.0 || bound.fail.is_some_and(|(_, limit)| limit >= 1.0);
    let never_fails = bounds.iter().any(|bound| bound.op.is_upper() && is_kept(bound));
    let is_share = limits.clone().all(|limit| (0.0..=1.0).contains(&limit)) && !never_fails;
    if !is_share || bounds.iter().any(|bound| bound.op == Op::NotEqual) {
        return None;
    }
    // an exact share is one of none or of all
    let exact = |bound: &Bound| match (bound.op, bound.number) {
        (Op::Equal, 1.0) => Some(Bound { op: Op::AtLeast, ..bound.clone() }),
        (Op::Equal, number) if number != 0.0 => None,
        _ => Some(bound.clone()),
    };
    let bounds: &[Bound] = &bounds.iter().map(exact).collect::<Option<Vec<_>>>()?;
    let is_upper = |bound: &Bound| bound.op.is_upper() || (bound.op == Op::Equal && bound.number == 0.0);
    let key = match bounds.iter().filter(|bound| is_upper(bound)).count() {
        n if n == bounds.len() => "bad",
        0 => "good",
        _ => "part",
    };
    Some(put(gate, asked, rate_of(&asked.store.source, key, part, total), bounds, percent))
}

/// The shape of a share of counts.
pub(crate) fn rate_of(source: &str, key: &str, part: &str, total: &str) -> String {
    format!("source: {source}, rate: {{ {key}: {}, total: {} }}", quoted(part), quoted(total))
}

/// The shape of the number that a query answers with.
pub(crate) fn gauge_of(source: &str, query: &str) -> String {
    format!("source: {source}, gauge: {{ query: {} }}", quoted(query))
}

/// A percentile of a histogram whose name says its unit.
fn quantiles(gate: &mut Gate, asked: &Asked, q: f64, histogram: &str, bounds: &[Bound]) -> Option<String> {
    let unit = promql::unit(histogram)?;
    let is_fine = bounds.iter().all(|bound| bound.number >= 0.0 && !matches!(bound.op, Op::Equal | Op::NotEqual));
    if !is_fine || !(0.5..=0.999).contains(&q) {
        return None;
    }
    let statistic = format!("statistic: p{}", plain(q * 100.0));
    let bounds: Vec<Bound> = bounds.iter().map(|bound| bound.with(statistic.as_str())).collect();
    let shape = format!("source: {}, values: {{ histogram: {}, unit: {unit} }}", asked.store.source, quoted(histogram));
    Some(put(gate, asked, shape, &bounds, |limit| format!("{}{unit}", plain(limit))))
}

/// Two limits for a measured number that must be a certain one.
pub(crate) fn around(bound: &Bound) -> Vec<Bound> {
    match bound.op {
        Op::Equal => [Op::AtMost, Op::AtLeast].map(|op| Bound { op, ..bound.clone() }).to_vec(),
        _ => vec![bound.clone()],
    }
}

/// Whether the largest or the smallest of all values decides, since each bound is on all of them in one direction.
pub(crate) fn one_side(bounds: &[Bound]) -> Option<bool> {
    direction(bounds).filter(|_| bounds.iter().all(|bound| bound.every == Every::All))
}

/// Whether all limits are from above, or all from below.
fn direction(bounds: &[Bound]) -> Option<bool> {
    let is_upper = bounds.first()?.op.is_upper();
    let is_alike = |bound: &Bound| !matches!(bound.op, Op::Equal | Op::NotEqual) && bound.op.is_upper() == is_upper;
    bounds.iter().all(is_alike).then_some(is_upper)
}

/// A limit on every value is one on the largest, or on the smallest.
pub(crate) fn of_values(bound: &Bound) -> Bound {
    if bound.every == Every::All { bound.with(bound.op.extreme()) } else { bound.clone() }
}

/// The number that the query answers with; without a query that of the column with the metric's name.
pub(crate) fn gauge(gate: &mut Gate, asked: &Asked, bounds: &[Bound]) -> String {
    let bounds: Vec<Bound> = bounds.iter().flat_map(around).collect();
    let Store { source, query, is_prometheus } = &asked.store;
    // a limit on every series is one on the largest
    let is_any = *is_prometheus && asked.each_series && !promql::has_one_series(query);
    let side = one_side(&bounds).or_else(|| direction(&bounds).filter(|_| is_any));
    let shape = match side.filter(|_| *is_prometheus && !asked.every_point) {
        _ if query.is_empty() => format!("source: {source}, gauge: {{ value: {} }}", quoted(&asked.called)),
        Some(true) => gauge_of(source, &format!("max({query})")),
        Some(false) => gauge_of(source, &format!("min({query})")),
        None => gauge_of(source, query),
    };
    let of_points = |bound: &Bound| if asked.every_point { of_values(bound) } else { bound.clone() };
    let bounds: Vec<Bound> = bounds.iter().map(of_points).collect();
    put(gate, asked, shape, &bounds, plain)
}

/// Adds the limits of a score, or says why every criterion must hold instead. A score counts criteria, so each objective needs
/// exactly one, with a weight.
pub(crate) fn score(gate: &mut Gate, pass: f64, marginal: f64, is_weightless: bool) -> Option<String> {
    let mut names: Vec<&str> = gate.criteria.iter().map(|one| one.metric.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let reason = match () {
        () if names.len() < gate.criteria.len() => "an objective has several criteria, which count only together",
        () if is_weightless => "an objective has the weight 0",
        () => {
            gate.policy.push(format!("score: {{ pass: {}, marginal: {} }}", plain(pass), plain(marginal)));
            return None;
        }
    };
    // a warning lowers the score, which may then fail
    gate.criteria.iter_mut().for_each(|one| one.keys.retain(|key| !key.starts_with("fail:")));
    Some(format!("{reason}. davy cannot score that: here every criterion must hold"))
}
