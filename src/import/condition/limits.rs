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
            match (is_guard(left), is_guard(right)) {
                (true, true) => Ok(Found { limits: Vec::new(), passes_without_data: !both_hold }),
                (true, false) => guarded(walk(right, denied)?, !both_hold),
                (false, true) => guarded(walk(left, denied)?, !both_hold),
                (false, false) if both_hold => {
                    let (a, b) = (walk(left, denied)?, walk(right, denied)?);
                    let passes_without_data = a.passes_without_data && b.passes_without_data;
                    Ok(Found { limits: a.limits.into_iter().chain(b.limits).collect(), passes_without_data })
                }
                (false, false) => Err("one of two things may hold, and davy's criteria must all hold".into()),
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
    Found { limits: vec![limit], passes_without_data: false }
}

fn guarded(found: Found, passes_without_data: bool) -> Result<Found, String> {
    Ok(Found { passes_without_data: found.passes_without_data || passes_without_data, ..found })
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
    match subject(of) {
        Some(field) => Ok(Limit { field, every: Every::All, ..limit }),
        None => wrong(),
    }
}

/// A comparison of the value, or of what arithmetic makes of it, with a number.
fn compared(op: Op, left: &Expr, right: &Expr) -> Result<Limit, String> {
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
        Expr::Call(name, arguments) if matches!(name.as_str(), "asFloat" | "float" | "asInt" | "int" | "default") => {
            subject(arguments.first()?)
        }
        _ => None,
    }
}

/// Whether an expression looks only at whether there is a usable value.
fn is_guard(expr: &Expr) -> bool {
    match expr {
        Expr::Not(inner) => is_guard(inner),
        Expr::Call(name, _) => matches!(name.as_str(), "isNaN" | "isInf" | "isNil"),
        Expr::Binary(Binary::And | Binary::Or, left, right) => is_guard(left) && is_guard(right),
        Expr::Binary(Binary::Compare(op), left, right) => {
            let is_nil = |expr: &Expr| *expr == Expr::Nil;
            counts_values(*op, left, right) || counts_values(op.turned(), right, left) || is_nil(left) || is_nil(right)
        }
        _ => false,
    }
}

/// Whether a comparison asks for enough values, or for none: `len(result) > 0`, `len(result) == 0`.
fn counts_values(op: Op, left: &Expr, right: &Expr) -> bool {
    let (Expr::Call(name, _), Expr::Number(number)) = (left, right) else { return false };
    let is_none =
        (op == Op::Below && *number <= 1.0) || (matches!(op, Op::AtMost | Op::Equal | Op::NotEqual) && *number == 0.0);
    name == "len" && (is_none || matches!(op, Op::Above | Op::AtLeast))
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
            ("default(result[0], 0) < 5", "value < 5"),
            ("result == \"ok\"", "none: it does not compare the value with a number"),
            ("result[0] < result[1]", "none: it does not compare the value with a number"),
            ("result < 1 || result > 5", "none: one of two things may hold, and davy's criteria must all hold"),
            ("any(result, # < 5)", "none: `any` does not compare every value with one number"),
        ] {
            assert_eq!(shown(parse(condition).and_then(|condition| passing(&condition))), expected, "{condition}");
        }
    }

    #[test]
    fn a_condition_of_failure_leaves_its_opposite() {
        for (condition, expected) in [
            ("result[0] >= 10", "value < 10"),
            ("result > 5 || result < 1", "value <= 5, value >= 1"),
            ("any(result, {# > 3})", "all value <= 3"),
            ("len(result) > 0 && result[0] > 5", "value <= 5 (or no data)"),
            ("isNaN(result) || result > 5", "value <= 5"),
        ] {
            assert_eq!(shown(parse(condition).and_then(|condition| failing(&condition))), expected, "{condition}");
        }
    }
}
