//! Thresholds of k6: a limit on a statistic of all requests so far.
//!
//! From `metrics/{thresholds,sink}.go` and `internal/metrics/engine/engine.go` of k6 at 8788307. Every two seconds k6 looks at
//! all requests so far, and stops if a threshold with `abortOnFail` is crossed after its delay. At the end it looks once more, and
//! exits with 99 if one is crossed. A metric without a single request crosses nothing.

use super::answer::{Answer, Decision, Facts, Line, Requests, Seen, clock, later, shown};
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
    Holds(f64),
    Crossed(f64),
    /// The limit lies between the values that it may have.
    Doubtful([f64; 2]),
}

impl Threshold {
    fn judged(&self, [low, high]: [f64; 2]) -> Said {
        let middle = (low + high) / 2.0;
        match [low, high].map(|number| self.op.holds(number, self.limit)) {
            [true, true] => Said::Holds(middle),
            [false, false] => Said::Crossed(middle),
            _ => Said::Doubtful([low, high]),
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
                    all => self.judged([bad as f64 / all as f64; 2]),
                }
            }
            Seen::Requests(requests) => {
                let so_far = requests.partition_point(|one| one.time <= until);
                match so_far {
                    0 if is_end => self.judged([0.0; 2]),
                    0 => Said::Nothing,
                    many => self.statistic(&requests[..many]).map_or(Said::Nothing, |numbers| self.judged(numbers)),
                }
            }
            Seen::Steps(_) => Said::Nothing,
        }
    }

    /// The statistic of the least values that the requests may have, and of the largest.
    fn statistic(&self, requests: &[Requests]) -> Option<[f64; 2]> {
        let count: u64 = requests.iter().map(|one| one.count).sum();
        let of = |side: usize| {
            let values = requests.iter().map(|one| one.values[side]);
            match self.of {
                Of::Min => values.reduce(f64::min),
                Of::Max => values.reduce(f64::max),
                Of::Mean => {
                    let sum: f64 = requests.iter().map(|one| one.values[side] * one.count as f64).sum();
                    Some(sum / count as f64)
                }
                Of::Quantile(q) => {
                    let mut sorted: Vec<(f64, u64)> = values.zip(requests.iter().map(|one| one.count)).collect();
                    sorted.sort_by(|(a, _), (b, _)| a.total_cmp(b));
                    between(&sorted, count, q)
                }
                Of::Rate => None,
            }
        };
        Some([of(0)?, of(1)?])
    }

    /// When it ends the test, if it does.
    fn abort(&self, seen: &Seen, start: Timestamp) -> Option<Timestamp> {
        let delay = self.aborts?;
        let times: Vec<Timestamp> = match seen {
            Seen::Counts(counts) => counts.iter().map(|(time, ..)| *time).collect(),
            // between the ends of steps nothing more is known
            Seen::Requests(requests) if requests.iter().any(|one| one.count > 1) => {
                let mut ends: Vec<Timestamp> = requests.iter().map(|one| one.time).collect();
                ends.dedup();
                ends
            }
            Seen::Requests(requests) => {
                let last = requests.last()?.time;
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

/// A percentile of sorted values with their counts, interpolated: `TrendSink.P`.
fn between(sorted: &[(f64, u64)], count: u64, q: f64) -> Option<f64> {
    let at = q * count.checked_sub(1)? as f64;
    let nth = |nth: u64| {
        let mut before = 0;
        let found = sorted.iter().find(|(_, count)| {
            before += count;
            before > nth
        });
        found.map(|(value, _)| *value)
    };
    let (low, high) = (nth(at.floor() as u64)?, nth(at.ceil() as u64)?);
    Some(low + (high - low) * at.fract())
}

/// When the first request of all thresholds was.
fn began(all: &[(&Threshold, Result<&Seen, String>)]) -> Option<Timestamp> {
    let first = |seen: &Seen| match seen {
        Seen::Requests(requests) => requests.first().map(|one| one.time),
        Seen::Counts(_) | Seen::Steps(_) => None,
    };
    all.iter().filter_map(|(_, seen)| first(seen.as_ref().ok()?)).min()
}

/// What k6 says of all thresholds of a test.
pub(super) fn answer(thresholds: &[Threshold], facts: &Facts) -> Answer {
    let all: Vec<(&Threshold, Result<&Seen, String>)> =
        thresholds.iter().map(|one| (one, facts.answered(one.metric.as_ref()))).collect();
    let start = began(&all).unwrap_or(facts.window.start);
    let aborted = all.iter().filter_map(|(one, seen)| Some((one.abort(seen.as_ref().ok()?, start)?, *one)));
    let aborted = aborted.min_by_key(|(time, _)| *time);
    let end = aborted.map_or(Timestamp::MAX, |(time, _)| time);
    let (mut lines, mut crossed, mut unknown, mut empty) = (Vec::new(), Vec::new(), 0, Vec::new());
    for (one, seen) in &all {
        let said = seen.as_ref().map(|seen| one.said(seen, end, true));
        let (label, reason, value) = match said {
            Ok(Said::Crossed(value)) => {
                crossed.push(one.name.as_str());
                ("crossed", shown(value), Some(value))
            }
            Ok(Said::Holds(value)) => ("holds", shown(value), Some(value)),
            Ok(Said::Doubtful([low, high])) => {
                unknown += 1;
                let (low, high) = (shown(low), shown(high));
                ("unknown", format!("between {low} and {high}, to the resolution of the histogram"), None)
            }
            Ok(Said::Nothing) => ("holds", "no request, which k6 lets pass".to_owned(), None),
            Err(why) => {
                unknown += 1;
                ("unknown", why.clone(), None)
            }
        };
        if matches!(seen, Ok(Seen::Requests(requests)) if requests.is_empty()) || said == Ok(Said::Nothing) {
            empty.push(format!(
                "{}: there is no request, and k6 takes that for a metric of zeros that crosses nothing",
                one.name
            ));
        }
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
        (None, Decision::Open) => {
            format!("exit with 0 if {unknown} of {} thresholds hold that davy cannot decide", all.len())
        }
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
        let facts = Facts { window, seen: [("m".to_owned(), Ok(seen))].into(), earlier: None };
        let Answer { decision, sentence, .. } = answer(std::slice::from_ref(threshold), &facts);
        (decision, sentence)
    }

    /// One request a second with these values.
    fn requests(values: &[f64]) -> Seen {
        let at = |(nth, value): (usize, &f64)| {
            let time = later(start(), SignedDuration::from_secs(1), nth);
            Requests { time, values: [*value; 2], count: 1 }
        };
        Seen::Requests(values.iter().enumerate().map(at).collect())
    }

    #[test]
    fn percentiles_are_interpolated_between_two_values() {
        // i = 0.95 * 4 = 3.8: between 400 and 500
        let five = [100.0, 200.0, 300.0, 400.0, 500.0].map(|value| (value, 1));
        assert_eq!(between(&five, 5, 0.95), Some(480.0));
        assert_eq!(between(&[(100.0, 1)], 1, 0.99), Some(100.0));
        assert_eq!(between(&[(100.0, 3), (300.0, 1)], 4, 0.5), Some(100.0));
        assert_eq!(between(&[(100.0, 1), (300.0, 1)], 2, 1.0), Some(300.0));
        assert_eq!(between(&[], 0, 0.5), None);
        let five = || requests(&[100.0, 500.0, 200.0, 400.0, 300.0]);
        let at = |op, limit| said(&threshold(Of::Quantile(0.95), op, limit, None), five()).0;
        assert_eq!((at(Op::Below, 480.0), at(Op::AtMost, 480.0)), (Decision::Fail, Decision::Pass));
        assert_eq!(said(&threshold(Of::Mean, Op::AtMost, 300.0, None), five()).0, Decision::Pass);
        let max = said(&threshold(Of::Max, Op::Below, 500.0, None), five());
        assert_eq!(max, (Decision::Fail, "exit with 99: t crossed".into()));
    }

    #[test]
    fn a_limit_within_a_cell_of_a_histogram_is_open() {
        let cell = |values| Seen::Requests(vec![Requests { time: start(), values, count: 40 }]);
        let max = threshold(Of::Max, Op::Below, 500.0, None);
        assert_eq!(said(&max, cell([498.0, 501.0])).0, Decision::Open);
        assert_eq!(said(&max, cell([498.0, 499.0])).0, Decision::Pass);
        assert_eq!(said(&max, cell([500.0, 501.0])).0, Decision::Fail);
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
        assert_eq!(
            said(&threshold(Of::Rate, Op::AtMost, 0.01, Some(0)), counts).1,
            "abort the test at 10:00 and exit with 99: t"
        );
    }
}
