//! What a client sent to a listener of the tests, and servers that may be absent.

use std::io::{BufRead, BufReader, Read};
#[cfg(any(feature = "http", feature = "prometheus"))]
use std::path::{Path, PathBuf};

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

/// The parameters of a query or a form, as they were meant.
#[cfg(feature = "http")]
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

#[cfg(feature = "http")]
fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        let pair = [rest.clone().next(), rest.clone().nth(1)];
        match (byte, pair) {
            (b'%', [Some(high), Some(low)]) => {
                let hex = [high, low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                rest.nth(1);
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A program of a package that `.ci/KIND` unpacks; nothing where it is absent, which is said, and allowed under CI only if it could
/// not be fetched.
#[cfg(any(feature = "http", feature = "prometheus"))]
pub fn program(kind: &str, package: &str, path: impl AsRef<Path>) -> Option<PathBuf> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(kind);
    let folder = std::env::var_os(format!("DAVY_{}", kind.to_uppercase())).map_or_else(own, PathBuf::from);
    let found = folder.join(package).join(path);
    if found.is_file() {
        return Some(found);
    }
    let absent = std::fs::read_to_string(folder.join("absent")).unwrap_or_default();
    let is_known = absent.lines().any(|line| line == package);
    assert!(is_known || std::env::var("CI").as_deref() != Ok("true"), "{} is absent", found.display());
    println!("skipped: {} is absent; `.ci/{kind}` fetches it", found.display());
    None
}
