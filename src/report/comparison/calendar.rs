//! A long window in parts: for each metric a table of its days, and one of the hours of the day.

use super::super::document::Number;
use super::super::page::{Part as Shown, Small};
use super::super::prose::plain;
use super::super::words::NOTHING;
use super::canaries::{Canary, Comparisons};
use super::document::{Comparison, Part, Parts, Per};
use super::sections::SECTIONS;
use crate::judge::rules::Unit;
use crate::judge::words::{change, count, quantity};

/// Metrics beyond this many are counted and not shown.
const MOST: usize = 20;
/// The latest days that are shown.
const MOST_DAYS: usize = 31;

const KINDS: [(Per, &str); 2] = [(Per::Day, "Day by day"), (Per::HourOfDay, "By the hour of the day")];

/// The tables of days, and those of hours.
pub(super) fn parts(compared: &Comparison) -> Vec<Shown> {
    let of = |(per, title)| {
        let all = sorted(compared, per);
        let tables = all.iter().take(MOST).map(|own| table(own)).collect();
        section(&all, title, is_shared(compared), tables)
    };
    KINDS.into_iter().flat_map(of).collect()
}

/// The same of several canaries, with a column for each.
pub(super) fn of_several(compared: &Comparisons) -> Vec<Shown> {
    let Some(first) = compared.canaries.first() else { return Vec::new() };
    let is_shared = compared.canaries.iter().all(|one| is_shared(&one.comparison));
    let of = |(per, title)| {
        let all = sorted(&first.comparison, per);
        let tables = all.iter().take(MOST).map(|own| joint(own, &compared.canaries)).collect();
        section(&all, title, is_shared, tables)
    };
    KINDS.into_iter().flat_map(of).collect()
}

fn is_shared(compared: &Comparison) -> bool {
    compared.verdict.arms.baseline.window == compared.verdict.arms.canary.window
}

/// The metrics in the order of the sections.
fn sorted(compared: &Comparison, per: Per) -> Vec<&Parts> {
    let place = |own: &&Parts| {
        let metric = compared.metrics.iter().find(|metric| metric.metric == own.metric);
        metric.and_then(|metric| SECTIONS.iter().position(|(about, _)| *about == metric.about))
    };
    let mut all: Vec<&Parts> = compared.calendar.iter().filter(|own| own.per == per).collect();
    all.sort_by_key(place);
    all
}

fn section(all: &[&Parts], title: &str, is_shared: bool, tables: Vec<Small>) -> Vec<Shown> {
    let Some(first) = all.first() else { return Vec::new() };
    let lead = match first.per {
        Per::Day => {
            "The numbers as they came. A difference of one day has no interval: of many days, some differ by chance."
        }
        Per::HourOfDay => {
            "Each hour over all days of the window. A difference of one hour has no interval: of many hours, some differ by chance."
        }
    };
    let earlier = match first.per {
        Per::Day => "The baseline is an earlier time: its days count from the beginning of its window.",
        Per::HourOfDay => "The baseline is an earlier time: its hours are those of its own clock.",
    };
    let mut texts: Vec<String> = [lead].into_iter().chain((!is_shared).then_some(earlier)).map(str::to_owned).collect();
    if all.len() > MOST {
        texts.push(format!("{} more metrics are in the JSON.", count((all.len() - MOST) as u64)));
    }
    let days = all.iter().map(|own| own.parts.len()).max().unwrap_or(0);
    if days > MOST_DAYS {
        texts.push(format!("The latest {MOST_DAYS} days; {} more are in the JSON.", count((days - MOST_DAYS) as u64)));
    }
    let name = format!("{title} ({})", plain(&first.zone));
    vec![Shown::Remark { name, texts }, Shown::Tables(tables)]
}

/// What the numbers of a metric are in words.
struct Words<'p> {
    own: &'p Parts,
    unit: Unit,
}

impl<'p> Words<'p> {
    fn of(own: &'p Parts) -> Words<'p> {
        Words { own, unit: Unit::from(&own.unit) }
    }

    fn value(&self, value: Option<Number>) -> String {
        value.map_or(NOTHING.into(), |value| plain(&quantity(value.get(), &self.unit)))
    }

    fn difference(&self, part: &Part) -> String {
        let change = |value: Number| plain(&change(value.get(), self.own.kind.into(), &self.unit));
        part.difference.map_or(NOTHING.into(), change)
    }

    fn table(&self, others: Vec<String>, row: impl Fn(&Part) -> Vec<String>) -> Small {
        let first = if self.own.per == Per::Day { "day" } else { "hour" };
        let left_out = self.own.parts.len().saturating_sub(MOST_DAYS);
        let named = |part: &Part| [name(part, self.own.per)].into_iter().chain(row(part)).collect();
        Small {
            name: format!("{}, {}", plain(&self.own.metric), plain(&self.own.statistic)),
            columns: [first, "baseline"].map(str::to_owned).into_iter().chain(others).collect(),
            rows: self.own.parts.iter().skip(left_out).map(named).collect(),
        }
    }
}

fn table(own: &Parts) -> Small {
    let words = Words::of(own);
    words.table(["canary", "difference"].map(str::to_owned).to_vec(), |part| {
        vec![words.value(part.estimate.baseline), words.value(part.estimate.canary), words.difference(part)]
    })
}

/// Each canary's number with its difference; the baseline's where it is the same beside all of them.
fn joint(own: &Parts, canaries: &[Canary]) -> Small {
    let words = Words::of(own);
    let of = |canary: &Canary, part: &Part| {
        let is_same = |other: &&Parts| (&other.metric, &other.unit, other.per) == (&own.metric, &own.unit, own.per);
        let parts = canary.comparison.calendar.iter().find(is_same)?;
        parts.parts.iter().find(|other| other.part == part.part).cloned()
    };
    words.table(canaries.iter().map(|one| plain(&one.canary)).collect(), |part| {
        let each: Vec<Option<Part>> = canaries.iter().map(|one| of(one, part)).collect();
        let is_same = each.iter().flatten().all(|other| other.estimate.baseline == part.estimate.baseline);
        let cell = |part: &Option<Part>| match part {
            Some(part) => format!("{}\n{}", words.value(part.estimate.canary), words.difference(part)),
            None => NOTHING.to_owned(),
        };
        let baseline = if is_same { words.value(part.estimate.baseline) } else { NOTHING.to_owned() };
        [baseline].into_iter().chain(each.iter().map(cell)).collect()
    })
}

/// `2026-03-01 Sun`, `2026-03-02 Mon, in part`, or `09:00`.
fn name(part: &Part, per: Per) -> String {
    if per == Per::HourOfDay {
        return format!("{}:00", plain(&part.part));
    }
    let weekday =
        part.part.parse::<jiff::civil::Date>().map(|date| date.strftime(" %a").to_string()).unwrap_or_default();
    format!("{}{weekday}{}", plain(&part.part), if part.is_whole { "" } else { ", in part" })
}
