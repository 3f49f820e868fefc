//! The cases of `fixtures/cases` as bases: recordings, answers of AWS, tables and logs, with their own configurations.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;

use super::bases::{Base, File, Way, Whose};
use super::tables::{Form, Table};
use crate::recordings::cases;

/// What the arms of the cases are called in their rows.
const ARMS: [(&str, &str); 5] =
    [("baseline", "canary"), ("legacy", "new"), ("control", "enabled"), ("direct-lambda", "api-gateway"), ("41", "42")];

/// The bases of all cases; a case without any file that can be read as rows has its bytes alone.
pub fn bases() -> Vec<Base> {
    cases().iter().map(|case| base(case)).collect()
}

fn base(case: &Path) -> Base {
    let config = fs::read_to_string(case.join("canary.yaml")).unwrap();
    let mut names: Vec<String> = Vec::new();
    for folder in ["", "series"] {
        let Ok(entries) = fs::read_dir(case.join(folder)) else { continue };
        let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        names.extend(paths.map(|path| path.strip_prefix(case).unwrap().to_string_lossy().into_owned()));
    }
    names.retain(|name| !matches!(name.as_str(), "canary.yaml" | "README.md" | "verdict.json"));
    names.sort();
    let files = names.iter().map(|name| file(case, name)).collect();
    let name = format!("case {}", case.file_name().unwrap().to_string_lossy());
    Base { name, way: Way::Config(config), files, window: true, broken_since: None, requests: false }
}

fn file(case: &Path, name: &str) -> File {
    let bytes = fs::read(case.join(name)).unwrap();
    let gz = name.ends_with(".gz");
    let plain = name.trim_end_matches(".gz");
    let text = if gz {
        let mut text = String::new();
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        text
    } else {
        String::from_utf8(bytes.clone()).unwrap()
    };
    let (form, table) = match plain.rsplit_once('.').unwrap().1 {
        "csv" => (Form::Csv, Table::read(Form::Csv, &text)),
        "ndjson" => (Form::Ndjson, Table::read(Form::Ndjson, &text)),
        "log" => {
            let row = |line: &str| vec![line.to_owned(), line.rsplit_once(' ').unwrap().1.to_owned()];
            (Form::Lines, Table { columns: vec!["line".into(), "arm".into()], rows: text.lines().map(row).collect() })
        }
        // an answer of AWS, as it came: it has bytes, and no rows
        _ => {
            let table = Table { columns: vec!["document".into()], rows: vec![vec![text]] };
            (Form::Lines, table)
        }
    };
    let whose = whose(plain, &table);
    File { name: name.to_owned(), form, gz, whose, table, bytes: None }
}

/// By a column that holds the names of the arms, or by the file's name.
fn whose(name: &str, table: &Table) -> Whose {
    for (baseline, canary) in ARMS {
        let holds =
            |column: usize, arm: &str| table.rows.iter().any(|row| row.get(column).is_some_and(|cell| cell == arm));
        let column = (0..table.columns.len()).find(|i| holds(*i, baseline) && holds(*i, canary));
        // a metric that only the canary has
        let own = table.column("arm").filter(|column| holds(*column, canary));
        if let Some(column) = column.or(own) {
            return Whose::Both { column, baseline: baseline.into(), canary: canary.into() };
        }
    }
    let of = |arm: &str| name.contains(arm);
    match ARMS.iter().any(|(baseline, _)| of(&format!("-{baseline}."))) {
        true => Whose::Baseline,
        false => Whose::Canary,
    }
}
