//! A sheet answering a question: cells become a series of the asked shape, sorted by time.
//!
//! Points of a step are looked up by time, so wide files (a column per name) and long ones (a row per name) are
//! answered by the same code. Two rows for the same time and arm are refused, since one of them would have to be
//! invented away. Only a whole row that comes exactly twice, as when an export is joined with itself, is dropped
//! once, and told.

use std::collections::{BTreeMap, BTreeSet};

use super::counter::{self, Likeness, Motion};
use super::half::Half;
use super::number::{self, Grouping};
use super::sheet::{Rows, Sheet};
use super::sum::sum;
use super::table::Column;
use super::tail;
use crate::encoded;
use crate::series::{Arm, Bins, Instances, Remark, Series, Timestamp};
use crate::source::error::{Error, listed, nearest, quoted};
use crate::source::{ArmColumn, Ask, File, Least, Long, Missing, StatedUnit};

/// What a file knows of one metric in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The points, sorted by time, from whatever time the file covers.
    pub series: Series,
    /// The points of each instance, where the question names the column that tells them apart; `series` is their sum.
    pub instances: Option<Instances>,
    /// The points of each group, where each is asked for by itself; `series` is then what is known of all of them.
    pub groups: Option<Instances>,
    /// The points of each slice by its name, where those of a log are asked for.
    pub slices: Option<Instances>,
    /// Whether a column told this arm's rows from the other's.
    pub split: bool,
    /// The columns that count as zero throughout, for lack of any number.
    pub silent: Vec<String>,
    /// The unit that the source says its values are in.
    pub unit: Option<StatedUnit>,
    /// What a reader should know: dropped repetitions, rows left out, an arm without rows.
    pub notes: Vec<Remark>,
}

impl Answer {
    /// Points with what there is to say of them, from a source without rows.
    pub fn of(series: Series, notes: Vec<Remark>) -> Answer {
        Answer {
            series,
            instances: None,
            groups: None,
            slices: None,
            split: false,
            silent: Vec::new(),
            unit: None,
            notes,
        }
    }
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
        groups_by: Option<&str>,
    ) -> Result<Answer, Error> {
        match &self.buckets {
            Some(buckets) => self.ask_of_buckets(buckets, arm, by, ask, groups_by),
            None => self.ask_rows(arm, by, long, ask, groups_by),
        }
    }

    /// The points of one arm, from the rows as they are.
    pub(super) fn ask_rows(
        &self,
        arm: Arm,
        by: Option<&ArmColumn>,
        long: Option<&Long>,
        ask: &Ask,
        groups_by: Option<&str>,
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
            half: Half::default(),
            likeness: Vec::new(),
            silent: Vec::new(),
            notes: Vec::new(),
        };
        let parts = asking.parts(ask, groups_by);
        let instance = ask.instance().or(parts);
        let instances = instance.map(|column| asking.instances(column, "the rate's `instance`", ask)).transpose()?;
        let groups = groups_by.map(|column| asking.instances(column, "the metric's `by`", ask)).transpose()?;
        let series = match instances.as_ref().or(groups.as_ref()) {
            Some(parts) => sum(ask, parts),
            None => asking.series(ask)?,
        };
        asking.declared(ask)?;
        asking.whole_names(groups_by.or(instance));
        asking.looked_for(arm, ask);
        let mut notes = std::mem::take(&mut asking.notes);
        if asking.repeated > 0 {
            let s = if asking.repeated == 1 { "" } else { "s" };
            notes.push(Remark::note(format!("{} exact repetition{s} of a row dropped", asking.repeated)));
        }
        notes.extend(asking.rows.left_out());
        if let Ask::Counts { total, bad, good, .. } = ask {
            notes.extend(asking.half.remark([total, bad, good].map(Option::as_deref)));
        }
        if series.is_empty() && !(0..self.rows()).any(|row| asking.rows.contain(row)) {
            notes.extend(asking.rows.none_found().map(Remark::note));
        }
        if let Some(known) = &self.table.benchmarks {
            let columns = ask.names().filter_map(|name| Some(&self.table.columns[self.table.find(name).ok()?]));
            notes.extend(columns.filter_map(|column| known.get(&column.name)).flatten().cloned());
        }
        let unit = self.unit_of(&asking, ask)?;
        let silent = asking.silent;
        Ok(Answer { series, instances, groups, slices: None, split: asking.rows.are_split(), silent, unit, notes })
    }
}

/// The rows of one name by time: the row's index and what its cell says.
pub(super) type Track<T> = BTreeMap<Timestamp, (usize, Option<T>)>;

/// A question to the rows of one arm.
pub(super) struct Asking<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) rows: Rows<'a>,
    pub(super) long: Option<&'a Long>,
    /// The rows of the instance that is being read.
    pub(super) instance: Option<Vec<usize>>,
    pub(super) is_rate: bool,
    pub(super) absent_is_zero: bool,
    pub(super) repeated: usize,
    /// Rows that lack one of the two counts of a rate.
    pub(super) half: Half,
    /// What the undeclared counts of each series seem to be.
    pub(super) likeness: Vec<Likeness>,
    /// Columns that count as zero throughout, for lack of any number.
    pub(super) silent: Vec<String>,
    pub(super) notes: Vec<Remark>,
}

impl<'a> Asking<'a> {
    fn series(&mut self, ask: &Ask) -> Result<Series, Error> {
        match ask {
            Ask::Counts { total, bad, good, .. } => {
                self.counts([total.as_deref(), bad.as_deref(), good.as_deref()], ask)
            }
            Ask::Events { count, exposure, .. } => self.events(count, exposure.as_deref(), ask),
            Ask::Values { value, factor, least } => self.values(value, *factor, *least),
            Ask::Histograms { column, factor } => self.histograms(column, *factor),
            Ask::Gauge { value, factor, requests, least, counter } => {
                self.gauge((value, *factor, *least), requests.as_deref(), *counter)
            }
        }
    }

    /// Remarks what counts as zero although no row of the arm could have shown it: zero is only what was looked for.
    fn looked_for(&mut self, arm: Arm, ask: &Ask) {
        let rows = || self.rows_of(None, "");
        if !self.absent_is_zero || rows().next().is_none() {
            return;
        }
        let table = &self.sheet.table;
        let find = |name: &str| table.find(name).ok().map(|at| &table.columns[at]);
        let lacks = |name: &&str| match self.long {
            Some(long) => find(&long.name).is_some_and(|names| !rows().any(|row| names.cell(row) == *name)),
            None => find(name).is_some_and(|column| !rows().any(|row| column.has(row))),
        };
        let shown = &self.sheet.shown;
        let missing = ask.names().filter(lacks).map(|name| {
            let has = if self.long.is_some() { "is named" } else { "has" };
            let (arm, name) = (arm.name(), quoted(name));
            Remark::incomplete(format!("{shown}: no row of the {arm} {has} {name}, so it cannot count as zero"))
        });
        let missing: Vec<Remark> = missing.collect();
        self.notes.extend(missing);
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

    fn values(&mut self, name: &str, factor: f64, least: Least) -> Result<Series, Error> {
        let (time, value) = self.each(name, |cell| number::measured(cell, factor, least))?;
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
        let mut grouping = Grouping::default();
        if let Some((column, named)) = self.column(name)? {
            for row in self.rows_of(named, name) {
                if let Some(value) = parse(column.cell(row)).map_err(|error| self.wrong(error, row, name))? {
                    entries.push((self.sheet.time[row], value));
                    grouping.see(row, column.cell(row));
                }
            }
            self.plain(grouping, name)?;
            self.whole(column, named, name);
        }
        if !entries.is_sorted_by_key(|(time, _)| *time) {
            entries.sort_by_key(|(time, _)| *time);
        }
        Ok(entries.into_iter().unzip())
    }

    fn gauge(
        &mut self,
        (name, factor, least): (&str, f64, Least),
        requests: Option<&str>,
        counter: Option<bool>,
    ) -> Result<Series, Error> {
        let values = self.track(name, |cell| number::measured(cell, factor, least))?;
        let mut behind = requests.map(|name| self.track(name, number::count)).transpose()?;
        if let (Some(name), Some(behind)) = (requests, &mut behind) {
            self.requests_behind(name, behind, counter)?;
        }
        if least == Least::AboveZero {
            let busy = |time: &Timestamp| !behind.as_ref().is_some_and(|n| matches!(n.get(time), Some((_, Some(0)))));
            let busy = values.iter().filter(|(time, _)| busy(time));
            self.no_time(name, &busy.map(|(_, (row, value))| (*row, *value)).collect::<Vec<_>>())?;
        }
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
        if counter.is_none() && counter::is_named(name) && Motion::of(&value).climbs(name) {
            self.likeness.push(Likeness::Totals);
        }
        Ok(Series::Gauge { time, value, requests: behind.map(|_| requests) })
    }

    /// Doubts times of zero beside times that are far from being rounded to it: nothing takes no time.
    fn no_time(&mut self, name: &str, values: &[(usize, Option<f64>)]) -> Result<(), Error> {
        let zeros = values.iter().filter(|(_, value)| *value == Some(0.0)).count();
        let Some((column, _)) = self.column(name)?.filter(|_| zeros > 0) else { return Ok(()) };
        let cells = || values.iter().filter(|(_, value)| value.is_some()).map(|(row, _)| column.cell(*row));
        let decimals =
            cells().map(|cell| cell.split_once('.').map_or(0, |(_, digits)| digits.len())).max().unwrap_or(0);
        let finest = 10f64.powi(-i32::try_from(decimals.min(300)).unwrap_or(300));
        let others = cells().filter_map(|cell| cell.parse::<f64>().ok()).filter(|number| *number > 0.0);
        if others.reduce(f64::min).is_none_or(|least| least > 3.0 * finest) {
            let (all, name, shown) = (cells().count(), quoted(name), &self.sheet.shown);
            let text = format!(
                "{shown}: {zeros} of {all} times in column {name} are zero, and nothing takes no time. Leave a cell empty if nothing was measured"
            );
            self.notes.push(Remark::incomplete(text));
        }
        Ok(())
    }

    /// The cells of one name by time, each time once.
    pub(super) fn track<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<Option<T>, Error>,
    ) -> Result<Track<T>, Error> {
        let mut track = Track::new();
        let Some((column, named)) = self.column(name)? else { return Ok(track) };
        let (mut repeated, mut grouping) = (BTreeSet::new(), Grouping::default());
        for row in self.rows_of(named, name) {
            let cell = parse(column.cell(row)).map_err(|error| self.wrong(error, row, name))?;
            let time = self.sheet.time[row];
            if cell.is_some() {
                grouping.see(row, column.cell(row));
            }
            match track.get(&time) {
                None => {
                    track.insert(time, (row, cell));
                }
                Some((first, _)) if self.sheet.table.identical(*first, row) && repeated.insert(time) => {}
                Some((first, _)) => return Err(self.second(column, *first, row, name)),
            }
        }
        self.plain(grouping, name)?;
        self.whole(column, named, name);
        self.repeated = self.repeated.max(repeated.len());
        Ok(track)
    }

    /// Refuses points that may stand between thousands.
    fn plain(&self, grouping: Grouping, name: &str) -> Result<(), Error> {
        match grouping.found(self.sheet.table.semicolons) {
            Some((row, cell)) => Err(self.wrong(number::of_thousands(&cell), row, name)),
            None => Ok(()),
        }
    }

    /// Doubts the last cell of a file whose last line has no end, where it is not like the others: a number that was cut is a
    /// number too, and one that is like the others changes little.
    fn whole(&mut self, column: &Column, named: Option<&'a Column>, name: &str) {
        let table = &self.sheet.table;
        let Some(last) = table.unended(column) else { return };
        let (mut cells, mut own) = (Vec::new(), false);
        for row in self.rows_of(named, name) {
            own |= row == last;
            cells.extend((row != last).then(|| column.cell(row)));
        }
        if own && tail::is_unlike(column.cell(last), &cells) {
            self.cut(column, last);
        }
    }

    /// The same for a cell that says whose row the last one is.
    fn whole_names(&mut self, parts: Option<&str>) {
        let table = &self.sheet.table;
        let find = |name: &str| table.find(name).ok().map(|at| &table.columns[at]);
        let names = [self.rows.column(), self.long.and_then(|long| find(&long.name)), parts.and_then(find)];
        for column in names.into_iter().flatten() {
            if let Some(last) = table.unended(column)
                && !(0..last).any(|row| column.cell(row) == column.cell(last))
            {
                self.cut(column, last);
            }
        }
    }

    fn cut(&mut self, column: &Column, last: usize) {
        let (shown, place, cell) = (&self.sheet.shown, self.sheet.table.place(last), quoted(column.cell(last)));
        let name = quoted(&column.name);
        let text = format!(
            "{shown}, {place}, column {name}: the file ends in {cell} without a line end, and may be cut there"
        );
        if !self.notes.iter().any(|note| note.text == text) {
            self.notes.push(Remark::incomplete(text));
        }
    }

    /// The column that holds a name's cells and, in a long file, the one that says which rows are meant.
    pub(super) fn column(&self, name: &str) -> Result<Option<(&'a Column, Option<&'a Column>)>, Error> {
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

    pub(super) fn rows_of(&self, named: Option<&Column>, name: &str) -> impl Iterator<Item = usize> {
        let meant = move |row: &usize| named.is_none_or(|names| names.cell(*row) == name);
        let all = if self.instance.is_some() { 0 } else { self.sheet.rows() };
        let all = (0..all).filter(move |row| self.rows.contain(*row));
        self.instance.iter().flatten().copied().chain(all).filter(meant)
    }

    pub(super) fn every_time(&self, mut each: impl FnMut(Timestamp, usize)) {
        for row in self.rows_of(None, "") {
            each(self.sheet.time[row], row);
        }
    }

    pub(super) fn wrong(&self, error: Error, row: usize, name: &str) -> Error {
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
