//! How soon planned looks answer: an hour, looked at every five minutes, from the fifth on.

use davy::judge::verdict::Outcome;
use davy::series::SignedDuration;

use super::question::Question;
use super::situation::{Change, HEALTHY, Onset, Shape, Situation, Truth};
use super::{OTHERS, mean, median};
use crate::soaks::cells::on_threads;
use crate::soaks::noise::Noise;

const MINUTES: usize = 60;
const EVERY: usize = 5;
const LINES: &str = "soak: 1h\nevery: 5m\n";
/// The minutes by which the share of failed soaks is told.
pub const BY: [usize; 5] = [10, 15, 20, 45, 60];

/// A canary that has become worse, and what is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Incident {
    /// Its name in tables.
    pub name: &'static str,
    /// The service.
    pub situation: Situation,
    /// What is true.
    pub truth: Truth,
    /// The other criteria that share the chance of a false alarm.
    pub others: usize,
}

const BY_MINUTE: Situation =
    Situation { steps: 60, seconds: 60, shape: Shape::Gauge, spread: 0.1, phi: 0.3, margin: 0.1 };
const BY_FIVE_MINUTES: Situation = Situation { steps: 12, seconds: 300, spread: 0.05, ..BY_MINUTE };
const ERRORS: Situation = Situation {
    shape: Shape::Rate { requests: 300.0, rate: 0.01, share: 0.5 },
    spread: 0.0,
    phi: 0.0,
    margin: 0.0,
    ..BY_MINUTE
};

const fn times(name: &'static str, times: f64, onset: Onset) -> Truth {
    Truth { name, change: Change::Times(times), onset }
}

/// All of them.
pub const INCIDENTS: [Incident; 5] = [
    Incident {
        name: "looks/p95 per minute x2",
        situation: BY_MINUTE,
        truth: times("x2", 2.0, Onset::Beginning),
        others: OTHERS,
    },
    Incident {
        name: "looks/p95 per five minutes x2",
        situation: BY_FIVE_MINUTES,
        truth: times("x2", 2.0, Onset::Beginning),
        others: OTHERS,
    },
    Incident { name: "looks/errors x5", situation: ERRORS, truth: times("x5", 5.0, Onset::Beginning), others: 0 },
    Incident { name: "looks/errors x2", situation: ERRORS, truth: times("x2", 2.0, Onset::Beginning), others: 0 },
    Incident {
        name: "looks/p95 per minute x2 from minute 30 on",
        situation: BY_MINUTE,
        truth: times("x2 from the middle on", 2.0, Onset::Middle),
        others: OTHERS,
    },
];

/// When the soaks of one incident failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// The incident's name.
    pub name: &'static str,
    /// The median minute of the first Fail, if at least half of the soaks have one.
    pub median_minute: Option<f64>,
    /// The share of soaks that have failed by the minutes of [`BY`].
    pub failed: [f64; 5],
    /// The share of soaks that fail though the canary is healthy.
    pub false_alarms: f64,
}

impl Incident {
    /// Draws so many soaks, and as many healthy ones, and looks at each until it fails.
    pub fn measure(&self, soaks: usize, seed: u64, threads: usize) -> Detected {
        let question = Question::of(&self.situation, self.others, LINES);
        let minutes_of = |truth: &Truth| -> Vec<f64> {
            let name = self.situation.name();
            on_threads(threads, soaks, |soak| {
                let mut noise = Noise::of(seed, &name, truth.name, soak);
                self.first_fail(&question, truth, &mut noise).map_or(f64::INFINITY, |minute| minute as f64)
            })
        };
        let mut minutes = minutes_of(&self.truth);
        minutes.sort_unstable_by(f64::total_cmp);
        let share = |minutes: &[f64], by: usize| mean(minutes.iter().map(|m| f64::from(u8::from(*m <= by as f64))));
        Detected {
            name: self.name,
            median_minute: Some(median(&minutes)).filter(|minute| minute.is_finite()),
            failed: BY.map(|by| share(&minutes, by)),
            false_alarms: share(&minutes_of(&HEALTHY), MINUTES),
        }
    }

    fn first_fail(&self, question: &Question, truth: &Truth, noise: &mut Noise) -> Option<usize> {
        let data = question.dataset(&self.situation, &self.situation.draw(truth, noise));
        let start = data.windows.canary.start;
        let fails = |minute: &usize| {
            let seen = data.until(start + SignedDuration::from_mins(*minute as i64));
            question.ask(&seen).outcome == Outcome::Fail
        };
        (EVERY..=MINUTES).step_by(EVERY).find(fails)
    }
}
