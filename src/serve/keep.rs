//! The folder of verdicts, and of what goes on: each is written whole before anybody hears of it, the latest are read at the start, the oldest are
//! removed.
//!
//! Names tell what a file is, so a start reads what it shows and not what lies there. davy removes a file only if its name and its content say
//! that davy wrote it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::judge::{Answer, Decision, Judge, Refused};
use super::shelf::Shelf;
use crate::output::Folder;
use crate::report::{self, Document, Format, Style};

/// What became of a question.
pub(super) type Outcome = Result<Answer, Refused>;

/// A verdict that was given.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) gate: String,
    pub(super) at: Timestamp,
    /// When it was found.
    pub(super) over: Timestamp,
    pub(super) outcome: Arc<Outcome>,
}

/// What the name of a verdict's file says.
#[derive(Debug, Clone)]
struct Name {
    id: String,
    gate: String,
    at: Timestamp,
    decision: Decision,
    file: String,
}

/// The folder.
pub(super) struct Keep {
    folder: Folder,
    files: Mutex<Shelf<Name>>,
}

impl Keep {
    /// Makes the folder if there is none, and reads as many of the latest verdicts as are shown. What the folder has no place for is removed
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or read.
    pub(super) fn open(
        path: PathBuf,
        most: usize,
        shown: usize,
        judge: &dyn Judge,
    ) -> Result<(Arc<Keep>, Shelf<Kept>), String> {
        let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(&path).map_err(unreadable)?;
        let files = std::fs::read_dir(&path).map_err(unreadable)?.flatten();
        let mut names: Vec<Name> = files.filter_map(|file| Name::of(file.file_name().to_str()?)).collect();
        names.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let (mut kept, mut latest, mut shelf) = (Shelf::new(most), Shelf::new(shown), Shelf::new(shown));
        let mut surplus = Vec::new();
        for name in names {
            latest.put(&name.gate.clone(), name.clone());
            surplus.extend(kept.put(&name.gate.clone(), name));
        }
        let latest: Vec<&Name> = latest.all().collect();
        let verdicts = read(&path, &latest);
        if verdicts.len() < latest.len() {
            let (lost, all, path) = (latest.len() - verdicts.len(), latest.len(), path.display());
            judge.log(&format!("{path}: {lost} of the latest {all} verdicts cannot be read: davy leaves them alone"));
        }
        for verdict in verdicts.into_iter().rev() {
            shelf.put(&verdict.gate.clone(), verdict);
        }
        let keep = Arc::new(Keep { folder: Folder::new(path), files: Mutex::new(kept) });
        let removing = Arc::clone(&keep);
        std::thread::spawn(move || surplus.iter().for_each(|name| removing.remove(name)));
        Ok((keep, shelf))
    }

    /// Writes a verdict, with the decision in its name; what could not be judged is not kept.
    pub(super) fn write(&self, kept: &Kept) -> Result<(), String> {
        let Ok(answer) = kept.outcome.as_ref() else { return Ok(()) };
        let text = report::render(&answer.document, Format::Json, &Style::default());
        let file = format!("{}.{}.json", kept.id, answer.decision.word());
        self.folder.write(&file, &text).map_err(|error| error.to_string())?;
        let Some(name) = Name::of(&file) else { return Ok(()) };
        let surplus = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            // a server that was killed has written it before
            files.remove(&kept.gate, |other| other.file == file);
            files.put(&kept.gate, name)
        };
        surplus.iter().for_each(|name| self.remove(name));
        Ok(())
    }

    /// Reads a verdict by its name.
    pub(super) fn find(&self, id: &str) -> Option<Kept> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let name = files.all().find(|name| name.id == id).cloned();
        drop(files);
        name?.read(self.folder.path())
    }

    /// Removes a verdict that davy wrote. What cannot be removed stays.
    fn remove(&self, name: &Name) {
        let path = self.folder.path().join(&name.file);
        let is_own =
            path.symlink_metadata().is_ok_and(|about| about.is_file()) && name.read(self.folder.path()).is_some();
        if is_own {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Writes how something stands that goes on; the name of its file ends so.
    pub(super) fn write_state(&self, id: &str, ending: &str, text: &str) -> Result<(), String> {
        self.folder.write(&format!("{id}.{ending}"), text).map_err(|error| error.to_string())
    }

    /// The files whose names end so.
    pub(super) fn states(&self, ending: &str) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| *end == *ending)).collect()
    }

    /// Removes the file of what was read or written here, and has ended.
    pub(super) fn remove_state(&self, id: &str, ending: &str) {
        let _ = std::fs::remove_file(self.folder.path().join(format!("{id}.{ending}")));
    }
}

/// Reads verdicts on all cores, in their order; what is not one is left out.
fn read(folder: &Path, names: &[&Name]) -> Vec<Kept> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = names.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let reading = |part: &'_ [&Name]| part.iter().filter_map(|name| name.read(folder)).collect::<Vec<Kept>>();
        let parts: Vec<_> = names.chunks(part).map(|part| scope.spawn(move || reading(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

impl Name {
    /// Of `GATE-MILLISECONDS-NUMBER.DECISION.json`; the number of a watch has a `w` before it.
    fn of(file: &str) -> Option<Name> {
        let (id, word) = file.strip_suffix(".json")?.rsplit_once('.')?;
        let decision = [Decision::Go, Decision::Wait, Decision::Stop].into_iter().find(|one| one.word() == word)?;
        let mut parts = id.rsplitn(3, '-');
        let (number, at, gate) = (parts.next()?, parts.next()?, parts.next()?.to_owned());
        number.strip_prefix('w').unwrap_or(number).parse::<u64>().ok()?;
        let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        Some(Name { id: id.to_owned(), gate, at, decision, file: file.to_owned() })
    }

    fn read(&self, folder: &Path) -> Option<Kept> {
        let document = Document::read(&std::fs::read_to_string(folder.join(&self.file)).ok()?).ok()?;
        let outcome = Arc::new(Ok(Answer { document, decision: self.decision }));
        Some(Kept { id: self.id.clone(), gate: self.gate.clone(), at: self.at, over: self.at, outcome })
    }
}
