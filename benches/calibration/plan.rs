//! What is measured: which panels on which scenarios with which effects, how many soaks, how often looked at.

use clap::ValueEnum;

use crate::soaks::cells::{Cell, Experiment, Schedule, Way};
use crate::soaks::panel::Panel;
use crate::soaks::scenario::{Effect, NONE, SCENARIOS, Scenario, effect, scenario};
use crate::soaks::soak::{Routing, Soak};

/// A table of the report, or a few that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Identical arms.
    Aa,
    /// Identical arms, looked at every minute.
    EveryMinute,
    /// Worse canaries.
    Power,
    /// Asked for a Pass.
    Pass,
    /// Absolute limits.
    Limits,
    /// The split of the traffic.
    Traffic,
}

impl Section {
    /// Its name as a file's.
    pub fn name(self) -> &'static str {
        match self {
            Section::Aa => "aa",
            Section::EveryMinute => "every-minute",
            Section::Power => "power",
            Section::Pass => "pass",
            Section::Limits => "limits",
            Section::Traffic => "traffic",
        }
    }
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Soaks per cell of identical arms.
    pub soaks: usize,
    /// Soaks per cell of power.
    pub power: usize,
    /// Soaks per cell that judges every request.
    pub requests: usize,
    /// What all chance comes from.
    pub seed: u64,
}

/// An experiment and where its soaks come from.
pub struct Run {
    what: What,
    experiment: Experiment,
    /// Whether anything reads latencies.
    latency: bool,
}

enum What {
    Soak(Scenario, Effect),
    Routing(Routing),
}

impl Run {
    fn new(scenario: Scenario, effect: Effect, panels: Vec<Panel>, soaks: usize, every: usize) -> Run {
        let every = match scenario.minutes {
            0..=12 => 1,
            13..=60 => every,
            _ => 20,
        };
        let schedule = Schedule { minutes: scenario.minutes, every };
        let ways = Way::ALL.to_vec();
        let experiment = Experiment { scenario: scenario.name, effect: effect.name, panels, schedule, ways, soaks };
        Run { what: What::Soak(scenario, effect), experiment, latency: false }
    }

    fn with_latency(self) -> Run {
        Run { latency: true, ..self }
    }

    /// The scenario's name.
    pub fn scenario(&self) -> &'static str {
        self.experiment.scenario
    }

    /// What it is, for the one who waits.
    pub fn name(&self) -> String {
        let Experiment { scenario, effect, panels, soaks, .. } = &self.experiment;
        let asked: Vec<&str> = panels.iter().flat_map(|panel| &panel.questions).map(|q| q.name.as_str()).collect();
        format!("{scenario} {effect}: {}, {soaks} soaks", asked.join(", "))
    }

    /// Simulates and judges.
    pub fn measure(&self, sizes: &Sizes, threads: usize) -> Vec<Cell> {
        self.experiment.measure(sizes.seed, threads, |noise| match &self.what {
            What::Soak(scenario, effect) => Soak::draw(scenario, effect, self.latency, noise),
            What::Routing(routing) => Soak::routed(routing, noise),
        })
    }
}

/// Everything that a section measures.
pub fn runs(section: Section, sizes: &Sizes) -> Vec<Run> {
    match section {
        Section::Aa => identical(sizes),
        Section::EveryMinute => every_minute(sizes),
        Section::Power => power(sizes),
        Section::Pass => pass(sizes),
        Section::Limits => limits(sizes),
        Section::Traffic => traffic(sizes),
    }
}

fn identical(sizes: &Sizes) -> Vec<Run> {
    let each = |scenario: Scenario| {
        let fewer = |soaks: usize| if scenario.name == "long" { soaks.div_ceil(2) } else { soaks };
        let columns = vec![Panel::errors(0.0), Panel::events(), Panel::gauge(), Panel::percentiles()];
        [
            Run::new(scenario, NONE, columns, fewer(sizes.soaks), 5).with_latency(),
            Run::new(scenario, NONE, vec![Panel::requests(0.0)], fewer(sizes.requests), 5).with_latency(),
        ]
    };
    SCENARIOS.into_iter().flat_map(each).collect()
}

fn every_minute(sizes: &Sizes) -> Vec<Run> {
    let half = |soaks: usize| soaks.div_ceil(2);
    let columns = |name| {
        Run::new(scenario(name), NONE, vec![Panel::errors(0.0), Panel::events(), Panel::gauge()], half(sizes.soaks), 1)
    };
    let requests = |name| {
        let soaks = half(sizes.requests).div_ceil(5);
        Run::new(scenario(name), NONE, vec![Panel::requests(0.0)], soaks, 1).with_latency()
    };
    let all = ["iid", "ar05", "ar07", "overdisp", "burst", "split5", "mixed"].map(columns);
    all.into_iter().chain(["iid", "ar07"].map(requests)).collect()
}

fn power(sizes: &Sizes) -> Vec<Run> {
    const SCENARIOS: [&str; 8] = ["iid", "shock", "ar07", "overdisp", "low", "split5", "ramp", "mixed"];
    let requests = sizes.power.min(sizes.requests);
    let run =
        |name: &str, wrong: &str, panel: Panel| Run::new(scenario(name), effect(wrong), vec![panel], sizes.power, 5);
    let each = |name: &'static str| {
        let errors = ["err1.5", "err2", "err5", "late_err3"].map(|e| run(name, e, Panel::errors(0.0)));
        let events = ["ev2", "ev4"].map(|e| run(name, e, Panel::events()));
        let gauge = ["gauge1.05", "gauge1.10", "late_gauge1.10"].map(|e| run(name, e, Panel::gauge()));
        let series = ["lat1.10", "lat1.25", "tail"].map(|e| run(name, e, Panel::percentiles()).with_latency());
        let all = ["lat1.10", "lat1.25", "tail", "late_lat1.25"]
            .map(|e| Run::new(scenario(name), effect(e), vec![Panel::requests(0.0)], requests, 5).with_latency());
        errors.into_iter().chain(events).chain(gauge).chain(series).chain(all)
    };
    SCENARIOS.into_iter().flat_map(each).collect()
}

/// Ten steps of a histogram of steps of 1 %.
fn ten_percent() -> Effect {
    Effect { name: "at the margin", latency: 1.01_f64.powi(10), ..NONE }
}

fn pass(sizes: &Sizes) -> Vec<Run> {
    let at_the_margin = Effect { name: "at the margin", ..effect("err1.5") };
    let counts = ["iid", "shock", "ar07", "overdisp", "burst", "low", "split5", "mixed"].into_iter().flat_map(|name| {
        [at_the_margin, NONE].map(|e| Run::new(scenario(name), e, vec![Panel::errors(0.5).passing()], sizes.soaks, 5))
    });
    let requests = ["iid", "ar07", "split5"].into_iter().flat_map(|name| {
        let panel = || vec![Panel::requests(ten_percent().latency - 1.0).passing()];
        let soaks = sizes.requests.div_ceil(2);
        [ten_percent(), NONE].map(|e| Run::new(scenario(name), e, panel(), soaks, 5).with_latency())
    });
    counts.chain(requests).collect()
}

fn limits(sizes: &Sizes) -> Vec<Run> {
    let run = |name| {
        let scenario = scenario(name);
        Run::new(scenario, NONE, vec![Panel::limits(scenario.error_rate())], sizes.soaks.div_ceil(2), 5)
    };
    ["iid", "shock", "ar07", "overdisp", "burst", "low", "split5"].map(run).into()
}

fn traffic(sizes: &Sizes) -> Vec<Run> {
    let rows = [
        Routing { name: "50/50", configured: 0.5, real: 0.5, sd: 0.0 },
        Routing { name: "5/95", configured: 0.05, real: 0.05, sd: 0.0 },
        Routing { name: "50/50 noisy", configured: 0.5, real: 0.5, sd: 0.03 },
        Routing { name: "5/95 noisy", configured: 0.05, real: 0.05, sd: 0.03 },
        Routing { name: "50/50 is 49/51", configured: 0.5, real: 0.49, sd: 0.0 },
        Routing { name: "5/95 is 4.5/95.5", configured: 0.05, real: 0.045, sd: 0.0 },
        Routing { name: "50/50 is 48/52", configured: 0.5, real: 0.48, sd: 0.0 },
        Routing { name: "5/95 is 4/96", configured: 0.05, real: 0.04, sd: 0.0 },
        Routing { name: "50/50 noisy is 45/55", configured: 0.5, real: 0.45, sd: 0.03 },
    ];
    let run = |routing: Routing| {
        let panels = vec![Panel::traffic(routing.configured)];
        let mut run = Run::new(scenario("iid"), NONE, panels, sizes.soaks, 5);
        run.experiment.scenario = routing.name;
        Run { what: What::Routing(routing), ..run }
    };
    rows.map(run).into()
}
