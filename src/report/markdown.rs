//! The report as a pull request's comment: the answer and its table to read, everything else folded away.
//!
//! A place where it is shown has a size that it accepts: a comment 64 KiB, a step's summary 1 MiB. The report stays under what
//! it is given whatever the verdict holds. Each part has its own allowance, the findings that passed are cut first, and what is
//! left out is said.

use super::document::{Arms, Document, Finding, Outcome};
use super::prose::{fit, pad, plain};
use super::spark::spark;
use super::{as_written, localised, signatures, words};
use crate::judge::words::count;

/// What a comment may have is 64 KiB; the rest is for what others add to it.
pub const COMMENT_BYTES: usize = 48 * 1024;

/// For headings and for saying what is left out.
const MARKUP_BYTES: usize = 1024;
pub(super) const LONGEST_NAME: usize = 120;
pub(super) const LONGEST_TEXT: usize = 600;
const SPARKLINE: usize = 48;

/// The report as GitHub-flavoured Markdown, of so many bytes at most; empty where not even the answer has room.
pub fn render(document: &Document, bytes: usize) -> String {
    let head = head(document);
    let Some(room) = bytes.checked_sub(head.len() + MARKUP_BYTES) else {
        let heading = head.split_inclusive('\n').next().unwrap_or_default();
        let fitting = [head.trim_end(), heading.trim_end()].into_iter().find(|text| text.len() < bytes);
        return fitting.map_or(String::new(), |text| format!("{text}\n"));
    };
    let percent = |share: usize| room / 100 * share;
    // what stands beside is at the expense of the evidence
    let share = if document.as_written.is_some() { 8 } else { 0 };
    let of_logs = if document.signatures.is_empty() { 0 } else { 8 };
    let findings = words::worst_first(document);
    let others: Vec<&Finding> = findings.iter().copied().filter(|finding| finding.outcome != Outcome::Pass).collect();
    let mut blocks = vec![head];
    if !findings.is_empty() {
        blocks.push(table(&findings, percent(30)));
    }
    blocks.push(beside(document, percent(share)));
    blocks.push(slices(document, percent(6)));
    blocks.push(logs(document, percent(of_logs)));
    blocks.push(listed(&others, reasons, percent(18 - of_logs)));
    blocks.push(not_judged(document, percent(4)));
    blocks.push(notes(document, percent(5)));
    if !findings.is_empty() {
        blocks.push(folded("Evidence", &listed(&findings, evidence, percent(20 - share))));
    }
    if !document.traces.is_empty() {
        blocks.push(folded("Points", &sparklines(document, percent(11))));
    }
    blocks.push(folded("Provenance", &provenance(document, percent(6))));
    joined(&blocks)
}

/// Blocks with an empty line between them.
pub(super) fn joined(blocks: &[String]) -> String {
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
    let advice = escape(&words::advice(document), LONGEST_NAME);
    text.push_str(&format!("Recommendation: {advice}.\n"));
    text
}

/// An answer with a sign that catches the eye.
pub(super) fn mark(outcome: Outcome) -> String {
    let sign = match outcome {
        Outcome::Pass => "✅",
        Outcome::Warn => "⚠️",
        Outcome::Inconclusive => "❔",
        Outcome::Fail => "❌",
    };
    // a no-break space: the sign stays with its word
    format!("{sign}\u{a0}{}", outcome.word())
}

fn table(findings: &[&Finding], bytes: usize) -> String {
    let mut text = String::from("| Outcome | Criterion | Baseline | Canary | Effect | Sample |\n");
    text.push_str("|:--|:--|--:|--:|:--|--:|\n");
    let rows = findings.iter().map(|finding| {
        let evidence = &finding.evidence;
        let Arms { baseline, canary } = words::estimates(evidence);
        let cells = [
            mark(finding.outcome),
            escape(&words::criterion(finding), LONGEST_NAME),
            escape(&baseline, 32),
            escape(&canary, 32),
            escape(&words::effect(evidence), 64),
            escape(&words::samples(evidence), 64),
        ];
        format!("| {} |\n", cells.join(" | "))
    });
    let shown = within(rows, bytes, &mut text);
    text.push_str(&left_out(&findings[shown..]));
    text
}

/// Appends rows while they fit; the answer is how many did.
pub(super) fn within(rows: impl Iterator<Item = String>, bytes: usize, text: &mut String) -> usize {
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

/// How many rows are missing, and of what kind.
pub(super) fn left_out(findings: &[&Finding]) -> String {
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

fn sparklines(document: &Document, bytes: usize) -> String {
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
    let shown = within(rows, bytes, &mut text);
    text.push_str("```\n");
    if shown < document.traces.len() {
        text.push_str(&format!("\n… and {} more metrics.\n", document.traces.len() - shown));
    }
    text
}

/// The answer of the rule that somebody used so far, beside davy's.
fn beside(document: &Document, bytes: usize) -> String {
    let Some(beside) = as_written::of(document) else { return String::new() };
    let by = escape(&beside.by, LONGEST_NAME);
    let mut text = format!("**{by}**: {}\n\n", escape(&beside.line, LONGEST_TEXT));
    if !beside.rows.is_empty() {
        text.push_str(&format!("| Metric | {by} | davy |\n|:--|:--|:--|\n"));
    }
    let rows = beside.rows.iter().map(|row| {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell, LONGEST_NAME)).collect();
        format!("| {} |\n", cells.join(" | "))
    });
    let shown = within(rows, bytes, &mut text);
    text.push('\n');
    text.push_str(&more(beside.rows.len() - shown, "metrics"));
    let notes = beside.notes.iter().map(|note| format!("- Note: {}\n", escape(note, LONGEST_TEXT)));
    let shown = within(notes, bytes, &mut text);
    text.push_str(&more(beside.notes.len() - shown, "notes"));
    text
}

/// Which slices carry a difference.
fn slices(document: &Document, bytes: usize) -> String {
    let sentences = localised::sentences(&document.localised, &document.mixes);
    if sentences.is_empty() {
        return String::new();
    }
    let mut text = String::from("**Which part**\n\n");
    let shown = within(sentences.iter().map(|text| format!("- {}\n", escape(text, LONGEST_TEXT))), bytes, &mut text);
    text.push_str(&more(sentences.len() - shown, "sentences"));
    text
}

/// The lines of logs that are new or written more often.
fn logs(document: &Document, bytes: usize) -> String {
    let found = document.signatures.iter().flat_map(|signed| signatures::lines(signed).map(move |line| (signed, line)));
    let rows: Vec<String> = found
        .map(|(signed, (line, is_named))| {
            let cells = signatures::row(line, is_named);
            let longest = |at: usize| if at == 1 { LONGEST_TEXT } else { LONGEST_NAME };
            let cells = cells.iter().enumerate().map(|(at, cell)| escape(cell, longest(at)));
            let name = escape(&signed.name, LONGEST_NAME);
            format!("| {name} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text =
        format!("**Log lines**\n\n| Log | {} |\n|:--|:--|:--|--:|--:|--:|--:|\n", signatures::COLUMNS.join(" | "));
    let shown = within(rows.iter().cloned(), bytes, &mut text);
    text.push_str(&more(rows.len() - shown, "templates"));
    text
}

/// What no criterion judges, and how far that limits the verdict.
pub(super) fn not_judged(document: &Document, bytes: usize) -> String {
    if document.not_judged.is_empty() {
        return String::new();
    }
    let entries = words::not_judged(document).into_iter().map(|one| {
        let (what, why) = (escape(&one.what, LONGEST_NAME), escape(&words::why_not(one), LONGEST_TEXT));
        format!("- {what}: {why}\n")
    });
    let mut text = String::from("**Not judged**\n\n");
    let shown = within(entries, bytes, &mut text);
    text.push_str(&more(document.not_judged.len() - shown, "that are not judged"));
    text
}

fn notes(document: &Document, bytes: usize) -> String {
    let notes = document.notes.iter().map(|note| format!("- Note: {}\n", escape(note, LONGEST_TEXT)));
    let mut text = String::new();
    let shown = within(notes, bytes, &mut text);
    text.push_str(&more(document.notes.len() - shown, "notes"));
    text
}

/// What was compared, by what, and where the points are from.
pub(super) fn provenance(document: &Document, bytes: usize) -> String {
    let mut rows = words::setting(document);
    rows.extend(words::score(document).map(|score| ("score", vec![score])));
    rows.push(("judged by", vec![words::judged_by(document)]));
    let line = |(name, texts): (&str, Vec<String>)| format!("- {name}: {}\n", escape(&texts.join("; "), 300));
    let origins = document.traces.iter().map(|trace| {
        let (metric, origin) = (escape(&trace.metric, LONGEST_NAME), escape(&trace.origin, 200));
        format!("- {metric} from {origin}\n")
    });
    let lines = rows.len() + document.traces.len();
    let mut text = String::new();
    let shown = within(rows.into_iter().map(line).chain(origins), bytes, &mut text);
    text.push_str(&more(lines - shown, "metrics"));
    text
}

fn more(count: usize, of: &str) -> String {
    if count == 0 { String::new() } else { format!("- … and {count} more {of}\n") }
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
