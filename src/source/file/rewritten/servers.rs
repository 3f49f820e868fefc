//! The lines of two servers that write a request in words: uWSGI's and Gin's, as JSON objects.
//!
//! `[pid: 7|…] … [Sun Nov 29 10:00:00 2026] GET /p => generated 5 bytes in 129 msecs (HTTP/1.1 200) …`, and
//! `[GIN] 2026/11/29 - 10:00:00 | 200 |  98.123ms |  192.0.2.7 | GET "/p"`. Other lines of the programs become nothing. A
//! request that uWSGI kills for taking too long (`HARAKIRI`) has no line of its own: it becomes one with the status 504.

use super::rewrite::{Rewrite, most, quote};
use crate::source::error::Error;

#[derive(Clone, Copy)]
enum Server {
    Uwsgi,
    Gin,
}

/// What a line says of a request.
struct Said<'l> {
    time: String,
    status: &'l str,
    /// With its unit, if it ended.
    took: Option<String>,
    method: &'l str,
    path: &'l str,
}

/// For a file that begins with such lines.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let server =
        [Server::Uwsgi, Server::Gin].into_iter().find(|server| most(lines, |line| server.said(line).is_some()))?;
    Some(Box::new(server))
}

impl Server {
    fn said(self, line: &[u8]) -> Option<Said<'_>> {
        let line = std::str::from_utf8(line).ok()?;
        match self {
            Server::Uwsgi => uwsgi(line).or_else(|| killed(line)),
            Server::Gin => gin(line),
        }
    }

    /// How a line of a request begins.
    fn mark(self) -> &'static [u8] {
        match self {
            Server::Uwsgi => b"[pid: ",
            Server::Gin => b"[GIN] ",
        }
    }
}

fn uwsgi(line: &str) -> Option<Said<'_>> {
    let (_, rest) = line.strip_prefix("[pid: ")?.split_once("} [")?;
    let (time, rest) = rest.split_once("] ")?;
    let (request, rest) = rest.split_once(" => generated ")?;
    let (method, path) = request.split_once(' ')?;
    let (_, rest) = rest.split_once(" in ")?;
    let (took, rest) = rest.split_once(" (HTTP/")?;
    let (number, unit) = took.split_once(' ')?;
    let unit = match unit {
        "msecs" => "ms",
        "micros" => "us",
        _ => return None,
    };
    let (_, status) = rest.split_once(')')?.0.split_once(' ')?;
    Some(Said { time: time.to_owned(), status, took: Some(format!("{number}{unit}")), method, path })
}

/// What uWSGI writes as it kills a worker. It tries again until the worker is dead, and one request counts once.
const KILLED: &str = "*** HARAKIRI ON WORKER ";

/// `Sun Nov 29 10:00:00 2026 - *** HARAKIRI ON WORKER 1 (pid: 7, try: 1) ***`
fn killed(line: &str) -> Option<Said<'_>> {
    let (time, rest) = line.split_once(KILLED)?;
    let time = time.strip_suffix(" - ").filter(|_| rest.contains("try: 1)"))?.to_owned();
    Some(Said { time, status: "504", took: None, method: "", path: "" })
}

fn gin(line: &str) -> Option<Said<'_>> {
    let mut parts = line.strip_prefix("[GIN] ")?.split('|').map(str::trim);
    let (time, status, took) = (parts.next()?, parts.next()?, parts.next()?);
    let request = parts.nth(1)?;
    let (method, path) = request.split_once(' ')?;
    let time = time.replace(" - ", " ");
    Some(Said { time, status, took: Some(took.to_owned()), method, path: path.trim().trim_matches('"') })
}

impl Rewrite for Server {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(said) = self.said(line) else {
            // what begins like a request and cannot be read is a row that is said to be bad
            let request = line.starts_with(self.mark()) && line.contains(&b'|');
            let undated = matches!(self, Server::Uwsgi) && line.starts_with(KILLED.as_bytes());
            out.extend_from_slice(if request || undated { line } else { b"" });
            return Ok(());
        };
        let cells = [
            ("time", said.time.as_str()),
            ("status", said.status),
            ("duration", said.took.as_deref().unwrap_or_default()),
            ("method", said.method),
            ("path", said.path),
        ];
        for (at, (name, value)) in cells.into_iter().filter(|(_, value)| !value.is_empty()).enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            quote(name.as_bytes(), out);
            out.push(b':');
            quote(value.as_bytes(), out);
        }
        out.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn requests_in_words_are_objects() {
        let uwsgi = "[pid: 7|app: 0|req: 1/1] 192.0.2.7 () {38 vars in 696 bytes} [Sun Nov 29 10:00:00 2026] GET /p => generated 47 bytes in 129 msecs (HTTP/1.1 200) 9 headers in 378 bytes (1 switches on core 3)";
        let object = "{\"time\":\"Sun Nov 29 10:00:00 2026\",\"status\":\"200\",\"duration\":\"129ms\",\"method\":\"GET\",\"path\":\"/p\"}";
        assert_eq!(read(&format!("{uwsgi}\n")), format!("{object}\n"));
        // who was killed was a request, and is killed once
        let killed =
            |attempt: u8| format!("Sun Nov 29 10:00:09 2026 - *** HARAKIRI ON WORKER 1 (pid: 7, try: {attempt}) ***");
        let undated = "*** HARAKIRI ON WORKER 1 (pid: 7, try: 1) ***";
        assert_eq!(
            read(&format!("{uwsgi}\n{}\n{}\n{uwsgi}\n{undated}\n", killed(1), killed(2))),
            format!("{object}\n{{\"time\":\"Sun Nov 29 10:00:09 2026\",\"status\":\"504\"}}\n\n{object}\n{undated}\n")
        );
        let gin = "[GIN] 2026/11/29 - 10:00:00 | 503 |    1.5s |       192.0.2.7 | GET      \"/p\"";
        let object = "{\"time\":\"2026/11/29 10:00:00\",\"status\":\"503\",\"duration\":\"1.5s\",\"method\":\"GET\",\"path\":\"/p\"}";
        assert_eq!(read(&format!("{gin}\n[GIN-debug] Listening\n{gin}\n")), format!("{object}\n\n{object}\n"));
    }
}
