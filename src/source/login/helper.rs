//! Programs that print a token: run without a shell, the first line of what they print is taken, and nothing of it is told.

use std::time::Duration;

use super::read::in_header;
use crate::plain;
use crate::process::{Ended, Program, describe, quote};
use crate::source::error::Error;
use crate::source::outside::Outside;
use crate::source::secret::Helper;
use crate::source::stop::Stop;
use crate::source::tokens::Token;

/// More than any token has.
const MOST: usize = 64 << 10;

/// Runs the program and takes the token.
///
/// # Errors
///
/// Unreachable: it cannot be run, fails, is stopped at its deadline, or prints no token. Interrupted.
pub(super) fn ask(helper: &Helper, deadline: Duration, outside: &Outside) -> Result<Token, Error> {
    let failed = |problem: String| Error::unreachable(format!("{}, which prints the token, {problem}", helper.shown()));
    let (written, arguments) = helper.command.split_first().ok_or_else(|| failed("has no name".into()))?;
    let program =
        Program { written, arguments, folder: &helper.folder, environment: Vec::new(), input: String::new(), deadline };
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let mut hear = |line: &[u8], complains: bool| match complains {
        true => complaints.push(plain::line(String::from_utf8_lossy(line).trim_end())),
        false => output.extend_from_slice(&line[..line.len().min(MOST.saturating_sub(output.len()))]),
    };
    let stop = Stop::listen(&outside.interrupt);
    let ended = program.run(&|| stop.signal(), &mut hear);
    let ended = ended.map_err(|why| failed(format!("cannot be started: {why}")))?;
    match ended {
        Ended::Interrupted => Err(Error::interrupted()),
        Ended::Deadline => Err(failed(format!("was stopped after {} s", deadline.as_secs_f64())).hint(
            "A program of this kind cannot ask a person at the keyboard; `deadline:` in the source gives it more time.",
        )),
        Ended::ByItself { status, .. } if !status.success() => {
            Err(failed(describe(status)).hint(quote(&complaints, "Run it by hand to see what is wrong.")))
        }
        Ended::ByItself { .. } => first_line(&output).map(|text| Token { text, until: None }).map_err(failed),
    }
}

/// The token in the first line; nothing of it stands in a message.
fn first_line(output: &[u8]) -> Result<String, String> {
    let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line).ok().and_then(in_header);
    match text {
        None => Err("prints no token: the first line of its output is empty, or has letters beyond ASCII".into()),
        Some(text) if text.starts_with(['{', '[', '<']) => {
            Err("prints JSON or the like: let it print the token alone, in the first line".into())
        }
        Some(text) if text.contains([' ', '\t']) => {
            Err("prints a first line with spaces, which no token has: let it print the token alone".into())
        }
        Some(text) => Ok(text.to_owned()),
    }
}
