//! Files: rows of any kind become one [`Sheet`], and a sheet answers questions with series.
//!
//! ```text
//!  bytes ──► compression ──► csv | json (aws) | parquet ──► Table ──► Sheet ──► Answer
//!             magic bytes      one reader per kind           cells     clock     series
//! ```
//!
//! What is measured is never guessed: a cell that is not what its column should be stops the reading, with its
//! place in the file. What is missing stays missing.

mod answer;
mod aws;
pub(in crate::source) mod compression;
mod counted;
mod counter;
mod csv;
mod half;
mod json;
mod lines;
mod live;
pub(in crate::source) mod number;
#[cfg(feature = "frames")]
mod parquet;
#[cfg(not(feature = "frames"))]
#[path = "parquet_disabled.rs"]
mod parquet;
mod rows;
pub(in crate::source) mod sheet;
mod sum;
mod survey;
mod table;
mod tail;
pub(in crate::source) mod time;

use std::collections::BTreeSet;
use std::io::Read;

pub use answer::Answer;
#[cfg(feature = "frames")]
pub(super) use parquet::{guarded, plausible, undecodable};
pub use sheet::Sheet;
pub(crate) use sheet::usual_arm;
pub(crate) use sum::{sum_of_counts, sum_of_series};
pub(super) use survey::survey;
pub use time::{Clock, EpochUnit};

use super::error::Error;
use super::growing::WholeLines;
use super::{Ask, File, Format, Least, Missing};
use crate::series::Series;
use table::{Keep, Table};

/// The columns worth keeping while a file is read.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Option<BTreeSet<String>>);

impl Wanted {
    /// All columns.
    pub fn all() -> Self {
        Wanted(None)
    }

    /// What these questions need, on top of what tells the time and the arms.
    pub fn by<'a>(questions: impl IntoIterator<Item = (&'a File, &'a Ask, Option<&'a str>)>) -> Self {
        let mut names = BTreeSet::new();
        for (file, ask, groups) in questions {
            names.extend(groups.map(str::to_string));
            names.extend(file.time.clone());
            names.extend(file.arm.as_ref().map(|arm| arm.column.clone()));
            names.extend(ask.instance().map(str::to_string));
            match &file.long {
                Some(long) => names.extend([long.name.clone(), long.value.clone()]),
                None => names.extend(ask.names().map(str::to_string)),
            }
        }
        Wanted(Some(names))
    }

    fn keeps(&self, name: &str) -> bool {
        let asked = self.0.as_ref().is_none_or(|names| names.contains(name));
        asked || sheet::is_usual_time(name) || sheet::is_usual_arm(name) || rows::is_usual_part(name)
    }
}

impl Ask {
    /// The columns that are measured.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Ask::Counts { total, bad, good, .. } => [total.as_deref(), bad.as_deref(), good.as_deref()],
            Ask::Events { count, exposure, .. } => [Some(count.as_str()), exposure.as_deref(), None],
            Ask::Values { value: column, .. } | Ask::Histograms { column, .. } => [Some(column.as_str()), None, None],
            Ask::Gauge { value, requests, .. } => [Some(value.as_str()), requests.as_deref(), None],
        };
        names.into_iter().flatten()
    }

    /// The same question to the columns that a recording has.
    pub fn recorded(&self) -> Ask {
        let column = |name: &str| name.to_owned();
        match self {
            Ask::Counts { instance, .. } => Ask::Counts {
                total: Some(column("total")),
                bad: Some(column("bad")),
                good: None,
                missing: Missing::Gap,
                instance: instance.as_ref().map(|_| column("instance")),
                counter: Some(false),
            },
            Ask::Events { exposure, .. } => Ask::Events {
                count: column("count"),
                exposure: exposure.as_ref().map(|_| column("exposure")),
                missing: Missing::Gap,
                counter: Some(false),
            },
            Ask::Values { .. } => Ask::Values { value: column("value"), factor: 1.0, least: Least::Any },
            Ask::Histograms { factor, .. } => Ask::Histograms { column: column("histogram"), factor: *factor },
            Ask::Gauge { requests, .. } => Ask::Gauge {
                value: column("value"),
                factor: 1.0,
                requests: requests.as_ref().map(|_| column("requests")),
                least: Least::Any,
                counter: Some(false),
            },
        }
    }

    /// The answer without any point.
    pub fn nothing(&self) -> Series {
        let (time, value) = (Vec::new(), Vec::new());
        match self {
            Ask::Counts { .. } => Series::Counts { time, total: Vec::new(), bad: Vec::new() },
            Ask::Events { .. } => Series::Events { time, count: Vec::new(), exposure: None },
            Ask::Values { .. } => Series::Values { time, value },
            Ask::Histograms { factor, .. } => Series::Buckets { time, bins: Vec::new(), scale: *factor },
            Ask::Gauge { .. } => Series::Gauge { time, value, requests: None },
        }
    }

    /// The column that names the instances.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Ask::Counts { instance, .. } => instance.as_deref(),
            _ => None,
        }
    }

    /// Whether its counted columns are totals since some start, where that is declared.
    pub fn counter(&self) -> Option<bool> {
        match self {
            Ask::Counts { counter, .. } | Ask::Events { counter, .. } | Ask::Gauge { counter, .. } => *counter,
            Ask::Values { .. } | Ask::Histograms { .. } => None,
        }
    }

    /// The same question to rows that are known to count their own steps.
    pub fn per_step(mut self) -> Ask {
        if let Ask::Counts { counter, .. } | Ask::Events { counter, .. } | Ask::Gauge { counter, .. } = &mut self {
            *counter = Some(false);
        }
        self
    }

    /// What an empty cell means.
    pub fn missing(&self) -> Missing {
        match self {
            Ask::Counts { missing, .. } | Ask::Events { missing, .. } => *missing,
            Ask::Values { .. } | Ask::Histograms { .. } | Ask::Gauge { .. } => Missing::Gap,
        }
    }
}

/// Reads bytes as the kind of file they are; of a growing one the lines that have an end.
fn table(file: &File, bytes: impl Read + Send, wanted: &Wanted, growing: bool) -> Result<Table, Error> {
    let keep: Keep = &|name| wanted.keeps(name);
    let (head, content) = compression::peek(compression::plain(bytes)?, 1 << 12)?;
    if head.len() < 1 << 12 && head.trim_ascii().is_empty() {
        return Err(Error::unreadable("is empty"));
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
            Some(b'[') => Format::Json,
            Some(b'{') if is_one_object_per_line(head) => Format::Ndjson,
            Some(b'{') => Format::Json,
            _ if extension == "json" => Format::Json,
            _ => Format::Csv,
        },
    }
}

fn is_one_object_per_line(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first).is_ok();
    object && lines.next().is_some_and(|line| line.starts_with(b"{"))
}
