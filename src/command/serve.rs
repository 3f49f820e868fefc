//! `davy serve`: a folder of configurations, judged for whoever asks.
//!
//! A configuration is read anew for each question, so a change holds from the next one on. Hooks are never run here: the controller acts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::console::Console;
use super::pipeline::Loaded;
use super::places::Places;
use super::{Exit, Failure, look, pipeline};
use crate::cli;
use crate::config;
use crate::config::plan::Plan;
use crate::plain;
use crate::serve::{self, Answer, Decision, Gate, Judge, Question, Refused, Settings};
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
    let gates = Gates { console, configs: arguments.configs, allow_exec: arguments.allow_exec };
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
}

impl Gates {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let endings = ["yaml", "yml", "json"].map(|ending| format!("{name}.{ending}"));
        let files = endings.into_iter().chain([format!("{name}/canary.yaml")]).map(|file| self.configs.join(file));
        files.into_iter().find(|path| path.is_file())
    }

    /// Refuses programs that nobody allowed to be run, and servers that the arguments chose: they would hear the secrets.
    fn hold(&self, loaded: &Loaded, queries: &[Query], now: Timestamp) -> Result<(), Refused> {
        let wrong = |why: String| Err(Refused::Wrong(why));
        let runs = queries.iter().find(|query| query.source.runs_a_program());
        if let Some(query) = runs.filter(|_| !self.allow_exec) {
            let metric = &query.metric;
            return wrong(format!(
                "the metric {metric:?} runs a program, and this server runs none: start it with --allow-exec"
            ));
        }
        let servers = |queries: &[Query]| -> BTreeSet<String> {
            queries.iter().flat_map(|query| query.source.servers()).collect()
        };
        let other = |letter: &str| any(loaded, letter, now).map(|plan| servers(&plan.queries)).map_err(refused);
        // those of two other values are alike only if no argument is in them
        match (other("x")?, other("y")?) {
            (x, y) if x == y && servers(queries) == x => Ok(()),
            _ => wrong("an argument is in the address of a server, where it could send secrets elsewhere: write the address into the configuration".into()),
        }
    }

    fn judged(&self, path: &Path, question: &Question) -> Result<Answer, Refused> {
        let loaded = pipeline::load(path).map_err(refused)?;
        let open = loaded.config.open();
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
        let set: Vec<(String, String)> = set.collect();
        let options = config::Options {
            folder: &loaded.folder,
            now: question.now.unwrap_or_else(Timestamp::now),
            set: &set,
            phase: question.phase.as_deref(),
            from: question.window.map(|window| window.from),
            to: question.window.map(|window| window.to),
        };
        self.hold(&loaded, &loaded.plan(&options).map_err(refused)?.queries, options.now)?;
        let places = Places::new(Vec::new(), Vec::new()).map_err(refused)?;
        let aside = self.console.aside();
        let judged = look::judge(&aside, &loaded, &options, &places, None);
        self.console.tell(&question.gate, aside);
        let judged = judged.map_err(refused)?;
        let wishes = cli::Exit { on_inconclusive: None, fail_on_warn: false };
        let decision = match pipeline::exit(&judged, &wishes) {
            Exit::Pass => Decision::Go,
            Exit::Fail | Exit::Warn => Decision::Stop,
            _ => Decision::Wait,
        };
        Ok(Answer { document: pipeline::document(&judged.plan, &judged.verdict), decision })
    }
}

/// The plan of a configuration, with one value for all names that it leaves open.
fn any(loaded: &Loaded, value: &str, now: Timestamp) -> Result<Plan, Failure> {
    let set: Vec<(String, String)> = loaded.config.open().into_iter().map(|name| (name, value.into())).collect();
    loaded.plan(&config::Options { folder: &loaded.folder, now, set: &set, phase: None, from: None, to: None })
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
        let entries = std::fs::read_dir(&self.configs).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let stem =
                    [".yaml", ".yml", ".json"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
                self.path(stem).map(|_| stem.to_owned())
            })
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names.dedup();
        let gate = |name: String| {
            let checked = self.path(&name).map(|path| any(&pipeline::load(&path)?, "x", Timestamp::now()));
            // what is wrong and where; the lines themselves may hold secrets
            let said = |failure: Failure| failure.to_string().lines().next().unwrap_or_default().to_owned();
            let problem = checked.and_then(Result::err).map(said);
            Gate { name, problem }
        };
        names.into_iter().map(gate).collect()
    }

    fn version(&self, gate: &str) -> Option<String> {
        std::fs::read_to_string(self.path(gate)?).ok()
    }

    fn judge(&self, question: &Question) -> Result<Answer, Refused> {
        let Some(path) = self.path(&question.gate) else {
            let known: Vec<String> = self.gates().into_iter().map(|gate| gate.name).collect();
            return Err(Refused::Unknown(format!(
                "there is no gate {:?}; there are: {}",
                question.gate,
                known.join(", ")
            )));
        };
        let answer = self.judged(&path, question);
        let said = match &answer {
            Ok(answer) => format!("{}: {}", answer.document.outcome.word(), answer.document.summary),
            Err(Refused::Unknown(why) | Refused::Wrong(why) | Refused::Source(why)) => format!("not judged: {why}"),
        };
        self.console.note(&format!("{}: {said}", question.gate));
        answer
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn log(&self, message: &str) {
        self.console.note(message);
    }
}
