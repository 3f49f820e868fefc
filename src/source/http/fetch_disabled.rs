//! The twin of `fetch` in a build without the feature `http`.

use super::asked::Http;
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
pub fn fetch(calls: &[Call<Http>], _: &Outside) -> Vec<Result<Brought, Error>> {
    let disabled = |call: &Call<Http>| {
        Error::unreachable("this davy was built without the feature `http`, which asks over HTTP")
            .hint("Build it with `cargo build --release`, without `--no-default-features`.")
            .within(&call.asked.describe())
    };
    calls.iter().map(|call| Err(disabled(call))).collect()
}
