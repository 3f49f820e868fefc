//! What a request for a canary may ask: scopes that its metrics know, over one past time of equal steps.
//!
//! A request with times left out or at odds would be judged on times that nobody meant.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::question::LONGEST_TIME;

/// Clocks differ by so much.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// The sides of a scope.
pub(super) const SIDES: [&str; 2] = ["controlScope", "experimentScope"];

/// The time of one side.
#[derive(PartialEq)]
struct Time {
    start: Timestamp,
    end: Timestamp,
    step: i64,
}

/// Why a request cannot be judged, if so; its shape is known to be right.
pub(super) fn wrong(config: &Value, request: &Value, now: Timestamp) -> Option<String> {
    let scopes = request["scopes"].as_object()?;
    for metric in config["metrics"].as_array().into_iter().flatten() {
        if let Some(scope) = metric["scopeName"].as_str().filter(|scope| !scopes.contains_key(*scope)) {
            return Some(format!(
                "the metric {} is of the scope {scope:?}, which the request does not have",
                metric["name"]
            ));
        }
    }
    let mut first: Option<[Time; 2]> = None;
    for (name, scope) in scopes {
        let times =
            SIDES.map(|side| time(&scope[side], now).map_err(|why| format!("{side} of the scope {name:?}: {why}")));
        let [control, experiment] = times;
        let times = match (control, experiment) {
            (Ok(control), Ok(experiment)) => [control, experiment],
            (Err(why), _) | (_, Err(why)) => return Some(why),
        };
        if times[0].step != times[1].step {
            return Some(format!("the sides of the scope {name:?} have different steps: give both the same"));
        }
        match &first {
            Some(first) if *first != times => {
                return Some(format!(
                    "the scope {name:?} has another time than the first: davy judges one time at once"
                ));
            }
            Some(_) => {}
            None => first = Some(times),
        }
    }
    None
}

fn time(scope: &Value, now: Timestamp) -> Result<Time, String> {
    let instant = |key: &str| {
        let text = scope[key].as_str().ok_or_else(|| format!("it needs `{key}`"))?;
        text.parse::<Timestamp>().map_err(|_| format!("`{key}` is not an instant: write `2026-11-21T10:00:00Z`"))
    };
    let (start, end) = (instant("start")?, instant("end")?);
    let step = scope["step"].as_i64().or_else(|| scope["step"].as_str()?.parse().ok());
    let step = step.filter(|step| *step > 0).ok_or("it needs `step`, in whole seconds above 0")?;
    if start >= end {
        return Err("`end` is not after `start`".into());
    }
    if end.duration_since(start) > LONGEST_TIME {
        return Err("it lasts longer than 31 days: ask for a shorter time".into());
    }
    if end.duration_since(now) > AHEAD {
        return Err("`end` is in the future: ask again when it has passed".into());
    }
    Ok(Time { start, end, step })
}
