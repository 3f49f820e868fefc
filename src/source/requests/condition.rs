//! Conditions on rows: `status >= 500 and route != "/health"`.
//!
//! ```text
//! column = value     also ==  !=  <  <=  >  >=
//! column in [a, b]   one of them
//! column like "/api/*"   `*` any text, `?` one character, `[ab]` one of these
//! and, or, not, ( )  also &&, ||, !; `not` binds closest, then `and`
//! ```
//!
//! A number is compared as a number (`status = 500` holds for `500.0`), a text in quotes byte by byte: there is no order among
//! texts. A cell that is missing, or is no number where one is compared, satisfies `!=` and nothing else, so that a row is never
//! an error because of what it does not say. Column names with anything but letters, digits and `_.@-` stand in backquotes.
//!
//! What is printed is read back as the same condition: reports and recordings show it.

mod compiled;
mod names;
mod parse;
mod tree;

pub use compiled::Compiled;
pub use tree::{Condition, Literal, Mistake, Relation, Test};
