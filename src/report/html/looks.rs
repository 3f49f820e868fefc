//! The looks that were taken: since which of them the answer stood.

use super::super::document::{Document, LookKind, Outcome, PastLook};
use super::super::prose::plain;
use crate::judge::words::count;
use crate::series::Timestamp;

/// The first look from which on the answer never changed any more. An answer that is still open is not clear.
pub(super) fn clear(document: &Document) -> Option<&PastLook> {
    if document.looks.len() < 2 || document.outcome == Outcome::Inconclusive {
        return None;
    }
    document.looks.iter().rev().take_while(|look| look.outcome == document.outcome).last()
}

/// When the answer was clear: `look 7 of 8, 2026-11-21 06:42:30 UTC; 1 look later it is the same`.
pub(super) fn sentence(document: &Document) -> Option<String> {
    let clear = clear(document)?;
    let later = document.looks.iter().rev().take_while(|look| !std::ptr::eq(*look, clear)).count();
    let then = match later {
        0 => "the last one".into(),
        1 => "and at the one after it".into(),
        n => format!("and at all {} after it", count(n as u64)),
    };
    Some(format!("{}, {} ({then})", which(document, clear), instant(clear)))
}

/// `look 7 of 8`, or no more than `the look` where looks have no numbers.
pub(super) fn which(document: &Document, look: &PastLook) -> String {
    let planned = document.look.as_ref().filter(|look| look.kind == LookKind::Planned).and_then(|look| look.of);
    match (look.number, planned) {
        (Some(0), _) => "a look before the first that is planned".into(),
        (Some(number), Some(of)) => format!("look {} of {}", count(number), count(of)),
        (Some(number), None) => format!("look {}", count(number)),
        (None, _) => "the look".into(),
    }
}

/// When a look was: its data ended then.
pub(super) fn instant(look: &PastLook) -> String {
    match look.end.parse::<Timestamp>() {
        Ok(at) if at.as_second() % 60 == 0 => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => plain(&look.end),
    }
}
