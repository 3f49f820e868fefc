//! Rules and data in, verdict out: pure and total.
//!
//! Every criterion takes the same four steps, whatever its metric's shape:
//!
//! 1. **measure** (`measure`): the series are laid on one grid of steps and reduced to a `compare::Comparison`,
//!    which knows its estimate, its interval, and the evidence against any limit. `methods` has a page of each;
//! 2. **guard** (`case`, `guard`): too little data, a canary that went silent or a missing baseline is an answer of its own;
//! 3. **decide** (`decide`): the evidence is compared with the bounds, giving Pass, Warn, Fail or Inconclusive;
//! 4. **explain** (`explain`): one sentence, and what would change the answer. Nothing that decides reads it: reasons are
//!    facts (`why`) until then.
//!
//! A Fail may rest on the steps since a later one (`onset`). A metric with groups is judged group by group (`groups`),
//! windows that differ have no steps that are partners (`methods::samples`), and a number that only grows is judged by its growth
//! beside its level (`growth`), and a slope that no criterion asks for is noted (`leak`). What the numbers may really be is asked beside all this (`suspicion`, `incident`,
//! `doubtful`).
//!
//! A criterion that is a guardrail need not be shown to hold (`guardrail`), but something else must.
//!
//! Bounds that need no interval (`methods::observed`, `methods::periods`) skip the second half of the first step. Judging many
//! times during a soak needs other critical values, not another path: `levels` divides the chance of error over the
//! criteria, `look` over the looks. How much of it is left for one depends on what the data say against the others, so
//! that the few whose answer this changes are asked again.
//!
//! What the past says of a metric's noise comes with the rules (`learned`), and the verdict repeats it (`noise`).
//!
//! Which slices carry a difference is told after the answers (`slices`). Arms with another mix of them are compared once more
//! at an equal one (`mix`), and one bad host of many has a finding of its own (`one_bad`). So has each log (`signatures`).
//!
//! Nothing in here fails, waits, logs or reads a clock. Weak or absent data is an answer with a reason.

pub mod doubtful;
pub mod earlier;
pub mod groups;
pub mod learned;
pub mod localise;
pub mod notation;
pub mod outlook;
pub mod reading;
pub mod rules;
pub mod series;
pub mod verdict;
pub mod words;

mod advice;
mod anytime;
mod bias;
mod bounds;
mod builder;
mod case;
mod compare;
mod days;
mod decide;
mod explain;
mod exposure;
mod grid;
mod growth;
mod guard;
mod guardrail;
mod incident;
mod leak;
mod levels;
mod limit;
mod look;
mod measure;
mod methods;
mod mix;
mod noise;
mod once;
mod one_bad;
mod onset;
mod pairing;
mod partner;
mod requests;
mod score;
mod signatures;
mod silence;
mod slices;
mod suspicion;
mod trend;
mod why;

use std::borrow::Cow;

pub use davy_stats as stats;
use decide::Depth;
use levels::{Against, Budget};
pub use look::LEAST_STEPS;
use look::Look;
use methods::{observed, periods, traffic};
use requests::Ordered;
use rules::{Criterion, Rule, Rules};
use verdict::{Finding, Levels, Localised, Mixed, Outcome, Signed, Verdict};

use crate::series::Dataset;

/// Judges a dataset by the rules.
///
/// Total: any data gives a verdict; what cannot be judged is Inconclusive with its reason, never a Pass.
pub fn judge(rules: &Rules, data: &Dataset) -> Verdict {
    let Found { rules, look, findings, localised, mixes, signed } = find(rules, data, Depth::Whole);
    let told = slices::headline(&localised, |name| became(&findings, name));
    let verdict = score::conclude(&rules, data, &look, findings);
    let summary =
        told.map_or(verdict.summary.clone(), |told| format!("{}. {told}", verdict.summary.trim_end_matches('.')));
    Verdict { localised, mixes, signed, summary, ..verdict }
}

/// The outcomes of a verdict without anything that explains them: for those who ask thousands of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    /// The whole verdict's.
    pub verdict: Outcome,
    /// Each finding's, beside the name of its criterion, in the order of [`Verdict::findings`].
    pub criteria: Vec<(String, Outcome)>,
}

/// Judges likewise, and tells the outcomes alone: no interval is looked for that does not decide.
pub fn outcomes(rules: &Rules, data: &Dataset) -> Outcomes {
    let Found { rules, findings, .. } = find(rules, data, Depth::Outcome);
    let verdict = score::outcome(&rules, &findings, &score::score(&findings));
    Outcomes { verdict, criteria: findings.into_iter().map(|finding| (finding.criterion, finding.outcome)).collect() }
}

/// What is found before anything is concluded.
struct Found<'r> {
    /// The rules over all groups.
    rules: Cow<'r, Rules>,
    look: Look,
    /// That of every criterion.
    findings: Vec<Finding>,
    /// Which slices carry a difference; nothing where the outcome alone is wanted.
    localised: Vec<Localised>,
    /// Whether the arms have the same mix of them.
    mixes: Vec<Mixed>,
    /// What logs say.
    signed: Vec<Signed>,
}

/// What became of a criterion.
fn became(findings: &[Finding], name: &str) -> Option<Outcome> {
    findings.iter().find(|finding| finding.criterion == name).map(|finding| finding.outcome)
}

/// The finding of every criterion, and what slices say beside them.
fn find<'r>(written: &'r Rules, data: &Dataset, depth: Depth) -> Found<'r> {
    let budget = Budget::of(written, &data.groups);
    let spread = groups::spread(written, &data.groups);
    let rules: &Rules = &spread;
    let soaked = look::during_soak(rules, data);
    let seen = soaked.as_ref().unwrap_or(data);
    let look = Look::new(rules, seen);
    let ordered = Ordered::new(rules);
    let last = look.at_the_end_alone();
    let by_interval = |criterion: &Criterion, data: &Dataset, ordered: &Ordered, levels: Levels| {
        let case = suspicion::examine(rules, criterion, data);
        let at_the_end = methods::trend::is_trend(criterion.statistic) || case::is_of_days(criterion, data);
        let look = if at_the_end { &last } else { &look };
        let decision = decide::by_interval(case, ordered, look, levels, depth);
        let against = decision.against;
        (explain::finding::of(decision, look), against)
    };
    let answer = |criterion: &Criterion| match criterion.rule {
        Rule::Interval => by_interval(criterion, seen, &ordered, budget.levels(criterion)),
        Rule::Observed => (observed::judge(&suspicion::examine(rules, criterion, data)), None),
        Rule::Periods { m, n, min_count } => {
            (periods::judge(&suspicion::examine(rules, criterion, data), periods::Alarm { m, n, min_count }), None)
        }
    };
    let (mut findings, against): (Vec<Finding>, Vec<Option<Against>>) =
        on_all_cores(&rules.criteria, data, answer).into_iter().unzip();
    for (at, fail) in budget.changed(&rules.criteria, &against, &findings) {
        let criterion = &rules.criteria[at];
        findings[at] = by_interval(criterion, seen, &ordered, Levels { fail, ..budget.levels(criterion) }).0;
    }
    findings.extend(traffic::judge(rules, seen, &look));
    findings.extend(one_bad::judge(rules, seen));
    let (of_logs, signed) = signatures::judge(rules, seen);
    findings.extend(of_logs);
    let known = slices::Known::new(rules, seen);
    let at_equal_mix = |criterion: &Criterion, data: &Dataset, ordered: &Ordered| {
        by_interval(criterion, data, ordered, budget.levels(criterion)).0
    };
    let mixes = mix::judge(&known, &mut findings, at_equal_mix);
    let localised = match depth {
        Depth::Outcome => Vec::new(),
        Depth::Whole => slices::judge(&known, |name| became(&findings, name)),
    };
    Found { rules: spread, look, findings, localised, mixes, signed }
}

/// Answers every criterion, in order. Criteria do not know of each other yet, so a large dataset is shared out to the
/// cores; a small one is not worth a thread.
fn on_all_cores<T: Send>(criteria: &[Criterion], data: &Dataset, answer: impl Fn(&Criterion) -> T + Sync) -> Vec<T> {
    const WORTH_A_THREAD: usize = 100_000;
    let points: usize = data.metrics.values().map(|pair| pair.baseline.len() + pair.canary.len()).sum();
    // to ask how many cores there are takes as long as a small criterion
    let cores = match points / WORTH_A_THREAD {
        0 | 1 => 1,
        most => std::thread::available_parallelism().map_or(1, usize::from).min(most),
    };
    if cores < 2 {
        return criteria.iter().map(answer).collect();
    }
    let shares = criteria.chunks(criteria.len().div_ceil(cores).max(1));
    std::thread::scope(|scope| {
        let threads = shares.map(|share| scope.spawn(|| share.iter().map(&answer).collect::<Vec<_>>()));
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The program of the README runs with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
