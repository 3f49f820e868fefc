//! What Prometheus scrapes, as text or as OpenMetrics, saved with times: several scrapes in one file, or what a store dumps.
//!
//! A sample becomes a row with its time, its labels and its number, as one of Prometheus' answers does. A sample without a time is
//! of a moment that the file does not tell, and a single scrape is one moment: neither shows how anything went on.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::super::peek::broken;
use super::super::table::{Keep, Table};
use super::points::{self, Series};
use crate::source::error::{Error, Place};
use crate::source::exposition::{END, sample};

/// How many samples show what a file without comments is.
const LOOKED_AT: usize = 5;
const MARKS: [&str; 3] = ["# HELP ", "# TYPE ", "# UNIT "];
const INSTEAD: &str = "Several scrapes with times are read, and a source `prometheus: { scrapes: PATH }` counts them. Or ask Prometheus over \
     a range: `promtool query range -o json SERVER QUERY`.";

/// Whether a content begins so: with what is said of a metric, or with samples that have labels and times.
pub(in crate::source::file) fn is(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    if MARKS.iter().any(|mark| text.trim_start().starts_with(mark)) {
        return true;
    }
    // the last line may go on behind the head
    let Some((whole, _)) = text.rsplit_once('\n') else { return false };
    let lines = whole.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first: Vec<_> = lines.take(LOOKED_AT).map(sample).collect();
    let timed = first.iter().all(|sample| sample.as_ref().is_some_and(|sample| sample.at.is_some()));
    timed && first.iter().flatten().any(|sample| sample.labels.len() > 1)
}

/// The points of a series: its labels, and times with numbers.
type Found = BTreeMap<Vec<(String, String)>, Vec<(Value, Value)>>;

/// Reads the samples as rows.
pub(in crate::source::file) fn read(content: impl Read, keep: Keep) -> Result<Table, Error> {
    let found = found(content)?;
    let several = found.values().any(|points| points.iter().any(|(time, _)| *time != points[0].0));
    if !several {
        let problem = "is a single scrape of metrics: one moment, which cannot be judged";
        return Err(Error::unreadable(problem).hint(INSTEAD));
    }
    let series = found.iter().map(|(labels, points)| {
        let (names, labels): (Vec<_>, Vec<_>) = labels.iter().cloned().partition(|(label, _)| label == "__name__");
        let name = names.into_iter().next().map(|(_, name)| name);
        Series { name, labels, points: points.iter().map(|(time, value)| (time, value)).collect() }
    });
    points::table(&series.collect::<Vec<_>>(), keep)
}

fn found(content: impl Read) -> Result<Found, Error> {
    let mut content = BufReader::with_capacity(1 << 16, content);
    let mut found = Found::new();
    let (mut line, mut last, mut ends) = (String::new(), 0, false);
    let mut is_ended = false;
    for number in 1.. {
        line.clear();
        let read = content.read_line(&mut line).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => Error::unreadable("is not UTF-8").at(Place::line(number)),
            _ => broken(&error),
        })?;
        let text = line.trim();
        if read == 0 {
            break;
        }
        if text.is_empty() {
            continue;
        }
        last = number;
        is_ended = text == END;
        ends |= is_ended;
        let place = Place::line(number);
        // a number that is cut off is another number
        if !line.ends_with('\n') && !is_ended {
            let error = Error::unreadable("breaks off: its last line has no end").at(place);
            return Err(error.hint("Save the scrape again. A whole one ends with a line feed."));
        }
        if text.starts_with('#') {
            continue;
        }
        let sample = sample(text).ok_or_else(|| {
            Error::unreadable("cannot be read as a sample")
                .at(place)
                .expected("a sample: `http_requests_total{code=\"200\"} 1027 1395066363000`")
        })?;
        let Some(at) = sample.at else {
            let problem = "is a sample without a time: a scrape of one moment cannot be judged";
            return Err(Error::unreadable(problem).at(place).hint(INSTEAD));
        };
        let point = (Value::from(at), Value::from(sample.value.to_string()));
        found.entry(sample.labels).or_default().push(point);
    }
    if ends && !is_ended {
        let error = Error::unreadable("does not end with `# EOF`, so the last scrape may be cut").at(Place::line(last));
        return Err(error.hint("Save the scrapes again."));
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes(), &|_| true)
            .map(|_| ())
            .unwrap_err()
            .to_string()
            .trim_start_matches([',', ':', ' '])
            .to_owned()
    }

    #[test]
    fn samples_with_times_are_rows() {
        let text = "# TYPE p95 gauge\np95{pod=\"a\"} 1.5 1795946400\n# EOF\n# TYPE p95 gauge\np95{pod=\"a\"} NaN 1795946460.5\n# EOF";
        assert!(is(text.as_bytes()));
        let table = read(text.as_bytes(), &|_| true).unwrap();
        let rows: Vec<String> = (0..table.len())
            .map(|row| table.columns.iter().map(|column| column.cell(row)).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(table.names().collect::<Vec<_>>(), ["time", "metric", "pod", "value"]);
        assert_eq!(rows, ["1795946400000 p95 a 1.5", "1795946460500 p95 a NaN"]);
        assert!(is(b"p95{pod=\"a\"} 1.5 1795946400000\np95{pod=\"a\"} 1.7 1795946460000\n"));
        for other in [
            "p95 1.5 1795946400\n",
            "a{b=\"c\"} 1\n",
            "shop.p95 1 1795946400\n",
            "# time,a\n1,2\n",
            "{\"a\":1}\n",
            "\n",
        ] {
            assert!(!is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_is_one_moment_or_cut_is_refused() {
        let one = "p95{pod=\"a\"} 1.5 1795946400\n";
        assert!(refused(one).starts_with("is a single scrape of metrics: one moment"), "{}", refused(one));
        assert!(refused("# TYPE up gauge\nup 1\n").starts_with("line 2: is a sample without a time"));
        let two = format!("{one}p95{{pod=\"a\"}} 1.5 1795946460\n");
        assert!(read(two.as_bytes(), &|_| true).is_ok());
        assert!(refused(two.trim_end()).starts_with("line 2: breaks off"));
        assert!(refused(&format!("{one}# EOF\n{two}")).starts_with("line 4: does not end with `# EOF`"));
        assert!(refused(&format!("{two}p95{{ 1\n")).starts_with("line 3: cannot be read as a sample"));
        assert!(refused("# TYPE up gauge\n").starts_with("is a single scrape"));
    }
}
