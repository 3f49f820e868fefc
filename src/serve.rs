//! The server that controllers ask: one process in front of a folder of configurations.
//!
//! ```text
//! judge.rs       who judges, and what is heard of it              router.rs    which path asks what
//! question.rs    what is asked: a gate, its phase, its arguments  answers.rs   who is judged now, what was answered
//! guard.rs       who may ask at all                               desk.rs      what every path knows
//! decision.rs    a verdict, and what is to be done                soak.rs      where a soak stands
//! verdicts.rs    /v1: Argo Rollouts and programs                  flagger.rs   webhooks of Flagger
//! watches.rs     soaks that the server watches                    watching.rs  /v1/watch and their pages
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
mod decision;
mod desk;
mod flagger;
mod guard;
mod intervals;
mod judge;
mod kayenta;
mod pages;
mod prometheus;
mod question;
mod request;
mod router;
mod soak;
mod standalone;
mod verdicts;
mod watches;
mod watching;

use std::sync::Arc;

pub use judge::{Answer, CanaryConfig, Decision, Gate, Judge, Refused, Settings};
pub use question::{Configuration, Question};
pub use soak::{Soak, Step};

/// Serves until `end` says so, and then until what is being judged is judged.
///
/// # Errors
///
/// It cannot listen, or the folder of verdicts cannot be read; in words.
pub fn run(settings: Settings, judge: Arc<dyn Judge>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(router::serve(settings, judge))
}
