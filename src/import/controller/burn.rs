//! Alerts on burn rates: the share of errors over a short and a long window, both beyond a factor of the error budget.
//!
//! From `internal/alert` and `internal/plugin/slo/core/alert_rules_v1` of Sloth at 0e395d8, `slo/rules.go` of Pyrra at 1ba95af, and the
//! `AlertCondition` of OpenSLO v1. Each window is a query of its own, so Prometheus knows what lies before the judged window. A share
//! without an answer is beyond nothing.

use super::answer::{Answer, Decision, Facts, Line, Steps, clock};
use crate::import::condition::Op;
use crate::series::{SignedDuration, Timestamp};

/// The alerts of all objectives of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Objectives {
    pub(crate) alerts: Vec<Alert>,
    /// What has no alert, and why.
    pub(crate) silent: Vec<(String, String)>,
    /// What to know of the answer.
    pub(crate) notes: Vec<String>,
}

/// An alert: one of its conditions suffices.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The objective with the severity: `requests, page`.
    pub(crate) name: String,
    /// davy's metric of the objective.
    pub(crate) metric: Option<String>,
    pub(crate) conditions: Vec<Condition>,
    /// Whether somebody is called at once.
    pub(crate) is_page: bool,
}

/// Shares over several windows that are all beyond a limit, for some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The queries of the gate, one for each window, with what they are called: `5m`.
    pub(crate) windows: Vec<(String, String)>,
    pub(crate) op: Op,
    /// The share of errors: a factor times the error budget.
    pub(crate) limit: f64,
    /// How long it must hold before the alert fires.
    pub(crate) lasts: SignedDuration,
}

/// What an alert does in the window.
enum Course {
    Fires(Timestamp),
    /// It fires already when the window begins.
    Fired,
    Silent,
    Unknown(String),
}

impl Condition {
    /// The instants at which the alert fires.
    fn fires(&self, facts: &Facts) -> Result<Vec<Timestamp>, String> {
        let all: Vec<&Steps> =
            self.windows.iter().map(|(query, _)| facts.steps(Some(query))).collect::<Result<_, _>>()?;
        let Some(first) = all.first() else { return Ok(Vec::new()) };
        let is_beyond = |nth: usize| {
            all.iter().all(|steps| {
                steps.values.get(nth).copied().flatten().is_some_and(|share| self.op.holds(share, self.limit))
            })
        };
        let (mut since, mut fires) = (None, Vec::new());
        for nth in 0..first.values.len() {
            let now = first.asked(nth);
            since = if is_beyond(nth) { since.or(Some(now)) } else { None };
            if since.is_some_and(|since: Timestamp| now.duration_since(since) >= self.lasts) {
                fires.push(now);
            }
        }
        Ok(fires)
    }

    fn shown(&self) -> String {
        let windows: Vec<&str> = self.windows.iter().map(|(_, window)| window.as_str()).collect();
        let lasts = if self.lasts.is_zero() { String::new() } else { format!(" for {:#}", self.lasts) };
        let limit = (self.limit * 1e8).round() / 1e6;
        format!("errors {} {limit} % over {}{lasts}", self.op.sign(), windows.join(" and "))
    }
}

impl Alert {
    fn course(&self, facts: &Facts) -> (Course, String) {
        let (mut found, mut unknown): (Option<(Timestamp, String)>, Option<String>) = (None, None);
        for condition in &self.conditions {
            match condition.fires(facts) {
                Ok(fires) => {
                    let first = fires.into_iter().find(|time| *time >= facts.window.start);
                    let is_earlier = |first: Timestamp| found.as_ref().is_none_or(|(time, _)| first < *time);
                    if let Some(first) = first.filter(|first| is_earlier(*first)) {
                        found = Some((first, condition.shown()));
                    }
                }
                Err(why) => unknown = Some(why),
            }
        }
        match (found, unknown) {
            (Some((time, shown)), _) if time <= facts.window.start => (Course::Fired, shown),
            (Some((time, shown)), _) => (Course::Fires(time), shown),
            (None, Some(why)) => (Course::Unknown(why), String::new()),
            (None, None) => {
                (Course::Silent, self.conditions.iter().map(Condition::shown).collect::<Vec<_>>().join(", or "))
            }
        }
    }
}

impl Objectives {
    /// How long before the window its queries are asked: an alert may be pending then.
    pub(super) fn before(&self) -> SignedDuration {
        let conditions = self.alerts.iter().flat_map(|alert| &alert.conditions);
        let longest = conditions.map(|condition| condition.lasts).max().unwrap_or_default();
        longest.saturating_add(SignedDuration::from_mins(1))
    }

    pub(super) fn answer(&self, facts: &Facts) -> Answer {
        let (mut lines, mut fired, mut unknown, mut worst) = (Vec::new(), Vec::new(), 0, Decision::Pass);
        for alert in &self.alerts {
            let (course, shown) = alert.course(facts);
            let verb = if alert.is_page { "page" } else { "open a ticket" };
            let decision = if alert.is_page { Decision::Fail } else { Decision::Warn };
            let (label, reason) = match course {
                Course::Fires(time) => {
                    fired.push((Some(time), decision, format!("{verb} at {} ({})", clock(time), alert.name)));
                    ("fires", format!("{shown} at {}", clock(time)))
                }
                Course::Fired => {
                    fired.push((None, decision, format!("{verb} from the beginning ({})", alert.name)));
                    ("fires", format!("{shown}, from the beginning"))
                }
                Course::Silent => ("silent", shown),
                Course::Unknown(why) => {
                    unknown += 1;
                    worst = worst.max(Decision::Open);
                    ("unknown", why)
                }
            };
            let (name, metric) = (alert.name.clone(), alert.metric.clone());
            lines.push(Line { name, metric, label: label.to_owned(), reason, value: None });
        }
        for (name, why) in &self.silent {
            worst = worst.max(Decision::Open);
            let (name, reason) = (name.clone(), why.clone());
            lines.push(Line { name, metric: None, label: "unknown".to_owned(), reason, value: None });
        }
        fired.sort_by_key(|(time, decision, _)| (std::cmp::Reverse(*decision), *time));
        let decision = fired.iter().map(|(_, decision, _)| *decision).max().map_or(worst, |fired| fired.max(worst));
        let sentence = match (&fired[..], self.alerts.is_empty()) {
            ([], true) => "fire no alert: none is known".to_owned(),
            ([], false) if unknown > 0 => format!("fire no alert that davy can know of: {unknown} are unknown"),
            ([], false) => "fire no alert".to_owned(),
            (fired, _) => fired.iter().map(|(.., said)| said.as_str()).collect::<Vec<_>>().join("; "),
        };
        Answer { decision, sentence, score: None, lines, notes: self.notes.clone() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::answer::{Seen, later};
    use super::*;
    use crate::series::Window;

    fn start() -> Timestamp {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    const STEP: SignedDuration = SignedDuration::from_mins(1);

    fn condition(factor: f64, lasts: i64) -> Condition {
        let windows = vec![("short".to_owned(), "5m".to_owned()), ("long".to_owned(), "1h".to_owned())];
        Condition { windows, op: Op::Above, limit: factor * 0.001, lasts: SignedDuration::from_mins(lasts) }
    }

    fn page(conditions: Vec<Condition>) -> Objectives {
        let alert = Alert { name: "requests, page".into(), metric: None, conditions, is_page: true };
        Objectives { alerts: vec![alert], silent: vec![], notes: vec![] }
    }

    /// Shares of errors; the first one is of the window's beginning.
    fn said(objectives: &Objectives, short: &[f64], long: &[f64]) -> (Decision, String) {
        let begin = start() - STEP;
        let share = |share: &f64| Some(*share).filter(|share| share.is_finite());
        let seen = |values: &[f64]| {
            Ok(Seen::Steps(Steps { start: begin, step: STEP, values: values.iter().map(share).collect() }))
        };
        let seen = [("short".to_owned(), seen(short)), ("long".to_owned(), seen(long))].into();
        let window = Window { start: start(), end: later(begin, STEP, short.len()) };
        let Answer { decision, sentence, .. } = objectives.answer(&Facts { window, seen, earlier: None });
        (decision, sentence)
    }

    #[test]
    fn both_windows_must_be_beyond_the_factor() {
        // 99.9 %: 14.4 times the budget is 1.44 %
        let page = page(vec![condition(14.4, 0)]);
        let (at, over) = (0.0144, 0.0145);
        assert_eq!(said(&page, &[0.0, over, at], &[over, at, over]), (Decision::Pass, "fire no alert".into()));
        assert_eq!(
            said(&page, &[0.0, over, over], &[0.0, at, over]),
            (Decision::Fail, "page at 10:02 (requests, page)".into())
        );
        assert_eq!(said(&page, &[over, 0.0], &[over, 0.0]).1, "page from the beginning (requests, page)");
        // without an answer nothing is beyond: an absent vector
        assert_eq!(said(&page, &[f64::NAN, f64::NAN], &[over, over]).0, Decision::Pass);
    }

    #[test]
    fn an_alert_that_waits_fires_after_its_time() {
        let page = page(vec![condition(14.0, 2)]);
        let over = 0.02;
        assert_eq!(said(&page, &[0.0, over, over, 0.0, over, over], &[over; 6]).0, Decision::Pass);
        assert_eq!(
            said(&page, &[0.0, over, over, over], &[over; 4]),
            (Decision::Fail, "page at 10:03 (requests, page)".into())
        );
    }

    #[test]
    fn one_condition_suffices_and_a_ticket_only_warns() {
        let mut two = page(vec![condition(14.4, 0), condition(6.0, 0)]);
        assert_eq!(said(&two, &[0.0, 0.007], &[0.0, 0.007]).1, "page at 10:01 (requests, page)");
        two.alerts[0].is_page = false;
        assert_eq!(said(&two, &[0.0, 0.007], &[0.0, 0.007]).0, Decision::Warn);
        let window = Window { start: start(), end: start() };
        let nothing = two.answer(&Facts { window, seen: Default::default(), earlier: None });
        assert_eq!((nothing.decision, nothing.lines[0].label.as_str()), (Decision::Open, "unknown"));
    }
}
