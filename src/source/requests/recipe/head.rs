//! The beginning of a file, looked at before its format is known.

use serde_json::{Map, Value};

/// How many of the first lines are looked at for one that is a row.
const LOOKED_AT: usize = 50;

/// A beginning without a byte order mark.
pub(super) fn text(head: &[u8]) -> &[u8] {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head)
}

/// Its lines, without their ends. The last one may be cut off.
pub(super) fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    text(head).split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The lines that are whole for sure, or the only one.
pub(super) fn whole(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = head.iter().filter(|byte| **byte == b'\n').count();
    lines(head).take(ends.max(1)).filter(|line| !line.is_empty())
}

/// The first line that is not empty.
pub(super) fn first(head: &[u8]) -> &[u8] {
    lines(head).find(|line| !line.trim_ascii().is_empty()).unwrap_or_default()
}

/// The names in the first line, where it is the header of a table, and what separates them.
pub(super) fn header(head: &[u8]) -> Option<(Vec<String>, u8)> {
    let line = std::str::from_utf8(first(head)).ok()?;
    let most = [b',', b';', b'\t'].into_iter().map(|by| (line.bytes().filter(|byte| *byte == by).count(), by));
    let (count, by) = most.rev().max_by_key(|(count, _)| *count)?;
    if count == 0 {
        return None;
    }
    let names: Vec<String> =
        line.split(char::from(by)).map(|name| name.trim().trim_matches('"').trim().to_string()).collect();
    let named = |name: &String| name.starts_with(|c: char| c.is_alphabetic() || "_@$#".contains(c)) && name.len() < 100;
    names.iter().all(named).then_some((names, by))
}

/// The first line that is a JSON object, where nearly all begin so: before it a program may say that it starts.
pub(super) fn object(head: &[u8]) -> Option<Map<String, Value>> {
    let mut lines = lines(head).filter(|line| !line.trim_ascii().is_empty()).take(LOOKED_AT);
    let object = |line: &[u8]| serde_json::from_slice(line).ok();
    if first(head).trim_ascii_start().starts_with(b"{") {
        return object(first(head));
    }
    let found = lines.by_ref().find_map(object)?;
    // the last may be cut off
    lines.next().is_none_or(|next| next.trim_ascii_start().starts_with(b"{")).then_some(found)
}

/// Whether a cell is a whole number without a sign.
pub(super) fn is_digits(cell: &[u8]) -> bool {
    !cell.is_empty() && cell.iter().all(u8::is_ascii_digit)
}
