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
use crate::source::file::time::instant;

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
    let envoy = layout.field("response_code").is_some() && layout.field("response_flags").is_some();
    Recipe {
        time: time(layout).into_iter().collect(),
        latency: took(layout).into_iter().collect(),
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

/// What says when a request was: nothing if several fields could.
fn time(layout: &Layout) -> Option<TimeFrom> {
    let is_text = |name: &str| layout.field(name).is_some_and(|field| matches!(field.holds, Holds::Text | Holds::Time));
    if is_text("date") && is_text("time") {
        return Some(TimeFrom::LocalDateAndTime("date".into(), "time".into()));
    }
    let named = TIMES.iter().find_map(|name| layout.field(name).and_then(TimeFrom::of));
    named.or_else(|| {
        let mut all = layout.fields().filter_map(TimeFrom::of);
        all.next().filter(|_| all.next().is_none())
    })
}

/// What says how long a request took: nothing if several fields could.
fn took(layout: &Layout) -> Option<LatencyFrom> {
    if let Some(named) = TOOK.iter().find_map(|name| layout.field(name).and_then(LatencyFrom::of)) {
        return Some(named);
    }
    // one that is called a latency and has no unit is meant, and asked about
    let unit_is_open = |field: &Field| matches!(usual::latency(&field.name), Some(None));
    if layout.fields().any(|field| unit_is_open(field) && LatencyFrom::of(field).is_none()) {
        return None;
    }
    let all: Vec<&Field> = layout.fields().filter(|field| LatencyFrom::of(field).is_some()).collect();
    match all.as_slice() {
        [one] => LatencyFrom::of(one),
        several => {
            let names: Vec<&str> = several.iter().map(|field| field.name.as_str()).collect();
            let (usual, _) = usual::pick_latency(&names)?;
            layout.field(usual).and_then(LatencyFrom::of)
        }
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
        let is_time = |cell: &&String| instant(cell, &TimeZone::UTC, "UTC").is_ok();
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
                Holds::Time => usual::most(cells, |cell| instant(cell, &TimeZone::UTC, "UTC").is_ok()),
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
