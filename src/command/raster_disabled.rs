//! The twin of `raster.rs` in a build without it: the same signatures, and an answer that says what is missing.

use super::Failure;

/// What would draw pictures: there is never one.
pub(super) enum Raster {}

impl Raster {
    pub(super) fn new() -> Result<Raster, Failure> {
        let why = "this build of davy writes no PNG: build with the feature `png`, or write `--report svg=DIR`";
        Err(Failure::Misused(why.into()))
    }

    pub(super) fn png(&self, _svg: &str) -> Result<Vec<u8>, Failure> {
        match *self {}
    }
}
