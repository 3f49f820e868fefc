//! What hooks are run for, and how time passes meanwhile.

use std::time::Duration;

#[cfg(feature = "webhooks")]
use sha2::{Digest, Sha256};

use crate::report::Document;

/// How often it is looked whether something happened meanwhile.
#[cfg(feature = "webhooks")]
pub(super) const TICK: Duration = Duration::from_millis(20);

/// What hooks are run for.
pub(super) struct Occasion<'d> {
    /// The key of the configuration: `on_fail`.
    pub(super) key: &'static str,
    /// The verdict as it is published.
    pub(super) json: String,
    pub(super) document: &'d Document,
}

/// A length of time for a person: `0.2 s`, `75 s`.
pub(super) fn spoken(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds => format!("{seconds:.0} s"),
    }
}

/// A name for a text, by which a receiver knows it again.
#[cfg(feature = "webhooks")]
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
