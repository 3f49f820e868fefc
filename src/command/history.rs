//! Where a service's past comes from: `--history`, in the place of every file that the configuration names, or the
//! configuration's own data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::border::Reach;
use super::console::Console;
use super::pipeline::{self, Loaded};
use crate::cli;
use crate::config::Options;
use crate::config::plan::{Plan, Span, TimePlan};
use crate::cost::CostPlan;
use crate::history::{Calendar, History, Setting};
use crate::plain;
use crate::record;
use crate::series::{SignedDuration, Window};
use crate::source::requests::{Asked, By, Requests, Split};
use crate::source::{Ask, Query, Source};

/// A past with what is asked of it.
pub(super) struct Past {
    pub(super) plan: Plan,
    pub(super) history: History,
    pub(super) setting: Setting,
    /// Whether the configuration says how long a comparison lasts.
    pub(super) length_is_configured: bool,
}

/// The earlier days as a configuration has them.
#[derive(Debug)]
struct OfPlan(TimePlan);

impl Calendar for OfPlan {
    fn days(&self, canary: Window) -> Vec<Window> {
        self.0.days_before(canary)
    }

    fn stretches(&self, canary: Window) -> Vec<Window> {
        self.0.stretches(canary)
    }

    fn before(&self) -> Option<SignedDuration> {
        self.0.days.as_ref()?.before
    }
}

/// Reads the past of a configuration.
pub(super) fn read(
    console: &Console,
    loaded: &Loaded,
    options: &Options,
    data: Option<&Path>,
) -> Result<Past, Failure> {
    let mut plan = loaded.plan(options)?;
    let calendar = plan.time.days.is_some().then(|| Arc::new(OfPlan(plan.time.clone())));
    if calendar.is_some() && data.is_none() {
        return Err(Failure::Misused(
            "a plan beside several earlier days takes a longer past than the configuration reads: give `--history FILE_OR_FOLDER` with \
             those days before each of many windows"
                .into(),
        ));
    }
    if let Some(log) = plan.logs.first() {
        console.note(&format!("what logs will say cannot be foreseen: `signatures` is left out ({})", log.name));
        plan.logs.clear();
        plan.rules.signatures.clear();
    }
    let dataset = match data {
        Some(data) => {
            let queries = instead(&plan.queries, &plan.queries, data, options)?;
            if data.join(record::SERIES).is_dir() {
                Reach::Folder.hold(&queries, data)?;
            }
            let time = TimePlan {
                canary: Span::All,
                baseline: Span::All,
                step: plan.time.step,
                steady: true,
                zone: None,
                days: None,
            };
            // a past with one arm had all of the traffic
            let cost = plan.cost.clone().map(|cost| CostPlan { share: Some(1.0), ..cost });
            pipeline::fetch_from(console, &queries, &time, cost.as_ref(), options.now)?
        }
        None => pipeline::fetch(console, &plan, options.now).inspect_err(|_| {
            console.note("to plan before the comparison has data of its own, give --history FILE_OR_FOLDER");
        })?,
    };
    let mut history = History::of(dataset);
    if let Some(calendar) = calendar {
        history = history.with_calendar(calendar);
    }
    let soak = loaded.config.soak(options.phase).or(match plan.time.canary {
        Span::Exactly(window) => Some(window.duration()),
        Span::All | Span::Earlier(_) => None,
    });
    let earlier = match (plan.time.baseline, plan.time.canary) {
        (Span::Earlier(ago), _) => Some(ago),
        (Span::Exactly(before), Span::Exactly(window)) if before.start < window.start => {
            Some(window.start.duration_since(before.start))
        }
        _ => None,
    };
    let unsaid = if data.is_some() { history.tenth() } else { history.window().duration() };
    let length = history.whole_steps(soak.unwrap_or(unsaid));
    let share = plan.rules.traffic.as_ref().map(|traffic| traffic.share);
    let setting = Setting { length, earlier, share };
    Ok(Past { plan, history, setting, length_is_configured: soak.is_some() })
}

/// Some of the queries, asked of other files: of the one given, or of those in the folder given that have the same names.
pub(super) fn instead(
    queries: &[Query],
    some: &[Query],
    data: &Path,
    options: &Options,
) -> Result<Vec<Query>, Failure> {
    let replaced = some.iter().map(|query| {
        if let Source::Requests(asked) = &query.source
            && !data.join(record::SERIES).is_dir()
        {
            let shown = data.display().to_string();
            let log = Requests { inputs: vec![data.to_owned()], shown, table: None, ..asked.log.clone() };
            let asked = Box::new(Asked { log, ..(**asked).clone() });
            return Ok(Query { source: Source::Requests(asked), compared: false, ..query.clone() });
        }
        let Source::File(file) = &query.source else { return recorded(query, data, options) };
        let path = if data.is_dir() { named_alike(queries, query, data)? } else { data.to_owned() };
        let file = crate::source::File { shown: path.display().to_string(), path, ..file.clone() };
        // the same rows for both arms are a past with one arm, not a mistake
        Ok(Query { source: Source::File(file), compared: false, ..query.clone() })
    });
    replaced.collect()
}

/// The file of a metric in a recording.
fn recording_of(query: &Query, data: &Path) -> Option<PathBuf> {
    let name = format!("{}.csv", query.metric);
    [data.join(record::SERIES).join(&name), data.join(&name)].into_iter().find(|path| path.is_file())
}

/// What a recording has in the place of a service.
pub(super) fn recorded(query: &Query, data: &Path, options: &Options) -> Result<Query, Failure> {
    let name = format!("{}.csv", query.metric);
    let Some(path) = recording_of(query, data) else {
        return Err(Failure::Unusable(format!(
            "{}: has no `{}/{name}`. The history of a metric that comes from {} is a recording: make one with `davy fetch \
             --record`",
            plain::path(data),
            record::SERIES,
            query.source.shown()
        )));
    };
    let file = crate::source::File::of_recording(&path);
    let by = query.by.as_ref().map(|by| By { column: "group".into(), most: by.most });
    let ask = match (&query.source, &query.ask) {
        (Source::Requests(_), Ask::Values { .. }) => histograms(query, data, options)?,
        (_, ask) => ask.recorded(),
    };
    let slices = query.slices.as_ref().map(|split| Split { columns: vec![record::SLICE.into()], ..split.clone() });
    Ok(Query { source: Source::File(file), ask, by, slices, compared: false, ..query.clone() })
}

/// What a recording has in the place of values of single requests: what a unit of its histograms is, its configuration says.
fn histograms(query: &Query, data: &Path, options: &Options) -> Result<Ask, Failure> {
    let loaded = pipeline::load(data)?;
    let options = Options { folder: &loaded.folder, phase: None, from: None, to: None, set: &[], ..*options };
    let plan = loaded.plan(&options)?;
    let found = plan.queries.into_iter().find(|recorded| recorded.metric == query.metric);
    found.map(|recorded| recorded.ask).ok_or_else(|| {
        let (shown, metric) = (plain::path(data), &query.metric);
        Failure::Unusable(format!("{shown}: its {} has no metric `{metric}`: record it again", record::CONFIG))
    })
}

/// The file of a folder that stands for a query's own; where one arm has none, the other's is both.
fn named_alike(queries: &[Query], query: &Query, folder: &Path) -> Result<PathBuf, Failure> {
    let of_metric = queries.iter().filter(|other| other.metric == query.metric && other.arm != query.arm);
    let candidates: Vec<PathBuf> =
        [query].into_iter().chain(of_metric).flat_map(|query| paths(query, folder)).collect();
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let wanted: Vec<String> = candidates.iter().take(1).map(plain::path).collect();
    Err(Failure::Unusable(format!(
        "{}: no such file. A folder of history holds a file for each one that the configuration reads, with the same name; \
         or give one file with all columns",
        wanted.concat()
    )))
}

fn paths(query: &Query, folder: &Path) -> Vec<PathBuf> {
    let Source::File(file) = &query.source else { return Vec::new() };
    let shown = Path::new(&file.shown);
    let below = (!shown.is_absolute()).then(|| folder.join(shown));
    below.into_iter().chain(shown.file_name().map(|name| folder.join(name))).collect()
}

/// What a history is called in the answer.
pub(super) fn called(data: Option<&Path>) -> String {
    data.map_or_else(|| "the configuration's own data".into(), plain::path)
}

/// That it is too short, in words.
pub(super) fn too_short(data: &Path, short: crate::history::TooShort) -> Failure {
    use crate::judge::words::duration;
    let crate::history::TooShort { span, needed, length } = short;
    let because = if needed > length { ", and each is compared with an earlier one" } else { "" };
    Failure::Unusable(format!(
        "{}: the history is {} long, but one window is {}{because}. It has to be {} long at least, and ten times that for \
         rates that mean something",
        plain::path(data),
        duration(span),
        duration(length),
        duration(needed)
    ))
}

/// The resolution of a command that takes no window of its own.
pub(super) fn resolve(arguments: &cli::Past) -> cli::Resolve {
    cli::Resolve {
        phase: arguments.phase.clone(),
        set: arguments.set.clone(),
        from: None,
        to: None,
        now: arguments.now,
    }
}
