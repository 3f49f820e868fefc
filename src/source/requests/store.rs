//! Where requests are counted: one cell per slice, arm, group and step.
//!
//! A worker keeps the values of a cell as they come, two bytes each, and packs them when there are many: into the histogram
//! that all workers share. So the memory is that of the packed histograms (two to three bytes for each of the few thousand
//! distinct values of a step, to 0.1 %) and a few megabytes for each worker, however many rows there are and in whatever
//! order they come.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use crate::series::{Bins, Grid, Tally, Timestamp};
use crate::source::error::Error;

use super::{Cell, GRID, LONGEST};

/// How many values of one cell wait to be packed.
const WAITING: usize = 1 << 14;
/// How many values of all cells of a worker wait, before all are packed.
const WAITING_IN_ALL: usize = 1 << 22;
/// How many cells of one series a worker has open, before all are packed.
const MOST_OPEN: usize = 1 << 14;
/// More arms and groups than this are no arms and groups.
const MOST_SERIES: usize = 10_000;

/// The cell in which everything is counted that took longer than [`LONGEST`].
pub(super) fn end() -> u32 {
    GRID.index(LONGEST)
}

/// One arm and group of one slice.
pub(super) type SeriesId = u32;

/// What it is called: the slice's place, the arm, the group.
type Name = (usize, Box<[u8]>, Box<[u8]>);

/// What all workers have counted.
#[derive(Default)]
pub(super) struct Store {
    series: Mutex<Known>,
    shards: [Mutex<HashMap<(SeriesId, i64), Cell>>; 16],
}

#[derive(Default)]
struct Known {
    ids: HashMap<Name, SeriesId>,
}

impl Store {
    /// The series of an arm and group, the same for all workers.
    fn id(&self, slice: usize, arm: &[u8], group: &[u8]) -> Result<SeriesId, Error> {
        let mut known = held(&self.series);
        let next = known.ids.len();
        if next >= MOST_SERIES && !known.ids.contains_key(&(slice, arm.into(), group.into())) {
            let problem = format!("has more than {MOST_SERIES} different arms and groups");
            let hint = "Do `arm` and `by` name the columns that are meant? `where` leaves rows out.";
            return Err(Error::unreadable(problem).value(&String::from_utf8_lossy(group)).hint(hint));
        }
        Ok(*known.ids.entry((slice, arm.into(), group.into())).or_insert(next as SeriesId))
    }

    fn add(&self, id: SeriesId, step: i64, counts: &[u64], bins: Option<&Bins>, tally: &mut Option<Tally>) {
        let mut shard = held(&self.shards[(id as usize).wrapping_add(step as usize) % self.shards.len()]);
        let empty = || Cell { counts: vec![0; counts.len()], bins: None };
        let cell = shard.entry((id, step)).or_insert_with(empty);
        cell.counts.iter_mut().zip(counts).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
        let Some(bins) = bins else { return };
        match &cell.bins {
            None => cell.bins = Some(bins.clone()),
            Some(before) => {
                let grid = before.grid().join(bins.grid());
                let tally = tally.get_or_insert_with(|| Tally::new(grid));
                if tally.grid() != grid {
                    *tally = Tally::new(grid);
                }
                tally.add(before);
                tally.add(bins);
                cell.bins = Some(tally.finish());
            }
        }
    }

    /// Everything, for so many slices; `time` gives the beginning of a step.
    pub(super) fn into_slices(
        self,
        slices: usize,
        time: impl Fn(i64) -> Option<Timestamp>,
    ) -> Vec<BTreeMap<(String, String), BTreeMap<Timestamp, Cell>>> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let known = self.series.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let names: HashMap<SeriesId, (usize, (String, String))> =
            known.ids.into_iter().map(|((slice, arm, group), id)| (id, (slice, (text(&arm), text(&group))))).collect();
        let mut all = vec![BTreeMap::new(); slices];
        for shard in self.shards {
            for ((id, step), cell) in shard.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
                let (Some((slice, name)), Some(time)) = (names.get(&id), time(step)) else { continue };
                let series: &mut BTreeMap<Timestamp, Cell> = all[*slice].entry(name.clone()).or_default();
                series.insert(time, cell);
            }
        }
        all
    }
}

/// What a thread that panicked has left behind is whole: nothing is changed in two places.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What one worker has counted and not given to the store yet.
pub(super) struct Desk<'a> {
    store: &'a Store,
    ids: HashMap<Name, usize>,
    series: Vec<Open>,
    waiting: usize,
    tally: Tally,
    sum: Option<Tally>,
}

/// A series with its cells that are not packed.
struct Open {
    id: SeriesId,
    counted: usize,
    /// The step that the last row was in, and its place among the cells.
    last: Option<(i64, usize)>,
    places: HashMap<i64, usize>,
    cells: Vec<Waiting>,
}

#[derive(Default)]
struct Waiting {
    step: i64,
    counts: Vec<u64>,
    values: Vec<u16>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(store: &'a Store) -> Desk<'a> {
        let tally = Tally::ending(GRID, end());
        Desk { store, ids: HashMap::new(), series: Vec::new(), waiting: 0, tally, sum: None }
    }

    /// The place of a series on this desk.
    pub(super) fn series(&mut self, slice: usize, arm: &[u8], group: &[u8], counted: usize) -> Result<usize, Error> {
        let key = (slice, arm.into(), group.into());
        if let Some(known) = self.ids.get(&key) {
            return Ok(*known);
        }
        let id = self.store.id(slice, arm, group)?;
        self.series.push(Open { id, counted, last: None, places: HashMap::new(), cells: Vec::new() });
        self.ids.insert(key, self.series.len() - 1);
        Ok(self.series.len() - 1)
    }

    /// Counts one request: what of the slice's counted things it is, and its value.
    #[inline]
    pub(super) fn count(&mut self, series: usize, step: i64, counted: impl Fn(usize) -> bool, value: Option<u64>) {
        if self.series[series].cells.len() > MOST_OPEN {
            self.pack();
        }
        let open = &mut self.series[series];
        let id = open.id;
        let cell = open.cell(step);
        for (at, count) in cell.counts.iter_mut().enumerate() {
            *count += u64::from(counted(at));
        }
        let Some(value) = value else { return };
        cell.values.push(GRID.index(value.min(LONGEST)) as u16);
        self.waiting += 1;
        if cell.values.len() >= WAITING {
            self.waiting -= cell.values.len();
            cell.pack(id, self.store, &mut self.tally, &mut self.sum);
        } else if self.waiting >= WAITING_IN_ALL {
            self.pack();
        }
    }

    /// Counts requests that were counted before.
    pub(super) fn add(&mut self, series: usize, step: i64, counts: &[u64], bins: Option<&Bins>) {
        self.store.add(self.series[series].id, step, counts, bins, &mut self.sum);
    }

    /// Gives everything to the store.
    pub(super) fn pack(&mut self) {
        for open in &mut self.series {
            for mut cell in open.cells.drain(..) {
                cell.pack(open.id, self.store, &mut self.tally, &mut self.sum);
            }
            open.places.clear();
            open.last = None;
        }
        self.waiting = 0;
    }
}

impl Open {
    #[inline]
    fn cell(&mut self, step: i64) -> &mut Waiting {
        let place = match self.last {
            Some((last, place)) if last == step => place,
            _ => {
                let (cells, counted) = (&mut self.cells, self.counted);
                let place = *self.places.entry(step).or_insert_with(|| {
                    cells.push(Waiting { step, counts: vec![0; counted], values: Vec::new() });
                    cells.len() - 1
                });
                self.last = Some((step, place));
                place
            }
        };
        &mut self.cells[place]
    }
}

impl Waiting {
    fn pack(&mut self, id: SeriesId, store: &Store, tally: &mut Tally, sum: &mut Option<Tally>) {
        self.values.iter().for_each(|at| tally.count(u32::from(*at), 1));
        let bins = (!self.values.is_empty()).then(|| tally.finish());
        store.add(id, self.step, &self.counts, bins.as_ref(), sum);
        // what waits for long should not hold room for many
        self.values = Vec::new();
        self.counts.fill(0);
    }
}

/// Values fit into two bytes.
const _: () = assert!(end_fits(GRID), "a cell's place has to fit into 16 bits");

const fn end_fits(_: Grid) -> bool {
    // 2^11 cells of one nanosecond, then 2^10 for each of the 36 doublings up to a day
    (1 << 11) + 36 * (1 << 10) <= u16::MAX as u32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// By arm, group and step: the counts, and the cells that were hit.
    type Plain = BTreeMap<(String, String), BTreeMap<Timestamp, (Vec<u64>, Vec<(u32, u64)>)>>;

    #[test]
    fn what_two_desks_count_in_any_order_adds_up() {
        assert!(end() <= u32::from(u16::MAX));
        let store = Store::default();
        let values: Vec<u64> = (0..200_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30).collect();
        let mut desks = [Desk::new(&store), Desk::new(&store)];
        for (at, value) in values.iter().enumerate() {
            let desk = &mut desks[at % 2];
            let arm: &[u8] = if at % 3 == 0 { b"canary" } else { b"baseline" };
            let series = desk.series(0, arm, b"", 2).unwrap();
            desk.count(series, (at % 7) as i64, |which| which == 0 || at % 5 == 0, Some(*value));
        }
        desks.iter_mut().for_each(Desk::pack);
        let slices = store.into_slices(1, |step| Timestamp::from_second(step).ok());
        let mut expected = Plain::new();
        for (at, value) in values.iter().enumerate() {
            let arm = if at % 3 == 0 { "canary" } else { "baseline" };
            let series = expected.entry((arm.to_owned(), String::new())).or_default();
            let step =
                series.entry(Timestamp::from_second((at % 7) as i64).unwrap()).or_insert((vec![0, 0], Vec::new()));
            step.0[0] += 1;
            step.0[1] += u64::from(at % 5 == 0);
            step.1.push((GRID.index(*value), 1));
        }
        for (name, steps) in expected {
            for (time, (counts, cells)) in steps {
                let cell = &slices[0][&name][&time];
                assert_eq!(cell.counts, counts);
                assert_eq!(cell.bins, Some(Bins::new(GRID, Some(end()), cells)));
            }
        }
    }

    #[test]
    fn a_column_of_identities_is_no_group() {
        let store = Store::default();
        let mut desk = Desk::new(&store);
        let outcome = (0..20_000).find_map(|i: u32| desk.series(0, b"canary", &i.to_le_bytes(), 1).err());
        assert!(outcome.unwrap().to_string().contains("more than 10000 different"));
    }
}
