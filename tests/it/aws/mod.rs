//! CloudWatch, asked for real: scripted answers, an independent server, and a network that fails. The binary is what is
//! run, with credentials that are none.

mod accounts;
mod alarms;
mod chaos;
mod discover;
mod doubts;
mod logs;
mod metrics;
mod proxy;
mod scenarios;
pub mod scripted;
pub mod server;

use std::path::Path;

use assert_cmd::Command;

/// The binary in a folder, with credentials for servers on loopback and nothing of the machine's own.
pub fn davy(folder: &Path) -> Command {
    let mut davy = Command::cargo_bin("davy").unwrap();
    davy.current_dir(folder)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", folder);
    davy
}
