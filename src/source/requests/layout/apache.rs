//! Apache's `LogFormat`: `%h %l %u %t "%r" %>s %b %D`.
//!
//! What its directives write: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>.

use super::pieces::{Field, Holds, Piece, Pieces, Placed, mistake};
use super::strftime;
use crate::source::requests::condition::Mistake;
use crate::source::requests::unit::TimeUnit;

/// Directives without an argument, what their column is called, and what it holds.
const DIRECTIVES: [(char, &str, Holds); 32] = [
    ('a', "remote_addr", Holds::Text),
    ('A', "local_addr", Holds::Text),
    ('b', "body_bytes_sent", Holds::Whole),
    ('B', "body_bytes_sent", Holds::Whole),
    ('D', "request_time_us", Holds::Took(TimeUnit::Microseconds)),
    ('f', "filename", Holds::Text),
    ('h', "remote_host", Holds::Text),
    ('H', "protocol", Holds::Text),
    ('I', "bytes_received", Holds::Whole),
    ('k', "keepalive_requests", Holds::Whole),
    ('l', "ident", Holds::Text),
    ('L', "log_id", Holds::Text),
    ('m', "method", Holds::Text),
    ('O', "bytes_sent", Holds::Whole),
    ('p', "server_port", Holds::Text),
    ('P', "pid", Holds::Text),
    ('q', "query_string", Holds::Text),
    ('r', "request", Holds::Request),
    ('R', "handler", Holds::Text),
    ('s', "status", Holds::Whole),
    ('S', "bytes_total", Holds::Whole),
    ('t', "time_local", Holds::Time),
    ('T', "request_time_s", Holds::Took(TimeUnit::Seconds)),
    ('u', "remote_user", Holds::Text),
    ('U', "path", Holds::Text),
    ('v', "server_name", Holds::Text),
    ('V', "host", Holds::Text),
    ('X', "connection_status", Holds::Text),
    ('C', "cookie", Holds::Text),
    ('i', "http", Holds::Text),
    ('o', "sent_http", Holds::Text),
    ('n', "note", Holds::Text),
];

/// Whether a text is written so.
pub(super) fn is(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| directive(&text[at..]).is_some_and(|found| found.known().is_some()))
}

/// A directive: `%>s`, `%!200{Referer}i`.
struct Directive<'t> {
    argument: Option<&'t str>,
    letter: char,
    len: usize,
}

impl Directive<'_> {
    fn known(&self) -> Option<&'static (char, &'static str, Holds)> {
        DIRECTIVES.iter().find(|(letter, ..)| *letter == self.letter)
    }
}

fn directive(text: &str) -> Option<Directive<'_>> {
    let rest = text.strip_prefix('%')?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '!' | ',' | '<' | '>'));
    let (argument, rest) = match rest.strip_prefix('{') {
        Some(inner) => inner.split_once('}').map(|(argument, rest)| (Some(argument), rest))?,
        None => (None, rest),
    };
    // a trailer of a request or of an answer
    let rest = rest.strip_prefix("^t").unwrap_or(rest);
    let letter = rest.chars().next().filter(char::is_ascii_alphabetic)?;
    Some(Directive { argument, letter, len: text.len() - rest.len() + 1 })
}

pub(super) fn parse(text: &str) -> Result<Vec<Placed>, Mistake> {
    let pieces = Pieces::by_percent(text, |pieces, at, rest| {
        let hint = "Apache's directives are written `%>s`, `%{ms}T` or `%{Referer}i`; a percent sign is `%%`";
        let found = directive(rest).ok_or_else(|| mistake(at, "`%` begins no directive", hint))?;
        put(pieces, at, &found).map(|()| found.len)
    })?;
    one_time(pieces)
}

fn put(pieces: &mut Pieces, at: usize, found: &Directive) -> Result<(), Mistake> {
    match (found.letter, found.argument) {
        ('t', None) => {
            pieces.text(at, "[");
            pieces.field(at, "time_local", Holds::Time);
            pieces.text(at, "]");
        }
        ('t', Some(form)) => {
            let form = form.strip_prefix("begin:").or_else(|| form.strip_prefix("end:")).unwrap_or(form);
            let (name, holds) = match form {
                "sec" | "msec" | "usec" => ("time", Holds::Time),
                "msec_frac" => ("time", Holds::Formed("%3f".into())),
                "usec_frac" => ("time", Holds::Formed("%6f".into())),
                form => ("time", Holds::Formed(form.to_owned())),
            };
            pieces.field(at, name, holds);
        }
        ('T', Some(unit)) => {
            let unit = match unit {
                "s" => TimeUnit::Seconds,
                "ms" => TimeUnit::Milliseconds,
                "us" => TimeUnit::Microseconds,
                other => {
                    let problem = format!("`%{{{other}}}T` is in no unit");
                    return Err(mistake(at, problem, "Apache knows `%{s}T`, `%{ms}T` and `%{us}T`"));
                }
            };
            pieces.field(at, format!("request_time_{}", unit.name()), Holds::Took(unit));
        }
        ('C' | 'i' | 'o' | 'n' | 'e' | 'x' | 'c', Some(of)) => {
            let prefix = match found.letter {
                'C' => "cookie",
                'i' => "http",
                'o' => "sent_http",
                'e' => "env",
                'x' | 'c' => "ssl",
                _ => "note",
            };
            let name: String =
                of.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
            pieces.field(at, format!("{prefix}_{name}"), Holds::Text);
        }
        (letter, argument) => {
            let known = found.known().filter(|_| !matches!(letter, 'C' | 'i' | 'o' | 'n'));
            let Some((_, name, holds)) = known else {
                let problem = format!("Apache has no directive `%{letter}`");
                return Err(mistake(at, problem, "write one of its own, such as `%>s`, `%D`, `%{Referer}i`"));
            };
            let name = match argument {
                Some(argument) => format!("{name}_{argument}"),
                None => (*name).to_owned(),
            };
            pieces.field(at, name, holds.clone());
        }
    }
    Ok(())
}

/// A time in several directives, `%{%F %T}t.%{msec_frac}t %{%z}t`, is one field in one way of writing.
fn one_time(pieces: Vec<Placed>) -> Result<Vec<Placed>, Mistake> {
    let formed = |piece: &Placed| matches!(&piece.1, Piece::Field(Field { holds: Holds::Formed(_), .. }));
    let mut all: Vec<Placed> = Vec::new();
    let mut rest = pieces.into_iter().peekable();
    while let Some((at, piece)) = rest.next() {
        let Piece::Field(Field { name, holds: Holds::Formed(form) }) = piece else {
            all.push((at, piece));
            continue;
        };
        let mut form = form;
        loop {
            let mut ahead = rest.clone();
            let between = ahead.next_if(|next| matches!(next.1, Piece::Text(_)));
            let Some((_, Piece::Field(Field { holds: Holds::Formed(more), .. }))) = ahead.next_if(formed) else {
                break;
            };
            if let Some((_, Piece::Text(text))) = between {
                form.push_str(&text.replace('%', "%%"));
            }
            form.push_str(&more);
            rest = ahead;
        }
        let form = strftime::checked(&form).map_err(|(problem, hint)| mistake(at, problem, hint))?;
        all.push((at, Piece::Field(Field { name, holds: Holds::Formed(form) })));
    }
    Ok(all)
}
