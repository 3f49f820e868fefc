//! OpenSLO: objectives with the indicator in them or beside them, in the first version and the draft before it.

use super::share::{counted, finish, of_prometheus, quotient};
use crate::import::condition::Op;
use crate::import::documents::{Document, at, list, text, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number;
use crate::import::promql;
use crate::import::stores::{self, Login, Store, literal, on_one_line};
use crate::text::node::Node;
use crate::text::problem::Problems;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let of = |kind: &str| {
        documents.iter().copied().filter(|one| text_at(&one.node, &["kind"]) == Some(kind)).collect::<Vec<_>>()
    };
    let reader = Reader { indicators: &of("SLI"), sources: &of("DataSource") };
    for document in of("SLO") {
        let called = text_at(&document.node, &["metadata", "name"]).unwrap_or("objective");
        let mut gate = Gate::new(Kind::OpenSlo, called);
        let spec =
            document.at(&["spec"]).ok_or_else(|| document.problem(document.node.place, "the SLO has no `spec`"))?;
        let objectives = list(spec, &["objectives"]);
        let method = text_at(spec, &["budgetingMethod"]).unwrap_or("Occurrences");
        if objectives.is_empty() {
            return Err(document.problem(spec.place, "the SLO has no objectives"));
        }
        for (nth, objective) in objectives.iter().enumerate() {
            let name = if objectives.len() == 1 { called.to_owned() } else { format!("{called}_{}", nth + 1) };
            let added = match method {
                "Occurrences" => reader.add(&mut gate, document, (spec, objective), &name)?,
                other => Err(format!("`budgetingMethod: {other}` counts good slices of time, and davy counts events")),
            };
            if let Err(why) = added {
                gate.lose(Note::open(document, objective.place, format!("objective {name}"), why), &mut imported.notes);
            }
        }
        if gate.criteria() > 0 {
            finish(&mut gate, document, &mut imported.notes);
            imported.gates.push(gate);
        }
    }
    if of("SLO").is_empty() {
        for document in documents {
            let kind = text_at(&document.node, &["kind"]).unwrap_or("document");
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
    ) -> Result<Result<(), String>, Problems> {
        let target = target(document, objective)?;
        let comment = format!("{}:{}: target {}%", document.shown, objective.place.line, number::plain(target * 100.0));
        let named = text_at(spec, &["indicatorRef"]).or_else(|| text_at(objective, &["indicatorRef"]));
        let beside =
            self.indicators.iter().find(|one| named.is_some() && text_at(&one.node, &["metadata", "name"]) == named);
        let inside = at(spec, &["indicator", "spec"]).or_else(|| at(objective, &["indicator", "spec"]));
        let indicator = inside.or_else(|| beside.and_then(|one| one.at(&["spec"])));
        // the draft has its metrics in the objective
        let ratio = indicator.and_then(|one| at(one, &["ratioMetric"])).or_else(|| at(objective, &["ratioMetrics"]));
        if let Some(ratio) = ratio {
            return Ok(self.ratio(gate, ratio, called, (target, comment)));
        }
        match indicator.and_then(|one| at(one, &["thresholdMetric"])) {
            Some(metric) => self.threshold(gate, document, (metric, objective), called, (target, comment)),
            None if named.is_some() => Ok(Err("its indicator is not in the files: name its file too".into())),
            None => Ok(Err("it has no indicator".into())),
        }
    }

    fn ratio(
        &self,
        gate: &mut Gate,
        ratio: &Node,
        called: &str,
        (target, comment): (f64, String),
    ) -> Result<(), String> {
        if let Some(raw) = at(ratio, &["raw"]) {
            let store = self.store(gate, raw)?;
            let is_failure = text_at(ratio, &["rawType"]) == Some("failure");
            let bound = if is_failure { Bound::new(Op::AtMost, 1.0 - target) } else { Bound::new(Op::AtLeast, target) };
            let asked = Asked { called: called.to_owned(), store, comment: Some(comment), every_point: false };
            measure::add(gate, &asked, &[bound]);
            return Ok(());
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
        let asked =
            Asked { called: called.to_owned(), store: part.clone(), comment: Some(comment), every_point: false };
        if part.is_prometheus {
            // a bare counter is one whose rate is meant
            let bare = [&part.query, &total.query].map(|query| promql::selector(query));
            match bare {
                [Some(part), Some(total)] => {
                    let rated = |selector: &str| format!("sum(rate({selector}[5m]))");
                    quotient(gate, &asked, (key, &rated(&part), &rated(&total)), target);
                }
                [None, None] => quotient(gate, &asked, (key, &part.query, &total.query), target),
                _ => {
                    return Err(
                        "one of its queries is a bare counter, and the other is not: write a rate of each".into()
                    );
                }
            }
        } else {
            counted(gate, &asked, (key, &part.query, &total.query), target);
        }
        Ok(())
    }

    /// A limit that a share of the points keeps.
    fn threshold(
        &self,
        gate: &mut Gate,
        document: &Document,
        (metric, objective): (&Node, &Node),
        called: &str,
        (target, comment): (f64, String),
    ) -> Result<Result<(), String>, Problems> {
        let op = match text_at(objective, &["op"]) {
            Some("lt") => Op::Below,
            Some("lte") => Op::AtMost,
            Some("gt") => Op::Above,
            Some("gte") => Op::AtLeast,
            _ => return Ok(Err("its objective has no `op`: lt, lte, gt or gte".into())),
        };
        let Some(node) = at(objective, &["value"]) else { return Ok(Err("its objective has no `value`".into())) };
        let written = text(node).unwrap_or_default();
        let limit = number::number(written)
            .ok_or_else(|| document.problem(node.place, format!("`value: {written}` is not a number")))?;
        let store = match self.store(gate, metric) {
            Ok(store) => store,
            Err(why) => return Ok(Err(why)),
        };
        let asked = Asked { called: called.to_owned(), store, comment: Some(comment), every_point: false };
        let statistic = if op.is_upper() && (0.5..1.0).contains(&target) {
            format!("statistic: p{}", number::plain(target * 100.0))
        } else if op.is_upper() {
            "statistic: max".into()
        } else {
            "statistic: min".into()
        };
        measure::gauge(gate, &asked, &[Bound { keys: vec![statistic], ..Bound::new(op, limit) }]);
        Ok(Ok(()))
    }

    /// Whom a metric asks.
    fn store(&self, gate: &mut Gate, metric: &Node) -> Result<Store, String> {
        let source = at(metric, &["metricSource"]).unwrap_or(metric);
        let named = text_at(source, &["metricSourceRef"]);
        let beside =
            self.sources.iter().find(|one| named.is_some() && text_at(&one.node, &["metadata", "name"]) == named);
        let kind = text_at(source, &["type"])
            .or_else(|| text_at(source, &["source"]))
            .or_else(|| text_at(&beside?.node, &["spec", "type"]));
        let kind = kind.unwrap_or("prometheus").to_lowercase();
        let query = ["query", "promql", "expr"]
            .iter()
            .find_map(|key| text_at(source, &["spec", key]).or_else(|| text_at(source, &[key])));
        let query = query.ok_or("its metric has no query")?;
        let query = on_one_line(&literal(query)).replace("{{.window}}", "5m");
        match kind.as_str() {
            "prometheus" => {
                if !promql::is_query_of_davy(&query) {
                    return Err(format!("its query is not PromQL: `{query}`"));
                }
                let url = beside
                    .and_then(|one| text_at(&one.node, &["spec", "connectionDetails", "url"]))
                    .filter(|url| url.starts_with("http"));
                let asked = match url {
                    Some(_) => stores::prometheus(gate, url, &Login::default()).0,
                    None => of_prometheus(gate, "", "", String::new()).store.source,
                };
                Ok(Store { source: asked, query, is_prometheus: true })
            }
            "datadog" => Ok(Store { source: stores::preset(gate, "datadog", None, &[]), query, is_prometheus: false }),
            other => Err(format!("davy has no source for `{other}`")),
        }
    }
}

/// The target as a share.
fn target(document: &Document, objective: &Node) -> Result<f64, Problems> {
    let share = |key: &str, whole: f64| -> Result<Option<f64>, Problems> {
        let Some(node) = at(objective, &[key]) else { return Ok(None) };
        let written = text(node).unwrap_or_default();
        let read = number::number(written).map(|number| number / whole).filter(|share| *share > 0.0 && *share <= 1.0);
        read.map(Some).ok_or_else(|| document.problem(node.place, format!("`{key}: {written}` is not a share")))
    };
    let target = match share("target", 1.0)? {
        Some(target) => Some(target),
        None => share("targetPercent", 100.0)?,
    };
    target.ok_or_else(|| document.problem(objective.place, "an objective has no `target`"))
}
