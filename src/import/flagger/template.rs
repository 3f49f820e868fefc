//! A MetricTemplate: whom it asks, and its query with the names of the Canary filled in.

use crate::import::cloudwatch::{self, Cloud};
use crate::import::documents::{Document, Given, at, entries, of_kind, parse, text, text_at};
use crate::import::draft::Gate;
use crate::import::note::Note;
use crate::import::stores::{self, Store, literal, reference};
use crate::text::node::{Node, Value};
use crate::text::scalar::is_name;

/// What the words in double braces stand for. `target` is the canary's workload, or the primary's in the baseline.
pub(super) struct Names {
    words: Vec<(String, String)>,
    target: String,
}

/// The label that tells the workloads apart, and that of their services.
const TARGET: &str = "target";
const SERVICE: &str = "workload";

impl Names {
    pub(super) fn of(document: &Document, spec: &Node, called: &str) -> Names {
        let target = text_at(spec, &["targetRef", "name"]).unwrap_or(called).to_owned();
        let word = |word: &str, value: Option<&str>| value.map(|value| (word.to_owned(), literal(value)));
        let words = [
            word("name", Some(called)),
            Some((
                "namespace".to_owned(),
                document.namespace().map_or_else(|| reference("namespace", Some("default")), literal),
            )),
            word("service", text_at(spec, &["service", "name"]).or(Some(target.as_str()))),
            word("ingress", text_at(spec, &["ingressRef", "name"])),
            word("route", text_at(spec, &["routeRef", "name"])),
        ];
        Names { words: words.into_iter().flatten().collect(), target }
    }

    /// The same with what one metric says: its interval and variables.
    pub(super) fn with(&self, entry: &Node, interval: &str) -> Names {
        let mut words = self.words.clone();
        words.push(("interval".into(), interval.to_owned()));
        for (key, value) in entries(entry, &["templateVariables"]) {
            words.extend(text(value).map(|value| (format!("variables.{}", key.value), literal(value))));
        }
        Names { words, target: self.target.clone() }
    }

    /// The labels of the primary and of the canary.
    pub(super) fn arms(&self) -> [Vec<(String, String)>; 2] {
        let target = &self.target;
        let arm = |workload: &str, service: &str| {
            vec![(TARGET.to_owned(), workload.to_owned()), (SERVICE.to_owned(), service.to_owned())]
        };
        [arm(&format!("{target}-primary"), &format!("{target}-primary")), arm(target, &format!("{target}-canary"))]
    }

    /// A text with references of davy. A word that nothing says stays open as a name.
    pub(super) fn filled(&self, template: &str) -> String {
        const CANARY: &str = "-canary";
        stores::braced(&literal(template), |word, behind| {
            let word = word.trim().trim_matches('-').trim();
            let is_service =
                word == "service" && self.words.iter().any(|(own, value)| own == word && *value == self.target);
            if (word == TARGET || is_service) && behind.starts_with(CANARY) {
                return Some((reference(SERVICE, None), CANARY.len()));
            }
            let known = self.words.iter().find(|(own, _)| own == word).map(|(_, value)| value.clone());
            let value = known.or_else(|| is_name(word).then(|| reference(word, None)));
            Some((value.unwrap_or_else(|| format!("{{{{ {word} }}}}")), 0))
        })
    }
}

/// The template that a metric refers to: that of its name in the namespace of the reference, or of the Canary.
///
/// # Errors
///
/// The template is not among the documents, stands in another namespace, or there are several.
pub(super) fn find<'d>(canary: &Document, entry: &Node, all: &[&'d Document]) -> Result<&'d Document, String> {
    let called = text_at(entry, &["templateRef", "name"]);
    let wanted = text_at(entry, &["templateRef", "namespace"]).or_else(|| canary.namespace());
    let mut named = of_kind(all, "MetricTemplate");
    named.retain(|one| one.name() == called);
    let in_it = |one: &&Document| wanted.is_none() || one.namespace() == wanted;
    let own: Vec<&Document> = named.iter().copied().filter(in_it).collect();
    let anywhere: Vec<&Document> = named.iter().copied().filter(|one| one.namespace().is_none()).collect();
    match (&own[..], &anywhere[..], wanted) {
        ([one], _, _) | ([], [one], _) => Ok(one),
        ([], [], Some(wanted)) if !named.is_empty() => {
            Err(format!("its template is not in the namespace {wanted} that it asks for: name its file too"))
        }
        ([], [], _) => Err("its template is not in the files: name its file too".into()),
        _ => Err("the files have several templates of its name: leave all but its own out".into()),
    }
}

/// A query that stands in the Canary itself, as older ones have it: Flagger's own Prometheus.
pub(super) fn inline(gate: &mut Gate, query: &str, names: &Names) -> Result<Store, String> {
    let source = stores::any_prometheus(gate);
    let query = stores::on_one_line(&whole(&names.filled(query))?);
    Ok(Store { source, query, is_prometheus: true })
}

/// A query in which nothing is left that only Flagger's templates know.
fn whole(query: &str) -> Result<String, String> {
    match query.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")) {
        Some((word, _)) => {
            Err(format!("`{{{{{word}}}}}` is a function of Flagger's templates that davy does not have"))
        }
        None => Ok(query.to_owned()),
    }
}

/// What a template asks: a store with its query, or metrics of CloudWatch.
///
/// # Errors
///
/// davy has no source for its provider, or its query cannot be carried over.
pub(super) fn ask(
    gate: &mut Gate,
    template: &Document,
    names: &Names,
    notes: &mut Vec<Note>,
) -> Result<(Store, Option<Cloud>), String> {
    let spec = template.at(&["spec"]).ok_or("its template has no `spec`")?;
    let provider = at(spec, &["provider"]).ok_or("its template has no provider")?;
    let kind = text_at(provider, &["type"]).unwrap_or("prometheus");
    let address = text_at(provider, &["address"]).map(|address| names.filled(address));
    let query = || -> Result<String, String> {
        let written = text_at(spec, &["query"]).filter(|query| !query.trim().is_empty());
        whole(&names.filled(written.ok_or("its template has no query")?))
    };
    let secret = text_at(provider, &["secretRef", "name"]);
    if let Some(secret) = secret.filter(|_| kind == "prometheus") {
        let why =
            format!("the secret {secret} of the cluster is left out: name a variable with `bearer_env`, or `basic`");
        notes.push(Note::told(template, provider.place, "secretRef", why));
    }
    let (preset, address, query) = match kind {
        "prometheus" => {
            let query = stores::on_one_line(&query()?);
            let store = stores::promql(gate, address.as_deref(), &query);
            return Ok((store.ok_or_else(|| format!("its template's query is not PromQL: `{query}`"))?, None));
        }
        "cloudwatch" => {
            let list = text_at(spec, &["query"]).unwrap_or_default();
            let parsed =
                parse(&Given { shown: &template.shown, text: list }).map_err(|problems| problems.to_string())?;
            let Some(Value::List(queries)) = parsed.first().map(|document| &document.node.value) else {
                return Err("its query is not a list of metric data queries".into());
            };
            let cloud = cloudwatch::queries(queries, &|text| names.filled(text))?;
            return Ok((Store::of(cloudwatch::source(gate, text_at(provider, &["region"]))), Some(cloud)));
        }
        "datadog" => {
            let own = address.filter(|address| address != "https://api.datadoghq.com");
            (kind, own, stores::on_one_line(&query()?))
        }
        "newrelic" => (kind, None, stores::nrql(&query()?, None).0),
        "graphite" => (kind, Some(address.ok_or(NO_ADDRESS)?), stores::graphite(&query()?)),
        "influxdb" => {
            let own = address.unwrap_or_else(|| "${influxdb-url}".into());
            ("influxdb-flux", Some(own), stores::flux(&query()?)?)
        }
        "dynatrace" => (kind, Some(address.ok_or(NO_ADDRESS)?), stores::on_one_line(&query()?)),
        other => return Err(format!("davy has no source for the provider `{other}`")),
    };
    Ok((Store::over_http(stores::preset(gate, preset, address.as_deref(), &[]), query), None))
}

const NO_ADDRESS: &str = "its template has no address";
