//! What a measurement carries between two calls, and what people read of it: its metadata, texts by names.
//!
//! | | |
//! |---|---|
//! | `start` | when the canary's window begins |
//! | `look` | the last look that was taken, counted from 1 |
//! | `fingerprint` | that of the rules, which must stay the same |
//! | `failures` | how often in a row the next look could not be taken |
//! | `verdict`, `score`, `criterion.NAME` | what the last look found |

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plain;
use crate::report::document::{Finding, Number};
use crate::report::{self, Document};
use crate::serve::Soak;

/// The AnalysisRun is kept in the cluster's own store, which is small.
const MOST_CRITERIA: usize = 40;
const LONGEST_NAME: usize = 100;

/// What says where the soak stands.
pub(super) const KEYS: [&str; 4] = ["start", "look", "fingerprint", "failures"];

type Metadata = BTreeMap<String, String>;

/// Where a soak stands that has begun.
pub(super) fn read(metadata: &Metadata) -> Result<Option<Soak>, String> {
    let Some(fingerprint) = metadata.get("fingerprint").cloned() else { return Ok(None) };
    let unreadable = |name: &str| {
        let text = metadata.get(name).map_or("", String::as_str);
        format!(
            "the measurement's metadata has {name} = {text:?}, and davy wrote something else: start a new AnalysisRun"
        )
    };
    let start = metadata.get("start").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable("start"))?;
    let number = |name: &str| match metadata.get(name) {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| unreadable(name)),
    };
    Ok(Some(Soak { start, look: number("look")?, fingerprint, failures: number("failures")? }))
}

/// Adds where a soak stands to metadata.
pub(super) fn write(soak: &Soak, metadata: &mut Metadata) {
    metadata.insert("start".into(), soak.start.to_string());
    metadata.insert("fingerprint".into(), soak.fingerprint.clone());
    metadata.insert("look".into(), soak.look.to_string());
    metadata.remove("failures");
    if soak.failures > 0 {
        metadata.insert("failures".into(), soak.failures.to_string());
    }
}

/// The metadata of a measurement that is tried again, as if it had not failed.
pub(super) fn patient(metadata: &Metadata) -> Metadata {
    let mut metadata = metadata.clone();
    metadata.remove("failures");
    metadata
}

/// The numbers of a verdict.
pub(super) fn numbers(document: &Document) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert("verdict".into(), document.outcome.word().to_lowercase());
    let document = report::decided(document);
    if let Some(score) = document.score.total {
        metadata.insert("score".into(), number(score));
    }
    for finding in document.findings.iter().take(MOST_CRITERIA) {
        metadata.insert(format!("criterion.{}", plain::shorten(&finding.criterion, LONGEST_NAME)), found(finding));
    }
    metadata
}

/// `fail: effect 1.5 (1.2 to 1.9), limit 1.1; n 900 and 880`.
fn found(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let mut text = finding.outcome.word().to_lowercase();
    if finding.target.is_empty() {
        // the label of another rule has no numbers of davy's
        return format!("{text}: {}", plain::shorten(&plain::line(&finding.sentence), LONGEST_NAME));
    }
    let end = |end: Option<Number>| end.map_or("?".into(), number);
    // writing into a text does not fail
    if let Some(effect) = &evidence.effect {
        let (estimate, low, high) = (end(effect.estimate), end(effect.low), end(effect.high));
        let _ = write!(text, ": effect {estimate} ({low} to {high})");
    }
    if let Some(limit) = evidence.pass_limit {
        let _ = write!(text, ", limit {}", number(limit));
    }
    if let (Some(baseline), Some(canary)) = (evidence.n.baseline, evidence.n.canary) {
        let _ = write!(text, "; n {} and {}", number(baseline), number(canary));
    }
    text
}

/// A number with as many digits as anybody reads.
fn number(number: Number) -> String {
    let number = number.get();
    let digits = if number == 0.0 { 0 } else { (3 - number.abs().log10().floor() as i32).clamp(0, 9) };
    let text = format!("{number:.*}", usize::try_from(digits).unwrap_or_default());
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_not_is_an_error() {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let soak = Soak { start, look: 3, fingerprint: "0f1e".into(), failures: 2 };
        let mut metadata = Metadata::new();
        assert_eq!(read(&metadata), Ok(None));
        write(&soak, &mut metadata);
        assert_eq!(read(&metadata), Ok(Some(soak.clone())));
        assert_eq!(read(&patient(&metadata)), Ok(Some(Soak { failures: 0, ..soak })));
        for (name, text) in [("start", "noon"), ("look", "-1"), ("failures", "many")] {
            let mut wrong = metadata.clone();
            wrong.insert(name.into(), text.into());
            let why = read(&wrong).unwrap_err();
            assert!(why.contains(&format!("{name} = {text:?}")), "{why}");
        }
        metadata.remove("start");
        assert!(read(&metadata).is_err());
    }

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in [(0.0, "0"), (1.0, "1"), (0.012_345_6, "0.01235"), (61_234.0, "61234"), (87.5, "87.5")] {
            assert_eq!(number(Number::new(value).unwrap()), text);
        }
    }
}
