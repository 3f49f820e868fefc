//! The section `cost`: prices as people copy them from a price list, and what each is paid for.
//!
//! What a price is for decides what has to be measured, and a metric of another shape would give a sum that looks like a bill:
//! so each is refused with the reason. What the numbers then come to is in [`cost`](crate::cost).

use schemars::JsonSchema;

use super::asking;
use super::file::{File, MetricEntry};
use super::quantity::{Measure, Storage, is_word, number};
use crate::cost::{self, CostPlan, Item, Usage};
use crate::judge::rules::{Kind, Metric, Scale, Unit};
use crate::series::{Arm, MetricName};
use crate::text::node::Node;
use crate::text::problem::{At, Complaint, Place, Report, suggestion};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Named, Scalar, scalar_schemas};

const HOURS_PER_DAY: f64 = 24.0;
const FORM: &str = "write an amount, `/`, and what it is for: `0.20 / 1M requests`, `0.085 / GB`, `0.068 / hour`, \
                    `0.25 / GB-month`, `0.0000166667 / GB-second`";

/// What running each arm costs. Criteria may then name `cost` (a month with all of the traffic) and `cost_now` (a month at the
/// present share). A month is 730 hours, as AWS bills it.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct CostEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// What prices are in. Default USD.
    pub(super) currency: Option<At<String>>,
    /// The rate metric whose totals are the traffic; that of `traffic`, or the first rate, when absent.
    pub(super) traffic: Option<At<String>>,
    /// What is paid for, by name.
    #[schemars(extend("minProperties" = 1))]
    pub(super) items: Named<ItemEntry>,
}

/// Something that is paid for.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ItemEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// What is counted or measured of it. What is paid by the hour, day or month needs none.
    pub(super) metric: Option<At<String>>,
    /// For prices per GB-second: the metric that says how long a call takes, an average or one value per request.
    pub(super) duration: Option<At<String>>,
    /// For prices per GB-second: the memory, 512MiB. A GB of AWS Lambda has 1024 MiB.
    pub(super) memory: Option<At<MemoryText>>,
    /// The one arm that pays for it; both when absent.
    pub(super) arm: Option<At<Choice<Arm>>>,
    /// The price: "0.20 / 1M requests", "0.085 / GB", "0.0000166667 / GB-second", "0.068 / hour", "0.25 / GB-month".
    pub(super) price: At<PriceText>,
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
pub(super) struct MemoryText(pub(super) f64);

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
pub(super) struct PriceText {
    written: String,
    /// The price of one unit.
    each: f64,
    unit: Priced,
}

/// What a price is for.
#[derive(Debug, Clone, PartialEq)]
enum Priced {
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

/// The two costs as metrics.
pub(super) fn metrics(entry: &CostEntry, file: &File, report: &mut Report) -> Vec<(MetricName, Option<Metric>)> {
    let currency = currency(entry);
    if !matches!(Measure::parse(currency), Ok(Measure::Word(_))) || currency.contains('/') {
        let place = entry.currency.as_ref().map_or(entry.place, |currency| currency.place);
        report.add_with(place, format!("`{currency}` is not a currency"), "write one word: `USD`, `EUR`");
    }
    for (name, _) in file.metrics.0.iter().filter(|(name, _)| cost::METRICS.contains(&name.value.as_str())) {
        let hint = "call it something else: with `cost` in the configuration the name is taken";
        report.add_with(name.place, format!("a metric cannot be called `{}`", name.value), hint);
    }
    let metric = Metric {
        unit: Unit::Plain(cost::monthly_unit(currency)),
        kind: Kind::Gauge { quantile: None, scale: Scale::Auto },
        of: String::new(),
        history: None,
        by: None,
        remarks: Vec::new(),
    };
    cost::METRICS.map(|name| (name.to_owned(), Some(metric.clone()))).to_vec()
}

fn currency(entry: &CostEntry) -> &str {
    entry.currency.as_ref().map_or("USD", |currency| currency.value.as_str())
}

/// What is known of the metrics and the traffic where a plan is made.
pub(super) struct Known<'a> {
    pub(super) file: &'a File,
    pub(super) metrics: &'a [(MetricName, Option<Metric>)],
    /// The metric of `traffic`, as written, and the canary's share there.
    pub(super) traffic: Option<&'a str>,
    pub(super) share: Option<f64>,
}

impl<'a> Known<'a> {
    fn find(&self, name: &At<String>, report: &mut Report) -> Option<(&'a MetricEntry, &'a Metric)> {
        let Some(entry) = self.file.metrics.get(&name.value) else {
            let hint = suggestion(&name.value, self.file.metrics.names()).unwrap_or("write it under `metrics`".into());
            report.add_with(name.place, format!("there is no metric `{}`", name.value), hint);
            return None;
        };
        let (_, metric) = self.metrics.iter().find(|(known, _)| *known == name.value)?;
        let metric = metric.as_ref()?;
        if metric.by.is_some() {
            let hint = "name a metric without `by`";
            report.add_with(name.place, format!("`{}` has groups, none of which is the whole", name.value), hint);
            return None;
        }
        Some((entry, metric))
    }

    fn is_rate(&self, name: &str) -> bool {
        let metric = self.metrics.iter().find(|(known, _)| known == name).and_then(|(_, metric)| metric.as_ref());
        metric.is_some_and(|metric| counts_trials(metric) && metric.by.is_none())
    }
}

/// What is paid for, resolved. Nothing where a problem was noted.
pub(super) fn plan(entry: &CostEntry, known: &Known, report: &mut Report) -> Option<CostPlan> {
    let before = report.len();
    let traffic = traffic(entry, known, report);
    let items = entry.items.0.iter().filter_map(|(name, item)| {
        let usage = usage(item, known, report)?;
        let price = &item.price.value;
        let arm = item.arm.as_ref().map(|arm| arm.value.0);
        Some(Item { name: name.value.clone(), arm, usage, price: price.each, written: price.written.clone() })
    });
    let items = items.collect();
    let plan = CostPlan { currency: currency(entry).to_owned(), traffic: traffic?, share: known.share, items };
    (report.len() == before).then_some(plan)
}

fn traffic(entry: &CostEntry, known: &Known, report: &mut Report) -> Option<MetricName> {
    if let Some(name) = &entry.traffic {
        let (written, metric) = known.find(name, report)?;
        if !counts_trials(metric) && !written.gauge.as_ref().is_some_and(asking::has_requests) {
            let hint = "name a `rate` metric: its totals are the traffic";
            report.add_with(name.place, format!("`{}` does not count the traffic", name.value), hint);
        }
        return Some(name.value.clone());
    }
    let first = known.file.metrics.names().find(|name| known.is_rate(name));
    let found = known.traffic.or(first).map(str::to_owned);
    if found.is_none() && known.metrics.iter().all(|(_, metric)| metric.is_some()) {
        let hint = "add a `rate` metric without `by`, and name it by `traffic` where there are several: its totals are the traffic";
        report.add_with(entry.place, "nothing counts the traffic that causes the cost", hint);
    }
    found
}

fn counts_trials(metric: &Metric) -> bool {
    matches!(metric.kind, Kind::BadShare | Kind::GoodShare | Kind::PartShare)
}

/// What is measured of an item; a metric that cannot tell is refused.
fn usage(item: &ItemEntry, known: &Known, report: &mut Report) -> Option<Usage> {
    let price = &item.price.value;
    if price.unit != Priced::Compute {
        let unused = item.duration.as_ref().map(|d| ("duration", d.place));
        let unused = unused.or(item.memory.as_ref().map(|memory| ("memory", memory.place)));
        if let Some((key, place)) = unused {
            let hint = "leave it out, or write a price per GB-second";
            report.add_with(place, format!("`{key}` is for prices per GB-second"), hint);
        }
    }
    let Some(name) = &item.metric else {
        return match &price.unit {
            Priced::Hours(_) => Some(Usage::Time),
            unit => {
                let (what, hint) = lacking(unit);
                report.add_with(item.place, format!("nothing says how many {what} there were"), hint);
                None
            }
        };
    };
    let (_, metric) = known.find(name, report)?;
    let fits = match (&price.unit, &metric.kind) {
        (Priced::Each(_) | Priced::Compute, kind) => counts_trials(metric) || *kind == Kind::Events,
        (Priced::Bytes(_), Kind::Events) => true,
        (Priced::Bytes(_) | Priced::Kept(_), Kind::Gauge { quantile: None, .. }) => metric.unit == Unit::Bytes,
        (Priced::Hours(_), Kind::Gauge { quantile: None, .. }) => matches!(metric.unit, Unit::Plain(_)),
        _ => false,
    };
    if !fits {
        let (what, hint) = lacking(&price.unit);
        report.add_with(name.place, format!("`{}` does not say how many {what} there were", name.value), hint);
        return None;
    }
    let metric = name.value.clone();
    match &price.unit {
        Priced::Each(_) | Priced::Bytes(_) => Some(Usage::Counted { metric }),
        Priced::Hours(_) | Priced::Kept(_) => Some(Usage::Held { metric }),
        Priced::Compute => compute(item, metric, known, report),
    }
}

/// What a price needs to be measured, and by which shape of metric.
fn lacking(unit: &Priced) -> (String, &'static str) {
    match unit {
        Priced::Each(word) => (word.clone(), "write `metric:` with a `rate` (its total) or `events`"),
        Priced::Bytes(_) => ("bytes".into(), "write `metric:` with `events` of bytes, or a `gauge` with `unit: B`"),
        Priced::Compute => (
            "calls".into(),
            "write `metric:` with a `rate` (its total) or `events`, and `duration` and `memory` beside it",
        ),
        Priced::Hours(_) => {
            ("of them".into(), "write `metric:` with a `gauge` without a unit of time or size, or none")
        }
        Priced::Kept(_) => ("bytes".into(), "write `metric:` with a `gauge` with `unit: B` (or GiB)"),
    }
}

fn compute(item: &ItemEntry, metric: MetricName, known: &Known, report: &mut Report) -> Option<Usage> {
    let (Some(duration), Some(memory)) = (&item.duration, &item.memory) else {
        let lacking = if item.duration.is_none() { "how long a call takes" } else { "how much memory a call has" };
        let hint = "write `duration: latency_avg, memory: 512MiB` beside `metric`";
        report.add_with(item.place, format!("nothing says {lacking}"), hint);
        return None;
    };
    let (entry, found) = known.find(duration, report)?;
    let name = &duration.value;
    let hint = "name a `gauge` that is the average in ms (CloudWatch's `stat: Average`), or a `values` metric";
    let stat = entry.gauge.as_ref().and_then(asking::stat).filter(|stat| stat.value != "Average");
    let why = match (&found.kind, &found.unit) {
        (Kind::Gauge { quantile: Some(_), .. }, _) => {
            Some(format!("`{name}` is a quantile, and calls times a quantile is no time that was paid for"))
        }
        (Kind::Gauge { .. }, _) if stat.is_some() => Some(format!("`{name}` is no average")),
        (Kind::Gauge { .. } | Kind::Values, Unit::Milliseconds) => None,
        (Kind::Gauge { .. } | Kind::Values, _) => Some(format!("`{name}` is not measured in a unit of time")),
        _ => Some(format!("`{name}` does not say how long a call takes")),
    };
    if let Some(why) = why {
        report.add_with(duration.place, why, hint);
        return None;
    }
    Some(Usage::Compute { metric, duration: name.clone(), memory: memory.value.0 })
}

scalar_schemas! {
    PriceText: {
        "type": "string",
        "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*/\s*[^\s/].*$",
        "examples": ["0.20 / 1M requests", "0.085 / GB", "0.0000166667 / GB-second", "0.068 / hour", "0.25 / GB-month"]
    }
    MemoryText: { "type": "string", "pattern": r"^\s*[0-9][0-9_]*(\.[0-9]+)?\s*[KMG]iB\s*$" }
}
