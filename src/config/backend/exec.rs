//! A program that prints rows, as meant.

use std::path::{Path, PathBuf};

use super::arm::arm_column;
use crate::config::values::{Values, zone};
use crate::config::written::exec::ExecEntry;
use crate::series::SignedDuration;
use crate::source::exec::Exec;
use crate::source::{File, Format, Long, MINUTE, Template};
use crate::text::problem::{At, Report};
use crate::text::scalar::Text;

/// How long a program may run when nothing says it.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);

/// The program of one metric in one arm.
pub(super) fn exec(written: &ExecEntry, values: &Values, folder: &Path, report: &mut Report) -> Exec {
    program(written, None, (values, folder), report)
}

/// The program that runs a query which is known later.
pub(super) fn engine(written: &ExecEntry, values: &Values, folder: &Path, report: &mut Report) -> Exec {
    program(written, Some(&Template::hold_query()), (values, folder), report)
}

fn program(written: &ExecEntry, query: Option<&str>, (values, folder): (&Values, &Path), report: &mut Report) -> Exec {
    let filled = |word: &At<Text>, report: &mut Report| values.fill_template_with(&text(word), query, report);
    let command = written.command.iter().map(|word| filled(word, report)).collect::<Vec<_>>();
    if let Some(deadline) = written.deadline.as_ref().filter(|deadline| deadline.value.0.is_zero()) {
        report.add_with(deadline.place, "a program cannot run in no time", "write `deadline: 2m`");
    }
    let environment = written.env.0.iter().map(|(name, value)| {
        if name.value.contains('=') || name.value.starts_with("DAVY_") {
            let hint = "call it something else: names of davy's own begin with `DAVY_`";
            report.add_with(name.place, format!("`{}` cannot be a variable here", name.value), hint);
        }
        (name.value.clone(), filled(value, report))
    });
    let environment = environment.collect();
    let shown = command.first().map_or(String::new(), |program| format!("the output of {}", program.describe()));
    let long = written.long.as_ref();
    let file = File {
        path: PathBuf::new(),
        shown,
        format: written.format.as_ref().map_or(Format::Auto, |format| format.value.0),
        time: values.maybe(written.time.as_ref(), report),
        zone: zone(written.zone.as_ref(), values, report),
        arm: written.arm.as_ref().map(|arm| arm_column(arm, values, report)),
        long: long.map(|long| Long { name: values.fill(&long.name, report), value: values.fill(&long.value, report) }),
    };
    Exec {
        command,
        environment,
        folder: folder.to_owned(),
        deadline: written.deadline.as_ref().map_or(DEADLINE, |deadline| deadline.value.0),
        file,
        step: MINUTE,
    }
}

fn text(word: &At<Text>) -> At<String> {
    At { place: word.place, value: word.value.0.clone() }
}

impl ExecEntry {
    /// Every text that may refer to labels.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let words =
            self.command.iter().chain(self.env.0.iter().map(|(_, value)| value)).map(|word| word.value.0.as_str());
        let arm = self.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
        let long = self.long.iter().flat_map(|long| [&long.name, &long.value]);
        words.chain(self.time.iter().chain(&self.zone).chain(arm).chain(long).map(|text| text.value.as_str()))
    }
}
