//! Who judges, and acts on it: what the function needs of whoever starts it.

use jiff::Timestamp;

use super::event::Asked;
use crate::serve::{Refused, Soak, Step};

/// Who judges, and acts on it.
pub trait Function: Send + Sync + 'static {
    /// The answer to a question, or where its soak stands.
    ///
    /// # Errors
    ///
    /// It cannot be judged, in words.
    fn judge(&self, asked: &Asked, soak: Option<&Soak>) -> Result<(Option<Soak>, Step), Refused>;
    /// Tells CodeDeploy whether a hook succeeded.
    ///
    /// # Errors
    ///
    /// CodeDeploy did not take it, in words.
    fn tell(&self, deployment: &str, execution: &str, succeeds: bool) -> Result<(), String>;
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// Says what happened.
    fn log(&self, message: &str);
}
