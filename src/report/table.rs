//! The table of findings for a terminal: as wide as its contents where they fit, wrapped within its cells where they
//! do not, and as a list where the terminal is too narrow for columns.

use super::document::{Arms, Document, Finding};
use super::ink::Ink;
use super::prose::{fit, pad, pad_left, width, wrap};
use super::words;

const GUTTER: usize = 2;
const WIDEST_VALUE: usize = 10;
const WIDEST_EFFECT: usize = 24;
const NARROWEST_NAME: usize = 16;
const TALLEST_CELL: usize = 3;

/// One line of cells per finding, worst first, under a line of headings.
pub fn findings(document: &Document, columns: usize, ink: Ink) -> Vec<String> {
    let findings = words::worst_first(document);
    let rows: Vec<Row> = findings.iter().map(|finding| Row::of(finding)).collect();
    match Widths::of(&rows, columns) {
        Some(widths) => as_table(&rows, &widths, ink),
        None => as_list(&rows, columns, ink),
    }
}

struct Row<'a> {
    finding: &'a Finding,
    name: String,
    baseline: String,
    canary: String,
    effect: String,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Row<'a> {
        let evidence = &finding.evidence;
        let Arms { baseline, canary } = words::estimates(evidence);
        Row { finding, name: words::criterion(finding), baseline, canary, effect: words::effect(evidence) }
    }

    fn outcome(&self) -> &'static str {
        self.finding.outcome.word()
    }
}

struct Widths {
    outcome: usize,
    name: usize,
    baseline: usize,
    canary: usize,
    effect: usize,
}

impl Widths {
    /// Widths of the columns, or nothing where the names would get too little room.
    fn of(rows: &[Row], columns: usize) -> Option<Widths> {
        let widest = |cell: &dyn Fn(&Row) -> usize, least: usize, most: usize| {
            rows.iter().map(cell).max().unwrap_or(0).clamp(least, most)
        };
        let outcome = widest(&|row| width(row.outcome()), 0, 12);
        let baseline = widest(&|row| width(&row.baseline), 8, WIDEST_VALUE);
        let canary = widest(&|row| width(&row.canary), 6, WIDEST_VALUE);
        let effect = widest(&|row| width(&row.effect), 6, WIDEST_EFFECT);
        let taken = outcome + baseline + canary + effect + 4 * GUTTER;
        let room = columns.checked_sub(taken).filter(|room| *room >= NARROWEST_NAME)?;
        Some(Widths { outcome, name: widest(&|row| width(&row.name), 9, room), baseline, canary, effect })
    }
}

fn as_table(rows: &[Row], widths: &Widths, ink: Ink) -> Vec<String> {
    let line = |outcome: String, cells: [&str; 4]| {
        let [name, baseline, canary, effect] = cells;
        let line = [
            outcome,
            pad(name, widths.name),
            pad_left(baseline, widths.baseline),
            pad_left(canary, widths.canary),
            effect.to_string(),
        ];
        line.join(&" ".repeat(GUTTER)).trim_end().to_string()
    };
    let heading = line(" ".repeat(widths.outcome), ["criterion", "baseline", "canary", "effect"]);
    let mut lines = vec![ink.dim(&heading)];
    for row in rows {
        let cells = [
            cell(&row.name, widths.name),
            cell(&row.baseline, widths.baseline),
            cell(&row.canary, widths.canary),
            cell(&row.effect, widths.effect),
        ];
        for at in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let outcome = if at == 0 { row.outcome() } else { "" };
            let outcome = ink.outcome(row.finding, &pad(outcome, widths.outcome));
            lines.push(line(outcome, cells.each_ref().map(|cell| cell.get(at).map_or("", String::as_str))));
        }
    }
    lines
}

/// A cell's lines; what does not fit in the tallest cell ends in ….
fn cell(text: &str, columns: usize) -> Vec<String> {
    let mut lines = wrap(text, columns);
    if lines.len() > TALLEST_CELL {
        let rest = lines.split_off(TALLEST_CELL - 1).join(" ");
        lines.push(fit(&rest, columns));
    }
    lines
}

fn as_list(rows: &[Row], columns: usize, ink: Ink) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows {
        let room = columns.saturating_sub(width(row.outcome()) + GUTTER);
        let outcome = ink.outcome(row.finding, row.outcome());
        lines.push(format!("{outcome}{}{}", " ".repeat(GUTTER), fit(&row.name, room)));
        let values = format!("baseline {}, canary {}, effect {}", row.baseline, row.canary, row.effect);
        lines.extend(cell(&values, columns.saturating_sub(6)).into_iter().map(|line| format!("      {line}")));
    }
    lines
}
