//! OpenSLO: objectives with the indicator in them or beside them, in the first version and the draft before it.

use std::time::Duration;

use super::burning::{Burning, Window};
use super::share::{counted, finish, promised, quotient};
use crate::import::condition::Op;
use crate::import::documents::{Document, at, list, of_kind, text, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number;
use crate::import::promql;
use crate::import::stores::{self, RANGE, Store, literal, on_one_line};
use crate::series::SignedDuration;
use crate::text::node::Node;
use crate::text::problem::Problems;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let of = |kind: &str| of_kind(documents, kind);
    let reader = Reader { indicators: &of("SLI"), sources: &of("DataSource") };
    let policies = Policies { policies: &of("AlertPolicy"), conditions: &of("AlertCondition") };
    for document in of("SLO") {
        let called = document.name().unwrap_or("objective");
        let mut gate = Gate::new(Kind::OpenSlo, called);
        let spec =
            document.at(&["spec"]).ok_or_else(|| document.problem(document.node.place, "the SLO has no `spec`"))?;
        let objectives = list(spec, &["objectives"]);
        let method = text_at(spec, &["budgetingMethod"]).unwrap_or("Occurrences");
        if objectives.is_empty() {
            return Err(document.problem(spec.place, "the SLO has no objectives"));
        }
        let mut burning = Burning::default();
        for (nth, objective) in objectives.iter().enumerate() {
            let name = if objectives.len() == 1 { called.to_owned() } else { format!("{called}_{}", nth + 1) };
            let added = match method {
                "Occurrences" => reader.add(&mut gate, document, (spec, objective), &name)?,
                other => Err(format!("`budgetingMethod: {other}` counts good slices of time, and davy counts events")),
            };
            if let Ok(davys) = &added {
                let share = reader.share(spec, objective);
                policies.alerts((&mut gate, &mut burning), spec, (&name, davys, target(document, objective)?), share);
            }
            if let Err(why) = added {
                gate.lose(Note::open(document, objective.place, format!("objective {name}"), why), &mut imported.notes);
            }
        }
        gate.controller = Some(burning.rule());
        if gate.criteria() > 0 {
            finish(&mut gate, document, &mut imported.notes);
            imported.gates.push(gate);
        }
    }
    if of("SLO").is_empty() {
        for document in documents {
            let kind = document.kind().unwrap_or("document");
            imported.notes.push(Note::told(
                document,
                document.node.place,
                kind,
                "it has no objectives: they stand in an SLO. Name its file too",
            ));
        }
    }
    Ok(imported)
}

struct Reader<'d> {
    indicators: &'d [&'d Document],
    sources: &'d [&'d Document],
}

impl Reader<'_> {
    /// One objective; or why it cannot be judged.
    fn add(
        &self,
        gate: &mut Gate,
        document: &Document,
        (spec, objective): (&Node, &Node),
        called: &str,
    ) -> Result<Result<String, String>, Problems> {
        let target = target(document, objective)?;
        let comment = format!("{}:{}: target {}%", document.shown, objective.place.line, number::plain(target * 100.0));
        if let Some(ratio) = self.ratio_of(spec, objective) {
            return Ok(self.ratio(gate, ratio, called, (target, comment)));
        }
        let (named, indicator) = (named(spec, objective), self.indicator(spec, objective));
        match indicator.and_then(|one| at(one, &["thresholdMetric"])) {
            Some(metric) => self.threshold(gate, document, (metric, objective), called, (target, comment)),
            None if named.is_some() => Ok(Err("its indicator is not in the files: name its file too".into())),
            None => Ok(Err("it has no indicator".into())),
        }
    }

    /// The indicator, in the objective or beside it.
    fn indicator<'n>(&'n self, spec: &'n Node, objective: &'n Node) -> Option<&'n Node> {
        let named = named(spec, objective);
        let beside = self.indicators.iter().find(|one| named.is_some() && one.name() == named);
        let inside = at(spec, &["indicator", "spec"]).or_else(|| at(objective, &["indicator", "spec"]));
        inside.or_else(|| beside.and_then(|one| one.at(&["spec"])))
    }

    /// The ratio that it is; the draft has its metrics in the objective.
    fn ratio_of<'n>(&'n self, spec: &'n Node, objective: &'n Node) -> Option<&'n Node> {
        let indicator = self.indicator(spec, objective);
        indicator.and_then(|one| at(one, &["ratioMetric"])).or_else(|| at(objective, &["ratioMetrics"]))
    }

    /// The query of the share of errors over a range.
    fn share(&self, spec: &Node, objective: &Node) -> Result<Share, &'static str> {
        let ratio = self.ratio_of(spec, objective).ok_or("its burn rate is known only of a ratio")?;
        let query = |key: &str| at(ratio, &[key]).and_then(query_of).map(|query| on_one_line(&literal(query)));
        let is_failure = text_at(ratio, &["rawType"]) == Some("failure");
        let (part, total) = (query("good").or_else(|| query("bad")), query("total"));
        let (share, is_bad) = match (query("raw"), part.zip(total)) {
            (Some(raw), _) => (raw, is_failure),
            (None, Some((part, total))) => {
                let rated =
                    |query: &str| promql::selector(query).map(|one| format!("sum(rate({one}[{{{{.window}}}}]))"));
                let counts = rated(&part).zip(rated(&total)).filter(|_| is_counter(ratio));
                let (part, total) = counts.unwrap_or((part, total));
                (format!("({part}) / ({total})"), query("good").is_none())
            }
            (None, None) => return Err("its ratio has no queries"),
        };
        if !share.contains("{{.window}}") {
            return Err("its queries have a window of their own, and a burn rate needs `{{.window}}` in them");
        }
        Ok(Box::new(move |range| {
            let share = share.replace("{{.window}}", range);
            if is_bad { share } else { format!("1 - ({share})") }
        }))
    }

    fn ratio(
        &self,
        gate: &mut Gate,
        ratio: &Node,
        called: &str,
        (target, comment): (f64, String),
    ) -> Result<String, String> {
        if let Some(raw) = at(ratio, &["raw"]) {
            let store = self.store(gate, raw)?;
            let is_failure = text_at(ratio, &["rawType"]) == Some("failure");
            return Ok(measure::add(gate, &Asked::new(called, store, comment), &[promised(is_failure, target)]));
        }
        let (key, part) = match (at(ratio, &["good"]), at(ratio, &["bad"])) {
            (Some(good), _) => ("good", good),
            (None, Some(bad)) => ("bad", bad),
            (None, None) => return Err("its ratio has neither good nor bad events".into()),
        };
        let total = at(ratio, &["total"]).ok_or("its ratio has no total")?;
        let (part, total) = (self.store(gate, part)?, self.store(gate, total)?);
        if part.source != total.source {
            return Err("its events and their total are of different sources".into());
        }
        let asked = Asked::new(called, part.clone(), comment);
        if part.is_prometheus {
            // a bare counter is one whose rate is meant
            let bare = [&part.query, &total.query].map(|query| promql::selector(query));
            match bare {
                [Some(part), Some(total)] if is_counter(ratio) => {
                    let rated = |selector: &str| format!("sum(rate({selector}[{RANGE}]))");
                    Ok(quotient(gate, &asked, (key, &rated(&part), &rated(&total)), target))
                }
                // numbers that go up and down
                [Some(part), Some(total)] => {
                    let of = |selector: &str| format!("sum({selector})");
                    Ok(quotient(gate, &asked, (key, &of(&part), &of(&total)), target))
                }
                [None, None] if is_share(&part.query, &total.query) => {
                    Ok(quotient(gate, &asked, (key, &part.query, &total.query), target))
                }
                [None, None] => Err(GROWS.into()),
                _ => Err("one of its queries is a bare counter, and the other is not: write a rate of each".into()),
            }
        } else {
            Ok(counted(gate, &asked, (key, &part.query, &total.query), target))
        }
    }

    /// A limit that a share of the points keeps.
    fn threshold(
        &self,
        gate: &mut Gate,
        document: &Document,
        (metric, objective): (&Node, &Node),
        called: &str,
        (target, comment): (f64, String),
    ) -> Result<Result<String, String>, Problems> {
        let Some(op) = op_of(objective, &["op"]) else {
            return Ok(Err("its objective has no `op`: lt, lte, gt or gte".into()));
        };
        let Some(limit) = document.read(objective, &["value"], number::number, "a number")? else {
            return Ok(Err("its objective has no `value`".into()));
        };
        let store = match self.store(gate, metric) {
            Ok(store) => store,
            Err(why) => return Ok(Err(why)),
        };
        if store.is_prometheus && !promql::is_steady(&store.query, FIVE_MINUTES) {
            return Ok(Err(GROWS.into()));
        }
        let statistic = match op.is_upper() && (0.5..1.0).contains(&target) {
            true => format!("statistic: p{}", number::plain(target * 100.0)),
            false => op.extreme().to_owned(),
        };
        Ok(Ok(measure::gauge(gate, &Asked::new(called, store, comment), &[Bound::new(op, limit).with(statistic)])))
    }

    /// Whom a metric asks.
    fn store(&self, gate: &mut Gate, metric: &Node) -> Result<Store, String> {
        let source = at(metric, &["metricSource"]).unwrap_or(metric);
        let named = text_at(source, &["metricSourceRef"]);
        let beside = self.sources.iter().find(|one| named.is_some() && one.name() == named);
        let kind = text_at(source, &["type"])
            .or_else(|| text_at(source, &["source"]))
            .or_else(|| text_at(&beside?.node, &["spec", "type"]));
        let kind = kind.unwrap_or("prometheus").to_lowercase();
        let query = query_of(metric).ok_or("its metric has no query")?;
        let query = on_one_line(&literal(query)).replace("{{.window}}", RANGE);
        match kind.as_str() {
            "prometheus" => {
                let url = beside
                    .and_then(|one| text_at(&one.node, &["spec", "connectionDetails", "url"]))
                    .filter(|url| url.starts_with("http"));
                let store = stores::promql(gate, url, &query);
                store.ok_or_else(|| format!("its query is not PromQL: `{query}`"))
            }
            "datadog" => Ok(Store::over_http(stores::preset(gate, "datadog", None, &[]), query)),
            other => Err(format!("davy has no source for `{other}`")),
        }
    }
}

/// The query of the share of errors over a range.
type Share = Box<dyn Fn(&str) -> String>;

/// The name of an indicator beside the objective.
fn named<'n>(spec: &'n Node, objective: &'n Node) -> Option<&'n str> {
    text_at(spec, &["indicatorRef"]).or_else(|| text_at(objective, &["indicatorRef"]))
}

/// The query of a metric.
fn query_of(metric: &Node) -> Option<&str> {
    let source = at(metric, &["metricSource"]).unwrap_or(metric);
    let keys = ["query", "promql", "expr"];
    keys.iter().find_map(|key| text_at(source, &["spec", key]).or_else(|| text_at(source, &[key])))
}

/// The operator at a path of keys.
fn op_of(node: &Node, path: &[&str]) -> Option<Op> {
    match text_at(node, path)? {
        "lt" => Some(Op::Below),
        "lte" => Some(Op::AtMost),
        "gt" => Some(Op::Above),
        "gte" => Some(Op::AtLeast),
        _ => None,
    }
}

/// Whether its metrics only grow; `counter: false` says that they do not.
fn is_counter(ratio: &Node) -> bool {
    text_at(ratio, &["counter"]) != Some("false")
}

/// What `{{.window}}` becomes, as a span.
const FIVE_MINUTES: Duration = Duration::from_secs(300);

const GROWS: &str = "its answer grows with `{{.window}}`, and davy looks at short steps: write a rate";

/// Whether two queries are counted alike, or do not depend on the length of their range.
fn is_share(part: &str, total: &str) -> bool {
    let is_steady = |query: &str| promql::is_steady(query, FIVE_MINUTES);
    promql::counters(part, total).is_some() || (is_steady(part) && is_steady(total))
}

/// The policies of alerts, in the objective or beside it.
struct Policies<'d> {
    policies: &'d [&'d Document],
    conditions: &'d [&'d Document],
}

impl Policies<'_> {
    /// The conditions that an objective's policies name; nothing of one that is not in the files.
    fn conditions<'n>(&'n self, spec: &'n Node) -> Vec<Option<&'n Node>> {
        let mut found = Vec::new();
        for policy in list(spec, &["alertPolicies"]) {
            let named = text_at(policy, &["alertPolicyRef"]).or_else(|| text(policy));
            let beside = || self.policies.iter().find(|one| named.is_some() && one.name() == named);
            let Some(policy) = at(policy, &["spec"]).or_else(|| beside()?.at(&["spec"])) else {
                found.push(None);
                continue;
            };
            for condition in list(policy, &["conditions"]) {
                let named = text_at(condition, &["conditionRef"]);
                let beside = || self.conditions.iter().find(|one| named.is_some() && one.name() == named);
                found.push(at(condition, &["spec"]).or_else(|| beside()?.at(&["spec"])));
            }
        }
        found
    }

    /// The alerts of an objective.
    fn alerts(
        &self,
        (gate, burning): (&mut Gate, &mut Burning),
        spec: &Node,
        (called, davys, target): (&str, &str, f64),
        share: Result<Share, &'static str>,
    ) {
        for condition in self.conditions(spec) {
            let Some(condition) = condition else {
                burning.silent(called, "its policy of alerts is not in the files: name its file too");
                continue;
            };
            let key = |key: &str| text_at(condition, &["condition", key]);
            let op = op_of(condition, &["condition", "op"]);
            let (factor, range) = (key("threshold").and_then(number::number), key("lookbackWindow"));
            let lasts = key("alertAfter").and_then(number::span).unwrap_or(SignedDuration::ZERO);
            let severity = text_at(condition, &["severity"]).unwrap_or("page");
            match (op, factor, range, &share) {
                (Some(op), Some(factor), Some(range), Ok(share)) => {
                    let window = Window { ranges: vec![range.to_owned()], op, factor, lasts };
                    burning.alert(gate, (called, davys, severity), (target, &[window]), share);
                }
                (.., Err(why)) => burning.silent(called, why),
                _ => burning
                    .silent(called, "its condition is not a burn rate with `op`, `threshold` and `lookbackWindow`"),
            }
        }
    }
}

/// The target as a share.
fn target(document: &Document, objective: &Node) -> Result<f64, Problems> {
    let share = |key: &str, whole: f64| {
        let parse = |text: &str| {
            number::number(text).map(|number| number / whole).filter(|share| *share > 0.0 && *share <= 1.0)
        };
        document.read(objective, &[key], parse, "a share")
    };
    let target = match share("target", 1.0)? {
        Some(target) => Some(target),
        None => share("targetPercent", 100.0)?,
    };
    target.ok_or_else(|| document.problem(objective.place, "an objective has no `target`"))
}
