//! A plugin of Argo Rollouts: the controller starts davy, and asks for measurements over a socket.
//!
//! ```text
//! session.rs    the handshake of go-plugin, and the streams of one connection (yamux)
//! rpc.rs        the calls on a stream: net/rpc of Go
//! gob.rs        what a call carries: Go's own encoding of values
//! control.rs    ping, quit, and handing out the provider
//! provider.rs   the calls of a metric provider: run, resume, terminate
//! asked.rs      what a call says of the AnalysisRun and its metric
//! measured.rs   a measurement, as it comes and as it goes
//! ```
//!
//! The protocol is Go's, and Go's programs are all that speak it. Values describe their own types, so nothing here knows the types of
//! Kubernetes: what a measurement needs is taken out by name, and the rest is passed over. Lengths, types, values and depth are
//! limited. Who measures is handed in as a [`Provider`].

mod asked;
mod control;
mod gob;
mod measured;
mod provider;
mod rpc;
mod session;

pub use asked::{Asked, Past};
pub use measured::{Measurement, Phase};
pub use provider::Provider;
pub use session::{COOKIE, FOLDER, serve};
