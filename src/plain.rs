//! Foreign names as a person can see them: nothing that a terminal obeys, nothing that hides or turns text around.
//!
//! Names of files, labels and columns come from elsewhere. Control characters become visible signs, invisible characters
//! vanish, and a name never begins a new line.

/// What stands for a character; nothing for one that nobody sees.
pub fn sign(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('␡'),
        '\u{80}'..='\u{9f}' => Some('\u{fffd}'),
        c if is_invisible(c) => None,
        c => Some(c),
    }
}

/// A text of one line.
pub fn line(text: &str) -> String {
    text.chars().filter_map(sign).collect()
}

/// The beginning of a text on one line, with so many characters at most.
pub fn shorten(text: &str, most: usize) -> String {
    let text = line(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text of several lines.
pub fn lines(text: &str) -> String {
    text.chars().filter_map(|c| if c == '\n' { Some(c) } else { sign(c) }).collect()
}

/// A path.
pub fn path(path: impl AsRef<std::path::Path>) -> String {
    line(&path.as_ref().to_string_lossy())
}

/// Marks of direction, joiners, variation selectors, tags and fillers: they show nothing, but change what is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}
