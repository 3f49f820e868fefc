//! What a judge on trial showed, for people and programs: false alarms, false passes, what is found, and what to write
//! into the configuration.

use serde::Serialize;

use super::document::{EffectKind, Number, UnitName};
use super::page::{Page, Part};
use super::past::{Past, period, title};
use super::words::NOTHING;
use super::{PageFormat, Style, html, json};
use crate::calibrate::{Calibration, Rate, Spread, Tally, Trial};
use crate::history::{Arms, Pairing};
use crate::judge::rules::Unit;
use crate::judge::verdict::{EffectKind as Effect, Outcome};
use crate::judge::words::{count, duration, number, quantity};
use crate::series::SignedDuration;

/// Fewer windows than this say little.
const FEW_WINDOWS: usize = 10;

/// A calibration as text, ending in a line's end.
pub fn calibration(calibration: &Calibration, source: &str, format: PageFormat, style: &Style) -> String {
    match format {
        PageFormat::Terminal => page(calibration, source).text(style),
        PageFormat::Markdown => page(calibration, source).markdown(),
        PageFormat::Json => json::render(&Document::of(calibration)),
        PageFormat::Html => html::page::render(&page(calibration, source)),
    }
}

fn percent(share: f64) -> String {
    // whole percent where tenths would tell nothing
    let text = if share < 0.1 { format!("{:.1}", share * 100.0) } else { format!("{:.0}", share * 100.0) };
    text.trim_end_matches(".0").to_owned()
}

/// `4.2 % [0.1, 21]`.
fn with_interval(rate: Rate) -> String {
    format!("{} % [{}, {}]", percent(rate.share()), percent(rate.low), percent(rate.high))
}

fn alone(rate: Rate) -> String {
    format!("{} %", percent(rate.share()))
}

/// A warning lets the rollout go on, as a pass does.
fn goes_on(tally: &Tally) -> Rate {
    Rate::new(tally.pass + tally.warn, tally.all())
}

fn page(calibration: &Calibration, source: &str) -> Page {
    let mut parts = vec![Part::Table {
        columns: ["", "false\nfail", "passes", "open", "false\npass", "finds\ntwice"].map(str::to_owned).to_vec(),
        rows: rows(calibration),
    }];
    parts.push(Part::Prose(
        "false fail, passes, open: of the windows as they were. false pass: made worse by exactly the margin. finds twice: of \
         those made worse by twice the margin, how many fail. In brackets: 95 % interval."
            .into(),
    ));
    let spreads: Vec<Vec<String>> = calibration.criteria.iter().filter_map(spread).collect();
    if !spreads.is_empty() {
        let columns = ["", "healthy windows\ndiffer by (τ)", "margin\nnow", "margin they\nask for (2τ)"];
        parts.push(Part::Table { columns: columns.map(str::to_owned).to_vec(), rows: spreads });
    }
    if !calibration.dispersions.is_empty() {
        let lines = calibration.dispersions.iter().flat_map(|(name, found)| {
            let phi = (found.phi.max(1.0) * 10.0).ceil() / 10.0;
            [format!("  {name}:"), format!("    history: {{ phi: {}, nu: {} }}", number(phi), number(found.nu.floor()))]
        });
        parts.push(Part::Code {
            lead: "How noisy its counts are (the design effect, and how many steps that knowledge is worth), to put into the \
                   configuration:"
                .into(),
            lines: ["metrics:".to_owned()].into_iter().chain(lines).collect(),
        });
    }
    parts.extend(notes(calibration).into_iter().map(Part::Prose));
    Page {
        word: "CALIBRATION",
        title: title(&calibration.name, calibration.phase.as_deref()),
        summary: vec![summary(calibration)],
        facts: facts(calibration, source),
        parts,
    }
}

fn summary(calibration: &Calibration) -> String {
    let (all, failed) = (calibration.verdict.all(), calibration.verdict.rate(Outcome::Fail));
    let goes_on = goes_on(&calibration.verdict);
    let allowed = 1.0 - calibration.level;
    let allowed_percent = number(allowed * 100.0);
    let judged = if failed.low > allowed {
        format!("more than the {} % that the level allows", allowed_percent)
    } else if failed.high <= allowed {
        format!("within the {} % that the level allows", allowed_percent)
    } else {
        format!("compatible with the {} % that the level allows", allowed_percent)
    };
    let noun = if all == 1 { "window" } else { "windows" };
    format!(
        "Of {} healthy {noun}, {} fail ({}; {judged}), {} pass and {} stay inconclusive.",
        count(all as u64),
        failed.count,
        with_interval(failed),
        goes_on.count,
        calibration.verdict.inconclusive
    )
}

fn facts(calibration: &Calibration, source: &str) -> Vec<(&'static str, String)> {
    let (n, layout) = (calibration.layout.starts.len(), &calibration.layout);
    let pairs = match layout.pairing {
        Pairing::SameTime => "canary and baseline of the same time".to_owned(),
        Pairing::Earlier(lag) if lag == layout.setting.length => "each compared with the one just before".to_owned(),
        Pairing::Earlier(lag) => format!("each compared with the one {} earlier", duration(lag)),
        Pairing::Days(_) => "each compared with its earlier days".to_owned(),
    };
    let apart = if layout.overlapping { "overlapping" } else { "not overlapping" };
    let arms = if calibration.arms == Arms::Both { "both arms" } else { "one arm" };
    let looks =
        if calibration.looks == 1 { "one, at the end".into() } else { format!("{} per window", calibration.looks) };
    let mut facts = vec![
        ("history", format!("{source}: {arms}, {}", period(&calibration.history, calibration.step))),
        ("windows", format!("{n} of {}, {apart}; {pairs}", duration(layout.setting.length))),
        ("looks", looks),
    ];
    if let (Arms::One, Some(share)) = (calibration.arms, layout.setting.share) {
        let share = quantity(share, &Unit::Share);
        facts.push(("traffic", format!("thinned at random to the canary's {share}")));
    }
    facts
}

fn rows(calibration: &Calibration) -> Vec<Vec<String>> {
    let row = |name: &str, healthy: &Tally, margin: Option<&Tally>, twice: Option<&Tally>| {
        vec![
            name.to_owned(),
            with_interval(healthy.rate(Outcome::Fail)),
            alone(goes_on(healthy)),
            alone(healthy.rate(Outcome::Inconclusive)),
            margin.map_or(NOTHING.into(), |tally| with_interval(tally.rate(Outcome::Pass))),
            twice.map_or(NOTHING.into(), |tally| alone(tally.rate(Outcome::Fail))),
        ]
    };
    let trial = |t: &Trial| row(&t.criterion, &t.healthy, t.at_margin.as_ref(), t.at_twice.as_ref());
    let all = row("the verdict", &calibration.verdict, None, None);
    calibration.criteria.iter().map(trial).chain([all]).collect()
}

fn spread(trial: &Trial) -> Option<Vec<String>> {
    let spread = trial.spread?;
    let tell = |value: f64| told(value, &spread, &trial.unit);
    let asked = if spread.margin > 0.0 { tell(spread.margin) } else { "none".into() };
    Some(vec![trial.criterion.clone(), tell(spread.tau), tell(spread.configured), asked])
}

fn told(value: f64, spread: &Spread, unit: &Unit) -> String {
    match (spread.kind, unit) {
        (Effect::Ratio, _) => format!("{} %", number(value * 100.0)),
        (_, Unit::Share) => format!("{} pp", number(value * 100.0)),
        (_, Unit::Percent) => format!("{} pp", number(value)),
        (_, unit) => quantity(value, unit),
    }
}

fn notes(calibration: &Calibration) -> Vec<String> {
    let mut notes = Vec::new();
    let worst = calibration.criteria.iter().max_by_key(|trial| trial.healthy.fail).filter(|t| t.healthy.fail > 0);
    if let Some(worst) = worst.filter(|_| calibration.verdict.rate(Outcome::Fail).low > 1.0 - calibration.level) {
        notes.push(format!(
            "Too many healthy windows fail, most often by {} ({}). Widen its margin or limit, or judge longer windows.",
            worst.criterion,
            alone(worst.healthy.rate(Outcome::Fail))
        ));
    }
    let n = calibration.layout.starts.len();
    if n < FEW_WINDOWS {
        let noun = if n == 1 { "window is" } else { "windows are" };
        notes.push(format!("{n} {noun} few: these rates are rough. Give a longer history."));
    }
    if calibration.layout.overlapping {
        notes.push("The windows overlap, so they are not independent, and the intervals are too narrow.".into());
    }
    if matches!(calibration.layout.pairing, Pairing::Days(_)) {
        notes.push(
            "Windows have many earlier days in common, so they are not independent, and the intervals are too narrow."
                .into(),
        );
    }
    if matches!(calibration.layout.pairing, Pairing::Earlier(_)) {
        notes.push(
            "The history has one arm, so windows are compared with earlier ones: what changed between them counts as noise, and \
             two arms at the same time would be closer."
                .into(),
        );
    }
    notes.push(
        "All of this is exactly as good as the history is true: a kind of day that is not in it is not in these numbers.".into(),
    );
    notes
}

/// A calibration as JSON.
#[derive(Debug, Serialize)]
struct Document {
    #[serde(flatten)]
    past: Past,
    windows: usize,
    window_seconds: Option<Number>,
    windows_overlap: &'static str,
    compared_with_seconds_earlier: Option<Number>,
    looks: usize,
    canary_share: Option<Number>,
    verdict: Counted,
    criteria: Vec<Criterion>,
    design_effects: Vec<DesignEffect>,
}

#[derive(Debug, Serialize)]
struct Counted {
    pass: usize,
    warn: usize,
    inconclusive: usize,
    fail: usize,
    fail_rate: Option<Number>,
    fail_rate_low: Option<Number>,
    fail_rate_high: Option<Number>,
    pass_rate: Option<Number>,
    pass_rate_low: Option<Number>,
    pass_rate_high: Option<Number>,
}

#[derive(Debug, Serialize)]
struct Criterion {
    criterion: String,
    metric: String,
    unit: UnitName,
    healthy: Counted,
    at_the_margin: Option<Counted>,
    at_twice_the_margin: Option<Counted>,
    spread: Option<SpreadOut>,
}

#[derive(Debug, Serialize)]
struct SpreadOut {
    kind: EffectKind,
    tau: Option<Number>,
    margin: Option<Number>,
    configured_margin: Option<Number>,
}

#[derive(Debug, Serialize)]
struct DesignEffect {
    metric: String,
    phi: Option<Number>,
    nu: Option<Number>,
    degrees_of_freedom: Option<Number>,
}

impl From<&Tally> for Counted {
    fn from(tally: &Tally) -> Counted {
        let (fail, pass) = (tally.rate(Outcome::Fail), tally.rate(Outcome::Pass));
        Counted {
            pass: tally.pass,
            warn: tally.warn,
            inconclusive: tally.inconclusive,
            fail: tally.fail,
            fail_rate: Number::new(fail.share()),
            fail_rate_low: Number::new(fail.low),
            fail_rate_high: Number::new(fail.high),
            pass_rate: Number::new(pass.share()),
            pass_rate_low: Number::new(pass.low),
            pass_rate_high: Number::new(pass.high),
        }
    }
}

impl Document {
    fn of(calibration: &Calibration) -> Document {
        let seconds = |span: SignedDuration| Number::new(span.as_secs_f64());
        let layout = &calibration.layout;
        let spread = |spread: &Spread| SpreadOut {
            kind: spread.kind.into(),
            tau: Number::new(spread.tau),
            margin: Number::new(spread.margin),
            configured_margin: Number::new(spread.configured),
        };
        let criterion = |trial: &Trial| Criterion {
            criterion: trial.criterion.clone(),
            metric: trial.metric.clone(),
            unit: UnitName::from(&trial.unit),
            healthy: (&trial.healthy).into(),
            at_the_margin: trial.at_margin.as_ref().map(Counted::from),
            at_twice_the_margin: trial.at_twice.as_ref().map(Counted::from),
            spread: trial.spread.as_ref().map(spread),
        };
        let effects = calibration.dispersions.iter().map(|(metric, found)| DesignEffect {
            metric: metric.clone(),
            phi: Number::new(found.phi),
            nu: Number::new(found.nu),
            degrees_of_freedom: Number::new(found.dof),
        });
        Document {
            past: Past::new(
                (&calibration.name, calibration.phase.as_deref()),
                calibration.level,
                calibration.arms,
                &calibration.history,
                calibration.step,
            ),
            windows: layout.starts.len(),
            window_seconds: seconds(layout.setting.length),
            windows_overlap: if layout.overlapping { "yes" } else { "no" },
            compared_with_seconds_earlier: match layout.pairing {
                Pairing::SameTime | Pairing::Days(_) => None,
                Pairing::Earlier(lag) => seconds(lag),
            },
            looks: calibration.looks,
            canary_share: layout.setting.share.and_then(Number::new),
            verdict: (&calibration.verdict).into(),
            criteria: calibration.criteria.iter().map(criterion).collect(),
            design_effects: effects.collect(),
        }
    }
}
