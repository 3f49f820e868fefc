//! Tables without names above their columns, as two load generators write them: their cells say whose they are.

use super::super::TimeUnit;
use super::super::condition::Condition;
use super::head::{self, is_digits};
use super::{LatencyFrom, Lines, Means, Names, Recipe, TimeFrom};

/// `vegeta encode --to csv`.
const VEGETA: [&str; 12] = [
    "timestamp",
    "code",
    "latency",
    "bytes_out",
    "bytes_in",
    "error",
    "body",
    "attack",
    "seq",
    "method",
    "url",
    "headers",
];
/// `h2load --log-file`.
const H2LOAD: [&str; 3] = ["timestamp", "status", "latency"];
/// A stream that failed has the status -1.
const H2LOAD_ERRORS: &str = "not (status >= 100 and status < 500)";

/// The recipe of such a table.
pub(super) fn recipe(head: &[u8]) -> Option<Recipe> {
    if is_vegeta(head) {
        return Some(Recipe {
            latency: vec![LatencyFrom::Column("latency".into(), TimeUnit::Nanoseconds)],
            ends: vec![("code".into(), Means::Status), ("error".into(), Means::Fault)],
            because: Some("vegeta"),
            ..plain(b',', &VEGETA)
        });
    }
    is_h2load(head).then(|| Recipe {
        latency: vec![LatencyFrom::Column("latency".into(), TimeUnit::Microseconds)],
        error: Condition::parse(H2LOAD_ERRORS).ok(),
        because: Some("h2load"),
        ..plain(b'\t', &H2LOAD)
    })
}

fn plain(by: u8, names: &'static [&'static str]) -> Recipe {
    let time = vec![TimeFrom::Column("timestamp".into())];
    Recipe { time, ..Recipe::plain(Lines::Delimited { by: Some(by), names: Names::Fixed(names) }) }
}

fn is_vegeta(head: &[u8]) -> bool {
    let cells: Vec<&[u8]> = head::first(head).split(|byte| *byte == b',').collect();
    let status = |cell: &[u8]| is_digits(cell) && cell.len() <= 3;
    cells.len() >= VEGETA.len()
        && is_epoch(cells[0], 19)
        && status(cells[1])
        && cells[2..5].iter().all(|cell| is_digits(cell))
}

fn is_h2load(head: &[u8]) -> bool {
    let cells: Vec<&[u8]> = head::first(head).split(|byte| *byte == b'\t').collect();
    let status = |cell: &[u8]| cell == b"-1" || is_digits(cell) && cell.len() == 3;
    cells.len() == 3 && is_epoch(cells[0], 16) && status(cells[1]) && is_digits(cells[2])
}

/// A time since 1970 of so many digits.
fn is_epoch(cell: &[u8], digits: usize) -> bool {
    cell.len() == digits && is_digits(cell) && matches!(cell[0], b'1' | b'2')
}
