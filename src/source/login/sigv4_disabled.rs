//! The twin of `sigv4` in a build without the feature `aws`.

use crate::source::error::Error;
use crate::source::secret::SigV4;

/// No keys.
#[derive(Default)]
pub(super) struct Keys(());

impl Keys {
    /// Signs nothing.
    ///
    /// # Errors
    ///
    /// Always: unreachable.
    pub fn sign(&self, _: &SigV4, _: &str, _: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        Err(Error::unreachable("this davy was built without the feature `aws`, which signs requests for AWS")
            .hint("Build it with `cargo build --release`, without `--no-default-features`."))
    }
}
