//! Which format a file has, by how it begins. Nothing rather than a wrong one: a table of measurements taken for a log of
//! requests would be judged as what it is not.

use super::head;
use super::{combined, known, made, proxies, ready, sample, unnamed, usual};
use crate::source::file::is_of_buckets;
use crate::source::requests::Format;

/// The format of a file with this name that begins so (4 KiB are plenty, not compressed), where that is certain.
pub fn detect(name: &str, head: &[u8]) -> Option<Format> {
    let name = bare(name);
    let named = |ending: &str| name.ends_with(ending);
    let head = head::text(head);
    if head.starts_with(b"PAR1") {
        return Some(if named(".sketch") || named(".sketch.parquet") { Format::Sketch } else { Format::Parquet });
    }
    let first = head::first(head);
    match () {
        () if table(head).is_some_and(|(_, names)| is_of_buckets(names.iter().map(String::as_str))) => {
            Some(Format::Buckets)
        }
        () if is_hlog(head) => Some(Format::Hlog),
        () if is_percentiles(head) => Some(Format::Percentiles),
        () if is_w3c(head) => Some(Format::W3c),
        () if is_gatling(head) => Some(Format::Gatling),
        () if is_jtl(&name, head) => Some(Format::Jtl),
        () if is_k6(head) => Some(Format::K6),
        () if is_alb(first) => Some(Format::Alb),
        () if proxies::is_classic(head) => Some(Format::Clb),
        () if proxies::is_haproxy(head) => Some(Format::Haproxy),
        () if proxies::is_envoy(head) => Some(Format::Envoy),
        () if combined::is(head) => Some(Format::Combined),
        // a table of one's own needs no look at each layout
        () if table(head).is_none()
            && let Some(format) = made::detect(head) =>
        {
            Some(format)
        }
        () if unnamed::recipe(head).is_some() => Some(if first.contains(&b'\t') { Format::Tsv } else { Format::Csv }),
        () => table(head).filter(|(_, names)| is_request(names)).map(|(format, _)| format),
    }
}

/// The format of a file that is known to hold requests: also a table whose columns do not say so.
pub fn assumed(name: &str, head: &[u8]) -> Option<Format> {
    detect(name, head).or_else(|| {
        let name = bare(name);
        let by_name = [
            (".csv", Format::Csv),
            (".tsv", Format::Tsv),
            (".ndjson", Format::Ndjson),
            (".jsonl", Format::Ndjson),
            (".ldjson", Format::Ndjson),
            (".jtl", Format::Jtl),
            (".hlog", Format::Hlog),
            (".parquet", Format::Parquet),
            (".sketch", Format::Sketch),
        ];
        let named = by_name.into_iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| format);
        named.or_else(|| table(head).map(|(format, _)| format))
    })
}

/// A name in small letters, without what a compression appends.
fn bare(name: &str) -> String {
    let name = name.to_lowercase();
    let endings = [".gz", ".zst", ".zstd"];
    let shorter = endings.iter().find_map(|ending| name.strip_suffix(ending).map(str::to_string));
    shorter.unwrap_or(name)
}

/// A table with names, and these.
fn table(head: &[u8]) -> Option<(Format, Vec<String>)> {
    if head::object(head).is_some() {
        return Some((Format::Ndjson, sample::keys(head)));
    }
    let (names, by) = head::header(head)?;
    Some((if by == b'\t' { Format::Tsv } else { Format::Csv }, names))
}

fn is_request(names: &[String]) -> bool {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    known::of(&names).is_some() || usual::is_request(&names)
}

/// Others write tables of statistics under the same first line, so the first row has to have a histogram.
fn is_hlog(head: &[u8]) -> bool {
    let untagged = |line: &[u8]| -> usize {
        let tag = line.strip_prefix(b"Tag=").and_then(|tag| tag.iter().position(|byte| *byte == b','));
        tag.map_or(0, |comma| comma + 5)
    };
    let interval = |line: &[u8]| {
        let mut cells = line[untagged(line)..].split(|byte| *byte == b',');
        let numbers = cells.by_ref().take(3).filter(|cell| is_number(cell)).count();
        numbers == 3 && cells.next().is_some_and(|code| code.starts_with(b"HIST"))
    };
    let version = head::lines(head).any(|line| line.starts_with(b"#[Histogram log format version"));
    let row = head::lines(head).find(|line| !line.is_empty() && !line.starts_with(b"#"));
    row.map_or(version, |line| line.starts_with(b"\"StartTimestamp\",") || interval(line))
}

fn is_number(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|text| text.trim().parse::<f64>().is_ok())
}

fn is_percentiles(head: &[u8]) -> bool {
    let words = |line: &[u8]| -> Vec<Vec<u8>> {
        let words = line.split(|byte| matches!(byte, b' ' | b'\t' | b',' | b'"'));
        words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
    };
    head::lines(head)
        .any(|line| words(line).starts_with(&[b"Value".into(), b"Percentile".into(), b"TotalCount".into()]))
}

fn is_w3c(head: &[u8]) -> bool {
    let names = head::lines(head).find_map(|line| line.strip_prefix(b"#Fields:"));
    let mut names = names.unwrap_or_default().split(u8::is_ascii_whitespace);
    names.any(|name| matches!(name, b"sc-status" | b"time-taken"))
}

fn is_gatling(head: &[u8]) -> bool {
    let mut lines = head::whole(head);
    let run = lines.next().is_some_and(|line| line.starts_with(b"RUN\t"));
    let kinds: [&[u8]; 4] = [b"REQUEST\t", b"USER\t", b"GROUP\t", b"ERROR\t"];
    run && lines.all(|line| kinds.iter().any(|kind| line.starts_with(kind)) || line.starts_with(b"ASSERTION\t"))
}

fn is_jtl(name: &str, head: &[u8]) -> bool {
    let header = head::header(head).map(|(names, _)| names).unwrap_or_default();
    let has = |name: &str| header.iter().any(|known| known == name);
    let xml = head::first(head).starts_with(b"<") && memchr::memmem::find(head, b"<testResults").is_some();
    xml || has("timeStamp") && has("elapsed") || name.ends_with(".jtl") && ready::headerless_jtl(head)
}

fn is_k6(head: &[u8]) -> bool {
    let text = |object: &serde_json::Map<_, serde_json::Value>, key: &str| {
        object.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_string()
    };
    match head::object(head) {
        Some(object) => {
            let kind = matches!(text(&object, "type").as_str(), "Metric" | "Point");
            kind && !text(&object, "metric").is_empty() && object.get("data").is_some_and(|data| data.is_object())
        }
        None => head::first(head).starts_with(b"metric_name,timestamp,metric_value,"),
    }
}

fn is_alb(line: &[u8]) -> bool {
    let mut cells = line.split(|byte| *byte == b' ');
    let kind = cells.next().is_some_and(|kind| matches!(kind, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss"));
    let time = cells.next().is_some_and(|time| time.len() >= 20 && time[10] == b'T' && time.ends_with(b"Z"));
    let balancer = cells.next().is_some_and(|name| name.starts_with(b"app/"));
    kind && time && balancer && cells.count() > 9
}
