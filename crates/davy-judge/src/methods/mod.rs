//! One page for each statistical method: what it asks, by which formula and source, and where its numbers are certified.
//!
//! Those with an interval are comparisons: `rate_ratio` and `rate_difference` of two arms' counts, `share` and `frequency` of
//! one arm's, `level` and `samples` of one number per step, `trend` of how it rises, `spikes` of steps beyond a limit, `quantile`,
//! `quantile_ratio` and `any_quantile` of requests, `days` of any of these beside several earlier days. The others
//! have no interval: `observed` and `periods` use no statistics, and `traffic` asks whether the comparison itself is fair.

pub(super) mod any_quantile;
pub(super) mod days;
pub(super) mod frequency;
pub(super) mod level;
pub(super) mod observed;
pub(super) mod periods;
pub(super) mod quantile;
pub(super) mod quantile_ratio;
pub(super) mod rate_difference;
pub(super) mod rate_ratio;
pub(super) mod samples;
pub(super) mod share;
pub(super) mod spikes;
pub(super) mod templates;
pub(super) mod traffic;
pub(super) mod trend;

mod period;
mod ties;
