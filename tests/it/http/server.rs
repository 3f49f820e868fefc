//! A listener on loopback whose answers are computed from what it is asked.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::heard::{Heard, parameters};

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub parameters: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn parameter(&self, name: &str) -> String {
        self.parameters.iter().find(|(key, _)| key == name).map_or(String::new(), |(_, value)| value.clone())
    }

    pub fn number(&self, name: &str) -> i64 {
        self.parameter(name).parse().unwrap_or_else(|_| panic!("{name} is not a number: {:?}", self.parameters))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Bytes that are promised and never come.
    short_by: usize,
    is_nothing: bool,
}

impl Response {
    pub fn of(status: u16, body: impl Into<String>) -> Response {
        Response { status, head: String::new(), body: body.into().into_bytes(), short_by: 0, is_nothing: false }
    }

    pub fn json(body: impl Into<String>) -> Response {
        Response::of(200, body).with("content-type: application/json")
    }

    pub fn with(mut self, line: &str) -> Response {
        self.head.push_str(line);
        self.head.push_str("\r\n");
        self
    }

    /// The body packed by gzip, all of it but so many bytes, as if that were all.
    pub fn packed(mut self, all_but: usize) -> Response {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&self.body).unwrap();
        self.body = packed.finish().unwrap();
        self.body.truncate(self.body.len() - all_but);
        self.with("content-encoding: gzip")
    }

    /// The beginning of a body, and then the connection is closed.
    pub fn cut(body: &str) -> Response {
        Response { short_by: 100, ..Response::json(body) }
    }

    /// The connection is closed without a word.
    pub fn nothing() -> Response {
        Response { is_nothing: true, ..Response::of(200, "") }
    }
}

/// The listener.
pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request, usize) -> Response + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let number = heard.lock().unwrap().len();
                let response = answer(&request, number);
                heard.lock().unwrap().push(request);
                write(stream, &response);
            }
        });
        Server { port, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let heard = Heard::read(stream)?;
    let (_, query) = heard.target().split_once('?').unwrap_or((heard.target(), ""));
    Some(Request { parameters: parameters(query), headers: heard.headers, body: heard.body })
}

fn write(mut stream: TcpStream, response: &Response) {
    if response.is_nothing {
        return;
    }
    let Response { status, head, body, short_by, .. } = response;
    let length = body.len() + short_by;
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n");
    let _ = stream.write_all(body);
}
