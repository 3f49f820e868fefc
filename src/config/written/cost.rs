//! The section `cost` as written: prices as people copy them from a price list.

use schemars::JsonSchema;

use crate::cost::{self};
use crate::notation::{Measure, Storage, is_word, number};
use crate::series::Arm;
use crate::text::node::Node;
use crate::text::problem::{At, Complaint, Place, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Named, Scalar, scalar_schemas};

const HOURS_PER_DAY: f64 = 24.0;

const FORM: &str = "write an amount, `/`, and what it is for: `0.20 / 1M requests`, `0.085 / GB`, `0.068 / hour`, \
                    `0.25 / GB-month`, `0.0000166667 / GB-second`";

/// What running each arm costs. Criteria may then name `cost` (a month with all of the traffic) and `cost_now` (a month at the
/// present share). A month is 730 hours, as AWS bills it.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct CostEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// What prices are in. Default USD.
    pub(in crate::config) currency: Option<At<String>>,
    /// The rate metric whose totals are the traffic. Default that of `traffic`, or the first rate.
    pub(in crate::config) traffic: Option<At<String>>,
    /// What is paid for, by name.
    #[schemars(extend("minProperties" = 1))]
    pub(in crate::config) items: Named<ItemEntry>,
}

/// Something that is paid for.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct ItemEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// What is counted or measured of it. What is paid by the hour, day or month needs none.
    pub(in crate::config) metric: Option<At<String>>,
    /// For prices per GB-second: the metric that says how long a call takes, an average or one value per request.
    pub(in crate::config) duration: Option<At<String>>,
    /// For prices per GB-second: the memory, 512MiB. A GB of AWS Lambda has 1024 MiB.
    pub(in crate::config) memory: Option<At<MemoryText>>,
    /// The one arm that pays for it. Default both.
    pub(in crate::config) arm: Option<At<Choice<Arm>>>,
    /// The price: "0.20 / 1M requests", "0.085 / GB", "0.0000166667 / GB-second", "0.068 / hour", "0.25 / GB-month".
    pub(in crate::config) price: At<PriceText>,
}

impl Read for CostEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "cost: { items: { redis: { price: \"0.068 / hour\" } } }";
        let mut keys = Keys::open(node, report, "`cost`", form)?;
        let (currency, traffic) = (keys.may("currency"), keys.may("traffic"));
        let items: Option<Named<ItemEntry>> = keys.must("items");
        if items.as_ref().is_some_and(|items| items.0.is_empty()) {
            keys.report.add_with(keys.place, "nothing is paid for", format!("write `{form}`"));
        }
        let entry = items.map(|items| CostEntry { place: node.place, currency, traffic, items });
        keys.close(entry, |key| (key == "prices").then(|| "what is paid for is written under `items`".into()))
    }
}

impl Read for ItemEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "an item", "redis: { price: \"0.068 / hour\" }")?;
        let (metric, duration, memory) = (keys.may("metric"), keys.may("duration"), keys.may("memory"));
        let (arm, price) = (keys.may("arm"), keys.must("price"));
        let place = node.place;
        let item = price.map(|price| ItemEntry { place, metric, duration, memory, arm, price });
        keys.close(item, no_hint)
    }
}

/// An amount of memory: `512MiB`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct MemoryText(pub(in crate::config) f64);

impl Scalar for MemoryText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let (size, unit) = number(text)?;
        let unit = unit.trim();
        match Measure::parse(unit) {
            Ok(Measure::Storage(unit @ (Storage::KiB | Storage::MiB | Storage::GiB))) if size > 0.0 => {
                Ok(MemoryText(size * unit.bytes()))
            }
            Ok(Measure::Storage(Storage::MB | Storage::GB)) if size > 0.0 => {
                let message = format!("`{}` could be decimal: what AWS calls MB of memory has 1024 KiB", text.trim());
                Err(Complaint::new(message).hint(format!("write `{size}{}iB`", &unit[..1])))
            }
            _ => Err(Complaint::new(format!("`{text}` is not an amount of memory")).hint("write `512MiB`, `1GiB`")),
        }
    }
}

/// A price: an amount for so many of a unit.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) struct PriceText {
    pub(in crate::config) written: String,
    /// The price of one unit.
    pub(in crate::config) each: f64,
    pub(in crate::config) unit: Priced,
}

/// What a price is for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::config) enum Priced {
    /// Requests, lookups, messages: the word says which.
    Each(String),
    /// So many bytes that go through.
    Bytes(f64),
    /// A GiB of memory for a second.
    Compute,
    /// So many hours of running.
    Hours(f64),
    /// So many bytes kept for so many hours.
    Kept(f64),
}

impl Scalar for PriceText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let Some((amount, per)) = text.split_once('/') else {
            return Err(Complaint::new("a price says what it is for").hint(FORM));
        };
        let (amount, after) = number(amount)?;
        if !after.trim().is_empty() {
            let message = format!("`{}` does not belong into a price", after.trim());
            return Err(Complaint::new(message).hint("write the currency once: `cost: { currency: USD }`"));
        }
        if amount < 0.0 {
            return Err(Complaint::new("a price is not negative").hint("leave the item out"));
        }
        let (many, unit) = many(per.trim())?;
        let (unit, each) = match priced(unit)? {
            unit @ (Priced::Bytes(size) | Priced::Hours(size) | Priced::Kept(size)) => (unit, amount / many / size),
            unit => (unit, amount / many),
        };
        Ok(PriceText { written: text.split_whitespace().collect::<Vec<_>>().join(" "), each, unit })
    }
}

/// `1M requests`: how many, and of what.
fn many(text: &str) -> Result<(f64, &str), Complaint> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Ok((1.0, text));
    }
    let (count, rest) = number(text)?;
    let times = |unit: &str| match unit {
        "k" | "K" => Some(1e3),
        "M" => Some(1e6),
        "B" => Some(1e9),
        _ => None,
    };
    let word = rest.split_whitespace().next().unwrap_or_default();
    let (count, rest) = match times(word) {
        Some(times) if !rest.starts_with(char::is_whitespace) => (count * times, rest[word.len()..].trim()),
        _ => (count, rest.trim()),
    };
    if count <= 0.0 {
        return Err(Complaint::new("a price is for more than nothing").hint(FORM));
    }
    Ok((count, rest))
}

fn priced(unit: &str) -> Result<Priced, Complaint> {
    if unit.is_empty() {
        return Err(Complaint::new("a price says what it is for").hint(FORM));
    }
    if let Some(hours) = hours(unit) {
        return Ok(Priced::Hours(hours));
    }
    if let Some(bytes) = bytes(unit) {
        return Ok(Priced::Bytes(bytes));
    }
    if let Some((size, time)) = unit.split_once('-')
        && let Some(bytes) = bytes(size)
    {
        return match (size, time.trim_end_matches('s'), hours(time)) {
            (_, _, Some(hours)) => Ok(Priced::Kept(bytes * hours)),
            ("GB" | "GiB", "second", _) => Ok(Priced::Compute),
            _ => {
                let message = format!("`{unit}` is not a unit of memory or storage");
                Err(Complaint::new(message).hint("write `GB-second` (memory), `GB-hour` or `GB-month` (storage)"))
            }
        };
    }
    if !is_word(unit) || unit.contains('/') {
        return Err(Complaint::new(format!("`{unit}` is nothing that can be counted")).hint(FORM));
    }
    let lower = unit.to_lowercase();
    let meant = ["second", "minute", "week", "year", "gb", "mb", "kb", "tb", "gib", "mib", "kib", "tib"];
    if meant.contains(&lower.trim_end_matches('s')) || ["hour", "day", "month"].contains(&lower.trim_end_matches('s')) {
        return Err(Complaint::new(format!("`{unit}` is not a unit of prices")).hint(FORM));
    }
    Ok(Priced::Each(unit.to_owned()))
}

fn hours(unit: &str) -> Option<f64> {
    match unit {
        "h" | "hour" | "hours" => Some(1.0),
        "d" | "day" | "days" => Some(HOURS_PER_DAY),
        "month" | "months" => Some(cost::MONTH),
        _ => None,
    }
}

fn bytes(unit: &str) -> Option<f64> {
    match (unit, Measure::parse(unit)) {
        ("TB", _) => Some(1e12),
        ("TiB", _) => Some(1024.0 * Storage::GiB.bytes()),
        (_, Ok(Measure::Storage(unit))) => Some(unit.bytes()),
        _ => None,
    }
}

scalar_schemas! {
    PriceText: {
        "type": "string",
        "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*/\s*[^\s/].*$",
        "examples": ["0.20 / 1M requests", "0.085 / GB", "0.0000166667 / GB-second", "0.068 / hour", "0.25 / GB-month"]
    }
    MemoryText: { "type": "string", "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*[KMG]iB\s*$" }
}
