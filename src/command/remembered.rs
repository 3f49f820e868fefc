//! Configurations that were read before: the same text means the same, so it is parsed once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Failure, pipeline};
use crate::config::Config;

/// More than a folder has are of files that are gone.
const MOST: usize = 1_000;

/// What each file meant when it was read last.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<PathBuf, Arc<Config>>>);

impl Remembered {
    /// The configuration of a file with this text.
    pub(super) fn config(&self, file: &Path, text: &str) -> Result<Arc<Config>, Failure> {
        let before = self.held().get(file).filter(|config| config.text() == text).cloned();
        if let Some(config) = before {
            return Ok(config);
        }
        let config = pipeline::parsed(file, text)?;
        let mut held = self.held();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(file.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<Config>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
