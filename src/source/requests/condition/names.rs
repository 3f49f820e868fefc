//! What a column may be called without quotes.

/// Words that join and compare, and so are no bare column names.
pub(super) const WORDS: [&str; 5] = ["and", "or", "not", "in", "like"];

fn begins_column(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '@')
}

pub(super) fn goes_on_column(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-')
}

/// Whether a column's name is understood without backquotes.
pub(super) fn is_bare_column(name: &str) -> bool {
    let whole = name.starts_with(begins_column) && name.chars().all(goes_on_column);
    whole && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
}
