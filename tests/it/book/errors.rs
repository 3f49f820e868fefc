//! The chapter of errors, from A to Z: every message of `fixtures/config/bad` with what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{hold_fresh, root};

/// The messages of a file: each with its hint, which may be missing.
fn messages(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(hint) = line.strip_prefix("  hint: ") {
            found.last_mut().unwrap().1 = hint.to_owned();
        } else if !line.is_empty() && !line.starts_with(' ') {
            found.push((without_place(line).to_owned(), String::new()));
        }
    }
    found
}

/// The message without the file, the line and the column that stand before it.
fn without_place(line: &str) -> &str {
    let (place, message) = line.split_once(": ").unwrap_or_else(|| panic!("`{line}` does not say where it is"));
    let is_place = place.starts_with("--") || place.contains(".yaml");
    assert!(is_place, "`{line}` does not begin with its place");
    message
}

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
    let pattern = root().join("fixtures/config/bad/*.txt").to_string_lossy().into_owned();
    let texts = glob::glob(&pattern).unwrap().map(|path| std::fs::read_to_string(path.unwrap()).unwrap());
    let all: BTreeSet<(String, String)> = texts.flat_map(|text| messages(&text)).collect();
    assert!(all.len() > 300, "{}", all.len());
    let mut letters: BTreeMap<char, Vec<(String, String)>> = BTreeMap::new();
    for (message, hint) in all {
        let first = order(&message).chars().next().filter(char::is_ascii_alphabetic).unwrap_or('#');
        letters.entry(first.to_ascii_uppercase()).or_default().push((message, hint));
    }
    let mut chapter = String::from(
        "# Errors A to Z\n\n<!-- Generated from fixtures/config/bad by `UPDATE=1 cargo test book`. -->\n\n\
         What `davy check` says about a wrong configuration, and what to do. The exit code is 78. Every message also shows file, line,\n\
         column and the text itself. Names and numbers are examples. A message that starts with a sign or a digit stands first.\n",
    );
    for (letter, mut entries) in letters {
        entries.sort_by_key(|(message, hint)| (order(message), message.clone(), hint.clone()));
        let title = if letter == '#' { "Signs and digits".to_owned() } else { letter.to_string() };
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
fn a_message_stands_without_its_place() {
    let text = "a.yaml:17:30: `=<` is not a comparison\n  17 | x\n     | ^\n  hint: write `<=`\n\n--set: nothing is called `verison`\n";
    let expected = [("`=<` is not a comparison", "write `<=`"), ("nothing is called `verison`", "")];
    assert_eq!(messages(text), expected.map(|(message, hint)| (message.to_owned(), hint.to_owned())));
    assert_eq!(cell("a|b `c|d_e` _f_"), "a\\|b `c\\|d_e` \\_f\\_");
}
