//! A soak that the server watches, as it stands: what its file holds, and how it goes on by a step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::decision::{Answer, Decision};
use super::judge::Refused;
use super::question::Question;
use super::roll::Lasting;
use super::soak::{Soak, Step};
use crate::report::document::{Document, Outcome};
use crate::report::watched::Row;

/// A soak as it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watch {
    /// Its name.
    pub(super) id: String,
    /// What is asked.
    pub(super) question: Question,
    /// The key that it was asked with.
    pub(super) key: Option<String>,
    /// When it was asked for.
    pub(super) at: Timestamp,
    /// How far it is.
    pub(super) phase: Phase,
    /// What is to be said of it.
    pub(super) sentence: String,
    /// When the next look is due.
    pub(super) next: Option<Timestamp>,
    pub(super) soak: Soak,
    /// The last look, with all looks so far.
    pub(super) latest: Option<Document>,
    /// What the configuration makes of the answer.
    pub(super) decision: Option<Decision>,
}

/// How far a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// It goes on.
    Running,
    /// It has its answer.
    Ended,
    /// It cannot be answered.
    Failed,
    /// A caller ended it, and it has no answer.
    Cancelled,
}

impl Watch {
    /// A watch whose first step was this.
    pub(super) fn begun(
        id: String,
        question: Question,
        key: Option<String>,
        at: Timestamp,
        (soak, step): (Soak, Step),
    ) -> Watch {
        let (phase, sentence) = (Phase::Running, format!("the soak begins at {}", soak.start));
        let (next, latest, decision) = (None, None, None);
        let mut begun = Watch { id, question, key, at, phase, sentence, next, soak: soak.clone(), latest, decision };
        begun.take(soak, step);
        begun
    }

    /// Goes on by a step.
    pub(super) fn take(&mut self, soak: Soak, step: Step) {
        match step {
            Step::Waits { due } => self.next = Some(due),
            Step::Troubled { why, again } => (self.sentence, self.next) = (why, Some(again)),
            Step::Looked { document, due } => {
                self.sentence = format!("look {}: {}", soak.look, document.summary);
                self.next = Some(due);
                self.looked(*document);
            }
            Step::Answered(answer) => {
                self.sentence.clone_from(&answer.document.summary);
                (self.phase, self.next) = (Phase::Ended, None);
                self.decision = Some(answer.decision);
                self.looked(answer.document);
            }
        }
        self.soak = soak;
    }

    fn looked(&mut self, mut document: Document) {
        let mut looks = self.latest.take().map_or_else(Vec::new, |latest| latest.looks);
        looks.append(&mut document.looks);
        self.latest = Some(Document { looks, ..document });
    }

    pub(super) fn fail(&mut self, refused: Refused) {
        (self.phase, self.sentence, self.next) = (Phase::Failed, refused.words(), None);
    }

    /// A caller ends it: what was seen so far is no answer.
    pub(super) fn cancelled(mut self) -> Watch {
        let seen = match self.soak.look {
            0 => "before its first look".into(),
            look => format!("after look {look}"),
        };
        self.sentence = format!("ended by a caller {seen}: there is no verdict");
        (self.phase, self.next) = (Phase::Cancelled, None);
        self
    }

    /// What the last look says; nothing if a caller ended the watch, because a look within the soak is no answer to it.
    pub(super) fn verdict(&self) -> Option<Outcome> {
        let latest = self.latest.as_ref().filter(|_| self.phase != Phase::Cancelled);
        latest.map(|document| document.outcome)
    }

    pub(super) fn row(&self) -> Row {
        let (id, gate, sentence) = (self.id.clone(), self.question.gate.clone(), self.sentence.clone());
        Row { id, gate, at: self.at, sentence }
    }
}

impl Lasting for Watch {
    const CALLED: &'static str = "watch";
    const ENDING: &'static str = "watch";

    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    fn word(&self) -> &'static str {
        match self.phase {
            Phase::Running => "running",
            Phase::Ended => "ended",
            Phase::Failed => "failed",
            Phase::Cancelled => "cancelled",
        }
    }

    /// A sentence about a configuration of a request could repeat what is in it.
    fn told(&self) -> String {
        match &self.question.inline {
            None => format!("{}: {}", self.id, self.sentence),
            Some(_) => format!("{}: look {} of {}: {:?}", self.id, self.soak.look, self.question.told(), self.phase),
        }
    }

    /// The verdict that it ended with is one of the gate's.
    fn settle(&self, answers: &Answers) -> Result<(), String> {
        let (Some(document), Some(decision)) = (&self.latest, self.decision) else { return Ok(()) };
        answers.found(&self.id, &self.question.gate, self.at, Answer { document: document.clone(), decision })
    }
}
