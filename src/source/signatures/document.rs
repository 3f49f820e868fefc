//! Answers of stores that hold lines of a log: of Loki, of CloudWatch Logs Insights, of `filter-log-events`.
//!
//! A store gives a number of lines and then stops, often without saying so. An answer that may have stopped is not whole.

use serde_json::Value;

use crate::source::error::Error;

/// The largest answer that is read: it is held in memory.
pub(super) const LARGEST: u64 = 1 << 29;
/// How many lines Loki gives where nothing is said (100), and what people and Grafana ask for.
const LOKI: [u64; 4] = [100, 1_000, 5_000, 10_000];
/// How many rows Insights gives: where nothing is said (1,000, now 10,000), and the most.
const INSIGHTS: [u64; 2] = [1_000, 10_000];

/// The time, the line, and the columns beside it.
pub(super) type Told = (String, String, Vec<(String, String)>);

/// What an answer holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Its lines.
    pub(super) lines: Vec<Told>,
    /// Why it is not whole, if it is not.
    pub(super) cut: Option<String>,
}

/// Whether a file that begins so is such an answer.
pub(super) fn is(head: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    let loki = has("\"resultType\"") && has("\"streams\"") || has("\"streams\"") && has("\"values\"");
    let insights = has("\"results\"") && has("\"field\"");
    let events = has("\"events\"") && has("\"timestamp\"") && has("\"message\"");
    head.trim_ascii_start().starts_with(b"{") && (loki || insights || events)
}

/// Reads an answer; `limit` is how many lines were asked for, if somebody said so.
///
/// # Errors
///
/// Unreadable: not JSON, or without lines where they should be.
pub(super) fn read(bytes: &[u8], limit: Option<u64>) -> Result<Answer, Error> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Error::unreadable(format!("begins like an answer of a store, but is not a whole JSON document ({error})"))
            .hint("Is the file complete?")
    })?;
    let streams = value.pointer("/data/result").or_else(|| value.get("streams")).and_then(Value::as_array);
    if let Some(streams) = streams {
        return Ok(with_limit(loki(streams), limit, &LOKI));
    }
    if let Some(rows) = value.get("results").and_then(Value::as_array) {
        return Ok(insights(&value, rows, limit));
    }
    if let Some(events) = value.get("events").and_then(Value::as_array) {
        let mut answer = of_events(events);
        let more = value.get("nextToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
        answer.cut = more.then(|| "the answer has a `nextToken`: more events were not fetched".into());
        return Ok(answer);
    }
    Err(Error::unreadable("is an answer without lines: neither `data.result`, `results` nor `events` is a list"))
}

/// An answer of exactly as many lines as were asked for, or as stores give, is taken for one that stopped.
fn with_limit(mut answer: Answer, limit: Option<u64>, usual: &[u64]) -> Answer {
    let lines = answer.lines.len() as u64;
    let reached = match limit {
        Some(limit) => lines >= limit,
        None => usual.contains(&lines),
    };
    if reached && answer.cut.is_none() {
        let hint = if limit.is_some() { "" } else { "; write `limit: …` if more was asked for" };
        answer.cut =
            Some(format!("the answer has {lines} lines, which is a limit of the store: more may be missing{hint}"));
    }
    answer
}

fn loki(streams: &[Value]) -> Answer {
    let mut answer = Answer::default();
    for stream in streams {
        let labels = stream.get("stream").and_then(Value::as_object);
        let labels: Vec<(String, String)> =
            labels.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect();
        for pair in stream.get("values").and_then(Value::as_array).into_iter().flatten() {
            let (Some(time), Some(line)) = (pair.get(0), pair.get(1)) else { continue };
            answer.lines.push((text(time), text(line), labels.clone()));
        }
    }
    answer
}

fn insights(value: &Value, rows: &[Value], limit: Option<u64>) -> Answer {
    let mut answer = Answer::default();
    for row in rows.iter().filter_map(Value::as_array) {
        let cells = row.iter().filter_map(|cell| Some((cell.get("field")?.as_str()?, text(cell.get("value")?))));
        let (mut time, mut line, mut others) = (String::new(), String::new(), Vec::new());
        for (field, value) in cells {
            match field {
                "@timestamp" => time = value,
                "@message" => line = value,
                _ => others.push((field.to_owned(), value)),
            }
        }
        answer.lines.push((time, line, others));
    }
    let matched = value.pointer("/statistics/recordsMatched").and_then(Value::as_f64);
    let status = value.get("status").and_then(Value::as_str);
    answer.cut = match (status, matched) {
        (Some(status), _) if status != "Complete" => {
            Some(format!("the query is not complete: its status is {status:?}"))
        }
        (_, Some(matched)) if matched > rows.len() as f64 => {
            Some(format!("the answer has {} of {matched} rows that match", rows.len()))
        }
        _ => None,
    };
    match matched {
        Some(_) => answer,
        None => with_limit(answer, limit, &INSIGHTS),
    }
}

fn of_events(events: &[Value]) -> Answer {
    let line = |event: &Value| Some((text(event.get("timestamp")?), text(event.get("message")?), Vec::new()));
    Answer { lines: events.iter().filter_map(line).collect(), cut: None }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_may_have_stopped_is_not_whole() {
        let loki = |lines: usize| {
            let values: Vec<String> =
                (0..lines).map(|n| format!("[\"179594640000000000{}\", \"no\"]", n % 10)).collect();
            format!(
                "{{\"data\": {{\"resultType\": \"streams\", \"result\": [{{\"stream\": {{\"app\": \"shop\"}}, \"values\": [{}]}}]}}}}",
                values.join(",")
            )
        };
        let whole = read(loki(7).as_bytes(), None).unwrap();
        assert_eq!((whole.lines.len(), &whole.cut), (7, &None));
        assert_eq!(whole.lines[0].2, [("app".to_owned(), "shop".to_owned())]);
        assert!(is(loki(7).as_bytes()));
        assert!(read(loki(100).as_bytes(), None).unwrap().cut.is_some());
        assert!(read(loki(100).as_bytes(), Some(500)).unwrap().cut.is_none());
        assert!(read(loki(7).as_bytes(), Some(7)).unwrap().cut.is_some());
        let row = "[{\"field\": \"@timestamp\", \"value\": \"2026-11-29 10:00:00.000\"}, {\"field\": \"@message\", \"value\": \"no\"}]";
        let insights = |rest: &str| format!("{{\"results\": [{row}]{rest}}}");
        assert_eq!(read(insights("").as_bytes(), None).unwrap().cut, None);
        for cut in [", \"status\": \"Timeout\"", ", \"status\": \"Complete\", \"statistics\": {\"recordsMatched\": 9}"]
        {
            assert!(read(insights(cut).as_bytes(), None).unwrap().cut.is_some(), "{cut}");
        }
        let events = "{\"events\": [{\"timestamp\": 1795946400000, \"message\": \"no\"}], \"nextToken\": \"x\"}";
        assert!(read(events.as_bytes(), None).unwrap().cut.is_some());
        assert!(read(b"{\"results\": ", None).is_err());
    }
}
