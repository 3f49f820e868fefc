//! How rows are written and what their fields mean, as data.

use std::fmt;
use std::sync::Arc;

use super::super::TimeUnit;
use super::super::condition::Condition;
use super::super::layout::{Field, Holds, Layout};
use super::super::outcome::Means;
use super::known;

/// How rows are written and what their fields mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// How a line becomes fields.
    pub lines: Lines,
    /// The columns that tell the time, the first that exists. Usual names where there are none.
    pub time: Vec<TimeFrom>,
    /// What tells the latency, the first that exists.
    pub latency: Vec<LatencyFrom>,
    /// The columns that say how a request ended, the first that exists of each kind.
    pub ends: Vec<(String, Means)>,
    /// Which rows are errors, where no column says it.
    pub error: Option<Condition>,
    /// Which rows are requests, where a format has others too.
    pub only: Option<Condition>,
    /// What the unit of the latency is known by, in words.
    pub because: Option<&'static str>,
}

impl Recipe {
    /// Lines, and nothing said of them.
    pub fn plain(lines: Lines) -> Recipe {
        let (time, latency, ends) = (Vec::new(), Vec::new(), Vec::new());
        Recipe { lines, time, latency, ends, error: None, only: None, because: None }
    }

    /// Whether requests may fail without a word of it.
    pub fn is_silent(&self) -> bool {
        self.because.is_some_and(known::is_silent)
    }

    /// What a column tells of the time, beyond its name.
    pub fn time_of(&self, column: &str) -> Option<TimeFrom> {
        let Lines::Laid(layout) = &self.lines else { return None };
        TimeFrom::of(layout.field(column)?)
    }

    /// What a column tells of the latency, beyond its name.
    pub fn latency_of(&self, column: &str) -> Option<LatencyFrom> {
        if let Lines::Laid(layout) = &self.lines {
            return LatencyFrom::of(layout.field(column)?);
        }
        let is = |from: &&LatencyFrom| matches!(from, LatencyFrom::Column(name, _) | LatencyFrom::Written(name) if name == column);
        self.latency.iter().find(is).cloned()
    }

    /// The program whose rows these are, if it leaves out the requests that got no answer.
    pub fn of_answers(&self) -> Option<&'static str> {
        self.because.filter(|program| known::is_of_answers(program))
    }
}

/// How a line becomes fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// Separated by one byte (guessed from the header where it is not said), quoted as in CSV.
    Delimited {
        /// The separator.
        by: Option<u8>,
        /// Where the names of the columns are.
        names: Names,
    },
    /// Separated by spaces; a field may be in `"quotes"` or in `[brackets]`.
    Spaced {
        /// The names of the fields.
        names: &'static [&'static str],
    },
    /// An access log of a web server.
    Access(Access),
    /// Fields between the texts of a layout of one's own.
    Laid(Arc<Layout>),
    /// A JSON object; a column is a key, or a path of keys: `data.tags.status`.
    Json,
    /// A JSON object in which a column that is neither key nor path is looked for in these objects, too: k6's tags.
    JsonWithin {
        /// Paths of objects.
        within: &'static [&'static str],
    },
    /// The attributes of an XML element on a line of its own, for these elements.
    Attributes {
        /// The names of the elements.
        elements: &'static [&'static str],
        /// How many spaces stand before an element that counts; what stands elsewhere is part of another.
        indent: usize,
    },
    /// Records of several kinds, separated by one byte, never quoted; the first field is the kind, and one counts.
    Records {
        /// The kind that counts.
        kind: &'static str,
        /// The separator.
        by: u8,
        /// The names of its fields, the kind among them. The last may be absent.
        names: &'static [&'static str],
    },
}

/// An access log in the combined format or the common one, and what stands behind its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether the name of the host comes first.
    pub host: bool,
    /// Whether it is the common format: no referer and no user agent.
    pub common: bool,
    /// Where the time that a request took stands.
    pub took: Option<Behind>,
}

/// A place behind the fields of an access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// The field in this place, counted from 0.
    Field(usize),
    /// Behind the slash in this field: `**0/15538**`.
    Slash(usize),
    /// Behind a key, wherever it stands: `rt=0.005`.
    Key(String),
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Behind::Field(at) | Behind::Slash(at) => write!(f, "number {} of the fields behind the usual ones", at + 1),
            Behind::Key(key) => write!(f, "`{key}`"),
        }
    }
}

/// Where the names of columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// In the first line.
    FirstLine,
    /// In a line that begins so (`#Fields:`), separated by spaces or tabs; other lines that begin with `#` are no rows.
    LineWith(&'static str),
    /// Nowhere: they are these.
    Fixed(&'static [&'static str]),
}

/// What tells the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFrom {
    /// A column, in any of the ways that times are written (RFC 3339, epoch numbers, `21/Nov/2026:10:00:00 +0000`).
    Column(String),
    /// A column with the date and one with the time of the day, in UTC.
    DateAndTime(String, String),
    /// The same in the zone of the source.
    LocalDateAndTime(String, String),
    /// A column in a way of `strftime`.
    Formed(String, String),
}

/// What tells the latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatencyFrom {
    /// A column.
    Column(String, TimeUnit),
    /// A column whose cells say their unit: `106ms`.
    Written(String),
    /// Several columns, added up. A row in which one of them is -1 has no latency (ALB: no target answered).
    Sum(Vec<String>, TimeUnit),
    /// From one column to another.
    Between(String, String, TimeUnit),
}

impl TimeFrom {
    /// What a field of a layout tells, if it holds a time.
    pub(in crate::source::requests) fn of(field: &Field) -> Option<TimeFrom> {
        match &field.holds {
            Holds::Formed(form) => Some(TimeFrom::Formed(field.name.clone(), form.clone())),
            Holds::Time => Some(TimeFrom::Column(field.name.clone())),
            _ => None,
        }
    }
}

impl LatencyFrom {
    /// What a field of a layout tells, if it holds a time span with a unit.
    pub(in crate::source::requests) fn of(field: &Field) -> Option<LatencyFrom> {
        match field.holds {
            Holds::Took(unit) => Some(LatencyFrom::Column(field.name.clone(), unit)),
            Holds::Written => Some(LatencyFrom::Written(field.name.clone())),
            _ => None,
        }
    }
}
