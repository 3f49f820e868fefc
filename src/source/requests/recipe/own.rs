//! The recipe of a layout of one's own: its fields say what they hold, and usual names what they mean.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::super::formats::Ready;
use super::super::layout::{Field, Holds, Layout, Piece};
use super::super::number::with_unit;
use super::super::split::laid::Laid;
use super::super::split::{Is, Split};
use super::sample::Sample;
use super::{LatencyFrom, Lines, Recipe, TimeFrom, head, usual};
use crate::source::file::time;

/// How many lines are looked at for how far a time reaches.
const LOOKED_AT: usize = 50;
/// A time has so many words at most: `Sun Nov 29 10:00:00 2026 UTC`.
const MOST_WORDS: usize = 6;
/// nginx's and Envoy's names of the time that a whole request took; what comes first is preferred. Apache writes it in up to
/// three units.
const TOOK: [&str; 6] = ["latency", "request_time", "request_time_us", "request_time_ms", "request_time_s", "duration"];
/// What servers call the time; what comes first is preferred.
const TIMES: [&str; 6] = ["time", "time_iso8601", "time_local", "msec", "timestamp", "start_time"];

/// The recipe for a file of such lines that begins so.
pub fn recipe(layout: &Arc<Layout>, head: &[u8]) -> Recipe {
    let sample = sample(layout, head);
    let has = |name: &str| layout.fields().any(|field| field.name == name);
    let envoy = has("response_code") && has("response_flags");
    Recipe {
        time: times(layout),
        latency: took(layout),
        ends: usual::ends(&sample),
        error: if envoy { Ready::named("envoy").and_then(|ready| ready.error.clone()) } else { None },
        because: Some("by the layout"),
        ..Recipe::plain(Lines::Laid(layout.clone()))
    }
}

fn sample(layout: &Layout, head: &[u8]) -> Sample {
    let names: Vec<String> = layout.fields().map(|field| field.name.clone()).collect();
    let within = within(layout, head);
    Sample::split(names, head, |wanted| Laid::new(layout, &within, wanted).ok())
}

/// What may say when a request was: nothing if several fields could.
fn times(layout: &Layout) -> Vec<TimeFrom> {
    let is_text = |name: &str| {
        layout.fields().any(|field| field.name == name && matches!(field.holds, Holds::Text | Holds::Time))
    };
    if is_text("date") && is_text("time") {
        return vec![TimeFrom::LocalDateAndTime("date".into(), "time".into())];
    }
    let from = |field: &Field| match &field.holds {
        Holds::Formed(form) => Some(TimeFrom::Formed(field.name.clone(), form.clone())),
        Holds::Time => Some(TimeFrom::Column(field.name.clone())),
        _ => None,
    };
    let mut all: Vec<(usize, TimeFrom)> = layout
        .fields()
        .filter_map(|field| {
            let rank = TIMES.iter().position(|usual| *usual == field.name).unwrap_or(TIMES.len());
            Some((rank, from(field)?))
        })
        .collect();
    all.sort_by_key(|(rank, _)| *rank);
    let unnamed = all.iter().filter(|(rank, _)| *rank == TIMES.len()).count();
    let certain = all.first().is_some_and(|(rank, _)| *rank < TIMES.len()) || unnamed == 1;
    // one that the configuration names is looked for among all
    if certain { all.into_iter().map(|(_, time)| time).collect() } else { Vec::new() }
}

/// What says how long a request took: nothing if several fields could.
fn took(layout: &Layout) -> Vec<LatencyFrom> {
    let from = |field: &Field| match field.holds {
        Holds::Took(unit) => Some(LatencyFrom::Column(field.name.clone(), unit)),
        Holds::Written => Some(LatencyFrom::Written(field.name.clone())),
        _ => None,
    };
    let named = TOOK.iter().filter_map(|name| layout.fields().find(|field| field.name == *name).and_then(from));
    let named: Vec<LatencyFrom> = named.collect();
    let all: Vec<LatencyFrom> = layout.fields().filter_map(from).collect();
    let names: Vec<&str> =
        layout.fields().filter(|field| from(field).is_some()).map(|field| field.name.as_str()).collect();
    let usual = usual::pick_latency(&names).and_then(|(name, _)| layout.fields().find(|field| field.name == name));
    // one that is called a latency and has no unit is meant, and asked about
    let unit_is_open = |field: &Field| from(field).is_none() && matches!(usual::latency(&field.name), Some(None));
    if named.is_empty() && layout.fields().any(unit_is_open) {
        return Vec::new();
    }
    match (named.is_empty(), all.len()) {
        (false, _) => named.into_iter().chain(all.iter().cloned()).fold(Vec::new(), |mut unique, one| {
            if !unique.contains(&one) {
                unique.push(one);
            }
            unique
        }),
        (true, 1) => all,
        (true, _) => usual.and_then(from).into_iter().collect(),
    }
}

/// How many times the text behind each field stands within it: in a time with spaces, in a request without quotes.
pub fn within(layout: &Layout, head: &[u8]) -> Vec<usize> {
    let mut within = Vec::new();
    for (at, piece) in layout.pieces.iter().enumerate() {
        let Piece::Field(field) = piece else { continue };
        let behind = match layout.pieces.get(at + 1) {
            Some(Piece::Text(text)) => text.as_str(),
            _ => "",
        };
        within.push(match &field.holds {
            Holds::Request if behind == " " => 2,
            Holds::Formed(form) if !behind.is_empty() => form.matches(behind).count(),
            _ => 0,
        });
        if field.holds == Holds::Time && behind.starts_with(' ') && !field.name.is_empty() {
            let place = within.len() - 1;
            within[place] = words(layout, &within, &field.name, head);
        }
    }
    within
}

/// How many spaces a time has: the most with which as many lines have one as with any other. A date alone is a time, too.
fn words(layout: &Layout, within: &[usize], name: &str, head: &[u8]) -> usize {
    let lines: Vec<&[u8]> = head::whole(head).filter(|line| layout.is_about(line)).take(LOOKED_AT).collect();
    let reads = |more: usize| {
        let tried: Vec<usize> = within[..within.len() - 1].iter().copied().chain([more]).collect();
        // what stands behind the time may not fit yet, and does not matter here
        let until = upto(layout, name);
        let names = [name.to_owned()];
        let sample =
            Sample::split(names.to_vec(), &lines.join(&b'\n'), |wanted| Laid::new(&until, &tried, wanted).ok());
        let is_time = |cell: &&String| time::instant(cell, &TimeZone::UTC, "UTC").is_ok();
        sample.cells(name).iter().filter(is_time).count()
    };
    let counts: Vec<usize> = (0..MOST_WORDS).map(reads).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().rposition(|count| most > 0 && 10 * count >= 9 * most).unwrap_or(0)
}

/// A layout up to a field and the text behind it; then comes anything.
fn upto(layout: &Layout, name: &str) -> Layout {
    let at = layout.pieces.iter().position(|piece| matches!(piece, Piece::Field(field) if field.name == name));
    let mut pieces: Vec<Piece> = layout.pieces.iter().take(at.map_or(0, |at| at + 2)).cloned().collect();
    pieces.push(Piece::Field(Field { name: String::new(), holds: Holds::Text }));
    Layout { pieces, ..layout.clone() }
}

/// The first lines of a file.
pub fn first_lines(head: &[u8]) -> Vec<&[u8]> {
    head::whole(head).take(LOOKED_AT).collect()
}

/// Whether these lines can hardly be of anything but a layout: their times are times, and their latencies numbers.
pub fn fits_surely(layout: &Layout, lines: &[&[u8]]) -> bool {
    fits(layout, lines) && {
        let sample = sample(layout, &lines.join(&b'\n'));
        layout.fields().all(|field| {
            let cells = sample.cells(&field.name);
            match field.holds {
                Holds::Time => usual::most(cells, |cell| time::instant(cell, &TimeZone::UTC, "UTC").is_ok()),
                Holds::Took(_) => usual::most(cells, |cell| cell.parse::<f64>().is_ok()),
                Holds::Written => usual::most(cells, |cell| with_unit(cell.as_bytes()).is_some()),
                _ => true,
            }
        })
    }
}

/// Whether these lines are of a layout: most of those that have requests.
pub fn fits(layout: &Layout, lines: &[&[u8]]) -> bool {
    let within = within(layout, &lines.join(&b'\n'));
    let Ok(laid) = Laid::new(layout, &within, &[]) else { return false };
    let found: Vec<_> = lines.iter().map(|line| laid.split(line, &mut [])).collect();
    let rows = found.iter().filter(|is| **is == Ok(Is::Row)).count();
    let bad = found.iter().filter(|is| is.is_err()).count();
    rows > 0 && rows >= bad
}
