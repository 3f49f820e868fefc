//! The formats that need no layout, each a file in `formats/`: what it is, an example, how davy reads the example, and for logs
//! of servers the layout, in the words that anybody may write in `layout:`.
//!
//! Some formats are spaced: their fields stand between spaces, and quotes or brackets are where the line has them rather than
//! where the layout says. A format that is found needs no code to be recognised: its lines fit its layout, and fields for times
//! have times.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::asked::Format;
use super::condition::Condition;
use super::layout::Layout;
use super::unit::TimeUnit;

/// A ready-made format.
#[derive(Debug)]
pub struct Ready {
    /// Its name: `alb`.
    pub name: &'static str,
    /// What it is.
    pub what: String,
    /// Its layouts; the first that fits counts. None if its rows say themselves what their columns are, or are no lines.
    pub layouts: Vec<Arc<Layout>>,
    /// Lines as they are written, at the end of which some others may stand.
    pub example: String,
    /// How the rows of the example are read.
    pub reads: Vec<Reads>,
    /// How it is written in a configuration.
    pub format: Format,
    /// Whether its lines tell what they are.
    pub(super) found: bool,
    /// The names of the fields of the first layout, if they stand between spaces.
    pub(super) spaced: Option<&'static [&'static str]>,
    pub(super) time: Option<String>,
    pub(super) latency: Option<(Vec<String>, TimeUnit)>,
    pub(super) status: Option<String>,
    /// Which requests are errors, if no column says it.
    pub(super) error: Option<Condition>,
    /// Which rows are requests, if others stand between them.
    pub(super) only: Option<Condition>,
    pub(super) because: Option<&'static str>,
}

/// How a row of an example is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// When it was.
    pub time: String,
    /// How many milliseconds it took, if that is known.
    #[serde(default)]
    pub latency: Option<f64>,
    /// Whether it is an error.
    pub error: bool,
}

/// A format as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    /// The format that it is a form of.
    #[serde(default)]
    of: Option<String>,
    what: String,
    #[serde(default)]
    layouts: Vec<String>,
    #[serde(default)]
    spaced: bool,
    #[serde(default)]
    found: bool,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    latency: Option<Latency>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    error: Option<String>,
    /// Which rows are requests.
    #[serde(default)]
    only: Option<String>,
    /// What the lines of requests have in them.
    #[serde(default)]
    lines_with: Option<String>,
    #[serde(default)]
    because: Option<String>,
    #[serde(default)]
    example: String,
    #[serde(default)]
    reads: Vec<Reads>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    columns: Vec<String>,
    unit: String,
}

const FILES: [&str; 22] = [
    include_str!("formats/combined.yaml"),
    include_str!("formats/alb.yaml"),
    include_str!("formats/clb.yaml"),
    include_str!("formats/w3c.yaml"),
    include_str!("formats/s3.yaml"),
    include_str!("formats/envoy.yaml"),
    include_str!("formats/istio.yaml"),
    include_str!("formats/haproxy.yaml"),
    include_str!("formats/squid.yaml"),
    include_str!("formats/chi.yaml"),
    include_str!("formats/pgbench.yaml"),
    include_str!("formats/jtl.yaml"),
    include_str!("formats/k6.yaml"),
    include_str!("formats/gatling.yaml"),
    include_str!("formats/csv.yaml"),
    include_str!("formats/tsv.yaml"),
    include_str!("formats/ndjson.yaml"),
    include_str!("formats/parquet.yaml"),
    include_str!("formats/hlog.yaml"),
    include_str!("formats/percentiles.yaml"),
    include_str!("formats/sketch.yaml"),
    include_str!("formats/buckets.yaml"),
];

/// All ready-made formats. A test holds that every file can be read.
pub fn all() -> &'static [Ready] {
    static ALL: LazyLock<Vec<Ready>> = LazyLock::new(|| FILES.iter().filter_map(|text| ready(text).ok()).collect());
    &ALL
}

fn ready(text: &str) -> Result<Ready, String> {
    let written: Written = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let known = written.of.as_ref().unwrap_or(&written.name);
    let format = Format::NAMES.iter().find(|(word, _)| word == known).map(|(_, format)| *format);
    let format = format.ok_or_else(|| format!("`{known}` is not a format"))?;
    let layout = |text: &String| {
        let layout = Layout::parse(text).map_err(|mistake| mistake.to_string())?;
        Ok::<_, String>(Arc::new(match &written.lines_with {
            Some(with) => layout.of_lines_with(with.clone()),
            None => layout,
        }))
    };
    let layouts = written.layouts.iter().map(layout).collect::<Result<Vec<_>, _>>()?;
    let names = |layout: &Arc<Layout>| -> &'static [&'static str] {
        layout.fields().map(|field| &*field.name.clone().leak()).collect::<Vec<&'static str>>().leak()
    };
    let latency = written.latency.map(|Latency { columns, unit }| match TimeUnit::named(&unit) {
        Some(unit) => Ok((columns, unit)),
        None => Err(format!("`{unit}` is not a unit")),
    });
    let condition = |text: &Option<String>| {
        text.as_deref().map(Condition::parse).transpose().map_err(|mistake| mistake.to_string())
    };
    let (error, only) = (condition(&written.error)?, condition(&written.only)?);
    Ok(Ready {
        name: written.name.leak(),
        what: written.what,
        example: written.example,
        reads: written.reads,
        format,
        found: written.found,
        spaced: layouts.first().filter(|_| written.spaced).map(names),
        time: written.time,
        latency: latency.transpose()?,
        status: written.status,
        error,
        only,
        because: written.because.map(|because| &*because.leak()),
        layouts,
    })
}

impl Ready {
    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Ready> {
        all().iter().find(|ready| ready.name == name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read_and_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> =
            FILES.iter().map(|text| ready(text).unwrap().name.to_owned()).collect();
        assert_eq!(names.len(), FILES.len());
        for (name, _) in Format::NAMES {
            assert!(names.contains(name), "{name} has no file");
        }
    }
}
