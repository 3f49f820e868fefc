//! The twin of `fetch` in a build without the feature `prometheus`.

use super::{Access, Asked, Found, Listing};
use crate::source::file::Answer;
use crate::source::{Error, Outside};

/// Answers no question.
///
/// # Errors
///
/// Always: unreachable.
pub fn fetch(questions: &[Asked], _: &Outside) -> Vec<Result<Answer, Error>> {
    questions.iter().map(|question| Err(disabled(&question.asked.access))).collect()
}

/// Finds no metric.
///
/// # Errors
///
/// Always: unreachable.
pub fn discover(access: &Access, _: &Listing, _: &Outside) -> Result<Found, Error> {
    Err(disabled(access))
}

fn disabled(access: &Access) -> Error {
    Error::unreachable("this davy was built without the feature `prometheus`, which asks Prometheus")
        .hint("Build it with `cargo build --release`, without `--no-default-features`.")
        .within(&access.shown())
}
