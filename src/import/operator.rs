//! Keptn's operator: an AnalysisDefinition with its objectives, the templates of their values, and who provides them.

use super::condition::Op;
use super::documents::{Document, at, list, text, text_at};
use super::draft::Gate;
use super::imported::Imported;
use super::keptn::source::{column, dynatrace};
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number;
use super::promql;
use super::stores::{self, Login, Store, literal};
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use crate::text::scalar::is_name;
use crate::text::yaml::quoted;

/// The gates of the documents.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let of = |kind: &str| {
        documents.iter().copied().filter(|one| text_at(&one.node, &["kind"]) == Some(kind)).collect::<Vec<_>>()
    };
    let definitions = of("AnalysisDefinition");
    for document in &definitions {
        let called = text_at(&document.node, &["metadata", "name"]).unwrap_or("analysis");
        let analysis = of("Analysis")
            .into_iter()
            .find(|one| text_at(&one.node, &["spec", "analysisDefinition", "name"]) == Some(called));
        let mut gate = Gate::new(Kind::KeptnMetrics, called);
        let reader = Reader { values: &of("AnalysisValueTemplate"), providers: &of("KeptnMetricsProvider"), analysis };
        for objective in list(&document.node, &["spec", "objectives"]) {
            reader.add(&mut gate, document, objective, &mut imported.notes)?;
        }
        if gate.criteria() == 0 {
            let why = "it has no objective with a target";
            let note = Note::told(document, document.node.place, "objectives", why);
            imported.notes.extend(Some(note).filter(|_| gate.open() == 0));
            continue;
        }
        let recent =
            analysis.and_then(|one| text_at(&one.node, &["spec", "timeframe", "recent"])).and_then(number::span);
        let last = recent.map_or("30m".to_owned(), number::written);
        gate.window = vec![format!("last: {last}"), "step: 1m".into()];
        score(&mut gate, document, &mut imported.notes)?;
        imported.gates.push(gate);
    }
    for analysis in of("Analysis") {
        let wanted = text_at(&analysis.node, &["spec", "analysisDefinition", "name"]).unwrap_or("analysis");
        if !definitions.iter().any(|one| text_at(&one.node, &["metadata", "name"]).unwrap_or("analysis") == wanted) {
            let (what, why) = (format!("analysis {wanted}"), "its definition is not in the files: name its file too");
            imported.notes.push(Note::open(analysis, analysis.node.place, what, why));
        }
    }
    if definitions.is_empty() {
        for document in documents {
            let kind = text_at(&document.node, &["kind"]).unwrap_or("document");
            let why = "it has no limits: they stand in an AnalysisDefinition. Name its file too";
            imported.notes.push(Note::told(document, document.node.place, kind, why));
        }
    }
    Ok(imported)
}

fn score(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) -> Result<(), Problems> {
    let share = |key: &str| -> Result<Option<f64>, Problems> {
        let Some(node) = document.at(&["spec", "totalScore", key]) else { return Ok(None) };
        let written = text(node).unwrap_or_default();
        let read = number::number(written).map(Some);
        read.ok_or_else(|| document.problem(node.place, format!("`{key}: {written}` is not a number")))
    };
    if let Some(pass) = share("passPercentage")? {
        let marginal = share("warningPercentage")?.unwrap_or(pass);
        let place = document.at(&["spec", "totalScore"]).map_or(document.node.place, |node| node.place);
        if marginal > pass {
            return Err(document.problem(place, "`warningPercentage` is above `passPercentage`"));
        }
        let objectives = list(&document.node, &["spec", "objectives"]).iter();
        let is_weightless = objectives.filter_map(weight).any(|weight| weight <= 0.0);
        let lost = measure::score(gate, pass, marginal, is_weightless);
        notes.extend(lost.map(|why| Note::told(document, place, "totalScore", why)));
    }
    Ok(())
}

fn weight(objective: &Node) -> Option<f64> {
    text_at(objective, &["weight"]).and_then(number::number)
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
    ) -> Result<(), Problems> {
        let Some(called) = text_at(objective, &["analysisValueTemplateRef", "name"]) else {
            return Err(document.problem(objective.place, "an objective has no `analysisValueTemplateRef`"));
        };
        let what = format!("objective {called}");
        let (mut bounds, lost) = match bounds(document, objective)? {
            Ok(read) => read,
            Err(why) => {
                gate.lose(Note::open(document, objective.place, what, why), notes);
                return Ok(());
            }
        };
        if bounds.is_empty() {
            notes.push(Note::told(
                document,
                objective.place,
                what,
                "it has no target: Keptn shows it, and it decides nothing",
            ));
            return Ok(());
        }
        notes.extend(lost.map(|why| Note::told(document, objective.place, what.clone(), why)));
        let weight = weight(objective).filter(|weight| *weight > 0.0 && *weight != 1.0);
        for bound in &mut bounds {
            bound.keys.extend(weight.map(|weight| format!("weight: {}", number::plain(weight))));
            if text_at(objective, &["keyObjective"]) == Some("true") {
                bound.keys.push("severity: critical".into());
            }
        }
        let comment = Some(format!("{}:{}", document.shown, objective.place.line));
        match self.ask(gate, called) {
            Ok(asked) if asked.store.query.is_empty() => {
                let shape = format!("source: {}, gauge: {{ value: {} }}", asked.store.source, quoted(called));
                measure::put(gate, &Asked { comment, ..asked }, shape, &bounds, number::plain);
            }
            Ok(asked) => {
                measure::add(gate, &Asked { comment, ..asked }, &bounds);
            }
            Err(why) => gate.lose(Note::open(document, objective.place, what, why), notes),
        }
        Ok(())
    }

    fn ask(&self, gate: &mut Gate, called: &str) -> Result<Asked, String> {
        let Some(template) = self.values.iter().find(|one| text_at(&one.node, &["metadata", "name"]) == Some(called))
        else {
            // a definition alone has limits without queries
            return if self.values.is_empty() {
                Ok(column(gate, called))
            } else {
                Err("its template is not in the files: name its file too".into())
            };
        };
        let query = stores::on_one_line(
            &self.filled(text_at(&template.node, &["spec", "query"]).ok_or("its template has no query")?),
        );
        let named = text_at(&template.node, &["spec", "provider", "name"]);
        let provider = self.providers.iter().find(|one| text_at(&one.node, &["metadata", "name"]) == named);
        let kind = provider.and_then(|one| text_at(&one.node, &["spec", "type"])).or(named).unwrap_or("prometheus");
        let server = provider
            .and_then(|one| text_at(&one.node, &["spec", "targetServer"]))
            .filter(|url| url.starts_with("http"));
        let asked = |store| Ok(Asked { called: called.to_owned(), store, comment: None, every_point: false });
        match kind {
            _ if kind.contains("dynatrace") => {
                let written = format!("metricSelector={query}");
                let store = dynatrace(gate, server.unwrap_or("${dynatrace-url}"), &written)
                    .ok_or("its query cannot be read")?;
                asked(Store { query, ..store })
            }
            _ if kind.contains("datadog") => {
                asked(Store { source: stores::preset(gate, "datadog", None, &[]), query, is_prometheus: false })
            }
            _ if kind.contains("elastic") || kind == "dql" => {
                Err(format!("davy has no source for queries of `{kind}`"))
            }
            _ if promql::is_query_of_davy(&query) => {
                let (source, _) = stores::prometheus(gate, server, &Login::default());
                asked(Store { source, query, is_prometheus: true })
            }
            _ => Err("its query is not PromQL, and nothing says whom to ask".into()),
        }
    }

    /// A query with references of davy: `{{.workload}}` is `${workload}`, with the argument of the analysis as its default.
    fn filled(&self, query: &str) -> String {
        let mut result = literal(query);
        let words: Vec<String> =
            query.split("{{").skip(1).filter_map(|part| Some(part.split_once("}}")?.0.to_owned())).collect();
        for written in words {
            let word = written.trim().trim_start_matches('.').to_owned();
            let value = self.analysis.and_then(|one| text_at(&one.node, &["spec", "args", word.as_str()]));
            let reference = match value {
                Some(value) if !value.contains(['}', '$']) => format!("${{{word}:-{value}}}"),
                _ => format!("${{{word}}}"),
            };
            if is_name(&word) {
                result = result.replace(&format!("{{{{{written}}}}}"), &reference);
            }
        }
        result
    }
}

type Bounds = (Vec<Bound>, Option<String>);

/// What must hold, so that the target neither fails nor warns; or why it cannot be said.
fn bounds(document: &Document, objective: &Node) -> Result<Result<Bounds, String>, Problems> {
    let side = |key: &str| -> Result<Result<Vec<(Op, f64)>, String>, Problems> {
        match at(objective, &["target", key]).map(|node| &node.value) {
            Some(Value::Map(entries)) => entries
                .iter()
                .map(|(operator, value)| holding(document, &operator.value, value))
                .try_fold(Ok(Vec::new()), |all: Result<Vec<_>, String>, one| {
                    let (all, one) = (all, one?);
                    Ok(all.and_then(|mut all| {
                        all.extend(one?);
                        Ok(all)
                    }))
                }),
            _ => Ok(Ok(Vec::new())),
        }
    };
    let (failing, warning) = match (side("failure")?, side("warning")?) {
        (Ok(failing), Ok(warning)) => (failing, warning),
        (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
    };
    let mut bounds = Vec::new();
    let mut lost = None;
    for (op, limit) in &failing {
        // what warns lies before what fails
        let inner = warning.iter().find(|(own, number)| {
            own.is_upper() == op.is_upper() && if op.is_upper() { number < limit } else { number > limit }
        });
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
    let number = |node: &Node, path: &[&str]| -> Result<f64, Problems> {
        let found = at(node, path)
            .ok_or_else(|| document.problem(node.place, format!("`{operator}` has no `{}`", path.join("."))))?;
        let written = text(found).unwrap_or_default();
        number::quantity(written).ok_or_else(|| document.problem(found.place, format!("`{written}` is not a quantity")))
    };
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
