//! A query with names, as a query with numbered parameters.
//!
//! Each distinct `${…}` becomes one parameter: `$1`, `$2` … So an expression may be repeated in `GROUP BY`. Inside quotes and
//! comments a server looks for no parameter. There a name would be taken as it is written, so it is refused.

use crate::source::template::Template;
use crate::text::problem::Complaint;

/// Stands around the number of a name until the names are parameters. No text of a person has it.
pub const MARK: char = '\u{1}';

/// A query whose parameters are bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The query as a person wrote it.
    pub written: String,
    /// The query as it is sent: `$1` for the first name.
    pub text: String,
    /// What is bound, in the order of the parameters.
    pub binds: Vec<Bind>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Its name: `version`.
    pub name: String,
    /// Its value, once the window is known.
    pub value: Template,
}

/// What is wrong with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The name of this number stands inside quotes.
    Quoted(usize),
    /// The name of this number stands in a comment.
    Comment(usize),
    /// It has a parameter with a number of its own.
    Numbered,
    /// A quote or a comment does not end.
    Open,
}

impl Mistake {
    /// What to say of it: where it stands in the query as written, and what to write instead.
    pub(crate) fn complaint(self, written: &str, names: &[String]) -> Complaint {
        let place = |number: usize| {
            let name = names.get(number).map_or("", String::as_str);
            let start = written.find(&format!("${{{name}")).unwrap_or_default();
            let end = written[start..].find('}').map_or(written.len(), |end| start + end + 1);
            (name, start..end)
        };
        match self {
            Mistake::Quoted(number) => {
                let (name, part) = place(number);
                let message = format!("`${{{name}}}` is sent as a bound value, and inside quotes it would be text");
                Complaint::new(message).hint("leave the quotes out: `version = ${version}`").within(part)
            }
            Mistake::Comment(number) => {
                let (name, part) = place(number);
                let message = format!("`${{{name}}}` stands in a comment, where nothing is filled in");
                Complaint::new(message).hint("leave it out of the comment").within(part)
            }
            Mistake::Numbered => Complaint::new("the query has a numbered parameter, and davy numbers them itself")
                .hint("write a name: `${version}`"),
            Mistake::Open => Complaint::new("a quote or a comment of the query does not end").hint("close it"),
        }
    }
}

impl Statement {
    /// A query in which marks hold the places of names.
    ///
    /// # Errors
    ///
    /// A name stands where no parameter can, or the query has numbered parameters of its own.
    pub fn new(written: &str, marked: &str, binds: Vec<Bind>) -> Result<Statement, Mistake> {
        let mut text = String::with_capacity(marked.len());
        let mut rest = marked;
        while !rest.is_empty() {
            let (kind, length) = token(rest).ok_or(Mistake::Open)?;
            let (token, after) = rest.split_at(length);
            match kind {
                Kind::Name => text.push_str(&format!("${}", number(token) + 1)),
                Kind::Numbered => return Err(Mistake::Numbered),
                Kind::Quote if token.contains(MARK) => return Err(Mistake::Quoted(number(token))),
                Kind::Comment if token.contains(MARK) => return Err(Mistake::Comment(number(token))),
                Kind::Quote | Kind::Comment | Kind::Plain => text.push_str(token),
            }
            rest = after;
        }
        Ok(Statement { written: written.to_owned(), text, binds })
    }

    /// The line at a position of the sent query, in characters from 1: its number, and its text as it was written.
    pub fn line_at(&self, position: usize) -> (usize, &str) {
        let before = self.text.chars().take(position.saturating_sub(1)).filter(|c| *c == '\n').count();
        (before + 1, self.written.lines().nth(before).unwrap_or_default().trim())
    }
}

/// The number between the first two marks of a text.
fn number(text: &str) -> usize {
    text.split(MARK).nth(1).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

enum Kind {
    Name,
    Numbered,
    Quote,
    Comment,
    Plain,
}

/// What a query begins with, and how many bytes it has; nothing where it does not end.
fn token(text: &str) -> Option<(Kind, usize)> {
    let first = text.chars().next()?;
    match first {
        MARK => text[1..].find(MARK).map(|end| (Kind::Name, end + 2)),
        '\'' => ended(text, '\'', false).map(|end| (Kind::Quote, end)),
        '"' => ended(text, '"', false).map(|end| (Kind::Quote, end)),
        'e' | 'E' if text[1..].starts_with('\'') => ended(&text[1..], '\'', true).map(|end| (Kind::Quote, end + 1)),
        '-' if text.starts_with("--") => Some((Kind::Comment, text.find('\n').unwrap_or(text.len()))),
        '/' if text.starts_with("/*") => comment(text).map(|end| (Kind::Comment, end)),
        '$' => dollar(text),
        c if c == '_' || c.is_alphabetic() => {
            let end = text.find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric()));
            Some((Kind::Plain, end.unwrap_or(text.len())))
        }
        c => Some((Kind::Plain, c.len_utf8())),
    }
}

/// Where a quote ends; a doubled one inside is itself, as is one after a backslash where those count.
fn ended(text: &str, quote: char, has_backslashes: bool) -> Option<usize> {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        match c {
            '\\' if has_backslashes => {
                inside.next();
            }
            c if c == quote => match inside.peek() {
                Some((_, next)) if *next == quote => {
                    inside.next();
                }
                _ => return Some(at + 1),
            },
            _ => {}
        }
    }
    None
}

/// Where a comment ends, which may hold others.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

/// A dollar begins a numbered parameter, or a text between `$tag$` and `$tag$`.
fn dollar(text: &str) -> Option<(Kind, usize)> {
    let after = &text[1..];
    if after.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((Kind::Numbered, 2));
    }
    let tag = after.find(|c: char| !(c == '_' || c.is_alphanumeric())).filter(|end| after[*end..].starts_with('$'));
    let Some(end) = tag else { return Some((Kind::Plain, 1)) };
    let tag = &text[..end + 2];
    text[tag.len()..].find(tag).map(|close| (Kind::Quote, tag.len() + close + tag.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(marked: &str) -> Result<String, Mistake> {
        Statement::new(marked, &marked.replace('@', "\u{1}0\u{1}").replace('%', "\u{1}1\u{1}"), Vec::new())
            .map(|statement| statement.text)
    }

    #[test]
    fn names_become_parameters_and_a_name_twice_is_one() {
        assert_eq!(sent("where v = @ and at >= % and w = @").as_deref(), Ok("where v = $1 and at >= $2 and w = $1"));
        let plain = "x::int, 'it''s', a$b, E'\\'', $q$ ' $q$, \"a\"\"\" -- '";
        assert_eq!(sent(plain).as_deref(), Ok(plain));
    }

    #[test]
    fn a_name_in_quotes_or_comments_is_refused() {
        for text in ["'@'", "'it''s @'", "\"@\"", "E'\\' @'", "$$ @ $$", "$a$ $$ @ $a$"] {
            assert_eq!(sent(text), Err(Mistake::Quoted(0)), "{text}");
        }
        for text in ["-- @", "1 /* a /* b */ @ */"] {
            assert_eq!(sent(text), Err(Mistake::Comment(0)), "{text}");
        }
        assert_eq!(sent("-- it's\n@").as_deref(), Ok("-- it's\n$1"));
        assert_eq!(sent("a = $1"), Err(Mistake::Numbered));
        for text in ["'a", "\"a", "/* a", "$$ a", "E'\\'"] {
            assert_eq!(sent(text), Err(Mistake::Open), "{text}");
        }
    }

    #[test]
    fn a_position_is_a_line_as_it_was_written() {
        let statement =
            Statement::new("select é,\n  ${v}, eror", "select é,\n  \u{1}0\u{1}, eror", Vec::new()).unwrap();
        assert_eq!(statement.text, "select é,\n  $1, eror");
        assert_eq!(statement.line_at(17), (2, "${v}, eror"));
    }

    proptest! {
        #[test]
        fn any_query_is_answered(text in r#"([$'"@%\-/*\\eE\n]|\PC){0,24}"#) {
            if let Ok(sent) = sent(&text) {
                prop_assert!(!sent.contains(MARK));
            }
        }
    }
}
