//! Text for a page of fixed width: what is hostile made plain, long lines wrapped, long names cut.
//!
//! Widths are columns of a terminal, not bytes or characters: a CJK character takes two, a combining mark none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::plain;

/// The text without anything that could move a cursor, colour a terminal, start a new line or turn the direction
/// of reading: control characters become visible signs, invisible ones vanish, white space becomes one space.
pub fn plain(text: &str) -> String {
    plain::line(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Columns that the text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to a width, with … where something is missing. Marks that take no column cannot make it endless: a
/// column has four characters at most.
pub fn fit(text: &str, columns: usize) -> String {
    let begun = start(text, columns.saturating_mul(4));
    if begun.len() == text.len() && width(text) <= columns {
        return text.to_string();
    }
    let (head, _) = split_at_width(begun, columns.saturating_sub(1));
    format!("{}…", head.trim_end())
}

/// The text cut to so many characters, for what has no columns.
pub fn cut(text: &str, chars: usize) -> String {
    let begun = start(text, chars);
    if begun.len() == text.len() { text.to_string() } else { format!("{}…", start(text, chars.saturating_sub(1))) }
}

fn start(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

/// Names as one says them: `text, markdown or json`.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, [])) => last.to_string(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The text with a capital at its beginning.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// The text with spaces after it, up to a width.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text with spaces before it, up to a width.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text in lines no wider than so many columns, broken between words; a number stays with its unit.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in unbreakable(text, columns) {
        if !line.is_empty() && width(&line) + 1 + width(&word) <= columns {
            line.push(' ');
            line.push_str(&word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word.as_str();
        while width(rest) > columns {
            let (head, tail) = split_at_width(rest, columns);
            lines.push(head.to_string());
            rest = tail;
        }
        line.push_str(rest);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Words, with a unit glued to the number before it and an operator to what follows it, where there is room.
fn unbreakable(text: &str, columns: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_unit = width(word) <= 3 || word.starts_with('/');
        let belongs = |last: &String| {
            (is_operator(last) || is_unit && last.ends_with(|c: char| c.is_ascii_digit()))
                && width(last) + 1 + width(word) <= columns.min(20)
        };
        match words.last_mut() {
            Some(last) if belongs(last) && !is_operator(word) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_string()),
        }
    }
    words
}

fn is_operator(word: &str) -> bool {
    matches!(word, "<" | "<=" | ">" | ">=" | "==" | "+" | "-" | "/")
}

/// The longest beginning that fits, but at least one character, so that a loop over the rest ends.
fn split_at_width(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}
