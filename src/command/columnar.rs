//! The rows of a comparison as a Parquet file, for frames and lakes: the columns of the CSV, with their types.
//!
//! Texts are as they are. A spreadsheet's guard against formulas is the CSV's alone.

use polars::prelude::{
    Column, DataFrame, NamedFrom, ParquetCompression, ParquetWriter, PolarsResult, Series, StatisticsOptions,
};

use super::Failure;
use crate::report::{Cells, Named};

/// Whether this build can write it.
///
/// # Errors
///
/// Only of a build without the feature.
pub(super) fn check() -> Result<(), Failure> {
    Ok(())
}

/// The bytes of a file with these columns.
///
/// # Errors
///
/// The columns are not as long as each other.
pub(super) fn parquet(columns: Vec<Named>) -> Result<Vec<u8>, Failure> {
    written(columns).map_err(|error| Failure::Unusable(format!("the comparison cannot be written as Parquet: {error}")))
}

fn written(columns: Vec<Named>) -> PolarsResult<Vec<u8>> {
    let height = columns.first().map_or(0, |column| column.cells.len());
    let series = |Named { name, cells }| {
        let name = name.as_str().into();
        Column::from(match cells {
            Cells::Texts(texts) => Series::new(name, texts),
            Cells::Numbers(numbers) => Series::new(name, numbers),
            Cells::Counts(counts) => Series::new(name, counts),
        })
    };
    let mut frame = DataFrame::new(height, columns.into_iter().map(series).collect())?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_statistics(StatisticsOptions::empty())
        .finish(&mut frame)?;
    Ok(bytes)
}
