//! A log that lies in a table, as plain data: where it lies, and what runs the query that counts it there.

use std::collections::BTreeSet;

use super::pushdown::{Dialect, TimeType};
use crate::plain;
use crate::series::{SignedDuration, Timestamp};
use crate::source::backend::{Backend, Grid, MINUTE};
use crate::source::exec::Exec;
use crate::source::http::Http;
use crate::source::sql::Sql;

/// HdrHistogram's significant digits where nothing says them: an answer stays small, and a quantile is within 1 %.
pub const DIGITS: u8 = 2;
/// Steps of a minute are many rows in an answer about more than this.
const LONG: SignedDuration = SignedDuration::from_hours(3);
/// How long a step is then.
const LONG_STEP: SignedDuration = SignedDuration::from_mins(5);

/// Where a log lies that is counted there.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabled {
    /// The table's name, its parts separated by points: `logs.requests`.
    pub name: String,
    /// Which SQL the engine speaks.
    pub dialect: Dialect,
    /// What the column with the time holds.
    pub time: TimeType,
    /// The columns that hold text although they are compared with numbers.
    pub texts: BTreeSet<String>,
    /// HdrHistogram's significant digits: 1, 2 or 3.
    pub digits: u8,
    /// What runs the query.
    pub engine: Engine,
}

/// What runs a query and hands back its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Engine {
    /// A program that prints the answer.
    Exec(Box<Exec>),
    /// A server that answers over HTTP.
    Http(Box<Http>),
    /// PostgreSQL.
    Sql(Box<Sql>),
}

impl Engine {
    fn service(&self) -> &dyn Backend {
        match self {
            Engine::Exec(program) => program.as_ref(),
            Engine::Http(server) => server.as_ref(),
            Engine::Sql(database) => database.as_ref(),
        }
    }

    fn service_mut(&mut self) -> &mut dyn Backend {
        match self {
            Engine::Exec(program) => program.as_mut(),
            Engine::Http(server) => server.as_mut(),
            Engine::Sql(database) => database.as_mut(),
        }
    }
}

impl Backend for Tabled {
    fn describe(&self) -> String {
        self.engine.service().describe()
    }

    fn question(&self) -> String {
        format!("requests of {}, counted by SQL for {}", plain::line(&self.name), self.dialect.word())
    }

    fn grid(&self) -> Grid {
        Grid::Steps
    }

    fn finest(&self, since: Timestamp, now: Timestamp) -> Option<SignedDuration> {
        Some(if now.duration_since(since) > LONG { LONG_STEP } else { MINUTE })
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.engine.service_mut().set_step(step);
    }
}
