//! From soaks to rates: every soak is judged as each way of looking would have judged it, and the answers counted.
//!
//! A soak is failed at the first look that says Fail. One look at the end, planned looks and open looks are what the
//! judge promises a level for; [`Way::OnceAtLooks`], the judgement for one look repeated, is the misuse that it does
//! not, kept to show that these measurements notice.

use std::sync::atomic::{AtomicUsize, Ordering};

use davy::judge::outcomes;
use davy::judge::rules::{Looks, Rules};
use davy::series::SignedDuration;
use davy::stats::tail::beta_quantile;

use super::noise::Noise;
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

/// Judges one soak in each of these ways.
pub fn hits(panel: &Panel, soak: &Soak, schedule: &Schedule, ways: &[Way]) -> Hits {
    let data = panel.dataset(soak);
    let looks = schedule.looks();
    let kayenta = |question: &Question| question.kayenta(soak, &looks).filter(|_| ways.contains(&Way::Kayenta));
    let mut hits: Hits = panel.questions.iter().map(|q| [None, None, None, None, kayenta(q)]).collect();
    let repeated = ways.contains(&Way::OnceAtLooks);
    let asked = |way: &Way| ways.contains(way) || *way == Way::OnceAtLooks && ways.contains(&Way::Once);
    for way in [Way::Planned, Way::Open, Way::OnceAtLooks].into_iter().filter(asked) {
        let alone = panel.alone(match way {
            Way::Planned => schedule.planned(),
            Way::Open => Looks::Open,
            _ => Looks::Once,
        });
        for (i, minute) in looks.iter().copied().enumerate() {
            // the last of repeated judgements for one look is the one look at the end
            let at_end = way == Way::OnceAtLooks && i + 1 == looks.len();
            let known = hits.iter().all(|hit| hit[way as usize].is_some()) || way == Way::OnceAtLooks && !repeated;
            if known && !at_end {
                continue;
            }
            let is_open = |rules: &&Rules| {
                let of_it =
                    |(question, _): &(&Question, _)| rules.criteria.iter().any(|c| c.name == question.criterion);
                let mut answers = panel.questions.iter().zip(&hits).filter(of_it);
                at_end || rules.criteria.is_empty() || answers.any(|(_, hit)| hit[way as usize].is_none())
            };
            let cut = data.windows.canary.start + SignedDuration::from_mins(minute as i64);
            let seen = data.until(cut);
            let answers: Vec<_> =
                alone.iter().filter(is_open).flat_map(|rules| outcomes(rules, &seen).criteria).collect();
            for (question, hit) in panel.questions.iter().zip(&mut hits) {
                let answer = answers.iter().rfind(|(criterion, _)| *criterion == question.criterion);
                if !answer.is_some_and(|(_, outcome)| question.hit(*outcome, soak, minute)) {
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

/// What is measured: soaks of one kind, and what is asked of each.
pub struct Experiment {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The effect's name.
    pub effect: &'static str,
    /// What is asked.
    pub panels: Vec<Panel>,
    /// When.
    pub schedule: Schedule,
    /// In which ways.
    pub ways: Vec<Way>,
    /// How many soaks.
    pub soaks: usize,
}

impl Experiment {
    /// Draws every soak from a stream of its own and counts the answers, in one cell per question and way.
    pub fn measure(&self, seed: u64, threads: usize, draw: impl Fn(&mut Noise) -> Soak + Sync) -> Vec<Cell> {
        let all: Vec<Vec<Hits>> = on_threads(threads, self.soaks, |i| {
            let soak = draw(&mut Noise::of(seed, self.scenario, self.effect, i));
            self.panels.iter().map(|panel| hits(panel, &soak, &self.schedule, &self.ways)).collect()
        });
        let mut cells = Vec::new();
        for (p, panel) in self.panels.iter().enumerate() {
            for (q, question) in panel.questions.iter().enumerate() {
                for way in Way::ALL.into_iter().filter(|way| self.answers(question, *way)) {
                    cells.push(self.cell(question, way, all.iter().map(|soak| soak[p][q][way as usize]).collect()));
                }
            }
        }
        cells
    }

    fn answers(&self, question: &Question, way: Way) -> bool {
        self.ways.contains(&way) && (way != Way::Kayenta || question.kayenta.is_some())
    }

    fn cell(&self, question: &Question, way: Way, mut minutes: Vec<Option<usize>>) -> Cell {
        minutes.sort_unstable_by_key(|minute| minute.unwrap_or(usize::MAX));
        let middle = minutes.len().saturating_sub(1) / 2..=minutes.len() / 2;
        let median = match minutes.get(middle) {
            Some([Some(low), Some(high)]) => Some((low + high) as f64 / 2.0),
            Some([Some(minute)]) => Some(*minute as f64),
            _ => None,
        };
        Cell {
            family: question.name.clone(),
            scenario: self.scenario.into(),
            effect: self.effect.into(),
            way,
            every: self.schedule.every,
            soaks: minutes.len(),
            fails: minutes.iter().flatten().count(),
            median_minute: median,
        }
    }
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
