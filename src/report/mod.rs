//! Verdict in, text out: one document, and one file per way of writing it.
//!
//! [`Document`] is the published contract and the only thing that a renderer sees; so a verdict that was saved as
//! JSON renders again to the same bytes as when it was judged. Names in a verdict come from configuration files and
//! monitoring systems: every renderer makes them plain before they reach a terminal or a browser.

pub mod document;

mod as_written;
mod brief;
mod calibration;
mod comparison;
mod csv;
mod decided;
mod diff;
mod draft;
mod effect;
mod form;
pub mod gates;
mod github;
mod html;
mod ink;
mod json;
mod junit;
mod live;
pub mod localised;

pub mod days;
mod markdown;
mod method;
mod number;
mod page;
mod past;
mod plan;
mod prometheus;
mod prose;
pub mod quantiles;
mod reason;
mod review;
pub mod rollout;
pub mod signatures;
pub mod sketch;
mod slack;
mod spark;
mod success;
pub mod suite;
mod table;
mod terminal;
pub mod watched;
mod words;

pub use as_written::beside;
pub use calibration::calibration;
pub use comparison::{
    Cells, Comparison, ComparisonFormat, Comparisons, Named, NotAComparison, columns, columns_of_several, comparison,
    comparison_schema, comparisons, pictures, pictures_of_several,
};
pub use decided::decided;
pub use diff::{RECORDED, Sides, diff};
pub use document::Document;
pub use form::{Format, NotAPage, PageFormat, Style, UnknownFormat};
pub use github::{SUMMARY_BYTES, annotations, summary};
pub use json::Error;
pub use live::Live;
pub use plan::plan;
pub use slack::slack;

/// The document as text, ending in a line's end.
pub fn render(document: &Document, format: Format, style: &Style) -> String {
    match format {
        Format::Terminal => terminal::render(document, style),
        Format::Markdown => markdown::render(document, markdown::COMMENT_BYTES),
        Format::Json => json::render(document),
        Format::Html => html::render(document),
        Format::Junit => junit::render(document),
        Format::Github => github::summary(document, SUMMARY_BYTES),
        Format::Annotations => github::annotations(document),
        Format::Csv => csv::render(document),
        Format::Prometheus => prometheus::render(document),
        Format::Review => review::render(document),
    }
}

/// One look in a line of so many columns: `12:15  look 3 of 12  running  10 of 13 criteria clear, none fails`.
pub fn look(document: &Document, columns: usize) -> String {
    brief::line(document, columns)
}

/// What a verdict recommends, as a sentence.
pub fn advice(document: &Document) -> String {
    words::advice(document)
}

/// The JSON Schema of the document, as published.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}
