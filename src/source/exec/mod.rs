//! Any store by a program: what it prints is read as a file would be.
//!
//! The program is an argument vector, without a shell. It learns the window from its arguments and its environment. What
//! it prints is whole or an error: a bad exit code, a deadline or a pipe that stays open leave no answer.

mod asked;
mod fetch;

pub use asked::Exec;
pub use fetch::{fetch, output};
