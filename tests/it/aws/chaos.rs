//! A network that fails may keep davy from an answer, and never change it.
//!
//! Hundreds of runs of the binary behind a proxy with faults from a seed: each ends in time, with the very bytes that an
//! undisturbed run answers or with exit code 69 and a sentence. Half of the runs ask about a healthy canary, half about one
//! that fails: a fault that could turn either into the other would be seen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::davy;
use super::proxy::{Fault, Memory, Proxy};
use super::server::Server;

const RUNS: u64 = 520;
const TOGETHER: usize = 6;
/// A run has a handful of calls one after the other, each with its deadline.
const BOUND: Duration = Duration::from_secs(30);
const UNREACHABLE: i32 = 69;

/// A rate, a percentile and rows of a query: pages to turn, and an answer to wait for.
const CONFIG: &str = r#"
name: chaos
arms: { baseline: { version: "41" }, canary: { version: "42" } }
window: { from: 2026-05-19T09:00:00Z, to: 2026-05-19T10:00:00Z, step: 5m }
sources:
  lambda:
    cloudwatch:
      region: us-east-1
      namespace: AWS/Lambda
      dimensions: { FunctionName: lego-api, Resource: "lego-api:live", ExecutedVersion: "${version}" }
      deadline: 3s
  logs: { logs_insights: { region: us-east-1, log_groups: [/aws/lambda/lego-api], deadline: 4s } }
metrics:
  errors: { source: lambda, rate: { bad: Errors, total: Invocations } }
  latency_p95: { source: lambda, gauge: { metric: Duration, stat: p95, unit: ms } }
  cache_hits: { source: logs, rate: { query: "filter @logStream like \"[${version}]\" | stats sum(hit) as hits, sum(miss) as misses by bin(5m)", good: hits, bad: misses } }
criteria:
  - { metric: errors, pass: "< 0.1%" }
  - { metric: latency_p95, pass: "< LIMIT" }
  - { metric: cache_hits, pass: "> 80%" }
"#;

/// What came of all runs.
#[derive(Default)]
struct Seen {
    right: usize,
    unreachable: usize,
    longest: Duration,
    wrong: Vec<String>,
    faults: BTreeMap<Fault, usize>,
}

/// How a canary is asked about, with what is answered when nothing is in the way.
struct Asked {
    limit: &'static str,
    code: i32,
    answer: Vec<u8>,
}

fn run(folder: &Path, limit: &str, url: &str) -> std::process::Output {
    let mut judge = davy(folder);
    judge.env("AWS_ENDPOINT_URL", url).timeout(BOUND);
    judge.arg("judge").arg(format!("{limit}.yaml")).args(["--format", "json", "--now", "2026-05-19T10:06:00Z"]);
    judge.output().unwrap()
}

impl Seen {
    fn take(&mut self, seed: u64, asked: &Asked, output: &std::process::Output, took: Duration) {
        self.longest = self.longest.max(took);
        let told = String::from_utf8_lossy(&output.stderr);
        let spoke = told.lines().any(|line| line.starts_with("error: ") && line.split(' ').count() > 3);
        match output.status.code() {
            _ if told.contains("panicked") => self.wrong.push(format!("seed {seed} panics: {told}")),
            Some(code) if code == asked.code && output.stdout == asked.answer => self.right += 1,
            Some(UNREACHABLE) if spoke && output.stdout.is_empty() => self.unreachable += 1,
            code => {
                let answer = String::from_utf8_lossy(&output.stdout);
                let answer: String = answer.chars().take(300).collect();
                self.wrong.push(format!("seed {seed} ends with {code:?} after {took:?}: {told}{answer}"));
            }
        }
    }
}

#[test]
fn whatever_the_network_does_the_answer_is_right_or_there_is_none() {
    let Some(server) = Server::start(&["--page-size", "5"]) else { return };
    server.seed("redis-migration", "5-healthy");
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory::of(&server.address));
    let asked = ["100ms", "10ms"].map(|limit| {
        std::fs::write(folder.path().join(format!("{limit}.yaml")), CONFIG.replace("LIMIT", limit)).unwrap();
        let calm = Proxy::start(&memory, 0, 0);
        let output = run(folder.path(), limit, &calm.url);
        let code = output.status.code().unwrap();
        assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Asked { limit, code, answer: output.stdout }
    });
    assert_eq!(asked[0].code, 0);
    assert_ne!(asked[1].code, 0);
    let (next, seen) = (AtomicU64::new(0), Mutex::new(Seen::default()));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= RUNS {
                        return;
                    }
                    let asked = &asked[seed as usize % 2];
                    let permille = [50, 100, 200, 350][seed as usize / 2 % 4];
                    let proxy = Proxy::start(&memory, seed, permille);
                    let start = Instant::now();
                    let output = run(folder.path(), asked.limit, &proxy.url);
                    let mut seen = seen.lock().unwrap();
                    seen.take(seed, asked, &output, start.elapsed());
                    for (fault, times) in proxy.drawn() {
                        *seen.faults.entry(fault).or_default() += times;
                    }
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    println!(
        "{RUNS} runs in {:.0?}: {} right, {} unreachable, the longest {:.1?}; faults {:?}",
        began.elapsed(),
        seen.right,
        seen.unreachable,
        seen.longest,
        seen.faults
    );
    assert!(seen.wrong.is_empty(), "{} wrong:\n{}", seen.wrong.len(), seen.wrong[..seen.wrong.len().min(5)].join("\n"));
    assert!(seen.right > 0 && seen.unreachable > 0);
    assert_eq!(seen.faults.len(), 10, "not every fault was tried");
    assert!(seen.longest < BOUND);
}
