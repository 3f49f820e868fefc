//! Single values: texts, numbers, words of a choice, and maps with free names; for the reader and for the JSON Schema alike.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::problem::{At, Complaint, suggestion};
use crate::series::Timestamp;

/// A kind of single value.
pub(crate) trait Scalar: Sized {
    /// Reads its text.
    fn scalar(text: &str) -> Result<Self, Complaint>;
}

impl Scalar for String {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        match text.trim().is_empty() {
            true => Err(Complaint::new("the text is empty").hint("write a name, or leave the key out")),
            false => Ok(text.to_owned()),
        }
    }
}

/// A free text, which may look like a number: `version: 41`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Scalar for Text {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        Ok(Text(text.to_owned()))
    }
}

impl Scalar for f64 {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        match text.trim().replace('_', "").parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(Complaint::new(format!("`{text}` is not a number")).hint("write a plain number: `2`, `1.5`")),
        }
    }
}

impl Scalar for usize {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let number = text.trim().replace('_', "").parse();
        number.map_err(|_| Complaint::new(format!("`{text}` is not a whole number")).hint("write `5`"))
    }
}

impl Scalar for bool {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Complaint::new(format!("`{text}` is neither true nor false")).hint("write `true` or `false`")),
        }
    }
}

impl Scalar for Timestamp {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let hint = "write RFC 3339 with an offset: `2026-11-21T10:00:00Z`, `2026-11-21T12:00:00+02:00`";
        text.trim().parse().map_err(|_| Complaint::new(format!("`{text}` is not an instant")).hint(hint))
    }
}

/// One of a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice<T>(pub(crate) T);

/// The words of a choice.
pub(crate) trait Words: Copy + 'static {
    const NAME: &'static str;
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Words> Scalar for Choice<T> {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        if let Some((_, value)) = T::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Choice(*value));
        }
        let complaint = Complaint::new(format!("`{text}` is not {}", T::NAME));
        Err(complaint.hint(suggestion(text, T::WORDS.iter().map(|(word, _)| *word)).unwrap_or_default()))
    }
}

/// The word for a value.
pub(crate) fn word<T: Words + PartialEq>(value: T) -> &'static str {
    T::WORDS.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

macro_rules! words {
    ($($type:ident, $name:literal: { $($word:literal => $member:ident),+ $(,)? })+) => {$(
        impl $crate::text::scalar::Words for $type {
            const NAME: &'static str = $name;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $type::$member)),+];
        }
    )+};
}

/// A map with free names, in the order written.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub(crate) Vec<(At<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<T> Named<T> {
    /// The entry of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key.value == name).map(|(_, value)| value)
    }

    /// All names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(key, _)| key.value.as_str())
    }
}

/// Whether a text can be the name of a metric, source or label.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let entry = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_.-]+$" },
            "additionalProperties": entry,
        })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Words> JsonSchema for Choice<T> {
    fn schema_name() -> Cow<'static, str> {
        let _ = PhantomData::<T>;
        T::NAME.into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

macro_rules! scalar_schemas {
    ($($type:ident: $schema:tt)+) => {$(
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    )+};
}

scalar_schemas! {
    Text: { "type": ["string", "number", "boolean"] }
}

pub(crate) use {scalar_schemas, words};
