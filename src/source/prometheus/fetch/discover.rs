//! Which metrics a server has: names, kinds, and the labels of so many series as a person can look through.

use std::collections::{BTreeMap, BTreeSet};

use super::client::{Client, Refused, Verb};
use super::raw::{failed, seconds};
use super::wire::Metric;
use crate::source::prometheus::Access;
use crate::source::prometheus::listing::{Found, Kind, Listed, Listing};
use crate::source::prometheus::tracks::Labels;
use crate::source::stop::Stop;
use crate::source::{Error, Outside, Told};

/// How far back is looked, in milliseconds.
const RECENT: i64 = 3_600_000;
/// So many series are looked at.
const SERIES: usize = 20_000;
/// The series of so many metrics are asked for at once.
const TOGETHER: usize = 40;
/// Metrics of runtimes, exporters and the server itself, which tell nothing of a service.
const OWN: [&str; 12] = [
    "go_",
    "process_",
    "promhttp_",
    "scrape_",
    "python_",
    "nodejs_",
    "jvm_",
    "vm_",
    "vmagent_",
    "net_conntrack_",
    "ALERTS",
    "up",
];

/// What a metric is, as its target says.
#[derive(serde::Deserialize)]
struct About {
    #[serde(rename = "type", default)]
    kind: String,
}

/// Lists metrics with their series, sorted by name.
///
/// # Errors
///
/// Unreachable with what is wrong with the server, the way or the credentials; unreadable if it refuses the matchers;
/// interrupted.
pub fn discover(access: &Access, listing: &Listing, outside: &Outside) -> Result<Found, Error> {
    let stop = Stop::listen(&outside.interrupt);
    let client = Client::new(access, outside, &stop)?;
    let end = outside.now.as_millisecond();
    let time = [("start", seconds(end - RECENT)), ("end", seconds(end))];
    let names = names(&client, listing, &time)?;
    let kinds = kinds(&client, outside)?;
    let asked: Vec<(String, Kind)> = names
        .iter()
        .filter_map(|name| kind(name, &names, &kinds).map(|kind| (name.clone(), kind)))
        .filter(|(name, _)| listing.name.is_some() || !OWN.iter().any(|own| is_own(name, own)))
        .collect();
    let mut found = Found { metrics: Vec::new(), others: names.len() - asked.len() };
    let mut seen = 0;
    for part in asked.chunks(TOGETHER) {
        if seen >= SERIES {
            found.others += part.len();
            continue;
        }
        let mut series = series(&client, listing, part, &time)?;
        seen += series.values().map(Vec::len).sum::<usize>();
        (outside.told)(Told::Progress { what: "series found", done: seen as u64, of: None });
        let listed = |(name, kind): &(String, Kind)| {
            Some(Listed { name: name.clone(), kind: *kind, series: series.remove(name)? })
        };
        found.metrics.extend(part.iter().filter_map(listed));
    }
    Ok(found)
}

/// Whether a name is one of a family, whose name ends with `_`, or another name altogether.
fn is_own(name: &str, own: &str) -> bool {
    if own.ends_with('_') { name.starts_with(own) } else { name == own }
}

fn names(client: &Client, listing: &Listing, time: &[(&'static str, String)]) -> Result<BTreeSet<String>, Error> {
    let mut form = time.to_vec();
    if listing.name.is_some() || !listing.matchers.is_empty() {
        form.push(("match[]", format!("{}{{{}}}", listing.name.as_deref().unwrap_or_default(), listing.matchers)));
    }
    let body = client.ask::<Vec<String>>(Verb::Get, "label/__name__/values", &form).map_err(failed)?;
    let is_wanted = |name: &String| {
        listing.part.as_ref().is_none_or(|part| name.to_lowercase().contains(part))
            // other names need quotes, and a selector of several cannot have them
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
    };
    Ok(body.data.unwrap_or_default().into_iter().filter(is_wanted).collect())
}

/// What targets say of their metrics. Some servers keep nothing of it, which is no mistake.
fn kinds(client: &Client, outside: &Outside) -> Result<BTreeMap<String, Vec<About>>, Error> {
    match client.ask::<BTreeMap<String, Vec<About>>>(Verb::Get, "metadata", &[]) {
        Ok(body) => Ok(body.data.unwrap_or_default()),
        Err(Refused::Failed(error)) if error.kind == crate::source::Kind::Interrupted => Err(error),
        Err(_) => {
            let text = "the server tells nothing of the kinds of its metrics: they are guessed by their names";
            (outside.told)(Told::Doubt(text.to_owned()));
            Ok(BTreeMap::new())
        }
    }
}

/// What a metric is; nothing for the sums and counts that belong to another one.
fn kind(name: &str, names: &BTreeSet<String>, kinds: &BTreeMap<String, Vec<About>>) -> Option<Kind> {
    let said = |name: &str| kinds.get(name).and_then(|about| about.first()).map(|about| about.kind.as_str());
    if let Some(base) = name.strip_suffix("_bucket").filter(|base| said(base).is_none_or(|kind| kind == "histogram")) {
        // scraped in both ways, it is there under its own name
        return (!names.contains(base)).then_some(Kind::Histogram);
    }
    let is_of_another =
        |base: &str| names.contains(&format!("{base}_bucket")) || matches!(said(base), Some("histogram" | "summary"));
    if name.strip_suffix("_sum").is_some_and(is_of_another) || name.ends_with("_created") {
        return None;
    }
    Some(match said(name).or_else(|| said(name.strip_suffix("_total")?)) {
        Some("counter") => Kind::Counter,
        Some("histogram") => Kind::Histogram,
        Some("gauge" | "summary" | "info" | "stateset") => Kind::Gauge,
        _ if name.ends_with("_total") || name.ends_with("_count") => Kind::Counter,
        _ => Kind::Gauge,
    })
}

/// The labels of the series of some metrics, by name.
fn series(
    client: &Client,
    listing: &Listing,
    part: &[(String, Kind)],
    time: &[(&'static str, String)],
) -> Result<BTreeMap<String, Vec<Labels>>, Error> {
    let names: Vec<&str> = part.iter().map(|(name, _)| name.as_str()).collect();
    let comma = if listing.matchers.is_empty() { "" } else { "," };
    let matching = format!("{{__name__=~\"{}\"{comma}{}}}", names.join("|"), listing.matchers);
    let limit = ("limit", SERIES.to_string());
    let form: Vec<_> = time.iter().cloned().chain([("match[]", matching), limit]).collect();
    let body = client.ask::<Vec<Metric>>(Verb::Post, "series", &form).map_err(|refused| match refused {
        Refused::TooMuch(said) => Error::unreachable(format!("has too many series to list: {said}"))
            .hint("Name those of one service: `--match '{job=\"api\"}'`."),
        other => failed(other),
    })?;
    let mut series: BTreeMap<String, Vec<Labels>> = BTreeMap::new();
    for Metric(mut labels) in body.data.unwrap_or_default().into_iter().take(SERIES) {
        let Some(at) = labels.iter().position(|(name, _)| name == "__name__") else { continue };
        let (_, name) = labels.remove(at);
        series.entry(name).or_default().push(labels);
    }
    Ok(series)
}
