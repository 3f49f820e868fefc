//! A condition as a tree, and how it is printed: as it is read.

use std::collections::HashSet;
use std::fmt;

use super::names::is_bare_column;

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
    /// The columns that it needs, each once.
    pub fn columns(&self) -> Vec<&str> {
        let (mut columns, mut seen) = (Vec::new(), HashSet::new());
        self.gather(&mut |column| {
            if seen.insert(column) {
                columns.push(column);
            }
        });
        columns
    }

    fn gather<'a>(&'a self, each: &mut dyn FnMut(&'a str)) {
        match self {
            Condition::Is(test) => each(&test.column),
            Condition::Not(inner) => inner.gather(each),
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.gather(each)),
        }
    }

    /// Both of two, where there are two.
    pub fn both(one: Option<Condition>, other: Option<Condition>) -> Option<Condition> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Condition::All(vec![one, other])),
            (one, other) => one.or(other),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Condition], word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                part.within(f)?;
            }
            Ok(())
        };
        match self {
            Condition::Is(test) => write!(f, "{test}"),
            Condition::Not(inner) => {
                f.write_str("not ")?;
                inner.within(f)
            }
            Condition::All(parts) => joined(f, parts, "and"),
            Condition::Any(parts) => joined(f, parts, "or"),
        }
    }
}

impl Condition {
    /// As a part of another one.
    fn within(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::All(_) | Condition::Any(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match is_bare_column(&self.column) {
            true => f.write_str(&self.column)?,
            false => write!(f, "`{}`", self.column.replace('`', "``"))?,
        }
        write!(f, " {} ", self.relation)?;
        match (self.relation, self.values.as_slice()) {
            (Relation::In, values) => {
                let values: Vec<String> = values.iter().map(Literal::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
            (_, values) => values.iter().try_for_each(|value| value.fmt(f)),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Relation::Equal => "=",
            Relation::Unequal => "!=",
            Relation::Less => "<",
            Relation::AtMost => "<=",
            Relation::More => ">",
            Relation::AtLeast => ">=",
            Relation::In => "in",
            Relation::Like => "like",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Number(number) => number.fmt(f),
            Literal::Text(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem, self.hint)
    }
}
