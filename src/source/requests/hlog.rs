//! HdrHistogram's interval logs, versions 0 to 2: one histogram per line, as jHiccup, YCSB and others write them.
//!
//! ```text
//! #[StartTime: 1441812279.474 (seconds since epoch), ...]
//! "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//! 0.127,1.007,2.769,HISTFAAAAEV42pNp...
//! Tag=READ,1.134,0.999,0.442,HISTFAAAAEJ42pNp...
//! ```
//!
//! When an interval began follows the rules of HdrHistogram's own reader: its timestamp is counted from `#[BaseTime: ]` where
//! there is one. Otherwise the first interval decides for all: if it lies more than a year before `#[StartTime: ]`, timestamps
//! are counted from the start, or else since 1970. The versions differ in the encoding of the histograms alone, which each
//! histogram says of itself; that the headers of the oldest call the second column an end does not make it one.
//!
//! Nothing in a log says what the values are: nanoseconds, unless the user knows better. The maxima beside the histograms are
//! milliseconds by default, so that their ratio to the values gives a wrong unit away ([`Aggregates::doubt`]).

use std::collections::BTreeMap;
use std::io::BufRead;

use super::feed::each_line;
use super::{Aggregate, Aggregates, TimeUnit};
use crate::encoded;
use crate::series::Timestamp;
use crate::source::error::Error;

/// A line longer than this is no interval: the largest histogram that is written takes a tenth of it.
const LONGEST_LINE: u64 = 1 << 26;
const NANOSECONDS: i128 = 1_000_000_000;
const YEAR: i128 = 365 * 24 * 3600 * NANOSECONDS;

/// Reads a whole log; `unit` says what the values are, if not nanoseconds.
pub fn read(content: impl BufRead, unit: Option<TimeUnit>) -> Result<Aggregates, Error> {
    let mut log = Log::default();
    each_line(content, LONGEST_LINE, |line, _| log.line(line))?;
    if log.rows.is_empty() && !log.is_log {
        return Err(Error::unreadable("has no interval of a histogram log").expected(LINE));
    }
    let used = unit.unwrap_or(TimeUnit::Nanoseconds);
    let doubt = log.largest.and_then(|(value, shown)| doubt(value / shown, used));
    Ok(Aggregates { rows: log.rows, scale: used.in_milliseconds(), doubt, unread: BTreeMap::new() })
}

const LINE: &str = "lines such as `0.127,1.007,2.769,HISTFAAA…`: begin, length, maximum, histogram";

#[derive(Default)]
struct Log {
    rows: Vec<Aggregate>,
    start: Option<i128>,
    base: Option<i128>,
    /// Whether a comment or header said what this is.
    is_log: bool,
    /// The largest value, and what is written beside it.
    largest: Option<(f64, f64)>,
}

impl Log {
    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let text = std::str::from_utf8(line).map_err(|_| Error::unreadable("is not text").expected(LINE))?;
        let text = text.trim();
        if let Some(comment) = text.strip_prefix('#') {
            self.comment(comment)
        } else if text.starts_with("\"StartTimestamp\"") || text.starts_with("\"Timestamp\"") {
            self.is_log = true;
            Ok(())
        } else if text.is_empty() {
            Ok(())
        } else {
            self.interval(text)
        }
    }

    fn comment(&mut self, comment: &str) -> Result<(), Error> {
        let after = |name: &str| {
            let words = comment.strip_prefix('[')?.strip_prefix(name)?.strip_prefix(':')?;
            words.trim_start().split([' ', ']', ',']).next()
        };
        let instant = |text: &str| seconds(text).ok_or_else(|| not_seconds(text));
        self.is_log |= comment.starts_with("[Histogram log format version");
        if let Some(text) = after("StartTime") {
            self.start = Some(instant(text)?);
        } else if let Some(text) = after("BaseTime") {
            self.base = Some(instant(text)?);
        }
        Ok(())
    }

    fn interval(&mut self, text: &str) -> Result<(), Error> {
        let mut cells = text.split([',', ' ']);
        let mut begin = cells.next().unwrap_or_default();
        let tag = begin.strip_prefix("Tag=");
        if tag.is_some() {
            begin = cells.next().unwrap_or_default();
        }
        let [Some(length), Some(largest), Some(histogram)] = [cells.next(), cells.next(), cells.next()] else {
            let problem = "is not an interval of a histogram log";
            let error = Error::unreadable(problem).expected(LINE).hint("Was the log cut off?");
            // what begins otherwise is a line of something else
            return Err(if text.starts_with(|c: char| c.is_ascii_digit()) { error.value(text) } else { error });
        };
        let begin = seconds(begin).ok_or_else(|| not_seconds(begin))?;
        seconds(length).ok_or_else(|| not_seconds(length))?;
        let shown: f64 = largest.parse().map_err(|_| Error::unreadable("is not a number").value(largest))?;
        let wrong = |error: encoded::Error| {
            let hint = "Was the line cut off? Remove it, or write the log again.";
            Error::unreadable(error.to_string()).value(histogram).hint(hint)
        };
        let bins = encoded::of_text(histogram).map_err(wrong)?;
        let begin = begin + self.base(begin);
        let time = Timestamp::from_nanosecond(begin).ok();
        if let Some((last, _)) = bins.cells().last()
            && shown > 0.0
            && self.largest.is_none_or(|(_, before)| shown > before)
        {
            self.largest = Some((bins.grid().high(last) as f64, shown));
        }
        self.rows.push(Aggregate {
            time: Some(time.ok_or_else(|| Error::unreadable("begins at no time that there is").value(text))?),
            fields: tag.map(|tag| ("tag".to_owned(), tag.to_owned())).into_iter().collect(),
            requests: bins.total(),
            errors: None,
            bins: Some(bins),
        });
        Ok(())
    }

    /// What timestamps are counted from; decided by the first, where nothing says it.
    fn base(&mut self, first: i128) -> i128 {
        let start = *self.start.get_or_insert(first);
        *self.base.get_or_insert(if first < start - YEAR { start } else { 0 })
    }
}

fn not_seconds(text: &str) -> Error {
    Error::unreadable("is not a number of seconds").value(text).expected(LINE)
}

/// Seconds as nanoseconds, without the rounding of binary fractions. An instant stays within ten thousand years.
fn seconds(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || whole.is_empty() || whole.len() > 12 {
        let number: f64 = text.parse().ok().filter(|number: &f64| number.abs() < 1e12)?;
        return Some((number * 1e6).round() as i128 * 1_000);
    }
    let part: i128 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    let all = whole.parse::<i128>().ok()? * NANOSECONDS + part;
    Some(if negative { -all } else { all })
}

/// What values per unit of the maxima tell of the values' unit, if the maxima are milliseconds as by default.
fn doubt(ratio: f64, used: TimeUnit) -> Option<String> {
    let all = [("ns", TimeUnit::Nanoseconds), ("us", TimeUnit::Microseconds), ("ms", TimeUnit::Milliseconds)];
    let near = |unit: TimeUnit| (ratio / 10_f64.powi(6 - unit.power() as i32)).log10().abs() < 0.3;
    let (seems, _) = all.into_iter().find(|(_, unit)| near(*unit) && *unit != used)?;
    let (taken, _) = all.into_iter().find(|(_, unit)| *unit == used)?;
    Some(format!(
        "the values are taken for {taken}, but to the maxima beside them, which are milliseconds by default, they are as \
         {seems}: if they are, say `unit: {seems}`"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::{Bins, Grid};

    fn one() -> String {
        let bins = Bins::new(Grid::THREE_DIGITS, None, vec![(5, 3), (2000, 4)]);
        encoded::text(&bins)
    }

    fn times(text: &str) -> Vec<String> {
        let read = read(text.replace("HIST", &one()).as_bytes(), None).unwrap();
        read.rows.iter().map(|row| row.time.unwrap().to_string()).collect()
    }

    #[test]
    fn timestamps_are_counted_from_base_or_start_or_1970() {
        assert_eq!(times("0.5,1.0,0.002,HIST\n"), ["1970-01-01T00:00:00.5Z"]);
        let started = "#[StartTime: 1441812279.474 (seconds since epoch), Wed Sep 09 08:24:39 PDT 2015]\n";
        let relative = times(&format!("{started}0.127,1,1,HIST\r\n1.1,1,1,HIST"));
        assert_eq!(relative, ["2015-09-09T15:24:39.601Z", "2015-09-09T15:24:40.574Z"]);
        let absolute = times(&format!("{started}1441812279.469,1,1,HIST\n\n#1\n1441812280.4690,1,1,HIST\n"));
        assert_eq!(absolute, ["2015-09-09T15:24:39.469Z", "2015-09-09T15:24:40.469Z"]);
        let based = times(&format!("#[BaseTime: 1000000000.25]\n{started}0.5,1,1,HIST\n1e1,1,1,HIST\n"));
        assert_eq!(based, ["2001-09-09T01:46:40.75Z", "2001-09-09T01:46:50.25Z"]);
    }

    #[test]
    fn tags_become_a_field_and_units_a_scale() {
        let text = format!("\"StartTimestamp\",\"EndTimestamp\"\nTag=READ,1,1,0.001,{}\n2,1,0.001,{}\n", one(), one());
        let counted = read(text.as_bytes(), Some(TimeUnit::Microseconds)).unwrap();
        assert_eq!((counted.scale, counted.rows[0].requests, counted.rows[1].errors), (1e-3, 7, None));
        assert_eq!(counted.rows[0].fields, [("tag".to_owned(), "READ".to_owned())]);
        assert_eq!(counted.rows[1].fields, []);
        assert_eq!(read(&b"#[Histogram log format version 1.3]\n"[..], None).unwrap().rows, []);
    }

    #[test]
    fn a_wrong_unit_is_given_away_by_the_maxima() {
        let doubt = |max: &str, unit| read(format!("1,1,{max},{}\n", one()).as_bytes(), unit).unwrap().doubt;
        assert_eq!(doubt("2.000", None), Some(
            "the values are taken for ns, but to the maxima beside them, which are milliseconds by default, they are as us: if \
             they are, say `unit: us`".to_owned()
        ));
        assert_eq!(doubt("2.000", Some(TimeUnit::Microseconds)), None);
        assert_eq!(doubt("0.002", None), None);
        assert_eq!(doubt("2000", Some(TimeUnit::Milliseconds)), None);
        assert_eq!(doubt("0.000", None), None);
    }

    #[test]
    fn a_damaged_log_is_refused_with_its_line() {
        let error = |text: &str| read(text.as_bytes(), None).unwrap_err().within("a.hlog").to_string();
        let cut = &one()[..30];
        assert!(error(&format!("#x\n1,1,1,{cut}")).starts_with("a.hlog, line 2: \""), "{}", error(cut));
        assert!(
            error("1,1,1,HISTFAAA").contains("ends too early. Was the line cut off?"),
            "{}",
            error("1,1,1,HISTFAAA")
        );
        assert!(error("1,1,1,%").contains("\"%\" is not base64 text"));
        assert!(error("1,1,x,HISTFAAA").starts_with("a.hlog, line 1: \"x\" is not a number"));
        assert!(
            error("1,1").starts_with("a.hlog, line 1: \"1,1\" is not an interval of a histogram log; expected lines")
        );
        assert!(error("now,1,1,HISTFAAA").starts_with("a.hlog, line 1: \"now\" is not a number of seconds"));
        assert!(error("#[StartTime: soon]").starts_with("a.hlog, line 1: \"soon\" is not a number of seconds"));
        assert!(error(&format!("999999999999,1,1,{}", one())).contains("begins at no time that there is"));
        assert!(error("").starts_with("a.hlog: has no interval of a histogram log; expected lines"));
        assert!(read(&b"\xff\xfe\x00"[..], None).unwrap_err().to_string().contains("is not text"));
    }
}
