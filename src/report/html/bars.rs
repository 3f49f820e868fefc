//! What each item costs in both arms, as bars on one scale.

use maud::{Markup, html};

use super::part::name;
use super::scale::{Axis, px};
use crate::judge::words::number;
use crate::report::comparison::document::{Cost, Item};
use crate::report::document::Number;
use crate::report::prose::fit;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 70.0;
const ROW: f64 = 40.0;
const BAR: f64 = 12.0;
const MOST: usize = 40;

/// The picture; none where nothing costs anything.
pub(super) fn drawing(cost: &Cost) -> Option<Markup> {
    let whole = (&cost.full.estimate.baseline, &cost.full.estimate.canary);
    let items =
        cost.items.iter().take(MOST).map(|item: &Item| (item.item.as_str(), &item.full.baseline, &item.full.canary));
    let rows: Vec<(&str, Option<f64>, Option<f64>)> = items
        .chain([("all together", whole.0, whole.1)])
        .map(|(item, baseline, canary)| (item, baseline.map(Number::get), canary.map(Number::get)))
        .collect();
    let most = rows.iter().flat_map(|(_, baseline, canary)| [*baseline, *canary]).flatten().fold(0.0_f64, f64::max);
    (most > 0.0).then(|| {
        let axis = Axis::linear((0.0, most), (LEFT, WIDTH - RIGHT));
        let bar = |class: &'static str, value: Option<f64>, top: f64| {
            html! {
                @if let Some(value) = value {
                    rect class=(class) x=(LEFT) y=(top) width=(px((axis.at(value) - LEFT).max(1.0))) height=(BAR) {}
                    text x=(px(axis.at(value) + 5.0)) y=(top + BAR - 2.0) { (number(value)) }
                }
            }
        };
        html! {
            svg class="plot" viewBox=(format!("0 0 {WIDTH} {}", ROW * rows.len() as f64)) role="img" {
                title { "Costs of a month with all of the traffic, the baseline above the canary; the numbers are in the table" }
                @for (at, (item, baseline, canary)) in rows.iter().enumerate() {
                    @let top = ROW * at as f64 + 5.0;
                    text class="end" x=(LEFT - 8.0) y=(top + BAR + 5.0) { (fit(&name(item), 24)) }
                    (bar("cost-baseline", *baseline, top))
                    (bar("cost-canary", *canary, top + BAR + 3.0))
                }
            }
        }
    })
}
