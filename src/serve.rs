//! The server that controllers ask: one process in front of a folder of configurations.
//!
//! ```text
//! judge.rs       who judges, and what is heard of it              router.rs    which path asks what
//! question.rs    what is asked: a gate, its phase, its arguments  answers.rs   who is judged now, what was answered
//! guard.rs       who may ask at all                               desk.rs      what every path knows
//! decision.rs    a verdict, and what is to be done                soak.rs      where a soak stands
//! verdicts.rs    /v1: Argo Rollouts and programs                  flagger.rs   webhooks of Flagger
//! watch.rs       a soak that the server watches                   watches.rs   all of them, each by itself
//! watching.rs    /v1/watch and its pages                          roll.rs      what goes on for hours, and its files
//! keep.rs        the folder of verdicts and of what goes on        shelf.rs     the latest of each gate
//! hall.rs        how many connections there may be                 connections.rs  what they may take, and their end
//! tls.rs         how they are encrypted
//! kayenta.rs     what Orca, Argo and a Kayenta ask                canaries.rs  which canaries they asked for
//! standalone.rs  Kayenta's judgements over a lifetime             analyses.rs  which of them were asked for
//! request.rs     what a request for a canary may ask              intervals.rs when an analysis judges which time
//! prometheus.rs  verdicts as a metric that others query           pages.rs     what people look at
//! ```
//!
//! It judges nothing itself: whoever starts it hands in a [`Judge`]. A question that takes longer than its caller waits is answered
//! to whoever asks the same next, so that a controller that polls starts one judgement and not many.

mod analyses;
mod answers;
mod canaries;
mod connections;
mod decision;
mod desk;
mod flagger;
mod guard;
mod hall;
mod intervals;
mod judge;
mod kayenta;
mod keep;
mod pages;
mod prometheus;
mod question;
mod request;
mod roll;
mod router;
mod shelf;
mod soak;
mod standalone;
mod tls;
mod verdicts;
mod watch;
mod watches;
mod watching;

use std::sync::Arc;

pub use judge::{Answer, CanaryConfig, Decision, Gate, Judge, Refused, Settings};
pub use question::{Configuration, Question, Window, arguments};
pub use soak::{Soak, Step};
pub use tls::Tls;

/// Serves until `end` says so, and then until what is being judged is judged.
///
/// # Errors
///
/// It cannot listen, or the folder of verdicts cannot be read; in words.
pub fn run(settings: Settings, judge: Arc<dyn Judge>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let served = runtime.block_on(router::serve(settings, judge));
    // what reads a folder, or waits for a source, must not keep a server that is over
    runtime.shutdown_background();
    served
}
