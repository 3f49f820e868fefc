//! The limits that a condition sets on the measured value: what davy can judge as criteria.
//!
//! A condition may ask more, such as a text or two values of one measurement. Then it has no limits, and the reason says why. A
//! guard against missing data (`len(result) > 0`, `isNaN(result) ||`) sets none: without data davy never passes.

use super::tree::{Binary, Expr, Op};

/// Which of the values of a measurement are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Every {
    /// The value, or the first of a vector.
    One,
    /// All of them.
    All,
}

/// A limit on the measured value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    /// The field of the result, if it is one: `successRate`.
    pub(crate) field: Option<String>,
    pub(crate) every: Every,
    pub(crate) op: Op,
    pub(crate) number: f64,
}

/// What was found in a condition.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Found {
    pub(crate) limits: Vec<Limit>,
    /// Whether the controller lets missing data pass.
    pub(crate) passes_without_data: bool,
    /// Whether it asks for more values than one.
    pub(crate) counts_values: bool,
}

/// The limits that hold if a condition does.
///
/// # Errors
///
/// The condition asks something else than limits.
pub(crate) fn passing(condition: &Expr) -> Result<Found, String> {
    walk(condition, false)
}

/// The limits that hold if a condition does not.
///
/// # Errors
///
/// The condition asks something else than limits.
pub(crate) fn failing(condition: &Expr) -> Result<Found, String> {
    walk(condition, true)
}

fn walk(expr: &Expr, denied: bool) -> Result<Found, String> {
    match expr {
        Expr::Not(inner) => walk(inner, !denied),
        Expr::Bool(value) if *value != denied => Ok(Found::default()),
        Expr::Binary(operator @ (Binary::And | Binary::Or), left, right) => {
            let both_hold = (*operator == Binary::And) != denied;
            match [left, right].map(|side| guard(side).map(|guard| if denied { guard.denied() } else { guard })) {
                [Some(a), Some(b)] if a.has_data == b.has_data => {
                    b.guarding(a.guarding(Found::default(), both_hold)?, both_hold)
                }
                [Some(_), Some(_)] => Err("it asks for data and for none".into()),
                [Some(guard), None] => guard.guarding(walk(right, denied)?, both_hold),
                [None, Some(guard)] => guard.guarding(walk(left, denied)?, both_hold),
                [None, None] if both_hold => {
                    let (a, b) = (walk(left, denied)?, walk(right, denied)?);
                    Ok(Found {
                        passes_without_data: a.passes_without_data && b.passes_without_data,
                        counts_values: a.counts_values || b.counts_values,
                        limits: a.limits.into_iter().chain(b.limits).collect(),
                    })
                }
                [None, None] => Err("one of two things may hold, and davy's criteria must all hold".into()),
            }
        }
        Expr::Binary(Binary::Compare(op), left, right) => {
            let op = if denied { op.denied() } else { *op };
            compared(op, left, right).map(found)
        }
        Expr::Call(name, arguments) => quantified(name, arguments, denied).map(found),
        _ => Err("it does not compare the value with a number".into()),
    }
}

fn found(limit: Limit) -> Found {
    Found { limits: vec![limit], ..Found::default() }
}

/// `all(result, # < 10)`, `any`, `none`.
fn quantified(name: &str, arguments: &[Expr], denied: bool) -> Result<Limit, String> {
    let wrong = || Err(format!("`{name}` does not compare every value with one number"));
    let ([of, Expr::Binary(Binary::Compare(op), left, right)], true) =
        (arguments, matches!(name, "all" | "any" | "none"))
    else {
        return wrong();
    };
    // all hold, or none of those that are excluded
    let op = match (name, denied) {
        ("all", false) => *op,
        ("none", false) | ("any", true) => op.denied(),
        _ => return wrong(),
    };
    let limit = compared(op, left, right)?;
    match subject(of).filter(|_| limit.field.is_none()) {
        Some(field) => Ok(Limit { field, every: Every::All, ..limit }),
        None => wrong(),
    }
}

/// A comparison of the value, or of what arithmetic makes of it, with a number.
fn compared(op: Op, left: &Expr, right: &Expr) -> Result<Limit, String> {
    if [left, right].into_iter().any(is_default_of_part) {
        return Err(DEFAULT.into());
    }
    let (a, b) = (linear(left), linear(right));
    let (Some(a), Some(b)) = (a, b) else { return Err("it does not compare the value with a number".into()) };
    let (of, constant, op) = match (&a.of, &b.of) {
        (Some(_), None) => (a, b.constant, op),
        (None, Some(_)) => (b, a.constant, op.turned()),
        _ => return Err("it does not compare the value with a number".into()),
    };
    let number = (constant - of.constant) / of.factor;
    if !number.is_finite() {
        return Err("it does not compare the value with a number".into());
    }
    let op = if of.factor < 0.0 { op.turned() } else { op };
    Ok(Limit { field: of.of.flatten(), every: Every::One, op, number })
}

const DEFAULT: &str = "`default` answers with the whole result, whatever its first argument is: write `default(result, …)`, or ask \
                       for `len(result) > 0` first";

/// `default(result[0], 0)`, which the controller compares as a list.
fn is_default_of_part(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(name, arguments) if name == "default" && arguments.first() != Some(&Expr::Result))
}

/// A constant plus a factor times the value, or a constant alone.
struct Linear {
    constant: f64,
    factor: f64,
    of: Option<Option<String>>,
}

fn linear(expr: &Expr) -> Option<Linear> {
    if let Some(field) = subject(expr) {
        return Some(Linear { constant: 0.0, factor: 1.0, of: Some(field) });
    }
    match expr {
        Expr::Number(number) => Some(Linear { constant: *number, factor: 0.0, of: None }),
        Expr::Minus(inner) => {
            let inner = linear(inner)?;
            Some(Linear { constant: -inner.constant, factor: -inner.factor, of: inner.of })
        }
        Expr::Binary(operator, left, right) => {
            let (a, b) = (linear(left)?, linear(right)?);
            match operator {
                Binary::Plus | Binary::Minus => {
                    let sign = if *operator == Binary::Minus { -1.0 } else { 1.0 };
                    let of = match (a.of, b.of) {
                        (Some(_), Some(_)) => return None,
                        (a, b) => a.or(b),
                    };
                    Some(Linear { constant: a.constant + sign * b.constant, factor: a.factor + sign * b.factor, of })
                }
                Binary::Times if a.of.is_none() => Some(scaled(b, a.constant)),
                Binary::Times if b.of.is_none() => Some(scaled(a, b.constant)),
                Binary::Over if b.of.is_none() => Some(scaled(a, 1.0 / b.constant)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn scaled(of: Linear, by: f64) -> Linear {
    Linear { constant: of.constant * by, factor: of.factor * by, of: of.of }
}

/// What is the measured value itself: `result`, `result[0]`, `result.field`, `asFloat(result)`, `default(result, 0)`, `#`.
fn subject(expr: &Expr) -> Option<Option<String>> {
    match expr {
        Expr::Result | Expr::Item => Some(None),
        Expr::Index(of, index) if **index == Expr::Number(0.0) => subject(of),
        Expr::Field(of, field) => Some(Some(match subject(of)? {
            Some(outer) => format!("{outer}.{field}"),
            None => field.clone(),
        })),
        Expr::Call(name, arguments) if matches!(name.as_str(), "asFloat" | "float") => subject(arguments.first()?),
        Expr::Call(name, _) if name == "default" => (!is_default_of_part(expr)).then_some(None),
        _ => None,
    }
}

/// What only asks whether there is a usable value.
#[derive(Debug, Clone, PartialEq)]
struct Guard {
    /// Whether it holds with data, or without.
    has_data: bool,
    /// The field that it looks at.
    field: Option<String>,
    /// Whether it asks for more values than one.
    counts_values: bool,
}

impl Guard {
    fn denied(self) -> Guard {
        Guard { has_data: !self.has_data, ..self }
    }

    /// What is found beside the guard. It is harmless only where data must be there, or where missing data passes.
    fn guarding(&self, found: Found, both_hold: bool) -> Result<Found, String> {
        let is_of_guard = |limit: &Limit| match (&self.field, &limit.field) {
            (None, _) => true,
            (Some(own), of) => of.as_ref().is_some_and(|of| of == own || of.starts_with(&format!("{own}."))),
        };
        let found = Found { counts_values: found.counts_values || self.counts_values, ..found };
        match (self.has_data, both_hold) {
            (true, true) if !found.limits.iter().all(is_of_guard) => {
                Err("it asks for data of one field, and compares another".into())
            }
            (true, true) => Ok(found),
            (false, false) => Ok(Found { passes_without_data: true, ..found }),
            (true, false) => Err("it holds for any data, whatever the value is".into()),
            (false, true) => Err("it holds only without data".into()),
        }
    }
}

/// The guard that an expression is.
fn guard(expr: &Expr) -> Option<Guard> {
    match expr {
        Expr::Not(inner) => guard(inner).map(Guard::denied),
        Expr::Call(name, arguments) if matches!(name.as_str(), "isNaN" | "isInf" | "isNil") => {
            Some(Guard { has_data: false, field: subject(arguments.first()?)?, counts_values: false })
        }
        Expr::Binary(operator @ (Binary::And | Binary::Or), left, right) => {
            let (a, b) = (guard(left)?, guard(right)?);
            // data for both, or none for one of them
            let is_one = a.has_data == b.has_data && a.has_data == (*operator == Binary::And) && a.field == b.field;
            is_one.then_some(Guard { counts_values: a.counts_values || b.counts_values, ..a })
        }
        Expr::Binary(Binary::Compare(op), left, right) => {
            compares_presence(*op, left, right).or_else(|| compares_presence(op.turned(), right, left))
        }
        _ => None,
    }
}

/// A comparison with `nil`, or of the number of values: `len(result) > 0`. Of a field more values than one may be asked for.
fn compares_presence(op: Op, left: &Expr, right: &Expr) -> Option<Guard> {
    if *right == Expr::Nil {
        let has_data = match op {
            Op::NotEqual => true,
            Op::Equal => false,
            _ => return None,
        };
        return Some(Guard { has_data, field: subject(left)?, counts_values: false });
    }
    let (Expr::Call(name, arguments), Expr::Number(number)) = (left, right) else { return None };
    let field = subject(arguments.first().filter(|_| name == "len")?)?;
    // the least number of values with which it holds, or up to which it fails
    let (has_data, least) = match op {
        Op::Above => (true, number + 1.0),
        Op::AtLeast => (true, *number),
        Op::NotEqual if *number == 0.0 => (true, 1.0),
        Op::Below => (false, *number),
        Op::AtMost => (false, number + 1.0),
        Op::Equal if *number == 0.0 => (false, 1.0),
        _ => return None,
    };
    let counts_values = least > 1.0;
    (least > 0.0 && (!counts_values || field.is_some())).then_some(Guard { has_data, field, counts_values })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;

    fn shown(found: Result<Found, String>) -> String {
        let of = |limit: &Limit| {
            let every = if limit.every == Every::All { "all " } else { "" };
            let field = limit.field.as_deref().unwrap_or("value");
            format!("{every}{field} {} {}", limit.op.sign(), crate::import::number::plain(limit.number))
        };
        match found {
            Ok(found) => {
                let limits: Vec<String> = found.limits.iter().map(of).collect();
                format!("{}{}", limits.join(", "), if found.passes_without_data { " (or no data)" } else { "" })
            }
            Err(why) => format!("none: {why}"),
        }
    }

    #[test]
    fn limits_are_found_in_conditions() {
        for (condition, expected) in [
            ("result[0] >= 0.95", "value >= 0.95"),
            ("0.95 <= result[0]", "value >= 0.95"),
            ("isNaN(result) || result >= 0.95", "value >= 0.95 (or no data)"),
            ("len(result) > 0 && result[0] >= 0.95", "value >= 0.95"),
            ("len(result) == 0 or result[0] < 5", "value < 5 (or no data)"),
            ("result >= 1 and result <= 5", "value >= 1, value <= 5"),
            ("!(result > 5)", "value <= 5"),
            ("all(result, # < 1000)", "all value < 1000"),
            ("none(result, {# > 3})", "all value <= 3"),
            ("not any(result, {# > 3})", "all value <= 3"),
            ("result.successRate >= 0.95", "successRate >= 0.95"),
            ("asFloat(result) * 100 <= 5", "value <= 0.05"),
            ("1 - result[0] < 0.05", "value > 0.95"),
            ("len(result[0].Values) >= 5 and all(result[0].Values, {# <= 0.01})", "all Values <= 0.01"),
            ("default(result, 0) < 5", "value < 5"),
            ("len(result) > 0 && !isNaN(result[0]) && result[0] < 5", "value < 5"),
            ("result != nil || result < 5", "none: it holds for any data, whatever the value is"),
            ("len(result) == 0 && result[0] < 5", "none: it holds only without data"),
            ("result[0] < 5 && len(result) >= 3", "none: it does not compare the value with a number"),
            ("!isNaN(result.a) && result.b < 5", "none: it asks for data of one field, and compares another"),
            ("int(result[0]) > 99", "none: it does not compare the value with a number"),
            ("all(result, {#.value < 5})", "none: `all` does not compare every value with one number"),
            ("result == \"ok\"", "none: it does not compare the value with a number"),
            ("result[0] < result[1]", "none: it does not compare the value with a number"),
            ("result < 1 || result > 5", "none: one of two things may hold, and davy's criteria must all hold"),
            ("any(result, # < 5)", "none: `any` does not compare every value with one number"),
        ] {
            assert_eq!(shown(parse(condition).and_then(|condition| passing(&condition))), expected, "{condition}");
        }
    }

    #[test]
    fn a_default_of_a_part_is_one_of_the_whole() {
        let found = parse("default(result[0], 0) < 5").and_then(|condition| passing(&condition));
        assert_eq!(found, Err(DEFAULT.to_owned()));
    }

    #[test]
    fn a_condition_of_failure_leaves_its_opposite() {
        for (condition, expected) in [
            ("result[0] >= 10", "value < 10"),
            ("result > 5 || result < 1", "value <= 5, value >= 1"),
            ("any(result, {# > 3})", "all value <= 3"),
            ("len(result) > 0 && result[0] > 5", "value <= 5 (or no data)"),
            ("isNaN(result) || result > 5", "value <= 5"),
            ("len(result) > 0 || result[0] > 5", "none: it holds only without data"),
            ("len(result) < 3 || result[0] > 5", "none: it does not compare the value with a number"),
        ] {
            assert_eq!(shown(parse(condition).and_then(|condition| failing(&condition))), expected, "{condition}");
        }
    }
}
