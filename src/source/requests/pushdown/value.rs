//! What is in the cells of a row, in SQL: numbers, texts, how a request ended, how long it took, and the cell of a histogram.

use std::collections::BTreeSet;

use super::{Dialect, Refused, Table};
use crate::series::Grid;
use crate::source::file::number::GAPS;
use crate::source::requests::condition::{Literal, Relation};
use crate::source::requests::outcome::{BADLY, WELL};
use crate::source::requests::{Condition, LONGEST, Latency, TimeUnit};

/// A number as davy reads one in text. Words such as `inf` are none.
const NUMBER: &str = "^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$";
/// Words of a status by how it ended: well, the client's own fault, badly.
const WORDS: [(&str, &[&str], &[&str]); 3] =
    [("0", &["1xx", "2xx", "3xx"], &WELL), ("1", &["4xx"], &[]), ("2", &["5xx"], &BADLY)];

/// The columns of a table, as an engine reads them.
pub(super) struct Columns {
    pub(super) dialect: Dialect,
    /// Those that hold text, so that a number has to be read from it.
    texts: BTreeSet<String>,
}

impl Columns {
    /// Columns hold text that somebody says so of, or that any condition compares with text.
    pub(super) fn of(table: &Table, conditions: &[&Condition]) -> Columns {
        let mut texts = table.texts.clone();
        conditions.iter().for_each(|condition| add_texts(condition, &mut texts));
        Columns { dialect: table.dialect, texts }
    }

    /// A column's name in its quotes.
    pub(super) fn name(&self, column: &str) -> Result<String, Refused> {
        self.dialect.name(column)
    }

    /// A column as text.
    pub(super) fn text(&self, column: &str) -> Result<String, Refused> {
        Ok(self.dialect.to_text(&self.name(column)?))
    }

    /// A column as a number; null where a text is none.
    pub(super) fn number(&self, column: &str) -> Result<String, Refused> {
        if !self.texts.contains(column) {
            return Ok(self.dialect.to_double(&self.name(column)?));
        }
        let text = self.dialect.trimmed(&self.text(column)?);
        let (is_number, number) = (self.dialect.matches(&text, NUMBER), self.dialect.to_double(&text));
        Ok(format!("CASE WHEN {is_number} THEN {number} END"))
    }

    /// How a request with this status ended: 0 well, 1 refused, 2 badly; null where the status does not say it.
    pub(super) fn ended(&self, status: &str) -> Result<String, Refused> {
        let (number, dialect) = (self.number(status)?, self.dialect);
        let nan = dialect.known(&dialect.is_nan(&number));
        let below = |limit: f64| format!("{number} < {}", dialect.number(limit));
        let by_number = format!(
            "CASE WHEN {nan} OR {} THEN NULL WHEN {} THEN 2 WHEN {} THEN NULL WHEN {} THEN 0 WHEN {} THEN 1 WHEN {number} >= {} THEN 2",
            below(0.0),
            below(1.0),
            below(100.0),
            below(400.0),
            below(500.0),
            dialect.number(500.0)
        );
        if !self.texts.contains(status) {
            return Ok(format!("{by_number} END"));
        }
        let word = format!("LOWER({})", dialect.trimmed(&self.text(status)?));
        let by_word = WORDS.iter().map(|(ended, classes, words)| {
            let words =
                classes.iter().chain(*words).map(|word| dialect.literal(word)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!(" WHEN {word} IN ({}) THEN {ended}", words.join(", ")))
        });
        Ok(format!("{by_number}{} END", by_word.collect::<Result<String, Refused>>()?))
    }

    /// How long a request took in whole nanoseconds, at most [`LONGEST`]; null where nobody measured it.
    pub(super) fn nanoseconds(&self, latency: &Latency) -> Result<String, Refused> {
        let of_name = latency.column.rsplit_once('_').and_then(|(_, unit)| TimeUnit::named(unit));
        let unit = match (latency.unit, of_name) {
            (Some(said), Some(named)) if said != named => {
                let problem = format!("the name of {:?} does not say {}", latency.column, said.name());
                return Err(Refused::new(problem, "leave `unit` out").about(&latency.column));
            }
            (said, named) => said.or(named).ok_or_else(|| {
                let problem = format!("nothing says what the numbers of {:?} are in", latency.column);
                let hint = format!("write `latency: {{ column: {}, unit: ms }}`", latency.column);
                Refused::new(problem, hint).about(&latency.column)
            })?,
        };
        let (number, dialect) = (self.number(&latency.column)?, self.dialect);
        let nan = dialect.known(&dialect.is_nan(&number));
        let power = dialect.number(10_f64.powi(unit.power() as i32));
        // 12.345 is meant, not the 12.3449999 that the binary number is
        let nanoseconds = format!("{number} * {power} * {}", dialect.number(1.0 + f64::EPSILON));
        let longest = dialect.number(LONGEST as f64);
        Ok(format!(
            "CASE WHEN {nan} OR {number} < {} THEN NULL WHEN {nanoseconds} >= {longest} THEN {LONGEST} \
             WHEN {number} >= {} THEN {} END",
            dialect.number(0.0),
            dialect.number(0.0),
            dialect.to_integer(&nanoseconds)
        ))
    }

    /// Whether a latency is below zero or a word, and not merely missing: such a row counts, and is one that cannot be read.
    pub(super) fn is_wrong(&self, latency: &str) -> Result<String, Refused> {
        let (number, dialect) = (self.number(latency)?, self.dialect);
        let negative = dialect.known(&format!("{number} < {}", dialect.number(0.0)));
        if !self.texts.contains(latency) {
            return Ok(negative);
        }
        let text = dialect.trimmed(&self.text(latency)?);
        let gaps = GAPS.iter().map(|gap| dialect.literal(gap)).collect::<Result<Vec<_>, _>>()?.join(", ");
        let word = format!("NOT {} AND NOT LOWER({text}) IN ({gaps})", dialect.matches(&text, NUMBER));
        Ok(format!("({negative} OR {})", dialect.known(&format!("({word})"))))
    }

    /// The cell of a whole number that is not above [`LONGEST`]: a tree of comparisons, the index a sum of whole numbers.
    pub(super) fn cell(&self, number: &str, digits: u8) -> String {
        let bits = Grid::of_digits(digits, 1).bits();
        if self.dialect == Dialect::Clickhouse {
            return by_exponent(number, bits);
        }
        let most = (64 - LONGEST.leading_zeros()).saturating_sub(bits);
        self.doublings(number, bits, (0, most), 4)
    }

    /// The same of a number that was doubled from `from` to `to` times beyond the cells of single numbers.
    fn doublings(&self, number: &str, bits: u32, (from, to): (u32, u32), depth: usize) -> String {
        if from == to {
            return match from {
                0 => number.to_owned(),
                _ => format!("{} + {}", u64::from(from) << (bits - 1), self.dialect.shifted(number, from)),
            };
        }
        let middle = (from + to) / 2;
        let pad = "  ".repeat(depth);
        let [low, high] = [(from, middle), (middle + 1, to)].map(|part| self.doublings(number, bits, part, depth + 1));
        format!("CASE WHEN {number} < {}\n{pad}THEN {low}\n{pad}ELSE {high} END", 1_u64 << (bits + middle))
    }
}

/// The same from the exponent of the number as an IEEE float, which is exact below `2^53`. ClickHouse computes every branch of a
/// tree for every row, which takes five times as long.
fn by_exponent(number: &str, bits: u32) -> String {
    let whole = format!("assumeNotNull({number})");
    let exponent = format!("bitShiftRight(reinterpretAsUInt64(toFloat64({whole})), 52)");
    // the exponent of 1 is 1023
    let doublings = format!("greatest({exponent} - {}, 0)", 1022 + bits);
    format!("{doublings} * {} + bitShiftRight({whole}, {doublings})", 1_u64 << (bits - 1))
}

/// Notes the columns that are compared with texts.
fn add_texts(condition: &Condition, texts: &mut BTreeSet<String>) {
    match condition {
        Condition::Is(test) => {
            let is_text = |value: &Literal| matches!(value, Literal::Text(_));
            if test.relation == Relation::Like || test.values.iter().any(is_text) {
                texts.insert(test.column.clone());
            }
        }
        Condition::Not(inner) => add_texts(inner, texts),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| add_texts(part, texts)),
    }
}
