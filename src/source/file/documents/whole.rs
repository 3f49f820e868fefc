//! Whether an answer says itself that something of it is missing: then it is refused, for what is missing may be what went wrong.

use serde_json::Value;

use super::members::{Object, at, text};
use crate::source::error::Error;

/// What says by `true` that something is missing.
const PARTIAL: [(&str, &str); 3] = [
    ("isPartial", "is a partial answer"),
    ("timed_out", "is a partial answer: the search timed out"),
    ("terminated_early", "is a partial answer: the search ended early"),
];

/// Refuses an answer that is not whole.
pub(super) fn check(document: &Object) -> Result<(), Error> {
    let first = |name: &str| document.get(name).and_then(Value::as_array).and_then(|all| all.first());
    let said = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    if let Some(warning) = first("warnings") {
        let problem = format!("is an answer with a warning ({}), which may be incomplete", said(warning));
        return Err(Error::unreadable(problem).hint("Ask the query again until the answer has no warning."));
    }
    let text_of_errors =
        document.get("errors").filter(|errors| errors.as_str().is_some_and(|said| !said.trim().is_empty()));
    if let Some(error) = first("errors").or(text_of_errors) {
        let problem = format!("is an answer with an error ({}), which may be incomplete", said(error));
        return Err(Error::unreadable(problem).hint("Ask the query again until the answer has no error."));
    }
    let partial = PARTIAL.iter().find(|(name, _)| document.get(*name) == Some(&Value::Bool(true)));
    if let Some((_, problem)) = partial {
        return Err(Error::unreadable(*problem).hint("Ask the query again until all of it is answered."));
    }
    if let Some(failed) = document.get("_shards").and_then(|shards| shards.get("failed")?.as_u64()).filter(|n| *n > 0) {
        return Err(Error::unreadable(format!("is a partial answer ({failed} shards failed)"))
            .hint("Ask the query again until no shard fails."));
    }
    if text(document, "nextToken").is_some_and(|token| !token.is_empty()) {
        return Err(Error::unreadable("is one page of an answer: it has a nextToken")
            .hint("Fetch all pages, and give all events as one document."));
    }
    document.get("hits").map_or(Ok(()), all_hits)
}

/// Elasticsearch gives ten hits of thousands if nobody asks for more.
fn all_hits(hits: &Value) -> Result<(), Error> {
    let Some(given) = hits.get("hits").and_then(Value::as_array).map(|hits| hits.len() as u64) else { return Ok(()) };
    let total = hits.get("total").and_then(|total| total.as_u64().or_else(|| total.get("value")?.as_u64()));
    let open = at(hits, &["total", "relation"]).and_then(Value::as_str) == Some("gte");
    match total {
        Some(total) if total > given || open => {
            let more = if open { "or more " } else { "" };
            Err(Error::unreadable(format!("holds {given} of {total} {more}hits")).hint(
                "Ask for all of them: with `track_total_hits: true`, page by page (`search_after`), as one row for each hit.",
            ))
        }
        _ => Ok(()),
    }
}
