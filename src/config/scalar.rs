//! The single values of the file: what each kind of text may say, for the reader and for the JSON Schema alike.

use super::bound::BoundText;
use super::plan::{Hours, OnInconclusive};
use crate::hooks::Body;
use crate::judge::rules::{Mismatch, Role, Scale, Severity, Silent, Statistic, Unit};
use crate::judge::verdict::Outcome;
use crate::series::{Arm, Gravity, SignedDuration};
use crate::source::requests::Format as LogFormat;
use crate::source::{Format, Missing};
use crate::text::problem::{Complaint, suggestion};
use crate::text::quantity::{Measure, Quantity, Share, Span, is_word};
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
        let expected = "write ns, us, ms, s, min, h, B, KB, KiB, MB, MiB, GB, GiB, %, or any word";
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
        let hint = "write `p50`, `p95`, `p99.9`";
        let percent = text.trim().strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        match percent.and_then(|rest| rest.parse::<f64>().ok()) {
            Some(percent) if percent > 0.0 && percent < 100.0 => {
                Ok(QuantileText { written: text.trim().to_owned(), quantile: percent / 100.0 })
            }
            Some(_) => Err(Complaint::new(format!("`{text}` is not between p0 and p100")).hint(hint)),
            None => Err(Complaint::new(format!("`{text}` is not a quantile")).hint(hint)),
        }
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
        const WORDS: [(&str, Statistic); 7] = [
            ("rate", Statistic::Rate),
            ("frequency", Statistic::Frequency),
            ("count", Statistic::Count),
            ("typical", Statistic::Typical),
            ("max", Statistic::Max),
            ("min", Statistic::Min),
            ("trend", Statistic::Trend { per: SignedDuration::from_hours(1) }),
        ];
        let written = text.trim().to_owned();
        if let Some((_, statistic)) = WORDS.iter().find(|(word, _)| *word == written) {
            return Ok(StatisticText { written, statistic: *statistic });
        }
        match written.as_str() {
            "mean" | "average" | "avg" => {
                let hint = "write a quantile (`p50`, `p95`) for values, or `typical` for a gauge";
                let message = "a mean is not judged: a few slow requests decide it, and it hides everyone else's";
                return Err(Complaint::new(message).hint(hint));
            }
            "median" => return Err(Complaint::new("`median` is written as a quantile").hint("write `p50`")),
            _ => {}
        }
        if let Ok(QuantileText { quantile, .. }) = QuantileText::scalar(&written) {
            return Ok(StatisticText { written, statistic: Statistic::Quantile(quantile) });
        }
        let range = written.strip_prefix(ANY_QUANTILE).filter(|range| range.is_empty() || range.starts_with(' '));
        if let Some(range) = range {
            let statistic = any_quantile(range)?;
            return Ok(StatisticText { written, statistic });
        }
        let known = suggestion(&written, WORDS.iter().map(|(word, _)| *word).chain(["p95", ANY_QUANTILE]));
        let complaint = Complaint::new(format!("`{written}` is not a statistic"));
        Err(complaint.hint(known.unwrap_or_default()))
    }
}

/// What asks for every quantile at once.
const ANY_QUANTILE: &str = "any quantile";

/// What follows `any quantile`: nothing, or from which to which.
fn any_quantile(range: &str) -> Result<Statistic, Complaint> {
    let quantile = |text: &str| QuantileText::scalar(text).map(|text| Some(text.quantile));
    let words: Vec<&str> = range.split_whitespace().collect();
    let (from, to) = match words.as_slice() {
        [] => (None, None),
        ["from", from] => (quantile(from)?, None),
        ["to", to] => (None, quantile(to)?),
        ["from", from, "to", to] => (quantile(from)?, quantile(to)?),
        _ => {
            let hint = "write `any quantile`, or `any quantile from p50 to p99.9`";
            return Err(Complaint::new(format!("`{}` is not a range of quantiles", range.trim())).hint(hint));
        }
    };
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Complaint::new("the range of quantiles ends before it begins").hint("write the lower one first"));
    }
    Ok(Statistic::AnyQuantile { from, to })
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

words! {
    Arm, "an arm": { "baseline" => Baseline, "canary" => Canary }
    Mismatch, "what a mismatch can mean": { "warn" => Warn, "fail" => Fail }
    Outcome, "an outcome": {
        "pass" => Pass, "warn" => Warn, "inconclusive" => Inconclusive, "fail" => Fail
    }
    Format, "a format": { "csv" => Csv, "tsv" => Tsv, "json" => Json, "ndjson" => Ndjson, "parquet" => Parquet }
    LogFormat, "a format": {
        "alb" => Alb, "clb" => Clb, "w3c" => W3c, "combined" => Combined, "haproxy" => Haproxy, "envoy" => Envoy, "jtl" => Jtl, "k6" => K6, "gatling" => Gatling, "hlog" => Hlog,
        "percentiles" => Percentiles, "sketch" => Sketch, "buckets" => Buckets, "csv" => Csv, "tsv" => Tsv, "ndjson" => Ndjson,
        "parquet" => Parquet,
    }
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
    Span: { "type": "string", "pattern": r"^\s*([0-9][0-9_]*(\.[0-9]+)?\s*(ms|w|d|h|m|s|(week|day|hour|min|minute|sec|second)s?)\s*)+$" }
    Share: {
        "type": ["string", "number"], "minimum": 0, "maximum": 1,
        "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*%?\s*$"
    }
    BoundText: { "type": "string", "pattern": r"^\s*(<=|>=|==|<|>)\s*(-?[0-9]|baseline\s*($|[-+]\s*([0-9]|max\s*\())).*$" }
    UnitText: { "type": "string", "examples": ["ms", "s", "us", "ns", "B", "KiB", "MiB", "GiB", "%"] }
    QuantileText: { "type": "string", "pattern": r"^p[0-9]+(\.[0-9]+)?$" }
    StatisticText: { "type": "string", "pattern": r"^(rate|frequency|count|typical|max|min|trend|p[0-9]+(\.[0-9]+)?|any quantile( from p[0-9]+(\.[0-9]+)?)?( to p[0-9]+(\.[0-9]+)?)?)$" }
    Bytes: { "type": "string", "examples": ["500MB", "10GB"] }
    Periods: { "type": "string", "pattern": r"^\s*[1-9][0-9]*\s+of\s+[1-9][0-9]*\s*$" }
    Version: { "const": 1 }
}
