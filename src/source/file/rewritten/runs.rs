//! What load generators write of a run: hey's and oha's requests by seconds since the start, Locust's statistics.
//!
//! Locust writes a row for each name and one for all of them together, `Aggregated`: only that one counts, so that no request
//! counts twice. Its percentiles are milliseconds. Its statistics of a whole run have no time, and get a day of their own.

use super::count::numbered_day;
use super::rewrite::Rewrite;
use crate::source::error::Error;

/// For a file that begins with the header of one of these.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let header = std::str::from_utf8(lines[0]).ok()?;
    let names: Vec<&str> = header.split(',').map(|name| name.trim_matches('"')).collect();
    let named = |known: &[&str]| known.iter().all(|name| names.contains(name));
    let begins = numbered_day(lines.iter().skip(1).take(20).copied());
    if named(&["response-time", "DNS+dialup", "status-code", "offset"]) {
        return Some(since_start(
            &names,
            "offset",
            ("response-time", "response_time_s"),
            ("status-code", "status_code"),
            begins,
        ));
    }
    if named(&["request-start", "DNS+dialup", "request-duration", "status"]) {
        return Some(since_start(
            &names,
            "request-start",
            ("request-duration", "request_duration_s"),
            ("status", "status"),
            begins,
        ));
    }
    if named(&["Type", "Name", "50%", "95%"])
        && (named(&["Timestamp", "Total Request Count"]) || named(&["Request Count", "Failure Count"]))
    {
        return Locust::of(&names, begins).map(|locust| Box::new(locust) as Box<dyn Rewrite>);
    }
    None
}

/// Requests by seconds since the start of a run.
struct SinceStart {
    header: Option<String>,
    at: usize,
    columns: usize,
    begins: u64,
}

fn since_start(names: &[&str], start: &str, took: (&str, &str), status: (&str, &str), begins: u64) -> Box<dyn Rewrite> {
    let renamed = names.iter().map(|name| match *name {
        name if name == start => "time",
        name if name == took.0 => took.1,
        name if name == status.0 => status.1,
        name => name,
    });
    let header = Some(renamed.collect::<Vec<_>>().join(","));
    let at = names.iter().position(|name| *name == start).unwrap_or_default();
    Box::new(SinceStart { header, at, columns: names.len(), begins })
}

impl Rewrite for SinceStart {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if let Some(header) = self.header.take_if(|_| !line.is_empty()) {
            out.extend_from_slice(header.as_bytes());
            return Ok(());
        }
        let cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
        let seconds = || cells.get(self.at).and_then(|cell| std::str::from_utf8(cell).ok()?.trim().parse::<f64>().ok());
        let Some(seconds) = seconds().filter(|seconds| cells.len() == self.columns && (0.0..1e8).contains(seconds))
        else {
            // a bad row, and shown as such
            out.extend_from_slice(line);
            return Ok(());
        };
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            match at == self.at {
                true => {
                    let whole = self.begins + seconds as u64;
                    out.extend_from_slice(format!("{whole}.{:06}", (seconds.fract() * 1e6) as u64).as_bytes());
                }
                false => out.extend_from_slice(cell),
            }
        }
        Ok(())
    }
}

/// Locust's statistics.
struct Locust {
    is_header: bool,
    /// The time, or that of a run that does not tell it.
    time: Result<usize, u64>,
    counts: [usize; 2],
    percentiles: [usize; 4],
    name: usize,
    /// The counts since the start of the row before.
    before: Option<[u64; 2]>,
}

impl Locust {
    fn of(names: &[&str], begins: u64) -> Option<Locust> {
        let place = |name: &str| names.iter().position(|known| *known == name);
        let time = place("Timestamp").ok_or(begins);
        let counts = match time {
            Ok(_) => [place("Total Request Count")?, place("Total Failure Count")?],
            Err(_) => [place("Request Count")?, place("Failure Count")?],
        };
        let percentiles = [place("50%")?, place("90%")?, place("95%")?, place("99%")?];
        Some(Locust { is_header: true, time, counts, percentiles, name: place("Name")?, before: None })
    }

    /// Requests and failures of a row. Those of a history are counted since its start: the first row says nothing yet, and
    /// one that is smaller than the row before, neither.
    fn counts(&mut self, cells: &csv::ByteRecord) -> Option<[u64; 2]> {
        let number = |at: usize| std::str::from_utf8(cells.get(at)?).ok()?.trim().parse::<u64>().ok();
        let now = [number(self.counts[0])?, number(self.counts[1])?];
        if self.time.is_err() {
            return Some(now);
        }
        let before = self.before.replace(now)?;
        Some([now[0].checked_sub(before[0])?, now[1].checked_sub(before[1])?])
    }
}

impl Rewrite for Locust {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if line.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.is_header) {
            out.extend_from_slice(b"time,requests,errors,p50_ms,p90_ms,p95_ms,p99_ms");
            return Ok(());
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
        let Some(Ok(cells)) = reader.byte_records().next() else { return Ok(()) };
        if cells.get(self.name) != Some(b"Aggregated") {
            return Ok(());
        }
        match self.time {
            Ok(at) => out.extend_from_slice(cells.get(at).unwrap_or_default()),
            Err(begins) => out.extend_from_slice(begins.to_string().as_bytes()),
        }
        let counts = self.counts(&cells);
        let counted = counts.map_or(",,".to_owned(), |[requests, errors]| format!(",{requests},{errors}"));
        out.extend_from_slice(counted.as_bytes());
        for place in self.percentiles {
            out.push(b',');
            let cell = cells.get(place).unwrap_or_default();
            // before its first requests, Locust writes 0
            let nothing = cell == b"0" && counts.is_none_or(|[requests, _]| requests == 0);
            out.extend_from_slice(if nothing { b"" } else { cell });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn seconds_since_the_start_are_times_of_one_run() {
        let text = read(
            "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.0954,0.0001,0,0,0.0952,0.0002,200,0.0000\n0.1070,0.0001,0,0,0.1068,0.0002,200,6.5000\n",
        );
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(
            rows[0],
            "response_time_s,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status_code,time"
        );
        let time = |row: &str| row.rsplit(',').next().and_then(|cell| cell.parse::<f64>().ok()).unwrap_or_default();
        assert_eq!(time(rows[2]) - time(rows[1]), 6.5);
        assert!(rows[1].starts_with("0.0954,0.0001,0,0,0.0952,0.0002,200,"), "{text}");
    }

    #[test]
    fn no_request_of_locust_counts_twice() {
        let text = read(
            "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,90%,95%,99%,Total Request Count,Total Failure Count\n1795946400,5,GET,/a,1,0,9,9,9,9,9,23,1\n1795946400,5,,Aggregated,1,0,0,0,0,0,0,48,2\n1795946401,5,,Aggregated,1,0,10,11,12,13,14,60,3\n",
        );
        assert_eq!(
            text,
            "time,requests,errors,p50_ms,p90_ms,p95_ms,p99_ms\n\n1795946400,,,,,,\n1795946401,12,1,10,12,13,14\n"
        );
    }
}
