//! A judged dataset as a folder that is a configuration again.
//!
//! ```text
//! DIR/canary.yaml          the same configuration, resolved, its sources rewritten to the files beside it
//! DIR/series/METRIC.csv    what was measured: time, arm, (instance or group,) and the columns of the metric's shape
//! DIR/past/METRIC.csv      what the noise was learned from, if it was, in the same form
//! DIR/signatures/LOG.csv   what logs say, if that was compared: templates with their counts, and no line as it was
//! DIR/verdict.json         what was answered, if it was judged
//! ```
//!
//! So replaying is judging, and a recording can be read, edited and committed like any other configuration. The
//! folder appears whole or not at all: it is written beside its place and then exchanged with what was there in
//! one step. Nothing but the measured points, the rules and the labels is kept: no query, address or credential.
//!
//! A recording carries a mark, the section `recording` of its canary.yaml. Only a folder that carries it, and holds nothing
//! that a recording does not, is replaced.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::encoded;
use crate::output::{self, parent_of};
use crate::plain;
use crate::series::{Arm, Dataset, Instances, Pair, Series, Signatures, Timestamp, group_name};

/// The name of the configuration inside a recording (and of any configuration that a folder stands for).
pub const CONFIG: &str = "canary.yaml";
/// The name of the verdict inside a recording.
pub const VERDICT: &str = "verdict.json";
/// The column of a recording that holds the names of slices.
pub const SLICE: &str = "slice";
/// The folder of the series inside a recording.
pub const SERIES: &str = "series";

/// Why a recording could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something else at the place.
    #[error("{} exists and is not a recording alone: it is left as it is; choose another folder", plain::path(.0))]
    Occupied(PathBuf),
    /// Replacing the folder would pull it away from under the one who works in it.
    #[error("{} is the folder you are in, which a recording would replace: name one below it", plain::path(.0))]
    Here(PathBuf),
    /// The operating system refused.
    #[error("cannot write the recording {}: {source}", plain::path(path))]
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
    let place = place(folder)?;
    let folder = place.as_path();
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let parent = parent_of(folder);
    fs::create_dir_all(parent).map_err(at(parent))?;
    // The umask is taken off these permissions.
    let usual = fs::Permissions::from_mode(0o777);
    let draft = tempfile::Builder::new().prefix(output::RECORDING).permissions(usual).tempdir_in(parent);
    let draft = draft.map_err(at(parent))?;
    let held = File::open(draft.path()).map_err(at(parent))?;
    output::hold(&held);
    output::clear_drafts(parent, &held);
    let whole = dataset.with_days_together();
    for (name, dataset) in [(SERIES, whole.as_ref().or(Some(dataset))), (config::PAST, dataset.past.as_deref())] {
        let series = draft.path().join(name);
        dataset.map_or(Ok(()), |dataset| write_dataset(&series, dataset))?;
    }
    if !dataset.signatures.is_empty() {
        let folder = draft.path().join(config::SIGNATURES);
        write_signatures(&folder, dataset).map_err(at(&folder))?;
    }
    for (name, text) in [(CONFIG, config)].into_iter().chain(verdict.map(|verdict| (VERDICT, verdict))) {
        let path = draft.path().join(name);
        write_synced(&path, text.as_bytes()).map_err(at(&path))?;
    }
    put_in_place(draft, folder).map_err(at(folder))
}

/// Writes each metric of a dataset into a new folder.
fn write_dataset(folder: &Path, dataset: &Dataset) -> Result<(), Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    fs::create_dir(folder).map_err(at(folder))?;
    let of_groups: BTreeSet<String> =
        dataset.groups.iter().flat_map(|(name, groups)| groups.iter().map(|group| group_name(name, group))).collect();
    for (name, pair) in dataset.metrics.iter().filter(|(name, _)| !of_groups.contains(*name)) {
        let path = folder.join(format!("{name}.csv"));
        let parts = match (dataset.instances.get(name), dataset.slices.get(name), dataset.groups.get(name)) {
            (Some(instances), ..) => Some(Parts::of_instances("instance", instances)),
            (None, Some(slices), _) => Some(Parts::of_instances(SLICE, &slices.parts)),
            (None, None, groups) => groups.map(|_| Parts { column: "group", arms: Pair::default() }),
        };
        write_series(&path, pair, parts.as_ref()).map_err(at(&path))?;
    }
    for (name, groups) in dataset.groups.iter().filter(|(_, groups)| !groups.is_empty()) {
        let path = folder.join(format!("{name}.csv"));
        let (any, parts) = Parts::of_groups(name, groups, dataset);
        write_series(&path, &any, Some(&parts)).map_err(at(&path))?;
    }
    Ok(())
}

/// Writes what each log says into a new folder.
fn write_signatures(folder: &Path, dataset: &Dataset) -> io::Result<()> {
    fs::create_dir(folder)?;
    for (name, log) in &dataset.signatures {
        let rows = log_rows(log);
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(config::LOG_COLUMNS)?;
        rows.iter().try_for_each(|row| csv.write_record(row))?;
        csv.write_record(["", "", &rows.len().to_string(), "", "", config::END_OF_LOG])?;
        let bytes = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        write_synced(&folder.join(format!("{name}.csv")), &bytes)?;
    }
    Ok(())
}

/// What a log says: remarks, all lines, and the lines of each template, by arm and step.
fn log_rows(log: &Signatures) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for arm in Arm::BOTH {
        let none = String::new;
        rows.extend(log.remarks.get(arm).iter().map(|remark| {
            let text = format!("{}: {}", remark.gravity.name(), remark.text);
            [none(), arm.name().to_owned(), none(), none(), none(), text]
        }));
        rows.extend(line_rows(arm, log.lines.get(arm), "", ""));
    }
    for template in &log.templates {
        let mut example = Some(template.example.as_str()).filter(|example| *example != template.text);
        for arm in Arm::BOTH {
            let series = template.counts.get(arm);
            // once is enough
            let example = if series.is_empty() { None } else { example.take() };
            rows.extend(line_rows(arm, series, &template.text, example.unwrap_or_default()));
        }
    }
    rows
}

fn line_rows(arm: Arm, series: &Series, text: &str, example: &str) -> Vec<[String; 6]> {
    let Series::Events { time, count, .. } = series else { return Vec::new() };
    let row = |(at, (time, count)): (usize, (&Timestamp, &u64))| {
        let example = if at == 0 { example } else { "" };
        [&time.to_string(), arm.name(), &count.to_string(), text, example, ""].map(str::to_owned)
    };
    time.iter().zip(count).enumerate().map(row).collect()
}

/// The place itself and not a link to it, nor a name like `a/.`: that is exchanged. Refused where a recording would replace
/// what is not one.
///
/// # Errors
///
/// There is something else, or it is the folder that somebody works in.
pub fn place(folder: &Path) -> Result<PathBuf, Error> {
    let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if Path::new(".").canonicalize().is_ok_and(|here| here.starts_with(&place)) {
        return Err(Error::Here(folder.to_owned()));
    }
    if may_replace(&place) { Ok(place) } else { Err(Error::Occupied(place)) }
}

/// A folder may be replaced when it is empty or holds a recording and nothing else that would be lost.
fn may_replace(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(mut entries) => entries.next().is_none() || is_recording_alone(folder),
    }
}

/// Whether a folder carries the mark of a recording and holds only what a recording has.
fn is_recording_alone(folder: &Path) -> bool {
    let Some(config) = marked(folder) else { return false };
    let metrics: BTreeSet<String> = config.metric_names().map(|name| format!("{name}.csv")).collect();
    let logs: BTreeSet<String> = config.log_names().map(|name| format!("{name}.csv")).collect();
    let plain = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let is_known = |entry: &fs::DirEntry| match entry.file_name().to_str() {
        Some(CONFIG | VERDICT) => plain(entry),
        Some(SERIES | config::PAST | config::SIGNATURES) => entry.file_type().is_ok_and(|kind| kind.is_dir()),
        _ => false,
    };
    let is_of = |entry: &fs::DirEntry, names: &BTreeSet<String>| {
        plain(entry) && entry.file_name().to_str().is_some_and(|name| names.contains(name))
    };
    let mut parts = [(SERIES, &metrics), (config::PAST, &metrics), (config::SIGNATURES, &logs)].into_iter();
    let holds = |(name, names)| {
        let part = folder.join(name);
        !part.exists() || each(&part, |entry| is_of(entry, names))
    };
    each(folder, is_known) && parts.all(holds)
}

fn each(folder: &Path, holds: impl Fn(&fs::DirEntry) -> bool) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| holds(&entry))))
}

/// The configuration of a folder, where it says that it was recorded.
fn marked(folder: &Path) -> Option<Config> {
    let path = folder.join(CONFIG);
    fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let config = config::load(&fs::read_to_string(&path).ok()?, CONFIG).ok()?;
    config.recording().is_some().then_some(config)
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
            Err(_) if folder.exists() && may_replace(folder) => {}
            Err(error) => return Err(error),
        }
    }
    match renameat_with(CWD, draft.path(), CWD, folder, RenameFlags::EXCHANGE) {
        // The draft's place now holds the old recording, which goes with it.
        Ok(()) => draft.close(),
        // A file system that cannot exchange: the old one steps aside first.
        Err(_) => {
            let aside = tempfile::Builder::new().prefix(output::ASIDE).tempdir_in(parent_of(folder))?;
            let old = aside.path().join(folder.file_name().unwrap_or(CONFIG.as_ref()));
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

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// The parts of a metric, and the column of a recording that names them.
struct Parts<'a> {
    column: &'static str,
    arms: Pair<Vec<(&'a str, &'a Series)>>,
}

impl<'a> Parts<'a> {
    fn of_instances(column: &'static str, instances: &'a Pair<Instances>) -> Parts<'a> {
        let own = |of: &'a Instances| of.iter().map(|(name, series)| (name.as_str(), series)).collect();
        Parts { column, arms: instances.as_ref().map(own) }
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
