//! A first configuration for logs of requests: what a row says is known by its format, so that it is said rather than guessed.

use super::Wish;
use super::draft::{Draft, FILE_OF_ARM, Found, Starter, criteria_of_requests, not_judged as entry, of_rates};
use super::names::Name;
use crate::judge::rules::NotJudged;
use crate::series::{Gravity, Pair};
use crate::source::requests::Format;
use crate::source::requests::survey::{Log, Telling};
use crate::text::scalar::word;
use crate::text::yaml::{literal, quoted};

/// A configuration for logs that have none: one of both arms, or the baseline's and the canary's.
pub(super) fn starter(logs: &[&Log], called: &str, wish: &Wish) -> Starter {
    let mut not_judged = Vec::new();
    let mut found = found(logs, wish, &mut not_judged);
    let columns: Vec<&str> = logs.iter().flat_map(|log| &log.columns).map(String::as_str).collect();
    let mut problems = wish.wrong_units(&columns);
    if wish.units.len() > 1 {
        problems.push("--unit is given twice, and a log of requests has one latency: keep that of its column".into());
    }
    problems.extend(wish.unknown_group(&columns).filter(|_| !columns.is_empty()));
    problems.extend(wish.unknown_dimensions(&columns).into_iter().filter(|_| !columns.is_empty()));
    problems.extend(wish.bound(&mut found));
    wish.by_groups(&mut found);
    if let [log] = logs
        && let Telling::Perhaps(perhaps) = &log.arms
    {
        problems.push(who_is_who(log, perhaps));
    }
    if found.is_empty() {
        let of = logs.iter().map(|log| log.shown.as_str()).collect::<Vec<_>>().join(" and ");
        let why = not_judged.iter().map(|one| format!("{}: {}", one.what, one.why)).collect::<Vec<_>>().join("; ");
        problems.push(format!("nothing of {of} can be judged: {why}"));
    }
    problems.extend(one_sided(logs));
    let files = match logs {
        [baseline, canary] => Some(Pair { baseline: baseline.shown.as_str(), canary: canary.shown.as_str() }),
        _ => None,
    };
    let (source, remarks, step) = (source(logs, wish), remarks(logs), wish.step);
    let localise = &wish.localise;
    let draft = Draft { called, files, labels: Vec::new(), source, remarks, step, localise };
    let yaml = if problems.is_empty() { draft.written(&found, &not_judged) } else { String::new() };
    let mut recognised: Vec<String> = logs.iter().map(|log| what(log)).collect();
    recognised.extend(found.into_iter().map(|found| found.sentence));
    Starter { yaml, recognised, not_judged, problems }
}

/// Words of columns that say how a request went.
const OUTCOMES: [&str; 18] = [
    "status",
    "code",
    "success",
    "successful",
    "ok",
    "error",
    "errors",
    "err",
    "failed",
    "failure",
    "fail",
    "timeout",
    "exception",
    "outcome",
    "result",
    "fault",
    "state",
    "level",
];
/// Words of columns that say how long a request took.
const TIMES: [&str; 9] = ["latency", "duration", "elapsed", "took", "taken", "rtt", "ttfb", "delay", "ms"];

/// Errors and latency, where every log knows them.
fn found(logs: &[&Log], wish: &Wish, not_judged: &mut Vec<NotJudged>) -> Vec<Found> {
    let mut found = Vec::new();
    let known = |of: fn(&Log) -> Option<&String>| -> Option<String> {
        let mut words: Vec<&String> = logs.iter().map(|log| of(log)).collect::<Option<_>>()?;
        words.dedup();
        Some(words.into_iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    match known(|log| log.errors.as_ref()) {
        Some(words) => found.push(Found {
            metric: "errors".into(),
            shape: "rate: { bad: errors, total: requests }".into(),
            criteria: vec![of_rates()],
            sentence: format!("{words} -> rate `errors` of the requests"),
        }),
        None => not_judged.extend(logs.iter().filter(|log| log.errors.is_none()).map(|log| errors_unknown(log))),
    }
    let said = wish.units.first().map(|(column, unit)| format!("{column} in {unit}"));
    match said.or_else(|| known(|log| log.latency.as_ref())) {
        Some(words) => found.push(Found {
            metric: "latency".into(),
            shape: "values: { value: latency, unit: ms }".into(),
            criteria: criteria_of_requests(),
            sentence: format!("{words} -> values `latency`, one per request"),
        }),
        None => not_judged.extend(logs.iter().filter(|log| log.latency.is_none()).map(|log| latency_unknown(log))),
    }
    not_judged.extend(unanswered(logs));
    found
}

/// What a load generator does not write: a server that answers nobody would look well.
fn unanswered(logs: &[&Log]) -> Option<NotJudged> {
    let program = logs.iter().find_map(|log| log.of_answers)?;
    let of: Vec<&str> = logs.iter().filter(|log| log.of_answers.is_some()).map(|log| log.shown.as_str()).collect();
    let why = format!(
        "{program} leaves them out of {}: give results that count them, such as `vegeta encode --to csv`, k6's or JMeter's",
        of.join(" and ")
    );
    Some(entry("requests without an answer", why, Gravity::Incomplete))
}

/// A log whose requests fail or not without saying so in a way that is understood.
fn errors_unknown(log: &Log) -> NotJudged {
    let perhaps = telling(log, &|words| words.iter().any(|word| OUTCOMES.contains(word)));
    match perhaps {
        Some(column) => {
            let why = format!(
                "{} does not say which requests are errors; `{column}` may say it: write `error: '{column} = VALUE'` in the source",
                log.shown
            );
            entry("errors", why, Gravity::Incomplete)
        }
        None => {
            let gravity = if log.is_silent { Gravity::Incomplete } else { Gravity::Note };
            entry("errors", format!("{} does not say which requests are errors", log.shown), gravity)
        }
    }
}

/// A log whose latency is not understood, or that has none.
fn latency_unknown(log: &Log) -> NotJudged {
    if let (Some(one), None) = (log.spans.first(), &log.unit_unknown) {
        let spans: Vec<String> = log.spans.iter().map(|span| format!("`{span}`")).collect();
        let why = format!(
            "{} could say it by {}: add `--unit {one}=ms` with the right one and its unit, or call it `latency` in the layout",
            log.shown,
            spans.join(" or ")
        );
        return entry("latency", why, Gravity::Incomplete);
    }
    let perhaps =
        log.unit_unknown.clone().or_else(|| telling(log, &|words| words.iter().any(|word| TIMES.contains(word))));
    match perhaps {
        Some(column) => {
            let why = format!(
                "{} does not say what `{column}` is in: add `--unit {column}=ms`, or write `latency: {{ column: {column}, unit: ms }}` \
                 in the source",
                log.shown
            );
            entry("latency", why, Gravity::Incomplete)
        }
        None => entry("latency", format!("{} does not say how long requests took", log.shown), Gravity::Note),
    }
}

/// A column whose words may say it.
fn telling(log: &Log, is: &dyn Fn(&[&str]) -> bool) -> Option<String> {
    log.columns.iter().find(|column| is(&Name::of(column).plain.split('_').collect::<Vec<_>>())).cloned()
}

/// What one log knows and the other does not: without it the canary could hide what it does.
fn one_sided(logs: &[&Log]) -> Option<String> {
    let [baseline, canary] = logs else { return None };
    let lacks = |what: &str, of: fn(&Log) -> bool| match (of(baseline), of(canary)) {
        (true, false) => Some(format!("{} says {what}, and {} does not", baseline.shown, canary.shown)),
        (false, true) => Some(format!("{} says {what}, and {} does not", canary.shown, baseline.shown)),
        _ => None,
    };
    let hint = "write a configuration that says it of both (`davy init` writes one for logs that are alike)";
    // what may fail without a word of it is not judged for its errors
    lacks("which requests are errors", |log| log.errors.is_some() || log.is_silent)
        .or_else(|| lacks("how long requests took", |log| log.latency.is_some()))
        .map(|problem| format!("{problem}: {hint}"))
}

/// `old.log: a log of requests (combined)`.
fn what(log: &Log) -> String {
    let format = if log.format == Format::Layout { "by the layout" } else { word(log.format) };
    format!("{}: a log of requests ({format})", log.shown)
}

/// Why both arms cannot be found in one log, and what might tell them apart.
fn who_is_who(log: &Log, perhaps: &[(String, Vec<String>)]) -> String {
    let problem = format!("{} does not say which requests are the baseline's: it has no column `arm`", log.shown);
    let Some((column, values)) = perhaps.iter().find(|(_, values)| values.len() == 2).or(perhaps.first()) else {
        return format!(
            "{problem}. Give a log for each with --baseline and --canary, or write a configuration that says which are whose: \
             `arm: {{ baseline: CONDITION, canary: CONDITION }}` in a source `requests`"
        );
    };
    let shown = |(column, values): &(String, Vec<String>)| format!("`{column}` ({})", values.join(", "));
    let columns: Vec<String> = perhaps.iter().take(6).map(shown).collect();
    let which = if columns.len() == 1 { "This could" } else { "One of these could" };
    let ends = [&values[0], &values[values.len() - 1]].map(String::as_str);
    format!("{problem}. {which}: {}. {}", columns.join(", "), which_is_which(column, ends))
}

/// The option to type, if two values do not say which is the baseline's.
pub fn which_is_which(column: &str, [one, other]: [&str; 2]) -> String {
    let option = |baseline: &str, canary: &str| {
        let text = format!("{column}={baseline},{canary}");
        let is_plain = text.chars().all(|c| c.is_alphanumeric() || "=,._-:/@%+".contains(c));
        if is_plain { format!("`--arm {text}`") } else { format!("`--arm '{text}'`") }
    };
    format!(
        "If {one} is the baseline, add {}; if {other} is, {}. In a configuration it is `arm: {{ column: {}, baseline: {}, canary: {} }}`",
        option(one, other),
        option(other, one),
        literal(column),
        literal(one),
        literal(other)
    )
}

fn source(logs: &[&Log], wish: &Wish) -> String {
    let mut keys = Vec::new();
    match logs {
        [log] => {
            keys.push(format!("path: {}", literal(&log.shown)));
            if let Telling::Column(column, baseline, canary) = &log.arms {
                let (column, baseline, canary) = (literal(column), literal(baseline), literal(canary));
                keys.push(format!("arm: {{ column: {column}, baseline: {baseline}, canary: {canary} }}"));
            }
        }
        _ => keys.push(format!("path: {FILE_OF_ARM}")),
    }
    keys.extend(wish.layout.as_ref().map(|layout| format!("layout: {}", quoted(layout))));
    if let Some((column, unit)) = wish.units.first() {
        keys.push(format!("latency: {{ column: {}, unit: {} }}", literal(column), literal(unit)));
    }
    keys.extend(wish.filter.as_ref().map(|condition| format!("where: {}", literal(condition))));
    format!("requests: {{ {} }}", keys.join(", "))
}

/// What else the rows could tell.
fn remarks(logs: &[&Log]) -> Vec<String> {
    let Some(log) = logs.iter().find(|log| !log.columns.is_empty()) else { return Vec::new() };
    let in_all = |name: &&String| logs.iter().all(|log| log.columns.contains(name));
    let names: Vec<&str> = log.columns.iter().filter(in_all).map(String::as_str).collect();
    let names = names.join(", ");
    vec![
        "Each of a column's values is a metric of its own with `by: COLUMN`, some of the rows are one with".to_owned(),
        "`where: 'COLUMN = \"value\"'`. The columns are:".to_owned(),
        format!("  {names}"),
    ]
}
