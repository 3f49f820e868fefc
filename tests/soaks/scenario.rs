//! What a soak may look like: the kinds of noise, and what is wrong with a canary.
//!
//! Every scenario is the calm one with a few things changed. They stand for what services do: days and shared
//! shocks that move both arms, noise of one arm that lasts for minutes, bursts, heavy tails, little traffic, unequal
//! splits, lost minutes. Latencies are in milliseconds, rates are per minute, `sd` is on the logarithm.

/// The noise of a soak.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name in tables.
    pub name: &'static str,
    /// How long the soak lasts.
    pub minutes: usize,
    /// Requests per minute of both arms together.
    pub requests: f64,
    /// The canary's share of them.
    pub share: Share,
    /// The chance that a request fails.
    pub errors: f64,
    /// Median latency and its spread.
    pub median: f64,
    /// Standard deviation of the logarithm of a latency.
    pub spread: f64,
    /// Share of requests whose latency has a Pareto tail instead.
    pub pareto: f64,
    /// Swing of traffic over a day of two hours, on the logarithm; errors follow by 0.8, latency and gauge by 0.3.
    pub day: f64,
    /// Shocks that move both arms alike: sd for errors and events, latency, gauge.
    pub shock: (f64, f64, f64),
    /// Autocorrelation, from minute to minute, of what moves one arm alone.
    pub phi: f64,
    /// sd of what moves the errors and the latency of one arm.
    pub sd: (f64, f64),
    /// The gauge's own autocorrelation.
    pub gauge_phi: f64,
    /// Coefficient of variation of a gamma factor on each arm's errors and events, each minute anew.
    pub gamma: f64,
    /// Share of an arm's minutes in which a fifth more of its requests fail.
    pub burst: f64,
    /// Share of each arm's minutes that are lost.
    pub missing: f64,
    /// Minutes in a row that each arm loses somewhere.
    pub gap: usize,
}

impl Scenario {
    /// The errors per request to be expected over many soaks: busy minutes of the day have more of both.
    pub fn error_rate(&self) -> f64 {
        let phases = (0..10_000).map(|i| self.day * (std::f64::consts::TAU * f64::from(i) / 10_000.0).sin());
        let (errors, requests) = phases.fold((0.0, 0.0), |(x, n), day| (x + (1.8 * day).exp(), n + day.exp()));
        let shocks = (self.shock.0 * self.shock.0 / 2.0).exp();
        self.errors * shocks * errors / requests + 0.2 * self.burst
    }
}

/// How much of the traffic goes to the canary.
#[derive(Debug, Clone, Copy)]
pub enum Share {
    /// Always the same.
    Constant(f64),
    /// 5 %, 25 % and 50 %, a third of the soak each.
    Ramp,
}

impl Share {
    /// The share in a minute.
    pub fn at(self, minute: usize, minutes: usize) -> f64 {
        match self {
            Share::Constant(share) => share,
            Share::Ramp if minute < minutes / 3 => 0.05,
            Share::Ramp if minute < 2 * minutes / 3 => 0.25,
            Share::Ramp => 0.5,
        }
    }
}

const CALM: Scenario = Scenario {
    name: "iid",
    minutes: 60,
    requests: 600.0,
    share: Share::Constant(0.5),
    errors: 0.01,
    median: 80.0,
    spread: 0.5,
    pareto: 0.0,
    day: 0.0,
    shock: (0.0, 0.0, 0.0),
    phi: 0.0,
    sd: (0.0, 0.0),
    gauge_phi: 0.0,
    gamma: 0.0,
    burst: 0.0,
    missing: 0.0,
    gap: 0,
};

const SHOCKS: Scenario = Scenario { name: "shock", day: 0.5, shock: (0.4, 0.1, 0.15), ..CALM };

const fn slow(name: &'static str, phi: f64) -> Scenario {
    Scenario { name, phi, sd: (0.3, 0.03), gauge_phi: phi, ..CALM }
}

/// All of them.
pub const SCENARIOS: [Scenario; 18] = [
    CALM,
    SHOCKS,
    slow("ar05", 0.5),
    slow("ar07", 0.7),
    slow("ar09", 0.9),
    Scenario { name: "overdisp", gamma: 1.0, sd: (0.0, 0.05), ..CALM },
    Scenario { name: "burst", burst: 0.02, ..CALM },
    Scenario { name: "heavy", spread: 1.2, pareto: 0.05, ..CALM },
    Scenario { name: "low", requests: 20.0, errors: 0.005, ..CALM },
    Scenario { name: "split5", share: Share::Constant(0.05), ..CALM },
    Scenario { name: "split80", share: Share::Constant(0.8), ..CALM },
    Scenario { name: "split5shock", share: Share::Constant(0.05), ..SHOCKS },
    Scenario { name: "ramp", share: Share::Ramp, day: 0.8, shock: (0.0, 0.1, 0.0), ..CALM },
    Scenario { name: "missing", missing: 0.2, gap: 10, ..CALM },
    Scenario {
        name: "mixed",
        share: Share::Constant(0.2),
        day: 0.5,
        shock: (0.3, 0.08, 0.1),
        phi: 0.6,
        sd: (0.2, 0.02),
        gauge_phi: 0.6,
        gamma: 0.5,
        missing: 0.05,
        ..CALM
    },
    Scenario { name: "cachehit", errors: 0.3, shock: (0.1, 0.0, 0.0), ..CALM },
    Scenario { minutes: 240, requests: 200.0, ..slow("long", 0.7) },
    Scenario { name: "tiny", minutes: 10, phi: 0.3, sd: (0.1, 0.02), gauge_phi: 0.3, ..CALM },
];

/// The scenario of a name.
pub fn scenario(name: &str) -> Scenario {
    SCENARIOS.into_iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no scenario is called {name}"))
}

/// What is wrong with the canary: factors on what it measures, from a minute on.
#[derive(Debug, Clone, Copy)]
pub struct Effect {
    /// Its name in tables.
    pub name: &'static str,
    /// On the chance of an error.
    pub errors: f64,
    /// On every latency.
    pub latency: f64,
    /// Share of requests that take three times as long.
    pub tail: f64,
    /// On the gauge.
    pub gauge: f64,
    /// On the rate of events.
    pub events: f64,
    /// The first minute in which it shows.
    pub onset: usize,
}

/// Nothing is wrong.
pub const NONE: Effect = Effect { name: "aa", errors: 1.0, latency: 1.0, tail: 0.0, gauge: 1.0, events: 1.0, onset: 0 };

/// All of them.
pub const EFFECTS: [Effect; 16] = [
    NONE,
    Effect { name: "err1.25", errors: 1.25, ..NONE },
    Effect { name: "err1.5", errors: 1.5, ..NONE },
    Effect { name: "err2", errors: 2.0, ..NONE },
    Effect { name: "err5", errors: 5.0, ..NONE },
    Effect { name: "lat1.05", latency: 1.05, ..NONE },
    Effect { name: "lat1.10", latency: 1.1, ..NONE },
    Effect { name: "lat1.25", latency: 1.25, ..NONE },
    Effect { name: "tail", tail: 0.04, ..NONE },
    Effect { name: "gauge1.05", gauge: 1.05, ..NONE },
    Effect { name: "gauge1.10", gauge: 1.1, ..NONE },
    Effect { name: "ev2", events: 2.0, ..NONE },
    Effect { name: "ev4", events: 4.0, ..NONE },
    Effect { name: "late_err3", errors: 3.0, onset: 20, ..NONE },
    Effect { name: "late_gauge1.10", gauge: 1.1, onset: 20, ..NONE },
    Effect { name: "late_lat1.25", latency: 1.25, onset: 20, ..NONE },
];

/// The effect of a name.
pub fn effect(name: &str) -> Effect {
    EFFECTS.into_iter().find(|e| e.name == name).unwrap_or_else(|| panic!("no effect is called {name}"))
}
