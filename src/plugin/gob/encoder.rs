//! Values onto a stream, each by a shape that is known beforehand.

use std::collections::BTreeMap;
use std::io::Write;

use super::value::{Error, Value};

/// The type of a value that is sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::plugin) enum Shape {
    /// A whole number.
    Uint,
    /// A text.
    Text,
    /// A type that encodes itself, by its name.
    Blob(&'static str),
    /// Texts by texts.
    Texts,
    /// A struct: its name, and its fields in their order.
    Struct(&'static str, &'static [(&'static str, Shape)]),
}

/// The first number of a type that both sides do not know.
const FIRST: i64 = 65;
const UINT: i64 = 3;
const TEXT: i64 = 6;

/// Encodes the values of one stream.
pub(in crate::plugin) struct Encoder<W> {
    output: W,
    /// The types that were defined, by name.
    known: BTreeMap<&'static str, i64>,
}

impl<W: Write> Encoder<W> {
    pub(in crate::plugin) fn new(output: W) -> Encoder<W> {
        Encoder { output, known: BTreeMap::new() }
    }

    /// Sends a value, after the definitions that it needs.
    ///
    /// # Errors
    ///
    /// The stream takes no more.
    pub(in crate::plugin) fn send(&mut self, shape: Shape, value: &Value) -> Result<(), Error> {
        let id = self.id(shape)?;
        let mut body = Vec::new();
        int(&mut body, id);
        if !matches!(shape, Shape::Struct(..)) {
            body.push(0);
        }
        write(&mut body, shape, value);
        self.message(&body)
    }

    pub(in crate::plugin) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.output.flush()?)
    }

    fn message(&mut self, body: &[u8]) -> Result<(), Error> {
        let mut whole = Vec::new();
        uint(&mut whole, body.len() as u64);
        whole.extend_from_slice(body);
        Ok(self.output.write_all(&whole)?)
    }

    /// The number of a type, which is defined first where it was not.
    fn id(&mut self, shape: Shape) -> Result<i64, Error> {
        let name = match shape {
            Shape::Uint => return Ok(UINT),
            Shape::Text => return Ok(TEXT),
            Shape::Texts => "map[string]string",
            Shape::Blob(name) | Shape::Struct(name, _) => name,
        };
        if let Some(id) = self.known.get(name) {
            return Ok(*id);
        }
        let fields = match shape {
            Shape::Struct(_, fields) => {
                fields.iter().map(|(name, shape)| Ok((*name, self.id(*shape)?))).collect::<Result<Vec<_>, Error>>()?
            }
            _ => Vec::new(),
        };
        let id = FIRST + i64::try_from(self.known.len()).unwrap_or_default();
        self.known.insert(name, id);
        let mut body = Vec::new();
        int(&mut body, -id);
        define(&mut body, shape, name, id, &fields);
        self.message(&body)?;
        Ok(id)
    }
}

/// The definition of a type: which kind it is, its name and number, and what it consists of.
fn define(out: &mut Vec<u8>, shape: Shape, name: &str, id: i64, fields: &[(&str, i64)]) {
    let kind = match shape {
        Shape::Struct(..) => 3,
        Shape::Texts => 4,
        Shape::Uint | Shape::Text | Shape::Blob(_) => 5,
    };
    uint(out, kind);
    // what all definitions have: the name and the number
    uint(out, 1);
    named(out, name, id);
    match shape {
        Shape::Struct(..) if !fields.is_empty() => {
            uint(out, 1);
            uint(out, fields.len() as u64);
            fields.iter().for_each(|(name, id)| named(out, name, *id));
        }
        Shape::Texts => {
            for _ in ["the keys", "the values"] {
                uint(out, 1);
                int(out, TEXT);
            }
        }
        _ => {}
    }
    // the end of the kind, and of the definition
    out.extend_from_slice(&[0, 0]);
}

/// A struct of a name and a number.
fn named(out: &mut Vec<u8>, name: &str, id: i64) {
    if name.is_empty() {
        uint(out, 2);
    } else {
        uint(out, 1);
        text(out, name);
        uint(out, 1);
    }
    int(out, id);
    out.push(0);
}

/// A value without its type. What a shape does not have is left out.
fn write(out: &mut Vec<u8>, shape: Shape, value: &Value) {
    match (shape, value) {
        (Shape::Uint, Value::Uint(number)) => uint(out, *number),
        (Shape::Text, Value::Text(own)) => text(out, own),
        (Shape::Blob(_), Value::Bytes(bytes)) => blob(out, bytes),
        (Shape::Texts, Value::Map(pairs)) => {
            uint(out, pairs.len() as u64);
            for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
                write(out, Shape::Text, part);
            }
        }
        (Shape::Struct(_, fields), value) => {
            let mut last = 0;
            for (at, (name, shape)) in fields.iter().enumerate() {
                if let Some(field) = value.field(name).filter(|field| !is_zero(field)) {
                    uint(out, (at + 1 - last) as u64);
                    write(out, *shape, field);
                    last = at + 1;
                }
            }
            out.push(0);
        }
        // a value of another shape is the zero of its own
        _ => out.push(0),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Uint(number) => *number == 0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Map(pairs) => pairs.is_empty(),
        _ => false,
    }
}

fn uint(out: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        return out.push(u8::try_from(number).unwrap_or_default());
    }
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    out.push(u8::MAX - u8::try_from(7 - first).unwrap_or_default());
    out.extend_from_slice(&bytes[first..]);
}

fn int(out: &mut Vec<u8>, number: i64) {
    let sign = number < 0;
    let bits = if sign { !number } else { number }.unsigned_abs();
    uint(out, bits << 1 | u64::from(sign));
}

fn text(out: &mut Vec<u8>, text: &str) {
    blob(out, text.as_bytes());
}

fn blob(out: &mut Vec<u8>, bytes: &[u8]) {
    uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
