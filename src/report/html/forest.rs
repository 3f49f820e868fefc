//! An effect as a picture: the interval as a bar, the estimate as a dot, the bounds as lines, and the good side shaded.
//! Where a Fail rests on the steps since a later start, their bar comes first and that of all steps stands thin below it.
//!
//! An end without a number is an arrow, and so is one so far off that to show it would press all the rest together;
//! the words beside it have the number.

use maud::{Markup, html};

use super::super::document::{EffectKind, Evidence, Finding, Number};
use super::super::prose::plain;
use super::super::words;
use super::interval::{Interval, MARGIN};
use super::scale::{Axis, extent, px};

const WIDTH: f64 = 200.0;
/// From one bar to the next, and to the edges.
const ROW: f64 = 13.0;
/// How many times the span of bounds and estimate, or its own shorter side, an interval may reach before it is cut.
const FAR: f64 = 3.0;

/// The side of a bound that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Good {
    /// Low values are.
    Below,
    /// High values are.
    Above,
}

/// The side that a finding's target wants; none where it wants a value itself.
pub(super) fn good(finding: &Finding) -> Option<Good> {
    let wanted = |text: &str| match text.trim_start().as_bytes() {
        [b'<', ..] => Some(Good::Below),
        [b'=', b'=', ..] => Some(Good::Below),
        [b'>', ..] => Some(Good::Above),
        _ => None,
    };
    let unwanted = |text: &str| match wanted(text)? {
        Good::Below => Some(Good::Above),
        Good::Above => Some(Good::Below),
    };
    wanted(&finding.target).or_else(|| finding.fail_at.as_deref().and_then(unwanted))
}

/// The values of a finding as plain numbers.
struct Shown {
    /// What decided comes first: the steps since a later start, then all of them.
    bars: Vec<Interval>,
    pass: Option<f64>,
    fail: Option<f64>,
    kind: EffectKind,
}

/// The picture; none where there is no effect.
pub(super) fn forest(finding: &Finding) -> Option<Markup> {
    let evidence = &finding.evidence;
    let effect = evidence.effect.as_ref()?;
    let number = |number: Option<Number>| number.map(Number::get);
    let since = evidence.since.as_ref().map(|since| &since.effect);
    let shown = Shown {
        bars: since.into_iter().chain([effect]).map(Interval::of).collect(),
        pass: number(evidence.pass_limit),
        fail: number(evidence.fail_limit).filter(|fail| number(evidence.pass_limit) != Some(*fail)),
        kind: effect.kind,
    };
    let axis = shown.axis()?;
    let height = ROW * (shown.bars.len() as f64 + 1.0);
    Some(html! {
        svg class="forest" viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            title { (said(finding)) }
            (shown.shade(&axis, good(finding), height))
            @for row in 1..=shown.bars.len() {
                line class="rule" x1="0" x2=(WIDTH) y1=(ROW * row as f64) y2=(ROW * row as f64) {}
            }
            @if let Some(place) = shown.none().filter(|value| axis.has(*value)).map(|value| px(axis.at(value))) {
                line class="none" x1=(place) x2=(place) y1="5" y2=(height - 5.0) {}
            }
            @for (class, bound) in [("bound", shown.pass), ("bound limit", shown.fail)] {
                @if let Some(place) = bound.filter(|value| axis.has(*value)).map(|value| px(axis.at(value))) {
                    line class=(class) x1=(place) x2=(place) y1="0" y2=(height) {}
                }
            }
            @for (row, bar) in shown.bars.iter().enumerate() { (bar.drawing(&axis, WIDTH, ROW * (row as f64 + 1.0), row > 0)) }
        }
    })
}

impl Shown {
    /// Where nothing would have changed.
    fn none(&self) -> Option<f64> {
        match self.kind {
            EffectKind::Level => None,
            EffectKind::Ratio => Some(1.0),
            EffectKind::Difference => Some(0.0),
        }
    }

    /// The scale: factors are laid out as factors, so that a half is as far as a double.
    fn axis(&self) -> Option<Axis> {
        let estimates = self.bars.iter().map(|bar| bar.estimate);
        let core: Vec<f64> = estimates.chain([self.pass, self.fail, self.none()]).flatten().collect();
        let lows: Vec<f64> = self.bars.iter().filter_map(|bar| bar.low).collect();
        let highs: Vec<f64> = self.bars.iter().filter_map(|bar| bar.high).collect();
        let all = || core.iter().chain(&lows).chain(&highs).copied();
        let log = self.kind == EffectKind::Ratio && all().all(|value| value > 0.0);
        let onto = |value: f64| if log { value.ln() } else { value };
        let whole = extent(all().map(onto))?;
        let middle = extent(core.iter().copied().map(onto)).unwrap_or(whole);
        // an interval may reach as far on its longer side as it does on its shorter one
        let below = extent(lows.iter().copied().map(onto)).map(|(low, _)| middle.0 - low);
        let above = extent(highs.iter().copied().map(onto)).map(|(_, high)| high - middle.1);
        let reach = [below, above].into_iter().flatten().filter(|reach| *reach > 0.0).reduce(f64::min);
        let places = (MARGIN, WIDTH - MARGIN);
        let axis = Axis::around(middle, whole, reach.unwrap_or(0.0), (FAR, 0.1), log, places);
        axis.or_else(|| Some(Axis::of(whole, log, places)))
    }

    fn shade(&self, axis: &Axis, good: Option<Good>, height: f64) -> Markup {
        let sure = self.pass.or(self.fail).zip(good);
        let (from, to) = match sure {
            Some((bound, Good::Below)) => (0.0, axis.at(bound)),
            Some((bound, Good::Above)) => (axis.at(bound), WIDTH),
            None => return Markup::default(),
        };
        html! { rect class="good" x=(px(from)) y="0" width=(px(to - from)) height=(height) {} }
    }
}

/// What the picture shows, in words.
fn said(finding: &Finding) -> String {
    let evidence = &finding.evidence;
    let mut texts = vec![format!("{}: {}", super::name(&words::criterion(finding)), quantity(evidence))];
    texts.extend(words::limit(evidence).map(|limit| format!("bound {limit}")));
    texts.extend(finding.fail_at.as_deref().map(|fail| format!("fails at {}", plain(fail))));
    texts.extend(good(finding).map(|good| match good {
        Good::Below => "the good side is the left one".into(),
        Good::Above => "the good side is the right one".into(),
    }));
    super::part::prose(&texts.join("; "))
}

/// The effect, with its estimate also where that stands in a column of its own.
fn quantity(evidence: &Evidence) -> String {
    let words = words::effect(evidence);
    match &evidence.effect {
        Some(effect) if effect.kind == EffectKind::Level => match (words::estimates(evidence).canary, words.as_str()) {
            (estimate, words::NOTHING) => estimate,
            (estimate, interval) => format!("{estimate} {interval}"),
        },
        _ => words,
    }
}
