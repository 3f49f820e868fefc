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
use davy::stats::normal::normal_quantile;
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
        metrics: BTreeMap::from([("errors".to_owned(), counts), ("load".to_owned(), load)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

/// How a comparison is timed: one look at a window, looks during a soak, looks with no end.
const ONE_LOOK: &str = "window: { from: 2026-03-01T00:00:00Z, to: 2026-03-01T01:00:00Z }";
const PLANNED: &str = "soak: 1h\nevery: 10m";

/// A configuration of one criterion, about an hour.
fn config(timing: &str, metric: &str, pass: &str) -> String {
    format!(
        "name: checkout\n{timing}\nsources: {{ data: {{ file: {{ path: now.csv }} }} }}\nmetrics:\n  \
         errors: {{ rate: {{ bad: errors, total: requests }} }}\n  load: {{ gauge: {{ value: load }} }}\n\
         criteria:\n  - {{ metric: {metric}, pass: \"{pass}\" }}\n"
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
    const SOAKS: u64 = 200;
    let soak = SignedDuration::from_mins(count as i64);
    // as many looks, over another time
    let looks = match rules.looks {
        Looks::Planned { .. } => Looks::Planned { soak, every: Some(soak / 6) },
        looks => looks,
    };
    let rules = &Rules { looks, ..rules.clone() };
    let given = (0..SOAKS).filter(|seed| {
        let data = dataset(service, worse, count, *seed + 1);
        let given = |data: &Dataset| judge(rules, data).findings[0].outcome == outcome;
        let early = |k: usize| data.until(time(count * k / 6));
        given(&data) || rules.looks != Looks::Once && outcome == Outcome::Fail && (1..6).any(|k| given(&early(k)))
    });
    given.count() as f64 / SOAKS as f64
}

#[test]
fn the_minutes_that_a_plan_foresees_are_enough_and_not_too_many() {
    let noisy = Service { phi: 3.0, ..SERVICE };
    let slow = Service { wander: (0.1, 0.5), ..SERVICE };
    let rare = Service { requests: 60.0, errors: 0.005, ..SERVICE };
    let cases = [
        (ONE_LOOK, "errors", "<= baseline + 50%", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        (ONE_LOOK, "errors", "<= baseline + 50%", noisy, Worse { errors: 2.0, ..ALIKE }),
        (ONE_LOOK, "errors", "<= baseline + 200%", rare, Worse { errors: 5.0, ..ALIKE }),
        (ONE_LOOK, "errors", "<= baseline + 0.5pp", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        (ONE_LOOK, "errors", "<= 1.5%", SERVICE, Worse { errors: 2.0, ..ALIKE }),
        (ONE_LOOK, "errors", "<= 1.5%", noisy, Worse { errors: 2.0, ..ALIKE }),
        (ONE_LOOK, "load", "<= baseline + 5%", SERVICE, Worse { gauge: 1.1, ..ALIKE }),
        (ONE_LOOK, "load", "<= baseline + 5%", slow, Worse { gauge: 1.1, ..ALIKE }),
        (ONE_LOOK, "load", "<= 105", SERVICE, Worse { gauge: 1.1, ..ALIKE }),
        (PLANNED, "errors", "<= baseline + 100%", SERVICE, Worse { errors: 3.0, ..ALIKE }),
        (PLANNED, "load", "<= baseline + 5%", SERVICE, Worse { gauge: 1.1, ..ALIKE }),
    ];
    let mut off = Vec::new();
    for (timing, metric, pass, service, worse) in cases {
        let text = config(timing, metric, pass);
        let plan = Workshop::new(&text, &both_arms(&service, 4_000, 11)).json("plan");
        let foreseen = &plan["criteria"][0];
        let minutes = |key: &str| (foreseen[key].as_f64().unwrap() / 60.0).round() as usize;
        let (passes, fails) = (minutes("passes_after_seconds"), minutes("fails_after_seconds"));
        let rules = rules(&text);
        let passed = chance(&rules, Outcome::Pass, &service, ALIKE, passes);
        let failed = chance(&rules, Outcome::Fail, &service, worse, fails);
        for (what, rate, count) in [("passes", passed, passes), ("fails", failed, fails)] {
            if !(0.70..=0.92).contains(&rate) {
                off.push(format!("{timing}, {metric} {pass}: {what} in {rate} of comparisons of {count} min"));
            }
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}

#[test]
fn what_no_formula_foresees_is_tried_on_the_history() {
    let cases = [
        ("load, statistic: trend", "<= baseline + 10%/h"),
        ("load, statistic: trend", "<= 15 / 1h"),
        ("errors, steps_beyond: \"> 3%\"", "<= 10%"),
        ("load, statistic: p90", "<= 125"),
    ];
    for (metric, pass) in cases {
        let text = config(ONE_LOOK, metric, pass);
        let shop = Workshop::new(&text, &both_arms(&SERVICE, 6_000, 12));
        let plan = shop.json("plan");
        let foreseen = &plan["criteria"][0];
        let minutes = |key: &str| foreseen[key].as_f64().map(|seconds| (seconds / 60.0).round() as usize);
        let (passes, fails) = (minutes("passes_after_seconds").unwrap(), minutes("fails_after_seconds").unwrap());
        assert_eq!(foreseen["tried_windows"].as_u64(), Some(20), "{metric} {pass}: {foreseen}");
        assert_eq!(foreseen["tried_up_to_seconds"].as_f64(), Some(12.0 * 3600.0), "{metric} {pass}: {foreseen}");
        let rules = rules(&text);
        let passed = chance(&rules, Outcome::Pass, &SERVICE, ALIKE, passes);
        assert!(passed >= 0.65, "{metric} {pass}: passes in {passed} of comparisons of {passes} min");
        // no earlier length that is tried does so
        if passes > 15 {
            let sooner = chance(&rules, Outcome::Pass, &SERVICE, ALIKE, passes / 2);
            assert!(sooner < 0.92, "{metric} {pass}: passes in {sooner} of comparisons of {} min", passes / 2);
        }
        if metric.ends_with("trend") {
            let rising = (0..100).filter(|seed| {
                let mut data = dataset(&SERVICE, ALIKE, fails, *seed + 1);
                let Series::Gauge { value, .. } = &mut data.metrics.get_mut("load").unwrap().canary else { panic!() };
                let per_hour = if pass.contains('%') { 20.0 } else { 30.0 };
                value.iter_mut().enumerate().for_each(|(minute, value)| *value += per_hour * minute as f64 / 60.0);
                judge(&rules, &data).findings[0].outcome == Outcome::Fail
            });
            let failed = rising.count();
            assert!(failed >= 65, "{metric} {pass}: {failed} of 100 fail after {fails} min");
        }
        let said = shop.text(&["plan", "canary.yaml", "--history", "history.csv"]);
        assert!(said.contains("No formula foresees"), "{said}");
    }
    // a history without room for windows says so
    let text = config(ONE_LOOK, "load, statistic: trend", "<= baseline + 10%/h");
    let said = Workshop::new(&text, &both_arms(&SERVICE, 20, 12)).json("plan");
    let why = said["criteria"][0]["not_planned"].as_str().unwrap().to_owned();
    assert!(why.contains("no room for 3 of 7 min 30 s") && why.contains("give a longer one"), "{why}");
}

#[test]
fn a_trial_worsens_slopes_and_steps() {
    let text = config(ONE_LOOK, "load, statistic: trend", "<= baseline + 25%/h");
    let trial = Workshop::new(&text, &both_arms(&SERVICE, 60 * 40, 3)).json("calibrate");
    let tally = |trial: &Value, of: &str, what: &str| trial["criteria"][0][of][what].as_u64().unwrap();
    assert!(tally(&trial, "at_the_margin", "pass") <= 5, "{trial}");
    assert!(tally(&trial, "at_twice_the_margin", "fail") >= 32, "{trial}");
    assert_eq!(tally(&trial, "healthy", "fail"), 0, "{trial}");
    let text = config("soak: 4h", "errors, steps_beyond: \"> 3%\"", "<= 10%");
    let trial = Workshop::new(&text, &both_arms(&SERVICE, 240 * 30, 3)).json("calibrate");
    assert!(tally(&trial, "at_the_margin", "pass") <= 4, "{trial}");
    assert!(tally(&trial, "at_twice_the_margin", "fail") >= 20, "{trial}");
    assert_eq!(tally(&trial, "healthy", "fail"), 0, "{trial}");
}

#[test]
fn several_days_are_tried_on_many_days() {
    // a day has a level of its own: 3 % from day to day
    let mut text = "ts,requests,errors,load\n".to_owned();
    let mut noise = Noise(77);
    for day in 0..40 {
        let level = (0.03 * noise.normal()).exp();
        for minute in (0..1440).step_by(10) {
            let at = time(day * 1440 + minute);
            let load = 100.0 * level * (0.02 * noise.normal()).exp();
            writeln!(text, "{at},3000,{},{load:.3}", noise.poisson(30.0)).unwrap();
        }
    }
    let days = "window: { from: 2026-04-08T09:00:00Z, to: 2026-04-08T11:00:00Z, step: 10m, baseline: { days: 10 } }";
    let configuration = config(days, "load", "<= baseline + 15%");
    let shop = Workshop::new(&configuration, &text);
    let plan = shop.json("plan");
    let foreseen = &plan["criteria"][0];
    assert!((foreseen["usual"].as_f64().unwrap() - 100.0).abs() < 3.0, "{plan}");
    assert!(foreseen["passes_after_seconds"].as_f64().unwrap() <= 7_200.0, "{plan}");
    assert!((0.1..0.35).contains(&(foreseen["detectable"].as_f64().unwrap() / 100.0 - 1.0)), "{plan}");
    let trial = shop.json("calibrate");
    assert_eq!(trial["windows"].as_u64(), Some(100), "{trial}");
    let healthy = &trial["criteria"][0]["healthy"];
    assert!(healthy["fail"].as_u64().unwrap() <= 8 && healthy["pass"].as_u64().unwrap() >= 80, "{trial}");
    assert!(trial["criteria"][0]["at_twice_the_margin"]["fail"].as_u64().unwrap() >= 80, "{trial}");
    let said = shop.text(&["calibrate", "canary.yaml", "--history", "history.csv"]);
    assert!(said.contains("each compared with its earlier days") && said.contains("days in common"), "{said}");
    // the configuration's own data are the days of one window alone
    let (code, why) = shop.error(&["plan", "canary.yaml"]);
    assert!(code == 2 && why.contains("give `--history FILE_OR_FOLDER`"), "{code} {why}");
    let (code, why) = Workshop::new(&configuration, &text[..text.len() / 8]).error(&[
        "calibrate",
        "canary.yaml",
        "--history",
        "history.csv",
    ]);
    assert!(code != 0 && why.contains("history"), "{code} {why}");
    let short = Workshop::new(&configuration, &text[..text.len() / 8]).json("plan");
    let why = short["criteria"][0]["not_planned"].as_str().unwrap().to_owned();
    assert!(why.contains("no room for 3 of 15 min: give one of 10 d 1 h and more"), "{why}");
}

#[test]
fn a_plan_says_why_healthy_windows_do_not_pass() {
    let mut text = "ts,requests,errors,load\n".to_owned();
    let mut noise = Noise(5);
    for minute in 0..3_000 {
        // three of five minutes are not measured
        let load = if minute % 5 < 2 { format!("{:.3}", 100.0 * (0.02 * noise.normal()).exp()) } else { String::new() };
        writeln!(text, "{},300,{},{load}", time(minute), noise.poisson(3.0)).unwrap();
    }
    let configuration = config(ONE_LOOK, "load, statistic: trend", "<= baseline + 25%/h");
    let said = Workshop::new(&configuration, &text).text(&["plan", "canary.yaml", "--history", "history.csv"]);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("did not pass in 80 % of windows up to"), "{said}");
    assert!(flat.contains("most of those have data in too few steps (`policy: { min_coverage: … }`)"), "{said}");
}

fn interval(counted: &Value) -> (f64, f64) {
    (counted["fail_rate_low"].as_f64().unwrap(), counted["fail_rate_high"].as_f64().unwrap())
}

#[test]
fn a_trial_on_independent_history_finds_the_level_the_noise_and_the_spread() {
    // no margin at all, so that healthy windows lie exactly on the limit and fail as often as the level allows
    let text = config(ONE_LOOK, "load", "<= baseline");
    let trial = Workshop::new(&text, &both_arms(&SERVICE, 60 * 200, 3)).json("calibrate");
    assert_eq!((trial["windows"].as_u64(), trial["windows_overlap"].as_str()), (Some(200), Some("no")));
    let (low, high) = interval(&trial["verdict"]);
    assert!(low <= 0.05 && high > 0.0 && high < 0.10, "false fails between {low} and {high}");

    let text = config(ONE_LOOK, "errors", "<= baseline + 50%");
    for phi in [1.0, 3.0] {
        let service = Service { phi, ..SERVICE };
        let trial = Workshop::new(&text, &both_arms(&service, 60 * 100, 5)).json("calibrate");
        let criterion = &trial["criteria"][0];
        let found = trial["design_effects"][0]["phi"].as_f64().unwrap();
        assert!((found / phi - 1.0).abs() < 0.12, "phi {found}, not {phi}");
        // two arms of 180 events each: the variance of the log-ratio is phi / 180 + phi / 180
        let (tau, expected) = (criterion["spread"]["tau"].as_f64().unwrap(), (2.0 * phi / 180.0).sqrt());
        assert!((tau / expected - 1.0).abs() < 0.2, "tau {tau}, not {expected}");
        let margin = criterion["spread"]["margin"].as_f64().unwrap();
        assert!(margin >= 2.0 * tau * 0.999 && margin <= 3.0 * tau, "margin {margin} for tau {tau}");
        let at_margin = &criterion["at_the_margin"];
        let false_pass = at_margin["pass_rate_low"].as_f64().unwrap();
        assert!(false_pass <= 0.05, "at the margin at least {false_pass} pass");
        let failing = at_margin["fail"].as_u64().unwrap();
        assert!(failing <= 10, "{failing} of 100 fail at the margin, where 5 % may");
        let found = criterion["at_twice_the_margin"]["fail"].as_u64().unwrap();
        assert!(if phi == 1.0 { found > 70 } else { (15..85).contains(&found) }, "{found} of 100 found");
        assert_eq!(interval(&trial["verdict"]).0, 0.0);
    }
}

#[test]
fn every_look_of_a_planned_soak_is_taken() {
    let text = config(PLANNED, "load", "<= baseline + 5%");
    let shop = Workshop::new(&text, &both_arms(&SERVICE, 60 * 12, 3));
    let trial = shop.json("calibrate");
    assert_eq!((trial["windows"].as_u64(), trial["looks"].as_u64()), (Some(12), Some(6)));
    assert_eq!(trial["verdict"]["fail"].as_u64(), Some(0));
    assert!(trial["criteria"][0]["at_twice_the_margin"]["fail"].as_u64().unwrap() >= 6);
}

#[test]
fn one_arm_is_compared_with_its_own_past_and_thinned_to_the_share() {
    let split = "soak: 1h\ntraffic: { canary: 10% }";
    let text = config(split, "errors", "<= baseline + 50%");
    let shop = Workshop::new(&text, &one_arm(&SERVICE, 60 * 48, 9));
    let trial = shop.json("calibrate");
    // blocks take turns as baseline and canary, so that no two pairs share an hour
    assert_eq!((trial["arms_in_history"].as_str(), trial["windows"].as_u64()), (Some("one"), Some(24)));
    assert_eq!(trial["compared_with_seconds_earlier"].as_u64(), Some(3600));
    // 18 events in the canary, 162 in the baseline
    let (tau, expected) =
        (trial["criteria"][0]["spread"]["tau"].as_f64().unwrap(), (1.0_f64 / 18.0 + 1.0 / 162.0).sqrt());
    assert!((tau / expected - 1.0).abs() < 0.35, "tau {tau}, not {expected}");
    let said = shop.text(&["calibrate", "canary.yaml", "--history", "history.csv"]);
    assert!(said.contains("each compared with the one just before") && said.contains("counts as noise"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");

    // two days and an earlier baseline: the same time of the day before
    let daily = "window: { from: 2026-03-01T00:00:00Z, to: 2026-03-01T01:00:00Z, baseline: { ago: 7d } }";
    let text = config(daily, "errors", "<= baseline + 50%");
    let trial = Workshop::new(&text, &one_arm(&SERVICE, 60 * 48, 9)).json("calibrate");
    assert_eq!(trial["compared_with_seconds_earlier"].as_u64(), Some(86_400));
    assert_eq!(trial["windows"].as_u64(), Some(24));
}

#[test]
fn what_cannot_be_decided_is_said_with_what_to_do() {
    let low = Service { requests: 10.0, errors: 0.005, ..SERVICE };
    let text = config("soak: 1h", "errors", "<= baseline + 50%");
    let shop = Workshop::new(&text, &both_arms(&low, 60 * 24, 4));
    let said = shop.text(&["plan", "canary.yaml", "--history", "history.csv"]);
    let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains("1 criterion of 1 will not let a healthy canary pass in 1 h"), "{said}");
    assert!(joined.contains("bad requests") && joined.contains("use a threshold such as `<= "), "{said}");
    assert!(joined.contains("or soak for "), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");

    // what is advised keeps its promise: with the threshold, it passes in time
    let advised = joined.split("threshold such as `").nth(1).unwrap().split('`').next().unwrap();
    let plan = Workshop::new(&config("soak: 1h", "errors", advised), &both_arms(&low, 60 * 24, 4)).json("plan");
    assert!(plan["criteria"][0]["passes_after_seconds"].as_f64().unwrap() <= 3600.0, "{advised}: {plan:#}");

    let bare = Workshop::new(&config("soak: 1h", "load", "<= baseline"), &both_arms(&SERVICE, 600, 4));
    let said = bare.text(&["plan", "canary.yaml", "--history", "history.csv"]);
    assert!(said.contains("without a margin"), "{said}");
    let broken = Workshop::new(&config("soak: 1h", "load", "<= 90"), &both_arms(&SERVICE, 600, 4));
    let said = broken.text(&["plan", "canary.yaml", "--history", "history.csv"]);
    assert!(said.contains("is not within the limit"), "{said}");
}

#[test]
fn mistakes_are_answered_with_their_remedy() {
    let text = config("soak: 1h", "errors", "<= baseline + 50%");
    let shop = Workshop::new(&text, &both_arms(&SERVICE, 20, 1));
    let (code, said) = shop.error(&["plan", "canary.yaml"]);
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("now.csv") && said.contains("--history"), "{said}");
    for command in ["plan", "calibrate"] {
        let (code, said) = shop.error(&[command, "canary.yaml", "--history", "nowhere.csv"]);
        assert!(code == 69 && said.contains("nowhere.csv"), "{code} {said}");
        let (code, said) = shop.error(&[command, "canary.yaml", "--history", "."]);
        assert!(code == 65 && said.contains("now.csv") && said.contains("same name"), "{code} {said}");
    }
    let (code, said) = shop.error(&["calibrate", "canary.yaml", "--history", "history.csv"]);
    assert!(code == 65 && said.contains("20 min long") && said.contains("one window is 1 h"), "{code} {said}");
    let other = Workshop::new(&text, &both_arms(&SERVICE, 90, 1).replace("errors", "failures"));
    let (code, said) = other.error(&["calibrate", "canary.yaml", "--history", "history.csv"]);
    assert!(code == 65 && said.contains("\"errors\" is not a column") && said.contains("failures"), "{code} {said}");
}

#[test]
fn the_same_history_gives_the_same_bytes_in_every_form() {
    let text = config("soak: 1h\ntraffic: { canary: 20% }", "errors", "<= baseline + 50%");
    let shop = Workshop::new(&text, &one_arm(&SERVICE, 60 * 10, 2));
    for command in ["plan", "calibrate"] {
        for format in ["text", "markdown", "json"] {
            let arguments = [command, "canary.yaml", "--history", "history.csv", "--format", format];
            let (once, again) = (shop.text(&arguments), shop.text(&arguments));
            assert_eq!(once, again);
            assert!(once.len() > 500, "{once}");
        }
        let markdown = shop.text(&[command, "canary.yaml", "--history", "history.csv", "--format", "markdown"]);
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let tables = markdown.lines().filter(|line| line.starts_with('|')).map(cells).collect::<Vec<_>>();
        assert!(tables.len() >= 3 && tables[0] == tables[1] && tables[1] == tables[2], "{markdown}");
    }
}
