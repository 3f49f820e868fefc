//! `davy check`: every problem of a configuration at once, without a look at the outside world.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::console::Console;
use super::{Exit, Failure, fetch, pipeline};
use crate::cli;
use crate::config::plan::Plan;
use crate::hooks::{Address, Hook};
use crate::judge::doubtful::doubts;
use crate::plain;
use crate::record;
use crate::source::Query;
use crate::url::Url;

pub(super) fn run(console: &Console, arguments: cli::Check) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let named = arguments.configs.clone();
    let configs = if named.is_empty() { vec![PathBuf::from(record::CONFIG)] } else { named };
    let mut exit = Exit::Pass;
    for path in configs {
        let checked = check(console, &path, &arguments.resolve, now);
        let opened = checked.and_then(|plans| if arguments.data { open(console, &plans, now) } else { Ok(()) });
        if let Err(failure) = opened {
            console.error(&failure.to_string());
            exit = exit.worse(failure.exit());
        }
    }
    Ok(exit)
}

/// Plans every phase, since each has criteria of its own.
fn check(
    console: &Console,
    path: &std::path::Path,
    resolve: &cli::Resolve,
    now: Timestamp,
) -> Result<Vec<Plan>, Failure> {
    let loaded = pipeline::load(path)?.told(console);
    let options = pipeline::options(&loaded.folder, resolve, now);
    let plan = loaded.plan(&options)?;
    for query in &plan.queries {
        let (metric, arm, asked) = (
            &query.metric,
            query.arm.name(),
            query.source.question().map(|asked| format!(": {asked}")).unwrap_or_default(),
        );
        console.detail(&format!("{metric} ({arm}): {}{asked}", query.source.shown()));
    }
    let mut plans = vec![plan];
    if resolve.phase.is_none() {
        plans.clear();
        for phase in phases(&loaded.config.phases()) {
            plans.push(loaded.plan(&crate::config::Options { phase, ..options })?);
        }
    }
    tell_doubts(console, &plans);
    tell_hooks(console, &plans);
    let count: usize = plans.iter().map(|plan| plan.rules.criteria.len()).sum();
    let phases = loaded.config.phases().len();
    let over = if phases > 0 && resolve.phase.is_none() { format!(" over {phases} phases") } else { String::new() };
    let noun = if count == 1 { "criterion" } else { "criteria" };
    console.answer(&format!("ok  {}  {count} {noun}{over}\n", plain::path(path)))?;
    Ok(plans)
}

/// Opens the files of the phase that is judged, and says what is in them; services stay unasked.
fn open(console: &Console, plans: &[Plan], now: Timestamp) -> Result<(), Failure> {
    let Some(plan) = plans.first() else { return Ok(()) };
    let (services, files): (Vec<Query>, Vec<Query>) =
        plan.queries.iter().cloned().partition(|query| query.source.service().is_some());
    if !files.is_empty() {
        let dataset = pipeline::fetch_from(console, &files, &plan.time, None, now)?;
        console.answer(&fetch::told(&dataset))?;
        let empty =
            |query: &&Query| dataset.metrics.get(&query.metric).is_some_and(|pair| pair.get(query.arm).is_empty());
        for query in files.iter().filter(empty) {
            let (metric, arm, source) = (&query.metric, query.arm.name(), query.source.shown());
            console.note(&format!("{metric} has no point of the {arm} in {source}: nothing passes without it"));
        }
    }
    if !services.is_empty() {
        let names: BTreeSet<&str> = services.iter().map(|query| query.metric.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        console.note(&format!("not asked, because a service has them: {}. `davy fetch` asks", names.join(", ")));
    }
    Ok(())
}

/// Bounds that can be read, but hardly mean what was meant.
fn tell_doubts(console: &Console, plans: &[Plan]) {
    let mut told: Vec<String> = Vec::new();
    for rules in plans.iter().map(|plan| &plan.rules) {
        for criterion in &rules.criteria {
            let Some(metric) = rules.metrics.get(&criterion.metric) else { continue };
            let doubts = doubts(criterion, metric).into_iter();
            told.extend(
                doubts
                    .map(|doubt| format!("{}: {doubt}", criterion.name))
                    .filter(|line| !told.contains(line))
                    .collect::<Vec<_>>(),
            );
        }
    }
    told.iter().for_each(|line| console.note(line));
}

/// What would run, phase by phase, and which verdicts others could read on their way.
fn tell_hooks(console: &Console, plans: &[Plan]) {
    let mut readable: Vec<String> = Vec::new();
    for plan in plans {
        let phase = plan.rules.phase.as_ref().map(|phase| format!("phase {phase}, ")).unwrap_or_default();
        for (key, hook) in
            plan.hooks.named().into_iter().flat_map(|(key, hooks)| hooks.iter().map(move |hook| (key, hook)))
        {
            console.detail(&format!("{phase}{key}: {}", hook.in_full()));
            if let Hook::Webhook(webhook) = hook
                && let Address::Url(url) = &webhook.address
                && Url::parse(url).is_ok_and(|url| url.is_readable_on_the_way())
                && !readable.contains(&hook.to_string())
            {
                readable.push(hook.to_string());
            }
        }
    }
    for hook in readable {
        console.note(&format!("{hook}: not encrypted, so that everybody on the way can read it; write `https://`"));
    }
}

fn phases<'a>(names: &[&'a str]) -> Vec<Option<&'a str>> {
    if names.is_empty() { vec![None] } else { names.iter().map(|name| Some(*name)).collect() }
}
