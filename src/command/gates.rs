//! The gates of a folder, for whoever serves them: what they are called, what is wrong with them, and what a request may set.
//!
//! A request chooses no server, runs no program and leads to no other file: the operator's folder says what is asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::border::Reach;
use super::console::Console;
use super::course::Probe;
use super::inline::Inline;
use super::pipeline::{Judged, Loaded};
use super::places::Places;
use super::remembered::Remembered;
use super::reply::{self, refused};
use super::{Failure, look, pipeline};
use crate::config;
use crate::config::plan::Plan;
use crate::plain;
use crate::serve::{Answer, Gate, Question, Refused};
use crate::source::Query;

/// Where a request has a configuration that came with it.
pub(super) const CONFIG: &str = "config";

/// The configurations of a folder: `NAME.yaml`, `NAME.json`, or `NAME/canary.yaml`.
pub(super) struct Gates {
    pub(super) console: Console,
    pub(super) configs: PathBuf,
    pub(super) allow_exec: bool,
    /// What the operator set: names that configurations leave open, and no request sets.
    pub(super) set: Vec<(String, String)>,
    /// Which configurations may come with requests.
    pub(super) inline: Inline,
    /// The configurations that were read before.
    pub(super) remembered: Remembered,
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

    /// Refuses a configuration that cannot be used, whatever events set.
    #[cfg(feature = "lambda")]
    pub(super) fn check(&self, file: &Path) -> Result<(), Failure> {
        check(file, &self.set)
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
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
    pub(super) fn checked(&self) -> Vec<Gate> {
        let gate = |name: String| {
            // what is wrong and where; the lines themselves may hold secrets
            let said = |failure: Failure| failure.to_string().lines().next().unwrap_or_default().to_owned();
            let problem = self.path(&name).and_then(|path| check(&path, &self.set).err()).map(said);
            Gate { name, problem }
        };
        self.names().into_iter().map(gate).collect()
    }

    /// Reads a gate; `shown` is where a request has a configuration that came with it.
    pub(super) fn load(&self, question: &Question, shown: &str) -> Result<Loaded, Refused> {
        let Question { gate, inline, .. } = question;
        match (inline, self.path(gate)) {
            (Some(text), _) => self.inline.load(text, shown, &self.configs).map_err(refused),
            (None, Some(path)) => {
                pipeline::load_by(&path, |file, text| self.remembered.config(file, text)).map_err(refused)
            }
            (None, None) => {
                let known = self.names().join(", ");
                Err(Refused::Unknown(format!("there is no gate {gate:?}; there are: {known}")))
            }
        }
    }

    /// A configuration from elsewhere, in the operator's folder; `called` is what messages call it.
    #[cfg(feature = "lambda")]
    pub(super) fn load_text(&self, text: &str, called: &str) -> Result<Loaded, Refused> {
        super::inline::own(text, called, &self.configs).map_err(refused)
    }

    /// What will be asked, if the operator allows it.
    pub(super) fn plan(&self, loaded: &Loaded, options: &config::Options) -> Result<Plan, Refused> {
        let plan = loaded.plan(options).map_err(refused)?;
        self.hold_programs(&plan.queries)?;
        // of what came with a request the list says whom it asks, whatever the arguments are
        if !matches!(loaded.reach, Reach::Listed(_)) {
            self.hold_servers(loaded, options, &plan)?;
        }
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

    pub(super) fn judged(&self, question: &Question) -> Result<Answer, Refused> {
        let loaded = self.load(question, CONFIG)?;
        let set = self.set_by(&loaded, question)?;
        let options = config::Options {
            folder: &loaded.folder,
            now: question.now.unwrap_or_else(Timestamp::now),
            set: &set,
            phase: question.phase.as_deref(),
            from: question.window.map(|window| window.from),
            to: question.window.map(|window| window.to),
        };
        self.aside_of(question, &question.gate, &Arc::default(), |aside| self.once(aside, &loaded, &options))
    }

    /// Judges once, if the operator allows it.
    pub(super) fn once(&self, aside: &Console, loaded: &Loaded, options: &config::Options) -> Result<Answer, Refused> {
        let plan = self.plan(loaded, options)?;
        look_once(aside, loaded, options, plan).map(|judged| reply::answer(&judged))
    }

    /// Works aside for a question until somebody raises the flag. What is said about a configuration of a request stays unsaid: it could repeat
    /// what is in it.
    pub(super) fn aside_of<T>(
        &self,
        question: &Question,
        name: &str,
        flag: &Arc<AtomicBool>,
        work: impl FnOnce(&Console) -> T,
    ) -> T {
        match question.inline {
            Some(_) => work(&self.console.aside().until(flag)),
            None => self.aside_until(flag, |said| format!("{name}: {said}"), work),
        }
    }

    /// The names that a question sets, and those that the operator set before.
    pub(super) fn set_by(&self, loaded: &Loaded, question: &Question) -> Result<Vec<(String, String)>, Refused> {
        let mut open = loaded.config.open();
        // what the operator set is not for everybody to read
        let is_own = |(name, _): &&(String, String)| question.inline.is_none() && open.contains(name);
        let before: Vec<&(String, String)> = self.set.iter().filter(is_own).collect();
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
    fn hold_servers(&self, loaded: &Loaded, options: &config::Options, plan: &Plan) -> Result<(), Refused> {
        if options.set.is_empty() {
            return Ok(());
        }
        // no argument is as long as this value, so an address with one in it differs
        let other = "x".repeat(1 + options.set.iter().map(|(_, value)| value.len()).max().unwrap_or(0));
        match same_servers(plan, &any(loaded, &other, options, &self.set).map_err(refused)?) {
            true => Ok(()),
            false => Err(Refused::Wrong(
                "an argument is in the address of a server, where it could send secrets elsewhere: write the address into the configuration".into(),
            )),
        }
    }

    /// Works with a console of its own, and then says what was said there in these words.
    pub(super) fn aside<T>(&self, words: impl Fn(&str) -> String, work: impl FnOnce(&Console) -> T) -> T {
        self.aside_until(&Arc::default(), words, work)
    }

    /// The same, until somebody raises the flag.
    pub(super) fn aside_until<T>(
        &self,
        flag: &Arc<AtomicBool>,
        words: impl Fn(&str) -> String,
        work: impl FnOnce(&Console) -> T,
    ) -> T {
        let aside = self.console.aside().until(flag);
        let done = work(&aside);
        self.console.tell(aside, words);
        done
    }
}

/// Judges once by a plan that was made with these options.
pub(super) fn look_once(
    aside: &Console,
    loaded: &Loaded,
    options: &config::Options,
    plan: Plan,
) -> Result<Judged, Refused> {
    let places = Places::new(Vec::new(), Vec::new()).map_err(refused)?;
    look::planned(aside, loaded, options, &places, plan).map_err(refused)
}

/// Whether two plans ask the same servers.
pub(super) fn same_servers(one: &Plan, other: &Plan) -> bool {
    let servers =
        |plan: &Plan| -> BTreeSet<String> { plan.queries.iter().flat_map(|query| query.source.servers()).collect() };
    servers(one) == servers(other)
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
    let whole = Probe { from: None, to: None, now };
    let Probe { from, to, now } = if loaded.config.is_watched(None) { Probe::before(now) } else { whole };
    let options = config::Options { folder: &loaded.folder, now, set: &[], phase: None, from, to };
    any(&loaded, "x", &options, set_before).map(|_| ())
}
