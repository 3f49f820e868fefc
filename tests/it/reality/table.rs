//! What the judge answered over a data set, as a value: the tests assert on it, and the tables are made of it.
//!
//! `reports/calibration/reality.md` and `reality.csv` are written by the test of `reality.rs` under `UPDATE=1` and
//! compared otherwise, so that the numbers a reader finds are those the code gives today.

use std::fmt::Write as _;

use davy::judge::verdict::{Finding, Outcome, Verdict};

use super::Tally;

/// Of healthy pairs no more may fail, of faults no fewer; no fault may pass.
const FALSE_FAILS: f64 = 0.01;
const FAULTS: f64 = 0.97;

/// Whether somebody broke the canary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    Healthy,
    Fault,
    /// No gate: criteria that stand exactly on the limit, or beside each other as one family.
    Level,
}

impl Truth {
    fn name(self) -> &'static str {
        match self {
            Truth::Healthy => "healthy",
            Truth::Fault => "fault",
            Truth::Level => "level",
        }
    }
}

/// The answers of one gate to all pairs of one kind.
pub struct Answers {
    gate: String,
    pairs: String,
    looks: &'static str,
    truth: Truth,
    pub verdict: Tally,
    /// By criterion, in the order of the configuration.
    criteria: Vec<Criterion>,
    /// The minutes from the injection, or the start, to the first Fail.
    delays: Vec<f64>,
    /// The names of the faults that were not failed.
    pub missed: Vec<String>,
}

struct Criterion {
    name: String,
    /// The chance of a false Fail at the limit; an alarm rule has none.
    chance: Option<f64>,
    tally: Tally,
}

/// The answers at one look or several, of which a Fail stays.
#[derive(Clone)]
pub struct Judged {
    pub last: Verdict,
    /// The outcomes of the criteria, Fail where one of the looks said so.
    outcomes: Vec<Outcome>,
    pub outcome: Outcome,
    /// The number of looks until the first Fail.
    pub failed_at: Option<usize>,
}

impl Judged {
    pub fn at_looks(looks: impl IntoIterator<Item = Verdict>) -> Judged {
        let mut judged: Option<Judged> = None;
        for (i, verdict) in looks.into_iter().enumerate() {
            let failed = (verdict.outcome == Outcome::Fail).then_some(i + 1);
            let before = judged.take();
            let was = |i: usize| before.as_ref().is_some_and(|before| before.outcomes[i] == Outcome::Fail);
            let sticky = |(i, finding): (usize, &Finding)| if was(i) { Outcome::Fail } else { finding.outcome };
            let failed_at = before.as_ref().and_then(|before| before.failed_at).or(failed);
            judged = Some(Judged {
                outcomes: verdict.findings.iter().enumerate().map(sticky).collect(),
                outcome: if failed_at.is_some() { Outcome::Fail } else { verdict.outcome },
                failed_at,
                last: verdict,
            });
        }
        judged.expect("at least one look")
    }

    /// What one criterion said.
    pub fn of(&self, criterion: &str) -> Outcome {
        let at = self.last.findings.iter().position(|finding| finding.criterion == criterion);
        self.outcomes[at.expect(criterion)]
    }
}

impl Answers {
    pub fn new(truth: Truth, gate: &str, pairs: &str, looks: &'static str) -> Answers {
        let [gate, pairs] = [gate, pairs].map(str::to_owned);
        let (verdict, criteria) = (Tally::default(), Vec::new());
        Answers { gate, pairs, looks, truth, verdict, criteria, delays: Vec::new(), missed: Vec::new() }
    }

    pub fn add(&mut self, judged: &Judged) {
        self.verdict.add(judged.outcome);
        if self.criteria.is_empty() {
            let criterion = |finding: &Finding| Criterion {
                name: finding.criterion.clone(),
                chance: finding.evidence.level.map(|level| 1.0 - level.fail),
                tally: Tally::default(),
            };
            self.criteria = judged.last.findings.iter().map(criterion).collect();
        }
        assert_eq!(self.criteria.len(), judged.outcomes.len(), "the gate changed");
        for ((criterion, outcome), finding) in self.criteria.iter_mut().zip(&judged.outcomes).zip(&judged.last.findings)
        {
            criterion.tally.add(*outcome);
            criterion.chance = criterion.chance.or(finding.evidence.level.map(|level| 1.0 - level.fail));
        }
    }

    /// One fault with its name, and the minutes until it was failed.
    pub fn add_fault(&mut self, name: &str, judged: &Judged, delay: Option<f64>) {
        self.add(judged);
        self.delays.extend(delay.filter(|_| judged.outcome == Outcome::Fail));
        if judged.outcome != Outcome::Fail {
            self.missed.push(name.to_owned());
        }
    }

    pub fn of(&self, criterion: &str) -> Tally {
        self.criteria.iter().find(|c| c.name == criterion).expect(criterion).tally
    }

    /// The minutes within which half of the faults that were failed had been, `None` without any.
    pub fn median_delay(&self) -> Option<f64> {
        let mut delays = self.delays.clone();
        delays.sort_by(f64::total_cmp);
        delays.get(delays.len().saturating_sub(1) / 2).copied()
    }

    fn misses_target(&self) -> bool {
        match self.truth {
            Truth::Healthy => self.verdict.share(Outcome::Fail) > FALSE_FAILS,
            Truth::Fault => self.verdict.share(Outcome::Fail) < FAULTS || self.verdict.of(Outcome::Pass) > 0,
            Truth::Level => false,
        }
    }

    /// The verdicts, then every criterion; at the level there is no verdict to speak of.
    fn rows(&self) -> impl Iterator<Item = (&str, Option<f64>, Tally)> {
        let verdict = (self.truth != Truth::Level).then_some(("verdict", None, self.verdict));
        verdict.into_iter().chain(self.criteria.iter().map(|c| (c.name.as_str(), c.chance, c.tally)))
    }
}

/// A data set: what it is, what was found, and the numbers.
pub struct Section {
    pub title: &'static str,
    pub words: String,
    pub answers: Vec<Answers>,
}

pub fn csv(sections: &[Section]) -> String {
    let mut text =
        "set,gate,pairs,truth,looks,criterion,chance,n,pass,warn,inconclusive,fail,fail_share,median_delay_minutes\n"
            .to_owned();
    for (section, answers) in sections.iter().flat_map(|s| s.answers.iter().map(move |a| (s, a))) {
        for (i, (criterion, chance, tally)) in answers.rows().enumerate() {
            let Tally([pass, warn, unclear, fail]) = tally;
            let (n, share) = (tally.all(), tally.share(Outcome::Fail));
            let chance = chance.map_or(String::new(), |chance| format!("{chance:.4}"));
            let delay = answers.median_delay().filter(|_| i == 0);
            let delay = delay.map_or(String::new(), |minutes| format!("{minutes:.1}"));
            let Answers { gate, pairs, looks, truth, .. } = answers;
            let (set, truth) = (section.title, truth.name());
            writeln!(
                text,
                "\"{set}\",\"{gate}\",\"{pairs}\",{truth},{looks},\"{criterion}\",{chance},{n},{pass},{warn},{unclear},{fail},{share:.4},{delay}"
            )
            .unwrap();
        }
    }
    text
}

const HEAD: &str = "# Real measurements

What the judge answers on services that others measured: pairs in which somebody injected a fault and pairs in which nobody did, every one through
a configuration and a file, and each healthy pair by the very gate that judges the faults. The data sets are public and not part of this repository
(CONTRIBUTING.md says where the tests look for them). Written and held by

```sh
UPDATE=1 cargo test --no-default-features reality::tables   # without UPDATE: compared
```

The target: at most 1 % of the healthy pairs fail, at least 97 % of the faults do, and no fault passes. **Bold** misses it. Level 0.95: the 5 % are
one budget for a run, shared by the criteria with an interval (column *chance*: what each may spend). An alarm rule (`periods: 2 of 3`) has no level.
*Delay* is the median time from the injection to the Fail, of the faults that were failed. Where there are several looks, a pair has failed when one of them says
so, and is not looked at again.
Pairs of several services share the front door, so their counts are worth less than as many independent ones. All counts, by criterion: [reality.csv](reality.csv);
simulated soaks, whose truth is known: [README.md](README.md).

";

pub fn markdown(sections: &[Section]) -> String {
    let mut text = HEAD.to_owned() + "## All sets\n\n" + TABLE_HEAD;
    for section in sections {
        for answers in section.answers.iter().filter(|answers| answers.truth != Truth::Level) {
            line(&mut text, &format!("{}: {}", section.title, answers.gate), answers);
        }
    }
    for section in sections {
        let Section { title, words, answers } = section;
        write!(text, "\n## {title}\n\n{words}\n\n").unwrap();
        text += "| Gate, pairs, looks | Criterion | chance | n | pass | warn | inconclusive | fail |\n|---|---|--:|--:|--:|--:|--:|--:|\n";
        for answers in answers {
            let Answers { gate, pairs, looks, truth, .. } = answers;
            let mut about = format!("{}, {gate}: {pairs}; {looks}", truth.name());
            for (criterion, chance, tally) in answers.rows() {
                let Tally([pass, warn, unclear, fail]) = tally;
                let chance = chance.map_or("–".to_owned(), |chance| format!("{:.2} %", 100.0 * chance));
                let n = tally.all();
                writeln!(text, "| {about} | {criterion} | {chance} | {n} | {pass} | {warn} | {unclear} | {fail} |")
                    .unwrap();
                about.clear();
            }
        }
        for answers in answers.iter().filter(|answers| !answers.missed.is_empty()) {
            let Answers { gate, pairs, looks, missed, .. } = answers;
            write!(text, "\nNot failed ({gate}: {pairs}; {looks}): {}.\n", missed.join(", ")).unwrap();
        }
    }
    text
}

const TABLE_HEAD: &str =
    "| Set and gate | Pairs | Truth | Looks | n | pass | warn | inconclusive | fail | failed | delay |
|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|
";

fn line(text: &mut String, title: &str, answers: &Answers) {
    let Answers { pairs, truth, looks, verdict, .. } = answers;
    let Tally([pass, warn, unclear, fail]) = verdict;
    let (n, truth) = (verdict.all(), truth.name());
    let mut share = format!("{:.1} %", 100.0 * verdict.share(Outcome::Fail));
    if answers.misses_target() {
        share = format!("**{share}**");
    }
    let delay = answers.median_delay().map_or("–".to_owned(), |minutes| format!("{minutes:.1} min"));
    writeln!(
        text,
        "| {title} | {pairs} | {truth} | {looks} | {n} | {pass} | {warn} | {unclear} | {fail} | {share} | {delay} |"
    )
    .unwrap();
}
