//! The recipes of the formats that are data, and how they are recognised.

use super::super::Format;
use super::super::formats::{Ready, all};
use super::own::{first_lines, fits, fits_surely, recipe as of_layout};
use super::{LatencyFrom, Lines, Means, Recipe, TimeFrom};

/// The recipe of a format for a file that begins so.
pub(super) fn of(format: Format, head: &[u8]) -> Option<Recipe> {
    recipe(all().iter().find(|ready| ready.format == format)?, head)
}

/// The recipe of the format of this name.
pub(super) fn named(name: &str, head: &[u8]) -> Option<Recipe> {
    recipe(Ready::named(name)?, head)
}

fn recipe(ready: &'static Ready, head: &[u8]) -> Option<Recipe> {
    let latency: Vec<LatencyFrom> = {
        let latency = ready.latency.as_ref().map(|(columns, unit)| match columns.as_slice() {
            [one] => LatencyFrom::Column(one.clone(), *unit),
            several => LatencyFrom::Sum(several.to_vec(), *unit),
        });
        latency.into_iter().collect()
    };
    if let Some(names) = ready.spaced {
        return Some(Recipe {
            time: ready.time.iter().map(|name| TimeFrom::Column(name.clone())).collect(),
            latency,
            ends: ready.status.iter().map(|name| (name.clone(), Means::Status)).collect(),
            error: ready.error.clone(),
            because: ready.because,
            ..Recipe::plain(Lines::Spaced { names })
        });
    }
    let lines = first_lines(head);
    let fitting = ready.layouts.iter().find(|layout| fits(layout, &lines)).or(ready.layouts.first())?;
    let of = of_layout(fitting, head);
    let only = ready.only.clone();
    let latency = if latency.is_empty() { of.latency.clone() } else { latency };
    Some(Recipe { only, latency, error: ready.error.clone().or(of.error), because: ready.because.or(of.because), ..of })
}

/// The names of the fields of a format that stand between spaces.
pub(super) fn spaced(name: &str) -> &'static [&'static str] {
    Ready::named(name).and_then(|ready| ready.spaced).unwrap_or(&[])
}

/// The format whose lines these are, if it needs no code to be recognised.
pub(super) fn detect(head: &[u8]) -> Option<Format> {
    let lines = first_lines(head);
    let is = |ready: &&Ready| ready.found && ready.layouts.iter().any(|layout| fits_surely(layout, &lines));
    all().iter().find(is).map(|ready| ready.format)
}
