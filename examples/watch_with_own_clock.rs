//! A soak of an hour with a clock of your own: planned looks, until one of them is an answer.
//!
//! The program decides what time is and where data comes from. So a test of a soak takes milliseconds.
//! `cargo run --example watch_with_own_clock`

use std::error::Error;
use std::ops::ControlFlow;

use davy::judge::rules::{Looks, Metric, Rules};
use davy::series::{Dataset, Flaw, Series, SignedDuration, Timestamp};
use davy::watch::{End, Schedule, Taken, Trouble, World, watch};

fn main() -> Result<(), Box<dyn Error>> {
    for line in soak(12)? {
        println!("{line}");
    }
    Ok(())
}

/// What each look says while the canary has `bad` errors in 1,000 requests, and the baseline 4.
pub fn soak(bad: u64) -> Result<Vec<String>, Box<dyn Error>> {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    let (soak, every) = (SignedDuration::from_mins(60), SignedDuration::from_mins(15));
    let schedule = Schedule { start, every, soak: Some(soak), settle: SignedDuration::from_mins(1) };
    let rules = Rules::new("checkout")
        .metric("errors", Metric::bad_share("requests"))
        .must("errors", "<= baseline + 0.5pp")?
        .looks(Looks::Planned { soak, every: Some(every) });

    let mut simulated = Simulated { now: start, bad, said: Vec::new() };
    match watch(&rules, &schedule, 1, 3, &mut simulated) {
        End::Answered => Ok(simulated.said),
        End::Interrupted => Err("interrupted".into()),
        End::Failed(error) => Err(error.into()),
    }
}

struct Simulated {
    now: Timestamp,
    bad: u64,
    said: Vec<String>,
}

impl World for Simulated {
    type Error = Flaw;

    fn now(&self) -> Timestamp {
        self.now
    }

    /// Time passes at once.
    fn wait(&mut self, until: Timestamp) -> ControlFlow<()> {
        self.now = self.now.max(until);
        ControlFlow::Continue(())
    }

    /// The rules plan four looks, so the window is the whole soak, and its points end with the look.
    fn fetch(&mut self, until: Timestamp) -> Result<Dataset, Trouble<Flaw>> {
        let data = || {
            let start: Timestamp = "2026-03-01T12:00:00Z".parse().map_err(|_| Flaw::NoTime)?;
            let data = Dataset::steps(start, SignedDuration::from_mins(1), 60)?;
            let times: Vec<Timestamp> = data.times().into_iter().filter(|time| *time < until).collect();
            let arm = |bad| Series::counts(times.clone(), vec![1_000; times.len()], vec![bad; times.len()]);
            data.metric("errors", arm(4)?, arm(self.bad)?)
        };
        data().map_err(Trouble::Lasting)
    }

    fn looked(&mut self, taken: Taken) -> Result<(), Flaw> {
        self.said.push(format!("look {} at {}: {}", taken.look, self.now, taken.verdict.summary));
        Ok(())
    }

    fn troubled(&mut self, error: &Flaw, times: usize, again: Timestamp) {
        self.said.push(format!("attempt {times}: {error}; the next one is at {again}"));
    }
}
