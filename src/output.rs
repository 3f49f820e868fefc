//! Files that davy writes: whole, at the place that the path means, and readable as the umask says.
//!
//! A plain file is written beside its place and then renamed, so that a reader finds the old text or the new one. A link
//! stays, and its target is replaced. What is not a plain file (a terminal, a pipe, `/dev/stdout`, `/dev/null`) stays too,
//! and is written through. A run that was killed leaves its draft behind; the next run that writes there removes it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How the name of a file begins while it is written.
const FILE: &str = ".davy-draft-";
/// How the name of a recording begins while it is written.
pub const RECORDING: &str = ".davy-recording-";
/// How the name of a folder begins that holds an old recording while the new one takes its place.
pub const ASIDE: &str = ".davy-old-";
/// A draft that nobody has touched for so long was left by a run that is no more.
const OLD: Duration = Duration::from_secs(60 * 60);
/// So many links lead to a file at most, as in the operating system.
const MOST_LINKS: usize = 40;

/// Writes a text.
///
/// # Errors
///
/// The operating system refuses.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    write_with(path, |to| to.write_all(text.as_bytes()))
}

/// Writes what `fill` gives.
///
/// # Errors
///
/// The operating system refuses.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    put(path, true, fill)
}

/// A folder into which one process writes many files: what killed runs left there is removed once, and not looked for each time.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    is_cleared: AtomicBool,
}

impl Folder {
    /// A folder that exists.
    pub fn new(path: PathBuf) -> Folder {
        Folder { path, is_cleared: AtomicBool::new(false) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a text as a file of this name.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let is_first = !self.is_cleared.swap(true, Ordering::Relaxed);
        put(&self.path.join(name), is_first, |to| to.write_all(text.as_bytes()))
    }
}

fn put(path: &Path, clear: bool, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let place = match Place::of(path)? {
        Place::Through(mut open) => return fill(&mut open),
        Place::File(place) => place,
    };
    let parent = parent_of(&place);
    let present = fs::metadata(&place).map(|found| found.permissions()).ok();
    // what is created gets these permissions less the umask
    let wanted = present.clone().unwrap_or(Permissions::from_mode(0o666));
    let mut draft = tempfile::Builder::new().prefix(FILE).permissions(wanted).tempfile_in(parent)?;
    hold(draft.as_file());
    if clear {
        clear_drafts(parent, draft.as_file());
    }
    if let Some(present) = present {
        draft.as_file().set_permissions(present)?;
    }
    fill(draft.as_file_mut())?;
    draft.as_file().sync_all()?;
    draft.persist(&place).map_err(|error| error.error)?;
    Ok(())
}

/// The folder of a path.
pub fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a path is that of a descriptor which this process has open: `/dev/stdout`, `/dev/fd/3`, a link to one.
pub fn is_descriptor(path: &Path) -> bool {
    matches!(followed(path), Ok(Followed::Descriptor(..)))
}

/// What a path means to one who writes.
enum Place {
    /// A plain file, or nothing yet.
    File(PathBuf),
    /// Something that takes bytes as they come.
    Through(File),
}

impl Place {
    fn of(path: &Path) -> io::Result<Place> {
        let place = match followed(path)? {
            // To open the file behind a descriptor again would begin at its start and overwrite what is there.
            Followed::Descriptor(1, _) => {
                return Ok(Place::Through(rustix::stdio::stdout().try_clone_to_owned()?.into()));
            }
            Followed::Descriptor(2, _) => {
                return Ok(Place::Through(rustix::stdio::stderr().try_clone_to_owned()?.into()));
            }
            Followed::Descriptor(0, _) => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "standard input is for reading"));
            }
            Followed::Descriptor(_, place) => return Ok(Place::Through(OpenOptions::new().append(true).open(place)?)),
            Followed::Path(place) => place,
        };
        match fs::metadata(&place) {
            Ok(found) if found.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(found) if found.is_file() && !place.starts_with("/proc") => Ok(Place::File(place)),
            Ok(_) => Ok(Place::Through(OpenOptions::new().append(true).open(place)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Place::File(place)),
            Err(error) => Err(error),
        }
    }
}

/// Where a path leads.
enum Followed {
    /// A descriptor of this process, and its place below `/proc`.
    Descriptor(u32, PathBuf),
    /// A place that is no link.
    Path(PathBuf),
}

/// Follows links one by one: what stands behind a descriptor is not what its link reads.
fn followed(path: &Path) -> io::Result<Followed> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Some(name) = at.file_name() else { return Ok(Followed::Path(at.canonicalize()?)) };
        let parent = parent_of(&at).canonicalize()?;
        let place = parent.join(name);
        if let (true, Some(number)) = (is_own(&parent), name.to_str().and_then(|name| name.parse().ok())) {
            return Ok(Followed::Descriptor(number, place));
        }
        match fs::read_link(&place) {
            // What stands below /proc is no plain path.
            Ok(_) if parent.starts_with("/proc") && parent.ends_with("fd") => return Ok(Followed::Path(place)),
            Ok(target) => at = parent.join(target),
            Err(_) => return Ok(Followed::Path(place)),
        }
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

/// Whether a folder lists the descriptors of this process: `/proc/self/fd`.
fn is_own(folder: &Path) -> bool {
    folder.ends_with("fd") && Path::new("/proc/self").canonicalize().is_ok_and(|own| folder.starts_with(own))
}

/// Says that a draft is in use for as long as it is open.
pub fn hold(draft: &File) {
    // Where files cannot be locked, drafts are told apart by their age alone.
    let _ = draft.try_lock();
}

/// Removes what killed runs left in a folder, in which a new draft was just begun. Nothing else is touched: the name, the
/// kind, the age and the content say that it is a draft, and no run holds it. What cannot be removed stays.
pub fn clear_drafts(folder: &Path, begun: &File) {
    let (Ok(entries), Ok(begun)) = (fs::read_dir(folder), begun.metadata()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(".davy-")) else { continue };
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let is_draft = match () {
            () if is_named(name, FILE) => kind.is_file(),
            () if is_named(name, RECORDING) => {
                kind.is_dir() && holds_only(&path, &["series", "canary.yaml", "verdict.json"])
            }
            () if is_named(name, ASIDE) => kind.is_dir() && is_replaced(&path, folder),
            () => false,
        };
        if !is_draft || !is_old(&path, &begun) || is_held(&path) {
            continue;
        }
        let _ = if kind.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

/// Whether a name is the beginning with what `tempfile` adds to it.
fn is_named(name: &str, beginning: &str) -> bool {
    let added = name.strip_prefix(beginning).unwrap_or_default();
    added.len() == 6 && added.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn holds_only(folder: &Path, names: &[&str]) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| entry.is_ok_and(|entry| names.iter().any(|name| entry.file_name() == *name)))
}

/// Whether every recording that was set aside has its successor: else it is the only one.
fn is_replaced(aside: &Path, parent: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(aside) else { return false };
    entries.all(|entry| entry.is_ok_and(|entry| parent.join(entry.file_name()).is_dir()))
}

/// The file system's own clock tells the age.
fn is_old(path: &Path, begun: &fs::Metadata) -> bool {
    let (Ok(about), Ok(now)) = (fs::symlink_metadata(path), begun.modified()) else { return false };
    about.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= OLD))
}

fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|draft| matches!(draft.try_lock(), Err(fs::TryLockError::WouldBlock)))
}
