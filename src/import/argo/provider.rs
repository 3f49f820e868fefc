//! Whom a metric asks: the providers that davy has a source for, and why not the others.

use super::args::Args;
use crate::import::cloudwatch::{self, Cloud};
use crate::import::documents::{Document, at, list, text, text_at};
use crate::import::draft::Gate;
use crate::import::note::Note;
use crate::import::promql;
use crate::import::stores::{self, Login, Store};
use crate::text::node::{Node, Value};
use crate::text::yaml::quoted;

/// What a metric asks.
pub(super) struct Question<'q> {
    pub(super) document: &'q Document,
    pub(super) kind: &'q str,
    pub(super) keys: &'q Node,
    pub(super) args: &'q Args,
    /// The field of the answer that the condition looks at.
    pub(super) field: Option<&'q str>,
    pub(super) called: &'q str,
}

/// The source and the query of a metric, or what is asked of CloudWatch instead.
///
/// # Errors
///
/// davy has no source for the provider, or the query cannot be carried over.
pub(super) fn ask(
    gate: &mut Gate,
    question: &Question,
    notes: &mut Vec<Note>,
) -> Result<(Store, Option<Cloud>), String> {
    let text = |key: &str| text_at(question.keys, &[key]).map(|text| question.args.filled(text));
    let query = || text("query").filter(|text| !text.trim().is_empty()).ok_or_else(|| "it has no query".to_owned());
    let (source, query) = match question.kind {
        "prometheus" => {
            let (source, lost) = prometheus(gate, question);
            tell(question, lost, notes);
            let query = stores::on_one_line(&query()?);
            if !promql::is_query_of_davy(&query) {
                return Err(format!("its query is not PromQL: `{query}`"));
            }
            return Ok((Store { source, query, is_prometheus: true }, None));
        }
        "datadog" => {
            let preset = if text("apiVersion").as_deref() == Some("v2") { "datadog-v2" } else { "datadog" };
            let query = datadog(question)?;
            (stores::preset(gate, preset, None, &[]), query)
        }
        "newRelic" => {
            let (query, column) = stores::nrql(&query()?, question.field);
            let columns = column.map(|field| {
                format!("columns: {{ time: \"$.beginTimeSeconds\", value: {} }}", quoted(&format!("$['{field}']")))
            });
            let more: Vec<String> = columns.into_iter().collect();
            (stores::preset(gate, "newrelic", None, &more), query)
        }
        "graphite" => {
            let address = text("address").ok_or("it has no address")?;
            let source = stores::preset(gate, "graphite", Some(&address), &[]);
            (source, stores::graphite(&query()?))
        }
        "influxdb" => {
            let query = stores::flux(&query()?)?;
            (stores::preset(gate, "influxdb-flux", Some("${influxdb-url}"), &[]), query)
        }
        "cloudWatch" => {
            let filled = |text: &str| question.args.filled(text);
            let cloud = cloudwatch::queries(list(question.keys, &["metricDataQueries"]), &filled)?;
            return Ok((Store::of(cloudwatch::source(gate, None)), Some(cloud)));
        }
        other => return Err(without(other).unwrap_or("davy does not know this provider").into()),
    };
    Ok((Store::over_http(source, query), None))
}

/// Why davy does not ask a provider.
pub(super) fn without(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "web" => {
            "the `web` provider answers with one value of now, without a history that davy could judge. Read the system behind it"
        }
        "job" => {
            "the `job` provider runs a program in the cluster, and its exit code is the answer. Run it beside davy"
        }
        "kayenta" => {
            "the `kayenta` provider asks a Kayenta, which has the metrics. Give its canary configuration: `davy import CONFIG.json`"
        }
        "wavefront" => "davy has no source for Wavefront. Describe it as `http`, or export the numbers",
        "skywalking" => "davy has no source for SkyWalking. Describe it as `http`, or export the numbers",
        "plugin" => "a plugin's provider is known to the plugin alone. Write the source and the query yourself",
        _ => return None,
    })
}

fn prometheus(gate: &mut Gate, question: &Question) -> (String, Vec<String>) {
    let (keys, args) = (question.keys, question.args);
    let filled = |path: &[&str]| text_at(keys, path).map(|text| args.filled(text));
    let mut login = Login::default();
    for header in list(keys, &["headers"]) {
        if let (Some(key), Some(value)) = (text_at(header, &["key"]), text_at(header, &["value"])) {
            login.header(key, &args.filled(value), args.holds_secret(value));
        }
    }
    if let Some(user) = filled(&["authentication", "basicAuth", "username"]) {
        login.secret.push(format!("basic: {{ user: {}, password_env: PROMETHEUS_PASSWORD }}", quoted(&user)));
        login.lost.push("the password comes from the environment variable PROMETHEUS_PASSWORD".into());
    }
    if let Some(token) = filled(&["authentication", "oauth2", "tokenUrl"]) {
        let client = filled(&["authentication", "oauth2", "clientId"]).unwrap_or_default();
        let scopes: Vec<String> =
            list(keys, &["authentication", "oauth2", "scopes"]).iter().filter_map(text).map(quoted).collect();
        login.secret.push(format!(
            "oauth2: {{ token_url: {}, client_id: {}, client_secret_env: PROMETHEUS_CLIENT_SECRET, scopes: [{}] }}",
            quoted(&token),
            quoted(&client),
            scopes.join(", ")
        ));
        login.lost.push("the client's secret comes from the environment variable PROMETHEUS_CLIENT_SECRET".into());
    }
    if let Some(region) = filled(&["authentication", "sigv4", "region"]) {
        login.secret.push(format!("sigv4: {{ region: {} }}", quoted(&region)));
        login.lost.push(
            "`roleArn` and `profile` of sigv4 are left out: davy signs with the keys that every AWS tool finds".into(),
        );
    }
    if text_at(keys, &["insecure"]) == Some("true") {
        login.lost.push("`insecure` is left out: name the server's certificate under `tls: { ca: … }`".into());
    }
    login.plain.extend(
        text_at(keys, &["timeout"])
            .filter(|text| text.parse::<u32>().is_ok())
            .map(|seconds| format!("deadline: {seconds}s")),
    );
    stores::prometheus(gate, filled(&["address"]).as_deref(), &login)
}

/// A query of Datadog; a formula with its queries put in.
fn datadog(question: &Question) -> Result<String, String> {
    let filled = |text: &str| stores::on_one_line(&question.args.filled(text));
    if let Some(query) = text_at(question.keys, &["query"]) {
        return Ok(filled(query));
    }
    let Some(Value::Map(queries)) = at(question.keys, &["queries"]).map(|node| &node.value) else {
        return Err("it has no query".into());
    };
    match (text_at(question.keys, &["formula"]), &queries[..]) {
        (None, [(_, query)]) => Ok(filled(text(query).unwrap_or_default())),
        (Some(formula), _) => {
            let word = regex::Regex::new("[A-Za-z_][A-Za-z0-9_]*").map_err(|error| error.to_string())?;
            let put = |found: &regex::Captures| {
                let own = queries.iter().find(|(name, _)| name.value == found[0]);
                own.and_then(|(_, query)| text(query))
                    .map_or_else(|| found[0].to_owned(), |query| format!("({})", filled(query)))
            };
            Ok(word.replace_all(formula, put).into_owned())
        }
        (None, _) => Err("it has several queries and no formula".into()),
    }
}

fn tell(question: &Question, lost: Vec<String>, notes: &mut Vec<Note>) {
    let what = format!("metric {}", question.called);
    notes.extend(lost.into_iter().map(|why| Note::told(question.document, question.keys.place, what.clone(), why)));
}
