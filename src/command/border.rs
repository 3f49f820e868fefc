//! What somebody else's configuration may reach: a recording the plain files of its own folder, and one that came with a request what
//! the operator listed.
//!
//! A recording travels: it is attached to bug reports, committed, replayed by people who did not make it. So it names plain
//! files below its folder, by relative paths, and no link leads out. It asks no service and runs no hook. What it names
//! otherwise is refused before it is opened, and nothing of it is quoted.

use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::SignedDuration;

use super::Failure;
use crate::config::Config;
use crate::config::plan::{Learn, LogQuery, LogSource, Past, Plan, Span};
use crate::judge::rules::Looks;
use crate::plain;
use crate::record;
use crate::source::requests::files;
use crate::source::{Allowed, Query, Source};

/// The longest time that a configuration of a request may ask for.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The most steps of that time, which are held in memory.
const MOST_STEPS: i128 = 50_000;
/// The looks of a soak: each is kept.
const MOST_LOOKS: i128 = 3_000;
/// The most questions of such a configuration.
const MOST_QUERIES: usize = 500;

/// How far a configuration may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever its author says.
    Anywhere,
    /// Files of its folder: a configuration that is replayed.
    Folder,
    /// Recorded files of its folder: it carries the mark of a recording.
    Recording,
    /// What the operator listed: it came with a request.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only what serves has requests"))]
    Listed(Allowed),
}

impl Reach {
    /// How far a configuration may reach that was found in `folder`.
    ///
    /// # Errors
    ///
    /// It is a recording, and has what no recording has.
    pub(super) fn of(config: &Config, file: &Path, is_replayed: bool) -> Result<Reach, Failure> {
        if !config.is_recording() {
            return Ok(if is_replayed { Reach::Folder } else { Reach::Anywhere });
        }
        hold_file(folder_of(file), file)?;
        let refused = |why: &str| Err(Failure::Unusable(format!("{}: {why}", plain::path(file))));
        if config.has_hooks() {
            return refused(
                "a recording has no hooks, and this one does. Remove `hooks`, or `recording` if it is yours",
            );
        }
        if config.asks_beyond_files() {
            return refused("a recording reads the files that it holds, and this one has another source. Remove it");
        }
        Ok(Reach::Recording)
    }

    /// Refuses queries that reach further.
    ///
    /// # Errors
    ///
    /// One of them asks a service, or for a file that is not a plain one inside of the folder.
    pub(super) fn hold(&self, queries: &[Query], folder: &Path) -> Result<(), Failure> {
        match self {
            Reach::Anywhere => return Ok(()),
            Reach::Listed(allowed) => return hold_listed(allowed, queries, folder),
            Reach::Folder | Reach::Recording => {}
        }
        for query in queries {
            match &query.source {
                Source::Lost(_) => {}
                Source::File(_) | Source::Requests(_) if query.source.service().is_none() => {
                    query.source.files().iter().try_for_each(|path| hold_file(folder, path))?
                }
                _ => {
                    let (folder, metric) = (plain::path(shown(folder)), &query.metric);
                    return Err(Failure::Unusable(format!(
                        "the recording {folder}: the metric {metric:?} asks a service, and a recording reads files"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Refuses logs that are not plain files inside of the folder.
    ///
    /// # Errors
    ///
    /// One of them is not.
    fn hold_logs(&self, logs: &[LogQuery], folder: &Path) -> Result<(), Failure> {
        match (self, logs.first()) {
            (Reach::Anywhere, _) | (_, None) => return Ok(()),
            // nothing lists which logs a request may read
            (Reach::Listed(_), Some(log)) => {
                return Err(Failure::Unusable(format!(
                    "the configuration of the request has `signatures` ({:?}), and a request reads no logs. Leave them out, or put the configuration into the folder of `--configs`",
                    log.name
                )));
            }
            (Reach::Folder | Reach::Recording, Some(_)) => {}
        }
        for log in logs {
            let written: Vec<&PathBuf> = match &log.source {
                LogSource::Recorded(path) => vec![path],
                LogSource::Lines(lines) => lines.logs.baseline.inputs.iter().chain(&lines.logs.canary.inputs).collect(),
            };
            for path in written {
                // a pattern is looked at before what it finds
                if !is_below(folder, path) {
                    hold_file(folder, path)?;
                }
                files(std::slice::from_ref(path)).iter().try_for_each(|file| hold_file(folder, file))?;
            }
        }
        Ok(())
    }

    /// Refuses a plan that reaches further, or asks for more than a request may.
    ///
    /// # Errors
    ///
    /// As [`hold`](Reach::hold); or it asks for too much.
    pub(super) fn hold_plan(&self, plan: &Plan, folder: &Path) -> Result<(), Failure> {
        self.hold(&plan.queries, folder)?;
        self.hold_logs(&plan.logs, folder)?;
        match self {
            Reach::Listed(_) => hold_amount(plan).map_err(|why| {
                Failure::Unusable(format!(
                    "the configuration of the request {why}. Or put it into the folder of `--configs`"
                ))
            }),
            Reach::Anywhere | Reach::Folder | Reach::Recording => Ok(()),
        }
    }
}

/// Refuses questions that the operator did not list. Files are plain ones inside of the folder.
fn hold_listed(allowed: &Allowed, queries: &[Query], folder: &Path) -> Result<(), Failure> {
    for Query { metric, source, .. } in queries {
        let refused =
            |why: String| Failure::Unusable(format!("the metric {metric:?} of the request cannot be asked: {why}"));
        allowed.hold(source).map_err(refused)?;
        // a pattern is looked at before it is: what it finds elsewhere is nobody's business
        let written: Vec<&PathBuf> = match source {
            Source::File(file) => vec![&file.path],
            Source::Requests(asked) => asked.log.inputs.iter().collect(),
            _ => Vec::new(),
        };
        let is_plain = |path: &PathBuf| hold_file(folder, path).is_ok();
        if !written.iter().all(|path| is_below(folder, path)) || !source.files().iter().all(is_plain) {
            return Err(refused("its file is not a plain one inside of the folder of `--configs`".into()));
        }
    }
    Ok(())
}

/// Whether a path is inside of a folder as it is written.
fn is_below(folder: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below != Path::new("-") && below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Refuses what would take too long, or too much room.
fn hold_amount(plan: &Plan) -> Result<(), String> {
    if plan.queries.len() > MOST_QUERIES {
        return Err(format!("asks {} questions, and may ask {MOST_QUERIES}: leave metrics out", plan.queries.len()));
    }
    match &plan.noise {
        Some(Learn { from: Past::Data(_), .. }) => {
            return Err(
                "learns the noise from a file: let it learn from the time before, as in `noise: { from: 7d }`".into()
            );
        }
        Some(Learn { from: Past::Before(span), .. }) if *span > LONGEST => {
            return Err("learns the noise of more than 31 days: write a shorter time".into());
        }
        _ => {}
    }
    match plan.rules.looks {
        Looks::Open => return Err("has no end of its looks: write `soak: 1h`".into()),
        Looks::Planned { soak, .. } if soak > LONGEST => {
            return Err("has a soak of more than 31 days: write a shorter one".into());
        }
        Looks::Planned { soak, every } => {
            let looks = every.map_or(1, |every| soak.as_nanos() / every.as_nanos().max(1));
            if looks > MOST_LOOKS {
                return Err(format!("takes {looks} looks, and may take {MOST_LOOKS}: write a longer `every`"));
            }
        }
        Looks::Once => {}
    }
    let finest = plan.queries.iter().filter_map(|query| query.step).chain(plan.time.step).min();
    for span in [plan.time.canary, plan.time.baseline] {
        let Span::Exactly(window) = span else { continue };
        if window.duration() > LONGEST {
            return Err("asks for more than 31 days: write a shorter window".into());
        }
        let steps = finest.map_or(0, |step| window.duration().as_nanos() / step.as_nanos().max(1));
        // each of several earlier windows is as long, with the time before it
        let several = plan.time.days.as_ref().map_or(1, |days| 2 * days.ago.len() as i128);
        let steps = steps.saturating_mul(several);
        if steps > MOST_STEPS {
            return Err(format!("asks for {steps} steps, and may ask for {MOST_STEPS}: write a longer `step`"));
        }
    }
    Ok(())
}

/// Refuses a path that is not a plain file inside of a folder. One that does not exist is the reader's to complain of.
pub(super) fn hold_file(folder: &Path, path: &Path) -> Result<(), Failure> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let is_below = below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let stays = || match (path.canonicalize(), shown(folder).canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder) && path.is_file(),
        (Err(error), _) => error.kind() == io::ErrorKind::NotFound && !path.is_symlink(),
        (_, Err(_)) => false,
    };
    if is_below && stays() {
        return Ok(());
    }
    Err(Failure::Unusable(format!(
        "the recording {}: `{}` is not a plain file inside of its folder, and a recording reads nothing else. Copy the file \
         into the folder, and name it by a relative path",
        plain::path(shown(folder)),
        plain::path(below)
    )))
}

/// The file of a configuration that is named by itself or by its folder.
pub(super) fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(record::CONFIG) } else { path.to_owned() }
}

/// The folder of a configuration.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// The folder in which somebody works has an empty path.
fn shown(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The text of a file of a folder that somebody else may have made; nothing if there is none.
pub(super) fn text(folder: &Path, name: &str) -> Result<Option<String>, Failure> {
    let path: PathBuf = folder.join(name);
    hold_file(folder, &path)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Unreadable { path, error }),
    }
}

/// The verdict of a recording; nothing if it has none.
pub(super) fn verdict(folder: &Path) -> Result<Option<String>, Failure> {
    text(folder, record::VERDICT)
}
