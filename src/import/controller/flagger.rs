//! Flagger's rule: a check at each interval, and a roll-back after some that failed.
//!
//! From `pkg/controller/{scheduler,scheduler_metrics}.go` and `pkg/metrics/{observers,providers}` at 15bd6ad. Failed checks add up and
//! never expire. The check ends at its first metric that fails, and a query without a number, or with NaN, fails. The roll-back comes
//! at the interval after the last failed check. The first interval checks nothing: it only sends traffic to the canary.

use super::answer::{Answer, Decision, Facts, Line, Steps, clock, later, many};
use crate::series::{SignedDuration, Timestamp};

/// What a Canary asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Checks {
    pub(crate) interval: SignedDuration,
    /// After how many failed checks it rolls back.
    pub(crate) threshold: usize,
    /// How many checks must succeed before it promotes; nothing if it never does.
    pub(crate) needed: Option<usize>,
    pub(crate) metrics: Vec<Metric>,
    /// The webhooks whose answer is part of a check.
    pub(crate) webhooks: Vec<String>,
    /// Whether it promotes without a check.
    pub(crate) is_skipped: bool,
}

/// A metric with its limits, both inclusive.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub(crate) name: String,
    /// The query of the gate, and davy's metric; nothing if davy cannot ask it.
    pub(crate) metric: Option<String>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) whole: Whole,
}

/// How much of a number Flagger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// All of it.
    No,
    /// Whole milliseconds, as the built-in durations have; the limits too.
    Milliseconds,
}

/// How the weight of a canary grows, or how often it is checked at one weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Strategy {
    /// More traffic after each check that succeeds.
    Canary { step: i64, weights: Vec<i64>, most: Option<i64>, is_mirrored: bool },
    /// A number of checks with all traffic of some requests.
    AbTest { iterations: usize },
    /// A number of checks, one for the switch, and one before the promotion.
    BlueGreen { iterations: usize },
}

/// The sum of all weights.
const TOTAL: i64 = 100;
/// More checks than any analysis has.
const MOST: usize = 100_000;

impl Strategy {
    /// How many checks must succeed before it promotes.
    pub(crate) fn needed(&self) -> Option<usize> {
        match self {
            Strategy::AbTest { iterations } => Some(*iterations),
            Strategy::BlueGreen { iterations } => Some(iterations + 1),
            Strategy::Canary { step, weights, most, is_mirrored } => {
                let most = match weights.last() {
                    Some(last) => TOTAL.min(*last),
                    None => most.filter(|most| *most > 0).unwrap_or(TOTAL),
                };
                let next = |weight: i64| match weights.iter().position(|own| *own == weight) {
                    _ if *step > 0 || weights.is_empty() => *step,
                    _ if weight >= TOTAL => 1,
                    _ if weight == 0 => weights[0],
                    Some(at) if at + 1 < weights.len() => weights[at + 1] - weight,
                    _ => TOTAL - weight,
                };
                // the first interval gives the canary its first traffic, or mirrors it
                let mut weight = if *is_mirrored { 0 } else { next(0).min(TOTAL) };
                for checks in 1..MOST {
                    let more = next(weight);
                    if more <= 0 {
                        return None;
                    }
                    if weight >= most {
                        return Some(checks);
                    }
                    weight = (weight + more).min(TOTAL);
                }
                None
            }
        }
    }
}

/// What the query of a metric answered, or why that is not known.
type Known<'f> = Result<&'f Steps, String>;

/// What one metric says at a check.
enum Said {
    Within,
    /// It fails, in words.
    Fails(String),
    Unknown,
}

impl Metric {
    fn said(&self, steps: &Known, time: Timestamp) -> Said {
        let Ok(steps) = steps else { return Said::Unknown };
        let Some(value) = steps.at(time).filter(|value| !value.is_nan()) else {
            return Said::Fails("no values found".into());
        };
        let kept = |number: f64| match self.whole {
            Whole::No => number,
            Whole::Milliseconds => number.trunc(),
        };
        let value = kept(value);
        match (self.min.map(kept), self.max.map(kept)) {
            (Some(min), _) if value < min => Said::Fails(format!("{value} < {min}")),
            (_, Some(max)) if value > max => Said::Fails(format!("{value} > {max}")),
            _ => Said::Within,
        }
    }
}

/// How one metric did at all checks.
#[derive(Default, Clone)]
struct Tally {
    checked: usize,
    failed: usize,
    first: Option<String>,
}

impl Checks {
    pub(super) fn answer(&self, facts: &Facts) -> Answer {
        let steps: Vec<Known> = self.metrics.iter().map(|metric| facts.steps(metric.metric.as_ref())).collect();
        let mut tallies = vec![Tally::default(); self.metrics.len()];
        let (mut checks, mut failed, mut passed, mut unknown) = (0, 0, 0, 0);
        let mut ends = None;
        while ends.is_none() && checks < MOST && !self.is_skipped {
            let time = later(facts.window.start, self.interval, checks + 1);
            if time > facts.window.end {
                break;
            }
            checks += 1;
            match self.check(&steps, time, &mut tallies) {
                Some(true) => passed += 1,
                Some(false) => failed += 1,
                None => unknown += 1,
            }
            ends = match self.needed {
                _ if failed >= self.threshold => Some((Decision::Fail, later(time, self.interval, 1))),
                Some(needed) if passed >= needed && unknown == 0 => Some((Decision::Pass, time)),
                // those of unknown outcome could have promoted it by now
                Some(needed) if passed + unknown >= needed => break,
                _ => None,
            };
        }
        let (decision, sentence) = match ends {
            _ if self.is_skipped => (Decision::Pass, "promote without a check: `skipAnalysis` is true".to_owned()),
            Some((Decision::Fail, at)) => {
                let by = if unknown > 0 { "by" } else { "at" };
                (Decision::Fail, format!("roll back after {} {by} {}", many(failed, "failed check"), clock(at)))
            }
            Some((decision, at)) => {
                (decision, format!("promote at {} after {}, {failed} failed", clock(at), many(checks, "check")))
            }
            None if unknown > 0 => (
                Decision::Open,
                format!("go on or not: davy does not know {unknown} of {}, {failed} failed", many(checks, "check")),
            ),
            None => (Decision::Open, self.going_on(checks, passed, failed)),
        };
        let lines = self.metrics.iter().zip(&tallies).zip(&steps);
        let lines = lines.map(|((metric, tally), steps)| line(metric, tally, steps));
        Answer { decision, sentence, score: None, lines: lines.collect(), notes: self.notes() }
    }

    /// Whether a check succeeds; nothing if davy cannot know. Each metric is counted, although the first that fails ends the check.
    fn check(&self, steps: &[Known], time: Timestamp, tallies: &mut [Tally]) -> Option<bool> {
        let mut success = Some(true);
        for ((metric, steps), tally) in self.metrics.iter().zip(steps).zip(tallies) {
            match metric.said(steps, time) {
                Said::Within => tally.checked += 1,
                Said::Fails(why) => {
                    tally.checked += 1;
                    tally.failed += 1;
                    tally.first.get_or_insert_with(|| format!("{why} at {}", clock(time)));
                    success = Some(false);
                }
                Said::Unknown => success = success.filter(|success| !success),
            }
        }
        success
    }

    fn going_on(&self, checks: usize, passed: usize, failed: usize) -> String {
        let wanted = match self.needed {
            Some(needed) => format!("{needed} are wanted"),
            None => "no number of them promotes it".to_owned(),
        };
        let of = format!("{} so far: {passed} passed, {wanted}", many(checks, "check"));
        format!("go on after {of}; {failed} failed, {} roll back", self.threshold)
    }

    fn notes(&self) -> Vec<String> {
        let hook = |name: &String| {
            format!(
                "webhook {name}: davy does not call it, and takes it that it allows each check. Flagger counts one that does not as failed"
            )
        };
        self.webhooks.iter().map(hook).collect()
    }
}

fn line(metric: &Metric, tally: &Tally, steps: &Known) -> Line {
    let (label, reason) = match (steps, tally.failed) {
        (Err(why), _) => ("unknown", why.clone()),
        (Ok(_), 0) => ("within", many(tally.checked, "check")),
        (Ok(_), failed) => {
            let first = tally.first.clone().unwrap_or_default();
            ("halt", format!("{failed} of {} failed, the first with {first}", many(tally.checked, "check")))
        }
    };
    Line { name: metric.name.clone(), metric: metric.metric.clone(), label: label.to_owned(), reason, value: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::answer::{Seen, UNASKED};
    use super::*;
    use crate::series::Window;

    fn start() -> Timestamp {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn facts(minutes: usize, seen: &[(&str, &[f64])]) -> Facts {
        let step = SignedDuration::from_mins(1);
        let number = |value: &f64| Some(*value).filter(|value| !value.is_infinite());
        let steps = |values: &[f64]| Steps { start: start(), step, values: values.iter().map(number).collect() };
        let seen = seen.iter().map(|(name, values)| ((*name).to_owned(), Ok(Seen::Steps(steps(values)))));
        let window = Window { start: start(), end: later(start(), step, minutes) };
        Facts { window, seen: seen.collect::<BTreeMap<_, _>>(), earlier: None }
    }

    fn metric(min: Option<f64>, max: Option<f64>, whole: Whole) -> Metric {
        Metric { name: "m".into(), metric: Some("m".into()), min, max, whole }
    }

    fn checks(metric: Metric, threshold: usize, needed: usize) -> Checks {
        Checks {
            interval: SignedDuration::from_mins(1),
            threshold,
            needed: Some(needed),
            metrics: vec![metric],
            webhooks: Vec::new(),
            is_skipped: false,
        }
    }

    fn said(checks: &Checks, values: &[f64]) -> (Decision, String) {
        let Answer { decision, sentence, .. } = checks.answer(&facts(values.len(), &[("m", values)]));
        (decision, sentence)
    }

    const GAP: f64 = f64::INFINITY;

    #[test]
    fn failed_checks_add_up_and_the_next_interval_rolls_back() {
        let five = checks(metric(Some(99.0), None, Whole::No), 5, 10);
        // SetStatusFailedChecks only counts up: successes between do not reset it
        let values = [98.0, 99.0, 98.0, 98.0, 100.0, 98.0, 98.9, 100.0];
        assert_eq!(said(&five, &values), (Decision::Fail, "roll back after 5 failed checks at 10:08".into()));
        let four = [98.0, 99.0, 98.0, 98.0, 100.0, 98.0, 99.0];
        let going = "go on after 7 checks so far: 3 passed, 10 are wanted; 4 failed, 5 roll back";
        assert_eq!(said(&five, &four), (Decision::Open, going.into()));
        let three = checks(metric(Some(99.0), None, Whole::No), 5, 3);
        assert_eq!(said(&three, &four), (Decision::Pass, "promote at 10:07 after 7 checks, 4 failed".into()));
        let once = checks(metric(Some(99.0), None, Whole::No), 1, 3);
        assert_eq!(said(&once, &[98.0]), (Decision::Fail, "roll back after 1 failed check at 10:02".into()));
    }

    #[test]
    fn a_limit_belongs_to_its_range_and_a_missing_number_does_not() {
        let one = |min, max, value: f64| said(&checks(metric(min, max, Whole::No), 1, 1), &[value]).0;
        assert_eq!(one(Some(99.0), None, 99.0), Decision::Pass);
        assert_eq!(one(None, Some(5.0), 5.0), Decision::Pass);
        assert_eq!(one(None, Some(5.0), 5.000001), Decision::Fail);
        assert_eq!(one(Some(1.0), Some(5.0), 0.9), Decision::Fail);
        // "no values found": an empty answer, and NaN in pkg/metrics/providers/prometheus.go
        assert_eq!(one(None, Some(5.0), GAP), Decision::Fail);
        assert_eq!(one(None, Some(5.0), f64::NAN), Decision::Fail);
        assert_eq!(one(None, None, GAP), Decision::Fail);
    }

    #[test]
    fn built_in_durations_are_whole_milliseconds() {
        // time.Duration(int64(value)) * time.Millisecond, and the same of the limit
        let most = |max, value: f64| said(&checks(metric(None, Some(max), Whole::Milliseconds), 1, 1), &[value]).0;
        assert_eq!(most(500.0, 500.9), Decision::Pass);
        assert_eq!(most(500.0, 501.0), Decision::Fail);
        assert_eq!(most(500.9, 501.0), Decision::Fail);
        assert_eq!(said(&checks(metric(None, Some(500.0), Whole::No), 1, 1), &[500.9]).0, Decision::Fail);
    }

    #[test]
    fn a_metric_that_was_not_asked_leaves_it_open_unless_others_fail() {
        let mut two = checks(metric(None, Some(5.0), Whole::No), 2, 3);
        two.metrics.push(Metric { name: "other".into(), metric: None, min: None, max: Some(1.0), whole: Whole::No });
        assert_eq!(said(&two, &[1.0, 2.0, 3.0, 4.0]).0, Decision::Open);
        assert_eq!(said(&two, &[9.0, 2.0, 9.0]), (Decision::Fail, "roll back after 2 failed checks by 10:04".into()));
        let answer = two.answer(&facts(1, &[("m", &[1.0])]));
        assert_eq!((answer.lines[1].label.as_str(), answer.lines[1].reason.as_str()), ("unknown", UNASKED));
    }

    #[test]
    fn an_interval_of_several_steps_looks_at_its_end() {
        let three =
            Checks { interval: SignedDuration::from_mins(3), ..checks(metric(None, Some(5.0), Whole::No), 1, 3) };
        assert_eq!(said(&three, &[9.0, 9.0, 1.0, 9.0, 9.0, 1.0, 9.0]).0, Decision::Open);
        assert_eq!(said(&three, &[1.0, 1.0, 9.0]).1, "roll back after 1 failed check at 10:06");
    }

    #[test]
    fn the_number_of_checks_follows_the_strategy() {
        let canary = |step, weights: &[i64], most, is_mirrored| {
            Strategy::Canary { step, weights: weights.to_vec(), most, is_mirrored }.needed()
        };
        // weights 5, 10 … 50 after nine checks, and the tenth promotes
        assert_eq!(canary(5, &[], Some(50), false), Some(10));
        assert_eq!(canary(30, &[], Some(50), false), Some(2));
        assert_eq!(canary(20, &[], None, false), Some(5));
        assert_eq!(canary(5, &[], Some(50), true), Some(11));
        assert_eq!(canary(0, &[1, 2, 10, 80], None, false), Some(4));
        assert_eq!(canary(0, &[], Some(50), false), None);
        assert_eq!(Strategy::AbTest { iterations: 10 }.needed(), Some(10));
        assert_eq!(Strategy::BlueGreen { iterations: 10 }.needed(), Some(11));
    }
}
