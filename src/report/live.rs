//! The watch as one screen: how far the soak is, what the answer is so far, and for each criterion how much of the
//! evidence that an answer needs has been gathered, look by look.
//!
//! The screen is as wide and as high as the terminal at most: what decides comes first, and what does not fit is counted.

use jiff::tz::TimeZone;

use super::Style;
use super::brief;
use super::document::{Document, Finding, Number, Outcome, PastFinding, Proof, Severity};
use super::ink::Ink;
use super::prose::{fit, pad, pad_left, plain, width, wrap};
use super::spark::block;
use super::words;
use crate::judge::words::{count, duration};
use crate::series::{SignedDuration, Timestamp};

const NARROWEST: usize = 40;
const WIDEST: usize = 140;
const GUTTER: usize = 2;
/// Looks whose evidence is shown.
const LOOKS: usize = 8;
/// Columns of a meter: the looks and a percentage.
const METER: usize = LOOKS + 5;
const NARROWEST_NAME: usize = 18;

/// Where a watch stands.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// What is watched.
    pub title: &'a str,
    /// The present instant.
    pub now: Timestamp,
    /// When the canary's window began, where that is known.
    pub start: Option<Timestamp>,
    /// How long it is watched, where there is an end.
    pub soak: Option<SignedDuration>,
    /// When something will happen next.
    pub next: Option<Timestamp>,
    /// The latest look, if there was one, with those before it.
    pub latest: Option<&'a Document>,
    /// What goes wrong just now.
    pub trouble: Option<&'a str>,
}

impl Live<'_> {
    /// The screen, of no more than so many lines, without an end of line at the end.
    pub fn screen(&self, style: &Style, rows: usize) -> String {
        let columns = style.width.clamp(NARROWEST, WIDEST);
        let ink = Ink { color: style.color };
        let mut head = vec![self.headline(columns, ink), self.soaked(columns)];
        if let Some(document) = self.latest {
            let word = brief::word(document);
            let until = if brief::is_running(document) { "" } else { " so far" };
            let reason = fit(&brief::reason(document), columns.saturating_sub(width(word) + width(until) + 2));
            head.push(format!("{}{until}  {reason}", ink.bold(word)));
            head.extend(requests(document));
        }
        if let Some(trouble) = self.trouble {
            let lines = wrap(&format!("! {}", plain(trouble)), columns);
            head.extend(lines.iter().take(3).map(|line| ink.bold(line)));
        }
        let room = rows.saturating_sub(head.len() + 2);
        if let Some(document) = self.latest.filter(|_| room > 2) {
            head.push(String::new());
            head.extend(criteria(document, columns, room - 1, ink));
        }
        head.truncate(rows.max(1));
        head.join("\n")
    }

    fn headline(&self, columns: usize, ink: Ink) -> String {
        let which = self.latest.map(brief::which).unwrap_or_default();
        let which = which.trim();
        let room = columns.saturating_sub(7 + width(which) + GUTTER);
        let title = fit(&plain(self.title), room);
        let gap = columns.saturating_sub(7 + width(&title) + width(which));
        format!("{}  {}{}{which}", ink.bold("WATCH"), ink.bold(&title), " ".repeat(gap))
    }

    /// `█████░░░░░  25 min of 1 h  next look in 1:40  ends 10:00 UTC`.
    fn soaked(&self, columns: usize) -> String {
        let elapsed = self.start.map(|start| self.now.duration_since(start).max(SignedDuration::ZERO));
        let mut parts = Vec::new();
        match (elapsed, self.soak) {
            (Some(elapsed), Some(soak)) => {
                parts.push(format!("{} of {}", duration(rough(elapsed.min(soak))), duration(soak)));
            }
            (Some(elapsed), None) => parts.push(format!("{}, no end planned", duration(rough(elapsed)))),
            (None, _) => parts.push("waiting for the first data".into()),
        }
        if let Some(next) = self.next {
            parts.push(format!("next look in {}", clock(next.duration_since(self.now))));
        }
        if let Some(end) = self.start.zip(self.soak).and_then(|(start, soak)| start.checked_add(soak).ok()) {
            parts.push(format!("ends {} UTC", end.to_zoned(TimeZone::UTC).strftime("%H:%M")));
        }
        let words = parts.join("  ");
        let room = columns.saturating_sub(width(&words) + GUTTER).min(30);
        let share = elapsed.zip(self.soak).map(|(elapsed, soak)| elapsed.as_secs_f64() / soak.as_secs_f64().max(1e-3));
        match share.filter(|_| room >= 10) {
            Some(share) => {
                let full = (share.clamp(0.0, 1.0) * room as f64).floor() as usize;
                format!("{}{}  {words}", "█".repeat(full), "░".repeat(room - full))
            }
            None => fit(&words, columns),
        }
    }
}

/// Without what nobody reads on a clock of hours.
fn rough(span: SignedDuration) -> SignedDuration {
    let unit = if span.as_secs() >= 600 { 60 } else { 1 };
    SignedDuration::from_secs(span.as_secs() / unit * unit)
}

/// `1:40`, `1:02:03`.
fn clock(span: SignedDuration) -> String {
    let seconds = (span.as_millis().max(0) + 999) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The requests of each arm, as the finding that has the most knows them.
fn requests(document: &Document) -> Option<String> {
    let known = document.findings.iter().filter(|finding| finding.evidence.n_of != "steps");
    let n = |finding: &&Finding| finding.evidence.n.canary.map_or(0.0, Number::get);
    let most = known.max_by(|a, b| n(a).total_cmp(&n(b)))?;
    let shown = |n: Option<Number>| n.map_or(words::NOTHING.into(), |n| count(n.get() as u64));
    let sizes = &most.evidence.n;
    let of = plain(&most.evidence.n_of);
    Some(format!("{of}  baseline {}, canary {}", shown(sizes.baseline), shown(sizes.canary)))
}

/// A line for each criterion, what decides first.
fn criteria(document: &Document, columns: usize, rows: usize, ink: Ink) -> Vec<String> {
    let findings = words::worst_first(document);
    let names: Vec<String> = findings.iter().map(|finding| words::criterion(finding)).collect();
    let values: Vec<String> = findings.iter().map(|f| words::estimates(&f.evidence).canary).collect();
    let effects: Vec<String> = findings.iter().map(|finding| words::effect(&finding.evidence)).collect();
    let widest = |texts: &[String], most: usize| texts.iter().map(|text| width(text)).max().unwrap_or(0).min(most);
    // what is open before the end is no answer yet
    let running = brief::is_running(document);
    let word = |finding: &Finding| match finding.outcome {
        Outcome::Inconclusive if running => "open",
        outcome => outcome.word(),
    };
    let outcome = findings.iter().map(|finding| width(word(finding))).max().unwrap_or(0);
    let value = widest(&values, 12).max(6);
    let fixed = outcome + value + 2 * GUTTER;
    let room = columns.saturating_sub(fixed + GUTTER);
    // the meters are what this screen is for; the interval has what is left
    let metered = room >= NARROWEST_NAME + 2 * (METER + GUTTER);
    let room = if metered { room - 2 * (METER + GUTTER) } else { room };
    let effect = widest(&effects, 26).max(6);
    let spaced = room >= NARROWEST_NAME + effect + GUTTER;
    let name = if spaced { room - effect - GUTTER } else { room };
    let name = widest(&names, usize::MAX).max(9).min(name);
    let line = |state: String, cells: [&str; 5]| {
        let [named, at, between, fail, pass] = cells;
        let mut parts = vec![state, pad(&fit(named, name), name), pad_left(&fit(at, value), value)];
        parts.extend(spaced.then(|| pad(&fit(between, effect), effect)));
        parts.extend(metered.then(|| format!("{}  {}", pad(fail, METER), pad(pass, METER))));
        parts.join(&" ".repeat(GUTTER)).trim_end().to_owned()
    };
    let heading = ["criterion", "canary", "interval", "evidence to fail", "to pass"];
    let mut lines = vec![ink.dim(&line(" ".repeat(outcome), heading))];
    let all = findings.len();
    let shown = if all + 1 > rows { rows.saturating_sub(2) } else { all };
    for (at, finding) in findings.iter().take(shown).enumerate() {
        let fail = meter(document, finding, |strength| &strength.fail);
        let pass = meter(document, finding, |strength| &strength.pass);
        let shown = pad(word(finding), outcome);
        let state = if word(finding) == "open" { ink.dim(&shown) } else { ink.outcome(finding, &shown) };
        lines.push(line(state, [&names[at], &values[at], &effects[at], &fail, &pass]));
    }
    if shown < all {
        lines.push(ink.dim(&format!("… and {} more criteria", all - shown)));
    }
    let room = rows.saturating_sub(lines.len() + 1);
    lines.extend(deciding(&findings, columns, room));
    lines
}

/// What would decide what is open, as far as there is room.
fn deciding(findings: &[&Finding], columns: usize, rows: usize) -> Vec<String> {
    let open = findings.iter().filter(|f| f.outcome == Outcome::Inconclusive && f.severity != Severity::Muted);
    let said = open.filter_map(|finding| {
        let decide = finding.decide.as_ref()?;
        Some(format!("→ {}: {}", words::criterion(finding), plain(decide)))
    });
    let mut lines: Vec<String> = said.flat_map(|text| wrap(&text, columns)).take(rows).collect();
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

/// How much of the evidence that an answer needs there is: a block for each of the latest looks, and the share now.
fn meter(document: &Document, finding: &Finding, of: impl Fn(&super::document::Strength) -> &Proof) -> String {
    let past = |found: &&PastFinding| found.criterion == finding.criterion;
    let shares: Vec<Option<f64>> = document
        .looks
        .iter()
        .map(|look| look.findings.iter().find(past).and_then(|found| share(of(found.strength.as_ref()?))))
        .collect();
    let Some(now) = finding.evidence.strength.as_ref().and_then(|strength| share(of(strength))) else {
        return words::NOTHING.into();
    };
    let shown = &shares[shares.len().saturating_sub(LOOKS)..];
    let blocks: String = shown.iter().map(|share| share.map_or('·', block)).collect();
    format!("{blocks} {:>3.0}%", (now * 100.0).floor())
}

/// The share of what is needed, of the kind of evidence that has more of it.
fn share(proof: &Proof) -> Option<f64> {
    let part = |have: Option<Number>, needed: Option<Number>| {
        let (have, needed) = (have?.get(), needed?.get());
        (needed > 0.0).then(|| (have / needed).clamp(0.0, 1.0))
    };
    let parts = [part(proof.z, proof.z_needed), part(proof.ln_e, proof.ln_e_needed)];
    parts.into_iter().flatten().max_by(f64::total_cmp)
}
