//! The twin of `columnar.rs` in a build without it: the same signatures, and an answer that says what is missing.

use super::Failure;
use crate::report::Named;

pub(super) fn check() -> Result<(), Failure> {
    let why = "this build of davy writes no Parquet: build with the feature `frames`, or write `--format csv`";
    Err(Failure::Misused(why.into()))
}

pub(super) fn parquet(_columns: Vec<Named>) -> Result<Vec<u8>, Failure> {
    check().map(|()| Vec::new())
}
