//! The same benchmark on thousands of fresh machines over a year: noise nobody modelled, and no fault.
//!
//! Rows taken in turn by the two arms are a true A/A: both see the same months and the same mixture of hardware.
//! Judged without any margin the arms stand exactly on the limit, so the level is what must come out. Some of the
//! series are bimodal (two hardware generations under one name), many are full of ties. Rows have irregular times,
//! and one per machine; the grid of steps they are laid on is made up.

use std::path::Path;

use davy::judge::verdict::Outcome::{Fail, Pass};

use super::table::{Answers, Judged, Section, Truth};
use super::{Tally, csv, judge, judge_each_step};

/// File, and which way is worse.
const BENCHMARKS: [(&str, &str); 3] = [
    ("pg-sf25-c25-readonly.latency-ms", "<= baseline +"),
    ("pg-sf2500-c25-readwrite.latency-ms", "<= baseline +"),
    ("redis-get.rps", ">= baseline -"),
];
const STEPS: usize = 60;
const STEP: i64 = 300;

/// The values in the order of time.
fn values(root: &Path, benchmark: &str, machine: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(root.join(format!("{benchmark}.{machine}.csv"))).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let mut rows: Vec<(String, f64)> = rows.map(|row| (row[2].to_owned(), row[0].parse().unwrap())).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, value)| value).collect()
}

/// Both arms as files, and the gate of one bound; with looks after every step, or without.
fn gate(folder: &Path, arms: [Vec<f64>; 2], bound: &str, looks: bool) -> String {
    for (name, values) in ["baseline.csv", "canary.csv"].into_iter().zip(arms) {
        let rows = values.into_iter().enumerate().map(|(i, value)| (1_700_000_100 + STEP * i as i64, vec![value]));
        std::fs::write(folder.join(name), csv("value", rows)).unwrap();
    }
    let looks = if looks { format!("soak: {}m\nevery: 5m\n", STEPS as i64 * STEP / 60) } else { String::new() };
    format!(
        "name: noise\n{looks}sources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n\
         metrics: {{ m: {{ gauge: {{ value: value, unit: units }} }} }}\n\
         criteria: [{{ name: worse, metric: m, pass: \"{bound}\" }}]\n"
    )
}

fn once(folder: &Path, arms: [Vec<f64>; 2], bound: &str) -> Judged {
    let yaml = gate(folder, arms, bound, false);
    Judged::at_looks([judge(folder, &yaml).unwrap()])
}

fn each_step(folder: &Path, arms: [Vec<f64>; 2], bound: &str) -> Judged {
    let yaml = gate(folder, arms, bound, true);
    judge_each_step(folder, &yaml)
}

const MARGIN: &str = "5 % of one gauge";
const ONCE: &str = "once";
const EACH: &str = "every step of 60";

/// The same machines in turn, without a margin, with one, and the latter at every look.
fn healthy(root: &Path) -> [Answers; 3] {
    let folder = tempfile::tempdir().unwrap();
    let turns = "60 runs against 60 in turn, both sizes";
    let mut all = [
        Answers::new(Truth::Level, "no margin", turns, ONCE),
        Answers::new(Truth::Healthy, MARGIN, turns, ONCE),
        Answers::new(Truth::Healthy, MARGIN, "the same, every third pair", EACH),
    ];
    for ((benchmark, bound), machine) in BENCHMARKS.iter().flat_map(|b| ["D8s_v5", "B8ms"].map(|m| (b, m))) {
        let mut without = Tally::default();
        for (i, block) in values(root, benchmark, machine).chunks_exact(2 * STEPS).enumerate() {
            let turn = |first: usize| block.iter().copied().skip(first).step_by(2).collect::<Vec<_>>();
            let arms = || [turn(0), turn(1)];
            let [none, five] = ["0%", "5%"].map(|margin| format!("{bound} {margin}"));
            let on_the_limit = once(folder.path(), arms(), &none);
            without.add(on_the_limit.outcome);
            all[0].add(&on_the_limit);
            all[1].add(&once(folder.path(), arms(), &five));
            if i % 3 == 0 {
                all[2].add(&each_step(folder.path(), arms(), &five));
            }
        }
        assert!(without.all() >= 98 && without.share(Fail) <= 0.05, "{benchmark}.{machine}: {}", without.told());
    }
    all
}

/// Newer machines are replaced by older ones, from the first step on.
fn faults(root: &Path) -> [Answers; 2] {
    let folder = tempfile::tempdir().unwrap();
    let pairs = "60 runs on D8s_v5 against 60 on B8ms";
    let mut all = [ONCE, EACH].map(|looks| Answers::new(Truth::Fault, MARGIN, pairs, looks));
    for (benchmark, bound) in BENCHMARKS {
        let [newer, older] = ["D8s_v5", "B8ms"].map(|machine| values(root, benchmark, machine));
        for (i, (newer, older)) in newer.chunks_exact(STEPS).zip(older.chunks_exact(STEPS)).step_by(4).enumerate() {
            let (arms, bound) = (|| [newer.to_vec(), older.to_vec()], format!("{bound} 5%"));
            let name = format!("{benchmark}, block {}", 4 * i + 1);
            all[0].add_fault(&name, &once(folder.path(), arms(), &bound), None);
            let looks = each_step(folder.path(), arms(), &bound);
            let delay = looks.failed_at.map(|looks| (looks as i64 * STEP / 60) as f64);
            all[1].add_fault(&name, &looks, delay);
        }
    }
    all
}

pub fn section(root: &Path) -> Section {
    let (healthy, faults) = (healthy(root), faults(root));
    let none = &healthy[0].verdict;
    assert!(none.share(Fail) <= 0.05 && none.share(Pass) <= 0.05, "{}", none.told());
    for answers in &healthy[1..] {
        assert!(answers.verdict.share(Fail) <= 0.02, "{}", answers.verdict.told());
    }
    for answers in &faults {
        assert!(answers.verdict.of(Pass) == 0 && answers.verdict.share(Fail) >= 0.95, "{}", answers.verdict.told());
    }
    Section { title: "Azure VM noise", words: WORDS.to_owned(), answers: healthy.into_iter().chain(faults).collect() }
}

const WORDS: &str = "\
Benchmarks on thousands of fresh machines over a year (pgbench read only and read write, redis-benchmark), one run per machine. Runs taken in turn by two arms are
a true A/A: both see the same months and the same mixture of hardware, bimodal or full of ties as it may be. Sixty runs against sixty, on a grid that is made up
(a run is a step of five minutes). The fault is an older size of machine from the first step on, against the newer one, every fourth block of sixty. One criterion, so it
has the whole 5 %.

With a margin of 5 % hardly any healthy pair fails, at one look or at all (`soak: 5h, every: 5m`; looks begin at the fifth step); with no margin the arms stand on the limit
itself, and the share that fails is within the level. Looking at every step costs power, since the 5 % are
spread over 56 looks and a guard. What it misses is pgbench read write, where the older size is two generations of hardware under one name: most runs of
those blocks take 6 to 8 % longer, hardly more than the margin, and some take more than twice as long. They stay inconclusive. The delay is in the made-up time: 22
runs.";
