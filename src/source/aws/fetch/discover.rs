//! (being written)

use super::client::Clients;
use crate::source::Error;
use crate::source::aws::{Access, Listed};

/// Lists metrics.
pub(super) async fn list(_: &Clients<'_>, _: &Access, _: Option<&str>) -> Result<Vec<Listed>, Error> {
    Err(Error::unreachable("is not asked yet"))
}
