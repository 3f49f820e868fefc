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
use crate::source::file::compression;
use crate::source::open;

/// From here on a time is in milliseconds, as Prometheus writes it; OpenMetrics writes seconds.
const MILLISECONDS: f64 = 1e11;
/// The last line of OpenMetrics, which may lack its line feed.
const END: &str = "# EOF";

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

/// A line with a number.
struct Sample {
    labels: Labels,
    value: f64,
    /// In milliseconds.
    at: Option<i64>,
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut labels = vec![("__name__".to_owned(), name.to_owned())];
    let rest = match rest.strip_prefix('{') {
        Some(inner) => pairs(inner, &mut labels)?,
        None => rest,
    };
    labels.sort();
    // what follows is an exemplar
    let mut words = rest.split(" # ").next()?.split_ascii_whitespace();
    let value: f64 = words.next()?.parse().ok()?;
    let at = match words.next() {
        None => None,
        Some(text) => {
            let at: f64 = text.parse().ok().filter(|at: &f64| at.is_finite())?;
            Some(if at.abs() >= MILLISECONDS { at.round() as i64 } else { (at * 1e3).round() as i64 })
        }
    };
    words.next().is_none().then_some(Sample { labels, value, at })
}

/// Reads labels up to the brace that closes them; what follows it.
fn pairs<'t>(text: &'t str, labels: &mut Labels) -> Option<&'t str> {
    let mut rest = text.trim_start();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start().strip_prefix('"')?;
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.push((name.trim().to_owned(), value));
        rest = after[end + 1..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(&rest[1..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<(String, f64, Option<i64>)> {
        sample(line).map(|one| (super::super::tracks::shown(&one.labels), one.value, one.at))
    }

    #[test]
    fn lines_are_read_as_targets_write_them() {
        let some = |shown: &str, value, at| Some((shown.to_owned(), value, at));
        assert_eq!(parts("up 1"), some("up{}", 1.0, None));
        for (text, value) in [("+Inf", f64::INFINITY), ("Inf", f64::INFINITY), ("-Inf", f64::NEG_INFINITY)] {
            assert_eq!(parts(&format!("up {text}")), some("up{}", value, None));
        }
        assert!(sample("up NaN").unwrap().value.is_nan());
        assert_eq!(
            parts("a_total{b=\"c\",} 3.0 1395066363000"),
            some("a_total{b=\"c\"}", 3.0, Some(1_395_066_363_000))
        );
        assert_eq!(parts("a_total { b=\"c\" } 3 1395066363.25"), None);
        assert_eq!(
            parts("a_total{ b = \"c\" } 3 1395066363.25"),
            some("a_total{b=\"c\"}", 3.0, Some(1_395_066_363_250))
        );
        let exemplar = "a_bucket{le=\"0.1\"} 8 1395066363 # {trace_id=\"x\"} 0.054";
        assert_eq!(parts(exemplar), some("a_bucket{le=\"0.1\"}", 8.0, Some(1_395_066_363_000)));
        let inside = "a_total{path=\"/a # b\"} 8 1395066363 # {trace_id=\"x # y\"} 0.054";
        assert_eq!(parts(inside), some("a_total{path=\"/a # b\"}", 8.0, Some(1_395_066_363_000)));
        assert_eq!(sample("a{b=\"x\\\"y\\\\z\\n\"} 1").unwrap().labels[1].1, "x\"y\\z\n");
        for line in ["", "1a 2", "a{b=\"c\" 3", "a{b=c} 3", "a", "a 1 2 3", "a{b=\"c\"} x", "<html>"] {
            assert!(sample(line).is_none(), "{line}");
        }
    }
}
