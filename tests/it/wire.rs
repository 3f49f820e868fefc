//! Files as people have them: each one read, or refused with the message it deserves.
//!
//! `fixtures/wire/files/good` and `bad` hold small files. A bad one stands beside a `.txt` that says how it is
//! asked (first line) and what is answered (the rest); set `UPDATE_WIRE=1` to write the answers anew, then read them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use davy::config::plan::{Span, TimePlan};
use davy::ingest::ingest;
use davy::series::{Arm, Series, SignedDuration};
use davy::source::file::{Answer, Sheet, Wanted};
use davy::source::survey::{ColumnKind, survey};
use davy::source::{ArmColumn, Ask, Error, File, Format, Kind, Least, Long, Missing, Query, Source};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire/files").join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_none_or(|e| e != "txt")).collect();
    files.sort();
    assert!(files.len() > 30, "the files are gone");
    files
}

fn file(path: &Path) -> File {
    let shown = path.file_name().unwrap().to_string_lossy().into_owned();
    let path = path.to_path_buf();
    File { path, shown, format: Format::Auto, time: None, zone: None, arm: None, long: None }
}

/// `counts total=requests bad=errors missing=zero zone=Europe/Berlin arm=group:b long=metric:value`
fn asked(words: &str, mut file: File) -> (File, Ask) {
    let mut words = words.split_whitespace();
    let shape = words.next().unwrap();
    let options: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
    let get = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    let two = |name: &str| get(name).map(|v| v.split_once(':').map(|(a, b)| (a.to_string(), b.to_string())).unwrap());
    let missing = if get("missing").is_some() { Missing::Zero } else { Missing::Gap };
    let factor = get("factor").map_or(1.0, |f| f.parse().unwrap());
    let get = |name: &str| get(name).map(|value| value.replace("~", " "));
    file.time = get("time");
    file.zone = get("zone");
    file.arm = two("arm").map(|(column, value)| ArmColumn { column, value, other: None });
    file.long = two("long").map(|(name, value)| Long { name, value });
    if get("format").as_deref() == Some("json") {
        file.format = Format::Json;
    }
    let ask = match shape {
        "counts" => Ask::Counts {
            total: get("total"),
            bad: get("bad"),
            good: get("good"),
            missing,
            instance: get("instance"),
            counter: None,
        },
        "events" => Ask::Events { count: get("count").unwrap(), exposure: get("exposure"), missing, counter: None },
        "gauge" => Ask::Gauge {
            value: get("value").unwrap(),
            factor,
            requests: get("requests"),
            least: Least::Any,
            counter: None,
        },
        "values" => Ask::Values { value: get("value").unwrap(), factor, least: Least::Any },
        "histograms" => Ask::Histograms { column: get("column").unwrap(), factor },
        other => panic!("{other}"),
    };
    (file, ask)
}

fn answer(file: &File, ask: &Ask) -> Result<(Answer, String), Error> {
    let sheet = Sheet::open(file, &Wanted::by([(file, ask, None)]))?;
    Ok((sheet.answer(file, Arm::Canary, ask)?, sheet.clock().to_string()))
}

fn spelled(answer: &Answer, clock: &str) -> String {
    let mut text = String::new();
    for (i, time) in answer.series.time().iter().enumerate() {
        let numbers = match &answer.series {
            Series::Counts { total, bad, .. } => format!("{} of {}", bad[i], total[i]),
            Series::Events { count, exposure: None, .. } => count[i].to_string(),
            Series::Events { count, exposure: Some(per), .. } => format!("{} per {}", count[i], per[i]),
            Series::Values { value, .. } | Series::Gauge { value, requests: None, .. } => value[i].to_string(),
            Series::Buckets { bins, .. } => format!("{} requests", bins[i].total()),
            Series::Gauge { value, requests: Some(n), .. } => format!("{} of {}", value[i], n[i]),
        };
        writeln!(text, "{time} {numbers}").unwrap();
    }
    writeln!(text, "({clock})").unwrap();
    answer.notes.iter().for_each(|note| writeln!(text, "note: {}", note.text).unwrap());
    text
}

/// Compares each file's answer with what stands beside it.
fn check(folder: &str, answer_of: impl Fn(&File, &Ask) -> String) {
    let mut wrong = Vec::new();
    for path in files(folder) {
        let beside = PathBuf::from(format!("{}.txt", path.display()));
        let text = std::fs::read_to_string(&beside).unwrap();
        let (words, wanted) = text.split_once('\n').unwrap();
        let (file, ask) = asked(words, file(&path));
        let got = answer_of(&file, &ask);
        if std::env::var_os("UPDATE_WIRE").is_some() {
            std::fs::write(&beside, format!("{words}\n{got}")).unwrap();
        } else if got != wanted {
            wrong.push(format!("{}\nwanted: {wanted}got:    {got}", file.shown));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_good_file_gives_its_series() {
    check("good", |file, ask| match answer(file, ask) {
        Ok((answer, clock)) => spelled(&answer, &clock),
        Err(error) => panic!("{error}"),
    });
}

#[test]
fn every_bad_file_is_refused_with_its_message() {
    check("bad", |file, ask| {
        if file.shown == "not.parquet" && !cfg!(feature = "frames") {
            return "not.parquet: is not a sound Parquet file\n".into();
        }
        let error = answer(file, ask).expect_err(&file.shown);
        assert_eq!(error.kind, Kind::Unreadable, "{error}");
        assert_eq!(error.about.shown, file.shown);
        let text = error.to_string();
        if file.shown == "not.parquet" {
            format!("{}\n", text.split(" (").next().unwrap())
        } else {
            format!("{text}\n")
        }
    });
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> File {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    file(&path)
}

fn gauge_of(value: &str) -> Ask {
    Ask::Gauge { value: value.into(), factor: 1.0, requests: None, least: Least::Any, counter: None }
}

const PLAIN: &str = "ts,p95\n2026-11-21T10:00:00Z,120.5\n2026-11-21T10:01:00Z,\n2026-11-21T10:02:00Z,121\n";

#[test]
fn packed_files_are_recognised_by_their_bytes() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    let folder = tempfile::tempdir().unwrap();
    let plain = answer(&written(folder.path(), "plain.csv", PLAIN.as_bytes()), &gauge_of("p95")).unwrap();
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(PLAIN.as_bytes()).unwrap();
    let gz = packer.finish().unwrap();
    let zst = zstd::encode_all(PLAIN.as_bytes(), 3).unwrap();
    let two_members = [gz.as_slice(), gz.as_slice()].concat();
    for (name, bytes) in [("a.csv.gz", &gz), ("a.csv", &gz), ("noname", &gz), ("a.csv.zst", &zst), ("b.csv", &zst)] {
        assert_eq!(answer(&written(folder.path(), name, bytes), &gauge_of("p95")).unwrap(), plain, "{name}");
    }
    let (both, _) = answer(&written(folder.path(), "two.gz", &two_members), &gauge_of("p95"))
        .map_err(|error| error.to_string())
        .map_or_else(|error| (Err(error), ()), |(answer, _)| (Ok(answer), ()));
    assert!(both.unwrap_err().contains("\"ts\" is not a time"), "the second member is read too");
    for cut in [gz.len() - 1, gz.len() - 9, 20, 11, 3] {
        let error = answer(&written(folder.path(), "cut.csv.gz", &gz[..cut]), &gauge_of("p95")).unwrap_err();
        assert!(error.to_string().starts_with("cut.csv.gz: cannot be read to its end"), "{cut}: {error}");
    }
    for cut in [zst.len() - 1, zst.len() / 2, 6] {
        let error = answer(&written(folder.path(), "cut.csv.zst", &zst[..cut]), &gauge_of("p95")).unwrap_err();
        assert!(error.to_string().starts_with("cut.csv.zst: cannot be read to its end"), "{cut}: {error}");
    }
}

#[test]
fn what_cannot_be_opened_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let error = answer(&file(&folder.path().join("none.csv")), &gauge_of("p95")).unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (Kind::Unreachable, "none.csv: does not exist"));
    let error = answer(&file(folder.path()), &gauge_of("p95")).unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.to_string().contains("is a folder without files"));
}

#[test]
fn a_survey_tells_what_a_file_seems_to_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("ts,group,requests,errors,p95,host,note\n");
    for minute in 0..10 {
        let hole = if minute == 4 { "" } else { "1" };
        writeln!(text, "2026-11-21T10:{minute:02}:00Z,control,{},{hole},{}.5,a{minute},", 100 + minute, 80 + minute)
            .unwrap();
        writeln!(text, "2026-11-21T10:{minute:02}:00Z,treatment,{},0,-{}.5,b,", 10 + minute, 90 + minute).unwrap();
    }
    let found = survey(&written(folder.path(), "data.csv", text.as_bytes())).unwrap();
    assert_eq!(found.time, ("ts".into(), "RFC 3339".into()));
    assert_eq!(found.arm, Some(("group".into(), "control".into(), "treatment".into())));
    assert_eq!((found.rows, found.step, found.long), (20, Some(SignedDuration::from_mins(1)), None));
    let kinds: Vec<_> = found.columns.iter().map(|c| (c.name.as_str(), c.kind, c.min, c.max, c.empty)).collect();
    assert_eq!(
        kinds,
        [
            ("requests", ColumnKind::Whole, Some(10.0), Some(109.0), 0),
            ("errors", ColumnKind::Whole, Some(0.0), Some(1.0), 1),
            ("p95", ColumnKind::Real, Some(-99.5), Some(89.5), 0),
            ("host", ColumnKind::Text, None, None, 0),
            ("note", ColumnKind::Empty, None, None, 20),
        ]
    );

    let long = "time,metric,value\n1763719200,errors,1\n1763719200,p95,2.5\n1763719260,errors,\n1763719260,p95,3.5\n";
    let found = survey(&written(folder.path(), "long.csv", long.as_bytes())).unwrap();
    assert_eq!(found.time, ("time".into(), "epoch seconds".into()));
    let (long, names) = found.long.unwrap();
    assert_eq!((long.name.as_str(), long.value.as_str(), names.join(",").as_str()), ("metric", "value", "errors,p95"));
    let kinds: Vec<_> = found.columns.iter().map(|c| (c.name.as_str(), c.kind, c.empty)).collect();
    assert_eq!(kinds, [("errors", ColumnKind::Whole, 1), ("p95", ColumnKind::Real, 0)]);
    assert_eq!(found.step, Some(SignedDuration::from_mins(1)));
}

/// A folder of the shared data; nothing where it is absent, which continuous integration does not accept.
pub fn shared(folder: &str) -> Option<PathBuf> {
    shared_folder(&format!("data/{folder}"))
}

/// The same for any folder that is shared.
pub fn shared_folder(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DAVY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", path.display());
    println!("skipped: {} is absent", path.display());
    None
}

#[test]
fn real_cloudwatch_series_are_read_or_refused_for_their_repeated_times() {
    let Some(root) = shared("nab-cloudwatch") else { return };
    let mut paths: Vec<PathBuf> = ["realAWSCloudwatch", "realKnownCause"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 19);
    let mut refused = Vec::new();
    for path in paths {
        let file = file(&path);
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        match answer(&file, &gauge_of("value")) {
            Ok((answer, clock)) => {
                assert_eq!((answer.series.len(), answer.notes.len()), (lines - 1, 0), "{}", file.shown);
                assert!(answer.series.time().is_sorted());
                assert_eq!(clock, "local time, read as UTC");
                in_two_halves(&file, &answer);
            }
            Err(error) => refused.push(error.to_string()),
        }
    }
    let short: Vec<&str> = refused.iter().map(|text| text.split("; expected").next().unwrap()).collect();
    assert_eq!(
        short,
        [
            "ec2_disk_write_bytes_1ef3de.csv, line 2122, column \"value\": repeats line 2120 (2014-03-09T03:00:00Z) yet again",
            "ec2_network_in_5abac7.csv, line 2120, column \"value\": has the same time as line 2119, \
             2014-03-09T03:00:00Z: \"103.2\" here, \"42.0\" there",
            "ec2_request_latency_system_failure.csv, line 559, column \"value\": has the same time as line 558, \
             2014-03-09T03:00:00Z: \"43.578\" here, \"44.611999999999995\" there",
        ]
    );
}

/// The first half of a file against its second.
fn in_two_halves(file: &File, answer: &Answer) {
    let time = answer.series.time();
    let (start, end) = (time[0], *time.last().unwrap());
    let half = SignedDuration::from_mins(end.duration_since(start).as_mins() / 2);
    let middle = start.checked_add(half).unwrap();
    let canary = davy::series::Window { start: middle, end: middle.checked_add(half).unwrap() };
    let plan = TimePlan {
        canary: Span::Exactly(canary),
        baseline: Span::Earlier(half),
        step: None,
        steady: false,
        zone: None,
        days: None,
    };
    let ask = |arm| Query {
        metric: "m".into(),
        arm,
        source: Source::File(file.clone()),
        ask: gauge_of("value"),
        unit: None,
        by: None,
        slices: None,
        step: None,
        compared: true,
        required: true,
    };
    let dataset = ingest(
        &[ask(Arm::Baseline), ask(Arm::Canary)],
        &plan,
        &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH),
    )
    .unwrap();
    assert_eq!(dataset.step, SignedDuration::from_mins(5), "{}", file.shown);
    let points = dataset.metrics["m"].baseline.len() + dataset.metrics["m"].canary.len();
    assert!(points + 2 >= answer.series.len(), "{}: {points} of {}", file.shown, answer.series.len());
}

#[test]
fn a_header_of_four_lines_is_refused_understandably() {
    let Some(root) = shared("petshop") else { return };
    let mut file = file(&root.join("high_traffic/noissue/metrics.csv"));
    let error = answer(&file, &gauge_of("PetSite")).unwrap_err().to_string();
    assert!(
        error.starts_with("metrics.csv: has no column with a usual name for the time. Name it with `time:`"),
        "{error}"
    );
    assert!(error.contains(" more."), "a long list of columns is cut: {error}");
    file.time = Some("microservice".into());
    let error = answer(&file, &gauge_of("PetSite")).unwrap_err().to_string();
    assert!(error.starts_with("metrics.csv, line 2, column \"microservice\": \"metric\" is not a time;"), "{error}");
    assert!(error.ends_with("Does the file have more than one header line? Exactly one is read."), "{error}");
}

#[test]
fn the_examples_of_the_aws_manual_are_read() {
    let Some(root) = shared("monitoring-api") else { return };
    let folder = tempfile::tempdir().unwrap();
    let examples = |name: &str| {
        let text = std::fs::read_to_string(root.join("cloudwatch").join(name)).unwrap();
        let outputs = text.split("Output::").skip(1).map(|rest| {
            let indented = rest.lines().skip_while(|line| line.trim().is_empty());
            indented.take_while(|line| line.is_empty() || line.starts_with(' ')).collect::<Vec<_>>().join("\n")
        });
        outputs.collect::<Vec<String>>()
    };
    let read =
        |json: &str, name: &str| answer(&written(folder.path(), "answer.json", json.as_bytes()), &gauge_of(name));

    let data = examples("get-metric-data.rst");
    assert_eq!(data.len(), 2);
    for (json, id, label, value) in
        [(&data[0], "m3", "Avg Total IOPS", 96.85), (&data[1], "m1", "EstimatedCharges", 542.38)]
    {
        let by_id = read(json, id).unwrap();
        assert_eq!(by_id, read(json, label).unwrap());
        let Series::Gauge { value: values, .. } = by_id.0.series else { panic!() };
        assert_eq!(values, [value]);
    }
    let statistics = examples("get-metric-statistics.rst");
    let (answer, clock) = read(&statistics[0], "Maximum").unwrap();
    assert_eq!((answer.series.len(), clock.as_str()), (23, "RFC 3339"));
    assert!(answer.series.time().is_sorted(), "they come in no order");
}

#[cfg(feature = "frames")]
mod parquet {
    use super::{Ask, File, Kind, answer, asked, gauge_of, spelled, written};
    use polars::prelude::*;

    fn bytes(frame: &mut DataFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(frame).unwrap();
        bytes
    }

    fn columns(time: Series) -> DataFrame {
        let arm = Series::new("arm".into(), ["canary", "baseline", "canary"]);
        let requests = Series::new("requests".into(), [100u32, 900, 110]);
        let errors = Series::new("errors".into(), [Some(1i64), Some(2), None]);
        let p95 = Series::new("p95".into(), [120.5f64, 1.0, f64::NAN]);
        let small = Series::new("small".into(), [0.1f32, 1.0, 2.5]);
        let columns = [time, arm, requests, errors, p95, small].map(Column::from);
        DataFrame::new(3, columns.to_vec()).unwrap()
    }

    #[test]
    fn columns_of_all_kinds_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let seconds = [1_763_719_200i64, 1_763_719_200, 1_763_719_260];
        let stamp = |per: i64| Series::new("ts".into(), seconds.map(|s| s * per));
        let utc = Some(TimeZone::UTC);
        let times = [
            (stamp(1), "epoch seconds"),
            (stamp(1_000), "epoch milliseconds"),
            (stamp(1_000).cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap(), "local time, read as UTC"),
            (stamp(1_000_000).cast(&DataType::Datetime(TimeUnit::Microseconds, utc)).unwrap(), "RFC 3339"),
            (
                stamp(1_000_000_000).cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap(),
                "local time, read as UTC",
            ),
        ];
        for (time, clock) in times {
            let file = written(folder.path(), "data.parquet", &bytes(&mut columns(time)));
            let ask = |words: &str| spelled_of(&asked(words, file.clone()));
            let [first, second] = ["2025-11-21T10:00:00Z", "2025-11-21T10:01:00Z"];
            let left_out = "note: 1 of 2 rows with `requests` have no `errors`: they are left out; if an empty cell means \
                            none, write `missing: zero`\n";
            assert_eq!(ask("counts total=requests bad=errors"), format!("{first} 1 of 100\n({clock})\n{left_out}"));
            assert_eq!(
                ask("counts total=requests bad=errors missing=zero"),
                format!("{first} 1 of 100\n{second} 0 of 110\n({clock})\n")
            );
            assert_eq!(ask("gauge value=p95 requests=requests"), format!("{first} 120.5 of 100\n({clock})\n"));
            assert_eq!(ask("values value=small"), format!("{first} 0.1\n{second} 2.5\n({clock})\n"));
            assert_eq!(
                answer(&file, &gauge_of("p99")).unwrap_err().to_string(),
                "data.parquet: \"p99\" is not a column of the file. Did you mean \"p95\"? The columns are: \"ts\", \
                 \"arm\", \"requests\", \"errors\", \"p95\", \"small\"."
            );
        }
    }

    fn spelled_of((file, ask): &(File, Ask)) -> String {
        let (answer, clock) = answer(file, ask).unwrap();
        spelled(&answer, &clock)
    }

    #[test]
    fn whole_days_and_wrong_cells() {
        let folder = tempfile::tempdir().unwrap();
        let days = Series::new("day".into(), [20_000i32, 20_000, 20_001]).cast(&DataType::Date).unwrap();
        let file = written(folder.path(), "noname", &bytes(&mut columns(days)));
        let (answer_of_days, clock) = answer(&file, &gauge_of("small")).unwrap();
        assert_eq!(clock, "local time, read as UTC");
        assert_eq!(answer_of_days.series.time()[0].to_string(), "2024-10-04T00:00:00Z");
        let error = answer(&file, &asked("counts total=requests bad=p95", file.clone()).1).unwrap_err().to_string();
        assert!(error.starts_with("noname, row 1, column \"p95\": \"120.5\" is not whole;"), "{error}");
    }

    #[test]
    fn rows_that_only_look_the_same_are_not_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let ts = Series::new("ts".into(), [1_763_719_200i64, 1_763_719_200]);
        let colour = Series::new("colour".into(), ["eu", "us"]);
        let p95 = Series::new("p95".into(), [120.5, 120.5]);
        let mut frame = DataFrame::new(2, [ts, colour, p95].map(Column::from).to_vec()).unwrap();
        let error = answer(&written(folder.path(), "a.parquet", &bytes(&mut frame)), &gauge_of("p95")).unwrap_err();
        let text =
            "a.parquet, row 2, column \"p95\": has the same time as row 1, 2025-11-21T10:00:00Z, and the same value;";
        assert!(error.to_string().starts_with(text), "{error}");
    }

    #[test]
    fn decimals_are_numbers_and_lists_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let time = Series::new("ts".into(), [1_763_719_200i64, 1_763_719_200, 1_763_719_260]);
        let mut frame = columns(time);
        let exact = Series::new("exact".into(), [120i64, 1, 130]).cast(&DataType::Decimal(10, 2)).unwrap();
        let list = Series::new("list".into(), vec![Series::new("".into(), [1i64, 2]); 3]);
        frame.with_column(Column::from(exact)).unwrap();
        frame.with_column(Column::from(list)).unwrap();
        let file = written(folder.path(), "data.parquet", &bytes(&mut frame));
        let (read, clock) = answer(&file, &gauge_of("exact")).unwrap();
        let wanted = "2025-11-21T10:00:00Z 120\n2025-11-21T10:01:00Z 130\n(epoch seconds)\n";
        assert_eq!(spelled(&read, &clock), wanted);
        let error = answer(&file, &gauge_of("list")).unwrap_err();
        assert_eq!(error.kind, Kind::Unreadable);
        assert!(error.to_string().contains("column \"list\""), "{error}");
    }

    #[test]
    fn damaged_files_are_refused_not_fatal() {
        let folder = tempfile::tempdir().unwrap();
        let time = Series::new("ts".into(), [1_763_719_200i64, 1_763_719_200, 1_763_719_260]);
        let sound = bytes(&mut columns(time));
        for at in (0..sound.len()).step_by(3) {
            let cut = written(folder.path(), "cut.parquet", &sound[..at]);
            assert_eq!(answer(&cut, &gauge_of("p95")).unwrap_err().kind, Kind::Unreadable, "{at}");
        }
        let footer = u32::from_le_bytes(sound[sound.len() - 8..sound.len() - 4].try_into().unwrap()) as usize;
        for at in (sound.len() - 8 - footer..sound.len()).step_by(3) {
            for flip in [0x01, 0x80] {
                let mut damaged = sound.clone();
                damaged[at] ^= flip;
                if let Err(error) = answer(&written(folder.path(), "x.parquet", &damaged), &gauge_of("p95")) {
                    assert_eq!(error.kind, Kind::Unreadable);
                }
            }
        }
    }
}

#[cfg(not(feature = "frames"))]
#[test]
fn a_build_without_parquet_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = answer(&written(folder.path(), "a.parquet", b"PAR1...."), &gauge_of("p95")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.parquet: is a Parquet file, which this build of davy cannot read. Build with the feature `frames`, or \
         convert the file to CSV."
    );
}
