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
}

impl Progress {
    /// Of whom nobody wants to hear unless `wanted`, and unless stderr is a terminal.
    pub(super) fn new(wanted: bool) -> Progress {
        Progress { wanted: wanted && io::stderr().is_terminal(), bar: Mutex::default() }
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

    fn show(&self, words: impl FnOnce(&ProgressBar) -> String) {
        if !self.wanted {
            return;
        }
        let mut bar = self.bar();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        if bar.elapsed() >= SOON {
            bar.set_message(words(bar));
            bar.tick();
        }
    }

    /// Takes the line away.
    pub(super) fn over(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    /// Says something above the line.
    pub(super) fn above(&self, say: impl FnOnce()) {
        match self.bar().as_ref() {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
