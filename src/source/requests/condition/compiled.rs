//! A condition over the fields of a row by their places: asked for every row, so that nothing is looked up, parsed twice or
//! allocated there.

use std::collections::HashSet;

use glob::Pattern;

use super::{Condition, Literal, Relation, Test};
use crate::source::requests::Value;

/// A condition over the fields of a row by their places.
#[derive(Debug, Clone)]
pub struct Compiled(Node);

#[derive(Debug, Clone)]
enum Node {
    /// The field in this place, compared.
    Is(usize, Check),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

#[derive(Debug, Clone)]
enum Check {
    /// A number on the wanted side of a limit.
    Number(Relation, f64),
    /// A text and nothing else.
    Text(Word),
    /// Anything but this text.
    Other(Word),
    /// One of these.
    In(Vec<f64>, Vec<Word>),
    /// One of many.
    Among(Box<Many>),
    /// A text that begins so.
    Begins(Box<[u8]>),
    /// A text like this one.
    Like(Box<Pattern>),
}

/// So many values are not looked through one by one.
const FEW: usize = 16;

/// Many values, to be found at once.
#[derive(Debug, Clone)]
struct Many {
    numbers: HashSet<u64>,
    texts: HashSet<Box<[u8]>>,
    /// What cells that are no texts are compared with.
    words: Vec<Word>,
}

impl Many {
    fn new(numbers: &[f64], words: Vec<Word>) -> Many {
        let numbers = numbers.iter().map(|number| bits(*number)).collect();
        Many { numbers, texts: words.iter().map(|word| word.text.clone()).collect(), words }
    }

    fn has(&self, cell: &Value) -> bool {
        let text = |text: &[u8]| {
            let text = text.trim_ascii();
            let truth = text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false");
            self.texts.contains(text) || truth && self.texts.contains(text.to_ascii_lowercase().as_slice())
        };
        let word = match cell {
            Value::Missing => false,
            Value::Text(cell) => text(cell),
            Value::Unescaped(cell) => text(cell),
            other => self.words.iter().any(|word| word.is(other)),
        };
        word || !self.numbers.is_empty() && number(cell).is_some_and(|number| self.numbers.contains(&bits(number)))
    }
}

/// The same for numbers that are equal.
fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}

/// A text, and what else is written so.
#[derive(Debug, Clone)]
struct Word {
    text: Box<[u8]>,
    int: Option<i64>,
    float: Option<f64>,
}

impl Compiled {
    /// `slot` gives each column its place among the fields.
    pub fn new(condition: &Condition, slot: &mut dyn FnMut(&str) -> usize) -> Compiled {
        Compiled(node(condition, slot))
    }

    /// Whether it holds for a row. A field that the row does not have is missing.
    pub fn holds(&self, fields: &[Value]) -> bool {
        self.0.holds(fields)
    }
}

fn node(condition: &Condition, slot: &mut dyn FnMut(&str) -> usize) -> Node {
    match condition {
        Condition::Is(test) => Node::Is(slot(&test.column), check(test)),
        Condition::Not(inner) => Node::Not(Box::new(node(inner, slot))),
        Condition::All(parts) => Node::All(parts.iter().map(|part| node(part, slot)).collect()),
        Condition::Any(parts) => Node::Any(parts.iter().map(|part| node(part, slot)).collect()),
    }
}

fn check(test: &Test) -> Check {
    let words = || {
        test.values.iter().filter_map(|value| match value {
            Literal::Text(text) => Some(Word::new(text)),
            Literal::Number(_) => None,
        })
    };
    let numbers = || {
        test.values.iter().filter_map(|value| match value {
            Literal::Number(number) => Some(*number),
            Literal::Text(_) => None,
        })
    };
    match (test.relation, test.values.first()) {
        (Relation::In, _) if test.values.len() > FEW => {
            Check::Among(Box::new(Many::new(&numbers().collect::<Vec<_>>(), words().collect())))
        }
        (Relation::In, _) | (_, None) => Check::In(numbers().collect(), words().collect()),
        (Relation::Like, Some(value)) => {
            let pattern = match value {
                Literal::Text(text) => text.clone(),
                Literal::Number(number) => number.to_string(),
            };
            match pattern.strip_suffix('*').filter(|begin| !begin.contains(['*', '?', '[', ']'])) {
                Some(begin) => Check::Begins(begin.as_bytes().into()),
                // one that is no pattern was refused when it was read; built by hand, it matches nothing
                None => Pattern::new(&pattern)
                    .map_or_else(|_| Check::In(Vec::new(), Vec::new()), |pattern| Check::Like(Box::new(pattern))),
            }
        }
        (relation, Some(Literal::Number(number))) => Check::Number(relation, *number),
        (Relation::Unequal, Some(Literal::Text(text))) => Check::Other(Word::new(text)),
        (_, Some(Literal::Text(text))) => Check::Text(Word::new(text)),
    }
}

impl Word {
    fn new(text: &str) -> Word {
        let int = text.parse::<i64>().ok().filter(|int| int.to_string() == text);
        let float = text.parse::<f64>().ok().filter(|float| float.to_string() == text);
        Word { text: text.as_bytes().into(), int, float }
    }

    /// Whether a text is this one but for spaces around it. What is true or false may be so in capitals: `True`.
    fn is_text(&self, text: &[u8]) -> bool {
        let text = text.trim_ascii();
        let truth = || matches!(&*self.text, b"true" | b"false") && text.eq_ignore_ascii_case(&self.text);
        *text == *self.text || truth()
    }

    /// Whether a cell is written so.
    fn is(&self, cell: &Value) -> bool {
        match cell {
            Value::Missing => false,
            Value::Text(text) => self.is_text(text),
            Value::Unescaped(text) => self.is_text(text),
            Value::Int(int) => self.int == Some(*int),
            Value::Float(float) => self.float == Some(*float),
            Value::Bool(yes) => *self.text == *if *yes { b"true".as_slice() } else { b"false" },
            Value::Instant(_) => as_text(cell, |text| *text == *self.text),
        }
    }
}

impl Node {
    fn holds(&self, fields: &[Value]) -> bool {
        match self {
            Node::Is(slot, check) => check.holds(fields.get(*slot).unwrap_or(&Value::Missing)),
            Node::Not(inner) => !inner.holds(fields),
            Node::All(parts) => parts.iter().all(|part| part.holds(fields)),
            Node::Any(parts) => parts.iter().any(|part| part.holds(fields)),
        }
    }
}

impl Check {
    fn holds(&self, cell: &Value) -> bool {
        match self {
            Check::Number(relation, limit) => match number(cell) {
                Some(number) => match relation {
                    Relation::Unequal => number != *limit,
                    Relation::Less => number < *limit,
                    Relation::AtMost => number <= *limit,
                    Relation::More => number > *limit,
                    Relation::AtLeast => number >= *limit,
                    Relation::Equal | Relation::In | Relation::Like => number == *limit,
                },
                None => *relation == Relation::Unequal,
            },
            Check::Text(word) => word.is(cell),
            Check::Other(word) => !word.is(cell),
            Check::In(numbers, words) => {
                let is_number = || number(cell).is_some_and(|number| numbers.contains(&number));
                words.iter().any(|word| word.is(cell)) || (!numbers.is_empty() && is_number())
            }
            Check::Among(many) => many.has(cell),
            Check::Begins(begin) => as_text(cell, |text| text.starts_with(begin)),
            Check::Like(pattern) => as_text(cell, |text| match std::str::from_utf8(text) {
                Ok(text) => pattern.matches(text),
                Err(_) => pattern.matches(&String::from_utf8_lossy(text)),
            }),
        }
    }
}

/// The number that a cell is.
fn number(cell: &Value) -> Option<f64> {
    match cell {
        Value::Int(int) => Some(*int as f64),
        Value::Float(float) => Some(*float).filter(|float| !float.is_nan()),
        Value::Text(text) => written(text),
        Value::Unescaped(text) => written(text),
        Value::Missing | Value::Instant(_) | Value::Bool(_) => None,
    }
}

/// The number that is written: up to 15 digits by themselves, which is what a status or a count has, are read at once.
fn written(text: &[u8]) -> Option<f64> {
    if (1..=15).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) {
        return Some(text.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0')) as f64);
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    // `inf` and `nan` are words
    let begins = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| begins)
}

/// What a cell is as text; what is missing is like nothing.
fn as_text(cell: &Value, says: impl Fn(&[u8]) -> bool) -> bool {
    match cell {
        Value::Missing => false,
        Value::Text(text) => says(text),
        Value::Unescaped(text) => says(text),
        Value::Bool(yes) => says(if *yes { b"true" } else { b"false" }),
        Value::Int(int) => says(int.to_string().as_bytes()),
        Value::Float(float) => says(float.to_string().as_bytes()),
        Value::Instant(ns) => {
            jiff::Timestamp::from_nanosecond(i128::from(*ns)).is_ok_and(|instant| says(instant.to_string().as_bytes()))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn holds(condition: &str, cell: Value) -> bool {
        let condition = Condition::parse(condition).unwrap();
        let compiled = Compiled::new(&condition, &mut |column| if column == "x" { 1 } else { 7 });
        compiled.holds(&[Value::Missing, cell])
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(text.as_bytes())
    }

    #[test]
    fn numbers_compare_as_numbers_however_they_are_written() {
        for cell in [text("500"), text("500.0"), text(" 5e2"), Value::Int(500), Value::Float(500.0)] {
            for yes in ["x = 500", "x >= 500", "x <= 500", "x > 499.9", "x in [1, 500]", "x != 499", "not x < 500"] {
                assert!(holds(yes, cell.clone()), "{yes} {cell:?}");
            }
            for no in ["x != 500", "x > 500", "x < 500", "x in [1, 2]", "x = 5000"] {
                assert!(!holds(no, cell.clone()), "{no} {cell:?}");
            }
        }
        assert!(holds("x < 0", text("-1")) && holds("x > 1e17", text("123456789012345678")));
    }

    #[test]
    fn what_is_missing_or_no_number_satisfies_unequal_and_nothing_else() {
        for cell in
            [Value::Missing, text("abc"), text(""), text("inf"), text("NaN"), Value::Bool(true), Value::Float(f64::NAN)]
        {
            assert!(holds("x != 500", cell.clone()) && holds("not x = 500", cell.clone()), "{cell:?}");
            for no in ["x = 500", "x < 500", "x >= 500", "x in [500]", "x like \"5*\""] {
                assert!(!holds(no, cell.clone()), "{no} {cell:?}");
            }
        }
        for no in ["x = \"\"", "x like \"*\"", "x in [a]"] {
            assert!(!holds(no, Value::Missing), "{no}");
        }
        assert!(holds("x != \"\"", Value::Missing) && holds("y != 1", text("1")), "a place beyond the row is missing");
    }

    #[test]
    fn texts_compare_byte_by_byte_and_a_number_by_its_usual_text() {
        assert!(holds("x = \"42\"", text("42")) && !holds("x = \"42\"", text("42.0")) && !holds("x = a", text("A")));
        assert!(holds("x = \"42\"", Value::Int(42)) && !holds("x = \"042\"", Value::Int(42)));
        assert!(holds("x = \"0.5\"", Value::Float(0.5)) && !holds("x = \"0.50\"", Value::Float(0.5)));
        assert!(
            holds("x = true", Value::Bool(true))
                && holds("x != true", Value::Bool(false))
                && holds("x = true", text("true"))
        );
        assert!(holds("x = 'a\"b'", Value::Unescaped(b"a\"b".as_slice().into())));
        assert!(holds("x = \"2026-11-21T00:00:00Z\"", Value::Instant(1_795_219_200_000_000_000)));
        assert!(
            holds("x in [\"a\", 7]", text("7"))
                && holds("x in [\"a\", 7]", text("a"))
                && !holds("x in [\"a\", 7]", text("b"))
        );
    }

    #[test]
    fn a_long_list_means_what_a_short_one_means() {
        let values = ["500", "0", "1.5", "a", "\"42\"", "true"];
        let long: Vec<String> = (0..40).map(|n| format!("x{n}")).collect();
        for cell in [
            text("500.0"),
            text("-0"),
            text("1.50"),
            text(" a "),
            text("42"),
            text("42.0"),
            text("TRUE"),
            text("b"),
            text("x"),
            Value::Int(42),
            Value::Int(500),
            Value::Int(7),
            Value::Float(1.5),
            Value::Bool(true),
            Value::Bool(false),
            Value::Missing,
            Value::Unescaped(b"a".as_slice().into()),
        ] {
            let short = holds(&format!("x in [{}]", values.join(", ")), cell.clone());
            let many = holds(&format!("x in [{}, {}]", values.join(", "), long.join(", ")), cell.clone());
            assert_eq!(short, many, "{cell:?}");
        }
        assert!(holds(&format!("x in [{}]", long.join(", ")), text("x39")));
    }

    #[test]
    fn patterns() {
        for (pattern, cell, like) in [
            ("/api/*", "/api/v1/x", true),
            ("/api/*", "/ap", false),
            ("*", "", true),
            ("*.jpg", "/a/b.jpg", true),
            ("/a?c", "/abc", true),
            ("/a[bx]c", "/adc", false),
            ("/é*", "/éa", true),
            ("/é?", "/éé", true),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--b--", false),
        ] {
            assert_eq!(holds(&format!("x like \"{pattern}\""), text(cell)), like, "{pattern} {cell}");
        }
        assert!(Condition::parse("x like 5*").is_err());
        assert!(holds("x like \"5??\"", Value::Int(503)) && holds("x like \"?*\"", Value::Text(b"\xff")));
    }
}
