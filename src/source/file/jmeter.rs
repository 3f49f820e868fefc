//! JMeter's tables of a whole run: the Aggregate Report and the Summary Report, saved as CSV.
//!
//! A row is a label's, and the last one, `TOTAL`, is of all samples: only that one counts, so that no sample counts twice. The table
//! has the share of errors and not their number. A share is printed with two or three decimals, so that of many samples several
//! numbers fit. The rows of the labels narrow them down; where more than one is left, the table is refused.

use std::io::Read;

use serde_json::Value;

use super::documents::reports::Run;
use super::peek::broken;
use crate::source::error::{Error, Place};

/// What the columns are called, in the table and in the resources of JMeter.
const LABEL: [&str; 2] = ["Label", "sampler_label"];
const SAMPLES: [&str; 2] = ["# Samples", "aggregate_report_count"];
const ERRORS: [&str; 2] = ["Error %", "aggregate_report_error%"];
const PERCENTILES: [([&str; 2], &str); 4] = [
    (["Median", "aggregate_report_median"], "p50_ms"),
    (["90% Line", "aggregate_report_90%_line"], "p90_ms"),
    (["95% Line", "aggregate_report_95%_line"], "p95_ms"),
    (["99% Line", "aggregate_report_99%_line"], "p99_ms"),
];
/// The label of the row of all samples.
const TOTAL: &str = "TOTAL";
const EXACT: &str = "Give the JTL (`jmeter -l FILE`), or `statistics.json` of JMeter's report (`jmeter -g`), which has the number of errors.";

/// Whether a content begins with the names of such a table.
pub(super) fn is(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
    let names: Vec<&str> = first.unwrap_or_default().trim_end().split(',').map(|name| name.trim_matches('"')).collect();
    [LABEL, SAMPLES, ERRORS].iter().all(|known| names.iter().any(|name| known.contains(name)))
}

/// A row of the table: its samples, and how many errors fit to its share.
struct Counted {
    samples: u64,
    least: u64,
    most: u64,
}

/// The run that a table is of.
pub(super) fn read(mut content: impl Read) -> Result<Run, Error> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Error::unreadable(error.to_string()).hint("Save the table as UTF-8."))?;
        let line = record.position().map_or(0, |at| at.line());
        rows.push((line, record));
    }
    let Some(((_, names), rows)) = rows.split_first() else { return Err(Error::unreadable("is empty")) };
    let place = |known: [&str; 2]| names.iter().position(|name| known.contains(&name));
    let [Some(label), Some(samples), Some(errors)] = [LABEL, SAMPLES, ERRORS].map(place) else {
        return Err(Error::unreadable("lacks columns of JMeter's table").expected("Label, # Samples and Error %"));
    };
    let mut counted = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        let at = |error: Error| error.at(Place::line(*line));
        if row.len() != names.len() {
            let (cells, wide) = (row.len(), names.len());
            let problem = format!("has {cells} cells, but the table has {wide} columns, so it may be cut");
            return Err(at(Error::unreadable(problem).hint("Save the table again.")));
        }
        counted.push(of_row(&row[samples], &row[errors]).map_err(at)?);
    }
    let Some((((line, total), all), labels)) =
        rows.last().zip(counted.last()).zip(counted.split_last().map(|(_, labels)| labels))
    else {
        return Err(no_total());
    };
    if total[label].trim() != TOTAL {
        return Err(no_total());
    }
    let number = whole(all, labels).map_err(|error| error.at(Place::line(*line)).column(&names[errors]))?;
    let percentile = |(known, name): ([&str; 2], &'static str)| {
        let cell = total.get(place(known)?)?.trim();
        Some((name, Value::from(cell.parse::<f64>().ok().filter(|number| number.is_finite())?)))
    };
    let percentiles = PERCENTILES.into_iter().filter_map(percentile).collect();
    Ok(Run::undated(&bytes, all.samples as f64, number as f64, percentiles))
}

fn no_total() -> Error {
    Error::unreadable("does not end with the row `TOTAL`, so the table may be cut").hint("Save the table again.")
}

fn of_row(samples: &str, share: &str) -> Result<Counted, Error> {
    let count = samples.trim().parse::<u64>().map_err(|_| {
        Error::unreadable("is not a count").value(samples).column(SAMPLES[0]).expected("a whole number of samples")
    })?;
    let (least, most) = fitting(count, share.trim()).ok_or_else(|| {
        Error::unreadable("is not a share of errors").value(share).column(ERRORS[0]).expected("a share such as 0.12%")
    })?;
    Ok(Counted { samples: count, least, most })
}

/// The smallest and the largest number of errors that a share such as `0.12%` can stand for.
fn fitting(samples: u64, share: &str) -> Option<(u64, u64)> {
    let number = share.strip_suffix('%')?.trim_end();
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let digits = format!("{whole}{decimals}");
    let right = !whole.is_empty() && decimals.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let shown = digits.parse::<u128>().ok().filter(|_| right)?;
    // twice the share in units of its last decimal, one more and one less of it
    let unit = 200 * 10_u128.pow(u32::try_from(decimals.len()).ok()?);
    if 2 * shown > unit {
        return None;
    }
    let all = u128::from(samples);
    let least = (all * (2 * shown).saturating_sub(1)).div_ceil(unit);
    let most = (all * (2 * shown + 1) / unit).min(all);
    Some((u64::try_from(least).ok()?, u64::try_from(most).ok()?))
}

/// The number of errors of the whole run, where the table leaves no other.
fn whole(all: &Counted, labels: &[Counted]) -> Result<u64, Error> {
    let sum = |of: fn(&Counted) -> u64| labels.iter().map(of).fold(0_u64, u64::saturating_add);
    let (mut least, mut most) = (all.least, all.most);
    if !labels.is_empty() && sum(|row| row.samples) == all.samples {
        (least, most) = (least.max(sum(|row| row.least)), most.min(sum(|row| row.most)));
    }
    match least {
        _ if least == most => Ok(least),
        _ if least > most => Err(Error::unreadable(format!(
            "no number of errors among {} samples fits to this share and to those of the labels",
            all.samples
        ))
        .hint("Save the table again.")),
        _ => Err(Error::unreadable(format!(
            "is rounded: from {least} to {most} errors among {} samples fit",
            all.samples
        ))
        .hint(EXACT)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stands_for_the_numbers_that_round_to_it() {
        for (samples, share, wanted) in [
            (1000, "0.10%", Some((1, 1))),
            (3000, "1.43%", Some((43, 43))),
            (3000, "0,033%", Some((1, 1))),
            (0, "0.00%", Some((0, 0))),
            (7, "100.000%", Some((7, 7))),
            (596_018, "0.00%", Some((0, 29))),
            (596_018, "0.40%", Some((2355, 2413))),
            (10_000, "0.12%", Some((12, 12))),
            (10, "7.77%", Some((1, 0))),
            (10, "0.1", None),
            (10, "101%", None),
            (10, "-1%", None),
            (10, "%", None),
            (10, "NaN%", None),
        ] {
            assert_eq!(fitting(samples, share), wanted, "{share} of {samples}");
        }
    }

    const NAMES: &str = "Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,Received KB/sec,Sent KB/sec\n";

    fn refused(rows: &str) -> String {
        read(format!("{NAMES}{rows}").as_bytes())
            .unwrap_err()
            .to_string()
            .trim_start_matches([',', ':', ' '])
            .to_owned()
    }

    #[test]
    fn the_rows_of_labels_narrow_the_errors_of_all_down() {
        let (quiet, loud) = ("a,40000,1,1,2,3,4,0,9,0.000%,9,1,1\n", "b,9000,1,1,2,3,4,0,9,1.011%,9,1,1\n");
        let total = "TOTAL,49000,1,1,2,3,4,0,9,0.186%,9,1,1\n";
        let run = read(format!("{NAMES}{quiet}{loud}{total}").as_bytes()).unwrap();
        let shown = format!("{run:?}");
        assert!(shown.contains("requests: 49000.0, errors: 91.0"), "{shown}");
        let much = "TOTAL,596018,1,1,2,3,4,0,9,0.40%,9,1,1\n";
        assert_eq!(
            refused(much),
            "line 2, column \"Error %\": is rounded: from 2355 to 2413 errors among 596018 samples fit. Give the JTL (`jmeter -l \
             FILE`), or `statistics.json` of JMeter's report (`jmeter -g`), which has the number of errors."
        );
        assert!(
            refused("a,10,1,1,2,3,4,0,9,10.000%,9,1,1\nTOTAL,10,1,1,2,3,4,0,9,20.000%,9,1,1\n")
                .contains("no number of errors")
        );
        assert!(refused("a,10,1,1,2,3,4,0,9,10.000%,9,1,1\n").starts_with("does not end with the row `TOTAL`"));
        assert!(refused("TOTAL,10,1,1,2,3,4,0,9\n").starts_with("line 2: has 9 cells, but the table has 13 columns"));
        assert!(refused("TOTAL,10,1,1,2,3,4,0,9,0.1,9,1,1\n").contains("\"0.1\" is not a share of errors"));
        assert!(refused("TOTAL,many,1,1,2,3,4,0,9,0.1%,9,1,1\n").contains("\"many\" is not a count"));
        assert!(refused("").starts_with("does not end"));
    }
}
