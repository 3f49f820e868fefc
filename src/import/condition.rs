//! The conditions of Argo Rollouts, in the language of its expressions: `result[0] >= 0.95`, `all(result, # < 10)`.
//!
//! `parse` makes a tree, [`evaluate`] answers for one measurement as the controller does, and [`limits`] finds the limits that a
//! condition sets on a value, which davy can judge as criteria.

mod evaluate;
mod lex;
mod limits;
mod parse;

pub(crate) use evaluate::{Value, evaluate};
pub(crate) use limits::{Every, Found, Limit, Op, failing, passing};
pub(crate) use parse::parse;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// `nil`.
    Nil,
    /// A list.
    List(Vec<Expr>),
    /// The measured value.
    Result,
    /// The element that a closure looks at: `#`.
    Item,
    /// A field: `result.ok`.
    Field(Box<Expr>, String),
    /// An element: `result[0]`.
    Index(Box<Expr>, Box<Expr>),
    /// A function with its arguments; a closure is the expression that it evaluates.
    Call(String, Vec<Expr>),
    /// `!a`, `not a`.
    Not(Box<Expr>),
    /// `-a`.
    Minus(Box<Expr>),
    /// Two operands.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `a ? b : c`.
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    And,
    Or,
    Compare(Op),
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
    Power,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    IfNil,
}
