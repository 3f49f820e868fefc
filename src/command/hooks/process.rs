//! A hook that is a program: run in a process group of its own, heard line by line, stopped in time.
//!
//! The program may never read its input, may fill its output while davy is still writing the verdict, and may leave
//! children behind that hold the pipes. So each pipe has a thread of its own, and nobody waits for a pipe to close
//! longer than for the program itself. The group is signalled while its leader is not yet waited for, so that the
//! number cannot have become somebody else's.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tempfile::NamedTempFile;

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::{Occasion, TICK, spoken};
use crate::hooks::Command;
use crate::plain;
use crate::report::document::{Action, Outcome};

/// How long a group has between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(5);
/// How long what a program left behind may still write after it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A longer line is passed on in parts.
const LONGEST_LINE: u64 = 64 * 1024;
/// So many lines may wait to be passed on.
const WAITING_LINES: usize = 256;

/// Runs a program to its end or its deadline. An error says what happened.
pub(super) fn run(
    console: &Console,
    command: &Command,
    folder: &Path,
    occasion: &Occasion,
    interrupt: &Interrupt,
) -> Result<(), String> {
    let verdict = verdict_file(&occasion.json).map_err(|error| format!("the verdict cannot be written: {error}"))?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let program = located(&command.program, folder);
    let mut process = std::process::Command::new(&program);
    process.args(&command.arguments).current_dir(folder).process_group(0);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.envs(environment(occasion)).env("DAVY_VERDICT", verdict.path());
    let child = process.spawn().map_err(|error| cannot_start(&command.program, &program, &error))?;
    let mut running = Running::new(child, &occasion.json, console, command.name())?;
    let ended = running.until(Instant::now() + command.deadline.unsigned_abs(), interrupt)?;
    let status = running.child.wait().map_err(|error| format!("its end cannot be learned: {error}"))?;
    match ended {
        Ended::Deadline => Err(format!("stopped at its deadline of {}", spoken(command.deadline.unsigned_abs()))),
        Ended::Interrupted => Err("stopped, because davy was interrupted".into()),
        Ended::ByItself if status.success() => Ok(()),
        Ended::ByItself => Err(told(status)),
    }
}

/// A path is relative to the configuration; a name is left to the PATH.
fn located(program: &str, folder: &Path) -> PathBuf {
    let path = PathBuf::from(program);
    if !program.contains('/') {
        return path;
    }
    let joined = folder.join(&path);
    std::path::absolute(&joined).unwrap_or(joined)
}

fn verdict_file(json: &str) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("davy-verdict-").suffix(".json").tempfile()?;
    file.write_all(json.as_bytes())?;
    file.flush()?;
    Ok(file)
}

fn environment(occasion: &Occasion) -> [(&'static str, String); 7] {
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
    // an environment cannot hold a NUL, and a name may
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    [
        ("DAVY_OUTCOME", outcome.into()),
        ("DAVY_RECOMMENDATION", action.into()),
        ("DAVY_RECOMMENDATION_TO", text(document.recommendation.to.as_deref().unwrap_or_default())),
        ("DAVY_NAME", text(&document.name)),
        ("DAVY_PHASE", text(document.phase.as_deref().unwrap_or_default())),
        ("DAVY_SUMMARY", text(&document.summary)),
        ("DAVY_MOMENT", occasion.key.into()),
    ]
}

fn cannot_start(written: &str, program: &Path, error: &std::io::Error) -> String {
    let path = plain::path(program);
    match error.kind() {
        ErrorKind::NotFound if !written.contains('/') => {
            format!("there is no program `{written}` on the PATH; one beside the configuration is `./{written}`")
        }
        ErrorKind::NotFound if program.exists() => {
            format!("{path} cannot be run: what its first line names (`#!…`) is not there")
        }
        ErrorKind::NotFound => format!("there is no {path}"),
        ErrorKind::PermissionDenied => format!("{path} may not be run: `chmod +x` makes it a program"),
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            format!("{path} is no program: a script begins with `#!/bin/bash`")
        }
        _ => format!("{path} cannot be run: {error}"),
    }
}

fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended without saying how".into(),
    }
}

/// How it came that a program runs no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByItself,
    Deadline,
    Interrupted,
}

/// A line of a program, and whether it is of its error output.
struct Line {
    text: String,
    complains: bool,
}

/// A program while it runs.
struct Running<'c> {
    child: Child,
    group: Pid,
    lines: Receiver<Line>,
    console: &'c Console,
    name: &'c str,
}

impl<'c> Running<'c> {
    fn new(mut child: Child, input: &str, console: &'c Console, name: &'c str) -> Result<Running<'c>, String> {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("it has no process number")?;
        if let Some(mut stdin) = child.stdin.take() {
            let input = input.to_owned();
            // Whoever does not read it to the end has read enough.
            std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        }
        let (to, lines) = sync_channel(WAITING_LINES);
        if let Some(stdout) = child.stdout.take() {
            listen(stdout, false, to.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            listen(stderr, true, to);
        }
        Ok(Running { child, group, lines, console, name })
    }

    /// Passes lines on until the program has ended, by itself or not, and nothing of a stopped group is left.
    fn until(&mut self, deadline: Instant, interrupt: &Interrupt) -> Result<Ended, String> {
        while !self.has_ended()? {
            self.pass_on();
            let (reason, signal) = match interrupt.signal() {
                Some(signal) => (Ended::Interrupted, Signal::from_named_raw(signal).unwrap_or(Signal::TERM)),
                None if Instant::now() >= deadline => (Ended::Deadline, Signal::TERM),
                None => continue,
            };
            self.stop(signal)?;
            return Ok(reason);
        }
        let now = Instant::now();
        self.hear_out((now + LAST_WORDS).min(deadline).max(now + LAST_WORDS / 10));
        Ok(Ended::ByItself)
    }

    /// Asks the group to end, and ends it.
    fn stop(&mut self, signal: Signal) -> Result<(), String> {
        let _ = kill_process_group(self.group, signal);
        let end = Instant::now() + GRACE;
        while Instant::now() < end && !(self.has_ended()? && self.hear_out(end)) {
            self.pass_on();
        }
        // Its leader is not waited for yet, so this is still its group.
        let _ = kill_process_group(self.group, Signal::KILL);
        self.hear_out(Instant::now() + TICK);
        Ok(())
    }

    /// Whether the program has ended; it stays to be waited for.
    fn has_ended(&self) -> Result<bool, String> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let state = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.group), options));
        state.map(|state| state.is_some()).map_err(|error| format!("its end cannot be learned: {error}"))
    }

    /// Passes on what comes within a moment. Whether more may come.
    fn pass_on(&self) -> bool {
        match self.lines.recv_timeout(TICK) {
            Ok(line) => self.console.relay(self.name, &line.text, line.complains),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(TICK);
                return false;
            }
        }
        true
    }

    /// Passes on the rest; whether both pipes were closed before the time was over.
    fn hear_out(&self, end: Instant) -> bool {
        while Instant::now() < end {
            if !self.pass_on() {
                return true;
            }
        }
        false
    }
}

/// Reads a pipe in lines until it is closed or nobody listens any more.
fn listen(pipe: impl Read + Send + 'static, complains: bool, to: SyncSender<Line>) {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut bytes = Vec::new();
            match pipe.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if to.send(Line { text, complains }).is_err() {
                return;
            }
        }
    });
}
