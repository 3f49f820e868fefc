//! Digits in the names of an answer's columns, by which it is known to be the answer to a question.

use sha2::{Digest, Sha256};

use crate::source::requests::{Condition, Requests};

/// The column that says whether a condition holds.
pub fn flag(condition: &Condition) -> String {
    format!("if_{}", digest(&condition.to_string()))
}

/// The digits of what decides how a log is counted: its columns, arms and condition. An answer to another question has others.
pub fn log_mark(log: &Requests) -> String {
    digest(&format!("{:?} {:?} {:?}", log.columns, log.arms, log.filter))
}

/// Twelve hexadecimal digits, which stand in a name of any dialect.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
