//! A service whose every request is known: what its counters showed at each scrape, and what each step really had.
//!
//! The truth is counted from single requests, each with its instant, and not from the counters. Only what no scrape has seen,
//! between the last one and a restart, is left out of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// A whole multiple of five minutes.
pub const START: i64 = 1_750_000_200;
/// Seconds between two scrapes.
pub const SCRAPE: i64 = 15;
/// Seconds that are measured, from ten minutes before the window on.
pub const LASTS: i64 = 5_400;
/// The edges of latencies, in seconds.
pub const EDGES: [f64; 7] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5];

/// One request.
#[derive(Debug, Clone, Copy)]
struct Request {
    /// In milliseconds.
    at: i64,
    is_bad: bool,
    latency: f64,
}

/// What befalls an instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fate {
    pub born: Option<i64>,
    pub dies: Option<i64>,
    pub restarts: Option<i64>,
    /// From and to: nobody scrapes it.
    pub unseen: Option<(i64, i64)>,
    /// Errors only from here on.
    pub fails: Option<i64>,
}

/// An instance with its requests.
#[derive(Debug, Clone)]
struct Instance {
    name: String,
    arm: &'static str,
    fate: Fate,
    requests: Vec<Request>,
    scrapes: Vec<i64>,
}

/// Total and bad requests.
pub type Counts = BTreeMap<i64, (u64, u64)>;

/// The whole service.
#[derive(Debug, Clone)]
pub struct Truth(Vec<Instance>);

impl Truth {
    /// Two arms with everything that can befall an instance.
    pub fn new(seed: u64) -> Truth {
        let of = |name: &str, arm, fate| (name.to_owned(), arm, fate);
        let at = |minutes: i64| Some(START + 60 * minutes);
        let instances = [
            of("10.0.0.1:80", "baseline", Fate::default()),
            of("10.0.0.2:80", "baseline", Fate { restarts: at(21), ..Fate::default() }),
            of("10.0.0.3:80", "baseline", Fate { unseen: at(30).zip(at(33)), ..Fate::default() }),
            of("10.0.1.1:80", "canary", Fate { born: at(17), fails: at(27), ..Fate::default() }),
            of("10.0.1.2:80", "canary", Fate { born: at(19), dies: at(52), ..Fate::default() }),
            of("10.0.1.3:80", "canary", Fate { restarts: at(40), ..Fate::default() }),
        ];
        let made = instances.into_iter().enumerate();
        Truth(made.map(|(i, (name, arm, fate))| Instance::new(name, arm, fate, seed + i as u64)).collect())
    }

    /// Steps of an arm, by their starts, of a window; of one instance if one is named.
    pub fn counts(&self, arm: &str, instance: Option<&str>, (start, end, step): (i64, i64, i64)) -> Counts {
        let mut counts = Counts::new();
        for own in self.0.iter().filter(|own| own.arm == arm && instance.is_none_or(|name| name == own.name)) {
            for (scrape, requests) in own.seen() {
                if start < scrape && scrape <= end {
                    let sum = counts.entry(start + (scrape - start - 1) / step * step).or_default();
                    sum.0 += requests.len() as u64;
                    sum.1 += requests.iter().filter(|request| request.is_bad).count() as u64;
                }
            }
        }
        counts
    }

    /// Requests by the edge up to which they are, of a whole window; the last ones are beyond all.
    pub fn latencies(&self, arm: &str, (start, end): (i64, i64)) -> Vec<u64> {
        let mut counts = vec![0; EDGES.len() + 1];
        for own in self.0.iter().filter(|own| own.arm == arm) {
            for request in own.seen().iter().filter(|(at, _)| start < *at && *at <= end).flat_map(|(_, r)| r) {
                counts[EDGES.partition_point(|edge| *edge < request.latency)] += 1;
            }
        }
        counts
    }

    /// The names of an arm's instances.
    pub fn instances(&self, arm: &str) -> Vec<&str> {
        self.0.iter().filter(|own| own.arm == arm).map(|own| own.name.as_str()).collect()
    }

    /// What the scrapes brought, as OpenMetrics without its end.
    pub fn openmetrics(&self) -> String {
        let (mut counters, mut buckets) = (String::new(), String::new());
        let mut gauges = String::new();
        for own in &self.0 {
            let labels = format!("job=\"api\",instance=\"{}\",version=\"{}\"", own.name, own.arm);
            let mut shown: BTreeMap<&str, Vec<(i64, u64)>> = BTreeMap::new();
            let mut edges: Vec<Vec<(i64, u64)>> = vec![Vec::new(); EDGES.len() + 1];
            for scrape in &own.scrapes {
                let since = own.fate.restarts.filter(|at| at <= scrape).unwrap_or(0) * 1_000;
                let seen = own.requests.iter().filter(|request| since < request.at && request.at <= scrape * 1_000);
                let bad = seen.clone().filter(|request| request.is_bad).count() as u64;
                let all = seen.clone().count() as u64;
                shown.entry("200").or_default().push((*scrape, all - bad));
                // a series of errors is there from the first one on
                if bad > 0 || shown.contains_key("500") && since == 0 {
                    shown.entry("500").or_default().push((*scrape, bad));
                }
                for (edge, samples) in edges.iter_mut().enumerate() {
                    let end = EDGES.get(edge).copied().unwrap_or(f64::INFINITY);
                    samples.push((*scrape, seen.clone().filter(|request| request.latency <= end).count() as u64));
                }
                writeln!(gauges, "queue_length{{{labels}}} {} {scrape}", scrape / 60 % 7).unwrap();
            }
            for (code, samples) in shown {
                for (at, count) in samples {
                    writeln!(counters, "http_requests_total{{{labels},code=\"{code}\"}} {count} {at}").unwrap();
                }
            }
            for (edge, samples) in edges.iter().enumerate() {
                let le = EDGES.get(edge).map_or("+Inf".to_owned(), |edge| format!("{edge:?}"));
                for (at, count) in samples {
                    writeln!(buckets, "latency_seconds_bucket{{{labels},le=\"{le}\"}} {count} {at}").unwrap();
                }
            }
        }
        format!(
            "# TYPE http_requests counter\n{counters}# TYPE latency_seconds_bucket gauge\n{buckets}# TYPE queue_length gauge\n{gauges}"
        )
    }
}

impl Instance {
    fn new(name: String, arm: &'static str, fate: Fate, seed: u64) -> Instance {
        let mut random = Pcg64::seed_from_u64(seed);
        let (born, dies) = (fate.born.unwrap_or(START), fate.dies.unwrap_or(START + LASTS));
        let mut requests = Vec::new();
        let mut at = born * 1_000;
        while at < dies * 1_000 {
            at += 1 + (random.next_u64() % 900) as i64;
            let fails = fate.fails.is_none_or(|from| at > from * 1_000);
            let is_bad = fails && random.next_u64() % 100 < 3;
            // no request is exactly at an edge but some are at one of them
            let latency = match random.next_u64() % 50 {
                0 => 0.25,
                _ => 0.002 * 1.003_f64.powi((random.next_u64() % 2_500) as i32),
            };
            requests.push(Request { at, is_bad, latency });
        }
        // each target is scraped at an offset of its own, which is no whole part of a step
        let offset = (seed % 3) as i64 * 4;
        let is_seen =
            |at: &i64| born < *at && *at <= dies && fate.unseen.is_none_or(|(from, to)| !(from < *at && *at < to));
        let scrapes = (START / SCRAPE * SCRAPE + offset..=START + LASTS).step_by(SCRAPE as usize).filter(is_seen);
        Instance { name, arm, fate, requests, scrapes: scrapes.collect() }
    }

    /// The requests that each scrape saw first: since the scrape before, or since the restart between the two.
    fn seen(&self) -> Vec<(i64, Vec<&Request>)> {
        let mut before = 0;
        let of = |scrape: &i64| {
            let restart = self.fate.restarts.filter(|at| before < *at && at <= scrape).unwrap_or(0);
            let from = before.max(restart) * 1_000;
            let new = self.requests.iter().filter(|request| from < request.at && request.at <= scrape * 1_000);
            let new: Vec<&Request> = new.collect();
            before = *scrape;
            (*scrape, new)
        };
        self.scrapes.iter().map(of).collect()
    }
}
