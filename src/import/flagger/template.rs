//! A MetricTemplate: whom it asks, and its query with the names of the Canary filled in.

use crate::import::cloudwatch::{self, Cloud};
use crate::import::documents::{Document, Given, at, parse, text, text_at};
use crate::import::draft::Gate;
use crate::import::measure::Asked;
use crate::import::note::Note;
use crate::import::promql;
use crate::import::stores::{self, Login, Store, literal};
use crate::text::node::{Node, Value};

/// What the words in double braces stand for. `target` is the canary's workload, or the primary's in the baseline.
pub(super) struct Names {
    words: Vec<(String, String)>,
    target: String,
}

/// The label that tells the workloads apart, and that of their services.
const TARGET: &str = "target";
const SERVICE: &str = "workload";

/// What a template asks.
pub(super) enum Asks {
    Query(Asked),
    Cloud(Asked, Cloud),
}

impl Names {
    pub(super) fn of(document: &Document, spec: &Node, called: &str) -> Names {
        let target = text_at(spec, &["targetRef", "name"]).unwrap_or(called).to_owned();
        let word = |word: &str, value: Option<&str>| value.map(|value| (word.to_owned(), literal(value)));
        let words = [
            word("name", Some(called)),
            Some((
                "namespace".to_owned(),
                text_at(&document.node, &["metadata", "namespace"]).map_or("${namespace:-default}".to_owned(), literal),
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
        if let Some(Value::Map(variables)) = at(entry, &["templateVariables"]).map(|node| &node.value) {
            let of = |(key, value): &(crate::text::problem::At<String>, Node)| {
                Some((format!("variables.{}", key.value), literal(text(value)?)))
            };
            words.extend(variables.iter().filter_map(of));
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
        let mut result = String::new();
        let mut rest = literal(template);
        while let Some((before, after)) = rest.split_once("{{") {
            result.push_str(before);
            let Some((word, behind)) = after.split_once("}}") else {
                result.push_str("{{");
                rest = after.to_owned();
                continue;
            };
            let word = word.trim().trim_matches('-').trim();
            if word == TARGET && behind.starts_with("-canary") {
                result.push_str(&format!("${{{SERVICE}}}"));
                rest = behind["-canary".len()..].to_owned();
                continue;
            }
            match self.words.iter().find(|(own, _)| own == word) {
                Some((_, value)) => result.push_str(value),
                None if crate::text::scalar::is_name(word) => result.push_str(&format!("${{{word}}}")),
                None => result.push_str(&format!("{{{{ {word} }}}}")),
            }
            rest = behind.to_owned();
        }
        result + &rest
    }
}

/// The template that a metric refers to: that of its name in the namespace of the reference, or of the Canary.
///
/// # Errors
///
/// The template is not among the documents, stands in another namespace, or there are several.
pub(super) fn find<'d>(canary: &Document, entry: &Node, all: &[&'d Document]) -> Result<&'d Document, String> {
    let called = text_at(entry, &["templateRef", "name"]);
    let wanted = text_at(entry, &["templateRef", "namespace"]).or_else(|| namespace(canary));
    let is_it = |one: &&Document| {
        text_at(&one.node, &["kind"]) == Some("MetricTemplate") && text_at(&one.node, &["metadata", "name"]) == called
    };
    let named: Vec<&Document> = all.iter().copied().filter(is_it).collect();
    let in_it = |one: &&Document| wanted.is_none() || namespace(one) == wanted;
    let own: Vec<&Document> = named.iter().copied().filter(in_it).collect();
    let anywhere: Vec<&Document> = named.iter().copied().filter(|one| namespace(one).is_none()).collect();
    match (&own[..], &anywhere[..], wanted) {
        ([one], _, _) | ([], [one], _) => Ok(one),
        ([], [], Some(wanted)) if !named.is_empty() => {
            Err(format!("its template is not in the namespace {wanted} that it asks for: name its file too"))
        }
        ([], [], _) => Err("its template is not in the files: name its file too".into()),
        _ => Err("the files have several templates of its name: leave all but its own out".into()),
    }
}

fn namespace(document: &Document) -> Option<&str> {
    text_at(&document.node, &["metadata", "namespace"])
}

/// A query that stands in the Canary itself, as older ones have it: Flagger's own Prometheus.
pub(super) fn inline(
    gate: &mut Gate,
    (document, _): (&Document, &Node),
    query: &str,
    names: &Names,
) -> Result<Asks, String> {
    let (source, _) = stores::prometheus(gate, None, &Login::default());
    let query = whole(&names.filled(query))?;
    let store = Store { source, query: stores::on_one_line(&query), is_prometheus: true };
    Ok(Asks::Query(Asked { called: document.shown.clone(), store, comment: None, every_point: false }))
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

/// What a template asks.
///
/// # Errors
///
/// davy has no source for its provider, or its query cannot be carried over.
pub(super) fn ask(gate: &mut Gate, template: &Document, names: &Names, notes: &mut Vec<Note>) -> Result<Asks, String> {
    let spec = template.at(&["spec"]).ok_or("its template has no `spec`")?;
    let provider = at(spec, &["provider"]).ok_or("its template has no provider")?;
    let kind = text_at(provider, &["type"]).unwrap_or("prometheus");
    let address = text_at(provider, &["address"]).map(|address| names.filled(address));
    let query = || -> Result<String, String> {
        whole(&names.filled(text_at(spec, &["query"]).ok_or("its template has no query")?))
    };
    let asked = |source: String, query: String, is_prometheus: bool| {
        let store = Store { source, query, is_prometheus };
        Asked { called: String::new(), store, comment: None, every_point: false }
    };
    let secret = text_at(provider, &["secretRef", "name"]);
    if let Some(secret) = secret.filter(|_| kind == "prometheus") {
        let why =
            format!("the secret {secret} of the cluster is left out: name a variable with `bearer_env`, or `basic`");
        notes.push(Note::told(template, provider.place, "secretRef", why));
    }
    match kind {
        "prometheus" => {
            let query = stores::on_one_line(&query()?);
            if !promql::is_query_of_davy(&query) {
                return Err(format!("its template's query is not PromQL: `{query}`"));
            }
            let (source, _) = stores::prometheus(gate, address.as_deref(), &Login::default());
            Ok(Asks::Query(asked(source, query, true)))
        }
        "datadog" => {
            let url = address.filter(|address| address != "https://api.datadoghq.com");
            let url = url.map(|address| format!("{}/api/v1/query", address.trim_end_matches('/')));
            Ok(Asks::Query(asked(stores::preset(gate, "datadog", url, &[]), stores::on_one_line(&query()?), false)))
        }
        "newrelic" => {
            let (query, _) = stores::nrql(&query()?, None);
            Ok(Asks::Query(asked(stores::preset(gate, "newrelic", None, &[]), query, false)))
        }
        "graphite" => {
            let url = address.ok_or("its template has no address")?;
            let source = stores::preset(gate, "graphite", Some(format!("{}/render", url.trim_end_matches('/'))), &[]);
            Ok(Asks::Query(asked(source, stores::graphite(&query()?), false)))
        }
        "influxdb" => {
            let url = address.unwrap_or_else(|| "${influxdb-url}".into());
            let url = format!("{}/api/v2/query", url.trim_end_matches('/'));
            let query = stores::flux(&query()?)?;
            Ok(Asks::Query(asked(stores::preset(gate, "influxdb-flux", Some(url), &[]), query, false)))
        }
        "dynatrace" => {
            let url = address.ok_or("its template has no address")?;
            let url = format!("{}/api/v2/metrics/query", url.trim_end_matches('/'));
            Ok(Asks::Query(asked(
                stores::preset(gate, "dynatrace", Some(url), &[]),
                stores::on_one_line(&query()?),
                false,
            )))
        }
        "cloudwatch" => {
            let list = text_at(spec, &["query"]).unwrap_or_default();
            let parsed =
                parse(&Given { shown: &template.shown, text: list }).map_err(|problems| problems.to_string())?;
            let Some(Value::List(queries)) = parsed.first().map(|document| &document.node.value) else {
                return Err("its query is not a list of metric data queries".into());
            };
            let cloud = cloudwatch::queries(queries, &|text| names.filled(text))?;
            let source = cloudwatch::source(gate, text_at(provider, &["region"]));
            Ok(Asks::Cloud(asked(source, String::new(), false), cloud))
        }
        other => Err(format!("davy has no source for the provider `{other}`")),
    }
}
