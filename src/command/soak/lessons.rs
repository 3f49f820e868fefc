//! What was learned of the noise before a soak: the same for all of its looks, as long as davy runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::command::learn::Lesson;

/// More soaks at once than this are learned for at each look.
const MOST: usize = 64;

/// Lessons by the name of the soak; also that there was nothing to learn.
#[derive(Default)]
pub(in crate::command) struct Lessons(Mutex<BTreeMap<String, Option<Lesson>>>);

impl Lessons {
    /// The lesson of a soak, which is learned if it was not.
    pub(super) fn of<E>(
        &self,
        soak: &str,
        learn: impl FnOnce() -> Result<Option<Lesson>, E>,
    ) -> Result<Option<Lesson>, E> {
        if let Some(lesson) = self.held().get(soak) {
            return Ok(lesson.clone());
        }
        let lesson = learn()?;
        let mut held = self.held();
        if held.len() < MOST {
            held.insert(soak.to_owned(), lesson.clone());
        }
        Ok(lesson)
    }

    /// The soak is over.
    pub(in crate::command) fn forget(&self, soak: &str) {
        self.held().remove(soak);
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Option<Lesson>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
