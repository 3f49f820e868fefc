//! `davy fetch`: what the sources have, without a judgement: to see that they answer, and to keep it.

use std::path::PathBuf;

use jiff::Timestamp;

use super::console::Console;
use super::places::Places;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::plain;
use crate::record;
use crate::series::{Arm, Dataset, Pair, Series};

pub(super) fn run(console: &Console, arguments: cli::Fetch) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let path = arguments.config.clone().unwrap_or_else(|| PathBuf::from(record::CONFIG));
    if arguments.config.is_none() && !path.exists() {
        return Err(Failure::NoConfig { path, why: "it does not exist; name one".into() });
    }
    let places = Places::new(Vec::new(), arguments.record.iter().cloned().collect())?;
    places.spare([super::border::file_of(&path).as_path()])?;
    let loaded = pipeline::load(&path)?.told(console);
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let plan = loaded.plan(&options)?;
    places.spare_sources(&plan.queries)?;
    let dataset = pipeline::fetch(console, &plan, now)?;
    console.answer(&told(&dataset))?;
    for (metric, why) in &dataset.lost {
        console.note(&format!("{metric} was not reached: {why}"));
    }
    if let Some(folder) = &arguments.record {
        pipeline::record(folder, &loaded.config, &plan, dataset, None, now)?;
        console.note(&format!("recorded to {0}; `davy judge {0}` judges it", plain::path(folder)));
    }
    Ok(Exit::Pass)
}

/// One line per metric: points of each arm, from when to when, and where they come from.
pub(super) fn told(dataset: &Dataset) -> String {
    let widest = dataset.metrics.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let points = dataset.metrics.values().map(points).collect::<Vec<_>>();
    let points_widest = points.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for ((name, pair), points) in dataset.metrics.iter().zip(&points) {
        let (name, origin) =
            (plain::line(name), dataset.origins.get(name).map_or(String::new(), |one| plain::line(one)));
        text.push_str(&format!("{name:widest$}  {points:points_widest$}  {}  {origin}\n", span(pair)));
    }
    text
}

/// `12 baseline, 12 canary`.
fn points(pair: &Pair<Series>) -> String {
    let of = |arm: Arm| format!("{} {}", pair.get(arm).len(), arm.name());
    format!("{}, {}", of(Arm::Baseline), of(Arm::Canary))
}

/// From the first point of either arm to the last.
fn span(pair: &Pair<Series>) -> String {
    let times = || Arm::BOTH.into_iter().flat_map(|arm| pair.get(arm).time().iter());
    match (times().min(), times().max()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no point".to_owned(),
    }
}
