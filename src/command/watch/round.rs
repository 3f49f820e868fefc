//! What all phases of one watch share, and the times that are planned for it.

use crate::cli;
use crate::command::console::Console;
use crate::command::interrupt::Interrupt;
use crate::command::pipeline::Loaded;
use crate::command::places::Places;
use crate::series::{SignedDuration, Timestamp};

/// What all phases of one command share.
pub(super) struct Round<'a> {
    pub(super) console: &'a Console,
    pub(super) loaded: &'a Loaded,
    pub(super) arguments: &'a cli::Watch,
    pub(super) places: &'a Places,
    pub(super) interrupt: &'a Interrupt,
}

/// Which time is planned, and when.
pub(super) struct Probe {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl Probe {
    /// An hour from an instant on as if it had passed, to see what will be asked.
    pub(super) fn before(from: Timestamp) -> Probe {
        let later = |span| from.saturating_add(span).unwrap_or(from);
        let (to, now) = (later(SignedDuration::from_hours(1)), later(SignedDuration::from_hours(2)));
        Probe { from: Some(from), to: Some(to), now }
    }
}
