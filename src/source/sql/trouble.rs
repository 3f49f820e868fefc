//! What PostgreSQL, or the way to it, says of a failure: the line of the query, the server's words, and what to do.

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::asked::{Sql, Where};
use crate::plain;
use crate::source::error::Error;
use crate::text::spell::spell;

/// So much of what a server says is quoted.
const QUOTED: usize = 400;

/// Whether another attempt may do better.
pub fn may_pass(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => [
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
        ]
        .contains(code),
        None => error.is_closed() || io(error).is_some(),
    }
}

/// The error of a question that was not answered.
pub fn error(asked: &Sql, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::QUERY_CANCELED => deadline(asked),
        Some(said) => of_server(asked, said),
        None => of_the_way(asked, error),
    }
}

/// The error of a question whose time is over.
pub fn deadline(asked: &Sql) -> Error {
    let after = spell(asked.deadline);
    Error::unreachable(format!("was stopped at its deadline of {after}; `deadline:` in the source gives it more time"))
        .hint("An index on the time's column makes the query fast.")
}

fn of_server(asked: &Sql, said: &DbError) -> Error {
    let mut problem = quoted(said.message());
    if let Some(ErrorPosition::Original(position)) = said.position() {
        let (line, text) = asked.statement.line_at(usize::try_from(*position).unwrap_or_default());
        problem = format!("line {line} of the query, `{}`: {problem}", quoted(text));
    }
    let error = Error::unreachable(format!("{problem} ({})", said.code().code()));
    match (said.hint().or(said.detail()), remedy(said.code())) {
        (_, Some(remedy)) => error.hint(remedy),
        (Some(hint), None) => error.hint(quoted(hint)),
        (None, None) => error.hint("Repair the query; `psql` shows the same message."),
    }
}

fn remedy(code: &SqlState) -> Option<&'static str> {
    const ACCOUNT: [SqlState; 2] = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
    match code {
        code if ACCOUNT.contains(code) => {
            Some("Check the user of `url`, and the password that `password_env` or `password_file` names.")
        }
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            Some("davy only reads: write a query that changes nothing.")
        }
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            Some("Grant the user the right to read it: `GRANT SELECT`.")
        }
        code if *code == SqlState::SYNTAX_ERROR => {
            Some("Write one statement; `${…}` stands for a value, not for a name or a part of the query.")
        }
        _ => None,
    }
}

fn of_the_way(asked: &Sql, error: &tokio_postgres::Error) -> Error {
    let why = match io(error) {
        Some(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            "no server listens there: the connection was refused".into()
        }
        Some(io) => quoted(&io.to_string()),
        // its own texts name kinds of failure, never an address or a secret
        None => quoted(&chain(error)),
    };
    let hint = match &asked.place {
        Where::Variable(name) => format!("Check the address in {name}, and that the server runs."),
        Where::Address(_) => "Check `url`, and that the server runs.".to_owned(),
    };
    let hint = if why.contains("certificate") || why.contains("TLS") {
        "Check that the server speaks TLS; `ca_file: ca.pem` names authorities of your own.".to_owned()
    } else if why.contains("password missing") {
        "Write `password_env: PGPASSWORD`, or `password_file: …`.".to_owned()
    } else {
        hint
    };
    Error::unreachable(format!("cannot be asked ({why})")).hint(hint)
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_said = inner.to_string();
        if !said.contains(&inner_said) {
            said = format!("{said}: {inner_said}");
        }
        cause = inner.source();
    }
    said
}

fn io(error: &dyn std::error::Error) -> Option<&std::io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}

fn quoted(text: &str) -> String {
    plain::shorten(text.trim(), QUOTED)
}
