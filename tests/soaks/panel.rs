//! What the judge is asked of a soak: a panel is one set of rules, the data they read, and the answers that count.
//!
//! Only the public judge is asked, of each criterion alone, so that each has the whole false-alarm budget;
//! the policy's other thresholds (warm-up, least excess, least coverage) are off, so that the statistics alone are
//! measured. They can only lower the rates.

use std::collections::BTreeMap;

use davy::judge::rules::*;
use davy::judge::verdict::Outcome;
use davy::series::{Bins, Dataset, Histogram, Pair, Series, SignedDuration, Timestamp, Window};

use super::kayenta;
use super::soak::{Columns, Soak};

/// One set of rules with what is counted.
pub struct Panel {
    /// The rules, for one look.
    pub rules: Rules,
    /// The metrics that the rules read.
    pub data: fn(&Soak) -> BTreeMap<String, Pair<Series>>,
    /// What is counted.
    pub questions: Vec<Question>,
}

/// An answer whose frequency is measured.
#[derive(Clone)]
pub struct Question {
    /// Its name in tables.
    pub name: String,
    /// The criterion.
    pub criterion: &'static str,
    /// The outcome that counts.
    pub wanted: Outcome,
    /// Whether it counts in this soak at this minute.
    pub counts: Counts,
    /// The numbers that Kayenta's rule would compare.
    pub kayenta: Option<fn(&Columns, usize) -> Option<f64>>,
}

/// When an outcome counts.
#[derive(Clone, Copy)]
pub enum Counts {
    /// Always.
    Always,
    /// Only where the expected rate so far is on the other side of the limit, or on it.
    Contradicting(f64),
}

impl Question {
    fn fail(name: &str, criterion: &'static str, kayenta: Option<fn(&Columns, usize) -> Option<f64>>) -> Question {
        Question { name: name.into(), criterion, wanted: Outcome::Fail, counts: Counts::Always, kayenta }
    }

    /// Whether an outcome at a minute counts.
    pub fn hit(&self, outcome: Outcome, soak: &Soak, minute: usize) -> bool {
        outcome == self.wanted
            && match (self.counts, self.wanted) {
                (Counts::Always, _) => true,
                (Counts::Contradicting(limit), Outcome::Fail) => soak.expected_rate(minute) <= limit,
                (Counts::Contradicting(limit), _) => soak.expected_rate(minute) >= limit,
            }
    }

    /// The first of the looks at which Kayenta's rule says High.
    pub fn kayenta(&self, soak: &Soak, looks: &[usize]) -> Option<usize> {
        let value = self.kayenta?;
        let until = |columns: &Columns, minute: usize| -> Vec<f64> {
            (0..minute).filter(|t| columns.observed[*t]).filter_map(|t| value(columns, t)).collect()
        };
        looks.iter().copied().find(|minute| {
            let arms = soak.arms.as_ref().map(|columns| until(columns, *minute));
            kayenta::is_high(&arms.baseline, &arms.canary)
        })
    }
}

impl Panel {
    /// The soak as the judge gets to see it at its end.
    pub fn dataset(&self, soak: &Soak) -> Dataset {
        let window = Window { start: minute(0), end: minute(soak.minutes) };
        Dataset {
            metrics: (self.data)(soak),
            ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
        }
    }

    /// The rules of each criterion that decides, with those that never do: nothing shares its false-alarm budget.
    pub fn alone(&self, looks: Looks) -> Vec<Rules> {
        let (muted, deciding): (Vec<_>, Vec<_>) =
            self.rules.criteria.iter().cloned().partition(|criterion| criterion.severity == Severity::Muted);
        let rules = |criteria| Rules { criteria, looks, ..self.rules.clone() };
        let one = |criterion: Criterion| rules(std::iter::once(criterion).chain(muted.clone()).collect());
        if deciding.is_empty() { vec![rules(muted)] } else { deciding.into_iter().map(one).collect() }
    }

    /// Errors among requests against the baseline's times `1 + margin`.
    pub fn errors(margin: f64) -> Panel {
        let rate = |c: &Columns, t: usize| (c.requests[t] > 0).then(|| c.errors[t] as f64 / c.requests[t] as f64);
        Panel {
            rules: rules(
                &[("errors", Kind::BadShare)],
                vec![criterion("errors", "errors", Statistic::Rate, above(margin))],
            ),
            data: |soak| one("errors", soak, counts),
            questions: vec![Question::fail("errors", "errors", Some(rate))],
        }
    }

    /// The same panel, asked for a Pass at every look.
    pub fn passing(mut self) -> Panel {
        self.rules.policy.min_soak = Some(SignedDuration::ZERO);
        for question in &mut self.questions {
            question.name += ", pass";
            (question.wanted, question.kayenta) = (Outcome::Pass, None);
        }
        self
    }

    /// The same panel, asked for a Fail and for a Pass.
    pub fn both_ways(self) -> Panel {
        let fail = self.questions.clone();
        let pass = self.passing();
        Panel { questions: fail.into_iter().chain(pass.questions).collect(), ..pass }
    }

    /// Events per share of the traffic.
    pub fn events() -> Panel {
        let rate = |c: &Columns, t: usize| Some(c.events[t] as f64 / c.share[t]);
        Panel {
            rules: rules(
                &[("events", Kind::Events)],
                vec![criterion("events", "events", Statistic::Frequency, above(0.0))],
            ),
            data: |soak| one("events", soak, events),
            questions: vec![Question::fail("events", "events", Some(rate))],
        }
    }

    /// A level per minute.
    pub fn gauge() -> Panel {
        let kind = Kind::Gauge { quantile: None, scale: Scale::Auto };
        Panel {
            rules: rules(&[("gauge", kind)], vec![criterion("gauge", "gauge", Statistic::Typical, above(0.0))]),
            data: |soak| one("gauge", soak, |c| gauge(c, |t| Some(c.gauge[t]), false)),
            questions: vec![Question::fail("gauge", "gauge", Some(|c, t| Some(c.gauge[t])))],
        }
    }

    /// Percentiles per minute with the requests behind them; the median is read for the spread alone.
    pub fn percentiles() -> Panel {
        let kind = |q| Kind::Gauge { quantile: Some(q), scale: Scale::Auto };
        let mut criteria =
            ["p50", "p95", "p99"].map(|name| criterion(name, name, Statistic::Typical, above(0.0))).to_vec();
        (criteria[0].rule, criteria[0].severity) = (Rule::Observed, Severity::Muted);
        Panel {
            rules: rules(&[("p50", kind(0.5)), ("p95", kind(0.95)), ("p99", kind(0.99))], criteria),
            data: |soak| {
                let series = |i: usize| soak.arms.as_ref().map(|c| gauge(c, |t| c.percentiles[t].map(|p| p[i]), true));
                ["p50", "p95", "p99"].into_iter().map(str::to_owned).zip((0..3).map(series)).collect()
            },
            questions: vec![
                Question::fail("p95 per minute", "p95", Some(|c, t| c.percentiles[t].map(|p| p[1]))),
                Question::fail("p99 per minute", "p99", Some(|c, t| c.percentiles[t].map(|p| p[2]))),
            ],
        }
    }

    /// Quantiles of all requests against the baseline's times `1 + margin`.
    pub fn requests(margin: f64) -> Panel {
        let criteria = [("p95", 0.95), ("p99", 0.99)]
            .map(|(name, q)| criterion(name, "latency", Statistic::Quantile(q), above(margin)));
        Panel {
            rules: rules(&[("latency", Kind::Values)], criteria.to_vec()),
            data: |soak| one("latency", soak, latency),
            questions: ["p95", "p99"].map(|q| Question::fail(&format!("{q} of requests"), q, None)).into(),
        }
    }

    /// The canary's errors alone against limits around its `true_rate`.
    pub fn limits(true_rate: f64) -> Panel {
        let factors = [("at", 1.0), ("below", 1.0 / 1.5), ("above", 2.0)];
        let limit = |factor: f64| Limit::Threshold((true_rate * factor).min(1.0));
        let criteria = factors.map(|(name, factor)| criterion(name, "errors", Statistic::Rate, limit(factor)));
        let ask = |name: &str, criterion, wanted, counts| Question {
            wanted,
            counts,
            ..Question::fail(&format!("limit: {name}"), criterion, None)
        };
        let realised = Counts::Contradicting(true_rate);
        Panel {
            rules: rules(&[("errors", Kind::BadShare)], criteria.to_vec()),
            data: |soak| one("errors", soak, counts),
            questions: vec![
                ask("fail at the limit", "at", Outcome::Fail, Counts::Always),
                ask("fail though within so far", "at", Outcome::Fail, realised),
                ask("fail at 1.5 x the limit", "below", Outcome::Fail, Counts::Always),
                ask("pass at the limit", "at", Outcome::Pass, Counts::Always),
                ask("pass though beyond so far", "at", Outcome::Pass, realised),
                ask("pass at half the limit", "above", Outcome::Pass, Counts::Always),
            ],
        }
    }

    /// The canary's share of the traffic against the configured one.
    pub fn traffic(share: f64) -> Panel {
        let mut rules = rules(&[("errors", Kind::BadShare)], Vec::new());
        rules.traffic = Some(Traffic { share, metric: Some("errors".into()), on_mismatch: Mismatch::Warn });
        let question = Question::fail("traffic share", "traffic share", None);
        Panel {
            rules,
            data: |soak| one("errors", soak, counts),
            questions: vec![Question { wanted: Outcome::Warn, ..question }],
        }
    }
}

fn minute(t: usize) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + 60 * t as i64).unwrap_or_default()
}

fn one(name: &str, soak: &Soak, series: fn(&Columns) -> Series) -> BTreeMap<String, Pair<Series>> {
    BTreeMap::from([(name.to_owned(), soak.arms.as_ref().map(series))])
}

fn observed(c: &Columns) -> impl Iterator<Item = usize> {
    (0..c.observed.len()).filter(|t| c.observed[*t])
}

fn counts(c: &Columns) -> Series {
    Series::Counts {
        time: observed(c).map(minute).collect(),
        total: observed(c).map(|t| c.requests[t]).collect(),
        bad: observed(c).map(|t| c.errors[t]).collect(),
    }
}

fn events(c: &Columns) -> Series {
    Series::Events {
        time: observed(c).map(minute).collect(),
        count: observed(c).map(|t| c.events[t]).collect(),
        exposure: Some(observed(c).map(|t| c.share[t]).collect()),
    }
}

fn gauge(c: &Columns, value: impl Fn(usize) -> Option<f64>, with_requests: bool) -> Series {
    let points: Vec<_> = observed(c).filter_map(|t| Some((t, value(t)?))).collect();
    Series::Gauge {
        time: points.iter().map(|(t, _)| minute(*t)).collect(),
        value: points.iter().map(|(_, value)| *value).collect(),
        requests: with_requests.then(|| points.iter().map(|(t, _)| c.requests[*t]).collect()),
    }
}

/// Tenths of a millisecond to two digits.
fn latency(c: &Columns) -> Series {
    let histogram = |t: usize| {
        let mut histogram = Histogram::<u64>::new(2).expect("two digits are allowed");
        for ms in &c.latency[t] {
            histogram.record((ms * 10.0) as u64).expect("it grows as needed");
        }
        Bins::from(&histogram)
    };
    let time = observed(c).map(minute).collect();
    Series::Buckets { time, bins: observed(c).map(histogram).collect(), scale: 0.1 }
}

fn above(relative: f64) -> Limit {
    Limit::Margin { relative: Some(relative), absolute: None }
}

fn criterion(name: &str, metric: &str, statistic: Statistic, limit: Limit) -> Criterion {
    Criterion {
        name: name.into(),
        metric: metric.into(),
        statistic,
        pass: Some(Bound { side: Side::AtMost, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Normal,
        role: Role::Primary,
        weight: 1.0,
        group: name.into(),
        family: "one".into(),
    }
}

fn rules(metrics: &[(&str, Kind)], criteria: Vec<Criterion>) -> Rules {
    let metric = |kind: &Kind| {
        let unit = match kind {
            Kind::BadShare => Unit::Share,
            Kind::Events => Unit::PerSecond,
            _ => Unit::Milliseconds,
        };
        Metric { unit, kind: kind.clone(), of: "requests".into(), history: None, by: None, remarks: Vec::new() }
    };
    Rules {
        name: "calibration".into(),
        labels: Pair::default(),
        phase: None,
        fingerprint: String::new(),
        metrics: metrics.iter().map(|(name, kind)| ((*name).to_owned(), metric(kind))).collect(),
        learned: BTreeMap::new(),
        signatures: BTreeMap::new(),
        criteria,
        not_judged: Vec::new(),
        traffic: None,
        looks: Looks::Once,
        policy: Policy { min_excess: 0.0, min_coverage: 0.0, ..Policy::default() },
    }
}
