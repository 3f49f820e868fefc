//! Alarms of CloudWatch: M of the last N data points, and what missing ones count as.
//!
//! From "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide, whose tables are the tests. CloudWatch
//! looks at more data points than N if some are missing. AWS does not publish how many; in its tables they are two, and so here.

use super::answer::{Answer, Decision, Facts, Line, Steps, clock};
use crate::import::condition::Op;
use crate::series::SignedDuration;

/// How many data points more than N are looked at.
const MORE: usize = 2;

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub(crate) name: String,
    /// The query of the gate, and davy's metric; nothing if davy cannot ask it.
    pub(crate) metric: Option<String>,
    /// What breaches: `> 10`.
    pub(crate) breach: Op,
    pub(crate) limit: f64,
    /// M data points of the last N.
    pub(crate) wanted: usize,
    pub(crate) of: usize,
    pub(crate) period: SignedDuration,
    pub(crate) missing: Missing,
}

/// What missing data points count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Neither (`missing`).
    Unknown,
    Ignore,
    Breaching,
    NotBreaching,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Alarm,
    Insufficient,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Alarm => "ALARM",
            State::Insufficient => "INSUFFICIENT_DATA",
        }
    }
}

impl Alarm {
    /// How long before the window its data points begin.
    pub(super) fn before(&self) -> SignedDuration {
        let periods = i32::try_from(self.of + MORE).unwrap_or(i32::MAX);
        self.period.checked_mul(periods).unwrap_or_default()
    }

    /// The state after the latest data points, oldest first; nothing if it stays as it was.
    fn state(&self, points: &[Option<f64>]) -> Option<State> {
        let range = &points[points.len().saturating_sub(self.of + MORE)..];
        let breaches = |value: &f64| self.breach.holds(*value, self.limit);
        let real: Vec<bool> = range.iter().flatten().map(breaches).collect();
        let decide = |breaching: usize| Some(if breaching >= self.wanted { State::Alarm } else { State::Ok });
        let count = |points: &[bool]| points.iter().filter(|breaches| **breaches).count();
        if real.len() >= self.of {
            return decide(count(&real[real.len() - self.of..]));
        }
        let filled = self.of - real.len();
        match self.missing {
            Missing::Breaching => decide(count(&real) + filled),
            Missing::NotBreaching => decide(count(&real)),
            Missing::Unknown | Missing::Ignore => {
                let is_ignored = self.missing == Missing::Ignore;
                if real.is_empty() {
                    return (!is_ignored).then_some(State::Insufficient);
                }
                // the state does not change for breaching points alone, until the oldest is as old as M
                if count(&real) == real.len() && real.len() < self.wanted {
                    let oldest = range.iter().position(Option::is_some).map_or(0, |at| range.len() - at);
                    return (oldest >= self.wanted && !is_ignored).then_some(State::Alarm);
                }
                decide(count(&real))
            }
        }
    }

    /// What the alarm does in the window.
    fn course(&self, steps: &Steps, facts: &Facts) -> Course {
        let mut course = Course { before: None, changes: Vec::new(), gaps: 0 };
        let mut state = None;
        for end in 1..=steps.values.len() {
            let time = steps.asked(end - 1);
            let next = self.state(&steps.values[..end]).or(state);
            let is_before = time <= facts.window.start;
            // the first data points lack their past
            if end < self.of.min(steps.values.len()) {
                continue;
            }
            if !is_before {
                course.gaps += usize::from(steps.values[end - 1].is_none());
            }
            match next {
                Some(next) if is_before => course.before = Some(next),
                Some(next) if state != Some(next) => course.changes.push((clock(time), state, next)),
                _ => {}
            }
            state = next;
        }
        course
    }
}

/// The states of an alarm in the window.
struct Course {
    before: Option<State>,
    /// When, from which state, to which.
    changes: Vec<(String, Option<State>, State)>,
    /// How many data points are missing.
    gaps: usize,
}

impl Course {
    fn is_alarm(&self) -> bool {
        self.before == Some(State::Alarm) || self.changes.iter().any(|(_, _, to)| *to == State::Alarm)
    }

    /// The first time that it goes off, or how it is instead.
    fn shown(&self) -> String {
        let from = |state: &Option<State>| state.map_or("unknown", State::word);
        let shown =
            |(at, before, to): &(String, Option<State>, State)| format!("{} → {} at {at}", from(before), to.word());
        let alarm = self.changes.iter().find(|(_, _, to)| *to == State::Alarm);
        match (self.before, alarm, self.changes.last()) {
            (Some(State::Alarm), ..) => "ALARM from the beginning".into(),
            (_, Some(alarm), _) => shown(alarm),
            (_, None, Some((_, _, last))) => format!("stay {}", last.word()),
            (Some(state), None, None) => format!("stay {}", state.word()),
            (None, None, None) => "stay as it was".into(),
        }
    }

    fn last(&self) -> Option<State> {
        self.changes.last().map(|(_, _, to)| *to).or(self.before)
    }
}

/// What the alarms of a gate do.
pub(super) fn answer(alarms: &[Alarm], facts: &Facts) -> Answer {
    let (mut lines, mut notes, mut gone_off, mut worst) = (Vec::new(), Vec::new(), Vec::new(), Decision::Pass);
    for alarm in alarms {
        let (decision, label, reason) = match facts.steps(alarm.metric.as_ref()) {
            Ok(steps) => {
                let course = alarm.course(steps, facts);
                if course.gaps > 0 {
                    let (name, more) = (&alarm.name, alarm.of + MORE);
                    notes.push(format!(
                        "{name}: {} data points are missing. AWS does not say how far back an alarm then looks; here it is {more} periods",
                        course.gaps
                    ));
                }
                let decision = match course.last() {
                    _ if course.is_alarm() => Decision::Fail,
                    Some(State::Ok) => Decision::Pass,
                    _ => Decision::Open,
                };
                let word = if course.is_alarm() { "ALARM" } else { course.last().map_or("unknown", State::word) };
                if course.is_alarm() {
                    gone_off.push(format!("{} {}", alarm.name, course.shown()));
                }
                (decision, word, format!("{}, {} of {} periods", course.shown(), alarm.wanted, alarm.of))
            }
            Err(why) => (Decision::Open, "unknown", why),
        };
        worst = worst.max(decision);
        let (name, metric) = (alarm.name.clone(), alarm.metric.clone());
        lines.push(Line { name, metric, label: label.to_owned(), reason, value: None });
    }
    let sentence = match worst {
        Decision::Fail => gone_off.join("; "),
        Decision::Pass | Decision::Warn => "set off no alarm".to_owned(),
        Decision::Open => "set off no alarm that davy can know of".to_owned(),
    };
    Answer { decision: worst, sentence, score: None, lines, notes }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::answer::{Seen, later};
    use super::*;
    use crate::series::{Timestamp, Window};

    fn alarm(wanted: usize, of: usize, missing: Missing) -> Alarm {
        Alarm {
            name: "errors".into(),
            metric: Some("errors".into()),
            breach: Op::Above,
            limit: 10.0,
            wanted,
            of,
            period: SignedDuration::from_mins(1),
            missing,
        }
    }

    fn points(text: &str) -> Vec<Option<f64>> {
        let point = |word: &str| match word {
            "-" => None,
            "0" => Some(10.0),
            _ => Some(10.5),
        };
        text.split_whitespace().map(point).collect()
    }

    const ALL: [Missing; 4] = [Missing::Unknown, Missing::Ignore, Missing::Breaching, Missing::NotBreaching];

    fn row(wanted: usize, text: &str) -> [&'static str; 4] {
        ALL.map(|missing| alarm(wanted, 3, missing).state(&points(text)).map_or("as before", State::word))
    }

    #[test]
    fn three_of_three_as_in_the_first_table_of_the_guide() {
        assert_eq!(row(3, "0 - X - X"), ["OK"; 4]);
        assert_eq!(row(3, "0 - - - -"), ["OK"; 4]);
        assert_eq!(row(3, "- - - - -"), ["INSUFFICIENT_DATA", "as before", "ALARM", "OK"]);
        assert_eq!(row(3, "0 X X - X"), ["ALARM"; 4]);
        assert_eq!(row(3, "- - X - -"), ["ALARM", "as before", "ALARM", "OK"]);
        // "the alarm does not go immediately into ALARM state"
        assert_eq!(row(3, "- - - - X")[0], "as before");
        assert_eq!(row(3, "- - - X -")[0], "as before");
    }

    #[test]
    fn two_of_three_as_in_the_second_table_of_the_guide() {
        assert_eq!(row(2, "0 - X - X"), ["ALARM"; 4]);
        assert_eq!(row(2, "0 0 X 0 X"), ["ALARM"; 4]);
        assert_eq!(row(2, "0 - X - -"), ["OK", "OK", "ALARM", "OK"]);
        assert_eq!(row(2, "- - - - 0"), ["OK", "OK", "ALARM", "OK"]);
        assert_eq!(row(2, "- - - X -"), ["ALARM", "as before", "ALARM", "OK"]);
    }

    #[test]
    fn the_limit_itself_breaches_only_if_the_operator_includes_it() {
        let at = |breach| Alarm { breach, ..alarm(1, 1, Missing::Unknown) }.state(&[Some(10.0)]);
        assert_eq!(at(Op::Above), Some(State::Ok));
        assert_eq!(at(Op::AtLeast), Some(State::Alarm));
        assert_eq!(at(Op::Below), Some(State::Ok));
        assert_eq!(at(Op::AtMost), Some(State::Alarm));
    }

    fn said(alarm: &Alarm, text: &str) -> (Decision, String) {
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let (before, step) = (alarm.before(), alarm.period);
        let steps = Steps { start: start - before, step, values: points(text) };
        let window = Window { start, end: later(steps.start, step, steps.values.len()) };
        let seen = [("errors".to_owned(), Ok(Seen::Steps(steps)))].into();
        let Answer { decision, sentence, .. } =
            answer(std::slice::from_ref(alarm), &Facts { window, seen, earlier: None });
        (decision, sentence)
    }

    #[test]
    fn the_sentence_says_when_it_goes_off() {
        let three = alarm(3, 5, Missing::Unknown);
        // seven periods before the window, then six in it
        let before = "0 0 0 0 0 0 0";
        assert_eq!(
            said(&three, &format!("{before} 0 X X 0 X 0")),
            (Decision::Fail, "errors OK → ALARM at 10:05".into())
        );
        assert_eq!(said(&three, &format!("{before} 0 X X 0 0 0 X")), (Decision::Pass, "set off no alarm".into()));
        let late = "errors ALARM from the beginning";
        assert_eq!(said(&three, "0 0 0 0 X X X X X"), (Decision::Fail, late.into()));
        assert_eq!(said(&three, "- - - - - - - - -").0, Decision::Open);
    }
}
