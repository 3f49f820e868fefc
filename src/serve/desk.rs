//! What every path knows.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;

use super::analyses::Analyses;
use super::answers::Answers;
use super::canaries::Canaries;
use super::judge::Gate;
use super::watches::Watches;

/// Every gate as it was checked, and when.
pub(super) type Checked = (Timestamp, Vec<Gate>);

/// The judgements, the watches, the canaries, the analyses, and how long a caller waits.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) answers: Arc<Answers>,
    pub(super) watches: Arc<Watches>,
    pub(super) canaries: Arc<Canaries>,
    pub(super) analyses: Arc<Analyses>,
    /// What the last check of all gates found, and when.
    pub(super) checked: Arc<Mutex<Option<Checked>>>,
    pub(super) wait: Duration,
    /// Hears when the server is to end.
    pub(super) end: Receiver<bool>,
}
