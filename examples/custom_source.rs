//! A source of your own: text that davy does not read becomes a dataset, and a verdict becomes Markdown.
//!
//! The text is what a load balancer prints: a minute, an arm, and how the requests ended. `cargo run --example custom_source`

use std::collections::BTreeMap;
use std::error::Error;

use davy::judge::judge;
use davy::judge::rules::{Metric, Rules};
use davy::report::{self, Document, Format, Style};
use davy::series::{Arm, Dataset, Pair, Series, SignedDuration, Timestamp};

const TEXT: &str = "\
12:00 blue  ok=998 failed=2
12:00 green ok=996 failed=4
12:01 blue  ok=1003 failed=1
12:01 green ok=989 failed=5
12:02 blue  ok=1001 failed=3
12:02 green ok=1000 failed=2
12:03 blue  ok=995 failed=1
12:03 green ok=998 failed=4
12:04 blue  ok=990 failed=2
12:04 green ok=1004 failed=3
";

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", markdown(TEXT)?);
    Ok(())
}

/// The report on such a text.
pub fn markdown(text: &str) -> Result<String, Box<dyn Error>> {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    let mut arms: Pair<BTreeMap<Timestamp, (u64, u64)>> = Pair::default();
    for (number, line) in text.lines().enumerate() {
        let wrong = || format!("line {}: `{line}` is not `MINUTE ARM ok=N failed=N`", number + 1);
        let words: Vec<&str> = line.split_whitespace().collect();
        let [minute, arm, ok, failed] = words.as_slice() else { return Err(wrong().into()) };
        let count = |word: &str, key: &str| word.strip_prefix(key)?.parse::<u64>().ok();
        let time: Timestamp = format!("2026-03-01T{minute}:00Z").parse().map_err(|_| wrong())?;
        let (ok, failed) = count(ok, "ok=").zip(count(failed, "failed=")).ok_or_else(wrong)?;
        let arm = if *arm == "green" { Arm::Canary } else { Arm::Baseline };
        // a minute that is not written stays absent: it is not a zero
        arms.get_mut(arm).insert(time, (ok + failed, failed));
    }

    let series = |arm: &BTreeMap<Timestamp, (u64, u64)>| {
        let (total, bad) = arm.values().copied().unzip();
        Series::counts(arm.keys().copied().collect(), total, bad)
    };
    let minutes = u32::try_from(arms.canary.len().max(arms.baseline.len()))?;
    let data = Dataset::steps(start, SignedDuration::from_mins(1), minutes)?;
    let data = data.metric("errors", series(&arms.baseline)?, series(&arms.canary)?)?;

    let rules = Rules::new("load balancer")
        .metric("errors", Metric::bad_share("requests"))
        .must("errors", "<= 2%")?
        .must("errors", "<= baseline + 1pp")?;
    let verdict = judge(&rules, &data);
    Ok(report::render(&Document::from(&verdict), Format::Markdown, &Style::default()))
}
