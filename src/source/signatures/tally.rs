//! Masked lines with their counts per arm and step, in memory that has a bound whatever the log holds.
//!
//! Most logs say a few hundred things. One whose every line differs would fill the memory, so there is a bound, and what lies
//! beyond it is counted by its first words. Which lines those are must not depend on who came first: otherwise a line that one arm
//! wrote early and the other late would be counted in different places. So each line has a number by its text (a hash), and when
//! there are too many lines the half with the larger numbers goes (distinct sampling: Gibbons 2001). A line that stays has always
//! been below the bar, and so its counts are complete.

use std::collections::{BTreeMap, HashMap};

use super::mine::{OTHER, beginning};
use crate::series::Arm;

/// The most different lines that are kept.
const LINES: usize = 50_000;
/// The most counts of lines per arm and step.
const CELLS: usize = 2_000_000;
/// The most beginnings of those that are not.
const BEGINNINGS: usize = 2_000;

/// Counts by arm and step.
pub type Cells = BTreeMap<(Arm, i64), u64>;

/// Lines up to a bound.
struct Level {
    lines: HashMap<Box<str>, Cells>,
    most: usize,
    cells: usize,
    /// Lines with larger numbers are not kept.
    bar: u64,
}

impl Level {
    fn new(most: usize) -> Level {
        Level { lines: HashMap::new(), most, cells: 0, bar: u64::MAX }
    }

    /// Counts a line; false if it is not one of those that are kept.
    fn add(&mut self, line: &str, cell: (Arm, i64), count: u64) -> bool {
        if let Some(cells) = self.lines.get_mut(line) {
            let known = cells.entry(cell).or_insert(0);
            self.cells += usize::from(*known == 0);
            *known += count;
            return true;
        }
        if number(line) > self.bar {
            return false;
        }
        self.lines.insert(line.into(), Cells::from([(cell, count)]));
        self.cells += 1;
        true
    }

    /// What goes if there is too much.
    fn spilled(&mut self) -> Vec<(Box<str>, Cells)> {
        let mut gone = Vec::new();
        while (self.lines.len() > self.most || self.cells > CELLS) && self.bar > 0 {
            self.bar /= 2;
            let bar = self.bar;
            gone.extend(self.lines.extract_if(|line, _| number(line) > bar));
            self.cells = self.lines.values().map(BTreeMap::len).sum();
        }
        gone
    }
}

/// Lines with their counts.
pub struct Tally {
    lines: Level,
    beginnings: Level,
    other: Cells,
    /// How many lines are counted by their beginnings alone.
    pub spilled: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Tally { lines: Level::new(LINES), beginnings: Level::new(BEGINNINGS), other: Cells::new(), spilled: 0 }
    }
}

impl Tally {
    /// Counts a masked line of an arm in a step.
    pub fn add(&mut self, line: &str, cell: (Arm, i64)) {
        if !self.lines.add(line, cell, 1) {
            self.spilled += 1;
            self.spill(line, cell, 1);
        } else if self.lines.lines.len() > self.lines.most || self.lines.cells > CELLS {
            for (line, cells) in self.lines.spilled() {
                self.spilled += cells.values().sum::<u64>();
                cells.into_iter().for_each(|(cell, count)| self.spill(&line, cell, count));
            }
        }
    }

    fn spill(&mut self, line: &str, cell: (Arm, i64), count: u64) {
        if !self.beginnings.add(&beginning(line), cell, count) {
            *self.other.entry(cell).or_insert(0) += count;
        }
        for (_, cells) in self.beginnings.spilled() {
            cells.into_iter().for_each(|(cell, count)| *self.other.entry(cell).or_insert(0) += count);
        }
    }

    /// All lines in order, those by their beginnings last.
    pub fn into_lines(self) -> (BTreeMap<String, Cells>, BTreeMap<String, Cells>) {
        let own = |level: Level| level.lines.into_iter().map(|(line, cells)| (line.into_string(), cells)).collect();
        let mut beginnings: BTreeMap<String, Cells> = own(self.beginnings);
        if !self.other.is_empty() {
            beginnings.insert(OTHER.to_owned(), self.other);
        }
        (own(self.lines), beginnings)
    }
}

/// A number by a text: FNV-1a, its bits mixed once more, since the larger ones decide.
fn number(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_different_lines_have_a_bound_and_any_order_gives_the_same() {
        let tally = |order: &dyn Fn(u64) -> u64| {
            let mut tally = Tally::default();
            for n in 0..200_000 {
                let n = order(n);
                let arm = if n.is_multiple_of(3) { Arm::Baseline } else { Arm::Canary };
                tally.add(&format!("w{} line {n}", n % 5_000), (arm, (n % 7) as i64));
            }
            tally.into_lines()
        };
        let (lines, beginnings) = tally(&|n| n);
        let count = |lines: &BTreeMap<String, Cells>| lines.values().flat_map(BTreeMap::values).sum::<u64>();
        assert!(lines.len() <= LINES && beginnings.len() <= BEGINNINGS + 1);
        assert_eq!(count(&lines) + count(&beginnings), 200_000);
        assert_eq!(tally(&|n| 199_999 - n), (lines, beginnings));
    }
}
