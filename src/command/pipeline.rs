//! The whole pipe, once: configuration, plan, dataset, verdict.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Exit, Failure, as_written};
use crate::cli;
use crate::config::plan::{OnInconclusive, Plan, TimePlan};
use crate::config::{self, Config};
use crate::cost::{self, CostPlan};
use crate::import::Gate;
use crate::ingest;
use crate::judge;
use crate::judge::rules::Looks;
use crate::judge::verdict::{Look, Verdict};
use crate::plain;
use crate::record;
use crate::report::document::{AsWritten, PastLook};
use crate::report::rollout::Rollout;
use crate::report::{self, Document, Format};
use crate::series::{Arm, Dataset, SignedDuration, Window};
use crate::source::{Outside, Query, Told};

use super::border::{self, Reach, file_of};
use super::console::Console;
use super::import;
use super::outlets::Outlets;

/// A configuration with the folder that its paths are relative to.
pub(super) struct Loaded {
    pub(super) config: Arc<Config>,
    pub(super) folder: PathBuf,
    pub(super) reach: Reach,
    /// What was lost of a configuration of another tool.
    pub(super) notes: Vec<String>,
    /// The gate of the controller that it was written for.
    pub(super) gate: Option<Box<Gate>>,
    /// The folder of the data that such a configuration brought.
    pub(super) _data: Option<TempDir>,
}

impl Loaded {
    /// A configuration of davy's own.
    pub(super) fn new(config: impl Into<Arc<Config>>, folder: &Path, reach: Reach) -> Loaded {
        Loaded { config: config.into(), folder: folder.to_owned(), reach, notes: Vec::new(), gate: None, _data: None }
    }

    /// The same, after what was lost has been said.
    pub(super) fn told(self, console: &Console) -> Loaded {
        self.notes.iter().for_each(|note| console.note(note));
        self
    }

    /// What is asked for the criteria, within its reach.
    pub(super) fn plan(&self, options: &config::Options) -> Result<Plan, Failure> {
        self.held(self.config.plan(options)?)
    }

    /// What is asked for all metrics, within its reach.
    pub(super) fn plan_everything(&self, options: &config::Options) -> Result<Plan, Failure> {
        self.held(self.config.plan_everything(options)?)
    }

    /// A plan that stays within its reach.
    pub(super) fn held(&self, plan: Plan) -> Result<Plan, Failure> {
        self.reach.hold_plan(&plan, &self.folder)?;
        Ok(plan)
    }
}

/// What to do if there is nothing to show beside davy's answer.
const NO_OTHER_RULE: &str =
    "--as-written: the configuration has no rule of another tool. Judge the file of that tool, or write `kayenta`";

/// Everything that one look produced.
pub(super) struct Judged {
    pub(super) plan: Plan,
    pub(super) dataset: Dataset,
    pub(super) verdict: Verdict,
    /// What the rule that somebody used so far says of the same data.
    pub(super) as_written: Option<AsWritten>,
}

impl Judged {
    /// A verdict, with the answer of another rule if that decides.
    pub(super) fn new(plan: Plan, dataset: Dataset, verdict: Verdict) -> Result<Judged, Failure> {
        let decides = plan.kayenta.as_ref().is_some_and(|kayenta| kayenta.decides);
        let judged = Judged { plan, dataset, verdict, as_written: None };
        if decides { judged.with_as_written() } else { Ok(judged) }
    }

    /// The same with the answer of the rule that somebody used so far.
    pub(super) fn with_as_written(self) -> Result<Judged, Failure> {
        let Some(kayenta) = &self.plan.kayenta else { return Err(Failure::Misused(NO_OTHER_RULE.into())) };
        let answer = as_written::kayenta(kayenta, &self.plan.rules, &self.dataset);
        let as_written = Some(answer.map_err(|error| Failure::Misused(error.to_string()))?);
        Ok(Judged { as_written, ..self })
    }

    /// The answer as the document that is kept.
    pub(super) fn document(&self) -> Document {
        let document = document(&self.plan, &self.verdict);
        match self.as_written.clone() {
            Some(answer) => report::beside(document, answer),
            None => document,
        }
    }
}

/// Reads a configuration: a file, or the canary.yaml of a folder.
pub(super) fn load(path: &Path) -> Result<Loaded, Failure> {
    loaded(path, false, parsed)
}

/// The same, parsed by somebody who remembers what was parsed before.
#[cfg(feature = "serve")]
pub(super) fn load_by(
    path: &Path,
    parsed: impl FnOnce(&Path, &str) -> Result<Arc<Config>, Failure>,
) -> Result<Loaded, Failure> {
    loaded(path, false, parsed)
}

/// Reads what is to be replayed: it may be somebody else's, so it reaches no further than its folder.
pub(super) fn load_replayed(path: &Path) -> Result<Loaded, Failure> {
    loaded(path, true, parsed)
}

/// The configuration of a file with this text.
pub(super) fn parsed(file: &Path, text: &str) -> Result<Arc<Config>, Failure> {
    Ok(Arc::new(config::load(text, &plain::path(file))?))
}

fn loaded(
    path: &Path,
    is_replayed: bool,
    parsed: impl FnOnce(&Path, &str) -> Result<Arc<Config>, Failure>,
) -> Result<Loaded, Failure> {
    let file = file_of(path);
    if is_replayed {
        border::hold_file(border::folder_of(&file), &file)?;
    }
    let unreadable = |why: String| Failure::NoConfig { path: file.clone(), why };
    let bytes = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        unreadable(format!("line {line} is not UTF-8 text"))
    })?;
    let foreign = if is_replayed { None } else { import::convert(&file, &text)? };
    let Some(import::Converted { text, data, notes, gate }) = foreign else {
        let config = parsed(&file, &text)?;
        let reach = Reach::of(&config, &file, is_replayed)?;
        return Ok(Loaded::new(config, border::folder_of(&file), reach));
    };
    let config = config::load(&text, &format!("{} (as davy reads it)", plain::path(&file)))?;
    let reach = Reach::of(&config, &file, is_replayed)?;
    let folder = data.as_ref().map_or_else(|| border::folder_of(&file).to_owned(), |data| data.path().to_owned());
    Ok(Loaded { config: config.into(), folder, reach, notes, gate: Some(Box::new(gate)), _data: data })
}

/// How `arguments` resolve a configuration in `folder`.
pub(super) fn options<'a>(folder: &'a Path, arguments: &'a cli::Resolve, now: Timestamp) -> config::Options<'a> {
    config::Options {
        folder,
        now,
        set: &arguments.set,
        phase: arguments.phase.as_deref(),
        from: arguments.from,
        to: arguments.to,
    }
}

/// Refuses to look more than once by a rule that was made for one look.
pub(super) fn refuse_looks(plan: &Plan) -> Result<(), Failure> {
    match plan.kayenta.as_ref().is_some_and(|kayenta| kayenta.decides) {
        true => Err(Failure::Misused(
            "`judge: netflix-aca` decides after one look: more looks fail more healthy canaries. Use `davy judge`, or remove `judge`".into(),
        )),
        false => Ok(()),
    }
}

/// The verdict as the document that is kept, with what the plan knows beside it.
pub(super) fn document(plan: &Plan, verdict: &Verdict) -> Document {
    let success = plan.success.iter().map(|one| report::document::Success {
        id: one.id.clone(),
        says: one.says.clone(),
        criteria: one.criteria.clone(),
    });
    Document { success: success.collect(), ..Document::from(verdict) }
}

/// What was asked, for a report that is not kept in a recording.
pub(super) fn queries(plan: &Plan) -> Vec<report::document::Query> {
    let asked = |query: &Query| report::document::Query {
        metric: query.metric.clone(),
        arm: query.arm.name().into(),
        source: query.source.shown(),
        asked: query.source.question().unwrap_or_default(),
    };
    plan.queries.iter().map(asked).collect()
}

/// Does something outside, and lets a person follow it.
pub(super) fn heard<T>(console: &Console, now: Timestamp, ask: impl FnOnce(&Outside) -> T) -> T {
    heard_of(console, now, false, ask)
}

fn heard_of<T>(console: &Console, now: Timestamp, growing: bool, ask: impl FnOnce(&Outside) -> T) -> T {
    let told = |told: Told| match told {
        Told::Again(what) | Told::Doubt(what) => console.note(&what),
        Told::Cost(what) => console.detail(&what),
        Told::Progress { what, done, of } => console.progress().counted(what, done, of),
        Told::Reading { rows, bytes, of } => console.progress().reading(rows, bytes, of),
    };
    let variable = |name: &str| std::env::var(name).ok();
    let outside = Outside {
        now,
        interrupt: console.interrupt(),
        growing,
        variable: &variable,
        tokens: console.tokens(),
        told: &told,
    };
    let answered = ask(&outside);
    console.progress().over();
    answered
}

/// Asks the sources of a plan for what there is of files that may be being written, and says nothing of it.
pub(super) fn ask(console: &Console, plan: &Plan, now: Timestamp) -> Result<Dataset, Failure> {
    let ask = |outside: &Outside<'_>| {
        let mut dataset = ingest::ingest(&plan.queries, &plan.time, outside)?;
        ingest::add_signatures(&plan.logs, &mut dataset, outside)?;
        Ok::<_, ingest::Error>(dataset)
    };
    Ok(priced(heard_of(console, now, true, ask)?, plan.cost.as_ref()))
}

/// Says what could not be measured, where the judge does without it.
pub(super) fn say_lost(console: &Console, dataset: &Dataset) {
    dataset.lost.iter().for_each(|(metric, why)| console.note(&format!("judged without {metric}: {why}")));
}

/// What was measured, with what it costs.
pub(super) fn priced(mut dataset: Dataset, cost: Option<&CostPlan>) -> Dataset {
    if let Some(cost) = cost {
        cost::price(cost, &mut dataset);
    }
    dataset
}

/// Asks the sources of a plan, and lets a person follow it; what both arms cost is computed where the plan asks for it.
pub(super) fn fetch(console: &Console, plan: &Plan, now: Timestamp) -> Result<Dataset, Failure> {
    let mut dataset = fetch_from(console, &plan.queries, &plan.time, plan.cost.as_ref(), now)?;
    if !plan.logs.is_empty() {
        heard(console, now, |outside| ingest::add_signatures(&plan.logs, &mut dataset, outside))?;
    }
    for (name, log) in &dataset.signatures {
        console.detail(&format!("log lines of {name}: {}", log.origin));
    }
    Ok(dataset)
}

/// The same with other queries or another time.
pub(super) fn fetch_from(
    console: &Console,
    queries: &[Query],
    time: &TimePlan,
    cost: Option<&CostPlan>,
    now: Timestamp,
) -> Result<Dataset, Failure> {
    let dataset = priced(heard(console, now, |outside| ingest::ingest(queries, time, outside))?, cost);
    if queries.iter().any(|query| query.source.service().is_some()) {
        let seconds = |at: Timestamp| at.round(jiff::Unit::Second).unwrap_or(at);
        console.note(&format!("complete up to {}, asked at {}", seconds(dataset.windows.canary.end), seconds(now)));
    }
    empty(queries, &dataset).iter().for_each(|note| console.note(note));
    for (metric, origin) in &dataset.origins {
        console.detail(&format!("{metric}: {origin}"));
    }
    Ok(dataset)
}

/// What to do about metrics that a service knows nothing of.
fn empty(queries: &[Query], dataset: &Dataset) -> Vec<String> {
    let note = |query: &Query| {
        let service = query.source.service()?;
        let advice = service.advise_when_empty()?;
        let pair = dataset.metrics.get(&query.metric).filter(|_| !dataset.lost.contains_key(&query.metric))?;
        let (metric, arm, asked) = (&query.metric, query.arm.name(), service.question());
        let nothing = pair.get(query.arm).is_empty() && (query.compared || query.arm == Arm::Canary);
        nothing.then(|| format!("{metric} has no point of the {arm}: {asked}. {advice}"))
    };
    queries.iter().filter_map(note).collect()
}

/// Writes a recording: what was measured, and the configuration to judge it by. What it costs is computed again from that.
pub(super) fn record(
    folder: &Path,
    config: &Config,
    plan: &Plan,
    dataset: Dataset,
    verdict: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut dataset = dataset;
    if plan.cost.is_some() {
        cost::strip(&mut dataset);
    }
    let text = recorded(config, plan, &dataset, now);
    Ok(record::write(folder, &text, &dataset, verdict)?)
}

/// The text of a recording's configuration.
fn recorded(config: &Config, plan: &Plan, dataset: &Dataset, now: Timestamp) -> String {
    let (windows, step) = (dataset.windows, dataset.step);
    let (lost, histograms, remarks) = (&dataset.lost, &dataset.histograms(), &dataset.remarks);
    let (steps, davy, has_past) = (&dataset.steps, env!("CARGO_PKG_VERSION"), dataset.past.is_some());
    let recording = config::Recorded {
        windows,
        step,
        now,
        davy,
        lost,
        steps,
        has_past,
        histograms,
        remarks,
        slices: &dataset.slices,
    };
    config::recorded(config, plan, &recording)
}

/// The verdict as a document for these reports: with what was asked and with the looks so far where one of them shows them,
/// and else as it is kept.
pub(super) fn drawn(judged: &Judged, output: &cli::Output) -> Document {
    let document = judged.document();
    if !is_drawn(output) {
        return document;
    }
    let is_later = matches!(judged.verdict.look, Look::Planned { number, .. } if number >= 2);
    let looks = match judged.plan.rules.looks {
        Looks::Planned { every: Some(every), .. } if is_later => looks_so_far(&judged.plan, &judged.dataset, every),
        _ => Vec::new(),
    };
    Document { looks, queries: queries(&judged.plan), ..document }
}

/// Whether any of the reports shows more than what is kept.
pub(super) fn is_drawn(output: &cli::Output) -> bool {
    let mut wanted = output.report.iter().map(|wanted| wanted.format).chain([output.format]);
    wanted.any(|format| matches!(format, Format::Html | Format::Review))
}

/// Answers on stdout, then writes the reports: a verdict is heard even where a file cannot be written.
pub(super) fn answer(console: &Console, document: &Document, output: &cli::Output) -> Result<(), Failure> {
    let outlets = Outlets::of(output)?;
    console.answer(&report::render(document, output.format, &console.style(output.details)))?;
    outlets.write(console, document, output.details)
}

/// The same of a whole rollout.
pub(super) fn answer_rollout(console: &Console, rollout: &Rollout, output: &cli::Output) -> Result<(), Failure> {
    let outlets = Outlets::of(output)?;
    let render = |format, style: &_| report::rollout::rollout(rollout, format, style).unwrap_or_default();
    console.answer(&render(output.format, &console.style(output.details)))?;
    outlets.write_as(console, output.details, &render)
}

/// Looks shown of a soak are at most so many.
const MOST_LOOKS: usize = 24;

/// More planned looks than this are not gone through.
const MOST_PLANNED: usize = 100_000;

/// What each planned look so far said, the last one with them; of many, some that are evenly spread. Looks before the first
/// that is planned are none.
pub(super) fn looks_so_far(plan: &Plan, dataset: &Dataset, every: SignedDuration) -> Vec<PastLook> {
    let Looks::Planned { soak, .. } = plan.rules.looks else { return Vec::new() };
    let Window { start, end } = dataset.windows.canary;
    let end = start.saturating_add(soak).map_or(end, |soaked| soaked.min(end));
    let least = i32::try_from(plan.rules.policy.warmup_steps(dataset.step) + judge::LEAST_STEPS).ok();
    let first = least.and_then(|steps| start.checked_add(dataset.step.checked_mul(steps)?).ok()).unwrap_or(end);
    let planned = (1..).map_while(|k| start.checked_add(every.checked_mul(k)?).ok()).take_while(|at| *at < end);
    let planned = planned.take(MOST_PLANNED);
    let planned = if every.is_positive() { planned.skip_while(|at| *at < first).collect() } else { Vec::new() };
    let instants: Vec<Timestamp> = planned.into_iter().chain([end]).collect();
    let shown = instants.len().min(MOST_LOOKS);
    let spread = (1..=shown).map(|nth| instants[nth * instants.len() / shown - 1]);
    let look = |at| PastLook::of(&Document::from(&judge::judge(&plan.rules, &dataset.until(at))));
    spread.map(look).collect()
}

/// How a judged plan exits, the command line's wishes before the configuration's.
pub(super) fn exit(judged: &Judged, wishes: &cli::Exit) -> Exit {
    let on_inconclusive = match wishes.on_inconclusive {
        Some(cli::OnInconclusive::Pass) => OnInconclusive::Pass,
        Some(cli::OnInconclusive::Warn) => OnInconclusive::Warn,
        Some(cli::OnInconclusive::Fail) => OnInconclusive::Fail,
        None => judged.plan.on_inconclusive,
    };
    Exit::of(judged.document().outcome.into(), on_inconclusive, wishes.fail_on_warn || judged.plan.fail_on_warn)
}
