//! Requests that somebody counted already, as other tools wrote them down: totals, percentiles and times against what
//! the authors of HdrHistogram and of wrk2 say of the same files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use davy::encoded;
use davy::series::{Bins, Grid};
use davy::source::requests::{Aggregates, TimeUnit, hlog, percentiles};

use crate::wire::shared;

fn log(path: &Path, unit: Option<TimeUnit>) -> Aggregates {
    hlog::read(BufReader::new(File::open(path).unwrap()), unit).unwrap()
}

/// The largest value of the cell that holds a percentile, as HdrHistogram tells it.
fn percentile(bins: &Bins, percent: f64) -> u64 {
    let rank = ((percent / 100.0 * bins.total() as f64) + 0.5).floor().max(1.0) as u64;
    let mut upto = 0;
    let cell = bins.cells().find(|(_, count)| {
        upto += count;
        upto >= rank
    });
    bins.grid().high(cell.unwrap().0)
}

/// Intervals, requests, p99.9 and maximum of the intervals that began within these seconds.
fn told(counted: &Aggregates, start: f64, from: f64, to: f64) -> (usize, u64, u64, u64) {
    let after = |row: &&davy::source::requests::Aggregate| {
        let seconds = row.time.unwrap().as_nanosecond() as f64 / 1e9 - start;
        (from..=to).contains(&((seconds * 1e3).round() / 1e3))
    };
    let rows: Vec<_> = counted.rows.iter().filter(after).collect();
    let sum = Bins::sum(rows.iter().filter_map(|row| row.bins.as_ref()).collect::<Vec<_>>()).unwrap();
    assert_eq!(sum.total(), rows.iter().map(|row| row.requests).sum::<u64>());
    // They add everything up in a histogram of three digits, at the lower ends of the cells.
    let lows = sum.cells().map(|(at, count)| (Grid::THREE_DIGITS.index(sum.grid().low(at)), count));
    let theirs = Bins::new(Grid::THREE_DIGITS, None, lows.collect());
    (rows.len(), sum.total(), percentile(&theirs, 99.9), percentile(&theirs, 100.0))
}

/// The numbers are those of the authors' own test, HistogramLogReaderWriterTest.
#[test]
fn logs_of_all_versions_have_the_totals_that_their_authors_know() {
    let Some(root) = shared("hdrhistogram") else { return };
    let all = (0.0, 1e6);
    let known = [
        ("jHiccup-2.0.7S.logV2.hlog", 1441812279.474, all, (62, 48761, 1745879039, 1796210687)),
        ("jHiccup-2.0.7S.logV2.hlog", 1441812279.474, (5.0, 20.0), (15, 11664, 1536163839, 1544552447)),
        ("jHiccup-2.0.7S.logV2.hlog", 1441812279.474, (40.0, 60.0), (20, 15830, 1779433471, 1796210687)),
        ("jHiccup-2.0.6.logV1.hlog", 1438867590.285, all, (88, 65964, 1829765119, 1888485375)),
        ("jHiccup-2.0.6.logV1.hlog", 1438867590.285, (5.0, 20.0), (15, 11213, 1019740159, 1032323071)),
        ("jHiccup-2.0.6.logV1.hlog", 1438867590.285, (50.0, 80.0), (29, 22630, 1871708159, 1888485375)),
        ("jHiccup-2.0.1.logV0.hlog", 1438869961.225, all, (81, 61256, 1510998015, 1569718271)),
        ("jHiccup-2.0.1.logV0.hlog", 1438869961.225, (20.0, 45.0), (25, 18492, 459007, 623103)),
        ("jHiccup-2.0.1.logV0.hlog", 1438869961.225, (46.0, 80.0), (34, 25439, 1209008127, 1234173951)),
        ("ycsb.logV1.hlog", 1438613579.295, (-1.0, 1e6), (602, 300056, 1214463, 1546239)),
        ("ycsb.logV1.hlog", 1438613579.295, (0.0, 180.0), (180, 90033, 1375231, 1546239)),
        ("ycsb.logV1.hlog", 1438613579.295, (180.0, 700.0), (421, 209686, 530, 17775)),
    ];
    for (name, start, (from, to), wanted) in known {
        assert_eq!(told(&log(&root.join(name), None), start, from, to), wanted, "{name} from {from} to {to}");
    }
}

#[test]
fn every_interval_has_the_maximum_that_is_written_beside_it() {
    let Some(root) = shared("hdrhistogram") else { return };
    let jhiccup = ["jHiccup-2.0.1.logV0.hlog", "jHiccup-2.0.6.logV1.hlog", "jHiccup-2.0.7S.logV2.hlog"];
    for name in jhiccup.into_iter().chain(["tagged-Log.logV2.hlog", "ycsb.logV1.hlog"]) {
        let lines = BufReader::new(File::open(root.join(name)).unwrap()).lines().map(Result::unwrap);
        let lines = lines.filter(|line| !line.starts_with('#') && !line.starts_with('"'));
        let maxima: Vec<f64> = lines.map(|line| line.rsplit(',').nth(1).unwrap().parse().unwrap()).collect();
        let counted = log(&root.join(name), None);
        assert_eq!(counted.rows.len(), maxima.len(), "{name}");
        for (row, max) in counted.rows.iter().zip(maxima) {
            let bins = row.bins.as_ref().unwrap();
            let last = bins.cells().last().map_or(0, |(at, _)| at);
            let (low, high) = (bins.grid().low(last) as f64 / 1e6, bins.grid().high(last) as f64 / 1e6);
            assert!(low - 0.001 <= max && max <= high + 0.001, "{name}: {max} beside {low} to {high}");
            assert_eq!(encoded::of_bytes(&encoded::bytes(bins)).unwrap(), *bins, "{name}");
        }
        assert_eq!(counted.doubt, None, "{name}");
    }
    let ycsb = log(&root.join("ycsb.logV1.hlog"), Some(TimeUnit::Microseconds));
    assert!(ycsb.doubt.is_some_and(|doubt| doubt.ends_with("they are as ns: if they are, say `unit: ns`")));
    assert_eq!(ycsb.rows[0].time.unwrap().to_string(), "2015-08-03T14:52:59.29Z");
}

#[test]
fn a_tagged_log_is_the_same_log_twice() {
    let Some(root) = shared("hdrhistogram") else { return };
    let mut counted = log(&root.join("tagged-Log.logV2.hlog"), None);
    let tagged: Vec<_> = counted.rows.extract_if(.., |row| !row.fields.is_empty()).collect();
    assert!(!tagged.is_empty() && tagged.len() == counted.rows.len());
    for (tagged, plain) in tagged.iter().zip(&counted.rows) {
        assert_eq!(tagged.fields, [("tag".to_owned(), "A".to_owned())]);
        assert_eq!((tagged.time, &tagged.bins), (plain.time, &plain.bins));
    }
}

/// What wrk2 itself says above its listing: 50 % 1.01ms, 99 % 2.00ms, 99.9 % 2.23ms, 100 % 19.28ms.
#[test]
fn listings_of_wrk2_have_the_percentiles_that_it_prints() {
    let Some(root) = shared("load-test-results/wrk2") else { return };
    for name in ["file1.out", "file2.out", "file3.out"] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let counted = percentiles::read(text.as_bytes(), None).unwrap();
        let bins = counted.rows[0].bins.clone().unwrap();
        assert_eq!((counted.rows.len(), counted.scale, counted.rows[0].time), (1, 1e-6, None));
        let total = text.lines().find(|line| line.starts_with("#[Max")).unwrap();
        assert!(total.contains(&format!("= {:>12}]", bins.total())), "{total}");
        let mut checked = 0;
        for line in text.lines().filter(|line| line.trim_end().ends_with("ms") && line.contains("% ")) {
            let (percent, value) = line.trim().split_once('%').unwrap();
            let value: f64 = value.trim().trim_end_matches("ms").parse().unwrap();
            // Between two rows it is only known to be at most the second.
            let ours = percentile(&bins, percent.parse().unwrap());
            let before =
                bins.cells().map(|(at, _)| bins.grid().high(at)).take_while(|high| *high < ours).last().unwrap();
            let (before, ours) = (before as f64 / 1e6, ours as f64 / 1e6);
            assert!(before - 0.006 <= value && value <= ours + 0.006, "{name}: {line}: {before} to {ours}");
            checked += 1;
        }
        assert_eq!(checked, 8, "{name}");
        assert!(counted.doubt.unwrap().contains("% apart"));
    }
}

#[test]
fn listings_of_hdrhistogram_have_their_totals() {
    let Some(root) = shared("hdrhistogram") else { return };
    for (name, total) in [("1", 475109), ("2", 1104769), ("3", 1091324)] {
        let file = File::open(root.join(format!("percentiles-example{name}.txt"))).unwrap();
        let counted = percentiles::read(BufReader::new(file), None).unwrap();
        assert_eq!((counted.rows.len(), counted.rows[0].requests), (1, total), "{name}");
    }
}
