//! Apache Parquet through polars: only the columns asked for are decoded, batch by batch into text cells.
//!
//! A damaged file can make the decoder panic rather than fail; that is caught here, where the bytes are foreign,
//! and becomes an ordinary error.

use std::io::{BufRead, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    AnyValue, DataFrame, ParallelStrategy, ParquetReader, PolarsError, PolarsResult, SerReader, TimeUnit,
};

use super::compression::broken;
use super::table::{Column, Keep, Table};
use crate::series::Timestamp;
use crate::source::error::Error;

pub(super) fn read(mut content: impl BufRead, keep: Keep) -> Result<Table, Error> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|e| broken(&e))?;
    let damaged = |why: String| Error::unreadable(format!("is not a sound Parquet file ({why})"));
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(bytes, keep)));
    let (names, frame) = match decoded {
        Ok(result) => result.map_err(|e| damaged(e.to_string()))?,
        Err(_) => return Err(damaged("the decoder gave up".into())),
    };
    table(&names, &frame, keep)
}

fn decode(bytes: Vec<u8>, keep: Keep) -> PolarsResult<(Vec<String>, DataFrame)> {
    let size = bytes.len();
    let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    plausible(reader.get_metadata()?, size)?;
    let names: Vec<String> = reader.schema()?.iter_names().map(|name| name.to_string()).collect();
    let wanted: Vec<String> = names.iter().filter(|name| keep(name)).cloned().collect();
    // Without any wanted column the rows still count, so the first one stands for them.
    let columns = if wanted.is_empty() { names.iter().take(1).cloned().collect() } else { wanted };
    let frame = reader.with_columns(Some(columns)).finish()?;
    Ok((names, frame))
}

/// A damaged footer can claim numbers for which the decoder would ask for more memory than there is, which ends the
/// process. Timestamps differ, so a sound file has nowhere near this many rows per byte.
pub(in crate::source) fn plausible(footer: &FileMetadata, size: usize) -> PolarsResult<()> {
    const ROWS_PER_BYTE: usize = 1_000;
    let most = size.saturating_mul(ROWS_PER_BYTE);
    let wrong = |what: &str| Err(PolarsError::ComputeError(format!("its footer claims {what}").into()));
    let mut rows: usize = 0;
    for group in &footer.row_groups {
        rows = rows.saturating_add(group.num_rows());
        for column in group.parquet_columns() {
            let (values, bytes) = (column.num_values(), column.compressed_size());
            if usize::try_from(values).is_ok_and(|n| n > most) || values < 0 {
                return wrong("more values than the file can hold");
            }
            if usize::try_from(bytes).is_ok_and(|n| n > size) || bytes < 0 || column.uncompressed_size() < 0 {
                return wrong("more bytes than the file has");
            }
        }
    }
    if rows != footer.num_rows || rows > most {
        return wrong("more rows than the file can hold");
    }
    Ok(())
}

fn table(names: &[String], frame: &DataFrame, keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("row");
    table.columns = names.iter().map(|name| Column::new(name, keep)).collect();
    let mut read = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if let Ok(column) = frame.column(name) {
            read.push((at, column.as_materialized_series()));
        }
    }
    table.partial = read.len() < names.len();
    for row in 0..frame.height() {
        let mut cells = Vec::with_capacity(read.len());
        for (at, series) in &read {
            let value = series.get(row).map_err(|e| Error::unreadable(e.to_string()))?;
            cells.push((*at, text(&value)));
        }
        table.push(row as u64 + 1, cells.iter().map(|(at, cell)| (*at, cell.as_str())))?;
    }
    Ok(table.finish())
}

fn text(value: &AnyValue) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::Datetime(count, unit, zone) => time(*count, *unit, zone.is_some()),
        AnyValue::DatetimeOwned(count, unit, zone) => time(*count, *unit, zone.is_some()),
        AnyValue::Date(days) => time(i64::from(*days) * 86_400_000, TimeUnit::Milliseconds, false),
        AnyValue::String(text) => (*text).to_string(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Float32(number) => number.to_string(),
        AnyValue::Float64(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// An instant with its `Z`; a local time without.
fn time(count: i64, unit: TimeUnit, zoned: bool) -> String {
    let nanoseconds = match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
    };
    match Timestamp::from_nanosecond(i128::from(count) * nanoseconds) {
        Ok(time) if zoned => time.to_string(),
        Ok(time) => time.to_string().trim_end_matches('Z').to_string(),
        Err(_) => format!("{count} {unit}"),
    }
}
