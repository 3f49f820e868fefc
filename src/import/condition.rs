//! The conditions of Argo Rollouts, in the language of its expressions: `result[0] >= 0.95`, `all(result, # < 10)`.
//!
//! `parse` makes a tree, [`evaluate`] answers for one measurement as the controller does, and [`limits`] finds the limits that a
//! condition sets on a value, which davy can judge as criteria.

mod evaluate;
mod lex;
mod limits;
mod parse;
mod tree;

pub(crate) use evaluate::{Value, evaluate};
pub(crate) use limits::{Every, Found, Limit, failing, passing};
pub(crate) use parse::parse;
pub(crate) use tree::{Expr, Op};
