//! The account of a pass: what became of the rows, and where those stand that could not be read.

use std::collections::BTreeMap;

use super::inputs::Input;
use super::worker::{BadSeen, Seen};
use super::{Account, BadRows, OfArm, Requests, When};
use crate::series::Timestamp;
use crate::source::error::Error;

/// When a step begins.
pub(super) fn beginning(when: &When) -> impl Fn(i64) -> Option<Timestamp> {
    let (origin, step) = (when.origin.as_nanosecond(), when.step.as_nanos().max(1));
    move |at| Timestamp::from_nanosecond(origin + i128::from(at) * step).ok()
}

/// What each chunk of each input has.
pub(super) type Chunks = BTreeMap<(usize, usize), Has>;

/// What a chunk has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Has {
    pub(super) lines: usize,
    /// How many of the lines are rows, sound or not.
    pub(super) rows: u64,
}

/// What all workers saw, and how many lines each chunk has.
pub(super) fn all_seen(parts: Vec<(Seen, Chunks)>) -> (Seen, Chunks) {
    parts.into_iter().fold((Seen::default(), Chunks::new()), |(seen, mut chunks), (more, counted)| {
        chunks.extend(counted);
        (seen.and(more), chunks)
    })
}

/// What was seen, with places that a person finds.
pub(super) fn account(seen: Seen, inputs: &[Input], chunks: &Chunks, what: &str) -> Account {
    let line = |(at, chunk, line): (usize, usize, usize)| {
        chunks.range((at, 0)..(at, chunk)).map(|(_, has)| has.lines).sum::<usize>() + line + 1
    };
    // where no row at all can be read, the file is something else, and is not quoted
    let is_log = seen.bad.values().map(|bad| bad.count).sum::<u64>() < seen.rows;
    let examples = |(why, bad): (&'static str, BadSeen)| {
        let example = |(place, text): ((usize, usize, usize), String)| {
            let text = if is_log { format!(": {text}") } else { String::new() };
            // an answer of an engine is no input
            let shown = inputs.get(place.0).map_or("the answer".to_owned(), Input::shown);
            format!("{shown}, {what} {}{text}", line(place))
        };
        (why, BadRows { count: bad.count, examples: bad.examples.into_iter().map(example).collect() })
    };
    let of_arm = |(name, (counted, bad)): (Box<[u8]>, (u64, u64))| {
        (String::from_utf8_lossy(&name).into_owned(), OfArm { counted, bad })
    };
    let mut rows_of: BTreeMap<usize, u64> = BTreeMap::new();
    chunks.iter().for_each(|((at, _), has)| *rows_of.entry(*at).or_default() += has.rows);
    let rowless = rows_of.into_iter().filter(|(_, rows)| *rows == 0).map(|(at, _)| inputs[at].shown());
    Account {
        rowless: rowless.collect(),
        rows: seen.rows,
        outside: seen.outside,
        filtered: seen.filtered,
        armless: seen.armless,
        beyond: seen.beyond,
        bad: seen.bad.into_iter().map(examples).collect(),
        unmeasured: seen.unmeasured.into_iter().map(examples).collect(),
        arms: seen.of_arms.into_iter().map(of_arm).collect(),
        ahead: seen.ahead,
        ..Account::default()
    }
}

/// An error where there are more bad rows than may be.
pub(super) fn bearable(log: &Requests, account: &Account) -> Result<(), Error> {
    let bad: u64 = account.bad.values().map(|bad| bad.count).sum();
    if bad == 0 || bad as f64 <= log.max_bad * account.rows as f64 {
        return Ok(());
    }
    let percent = 100.0 * bad as f64 / account.rows as f64;
    let mut problem = format!("{bad} of {} rows ({percent:.3} %) cannot be read:", account.rows);
    for (why, rows) in &account.bad {
        let such_as = if rows.examples.is_empty() { "" } else { ", such as" };
        problem.push_str(&format!("\n  {} {why}{such_as}", rows.count));
        rows.examples.iter().for_each(|example| problem.push_str(&format!("\n    {example}")));
    }
    let hint = format!(
        "At most {} % may be (`max_bad_rows`). Is the format right, and are the columns the right ones?",
        100.0 * log.max_bad
    );
    Err(Error::unreadable(problem).hint(hint).within(&log.shown))
}
