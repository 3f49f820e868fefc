//! PromQL as far as it can be checked without a server: selectors for counts, expressions for gauges.
//!
//! Where counts are wanted, `rate()` and its kin are refused: they extrapolate and they round restarts away. The answer to
//! such an expression is the selector inside it, so a mistake says what to write instead.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use promql_parser::label::{MatchOp, Matcher, Matchers};
use promql_parser::parser::{
    self, AtModifier, Call, Expr, Function, FunctionArgs, MatrixSelector, Offset, VectorSelector,
};

/// A selector of series, without a range, an offset or an `@`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector(VectorSelector);

/// What is wrong with a text, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes concerned, where they are known.
    pub at: Option<Range<usize>>,
    /// What is wrong.
    pub problem: String,
    /// What to do: one sentence or two.
    pub hint: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.problem, self.hint)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Selector {
    /// The name of the metric, where one is written.
    pub fn name(&self) -> Option<&str> {
        let by_label = |matcher: &&Matcher| matcher.name == "__name__" && matcher.op == MatchOp::Equal;
        let written = || self.0.matchers.matchers.iter().find(by_label).map(|matcher| matcher.value.as_str());
        self.0.name.as_deref().or_else(written)
    }

    /// The same series of another metric.
    pub fn renamed(&self, name: &str) -> Selector {
        let mut own = self.0.clone();
        own.name = Some(name.to_owned());
        own.matchers.matchers.retain(|matcher| matcher.name != "__name__");
        Selector(own)
    }

    /// Whether a series with some labels is one of those that are selected.
    #[cfg_attr(not(feature = "prometheus"), allow(dead_code))]
    pub(super) fn finds<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let is_one = |matcher: &Matcher| matcher.is_match(label(&matcher.name).unwrap_or_default());
        let Matchers { matchers, or_matchers } = &self.0.matchers;
        let is_named = self.0.name.as_deref().is_none_or(|name| label("__name__") == Some(name));
        is_named
            && matchers.iter().all(is_one)
            && (or_matchers.is_empty() || or_matchers.iter().any(|all| all.iter().all(is_one)))
    }

    /// The labels that a series must have to be selected.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let own = self.0.matchers.matchers.iter().filter(|matcher| matcher.name != "__name__" && !matcher.is_match(""));
        own.map(|matcher| matcher.name.as_str())
    }

    /// The labels that its matchers mention, and whether each matcher says what a value is, not only what it is not.
    pub(super) fn mentioned(&self) -> impl Iterator<Item = (&str, bool)> {
        let Matchers { matchers, or_matchers } = &self.0.matchers;
        let all = matchers.iter().chain(or_matchers.iter().flatten());
        all.map(|matcher| (matcher.name.as_str(), matches!(matcher.op, MatchOp::Equal | MatchOp::Re(_))))
    }

    /// Those of the series whose label has a value: the arm's.
    pub fn with(&self, label: &str, value: &str) -> Selector {
        let mut own = self.0.clone();
        let matcher = || Matcher::new(MatchOp::Equal, label, value);
        own.matchers.or_matchers.iter_mut().for_each(|matchers| matchers.push(matcher()));
        if own.matchers.or_matchers.is_empty() {
            own.matchers.matchers.push(matcher());
        }
        Selector(own)
    }
}

/// The selector that a text is.
///
/// # Errors
///
/// The text is no PromQL, or another expression than a selector; then the mistake says which selector to write.
pub fn selector(text: &str) -> Result<Selector, Mistake> {
    let parsed = parsed(text, "http_requests_total{job=\"api\"}")?;
    match unwrapped(&parsed) {
        Expr::VectorSelector(own) if own.offset.is_some() || own.at.is_some() => {
            let plain = plain(own);
            let word = if own.offset.is_some() { "offset" } else { "@" };
            let problem = format!("`{word}` moves a selector in time, and the window of the arm already says when");
            Err(Mistake { at: found(text, word), problem, hint: format!("Write `{plain}`.") })
        }
        Expr::VectorSelector(own) => Ok(Selector(own.clone())),
        Expr::MatrixSelector(own) => Err(Mistake {
            at: text.find('[').map(|from| from..text.rfind(']').map_or(text.len(), |to| to + 1)),
            problem: "a range is written where the window of the arm already says how long".into(),
            hint: format!("Write `{}` without it.", plain(&own.vs)),
        }),
        other => Err(refused(text, other)),
    }
}

/// Checks the expression of a gauge.
///
/// # Errors
///
/// The text is no PromQL, or answers with something else than numbers.
pub fn query(text: &str) -> Result<(), Mistake> {
    match unwrapped(&parsed(text, "avg(process_resident_memory_bytes{job=\"api\"})")?) {
        Expr::MatrixSelector(own) => Err(Mistake {
            at: text.find('[').map(|from| from..text.len()),
            problem: "a range holds many numbers per step, and a gauge has one".into(),
            hint: format!("Write `avg_over_time({own})`, or another function of it."),
        }),
        Expr::StringLiteral(_) => Err(Mistake {
            at: Some(0..text.len()),
            problem: "a text in quotes is not a number".into(),
            hint: "Write an expression that has one number per step.".into(),
        }),
        _ => Ok(()),
    }
}

/// The expression with each selector bound to its last sample in the step, and in the last minute of an expression with
/// shorter steps: a server would repeat it for five minutes after the series has gone. What has a range, an offset or a
/// subquery of its own says itself which samples it means.
#[cfg_attr(not(feature = "prometheus"), allow(dead_code))]
pub(super) fn fresh(text: &str, step: Duration) -> String {
    let Ok(Expr::Call(Call { func: last, .. })) = parser::parse("last_over_time(x[1m])") else {
        return text.to_owned();
    };
    let Ok(mut expression) = parser::parse(text) else { return text.to_owned() };
    let is_plain = matches!(unwrapped(&expression), Expr::VectorSelector(_));
    bind(&mut expression, &last, if is_plain { step } else { step.max(Duration::from_secs(60)) });
    let bound = expression.to_string();
    // what it is written as must be read as the same
    if parser::parse(&bound).is_ok_and(|read| read == expression) { bound } else { text.to_owned() }
}

fn bind(expression: &mut Expr, last: &Function, step: Duration) {
    match expression {
        Expr::VectorSelector(own) if own.offset.is_none() && own.at.is_none() => {
            let range = Expr::MatrixSelector(MatrixSelector { vs: own.clone(), range: step });
            let args = FunctionArgs::new_args(range);
            *expression = Expr::Call(Call { func: last.clone(), args });
        }
        Expr::Paren(inner) => bind(&mut inner.expr, last, step),
        Expr::Unary(inner) => bind(&mut inner.expr, last, step),
        Expr::Aggregate(inner) => bind(&mut inner.expr, last, step),
        Expr::Binary(both) => {
            bind(&mut both.lhs, last, step);
            bind(&mut both.rhs, last, step);
        }
        Expr::Call(Call { args, .. }) => args.args.iter_mut().for_each(|argument| bind(argument, last, step)),
        Expr::VectorSelector(_) | Expr::MatrixSelector(_) | Expr::Subquery(_) => {}
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn parsed(text: &str, example: &str) -> Result<Expr, Mistake> {
    parser::parse(text).map_err(|why| {
        let why = why.trim().trim_end_matches('.');
        let problem = match why.contains("invalid promql query") || why.is_empty() {
            true => "this is not PromQL".to_owned(),
            false => format!("this is not PromQL: {}", crate::plain::line(why)),
        };
        Mistake { at: unclosed(text), problem, hint: format!("A query reads like `{example}`.") }
    })
}

/// What parentheses hold.
fn unwrapped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => unwrapped(&inner.expr),
        other => other,
    }
}

/// The selector without anything that moves it in time.
fn plain(own: &VectorSelector) -> VectorSelector {
    VectorSelector { offset: None::<Offset>, at: None::<AtModifier>, ..own.clone() }
}

/// Why an expression is refused where counts are wanted, with the selectors inside it.
fn refused(text: &str, expression: &Expr) -> Mistake {
    let (mut inside, mut calls) = (Vec::new(), Vec::new());
    collect(expression, &mut inside, &mut calls);
    inside.dedup();
    let called = calls.iter().find(|name| EXTRAPOLATE.contains(&name.as_str())).or(calls.first());
    let (at, problem) = match called {
        Some(name) if EXTRAPOLATE.contains(&name.as_str()) => (
            found(text, name),
            format!("`{name}()` estimates, and counts are wanted here: davy reads the counter itself"),
        ),
        Some(name) => (found(text, name), format!("`{name}()` answers with numbers that are not counts")),
        None => (None, "this is an expression, and counts are wanted here".to_owned()),
    };
    let quantile = calls.iter().any(|name| name == "histogram_quantile");
    let hint = match inside.as_slice() {
        [] => "Write a selector of a counter, such as `http_requests_total{job=\"api\"}`.".to_owned(),
        [one] if quantile => format!("Write the histogram instead: `{one}`."),
        [one] => format!("Write the selector instead: `{one}`."),
        [part, whole] if is_division(expression) => format!("Write `bad: {part}` and `total: {whole}` instead."),
        several => {
            let several: Vec<String> = several.iter().map(|one| format!("`{one}`")).collect();
            format!("Write one of its selectors: {}.", several.join(", "))
        }
    };
    Mistake { at, problem, hint }
}

/// What answers with an estimate where a counter has a count.
const EXTRAPOLATE: [&str; 7] = ["rate", "irate", "increase", "delta", "idelta", "histogram_quantile", "deriv"];

fn is_division(expression: &Expr) -> bool {
    matches!(unwrapped(expression), Expr::Binary(binary) if binary.op.to_string() == "/")
}

/// The selectors of an expression without what moves them in time, and the functions that are called, outside in.
fn collect(expression: &Expr, selectors: &mut Vec<String>, calls: &mut Vec<String>) {
    match expression {
        Expr::VectorSelector(own) => selectors.push(plain(own).to_string()),
        Expr::MatrixSelector(own) => selectors.push(plain(&own.vs).to_string()),
        Expr::Paren(inner) => collect(&inner.expr, selectors, calls),
        Expr::Unary(inner) => collect(&inner.expr, selectors, calls),
        Expr::Subquery(inner) => collect(&inner.expr, selectors, calls),
        Expr::Aggregate(inner) => {
            calls.push(inner.op.to_string());
            collect(&inner.expr, selectors, calls);
        }
        Expr::Binary(both) => {
            collect(&both.lhs, selectors, calls);
            collect(&both.rhs, selectors, calls);
        }
        Expr::Call(Call { func, args }) => {
            calls.push(func.name.to_owned());
            args.args.iter().for_each(|argument| collect(argument, selectors, calls));
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// Where a word stands by itself.
fn found(text: &str, word: &str) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).find_map(|(from, _)| {
        let to = from + word.len();
        let alone = !text[..from].ends_with(is_part) && !text[to..].starts_with(is_part);
        alone.then_some(from..to)
    })
}

/// The first bracket that is closed nowhere or opened nowhere, outside quotes.
fn unclosed(text: &str) -> Option<Range<usize>> {
    let (mut open, mut quote, mut escaped) = (Vec::new(), None, false);
    for (at, c) in text.char_indices() {
        if let Some((_, mark)) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' if mark != '`' => escaped = true,
                c if c == mark => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some((at, c)),
            '(' | '{' | '[' => open.push((at, c)),
            ')' | '}' | ']' => match (open.pop(), c) {
                (Some((_, '(')), ')') | (Some((_, '{')), '}') | (Some((_, '[')), ']') => {}
                _ => return Some(at..at + 1),
            },
            _ => {}
        }
    }
    quote.map(|(at, _)| at..text.len()).or_else(|| open.pop().map(|(at, _)| at..at + 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (String, String, String) {
        let mistake = selector(text).unwrap_err();
        let at = mistake.at.map_or(String::new(), |at| text[at].to_owned());
        (at, mistake.problem, mistake.hint)
    }

    #[test]
    fn selectors_are_taken_as_they_are() {
        for text in ["http_requests_total", r#"x{a="b",c=~"5..",d!="e",f!~"g"}"#, r#"{__name__="x",a="b"}"#, "(up)"] {
            let own = selector(text).unwrap();
            assert_eq!(selector(&own.to_string()), Ok(own), "{text}");
        }
        let own = selector("x{a=\"b\"}").unwrap();
        assert_eq!(own.name(), Some("x"));
        assert_eq!(own.with("version", "v\"2\\").to_string(), r#"x{a="b",version="v\"2\\"}"#);
        assert_eq!(own.renamed("x_bucket").to_string(), r#"x_bucket{a="b"}"#);
        assert_eq!(selector(r#"{__name__="x"}"#).unwrap().name(), Some("x"));
    }

    #[test]
    fn selectors_of_a_gauge_are_bound_to_their_step() {
        let minute = Duration::from_secs(60);
        for (text, bound) in [
            ("x{a=\"b\"}", "last_over_time(x{a=\"b\"}[1m])"),
            ("(x)", "(last_over_time(x[1m]))"),
            ("max by (pod) (x) / 2", "max by (pod) (last_over_time(x[1m])) / 2"),
            ("sum(rate(x[5m]))", "sum(rate(x[5m]))"),
            ("x offset 1h", "x offset 1h"),
            ("max_over_time(x[10m:1m])", "max_over_time(x[10m:1m])"),
            ("clamp_max(x, 3) - y", "clamp_max(last_over_time(x[1m]), 3) - last_over_time(y[1m])"),
        ] {
            assert_eq!(parser::parse(&fresh(text, minute)), parser::parse(bound), "{text}: {}", fresh(text, minute));
        }
    }

    #[test]
    fn a_series_is_one_of_those_or_not() {
        let own = selector(r#"x{a="b",code=~"5..",c!="d"}"#).unwrap();
        let finds = |labels: &[(&str, &'static str)]| {
            own.finds(|name| labels.iter().find(|(own, _)| *own == name).map(|(_, value)| *value))
        };
        assert!(finds(&[("__name__", "x"), ("a", "b"), ("code", "503")]));
        assert!(!finds(&[("__name__", "y"), ("a", "b"), ("code", "503")]));
        assert!(!finds(&[("__name__", "x"), ("a", "b"), ("code", "5030")]), "anchored");
        assert!(
            !finds(&[("__name__", "x"), ("code", "503")])
                && !finds(&[("__name__", "x"), ("a", "b"), ("code", "503"), ("c", "d")])
        );
    }

    #[test]
    fn what_estimates_is_refused_with_the_selector_to_write() {
        let (at, problem, hint) = refusal(r#"sum(rate(http_requests_total{code=~"5.."}[5m]))"#);
        assert_eq!(at, "rate");
        assert!(problem.starts_with("`rate()` estimates"), "{problem}");
        assert_eq!(hint, r#"Write the selector instead: `http_requests_total{code=~"5.."}`."#);
        let (at, _, hint) = refusal("histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))");
        assert_eq!((at.as_str(), hint.as_str()), ("histogram_quantile", "Write the histogram instead: `x_bucket`."));
        let (_, _, hint) = refusal(r#"sum(rate(x{code="500"}[5m])) / sum(rate(x[5m]))"#);
        assert_eq!(hint, r#"Write `bad: x{code="500"}` and `total: x` instead."#);
        assert_eq!(refusal("sum(x)").1, "`sum()` answers with numbers that are not counts");
        assert_eq!(refusal("x[5m]").2, "Write `x` without it.");
        assert_eq!(refusal("x offset 1h"), ("offset".into(), refusal("x offset 1h").1, "Write `x`.".into()));
        assert_eq!(refusal("7").2, "Write a selector of a counter, such as `http_requests_total{job=\"api\"}`.");
    }

    #[test]
    fn what_is_no_promql_is_told_with_its_place() {
        assert_eq!(refusal("x{a=\"b\"").0, "{");
        assert_eq!(refusal("x{a=\"b}").0, "\"b}");
        assert_eq!(refusal("sum(x))").0, ")");
        assert!(refusal("x{a=~\"(\"}").1.contains("PromQL"), "a regular expression that is none");
        assert!(selector("{}").is_err() && selector("").is_err(), "everything is no selection");
        assert!(query("avg(x) / 2").is_ok() && query("x[5m]").is_err() && query("\"x\"").is_err());
    }
}
