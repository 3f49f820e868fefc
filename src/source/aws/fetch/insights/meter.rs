//! What one source may scan: the bytes of its queries are counted together.

use std::cell::Cell;

use super::super::client::bytes;
use crate::source::Error;

/// What one source may scan, and has.
#[derive(Debug, Default)]
pub(super) struct Meter {
    cap: Option<u64>,
    scanned: Cell<u64>,
}

impl Meter {
    pub(super) fn new(cap: Option<u64>) -> Meter {
        Meter { cap, scanned: Cell::new(0) }
    }

    pub(super) fn add(&self, bytes: u64) {
        self.scanned.set(self.scanned.get().saturating_add(bytes));
    }

    /// The error, once it is too much.
    pub(super) fn over(&self) -> Option<Error> {
        let (cap, scanned) = (self.cap?, self.scanned.get());
        (scanned > cap).then(|| {
            let (scanned, cap) = (bytes(scanned), bytes(cap));
            let hint = "Narrow the window, the log groups or the query, or raise `max_scanned`.";
            Error::unreachable(format!("has scanned {scanned}, more than `max_scanned` of {cap}")).hint(hint)
        })
    }
}
