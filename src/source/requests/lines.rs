//! Inputs whose rows are lines: what the first bytes say of their columns, and how a line is split.

use std::collections::HashMap;

use super::inputs::Input;
use super::program::Names;
use super::recipe::{self, Lines, Recipe};
use super::split::Split;
use super::split::attributes::Attributes;
use super::split::delimited::Delimited;
use super::split::json::Json;
use super::split::laid::Laid;
use super::split::records::Records;
use super::split::spaced::Spaced;
use super::{Format, Requests};
use crate::source::error::{Error, quoted};

/// How much of an input is looked at for its format and its columns.
pub(super) const HEAD: usize = 1 << 16;

/// The format of an input and what its rows look like.
pub(super) fn format(log: &Requests, input: &Input, head: &[u8]) -> Result<Format, Error> {
    match named_format(log, &input.shown(), head) {
        Ok(Format::Parquet) if log.format == Format::Auto && input.is_sketch() => Ok(Format::Sketch),
        Ok(Format::Parquet) if log.format == Format::Auto && input.is_of_buckets() => Ok(Format::Buckets),
        known => known,
    }
}

/// The format of a content with this name that begins so.
pub(super) fn named_format(log: &Requests, name: &str, head: &[u8]) -> Result<Format, Error> {
    match (&log.layout, log.format) {
        (Some(_), _) => return Ok(Format::Layout),
        (None, Format::Auto) => {}
        (None, said) => return Ok(said),
    }
    recipe::assumed(name, head).ok_or_else(|| {
        Error::unreadable("is not known as a log of requests")
            .hint("Say with `format:` what it is (`davy formats` lists them), or describe its lines with `layout:`.")
    })
}

/// What the rows of an input look like that begins so.
pub(super) fn recipe(log: &Requests, format: Format, head: &[u8]) -> Option<Recipe> {
    match &log.layout {
        Some(layout) => Some(recipe::of_layout(layout, head)),
        None => recipe::of(format, head),
    }
}

/// The columns of an input, and how its lines are split for the ones that are wanted.
pub(super) struct Shape {
    pub(super) names: Vec<String>,
    open: bool,
    header: Vec<u8>,
    by: u8,
    lines: Lines,
    /// Of a layout: how far its fields reach.
    within: Vec<usize>,
}

impl Shape {
    /// From the first bytes; nothing where there is no row yet.
    pub(super) fn of(recipe: &Recipe, head: &[u8]) -> Result<Option<Shape>, Error> {
        let lines = recipe.lines.clone();
        let mut layout =
            Shape { names: Vec::new(), open: false, header: Vec::new(), by: b',', lines, within: Vec::new() };
        match &recipe.lines {
            Lines::Delimited { by, names } => {
                let (by, names) = (*by, *names);
                let Some(header) = header(names, head) else { return Ok(None) };
                if let recipe::Names::LineWith(mark) = names {
                    layout.header = [mark.as_bytes(), header].concat();
                }
                match names {
                    recipe::Names::Fixed(names) => layout.names = names.iter().map(|name| (*name).to_owned()).collect(),
                    recipe::Names::LineWith(_) => {
                        layout.names =
                            header.split(u8::is_ascii_whitespace).map(text).filter(|n| !n.is_empty()).collect();
                    }
                    recipe::Names::FirstLine => layout.header = header.to_vec(),
                }
                layout.by = by.unwrap_or_else(|| separator(header));
                if layout.names.is_empty() {
                    layout.names = fields(header, layout.by)?;
                }
            }
            Lines::Spaced { names } | Lines::Records { names, .. } => {
                layout.names = names.iter().map(|name| (*name).to_owned()).collect();
                layout.add_parts_of_request();
            }
            Lines::Access(access) => {
                layout.names = access.names(head);
                layout.add_parts_of_request();
            }
            Lines::Laid(own) => {
                layout.names = own.fields().map(|field| field.name.clone()).collect();
                layout.within = recipe::within(own, head);
                if own.has_request() {
                    layout.add_parts();
                }
            }
            Lines::Json | Lines::JsonWithin { .. } => (layout.names, layout.open) = (recipe::keys(head), true),
            Lines::Attributes { elements, .. } => (layout.names, layout.open) = (attributes(head, elements), true),
        }
        Ok((!head.is_empty()).then_some(layout))
    }

    fn add_parts_of_request(&mut self) {
        if self.names.iter().any(|name| name == "request") {
            self.add_parts();
        }
    }

    fn add_parts(&mut self) {
        let parts = ["method", "uri", "host", "path", "protocol"].map(str::to_owned);
        let absent = parts.into_iter().filter(|part| !self.names.contains(part)).collect::<Vec<_>>();
        self.names.extend(absent);
    }

    /// The names that stand once: what has another one's name cannot be looked at.
    pub(super) fn unique(&self) -> Vec<String> {
        let mut times: HashMap<&str, usize> = HashMap::new();
        self.names.iter().for_each(|name| *times.entry(name).or_default() += 1);
        self.names.iter().filter(|name| times[name.as_str()] == 1).cloned().collect()
    }

    /// The field at which a line stops fitting a layout, and the byte at which it begins.
    pub(super) fn stops(&self, line: &[u8]) -> Option<(String, usize)> {
        let Lines::Laid(layout) = &self.lines else { return None };
        let (place, at) = Laid::new(layout, &self.within, &[]).ok()?.stops(line)?;
        Some((layout.name_of(place)?, at))
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names { known: &self.names, open: self.open }
    }

    /// How a line is split for these columns.
    pub(super) fn split(&self, wanted: &[String]) -> Result<Box<dyn Split>, Error> {
        let missing = |name: String| {
            let problem = match self.names.iter().filter(|known| **known == name).count() {
                0 => format!("has no column {}, which the inputs before it have", quoted(&name)),
                _ => format!("has more than one column {}", quoted(&name)),
            };
            Error::unreadable(problem)
        };
        Ok(match &self.lines {
            Lines::Delimited { names, .. } => {
                let comment = matches!(names, recipe::Names::LineWith(_)).then_some(b'#');
                let split = Delimited::new(self.by, &self.header, &self.names, wanted, comment);
                Box::new(split.map_err(missing)?)
            }
            Lines::Spaced { names } => Box::new(Spaced::new(names, wanted).map_err(missing)?),
            Lines::Access(access) => Box::new(Spaced::access(access, wanted).map_err(missing)?),
            Lines::Records { kind, by, names } => Box::new(Records::new(kind, *by, names, wanted).map_err(missing)?),
            Lines::Laid(own) => Box::new(Laid::new(own, &self.within, wanted).map_err(missing)?),
            Lines::Json => Box::new(Json::new(wanted)),
            Lines::JsonWithin { within } => Box::new(Json::within(wanted, within)),
            Lines::Attributes { elements, indent } => Box::new(Attributes::new(elements, *indent, wanted)),
        })
    }
}

/// The line with the names of the columns.
fn header(names: recipe::Names, head: &[u8]) -> Option<&[u8]> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    match names {
        recipe::Names::LineWith(mark) => lines.find_map(|line| line.strip_prefix(mark.as_bytes())),
        _ => lines.find(|line| !line.is_empty()),
    }
}

/// The commonest of the usual separators.
fn separator(header: &[u8]) -> u8 {
    let count = |by: &u8| header.iter().filter(|byte| *byte == by).count();
    // the first of equals: max_by_key would take the last
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(count).unwrap_or(b',')
}

fn fields(header: &[u8], by: u8) -> Result<Vec<String>, Error> {
    let mut reader = csv::ReaderBuilder::new().delimiter(by).has_headers(false).from_reader(header);
    let record = reader.byte_records().next();
    let wrong = |error: csv::Error| Error::unreadable(format!("has a first line that is not a header ({error})"));
    let names = record.transpose().map_err(wrong)?.unwrap_or_default();
    Ok(names.iter().map(text).collect())
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).trim().to_owned()
}

/// The names of the attributes of these elements: what stands before `="`.
fn attributes(head: &[u8], elements: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    let is = |line: &&[u8]| {
        let tag = line.strip_prefix(b"<").unwrap_or_default();
        elements.iter().any(|element| tag.strip_prefix(element.as_bytes()).is_some_and(|rest| rest.starts_with(b" ")))
    };
    for line in head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start).filter(is) {
        for at in memchr::memmem::find_iter(line, b"=\"") {
            let from = line[..at].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
            let name = text(&line[from..at]);
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
