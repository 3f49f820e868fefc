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

fn judged(folder: &Path, arms: [Vec<f64>; 2], pass: &str) -> Outcome {
    for (name, values) in ["baseline.csv", "canary.csv"].into_iter().zip(arms) {
        let rows = values.into_iter().enumerate().map(|(i, value)| (1_700_000_100 + 300 * i as i64, vec![value]));
        std::fs::write(folder.join(name), csv("value", rows)).unwrap();
    }
    let yaml = format!(
        "name: noise\nsources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n\
         metrics: {{ m: {{ gauge: {{ value: value, unit: units }} }} }}\ncriteria: [{{ metric: m, pass: \"{pass}\" }}]\n"
    );
    judge(folder, &yaml).unwrap().outcome
}

#[test]
fn the_same_machines_in_turn_are_failed_no_more_often_than_the_level_says() {
    let Some(root) = shared("azure-vm-noise") else { return };
    let folder = tempfile::tempdir().unwrap();
    for margin in ["0%", "5%"] {
        let mut all = Tally::default();
        for ((benchmark, bound), machine) in BENCHMARKS.iter().flat_map(|b| ["D8s_v5", "B8ms"].map(|m| (b, m))) {
            let mut tally = Tally::default();
            for block in values(&root, benchmark, machine).chunks_exact(2 * STEPS) {
                let turn = |first: usize| block.iter().copied().skip(first).step_by(2).collect();
                tally.add(judged(folder.path(), [turn(0), turn(1)], &format!("{bound} {margin}")));
            }
            println!("{margin} {:45} {}", format!("{benchmark}.{machine}"), tally.told());
            assert!(tally.all() >= 98 && tally.share(Fail) <= 0.05, "{benchmark}.{machine}: {}", tally.told());
            all = all.and(&tally);
        }
        println!("{margin} {:45} {}", "all", all.told());
        match margin {
            "0%" => assert!(all.share(Fail) <= 0.05 && all.share(Pass) <= 0.05, "{}", all.told()),
            _ => assert_eq!(all.of(Fail), 0, "{}", all.told()),
        }
    }
}

#[test]
fn an_older_machine_is_failed() {
    let Some(root) = shared("azure-vm-noise") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (benchmark, bound) in BENCHMARKS {
        let [newer, older] = ["D8s_v5", "B8ms"].map(|machine| values(&root, benchmark, machine));
        let mut tally = Tally::default();
        for (newer, older) in newer.chunks_exact(STEPS).zip(older.chunks_exact(STEPS)).step_by(4) {
            tally.add(judged(folder.path(), [newer.to_vec(), older.to_vec()], &format!("{bound} 5%")));
        }
        println!("{benchmark:45} {}", tally.told());
        assert!(tally.of(Pass) == 0 && tally.share(Fail) >= 0.9, "{benchmark}: {}", tally.told());
    }
}
