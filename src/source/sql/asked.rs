//! A question to PostgreSQL, as plain data.

use std::path::PathBuf;

use super::address::Address;
use super::statement::Statement;
use crate::plain;
use crate::series::SignedDuration;
use crate::source::backend::Backend;
use crate::source::file::File;
use crate::source::secret::Secret;

/// A query to a database.
#[derive(Debug, Clone, PartialEq)]
pub struct Sql {
    /// Where the database is.
    pub place: Where,
    /// The password of the user.
    pub password: Option<Secret>,
    /// Certificates to trust, instead of those of the system.
    pub authorities: Option<PathBuf>,
    /// What is asked.
    pub statement: Statement,
    /// How long all of it may take.
    pub deadline: SignedDuration,
    /// How rows are read; it has no path.
    pub file: File,
    /// The step that it is asked for.
    pub step: SignedDuration,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// At an address.
    Address(Address),
    /// At the address in a variable of the environment, which may hold a password.
    Variable(String),
}

impl Sql {
    /// The same with another query, which has no parameters.
    pub fn with_query(&self, query: &str) -> Sql {
        let statement = Statement { written: query.to_owned(), text: query.to_owned(), binds: Vec::new() };
        Sql { statement, ..self.clone() }
    }
}

impl Backend for Sql {
    fn describe(&self) -> String {
        match &self.place {
            Where::Address(address) => plain::line(&address.to_string()),
            Where::Variable(name) => plain::line(&format!("PostgreSQL at {name}")),
        }
    }

    fn question(&self) -> String {
        plain::line(&self.statement.written.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }

    fn advise_when_empty(&self) -> Option<String> {
        Some("Run the query in `psql`, and check the window and the arm's label".to_owned())
    }
}
