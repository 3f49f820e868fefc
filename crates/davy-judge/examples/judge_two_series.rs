//! Judges two arms that a program has in memory: error rates, and the latency of each request.
//!
//! `cargo run --package davy-judge --example judge_two_series`

use std::error::Error;

use davy_judge::judge;
use davy_judge::rules::{Metric, Rules};
use davy_judge::series::{Dataset, Series, SignedDuration};
use davy_judge::verdict::Verdict;

fn main() -> Result<(), Box<dyn Error>> {
    let verdict = verdict()?;
    println!("{}", verdict.summary);
    for finding in &verdict.findings {
        println!("  {}: {}", finding.criterion, finding.sentence);
    }
    Ok(())
}

/// What the judge says of an hour in which the canary is slower and has no more errors.
pub fn verdict() -> Result<Verdict, Box<dyn Error>> {
    let data = Dataset::steps("2026-03-01T12:00:00Z".parse()?, SignedDuration::from_mins(1), 60)?;

    // 1,000 requests a minute and a few errors, in both arms alike
    let errors = |shift: u64| {
        let bad = (0..60).map(|minute| (minute * 7 + shift) % 5).collect();
        Series::counts(data.times(), vec![1_000; 60], bad)
    };

    // 20 requests a minute are measured; the canary takes a third longer
    let latencies = |factor: f64| {
        let times =
            data.times().into_iter().flat_map(|minute| (0..20).map(move |i| minute + SignedDuration::from_secs(3 * i)));
        let values = (0..1_200_u32).map(|i| factor * (80.0 + f64::from(i * 7_919 % 97)));
        Series::values(times.collect(), values.collect())
    };

    let rules = Rules::new("checkout")
        .metric("errors", Metric::bad_share("requests"))
        .metric("latency", Metric::latencies())
        .must("errors", "<= baseline + 0.5pp")?
        .must("latency", "p95 <= baseline + 10%")?;
    let data =
        data.clone().metric("errors", errors(0)?, errors(3)?)?.metric("latency", latencies(1.0)?, latencies(1.33)?)?;
    Ok(judge(&rules, &data))
}
