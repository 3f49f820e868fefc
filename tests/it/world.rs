//! What every test stands on: the project's folder, and the program in a folder of its own.

use std::path::Path;
use std::process::{Command, Output};

/// The folder of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program in a folder, as wide as it likes and without colour.
pub fn davy(folder: &Path, arguments: &[&str]) -> Command {
    let mut davy = Command::new(env!("CARGO_BIN_EXE_davy"));
    davy.current_dir(folder).env_remove("COLUMNS").env("NO_COLOR", "1").args(arguments);
    davy
}

/// What a run printed, once it has ended.
pub fn output(folder: &Path, arguments: &[&str]) -> Output {
    davy(folder, arguments).output().unwrap()
}

/// The exit code, the standard output and the messages of a run.
pub fn answer(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = output(folder, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}
