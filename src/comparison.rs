//! Everything that was measured of both arms side by side, whether anybody asked for it or not: the offline comparison.
//!
//! No statistics of its own: every difference with its interval is one that the judge found, asked about each metric by a criterion
//! that allows no margin and decides nothing. What is only looked at (means, quantiles across steps, what an item costs) is
//! computed here, and never has an interval.

pub mod calendar;

use std::collections::BTreeMap;

use calendar::{Calendar, Parts};
use jiff::tz::TimeZone;

use crate::cost::{self, CostPlan, ItemCost};
use crate::judge::judge;
use crate::judge::rules::{
    Bound, Criterion, Kind, Limit, Looks, Metric, MixDecides, Policy, Role, Rule, Rules, Severity, Side, Statistic,
};
use crate::judge::verdict::{Distribution, Effect, EffectKind, Finding, Mixed, Outcome, Reason, Trace, Verdict};
use crate::judge::{groups, rules::Unit};
use crate::series::{Dataset, Gravity, MetricName, Pair, Series, Window};
use crate::stats::quantile::quantile;

/// The confidence of each interval, two-sided.
pub const LEVEL: f64 = 0.95;

/// The confidence that each of several must have, so that all of them hold together with the confidence of one.
///
/// Bonferroni's inequality: the chances of a miss add up at most, however the canaries depend on each other through the baseline
/// that they share. O. J. Dunn, "Multiple comparisons among means", Journal of the American Statistical Association 56 (1961).
/// Dunnett's constants for a shared control are smaller by 3 % at most for up to five canaries, and hold for normal means alone.
pub fn together(level: f64, canaries: usize) -> f64 {
    if canaries > 1 { 1.0 - (1.0 - level) / canaries as f64 } else { level }
}

/// The quantiles of requests that are compared.
const COMPARED: [f64; 3] = [0.5, 0.95, 0.99];

/// The quantiles that are shown.
const SHOWN: [(f64, &str); 5] = [(0.5, "p50"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99"), (1.0, "max")];

/// What is to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The criteria, where there are any.
    pub rules: &'a Rules,
    /// Every metric.
    pub metrics: &'a BTreeMap<MetricName, Metric>,
    /// What both arms cost.
    pub cost: Option<&'a CostPlan>,
    /// What was measured.
    pub data: &'a Dataset,
    /// The confidence of each interval, two-sided: [`LEVEL`], or more where several canaries share it.
    pub level: f64,
}

/// Both arms side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The answer to the criteria; without any it only tells what was compared.
    pub verdict: Verdict,
    /// Whether there are criteria.
    pub is_judged: bool,
    /// How the canary does.
    pub health: Health,
    /// From what that is known.
    pub because: String,
    /// The requests of each arm, and the metric that counts them.
    pub traffic: Option<(MetricName, Pair<u64>)>,
    /// Each metric, groups as metrics of their own.
    pub metrics: Vec<Compared>,
    /// What both arms cost.
    pub cost: Option<Costs>,
    /// Every metric over time.
    pub traces: BTreeMap<MetricName, Trace>,
    /// How the requests of every metric spread.
    pub distributions: BTreeMap<MetricName, Distribution>,
    /// Those mixes of requests that differ.
    pub mixes: Vec<Mixed>,
    /// The confidence of each interval, two-sided.
    pub level: f64,
    /// Every metric by days and by hours of the day, if the window is long.
    pub calendar: Vec<Parts>,
    /// Whose days and hours those are.
    pub zone: TimeZone,
}

/// How the canary does, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// All that is asked of it holds.
    Healthy,
    /// Something is worse than it should be.
    Degraded,
    /// Something that is asked of it is broken.
    Unhealthy,
    /// The data cannot tell.
    Unknown,
}

/// One metric of both arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its name; that of a group with the group.
    pub name: MetricName,
    /// The metric of which it is a group.
    pub group_of: Option<MetricName>,
    /// What is known of it.
    pub metric: Metric,
    /// Its numbers.
    pub lines: Vec<Line>,
    /// Why there are none, where its source could not be reached.
    pub lost: Option<String>,
}

/// One number of a metric in both arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is: "rate", "p95", "typical p95", "p95 across steps".
    pub statistic: String,
    /// The number.
    pub estimate: Pair<Option<f64>>,
    /// How many stand behind it, and what they are.
    pub n: Pair<u64>,
    /// What those are.
    pub n_of: String,
    /// How the canary differs.
    pub effect: Option<Effect>,
    /// The same as a ratio, where the effect is a difference.
    pub ratio: Option<Effect>,
    /// Which way it differs, as far as the interval shows.
    pub shown: Shown,
    /// The effect at the baseline's mix of requests, if the mixes differ.
    pub at_equal_mix: Option<Effect>,
}

/// What an interval shows of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Worse.
    Worse,
    /// Better.
    Better,
    /// Different, neither for better nor for worse.
    Different,
    /// No difference is shown, nor that there is none.
    Nothing,
}

/// What both arms cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// What the costs are measured in.
    pub unit: Unit,
    /// Item by item, a month.
    pub items: Vec<ItemCost>,
    /// The whole with all of the traffic, and at the present share.
    pub full: Line,
    /// The same at the present share.
    pub now: Line,
    /// Which part of a month is not in it.
    pub unseen: Option<String>,
}

/// Compares everything.
pub fn compare(subject: &Subject) -> Comparison {
    let Subject { rules, metrics, cost, data, level } = subject;
    let verdict = judge(rules, data);
    let all = Rules { metrics: (*metrics).clone(), criteria: Vec::new(), ..(*rules).clone() };
    let spread = groups::spread(&all, &data.groups).into_owned();
    let asked: Vec<(MetricName, Criterion)> = spread
        .metrics
        .iter()
        .filter(|(name, metric)| metric.by.is_none() && data.metrics.contains_key(*name))
        .flat_map(|(name, metric)| questions(name, metric).into_iter().map(|question| (name.clone(), question)))
        .collect();
    // what is compared is what came
    let mix = MixDecides::Plain;
    let policy = Policy { level: (1.0 + level) / 2.0, score: None, min_soak: None, mix, ..rules.policy.clone() };
    let criteria = asked.iter().map(|(_, question)| question.clone()).collect();
    let (looks, signatures) = (Looks::Once, BTreeMap::new());
    let effects = judge(&Rules { criteria, policy, looks, signatures, ..spread.clone() }, data);
    let found = Found { asked: &asked, effects: &effects, data, warmup: rules.policy.warmup_steps(data.step) };
    let of = |name: &MetricName| {
        let groups = data.groups.iter();
        let mut groups =
            groups.filter(|(whole, groups)| groups.iter().any(|g| crate::series::group_name(whole, g) == *name));
        groups.next().map(|(whole, _)| whole.clone())
    };
    let compared = spread.metrics.iter().filter(|(name, _)| cost.is_none() || !cost::METRICS.contains(&name.as_str()));
    let compared: Vec<Compared> = compared
        .map(|(name, metric)| Compared {
            name: name.clone(),
            group_of: of(name),
            metric: metric.clone(),
            lines: found.lines(name, metric),
            lost: data.lost.get(name).cloned(),
        })
        .collect();
    let is_judged = !rules.criteria.is_empty();
    let (health, because) = if is_judged { of_verdict(&verdict) } else { of_metrics(&compared, subject) };
    let traffic = traffic(subject, &found);
    let costs = cost.map(|cost| costs(cost, data, &found, &spread.metrics));
    let zone = rules.policy.zone.clone().unwrap_or(TimeZone::UTC);
    let calendar = found.calendar(&compared, &zone);
    let Verdict { traces, distributions, mut mixes, .. } = effects;
    mixes.retain(|mix| mix.mix.differs);
    let (metrics, cost, level) = (compared, costs, *level);
    Comparison {
        verdict,
        is_judged,
        health,
        because,
        traffic,
        metrics,
        cost,
        traces,
        distributions,
        mixes,
        level,
        calendar,
        zone,
    }
}

/// What is asked of a metric: how the canary differs, allowing nothing and deciding nothing.
fn questions(name: &str, metric: &Metric) -> Vec<Criterion> {
    let ratio = Limit::Margin { relative: Some(0.0), absolute: None };
    let difference = Limit::Margin { relative: None, absolute: Some(0.0) };
    let asked = match metric.kind {
        Kind::BadShare => vec![(Statistic::Rate, difference), (Statistic::Rate, ratio)],
        Kind::GoodShare | Kind::PartShare => vec![(Statistic::Rate, difference)],
        Kind::Events => vec![(Statistic::Frequency, ratio)],
        Kind::Values => COMPARED.map(|q| (Statistic::Quantile(q), ratio)).to_vec(),
        Kind::Gauge { .. } => vec![(Statistic::Typical, ratio)],
    };
    let side = if metric.kind == Kind::GoodShare { Side::AtLeast } else { Side::AtMost };
    let question = |(statistic, limit)| Criterion {
        name: name.to_owned(),
        metric: name.to_owned(),
        statistic,
        pass: Some(Bound { side, strict: false, limit, per: None }),
        fail: None,
        rule: Rule::Interval,
        severity: Severity::Muted,
        role: Role::Primary,
        weight: 1.0,
        group: name.to_owned(),
        family: name.to_owned(),
    };
    asked.into_iter().map(question).collect()
}

/// What the judge found of every question.
struct Found<'a> {
    asked: &'a [(MetricName, Criterion)],
    effects: &'a Verdict,
    data: &'a Dataset,
    warmup: usize,
}

impl Found<'_> {
    /// The estimates and the effect of a question.
    fn effect(
        &self,
        name: &str,
        statistic: Statistic,
        kind: Option<EffectKind>,
    ) -> (Pair<Option<f64>>, Option<Effect>) {
        let found = self.finding(name, statistic, kind);
        found.map(|finding| (finding.evidence.estimate, finding.evidence.effect)).unwrap_or_default()
    }

    /// The effect of a question at the baseline's mix of requests, if the mixes differ.
    fn at_equal_mix(&self, name: &str, statistic: Statistic) -> Option<Effect> {
        let mix = self.effects.mixes.iter().find(|mix| mix.metric == name)?;
        mix.effects.iter().find(|one| one.statistic == statistic)?.at_equal_mix
    }

    /// The numbers that stand behind an effect: of the steps that were compared, which are all if no arm has gaps.
    fn compared(&self, name: &str, statistic: Statistic) -> Option<(Pair<Option<f64>>, Pair<u64>)> {
        let evidence = &self.finding(name, statistic, None)?.evidence;
        evidence.effect.map(|_| (evidence.estimate, evidence.n.map(|n| n.round() as u64)))
    }

    fn finding(&self, name: &str, statistic: Statistic, kind: Option<EffectKind>) -> Option<&Finding> {
        let answered = self.asked.iter().zip(&self.effects.findings);
        let mut own = answered.filter(|((metric, question), finding)| {
            let fits = kind.is_none_or(|kind| finding.evidence.effect.is_none_or(|effect| effect.kind == kind));
            metric == name && question.statistic == statistic && fits
        });
        own.next().map(|(_, finding)| finding)
    }

    /// A metric's series with the warm-up left out.
    fn series(&self, name: &str) -> Option<Pair<Series>> {
        let lead = i32::try_from(self.warmup).ok().and_then(|steps| self.data.step.checked_mul(steps));
        let judged = |window: &Window| Window {
            start: lead.and_then(|lead| window.start.checked_add(lead).ok()).unwrap_or(window.start).min(window.end),
            end: window.end,
        };
        let pair = self.data.metrics.get(name)?.as_ref().zip(self.data.windows.as_ref());
        Some(pair.map(|(series, window)| series.within(&judged(window))))
    }

    /// Each metric that is no group, by days and by hours of the day.
    fn calendar(&self, compared: &[Compared], zone: &TimeZone) -> Vec<Parts> {
        let calendar = Calendar { windows: self.data.windows, zone };
        let whole = compared.iter().filter(|metric| metric.group_of.is_none() && metric.metric.by.is_none());
        let parts = |own: &Compared| {
            let series = self.series(&own.name)?;
            Some(calendar.of(&own.name, &own.metric, &series, self.data.step_of(&own.name)))
        };
        whole.filter_map(parts).flatten().collect()
    }

    fn lines(&self, name: &str, metric: &Metric) -> Vec<Line> {
        let Some(series) = self.series(name) else { return Vec::new() };
        match &metric.kind {
            Kind::BadShare | Kind::GoodShare | Kind::PartShare => vec![self.rate(name, metric, &series)],
            Kind::Events => self.events(name, metric, &series),
            Kind::Values => self.values(name, metric, &series),
            Kind::Gauge { quantile, .. } => self.gauge(name, metric, *quantile, &series),
        }
    }

    fn rate(&self, name: &str, metric: &Metric, series: &Pair<Series>) -> Line {
        let counted = series.as_ref().map(|series| match series {
            Series::Counts { total, bad, .. } => (sum(total), sum(bad)),
            _ => (0, 0),
        });
        let estimate = counted.map(|(total, bad)| {
            let share = (total > 0).then(|| bad as f64 / total as f64);
            share.map(|share| if metric.kind == Kind::GoodShare { 1.0 - share } else { share })
        });
        let (_, effect) = self.effect(name, Statistic::Rate, Some(EffectKind::Difference));
        let ratio = match metric.kind {
            Kind::BadShare => self.effect(name, Statistic::Rate, Some(EffectKind::Ratio)).1,
            _ => None,
        };
        let own = (estimate, counted.map(|(total, _)| total));
        let (estimate, n) = self.compared(name, Statistic::Rate).unwrap_or(own);
        // an arm without a trial differs by nothing that is known
        let is_known = |_: &Effect| n.baseline > 0 && n.canary > 0;
        let ratio = ratio.filter(|ratio| ratio.kind == EffectKind::Ratio).filter(is_known);
        let line = line("rate", estimate, (n, &metric.of), effect.filter(is_known), ratio, metric);
        Line { at_equal_mix: self.at_equal_mix(name, Statistic::Rate), ..line }
    }

    fn events(&self, name: &str, metric: &Metric, series: &Pair<Series>) -> Vec<Line> {
        let (estimate, effect) = self.effect(name, Statistic::Frequency, None);
        let step = self.data.step.as_secs_f64();
        let own = series.as_ref().map(|series| match series {
            Series::Events { count, exposure, .. } => {
                let exposed = exposure.as_ref().map_or(count.len() as f64 * step, |exposure| exposure.iter().sum());
                (sum(count), (exposed > 0.0).then(|| sum(count) as f64 / exposed))
            }
            _ => (0, None),
        });
        let estimate =
            Pair { baseline: estimate.baseline.or(own.baseline.1), canary: estimate.canary.or(own.canary.1) };
        let count = own.map(|(count, _)| count);
        // nothing against nothing is no change of any size
        let effect = effect.filter(|_| count.baseline > 0 || count.canary > 0);
        vec![line("frequency", estimate, (count, "events"), effect, None, metric)]
    }

    fn values(&self, name: &str, metric: &Metric, series: &Pair<Series>) -> Vec<Line> {
        let known = self.effects.distributions.get(name);
        let n = known.map_or(Pair::default(), |spread| spread.n);
        let mean = series.as_ref().map(cost::mean);
        let mut lines = vec![line("mean", mean, (n, &metric.of), None, None, metric)];
        for (q, called) in SHOWN {
            let told = |spread: &Distribution| {
                let of = |arm: &Vec<(f64, f64)>| arm.iter().find(|(own, _)| *own == q).map(|(_, value)| *value);
                spread.quantiles.as_ref().map(of)
            };
            let own = (known.map_or(Pair::default(), told), n);
            let compared = COMPARED.contains(&q).then_some(Statistic::Quantile(q));
            let effect = compared.and_then(|statistic| self.effect(name, statistic, None).1);
            let (estimate, n) = compared.and_then(|statistic| self.compared(name, statistic)).unwrap_or(own);
            let at_equal_mix = compared.and_then(|statistic| self.at_equal_mix(name, statistic));
            lines.push(Line { at_equal_mix, ..line(called, estimate, (n, &metric.of), effect, None, metric) });
        }
        lines
    }

    /// A number per step: what is typical has an interval; its mean and quantiles across steps are none of requests.
    fn gauge(&self, name: &str, metric: &Metric, q: Option<f64>, series: &Pair<Series>) -> Vec<Line> {
        let sorted = series.as_ref().map(|series| match series {
            Series::Gauge { value, .. } => {
                let mut sorted: Vec<f64> = value.iter().copied().filter(|v| v.is_finite()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted
            }
            _ => Vec::new(),
        });
        let n = sorted.as_ref().map(|steps| steps.len() as u64);
        let (typical, effect) = self.effect(name, Statistic::Typical, None);
        let called = q.map_or("typical".to_owned(), |q| format!("typical {}", crate::judge::words::quantile_name(q)));
        let mut lines = vec![line(&called, typical, (n, "steps"), effect, None, metric)];
        let quiet = |what: &str, estimate| line(what, estimate, (n, "steps"), None, None, metric);
        // a mean of quantiles is a mean of nothing that a request ever saw
        if q.is_none() {
            lines.push(quiet("mean of the steps", series.as_ref().map(cost::mean)));
        }
        let of_steps = SHOWN.into_iter().filter(|(own, _)| q.is_none() || *own == 1.0);
        for (own, called) in of_steps {
            lines.push(quiet(&format!("{called} across steps"), sorted.as_ref().map(|steps| quantile(steps, own))));
        }
        lines
    }
}

fn line(
    statistic: &str,
    estimate: Pair<Option<f64>>,
    (n, n_of): (Pair<u64>, &str),
    effect: Option<Effect>,
    ratio: Option<Effect>,
    metric: &Metric,
) -> Line {
    let shown = effect.map_or(Shown::Nothing, |effect| shown(&effect, metric));
    let (effect, ratio) = (effect.map(|effect| printed(effect, estimate)), ratio.map(|ratio| printed(ratio, estimate)));
    let (statistic, n_of) = (statistic.to_owned(), n_of.to_owned());
    Line { statistic, estimate, n, n_of, effect, ratio, shown, at_equal_mix: None }
}

/// A ratio as the numbers beside it have it: none to nothing, and nothing to something.
fn printed(effect: Effect, estimate: Pair<Option<f64>>) -> Effect {
    match (effect.kind, estimate.baseline, estimate.canary) {
        (EffectKind::Ratio, Some(0.0), _) => Effect { estimate: None, ..effect },
        (EffectKind::Ratio, Some(_), Some(0.0)) => Effect { estimate: Some(0.0), ..effect },
        _ => effect,
    }
}

fn shown(effect: &Effect, metric: &Metric) -> Shown {
    let same = match effect.kind {
        EffectKind::Ratio => 1.0,
        EffectKind::Difference => 0.0,
        EffectKind::Level => return Shown::Nothing,
    };
    let (more, less) = (effect.low > same, effect.high < same);
    let wants_little = match (&metric.kind, &metric.unit) {
        (Kind::BadShare, _) | (_, Unit::Milliseconds) => Some(true),
        (Kind::GoodShare, _) => Some(false),
        _ => None,
    };
    match (more, less, wants_little) {
        (false, false, _) => Shown::Nothing,
        (_, _, None) => Shown::Different,
        (more, _, Some(little)) if more == little => Shown::Worse,
        _ => Shown::Better,
    }
}

fn sum(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum: u64, n| sum.saturating_add(*n))
}

fn of_verdict(verdict: &Verdict) -> (Health, String) {
    let mut deciding = verdict.findings.iter().filter(|finding| finding.severity != Severity::Muted);
    let all_pass = deciding.all(|one| one.outcome == Outcome::Pass || one.reason == Reason::SuspectData);
    let health = match verdict.outcome {
        Outcome::Pass => Health::Healthy,
        // no criterion shows anything worse: something is not judged, or not what it seems
        Outcome::Warn if all_pass => Health::Unknown,
        Outcome::Warn => Health::Degraded,
        Outcome::Fail => Health::Unhealthy,
        Outcome::Inconclusive => Health::Unknown,
    };
    (health, format!("by the criteria: {}", verdict.summary))
}

fn of_metrics(metrics: &[Compared], subject: &Subject) -> (Health, String) {
    let lines = || metrics.iter().flat_map(|metric| metric.lines.iter().map(move |line| (metric, line)));
    let worse: Vec<String> = lines()
        .filter(|(_, line)| line.shown == Shown::Worse)
        .map(|(metric, line)| format!("{} ({})", metric.name, line.statistic))
        .collect();
    if !worse.is_empty() {
        let more = worse.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let worse: Vec<String> = worse.into_iter().take(5).collect();
        return (Health::Degraded, format!("without criteria: shown to be worse: {}{more}", worse.join(", ")));
    }
    let doubts = subject.data.remarks.values().flatten().filter(|remark| remark.gravity > Gravity::Note);
    let doubts = doubts.map(|remark| remark.text.clone());
    let unjudged = subject.rules.not_judged.iter().filter(|one| one.gravity > Gravity::Note);
    let mut doubts = doubts.chain(unjudged.map(|one| format!("{}: {}", one.what, one.why)));
    if let Some(doubt) = doubts.next() {
        return (Health::Unknown, format!("without criteria: no metric is shown to be worse, but {doubt}"));
    }
    let compared = |line: &Line| line.effect.is_some_and(|effect| effect.low.is_finite() && effect.high.is_finite());
    match lines().any(|(_, line)| compared(line)) {
        true => (Health::Healthy, "without criteria: no metric is shown to be worse".into()),
        false => (Health::Unknown, "without criteria: nothing could be compared".into()),
    }
}

/// The requests of each arm: of the metric that is the traffic, else of the first that counts any.
fn traffic(subject: &Subject, found: &Found) -> Option<(MetricName, Pair<u64>)> {
    let named = subject.rules.traffic.as_ref().and_then(|traffic| traffic.metric.clone());
    let named = named.or(subject.cost.map(|cost| cost.traffic.clone()));
    // those that may fail are requests; lookups and parts of them are counted where nothing else is
    let whole = || subject.metrics.iter().filter(|(_, metric)| metric.by.is_none());
    let bad = || whole().find(|(_, metric)| metric.kind == Kind::BadShare);
    let other = || whole().find(|(_, metric)| matches!(metric.kind, Kind::GoodShare | Kind::PartShare));
    let name = named.or_else(|| bad().or_else(other).map(|(name, _)| name.clone()))?;
    let requests = found.series(&name)?.map(|series| match &series {
        Series::Counts { total, .. } => sum(total),
        Series::Gauge { requests: Some(requests), .. } => sum(requests),
        _ => 0,
    });
    Some((name, requests))
}

fn costs(plan: &CostPlan, data: &Dataset, found: &Found, metrics: &BTreeMap<MetricName, Metric>) -> Costs {
    let total = |name: &str, called: &str| {
        let (typical, effect) = found.effect(name, Statistic::Typical, None);
        let series = found.series(name);
        let mean = series.as_ref().map_or(Pair::default(), |pair| pair.as_ref().map(cost::mean));
        let n = series.map_or(Pair::default(), |pair| pair.map(|series| series.len() as u64));
        // what a bill comes to is the mean; what is typical stands in where the judge compared nothing
        let estimate = Pair { baseline: mean.baseline.or(typical.baseline), canary: mean.canary.or(typical.canary) };
        let unknown = Metric { unit: Unit::Plain(plan.unit()), ..unknown() };
        line(called, estimate, (n, "steps"), effect, None, metrics.get(name).unwrap_or(&unknown))
    };
    Costs {
        unit: Unit::Plain(plan.unit()),
        items: cost::items(plan, data, found.warmup),
        full: total(cost::FULL, "at 100 % of the traffic"),
        now: total(cost::NOW, "at the present share"),
        unseen: cost::unseen(data),
    }
}

fn unknown() -> Metric {
    let kind = Kind::Gauge { quantile: None, scale: crate::judge::rules::Scale::Auto };
    Metric { unit: Unit::Plain(String::new()), kind, of: String::new(), history: None, by: None, remarks: Vec::new() }
}
