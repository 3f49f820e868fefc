//! A file as meant: its path joined to the configuration's folder, its labels filled in.

use std::path::Path;

use super::arm::arm_column;
use crate::config::values::{Values, zone};
use crate::config::written::file::FileEntry;
use crate::source::{File, Format, Long};
use crate::text::problem::Report;

/// The file that one metric is read from in one arm.
pub(super) fn file(file: &FileEntry, values: &Values, folder: &Path, report: &mut Report) -> File {
    let shown = values.fill(&file.path, report);
    let zone = zone(file.zone.as_ref(), values, report);
    let arm = file.arm.as_ref().map(|arm| arm_column(arm, values, report));
    let long = file
        .long
        .as_ref()
        .map(|long| Long { name: values.fill(&long.name, report), value: values.fill(&long.value, report) });
    File {
        path: folder.join(&shown),
        shown,
        format: file.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        time: values.maybe(file.time.as_ref(), report),
        zone,
        arm,
        long,
    }
}
