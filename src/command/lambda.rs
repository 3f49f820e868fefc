//! `davy lambda`: a Lambda function that answers hooks of ECS and CodeDeploy, Step Functions, and whoever invokes it.
//!
//! The operator says where configurations are and what they may do. An event chooses among them and sets what they leave open, as a
//! request to the server does; it chooses no server, no file and no program. Hooks are never run: who asked, acts.

mod place;
mod remote;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::console::Console;
use super::gates::Gates;
use super::inline::Inline;
use super::pipeline::Loaded;
use super::remembered::Remembered;
use super::soak::{Asking, Lessons};
use super::{Exit, Failure};
use crate::cli;
use crate::lambda::{self, API, Api, Asked, Function};
use crate::plain;
use crate::serve::{Question, Refused, Soak, Step};
use crate::web::Trouble;
use crate::web::account::{Account, Task, code, refusal};
use place::Place;

/// Where the configuration is, if the command line does not say so.
const CONFIG: &str = "DAVY_CONFIG";
/// The phase of events that name none.
const PHASE: &str = "DAVY_PHASE";
/// The folder of the bundle.
const ROOT: &str = "LAMBDA_TASK_ROOT";
/// How often CodeDeploy is told.
const ATTEMPTS: usize = 3;

pub(super) fn run(console: Console, arguments: cli::Lambda) -> Result<Exit, Failure> {
    let Some(api) = variable(API) else {
        return Err(Failure::Misused(format!(
            "Lambda starts this command, and {API} is not set: put davy into the bundle of a function as `bootstrap`"
        )));
    };
    let api = Api::at(&api);
    let judges = Judges::new(console, arguments).inspect_err(|failure| {
        // what cannot be reported is on stderr all the same
        let _ = api.cannot_begin(&plain::line(&failure.to_string()));
    })?;
    lambda::serve(&api, &Arc::new(judges)).map_err(Failure::Unusable)?;
    Ok(Exit::Pass)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty())
}

/// Who judges.
struct Judges {
    gates: Gates,
    place: Place,
    phase: Option<String>,
    lessons: Lessons,
}

impl Judges {
    fn new(console: Console, arguments: cli::Lambda) -> Result<Judges, Failure> {
        let root = variable(ROOT).map_or_else(|| PathBuf::from("."), PathBuf::from);
        let written = arguments.config.or_else(|| variable(CONFIG)).unwrap_or_else(|| "canary.yaml".into());
        let place =
            Place::read(&written, &root).map_err(|why| Failure::Misused(format!("{CONFIG}={written}: {why}")))?;
        let configs = match &place {
            Place::Folder(folder) => folder.clone(),
            _ => root,
        };
        let (allow_exec, set, inline) = (arguments.allow_exec, arguments.set, Inline::Nothing);
        let gates = Gates { console, configs, allow_exec, set, inline, remembered: Remembered::default() };
        match &place {
            Place::Folder(_) => gates.warn(),
            // a file of the bundle is the same for all events
            Place::File(file) => gates.check(file)?,
            Place::Parameter(_) | Place::Object { .. } => {}
        }
        let phase = arguments.phase.or_else(|| variable(PHASE));
        Ok(Judges { gates, place, phase, lessons: Lessons::default() })
    }

    fn question(&self, asked: &Asked) -> Question {
        let phase = asked.phase.clone().or_else(|| self.phase.clone());
        let (args, offered) = (asked.args.clone(), asked.offered.clone());
        let gate = asked.config.as_deref().unwrap_or("canary");
        Question { phase, args, offered, window: asked.window, now: asked.now, ..Question::of(gate) }
    }

    fn step(
        &self,
        aside: &Console,
        loaded: &Loaded,
        asked: &Asked,
        question: &Question,
        soak: Option<&Soak>,
    ) -> Result<(Option<Soak>, Step), Refused> {
        let set = self.gates.set_by(loaded, question)?;
        // what was learned is for one soak, and a function that goes on may see many
        let called = format!("{}, {}", question.gate, soak.map(|soak| soak.start.to_string()).unwrap_or_default());
        let asking = Asking {
            gates: &self.gates,
            aside,
            loaded,
            set: &set,
            phase: question.phase.as_deref(),
            from: asked.from.or(question.window.map(|window| window.from)),
            created: None,
            now: asked.now.unwrap_or_else(Timestamp::now),
            name: &called,
        };
        if question.window.is_none()
            && let Some((soak, step)) = asking.step(soak, &self.lessons)?
        {
            if matches!(step, Step::Answered(_)) {
                self.lessons.forget(&called);
            }
            return Ok((Some(soak), step));
        }
        let answer = asking.once(question.window.map(|window| window.to))?;
        Ok((None, Step::Answered(Box::new(answer))))
    }
}

impl Function for Judges {
    fn judge(&self, asked: &Asked, soak: Option<&Soak>) -> Result<(Option<Soak>, Step), Refused> {
        let question = self.question(asked);
        question.check().map_err(Refused::Wrong)?;
        let loaded = self.place.load(&self.gates, asked.config.as_deref())?;
        let name = &question.gate;
        let step = |aside: &Console| self.step(aside, &loaded, asked, &question, soak);
        self.gates.aside(|said| format!("{name}: {said}"), step)
    }

    fn tell(&self, deployment: &str, execution: &str, succeeds: bool) -> Result<(), String> {
        let account = Account::open(None, None, None)?;
        let status = if succeeds { "Succeeded" } else { "Failed" };
        let body = json!({ "deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status });
        let task = Task::json("codedeploy", Some("CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"), &body);
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            let Trouble { why, may_pass, said: _ } = match account.call(&task) {
                Err(trouble) => trouble,
                Ok(reply) => match refusal(&reply) {
                    None => return Ok(()),
                    // an answer to an earlier attempt was lost, or Lambda sent the event twice
                    Some(_) if code(&reply).as_deref() == Some("LifecycleEventAlreadyCompletedException") => {
                        self.log("CodeDeploy has had its answer before");
                        return Ok(());
                    }
                    Some(trouble) => trouble,
                },
            };
            last = why;
            if !may_pass {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(200 << attempt));
        }
        Err(last)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn log(&self, message: &str) {
        self.gates.console.note(message);
    }
}
