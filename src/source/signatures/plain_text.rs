//! Lines of text that begin with a time, and lines that go on with the one before.

use crate::source::requests::{Clock, Value};

/// How lines that go on with a stack trace begin.
const GOES_ON: [&str; 10] = [
    "at ",
    "... ",
    "Caused by:",
    "Suppressed:",
    "During handling of",
    "The above exception",
    "Traceback (",
    "}",
    ")",
    "File \"",
];

/// The instant at the beginning of a line, in nanoseconds since 1970, and what follows it.
pub(super) fn timed<'l>(line: &'l str, clock: &mut Clock) -> Option<(i64, &'l str)> {
    let text = line.strip_prefix('[').unwrap_or(line);
    text.as_bytes().first().filter(|byte| byte.is_ascii_digit())?;
    let first = text.find([' ', '\t', ']']).unwrap_or(text.len());
    let word = text[..first].trim_end_matches([',', ':']);
    let rest = |at: usize| text[at..].trim_start_matches([']', ' ', '\t', '-', '|', ':']);
    if word.len() >= 10 && (word.contains(':') || word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
        let instant = clock.instant(&Value::Text(word.as_bytes())).ok()?;
        return Some((instant, rest(first)));
    }
    // a date and a time of the day
    if word.len() != 10 || text.as_bytes().get(first) != Some(&b' ') {
        return None;
    }
    let after = &text[first + 1..];
    let second = after.find([' ', '\t', ']']).unwrap_or(after.len());
    let of_day = after[..second].trim_end_matches([',', ':']);
    of_day.contains(':').then_some(())?;
    let joined = format!("{}T{}", word.replace('/', "-"), of_day.replace(',', "."));
    let instant = clock.instant(&Value::Text(joined.as_bytes())).ok()?;
    Some((instant, rest(first + 1 + second)))
}

/// Whether a line goes on with the one before: it is indented, or a part of a stack trace.
pub(super) fn goes_on(line: &str) -> bool {
    line.starts_with([' ', '\t']) || GOES_ON.iter().any(|begin| line.starts_with(begin))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_time() {
        for line in [
            "2026-11-29T10:00:00Z ERROR no",
            "2026-11-29 10:00:00,000 ERROR no",
            "[2026-11-29 10:00:00] ERROR no",
            "2026/11/29 10:00:00 ERROR no",
            "1795946400000 - ERROR no",
        ] {
            let mut clock = Clock::new(None).unwrap();
            assert_eq!(timed(line, &mut clock), Some((1_795_946_400_000_000_000, "ERROR no")), "{line}");
        }
        let mut clock = Clock::new(None).unwrap();
        for line in ["ERROR no", "", "17 of 20 done", "  2026-11-29T10:00:00Z", "2026-11-29 is a day"] {
            assert_eq!(timed(line, &mut clock), None, "{line}");
        }
    }
}
