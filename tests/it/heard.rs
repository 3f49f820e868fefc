//! What a client sent to a listener of the tests.

use std::io::{BufRead, BufReader, Read};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    /// Reads one request; nothing when the client says nothing whole.
    pub fn read(stream: impl Read) -> Option<Heard> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let mut lines = lines.into_iter();
        let line = lines.next()?;
        let split = |line: String| line.split_once(':').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
        let headers: Vec<(String, String)> = lines.map(split).collect::<Option<_>>()?;
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut body = vec![0; length.map_or(Some(0), |(_, length)| length.parse().ok())?];
        reader.read_exact(&mut body).ok()?;
        Some(Heard { line, headers, body: String::from_utf8(body).ok()? })
    }

    /// What a header holds; nothing if it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}
