//! OpenSLO: objectives with the indicator in them or beside them, in the first version and the draft before it.

use super::share::{counted, finish, promised, quotient};
use crate::import::condition::Op;
use crate::import::documents::{Document, at, list, of_kind, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure::{self, Asked, Bound};
use crate::import::note::Note;
use crate::import::number;
use crate::import::promql;
use crate::import::stores::{self, RANGE, Store, literal, on_one_line};
use crate::text::node::Node;
use crate::text::problem::Problems;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let of = |kind: &str| of_kind(documents, kind);
    let reader = Reader { indicators: &of("SLI"), sources: &of("DataSource") };
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
    ) -> Result<Result<(), String>, Problems> {
        let target = target(document, objective)?;
        let comment = format!("{}:{}: target {}%", document.shown, objective.place.line, number::plain(target * 100.0));
        let named = text_at(spec, &["indicatorRef"]).or_else(|| text_at(objective, &["indicatorRef"]));
        let beside = self.indicators.iter().find(|one| named.is_some() && one.name() == named);
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
            measure::add(gate, &Asked::new(called, store, comment), &[promised(is_failure, target)]);
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
        let asked = Asked::new(called, part.clone(), comment);
        if part.is_prometheus {
            // a bare counter is one whose rate is meant
            let bare = [&part.query, &total.query].map(|query| promql::selector(query));
            match bare {
                [Some(part), Some(total)] => {
                    let rated = |selector: &str| format!("sum(rate({selector}[{RANGE}]))");
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
        let Some(limit) = document.read(objective, &["value"], number::number, "a number")? else {
            return Ok(Err("its objective has no `value`".into()));
        };
        let store = match self.store(gate, metric) {
            Ok(store) => store,
            Err(why) => return Ok(Err(why)),
        };
        let statistic = match op.is_upper() && (0.5..1.0).contains(&target) {
            true => format!("statistic: p{}", number::plain(target * 100.0)),
            false => op.extreme().to_owned(),
        };
        measure::gauge(gate, &Asked::new(called, store, comment), &[Bound::new(op, limit).with(statistic)]);
        Ok(Ok(()))
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
        let query = ["query", "promql", "expr"]
            .iter()
            .find_map(|key| text_at(source, &["spec", key]).or_else(|| text_at(source, &[key])));
        let query = query.ok_or("its metric has no query")?;
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
