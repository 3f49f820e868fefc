//! The judge on trial: the same rules and the same judge over a past in which nothing changed.
//!
//! What fails there is a false alarm. Then every canary is made worse by exactly its criterion's margin, where a pass is a
//! false one, and by twice the margin, which should be found. Nothing is read here and nothing is random: chance has a
//! seed. All of it is exactly as good as the history is true: what it does not show will not be foreseen.

mod tally;

use std::collections::BTreeMap;

pub use tally::{Rate, Tally};

use crate::history::chance::Chance;
use crate::history::inject;
use crate::history::noise::{Between, Collected, Dispersion, Noise};
use crate::history::{Arms, History, Layout};
use crate::judge::rules::{Criterion, Kind, Limit, Looks, Rule, Rules, Statistic, Unit};
use crate::judge::verdict::{EffectKind, Finding, Outcome, Verdict};
use crate::judge::{groups, judge, outcomes};
use crate::series::{Dataset, SignedDuration, Timestamp, Window};

/// Looks at an open end, for want of a number.
const OPEN_LOOKS: i32 = 12;

/// What the trial showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The name of the comparison.
    pub name: String,
    /// The phase.
    pub phase: Option<String>,
    /// 1 - the chance of a false Fail that the policy allows a run.
    pub level: f64,
    /// From when to when the history is.
    pub history: Window,
    /// The spacing of its points.
    pub step: SignedDuration,
    /// Which arms it has.
    pub arms: Arms,
    /// Where the windows lie.
    pub layout: Layout,
    /// How often each window is looked at.
    pub looks: usize,
    /// What the verdicts on healthy windows were.
    pub verdict: Tally,
    /// One entry per criterion, in the order written.
    pub criteria: Vec<Trial>,
    /// The dispersion of every metric of counts that an interval is asked of.
    pub dispersions: Vec<(String, Dispersion)>,
}

/// One criterion on trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its name.
    pub criterion: String,
    /// Its metric.
    pub metric: String,
    /// What the metric is measured in.
    pub unit: Unit,
    /// Answers on healthy windows.
    pub healthy: Tally,
    /// Answers on windows worsened by exactly the margin; nothing where there is no margin.
    pub at_margin: Option<Tally>,
    /// Answers on windows worsened by twice the margin.
    pub at_twice: Option<Tally>,
    /// How far apart healthy windows are.
    pub spread: Option<Spread>,
}

/// How far apart two healthy windows usually are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Root mean square of the effect: of its logarithm for a ratio, in the metric's unit for a difference.
    pub tau: f64,
    /// What the effect is.
    pub kind: EffectKind,
    /// The margin that it asks for, 2τ rounded up: as a fraction for a ratio, in the metric's unit for a difference.
    pub margin: f64,
    /// The margin that is configured, on the same scale.
    pub configured: f64,
}

/// Judges every window of a layout, as it is and worsened; with an open end, at looks so far apart.
pub fn calibrate(rules: &Rules, history: &History, layout: &Layout, every: Option<SignedDuration>) -> Calibration {
    let rules = as_in_history(rules, history);
    let mut ledger = Ledger::new(&rules, every);
    for number in 0..layout.starts.len() {
        let pair = history.pair(layout, number);
        ledger.healthy(&rules, &pair);
        ledger.worsened(&rules, &pair, number as u64);
    }
    ledger.conclude(rules, history, layout)
}

/// The rules with the traffic split that the history has, where it has one.
fn as_in_history(rules: &Rules, history: &History) -> Rules {
    // the windows of a history are judged by the groups of the whole of it
    let mut rules = groups::spread(rules, history.groups()).into_owned();
    if history.arms() == Arms::Both
        && let Some(traffic) = &mut rules.traffic
    {
        let counted = |name: &String| history.per_step(name).filter(|per| per.canary > 0.0 && per.baseline > 0.0);
        let named = traffic.metric.iter().find_map(counted);
        let any = || {
            let rates = rules.metrics.iter().filter(|(_, metric)| metric.kind == Kind::BadShare);
            rates.map(|(name, _)| name).find_map(counted)
        };
        if let Some(per) = named.or_else(any) {
            traffic.share = per.canary / (per.canary + per.baseline);
        }
    }
    rules
}

/// When a window is looked at.
fn looks(rules: &Rules, window: &Window, open: Option<SignedDuration>) -> Vec<Timestamp> {
    let every = match rules.looks {
        Looks::Once | Looks::Planned { every: None, .. } => return vec![window.end],
        Looks::Planned { every: Some(every), .. } => every,
        Looks::Open => open.unwrap_or(window.duration() / OPEN_LOOKS),
    };
    let mut looks = Vec::new();
    let mut at = window.start.saturating_add(every).unwrap_or(window.end);
    while at < window.end && every > SignedDuration::ZERO {
        looks.push(at);
        at = at.saturating_add(every).unwrap_or(window.end);
    }
    looks.push(window.end);
    looks
}

/// The answers of one window: a Fail at any look fails, otherwise the last look counts.
struct Answers {
    last: Verdict,
    verdict: Outcome,
    criteria: Vec<Outcome>,
}

fn answers(rules: &Rules, data: &Dataset, every: Option<SignedDuration>) -> Answers {
    let looks = looks(rules, &data.windows.canary, every);
    let (early, count) = (&looks[..looks.len().saturating_sub(1)], rules.criteria.len());
    let (mut failed, mut failed_each) = (false, vec![false; count]);
    for look in early {
        let early = outcomes(rules, &data.until(*look));
        failed |= early.verdict == Outcome::Fail;
        for (failed, (_, outcome)) in failed_each.iter_mut().zip(&early.criteria) {
            *failed |= *outcome == Outcome::Fail;
        }
    }
    let last = judge(rules, data);
    let or_failed = |failed: bool, outcome: Outcome| if failed { Outcome::Fail } else { outcome };
    let criteria = failed_each.iter().zip(&last.findings).map(|(failed, f)| or_failed(*failed, f.outcome)).collect();
    Answers { verdict: or_failed(failed, last.outcome), criteria, last }
}

/// Everything counted so far.
struct Ledger {
    verdict: Tally,
    trials: Vec<Trial>,
    /// The squares of the effects and how many there are, per criterion.
    effects: Vec<(f64, usize)>,
    noise: BTreeMap<(String, bool), Collected>,
    looks: usize,
    every: Option<SignedDuration>,
}

/// The scale on which a criterion's spread is told: that of its margin.
fn scale_of(criterion: &Criterion) -> Option<(EffectKind, f64)> {
    match criterion.target()?.limit {
        Limit::Margin { relative: Some(relative), .. } => Some((EffectKind::Ratio, relative)),
        Limit::Margin { absolute: Some(absolute), .. } => Some((EffectKind::Difference, absolute)),
        Limit::Margin { relative: None, absolute: None } => Some((EffectKind::Difference, 0.0)),
        Limit::Threshold(_) => None,
    }
}

impl Ledger {
    fn new(rules: &Rules, every: Option<SignedDuration>) -> Ledger {
        let trial = |criterion: &Criterion| Trial {
            criterion: criterion.name.clone(),
            metric: criterion.metric.clone(),
            unit: rules.metrics.get(&criterion.metric).map_or(Unit::Plain(String::new()), |m| criterion.unit(m)),
            healthy: Tally::default(),
            at_margin: None,
            at_twice: None,
            spread: None,
        };
        let counts = |criterion: &&Criterion| {
            let statistic = matches!(criterion.statistic, Statistic::Rate | Statistic::Frequency);
            criterion.rule == Rule::Interval && statistic
        };
        let noise =
            rules.criteria.iter().filter(counts).map(|c| ((c.metric.clone(), c.compares()), Collected::default()));
        Ledger {
            verdict: Tally::default(),
            trials: rules.criteria.iter().map(trial).collect(),
            effects: vec![(0.0, 0); rules.criteria.len()],
            noise: noise.collect(),
            looks: 1,
            every,
        }
    }

    fn healthy(&mut self, rules: &Rules, pair: &Dataset) {
        let answers = answers(rules, pair, self.every);
        self.looks = looks(rules, &pair.windows.canary, self.every).len();
        self.verdict.add(answers.verdict);
        for (trial, outcome) in self.trials.iter_mut().zip(&answers.criteria) {
            trial.healthy.add(*outcome);
        }
        for ((sum, n), (criterion, finding)) in
            self.effects.iter_mut().zip(rules.criteria.iter().zip(&answers.last.findings))
        {
            if let Some(effect) = effect(criterion, finding) {
                (*sum, *n) = (*sum + effect * effect, *n + 1);
            }
        }
        for ((name, compares), collected) in &mut self.noise {
            if let Some(metric) = rules.metrics.get(name) {
                let between = if *compares { Between::Arms } else { Between::CanaryAndLimit };
                collected.add(pair, name, metric, between, rules.policy.warmup_steps(pair.step));
            }
        }
    }

    /// Criteria of different metrics do not disturb each other, so a window is judged once for each of the criteria that
    /// the busiest metric has.
    fn worsened(&mut self, rules: &Rules, pair: &Dataset, number: u64) {
        let mut rounds: Vec<Vec<usize>> = Vec::new();
        for (at, criterion) in rules.criteria.iter().enumerate() {
            let taken =
                |round: &Vec<usize>| round.iter().any(|other| rules.criteria[*other].metric == criterion.metric);
            match rounds.iter_mut().find(|round| !taken(round)) {
                Some(round) => round.push(at),
                None => rounds.push(vec![at]),
            }
        }
        for (margins, round) in [1.0, 2.0].into_iter().flat_map(|margins| rounds.iter().map(move |r| (margins, r))) {
            let mut data = pair.clone();
            let mut changed = Vec::new();
            for at in round {
                let criterion = &rules.criteria[*at];
                let bound = if margins > 1.0 {
                    criterion.fail.as_ref().or(criterion.pass.as_ref())
                } else {
                    criterion.target()
                };
                let (Some(bound), Some(metric)) = (bound, rules.metrics.get(&criterion.metric)) else { continue };
                let Some(series) = data.metrics.get_mut(&criterion.metric) else { continue };
                let mut chance = Chance::new(number ^ 0x5eed << 32, &criterion.name);
                let seconds = pair.step.as_secs_f64();
                if let Some(worse) = inject::worsen(series, metric, criterion, bound, margins, seconds, &mut chance) {
                    *series = worse;
                    changed.push(*at);
                }
            }
            if changed.is_empty() {
                continue;
            }
            let answers = answers(rules, &data, self.every);
            for at in changed {
                let (trial, outcome) = (&mut self.trials[at], answers.criteria[at]);
                let tally = if margins > 1.0 { &mut trial.at_twice } else { &mut trial.at_margin };
                tally.get_or_insert_default().add(outcome);
            }
        }
    }

    fn conclude(mut self, rules: Rules, history: &History, layout: &Layout) -> Calibration {
        for ((trial, criterion), (sum, n)) in self.trials.iter_mut().zip(&rules.criteria).zip(&self.effects) {
            trial.spread = scale_of(criterion).filter(|_| *n >= 3).map(|(kind, configured)| {
                let tau = (sum / *n as f64).sqrt();
                Spread { tau, kind, margin: sensible(2.0 * tau), configured: configured.abs() }
            });
        }
        let mut dispersions: BTreeMap<String, Dispersion> = BTreeMap::new();
        for ((name, _), collected) in &self.noise {
            if let Some(Noise::Counts(found)) = collected.noise() {
                let worst = dispersions.entry(name.clone()).or_insert(found);
                if found.phi > worst.phi {
                    *worst = found;
                }
            }
        }
        Calibration {
            name: rules.name,
            phase: rules.phase,
            level: rules.policy.level,
            history: history.window(),
            step: history.step(),
            arms: history.arms(),
            layout: layout.clone(),
            looks: self.looks,
            verdict: self.verdict,
            criteria: self.trials,
            dispersions: dispersions.into_iter().collect(),
        }
    }
}

/// The effect of a finding on its criterion's scale.
fn effect(criterion: &Criterion, finding: &Finding) -> Option<f64> {
    let (kind, _) = scale_of(criterion)?;
    let own = finding.evidence.effect.filter(|effect| effect.kind == kind).and_then(|effect| effect.estimate);
    let arms = finding.evidence.estimate.baseline.zip(finding.evidence.estimate.canary);
    // the ratio of two slopes is not that of what rises
    let arms = arms.filter(|_| !matches!(criterion.statistic, Statistic::Trend { .. }));
    let effect = match kind {
        EffectKind::Ratio => own.or_else(|| arms.map(|(b, c)| c / b)).filter(|r| *r > 0.0)?.ln(),
        _ => own.or_else(|| arms.map(|(b, c)| c - b))?,
    };
    effect.is_finite().then_some(effect)
}

/// The next number up that a person would choose: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 and their tens.
pub fn sensible(value: f64) -> f64 {
    const CHOICES: [f64; 10] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    if !value.is_finite() || value <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let choice = CHOICES.iter().find(|choice| **choice * power >= value * (1.0 - 1e-9));
    // whole steps of ten are exact where the power itself may not be
    let rounded = choice.unwrap_or(&10.0) * power;
    format!("{rounded:.3e}").parse().unwrap_or(rounded)
}
