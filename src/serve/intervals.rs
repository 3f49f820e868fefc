//! When the judgements of a standalone analysis are, and which time each of them is about.
//!
//! The request says how long the analysis lasts and how often it judges. Kayenta ignores a key that it does not know, and judges a time
//! that lies ahead. Here neither is: a gate would pass on a time that nobody meant.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::question::LONGEST_TIME;

/// A store knows a time for good so long after it has passed.
const SETTLE: SignedDuration = SignedDuration::from_mins(1);
/// Judgements of an analysis, at most.
const MOST: i64 = 1_000;
/// What a request may say.
const KEYS: [&str; 7] = [
    "scopes",
    "thresholds",
    "lifetimeDurationMins",
    "beginAfterMins",
    "lookbackMins",
    "analysisIntervalMins",
    "siteLocal",
];
/// What a scope may say.
const KEYS_OF_A_SCOPE: [&str; 10] = [
    "scopeName",
    "controlScope",
    "controlLocation",
    "controlOffsetInMinutes",
    "experimentScope",
    "experimentLocation",
    "startTimeIso",
    "endTimeIso",
    "step",
    "extendedScopeParams",
];

/// The judgements of an analysis, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intervals {
    /// When the time begins that is judged.
    start: Timestamp,
    /// The time between two judgements.
    every: SignedDuration,
    /// How many judgements there are.
    pub(super) of: usize,
    /// How far a judgement reaches back; to the start if nothing is said.
    lookback: Option<SignedDuration>,
    /// No judgement is before this instant.
    not_before: Timestamp,
    /// Whether judgements wait for their time by the clock, also where the time that is judged has passed.
    by_the_clock: bool,
}

impl Intervals {
    /// Those of a request that was made at an instant.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what to write.
    pub(super) fn of(request: &Value, at: Timestamp) -> Result<Intervals, String> {
        known(request, &KEYS, "the request")?;
        let scopes = request["scopes"].as_array().filter(|scopes| !scopes.is_empty());
        let scopes = scopes.ok_or("the request has no `scopes`: write `scopes: [{…}]`")?;
        for scope in scopes {
            known(scope, &KEYS_OF_A_SCOPE, "the scope")?;
            for key in ["startTimeIso", "endTimeIso", "step"] {
                if scope[key] != scopes[0][key] {
                    return Err(format!(
                        "`{key}` differs between the scopes: one analysis has one time, so write the same"
                    ));
                }
            }
        }
        let (begins, ends) = (instant(&scopes[0], "startTimeIso")?, instant(&scopes[0], "endTimeIso")?);
        let warmup = minutes(request, "beginAfterMins")?.unwrap_or_default();
        // what begins now begins with a whole step: a part of one is not judged
        let start = begins.unwrap_or_else(|| next_step(at, &scopes[0]));
        let lifetime = match (ends, minutes(request, "lifetimeDurationMins")?) {
            (Some(end), _) => SignedDuration::from_mins(end.duration_since(start).as_mins()),
            (None, Some(lifetime)) => lifetime,
            (None, None) => return Err("the request needs `lifetimeDurationMins`, or `endTimeIso` in its scope".into()),
        };
        if lifetime < SignedDuration::from_mins(1) {
            return Err(
                "the analysis lasts less than a minute: write a later `endTimeIso`, or a longer lifetime".into()
            );
        }
        if lifetime > LONGEST_TIME || warmup > LONGEST_TIME || start.duration_since(at) > LONGEST_TIME {
            return Err(
                "the analysis lasts longer than 31 days, or begins later than that: write a shorter time".into()
            );
        }
        let every = minutes(request, "analysisIntervalMins")?.filter(|every| every.is_positive() && *every <= lifetime);
        let every = every.unwrap_or(lifetime);
        let of = lifetime.as_mins() / every.as_mins();
        if of > MOST {
            return Err(format!(
                "the analysis has {of} judgements, and may have {MOST}: write a longer `analysisIntervalMins`"
            ));
        }
        // a time with an end is judged as it is; without one the analysis goes along with the canary
        let by_the_clock = ends.is_none();
        Ok(Intervals {
            start: later(start, if by_the_clock { warmup } else { SignedDuration::ZERO }),
            every,
            of: usize::try_from(of).unwrap_or_default(),
            lookback: minutes(request, "lookbackMins")?.filter(SignedDuration::is_positive),
            not_before: later(at, warmup),
            by_the_clock,
        })
    }

    fn passed(&self, number: usize) -> SignedDuration {
        self.every.checked_mul(i32::try_from(number).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX)
    }

    /// The time that a judgement is about.
    pub(super) fn time(&self, number: usize) -> (Timestamp, Timestamp) {
        let end = later(self.start, self.passed(number));
        (self.lookback.map_or(self.start, |back| end.saturating_sub(back).unwrap_or(self.start)), end)
    }

    /// When a judgement is due: never before its time has passed, and the stores have settled.
    pub(super) fn due(&self, number: usize) -> Timestamp {
        let by_the_clock = if self.by_the_clock { self.passed(number) } else { SignedDuration::ZERO };
        later(self.time(number).1, SETTLE).max(later(self.not_before, by_the_clock))
    }

    /// What is asked for a judgement, as for a canary of its own.
    pub(super) fn canary(&self, request: &Value, number: usize) -> Value {
        let (start, end) = self.time(number);
        let mut scopes = Map::new();
        for scope in request["scopes"].as_array().into_iter().flatten() {
            let offset = minutes(scope, "controlOffsetInMinutes").ok().flatten().unwrap_or_default();
            let side = |name: &str, earlier: SignedDuration| {
                let at = |at: Timestamp| at.saturating_sub(earlier).unwrap_or(at).to_string();
                let mut side = json!({ "start": at(start), "end": at(end), "step": step(scope) });
                for (key, from) in [("scope", "Scope"), ("location", "Location"), ("extendedScopeParams", "")] {
                    let from = if from.is_empty() { key.to_owned() } else { format!("{name}{from}") };
                    if !scope[&from].is_null() {
                        side[key] = scope[&from].clone();
                    }
                }
                side
            };
            let (control, experiment) = (side("control", offset), side("experiment", SignedDuration::ZERO));
            scopes.insert(name(scope).to_owned(), json!({ "controlScope": control, "experimentScope": experiment }));
        }
        json!({ "scopes": scopes, "thresholds": request["thresholds"] })
    }
}

/// The name of a scope.
pub(super) fn name(scope: &Value) -> &str {
    scope["scopeName"].as_str().unwrap_or("default")
}

/// Kayenta's usual step is a minute.
fn step(scope: &Value) -> Value {
    if scope["step"].is_null() { 60.into() } else { scope["step"].clone() }
}

/// The next instant that begins a step, counted from the epoch.
fn next_step(at: Timestamp, scope: &Value) -> Timestamp {
    let step = step(scope);
    let step = step.as_i64().or_else(|| step.as_str()?.parse().ok()).filter(|step| *step > 0).unwrap_or(60);
    let passed = at.as_second().rem_euclid(step);
    let is_whole = passed == 0 && at.subsec_nanosecond() == 0;
    let next = at.as_second().checked_add(if is_whole { 0 } else { step - passed });
    next.and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(at)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

/// Refuses a key that nobody knows: what is misspelt would have no effect.
fn known(object: &Value, keys: &[&str], what: &str) -> Result<(), String> {
    let entries = object.as_object().ok_or_else(|| format!("{what} is not an object"))?;
    match entries.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} has the key {key:?}, which has no effect. It may have: {}", keys.join(", "))),
        None => Ok(()),
    }
}

fn instant(scope: &Value, key: &str) -> Result<Option<Timestamp>, String> {
    match &scope[key] {
        Value::Null => Ok(None),
        value => {
            let known = value.as_str().and_then(|text| text.parse().ok());
            known.map(Some).ok_or_else(|| format!("`{key}` is not an instant: write `2026-11-21T10:00:00Z`"))
        }
    }
}

/// Whole minutes, not below 0.
fn minutes(object: &Value, key: &str) -> Result<Option<SignedDuration>, String> {
    let value = &object[key];
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    // years are enough, and do not overflow
    let number = number.filter(|number| (0..10_000_000).contains(number));
    let number = number.ok_or_else(|| format!("`{key}` is {value}: write whole minutes, 0 or more"))?;
    Ok(Some(SignedDuration::from_mins(number)))
}

/// Why the scopes cannot be asked for, if so.
pub(super) fn wrong(request: &Value) -> Option<String> {
    let scopes = request["scopes"].as_array()?;
    for (at, scope) in scopes.iter().enumerate() {
        if scopes[..at].iter().any(|other| name(other) == name(scope)) {
            return Some(format!("two scopes are called {:?}: give each a `scopeName` of its own", name(scope)));
        }
        if let Err(why) = minutes(scope, "controlOffsetInMinutes") {
            return Some(why);
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T14:00:30Z";

    fn of(request: &Value) -> Result<Intervals, String> {
        Intervals::of(request, NOW.parse().unwrap())
    }

    fn times(intervals: &Intervals, number: usize) -> [String; 3] {
        let (start, end) = intervals.time(number);
        [start, end, intervals.due(number)].map(|at| at.to_string())
    }

    #[test]
    fn a_past_time_is_judged_at_once_in_growing_or_sliding_windows() {
        let scope = json!({ "startTimeIso": "2026-03-01T12:00:00Z", "endTimeIso": "2026-03-01T13:10:30Z" });
        let mut request = json!({ "scopes": [scope], "analysisIntervalMins": 30 });
        let growing = of(&request).unwrap();
        assert_eq!(growing.of, 2, "what is left of the lifetime is not judged");
        assert_eq!(times(&growing, 1), ["2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z", NOW]);
        assert_eq!(times(&growing, 2), ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z", NOW]);
        request["lookbackMins"] = json!("10");
        assert_eq!(times(&of(&request).unwrap(), 2)[0], "2026-03-01T12:50:00Z");
        request["beginAfterMins"] = json!(5);
        // the wait counts, and the time that has an end does not move
        assert_eq!(
            times(&of(&request).unwrap(), 2),
            ["2026-03-01T12:50:00Z", "2026-03-01T13:00:00Z", "2026-03-01T14:05:30Z"]
        );
        for every in [json!(0), json!(71), json!(null)] {
            request["analysisIntervalMins"] = every.clone();
            assert_eq!(of(&request).unwrap().of, 1, "{every}");
        }
    }

    #[test]
    fn a_time_without_an_end_goes_along_with_the_canary() {
        let request =
            json!({ "scopes": [{}], "lifetimeDurationMins": 60, "analysisIntervalMins": 20, "beginAfterMins": 5 });
        let intervals = of(&request).unwrap();
        assert_eq!(intervals.of, 3);
        assert_eq!(times(&intervals, 3), ["2026-03-01T14:06:00Z", "2026-03-01T15:06:00Z", "2026-03-01T15:07:00Z"]);
        let ahead = json!({ "scopes": [{ "startTimeIso": "2026-03-01T18:00:00Z" }], "lifetimeDurationMins": 60 });
        assert_eq!(times(&of(&ahead).unwrap(), 1)[1..], ["2026-03-01T19:00:00Z", "2026-03-01T19:01:00Z"]);
        let fine = json!({ "scopes": [{ "step": 10 }], "lifetimeDurationMins": 60 });
        assert_eq!(times(&of(&fine).unwrap(), 1)[0], "2026-03-01T14:00:30Z");
    }

    #[test]
    fn a_request_becomes_canaries() {
        let request = json!({
            "scopes": [{
                "controlScope": "v41", "controlLocation": "eu", "experimentScope": "v42", "controlOffsetInMinutes": 60,
                "extendedScopeParams": { "k": "v" },
                "startTimeIso": "2026-03-01T12:00:00Z", "endTimeIso": "2026-03-01T13:00:00Z"
            }],
            "thresholds": { "pass": 75, "marginal": 50 }
        });
        let canary = of(&request).unwrap().canary(&request, 1);
        let scope = &canary["scopes"]["default"];
        let control = json!({
            "start": "2026-03-01T11:00:00Z", "end": "2026-03-01T12:00:00Z", "step": 60, "scope": "v41", "location": "eu",
            "extendedScopeParams": { "k": "v" }
        });
        assert_eq!(scope["controlScope"], control);
        assert_eq!(
            (&scope["experimentScope"]["start"], &scope["experimentScope"]["location"]),
            (&json!("2026-03-01T12:00:00Z"), &Value::Null)
        );
        assert_eq!(canary["thresholds"]["pass"], 75);
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let with = |key: &str, value: Value| {
            let mut request = json!({ "scopes": [{}], "lifetimeDurationMins": 60 });
            request[key] = value;
            of(&request).unwrap_err()
        };
        for (key, value, why) in [
            ("lookBackMins", json!(5), "\"lookBackMins\", which has no effect"),
            ("lookbackMins", json!(-5), "whole minutes"),
            ("lifetimeDurationMins", json!(0), "less than a minute"),
            ("lifetimeDurationMins", json!(null), "needs `lifetimeDurationMins`"),
            ("lifetimeDurationMins", json!(9_999_999), "longer than 31 days"),
            ("scopes", json!([]), "no `scopes`"),
            ("scopes", json!([{ "startTime": 1 }]), "\"startTime\", which has no effect"),
            ("scopes", json!([{ "endTimeIso": "2026-03-01T12:00:00Z" }]), "less than a minute"),
            ("scopes", json!([{ "endTimeIso": "noon" }]), "not an instant"),
            ("scopes", json!([{ "step": 60 }, { "step": 10 }]), "`step` differs"),
        ] {
            let said = with(key, value);
            assert!(said.contains(why), "{said}");
        }
        let many = json!({ "scopes": [{}], "lifetimeDurationMins": 2_000, "analysisIntervalMins": 1 });
        assert!(of(&many).unwrap_err().contains("2000 judgements"));
    }
}
