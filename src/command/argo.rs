//! `davy argo-plugin`: measurements for the controller of Argo Rollouts, which starts this command.
//!
//! A gate without a soak is judged at once. One with a soak is a measurement that goes on: the controller asks again when the next
//! look is due. What was looked at is kept in the measurement, so neither side needs a memory, and a restart spends no look twice. A
//! measurement that could not be made is an `Error`, and never `Successful`.

mod lessons;
mod soak;
mod state;
mod wish;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::console::Console;
use super::places::Places;
use super::serve::{self, Gates};
use super::{Exit, Failure, look, pipeline};
use crate::cli;
use crate::config::Options;
use crate::plain;
use crate::plugin::{self, Asked, Measurement, Phase, Provider};
use crate::report::Document;
use crate::serve::Refused;
use lessons::Lessons;
use state::State;
use wish::{Gate, Wish};

pub(super) fn run(console: Console, arguments: cli::ArgoPlugin) -> Result<Exit, Failure> {
    let (cookie, value) = plugin::COOKIE;
    if std::env::var(cookie).ok().as_deref() != Some(value) {
        return Err(Failure::Misused(
            "the controller of Argo Rollouts starts this command, and nobody else can use it: name davy as a metric plugin in the \
             ConfigMap `argo-rollouts-config`"
                .into(),
        ));
    }
    let gates = Gates { console, configs: arguments.configs, allow_exec: arguments.allow_exec };
    gates.hold_folder()?;
    let measures = Arc::new(Measures { gates, allow_inline: arguments.allow_inline, lessons: Lessons::default() });
    let folder = std::env::var_os(plugin::FOLDER).filter(|folder| !folder.is_empty());
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    let say = |line: &str| {
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{line}").and_then(|()| stdout.flush())
    };
    let provider: Arc<Measures> = Arc::clone(&measures);
    let ended = plugin::serve(&folder, say, provider).map_err(Failure::Unusable)?;
    measures.gates.console.note(&ended);
    Ok(Exit::Pass)
}

/// Who measures.
struct Measures {
    gates: Gates,
    allow_inline: bool,
    lessons: Lessons,
}

impl Provider for Measures {
    fn run(&self, asked: &Asked) -> Measurement {
        // after an error the controller begins anew, and the soak does not
        let last = asked.past.last.as_ref().filter(|last| last.phase == Phase::Error);
        let metadata = last.map(|last| state::patient(&last.metadata)).unwrap_or_default();
        let started = Some(Timestamp::now());
        self.measured(asked, Measurement { started, metadata, ..measurement(Phase::Running) })
    }

    fn resume(&self, asked: &Asked, so_far: Measurement) -> Measurement {
        self.measured(asked, so_far)
    }

    fn terminate(&self, asked: &Asked, so_far: Measurement) -> Measurement {
        self.lessons.forget(asked);
        let looks = so_far.metadata.get("look").map_or("none".into(), |look| format!("look {look}"));
        let message = format!("ended before its time; the last look was: {looks}");
        self.gates.console.note(&format!("{}, {}: {message}", asked.run, asked.metric));
        let finished = Some(Timestamp::now());
        Measurement { phase: Phase::Inconclusive, message, finished, resume: None, ..so_far }
    }

    fn metadata(&self, asked: &Asked) -> BTreeMap<String, String> {
        let gate = Wish::read(&asked.configuration).map(|wish| match wish.gate {
            Gate::Named(name) => name,
            Gate::Inline(_) => "of the template".into(),
        });
        let own = [("davy", env!("CARGO_PKG_VERSION").to_owned()), ("config", gate.unwrap_or_default())];
        own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn failed(&self, why: String) -> Measurement {
        let now = Some(Timestamp::now());
        Measurement { message: why, started: now, finished: now, ..measurement(Phase::Error) }
    }
}

impl Measures {
    fn measured(&self, asked: &Asked, so_far: Measurement) -> Measurement {
        let measured = match self.step(asked, &so_far) {
            Ok(measured) => measured,
            Err(why) => {
                let finished = Some(Timestamp::now());
                Measurement { phase: Phase::Error, message: why, finished, resume: None, ..so_far }
            }
        };
        if measured.phase != Phase::Running {
            self.lessons.forget(asked);
        }
        self.gates
            .console
            .note(&format!("{}, {}: {:?}: {}", asked.run, asked.metric, measured.phase, measured.message));
        measured
    }

    /// The measurement as far as it goes now.
    fn step(&self, asked: &Asked, so_far: &Measurement) -> Result<Measurement, String> {
        let now = Timestamp::now();
        let wish = Wish::read(&asked.configuration)?;
        let loaded = wish.load(&self.gates, self.allow_inline)?;
        let set = wish.set(&loaded, asked)?;
        let state = State::read(&so_far.metadata)?;
        let aside = self.gates.console.aside();
        let step =
            soak::Step { gates: &self.gates, aside: &aside, loaded: &loaded, set: &set, wish: &wish, asked, now };
        let measured = match step.course(state.as_ref())? {
            Some(soak) => step.look(soak, state.as_ref(), so_far, &self.lessons),
            None => step.once(so_far),
        };
        self.gates.console.tell(&asked.run, aside);
        measured
    }
}

impl soak::Step<'_> {
    /// A gate without a soak.
    fn once(&self, so_far: &Measurement) -> Result<Measurement, String> {
        let options = self.options(self.wish.from, None, self.now);
        let plan = self.gates.plan(self.loaded, &options).map_err(words)?;
        let places = Places::new(Vec::new(), Vec::new()).map_err(|failure| failure.to_string())?;
        let judged =
            look::planned(self.aside, self.loaded, &options, &places, plan).map_err(serve::refused).map_err(words)?;
        let document = pipeline::document(&judged.plan, &judged.verdict);
        let exit = Exit::of(judged.verdict.outcome, judged.plan.on_inconclusive, judged.plan.fail_on_warn);
        Ok(answered(&document, exit, so_far))
    }
}

/// A measurement of which nothing else is known.
fn measurement(phase: Phase) -> Measurement {
    Measurement {
        phase,
        message: String::new(),
        started: None,
        finished: None,
        value: String::new(),
        metadata: BTreeMap::new(),
        resume: None,
    }
}

/// A measurement that has its answer.
fn answered(document: &Document, exit: Exit, so_far: &Measurement) -> Measurement {
    let phase = match exit {
        Exit::Pass => Phase::Successful,
        Exit::Fail | Exit::Warn => Phase::Failed,
        _ => Phase::Inconclusive,
    };
    Measurement {
        phase,
        message: plain::line(&document.summary),
        started: so_far.started,
        finished: Some(Timestamp::now()),
        value: document.outcome.word().to_lowercase(),
        metadata: state::numbers(document),
        resume: None,
    }
}

fn words(refused: Refused) -> String {
    let (Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) = refused;
    why
}

/// When a window begins and ends, for a plan.
impl soak::Step<'_> {
    fn options(&self, from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Options<'_> {
        Options { folder: &self.loaded.folder, now, set: self.set, phase: self.wish.phase.as_deref(), from, to }
    }
}
