//! The members of a document, by their names and paths.

use serde_json::{Map, Value};

/// A document.
pub(in crate::source) type Object = Map<String, Value>;

/// The only array of objects in a document, which may be one object deeper: `{"data": {"rows": […]}}`.
pub(super) fn sole_array(document: &Object) -> Option<&Vec<Value>> {
    let arrays = |object: &'_ Object| object.values().filter(|value| value.is_array()).count();
    let objects = |value: &'_ Value| {
        value.as_array().is_some_and(|array| !array.is_empty() && array.iter().all(Value::is_object))
    };
    if arrays(document) == 1 {
        return document.values().find(|value| objects(value))?.as_array();
    }
    let mut inner = document.values().filter_map(Value::as_object).filter(|object| arrays(object) > 0);
    match (arrays(document), inner.next(), inner.next()) {
        (0, Some(object), None) => sole_array(object),
        _ => None,
    }
}

/// A member by its path.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The text of a member.
pub(super) fn text<'v>(object: &'v Object, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

/// The elements of a member that is an array.
pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A whole number, which JSON of Protobuf has as a text.
pub(super) fn whole(value: &Value, name: &str) -> Option<u64> {
    let value = value.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Attributes of OpenTelemetry by their keys: `{"key": …, "value": {"stringValue": …}}`.
pub(super) fn attributes(all: Option<&Value>) -> impl Iterator<Item = (String, &Value)> {
    list(all).filter_map(|one| {
        let value = one.get("value")?.as_object()?.values().next()?;
        Some((one.get("key")?.as_str()?.to_owned(), value))
    })
}
