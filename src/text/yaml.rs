//! Parts of a configuration as YAML text, in flow style: what is written here is read back as the same texts.

use super::node::{Node, Value};

/// A text as a YAML scalar in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut result = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => result.extend(['\\', c]),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                result.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => result.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

/// A text that is a name: without quotes where YAML cannot take it for anything else.
pub(crate) fn name(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%'));
    let reserved =
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain && !reserved { text.to_owned() } else { quoted(text) }
}

/// A part of the file as it was written, on one line.
pub(crate) fn flow(node: &Node) -> String {
    match &node.value {
        Value::Nothing => "null".to_owned(),
        Value::Scalar { text, plain } => {
            let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '%');
            let safe = *plain && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(number);
            if safe { text.clone() } else { quoted(text) }
        }
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let present = entries.iter().filter(|(_, node)| !matches!(node.value, Value::Nothing));
            let pairs = present.map(|(key, node)| format!("{}: {}", name(&key.value), flow(node)));
            braces(pairs.collect())
        }
    }
}

/// A map on one line.
pub(crate) fn braces(pairs: Vec<String>) -> String {
    match pairs.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", pairs.join(", ")),
    }
}

/// A text of a source or column, in which nothing is substituted.
pub(crate) fn literal(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}
