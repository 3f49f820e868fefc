//! `davy init`: a commented configuration to start from.

use std::path::Path;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli;
use crate::config::{self, Starter, Surveyed};
use crate::ingest;
use crate::record;
use crate::series::Pair;
use crate::source::survey::survey;

use crate::source::{File, Format};

pub(super) fn run(console: &Console, arguments: cli::Init) -> Result<Exit, Failure> {
    if arguments.files.canary.is_none() && arguments.files.data.is_none() {
        let why = "which files? Give --baseline and --canary, or --data with an `arm` column".to_owned();
        console.error(&why);
        return Ok(Exit::Usage);
    }
    let starter = starter(&arguments.files)?;
    tell(console, &starter);
    match &arguments.output {
        None => console.answer(&starter.yaml)?,
        Some(path) if path.exists() => {
            let error = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists and is left as it is");
            return Err(Failure::Output { path: path.clone(), error });
        }
        Some(path) => {
            record::write_file(path, &starter.yaml).map_err(Failure::output(path))?;
            console.note(&format!("wrote {0}; try `davy judge {0}`", path.display()));
        }
    }
    Ok(Exit::Pass)
}

/// Says what was recognised and what was not.
pub(super) fn tell(console: &Console, starter: &Starter) {
    for sentence in &starter.recognised {
        console.note(sentence);
    }
    for sentence in &starter.not_judged {
        console.note(&format!("not judged: {sentence}"));
    }
}

/// The configuration that the files' columns suggest.
pub(super) fn starter(files: &cli::Files) -> Result<Starter, Failure> {
    let look = |path: &Path| survey(&file(path)).map_err(|error| Failure::Data(ingest::Error::from(error)));
    let starter = match (&files.baseline, &files.canary, &files.data) {
        (Some(baseline), Some(canary), _) => {
            let pair = Pair { baseline: look(baseline)?, canary: look(canary)? };
            config::starter(&Surveyed::Two(pair.as_ref()), &called(canary))
        }
        (_, _, Some(data)) => config::starter(&Surveyed::One(&look(data)?), &called(data)),
        _ => return Err(Failure::Unusable("give --baseline and --canary, or --data".into())),
    };
    if starter.problems.is_empty() { Ok(starter) } else { Err(Failure::Unusable(starter.problems.join("\n"))) }
}

/// What a comparison of files is called when nobody named it.
fn called(path: &Path) -> String {
    path.file_stem().map_or_else(|| "comparison".into(), |stem| stem.to_string_lossy().into_owned())
}

fn file(path: &Path) -> File {
    File {
        path: path.to_owned(),
        shown: path.display().to_string(),
        format: Format::Auto,
        time: None,
        zone: None,
        arm: None,
        long: None,
    }
}
