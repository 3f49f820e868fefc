//! What belongs to a start of the steps and to no limit: a search for the end of an interval asks for it again and again.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Computes what belongs to a start once.
pub(super) fn once<T: Clone>(of: impl Fn(usize) -> T) -> impl Fn(usize) -> T {
    let seen = RefCell::new(BTreeMap::new());
    move |start| seen.borrow_mut().entry(start).or_insert_with(|| of(start)).clone()
}
