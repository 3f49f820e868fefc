//! Values in the encoding of Go (`encoding/gob`): each describes its type before it comes.
//!
//! ```text
//! stream   = message*                   message = length, (definition | value)
//! definition = -id, the type            value = id, what its type says
//! ```
//!
//! Numbers are variable in length, a struct names its fields by how far each is from the last and leaves out what is zero, an
//! interface names the type that is in it. A decoder keeps the definitions of its stream, and an encoder sends each once.

mod decoder;
mod encoder;
mod known;
mod message;
mod time;
mod value;

pub(super) use decoder::Decoder;
pub(super) use encoder::{Encoder, Shape};
pub(super) use time::{blob_of, instant_of};
pub(super) use value::{Error, Value};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
