//! Cells that count: trials with their bad ones, occurrences, the requests behind a gauge; of each step, or totals since some
//! start whose increases are taken.

use super::answer::{Asking, Track};
use super::counter::{self, Fault, Likeness, Motion};
use super::number;
use crate::series::{Remark, Series, Timestamp};
use crate::source::error::{Error, listed, quoted};
use crate::source::{Ask, Missing};

/// A row of counted cells, as it is written.
struct Counted {
    time: Timestamp,
    row: usize,
    cells: [Option<f64>; 2],
}

/// A row of counted cells, as it counts.
#[derive(Clone, Copy)]
struct Settled {
    time: Timestamp,
    row: usize,
    cells: [f64; 2],
}

impl Asking<'_> {
    /// Refuses undeclared columns that look like counters, and doubts those that may be.
    pub(super) fn declared(&mut self, ask: &Ask) -> Result<(), Error> {
        let seems = |least: Likeness| self.likeness.iter().filter(|seems| **seems >= least).count();
        let half = self.likeness.len().div_ceil(2).max(1);
        let names = listed(ask.names());
        let remedy = "Write `counter: true` in the metric to judge the increases, or `counter: false` if each row counts its own step";
        if seems(Likeness::Totals) >= half {
            let look = if ask.names().count() == 1 { "looks like a counter" } else { "look like counters" };
            let problem = format!("{names} {look}: such totals since some start rise and never fall");
            return Err(Error::unreadable(problem).hint(format!("{remedy}.")));
        }
        if seems(Likeness::Unsure) >= half {
            let shown = &self.sheet.shown;
            let may = if ask.names().count() == 1 { "may be a counter" } else { "may be counters" };
            let text = format!("{shown}: {names} {may}, a total since some start. {remedy}");
            self.notes.push(Remark::suspect(text));
        }
        Ok(())
    }

    pub(super) fn counts(&mut self, [total, bad, good]: [Option<&str>; 3], ask: &Ask) -> Result<Series, Error> {
        let (one, other) = match (total, bad, good) {
            (Some(whole), Some(part), _) | (Some(whole), None, Some(part)) => (whole, part),
            (None, Some(bad), Some(good)) => (bad, good),
            _ => return Err(Error::unreadable("a rate needs two of bad, good and total")),
        };
        let (first, mut second) = (self.track(one, number::count)?, self.track(other, number::count)?);
        let cell = |cell: Option<u64>| cell.map(|count| count as f64);
        let mut rows: Vec<Counted> = Vec::with_capacity(first.len());
        for (time, (row, whole)) in first {
            let (at, part) = second.remove(&time).unwrap_or((row, None));
            rows.push(Counted { time, row: at, cells: [cell(whole), cell(part)] });
        }
        if total.is_none() {
            let alone = second.into_iter().map(|(time, (row, part))| Counted { time, row, cells: [None, cell(part)] });
            rows.extend(alone);
            rows.sort_by_key(|row| row.time);
            rows.retain(|row| row.cells != [None, None]);
        }
        // the increase of a total that is not there is in the next one
        if ask.missing() == Missing::Gap && ask.counter() != Some(true) {
            self.half.see(rows.iter().map(|row| row.cells), total.is_some());
        }
        let zeros: &[usize] = match (ask.missing(), total) {
            (Missing::Gap, _) => &[],
            (Missing::Zero, Some(_)) => &[1],
            (Missing::Zero, None) => &[0, 1],
        };
        let rows = self.settled(rows, [one, other], zeros, ask)?;
        if ask.counter().is_none() {
            let (wholes, parts): (Vec<f64>, Vec<f64>) = match total {
                Some(_) => rows.iter().map(|row| (row.cells[0], row.cells[1])).unzip(),
                None => rows.iter().map(|row| (row.cells[0] + row.cells[1], row.cells[0])).unzip(),
            };
            let (whole, part) = if total.is_some() { (one, other) } else { (other, one) };
            self.likeness.push(counter::of_rate((whole, Motion::of(&wholes)), (part, Motion::of(&parts))));
        }
        let (mut time, mut totals, mut bads) = (Vec::new(), Vec::new(), Vec::new());
        let all = |at: usize| rows.iter().map(|row| row.cells[at]).sum::<f64>();
        // what is counted when it begins and when it ends may be an increase of two steps
        let late = ask.counter() == Some(true) && total.is_some() && all(1) <= all(0);
        for row in &rows {
            let [whole, part] = row.cells.map(|cell| cell as u64);
            let (whole, part) = match total {
                None => (whole + part, whole),
                Some(_) if late => (whole.max(part), part),
                Some(_) => (whole, part),
            };
            if part > whole {
                return Err(self.more_than_all(row.row, other, part, one, whole));
            }
            time.push(row.time);
            totals.push(whole);
            bads.push(if bad.is_some() { part } else { whole - part });
        }
        Ok(Series::Counts { time, total: totals, bad: bads })
    }

    pub(super) fn events(&mut self, count: &str, exposure: Option<&str>, ask: &Ask) -> Result<Series, Error> {
        let mut counts = self.track(count, number::count)?;
        let mut exposures = exposure.map(|name| self.track(name, number::amount)).transpose()?;
        let zeros: &[usize] = if ask.missing() == Missing::Zero { &[0] } else { &[] };
        if !zeros.is_empty() && self.long.is_some() {
            self.every_time(|time, row| {
                counts.entry(time).or_insert((row, None));
            });
        }
        let rows = counts.into_iter().map(|(time, (row, occurred))| {
            let exposed = exposures.as_mut().map_or(Some(0.0), |known| known.remove(&time).and_then(|(_, cell)| cell));
            Counted { time, row, cells: [occurred.map(|count| count as f64), exposed] }
        });
        let rows = self.settled(rows.collect(), [count, exposure.unwrap_or(count)], zeros, ask)?;
        if ask.counter().is_none() {
            let counts: Vec<f64> = rows.iter().map(|row| row.cells[0]).collect();
            self.likeness.push(counter::alone((count, Motion::of(&counts))));
        }
        Ok(Series::Events {
            time: rows.iter().map(|row| row.time).collect(),
            count: rows.iter().map(|row| row.cells[0] as u64).collect(),
            exposure: exposure.map(|_| rows.iter().map(|row| row.cells[1]).collect()),
        })
    }

    /// The rows that have both cells, in the order of time: empty ones of the columns `zeros` are zeros, and of counters the
    /// increases are taken.
    fn settled(
        &mut self,
        mut rows: Vec<Counted>,
        names: [&str; 2],
        zeros: &[usize],
        ask: &Ask,
    ) -> Result<Vec<Settled>, Error> {
        let is_counter = ask.counter() == Some(true);
        for at in zeros {
            let silent = !rows.is_empty() && rows.iter().all(|row| row.cells[*at].is_none());
            if silent && !self.silent.iter().any(|name| name == names[*at]) {
                self.silent.push(names[*at].to_owned());
            }
            let mut last = 0.0;
            for row in &mut rows {
                match row.cells[*at] {
                    Some(total) if is_counter => last = total,
                    Some(_) => {}
                    None => row.cells[*at] = Some(last),
                }
            }
        }
        let whole = |row: Counted| match row.cells {
            [Some(one), Some(other)] => Some(Settled { time: row.time, row: row.row, cells: [one, other] }),
            _ => None,
        };
        let rows: Vec<Settled> = rows.into_iter().filter_map(whole).collect();
        if !is_counter {
            return Ok(rows);
        }
        let column = |at: usize| rows.iter().map(|row| row.cells[at]).collect::<Vec<f64>>();
        let grown =
            |at: usize| counter::increases(&column(at)).map_err(|fault| self.no_counter(fault, &rows, at, names[at]));
        let (one, other) = (grown(0)?, grown(1)?);
        let later = rows.iter().skip(1).zip(one.into_iter().zip(other));
        Ok(later.map(|(row, (one, other))| Settled { cells: [one, other], ..*row }).collect())
    }

    fn no_counter(&self, fault: Fault, rows: &[Settled], at: usize, name: &str) -> Error {
        match fault {
            Fault::Falls(falls, steps) => Error::unreadable(format!(
                "falls in {falls} of {steps} steps, and a counter falls only when it restarts"
            ))
            .column(name)
            .hint("If each row counts its own step, write `counter: false`."),
            Fault::HighRestart(row) => {
                let [before, now] = [row - 1, row].map(|row| rows[row].cells[at]);
                let problem =
                    format!("is less than the {before} before it, and more than a restarted counter can reach");
                let error = self.wrong(Error::unreadable(problem).value(&now.to_string()), rows[row].row, name);
                error.hint("If the column adds up instances, read one row per instance and name their column with `instance:`.")
            }
        }
    }

    /// The requests of each step, where they are totals their increases.
    pub(super) fn requests_behind(
        &mut self,
        name: &str,
        track: &mut Track<u64>,
        counter: Option<bool>,
    ) -> Result<(), Error> {
        let known = track.iter().filter_map(|(time, (row, n))| Some((*time, *row, (*n)? as f64)));
        let rows: Vec<Settled> = known.map(|(time, row, n)| Settled { time, row, cells: [n, n] }).collect();
        let totals: Vec<f64> = rows.iter().map(|row| row.cells[0]).collect();
        match counter {
            Some(false) => {}
            None => self.likeness.push(counter::alone((name, Motion::of(&totals)))),
            Some(true) => {
                let grown = counter::increases(&totals).map_err(|fault| self.no_counter(fault, &rows, 0, name))?;
                let later = rows.iter().skip(1).zip(grown);
                *track = later.map(|(row, n)| (row.time, (row.row, Some(n as u64)))).collect();
            }
        }
        Ok(())
    }

    fn more_than_all(&self, row: usize, part_name: &str, part: u64, whole_name: &str, whole: u64) -> Error {
        let error = Error::unreadable(format!("is more than the {whole} of {}", quoted(whole_name)));
        let error = self.wrong(error.value(&part.to_string()), row, part_name);
        error.hint(format!("Does {} count something else, or are the two columns exchanged?", quoted(whole_name)))
    }
}
