//! The part of the document about logs: which lines the baseline never wrote, and which ones the canary writes more often.
//!
//! It has a file of its own for its types, how a verdict becomes them, and the rows that reports show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::{Arms, Number};
use super::prose::plain;
use crate::judge::verdict;
use crate::judge::words;
use crate::series::Timestamp;

/// What the lines of a log say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signed {
    /// What the log is called.
    pub name: String,
    /// Where its lines come from.
    pub origin: String,
    /// What the arms are compared by: "requests", "traffic", "time", "lines".
    pub per: String,
    /// The answer in one sentence.
    pub says: String,
    /// How many templates both arms have together.
    pub templates: u64,
    /// All lines of each arm.
    pub lines: Arms<u64>,
    /// Templates that are shown to be new or written more often; new ones first.
    pub named: Vec<SignedLine>,
    /// Templates that are new and not shown to be: those that are written most.
    pub open: Vec<SignedLine>,
    /// How many more of these there are.
    pub open_left_out: u64,
    /// The fewest lines of a new template, spread over the window, that would have been named; null if no number would.
    pub least: Option<u64>,
}

/// The lines of one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignedLine {
    /// What they say; what differs is a mark such as `<n>`.
    pub template: String,
    /// One of them, masked.
    pub example: String,
    /// Whether the baseline wrote none of them.
    pub kind: LineKind,
    /// How many each arm wrote.
    pub lines: Arms<u64>,
    /// How often the canary wrote it for the same exposure, divided by how often the baseline did; null if it never did.
    pub ratio: Option<Number>,
    /// Lower end of what that may be.
    pub low: Option<Number>,
    /// Upper end; null where unbounded.
    pub high: Option<Number>,
    /// The design effect of its bursts.
    pub design_effect: Option<Number>,
    /// The evidence, as the natural logarithm of a p-value.
    pub ln_p: Option<Number>,
    /// The first step in which the canary wrote it (RFC 3339, UTC).
    pub since: Option<String>,
    /// The last one.
    pub until: Option<String>,
    /// How many lines each arm wrote in each part of the window.
    pub parts: Arms<Vec<u64>>,
}

/// What a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The baseline wrote no line of it.
    New,
    /// The canary writes it more often.
    More,
}

/// What a log says, as it is kept.
pub(super) fn signed(one: &verdict::Signed) -> Signed {
    Signed {
        name: one.name.clone(),
        origin: one.origin.clone(),
        per: one.per.clone(),
        says: one.says.clone(),
        templates: one.templates as u64,
        lines: one.lines.into(),
        named: one.named.iter().map(line).collect(),
        open: one.open.iter().map(line).collect(),
        open_left_out: one.others as u64,
        least: one.least,
    }
}

fn line(one: &verdict::SignedLine) -> SignedLine {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let of = |pick: fn(&crate::series::Pair<u64>) -> u64| one.parts.iter().map(pick).collect();
    SignedLine {
        template: one.text.clone(),
        example: one.example.clone(),
        kind: if one.is_new { LineKind::New } else { LineKind::More },
        lines: one.lines.into(),
        ratio: one.ratio.and_then(Number::new),
        low: Number::new(one.interval.0),
        high: Number::new(one.interval.1),
        design_effect: Number::new(one.design_effect),
        ln_p: Number::new(one.ln_p),
        since: instant(one.since),
        until: instant(one.until),
        parts: Arms { baseline: of(|part| part.baseline), canary: of(|part| part.canary) },
    }
}

/// The columns of a row.
pub(super) const COLUMNS: [&str; 6] = ["Lines", "Template", "Baseline", "Canary", "Ratio", "Since"];

/// What a row says of a template, in the order of [`COLUMNS`].
pub(super) fn row(line: &SignedLine, is_named: bool) -> [String; 6] {
    let kind = match (line.kind, is_named) {
        (LineKind::New, true) => "new",
        (LineKind::More, _) => "more",
        (LineKind::New, false) => "new, not shown",
    };
    let number = |value: &Option<Number>| value.as_ref().map(|value| words::number(value.get()));
    let ratio = match (number(&line.low), number(&line.high)) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        _ => "–".into(),
    };
    let since = line.since.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let since = since.map_or("–".into(), |at| at.strftime("%H:%M UTC").to_string());
    let (baseline, canary) = (words::count(line.lines.baseline), words::count(line.lines.canary));
    [kind.into(), plain(&line.template), baseline, canary, ratio, since]
}

/// The templates that a table shows, and whether each is named.
pub(super) fn lines(signed: &Signed) -> impl Iterator<Item = (&SignedLine, bool)> {
    signed.named.iter().map(|line| (line, true)).chain(signed.open.iter().map(|line| (line, false)))
}
