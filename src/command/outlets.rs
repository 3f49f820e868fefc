//! Where reports go beside stdout: files, and the summary of a step on GitHub Actions.
//!
//! What is wrong with the places is said before anything is judged. A report that cannot be written keeps no other from being
//! written.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Failure;
use super::console::Console;
use crate::cli;
use crate::output;
use crate::plain;
use crate::report::{self, Document, Format, Style};

/// The file to which a step's summary is added.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// The reports that were asked for, each with its place.
pub(super) struct Outlets(Vec<Outlet>);

enum Outlet {
    /// A file of its own.
    File(Format, PathBuf),
    /// The file to which the steps of a job add, with annotations on stderr.
    Step(PathBuf),
}

impl Outlets {
    /// The places of all reports, or why that cannot be.
    pub(super) fn of(output: &cli::Output) -> Result<Outlets, Failure> {
        let outlets = output.report.iter().map(|wanted| match &wanted.path {
            Some(path) => Ok(Outlet::File(wanted.format, path.clone())),
            None => step_summary(std::env::var_os(STEP_SUMMARY)).map(Outlet::Step),
        });
        Ok(Outlets(outlets.collect::<Result<Vec<Outlet>, Failure>>()?))
    }

    /// The files that are written.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.0.iter().map(|outlet| outlet.path().to_owned()).collect()
    }

    /// Whether they can hold several verdicts.
    pub(super) fn for_several(&self, recordings: usize) -> Result<(), Failure> {
        let replaced = self.0.iter().find(|outlet| matches!(outlet, Outlet::File(..)));
        replaced.map_or(Ok(()), |outlet| {
            let path = plain::path(outlet.path());
            Err(Failure::Misused(format!(
                "the reports of {recordings} recordings would replace each other in {path}: replay one at a time for a report"
            )))
        })
    }

    /// Whether a whole rollout has a form for each of them, and for the answer on stdout.
    pub(super) fn for_rollout(&self, answer: Format) -> Result<(), Failure> {
        self.among(&report::rollout::FORMATS, answer, |format, forms| {
            format!(
                "a whole rollout has no form as {format}, only as {forms}; each phase of a --record has one: `davy report \
                 DIR/PHASE/verdict.json`"
            )
        })
    }

    /// Whether a suite has a form for each of them, and for the answer on stdout.
    pub(super) fn for_suite(&self, answer: Format) -> Result<(), Failure> {
        self.among(&report::suite::FORMATS, answer, |format, forms| {
            format!("a suite has no form as {format}: write --format or --report with {forms}")
        })
    }

    /// Whether each of them, and the answer on stdout, has one of these forms; `refuse` says what one has instead.
    fn among(
        &self,
        forms: &[Format],
        answer: Format,
        refuse: impl FnOnce(Format, &str) -> String,
    ) -> Result<(), Failure> {
        let formats = self.0.iter().map(|outlet| match outlet {
            Outlet::File(format, _) => *format,
            Outlet::Step(_) => Format::Github,
        });
        [answer].into_iter().chain(formats).find(|format| !forms.contains(format)).map_or(Ok(()), |format| {
            let names: Vec<&str> = forms.iter().map(|form| form.name()).collect();
            Err(Failure::Misused(refuse(format, &names.join(", "))))
        })
    }

    /// Writes something else than a verdict, which has no place in a step's summary.
    pub(super) fn write_as(
        &self,
        console: &Console,
        details: bool,
        render: &dyn Fn(Format, &Style) -> String,
    ) -> Result<(), Failure> {
        self.each(console, |outlet| match outlet {
            Outlet::File(format, path) => {
                let text = render(*format, &Style { details, ..Style::default() });
                output::write(path, &text).map_err(Failure::output(path))
            }
            Outlet::Step(_) => Ok(()),
        })
    }

    /// Writes all of them.
    pub(super) fn write(&self, console: &Console, document: &Document, details: bool) -> Result<(), Failure> {
        self.each(console, |outlet| outlet.write(console, document, details))
    }

    /// One after the other, whatever becomes of it; the answer is the first failure.
    fn each(&self, console: &Console, write: impl Fn(&Outlet) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut first = Ok(());
        for outlet in &self.0 {
            let written = write(outlet);
            if written.is_ok() {
                console.detail(&format!("wrote {}", plain::path(outlet.path())));
            }
            first = first.and(written);
        }
        first
    }
}

impl Outlet {
    fn path(&self) -> &Path {
        match self {
            Outlet::File(_, path) | Outlet::Step(path) => path,
        }
    }

    fn write(&self, console: &Console, document: &Document, details: bool) -> Result<(), Failure> {
        match self {
            Outlet::File(format, path) => {
                let text = report::render(document, *format, &Style { details, ..Style::default() });
                output::write(path, &text).map_err(Failure::output(path))
            }
            Outlet::Step(path) => {
                console.lines(&report::annotations(document));
                if !add_summary(path, document).map_err(Failure::output(path))? {
                    console.note("the step's summary is full (1 MiB): the verdict is not in it");
                }
                Ok(())
            }
        }
    }
}

fn step_summary(named: Option<OsString>) -> Result<PathBuf, Failure> {
    let set = named.filter(|path| !path.is_empty()).map(PathBuf::from);
    set.ok_or_else(|| {
        Failure::Misused(format!(
            "`--report github` adds to the file that ${STEP_SUMMARY} names, which is not set here: give a path, \
             as in `--report github=summary.md`"
        ))
    })
}

/// Adds to what is there, where all of it stays within what is shown; whether there was room.
fn add_summary(path: &Path, document: &Document) -> std::io::Result<bool> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let present = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let separator = if present == 0 { "" } else { "\n\n" };
    let room = report::SUMMARY_BYTES.saturating_sub(present.saturating_add(separator.len()));
    let text = report::summary(document, room);
    if text.is_empty() {
        return Ok(false);
    }
    file.write_all(format!("{separator}{text}").as_bytes())?;
    Ok(true)
}
