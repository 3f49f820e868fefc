//! What somebody else's files may do: read their own folder and nothing more, ask nobody, and be quoted no further than a
//! person needs.

mod recordings;
mod speech;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with two arms of one service, in which davy runs.
pub struct Shop(TempDir);

pub const CONFIG: &str = r#"
name: checkout
sources: { files: { file: { path: "${arm}.csv" } } }
metrics: { errors: { source: files, rate: { bad: errors, total: requests } } }
criteria: [ { metric: errors, pass: "<= baseline + 0.5pp" } ]
"#;

impl Shop {
    pub fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        for (arm, bad) in [("baseline", 10), ("canary", 11)] {
            shop.write(
                &format!("{arm}.csv"),
                &rows("ts,requests,errors", |minute| format!("1000,{}", bad + minute % 3)),
            );
        }
        shop.write("canary.yaml", CONFIG);
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn davy(&self) -> Command {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .timeout(std::time::Duration::from_secs(20));
        davy
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.davy().args(arguments).output().unwrap()
    }
}

/// An hour of rows, one a minute.
pub fn rows(head: &str, row: impl Fn(u64) -> String) -> String {
    let rows = (0..60).map(|minute| format!("2026-03-01T12:{minute:02}:00Z,{}\n", row(minute)));
    format!("{head}\n{}", rows.collect::<String>())
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// All that it says, on both streams.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
