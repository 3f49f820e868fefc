//! Does `davy plan` foresee, and does `davy calibrate` find, what the judge then does?
//!
//! Histories are simulated with a seed and written as CSV; both commands are run as a user runs them. What `plan`
//! promises (80 % after so many minutes) is then tried: hundreds of comparisons of just that length, judged by the judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use davy::config::{self, Options};
use davy::judge::judge;
use davy::judge::rules::{Looks, Rules};
use davy::judge::verdict::Outcome;
use davy::series::{Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use davy::stats::tail::normal_quantile;
use serde_json::Value;
use tempfile::TempDir;

const START: i64 = 1_772_323_200;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut left, mut count) = (mean, 0);
        loop {
            left += self.uniform().ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }

    /// Counts whose variance is `phi` times their mean: clusters of events, of a size with the fitting moments.
    fn clustered(&mut self, mean: f64, phi: f64) -> u64 {
        // a logarithmic number of events in each of a Poisson number of clusters is a negative binomial
        let p = 1.0 - 1.0 / phi;
        if p < 1e-9 {
            return self.poisson(mean);
        }
        let clusters = self.poisson(mean * (phi - 1.0).recip() * phi.ln());
        let mut size = || {
            let (u, mut k, mut term) = (self.uniform(), 1_u64, -p / (1.0 - p).ln());
            let mut below = term;
            while u > below && k < 10_000 {
                term *= p * k as f64 / (k + 1) as f64;
                (below, k) = (below + term, k + 1);
            }
            k
        };
        (0..clusters).map(|_| size()).sum()
    }
}

/// What a service is like, per minute and arm.
#[derive(Clone, Copy)]
struct Service {
    requests: f64,
    errors: f64,
    /// Variance of the errors over their mean.
    phi: f64,
    /// Log-scale deviation and lag-one correlation of the gauge around 100.
    wander: (f64, f64),
}

const SERVICE: Service = Service { requests: 300.0, errors: 0.01, phi: 1.0, wander: (0.08, 0.0) };

/// How much worse the canary is.
#[derive(Clone, Copy)]
struct Worse {
    errors: f64,
    gauge: f64,
}

const ALIKE: Worse = Worse { errors: 1.0, gauge: 1.0 };

struct Minute {
    requests: u64,
    errors: u64,
    gauge: f64,
}

fn minutes(noise: &mut Noise, service: &Service, worse: Worse, count: usize, share: f64) -> Vec<Minute> {
    let (sd, rho) = service.wander;
    let mut level = noise.normal();
    let minute = |_| {
        level = rho * level + (1.0 - rho * rho).sqrt() * noise.normal();
        let requests = (service.requests * share).round() as u64;
        let errors = noise.clustered(requests as f64 * service.errors * worse.errors, service.phi).min(requests);
        Minute { requests, errors, gauge: 100.0 * worse.gauge * (sd * level).exp() }
    };
    (0..count).map(minute).collect()
}

fn time(minute: usize) -> Timestamp {
    Timestamp::from_second(START + 60 * minute as i64).unwrap()
}

fn both_arms(service: &Service, count: usize, seed: u64) -> String {
    let mut text = "ts,arm,requests,errors,load\n".to_owned();
    for (arm, stream) in [("baseline", 1), ("canary", 2)] {
        let mut noise = Noise(seed * 7_919 + stream);
        for (at, m) in minutes(&mut noise, service, ALIKE, count, 1.0).iter().enumerate() {
            writeln!(text, "{},{arm},{},{},{:.6}", time(at), m.requests, m.errors, m.gauge).unwrap();
        }
    }
    text
}

fn one_arm(service: &Service, count: usize, seed: u64) -> String {
    let mut text = "ts,requests,errors,load\n".to_owned();
    for (at, m) in minutes(&mut Noise(seed), service, ALIKE, count, 1.0).iter().enumerate() {
        writeln!(text, "{},{},{},{:.6}", time(at), m.requests, m.errors, m.gauge).unwrap();
    }
    text
}

fn dataset(service: &Service, worse: Worse, count: usize, seed: u64) -> Dataset {
    let arms = Pair { baseline: (1, ALIKE), canary: (2, worse) };
    let arms = arms.map(|(stream, worse)| minutes(&mut Noise(seed * 104_729 + stream), service, worse, count, 1.0));
    let times = || (0..count).map(time).collect::<Vec<_>>();
    let counts = arms.as_ref().map(|arm| Series::Counts {
        time: times(),
        total: arm.iter().map(|m| m.requests).collect(),
        bad: arm.iter().map(|m| m.errors).collect(),
    });
    let load =
        arms.map(|arm| Series::Gauge { time: times(), value: arm.iter().map(|m| m.gauge).collect(), requests: None });
    let window = Window { start: time(0), end: time(count) };
    Dataset {
        windows: Pair { baseline: window, canary: window },
        step: SignedDuration::from_mins(1),
        metrics: BTreeMap::from([("errors".to_owned(), counts), ("load".to_owned(), load)]),
        origins: BTreeMap::new(),
    }
}

/// A configuration of one criterion, with a soak of an hour.
fn config(metric: &str, pass: &str) -> String {
    format!(
        "name: checkout\nsources: {{ data: {{ file: {{ path: now.csv }} }} }}\nmetrics:\n  \
         errors: {{ rate: {{ bad: errors, total: requests }} }}\n  load: {{ gauge: {{ value: load }} }}\n\
         criteria:\n  - {{ metric: {metric}, pass: \"{pass}\" }}\nphases:\n  - {{ name: half, soak: 1h }}\n"
    )
}

fn rules(config: &str) -> Rules {
    let folder = Path::new(".");
    let options = Options { folder, now: time(0), set: &[], phase: None, from: None, to: None };
    config::load(config, "canary.yaml").unwrap().plan(&options).unwrap().rules
}

struct Workshop(TempDir);

impl Workshop {
    fn new(config: &str, history: &str) -> Workshop {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("canary.yaml"), config).unwrap();
        fs::write(folder.path().join("history.csv"), history).unwrap();
        Workshop(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(self.0.path()).env_remove("NO_COLOR").env_remove("COLUMNS").args(arguments);
        davy.output().unwrap()
    }

    fn json(&self, command: &str) -> Value {
        let output = self.run(&[command, "canary.yaml", "--history", "history.csv", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).stdout).unwrap()
    }

    fn error(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(output.stdout.is_empty());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// How often an answer is given in comparisons of so many minutes.
fn chance(rules: &Rules, outcome: Outcome, service: &Service, worse: Worse, count: usize) -> f64 {
    const SOAKS: u64 = 400;
    let soak = SignedDuration::from_mins(count as i64);
    let rules = &Rules { looks: Looks::Planned { soak, every: None }, ..rules.clone() };
    let given = (0..SOAKS).filter(|seed| {
        let verdict = judge(rules, &dataset(service, worse, count, *seed + 1));
        verdict.findings[0].outcome == outcome
    });
    given.count() as f64 / SOAKS as f64
}

#[test]
fn the_minutes_that_a_plan_foresees_are_enough_and_not_too_many() {
    let noisy = Service { phi: 3.0, ..SERVICE };
    let slow = Service { wander: (0.1, 0.5), ..SERVICE };
    let rare = Service { requests: 60.0, errors: 0.005, ..SERVICE };
    let cases = [
        ("errors", "<= baseline + 50%", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        ("errors", "<= baseline + 50%", noisy, Worse { errors: 2.0, ..ALIKE }),
        ("errors", "<= baseline + 200%", rare, Worse { errors: 5.0, ..ALIKE }),
        ("errors", "<= baseline + 0.5pp", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        ("errors", "<= 1.5%", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        ("errors", "<= 1.5%", noisy, Worse { errors: 2.0, ..ALIKE }),
        ("load", "<= baseline + 5%", SERVICE, Worse { gauge: 1.1, ..ALIKE }),
        ("load", "<= baseline + 5%", slow, Worse { gauge: 1.1, ..ALIKE }),
        ("load", "<= 105", SERVICE, Worse { gauge: 1.1, ..ALIKE }),
    ];
    let mut off = Vec::new();
    for (metric, pass, service, worse) in cases {
        let text = config(metric, pass);
        let plan = Workshop::new(&text, &both_arms(&service, 4_000, 11)).json("plan");
        let foreseen = &plan["criteria"][0];
        let minutes = |key: &str| (foreseen[key].as_f64().unwrap() / 60.0).round() as usize;
        let (passes, fails) = (minutes("passes_after_seconds"), minutes("fails_after_seconds"));
        let rules = rules(&text);
        let passed = chance(&rules, Outcome::Pass, &service, ALIKE, passes);
        let failed = chance(&rules, Outcome::Fail, &service, worse, fails);
        println!("{metric} {pass} phi {}: passes {passed} in {passes} min, fails {failed} in {fails} min", service.phi);
        for (what, rate, count) in [("passes", passed, passes), ("fails", failed, fails)] {
            if !(0.70..=0.92).contains(&rate) {
                off.push(format!("{metric} {pass}: {what} in {rate} of comparisons of {count} min"));
            }
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}
