//! Logs whose lines are compared by what they say, as written.

use schemars::JsonSchema;

use super::requests::{ArmsEntry, Texts};
use crate::judge::rules::OnLines;
use crate::notation::Share;
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Choice, words};

/// A log whose lines are compared by what they say: JSON, logfmt, CSV or text with times, in what containers write around them.
/// Answers of Loki and CloudWatch Logs are logs, too. gzip and zstd are recognised by content.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["path"]}, {"required": ["recorded"]}]))]
pub(in crate::config) struct SignaturesEntry {
    /// Files, folders or patterns (`logs/*.gz`): one, or a list. Relative to the configuration. ${label} of the arm and ${arm} are
    /// substituted.
    pub(in crate::config) path: Option<Texts>,
    /// The column with the message. By default davy recognises usual names (message, msg, …).
    pub(in crate::config) message: Option<At<String>>,
    /// The column with the time. By default davy recognises usual names.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of times without an offset. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// Whose line a line is: a column with a value for each arm, or a condition for each. Without it each arm has
    /// files, or a window, of its own.
    pub(in crate::config) arm: Option<ArmsEntry>,
    /// Only these lines, as a condition: level in [error, fatal]. `level` is the same word for all programs.
    #[schemars(rename = "where")]
    pub(in crate::config) filter: Option<At<String>>,
    /// What lines are that the baseline never wrote: off, tell (the report names them), warn (default) or fail.
    pub(in crate::config) new: Option<At<Choice<OnLines>>>,
    /// What lines are that the canary writes more often: off, tell, warn (default) or fail.
    pub(in crate::config) more: Option<At<Choice<OnLines>>>,
    /// By how much more often is still no rise. Default 50%.
    pub(in crate::config) margin: Option<At<Share>>,
    /// By what the arms are compared: the `rate` metric whose totals count, or `lines` for all lines that an arm wrote. Default the
    /// metric of `traffic` or the first criterion about requests, else the share of `traffic`, else time.
    pub(in crate::config) per: Option<At<String>>,
    /// on (default): what differs from line to line and may be personal is masked. off: reports and recordings show lines as they are.
    pub(in crate::config) mask: Option<At<Choice<MaskText>>>,
    /// The share of lines that may be unreadable. Default 0.1%.
    pub(in crate::config) max_bad_rows: Option<At<Share>>,
    /// The most lines that a store gives in one answer: an answer with as many is not whole. Default the usual limits of the store.
    #[schemars(range(min = 1))]
    pub(in crate::config) limit: Option<At<usize>>,
    /// Written by `--record`: the templates with their counts.
    pub(in crate::config) recorded: Option<At<String>>,
}

/// Whether details are masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum MaskText {
    On,
    Off,
}

impl Read for SignaturesEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "signatures: { app: { path: \"logs/${arm}.log\" } }";
        let mut keys = Keys::open(node, report, "a log of `signatures`", form)?;
        let (path, recorded) = (keys.may("path"), keys.may("recorded"));
        let entry = SignaturesEntry {
            message: keys.may("message"),
            time: keys.may("time"),
            zone: keys.may("zone"),
            arm: keys.may("arm"),
            filter: keys.may("where"),
            new: keys.may("new"),
            more: keys.may("more"),
            margin: keys.may("margin"),
            per: keys.may("per"),
            mask: keys.may("mask"),
            max_bad_rows: keys.may("max_bad_rows"),
            limit: keys.may("limit"),
            path,
            recorded,
        };
        let is_said = entry.path.is_some() || entry.recorded.is_some() || keys.mentions("path");
        if !is_said {
            keys.report.add_with(node.place, "a log of `signatures` needs the key `path`", format!("write `{form}`"));
        }
        keys.close(Some(entry), |key| match key {
            "file" | "files" | "paths" | "log" | "logs" => Some("write `path: …`, a text or a list".into()),
            "filter" | "only" | "condition" | "level" => Some("write `where: 'level in [error, fatal]'`".into()),
            "text" | "msg" | "column" => Some("write `message: …`".into()),
            "baseline" | "canary" => Some(format!("write `arm: {{ {key}: … }}`")),
            _ => None,
        })
    }
}

words! {
    OnLines, "an answer to lines": { "off" => Off, "tell" => Tell, "warn" => Warn, "fail" => Fail }
    MaskText, "a way of showing lines": { "on" => On, "off" => Off }
}
