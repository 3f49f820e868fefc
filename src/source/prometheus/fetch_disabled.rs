//! The twin of `fetch` in a build without the feature `prometheus`.

use super::Asked;
use crate::source::file::Answer;
use crate::source::{Error, Outside};

/// Answers no question.
///
/// # Errors
///
/// Always: unreachable.
pub fn fetch(questions: &[Asked], _: &Outside) -> Vec<Result<Answer, Error>> {
    let disabled = |question: &Asked| {
        Error::unreachable("this davy was built without the feature `prometheus`, which asks Prometheus")
            .hint("Build it with `cargo build --release`, without `--no-default-features`.")
            .within(&question.asked.access.shown())
    };
    questions.iter().map(|question| Err(disabled(question))).collect()
}
