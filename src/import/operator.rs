//! Keptn's operator: an AnalysisDefinition with its objectives, the templates of their values, and who provides them.

use super::condition::Op;
use super::controller::Controller;
use super::controller::operator::{self as rule, Objective, Objectives};
use super::documents::{Document, at, entries, list, number_at, of_kind, text, text_at};
use super::draft::Gate;
use super::imported::Imported;
use super::keptn::source::{column, dynatrace};
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number;
use super::stores::{self, Store, literal, reference};
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::scalar::is_name;
use crate::text::spell::spell;

/// The gates of the documents.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let of = |kind: &str| of_kind(documents, kind);
    let definitions = of("AnalysisDefinition");
    for document in &definitions {
        let called = document.name().unwrap_or("analysis");
        let analysis = of("Analysis")
            .into_iter()
            .find(|one| text_at(&one.node, &["spec", "analysisDefinition", "name"]) == Some(called));
        let mut gate = Gate::new(Kind::KeptnMetrics, called);
        let reader = Reader { values: &of("AnalysisValueTemplate"), providers: &of("KeptnMetricsProvider"), analysis };
        let mut rules = Vec::new();
        for objective in list(&document.node, &["spec", "objectives"]) {
            let davys = reader.add(&mut gate, document, objective, &mut imported.notes)?;
            rules.push(reader.as_written(&mut gate, document, objective, davys)?);
        }
        gate.controller = Some(Controller::Operator(Objectives {
            objectives: rules,
            pass: percentage(document, "passPercentage")?.unwrap_or(0.0),
            warning: percentage(document, "warningPercentage")?.unwrap_or(0.0),
        }));
        if gate.criteria() == 0 {
            let why = "it has no objective with a target";
            let note = Note::told(document, document.node.place, "objectives", why);
            imported.notes.extend(Some(note).filter(|_| gate.open() == 0));
            continue;
        }
        let recent =
            analysis.and_then(|one| text_at(&one.node, &["spec", "timeframe", "recent"])).and_then(number::span);
        let last = recent.map_or("30m".to_owned(), spell);
        gate.window = vec![format!("last: {last}"), "step: 1m".into()];
        score(&mut gate, document, &mut imported.notes)?;
        imported.gates.push(gate);
    }
    for analysis in of("Analysis") {
        let wanted = text_at(&analysis.node, &["spec", "analysisDefinition", "name"]).unwrap_or("analysis");
        if !definitions.iter().any(|one| one.name().unwrap_or("analysis") == wanted) {
            let (what, why) = (format!("analysis {wanted}"), "its definition is not in the files: name its file too");
            imported.notes.push(Note::open(analysis, analysis.node.place, what, why));
        }
    }
    if definitions.is_empty() {
        for document in documents {
            let kind = document.kind().unwrap_or("document");
            let why = "it has no limits: they stand in an AnalysisDefinition. Name its file too";
            imported.notes.push(Note::told(document, document.node.place, kind, why));
        }
    }
    Ok(imported)
}

fn percentage(document: &Document, key: &str) -> Result<Option<f64>, Problems> {
    document.read(&document.node, &["spec", "totalScore", key], number::number, "a number")
}

fn score(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) -> Result<(), Problems> {
    if let Some(pass) = percentage(document, "passPercentage")? {
        let marginal = percentage(document, "warningPercentage")?.unwrap_or(pass);
        let place = document.at(&["spec", "totalScore"]).map_or(document.node.place, |node| node.place);
        if marginal > pass {
            return Err(document.problem(place, "`warningPercentage` is above `passPercentage`"));
        }
        let objectives = list(&document.node, &["spec", "objectives"]).iter();
        let is_weightless = objectives.filter_map(|one| number_at(one, &["weight"])).any(|weight| weight <= 0.0);
        let lost = measure::score(gate, pass, marginal, is_weightless);
        notes.extend(lost.map(|why| Note::told(document, place, "totalScore", why)));
    }
    Ok(())
}

struct Reader<'d> {
    values: &'d [&'d Document],
    providers: &'d [&'d Document],
    analysis: Option<&'d Document>,
}

impl Reader<'_> {
    fn add(
        &self,
        gate: &mut Gate,
        document: &Document,
        objective: &Node,
        notes: &mut Vec<Note>,
    ) -> Result<Option<String>, Problems> {
        let Some(called) = text_at(objective, &["analysisValueTemplateRef", "name"]) else {
            return Err(document.problem(objective.place, "an objective has no `analysisValueTemplateRef`"));
        };
        let what = format!("objective {called}");
        let (mut bounds, lost) = match bounds(document, objective)? {
            Ok(read) => read,
            Err(why) => {
                gate.lose(Note::open(document, objective.place, what, why), notes);
                return Ok(None);
            }
        };
        if bounds.is_empty() {
            notes.push(Note::told(
                document,
                objective.place,
                what,
                "it has no target: for Keptn any value of it passes, and a missing one scores nothing",
            ));
            return Ok(None);
        }
        notes.extend(lost.map(|why| Note::told(document, objective.place, what.clone(), why)));
        let weight = number_at(objective, &["weight"]).filter(|weight| *weight > 0.0 && *weight != 1.0);
        for bound in &mut bounds {
            bound.keys.extend(weight.map(|weight| format!("weight: {}", number::plain(weight))));
            if text_at(objective, &["keyObjective"]) == Some("true") {
                bound.keys.push("severity: critical".into());
            }
        }
        let comment = format!("{}:{}", document.shown, objective.place.line);
        match self.ask(gate, called) {
            // several series are an error of Keptn
            Ok(store) => {
                let asked = Asked { each_series: false, ..Asked::new(called, store, comment) };
                Ok(Some(measure::add(gate, &asked, &bounds)))
            }
            Err(why) => {
                gate.lose(Note::open(document, objective.place, what, why), notes);
                Ok(None)
            }
        }
    }

    /// An objective as Keptn's own rule has it.
    fn as_written(
        &self,
        gate: &mut Gate,
        document: &Document,
        objective: &Node,
        davys: Option<String>,
    ) -> Result<Objective, Problems> {
        let called = text_at(objective, &["analysisValueTemplateRef", "name"]).unwrap_or_default();
        let asked = self.ask(gate, called).ok().filter(|store| store.is_prometheus);
        let metric = match asked {
            Some(store) => {
                let name = davys.unwrap_or_else(|| gate.metric_name(called));
                gate.ask_as_written(&name, &store.source, &store.query);
                gate.ask_not_numbers(&name, &store.source, &store.query);
                Some(name)
            }
            None => davys,
        };
        Ok(Objective {
            name: called.to_owned(),
            metric,
            failure: operator(document, objective, "failure")?,
            warning: operator(document, objective, "warning")?,
            weight: number_at(objective, &["weight"]).unwrap_or(1.0),
            is_key: text_at(objective, &["keyObjective"]) == Some("true"),
        })
    }

    fn ask(&self, gate: &mut Gate, called: &str) -> Result<Store, String> {
        let Some(template) = self.values.iter().find(|one| one.name() == Some(called)) else {
            // a definition alone has limits without queries
            return if self.values.is_empty() {
                Ok(column(gate))
            } else {
                Err("its template is not in the files: name its file too".into())
            };
        };
        let query = stores::on_one_line(
            &self.filled(text_at(&template.node, &["spec", "query"]).ok_or("its template has no query")?),
        );
        let named = text_at(&template.node, &["spec", "provider", "name"]);
        let provider = self.providers.iter().find(|one| one.name() == named);
        let kind = provider.and_then(|one| text_at(&one.node, &["spec", "type"])).or(named).unwrap_or("prometheus");
        let server = provider
            .and_then(|one| text_at(&one.node, &["spec", "targetServer"]))
            .filter(|url| url.starts_with("http"));
        match kind {
            _ if kind.contains("dynatrace") => {
                let written = format!("metricSelector={query}");
                let store = dynatrace(gate, server.unwrap_or("${dynatrace-url}"), &written)
                    .ok_or("its query cannot be read")?;
                Ok(Store { query, ..store })
            }
            _ if kind.contains("datadog") => Ok(Store::over_http(stores::preset(gate, "datadog", None, &[]), query)),
            _ if kind.contains("elastic") || kind == "dql" => {
                Err(format!("davy has no source for queries of `{kind}`"))
            }
            _ => stores::promql(gate, server, &query)
                .ok_or_else(|| "its query is not PromQL, and nothing says whom to ask".into()),
        }
    }

    /// A query with references of davy: `{{.workload}}` is `${workload}`, with the argument of the analysis as its default.
    fn filled(&self, query: &str) -> String {
        stores::braced(&literal(query), |word, _| {
            let word = word.trim().trim_start_matches('.');
            let value = self.analysis.and_then(|one| text_at(&one.node, &["spec", "args", word]));
            let value = value.filter(|value| !value.contains(['}', '$']));
            is_name(word).then(|| (reference(word, value), 0))
        })
    }
}

/// The operator of a target; of several Keptn evaluates the first of its own order.
fn operator(document: &Document, objective: &Node, side: &str) -> Result<Option<rule::Operator>, Problems> {
    const ORDER: [(&str, Op); 5] = [
        ("equalTo", Op::Equal),
        ("lessThanOrEqual", Op::AtMost),
        ("lessThan", Op::Below),
        ("greaterThanOrEqual", Op::AtLeast),
        ("greaterThan", Op::Above),
    ];
    let Some(target) = at(objective, &["target", side]) else { return Ok(None) };
    for (key, op) in ORDER {
        if let Some(value) = at(target, &[key]) {
            return Ok(Some(rule::Operator::Is(op, quantity(document, key, value, &["fixedValue"])?)));
        }
    }
    for (key, of) in [("inRange", rule::Operator::Within as fn(f64, f64) -> _), ("notInRange", rule::Operator::Outside)]
    {
        if let Some(value) = at(target, &[key]) {
            let (low, high) =
                (quantity(document, key, value, &["lowBound"])?, quantity(document, key, value, &["highBound"])?);
            return Ok(Some(of(low, high)));
        }
    }
    Ok(None)
}

fn quantity(document: &Document, operator: &str, node: &Node, path: &[&str]) -> Result<f64, Problems> {
    let found = at(node, path)
        .ok_or_else(|| document.problem(node.place, format!("`{operator}` has no `{}`", path.join("."))))?;
    let written = text(found).unwrap_or_default();
    number::quantity(written).ok_or_else(|| document.problem(found.place, format!("`{written}` is not a quantity")))
}

type Bounds = (Vec<Bound>, Option<String>);

/// What must hold, so that the target neither fails nor warns; or why it cannot be said.
fn bounds(document: &Document, objective: &Node) -> Result<Result<Bounds, String>, Problems> {
    let side = |key: &str| -> Result<Result<Vec<(Op, f64)>, String>, Problems> {
        let limits = entries(objective, &["target", key]).iter();
        let limits = limits.map(|(operator, value)| holding(document, &operator.value, value));
        let read = limits.collect::<Result<Vec<_>, Problems>>()?;
        Ok(read.into_iter().collect::<Result<Vec<_>, String>>().map(|all| all.concat()))
    };
    let (failing, warning) = match (side("failure")?, side("warning")?) {
        (Ok(failing), Ok(warning)) => (failing, warning),
        (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
    };
    let mut bounds = Vec::new();
    let mut lost = None;
    for (op, limit) in &failing {
        // what warns lies before what fails
        let inner =
            warning.iter().find(|(own, number)| own.is_upper() == op.is_upper() && op.is_looser(*limit, *number));
        bounds.push(match inner {
            Some((own, number)) => Bound { fail: Some((op.denied(), *limit)), ..Bound::new(*own, *number) },
            None => Bound::new(*op, *limit),
        });
    }
    for (op, limit) in &warning {
        let is_alone = !failing.iter().any(|(own, _)| own.is_upper() == op.is_upper());
        if is_alone {
            bounds.push(Bound::new(*op, *limit));
            lost =
                Some("its warning has no failure in the same direction. What warns in Keptn fails in davy".to_owned());
        }
    }
    Ok(Ok((bounds, lost)))
}

/// The limits that hold if an operator of a target does not.
fn holding(document: &Document, operator: &str, value: &Node) -> Result<Result<Vec<(Op, f64)>, String>, Problems> {
    let number = |node: &Node, path: &[&str]| quantity(document, operator, node, path);
    let fixed = || number(value, &["fixedValue"]);
    Ok(Ok(match operator {
        "lessThan" => vec![(Op::AtLeast, fixed()?)],
        "lessThanOrEqual" => vec![(Op::Above, fixed()?)],
        "greaterThan" => vec![(Op::AtMost, fixed()?)],
        "greaterThanOrEqual" => vec![(Op::Below, fixed()?)],
        "notInRange" => {
            vec![(Op::AtLeast, number(value, &["lowBound"])?), (Op::AtMost, number(value, &["highBound"])?)]
        }
        "inRange" | "equalTo" => {
            return Ok(Err(format!("`{operator}` excludes values in the middle, which a limit cannot say")));
        }
        other => return Err(document.problem(value.place, format!("`{other}` is not an operator of a target"))),
    }))
}
