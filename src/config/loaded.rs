//! A configuration that was read: what it says of itself, and what is planned by it.

use std::collections::{BTreeMap, BTreeSet};

use super::options::Options;
use super::plan::Plan;
use super::resolve::{self, Asked};
use super::written::file::File;
use super::{labels, prune, scalar, unpacked, window};
use crate::judge::rules::Metric;
use crate::series::{MetricName, Timestamp};
use crate::text::node::{self, Node};
use crate::text::problem::{Origin, Problem, Problems, Report};
use crate::text::read::Read;

/// A configuration as written.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) origin: Origin,
    pub(super) tree: Node,
    pub(super) file: File,
    /// What is wrong with parts that were left out of `file`, and the names that went with them.
    broken: Vec<Problem>,
    gone: Vec<String>,
}

/// Reads a configuration. `shown` is its path as the user wrote it.
///
/// An error when too little of it can be read to check the rest; otherwise [`Config::plan`] tells what is wrong with its
/// parts together with what is wrong with their meaning.
pub fn load(text: &str, shown: &str) -> Result<Config, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let origin = Origin { shown: shown.to_owned(), text: text.to_owned() };
    let tree = node::parse(&origin)?;
    let mut report = Report::new(&origin);
    let file = as_written(&tree, &mut report);
    match report.finish(file) {
        Ok(file) => Ok(Config { origin, tree, file, broken: Vec::new(), gone: Vec::new() }),
        Err(problems) => {
            let Some((rest, gone)) = prune::prune(&tree, &problems) else { return Err(problems) };
            let mut report = Report::new(&origin);
            let file = as_written(&rest, &mut report);
            match report.finish(file) {
                Ok(file) => Ok(Config { origin, tree, file, broken: problems.0, gone }),
                Err(_) => Err(problems),
            }
        }
    }
}

/// The file as written, with the metrics of the packs that it uses.
fn as_written(tree: &Node, report: &mut Report) -> Option<File> {
    let mut file = File::read(tree, report)?;
    unpacked::add(&mut file, report);
    Some(file)
}

impl Config {
    /// Its text, as it was written.
    pub fn text(&self) -> &str {
        &self.origin.text
    }

    /// What to ask of the sources and of the data. All phases are checked, the one to judge is planned.
    pub fn plan(&self, options: &Options) -> Result<Plan, Problems> {
        self.planned(options, Asked::Needed)
    }

    /// The same, asking for every metric there is, whether a criterion names it or not; nor need there be any criteria.
    pub fn plan_everything(&self, options: &Options) -> Result<Plan, Problems> {
        self.planned(options, Asked::Everything)
    }

    /// What is known of every metric, the costs among them.
    pub fn metrics(&self) -> BTreeMap<MetricName, Metric> {
        let known = resolve::known(&self.file, &mut Report::new(&self.origin)).into_iter();
        known.filter_map(|(name, metric)| Some((name, metric?))).collect()
    }

    /// The names that may be set from outside.
    pub fn settable(&self) -> BTreeSet<String> {
        labels::settable(&self.file)
    }

    /// The names among them that the configuration itself leaves open.
    pub fn open(&self) -> BTreeSet<String> {
        labels::open(&self.file)
    }

    fn planned(&self, options: &Options, asked: Asked) -> Result<Plan, Problems> {
        let mut report = Report::new(&self.origin);
        let plan = resolve::plan(&self.file, options, asked, &mut report);
        let planned = report.finish(plan);
        if self.broken.is_empty() {
            return planned;
        }
        let meant = planned.err().map_or(Vec::new(), |problems| problems.0);
        let mut all = self.broken.clone();
        all.extend(meant.into_iter().filter(|problem| prune::stands(problem, &self.gone)));
        all.sort_by_key(|problem| (problem.line, problem.column));
        Err(Problems(all))
    }

    /// The name of the comparison.
    pub fn name(&self) -> &str {
        &self.file.name.value
    }

    /// What its verdict is expected to be, if it is a case with an expectation.
    pub fn expected(&self) -> Option<&super::Expected> {
        self.file.expect.as_ref()
    }

    /// The names of the phases, in order.
    pub fn phases(&self) -> Vec<&str> {
        self.file.phases.iter().map(|phase| phase.name.value.as_str()).collect()
    }

    /// How often the phase (or the one judged by default) is meant to be judged.
    pub fn every(&self, phase: Option<&str>) -> Option<crate::series::SignedDuration> {
        resolve::every(&self.file, resolve::phase(&self.file, phase))
    }

    /// How long the phase (or the one judged by default) is meant to last.
    pub fn soak(&self, phase: Option<&str>) -> Option<crate::series::SignedDuration> {
        resolve::soak(&self.file, resolve::phase(&self.file, phase))
    }

    /// Whether the phase (or the one judged by default) is looked at more than once. A phase that does not exist counts: its plan says so.
    pub fn is_watched(&self, phase: Option<&str>) -> bool {
        let is_unknown = phase.is_some() && resolve::phase(&self.file, phase).is_none();
        is_unknown || self.soak(phase).or(self.every(phase)).is_some()
    }

    /// When the canary's window begins, where that is written: by the phase (or the one judged by default), or by the file.
    pub fn begins(&self, phase: Option<&str>) -> Option<crate::series::Timestamp> {
        self.begins_itself(phase).or_else(|| Some(self.file.window.as_ref()?.from.as_ref()?.value))
    }

    /// When the canary's window ends, where that is written: by the phase (or the one judged by default), or by the file.
    pub fn ends(&self, phase: Option<&str>) -> Option<crate::series::Timestamp> {
        let own = resolve::phase(&self.file, phase).and_then(|phase| phase.window.as_ref());
        window::merged(self.file.window.as_ref(), own)?.to.map(|to| to.value)
    }

    /// Whether the window is said to reach back from now.
    pub fn reaches_back(&self, phase: Option<&str>) -> bool {
        let own = resolve::phase(&self.file, phase).and_then(|phase| phase.window.as_ref());
        window::merged(self.file.window.as_ref(), own).is_some_and(|window| window.last.is_some())
    }

    /// When the canary's window begins, where the phase itself says so.
    pub fn begins_itself(&self, phase: Option<&str>) -> Option<crate::series::Timestamp> {
        let window = resolve::phase(&self.file, phase)?.window.as_ref()?;
        window.from.as_ref().map(|from| from.value)
    }

    /// The names of the metrics, as written.
    pub fn metric_names(&self) -> impl Iterator<Item = &str> {
        self.file.metrics.names()
    }

    /// The names of the logs whose lines are compared.
    pub fn log_names(&self) -> impl Iterator<Item = &str> {
        self.file.signatures.names()
    }

    /// Whether it says that it was recorded, whatever else it says there.
    pub fn is_recording(&self) -> bool {
        self.tree.get("recording").is_some()
    }

    /// Whether any of its sources is more than a file, or than what could not be reached.
    pub fn asks_beyond_files(&self) -> bool {
        let is_file = |source: &Node| match &source.value {
            node::Value::Map(kinds) => {
                kinds.iter().all(|(kind, _)| matches!(kind.value.as_str(), "file" | "unreachable"))
            }
            _ => true,
        };
        match self.tree.get("sources").map(|sources| &sources.value) {
            Some(node::Value::Map(sources)) => !sources.iter().all(|(_, source)| is_file(source)),
            _ => false,
        }
    }

    /// Whether it has hooks, of its own or of a phase.
    pub fn has_hooks(&self) -> bool {
        let own = |node: &Node| node.get("hooks").is_some();
        let of_phases = match self.tree.get("phases").map(|phases| &phases.value) {
            Some(node::Value::List(phases)) => phases.iter().any(own),
            _ => false,
        };
        own(&self.tree) || of_phases
    }

    /// The version of davy that recorded it and when, if it is a recording.
    pub fn recording(&self) -> Option<(&str, Timestamp)> {
        let recording = self.file.recording.as_ref().filter(|recording| recording.version.value == scalar::Version)?;
        Some((&recording.davy.value, recording.recorded.value))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::load;

    #[test]
    fn the_hint_of_a_key_names_each_of_the_others_once() {
        let problems = load("weather: a\n", "f").map(|_| ()).unwrap_err();
        let hint = problems.0.into_iter().find_map(|problem| problem.hint).unwrap();
        let names: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
        assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{hint}");
        assert!(hint.contains("among them `name`, ") && names.contains(&"metrics"), "{hint}");
    }
}
