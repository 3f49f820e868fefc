//! One query asked about several stretches of time: its answers as one.
//!
//! A service is asked about each of several earlier windows by itself, so that the time between them costs nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::fetched::{Done, Fetched};
use crate::series::Instances;
use crate::source::Error;
use crate::source::file::Answer;

/// The answers of each query together, in the order of time. The first error of a query is its answer.
pub(super) fn put_together(done: Vec<Done>) -> Vec<Done> {
    let mut together: BTreeMap<usize, Vec<Result<Fetched, Error>>> = BTreeMap::new();
    done.into_iter().for_each(|(at, fetched)| together.entry(at).or_default().push(fetched));
    together.into_iter().filter_map(|(at, each)| Some((at, one(each)?))).collect()
}

fn one(each: Vec<Result<Fetched, Error>>) -> Option<Result<Fetched, Error>> {
    let mut all = Vec::new();
    for fetched in each {
        match fetched {
            Ok(fetched) => all.push(fetched),
            Err(error) => return Some(Err(error)),
        }
    }
    // without a point it does not matter when it was
    all.sort_by_key(|fetched| fetched.answer.series.time().first().copied());
    all.into_iter().reduce(with).map(Ok)
}

fn with(mut all: Fetched, later: Fetched) -> Fetched {
    if all.answer.series.is_empty() {
        all.clock = later.clock;
    }
    all.times = all.times.zip(later.times).map(|(mut times, later)| {
        times.extend(later);
        times.sort_unstable();
        times.dedup();
        times
    });
    let Answer { series, instances, groups, slices, split, silent, unit, notes } = later.answer;
    let own = &mut all.answer;
    own.series.append(series);
    extend(&mut own.instances, instances);
    extend(&mut own.groups, groups);
    extend(&mut own.slices, slices);
    own.split |= split;
    own.unit = own.unit.take().or(unit);
    // a column is silent where it has no number in any stretch
    own.silent.retain(|name| silent.contains(name));
    let new: Vec<_> = notes.into_iter().filter(|note| !own.notes.contains(note)).collect();
    own.notes.extend(new);
    all
}

fn extend(all: &mut Option<Instances>, later: Option<Instances>) {
    let Some(later) = later else { return };
    let all = all.get_or_insert_with(Instances::new);
    for (name, series) in later {
        match all.entry(name) {
            Entry::Occupied(mut own) => own.get_mut().append(series),
            Entry::Vacant(place) => {
                place.insert(series);
            }
        }
    }
}
