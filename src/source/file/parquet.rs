//! Apache Parquet through polars: only the columns asked for are decoded, batch by batch into text cells.
//!
//! A damaged file can make the decoder panic rather than fail; that is caught here, where the bytes are foreign,
//! and becomes an ordinary error, of which nothing is printed. Columns of kinds that the decoder was built without are not
//! given to it.

use std::io::{BufRead, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    AnyValue, ArrowDataType, DataFrame, ParallelStrategy, ParquetReader, PolarsError, PolarsResult, SerReader, TimeUnit,
};

use super::compression::broken;
use super::table::{Column, Keep, Table};
use crate::series::Timestamp;
use crate::source::error::Error;

pub(super) fn read(mut content: impl BufRead, keep: Keep) -> Result<Table, Error> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|e| broken(&e))?;
    let (names, frame) = guarded(|| decode(bytes, keep))?;
    table(&names, &frame, keep)
}

/// The names of all columns, each with the kind that cannot be decoded, if it is one.
type Names = Vec<(String, Option<String>)>;

/// How many threads decode just now.
static DECODING: AtomicUsize = AtomicUsize::new(0);

/// What a decoder answers, or that it panicked over damaged bytes: which is an answer, so that nothing is printed of it.
pub(in crate::source) fn guarded<T>(decode: impl FnOnce() -> PolarsResult<T>) -> Result<T, Error> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let foreign = panic.location().is_some_and(|at| !at.file().starts_with("src/"));
            if DECODING.load(Ordering::Relaxed) == 0 || !foreign {
                usual(panic);
            }
        }));
    });
    DECODING.fetch_add(1, Ordering::Relaxed);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    DECODING.fetch_sub(1, Ordering::Relaxed);
    let damaged = |why: String| Error::unreadable(format!("is not a sound Parquet file ({why})"));
    decoded.map_err(|_| damaged("the decoder gave up".into()))?.map_err(|e| damaged(e.to_string()))
}

/// The kind of a column that cannot be decoded, in a word.
pub(in crate::source) fn undecodable(dtype: &ArrowDataType) -> Option<String> {
    use ArrowDataType::*;
    match dtype {
        Null | Boolean | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float32 | Float64 => None,
        Timestamp(..) | Date32 | Date64 | Decimal(..) => None,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => None,
        Dictionary(_, values, _) => undecodable(values),
        other => {
            let spelled = format!("{other:?}");
            Some(spelled.split(['(', '{', ' ']).next().unwrap_or_default().to_lowercase())
        }
    }
}

fn decode(bytes: Vec<u8>, keep: Keep) -> PolarsResult<(Names, DataFrame)> {
    let size = bytes.len();
    let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    plausible(reader.get_metadata()?, size)?;
    let schema = reader.schema()?;
    let names: Names = schema.iter().map(|(name, field)| (name.to_string(), undecodable(field.dtype()))).collect();
    let decodable = || names.iter().filter(|(_, kind)| kind.is_none()).map(|(name, _)| name);
    let wanted: Vec<String> = decodable().filter(|name| keep(name)).cloned().collect();
    // Without any wanted column the rows still count, so the first one stands for them.
    let columns = if wanted.is_empty() { decodable().take(1).cloned().collect() } else { wanted };
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

fn table(names: &Names, frame: &DataFrame, keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("row");
    table.columns = names.iter().map(|(name, _)| Column::new(name, keep)).collect();
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for (at, (name, kind)) in names.iter().enumerate() {
        if let Some(kind) = kind {
            unread.push((at, format!("({kind})")));
        } else if let Ok(column) = frame.column(name) {
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
        table.push(row as u64 + 1, cells.iter().chain(&unread).map(|(at, cell)| (*at, cell.as_str())))?;
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
