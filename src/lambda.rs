//! A Lambda function: events in, answers out, each before the function's time is over.
//!
//! ```text
//! runtime.rs   the four calls of the runtime's API      event.rs   what an event asks, and who sent it
//! handle.rs    what is answered to whom, and when        reply.rs   answers and errors as their readers take them
//! ```
//!
//! It judges nothing itself: whoever starts it hands in a [`Function`]. The four calls are written here. The crate for them brings 13
//! packages and an executor of its own, and the client is there already.
//!
//! Whatever happens, nothing but a verdict that says go lets a deployment go on: no time, no data, a panic and an unreadable event do
//! not. The one exception is no judgement: while ECS rolls back, it asks the hooks again, and must not be held up.

mod event;
mod handle;
mod reply;
mod runtime;

use jiff::Timestamp;

pub use event::{Asked, Carried};
pub use handle::serve;
pub use runtime::{API, Api};

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
