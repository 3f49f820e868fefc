//! What several questions ask is asked once: by the first that wants it. The others wait, and with the last it is forgotten.

use std::sync::{Arc, Mutex, PoisonError};

/// Answers by what is asked, each as often as it is wanted.
pub struct Shared<K, V>(Vec<(K, Arc<Mutex<Slot<V>>>)>);

struct Slot<V> {
    /// How many want it still.
    wanted: usize,
    made: Option<V>,
}

impl<K: PartialEq, V: Clone> Shared<K, V> {
    /// Of all that will be asked, as often as it will be.
    pub fn of(keys: impl IntoIterator<Item = K>) -> Shared<K, V> {
        let mut slots: Vec<(K, Slot<V>)> = Vec::new();
        for key in keys {
            match slots.iter_mut().find(|(known, _)| *known == key) {
                Some((_, slot)) => slot.wanted += 1,
                None => slots.push((key, Slot { wanted: 1, made: None })),
            }
        }
        Shared(slots.into_iter().map(|(key, slot)| (key, Arc::new(Mutex::new(slot)))).collect())
    }

    /// The answer to one of them, which `make` makes if nobody has made it yet.
    pub fn get(&self, key: &K, make: impl FnOnce() -> V) -> V {
        let Some((_, slot)) = self.0.iter().find(|(known, _)| known == key) else { return make() };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.wanted = slot.wanted.saturating_sub(1);
        let made = slot.made.take().unwrap_or_else(make);
        if slot.wanted > 0 {
            slot.made = Some(made.clone());
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::Shared;

    #[test]
    fn what_several_want_is_made_once_and_forgotten_with_the_last() {
        let shared = Shared::of(["a", "b", "a"]);
        let made = Cell::new(0);
        let make = || {
            made.set(made.get() + 1);
            made.get()
        };
        assert_eq!([shared.get(&"a", make), shared.get(&"b", make), shared.get(&"a", make)], [1, 2, 1]);
        assert_eq!(shared.get(&"a", make), 3, "it was kept for those who want it, and no longer");
        assert_eq!(shared.get(&"c", make), 4);
    }
}
