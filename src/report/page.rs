//! A page that is no verdict: a title, facts, tables, remarks and lines to copy, for a terminal or as Markdown.

use super::Style;
use super::ink::Ink;
use super::markdown::escape;
use super::prose::{capitalised, fit, pad, pad_left, plain, width, wrap};

const GUTTER: usize = 2;
const NARROWEST: usize = 40;
const WIDEST: usize = 160;
const WIDEST_PROSE: usize = 96;
const NARROWEST_NAME: usize = 16;
const LONGEST: usize = 1_000;
const LONGEST_CELL: usize = 240;

/// What stands on the page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What it is, in capitals.
    pub(super) word: &'static str,
    /// Of what.
    pub(super) title: String,
    /// What it comes to.
    pub(super) summary: Vec<String>,
    /// Names and what they are.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What was found, part by part.
    pub(super) parts: Vec<Part>,
}

/// A part of a page.
#[derive(Debug)]
pub(super) enum Part {
    /// Rows of cells under headings; all but the first column are numbers. A cell may have several lines.
    Table { columns: Vec<String>, rows: Vec<Vec<String>> },
    /// Several small tables, which may stand beside each other.
    Tables(Vec<Small>),
    /// Rows of texts under headings; for a terminal, a list. A cell may have several lines.
    Texts { columns: Vec<String>, rows: Vec<Vec<String>> },
    /// A heading of what follows.
    Heading(String),
    /// A name and what is to be said of it.
    Remark { name: String, texts: Vec<String> },
    /// A sentence.
    Prose(String),
    /// Lines to copy, below the words that introduce them.
    Code { lead: String, lines: Vec<String> },
}

/// Rows of cells under headings; all but the first column are numbers. Where there is little room, the name is the first heading.
#[derive(Debug)]
pub(super) struct Small {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Small {
    /// The headings with the table's name as the first one.
    fn named(&self) -> Vec<String> {
        [self.name.clone()].into_iter().chain(self.columns.iter().skip(1).cloned()).collect()
    }
}

impl Page {
    /// The page for a terminal.
    pub(super) fn text(&self, style: &Style) -> String {
        let columns = style.width.clamp(NARROWEST, WIDEST);
        let prose = columns.min(WIDEST_PROSE);
        let ink = Ink { color: style.color };
        let title = fit(&plain(&self.title), columns.saturating_sub(width(self.word) + GUTTER));
        let mut head = vec![format!("{}  {}", ink.bold(self.word), ink.bold(&title))];
        head.extend(self.summary.iter().flat_map(|text| wrap(&plain(text), prose)));
        let names = self.facts.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        let fact = |(name, text): &(&'static str, String)| {
            let lines = wrap(&plain(text), prose.saturating_sub(names + GUTTER)).into_iter().enumerate();
            let named = lines.map(|(at, line)| {
                let name = pad(if at == 0 { name } else { "" }, names);
                format!("{}  {line}", ink.dim(&name))
            });
            named.collect::<Vec<_>>()
        };
        let mut blocks = vec![head, self.facts.iter().flat_map(fact).collect()];
        blocks.extend(self.parts.iter().map(|part| part.text(columns, prose, ink)));
        let blocks = blocks.into_iter().filter(|block| !block.is_empty()).map(|block| block.join("\n"));
        format!("{}\n", blocks.collect::<Vec<_>>().join("\n\n"))
    }

    /// The page as GitHub-flavoured Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut blocks = vec![format!("## {}: {}", capitalised(&self.word.to_lowercase()), escape(&self.title, 120))];
        blocks.extend(self.summary.iter().map(|text| format!("**{}**", escape(text, LONGEST))));
        let facts = self.facts.iter().map(|(name, text)| format!("- {name}: {}", escape(text, LONGEST)));
        blocks.push(facts.collect::<Vec<_>>().join("\n"));
        blocks.extend(self.parts.iter().map(Part::markdown));
        blocks.retain(|block| !block.is_empty());
        format!("{}\n", blocks.join("\n\n"))
    }
}

impl Part {
    fn text(&self, columns: usize, prose: usize, ink: Ink) -> Vec<String> {
        match self {
            Part::Heading(text) => vec![ink.bold(&fit(&plain(text), columns))],
            Part::Prose(text) => wrap(&plain(text), prose),
            Part::Remark { name, texts } => {
                let mut lines = vec![ink.bold(&fit(&plain(name), columns))];
                let indent = |text: &String| wrap(&plain(text), prose.saturating_sub(2));
                lines.extend(texts.iter().flat_map(indent).map(|line| format!("  {line}")));
                lines
            }
            Part::Code { lead, lines } => {
                let lead = wrap(&plain(lead), prose).into_iter();
                lead.chain(lines.iter().map(|line| format!("  {line}"))).collect()
            }
            Part::Table { columns: names, rows } => table(names, rows, columns, ink),
            Part::Tables(tables) => {
                let each = tables.iter().map(|own| table(&own.named(), &own.rows, columns, ink));
                each.collect::<Vec<_>>().join(&[String::new()][..])
            }
            Part::Texts { columns: names, rows } => list(names, rows, columns, ink),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Part::Heading(text) => format!("### {}", escape(text, 120)),
            Part::Prose(text) => escape(text, LONGEST),
            Part::Remark { name, texts } => {
                let texts: Vec<String> = texts.iter().map(|text| escape(text, LONGEST)).collect();
                format!("**{}**<br>{}", escape(name, 120), texts.join("<br>"))
            }
            Part::Code { lead, lines } => format!("{}\n\n```yaml\n{}\n```", escape(lead, LONGEST), lines.join("\n")),
            Part::Table { columns, rows } => markdown_table(columns, rows, false),
            Part::Texts { columns, rows } => markdown_table(columns, rows, true),
            Part::Tables(tables) => {
                let each = tables.iter().map(|own| markdown_table(&own.named(), &own.rows, false));
                each.collect::<Vec<_>>().join("\n\n")
            }
        }
    }
}

fn markdown_table(columns: &[String], rows: &[Vec<String>], texts: bool) -> String {
    let cell = |text: &String| {
        text.lines().map(|line| escape(line, LONGEST_CELL)).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("<br>")
    };
    let line = |cells: &[String]| format!("| {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
    let is_text = |at: usize| at == 0 || texts;
    let rule = columns.iter().enumerate().map(|(at, _)| if is_text(at) { ":--" } else { "--:" });
    let rule = format!("|{}|", rule.collect::<Vec<_>>().join("|"));
    let rows = rows.iter().map(|row| line(row));
    [line(columns), rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// The first column gets what room the others leave; where that is too little, each row becomes a list.
fn table(names: &[String], rows: &[Vec<String>], columns: usize, ink: Ink) -> Vec<String> {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).flat_map(|cell| cell.lines()).chain(names[at].lines());
        cells.map(width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(widest).collect();
    let others: usize = widths.iter().skip(1).map(|width| width + GUTTER).sum();
    let Some(room) = columns.checked_sub(others).filter(|room| *room >= NARROWEST_NAME) else {
        return list(names, rows, columns, ink);
    };
    let first = widths.first().map_or(room, |own| (*own).min(room));
    let heading: Vec<Vec<String>> = names.iter().map(|name| name.lines().map(str::to_owned).collect()).collect();
    let mut lines: Vec<String> = line(&heading, first, &widths).iter().map(|line| ink.dim(line)).collect();
    for row in rows {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let lines = cell.lines().map(plain);
            if at == 0 { lines.flat_map(|line| wrap(&line, first)).collect() } else { lines.collect() }
        });
        lines.extend(line(&cells.collect::<Vec<_>>(), first, &widths));
    }
    lines
}

fn line(cells: &[Vec<String>], first: usize, widths: &[usize]) -> Vec<String> {
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let rows = (0..height).map(|row| {
        let texts = cells.iter().zip(widths).enumerate().map(|(at, (cell, width))| {
            let text = cell.get(row).map_or("", String::as_str);
            if at == 0 { pad(text, first) } else { pad_left(text, *width) }
        });
        texts.collect::<Vec<_>>().join(&" ".repeat(GUTTER)).trim_end().to_owned()
    });
    rows.collect()
}

fn list(names: &[String], rows: &[Vec<String>], columns: usize, ink: Ink) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows {
        let name = row.first().map_or(String::new(), |name| plain(name));
        lines.extend(wrap(&name, columns).iter().map(|line| ink.bold(line)));
        for (name, cell) in names.iter().zip(row).skip(1) {
            let lead = format!("{}: ", plain(name));
            let room = columns.saturating_sub(2 + width(&lead)).max(NARROWEST_NAME);
            let texts = cell.lines().flat_map(|line| wrap(&plain(line), room));
            for (at, text) in texts.enumerate() {
                let lead = if at == 0 { lead.clone() } else { " ".repeat(width(&lead)) };
                lines.push(format!("  {lead}{text}"));
            }
        }
    }
    lines
}
