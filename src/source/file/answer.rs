//! A sheet answering a question: cells become a series of the asked shape, sorted by time.
//!
//! Points of a step are looked up by time, so wide files (a column per name) and long ones (a row per name) are
//! answered by the same code. Two rows for the same time and arm are refused, since one of them would have to be
//! invented away. Only a whole row that comes exactly twice, as when an export is joined with itself, is dropped
//! once, and told.

use std::collections::{BTreeMap, BTreeSet};

use super::number;
use super::sheet::{Rows, Sheet};
use super::table::Column;
use crate::encoded;
use crate::series::{Arm, Bins, Instances, Remark, Series, Timestamp};
use crate::source::error::{Error, listed, nearest, quoted};
use crate::source::{ArmColumn, Ask, File, Long, Missing};

/// What a file knows of one metric in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The points, sorted by time, from whatever time the file covers.
    pub series: Series,
    /// The points of each instance, where the question names the column that tells them apart; `series` is their sum.
    pub instances: Option<Instances>,
    /// The points of each group, where each is asked for by itself; `series` is then what is known of all of them.
    pub groups: Option<Instances>,
    /// Whether a column told this arm's rows from the other's.
    pub split: bool,
    /// What a reader should know: dropped repetitions, rows left out, an arm without rows.
    pub notes: Vec<Remark>,
}

impl Sheet {
    /// The points of one arm in the shape that is asked for, in the metric's unit where the question has a factor.
    ///
    /// A cell that is empty (or `-`, `NA`, `null`, `NaN`) is a gap, and a point needs all its cells: counts both of
    /// theirs, a gauge its requests where they are asked for. With [`Missing::Zero`] an absent count is 0 instead.
    /// An arm without any row has an empty series and a note.
    ///
    /// # Errors
    ///
    /// Unreadable, with the place: a column that does not exist, a cell that is not such a number, more bad than
    /// all, several rows for one time and arm.
    pub fn answer(&self, file: &File, arm: Arm, ask: &Ask) -> Result<Answer, Error> {
        self.answer_by(arm, file.arm.as_ref(), file.long.as_ref(), ask)
    }

    /// As [`answer`](Sheet::answer), of rows that no file describes.
    ///
    /// # Errors
    ///
    /// As [`answer`](Sheet::answer).
    pub fn answer_by(&self, arm: Arm, by: Option<&ArmColumn>, long: Option<&Long>, ask: &Ask) -> Result<Answer, Error> {
        self.ask(arm, by, long, ask, None).map_err(|error| error.within(&self.shown))
    }

    /// As [`answer`](Sheet::answer), for each value of a column by itself.
    ///
    /// # Errors
    ///
    /// As [`answer`](Sheet::answer).
    pub fn answer_by_groups(&self, file: &File, arm: Arm, ask: &Ask, column: &str) -> Result<Answer, Error> {
        let answer = self.ask(arm, file.arm.as_ref(), file.long.as_ref(), ask, Some(column));
        answer.map_err(|error| error.within(&self.shown))
    }

    fn ask(
        &self,
        arm: Arm,
        by: Option<&ArmColumn>,
        long: Option<&Long>,
        ask: &Ask,
        groups: Option<&str>,
    ) -> Result<Answer, Error> {
        let rows = self.arm(arm, by)?;
        let mut asking = Asking {
            sheet: self,
            rows,
            long,
            instance: None,
            is_rate: matches!(ask, Ask::Counts { .. }),
            absent_is_zero: ask.missing() == Missing::Zero,
            repeated: 0,
            notes: Vec::new(),
        };
        let instances =
            ask.instance().map(|column| asking.instances(column, "the rate's `instance`", ask)).transpose()?;
        let groups = groups.map(|column| asking.instances(column, "the metric's `by`", ask)).transpose()?;
        let series = match instances.as_ref().or(groups.as_ref()) {
            Some(parts) => sum(ask, parts),
            None => asking.series(ask)?,
        };
        let mut notes = std::mem::take(&mut asking.notes);
        if asking.repeated > 0 {
            let s = if asking.repeated == 1 { "" } else { "s" };
            notes.push(Remark::note(format!("{} exact repetition{s} of a row dropped", asking.repeated)));
        }
        notes.extend(asking.rows.left_out().map(Remark::detail));
        if series.is_empty() && !(0..self.rows()).any(|row| asking.rows.contain(row)) {
            notes.extend(asking.rows.none_found().map(Remark::note));
        }
        Ok(Answer { series, instances, groups, split: asking.rows.are_split(), notes })
    }
}

/// The rows of one name by time: the row's index and what its cell says.
type Track<T> = BTreeMap<Timestamp, (usize, Option<T>)>;

struct Asking<'a> {
    sheet: &'a Sheet,
    rows: Rows<'a>,
    long: Option<&'a Long>,
    /// The rows of the instance that is being read.
    instance: Option<Vec<usize>>,
    is_rate: bool,
    absent_is_zero: bool,
    repeated: usize,
    notes: Vec<Remark>,
}

impl<'a> Asking<'a> {
    fn series(&mut self, ask: &Ask) -> Result<Series, Error> {
        match ask {
            Ask::Counts { total, bad, good, missing, .. } => {
                self.counts([total.as_deref(), bad.as_deref(), good.as_deref()], *missing)
            }
            Ask::Events { count, exposure, missing } => self.events(count, exposure.as_deref(), *missing),
            Ask::Values { value, factor } => self.values(value, *factor),
            Ask::Histograms { column, factor } => self.histograms(column, *factor),
            Ask::Gauge { value, factor, requests } => self.gauge(value, *factor, requests.as_deref()),
        }
    }

    /// The series of each instance or group that the arm's rows name.
    fn instances(&mut self, column: &str, option: &str, ask: &Ask) -> Result<Instances, Error> {
        let table = &self.sheet.table;
        if self.sheet.is_blank() {
            return Ok(Instances::new());
        }
        let at = table.find(column).map_err(|mut error| {
            error.about.problem = format!("({option}) {}", error.about.problem);
            error
        })?;
        if Some(at) == self.sheet.time_column {
            let what = if ask.instance() == Some(column) { "instances" } else { "groups" };
            return Err(Error::unreadable(format!("is the time of the rows; it cannot name {what} too")).value(column));
        }
        let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for row in self.rows_of(None, "") {
            let name = table.columns[at].cell(row);
            if name.is_empty() {
                let what = if ask.instance() == Some(column) { "instance" } else { "group" };
                let error = self.wrong(Error::unreadable(format!("names no {what}")), row, column);
                let key = if what == "group" { "`by` out of the metric" } else { "`instance` out of the rate" };
                return Err(error.hint(format!("Leave {key}, or name the {what} in every row.")));
            }
            rows.entry(name).or_default().push(row);
        }
        if rows.is_empty() {
            // a column that does not exist is a mistake, whether or not the arm has rows
            self.series(ask)?;
        }
        let (mut instances, mut repeated) = (Instances::new(), 0);
        for (name, rows) in rows {
            (self.instance, self.repeated) = (Some(rows), 0);
            instances.insert(name.to_owned(), self.series(ask)?);
            repeated += self.repeated;
        }
        (self.instance, self.repeated) = (None, repeated);
        self.notes.dedup();
        Ok(instances)
    }

    fn counts(&mut self, [total, bad, good]: [Option<&str>; 3], missing: Missing) -> Result<Series, Error> {
        let zero = (missing == Missing::Zero).then_some(0);
        let mut series = (Vec::new(), Vec::new(), Vec::new());
        let mut put = |time: Timestamp, total: u64, bad: u64| {
            series.0.push(time);
            series.1.push(total);
            series.2.push(bad);
        };
        match (total, bad, good) {
            (Some(whole_name), Some(part_name), _) | (Some(whole_name), None, Some(part_name)) => {
                let (whole, part) = (self.track(whole_name, number::count)?, self.track(part_name, number::count)?);
                for (time, (row, total)) in whole {
                    let (at, part) = part.get(&time).copied().unwrap_or((row, None));
                    let (Some(total), Some(part)) = (total, part.or(zero)) else { continue };
                    let Some(rest) = total.checked_sub(part) else {
                        return Err(self.more_than_all(at, part_name, part, whole_name, total));
                    };
                    put(time, total, if bad.is_some() { part } else { rest });
                }
            }
            (None, Some(bad), Some(good)) => {
                let (bad, mut good) = (self.track(bad, number::count)?, self.track(good, number::count)?);
                let mut both: BTreeMap<Timestamp, (Option<u64>, Option<u64>)> = BTreeMap::new();
                for (time, (_, bad)) in bad {
                    both.insert(time, (bad, good.remove(&time).and_then(|(_, good)| good)));
                }
                both.extend(good.into_iter().map(|(time, (_, good))| (time, (None, good))));
                for (time, (bad, good)) in both.into_iter().filter(|(_, (bad, good))| bad.or(*good).is_some()) {
                    let (Some(bad), Some(good)) = (bad.or(zero), good.or(zero)) else { continue };
                    put(time, bad + good, bad);
                }
            }
            _ => return Err(Error::unreadable("a rate needs two of bad, good and total")),
        }
        let (time, total, bad) = series;
        Ok(Series::Counts { time, total, bad })
    }

    fn events(&mut self, count: &str, exposure: Option<&str>, missing: Missing) -> Result<Series, Error> {
        let zero = (missing == Missing::Zero).then_some(0);
        let mut counts = self.track(count, number::count)?;
        let exposures = exposure.map(|name| self.track(name, number::amount)).transpose()?;
        if zero.is_some() && self.long.is_some() {
            self.every_time(|time, row| {
                counts.entry(time).or_insert((row, None));
            });
        }
        let (mut time, mut count, mut per) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (_, occurred)) in counts {
            let Some(occurred) = occurred.or(zero) else { continue };
            if let Some(exposures) = &exposures {
                let Some((_, Some(exposure))) = exposures.get(&at) else { continue };
                per.push(*exposure);
            }
            time.push(at);
            count.push(occurred);
        }
        Ok(Series::Events { time, count, exposure: exposures.map(|_| per) })
    }

    fn values(&mut self, name: &str, factor: f64) -> Result<Series, Error> {
        let (time, value) = self.each(name, |cell| scaled(number::real(cell), factor, cell))?;
        Ok(Series::Values { time, value })
    }

    fn histograms(&mut self, name: &str, factor: f64) -> Result<Series, Error> {
        let (time, bins) = self.each(name, histogram)?;
        Ok(Series::Buckets { time, bins, scale: factor })
    }

    /// The cells of one name, however many a time has, sorted by time.
    fn each<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<Option<T>, Error>,
    ) -> Result<(Vec<Timestamp>, Vec<T>), Error> {
        let mut entries: Vec<(Timestamp, T)> = Vec::new();
        if let Some((column, named)) = self.column(name)? {
            for row in self.rows_of(named, name) {
                if let Some(value) = parse(column.cell(row)).map_err(|error| self.wrong(error, row, name))? {
                    entries.push((self.sheet.time[row], value));
                }
            }
        }
        if !entries.is_sorted_by_key(|(time, _)| *time) {
            entries.sort_by_key(|(time, _)| *time);
        }
        Ok(entries.into_iter().unzip())
    }

    fn gauge(&mut self, name: &str, factor: f64, requests: Option<&str>) -> Result<Series, Error> {
        let values = self.track(name, |cell| scaled(number::real(cell), factor, cell))?;
        let behind = requests.map(|name| self.track(name, number::count)).transpose()?;
        let (mut time, mut value, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (_, measured)) in values {
            let Some(measured) = measured else { continue };
            if let Some(behind) = &behind {
                let Some((_, Some(n))) = behind.get(&at) else { continue };
                requests.push(*n);
            }
            time.push(at);
            value.push(measured);
        }
        Ok(Series::Gauge { time, value, requests: behind.map(|_| requests) })
    }

    /// The cells of one name by time, each time once.
    fn track<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<Option<T>, Error>) -> Result<Track<T>, Error> {
        let mut track = Track::new();
        let Some((column, named)) = self.column(name)? else { return Ok(track) };
        let mut repeated = BTreeSet::new();
        for row in self.rows_of(named, name) {
            let cell = parse(column.cell(row)).map_err(|error| self.wrong(error, row, name))?;
            let time = self.sheet.time[row];
            match track.get(&time) {
                None => {
                    track.insert(time, (row, cell));
                }
                Some((first, _)) if self.sheet.table.identical(*first, row) && repeated.insert(time) => {}
                Some((first, _)) => return Err(self.second(column, *first, row, name)),
            }
        }
        self.repeated = self.repeated.max(repeated.len());
        Ok(track)
    }

    /// The column that holds a name's cells and, in a long file, the one that says which rows are meant.
    fn column(&mut self, name: &str) -> Result<Option<(&'a Column, Option<&'a Column>)>, Error> {
        let table = &self.sheet.table;
        if self.sheet.is_blank() {
            return Ok(None);
        }
        let Some(long) = self.long else {
            let at = table.find(name)?;
            if Some(at) == self.sheet.time_column {
                return Err(Error::unreadable("is the time of the rows; it cannot be measured too").value(name));
            }
            return Ok(Some((&table.columns[at], None)));
        };
        let (names, values) = (&table.columns[table.find(&long.name)?], &table.columns[table.find(&long.value)?]);
        if table.len() > 0 && !names.cells().any(|cell| cell == name) {
            let mut known: Vec<&str> = names.cells().collect();
            known.sort_unstable();
            known.dedup();
            let meant = nearest(name, known.iter().copied());
            if self.absent_is_zero && meant.is_none() {
                self.notes.push(Remark::incomplete(format!("no row is named {}", quoted(name))));
                return Ok(Some((values, Some(names))));
            }
            let error = Error::unreadable("is in no row").column(&long.name).value(name);
            return Err(error.hint(match meant {
                Some(meant) => format!("Did you mean {}? The names are: {}.", quoted(meant), listed(known)),
                None => format!("The names are: {}.", listed(known)),
            }));
        }
        Ok(Some((values, Some(names))))
    }

    fn rows_of(&self, named: Option<&'a Column>, name: &str) -> impl Iterator<Item = usize> {
        let meant = move |row: &usize| named.is_none_or(|names| names.cell(*row) == name);
        let all = if self.instance.is_some() { 0 } else { self.sheet.rows() };
        let all = (0..all).filter(move |row| self.rows.contain(*row));
        self.instance.iter().flatten().copied().chain(all).filter(meant)
    }

    fn every_time(&self, mut each: impl FnMut(Timestamp, usize)) {
        for row in self.rows_of(None, "") {
            each(self.sheet.time[row], row);
        }
    }

    fn wrong(&self, error: Error, row: usize, name: &str) -> Error {
        error.at(self.sheet.table.place(row)).column(name)
    }

    fn second(&self, column: &Column, first: usize, row: usize, name: &str) -> Error {
        let (here, there) = (column.cell(row), column.cell(first));
        let (time, place) = (self.sheet.time[row], self.sheet.table.place(first));
        let problem = if self.sheet.table.identical(first, row) {
            format!("repeats {place} ({time}) yet again")
        } else if here == there {
            let but = if self.sheet.table.partial { "" } else { ", but another cell differs" };
            format!("has the same time as {place}, {time}, and the same value{but}")
        } else {
            format!("has the same time as {place}, {time}: {} here, {} there", quoted(here), quoted(there))
        };
        let parted = self.instance.is_some();
        let expected = if parted { "one row per time, arm and instance" } else { "one row per time and arm" };
        let error = self.wrong(Error::unreadable(problem).expected(expected), row, name);
        if parted {
            return error
                .hint("Is there another column that tells the rows apart? Add the parts of an instance up first.");
        }
        let parts = match self.is_rate {
            true => "If the rows are parts (hosts, regions), name their column with `instance:` in the rate",
            false => "If the rows are parts (hosts, regions), add them up first",
        };
        error.hint(match self.rows.are_split() {
            true => format!("{parts}."),
            false => format!(
                "{parts}; if they are the two arms, say so with `arm: {{column: …}}`; if each is one request, ask for `values`."
            ),
        })
    }

    fn more_than_all(&self, row: usize, part_name: &str, part: u64, whole_name: &str, whole: u64) -> Error {
        let error = Error::unreadable(format!("is more than the {whole} of {}", quoted(whole_name)));
        let error = self.wrong(error.value(&part.to_string()), row, part_name);
        error.hint(format!("Does {} count something else, or are the two columns exchanged?", quoted(whole_name)))
    }
}

/// The histogram that a cell holds; nothing for a gap.
fn histogram(cell: &str) -> Result<Option<Bins>, Error> {
    if number::is_gap(cell) {
        return Ok(None);
    }
    let wrong = |error: encoded::Error| {
        let hint = match error {
            encoded::Error::Base64 if cell.parse::<f64>().is_ok() => "Where each row is one request, write `value: …`.",
            _ => "It is what HdrHistogram's libraries encode, and the last column of their .hlog files.",
        };
        let expected = "a histogram: base64 text of what HdrHistogram encodes";
        Error::unreadable(error.to_string()).value(cell).expected(expected).hint(hint)
    };
    encoded::of_text(cell).map(Some).map_err(wrong)
}

fn scaled(parsed: Result<Option<f64>, Error>, factor: f64, cell: &str) -> Result<Option<f64>, Error> {
    match parsed?.map(|number| number * factor) {
        Some(number) if !number.is_finite() => Err(Error::unreadable("is too large in the metric's unit").value(cell)),
        number => Ok(number),
    }
}

/// All parts together. Of single values: when there were any.
fn sum(ask: &Ask, parts: &Instances) -> Series {
    match ask {
        Ask::Counts { .. } => sum_of_counts(parts.values()),
        _ => sum_of_series(parts.values()).unwrap_or_else(|| ask.nothing()),
    }
}

/// The sum of series of one shape, by time: counts, events and histograms are added up, single values put together. Nothing of
/// nothing; gauges cannot be added up.
pub(crate) fn sum_of_series<'a>(parts: impl Iterator<Item = &'a Series> + Clone) -> Option<Series> {
    match parts.clone().next()? {
        Series::Counts { .. } => Some(sum_of_counts(parts)),
        Series::Gauge { .. } => None,
        Series::Values { .. } => {
            let mut all: Vec<(Timestamp, f64)> = Vec::new();
            for series in parts {
                let Series::Values { time, value } = series else { continue };
                all.extend(time.iter().copied().zip(value.iter().copied()));
            }
            all.sort_by_key(|(time, _)| *time);
            let (time, value) = all.into_iter().unzip();
            Some(Series::Values { time, value })
        }
        Series::Events { exposure: own, .. } => {
            let mut sums: BTreeMap<Timestamp, (u64, f64)> = BTreeMap::new();
            for series in parts {
                let Series::Events { time, count, exposure } = series else { continue };
                for (i, time) in time.iter().enumerate() {
                    let sum = sums.entry(*time).or_default();
                    let exposed = exposure.as_ref().map_or(0.0, |exposure| exposure[i]);
                    *sum = (sum.0.saturating_add(count[i]), sum.1 + exposed);
                }
            }
            let (count, exposure): (Vec<u64>, Vec<f64>) = sums.values().copied().unzip();
            let exposure = own.is_some().then_some(exposure);
            Some(Series::Events { time: sums.into_keys().collect(), count, exposure })
        }
        Series::Buckets { scale, .. } => {
            let mut all: BTreeMap<Timestamp, Vec<&Bins>> = BTreeMap::new();
            for series in parts {
                let Series::Buckets { time, bins, .. } = series else { continue };
                time.iter().zip(bins).for_each(|(time, bins)| all.entry(*time).or_default().push(bins));
            }
            let sums = all.into_iter().filter_map(|(time, bins)| Some((time, Bins::sum(bins.iter().copied())?)));
            let (time, bins) = sums.unzip();
            Some(Series::Buckets { time, bins, scale: *scale })
        }
    }
}

/// All instances together, by time. Shapes other than counts have no instances.
pub(crate) fn sum_of_counts<'a>(instances: impl Iterator<Item = &'a Series>) -> Series {
    let mut sums: BTreeMap<Timestamp, (u64, u64)> = BTreeMap::new();
    for series in instances {
        let Series::Counts { time, total, bad } = series else { continue };
        for ((time, total), bad) in time.iter().zip(total).zip(bad) {
            let sum = sums.entry(*time).or_default();
            *sum = (sum.0.saturating_add(*total), sum.1.saturating_add(*bad));
        }
    }
    let (total, bad) = sums.values().copied().unzip();
    Series::Counts { time: sums.into_keys().collect(), total, bad }
}
