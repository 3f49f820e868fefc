//! What a controller hears of a failure, and of an exit code.

use super::pipeline::{self, Judged};
use super::{Exit, Failure};
use crate::cli;
use crate::serve::{Answer, Decision, Refused};

/// What went wrong, in the words of a request: it has `args` where the command line has `--set`.
pub(super) fn refused(failure: Failure) -> Refused {
    let why = failure.to_string().replace("--set: ", "args: ").replace("--phase: ", "phase: ");
    match failure.exit() {
        Exit::Source => Refused::Source(why),
        _ => Refused::Wrong(why),
    }
}

/// What a controller is to do.
pub(super) fn decision(exit: Exit) -> Decision {
    match exit {
        Exit::Pass => Decision::Go,
        Exit::Fail | Exit::Warn => Decision::Stop,
        _ => Decision::Wait,
    }
}

/// A verdict with what it means.
pub(super) fn answer(judged: &Judged) -> Answer {
    let wishes = cli::Exit { on_inconclusive: None, fail_on_warn: false };
    Answer { document: judged.document(), decision: decision(pipeline::exit(judged, &wishes)) }
}
