//! A comparison as its document, and what follows from it for those who have to go on.

use super::super::document::{Arms, Document, Effect, Finding, Number, Outcome, RuleKind, Severity, UnitName};
use super::super::prose::plain;
use super::super::words;
use super::super::{draft, localised};
use super::document::{About, Comparison, Cost, Health, Item, Line, Metric, Part, Parts, Per, Shown, Traffic, VERSION};
use super::headline;
use crate::comparison::{self, Compared, Costs, calendar};
use crate::cost::{FULL, ItemCost, METRICS};
use crate::judge::rules::{Kind, Unit};
use crate::judge::words::quantity;
use crate::series::Pair;

impl From<&comparison::Comparison> for Comparison {
    fn from(compared: &comparison::Comparison) -> Comparison {
        let verdict = Document::from(&compared.verdict);
        let traffic = compared.traffic.as_ref().map(|(metric, requests)| {
            let all = requests.baseline as f64 + requests.canary as f64;
            let canary_share = Number::new(requests.canary as f64 / all);
            Traffic { metric: metric.clone(), requests: (*requests).into(), canary_share }
        });
        let mut drafted = Comparison {
            schema_version: VERSION.into(),
            headline: None,
            health: match compared.health {
                comparison::Health::Healthy => Health::Healthy,
                comparison::Health::Degraded => Health::Degraded,
                comparison::Health::Unhealthy => Health::Unhealthy,
                comparison::Health::Unknown => Health::Unknown,
            },
            because: compared.because.clone(),
            interval_level: Number::new(compared.level).unwrap_or_default(),
            traffic,
            metrics: compared.metrics.iter().map(metric).collect(),
            cost: compared.cost.as_ref().map(cost),
            traces: compared.traces.iter().map(|(metric, points)| draft::trace(metric, points)).collect(),
            distributions: compared
                .distributions
                .iter()
                .map(|(metric, one)| draft::distribution(metric, one))
                .collect(),
            mixes: compared.mixes.iter().map(localised::mix).collect(),
            calendar: compared.calendar.iter().map(|own| parts(own, compared)).collect(),
            next_steps: Vec::new(),
            judged_by: if compared.is_judged { "criteria" } else { "none" }.into(),
            verdict,
        };
        drafted.next_steps = next_steps(&drafted);
        drafted.headline = headline::of(&drafted);
        drafted
    }
}

/// One metric by days or hours, in its unit.
fn parts(own: &calendar::Parts, compared: &comparison::Comparison) -> Parts {
    let metric = compared.metrics.iter().find(|metric| metric.name == own.metric);
    let part = |part: &calendar::Part| Part {
        part: part.name.clone(),
        is_whole: part.is_whole,
        estimate: numbers(part.estimate),
        difference: part.difference.and_then(Number::new),
    };
    Parts {
        metric: own.metric.clone(),
        statistic: own.statistic.clone(),
        unit: metric.map(|metric| UnitName::from(&metric.metric.unit)).unwrap_or_else(|| UnitName(String::new())),
        per: match own.per {
            calendar::Per::Day => Per::Day,
            calendar::Per::HourOfDay => Per::HourOfDay,
        },
        zone: compared.zone.iana_name().unwrap_or("UTC").to_owned(),
        kind: own.kind.into(),
        parts: own.parts.iter().map(part).collect(),
    }
}

fn metric(compared: &Compared) -> Metric {
    Metric {
        metric: compared.name.clone(),
        group_of: compared.group_of.clone(),
        about: match (&compared.metric.kind, &compared.metric.unit) {
            (Kind::BadShare, _) => About::Errors,
            (Kind::GoodShare, _) => About::Good,
            (Kind::Values | Kind::Gauge { .. }, Unit::Milliseconds) => About::Latency,
            _ => About::Other,
        },
        unit: UnitName::from(&compared.metric.unit),
        not_reached: compared.lost.clone(),
        numbers: compared.lines.iter().map(line).collect(),
    }
}

fn numbers(pair: Pair<Option<f64>>) -> Arms<Option<Number>> {
    pair.map(|number| number.and_then(Number::new)).into()
}

fn line(line: &comparison::Line) -> Line {
    Line {
        statistic: line.statistic.clone(),
        estimate: numbers(line.estimate),
        n: line.n.into(),
        n_of: line.n_of.clone(),
        effect: line.effect.map(Effect::from),
        ratio: line.ratio.map(Effect::from),
        shown: match line.shown {
            comparison::Shown::Worse => Shown::Worse,
            comparison::Shown::Better => Shown::Better,
            comparison::Shown::Different => Shown::Different,
            comparison::Shown::Nothing => Shown::Nothing,
        },
        at_equal_mix: line.at_equal_mix.map(Effect::from),
    }
}

fn cost(costs: &Costs) -> Cost {
    let known = |of: fn(&Pair<Option<f64>>) -> Option<f64>| {
        costs.items.iter().map(|item| of(&item.full)).sum::<Option<f64>>().filter(|sum| *sum > 0.0)
    };
    let sums = Pair { baseline: known(|pair| pair.baseline), canary: known(|pair| pair.canary) };
    let item = |item: &ItemCost| Item {
        item: item.name.clone(),
        price: item.price.clone(),
        now: numbers(item.now),
        full: numbers(item.full),
        share: numbers(item.full.zip(sums).map(|(own, all)| Some(own? / all?))),
    };
    Cost {
        unit: UnitName::from(&costs.unit),
        items: costs.items.iter().map(item).collect(),
        full: line(&costs.full),
        now: line(&costs.now),
        unseen: costs.unseen.clone(),
    }
}

/// What to do, from the recommendation and from each finding that did not pass.
fn next_steps(compared: &Comparison) -> Vec<String> {
    let verdict = &compared.verdict;
    let mut steps = Vec::new();
    if compared.judged_by == "criteria" {
        let decides = |finding: &&&Finding| finding.severity != Severity::Muted && finding.outcome != Outcome::Pass;
        steps.push(format!("{}.", words::advice(verdict)));
        steps.extend(words::worst_first(verdict).iter().filter(decides).map(|finding| step(finding)));
    } else {
        let hint = "Write criteria for what must hold (`davy init` begins a configuration): then there is a verdict.";
        steps.push(hint.into());
    }
    for metric in compared.metrics.iter().filter(|metric| !verdict.findings.iter().any(|f| f.metric == metric.metric)) {
        let name = plain(&metric.metric);
        let measured = |arm: fn(&Line) -> Option<Number>| metric.numbers.iter().any(|line| arm(line).is_some());
        let (baseline, canary) = (measured(|line| line.estimate.baseline), measured(|line| line.estimate.canary));
        match (&metric.not_reached, baseline, canary) {
            (Some(why), ..) => steps.push(format!("{name}: its source could not be reached ({}).", plain(why))),
            (None, true, true) => {}
            (None, false, true) => steps.push(format!("{name}: the baseline has no data; check its source.")),
            (None, true, false) => steps.push(format!("{name}: the canary has no data; check its source.")),
            (None, false, false) => steps.push(format!("{name}: neither arm has data; check its source.")),
        }
    }
    let worse = compared.metrics.iter().filter(|metric| metric.numbers.iter().any(|line| line.shown == Shown::Worse));
    let unasked = worse.filter(|metric| {
        !verdict.findings.iter().any(|finding| finding.metric == metric.metric && finding.severity != Severity::Muted)
    });
    steps.extend(unasked.map(|metric| {
        format!(
            "{} is shown to be worse, and no criterion asks for it: look into it, or bound it.",
            plain(&metric.metric)
        )
    }));
    steps
}

fn step(finding: &Finding) -> String {
    let name = words::criterion(finding);
    let reason = finding.reason.as_str();
    if METRICS.contains(&finding.metric.as_str())
        && let (Outcome::Fail, Some(limit), Some(canary)) =
            (finding.outcome, finding.evidence.pass_limit, finding.evidence.estimate.canary)
        && canary > limit
        && finding.evidence.effect.as_ref().is_some_and(|e| e.kind == super::super::document::EffectKind::Level)
    {
        let unit = words::unit(&finding.evidence.unit);
        let over = plain(&quantity(canary.get() - limit.get(), &unit));
        let of = if finding.metric == FULL { "at 100 % of the traffic" } else { "at the present share" };
        return format!("{name}: {over} over the budget {of}; see which item it is below the costs.");
    }
    match (finding.outcome, &finding.rule.kind, reason) {
        (Outcome::Fail, RuleKind::Periods, _) => format!("{name}: the alarm fired. {}", sentence(finding)),
        (_, _, "no_data" | "not_reached" | "no_baseline" | "canary_silent" | "low_coverage") => {
            format!("{name}: {} Check its source.", sentence(finding))
        }
        (Outcome::Inconclusive, ..) => match &finding.decide {
            Some(decide) => format!("{name}: collect more data ({}).", plain(decide)),
            None => format!("{name}: {}", sentence(finding)),
        },
        _ => format!("{name}: {}", sentence(finding)),
    }
}

/// Why, as a sentence with an end.
fn sentence(finding: &Finding) -> String {
    let text = plain(&finding.sentence);
    let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
    let mut letters = text.chars();
    let first: String = letters.next().map_or(String::new(), |first| first.to_uppercase().collect());
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
