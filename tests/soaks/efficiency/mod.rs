//! How often the judge answers, compared with an oracle that knows the true variance of the noise.
//!
//! Each [`situation`] with each truth gives a cell of many draws. A [`question`] asks the judge about each draw, once
//! alone and once among ten criteria. The oracle is the z test with the true variance at the same level. A judge must
//! estimate the noise, so it cannot answer much more often while it keeps its level: how near it comes is its
//! efficiency.
//!
//! A person who looks at the plot of an *obvious* cell would not hesitate: there the oracle's median |z| is at least 8,
//! or 5 if the canary is healthy. [`detection`] takes planned looks and tells how soon the judge answers.

pub mod detection;
pub mod question;
pub mod situation;

use davy::judge::verdict::Outcome;
use davy::stats::normal::normal_quantile;

use super::cells::on_threads;
use super::noise::Noise;
use question::Question;
use situation::{SITUATIONS, Situation, TRUTHS, Truth};

/// The other criteria of a run of ten.
pub const OTHERS: usize = 9;
/// How a question is asked: its name in tables, and the number of other criteria.
pub const ASKED: [(&str, usize); 2] = [("alone", 0), ("of ten", OTHERS)];

const LEVEL: f64 = 0.95;
const OBVIOUSLY_WORSE: f64 = 8.0;
const OBVIOUSLY_HEALTHY: f64 = 5.0;
/// An oracle that answers less often than this says nothing of the judge.
const LEAST_ORACLE: f64 = 0.2;

/// What was answered in the runs of one situation with one truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The situation.
    pub situation: Situation,
    /// What is true.
    pub truth: Truth,
    /// The oracle's median |z|.
    pub median_z: f64,
    /// The shares of the answers, in the order of [`ASKED`].
    pub shares: [Shares; 2],
}

/// Shares of all runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shares {
    /// In which the judge says what is true.
    pub right: f64,
    /// In which the judge says the contrary.
    pub wrong: f64,
    /// In which the oracle says what is true.
    pub oracle: f64,
}

impl Shares {
    /// How often the judge is right for each time the oracle is.
    pub fn ratio(&self) -> f64 {
        if self.oracle > 0.0 { self.right / self.oracle } else { f64::NAN }
    }
}

impl Cell {
    /// Whether a person would not hesitate.
    pub fn is_obvious(&self) -> bool {
        self.median_z >= if self.truth.is_healthy() { OBVIOUSLY_HEALTHY } else { OBVIOUSLY_WORSE }
    }
}

/// Every situation with every truth.
pub fn all() -> impl Iterator<Item = (Situation, Truth)> {
    SITUATIONS.into_iter().flat_map(|situation| TRUTHS.map(|truth| (situation, truth)))
}

/// How many draws there are, what they come from, and what is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runs {
    /// So many draws.
    pub runs: usize,
    /// What all chance comes from.
    pub seed: u64,
    /// If the judge knows a day of the baseline's past: how many times as noisy today is.
    pub past: Option<f64>,
}

/// Draws and asks about each draw.
pub fn measure(situation: &Situation, truth: &Truth, of: Runs, threads: usize) -> Cell {
    let Runs { runs, seed, past } = of;
    let name = situation.name();
    let questions = ASKED.map(|(_, others)| Question::of(situation, others, ""));
    let asked: Vec<(f64, [Outcome; 2])> = on_threads(threads, runs, |run| {
        let draw = situation.draw(truth, &mut Noise::of(seed, &name, truth.name, run));
        let past = past.map(|times| {
            let then = Situation { spread: situation.spread / times, ..*situation };
            then.draw_past(&mut Noise::of(seed, &name, "past", run))
        });
        let outcome = |question: &Question| {
            let knowing = past.clone().map(|past| question.knowing(situation, past));
            knowing.as_ref().unwrap_or(question).ask(&question.dataset(situation, &draw)).outcome
        };
        (draw.z, questions.each_ref().map(outcome))
    });
    let mut sizes: Vec<f64> = asked.iter().map(|(z, _)| z.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let shares = std::array::from_fn(|i| {
        let share = |holds: &dyn Fn(f64, Outcome) -> bool| {
            asked.iter().filter(|(z, outcomes)| holds(*z, outcomes[i])).count() as f64 / runs as f64
        };
        let (right, wrong) =
            if truth.is_healthy() { (Outcome::Pass, Outcome::Fail) } else { (Outcome::Fail, Outcome::Pass) };
        Shares {
            right: share(&|_, outcome| outcome == right),
            wrong: share(&|_, outcome| outcome == wrong),
            oracle: share(&|z, _| oracle_answers(truth, z, ASKED[i].1)),
        }
    });
    Cell { situation: *situation, truth: *truth, median_z: median(&sizes), shares }
}

/// A pass needs every criterion, so its level is not divided; a fail needs one of them, so its level is.
fn oracle_answers(truth: &Truth, z: f64, others: usize) -> bool {
    if truth.is_healthy() {
        return -z > normal_quantile(LEVEL);
    }
    z > normal_quantile(1.0 - (1.0 - LEVEL) / (1 + others) as f64)
}

fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    match n {
        0 => f64::NAN,
        _ => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}

/// Cells that belong together.
pub type Group = (&'static str, fn(&Cell) -> bool);

/// All groups, in the order of tables.
pub const GROUPS: [Group; 6] = [
    ("healthy", |cell| cell.truth.is_healthy()),
    ("worse throughout", |cell| cell.truth.name.starts_with("worse")),
    ("late or at the end", |cell| cell.truth.name.starts_with("late") || cell.truth.name.starts_with("end")),
    ("gauges", |cell| cell.situation.shape == situation::Shape::Gauge),
    ("rates", |cell| cell.situation.shape != situation::Shape::Gauge),
    ("all", |_| true),
];

/// What the cells of a group have in common, for one way to ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The mean of right / oracle, none above 1, over the cells in which the oracle answers at all.
    pub efficiency: f64,
    /// The mean share of right answers in obvious cells.
    pub obvious: f64,
    /// The least of them.
    pub least: f64,
    /// How many cells are obvious.
    pub obvious_cells: usize,
    /// The mean share of wrong answers.
    pub wrong: f64,
    /// The largest of them.
    pub worst_wrong: f64,
}

impl Summary {
    /// Of some cells, asked so (an index of [`ASKED`]).
    pub fn of<'a>(cells: impl Iterator<Item = &'a Cell>, asked: usize) -> Summary {
        let cells: Vec<(&Cell, Shares)> = cells.map(|cell| (cell, cell.shares[asked])).collect();
        let counted = cells.iter().filter(|(_, shares)| shares.oracle >= LEAST_ORACLE);
        let obvious: Vec<f64> = cells.iter().filter(|(cell, _)| cell.is_obvious()).map(|(_, s)| s.right).collect();
        Summary {
            efficiency: mean(counted.map(|(_, shares)| shares.ratio().min(1.0))),
            obvious: mean(obvious.iter().copied()),
            least: obvious.iter().copied().fold(f64::NAN, f64::min),
            obvious_cells: obvious.len(),
            wrong: mean(cells.iter().map(|(_, shares)| shares.wrong)),
            worst_wrong: cells.iter().map(|(_, shares)| shares.wrong).fold(0.0, f64::max),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}
