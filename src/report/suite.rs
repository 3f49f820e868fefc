//! A suite of recordings or of cases: what became of each, and in one line of all, as text, Markdown, JSON and JUnit.
//!
//! What must be looked at comes first. A suite is never green if something could not be judged.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::document::Outcome;
use super::ink::{Ink, answer};
use super::prose::{cut, pad, plain, width, wrap};
use super::{Format, Style, json, markdown};

/// The forms that a suite has.
pub const FORMATS: [Format; 4] = [Format::Terminal, Format::Markdown, Format::Json, Format::Junit];

/// What the members of a suite of hand-written cases are called.
const CASE: &str = "case";

/// What is longer than this is cut in XML.
const LONGEST: usize = 4_000;

/// What became of all members of a suite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suite {
    /// Version of this contract, "major.minor": fields are only added within a major version.
    pub schema_version: &'static str,
    /// Version of the davy that judged.
    pub davy: String,
    /// What the members are: "recording" or "case".
    pub of: &'static str,
    /// In one sentence.
    pub summary: String,
    /// Each member, the worst first.
    pub members: Vec<Member>,
    /// Whether other numbers or reasons fail it.
    #[serde(skip)]
    pub is_strict: bool,
}

/// What became of one of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Its folder, or its file and name.
    pub name: String,
    /// What became of it.
    pub state: State,
    /// The answer that was expected: the recorded one.
    pub expected: Option<Outcome>,
    /// The answer of today.
    pub outcome: Option<Outcome>,
    /// What differs, or why there is no answer; the worst first.
    pub says: Vec<String>,
}

/// What became of a member, in the order in which it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It answers as expected.
    Same,
    /// The answer is the same; numbers or reasons are not.
    Differs,
    /// The answer is another one.
    Flips,
    /// It could not be judged.
    Broken,
}

impl State {
    fn word(self, of: &str) -> &'static str {
        match (self, of) {
            (State::Same, CASE) => "ok",
            (State::Flips, CASE) => "fails",
            (State::Same, _) => "same",
            (State::Differs, _) => "differs",
            (State::Flips, _) => "flips",
            (State::Broken, _) => "broken",
        }
    }
}

impl Suite {
    /// A suite of members, in the order in which they were named.
    pub fn new(of: &'static str, mut members: Vec<Member>, is_strict: bool) -> Suite {
        members.sort_by_key(|member| std::cmp::Reverse((member.state, member.outcome)));
        let davy = env!("CARGO_PKG_VERSION").to_owned();
        Suite { schema_version: "1.0", davy, of, summary: summary(of, &members), members, is_strict }
    }

    /// Whether a member's answer is not the one that it must be.
    pub fn fails(&self, member: &Member) -> bool {
        match member.state {
            State::Same | State::Broken => false,
            State::Differs => self.is_strict,
            State::Flips => true,
        }
    }

    /// The worst of what became of them.
    pub fn worst(&self) -> State {
        self.members.iter().map(|member| member.state).max().unwrap_or(State::Same)
    }
}

/// `20 recordings: 14 same, 6 flip (5 pass → inconclusive, 1 inconclusive → fail)`.
fn summary(of: &str, members: &[Member]) -> String {
    let count = |state: State| members.iter().filter(|member| member.state == state).count();
    let noun = if members.len() == 1 { of.to_owned() } else { format!("{of}s") };
    let mut parts = vec![(count(State::Same), State::Same.word(of).to_owned())];
    let flips = count(State::Flips);
    parts.push(match (of, flips) {
        (CASE, 1) => (1, "fails".to_owned()),
        (CASE, _) => (flips, "fail".to_owned()),
        (_, 1) => (1, format!("flips ({})", flipped(members))),
        _ => (flips, format!("flip ({})", flipped(members))),
    });
    parts.push((count(State::Differs), "with other numbers or reasons".to_owned()));
    parts.push((count(State::Broken), "could not be judged".to_owned()));
    let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    format!("{} {noun}: {}", members.len(), parts.collect::<Vec<_>>().join(", "))
}

/// `5 pass → inconclusive, 1 inconclusive → fail`, the commonest first.
fn flipped(members: &[Member]) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for member in members.iter().filter(|member| member.state == State::Flips) {
        let kind = turn(member).unwrap_or_else(|| "not as expected".into());
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// `pass → inconclusive`; nothing if the answers are the same.
fn turn(member: &Member) -> Option<String> {
    let (from, to) = (member.expected?, member.outcome?);
    (from != to).then(|| format!("{} → {}", from.word().to_lowercase(), to.word().to_lowercase()))
}

/// The suite in one of its forms; nothing in another.
pub fn suite(suite: &Suite, format: Format, style: &Style) -> Option<String> {
    match format {
        Format::Terminal => Some(text(suite, style)),
        Format::Markdown => Some(as_markdown(suite)),
        Format::Json => Some(json::render(suite)),
        Format::Junit => Some(junit(suite)),
        _ => None,
    }
}

fn text(suite: &Suite, style: &Style) -> String {
    let ink = Ink { color: style.color };
    let mut text = String::new();
    for member in &suite.members {
        let state = pad(member.state.word(suite.of), "differs".len());
        let state = match member.state {
            State::Same => state,
            State::Differs => ink.bold(&state),
            State::Flips | State::Broken => ink.paint(answer(Outcome::Fail), &state),
        };
        let end = turn(member).or_else(|| Some(member.outcome?.word().to_owned()));
        let end = end.map(|end| format!("  {end}")).unwrap_or_default();
        text.push_str(&format!("{state}  {}{end}\n", plain(&member.name)));
        // why something could not be judged is an error, and those have a stream of their own
        let says = if member.state == State::Broken { &[][..] } else { &member.says[..] };
        for line in says.iter().flat_map(|sentence| wrapped(sentence, style.width)) {
            text.push_str(&format!("{}{line}\n", " ".repeat(INDENT)));
        }
    }
    if suite.members.len() > 1 {
        text.push_str(&format!("{}\n", suite.summary));
    }
    text
}

/// Columns before what a member says.
const INDENT: usize = 9;

/// A sentence in lines of its own; what is written over several lines stays so.
fn wrapped(sentence: &str, columns: usize) -> Vec<String> {
    let room = columns.max(40) - INDENT;
    sentence
        .lines()
        .flat_map(|line| if width(line) <= room { vec![line.to_owned()] } else { wrap(line, room) })
        .collect()
}

fn as_markdown(suite: &Suite) -> String {
    let mut text = format!("## {}\n\n", markdown::escape(&suite.summary, 500));
    text.push_str(&format!("| {} | | expected | now | what differs |\n|---|---|---|---|---|\n", suite.of));
    for member in &suite.members {
        let word = |outcome: Option<Outcome>| outcome.map_or(String::new(), |outcome| outcome.word().to_owned());
        let says: Vec<String> = member.says.iter().take(5).map(|one| markdown::escape(one, 300)).collect();
        let more = member.says.len().saturating_sub(5);
        let more = if more > 0 { format!("<br>… and {more} more") } else { String::new() };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {}{more} |\n",
            markdown::escape(&member.name, 200),
            member.state.word(suite.of),
            word(member.expected),
            word(member.outcome),
            says.join("<br>")
        ));
    }
    text
}

fn junit(suite: &Suite) -> String {
    let clean = |text: &str| cut(&plain(text), LONGEST).replace(['\u{fffe}', '\u{ffff}'], "");
    let mut cases = TestSuite::new(format!("davy: {}s", suite.of));
    for member in &suite.members {
        let mut status = match member.state {
            State::Broken => TestCaseStatus::non_success(NonSuccessKind::Error),
            _ if suite.fails(member) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            _ => TestCaseStatus::success(),
        };
        let says: Vec<String> = member.says.iter().take(100).map(|one| clean(one)).collect();
        let is_green = matches!(status, TestCaseStatus::Success { .. });
        if !is_green {
            status.set_type(member.state.word(suite.of));
            status.set_message(turn(member).or_else(|| says.first().cloned()).unwrap_or_default());
            status.set_description(says.join("\n"));
        }
        let mut case = TestCase::new(clean(&member.name), status);
        case.set_classname(format!("davy.{}", suite.of));
        if is_green && !says.is_empty() {
            case.set_system_out(says.join("\n"));
        }
        cases.add_test_case(case);
    }
    let mut report = Report::new("davy");
    report.add_test_suite(cases);
    // to memory: nothing can go wrong
    report.to_string().unwrap_or_default()
}
