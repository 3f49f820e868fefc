//! A Lambda function: events in, answers out, each before the function's time is over.
//!
//! ```text
//! runtime.rs   the four calls of the runtime's API      event.rs   what an event asks, and who sent it
//! handle.rs    what is answered to whom, and when        reply.rs   answers as their readers take them
//! function.rs  who judges                                fault.rs   errors with a name
//! ```
//!
//! It judges nothing itself: whoever starts it hands in a [`Function`]. The four calls are written here. The crate for them brings 13
//! packages and an executor of its own, and the client is there already.
//!
//! Whatever happens, nothing but a verdict that says go lets a deployment go on: no time, no data, a panic and an unreadable event do
//! not. The one exception is no judgement: while ECS rolls back, it asks the hooks again, and must not be held up.

mod event;
mod fault;
mod function;
mod handle;
mod reply;
mod runtime;

pub use event::{Asked, Carried};
pub use function::Function;
pub use handle::serve;
pub use runtime::{API, Api};
