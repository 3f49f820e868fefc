//! HAProxy's log of HTTP requests (`option httplog`, and the one with TLS): its timers and its server as fields of their own.
//!
//! `[29/Nov/2026:10:00:00.000] fe be/s1 0/0/1/95/96 200 …` becomes `… fe be s1 0 0 1 95 96 200 …`; what a syslog wrote before
//! it is left out, and so are captured headers. A request that the client gave up has the status -1 and becomes 499, as nginx
//! writes it; any other one without a status becomes 0, for nobody answered. Lines that are no requests, such as `Server be/s1 is DOWN`
//! or `192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe/1: SSL handshake failure`, become nothing.

use super::rewrite::{Rewrite, most};
use crate::source::error::Error;

struct Haproxy;

/// For a file that begins with such lines.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    // a log begins with what the proxy says of itself
    let requests: Vec<&[u8]> = lines.iter().copied().filter(|line| dated(line).is_some()).collect();
    let said = memchr::memmem::find(lines[0], b"haproxy[").is_some() || most(lines, is);
    (said && most(&requests, is)).then(|| Box::new(Haproxy) as Box<dyn Rewrite>)
}

/// Whether a line is a request's.
pub(super) fn is(line: &[u8]) -> bool {
    parts(line).is_some()
}

/// A request's line in parts.
struct Parts<'l> {
    client_and_time: &'l [u8],
    frontend: &'l [u8],
    server: &'l [u8],
    timers: &'l [u8],
    status: &'l [u8],
    /// From the bytes to the queues.
    more: &'l [u8],
    state: &'l [u8],
    request: &'l [u8],
}

/// Where the time of a line stands: `[29/Nov/2026:10:00:00.000]`.
fn dated(line: &[u8]) -> Option<(usize, usize)> {
    memchr::memchr_iter(b'[', line).find_map(|open| {
        let close = open + 25;
        let time = line.get(open + 1..close)?;
        let right = time[2] == b'/'
            && time[6] == b'/'
            && time[11] == b':'
            && time[20] == b'.'
            && line.get(close) == Some(&b']');
        right.then_some((open, close))
    })
}

/// Whether a line has a client and the beginning of a time, `192.0.2.7:5512 [`, and is not of a connection without a request.
fn is_begun(line: &[u8]) -> bool {
    let is_client = |word: &[u8]| {
        let port = memchr::memrchr(b':', word).map(|colon| &word[colon + 1..]);
        port.is_some_and(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit))
    };
    let mut opened = memchr::memmem::find_iter(line, b" [");
    let handshake = memchr::memmem::find(line, b" SSL handshake").is_some();
    !handshake && opened.any(|space| line[..space].rsplit(|byte| *byte == b' ').next().is_some_and(is_client))
}

fn parts(line: &[u8]) -> Option<Parts<'_>> {
    let (open, close) = dated(line)?;
    let before = line[..open].trim_ascii_end();
    let client = before.iter().rposition(|byte| *byte == b' ').map_or(0, |space| space + 1);
    let rest = line.get(close + 2..)?;
    let mut at = 0;
    let mut fields = rest.split(|byte| *byte == b' ').map(|field| {
        let from = at;
        at += field.len() + 1;
        (from, field)
    });
    let (_, frontend) = fields.next()?;
    let (_, server) = fields.next().filter(|(_, server)| server.contains(&b'/'))?;
    let timer = |part: &[u8]| {
        let digits = part.strip_prefix(b"-").or_else(|| part.strip_prefix(b"+")).unwrap_or(part);
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    };
    let is_timers = |field: &[u8]| {
        let parts = field.split(|byte| *byte == b'/');
        parts.clone().count() == 5 && parts.clone().all(timer)
    };
    // a host may stand before the timers
    let (_, timers) = fields.by_ref().take(3).find(|(_, field)| is_timers(field))?;
    let (from, status) = fields.next()?;
    if !timer(status) {
        return None;
    }
    let from = from + status.len() + 1;
    // bytes and two cookies, the state, connections and queues
    let (_, state) = fields.nth(3)?;
    let (last, queues) = fields.nth(1)?;
    let behind = rest.get(last + queues.len()..).unwrap_or_default();
    let request =
        memchr::memmem::find(behind, b" \"").map_or(&b"\"-\""[..], |quote| behind[quote + 1..].trim_ascii_end());
    let more = &rest[from..last + queues.len()];
    Some(Parts { client_and_time: &line[client..=close], frontend, server, timers, status, more, state, request })
}

impl Rewrite for Haproxy {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(parts) = parts(line) else {
            // what begins like a request and cannot be read is a row that is said to be bad
            out.extend_from_slice(if is_begun(line) { line } else { b"" });
            return Ok(());
        };
        let spaced = |field: &[u8]| -> Vec<u8> {
            field.iter().map(|byte| if *byte == b'/' { b' ' } else { *byte }).filter(|byte| *byte != b'+').collect()
        };
        let server = parts.server.splitn(2, |byte| *byte == b'/').collect::<Vec<_>>().join(&b' ');
        let (timers, frontend) = (spaced(parts.timers), parts.frontend.strip_suffix(b"~").unwrap_or(parts.frontend));
        let status: &[u8] = match (parts.status, parts.state.first()) {
            (b"-1", Some(b'C' | b'c')) => b"499",
            (b"-1", _) => b"0",
            (status, _) => status,
        };
        for part in [parts.client_and_time, frontend, &server, &timers, status, parts.more] {
            out.extend_from_slice(part);
            out.push(b' ');
        }
        out.extend_from_slice(parts.request);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_request_that_is_cut_off_is_a_bad_row_and_a_connection_without_one_is_none() {
        let line = "192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe be/s1 0/0/1/95/96 200 512 - - ---- 3/3/0/0/0 0/0 \"GET /p HTTP/1.1\"";
        for cut in [25, 60, 70, 80] {
            let text = read(&format!("{line}\n{line}\n{}\n", &line[..cut]));
            assert_eq!(text.lines().nth(2), Some(&line[..cut]), "{text}");
        }
        for other in [
            "192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe/1: SSL handshake failure",
            "192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe/1: Connection closed during SSL handshake",
            "Connect from 192.0.2.7:5512 to 192.0.2.9:443 (fe/HTTP)",
            "Server be/s1 is DOWN, reason: Layer4 timeout. 0 active [2 left].",
        ] {
            assert_eq!(read(&format!("{line}\n{line}\n{other}\n")).lines().nth(2), Some(""), "{other}");
        }
    }

    #[test]
    fn only_requests_are_left() {
        let text = read(
            "Feb 25 16:19:38 192.0.2.2 haproxy[1]: Proxy fe started.\n\
             Jul 30 09:03:52 lb haproxy[2]: 192.0.2.7:38862 [30/Jul/2018:09:03:52.726] fe~ be/<NOSRV> 0/-1/-1/-1/+2 503 168 - - SC-- 6/6/0/0/0 0/0 {docs.example|a b} {|||} \"GET /a b HTTP/1.1\"\n",
        );
        let request = "192.0.2.7:38862 [30/Jul/2018:09:03:52.726] fe be <NOSRV> 0 -1 -1 -1 2 503 168 - - SC-- 6/6/0/0/0 0/0 \"GET /a b HTTP/1.1\"";
        assert_eq!(text, format!("\n{request}\n"));
    }
}
