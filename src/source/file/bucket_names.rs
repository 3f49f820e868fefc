//! What the columns of an answer in the format `buckets` are called, by which it is recognised.

/// Whether columns with these names are such an answer.
pub(in crate::source) fn is_of_buckets<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    let has = |is: &dyn Fn(&str) -> bool| names.iter().any(|name| is(name));
    has(&|name| step_of(name).is_some()) && has(&|name| mark_of(name).is_some()) && has(&|name| name == "requests")
}

/// Whether a column may be one of such an answer, so that its cells are worth keeping.
pub(super) fn may_be_of_buckets(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_known = matches!(name.as_str(), "arm" | "requests" | "errors" | "unread");
    let begins = ["step_", "by_", "if_", "bucket_", "total"].iter().any(|begin| name.starts_with(begin));
    is_known || begins
}

/// `step_300s`
pub(super) fn step_of(name: &str) -> Option<i64> {
    let seconds = name.strip_prefix("step_")?.strip_suffix('s')?;
    seconds.parse::<u32>().ok().filter(|seconds| *seconds > 0).map(i64::from)
}

/// `total`, or `total_` and digits.
pub(super) fn mark_of(name: &str) -> Option<Option<String>> {
    match name.strip_prefix("total")? {
        "" => Some(None),
        rest => rest.strip_prefix('_').filter(|mark| mark.len() == 12).map(|mark| Some(mark.to_owned())),
    }
}
