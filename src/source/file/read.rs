//! Bytes become a table: unpacked, and read as the kind of file they are.

use std::io::Read;
use std::path::Path;

use super::asked::{File, Format};
use super::benchmarks::{self, Tool};
use super::table::{Keep, Table};
use super::wanted::Wanted;
use super::{aws, compression, csv, documents, jmeter, json, parquet, rewritten, riddles};
use crate::source::error::Error;
use crate::source::growing::WholeLines;

/// Reads bytes as the kind of file they are; of a growing one the lines that have an end.
pub(super) fn table(file: &File, bytes: impl Read + Send, wanted: &Wanted, growing: bool) -> Result<Table, Error> {
    let keep: Keep = &|name| wanted.keeps(name);
    let (head, content) = compression::peek(compression::unpacked(bytes)?, benchmarks::HEAD)?;
    if let Some(tool) = Tool::of(&head).filter(|_| matches!(file.format, Format::Auto | Format::Json)) {
        let results = benchmarks::read(tool, content, &file.path)?;
        return benchmarks::table(&[(file.path.clone(), results)], keep);
    }
    if let Some(printed) = aws::Printed::of(&head).filter(|_| file.format == Format::Auto) {
        return aws::read_printed(printed, content, keep);
    }
    if jmeter::is(&head) && matches!(file.format, Format::Auto | Format::Csv) {
        return documents::reports::of_runs(&[jmeter::read(content)?], keep);
    }
    if documents::scraped::is(&head) && file.format == Format::Auto {
        return documents::scraped::read(content, keep);
    }
    let (head, content) = compression::peek(rewritten::of(content)?, 1 << 12)?;
    if head.len() < 1 << 12 && head.trim_ascii().is_empty() {
        return Err(Error::unreadable("is empty"));
    }
    if file.format == Format::Auto
        && let Some(error) = riddles::of(&head)
    {
        return Err(error);
    }
    let format = detected(file, &head);
    let by_lines = matches!(format, Format::Ndjson | Format::Tsv | Format::Csv | Format::Auto);
    let content: Box<dyn Read + Send> =
        if growing && by_lines { Box::new(WholeLines::new(content)) } else { Box::new(content) };
    let content = std::io::BufReader::with_capacity(1 << 16, content);
    match format {
        Format::Parquet => parquet::read(content, keep),
        Format::Json => json::read(content, keep),
        Format::Ndjson => json::read_lines(content, keep),
        Format::Tsv => csv::read(content, Some(b'\t'), keep),
        Format::Csv | Format::Auto => csv::read(content, None, keep),
        Format::Recorded => csv::read(content, None, keep).and_then(whole),
    }
}

/// Whether a file is an answer of the AWS command line in YAML, and no configuration.
pub(in crate::source) fn is_answer_in_yaml(path: &Path) -> bool {
    let head = compression::head(path, benchmarks::HEAD);
    head.is_ok_and(|head| matches!(aws::Printed::of(&head), Some(aws::Printed::Yaml | aws::Printed::Stream)))
}

/// A recording whose last line has no end was cut: what is left of its last number is a number too.
fn whole(table: Table) -> Result<Table, Error> {
    match table.unended {
        true => Err(Error::unreadable("its last line has no end, so this recording is cut")
            .hint("Copy the recording again. If you have edited the file, end its last line")),
        false => Ok(table),
    }
}

/// The format by configuration, else by the name's extension, else by the first bytes.
fn detected(file: &File, head: &[u8]) -> Format {
    if file.format != Format::Auto {
        return file.format;
    }
    let mut name = file.path.to_string_lossy().to_lowercase();
    for packed in [".gz", ".gzip", ".zst", ".zstd"] {
        name.truncate(name.trim_end_matches(packed).len());
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        _ if head.starts_with(b"PAR1") => Format::Parquet,
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "parquet" | "pq" => Format::Parquet,
        "ndjson" | "jsonl" => Format::Ndjson,
        _ => match head.trim_ascii_start().first() {
            Some(b'[') if extension == "json" || is_array(head) => Format::Json,
            Some(b'{') if is_one_object_per_line(head) => Format::Ndjson,
            Some(b'{') => Format::Json,
            _ if extension == "json" => Format::Json,
            _ => Format::Csv,
        },
    }
}

/// Whether a bracket begins an array, rather than the time of a line.
fn is_array(head: &[u8]) -> bool {
    let inside = &head.trim_ascii_start()[1..];
    matches!(inside.trim_ascii_start().first(), Some(b'{' | b'[' | b'"' | b']'))
}

fn is_one_object_per_line(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first).is_ok();
    object && lines.next().is_some_and(|line| line.starts_with(b"{"))
}
