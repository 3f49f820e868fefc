//! What is done with an answer: the hooks of a plan, run one after the other.
//!
//! A hook acts on the world, so nothing here may act on the answer: a hook that fails, hangs or is missing is told on
//! stderr and changes neither the verdict nor the exit code nor the hooks after it. Each is bounded in time. An
//! interrupt stops the one that runs and leaves out the rest.

#[cfg(feature = "webhooks")]
mod attempts;
#[cfg(all(feature = "aws", feature = "webhooks"))]
mod aws;
#[cfg(not(all(feature = "aws", feature = "webhooks")))]
#[path = "hooks/aws_disabled.rs"]
mod aws;
mod occasion;
mod process;
#[cfg(feature = "webhooks")]
mod webhook;
#[cfg(not(feature = "webhooks"))]
#[path = "hooks/webhook_disabled.rs"]
mod webhook;

use std::path::Path;
use std::time::Instant;

use super::console::Console;
use super::interrupt::Interrupt;
use crate::hooks::{Hook, Hooks};
use crate::report::document::Outcome;
use crate::report::{self, Document, Format, Style};
use occasion::{Occasion, spoken};

/// When hooks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// After a look, whatever it said.
    Look,
    /// After the answer.
    Answer,
}

/// Runs the hooks of a moment: at the answer those of its outcome. `folder` is the configuration's.
/// An interrupt stops the one that runs and leaves out the others. Whether all of them did what they should.
pub(super) fn run(
    console: &Console,
    hooks: &Hooks,
    folder: &Path,
    moment: Moment,
    document: &Document,
    interrupt: &Interrupt,
) -> bool {
    let (key, hooks) = of(hooks, moment, document.outcome);
    if hooks.is_empty() {
        return true;
    }
    let mut all = true;
    let json = report::render(document, Format::Json, &Style::default());
    let occasion = Occasion { key, json, document };
    for (done, hook) in hooks.iter().enumerate() {
        let begin = Instant::now();
        let result = match hook {
            Hook::Command(command) => process::run(console, command, folder, &occasion, interrupt),
            Hook::Webhook(webhook) => webhook::run(console, webhook, &occasion, interrupt),
            Hook::Aws(aws) => aws::run(console, aws, &occasion, interrupt),
        };
        let took = spoken(begin.elapsed());
        all &= result.is_ok();
        match result {
            Ok(()) => console.detail(&format!("hook {key}, {hook}: done in {took}")),
            Err(why) => console.warn(&format!("hook {key}, {hook}: {why} ({took})")),
        }
        let left = hooks.len() - done - 1;
        if interrupt.signal().is_some() && left > 0 {
            let noun = if left == 1 { "hook is" } else { "hooks are" };
            console.warn(&format!("interrupted: {left} more {noun} not run"));
            return false;
        }
    }
    all
}

/// The hooks of a moment and the key that they stand under.
fn of(hooks: &Hooks, moment: Moment, outcome: Outcome) -> (&'static str, &[Hook]) {
    match (moment, outcome) {
        (Moment::Look, _) => ("on_look", &hooks.on_look),
        (Moment::Answer, Outcome::Pass) => ("on_pass", &hooks.on_pass),
        (Moment::Answer, Outcome::Warn) => ("on_warn", &hooks.on_warn),
        (Moment::Answer, Outcome::Fail) => ("on_fail", &hooks.on_fail),
        (Moment::Answer, Outcome::Inconclusive) => ("on_inconclusive", &hooks.on_inconclusive),
    }
}
