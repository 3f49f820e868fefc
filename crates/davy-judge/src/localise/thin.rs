//! A canary at the baseline's mix: of each slice so many requests are left out that the rest is shared out as the baseline's.
//!
//! What is left is a sample of real requests and is judged as any other, with its own, smaller size: no weight hides how
//! little a rare slice is known. Which requests stay is decided by counting, evenly over time and values (systematic
//! sampling), so that the same data always leave the same sample. The count goes on from slice to slice: many slices with one
//! bad request each do not lose all of them to rounding.

use std::collections::BTreeMap;

use crate::series::{Bins, Series, Timestamp};

/// Counts on from where the last slice ended.
#[derive(Debug, Clone, Copy)]
pub struct Sampler {
    good: f64,
    bad: f64,
    values: f64,
}

impl Default for Sampler {
    fn default() -> Sampler {
        Sampler { good: 0.5, bad: 0.5, values: 0.5 }
    }
}

impl Sampler {
    /// The part of a slice's requests that stays; nothing of a series that has no single requests.
    pub fn thin(&mut self, series: &Series, part: f64) -> Option<Series> {
        let part = part.clamp(0.0, 1.0);
        match series {
            Series::Counts { time, total, bad } => {
                let (mut kept, mut kept_bad) = (Vec::new(), Vec::new());
                for (total, bad) in total.iter().zip(bad) {
                    let bad = (*bad).min(*total);
                    let good = of(&mut self.good, total - bad, part);
                    let bad = of(&mut self.bad, bad, part);
                    kept.push(good + bad);
                    kept_bad.push(bad);
                }
                Some(Series::Counts { time: time.clone(), total: kept, bad: kept_bad })
            }
            Series::Buckets { time, bins, scale } => {
                let thin = |bins: &Bins| {
                    let cells = bins.cells().map(|(cell, count)| (cell, of(&mut self.values, count, part)));
                    let cells: Vec<(u32, u64)> = cells.filter(|(_, count)| *count > 0).collect();
                    Bins::new(bins.grid(), bins.end(), cells)
                };
                Some(Series::Buckets { time: time.clone(), bins: bins.iter().map(thin).collect(), scale: *scale })
            }
            Series::Events { .. } | Series::Values { .. } | Series::Gauge { .. } => None,
        }
    }
}

/// How many of some stay.
fn of(carry: &mut f64, count: u64, part: f64) -> u64 {
    let exact = *carry + count as f64 * part;
    let whole = exact.floor();
    *carry = exact - whole;
    (whole as u64).min(count)
}

/// The sum of thinned slices, step by step.
pub fn sum(parts: &[Series]) -> Option<Series> {
    match parts.first()? {
        Series::Counts { .. } => {
            let mut steps: BTreeMap<Timestamp, (u64, u64)> = BTreeMap::new();
            for part in parts {
                let Series::Counts { time, total, bad } = part else { return None };
                for ((time, total), bad) in time.iter().zip(total).zip(bad) {
                    let step = steps.entry(*time).or_default();
                    *step = (step.0.saturating_add(*total), step.1.saturating_add(*bad));
                }
            }
            let (total, bad) = steps.values().copied().unzip();
            Some(Series::Counts { time: steps.into_keys().collect(), total, bad })
        }
        Series::Buckets { scale, .. } => {
            let mut steps: BTreeMap<Timestamp, Vec<&Bins>> = BTreeMap::new();
            for part in parts {
                let Series::Buckets { time, bins, .. } = part else { return None };
                time.iter().zip(bins).for_each(|(time, bins)| steps.entry(*time).or_default().push(bins));
            }
            let added = steps.into_iter().filter_map(|(time, bins)| Some((time, Bins::sum(bins.iter().copied())?)));
            let (time, bins) = added.unzip();
            Some(Series::Buckets { time, bins, scale: *scale })
        }
        Series::Events { .. } | Series::Values { .. } | Series::Gauge { .. } => None,
    }
}
