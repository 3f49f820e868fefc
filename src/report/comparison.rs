//! The comparison of two systems as a document of its own: what `davy compare --format json` prints, and what its pages are made of.
//!
//! Like the verdict it only grows within a major version. The verdict of the criteria is in it whole, by its own contract.

mod document;
mod draft;
mod page;

pub use document::Comparison;

use super::{PageFormat, Style, html, json};

/// A comparison as text, ending in a line's end.
pub fn comparison(comparison: &Comparison, format: PageFormat, style: &Style) -> String {
    match format {
        PageFormat::Terminal => page::of(comparison).text(style),
        PageFormat::Markdown => page::of(comparison).markdown(),
        PageFormat::Json => json::render(comparison),
        PageFormat::Html => html::page::render(&page::of(comparison)),
    }
}

/// The JSON Schema of the document, as published.
pub fn comparison_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Comparison>().to_value()
}
