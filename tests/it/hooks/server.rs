//! A listener on loopback that answers as it is told to and remembers what it was asked.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::heard::Heard;

/// What is answered to one request.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// A status and further lines of the head.
    Status(u16, &'static str),
    /// The connection is closed without a word.
    Nothing,
    /// Nothing for so long.
    Late(Duration),
    /// A body of so many bytes, which never ends.
    Endless,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }
}

/// The listener. It answers the script, and then always its last reply.
pub struct Listener {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Listener {
    pub fn start(script: &[Reply]) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (heard, script) = (Arc::clone(&requests), script.to_vec());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let mut heard = heard.lock().unwrap();
                let reply = script[heard.len().min(script.len() - 1)];
                heard.push(request);
                drop(heard);
                std::thread::spawn(move || answer(stream, reply));
            }
        });
        Listener { port, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let Heard { line, headers, body } = Heard::read(stream)?;
    Some(Request { line, headers, body, at: Instant::now() })
}

fn answer(mut stream: TcpStream, reply: Reply) {
    let said = "the server's own words";
    let _ = match reply {
        Reply::Nothing => return,
        Reply::Late(time) => {
            std::thread::sleep(time);
            return;
        }
        Reply::Status(status, more) => stream.write_all(
            format!("HTTP/1.1 {status} x\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{said}", said.len())
                .as_bytes(),
        ),
        Reply::Endless => {
            let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            while written.is_ok() {
                written = stream.write_all(&[b'x'; 4096]);
            }
            written
        }
    };
}
