//! What logs say, in the windows and steps of what was measured.

use super::error::Error;
use super::twins;
use crate::config::plan::{LogQuery, LogSource};
use crate::series::{Dataset, Signatures};
use crate::source::Outside;
use crate::source::signatures::{self, Spans};

/// Reads each log, and adds what it says to a dataset, whose windows are the ones that count.
///
/// # Errors
///
/// A log that cannot be reached or read.
pub fn add(logs: &[LogQuery], dataset: &mut Dataset, outside: &Outside) -> Result<(), Error> {
    for LogQuery { name, source } in logs {
        let spans = Spans { windows: dataset.windows, step: dataset.step };
        let read = match source {
            LogSource::Lines(lines) => unlike(signatures::read(lines, &spans, outside)?),
            LogSource::Recorded(path) => signatures::recorded(path)?,
        };
        dataset.signatures.insert(name.clone(), read);
    }
    Ok(())
}

/// The same with a remark where both arms wrote the same lines at the same times: one may be a copy.
fn unlike(mut log: Signatures) -> Signatures {
    let counts = log.templates.iter().map(|template| &template.counts);
    let same = twins::remark([&log.lines].into_iter().chain(counts).map(|pair| pair.as_ref()));
    log.remarks.canary.extend(same);
    log
}
