//! The chapter of errors, from A to Z: every message of `fixtures/config/bad` with what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::hold_fresh;
use crate::config::mistakes;

/// What a message is sorted by: its letters.
fn order(message: &str) -> String {
    message.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect::<String>().trim_start().to_lowercase()
}

fn cell(text: &str) -> String {
    let mut cell = String::new();
    for (at, part) in text.split('`').enumerate() {
        let is_code = at % 2 == 1;
        let part = part.replace('|', "\\|");
        let part = if is_code {
            format!("`{part}`")
        } else {
            part.replace('<', "\\<").replace('*', "\\*").replace('_', "\\_")
        };
        cell.push_str(&part);
    }
    cell
}

fn chapter() -> String {
    let all: BTreeSet<(String, String)> =
        mistakes().into_iter().map(|problem| (problem.message, problem.hint.unwrap_or_default())).collect();
    assert!(all.len() > 300, "{}", all.len());
    let mut letters: BTreeMap<char, Vec<(String, String)>> = BTreeMap::new();
    for (message, hint) in all {
        let first = order(&message).chars().next().filter(char::is_ascii_alphabetic).unwrap_or('#');
        letters.entry(first.to_ascii_uppercase()).or_default().push((message, hint));
    }
    let mut chapter = String::from(
        "# Errors A to Z\n\n<!-- Generated from fixtures/config/bad by `UPDATE=1 cargo test book`. -->\n\n\
         What `davy check` says about a wrong configuration, and what to do. The exit code is 78. Every message also shows file, line,\n\
         column and the text itself. Names and numbers are examples. Messages are sorted by their letters; those that start with a digit stand first.\n",
    );
    for (letter, mut entries) in letters {
        entries.sort_by_key(|(message, hint)| (order(message), message.clone(), hint.clone()));
        let title = if letter == '#' { "Digits".to_owned() } else { letter.to_string() };
        write!(chapter, "\n## {title}\n\n| Message | What to do |\n|---|---|\n").unwrap();
        for (message, hint) in entries {
            writeln!(chapter, "| {} | {} |", cell(&message), cell(&hint)).unwrap();
        }
    }
    chapter
}

#[test]
fn the_chapter_of_errors_is_fresh() {
    hold_fresh("docs/errors.md", &chapter());
}

#[test]
fn a_message_fits_into_a_table() {
    assert_eq!(cell("a|b `c|d_e` _f_ <g>"), "a\\|b `c\\|d_e` \\_f\\_ \\<g>");
    assert_eq!(order("`=<` is not"), "is not");
}
