//! A gate as a draft, and the draft as the text of a configuration with comments.
//!
//! Values are YAML already, in flow style (`text::yaml`); this file knows the order of the sections and nothing of what they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::controller::{Controller, Rule, later, not_numbers};
use super::kind::Kind;
use super::note::Note;
use super::promql;
use crate::plain;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::text::spell::spell;
use crate::text::yaml::{braces, name, quoted};

/// What one gate of another tool says, in the words of davy.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The tool it is of.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Comments at the top: where it comes from, and how to call it.
    pub(crate) head: Vec<String>,
    /// Labels of the baseline and of the canary.
    pub(crate) arms: [Vec<(String, String)>; 2],
    /// The keys of `window`: `last: 10m`.
    pub(crate) window: Vec<String>,
    /// How long the canary is watched.
    pub(crate) soak: Option<String>,
    /// How often davy judges meanwhile.
    pub(crate) every: Option<String>,
    /// The sources by name, each with its kind and keys: `prometheus: { url: … }`.
    pub(crate) sources: Vec<(String, String)>,
    /// The metrics.
    pub(crate) metrics: Vec<Measured>,
    /// The criteria.
    pub(crate) criteria: Vec<Criterion>,
    /// The keys of `policy`.
    pub(crate) policy: Vec<String>,
    /// Lines of the section `kayenta`, for the rule of that tool.
    pub(crate) kayenta: Vec<String>,
    /// What no criterion judges, with the reason and the best outcome.
    pub(crate) not_judged: Vec<NotJudged>,
    /// Comments at the end: what could be added.
    pub(crate) tail: Vec<String>,
    /// Files that it reads beside the configuration, by name: recorded measurements.
    pub data: Vec<(String, String)>,
    /// The queries as they were written, for the controller's own rules.
    pub(crate) queries: Vec<Measured>,
    /// The controller's own rule.
    pub controller: Option<Controller>,
    metric_names: Names,
    source_names: Names,
}

/// The names that are in use.
#[derive(Debug, Clone, Default)]
struct Names {
    taken: BTreeSet<String>,
    /// The last number behind each name that several want.
    last: BTreeMap<String, usize>,
}

/// A metric with its shape in flow style: `source: metrics, rate: { … }`.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Where it comes from: the line and what was written there.
    pub(crate) comment: Option<String>,
    pub(crate) shape: String,
    /// Its own step, if it is not that of the window.
    pub(crate) step: Option<SignedDuration>,
}

/// A criterion with its keys in flow style: `pass: "<= 1%"`.
#[derive(Debug, Clone)]
pub(crate) struct Criterion {
    pub(crate) metric: String,
    pub(crate) comment: Option<String>,
    pub(crate) keys: Vec<String>,
}

/// Something that no criterion judges.
#[derive(Debug, Clone)]
pub(crate) struct NotJudged {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) at_best: &'static str,
}

impl Gate {
    pub(crate) fn new(kind: Kind, name: impl Into<String>) -> Gate {
        Gate {
            kind,
            name: name.into(),
            head: Vec::new(),
            arms: [Vec::new(), Vec::new()],
            window: Vec::new(),
            soak: None,
            every: None,
            sources: Vec::new(),
            metrics: Vec::new(),
            criteria: Vec::new(),
            policy: Vec::new(),
            kayenta: Vec::new(),
            not_judged: Vec::new(),
            tail: Vec::new(),
            data: Vec::new(),
            queries: Vec::new(),
            controller: None,
            metric_names: Names::default(),
            source_names: Names::default(),
        }
    }

    /// How many metrics it has.
    pub fn metrics(&self) -> usize {
        self.metrics.len()
    }

    /// How many criteria it has.
    pub fn criteria(&self) -> usize {
        self.criteria.len()
    }

    /// How many things it asks that davy does not judge.
    pub fn open(&self) -> usize {
        self.not_judged.len()
    }

    /// Takes over a note: what a pass depends on becomes an entry of `not_judged`.
    pub(crate) fn lose(&mut self, note: Note, notes: &mut Vec<Note>) {
        let note = cut(note);
        if note.is_open {
            self.not_judged.push(NotJudged { what: note.what.clone(), why: note.why.clone(), at_best: "inconclusive" });
        }
        notes.push(note);
    }

    /// The name of a source with these keys, which is added if it is new.
    pub(crate) fn source(&mut self, called: &str, keys: String) -> String {
        if let Some((known, _)) = self.sources.iter().find(|(_, own)| *own == keys) {
            return known.clone();
        }
        let called = self.source_names.free(called);
        self.sources.push((called.clone(), keys));
        called
    }

    /// A name for a metric that no other has: letters, digits, `_`, `-` and `.`.
    pub(crate) fn metric_name(&mut self, called: &str) -> String {
        self.metric_names.free(called)
    }

    /// The configuration, with comments.
    pub fn written(&self) -> String {
        let mut page = Page(String::new());
        self.head.iter().for_each(|line| page.comment("", line));
        page.line(&format!("name: {}", quoted(&self.name)));
        self.write_arms(&mut page);
        if !self.window.is_empty() {
            page.line(&format!("window: {}", braces(self.window.clone())));
        }
        for (key, span) in [("soak", &self.soak), ("every", &self.every)] {
            span.iter().for_each(|span| page.line(&format!("{key}: {span}")));
        }
        page.line("sources:");
        self.sources.iter().for_each(|(called, keys)| page.line(&format!("  {}: {{ {keys} }}", name(called))));
        page.line("metrics:");
        for metric in &self.metrics {
            metric.comment.iter().for_each(|comment| page.comment("  ", comment));
            let step = metric.step.map(|step| format!(", step: {}", spell(step))).unwrap_or_default();
            page.line(&format!("  {}: {{ {}{step} }}", name(&metric.name), metric.shape));
        }
        if !self.criteria.is_empty() {
            page.line("criteria:");
        }
        for criterion in &self.criteria {
            criterion.comment.iter().for_each(|comment| page.comment("  ", comment));
            page.line(&format!("  - {{ metric: {}, {} }}", name(&criterion.metric), criterion.keys.join(", ")));
        }
        if !self.policy.is_empty() {
            page.line(&format!("policy: {}", braces(self.policy.clone())));
        }
        self.kayenta.iter().for_each(|line| page.line(line));
        self.write_open(&mut page);
        self.tail.iter().for_each(|line| page.comment("", line));
        page.0
    }

    /// A configuration that asks each query as it was written and judges nothing; nothing if no rule needs one. It asks for a
    /// window with steps, and for as long before it as the rule looks back.
    pub fn as_queries(&self, window: Window, step: SignedDuration) -> Option<String> {
        let rule = self.controller.as_ref().filter(|_| !self.queries.is_empty())?;
        let step = rule.step().unwrap_or(step);
        let length = format!("{}s", window.duration().as_secs());
        let filled = |query: &Measured| Measured { shape: query.shape.replace(WINDOW, &length), ..query.clone() };
        let (from, to) = (window.start.checked_sub(rule.before()).ok(), whole(window, step));
        let ends = |time: Timestamp| quoted(&time.to_string());
        let plain = Gate {
            window: vec![
                format!("from: {}", ends(from.unwrap_or(window.start))),
                format!("to: {}", ends(to)),
                format!("step: {}", spell(step)),
            ],
            metrics: self.queries.iter().map(filled).collect(),
            criteria: Vec::new(),
            not_judged: Vec::new(),
            policy: Vec::new(),
            kayenta: Vec::new(),
            soak: None,
            every: None,
            ..self.clone()
        };
        Some(plain.written())
    }

    /// A query as it was written, for the controller's own rule.
    pub(crate) fn ask_as_written(&mut self, called: &str, source: &str, query: &str) {
        let shape = format!("source: {}, gauge: {{ query: {} }}", name(source), quoted(query));
        self.queries.push(Measured { name: called.to_owned(), comment: None, shape, step: None });
    }

    /// Asks where a query answers with NaN, which davy's numbers have no word for.
    pub(crate) fn ask_not_numbers(&mut self, called: &str, source: &str, query: &str) {
        let query = promql::not_numbers(query);
        if promql::is_query_of_davy(&query) {
            self.ask_as_written(&not_numbers(called), source, &query);
        }
    }

    /// The rules of Argo, metric by metric.
    pub(crate) fn argo(&self) -> &[Rule] {
        match &self.controller {
            Some(Controller::Argo(rules)) => rules,
            _ => &[],
        }
    }

    /// Adds a rule of Argo.
    pub(crate) fn add_rule(&mut self, rule: Rule) {
        match &mut self.controller {
            Some(Controller::Argo(rules)) => rules.push(rule),
            _ => self.controller = Some(Controller::Argo(vec![rule])),
        }
    }

    fn write_arms(&self, page: &mut Page) {
        if self.arms.iter().all(Vec::is_empty) {
            return;
        }
        page.line("arms:");
        for (arm, labels) in ["baseline", "canary"].iter().zip(&self.arms) {
            let labels = labels.iter().map(|(label, value)| format!("{}: {}", name(label), quoted(value)));
            page.line(&format!("  {arm}: {}", braces(labels.collect())));
        }
    }

    fn write_open(&self, page: &mut Page) {
        if self.not_judged.is_empty() {
            return;
        }
        page.line(
            "# What no criterion judges. Without it nothing passes: write a criterion, or remove what does not matter.",
        );
        page.line("not_judged:");
        for one in &self.not_judged {
            let (what, why) = (quoted(&one.what), quoted(&one.why));
            page.line(&format!("  - {{ what: {what}, why: {why}, at_best: {} }}", one.at_best));
        }
    }
}

impl Names {
    /// A name that is not in use yet, and now is: a number follows what several want.
    fn free(&mut self, called: &str) -> String {
        let plain = spelled(called.trim(), &['_', '-', '.']);
        let plain = if plain.is_empty() { "value".to_owned() } else { plain };
        if self.taken.insert(plain.clone()) {
            return plain;
        }
        let last = self.last.entry(plain.clone()).or_insert(1);
        loop {
            *last += 1;
            let name = format!("{plain}_{last}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// What stands in a query as it was written for the seconds of the window, with their unit.
pub(crate) const WINDOW: &str = "@window@";

/// The end of the whole steps of a window.
fn whole(window: Window, step: SignedDuration) -> Timestamp {
    let steps = window.duration().as_millis() / step.as_millis().max(1);
    later(window.start, step, usize::try_from(steps).unwrap_or(usize::MAX)).min(window.end)
}

/// A name that can be a file's.
pub(crate) fn file_name(name: &str) -> String {
    spelled(name, &['_', '-'])
}

/// A text of letters, digits and these; anything else becomes `_`.
fn spelled(text: &str, others: &[char]) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || others.contains(&c) { c } else { '_' }).collect()
}

/// A note whose texts a person can read: a query or condition may be as long as a book.
pub(crate) fn cut(note: Note) -> Note {
    const MOST: usize = 500;
    let (what, why) = (plain::shorten(&note.what, MOST), plain::shorten(&note.why, MOST));
    Note { what, why, ..note }
}

/// The text while it is written.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A comment, each of its lines with its mark.
    fn comment(&mut self, indent: &str, text: &str) {
        for line in text.lines() {
            let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            self.line(format!("{indent}# {}", shown.trim_end()).trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_metrics_of_one_name_get_numbers_of_their_own() {
        let mut gate = Gate::new(Kind::K6, "g");
        assert_eq!(gate.metric_name("a b_3"), "a_b_3");
        assert_eq!(["a b", "a/b", "a?b", " "].map(|name| gate.metric_name(name)), ["a_b", "a_b_2", "a_b_4", "value"]);
        let names: BTreeSet<String> = (0..50_000).map(|_| gate.metric_name("a b")).collect();
        assert_eq!(names.len(), 50_000);
        assert!(names.contains("a_b_50004"));
    }
}
