//! The states of alarms over time: from what is known now and what changed, to how many were in alarm in which step.
//!
//! Between two changes both say which state it was: the one before by what it led to, the one after by what it came
//! from. Where they differ something happened that was not written down, and the worse of the two is taken.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::AlarmType;

use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::Error;
use crate::source::error::{listed, quoted};

/// So many alarms are told of one by one.
const TOLD: usize = 5;

/// What an alarm says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Fine,
    Alarm,
    Blind,
}

/// One change of an alarm's state; where it came from is not known of one that is missing in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub at: Timestamp,
    pub from: Option<State>,
    pub to: State,
}

/// An alarm: its state now, since when, and the changes that were read, in their order.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub name: String,
    pub kind: AlarmType,
    pub state: State,
    pub since: Option<Timestamp>,
    pub changes: Vec<Change>,
}

impl State {
    pub fn read(text: &str) -> Result<State, Error> {
        match text {
            "OK" => Ok(State::Fine),
            "ALARM" => Ok(State::Alarm),
            "INSUFFICIENT_DATA" => Ok(State::Blind),
            _ => Err(Error::unreadable("is not a state of an alarm")
                .value(text)
                .expected("OK, ALARM or INSUFFICIENT_DATA")),
        }
    }
}

impl Alarm {
    /// Makes the changes a whole: in order, and up to the present where all were read (`to_the_end`).
    pub fn complete(&mut self, to_the_end: bool, window: Window) -> Result<(), Error> {
        self.changes.sort_by_key(|change| change.at);
        let last = self.changes.last().copied();
        if !to_the_end || last.is_some_and(|last| last.to == self.state) {
            return Ok(());
        }
        // One that is new and saw nothing has no history; it begins so.
        if last.is_none() && self.state == State::Blind {
            return Ok(());
        }
        let since = self.since.filter(|since| last.is_none_or(|last| *since >= last.at));
        match (last, since) {
            // Its last change is not in the history yet, but where it came from and when it was is known.
            (Some(last), Some(at)) => self.changes.push(Change { at, from: Some(last.to), to: self.state }),
            (_, since) => {
                let when = since.map(|at| format!(" at {at}")).unwrap_or_default();
                let problem = format!(
                    "alarm {} changed{when}, and its history since {} does not say from what",
                    quoted(&self.name),
                    window.start
                );
                return Err(
                    Error::unreachable(problem).hint("A history may lag by some seconds: try again in a minute.")
                );
            }
        }
        Ok(())
    }

    /// The stretches of one state between the changes, from before the window to after it.
    fn stretches(&self) -> Vec<(Timestamp, Timestamp, State)> {
        let mut stretches = Vec::new();
        let (mut start, mut state) = (Timestamp::MIN, None);
        for change in &self.changes {
            stretches.push((start, change.at, worse(state, change.from).unwrap_or(State::Blind)));
            (start, state) = (change.at, Some(change.to));
        }
        stretches.push((start, Timestamp::MAX, state.unwrap_or(self.state)));
        stretches
    }

    /// The stretches in alarm that touch a window.
    fn alarms(&self, window: Window) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let touch = move |(start, end, state): &(Timestamp, Timestamp, State)| {
            *state == State::Alarm && touches(*start, *end, window)
        };
        self.stretches().into_iter().filter(touch).map(|(start, end, _)| (start, end))
    }

    /// Whether it saw nothing in the whole window.
    pub fn is_blind(&self, window: Window) -> bool {
        self.stretches().iter().all(|(start, end, state)| *state == State::Blind || !touches(*start, *end, window))
    }
}

/// Whether a stretch has a moment in the window; one of no length is at its start.
fn touches(start: Timestamp, end: Timestamp, window: Window) -> bool {
    start < window.end && (end > window.start || start >= window.start)
}

fn worse(one: Option<State>, other: Option<State>) -> Option<State> {
    match (one, other) {
        (Some(State::Alarm), _) | (_, Some(State::Alarm)) => Some(State::Alarm),
        (one, other) => other.or(one),
    }
}

/// How many alarms were in alarm at any moment of each step that is over.
pub(super) fn rows(alarms: &[Alarm], window: Window, step: SignedDuration, now: Timestamp) -> BTreeMap<Timestamp, f64> {
    let mut rows = BTreeMap::new();
    let mut start = window.start;
    while let Ok(end) = start.checked_add(step) {
        if step <= SignedDuration::ZERO || end > window.end || end > now {
            break;
        }
        let count = alarms.iter().filter(|alarm| alarm.alarms(Window { start, end }).next().is_some()).count();
        rows.insert(start, count as f64);
        start = end;
    }
    rows
}

/// Which alarms were in alarm and since when; and which saw nothing, so that their silence means nothing.
pub(super) fn notes(alarms: &[Alarm], window: Window) -> Vec<String> {
    let mut notes = Vec::new();
    let mut more = 0;
    for alarm in alarms {
        let times: Vec<(Timestamp, Timestamp)> = alarm.alarms(window).collect();
        let Some((start, end)) = times.first().copied() else { continue };
        if notes.len() == TOLD {
            more += 1;
            continue;
        }
        let since = match start < window.start {
            true if alarm.changes.is_empty() => match alarm.since {
                Some(since) => format!("since {}", seconds(since)),
                None => "all the time".to_owned(),
            },
            true => "from before the window".to_owned(),
            false => format!("from {}", seconds(start)),
        };
        let until = if end < window.end { format!(" to {}", seconds(end)) } else { String::new() };
        let again = if times.len() > 1 { format!(", {} times in all", times.len()) } else { String::new() };
        notes.push(format!("alarm {} was in ALARM {since}{until}{again}", quoted(&alarm.name)));
    }
    if more > 0 {
        notes.push(format!("{more} more alarms were in ALARM"));
    }
    let blind: Vec<&str> =
        alarms.iter().filter(|alarm| alarm.is_blind(window)).map(|alarm| alarm.name.as_str()).collect();
    if !blind.is_empty() {
        notes.push(format!("{} saw nothing: INSUFFICIENT_DATA in the whole window", listed(blind)));
    }
    notes
}

fn seconds(at: Timestamp) -> Timestamp {
    at.round(jiff::Unit::Second).unwrap_or(at)
}
