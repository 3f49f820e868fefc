//! A JSON document that holds requests, as one request per line: traces, events of a log, hits of a search, wrapped arrays.
//!
//! A document has to be read whole before it is known. So only what cannot be a log of lines is: one object over many lines, or
//! on a single one. Whatever holds no requests is handed on as it is.

use std::io::{self, Read};

use crate::source::error::Error;
use crate::source::file::{compression, rows_of_requests};

/// How much is looked at.
const HEAD: u64 = 1 << 16;
/// Larger documents are read as lines.
const LARGEST: u64 = 1 << 30;

/// How the files of OpenTelemetry's collector begin, which have a document in each line.
const TRACES: &[u8] = b"{\"resourceSpans\":";

/// The requests of a document, or the content as it is.
pub(super) fn read(content: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>, Error> {
    let (head, mut content) = compression::peek(content, HEAD)?;
    if !is_document(&head) {
        return Ok(Box::new(content));
    }
    let mut bytes = Vec::new();
    content.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(|error| compression::broken(&error))?;
    match requests(&bytes).filter(|_| (bytes.len() as u64) < LARGEST).transpose()? {
        Some(text) => Ok(Box::new(compression::plain(io::Cursor::new(text))?)),
        None => Ok(Box::new(io::Cursor::new(bytes).chain(content))),
    }
}

fn is_document(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    if !text.starts_with(b"{") {
        return false;
    }
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let whole = serde_json::from_slice::<serde::de::IgnoredAny>(&text[..end]).is_ok();
    !whole || text[end..].trim_ascii().is_empty() || text.starts_with(TRACES)
}

fn requests(bytes: &[u8]) -> Option<Result<String, Error>> {
    let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Map<_, _>>();
    let mut text = String::new();
    for document in documents {
        match rows_of_requests(&document.ok()?)? {
            Ok(rows) => text.push_str(&rows),
            Err(error) => return Some(Err(error)),
        }
    }
    (!text.trim().is_empty()).then_some(Ok(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plain(text: &'static str) -> String {
        let mut all = String::new();
        read(text.as_bytes()).unwrap().read_to_string(&mut all).unwrap();
        all
    }

    #[test]
    fn what_wraps_requests_is_taken_off() {
        let rows = "{\"status\":200}\n{\"status\":500}\n";
        assert_eq!(plain("{\n \"count\": 2, \"requests\": [{\"status\": 200}, {\"status\": 500}]}"), rows);
        assert_eq!(
            plain("{\"hits\":{\"total\":2,\"hits\":[{\"_source\":{\"status\":200}},{\"_source\":{\"status\":500}}]}}"),
            rows
        );
        for text in
            ["{\"status\":200}\n{\"status\":500}\n", "{\"a\":[1]}", "{\"a\":[{}],\"b\":[{}]}", "{\"a\":", "[{}]", ""]
        {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn an_answer_that_says_it_is_not_whole_is_refused() {
        let hits = |total: &str, more: &str| {
            format!("{{{more}\"hits\":{{\"total\":{total},\"hits\":[{{\"_source\":{{\"status\":200}}}}]}}}}")
        };
        let event = "\"events\":[{\"timestamp\":1,\"message\":\"{}\"}]";
        let jaeger = "\"data\":[{\"spans\":[{\"startTime\":1,\"duration\":1,\"tags\":[{\"key\":\"span.kind\",\"value\":\"server\"}]}]}]";
        let value = |total: u32, relation: &str| format!("{{\"value\":{total},\"relation\":\"{relation}\"}}");
        for (text, words) in [
            (hits(&value(10_000, "eq"), ""), "1 of 10000 hits"),
            (hits(&value(1, "gte"), ""), "1 of 1 or more hits"),
            (hits("7", ""), "1 of 7 hits"),
            (hits("1", "\"timed_out\":true,"), "timed out"),
            (hits("1", "\"_shards\":{\"total\":5,\"failed\":4},"), "4 shards failed"),
            (format!("{{{event},\"nextToken\":\"abc\"}}"), "nextToken"),
            (format!("{{{jaeger},\"errors\":[{{\"code\":500,\"msg\":\"storage timeout\"}}]}}"), "storage timeout"),
            ("{\"rows\":[{\"status\":200}],\"nextToken\":\"abc\"}".to_owned(), "nextToken"),
        ] {
            let refused = read(io::Cursor::new(text.clone())).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(words), "{text}: {refused}");
        }
        for text in [
            hits(&value(1, "eq"), "\"timed_out\":false,\"_shards\":{\"total\":5,\"failed\":0},"),
            format!("{{{event},\"nextToken\":null,\"searchedLogStreams\":[]}}"),
            format!("{{{jaeger},\"errors\":null}}"),
        ] {
            assert!(read(io::Cursor::new(text.clone())).is_ok(), "{text}");
        }
    }

    #[test]
    fn of_a_trace_the_spans_of_a_server_are_requests() {
        let text = plain(
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.version\",\"value\":{\"stringValue\":\"41\"}}]},\"scopeSpans\":[{\"spans\":[\
             {\"kind\":2,\"name\":\"GET /p\",\"startTimeUnixNano\":\"1795946400000000000\",\"endTimeUnixNano\":\"1795946400104186112\",\"attributes\":[{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"200\"}}],\"status\":{}},\
             {\"kind\":3,\"name\":\"query\",\"startTimeUnixNano\":\"1795946400000000000\",\"endTimeUnixNano\":\"1795946400004186112\"}]}]}]}\n",
        );
        assert_eq!(
            text,
            "{\"time\":\"1795946400000000000\",\"duration_ns\":104186112,\"success\":true,\"status\":\"200\",\"operation\":\"GET /p\",\"service_version\":\"41\"}\n"
        );
    }
}
