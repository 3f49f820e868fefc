//! What a comparison comes to, in a line that a manager reads: one latency, the errors, caches, and the cost.
//!
//! A difference is named only if its interval shows one; else the line says that none is shown, which is less than that there is none.

use super::super::document::{Effect, EffectKind, Label, Number};
use super::super::localised::Mix;
use super::super::prose::plain;
use super::document::{About, Comparison, Line, Metric, Shown};
use crate::judge::rules::Unit;
use crate::judge::words::{change, number, quantity};

/// Percentiles of a latency, the one that says most first.
const TELLING: [&str; 5] = ["p95", "p99", "p90", "p50", "typical"];
/// From this ratio on, "2.4 times as many" reads better than "140 % more".
const TIMES: f64 = 2.0;

/// The line; none where no difference could be looked for.
pub(super) fn of(compared: &Comparison) -> Option<String> {
    called(compared, &who(compared))
}

/// The line about a canary that has a name of its own.
pub(super) fn called(compared: &Comparison, who: &str) -> Option<String> {
    let whole = || compared.metrics.iter().filter(|metric| metric.group_of.is_none());
    let parts: Vec<String> = [
        latency(compared).and_then(|(metric, line)| latencies(compared, metric, line)),
        counted(compared).and_then(|(metric, line)| errors(metric, line)),
        whole().find(|metric| metric.about == About::Good).and_then(|metric| good(metric, metric.numbers.first()?)),
        compared.cost.as_ref().and_then(|cost| costs(&cost.full)),
        worst_group(compared),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mix = mixes(compared).map_or(String::new(), |mix| format!("; {mix}"));
    (!parts.is_empty()).then(|| format!("{}: {}{mix}", plain(who), parts.join(", ")))
}

/// That numbers rest on another mix of requests, if no sample of the canary has the baseline's.
fn mixes(compared: &Comparison) -> Option<String> {
    let is_even = |mix: &&Mix| mix.effects.iter().any(|effect| effect.at_equal_mix.is_some());
    let mix = compared.mixes.iter().find(|mix| !is_even(mix))?;
    Some(format!("the arms have another mix of {}, which may be why", plain(&mix.dimensions.join(" × "))))
}

/// The latency that the line is about: one that is shown to be worse before any other; then the percentile that says most.
pub(in crate::report) fn latency(compared: &Comparison) -> Option<(&Metric, &Line)> {
    let lines = || latency_metrics(compared).flat_map(|metric| metric.numbers.iter().map(move |line| (metric, line)));
    let known =
        |worse: bool| lines().filter(move |(_, line)| line.effect.is_some() && (!worse || line.shown == Shown::Worse));
    let telling = |worse: bool| {
        TELLING.iter().find_map(|word| known(worse).find(|(_, line)| line.statistic.split(' ').any(|own| own == *word)))
    };
    telling(true).or_else(|| telling(false))
}

fn latency_metrics(compared: &Comparison) -> impl Iterator<Item = &Metric> {
    compared.metrics.iter().filter(|metric| metric.about == About::Latency && metric.group_of.is_none())
}

/// The errors that the line is about: those of the traffic, else those that are called so, else the first.
pub(in crate::report) fn counted(compared: &Comparison) -> Option<(&Metric, &Line)> {
    let own = || compared.metrics.iter().filter(|metric| metric.about == About::Errors && metric.group_of.is_none());
    let traffic = compared.traffic.as_ref().map(|traffic| traffic.metric.as_str());
    let metric = own()
        .find(|metric| Some(metric.metric.as_str()) == traffic)
        .or_else(|| own().find(|metric| metric.metric == "errors"))
        .or_else(|| own().next())?;
    Some((metric, metric.numbers.first()?))
}

/// The canary by what tells it apart: `new`, `42`; a file by its name without the ending.
fn who(compared: &Comparison) -> String {
    match compared.verdict.arms.canary.labels.as_slice() {
        [Label { name, value }] if name == "file" => {
            let file = value.rsplit('/').next().unwrap_or(value);
            plain(file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(file))
        }
        [Label { value, .. }] if !value.is_empty() => plain(value),
        _ => "the canary".into(),
    }
}

fn against(line: &Line, unit: &Unit) -> Option<String> {
    let (baseline, canary) = (line.estimate.baseline?.get(), line.estimate.canary?.get());
    let (baseline, canary) = (plain(&quantity(baseline, unit)), plain(&quantity(canary, unit)));
    let same = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_owned());
    // a unit is said once
    let both = match canary.split_once(' ') {
        Some((number, _)) if same(&canary) == same(&baseline) => format!("{number} against {baseline}"),
        _ => format!("{canary} against {baseline}"),
    };
    let at_equal_mix = line.at_equal_mix.as_ref().and_then(|effect| Some((effect.estimate?.get(), effect.kind)));
    let mix = at_equal_mix.map_or(String::new(), |(by, kind)| {
        format!("; at an equal mix of requests {}", plain(&change(by, kind.into(), unit)))
    });
    Some(match contradicts(line) {
        true => format!("at the same times ({both} in all{mix})"),
        false => format!("({both}{mix})"),
    })
}

/// A ratio whose interval shows a difference. Where that of the difference alone does, no ratio is named.
pub(in crate::report) fn ratio(effect: &Effect) -> Option<f64> {
    let one = |end: Option<Number>| end.map(Number::get);
    let shows = one(effect.low).is_some_and(|low| low > 1.0) || one(effect.high).is_some_and(|high| high < 1.0);
    effect.estimate.map(Number::get).filter(|_| effect.kind == EffectKind::Ratio && shows)
}

/// Whether the numbers of both arms say otherwise than the effect: the judge compares step by step, and the traffic moved.
pub(in crate::report) fn contradicts(line: &Line) -> bool {
    let (Some(baseline), Some(canary)) = (line.estimate.baseline, line.estimate.canary) else { return false };
    let same = |effect: &Effect| if effect.kind == EffectKind::Ratio { 1.0 } else { 0.0 };
    let effect = line.effect.as_ref().and_then(|effect| Some(effect.estimate?.get() - same(effect)));
    effect.is_some_and(|effect| effect * (canary.get() - baseline.get()) < 0.0)
}

fn share(part: f64) -> String {
    quantity(part, &Unit::Share)
}

fn latencies(compared: &Comparison, metric: &Metric, line: &Line) -> Option<String> {
    let unit = Unit::from(&metric.unit);
    let named = line.statistic.split(' ').next_back().filter(|word| word.starts_with('p'));
    // a percentile alone says which latency only if no other metric has the same one
    let has_it =
        |metric: &&Metric| metric.numbers.iter().any(|own| own.statistic == line.statistic && own.effect.is_some());
    let named = match named {
        Some(statistic) if latency_metrics(compared).filter(has_it).count() == 1 => statistic.to_owned(),
        Some(statistic) if !metric.metric.ends_with(statistic) => format!("{} {statistic}", plain(&metric.metric)),
        _ => plain(&metric.metric),
    };
    let against = against(line, &unit)?;
    let ratio = line.effect.as_ref().and_then(ratio);
    Some(match (line.shown, ratio) {
        (Shown::Nothing, _) => format!("{named} not shown to differ {against}"),
        (_, Some(ratio)) if ratio >= TIMES => format!("{named} {} times as high {against}", number(ratio)),
        (_, Some(ratio)) if ratio > 1.0 => format!("{named} {} higher {against}", share(ratio - 1.0)),
        (_, Some(ratio)) => format!("{named} {} lower {against}", share(1.0 - ratio)),
        (Shown::Worse, None) => format!("{named} higher {against}"),
        (_, None) => format!("{named} lower {against}"),
    })
}

fn errors(metric: &Metric, line: &Line) -> Option<String> {
    let named = plain(&metric.metric).replace('_', " ");
    let ratio = line.ratio.as_ref().and_then(ratio);
    let against = against(line, &Unit::from(&metric.unit))?;
    line.effect.as_ref()?;
    Some(match (line.shown, ratio) {
        (Shown::Nothing, _) => format!("{named} not shown to differ {against}"),
        (_, Some(ratio)) if ratio >= TIMES => format!("{} times as many {named} {against}", number(ratio)),
        (_, Some(ratio)) if ratio > 1.0 => format!("{} more {named} {against}", share(ratio - 1.0)),
        (_, Some(ratio)) if ratio < 1.0 => format!("{} fewer {named} {against}", share(1.0 - ratio)),
        (Shown::Worse, _) => format!("more {named} {against}"),
        _ => format!("fewer {named} {against}"),
    })
}

fn good(metric: &Metric, line: &Line) -> Option<String> {
    let named = plain(&metric.metric).replace('_', " ");
    let against = against(line, &Unit::from(&metric.unit))?;
    let effect = line.effect.as_ref()?.estimate?.get();
    let points = number(effect.abs() * 100.0);
    Some(match line.shown {
        Shown::Nothing => format!("{named} not shown to differ {against}"),
        _ if effect > 0.0 => format!("{named} {points} pp higher {against}"),
        _ => format!("{named} {points} pp lower {against}"),
    })
}

/// A group that is worse, where what the line says of the whole is not.
fn worst_group(compared: &Comparison) -> Option<String> {
    let worse = |metric: &&Metric| metric.numbers.iter().any(|line| line.shown == Shown::Worse);
    if compared.metrics.iter().filter(|metric| metric.group_of.is_none()).any(|metric| worse(&metric)) {
        return None;
    }
    let mut groups = compared.metrics.iter().filter(|metric| metric.group_of.is_some()).filter(worse);
    let metric = groups.next()?;
    let line = metric.numbers.iter().find(|line| line.shown == Shown::Worse)?;
    let more = groups.count();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let against = against(line, &Unit::from(&metric.unit)).unwrap_or_default();
    Some(format!("{} {} worse {against}{more}", plain(&metric.metric), plain(&line.statistic)))
}

fn costs(line: &Line) -> Option<String> {
    let ratio = line.effect.as_ref().and_then(ratio)?;
    let low = line.effect.as_ref()?.low.is_some_and(|low| low.get() > 1.0);
    let high = line.effect.as_ref()?.high.is_some_and(|high| high.get() < 1.0);
    match (low, high) {
        (_, true) => Some(format!("{} cheaper", share(1.0 - ratio))),
        (true, _) if ratio >= TIMES => Some(format!("{} times as dear", number(ratio))),
        (true, _) => Some(format!("{} dearer", share(ratio - 1.0))),
        _ => None,
    }
}
