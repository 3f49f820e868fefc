//! What a query brought, whatever it asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::series::Timestamp;
use crate::source::file::Answer;
use crate::source::{self, Query, Source};

/// What a query brought.
pub(super) struct Fetched {
    pub answer: Answer,
    /// How the times are written, in words.
    pub clock: String,
    /// Which file it really was.
    pub canonical: Option<PathBuf>,
    /// Why there is no answer, where there need not be one.
    pub lost: Option<String>,
    /// When its points could be: those of counts where their rows are. Nothing of single requests.
    pub times: Option<Vec<Timestamp>>,
    /// Of a log, whose steps are those that were asked for: how busy each group was.
    pub log: Option<Busy>,
}

pub(super) type Done = (usize, Result<Fetched, source::Error>);

impl Fetched {
    pub(super) fn lost(query: &Query, error: &source::Error) -> Fetched {
        let why = match &query.source {
            Source::Lost(why) => why.clone(),
            _ => error.to_string(),
        };
        let answer = Answer::of(query.ask.nothing(), Vec::new());
        Fetched { answer, clock: String::new(), canonical: None, lost: Some(why), times: None, log: None }
    }
}

/// How many requests each group has.
pub(super) type Busy = BTreeMap<String, u64>;
