//! What is wrong with a configuration, said so that it can be put right: place, line, message and remedy.
//!
//! Reading and planning never stop at the first mistake. They write into a [`Report`] and go on with the rest, so
//! that one `davy check` shows all there is to mend.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use super::secret;
pub use crate::notation::Complaint;

/// How many columns of a long source line are shown around the caret.
const SHOWN_COLUMNS: usize = 100;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it, or the option that is wrong.
    pub shown: String,
    /// The line, from 1; 0 where the problem is in no line.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The source line with a caret under the place; empty where there is none.
    pub snippet: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.shown, self.message)?,
            line => write!(f, "{}:{line}:{}: {}", self.shown, self.column, self.message)?,
        }
        if !self.snippet.is_empty() {
            write!(f, "\n{}", self.snippet)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All mistakes of one configuration, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none; a list that is returned has at least one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where something stands in the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1; 0 for nowhere.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// The first byte.
    pub(crate) start: usize,
    /// The first byte after.
    pub(crate) end: usize,
}

/// Something together with its place.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) place: Place,
    pub(crate) value: T,
}

/// The text of a configuration and the name it goes by.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) shown: String,
    pub(crate) text: String,
}

impl Origin {
    /// Whether the text has any section that every configuration has. If not, it may be a file that was given by mistake, a
    /// key or a password, and is not quoted.
    fn is_configuration(&self) -> bool {
        let begins = |line: &str| {
            let line = line.trim_start_matches([' ', '\t', '{', '"', '-']);
            ["sources", "metrics", "criteria", "phases", "use"].iter().any(|key| {
                line.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with(':'))
            })
        };
        self.text.lines().any(begins)
    }
}

/// The problems found so far in one text.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    origin: &'a Origin,
    problems: Vec<Problem>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(origin: &'a Origin) -> Self {
        Report { origin, problems: Vec::new() }
    }

    /// Another one of the same text, for what is not to be heard.
    pub(crate) fn quiet(&self) -> Report<'a> {
        Report::new(self.origin)
    }

    /// Notes a problem at a place.
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.complain(place, Complaint::new(message));
    }

    /// Notes a problem at a place, with its remedy.
    pub(crate) fn add_with(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.complain(place, Complaint::new(message).hint(hint));
    }

    /// Notes a problem with something that may be a secret: what stands there is not shown.
    pub(crate) fn add_hushed(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.push(place, String::new(), Complaint::new(message).hint(hint));
    }

    /// Notes a problem with a text, pointing into it where its bytes stand in the file as they are.
    pub(crate) fn complain_of(&mut self, of: &At<String>, complaint: Complaint) {
        let place = if complaint.part.is_empty() { of.place } else { self.inside(of, &complaint.part) };
        self.complain(place, complaint);
    }

    /// Notes what is wrong at a place.
    pub(crate) fn complain(&mut self, place: Place, complaint: Complaint) {
        let snippet = if self.origin.is_configuration() { snippet(&self.origin.text, place) } else { String::new() };
        self.push(place, snippet, complaint);
    }

    fn push(&mut self, place: Place, snippet: String, complaint: Complaint) {
        let problem = Problem {
            shown: self.origin.shown.clone(),
            line: place.line,
            column: place.column,
            snippet,
            message: complaint.message,
            hint: complaint.hint.filter(|hint| !hint.is_empty()),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Notes a problem with an option of the command line.
    pub(crate) fn option(&mut self, option: &str, complaint: Complaint) {
        let (shown, message) = (option.to_owned(), complaint.message);
        let hint = complaint.hint.filter(|hint| !hint.is_empty());
        self.problems.push(Problem { shown, line: 0, column: 0, snippet: String::new(), message, hint });
    }

    /// How many problems there are so far.
    pub(crate) fn len(&self) -> usize {
        self.problems.len()
    }

    /// The result if nothing was wrong with it, else all problems in the order of the file.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problems> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Problems(self.problems)),
        }
    }

    fn inside(&self, of: &At<String>, part: &std::ops::Range<usize>) -> Place {
        let written = self.origin.text.get(of.place.start..of.place.end).unwrap_or_default();
        let Some(lead) = written.find(of.value.as_str()).filter(|_| !of.value.is_empty()) else {
            return of.place;
        };
        let (before, start) = (of.value.get(..part.start).unwrap_or_default(), of.place.start + lead + part.start);
        let column = of.place.column + written[..lead].chars().count() + before.chars().count();
        if written.contains('\n') {
            return of.place;
        }
        Place { line: of.place.line, column, start, end: of.place.start + lead + part.end }
    }
}

/// The line of a place with a caret under it, control characters made visible, long lines cut to what matters.
fn snippet(text: &str, place: Place) -> String {
    let Some(line) = place.line.checked_sub(1).and_then(|i| text.lines().nth(i)) else {
        return String::new();
    };
    let visible = |c: char| if c.is_control() || c.width().is_none() { ' ' } else { c };
    let line = secret::veil(line.chars().map(visible).collect());
    let at = place.column.saturating_sub(1).min(line.len());
    let from = if line.len() > SHOWN_COLUMNS { at.saturating_sub(SHOWN_COLUMNS / 2) } else { 0 };
    let to = line.len().min(from + SHOWN_COLUMNS);
    let width = |chars: &[char]| chars.iter().map(|c| c.width().unwrap_or(0)).sum::<usize>();
    let spanned = text.get(place.start..place.end).map_or(1, |part| part.lines().next().unwrap_or("").chars().count());
    let carets = width(&line[at..(at + spanned).clamp(at, to.max(at))]).max(1);
    let (cut_before, cut_after) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
    let shown: String = line[from..to].iter().collect();
    let number = place.line.to_string();
    let (margin, indent) = (" ".repeat(number.len()), " ".repeat(width(&line[from..at]) + cut_before.chars().count()));
    format!("  {number} | {cut_before}{}{cut_after}\n  {margin} | {indent}{}", shown.trim_end(), "^".repeat(carets))
}

/// The nearest of some names, where one is near enough to have been meant.
pub(crate) fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written = written.to_lowercase();
    let allowed = |name: &str| (written.chars().count().max(name.chars().count()) / 3).clamp(1, 3);
    let distance = |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase());
    let scored = names.into_iter().map(|name| (distance(name), name));
    scored.filter(|(d, name)| *d <= allowed(name)).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}

/// "did you mean `x`?", or the names there are.
pub(crate) fn suggestion<'n>(written: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(name) = nearest(written, names.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("there is only {}", names[0])),
        n if n > 20 => Some(format!("there are {n}, among them {}", names[..20].join(", "))),
        _ => Some(format!("there are {}", names.join(", "))),
    }
}
