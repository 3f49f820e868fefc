//! From soaks to rates: every soak is judged as each way of looking would have judged it, and the answers counted.
//!
//! A soak is failed at the first look that says Fail. One look at the end, planned looks and open looks are what the
//! judge promises a level for; [`Way::OnceAtLooks`], the judgement for one look repeated, is the misuse that it does
//! not, kept to show that these measurements notice.

use std::sync::atomic::{AtomicUsize, Ordering};

use davy::judge::judge;
use davy::judge::rules::{Looks, Rules};
use davy::series::SignedDuration;
use davy::stats::tail::beta_quantile;

use super::panel::{Panel, Question};
use super::soak::Soak;

/// How often and by which rule a soak is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// One look, at the end.
    Once,
    /// Planned looks.
    Planned,
    /// Looks without a plan.
    Open,
    /// The judgement for one look, at every look.
    OnceAtLooks,
    /// Kayenta's rule, at every look.
    Kayenta,
}

impl Way {
    /// All of them, in the order of tables.
    pub const ALL: [Way; 5] = [Way::Once, Way::Planned, Way::Open, Way::OnceAtLooks, Way::Kayenta];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Way::Once => "once@end",
            Way::Planned => "planned",
            Way::Open => "open",
            Way::OnceAtLooks => "once@looks",
            Way::Kayenta => "kayenta",
        }
    }
}

/// When a soak is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// How long the soak lasts, in minutes.
    pub minutes: usize,
    /// Minutes between looks.
    pub every: usize,
}

impl Schedule {
    /// The minutes after which there is a look; none before the fifth.
    pub fn looks(&self) -> Vec<usize> {
        (self.every.max(5)..=self.minutes).step_by(self.every).collect()
    }

    fn planned(&self) -> Looks {
        let minutes = |n: usize| SignedDuration::from_mins(n as i64);
        Looks::Planned { soak: minutes(self.minutes), every: Some(minutes(self.every)) }
    }
}

/// The minute of the first answer that counts, by question and by the order of [`Way::ALL`].
pub type Hits = Vec<[Option<usize>; 5]>;

/// Judges one soak in every way.
pub fn hits(panel: &Panel, soak: &Soak, schedule: &Schedule) -> Hits {
    let data = panel.dataset(soak);
    let looks = schedule.looks();
    let mut hits: Hits = panel.questions.iter().map(|q| [None, None, None, None, q.kayenta(soak, &looks)]).collect();
    for way in [Way::Planned, Way::Open, Way::OnceAtLooks] {
        let rules = Rules {
            looks: match way {
                Way::Planned => schedule.planned(),
                Way::Open => Looks::Open,
                _ => Looks::Once,
            },
            ..panel.rules.clone()
        };
        for (i, minute) in looks.iter().copied().enumerate() {
            let at_end = way == Way::OnceAtLooks && i + 1 == looks.len();
            if !at_end && hits.iter().all(|hit| hit[way as usize].is_some()) {
                continue;
            }
            let cut = data.windows.canary.start + SignedDuration::from_mins(minute as i64);
            let verdict = judge(&rules, &data.until(cut));
            for (question, hit) in panel.questions.iter().zip(&mut hits) {
                let finding = verdict.findings.iter().find(|finding| finding.criterion == question.criterion);
                if !finding.is_some_and(|finding| question.hit(finding.outcome, soak, minute)) {
                    continue;
                }
                hit[way as usize].get_or_insert(minute);
                if at_end {
                    hit[Way::Once as usize] = Some(minute);
                }
            }
        }
    }
    hits
}

/// One number of a table with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What was judged.
    pub family: String,
    /// The noise.
    pub scenario: String,
    /// What was wrong with the canary.
    pub effect: String,
    /// How it was looked at.
    pub way: Way,
    /// Minutes between looks.
    pub every: usize,
    /// How many soaks.
    pub soaks: usize,
    /// In how many the answer was given.
    pub fails: usize,
    /// The median minute of it, where at least half of the soaks have one.
    pub median_minute: Option<f64>,
}

impl Cell {
    /// The share of soaks.
    pub fn rate(&self) -> f64 {
        self.fails as f64 / self.soaks as f64
    }

    /// Clopper and Pearson's two-sided 99 % limits of the chance.
    pub fn limits(&self) -> (f64, f64) {
        let (x, n) = (self.fails as f64, self.soaks as f64);
        let low = if self.fails == 0 { 0.0 } else { beta_quantile(0.005, x, n - x + 1.0) };
        let high = if self.fails == self.soaks { 1.0 } else { beta_quantile(0.995, x + 1.0, n - x) };
        (low, high)
    }
}

/// The cells of a panel, from the hits of its soaks.
pub fn cells(panel: &Panel, scenario: &str, effect: &str, every: usize, soaks: &[&Hits]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (i, question) in panel.questions.iter().enumerate() {
        for way in Way::ALL.into_iter().filter(|way| applies(question, *way)) {
            let mut minutes: Vec<Option<usize>> = soaks.iter().map(|hits| hits[i][way as usize]).collect();
            minutes.sort_unstable_by_key(|minute| minute.unwrap_or(usize::MAX));
            let (low, high) = (minutes[(minutes.len() - 1) / 2], minutes[minutes.len() / 2]);
            cells.push(Cell {
                family: question.name.clone(),
                scenario: scenario.into(),
                effect: effect.into(),
                way,
                every,
                soaks: minutes.len(),
                fails: minutes.iter().flatten().count(),
                median_minute: low.zip(high).map(|(low, high)| (low + high) as f64 / 2.0),
            });
        }
    }
    cells
}

fn applies(question: &Question, way: Way) -> bool {
    way != Way::Kayenta || question.kayenta.is_some()
}

/// Does a job so many times on so many threads; the results are in order, whatever the number of threads.
pub fn on_threads<T: Send>(threads: usize, jobs: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < jobs);
        std::iter::from_fn(mine).map(|i| (i, job(i))).collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results.flat_map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
    });
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}
