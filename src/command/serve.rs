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
use super::course::Probe;
use super::pipeline::Loaded;
use super::places::Places;
use super::reply::{self, refused};
use super::soak::{Asking, Lessons};
use super::{Exit, Failure, look, pipeline};
use crate::cli;
use crate::config;
use crate::config::plan::Plan;
use crate::plain;
use crate::serve::{self, Answer, CanaryConfig, Gate, Judge, Question, Refused, Settings, Soak, Step};
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
    let gates = Gates {
        console,
        configs: arguments.configs,
        allow_exec: arguments.allow_exec,
        allow_canary_configs: arguments.allow_canary_configs,
        set: arguments.set,
    };
    gates.hold_folder()?;
    gates.warn();
    let settings = Settings {
        listen: arguments.listen,
        token,
        keep: arguments.keep,
        at_once: arguments.at_once,
        wait: Duration::from_secs(arguments.wait),
    };
    serve::run(settings, Arc::new(Watchful { gates, lessons: Lessons::default() })).map_err(Failure::Unusable)?;
    Ok(Exit::Pass)
}

/// The configurations of a folder: `NAME.yaml`, `NAME.json`, or `NAME/canary.yaml`.
pub(super) struct Gates {
    pub(super) console: Console,
    pub(super) configs: PathBuf,
    pub(super) allow_exec: bool,
    pub(super) allow_canary_configs: bool,
    /// What the operator set: names that configurations leave open, and no request sets.
    pub(super) set: Vec<(String, String)>,
}

impl Gates {
    /// Refuses a folder that does not exist.
    pub(super) fn hold_folder(&self) -> Result<(), Failure> {
        let why = || format!("--configs {}: there is no such folder", plain::path(&self.configs));
        if self.configs.is_dir() { Ok(()) } else { Err(Failure::Misused(why())) }
    }

    /// Says which gates are wrong.
    pub(super) fn warn(&self) {
        for gate in self.checked() {
            if let Some(problem) = gate.problem {
                self.console.warn(&format!("{}: {problem}", gate.name));
            }
        }
    }

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

    /// All gates, each with what is wrong with it.
    fn checked(&self) -> Vec<Gate> {
        let gate = |name: String| {
            // what is wrong and where; the lines themselves may hold secrets
            let said = |failure: Failure| failure.to_string().lines().next().unwrap_or_default().to_owned();
            let problem = self.path(&name).and_then(|path| check(&path, &self.set).err()).map(said);
            Gate { name, problem }
        };
        self.names().into_iter().map(gate).collect()
    }

    /// Reads a gate.
    pub(super) fn load(&self, name: &str) -> Result<Loaded, Refused> {
        let Some(path) = self.path(name) else {
            let known = self.names().join(", ");
            return Err(Refused::Unknown(format!("there is no gate {name:?}; there are: {known}")));
        };
        pipeline::load(&path).map_err(refused)
    }

    /// What will be asked, if the operator allows it.
    pub(super) fn plan(&self, loaded: &Loaded, options: &config::Options) -> Result<Plan, Refused> {
        let plan = loaded.plan(options).map_err(refused)?;
        self.hold_programs(&plan.queries)?;
        hold_servers(loaded, options, &plan, &self.set)?;
        Ok(plan)
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

    fn judged(&self, question: &Question) -> Result<Answer, Refused> {
        let loaded = self.load(&question.gate)?;
        let set = set(&loaded, question, &self.set)?;
        let options = config::Options {
            folder: &loaded.folder,
            now: question.now.unwrap_or_else(Timestamp::now),
            set: &set,
            phase: question.phase.as_deref(),
            from: question.window.map(|window| window.from),
            to: question.window.map(|window| window.to),
        };
        let plan = self.plan(&loaded, &options)?;
        let places = Places::new(Vec::new(), Vec::new()).map_err(refused)?;
        let aside = self.console.aside();
        let judged = look::planned(&aside, &loaded, &options, &places, plan);
        self.console.tell(&question.gate, aside);
        judged.map(|judged| reply::answer(&judged)).map_err(refused)
    }
}

/// The names that a question sets, and those that the operator set before.
pub(super) fn set(
    loaded: &Loaded,
    question: &Question,
    set_before: &[(String, String)],
) -> Result<Vec<(String, String)>, Refused> {
    let mut open = loaded.config.open();
    let before: Vec<&(String, String)> = set_before.iter().filter(|(name, _)| open.contains(name)).collect();
    before.iter().for_each(|(name, _)| {
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
    let asked = question.args.iter().chain(offered).map(|(name, value)| (name.clone(), value.clone()));
    Ok(asked.chain(before.into_iter().cloned()).collect())
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
    let now = Timestamp::now();
    // what has a soak may have no other time
    let has_soak = loaded.config.soak(None).or(loaded.config.every(None)).is_some();
    let whole = Probe { from: None, to: None, now };
    let Probe { from, to, now } = if has_soak { Probe::before(now) } else { whole };
    let options = config::Options { folder: &loaded.folder, now, set: &[], phase: None, from, to };
    any(&loaded, "x", &options, set_before).map(|_| ())
}

/// The gates, and what was learned for the soaks that are watched.
struct Watchful {
    gates: Gates,
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
            Err(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) => format!("not judged: {why}"),
        };
        self.gates.console.note(&format!("{}: {said}", question.gate));
        answer
    }

    fn look(
        &self,
        question: &Question,
        name: &str,
        created: Timestamp,
        soak: Option<&Soak>,
    ) -> Result<(Soak, Step), Refused> {
        let loaded = self.gates.load(&question.gate)?;
        let set = set(&loaded, question, &self.gates.set)?;
        let aside = self.gates.console.aside();
        let asking = Asking {
            plan: &|options| self.gates.plan(&loaded, options),
            aside: &aside,
            loaded: &loaded,
            set: &set,
            phase: question.phase.as_deref(),
            from: question.window.map(|window| window.from),
            created: Some(created),
            now: Timestamp::now(),
            name,
        };
        let stepped = asking.step(soak, &self.lessons);
        self.gates.console.tell(name, aside);
        if !matches!(stepped, Ok(Some((_, Step::Waits { .. } | Step::Looked { .. } | Step::Troubled { .. })))) {
            self.lessons.forget(name);
        }
        stepped?.ok_or_else(|| {
            let why = "the configuration looks once: write `soak: 1h` and `every: 5m` into it, or ask for a verdict (`POST /v1/judge`)";
            Refused::Wrong(why.into())
        })
    }

    fn canary_configs(&self) -> Vec<CanaryConfig> {
        self.gates.kayenta_configs()
    }

    fn allows_canary_configs(&self) -> bool {
        self.gates.allow_canary_configs
    }

    fn canary_judges(&self) -> Vec<&'static str> {
        vec![crate::aca::NAME, kayenta::DAVY]
    }

    fn canary(&self, asked: &Value) -> Result<Value, Refused> {
        let result = self.gates.judged_canary(asked);
        let name = asked["canaryConfig"]["name"].as_str().unwrap_or("a canary");
        self.gates.console.note(&match &result {
            Ok(result) => format!("{name}: {} {}", result["score"]["classification"], result["score"]["score"]),
            Err(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) => {
                format!("{name}: not judged: {why}")
            }
        });
        result
    }

    fn remote(&self, body: &Value, judge: Option<&str>) -> Result<Value, Refused> {
        kayenta::remote(&self.gates.console, body, judge)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn log(&self, message: &str) {
        self.gates.console.note(message);
    }
}
