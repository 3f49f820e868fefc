//! What the texts of a query are filled with: labels, names, and the time zones that there are.

use jiff::tz::TimeZone;

use crate::series::{Arm, Pair};
use crate::source::sql::{Bind, MARK, Statement};
use crate::source::{Template, template};
use crate::text::problem::{At, Report, nearest};
use crate::text::scalar::Text;
use crate::text::substitute::{replace, substitute};

/// The names that mean something in every source.
pub(super) const BUILT_IN: [&str; 3] = ["arm", "metric", "step"];

/// Whether davy itself fills a name in. A label may be called as the names of the window are, and then it is meant.
pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name) || name == "query" || template::NAMES.contains(&name)
}

/// What the texts of one query are substituted with.
pub(super) struct Values<'a> {
    pub(super) arm: Arm,
    pub(super) metric: &'a str,
    pub(super) labels: &'a Pair<Vec<(String, String)>>,
    /// The window's step as queries write it: `5m`.
    pub(super) step: &'a str,
}

impl Values<'_> {
    fn of(&self, name: &str) -> Option<String> {
        match name {
            "arm" => Some(self.arm.name().to_owned()),
            "metric" => Some(self.metric.to_owned()),
            "step" => Some(self.step.to_owned()),
            _ => self.labels.get(self.arm).iter().find(|(label, _)| label == name).map(|(_, value)| value.clone()),
        }
    }

    pub(super) fn fill_text(&self, text: &At<Text>, report: &mut Report) -> String {
        self.fill(&At { place: text.place, value: text.value.0.clone() }, report)
    }

    pub(super) fn fill(&self, text: &At<String>, report: &mut Report) -> String {
        let own = self.labels.get(self.arm).iter().map(|(label, _)| label.as_str());
        let known: Vec<&str> = own.chain(BUILT_IN).collect();
        substitute(&text.value, &known, |name| self.of(name)).unwrap_or_else(|mut complaint| {
            let of_other = Values { arm: other(self.arm), ..*self };
            let one_sided = substitute(&text.value, &known, |name| of_other.of(name)).is_ok();
            if one_sided {
                complaint.message = format!("{} for the {}", complaint.message, self.arm.name());
            }
            report.complain_of(text, complaint);
            String::new()
        })
    }

    /// A text in which the window is filled in later: `${from}`, `${to}` and their like.
    pub(super) fn fill_template(&self, text: &At<String>, report: &mut Report) -> Template {
        self.fill_template_with(text, None, report)
    }

    /// The same, with a query for `${query}`.
    pub(super) fn fill_template_with(&self, text: &At<String>, query: Option<&str>, report: &mut Report) -> Template {
        let own = self.labels.get(self.arm).iter().map(|(label, _)| label.as_str());
        let known: Vec<&str> = own.chain(BUILT_IN).chain(template::NAMES).collect();
        let query = |name: &str| query.filter(|_| name == "query").map(str::to_owned);
        let value = |name: &str| query(name).or_else(|| self.of(name)).or_else(|| Template::hold(name));
        Template(substitute(&text.value, &known, value).unwrap_or_else(|complaint| {
            report.complain_of(text, complaint);
            String::new()
        }))
    }

    /// A query whose names become bound parameters; nothing where that is wrong.
    pub(super) fn statement(&self, text: &At<String>, report: &mut Report) -> Option<Statement> {
        let own = self.labels.get(self.arm).iter().map(|(label, _)| label.as_str());
        let known: Vec<&str> = own.chain(BUILT_IN).chain(template::NAMES).chain(["start", "end"]).collect();
        let mut binds: Vec<Bind> = Vec::new();
        let marked = replace(&text.value, &known, |name, default| {
            let value = self.parameter(name).or_else(|| default.map(|text| Template(text.to_owned())))?;
            let bind = Bind { name: name.to_owned(), value };
            let at = binds.iter().position(|known| *known == bind).unwrap_or(binds.len());
            if at == binds.len() {
                binds.push(bind);
            }
            Some(format!("{MARK}{at}{MARK}"))
        });
        let names: Vec<String> = binds.iter().map(|bind| bind.name.clone()).collect();
        let statement = marked.and_then(|marked| {
            Statement::new(&text.value, &marked, binds).map_err(|mistake| mistake.complaint(&text.value, &names))
        });
        statement.map_err(|complaint| report.complain_of(text, complaint)).ok()
    }

    /// What is bound for a name: an interval for the step, times for the window.
    fn parameter(&self, name: &str) -> Option<Template> {
        let label = || self.of(name).filter(|_| name != "step").map(Template);
        let held = |name: &str, unit: &str| Template::hold(name).map(|mark| Template(format!("{mark}{unit}")));
        label().or_else(|| match name {
            "step" => held("step_seconds", " seconds"),
            "start" => held("from", ""),
            "end" => held("to", ""),
            _ => held(name, ""),
        })
    }

    /// What a text says, where it says anything: its mistakes are told by [`fill`](Values::fill).
    pub(super) fn quietly(&self, text: &At<String>) -> Option<String> {
        substitute(&text.value, &[], |name| self.of(name)).ok()
    }

    pub(super) fn maybe(&self, text: Option<&At<String>>, report: &mut Report) -> Option<String> {
        text.map(|text| self.fill(text, report))
    }
}

fn other(arm: Arm) -> Arm {
    match arm {
        Arm::Baseline => Arm::Canary,
        Arm::Canary => Arm::Baseline,
    }
}

/// A time zone that there is.
pub(super) fn zone(written: Option<&At<String>>, values: &Values, report: &mut Report) -> Option<String> {
    let zone = values.maybe(written, report);
    if let (Some(zone), Some(written)) = (&zone, written) {
        known_zone(&At { place: written.place, value: zone.clone() }, report);
    }
    zone
}

/// The time zone of a name; complains of one that there is not.
pub(super) fn known_zone(name: &At<String>, report: &mut Report) -> Option<TimeZone> {
    let found = TimeZone::get(&name.value).ok();
    if found.is_none() {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        let near = nearest(&name.value, known.iter().map(String::as_str));
        let hint =
            near.map_or("write an IANA name: `Europe/Berlin`".to_owned(), |name| format!("did you mean `{name}`?"));
        report.add_with(name.place, format!("`{}` is not a time zone", name.value), hint);
    }
    found
}
