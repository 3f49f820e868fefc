//! The report for a person at a terminal: the answer in the first line, what to do in the next, then the evidence.
//!
//! A colour never says what a word does not say too.

use std::collections::BTreeSet;

use super::Style;
use super::document::{Document, Finding, NotJudged, Outcome, Severity, Trace};
use super::ink::{Ink, answer};
use super::prose::{fit, pad, plain, width, wrap};
use super::signatures::{self, Signed};
use super::spark::spark;
use super::{as_written, localised, table, words};

const NARROWEST: usize = 40;
const WIDEST: usize = 160;
/// Longer lines than this are hard to read, however wide the terminal is.
const WIDEST_PROSE: usize = 96;
const FEW_METRICS: usize = 8;
const SHORTEST_SPARK: usize = 8;
const LONGEST_SPARK: usize = 72;
const WIDEST_RANGE: usize = 24;

/// The report as text.
pub fn render(document: &Document, style: &Style) -> String {
    let page = Page { columns: style.width.clamp(NARROWEST, WIDEST), ink: Ink { color: style.color } };
    let mut blocks = vec![page.headline(document), page.setting(document)];
    if !document.findings.is_empty() {
        blocks.push(table::findings(document, page.columns, page.ink));
    }
    blocks.push(page.beside(document));
    blocks.push(page.slices(document, style.details));
    blocks.extend(document.signatures.iter().map(|signed| page.log(signed, style.details)));
    blocks.extend(page.explanations(document, style.details));
    blocks.push(page.not_judged(document));
    blocks.push(page.sparklines(document, style.details));
    blocks.push(page.notes(document));
    blocks.push(page.foot(document));
    let blocks: Vec<String> =
        blocks.into_iter().filter(|block| !block.is_empty()).map(|block| block.join("\n")).collect();
    format!("{}\n", blocks.join("\n\n"))
}

struct Page {
    columns: usize,
    ink: Ink,
}

impl Page {
    fn headline(&self, document: &Document) -> Vec<String> {
        let word = document.outcome.word();
        let title = fit(&words::title(document), self.columns - width(word) - 2);
        let word = self.ink.paint(answer(document.outcome).bold(), word);
        let mut lines = vec![if title.is_empty() { word } else { format!("{word}  {}", self.ink.bold(&title)) }];
        lines.extend(self.prose(&document.summary, ""));
        let advice = words::advice(document);
        let advice = self.prose(&advice, "→ ");
        lines.extend(advice.iter().map(|line| self.ink.bold(line)));
        lines
    }

    fn setting(&self, document: &Document) -> Vec<String> {
        self.rows(&words::setting(document), 0)
    }

    /// Why the findings that decided the verdict are what they are; with details, everything about every finding.
    fn explanations(&self, document: &Document, details: bool) -> Vec<Vec<String>> {
        let open = |finding: &&Finding| details || finding.outcome != Outcome::Pass;
        let findings: Vec<&Finding> = words::worst_first(document).into_iter().filter(open).collect();
        let decides =
            |finding: &&Finding| details || finding.severity != Severity::Muted && finding.outcome >= document.outcome;
        let (shown, rest): (Vec<&Finding>, Vec<&Finding>) = findings.into_iter().partition(decides);
        let mut blocks: Vec<Vec<String>> = shown.iter().map(|finding| self.explanation(finding, details)).collect();
        let noted = |finding: &&Finding| !details && finding.outcome == Outcome::Pass && !finding.notes.is_empty();
        blocks.extend(words::worst_first(document).into_iter().filter(noted).map(|finding| self.noted(finding)));
        if !rest.is_empty() {
            let verb = if rest.len() == 1 { "is" } else { "are" };
            let line = format!("… {} more {verb} not PASS: --details explains", rest.len());
            blocks.push(wrap(&line, self.columns).iter().map(|line| self.ink.dim(line)).collect());
        }
        blocks
    }

    /// The name of a finding with what is to be known of its data.
    fn noted(&self, finding: &Finding) -> Vec<String> {
        let notes = finding.notes.iter().flat_map(|note| self.prose(note, "  note: "));
        [self.named(finding)].into_iter().chain(notes).collect()
    }

    fn named(&self, finding: &Finding) -> String {
        let word = finding.outcome.word();
        let name = fit(&words::criterion(finding), self.columns - width(word) - 2);
        format!("{}  {}", self.ink.outcome(finding, word), self.ink.bold(&name))
    }

    fn explanation(&self, finding: &Finding, details: bool) -> Vec<String> {
        let mut lines = vec![self.named(finding)];
        lines.extend(self.prose(&finding.sentence, "  "));
        lines.extend(finding.decide.iter().flat_map(|decide| self.prose(decide, "  → ")));
        lines.extend(finding.notes.iter().flat_map(|note| self.prose(note, "  note: ")));
        if details {
            lines.extend(self.rows(&words::details(finding), 2));
        }
        lines
    }

    /// The answer of the rule that somebody used so far, beside davy's.
    fn beside(&self, document: &Document) -> Vec<String> {
        let Some(beside) = as_written::of(document) else { return Vec::new() };
        let mut lines = self.prose(&format!("{}: {}", beside.by, beside.line), "");
        let texts = |[_, theirs, ours]: &[String; 3]| vec![theirs.clone(), format!("davy: {ours}")];
        let rows: Vec<(&str, Vec<String>)> = beside.rows.iter().map(|row| (row[0].as_str(), texts(row))).collect();
        lines.extend(self.rows(&rows, 2));
        lines.extend(beside.notes.iter().flat_map(|note| self.prose(note, "note: ")));
        lines
    }

    /// Which slices carry a difference; with details, the tree.
    fn slices(&self, document: &Document, details: bool) -> Vec<String> {
        let sentences = localised::sentences(&document.localised, &document.mixes);
        if sentences.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![self.ink.bold("Which part")];
        lines.extend(sentences.into_iter().flat_map(|text| self.prose(text, "  ")));
        for one in document.localised.iter().filter(|_| details) {
            let of = one.dimensions.join(" × ");
            let heading =
                format!("  {} {} by {of}: ratio, part of the difference, baseline / canary", one.metric, one.statistic);
            lines.push(self.ink.dim(&heading));
            let row = |line| {
                let (name, depth) = localised::called(line);
                let [requests, _, ratio, share, _] = localised::row(line);
                let text = format!("{ratio}  {share}  {requests} requests");
                (plain(&format!("{}{name}", "  ".repeat(depth))), vec![text])
            };
            lines.extend(self.rows(&one.tree.iter().map(row).collect::<Vec<_>>(), 4));
        }
        lines
    }

    /// The templates of a log that are new or written more often; with details, those that are not shown to be as well.
    fn log(&self, signed: &Signed, details: bool) -> Vec<String> {
        let row = |(line, is_named)| {
            let [kind, template, baseline, canary, ratio, since] = signatures::row(line, is_named);
            (kind, vec![template, format!("{baseline} / {canary} lines, ratio {ratio}, since {since}")])
        };
        let rows: Vec<_> = signatures::lines(signed).filter(|(_, is_named)| *is_named || details).map(row).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let title = format!("Log lines of {}: baseline / canary", plain(&signed.name));
        [self.ink.bold(&title)].into_iter().chain(self.rows(&rows, 2)).collect()
    }

    /// What no criterion judges, and how far that limits the verdict.
    fn not_judged(&self, document: &Document) -> Vec<String> {
        if document.not_judged.is_empty() {
            return Vec::new();
        }
        let entry = |one: &NotJudged| self.prose(&format!("{}: {}", plain(&one.what), words::why_not(one)), "  ");
        let entries = words::not_judged(document).into_iter().flat_map(entry);
        [self.ink.bold("Not judged")].into_iter().chain(entries).collect()
    }

    fn sparklines(&self, document: &Document, details: bool) -> Vec<String> {
        let traces = chosen(document, details);
        let longest = (self.columns / 3).max(20);
        let names: Vec<String> = traces.iter().map(|trace| fit(&plain(&trace.metric), longest)).collect();
        let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0);
        let ranges = traces.iter().flat_map(|trace| trace.steps.named().map(|(_, points)| words::range(trace, points)));
        let range_width = ranges.map(|range| width(&range)).max().unwrap_or(0).min(WIDEST_RANGE);
        let room = self.columns.saturating_sub(name_width + 2 + 8 + 2);
        let ranged = room >= SHORTEST_SPARK + 2 + range_width;
        let room = if ranged { room - 2 - range_width } else { room }.min(LONGEST_SPARK);
        let mut lines = Vec::new();
        for (trace, name) in traces.iter().zip(&names) {
            let rows = spark(trace, room);
            let named = trace.steps.named().into_iter().zip(rows.named());
            for (at, ((arm, points), (_, row))) in named.enumerate() {
                let name = pad(if at == 0 { name } else { "" }, name_width);
                let range = if ranged { fit(&words::range(trace, points), WIDEST_RANGE) } else { String::new() };
                let line = format!("{name}  {}  {row}  {}", self.ink.dim(&pad(arm, 8)), self.ink.dim(&range));
                lines.push(line.trim_end().to_string());
            }
        }
        let left_out = document.traces.len() - traces.len();
        if left_out > 0 {
            lines.push(self.ink.dim(&format!("… and {left_out} more metrics")));
        }
        lines
    }

    fn notes(&self, document: &Document) -> Vec<String> {
        document.notes.iter().flat_map(|note| self.prose(note, "note: ")).collect()
    }

    fn foot(&self, document: &Document) -> Vec<String> {
        let score = words::score(document).map(|score| format!("score {score}"));
        let foot = score.into_iter().chain([words::judged_by(document)]).flat_map(|text| self.prose(&text, ""));
        foot.map(|line| self.ink.dim(&line)).collect()
    }

    /// Text in lines; the first begins with the given words, the others stand under its text.
    fn prose(&self, text: &str, lead: &str) -> Vec<String> {
        let text = plain(text);
        if text.is_empty() {
            return Vec::new();
        }
        let columns = self.columns.min(WIDEST_PROSE).saturating_sub(width(lead)).max(1);
        let lines = wrap(&text, columns).into_iter().enumerate();
        lines
            .map(|(at, line)| format!("{}{line}", if at == 0 { lead.into() } else { " ".repeat(width(lead)) }))
            .collect()
    }

    /// Names and their texts in two columns.
    fn rows(&self, rows: &[(impl AsRef<str>, Vec<String>)], indent: usize) -> Vec<String> {
        let columns = self.columns.min(WIDEST_PROSE);
        // names that are longer are cut: half of the line is for what is said of them
        let names = rows.iter().map(|(name, _)| width(name.as_ref())).max().unwrap_or(0).min(columns / 2);
        let room = columns.saturating_sub(indent + names + 2).max(1);
        let mut lines = Vec::new();
        for (name, texts) in rows {
            for (at, line) in texts.iter().flat_map(|text| wrap(text, room)).enumerate() {
                let name = self.ink.dim(&pad(&fit(if at == 0 { name.as_ref() } else { "" }, names), names));
                lines.push(format!("{}{name}  {line}", " ".repeat(indent)));
            }
        }
        lines
    }
}

/// All metrics where they are few or all are asked for, else those with something to see.
fn chosen(document: &Document, details: bool) -> Vec<&Trace> {
    if details || document.traces.len() <= FEW_METRICS {
        return document.traces.iter().collect();
    }
    let failing = document.findings.iter().filter(|finding| finding.outcome != Outcome::Pass);
    let suspicious: BTreeSet<&str> = failing.map(|finding| finding.metric.as_str()).collect();
    document.traces.iter().filter(|trace| suspicious.contains(trace.metric.as_str())).collect()
}
