//! Conditions on rows: `status >= 500 and route != "/health"`.

use super::Value;

/// Something that holds for a row or does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A column compared with a value.
    Is(Test),
    /// Not.
    Not(Box<Condition>),
    /// All of them.
    All(Vec<Condition>),
    /// Any of them.
    Any(Vec<Condition>),
}

/// A column compared with values.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The column's name.
    pub column: String,
    /// How.
    pub relation: Relation,
    /// With what: one value, or for [`Relation::In`] several.
    pub values: Vec<Literal>,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=` or `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `in [a, b]`
    In,
    /// `like "/api/*"`
    Like,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// In quotes, or a bare word.
    Text(String),
    /// A number; it equals every cell that means the same number.
    Number(f64),
}

/// A mistake in a condition: where (bytes from its beginning), what, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes from the beginning.
    pub at: usize,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Condition, Mistake> {
        Err(Mistake { at: 0, problem: format!("`{text}`: conditions are not read yet"), hint: String::new() })
    }

    /// The columns that it needs, each once.
    pub fn columns(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// A condition over the fields of a row by their places.
#[derive(Debug, Clone)]
pub struct Compiled;

impl Compiled {
    /// `slot` gives each column its place among the fields.
    pub fn new(_condition: &Condition, _slot: &mut dyn FnMut(&str) -> usize) -> Compiled {
        Compiled
    }

    /// Whether it holds for a row.
    pub fn holds(&self, _fields: &[Value]) -> bool {
        false
    }
}
