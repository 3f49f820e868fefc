//! What every path knows.

use std::sync::Arc;
use std::time::Duration;

use super::answers::Answers;
use super::canaries::Canaries;

/// The judgements, and how long a caller waits.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) answers: Arc<Answers>,
    pub(super) canaries: Arc<Canaries>,
    pub(super) wait: Duration,
}
