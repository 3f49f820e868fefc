//! The comparison of two systems as a document of its own: what `davy compare --format json` prints, and what its pages are made of.
//!
//! Like the verdict it only grows within a major version. The verdict of the criteria is in it whole, by its own contract.

mod calendar;
pub(super) mod canaries;
pub(super) mod document;
mod draft;
pub(super) mod headline;
pub(super) mod page;
mod sections;
mod several;
mod table;

pub use canaries::Comparisons;
pub use document::Comparison;
pub use table::{Cells, Named};

use std::str::FromStr;

use super::{PageFormat, Style, html, json};

/// The forms of a comparison: those of a page, and a table for spreadsheets and data frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonFormat {
    /// As a page.
    Page(PageFormat),
    /// A row per metric and statistic.
    Csv,
}

impl FromStr for ComparisonFormat {
    type Err = NotAComparison;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "csv" => Ok(ComparisonFormat::Csv),
            _ => name.parse().map(ComparisonFormat::Page).map_err(|_| NotAComparison(name.into())),
        }
    }
}

/// Not a form of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a form of a comparison: write text, markdown (md), json, html, csv, parquet, or `--report svg=DIR` (or png=DIR) for its pictures"
)]
pub struct NotAComparison(pub String);

/// A comparison as text, ending in a line's end.
pub fn comparison(comparison: &Comparison, format: ComparisonFormat, style: &Style) -> String {
    match format {
        ComparisonFormat::Page(PageFormat::Terminal) => page::of(comparison).text(style),
        ComparisonFormat::Page(PageFormat::Markdown) => page::of(comparison).markdown(),
        ComparisonFormat::Page(PageFormat::Json) => json::render(comparison),
        ComparisonFormat::Page(PageFormat::Html) => html::compared::render(comparison, &page::of(comparison)),
        ComparisonFormat::Csv => table::render(comparison),
    }
}

/// Several canaries beside one baseline as text, ending in a line's end.
pub fn comparisons(comparisons: &Comparisons, format: ComparisonFormat, style: &Style) -> String {
    match format {
        ComparisonFormat::Page(PageFormat::Terminal) => several::of(comparisons).text(style),
        ComparisonFormat::Page(PageFormat::Markdown) => several::of(comparisons).markdown(),
        ComparisonFormat::Page(PageFormat::Json) => json::render(comparisons),
        ComparisonFormat::Page(PageFormat::Html) => html::canaries::render(comparisons, &several::of(comparisons)),
        ComparisonFormat::Csv => table::of_several(comparisons),
    }
}

/// The rows of the CSV, column by column with their types.
pub fn columns(comparison: &Comparison) -> Vec<Named> {
    table::columns(comparison)
}

/// The same of several canaries.
pub fn columns_of_several(comparisons: &Comparisons) -> Vec<Named> {
    table::columns_of_several(comparisons)
}

/// Each picture of a comparison as an SVG that stands alone, with a name for its file.
pub fn pictures(comparison: &Comparison) -> Vec<(String, String)> {
    html::compared::drawings(comparison)
}

/// The same of several canaries: all differences in one, and what each canary has by itself.
pub fn pictures_of_several(comparisons: &Comparisons) -> Vec<(String, String)> {
    html::canaries::drawings(comparisons)
}

/// The document of one canary, or of several: what the schema describes.
#[derive(schemars::JsonSchema)]
#[schemars(title = "davy comparison", untagged)]
#[expect(dead_code, reason = "it is described, and never built")]
enum Either {
    /// One canary beside its baseline.
    One(Box<Comparison>),
    /// Several canaries beside one baseline.
    Several(Comparisons),
}

/// The JSON Schema of the document, as published.
pub fn comparison_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Either>().to_value()
}
