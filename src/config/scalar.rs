//! The single values of the file: what each kind of text may say, for the reader and for the JSON Schema alike.

use super::plan::{Hours, OnInconclusive};
use crate::hooks::Body;
use crate::judge::reading::statistic;
use crate::judge::rules::{Mismatch, Role, Scale, Severity, Silent, Statistic, Unit};
use crate::judge::verdict::Outcome;
use crate::notation::{BoundText, Measure, Quantity, Share, Span, is_word};
use crate::series::{Arm, Gravity};
use crate::source::requests::Format as LogFormat;
use crate::source::{Format, Missing};
use crate::text::problem::{Complaint, suggestion};
use crate::text::scalar::{Scalar, scalar_schemas, words};

impl Scalar for Span {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        Span::parse(text)
    }
}

impl Scalar for Share {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        Share::parse(text)
    }
}

impl Scalar for BoundText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        BoundText::parse(text)
    }
}

/// The unit of a gauge or value, with the factor into the one used inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnitText {
    pub(super) unit: Unit,
    pub(super) factor: f64,
}

impl Scalar for UnitText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let expected = "write ns, us, ms, s, min, h, B, KB, KiB, MB, MiB, GB, GiB, TB, TiB, %, or any word";
        let text = text.trim();
        let (unit, factor) = match Measure::parse(text)? {
            Measure::Time(unit) => (Unit::Milliseconds, unit.milliseconds()),
            Measure::Storage(unit) => (Unit::Bytes, unit.bytes()),
            Measure::Percent => (Unit::Percent, 1.0),
            Measure::Bare => (Unit::Plain(String::new()), 1.0),
            Measure::Word(word) => (Unit::Plain(word), 1.0),
            Measure::Points => {
                let hint = "write `%`; bounds on it may then be in pp";
                return Err(Complaint::new("`pp` is a difference, not a unit of a metric").hint(hint));
            }
            Measure::PerTime(_) | Measure::PerUnit(_) | Measure::Change(..) => {
                let message = format!("`{text}` is not a unit of a gauge");
                return Err(Complaint::new(message).hint(format!("{expected}; or make it an `events` metric")));
            }
        };
        Ok(UnitText { unit, factor })
    }
}

/// A number of bytes: `10GB`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bytes(pub(super) u64);

impl Scalar for Bytes {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let wrong =
            || Complaint::new(format!("`{text}` is not an amount of data")).hint("write `500MB`, `10GB`, `100GiB`");
        let quantity = Quantity::parse(text).map_err(|_| wrong())?;
        match quantity.unit {
            Measure::Storage(unit) if quantity.number > 0.0 => Ok(Bytes((quantity.number * unit.bytes()) as u64)),
            _ => Err(wrong()),
        }
    }
}

/// A quantile, in [0, 1], written `p95`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuantileText {
    pub(super) written: String,
    pub(super) quantile: f64,
}

impl Scalar for QuantileText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        Ok(QuantileText { written: text.trim().to_owned(), quantile: statistic::quantile(text)? })
    }
}

/// What of a metric is compared, as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StatisticText {
    pub(super) written: String,
    pub(super) statistic: Statistic,
}

impl Scalar for StatisticText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let written = text.trim().to_owned();
        let statistic = statistic::parse(text).map_err(|complaint| match complaint.hint {
            Some(_) => complaint,
            None => {
                let words = statistic::WORDS.iter().map(|(word, _)| *word).chain(["p95", statistic::ANY_QUANTILE]);
                complaint.hint(suggestion(&written, words).unwrap_or_default())
            }
        })?;
        Ok(StatisticText { written, statistic })
    }
}

/// `2 of 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Periods {
    pub(super) m: usize,
    pub(super) n: usize,
}

impl Scalar for Periods {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let hint = "write `2 of 3`: fails when in any 3 consecutive steps 2 are beyond the bound";
        let parts: Vec<&str> = text.split_whitespace().collect();
        let numbers = match parts.as_slice() {
            [m, "of", n] => m.parse::<usize>().ok().zip(n.parse::<usize>().ok()),
            _ => None,
        };
        match numbers {
            None => Err(Complaint::new(format!("`{text}` is not a number of periods")).hint(hint)),
            Some((m, n)) if m == 0 || n == 0 => Err(Complaint::new("an alarm needs at least one period").hint(hint)),
            Some((m, n)) if m > n => Err(Complaint::new(format!("{m} cannot happen in {n}")).hint(hint)),
            Some((m, n)) => Ok(Periods { m, n }),
        }
    }
}

/// The version of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version;

impl Scalar for Version {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        match text {
            "1" => Ok(Version),
            _ => Err(Complaint::new(format!("recordings of version {text} cannot be read"))
                .hint("this davy reads version 1")),
        }
    }
}

impl crate::text::scalar::Words for LogFormat {
    const NAME: &'static str = "a format";
    const WORDS: &'static [(&'static str, Self)] = &LogFormat::NAMES;
}

words! {
    Arm, "an arm": { "baseline" => Baseline, "canary" => Canary }
    Mismatch, "what a mismatch can mean": { "warn" => Warn, "fail" => Fail }
    Outcome, "an outcome": {
        "pass" => Pass, "warn" => Warn, "inconclusive" => Inconclusive, "fail" => Fail
    }
    Format, "a format": { "csv" => Csv, "tsv" => Tsv, "json" => Json, "ndjson" => Ndjson, "parquet" => Parquet }
    Gravity, "a best outcome": { "pass" => Note, "warn" => Suspect, "inconclusive" => Incomplete }
    Missing, "what an empty cell can mean": { "gap" => Gap, "zero" => Zero }
    Scale, "a scale": { "ratio" => Ratio, "difference" => Difference }
    Severity, "a severity": { "critical" => Critical, "normal" => Normal, "muted" => Muted, "optional" => Optional }
    Role, "a role": { "primary" => Primary, "guardrail" => Guardrail }
    OnInconclusive, "what an Inconclusive can become": { "keep" => Keep, "pass" => Pass, "warn" => Warn, "fail" => Fail }
    Body, "what a webhook can post": { "verdict" => Verdict, "slack" => Slack }
    Silent, "what a silent canary can be": { "inconclusive" => Inconclusive, "fail" => Fail }
    Hours, "hours of a past": { "all" => All, "same" => Same }
}

/// Whether a text can say what a rate is a share of.
pub(super) fn is_noun(text: &str) -> bool {
    is_word(text) && !text.contains('/')
}

scalar_schemas! {
    UnitText: { "type": "string", "examples": ["ms", "s", "us", "ns", "B", "KiB", "MiB", "GiB", "%"] }
    QuantileText: { "type": "string", "pattern": r"^p[0-9]+(\.[0-9]+)?$" }
    StatisticText: { "type": "string", "pattern": r"^(rate|frequency|count|typical|max|min|trend|p[0-9]+(\.[0-9]+)?|any quantile( from p[0-9]+(\.[0-9]+)?)?( to p[0-9]+(\.[0-9]+)?)?)$" }
    Bytes: { "type": "string", "examples": ["500MB", "10GB"] }
    Periods: { "type": "string", "pattern": r"^\s*[1-9][0-9]*\s+of\s+[1-9][0-9]*\s*$" }
    Version: { "const": 1 }
}
