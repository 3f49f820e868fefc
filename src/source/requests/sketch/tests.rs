//! Sketches add up in any order, come back as they were written, and are refused with reasons.

use proptest::prelude::*;

use super::super::super::{GRID, LONGEST};
use super::*;
use crate::series::Grid;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 / 300 * 300 + seconds).unwrap()
}

fn row(seconds: i64, arm: &str, route: &str, values: &[u64]) -> Row {
    let end = GRID.index(LONGEST);
    let bins = Bins::new(GRID, Some(end), values.iter().map(|value| (GRID.index(*value).min(end), 1)).collect());
    Row {
        time: at(seconds),
        arm: arm.into(),
        groups: vec![route.into()],
        requests: values.len() as u64,
        errors: Some(1),
        bins: Some(bins),
    }
}

fn sketch(step: i64, rows: Vec<Row>) -> Sketch {
    let (step, unit) = (SignedDuration::from_secs(step), TimeUnit::Nanoseconds);
    Sketch { step, columns: vec!["route".into()], unit, rows }
}

fn refused(sketches: Vec<Sketch>) -> String {
    merge(sketches).unwrap_err().within("merge").to_string()
}

#[test]
fn rows_of_one_key_are_added_and_all_are_sorted() {
    let one = sketch(60, vec![row(60, "canary", "/", &[5, 7]), row(0, "canary", "/", &[5])]);
    let mut unknown = row(60, "canary", "/", &[7, u64::MAX]);
    (unknown.errors, unknown.requests) = (None, 10);
    let two = sketch(60, vec![row(60, "baseline", "/", &[1]), unknown]);
    let sum = merge(vec![one, two]).unwrap();
    let keys: Vec<_> = sum.rows.iter().map(|row| (row.time, row.arm.as_str(), row.requests, row.errors)).collect();
    let wanted = [(at(0), "canary", 1, Some(1)), (at(60), "baseline", 1, Some(1)), (at(60), "canary", 12, None)];
    assert_eq!(keys, wanted);
    let bins = sum.rows[2].bins.as_ref().unwrap();
    assert_eq!(bins.cells().collect::<Vec<_>>(), [(5, 1), (7, 2), (GRID.index(LONGEST), 1)]);
    assert!(bins.is_ended());
    assert_eq!(sum.rows[0].bins.as_ref().unwrap().end(), None, "an end that nothing reached says nothing");
}

#[test]
fn what_was_not_measured_adds_nothing() {
    let mut unmeasured = row(0, "canary", "/", &[]);
    (unmeasured.bins, unmeasured.requests) = (None, 4);
    let sum = merge(vec![sketch(60, vec![unmeasured.clone()]), sketch(60, vec![row(0, "canary", "/", &[9])])]).unwrap();
    assert_eq!((sum.rows[0].requests, sum.rows[0].bins.as_ref().unwrap().total()), (5, 1));
    let twice = merge(vec![sketch(60, vec![unmeasured.clone()]), sketch(60, vec![unmeasured])]).unwrap();
    assert_eq!(twice.rows[0].bins, None);
}

#[test]
fn steps_become_those_of_the_coarsest() {
    let fine = sketch(60, (0..10).map(|i| row(60 * i, "canary", "/", &[i as u64])).collect());
    let coarse = sketch(300, vec![row(300, "canary", "/", &[100])]);
    let sum = merge(vec![fine.clone(), coarse.clone()]).unwrap();
    assert_eq!(sum.step, SignedDuration::from_mins(5));
    let rows: Vec<_> = sum.rows.iter().map(|row| (row.time, row.requests)).collect();
    assert_eq!(rows, [(at(0), 5), (at(300), 6)]);
    // Steps that begin elsewhere: what is made of them does, too.
    let shifted = sketch(300, vec![row(420, "canary", "/", &[1])]);
    let rows = merge(vec![fine, shifted.clone()]).unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| (row.time, row.requests)).collect::<Vec<_>>(),
        [(at(-180), 2), (at(120), 5), (at(420), 4)]
    );
    assert!(refused(vec![coarse, shifted]).contains("steps of 5m begin at different instants in different sketches"));
}

#[test]
fn what_does_not_fit_together_is_refused_by_both_names() {
    let one = sketch(60, vec![row(0, "canary", "/", &[5])]);
    let mut other = one.clone();
    other.unit = TimeUnit::Microseconds;
    assert!(refused(vec![one.clone(), other]).contains("one sketch counts ns, another us"));
    let mut other = one.clone();
    (other.columns, other.rows[0].groups) = (Vec::new(), Vec::new());
    assert!(refused(vec![one.clone(), other]).contains("apart by \"route\", another by no columns"));
    assert!(
        refused(vec![one.clone(), sketch(90, Vec::new())])
            .contains("steps of 1m, another of 1m 30s, which is not a mul")
    );
    assert!(refused(Vec::new()).contains("there is no sketch to merge"));
    let mut other = one.clone();
    other.columns[0] = "arm".into();
    assert!(refused(vec![other]).contains("\"arm\" cannot be a column of groups"));
    let mut other = one.clone();
    other.rows.push(row(30, "canary", "/", &[]));
    assert!(refused(vec![other]).contains("is not where a step of 1m begins"));
    assert!(refused(vec![sketch(0, Vec::new())]).contains("a sketch has steps of 0s; expected whole milliseconds"));
}

fn any_bins() -> impl Strategy<Value = Option<Bins>> {
    let grids = prop::sample::select(vec![GRID, Grid::of_digits(2, 1), Grid::of_digits(3, 1000)]);
    let ends = prop::option::of(1_000_u64..100_000);
    let bins = (grids, ends, prop::collection::vec((0_u64..100_000, 1_u64..5), 0..6));
    let bins = bins.prop_map(|(grid, end, values)| {
        let end = end.map(|end| grid.index(end));
        let cell = |value: u64| end.map_or(grid.index(value), |end| end.min(grid.index(value)));
        Bins::new(grid, end, values.into_iter().map(|(value, count)| (cell(value), count)).collect())
    });
    prop::option::of(bins)
}

fn any_sketch() -> impl Strategy<Value = Sketch> {
    let row = (0_i64..6, prop::bool::ANY, prop::option::of(0_u64..5), any_bins());
    let rows = prop::collection::vec(row, 0..6);
    (prop::sample::select(vec![60, 120, 300]), rows).prop_map(|(step, rows)| {
        let rows = rows.into_iter().map(|(number, canary, errors, bins)| Row {
            time: at(number * step),
            arm: if canary { "canary".into() } else { "baseline".into() },
            groups: vec!["/".into()],
            requests: bins.as_ref().map_or(3, Bins::total),
            errors,
            bins,
        });
        sketch(step, rows.collect())
    })
}

proptest! {
    #[test]
    fn merging_is_associative_and_commutative(a in any_sketch(), b in any_sketch(), c in any_sketch()) {
        let two = |x: &Sketch, y: &Sketch| merge(vec![x.clone(), y.clone()]).map_err(|error| error.kind);
        let all = merge(vec![a.clone(), b.clone(), c.clone()]).map_err(|error| error.kind);
        prop_assert_eq!(two(&a, &b), two(&b, &a));
        prop_assert_eq!(two(&a, &b).and_then(|ab| two(&ab, &c)), all.clone());
        prop_assert_eq!(two(&b, &c).and_then(|bc| two(&a, &bc)), all.clone());
        if let Ok(all) = all {
            let requests = |sketch: &Sketch| sketch.rows.iter().map(|row| row.requests).sum::<u64>();
            prop_assert_eq!(requests(&all), requests(&a) + requests(&b) + requests(&c));
        }
    }
}

#[cfg(not(feature = "frames"))]
#[test]
fn a_build_without_sketches_says_what_is_missing() {
    let path = std::path::Path::new("a.sketch");
    let read = "a.sketch: is a sketch, which this build of davy cannot read. Build with the feature `frames`.";
    assert_eq!(super::read(path).unwrap_err().to_string(), read);
    let error = super::write(path, &sketch(60, Vec::new())).unwrap_err().to_string();
    assert!(error.ends_with("which this build of davy cannot write. Build with the feature `frames`."), "{error}");
}

#[cfg(feature = "frames")]
mod stored {
    use super::*;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use polars::prelude::*;
    use std::path::Path;

    /// Rows of two arms and routes, more than one group of rows in the file.
    fn large() -> Sketch {
        let routes = ["/", "/checkout", "/größe"];
        let rows = (0..5_000_i64).map(|i| {
            let values: Vec<u64> = (0..i % 40).map(|k| (k * k * 7_919 * (i + 1)) as u64).collect();
            let mut row =
                row(60 * (i / 6), ["baseline", "canary"][(i / 3) as usize % 2], routes[i as usize % 3], &values);
            row.bins = row.bins.take().filter(|bins| !bins.is_empty()).map(Bins::without_idle_end);
            row.errors = (i % 11 != 0).then_some(i as u64 / 7);
            row
        });
        sketch(60, rows.collect())
    }

    fn said(path: &Path) -> String {
        super::super::read(path).unwrap_err().within("a.sketch").to_string()
    }

    #[test]
    fn what_is_written_comes_back_and_is_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        let large = large();
        super::super::write(&one, &large).unwrap();
        assert_eq!(super::super::read(&one).unwrap(), large);
        let mut shuffled = large.clone();
        shuffled.rows.reverse();
        std::fs::write(&two, "something else").unwrap();
        super::super::write(&two, &shuffled).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left behind");
        let empty = sketch(60, Vec::new());
        super::super::write(&one, &empty).unwrap();
        assert_eq!(super::super::read(&one).unwrap(), empty);
        let nowhere = folder.path().join("no/where");
        assert!(super::super::write(&nowhere, &empty).unwrap_err().to_string().contains("where: cannot be written ("));
    }

    #[test]
    fn other_tools_read_the_histograms() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sketch");
        let large = large();
        super::super::write(&path, &large).unwrap();
        let frame = ParquetReader::new(std::fs::File::open(&path).unwrap()).finish().unwrap();
        let names: Vec<&str> = frame.get_column_names().into_iter().map(|name| name.as_str()).collect();
        assert_eq!(names, ["time", "arm", "route", "requests", "errors", "histogram"]);
        let packed = frame.column("histogram").unwrap().binary().unwrap();
        for (at, row) in large.rows.iter().enumerate().skip(3).step_by(37) {
            let packed = packed.get(at);
            let Some(bins) = &row.bins else {
                assert_eq!(packed, None);
                continue;
            };
            let theirs: Histogram<u64> = Deserializer::new().deserialize(&mut packed.unwrap()).unwrap();
            assert_eq!((theirs.len(), theirs.high()), (bins.total(), LONGEST));
            for q in [0.0_f64, 0.5, 0.9, 0.99, 1.0] {
                let rank = ((q * bins.total() as f64).ceil() as u64).max(1);
                let mut upto = 0;
                let cell = bins.cells().find(|(_, count)| {
                    upto += count;
                    upto >= rank
                });
                assert_eq!(theirs.value_at_quantile(q), GRID.high(cell.unwrap().0), "{q}");
            }
        }
    }

    fn parquet(path: &Path, metadata: &[(&str, &str)], mut frame: DataFrame) {
        let pairs = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let writer = ParquetWriter::new(std::fs::File::create(path).unwrap());
        let metadata = polars::io::parquet::write::KeyValueMetadata::from_static(pairs);
        writer.with_key_value_metadata(Some(metadata)).finish(&mut frame).unwrap();
    }

    #[test]
    fn what_is_no_sketch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sketch");
        assert!(said(&path).starts_with("a.sketch: cannot be read ("));
        std::fs::write(&path, "time,arm\n").unwrap();
        assert!(said(&path).starts_with("a.sketch: is not a sound sketch ("), "{}", said(&path));
        let frame = || DataFrame::new(1, vec![Column::new("time".into(), [1_i64])]).unwrap();
        parquet(&path, &[], frame());
        assert!(said(&path).starts_with("a.sketch: is Parquet, but not a sketch. Write one with"));
        parquet(&path, &[("davy.sketch", "2"), ("davy.version", "7.1.0")], frame());
        let later = "a.sketch: is a sketch of version 2; this davy knows versions up to 1. It was written by davy 7.1.0: use that or a later one.";
        assert_eq!(said(&path), later);
        parquet(&path, &[("davy.sketch", "1"), ("davy.step_ms", "0"), ("davy.unit", "ns")], frame());
        assert!(said(&path).contains("is not a sound sketch (it does not say its step)"));
        parquet(&path, &[("davy.sketch", "1"), ("davy.step_ms", "60"), ("davy.unit", "ns")], frame());
        assert!(said(&path).contains("its column \"time\" is i64 and not datetime"), "{}", said(&path));
    }

    #[test]
    fn damaged_files_are_refused_not_fatal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sketch");
        let mut small = large();
        small.rows.truncate(60);
        super::super::write(&path, &small).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(211) {
            std::fs::write(&path, &bytes[..at]).unwrap();
            assert!(super::super::read(&path).is_err(), "{at}");
        }
        let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
        let (mut noticed, every) = (0, bytes.len() - 8 - footer..bytes.len());
        for at in every {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            std::fs::write(&path, &damaged).unwrap();
            noticed += usize::from(super::super::read(&path).is_err());
        }
        assert!(noticed > 100, "{noticed}");
    }
}
