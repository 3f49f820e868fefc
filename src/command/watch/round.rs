//! What all phases of one watch share.

use crate::cli;
use crate::command::console::Console;
use crate::command::interrupt::Interrupt;
use crate::command::pipeline::Loaded;
use crate::command::places::Places;

/// What all phases of one command share.
pub(super) struct Round<'a> {
    pub(super) console: &'a Console,
    pub(super) loaded: &'a Loaded,
    pub(super) arguments: &'a cli::Watch,
    pub(super) places: &'a Places,
    pub(super) interrupt: &'a Interrupt,
}
