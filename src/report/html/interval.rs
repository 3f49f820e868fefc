//! An interval as a bar with its estimate as a dot. An end without a number, or beyond the axis, is an arrow.

use maud::{Markup, html};

use super::super::document::{Effect, Number};
use super::scale::{Axis, px};

/// Room for arrows at both ends of a drawing.
pub(super) const MARGIN: f64 = 9.0;

/// An interval with its estimate.
pub(super) struct Interval {
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) estimate: Option<f64>,
}

impl Interval {
    pub(super) fn of(effect: &Effect) -> Interval {
        let number = |number: Option<Number>| number.map(Number::get);
        Interval { low: number(effect.low), high: number(effect.high), estimate: number(effect.estimate) }
    }

    /// Draws it at a height of a drawing of this width; thin where another one is what counts.
    pub(super) fn drawing(&self, axis: &Axis, width: f64, middle: f64, thin: bool) -> Markup {
        let estimate = self.estimate.filter(|value| axis.has(*value)).map(|value| px(axis.at(value)));
        html! {
            (self.bar(axis, width, middle, if thin { "bar thin" } else { "bar" }))
            @if let Some(place) = estimate { circle class="dot" cx=(place) cy=(middle) r=(if thin { 3.0 } else { 4.5 }) {} }
        }
    }

    fn bar(&self, axis: &Axis, width: f64, middle: f64, class: &str) -> Markup {
        if self.low.is_none() && self.high.is_none() || self.low == self.high && self.low == self.estimate {
            return Markup::default();
        }
        let open = |end: Option<f64>| end.is_none_or(|value| !axis.has(value));
        let from = if open(self.low) { MARGIN - 2.0 } else { self.low.map_or(MARGIN, |low| axis.at(low)) };
        let to = if open(self.high) { width - MARGIN + 2.0 } else { self.high.map_or(width, |high| axis.at(high)) };
        let (tip, end) = (px(1.0), px(width - 1.0));
        html! {
            line class=(class) x1=(px(from)) x2=(px(to.max(from + 0.5))) y1=(middle) y2=(middle) {}
            @if open(self.low) { path class="tip" d=(format!("M{tip} {middle}l8-6v12z")) {} }
            @if open(self.high) { path class="tip" d=(format!("M{end} {middle}l-8-6v12z")) {} }
        }
    }
}
