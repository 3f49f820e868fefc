//! `davy serve`: a folder of configurations, judged for whoever asks.
//!
//! A configuration is read anew for each question, so a change holds from the next one on. Hooks are never run here: the controller acts.

mod kayenta;
mod result;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::console::Console;
use super::pipeline::Loaded;
use super::places::Places;
use super::{Exit, Failure, look, pipeline};
use crate::cli;
use crate::config;
use crate::config::plan::Plan;
use crate::plain;
use crate::serve::{self, Answer, CanaryConfig, Decision, Gate, Judge, Question, Refused, Settings};
use crate::source::Query;

/// What a caller must know if the server is heard by other machines.
const TOKEN: &str = "DAVY_TOKEN";

pub(super) fn run(console: Console, arguments: cli::Serve) -> Result<Exit, Failure> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    if token.is_none() && !arguments.listen.ip().is_loopback() {
        return Err(Failure::Misused(format!(
            "--listen {}: other machines can ask there without a token. Set {TOKEN}, or listen on 127.0.0.1",
            arguments.listen
        )));
    }
    if token.as_ref().is_some_and(|token| token.len() < 16) {
        return Err(Failure::Misused(format!(
            "{TOKEN} has less than 16 characters, and can be guessed: use a longer one"
        )));
    }
    if !arguments.configs.is_dir() {
        return Err(Failure::Misused(format!(
            "--configs {}: there is no such folder",
            plain::path(&arguments.configs)
        )));
    }
    let gates = Gates {
        console,
        configs: arguments.configs,
        allow_exec: arguments.allow_exec,
        allow_canary_configs: arguments.allow_canary_configs,
        set: arguments.set,
    };
    for gate in gates.gates() {
        if let Some(problem) = gate.problem {
            gates.console.warn(&format!("{}: {problem}", gate.name));
        }
    }
    let settings = Settings {
        listen: arguments.listen,
        token,
        keep: arguments.keep,
        at_once: arguments.at_once,
        wait: Duration::from_secs(arguments.wait),
    };
    serve::run(settings, Arc::new(gates)).map_err(Failure::Unusable)?;
    Ok(Exit::Pass)
}

/// The configurations of a folder: `NAME.yaml`, `NAME.json`, or `NAME/canary.yaml`.
struct Gates {
    console: Console,
    configs: PathBuf,
    allow_exec: bool,
    allow_canary_configs: bool,
    /// What the operator set: names that configurations leave open, and no request sets.
    set: Vec<(String, String)>,
}

impl Gates {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let endings = ["yaml", "yml", "json"].map(|ending| format!("{name}.{ending}"));
        let files = endings.into_iter().chain([format!("{name}/canary.yaml")]).map(|file| self.configs.join(file));
        files.into_iter().find(|path| path.is_file())
    }

    /// The names of all gates, in order.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.configs).into_iter().flatten().flatten();
        let name = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            let stem = [".yaml", ".yml", ".json"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
            (!name.starts_with('.') && self.path(stem).is_some()).then(|| stem.to_owned())
        };
        let names: BTreeSet<String> = entries.filter_map(name).collect();
        names.into_iter().collect()
    }

    /// Refuses programs that nobody allowed to be run.
    fn hold_programs(&self, queries: &[Query]) -> Result<(), Refused> {
        let runs = queries.iter().find(|query| query.source.runs_a_program());
        runs.filter(|_| !self.allow_exec).map_or(Ok(()), |query| {
            Err(Refused::Wrong(format!(
                "the metric {:?} runs a program, and this server runs none: start it with --allow-exec",
                query.metric
            )))
        })
    }

    fn judged(&self, path: &Path, question: &Question) -> Result<Answer, Refused> {
        let loaded = pipeline::load(path).map_err(refused)?;
        let mut open = loaded.config.open();
        let set_before: Vec<(String, String)> =
            self.set.iter().filter(|(name, _)| open.contains(name)).cloned().collect();
        set_before.iter().for_each(|(name, _)| {
            open.remove(name);
        });
        if let Some(name) = question.args.keys().find(|name| !open.contains(*name)) {
            let known: Vec<&str> = open.iter().map(String::as_str).collect();
            return Err(Refused::Wrong(format!(
                "args: the configuration leaves no name {name:?} open; it leaves open: {}. A label of an arm can be set if it refers to a \
                 name: `canary: {{ version: \"${{new}}\" }}`",
                if known.is_empty() { "nothing".into() } else { known.join(", ") }
            )));
        }
        let offered =
            question.offered.iter().filter(|(name, _)| open.contains(*name) && !question.args.contains_key(*name));
        let set = question.args.iter().chain(offered).map(|(name, value)| (name.clone(), value.clone()));
        let set: Vec<(String, String)> = set.chain(set_before.iter().cloned()).collect();
        let options = config::Options {
            folder: &loaded.folder,
            now: question.now.unwrap_or_else(Timestamp::now),
            set: &set,
            phase: question.phase.as_deref(),
            from: question.window.map(|window| window.from),
            to: question.window.map(|window| window.to),
        };
        let plan = loaded.plan(&options).map_err(refused)?;
        self.hold_programs(&plan.queries)?;
        hold_servers(&loaded, &options, &plan, &set_before)?;
        let places = Places::new(Vec::new(), Vec::new()).map_err(refused)?;
        let aside = self.console.aside();
        let judged = look::planned(&aside, &loaded, &options, &places, plan);
        self.console.tell(&question.gate, aside);
        let judged = judged.map_err(refused)?;
        let wishes = cli::Exit { on_inconclusive: None, fail_on_warn: false };
        let decision = match pipeline::exit(&judged, &wishes) {
            Exit::Pass => Decision::Go,
            Exit::Fail | Exit::Warn => Decision::Stop,
            _ => Decision::Wait,
        };
        Ok(Answer { document: judged.document(), decision })
    }
}

/// Refuses servers that the arguments chose: they would hear the secrets.
fn hold_servers(
    loaded: &Loaded,
    options: &config::Options,
    plan: &Plan,
    set_before: &[(String, String)],
) -> Result<(), Refused> {
    if options.set.is_empty() {
        return Ok(());
    }
    let servers =
        |plan: &Plan| -> BTreeSet<String> { plan.queries.iter().flat_map(|query| query.source.servers()).collect() };
    // no argument is as long as this value, so an address with one in it differs
    let other = "x".repeat(1 + options.set.iter().map(|(_, value)| value.len()).max().unwrap_or(0));
    match servers(plan) == servers(&any(loaded, &other, options, set_before).map_err(refused)?) {
        true => Ok(()),
        false => Err(Refused::Wrong(
            "an argument is in the address of a server, where it could send secrets elsewhere: write the address into the configuration".into(),
        )),
    }
}

/// The plan of a configuration, with one value for all names that it leaves open and the operator did not set.
fn any(
    loaded: &Loaded,
    value: &str,
    options: &config::Options,
    set_before: &[(String, String)],
) -> Result<Plan, Failure> {
    let of = |name: String| {
        let set = set_before.iter().find(|(own, _)| *own == name).map_or(value, |(_, set)| set);
        (name, set.to_owned())
    };
    let set: Vec<(String, String)> = loaded.config.open().into_iter().map(of).collect();
    loaded.plan(&config::Options { set: &set, ..*options })
}

/// Whether a configuration can be used, whatever the names are that it leaves open.
fn check(path: &Path, set_before: &[(String, String)]) -> Result<(), Failure> {
    let loaded = pipeline::load(path)?;
    let options =
        config::Options { folder: &loaded.folder, now: Timestamp::now(), set: &[], phase: None, from: None, to: None };
    any(&loaded, "x", &options, set_before).map(|_| ())
}

/// What went wrong, in the words of a request: it has `args` where the command line has `--set`.
fn refused(failure: Failure) -> Refused {
    let why = failure.to_string().replace("--set: ", "args: ").replace("--phase: ", "phase: ");
    match failure.exit() {
        Exit::Source => Refused::Source(why),
        _ => Refused::Wrong(why),
    }
}

impl Judge for Gates {
    fn gates(&self) -> Vec<Gate> {
        let gate = |name: String| {
            // what is wrong and where; the lines themselves may hold secrets
            let said = |failure: Failure| failure.to_string().lines().next().unwrap_or_default().to_owned();
            let problem = self.path(&name).and_then(|path| check(&path, &self.set).err()).map(said);
            Gate { name, problem }
        };
        self.names().into_iter().map(gate).collect()
    }

    fn version(&self, gate: &str) -> Option<String> {
        std::fs::read_to_string(self.path(gate)?).ok()
    }

    fn judge(&self, question: &Question) -> Result<Answer, Refused> {
        let Some(path) = self.path(&question.gate) else {
            let known = self.names().join(", ");
            return Err(Refused::Unknown(format!("there is no gate {:?}; there are: {known}", question.gate)));
        };
        let answer = self.judged(&path, question);
        let said = match &answer {
            Ok(answer) => format!("{}: {}", answer.document.outcome.word(), answer.document.summary),
            Err(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) => format!("not judged: {why}"),
        };
        self.console.note(&format!("{}: {said}", question.gate));
        answer
    }

    fn canary_configs(&self) -> Vec<CanaryConfig> {
        self.kayenta_configs()
    }

    fn allows_canary_configs(&self) -> bool {
        self.allow_canary_configs
    }

    fn canary_judges(&self) -> Vec<&'static str> {
        vec![crate::aca::NAME, kayenta::DAVY]
    }

    fn canary(&self, asked: &Value) -> Result<Value, Refused> {
        let result = self.judged_canary(asked);
        let name = asked["canaryConfig"]["name"].as_str().unwrap_or("a canary");
        self.console.note(&match &result {
            Ok(result) => format!("{name}: {} {}", result["score"]["classification"], result["score"]["score"]),
            Err(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) => {
                format!("{name}: not judged: {why}")
            }
        });
        result
    }

    fn remote(&self, body: &Value, judge: Option<&str>) -> Result<Value, Refused> {
        kayenta::remote(&self.console, body, judge)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn log(&self, message: &str) {
        self.console.note(message);
    }
}
