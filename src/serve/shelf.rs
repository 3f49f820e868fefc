//! A shelf for what belongs to gates, the oldest first, with so many places. If it is full, the gate that has most loses its oldest: a gate
//! that is asked twice a day keeps its history beside one that is asked each second.

use std::collections::{BTreeMap, VecDeque};

/// What belongs to gates, at most so much of it.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    most: usize,
    count: usize,
    gates: BTreeMap<String, VecDeque<T>>,
}

impl<T> Shelf<T> {
    pub(super) fn new(most: usize) -> Shelf<T> {
        Shelf { most: most.max(1), count: 0, gates: BTreeMap::new() }
    }

    /// Puts the newest of a gate there, and takes down what there is no place for.
    pub(super) fn put(&mut self, gate: &str, newest: T) -> Option<T> {
        match self.gates.get_mut(gate) {
            Some(own) => own.push_back(newest),
            None => drop(self.gates.insert(gate.to_owned(), VecDeque::from([newest]))),
        }
        self.count += 1;
        if self.count <= self.most {
            return None;
        }
        // of gates with equally many, the one that got the newest gives
        let fullest = |(name, own): &(&String, &mut VecDeque<T>)| (own.len(), name.as_str() == gate);
        let (name, own) = self.gates.iter_mut().max_by_key(|entry| fullest(entry))?;
        let (oldest, is_empty, name) = (own.pop_front(), own.is_empty(), name.clone());
        if is_empty {
            self.gates.remove(&name);
        }
        self.count -= 1;
        oldest
    }

    /// Takes down what is meant of a gate.
    pub(super) fn remove(&mut self, gate: &str, is_meant: impl Fn(&T) -> bool) {
        if let Some(own) = self.gates.get_mut(gate) {
            let before = own.len();
            own.retain(|one| !is_meant(one));
            self.count -= before - own.len();
        }
    }

    /// All that is there: gate by gate, the newest of each first.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.gates.values().flat_map(|own| own.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::Shelf;

    #[test]
    fn a_busy_gate_makes_place_and_a_quiet_one_keeps_its_history() {
        let mut shelf = Shelf::new(10);
        let taken: Vec<u32> = (0..4).filter_map(|number| shelf.put("quiet", number)).collect();
        assert!(taken.is_empty());
        let taken: Vec<u32> = (100..200).filter_map(|number| shelf.put("busy", number)).collect();
        assert_eq!(taken, (100..194).collect::<Vec<u32>>(), "the oldest of the busy gate, in order");
        assert_eq!(shelf.all().copied().collect::<Vec<u32>>(), [199, 198, 197, 196, 195, 194, 3, 2, 1, 0]);
        // as many gates as places: the newest of each stays
        let mut shelf = Shelf::new(2);
        assert_eq!(
            [shelf.put("a", 1), shelf.put("b", 2), shelf.put("a", 3), shelf.put("b", 4)],
            [None, None, Some(1), Some(2)]
        );
        shelf.remove("a", |one| *one == 3);
        assert_eq!([shelf.put("c", 5), shelf.put("c", 6)], [None, Some(5)]);
        assert_eq!(shelf.all().copied().collect::<Vec<i32>>(), [4, 6]);
    }
}
