//! A real PostgreSQL on loopback, with a folder of its own; it ends with the test that started it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const PASSWORD: &str = "s3cret-of-davy";
/// PostgreSQL refuses to run as root; this is the user nobody.
const NOBODY: u32 = 65_534;

/// The folder with the programs; nothing where they are absent, which is said, and allowed under CI only if they could not be fetched.
fn programs() -> Option<PathBuf> {
    let own = std::env::var_os("DAVY_POSTGRES").map(PathBuf::from);
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").is_file()).max();
    let found = own.or(newest);
    if found.is_none() {
        let stores = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/stores");
        let stores = std::env::var_os("DAVY_STORES").map_or_else(stores, PathBuf::from);
        let absent = std::fs::read_to_string(stores.join("absent")).unwrap_or_default();
        let is_known = absent.lines().any(|line| line == "postgresql");
        assert!(is_known || std::env::var("CI").as_deref() != Ok("true"), "PostgreSQL is absent");
        println!("skipped: PostgreSQL is absent; `.ci/stores` installs it");
    }
    found
}

/// A running server.
pub struct Postgres {
    child: Child,
    programs: PathBuf,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // an immediate shutdown, so that its children end too
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.env("LC_ALL", "C").env_remove("PGHOST").stdin(Stdio::null());
    command
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Postgres {
    /// Starts one: the user davy with a password, and the tables that the statements make.
    pub fn start(statements: &str) -> Option<Postgres> {
        Postgres::start_with(statements, &[])
    }

    /// The same with settings of the server.
    pub fn start_with(statements: &str, settings: &[&str]) -> Option<Postgres> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let data = folder.path().join("data");
        let made = program(&programs.join("initdb"))
            .args(["--no-sync", "-U", "davy", "-E", "UTF8", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .arg(format!("--pwfile={}", folder.path().join("password").display()))
            .arg("-D")
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        succeeded(&made);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = program(&programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-p").arg(port.to_string()).current_dir(folder.path());
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "TimeZone=America/New_York", &sockets] {
            command.arg("-c").arg(setting);
        }
        settings.iter().for_each(|setting| {
            command.arg("-c").arg(setting);
        });
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Postgres { child, programs, port, folder };
        server.wait();
        server.run(statements);
        Some(server)
    }

    fn wait(&self) {
        let began = Instant::now();
        let ready = || {
            let asked = program(&self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            TcpStream::connect(("127.0.0.1", self.port)).is_ok() && asked.unwrap().success()
        };
        while !ready() {
            assert!(began.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs statements by `psql`, which asks over the socket; what it prints, without headings.
    pub fn run(&self, statements: &str) -> String {
        let mut child = program(&self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "davy", "-d", "postgres"])
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        succeeded(&output);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub fn url(&self) -> String {
        format!("postgresql://davy@127.0.0.1:{}/postgres", self.port)
    }

    pub fn socket(&self) -> String {
        format!("postgresql://davy@/postgres?host={}&port={}", self.folder.path().display(), self.port)
    }
}
