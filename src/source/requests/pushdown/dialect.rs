//! What dialects of SQL say differently: names, literals, types, and the few functions that the query needs.
//!
//! Everything that stands in a query and was written by a person goes through [`Dialect::name`] or [`Dialect::literal`].

use super::{Edge, Refused, TimeType};
use crate::series::Timestamp;
use crate::source::requests::TimeUnit;

/// Which SQL an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB.
    Duckdb,
    /// PostgreSQL, from version 14.
    Postgres,
    /// ClickHouse.
    Clickhouse,
    /// Spark SQL, from version 3.4, and Databricks.
    Spark,
    /// Amazon Athena, engine version 3, and Trino.
    Athena,
    /// BigQuery.
    Bigquery,
    /// Snowflake.
    Snowflake,
}

use Dialect::{Athena, Bigquery, Clickhouse, Duckdb, Postgres, Snowflake, Spark};

impl Dialect {
    /// The words that name a dialect; the first of each is its own.
    pub const NAMES: [(&'static str, Dialect); 10] = [
        ("duckdb", Duckdb),
        ("postgres", Postgres),
        ("clickhouse", Clickhouse),
        ("spark", Spark),
        ("athena", Athena),
        ("bigquery", Bigquery),
        ("snowflake", Snowflake),
        ("trino", Athena),
        ("postgresql", Postgres),
        ("databricks", Spark),
    ];

    /// What it is called.
    pub fn word(self) -> &'static str {
        Dialect::NAMES.iter().find(|(_, dialect)| *dialect == self).map_or("", |(word, _)| word)
    }

    /// A name in its quotes.
    pub(super) fn name(self, name: &str) -> Result<String, Refused> {
        let hint = "read the log from a view that gives the column or table a plain name";
        let refused = || Refused::new(format!("{} cannot quote the name {name:?}", self.word()), hint).about(name);
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(refused());
        }
        match self {
            Duckdb | Postgres | Athena | Snowflake => Ok(format!("\"{}\"", name.replace('"', "\"\""))),
            Spark => Ok(format!("`{}`", name.replace('`', "``"))),
            Clickhouse | Bigquery if name.contains(['`', '\\']) => Err(refused()),
            Clickhouse | Bigquery => Ok(format!("`{name}`")),
        }
    }

    /// The name of a table: its parts in their quotes.
    pub(super) fn table(self, name: &str) -> Result<String, Refused> {
        let parts = name.split('.').map(|part| self.name(part)).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join("."))
    }

    /// A text as a literal.
    pub(super) fn literal(self, text: &str) -> Result<String, Refused> {
        if text.chars().any(char::is_control) {
            let hint = "compare with a text that has no control characters, or read the log from a view";
            return Err(Refused::new(format!("{text:?} has a control character"), hint).about(text));
        }
        Ok(self.escaped(text))
    }

    /// A text in quotes, white space in it as the dialect escapes it.
    fn escaped(self, text: &str) -> String {
        match self {
            Duckdb | Postgres | Athena => format!("'{}'", text.replace('\'', "''")),
            Snowflake => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
            Clickhouse | Spark | Bigquery => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }

    /// The name of the type of IEEE numbers of 64 bits.
    fn double(self) -> &'static str {
        match self {
            Duckdb | Spark | Athena => "DOUBLE",
            Postgres | Snowflake => "DOUBLE PRECISION",
            Clickhouse => "Nullable(Float64)",
            Bigquery => "FLOAT64",
        }
    }

    /// The name of the type of whole numbers of 64 bits.
    fn integer(self) -> &'static str {
        match self {
            Clickhouse => "Nullable(Int64)",
            Bigquery => "INT64",
            _ => "BIGINT",
        }
    }

    /// An expression as a number; an error of the engine if it holds anything else.
    pub(super) fn to_double(self, expression: &str) -> String {
        format!("CAST({expression} AS {})", self.double())
    }

    /// A whole number by cutting off what stands behind the point, of a number that is not negative.
    pub(super) fn to_integer(self, expression: &str) -> String {
        format!("CAST(FLOOR({expression}) AS {})", self.integer())
    }

    /// A sum of whole numbers as one, where the dialect would make another type of it.
    pub(super) fn sum(self, expression: &str) -> String {
        format!("CAST(SUM({expression}) AS {})", self.integer())
    }

    /// The same of all rows of the answer, in each of them.
    pub(super) fn sum_of_all(self, expression: &str) -> String {
        format!("CAST(SUM({expression}) OVER () AS {})", self.integer())
    }

    /// A number as a literal of [`to_double`](Dialect::to_double)'s type.
    pub(super) fn number(self, number: f64) -> String {
        self.to_double(&format!("{number:E}"))
    }

    /// An expression as text.
    pub(super) fn to_text(self, expression: &str) -> String {
        let of = match self {
            Duckdb | Athena | Snowflake => "VARCHAR",
            Postgres => "TEXT",
            Clickhouse => "Nullable(String)",
            Spark | Bigquery => "STRING",
        };
        format!("CAST({expression} AS {of})")
    }

    /// A text without the white space of ASCII around it.
    pub(super) fn trimmed(self, text: &str) -> String {
        match self {
            Duckdb => format!("TRIM({text}, E' \\t\\n\\r\\f')"),
            Postgres => format!("BTRIM({text}, E' \\t\\n\\r\\f')"),
            Clickhouse => format!("TRIM(BOTH ' \\t\\n\\r\\f' FROM {text})"),
            Spark => format!("TRIM(BOTH ' \\t\\n\\r\\u000C' FROM {text})"),
            Athena => format!("REGEXP_REPLACE({text}, '^[ \\t\\n\\r\\f]+|[ \\t\\n\\r\\f]+$', '')"),
            Bigquery | Snowflake => format!("TRIM({text}, ' \\t\\n\\r\\f')"),
        }
    }

    /// Whether a text is as a regular expression says.
    pub(super) fn matches(self, text: &str, pattern: &str) -> String {
        let pattern = self.escaped(pattern);
        match self {
            Duckdb => format!("REGEXP_MATCHES({text}, {pattern})"),
            Postgres => format!("{text} ~ {pattern}"),
            Clickhouse => format!("match({text}, {pattern})"),
            Spark => format!("{text} RLIKE {pattern}"),
            Athena | Snowflake => format!("REGEXP_LIKE({text}, {pattern})"),
            Bigquery => format!("REGEXP_CONTAINS({text}, {pattern})"),
        }
    }

    /// Whether a text is as a pattern of `LIKE` says, in which a backslash stands before what is meant literally.
    pub(super) fn like(self, text: &str, pattern: &str) -> Result<String, Refused> {
        let literal = self.literal(pattern)?;
        Ok(match self {
            // these have no other escape, and the literal has doubled it
            Clickhouse | Bigquery | Spark => format!("{text} LIKE {literal}"),
            _ => format!("{text} LIKE {literal} ESCAPE {}", self.escaped("\\")),
        })
    }

    /// Whether a number is none.
    pub(super) fn is_nan(self, number: &str) -> String {
        match self {
            Duckdb | Spark => format!("ISNAN({number})"),
            Clickhouse => format!("isNaN({number})"),
            Athena | Bigquery => format!("IS_NAN({number})"),
            Postgres | Snowflake => format!("{number} = CAST('NaN' AS DOUBLE PRECISION)"),
        }
    }

    /// A condition that is false where it would be unknown.
    pub(super) fn known(self, condition: &str) -> String {
        match self {
            Clickhouse => format!("ifNull({condition}, 0)"),
            _ => format!("COALESCE({condition}, FALSE)"),
        }
    }

    /// A whole number that is not negative, divided by a power of two.
    pub(super) fn shifted(self, number: &str, bits: u32) -> String {
        match self {
            Duckdb | Postgres | Bigquery => format!("({number} >> {bits})"),
            Clickhouse => format!("bitShiftRight({number}, {bits})"),
            Spark => format!("SHIFTRIGHT({number}, {bits})"),
            Athena => format!("BITWISE_RIGHT_SHIFT({number}, {bits})"),
            Snowflake => format!("BITSHIFTRIGHT({number}, {bits})"),
        }
    }

    /// A whole number less what is beyond the last multiple of another.
    pub(super) fn multiple(self, number: &str, of: i64) -> String {
        match self {
            Bigquery => format!("{number} - MOD({number}, {of})"),
            _ => format!("{number} - {number} % {of}"),
        }
    }

    /// The whole seconds since 1970 of a column with times.
    pub(super) fn seconds(self, column: &str, time: TimeType) -> String {
        match time {
            TimeType::Epoch(TimeUnit::Seconds) => self.to_integer(&self.to_double(column)),
            TimeType::Epoch(unit) => {
                let per_second = 10_i64.pow(9 - unit.power());
                match self {
                    Duckdb => format!("({column} // {per_second})"),
                    Clickhouse => format!("intDiv(CAST({column} AS Nullable(Int64)), {per_second})"),
                    Spark => format!("({column} DIV {per_second})"),
                    Bigquery => format!("DIV({column}, {per_second})"),
                    Snowflake => format!("FLOOR({column} / {per_second})"),
                    Postgres | Athena => format!("(CAST({column} AS BIGINT) / {per_second})"),
                }
            }
            TimeType::Instant | TimeType::Utc => self.seconds_of_timestamp(column, time == TimeType::Utc),
        }
    }

    fn seconds_of_timestamp(self, column: &str, is_utc: bool) -> String {
        match (self, is_utc) {
            (Duckdb, _) => format!("(EPOCH_US({column}) // 1000000)"),
            (Postgres, _) => format!("CAST(FLOOR(EXTRACT(EPOCH FROM {column})) AS BIGINT)"),
            (Clickhouse, _) => format!("CAST(toUnixTimestamp({column}) AS Nullable(Int64))"),
            (Spark, false) => format!("UNIX_SECONDS({column})"),
            (Spark, true) => format!("TIMESTAMPDIFF(SECOND, TIMESTAMP_NTZ'1970-01-01 00:00:00', {column})"),
            (Athena, false) => format!("DATE_DIFF('second', TIMESTAMP '1970-01-01 00:00:00 UTC', {column})"),
            (Athena, true) => format!("DATE_DIFF('second', TIMESTAMP '1970-01-01 00:00:00', {column})"),
            (Bigquery, false) => format!("UNIX_SECONDS({column})"),
            (Bigquery, true) => format!("UNIX_SECONDS(TIMESTAMP({column}))"),
            (Snowflake, _) => format!("DATE_PART(EPOCH_SECOND, {column})"),
        }
    }

    /// An end of the time that counts, as the column holds times.
    pub(super) fn edge(self, edge: &Edge, time: TimeType) -> Result<String, Refused> {
        let at = match (edge, time) {
            (Edge::Named(name), _) => return self.named_edge(name, time),
            (Edge::At(at), _) => *at,
        };
        Ok(match time {
            TimeType::Epoch(unit) => epoch(at, unit),
            TimeType::Instant => self.instant(at),
            TimeType::Utc => {
                let text = at.strftime("%Y-%m-%d %H:%M:%S%.f");
                match self {
                    Spark => format!("TIMESTAMP_NTZ'{text}'"),
                    Clickhouse => format!("toDateTime64('{text}', 6, 'UTC')"),
                    Bigquery => format!("DATETIME '{text}'"),
                    Snowflake => format!("TO_TIMESTAMP_NTZ('{text}')"),
                    Duckdb | Postgres | Athena => format!("TIMESTAMP '{text}'"),
                }
            }
        })
    }

    /// An end that davy fills in when it sends the query: `sql` binds it, `http` puts the text there.
    fn named_edge(self, name: &str, time: TimeType) -> Result<String, Refused> {
        Ok(match (self, time) {
            (_, TimeType::Epoch(TimeUnit::Seconds)) => format!("${{{name}_unix}}"),
            (_, TimeType::Epoch(TimeUnit::Milliseconds)) => format!("${{{name}_ms}}"),
            (_, TimeType::Epoch(unit)) => format!("${{{name}_ms}} * {}", 10_i64.pow(6 - unit.power())),
            (Postgres, TimeType::Instant) => format!("${{{name}}}"),
            (Duckdb, TimeType::Instant) => format!("TIMESTAMPTZ '${{{name}}}'"),
            (Clickhouse, TimeType::Instant) => format!("parseDateTime64BestEffort('${{{name}}}', 6, 'UTC')"),
            (Spark | Bigquery, TimeType::Instant) => format!("TIMESTAMP '${{{name}}}'"),
            (Athena, TimeType::Instant) => format!("FROM_ISO8601_TIMESTAMP('${{{name}}}')"),
            (Snowflake, TimeType::Instant) => format!("TO_TIMESTAMP_TZ('${{{name}}}')"),
            (_, TimeType::Utc) => {
                let hint = "leave `--placeholders` out and give `--from` and `--to`, or read a view with instants";
                return Err(Refused::new("a time without a zone cannot be compared with a placeholder", hint));
            }
        })
    }

    fn instant(self, at: Timestamp) -> String {
        let text = at.strftime("%Y-%m-%d %H:%M:%S%.f");
        match self {
            Duckdb | Postgres => format!("TIMESTAMPTZ '{text}+00'"),
            Clickhouse => format!("toDateTime64('{text}', 6, 'UTC')"),
            Spark => format!("TIMESTAMP '{text}Z'"),
            Athena => format!("TIMESTAMP '{text} UTC'"),
            Bigquery => format!("TIMESTAMP '{text}+00'"),
            Snowflake => format!("TO_TIMESTAMP_TZ('{text} +0000')"),
        }
    }
}

/// An instant as a number of units, the next whole one where it lies between two.
fn epoch(at: Timestamp, unit: TimeUnit) -> String {
    let per = 10_i128.pow(unit.power());
    let ns = at.as_nanosecond();
    (ns.div_euclid(per) + i128::from(ns.rem_euclid(per) > 0)).to_string()
}
