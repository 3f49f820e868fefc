//! `davy calibrate`: the judge on trial, over a past in which nothing changed.

use jiff::Timestamp;

use super::console::Console;
use super::{Exit, Failure, history, pipeline};
use crate::calibrate::calibrate;
use crate::cli;
use crate::report;

pub(super) fn run(console: &Console, arguments: cli::Calibrate) -> Result<Exit, Failure> {
    let now = arguments.past.now.unwrap_or_else(Timestamp::now);
    let loaded = pipeline::load(&arguments.past.config)?.told(console);
    let resolve = history::resolve(&arguments.past);
    let options = pipeline::options(&loaded.folder, &resolve, now);
    let data = arguments.history.as_path();
    let mut past = history::read(console, &loaded, &options, Some(data))?;
    let count = arguments.windows.map(|windows| usize::try_from(windows).unwrap_or(usize::MAX));
    let layout = past.history.layout(past.setting, count).map_err(|short| history::too_short(data, short))?;
    console.detail(&format!("{} windows to judge", layout.starts.len()));
    if past.plan.noise.is_some() {
        past.plan.rules.learned = past.history.learn_all(&past.plan.rules, past.setting.length);
    }
    let calibration = calibrate(&past.plan.rules, &past.history, &layout, loaded.config.every(options.phase));
    let source = history::called(Some(data));
    let text = report::calibration(&calibration, &source, arguments.past.format, &console.style(false));
    console.answer(&text)?;
    Ok(Exit::Pass)
}
