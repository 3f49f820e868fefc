//! `davy plan`: what a comparison will take, before it is made.

use jiff::Timestamp;

use super::console::Console;
use super::{Exit, Failure, history, pipeline};
use crate::cli;
use crate::forecast::forecast;
use crate::report;

pub(super) fn run(console: &Console, arguments: cli::Plan) -> Result<Exit, Failure> {
    let now = arguments.past.now.unwrap_or_else(Timestamp::now);
    let loaded = pipeline::load(&arguments.past.config)?.told(console);
    let resolve = history::resolve(&arguments.past);
    let options = pipeline::options(&loaded.folder, &resolve, now);
    let data = arguments.history.as_deref();
    let past = history::read(console, &loaded, &options, data)?;
    let forecast = forecast(&past.plan.rules, &past.history, past.setting, past.length_is_configured);
    let text = report::plan(&forecast, &history::called(data), arguments.past.format, &console.style(false));
    console.answer(&text)?;
    Ok(Exit::Pass)
}
