//! Files that cannot be judged, by who wrote them: what such a file is, and which command gives one that can.

use crate::source::error::Error;

/// What a file is that begins so, and what to do instead; nothing where it may be read.
pub(super) fn of(head: &[u8]) -> Option<Error> {
    let text = String::from_utf8_lossy(head);
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or_default();
    let (what, hint) = known(start, first)?;
    Some(Error::unreadable(format!("is {what}, which cannot be judged")).hint(hint))
}

/// The rows of ab, hey and oha lack the requests that got no answer.
const COUNTING: &str =
    "Run `vegeta attack`, and give the rows of `vegeta encode --to csv`: they have the requests that failed, too.";

fn known(start: &str, first: &str) -> Option<(&'static str, &'static str)> {
    let has = |text: &str| start.contains(text);
    let begins = |text: &str| start.starts_with(text);
    let ignoring_case = |text: &str| start.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text));
    Some(match () {
        () if begins("RUN\t") || begins("ASSERTION\t") && has("\nRUN\t") => {
            ("a log of Gatling", "A source `requests` reads it; a source `file` is for tables.")
        }
        () if ignoring_case("<!doctype html") || ignoring_case("<html") => {
            ("a web page", "Export the data instead, or fetch it with the credentials that the server asks for.")
        }
        () if begins("Running ") && first.contains(" test @ ") => (
            "a summary of wrk",
            "Run `wrk2 --latency`, whose listing of percentiles is read, or `vegeta encode --to csv`, whose requests are.",
        ),
        () if begins("This is ApacheBench") => ("a summary of ab", COUNTING),
        () if first.starts_with("Percentage served,") => ("a list of ab's percentiles (`ab -e`)", COUNTING),
        () if first.contains("Elap Time") && first.contains("Trans Rate") => ("a log of siege's runs", COUNTING),
        () if begins("Summary:") && has("Requests/sec") => ("a summary of hey or oha", COUNTING),
        () if first.starts_with("tls 2.0 ") || first.starts_with("tls 1.0 ") => (
            "an access log of an AWS network load balancer",
            "It has a row for each TLS connection, and no requests. Take the log of what stands behind it.",
        ),
        () if begins("<?xml") && has("<testsuite") => {
            ("a report of tests (JUnit)", "Give the results themselves, such as JMeter's JTL.")
        }
        () if begins("{") && has("\"log\":") && has("\"entries\":") && has("\"creator\":") => {
            ("a recording of a browser (HAR)", "Give the access log of the server.")
        }
        () if is_aggregated_pgbench(first) => (
            "a log of pgbench in intervals (`--aggregate-interval`)",
            "It has sums and no percentiles. Run `pgbench -l` without that option, whose transactions are read.",
        ),
        () if begins("# pxname,") => (
            "a page of HAProxy's counters, a single moment",
            "Give HAProxy's log (`option httplog`), or the counters as series of a monitoring system.",
        ),
        () => return None,
    })
}

/// `1609459200 5000 14000000 51000000000 2000 4000`: when, how many, the sum of times and of their squares, the least and the most.
fn is_aggregated_pgbench(line: &str) -> bool {
    let numbers: Option<Vec<u64>> = line.split(' ').map(|word| word.parse().ok()).collect();
    matches!(numbers.as_deref(), Some([at, _, sum, squares, least, most, ..])
        if (1_000_000_000..10_000_000_000).contains(at) && squares >= sum && most >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_riddle_has_its_answer() {
        for (text, what) in [
            ("<!DOCTYPE html><html>", "a web page"),
            ("Running 6s test @ http://127.0.0.1:8281/\n  1 threads", "wrk"),
            ("RUN\tshop.Search\tsearch\t1795946400000\t \t3.9.5\n", "a log of Gatling"),
            ("tls 2.0 2018-12-20T02:59:40 net/lb/c6e77e28c25b2234 g3d4b5e8bb8464cd", "network load balancer"),
            ("Summary:\n  Requests/sec: 7\n", "hey or oha"),
            ("Percentage served,Time in ms\n0,3.9\n", "`ab -e`"),
            ("1609459200 5000 14000000 51000000000 2000 4000\n", "pgbench"),
        ] {
            let said = of(text.as_bytes()).map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(what), "{text}: {said}");
            // what they write leaves out the requests that got no answer
            assert!(!said.contains("hey -o") && !said.contains("ab -g") && !said.contains("format csv"), "{said}");
        }
        for text in
            ["time,a\n2026-11-29T10:00:00Z,1\n", "{\"time\":1}", "# time,a\n", "0 199 2241 0 1175850568 995598\n", ""]
        {
            assert!(of(text.as_bytes()).is_none(), "{text}");
        }
    }
}
