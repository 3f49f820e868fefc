//! Many criteria at once: how often a healthy run fails whatever they have in common, and how often one that is worse is
//! found among them.
//!
//! The rules come from the configuration that a person would write. Each draw is asked as it is, and once more with the
//! false-alarm budget divided by the number of criteria; an oracle knows the noise and divides too.

use std::fmt::Write as _;
use std::path::Path;

use davy::config::{self, Options};
use davy::judge::judge;
use davy::judge::rules::{Looks, Rules};
use davy::judge::verdict::{Finding, Outcome};
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window, group_name};
use davy::stats::normal::normal_quantile;

use super::cells::on_threads;
use super::noise::Noise;

const LEVEL: f64 = 0.95;
/// Requests of one criterion in a step of one arm.
const REQUESTS: f64 = 150.0;
/// The share of them that is bad.
const RATE: f64 = 0.01;
/// The standard deviation of a step's logarithm, and its correlation with the next.
const SPREAD: f64 = 0.1;
const LASTING: f64 = 0.3;

/// What the criteria are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asked {
    /// Error rates of services, each a family of its own.
    Rates,
    /// Error rates of the routes of one service: one family.
    Routes,
    /// One number per step and service, each a family of its own.
    Levels,
    /// Percentiles of one latency: one family.
    Percentiles,
}

/// A set of criteria, with what is true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// What the criteria are.
    pub asked: Asked,
    /// How many there are.
    pub criteria: usize,
    /// By how much the canary may be worse, as a share.
    pub margin: f64,
    /// The correlation of the criteria's numbers in one arm and step.
    pub common: f64,
    /// How many of them are worse, from the last one on.
    pub worse: usize,
    /// By which factor.
    pub times: f64,
    /// The steps of a minute.
    pub steps: usize,
    /// When it is looked at.
    pub looks: Looks,
}

/// Shares of runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shares {
    /// In which the verdict fails by a criterion that is worse.
    pub found: f64,
    /// In which a criterion fails that is not.
    pub wrong: f64,
    /// In which a judge fails by one that is worse that divides the budget by the number of criteria.
    pub divided: f64,
    /// In which the oracle does.
    pub oracle: f64,
}

impl Panel {
    /// What it is called.
    pub fn name(&self) -> String {
        let what = match self.asked {
            Asked::Rates => "rates",
            Asked::Routes => "routes",
            Asked::Levels => "levels",
            Asked::Percentiles => "percentiles",
        };
        let looks = match self.looks {
            Looks::Once => "",
            Looks::Planned { .. } => ", planned looks",
            Looks::Open => ", open end",
        };
        let common = if self.common > 0.0 { format!(", correlation {}", self.common) } else { String::new() };
        format!("{} {what}, margin {} %{common}{looks}", self.criteria, self.margin * 100.0)
    }

    fn is_counted(&self) -> bool {
        matches!(self.asked, Asked::Rates | Asked::Routes)
    }

    fn metric(&self, i: usize) -> String {
        match self.asked {
            Asked::Rates | Asked::Levels => format!("it{i}"),
            Asked::Routes => group_name("it", &format!("r{i}")),
            Asked::Percentiles => format!("it_p{}", 50 + 10 * i),
        }
    }

    fn text(&self) -> String {
        let bound = if self.margin > 0.0 { format!(" + {}%", self.margin * 100.0) } else { String::new() };
        let names: Vec<String> = match self.asked {
            Asked::Routes => vec!["it".to_owned()],
            _ => (0..self.criteria).map(|i| self.metric(i)).collect(),
        };
        let shape = match self.asked {
            Asked::Rates => "rate: { bad: errors, total: requests }",
            Asked::Routes => "by: route, rate: { bad: errors, total: requests }",
            Asked::Levels | Asked::Percentiles => "gauge: { value: value_ms, unit: ms }",
        };
        let mut text = "name: cell\nsources: { data: { file: { path: \"${arm}.csv\" } } }\nmetrics:\n".to_owned();
        names.iter().for_each(|name| writeln!(text, "  {name}: {{ {shape} }}").unwrap());
        text += "criteria:\n";
        names.iter().for_each(|name| writeln!(text, "  - {{ metric: {name}, pass: \"<= baseline{bound}\" }}").unwrap());
        text
    }

    /// The rules that its configuration means.
    pub fn rules(&self) -> Rules {
        let config = config::load(&self.text(), "cell.yaml").expect("the configuration can be read");
        let now = time(self.steps);
        let options = Options { folder: Path::new("."), now, set: &[], phase: None, from: None, to: None };
        let rules = config.plan(&options).expect("the configuration has a meaning").rules;
        Rules { looks: self.looks, ..rules }
    }

    /// The rules of one who divides the budget before any data is seen: each criterion by itself, at its part.
    fn divided(&self, rules: &Rules) -> Vec<Rules> {
        let level = 1.0 - (1.0 - LEVEL) / self.criteria as f64;
        let mut policy = rules.policy.clone();
        policy.level = level;
        let template = &rules.criteria[0];
        let alone = (self.criteria - self.worse..self.criteria).map(|i| {
            let name = self.metric(i);
            let mut metric = rules.metrics.values().next().expect("there is a metric").clone();
            metric.by = None;
            let mut criterion = template.clone();
            criterion.metric = name.clone();
            Rules {
                metrics: [(name, metric)].into(),
                criteria: vec![criterion],
                policy: policy.clone(),
                ..rules.clone()
            }
        });
        alone.collect()
    }

    /// Draws both arms.
    pub fn draw(&self, noise: &mut Noise) -> Dataset {
        let shared = Pair::build(|_| noise.slow(self.steps, LASTING));
        let window = Window { start: time(0), end: time(self.steps) };
        let metrics = (0..self.criteria).map(|i| {
            let factor = if i + self.worse >= self.criteria { self.times } else { 1.0 };
            let mut series = |factor: f64, shared: &[f64]| {
                let own = noise.slow(self.steps, LASTING);
                let both = own.iter().zip(shared);
                let both: Vec<f64> =
                    both.map(|(own, s)| (1.0 - self.common).sqrt() * own + self.common.sqrt() * s).collect();
                self.series(factor, &both, noise)
            };
            let baseline = series(1.0, &shared.baseline);
            (self.metric(i), Pair { baseline, canary: series(factor, &shared.canary) })
        });
        let mut data = Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1));
        data.metrics = metrics.collect();
        if self.asked == Asked::Routes {
            data.groups = [("it".to_owned(), (0..self.criteria).map(|i| format!("r{i}")).collect())].into();
        }
        data
    }

    /// Counts wander only if they have something in common.
    fn series(&self, factor: f64, wander: &[f64], noise: &mut Noise) -> Series {
        let times: Vec<Timestamp> = (0..self.steps).map(time).collect();
        if !self.is_counted() {
            let value = wander.iter().map(|w| 100.0 * factor * (SPREAD * w).exp()).collect();
            return Series::Gauge { time: times, value, requests: None };
        }
        let total: Vec<u64> = wander.iter().map(|_| noise.poisson(REQUESTS)).collect();
        let strength = if self.common > 0.0 { 3.0 * SPREAD } else { 0.0 };
        let bad = wander.iter().zip(&total);
        let bad =
            bad.map(|(w, total)| noise.binomial(*total, (RATE * factor * (strength * w).exp()).min(1.0))).collect();
        Series::Counts { time: times, total, bad }
    }

    /// Whether a test that knows that counts are independent finds one of the worse ones, at the divided level.
    fn oracle(&self, data: &Dataset) -> bool {
        let critical = normal_quantile(1.0 - (1.0 - LEVEL) / self.criteria as f64);
        (self.criteria - self.worse..self.criteria).any(|i| {
            let pair = data.metrics[&self.metric(i)].as_ref();
            let (Series::Counts { bad: canary, .. }, Series::Counts { bad: baseline, .. }) =
                (pair.canary, pair.baseline)
            else {
                return false;
            };
            let sum = |bad: &[u64]| bad.iter().sum::<u64>() as f64;
            let (c, b) = (sum(canary), sum(baseline));
            ((c / b).ln() - (1.0 + self.margin).ln()) / (1.0 / c + 1.0 / b).sqrt() > critical
        })
    }

    /// The times at which it is looked at, in steps.
    fn ends(&self) -> Vec<usize> {
        let every = self.steps / 12;
        if self.looks == Looks::Once { vec![self.steps] } else { (1..=12).map(|k| k * every).collect() }
    }

    /// Draws so many runs and asks about each.
    pub fn measure(&self, runs: usize, seed: u64, threads: usize) -> Shares {
        let (rules, name) = (self.rules(), self.name());
        let divided = if self.looks == Looks::Once { self.divided(&rules) } else { Vec::new() };
        let asked = on_threads(threads, runs, |run| {
            let data = self.draw(&mut Noise::of(seed, &name, &format!("{} x{}", self.worse, self.times), run));
            let failed: Vec<String> = self
                .ends()
                .into_iter()
                .flat_map(|end| {
                    let seen = data.until(time(end));
                    judge(&rules, &seen).findings.into_iter().filter(fails).map(|finding| finding.metric)
                })
                .collect();
            let worse: Vec<String> = (self.criteria - self.worse..self.criteria).map(|i| self.metric(i)).collect();
            [
                failed.iter().any(|metric| worse.contains(metric)),
                failed.iter().any(|metric| !worse.contains(metric)),
                divided.iter().any(|rules| judge(rules, &data).findings.iter().any(fails)),
                self.worse > 0 && self.is_counted() && self.oracle(&data),
            ]
        });
        let share = |i: usize| asked.iter().filter(|answers| answers[i]).count() as f64 / runs as f64;
        Shares { found: share(0), wrong: share(1), divided: share(2), oracle: share(3) }
    }
}

fn fails(finding: &Finding) -> bool {
    finding.outcome == Outcome::Fail
}

fn time(step: usize) -> Timestamp {
    Timestamp::from_second(1_772_442_000 + 60 * step as i64).unwrap_or_default()
}

/// A look every twelfth of an hour.
const PLANNED: Looks =
    Looks::Planned { soak: SignedDuration::from_mins(60), every: Some(SignedDuration::from_mins(5)) };

const RATES: Panel = Panel {
    asked: Asked::Rates,
    criteria: 50,
    margin: 0.5,
    common: 0.0,
    worse: 1,
    times: 2.0,
    steps: 60,
    looks: Looks::Once,
};
const LEVELS: Panel = Panel {
    asked: Asked::Levels,
    criteria: 10,
    margin: 0.0,
    common: 0.0,
    worse: 0,
    times: 1.0,
    steps: 60,
    looks: Looks::Once,
};

/// One criterion, or all, that are worse.
pub fn worse() -> Vec<Panel> {
    let rates = [1, 5, 10, 20, 50].map(|criteria| Panel { criteria, ..RATES });
    let routes = [5, 20, 50].map(|criteria| Panel { asked: Asked::Routes, criteria, ..RATES });
    let on_the_limit = [10, 50].map(|criteria| Panel { criteria, margin: 0.0, times: 1.5, ..RATES });
    let percentiles = Panel { asked: Asked::Percentiles, criteria: 3, margin: 0.1, common: 0.7, ..LEVELS };
    let percentiles = [(1, 1.16), (3, 1.16)].map(|(worse, times)| Panel { worse, times, ..percentiles });
    let planned = Panel { looks: PLANNED, criteria: 10, ..RATES };
    rates.into_iter().chain(routes).chain(on_the_limit).chain(percentiles).chain([planned]).collect()
}

/// Healthy runs whose criteria lie on their limits, or within.
pub fn healthy() -> Vec<Panel> {
    let mut panels = Vec::new();
    for common in [0.0, 0.5, 0.9] {
        panels.extend([2, 10, 50].map(|criteria| Panel { criteria, common, ..LEVELS }));
        panels.push(Panel { asked: Asked::Percentiles, criteria: 3, common, ..LEVELS });
        panels.push(Panel { margin: 0.02, common, ..LEVELS });
        panels.push(Panel { looks: PLANNED, common, ..LEVELS });
        panels.push(Panel { looks: Looks::Open, common, ..LEVELS });
        let rates = Panel { margin: 0.0, worse: 0, times: 1.0, criteria: 10, common, ..RATES };
        panels.extend([rates, Panel { asked: Asked::Routes, ..rates }]);
    }
    panels
}
