//! What is answered to whom, and when: each event has an answer before the function's time is over.
//!
//! A judgement runs beside and is left alone when the time is over; nothing of it is kept then, so no look is spent. ECS asks again
//! after that, and so does whoever carries the state; CodeDeploy asks once, so its soak is waited for here, as long as there is time.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::event::{self, Asked, Carried, Sender};
use super::fault::Fault;
use super::function::Function;
use super::reply;
use super::runtime::{Api, Invocation};
use crate::plain;
use crate::report::Document;
use crate::serve::{Answer, Decision, Soak, Step};

/// So long before the end of its time a function answers.
const MARGIN: Duration = Duration::from_secs(1);
/// CodeDeploy is told over the network.
const MARGIN_CODEDEPLOY: Duration = Duration::from_secs(8);
/// After so many invocations in a row that found nothing out there is no hope.
const PATIENCE: usize = 10;
/// Seconds until ECS asks again after one of them.
const AGAIN: i64 = 30;
/// The longest wait that ECS is asked for, in seconds: it may ask too early, and not too late.
const LONGEST: i64 = 300;

/// Answers events until the API goes away.
///
/// # Errors
///
/// The API cannot be reached or does not take an answer, in words: Lambda then starts the function again.
pub fn serve(api: &Api, function: &Arc<impl Function>) -> Result<(), String> {
    let why = |why: String| format!("the runtime's API: {why}");
    loop {
        let invocation = api.next().map_err(why)?;
        let end = invocation.deadline.unwrap_or_else(|| function.now());
        let handled = Handling { function, end }.answer(&invocation);
        let taken = match &handled {
            Ok(answer) => api.respond(&invocation, answer),
            Err(fault) => {
                function.log(&format!("{}: {}: {}", invocation.id, fault.kind, fault.why));
                api.fail(&invocation, fault)
            }
        };
        taken.map_err(why)?;
    }
}

/// One event that is being answered.
struct Handling<'f, F> {
    function: &'f Arc<F>,
    /// When the function's time is over.
    end: Timestamp,
}

/// A judgement that has its answer, or goes on.
enum Stand {
    Answered(Box<Answer>),
    Pending { soak: Option<Soak>, sentence: String, due: Timestamp, latest: Option<Box<Document>> },
}

impl<F: Function> Handling<'_, F> {
    fn answer(&self, invocation: &Invocation) -> Result<Value, Fault> {
        let (sender, asked) = event::read(&invocation.body)?;
        let said = |said: &str| self.function.log(&format!("{}: {said}", invocation.id));
        match sender {
            Sender::RollingBack => {
                said("ECS rolls back and is not held up: nothing was judged");
                Ok(reply::hook_status(Decision::Go))
            }
            Sender::Ecs(details) => self.of_ecs(details, asked, &said),
            Sender::CodeDeploy { deployment, execution } => self.of_codedeploy(&deployment, &execution, &asked, &said),
            Sender::Reader => self.of_reader(&asked, &said),
        }
    }

    fn of_reader(&self, asked: &Asked, said: &dyn Fn(&str)) -> Result<Value, Fault> {
        let soak = asked.state.as_ref().and_then(|state| state.soak.clone());
        let stand = self.judged(asked, soak, MARGIN)?;
        said(&stand.sentence());
        Ok(match stand {
            Stand::Answered(answer) => reply::verdict(&answer),
            Stand::Pending { soak, sentence, due, latest } => {
                let state = Carried { soak, failures: 0 };
                reply::pending(&sentence, due, self.seconds_until(due), &state, latest.as_deref())
            }
        })
    }

    fn of_ecs(&self, details: Map<String, Value>, asked: Asked, said: &dyn Fn(&str)) -> Result<Value, Fault> {
        let state = asked.state.clone().unwrap_or_default();
        match self.judged(&asked, state.soak.clone(), MARGIN) {
            Ok(Stand::Answered(answer)) => {
                said(&Stand::Answered(answer.clone()).sentence());
                Ok(reply::hook_status(answer.decision))
            }
            Ok(Stand::Pending { soak, sentence, due, .. }) => {
                said(&sentence);
                let wait = self.seconds_until(due).min(LONGEST);
                Ok(reply::in_progress(details, &Carried { soak, failures: 0 }, wait))
            }
            Err(fault) if fault.may_pass(state.soak.is_some()) && state.failures + 1 < PATIENCE => {
                let state = Carried { failures: state.failures + 1, ..state };
                said(&format!("{}; asked again soon ({} of {PATIENCE} in a row)", fault.why, state.failures));
                Ok(reply::in_progress(details, &state, AGAIN))
            }
            Err(fault) => Err(fault),
        }
    }

    /// CodeDeploy asks once, and hears the answer by a call of its own. What cannot be judged has failed.
    fn of_codedeploy(
        &self,
        deployment: &str,
        execution: &str,
        asked: &Asked,
        said: &dyn Fn(&str),
    ) -> Result<Value, Fault> {
        let (succeeds, sentence) = match self.waited(asked, said) {
            Ok(answer) => (answer.decision == Decision::Go, Stand::Answered(answer).sentence()),
            Err(fault) => (false, format!("not judged: {}", fault.why)),
        };
        let status = if succeeds { "Succeeded" } else { "Failed" };
        said(&format!("{status}: {sentence}"));
        self.function.tell(deployment, execution, succeeds).map_err(|why| {
            Fault::source(format!("CodeDeploy did not take {status}, and waits until its own time is over: {why}"))
        })?;
        Ok(json!({ "status": status, "sentence": sentence }))
    }

    /// The answer of a soak, which is waited for.
    fn waited(&self, asked: &Asked, said: &dyn Fn(&str)) -> Result<Box<Answer>, Fault> {
        let mut soak = None;
        loop {
            let (now, due) = match self.judged(asked, soak, MARGIN_CODEDEPLOY)? {
                Stand::Answered(answer) => return Ok(answer),
                Stand::Pending { soak: stands, sentence, due, .. } => {
                    said(&sentence);
                    soak = stands;
                    (self.function.now(), due)
                }
            };
            let wait = due.duration_since(now).try_into().unwrap_or(Duration::ZERO);
            if self.left(MARGIN_CODEDEPLOY) <= wait {
                return Err(Fault::late(format!(
                    "the next look is due at {due}, after the function's time: give the function a longer timeout, or write a shorter `soak`"
                )));
            }
            std::thread::sleep(wait);
        }
    }

    /// Judges beside, and leaves it alone when the time is over.
    fn judged(&self, asked: &Asked, soak: Option<Soak>, margin: Duration) -> Result<Stand, Fault> {
        let (tell, told) = sync_channel(1);
        let (function, question) = (Arc::clone(self.function), asked.clone());
        std::thread::spawn(move || tell.send(function.judge(&question, soak.as_ref())));
        match told.recv_timeout(self.left(margin)) {
            Ok(judged) => Ok(Stand::of(judged?)),
            Err(RecvTimeoutError::Disconnected) => Err(Fault::bug()),
            Err(RecvTimeoutError::Timeout) => Err(Fault::late(
                "no verdict before the function's time was over: give the function a longer timeout, or ask for less data",
            )),
        }
    }

    /// How long the function may still take, up to a margin.
    fn left(&self, margin: Duration) -> Duration {
        let left = Duration::try_from(self.end.duration_since(self.function.now())).unwrap_or_default();
        left.saturating_sub(margin)
    }

    fn seconds_until(&self, due: Timestamp) -> i64 {
        let left = due.duration_since(self.function.now());
        // an invocation before the look would be too early
        (left.as_secs() + i64::from(left.subsec_nanos() > 0)).max(1)
    }
}

impl Stand {
    fn of((soak, step): (Option<Soak>, Step)) -> Stand {
        let look = soak.as_ref().map_or(0, |soak| soak.look);
        match step {
            Step::Answered(answer) => Stand::Answered(answer),
            Step::Looked { document, due } => {
                let sentence = format!("look {look}: {}", plain::line(&document.summary));
                Stand::Pending { soak, sentence, due, latest: Some(document) }
            }
            Step::Waits { due } => {
                let sentence = match &soak {
                    Some(soak) if look == 0 => format!("the soak begins at {}", soak.start),
                    _ => format!("look {} is due at {due}", look + 1),
                };
                Stand::Pending { soak, sentence, due, latest: None }
            }
            Step::Troubled { why, again } => Stand::Pending { soak, sentence: why, due: again, latest: None },
        }
    }

    fn sentence(&self) -> String {
        match self {
            Stand::Answered(answer) => {
                format!("{}: {}", answer.document.outcome.word(), plain::line(&answer.document.summary))
            }
            Stand::Pending { sentence, .. } => sentence.clone(),
        }
    }
}
