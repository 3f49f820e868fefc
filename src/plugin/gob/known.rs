//! The types of a stream: those that both sides know, and those that were defined on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::{Error, Value, wrong};

/// The most types of one stream, and the most fields of all of them. A call of Argo Rollouts defines 234 types, because a
/// metric can hold a whole job.
const MOST_TYPES: usize = 4_096;
const MOST_FIELDS: usize = 65_536;

/// What a value of a type consists of.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    Text,
    Complex,
    Interface,
    List(i64),
    Map(i64, i64),
    Struct(Arc<[(Arc<str>, i64)]>),
    /// A type that encodes itself.
    Blob,
}

/// The type of definitions.
pub(super) const DEFINITION: i64 = 16;
/// What every definition begins with.
const COMMON: i64 = 18;
const INT: i64 = 2;
const TEXT: i64 = 6;

/// The types that a stream knows by now.
#[derive(Debug)]
pub(super) struct Types {
    known: BTreeMap<i64, Type>,
    fields: usize,
}

impl Types {
    /// Those that both sides know: simple ones, and those that definitions are made of.
    pub(super) fn new() -> Types {
        let record =
            |fields: &[(&str, i64)]| Type::Struct(fields.iter().map(|(name, id)| ((*name).into(), *id)).collect());
        let known = [
            (1, Type::Bool),
            (INT, Type::Int),
            (3, Type::Uint),
            (4, Type::Float),
            (5, Type::Bytes),
            (TEXT, Type::Text),
            (7, Type::Complex),
            (8, Type::Interface),
            (
                DEFINITION,
                record(&[
                    ("Array", 17),
                    ("Slice", 19),
                    ("Struct", 20),
                    ("Map", 23),
                    ("Blob", 24),
                    ("Blob", 24),
                    ("Blob", 24),
                ]),
            ),
            (17, record(&[("Common", COMMON), ("Elem", INT), ("Len", INT)])),
            (COMMON, record(&[("Name", TEXT), ("Id", INT)])),
            (19, record(&[("Common", COMMON), ("Elem", INT)])),
            (20, record(&[("Common", COMMON), ("Fields", 22)])),
            (21, record(&[("Name", TEXT), ("Id", INT)])),
            (22, Type::List(21)),
            (23, record(&[("Common", COMMON), ("Key", INT), ("Elem", INT)])),
            (24, record(&[("Common", COMMON)])),
        ];
        Types { known: known.into(), fields: 0 }
    }

    pub(super) fn get(&self, id: i64) -> Result<&Type, Error> {
        self.known.get(&id).map_or_else(|| wrong(format!("type {id} is not defined")), Ok)
    }

    /// Takes a definition.
    pub(super) fn define(&mut self, id: i64, definition: &Value) -> Result<(), Error> {
        if self.known.contains_key(&id) {
            return wrong(format!("type {id} is defined twice"));
        }
        let id_of = |value: &Value, name: &str| match value.field(name) {
            Some(Value::Int(id)) => *id,
            _ => 0,
        };
        let Value::Struct(kinds) = definition else { return wrong("a definition that is not a struct") };
        let [(kind, of)] = &kinds[..] else { return wrong("a definition of no type, or of several") };
        let defined = match &**kind {
            "Array" | "Slice" => Type::List(id_of(of, "Elem")),
            "Map" => Type::Map(id_of(of, "Key"), id_of(of, "Elem")),
            "Struct" => {
                let field = |field: &Value| {
                    let name = field.field("Name").and_then(Value::text).unwrap_or_default();
                    (name.into(), id_of(field, "Id"))
                };
                Type::Struct(of.field("Fields").map_or(&[][..], Value::list).iter().map(field).collect())
            }
            _ => Type::Blob,
        };
        if let Type::Struct(fields) = &defined {
            self.fields += fields.len();
        }
        if self.known.len() >= MOST_TYPES {
            return Err(Error::TooLarge { most: MOST_TYPES, of: "types" });
        }
        if self.fields > MOST_FIELDS {
            return Err(Error::TooLarge { most: MOST_FIELDS, of: "fields" });
        }
        self.known.insert(id, defined);
        Ok(())
    }
}
