//! What the AWS command line prints with `--output yaml`, `text` or `table`, as the document that `--output json` is.
//!
//! The three are for people, and say less than JSON does: a text leaves the names out, and a box may be cut by a copy. So each
//! has to prove that it is whole and what its numbers are. What cannot be decided is refused.

use std::io::Read;

use serde_json::{Map, Value};

use super::{boxes, lines};
use crate::source::error::{Error, Place};
use crate::source::file::peek::broken;

type Object = Map<String, Value>;

/// How many parts a document in YAML may have: a page of CloudWatch has about 200,000.
const MOST_PARTS: usize = 8_000_000;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::file) enum Printed {
    Yaml,
    Stream,
    Text,
    Box,
    /// Results of Logs Insights, whose rows have no end in a text or a box.
    Rows,
}

impl Printed {
    /// Whether a file that begins so is one of them.
    pub(in crate::source::file) fn of(head: &[u8]) -> Option<Printed> {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != "---").take(400);
        let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
        let rest: Vec<&str> = lines.collect();
        let any = |is: &dyn Fn(&str) -> bool| is(first) || is(second) || rest.iter().any(|line| is(line));
        let begins = |mark: &str| first.starts_with(mark) || second.starts_with(mark);
        let title = second.trim_matches(['|', ' ']);
        match () {
            () if first.len() > 2 && first.bytes().all(|byte| byte == b'-') && second.starts_with('|') => match title {
                "get-metric-statistics" | "get-metric-data" | "GetMetricStatistics" | "GetMetricData" => {
                    Some(Printed::Box)
                }
                "get-query-results" | "GetQueryResults" => Some(Printed::Rows),
                _ => None,
            },
            () if begins("DATAPOINTS\t") || begins("METRICDATARESULTS\t") => Some(Printed::Text),
            () if begins("MESSAGES\t") && any(&|line| line.starts_with("METRICDATARESULTS\t")) => Some(Printed::Text),
            () if begins("RESULTS\t") => Some(Printed::Rows),
            () if first.strip_prefix("- ").is_some_and(is_of_page) => Some(Printed::Stream),
            () if is_key(first) && any(&|line| ["Datapoints:", "Datapoints: []"].contains(&line)) => {
                Some(Printed::Yaml)
            }
            () if is_key(first) && any(&|line| ["MetricDataResults:", "MetricDataResults: []"].contains(&line)) => {
                Some(Printed::Yaml)
            }
            () if first == "results:" && second.starts_with("- - field: ") => Some(Printed::Yaml),
            () => None,
        }
    }

    /// The document, where the answer is whole.
    pub(in crate::source::file) fn document(self, mut content: impl Read) -> Result<Object, Error> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        let text =
            String::from_utf8(bytes).map_err(|_| Error::unreadable("is not UTF-8").hint("Save the file as UTF-8."))?;
        if !text.ends_with('\n') {
            let lines = text.lines().count() as u64;
            return Err(Error::unreadable("has no end, so the answer may be cut")
                .at(Place::line(lines))
                .hint("Save the answer again, with `> FILE`."));
        }
        match self {
            Printed::Yaml => yaml(&text),
            Printed::Text => lines::document(&text),
            Printed::Box => boxes::document(&text),
            Printed::Rows => Err(lines::undecided("does not say where a row of the results ends")),
            Printed::Stream => Err(lines::undecided("is a stream of pages (`--output yaml-stream`)")),
        }
    }
}

/// Whether a page begins so.
fn is_of_page(line: &str) -> bool {
    ["Datapoints:", "MetricDataResults:", "Messages: []", "Messages:", "results:"].contains(&line)
}

/// Whether a line is a key of a document: `Label: Latency`.
fn is_key(line: &str) -> bool {
    let key = line.split_once(':').map_or("", |(key, _)| key);
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The keys stand in the order of the alphabet, so that some of them are last and show that the document is whole.
fn yaml(text: &str) -> Result<Object, Error> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: 32, max_nodes: MOST_PARTS, max_events: 3 * MOST_PARTS },
    };
    let document: Object = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let said = error.without_snippet().to_string();
        let first = said.lines().next().unwrap_or_default();
        let problem = format!("is not YAML ({})", first.split(" at line ").next().unwrap_or(first));
        let refused = Error::unreadable(problem).expected("an answer of the AWS command line");
        match error.location() {
            Some(location) => refused.at(Place::line(location.line())),
            None => refused,
        }
    })?;
    let cut = |name: &str| {
        Error::unreadable(format!("has no `{name}`, so the answer may be cut")).hint("Save the answer again.")
    };
    for (data, last) in [("Datapoints", "Label"), ("results", "status")] {
        if document.contains_key(data) && !document.contains_key(last) {
            return Err(cut(last));
        }
    }
    let results = document.get("MetricDataResults").and_then(Value::as_array).into_iter().flatten();
    for (number, result) in (1..).zip(results) {
        if let Some(name) = ["StatusCode", "Timestamps", "Values"].iter().find(|name| result.get(**name).is_none()) {
            return Err(cut(name).at(Place { what: "result", number }));
        }
    }
    Ok(document)
}
