//! Sloth: objectives with queries of errors and of all events, in its own form or as a resource of Kubernetes.

use super::burning::{Burning, Window};
use super::share::{finish, of_prometheus, promised, quotient};
use crate::import::documents::{Document, at, list, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure;
use crate::import::note::Note;
use crate::import::stores::{RANGE, literal, on_one_line};
use crate::import::{number, promql};
use crate::text::node::Node;
use crate::text::problem::Problems;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for document in documents {
        let spec = document.at(&["spec"]).unwrap_or(&document.node);
        let service = text_at(spec, &["service"])
            .filter(|name| !name.is_empty())
            .ok_or_else(|| document.problem(spec.place, "it has no `service`"))?;
        let mut gate = Gate::new(Kind::Sloth, service);
        let objectives = list(spec, &["slos"]);
        if objectives.is_empty() {
            return Err(document.problem(spec.place, "it has no objectives under `slos`"));
        }
        let mut burning = Burning::default();
        for objective in objectives {
            add((&mut gate, &mut burning), document, objective, &mut imported.notes)?;
        }
        burning.note("Sloth's default period is taken, 30 days, with its default windows");
        gate.controller = Some(burning.rule());
        if gate.criteria() > 0 {
            finish(&mut gate, document, &mut imported.notes);
            imported.gates.push(gate);
        }
    }
    Ok(imported)
}

fn add(
    (gate, burning): (&mut Gate, &mut Burning),
    document: &Document,
    objective: &Node,
    notes: &mut Vec<Note>,
) -> Result<(), Problems> {
    let missing = |key: &str| document.problem(objective.place, format!("an objective has no `{key}`"));
    let called = text_at(objective, &["name"]).ok_or_else(|| missing("name"))?;
    let percentage = "a percentage above 0 and up to 100";
    let target = document.read(objective, &["objective"], number::share_of_hundred, percentage)?;
    let target = target.ok_or_else(|| missing("objective"))?;
    let sli = at(objective, &["sli"]).ok_or_else(|| missing("sli"))?;
    let query = |path: [&str; 2], other: [&str; 2]| text_at(sli, &path).or_else(|| text_at(sli, &other));
    let errors = query(["events", "error_query"], ["events", "errorQuery"]);
    let total = query(["events", "total_query"], ["events", "totalQuery"]);
    let raw = query(["raw", "error_ratio_query"], ["raw", "errorRatioQuery"]);
    let comment = format!("{}:{}: objective {}", document.shown, objective.place.line, number::plain(target * 100.0));
    let what = format!("objective {called}");
    let whole = [errors, total, raw].into_iter().flatten().all(|query| promql::is_query_of_davy(&filled(query, RANGE)));
    let why = match (errors, total, raw) {
        (Some(errors), Some(total), _) if whole => {
            let own = [errors, total].map(|query| filled(query, RANGE));
            let asked = of_prometheus(gate, called, &own[0], comment);
            let davys = quotient(gate, &asked, ("bad", &own[0], &own[1]), target);
            let share = |range: &str| format!("({}) / ({})", filled(errors, range), filled(total, range));
            alerts(gate, burning, objective, (called, &davys, target), &share);
            return Ok(());
        }
        (_, _, Some(ratio)) if whole => {
            let asked = of_prometheus(gate, called, &filled(ratio, RANGE), comment);
            let davys = measure::add(gate, &asked, &[promised(true, target)]);
            let share = |range: &str| format!("({})", filled(ratio, range));
            alerts(gate, burning, objective, (called, &davys, target), &share);
            return Ok(());
        }
        _ if !whole => "a query of it is not PromQL",
        _ if at(sli, &["plugin"]).is_some() => {
            "a plugin of Sloth makes its queries: generate the rules, and write their queries here"
        }
        _ => "it has neither the queries of its events nor that of their ratio",
    };
    gate.lose(Note::open(document, objective.place, what, why), notes);
    burning.silent(called, why);
    Ok(())
}

/// The alerts of an objective: a quick and a slow pair of windows for each, as in `windows/google-30d.yaml`.
/// `share` gives the query of the share of errors over a range.
fn alerts(
    gate: &mut Gate,
    burning: &mut Burning,
    objective: &Node,
    (called, davys, target): (&str, &str, f64),
    share: &dyn Fn(&str) -> String,
) {
    let (quick, slow) = ([("5m", "1h", 14.4), ("30m", "6h", 6.0)], [("2h", "1d", 3.0), ("6h", "3d", 1.0)]);
    for (severity, key, other, pairs) in
        [("page", "page_alert", "pageAlert", quick), ("ticket", "ticket_alert", "ticketAlert", slow)]
    {
        let is_off = |key: &str| text_at(objective, &["alerting", key, "disable"]) == Some("true");
        if is_off(key) || is_off(other) {
            burning.note(&format!("{called}: its {severity} alert is disabled"));
            continue;
        }
        let pairs = pairs.map(|(short, long, factor)| Window::both([short, long], factor));
        burning.alert(gate, (called, davys, severity), (target, &pairs), share);
    }
}

/// A query with one range.
fn filled(query: &str, range: &str) -> String {
    let words = ["{{.window}}", "{{ .window }}", "{{.Window}}"];
    words.iter().fold(on_one_line(&literal(query)), |query, word| query.replace(word, range))
}
