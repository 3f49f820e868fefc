//! Programs that print rows, as written.

use schemars::JsonSchema;

use super::arm::{ArmColumnEntry, LongEntry};
use crate::notation::Span;
use crate::source::Format;
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Choice, Named, Text};

/// A program whose output is read as a file would be. It runs without a shell, and never when a recording is replayed.
/// The window is ${from}, ${to} (RFC 3339), ${from_unix}, ${to_unix}, ${from_ms}, ${to_ms} and ${step_seconds}. The environment
/// has the same values as DAVY_FROM and so on.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct ExecEntry {
    /// The program and its arguments. A path is relative to the configuration; ${label} of the arm, ${arm} and ${metric}
    /// are substituted.
    #[schemars(with = "Vec<Text>", length(min = 1))]
    pub(in crate::config) command: Vec<At<Text>>,
    /// Variables for its environment.
    #[schemars(default)]
    pub(in crate::config) env: Named<At<Text>>,
    /// csv, tsv, json, ndjson or parquet; by default davy detects it.
    pub(in crate::config) format: Option<At<Choice<Format>>>,
    /// The column with the time. By default davy recognises usual names.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without an offset. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// The column that tells the arms apart, if one output has both. Without it the program runs for each arm, with
    /// DAVY_ARM in its environment.
    pub(in crate::config) arm: Option<ArmColumnEntry>,
    /// For long (tidy) output with one row per time and name.
    pub(in crate::config) long: Option<LongEntry>,
    /// How long it may run. Default 1m.
    pub(in crate::config) deadline: Option<At<Span>>,
}

impl Read for ExecEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "exec: { command: [./query.sh, \"${from}\", \"${to}\"] }";
        let mut keys = Keys::open(node, report, "`exec`", form)?;
        let command: Option<Vec<At<Text>>> = keys.must("command");
        let (env, format) = (keys.all("env"), keys.may("format"));
        let (time, zone, arm) = (keys.may("time"), keys.may("zone"), keys.may("arm"));
        let (long, deadline) = (keys.may("long"), keys.may("deadline"));
        if command.as_ref().is_some_and(Vec::is_empty) {
            let hint = "write the program and its arguments: `command: [./query.sh, \"${from}\"]`";
            keys.report.add_with(keys.place, "the command is empty", hint);
        }
        let entry = command.map(|command| ExecEntry { command, env, format, time, zone, arm, long, deadline });
        keys.close(entry, |key| match key {
            "args" | "arguments" => Some("write the arguments into `command`, after the program".into()),
            "shell" | "run" | "cmd" => Some("write `command: [sh, -c, \"…\"]`".into()),
            "timeout" => Some("write `deadline: 1m`".into()),
            _ => None,
        })
    }
}
