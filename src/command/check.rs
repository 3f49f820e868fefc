//! `davy check`: every problem of a configuration at once, without a look at the outside world.

use std::path::PathBuf;

use jiff::Timestamp;

use super::console::Console;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::record;

pub(super) fn run(console: &Console, arguments: cli::Check) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let named = arguments.configs.clone();
    let configs = if named.is_empty() { vec![PathBuf::from(record::CONFIG)] } else { named };
    let mut exit = Exit::Pass;
    for path in configs {
        if let Err(failure) = check(console, &path, &arguments.resolve, now) {
            console.error(&failure.to_string());
            exit = exit.worse(failure.exit());
        }
    }
    Ok(exit)
}

/// Plans every phase, since each has criteria of its own.
fn check(console: &Console, path: &std::path::Path, resolve: &cli::Resolve, now: Timestamp) -> Result<(), Failure> {
    let loaded = pipeline::load(path)?;
    let options = pipeline::options(&loaded.folder, resolve, now);
    let plan = loaded.config.plan(&options)?;
    for query in &plan.queries {
        let (metric, arm, asked) = (&query.metric, query.arm.name(), query.source.asked());
        console.detail(&format!("{metric} ({arm}): {}{asked}", query.source.shown()));
    }
    let mut criteria = vec![plan.rules.criteria.len()];
    if resolve.phase.is_none() {
        criteria.clear();
        for phase in phases(&loaded.config.phases()) {
            let plan = loaded.config.plan(&crate::config::Options { phase, ..options })?;
            criteria.push(plan.rules.criteria.len());
        }
    }
    let count: usize = criteria.iter().sum();
    let phases = loaded.config.phases().len();
    let over = if phases > 0 && resolve.phase.is_none() { format!(" over {phases} phases") } else { String::new() };
    let noun = if count == 1 { "criterion" } else { "criteria" };
    console.answer(&format!("ok  {}  {count} {noun}{over}\n", path.display()))
}

fn phases<'a>(names: &[&'a str]) -> Vec<Option<&'a str>> {
    if names.is_empty() { vec![None] } else { names.iter().map(|name| Some(*name)).collect() }
}
