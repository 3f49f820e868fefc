//! Rules and data in, verdict out: pure and total.

pub mod rules;
pub mod verdict;
pub mod words;
