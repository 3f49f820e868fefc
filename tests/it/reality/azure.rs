//! The same benchmark on thousands of fresh machines over a year: noise nobody modelled, and no fault.
//!
//! Rows taken in turn by the two arms are a true A/A: both see the same months and the same mixture of hardware.
//! Judged without any margin the arms stand exactly on the limit, so the level is what must come out. Some of the
//! series are bimodal (two hardware generations under one name), many are full of ties. Rows have irregular times,
//! and one per machine; the grid of steps they are laid on is made up.

use std::path::Path;

use davy::judge::verdict::Outcome::{self, Fail, Pass};

use super::{Tally, csv, judge, shared};

/// File, and which way is worse.
const BENCHMARKS: [(&str, &str); 3] = [
    ("pg-sf25-c25-readonly.latency-ms", "<= baseline +"),
    ("pg-sf2500-c25-readwrite.latency-ms", "<= baseline +"),
    ("redis-get.rps", ">= baseline -"),
];
const STEPS: usize = 60;

/// The values in the order of time.
fn values(root: &Path, benchmark: &str, machine: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(root.join(format!("{benchmark}.{machine}.csv"))).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let mut rows: Vec<(String, f64)> = rows.map(|row| (row[2].to_owned(), row[0].parse().unwrap())).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.into_iter().map(|(_, value)| value).collect()
}

/// The arms' values, step by step, under each of the bounds alone.
fn judged(folder: &Path, arms: [Vec<f64>; 2], bounds: &[String]) -> Vec<Outcome> {
    for (name, values) in ["baseline.csv", "canary.csv"].into_iter().zip(arms) {
        let rows = values.into_iter().enumerate().map(|(i, value)| (1_700_000_100 + 300 * i as i64, vec![value]));
        std::fs::write(folder.join(name), csv("value", rows)).unwrap();
    }
    let criteria = bounds.iter().map(|pass| format!("{{ metric: m, pass: \"{pass}\" }}")).collect::<Vec<_>>();
    let yaml = format!(
        "name: noise\nsources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n\
         metrics: {{ m: {{ gauge: {{ value: value, unit: units }} }} }}\ncriteria: [{}]\n",
        criteria.join(", ")
    );
    judge(folder, &yaml).unwrap().findings.iter().map(|finding| finding.outcome).collect()
}

#[test]
fn the_same_machines_in_turn_are_failed_no_more_often_than_the_level_says() {
    let Some(root) = shared("azure-vm-noise") else { return };
    let folder = tempfile::tempdir().unwrap();
    let margins = ["0%", "5%"];
    let mut all = margins.map(|_| Tally::default());
    for ((benchmark, bound), machine) in BENCHMARKS.iter().flat_map(|b| ["D8s_v5", "B8ms"].map(|m| (b, m))) {
        let bounds = margins.map(|margin| format!("{bound} {margin}"));
        let mut tallies = margins.map(|_| Tally::default());
        for block in values(&root, benchmark, machine).chunks_exact(2 * STEPS) {
            let turn = |first: usize| block.iter().copied().skip(first).step_by(2).collect();
            let outcomes = judged(folder.path(), [turn(0), turn(1)], &bounds);
            tallies.iter_mut().zip(outcomes).for_each(|(tally, outcome)| tally.add(outcome));
        }
        for (i, tally) in tallies.iter().enumerate() {
            println!("{} {:45} {}", margins[i], format!("{benchmark}.{machine}"), tally.told());
            assert!(tally.all() >= 98 && tally.share(Fail) <= 0.05, "{benchmark}.{machine}: {}", tally.told());
            all[i] = all[i].and(tally);
        }
    }
    let [none, five] = all;
    println!("0% {:45} {}\n5% {:45} {}", "all", none.told(), "all", five.told());
    assert!(none.share(Fail) <= 0.05 && none.share(Pass) <= 0.05, "{}", none.told());
    assert_eq!(five.of(Fail), 0, "{}", five.told());
}

#[test]
fn an_older_machine_is_failed() {
    let Some(root) = shared("azure-vm-noise") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (benchmark, bound) in BENCHMARKS {
        let [newer, older] = ["D8s_v5", "B8ms"].map(|machine| values(&root, benchmark, machine));
        let mut tally = Tally::default();
        for (newer, older) in newer.chunks_exact(STEPS).zip(older.chunks_exact(STEPS)).step_by(4) {
            tally.add(judged(folder.path(), [newer.to_vec(), older.to_vec()], &[format!("{bound} 5%")])[0]);
        }
        println!("{benchmark:45} {}", tally.told());
        assert!(tally.of(Pass) == 0 && tally.share(Fail) >= 0.9, "{benchmark}: {}", tally.told());
    }
}
