//! What occurrences are per: an exposure of their own, or the share of the traffic that an arm had.

use super::case::Case;
use crate::series::{Pair, Series};

/// Whether the occurrences of either arm have an exposure of their own.
pub(super) fn has_exposure(case: &Case) -> bool {
    let exposed = |series: &Series| matches!(series, Series::Events { exposure: Some(_), .. });
    exposed(&case.series.baseline) || exposed(&case.series.canary)
}

/// The share of the traffic that each arm had, where occurrences are compared by it.
pub(super) fn shares(case: &Case) -> Option<Pair<f64>> {
    let traffic = case.rules.traffic.as_ref().filter(|_| !has_exposure(case) && case.needs_baseline())?;
    // A baseline from another time had all of the traffic.
    let rest = if case.is_parallel() { 1.0 - traffic.share } else { 1.0 };
    Some(Pair { baseline: rest, canary: traffic.share })
}
