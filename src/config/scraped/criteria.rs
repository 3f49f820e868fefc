//! What metrics of Prometheus are judged by, to start with: usual bounds, printed as lines of a configuration.

use std::fmt;

use crate::config::offered::NO_MORE_BAD;
use crate::text::yaml::name;

/// Of errors among all.
pub(super) const ERRORS: &[Bound] = &[Bound::required(NO_MORE_BAD)];
/// Of mistakes of clients among all.
pub(super) const CLIENT_ERRORS: &[Bound] = &[Bound::guardrail(NO_MORE_BAD)];
/// Of how long requests take.
pub(super) const LATENCY: &[Bound] =
    &[Bound::required("<= baseline + 10%").of("p95"), Bound::guardrail("<= baseline + 15%").of("p99")];
/// Of restarts.
pub(super) const RESTARTS: &[Bound] = &[Bound::required("<= baseline + 50%")];
/// Of other events that go wrong.
pub(super) const EVENTS: &[Bound] = &[Bound::guardrail("<= baseline + 50%")];
/// Of how busy machines are.
pub(super) const BUSY: &[Bound] = &[Bound::guardrail("<= baseline + 10%")];

/// A bound for a metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    statistic: Option<&'static str>,
    pass: &'static str,
    /// Whether it must not be broken, and need not be shown to hold.
    pub(super) is_guardrail: bool,
}

impl Bound {
    const fn required(pass: &'static str) -> Bound {
        Bound { statistic: None, pass, is_guardrail: false }
    }

    const fn guardrail(pass: &'static str) -> Bound {
        Bound { statistic: None, pass, is_guardrail: true }
    }

    const fn of(self, statistic: &'static str) -> Bound {
        Bound { statistic: Some(statistic), ..self }
    }
}

/// A metric with a bound.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    pub(super) metric: String,
    pub(super) bound: Bound,
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bound { statistic, pass, is_guardrail } = self.bound;
        let statistic = statistic.map(|statistic| format!(", statistic: {statistic}")).unwrap_or_default();
        let role = if is_guardrail { ", role: guardrail" } else { "" };
        write!(f, "  - {{ metric: {}{statistic}, pass: \"{pass}\"{role} }}", name(&self.metric))
    }
}
