//! The report as a pull request's comment: the answer and its table to read, everything else folded away.
//!
//! A comment has a size that the host accepts (64 KiB); this one stays under 48 KiB whatever the verdict holds. Each
//! part has its own allowance, the findings that passed are cut first, and what is left out is said.

use super::document::{Document, Finding, Outcome};
use super::prose::{fit, pad, plain};
use super::spark::spark;
use super::words;
use crate::judge::words::count;

const TABLE_BYTES: usize = 16 * 1024;
const REASONS_BYTES: usize = 8 * 1024;
const EVIDENCE_BYTES: usize = 10 * 1024;
const SPARKLINE_BYTES: usize = 6 * 1024;
const ROW_BYTES: usize = 2 * 1024;
const LONGEST_NAME: usize = 120;
const LONGEST_TEXT: usize = 600;
const SPARKLINE: usize = 48;

/// The report as GitHub-flavoured Markdown.
pub fn render(document: &Document) -> String {
    let findings = words::worst_first(document);
    let others: Vec<&Finding> = findings.iter().copied().filter(|finding| finding.outcome != Outcome::Pass).collect();
    let mut blocks = vec![head(document)];
    if !findings.is_empty() {
        blocks.push(table(&findings));
    }
    blocks.push(listed(&others, reasons, REASONS_BYTES));
    let notes = document.notes.iter().take(10).map(|note| format!("- Note: {}\n", escape(note, LONGEST_TEXT)));
    blocks.push(notes.collect());
    if !findings.is_empty() {
        blocks.push(folded("Evidence", &listed(&findings, evidence, EVIDENCE_BYTES)));
    }
    if !document.traces.is_empty() {
        blocks.push(folded("Points", &sparklines(document)));
    }
    blocks.push(folded("Provenance", &provenance(document)));
    let blocks: Vec<&str> = blocks.iter().map(|block| block.trim_end()).filter(|block| !block.is_empty()).collect();
    format!("{}\n", blocks.join("\n\n"))
}

fn head(document: &Document) -> String {
    let title = escape(&words::title(document), LONGEST_NAME);
    let colon = if title.is_empty() { "" } else { ": " };
    let mut text = format!("## {}{colon}{title}\n\n", mark(document.outcome));
    let summary = escape(&document.summary, LONGEST_TEXT);
    if !summary.is_empty() {
        text.push_str(&format!("**{summary}**\n\n"));
    }
    let advice = escape(&words::recommendation(&document.recommendation), LONGEST_NAME);
    text.push_str(&format!("Recommendation: {advice}.\n"));
    text
}

fn mark(outcome: Outcome) -> String {
    let sign = match outcome {
        Outcome::Pass => "✅",
        Outcome::Warn => "⚠️",
        Outcome::Inconclusive => "❔",
        Outcome::Fail => "❌",
    };
    // a no-break space: the sign stays with its word
    format!("{sign}\u{a0}{}", outcome.word())
}

fn table(findings: &[&Finding]) -> String {
    let mut text = String::from("| Outcome | Criterion | Baseline | Canary | Effect | Sample |\n");
    text.push_str("|:--|:--|--:|--:|:--|--:|\n");
    let rows = findings.iter().map(|finding| {
        let evidence = &finding.evidence;
        let cells = [
            mark(finding.outcome),
            escape(&words::criterion(finding), LONGEST_NAME),
            escape(&words::estimate(evidence, evidence.estimate.baseline), 32),
            escape(&words::estimate(evidence, evidence.estimate.canary), 32),
            escape(&words::effect(evidence), 64),
            escape(&words::samples(evidence), 64),
        ];
        format!("| {} |\n", cells.join(" | "))
    });
    let shown = within(rows, TABLE_BYTES, &mut text);
    text.push_str(&left_out(&findings[shown..]));
    text
}

/// Appends rows while they fit; the answer is how many did.
fn within(rows: impl Iterator<Item = String>, bytes: usize, text: &mut String) -> usize {
    let limit = text.len() + bytes;
    let mut shown = 0;
    for row in rows {
        if text.len() + row.len() > limit {
            break;
        }
        text.push_str(&row);
        shown += 1;
    }
    shown
}

fn left_out(findings: &[&Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let passed = findings.iter().filter(|finding| finding.outcome == Outcome::Pass).count();
    let others = findings.len() - passed;
    let of_them = match (passed, others) {
        (_, 0) => "all of them passed".into(),
        (0, _) => "none of them passed".into(),
        _ => format!("{} of them passed", count(passed as u64)),
    };
    format!("\n… and {} more that are left out here; {of_them}.\n", count(findings.len() as u64))
}

/// One item per finding: its name and what is to be said of it.
fn listed(findings: &[&Finding], say: fn(&Finding) -> Vec<String>, bytes: usize) -> String {
    let items = findings.iter().map(|finding| {
        let name = escape(&words::criterion(finding), LONGEST_NAME);
        let mut parts = vec![format!("**{}: {name}**", finding.outcome.word())];
        parts.extend(say(finding).into_iter().filter(|part| !part.is_empty()));
        format!("- {}\n", parts.join("<br>"))
    });
    let mut text = String::new();
    let shown = within(items, bytes, &mut text);
    text.push_str(&left_out(&findings[shown..]));
    text
}

/// Why the finding is what it is, what would decide it, and what is to be known of its data.
fn reasons(finding: &Finding) -> Vec<String> {
    let notes = finding.notes.iter().take(5).map(|note| format!("Note: {}", escape(note, LONGEST_TEXT)));
    let sentences = [Some(&finding.sentence), finding.decide.as_ref()].into_iter().flatten();
    sentences.map(|sentence| escape(sentence, LONGEST_TEXT)).chain(notes).collect()
}

/// How it was found; for what passed, and so is not explained elsewhere, with its reasons.
fn evidence(finding: &Finding) -> Vec<String> {
    let mut parts = if finding.outcome == Outcome::Pass { reasons(finding) } else { Vec::new() };
    let details = words::details(finding).into_iter();
    parts.extend(details.map(|(name, texts)| format!("{name}: {}", escape(&texts.join("; "), LONGEST_TEXT))));
    parts
}

fn sparklines(document: &Document) -> String {
    let rows = document.traces.iter().map(|trace| {
        let name = fit(&plain(&trace.metric), 40).replace('`', "'");
        let rows = spark(trace, SPARKLINE);
        let lines = trace.steps.named().into_iter().zip(rows.named());
        let lines = lines.map(|((arm, points), (_, row))| {
            format!("  {}  {row}  {}", pad(arm, 8), fit(&words::range(trace, points), 32).replace('`', "'"))
        });
        format!("{name}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    });
    let mut text = String::from("```text\n");
    let shown = within(rows, SPARKLINE_BYTES, &mut text);
    text.push_str("```\n");
    if shown < document.traces.len() {
        text.push_str(&format!("\n… and {} more metrics.\n", document.traces.len() - shown));
    }
    text
}

fn provenance(document: &Document) -> String {
    let mut rows = words::setting(document);
    rows.extend(words::score(document).map(|score| ("score", vec![score])));
    rows.push(("judged by", vec![words::judged_by(document)]));
    let line = |(name, texts): &(&str, Vec<String>)| format!("- {name}: {}\n", escape(&texts.join("; "), 300));
    let mut text: String = rows.iter().map(line).collect();
    let origins = document.traces.iter().map(|trace| {
        let (metric, origin) = (escape(&trace.metric, LONGEST_NAME), escape(&trace.origin, 200));
        format!("- {metric} from {origin}\n")
    });
    let shown = within(origins, ROW_BYTES, &mut text);
    if shown < document.traces.len() {
        text.push_str(&format!("- … and {} more metrics\n", document.traces.len() - shown));
    }
    text
}

fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{text}\n</details>\n")
}

/// Text as text: nothing in it is markup, HTML, a table's cell, a mention or a reference.
pub(super) fn escape(text: &str, columns: usize) -> String {
    let text = fit(&plain(text), columns);
    let mut escaped = String::with_capacity(text.len() + 8);
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let near = |offset: usize| at.checked_add(offset).and_then(|at| chars.get(at.wrapping_sub(1)));
        let inside_word = [near(0), near(2)].iter().all(|c| c.is_some_and(|c| c.is_alphanumeric()));
        match c {
            '_' if inside_word => escaped.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '!' => escaped.extend(['\\', c]),
            '@' => escaped.extend([c, '\u{200b}']),
            '#' => escaped.extend(['\\', c, '\u{200b}']),
            ':' if chars[at..].starts_with(&[':', '/', '/']) => escaped.extend([c, '\u{200b}']),
            c => escaped.push(c),
        }
    }
    escaped
}
