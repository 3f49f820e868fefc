//! One look: the plan, what the sources have, what the past says of its noise, and the verdict.

use std::path::Path;

use super::Failure;
use super::console::Console;
use super::learn::{self, Today};
use super::pipeline::{self, Judged, Loaded};
use super::places::Places;
use crate::config;
use crate::config::plan::Plan;
use crate::judge;

/// Judges a configuration once.
pub(super) fn judge(
    console: &Console,
    loaded: &Loaded,
    options: &config::Options,
    places: &Places,
    history: Option<&Path>,
) -> Result<Judged, Failure> {
    planned(console, loaded, options, places, learn::with_history(loaded.plan(options)?, history))
}

/// The same by a plan that was made with these options.
pub(super) fn planned(
    console: &Console,
    loaded: &Loaded,
    options: &config::Options,
    places: &Places,
    mut plan: Plan,
) -> Result<Judged, Failure> {
    places.spare_sources(&plan.queries)?;
    console.detail(&format!("{} queries planned, fingerprint {}", plan.queries.len(), plan.rules.fingerprint));
    let mut dataset = pipeline::fetch(console, &plan, options.now)?;
    pipeline::say_lost(console, &dataset);
    if let Some(lesson) = learn::learn(console, loaded, options, &plan, &Today::of(&dataset))? {
        lesson.tell(&mut plan, &mut dataset);
    }
    let verdict = judge::judge(&plan.rules, &dataset);
    Judged::new(plan, dataset, verdict)
}
