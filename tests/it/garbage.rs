//! Whatever the bytes are, reading them ends in an answer or in an error, never in a panic; and what was written
//! comes back the same by every way of writing it.

use std::io::Write;
use std::path::PathBuf;

use davy::series::{Arm, FIRST_DATED, Series, Timestamp};
use davy::source::file::{Answer, Clock, EpochUnit, Sheet, Wanted};
use davy::source::{ArmColumn, Ask, Error, File, Format, Least, Long, Missing};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

fn file(format: Format) -> File {
    let shown = "bytes".to_string();
    File { path: PathBuf::from("bytes"), shown, format, time: None, zone: None, arm: None, long: None }
}

fn counts(missing: Missing) -> Ask {
    Ask::Counts {
        total: Some("total".into()),
        bad: Some("bad".into()),
        good: None,
        missing,
        instance: None,
        counter: None,
    }
}

fn read(file: &File, bytes: &[u8], ask: &Ask) -> Result<Answer, Error> {
    Sheet::read(file, bytes, &Wanted::by([(file, ask, None)]))?.answer(file, Arm::Canary, ask)
}

const FORMATS: [Format; 6] = [Format::Auto, Format::Csv, Format::Tsv, Format::Json, Format::Ndjson, Format::Parquet];

/// Reads bytes in every way there is; only what must not happen can be seen: a panic, or an error without a word.
fn read_in_all_ways(bytes: &[u8]) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    let gz = packed.finish().unwrap();
    let zst = zstd::encode_all(bytes, 1).unwrap();
    for format in FORMATS {
        let plain = file(format);
        let mut chosen = file(format);
        chosen.time = Some("a".into());
        chosen.zone = Some("America/New_York".into());
        chosen.arm = Some(ArmColumn { column: "b".into(), value: "x".into(), other: None });
        let mut long = file(format);
        long.long = Some(Long { name: "b".into(), value: "total".into() });
        let value = "value".to_string();
        let asks = [
            counts(Missing::Gap),
            Ask::Values { value: value.clone(), factor: 1000.0, least: Least::Any },
            Ask::Histograms { column: value.clone(), factor: 1e-6 },
            Ask::Gauge {
                value: value.clone(),
                factor: 1.0,
                requests: Some("total".into()),
                least: Least::Any,
                counter: None,
            },
            Ask::Events { count: value, exposure: Some("total".into()), missing: Missing::Zero, counter: None },
        ];
        for (file, ask) in [&plain, &chosen, &long].into_iter().flat_map(|f| asks.iter().map(move |a| (f, a))) {
            let results = [
                read(file, bytes, ask),
                read(file, &gz, ask),
                read(file, &gz[..gz.len() / 2], ask),
                read(file, &zst, ask),
                read(file, &zst[..zst.len() / 2], ask),
            ];
            for error in results.iter().filter_map(|result| result.as_ref().err()) {
                assert!(!error.about.problem.is_empty() && error.about.shown == "bytes", "{error:?}");
            }
            assert_eq!(results[0], results[1], "packing changes nothing");
            assert_eq!(results[0], results[3], "packing changes nothing");
        }
    }
}

/// Pieces that real files are made of, put together wrongly.
fn almost_a_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "ts",
        "total",
        "bad",
        "value",
        "a",
        "b",
        "arm",
        "canary",
        "x",
        ",",
        ",",
        ";",
        "\t",
        "\n",
        "\n",
        "\r\n",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\"ts\":",
        "\"total\":",
        "\"value\":",
        "1763719200",
        "1763719200000",
        "1e308",
        "-1",
        "12.5",
        "NaN",
        "-inf",
        "",
        "2026-11-21T10:00:00Z",
        "2026-11-21 10:00:00",
        "9999-12-31",
        "-009999-01-01",
        "99999999999999999999",
        "0.0000000001",
        "\u{feff}",
        "\u{0}",
        "é",
        "1,234",
        "\"Datapoints\":[",
        "\"MetricDataResults\":[",
        "\"Id\":\"value\"",
        "\"Timestamps\":[",
        "\"Values\":[",
        "\"StatusCode\":\"Complete\"",
        "\"results\":[[",
        "\"status\":\"Complete\"",
        "\"field\":\"ts\"",
        "PAR1",
    ];
    vec(0..pieces.len(), 0..60).prop_map(move |chosen| chosen.iter().flat_map(|at| pieces[*at].bytes()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_an_answer_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
        read_in_all_ways(&bytes);
    }

    #[test]
    fn almost_files_end_in_an_answer_or_an_error(bytes in almost_a_file()) {
        read_in_all_ways(&bytes);
    }

    #[test]
    fn damaged_files_end_in_an_answer_or_an_error(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let good = b"ts,arm,total,bad,value\n1763719200,canary,100,1,2.5\n1763719260,canary,100,1,2.5\n";
        let json = br#"[{"ts":1763719200,"arm":"canary","total":100,"bad":1,"value":2.5},{"ts":1763719260,"value":null}]"#;
        let aws = br#"{"MetricDataResults":[{"Id":"value","Label":"x","Timestamps":["2026-11-21T10:00:00Z"],"Values":[1.5],"StatusCode":"Complete"}]}"#;
        for whole in [good.as_slice(), json, aws] {
            let mut bytes = whole.to_vec();
            let position = at.index(bytes.len());
            bytes[position] = byte;
            bytes.truncate(1 + cut.index(bytes.len() * 2));
            read_in_all_ways(&bytes);
        }
    }
}

/// Points of both counts, each time once, with gaps.
fn table() -> impl Strategy<Value = Vec<(i64, Option<u64>, Option<u64>)>> {
    let cell = || prop::option::weighted(0.9, 0u64..1_000_000);
    prop::collection::btree_map(0i64..100_000, (cell(), cell()), 0..40).prop_map(|rows| {
        let rows = rows.into_iter().map(|(minute, (total, bad))| {
            let bad = bad.map(|bad| total.map_or(bad, |total| bad.min(total)));
            (1_600_000_000 + minute * 60, total, bad)
        });
        rows.collect()
    })
}

fn cell(value: Option<u64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn json(value: Option<u64>) -> String {
    value.map_or("null".into(), |value| value.to_string())
}

proptest! {
    #[test]
    fn a_table_comes_back_the_same_however_it_is_written(rows in table(), zero in any::<bool>(), turn in 0usize..40) {
        let time = |second: i64| Timestamp::from_second(second).unwrap();
        let (mut expected, mut totals, mut bads) = (Vec::new(), Vec::new(), Vec::new());
        for (second, total, bad) in &rows {
            if let (Some(total), Some(bad)) = (total, bad.or(zero.then_some(0))) {
                expected.push(time(*second));
                totals.push(*total);
                bads.push(bad);
            }
        }
        let expected = Series::Counts { time: expected, total: totals, bad: bads };

        let mut shuffled = rows.clone();
        if !shuffled.is_empty() {
            let by = turn % shuffled.len();
            shuffled.rotate_left(by);
        }
        let lines = |separator: &str, head: &str, row: &dyn Fn(i64, Option<u64>, Option<u64>) -> String| {
            let rows: Vec<String> = shuffled.iter().map(|(t, total, bad)| row(*t, *total, *bad)).collect();
            format!("{head}{}", rows.join(separator))
        };
        let object = |t: i64, total: Option<u64>, bad: Option<u64>| format!(r#"{{"bad":{},"ts":{t},"total":{}}}"#, json(bad), json(total));
        let long = |t: i64, total: Option<u64>, bad: Option<u64>| {
            let rows = [("total", total), ("bad", bad)].map(|(name, value)| format!("{t},{name},{}", cell(value)));
            rows.join("\n")
        };
        let mut long_file = file(Format::Csv);
        long_file.long = Some(Long { name: "name".into(), value: "value".into() });
        let mut ways = vec![
            (file(Format::Csv), lines("\n", "ts,total,bad\n", &|t, total, bad| format!("{t},{},{}", cell(total), cell(bad)))),
            (file(Format::Csv), lines("\r\n", "ts;total;bad\r\n", &|t, total, bad| format!("{t}000;{};{}", cell(total), cell(bad)))),
            (file(Format::Tsv), lines("\n", "bad\tts\ttotal\n", &|t, total, bad| format!("{}\t\"{}\"\t{}", cell(bad), time(t), cell(total)))),
            (file(Format::Json), format!("[{}]", lines(",\n", "", &object))),
            (file(Format::Auto), format!("[{}]", lines(",", "", &object))),
        ];
        if !rows.is_empty() {
            ways.push((file(Format::Ndjson), lines("\n", "", &object)));
            ways.push((long_file, lines("\n", "ts,name,value\n", &long)));
        }
        for (file, text) in ways {
            let answer = read(&file, text.as_bytes(), &counts(if zero { Missing::Zero } else { Missing::Gap })).unwrap();
            prop_assert_eq!(&answer.series, &expected, "{:?}\n{}", file.format, text);
        }
    }

    #[test]
    fn the_unit_of_epoch_numbers_is_found(seconds in vec(631_152_000i64..4_102_444_800, 1..20), unit in 0usize..4) {
        let (units, per) = ([EpochUnit::Seconds, EpochUnit::Milliseconds, EpochUnit::Microseconds, EpochUnit::Nanoseconds], [1, 1_000, 1_000_000, 1_000_000_000]);
        let rows: Vec<String> = seconds.iter().map(|s| format!("{},1\n", s * per[unit])).collect();
        let text = format!("ts,value\n{}", rows.concat());
        let ask = Ask::Values { value: "value".into(), factor: 1.0, least: Least::Any };
        let sheet = Sheet::read(&file(Format::Csv), text.as_bytes(), &Wanted::all()).unwrap();
        // what begins before any monitoring did is numbered, and its numbers are read alike
        let is_numbered = seconds.iter().min().is_some_and(|first| *first < FIRST_DATED.as_second());
        prop_assert_eq!(sheet.clock(), &if is_numbered { Clock::Numbered } else { Clock::Epoch(units[unit]) });
        let mut expected: Vec<Timestamp> = seconds.iter().map(|s| Timestamp::from_second(*s).unwrap()).collect();
        expected.sort();
        let answer = sheet.answer(&file(Format::Csv), Arm::Canary, &ask).unwrap();
        prop_assert_eq!(answer.series.time(), expected);
    }

    #[test]
    fn mixed_units_are_refused_with_both_lines(second in 631_152_000i64..4_102_444_800, other in 1usize..4) {
        let text = format!("ts,value\n{second},1\n{},1\n", second * [1, 1_000, 1_000_000, 1_000_000_000][other]);
        let error = Sheet::read(&file(Format::Csv), text.as_bytes(), &Wanted::all()).unwrap_err().to_string();
        prop_assert!(error.contains("line 3") && error.contains("from line 2"), "{}", error);
    }
}
