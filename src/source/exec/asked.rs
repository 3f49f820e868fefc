//! A question to a program, as plain data.

use std::path::PathBuf;

use crate::plain;
use crate::series::SignedDuration;
use crate::source::backend::Backend;
use crate::source::file::File;
use crate::source::template::Template;

/// A program that prints rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<Template>,
    /// Variables beside those of davy's own environment.
    pub environment: Vec<(String, Template)>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// How long it may run.
    pub deadline: SignedDuration,
    /// How what it prints is read; it has no path.
    pub file: File,
    /// The step that it is asked for.
    pub step: SignedDuration,
}

impl Exec {
    /// Whether a query has a place in its command or its environment.
    pub fn has_query(&self) -> bool {
        self.command.iter().chain(self.environment.iter().map(|(_, value)| value)).any(Template::has_query)
    }

    /// The same with a query in its place.
    pub fn with_query(&self, query: &str) -> Exec {
        let environment = self.environment.iter().map(|(name, value)| (name.clone(), value.with_query(query)));
        let command = self.command.iter().map(|word| word.with_query(query)).collect();
        Exec { command, environment: environment.collect(), ..self.clone() }
    }
}

impl Backend for Exec {
    fn describe(&self) -> String {
        let program = self.command.first().map(Template::describe).unwrap_or_default();
        format!("the program {}", plain::line(&program))
    }

    fn question(&self) -> String {
        let words: Vec<String> = self.command.iter().map(Template::describe).collect();
        plain::line(&words.join(" "))
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }
}
