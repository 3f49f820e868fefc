//! A first configuration for files that have none: columns are recognised by name, and usual tolerances proposed.
//!
//! Only what is understood is judged. Whether more of `foo` is good or bad nobody can know from its name, so it is
//! listed as not judged and never silently left to a default. The tolerances are those that are used where nobody
//! gave any: errors half again as many or 0.1 percentage points, p50 5 %, p95 10 %, p99 15 %, gauges 10 %.

mod logs;

use super::yaml::{name, quoted};
use crate::series::Pair;
use crate::source::requests::survey::Log;
use crate::source::survey::{Column, ColumnKind, Motion, Survey};

/// The data that a configuration is wanted for.
#[derive(Debug, Clone, Copy)]
pub enum Surveyed<'a> {
    /// One file with both arms in it.
    One(&'a Survey),
    /// A file for each arm.
    Two(Pair<&'a Survey>),
    /// One log with the requests of both arms.
    Log(&'a Log),
    /// A log for each arm.
    Logs(Pair<&'a Log>),
}

/// A configuration to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// The configuration, with comments; empty where nothing can be judged.
    pub yaml: String,
    /// What was recognised: "requests and errors -> rate `errors`".
    pub recognised: Vec<String>,
    /// What was not, and so is not judged.
    pub not_judged: Vec<String>,
    /// Why nothing can be judged, if so.
    pub problems: Vec<String>,
}

/// A metric with its criteria, as YAML.
struct Found {
    metric: String,
    shape: String,
    criteria: Vec<String>,
    sentence: String,
}

/// What a rate of errors has to hold.
const RATE_CRITERION: &str = "pass: \"<= baseline + max(50%, 0.1pp)\"";
/// How much slower requests may be, in percent.
const LATENCIES_OF_REQUESTS: [(&str, u32); 3] = [("p50", 5), ("p95", 10), ("p99", 15)];

const REQUESTS: [&str; 11] = [
    "requests",
    "request_count",
    "requestcount",
    "count",
    "total",
    "invocations",
    "calls",
    "n",
    "num_requests",
    "total_requests",
    "trials",
];
const ERRORS: [&str; 14] = [
    "errors",
    "error_count",
    "errorcount",
    "bad",
    "failures",
    "failed",
    "failure_count",
    "5xx",
    "5xxerror",
    "5xxerrors",
    "http_5xx",
    "errors_5xx",
    "status_5xx",
    "faults",
];
const LATENCIES: [&str; 6] = ["latency", "duration", "elapsed", "response_time", "responsetime", "took"];
const GAUGES: [&str; 12] = [
    "value",
    "cpu",
    "memory",
    "mem",
    "rss",
    "heap",
    "load",
    "cpu_usage",
    "cpuutilization",
    "memory_usage",
    "threads",
    "queue_depth",
];
const HITS: [&str; 4] = ["hits", "hit", "cache_hits", "cachehits"];
const MISSES: [&str; 4] = ["misses", "miss", "cache_misses", "cachemisses"];

/// A configuration for files that have none, called `called`.
pub fn starter(surveyed: &Surveyed, called: &str) -> Starter {
    match surveyed {
        Surveyed::One(survey) => of_table(survey, None, called),
        Surveyed::Two(pair) => of_table(pair.canary, Some(pair.baseline), called),
        Surveyed::Log(log) => logs::starter(&[log], called),
        Surveyed::Logs(pair) => logs::starter(&[pair.baseline, pair.canary], called),
    }
}

/// A configuration for tables: the only one, or the canary's and the baseline's.
fn of_table(first: &Survey, baseline: Option<&Survey>, called: &str) -> Starter {
    let mut not_judged = Vec::new();
    let columns = shared(first, baseline, &mut not_judged);
    let mut reading = Reading { columns, used: Vec::new(), per_request: first.step.is_none(), found: Vec::new() };
    reading.rates();
    reading.numbers();
    for column in reading.columns.iter().filter(|column| !reading.used.contains(&column.name)) {
        not_judged.push(format!("`{}`: {}", column.name, reading.why_not(column)));
    }
    let mut problems = Vec::new();
    if baseline.is_none() && first.arm.is_none() {
        problems.push(format!("{} does not say which rows are the baseline's: it has no column `arm`", first.shown));
    }
    if reading.found.is_empty() {
        let names: Vec<String> = reading.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        let columns = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        problems.push(format!(
            "nothing in {} can be judged: its columns are {columns}; recognised are requests with errors, hits with \
             misses, p50, p95, p99, latency_ms, cpu, memory, value",
            first.shown
        ));
    }
    let yaml = if problems.is_empty() {
        let files = baseline.map(|baseline| Pair { baseline: baseline.shown.as_str(), canary: first.shown.as_str() });
        let source = format!("file: {{ {} }}", file_keys(first, files.is_some()));
        Draft { called, files, source, remarks: Vec::new() }.written(&reading.found, &not_judged)
    } else {
        String::new()
    };
    let recognised = reading.found.into_iter().map(|found| found.sentence).collect();
    Starter { yaml, recognised, not_judged, problems }
}

/// The columns that both arms have.
fn shared<'a>(first: &'a Survey, baseline: Option<&Survey>, not_judged: &mut Vec<String>) -> Vec<&'a Column> {
    let Some(baseline) = baseline else {
        let arm = first.arm.as_ref().map(|(column, _, _)| column.as_str());
        return first.columns.iter().filter(|column| Some(column.name.as_str()) != arm).collect();
    };
    let has = |survey: &Survey, name: &str| survey.columns.iter().any(|column| column.name == name);
    for (survey, other) in [(baseline, first), (first, baseline)] {
        let alone = survey.columns.iter().filter(|column| !has(other, &column.name));
        not_judged.extend(alone.map(|column| format!("`{}`: it is not in {}", column.name, other.shown)));
    }
    first.columns.iter().filter(|column| has(baseline, &column.name)).collect()
}

/// The columns while they are being understood.
struct Reading<'a> {
    columns: Vec<&'a Column>,
    used: Vec<String>,
    per_request: bool,
    found: Vec<Found>,
}

impl<'a> Reading<'a> {
    fn one_of(&self, names: &[&str]) -> Option<&'a Column> {
        let whole = |column: &&&Column| column.kind == ColumnKind::Whole && !self.used.contains(&column.name);
        names
            .iter()
            .find_map(|name| self.columns.iter().filter(whole).find(|c| counted_name(&c.name) == *name))
            .copied()
    }

    /// Requests with their errors, lookups with their hits.
    fn rates(&mut self) {
        if let (Some(total), Some(bad)) = (self.one_of(&REQUESTS), self.one_of(&ERRORS)) {
            let (counter, increases) = totals(total, bad);
            self.used.extend([total.name.clone(), bad.name.clone()]);
            self.found.push(Found {
                metric: "errors".into(),
                shape: format!(
                    "rate: {{ bad: {}, total: {}, of: requests{counter} }}",
                    literal(&bad.name),
                    literal(&total.name)
                ),
                criteria: vec![RATE_CRITERION.into()],
                sentence: format!("{} and {} -> rate `errors`{increases}", total.name, bad.name),
            });
        }
        if let (Some(hits), Some(misses)) = (self.one_of(&HITS), self.one_of(&MISSES)) {
            let (counter, increases) = totals(hits, misses);
            self.used.extend([hits.name.clone(), misses.name.clone()]);
            self.found.push(Found {
                metric: "cache_hits".into(),
                shape: format!(
                    "rate: {{ good: {}, bad: {}, of: lookups{counter} }}",
                    literal(&hits.name),
                    literal(&misses.name)
                ),
                criteria: vec!["pass: \">= baseline - 1pp\"".into()],
                sentence: format!("{} and {} -> rate `cache_hits`{increases}", hits.name, misses.name),
            });
        }
    }

    /// Percentiles, latencies and gauges.
    fn numbers(&mut self) {
        let is_requests = |c: &&&Column| REQUESTS.contains(&counted_name(&c.name).as_str()) && is_number(c);
        // requests that climb may be a counter, and a gauge is judged without them
        let is_plain = |c: &&&Column| !matches!(c.motion, Motion::Climbing | Motion::Counter);
        let requests = self.columns.iter().filter(is_requests).find(is_plain).map(|column| column.name.clone());
        for column in self.columns.clone() {
            if self.used.contains(&column.name) || !is_number(column) {
                continue;
            }
            let Some(found) = self.number(column, requests.as_deref()) else { continue };
            self.used.push(column.name.clone());
            if let Some(requests) = requests.as_ref().filter(|r| found.shape.contains(&literal(r))) {
                self.used.push(requests.clone());
            }
            self.found.push(found);
        }
    }

    /// Whether a column says which processor a row is of, as sadf's `CPU` does beside `%user`: -1 means all of them.
    fn is_processor(&self, column: &Column) -> bool {
        let beside = || self.columns.iter().any(|other| other.name.starts_with('%'));
        plain_name(&column.name) == "cpu" && (column.min.is_some_and(|least| least < 0.0) || beside())
    }

    fn number(&self, column: &Column, requests: Option<&str>) -> Option<Found> {
        if self.is_processor(column) {
            return None;
        }
        let (base, unit) = split_unit(&column.name);
        let value = format!("value: {}", literal(&column.name));
        let unit_key = unit.as_ref().map(|unit| format!(", unit: {}", quoted(unit))).unwrap_or_default();
        let in_unit = unit.map(|unit| format!(" in {unit}")).unwrap_or_default();
        if let Some((endpoint, quantile, q)) = percentile(&base) {
            let requests = requests.map(|column| format!(", requests: {}", literal(column))).unwrap_or_default();
            let metric = self.unique(format!("{endpoint}_{quantile}"));
            return Some(Found {
                shape: format!("gauge: {{ {value}{unit_key}, quantile: {quantile}{requests} }}"),
                criteria: vec![format!("pass: \"<= baseline + {}%\"", tolerance(q))],
                sentence: format!("{} -> gauge `{metric}`{in_unit}, a {quantile} per step", column.name),
                metric,
            });
        }
        if LATENCIES.contains(&base.as_str()) && self.per_request {
            let metric = self.unique(base.clone());
            return Some(Found {
                shape: format!("values: {{ {value}{unit_key} }}"),
                criteria: criteria_of_requests(),
                sentence: format!("{} -> values `{metric}`{in_unit}, one per request", column.name),
                metric,
            });
        }
        if LATENCIES.contains(&base.as_str()) || GAUGES.contains(&base.as_str()) {
            let metric = self.unique(base.clone());
            return Some(Found {
                shape: format!("gauge: {{ {value}{unit_key} }}"),
                criteria: vec!["pass: \"<= baseline + 10%\"".into()],
                sentence: format!("{} -> gauge `{metric}`{in_unit}, more of it taken as worse", column.name),
                metric,
            });
        }
        None
    }

    fn unique(&self, name: String) -> String {
        let taken = |name: &str| self.found.iter().any(|found| found.metric == name);
        let numbered = (2..).map(|i| format!("{name}-{i}"));
        [name.clone()].into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or(name)
    }

    fn why_not(&self, column: &Column) -> &'static str {
        let plain = plain_name(&column.name);
        match column.kind {
            ColumnKind::Text => "it is not a number",
            ColumnKind::Empty => "it is empty",
            _ if self.is_processor(column) => "it is the number of a processor",
            _ if ERRORS.contains(&plain.as_str()) => "nothing says of how many requests they are",
            _ if REQUESTS.contains(&plain.as_str()) => "a number of requests alone is neither good nor bad",
            _ if HITS.contains(&plain.as_str()) || MISSES.contains(&plain.as_str()) => {
                "hits need misses, and misses hits"
            }
            _ => "whether more of it is good or bad is not known",
        }
    }
}

/// The plain name of a counted column, as it is without the convention of Prometheus: `requests` of `http_requests_total`.
fn counted_name(column: &str) -> String {
    let plain = plain_name(column);
    match plain.strip_suffix("_total") {
        Some(base) => base.strip_prefix("http_").unwrap_or(base).to_owned(),
        None => plain,
    }
}

/// The key and the words for columns that are totals since some start.
fn totals(whole: &Column, part: &Column) -> (&'static str, &'static str) {
    match Motion::are_totals(whole.motion, part.motion) {
        true => (", counter: true", " of their increases: both are counters since some start"),
        false => ("", ""),
    }
}

fn is_number(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::Whole | ColumnKind::Real)
}

/// A column's name in lower case, its words joined by `_`.
fn plain_name(column: &str) -> String {
    let lower = column.trim().to_lowercase();
    lower
        .split(|c: char| c == '-' || c == '_' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// The plain name without a trailing unit, and the unit as a configuration writes it.
fn split_unit(column: &str) -> (String, Option<String>) {
    let plain = plain_name(column);
    let Some((base, last)) = plain.rsplit_once('_') else { return (plain, None) };
    let unit = match last {
        "ms" | "millis" | "milliseconds" | "msec" => "ms",
        "s" | "sec" | "secs" | "seconds" => "s",
        "us" | "micros" | "microseconds" => "us",
        "percent" | "pct" => "%",
        "bytes" => "B",
        "kb" => "KB",
        "kib" => "KiB",
        "mb" => "MB",
        "mib" => "MiB",
        "gb" => "GB",
        "gib" => "GiB",
        _ => return (plain, None),
    };
    (base.to_owned(), Some(unit.to_owned()))
}

/// `latency_p95` and `p95_latency` as the endpoint, the quantile as written, and in [0, 1].
fn percentile(base: &str) -> Option<(String, String, f64)> {
    let words: Vec<&str> = base.split('_').collect();
    let read = |word: &str| {
        let number = word.strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
        let percent = number.parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent < 100.0)?;
        Some((word.to_owned(), percent / 100.0))
    };
    let at = words.iter().position(|word| read(word).is_some())?;
    let (written, q) = read(words[at])?;
    let rest: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| *word).collect();
    let endpoint = rest.join("_");
    let named = !endpoint.is_empty() && super::scalar::is_name(&endpoint);
    Some((if named { endpoint } else { "latency".to_owned() }, written, q))
}

/// How much worse a quantile may be, in percent, when nobody says.
fn tolerance(q: f64) -> u32 {
    match q {
        q if q <= 0.5 => 5,
        q if q <= 0.95 => 10,
        _ => 15,
    }
}

/// The criteria of latencies of single requests.
fn criteria_of_requests() -> Vec<String> {
    LATENCIES_OF_REQUESTS.map(|(p, percent)| format!("statistic: {p}, pass: \"<= baseline + {percent}%\"")).to_vec()
}

/// What is written around metrics and criteria.
struct Draft<'a> {
    called: &'a str,
    /// The files of the arms, where each has its own.
    files: Option<Pair<&'a str>>,
    /// The source's kind and keys.
    source: String,
    /// What else could be asked.
    remarks: Vec<String>,
}

impl Draft<'_> {
    fn written(&self, found: &[Found], not_judged: &[String]) -> String {
        let mut text = String::from("# A configuration to start with: put in the limits that matter to you.\n");
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("name: {}", quoted(self.called)));
        if let Some(files) = &self.files {
            line("arms:".into());
            line(format!("  baseline: {{ file: {} }}", quoted(files.baseline)));
            line(format!("  canary: {{ file: {} }}", quoted(files.canary)));
        }
        line("# The canary's share of the traffic, if you know it: a mismatch makes the comparison suspect.".into());
        line("# traffic: { canary: 5% }".into());
        line("sources:".into());
        line(format!("  data: {{ {} }}", self.source));
        line("metrics:".into());
        for one in found {
            line(format!("  {}: {{ {} }}", name(&one.metric), one.shape));
        }
        self.remarks.iter().for_each(|remark| line(format!("# {}", remark.replace(char::is_control, " "))));
        if !not_judged.is_empty() {
            line("# Not judged:".into());
            not_judged.iter().for_each(|column| line(format!("#   {}", column.replace(char::is_control, " "))));
        }
        line("criteria:".into());
        for one in found {
            one.criteria.iter().for_each(|rest| line(format!("  - {{ metric: {}, {rest} }}", name(&one.metric))));
        }
        text
    }
}

/// A text of a source or column, in which nothing is substituted.
fn literal(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

/// Where each arm has a file, it is a label of the arm.
const FILE_OF_ARM: &str = "\"${file}\"";

fn file_keys(survey: &Survey, two: bool) -> String {
    let path = if two { FILE_OF_ARM.to_owned() } else { literal(&survey.shown) };
    let mut keys = vec![format!("path: {path}")];
    if let (false, Some((column, baseline, canary))) = (two, &survey.arm) {
        let (column, baseline, canary) = (literal(column), literal(baseline), literal(canary));
        keys.push(format!("arm: {{ column: {column}, baseline: {baseline}, canary: {canary} }}"));
    }
    if let Some((long, _)) = &survey.long {
        keys.push(format!("long: {{ name: {}, value: {} }}", literal(&long.name), literal(&long.value)));
    }
    keys.join(", ")
}
