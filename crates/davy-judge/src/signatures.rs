//! What logs say: templates that the baseline never wrote, and those that the canary writes more often, as one finding for each
//! log.
//!
//! The finding is a guardrail: nothing new in the logs shows nothing good, and something new is worth a look. What the rule says
//! of it decides (`new: fail`). It must not name anything that is merely not known:
//!
//! - an arm whose log has no line at all, or whose answer is not whole, has no templates that are missing;
//! - where one arm's log is silent for a part of the window and usually is not, that part does not count;
//! - each look has its share of the chance of a false name, since a log is looked at again and again.

use std::borrow::Cow;

use super::explain::signatures as words;
use super::methods::templates::{self, Question, Shown};
use super::rules::{Looks, OnLines, Per, Role, Rule, Rules, Severity, SignatureRule, Statistic};
use super::verdict::{Effect, EffectKind, Evidence, Finding, Method, Outcome, Reason, Signed, SignedLine};
use crate::series::{Arm, Dataset, Gravity, Pair, Series, Signatures, Template, Timestamp};
use davy_stats::bursts;
use davy_stats::counts::{self, CountStep, usable};

/// From fewer parts of the window nobody can tell a burst from something new.
const LEAST_STEPS: usize = 5;
/// A log that has lines in so many parts of the window is not silent by nature.
const DENSE: f64 = 0.8;
/// A canary whose log is silent for so much of the end has stopped.
const STOPPED: f64 = 0.25;
/// So many templates that are new and not shown to be are told.
const MOST_OPEN: usize = 10;

/// The finding of each log, and what is to be shown of it.
pub(super) fn judge(rules: &Rules, data: &Dataset) -> (Vec<Finding>, Vec<Signed>) {
    let number = rules.signatures.len().max(1) as f64;
    let chance = (1.0 - rules.policy.level) / number * share_of_look(rules, data);
    let of = |(name, rule): (&String, &SignatureRule)| {
        let none = || Cow::Owned(nothing());
        let log = &*data.signatures.get(name).map_or_else(none, Cow::Borrowed);
        let mut signed = Scene::new(rules, data, rule, log).signed(name, chance);
        (finding(rules, data, rule, log, &mut signed), signed)
    };
    rules.signatures.iter().map(of).unzip()
}

/// A log of which nothing was brought.
fn nothing() -> Signatures {
    let empty = || Series::Events { time: Vec::new(), count: Vec::new(), exposure: None };
    let (templates, lines) = (Vec::new(), Pair::build(|_| empty()));
    Signatures { templates, lines, remarks: Pair::default(), origin: String::new() }
}

/// The part of the chance of a false name that this look has; none before the only one.
fn share_of_look(rules: &Rules, data: &Dataset) -> f64 {
    let elapsed = data.windows.canary.duration();
    match rules.looks {
        Looks::Once => 1.0,
        Looks::Planned { soak, every: None } => {
            if elapsed < soak {
                0.0
            } else {
                1.0
            }
        }
        Looks::Planned { soak, every: Some(every) } => {
            let looks = (soak.as_secs_f64() / every.as_secs_f64().max(1e-3)).ceil();
            1.0 / looks.max(1.0)
        }
        // all looks together have 1/2 + 1/6 + 1/12 + … = 1, if there is no more than one in a step
        Looks::Open => {
            let steps = (elapsed.as_secs_f64() / data.step.as_secs_f64().max(1e-3)).max(1.0);
            1.0 / (steps * (steps + 1.0))
        }
    }
}

/// A log on its steps, with what each arm was exposed to.
struct Scene<'a> {
    rules: &'a Rules,
    data: &'a Dataset,
    rule: &'a SignatureRule,
    log: &'a Signatures,
    steps: usize,
    /// How many steps make one part of the window.
    each: usize,
    /// The exposure of both arms, without lines.
    exposure: Vec<CountStep>,
    /// What the exposure is, in words.
    per: String,
    /// Parts of the window in which each arm has any line.
    heard: Vec<Pair<bool>>,
}

impl<'a> Scene<'a> {
    fn new(rules: &'a Rules, data: &'a Dataset, rule: &'a SignatureRule, log: &'a Signatures) -> Scene<'a> {
        let warmup = rules.policy.warmup_steps(data.step);
        let number = |arm: Arm| data.windows.get(arm).steps(data.step).saturating_sub(warmup);
        let steps = number(Arm::Canary).min(number(Arm::Baseline));
        let each = steps.div_ceil(bursts::MOST_STEPS).max(1);
        let mut scene =
            Scene { rules, data, rule, log, steps, each, exposure: Vec::new(), per: String::new(), heard: Vec::new() };
        let lines = scene.on_steps(&log.lines);
        let coarse = lines.chunks(each).map(|some| Pair::build(|arm| some.iter().any(|step| *step.get(arm) > 0)));
        scene.heard = coarse.collect();
        let (exposure, per) = scene.exposed(&lines);
        (scene.exposure, scene.per) = (scene.without_gaps(exposure), per);
        scene
    }

    /// Occurrences per step of the judged time.
    fn on_steps(&self, pair: &Pair<Series>) -> Vec<Pair<u64>> {
        let mut steps = vec![Pair { baseline: 0, canary: 0 }; self.steps];
        for arm in Arm::BOTH {
            let numbers: &[u64] = match pair.get(arm) {
                Series::Events { count, .. } => count,
                Series::Counts { total, .. } => total,
                _ => &[],
            };
            for (time, count) in pair.get(arm).time().iter().zip(numbers) {
                if let Some(step) = self.step(arm, *time).and_then(|step| steps.get_mut(step)) {
                    *step.get_mut(arm) += count;
                }
            }
        }
        steps
    }

    fn step(&self, arm: Arm, time: Timestamp) -> Option<usize> {
        let since = time.duration_since(self.data.windows.get(arm).start).as_millis();
        let step = usize::try_from(since.div_euclid(self.data.step.as_millis().max(1))).ok()?;
        step.checked_sub(self.rules.policy.warmup_steps(self.data.step))
    }

    /// What the arms were exposed to in each step, and what that is in words.
    fn exposed(&self, lines: &[Pair<u64>]) -> (Vec<CountStep>, String) {
        let traffic = self.rules.traffic.as_ref();
        let usual = traffic.and_then(|traffic| traffic.metric.as_ref()).or_else(|| self.of_requests());
        let metric = match &self.rule.per {
            Per::Lines => {
                let of = |step: &Pair<u64>| step.as_ref().map(|lines| *lines as f64);
                return (lines.iter().map(|step| exposed(of(step))).collect(), "lines".into());
            }
            Per::Metric(name) => Some(name),
            Per::Usual => usual,
        };
        let counts = metric.and_then(|name| Some((name, self.data.metrics.get(name)?)));
        if let Some((name, pair)) = counts.filter(|(_, pair)| matches!(pair.canary, Series::Counts { .. })) {
            let requests = self.on_steps(pair);
            let of = self.rules.metrics.get(name).map_or("requests", |metric| metric.of.as_str());
            let each = requests.iter().map(|step| exposed(step.as_ref().map(|n| *n as f64)));
            return (each.collect(), of.to_owned());
        }
        let share = traffic.map(|traffic| traffic.share);
        let of =
            share.map_or(Pair { baseline: 1.0, canary: 1.0 }, |share| Pair { baseline: 1.0 - share, canary: share });
        let per = if share.is_some() { "traffic" } else { "time" };
        (vec![exposed(of); self.steps], per.into())
    }

    /// The first metric of a criterion that counts the requests of both arms.
    fn of_requests(&self) -> Option<&'a String> {
        let counts = |name: &&String| {
            let pair = self.data.metrics.get(*name);
            let is_counted = |series: &Series| matches!(series, Series::Counts { .. }) && !series.is_empty();
            let of = self.rules.metrics.get(*name).is_some_and(|metric| metric.of == "requests");
            of && pair.is_some_and(|pair| is_counted(&pair.baseline) && is_counted(&pair.canary))
        };
        self.rules.criteria.iter().map(|criterion| &criterion.metric).find(counts)
    }

    /// Parts of the window in which only one arm's log is silent do not count, if it is not silent by nature.
    fn without_gaps(&self, exposure: Vec<CountStep>) -> Vec<CountStep> {
        let is_dense = |arm: Arm| self.coverage(arm) >= DENSE;
        let gap = |part: &Pair<bool>| Arm::BOTH.into_iter().any(|arm| is_dense(arm) && !part.get(arm));
        let of = |(step, exposure): (usize, CountStep)| match self.heard.get(step / self.each).is_some_and(gap) {
            true => CountStep::UNUSABLE,
            false => exposure,
        };
        exposure.into_iter().enumerate().map(of).collect()
    }

    /// The share of the parts of the window in which an arm has any line.
    fn coverage(&self, arm: Arm) -> f64 {
        let heard = self.heard.iter().filter(|part| *part.get(arm)).count();
        heard as f64 / self.heard.len().max(1) as f64
    }

    fn question(&self, template: &Template) -> Question {
        let lines = self.on_steps(&template.counts);
        let step = |(exposure, lines): (&CountStep, &Pair<u64>)| CountStep {
            canary: lines.canary,
            baseline: lines.baseline,
            ..*exposure
        };
        let steps: Vec<CountStep> = self.exposure.iter().zip(&lines).map(step).collect();
        // lines of both arms where a step does not count are none
        let steps = steps.into_iter().map(|step| if step.total() > 0.0 { step } else { CountStep::UNUSABLE });
        Question { steps: bursts::coarse(&steps.collect::<Vec<_>>()), ratio: 1.0 + self.rule.margin }
    }

    fn signed(&self, name: &str, chance: f64) -> Signed {
        let questions: Vec<Question> = self.log.templates.iter().map(|template| self.question(template)).collect();
        let (shown, ln_needed) = templates::shown(&questions, chance);
        let asked = |shown: &Shown| if shown.is_new { self.rule.new } else { self.rule.more };
        let line =
            |(template, (question, shown)): (&Template, (&Question, &Shown))| self.line(template, question, shown);
        let each = || self.log.templates.iter().zip(questions.iter().zip(&shown));
        let excess = |question: &Question| counts::excess(&question.steps, 1.0, 0.0) >= self.rules.policy.min_excess;
        let is_named =
            |question: &Question, shown: &Shown| shown.is_named && asked(shown) != OnLines::Off && excess(question);
        let named = each().filter(|(_, (question, shown))| is_named(question, shown));
        let mut named: Vec<SignedLine> = named.map(line).collect();
        // what is new comes first, and what is written most
        named.sort_by(|a, b| {
            b.is_new.cmp(&a.is_new).then(b.lines.canary.cmp(&a.lines.canary)).then(a.text.cmp(&b.text))
        });
        let is_open = |shown: &Shown| shown.is_new && !shown.is_named && self.rule.new != OnLines::Off;
        let open = each().filter(|(_, (question, shown))| is_open(shown) && templates::sum(&question.steps).canary > 0);
        let mut open: Vec<SignedLine> = open.map(line).collect();
        open.sort_by(|a, b| b.lines.canary.cmp(&a.lines.canary).then(a.text.cmp(&b.text)));
        let others = open.len().saturating_sub(MOST_OPEN);
        open.truncate(MOST_OPEN);
        let all = self.on_steps(&self.log.lines);
        let lines = Pair::build(|arm| all.iter().map(|step| *step.get(arm)).sum());
        let first = (chance / shown.len().max(1) as f64).ln().max(ln_needed);
        let exposure = bursts::coarse(&self.exposure);
        Signed {
            name: name.to_owned(),
            origin: self.log.origin.clone(),
            per: self.per.clone(),
            templates: self.log.templates.len(),
            lines,
            named,
            open,
            others,
            least: templates::least_lines(&exposure, first),
            parts: exposure.iter().filter(|step| usable(step)).count(),
            coverage: Pair::build(|arm| self.coverage(arm)),
            has_stopped: self.has_stopped(),
            says: String::new(),
        }
    }

    fn line(&self, template: &Template, question: &Question, shown: &Shown) -> SignedLine {
        let sum = templates::sum(&question.steps);
        let (ratio, interval) = templates::ratio(question, self.rules.policy.level);
        let canary = template.counts.canary.time();
        let of = |step: &CountStep| Pair { baseline: step.baseline, canary: step.canary };
        SignedLine {
            text: template.text.clone(),
            example: template.example.clone(),
            is_new: shown.is_new,
            lines: Pair { baseline: sum.baseline, canary: sum.canary },
            ratio,
            interval,
            design_effect: shown.design_effect,
            ln_p: shown.ln_p.0,
            since: canary.first().copied(),
            until: canary.last().copied(),
            parts: question.steps.iter().map(of).collect(),
        }
    }

    /// Whether the canary's log is silent at the end while the baseline's goes on.
    fn has_stopped(&self) -> bool {
        let silent = self.heard.iter().rev().take_while(|part| !part.canary).count();
        let end = &self.heard[self.heard.len() - silent..];
        silent as f64 >= STOPPED * self.heard.len() as f64 && silent > 0 && end.iter().any(|part| part.baseline)
    }
}

fn exposed(of: Pair<f64>) -> CountStep {
    CountStep { canary_total: of.canary, baseline_total: of.baseline, ..CountStep::UNUSABLE }
}

/// The outcome that a rule asks for.
fn outcome_of(rule: OnLines) -> Outcome {
    match rule {
        OnLines::Off | OnLines::Tell => Outcome::Pass,
        OnLines::Warn => Outcome::Warn,
        OnLines::Fail => Outcome::Fail,
    }
}

/// The outcome and its reason.
fn decided(
    rules: &Rules,
    data: &Dataset,
    rule: &SignatureRule,
    log: &Signatures,
    signed: &Signed,
) -> (Outcome, Reason) {
    let asked = |line: &SignedLine| outcome_of(if line.is_new { rule.new } else { rule.more });
    let found = signed.named.iter().map(asked).max().unwrap_or(Outcome::Pass);
    let has = |arm: Arm, gravity: Gravity| log.remarks.get(arm).iter().any(|remark| remark.gravity >= gravity);
    // what is not known cannot be worse than what would be said of it
    let unknown = match outcome_of(rule.new).max(outcome_of(rule.more)) {
        Outcome::Fail => Outcome::Inconclusive,
        other => other,
    };
    let elapsed = data.windows.canary.duration();
    let is_early = matches!(rules.looks, Looks::Planned { soak, every: None } if elapsed < soak);
    match () {
        () if signed.lines.canary == 0 => (unknown, Reason::NoData),
        () if signed.lines.baseline == 0 => (unknown, Reason::NoBaseline),
        // what the baseline lacks may be in what is missing of it
        () if has(Arm::Baseline, Gravity::Incomplete) => (unknown, Reason::IncompleteData),
        () if found == Outcome::Fail => (found, Reason::BeyondBound),
        () if has(Arm::Canary, Gravity::Incomplete) => (unknown.max(found), Reason::IncompleteData),
        () if signed.has_stopped => (unknown.max(found), Reason::CanarySilent),
        () if is_early => (unknown, Reason::EarlyLook),
        () if signed.parts < LEAST_STEPS => (unknown, Reason::TooFew),
        () if found == Outcome::Warn => (found, Reason::BetweenBounds),
        () if Arm::BOTH.into_iter().any(|arm| has(arm, Gravity::Suspect)) => {
            (unknown.min(Outcome::Warn), Reason::SuspectData)
        }
        () => (Outcome::Pass, Reason::WithinBound),
    }
}

fn finding(rules: &Rules, data: &Dataset, rule: &SignatureRule, log: &Signatures, signed: &mut Signed) -> Finding {
    let (outcome, reason) = decided(rules, data, rule, log, signed);
    signed.says = words::sentence(signed, rule, (outcome, reason), log);
    let effect = signed.named.first().map(|line| Effect {
        kind: EffectKind::Ratio,
        estimate: line.ratio,
        low: line.interval.0,
        high: line.interval.1,
    });
    let evidence = Evidence {
        n: signed.lines.map(|lines| lines as f64),
        n_of: "lines",
        coverage: signed.coverage,
        bad: signed.named.first().map(|line| line.lines),
        effect,
        method: Some(Method::ConditionalBinomial),
        design_effect: signed.named.first().map(|line| line.design_effect),
        ..Evidence::default()
    };
    let fails = rule.new == OnLines::Fail || rule.more == OnLines::Fail;
    Finding {
        criterion: format!("log lines of {}", signed.name),
        metric: signed.name.clone(),
        statistic: Statistic::Count,
        target: words::target(rule),
        fail_at: None,
        rule: Rule::Interval,
        severity: if fails { Severity::Critical } else { Severity::Normal },
        role: Role::Guardrail,
        weight: 0.0,
        group: "logs".into(),
        outcome,
        reason,
        sentence: signed.says.clone(),
        decide: words::decide(signed, reason),
        notes: words::notes(signed, log),
        evidence,
    }
}
