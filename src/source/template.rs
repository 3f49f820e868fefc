//! Texts in which the window is filled in when it is known: `${from}`, `${to}` and their like.
//!
//! Labels are filled in when a query is planned, but the window is known only when it is asked. What is left open then is
//! kept between marks that no text of a person has.

use crate::series::{SignedDuration, Timestamp, Window};

const MARK: char = '\u{1}';

/// The names that a window fills in.
///
/// Stores whose windows begin after the given second, or end with it, take `before_unix` and `last_unix`.
pub const NAMES: [&str; 9] =
    ["from", "to", "from_unix", "to_unix", "from_ms", "to_ms", "step_seconds", "before_unix", "last_unix"];

/// A text with places for the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(pub(crate) String);

impl Template {
    /// What stands for a name until the window is known; nothing for other names.
    pub(crate) fn hold(name: &str) -> Option<String> {
        NAMES.contains(&name).then(|| format!("{MARK}{name}{MARK}"))
    }

    /// A text whose labels are filled in, and whose window is not: `${from}` stands in it as a person wrote it.
    pub(crate) fn of_described(text: &str) -> Template {
        let mark = |text: String, name: &&str| text.replace(&format!("${{{name}}}"), &format!("{MARK}{name}{MARK}"));
        Template(NAMES.iter().fold(text.to_owned(), mark))
    }

    /// What stands for a query that is known as late as the window.
    pub(crate) fn hold_query() -> String {
        format!("{MARK}query{MARK}")
    }

    /// Whether such a query has a place in it.
    pub(crate) fn has_query(&self) -> bool {
        self.0.contains(&Template::hold_query())
    }

    /// The text with the query in its place.
    pub(crate) fn with_query(&self, query: &str) -> Template {
        Template(self.0.replace(&Template::hold_query(), &query.replace(MARK, "")))
    }

    /// The text for one window and step.
    pub fn fill(&self, window: Window, step: SignedDuration) -> String {
        self.with(|name| value(name, window, step))
    }

    /// The text as a person wrote it.
    pub fn describe(&self) -> String {
        self.with(|name| format!("${{{name}}}"))
    }

    /// Whether a text of marks is one name and nothing else.
    pub(crate) fn is_one_name(text: &str) -> bool {
        let inner = text.strip_prefix(MARK).and_then(|text| text.strip_suffix(MARK));
        inner.is_some_and(|name| NAMES.contains(&name))
    }

    fn with(&self, value: impl Fn(&str) -> String) -> String {
        let parts = self.0.split(MARK).enumerate();
        parts.map(|(at, part)| if at % 2 == 1 { value(part) } else { part.to_owned() }).collect()
    }
}

/// What a name of the window is filled with. Whole seconds are written as such.
pub fn value(name: &str, window: Window, step: SignedDuration) -> String {
    let milliseconds = |at: Timestamp| at.as_millisecond();
    match name {
        "from" => window.start.to_string(),
        "to" => window.end.to_string(),
        "from_unix" => window.start.as_second().to_string(),
        "before_unix" => (window.start.as_second() - 1).to_string(),
        "last_unix" => (window.end.as_second() - 1).to_string(),
        "to_unix" => window.end.as_second().to_string(),
        "from_ms" => milliseconds(window.start).to_string(),
        "to_ms" => milliseconds(window.end).to_string(),
        _ => step.as_secs().max(1).to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_filled_in_and_everything_else_stays() {
        let window =
            Window { start: "2026-03-01T12:00:00Z".parse().unwrap(), end: "2026-03-01T13:00:00Z".parse().unwrap() };
        let hold = |name| Template::hold(name).unwrap();
        let text = Template(format!("a={}&b={}&c={}&d=${{x}}", hold("from"), hold("to_ms"), hold("step_seconds")));
        let filled = text.fill(window, SignedDuration::from_mins(5));
        assert_eq!(filled, "a=2026-03-01T12:00:00Z&b=1772370000000&c=300&d=${x}");
        assert_eq!(text.describe(), "a=${from}&b=${to_ms}&c=${step_seconds}&d=${x}");
        assert_eq!(Template::of_described(&text.describe()), text);
        assert_eq!(Template::hold("arm"), None);
    }
}
