//! What every backend says of itself, beside fetching: one trait, implemented whole.
//!
//! A backend is a folder: its question as plain data, an implementation of [`Backend`] for it, and its fetch with the twin
//! of a build without it. The [registry](super::registry) has one line for each.

use super::ask::{ArmColumn, Ask};
use super::brought::{Brought, Points};
use super::error::Error;
use super::file::{Answer, File};
use crate::series::{Arm, Remark, SignedDuration, Timestamp};

/// How long a step is when nothing says it.
pub const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How a service divides time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// It answers per step, on whichever step it is asked for.
    Steps,
    /// It answers with times of its own; its longest bin, where the question names one.
    Own(Option<SignedDuration>),
}

/// A question to a service as plain data.
pub trait Backend {
    /// The service in words, for messages: `CloudWatch us-east-1`.
    fn describe(&self) -> String;

    /// The question in full: `AWS/Lambda Errors Sum {FunctionName: checkout}`.
    fn question(&self) -> String;

    /// How long its points may still change; a minute for stores that nobody knows more of.
    fn settle(&self) -> SignedDuration {
        MINUTE
    }

    /// How it divides time.
    fn grid(&self) -> Grid {
        Grid::Steps
    }

    /// The finest step that it still keeps from then on; nothing when it keeps no point of that time.
    fn finest(&self, _since: Timestamp, _now: Timestamp) -> Option<SignedDuration> {
        Some(MINUTE)
    }

    /// Receives the step of the window, once it is known.
    fn set_step(&mut self, step: SignedDuration);

    /// What tells the rows of the arms apart, where one answer has both.
    fn arm(&self) -> Option<&ArmColumn> {
        self.file().and_then(|file| file.arm.as_ref())
    }

    /// How rows are read that a service has as a file would.
    fn file(&self) -> Option<&File> {
        None
    }

    /// How the times of an answer are written, in words.
    fn clock(&self, brought: &Brought) -> String {
        brought.sheet().map(|sheet| sheet.clock().to_string()).unwrap_or_default()
    }

    /// Columns that count as zero although they may be missing: their names, and their questions in full. Nothing if the
    /// service knows no more of it than the rows show.
    fn doubts(&self, _ask: &Ask, _brought: &Brought) -> Option<Vec<(String, String)>> {
        None
    }

    /// What a reader should know of the answer beside what the fetch noted.
    fn remarks(&self, _ask: &Ask) -> Vec<Remark> {
        Vec::new()
    }

    /// What to do when not a single point came, as a sentence.
    fn advise_when_empty(&self) -> Option<String> {
        None
    }

    /// The answer to a question, from what was brought.
    ///
    /// # Errors
    ///
    /// Unreadable: a column or a cell is not what was asked for.
    fn answer(&self, arm: Arm, (ask, by): (&Ask, Option<&str>), brought: Brought) -> Result<Answer, Error> {
        let doubts = self.doubts(ask, &brought);
        let mut answer = match brought.points {
            Points::Rows(sheet) => match (self.file(), by) {
                (Some(file), Some(column)) => sheet.answer_by_groups(file, arm, ask, column)?,
                (Some(file), None) => sheet.answer(file, arm, ask)?,
                (None, _) => sheet.answer_by(arm, self.arm(), None, &ask.clone().per_step())?,
            },
            Points::Series(answer) => *answer,
        };
        answer.notes.extend(brought.notes);
        if let Some(doubts) = doubts {
            answer.silent = doubts.into_iter().map(|(column, _)| column).collect();
        }
        answer.notes.extend(self.remarks(ask));
        Ok(answer)
    }
}
