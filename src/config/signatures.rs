//! Logs whose lines are compared by what they say, as meant: what is read, and what is asked of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::plan::{LogQuery, LogSource};
use super::requests::{arms_of, condition, paths_differ};
use super::values::{self, Values};
use super::written::file::File;
use super::written::requests::Texts;
use super::written::signatures::{MaskText, SignaturesEntry};
use crate::judge::rules::{Kind, Metric, OnLines, Per, SignatureRule};
use crate::series::{Arm, MetricName, Pair};
use crate::source::requests::{Arms, MAX_BAD};
use crate::source::signatures::{Lines, Log};
use crate::text::problem::{At, Report, suggestion};
use crate::text::scalar::Choice;

/// By how much more often is no rise, where nothing is said.
const MARGIN: f64 = 0.5;
/// By all lines.
const LINES: &str = "lines";

/// Every text that may refer to labels.
pub(super) fn texts(file: &File) -> impl Iterator<Item = &At<String>> {
    file.signatures.0.iter().flat_map(|(_, entry)| {
        let own = [&entry.message, &entry.time, &entry.zone, &entry.filter].into_iter().flatten();
        let arm = entry.arm.iter().flat_map(|arm| arm.column.iter().chain([&arm.baseline, &arm.canary]));
        entry.path.iter().flat_map(|path| &path.0).chain(own).chain(arm)
    })
}

/// The metrics by which lines are compared.
pub(super) fn metrics(file: &File) -> impl Iterator<Item = &str> {
    let named = file.signatures.0.iter().filter_map(|(_, entry)| entry.per.as_ref());
    named.map(|per| per.value.as_str()).filter(|per| *per != LINES)
}

/// What is asked of each log.
pub(super) fn rules(
    file: &File,
    known: &[(MetricName, Option<Metric>)],
    report: &mut Report,
) -> BTreeMap<String, SignatureRule> {
    let rule = |(name, entry): &(At<String>, SignaturesEntry)| {
        let asked =
            |choice: &Option<At<Choice<OnLines>>>| choice.as_ref().map_or(OnLines::Warn, |choice| choice.value.0);
        let (new, more) = (asked(&entry.new), asked(&entry.more));
        if new == OnLines::Off && more == OnLines::Off {
            report.add_with(
                name.place,
                format!("`{}` looks for nothing: `new` and `more` are off", name.value),
                "write `new: warn`, or leave `signatures` out",
            );
        }
        let per = match &entry.per {
            None => Per::Usual,
            Some(per) if per.value == LINES => Per::Lines,
            Some(per) => per_metric(per, known, report),
        };
        let margin = entry.margin.as_ref().map_or(MARGIN, |share| share.value.0);
        (name.value.clone(), SignatureRule { new, more, margin, per })
    };
    file.signatures.0.iter().map(rule).collect()
}

fn per_metric(per: &At<String>, known: &[(MetricName, Option<Metric>)], report: &mut Report) -> Per {
    let found = known.iter().find(|(name, _)| *name == per.value);
    let hint = "name a `rate` metric without `by`, or write `per: lines`";
    match found {
        None => {
            let near = suggestion(&per.value, known.iter().map(|(name, _)| name.as_str()));
            report.add_with(per.place, format!("there is no metric `{}`", per.value), near.unwrap_or(hint.into()));
        }
        Some((_, Some(metric)))
            if metric.by.is_some() || !matches!(metric.kind, Kind::BadShare | Kind::GoodShare | Kind::PartShare) =>
        {
            report.add_with(per.place, format!("`{}` has no totals to compare lines by", per.value), hint);
        }
        Some(_) => {}
    }
    Per::Metric(per.value.clone())
}

/// What is read for each log.
pub(super) fn queries(
    file: &File,
    labels: &Pair<Vec<(String, String)>>,
    folder: &Path,
    report: &mut Report,
) -> Vec<LogQuery> {
    let mut all = Vec::new();
    for (name, entry) in &file.signatures.0 {
        let source = match (&entry.recorded, &entry.path) {
            (Some(recorded), _) => LogSource::Recorded(folder.join(&recorded.value)),
            (None, Some(path)) => {
                let masks = entry.mask.as_ref().is_none_or(|mask| mask.value.0 == MaskText::On);
                let logs = Pair::build(|arm| {
                    let values = Values { arm, metric: &name.value, labels, step: "" };
                    log(entry, path, &values, folder, report)
                });
                LogSource::Lines(Box::new(Lines { logs, masks, words: words(labels) }))
            }
            (None, None) => continue,
        };
        all.push(LogQuery { name: name.value.clone(), source });
    }
    all
}

/// Words that mean an arm: they differ between the arms, and so would every line with them.
fn words(labels: &Pair<Vec<(String, String)>>) -> Vec<String> {
    const USUAL: [&str; 3] = ["canary", "baseline", "stable"];
    const SHORTEST: usize = 2;
    let own = Arm::BOTH.into_iter().flat_map(|arm| labels.get(arm)).map(|(_, value)| value.clone());
    let is_word = |word: &String| word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // a number is masked as one
    let of_letters = |word: &String| word.bytes().any(|byte| byte.is_ascii_alphabetic());
    let mut words: Vec<String> = own.filter(is_word).filter(of_letters).collect();
    words.extend(USUAL.map(str::to_owned));
    words.sort();
    words.dedup();
    words
}

fn log(entry: &SignaturesEntry, path: &Texts, values: &Values, folder: &Path, report: &mut Report) -> Log {
    let shown: Vec<String> = path.0.iter().map(|path| values.fill(path, report)).collect();
    let (arms, arm) = match &entry.arm {
        Some(arms) => arms_of(arms, values, report),
        None if paths_differ(path, values) => (Arms::All(values.arm.name().to_owned()), values.arm.name().to_owned()),
        // windows may tell them apart; where they do not, the reader says so
        None => (Arms::All(String::new()), String::new()),
    };
    if let Some(standard) = path.0.iter().find(|path| path.value == "-") {
        let hint = "write the lines to a file first";
        report.add_with(standard.place, "lines are not read from standard input", hint);
    }
    Log {
        inputs: shown.iter().map(|path| folder.join(path)).collect(),
        shown: shown.join(", "),
        message: values.maybe(entry.message.as_ref(), report),
        time: values.maybe(entry.time.as_ref(), report),
        zone: values::zone(entry.zone.as_ref(), values, report),
        arms,
        arm,
        filter: condition(entry.filter.as_ref(), values, report),
        max_bad: entry.max_bad_rows.as_ref().map_or(MAX_BAD, |share| share.value.0),
        limit: entry.limit.as_ref().map(|limit| limit.value as u64),
    }
}
