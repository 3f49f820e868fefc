//! The file of cases as it is written.

use crate::config::{Expected, span};
use crate::series::{SignedDuration, Timestamp};
use crate::text::node::{self, Node, Value};
use crate::text::problem::{At, Complaint, Origin, Problems, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Scalar;
use crate::text::yaml::{flow, name};

/// The cases of a file, with what they test.
#[derive(Debug, Clone)]
pub struct Cases {
    /// The configuration under test.
    pub source: Source,
    /// The spacing of the numbers, if the configuration does not say it.
    pub step: Option<SignedDuration>,
    /// When the cases begin.
    pub start: Timestamp,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// Where the configuration under test is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file, relative to that of the cases.
    Path(String),
    /// Here: its text.
    Inline(String),
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The phase to judge, if not the first.
    pub phase: Option<String>,
    /// Names that the configuration refers to.
    pub set: Vec<(String, String)>,
    /// What the noise follows from.
    pub seed: String,
    /// The numbers of each arm, by column: baseline, canary.
    pub numbers: [Vec<(String, String)>; 2],
    /// What must come out.
    pub expected: Expected,
}

/// Reads a file of cases. `shown` is its path as the user wrote it.
///
/// # Errors
///
/// All that is wrong with its form, at once.
pub fn load(text: &str, shown: &str) -> Result<Cases, Problems> {
    let origin = Origin { shown: shown.to_owned(), text: text.trim_start_matches('\u{feff}').to_owned() };
    let tree = node::parse(&origin)?;
    let mut report = Report::new(&origin);
    let cases = Cases::read(&tree, &mut report);
    report.finish(cases)
}

/// A length of time.
struct Step(SignedDuration);

impl Scalar for Step {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        span(text).map(Step)
    }
}

/// Texts by name, which may be any text: columns are called as somebody else likes.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

impl Read for Texts {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let hint = "write `baseline: { errors: 2x60, requests: 300x60 }`";
            report.add_with(node.place, format!("a map of columns is expected here, not {}", node.kind()), hint);
            return None;
        };
        let one =
            |(name, node): &(At<String>, Node)| Some((name.value.clone(), At::<String>::read(node, report)?.value));
        entries.iter().map(one).collect::<Option<_>>().map(Texts)
    }
}

impl Read for Source {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => {
                let has = |key: &str| entries.iter().any(|(name, _)| name.value == key);
                let mut text = String::new();
                if !has("name") {
                    text.push_str("name: gate\n");
                }
                if !has("sources") {
                    text.push_str("sources: { cases: { file: { path: \"cases.csv\" } } }\n");
                }
                for (key, node) in entries {
                    text.push_str(&format!("{}: {}\n", name(&key.value), flow(node)));
                }
                Some(Source::Inline(text))
            }
            _ => At::<String>::read(node, report).map(|path| Source::Path(path.value)),
        }
    }
}

impl Read for Case {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "{ name: …, baseline: { errors: 2x60 }, canary: { errors: 9x60 }, expect: fail }";
        let mut keys = Keys::open(node, report, "a case", form)?;
        let (name, expected) = (keys.must::<At<String>>("name"), keys.must::<Expected>("expect"));
        let (baseline, canary) = (keys.all::<Texts>("baseline"), keys.must::<Texts>("canary"));
        let (phase, set) = (keys.may::<At<String>>("phase"), keys.all::<Texts>("set"));
        let seed = keys.may::<At<String>>("seed").map_or("1".to_owned(), |seed| seed.value);
        let case = match (name, expected, canary) {
            (Some(name), Some(expected), Some(canary)) => Some(Case {
                name: name.value,
                phase: phase.map(|phase| phase.value),
                set: set.0,
                seed,
                numbers: [baseline.0, canary.0],
                expected,
            }),
            _ => None,
        };
        keys.close(case, no_hint)
    }
}

impl Read for Cases {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a file of cases", "config: canary.yaml")?;
        let (source, cases) = (keys.must::<Source>("config"), keys.must::<Vec<Case>>("cases"));
        if cases.as_ref().is_some_and(Vec::is_empty) {
            let hint = "write `cases: [{ name: …, canary: { errors: 9x60 }, expect: fail }]`";
            keys.report.add_with(keys.place, "there are no cases, and nothing is tested", hint);
        }
        let step = keys.may::<At<Step>>("step").map(|step| step.value.0);
        let start = keys.may::<At<Timestamp>>("start").map(|start| start.value);
        let start = start.unwrap_or(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50));
        let both = source.zip(cases).map(|(source, cases)| Cases { source, step, start, cases });
        keys.close(both, |key| match key {
            "tests" => Some("write `cases:`".into()),
            "configuration" => Some("write `config:`".into()),
            _ => None,
        })
    }
}
