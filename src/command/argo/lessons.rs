//! What was learned of the noise before a soak: the same for all of its looks, as long as the plugin lives.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::command::learn::Lesson;
use crate::plugin::Asked;

/// More soaks at once than this are learned for at each look.
const MOST: usize = 64;

type Soak = (String, String);

/// Lessons by AnalysisRun and metric; also that there was nothing to learn.
#[derive(Default)]
pub(super) struct Lessons(Mutex<BTreeMap<Soak, Option<Lesson>>>);

impl Lessons {
    /// The lesson of a soak, which is learned if it was not.
    pub(super) fn of<E>(
        &self,
        asked: &Asked,
        learn: impl FnOnce() -> Result<Option<Lesson>, E>,
    ) -> Result<Option<Lesson>, E> {
        if let Some(lesson) = self.held().get(&soak(asked)) {
            return Ok(lesson.clone());
        }
        let lesson = learn()?;
        let mut held = self.held();
        if held.len() < MOST {
            held.insert(soak(asked), lesson.clone());
        }
        Ok(lesson)
    }

    /// The soak is over.
    pub(super) fn forget(&self, asked: &Asked) {
        self.held().remove(&soak(asked));
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Soak, Option<Lesson>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn soak(asked: &Asked) -> Soak {
    (asked.run.clone(), asked.metric.clone())
}
