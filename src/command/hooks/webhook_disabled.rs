//! Webhooks in a build without them: the configuration means the same, and what is missing is said.

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::Occasion;
use crate::hooks::Webhook;

/// Says which feature would post it.
pub(super) fn run(_: &Console, _: &Webhook, _: &Occasion, _: &Interrupt) -> Result<(), String> {
    Err("this davy was built without the feature `webhooks`: build with it, or write `command: [curl, …]`".into())
}
