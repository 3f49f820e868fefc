//! Values from a stream.

use std::io::Read;

use super::known::{DEFINITION, Type, Types};
use super::message::Message;
use super::value::{DEEPEST, Error, MOST_BYTES, MOST_VALUES, Value, wrong};

/// Decodes the values of one stream.
pub(in crate::plugin) struct Decoder<R> {
    input: R,
    types: Types,
}

/// A value while it is decoded.
struct Decoding<'a, R> {
    input: &'a mut R,
    types: &'a mut Types,
    message: Message,
    /// Bytes and values so far.
    bytes: usize,
    values: usize,
}

impl<R: Read> Decoder<R> {
    pub(in crate::plugin) fn new(input: R) -> Decoder<R> {
        Decoder { input, types: Types::new() }
    }

    /// The next value; nothing where the stream ends.
    ///
    /// # Errors
    ///
    /// It breaks off, is too large, or is not gob. Nothing after it can be decoded then.
    pub(in crate::plugin) fn next(&mut self) -> Result<Option<Value>, Error> {
        let Some(message) = Message::read(&mut self.input)? else { return Ok(None) };
        let bytes = message.left();
        let mut decoding = Decoding { input: &mut self.input, types: &mut self.types, message, bytes, values: 0 };
        let id = decoding.type_of(false)?;
        let value = decoding.whole(id, 0)?;
        if decoding.message.left() > 0 {
            return wrong(format!("{} bytes follow a value", decoding.message.left()));
        }
        Ok(Some(value))
    }
}

impl<R: Read> Decoding<'_, R> {
    /// The type of the value that follows, after the definitions before it.
    fn type_of(&mut self, is_in_interface: bool) -> Result<i64, Error> {
        loop {
            if self.message.left() == 0 {
                self.message = Message::read(self.input)?.ok_or(Error::BreaksOff)?;
                self.bytes += self.message.left();
                if self.bytes > MOST_BYTES {
                    return Err(Error::TooLarge { most: MOST_BYTES, of: "bytes" });
                }
            }
            let id = self.message.int()?;
            if id >= 0 {
                return Ok(id);
            }
            let definition = self.value(DEFINITION, 0)?;
            self.types.define(id.saturating_neg(), &definition)?;
            if self.message.left() > 0 {
                if !is_in_interface {
                    return wrong("bytes follow a definition");
                }
                // the length of what follows, as before a message
                self.message.uint()?;
            }
        }
    }

    /// A value that is no field.
    fn whole(&mut self, id: i64, depth: usize) -> Result<Value, Error> {
        let is_struct = matches!(self.types.get(id)?, Type::Struct(_));
        if !is_struct && self.message.uint()? != 0 {
            return wrong("a value that is not a struct begins with a field number");
        }
        self.value(id, depth)
    }

    fn value(&mut self, id: i64, depth: usize) -> Result<Value, Error> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(Error::TooLarge { most: MOST_VALUES, of: "parts" });
        }
        if depth > DEEPEST {
            return Err(Error::TooLarge { most: DEEPEST, of: "levels" });
        }
        Ok(match self.types.get(id)?.clone() {
            Type::Bool => Value::Bool(self.message.uint()? != 0),
            Type::Int => Value::Int(self.message.int()?),
            Type::Uint => Value::Uint(self.message.uint()?),
            Type::Float => Value::Float(self.message.float()?),
            Type::Complex => Value::Complex(self.message.float()?, self.message.float()?),
            Type::Bytes | Type::Blob => Value::Bytes(self.message.bytes()?),
            Type::Text => Value::Text(self.message.text()?),
            Type::Interface => self.interface(depth)?,
            Type::List(of) => {
                let count = self.message.count(1)?;
                Value::List((0..count).map(|_| self.value(of, depth + 1)).collect::<Result<_, _>>()?)
            }
            Type::Map(key, of) => {
                let count = self.message.count(2)?;
                let pair = |_| Ok((self.value(key, depth + 1)?, self.value(of, depth + 1)?));
                Value::Map((0..count).map(pair).collect::<Result<_, Error>>()?)
            }
            Type::Struct(fields) => {
                let mut own = Vec::new();
                let mut next = 0_usize;
                loop {
                    let step = usize::try_from(self.message.uint()?).unwrap_or(usize::MAX);
                    if step == 0 {
                        break Value::Struct(own);
                    }
                    next = next.saturating_add(step);
                    let Some((name, of)) = fields.get(next - 1) else {
                        return wrong(format!("field {next} of a struct with {}", fields.len()));
                    };
                    own.push((name.clone(), self.value(*of, depth + 1)?));
                }
            }
        })
    }

    fn interface(&mut self, depth: usize) -> Result<Value, Error> {
        let name = self.message.text()?;
        if name.is_empty() {
            return Ok(Value::Interface(None));
        }
        let id = self.type_of(true)?;
        // how long it is, for who passes over it
        self.message.uint()?;
        Ok(Value::Interface(Some(Box::new((name, self.whole(id, depth + 1)?)))))
    }
}
