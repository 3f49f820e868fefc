//! Scrapes that were saved: the text that targets expose (Prometheus, OpenMetrics), with times, as raw samples.
//!
//! What is in them is counted as what a server has: the samples of a series in the order of their times, whichever line or
//! file they stand in. A sample without a time is one of a moment that nobody knows, unless the configuration says that
//! the time of its file is meant.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::asked::Scrapes;
use super::promql::Selector;
use super::tracks::{Labels, label};
use crate::source::error::{Error, Place};
use crate::source::exposition::{END, sample};
use crate::source::file::compression;
use crate::source::open;

/// The samples of each series that a selector finds, in order.
pub(super) type Found = BTreeMap<Labels, Vec<(i64, f64)>>;

impl Scrapes {
    /// The samples of a selector.
    ///
    /// # Errors
    ///
    /// Unreachable: there is no such file. Unreadable: a line that is no sample or that breaks off, a sample without a time.
    pub(super) fn samples(&self, selector: &Selector) -> Result<Found, Error> {
        let mut found = Found::new();
        for path in self.files()? {
            let within = |error: Error| error.within(&crate::plain::path(&path));
            self.read(&path, selector, &mut found).map_err(within)?;
        }
        for samples in found.values_mut() {
            samples.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            samples.dedup();
        }
        Ok(found)
    }

    /// The files, by name.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let pattern = if self.path.is_dir() { self.path.join("*") } else { self.path.clone() };
        let pattern = pattern.to_string_lossy();
        if self.path.is_file() || !pattern.contains(['*', '?', '[']) {
            return Ok(vec![self.path.clone()]);
        }
        let found =
            glob::glob(&pattern).map_err(|_| Error::unreachable("is not a pattern of files").within(&self.shown()))?;
        let mut files: Vec<PathBuf> = found.flatten().filter(|path| path.is_file()).collect();
        files.sort();
        if files.is_empty() {
            return Err(Error::unreachable("holds no file")
                .within(&self.shown())
                .hint("Name the files with the scrapes."));
        }
        Ok(files)
    }

    fn read(&self, path: &Path, selector: &Selector, found: &mut Found) -> Result<(), Error> {
        let file = open::file(path)?;
        let of_file = file.metadata().and_then(|about| about.modified()).ok().filter(|_| self.by_file);
        let of_file = of_file.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|at| at.as_millis() as i64);
        let mut content = compression::plain(file)?;
        let mut line = String::new();
        for number in 1.. {
            line.clear();
            let read = content.read_line(&mut line).map_err(|error| compression::broken(&error))?;
            if read == 0 {
                break;
            }
            let text = line.trim();
            if text.is_empty() || text == END {
                continue;
            }
            // a number that is cut off is another number
            if !line.ends_with('\n') {
                let error = Error::unreadable("breaks off: its last line has no end").at(Place::line(number));
                return Err(error.hint("Save the scrape again. A whole one ends with a line feed."));
            }
            if text.starts_with('#') {
                continue;
            }
            let wrong = |problem: &str| {
                let error = Error::unreadable(problem).at(Place::line(number));
                error.expected("a sample: `http_requests_total{code=\"200\"} 1027 1395066363000`")
            };
            let sample = sample(text).ok_or_else(|| wrong("cannot be read as a sample"))?;
            if !selector.finds(|name| label(&sample.labels, name)) {
                continue;
            }
            let at = sample.at.or(of_file).ok_or_else(|| {
                let error = wrong("is a sample without a time");
                error.hint("Scrape with times, or write `times: file` if each file is as old as its scrape.")
            })?;
            found.entry(sample.labels).or_default().push((at, sample.value));
        }
        Ok(())
    }
}
