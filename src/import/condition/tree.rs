//! The tree of a condition.

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
    NotEqual,
}

impl Op {
    /// Whether the comparison holds.
    pub(crate) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Op::Below => a < b,
            Op::AtMost => a <= b,
            Op::Above => a > b,
            Op::AtLeast => a >= b,
            Op::Equal => a == b,
            Op::NotEqual => a != b,
        }
    }

    /// What holds if it does not.
    pub(crate) fn denied(self) -> Op {
        match self {
            Op::Below => Op::AtLeast,
            Op::AtMost => Op::Above,
            Op::Above => Op::AtMost,
            Op::AtLeast => Op::Below,
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
        }
    }

    /// The same seen from the other side: `a < b` is `b > a`.
    pub(crate) fn turned(self) -> Op {
        match self {
            Op::Below => Op::Above,
            Op::AtMost => Op::AtLeast,
            Op::Above => Op::Below,
            Op::AtLeast => Op::AtMost,
            same => same,
        }
    }

    /// Its sign in a bound.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Op::Below => "<",
            Op::AtMost => "<=",
            Op::Above => ">",
            Op::AtLeast => ">=",
            Op::Equal => "==",
            Op::NotEqual => "!=",
        }
    }

    /// Whether as a limit it lets more through at `number` than at `than`.
    pub(crate) fn is_looser(self, number: f64, than: f64) -> bool {
        if self.is_upper() { number > than } else { number < than }
    }

    /// The statistic of several values on which a limit on each of them is one.
    pub(crate) fn extreme(self) -> &'static str {
        if self.is_upper() { "statistic: max" } else { "statistic: min" }
    }

    /// Whether it is a limit from above.
    pub(crate) fn is_upper(self) -> bool {
        matches!(self, Op::Below | Op::AtMost)
    }
}

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
