//! An independent server that speaks AWS: what the sources say is understood by somebody who never read their code.
//!
//! It is moto behind a front (`server.py` in the folder `aws` beside the public data sets, started by
//! `fixtures/aws/serve.py`); what it can and cannot do is in the README there. Folder and Python are looked for as the data sets are: without them a test says so and is
//! skipped, except where `CI` is `true`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::world::root;

/// A running server. It ends when this is dropped.
pub struct Server {
    child: Child,
    python: PathBuf,
    /// Host and port.
    pub address: String,
    /// Where it listens.
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that has the server's packages.
fn python() -> PathBuf {
    std::env::var_os("DAVY_PYTHON").map_or_else(|| root().join("target/aws-venv/bin/python"), PathBuf::from)
}

impl Server {
    /// Starts one; nothing where it is not installed, which is said.
    pub fn start(options: &[&str]) -> Option<Server> {
        let shared = std::env::var_os("DAVY_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
        let (script, python) = (shared.join("aws/server.py"), python());
        for needed in [&script, &python] {
            if !needed.is_file() {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", needed.display());
                println!("skipped: {} is absent", needed.display());
                return None;
            }
        }
        let mut command = Command::new(&python);
        command.arg("-B").arg(root().join("fixtures/aws/serve.py")).arg(&script).args(["--port", "0"]).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let Some(address) = address else {
            let _ = child.kill();
            panic!("{} does not say where it listens: `{line}`", script.display());
        };
        Some(Server { child, python, url: format!("http://{address}"), address })
    }

    /// Puts the data of a case into it, by a client that is not this project's; answers what the case is about.
    pub fn seed(&self, scenario: &str, case: &str) -> String {
        let mut seed = Command::new(&self.python);
        seed.arg("-B").arg(root().join("fixtures/aws/seed.py"));
        seed.args(["--endpoint", &self.url, "--scenario", scenario, "--case", case]);
        let output = seed.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scenario} {case} cannot be put into the server:\n{told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes the next calls of an operation fail.
    pub fn faults(&self, operation: &str, times: usize, status: u16, kind: &str) {
        let fault = json!({ "operation": operation, "times": times, "status": status, "type": kind });
        self.http("POST", "/_front/faults", &fault.to_string());
    }

    /// The Python that has its packages.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// How often each operation was called so far.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        serde_json::from_value(self.http("GET", "/_front/calls", "")).unwrap()
    }

    fn http(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head =
            format!("{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-length: {}\r\n\r\n", self.address, body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.split(' ').nth(1) == Some("200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}
