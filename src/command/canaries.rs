//! Several canaries on one command line: what each is called, and where its data is.
//!
//! One canary needs no name, and what it means stays as it was. Of several, each has a name that tells it from the others, and the
//! baseline is read once for each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::cli::{ArmNames, Files};
use crate::plain;

/// More at once make each interval so wide that it shows little.
const MOST: usize = 20;

/// One canary: its name, and the two arms as if it were alone.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) files: Files,
}

/// What to compare.
#[derive(Debug)]
pub(super) enum Asked {
    /// A configuration, or the data of two arms.
    One(Box<Files>),
    /// The data of a baseline and of several canaries.
    Several(Vec<Named>),
}

/// What the arguments name.
///
/// # Errors
///
/// Names are missing, or are one and the same; there is no baseline, or it can be read once only.
pub(super) fn of(files: &Files) -> Result<Asked, Failure> {
    let named = match (&files.arm, &files.data) {
        (Some(arm), Some(data)) if arm.canary.contains(',') => {
            once(data)?;
            of_arms(files, arm)?
        }
        _ => match of_files(files)? {
            Some(named) => named,
            None => return Ok(Asked::One(Box::new(files.clone()))),
        },
    };
    distinct(&named)?;
    match <[Named; 1]>::try_from(named) {
        Ok([one]) => Ok(Asked::One(Box::new(one.files))),
        Err(several) => Ok(Asked::Several(several)),
    }
}

/// The values of a column: `--arm version=41,v2,v3`.
fn of_arms(files: &Files, arm: &ArmNames) -> Result<Vec<Named>, Failure> {
    let named = arm.canary.split(',').map(|name| {
        let name = name.trim().to_owned();
        if name == arm.baseline {
            return Err(Failure::Misused(format!(
                "--arm {}=…: {name:?} is the baseline and a canary: name each value once",
                arm.column
            )));
        }
        let own = ArmNames { canary: name.clone(), ..arm.clone() };
        Ok(Named { name, files: Files { arm: Some(own), ..files.clone() } })
    });
    named.collect()
}

/// The files of `--canary`, each beside the baseline; nothing if all is as with one canary.
fn of_files(files: &Files) -> Result<Option<Vec<Named>>, Failure> {
    let baseline = match (&files.paths[..], &files.baseline) {
        ([baseline], None) => baseline,
        ([], Some(baseline)) => baseline,
        _ => return Ok(None),
    };
    let beside = |canary: PathBuf| Files {
        paths: vec![baseline.clone(), canary],
        baseline: None,
        canary: Vec::new(),
        ..files.clone()
    };
    match &files.canary[..] {
        [] => Ok(None),
        // a file may have such a name
        [one] if one.exists() || named(one).is_none() => Ok(match files.baseline {
            Some(_) => None,
            None => Some(vec![Named { name: String::new(), files: beside(one.clone()) }]),
        }),
        canaries => {
            if canaries.len() > 1 {
                once(baseline)?;
            }
            let each = canaries.iter().map(|text| {
                let (name, file) = named(text).ok_or_else(|| unnamed(text))?;
                if name.eq_ignore_ascii_case("baseline") {
                    let why = "a canary is called `baseline`, which is the other arm: give it another name";
                    return Err(Failure::Misused(why.into()));
                }
                Ok(Named { name, files: beside(file) })
            });
            each.collect::<Result<Vec<Named>, Failure>>().map(Some)
        }
    }
}

/// `v2=new.csv`.
fn named(text: &Path) -> Option<(String, PathBuf)> {
    let (name, file) = text.to_str()?.split_once('=')?;
    (!file.is_empty()).then(|| (name.trim().to_owned(), PathBuf::from(file)))
}

fn unnamed(text: &Path) -> Failure {
    let shown = plain::path(text);
    Failure::Misused(format!("--canary {shown}: of several canaries each needs a name: write `--canary NAME={shown}`"))
}

fn distinct(named: &[Named]) -> Result<(), Failure> {
    if named.len() > MOST {
        let why = format!("{} canaries are too many for one comparison: name {MOST} at most", named.len());
        return Err(Failure::Misused(why));
    }
    let mut taken = BTreeSet::new();
    for Named { name, .. } in named.iter().filter(|_| named.len() > 1) {
        if name.is_empty() {
            let why = "a canary has an empty name: write `--canary NAME=FILE`, or a value between the commas of --arm";
            return Err(Failure::Misused(why.into()));
        }
        if !taken.insert(plain::line(name)) {
            let why = format!("two canaries are called {}: give each a name of its own", plain::line(name));
            return Err(Failure::Misused(why));
        }
    }
    Ok(())
}

/// Refuses data that is gone once it was read.
fn once(data: &Path) -> Result<(), Failure> {
    let flows = std::fs::metadata(data).is_ok_and(|about| !about.is_file() && !about.is_dir());
    if data == Path::new("-") || flows {
        return Err(Failure::Misused(format!(
            "{} can be read once, and davy reads it for each canary: write it to a file first",
            plain::path(data)
        )));
    }
    Ok(())
}
