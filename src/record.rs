//! A judged dataset as a folder that is a configuration again.
//!
//! ```text
//! DIR/canary.yaml          the same configuration, resolved, its sources rewritten to the files beside it
//! DIR/series/METRIC.csv    what was measured: time, arm, (instance or group,) and the columns of the metric's shape
//! DIR/verdict.json         what was answered, if it was judged
//! ```
//!
//! So replaying is judging, and a recording can be read, edited and committed like any other configuration. The
//! folder appears whole or not at all: it is written beside its place and then exchanged with what was there in
//! one step. Nothing but the measured points, the rules and the labels is kept: no query, address or credential.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::encoded;
use crate::series::{Arm, Dataset, Instances, Pair, Series, group_name};

/// The name of the configuration inside a recording (and of any configuration that a folder stands for).
pub const CONFIG: &str = "canary.yaml";
/// The name of the verdict inside a recording.
pub const VERDICT: &str = "verdict.json";
/// The folder of the series inside a recording.
pub const SERIES: &str = "series";
/// How the line begins in which a configuration says that it was recorded.
const RECORDED: &str = "recording:";

/// Why a recording could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something else at the place.
    #[error("{} exists and is not a recording alone: it is left as it is; choose another folder", .0.display())]
    Occupied(PathBuf),
    /// Replacing the folder would pull it away from under the one who works in it.
    #[error("{} is the folder you are in, which a recording would replace: name one below it", .0.display())]
    Here(PathBuf),
    /// The operating system refused.
    #[error("cannot write the recording {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a recording to `folder`, replacing an older recording there. `config` is the text of its canary.yaml,
/// `verdict` of its verdict.json; without one nothing was judged.
pub fn write(folder: &Path, config: &str, dataset: &Dataset, verdict: Option<&str>) -> Result<(), Error> {
    // The place itself and not a link to it, nor a name like `a/.`, is exchanged.
    let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if Path::new(".").canonicalize().is_ok_and(|here| here.starts_with(&place)) {
        return Err(Error::Here(folder.to_owned()));
    }
    let folder = place.as_path();
    if !may_replace(folder) {
        return Err(Error::Occupied(folder.to_owned()));
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let parent = parent_of(folder);
    fs::create_dir_all(parent).map_err(at(parent))?;
    let draft = tempfile::Builder::new().prefix(".davy-recording-").tempdir_in(parent).map_err(at(parent))?;
    let series = draft.path().join(SERIES);
    fs::create_dir(&series).map_err(at(&series))?;
    let of_groups: BTreeSet<String> =
        dataset.groups.iter().flat_map(|(name, groups)| groups.iter().map(|group| group_name(name, group))).collect();
    for (name, pair) in dataset.metrics.iter().filter(|(name, _)| !of_groups.contains(*name)) {
        let path = series.join(format!("{name}.csv"));
        let parts = match (dataset.instances.get(name), dataset.groups.get(name)) {
            (Some(instances), _) => Some(Parts::of_instances(instances)),
            (None, groups) => groups.map(|_| Parts { column: "group", arms: Pair::default() }),
        };
        write_series(&path, pair, parts.as_ref()).map_err(at(&path))?;
    }
    for (name, groups) in dataset.groups.iter().filter(|(_, groups)| !groups.is_empty()) {
        let path = series.join(format!("{name}.csv"));
        let (any, parts) = Parts::of_groups(name, groups, dataset);
        write_series(&path, &any, Some(&parts)).map_err(at(&path))?;
    }
    for (name, text) in [(CONFIG, config)].into_iter().chain(verdict.map(|verdict| (VERDICT, verdict))) {
        let path = draft.path().join(name);
        write_synced(&path, text.as_bytes()).map_err(at(&path))?;
    }
    readable(draft.path()).map_err(at(folder))?;
    put_in_place(draft, folder).map_err(at(folder))
}

/// Writes one file so that a reader finds the old text or the new one, never a part.
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let parent = parent_of(path);
    // A device or pipe cannot be exchanged for a file: write through it.
    if path.exists() && !path.is_file() {
        return fs::write(path, text);
    }
    let mut draft = tempfile::Builder::new().prefix(".davy-").tempfile_in(parent)?;
    io::Write::write_all(&mut draft, text.as_bytes())?;
    draft.as_file().sync_all()?;
    let mode = fs::metadata(path).map(|found| found.permissions()).ok();
    match mode {
        Some(permissions) => fs::set_permissions(draft.path(), permissions)?,
        None => readable_file(draft.path())?,
    }
    draft.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A folder may be replaced when it is empty or holds a recording and nothing else that would be lost.
fn may_replace(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(entries) => {
            let names: Vec<_> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
            let ours = |name: &io::Result<std::ffi::OsString>| {
                name.as_ref().is_ok_and(|name| [CONFIG, VERDICT, SERIES].iter().any(|known| name == known))
            };
            names.is_empty() || is_recording(folder) && names.iter().all(ours)
        }
    }
}

/// A configuration with a verdict, or one that says itself that it was recorded: what somebody wrote by hand over series of
/// their own has neither.
fn is_recording(folder: &Path) -> bool {
    let says_so = |text: String| text.lines().any(|line| line.starts_with(RECORDED));
    match folder.join(VERDICT).is_file() {
        true => folder.join(CONFIG).is_file(),
        false => folder.join(SERIES).is_dir() && fs::read_to_string(folder.join(CONFIG)).is_ok_and(says_so),
    }
}

fn put_in_place(draft: tempfile::TempDir, folder: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if !folder.exists() {
        match fs::rename(draft.path(), folder) {
            Ok(()) => {
                let _moved = draft.keep();
                return Ok(());
            }
            // Somebody else recorded to the same place just now.
            Err(_) if is_recording(folder) => {}
            Err(error) => return Err(error),
        }
    }
    match renameat_with(CWD, draft.path(), CWD, folder, RenameFlags::EXCHANGE) {
        // The draft's place now holds the old recording, which goes with it.
        Ok(()) => draft.close(),
        // A file system that cannot exchange: the old one steps aside first.
        Err(_) => {
            let aside = tempfile::Builder::new().prefix(".davy-old-").tempdir_in(parent_of(folder))?;
            let old = aside.path().join("recording");
            fs::rename(folder, &old)?;
            if let Err(error) = fs::rename(draft.path(), folder) {
                fs::rename(&old, folder)?;
                return Err(error);
            }
            let _moved = draft.keep();
            aside.close()
        }
    }
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

fn readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

fn readable_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// The parts of a metric, and the column of a recording that names them.
struct Parts<'a> {
    column: &'static str,
    arms: Pair<Vec<(&'a str, &'a Series)>>,
}

impl<'a> Parts<'a> {
    fn of_instances(instances: &'a Pair<Instances>) -> Parts<'a> {
        let own = |of: &'a Instances| of.iter().map(|(name, series)| (name.as_str(), series)).collect();
        Parts { column: "instance", arms: instances.as_ref().map(own) }
    }

    /// The groups of a metric, with a series of each arm that is of their shape.
    fn of_groups(name: &str, groups: &'a [String], dataset: &'a Dataset) -> (Pair<Series>, Parts<'a>) {
        let series = |group: &'a String, arm: Arm| {
            let pair = dataset.metrics.get(&group_name(name, group))?;
            Some((group.as_str(), pair.get(arm)))
        };
        let arms = Pair::build(|arm| groups.iter().filter_map(|group| series(group, arm)).collect::<Vec<_>>());
        let any = arms.as_ref().map(|parts| {
            let longest = parts.iter().max_by_key(|(_, series)| series.len()).map(|(_, series)| (*series).clone());
            longest.unwrap_or(Series::Gauge { time: Vec::new(), value: Vec::new(), requests: None })
        });
        (any, Parts { column: "group", arms })
    }
}

fn write_series(path: &Path, pair: &Pair<Series>, parts: Option<&Parts>) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    let columns = columns(pair);
    let of = parts.map(|parts| parts.column);
    rows.write_record(["time", "arm"].into_iter().chain(of).chain(columns.iter().copied()))?;
    for arm in Arm::BOTH {
        let parts: Vec<(Option<&str>, &Series)> = match parts {
            Some(parts) => parts.arms.get(arm).iter().map(|(name, series)| (Some(*name), *series)).collect(),
            None => vec![(None, pair.get(arm))],
        };
        for (instance, series) in parts {
            for i in 0..series.len() {
                let mut row = vec![series.time()[i].to_string(), arm.name().to_owned()];
                row.extend(instance.map(str::to_owned));
                row.extend(columns.iter().map(|column| cell(series, column, i)));
                rows.write_record(&row)?;
            }
        }
    }
    let bytes = rows.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    write_synced(path, &bytes)
}

/// The columns of a metric's file, by its shape.
fn columns(pair: &Pair<Series>) -> Vec<&'static str> {
    let shape = if pair.canary.is_empty() { &pair.baseline } else { &pair.canary };
    // Without a point nobody knows which optional column would have been there, so all are.
    let nothing = pair.baseline.is_empty() && pair.canary.is_empty();
    let known = |which: fn(&Series) -> bool| nothing || which(&pair.baseline) || which(&pair.canary);
    match shape {
        Series::Counts { .. } => vec!["total", "bad"],
        Series::Events { .. } if known(|s| matches!(s, Series::Events { exposure: Some(_), .. })) => {
            vec!["count", "exposure"]
        }
        Series::Events { .. } => vec!["count"],
        Series::Values { .. } => vec!["value"],
        Series::Buckets { .. } => vec!["histogram"],
        Series::Gauge { .. } if known(|s| matches!(s, Series::Gauge { requests: Some(_), .. })) => {
            vec!["value", "requests"]
        }
        Series::Gauge { .. } => vec!["value"],
    }
}

fn cell(series: &Series, column: &str, i: usize) -> String {
    match (series, column) {
        (Series::Counts { total, .. }, "total") => total[i].to_string(),
        (Series::Counts { bad, .. }, "bad") => bad[i].to_string(),
        (Series::Events { count, .. }, "count") => count[i].to_string(),
        (Series::Events { exposure: Some(exposure), .. }, "exposure") => exposure[i].to_string(),
        (Series::Values { value, .. } | Series::Gauge { value, .. }, "value") => value[i].to_string(),
        (Series::Buckets { bins, .. }, "histogram") => encoded::text(&bins[i]),
        (Series::Gauge { requests: Some(requests), .. }, "requests") => requests[i].to_string(),
        _ => String::new(),
    }
}
