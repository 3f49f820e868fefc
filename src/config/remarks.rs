//! What a configuration says of data that no criterion shows: what nobody judges, and what a recording knows of its points.
//!
//! Both limit the verdict. `not_judged` is written by `davy init` for columns that it does not understand; a person removes the
//! entries that do not matter. `recording: { remarks }` is written by `--record`, so that a replay answers as the first run did.

use super::written::file::File;
use super::written::remarks::NotJudgedEntry;
use crate::judge::rules::NotJudged;
use crate::series::{Gravity, Remark};

/// What the data holds and no criterion judges, as the file lists it.
pub(super) fn not_judged(file: &File) -> Vec<NotJudged> {
    let entry = |entry: &NotJudgedEntry| NotJudged {
        what: entry.what.value.clone(),
        why: entry.why.value.clone(),
        gravity: entry.at_best.as_ref().map_or(Gravity::Suspect, |at_best| at_best.value.0),
    };
    file.not_judged.iter().map(entry).collect()
}

/// What a recording says of the data of a metric.
pub(super) fn of(file: &File, metric: &str) -> Vec<Remark> {
    let all = file.recording.iter().flat_map(|recording| &recording.remarks);
    let own = all.filter(|remark| remark.metric.value == metric);
    own.map(|remark| Remark { gravity: remark.at_best.value.0, text: remark.says.value.clone() }).collect()
}
