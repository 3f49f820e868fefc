//! How severe a line is, in one word for all programs: `trace`, `debug`, `info`, `warn`, `error`, `fatal`.

use crate::source::requests::Value;

/// What columns with the level are called.
pub(super) const NAMES: [&str; 14] = [
    "level",
    "severity",
    "lvl",
    "loglevel",
    "log_level",
    "log.level",
    "levelname",
    "level_name",
    "severity_text",
    "severityText",
    "@l",
    "Level",
    "LEVEL",
    "detected_level",
];

/// The words of programs for each.
const WORDS: [(&str, &str); 23] = [
    ("trace", "trace"),
    ("verbose", "trace"),
    ("finest", "trace"),
    ("debug", "debug"),
    ("fine", "debug"),
    ("dbg", "debug"),
    ("info", "info"),
    ("information", "info"),
    ("notice", "info"),
    ("log", "info"),
    ("inf", "info"),
    ("warn", "warn"),
    ("warning", "warn"),
    ("wrn", "warn"),
    ("error", "error"),
    ("err", "error"),
    ("severe", "error"),
    ("fatal", "fatal"),
    ("critical", "fatal"),
    ("crit", "fatal"),
    ("alert", "fatal"),
    ("emerg", "fatal"),
    ("panic", "fatal"),
];

/// How the last words of a program begin. Programs often write them without a time or a level.
const LAST_WORDS: [&str; 9] = [
    "panic:",
    "fatal error:",
    "fatal:",
    "thread '",
    "Exception in thread ",
    "Unhandled ",
    "Uncaught ",
    "Segmentation fault",
    "Out of memory",
];

/// Whether a line is what a program writes when it dies, whatever stands before it.
pub(super) fn is_last_words(text: &str) -> bool {
    LAST_WORDS.iter().any(|begin| text.starts_with(begin))
}

/// The level that a word means.
pub(super) fn of_word(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|(_, level)| *level)
}

/// The level in a cell: a word, or a number as pino and bunyan write it.
pub(super) fn of_cell(cell: &Value) -> Option<&'static str> {
    let of_text = |text: &[u8]| {
        let text = std::str::from_utf8(text).ok()?.trim();
        of_word(text).or_else(|| text.parse().ok().and_then(of_number))
    };
    match cell {
        Value::Text(text) => of_text(text),
        Value::Unescaped(text) => of_text(text),
        Value::Int(number) => of_number(*number),
        _ => None,
    }
}

fn of_number(number: i64) -> Option<&'static str> {
    match number {
        10..20 => Some("trace"),
        20..30 => Some("debug"),
        30..40 => Some("info"),
        40..50 => Some("warn"),
        50..60 => Some("error"),
        60..70 => Some("fatal"),
        _ => None,
    }
}

/// The level that a line of text names among its first words: `ERROR`, `[error]`, `error:`. That of last words is `fatal`.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    const AMONG: usize = 6;
    if is_last_words(text) {
        return Some("fatal");
    }
    text.split_whitespace().take(AMONG).find_map(|word| {
        let bare = word.trim_matches(['[', ']', '(', ')', '<', '>', ':', '|', ',']);
        let is_marked = bare.len() < word.len() || bare.bytes().all(|byte| byte.is_ascii_uppercase());
        of_word(bare).filter(|_| is_marked)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_have_many_words_for_few_levels() {
        assert_eq!(of_cell(&Value::Int(50)), Some("error"));
        assert_eq!(of_cell(&Value::Text(b"WARNING")), Some("warn"));
        assert_eq!(of_text("[error] 123#123: connect() failed"), Some("error"));
        assert_eq!(of_text("main ERROR something"), Some("error"));
        assert_eq!(of_text("no error was found"), None);
        assert_eq!(of_text("fatal error: all goroutines are asleep"), Some("fatal"));
    }
}
