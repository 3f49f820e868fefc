//! Data that is judged without a configuration, and what can be said of it on the command line.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::SignedDuration;

use super::spoken::{condition_text, span};
use crate::config::Wish;
use crate::source::requests::Layout;

/// What to judge: a configuration, or data without one.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Data without a configuration")]
pub struct Files {
    /// A configuration (a YAML or JSON file, or a folder with a canary.yaml in it); or two: the baseline's data and the
    /// canary's
    #[arg(value_name = "CONFIG | BASELINE CANARY", num_args = 0..=2, conflicts_with_all = ["baseline", "data"], help_heading = None::<&str>)]
    pub paths: Vec<PathBuf>,
    /// The baseline's data: a file, or a folder or pattern of logs
    #[arg(long, value_name = "FILE", requires = "canary")]
    pub baseline: Option<PathBuf>,
    /// The canary's data; `compare` takes several, each with a name: v2=FILE
    #[arg(long, value_name = "FILE")]
    pub canary: Vec<PathBuf>,
    /// One file for both arms; a column tells them apart
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "canary"])]
    pub data: Option<PathBuf>,
    /// The column that tells the arms apart, and what it says of each: version=41,42; `compare` takes several canaries
    #[arg(long, value_name = "COLUMN=BASE,CANARY", value_parser = arms)]
    pub arm: Option<ArmNames>,
    /// What the comparison is called [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How far a metric may be worse than the baseline: errors=20%, latency:p99=30%. May be repeated
    #[arg(long = "margin", value_name = "METRIC[:STATISTIC]=MARGIN", value_parser = crate::config::margin)]
    pub margins: Vec<(String, String)>,
    /// The spacing of the points: 1m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub step: Option<SignedDuration>,
    /// Judge each of a column's values by itself: route
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// Columns of a log of requests in which a difference is localised: route,region
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub localise: Vec<String>,
    /// Only these rows of a log of requests: 'route != "/health"'
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition_text)]
    pub filter: Option<String>,
    /// What a column is measured in, if its name does not say it: took=ms. May be repeated
    #[arg(long = "unit", value_name = "COLUMN=UNIT", value_parser = crate::config::unit)]
    pub units: Vec<(String, String)>,
    /// How the data is written, if davy takes it for something else: csv, tsv, json, ndjson or parquet, with a row per step
    #[arg(long, value_name = "FORMAT", value_parser = crate::config::file_format)]
    pub format_in: Option<crate::source::Format>,
    /// Where the fields of a log's lines are, in nginx's, Apache's or Envoy's words or as a pattern with names:
    /// '{time} status={status:int} took={latency:ms}'. `davy formats --layout` shows what comes of it
    #[arg(long, value_name = "LAYOUT", conflicts_with = "format_in", value_parser = layout)]
    pub layout: Option<Arc<Layout>>,
}

/// Reads a layout.
pub(super) fn layout(text: &str) -> Result<Arc<Layout>, String> {
    let place = |at: usize| text[..at].chars().count() + 1;
    Layout::parse(text).map(Arc::new).map_err(|mistake| format!("at character {}: {mistake}", place(mistake.at)))
}

/// The column that tells arms apart, with the value of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmNames {
    /// The column.
    pub column: String,
    /// What it says of the baseline's rows.
    pub baseline: String,
    /// What it says of the canary's.
    pub canary: String,
}

impl Files {
    /// What the options say of the data.
    pub fn wish(&self) -> Wish {
        Wish {
            step: self.step,
            by: self.by.clone(),
            localise: self.localise.clone(),
            filter: self.filter.clone(),
            units: self.units.clone(),
            margins: self.margins.clone(),
            format: self.format_in,
            layout: self.layout.as_ref().map(|layout| layout.text.clone()),
        }
    }

    /// The options that say something of data, and nothing of a configuration.
    pub fn said(&self) -> Vec<&'static str> {
        let said = [
            ("--arm", self.arm.is_some()),
            ("--name", self.name.is_some()),
            ("--margin", !self.margins.is_empty()),
            ("--step", self.step.is_some()),
            ("--by", self.by.is_some()),
            ("--localise", !self.localise.is_empty()),
            ("--where", self.filter.is_some()),
            ("--unit", !self.units.is_empty()),
            ("--format-in", self.format_in.is_some()),
            ("--layout", self.layout.is_some()),
        ];
        said.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
    }
}

fn arms(text: &str) -> Result<ArmNames, String> {
    let names = text.split_once('=').and_then(|(column, values)| {
        let (baseline, canary) = values.split_once(',')?;
        let named = [column, baseline, canary].map(|name| name.trim().to_owned());
        let [column, baseline, canary] = named;
        let is_clear = ![&column, &baseline, &canary].iter().any(|name| name.is_empty()) && baseline != canary;
        is_clear.then_some(ArmNames { column, baseline, canary })
    });
    names.ok_or_else(|| "expected COLUMN=BASELINE,CANARY, such as version=41,42".into())
}
