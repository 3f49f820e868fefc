//! The twin of `aws` in a build without it: the configuration means the same, and what is missing is said.

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::Occasion;
use crate::hooks::Aws;

/// Says which features would do it.
pub(super) fn run(_: &Console, _: &Aws, _: &Occasion, _: &Interrupt) -> Result<(), String> {
    Err("this davy was built without the features `aws` and `webhooks`: build with them, or write `command: [aws, …]`"
        .into())
}
