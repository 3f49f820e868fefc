//! What is asked of a draw: the configuration that a person would write, and the dataset that its files would give.
//!
//! The real loader makes the rules from the text of the configuration, so they are what the file means.

use std::path::Path;

use davy::config::{self, Options};
use davy::history::History;
use davy::history::learn::Cut;
use davy::judge::judge;
use davy::judge::rules::Rules;
use davy::judge::verdict::Finding;
use davy::series::{Dataset, Pair, Series, Timestamp, Window};

use super::situation::{Draw, Shape, Situation, percent};

/// The requests per step of the other criteria, none of which fails.
pub const REQUESTS_OF_OTHERS: u64 = 1000;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The rules.
    pub rules: Rules,
    /// How many other criteria share the chance of a false alarm.
    others: usize,
}

impl Question {
    /// One question about a situation, among so many others, with some lines of its own.
    pub fn of(situation: &Situation, others: usize, lines: &str) -> Question {
        let config = config::load(&text(situation, others, lines), "cell.yaml").expect("the configuration can be read");
        let now = situation.window().end;
        let options = Options { folder: Path::new("."), now, set: &[], phase: None, from: None, to: None };
        Question { rules: config.plan(&options).expect("the configuration has a meaning").rules, others }
    }

    /// A draw as the judge gets to see it.
    pub fn dataset(&self, situation: &Situation, draw: &Draw) -> Dataset {
        let window = situation.window();
        let calm = || {
            let time = draw.arms.canary.time().to_vec();
            let (total, bad) = (vec![REQUESTS_OF_OTHERS; time.len()], vec![0; time.len()]);
            Series::Counts { time, total, bad }
        };
        let others = (0..self.others).map(|i| (format!("calm{i}"), Pair::build(|_| calm())));
        Dataset {
            metrics: others.chain([("it".to_owned(), draw.arms.clone())]).collect(),
            ..Dataset::new(Pair { baseline: window, canary: window }, situation.step())
        }
    }

    /// The same question by one who has learned from a past of the baseline.
    pub fn knowing(&self, situation: &Situation, past: Series) -> Question {
        let window = Window { start: Timestamp::MIN, end: situation.window().start };
        let nothing = past.within(&Window { start: window.end, end: window.end });
        let data = Dataset {
            metrics: [("it".to_owned(), Pair { baseline: past, canary: nothing })].into(),
            ..Dataset::new(Pair { baseline: window, canary: window }, situation.step())
        };
        let length = situation.window().duration();
        let now = situation.window();
        let judged = Pair { baseline: now, canary: now };
        let cut = Cut { judged, length, every: length, earlier: None };
        let learned = History::of(data).learn(&self.rules, &cut);
        Question { rules: Rules { learned, ..self.rules.clone() }, ..*self }
    }

    /// What the judge finds.
    pub fn ask(&self, data: &Dataset) -> Finding {
        let findings = judge(&self.rules, data).findings;
        findings.into_iter().find(|finding| finding.metric == "it").expect("every criterion has a finding")
    }
}

/// The configuration.
pub fn text(situation: &Situation, others: usize, lines: &str) -> String {
    let (shape, bound) = match situation.shape {
        Shape::Gauge => ("gauge: { value: value_ms, unit: ms }", format!("{}%", percent(situation.margin))),
        Shape::Rate { rate, .. } => {
            ("rate: { bad: errors, total: requests }", format!("{}pp", percent(rate * situation.margin)))
        }
    };
    let bound = if situation.margin > 0.0 { format!("baseline + {bound}") } else { "baseline".to_owned() };
    let metric = |i: usize| format!("  calm{i}: {{ rate: {{ bad: calm, total: seen }} }}\n");
    let criterion = |i: usize| format!("  - {{ metric: calm{i}, pass: \"<= 1%\" }}\n");
    let (metrics, criteria): (String, String) =
        ((0..others).map(metric).collect(), (0..others).map(criterion).collect());
    format!(
        "name: cell\nsources: {{ data: {{ file: {{ path: \"${{arm}}.csv\" }} }} }}\n{lines}\
         metrics:\n  it: {{ {shape} }}\n{metrics}criteria:\n  - {{ metric: it, pass: \"<= {bound}\" }}\n{criteria}"
    )
}
