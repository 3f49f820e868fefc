//! The answer of a condition for one measurement, as the controller gives it: true, false, or an error.

use super::tree::{Binary, Expr, Op};

/// What was measured, or an intermediate value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// The value that a measurement records: JSON, with NaN and infinities beside it, or else a text.
    pub(crate) fn recorded(text: &str) -> Value {
        let text = text.trim();
        if let Some(number) = special(text) {
            return Value::Number(number);
        }
        if let Ok(json) = serde_json::from_str(text) {
            return Value::of(&json);
        }
        // a vector with values that JSON does not know: [NaN]
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let items =
            inner.map(|inner| inner.split(',').map(|item| special(item.trim()).or_else(|| item.trim().parse().ok())));
        match items.and_then(|items| items.collect::<Option<Vec<f64>>>()) {
            Some(numbers) => Value::List(numbers.into_iter().map(Value::Number).collect()),
            None => Value::Text(text.to_owned()),
        }
    }

    fn of(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => Value::List(items.iter().map(Value::of).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.iter().map(|(key, value)| (key.clone(), Value::of(value))).collect())
            }
        }
    }

    /// The one number that it holds.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::List(items) => match &items[..] {
                [one] => one.number(),
                _ => None,
            },
            _ => None,
        }
    }
}

fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Inf" | "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Whether a condition holds for a measured value.
///
/// # Errors
///
/// It cannot be evaluated, and the measurement is an error: an element that does not exist, a text that is not a number.
pub(crate) fn evaluate(condition: &Expr, result: &Value) -> Result<bool, String> {
    match value(condition, &Scope { result, item: None })? {
        Value::Bool(holds) => Ok(holds),
        other => Err(format!("the condition answers with {}, not with true or false", kind(&other))),
    }
}

struct Scope<'v> {
    result: &'v Value,
    item: Option<&'v Value>,
}

fn value(expr: &Expr, scope: &Scope) -> Result<Value, String> {
    match expr {
        Expr::Number(number) => Ok(Value::Number(*number)),
        Expr::Text(text) => Ok(Value::Text(text.clone())),
        Expr::Bool(value) => Ok(Value::Bool(*value)),
        Expr::Nil => Ok(Value::Nil),
        Expr::List(items) => items.iter().map(|item| value(item, scope)).collect::<Result<_, _>>().map(Value::List),
        Expr::Result => Ok(scope.result.clone()),
        Expr::Item => scope.item.cloned().ok_or_else(|| "`#` stands outside of a closure".into()),
        Expr::Field(of, field) => match value(of, scope)? {
            Value::Map(entries) => {
                Ok(entries.into_iter().find(|(key, _)| key == field).map_or(Value::Nil, |(_, value)| value))
            }
            other => Err(format!("{} has no field `{field}`", kind(&other))),
        },
        Expr::Index(of, index) => element(&value(of, scope)?, number(index, scope)?),
        Expr::Call(name, arguments) => call(name, arguments, scope),
        Expr::Not(of) => Ok(Value::Bool(!truth(of, scope)?)),
        Expr::Minus(of) => Ok(Value::Number(-number(of, scope)?)),
        Expr::Binary(operator, left, right) => binary(*operator, left, right, scope),
        Expr::Choice(condition, yes, no) => value(if truth(condition, scope)? { yes } else { no }, scope),
    }
}

fn element(of: &Value, index: f64) -> Result<Value, String> {
    let Value::List(items) = of else { return Err(format!("{} has no elements", kind(of))) };
    let at = if index < 0.0 { items.len() as f64 + index } else { index };
    items
        .get(at as usize)
        .filter(|_| at >= 0.0)
        .cloned()
        .ok_or_else(|| format!("index out of range: {index} of {}", items.len()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "a truth",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

fn truth(expr: &Expr, scope: &Scope) -> Result<bool, String> {
    match value(expr, scope)? {
        Value::Bool(value) => Ok(value),
        other => Err(format!("{} is not true or false", kind(&other))),
    }
}

fn number(expr: &Expr, scope: &Scope) -> Result<f64, String> {
    match value(expr, scope)? {
        Value::Number(number) => Ok(number),
        other => Err(format!("{} is not a number", kind(&other))),
    }
}

fn list(expr: &Expr, scope: &Scope) -> Result<Vec<Value>, String> {
    match value(expr, scope)? {
        Value::List(items) => Ok(items),
        other => Err(format!("{} is not a list", kind(&other))),
    }
}

fn binary(operator: Binary, left: &Expr, right: &Expr, scope: &Scope) -> Result<Value, String> {
    match operator {
        Binary::And => Ok(Value::Bool(truth(left, scope)? && truth(right, scope)?)),
        Binary::Or => Ok(Value::Bool(truth(left, scope)? || truth(right, scope)?)),
        Binary::IfNil => match value(left, scope)? {
            Value::Nil => value(right, scope),
            known => Ok(known),
        },
        Binary::Compare(op) => compared(op, &value(left, scope)?, &value(right, scope)?).map(Value::Bool),
        Binary::In => {
            let (one, all) = (value(left, scope)?, value(right, scope)?);
            match all {
                Value::List(items) => Ok(Value::Bool(items.iter().any(|item| equal(&one, item)))),
                Value::Map(entries) => {
                    Ok(Value::Bool(entries.iter().any(|(key, _)| equal(&one, &Value::Text(key.clone())))))
                }
                other => Err(format!("{} holds nothing", kind(&other))),
            }
        }
        Binary::Contains | Binary::StartsWith | Binary::EndsWith | Binary::Matches => {
            texts(operator, left, right, scope)
        }
        Binary::Plus | Binary::Minus | Binary::Times | Binary::Over | Binary::Modulo | Binary::Power => {
            let (a, b) = (number(left, scope)?, number(right, scope)?);
            Ok(Value::Number(match operator {
                Binary::Plus => a + b,
                Binary::Minus => a - b,
                Binary::Times => a * b,
                Binary::Over => a / b,
                Binary::Modulo => a % b,
                _ => a.powf(b),
            }))
        }
    }
}

fn texts(operator: Binary, left: &Expr, right: &Expr, scope: &Scope) -> Result<Value, String> {
    let (Value::Text(own), Value::Text(part)) = (value(left, scope)?, value(right, scope)?) else {
        return Err("only texts can be searched".into());
    };
    Ok(Value::Bool(match operator {
        Binary::Contains => own.contains(&part),
        Binary::StartsWith => own.starts_with(&part),
        Binary::EndsWith => own.ends_with(&part),
        _ => return Err("`matches` is not evaluated".into()),
    }))
}

fn compared(op: Op, left: &Value, right: &Value) -> Result<bool, String> {
    match (op, left, right) {
        (Op::Equal, a, b) => Ok(equal(a, b)),
        (Op::NotEqual, a, b) => Ok(!equal(a, b)),
        (op, Value::Number(a), Value::Number(b)) => Ok(op.holds(*a, *b)),
        (op, Value::Text(a), Value::Text(b)) => Ok(match op {
            Op::Below => a < b,
            Op::AtMost => a <= b,
            Op::Above => a > b,
            _ => a >= b,
        }),
        (_, a, b) => Err(format!("{} cannot be compared with {}", kind(a), kind(b))),
    }
}

/// A measurement records `true` for the truth and for the text alike.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Bool(truth), Value::Text(text)) | (Value::Text(text), Value::Bool(truth)) => *text == truth.to_string(),
        (Value::Number(number), Value::Text(text)) | (Value::Text(text), Value::Number(number)) => {
            *text == number.to_string()
        }
        (a, b) => a == b,
    }
}

fn call(name: &str, arguments: &[Expr], scope: &Scope) -> Result<Value, String> {
    let [first, ..] = arguments else { return Err(format!("`{name}` needs an argument")) };
    match name {
        "len" => length(&value(first, scope)?),
        "asFloat" | "float" => as_number(&value(first, scope)?).map(Value::Number),
        "asInt" | "int" => as_number(&value(first, scope)?).map(|number| Value::Number(number.trunc())),
        "string" => match value(first, scope)? {
            Value::Number(number) => Ok(Value::Text(number.to_string())),
            Value::Bool(truth) => Ok(Value::Text(truth.to_string())),
            other => Ok(other),
        },
        "abs" => Ok(Value::Number(number(first, scope)?.abs())),
        "isNaN" => Ok(Value::Bool(number(first, scope)?.is_nan())),
        "isInf" => Ok(Value::Bool(number(first, scope)?.is_infinite())),
        // the controller's `isNil` and `default` look at the whole result, whatever their argument is
        "isNil" => value(first, scope).map(|_| Value::Bool(*scope.result == Value::Nil)),
        "default" => match (value(first, scope)?, scope.result, arguments.get(1)) {
            (_, Value::Nil, Some(other)) => value(other, scope),
            (_, whole, _) => Ok(whole.clone()),
        },
        "first" => element(&value(first, scope)?, 0.0),
        "last" => element(&value(first, scope)?, -1.0),
        "mean" | "median" | "min" | "max" => aggregate(name, &list(first, scope)?),
        _ => each(name, &list(first, scope)?, arguments.get(1), scope),
    }
}

fn length(of: &Value) -> Result<Value, String> {
    match of {
        Value::List(items) => Ok(Value::Number(items.len() as f64)),
        Value::Map(entries) => Ok(Value::Number(entries.len() as f64)),
        Value::Text(text) => Ok(Value::Number(text.chars().count() as f64)),
        other => Err(format!("{} has no length", kind(other))),
    }
}

fn as_number(of: &Value) -> Result<f64, String> {
    match of {
        Value::Number(number) => Ok(*number),
        Value::Text(text) => {
            special(text).or_else(|| text.parse().ok()).ok_or_else(|| format!("\"{text}\" is not a number"))
        }
        other => Err(format!("{} is not a number", kind(other))),
    }
}

fn aggregate(name: &str, items: &[Value]) -> Result<Value, String> {
    let mut numbers = items.iter().map(as_number).collect::<Result<Vec<f64>, String>>()?;
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len();
    let (Some(least), Some(most)) = (numbers.first(), numbers.last()) else { return Err("the list is empty".into()) };
    Ok(Value::Number(match name {
        "min" => *least,
        "max" => *most,
        "mean" => numbers.iter().sum::<f64>() / n as f64,
        _ => (numbers[(n - 1) / 2] + numbers[n / 2]) / 2.0,
    }))
}

/// A function that looks at each element.
fn each(name: &str, items: &[Value], closure: Option<&Expr>, scope: &Scope) -> Result<Value, String> {
    let of = |item: &Value| match closure {
        Some(closure) => value(closure, &Scope { result: scope.result, item: Some(item) }),
        None => Ok(item.clone()),
    };
    let values = items.iter().map(of).collect::<Result<Vec<Value>, String>>()?;
    let holds = || values.iter().filter(|value| **value == Value::Bool(true)).count();
    match name {
        "all" => Ok(Value::Bool(holds() == items.len())),
        "any" => Ok(Value::Bool(holds() > 0)),
        "none" => Ok(Value::Bool(holds() == 0)),
        "one" => Ok(Value::Bool(holds() == 1)),
        "count" => Ok(Value::Number(holds() as f64)),
        "sum" => values.iter().map(as_number).sum::<Result<f64, String>>().map(Value::Number),
        "map" => Ok(Value::List(values)),
        "filter" => {
            let kept = items.iter().zip(&values).filter(|(_, kept)| **kept == Value::Bool(true));
            Ok(Value::List(kept.map(|(item, _)| item.clone()).collect()))
        }
        other => Err(format!("`{other}` is not evaluated")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;

    fn answer(condition: &str, recorded: &str) -> Result<bool, String> {
        evaluate(&parse(condition)?, &Value::recorded(recorded))
    }

    #[test]
    fn conditions_answer_as_the_controller_does() {
        for (condition, recorded, expected) in [
            ("result[0] >= 0.95", "[0.97]", true),
            ("result[0] >= 0.95", "[0.9]", false),
            ("isNaN(result) || result >= 0.95", "NaN", true),
            ("result >= 0.95", "NaN", false),
            ("result >= 0.95", "+Inf", true),
            ("isInf(result)", "+Inf", true),
            ("len(result) > 0 && result[0] >= 0.95", "[]", false),
            ("all(result, # < 1000)", "[10, 999]", true),
            ("all(result, {# < 1000})", "[10, 1000]", false),
            ("not any(result, {# > 5})", "[1, 2]", true),
            ("result == \"true\"", "false", false),
            ("result == true", "true", true),
            ("result.ok && result.successPercent >= 0.90", "{\"ok\": true, \"successPercent\": 0.95}", true),
            ("all(result.values, {asFloat(.value) >= 9900})", "{\"values\": [{\"value\": \"9950\"}]}", true),
            ("result in [1, 2]", "2", true),
            ("result not in [1, 2]", "2", false),
            ("default(result, 0) < 5", "null", true),
            ("default(result.missing, 0) == result", "{\"a\": 1}", true),
            ("isNil(result.missing)", "{\"a\": 1}", false),
            ("result[len(result)-1] <= result[len(result)-2]", "[5, 4]", true),
            ("2 ** 3 == 8 and -result < 1 + 2 * 3", "4", true),
            ("result > 1 ? result < 3 : false", "2", true),
        ] {
            assert_eq!(answer(condition, recorded), Ok(expected), "{condition} of {recorded}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        assert_eq!(answer("result[0] >= 0.95", "[]"), Err("index out of range: 0 of 0".into()));
        assert!(answer("results[0] >= 90", "[1]").unwrap_err().contains("did you mean `result`?"));
        for (condition, recorded) in [
            ("result", "1"),
            ("result[0] >", "[1]"),
            ("asFloat(result) > 1", "\"x\""),
            ("default(result[0], 0) < 5", "[3]"),
            ("default(result[0], 0) < 5", "[]"),
            ("result >= 1)", "1"),
            ("", "1"),
        ] {
            assert!(answer(condition, recorded).is_err(), "{condition}");
        }
    }
}
