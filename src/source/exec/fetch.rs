//! Running the programs: each distinct call once, at most four at a time.

use super::asked::Exec;
use crate::plain;
use crate::process::{Ended, Program, describe, quote};
use crate::series::{Arm, Window};
use crate::source::brought::Brought;
use crate::source::error::Error;
use crate::source::file::Sheet;
use crate::source::outside::{Outside, Told};
use crate::source::stop::Stop;
use crate::source::template::{NAMES, value};
use crate::source::together::{Call, each_once};
use crate::text::spell::spell;

/// More output than this is a mistake.
const MOST_BYTES: usize = 1 << 30;

/// Runs the programs of the questions and reads what they print.
///
/// # Errors
///
/// For each question by itself: unreachable when the program cannot be run, fails, or is stopped at its deadline;
/// unreadable when what it prints cannot be read; interrupted.
pub fn fetch(calls: &[Call<Exec>], outside: &Outside) -> Vec<Result<Brought, Error>> {
    let stop = Stop::listen(&outside.interrupt);
    each_once(calls, is_same, |call, wanted| {
        let Call { asked, window, .. } = *call;
        let arm = asked.file.arm.is_none().then_some(call.arm);
        let output = run((asked, window, arm), outside, &|| stop.signal())?;
        Ok((Sheet::read(&asked.file, output.as_slice(), wanted)?, Vec::new()))
    })
}

/// What a program prints that is asked about both arms at once.
///
/// # Errors
///
/// Unreachable when the program cannot be run, fails, or is stopped at its deadline; interrupted.
pub fn output(asked: &Exec, window: Window, outside: &Outside) -> Result<Vec<u8>, Error> {
    let stop = Stop::listen(&outside.interrupt);
    run((asked, window, None), outside, &|| stop.signal())
}

/// Whether one run answers both: of an answer with both arms it does not matter which of them asks.
fn is_same(one: &Call<Exec>, other: &Call<Exec>) -> bool {
    let arm = |call: &Call<Exec>| call.asked.file.arm.is_none().then_some(call.arm);
    let Exec { command, environment, folder, deadline, file, step } = one.asked;
    let there = other.asked;
    *command == there.command
        && *environment == there.environment
        && *folder == there.folder
        && *deadline == there.deadline
        && *step == there.step
        && file.reads_the_same(&there.file)
        && one.window == other.window
        && arm(one) == arm(other)
}

fn run(
    (asked, window, arm): (&Exec, Window, Option<Arm>),
    outside: &Outside,
    interrupt: &(dyn Fn() -> Option<i32> + Sync),
) -> Result<Vec<u8>, Error> {
    let words: Vec<String> = asked.command.iter().map(|word| word.fill(window, asked.step)).collect();
    let (written, arguments) = words.split_first().ok_or_else(|| Error::unreachable("has no program"))?;
    let deadline = asked.deadline.unsigned_abs();
    let program = Program {
        written,
        arguments,
        folder: &asked.folder,
        environment: environment(asked, window, arm),
        input: String::new(),
        deadline,
    };
    let shown = &asked.file.shown;
    let (mut output, mut complaints, mut is_too_much) = (Vec::new(), Vec::new(), false);
    let mut hear = |line: &[u8], complains: bool| {
        if complains {
            let line = plain::line(String::from_utf8_lossy(line).trim_end());
            (outside.told)(Told::Doubt(format!("{shown}: {line}")));
            complaints.push(line);
        } else if output.len() + line.len() > MOST_BYTES {
            is_too_much = true;
        } else {
            output.extend_from_slice(line);
        }
    };
    let ended = program.run(interrupt, &mut hear).map_err(|problem| Error::unreachable(problem).within(shown))?;
    let last = || quote(&complaints, "It printed nothing on its error output.");
    let failed = |problem: String| Err(Error::unreachable(problem).hint(last()).within(shown));
    match ended {
        Ended::Interrupted => Err(Error::interrupted()),
        Ended::Deadline => failed(format!(
            "was stopped at its deadline of {}; `deadline:` in the source gives it more time",
            spell(asked.deadline)
        )),
        Ended::ByItself { status, .. } if !status.success() => failed(describe(status)),
        Ended::ByItself { is_whole: false, .. } => {
            failed("ended, but what it left behind still holds its output, which may not be whole".into())
        }
        Ended::ByItself { .. } if is_too_much => failed("printed more than 1 GiB".into()),
        Ended::ByItself { .. } => Ok(output),
    }
}

/// The window by the names of templates, and the arm where one answer does not have both.
fn environment(asked: &Exec, window: Window, arm: Option<Arm>) -> Vec<(String, String)> {
    let named = NAMES.map(|name| (format!("DAVY_{}", name.to_uppercase()), value(name, window, asked.step)));
    let arm = arm.map(|arm| ("DAVY_ARM".to_owned(), arm.name().to_owned()));
    let own = asked.environment.iter().map(|(name, value)| (name.clone(), value.fill(window, asked.step)));
    named.into_iter().chain(arm).chain(own).collect()
}
