//! An effect as a picture: the interval as a bar, the estimate as a dot, the bounds as lines, and the good side shaded.
//!
//! An end without a number is an arrow, and so is one so far off that to show it would press all the rest together;
//! the words beside it have the number.

use maud::{Markup, html};

use super::super::document::{EffectKind, Evidence, Finding};
use super::super::prose::plain;
use super::super::words;
use super::scale::{Axis, extent, px};

const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 26.0;
const MIDDLE: f64 = HEIGHT / 2.0;
/// Room for arrows at both ends.
const MARGIN: f64 = 9.0;
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

/// The values of an effect as plain numbers.
struct Shown {
    low: Option<f64>,
    high: Option<f64>,
    estimate: Option<f64>,
    pass: Option<f64>,
    fail: Option<f64>,
    kind: EffectKind,
}

/// The picture; none where there is no effect.
pub(super) fn forest(finding: &Finding) -> Option<Markup> {
    let evidence = &finding.evidence;
    let effect = evidence.effect.as_ref()?;
    let number = |number: Option<super::super::document::Number>| number.map(|number| number.get());
    let shown = Shown {
        low: number(effect.low),
        high: number(effect.high),
        estimate: number(effect.estimate),
        pass: number(evidence.pass_limit),
        fail: number(evidence.fail_limit).filter(|fail| number(evidence.pass_limit) != Some(*fail)),
        kind: effect.kind,
    };
    let axis = shown.axis()?;
    Some(html! {
        svg class="forest" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            title { (said(finding)) }
            (shown.shade(&axis, good(finding)))
            line class="rule" x1="0" x2=(WIDTH) y1=(MIDDLE) y2=(MIDDLE) {}
            @if let Some(place) = shown.none().filter(|value| axis.has(*value)).map(|value| px(axis.at(value))) {
                line class="none" x1=(place) x2=(place) y1="5" y2="21" {}
            }
            @for (class, bound) in [("bound", shown.pass), ("bound limit", shown.fail)] {
                @if let Some(place) = bound.filter(|value| axis.has(*value)).map(|value| px(axis.at(value))) {
                    line class=(class) x1=(place) x2=(place) y1="0" y2=(HEIGHT) {}
                }
            }
            (shown.interval(&axis))
            @if let Some(estimate) = shown.estimate.filter(|value| axis.has(*value)) {
                circle class="dot" cx=(px(axis.at(estimate))) cy=(MIDDLE) r="4.5" {}
            }
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
        let core = [self.estimate, self.pass, self.fail, self.none()];
        let ends = [self.low, self.high];
        let all = || core.into_iter().chain(ends).flatten();
        let log = self.kind == EffectKind::Ratio && all().all(|value| value > 0.0);
        let onto = |value: f64| if log { value.ln() } else { value };
        let whole = extent(all().map(onto))?;
        let middle = extent(core.into_iter().flatten().map(onto)).unwrap_or(whole);
        // an interval may reach as far on its longer side as it does on its shorter one
        let reach = [self.low.map(|low| middle.0 - onto(low)), self.high.map(|high| onto(high) - middle.1)];
        let reach = reach.into_iter().flatten().filter(|reach| *reach > 0.0).reduce(f64::min);
        let span = match (middle.1 - middle.0).max(reach.unwrap_or(0.0)) {
            span if span > 0.0 => span,
            _ => (middle.0.abs() * 0.1).max(1e-300),
        };
        let low = whole.0.max(middle.0 - FAR * span) - 0.1 * span;
        let high = whole.1.min(middle.1 + FAR * span) + 0.1 * span;
        let places = (MARGIN, WIDTH - MARGIN);
        let ends = if log { (low.exp(), high.exp()) } else { (low, high) };
        let finite = ends.0.is_finite() && ends.1.is_finite() && ends.0 < ends.1;
        let ends = if finite { ends } else { whole };
        Some(if log { Axis::log(ends, places) } else { Axis::linear(ends, places) })
    }

    fn shade(&self, axis: &Axis, good: Option<Good>) -> Markup {
        let sure = self.pass.or(self.fail).zip(good);
        let (from, to) = match sure {
            Some((bound, Good::Below)) => (0.0, axis.at(bound)),
            Some((bound, Good::Above)) => (axis.at(bound), WIDTH),
            None => return Markup::default(),
        };
        html! { rect class="good" x=(px(from)) y="0" width=(px(to - from)) height=(HEIGHT) {} }
    }

    fn interval(&self, axis: &Axis) -> Markup {
        if self.low.is_none() && self.high.is_none() || self.low == self.high && self.low == self.estimate {
            return Markup::default();
        }
        let open = |end: Option<f64>| end.is_none_or(|value| !axis.has(value));
        let from = if open(self.low) { MARGIN - 2.0 } else { self.low.map_or(MARGIN, |low| axis.at(low)) };
        let to = if open(self.high) { WIDTH - MARGIN + 2.0 } else { self.high.map_or(WIDTH, |high| axis.at(high)) };
        let (tip, end) = (px(1.0), px(WIDTH - 1.0));
        html! {
            line class="bar" x1=(px(from)) x2=(px(to.max(from + 0.5))) y1=(MIDDLE) y2=(MIDDLE) {}
            @if open(self.low) { path class="tip" d=(format!("M{tip} {MIDDLE}l8-6v12z")) {} }
            @if open(self.high) { path class="tip" d=(format!("M{end} {MIDDLE}l-8-6v12z")) {} }
        }
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
        Some(effect) if effect.kind == EffectKind::Level => match words.as_str() {
            words::NOTHING => words::estimate(evidence, effect.estimate),
            interval => format!("{} {interval}", words::estimate(evidence, effect.estimate)),
        },
        _ => words,
    }
}
