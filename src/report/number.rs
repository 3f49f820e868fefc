//! What the document is made of: finite numbers, and pairs of both arms.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The same thing for both arms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Arms_of_{T}")]
pub struct Arms<T> {
    /// The side that is known to be good.
    pub baseline: T,
    /// The side under judgement.
    pub canary: T,
}

impl<T> Arms<T> {
    /// Each arm with its name, baseline first.
    pub fn named(&self) -> [(&'static str, &T); 2] {
        [("baseline", &self.baseline), ("canary", &self.canary)]
    }
}

/// A finite number of 12 significant digits, so that platforms agree on its text and reading gives back what was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Number {
    /// The number, or nothing for what is not one.
    pub fn new(value: f64) -> Option<Number> {
        if !value.is_finite() {
            return None;
        }
        let rounded = format!("{value:.11e}").parse().unwrap_or(value);
        Some(Number(if f64::is_finite(rounded) { rounded + 0.0 } else { value }))
    }

    /// The number as Rust knows it.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 1e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Number::new(value).ok_or_else(|| serde::de::Error::custom("expected a finite number"))
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}
