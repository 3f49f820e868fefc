//! Rows of requests in Apache Parquet, one group of rows at a time.
//!
//! Only the columns that are wanted are decoded, and only the groups: what the footer says of the smallest and largest time of
//! a group tells whether it lies outside of what is asked ([`Rows::span`]). Groups are independent of each other, so that
//! several threads read one file, each with the memory of one group. A cell is taken out of its column by a function that was
//! chosen once for the column, not once per cell.
//!
//! What the footer claims is checked before it is believed. What stands before each page of a column is polars' to check.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    ArrowDataType, ArrowSchema, ArrowTimeUnit, ChunkedArray, Column, DataFrame, DataType, ParallelStrategy,
    ParquetReader, PolarsDataType, PolarsError, PolarsResult, SerReader, Series, StaticArray, TimeUnit,
};

use super::Value;
use crate::source::error::{Error, columns};
use crate::source::file::{guarded, plausible, undecodable};

/// A file with rows, of which nothing but the footer has been read.
#[derive(Debug, Clone)]
pub struct Rows {
    path: PathBuf,
    footer: Arc<FileMetadata>,
    schema: Arc<ArrowSchema>,
}

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// The file cannot be had, or its footer is damaged.
    pub fn open(path: &Path) -> Result<Rows, Error> {
        let shown = |error: Error| error.within(&path.display().to_string());
        let file = file(path).map_err(shown)?;
        let size = file.metadata().map_or(0, |about| about.len());
        let read = guarded(|| {
            let mut reader = ParquetReader::new(file);
            let footer = reader.get_metadata()?.clone();
            plausible(&footer, usize::try_from(size).unwrap_or(usize::MAX))?;
            Ok((footer, reader.schema()?))
        });
        let (footer, schema) = read.map_err(shown)?;
        Ok(Rows { path: path.to_owned(), footer, schema })
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.schema.iter_names().map(|name| name.as_str())
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.footer.row_groups.len()
    }

    /// How many rows a group has, and how many bytes its columns take in the file.
    pub fn size(&self, group: usize) -> (u64, u64) {
        self.footer
            .row_groups
            .get(group)
            .map_or((0, 0), |group| (group.num_rows() as u64, group.compressed_size() as u64))
    }

    /// Whether a column has times of the day somewhere, of which nothing says where: [`Value::Instant`]s as if in UTC.
    pub fn is_local(&self, column: &str) -> bool {
        match self.schema.get(column).map(|field| field.dtype()) {
            Some(ArrowDataType::Timestamp(_, zone)) => zone.is_none(),
            Some(dtype) => matches!(dtype, ArrowDataType::Date32 | ArrowDataType::Date64),
            None => false,
        }
    }

    /// The smallest and the largest value of a column with whole numbers or instants within a group, if the file says them.
    pub fn span(&self, group: usize, column: &str) -> Option<(Value<'static>, Value<'static>)> {
        let dtype = self.schema.get(column)?.dtype();
        let chunk = self.footer.row_groups.get(group)?.columns_under_root_iter(column)?.next()?;
        let told = catch_unwind(AssertUnwindSafe(|| chunk.statistics(&self.footer.footer_buf)));
        let told = told.ok()??.ok()?;
        let told = told.as_int64()?;
        let as_value = |number: i64| match dtype {
            ArrowDataType::Int64 => Some(Value::Int(number)),
            ArrowDataType::Timestamp(unit, _) => {
                let nanoseconds = match unit {
                    ArrowTimeUnit::Nanosecond => 1,
                    ArrowTimeUnit::Microsecond => 1_000,
                    ArrowTimeUnit::Millisecond => 1_000_000,
                    ArrowTimeUnit::Second => 1_000_000_000,
                };
                Some(Value::Instant(number.checked_mul(nanoseconds)?))
            }
            _ => None,
        };
        Some((as_value(told.min_value?)?, as_value(told.max_value?)?))
    }

    /// Reads a group: `each` gets the wanted columns of every row, in their order.
    ///
    /// # Errors
    ///
    /// A column does not exist or holds what is neither number, text, time nor truth; or the file is damaged.
    pub fn read(&self, group: usize, wanted: &[&str], mut each: impl FnMut(&[Value])) -> Result<(), Error> {
        let mut read = || {
            if let Some(unknown) = wanted.iter().find(|name| self.schema.get(name).is_none()) {
                let there = columns(self.names());
                return Err(Error::unreadable("is not a column of the file").value(unknown).hint(there));
            }
            let kind = |name: &&str| undecodable(self.schema.get(name)?.dtype()).map(|kind| (name.to_string(), kind));
            if let Some((name, kind)) = wanted.iter().find_map(kind) {
                return Err(says_nothing(&kind, &name));
            }
            let file = file(&self.path)?;
            let frame = guarded(|| self.decode(file, group, wanted))?;
            let cells: Vec<Cell> = wanted.iter().map(|name| cell(&frame, name)).collect::<Result<_, Error>>()?;
            let mut fields = Vec::with_capacity(cells.len());
            for row in 0..frame.height() {
                fields.clear();
                fields.extend(cells.iter().map(|cell| cell(row)));
                each(&fields);
            }
            Ok(())
        };
        read().map_err(|error: Error| error.within(&self.path.display().to_string()))
    }

    /// The wanted columns of a group, each in one piece and of one of the types that [`cell`] knows.
    fn decode(&self, file: File, group: usize, wanted: &[&str]) -> PolarsResult<DataFrame> {
        let groups = &self.footer.row_groups;
        let before = groups.iter().take(group).map(|group| group.num_rows()).sum();
        let rows = groups.get(group).map_or(0, |group| group.num_rows());
        // Without any wanted column the rows still count, so the first one stands for them.
        let decodable = |name: &&str| self.schema.get(name).is_some_and(|field| undecodable(field.dtype()).is_none());
        let first = self.names().filter(decodable).take(usize::from(wanted.is_empty()));
        let mut columns: Vec<String> = wanted.iter().copied().chain(first).map(str::to_owned).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut reader = ParquetReader::new(file).read_parallel(ParallelStrategy::None);
        reader.set_metadata(self.footer.clone());
        let frame = reader.with_slice(Some((before, rows))).with_columns(Some(columns)).finish()?;
        let columns = frame.columns().iter().map(|column| {
            let series = column.as_materialized_series().rechunk();
            Ok(Column::from(match series.dtype() {
                dtype if dtype.is_integer() => series.cast(&DataType::Int64)?,
                dtype if dtype.is_float() || dtype.is_decimal() => series.cast(&DataType::Float64)?,
                DataType::Date => series.cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?,
                DataType::Categorical(..) | DataType::Enum(..) => series.cast(&DataType::String)?,
                _ => series,
            }))
        });
        DataFrame::new(frame.height(), columns.collect::<PolarsResult<_>>()?)
    }
}

type Cell<'f> = Box<dyn Fn(usize) -> Value<'f> + 'f>;

/// The piece that a column is in.
fn chunk<T: PolarsDataType>(column: PolarsResult<&ChunkedArray<T>>) -> Option<&T::Array> {
    column.ok()?.downcast_iter().next()
}

/// A function for cells that may be missing, and a faster one where none is.
fn of<'f, A: StaticArray>(cells: &'f A, value: impl Fn(A::ValueT<'f>) -> Value<'f> + 'f) -> Cell<'f> {
    match cells.null_count() {
        0 => Box::new(move |row| value(cells.value(row))),
        _ => Box::new(move |row| cells.get(row).map_or(Value::Missing, &value)),
    }
}

/// What takes a cell out of a column that is in one piece.
fn cell<'f>(frame: &'f DataFrame, name: &str) -> Result<Cell<'f>, Error> {
    let damaged = |e: PolarsError| Error::unreadable(e.to_string());
    let series: &Series = frame.column(name).map_err(damaged)?.as_materialized_series();
    let instant = |unit: TimeUnit| match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
    };
    let cell: Option<Cell> = match series.dtype() {
        DataType::Int64 => chunk(series.i64()).map(|cells| of(cells, Value::Int)),
        DataType::Float64 => chunk(series.f64()).map(|cells| of(cells, Value::Float)),
        DataType::Datetime(unit, _) => {
            let per = instant(*unit);
            let physical = series.datetime().map(|column| column.physical());
            chunk(physical)
                .map(|cells| of(cells, move |n: i64| n.checked_mul(per).map_or(Value::Missing, Value::Instant)))
        }
        DataType::String => chunk(series.str()).map(|cells| of(cells, |text| Value::Text(text.as_bytes()))),
        DataType::Binary => chunk(series.binary()).map(|cells| of(cells, Value::Text)),
        DataType::Boolean => chunk(series.bool()).map(|cells| of(cells, Value::Bool)),
        _ => None,
    };
    cell.ok_or_else(|| says_nothing(&series.dtype().to_string(), name))
}

fn says_nothing(kind: &str, name: &str) -> Error {
    let problem = format!("holds {kind}, which says nothing of requests");
    Error::unreadable(problem).column(name).expected("numbers, text, times, or true and false")
}

fn file(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|e| Error::unreachable(format!("cannot be read ({e})")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::source::error::Kind;
    use polars::prelude::{NamedFrom, ParquetWriter, TimeZone};

    fn written(folder: &Path, columns: Vec<Series>, group: usize) -> PathBuf {
        let path = folder.join("rows.parquet");
        let columns: Vec<Column> = columns.into_iter().map(Column::from).collect();
        let mut frame = DataFrame::new(columns[0].len(), columns).unwrap();
        let writer = ParquetWriter::new(File::create(&path).unwrap()).with_row_group_size(Some(group));
        writer.finish(&mut frame).unwrap();
        path
    }

    fn shown(rows: &Rows, wanted: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for group in 0..rows.groups() {
            rows.read(group, wanted, |fields| lines.push(format!("{fields:?}"))).unwrap();
        }
        lines
    }

    #[test]
    fn cells_of_all_kinds_are_taken_out_in_the_order_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Series::new("ts".into(), [1_700_000_000_123_i64, 1_700_000_060_000]);
        let utc = DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC));
        let local = DataType::Datetime(TimeUnit::Microseconds, None);
        let columns = vec![
            stamp.clone(),
            stamp.cast(&utc).unwrap().with_name("at".into()),
            stamp.cast(&local).unwrap().with_name("local".into()),
            Series::new("day".into(), [20_000_i32, 20_001]).cast(&DataType::Date).unwrap(),
            Series::new("status".into(), [Some(200_u32), None]),
            Series::new("ms".into(), [Some(1.5_f32), None]),
            Series::new("route".into(), [Some("/größe"), None]),
            Series::new("raw".into(), [&b"\xff"[..], b""]),
            Series::new("failed".into(), [true, false]),
        ];
        let rows = Rows::open(&written(folder.path(), columns, 10)).unwrap();
        let lines = shown(&rows, &["route", "ts", "at", "local", "day", "status", "ms", "raw", "failed", "ts"]);
        let text = |text: &str| format!("Text({:?})", text.as_bytes());
        let first = format!(
            "[{}, Int(1700000000123), Instant(1700000000123000000), Instant(1700000000123000), \
             Instant(1728000000000000000), Int(200), Float(1.5), Text([255]), Bool(true), Int(1700000000123)]",
            text("/größe")
        );
        assert_eq!(lines[0], first);
        let second = "[Missing, Int(1700000060000), Instant(1700000060000000000), Instant(1700000060000000), \
                      Instant(1728086400000000000), Missing, Missing, Text([]), Bool(false), Int(1700000060000)]";
        assert_eq!(lines[1], second);
        assert_eq!(shown(&rows, &[]), ["[]", "[]"]);
        let local = ["ts", "at", "local", "day", "no"].map(|name| rows.is_local(name));
        assert_eq!(local, [false, false, true, true, false]);
        let error = rows.read(0, &["rout"], |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("rows.parquet: \"rout\" is not a column of the file. The columns are: \"ts\""),
            "{error}"
        );
    }

    #[test]
    fn groups_are_read_by_themselves_and_tell_their_span() {
        let folder = tempfile::tempdir().unwrap();
        let ts = Series::new("ts".into(), (0..100_i64).collect::<Vec<_>>());
        let at = ts.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap().with_name("at".into());
        let rows = Rows::open(&written(folder.path(), vec![ts, at], 40)).unwrap();
        let sizes: Vec<u64> = (0..rows.groups()).map(|group| rows.size(group).0).collect();
        assert_eq!(sizes.iter().sum::<u64>(), 100);
        assert!(sizes.len() > 1 && rows.size(9) == (0, 0) && rows.size(0).1 > 0);
        let mut next = 0;
        for (group, size) in sizes.iter().enumerate() {
            let last = next + *size as i64 - 1;
            assert_eq!(rows.span(group, "ts"), Some((Value::Int(next), Value::Int(last))));
            let instants = (Value::Instant(next * 1_000_000), Value::Instant(last * 1_000_000));
            assert_eq!(rows.span(group, "at"), Some(instants));
            let from = next;
            rows.read(group, &["ts"], |fields| {
                assert_eq!(fields, [Value::Int(next)]);
                next += 1;
            })
            .unwrap();
            assert_eq!(next - from, *size as i64);
        }
        assert_eq!((next, rows.span(0, "no"), rows.span(99, "ts")), (100, None, None));
    }

    #[test]
    fn damaged_files_are_refused_not_fatal() {
        let folder = tempfile::tempdir().unwrap();
        let columns = vec![
            Series::new("ts".into(), (0..50_i64).collect::<Vec<_>>()),
            Series::new("route".into(), (0..50).map(|i| ["/a", "/b"][i % 2]).collect::<Vec<_>>()),
        ];
        let path = written(folder.path(), columns, 20);
        let sound = std::fs::read(&path).unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let rows = Rows::open(&path)?;
            (0..rows.groups()).try_for_each(|group| {
                rows.span(group, "ts");
                rows.read(group, &["ts", "route"], |_| ())
            })
        };
        for at in (0..sound.len()).step_by(3) {
            assert_eq!(read(&sound[..at]).unwrap_err().kind, Kind::Unreadable, "{at}");
        }
        let footer = u32::from_le_bytes(sound[sound.len() - 8..sound.len() - 4].try_into().unwrap()) as usize;
        for at in sound.len() - 8 - footer..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x41;
            if let Err(error) = read(&damaged) {
                assert_eq!(error.kind, Kind::Unreadable);
            }
        }
        assert!(Rows::open(&folder.path().join("no")).unwrap_err().to_string().contains("no: cannot be read ("));
    }
}
