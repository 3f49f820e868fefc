//! A whole rollout: what became of each phase, what to do now, and the final table of its success criteria.

use schemars::JsonSchema;
use serde::Serialize;

use super::decided::with_own;
use super::document::{Action, Arms, Document, Outcome, Recommendation, SCHEMA_VERSION};
use super::page::{Page, Part};
use super::prose::plain;
use super::{Format, Style, html, json, success, words};
use crate::judge::words::{count, duration};
use crate::series::{SignedDuration, Timestamp};

/// A rollout of several phases: what was judged of each.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "davy rollout")]
pub struct Rollout {
    /// Version of this contract, "major.minor": that of the verdicts in it.
    pub schema_version: String,
    /// Version of the davy that judged.
    pub davy: String,
    /// Name of the comparison.
    pub name: String,
    /// The worst answer of the phases that were judged; no better than inconclusive where one was begun and has none.
    pub outcome: Outcome,
    /// What became of it, in one sentence.
    pub summary: String,
    /// What to do now.
    pub recommendation: Recommendation,
    /// Each phase in order.
    pub phases: Vec<Phase>,
}

/// A phase of a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub state: State,
    /// Its last verdict, if there was one.
    pub verdict: Option<Document>,
}

/// What became of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has its answer.
    Judged,
    /// It was ended before it had one.
    Interrupted,
    /// It was not begun.
    NotBegun,
}

impl Rollout {
    /// What phases, in their order, make together.
    pub fn new(name: &str, phases: Vec<Phase>) -> Rollout {
        let last = phases.iter().rev().find_map(|phase| phase.verdict.as_ref());
        let worst = phases.iter().filter_map(|phase| phase.verdict.as_ref()).map(|document| document.outcome).max();
        let is_open = phases.iter().any(|phase| phase.state == State::Interrupted);
        let open = (is_open || worst.is_none()).then_some(Outcome::Inconclusive);
        let outcome = worst.max(open).unwrap_or(Outcome::Inconclusive);
        let hold = Recommendation { action: Action::Hold, to: None };
        let advised = last.filter(|document| document.outcome == outcome || outcome == Outcome::Warn);
        Rollout {
            schema_version: SCHEMA_VERSION.into(),
            davy: env!("CARGO_PKG_VERSION").into(),
            name: name.to_owned(),
            outcome,
            summary: summary(&phases),
            recommendation: advised.map_or(hold, |document| document.recommendation.clone()),
            phases,
        }
    }

    fn documents(&self) -> Vec<&Document> {
        self.phases.iter().filter_map(|phase| phase.verdict.as_ref()).collect()
    }
}

fn summary(phases: &[Phase]) -> String {
    let judged: Vec<&Phase> = phases.iter().filter(|phase| phase.state == State::Judged).collect();
    let of = format!("{} of {} phases", count(judged.len() as u64), count(phases.len() as u64));
    if let Some(open) = phases.iter().find(|phase| phase.state == State::Interrupted) {
        return format!("Phase {} was ended before it had an answer; {of} have one.", open.name);
    }
    let answer = |phase: &Phase| phase.verdict.as_ref().map(|document| document.outcome);
    let worst = judged.iter().filter(|phase| answer(phase) > Some(Outcome::Warn)).max_by_key(|phase| answer(phase));
    match worst.and_then(|phase| Some((phase, phase.verdict.as_ref()?))) {
        Some((phase, document)) => {
            format!("Phase {} is {}, after {of}. {}", phase.name, document.outcome.word(), document.summary)
        }
        None if judged.is_empty() => "No phase was judged.".into(),
        None if judged.len() == phases.len() => format!("All {} phases are through.", count(phases.len() as u64)),
        None => format!("{of} are through, and the next is not begun."),
    }
}

/// The forms that a whole rollout has.
pub const FORMATS: [Format; 4] = [Format::Terminal, Format::Markdown, Format::Json, Format::Html];

/// A rollout as text, ending in a line's end; nothing in a format that has no form for it.
pub fn rollout(rollout: &Rollout, format: Format, style: &Style) -> Option<String> {
    match format {
        Format::Terminal => Some(page(rollout).text(style)),
        Format::Markdown => Some(page(rollout).markdown()),
        Format::Json => Some(json::render(rollout)),
        Format::Html => Some(html::page::render(&page(rollout))),
        _ => None,
    }
}

fn page(rollout: &Rollout) -> Page {
    let documents = rollout.documents();
    let mut parts = vec![Part::Table {
        columns: ["phase", "outcome", "judged", "looks", "from (UTC)"].map(str::to_owned).to_vec(),
        rows: rollout.phases.iter().map(phase).collect(),
    }];
    let rows = success::rows(&documents);
    if !rows.is_empty() {
        parts.push(Part::Heading("Success criteria, each as the latest phase that judged it shows it".into()));
        parts.push(succeeded(&rows));
    }
    for document in &documents {
        let phase = document.phase.as_deref().unwrap_or_default();
        parts.push(Part::Heading(format!("Phase {phase}: {}", document.outcome.word())));
        parts.push(Part::Prose(document.summary.clone()));
        parts.push(findings(document));
        let all = super::words::not_judged(document).into_iter();
        parts.extend(all.map(|one| Part::Prose(format!("Not judged: {}: {}", one.what, words::why_not(one)))));
    }
    Page {
        word: rollout.outcome.word(),
        title: format!("{}, all phases", plain(&rollout.name)),
        summary: vec![rollout.summary.clone(), format!("→ {}", words::recommendation(&rollout.recommendation))],
        facts: Vec::new(),
        parts,
    }
}

fn phase(phase: &Phase) -> Vec<String> {
    let nothing = || words::NOTHING.to_owned();
    let outcome = match (phase.state, &phase.verdict) {
        (State::NotBegun, _) => "not begun".to_owned(),
        (State::Interrupted, Some(document)) => format!("interrupted ({})", document.outcome.word()),
        (State::Interrupted, None) => "interrupted".to_owned(),
        (State::Judged, document) => document.as_ref().map_or_else(nothing, |d| d.outcome.word().to_owned()),
    };
    let Some(document) = &phase.verdict else {
        return vec![plain(&phase.name), outcome, nothing(), nothing(), nothing()];
    };
    let window = &document.arms.canary.window;
    let ends = window.start.parse::<Timestamp>().ok().zip(window.end.parse::<Timestamp>().ok());
    let span = |(start, end): (Timestamp, Timestamp)| {
        let soak = document.look.as_ref().and_then(|look| look.soak_seconds).map(|soak| soak.get());
        let soak = soak.and_then(|soak| SignedDuration::try_from_secs_f64(soak).ok());
        let of = soak.map(|soak| format!(" of {}", duration(soak))).unwrap_or_default();
        format!("{}{of}", duration(end.duration_since(start)))
    };
    let looks = document.looks.len().to_string();
    let from = ends.map(|(start, _)| start.strftime("%Y-%m-%d %H:%M").to_string());
    vec![plain(&phase.name), outcome, ends.map_or_else(nothing, span), looks, from.unwrap_or_else(nothing)]
}

fn succeeded(rows: &[success::Row]) -> Part {
    let row = |row: &success::Row| {
        let measured = row.shown.iter().map(|one| format!("{} {}: {}", one.outcome.word(), one.target, one.measured));
        let missing = row.missing.iter().map(|name| format!("{name}: not judged"));
        vec![
            format!("{}: {}", row.id, row.says),
            row.word().to_owned(),
            measured.chain(missing).collect::<Vec<_>>().join("\n"),
            row.shown.iter().map(|one| one.validated.clone()).collect::<Vec<_>>().join("\n"),
        ]
    };
    let columns = ["success criterion", "status", "measured", "validated by"].map(str::to_owned).to_vec();
    Part::Texts { columns, rows: rows.iter().map(row).collect() }
}

fn findings(document: &Document) -> Part {
    let row = |finding: &super::document::Finding| {
        let evidence = &finding.evidence;
        let Arms { baseline, canary } = words::estimates(evidence);
        vec![words::criterion(finding), finding.outcome.word().to_owned(), baseline, canary, words::effect(evidence)]
    };
    Part::Table {
        columns: ["criterion", "outcome", "baseline", "canary", "effect"].map(str::to_owned).to_vec(),
        rows: words::worst_first(&with_own(document)).into_iter().map(row).collect(),
    }
}
