//! One row after the other: when, whose, how long, an error or not; and into the cells of every slice that it belongs to.
//!
//! A row whose time, arm or status cannot be read is a bad row, counted by its reason with the first examples, whatever else
//! of it could be read. One that only lacks its latency is a request, and may be an error: what timed out often says no more.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::clock::Clock;
use super::number::{self, NEGATIVE, NO_NUMBER};
use super::outcome::Ended;
use super::program::{From, Measured, Program, Took, Which, Whose};
use super::row::plain;
use super::store::{Desk, Store};
use super::{Aggregate, Counted, LONGEST, Slice, Value, When};
use crate::source::error::Error;

/// What a request lacks that nobody measured.
const NO_LATENCY: &str = "has no latency";
/// Another one.
const WORD: &str = "has a latency that is not a number";
/// How many examples of bad rows are kept for each reason.
const EXAMPLES: usize = 3;
/// Thousandths: how finely numbers are told apart that are no latencies.
const THOUSANDTHS: u32 = 3;

/// Where a row is: the input, the chunk of it, the line of that.
pub(super) type Place = (usize, usize, usize);

/// What became of rows, as one worker saw it.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) rows: u64,
    pub(super) outside: u64,
    pub(super) filtered: u64,
    pub(super) armless: u64,
    pub(super) beyond: u64,
    /// Lines before the first row of an input, such as a banner.
    pub(super) ahead: u64,
    pub(super) bad: BTreeMap<&'static str, BadSeen>,
    /// Rows that count, and have no latency or number of those that are measured.
    pub(super) unmeasured: BTreeMap<&'static str, BadSeen>,
    /// How many rows of each arm count, and how many bad ones are known to be its.
    pub(super) of_arms: BTreeMap<Box<[u8]>, (u64, u64)>,
    /// Which of the columns had anything in any row, where that was looked at.
    pub(super) columns: Vec<bool>,
}

/// Bad rows of one reason, with the first by their places.
#[derive(Default)]
pub(super) struct BadSeen {
    pub(super) count: u64,
    pub(super) examples: Vec<(Place, String)>,
}

impl Seen {
    /// Together with what another worker saw.
    pub(super) fn and(mut self, other: Seen) -> Seen {
        self.rows += other.rows;
        self.outside += other.outside;
        self.filtered += other.filtered;
        self.armless += other.armless;
        self.beyond += other.beyond;
        self.columns.resize(self.columns.len().max(other.columns.len()), false);
        self.columns.iter_mut().zip(other.columns).for_each(|(seen, more)| *seen |= more);
        self.ahead += other.ahead;
        for (all, more) in [(&mut self.bad, other.bad), (&mut self.unmeasured, other.unmeasured)] {
            for (why, bad) in more {
                let known = all.entry(why).or_default();
                known.count += bad.count;
                bad.examples.into_iter().for_each(|(place, example)| known.keep(place, || example));
            }
        }
        for (arm, (counted, bad)) in other.of_arms {
            let known = self.of_arms.entry(arm).or_default();
            *known = (known.0 + counted, known.1 + bad);
        }
        self
    }
}

impl BadSeen {
    fn add(&mut self, place: Place, example: impl FnOnce() -> String) {
        self.count += 1;
        self.keep(place, example);
    }

    /// Keeps the examples that come first in the input, whoever saw them.
    fn keep(&mut self, place: Place, example: impl FnOnce() -> String) {
        let at = self.examples.partition_point(|(known, _)| *known < place);
        if at < EXAMPLES {
            self.examples.insert(at, (place, example()));
            self.examples.truncate(EXAMPLES);
        }
    }
}

/// A group and the place of its series.
type Last = Option<(Box<[u8]>, usize)>;

/// Counts rows.
pub(super) struct Worker<'a> {
    program: &'a Program,
    when: Spans,
    pub(super) clock: Clock,
    desk: Desk<'a>,
    /// The arm of the last row, among all that were seen.
    last_arm: usize,
    arms: Vec<Box<[u8]>>,
    /// How many rows of each arm count.
    counted: Vec<u64>,
    /// By slice and arm: the group of the last row and the place of its series.
    last_group: Vec<Vec<Last>>,
    pub(super) seen: Seen,
    /// Whether to look which columns there are at all: where rows may have others than the first.
    looks: bool,
}

/// Windows and steps in nanoseconds.
struct Spans {
    windows: Vec<(i64, i64)>,
    origin: i64,
    step: i64,
    /// The step of the last row, from its beginning to its end.
    last: (i64, i64, i64),
}

impl Spans {
    fn of(when: &When) -> Spans {
        let ns = |time: crate::series::Timestamp| time.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Spans {
            windows: when.windows.iter().map(|window| (ns(window.start), ns(window.end))).collect(),
            origin: ns(when.origin),
            step: i64::try_from(when.step.as_nanos()).unwrap_or(i64::MAX).max(1),
            last: (0, 0, 0),
        }
    }

    #[inline]
    fn contain(&self, time: i64) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|(start, end)| *start <= time && time < *end)
    }

    #[inline]
    fn step(&mut self, time: i64) -> i64 {
        let (from, to, step) = self.last;
        if from <= time && time < to {
            return step;
        }
        // what is centuries from the beginning is at the end of time
        let step = time.saturating_sub(self.origin).div_euclid(self.step);
        let from = self.origin.saturating_add(step.saturating_mul(self.step));
        self.last = (from, from.saturating_add(self.step), step);
        step
    }
}

impl<'a> Worker<'a> {
    pub(super) fn new(program: &'a Program, when: &When, clock: Clock, store: &'a Store) -> Worker<'a> {
        Worker {
            program,
            when: Spans::of(when),
            clock,
            desk: Desk::new(store),
            last_arm: 0,
            arms: Vec::new(),
            counted: Vec::new(),
            last_group: program.slices.iter().map(|_| Vec::new()).collect(),
            seen: Seen { columns: vec![false; program.columns.len()], ..Seen::default() },
            looks: program.open,
        }
    }

    /// Counts a row by its fields. What is wrong with a row is counted; an error ends the pass.
    #[inline]
    pub(super) fn row(&mut self, fields: &[Value], place: Place) -> Result<(), Error> {
        self.seen.rows += 1;
        if self.looks {
            let there = self.seen.columns.iter_mut().zip(fields);
            there.for_each(|(seen, field)| *seen |= *field != Value::Missing);
        }
        match self.count(fields)? {
            Ok(()) => {}
            Err((why, slot)) => {
                let example = || slot.map_or(String::new(), |slot| shown(&self.program.columns[slot], &fields[slot]));
                match why {
                    NO_LATENCY => self.seen.unmeasured.entry(why).or_default().add(place, example),
                    _ => {
                        self.seen.bad.entry(why).or_default().add(place, example);
                        self.bad_of(fields);
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts a line that cannot be split.
    #[cold]
    pub(super) fn bad_line(&mut self, why: &'static str, place: Place, line: &[u8]) {
        self.seen.rows += 1;
        self.seen.bad.entry(why).or_default().add(place, || cut(&String::from_utf8_lossy(line)));
        self.bad_of(&[]);
    }

    /// Whose a bad row is, as far as it says so.
    #[cold]
    fn bad_of(&mut self, fields: &[Value]) {
        let named = fields.len() == self.program.columns.len() || matches!(self.program.arms, Whose::All(_));
        let arm = if named { self.arm(fields).ok().flatten() } else { None };
        let name = arm.map_or_else(Box::default, |arm| self.arms[arm].clone());
        self.seen.of_arms.entry(name).or_default().1 += 1;
    }

    #[inline]
    fn count(&mut self, fields: &[Value]) -> Result<Result<(), (&'static str, Option<usize>)>, Error> {
        let program = self.program;
        if program.only.as_ref().is_some_and(|only| !only.holds(fields)) {
            self.seen.filtered += 1;
            return Ok(Ok(()));
        }
        let time = match program.instant(&mut self.clock, fields) {
            Ok(time) => time,
            Err(wrong) => return Ok(Err(wrong)),
        };
        if !self.when.contain(time) {
            self.seen.outside += 1;
            return Ok(Ok(()));
        }
        let arm = match self.arm(fields) {
            Ok(Some(arm)) => arm,
            Ok(None) => {
                self.seen.armless += 1;
                return Ok(Ok(()));
            }
            Err(wrong) => return Ok(Err(wrong)),
        };
        let ended = match program.ended(fields) {
            Ok(ended) => ended,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let is_error = ended == Ended::Badly;
        let (took, mut wrong) = match program.latency.as_ref().map(|asked| took(fields, asked)) {
            None => (None, None),
            Some(Ok(took)) => (Some(took), None),
            // a word such as `failed` says why there is no latency
            Some(Err((WORD, slot))) if is_error && program.says_end => (None, Some((NO_LATENCY, slot))),
            Some(Err(wrong)) => (None, Some(wrong)),
        };
        let took = match took.flatten() {
            // who answers in the place of a target has no time of it
            None if ended != Ended::Well && program.latency.is_some() => {
                wrong = wrong.or(Some((NO_LATENCY, None)));
                None
            }
            took => took,
        };
        let unmeasured = took.is_none() && wrong.is_some();
        if program.measures_columns {
            wrong = self.wrong_number(fields).or(wrong);
        }
        self.counted[arm] += 1;
        let step = self.when.step(time);
        for at in 0..program.slices.len() {
            let slice = &program.slices[at];
            if slice.filter.as_ref().is_some_and(|filter| !filter.holds(fields)) {
                continue;
            }
            let value = match slice.valued {
                None => None,
                Some(Measured::Latency) => took,
                Some(Measured::Column(slot)) => number::amount(&fields[slot], THOUSANDTHS).unwrap_or(None),
            };
            let series = self.series(at, arm, fields)?;
            let lacks = match slice.valued {
                Some(Measured::Latency) => unmeasured,
                Some(Measured::Column(_)) => value.is_none(),
                None => false,
            };
            let counted = |which: usize| match &slice.counted[which] {
                Which::All => true,
                Which::Errors => is_error,
                Which::Unmeasured => lacks,
                Which::When(when) => when.holds(fields),
            };
            self.seen.beyond += u64::from(value.is_some_and(|value| value > LONGEST));
            self.desk.count(series, step, counted, value);
        }
        Ok(wrong.map_or(Ok(()), Err))
    }

    /// A column with numbers that has none in a row that counts.
    #[inline]
    fn wrong_number(&self, fields: &[Value]) -> Option<(&'static str, Option<usize>)> {
        self.program.slices.iter().find_map(|slice| {
            let Some(Measured::Column(slot)) = slice.valued else { return None };
            let counts = slice.filter.as_ref().is_none_or(|filter| filter.holds(fields));
            let why = number::amount(&fields[slot], THOUSANDTHS).err().filter(|_| counts)?;
            Some((number_of(why), Some(slot)))
        })
    }

    /// The place of the arm among those that were seen; nothing where no condition holds. A row whose arm is left open where
    /// all others say theirs is no row of nobody's: those that failed early are often so.
    #[inline]
    fn arm(&mut self, fields: &[Value]) -> Result<Option<usize>, (&'static str, Option<usize>)> {
        let program = self.program;
        let name: &[u8] = match &program.arms {
            Whose::All(name) => name.as_bytes(),
            Whose::Column(slot) => match &fields[*slot] {
                Value::Missing => b"",
                Value::Text(text) => text.trim_ascii(),
                Value::Unescaped(text) => text.trim_ascii(),
                other => return Ok(Some(self.arm_named(plain(other).as_bytes()))),
            },
            Whose::When(arms) => match arms.iter().find(|(_, when)| when.holds(fields)) {
                Some((name, _)) => name.as_bytes(),
                None => return Ok(None),
            },
        };
        match &program.arms {
            Whose::Column(slot) if name.is_empty() || name == b"-" => Err(("does not say its arm", Some(*slot))),
            _ => Ok(Some(self.arm_named(name))),
        }
    }

    #[inline]
    fn arm_named(&mut self, name: &[u8]) -> usize {
        if let Some(last) = self.arms.get(self.last_arm)
            && is_same(last, name)
        {
            return self.last_arm;
        }
        self.last_arm = self.arms.iter().position(|known| is_same(known, name)).unwrap_or_else(|| {
            self.arms.push(name.into());
            self.counted.push(0);
            self.last_group.iter_mut().for_each(|arms| arms.push(None));
            self.arms.len() - 1
        });
        self.last_arm
    }

    /// The place of the series of a slice, arm and group on the desk.
    #[inline]
    fn series(&mut self, slice: usize, arm: usize, fields: &[Value]) -> Result<usize, Error> {
        let shown;
        let group: &[u8] = match self.program.slices[slice].by.as_slice() {
            [] => b"",
            [column] => match &fields[*column] {
                Value::Text(text) => text,
                Value::Unescaped(text) => text,
                other => {
                    shown = in_group(other).into_owned();
                    &shown
                }
            },
            several => {
                let values: Vec<_> = several.iter().map(|column| in_group(&fields[*column])).collect();
                shown = values.join(&(super::BETWEEN as u8));
                &shown
            }
        };
        if let Some((last, series)) = &self.last_group[slice][arm]
            && is_same(last, group)
        {
            return Ok(*series);
        }
        let counted = self.program.slices[slice].counted.len();
        let series = self.desk.series(slice, &self.arms[arm], group, counted)?;
        self.last_group[slice][arm] = Some((group.into(), series));
        Ok(series)
    }

    /// Counts requests that were counted before, for slices that the program has without their columns; the fields are those
    /// of the program's columns.
    pub(super) fn aggregate(
        &mut self,
        counted: &Aggregate,
        slices: &[Slice],
        time: i64,
        fields: &[Value],
    ) -> Result<(), Error> {
        self.seen.rows += counted.requests;
        let program = self.program;
        if program.only.as_ref().is_some_and(|only| !only.holds(fields)) {
            self.seen.filtered += counted.requests;
            return Ok(());
        }
        if !self.when.contain(time) {
            self.seen.outside += counted.requests;
            return Ok(());
        }
        let Ok(Some(arm)) = self.arm(fields) else {
            self.seen.armless += counted.requests;
            return Ok(());
        };
        let step = self.when.step(time);
        self.counted[arm] += counted.requests;
        for (at, (slice, asked)) in program.slices.iter().zip(slices).enumerate() {
            if slice.filter.as_ref().is_some_and(|filter| !filter.holds(fields)) {
                continue;
            }
            let counts = slice.counted.iter().zip(&asked.counted).map(|(which, (_, asked))| match (which, asked) {
                (_, Counted::Errors | Counted::ErrorsIfKnown) => counted.errors.unwrap_or(0),
                // a histogram has fewer requests than were counted where some had no latency
                (_, Counted::Unmeasured) => {
                    counted.requests.saturating_sub(counted.bins.as_ref().map_or(0, |bins| bins.total()))
                }
                (Which::When(when), _) if !when.holds(fields) => 0,
                _ => counted.requests,
            });
            let counts: Vec<u64> = counts.collect();
            let series = self.series(at, arm, fields)?;
            let bins = counted.bins.as_ref().filter(|_| asked.valued.is_some());
            self.desk.add(series, step, &counts, bins);
        }
        Ok(())
    }

    /// Gives everything to the store and tells what became of the rows.
    pub(super) fn finish(mut self) -> Seen {
        self.desk.pack();
        for (arm, counted) in self.arms.into_iter().zip(self.counted) {
            self.seen.of_arms.entry(arm).or_default().0 += counted;
        }
        self.seen
    }
}

/// How long it took; nothing where nobody measures it, as of what a load balancer answers by itself.
#[inline]
pub(super) fn took(fields: &[Value], took: &Took) -> Result<Option<u64>, (&'static str, Option<usize>)> {
    let of = |slot: usize| number::amount(&fields[slot], took.power);
    let wrong = |slot: usize| move |why: &'static str| (latency_of(why), Some(slot));
    match &took.from {
        From::One(slot) => match of(*slot).map_err(wrong(*slot))? {
            None => Err((NO_LATENCY, Some(*slot))),
            some => Ok(some),
        },
        From::Written(slot) if number::is_empty(&fields[*slot]) => Err((NO_LATENCY, Some(*slot))),
        From::Written(slot) => match &fields[*slot] {
            Value::Text(text) => number::with_unit(text).map(Some),
            Value::Unescaped(text) => number::with_unit(text).map(Some),
            _ => None,
        }
        .ok_or(("has a latency without its unit", Some(*slot))),
        From::Sum(slots) => {
            let mut sum = 0_u64;
            for slot in slots {
                match of(*slot) {
                    Ok(Some(part)) => sum = sum.saturating_add(part),
                    // nobody answered: a request without a latency
                    Ok(None) | Err(NEGATIVE) => return Ok(None),
                    Err(why) => return Err(wrong(*slot)(why)),
                }
            }
            Ok(Some(sum))
        }
        From::Between(start, end) => match (of(*start).map_err(wrong(*start))?, of(*end).map_err(wrong(*end))?) {
            (Some(start), Some(finished)) if finished >= start => Ok(Some(finished - start)),
            (Some(_), Some(_)) => Err(("ends before it begins", Some(*end))),
            _ => Err((NO_LATENCY, Some(*end))),
        },
    }
}

/// What a cell is called among the values of a group.
fn in_group<'v>(value: &'v Value) -> Cow<'v, [u8]> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Unescaped(text) => Cow::Borrowed(text),
        Value::Missing => Cow::Borrowed(b"(none)"),
        other => Cow::Owned(plain(other).into_bytes()),
    }
}

/// Whether two short names are equal; a call of the library's comparison takes longer than they do.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a == b)
}

fn latency_of(why: &'static str) -> &'static str {
    match why {
        NEGATIVE => "has a negative latency",
        NO_NUMBER => WORD,
        other => other,
    }
}

fn number_of(why: &'static str) -> &'static str {
    match why {
        NEGATIVE => "has a negative number",
        NO_NUMBER => "has a word instead of a number",
        other => other,
    }
}

/// `latency_ms is "abc"`.
fn shown(column: &str, value: &Value) -> String {
    format!("{column} is {}", cut(&plain(value)))
}

/// A text in quotes, cut where it is long.
pub(super) fn cut(text: &str) -> String {
    let short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("\"{short}{more}\"")
}
