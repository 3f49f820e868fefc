//! Where samples come from: a server that is asked, or scrapes that were saved.

use super::client::Client;
use crate::source::prometheus::Scrapes;

/// Where samples come from.
pub(super) enum Origin<'c> {
    Server(&'c Client<'c>),
    Scrapes(&'c Scrapes),
}
