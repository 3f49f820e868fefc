//! Queries of Prometheus, taken apart where that is safe: a ratio of two rates is a count of bad ones among all, and a quantile of
//! a histogram is the histogram.
//!
//! Anything else stays as it is, and is a gauge. What is taken apart is rendered from the parsed selector, and read again.

use std::time::Duration;

use promql_parser::label::{Matcher, Matchers};
use promql_parser::parser::{self, AggregateExpr, Expr, LabelModifier, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

use crate::text::substitute;

/// The functions that count the events of a counter.
const RATES: [&str; 3] = ["rate", "irate", "increase"];

/// What a query is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// `constant + factor * part / total`, of selectors of counters.
    Ratio { part: String, total: String, constant: f64, factor: f64 },
    /// `factor` times the quantile of a histogram, whose selector has no `_bucket`.
    Quantile { q: f64, histogram: String, factor: f64 },
}

/// Takes a query apart.
pub(crate) fn apart(query: &str) -> Option<Shape> {
    let parsed = parser::parse(query).ok()?;
    let Linear { constant, factor, of } = linear(&parsed)?;
    match of? {
        Of::Ratio(part, total) if factor != 0.0 => Some(Shape::Ratio { part, total, constant, factor }),
        Of::Quantile(q, histogram) if constant == 0.0 && factor > 0.0 => Some(Shape::Quantile { q, histogram, factor }),
        _ => None,
    }
}

/// The selector that a text is, if it is nothing else.
pub(crate) fn selector(text: &str) -> Option<String> {
    match parser::parse(text).ok()? {
        Expr::VectorSelector(selector) => rendered(&selector),
        _ => None,
    }
}

/// Whether a text is PromQL once its references are filled in.
pub(crate) fn is_query_of_davy(text: &str) -> bool {
    read(text).is_some()
}

/// A text as PromQL, with its default for each reference, or else a name, a duration or a number for all of them.
fn read(text: &str) -> Option<Expr> {
    let filled = |value: &str| {
        let replaced = substitute::replace(text, &[], |_, default| Some(default.unwrap_or(value).to_owned()));
        replaced.unwrap_or_else(|_| text.to_owned())
    };
    ["x", "1m", "1"].into_iter().find_map(|value| parser::parse(&filled(value)).ok())
}

/// The counters of two queries whose quotient is a share: both `sum(rate(x[5m]))`, over the same range.
pub(crate) fn counters(part: &str, total: &str) -> Option<(String, String)> {
    match ratio(&parser::parse(part).ok()?, &parser::parse(total).ok()?)? {
        (_, factor, Of::Ratio(part, total)) if factor > 0.0 => Some((part, total)),
        _ => None,
    }
}

/// Whether the answer stays the same if the ranges of this length become shorter: rates do, and sums of events do not.
pub(crate) fn is_steady(text: &str, range: Duration) -> bool {
    read(text).is_some_and(|parsed| walk_expr(&mut Steady(range), &parsed) == Ok(true))
}

/// The query that counts where another answers with NaN, which alone differs from itself.
pub(crate) fn not_numbers(query: &str) -> String {
    format!("count(({query}) != ({query})) or vector(0)")
}

/// Whether a query answers with one series at most, for certain.
pub(crate) fn has_one_series(text: &str) -> bool {
    read(text).is_some_and(|parsed| is_one(&parsed))
}

fn is_one(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_one(&paren.expr),
        Expr::Unary(unary) => is_one(&unary.expr),
        Expr::NumberLiteral(_) => true,
        Expr::Aggregate(aggregate) => {
            let is_of_all = match &aggregate.modifier {
                None => true,
                Some(LabelModifier::Include(by)) => by.labels.is_empty(),
                Some(LabelModifier::Exclude(_)) => false,
            };
            let word = aggregate.op.to_string();
            is_of_all && !["topk", "bottomk", "count_values", "limitk", "limit_ratio"].contains(&word.as_str())
        }
        Expr::Binary(binary) => is_one(&binary.lhs) && is_one(&binary.rhs),
        Expr::Call(call) => match (call.func.name, &call.args.args[..]) {
            ("vector" | "scalar" | "time" | "absent" | "absent_over_time", _) => true,
            ("histogram_quantile", [_, of]) => is_of_buckets(of),
            (_, arguments) => !arguments.is_empty() && arguments.iter().all(|argument| is_one(argument)),
        },
        Expr::Subquery(subquery) => is_one(&subquery.expr),
        Expr::StringLiteral(_) => true,
        Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Extension(_) => false,
    }
}

/// Whether buckets are those of one histogram: added up over all other labels.
fn is_of_buckets(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::Aggregate(aggregate) => {
            matches!(&aggregate.modifier, Some(LabelModifier::Include(by)) if by.labels == ["le"])
        }
        Expr::Call(call) => call.args.args.iter().any(|argument| is_of_buckets(argument)),
        _ => false,
    }
}

/// Stops at a function that depends on the length of its range.
struct Steady(Duration);

impl ExprVisitor for Steady {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        let range = |argument: &Expr| match inner(argument) {
            Expr::MatrixSelector(matrix) => Some(matrix.range),
            Expr::Subquery(subquery) => Some(subquery.range),
            _ => None,
        };
        Ok(match expr {
            Expr::Call(call) => {
                let is_rate = ["rate", "irate", "deriv", "avg_over_time"].contains(&call.func.name);
                is_rate || call.args.args.iter().all(|argument| range(argument) != Some(self.0))
            }
            _ => true,
        })
    }
}

struct Linear {
    constant: f64,
    factor: f64,
    of: Option<Of>,
}

enum Of {
    Ratio(String, String),
    Quantile(f64, String),
}

fn inner(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => inner(&paren.expr),
        other => other,
    }
}

fn linear(expr: &Expr) -> Option<Linear> {
    match inner(expr) {
        Expr::NumberLiteral(number) => Some(Linear { constant: number.val, factor: 0.0, of: None }),
        Expr::Binary(binary) if binary.modifier.as_ref().is_none_or(|modifier| modifier.matching.is_none()) => {
            let operator = binary.op.to_string();
            if operator == "/"
                && let Some((constant, factor, of)) = ratio(&binary.lhs, &binary.rhs)
            {
                return Some(Linear { constant, factor, of: Some(of) });
            }
            joined(&operator, linear(&binary.lhs)?, linear(&binary.rhs)?)
        }
        Expr::Call(call) if call.func.name == "histogram_quantile" => {
            let [q, of] = &call.args.args[..] else { return None };
            let Expr::NumberLiteral(q) = inner(q) else { return None };
            let of = Of::Quantile(q.val, histogram(of)?);
            Some(Linear { constant: 0.0, factor: 1.0, of: Some(of) })
        }
        _ => None,
    }
}

fn joined(operator: &str, a: Linear, b: Linear) -> Option<Linear> {
    match operator {
        "+" | "-" => {
            let sign = if operator == "-" { -1.0 } else { 1.0 };
            let (constant, factor) = (a.constant + sign * b.constant, a.factor + sign * b.factor);
            match (a.of, b.of) {
                (Some(_), Some(_)) => None,
                (a, b) => Some(Linear { constant, factor, of: a.or(b) }),
            }
        }
        "*" if a.of.is_none() => Some(scaled(b, a.constant)),
        "*" if b.of.is_none() => Some(scaled(a, b.constant)),
        "/" if b.of.is_none() => Some(scaled(a, 1.0 / b.constant)),
        _ => None,
    }
}

fn scaled(of: Linear, by: f64) -> Linear {
    Linear { constant: of.constant * by, factor: of.factor * by, of: of.of }
}

/// One side of a quotient.
enum Side {
    /// The sum of a counter's rates.
    Sum(Rated),
    /// All but some: `sum(rate(all)) - sum(rate(some))`.
    Rest { all: Rated, some: Rated },
}

/// A counter and how it is counted. Only what is counted alike makes a share.
#[derive(PartialEq)]
struct Rated {
    selector: String,
    function: &'static str,
    range: Duration,
}

impl Rated {
    fn is_like(&self, other: &Rated) -> bool {
        (self.function, self.range) == (other.function, other.range)
    }
}

fn ratio(part: &Expr, total: &Expr) -> Option<(f64, f64, Of)> {
    let Side::Sum(total) = quotient_side(total)? else { return None };
    match quotient_side(part)? {
        Side::Sum(part) if part.is_like(&total) => Some((0.0, 1.0, Of::Ratio(part.selector, total.selector))),
        Side::Rest { all, some } if all == total && some.is_like(&total) => {
            Some((1.0, -1.0, Of::Ratio(some.selector, total.selector)))
        }
        Side::Sum(_) | Side::Rest { .. } => None,
    }
}

fn quotient_side(expr: &Expr) -> Option<Side> {
    match inner(expr) {
        Expr::Aggregate(sum) if is_total(sum) => Some(Side::Sum(rated(&sum.expr)?)),
        Expr::Binary(binary) => match binary.op.to_string().as_str() {
            "-" => match (quotient_side(&binary.lhs)?, quotient_side(&binary.rhs)?) {
                (Side::Sum(all), Side::Sum(some)) => Some(Side::Rest { all, some }),
                _ => None,
            },
            // an absent series of bad ones is a zero for davy too
            "or" if is_zero(&binary.rhs) => quotient_side(&binary.lhs),
            _ => None,
        },
        _ => None,
    }
}

/// `vector(0)`.
fn is_zero(expr: &Expr) -> bool {
    match inner(expr) {
        Expr::Call(call) if call.func.name == "vector" => {
            matches!(call.args.args.first().map(|argument| inner(argument)), Some(Expr::NumberLiteral(number)) if number.val == 0.0)
        }
        _ => false,
    }
}

/// A sum over all series.
fn is_total(sum: &AggregateExpr) -> bool {
    sum.op.to_string() == "sum" && sum.modifier.is_none()
}

/// Whether a counter counts things: seconds, bytes and the sums of histograms are not counts.
fn counts(name: &str) -> bool {
    let is_of_histogram = ["_count", "_bucket"].iter().any(|end| name.ends_with(end));
    let is_measure = ["seconds", "milliseconds", "bytes", "joules"].iter().any(|unit| name.contains(unit));
    is_of_histogram || !(is_measure || name.ends_with("_sum"))
}

/// The counter whose rate or increase is taken.
fn rated(expr: &Expr) -> Option<Rated> {
    let Expr::Call(call) = inner(expr) else { return None };
    if !RATES.contains(&call.func.name) {
        return None;
    }
    match call.args.args.first().map(|argument| inner(argument))? {
        Expr::MatrixSelector(matrix) if matrix.vs.name.as_deref().is_some_and(counts) => {
            Some(Rated { selector: rendered(&matrix.vs)?, function: call.func.name, range: matrix.range })
        }
        _ => None,
    }
}

/// The selector as text, if it is read back as the same.
fn rendered(selector: &VectorSelector) -> Option<String> {
    if selector.offset.is_some() || selector.at.is_some() || selector.name.is_none() {
        return None;
    }
    let text = selector.to_string();
    let is_same = matches!(parser::parse(&text), Ok(Expr::VectorSelector(read)) if essence(&read) == essence(selector));
    is_same.then_some(text)
}

/// The name and the matchers of a selector, in whatever order they are written.
fn essence(selector: &VectorSelector) -> (Option<&str>, Vec<String>) {
    let shown = |matcher: &Matcher| format!("{}{}{:?}", matcher.name, matcher.op, matcher.value);
    let Matchers { matchers, or_matchers } = &selector.matchers;
    let mut all: Vec<String> = matchers.iter().chain(or_matchers.iter().flatten()).map(shown).collect();
    all.sort();
    (selector.name.as_deref(), all)
}

/// The histogram of `sum by (le) (rate(x_bucket[5m]))`, without `_bucket`.
fn histogram(expr: &Expr) -> Option<String> {
    let buckets = match inner(expr) {
        Expr::Aggregate(sum) if sum.op.to_string() == "sum" => {
            match &sum.modifier {
                Some(LabelModifier::Include(by)) if by.labels == ["le"] => {}
                _ => return None,
            }
            &sum.expr
        }
        _ => return None,
    };
    let Expr::Call(call) = inner(buckets) else { return None };
    let Expr::MatrixSelector(matrix) = call.args.args.first().map(|argument| inner(argument))? else { return None };
    let mut selector = matrix.vs.clone();
    let Matchers { matchers, or_matchers } = &selector.matchers;
    let is_rate = RATES.contains(&call.func.name);
    if !is_rate || !or_matchers.is_empty() || matchers.iter().any(|matcher| matcher.name == "le") {
        return None;
    }
    selector.name = Some(selector.name.as_deref()?.strip_suffix("_bucket")?.to_owned());
    rendered(&selector)
}

/// The unit that a histogram's name says.
pub(crate) fn unit(histogram: &str) -> Option<&'static str> {
    let name = histogram.split('{').next().unwrap_or_default().trim();
    let words = [("seconds", "s"), ("milliseconds", "ms"), ("ms", "ms"), ("microseconds", "us"), ("bytes", "B")];
    words.into_iter().find(|(word, _)| name.ends_with(&format!("_{word}"))).map(|(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &str) -> String {
        match apart(query) {
            Some(Shape::Ratio { part, total, constant, factor }) => format!("{constant} + {factor} * {part} / {total}"),
            Some(Shape::Quantile { q, histogram, factor }) => format!("{factor} * q{q} of {histogram}"),
            None => "as it is".into(),
        }
    }

    #[test]
    fn queries_are_taken_apart_where_that_is_safe() {
        for (query, expected) in [
            ("sum(rate(x{code=~\"5..\"}[5m])) / sum(rate(x[5m]))", "0 + 1 * x{code=~\"5..\"} / x"),
            ("100 - sum(rate(x{ok=\"1\"}[1m])) / sum(rate(x[1m])) * 100", "100 + -100 * x{ok=\"1\"} / x"),
            ("(sum(rate(b[5m])) or vector(0)) / sum(rate(t[5m]))", "0 + 1 * b / t"),
            ("(sum(rate(c[5m])) - sum(rate(k[5m]))) / sum(rate(c[5m]))", "1 + -1 * k / c"),
            ("1 - (sum(increase(b[5m])) / sum(increase(t[5m])))", "1 + -1 * b / t"),
            (
                "histogram_quantile(0.99, sum(rate(d_seconds_bucket{job=\"a\"}[1m])) by (le))",
                "1 * q0.99 of d_seconds{job=\"a\"}",
            ),
            ("histogram_quantile(0.95, sum by (le) (rate(d_bucket[1m]))) * 1000", "1000 * q0.95 of d"),
            ("sum(rate(x{name=~\"a\\\\d+\"}[5m])) / sum(rate(x[5m]))", "0 + 1 * x{name=~\"a\\\\d+\"} / x"),
            (
                "sum(rate(x{b=\"1\",a=~\"5..\"}[5m])) / sum(rate(x{b=\"1\"}[5m]))",
                "0 + 1 * x{a=~\"5..\",b=\"1\"} / x{b=\"1\"}",
            ),
            ("sum by (pod) (rate(x[5m])) / sum by (pod) (rate(y[5m]))", "as it is"),
            ("sum(x) / sum(y)", "as it is"),
            ("sum(increase(a[50m])) / sum(increase(b[5m]))", "as it is"),
            ("sum(increase(a[5m])) / sum(rate(b[5m]))", "as it is"),
            ("1 - (sum(rate(c[5m])) - sum(rate(k[1m]))) / sum(rate(c[5m]))", "as it is"),
            ("sum(rate(d_seconds_sum[1m])) / sum(rate(d_seconds_count[1m])) * 1000", "as it is"),
            ("sum(rate(cpu_seconds_total[1m])) / sum(rate(requests_total[1m]))", "as it is"),
            ("avg(rate(x[5m])) / avg(rate(y[5m]))", "as it is"),
            ("sum(rate(x[5m] offset 1h)) / sum(rate(y[5m]))", "as it is"),
            ("histogram_quantile(0.99, sum(rate(d_bucket[1m])) by (le, pod))", "as it is"),
            ("sum(rate(x[5m])) / on() sum(rate(y[5m]))", "as it is"),
            ("nonsense {", "as it is"),
        ] {
            assert_eq!(shown(query), expected, "{query}");
        }
        let both = Some(("x".to_owned(), "y".to_owned()));
        assert_eq!(counters("sum(rate(x[5m]))", "sum(rate(y[5m]))"), both);
        assert_eq!(counters("sum(rate(x[5m]))", "sum(rate(y[50m]))"), None);
    }

    #[test]
    fn one_series_is_certain_only_of_aggregates_over_all() {
        for (query, expected) in [
            ("sum(rate(x[5m])) / sum(rate(y[5m]))", true),
            ("100 * avg(x) or vector(0)", true),
            ("histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) * 1000", true),
            ("clamp_min(max_over_time(sum(x)[5m:1m]), 1)", true),
            ("sum(x{job=\"${job}\"})", true),
            ("histogram_quantile(0.9, rate(x_bucket[5m]))", false),
            ("sum by (pod) (x)", false),
            ("topk(1, x)", false),
            ("rate(x[5m])", false),
            ("x", false),
        ] {
            assert_eq!(has_one_series(query), expected, "{query}");
        }
    }

    #[test]
    fn sums_of_events_grow_with_their_range() {
        let range = Duration::from_secs(300);
        for (query, expected) in [
            ("sum(rate(x{job=\"${SERVICE}\"}[5m]))", true),
            ("sum(increase(x[5m]))", false),
            ("sum(increase(x[1h]))", true),
            ("max_over_time(x[5m:1m]) + sum(rate(x[5m]))", false),
            ("sum(rate(x[5m])) / sum(count_over_time(y[5m]))", false),
        ] {
            assert_eq!(is_steady(query, range), expected, "{query}");
        }
    }
}
