//! `davy serve`: a folder of configurations, judged for whoever asks.
//!
//! A configuration is read for each question, and parsed if its text has changed: a change holds from the next question on. Hooks are never run here: the controller acts.

mod kayenta;
mod result;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::console::Console;
use super::gates::{CONFIG, Gates};
use super::inline::Inline;
use super::remembered::Remembered;
use super::soak::{Asking, Lessons};
use super::{Exit, Failure};
use crate::cli;
use crate::plain;
use crate::serve::{self, Answer, CanaryConfig, Gate, Judge, Question, Refused, Settings, Soak, Step, Tls};

/// What a caller must know if the server is heard by other machines.
const TOKEN: &str = "DAVY_TOKEN";

pub(super) fn run(console: Console, arguments: cli::Serve) -> Result<Exit, Failure> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let (listen, is_local) = (arguments.listen, arguments.listen.ip().is_loopback());
    if token.is_none() && arguments.client_ca.is_none() && !is_local {
        return Err(Failure::Misused(format!(
            "--listen {listen}: other machines can ask there without a token. Set {TOKEN}, or listen on 127.0.0.1, or let callers show \
             certificates (--client-ca)"
        )));
    }
    if token.as_ref().is_some_and(|token| token.len() < 16) {
        return Err(Failure::Misused(format!(
            "{TOKEN} has less than 16 characters, and can be guessed: use a longer one"
        )));
    }
    let inline = Inline::listed(arguments.allow_inline);
    let (configs, allow_exec, set) = (arguments.configs, arguments.allow_exec, arguments.set);
    let gates = Gates { console, configs, allow_exec, set, inline, remembered: Remembered::default() };
    gates.hold_folder()?;
    gates.warn();
    let tls = arguments.tls_cert.zip(arguments.tls_key);
    let tls = tls.map(|(certificate, key)| Tls { certificate, key, clients: arguments.client_ca });
    if tls.is_none() && !is_local {
        gates.console.note(&format!(
            "--listen {listen}: the token can be read on the way. Encrypt by --tls-cert and --tls-key, unless a proxy in front does"
        ));
    }
    let settings = Settings {
        listen,
        token,
        tls,
        keep: arguments.keep,
        keep_at_most: arguments.keep_at_most,
        at_once: arguments.at_once,
        wait: Duration::from_secs(arguments.wait),
        grace: arguments.grace,
    };
    let allow_canary_configs = arguments.allow_canary_configs;
    let watchful = Watchful { gates, allow_canary_configs, lessons: Lessons::default() };
    serve::run(settings, Arc::new(watchful)).map_err(Failure::Unusable)?;
    Ok(Exit::Pass)
}

/// The gates, and what was learned for the soaks that are watched.
struct Watchful {
    gates: Gates,
    allow_canary_configs: bool,
    lessons: Lessons,
}

impl Judge for Watchful {
    fn gates(&self) -> Vec<Gate> {
        self.gates.checked()
    }

    fn version(&self, gate: &str) -> Option<String> {
        std::fs::read_to_string(self.gates.path(gate)?).ok()
    }

    fn judge(&self, question: &Question) -> Result<Answer, Refused> {
        let answer = self.gates.judged(question);
        let said = match &answer {
            Ok(answer) => format!("{}: {}", answer.document.outcome.word(), answer.document.summary),
            Err(refused) => format!("not judged: {}", refused.why()),
        };
        // a sentence about a configuration of a request could repeat what is in it
        let said = if question.inline.is_some() { said.split(':').next().unwrap_or_default() } else { &said };
        self.gates.console.note(&format!("{}: {said}", question.told()));
        answer
    }

    fn look(
        &self,
        question: &Question,
        name: &str,
        created: Timestamp,
        soak: Option<&Soak>,
        is_cancelled: &Arc<AtomicBool>,
    ) -> Result<(Soak, Step), Refused> {
        let loaded = self.gates.load(question, CONFIG)?;
        let set = self.gates.set_by(&loaded, question)?;
        let step = |aside: &Console| {
            let asking = Asking {
                gates: &self.gates,
                aside,
                loaded: &loaded,
                set: &set,
                phase: question.phase.as_deref(),
                from: question.window.map(|window| window.from),
                created: Some(created),
                now: Timestamp::now(),
                name,
            };
            asking.step(soak, &self.lessons)
        };
        let stepped = self.gates.aside_of(question, name, is_cancelled, step);
        let goes_on =
            matches!(stepped, Ok(Some((_, Step::Waits { .. } | Step::Looked { .. } | Step::Troubled { .. }))));
        if !goes_on || is_cancelled.load(Ordering::Relaxed) {
            self.lessons.forget(name);
        }
        stepped?.ok_or_else(|| {
            let why = "the configuration looks once: write `soak: 1h` and `every: 5m` into it, or ask for a verdict (`POST /v1/judge`)";
            Refused::Wrong(why.into())
        })
    }

    fn forget(&self, name: &str) {
        self.lessons.forget(name);
    }

    fn canary_configs(&self) -> Vec<CanaryConfig> {
        self.gates.kayenta_configs()
    }

    fn allows_canary_configs(&self) -> bool {
        self.allow_canary_configs
    }

    fn canary_judges(&self) -> Vec<&'static str> {
        vec![crate::aca::NAME, result::DAVY]
    }

    fn canary(&self, asked: &Value, is_cancelled: &Arc<AtomicBool>) -> Result<Value, Refused> {
        let name = plain::line(asked["canaryConfig"]["name"].as_str().unwrap_or("a canary"));
        let result = self.gates.judged_canary(asked, &name, is_cancelled);
        self.gates.console.note(&match &result {
            Ok(result) => format!("{name}: {} {}", result["score"]["classification"], result["score"]["score"]),
            Err(refused) => format!("{name}: not judged: {}", refused.why()),
        });
        result
    }

    fn remote(&self, body: &Value, judge: Option<&str>) -> Result<Value, Refused> {
        kayenta::remote(&self.gates.console, body, judge)
    }

    fn stop(&self) {
        self.gates.console.stop();
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn log(&self, message: &str) {
        self.gates.console.note(message);
    }
}
