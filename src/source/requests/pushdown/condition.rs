//! Conditions on rows in SQL, with the meaning that [`Compiled`](crate::source::requests::condition::Compiled) gives them: each
//! is true or false and never unknown.

use super::Refused;
use super::value::Columns;
use crate::source::requests::Condition;
use crate::source::requests::condition::{Literal, Relation, Test};

/// A condition that is true or false.
pub(super) fn holds(columns: &Columns, condition: &Condition) -> Result<String, Refused> {
    let joined = |parts: &[Condition], word: &str, none: &str| {
        let parts = parts.iter().map(|part| holds(columns, part)).collect::<Result<Vec<_>, _>>()?;
        Ok(if parts.is_empty() { none.to_owned() } else { format!("({})", parts.join(word)) })
    };
    match condition {
        Condition::Is(test) => is(columns, test),
        Condition::Not(inner) => Ok(format!("NOT {}", holds(columns, inner)?)),
        Condition::All(parts) => joined(parts, " AND ", "1 = 1"),
        Condition::Any(parts) => joined(parts, " OR ", "1 = 0"),
    }
}

fn is(columns: &Columns, test: &Test) -> Result<String, Refused> {
    let dialect = columns.dialect;
    let condition = match (test.relation, test.values.first()) {
        (Relation::Like, Some(Literal::Text(pattern))) => {
            let text = columns.text(&test.column)?;
            dialect.like(&text, &like(pattern)?)?
        }
        (Relation::Like, _) => {
            let hint = "write the pattern in quotes: `like \"5*\"`";
            return Err(Refused::new(format!("`{test}` is like a number"), hint).about(&test.column));
        }
        (Relation::In, _) => {
            let each = test.values.iter().map(|value| equal(columns, &test.column, value));
            format!("({})", each.collect::<Result<Vec<_>, _>>()?.join(" OR "))
        }
        (Relation::Equal, Some(value)) => equal(columns, &test.column, value)?,
        (Relation::Unequal, Some(value)) => {
            return Ok(format!("NOT {}", dialect.known(&equal(columns, &test.column, value)?)));
        }
        (relation, Some(Literal::Number(limit))) => ordered(columns, &test.column, relation, *limit)?,
        (_, Some(Literal::Text(_)) | None) => {
            let hint = "compare with a number";
            return Err(Refused::new(format!("there is no order among texts in `{test}`"), hint).about(&test.column));
        }
    };
    Ok(dialect.known(&condition))
}

fn ordered(columns: &Columns, column: &str, relation: Relation, limit: f64) -> Result<String, Refused> {
    let (number, dialect) = (columns.number(column)?, columns.dialect);
    let sign = match relation {
        Relation::Less => "<",
        Relation::AtMost => "<=",
        Relation::More => ">",
        _ => ">=",
    };
    // some engines take what is no number for the largest
    let guard = format!("NOT {}", dialect.known(&dialect.is_nan(&number)));
    Ok(format!("({number} {sign} {} AND {guard})", dialect.number(limit)))
}

/// Whether a cell is a value; unknown where it is missing.
fn equal(columns: &Columns, column: &str, value: &Literal) -> Result<String, Refused> {
    let dialect = columns.dialect;
    match value {
        Literal::Number(number) => Ok(format!("{} = {}", columns.number(column)?, dialect.number(*number))),
        Literal::Text(text) => {
            let cell = dialect.trimmed(&columns.text(column)?);
            let is_truth = matches!(text.as_str(), "true" | "false");
            let cell = if is_truth { format!("LOWER({cell})") } else { cell };
            Ok(format!("{cell} = {}", dialect.literal(text)?))
        }
    }
}

/// A pattern of davy's as one of `LIKE`: `*` and `?` become `%` and `_`, which stand for themselves after a backslash.
fn like(pattern: &str) -> Result<String, Refused> {
    if pattern.contains(['[', ']']) || pattern.contains("**") {
        let hint = "write several patterns with `*` and `?`, joined by `or`";
        return Err(Refused::new(format!("SQL has no pattern like {pattern:?}"), hint).about(pattern));
    }
    let mut written = String::new();
    for c in pattern.chars() {
        match c {
            '*' => written.push('%'),
            '?' => written.push('_'),
            '%' | '_' | '\\' => written.extend(['\\', c]),
            c => written.push(c),
        }
    }
    Ok(written)
}
