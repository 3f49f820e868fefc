//! `davy argo-plugin`: measurements for the controller of Argo Rollouts, which starts this command.
//!
//! A gate without a soak is judged at once. One with a soak is a measurement that goes on: the controller asks again when the next
//! look is due. What was looked at is kept in the measurement, so neither side needs a memory, and a restart spends no look twice. A
//! measurement that could not be made is an `Error`, and never `Successful`.

mod state;
mod wish;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::console::Console;
use super::gates::Gates;
use super::inline::Inline;
use super::remembered::Remembered;
use super::soak::{Asking, Lessons};
use super::{Exit, Failure};
use crate::cli;
use crate::plain;
use crate::plugin::{self, Asked, Measurement, Phase, Provider};
use crate::serve::{Answer, Configuration, Decision, Refused, Soak, Step};
use crate::text::secret::without;
use wish::Wish;

pub(super) fn run(console: Console, arguments: cli::ArgoPlugin) -> Result<Exit, Failure> {
    let (cookie, value) = plugin::COOKIE;
    if std::env::var(cookie).ok().as_deref() != Some(value) {
        return Err(Failure::Misused(
            "the controller of Argo Rollouts starts this command: name davy as a metric plugin in the \
             ConfigMap `argo-rollouts-config`"
                .into(),
        ));
    }
    let inline = Inline::of(arguments.allow_inline);
    let (configs, allow_exec) = (arguments.configs, arguments.allow_exec);
    let gates = Gates { console, configs, allow_exec, set: Vec::new(), inline, remembered: Remembered::default() };
    gates.hold_folder()?;
    gates.warn();
    let measures = Arc::new(Measures { gates, lessons: Lessons::default() });
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
        self.lessons.forget(&name(asked));
        let taken = so_far.metadata.get("look").filter(|look| *look != "0");
        let message = match taken {
            Some(look) => format!("the controller ended the soak after look {look}"),
            None => "the controller ended the soak before the first look".into(),
        };
        self.gates.console.note(&format!("{}, {}: {message}", asked.run, asked.metric));
        let finished = Some(Timestamp::now());
        Measurement { phase: Phase::Inconclusive, message, finished, resume: None, ..so_far }
    }

    fn metadata(&self, asked: &Asked) -> BTreeMap<String, String> {
        let gate = Wish::read(&asked.configuration).map(|wish| match wish.gate {
            Configuration::Named(name) => name,
            Configuration::Inline(_) => "of the template".into(),
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
        let veil = |text: &str| without(text.to_owned(), &asked.secrets, "*****");
        let measured = match self.step(asked, &so_far, veil) {
            Ok(measured) => measured,
            Err(why) => {
                let finished = Some(Timestamp::now());
                Measurement { phase: Phase::Error, message: why, finished, resume: None, ..so_far }
            }
        };
        if measured.phase != Phase::Running {
            self.lessons.forget(&name(asked));
        }
        let measured = veiled(measured, veil);
        self.gates
            .console
            .note(&format!("{}, {}: {:?}: {}", asked.run, asked.metric, measured.phase, measured.message));
        measured
    }

    /// The measurement as far as it goes now; what is said meanwhile is said behind the veil.
    fn step(&self, asked: &Asked, so_far: &Measurement, veil: impl Fn(&str) -> String) -> Result<Measurement, String> {
        let wish = Wish::read(&asked.configuration)?;
        let loaded = wish.load(&self.gates)?;
        let set = wish.set(&self.gates, &loaded, asked)?;
        let soak = state::read(&so_far.metadata)?;
        let name = name(asked);
        let measure = |aside: &Console| {
            let asking = Asking {
                gates: &self.gates,
                aside,
                loaded: &loaded,
                set: &set,
                phase: wish.phase.as_deref(),
                from: wish.from,
                // a measurement after another one has a soak of its own
                created: asked.begins.filter(|_| asked.past.answers == 0),
                now: Timestamp::now(),
                name: &name,
            };
            Ok(match asking.step(soak.as_ref(), &self.lessons)? {
                Some((soak, step)) => measured(soak, step, so_far),
                None => answered(&asking.once(None)?, so_far),
            })
        };
        self.gates.aside(|said| format!("{name}: {}", veil(said)), measure).map_err(Refused::words)
    }
}

/// What a soak is called.
fn name(asked: &Asked) -> String {
    format!("{}, {}", asked.run, asked.metric)
}

/// The same without secrets, as the controller says it.
fn veiled(measured: Measurement, veil: impl Fn(&str) -> String) -> Measurement {
    // where the soak stands holds no secret, and is read again
    let each = |(name, text): (String, String)| {
        if state::KEYS.contains(&name.as_str()) { (name, text) } else { (veil(&name), veil(&text)) }
    };
    let metadata = measured.metadata.into_iter().map(each).collect();
    Measurement { message: veil(&measured.message), metadata, ..measured }
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
fn answered(answer: &Answer, so_far: &Measurement) -> Measurement {
    let phase = match answer.decision {
        Decision::Go => Phase::Successful,
        Decision::Stop => Phase::Failed,
        Decision::Wait => Phase::Inconclusive,
    };
    Measurement {
        phase,
        message: plain::line(&answer.document.summary),
        started: so_far.started,
        finished: Some(Timestamp::now()),
        value: answer.document.outcome.word().to_lowercase(),
        metadata: state::numbers(&answer.document),
        resume: None,
    }
}

/// A measurement of a soak: it has its answer, or is to be asked for again.
fn measured(soak: Soak, step: Step, so_far: &Measurement) -> Measurement {
    let (message, metadata, again) = match step {
        Step::Answered(answer) => {
            let mut measured = answered(&answer, so_far);
            state::write(&soak, &mut measured.metadata);
            return measured;
        }
        Step::Looked { document, due } => {
            (format!("look {}: {}", soak.look, plain::line(&document.summary)), state::numbers(&document), due)
        }
        Step::Waits { due } if soak.look == 0 => {
            (format!("the soak begins at {}", soak.start), so_far.metadata.clone(), due)
        }
        Step::Waits { due } => (so_far.message.clone(), so_far.metadata.clone(), due),
        Step::Troubled { why, again } => (why, so_far.metadata.clone(), again),
    };
    let mut metadata = metadata;
    state::write(&soak, &mut metadata);
    // the cluster keeps whole seconds, and an instant before the look would be too early
    let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    Measurement {
        phase: Phase::Running,
        message,
        started: so_far.started,
        finished: None,
        value: metadata.get("verdict").cloned().unwrap_or_default(),
        metadata,
        resume: Some(again.round(up).unwrap_or(again)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_next_call_is_never_too_early() {
        let soak = Soak { start: Timestamp::UNIX_EPOCH, look: 1, fingerprint: "f".into(), failures: 0 };
        let so_far = measurement(Phase::Running);
        let due = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_001);
        let measured = measured(soak, Step::Waits { due }, &so_far);
        assert_eq!(measured.resume, Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(2)));
        assert_eq!((measured.phase, measured.metadata["look"].as_str()), (Phase::Running, "1"));
    }
}
