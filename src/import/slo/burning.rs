//! The alerts on burn rates of objectives, each window a query of its own.

use crate::import::condition::Op;
use crate::import::controller::Controller;
use crate::import::controller::burn::{Alert, Condition, Objectives};
use crate::import::draft::Gate;
use crate::import::promql;
use crate::import::stores;
use crate::series::SignedDuration;

/// The alerts that were found so far.
#[derive(Debug, Default)]
pub(super) struct Burning {
    alerts: Vec<Alert>,
    silent: Vec<(String, String)>,
    notes: Vec<String>,
}

/// The windows that must all be beyond a factor of the error budget, for how long.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) ranges: Vec<String>,
    pub(super) op: Op,
    pub(super) factor: f64,
    pub(super) lasts: SignedDuration,
}

impl Window {
    /// A short and a long window.
    pub(super) fn both(ranges: [&str; 2], factor: f64) -> Window {
        let ranges = ranges.iter().map(|range| (*range).to_owned()).collect();
        Window { ranges, op: Op::Above, factor, lasts: SignedDuration::ZERO }
    }
}

impl Burning {
    /// Adds the alert of a severity; `share` gives the query of the share of errors over a range.
    pub(super) fn alert(
        &mut self,
        gate: &mut Gate,
        (objective, davys, severity): (&str, &str, &str),
        (target, windows): (f64, &[Window]),
        share: &dyn Fn(&str) -> String,
    ) {
        let name = format!("{objective}, {severity}");
        let queries = windows.iter().flat_map(|window| &window.ranges).map(|range| share(range));
        if let Some(query) = queries.into_iter().find(|query| !promql::is_query_of_davy(query)) {
            self.silent.push((name, format!("its query is not PromQL: `{query}`")));
            return;
        }
        let source = stores::any_prometheus(gate);
        let mut condition = |window: &Window| Condition {
            windows: window
                .ranges
                .iter()
                .map(|range| (asked(gate, (davys, &source, range), share), range.clone()))
                .collect(),
            op: window.op,
            limit: window.factor * (1.0 - target),
            lasts: window.lasts,
        };
        let conditions = windows.iter().map(&mut condition).collect();
        let is_page = matches!(severity, "page" | "critical");
        self.alerts.push(Alert { name, metric: Some(davys.to_owned()), conditions, is_page });
    }

    /// Says of an objective that its alerts are not known.
    pub(super) fn silent(&mut self, objective: &str, why: &str) {
        self.silent.push((objective.to_owned(), why.to_owned()));
    }

    /// Says something of the alerts as a whole.
    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// The rule of all objectives.
    pub(super) fn rule(self) -> Controller {
        Controller::Burn(Objectives { alerts: self.alerts, silent: self.silent, notes: self.notes })
    }
}

/// The name of the query of a range, which is added if it is new.
fn asked(gate: &mut Gate, (davys, source, range): (&str, &str, &str), share: &dyn Fn(&str) -> String) -> String {
    let name = format!("{davys}.{range}");
    if !gate.queries.iter().any(|query| query.name == name) {
        gate.ask_as_written(&name, source, &share(range));
    }
    name
}
