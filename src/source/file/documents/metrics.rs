//! Metrics of OpenTelemetry, as the collector's file exporter writes them: how much each stream grew, and when.
//!
//! ```text
//!  lines ──► points ──► streams ──► increases over (begin, end] ──► a row per resource and begin
//!            point.rs               by start time and temporality    columns: NAME, NAME{attribute=value}, NAME{le=bound}
//! ```
//!
//! A cumulative point with the start of the one before has grown since then; one with another start has grown since that
//! start, which must not lie before the point before. A start at the point's own time says that nobody knows it. A stream
//! that an earlier export of its resource did not have yet was zero there. What began before the file does, or nobody knows
//! when, is known from its second point on. Delta points say themselves over what they count, and must not overlap.

mod point;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::point::{Kind, Labels, Point};
use super::super::table::{Keep, Table};
use super::members::Object;
use crate::source::error::{Error, quoted};

/// A status may be asked for by its class: `NAME{http.response.status_code=5xx}`.
const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];
/// A stream that falls as often as this without a new start, and in more than one of `OFTEN` points, is not one stream.
const FALLS: usize = 3;
const OFTEN: usize = 10;

/// One stream of points.
#[derive(Debug)]
struct Stream {
    kind: Kind,
    points: Vec<Point>,
}

/// All streams: by resource, name and attributes.
#[derive(Debug, Default)]
pub(in crate::source::file) struct Metrics {
    streams: BTreeMap<(Labels, String), BTreeMap<Labels, Stream>>,
    /// What each name is measured in.
    units: BTreeMap<String, String>,
}

impl Metrics {
    /// Whether a document holds metrics.
    pub fn are_in(document: &Object) -> bool {
        document.get("resourceMetrics").is_some_and(Value::is_array)
    }

    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Takes the points of a document.
    pub fn add(&mut self, document: &Object) -> Result<(), Error> {
        for found in point::all(document)? {
            let unit = self.units.entry(found.name.clone()).or_insert_with(|| found.unit.clone());
            if *unit != found.unit {
                let problem = format!("is measured in {} and in {}", quoted(unit), quoted(&found.unit));
                return Err(Error::unreadable(problem).value(&found.name).hint("Give one file for each unit."));
            }
            let attributes = self.streams.entry((found.resource, found.name.clone())).or_default();
            let stream =
                attributes.entry(found.attributes).or_insert_with(|| Stream { kind: found.kind, points: Vec::new() });
            if stream.kind != found.kind {
                let problem = "is written in two ways: its temporality changes, or its kind";
                return Err(Error::unreadable(problem).value(&found.name).hint("Give one file for each."));
            }
            stream.points.extend(found.point);
        }
        Ok(())
    }

    /// The table of all increases.
    pub fn table(mut self, keep: Keep) -> Result<Table, Error> {
        for streams in self.streams.values_mut() {
            for stream in streams.values_mut() {
                stream.points.sort_by_key(|point| (point.time, point.start));
                stream.points.dedup();
            }
        }
        let edges = self.edges();
        let mut rows: BTreeMap<(u64, &Labels), BTreeMap<String, f64>> = BTreeMap::new();
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut exported: BTreeSet<(u64, &Labels, &str)> = BTreeSet::new();
        for ((resource, name), streams) in &self.streams {
            let exports = Exports::of(streams.values());
            let counts = streams.values().all(|stream| stream.kind != Kind::Gauge);
            let mut cells: BTreeMap<u64, Cells> = BTreeMap::new();
            for (attributes, stream) in streams {
                let of_name = |error: Error| error.value(name);
                for (begin, grown) in stream.increases(&exports, &edges[name.as_str()]).map_err(of_name)? {
                    cells.entry(begin).or_default().add(name, attributes, grown, stream.kind == Kind::Gauge);
                }
            }
            for (begin, cells) in cells {
                let row = rows.entry((begin, resource)).or_default();
                for (column, value) in cells.finish(name) {
                    known.entry(name).or_default().insert(column.clone());
                    row.insert(column, value);
                }
                if counts {
                    exported.insert((begin, resource, name));
                }
            }
        }
        // what an export did not mention was not counted in it
        for (begin, resource, name) in exported {
            let row = rows.entry((begin, resource)).or_default();
            for column in known[name].iter().filter(|column| !column.contains("{le=")) {
                row.entry(column.clone()).or_insert(0.0);
            }
        }
        let mut table = table(&rows, keep)?;
        for column in &mut table.columns {
            let name = column.name.split('{').next().unwrap_or_default();
            column.unit = self.units.get(name).filter(|unit| !unit.is_empty()).cloned();
        }
        Ok(table)
    }

    /// The bounds that a histogram is asked at: its own, or powers of two.
    fn edges(&self) -> BTreeMap<&str, Vec<f64>> {
        let mut edges: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ((_, name), streams) in &self.streams {
            let all = edges.entry(name).or_default();
            all.extend(streams.values().flat_map(|stream| &stream.points).flat_map(|point| point.sample.edges()));
            all.sort_by(f64::total_cmp);
            all.dedup();
        }
        edges
    }
}

/// What was counted over an interval: all of it, and up to each bound that is known.
type Grown = (f64, Vec<(f64, f64)>);

impl Stream {
    /// The increases with their begins; of a gauge, its values with their times.
    fn increases(&self, exports: &Exports, edges: &[f64]) -> Result<Vec<(u64, Grown)>, Error> {
        let mut found = Vec::new();
        let mut before: Option<&Point> = None;
        for point in &self.points {
            if before.is_some_and(|before| before.time == point.time) {
                return Err(Error::unreadable("has two points of one time that differ")
                    .hint("Give each instance an attribute of its own: `service.instance.id`."));
            }
            if let Some(before) = before.filter(|before| self.overlap(before, point)) {
                return Err(overlapping(before, point));
            }
            let now = point.sample.counted(edges);
            match self.kind {
                Kind::Gauge => found.push((point.time, now)),
                Kind::Delta => {
                    // streams of one export stand in one row
                    let begin = exports.begins.get(&point.time).copied().filter(|begin| *begin <= point.start);
                    found.push((begin.unwrap_or(point.start), now));
                }
                Kind::Cumulative => found.extend(self.since(before, point, exports, (now, edges))),
            }
            before = Some(point);
        }
        self.falls()?;
        Ok(found)
    }

    /// Whether a point counts from a start that lies before the point before.
    fn overlap(&self, before: &Point, point: &Point) -> bool {
        let counts_anew = match self.kind {
            Kind::Gauge => false,
            Kind::Delta => true,
            Kind::Cumulative => !goes_on(before, point),
        };
        counts_anew && point.start < before.time
    }

    /// Refuses a stream that falls again and again though no start says so: it is of several processes.
    fn falls(&self) -> Result<(), Error> {
        let falls = |pair: &&[Point]| goes_on(&pair[0], &pair[1]) && pair[1].sample.total() < pair[0].sample.total();
        let all = self.points.windows(2).filter(falls).count();
        if self.kind != Kind::Cumulative || all < FALLS || OFTEN * all <= self.points.len() {
            return Ok(());
        }
        let of = self.points.len();
        Err(Error::unreadable(format!("falls {all} times in {of} points without a new start")).hint(SEVERAL))
    }

    /// What a cumulative point has grown by, and since when.
    fn since(
        &self,
        before: Option<&Point>,
        point: &Point,
        exports: &Exports,
        (now, edges): (Grown, &[f64]),
    ) -> Option<(u64, Grown)> {
        let begin = || exports.begins.get(&point.time).copied();
        match before {
            Some(before) if goes_on(before, point) && before.sample.total() <= point.sample.total() => {
                Some((before.time, less(now, &before.sample.counted(edges))))
            }
            // a start that the writer did not renew, or that it does not know
            Some(before) if goes_on(before, point) => Some((before.time, now)),
            Some(_) => Some((begin().unwrap_or(point.start), now)),
            // others were exported already, and this one was not there: it was zero
            None => match exports.before(point.time) {
                Some(last) if point.start <= last || !knows_start(point) => (point.start > 0).then_some((last, now)),
                Some(_) => Some((begin().unwrap_or(point.start), now)),
                None => begin().filter(|begin| knows_start(point) && *begin <= point.start).map(|begin| (begin, now)),
            },
        }
    }
}

/// What to do if points contradict each other.
const SEVERAL: &str =
    "Does one file hold several instances? Export `service.instance.id`, or write one file for each process.";

/// Whether a point says since when it counts: a start at its own time says that the writer does not know.
fn knows_start(point: &Point) -> bool {
    0 < point.start && point.start < point.time
}

/// Whether a cumulative point counts on from the one before.
fn goes_on(before: &Point, point: &Point) -> bool {
    before.start == point.start || !knows_start(point)
}

fn overlapping(before: &Point, point: &Point) -> Error {
    let at = |nanoseconds: u64| jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default();
    Error::unreadable(format!(
        "counts a time twice: its point of {} begins at {}, before its point of {}",
        at(point.time),
        at(point.start),
        at(before.time)
    ))
    .hint(SEVERAL)
}

/// When a name of a resource was exported, and since when each export counts.
#[derive(Debug)]
struct Exports {
    times: BTreeSet<u64>,
    /// The export before, where it is as near as usual; else the first start since then.
    begins: BTreeMap<u64, u64>,
}

impl Exports {
    fn of<'s>(streams: impl Iterator<Item = &'s Stream> + Clone) -> Exports {
        let points = || streams.clone().flat_map(|stream| &stream.points);
        let times: BTreeSet<u64> = points().map(|point| point.time).collect();
        let mut gaps: Vec<u64> = times.iter().zip(times.iter().skip(1)).map(|(one, next)| next - one).collect();
        gaps.sort_unstable();
        let Some(usual) = gaps.get(gaps.len() / 2).map(|gap| gap.saturating_mul(3) / 2) else {
            return Exports { times, begins: BTreeMap::new() };
        };
        let mut starts: BTreeMap<u64, u64> = BTreeMap::new();
        for point in points().filter(|point| knows_start(point) && point.time - point.start <= usual) {
            let first = starts.entry(point.time).or_insert(point.start);
            *first = point.start.min(*first);
        }
        let mut begins = starts;
        for (last, time) in times.iter().zip(times.iter().skip(1)).filter(|(last, time)| *time - *last <= usual) {
            begins.insert(*time, *last);
        }
        Exports { times, begins }
    }

    /// The export before a time.
    fn before(&self, time: u64) -> Option<u64> {
        self.times.range(..time).next_back().copied()
    }
}

fn less(now: Grown, before: &Grown) -> Grown {
    let known = |edge: f64| before.1.iter().find(|(other, _)| *other == edge).map(|(_, count)| *count);
    let up_to = now.1.into_iter().filter_map(|(edge, count)| Some((edge, (count - known(edge)?).max(0.0))));
    (now.0 - before.0, up_to.collect())
}

/// The columns of one name in one row.
#[derive(Debug, Default)]
struct Cells {
    /// The sum of each column, and over how many streams.
    sums: BTreeMap<String, (f64, usize)>,
    streams: usize,
    is_gauge: bool,
}

impl Cells {
    fn add(&mut self, name: &str, attributes: &Labels, (all, up_to): Grown, is_gauge: bool) {
        self.streams += 1;
        self.is_gauge |= is_gauge;
        let mut put = |column: String, value: f64| {
            let sum = self.sums.entry(column).or_default();
            *sum = (sum.0 + value, sum.1 + 1);
        };
        put(name.to_owned(), all);
        for (attribute, value) in attributes {
            put(format!("{name}{{{attribute}={value}}}"), all);
            if STATUS.contains(&attribute.as_str()) && value.is_ascii() && value.len() == 3 {
                put(format!("{name}{{{attribute}={}xx}}", &value[..1]), all);
            }
        }
        for (edge, count) in up_to {
            put(format!("{name}{{le={edge}}}"), count);
        }
    }

    /// Sums are of all streams; gauges have no sum, and a bound that some stream does not have is none.
    fn finish(self, name: &str) -> impl Iterator<Item = (String, f64)> {
        let bound = format!("{name}{{le=");
        let is_sound = move |column: &str, of: usize| match self.is_gauge {
            true => of == 1,
            false => !column.starts_with(&bound) || of == self.streams,
        };
        let sums = self.sums.into_iter().filter(move |(column, (_, of))| is_sound(column, *of));
        sums.map(|(column, (sum, _))| (column, sum))
    }
}

fn table(rows: &BTreeMap<(u64, &Labels), BTreeMap<String, f64>>, keep: Keep) -> Result<Table, Error> {
    let mut table = Table::new("row");
    if rows.is_empty() {
        return Ok(table.finish());
    }
    let time = table.column_or_new("time", &|_| true);
    for (number, ((begin, resource), cells)) in rows.iter().enumerate() {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(*begin));
        let instant = instant.map_err(|_| Error::unreadable("is not a time").value(&quoted(&begin.to_string())))?;
        let mut row = vec![(time, instant.to_string())];
        row.extend(resource.iter().map(|(label, value)| (table.column_or_new(label, keep), value.clone())));
        row.extend(cells.iter().map(|(column, value)| (table.column_or_new(column, keep), value.to_string())));
        table.push(number as u64 + 1, row.iter().map(|(at, cell)| (*at, cell.as_str())))?;
    }
    Ok(table.finish())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::point::Sample;
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    /// A start, a time and a count of each point; times are minutes.
    fn stream(points: &[(u64, u64, f64)]) -> Stream {
        let point = |(start, time, count): &(u64, u64, f64)| Point {
            start: start * MINUTE,
            time: time * MINUTE,
            sample: Sample::Number(*count),
        };
        Stream { kind: Kind::Cumulative, points: points.iter().map(point).collect() }
    }

    /// Since when each stream grew, and by how much.
    fn grown(streams: &[Stream]) -> Vec<Vec<(u64, f64)>> {
        let exports = Exports::of(streams.iter());
        let of = |stream: &Stream| {
            let all = stream.increases(&exports, &[]).unwrap().into_iter();
            all.map(|(begin, (count, _))| (begin / MINUTE, count)).collect()
        };
        streams.iter().map(of).collect()
    }

    #[test]
    fn a_status_that_is_not_a_number_has_no_class() {
        let columns = |status: &str| -> Vec<String> {
            let mut cells = Cells::default();
            let attributes = Labels::from([("http.status_code".to_owned(), status.to_owned())]);
            cells.add("n", &attributes, (1.0, Vec::new()), false);
            cells.finish("n").map(|(column, _)| column).collect()
        };
        assert_eq!(columns("€"), ["n", "n{http.status_code=€}"]);
        assert_eq!(columns("503"), ["n", "n{http.status_code=503}", "n{http.status_code=5xx}"]);
    }

    #[test]
    fn a_start_that_nobody_knows_is_not_counted_from() {
        let scraped = stream(&[(1, 1, 1e6), (1, 2, 1e6 + 100.0)]);
        assert_eq!(grown(&[scraped]), [vec![(1, 100.0)]]);
        // beside a stream whose start is known, and one that begins later
        let known = stream(&[(1, 2, 5.0), (1, 3, 9.0)]);
        let (old, new) = (stream(&[(2, 2, 1e6), (2, 3, 1e6 + 1.0)]), stream(&[(3, 3, 7.0)]));
        assert_eq!(grown(&[known, old, new]), [vec![(1, 5.0), (2, 4.0)], vec![(2, 1.0)], vec![(2, 7.0)]]);
        // whoever scrapes starts again and does not know any more; then the process itself does
        let again = stream(&[(1, 2, 1e6), (1, 3, 1e6 + 10.0), (4, 4, 1e6 + 30.0), (4, 5, 1e6 + 60.0), (6, 6, 8.0)]);
        assert_eq!(grown(&[again]), [vec![(1, 1e6), (2, 10.0), (3, 20.0), (4, 30.0), (5, 8.0)]]);
    }
}
