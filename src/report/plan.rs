//! What a comparison will take, for people and programs: how long until each criterion answers, and what it cannot see.

use serde::Serialize;

use super::document::{Number, UnitName};
use super::page::{Page, Part};
use super::past::{Past, period, title};
use super::prose::plain;
use super::words::NOTHING;
use super::{PageFormat, Style, html, json};
use crate::forecast::{Forecast, Outlook, Row, Tried};
use crate::history::Arms;
use crate::judge::rules::Unit;
use crate::judge::verdict::{EffectKind, Reason};
use crate::judge::words::{change, count, duration, number, quantity};
use crate::series::SignedDuration;

/// A margin beyond this many times the usual level is no advice.
const MOST_RATIO: f64 = 6.0;

/// Fewer steps than this tell little of how noisy they are.
const FEW_STEPS: i128 = 24;

/// A forecast as text, ending in a line's end.
pub fn plan(forecast: &Forecast, source: &str, format: PageFormat, style: &Style) -> String {
    match format {
        PageFormat::Terminal => page(forecast, source).text(style),
        PageFormat::Markdown => page(forecast, source).markdown(),
        PageFormat::Json => json::render(&Document::of(forecast)),
        PageFormat::Html => html::page::render(&page(forecast, source)),
    }
}

/// A level of the canary on the scale of the criterion.
fn told(outlook: &Outlook, row: &Row, level: f64) -> String {
    match outlook.kind {
        EffectKind::Ratio if outlook.against != 0.0 => change(level / outlook.against, EffectKind::Ratio, &row.unit),
        EffectKind::Difference => change(level - outlook.against, EffectKind::Difference, &row.unit),
        _ => quantity(level, &row.unit),
    }
}

/// A span that nobody would wait for is told as such.
fn span(time: Option<SignedDuration>, tried: Option<Tried>) -> String {
    match time {
        None => tried.map_or_else(|| "never".into(), |tried| format!("> {}", duration(tried.longest))),
        Some(time) if time.as_hours() >= 24 * 365 => "> 1 year".into(),
        Some(time) => duration(time),
    }
}

fn page(forecast: &Forecast, source: &str) -> Page {
    let soak = duration(forecast.soak);
    let planned: Vec<(&Row, &Outlook)> =
        forecast.rows.iter().filter_map(|row| Some((row, row.outlook.as_ref().ok()?))).collect();
    let open = planned.iter().filter(|(_, o)| !o.passes_within(forecast.soak)).count();
    let blind = planned.iter().filter(|(_, o)| o.has_margin && !o.fails_within(forecast.soak)).count();
    let mut parts = vec![Part::Table {
        columns: [
            "criterion",
            "usual",
            "to pass",
            "to fail at twice\nthe margin",
            &format!("smallest worsening\nseen in {soak}"),
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: forecast.rows.iter().map(cells).collect(),
    }];
    parts.extend(planned.iter().filter_map(|(row, outlook)| remark(forecast, row, outlook)));
    let unplanned = forecast.rows.iter().filter_map(|row| {
        let why = row.outlook.as_ref().err()?;
        Some(Part::Remark { name: row.criterion.clone(), texts: vec![why.clone()] })
    });
    parts.extend(unplanned);
    if forecast.history.duration() < forecast.soak {
        let text = "The history is shorter than the soak, so its noise is a guess. Give a longer one.";
        parts.push(Part::Prose(text.into()));
    }
    let tried: Vec<&str> =
        planned.iter().filter(|(_, o)| o.tried.is_some()).map(|(row, _)| row.criterion.as_str()).collect();
    if let Some(most) = planned.iter().filter_map(|(_, o)| o.tried).map(|tried| tried.windows).max() {
        parts.push(Part::Prose(format!(
            "No formula foresees {}: davy judged up to {most} windows of the history for each length. Windows may overlap.",
            tried.join(", ")
        )));
    }
    parts.push(Part::Prose(
        "to pass: how long a canary like the baseline takes. to fail: one that is worse by twice the margin. Both, and the \
         smallest worsening, with 80 % power."
            .into(),
    ));
    Page {
        word: "PLAN",
        title: title(&forecast.name, forecast.phase.as_deref()),
        summary: summary(forecast, planned.len(), open, blind),
        facts: facts(forecast, source),
        parts,
    }
}

fn summary(forecast: &Forecast, planned: usize, open: usize, blind: usize) -> Vec<String> {
    let soak = duration(forecast.soak);
    let of = |n: usize| if n == 1 { "1 criterion".to_owned() } else { format!("{n} criteria") };
    if planned == 0 && forecast.rows.iter().any(|row| row.is_statistical) {
        return vec!["Nothing can be foreseen from this history; the reasons are below.".into()];
    }
    if planned == 0 {
        return vec!["No criterion is decided by statistics, so there is nothing to plan.".into()];
    }
    match (open, blind) {
        (0, 0) if planned == forecast.rows.len() => {
            vec![format!("{soak} is enough: a healthy canary passes and a bad one fails.")]
        }
        (0, 0) => {
            let (all, others) = (forecast.rows.len(), of(forecast.rows.len() - planned));
            vec![
                format!(
                    "{soak} is enough for {planned} of {all} criteria: by these a healthy canary passes and a bad one fails."
                ),
                format!("{others} cannot be foreseen; the reasons are below."),
            ]
        }
        (0, blind) => vec![format!(
            "A healthy canary passes in {soak}, but {} of {planned} would often miss one that is worse by twice the margin.",
            of(blind)
        )],
        (open, _) => vec![format!(
            "{} of {planned} will not let a healthy canary pass in {soak}: the verdict would be inconclusive.",
            of(open)
        )],
    }
}

fn facts(forecast: &Forecast, source: &str) -> Vec<(&'static str, String)> {
    let arms = match forecast.arms {
        Arms::Both => "both arms",
        Arms::One => "one arm",
    };
    let soak = duration(forecast.soak);
    let configured = if forecast.soak_is_configured { "" } else { " (the configuration does not say)" };
    let share = forecast.share.map_or_else(
        || "no share is configured: each arm gets as much as in the history".to_owned(),
        |share| format!("{} of the traffic", quantity(share, &Unit::Share)),
    );
    let traffic = forecast
        .traffic
        .as_ref()
        .map(|(n, of)| format!(", {} {} a minute", few(*n), if of.is_empty() { "requests".into() } else { plain(of) }));
    let share = share + &traffic.unwrap_or_default();
    vec![
        ("history", format!("{source}: {arms}, {}", period(&forecast.history, forecast.step))),
        ("soak", format!("{soak}{configured}")),
        ("canary", share),
    ]
}

fn cells(row: &Row) -> Vec<String> {
    let usual = row.usual.map_or(NOTHING.to_owned(), |usual| quantity(usual, &row.unit));
    let name = row.criterion.clone();
    let Ok(outlook) = &row.outlook else {
        return vec![name, usual, NOTHING.into(), NOTHING.into(), NOTHING.into()];
    };
    let fails = match outlook.twice {
        None => NOTHING.into(),
        Some(twice) => format!("{}\nat {}", span(outlook.fails_after, outlook.tried), told(outlook, row, twice)),
    };
    let seen = outlook.detectable.map_or("none".to_owned(), |level| told(outlook, row, level));
    vec![name, usual, span(outlook.passes_after, outlook.tried), fails, seen]
}

/// What to say of a criterion that will not be decided in time.
fn remark(forecast: &Forecast, row: &Row, outlook: &Outlook) -> Option<Part> {
    let soak = duration(forecast.soak);
    let remark = |texts: Vec<String>| Some(Part::Remark { name: row.criterion.clone(), texts });
    if outlook.broken_already {
        let usual = row.usual.map_or(NOTHING.to_owned(), |usual| quantity(usual, &row.unit));
        return remark(vec![format!(
            "the usual level, {usual}, is not within the limit: no soak is long enough to pass. Is the limit what is meant?"
        )]);
    }
    if !outlook.has_margin {
        let wider = outlook.passable.map(|level| format!(": `{}` passes in {soak}", bound(outlook, row, level)));
        return remark(vec![format!(
            "without a margin a canary like the baseline passes by chance only. Allow one{}.",
            wider.unwrap_or_default()
        )]);
    }
    let passes = outlook.passes_within(forecast.soak);
    if passes && outlook.fails_within(forecast.soak) {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    if let Some(events) = outlook.events {
        let what = match (&row.unit, outlook.requests.is_some()) {
            (Unit::Share, _) => format!("bad {}", plain(&row.of)),
            (_, true) => format!("slow {}", plain(&row.of)),
            (_, false) => "events".into(),
        };
        let noise = outlook
            .phi
            .filter(|phi| *phi >= 1.2)
            .map(|phi| format!(", {} times as noisy as independent ones", number(phi)));
        let (events, noise) = (few(events), noise.unwrap_or_default());
        texts.push(format!("In {soak} a healthy canary has {events} {what}{noise}."));
    }
    if passes {
        texts.push(match outlook.fails_after {
            Some(after) => {
                format!("To find one that is worse by twice the margin it takes {}.", span(Some(after), None))
            }
            None if outlook.tried.is_some() => {
                "One that is worse by twice the margin was not found often enough.".into()
            }
            None => "One that is worse by twice the margin would never be found.".into(),
        });
        return remark(vec![texts.join(" ")]);
    }
    let mut ways = Vec::new();
    let absurd =
        |level: f64| row.usual.is_some_and(|usual| outlook.kind == EffectKind::Ratio && level > MOST_RATIO * usual);
    if let Some(level) = outlook.passable.filter(|level| !absurd(*level)) {
        let what = if outlook.kind == EffectKind::Level { "the limit" } else { "the margin" };
        ways.push(format!("widen {what} to `{}`", bound(outlook, row, level)));
    }
    if let Some(level) = outlook.threshold {
        let threshold = Outlook { kind: EffectKind::Level, ..outlook.clone() };
        ways.push(format!("use a threshold such as `{}`", bound(&threshold, row, level)));
    }
    if let Some(tried) = outlook.tried {
        texts.push(match outlook.passes_after {
            Some(after) => format!("To let it pass, soak for {}.", duration(after)),
            None => format!(
                "A healthy canary did not pass in 80 % of windows up to {}{}. The history has no room for longer ones.",
                duration(tried.longest),
                tried.reason.and_then(because).map_or(String::new(), |why| format!(": {why}"))
            ),
        });
        return remark(vec![texts.join(" ")]);
    }
    let steps = forecast.soak.as_millis() / forecast.step.as_millis().max(1);
    if outlook.events.is_none() && steps < FEW_STEPS {
        ways.push(format!("measure in shorter steps than {}", duration(forecast.step)));
    }
    match outlook.passes_after.filter(|after| after.as_hours() < 24 * 60) {
        Some(after) => ways.push(format!("soak for {}", duration(after))),
        None => texts.push("No soak of two months is long enough.".into()),
    }
    let last = ways.pop();
    let ways = match (ways.is_empty(), last) {
        (_, None) => "There is no wider margin that it could pass in that time: give the canary more traffic.".into(),
        (true, Some(only)) => format!("To let it pass, {only}."),
        (false, Some(last)) => format!("To let it pass, {}, or {last}.", ways.join(", ")),
    };
    texts.push(ways);
    remark(vec![texts.join(" ")])
}

/// Why windows do not pass, where another reason than their noise is behind it.
fn because(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::LowCoverage => "most of those have data in too few steps (`policy: { min_coverage: … }`)",
        Reason::TooFew => "most of those have too few points or requests for any answer",
        Reason::NoData | Reason::NoBaseline => "most of those have no data in one of the arms",
        Reason::CanarySilent | Reason::BaselineSilent => "in most of those one arm stops reporting",
        Reason::ShareMismatch => "in most of those the canary's share of the traffic is not the configured one",
        Reason::NotComparable => "most of those have arms of different size, and no requests beside their percentiles",
        Reason::BeyondBound => "most of those fail, so that the arms of the history differ by more than the bound",
        Reason::SoakTooShort => "most of those are shorter than the least soak",
        _ => return None,
    })
}

fn few(events: f64) -> String {
    if events == 0.0 {
        return "no".into();
    }
    if events < 10.0 { number(events) } else { count(events.round() as u64) }
}

/// A bound that a person could write, at least as wide as a level.
fn bound(outlook: &Outlook, row: &Row, level: f64) -> String {
    let usual = row.usual.unwrap_or(0.0);
    let more = level >= usual;
    let sign = if more { "+" } else { "-" };
    let operator = if more { "<=" } else { ">=" };
    let rounded = |value: f64| crate::calibrate::sensible(value.abs());
    match outlook.kind {
        EffectKind::Ratio => format!("{operator} baseline {sign} {}%", bare(rounded((level / usual - 1.0) * 100.0))),
        EffectKind::Difference => match row.unit {
            Unit::Share => format!("{operator} baseline {sign} {}pp", bare(rounded((level - usual) * 100.0))),
            Unit::Percent => format!("{operator} baseline {sign} {}pp", bare(rounded(level - usual))),
            _ => format!("{operator} baseline {sign} {}", quantity(rounded(level - usual), &row.unit).replace(' ', "")),
        },
        // a limit below the usual level, or a share near one: not rounded beyond what it says
        EffectKind::Level if more && !(row.unit == Unit::Share && level > 0.5) => {
            format!("{operator} {}", quantity(rounded(level), &row.unit).replace(' ', ""))
        }
        EffectKind::Level => format!("{operator} {}", quantity(level, &row.unit).replace(' ', "")),
    }
}

fn bare(value: f64) -> String {
    number(value).replace(',', "")
}

/// A forecast as JSON.
#[derive(Debug, Serialize)]
struct Document {
    #[serde(flatten)]
    past: Past,
    soak_seconds: Option<Number>,
    canary_share: Option<Number>,
    power: Option<Number>,
    criteria: Vec<Criterion>,
}

#[derive(Debug, Serialize)]
struct Criterion {
    criterion: String,
    metric: String,
    unit: UnitName,
    usual: Option<Number>,
    not_planned: Option<String>,
    passes_after_seconds: Option<Number>,
    fails_after_seconds: Option<Number>,
    twice_the_margin: Option<Number>,
    detectable: Option<Number>,
    passes_after_requests: Option<Number>,
    expected_events: Option<Number>,
    design_effect: Option<Number>,
    passable: Option<Number>,
    passable_threshold: Option<Number>,
    /// On how many windows of a length the judge was tried, where no formula foresees it.
    tried_windows: Option<usize>,
    tried_up_to_seconds: Option<Number>,
}

impl Document {
    fn of(forecast: &Forecast) -> Document {
        let seconds = |span: SignedDuration| Number::new(span.as_secs_f64());
        let number = |value: Option<f64>| value.and_then(Number::new);
        let criterion = |row: &Row| {
            let outlook = row.outlook.as_ref().ok();
            Criterion {
                criterion: row.criterion.clone(),
                metric: row.metric.clone(),
                unit: UnitName::from(&row.unit),
                usual: number(row.usual),
                not_planned: row.outlook.as_ref().err().cloned(),
                passes_after_seconds: outlook.and_then(|o| o.passes_after).and_then(seconds),
                fails_after_seconds: outlook.and_then(|o| o.fails_after).and_then(seconds),
                twice_the_margin: number(outlook.and_then(|o| o.twice)),
                detectable: number(outlook.and_then(|o| o.detectable)),
                passes_after_requests: number(outlook.and_then(|o| o.requests)),
                expected_events: number(outlook.and_then(|o| o.events)),
                design_effect: number(outlook.and_then(|o| o.phi)),
                passable: number(outlook.and_then(|o| o.passable)),
                passable_threshold: number(outlook.and_then(|o| o.threshold)),
                tried_windows: outlook.and_then(|o| o.tried).map(|tried| tried.windows),
                tried_up_to_seconds: outlook.and_then(|o| o.tried).and_then(|tried| seconds(tried.longest)),
            }
        };
        Document {
            past: Past::new(
                (&forecast.name, forecast.phase.as_deref()),
                forecast.level,
                forecast.arms,
                &forecast.history,
                forecast.step,
            ),
            soak_seconds: seconds(forecast.soak),
            canary_share: number(forecast.share),
            power: Number::new(0.8),
            criteria: forecast.rows.iter().map(criterion).collect(),
        }
    }
}
