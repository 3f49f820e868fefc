//! A program: run in a process group of its own, heard while it runs, stopped in time.
//!
//! The program may never read its input, may fill its output while davy is still writing to it, and may leave children
//! behind that hold the pipes. So each pipe has a thread of its own, and nobody waits for a pipe to close longer than
//! for the program itself. The group is signalled while its leader is not yet waited for, so that the number cannot
//! have become somebody else's.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::plain;

/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long a group has between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(5);
/// How long what a program left behind may be silent after it has ended, before it is left alone.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long it may write then.
const LONGEST_WORDS: Duration = Duration::from_secs(10);
/// A longer line is passed on in parts.
const LONGEST_LINE: u64 = 64 * 1024;
/// So many lines of the error output are quoted.
const LAST_LINES: usize = 3;
/// So many lines may wait to be passed on.
const WAITING_LINES: usize = 256;

/// A program to run.
pub struct Program<'a> {
    /// Its name or path, as written.
    pub written: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// The folder it runs in, and that its path is relative to.
    pub folder: &'a Path,
    /// Variables beside those of davy's own environment.
    pub environment: Vec<(String, String)>,
    /// What it may read.
    pub input: String,
    /// How long it may run.
    pub deadline: Duration,
}

/// How it came that a program runs no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself; `is_whole` when nothing it left behind still holds its output.
    ByItself {
        /// Its status.
        status: ExitStatus,
        /// Whether all of its output came.
        is_whole: bool,
    },
    /// It was stopped at its deadline.
    Deadline,
    /// It was stopped because somebody wants an end.
    Interrupted,
}

impl Program<'_> {
    /// Runs it to its end or its deadline. `hear` receives each line with its end, and whether it is of the error output;
    /// `interrupt` says which signal came meanwhile.
    ///
    /// # Errors
    ///
    /// It cannot be started or waited for, in words.
    pub fn run(&self, interrupt: &dyn Fn() -> Option<i32>, hear: &mut dyn FnMut(&[u8], bool)) -> Result<Ended, String> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
        let path = located(self.written, folder);
        let mut process = Command::new(&path);
        process.args(self.arguments).current_dir(folder).process_group(0);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // an environment cannot hold a NUL, and a name may
        process.envs(self.environment.iter().map(|(name, value)| (name, value.replace('\0', "\u{fffd}"))));
        let child = process.spawn().map_err(|error| cannot_start(self.written, &path, &error))?;
        Running::new(child, &self.input, hear)?.until(Instant::now() + self.deadline, interrupt)
    }
}

/// How a program ended, in words: `ended with exit code 3`.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended without saying how".into(),
    }
}

/// The last lines that a program complained with, in words; another text if it said nothing.
pub fn quote(complaints: &[String], otherwise: &str) -> String {
    let said = complaints[complaints.len().saturating_sub(LAST_LINES)..].join("; ");
    if said.is_empty() { otherwise.to_owned() } else { format!("It said: {said}") }
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
            format!("{path} is not a program: a script begins with `#!/bin/bash`")
        }
        _ => format!("{path} cannot be run: {error}"),
    }
}

/// A line of a program, and whether it is of its error output.
struct Line {
    bytes: Vec<u8>,
    complains: bool,
}

/// A program while it runs.
struct Running<'h> {
    child: Child,
    group: Pid,
    lines: Receiver<Line>,
    hear: &'h mut dyn FnMut(&[u8], bool),
}

impl<'h> Running<'h> {
    fn new(mut child: Child, input: &str, hear: &'h mut dyn FnMut(&[u8], bool)) -> Result<Running<'h>, String> {
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
        Ok(Running { child, group, lines, hear })
    }

    /// Passes lines on until the program has ended, by itself or not, and nothing of a stopped group is left.
    fn until(&mut self, deadline: Instant, interrupt: &dyn Fn() -> Option<i32>) -> Result<Ended, String> {
        while !self.has_ended()? {
            self.pass_on();
            let (reason, signal) = match interrupt() {
                Some(signal) => (Ended::Interrupted, Signal::from_named_raw(signal).unwrap_or(Signal::TERM)),
                None if Instant::now() >= deadline => (Ended::Deadline, Signal::TERM),
                None => continue,
            };
            self.stop(signal)?;
            self.wait()?;
            return Ok(reason);
        }
        let now = Instant::now();
        let is_whole = self.hear_to_the_end((now + LONGEST_WORDS).min(deadline).max(now + LAST_WORDS / 10));
        Ok(Ended::ByItself { status: self.wait()?, is_whole })
    }

    fn wait(&mut self) -> Result<ExitStatus, String> {
        self.child.wait().map_err(|error| format!("its end cannot be learned: {error}"))
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
    fn pass_on(&mut self) -> bool {
        match self.lines.recv_timeout(TICK) {
            Ok(line) => (self.hear)(&line.bytes, line.complains),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(TICK);
                return false;
            }
        }
        true
    }

    /// Passes on what was said before the end, however slowly it is heard; whether both pipes were closed. What the program
    /// left behind may hold them open, so silence ends it, and a time at which it must be over.
    fn hear_to_the_end(&mut self, end: Instant) -> bool {
        let mut silent = Instant::now() + LAST_WORDS;
        loop {
            match self.lines.recv_timeout(TICK) {
                Ok(line) => {
                    (self.hear)(&line.bytes, line.complains);
                    silent = Instant::now() + LAST_WORDS;
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() >= silent => return false,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
            }
            if Instant::now() >= end {
                return false;
            }
        }
    }

    /// Passes on the rest; whether both pipes were closed before the time was over.
    fn hear_out(&mut self, end: Instant) -> bool {
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
            if to.send(Line { bytes, complains }).is_err() {
                return;
            }
        }
    });
}
