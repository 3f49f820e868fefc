//! Keptn 1: objectives (`slo.yaml`) and the queries behind them (`sli.yaml`).
//!
//! Keptn compares with earlier evaluations. davy compares two windows, so a relative criterion is one against the same time a week
//! ago. Without the queries davy reads columns of the objectives' names from `baseline.csv` and `canary.csv`.

mod criterion;
pub(crate) mod source;

use super::condition::Op;
use super::controller::Controller;
use super::controller::keptn::{Comparison, Include, Objective, Objectives};
use super::documents::{Document, list, text, text_at};
use super::draft::{Criterion, Gate};
use super::imported::Imported;
use super::kind::Kind;
use super::measure::{self, Asked, Bound};
use super::note::Note;
use super::number;
use super::stores;
use crate::text::node::{Node, Value};
use crate::text::problem::Problems;
use crate::text::yaml::quoted;
use criterion::Wanted;

/// The gates of the documents.
pub(super) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    let (objectives, queries): (Vec<&Document>, Vec<&Document>) =
        documents.iter().copied().partition(|one| one.node.get("objectives").is_some());
    for document in &objectives {
        let mut gate = Gate::new(Kind::Keptn, "quality gate");
        let mut rules = Vec::new();
        for objective in list(&document.node, &["objectives"]) {
            let davys = add(&mut gate, (document, objective), &queries, &mut imported.notes)?;
            rules.push(as_written(&mut gate, (document, objective), &queries, davys)?);
        }
        gate.controller = Some(Controller::Keptn(Objectives {
            objectives: rules,
            comparison: comparison(document),
            pass: score(document, "pass")?,
            warning: score(document, "warning")?,
        }));
        if gate.criteria() > 0 {
            surroundings(&mut gate, document, &mut imported.notes)?;
            imported.gates.push(gate);
        } else if gate.open() == 0 {
            let why = "it has no objective with `pass` criteria";
            imported.notes.push(Note::told(document, document.node.place, "objectives", why));
        }
    }
    if objectives.is_empty() {
        for document in &queries {
            let why = "queries have no limits: they stand in the slo.yaml. Name it too";
            imported.notes.push(Note::told(document, document.node.place, "indicators", why));
        }
    }
    Ok(imported)
}

/// One objective, and the name of its metric.
fn add(
    gate: &mut Gate,
    (document, objective): (&Document, &Node),
    queries: &[&Document],
    notes: &mut Vec<Note>,
) -> Result<Option<String>, Problems> {
    let Some(sli) = text_at(objective, &["sli"]) else {
        return Err(document.problem(objective.place, "an objective has no `sli`"));
    };
    let what = format!("objective {sli}");
    let sets = list(objective, &["pass"]);
    let wanted = match sets {
        [] => {
            let why = "it has no `pass`: Keptn shows it, and it decides nothing";
            notes.push(Note::told(document, objective.place, what, why));
            return Ok(None);
        }
        [set] => read(document, set)?,
        _ => {
            let why = "one of several sets of criteria may hold, and davy's criteria must all hold";
            gate.lose(Note::open(document, objective.place, what, why), notes);
            return Ok(None);
        }
    };
    if wanted.iter().any(Wanted::is_margin_to_meet) {
        let why = "a number that must equal one relative to the baseline is not a limit: write `<=` or `>=`";
        gate.lose(Note::open(document, objective.place, what, why), notes);
        return Ok(None);
    }
    let warned = match list(objective, &["warning"]) {
        [set] => outer(read(document, set)?, &wanted),
        _ => Vec::new(),
    };
    let keys = keys(document, objective)?;
    let comment = format!("{}:{}", document.shown, objective.place.line);
    let asked = match source::ask(gate, sli, queries) {
        // several series are an error of Keptn
        Ok(store) => Asked { each_series: false, ..Asked::new(sli, store, comment) },
        Err((own, place, why)) => {
            gate.lose(Note::open(own, place, what, why), notes);
            return Ok(None);
        }
    };
    let absolute: Vec<Bound> = wanted
        .iter()
        .filter_map(|one| match one {
            Wanted::Absolute(op, limit) => {
                let fail = warned.iter().find_map(|warned| warned.looser_than(*op, *limit));
                Some(Bound { fail, keys: keys.clone(), ..Bound::new(*op, *limit) })
            }
            Wanted::Relative { .. } => None,
        })
        .collect();
    // a ratio may have to be compared with the baseline, so its numbers must not turn into shares of counts
    let name = measure::gauge(gate, &asked, &absolute);
    for one in &wanted {
        if let Wanted::Relative { op, margin } = one {
            let fail = warned.iter().find_map(|warned| warned.wider_than(*op, margin));
            let bound = |op: Op, margin: &str| quoted(&format!("{} baseline {margin}", op.sign()));
            let pass = format!("pass: {}", bound(*op, margin));
            let fail = fail.map(|(op, margin)| format!("fail: {}", bound(op, &margin)));
            let all = [pass].into_iter().chain(fail).chain(keys.clone()).collect();
            gate.criteria.push(Criterion { metric: name.clone(), comment: None, keys: all });
        }
    }
    if warned.is_empty() && !list(objective, &["warning"]).is_empty() {
        let why = "its `warning` is not wider than `pass` in the same terms. What misses `pass` fails in davy";
        notes.push(Note::told(document, objective.place, what, why));
    }
    Ok(Some(name))
}

/// An objective as Keptn's own rule has it. Its query is asked over the whole window, also one that davy does not judge.
fn as_written(
    gate: &mut Gate,
    (document, objective): (&Document, &Node),
    queries: &[&Document],
    davys: Option<String>,
) -> Result<Objective, Problems> {
    let sli = text_at(objective, &["sli"]).unwrap_or_default().to_owned();
    let sets = |key: &str| list(objective, &[key]).iter().map(|set| criteria(document, set, criterion::as_written));
    let (pass, warning) =
        (sets("pass").collect::<Result<Vec<_>, _>>()?, sets("warning").collect::<Result<Vec<_>, _>>()?);
    let metric = match source::as_written(&sli, queries).filter(|_| !pass.is_empty()) {
        Some(query) => {
            let name = davys.unwrap_or_else(|| gate.metric_name(&sli));
            let source = stores::any_prometheus(gate);
            gate.ask_as_written(&name, &source, &query);
            Some(name)
        }
        None => davys,
    };
    let is_key = text_at(objective, &["key_sli"]) == Some("true");
    // Keptn takes a weight of 0 for one that is missing
    let weight = weight(document, objective)?.filter(|weight| *weight != 0.0).unwrap_or(1.0);
    Ok(Objective { sli, metric, pass, warning, weight, is_key })
}

/// Which earlier evaluations count, with the defaults of Keptn.
fn comparison(document: &Document) -> Comparison {
    let Some(written) = document.at(&["comparison"]) else {
        return Comparison { results: 1, include: Include::All, aggregate: "avg".into() };
    };
    let several =
        text_at(written, &["number_of_comparison_results"]).and_then(number::count).filter(|count| *count > 0);
    Comparison {
        results: match text_at(written, &["compare_with"]) {
            Some("single_result") => 1,
            Some("several_results") => several.and_then(|count| usize::try_from(count).ok()).unwrap_or(3),
            _ => 3,
        },
        include: match text_at(written, &["include_result_with_score"]).map(str::to_lowercase).as_deref() {
            Some("pass") => Include::Pass,
            Some("pass_or_warn") => Include::PassOrWarn,
            _ => Include::All,
        },
        aggregate: text_at(written, &["aggregate_function"]).unwrap_or("avg").to_owned(),
    }
}

/// A limit of the total score, in percent.
fn score(document: &Document, key: &str) -> Result<Option<f64>, Problems> {
    let parse = |text: &str| number::number(text.trim().trim_end_matches('%'));
    document.read(&document.node, &["total_score", key], parse, "a share: write `90%`")
}

/// The criteria of a warning, if each lies beyond one that passes; else none, since they must all hold.
fn outer(warned: Vec<Wanted>, wanted: &[Wanted]) -> Vec<Wanted> {
    let beyond = |one: &Wanted| warned.iter().position(|warned| warned.is_beyond(one));
    let carried: Vec<usize> = wanted.iter().filter_map(beyond).collect();
    let is_whole = (0..warned.len()).all(|nth| carried.contains(&nth));
    if is_whole { warned } else { Vec::new() }
}

/// The criteria of a set, which must all hold.
fn read(document: &Document, set: &Node) -> Result<Vec<Wanted>, Problems> {
    criteria(document, set, criterion::parse)
}

fn criteria<T>(document: &Document, set: &Node, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, Problems> {
    let entries = list(set, &["criteria"]).iter();
    entries
        .map(|entry| {
            let written = text(entry).unwrap_or_default();
            parse(written).ok_or_else(|| {
                let message = format!("`{written}` is not a criterion: write `<600`, `<=+10%` or `=0`");
                document.problem(entry.place, message)
            })
        })
        .collect()
}

/// The weight and the severity.
fn keys(document: &Document, objective: &Node) -> Result<Vec<String>, Problems> {
    let weight = weight(document, objective)?.filter(|weight| *weight > 0.0 && *weight != 1.0);
    let mut keys: Vec<String> = weight.map(|weight| format!("weight: {}", number::plain(weight))).into_iter().collect();
    if text_at(objective, &["key_sli"]) == Some("true") {
        keys.push("severity: critical".into());
    }
    Ok(keys)
}

fn weight(document: &Document, objective: &Node) -> Result<Option<f64>, Problems> {
    let parse = |text: &str| number::number(text).filter(|weight| *weight >= 0.0);
    document.read(objective, &["weight"], parse, "a number")
}

fn surroundings(gate: &mut Gate, document: &Document, notes: &mut Vec<Note>) -> Result<(), Problems> {
    if let Some(pass) = score(document, "pass")? {
        let marginal = score(document, "warning")?.unwrap_or(pass).min(pass);
        if let Some(why) = measure::score(gate, pass, marginal, false) {
            let place = document.at(&["total_score"]).map_or(document.node.place, |node| node.place);
            notes.push(Note::told(document, place, "total_score", why));
        }
    }
    let is_relative = gate.criteria.iter().any(|one| one.keys.iter().any(|key| key.contains("baseline")));
    gate.window = vec!["last: 30m".into(), "step: 1m".into()];
    if is_relative {
        gate.window.push("baseline: { ago: 7d }".into());
        let why = "davy compares with the same time a week ago (`window: { baseline: { ago: 7d } }`), not with earlier evaluations";
        let place = document.at(&["comparison"]).map_or(document.node.place, |node| node.place);
        notes.push(Note::told(document, place, "comparison", why));
    }
    if let Some(filter) = document.at(&["filter"]).filter(|filter| matches!(filter.value, Value::Map(_))) {
        let why = "the filter is put into queries by Keptn: write it into the queries";
        gate.lose(Note::open(document, filter.place, "filter", why), notes);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::import::{Given, read};

    /// What becomes of an objective with these keys, and of a second one; with queries if some are given.
    fn gate(first: &str, queries: &str) -> (String, usize) {
        let objectives = format!(
            "spec_version: '1.0'\nobjectives:\n  - {{ sli: a, {first} }}\n  - {{ sli: b, pass: [{{ criteria: ['<10'] }}] }}\n\
             total_score: {{ pass: '75%', warning: '50%' }}\n"
        );
        let queries = match queries {
            "" => String::new(),
            a => format!("---\nspec_version: '1.0'\nindicators:\n  a: {a}\n  b: sum(rate(b_total[5m]))\n"),
        };
        let imported = read(&[Given { shown: "f", text: &format!("{objectives}{queries}") }]).unwrap();
        (imported.gates[0].written(), imported.gates[0].open())
    }

    #[test]
    fn a_score_counts_objectives_and_not_criteria() {
        let (scored, _) = gate("pass: [{ criteria: ['<=200'] }], warning: [{ criteria: ['<=300'] }]", "");
        assert!(scored.contains("score:") && scored.contains("fail: \"> 300\""), "{scored}");
        for first in [
            "pass: [{ criteria: ['>=100', '<=200'] }], warning: [{ criteria: ['>=50', '<=300'] }]",
            "pass: [{ criteria: ['=0'] }]",
        ] {
            let (written, open) = gate(first, "");
            assert!(!written.contains("score:") && !written.contains("fail:") && open == 0, "{written}");
        }
    }

    #[test]
    fn a_warning_counts_only_as_a_whole() {
        let (written, _) = gate("pass: [{ criteria: ['<200'] }], warning: [{ criteria: ['<=800', '<=+10%'] }]", "");
        assert!(!written.contains("fail:"), "{written}");
    }

    #[test]
    fn what_davy_cannot_ask_stays_open() {
        assert_eq!(gate("pass: [{ criteria: ['=+0%'] }]", "").1, 1);
        let limit = "pass: [{ criteria: ['<100'] }]";
        assert_eq!(gate(limit, "sum(increase(a_total[$DURATION_SECONDS]))").1, 1);
        assert_eq!(gate(limit, "sum(rate(a_total[$DURATION_SECONDS]))").1, 0);
        let share = "sum(increase(a_total[$DURATION_SECONDS])) / sum(increase(b_total[$DURATION_SECONDS]))";
        assert_eq!(gate(limit, share).1, 0);
    }
}
