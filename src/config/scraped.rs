//! A first configuration for what Prometheus scrapes: packs that fit, then counters with a status, histograms and counters of
//! what goes wrong by their names; gauges are named only.
//!
//! It is to be cut down. What tells the arms apart is the first label of a list that has two values; without one the last hours
//! are compared with those a week ago.

mod arms;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use super::packs::PACKS;
use crate::source::prometheus::{Found, Kind, Listed};
use crate::text::yaml::{name, quoted};
use arms::Arms;
use shapes::{Shape, shape};

/// So many metrics are written beside those of packs.
const METRICS: usize = 12;
/// A metric is written for so many jobs.
const JOBS: usize = 3;
/// So many other names are listed.
const NAMED: usize = 40;
const NO_MORE_BAD: &str = "<= baseline + max(50%, 0.1pp)";

/// A configuration for metrics of a server; `source` is how it is reached, and `matchers` are what selected them. Nothing if
/// none of the metrics can be judged without more being known.
pub fn scraped(found: &Found, source: &str, matchers: &str) -> Option<String> {
    let arms = Arms::of(&found.metrics, matchers);
    let mut draft = Draft {
        found,
        matchers,
        arms,
        used: BTreeSet::new(),
        names: BTreeSet::new(),
        uses: Vec::new(),
        metrics: Vec::new(),
        criteria: Vec::new(),
        left: BTreeMap::new(),
    };
    draft.packs();
    draft.others();
    draft.settle();
    (!draft.criteria.is_empty()).then(|| draft.text(source))
}

/// Metrics of a pack, each with what it selects.
type Selected<'a> = Vec<(&'static str, Vec<&'a Listed>)>;

/// The lines while they are collected.
struct Draft<'a> {
    found: &'a Found,
    matchers: &'a str,
    arms: Arms<'a>,
    used: BTreeSet<&'a str>,
    names: BTreeSet<String>,
    uses: Vec<String>,
    metrics: Vec<String>,
    criteria: Vec<String>,
    /// Counters and gauges that nothing is made of.
    left: BTreeMap<&'static str, Vec<&'a str>>,
}

impl<'a> Draft<'a> {
    fn listed(&self, name: &str) -> Option<&'a Listed> {
        let native = name.strip_suffix("_bucket");
        let metrics = &self.found.metrics;
        let find = |wanted: &str| metrics.iter().find(|one| one.name == wanted);
        find(name).or_else(|| native.and_then(find)).or_else(|| find(&format!("{name}_bucket")))
    }

    /// The packs whose first metric is there.
    fn packs(&mut self) {
        let fitting: Vec<(&str, Selected<'a>)> = PACKS
            .iter()
            .filter(|pack| pack.name.starts_with("prometheus/"))
            .filter_map(|pack| {
                let all = pack.selected();
                let there: Selected = all
                    .into_iter()
                    .filter_map(|(metric, names)| {
                        let listed: Option<Vec<&Listed>> = names.iter().map(|name| self.listed(name)).collect();
                        Some((metric, listed?))
                    })
                    .collect();
                let has_first =
                    there.first().is_some_and(|(first, _)| Some(*first) == pack.metrics().first().map(|m| m.0));
                let is_told = pack
                    .labels()
                    .iter()
                    .all(|(metric, label)| self.listed(metric).is_none_or(|listed| !listed.values(label).is_empty()));
                (has_first && is_told).then_some((pack.name, there))
            })
            .collect();
        let several = fitting.len() > 1;
        for (pack, metrics) in fitting {
            let short = pack.trim_start_matches("prometheus/");
            let prefix = if several { format!("{}_", short.replace('-', "_")) } else { String::new() };
            let job = metrics.first().and_then(|(_, listed)| self.jobs(listed[0]).into_iter().next()).flatten();
            let told = quoted(&self.arms.matching(self.matchers, job));
            let own = if several { format!(", as: {}", prefix.trim_end_matches('_')) } else { String::new() };
            self.uses.push(format!("  - {pack}: {{ match: {told}{own} }}"));
            for (metric, listed) in &metrics {
                self.used.extend(listed.iter().map(|one| one.name.as_str()));
                self.judge(&format!("{prefix}{metric}"), metric);
                self.names.insert(format!("{prefix}{metric}"));
            }
        }
    }

    /// What a metric of a pack is judged by; one that only says how busy it is by nothing.
    fn judge(&mut self, called: &str, metric: &str) {
        let lines: &[(&str, &str)] = match metric {
            "errors" => &[("", NO_MORE_BAD)],
            "client_errors" => &[(", role: guardrail", NO_MORE_BAD)],
            "latency" => &[("statistic: p95", "<= baseline + 10%"), ("statistic: p99", "<= baseline + 15%")],
            "restarts" => &[("", "<= baseline + 50%")],
            "cpu" | "memory" | "load" => &[(", role: guardrail", "<= baseline + 10%")],
            _ => &[],
        };
        for (more, bound) in lines {
            self.criterion(called, more, bound);
        }
    }

    fn criterion(&mut self, called: &str, more: &str, bound: &str) {
        let (statistic, role) = match more.strip_prefix("statistic: ") {
            Some("p95") => (", statistic: p95".to_owned(), ""),
            Some(statistic) => (format!(", statistic: {statistic}"), ", role: guardrail"),
            None => (String::new(), more),
        };
        self.criteria.push(format!("  - {{ metric: {}{statistic}, pass: \"{bound}\"{role} }}", name(called)));
    }

    /// What the other metrics look like.
    fn others(&mut self) {
        let mut written = 0;
        for listed in &self.found.metrics {
            if self.used.contains(listed.name.as_str()) {
                continue;
            }
            let is_part = listed.name.strip_suffix("_count").is_some_and(|base| self.listed(base).is_some());
            // the count of a histogram may be all that tells errors from other answers
            let tells = |shape: &Shape| matches!(shape, Shape::Rate { .. }) && self.uses.is_empty();
            let shape = shape(listed).filter(|shape| !is_part || tells(shape));
            if is_part && shape.is_none() {
                continue;
            }
            if shape.is_some() && written < METRICS {
                written += 1;
                for job in self.jobs(listed) {
                    shape.iter().for_each(|shape| self.metric(listed, job, shape));
                }
                continue;
            }
            let what = match (shape.is_some(), listed.kind) {
                (true, _) => "Left out",
                (false, Kind::Gauge) => "Gauges (`gauge: { query: 'avg(…)', unit: … }` judges one)",
                (false, _) => "Counters that only say how busy it is, and histograms of other things",
            };
            self.left.entry(what).or_default().push(&listed.name);
        }
    }

    /// Something has to be shown to hold.
    fn settle(&mut self) {
        const ROLE: &str = ", role: guardrail";
        if self.criteria.iter().all(|line| line.contains(ROLE)) {
            self.criteria.iter_mut().take(1).for_each(|line| *line = line.replace(ROLE, ""));
        }
    }

    /// The jobs that have a metric, the largest first, if they have to be told apart.
    fn jobs(&self, listed: &'a Listed) -> Vec<Option<&'a str>> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let jobs = listed.series.iter().flatten().filter(|(label, _)| label == "job");
        jobs.for_each(|(_, job)| *counts.entry(job).or_default() += 1);
        let mut jobs: Vec<(&str, usize)> = counts.into_iter().collect();
        jobs.sort_by_key(|(job, count)| (std::cmp::Reverse(*count), *job));
        match jobs.is_empty() || self.matchers.contains("job=") {
            true => vec![None],
            false => jobs.into_iter().take(JOBS).map(|(job, _)| Some(job)).collect(),
        }
    }

    fn metric(&mut self, listed: &Listed, job: Option<&str>, shape: &Shape) {
        let matching = self.arms.matching(self.matchers, job);
        let selector = |more: &str| {
            let all: Vec<&str> = [matching.as_str(), more].into_iter().filter(|part| !part.is_empty()).collect();
            quoted(&format!("{}{{{}}}", listed.name, all.join(",")))
        };
        let (base, entry, lines): (&str, String, &[(&str, &str)]) = match shape {
            Shape::Rate { base, bad } => {
                let entry = format!("rate: {{ bad: {}, total: {}, of: requests }}", selector(bad), selector(""));
                (base, entry, &[("", NO_MORE_BAD)])
            }
            Shape::Events { base } => {
                (base, format!("events: {{ count: {} }}", selector("")), &[(", role: guardrail", "<= baseline + 50%")])
            }
            Shape::Latency { base, unit } => {
                let entry = format!("values: {{ histogram: {}, unit: {unit} }}", selector(""));
                (base, entry, &[("statistic: p95", "<= baseline + 10%"), ("statistic: p99", "<= baseline + 15%")])
            }
        };
        let called = self.unique(base, job);
        self.metrics.push(format!("  {}: {{ {entry} }}", name(&called)));
        lines.iter().for_each(|(more, bound)| self.criterion(&called, more, bound));
    }

    /// A name that no other metric has: with that of its job, with a number.
    fn unique(&mut self, base: &str, job: Option<&str>) -> String {
        let plain = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
        };
        let with_job = job.map(|job| format!("{}_{base}", plain(job).trim_matches('_')));
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let mut names = [base.to_owned()].into_iter().chain(with_job).chain(numbered);
        let called = names.find(|name| !self.names.contains(name)).unwrap_or_else(|| base.to_owned());
        self.names.insert(called.clone());
        called
    }

    fn text(&self, source: &str) -> String {
        let line = |text: &str| text.to_owned();
        let mut lines = vec![line(
            "# What there is, to start with: keep what matters to you, and put in the limits that you mean.",
        )];
        lines.push(format!("name: {}", quoted("discovered")));
        lines.extend(self.arms.lines());
        lines.extend([line("sources:"), format!("  metrics: {{ prometheus: {source} }}")]);
        if !self.uses.is_empty() {
            lines.push(line("use:  # `davy packs` prints what is in them"));
            lines.extend(self.uses.iter().cloned());
        }
        let others = self.left.iter().map(|(what, names)| {
            let shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more (`--match` finds them)") } else { String::new() };
            format!("# {what}: {}{more}", shown.join(", "))
        });
        if !self.metrics.is_empty() {
            lines.push(line("metrics:"));
            lines.extend(self.metrics.iter().cloned());
        }
        lines.extend(others);
        if self.found.others > 0 {
            let text = "of runtimes and exporters, sums of histograms, and what is beyond 20,000 series";
            lines.push(format!("# Not looked at ({text}): {}", self.found.others));
        }
        lines.push(line("# What must hold. A `guardrail` must not be broken; everything else must be shown to hold."));
        lines.push(line("criteria:"));
        lines.extend(self.criteria.iter().cloned());
        lines.join("\n") + "\n"
    }
}
