//! The access logs of nginx, Apache and Traefik: which fields a line has is told by the first lines.
//!
//! The combined format itself does not say how long a request took; everybody appends it in a way of their own. What can
//! be told is told: a key says what its value is (`rt=0.005` is the request's time, `urt=0.005` an upstream's); a number with
//! its unit is a time (`100ms`); `**0/15538**` is Apache's `%T/%D`; nginx's `$request_time` has exactly three decimals. Bytes
//! (`%I %O`) and counters of requests are no times. A single field of other whole numbers may be Apache's `%D`
//! (microseconds), milliseconds or a port: it has its name, `request_time`, and the configuration has to say the unit.

use super::super::TimeUnit;
use super::super::number::with_unit;
use super::super::split::spaced::{Field, Fields, keyed, slashed};
use super::head;
use super::{Access, Behind, LatencyFrom, Lines, Means, Recipe, TimeFrom, usual};

/// How many fields behind the known ones are looked at.
const BEHIND: usize = 16;
/// How many of the first lines may be something else, such as a banner, before a file is no access log.
const LOOKED_AT: usize = 50;

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
/// Keys behind which the time of a request stands; what comes first is preferred.
const KEYS: [&str; 13] = [
    "request_time",
    "rt",
    "req_time",
    "reqtime",
    "rtime",
    "request_duration",
    "duration",
    "latency",
    "response_time",
    "took",
    "elapsed",
    "time_taken",
    "resp_time",
];

impl Access {
    /// The name of the time that a request took, whatever key it stands behind.
    pub const TOOK: &'static str = "request_time";

    /// The fields that every line has.
    pub fn known(&self) -> Vec<&'static str> {
        let fields = COMBINED.iter().take(if self.common { 7 } else { 9 }).copied();
        self.host.then_some("server_name").into_iter().chain(fields).collect()
    }

    /// The names of all columns of a file that begins so.
    pub fn names(&self, head: &[u8]) -> Vec<String> {
        let known = self.known().len();
        let mut names: Vec<String> = self.known().into_iter().map(str::to_owned).collect();
        names.extend(self.took.is_some().then(|| Access::TOOK.to_owned()));
        let rows: Vec<Vec<Field>> = rows(head, self).collect();
        for at in 0..rows.iter().map(Vec::len).max().unwrap_or(known).saturating_sub(known).min(BEHIND) {
            let key = rows.iter().find_map(|row| key(row.get(known + at)?));
            let name = key.map_or_else(|| format!("field_{}", known + at + 1), str::to_owned);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn of(fields: &[Field]) -> Option<Access> {
        let time = fields.iter().position(|field| field.mark == b'[').filter(|at| matches!(at, 3 | 4))?;
        let marked = |at: usize, mark: u8| fields.get(time + at).is_some_and(|field| field.mark == mark);
        let status = fields.get(time + 2)?.inner;
        let numeric = status.len() == 3 && status.iter().all(u8::is_ascii_digit);
        let sent = fields.get(time + 3)?.inner;
        let sent = sent == b"-" || sent.iter().all(u8::is_ascii_digit);
        let right = marked(1, b'"') && numeric && sent;
        right.then(|| Access { host: time == 4, common: !(marked(4, b'"') && marked(5, b'"')), took: None })
    }

    fn is_of(&self, fields: &[Field]) -> bool {
        Access::of(fields).is_some_and(|other| other.host == self.host && other.common == self.common)
    }
}

/// Whether a file that begins so is an access log: most of its first lines are access lines. Others may stand between them.
pub(super) fn is(head: &[u8]) -> bool {
    let lines: Vec<&[u8]> = head::whole(head).take(LOOKED_AT).collect();
    let hits = lines.iter().filter(|line| fields(line).is_some_and(|fields| Access::of(&fields).is_some())).count();
    hits > 0 && 2 * hits >= lines.len()
}

/// The recipe for a file that begins so.
pub(super) fn recipe(head: &[u8]) -> Recipe {
    let first = head::whole(head).filter_map(fields).find_map(|row| Access::of(&row));
    let mut access = first.unwrap_or(Access { host: false, common: false, took: None });
    let found = Behinds::of(head, &access).request_time();
    access.took = found.as_ref().map(|(place, ..)| place.clone());
    let took = Access::TOOK.to_owned();
    let latency = found.as_ref().and_then(|(_, unit, _)| *unit).map(|unit| match unit {
        Unit::Of(unit) => LatencyFrom::Column(took, unit),
        Unit::Written => LatencyFrom::Written(took),
    });
    Recipe {
        time: vec![TimeFrom::Column("time_local".into())],
        latency: latency.into_iter().collect(),
        ends: vec![("status".into(), Means::Status)],
        because: found.and_then(|(.., because)| because),
        ..Recipe::plain(Lines::Access(access))
    }
}

fn fields(line: &[u8]) -> Option<Vec<Field<'_>>> {
    Fields::of(line).collect()
}

/// The lines of this kind.
fn rows<'h>(head: &'h [u8], access: &Access) -> impl Iterator<Item = Vec<Field<'h>>> {
    head::whole(head).filter_map(fields).filter(|row| access.is_of(row))
}

fn key<'f>(field: &Field<'f>) -> Option<&'f str> {
    let equals = field.inner.iter().position(|byte| *byte == b'=').filter(|_| field.mark == b' ')?;
    let key = std::str::from_utf8(&field.inner[..equals]).ok()?;
    let named = key.starts_with(|c: char| c.is_alphabetic()) && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    named.then_some(key)
}

/// A place, its unit where that is known, and what it is known by.
type Found = (Behind, Option<Unit>, Option<&'static str>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Of(TimeUnit),
    /// In each cell.
    Written,
}

/// What stands behind the known fields of the first lines.
struct Behinds<'h> {
    rows: Vec<Vec<Field<'h>>>,
    known: usize,
    sent: usize,
}

impl<'h> Behinds<'h> {
    fn of(head: &'h [u8], access: &Access) -> Behinds<'h> {
        let known = access.known().len();
        Behinds { rows: rows(head, access).collect(), known, sent: usize::from(access.host) + 6 }
    }

    /// The fields in a place, as far as lines have one.
    fn column(&self, at: usize) -> impl Iterator<Item = &Field<'h>> {
        self.rows.iter().filter_map(move |row| row.get(self.known + at))
    }

    fn request_time(&self) -> Option<Found> {
        self.by_key().or_else(|| self.by_place())
    }

    /// Behind the key that says so. The keys of upstreams' times are others.
    fn by_key(&self) -> Option<Found> {
        let mut keys: Vec<&str> = Vec::new();
        for field in self.rows.iter().flat_map(|row| row.iter().skip(self.known)) {
            keys.extend(key(field).filter(|key| !keys.contains(key)));
        }
        let usual = KEYS.iter().find_map(|usual| keys.iter().find(|key| key.eq_ignore_ascii_case(usual)));
        let key = usual.or_else(|| keys.iter().find(|key| matches!(usual::latency(key), Some(Some(_)))))?;
        let behind = |row: &Vec<Field<'h>>| {
            let field = row.iter().skip(self.known).find(|field| self::key(field) == Some(key));
            field.map(|field| keyed(field.inner)).filter(|cell| *cell != b"-")
        };
        let cells: Vec<&[u8]> = self.rows.iter().filter_map(behind).collect();
        let named = usual::latency(key).flatten().map(Unit::Of);
        let (unit, because) = match named {
            Some(unit) => (Some(unit), None),
            None => unit(&cells),
        };
        Some((Behind::Key((*key).to_owned()), unit, because))
    }

    fn by_place(&self) -> Option<Found> {
        let cells = |at: usize| -> Vec<&[u8]> {
            let unkeyed = self.column(at).filter(|field| field.mark != b'[' && key(field).is_none());
            unkeyed.map(|field| field.inner).filter(|cell| *cell != b"-").collect()
        };
        let columns: Vec<(usize, Vec<&[u8]>)> =
            (0..BEHIND).map(|at| (at, cells(at))).filter(|(_, cells)| !cells.is_empty()).collect();
        let all = |is: fn(&[u8]) -> bool| columns.iter().filter(move |(_, cells)| cells.iter().all(|cell| is(cell)));
        if let Some((at, _)) = all(|cell| with_unit(cell).is_some()).next_back() {
            return Some((Behind::Field(*at), Some(Unit::Written), None));
        }
        let pairs = |(_, cells): &&&(usize, Vec<&[u8]>)| cells.iter().all(|cell| is_seconds_and_microseconds(cell));
        if let Some((at, _)) = columns.iter().collect::<Vec<_>>().iter().find(pairs) {
            let micros = Unit::Of(TimeUnit::Microseconds);
            return Some((Behind::Slash(*at), Some(micros), Some("as Apache's %T/%D")));
        }
        let named = |cells: &[&[u8]]| {
            let unit = TimeUnit::named(std::str::from_utf8(cells[0]).ok()?)?;
            cells.iter().all(|cell| *cell == cells[0]).then_some(unit)
        };
        let behind = columns.iter().find_map(|(at, cells)| Some((at.checked_sub(1)?, named(cells)?)));
        if let Some((at, unit)) = behind {
            return Some((Behind::Field(at), Some(Unit::Of(unit)), Some("by the unit behind it")));
        }
        if self.is_ingress() {
            return Some((Behind::Field(1), Some(Unit::Of(TimeUnit::Seconds)), Some("in the layout of ingress-nginx")));
        }
        if let Some(at) = self.longest(all(is_seconds).collect()) {
            return Some((Behind::Field(at), Some(Unit::Of(TimeUnit::Seconds)), Some("by its three decimals")));
        }
        self.whole(all(is_whole).collect())
    }

    /// ingress-nginx: length, time, `[proxy]`, `[alternative]`, and what the upstream said.
    fn is_ingress(&self) -> bool {
        let bracketed = |at: usize| self.column(at).all(|field| field.mark == b'[');
        let says = |at: usize, is: fn(&[u8]) -> bool| self.column(at).all(|field| is(field.inner));
        self.column(3).next().is_some() && bracketed(2) && bracketed(3) && says(0, is_whole) && says(1, is_seconds)
    }

    /// Of several fields of seconds the request's is the longest; an upstream's is rounded by itself, and so may be a
    /// millisecond more. Where they are alike, the first that no line lacks.
    fn longest(&self, seconds: Vec<&(usize, Vec<&[u8]>)>) -> Option<usize> {
        let whole = seconds.iter().map(|(_, cells)| cells.len()).max()?;
        let mut whole = seconds.iter().filter(|(_, cells)| cells.len() == whole);
        let sum = |cells: &[&[u8]]| cells.iter().map(|cell| number(cell)).sum::<f64>();
        let first = whole.next()?;
        let longer = |best: (usize, f64), (at, cells): &&(usize, Vec<&[u8]>)| match sum(cells) {
            more if more > best.1 + 0.001 * cells.len() as f64 => (*at, more),
            _ => best,
        };
        Some(whole.fold((first.0, sum(&first.1)), longer).0)
    }

    /// Whole numbers: behind the bytes that Apache's `%I %O` count stands `%D`; a single field may be anything, unless it
    /// counts requests or bytes.
    fn whole(&self, whole: Vec<&(usize, Vec<&[u8]>)>) -> Option<Found> {
        let numbers = |cells: &[&[u8]]| cells.iter().map(|cell| number(cell)).collect::<Vec<f64>>();
        let sent: Vec<f64> = self.rows.iter().map(|row| number(row[self.sent].inner)).collect();
        let holds =
            |cells: &[&[u8]]| cells.len() == sent.len() && numbers(cells).iter().zip(&sent).all(|(a, b)| a >= b);
        let counts = |cells: &[&[u8]]| cells.len() > 2 && numbers(cells).windows(2).all(|pair| pair[0] < pair[1]);
        let is_sent = |cells: &[&[u8]]| holds(cells) && numbers(cells) == sent;
        match whole.as_slice() {
            [(0, _), (1, output), (2, took)] if holds(output) && numbers(took).iter().any(|took| *took >= 1000.0) => {
                let because = Some("as Apache's %D behind %I %O");
                Some((Behind::Field(2), Some(Unit::Of(TimeUnit::Microseconds)), because))
            }
            [(at, cells)] if !counts(cells) && !is_sent(cells) => Some((Behind::Field(*at), None, None)),
            _ => None,
        }
    }
}

/// The unit of cells behind a key, where they show it.
fn unit(cells: &[&[u8]]) -> (Option<Unit>, Option<&'static str>) {
    match () {
        () if usual::most(cells, |cell| is_seconds(cell)) => {
            (Some(Unit::Of(TimeUnit::Seconds)), Some("by its three decimals"))
        }
        () if usual::most(cells, |cell| with_unit(cell).is_some()) => (Some(Unit::Written), None),
        () => (None, None),
    }
}

/// `**0/15538**`: the same time in seconds and in microseconds.
fn is_seconds_and_microseconds(cell: &[u8]) -> bool {
    let Some(micros) = slashed(cell).filter(|micros| is_whole(micros)) else { return false };
    let seconds = cell.trim_ascii().strip_suffix(b"**").unwrap_or(cell);
    let seconds = seconds.strip_prefix(b"**").unwrap_or(seconds);
    let seconds = &seconds[..seconds.len().saturating_sub(micros.len() + 1)];
    is_whole(seconds) && (number(micros) / 1e6).floor() == number(seconds)
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
