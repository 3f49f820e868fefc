//! A first configuration for what Prometheus scrapes: packs that fit, then counters with a status, histograms and counters of
//! what goes wrong by their names; gauges are named only.
//!
//! It is to be cut down. What tells the arms apart is the first label of a list that has two values; without one the last hours
//! are compared with those a week ago.

mod arms;
mod criteria;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use super::packs::PACKS;
use crate::source::prometheus::{Found, Kind, Listed, Matching};
use crate::text::yaml::{name, quoted};
use arms::Arms;
use criteria::{BUSY, Bound, CLIENT_ERRORS, Criterion, ERRORS, EVENTS, LATENCY, RESTARTS};
use shapes::{Shape, shape};

/// So many metrics are written beside those of packs.
const METRICS: usize = 12;
/// A metric is written for so many jobs.
const JOBS: usize = 3;
/// So many other names are listed.
const NAMED: usize = 40;

/// A configuration for metrics of a server; `source` is how it is reached, and `matchers` are what selected them. Nothing if
/// none of the metrics can be judged without more being known.
pub fn scraped(found: &Found, source: &str, matchers: &Matching) -> Option<String> {
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
    matchers: &'a Matching,
    arms: Arms<'a>,
    used: BTreeSet<&'a str>,
    names: BTreeSet<String>,
    uses: Vec<String>,
    metrics: Vec<String>,
    criteria: Vec<Criterion>,
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
        let bounds: &[Bound] = match metric {
            "errors" => ERRORS,
            "client_errors" => CLIENT_ERRORS,
            "latency" => LATENCY,
            "restarts" => RESTARTS,
            "cpu" | "memory" | "load" => BUSY,
            _ => &[],
        };
        self.bound(called, bounds);
    }

    fn bound(&mut self, called: &str, bounds: &[Bound]) {
        self.criteria.extend(bounds.iter().map(|bound| Criterion { metric: called.to_owned(), bound: *bound }));
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
        if self.criteria.iter().all(|criterion| criterion.bound.is_guardrail) {
            self.criteria.iter_mut().take(1).for_each(|criterion| criterion.bound.is_guardrail = false);
        }
    }

    /// The jobs that have a metric, the largest first, if they have to be told apart.
    fn jobs(&self, listed: &'a Listed) -> Vec<Option<&'a str>> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let jobs = listed.series.iter().flatten().filter(|(label, _)| label == "job");
        jobs.for_each(|(_, job)| *counts.entry(job).or_default() += 1);
        let mut jobs: Vec<(&str, usize)> = counts.into_iter().collect();
        jobs.sort_by_key(|(job, count)| (std::cmp::Reverse(*count), *job));
        match jobs.is_empty() || self.matchers.chooses("job") {
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
        let (base, entry, bounds) = match shape {
            Shape::Rate { base, bad } => {
                let entry = format!("rate: {{ bad: {}, total: {}, of: requests }}", selector(bad), selector(""));
                (base, entry, ERRORS)
            }
            Shape::Events { base } => (base, format!("events: {{ count: {} }}", selector("")), EVENTS),
            Shape::Latency { base, unit } => {
                let entry = format!("values: {{ histogram: {}, unit: {unit} }}", selector(""));
                (base, entry, LATENCY)
            }
        };
        let called = self.unique(base, job);
        self.metrics.push(format!("  {}: {{ {entry} }}", name(&called)));
        self.bound(&called, bounds);
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
        lines.extend(self.criteria.iter().map(Criterion::to_string));
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::source::prometheus::Listing;

    /// What is written of a metric that two jobs have.
    fn written(name: &str, kind: Kind, matchers: &str) -> String {
        let series = ["api", "worker"].map(|job| vec![("job".to_owned(), job.to_owned())]).into();
        let found = Found { metrics: vec![Listed { name: name.into(), kind, series }], others: 0 };
        scraped(&found, "{ url: \"http://127.0.0.1\" }", &Listing::of(matchers).unwrap().matchers).unwrap()
    }

    #[test]
    fn jobs_are_told_apart_unless_a_matcher_chooses_one() {
        let of = |matchers: &str| written("queue_dropped_total", Kind::Counter, matchers);
        for matchers in ["cronjob=\"x\"", "path=\"job=a\"", "env=\"a\",job!=\"batch\""] {
            let text = of(&format!("{{{matchers}}}"));
            for job in ["api", "worker"] {
                let selector = quoted(&format!("queue_dropped_total{{{matchers},job=\"{job}\"}}"));
                assert!(text.contains(&format!("count: {selector}")), "{matchers}: {text}");
            }
        }
        let text = of("{job=\"api\"}");
        let selector = quoted("queue_dropped_total{job=\"api\"}");
        assert!(text.contains(&format!("count: {selector}")) && !text.contains("worker"), "{text}");
    }

    #[test]
    fn a_criterion_is_a_line_and_not_all_are_guardrails() {
        let criteria = |name: &str, kind: Kind| {
            let text = written(name, kind, "{job=\"api\"}");
            text.split_once("criteria:\n").unwrap().1.to_owned()
        };
        assert_eq!(
            criteria("rpc_seconds_bucket", Kind::Histogram),
            "  - { metric: rpc, statistic: p95, pass: \"<= baseline + 10%\" }\n  \
             - { metric: rpc, statistic: p99, pass: \"<= baseline + 15%\", role: guardrail }\n"
        );
        assert_eq!(
            criteria("queue_dropped_total", Kind::Counter),
            "  - { metric: queue_dropped, pass: \"<= baseline + 50%\" }\n"
        );
    }
}
