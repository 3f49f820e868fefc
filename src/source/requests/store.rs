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
/// How many steps a series may reach over, before how many of them are put together; each is a multiple of those after it. Of
/// steps of 100 ms: 10 s beyond four hours, 5 s beyond an hour, a second beyond a minute.
const COARSER: [(i64, i64); 3] = [(144_000, 100), (36_000, 50), (600, 10)];
/// How many cells a shard holds before it looks for those that are to be put together.
const FIRST_MARK: usize = 1 << 13;

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
    shards: [Mutex<Shard>; 16],
    /// Whether the steps of series that reach far are put together.
    coarsens: bool,
    reaches: Mutex<HashMap<SeriesId, Reach>>,
}

/// Some of the cells. Those that may be put together are in one shard.
struct Shard {
    cells: HashMap<(SeriesId, i64), Cell>,
    /// With so many cells it looks again for those to be put together.
    mark: usize,
}

impl Default for Shard {
    fn default() -> Shard {
        Shard { cells: HashMap::new(), mark: FIRST_MARK }
    }
}

impl Shard {
    fn add(&mut self, key: (SeriesId, i64), counts: &[u64], bins: Option<&Bins>, tally: &mut Option<Tally>) {
        let empty = || Cell { counts: vec![0; counts.len()], bins: None };
        let cell = self.cells.entry(key).or_insert_with(empty);
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
}

/// The first and the last step of a series.
#[derive(Debug, Clone, Copy)]
struct Reach {
    first: i64,
    last: i64,
}

impl Reach {
    fn with(self, other: Reach) -> Reach {
        Reach { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// How many steps are one.
    fn together(self) -> i64 {
        let reach = self.last.saturating_sub(self.first);
        COARSER.iter().find(|(steps, _)| reach >= *steps).map_or(1, |(_, together)| *together)
    }
}

/// The first of the steps that are put together with this one.
fn first_of(step: i64, together: i64) -> i64 {
    step.div_euclid(together).saturating_mul(together)
}

#[derive(Default)]
struct Known {
    ids: HashMap<Name, SeriesId>,
}

impl Store {
    pub(super) fn new(coarsens: bool) -> Store {
        Store { coarsens, ..Store::default() }
    }

    /// The series of an arm and group, the same for all workers.
    fn id(&self, slice: usize, arm: &[u8], group: &[u8]) -> Result<SeriesId, Error> {
        let mut known = held(&self.series);
        let next = known.ids.len();
        if next >= MOST_SERIES && !known.ids.contains_key(&(slice, arm.into(), group.into())) {
            let problem = format!("has more than {MOST_SERIES} different arms and groups");
            let hint = "Do `arm`, `by` and `localise` name the columns that are meant? `where` leaves rows out.";
            return Err(Error::unreadable(problem).value(&String::from_utf8_lossy(group)).hint(hint));
        }
        Ok(*known.ids.entry((slice, arm.into(), group.into())).or_insert(next as SeriesId))
    }

    fn add(&self, id: SeriesId, step: i64, counts: &[u64], bins: Option<&Bins>, tally: &mut Option<Tally>) {
        let block = if self.coarsens { step.div_euclid(COARSER[0].1) } else { step };
        let mut shard = held(&self.shards[(id as usize).wrapping_add(block as usize) % self.shards.len()]);
        let together = if self.coarsens { held(&self.reaches).get(&id).map_or(1, |reach| reach.together()) } else { 1 };
        shard.add((id, first_of(step, together)), counts, bins, tally);
        if self.coarsens && shard.cells.len() >= shard.mark {
            self.put_together(&mut shard, tally);
            shard.mark = FIRST_MARK.max(2 * shard.cells.len());
        }
    }

    /// Notes that a series reaches so far.
    fn reached(&self, id: SeriesId, reach: Reach) {
        if self.coarsens {
            held(&self.reaches).entry(id).and_modify(|known| *known = known.with(reach)).or_insert(reach);
        }
    }

    /// Puts cells together that are finer than their series is kept.
    fn put_together(&self, shard: &mut Shard, tally: &mut Option<Tally>) {
        let reaches = held(&self.reaches).clone();
        let together = |id: SeriesId| reaches.get(&id).map_or(1, |reach| reach.together());
        let is_fine = |(id, step): &(SeriesId, i64)| first_of(*step, together(*id)) != *step;
        for ((id, step), cell) in shard.cells.extract_if(|key, _| is_fine(key)).collect::<Vec<_>>() {
            shard.add((id, first_of(step, together(id))), &cell.counts, cell.bins.as_ref(), tally);
        }
    }

    /// Everything, for so many slices; `time` gives the beginning of a step.
    pub(super) fn into_slices(
        self,
        slices: usize,
        time: impl Fn(i64) -> Option<Timestamp>,
    ) -> Vec<BTreeMap<(String, String), BTreeMap<Timestamp, Cell>>> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let known = std::mem::take(&mut *held(&self.series));
        let names: HashMap<SeriesId, (usize, (String, String))> =
            known.ids.into_iter().map(|((slice, arm, group), id)| (id, (slice, (text(&arm), text(&group))))).collect();
        let mut all = vec![BTreeMap::new(); slices];
        let cells = |shard: &Mutex<Shard>| {
            let mut shard = held(shard);
            if self.coarsens {
                self.put_together(&mut shard, &mut None);
            }
            std::mem::take(&mut shard.cells)
        };
        for cells in self.shards.iter().map(cells) {
            for ((id, step), cell) in cells {
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
    /// The steps of the last row's cell, and its place among the cells.
    last: Option<(Reach, usize)>,
    places: HashMap<i64, usize>,
    cells: Vec<Waiting>,
    /// From which step to which it has rows, where that matters.
    reach: Option<Reach>,
    coarsens: bool,
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
        let (places, cells, coarsens) = (HashMap::new(), Vec::new(), self.store.coarsens);
        self.series.push(Open { id, counted, last: None, places, cells, reach: None, coarsens });
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
        let id = self.series[series].id;
        self.store.reached(id, Reach { first: step, last: step });
        self.store.add(id, step, counts, bins, &mut self.sum);
    }

    /// Gives everything to the store.
    pub(super) fn pack(&mut self) {
        for open in &mut self.series {
            if let Some(reach) = open.reach {
                self.store.reached(open.id, reach);
            }
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
            Some((last, place)) if last.first <= step && step <= last.last => place,
            _ => {
                let together = self.together(step);
                let begun = first_of(step, together);
                let (cells, counted) = (&mut self.cells, self.counted);
                let place = *self.places.entry(begun).or_insert_with(|| {
                    cells.push(Waiting { step: begun, counts: vec![0; counted], values: Vec::new() });
                    cells.len() - 1
                });
                self.last = Some((Reach { first: begun, last: begun.saturating_add(together - 1) }, place));
                place
            }
        };
        if let Some(reach) = &mut self.reach {
            *reach = reach.with(Reach { first: step, last: step });
        }
        &mut self.cells[place]
    }

    /// How many steps are put together, as far as this worker knows, with another step that has rows.
    fn together(&mut self, step: i64) -> i64 {
        if !self.coarsens {
            return 1;
        }
        let own = Reach { first: step, last: step };
        let reach = self.reach.map_or(own, |reach| reach.with(own));
        self.reach = Some(reach);
        reach.together()
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
    fn steps_of_a_series_that_reaches_far_are_put_together_whoever_counted_them_in_whatever_order() {
        let counted = |count: i64, every: i64, desks: usize, backwards: bool| {
            let store = Store::new(true);
            let mut desks: Vec<Desk> = (0..desks).map(|_| Desk::new(&store)).collect();
            for at in 0..count {
                let at = if backwards { count - 1 - at } else { at };
                let desk = at as usize % desks.len();
                let desk = &mut desks[desk];
                let (series, once) = (desk.series(0, b"", b"", 1).unwrap(), desk.series(0, b"once", b"", 1).unwrap());
                desk.count(series, 7 + at * every, |_| true, Some(1_000 + at as u64));
                if at < 100 {
                    desk.count(once, 7 + at, |_| true, None);
                }
            }
            desks.iter_mut().for_each(Desk::pack);
            store.into_slices(1, |step| Timestamp::from_second(step).ok())
        };
        let name = |arm: &str| (arm.to_owned(), String::new());
        for (count, every, together) in [(600, 1, 1), (601, 1, 10), (30_000, 1, 10), (50_000, 1, 50), (50_000, 3, 100)]
        {
            let slices = counted(count, every, 1, false);
            let series = &slices[0][&name("")];
            assert!(series.keys().all(|time| time.as_second() % together == 0), "{count} {every}");
            let cells = (7 + (count - 1) * every).div_euclid(together) - 7_i64.div_euclid(together) + 1;
            assert_eq!(series.len() as i64, cells);
            assert_eq!(series.values().map(|cell| cell.counts[0]).sum::<u64>(), count as u64);
            assert_eq!(series.values().filter_map(|c| c.bins.as_ref()).map(Bins::total).sum::<u64>(), count as u64);
            assert_eq!(slices[0][&name("once")].len(), 100, "a series that is short keeps its steps");
            assert_eq!(counted(count, every, 3, true), slices);
            assert_eq!(counted(count, every, 2, false), slices);
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
