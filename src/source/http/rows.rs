//! An answer taken apart: what says that it failed, and rows as lines of JSON.

use serde_json::{Map, Value};

use super::asked::Shape;
use super::path::Path;
use crate::source::error::Error;

/// So much of a message is quoted.
const QUOTED: usize = 300;

impl Shape {
    /// Whether rows are taken out of JSON, rather than the answer being read as a file.
    pub(super) fn takes_apart(&self) -> bool {
        self.rows.is_some() || !self.columns.is_empty()
    }

    /// What an answer says of its failure.
    pub(super) fn failure(&self, answer: &Value) -> Option<String> {
        let found = self.errors.iter().flat_map(|path| path.find(answer).into_iter().map(move |found| (path, found)));
        let failed: Vec<String> =
            found.filter(|(_, found)| says_something(found)).map(|(path, found)| quote(path, found)).collect();
        (!failed.is_empty()).then(|| failed.join("; "))
    }

    /// The rows of an answer as objects.
    ///
    /// # Errors
    ///
    /// Unreadable: a column has several values in a row, or lists differ in length.
    pub(super) fn rows(&self, answer: &Value) -> Result<Vec<Value>, Error> {
        let Some(rows) = &self.rows else { return self.zipped(answer) };
        let found = rows.find(answer);
        if self.columns.is_empty() {
            return Ok(found.into_iter().cloned().collect());
        }
        found.into_iter().enumerate().map(|(at, row)| self.row(row, at)).collect()
    }

    fn row(&self, row: &Value, at: usize) -> Result<Value, Error> {
        let mut cells = Map::new();
        for (name, path) in &self.columns {
            let cell = match path.find(row).as_slice() {
                [] => Value::Null,
                [one] => scalar(one, name, at)?,
                several => {
                    let problem = format!("row {} has {} values at `{}`", at + 1, several.len(), path.text());
                    return Err(Error::unreadable(problem).column(name).hint("Name one of them: `$[0]`, `$.value`."));
                }
            };
            cells.insert(name.clone(), cell);
        }
        Ok(Value::Object(cells))
    }

    /// Lists of equal length, side by side.
    fn zipped(&self, answer: &Value) -> Result<Vec<Value>, Error> {
        let lists: Vec<(&str, Vec<&Value>)> =
            self.columns.iter().map(|(name, path)| (name.as_str(), path.find(answer))).collect();
        let length = lists.first().map_or(0, |(_, list)| list.len());
        if let Some((name, list)) = lists.iter().find(|(_, list)| list.len() != length) {
            let problem = format!("`{name}` has {} values, and `{}` has {length}", list.len(), lists[0].0);
            return Err(Error::unreadable(problem).hint("Without `rows`, the columns are lists of equal length."));
        }
        let row = |at: usize| {
            let cells = lists.iter().map(|(name, list)| Ok(((*name).to_owned(), scalar(list[at], name, at)?)));
            cells.collect::<Result<Map<_, _>, Error>>().map(Value::Object)
        };
        (0..length).map(row).collect()
    }
}

fn scalar(value: &Value, name: &str, at: usize) -> Result<Value, Error> {
    match value {
        Value::Array(_) | Value::Object(_) => {
            let kind = if value.is_array() { "a list" } else { "an object" };
            let problem = format!("row {} has {kind}, not one value", at + 1);
            Err(Error::unreadable(problem).column(name).hint("Let the path of the column lead to one value."))
        }
        one => Ok(one.clone()),
    }
}

/// Whether what stands at the place of errors is one: not nothing, not `false`, not zero, not empty.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(said) => *said,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

fn quote(path: &Path, found: &Value) -> String {
    let text = match found {
        Value::String(text) => text.clone(),
        other => format!("{} is {other}", path.text()),
    };
    crate::plain::shorten(&text, QUOTED)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn rows_of_pairs_become_columns() {
        let shape = Shape {
            rows: Some(path("$.series[*].pointlist[*]")),
            columns: vec![("time".into(), path("$[0]")), ("value".into(), path("$[1]"))],
            ..Shape::default()
        };
        let answer = json!({ "series": [{ "pointlist": [[1000, 2.5], [2000, null]] }] });
        let rows = shape.rows(&answer).unwrap();
        assert_eq!(rows, [json!({ "time": 1000, "value": 2.5 }), json!({ "time": 2000, "value": null })]);
    }

    #[test]
    fn lists_side_by_side_have_equal_lengths() {
        let columns = vec![("time".into(), path("$.t[*]")), ("value".into(), path("$.v[*]"))];
        let shape = Shape { columns, ..Shape::default() };
        assert_eq!(shape.rows(&json!({ "t": [1], "v": [2] })).unwrap(), [json!({ "time": 1, "value": 2 })]);
        let error = shape.rows(&json!({ "t": [1, 2], "v": [2] })).unwrap_err().to_string();
        assert!(error.contains("`value` has 1 values, and `time` has 2"), "{error}");
    }

    #[test]
    fn an_error_is_what_is_neither_false_nor_empty() {
        let shape = Shape { errors: vec![path("$.errors[*].message"), path("$.timed_out")], ..Shape::default() };
        assert_eq!(shape.failure(&json!({ "errors": [], "timed_out": false })), None);
        assert_eq!(shape.failure(&json!({ "errors": [{ "message": "no" }] })).as_deref(), Some("no"));
        assert_eq!(shape.failure(&json!({ "timed_out": true })).as_deref(), Some("$.timed_out is true"));
    }
}
