//! Documents that hold requests: traces of OpenTelemetry and Jaeger, events of CloudWatch Logs, hits of a search, wrapped arrays.
//!
//! Of a trace only the spans of a server are requests. What a client, a queue or a function inside took is part of them.

use serde_json::{Map, Value, json};

use super::super::rewritten::Invocations;
use super::members::{Object, at, attributes, list, sole_array, whole};
use super::whole::check;
use crate::source::error::Error;

/// The text of a document's requests, a line each; nothing where it holds none. One that is not whole is refused.
pub(in crate::source) fn rows(document: &Object) -> Option<Result<String, Error>> {
    let text = text(document)?;
    Some(check(document).map(|()| text))
}

fn text(document: &Object) -> Option<String> {
    let rows = opentelemetry(document).or_else(|| jaeger(document)).or_else(|| hits(document));
    if let Some(rows) = rows {
        return Some(lines(rows.iter()));
    }
    events(document).or_else(|| streams(document)).or_else(|| sole_array(document).map(|rows| lines(rows.iter())))
}

fn lines<'v>(rows: impl Iterator<Item = &'v Value>) -> String {
    rows.map(|row| format!("{row}\n")).collect()
}

/// `{"resourceSpans": […]}`, as the collector's file exporter writes it.
fn opentelemetry(document: &Object) -> Option<Vec<Value>> {
    let mut rows = Vec::new();
    for resource in document.get("resourceSpans")?.as_array()? {
        let of_resource = owned(at(resource, &["resource", "attributes"]));
        let scopes = resource.get("scopeSpans").or_else(|| resource.get("instrumentationLibrarySpans"));
        let spans = list(scopes).filter_map(|scope| scope.get("spans")?.as_array());
        for span in spans.flatten() {
            let kind = span.get("kind");
            if kind.and_then(Value::as_u64) == Some(2) || kind.and_then(Value::as_str) == Some("SPAN_KIND_SERVER") {
                rows.push(server_span(span, &of_resource)?);
            }
        }
    }
    Some(rows)
}

fn server_span(span: &Value, of_resource: &Map<String, Value>) -> Option<Value> {
    let (start, end) = (whole(span, "startTimeUnixNano")?, whole(span, "endTimeUnixNano")?);
    let mut all = of_resource.clone();
    all.extend(owned(span.get("attributes")));
    let code = at(span, &["status", "code"]);
    let failed = code.and_then(Value::as_u64) == Some(2) || code.and_then(Value::as_str) == Some("STATUS_CODE_ERROR");
    let mut row = Map::new();
    row.insert("time".to_owned(), json!(start.to_string()));
    row.insert("duration_ns".to_owned(), json!(end.checked_sub(start)?));
    row.insert("success".to_owned(), json!(!failed));
    let status = ["http.response.status_code", "http.status_code"].iter().find_map(|name| all.remove(*name));
    row.extend(status.map(|status| ("status".to_owned(), status)));
    row.insert("operation".to_owned(), span.get("name").cloned().unwrap_or_default());
    row.extend(
        ["service.name", "service.version", "http.route", "deployment.environment"]
            .into_iter()
            .filter_map(|name| Some((name.replace('.', "_"), all.get(name)?.clone()))),
    );
    row.extend(all.remove("rpc.grpc.status_code").map(|code| ("grpc_status_code".to_owned(), code)));
    Some(Value::Object(row))
}

/// Attributes with their values.
fn owned(written: Option<&Value>) -> Map<String, Value> {
    attributes(written).map(|(key, value)| (key, value.clone())).collect()
}

/// `{"data": [{"traceID": …, "spans": […]}]}`, as Jaeger's API answers: microseconds.
fn jaeger(document: &Object) -> Option<Vec<Value>> {
    let mut rows = Vec::new();
    for trace in document.get("data")?.as_array()? {
        for span in trace.get("spans")?.as_array()? {
            let tags: Map<String, Value> = list(span.get("tags"))
                .filter_map(|tag| Some((tag.get("key")?.as_str()?.to_owned(), tag.get("value")?.clone())))
                .collect();
            if tags.get("span.kind").and_then(Value::as_str) != Some("server") {
                continue;
            }
            let failed = tags.get("error").is_some_and(|error| *error == json!(true) || *error == json!("true"));
            let status = ["http.status_code", "http.response.status_code"].iter().find_map(|name| tags.get(*name));
            let mut row = Map::new();
            row.insert("time".to_owned(), span.get("startTime")?.clone());
            row.insert("duration_us".to_owned(), span.get("duration")?.clone());
            row.insert("success".to_owned(), json!(!failed));
            row.extend(status.map(|status| ("status".to_owned(), status.clone())));
            row.insert("operation".to_owned(), span.get("operationName").cloned().unwrap_or_default());
            rows.push(Value::Object(row));
        }
    }
    Some(rows)
}

/// `{"hits": {"hits": [{"_source": …}]}}`, as Elasticsearch and OpenSearch answer.
fn hits(document: &Object) -> Option<Vec<Value>> {
    let hits = document.get("hits")?.get("hits")?.as_array()?;
    hits.iter().map(|hit| hit.get("_source").cloned()).collect()
}

/// The lines of Loki's streams, each behind its time as a container has it.
fn streams(document: &Object) -> Option<String> {
    let data = document.get("data").filter(|data| data.get("resultType").and_then(Value::as_str) == Some("streams"))?;
    let streams = data.get("result")?.as_array()?.iter().map(|stream| stream.get("values")?.as_array());
    let mut lines: Vec<(i128, &str)> = Vec::new();
    for stream in streams {
        for entry in stream? {
            lines.push((entry.get(0)?.as_str()?.parse().ok()?, entry.get(1)?.as_str()?));
        }
    }
    lines.sort_by_key(|(time, _)| *time);
    let stamped = lines.into_iter().map(|(time, line)| stamped(time, line));
    stamped.collect()
}

fn stamped(nanoseconds: i128, line: &str) -> Option<String> {
    let time = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    Some(format!("{time} {}\n", line.trim_end()))
}

/// `aws logs filter-log-events` or `get-log-events`, and what a subscription gets.
fn events(document: &Object) -> Option<String> {
    let events = document.get("events").or_else(|| document.get("logEvents"))?.as_array()?;
    let stream_of_all = document.get("logStream").and_then(Value::as_str).unwrap_or_default();
    let mut messages = Vec::new();
    for event in events {
        let stream = event.get("logStreamName").and_then(Value::as_str).unwrap_or(stream_of_all);
        let time = event.get("timestamp")?.as_i64()?.to_string();
        messages.push((time, stream, event.get("message")?.as_str()?));
    }
    if !messages.iter().any(|(_, _, message)| message.starts_with("REPORT RequestId: ")) {
        let each = messages.iter().map(|(time, _, message)| stamped(time.parse::<i128>().ok()? * 1_000_000, message));
        return each.collect();
    }
    let (mut invocations, mut text) = (Invocations::default(), String::new());
    for (time, stream, message) in &messages {
        invocations.add(time, stream, message, &mut text);
    }
    invocations.end(&mut text);
    Some(invocations.said(&text) + "\n")
}
