//! `davy init`: a commented configuration to start from.

use std::path::Path;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli;
use crate::config::{self, Starter};
use crate::ingest;
use crate::record;
use crate::series::Pair;
use crate::source::survey::{Survey, survey};

use crate::source::{File, Format};

pub(super) fn run(console: &Console, arguments: cli::Init) -> Result<Exit, Failure> {
    if arguments.files.canary.is_none() && arguments.files.data.is_none() {
        let why = "which files? Give --baseline and --canary, or --data with an `arm` column".to_owned();
        console.error(&why);
        return Ok(Exit::Usage);
    }
    let starter = starter(&arguments.files)?;
    for sentence in &starter.recognised {
        console.note(sentence);
    }
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

/// The configuration that the files' columns suggest.
pub(super) fn starter(files: &cli::Files) -> Result<Starter, Failure> {
    let look = |path: &Path| survey(&file(path)).map_err(|error| Failure::Data(ingest::Error::from(error)));
    let surveys: Pair<Survey> = match (&files.baseline, &files.canary, &files.data) {
        (Some(baseline), Some(canary), _) => Pair { baseline: look(baseline)?, canary: look(canary)? },
        (_, _, Some(data)) => {
            let both = look(data)?;
            if both.arm.is_none() {
                return Err(Failure::Unusable(format!(
                    "{}: there is no column that tells baseline from canary; give it a column `arm` with the values \
                     baseline and canary, or give --baseline and --canary files",
                    data.display()
                )));
            }
            Pair { baseline: both.clone(), canary: both }
        }
        _ => return Err(Failure::Unusable("give --baseline and --canary, or --data".into())),
    };
    config::starter(&surveys).map_err(Failure::Unusable)
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
