//! The twin of `fetch` in a build without the feature `aws`.

use super::{Access, Listed, Listing};
use crate::source::{Brought, Error, Outside, Question};

fn disabled() -> Error {
    Error::unreachable("this davy was built without the feature `aws`, which asks CloudWatch")
        .hint("Build it with `cargo build --release`, without `--no-default-features`.")
}

/// Answers no question.
///
/// # Errors
///
/// Always: unreachable.
pub fn fetch(questions: &[Question], _: &Outside) -> Vec<Result<Brought, Error>> {
    questions.iter().map(|question| Err(disabled().within(&question.query.source.shown()))).collect()
}

/// Finds no metric.
///
/// # Errors
///
/// Always: unreachable.
pub fn discover(access: &Access, _: &Listing, _: &Outside) -> Result<Vec<Listed>, Error> {
    Err(disabled().within(&access.shown("CloudWatch")))
}
