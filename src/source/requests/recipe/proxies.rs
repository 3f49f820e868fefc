//! The logs of proxies and load balancers whose lines are fields between spaces: HAProxy, Envoy and Istio, AWS' classic one.
//!
//! A request that the client gave up has no status: Envoy writes 0 with the flag DC. It is no error of the server. Any other
//! text in the place of a status counts as an error, so that nothing passes because it cannot be read.

use super::super::condition::Condition;
use super::super::formats::Ready;
use super::super::split::spaced::{Field, Fields};
use super::head::{self, is_digits};
use super::{Recipe, made};

/// How many of the first lines are looked at.
const LOOKED_AT: usize = 50;

/// Envoy's format or Istio's, as the first lines show.
pub(super) fn envoy(head: &[u8]) -> Option<Recipe> {
    let name = if rows(head).any(|row| is_istio(&row)) { "istio" } else { "envoy" };
    made::named(name, head)
}

/// Which of Envoy's requests are errors.
pub(super) fn envoy_errors() -> Option<Condition> {
    Ready::named("envoy").and_then(|ready| ready.error.clone())
}

pub(super) fn is_classic(head: &[u8]) -> bool {
    most(head, |row| {
        let parts = |at: usize| {
            row[at].inner.split(|byte| *byte == b'.').all(|part| is_digits(part.strip_prefix(b"-").unwrap_or(part)))
        };
        row.len() >= 12
            && row[0].mark == b' '
            && is_stamp(row[0].inner)
            && (4..7).all(parts)
            && (is_digits(row[7].inner) || row[7].inner == b"-")
            && row[11].mark == b'"'
    })
}

pub(super) fn is_haproxy(head: &[u8]) -> bool {
    most(head, |row| {
        let number = |at: usize| is_digits(row[at].inner.strip_prefix(b"-").unwrap_or(row[at].inner));
        let looks = row.len() > 17 && row[1].mark == b'[' && (5..11).all(number) && row[17].mark == b'"';
        looks && row.len() == made::spaced("haproxy").len()
    })
}

pub(super) fn is_envoy(head: &[u8]) -> bool {
    most(head, |row| is_plain_envoy(row) || is_istio(row))
}

fn is_plain_envoy(row: &[Field]) -> bool {
    begins_like_envoy(row) && row.len() >= 12 && (4..7).all(|at| is_digits(row[at].inner))
}

fn is_istio(row: &[Field]) -> bool {
    begins_like_envoy(row) && row.len() >= 16 && row[6].mark == b'"' && (7..10).all(|at| is_digits(row[at].inner))
}

fn begins_like_envoy(row: &[Field]) -> bool {
    row.len() > 6 && row[0].mark == b'[' && is_stamp(row[0].inner) && row[1].mark == b'"' && is_digits(row[2].inner)
}

fn rows(head: &[u8]) -> impl Iterator<Item = Vec<Field<'_>>> {
    head::whole(head).take(LOOKED_AT).filter_map(|line| Fields::of(line).collect())
}

fn most(head: &[u8], is: impl Fn(&[Field]) -> bool) -> bool {
    let hits = rows(head).filter(|row| is(row)).count();
    hits > 0 && 2 * hits >= head::whole(head).take(LOOKED_AT).count()
}

/// `2026-11-29T10:00:00.000Z`
fn is_stamp(text: &[u8]) -> bool {
    text.len() >= 20 && text[10] == b'T' && text.ends_with(b"Z") && text[..4].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_is_can_be_read() {
        assert!(envoy_errors().is_some() && envoy(b"").is_some_and(|recipe| recipe.error.is_some()));
    }
}
