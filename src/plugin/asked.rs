//! What a call says of the AnalysisRun and its metric, as far as a measurement needs it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::gob::{Value, instant_of};
use super::measured::Measurement;

/// A metric of an AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The AnalysisRun, with its namespace.
    pub run: String,
    /// When the metric's first measurement may begin: when the AnalysisRun was created, and the initial delay after it.
    pub begins: Option<Timestamp>,
    /// The arguments of the AnalysisRun that have a value and are not secret.
    pub args: BTreeMap<String, String>,
    /// The values of those that are secret, which the controller fills in: they stand in nothing that is said.
    pub secrets: Vec<String>,
    /// The metric's name.
    pub metric: String,
    /// What the template writes for the plugin, as JSON.
    pub configuration: Vec<u8>,
    /// What was measured before.
    pub past: Past,
}

/// What was measured before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How many measurements ended in an answer.
    pub answers: i64,
    /// The last of all.
    pub last: Option<Measurement>,
}

impl Asked {
    /// What the arguments of a call say.
    ///
    /// # Errors
    ///
    /// They configure no plugin.
    pub(super) fn read(call: &Value) -> Result<Asked, String> {
        let text = |path: &[&str]| call.at(path).and_then(Value::text).unwrap_or_default().to_owned();
        let metric = text(&["Metric", "Name"]);
        let plugins = call.at(&["Metric", "Provider", "Plugin"]).map_or(&[][..], Value::pairs);
        let [(_, configuration)] = plugins else {
            return Err(format!(
                "the metric {metric:?} has {} configurations of plugins, and davy needs one: write it below \
                 `provider.plugin.davy/judge`",
                plugins.len()
            ));
        };
        let created = call.at(&["AnalysisRun", "ObjectMeta", "CreationTimestamp"]).and_then(Value::bytes);
        let delay = text(&["Metric", "InitialDelay"]).parse::<SignedDuration>().unwrap_or_default();
        Ok(Asked {
            run: format!(
                "{}/{}",
                text(&["AnalysisRun", "ObjectMeta", "Namespace"]),
                text(&["AnalysisRun", "ObjectMeta", "Name"])
            ),
            begins: created.and_then(instant_of).and_then(|created| created.checked_add(delay).ok()),
            args: args(call).iter().filter(|arg| !is_secret(arg)).filter_map(named).collect(),
            secrets: args(call).iter().filter(|arg| is_secret(arg)).filter_map(value).collect(),
            configuration: configuration.bytes().unwrap_or_default().to_vec(),
            past: past(call, &metric),
            metric,
        })
    }
}

fn args(call: &Value) -> &[Value] {
    call.at(&["AnalysisRun", "Spec", "Args"]).map_or(&[][..], Value::list)
}

fn is_secret(arg: &Value) -> bool {
    arg.at(&["ValueFrom", "SecretKeyRef"]).is_some()
}

fn value(arg: &Value) -> Option<String> {
    arg.field("Value").and_then(Value::text).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// An argument with its value.
fn named(arg: &Value) -> Option<(String, String)> {
    Some((arg.field("Name")?.text()?.to_owned(), arg.field("Value")?.text()?.to_owned()))
}

fn past(call: &Value, metric: &str) -> Past {
    let results = call.at(&["AnalysisRun", "Status", "MetricResults"]).map_or(&[][..], Value::list);
    let is_own = |result: &&Value| result.field("Name").and_then(Value::text) == Some(metric);
    let Some(own) = results.iter().find(is_own) else { return Past::default() };
    let answers = if let Some(Value::Int(count)) = own.field("Count") { *count } else { 0 };
    Past { answers, last: own.field("Measurements").and_then(|all| all.list().last()).map(Measurement::read) }
}
