//! The comparison as a page: health first, then traffic, errors, latency, caches, the rest, costs, findings, and what to do.

use super::super::document::{Arms, Effect, NotJudged, Number, UnitName};
use super::super::page::{Page, Part};
use super::super::prose::plain;
use super::super::words::{self, NOTHING};
use super::calendar;
use super::document::{About, Comparison, Cost, Health, Item, Line, Metric, Shown};
use super::sections::{self, SECTIONS, Told, badness};
use crate::cost::METRICS;
use crate::judge::rules::Unit;
use crate::judge::words::{change, count, number, quantity};

/// The page of a comparison.
pub(in crate::report) fn of(compared: &Comparison) -> Page {
    let document = &compared.verdict;
    let facts = words::setting(document).into_iter().map(|(name, texts)| (name, texts.join("; ")));
    let mut parts: Vec<Part> = compared
        .traffic
        .iter()
        .map(|traffic| {
            let requests = &traffic.requests;
            let share = traffic.canary_share.map_or(NOTHING.to_owned(), |share| quantity(share.get(), &Unit::Share));
            let text = format!(
                "{} in the baseline, {} in the canary: {share} of all (by {}).",
                count(requests.baseline),
                count(requests.canary),
                plain(&traffic.metric)
            );
            Part::Remark { name: "Traffic".into(), texts: vec![text] }
        })
        .collect();
    let mut mixes: Vec<String> = compared.mixes.iter().map(|mix| plain(&mix.says)).collect();
    mixes.dedup();
    if !mixes.is_empty() {
        parts.push(Part::Remark { name: "Mix of requests".into(), texts: mixes });
    }
    for (about, name) in SECTIONS {
        parts.extend(section(compared, about, name));
    }
    if let Some(cost) = &compared.cost {
        parts.extend(costs(cost, compared));
    }
    parts.extend(findings(compared));
    if !document.not_judged.is_empty() {
        let entry = |one: &NotJudged| format!("{}: {}", plain(&one.what), words::why_not(one));
        let texts = words::not_judged(document).into_iter().map(entry).collect();
        parts.push(Part::Remark { name: "Not judged".into(), texts });
    }
    parts.extend(calendar::parts(compared));
    let steps = compared.next_steps.iter().map(|step| format!("→ {step}")).collect();
    parts.push(Part::Remark { name: "Recommendation and next steps".into(), texts: steps });
    let level = quantity(compared.interval_level.get(), &Unit::Share);
    parts.push(Part::Prose(format!(
        "Each interval [low, high] is one of {level} by itself, found by the judge step by step: of many, a few miss. Numbers without one \
         are only looked at. {}",
        words::judged_by(document)
    )));
    Page {
        word: "COMPARE",
        title: words::title(document),
        summary: compared
            .headline
            .iter()
            .map(|text| plain(text))
            .chain([format!("Overall health: {}, {}", health(compared.health), plain(&compared.because))])
            .collect(),
        facts: facts.collect(),
        parts,
    }
}

pub(in crate::report) fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "HEALTHY",
        Health::Degraded => "DEGRADED",
        Health::Unhealthy => "UNHEALTHY",
        Health::Unknown => "UNKNOWN",
    }
}

/// The metrics of one kind, in a table below a heading.
fn section(compared: &Comparison, about: About, name: &str) -> Vec<Part> {
    let of = |metric: &Metric| Told {
        is_group: metric.group_of.is_some(),
        badness: badness(metric.numbers.iter()),
        rows: rows(metric),
    };
    let told = compared.metrics.iter().filter(|metric| metric.about == about).map(of).collect();
    let columns = ["metric", "baseline", "canary", "difference"].map(str::to_owned).to_vec();
    sections::section(about, name, columns, told)
}

fn rows(metric: &Metric) -> Vec<Vec<String>> {
    let unit = Unit::from(&metric.unit);
    let name = plain(&metric.metric);
    let nothing = || NOTHING.to_owned();
    if let Some(why) = &metric.not_reached {
        return vec![vec![format!("{name}: not reached ({})", plain(why)), nothing(), nothing(), nothing()]];
    }
    let known = |line: &&Line| line.estimate.baseline.is_some() || line.estimate.canary.is_some();
    let mut before = None;
    let row = |line: &Line| {
        let n = samples(&line.n, &line.n_of);
        let told = format!("{name}, {}", plain(&line.statistic));
        // said once where all lines have the same behind them
        let told = if before.as_ref() == Some(&n) { told } else { format!("{told}\n{n}") };
        before = Some(n);
        vec![told, value(line.estimate.baseline, &unit), value(line.estimate.canary, &unit), difference(line, &unit)]
    };
    let rows: Vec<Vec<String>> = metric.numbers.iter().filter(known).map(row).collect();
    match rows.is_empty() {
        true => vec![vec![format!("{name}: no data"), nothing(), nothing(), nothing()]],
        false => rows,
    }
}

/// How the canary differs, with what the interval shows; the interval on a line of its own, and then the ratio.
pub(super) fn difference(line: &Line, unit: &Unit) -> String {
    let Some(own) = &line.effect else { return NOTHING.to_owned() };
    let shown = match line.shown {
        Shown::Worse => " worse",
        Shown::Better => " better",
        Shown::Different | Shown::Nothing => "",
    };
    let (estimate, interval) = effect(own, unit);
    let mut lines = vec![format!("{estimate}{shown}"), interval];
    lines.extend(line.ratio.as_ref().map(|ratio| effect(ratio, unit)).into_iter().flat_map(|(a, b)| [a, b]));
    if let Some((estimate, interval)) = line.at_equal_mix.as_ref().map(|own| effect(own, unit)) {
        lines.extend([format!("at an equal mix {estimate}"), interval]);
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn samples(n: &Arms<u64>, of: &str) -> String {
    format!("{} / {} {}", count(n.baseline), count(n.canary), plain(of))
}

pub(super) fn value(number: Option<Number>, unit: &Unit) -> String {
    number.map_or(NOTHING.to_owned(), |number| plain(&quantity(number.get(), unit)))
}

/// `+4.2 %` and `[-1.3 %, +9.9 %]`
pub(in crate::report) fn effect(effect: &Effect, unit: &Unit) -> (String, String) {
    let told = |value: Number| plain(&change(value.get(), effect.kind.into(), unit));
    let interval = match (effect.low.map(told), effect.high.map(told)) {
        (Some(low), Some(high)) => format!("[{low}, {high}]"),
        (Some(low), None) => format!("[≥ {low}]"),
        (None, Some(high)) => format!("[≤ {high}]"),
        (None, None) => String::new(),
    };
    (effect.estimate.map_or(NOTHING.to_owned(), told), interval)
}

fn costs(cost: &Cost, compared: &Comparison) -> Vec<Part> {
    let unit = Unit::from(&UnitName(cost.unit.0.clone()));
    let named = match &unit {
        Unit::Plain(name) => plain(name),
        _ => String::new(),
    };
    let money = |value: Option<Number>| value.map_or(NOTHING.to_owned(), |value| number(value.get()));
    let part = |share: Option<Number>| share.map_or(NOTHING.to_owned(), |share| quantity(share.get(), &Unit::Share));
    let item = |item: &Item| {
        vec![
            format!("{} ({})", plain(&item.item), plain(&item.price)),
            money(item.now.baseline),
            money(item.now.canary),
            money(item.full.baseline),
            money(item.full.canary),
            part(item.share.canary),
        ]
    };
    let mut rows: Vec<Vec<String>> = cost.items.iter().map(item).collect();
    let whole = cost.full.estimate.canary.map(|_| quantity(1.0, &Unit::Share));
    rows.push(vec![
        "all together".into(),
        money(cost.now.estimate.baseline),
        money(cost.now.estimate.canary),
        money(cost.full.estimate.baseline),
        money(cost.full.estimate.canary),
        whole.unwrap_or_else(|| NOTHING.into()),
    ]);
    let columns = ["item", "baseline\nnow", "canary\nnow", "baseline\nat 100 %", "canary\nat 100 %", "canary's\nshare"];
    let differs = |line: &Line| {
        let (estimate, interval) = effect(line.effect.as_ref()?, &unit);
        Some(format!("{}: the canary's differs by {}.", line.statistic, format!("{estimate} {interval}").trim_end()))
    };
    let mut texts: Vec<String> = [&cost.full, &cost.now].into_iter().filter_map(differs).collect();
    if let Some(unseen) = &cost.unseen {
        texts.push(format!("A month of 730 h, as if all of it were like this window: {unseen}."));
    }
    let budgets = compared.verdict.findings.iter().filter(|finding| METRICS.contains(&finding.metric.as_str()));
    texts.extend(budgets.map(|budget| {
        let own = words::estimates(&budget.evidence).canary;
        format!(
            "{}  {}: typically {own} {}",
            budget.outcome.word(),
            words::criterion(budget),
            words::effect(&budget.evidence)
        )
    }));
    let name = format!("Cost ({named})");
    let rows = Part::Table { columns: columns.map(str::to_owned).to_vec(), rows };
    vec![Part::Remark { name, texts: Vec::new() }, rows, Part::Remark { name: "Cost in all".into(), texts }]
}

/// The criteria in short, worst first.
fn findings(compared: &Comparison) -> Vec<Part> {
    let findings = words::worst_first(&compared.verdict);
    if findings.is_empty() {
        return Vec::new();
    }
    let row = |finding: &&super::super::document::Finding| {
        let estimate = words::estimates(&finding.evidence).canary;
        vec![words::criterion(finding), finding.outcome.word().to_owned(), estimate, words::effect(&finding.evidence)]
    };
    let columns = ["criterion", "outcome", "canary", "effect"].map(str::to_owned).to_vec();
    let rows = findings.iter().map(row).collect();
    vec![Part::Remark { name: "Findings".into(), texts: Vec::new() }, Part::Table { columns, rows }]
}
