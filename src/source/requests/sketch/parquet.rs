//! Sketches as Parquet, through polars.
//!
//! Histograms are packed and unpacked a group of rows at a time, so that neither writing nor reading has them all twice. What
//! is read is foreign: the footer's claims are checked before anything is allocated for them, and a decoder that panics over
//! damaged bytes is an ordinary error.

use std::fs;
use std::io::{self, BufWriter, Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::io::parquet::read::FileMetadata;
use polars::io::parquet::write::KeyValueMetadata;
use polars::prelude::{
    Column, DataFrame, DataType, NamedFrom, ParallelStrategy, ParquetCompression, ParquetReader, ParquetWriter,
    PolarsResult, SerReader, Series, StatisticsOptions, TimeUnit, TimeZone,
};

use super::merged::{RESERVED, Row, Sketch, VERSION, merge, sound};
use crate::encoded;
use crate::output;
use crate::series::{SignedDuration, Timestamp};
use crate::source::error::{Error, Place};
use crate::source::file::plausible;
use crate::source::requests::TimeUnit as Unit;

/// How many rows are packed and unpacked at a time.
const GROUP: usize = 4096;
const KEYS: [&str; 4] = ["davy.sketch", "davy.step_ms", "davy.unit", "davy.version"];

/// Writes a sketch so that a reader finds the old file or the new one, never a part.
///
/// # Errors
///
/// The sketch contradicts itself, or the operating system refuses.
pub fn write(path: &Path, sketch: &Sketch) -> Result<(), Error> {
    let sketch = merge(vec![sketch.clone()])?;
    let refused = |e: io::Error| Error::unreachable(format!("cannot be written ({e})"));
    output::write_with(path, |to| pack(&sketch, to)).map_err(|e| refused(e).within(&path.display().to_string()))
}

fn pack(sketch: &Sketch, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    let said = [VERSION.to_string(), sketch.step.as_millis().to_string(), sketch.unit.name().to_owned()];
    let said = said.into_iter().chain([env!("CARGO_PKG_VERSION").to_owned()]);
    let metadata = KEYS.iter().map(|key| (*key).to_owned()).zip(said).collect();
    let writer = ParquetWriter::new(&mut to)
        .with_compression(ParquetCompression::Zstd(None))
        .with_statistics(StatisticsOptions::empty())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)));
    let failed = |e: polars::prelude::PolarsError| io::Error::other(e.to_string());
    let mut writer = writer.batched(frame(sketch, &[]).map_err(failed)?.schema()).map_err(failed)?;
    // Without rows there is one group all the same: a file without any has no beginning.
    let none: [&[Row]; 1] = [&[]];
    let groups = sketch.rows.chunks(GROUP).chain(none.into_iter().filter(|_| sketch.rows.is_empty()));
    for rows in groups {
        writer.write_batch(&frame(sketch, rows).map_err(failed)?).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    drop(writer);
    to.flush()
}

fn frame(sketch: &Sketch, rows: &[Row]) -> PolarsResult<DataFrame> {
    let time: Vec<i64> = rows.iter().map(|row| row.time.as_millisecond()).collect();
    let datetime = DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC));
    let arm: Vec<&str> = rows.iter().map(|row| row.arm.as_str()).collect();
    let mut columns = vec![Series::new("time".into(), time).cast(&datetime)?, Series::new("arm".into(), arm)];
    for (at, name) in sketch.columns.iter().enumerate() {
        let group: Vec<&str> = rows.iter().map(|row| row.groups.get(at).map_or("", String::as_str)).collect();
        columns.push(Series::new(name.as_str().into(), group));
    }
    columns.push(Series::new("requests".into(), rows.iter().map(|row| row.requests).collect::<Vec<u64>>()));
    columns.push(Series::new("errors".into(), rows.iter().map(|row| row.errors).collect::<Vec<Option<u64>>>()));
    let packed: Vec<Option<Vec<u8>>> = rows.iter().map(|row| row.bins.as_ref().map(encoded::bytes)).collect();
    let packed: Vec<Option<&[u8]>> = packed.iter().map(Option::as_deref).collect();
    columns.push(Series::new("histogram".into(), packed));
    DataFrame::new(rows.len(), columns.into_iter().map(Column::from).collect())
}

/// Reads a sketch.
///
/// # Errors
///
/// The file cannot be had, is damaged, is no sketch, or one of a later version.
pub fn read(path: &Path) -> Result<Sketch, Error> {
    let bytes = fs::read(path).map_err(|e| Error::unreachable(format!("cannot be read ({e})")));
    let unpacked = bytes.and_then(|bytes| {
        let guarded = catch_unwind(AssertUnwindSafe(|| unpack(&bytes)));
        guarded.unwrap_or_else(|_| Err(damaged("the decoder gave up")))
    });
    unpacked.map_err(|error| error.within(&path.display().to_string()))
}

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::unreadable(format!("is not a sound sketch ({why})")).hint("Is the file complete?")
}

fn unpack(bytes: &[u8]) -> Result<Sketch, Error> {
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let footer = reader.get_metadata().map_err(damaged)?.clone();
    plausible(&footer, bytes.len()).map_err(damaged)?;
    let (step, unit) = said(&footer)?;
    let schema = reader.schema().map_err(damaged)?;
    let columns = schema.iter_names().map(|name| name.to_string()).filter(|name| !RESERVED.contains(&name.as_str()));
    let mut sketch = Sketch { step, unit, columns: columns.collect(), rows: Vec::new() };
    let mut before = 0;
    for group in &footer.row_groups {
        let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
        reader.set_metadata(footer.clone());
        let frame = reader.with_slice(Some((before, group.num_rows()))).finish().map_err(damaged)?;
        rows(&frame, before, &mut sketch)?;
        before += group.num_rows();
    }
    sound(&sketch).map_err(damaged)?;
    Ok(sketch)
}

/// The step and the unit.
fn said(footer: &FileMetadata) -> Result<(SignedDuration, Unit), Error> {
    let metadata = footer.key_value_metadata().as_deref().unwrap_or_default();
    let get = |key: &str| metadata.iter().find(|pair| pair.key == key)?.value.as_deref();
    let Some(version) = get(KEYS[0]) else {
        let error = Error::unreadable("is Parquet, but not a sketch");
        return Err(error.hint("Write one with `davy sketch`, or read its rows with `format: parquet`."));
    };
    match version.parse::<u32>() {
        Ok(VERSION) => {}
        Ok(later) if later > VERSION => {
            let problem = format!("is a sketch of version {later}; this davy knows versions up to {VERSION}");
            let writer = get(KEYS[3]).map_or_else(|| "a later davy".to_owned(), |version| format!("davy {version}"));
            return Err(
                Error::unreadable(problem).hint(format!("It was written by {writer}: use that or a later one."))
            );
        }
        _ => return Err(damaged(format!("its version is {version:?}"))),
    }
    let step = get(KEYS[1]).and_then(|step| step.parse().ok()).filter(|step: &i64| *step > 0);
    let step = step.ok_or_else(|| damaged("it does not say its step"))?;
    let unit = get(KEYS[2]).and_then(Unit::named).ok_or_else(|| damaged("it does not say its unit"))?;
    Ok((SignedDuration::from_millis(step), unit))
}

fn rows(frame: &DataFrame, before: usize, sketch: &mut Sketch) -> Result<(), Error> {
    let column = |name: &str, to: &DataType| -> Result<Series, Error> {
        let series = frame.column(name).map_err(damaged)?.as_materialized_series();
        match series.dtype() == to {
            true => Ok(series.clone()),
            false => Err(damaged(format!("its column {name:?} is {} and not {to}", series.dtype()))),
        }
    };
    let datetime = DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC));
    let (time, arm) = (column("time", &datetime)?, column("arm", &DataType::String)?);
    let (requests, errors) = (column("requests", &DataType::UInt64)?, column("errors", &DataType::UInt64)?);
    let packed = column("histogram", &DataType::Binary)?;
    let groups: Result<Vec<Series>, Error> =
        sketch.columns.iter().map(|name| column(name, &DataType::String)).collect();
    let groups = groups?;
    let time = time.datetime().map_err(damaged)?.physical();
    let (arm, packed) = (arm.str().map_err(damaged)?, packed.binary().map_err(damaged)?);
    let (requests, errors) = (requests.u64().map_err(damaged)?, errors.u64().map_err(damaged)?);
    let groups: PolarsResult<Vec<_>> = groups.iter().map(|group| group.str()).collect();
    let groups = groups.map_err(damaged)?;
    for at in 0..frame.height() {
        let wrong = |why: &str| damaged(why).at(Place { what: "row", number: (before + at) as u64 + 1 });
        let missing = || wrong("a cell is missing");
        let bins = packed.get(at).map(encoded::of_bytes).transpose();
        let time = Timestamp::from_millisecond(time.get(at).ok_or_else(missing)?);
        let values = groups.iter().map(|group| group.get(at).map(str::to_owned));
        sketch.rows.push(Row {
            time: time.map_err(|_| wrong("it has no time that there is"))?,
            arm: arm.get(at).ok_or_else(missing)?.to_owned(),
            groups: values.collect::<Option<_>>().ok_or_else(missing)?,
            requests: requests.get(at).ok_or_else(missing)?,
            errors: errors.get(at),
            bins: bins.map_err(|why| wrong(&format!("its histogram {why}")))?,
        });
    }
    Ok(())
}
