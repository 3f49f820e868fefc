//! What a metric asks of its store, by the type of its query.
//!
//! Templates of Kayenta write `${scope}` as davy does, so their text is kept. A name that Kayenta binds otherwise, or that
//! davy fills in itself, becomes another one.

use super::scopes::{Scope, label};
use crate::import::documents::{at, list, text, text_at};
use crate::text::node::Node;

/// A metric as one of davy's stores is asked for it.
pub(super) struct Asked {
    /// The source in flow style: `prometheus: { … }`.
    pub(super) source: String,
    /// What the source is called.
    pub(super) kind: &'static str,
    pub(super) query: String,
    /// Whether Kayenta leaves steps out that the store has no number for.
    pub(super) drops_gaps: bool,
    /// What is lost, and why.
    pub(super) notes: Vec<(String, String)>,
}

/// The type of a metric's query.
pub(super) fn kind(metric: &Node) -> Option<&str> {
    text_at(metric, &["query", "type"]).or_else(|| text_at(metric, &["query", "serviceType"]))
}

/// What is asked for a metric.
///
/// # Errors
///
/// It cannot be asked, in words.
pub(super) fn query(config: &Node, metric: &Node, scope: Option<(usize, &Scope)>) -> Result<Asked, String> {
    let written = at(metric, &["query"]).ok_or("it has no `query`, so nothing can be asked: add one")?;
    let query = Query { config, written, scope };
    match kind(metric) {
        Some("prometheus") => query.prometheus(),
        Some("datadog") => query.datadog(),
        Some("graphite") => query.graphite(),
        Some("influxdb") => query.influxdb(),
        Some("newrelic") => query.newrelic(),
        Some(other @ ("atlas" | "signalfx" | "stackdriver" | "wavefront")) => Err(format!(
            "davy cannot ask {other} as Kayenta does: write a metric over a source that davy has, such as `http`"
        )),
        Some(other) => Err(format!("its query is of the type {other:?}, which Kayenta does not have either")),
        None => Err("its query has no `type`: write which store it asks".into()),
    }
}

struct Query<'a> {
    config: &'a Node,
    written: &'a Node,
    scope: Option<(usize, &'a Scope)>,
}

impl Query<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        text_at(self.written, &[key]).filter(|text| !text.trim().is_empty())
    }

    fn must(&self, key: &str) -> Result<&str, String> {
        self.text(key).ok_or_else(|| format!("its query has no `{key}`: add it"))
    }

    /// The template of the query: its own, or one of the configuration's by its name.
    fn template(&self) -> Result<Option<String>, String> {
        if self.text("customFilter").is_some() {
            return Err("`customFilter` is deprecated, and Kayenta refuses it: write `customInlineTemplate`".into());
        }
        if let Some(own) = self.text("customInlineTemplate") {
            return Ok(Some(self.bound(own)));
        }
        let Some(name) = self.text("customFilterTemplate") else { return Ok(None) };
        match text_at(self.config, &["templates", name]) {
            Some(text) => Ok(Some(self.bound(text))),
            None => Err(format!("there is no template {name:?}: write it under `templates`")),
        }
    }

    /// A text with the names of Kayenta as davy has them.
    fn bound(&self, text: &str) -> String {
        let text = text.replace("$\\{", "${");
        let mut parts = text.split("${");
        let mut bound = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('}') {
                Some((name, rest)) => {
                    bound.push_str(&self.name(name));
                    bound.push_str(rest);
                }
                None => bound.push_str(&format!("$${{{part}")),
            }
        }
        bound
    }

    fn name(&self, name: &str) -> String {
        let scope = self.scope.map_or(0, |(at, _)| at);
        let known = self.scope.is_some_and(|(_, scope)| scope.knows(name));
        match name {
            "resourceType" if !known => self.text("resourceType").unwrap_or("${resourceType}").to_owned(),
            "startEpochSeconds" => "${from_unix}".into(),
            "endEpochSeconds" => "${to_unix}".into(),
            "step" if !known => "${step_seconds}".into(),
            _ if known || matches!(name, "scope" | "location") => format!("${{{}}}", label(name, scope)),
            _ => format!("${{{name}}}"),
        }
    }

    fn prometheus(&self) -> Result<Asked, String> {
        let template = self.template()?;
        let by: Vec<&str> = list(self.written, &["groupByFields"]).iter().filter_map(text).collect();
        let whole = template.as_deref().map(str::trim).and_then(|template| template.strip_prefix("PromQL:"));
        let query = match whole {
            Some(query) => query.trim().to_owned(),
            None => {
                let mut filters: Vec<String> = match &template {
                    Some(template) => template.split(',').map(|filter| filter.trim().to_owned()).collect(),
                    None => self.instances()?,
                };
                filters
                    .extend(list(self.written, &["labelBindings"]).iter().filter_map(text).map(|own| self.bound(own)));
                filters.retain(|filter| !filter.is_empty());
                format!("avg({}{{{}}})", self.must("metricName")?, filters.join(", "))
            }
        };
        let mut notes = Vec::new();
        if !by.is_empty() && whole.is_none() {
            let why = "Kayenta compares each of these groups; davy compares their average";
            notes.push((format!("groupByFields {}", by.join(", ")), why.to_owned()));
        }
        let source = "prometheus: { url: \"${prometheus_url}\" }".to_owned();
        Ok(Asked { source, kind: "prometheus", query, drops_gaps: true, notes })
    }

    /// The filters that Kayenta writes itself for instances of a cloud.
    fn instances(&self) -> Result<Vec<String>, String> {
        let (scope, location) = (self.name("scope"), self.name("location"));
        match self.text("resourceType") {
            Some("gce_instance") => {
                Ok(vec![format!("instance=~\"{scope}-.{{4}}\""), format!("zone=~\".+/zones/{location}-.{{1}}\"")])
            }
            Some("aws_ec2_instance") => {
                Ok(vec![format!("asg_groupName=\"{scope}\""), format!("zone=~\"{location}.{{1}}\"")])
            }
            _ => Err(
                "it has neither a template nor a resourceType that says which arm is meant, and Kayenta refuses it too: \
                 write `customInlineTemplate`"
                    .into(),
            ),
        }
    }

    fn datadog(&self) -> Result<Asked, String> {
        let query = match self.template()? {
            Some(template) if self.text("customInlineTemplate").is_some() => template,
            Some(filter) => format!("{}{{{filter}}}", self.must("metricName")?),
            None => format!("{}{{{}}}", self.must("metricName")?, self.name("scope")),
        };
        Ok(of_preset("datadog", "http: { preset: datadog }", query))
    }

    fn graphite(&self) -> Result<Asked, String> {
        let query = self.must("metricName")?;
        let query = query.replace("$scope", &self.name("scope")).replace("$location", &self.name("location"));
        Ok(of_preset("graphite", "http: { preset: graphite, url: \"${graphite_url}/render\" }", query))
    }

    fn influxdb(&self) -> Result<Asked, String> {
        let time = "time >= '${from}' AND time < '${to}'";
        let scope = format!("${{{}}}", label("scope_condition", self.scope.map_or(0, |(at, _)| at)));
        let fields: Vec<&str> = list(self.written, &["fields"]).iter().filter_map(text).collect();
        let query = match self.text("customInlineTemplate") {
            Some(template) => {
                let own = [("${timeFilter}", time), ("${scope}", scope.as_str()), ("${step}", "${step_seconds}s")];
                own.iter().fold(template.replace("$\\{", "${"), |text, (name, with)| text.replace(name, with))
            }
            None => {
                let field = fields.first().map_or("*::field".to_owned(), |field| (*field).to_owned());
                format!("SELECT {field} FROM \"{}\" WHERE {time} AND {scope}", self.must("metricName")?)
            }
        };
        let source = "http: { preset: influxdb, url: \"${influxdb_url}/query\" }";
        let mut asked = Asked { drops_gaps: true, ..of_preset("influxdb", source, query) };
        if fields.len() > 1 {
            let why = format!("davy reads the first field, {}: write a metric for each", fields[0]);
            asked.notes.push((format!("fields {}", fields.join(", ")), why));
        }
        Ok(asked)
    }

    fn newrelic(&self) -> Result<Asked, String> {
        let window =
            |query: &str| ["timeseries", "since ", "until "].iter().any(|word| query.to_lowercase().contains(word));
        if let Some(template) = self.text("customInlineTemplate") {
            let template = self.bound(template);
            if window(&template) {
                return Err(
                    "its template has a window of its own: write the query without TIMESERIES, SINCE and UNTIL".into(),
                );
            }
            return Ok(of_preset("newrelic", NEW_RELIC, valued(&template)?));
        }
        let select = valued(self.must("select")?)?;
        let (key, scope) = (self.key("_scope_key", "scope_key"), self.name("scope"));
        let own = match self.template()? {
            Some(filter) => Some(filter),
            None => self.text("q").map(str::to_owned),
        };
        let place = (self.scope.is_some_and(|(_, scope)| scope.knows("_location_key")))
            .then(|| format!("${{_location_key}} LIKE '{}'", self.name("location")));
        let conditions: Vec<String> = own.into_iter().chain([format!("{key} LIKE '{scope}'")]).chain(place).collect();
        Ok(of_preset("newrelic", NEW_RELIC, format!("{select} WHERE {}", conditions.join(" AND "))))
    }

    /// The name of a parameter of the scope, or the one to set from outside.
    fn key(&self, parameter: &str, otherwise: &str) -> String {
        let known = self.scope.is_some_and(|(_, scope)| scope.knows(parameter));
        let name = if known { label(parameter, self.scope.map_or(0, |(at, _)| at)) } else { otherwise.to_owned() };
        format!("${{{name}}}")
    }
}

fn of_preset(kind: &'static str, source: &str, query: String) -> Asked {
    Asked { source: source.to_owned(), kind, query, drops_gaps: false, notes: Vec::new() }
}

const NEW_RELIC: &str = "http: { preset: newrelic }";

/// An NRQL query whose number is called `value`, as the preset reads it.
fn valued(query: &str) -> Result<String, String> {
    let lower = query.to_lowercase();
    let Some(from) = lower.find(" from ").filter(|_| lower.is_ascii()) else {
        return Err(format!("{query:?} has no FROM: write `SELECT average(duration) FROM Transaction`"));
    };
    let select = if lower.trim_start().starts_with("select ") { "" } else { "SELECT " };
    match lower[..from].contains(" as ") {
        true => Err(format!("{query:?} names its number: leave the AS out")),
        false => Ok(format!("{select}{} AS value{}", &query[..from], &query[from..])),
    }
}
