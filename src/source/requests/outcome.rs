//! How a request ended, by the cell that says it: a status, a word, a flag, or the text of an error.
//!
//! A request that nobody answered is an error: load generators write the status 0 for a connection that was refused. A word
//! that is not known says nothing, and its row is a bad row: what failed in a new way never counts as a success.

use super::Value;
use super::number;

/// What a column says of how a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// An HTTP status, its class (`5xx`), or a word such as `OK`.
    Status,
    /// A code of gRPC, as a number or a word.
    Grpc,
    /// Yes if it succeeded.
    Success,
    /// Yes if it failed.
    Failure,
    /// The text of an error; none if there was no error.
    Fault,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    /// The client's own fault, such as 404: no error of the server.
    Refused,
    Badly,
}

const LOW: &str = "has a status below 100";
const NO_STATUS: &str = "has a status that is not a number";
const NO_FLAG: &str = "says neither yes nor no of its success";

const YES: [&str; 6] = ["true", "1", "yes", "y", "t", "1.0"];
const NO: [&str; 6] = ["false", "0", "no", "n", "f", "0.0"];
pub(super) const WELL: [&str; 11] =
    ["ok", "success", "successful", "succeeded", "pass", "passed", "good", "completed", "complete", "done", "healthy"];
pub(super) const BADLY: [&str; 17] = [
    "error",
    "err",
    "errored",
    "fail",
    "failed",
    "failure",
    "ko",
    "nok",
    "timeout",
    "timed_out",
    "exception",
    "bad",
    "fatal",
    "crash",
    "crashed",
    "unhealthy",
    "aborted",
];
/// What a column of texts of errors has if there was none.
const NO_FAULT: [&str; 4] = ["false", "0", "no", "ok"];
/// The codes of gRPC by their numbers.
const GRPC: [&str; 17] = [
    "ok",
    "cancelled",
    "unknown",
    "invalidargument",
    "deadlineexceeded",
    "notfound",
    "alreadyexists",
    "permissiondenied",
    "resourceexhausted",
    "failedprecondition",
    "aborted",
    "outofrange",
    "unimplemented",
    "internal",
    "unavailable",
    "dataloss",
    "unauthenticated",
];
/// Those that are faults of the server, as OpenTelemetry's conventions for server spans have it.
const GRPC_FAULTS: [usize; 6] = [2, 4, 12, 13, 14, 15];

/// The HTTP status of a cell, as it ended. Nothing if the cell is empty.
#[inline]
pub(super) fn of_status(cell: &Value) -> Result<Option<Ended>, &'static str> {
    match number::whole(cell) {
        Ok(Some(status)) => ended(status).map(Some),
        Ok(None) => Ok(None),
        Err(_) => of_word(cell, Means::Status).ok_or(NO_STATUS).map(Some),
    }
}

#[inline]
fn ended(status: i64) -> Result<Ended, &'static str> {
    match status {
        0 | 500.. => Ok(Ended::Badly),
        400..500 => Ok(Ended::Refused),
        100..400 => Ok(Ended::Well),
        _ => Err(LOW),
    }
}

/// What a cell says; nothing if it is empty. `Err` says in a few words why it cannot be understood.
pub(super) fn of(cell: &Value, means: Means) -> Result<Option<Ended>, &'static str> {
    if means == Means::Status {
        return of_status(cell);
    }
    // what JMeter writes in each row, without a copy
    match (means, cell) {
        (Means::Success, Value::Text(b"true")) => return Ok(Some(Ended::Well)),
        (Means::Success, Value::Text(b"false")) => return Ok(Some(Ended::Badly)),
        _ => {}
    }
    if number::is_empty(cell) {
        return Ok(None);
    }
    let code = || number::whole(cell).ok().flatten().and_then(|code| usize::try_from(code).ok());
    match (means, code()) {
        (Means::Grpc, Some(code)) if code < GRPC.len() => Ok(Some(grpc(code))),
        (Means::Grpc, Some(status)) => ended(status as i64).map(Some),
        (Means::Grpc, None) => of_word(cell, means).ok_or(NO_STATUS).map(Some),
        _ => of_word(cell, means).ok_or(NO_FLAG).map(Some),
    }
}

fn grpc(code: usize) -> Ended {
    match code {
        0 => Ended::Well,
        code if GRPC_FAULTS.contains(&code) => Ended::Badly,
        _ => Ended::Refused,
    }
}

/// What a word says.
fn of_word(cell: &Value, means: Means) -> Option<Ended> {
    let text = super::row::plain(cell).trim().to_lowercase();
    let is = |words: &[&str]| words.contains(&text.as_str());
    let ended = |badly: bool| if badly { Ended::Badly } else { Ended::Well };
    match means {
        Means::Success if is(&YES) || is(&WELL) => Some(Ended::Well),
        Means::Success if is(&NO) || is(&BADLY) => Some(Ended::Badly),
        Means::Failure if is(&YES) || is(&BADLY) => Some(Ended::Badly),
        Means::Failure if is(&NO) || is(&WELL) => Some(Ended::Well),
        Means::Success | Means::Failure => None,
        Means::Fault => Some(ended(!is(&NO_FAULT))),
        Means::Status | Means::Grpc => match text.as_bytes() {
            [class @ b'1'..=b'5', b'x', b'x'] => self::ended(i64::from(class - b'0') * 100).ok(),
            // `200 OK`
            [a, b, c, b' ', ..] if means == Means::Status && [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
                text[..3].parse().ok().and_then(|status| self::ended(status).ok())
            }
            _ if means == Means::Status && (is(&WELL) || is(&BADLY)) => Some(ended(is(&BADLY))),
            _ => {
                let joined: String = text.chars().filter(|c| !matches!(c, '_' | ' ' | '-')).collect();
                let joined = if joined == "canceled" { "cancelled".to_owned() } else { joined };
                GRPC.iter().position(|name| *name == joined).map(grpc)
            }
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of_text(text: &str, means: Means) -> Result<Option<Ended>, &'static str> {
        of(&Value::Text(text.as_bytes()), means)
    }

    #[test]
    fn each_kind_of_column_has_its_own_direction() {
        use Ended::{Badly, Refused, Well};
        for (means, well, refused, badly) in [
            (
                Means::Status,
                &["200", "302", "2xx", "3XX", "OK", "Success", "200 OK"][..],
                &["404", "4xx", "NOT_FOUND"][..],
                &[
                    "500",
                    "0",
                    "000",
                    "5xx",
                    "503 Service Unavailable",
                    "ERROR",
                    "KO",
                    "Unavailable",
                    "DEADLINE_EXCEEDED",
                ][..],
            ),
            (
                Means::Grpc,
                &["0", "OK", "200"],
                &["5", "NotFound", "1", "Canceled"],
                &["13", "14", "Internal", "UNAVAILABLE", "503"],
            ),
            (Means::Success, &["true", "True", "1", "yes", "ok"], &[], &["false", "0", "FALSE", "failed"]),
            (Means::Failure, &["false", "0", "no"], &[], &["true", "1", "timeout"]),
            (Means::Fault, &["no", "false", "0"], &[], &["dial tcp: connection refused", "true", "1"]),
        ] {
            for (texts, ended) in [(well, Well), (refused, Refused), (badly, Badly)] {
                for text in texts {
                    assert_eq!(of_text(text, means), Ok(Some(ended)), "{means:?} {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_is_never_a_success() {
        assert_eq!(of_text("42", Means::Status), Err(LOW));
        for (text, means) in
            [("exploded", Means::Status), ("-1", Means::Status), ("perhaps", Means::Success), ("x", Means::Grpc)]
        {
            assert!(of_text(text, means).is_err(), "{text}");
        }
        for means in [Means::Status, Means::Grpc, Means::Success, Means::Failure, Means::Fault] {
            assert_eq!(
                (of_text("", means), of_text("-", means), of(&Value::Missing, means)),
                (Ok(None), Ok(None), Ok(None))
            );
        }
        assert_eq!(of(&Value::Bool(false), Means::Success), Ok(Some(Ended::Badly)));
        assert_eq!(of(&Value::Int(503), Means::Status), Ok(Some(Ended::Badly)));
    }
}
