//! The past that the noise is learned from before judging: where it is, and what is said if it does not suffice.
//!
//! A past that somebody named must be there and must be long enough: what is wrong with it is an error. One that is asked
//! of the sources may be missing, as after a retention: that is a note, and the judge goes on as if nothing had been wanted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::console::Console;
use super::course::MINUTE;
use super::pipeline::{self, Loaded};
use super::{Failure, history};
use crate::config::Options;
use crate::config::plan::{Hours, Learn, Past, Plan, Span, TimePlan};
use crate::history::History;
use crate::history::learn::{Cut, LEAST_WINDOWS};
use crate::judge::learned::Learned;
use crate::judge::rules::{Kind, Looks, Rules};
use crate::judge::words::duration;
use crate::plain;
use crate::series::{Arm, Dataset, MetricName, Pair, SignedDuration, Window};
use crate::source::{self, Query, Source};
use crate::watch::Schedule;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The plan with the past that was named in the place of the configuration's own.
pub(super) fn with_history(mut plan: Plan, history: Option<&Path>) -> Plan {
    if let Some(path) = history {
        let hours = plan.noise.map_or(Hours::All, |learn| learn.hours);
        plan.noise = Some(Learn { from: Past::Data(path.to_owned()), hours });
    }
    plan
}

/// What is judged, as far as the past depends on it.
#[derive(Debug, Clone)]
pub(super) struct Today {
    windows: Pair<Window>,
    step: SignedDuration,
    /// The spacing of the metrics whose points lie further apart than that.
    steps: BTreeMap<MetricName, SignedDuration>,
}

impl Today {
    pub(super) fn of(data: &Dataset) -> Today {
        Today { windows: data.windows, step: data.step, steps: data.steps.clone() }
    }

    /// A watch, before any of it is seen.
    pub(super) fn of_watch(plan: &Plan, schedule: &Schedule) -> Today {
        let Schedule { start, every, soak, .. } = *schedule;
        let end = start.saturating_add(soak.unwrap_or(every)).unwrap_or(start);
        let (canary, step) = (Window { start, end }, plan.time.step.unwrap_or(MINUTE));
        let baseline = match plan.time.baseline {
            Span::Earlier(ago) => plan.time.window_before(canary, ago).unwrap_or(canary),
            Span::Exactly(window) => window,
            Span::All => canary,
        };
        Today { windows: Pair { baseline, canary }, step, steps: BTreeMap::new() }
    }

    /// How the past before it is cut.
    fn cut(&self, plan: &Plan, hours: Hours) -> Cut {
        let Pair { baseline, canary } = self.windows;
        let length = match plan.rules.looks {
            Looks::Planned { soak, .. } => soak,
            Looks::Once | Looks::Open => canary.duration(),
        };
        let length = length.max(self.step);
        let every = if hours == Hours::Same { DAY.max(length) } else { length };
        let earlier = canary.start.duration_since(baseline.start);
        Cut { judged: self.windows, length, every, earlier: earlier.is_positive().then_some(earlier) }
    }

    /// A question about the past, in the same steps as today's.
    fn asked(&self, query: Query) -> Query {
        let step = query.step.or(self.steps.get(&query.metric).copied());
        Query { step, compared: false, ..query }
    }
}

/// What was learned, and from what.
#[derive(Debug, Clone)]
pub(super) struct Lesson {
    learned: BTreeMap<MetricName, Learned>,
    past: Arc<Dataset>,
}

impl Lesson {
    /// Lets the judge know.
    pub(super) fn tell_rules(&self, rules: &mut Rules) {
        rules.learned = self.learned.clone();
    }

    /// Lets the judge know, and the recording.
    pub(super) fn tell(&self, plan: &mut Plan, data: &mut Dataset) {
        self.tell_rules(&mut plan.rules);
        data.past = Some(self.past.clone());
    }
}

/// What the past that a plan wants says of the noise; nothing if it wants none, or if what the sources have does not suffice.
///
/// # Errors
///
/// A past that is named cannot be read, does not lie before today, or is too short; or somebody interrupts.
pub(super) fn learn(
    console: &Console,
    loaded: &Loaded,
    options: &Options,
    plan: &Plan,
    today: &Today,
) -> Result<Option<Lesson>, Failure> {
    let Some(Learn { from, hours }) = &plan.noise else { return Ok(None) };
    let cut = today.cut(plan, *hours);
    let lesson = match from {
        Past::Data(path) => {
            let past = read(console, loaded, options, plan, today, path)?;
            taught(plan, past, &cut).map_err(|why| Failure::Unusable(format!("{}: {why}", plain::path(path))))
        }
        Past::Before(span) => {
            let past = ask(console, options, plan, today, *span);
            past.and_then(|past| taught(plan, past, &cut).map_err(Failure::Unusable))
        }
    };
    match (lesson, from) {
        (Ok(lesson), _) => Ok(Some(lesson)),
        (Err(failure), Past::Before(span)) if !is_interrupted(&failure) => {
            let before = duration(*span);
            console.note(&format!("judged without the noise of the {before} before: {failure}"));
            Ok(None)
        }
        (Err(failure), _) => Err(failure),
    }
}

fn is_interrupted(failure: &Failure) -> bool {
    match failure {
        Failure::Interrupted => true,
        Failure::Data(error) => error.kind() == source::Kind::Interrupted,
        _ => false,
    }
}

/// Whether anything is learned of a query's metric: single requests say themselves how they vary.
fn is_learned(plan: &Plan, query: &Query) -> bool {
    let metric = plan.rules.metrics.get(&query.metric);
    !matches!(query.source, Source::Lost(_)) && metric.is_some_and(|metric| metric.kind != Kind::Values)
}

/// Asks the baseline's sources for the time before today.
fn ask(
    console: &Console,
    options: &Options,
    plan: &Plan,
    today: &Today,
    span: SignedDuration,
) -> Result<Dataset, Failure> {
    let end = today.windows.canary.start;
    let window = Window { start: end.saturating_sub(span).unwrap_or(end), end };
    let of_baseline = plan.queries.iter().filter(|query| query.arm == Arm::Baseline && is_learned(plan, query));
    // the past has one arm
    let alone = |query: &Query| today.asked(Query { arm: Arm::Canary, required: false, ..query.clone() });
    let queries: Vec<Query> = of_baseline.map(alone).collect();
    let span = Span::Exactly(window);
    let time = TimePlan { canary: span, baseline: span, step: Some(today.step), steady: true, zone: None, days: None };
    let past = pipeline::fetch_from(console, &queries, &time, None, options.now)?;
    for (metric, why) in &past.lost {
        console.note(&format!("nothing is learned of the noise of {metric}: {why}"));
    }
    Ok(past)
}

/// Reads the past that is named. A folder need not have every metric.
fn read(
    console: &Console,
    loaded: &Loaded,
    options: &Options,
    plan: &Plan,
    today: &Today,
    path: &Path,
) -> Result<Dataset, Failure> {
    let wanted: Vec<Query> = plan.queries.iter().filter(|query| is_learned(plan, query)).cloned().collect();
    let queries: Vec<Query> = if path.is_dir() {
        let alike = |query: &Query| history::instead(&plan.queries, std::slice::from_ref(query), path, options);
        let recorded = |query: &Query| history::recorded(query, path, options).map(|query| vec![query]);
        let each = wanted.iter().map(|query| alike(query).or_else(|_| recorded(query)));
        each.filter_map(Result::ok).flatten().collect()
    } else {
        history::instead(&plan.queries, &wanted, path, options)?
    };
    let queries: Vec<Query> = queries.into_iter().map(|query| today.asked(Query { required: true, ..query })).collect();
    if queries.is_empty() {
        let why = "it has no file of a metric whose noise is learned. Its files have the names of those that the \
                   configuration reads, or of the metrics";
        return Err(Failure::Unusable(format!("{}: {why}", plain::path(path))));
    }
    loaded.reach.hold(&queries, &loaded.folder)?;
    let time = TimePlan {
        canary: Span::All,
        baseline: Span::All,
        step: Some(today.step),
        steady: true,
        zone: None,
        days: None,
    };
    pipeline::fetch_from(console, &queries, &time, None, options.now)
}

/// What a past says, or why it says nothing.
fn taught(plan: &Plan, past: Dataset, cut: &Cut) -> Result<Lesson, String> {
    let history = History::of(past.clone());
    let begins = cut.judged.canary.start;
    let windows = history.windows(cut);
    if windows == 0 && history.extent().is_some_and(|extent| extent.start >= begins) {
        return Err(format!(
            "the history begins at {}, and the time that is judged at {begins}. Give a history from before that",
            history.window().start
        ));
    }
    if windows < LEAST_WINDOWS {
        let length = duration(cut.length);
        return Err(format!(
            "the history before {begins} holds fewer than {LEAST_WINDOWS} windows of {length}, too few to learn the noise \
             from. Give a longer one"
        ));
    }
    let learned = history.learn(&plan.rules, cut);
    if learned.is_empty() {
        return Err("the history has too few points of every metric. Give one with the same metrics".into());
    }
    Ok(Lesson { learned, past: Arc::new(past) })
}
