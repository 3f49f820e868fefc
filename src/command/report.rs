//! `davy report`: a saved verdict in another form.

use std::io::Read;

use super::console::Console;
use super::outlets::Outlets;
use super::places::Places;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::report::Document;

pub(super) fn run(console: &Console, arguments: cli::Report) -> Result<Exit, Failure> {
    let path = &arguments.verdict;
    Places::new(Outlets::of(&arguments.output)?.paths(), Vec::new())?.spare([path.as_path()])?;
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| Failure::Unreadable { path: path.clone(), error })?;
    let document = Document::read(&text).map_err(|error| Failure::Verdict { path: path.clone(), error })?;
    pipeline::answer(console, &document, &arguments.output)?;
    Ok(Exit::Pass)
}
