//! What the judge promises, and which cells break the promise.
//!
//! Identical arms may fail in 5 % of the soaks over all looks together. A cell misses when it is above 0.06, or when
//! its 99 % limits exclude 0.05. Noise that lasts as long as the soak (`ar09`) is beyond what two series can show: it
//! is reported, with a target of its own that decides nothing. One look at the end is reported without a target.

use crate::plan::Section;
use crate::soaks::cells::{Cell, Way};

/// What a cell was meant to be, where it is not.
pub fn miss(section: Section, cell: &Cell) -> Option<String> {
    let at_most = |limit: f64| (cell.rate() > limit).then(|| format!("at most {limit}"));
    match section {
        Section::Aa | Section::EveryMinute => match cell.way {
            Way::Planned if cell.scenario == "ar09" => None,
            Way::Planned => at_most(0.06).or_else(|| (cell.limits().0 > 0.05).then(|| "0.05".to_owned())),
            Way::Open if cell.scenario != "ar09" => at_most(0.05),
            _ => None,
        },
        Section::Pass if cell.effect == "at the margin" && guarded(cell.way) => at_most(0.07),
        Section::Traffic if !cell.scenario.contains(" is ") && guarded(cell.way) => at_most(0.005),
        Section::Power if cell.way == Way::Planned => powerless(cell),
        _ => None,
    }
}

fn guarded(way: Way) -> bool {
    matches!(way, Way::Planned | Way::Open)
}

/// Least power of planned looks, and the latest median minute.
const POWER: [(&str, &str, &str, f64, Option<f64>); 8] = [
    ("errors", "iid", "err1.5", 0.88, None),
    ("errors", "iid", "err2", 0.99, None),
    ("errors", "iid", "err5", 1.0, Some(10.0)),
    ("errors", "iid", "late_err3", 0.98, Some(40.0)),
    ("errors", "split5", "err2", 0.65, None),
    ("p95 of requests", "split5", "lat1.10", 0.80, None),
    ("errors", "ar07", "err2", 0.97, None),
    ("gauge", "ar07", "gauge1.10", 0.80, None),
];

fn powerless(cell: &Cell) -> Option<String> {
    let row = POWER.iter().find(|row| (row.0, row.1, row.2) == (&cell.family, &cell.scenario, &cell.effect))?;
    let late = row.4.filter(|latest| cell.median_minute.is_none_or(|minute| minute > *latest));
    (cell.rate() < row.3)
        .then(|| format!("at least {}", row.3))
        .or_else(|| late.map(|latest| format!("by minute {latest}")))
}

/// All misses, in words.
pub fn missed(results: &[(Section, Vec<Cell>)]) -> Vec<String> {
    let of = |(section, cells): &(Section, Vec<Cell>)| {
        let section = *section;
        cells.iter().filter_map(move |cell| Some((section, cell.clone(), miss(section, cell)?))).collect::<Vec<_>>()
    };
    let words = |(section, cell, wanted): (Section, Cell, String)| {
        let Cell { family, scenario, effect, way, .. } = &cell;
        let minute = cell.median_minute.map_or(String::new(), |minute| format!(" @{minute}"));
        format!(
            "{} {family}, {scenario}, {effect}, {}: {:.3}{minute}, not {wanted}",
            section.name(),
            way.name(),
            cell.rate()
        )
    };
    results.iter().flat_map(of).map(words).collect()
}
