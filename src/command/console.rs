//! Where words go: the answer to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::Failure;
use super::progress::Progress;
use crate::cli::{Cli, Color, LogFormat};
use crate::plain;
use crate::report::Style;
use crate::source::{Interrupt, Tokens};

/// The two streams and how much to say on them.
pub(super) struct Console {
    quiet: bool,
    verbose: bool,
    json: bool,
    color: Color,
    progress: Progress,
    /// What sources gave to the run: it is one for all that it asks.
    tokens: Arc<Tokens>,
    /// Flags that end what is asked aside.
    flags: Vec<Arc<AtomicBool>>,
    /// What was said, if somebody else says it later.
    held: Option<Mutex<Vec<(&'static str, String)>>>,
}

impl Console {
    pub(super) fn new(cli: &Cli) -> Console {
        let json = cli.log_format == LogFormat::Json;
        let progress = Progress::new(!cli.quiet && !json);
        Console {
            quiet: cli.quiet,
            verbose: cli.verbose,
            json,
            color: cli.color,
            progress,
            tokens: Arc::default(),
            flags: vec![Arc::default()],
            held: None,
        }
    }

    /// The same for one of several that work at the same time: what it says is held until [`tell`](Console::tell).
    pub(super) fn aside(&self) -> Console {
        let held = Some(Mutex::default());
        Console {
            quiet: self.quiet,
            verbose: self.verbose,
            json: self.json,
            color: self.color,
            progress: Progress::new(false),
            tokens: Arc::clone(&self.tokens),
            flags: self.flags.clone(),
            held,
        }
    }

    /// The same with a flag that ends what it asks.
    #[cfg(feature = "serve")]
    pub(super) fn until(mut self, flag: &Arc<AtomicBool>) -> Console {
        self.flags.push(Arc::clone(flag));
        self
    }

    /// Who may end what is asked: of several at once, one alone does not hear signals.
    pub(super) fn interrupt(&self) -> Interrupt {
        if self.held.is_some() { Interrupt::Flags(self.flags.clone()) } else { Interrupt::Signals }
    }

    /// Ends what is asked by all that work aside.
    #[cfg(feature = "serve")]
    pub(super) fn stop(&self) {
        self.flags.iter().for_each(|flag| flag.store(true, std::sync::atomic::Ordering::Relaxed));
    }

    /// Says what one of several held back, in the words that are made of each message.
    pub(super) fn tell(&self, aside: Console, words: impl Fn(&str) -> String) {
        let held = aside.held.and_then(|held| held.into_inner().ok()).unwrap_or_default();
        held.iter().for_each(|(level, message)| self.say(level, &words(message)));
    }

    /// The tokens that sources gave so far.
    pub(super) fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens)
    }

    /// How a report on stdout may look.
    pub(super) fn style(&self, details: bool) -> Style {
        let terminal = io::stdout().is_terminal();
        let color = self.colors(terminal);
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
        let width = columns.filter(|_| terminal).unwrap_or(80).clamp(60, 120);
        Style { color, width, details }
    }

    fn colors(&self, terminal: bool) -> bool {
        let unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !unwanted(),
        }
    }

    /// The answer. A reader that has gone away is no failure.
    pub(super) fn answer(&self, text: &str) -> Result<(), Failure> {
        self.answer_in_bytes(text.as_bytes())
    }

    /// Whether somebody reads stdout with their eyes.
    pub(super) fn is_read(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The answer as a file's bytes.
    pub(super) fn answer_in_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Failure::output(Path::new("standard output"))),
        }
    }

    /// What went wrong.
    pub(super) fn error(&self, message: &str) {
        self.say("error", message);
    }

    /// What went wrong beside the answer, and does not change it.
    pub(super) fn warn(&self, message: &str) {
        self.say("warning", message);
    }

    /// A line that a program wrote; what it complains of is heard even where all else is quiet.
    pub(super) fn relay(&self, program: &str, line: &str, complains: bool) {
        if complains || !self.quiet {
            self.say(program, &plain::line(line));
        }
    }

    /// What a person should know.
    pub(super) fn note(&self, message: &str) {
        if !self.quiet {
            self.say("note", message);
        }
    }

    /// What a curious person may want to know.
    pub(super) fn detail(&self, message: &str) {
        if self.verbose {
            self.say("info", message);
        }
    }

    /// A look at a watch: for people a line that stands for itself.
    pub(super) fn look(&self, line: &str) {
        if self.json {
            return self.say("look", line);
        }
        if !self.quiet {
            // Nothing sensible is left to do when stderr itself is gone.
            self.progress.above(|| drop(writeln!(io::stderr().lock(), "{line}")));
        }
    }

    /// How a screen on stderr may look, and how many lines it has.
    pub(super) fn screen(&self) -> (Style, usize) {
        let size = terminal_size::terminal_size_of(io::stderr());
        let (columns, rows) = size.map_or((80, 24), |(columns, rows)| (usize::from(columns.0), usize::from(rows.0)));
        (Style { color: self.colors(io::stderr().is_terminal()), width: columns, details: false }, rows)
    }

    /// Lines for a program that reads along, as they are.
    pub(super) fn lines(&self, text: &str) {
        self.progress.above(|| {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        });
    }

    /// How far something is.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    fn say(&self, level: &str, message: &str) {
        let message = plain::lines(message);
        if let Some(mut held) = self.held.as_ref().and_then(|held| held.lock().ok()) {
            let known = ["error", "warning", "info"].into_iter().find(|known| *known == level);
            held.push((known.unwrap_or("note"), message));
            return;
        }
        self.progress.above(|| {
            let mut stderr = io::stderr().lock();
            // Nothing sensible is left to do when stderr itself is gone.
            let _ = if self.json {
                writeln!(stderr, "{}", serde_json::json!({ "level": level, "message": message }))
            } else {
                writeln!(stderr, "{level}: {}", message.trim_end())
            };
        });
    }
}
