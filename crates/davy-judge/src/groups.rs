//! Groups of a metric become metrics of their own: each route is judged by itself, as if somebody had written it down.
//!
//! Which groups there are the data says, so the rules are spread over them at the beginning of a judgement. What a
//! criterion was worth before it is worth after: its weight and its share of the false-alarm budget are divided evenly over its
//! groups, so that twenty routes raise no more false alarms together than one metric. A group that only one arm has is judged
//! like any metric without data there: it cannot pass, and it is never left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::rules::{Criterion, Metric, Rules};
use crate::series::{MetricName, group_name};

/// The rules over the groups that were seen, by the metrics that have them. A metric that should have groups and has none keeps
/// its criteria, which then cannot be answered.
pub fn spread<'r>(rules: &'r Rules, groups: &BTreeMap<MetricName, Vec<String>>) -> Cow<'r, Rules> {
    let seen = |name: &str| {
        let of = rules.metrics.get(name).filter(|metric| metric.by.is_some());
        of.and_then(|_| groups.get(name)).filter(|groups| !groups.is_empty())
    };
    if !rules.metrics.keys().any(|name| seen(name).is_some()) {
        return Cow::Borrowed(rules);
    }
    let metrics = rules.metrics.iter().flat_map(|(name, metric)| match seen(name) {
        None => vec![(name.clone(), metric.clone())],
        Some(groups) => {
            let own = |group: &String| (group_name(name, group), Metric { by: None, ..metric.clone() });
            groups.iter().map(own).collect()
        }
    });
    let criteria = rules.criteria.iter().flat_map(|criterion| match seen(&criterion.metric) {
        None => vec![criterion.clone()],
        Some(groups) => groups.iter().map(|group| of_group(criterion, group, groups.len())).collect(),
    });
    Cow::Owned(Rules { metrics: metrics.collect(), criteria: criteria.collect(), ..rules.clone() })
}

fn of_group(criterion: &Criterion, group: &str, of: usize) -> Criterion {
    Criterion {
        name: group_name(&criterion.name, group),
        metric: group_name(&criterion.metric, group),
        family: group_name(&criterion.family, group),
        weight: criterion.weight / of as f64,
        ..criterion.clone()
    }
}
