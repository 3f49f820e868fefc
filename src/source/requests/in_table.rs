//! Counting a log in a table: each window is a query to what runs it, and the answers stand for a pass over the log.
//!
//! ```text
//!  log, slices, window ──► SQL of the engine's dialect ──► engine ──► buckets ──► what a pass would have found
//!                          pushdown::query                 exec, http, sql
//! ```
//!
//! What lies between two windows is neither counted nor paid for. An answer that is not whole is an error, as everywhere
//! ([`buckets`]).

use std::path::Path;

use super::counted::{self, Known};
use super::pushdown::{self, Edge, Refused, Table};
use super::{Engine, Format, Requests, Slice, Tabled, Taken, When, buckets};
use crate::series::{SignedDuration, Window};
use crate::source::error::Error;
use crate::source::outside::Outside;
use crate::source::{exec, http, sql};

impl Tabled {
    /// The query about one window.
    ///
    /// # Errors
    ///
    /// What SQL, or this dialect of it, cannot say.
    pub fn query(
        &self,
        log: &Requests,
        slices: &[Slice],
        step: SignedDuration,
        window: Window,
    ) -> Result<String, Refused> {
        let (from, to) = (Some(Edge::At(window.start)), Some(Edge::At(window.end)));
        let Tabled { name, dialect, time, texts, digits, engine: _ } = self.clone();
        pushdown::query(log, slices, &Table { name, dialect, time, texts, step, digits, from, to })
    }

    /// What the engine answers to a query, as CSV, JSON or Parquet.
    fn answer(&self, query: &str, window: Window, outside: &Outside) -> Result<Vec<u8>, Error> {
        match &self.engine {
            Engine::Exec(program) => exec::output(&program.with_query(query), window, outside),
            Engine::Http(server) => http::answer(&server.with_query(query), window, outside),
            Engine::Sql(database) => sql::answer(&database.with_query(query), window, outside),
        }
    }

    /// Counts the log where it lies.
    ///
    /// # Errors
    ///
    /// Unreachable or interrupted, as the engine says. Unreadable: the answer is not whole, or not one to this question.
    pub(super) fn count(
        &self,
        log: &Requests,
        slices: &[Slice],
        when: &When,
        outside: &Outside,
    ) -> Result<Taken, Error> {
        let about = |error: Error| error.within(&log.shown);
        if when.step.subsec_nanos() != 0 {
            let problem = format!("is counted in whole seconds, and a step of {:#} is judged", when.step);
            return Err(about(Error::unreadable(problem).hint("Write `window: { step: 1m }`.")));
        }
        let mut known = Known::default();
        for window in apart(&when.windows) {
            outside.interrupt.check()?;
            let query = self.query(log, slices, when.step, window).map_err(|refused| about(refused.into()))?;
            let answer = self.answer(&query, window, outside)?;
            let own = When { windows: vec![window], ..when.clone() };
            let counted = buckets::read(log, slices, &own, Path::new(""), answer.as_slice()).map_err(about)?;
            known.add(counted, answer.len() as u64).map_err(about)?;
        }
        counted::taken((log, Format::Buckets, &[]), known, slices, when, outside)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::unreadable(refused.problem).hint(refused.hint)
    }
}

/// The windows without what two of them share, which would count twice.
fn apart(windows: &[Window]) -> Vec<Window> {
    let mut sorted = windows.to_vec();
    sorted.sort_by_key(|window| (window.start, window.end));
    let mut all: Vec<Window> = Vec::new();
    for window in sorted {
        match all.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => all.push(window),
        }
    }
    all
}
