//! Real servers on loopback, from packages that `.ci/prometheus` unpacks; each ends with the test that started it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::heard::program;

/// The servers that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prometheus2,
    Prometheus3,
    Victoria179,
    Victoria1,
}

impl Kind {
    /// The folder of the package, and the binary in it.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Kind::Prometheus2 => ("prometheus-2.42", "prometheus"),
            Kind::Prometheus3 => ("prometheus-3", "prometheus"),
            Kind::Victoria179 => ("victoria-1.79", "victoria-metrics"),
            Kind::Victoria1 => ("victoria-1", "victoria-metrics"),
        }
    }

    pub fn is_victoria(self) -> bool {
        self.place().1 == "victoria-metrics"
    }
}

/// A binary of a package; nothing where it is absent.
pub fn binary(kind: Kind, name: &str) -> Option<PathBuf> {
    program("prometheus", kind.place().0, Path::new("usr/bin").join(name))
}

/// A running server.
pub struct Server {
    child: Child,
    pub address: String,
    pub url: String,
    _data: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one with samples in OpenMetrics text, whose times are seconds; `scrape` adds a job that scrapes the server
    /// itself every second, with native histograms.
    pub fn start(kind: Kind, openmetrics: &str, scrape: bool) -> Option<Server> {
        let program = binary(kind, kind.place().1)?;
        let data = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let arguments = match kind.is_victoria() {
            true => vec![
                format!("-httpListenAddr={address}"),
                format!("-storageDataPath={}", data.path().join("vm").display()),
                "-retentionPeriod=100y".into(),
            ],
            false => {
                blocks(data.path(), openmetrics)?;
                let job =
                    format!("scrape_configs: [{{job_name: self, static_configs: [{{targets: [\"{address}\"]}}]}}]\n");
                let config =
                    if scrape { format!("global: {{scrape_interval: 1s}}\n{job}") } else { "global: {}\n".into() };
                std::fs::write(data.path().join("prometheus.yml"), config).unwrap();
                vec![
                    format!("--config.file={}", data.path().join("prometheus.yml").display()),
                    format!("--storage.tsdb.path={}", data.path().join("tsdb").display()),
                    "--storage.tsdb.retention.time=36500d".into(),
                    "--enable-feature=native-histograms".into(),
                    format!("--web.listen-address={address}"),
                ]
            }
        };
        // the server ends with the test, however that ends
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program).args(arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server { child, url: format!("http://{address}"), address, _data: data };
        server.wait_for(if kind.is_victoria() { "/health" } else { "/-/ready" });
        if kind.is_victoria() {
            server.import(openmetrics);
        }
        Some(server)
    }

    fn wait_for(&self, path: &str) {
        let end = Instant::now() + Duration::from_secs(40);
        while self.http("GET", path, "").is_none_or(|(status, _)| status != 200) {
            assert!(Instant::now() < end, "{} does not become ready", self.url);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// VictoriaMetrics takes milliseconds.
    fn import(&self, openmetrics: &str) {
        let lines: Vec<String> = openmetrics
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (rest, seconds) = line.rsplit_once(' ').unwrap();
                format!("{rest} {}\n", (seconds.parse::<f64>().unwrap() * 1e3).round() as i64)
            })
            .collect();
        for part in lines.chunks(20_000) {
            assert_eq!(self.http("POST", "/api/v1/import/prometheus", &part.concat()).unwrap().0, 204);
        }
        self.http("GET", "/internal/force_flush", "");
    }

    /// Status and body.
    pub fn http(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        http(&self.address, method, path, body)
    }
}

/// One request over a connection of its own.
pub fn http(address: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let kind = "application/x-www-form-urlencoded";
    let head = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Blocks of samples, as `promtool` of the older package writes them; the newer one reads them too.
fn blocks(folder: &Path, openmetrics: &str) -> Option<()> {
    let promtool = binary(Kind::Prometheus2, "promtool")?;
    let text = folder.join("samples.txt");
    std::fs::write(&text, format!("{openmetrics}# EOF\n")).unwrap();
    let mut command = Command::new(promtool);
    command.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&text).arg(folder.join("tsdb"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(())
}
