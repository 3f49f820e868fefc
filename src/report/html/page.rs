//! A page that is no verdict, such as a plan, in the same dress.

use maud::{Markup, html};

use super::super::page::{Page, Part, Small};
use super::chrome;
use super::part::{facts, name, prose, scrolling};

/// The page for a browser.
pub(in crate::report) fn render(page: &Page) -> String {
    let title = name(&format!("{}: {}", page.word, page.title));
    let body = html! {
        header class=(format!("verdict {}", class(page.word))) {
            h1 { span class="word" { (page.word) } " " span class="of" { (name(&page.title)) } }
            @for text in &page.summary { p class="summary" { (prose(text)) } }
        }
        main id="main" {
            (facts_of(page))
            (parts(page))
        }
    };
    chrome::shell(&title, &body)
}

/// What stands below the summary.
pub(super) fn facts_of(page: &Page) -> Markup {
    facts(page.facts.iter().map(|(name, text)| (*name, text.clone())))
}

/// The parts, one below the other.
pub(super) fn parts(page: &Page) -> Markup {
    html! { @for part in &page.parts { (shown(part)) } }
}

/// The colours of an answer; of what is none, those of what is open.
fn class(word: &str) -> &'static str {
    match word {
        "PASS" => "pass",
        "WARN" => "warn",
        "FAIL" => "fail",
        _ => "open",
    }
}

fn shown(part: &Part) -> Markup {
    match part {
        Part::Heading(text) => html! { h2 { (super::name(text)) } },
        Part::Prose(text) => html! { p { (prose(text)) } },
        Part::Remark { name, texts } => html! {
            section {
                h2 { (super::name(name)) }
                @for text in texts { p { (prose(text)) } }
            }
        },
        Part::Code { lead, lines } => html! {
            p { (prose(lead)) }
            pre tabindex="0" { @for line in lines { (line_of_code(line)) "\n" } }
        },
        Part::Table { columns, rows } => scrolling(SCROLLS, &table(None, columns, rows, false)),
        Part::Texts { columns, rows } => scrolling(SCROLLS, &table(None, columns, rows, true)),
        Part::Tables(tables) => html! {
            div class="plots" {
                @for Small { name, columns, rows } in tables { (scrolling(SCROLLS, &table(Some(name.as_str()), columns, rows, false))) }
            }
        },
    }
}

const SCROLLS: &str = "A table that scrolls sideways";

/// A table; one with a name shows it, and takes little room.
fn table(named: Option<&str>, columns: &[String], rows: &[Vec<String>], texts: bool) -> Markup {
    let class = |at: usize| (at > 0 && !texts).then_some("number");
    html! {
        table class=[named.map(|_| "small")] {
            @match named {
                Some(named) => caption { (name(named)) },
                None => caption class="hidden" { (prose(&columns.join(", "))) },
            }
            thead {
                tr {
                    @for (at, column) in columns.iter().enumerate() {
                        th scope="col" class=[class(at)] { (lines(column)) }
                    }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (at, cell) in row.iter().enumerate() {
                            @if at == 0 { th scope="row" { (lines(cell)) } }
                            @else { td class=[class(at)] { (lines(cell)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A cell may have several lines.
fn lines(cell: &str) -> Markup {
    html! { @for (at, line) in cell.lines().enumerate() { @if at > 0 { br; } (prose(line)) } }
}

/// White space at the beginning of a line of code means something.
fn line_of_code(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    format!("{}{}", " ".repeat(indent), super::super::prose::plain(line))
}
