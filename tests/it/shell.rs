//! A folder and the program in it: what the tests of the command line have in common.

use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

pub use crate::world::root;

/// A folder of its own for one test.
pub struct Shell(TempDir);

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub told: String,
}

impl Shell {
    /// An empty folder.
    pub fn new() -> Shell {
        Shell(tempfile::tempdir().unwrap())
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the program in the folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    /// Runs the program with these variables set.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(self.0.path()).env_remove("COLUMNS").env("NO_COLOR", "1");
        let output = davy.envs(variables.iter().copied()).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), told: text(output.stderr) }
    }

    /// Runs it, and holds it to its exit code.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}:\n{}{}", ran.out, ran.told);
        ran
    }
}

impl Ran {
    /// Holds a stream to these words.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Ran {
        for word in words {
            assert!(
                self.out.contains(word) || self.told.contains(word),
                "{word:?} is missing:\n{}{}",
                self.out,
                self.told
            );
        }
        self
    }
}

/// Minutes from 12:00 on with a row for each value of a column: requests, bad ones in a thousand, milliseconds.
pub fn table(column: &str, arms: &[(&str, u64, f64)]) -> String {
    let mut text = format!("time,{column},requests,errors,p95_ms\n");
    for minute in 0..60u64 {
        for (at, (arm, bad, ms)) in arms.iter().enumerate() {
            // as uneven as minutes are, and the same every time
            let uneven = (minute * 7 + at as u64 * 3 + bad) % 11;
            let (errors, ms) = ((bad + uneven % 3).saturating_sub(1), ms * (1.0 + uneven as f64 / 100.0));
            text += &format!("2026-03-01T12:{minute:02}:00Z,{arm},{},{errors},{ms:.1}\n", 1_000 + uneven);
        }
    }
    text
}

/// The same without the column, for one arm.
pub fn of_arm(bad: u64, ms: f64) -> String {
    let text = table("arm", &[("x", bad, ms)]);
    text.replace(",arm,", ",").replace(",x,", ",")
}
