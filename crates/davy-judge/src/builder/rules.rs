//! Rules as a program writes them: metrics by their shape, criteria as one text each.

use std::collections::BTreeMap;

use crate::notation::{BoundText, Complaint, Op};
use crate::reading::{self, Question, Reach, Reading, family, is_observed, reach, statistic};
use crate::rules::{Criterion, Kind, Looks, Metric, Policy, Role, Rule, Rules, Scale, Severity, Statistic, Unit};
use crate::series::Pair;

impl Metric {
    /// Bad ones among all: errors of requests.
    pub fn bad_share(of: impl Into<String>) -> Metric {
        Metric::of_kind(Kind::BadShare, Unit::Share, of)
    }

    /// Bad ones among all, shown as the share of good ones: availability.
    pub fn good_share(of: impl Into<String>) -> Metric {
        Metric::of_kind(Kind::GoodShare, Unit::Share, of)
    }

    /// Occurrences per time: restarts.
    pub fn events() -> Metric {
        Metric::of_kind(Kind::Events, Unit::PerSecond, "")
    }

    /// Occurrences per unit of exposure: crashes per session.
    pub fn events_per(exposure: impl Into<String>) -> Metric {
        Metric::of_kind(Kind::Events, Unit::Per(exposure.into()), "")
    }

    /// A latency in milliseconds of each request.
    pub fn latencies() -> Metric {
        Metric::of_kind(Kind::Values, Unit::Milliseconds, "requests")
    }

    /// One number per step.
    pub fn gauge(unit: Unit) -> Metric {
        Metric::of_kind(Kind::Gauge { quantile: None, scale: Scale::Auto }, unit, "")
    }

    /// A percentile of requests per step, in milliseconds, that somebody else computed; `quantile` is in [0, 1].
    pub fn percentile(quantile: f64) -> Metric {
        let kind = Kind::Gauge { quantile: Some(quantile), scale: Scale::Auto };
        Metric::of_kind(kind, Unit::Milliseconds, "requests")
    }

    fn of_kind(kind: Kind, unit: Unit, of: impl Into<String>) -> Metric {
        Metric { unit, kind, of: of.into(), history: None, by: None, remarks: Vec::new() }
    }
}

impl Rules {
    /// Rules without a metric and without a criterion yet. The data is looked at once.
    ///
    /// ```
    /// use davy_judge::rules::{Metric, Rules};
    ///
    /// let rules = Rules::new("checkout")
    ///     .metric("errors", Metric::bad_share("requests"))
    ///     .metric("latency", Metric::latencies())
    ///     .must("errors", "<= baseline + 0.5pp")?
    ///     .must("latency", "p95 <= baseline + 10%")?
    ///     .guardrail("latency", "p99 <= 800ms")?;
    /// assert_eq!(rules.criteria[1].name, "latency p95 <= baseline + 10%");
    /// let wrong = rules.must("errors", "<= 5").unwrap_err();
    /// assert_eq!(wrong.message, "a threshold on a share needs `%`: what is 5 of `errors`?");
    /// # Ok::<(), davy_judge::notation::Complaint>(())
    /// ```
    pub fn new(name: impl Into<String>) -> Rules {
        Rules {
            name: name.into(),
            labels: Pair::default(),
            phase: None,
            fingerprint: String::new(),
            metrics: BTreeMap::new(),
            learned: BTreeMap::new(),
            criteria: Vec::new(),
            signatures: BTreeMap::new(),
            not_judged: Vec::new(),
            traffic: None,
            looks: Looks::Once,
            policy: Policy::default(),
        }
    }

    /// Adds what is known of a metric. Criteria name it.
    pub fn metric(mut self, name: impl Into<String>, metric: Metric) -> Rules {
        self.metrics.insert(name.into(), metric);
        self
    }

    /// Adds a criterion that must be shown to hold: a bound, with its statistic before it where the metric has no usual one.
    ///
    /// `"<= 1%"`, `"<= baseline + 0.5pp"`, `"p95 <= baseline + 10%"`, `"trend <= 5%/h"`.
    pub fn must(self, metric: &str, text: &str) -> Result<Rules, Complaint> {
        self.with(metric, text, Role::Primary)
    }

    /// Adds a criterion that must not be broken, where the data would show that it is.
    pub fn guardrail(self, metric: &str, text: &str) -> Result<Rules, Complaint> {
        self.with(metric, text, Role::Guardrail)
    }

    /// Says when the data is looked at.
    pub fn looks(mut self, looks: Looks) -> Rules {
        self.looks = looks;
        self
    }

    /// Says how findings become a verdict.
    pub fn policy(mut self, policy: Policy) -> Rules {
        self.policy = policy;
        self
    }

    fn with(mut self, name: &str, text: &str, role: Role) -> Result<Rules, Complaint> {
        let Some(metric) = self.metrics.get(name) else {
            let known: Vec<String> = self.metrics.keys().map(|name| format!("`{name}`")).collect();
            let complaint = Complaint::new(format!("there is no metric `{name}`"));
            return Err(complaint.hint(format!("add it by `metric` first; so far: {}", known.join(", "))));
        };
        let criterion = criterion(name, metric, text, role)?;
        if self.criteria.iter().any(|other| other.name == criterion.name) {
            return Err(Complaint::new(format!("`{}` is there twice", criterion.name)));
        }
        self.criteria.push(criterion);
        Ok(self)
    }
}

fn criterion(name: &str, metric: &Metric, text: &str, role: Role) -> Result<Criterion, Complaint> {
    let begin = text.find(['<', '>', '=', '≤', '≥', '!']).unwrap_or(0);
    let (of, bound) = (text[..begin].trim(), &text[begin..]);
    let bound = BoundText::parse(bound).map_err(|complaint| {
        let part = complaint.part.clone();
        complaint.within(begin + part.start..begin + part.end)
    })?;
    let statistic = match of {
        "" => statistic::usual(&metric.kind, [&bound].into_iter())
            .ok_or_else(|| statistic::which_quantile(name).hint(format!("write `p95 {bound}`")))?,
        written => {
            let found = statistic::parse(written)?;
            statistic::unfit(written, found, metric).map_or(Ok(found), Err)?
        }
    };
    let question = Question { metric, statistic, name, alarm: false };
    let pass = reading::bound(&bound, &question, Reading::Pass)?;
    let statistic = match (statistic, pass.per) {
        (Statistic::Trend { .. }, Some(per)) => Statistic::Trend { per },
        (statistic, _) => statistic,
    };
    let reach = reach(&pass, Reading::Pass, &question);
    if let Some(complaint) = reach.refused(&bound, metric) {
        return Err(complaint);
    }
    let observed = is_observed(statistic, bound.op == Op::Equal || reach == Reach::Edge);
    if role == Role::Guardrail && matches!(statistic, Statistic::AnyQuantile { .. }) {
        let message =
            "a guardrail needs data that would show a worse canary, and `any quantile` asks for rare requests too";
        return Err(Complaint::new(message).hint("guard one quantile: `p99 <= baseline + 10%`"));
    }
    let named = if of.is_empty() { format!("{name} {bound}") } else { format!("{name} {of} {bound}") };
    Ok(Criterion {
        name: named,
        metric: name.to_owned(),
        statistic,
        pass: Some(pass),
        fail: None,
        rule: if observed { Rule::Observed } else { Rule::Interval },
        severity: Severity::Normal,
        role,
        weight: 1.0,
        group: name.to_owned(),
        family: family(name),
    })
}
