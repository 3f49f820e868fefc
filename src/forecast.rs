//! Before the rollout: how long until each criterion can answer, and what it could not see.
//!
//! A gate that can never pass is as useless as one that never fails. So of every criterion it is asked both how long it
//! takes to pass while nothing is wrong, and how long to fail when the canary is worse by twice the margin, each with
//! 80 % power, at the judge's own levels, with the traffic and the noise of the service's past.

mod outlook;
mod subject;
mod tried;

use crate::history::noise::{Between, Noise as Past};
use crate::history::{Arms, History, Layout, Setting, inject};
use crate::judge::groups;
use crate::judge::outlook::{Critical, critical_values};
use crate::judge::rules::{Bound, Criterion, Kind, Limit, Metric, Rule, Rules, Statistic, Unit};
use crate::judge::verdict::EffectKind;
use crate::series::{Pair, Series, SignedDuration, Window};
use crate::stats::dispersion::Prior;
use crate::stats::power::{Noise, POWER_80, smallest_shown, steps_needed, suffice};
use crate::stats::quantile;
use crate::stats::steps::median;
pub use outlook::{Outlook, Tried};
use subject::{Allowance, Part, Parts, Shape, Subject};
use tried::Trials;

/// The tail of a latency distribution on the log scale, where nothing tells.
const UNKNOWN_SPREAD: f64 = 1.0;

/// What the rules will take.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The name of the comparison.
    pub name: String,
    /// The phase.
    pub phase: Option<String>,
    /// 1 - the chance of a false Fail that the policy allows a run.
    pub level: f64,
    /// From when to when the history is.
    pub history: Window,
    /// Which arms it has.
    pub arms: Arms,
    /// The spacing of the points.
    pub step: SignedDuration,
    /// How long the comparison lasts.
    pub soak: SignedDuration,
    /// Whether the configuration says so.
    pub soak_is_configured: bool,
    /// The canary's share of the traffic, where it is configured or was measured.
    pub share: Option<f64>,
    /// What the canary gets per minute of the traffic: how many, and of what.
    pub traffic: Option<(f64, String)>,
    /// One entry per criterion, in the order written.
    pub rows: Vec<Row>,
}

/// What one criterion will take.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub criterion: String,
    /// Its metric.
    pub metric: String,
    /// What the metric is measured in.
    pub unit: Unit,
    /// What a rate is a share of, or values are one per: "requests".
    pub of: String,
    /// The usual level.
    pub usual: Option<f64>,
    /// What it takes, or why that cannot be said.
    pub outlook: Result<Outlook, String>,
    /// Whether statistics decide it.
    pub is_statistical: bool,
}

/// Foresees what the rules will take on a service with this past.
pub fn forecast(rules: &Rules, history: &History, setting: Setting, soak_is_configured: bool) -> Forecast {
    let spread = groups::spread(rules, history.groups());
    let rules: &Rules = &spread;
    let soak = setting.length;
    let case = Case { rules, history, setting, layout: layout(history, setting) };
    let rows = rules.criteria.iter().zip(critical_values(rules, soak, history.step()));
    let rows: Vec<Row> =
        rows.enumerate().map(|(at, (criterion, critical))| case.row(at, criterion, critical)).collect();
    Forecast {
        name: rules.name.clone(),
        phase: rules.phase.clone(),
        level: rules.policy.level,
        history: history.window(),
        arms: history.arms(),
        step: history.step(),
        soak,
        soak_is_configured,
        share: case.share(),
        traffic: case.traffic(),
        rows,
    }
}

/// Windows as long as the soak where they fit, else as long as fit.
fn layout(history: &History, setting: Setting) -> Option<Layout> {
    let half = history.whole_steps(history.window().duration() / 2);
    let fits = |length: SignedDuration| history.layout(Setting { length, ..setting }, None).ok();
    fits(setting.length).or_else(|| fits(half))
}

struct Case<'a> {
    rules: &'a Rules,
    history: &'a History,
    setting: Setting,
    layout: Option<Layout>,
}

impl Case<'_> {
    /// The configured share, else the one that was measured.
    fn share(&self) -> Option<f64> {
        let measured = || {
            let both = |name: &String| self.history.per_step(name).filter(|_| self.history.arms() == Arms::Both);
            let mut counted = self.rules.metrics.keys().filter_map(both).filter(|per| per.canary > 0.0);
            counted.next().map(|per| per.canary / (per.canary + per.baseline))
        };
        self.setting.share.or_else(measured)
    }

    /// What the canary gets per minute, of the busiest metric.
    fn traffic(&self) -> Option<(f64, String)> {
        let per_minute = 60.0 / self.history.step().as_secs_f64().max(1e-3);
        let counted = self.rules.metrics.iter().filter(|(_, metric)| !matches!(metric.kind, Kind::Events));
        let counted =
            counted.filter_map(|(name, metric)| Some((self.arms(name)?.canary * per_minute, metric.of.clone())));
        counted.filter(|(n, _)| *n > 0.0).max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// What each arm gets per step of what is counted: requests, or exposure that follows the traffic.
    fn arms(&self, name: &str) -> Option<Pair<f64>> {
        let per = self.history.per_step(name)?;
        let earlier = self.setting.earlier.is_some();
        Some(match (self.history.arms(), self.setting.share) {
            (Arms::Both, Some(share)) => {
                let all = per.canary + per.baseline;
                Pair { baseline: all * (1.0 - share), canary: all * share }
            }
            (Arms::One, Some(share)) => {
                let rest = if earlier { 1.0 } else { 1.0 - share };
                Pair { baseline: per.baseline * rest, canary: per.canary * share }
            }
            _ => per,
        })
    }

    fn row(&self, at: usize, criterion: &Criterion, critical: Critical) -> Row {
        let metric = self.rules.metrics.get(&criterion.metric);
        let unit = metric.map_or(Unit::Plain(String::new()), |metric| metric.unit.clone());
        let row = |usual, outlook| Row {
            criterion: criterion.name.clone(),
            metric: criterion.metric.clone(),
            unit: unit.clone(),
            of: metric.map_or_else(String::new, |metric| metric.of.clone()),
            usual,
            outlook,
            is_statistical: criterion.rule == Rule::Interval,
        };
        let Some(metric) = metric else { return row(None, Err("the metric is not known".into())) };
        match criterion.rule {
            Rule::Observed => {
                return row(None, Err("the observed number decides, at once and without statistics".into()));
            }
            Rule::Periods { .. } => {
                return row(None, Err("an alarm rule decides, at once and without statistics".into()));
            }
            Rule::Interval => {}
        }
        if self.has_no_formula(criterion) {
            let unit = criterion.unit(metric);
            return match (Trials { rules: self.rules, history: self.history, setting: self.setting })
                .outlook(at, criterion, metric)
            {
                Err(why) => Row { unit, ..row(None, Err(why)) },
                Ok((usual, outlook)) => Row { unit, ..row(usual, Ok(outlook)) },
            };
        }
        let flipped = metric.kind == Kind::GoodShare;
        match self.subject(criterion, metric) {
            Err(why) => row(None, Err(why)),
            Ok(subject) => {
                let seen = |level: f64| if flipped { 1.0 - level } else { level };
                row(Some(seen(subject.usual)), self.outlook(criterion, &subject, critical, flipped))
            }
        }
    }

    /// Whether the judge must be tried to know what a criterion will take.
    fn has_no_formula(&self, criterion: &Criterion) -> bool {
        match (criterion.statistic, self.history.usual(&criterion.metric)) {
            (_, None) => false,
            _ if self.history.has_days() => true,
            (Statistic::StepsBeyond(_) | Statistic::Trend { .. } | Statistic::AnyQuantile { .. }, _) => true,
            (Statistic::Quantile(_), Some(Series::Gauge { .. })) | (_, Some(Series::Buckets { .. })) => true,
            _ => false,
        }
    }

    fn subject(&self, criterion: &Criterion, metric: &Metric) -> Result<Subject, String> {
        let name = &criterion.metric;
        let nothing = || format!("the history has nothing of `{name}`");
        let series = self.history.usual(name).ok_or_else(nothing)?;
        let arms = self.arms(name).ok_or_else(nothing)?;
        let between = if criterion.compares() { Between::Arms } else { Between::CanaryAndLimit };
        let past = self.layout.as_ref().and_then(|layout| self.history.noise(layout, self.rules, name, between));
        let prior = metric.history.map_or(Prior::default(), |(phi, nu)| Prior::History { phi, nu });
        let counts = match past {
            Some(Past::Counts(found)) if between == Between::Arms => Noise::Counts { phi: found.phi.max(0.5), prior },
            Some(Past::Counts(found)) => Noise::Realised { phi: found.phi.max(0.5), prior },
            _ if between == Between::Arms => Noise::Counts { phi: 1.0, prior },
            _ => Noise::Realised { phi: 1.0, prior },
        };
        let min_excess = self.rules.policy.min_excess;
        let subject = |shape, usual, noise| Subject { shape, usual, noise, min_excess };
        match series {
            Series::Counts { total, bad, .. } => {
                let (bad, all) = (added(bad), added(total));
                if all <= 0.0 || arms.canary <= 0.0 || arms.baseline <= 0.0 {
                    return Err("the history has no traffic".into());
                }
                let shape = Shape::Trials { canary: arms.canary, baseline: arms.baseline };
                Ok(subject(shape, bad / all, counts))
            }
            Series::Events { count, exposure, .. } => {
                let seconds = self.history.step().as_secs_f64();
                let all = exposure.as_ref().map_or(count.len() as f64 * seconds, |e| e.iter().sum());
                // without an exposure of their own, occurrences are per time and follow the traffic
                let follows = self.setting.share.filter(|_| exposure.is_none());
                let share = follows.map(|share| match self.history.arms() {
                    Arms::One => share,
                    Arms::Both => share / (1.0 - share),
                });
                let usual = added(count) / all * share.unwrap_or(1.0);
                if usual.is_nan() {
                    return Err(nothing());
                }
                let own = exposure.is_some();
                let canary = if own { arms.canary } else { seconds };
                let rest = |share: f64| if self.setting.earlier.is_some() { 1.0 } else { 1.0 - share };
                let odds = match (own, self.setting.share) {
                    (true, _) => arms.canary / arms.baseline,
                    (false, share) => share.map_or(1.0, |share| share / rest(share)),
                };
                Ok(subject(Shape::Exposure { canary, odds }, usual, counts))
            }
            Series::Gauge { value, .. } => self.number(criterion, metric, value, arms, past),
            // what has no formula is tried instead
            Series::Buckets { .. } => Err(nothing()),
            Series::Values { value, .. } => {
                let mut values: Vec<f64> = value.iter().copied().filter(|v| v.is_finite()).collect();
                values.sort_unstable_by(f64::total_cmp);
                let Statistic::Quantile(q) = criterion.statistic else {
                    return Err("only quantiles of requests can be foreseen".into());
                };
                let usual = quantile::quantile(&values, q).filter(|usual| *usual > 0.0).ok_or_else(nothing)?;
                let shape = Shape::Requests { canary: arms.canary, baseline: arms.baseline, q, values };
                Ok(Subject { min_excess: 0.0, ..subject(shape, usual, counts) })
            }
        }
    }

    fn number(
        &self,
        criterion: &Criterion,
        metric: &Metric,
        value: &[f64],
        arms: Pair<f64>,
        past: Option<Past>,
    ) -> Result<Subject, String> {
        if criterion.statistic != Statistic::Typical {
            return Err("only the typical level of a number can be foreseen".into());
        }
        let usual = median(value).ok_or("the history has nothing of it")?;
        let Some(Past::Level(found)) = past else {
            return Err("the history is too short to tell how noisy it is".into());
        };
        let quantile = if let Kind::Gauge { quantile, .. } = metric.kind { quantile } else { None };
        let allowance = match quantile.filter(|_| criterion.compares()) {
            Some(q) => self.allowance(q, arms, self.tail_spread(criterion))?,
            None => Allowance::default(),
        };
        let absolute = matches!(criterion.target().map(|b| b.limit), Some(Limit::Margin { relative: None, .. }));
        // an absolute margin is compared by difference, whose noise is that of the logarithm times the level
        let (deviation, log) = match found.log && absolute && criterion.compares() {
            true => (found.deviation * usual.abs(), false),
            false => (found.deviation, found.log),
        };
        let shape = Shape::Number { deviation, log, allowance };
        Ok(Subject { shape, usual, noise: Noise::Level { rho: found.rho }, min_excess: 0.0 })
    }

    /// The log-scale spread of the tail, from percentiles of the same family, as the judge takes it.
    fn tail_spread(&self, criterion: &Criterion) -> f64 {
        let at = |wanted: f64| {
            let family = self.rules.criteria.iter().filter(|c| c.family == criterion.family);
            family.map(|c| &c.metric).find_map(|name| {
                let kind = &self.rules.metrics.get(name)?.kind;
                let is_it = matches!(kind, Kind::Gauge { quantile: Some(q), .. } if (q - wanted).abs() < 1e-9);
                match self.history.usual(name)? {
                    Series::Gauge { value, .. } if is_it => median(value).filter(|v| *v > 0.0),
                    _ => None,
                }
            })
        };
        let (p50, p95, p99) = (at(0.5), at(0.95), at(0.99));
        let body = p50.zip(p95).map(|(p50, p95)| (p95 / p50).ln() / 1.645);
        let tail = p95.zip(p99).map(|(p95, p99)| (p99 / p95).ln() / 0.681);
        let known = body.into_iter().chain(tail).filter(|s| s.is_finite() && *s > 0.0);
        known.reduce(f64::max).unwrap_or(UNKNOWN_SPREAD)
    }

    /// What the judge allows for the small-sample bias of percentiles of arms of different size.
    fn allowance(&self, q: f64, own: Pair<f64>, spread: f64) -> Result<Allowance, String> {
        let rates = || self.rules.metrics.iter().filter(|(_, metric)| metric.kind == Kind::BadShare);
        let counted = rates().find_map(|(name, _)| self.arms(name)).filter(|arms| arms.canary > 0.0);
        let own = (own.canary > 0.0).then_some(own);
        let of_both = |share: f64| if self.setting.earlier.is_some() { share / (1.0 + share) } else { share };
        let Some(arms) = own.or(counted) else {
            let share = self.setting.share.map(of_both);
            if share.is_some_and(|share| (0.4..=0.6).contains(&share)) {
                return Ok(Allowance::default());
            }
            let worst = |needed: bool| if needed { 0.25 * spread } else { 0.0 };
            return Ok(Allowance {
                for_fail: worst(share.is_none_or(|share| share > 0.5)),
                for_pass: worst(share.is_none_or(|share| share < 0.5)),
            });
        };
        let tail = arms.map(|n| n * (1.0 - q));
        if tail.canary < 1.0 || tail.baseline < 1.0 {
            let least = (1.0 / (1.0 - q)).ceil();
            return Err(format!(
                "the canary has {} requests a step, and this percentile needs {least}: use a longer step or a lower \
                 percentile",
                crate::judge::words::number(arms.canary)
            ));
        }
        let gap = 0.25 * spread * (1.0 / tail.baseline - 1.0 / tail.canary);
        Ok(Allowance { for_fail: gap.max(0.0), for_pass: (-gap).max(0.0) })
    }

    fn outlook(
        &self,
        criterion: &Criterion,
        subject: &Subject,
        critical: Critical,
        flipped: bool,
    ) -> Result<Outlook, String> {
        let target = criterion.target().ok_or("the criterion has no bound")?;
        let wanted = |bound: &Bound| Parts::of(&inject::wanted(bound, criterion), flipped);
        let pass = wanted(target);
        let fail = wanted(criterion.fail.as_ref().unwrap_or(target));
        let (usual, bad) = (subject.usual, pass.bad());
        let (limit, end) = (fail.limit(usual), self.steps(self.setting.length));
        let ask = |truth: f64, n: f64| {
            let all = |part: &Part| {
                suffice(&subject.question(*part, truth, bad, true), &subject.noise, critical.fail, POWER_80, n)
            };
            fail.parts.iter().all(all)
        };
        let passes = |parts: &Parts| {
            let steps = |part: &Part| {
                steps_needed(&subject.question(*part, usual, -bad, false), &subject.noise, critical.pass, POWER_80)
            };
            parts.parts.iter().filter_map(steps).reduce(f64::min)
        };
        let has_margin = (limit - usual) * bad > 0.0;
        let twice = has_margin.then_some(usual + 2.0 * (limit - usual)).map(|level| self.possible(subject, level));
        let fails = twice.and_then(|level| {
            let steps = |part: &Part| {
                steps_needed(&subject.question(*part, level, bad, true), &subject.noise, critical.fail, POWER_80)
            };
            let all: Option<Vec<f64>> = fail.parts.iter().map(steps).collect();
            all?.into_iter().reduce(f64::max)
        });
        let passes_in = passes(&pass);
        let shown = |level: f64| if flipped { 1.0 - level } else { level };
        let compares = criterion.compares();
        let in_soak = passes_in.is_some_and(|steps| steps <= end);
        let passable = if in_soak { None } else { self.passable(subject, &pass, critical, end) };
        let threshold = if in_soak || !compares { None } else { self.passable_level(subject, bad, critical, end) };
        let counted = match &subject.shape {
            Shape::Trials { canary, .. } => Some((Some(*canary), canary * usual)),
            Shape::Exposure { canary, .. } => Some((None, canary * usual)),
            Shape::Requests { canary, q, .. } => Some((Some(*canary), canary * (1.0 - q))),
            Shape::Number { .. } => None,
        };
        let requests = counted.and_then(|(requests, _)| Some(requests? * passes_in?));
        let difference = matches!(target.limit, Limit::Margin { relative: None, .. });
        Ok(Outlook {
            passes_after: passes_in
                .map(|steps| self.time(steps, subject))
                .map(|time| self.rules.policy.min_soak.map_or(time, |least| time.max(least))),
            fails_after: fails.map(|steps| self.time(steps, subject)),
            twice: twice.map(shown),
            detectable: self.detectable(subject, limit, bad, |truth| ask(truth, end)).map(shown),
            kind: match (compares, difference) {
                (false, _) => EffectKind::Level,
                (true, true) => EffectKind::Difference,
                (true, false) => EffectKind::Ratio,
            },
            against: shown(usual),
            requests,
            events: counted.map(|(_, events)| events * end),
            phi: match subject.noise {
                Noise::Counts { phi, .. } | Noise::Realised { phi, .. } => Some(phi),
                _ => None,
            },
            passable: passable.map(shown),
            threshold: threshold.map(shown),
            broken_already: (pass.limit(usual) - usual) * bad < 0.0,
            has_margin: (pass.limit(usual) - usual) * bad > 0.0,
            tried: None,
        })
    }

    /// Steps that are judged within a span.
    fn steps(&self, span: SignedDuration) -> f64 {
        let steps = span.as_millis() / self.history.step().as_millis().max(1);
        (steps as f64 - self.rules.policy.warmup_steps(self.history.step()) as f64).max(0.0)
    }

    /// The time that steps take, the warm-up and the fewest allowed included.
    fn time(&self, steps: f64, subject: &Subject) -> SignedDuration {
        let least =
            if matches!(subject.shape, Shape::Number { .. }) { self.rules.policy.min_steps as f64 } else { 1.0 };
        let steps = steps.max(least) + self.rules.policy.warmup_steps(self.history.step()) as f64;
        SignedDuration::try_from_secs_f64(steps * self.history.step().as_secs_f64()).unwrap_or(SignedDuration::MAX)
    }

    /// No share is beyond all or nothing, and no count below zero.
    fn possible(&self, subject: &Subject, level: f64) -> f64 {
        match subject.shape {
            Shape::Trials { .. } => level.clamp(0.0, 1.0),
            Shape::Exposure { .. } | Shape::Requests { .. } | Shape::Number { log: true, .. } => level.max(0.0),
            Shape::Number { .. } => level,
        }
    }

    /// The nearest level beyond a limit that is found.
    fn detectable(&self, subject: &Subject, limit: f64, bad: f64, found: impl Fn(f64) -> bool) -> Option<f64> {
        let size = limit.abs().max(subject.usual.abs()).max(1e-9);
        let level = |effect: f64| self.possible(subject, limit + bad * effect);
        let mut high = size / 1024.0;
        while !found(level(high)) {
            high *= 2.0;
            if high > size * 1e6 {
                return None;
            }
        }
        let (mut low, mut high) = (high / 2.0, high);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            if found(level(middle)) { high = middle } else { low = middle }
        }
        Some(level(high))
    }

    /// The nearest limit of the same kind that passes by the end: a margin as a level of the canary.
    fn passable(&self, subject: &Subject, pass: &Parts, critical: Critical, end: f64) -> Option<f64> {
        let (usual, bad) = (subject.usual, pass.bad());
        let part = |level: f64| match pass.parts.first() {
            Some(Part::Ratio(_)) => Part::Ratio(level / usual),
            Some(Part::Difference(_)) => Part::Difference(level - usual),
            _ => Part::Level(level),
        };
        self.shown_at(subject, bad, critical, end, part)
    }

    /// The nearest limit on the canary alone that passes by the end.
    fn passable_level(&self, subject: &Subject, bad: f64, critical: Critical, end: f64) -> Option<f64> {
        match subject.shape {
            Shape::Trials { .. } | Shape::Exposure { .. } => self.shown_at(subject, bad, critical, end, Part::Level),
            // one arm's numbers are noisier than the difference of two, by an amount that is not known here
            Shape::Number { .. } | Shape::Requests { .. } => None,
        }
    }

    fn shown_at(
        &self,
        subject: &Subject,
        bad: f64,
        critical: Critical,
        end: f64,
        part: impl Fn(f64) -> Part,
    ) -> Option<f64> {
        let size = if subject.usual == 0.0 { 1e-6 } else { subject.usual.abs() };
        let room = match (&subject.shape, bad > 0.0) {
            (Shape::Trials { .. }, true) => 1.0 - subject.usual,
            (Shape::Trials { .. } | Shape::Exposure { .. } | Shape::Requests { .. }, false) => subject.usual,
            (Shape::Number { log: true, .. }, false) => subject.usual * 0.999,
            _ => size * 1e4,
        };
        let question = |effect: f64| subject.question(part(subject.usual + bad * effect), subject.usual, -bad, false);
        let found = smallest_shown(question, (0.0, room), &subject.noise, critical.pass, POWER_80, end)?;
        Some(subject.usual + bad * found)
    }
}

fn added(counts: &[u64]) -> f64 {
    counts.iter().map(|n| *n as f64).sum()
}
