//! Is the comparison itself fair? The canary's share of the traffic against the configured one.
//!
//! A sample-ratio mismatch says that the split is not what was configured: a broken flag, a retry storm, a router
//! that sends the easy requests elsewhere. It is judged at 0.001 with the noise of real routing allowed for
//! ([`split`]), and a mismatch below 1 % of the configured share is ignored however certain it is (Fabijan et al. 2019).
//!
//! The canary's requests are the bad trials of a [`Share`], whose evidence, any-time evidence and interval this is. Either
//! direction counts. `fixtures/reference` certifies the noise and the probability: `split.toml`.

use super::share::Share;
use crate::compare::Comparison;
use crate::explain::sentence;
use crate::grid::{self, Grid, sum};
use crate::look::Look;
use crate::rules::{Kind, Mismatch, Role, Rule, Rules, Severity, Statistic, TRAFFIC_SHARE, Traffic, Unit};
use crate::series::{Dataset, MetricName, Pair, Series};
use crate::verdict::{Effect, EffectKind, Evidence, Finding, Levels, Method, Outcome, Reason};
use crate::words;
use davy_stats::Direction;
use davy_stats::normal::normal_quantile;
use davy_stats::single::TrialStep;
use davy_stats::split;

const ALPHA: f64 = 0.001;
const NEGLIGIBLE: f64 = 0.01;

/// The finding about the split, where a share is configured and requests were counted in both arms.
pub(crate) fn judge(rules: &Rules, data: &Dataset, look: &Look) -> Option<Finding> {
    let traffic = rules.traffic.as_ref().filter(|_| data.windows.baseline == data.windows.canary)?;
    let Some((metric, series)) = requests(traffic, rules, data) else {
        let name = traffic.metric.clone().unwrap_or_else(|| "traffic".into());
        let why = sentence::unchecked_split(false);
        return Some(finding(traffic, name, Outcome::Inconclusive, Reason::NoData, why, Evidence::default()));
    };
    let grid = Grid::new(data, rules.policy.warmup);
    let counts = grid.requests(series);
    let pairs = counts.baseline.iter().zip(&counts.canary);
    let steps: Vec<_> = pairs.map(|(b, c)| b.zip(*c).map(|(b, c)| (c, b.saturating_add(c)))).collect();
    let (canary, both) =
        steps.iter().flatten().fold((0u64, 0u64), |(c, n), s| (c.saturating_add(s.0), n.saturating_add(s.1)));
    if both == 0 {
        let why = sentence::unchecked_split(true);
        return Some(finding(traffic, metric.clone(), Outcome::Inconclusive, Reason::NoData, why, Evidence::default()));
    }
    let observed = canary as f64 / both as f64;
    let trials: Vec<_> = steps.iter().map(|s| s.map(|(bad, total)| TrialStep { total, bad })).collect();
    let seen = Share::new(trials, split::CALM, split::design_effect);
    let p = split::p_value(canary, both, traffic.share, &seen.effect);
    let evidence: &dyn Comparison = &seen;
    let level = 1.0 - ALPHA / 2.0;
    let levels = Levels { fail: level, pass: level };
    let needed = look.hurdles(levels).fail;
    let differs = |direction| {
        let ln_e = if needed.ln_e.is_finite() {
            evidence.ln_e(traffic.share, direction, look.late(), look.horizon)
        } else {
            0.0
        };
        needed.is_reached(evidence.z(traffic.share, direction), ln_e)
    };
    let mismatch = [Direction::Above, Direction::Below].into_iter().any(differs)
        && (observed / traffic.share - 1.0).abs() > NEGLIGIBLE;
    let critical = normal_quantile(level);
    let (low, high) = evidence.interval(critical, critical);
    let (outcome, reason) = match (mismatch, traffic.on_mismatch) {
        (false, _) => (Outcome::Pass, Reason::ShareAsExpected),
        (true, Mismatch::Warn) => (Outcome::Warn, Reason::ShareMismatch),
        (true, Mismatch::Fail) => (Outcome::Fail, Reason::ShareMismatch),
    };
    let sentence = sentence::traffic(outcome, canary, both, traffic.share, (low, high), p);
    let evidence = Evidence {
        unit: Some(Unit::Share),
        n: Pair { baseline: (both - canary) as f64, canary: canary as f64 },
        n_of: "trials",
        coverage: counts.map(|c| grid::coverage(&c)),
        estimate: Pair { baseline: None, canary: Some(observed) },
        effect: Some(Effect { kind: EffectKind::Level, estimate: Some(observed), low, high }),
        pass_limit: Some(traffic.share),
        method: Some(Method::TrafficShare),
        level: Some(levels),
        design_effect: Some(seen.effect.largest()),
        p_value: Some(p),
        ..Evidence::default()
    };
    Some(finding(traffic, metric.clone(), outcome, reason, sentence, evidence))
}

fn requests<'a>(traffic: &'a Traffic, rules: &Rules, data: &'a Dataset) -> Option<(&'a MetricName, &'a Pair<Series>)> {
    let known = |(_, series): &(&'a MetricName, &'a Pair<Series>)| {
        [&series.baseline, &series.canary]
            .into_iter()
            .all(|s| matches!(s, Series::Counts { .. } | Series::Gauge { requests: Some(_), .. }) && !s.is_empty())
    };
    match &traffic.metric {
        Some(name) => data.metrics.get(name).map(|series| (name, series)).filter(known),
        None => {
            let plain = |name: &MetricName| rules.metrics.get(name).is_some_and(|m| m.kind == Kind::BadShare);
            let candidates = || data.metrics.iter().filter(known);
            let counts = candidates().filter(|(name, _)| plain(name)).max_by_key(|(_, series)| total(series));
            counts.or_else(|| candidates().max_by_key(|(_, series)| total(series)))
        }
    }
}

fn total(series: &Pair<Series>) -> u64 {
    [&series.baseline, &series.canary]
        .into_iter()
        .map(|series| match series {
            Series::Counts { total, .. } => sum(total.iter().copied()),
            Series::Gauge { requests: Some(requests), .. } => sum(requests.iter().copied()),
            _ => 0,
        })
        .fold(0, u64::saturating_add)
}

fn finding(
    traffic: &Traffic,
    metric: MetricName,
    outcome: Outcome,
    reason: Reason,
    sentence: String,
    evidence: Evidence,
) -> Finding {
    Finding {
        criterion: TRAFFIC_SHARE.into(),
        metric,
        statistic: Statistic::Rate,
        target: format!("= {}", words::quantity(traffic.share, &Unit::Share)),
        fail_at: None,
        rule: Rule::Interval,
        // A split that nobody asked to be measured on a metric of its own may stay unchecked.
        severity: if reason == Reason::NoData && traffic.metric.is_none() { Severity::Muted } else { Severity::Normal },
        role: Role::Primary,
        weight: 0.0,
        group: "traffic".into(),
        outcome,
        reason,
        sentence,
        decide: None,
        notes: match outcome {
            Outcome::Warn | Outcome::Fail => vec!["the mix of traffic is suspect for every comparison above".into()],
            _ => Vec::new(),
        },
        evidence,
    }
}
