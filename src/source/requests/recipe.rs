//! What the rows of a format look like: how a line becomes fields, and which of them mean time, latency and error.
//!
//! A recipe is data. The formats that people have are a table of recipes ([`of`]); what a configuration says of its columns
//! goes before what the recipe says.

mod combined;
mod detect;
mod form;
mod head;
mod known;
mod made;
mod own;
mod proxies;
mod ready;
mod sample;
mod unnamed;
pub mod usual;

pub use detect::{assumed, detect};
pub use form::{Access, Behind, LatencyFrom, Lines, Names, Recipe, TimeFrom};
pub use own::{first_lines, fits, fits_surely, recipe as of_layout, within};
pub(super) use sample::keys;

use super::Format;
pub use super::outcome::Means;

/// The recipe of a format for a file that begins so; nothing for those whose rows are not lines of fields (Parquet,
/// histograms, sketches) and for [`Format::Auto`].
pub fn of(format: Format, head: &[u8]) -> Option<Recipe> {
    match format {
        Format::Csv => Some(separated(None, head)),
        Format::Tsv => Some(separated(Some(b'\t'), head)),
        Format::Ndjson => Some(ready::table(Lines::Json, head)),
        Format::Alb | Format::Clb | Format::Haproxy | Format::S3 | Format::Squid | Format::Chi | Format::Pgbench => {
            made::of(format, head)
        }
        Format::Envoy => proxies::envoy(head),
        Format::W3c => Some(ready::w3c(head)),
        Format::Combined => Some(combined::recipe(head)),
        Format::Jtl => Some(ready::jtl(head)),
        Format::K6 => Some(ready::k6(head)),
        Format::Gatling => Some(ready::gatling(head)),
        Format::Auto
        | Format::Layout
        | Format::Parquet
        | Format::Hlog
        | Format::Percentiles
        | Format::Sketch
        | Format::Buckets => None,
    }
}

fn separated(by: Option<u8>, head: &[u8]) -> Recipe {
    unnamed::recipe(head).unwrap_or_else(|| ready::table(Lines::Delimited { by, names: Names::FirstLine }, head))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod real;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
