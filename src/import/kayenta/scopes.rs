//! Which scopes are compared, over which time: a canary request, or a stage of a Spinnaker pipeline.

use crate::import::documents::{Document, at, entries, list, number_at, text, text_at};
use crate::import::draft::Gate;
use crate::import::note::Note;
use crate::import::number as spans;
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Place, Problems};
use crate::text::spell::spell;

/// What asks for a canary configuration. By default nobody does: the scopes are for whoever judges to name.
#[derive(Default)]
pub(super) struct Asking {
    pub(super) place: Place,
    /// The configuration's name or identifier, if it is said.
    pub(super) config: Option<String>,
    pub(super) scopes: Vec<Scope>,
    pub(super) pass: Option<f64>,
    pub(super) marginal: Option<f64>,
    /// How long a stage watches, and how often it judges.
    lifetime: Option<String>,
    interval: Option<String>,
    /// How long a stage waits before it judges.
    wait: Option<SignedDuration>,
    /// How much earlier the time of the baseline is.
    ago: Option<String>,
    /// What a stage says that davy does not do.
    lost: Vec<(&'static str, &'static str)>,
}

/// Both sides of a comparison.
pub(super) struct Scope {
    pub(super) name: String,
    control: Side,
    experiment: Side,
}

/// One side of it.
#[derive(Default)]
struct Side {
    scope: Option<String>,
    location: Option<String>,
    start: Option<String>,
    end: Option<String>,
    step: Option<f64>,
    parameters: Vec<(String, String)>,
}

impl Asking {
    /// How long a stage watches, and how long the window is: the time before it judges comes on top.
    fn watched(&self) -> (Option<String>, String) {
        let with_wait = |span: &str| match (spans::span(span), self.wait) {
            (Some(span), Some(wait)) => spell(span + wait),
            _ => span.to_owned(),
        };
        (self.lifetime.as_deref().map(with_wait), with_wait(self.lifetime.as_deref().unwrap_or("1h")))
    }
}

impl Scope {
    /// The names that a template may refer to.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.experiment.parameters.iter().any(|(known, _)| known == name)
    }
}

/// The label of a scope's attribute: that of the first scope has its own name.
pub(super) fn label(name: &str, scope: usize) -> String {
    let own = if matches!(name, "arm" | "metric" | "step") { format!("own_{name}") } else { name.to_owned() };
    if scope == 0 { own } else { format!("{own}_{}", scope + 1) }
}

/// What a canary request asks, alone or in an ad-hoc request.
pub(super) fn of_request(document: &Document, node: &Node) -> Result<Asking, Problems> {
    let node = at(node, &["executionRequest"]).unwrap_or(node);
    let Some(Value::Map(written)) = at(node, &["scopes"]).map(|scopes| &scopes.value) else {
        let message = match list(node, &["scopes"]) {
            [] => "the request has no `scopes`: write `scopes: { default: … }`",
            _ => {
                "its `scopes` are a list, as in a standalone canary analysis, and davy does not read one. \
                 Write them by name: `scopes: { default: { controlScope: …, experimentScope: … } }`"
            }
        };
        return Err(document.problem(node.place, message));
    };
    let own = |scope: &Node, key: &str| {
        let keys = ["scope", "location", "start", "end"];
        scope.get(key).map(|node| side(node, keys)).unwrap_or_default()
    };
    let scope = |(name, scope): &(At<String>, Node)| Scope {
        name: name.value.clone(),
        control: own(scope, "controlScope"),
        experiment: own(scope, "experimentScope"),
    };
    Ok(Asking {
        place: node.place,
        scopes: written.iter().map(scope).collect(),
        pass: number_at(node, &["thresholds", "pass"]),
        marginal: number_at(node, &["thresholds", "marginal"]),
        ..Asking::default()
    })
}

/// What a stage of a pipeline asks.
pub(super) fn of_stage(document: &Document, stage: &Node) -> Result<Asking, Problems> {
    let Some(asked) = at(stage, &["canaryConfig"]) else {
        return Err(document.problem(stage.place, "the stage kayentaCanary has no `canaryConfig`: it asks for nothing"));
    };
    let scope = |node: &Node| {
        let own = |scope, location| side(node, [scope, location, "startTimeIso", "endTimeIso"]);
        Scope {
            name: text_at(node, &["scopeName"]).unwrap_or("default").to_owned(),
            control: own("controlScope", "controlLocation"),
            experiment: own("experimentScope", "experimentLocation"),
        }
    };
    let minutes =
        |key: &str| number_at(asked, &[key]).filter(|minutes| *minutes > 0.0).map(|minutes| format!("{minutes}m"));
    Ok(Asking {
        place: stage.place,
        config: text_at(asked, &["canaryConfigId"]).map(str::to_owned),
        scopes: list(asked, &["scopes"]).iter().map(scope).collect(),
        pass: number_at(asked, &["scoreThresholds", "pass"]),
        marginal: number_at(asked, &["scoreThresholds", "marginal"]),
        lifetime: text_at(asked, &["lifetimeDuration"]).and_then(span),
        interval: minutes("canaryAnalysisIntervalMins"),
        wait: minutes("beginCanaryAnalysisAfterMins").as_deref().and_then(spans::span),
        ago: minutes("baselineAnalysisOffsetInMins").as_deref().and_then(spans::span).map(spell),
        lost: lost_of_stage(asked),
    })
}

/// What a stage says of its times that davy does not do.
fn lost_of_stage(asked: &Node) -> Vec<(&'static str, &'static str)> {
    let mut lost = Vec::new();
    for key in ["beginCanaryAnalysisAfterMins", "baselineAnalysisOffsetInMins", "lookbackMins"] {
        if at(asked, &[key]).is_some() && number_at(asked, &[key]).is_none_or(|minutes| minutes < 0.0) {
            lost.push((key, "it is not a number of minutes yet, so davy leaves it out"));
        }
    }
    if number_at(asked, &["lookbackMins"]).is_some_and(|minutes| minutes > 0.0) {
        let why = "Spinnaker judges the last minutes alone each time, and davy judges the whole time at once";
        lost.push(("lookbackMins", why));
    }
    lost
}

/// A side, by the keys of its scope, its location, its start and its end.
fn side(node: &Node, [scope, location, start, end]: [&str; 4]) -> Side {
    let own = |key: &str| text_at(node, &[key]).map(str::to_owned);
    let parameters = entries(node, &["extendedScopeParams"]).iter();
    Side {
        scope: own(scope),
        location: own(location),
        start: own(start),
        end: own(end),
        step: number_at(node, &["step"]),
        parameters: parameters.filter_map(|(name, node)| Some((name.value.clone(), text(node)?.to_owned()))).collect(),
    }
}

/// `PT1H30M` as davy writes it; Spinnaker also writes `PT0H5M`.
fn span(text: &str) -> Option<String> {
    let span: jiff::Span = text.parse().ok()?;
    let minutes = span.total(jiff::Unit::Minute).ok().filter(|minutes| *minutes >= 1.0)?;
    Some(format!("{}m", minutes.round()))
}

/// Places a gate: its arms, its window, how long it is watched.
pub(super) fn place(gate: &mut Gate, asking: &Asking, notes: &mut Vec<Note>, document: &Document) {
    let has_times =
        asking.scopes.first().is_none_or(|scope| scope.experiment.start.is_some() && scope.experiment.end.is_some());
    let shifts = asking.ago.is_some() || asking.wait.is_some();
    let why = "it names times or no scopes, and davy shifts only a window that ends now: check the times of both sides";
    let shifted = [("offsets of the stage", why)].into_iter().filter(|_| has_times && shifts);
    for (what, why) in asking.lost.iter().copied().chain(shifted) {
        gate.lose(Note::open(document, asking.place, what, why), notes);
    }
    if asking.scopes.is_empty() {
        let names = ["scope", "location", "scope_condition"];
        let used: Vec<&str> = names.into_iter().filter(|name| is_used(gate, name)).collect();
        for (arm, side) in gate.arms.iter_mut().zip(["control", "experiment"]) {
            *arm = used.iter().map(|name| ((*name).to_owned(), format!("${{{side}_{name}}}"))).collect();
        }
        let set = |name: &&str| format!("`--set control_{name}=… --set experiment_{name}=…`");
        let set: Vec<String> = used.iter().map(set).collect();
        gate.head.push(format!("The file does not say which scopes to compare. Name them: {}", set.join(", ")));
        gate.window = vec!["last: 1h".into(), "step: 1m".into()];
        return;
    }
    let needs_condition = is_used(gate, "scope_condition");
    for (at, scope) in asking.scopes.iter().enumerate() {
        let sides = [("control", &scope.control), ("experiment", &scope.experiment)];
        for (arm, (side, of)) in gate.arms.iter_mut().zip(sides) {
            let known = [("scope", &of.scope), ("location", &of.location)];
            let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
            let condition = of.scope.as_ref().filter(|_| needs_condition).and_then(|scope| scope.split_once(':'));
            let condition =
                condition.map(|(name, value)| ("scope_condition".to_owned(), format!("\"{name}\" = '{value}'")));
            for (name, value) in known.chain(condition).chain(of.parameters.iter().cloned()) {
                // an expression of Spinnaker is filled in when its pipeline runs
                let value = if value.contains("${") { format!("${{{side}_{name}}}") } else { value };
                arm.push((label(&name, at), value));
            }
        }
    }
    let first = &asking.scopes[0];
    let (lifetime, last) = asking.watched();
    window(gate, first, (&last, asking));
    gate.soak = lifetime;
    gate.every = asking.interval.clone().filter(|every| Some(every) != asking.lifetime.as_ref());
    let differ = |other: &Scope| {
        other.experiment.start != first.experiment.start || other.experiment.end != first.experiment.end
    };
    if asking.scopes.iter().any(differ) {
        let why = format!("davy judges one window, that of {:?}", first.name);
        gate.lose(Note::open(document, asking.place, "scopes of different times", why), notes);
    }
}

/// Whether a query refers to an attribute of its scope.
fn is_used(gate: &Gate, name: &str) -> bool {
    let is_its = |shape: &str| (0..9).any(|at| shape.contains(&format!("${{{}}}", label(name, at))));
    gate.metrics.iter().any(|metric| is_its(&metric.shape))
}

fn window(gate: &mut Gate, scope: &Scope, (last, asking): (&str, &Asking)) {
    let step = scope.experiment.step.or(scope.control.step).filter(|step| *step > 0.0).unwrap_or(60.0);
    let quoted = |instant: &String| crate::text::yaml::quoted(instant);
    let ends = |side: &Side| side.start.as_ref().zip(side.end.as_ref()).map(|(from, to)| (quoted(from), quoted(to)));
    match ends(&scope.experiment) {
        Some((from, to)) => gate.window.extend([format!("from: {from}"), format!("to: {to}")]),
        None => {
            gate.window.push(format!("last: {last}"));
            gate.window.extend(asking.wait.map(|wait| format!("warmup: {}", spell(wait))));
            if ends(&scope.control).is_none() {
                gate.window.extend(asking.ago.as_ref().map(|ago| format!("baseline: {{ ago: {ago} }}")));
            }
        }
    }
    gate.window.push(format!("step: {step}s"));
    if let Some((from, to)) = ends(&scope.control).filter(|control| Some(control) != ends(&scope.experiment).as_ref()) {
        gate.window.push(format!("baseline: {{ from: {from}, to: {to} }}"));
    }
}
