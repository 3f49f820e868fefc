//! The twin of `parquet.rs` in a build without it: the same signature, and an answer that says what is missing.

use std::io::BufRead;

use super::table::{Keep, Table};
use crate::source::error::Error;

pub(super) fn read(_content: impl BufRead, _keep: Keep) -> Result<Table, Error> {
    Err(Error::unreadable("is a Parquet file, which this build of davy cannot read")
        .hint("Build with the feature `frames`, or convert the file to CSV."))
}
