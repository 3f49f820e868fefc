//! How far something is: one line on a terminal, for what takes longer than a second.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over sooner is not worth a line.
const SOON: Duration = Duration::from_secs(1);

/// The line, while there is one.
pub(super) struct Progress {
    wanted: bool,
    bar: Mutex<Option<ProgressBar>>,
    board: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// Of whom nobody wants to hear unless `wanted`, and unless stderr is a terminal.
    pub(super) fn new(wanted: bool) -> Progress {
        Progress { wanted: wanted && io::stderr().is_terminal(), bar: Mutex::default(), board: Mutex::default() }
    }

    /// Queries, datapoints.
    pub(super) fn counted(&self, what: &str, done: u64, of: Option<u64>) {
        let of = of.map(|of| format!(" of {}", HumanCount(of))).unwrap_or_default();
        self.show(|_| format!("{what} {}{of}", HumanCount(done)));
    }

    /// Files: rows, bytes, rate, time left.
    pub(super) fn reading(&self, rows: u64, bytes: u64, of: Option<u64>) {
        self.show(|bar| {
            let seconds = bar.elapsed().as_secs_f64().max(1e-3);
            let rate = bytes as f64 / seconds;
            let so_far = match of {
                Some(of) => format!("{} of {}", HumanBytes(bytes), HumanBytes(of)),
                None => HumanBytes(bytes).to_string(),
            };
            let left = of.filter(|_| rate > 0.0).map(|of| of.saturating_sub(bytes) as f64 / rate);
            let left = left.and_then(|left| Duration::try_from_secs_f64(left).ok());
            let left = left.map(|left| format!(", {} left", HumanDuration(left))).unwrap_or_default();
            let per_second = HumanBytes(rate as u64);
            format!("reading {so_far}, {} rows, {per_second}/s{left}", HumanCount(rows))
        });
    }

    /// Whether there is a terminal to draw on.
    pub(super) fn is_seen(&self) -> bool {
        self.wanted
    }

    /// A screen of lines that stays until it is taken down, in the place of the line.
    pub(super) fn board(&self, lines: String) {
        if self.wanted {
            let mut board = locked(&self.board);
            let board = board.get_or_insert_with(|| bar("{msg}"));
            board.set_message(lines);
            board.tick();
        }
    }

    /// Takes the screen down.
    pub(super) fn board_over(&self) {
        if let Some(board) = locked(&self.board).take() {
            board.finish_and_clear();
        }
    }

    fn show(&self, words: impl FnOnce(&ProgressBar) -> String) {
        if !self.wanted || locked(&self.board).is_some() {
            return;
        }
        let mut line = locked(&self.bar);
        let bar = line.get_or_insert_with(|| bar("{spinner} {wide_msg}"));
        if bar.elapsed() >= SOON {
            bar.set_message(words(bar));
            bar.tick();
        }
    }

    /// Takes the line away.
    pub(super) fn over(&self) {
        if let Some(bar) = locked(&self.bar).take() {
            bar.finish_and_clear();
        }
    }

    /// Says something above the line.
    pub(super) fn above(&self, say: impl FnOnce()) {
        let (line, board) = (locked(&self.bar), locked(&self.board));
        match line.as_ref().or(board.as_ref()) {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

fn locked<T>(bar: &Mutex<T>) -> MutexGuard<'_, T> {
    bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
