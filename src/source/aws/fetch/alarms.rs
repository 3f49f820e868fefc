//! CloudWatch alarms as a series: in each step, how many of them were in alarm at any moment of it.
//!
//! ```text
//!  DescribeAlarms ──► state now, and since when ──► unchanged since the window began: that state, all the time
//!                                               └─► else DescribeAlarmHistory ──► its changes, each with the state before
//! ```
//!
//! So an alarm that did not move costs no call of its own. The history is read on until the first change after the
//! window, since that one says which state the window ended in. A change that the alarm itself tells of and the history
//! does not have yet is an error: half a history would be an all-clear that nobody gave.

mod states;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{AlarmHistoryItem, AlarmType, HistoryItemType, ScanBy};
use aws_smithy_types::DateTime;

use super::client::Clients;
use super::{Answered, Asked};
use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::Brought;
use crate::source::aws::{ALARMS, Alarms};
use crate::source::error::{listed, nearest, quoted};
use crate::source::file::Sheet;
use crate::source::{Error, Source, Told};
use states::{Alarm, Change, State};

/// So long the states of an alarm are remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many names go into one call, and so many answers into a page.
const AT_ONCE: usize = 100;
/// So many pages are looked through for the name that was probably meant.
const PAGES_FOR_A_HINT: usize = 5;

/// What was found of some alarms.
struct Found {
    rows: BTreeMap<Timestamp, f64>,
    notes: Vec<String>,
}

/// Answers the questions; the same alarms at the same time are asked about once.
pub(super) async fn ask(clients: &Clients<'_>, asked: &[Asked<'_>]) -> Vec<Answered> {
    let mut known: Vec<(&Alarms, Window, Result<Found, Error>)> = Vec::new();
    let mut answered = Vec::new();
    for (at, question) in asked {
        let Source::Alarms(alarms) = &question.query.source else {
            answered.push((*at, Err(Error::unreadable("is not a question about alarms"))));
            continue;
        };
        let shown = question.query.source.shown();
        let same = known.iter().position(|(one, window, _)| *one == alarms && *window == question.window);
        let place = match same {
            Some(place) => place,
            None => {
                let found = find(clients, alarms, question.window).await.map_err(|error| error.within(&shown));
                known.push((alarms, question.window, found));
                known.len() - 1
            }
        };
        let brought = known[place].2.as_ref().map_err(Clone::clone).and_then(|found| {
            let sheet = Sheet::of_points(&shown, &[(ALARMS.to_owned(), found.rows.clone())])?;
            Ok(Brought::rows(sheet, found.notes.clone()))
        });
        answered.push((*at, brought));
    }
    answered
}

async fn find(clients: &Clients<'_>, asked: &Alarms, window: Window) -> Result<Found, Error> {
    let now = clients.outside.now;
    if now.duration_since(window.start) > REMEMBERED {
        let problem = format!("the window begins at {}, and the states of an alarm are kept for 30 days", window.start);
        return Err(Error::unreadable(problem).hint("Judge a later window, or a recording of that time."));
    }
    let mut alarms = described(clients, asked).await?;
    let moved = |alarm: &&mut Alarm| alarm.since.is_none_or(|since| since >= window.start);
    let of = alarms.values_mut().filter(moved).count() as u64;
    for (done, alarm) in (0u64..).zip(alarms.values_mut().filter(moved)) {
        (clients.outside.told)(Told::Progress { what: "histories of alarms", done, of: Some(of) });
        history(clients, asked, alarm, window).await?;
    }
    let alarms: Vec<Alarm> = alarms.into_values().collect();
    let blind: Vec<&str> =
        alarms.iter().filter(|alarm| alarm.is_blind(window)).map(|alarm| alarm.name.as_str()).collect();
    if !blind.is_empty() {
        let told = format!(
            "{}: INSUFFICIENT_DATA in the whole window, so nothing was watched there",
            listed(blind.iter().copied())
        );
        (clients.outside.told)(Told::Doubt(format!("alarms {told}")));
    }
    // Where no alarm saw anything, nothing was measured: that none was in alarm is no answer.
    let rows = match blind.len() == alarms.len() {
        true => BTreeMap::new(),
        false => states::rows(&alarms, window, asked.step, now),
    };
    Ok(Found { rows, notes: states::notes(&alarms, window) })
}

/// The alarms, by name: all of the names, each of which has to exist, and what the prefix finds.
async fn described(clients: &Clients<'_>, asked: &Alarms) -> Result<BTreeMap<String, Alarm>, Error> {
    let mut found = BTreeMap::new();
    for names in asked.names.chunks(AT_ONCE) {
        pages(clients, asked, Which::Names(names), usize::MAX, &mut found).await?;
    }
    let missing: Vec<&str> = asked.names.iter().filter(|name| !found.contains_key(*name)).map(String::as_str).collect();
    if let Some(first) = missing.first() {
        let problem = match missing.len() {
            1 => format!("there is no alarm {}", quoted(first)),
            n => format!("{n} of the alarms do not exist: {}", listed(missing.iter().copied())),
        };
        return Err(Error::unreadable(problem).hint(hint(clients, asked, first).await));
    }
    if let Some(prefix) = &asked.prefix {
        let mut begin_so = BTreeMap::new();
        pages(clients, asked, Which::Prefix(prefix), usize::MAX, &mut begin_so).await?;
        if begin_so.is_empty() {
            let problem = format!("no alarm has a name that begins with {}", quoted(prefix));
            return Err(Error::unreadable(problem).hint(hint(clients, asked, prefix).await));
        }
        found.extend(begin_so);
    }
    if found.is_empty() {
        return Err(
            Error::unreadable("no alarm is named").hint("Write `names: [checkout-5xx]` or `prefix: checkout-`.")
        );
    }
    Ok(found)
}

/// What to write instead of a name that is none, as far as that can be known.
async fn hint(clients: &Clients<'_>, asked: &Alarms, wanted: &str) -> String {
    let mut all = BTreeMap::new();
    // Without the permission for it there is only less to say.
    let looked = pages(clients, asked, Which::All, PAGES_FOR_A_HINT, &mut all).await;
    match nearest(wanted, all.keys().map(String::as_str)) {
        Some(name) => format!("Did you mean {}?", quoted(name)),
        None if looked.is_ok() && all.is_empty() => {
            "There is no alarm at all: is it the right region and account?".into()
        }
        None if looked.is_ok() => format!("There are {}.", listed(all.keys().map(String::as_str))),
        None => "Names are case-sensitive; `aws cloudwatch describe-alarms` lists them.".into(),
    }
}

/// Which alarms to describe.
#[derive(Clone, Copy)]
enum Which<'a> {
    Names(&'a [String]),
    Prefix(&'a str),
    All,
}

/// Describes alarms, page by page, up to so many.
async fn pages(
    clients: &Clients<'_>,
    asked: &Alarms,
    which: Which<'_>,
    most: usize,
    found: &mut BTreeMap<String, Alarm>,
) -> Result<(), Error> {
    let client = clients.cloudwatch(&asked.access).await?;
    let mut token: Option<String> = None;
    for _ in 0..most {
        let call = client.describe_alarms().max_records(AT_ONCE as i32).set_next_token(token.clone());
        let call = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let call = match which {
            Which::Names(names) => call.set_alarm_names(Some(names.to_vec())),
            Which::Prefix(prefix) => call.alarm_name_prefix(prefix),
            Which::All => call,
        };
        let page = call.send().await.map_err(|error| clients.fault("DescribeAlarms", &error))?;
        let metric = page.metric_alarms().iter().map(|alarm| {
            let since = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
            (alarm.alarm_name(), alarm.state_value(), since, AlarmType::MetricAlarm)
        });
        let composite = page.composite_alarms().iter().map(|alarm| {
            let since = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
            (alarm.alarm_name(), alarm.state_value(), since, AlarmType::CompositeAlarm)
        });
        for (name, state, since, kind) in metric.chain(composite) {
            let Some(name) = name else {
                return Err(Error::unreadable("DescribeAlarms answered an alarm without a name"));
            };
            let state = State::read(state.map_or("", |state| state.as_str()));
            let state = state.map_err(|error| named(error, name))?;
            let since = since.map(instant).transpose().map_err(|error| named(error, name))?;
            found.insert(name.to_owned(), Alarm { name: name.to_owned(), kind, state, since, changes: Vec::new() });
        }
        let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(());
        }
        if next == token {
            return Err(repeated("DescribeAlarms"));
        }
        token = next;
    }
    Ok(())
}

/// Reads when an alarm changed, from the window's beginning to the first change after it.
async fn history(clients: &Clients<'_>, asked: &Alarms, alarm: &mut Alarm, window: Window) -> Result<(), Error> {
    let client = clients.cloudwatch(&asked.access).await?;
    let start = DateTime::from_secs(window.start.as_second());
    let mut token: Option<String> = None;
    loop {
        let call = client.describe_alarm_history().alarm_name(&alarm.name).alarm_types(alarm.kind.clone());
        let call = call.history_item_type(HistoryItemType::StateUpdate).scan_by(ScanBy::TimestampAscending);
        let call = call.start_date(start).max_records(AT_ONCE as i32).set_next_token(token.clone());
        let page = call.send().await.map_err(|error| clients.fault("DescribeAlarmHistory", &error))?;
        let items = page.alarm_history_items().iter().filter(|item| is_of(item, alarm));
        let changes: Result<Vec<Change>, Error> = items.map(change).collect();
        alarm.changes.extend(changes.map_err(|error| named(error, &alarm.name))?);
        let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
        if next.is_none() || alarm.changes.iter().any(|change| change.at >= window.end) {
            return alarm.complete(next.is_none(), window);
        }
        if next == token {
            return Err(repeated("DescribeAlarmHistory"));
        }
        token = next;
    }
}

/// Whether an item tells of the alarm's own state: not of one of the series that it watches, nor of another alarm.
fn is_of(item: &AlarmHistoryItem, alarm: &Alarm) -> bool {
    let update = item.history_item_type().is_none_or(|kind| *kind == HistoryItemType::StateUpdate);
    update && item.alarm_contributor_id().is_none() && item.alarm_name().is_none_or(|name| name == alarm.name)
}

fn change(item: &AlarmHistoryItem) -> Result<Change, Error> {
    let at = item.timestamp().ok_or_else(|| Error::unreadable("its history has a change without a time"))?;
    let data = item.history_data().unwrap_or_default();
    let unreadable = || {
        let error = Error::unreadable("is a change of an alarm that cannot be read").value(data);
        error.expected("JSON with oldState.stateValue and newState.stateValue")
    };
    let data: serde_json::Value = serde_json::from_str(data).map_err(|_| unreadable())?;
    let state = |which: &str| State::read(data[which]["stateValue"].as_str().ok_or_else(unreadable)?);
    Ok(Change { at: instant(at)?, from: Some(state("oldState")?), to: state("newState")? })
}

fn instant(time: &DateTime) -> Result<Timestamp, Error> {
    let nanos = i32::try_from(time.subsec_nanos()).unwrap_or(0);
    Timestamp::new(time.secs(), nanos).map_err(|_| Error::unreadable("is not a time").value(&time.secs().to_string()))
}

fn named(mut error: Error, name: &str) -> Error {
    error.about.problem = format!("{} (alarm {})", error.about.problem, quoted(name));
    error
}

fn repeated(action: &str) -> Error {
    Error::unreachable(format!("{action} gave the same page again"))
        .hint("What was answered may not be all there is; try again.")
}
