//! Who judges, what is heard of it, and how the server is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

pub use super::decision::{Answer, Decision};
use super::question::Question;
use super::soak::{Soak, Step};
use super::tls::Tls;

/// Who judges. For what is cancelled meanwhile nothing more is asked or looked at.
pub trait Judge: Send + Sync + 'static {
    /// The gates that there are, by name.
    fn gates(&self) -> Vec<Gate>;
    /// The configuration of a gate as it is now, which tells whether it has changed; none if there is no such gate.
    fn version(&self, gate: &str) -> Option<String>;
    /// The answer to a question.
    ///
    /// # Errors
    ///
    /// It cannot be answered, in words.
    fn judge(&self, question: &Question) -> Result<Answer, Refused>;
    /// Takes the looks of a soak that are due: what it is called, since when its canary is there, and where it stands if it has begun.
    ///
    /// # Errors
    ///
    /// It cannot be gone on with, in words.
    fn look(
        &self,
        question: &Question,
        name: &str,
        created: Timestamp,
        soak: Option<&Soak>,
        is_cancelled: &Arc<AtomicBool>,
    ) -> Result<(Soak, Step), Refused>;
    /// A soak of this name has ended: what was learned for it is needed no more.
    fn forget(&self, name: &str);
    /// The canary configurations of Kayenta that there are.
    fn canary_configs(&self) -> Vec<CanaryConfig>;
    /// Whether a request may bring a canary configuration of its own.
    fn allows_canary_configs(&self) -> bool;
    /// The judges that a canary configuration can name.
    fn canary_judges(&self) -> Vec<&'static str>;
    /// The result of a canary: `{canaryConfig, executionRequest}` is judged to a `CanaryJudgeResult`.
    ///
    /// # Errors
    ///
    /// It cannot be judged, in words.
    fn canary(&self, asked: &Value, is_cancelled: &Arc<AtomicBool>) -> Result<Value, Refused>;
    /// The same of series that a Kayenta sends, by the judge of a name.
    ///
    /// # Errors
    ///
    /// It cannot be judged, in words.
    fn remote(&self, body: &Value, judge: Option<&str>) -> Result<Value, Refused>;
    /// Breaks off what is asked of sources, because the server ends.
    fn stop(&self);
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// Says what happened.
    fn log(&self, message: &str);
}

/// A configuration that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name: that of its file or folder.
    pub name: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// A canary configuration of Kayenta.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryConfig {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The applications that it is for; for all if there are none.
    pub applications: Vec<String>,
    /// When it was changed last.
    pub updated: Timestamp,
    /// All of it.
    pub config: Value,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such gate.
    Unknown(String),
    /// The configuration, its arguments or its data are wrong.
    Wrong(String),
    /// A source does not answer.
    Source(String),
}

impl Refused {
    /// Why, in words.
    pub fn why(&self) -> &str {
        let (Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) = self;
        why
    }

    /// The same to keep.
    pub fn words(self) -> String {
        let (Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) = self;
        why
    }
}

/// How it serves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What callers must know, if they must.
    pub token: Option<String>,
    /// The files to encrypt with, if it does.
    pub tls: Option<Tls>,
    /// Where verdicts are kept.
    pub keep: Option<PathBuf>,
    /// How many of them.
    pub keep_at_most: usize,
    /// How many judgements run at once.
    pub at_once: usize,
    /// How long a caller waits if it does not say so.
    pub wait: Duration,
    /// How long what goes on may go on after somebody asked for an end.
    pub grace: Duration,
}
