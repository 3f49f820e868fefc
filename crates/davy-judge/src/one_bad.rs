//! One bad host of many: neither noise nor a regression of all, so it has a finding of its own.

use super::grid::Grid;
use super::rules::{OneBad, Role, Rule, Rules, Severity, Statistic, Unit};
use super::verdict::{Evidence, Finding, Method, Outcome, Reason};
use super::words;
use crate::localise::odd::{self, Host, Odd};
use crate::series::{Arm, Dataset};

/// The finding of each metric with an instance of the canary that is worse than the others of the canary.
pub(super) fn judge(rules: &Rules, data: &Dataset) -> Vec<Finding> {
    let chance = 1.0 - rules.policy.level;
    let number = data.instances.len().max(1) as f64;
    let of = |(metric, instances): (&String, &crate::series::Pair<crate::series::Instances>)| {
        rules.metrics.get(metric)?;
        let grid = Grid::of(data, metric, rules.policy.warmup);
        let hosts = grid.instances(instances).canary;
        let steps = |steps: &Vec<Option<davy_stats::single::TrialStep>>| {
            steps.iter().map(|step| step.map_or((0, 0), |step| (step.total, step.bad))).collect()
        };
        let hosts: Vec<Host> = instances.get(Arm::Canary).keys().cloned().zip(hosts.iter().map(steps)).collect();
        let found = odd::odd(&hosts, chance / number, rules.policy.min_excess.max(1.0));
        (!found.is_empty()).then(|| finding(rules, metric, &found))
    };
    data.instances.iter().filter_map(of).collect()
}

fn finding(rules: &Rules, metric: &str, found: &[Odd]) -> Finding {
    let share = |value: f64| words::quantity(value, &Unit::Share);
    let one = |odd: &Odd| {
        format!(
            "{} has {} bad, the other {} of the canary {}",
            odd.name,
            share(odd.rate),
            odd.of - 1,
            share(odd.others)
        )
    };
    let named: Vec<String> = found.iter().map(one).collect();
    let part: f64 = found.iter().map(|odd| odd.share).sum();
    let outcome = match rules.policy.one_bad_instance {
        OneBad::Warn => Outcome::Warn,
        OneBad::Fail => Outcome::Fail,
    };
    let evidence = Evidence { unit: Some(Unit::Share), method: Some(Method::OneBadInstance), ..Evidence::default() };
    Finding {
        criterion: format!("instances of {metric}"),
        metric: metric.to_owned(),
        statistic: Statistic::Rate,
        target: "like the other instances".into(),
        fail_at: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 0.0,
        group: "instances".into(),
        outcome,
        reason: Reason::OneBadInstance,
        sentence: format!("{}: {} of the canary's bad ones", named.join("; "), share(part)),
        decide: Some("take that instance out, or look at it before the rollout goes on".into()),
        notes: Vec::new(),
        evidence,
    }
}
