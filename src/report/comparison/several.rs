//! The page of several canaries: what each comes to, one table with a column per canary, the criteria beside each other.

use super::super::document::Document;
use super::super::page::{Page, Part};
use super::super::prose::plain;
use super::super::words::{self, NOTHING};
use super::calendar;
use super::canaries::{Canary, Comparisons, JointLine, JointMetric};
use super::document::{About, Line};
use super::page::{difference, health, value};
use super::sections::{self, SECTIONS, Told, badness};
use crate::judge::rules::Unit;
use crate::judge::words::{count, quantity};

/// The page of several canaries.
pub(in crate::report) fn of(compared: &Comparisons) -> Page {
    let canaries = &compared.canaries;
    let mut parts = traffic(canaries);
    let mixes = canaries.iter().flat_map(|one| one.comparison.mixes.iter().map(move |mix| said(one, &mix.says)));
    parts.extend(remark("Mix of requests", mixes.collect()));
    SECTIONS.iter().for_each(|(about, name)| parts.extend(section(compared, *about, name)));
    parts.extend(findings(canaries));
    parts.extend(remark("Not judged", not_judged(canaries)));
    parts.extend(calendar::of_several(compared));
    let steps = canaries
        .iter()
        .flat_map(|one| one.comparison.next_steps.iter().map(move |step| format!("→ {}", said(one, step))));
    parts.extend(remark("Recommendation and next steps", steps.collect()));
    parts.push(Part::Prose(level(compared)));
    let summary = canaries.iter().flat_map(|one| {
        let own = &one.comparison;
        let health = format!("{}, {}", health(own.health), plain(&own.because));
        own.headline.iter().map(|text| plain(text)).chain([said(one, &health)]).collect::<Vec<_>>()
    });
    Page { word: "COMPARE", title: plain(&compared.name), summary: summary.collect(), facts: facts(canaries), parts }
}

/// A text about a canary, which it begins with.
fn said(canary: &Canary, text: &str) -> String {
    format!("{}: {}", plain(&canary.canary), plain(text))
}

fn remark(name: &str, mut texts: Vec<String>) -> Option<Part> {
    texts.dedup();
    (!texts.is_empty()).then(|| Part::Remark { name: name.into(), texts })
}

/// What the intervals mean, and where that is from.
fn level(compared: &Comparisons) -> String {
    let share = |level: f64| quantity(level, &Unit::Share);
    // each canary's data may suggest criteria of its own
    let mut judged: Vec<String> =
        compared.canaries.iter().map(|one| words::judged_by(&one.comparison.verdict)).collect();
    judged.dedup();
    let judged = if judged.len() == 1 { judged.concat() } else { String::new() };
    format!(
        "The intervals [low, high] of a row hold together for all canaries with {}: each of the {} by itself is one of {} (Bonferroni; Dunn \
         1961). The words better and worse rest on them, and the criteria are stricter by the same factor. Rows are not corrected for each \
         other: of many, a few miss. Numbers without an interval are only looked at. {judged}",
        share(compared.joint_level.get()),
        compared.canaries.len(),
        share(compared.interval_level.get()),
    )
    .trim_end()
    .to_owned()
}

/// What was compared with what. What all canaries share stands once.
fn facts(canaries: &[Canary]) -> Vec<(&'static str, String)> {
    let setting =
        |document: &Document| words::setting(document).into_iter().map(|(name, texts)| (name, texts.join("; ")));
    let all: Vec<Vec<(&'static str, String)>> =
        canaries.iter().map(|one| setting(&one.comparison.verdict).collect()).collect();
    let of = |at: usize, name: &str| all.get(at)?.iter().find(|(own, _)| *own == name).map(|(_, text)| text.clone());
    let shared = |name: &str| of(0, name).filter(|first| (1..all.len()).all(|at| of(at, name).as_ref() == Some(first)));
    let mut facts: Vec<(&'static str, String)> =
        shared("baseline").into_iter().map(|text| ("baseline", text)).collect();
    for (at, canary) in canaries.iter().enumerate() {
        let own =
            ["canary", "baseline", "window"].into_iter().filter(|name| shared(name).is_none() || *name == "canary");
        let texts: Vec<String> = own
            .filter_map(|name| of(at, name).map(|text| if name == "canary" { text } else { format!("{name} {text}") }))
            .collect();
        facts.push(("canary", said(canary, &texts.join("; "))));
    }
    facts.extend(shared("window").map(|text| ("window", text)));
    facts
}

fn traffic(canaries: &[Canary]) -> Vec<Part> {
    let texts = canaries.iter().filter_map(|one| {
        let traffic = one.comparison.traffic.as_ref()?;
        let (own, baseline) = (count(traffic.requests.canary), count(traffic.requests.baseline));
        Some(said(one, &format!("{own}, beside {baseline} of the baseline (by {})", plain(&traffic.metric))))
    });
    remark("Traffic", texts.collect()).into_iter().collect()
}

/// What is not judged: once if that is so of every canary.
fn not_judged(canaries: &[Canary]) -> Vec<String> {
    let of = |one: &Canary| -> Vec<String> {
        let all = words::not_judged(&one.comparison.verdict).into_iter();
        all.map(|entry| format!("{}: {}", plain(&entry.what), words::why_not(entry))).collect()
    };
    let all: Vec<Vec<String>> = canaries.iter().map(of).collect();
    let mut texts: Vec<String> = Vec::new();
    for (canary, own) in canaries.iter().zip(&all) {
        for text in own {
            let is_shared = all.iter().all(|other| other.contains(text));
            let text = if is_shared { text.clone() } else { said(canary, text) };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

/// The metrics of one kind, in a table below a heading.
fn section(compared: &Comparisons, about: About, name: &str) -> Vec<Part> {
    let of = |metric: &JointMetric| Told {
        is_group: metric.group_of.is_some(),
        badness: badness(metric.numbers.iter().flat_map(|row| row.canaries.iter().map(|own| &own.number))),
        rows: rows(metric, &compared.canaries),
    };
    let told = compared.metrics.iter().filter(|metric| metric.about == about).map(of).collect();
    sections::section(about, name, columns(compared), told)
}

fn columns(compared: &Comparisons) -> Vec<String> {
    let names = compared.canaries.iter().map(|one| plain(&one.canary));
    ["metric", "baseline"].map(str::to_owned).into_iter().chain(names).collect()
}

fn rows(metric: &JointMetric, canaries: &[Canary]) -> Vec<Vec<String>> {
    let unit = Unit::from(&metric.unit);
    let name = plain(&metric.metric);
    let known = |row: &&JointLine| {
        row.canaries.iter().any(|own| own.number.estimate.baseline.is_some() || own.number.estimate.canary.is_some())
    };
    let mut before = None;
    let row = |row: &JointLine| {
        let n = samples(row, canaries);
        let told = format!("{name}, {}", plain(&row.statistic));
        // said once where all lines have the same behind them
        let told = if before.as_ref() == Some(&n) || n.is_empty() { told } else { format!("{told}\n{n}") };
        before = Some(n);
        let cells =
            canaries.iter().map(|one| row.of(&one.canary).map_or(NOTHING.into(), |line| cell(row, line, &unit)));
        [told, value(row.baseline, &unit)].into_iter().chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = metric.numbers.iter().filter(known).map(row).collect();
    match rows.is_empty() {
        true => {
            let empty = (0..=canaries.len()).map(|_| NOTHING.to_owned());
            vec![[format!("{name}: no data")].into_iter().chain(empty).collect()]
        }
        false => rows,
    }
}

/// `60 / 60 / 58 steps`: the baseline's and each canary's; nothing if the baseline's depends on the canary.
fn samples(row: &JointLine, canaries: &[Canary]) -> String {
    let (Some(baseline), Some(first)) = (row.n_of_baseline(), row.canaries.first()) else { return String::new() };
    let own = canaries.iter().map(|one| row.of(&one.canary).map_or(NOTHING.into(), |line| count(line.n.canary)));
    let all: Vec<String> = [count(baseline)].into_iter().chain(own).collect();
    format!("{} {}", all.join(" / "), plain(&first.number.n_of))
}

/// A canary's number, and how it differs; the baseline's, if beside another canary it is another.
fn cell(row: &JointLine, line: &Line, unit: &Unit) -> String {
    let mut lines = vec![value(line.estimate.canary, unit)];
    if row.baseline.is_none() && line.estimate.baseline.is_some() {
        lines.push(format!("against {}", value(line.estimate.baseline, unit)));
    }
    if line.effect.is_some() {
        lines.push(difference(line, unit));
    }
    if row.n_of_baseline().is_none() {
        lines.push(format!("{} / {} {}", count(line.n.baseline), count(line.n.canary), plain(&line.n_of)));
    }
    lines.join("\n")
}

/// The criteria with the answer of each canary, in the order of the first.
fn findings(canaries: &[Canary]) -> Vec<Part> {
    let mut names: Vec<String> = Vec::new();
    for one in canaries {
        for finding in words::worst_first(&one.comparison.verdict) {
            let name = words::criterion(finding);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let cell = |one: &Canary, name: &String| {
        let mut own = one.comparison.verdict.findings.iter().filter(|finding| words::criterion(finding) == *name);
        own.next().map_or(NOTHING.into(), |finding| {
            format!("{}\n{}", finding.outcome.word(), words::effect(&finding.evidence).replacen(" [", "\n[", 1))
        })
    };
    let row = |name: &String| {
        let cells = canaries.iter().map(|one| cell(one, name));
        [name.clone()].into_iter().chain(cells).collect()
    };
    let columns = ["criterion".to_owned()].into_iter().chain(canaries.iter().map(|one| plain(&one.canary))).collect();
    let rows = names.iter().map(row).collect();
    vec![Part::Remark { name: "Findings".into(), texts: Vec::new() }, Part::Table { columns, rows }]
}
