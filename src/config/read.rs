//! From the tree to the file as written: every key of every section is looked at, and every mistake is noted.
//!
//! A section asks for its keys one by one and then closes. What nobody asked for is an unknown key, and the keys
//! that were asked for are the ones it may have meant.

use super::file::*;
use super::node::{Node, Value};
use super::packs::UseEntry;
use super::problem::{At, Complaint, Place, Report, nearest, suggestion};
use super::scalar::{Named, Scalar, is_name};
use super::service::{AskedEntry, Column};

/// A part of the file that can be read from a node. Nothing means that a problem was noted.
pub(super) trait Read: Sized {
    fn read(node: &Node, report: &mut Report) -> Option<Self>;
}

impl<T: Scalar> Read for At<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Scalar { text, .. } = &node.value else {
            report.add(node.place, format!("a single value is expected here, not {}", node.kind()));
            return None;
        };
        match T::scalar(text) {
            Ok(value) => Some(At { place: node.place, value }),
            Err(complaint) => {
                report.complain_of(&At { place: node.place, value: text.clone() }, complaint);
                None
            }
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::List(items) = &node.value else {
            report.add_with(
                node.place,
                format!("a list is expected here, not {}", node.kind()),
                "begin each entry with `- `",
            );
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, report)).collect();
        read.into_iter().collect()
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            report.add(node.place, format!("a map of names is expected here, not {}", node.kind()));
            return None;
        };
        let mut named = Vec::new();
        let before = report.len();
        for (key, node) in entries {
            if !is_name(&key.value) {
                let hint = "names consist of letters, digits, `_`, `-` and `.`";
                report.add_with(key.place, format!("`{}` cannot be a name", key.value), hint);
            }
            named.extend(T::read(node, report).map(|value| (key.clone(), value)));
        }
        (report.len() == before).then_some(Named(named))
    }
}

/// The keys of one section while it is read.
pub(super) struct Keys<'n, 'r, 'a> {
    what: &'static str,
    pub(super) place: Place,
    entries: &'n [(At<String>, Node)],
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    pub(super) report: &'r mut Report<'a>,
    before: usize,
}

impl<'n, 'r, 'a> Keys<'n, 'r, 'a> {
    /// Opens a section. `form` shows how it is written, for when it is not a map at all.
    pub(super) fn open(node: &'n Node, report: &'r mut Report<'a>, what: &'static str, form: &str) -> Option<Self> {
        let before = report.len();
        match &node.value {
            Value::Map(entries) => {
                Some(Keys { what, place: node.place, entries, asked: Vec::new(), missing: Vec::new(), report, before })
            }
            _ => {
                let message = format!("{what} is a map of keys, not {}", node.kind());
                report.add_with(node.place, message, format!("write `{form}`"));
                None
            }
        }
    }

    fn find(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        let found = self.entries.iter().find(|(name, _)| name.value == key);
        found.map(|(_, node)| node).filter(|node| !matches!(node.value, Value::Nothing))
    }

    /// A key that may be absent.
    pub(super) fn may<T: Read>(&mut self, key: &'static str) -> Option<T> {
        let node = self.find(key)?;
        T::read(node, self.report)
    }

    /// A key that must be there.
    pub(super) fn must<T: Read>(&mut self, key: &'static str) -> Option<T> {
        match self.find(key) {
            Some(node) => T::read(node, self.report),
            None => {
                match self.entries.iter().find(|(name, _)| name.value == key) {
                    Some((name, _)) => self.report.add(name.place, format!("`{key}` has no value")),
                    None => self.missing.push(key),
                }
                None
            }
        }
    }

    /// A section with free entries that may be absent.
    pub(super) fn all<T: Read + Default>(&mut self, key: &'static str) -> T {
        self.may(key).unwrap_or_default()
    }

    /// Notes every key that was not asked for and every one that is missing, unless the two are one slip; nothing
    /// when anything in the section was wrong.
    pub(super) fn close<T>(mut self, value: Option<T>, hint: impl Fn(&str) -> Option<String>) -> Option<T> {
        for (key, _) in self.entries.iter().filter(|(key, _)| !self.asked.contains(&key.value.as_str())) {
            let message = format!("{} has no key `{}`", self.what, key.value);
            let near = nearest(&key.value, self.asked.iter().copied());
            self.missing.retain(|missing| Some(*missing) != near);
            let remedy = near.map(|name| format!("did you mean `{name}`?")).or_else(|| hint(&key.value));
            let remedy = remedy.or_else(|| suggestion(&key.value, self.asked.iter().copied()));
            let complaint = Complaint { part: 0..0, message, hint: remedy };
            self.report.complain(key.place, complaint);
        }
        for key in self.missing {
            self.report.add(self.place, format!("{} needs the key `{key}`", self.what));
        }
        value.filter(|_| self.report.len() == self.before)
    }

    /// Whether a key is there, or one that may be meant by it.
    pub(super) fn mentions(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| nearest(&name.value, [key]).is_some())
    }
}

fn only_of_rates(key: &str) -> Option<String> {
    (key == "instance")
        .then(|| "`instance` is for `rate`: only counts of trials are compared instance by instance".into())
}

pub(super) fn no_hint(_: &str) -> Option<String> {
    None
}

impl Read for File {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if let Value::Nothing = node.value {
            let hint = "start with `davy init`, or write `name`, `sources`, `metrics` and `criteria`";
            report.add_with(node.place, "the configuration is empty", hint);
            return None;
        }
        let mut keys = Keys::open(node, report, "the configuration", "name: …")?;
        let (name, arms, phase, traffic) =
            (keys.must("name"), keys.may("arms"), keys.may("phase"), keys.may("traffic"));
        let (window, sources, metrics) = (keys.may("window"), keys.must("sources"), keys.may("metrics"));
        let uses: Vec<UseEntry> = keys.all("use");
        if metrics.is_none() && uses.is_empty() && !keys.mentions("use") {
            keys.must::<Named<MetricEntry>>("metrics");
        }
        let (soak, every) = (keys.may("soak"), keys.may("every"));
        let (criteria, phases, policy) = (keys.all("criteria"), keys.all("phases"), keys.may("policy"));
        let not_judged = keys.all("not_judged");
        let (success, recording) = (keys.all("success"), keys.may("recording"));
        let (hooks, cost) = (keys.may("hooks"), keys.may("cost"));
        let file = name.zip(sources).map(|(name, sources)| File {
            name,
            arms,
            phase,
            traffic,
            window,
            soak,
            every,
            sources,
            uses,
            metrics: metrics.unwrap_or_default(),
            cost,
            criteria,
            not_judged,
            phases,
            policy,
            success,
            hooks,
            recording,
        });
        keys.close(file, no_hint)
    }
}

impl Read for Arms {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys =
            Keys::open(node, report, "`arms`", "arms: { baseline: { version: 41 }, canary: { version: 42 } }")?;
        let arms = Arms { baseline: keys.all("baseline"), canary: keys.all("canary") };
        keys.close(Some(arms), |key| match key {
            "control" | "reference" | "stable" | "old" => Some("this arm is called `baseline`".into()),
            "experiment" | "treatment" | "candidate" | "new" => Some("this arm is called `canary`".into()),
            _ => None,
        })
    }
}

impl Read for TrafficEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`traffic`", "traffic: { canary: 5% }")?;
        let traffic = TrafficEntry {
            place: node.place,
            canary: keys.may("canary"),
            metric: keys.may("metric"),
            on_mismatch: keys.may("on_mismatch"),
        };
        keys.close(Some(traffic), no_hint)
    }
}

impl Read for WindowEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`window`", "window: { last: 1h, step: 5m }")?;
        let window = WindowEntry {
            place: node.place,
            last: keys.may("last"),
            from: keys.may("from"),
            to: keys.may("to"),
            step: keys.may("step"),
            settle: keys.may("settle"),
            warmup: keys.may("warmup"),
            baseline: keys.may("baseline"),
        };
        keys.close(Some(window), no_hint)
    }
}

impl Read for BaselineEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "the baseline's window", "baseline: { ago: 7d }")?;
        let window =
            BaselineEntry { place: node.place, ago: keys.may("ago"), from: keys.may("from"), to: keys.may("to") };
        keys.close(Some(window), no_hint)
    }
}

impl Read for SourceEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a source", "data: { file: { path: data.csv } }")?;
        let source = SourceEntry {
            file: keys.may("file"),
            requests: keys.may("requests"),
            cloudwatch: keys.may("cloudwatch"),
            logs_insights: keys.may("logs_insights"),
            log_events: keys.may("log_events"),
            unreachable: keys.may("unreachable"),
        };
        let kinds = keys.entries.iter().filter(|(key, _)| keys.asked.contains(&key.value.as_str())).count();
        if kinds > 1 || keys.entries.is_empty() {
            let message = if kinds > 1 { "a source has exactly one kind" } else { "a source needs its kind" };
            let hint = "write `file`, `requests`, `cloudwatch`, `logs_insights` or `log_events`; use two sources for two kinds";
            keys.report.add_with(keys.place, message, hint);
        }
        keys.close(Some(source), |key| match key {
            "path" => Some("write `file: { path: … }`".into()),
            "region" | "namespace" => Some("write `cloudwatch: { region: … }`".into()),
            "prometheus" => Some("Prometheus is not asked yet: save its answer and write `file: { path: … }`".into()),
            _ => Some(
                "the kinds of source are `file`, `requests`, `cloudwatch`, `logs_insights` and `log_events`".into(),
            ),
        })
    }
}

impl Read for FileEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`file`", "file: { path: data.csv }")?;
        let path = keys.must("path");
        let (format, time, zone) = (keys.may("format"), keys.may("time"), keys.may("zone"));
        let (arm, long) = (keys.may("arm"), keys.may("long"));
        let file = path.map(|path| FileEntry { path, format, time, zone, arm, long });
        keys.close(file, no_hint)
    }
}

impl Read for ArmColumnEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "arm: { column: group, baseline: control, canary: treatment }";
        let mut keys = Keys::open(node, report, "`arm`", form)?;
        let parts = (keys.must("column"), keys.must("baseline"), keys.must("canary"));
        let entry = match parts {
            (Some(column), Some(baseline), Some(canary)) => Some(ArmColumnEntry { column, baseline, canary }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}

impl Read for LongEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`long`", "long: { name: metric, value: value }")?;
        let entry = keys.must("name").zip(keys.must("value")).map(|(name, value)| LongEntry { name, value });
        keys.close(entry, no_hint)
    }
}

impl Read for MetricEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a metric", "errors: { rate: { bad: errors, total: requests } }")?;
        let metric = MetricEntry {
            source: keys.may("source"),
            filter: keys.may("where"),
            by: keys.may("by"),
            rate: keys.may("rate"),
            events: keys.may("events"),
            gauge: keys.may("gauge"),
            values: keys.may("values"),
            alarms: keys.may("alarms"),
            dimensions: keys.all("dimensions"),
            history: keys.may("history"),
        };
        let shapes: Vec<&str> =
            ["rate", "events", "gauge", "values", "alarms"].into_iter().filter(|shape| keys.mentions(shape)).collect();
        if shapes.len() != 1 {
            let message = match shapes.as_slice() {
                [] => "a metric has exactly one shape, and this one has none".to_owned(),
                several => format!("a metric has exactly one shape, and this one has {}", several.join(" and ")),
            };
            let hint = "write `rate` (a share of trials), `events` (occurrences), `gauge` (one number per step), \
                        `values` (one per request) or `alarms`; use two metrics for two shapes";
            keys.report.add_with(keys.place, message, hint);
        }
        keys.close(Some(metric), |key| match key {
            "bad" | "good" | "total" | "part" => Some(format!("write `rate: {{ {key}: … }}`")),
            "count" => Some("write `events: { count: … }`".into()),
            "filter" => Some("write `where: 'route = \"/checkout\"'`, over a `requests` source".into()),
            "group_by" | "groups" => Some("write `by: route`".into()),
            "value" | "unit" => Some("write `gauge: { value: … }` or `values: { value: … }`".into()),
            _ => None,
        })
    }
}

impl Read for RateEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`rate`", "rate: { bad: errors, total: requests }")?;
        let rate = RateEntry {
            place: node.place,
            bad: keys.may("bad"),
            good: keys.may("good"),
            part: keys.may("part"),
            total: keys.may("total"),
            missing: keys.may("missing"),
            show: keys.may("show"),
            of: keys.may("of"),
            instance: keys.may("instance"),
            query: keys.may("query"),
        };
        keys.close(Some(rate), |key| match key {
            "errors" | "failures" | "failed" => Some("the column with the bad ones is named by `bad`".into()),
            "requests" | "count" => Some("the column with all of them is named by `total`".into()),
            _ => None,
        })
    }
}

impl Read for EventsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`events`", "events: { count: fallbacks }")?;
        let count = keys.must("count");
        let (exposure, per, missing) = (keys.may("exposure"), keys.may("per"), keys.may("missing"));
        let (alive, query) = (keys.may("alive"), keys.may("query"));
        let events = count.map(|count| EventsEntry { count, exposure, per, missing, alive, query });
        keys.close(events, only_of_rates)
    }
}

impl Read for GaugeEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`gauge`", "gauge: { value: p95, unit: ms }")?;
        let asked = AskedEntry::KEYS.iter().any(|key| keys.entries.iter().any(|(name, _)| name.value == *key));
        let value = match asked {
            true => Some(Column::Asked(Box::new(AskedEntry::keys(&mut keys)))),
            false => keys.must("value"),
        };
        let (unit, quantile) = (keys.may("unit"), keys.may("quantile"));
        let (requests, scale, query) = (keys.may("requests"), keys.may("scale"), keys.may("query"));
        let gauge = value.map(|value| GaugeEntry { value, unit, quantile, requests, scale, query });
        keys.close(gauge, only_of_rates)
    }
}

impl Read for ValuesEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`values`", "values: { value: latency_ms, unit: ms }")?;
        let histogram: Option<Column> = keys.may("histogram");
        let value = if histogram.is_some() { keys.may("value") } else { keys.must("value") };
        let (unit, of, query) = (keys.may("unit"), keys.may("of"), keys.may("query"));
        let resolution: Option<At<f64>> = keys.may("resolution");
        if let (Some(histogram), Some(_)) = (&histogram, &value) {
            let hint = "leave one of `value` and `histogram` out";
            keys.report.add_with(histogram.place(), "each row has one value or a histogram of many", hint);
        }
        if let Some(resolution) = &resolution {
            if histogram.is_none() {
                let hint = "leave it out; `unit` says what a value is measured in";
                keys.report.add_with(resolution.place, "`resolution` is for histograms", hint);
            } else if resolution.value <= 0.0 {
                keys.report.add(resolution.place, "`resolution` must be more than 0");
            }
        }
        let known = value.is_some() || histogram.is_some();
        keys.close(known.then_some(ValuesEntry { value, histogram, unit, resolution, of, query }), only_of_rates)
    }
}

impl Read for HistoryEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`history`", "history: { phi: 1.3, nu: 30 }")?;
        let entry = keys.must("phi").zip(keys.must("nu")).map(|(phi, nu)| HistoryEntry { phi, nu });
        keys.close(entry, no_hint)
    }
}

impl Read for CriterionEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a criterion", "- { metric: errors, pass: \"<= 0.1%\" }")?;
        let (name, metric, statistic) = (keys.may("name"), keys.must("metric"), keys.may("statistic"));
        let (pass, fail, rule) = (keys.may("pass"), keys.may("fail"), keys.may("rule"));
        let (periods, severity, weight) = (keys.may("periods"), keys.may("severity"), keys.may("weight"));
        let (group, family) = (keys.may("group"), keys.may("family"));
        if !keys.mentions("pass") && !keys.mentions("fail") {
            let hint = "write `pass: \"<= 0.1%\"`, `fail: \"> 1%\"`, or both";
            keys.report.add_with(keys.place, "a criterion needs a bound", hint);
        }
        let criterion = metric.map(|metric| CriterionEntry {
            name,
            metric,
            statistic,
            pass,
            fail,
            rule,
            periods,
            severity,
            weight,
            group,
            family,
        });
        keys.close(criterion, |key| match key {
            "warn" => {
                Some("between `pass` and `fail` a criterion warns: `pass: \"<= 200ms\", fail: \"> 300ms\"`".into())
            }
            "threshold" | "target" | "max" | "limit" => Some("write the bound as `pass: \"<= …\"`".into()),
            "critical" => Some("write `severity: critical`".into()),
            _ => None,
        })
    }
}

impl Read for PhaseEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a phase", "- { name: 5%, traffic: { canary: 5% }, soak: 1h }")?;
        let (name, traffic, soak) = (keys.must("name"), keys.may("traffic"), keys.may("soak"));
        let (every, window, criteria) = (keys.may("every"), keys.may("window"), keys.all("criteria"));
        let hooks = keys.may("hooks");
        let phase = name.map(|name| PhaseEntry { name, traffic, soak, every, window, criteria, hooks });
        keys.close(phase, no_hint)
    }
}

impl Read for PolicyEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`policy`", "policy: { level: 0.95 }")?;
        let policy = PolicyEntry {
            level: keys.may("level"),
            on_inconclusive: keys.may("on_inconclusive"),
            fail_on_warn: keys.may("fail_on_warn"),
            min_coverage: keys.may("min_coverage"),
            min_steps: keys.may("min_steps"),
            min_excess: keys.may("min_excess"),
            silent: keys.may("silent"),
            score: keys.may("score"),
            min_soak: keys.may("min_soak"),
            roll_back_to: keys.may("roll_back_to"),
        };
        keys.close(Some(policy), |key| match key {
            "alpha" => Some("write the confidence: `level: 0.95`".into()),
            _ => None,
        })
    }
}

impl Read for ScoreEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`score`", "score: { pass: 95, marginal: 75 }")?;
        let entry = keys.must("pass").zip(keys.must("marginal")).map(|(pass, marginal)| ScoreEntry { pass, marginal });
        keys.close(entry, no_hint)
    }
}

impl Read for RecordingEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`recording`", "recording: { version: 1, … }")?;
        let parts = (keys.must("version"), keys.must("davy"), keys.must("recorded"));
        let remarks = keys.all("remarks");
        let entry = match parts {
            (Some(version), Some(davy), Some(recorded)) => Some(RecordingEntry { version, davy, recorded, remarks }),
            _ => None,
        };
        keys.close(entry, no_hint)
    }
}
