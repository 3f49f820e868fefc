//! Is a false alarm as rare as the level says, and is what is large found? A small measurement at every run.
//!
//! The full one is `benches/calibration`. Here are the light scenarios, a couple of hundred soaks each: the bounds
//! are those at which an honest judge is caught by chance less than once in a thousand seeds. The judgement for one
//! look, repeated at every look, is held against the same bounds, so that this file is known to notice. That the
//! soaks are what they say is held against moments of an independent implementation.

use std::collections::BTreeMap;

use davy::series::Pair;
use davy::stats::tail::ln_binomial_upper;

use crate::soaks::cells::{Cell, Experiment, Schedule, Way};
use crate::soaks::kayenta;
use crate::soaks::noise::Noise;
use crate::soaks::panel::Panel;
use crate::soaks::scenario::{effect, scenario};
use crate::soaks::soak::{Columns, Soak};

const SEED: u64 = 7;
const SOAKS: usize = 200;
const NOISES: [&str; 4] = ["iid", "overdisp", "ar07", "burst"];

fn measure(name: &str, wrong: &str, panels: Vec<Panel>, ways: &[Way], soaks: usize, threads: usize) -> Vec<Cell> {
    let (scenario, effect) = (scenario(name), effect(wrong));
    let schedule = Schedule { minutes: scenario.minutes, every: 5 };
    let ways = ways.to_vec();
    let experiment = Experiment { scenario: scenario.name, effect: effect.name, panels, schedule, ways, soaks };
    experiment.measure(SEED, threads, |noise| Soak::draw(&scenario, &effect, false, noise))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether so many wrong answers are believable of a chance of at most `alpha`, but for one seed in a thousand.
fn believable(cell: &Cell, alpha: f64) -> bool {
    ln_binomial_upper(cell.fails as u64, cell.soaks as u64, alpha) > 0.001_f64.ln()
}

/// Identical arms on the limit: a Fail is false, and so is a Pass.
fn assert_seldom_wrong(way: Way) {
    for name in NOISES {
        let panels = vec![Panel::errors(0.0).both_ways(), Panel::gauge().both_ways()];
        for cell in measure(name, "aa", panels, &[way], SOAKS, cores()) {
            assert!(believable(&cell, 0.06), "{cell:?}");
        }
    }
}

fn assert_found(way: Way, wanted: &[(&str, &str, f64, f64)]) {
    for (name, wrong, least, latest) in wanted {
        let panel = if wrong.starts_with("gauge") { Panel::gauge() } else { Panel::errors(0.0) };
        for cell in measure(name, wrong, vec![panel], &[way], SOAKS / 4, cores()).iter().filter(|cell| cell.way == way)
        {
            assert!(cell.rate() >= *least, "{cell:?}");
            assert!(cell.median_minute.is_some_and(|minute| minute <= *latest), "{cell:?}");
        }
    }
}

#[test]
fn one_look_is_seldom_wrong() {
    assert_seldom_wrong(Way::Once);
}

#[test]
#[ignore = "the judge takes every look as the only one"]
fn planned_looks_are_seldom_wrong() {
    assert_seldom_wrong(Way::Planned);
}

#[test]
#[ignore = "the judge takes every look as the only one"]
fn open_looks_are_seldom_wrong() {
    assert_seldom_wrong(Way::Open);
}

#[test]
fn what_is_large_is_found_in_time() {
    let in_time = [("iid", "err5", 1.0, 10.0), ("iid", "err2", 0.95, 30.0), ("iid", "gauge1.10", 0.95, 25.0)];
    assert_found(Way::Planned, &in_time);
    let sooner_or_later = [("iid", "err5", 1.0, 10.0), ("iid", "err2", 0.95, 35.0), ("iid", "gauge1.10", 0.95, 40.0)];
    assert_found(Way::Open, &sooner_or_later);
}

#[test]
fn the_judgement_for_one_look_repeated_is_noticed() {
    for (name, panel) in [("burst", Panel::errors(0.0)), ("ar07", Panel::gauge())] {
        let cells = measure(name, "aa", vec![panel], &[Way::OnceAtLooks], SOAKS, cores());
        assert!(!believable(&cells[0], 0.06), "{cells:?}");
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let on =
        |threads| measure("mixed", "err2", vec![Panel::errors(0.0)], &[Way::OnceAtLooks, Way::Kayenta], 20, threads);
    let one = on(1);
    assert_eq!(one, on(3));
    assert!(one.iter().any(|cell| cell.fails > 0));
}

#[derive(serde::Deserialize)]
struct Moment {
    scenario: String,
    effect: String,
    feature: String,
    mean: f64,
    error: f64,
}

fn fixture<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/fixtures/reference/{name}", env!("CARGO_MANIFEST_DIR"));
    csv::Reader::from_path(path).unwrap().into_deserialize().map(Result::unwrap).collect()
}

/// A feature's average over the minutes of one soak.
fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.filter(|v| v.is_finite()).fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    sum / n
}

type Column = Box<dyn Fn(&Columns, usize) -> f64>;

fn feature(name: &str, soak: &Soak) -> f64 {
    let column: Column = match name.split(' ').find(|word| *word != "ln" && *word != "slow").unwrap() {
        "requests" => Box::new(|c, t| c.requests[t] as f64),
        "errors" => Box::new(|c, t| c.errors[t] as f64),
        "events" => Box::new(|c, t| c.events[t] as f64),
        "gauge" | "gauges" => Box::new(|c, t| c.gauge[t].ln()),
        "observed" => Box::new(|c, t| f64::from(u8::from(c.observed[t]))),
        "p50" => Box::new(|c, t| c.percentiles[t].map_or(f64::NAN, |p| p[0].ln())),
        "p95" => Box::new(|c, t| c.percentiles[t].map_or(f64::NAN, |p| p[1].ln())),
        "p99" => Box::new(|c, t| c.percentiles[t].map_or(f64::NAN, |p| p[2].ln())),
        other => panic!("no column is called {other}"),
    };
    let Pair { baseline, canary } = soak.arms.as_ref();
    let minutes = 0..soak.minutes;
    let differs = |t: usize| column(canary, t) - column(baseline, t);
    match name {
        _ if name.starts_with("slow") => average((1..soak.minutes).map(|t| differs(t) * differs(t - 1))),
        _ if name.ends_with("squared") => average(minutes.map(|t| column(canary, t).powi(2))),
        _ if name.ends_with("together") => average(minutes.map(|t| column(canary, t) * column(baseline, t))),
        _ if name.ends_with("of the baseline") => average(minutes.map(|t| column(baseline, t))),
        _ => average(minutes.map(|t| column(canary, t))),
    }
}

#[test]
fn soaks_are_what_they_say() {
    const APART: f64 = 4.5;
    let mut kinds: BTreeMap<(String, String, bool), Vec<Moment>> = BTreeMap::new();
    for moment in fixture::<Moment>("moments.csv") {
        let latency = ["p50", "p95", "p99"].iter().any(|p| moment.feature.contains(p));
        kinds.entry((moment.scenario.clone(), moment.effect.clone(), latency)).or_default().push(moment);
    }
    assert_eq!(kinds.len(), 2 * (18 + 15));
    let mut found = Vec::new();
    for ((name, wrong, latency), moments) in &kinds {
        let soaks = if *latency { 24 } else { 300 };
        let draw = |i| Soak::draw(&scenario(name), &effect(wrong), *latency, &mut Noise::of(SEED, name, wrong, i));
        let soaks: Vec<Soak> = (0..soaks).map(draw).collect();
        for Moment { feature: what, mean, error, .. } in moments {
            let ours: Vec<f64> = soaks.iter().map(|soak| feature(what, soak)).collect();
            let (n, our_mean) = (ours.len() as f64, average(ours.iter().copied()));
            let variance = ours.iter().map(|v| (v - our_mean).powi(2)).sum::<f64>() / (n - 1.0);
            let apart = (our_mean - mean).abs() / (variance / n + error * error).sqrt().max(1e-12);
            if apart > APART {
                found.push(format!("{name} {wrong}: {what} is {our_mean:.5}, not {mean} ({apart:.1} standard errors)"));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[derive(serde::Deserialize)]
struct Labelled {
    baseline: String,
    canary: String,
    high: bool,
}

#[test]
fn kayentas_rule_is_that_of_an_independent_implementation() {
    let numbers = |text: &str| text.split(' ').map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
    let cases: Vec<Labelled> = fixture("kayenta.csv");
    assert!(cases.len() >= 100);
    for case in cases {
        let high = kayenta::is_high(&numbers(&case.baseline), &numbers(&case.canary));
        assert_eq!(high, case.high, "{} against {}", case.canary, case.baseline);
    }
}
