//! What columns are usually called, and what the words in them usually mean.

use crate::series::Arm;

/// The arm that a usual word means.
pub(crate) fn usual_arm(word: &str) -> Option<Arm> {
    const BASELINE: [&str; 6] = ["baseline", "control", "reference", "stable", "old", "legacy"];
    const CANARY: [&str; 5] = ["canary", "experiment", "treatment", "candidate", "new"];
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    match () {
        () if is(&BASELINE) => Some(Arm::Baseline),
        () if is(&CANARY) => Some(Arm::Canary),
        () => None,
    }
}

pub(in crate::source) fn is_usual_arm(name: &str) -> bool {
    name.eq_ignore_ascii_case("arm")
}

pub(in crate::source) fn is_usual_time(name: &str) -> bool {
    rank(name).is_some()
}

/// How surely a name means the time: the smaller, the surer.
pub(in crate::source) fn rank(name: &str) -> Option<usize> {
    const NAMES: [&[&str]; 3] = [
        &["timestamp", "@timestamp", "unix_timestamp", "epoch"],
        &["ts", "time", "datetime", "date_time", "_time"],
        &["date", "period", "minute", "hour", "day", "time_bucket", "window_start"],
    ];
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("bin(") && lower.ends_with(')') || lower.starts_with("@timestamp per ") {
        return Some(0);
    }
    let name =
        ["(utc)", "[utc]", "_utc", " utc"].iter().find_map(|zone| lower.strip_suffix(zone)).unwrap_or(&lower).trim();
    NAMES.iter().position(|names| names.contains(&name))
}

/// What columns are called that name the parts of a service.
const PARTS: [&str; 13] = [
    "instance",
    "instance_id",
    "pod",
    "host",
    "hostname",
    "node",
    "container",
    "replica",
    "server",
    "region",
    "zone",
    "az",
    "task",
];

/// Whether a column may name the parts of a service.
pub(super) fn is_usual_part(name: &str) -> bool {
    PARTS.iter().any(|part| name.eq_ignore_ascii_case(part))
}
/// Whether a column of this name usually says what the numbers of its rows are measured in.
pub(super) fn is_usual_unit(name: &str) -> bool {
    matches!(name.trim().to_ascii_lowercase().as_str(), "unit" | "units")
}
