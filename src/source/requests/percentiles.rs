//! Percentile listings: what HdrHistogram prints of a distribution, and wrk2 with `--latency`.
//!
//! ```text
//!        Value   Percentile   TotalCount 1/(1-Percentile)
//!
//!        0.146     0.000000            5         1.00
//!        0.362     0.100000       540751         1.11
//!        ...
//! #[Mean    =        0.968, StdDeviation   =        0.426]
//! #[Max     =       19.264, Total count    =      5394558]
//! ```
//!
//! Between two rows lie as many requests as the counts differ by, each slower than the first value and at most as slow as the
//! second. No more is known of them, and they are counted at the second value: "at most so slow" then holds of all of them, and
//! the listed percentiles are exactly those of the histogram. Where the rows are far apart the histogram looks more exact
//! than it is. How far is said ([`Aggregates::doubt`]), so that nobody takes the difference of two such listings between their
//! rows for a measurement.
//!
//! A listing says how often and how slow, not when: [`Aggregate::time`] is none. Listings of latencies that wrk2 calls
//! uncorrected leave out what waiting requests would have seen, and are the same requests once more: they are left out.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::feed::each_line;
use super::{Aggregate, Aggregates, GRID, LONGEST, SCALE, TimeUnit};
use crate::series::Bins;
use crate::source::error::{Error, Place};

/// A line longer than this is in no listing.
const LONGEST_LINE: u64 = 1 << 20;
/// From which share of the requests on it is told how far the rows are apart.
const SLOW: f64 = 0.9;

/// Reads all listings of an output; `unit` says what the values are, if not milliseconds.
pub fn read(content: impl BufRead, unit: Option<TimeUnit>) -> Result<Aggregates, Error> {
    let mut output = Output { power: unit.unwrap_or(TimeUnit::Milliseconds).power(), ..Output::default() };
    each_line(content, LONGEST_LINE, |line, number| output.line(&String::from_utf8_lossy(line), number))?;
    output.close()?;
    if output.rows.is_empty() {
        let expected = "a line `Value   Percentile   TotalCount 1/(1-Percentile)` and rows of four numbers below it";
        return Err(Error::unreadable("has no percentile listing").expected(expected));
    }
    let doubt = (output.apart > 0.0).then(|| {
        let share = 100.0 * output.apart;
        format!("above p90 the values of the listing are up to {share:.1} % apart, and it tells nothing finer")
    });
    Ok(Aggregates { rows: output.rows, scale: SCALE, doubt, unread: BTreeMap::new() })
}

/// One row of a listing.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// In nanoseconds.
    value: u64,
    share: f64,
    count: u64,
}

#[derive(Default)]
struct Output {
    rows: Vec<Aggregate>,
    power: u32,
    apart: f64,
    /// The listing that is being read, and where it began.
    open: Option<(u64, Vec<Row>)>,
    uncorrected: bool,
    mean: Option<f64>,
    total: Option<u64>,
}

impl Output {
    fn line(&mut self, line: &str, number: u64) -> Result<(), Error> {
        let plain = line.replace('"', "");
        let cells: Vec<&str> = plain.split([' ', '\t', ',', '\r', '\n']).filter(|cell| !cell.is_empty()).collect();
        if cells.starts_with(&["Value", "Percentile", "TotalCount"]) {
            self.close()?;
            self.open = Some((number, Vec::new()));
        } else if let Some(("", about)) = line.trim().split_once("#[") {
            self.footer(about)?;
        } else if line.contains("HdrHistogram - ") {
            self.close()?;
            self.uncorrected = line.contains("Uncorrected");
        } else if let Some((_, rows)) = &mut self.open {
            match row(&cells, self.power) {
                Some(row) => {
                    let before = rows.last().map_or((0, 0), |row| (row.value, row.count));
                    if row.value < before.0 || row.count < before.1 {
                        let problem = "has a value or count that is smaller than in the row before";
                        return Err(Error::unreadable(problem).hint("Were two listings mixed up?"));
                    }
                    rows.push(row);
                }
                // A row that is cut off must not pass for the text after a listing.
                None if cells.first().is_some_and(|cell| cell.parse::<f64>().is_ok()) && rows_go_on(rows) => {
                    return Err(Error::unreadable("is not a row of a percentile listing").value(line.trim()));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// `Mean    =       25.048, StdDeviation   =      120.097]`
    fn footer(&mut self, about: &str) -> Result<(), Error> {
        let number = |name: &str| {
            let (_, after) = about.split_once(name)?;
            after.trim_start().strip_prefix('=')?.trim_start().split([',', ']', ' ']).next()?.parse::<f64>().ok()
        };
        let Some((_, rows)) = &self.open else { return Ok(()) };
        self.mean = number("Mean").or(self.mean);
        self.total = number("Total count").map(|total| total as u64).or(self.total);
        // Its value may be the lower end of the cell of which the last row has the upper.
        if let (Some(max), Some(last)) = (number("Max"), rows.last()) {
            let (max, last) = (max * 10_f64.powi(self.power as i32), last.value as f64);
            if max > last * 1.001 || max < last * 0.85 {
                return Err(Error::unreadable("says a maximum that is not the last value of the listing").value(about));
            }
        }
        Ok(())
    }

    /// Ends the listing that is being read.
    fn close(&mut self) -> Result<(), Error> {
        let (mean, total) = (self.mean.take(), self.total.take());
        let Some((began, rows)) = self.open.take() else { return Ok(()) };
        let wrong = |problem: String| {
            let hint = "Is the output complete? Take the whole listing, down to its last row with `inf`.";
            Err(Error::unreadable(problem).hint(hint).at(Place::line(began)))
        };
        let Some(last) = rows.last().copied() else { return wrong("begins a percentile listing without rows".into()) };
        if last.share < 1.0 {
            return wrong(format!("begins a percentile listing that ends at {}", last.share));
        }
        if let Some(total) = total.filter(|total| *total != last.count) {
            return wrong(format!("begins a percentile listing of {} requests that says it has {total}", last.count));
        }
        let (lowest, highest) = means(&rows);
        let unit = 10_f64.powi(self.power as i32);
        // Printed with three digits behind the point.
        let fits = |mean: f64| mean + 0.001 >= lowest / unit * 0.99 && mean - 0.001 <= highest / unit * 1.01;
        if let Some(mean) = mean.filter(|mean| !fits(*mean)) {
            return wrong(format!("begins a percentile listing whose rows cannot have a mean of {mean}"));
        }
        if !std::mem::take(&mut self.uncorrected) {
            self.apart = self.apart.max(apart(&rows));
            self.rows.push(aggregate(&rows));
        }
        Ok(())
    }
}

/// The least and the largest mean that the requests can have.
fn means(rows: &[Row]) -> (f64, f64) {
    let (mut before, mut lowest, mut highest) = (Row { value: rows[0].value, share: 0.0, count: 0 }, 0.0, 0.0);
    for row in rows {
        let count = (row.count - before.count) as f64;
        lowest += count * before.value as f64;
        highest += count * row.value as f64;
        before = *row;
    }
    let all = before.count.max(1) as f64;
    (lowest / all, highest / all)
}

/// How far values that follow each other are apart, at most, in proportion; of the slow requests.
fn apart(rows: &[Row]) -> f64 {
    let slow =
        rows.windows(2).filter(|pair| pair[0].share >= SLOW && pair[0].value > 0 && pair[1].count > pair[0].count);
    slow.map(|pair| pair[1].value as f64 / pair[0].value as f64 - 1.0).fold(0.0, f64::max)
}

fn aggregate(rows: &[Row]) -> Aggregate {
    let end = GRID.index(LONGEST);
    let mut before = 0;
    let cells = rows.iter().map(|row| {
        let count = row.count - before;
        before = row.count;
        (GRID.index(row.value).min(end), count)
    });
    let bins = Bins::new(GRID, Some(end), cells.collect()).without_idle_end();
    Aggregate { time: None, fields: Vec::new(), requests: bins.total(), errors: None, bins: Some(bins) }
}

fn rows_go_on(rows: &[Row]) -> bool {
    rows.last().is_none_or(|row| row.share < 1.0)
}

fn row(cells: &[&str], power: u32) -> Option<Row> {
    let [value, share, count, rest @ ..] = cells else { return None };
    // In the last row there is nothing to divide by: `inf`, `Infinity`, or no cell at all.
    if rest.len() > 1 || rest.iter().any(|cell| cell.parse::<f64>().is_err()) {
        return None;
    }
    let share = share.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share))?;
    Some(Row { value: nanoseconds(value, power)?, share, count: count.parse().ok()? })
}

/// A number of units as whole nanoseconds.
fn nanoseconds(text: &str, power: u32) -> Option<u64> {
    let value = text.parse().ok().filter(|value: &f64| *value >= 0.0 && value.is_finite())?;
    Some((value * 10_f64.powi(power as i32)).round() as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LISTING: &str = "  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

       1.000     0.000000           10         1.00
       2.000     0.500000           50         2.00
       2.500     0.900000           90        10.00
       3.000     0.950000           99        20.00
       9.000     1.000000          100          inf
#[Mean    =        1.968, StdDeviation   =        0.426]
#[Max     =        8.996, Total count    =          100]
#[Buckets =           27, SubBuckets     =         2048]
----------------------------------------------------------
  5400039 requests in 180.00m, 659.18MB read
";

    fn said(text: &str) -> String {
        read(text.as_bytes(), None).unwrap_err().within("wrk.out").to_string()
    }

    #[test]
    fn requests_between_rows_are_counted_at_the_upper_one() {
        let counted = read(LISTING.as_bytes(), None).unwrap();
        let ms = |value: f64| GRID.index((value * 1e6) as u64);
        let bins = counted.rows[0].bins.as_ref().unwrap();
        let wanted = [(ms(1.0), 10), (ms(2.0), 40), (ms(2.5), 40), (ms(3.0), 9), (ms(9.0), 1)];
        assert_eq!(bins.cells().collect::<Vec<_>>(), wanted);
        assert_eq!((counted.rows.len(), counted.rows[0].requests, counted.rows[0].time), (1, 100, None));
        let doubt = "above p90 the values of the listing are up to 200.0 % apart, and it tells nothing finer";
        assert_eq!(counted.doubt.as_deref(), Some(doubt));
        let seconds = read(LISTING.as_bytes(), Some(TimeUnit::Seconds)).unwrap();
        assert_eq!(seconds.rows[0].bins.as_ref().unwrap().cells().last(), Some((GRID.index(9_000_000_000), 1)));
        let csv = "\"Value\",\"Percentile\",\"TotalCount\",\"1/(1-Percentile)\"\n1.0,0.0,10,1.00\n9,1.0,100,Infinity\n";
        assert_eq!(read(csv.as_bytes(), None).unwrap().rows[0].requests, 100);
    }

    #[test]
    fn what_wrk2_calls_uncorrected_is_left_out() {
        let heading = "  Latency Distribution (HdrHistogram - Recorded Latency)\n";
        let again = "  Latency Distribution (HdrHistogram - Uncorrected Latency (measured without delayed starts))\n";
        let both = format!("{heading}{LISTING}{again}{}", LISTING.replace("100 ", "100"));
        assert_eq!(read(both.as_bytes(), None).unwrap().rows.len(), 1);
        assert_eq!(read([LISTING, LISTING].concat().as_bytes(), None).unwrap().rows.len(), 2);
    }

    #[test]
    fn a_listing_that_contradicts_itself_is_refused() {
        let with = |from: &str, to: &str| said(&LISTING.replace(from, to));
        assert!(with("         100]", "         101]").starts_with(
            "wrk.out, line 2: begins a percentile listing of 100 requests that says it has 101. Is the output complete?"
        ));
        assert!(with("1.968", "2.968").contains("whose rows cannot have a mean of 2.968"));
        assert!(with("8.996", "6.996").starts_with("wrk.out, line 10: \"Max"), "{}", with("8.996", "6.996"));
        assert!(
            with("           90 ", "           40 ")
                .starts_with("wrk.out, line 6: has a value or count that is smaller")
        );
        let cut = LISTING.split("       9.000").next().unwrap();
        assert!(
            said(cut).starts_with("wrk.out, line 2: begins a percentile listing that ends at 0.95."),
            "{}",
            said(cut)
        );
        assert!(said(&format!("{cut}       9.0")).contains("line 8: \"9.0\" is not a row of a percentile listing"));
        assert!(said("Value Percentile TotalCount\n\n").contains("without rows"));
        assert!(said("nothing").starts_with("wrk.out: has no percentile listing; expected a line `Value"));
    }

    proptest::proptest! {
        #[test]
        fn damage_is_never_fatal(at: proptest::sample::Index, byte: u8) {
            let mut bytes = LISTING.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&*bytes, None);
        }
    }
}
