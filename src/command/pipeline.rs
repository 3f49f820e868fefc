//! The whole pipe, once: configuration, plan, dataset, verdict.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Exit, Failure};
use crate::cli;
use crate::config::plan::{OnInconclusive, Plan, TimePlan};
use crate::config::{self, Config};
use crate::cost::{self, CostPlan};
use crate::ingest;
use crate::judge;
use crate::judge::verdict::Verdict;
use crate::record;
use crate::report::{self, Document, Style};
use crate::series::{Arm, Dataset};
use crate::source::aws::Measure;
use crate::source::{Outside, Query, Source, Told};

use super::console::Console;

/// A configuration with the folder that its paths are relative to.
pub(super) struct Loaded {
    pub(super) config: Config,
    pub(super) folder: PathBuf,
}

/// Everything that one look produced.
pub(super) struct Judged {
    pub(super) plan: Plan,
    pub(super) dataset: Dataset,
    pub(super) verdict: Verdict,
}

/// Reads a configuration: a file, or the canary.yaml of a folder.
pub(super) fn load(path: &Path) -> Result<Loaded, Failure> {
    let file = if path.is_dir() { path.join(record::CONFIG) } else { path.to_owned() };
    let unreadable = |why: String| Failure::NoConfig { path: file.clone(), why };
    let bytes = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        unreadable(format!("line {line} is not UTF-8 text"))
    })?;
    let config = config::load(&text, &file.display().to_string())?;
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Loaded { config, folder })
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

/// Judges a configuration once.
pub(super) fn judge(console: &Console, config: &Config, options: &config::Options) -> Result<Judged, Failure> {
    let plan = config.plan(options)?;
    console.detail(&format!("{} queries planned, fingerprint {}", plan.queries.len(), plan.rules.fingerprint));
    let dataset = fetch(console, &plan, options.now)?;
    for (metric, why) in &dataset.lost {
        console.note(&format!("judged without {metric}: {why}"));
    }
    let verdict = judge::judge(&plan.rules, &dataset);
    Ok(Judged { plan, dataset, verdict })
}

/// Does something outside, and lets a person follow it.
pub(super) fn heard<T>(console: &Console, now: Timestamp, ask: impl FnOnce(&Outside) -> T) -> T {
    let told = |told: Told| match told {
        Told::Again(what) | Told::Doubt(what) => console.note(&what),
        Told::Cost(what) => console.detail(&what),
        Told::Progress { what, done, of } => console.progress().counted(what, done, of),
        Told::Reading { rows, bytes, of } => console.progress().reading(rows, bytes, of),
    };
    let outside = Outside { now, interruptible: true, told: &told };
    let answered = ask(&outside);
    console.progress().over();
    answered
}

/// Asks the sources of a plan, and lets a person follow it; what both arms cost is computed where the plan asks for it.
pub(super) fn fetch(console: &Console, plan: &Plan, now: Timestamp) -> Result<Dataset, Failure> {
    fetch_from(console, &plan.queries, &plan.time, plan.cost.as_ref(), now)
}

/// The same with other queries or another time.
pub(super) fn fetch_from(
    console: &Console,
    queries: &[Query],
    time: &TimePlan,
    cost: Option<&CostPlan>,
    now: Timestamp,
) -> Result<Dataset, Failure> {
    let mut dataset = heard(console, now, |outside| ingest::ingest(queries, time, outside))?;
    if let Some(cost) = cost {
        cost::price(cost, &mut dataset);
    }
    if queries.iter().any(|query| query.source.is_service()) {
        let seconds = |at: Timestamp| at.round(jiff::Unit::Second).unwrap_or(at);
        console.note(&format!("complete up to {}, asked at {}", seconds(dataset.windows.canary.end), seconds(now)));
    }
    empty(queries, &dataset).iter().for_each(|note| console.note(note));
    for (metric, origin) in &dataset.origins {
        console.detail(&format!("{metric}: {origin}"));
    }
    Ok(dataset)
}

/// What to do about metrics of which CloudWatch knows nothing: the commonest reason is a set of dimensions by which nothing
/// is published.
fn empty(queries: &[Query], dataset: &Dataset) -> Vec<String> {
    let note = |query: &Query| {
        let Source::CloudWatch(asked) = &query.source else { return None };
        let pair = dataset.metrics.get(&query.metric).filter(|_| !dataset.lost.contains_key(&query.metric))?;
        let namespace = asked.columns.iter().find_map(|column| match &column.measure {
            Measure::Statistic(of) => Some(of.namespace.as_str()),
            Measure::Expression { inputs, .. } => inputs.first().map(|(_, of)| of.namespace.as_str()),
        });
        let list = format!("`davy discover cloudwatch --namespace {}`", namespace.unwrap_or("NAMESPACE"));
        let (metric, arm, asked) = (&query.metric, query.arm.name(), query.source.asked());
        let nothing = pair.get(query.arm).is_empty() && (query.compared || query.arm == Arm::Canary);
        nothing.then(|| {
            format!(
                "{metric} has no point of the {arm}{asked}. {list} lists what is published, and by which dimensions"
            )
        })
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
    let (lost, histograms) = (&dataset.lost, &dataset.histograms());
    let recording = config::Recorded { windows, step, now, davy: env!("CARGO_PKG_VERSION"), lost, histograms };
    config::recorded(config, plan, &recording)
}

/// Answers on stdout, then writes the report files: a verdict is heard even where a file cannot be written.
pub(super) fn answer(console: &Console, document: &Document, output: &cli::Output) -> Result<(), Failure> {
    console.answer(&report::render(document, output.format, &console.style(output.details)))?;
    for (format, path) in &output.report {
        let style = Style { details: output.details, ..Style::default() };
        let text = report::render(document, *format, &style);
        record::write_file(path, &text).map_err(Failure::output(path))?;
        console.detail(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// How a judged plan exits, the command line's wishes before the configuration's.
pub(super) fn exit(judged: &Judged, wishes: &cli::Exit) -> Exit {
    let on_inconclusive = match wishes.on_inconclusive {
        Some(cli::OnInconclusive::Pass) => OnInconclusive::Pass,
        Some(cli::OnInconclusive::Warn) => OnInconclusive::Warn,
        Some(cli::OnInconclusive::Fail) => OnInconclusive::Fail,
        None => judged.plan.on_inconclusive,
    };
    Exit::of(judged.verdict.outcome, on_inconclusive, wishes.fail_on_warn || judged.plan.fail_on_warn)
}
