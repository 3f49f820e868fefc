//! The access logs of nginx and Apache: which fields a line has is told by the first lines.
//!
//! The combined format itself does not say how long a request took; everybody appends it in a way of their own. What can
//! be told is told: nginx's `$request_time` has exactly three decimals (seconds); of several such fields the request's
//! time is the longest, an upstream's never more; it may be behind a key (`rt=0.005`). A single field of whole numbers may be
//! Apache's `%D` (microseconds), milliseconds, a port or a counter of requests: it has its name, `request_time`, and the
//! configuration has to say the unit.

use super::super::split::spaced::{Field, Fields, keyed};
use super::head;
use super::{LatencyFrom, Lines, Recipe, TimeFrom, TimeUnit};

const TIMES: usize = 8;
const WIDE: usize = 20;

const COMBINED: [&str; 9] = [
    "remote_addr",
    "ident",
    "remote_user",
    "time_local",
    "request",
    "status",
    "body_bytes_sent",
    "http_referer",
    "http_user_agent",
];
const NUMBERED: [&str; WIDE] = [
    "field_1", "field_2", "field_3", "field_4", "field_5", "field_6", "field_7", "field_8", "field_9", "field_10",
    "field_11", "field_12", "field_13", "field_14", "field_15", "field_16", "field_17", "field_18", "field_19",
    "field_20",
];

/// By whether the name of the host comes first, whether it is the common format (no referer and no user agent), whether
/// the time is behind a key, and which of the fields it is.
static LAYOUTS: [[[[[&str; WIDE]; TIMES]; 2]; 2]; 2] =
    [[keys(false, false), keys(false, true)], [keys(true, false), keys(true, true)]];

const fn keys(host: bool, common: bool) -> [[[&'static str; WIDE]; TIMES]; 2] {
    [layouts(host, common, "request_time"), layouts(host, common, "request_time=")]
}

const fn layouts(host: bool, common: bool, name: &'static str) -> [[&'static str; WIDE]; TIMES] {
    let mut all = [NUMBERED; TIMES];
    let (first, known) = (host as usize, if common { 7 } else { 9 });
    let mut time = 0;
    while time < TIMES {
        let mut at = 0;
        while at < known {
            all[time][first + at] = COMBINED[at];
            at += 1;
        }
        if host {
            all[time][0] = "server_name";
        }
        all[time][first + known + time] = name;
        time += 1;
    }
    all
}

/// What a line of the format has before the time that a request took.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    host: bool,
    common: bool,
}

impl Shape {
    fn of(fields: &[Field]) -> Option<Shape> {
        let time = fields.iter().position(|field| field.mark == b'[').filter(|at| matches!(at, 3 | 4))?;
        let marked = |at: usize, mark: u8| fields.get(time + at).is_some_and(|field| field.mark == mark);
        let status = fields.get(time + 2)?.inner;
        let numeric = status.len() == 3 && status.iter().all(u8::is_ascii_digit);
        let sent = fields.get(time + 3)?.inner;
        let sent = sent == b"-" || sent.iter().all(u8::is_ascii_digit);
        let right = marked(1, b'"') && numeric && sent;
        right.then(|| Shape { host: time == 4, common: !(marked(4, b'"') && marked(5, b'"')) })
    }

    fn known(self) -> usize {
        usize::from(self.host) + if self.common { 7 } else { 9 }
    }
}

/// Whether a line is of this format.
pub(super) fn is(line: &[u8]) -> bool {
    fields(line).is_some_and(|fields| Shape::of(&fields).is_some())
}

/// The recipe for a file that begins so.
pub(super) fn recipe(head: &[u8]) -> Recipe {
    let rows: Vec<Vec<Field>> = head::whole(head).filter_map(fields).collect();
    let shape = rows.iter().find_map(|row| Shape::of(row)).unwrap_or(Shape { host: false, common: false });
    let found = request_time(&rows, shape);
    let (time, unit) = found.unwrap_or((0, None));
    let behind_key = |row: &Vec<Field>| row.get(shape.known() + time).is_some_and(|field| field.inner.contains(&b'='));
    let key = found.is_some() && rows.iter().any(behind_key);
    let names = &LAYOUTS[usize::from(shape.host)][usize::from(shape.common)][usize::from(key)][time];
    Recipe {
        lines: Lines::Spaced { names },
        time: vec![TimeFrom::Column("time_local".into())],
        latency: unit.map(|unit| LatencyFrom::Column("request_time".into(), unit)).into_iter().collect(),
        status: vec!["status"],
        error: None,
        only: None,
    }
}

fn fields(line: &[u8]) -> Option<Vec<Field<'_>>> {
    Fields::of(line).collect()
}

/// Which of the fields behind the known ones is the time that a request took, and its unit where that can be told.
fn request_time(rows: &[Vec<Field>], shape: Shape) -> Option<(usize, Option<TimeUnit>)> {
    let column = |at: usize| -> Vec<&[u8]> {
        let cells =
            rows.iter().filter(|row| Shape::of(row) == Some(shape)).filter_map(|row| row.get(shape.known() + at));
        cells.map(|field| keyed(field.inner)).filter(|cell| *cell != b"-").collect()
    };
    let columns: Vec<(usize, Vec<&[u8]>)> =
        (0..TIMES).map(|at| (at, column(at))).filter(|(_, cells)| !cells.is_empty()).collect();
    let sum = |cells: &[&[u8]]| cells.iter().map(|cell| number(cell)).sum::<f64>();
    let seconds = columns.iter().filter(|(_, cells)| cells.iter().all(|cell| is_seconds(cell)));
    if let Some((at, _)) = seconds.max_by(|a, b| sum(&a.1).total_cmp(&sum(&b.1)).then(b.0.cmp(&a.0))) {
        return Some((*at, Some(TimeUnit::Seconds)));
    }
    let mut whole = columns.iter().filter(|(_, cells)| cells.iter().all(|cell| is_whole(cell)));
    let (at, _) = whole.next().filter(|_| whole.next().is_none())?;
    Some((*at, None))
}

fn is_whole(cell: &[u8]) -> bool {
    !cell.is_empty() && cell.iter().all(u8::is_ascii_digit)
}

/// `0.005`, but not the instant `1416396000.123`.
fn is_seconds(cell: &[u8]) -> bool {
    let point = cell.iter().position(|byte| *byte == b'.');
    let digits = cell.iter().filter(|byte| byte.is_ascii_digit()).count();
    point.is_some_and(|at| (1..7).contains(&at) && cell.len() == at + 4) && digits + 1 == cell.len()
}

fn number(cell: &[u8]) -> f64 {
    std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}
