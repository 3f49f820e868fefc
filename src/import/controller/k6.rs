//! Thresholds of k6: a limit on a statistic of all requests so far.
//!
//! From `metrics/{thresholds,sink}.go` and `internal/metrics/engine/engine.go` of k6 at 8788307. Every two seconds k6 looks at
//! all requests so far, and stops if a threshold with `abortOnFail` is crossed after its delay. At the end it looks once more, and
//! exits with 99 if one is crossed. A metric without a single request crosses nothing.

use super::answer::{Answer, Decision, Facts, Line, Seen, UNASKED, clock, later};
use crate::import::condition::Op;
use crate::series::{SignedDuration, Timestamp};

/// How often k6 looks.
const EVERY: SignedDuration = SignedDuration::from_secs(2);
/// More looks than any test has.
const MOST: usize = 500_000;

/// A threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As it was written: `http_req_duration: p(95)<500`.
    pub(crate) name: String,
    /// davy's metric; nothing if davy does not read it.
    pub(crate) metric: Option<String>,
    pub(crate) of: Of,
    pub(crate) op: Op,
    pub(crate) limit: f64,
    /// Whether it ends the test, and how long the test must have run before.
    pub(crate) aborts: Option<SignedDuration>,
}

/// Which statistic has the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Of {
    Min,
    Max,
    Mean,
    /// A share between 0 and 1 of the sorted values.
    Quantile(f64),
    /// The share of bad ones.
    Rate,
}

/// What a threshold says of the requests up to an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    Nothing,
    Holds(Option<f64>),
    Crossed(f64),
}

impl Threshold {
    fn judged(&self, number: Option<f64>) -> Said {
        match number {
            Some(number) if !self.op.holds(number, self.limit) => Said::Crossed(number),
            number => Said::Holds(number),
        }
    }

    /// What it says of all requests up to an instant. At the end an empty trend is all zeros, and an empty rate holds.
    fn said(&self, seen: &Seen, until: Timestamp, is_end: bool) -> Said {
        match seen {
            Seen::Counts(counts) => {
                let so_far = counts.iter().take_while(|(time, ..)| *time <= until);
                let (bad, all) = so_far.fold((0, 0), |(bad, all), (_, b, a)| (bad + b, all + a));
                match all {
                    0 => Said::Nothing,
                    all => self.judged(Some(bad as f64 / all as f64)),
                }
            }
            Seen::Requests(requests) => {
                let so_far = requests.partition_point(|(time, _)| *time <= until);
                match so_far {
                    0 if is_end => self.judged(Some(0.0)),
                    0 => Said::Nothing,
                    many => self.judged(self.statistic(&requests[..many])),
                }
            }
            Seen::Steps(_) => Said::Nothing,
        }
    }

    fn statistic(&self, requests: &[(Timestamp, f64)]) -> Option<f64> {
        let values = || requests.iter().map(|(_, value)| *value);
        match self.of {
            Of::Min => values().reduce(f64::min),
            Of::Max => values().reduce(f64::max),
            Of::Mean => Some(values().sum::<f64>() / requests.len() as f64),
            Of::Quantile(q) => {
                let mut values: Vec<f64> = values().collect();
                Some(between(&mut values, q))
            }
            Of::Rate => None,
        }
    }

    /// When it ends the test, if it does.
    fn abort(&self, seen: &Seen, start: Timestamp) -> Option<Timestamp> {
        let delay = self.aborts?;
        let times: Vec<Timestamp> = match seen {
            Seen::Counts(counts) => counts.iter().map(|(time, ..)| *time).collect(),
            Seen::Requests(requests) => {
                let last = requests.last()?.0;
                let looks = (1..MOST).map(|nth| later(start, EVERY, nth));
                looks.take_while(|time| *time <= last).collect()
            }
            Seen::Steps(_) => Vec::new(),
        };
        // the delay must be over: it is compared with `<`
        let is_over = |time: &&Timestamp| delay.is_zero() || time.duration_since(start) > delay;
        times.iter().filter(is_over).find(|time| matches!(self.said(seen, **time, false), Said::Crossed(_))).copied()
    }
}

/// A percentile of values, interpolated: `TrendSink.P`.
fn between(values: &mut [f64], q: f64) -> f64 {
    let at = q * (values.len() - 1) as f64;
    let (_, low, above) = values.select_nth_unstable_by(at as usize, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().reduce(f64::min).filter(|_| at.fract() > 0.0).unwrap_or(low);
    low + (high - low) * at.fract()
}

/// When the first request of all thresholds was.
fn began(all: &[(&Threshold, Option<&Seen>)]) -> Option<Timestamp> {
    let first = |seen: &&Seen| match seen {
        Seen::Requests(requests) => requests.first().map(|(time, _)| *time),
        Seen::Counts(_) | Seen::Steps(_) => None,
    };
    all.iter().filter_map(|(_, seen)| seen.as_ref().and_then(first)).min()
}

/// What k6 says of all thresholds of a test.
pub(super) fn answer(thresholds: &[Threshold], facts: &Facts) -> Answer {
    let seen = |one: &Threshold| facts.seen.get(one.metric.as_ref()?)?.as_ref().ok();
    let all: Vec<(&Threshold, Option<&Seen>)> = thresholds.iter().map(|one| (one, seen(one))).collect();
    let start = began(&all).unwrap_or(facts.window.start);
    let aborted = all.iter().filter_map(|(one, seen)| Some((one.abort((*seen)?, start)?, *one)));
    let aborted = aborted.min_by_key(|(time, _)| *time);
    let end = aborted.map_or(Timestamp::MAX, |(time, _)| time);
    let (mut lines, mut crossed, mut unknown, mut empty) = (Vec::new(), Vec::new(), 0, Vec::new());
    for (one, seen) in &all {
        let said = seen.map(|seen| one.said(seen, end, true));
        let number = |number: f64| format!("{}", (number * 1e6).round() / 1e6);
        let (label, reason) = match said {
            Some(Said::Crossed(value)) => {
                crossed.push(one.name.as_str());
                ("crossed", number(value))
            }
            Some(Said::Holds(value)) => ("holds", value.map(number).unwrap_or_default()),
            Some(Said::Nothing) => ("holds", "no request, which k6 lets pass".to_owned()),
            None => {
                unknown += 1;
                let why = one.metric.as_ref().and_then(|metric| facts.seen.get(metric));
                let why = why.and_then(|seen| seen.as_ref().err()).cloned();
                ("unknown", why.unwrap_or_else(|| UNASKED.to_owned()))
            }
        };
        if matches!(seen, Some(Seen::Requests(requests)) if requests.is_empty()) || said == Some(Said::Nothing) {
            empty.push(format!("{}: there is no request, and k6 takes that for a metric of zeros that crosses nothing", one.name));
        }
        let value = match said {
            Some(Said::Crossed(value)) => Some(value),
            Some(Said::Holds(value)) => value,
            _ => None,
        };
        lines.push(Line { name: one.name.clone(), metric: one.metric.clone(), label: label.into(), reason, value });
    }
    let decision = match (aborted, crossed.is_empty(), unknown) {
        (Some(_), ..) | (_, false, _) => Decision::Fail,
        (None, true, 0) => Decision::Pass,
        (None, true, _) => Decision::Open,
    };
    let sentence = match (aborted, decision) {
        (Some((time, one)), _) => format!("abort the test at {} and exit with 99: {}", clock(time), one.name),
        (None, Decision::Fail) => format!("exit with 99: {} crossed", crossed.join(", ")),
        (None, Decision::Open) => format!("exit with 0 if {unknown} of {} thresholds hold that davy does not read", all.len()),
        (None, _) => format!("exit with 0: {} of {} thresholds hold", all.len(), all.len()),
    };
    Answer { decision, sentence, score: None, lines, notes: empty }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::Window;

    fn start() -> Timestamp {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn threshold(of: Of, op: Op, limit: f64, aborts: Option<i64>) -> Threshold {
        let aborts = aborts.map(SignedDuration::from_secs);
        Threshold { name: "t".into(), metric: Some("m".into()), of, op, limit, aborts }
    }

    fn said(threshold: &Threshold, seen: Seen) -> (Decision, String) {
        let window = Window { start: start(), end: start() };
        let facts = Facts { window, seen: [("m".to_owned(), Ok(seen))].into(), earlier: vec![] };
        let Answer { decision, sentence, .. } = answer(std::slice::from_ref(threshold), &facts);
        (decision, sentence)
    }

    /// One request a second with these values.
    fn requests(values: &[f64]) -> Seen {
        let at = |(nth, value): (usize, &f64)| (later(start(), SignedDuration::from_secs(1), nth), *value);
        Seen::Requests(values.iter().enumerate().map(at).collect())
    }

    #[test]
    fn percentiles_are_interpolated_between_two_values() {
        // i = 0.95 * 4 = 3.8: between 400 and 500
        assert_eq!(between(&mut [500.0, 200.0, 300.0, 400.0, 100.0], 0.95), 480.0);
        assert_eq!(between(&mut [100.0], 0.99), 100.0);
        assert_eq!(between(&mut [300.0, 100.0, 200.0], 0.5), 200.0);
        assert_eq!(between(&mut [300.0, 100.0], 1.0), 300.0);
        let five = || requests(&[100.0, 500.0, 200.0, 400.0, 300.0]);
        let at = |op, limit| said(&threshold(Of::Quantile(0.95), op, limit, None), five()).0;
        assert_eq!((at(Op::Below, 480.0), at(Op::AtMost, 480.0)), (Decision::Fail, Decision::Pass));
        assert_eq!(said(&threshold(Of::Mean, Op::AtMost, 300.0, None), five()).0, Decision::Pass);
        let max = said(&threshold(Of::Max, Op::Below, 500.0, None), five());
        assert_eq!(max, (Decision::Fail, "exit with 99: t crossed".into()));
    }

    #[test]
    fn a_test_without_requests_crosses_nothing() {
        assert_eq!(said(&threshold(Of::Quantile(0.95), Op::Below, 500.0, None), requests(&[])).0, Decision::Pass);
        // all sinks of an empty trend are zero
        assert_eq!(said(&threshold(Of::Quantile(0.95), Op::Above, 500.0, None), requests(&[])).0, Decision::Fail);
        assert_eq!(said(&threshold(Of::Rate, Op::Above, 0.99, None), Seen::Counts(vec![])).0, Decision::Pass);
    }

    #[test]
    fn a_threshold_ends_the_test_at_a_look_after_its_delay() {
        // the mean of the first three is 4, of the first five 3
        let slow = || requests(&[2.0, 2.0, 8.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let mean = |aborts| said(&threshold(Of::Mean, Op::Below, 3.0, aborts), slow());
        let at = |time: &str| (Decision::Fail, format!("abort the test at {time} and exit with 99: t"));
        assert_eq!(mean(Some(0)), at("10:00:02"));
        // a delay of 2 s is over after more than that
        assert_eq!(mean(Some(2)), at("10:00:04"));
        assert_eq!(mean(Some(4)), (Decision::Pass, "exit with 0: 1 of 1 thresholds hold".into()));
        assert_eq!(mean(None).0, Decision::Pass);
    }

    #[test]
    fn failures_are_a_share_of_all_requests_so_far() {
        let counts = Seen::Counts(vec![(start(), 1, 10), (later(start(), EVERY, 30), 0, 90)]);
        assert_eq!(said(&threshold(Of::Rate, Op::Below, 0.01, None), counts.clone()).0, Decision::Fail);
        assert_eq!(said(&threshold(Of::Rate, Op::AtMost, 0.01, None), counts.clone()).0, Decision::Pass);
        assert_eq!(said(&threshold(Of::Rate, Op::AtMost, 0.01, Some(0)), counts).1, "abort the test at 10:00 and exit with 99: t");
    }
}
