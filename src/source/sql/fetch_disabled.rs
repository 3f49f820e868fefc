//! The twin of `fetch` in a build without the feature `sql`.

use super::asked::Sql;
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
    let disabled = |call: &Call<Sql>| {
        Error::unreachable("this davy was built without the feature `sql`, which asks PostgreSQL")
            .hint("Build it with `cargo build --release`, without `--no-default-features`.")
            .within(&call.asked.describe())
    };
    calls.iter().map(|call| Err(disabled(call))).collect()
}
