//! `davy formats`: which logs of requests davy reads, and how it reads the first lines of one, field by field.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli;
use crate::ingest;
use crate::plain;
use crate::source::requests::formats::{Ready, all};
use crate::source::requests::preview::{Preview, Row, preview_of, preview_of_file};
use crate::source::requests::{Format, Layout};

/// How much of a line or of a text is shown.
const WIDEST: usize = 400;

pub(super) fn run(console: &Console, arguments: &cli::Formats) -> Result<Exit, Failure> {
    let text = match (arguments.names.as_slice(), arguments.layout.clone()) {
        ([], None) => list(),
        ([file], Some(layout)) => read(file.into(), Format::Layout, Some(layout), arguments.lines)?,
        ([], Some(_)) => return Err(misused("--layout needs a file to read: davy formats --layout '…' access.log")),
        (_, Some(_)) => return Err(misused("--layout takes the place of a format: leave the format out")),
        ([one], None) => match Ready::named(one) {
            Some(ready) => describe(ready)?,
            None if PathBuf::from(one).exists() => read(one.into(), Format::Auto, None, arguments.lines)?,
            None => return Err(unknown(one)),
        },
        ([name, file, ..], None) => {
            let ready = Ready::named(name).ok_or_else(|| unknown(name))?;
            read(file.into(), ready.format, None, arguments.lines)?
        }
    };
    console.answer(&text)?;
    Ok(Exit::Pass)
}

fn misused(what: &str) -> Failure {
    Failure::Misused(what.to_owned())
}

fn unknown(name: &str) -> Failure {
    let near = crate::text::problem::nearest(name, all().iter().map(|ready| ready.name));
    let near = near.map_or(":".to_owned(), |near| format!("; did you mean `{near}`?"));
    Failure::Misused(format!(
        "`{}` is neither a format nor a file{near} `davy formats` lists the formats",
        plain::line(name)
    ))
}

fn list() -> String {
    let line = |ready: &Ready| format!("  {:<12} {}\n", ready.name, ready.what);
    let lines: String = all().iter().map(line).collect();
    format!(
        "Formats of logs with a row per request. davy recognises them; `format:` in a source says it.\n\n{lines}\n\
         davy formats NAME                  how davy reads an example of it\n\
         davy formats FILE                  which format a file has, and how davy reads its first lines\n\
         davy formats NAME FILE             the same, read as this format\n\
         davy formats --layout '…' FILE     the same, with a layout of your own\n"
    )
}

/// A format with its layout and its example.
fn describe(ready: &Ready) -> Result<String, Failure> {
    let mut text = format!("{}  {}\n", ready.name, ready.what);
    for layout in &ready.layouts {
        text.push_str(&format!("layout: {}\n", layout.text));
    }
    if ready.example.is_empty() {
        text.push_str("It has counts or columns rather than lines.\n");
        return Ok(text);
    }
    text.push_str("\nAn example, as davy reads it:\n");
    let content = Box::new(Cursor::new(ready.example.clone().into_bytes()));
    let preview = preview_of(content, &format!("example.{}", ready.name), ready.format, usize::MAX);
    Ok(text + &rows(&preview.map_err(failed)?))
}

fn failed(error: crate::source::error::Error) -> Failure {
    Failure::Data(ingest::Error::from(error))
}

/// A file's first rows.
fn read(file: PathBuf, format: Format, layout: Option<Arc<Layout>>, most: usize) -> Result<String, Failure> {
    let shown = plain::path(&file);
    let own = layout.is_some();
    let preview = preview_of_file(file, format, layout, most).map_err(|error| failed(error.within(&shown)))?;
    let known = Format::NAMES.iter().find(|(_, format)| *format == preview.format).map_or("", |(name, _)| name);
    let as_what = if own { "as the layout says".to_owned() } else { format!("as {known}") };
    Ok(format!("{shown}, {as_what}:\n") + &rows(&preview))
}

fn rows(preview: &Preview) -> String {
    let mut text = String::new();
    for row in &preview.rows {
        text.push_str(&format!("\nline {}: {}\n", row.line, plain::shorten(&row.text, WIDEST)));
        match &row.fields {
            Err(why) => {
                let stops = row.stops.as_ref().map(|(field, at)| format!(" from `{field}` on, at character {at}"));
                text.push_str(&format!("  this line {why}{}: it is a bad row\n", stops.unwrap_or_default()));
            }
            Ok(fields) => {
                let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(10, 40);
                for (name, value) in fields {
                    let value = if value.is_empty() { "–".to_owned() } else { plain::shorten(value, WIDEST) };
                    text.push_str(&format!("  {:<width$}  {value}\n", plain::line(name)));
                }
                text.push_str(&meaning(preview, row, width));
            }
        }
    }
    match &preview.means {
        Err(why) => text.push_str(&format!("\ndavy cannot judge these lines yet: {why}\n")),
        Ok(_) if preview.rows.is_empty() => text.push_str("\nNone of the first lines is a request.\n"),
        Ok(_) => {}
    }
    text
}

/// What the fields of a row mean.
fn meaning(preview: &Preview, row: &Row, width: usize) -> String {
    let Ok(means) = &preview.means else { return String::new() };
    if !row.counts {
        return "  → it is not a request, and does not count\n".to_owned();
    }
    let line = |what: &str, value: String, why: Option<&String>| {
        let why = why.map(|why| format!("   ({why})")).unwrap_or_default();
        format!("  {:<width$}  {value}{why}\n", format!("→ {what}"))
    };
    let time = match row.time {
        Ok(time) => time.to_string(),
        Err(why) => format!("unknown: it {why}"),
    };
    let latency = match (row.latency, &means.latency) {
        (Some(ns), _) => format!("{} ms", ns as f64 / 1e6),
        (None, Some(_)) => "unknown".to_owned(),
        (None, None) => "unknown: no field says it with its unit".to_owned(),
    };
    let error = match (row.error, &means.errors) {
        (Some(true), _) => "yes".to_owned(),
        (Some(false), _) => "no".to_owned(),
        (None, Some(_)) => "unknown: the row is a bad one".to_owned(),
        (None, None) => "unknown: no field says it".to_owned(),
    };
    line("time", time, None)
        + &line("latency", latency, means.latency.as_ref())
        + &line("error", error, means.errors.as_ref())
}
