//! What can go wrong between a file and a series, told so that a person can repair it: where, what was found,
//! what was expected, and what to do.

use std::fmt;

/// Why a source gave no series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{about}")]
pub struct Error {
    /// Which exit code it deserves.
    pub kind: Kind,
    /// The parts of the message.
    pub about: Box<About>,
}

/// What is told of an error, in parts; displayed, they are one paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The file as the user named it, or the source in words.
    pub shown: String,
    /// Where in the file.
    pub place: Option<Place>,
    /// The column (or field, or id) concerned.
    pub column: Option<String>,
    /// The text that was found.
    pub value: Option<String>,
    /// What is wrong. After a value it continues the sentence: `"2.5" is not whole`.
    pub problem: String,
    /// What was expected instead.
    pub expected: Option<String>,
    /// What to do about it: one or more sentences.
    pub hint: Option<String>,
}

/// The ways of failing, told apart by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is content, but it cannot be read as what it should be (65).
    Unreadable,
    /// The content could not be got at all (69).
    Unreachable,
    /// Somebody stopped it (130).
    Interrupted,
}

/// A position in a file, in the unit that its format has: a line, a record, a datapoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What is counted.
    pub what: &'static str,
    /// Its number, from 1.
    pub number: u64,
}

impl Place {
    /// A line of a text file.
    pub fn line(number: u64) -> Self {
        Place { what: "line", number }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.number)
    }
}

impl Error {
    /// Whether all that is wrong is that there is nothing to read, which may change where somebody writes.
    pub fn is_of_nothing(&self) -> bool {
        self.about.problem == "is empty"
    }

    pub(crate) fn unreadable(problem: impl Into<String>) -> Self {
        Error { kind: Kind::Unreadable, about: Box::new(About { problem: problem.into(), ..About::default() }) }
    }

    pub(crate) fn unreachable(problem: impl Into<String>) -> Self {
        Error { kind: Kind::Unreachable, ..Error::unreadable(problem) }
    }

    #[cfg(any(feature = "aws", feature = "prometheus"))]
    pub(crate) fn interrupted() -> Self {
        let error = Error::unreachable("stopped before all of it was fetched; nothing was judged");
        Error { kind: Kind::Interrupted, ..error.within("interrupted") }
    }

    pub(crate) fn within(mut self, shown: &str) -> Self {
        self.about.shown = shown.to_string();
        self
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.about.place = Some(place);
        self
    }

    pub(crate) fn column(mut self, name: &str) -> Self {
        self.about.column = Some(name.to_string());
        self
    }

    pub(crate) fn value(mut self, text: &str) -> Self {
        self.about.value = Some(shortened(text));
        self
    }

    pub(crate) fn expected(mut self, what: impl Into<String>) -> Self {
        self.about.expected = Some(what.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.about.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", crate::plain::line(&self.shown))?;
        if let Some(place) = self.place {
            write!(f, ", {place}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {}", quoted(column))?;
        }
        write!(f, ": ")?;
        if let Some(value) = &self.value {
            write!(f, "{} ", quoted(value))?;
        }
        write!(f, "{}", self.problem)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, ". {hint}")?;
        }
        Ok(())
    }
}

/// A name or value in quotes, control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// Names for a message: `a, b, c and 9 more`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    match names.len() {
        0 => "none".into(),
        n if n > SHOWN + 1 => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}

/// The names of a table's columns for a message: `The columns are: "ts", "errors" and 2 more.`
///
/// A file that was given by mistake may hold anything in its first line. So a single name, which is the whole line, is not
/// shown unless it is a word with a usual form, and of others only those are that look like names of columns.
pub(crate) fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const FEW: usize = 3;
    let names: Vec<&str> = names.into_iter().collect();
    let are_names = names.len() > 1 && names.iter().all(|name| is_identifier(name));
    if are_names {
        return format!("The columns are: {}.", listed(names));
    }
    let shown: Vec<&str> =
        names.iter().copied().filter(|name| names.len() > 1 && looks_like_a_name(name)).take(FEW).collect();
    match (shown.len(), names.len() - shown.len()) {
        (_, 0) if names.is_empty() => "There are no columns.".to_owned(),
        (_, 0) => format!("The columns are: {}.", listed(shown)),
        (0, _) => "Its first line does not look like the names of columns.".to_owned(),
        (_, more) => format!("The columns are: {} and {more} more.", listed(shown)),
    }
}

/// A short name as programs write it: `latency_p95.ms`.
fn is_identifier(name: &str) -> bool {
    const LONGEST: usize = 30;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.len() <= LONGEST && name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(plain)
}

/// A short name as people write it: `Latency p95 (ms)`, `CPU %`.
fn looks_like_a_name(name: &str) -> bool {
    let words = name
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')', '[', ']', '%', '#', '/']))
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    (1..=3).contains(&words.len()) && name.chars().count() <= 30 && words.iter().all(|word| is_identifier(word))
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = wanted.to_lowercase();
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name));
    let best = scored.fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(b) if b.0 >= next.0 => Some(b),
        _ => Some(next),
    });
    best.filter(|(score, _)| *score >= 0.8).map(|(_, name)| name)
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_string(),
    }
}
