//! A query to a database, as meant: its address checked, its names bound.

use std::path::{Path, PathBuf};

use super::arm::arm_column;
use crate::config::values::{Values, zone};
use crate::config::written::file::MetricEntry;
use crate::config::written::sql::SqlEntry;
use crate::series::SignedDuration;
use crate::source::secret::Secret;
use crate::source::sql::{Address, Sql, Statement, Where};
use crate::source::{Backend, File, Format, Long, MINUTE};
use crate::text::problem::Report;

/// How long a query may take when nothing says it.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);

/// What one metric asks of a database in one arm.
pub(super) fn sql(
    written: &SqlEntry,
    entry: &MetricEntry,
    values: &Values,
    folder: &Path,
    report: &mut Report,
) -> Option<Sql> {
    let Some(query) = entry.query().or(written.query.as_ref()) else {
        let hint =
            "write `query: \"SELECT … AS time, … AS errors, … AS requests FROM … WHERE at >= ${from} AND at < ${to}\"`";
        report.add_with(written.place, "neither this source nor its metric has a query", hint);
        return None;
    };
    let statement = values.statement(query, report);
    let database = database(written, values, folder, report);
    database.zip(statement).map(|(database, statement)| Sql { statement, ..database })
}

/// The database, without a query.
pub(super) fn database(written: &SqlEntry, values: &Values, folder: &Path, report: &mut Report) -> Option<Sql> {
    let place = place(written, values, report);
    if let Some(deadline) = written.deadline.as_ref().filter(|deadline| deadline.value.0.is_zero()) {
        report.add_with(deadline.place, "a query cannot be answered in no time", "write `deadline: 2m`");
    }
    let mut beside = |name: &Option<_>| values.maybe(name.as_ref(), report).map(|path| folder.join(path));
    let (password_file, authorities) = (beside(&written.password_file), beside(&written.ca_file));
    let variable = written.password_env.as_ref().map(|name| Secret::Variable(name.value.clone()));
    if let (Some(_), Some(file)) = (&variable, &written.password_file) {
        report.add_with(file.place, "a password has one place", "keep `password_env` or `password_file`");
    }
    let long = written.long.as_ref();
    let file = File {
        path: PathBuf::new(),
        shown: String::new(),
        format: Format::Auto,
        time: values.maybe(written.time.as_ref(), report),
        zone: zone(written.zone.as_ref(), values, report),
        arm: written.arm.as_ref().map(|arm| arm_column(arm, values, report)),
        long: long.map(|long| Long { name: values.fill(&long.name, report), value: values.fill(&long.value, report) }),
    };
    let mut asked = Sql {
        place: place?,
        password: variable.or(password_file.map(Secret::File)),
        authorities,
        statement: Statement { written: String::new(), text: String::new(), binds: Vec::new() },
        deadline: written.deadline.as_ref().map_or(DEADLINE, |deadline| deadline.value.0),
        file,
        step: MINUTE,
    };
    asked.file.shown = asked.describe();
    Some(asked)
}

/// Where the database is. An address with a password in it is refused, and never shown.
fn place(written: &SqlEntry, values: &Values, report: &mut Report) -> Option<Where> {
    let url = match (&written.url, &written.url_env) {
        (Some(url), None) => url,
        (None, Some(name)) => return Some(Where::Variable(name.value.clone())),
        (Some(url), Some(_)) => {
            report.add_with(url.place, "a database has one address", "keep `url` or `url_env`");
            return None;
        }
        (None, None) => {
            let hint = "write `url: \"postgresql://davy@db.example/metrics\"`, or `url_env: DATABASE_URL`";
            report.add_with(written.place, "`sql` needs the key `url` or `url_env`", hint);
            return None;
        }
    };
    let filled = values.fill(url, report);
    if filled.is_empty() && !url.value.is_empty() {
        return None;
    }
    match Address::parse(&filled) {
        Ok((address, None)) => Some(Where::Address(address)),
        Ok((_, Some(_))) => {
            let hint = "leave it out, and name the environment variable: `password_env: PGPASSWORD`";
            report.add_hushed(url.place, "this address holds a password", hint);
            None
        }
        Err(wrong) => {
            report.add_hushed(url.place, format!("this address {wrong}"), wrong.hint);
            None
        }
    }
}
