//! One line as a record: when it was, what it says, how severe it is, and the columns that conditions ask for.

use std::ops::Range;

use super::asked::Log;
use super::{level, plain_text};
use crate::source::error::Error;
use crate::source::file::logfmt;
use crate::source::requests::condition::{Compiled, Literal, Relation, Test};
use crate::source::requests::{Arms, Clock, Condition, Json, Splits, Value, plain};

/// What columns with the time are called, the surest first.
const TIMES: [&str; 16] = [
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "t",
    "datetime",
    "date",
    "_time",
    "@t",
    "eventTime",
    "event_time",
    "asctime",
    "Timestamp",
    "instant",
    "time_iso8601",
    "log_time",
];
/// What columns with the message are called, the surest first.
const MESSAGES: [&str; 16] = [
    "message",
    "msg",
    "@message",
    "short_message",
    "@m",
    "@mt",
    "event",
    "log",
    "text",
    "body",
    "textPayload",
    "Message",
    "MESSAGE",
    "error.message",
    "log.message",
    "line",
];
/// Words of conditions for what is the same in all programs.
const LEVEL: &str = "level";

const NOT_JSON: &str = "is not a JSON object";
const NO_TIME: &str = "has no time that can be read";
const NO_MESSAGE: &str = "has no message";

/// What a line is.
pub(super) enum Line {
    /// A record of its own.
    Is(Record),
    /// It goes on with the record before.
    GoesOn,
    /// It has nothing.
    Empty,
    /// It cannot be read, for this reason.
    Bad(&'static str),
}

/// A line that was read.
pub(super) struct Record {
    /// When it was, in nanoseconds since 1970.
    pub(super) at: i64,
    /// The first line of what it says.
    pub(super) message: String,
    /// By the places of the logs: nothing if it is not a line of that arm, else whether it counts.
    pub(super) of: Vec<Option<bool>>,
}

/// Whose lines are kept of an input, and which.
struct Of {
    /// The conditions that tell the arms apart, and the place of that which holds for this arm.
    whose: Vec<Compiled>,
    place: usize,
    filter: Option<Compiled>,
}

/// Reads the lines of one input.
pub(super) struct Reader {
    wanted: Vec<String>,
    json: Json,
    times: Range<usize>,
    messages: Range<usize>,
    levels: Range<usize>,
    /// The place of the level in one word.
    level: usize,
    of: Vec<Of>,
    clock: Clock,
    text_clock: Clock,
    wrap_clock: Clock,
    /// Whether lines of text have times of their own.
    is_text_timed: bool,
    /// Whether times were written around lines.
    is_wrap_timed: bool,
    /// When the last record was.
    last: Option<i64>,
}

impl Reader {
    /// For the lines of these logs, which have their inputs in common.
    pub(super) fn new(logs: &[&Log]) -> Result<Reader, Error> {
        let mut wanted: Vec<String> = Vec::new();
        let mut names = |own: Option<&String>, usual: &[&str]| {
            let from = wanted.len();
            match own {
                Some(name) => wanted.push(name.clone()),
                None => wanted.extend(usual.iter().map(|name| (*name).to_owned())),
            }
            from..wanted.len()
        };
        let first = logs.first();
        let times = names(first.and_then(|log| log.time.as_ref()), &TIMES);
        let messages = names(first.and_then(|log| log.message.as_ref()), &MESSAGES);
        let levels = names(None, &level::NAMES);
        let level = wanted.len();
        // a name that no column has
        wanted.push("\u{0}level".into());
        let mut slot = |name: &str| match name {
            LEVEL => level,
            _ => wanted.iter().position(|known| known == name).unwrap_or_else(|| {
                wanted.push(name.to_owned());
                wanted.len() - 1
            }),
        };
        let mut compiled = |condition: &Condition| Compiled::new(condition, &mut slot);
        let of = logs.iter().map(|log| {
            let filter = log.filter.as_ref().map(&mut compiled);
            let (whose, place) = match &log.arms {
                Arms::All(_) => (Vec::new(), 0),
                Arms::Column(name) => {
                    let column = name.clone().unwrap_or("arm".into());
                    let values = vec![Literal::Text(log.arm.clone())];
                    (vec![compiled(&Condition::Is(Test { column, relation: Relation::Equal, values }))], 0)
                }
                Arms::When(all) => {
                    let place = all.iter().position(|(name, _)| *name == log.arm).unwrap_or(usize::MAX);
                    (all.iter().map(|(_, condition)| compiled(condition)).collect(), place)
                }
            };
            Of { whose, place, filter }
        });
        let of = of.collect();
        let clock = Clock::new(first.and_then(|log| log.zone.as_deref()))?;
        Ok(Reader {
            json: Json::new(&wanted),
            wanted,
            times,
            messages,
            levels,
            level,
            of,
            text_clock: clock.clone(),
            wrap_clock: clock.clone(),
            clock,
            is_text_timed: false,
            is_wrap_timed: false,
            last: None,
        })
    }

    /// Whether a name is that of a time or of a message: the header of a table has both.
    pub(super) fn knows(&self, names: &[String]) -> bool {
        let any = |range: &Range<usize>| self.wanted[range.clone()].iter().any(|known| names.contains(known));
        any(&self.times) && any(&self.messages)
    }

    /// Reads a line without its end. `time` is what was written around it, and `labels` columns that it does not have itself.
    pub(super) fn line(&mut self, line: &[u8], time: Option<&str>, labels: &[(String, String)]) -> Line {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return Line::Empty;
        }
        let time = time.and_then(|time| self.wrap_clock.instant(&Value::Text(time.as_bytes())).ok());
        self.is_wrap_timed |= time.is_some();
        self.inner(line, time, labels)
    }

    /// A line without what is around it.
    fn inner(&mut self, line: &[u8], time: Option<i64>, labels: &[(String, String)]) -> Line {
        let mut fields = vec![Value::Missing; self.wanted.len()];
        if line.starts_with(b"{") {
            return match self.json.split(line, &mut fields) {
                Ok(_) => self.record(fields, time, labels, None),
                // a stack trace may have braces
                Err(_) if self.is_text_timed && self.last.is_some() => Line::GoesOn,
                Err(_) => Line::Bad(NOT_JSON),
            };
        }
        if let Some(pairs) = pairs(line) {
            for (name, value) in &pairs {
                let place = self.wanted.iter().position(|known| known.as_bytes() == *name);
                place.into_iter().for_each(|place| fields[place] = Value::Text(value));
            }
            return self.record(fields, time, labels, None);
        }
        let text = String::from_utf8_lossy(line);
        let timed = plain_text::timed(&text, &mut self.text_clock);
        self.is_text_timed |= timed.is_some();
        match timed {
            // a program that dies has no time for a time
            None if level::is_last_words(&text) => self.record(fields, time.or(self.last), labels, Some(&text)),
            None if self.last.is_some() && self.goes_on(&text, time) => Line::GoesOn,
            None => self.record(fields, time, labels, Some(&text)),
            Some((at, rest)) if rest.starts_with('{') || pairs(rest.as_bytes()).is_some() => {
                self.inner(rest.as_bytes(), time.or(Some(at)), labels)
            }
            Some((at, rest)) => self.record(fields, time.or(Some(at)), labels, Some(rest)),
        }
    }

    /// Whether a line of text without a time of its own goes on with the record before.
    fn goes_on(&self, text: &str, time: Option<i64>) -> bool {
        self.is_text_timed || self.is_wrap_timed && time.is_none() || plain_text::goes_on(text)
    }

    /// Reads a row of a table.
    pub(super) fn row(&mut self, names: &[String], cells: &csv::ByteRecord) -> Line {
        let mut fields = vec![Value::Missing; self.wanted.len()];
        for (name, cell) in names.iter().zip(cells.iter()).filter(|(_, cell)| !cell.is_empty()) {
            let place = self.wanted.iter().position(|known| known == name);
            place.into_iter().for_each(|place| fields[place] = Value::Text(cell));
        }
        self.record(fields, None, &[], None)
    }

    /// A record by its cells; of a line of text by what follows its time.
    fn record<'v>(
        &mut self,
        mut fields: Vec<Value<'v>>,
        time: Option<i64>,
        labels: &'v [(String, String)],
        text: Option<&'v str>,
    ) -> Line {
        for (name, value) in labels {
            if let Some(place) = self.wanted.iter().position(|known| known == name)
                && fields[place] == Value::Missing
            {
                fields[place] = Value::Text(value.as_bytes());
            }
        }
        let own = fields[self.times.clone()].iter().find(|cell| **cell != Value::Missing);
        let Some(at) = time.or_else(|| self.clock.instant(own?).ok()) else { return Line::Bad(NO_TIME) };
        let message = match text {
            Some(text) => text.to_owned(),
            None => {
                let cell = fields[self.messages.clone()].iter().find(|cell| **cell != Value::Missing);
                cell.map(plain).unwrap_or_default()
            }
        };
        let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
        if message.is_empty() {
            return Line::Bad(NO_MESSAGE);
        }
        let named = fields[self.levels.clone()].iter().find_map(level::of_cell);
        if let Some(level) = named.or_else(|| level::of_text(&message)) {
            fields[self.level] = Value::Text(level.as_bytes());
        }
        if let Some(text) = text {
            fields[self.messages.start] = Value::Text(text.as_bytes());
        }
        let of = |of: &Of| {
            let first = of.whose.iter().position(|condition| condition.holds(&fields));
            let is_own = of.whose.is_empty() || first == Some(of.place);
            is_own.then(|| of.filter.as_ref().is_none_or(|filter| filter.holds(&fields)))
        };
        let of = self.of.iter().map(of).collect();
        self.last = Some(at);
        Line::Is(Record { at, message, of })
    }
}

/// The pairs of a line of logfmt; nothing of one that only has some.
fn pairs(line: &[u8]) -> Option<Vec<(&[u8], Vec<u8>)>> {
    let space = memchr::memchr(b' ', line).unwrap_or(line.len());
    memchr::memchr(b'=', &line[..space])?;
    logfmt(line)
}
