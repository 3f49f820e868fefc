//! Files as people have them: each one read, or refused with the message it deserves.
//!
//! `fixtures/wire/files/good` and `bad` hold small files. A bad one stands beside a `.txt` that says how it is
//! asked (first line) and what is answered (the rest); set `UPDATE_WIRE=1` to write the answers anew, then read them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use davy::config::plan::{Span, TimePlan};
use davy::ingest::{self, ingest};
use davy::series::{Arm, Dataset, Series, SignedDuration, Timestamp, Window};
use davy::source::file::{Answer, Sheet, Wanted};
use davy::source::{ArmColumn, Ask, Error, File, Format, Kind, Long, Missing, Query, Source};

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
    file.time = get("time");
    file.zone = get("zone");
    file.arm = two("arm").map(|(column, value)| ArmColumn { column, value });
    file.long = two("long").map(|(name, value)| Long { name, value });
    if get("format").as_deref() == Some("json") {
        file.format = Format::Json;
    }
    let ask = match shape {
        "counts" => Ask::Counts { total: get("total"), bad: get("bad"), good: get("good"), missing },
        "events" => Ask::Events { count: get("count").unwrap(), exposure: get("exposure"), missing },
        "gauge" => Ask::Gauge { value: get("value").unwrap(), factor, requests: get("requests") },
        "values" => Ask::Values { value: get("value").unwrap(), factor },
        other => panic!("{other}"),
    };
    (file, ask)
}

fn answer(file: &File, ask: &Ask) -> Result<(Answer, String), Error> {
    let sheet = Sheet::open(file, &Wanted::by([(file, ask)]))?;
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
            Series::Gauge { value, requests: Some(n), .. } => format!("{} of {}", value[i], n[i]),
        };
        writeln!(text, "{time} {numbers}").unwrap();
    }
    writeln!(text, "({clock})").unwrap();
    answer.notes.iter().for_each(|note| writeln!(text, "note: {note}").unwrap());
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
