//! What is printed from davy's own definitions: schemas, completions, the manual page.

use clap::CommandFactory;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli::{Cli, SchemaOf};
use crate::config::packs::{PACKS, Pack};
use crate::config::presets::{PRESETS, Preset};
use crate::{config, report};

pub(super) fn schema(console: &Console, of: SchemaOf) -> Result<Exit, Failure> {
    let schema = match of {
        SchemaOf::Config => config::schema(),
        SchemaOf::Verdict => report::schema(),
        SchemaOf::Comparison => report::comparison_schema(),
    };
    console.answer(&format!("{schema:#}\n"))?;
    Ok(Exit::Pass)
}

pub(super) fn packs(console: &Console, name: Option<&str>) -> Result<Exit, Failure> {
    let wanted = PACKS.iter().filter(|pack| name.is_none_or(|name| pack.name == name));
    let presets = PRESETS.iter().filter(|preset| name.is_none_or(|name| preset.name == name));
    let listed: Vec<String> = wanted.map(pack).chain(presets.map(|preset| describe(preset, name.is_some()))).collect();
    if listed.is_empty() {
        let names: Vec<&str> =
            PACKS.iter().map(|pack| pack.name).chain(PRESETS.iter().map(|preset| preset.name)).collect();
        let message = format!("there is no pack {:?}: there are {}", name.unwrap_or_default(), names.join(", "));
        return Err(Failure::Misused(message));
    }
    console.answer(&listed.join("\n"))?;
    Ok(Exit::Pass)
}

/// A preset, and its section when it alone is wanted.
fn describe(preset: &Preset, whole: bool) -> String {
    let section = if whole { format!("\n{}", preset.text) } else { String::new() };
    format!("http: {{ preset: {} }}  {}\n{section}", preset.name, preset.about)
}

/// A pack with its parameters and metrics, as one reads them before writing `use`.
fn pack(pack: &Pack) -> String {
    let mut text = format!("{}  {}\n", pack.name, pack.about);
    for parameter in pack.parameters {
        let may = if parameter.required { "" } else { " (may be left out)" };
        text.push_str(&format!("  {}: {}{may}\n", parameter.name, parameter.about));
    }
    for (name, about) in pack.metrics() {
        text.push_str(&format!("    {name:<24} {about}\n"));
    }
    text
}

pub(super) fn completions(console: &Console, shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "davy", &mut script);
    console.answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Pass)
}

pub(super) fn manual(console: &Console) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(Failure::output(std::path::Path::new("the manual page")))?;
    console.answer(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Pass)
}
