//! What a service brought for one question: rows as of a file, or series that are complete.

use std::sync::Arc;

use super::file::{Answer, Sheet};
use crate::series::Remark;

/// What a service brought for one question.
#[derive(Debug)]
pub struct Brought {
    /// The points.
    pub points: Points,
    /// What a reader should know: bytes scanned, periods that the service widened, data that is missing.
    pub notes: Vec<Remark>,
}

/// Points as a service has them.
#[derive(Debug)]
pub enum Points {
    /// Rows as of a file, from which the asked columns are read.
    Rows(Arc<Sheet>),
    /// Series that are complete as they are.
    Series(Box<Answer>),
}

impl Brought {
    /// Rows, and details beside them.
    pub fn rows(sheet: Sheet, details: Vec<String>) -> Brought {
        Brought { points: Points::Rows(Arc::new(sheet)), notes: details.into_iter().map(Remark::detail).collect() }
    }

    /// Series that are complete as they are.
    pub fn series(answer: Answer) -> Brought {
        Brought { points: Points::Series(Box::new(answer)), notes: Vec::new() }
    }

    /// The rows, if the service brought rows.
    pub fn sheet(&self) -> Option<&Sheet> {
        match &self.points {
            Points::Rows(sheet) => Some(sheet),
            Points::Series(_) => None,
        }
    }
}
