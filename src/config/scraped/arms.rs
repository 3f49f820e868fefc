//! What tells the arms apart among series of Prometheus: a label with two values, or the pods of two deployments.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::source::prometheus::{Listed, Matching};
use crate::text::yaml::{braces, name, quoted};

/// Labels that tell versions apart, the surest first.
const LABELS: [&str; 14] = [
    "version",
    "app_version",
    "app_kubernetes_io_version",
    "destination_version",
    "image_tag",
    "rollouts_pod_template_hash",
    "pod_template_hash",
    "track",
    "color",
    "release",
    "revision",
    "deployment",
    "pod",
    "instance",
];
/// So many values are named.
const NAMED: usize = 8;

/// The label and its values, in the order of versions.
#[derive(Default)]
pub(super) struct Arms<'a> {
    label: Option<&'a str>,
    values: Vec<String>,
    /// Whether the values are patterns: all pods of a deployment.
    is_pattern: bool,
}

impl<'a> Arms<'a> {
    /// The first label that has two values in any of the metrics, and that nothing selects already.
    pub(super) fn of(metrics: &'a [Listed], matchers: &Matching) -> Arms<'a> {
        let is_open = |label: &&&str| !matchers.mentions(label);
        let values = |label: &str| metrics.iter().flat_map(|one| one.values(label)).collect::<BTreeSet<&str>>();
        for label in LABELS.iter().filter(is_open) {
            let own = values(label);
            if *label == "pod" {
                let sets: BTreeSet<String> = own.iter().filter_map(|pod| set_of(pod)).collect();
                if sets.len() > 1 {
                    return Arms { label: Some(label), values: sorted(sets), is_pattern: true };
                }
            }
            if own.len() > 1 {
                let values = sorted(own.into_iter().map(str::to_owned).collect());
                return Arms { label: Some(label), values, is_pattern: false };
            }
        }
        Arms::default()
    }

    /// The matchers of an arm: those that are given, the job, and the label of the arm. Texts of others are not substituted.
    pub(super) fn matching(&self, matchers: &Matching, job: Option<&str>) -> String {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let job = job.map(|job| format!("job=\"{}\"", escaped(job)));
        let given = [Some(matchers.to_string()).filter(|text| !text.is_empty()), job];
        let given = given.into_iter().flatten().map(|text| text.replace('$', "$$"));
        let operator = if self.is_pattern { "=~" } else { "=" };
        let arm = self.label.map(|label| format!("{label}{operator}\"${{{label}}}\""));
        given.chain(arm).collect::<Vec<_>>().join(",")
    }

    /// The arms and the window of a configuration.
    pub(super) fn lines(&self) -> Vec<String> {
        let (Some(label), [first, .., last]) = (self.label, self.values.as_slice()) else {
            return vec![
                "# No label has two values, so the last hours are compared with the same hours a week ago. To compare two versions".into(),
                "# at the same time, tell them apart by a label: `arms: { baseline: { version: \"41\" }, canary: { version: \"42\" } }`,".into(),
                "# write `version=\"${version}\"` into each selector, and leave `baseline` out.".into(),
                "window: { last: 3h, step: 1m, baseline: { ago: 7d } }".into(),
            ];
        };
        let arm = |value: &String| braces(vec![format!("{}: {}", name(label), quoted(value))]);
        let named: Vec<String> = self.values.iter().take(NAMED).map(|value| quoted(value)).collect();
        let more = if self.values.len() > NAMED { ", …" } else { "" };
        let note = match (self.is_pattern, label) {
            (false, "pod" | "instance") => " A single one is a small sample: better a label of the version.",
            _ => "",
        };
        vec![
            format!("# Is the last one the canary? The label {label} has the values {}{more}.{note}", named.join(", ")),
            format!("arms: {{ baseline: {}, canary: {} }}", arm(first), arm(last)),
            "window: { last: 1h, step: 1m }".to_owned(),
        ]
    }
}

/// All pods of the set that a pod is of, as a pattern: `api-7d9f8b6c5d-x2k4v` is one of `api-7d9f8b6c5d-.*`.
fn set_of(pod: &str) -> Option<String> {
    let (set, own) = pod.rsplit_once('-')?;
    let is_random = own.len() == 5 && own.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_plain = set.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_random && is_plain && set.contains('-')).then(|| format!("{set}-.*"))
}

/// In the order of versions: 9 before 10.
fn sorted(values: BTreeSet<String>) -> Vec<String> {
    let mut values: Vec<String> = values.into_iter().collect();
    values.sort_by(|a, b| by_numbers(a, b));
    values
}

fn by_numbers(a: &str, b: &str) -> Ordering {
    fn parts(text: &str) -> Vec<Result<u64, char>> {
        let (mut parts, mut digits) = (Vec::new(), String::new());
        for c in text.chars().chain(['\0']) {
            if c.is_ascii_digit() && digits.len() < 19 {
                digits.push(c);
                continue;
            }
            parts.extend(std::mem::take(&mut digits).parse().ok().map(Ok));
            parts.push(Err(c));
        }
        parts
    }
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::source::prometheus::{Kind, Listing};

    #[test]
    fn a_label_that_nothing_selects_tells_the_arms_apart() {
        let version = |value: &str| vec![("version".to_owned(), value.to_owned())];
        let series = vec![version("v1"), version("v2")];
        let metrics = [Listed { name: "requests_total".into(), kind: Kind::Counter, series }];
        let label = |text: &str| Arms::of(&metrics, &Listing::of(text).unwrap().matchers).label;
        assert_eq!(label("{version_group=\"g\"}"), Some("version"), "another label begins like it");
        assert_eq!(label("{path=\"/a,version\"}"), Some("version"), "a value holds its name");
        assert_eq!(label("{version=~\"v.*\"}"), None);
        assert_eq!(label("{path=\"/a\",version!=\"v0\"}"), None);
    }

    #[test]
    fn versions_are_in_order_and_pods_are_of_sets() {
        let values = ["v10", "v9", "v1.10", "v1.9"].map(str::to_owned);
        assert_eq!(sorted(values.into()), ["v1.9", "v1.10", "v9", "v10"]);
        assert_eq!(set_of("api-7d9f8b6c5d-x2k4v").as_deref(), Some("api-7d9f8b6c5d-.*"));
        assert_eq!(set_of("api-0"), None);
    }
}
