//! A listener on loopback that speaks both the API of Prometheus and that of a store, encrypted or not, and hears who asks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;

use crate::heard::Heard;
pub use crate::heard::parameters;

/// A status and a body.
pub type Answer = (u16, String);

/// The listener with what it has heard.
pub struct Server {
    port: u16,
    scheme: &'static str,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    /// One that answers by itself; `encrypted` is how it does.
    pub fn start(
        encrypted: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Heard, usize) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if encrypted.is_some() { "https" } else { "http" };
        let (heard, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (all, answer, encrypted) = (Arc::clone(&all), Arc::clone(&answer), encrypted.clone());
                std::thread::spawn(move || match encrypted {
                    None => {
                        serve(&mut stream, &all, answer.as_ref());
                    }
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        let mut stream = rustls::StreamOwned::new(connection, stream);
                        serve(&mut stream, &all, answer.as_ref());
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Server { port, scheme, heard }
    }

    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.port)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(
    stream: &mut (impl Read + Write),
    all: &Mutex<Vec<Heard>>,
    answer: &dyn Fn(&Heard, usize) -> Answer,
) -> Option<()> {
    let heard = Heard::read(&mut *stream)?;
    let number = {
        let mut all = all.lock().unwrap();
        all.push(heard.clone());
        all.len() - 1
    };
    let (status, body) = answer(&heard, number);
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    stream.flush().ok()
}

/// What either API says of a service with 1,000 requests a minute, of them 10 errors in the baseline and 60 in the canary.
pub fn truth(heard: &Heard) -> Answer {
    match heard.target().starts_with("/api/v1/query") {
        true => (200, samples(&parameters(&heard.body))),
        false => (200, points(&parameters(heard.target().split_once('?').unwrap().1))),
    }
}

fn value<'p>(parameters: &'p [(String, String)], name: &str) -> &'p str {
    parameters.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// How many a minute.
fn count(query: &str) -> i64 {
    match (query.contains("5..") || query.starts_with("errors"), query.contains("42")) {
        (true, true) => 60,
        (true, false) => 10,
        (false, _) => 1_000,
    }
}

/// Raw samples of one counter, four a minute, of which one rises.
fn samples(parameters: &[(String, String)]) -> String {
    let (query, time) = (value(parameters, "query"), value(parameters, "time"));
    let end: f64 = time.parse().unwrap();
    let range: f64 = query.rsplit_once('[').unwrap().1.strip_suffix("ms]").unwrap().parse().unwrap();
    let (end, range) = (end as i64, range as i64 / 1_000);
    let (code, per) = (if query.contains("5..") { "500" } else { "200" }, count(query));
    let version = if query.contains("42") { "42" } else { "41" };
    let first = (end - range).div_euclid(15) * 15 + 15;
    let values: Vec<String> =
        (first..=end).step_by(15).map(|at| format!("[{at},\"{}\"]", (at - 1_771_999_980) / 60 * per)).collect();
    format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"http_requests_total","version":"{version}","code":"{code}"}},"values":[{}]}}]}}}}"#,
        values.join(",")
    )
}

/// A number per minute.
fn points(parameters: &[(String, String)]) -> String {
    let number = |name: &str| value(parameters, name).parse::<i64>().unwrap();
    let per = count(value(parameters, "q"));
    let points: Vec<String> = (number("from")..number("to")).step_by(60).map(|at| format!("[{at},{per}]")).collect();
    format!("{{\"points\":[{}]}}", points.join(","))
}
