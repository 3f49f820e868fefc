//! A hook that is a program: the verdict is its input, a file, and in its environment; its lines are relayed.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::{Occasion, spoken};
use crate::hooks::Command;
use crate::process::{Ended, Program, describe};
use crate::report::document::{Action, Outcome};

/// Runs a program to its end or its deadline. An error says what happened.
pub(super) fn run(
    console: &Console,
    command: &Command,
    folder: &Path,
    occasion: &Occasion,
    interrupt: &Interrupt,
) -> Result<(), String> {
    let verdict = verdict_file(&occasion.json).map_err(|error| format!("the verdict cannot be written: {error}"))?;
    let mut environment = environment(occasion);
    environment.push(("DAVY_VERDICT".into(), verdict.path().to_string_lossy().into_owned()));
    let deadline = command.deadline.unsigned_abs();
    let program = Program {
        written: &command.program,
        arguments: &command.arguments,
        folder,
        environment,
        input: occasion.json.clone(),
        deadline,
    };
    let mut relay = |line: &[u8], complains: bool| {
        let line = String::from_utf8_lossy(line);
        console.relay(command.name(), line.trim_end_matches(['\n', '\r']), complains);
    };
    match program.run(&|| interrupt.signal(), &mut relay)? {
        Ended::Deadline => Err(format!("stopped at its deadline of {}", spoken(deadline))),
        Ended::Interrupted => Err("stopped, because davy was interrupted".into()),
        Ended::ByItself { status, .. } if status.success() => Ok(()),
        Ended::ByItself { status, .. } => Err(describe(status)),
    }
}

fn verdict_file(json: &str) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("davy-verdict-").suffix(".json").tempfile()?;
    file.write_all(json.as_bytes())?;
    file.flush()?;
    Ok(file)
}

fn environment(occasion: &Occasion) -> Vec<(String, String)> {
    let document = occasion.document;
    let outcome = match document.outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Fail => "fail",
        Outcome::Inconclusive => "inconclusive",
    };
    let action = match document.recommendation.action {
        Action::Promote => "promote",
        Action::Hold => "hold",
        Action::RollBack => "roll_back",
    };
    let variables = [
        ("DAVY_OUTCOME", outcome.into()),
        ("DAVY_RECOMMENDATION", action.into()),
        ("DAVY_RECOMMENDATION_TO", document.recommendation.to.clone().unwrap_or_default()),
        ("DAVY_NAME", document.name.clone()),
        ("DAVY_PHASE", document.phase.clone().unwrap_or_default()),
        ("DAVY_SUMMARY", document.summary.clone()),
        ("DAVY_MOMENT", occasion.key.into()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}
