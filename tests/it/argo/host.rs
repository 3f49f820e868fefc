//! The host of go-plugin, and the calls that it makes for a test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::shell::{Shell, root};

/// The folder with the host; nothing where it is absent, which is said, and allowed under CI only if it could not be built.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("DAVY_ARGO_HOST").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("target/argo-host"));
    if folder.join("host").is_file() {
        return Some(folder);
    }
    assert!(
        folder.join("absent").is_file() || std::env::var("CI").as_deref() != Ok("true"),
        "the host of the Argo Rollouts plugin is absent"
    );
    println!("skipped: the host of the Argo Rollouts plugin is absent; `.ci/argo-host` builds it");
    None
}

/// A host with its plugin; both are ended with the test.
pub struct Host {
    child: Child,
    calls: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Host {
    /// Starts a host, which starts the plugin in a folder of gates.
    pub fn start(folder: &Path, shell: &Shell, arguments: &[&str]) -> Host {
        std::fs::create_dir_all(shell.path("tmp")).unwrap();
        let mut command = Command::new(folder.join("host"));
        command.arg(env!("CARGO_BIN_EXE_davy")).args(["argo-plugin", "--configs", "gates"]).args(arguments);
        command.current_dir(shell.path("")).env("TMPDIR", shell.path("tmp")).env("NO_COLOR", "1");
        let errors = std::fs::File::create(shell.path("log")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let (calls, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut host = Host { child, calls, answers };
        let started = host.call(json!({ "do": "start" }));
        assert!(started["pid"].is_u64(), "{started}\n{}", shell.read("log"));
        host
    }

    /// Makes a call and waits for its answer.
    #[track_caller]
    pub fn call(&mut self, call: Value) -> Value {
        self.send(call);
        self.hear()
    }

    /// Makes a call.
    pub fn send(&mut self, call: Value) {
        writeln!(self.calls.as_mut().unwrap(), "{call}").unwrap();
    }

    /// The answer to the last call.
    #[track_caller]
    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Kills the host alone.
    pub fn killed(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // without calls a host ends its plugin, and itself
        drop(self.calls.take());
        let _ = self.child.wait();
    }
}
