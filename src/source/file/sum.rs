//! Parts of one metric as their sum: the instances of a rate, the groups of a metric.

use std::collections::BTreeMap;

use crate::series::{Bins, Instances, Series, Timestamp};
use crate::source::Ask;

/// All parts together. Of single values: when there were any.
pub(super) fn sum(ask: &Ask, parts: &Instances) -> Series {
    match ask {
        Ask::Counts { .. } => sum_of_counts(parts.values()),
        _ => sum_of_series(parts.values()).unwrap_or_else(|| ask.nothing()),
    }
}

/// The sum of series of one shape, by time: counts, events and histograms are added up, single values put together. Nothing of
/// nothing; gauges cannot be added up.
pub(crate) fn sum_of_series<'a>(parts: impl Iterator<Item = &'a Series> + Clone) -> Option<Series> {
    match parts.clone().next()? {
        Series::Counts { .. } => Some(sum_of_counts(parts)),
        Series::Gauge { .. } => None,
        Series::Values { .. } => {
            let mut all: Vec<(Timestamp, f64)> = Vec::new();
            for series in parts {
                let Series::Values { time, value } = series else { continue };
                all.extend(time.iter().copied().zip(value.iter().copied()));
            }
            all.sort_by_key(|(time, _)| *time);
            let (time, value) = all.into_iter().unzip();
            Some(Series::Values { time, value })
        }
        Series::Events { exposure: own, .. } => {
            let mut sums: BTreeMap<Timestamp, (u64, f64)> = BTreeMap::new();
            for series in parts {
                let Series::Events { time, count, exposure } = series else { continue };
                for (i, time) in time.iter().enumerate() {
                    let sum = sums.entry(*time).or_default();
                    let exposed = exposure.as_ref().map_or(0.0, |exposure| exposure[i]);
                    *sum = (sum.0.saturating_add(count[i]), sum.1 + exposed);
                }
            }
            let (count, exposure): (Vec<u64>, Vec<f64>) = sums.values().copied().unzip();
            let exposure = own.is_some().then_some(exposure);
            Some(Series::Events { time: sums.into_keys().collect(), count, exposure })
        }
        Series::Buckets { scale, .. } => {
            let mut all: BTreeMap<Timestamp, Vec<&Bins>> = BTreeMap::new();
            for series in parts {
                let Series::Buckets { time, bins, .. } = series else { continue };
                time.iter().zip(bins).for_each(|(time, bins)| all.entry(*time).or_default().push(bins));
            }
            let sums = all.into_iter().filter_map(|(time, bins)| Some((time, Bins::sum(bins.iter().copied())?)));
            let (time, bins) = sums.unzip();
            Some(Series::Buckets { time, bins, scale: *scale })
        }
    }
}

/// All instances together, by time. Shapes other than counts have no instances.
pub(crate) fn sum_of_counts<'a>(instances: impl Iterator<Item = &'a Series>) -> Series {
    let mut sums: BTreeMap<Timestamp, (u64, u64)> = BTreeMap::new();
    for series in instances {
        let Series::Counts { time, total, bad } = series else { continue };
        for ((time, total), bad) in time.iter().zip(total).zip(bad) {
            let sum = sums.entry(*time).or_default();
            *sum = (sum.0.saturating_add(*total), sum.1.saturating_add(*bad));
        }
    }
    let (total, bad) = sums.values().copied().unzip();
    Series::Counts { time: sums.into_keys().collect(), total, bad }
}
