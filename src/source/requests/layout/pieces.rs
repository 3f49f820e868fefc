//! What a layout is made of, in whatever words it is written.

use crate::source::requests::condition::Mistake;
use crate::source::requests::unit::TimeUnit;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::requests) enum Piece {
    /// What stands in every line. A space stands for some.
    Text(String),
    /// What differs.
    Field(Field),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::requests) struct Field {
    /// The column's name; empty if nobody wants it.
    pub(in crate::source::requests) name: String,
    /// What it holds.
    pub(in crate::source::requests) holds: Holds,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::requests) enum Holds {
    /// Any text.
    Text,
    /// A whole number, or `-`.
    Whole,
    /// A number, or `-`.
    Number,
    /// A time span in this unit.
    Took(TimeUnit),
    /// A time span with its unit: `12ms`.
    Written,
    /// An instant, in any of the usual ways. It may have spaces in it.
    Time,
    /// An instant in this way of `strftime`.
    Formed(String),
    /// A number of each attempt, with commas and colons between: nginx's upstreams.
    Several,
    /// The first line of a request: it has spaces in it.
    Request,
}

/// A piece and where it begins.
pub(super) type Placed = (usize, Piece);

pub(super) fn mistake(at: usize, problem: impl Into<String>, hint: impl Into<String>) -> Mistake {
    Mistake { at, problem: problem.into(), hint: hint.into() }
}

/// Collects pieces while a layout is read.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) all: Vec<Placed>,
}

impl Pieces {
    /// Of a text whose fields begin with a percent sign, `%%` being one: `read` puts a field and says how long it is written.
    pub(super) fn by_percent(
        text: &str,
        mut read: impl FnMut(&mut Pieces, usize, &str) -> Result<usize, Mistake>,
    ) -> Result<Vec<Placed>, Mistake> {
        let mut pieces = Pieces::default();
        let mut from = 0;
        while let Some(percent) = text[from..].find('%').map(|at| from + at) {
            pieces.text(from, &text[from..percent]);
            from = percent + 2;
            match &text[percent..] {
                rest if rest.starts_with("%%") => pieces.text(percent, "%"),
                rest => from = percent + read(&mut pieces, percent, rest)?,
            }
        }
        pieces.text(from, &text[from..]);
        Ok(pieces.all)
    }

    /// Goes on with a text.
    pub(super) fn text(&mut self, at: usize, more: &str) {
        match self.all.last_mut() {
            Some((_, Piece::Text(text))) => text.push_str(more),
            _ if more.is_empty() => {}
            _ => self.all.push((at, Piece::Text(more.to_owned()))),
        }
    }

    pub(super) fn field(&mut self, at: usize, name: impl Into<String>, holds: Holds) {
        self.all.push((at, Piece::Field(Field { name: name.into(), holds })));
    }
}
