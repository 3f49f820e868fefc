//! What the server answers for Kayenta: canaries over the stores of the operator, and series that a Kayenta sends.
//!
//! A request names scopes and times. It never chooses a server: what it names is compared with a request that names nothing. A
//! configuration of its own it brings only if the operator allows that.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::as_written;
use super::super::border::Reach;
use super::super::console::Console;
use super::super::gates::{Gates, look_once, same_servers};
use super::super::pipeline::{Judged, Loaded};
use super::super::reply::refused;
use super::result::{DAVY, by_davy, by_kayenta};
use crate::aca::{self, Sample};
use crate::config::plan::Plan;
use crate::config::{self, Options};
use crate::import::{self, Given, Imported, Kind};
use crate::judge;
use crate::series::{Dataset, Pair, Series, SignedDuration, Window};
use crate::serve::{CanaryConfig, Refused};

/// What a text of a request may not hold: it would end the text of a query that it is part of.
const ENDS_A_TEXT: &str = "\"'`\\{};";
const LONGEST: usize = 200;
/// The judge that a Kayenta names when it asks another server.
const REMOTE: &str = "RemoteJudge-v1.0";

impl Gates {
    /// The canary configurations of the folder.
    pub(super) fn kayenta_configs(&self) -> Vec<CanaryConfig> {
        let entries = std::fs::read_dir(&self.configs).into_iter().flatten().flatten();
        let mut found: Vec<CanaryConfig> = entries.filter_map(|entry| canary_config(&entry.path())).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    /// Judges a canary, until it is cancelled: `{canaryConfig, executionRequest}`. What is said meanwhile has its name.
    pub(super) fn judged_canary(
        &self,
        asked: &Value,
        name: &str,
        is_cancelled: &Arc<AtomicBool>,
    ) -> Result<Value, Refused> {
        check_texts(&asked["executionRequest"])?;
        let (loaded, set, plan) = self.canary_plan(asked)?;
        let (.., other) = self.canary_plan(&anonymous(asked))?;
        if !same_servers(&plan, &other) {
            return Err(Refused::Wrong(
                "a parameter of a scope is in the address of a server, where it could send secrets elsewhere: leave it out".into(),
            ));
        }
        let look = |aside: &Console| look_once(aside, &loaded, &set.of(&loaded), plan);
        let judged = self.aside_until(is_cancelled, |said| format!("{name}: {said}"), look)?;
        answer(&judged, asked["canaryConfig"]["judge"]["name"].as_str(), None)
    }

    fn canary_plan(&self, asked: &Value) -> Result<(Loaded, Set, Plan), Refused> {
        let loaded = loaded(asked, &self.configs)?;
        let set = self.set_of(&loaded);
        let plan = loaded.plan(&set.of(&loaded)).map_err(refused)?;
        Ok((loaded, set, plan))
    }

    /// What the operator set, as far as a configuration knows it.
    fn set_of(&self, loaded: &Loaded) -> Set {
        let known = loaded.config.settable();
        // where stores are, and nothing else: a request says what is compared
        let is_its = |name: &String| name.ends_with("_url") && known.contains(name);
        Set { set: self.set.iter().filter(|(name, _)| is_its(name)).cloned().collect(), now: Timestamp::now() }
    }
}

struct Set {
    set: Vec<(String, String)>,
    now: Timestamp,
}

impl Set {
    fn of<'a>(&'a self, loaded: &'a Loaded) -> Options<'a> {
        Options { folder: &loaded.folder, now: self.now, set: &self.set, phase: None, from: None, to: None }
    }
}

fn canary_config(path: &Path) -> Option<CanaryConfig> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".json")?;
    // most files are of davy, and long to read as anything else
    let is_one = |text: &String| text.contains("\"metrics\"") && import::recognise(text) == Some(Kind::Kayenta);
    let text = std::fs::read_to_string(path).ok().filter(is_one)?;
    let mut config: Value = serde_json::from_str(&text).ok()?;
    config["metrics"].as_array()?;
    let text = |key: &str| config[key].as_str().map(str::to_owned);
    let (id, name) = (text("id").unwrap_or_else(|| stem.to_owned()), text("name").unwrap_or_else(|| stem.to_owned()));
    let applications = config["applications"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let applications: Vec<String> = applications.map(str::to_owned).collect();
    let updated = std::fs::metadata(path).and_then(|known| known.modified()).ok()?;
    let updated = Timestamp::try_from(updated).ok()?;
    config["id"] = id.clone().into();
    config["name"] = name.clone().into();
    config["applications"] = applications.clone().into();
    Some(CanaryConfig { id, name, applications, updated, config })
}

/// Refuses texts that could end the text of a query.
fn check_texts(value: &Value) -> Result<(), Refused> {
    match value {
        Value::String(text) => {
            let wrong = text.chars().find(|c| c.is_control() || ENDS_A_TEXT.contains(*c));
            if text.chars().count() > LONGEST || wrong.is_some() {
                return Err(Refused::Wrong(format!(
                    "the request has {text:?}: a text has at most {LONGEST} characters, no quotes, braces, `;` or `\\`, and nothing unprintable"
                )));
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(check_texts),
        Value::Object(entries) => entries.values().try_for_each(check_texts),
        _ => Ok(()),
    }
}

/// The same request with other scopes, locations and parameters: each is longer than any that a request may have.
fn anonymous(asked: &Value) -> Value {
    let (mut asked, other) = (asked.clone(), Value::from("x".repeat(LONGEST + 1)));
    let scopes = asked["executionRequest"]["scopes"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for scope in scopes {
        for side in ["controlScope", "experimentScope"] {
            for key in ["scope", "location"] {
                if scope[side][key].is_string() {
                    scope[side][key] = other.clone();
                }
            }
            let parameters = scope[side]["extendedScopeParams"].as_object_mut().into_iter().flat_map(Map::values_mut);
            parameters.for_each(|value| *value = other.clone());
        }
    }
    asked
}

/// The configuration that a request amounts to. Nothing of it may be lost: a score of the rest would pass for the whole.
fn loaded(asked: &Value, folder: &Path) -> Result<Loaded, Refused> {
    let text = serde_json::to_string_pretty(asked).unwrap_or_default();
    let shown = "the canary";
    let Imported { gates, notes } =
        import::read(&[Given { shown, text: &text }]).map_err(|problems| Refused::Wrong(problems.to_string()))?;
    let lost: Vec<String> = notes.iter().filter(|note| note.is_open).map(ToString::to_string).collect();
    if !lost.is_empty() {
        return Err(Refused::Wrong(lost.join("; ")));
    }
    let gate = gates.first().ok_or_else(|| Refused::Wrong("the canary configuration judges no metric".into()))?;
    let config = config::load(&gate.written(), shown).map_err(|problems| Refused::Wrong(problems.to_string()))?;
    Ok(Loaded::new(config, folder, Reach::Anywhere))
}

/// The answer of Kayenta's rule, or of davy if that is asked for by name.
fn answer(judged: &Judged, judge: Option<&str>, samples: Option<&[Sample]>) -> Result<Value, Refused> {
    let Some(kayenta) = &judged.plan.kayenta else { return Err(Refused::Wrong("there is no rule of Kayenta".into())) };
    if judge.is_some_and(is_davy) {
        return Ok(by_davy(judged, kayenta));
    }
    let own = as_written::samples(kayenta, &judged.dataset);
    let judgement = aca::judge(&kayenta.rule, samples.unwrap_or(&own));
    judgement.map(|judgement| by_kayenta(&judgement)).map_err(|error| Refused::Wrong(error.to_string()))
}

fn is_davy(name: &str) -> bool {
    name == DAVY
}

/// Judges what a Kayenta sends: `{canaryConfig, scoreThresholds, metricSetPairList}`.
pub(super) fn remote(console: &Console, body: &Value, judge: Option<&str>) -> Result<Value, Refused> {
    let judge = judge.or(body["canaryConfig"]["judge"]["name"].as_str());
    if let Some(name) = judge.filter(|name| !is_davy(name) && ![aca::NAME, REMOTE].contains(name)) {
        return Err(Refused::Wrong(format!("there is no judge {name:?}: there are {DAVY} and {}", aca::NAME)));
    }
    let judge = judge.filter(|name| is_davy(name));
    let pairs = pairs(body)?;
    let asked = asked(body, judge.map(|_| pairs.as_slice()))?;
    let loaded = loaded(&asked, Path::new(""))?;
    let set = Set { set: vec![("graphite_url".into(), "http://127.0.0.1:1".into())], now: Timestamp::now() };
    let plan = loaded.plan(&set.of(&loaded)).map_err(refused)?;
    let dataset = dataset(&plan, &pairs);
    let verdict = judge::judge(&plan.rules, &dataset);
    let judged = Judged { plan, dataset, verdict, as_written: None };
    let samples: Vec<Sample> = pairs.into_iter().map(|pair| pair.sample).collect();
    console.detail(&format!("judged {} pairs of series that a Kayenta sent", samples.len()));
    answer(&judged, judge, Some(&samples))
}

/// A pair of series with its time.
struct Sent {
    sample: Sample,
    start: Timestamp,
    step: SignedDuration,
}

impl Sent {
    /// The metric's name with the labels that tell the pairs of one metric apart.
    fn called(&self) -> String {
        let tags: Vec<String> = self.sample.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if tags.is_empty() { self.sample.name.clone() } else { format!("{} {}", self.sample.name, tags.join(" ")) }
    }
}

fn pairs(body: &Value) -> Result<Vec<Sent>, Refused> {
    let wrong = |at: usize, what: &str| Refused::Wrong(format!("metricSetPairList, entry {at}: {what}"));
    let list = body["metricSetPairList"].as_array();
    let list = list.ok_or_else(|| Refused::Wrong("the request needs the list `metricSetPairList`".into()))?;
    let pair = |(at, pair): (usize, &Value)| {
        let numbers = |side: &str| {
            let values =
                pair["values"][side].as_array().ok_or_else(|| wrong(at, &format!("`values.{side}` is missing")))?;
            let values = values.iter().map(number).collect::<Option<Vec<f64>>>();
            values.ok_or_else(|| wrong(at, &format!("`values.{side}` has an entry that is not a number")))
        };
        let tags = pair["tags"].as_object().into_iter().flatten();
        let tags = tags.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let name = pair["name"].as_str().ok_or_else(|| wrong(at, "it has no `name`"))?;
        let scope = &pair["scopes"]["control"];
        let start = scope["startTimeMillis"].as_i64().unwrap_or(0);
        let step = scope["stepMillis"].as_i64().filter(|step| *step > 0).unwrap_or(60_000);
        Ok(Sent {
            sample: Sample {
                name: name.to_owned(),
                id: pair["id"].as_str().unwrap_or_default().to_owned(),
                tags: tags.collect(),
                control: numbers("control")?,
                experiment: numbers("experiment")?,
            },
            start: Timestamp::from_millisecond(start).map_err(|_| wrong(at, "`startTimeMillis` is not a time"))?,
            step: SignedDuration::from_millis(step),
        })
    };
    list.iter().enumerate().map(pair).collect()
}

/// A number, or what JSON has no number for.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        other => other.as_f64(),
    }
}

/// The request as a canary whose stores are never asked. davy judges every pair by a criterion of its own.
fn asked(body: &Value, each: Option<&[Sent]>) -> Result<Value, Refused> {
    let mut config = body["canaryConfig"].clone();
    let metrics = config.get_mut("metrics").and_then(Value::as_array_mut);
    let Some(metrics) = metrics.filter(|metrics| metrics.iter().all(Value::is_object)) else {
        return Err(Refused::Wrong("the request needs `canaryConfig` with a list of `metrics`".into()));
    };
    if let Some(pairs) = each {
        let of = |pair: &Sent| {
            let own = metrics.iter().find(|metric| metric["name"] == *pair.sample.name);
            let mut own = own
                .cloned()
                .ok_or_else(|| Refused::Wrong(aca::Refusal::Unknown(pair.sample.name.clone()).to_string()))?;
            own["name"] = pair.called().into();
            Ok(own)
        };
        let missing = metrics.iter().filter(|metric| pairs.iter().all(|pair| metric["name"] != *pair.sample.name));
        // a metric without series has no data: it is not left out
        let missing: Vec<Value> = missing.cloned().collect();
        let judged = pairs.iter().map(of).collect::<Result<Vec<Value>, Refused>>()?;
        *metrics = judged.into_iter().chain(missing).collect();
    }
    for metric in metrics {
        metric["query"] = json!({ "type": "graphite", "metricName": "sent" });
        metric["scopeName"] = "default".into();
    }
    let scope = json!({ "scope": "sent" });
    let scopes = json!({ "default": { "controlScope": scope, "experimentScope": scope } });
    Ok(
        json!({ "canaryConfig": config, "executionRequest": { "scopes": scopes, "thresholds": body["scoreThresholds"] } }),
    )
}

/// The series that were sent, as davy's gauges. What is not a finite number was not measured.
fn dataset(plan: &Plan, pairs: &[Sent]) -> Dataset {
    let first = pairs.first();
    let (start, step) =
        first.map_or((Timestamp::UNIX_EPOCH, SignedDuration::from_mins(1)), |pair| (pair.start, pair.step));
    let longest =
        pairs.iter().map(|pair| pair.sample.control.len().max(pair.sample.experiment.len())).max().unwrap_or(0);
    let at = |step_number: usize| {
        let passed = step.checked_mul(i32::try_from(step_number).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::ZERO);
        start.saturating_add(passed).unwrap_or(start)
    };
    let window = Window { start, end: at(longest) };
    let mut dataset = Dataset::new(Pair { baseline: window, canary: window }, step);
    let gauge = |numbers: &[f64]| {
        let known = numbers.iter().enumerate().filter(|(_, number)| number.is_finite());
        let (time, value) = known.map(|(step, number)| (at(step), *number)).unzip();
        Series::Gauge { time, value, requests: None }
    };
    for (metric, input) in plan.kayenta.iter().flat_map(|kayenta| kayenta.rule.metrics.iter().zip(&kayenta.inputs)) {
        let of = pairs.iter().find(|pair| pair.called() == metric.name || pair.sample.name == metric.name);
        let pair =
            of.map(|pair| Pair { baseline: gauge(&pair.sample.control), canary: gauge(&pair.sample.experiment) });
        let nothing = || Pair { baseline: gauge(&[]), canary: gauge(&[]) };
        dataset.metrics.insert(input.metric.clone(), pair.unwrap_or_else(nothing));
    }
    dataset
}
