//! Pyrra: objectives with the counters or the histogram behind them.

use super::burning::{Burning, Window};
use super::share::{counted, finish, of_prometheus, promised};
use crate::import::condition::Op;
use crate::import::documents::{Document, at, list, text_at};
use crate::import::draft::Gate;
use crate::import::imported::Imported;
use crate::import::kind::Kind;
use crate::import::measure::{self, Bound};
use crate::import::note::Note;
use crate::import::number;
use crate::import::promql::selector;
use crate::import::stores::literal;
use crate::series::SignedDuration;
use crate::text::node::Node;
use crate::text::problem::Problems;
use crate::text::spell::spell;
use crate::text::yaml::quoted;

pub(crate) fn gates(documents: &[&Document]) -> Result<Imported, Problems> {
    let mut imported = Imported::default();
    for document in documents {
        let called = document.name().unwrap_or("objective");
        let spec = document.at(&["spec"]).ok_or_else(|| document.problem(document.node.place, "it has no `spec`"))?;
        let mut gate = Gate::new(Kind::Pyrra, called);
        let target = document.read(spec, &["target"], number::share_of_hundred, "a percentage")?;
        let target = target.ok_or_else(|| document.problem(spec.place, "it has no `target`"))?;
        let mut burning = Burning::default();
        match add(&mut gate, document, spec, target, &mut imported.notes) {
            Ok(davys) => alerts((&mut gate, &mut burning), spec, (called, &davys, target)),
            Err(why) => {
                burning.silent(called, &why);
                gate.lose(Note::open(document, spec.place, format!("objective {called}"), why), &mut imported.notes);
            }
        }
        gate.controller = Some(burning.rule());
        if gate.criteria() > 0 {
            finish(&mut gate, document, &mut imported.notes);
            imported.gates.push(gate);
        }
    }
    Ok(imported)
}

fn add(
    gate: &mut Gate,
    document: &Document,
    spec: &Node,
    target: f64,
    notes: &mut Vec<Note>,
) -> Result<String, String> {
    let indicator = at(spec, &["indicator"]).ok_or("it has no indicator")?;
    let called = gate.name.clone();
    let comment = format!("{}:{}: target {}%", document.shown, indicator.place.line, number::plain(target * 100.0));
    for kind in ["ratio", "latency", "latencyNative", "bool_gauge", "boolGauge"] {
        let Some(grouping) =
            at(indicator, &[kind, "grouping"]).filter(|_| !list(indicator, &[kind, "grouping"]).is_empty())
        else {
            continue;
        };
        let why = "the objective holds for each group, and davy judges all of them together";
        notes.push(Note::told(document, grouping.place, format!("grouping of {called}"), why));
    }
    let metric = |path: &[&str]| -> Result<String, String> {
        let written = text_at(indicator, path).ok_or_else(|| format!("it has no `{}`", path.join(".")))?;
        selector(written).map(|text| literal(&text)).ok_or_else(|| format!("`{written}` is not a selector of series"))
    };
    let asked = of_prometheus(gate, &called, "", comment);
    if at(indicator, &["ratio"]).is_some() {
        let (errors, total) = (metric(&["ratio", "errors", "metric"])?, metric(&["ratio", "total", "metric"])?);
        return Ok(counted(gate, &asked, ("bad", &errors, &total), target));
    }
    if at(indicator, &["latency"]).is_some() {
        let (fast, total) = (metric(&["latency", "success", "metric"])?, metric(&["latency", "total", "metric"])?);
        return Ok(counted(gate, &asked, ("good", &fast, &total), target));
    }
    if at(indicator, &["latencyNative"]).is_some() {
        let histogram = metric(&["latencyNative", "total", "metric"])?;
        let limit = text_at(indicator, &["latencyNative", "latency"])
            .and_then(number::span)
            .ok_or("its `latency` is not a duration")?;
        let statistic = format!("statistic: p{}", number::plain(target * 100.0));
        let bound = Bound::new(Op::AtMost, limit.as_secs_f64()).with(statistic);
        let shape = format!("source: {}, values: {{ histogram: {}, unit: s }}", asked.store.source, quoted(&histogram));
        return Ok(measure::put(gate, &asked, shape, &[bound], |limit| format!("{}ms", number::plain(limit * 1000.0))));
    }
    if let Some(key) = ["bool_gauge", "boolGauge"].into_iter().find(|key| at(indicator, &[key]).is_some()) {
        let shape = measure::gauge_of(&asked.store.source, &format!("avg({})", metric(&[key, "metric"])?));
        return Ok(measure::put(gate, &asked, shape, &[promised(false, target)], number::plain));
    }
    Err("davy does not know its indicator".into())
}

/// The alerts of an objective: `Windows` of `slo/rules.go`, which are shares of the objective's window.
fn alerts((gate, burning): (&mut Gate, &mut Burning), spec: &Node, (called, davys, target): (&str, &str, f64)) {
    let is = |key: &str, value: &str| text_at(spec, &["alerting", key]) == Some(value);
    if is("disabled", "true") || is("burnrates", "false") {
        return burning.silent(called, "its alerts are disabled");
    }
    let Some(window) = text_at(spec, &["window"]).and_then(number::span) else {
        return burning.silent(called, "it has no `window`");
    };
    let Some((share, is_grouped)) = share_of_errors(spec) else {
        return burning.silent(called, "davy does not know its indicator");
    };
    if is_grouped {
        return burning.silent(called, "its alerts fire for each group, and davy asks all groups together");
    }
    if !is("absent", "false") {
        burning.note(&format!("{called}: its alert on an absent metric is not part of the answer"));
    }
    // in minutes of an objective over 28 days: short, long, and for how long both
    const TIERS: [(&str, i64, i64, i64, f64); 4] = [
        ("critical", 5, 60, 2, 14.0),
        ("critical", 30, 360, 15, 7.0),
        ("warning", 120, 1_440, 60, 2.0),
        ("warning", 360, 5_760, 180, 1.0),
    ];
    let scaled = |minutes: i64| (window.as_secs_f64() / 60.0 * minutes as f64 / 40_320.0).round().max(1.0) as i64;
    for (nth, (severity, short, long, lasts, factor)) in TIERS.into_iter().enumerate() {
        let range = |minutes: i64| spell(SignedDuration::from_mins(scaled(minutes)));
        let lasts = SignedDuration::from_mins(scaled(lasts));
        let window = Window { lasts, ..Window::both([&range(short), &range(long)], factor) };
        let name = format!("{called} {}", nth + 1);
        burning.alert(gate, (&name, davys, severity), (target, &[window]), &share);
    }
}

/// The query of the share of errors over a range, and whether it is one of several groups: `Burnrate` of `slo/rules.go`.
fn share_of_errors(spec: &Node) -> Option<(impl Fn(&str) -> String, bool)> {
    let indicator = at(spec, &["indicator"])?;
    let kinds = ["ratio", "latency", "latencyNative", "bool_gauge", "boolGauge"];
    let kind = kinds.into_iter().find(|kind| at(indicator, &[kind]).is_some())?;
    let of = |path: &[&str]| selector(text_at(indicator, path)?).map(|text| literal(&text));
    let (part, total) = match kind {
        "ratio" => (of(&[kind, "errors", "metric"])?, of(&[kind, "total", "metric"])?),
        "latency" => (of(&[kind, "success", "metric"])?, of(&[kind, "total", "metric"])?),
        "latencyNative" => {
            let limit = text_at(indicator, &[kind, "latency"]).and_then(number::span)?;
            (number::plain(limit.as_secs_f64()), of(&[kind, "total", "metric"])?)
        }
        _ => (String::new(), of(&[kind, "metric"])?),
    };
    let share = move |range: &str| {
        let rate = |of: &str| format!("sum(rate({of}[{range}]))");
        let over = |function: &str| format!("sum({function}_over_time({total}[{range}]))");
        match kind {
            "ratio" => format!("{} / {}", rate(&part), rate(&total)),
            "latency" => format!("({0} - {1}) / {0}", rate(&total), rate(&part)),
            "latencyNative" => format!("1 - histogram_fraction(0, {part}, {})", rate(&total)),
            _ => format!("({0} - {1}) / {0}", over("count"), over("sum")),
        }
    };
    Some((share, !list(indicator, &[kind, "grouping"]).is_empty()))
}
