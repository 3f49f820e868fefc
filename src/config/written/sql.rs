//! Databases that are asked by a query, as written.

use schemars::JsonSchema;

use super::arm::{ArmColumnEntry, LongEntry};
use crate::notation::Span;
use crate::text::node::Node;
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read};

/// A query to PostgreSQL, in a read-only transaction. ${label} of the arm, ${arm}, ${metric}, ${from}, ${to} (or ${start},
/// ${end}), ${step}, ${from_unix}, ${to_unix}, ${from_ms}, ${to_ms} and ${step_seconds} are bound parameters, never text.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct SqlEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The database: postgresql://user@host:5432/name. Without encryption it is for this machine alone. A password has a place of
    /// its own.
    pub(in crate::config) url: Option<At<String>>,
    /// The environment variable that holds such an address, which may have a password.
    pub(in crate::config) url_env: Option<At<String>>,
    /// The environment variable with the password.
    pub(in crate::config) password_env: Option<At<String>>,
    /// A file with the password, which is read for every call. Relative to the configuration.
    pub(in crate::config) password_file: Option<At<String>>,
    /// A file with the certificates (PEM) of authorities to trust, instead of those of the system. Relative to the configuration.
    pub(in crate::config) ca_file: Option<At<String>>,
    /// The query, one statement, for metrics that have no query of their own. Its columns have the names that metrics use.
    pub(in crate::config) query: Option<At<String>>,
    /// The column with the time; usual names are recognised when absent.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without one. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// The column that tells the arms apart, where one answer has both.
    pub(in crate::config) arm: Option<ArmColumnEntry>,
    /// For long (tidy) answers with one row per time and name.
    pub(in crate::config) long: Option<LongEntry>,
    /// How long all of a query may take, in the server and on the way. Default 1m.
    pub(in crate::config) deadline: Option<At<Span>>,
}

impl Read for SqlEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "sql: { url: \"postgresql://davy@db.example/metrics\", query: \"SELECT …\" }";
        let mut keys = Keys::open(node, report, "`sql`", form)?;
        let entry = SqlEntry {
            place: node.place,
            url: keys.may("url"),
            url_env: keys.may("url_env"),
            password_env: keys.may("password_env"),
            password_file: keys.may("password_file"),
            ca_file: keys.may("ca_file"),
            query: keys.may("query"),
            time: keys.may("time"),
            zone: keys.may("zone"),
            arm: keys.may("arm"),
            long: keys.may("long"),
            deadline: keys.may("deadline"),
        };
        keys.close(Some(entry), |key| match key {
            "password" | "pass" => Some("name the environment variable: `password_env: PGPASSWORD`".into()),
            "host" | "port" | "user" | "database" | "dbname" | "dsn" => {
                Some("write `url: \"postgresql://davy@db.example:5432/metrics\"`".into())
            }
            "timeout" | "statement_timeout" => Some("write `deadline: 1m`".into()),
            "columns" => Some("name the columns in the query: `count(*) AS requests`".into()),
            "sslrootcert" | "ca" => Some("write `ca_file: ca.pem`".into()),
            _ => None,
        })
    }
}

impl SqlEntry {
    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        let arm = self.arm.iter().flat_map(|arm| [&arm.column, &arm.baseline, &arm.canary]);
        let long = self.long.iter().flat_map(|long| [&long.name, &long.value]);
        let plain = [&self.url, &self.password_file, &self.ca_file, &self.query, &self.time, &self.zone];
        plain.into_iter().flatten().chain(arm).chain(long).map(|text| text.value.as_str())
    }
}
