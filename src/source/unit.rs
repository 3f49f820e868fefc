//! The unit that a source says its numbers are in: by their unit beside them, or by the name of their column.

use super::requests::TimeUnit;
use crate::notation::{Measure, Timely};

/// What the numbers of a metric are in, once they are in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseUnit {
    /// Times.
    Milliseconds,
    /// Sizes.
    Bytes,
}

/// A unit that is said beside numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedUnit {
    /// As a configuration writes it.
    pub text: String,
    /// What one is in which base unit; nothing of a percentage.
    pub base: Option<(BaseUnit, f64)>,
}

impl StatedUnit {
    /// The unit at the end of a column's name: `p95 (ms)`, `p95_ms`, `duration_seconds`.
    pub(super) fn in_name(name: &str) -> Option<StatedUnit> {
        let beside = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
        let last = || name.rsplit_once('_').and_then(|(_, word)| certain(&word.to_ascii_lowercase()));
        let text = beside.map(|(_, unit)| unit).or_else(last)?;
        let base = match Measure::parse(text).ok()? {
            // `latency (min)` is the least one
            Measure::Time(Timely::Minutes | Timely::Hours) => return None,
            Measure::Time(time) => Some((BaseUnit::Milliseconds, time.milliseconds())),
            Measure::Storage(size) => Some((BaseUnit::Bytes, size.bytes())),
            Measure::Percent => None,
            _ => return None,
        };
        Some(StatedUnit { text: text.to_owned(), base })
    }
}

/// The unit of a word that means nothing else. Shorter ones may: `requests_us` are those of a country.
fn certain(word: &str) -> Option<&'static str> {
    match word {
        "bytes" => Some("B"),
        "ms" | "milliseconds" | "seconds" | "microseconds" => TimeUnit::named(word).map(TimeUnit::name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_unit_or_nothing() {
        for (name, wanted) in [
            ("p95 (ms)", Some("ms")),
            ("p95 (us)", Some("us")),
            ("heap (MiB)", Some("MiB")),
            ("cpu (%)", Some("%")),
            ("P95_MS", Some("ms")),
            ("http_request_duration_seconds", Some("s")),
            ("rss_bytes", Some("B")),
            ("p95", None),
            ("latency (min)", None),
            ("latency (mean)", None),
            ("requests_us", None),
            ("ms", None),
        ] {
            assert_eq!(StatedUnit::in_name(name).map(|unit| unit.text).as_deref(), wanted, "{name}");
        }
    }
}
