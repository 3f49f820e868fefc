//! What is decoded and encoded, why it cannot be, and how large it may be.

/// The longest message, and the most bytes of one value with the definitions in it. An AnalysisRun has less than 2 MiB in the cluster.
pub(super) const MOST_BYTES: usize = 8 << 20;
/// The most values within one value.
pub(super) const MOST_VALUES: usize = 1 << 20;
/// The deepest value.
pub(super) const DEEPEST: usize = 128;

/// What was decoded, or is to be encoded.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plugin) enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Uint(u64),
    /// A number.
    Float(f64),
    /// Two numbers.
    Complex(f64, f64),
    /// Bytes, also those of a type that encodes itself.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// An array or a slice.
    List(Vec<Value>),
    /// Keys with their values.
    Map(Vec<(Value, Value)>),
    /// Fields with their values; those that are zero are not there.
    Struct(Vec<(std::sync::Arc<str>, Value)>),
    /// An interface: the name of the type in it, and its value; nothing if it is nil.
    Interface(Option<Box<(String, Value)>>),
}

impl Value {
    /// A struct of these fields.
    pub(in crate::plugin) fn of(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
        Value::Struct(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A field of a struct, or of what an interface holds.
    pub(in crate::plugin) fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(fields) => fields.iter().find(|(own, _)| **own == *name).map(|(_, value)| value),
            Value::Interface(Some(inner)) => inner.1.field(name),
            _ => None,
        }
    }

    /// A field of a field of a struct.
    pub(in crate::plugin) fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, name| value.field(name))
    }

    /// The text that it is.
    pub(in crate::plugin) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The bytes that it is.
    pub(in crate::plugin) fn bytes(&self) -> Option<&[u8]> {
        if let Value::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The elements that it has.
    pub(in crate::plugin) fn list(&self) -> &[Value] {
        if let Value::List(list) = self { list } else { &[] }
    }

    /// The keys and values that it has.
    pub(in crate::plugin) fn pairs(&self) -> &[(Value, Value)] {
        if let Value::Map(pairs) = self { pairs } else { &[] }
    }
}

/// Why a value cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub(in crate::plugin) enum Error {
    /// It breaks off.
    #[error("a value breaks off")]
    BreaksOff,
    /// It is larger than anything that a controller sends.
    #[error("a value has more than {most} {of}")]
    TooLarge {
        /// The limit.
        most: usize,
        /// Of what.
        of: &'static str,
    },
    /// It is not gob.
    #[error("a value is not gob: {0}")]
    Wrong(String),
    /// The stream cannot be read or written.
    #[error("the stream: {0}")]
    Stream(#[from] std::io::Error),
}

/// What is wrong with it.
pub(super) fn wrong<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Wrong(why.into()))
}
