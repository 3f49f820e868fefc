//! What is printed from davy's own definitions: schemas, completions, the manual page.

use clap::CommandFactory;

use super::console::Console;
use super::{Exit, Failure};
use crate::cli::{Cli, SchemaOf};
use crate::{config, report};

pub(super) fn schema(console: &Console, of: SchemaOf) -> Result<Exit, Failure> {
    let schema = match of {
        SchemaOf::Config => config::schema(),
        SchemaOf::Verdict => report::schema(),
    };
    console.answer(&format!("{schema:#}\n"))?;
    Ok(Exit::Pass)
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
