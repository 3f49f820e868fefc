//! The sections of the file as written: their keys, and what must hold between them.

use super::column::{AskedEntry, Column};
use super::file::*;
use super::packs::UseEntry;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Named;

fn only_of_rates(key: &str) -> Option<String> {
    (key == "instance")
        .then(|| "`instance` is for `rate`: only counts of trials are compared instance by instance".into())
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
        let (window, sources) = (keys.may("window"), keys.must("sources"));
        // a pack has metrics too
        let metrics: Option<Named<MetricEntry>> =
            if keys.mentions("use") { keys.may("metrics") } else { keys.must("metrics") };
        let uses: Vec<UseEntry> = keys.all("use");
        let (soak, every, noise) = (keys.may("soak"), keys.may("every"), keys.may("noise"));
        let (criteria, phases, policy) = (keys.all("criteria"), keys.all("phases"), keys.may("policy"));
        let (not_judged, judge, kayenta) = (keys.all("not_judged"), keys.may("judge"), keys.may("kayenta"));
        let (success, recording) = (keys.all("success"), keys.may("recording"));
        let (localise, mix, signatures) = (keys.may("localise"), keys.may("mix"), keys.all("signatures"));
        let (hooks, cost, expect) = (keys.may("hooks"), keys.may("cost"), keys.may("expect"));
        let file = name.zip(sources).map(|(name, sources)| File {
            name,
            arms,
            phase,
            traffic,
            window,
            soak,
            every,
            noise,
            sources,
            uses,
            metrics: metrics.unwrap_or_default(),
            localise,
            mix,
            signatures,
            cost,
            criteria,
            not_judged,
            phases,
            judge,
            kayenta,
            policy,
            success,
            hooks,
            expect,
            recording,
        });
        keys.close(file, |key| match key {
            "logs" | "log_lines" | "templates" => Some("write `signatures: { app: { path: … } }`".into()),
            "baseline" | "canary" => Some(
                "when it runs stands in `window: { last: 1h, baseline: { ago: 7d } }`, what tells it apart in `arms`"
                    .into(),
            ),
            "localize" | "slices" | "dimensions" => Some("write `localise: [route, region]`".into()),
            _ => None,
        })
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

impl Read for SourceEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a source", "data: { file: { path: data.csv } }")?;
        let source = SourceEntry {
            file: keys.may("file"),
            requests: keys.may("requests"),
            cloudwatch: keys.may("cloudwatch"),
            logs_insights: keys.may("logs_insights"),
            log_events: keys.may("log_events"),
            prometheus: keys.may("prometheus"),
            http: keys.may("http"),
            sql: keys.may("sql"),
            exec: keys.may("exec"),
            unreachable: keys.may("unreachable"),
        };
        let kinds = keys.entries.iter().filter(|(key, _)| keys.asked.contains(&key.value.as_str())).count();
        if kinds > 1 || keys.entries.is_empty() {
            let message = if kinds > 1 { "a source has exactly one kind" } else { "a source needs its kind" };
            let hint = "write `file`, `requests`, `cloudwatch`, `logs_insights`, `log_events`, `prometheus`, `http`, `sql` or `exec`; use two sources for two kinds";
            keys.report.add_with(keys.place, message, hint);
        }
        keys.close(Some(source), |key| match key {
            "path" => Some("write `file: { path: … }`".into()),
            "region" | "namespace" => Some("write `cloudwatch: { region: … }`".into()),
            "url" => Some("write `prometheus: { url: … }`, or `http: { url: … }` for any other store".into()),
            _ => Some(
                "the kinds of source are `file`, `requests`, `cloudwatch`, `logs_insights`, `log_events`, `prometheus`, `http`, `sql` and `exec`"
                    .into(),
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

impl Read for MetricEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a metric", "errors: { rate: { bad: errors, total: requests } }")?;
        let metric = MetricEntry {
            source: keys.may("source"),
            filter: keys.may("where"),
            by: keys.may("by"),
            slices: keys.may("slices"),
            rate: keys.may("rate"),
            events: keys.may("events"),
            gauge: keys.may("gauge"),
            values: keys.may("values"),
            alarms: keys.may("alarms"),
            dimensions: keys.all("dimensions"),
            step: keys.may("step"),
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
            counter: keys.may("counter"),
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
        let (counter, alive, query) = (keys.may("counter"), keys.may("alive"), keys.may("query"));
        let events = count.map(|count| EventsEntry { count, exposure, per, missing, counter, alive, query });
        keys.close(events, only_of_rates)
    }
}

impl Read for GaugeEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`gauge`", "gauge: { value: p95, unit: ms }")?;
        let asked = AskedEntry::KEYS.iter().any(|key| keys.entries.iter().any(|(name, _)| name.value == *key));
        let value = match asked {
            true => Some(Column::Asked(Box::new(AskedEntry::keys(&mut keys)))),
            false if keys.mentions("value") || !keys.mentions("query") => keys.must("value"),
            // of stores that are asked with a query, it is the number
            false => keys.may("query"),
        };
        let (unit, quantile) = (keys.may("unit"), keys.may("quantile"));
        let (requests, counter) = (keys.may("requests"), keys.may("counter"));
        let (scale, query) = (keys.may("scale"), keys.may("query"));
        let gauge = value.map(|value| GaugeEntry { value, unit, quantile, requests, counter, scale, query });
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
        let (min_count, role, steps_beyond) = (keys.may("min_count"), keys.may("role"), keys.may("steps_beyond"));
        let (group, family) = (keys.may("group"), keys.may("family"));
        if !keys.mentions("pass") && !keys.mentions("fail") {
            let hint = "write `pass: \"<= 0.1%\"`, `fail: \"> 1%\"`, or both";
            keys.report.add_with(keys.place, "a criterion needs a bound", hint);
        }
        let criterion = metric.map(|metric| CriterionEntry {
            name,
            metric,
            statistic,
            steps_beyond,
            pass,
            fail,
            rule,
            periods,
            min_count,
            severity,
            role,
            weight,
            group,
            family,
        });
        keys.close(criterion, |key| match key {
            "warn" => {
                Some("between `pass` and `fail` a criterion warns: `pass: \"<= 200ms\", fail: \"> 300ms\"`".into())
            }
            "threshold" | "target" | "max" | "limit" => Some("write the bound as `pass: \"<= …\"`".into()),
            "guardrail" | "primary" => Some(format!("write `role: {key}`")),
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
            one_bad_instance: keys.may("one_bad_instance"),
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
