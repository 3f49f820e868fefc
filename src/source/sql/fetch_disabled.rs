//! The twin of `fetch` in a build without the feature `sql`.

use super::asked::Sql;
use crate::series::Window;
use crate::source::backend::Backend;
use crate::source::brought::Brought;
use crate::source::error::Error;
use crate::source::outside::Outside;
use crate::source::together::Call;

/// Answers no question.
///
/// # Errors
///
/// Always: unreachable.
pub fn fetch(calls: &[Call<Sql>], _: &Outside) -> Vec<Result<Brought, Error>> {
    calls.iter().map(|call| Err(disabled(call.asked))).collect()
}

/// No answer.
///
/// # Errors
///
/// Always: unreachable.
pub fn answer(asked: &Sql, _: Window, _: &Outside) -> Result<Vec<u8>, Error> {
    Err(disabled(asked))
}

fn disabled(asked: &Sql) -> Error {
    Error::unreachable("this davy was built without the feature `sql`, which asks PostgreSQL")
        .hint("Build it with `cargo build --release`, without `--no-default-features`.")
        .within(&asked.describe())
}
