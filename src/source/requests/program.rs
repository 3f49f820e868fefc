//! What has to be done for a row, worked out once before the first: which columns are needed, each in a slot, and what the
//! fields in the slots are asked for.

use std::collections::HashMap;

use super::clock::{Clock, InZone};
use super::condition::Compiled;
use super::outcome::{self, Ended, Means};
use super::recipe::{LatencyFrom, Lines, Recipe, TimeFrom};
use super::{Arms, Condition, Counted, NO_ARM, Requests, Slice, TimeUnit, Value, Valued};
use crate::source::error::{Error, columns, quoted};
use crate::source::file::usual as column;

/// What servers call the time of a request; what comes first is preferred.
const TIMES: [&str; 13] = [
    "time_iso8601",
    "time_local",
    "msec",
    "start_time",
    "startTime",
    "StartUTC",
    "started_at",
    "requestTime",
    "request_timestamp",
    "eventTime",
    "event_time",
    "@t",
    "datetime_utc",
];

/// The work of one row.
pub(super) struct Program {
    /// The columns that are needed, by their slots.
    pub(super) columns: Vec<String>,
    pub(super) only: Option<Compiled>,
    pub(super) time: Time,
    pub(super) arms: Whose,
    pub(super) error: Bad,
    /// Nothing where no slice measures it.
    pub(super) latency: Option<Took>,
    /// Whether the column of the latency says how a request ended: then a word there is no mistake.
    pub(super) says_end: bool,
    pub(super) slices: Vec<Part>,
    /// Whether any slice measures another column than the latency.
    pub(super) measures_columns: bool,
    /// Whether rows may have other columns than the first: then a wrong name is found out at the end.
    pub(super) open: bool,
    /// The columns that somebody named, each with the key that names it.
    pub(super) named: Vec<(&'static str, String)>,
}

/// The slots with the time.
pub(super) enum Time {
    One(usize),
    Joined(usize, usize, InZone),
    /// In a way of `strftime`.
    Formed(usize, String),
}

/// Whose request a row is.
pub(super) enum Whose {
    All(String),
    Column(usize),
    When(Vec<(String, Compiled)>),
}

/// Which requests are errors.
pub(super) enum Bad {
    /// Nobody asks.
    Unasked,
    /// The slot with the status.
    Status(usize),
    /// The slots of several columns, or of one that is no status.
    Ends(Vec<(usize, Means)>),
    When(Compiled),
}

/// The slots with the latency, and how many nanoseconds one unit of their numbers is, as a power of ten.
pub(super) struct Took {
    pub(super) from: From,
    pub(super) power: u32,
}

pub(super) enum From {
    One(usize),
    /// A column whose cells say their unit.
    Written(usize),
    Sum(Vec<usize>),
    Between(usize, usize),
}

/// One slice.
pub(super) struct Part {
    pub(super) filter: Option<Compiled>,
    pub(super) by: Vec<usize>,
    pub(super) counted: Vec<Which>,
    pub(super) valued: Option<Measured>,
}

/// Which rows are counted.
pub(super) enum Which {
    All,
    Errors,
    /// Those without what the slice measures.
    Unmeasured,
    When(Compiled),
}

/// What is measured.
pub(super) enum Measured {
    Latency,
    Column(usize),
}

/// The names that the first input has for its columns: what is usual is looked for among them.
pub(super) struct Names<'a> {
    pub(super) known: &'a [String],
    /// Whether there can be others (keys of JSON objects).
    pub(super) open: bool,
}

impl Names<'_> {
    fn has(&self, name: &str) -> bool {
        self.known.iter().any(|known| known == name)
    }

    /// A column that somebody named.
    fn named(&self, name: &str, key: &str) -> Result<(), Error> {
        if self.open || self.has(name) {
            return Ok(());
        }
        let problem = format!("has no column {}, which {key} names", quoted(name));
        Err(Error::unreadable(problem).hint(self.shown()))
    }

    fn shown(&self) -> String {
        columns(self.known.iter().map(String::as_str))
    }
}

#[derive(Default)]
struct Slots {
    columns: Vec<String>,
    places: HashMap<String, usize>,
}

impl Slots {
    fn of(&mut self, column: &str) -> usize {
        if let Some(known) = self.places.get(column) {
            return *known;
        }
        self.columns.push(column.to_owned());
        self.places.insert(column.to_owned(), self.columns.len() - 1);
        self.columns.len() - 1
    }

    fn compiled(&mut self, condition: &Condition) -> Compiled {
        Compiled::new(condition, &mut |column| self.of(column))
    }
}

impl Program {
    /// When a row was.
    #[inline]
    pub(super) fn instant(&self, clock: &mut Clock, fields: &[Value]) -> Result<i64, (&'static str, Option<usize>)> {
        match &self.time {
            Time::One(slot) => clock.instant(&fields[*slot]).map_err(|why| (why, Some(*slot))),
            Time::Joined(date, of_day, zone) => {
                clock.joined(&fields[*date], &fields[*of_day], *zone).map_err(|why| (why, Some(*of_day)))
            }
            Time::Formed(slot, form) => clock.formed(&fields[*slot], form).map_err(|why| (why, Some(*slot))),
        }
    }

    /// How the request of a row ended; well, if nobody asks.
    #[inline]
    pub(super) fn ended(&self, fields: &[Value]) -> Result<Ended, (&'static str, Option<usize>)> {
        match &self.error {
            Bad::Unasked => Ok(Ended::Well),
            Bad::When(when) if when.holds(fields) => Ok(Ended::Badly),
            Bad::When(_) => Ok(Ended::Well),
            Bad::Status(slot) => match outcome::of_status(&fields[*slot]) {
                Ok(Some(ended)) => Ok(ended),
                Ok(None) => Err(("has no status", Some(*slot))),
                Err(why) => Err((why, Some(*slot))),
            },
            Bad::Ends(columns) => ended(fields, columns),
        }
    }

    /// The work for these slices over rows of a format, with columns of these names.
    pub(super) fn new(log: &Requests, recipe: &Recipe, slices: &[Slice], names: &Names) -> Result<Program, Error> {
        let named = check_named(log, slices, names)?;
        let mut slots = Slots::default();
        let time = time(log, recipe, names, &mut slots)?;
        let only = Condition::both(recipe.only.clone(), log.filter.clone()).map(|only| slots.compiled(&only));
        let arms = match &log.arms {
            Arms::All(name) => Whose::All(name.clone()),
            Arms::Column(Some(column)) => Whose::Column(slots.of(column)),
            Arms::Column(None) => match names.known.iter().find(|name| column::is_usual_arm(name)) {
                Some(column) => Whose::Column(slots.of(column)),
                // whether all rows may be either arm's is not decided here
                None => Whose::All(NO_ARM.to_owned()),
            },
            Arms::When(arms) => {
                Whose::When(arms.iter().map(|(name, when)| (name.clone(), slots.compiled(when))).collect())
            }
        };
        let counts =
            |what: Counted| slices.iter().flat_map(|slice| &slice.counted).any(|(_, counted)| *counted == what);
        let error = match (counts(Counted::Errors), counts(Counted::ErrorsIfKnown)) {
            (true, _) => error_of(log, recipe, names, &mut slots)?,
            (false, true) => error_of(log, recipe, names, &mut slots).unwrap_or(Bad::Unasked),
            (false, false) => Bad::Unasked,
        };
        let measures = |what: Valued| slices.iter().any(|slice| slice.valued.as_ref() == Some(&what));
        let latency = match (measures(Valued::Latency), measures(Valued::LatencyIfKnown)) {
            (true, _) => Some(latency(log, recipe, names, &mut slots)?),
            // a column that was named has to say its unit
            (false, true) if log.columns.latency.is_some() => Some(latency(log, recipe, names, &mut slots)?),
            (false, true) => latency(log, recipe, names, &mut slots).ok(),
            (false, false) => None,
        };
        let says_end = condition_of_errors(log, recipe).zip(latency.as_ref()).is_some_and(|(condition, latency)| {
            let of = |slot: usize| condition.columns().contains(&slots.columns[slot].as_str());
            matches!(latency.from, From::One(slot) if of(slot))
        });
        let error = match (&error, &latency) {
            // which of those that no target answered went wrong, or which have a word for it in place of a number
            (Bad::Unasked, Some(Took { from, .. })) if says_end || matches!(from, From::Sum(_)) => {
                error_of(log, recipe, names, &mut slots).unwrap_or(Bad::Unasked)
            }
            _ => error,
        };
        let slices: Vec<Part> = slices.iter().map(|slice| part(slice, &mut slots)).collect();
        let measures_columns = slices.iter().any(|slice| matches!(slice.valued, Some(Measured::Column(_))));
        let (columns, open) = (slots.columns, names.open);
        Ok(Program { columns, only, time, arms, error, latency, says_end, slices, measures_columns, open, named })
    }
}

/// How a request ended, as several columns say it: a flag or a status that says it failed is right; the text of an error is, too,
/// unless the status says that the client is at fault.
fn ended(fields: &[Value], columns: &[(usize, Means)]) -> Result<Ended, (&'static str, Option<usize>)> {
    let (mut known, mut fault) = (None, None);
    for (slot, means) in columns {
        let Some(ended) = outcome::of(&fields[*slot], *means).map_err(|why| (why, Some(*slot)))? else { continue };
        match (means, ended) {
            (Means::Fault, ended) => fault = Some(ended),
            (_, Ended::Badly) => return Ok(Ended::Badly),
            (_, ended) if known != Some(Ended::Refused) => known = Some(ended),
            _ => {}
        }
    }
    let only_faults = columns.iter().all(|(_, means)| *means == Means::Fault);
    match (known, fault) {
        (Some(Ended::Refused), _) => Ok(Ended::Refused),
        (_, Some(Ended::Badly)) => Ok(Ended::Badly),
        (Some(ended), _) => Ok(ended),
        (None, _) if only_faults => Ok(Ended::Well),
        (None, _) => Err(("has no status", columns.first().map(|(slot, _)| *slot))),
    }
}

/// Columns that were named have to exist: a condition on one that does not would never hold, or always.
fn check_named(log: &Requests, slices: &[Slice], names: &Names) -> Result<Vec<(&'static str, String)>, Error> {
    let conditions = |key: &'static str, condition: Option<&Condition>| {
        let columns = condition.map(|condition| condition.columns()).unwrap_or_default();
        columns.into_iter().map(|column| (key, column.to_owned())).collect::<Vec<_>>()
    };
    let mut named = conditions("the source's `where`", log.filter.as_ref());
    named.extend(conditions("the source's `error`", log.columns.error.as_ref()));
    named.extend(log.columns.time.iter().map(|column| ("the source's `time`", column.clone())));
    named.extend(log.columns.status.iter().map(|column| ("the source's `status`", column.clone())));
    named.extend(log.columns.latency.iter().map(|latency| ("the source's `latency`", latency.column.clone())));
    match &log.arms {
        Arms::Column(column) => named.extend(column.iter().map(|column| ("the source's `arm`", column.clone()))),
        Arms::When(arms) => {
            arms.iter().for_each(|(_, when)| named.extend(conditions("the source's `arm`", Some(when))))
        }
        Arms::All(_) => {}
    }
    for slice in slices {
        named.extend(conditions("a metric's `where`", slice.filter.as_ref()));
        named.extend(slice.by.iter().map(|by| ("a metric's `by`", by.column.clone())));
        named.extend(slice.split.iter().map(|column| ("`localise`", column.clone())));
        for (_, counted) in &slice.counted {
            if let Counted::When(when) = counted {
                named.extend(conditions("a metric's `rate`", Some(when)));
            }
        }
        if let Some(Valued::Column(column)) = &slice.valued {
            named.push(("a metric's `value`", column.clone()));
        }
    }
    named.iter().try_for_each(|(key, column)| names.named(column, key))?;
    Ok(named)
}

fn part(slice: &Slice, slots: &mut Slots) -> Part {
    Part {
        filter: slice.filter.as_ref().map(|filter| slots.compiled(filter)),
        by: slice.by.iter().map(|by| &by.column).chain(&slice.split).map(|column| slots.of(column)).collect(),
        counted: slice
            .counted
            .iter()
            .map(|(_, counted)| match counted {
                Counted::Requests => Which::All,
                Counted::Errors | Counted::ErrorsIfKnown => Which::Errors,
                Counted::Unmeasured => Which::Unmeasured,
                Counted::When(when) => Which::When(slots.compiled(when)),
            })
            .collect(),
        valued: slice.valued.as_ref().map(|valued| match valued {
            Valued::Latency | Valued::LatencyIfKnown => Measured::Latency,
            Valued::Column(column) => Measured::Column(slots.of(column)),
        }),
    }
}

fn time(log: &Requests, recipe: &Recipe, names: &Names, slots: &mut Slots) -> Result<Time, Error> {
    if let Some(column) = &log.columns.time {
        let slot = slots.of(column);
        return Ok(match recipe.time_of(column) {
            Some(TimeFrom::Formed(_, form)) => Time::Formed(slot, form),
            _ => Time::One(slot),
        });
    }
    for from in &recipe.time {
        match from {
            TimeFrom::Column(column) if names.has(column) => return Ok(Time::One(slots.of(column))),
            TimeFrom::DateAndTime(date, of_day) if names.has(date) && names.has(of_day) => {
                return Ok(Time::Joined(slots.of(date), slots.of(of_day), InZone::Utc));
            }
            TimeFrom::Formed(column, form) if names.has(column) => {
                return Ok(Time::Formed(slots.of(column), form.clone()));
            }
            TimeFrom::LocalDateAndTime(date, of_day) if names.has(date) && names.has(of_day) => {
                return Ok(Time::Joined(slots.of(date), slots.of(of_day), InZone::OfSource));
            }
            _ => {}
        }
    }
    let ranked = names.known.iter().filter_map(|name| column::rank(name).map(|rank| (rank, name)));
    let best = ranked.clone().map(|(rank, _)| rank).min();
    let mut usual = ranked.filter(|(rank, _)| Some(*rank) == best).map(|(_, name)| name);
    match (usual.next(), usual.next()) {
        (Some(column), None) => Ok(Time::One(slots.of(column))),
        (Some(one), Some(other)) => {
            Err(Error::unreadable(format!("could be timed by {} or by {}", quoted(one), quoted(other)))
                .hint("Name the column with `time:` in the source."))
        }
        (None, _) => {
            if let Some(column) = TIMES.iter().find_map(|usual| names.known.iter().find(|known| known == usual)) {
                return Ok(Time::One(slots.of(column)));
            }
            let hint = format!("Name it with `time:` in the source. {}", names.shown());
            Err(Error::unreadable("has no column with a usual name for the time").hint(hint))
        }
    }
}

/// The condition that tells which requests are errors, if one does.
fn condition_of_errors<'a>(log: &'a Requests, recipe: &'a Recipe) -> Option<&'a Condition> {
    log.columns.error.as_ref().or(recipe.error.as_ref().filter(|_| log.columns.status.is_none()))
}

fn error_of(log: &Requests, recipe: &Recipe, names: &Names, slots: &mut Slots) -> Result<Bad, Error> {
    if let Some(error) = &log.columns.error {
        return Ok(Bad::When(slots.compiled(error)));
    }
    if let Some(status) = &log.columns.status {
        return Ok(Bad::Status(slots.of(status)));
    }
    if let Some(error) = &recipe.error {
        return Ok(Bad::When(slots.compiled(error)));
    }
    let ends = recipe.ends.iter().filter_map(|(usual, means)| {
        let known = names.known.iter().find(|known| known.eq_ignore_ascii_case(usual))?;
        Some((slots.of(known), *means))
    });
    match ends.collect::<Vec<_>>().as_slice() {
        [] => {
            let hint = format!("Write `status: COLUMN` or `error: \"…\"` in the source. {}", names.shown());
            Err(Error::unreadable("has no column with a usual name for the status, so errors are not known").hint(hint))
        }
        [(status, Means::Status)] => Ok(Bad::Status(*status)),
        several => Ok(Bad::Ends(several.to_vec())),
    }
}

fn latency(log: &Requests, recipe: &Recipe, names: &Names, slots: &mut Slots) -> Result<Took, Error> {
    if let Some(latency) = &log.columns.latency {
        let named = latency.column.rsplit_once('_').and_then(|(_, unit)| TimeUnit::named(unit));
        let known = recipe.latency_of(&latency.column);
        let slot = slots.of(&latency.column);
        let of_recipe = match known {
            Some(LatencyFrom::Column(_, unit)) => Some(unit),
            _ => None,
        };
        let laid = of_recipe.filter(|_| matches!(recipe.lines, Lines::Laid(_)));
        // a layout says it in so many words, a name comes second
        let hint = match laid {
            Some(unit) => format!("The layout says {}: correct one of them.", unit.name()),
            None => format!("Its name says {}: leave `unit` out.", named.map_or("", TimeUnit::name)),
        };
        let certain = laid.or(named);
        if let (Some(said), Some(certain)) = (latency.unit, certain)
            && said != certain
        {
            let problem =
                format!("(the source's `latency`) {} is configured in {}", quoted(&latency.column), said.name());
            return Err(Error::unreadable(problem).hint(hint));
        }
        if let Some(LatencyFrom::Written(_)) = known {
            return Ok(Took { from: From::Written(slot), power: TimeUnit::Nanoseconds.power() });
        }
        let Some(unit) = latency.unit.or(certain).or(of_recipe) else {
            let problem = format!("does not say what the numbers of {} are in", quoted(&latency.column));
            let hint = format!(
                "Write `latency: {{ column: {0}, unit: ms }}` in the source (`davy sketch --latency {0}:ms`).",
                latency.column
            );
            return Err(Error::unreadable(problem).hint(hint));
        };
        return Ok(Took { from: From::One(slot), power: unit.power() });
    }
    for from in &recipe.latency {
        match from {
            LatencyFrom::Column(column, unit) if names.has(column) => {
                return Ok(Took { from: From::One(slots.of(column)), power: unit.power() });
            }
            LatencyFrom::Written(column) if names.has(column) => {
                let power = TimeUnit::Nanoseconds.power();
                return Ok(Took { from: From::Written(slots.of(column)), power });
            }
            LatencyFrom::Sum(columns, unit) if columns.iter().all(|column| names.has(column)) => {
                let slots = columns.iter().map(|column| slots.of(column)).collect();
                return Ok(Took { from: From::Sum(slots), power: unit.power() });
            }
            LatencyFrom::Between(start, end, unit) if names.has(start) && names.has(end) => {
                return Ok(Took { from: From::Between(slots.of(start), slots.of(end)), power: unit.power() });
            }
            _ => {}
        }
    }
    let hint = format!("Write `latency: {{ column: …, unit: ms }}` in the source. {}", names.shown());
    Err(Error::unreadable("has no column with a usual name for the latency").hint(hint))
}
