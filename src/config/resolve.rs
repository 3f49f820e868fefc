//! From the whole file to a plan: phases merged, names looked up, defaults filled in.
//!
//! Every phase is resolved, so that a typo in the last one is found before the rollout begins; the plan of the one
//! to be judged is returned.

use std::collections::BTreeMap;

use super::Options;
use super::plan::{Hours, Learn, OnInconclusive, Past, Plan, TimePlan};
use super::written::file::{CriterionEntry, File, MetricEntry, PhaseEntry, PolicyEntry, TrafficEntry};
use super::written::noise::LearnText;
use super::{
    backend, columns, cost, criteria, days, fingerprint, freshness, hooks, kayenta, localise, metrics, remarks,
    signatures, success, values, window,
};
use crate::cost::{CostPlan, METRICS};
use crate::hooks::Hooks;
use crate::judge::rules::{
    Criterion, Kind, Looks, Metric, Mismatch, MixDecides, Policy, Rules, ScorePolicy, Silent, Traffic,
};
use crate::notation::Span;
use crate::series::{Arm, MetricName, Pair, SignedDuration};
use crate::source::{MINUTE, Query};
use crate::text::problem::{At, Complaint, Report, suggestion};

/// The phase that is asked for, else the one the file names, else the first.
pub(super) fn phase<'f>(file: &'f File, asked: Option<&str>) -> Option<&'f PhaseEntry> {
    match asked.or(file.phase.as_ref().map(|phase| phase.value.as_str())) {
        Some(name) => file.phases.iter().find(|phase| phase.name.value == name),
        None => file.phases.first(),
    }
}

/// Which metrics are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Those that criteria need.
    Needed,
    /// All there are; then criteria are not needed.
    Everything,
}

/// The plan for the phase that is asked for.
pub(super) fn plan(file: &File, options: &Options, asked: Asked, report: &mut Report) -> Option<Plan> {
    check_phases(file, options, report);
    let labels = super::labels::labels(file, options, report);
    let known = known(file, report);
    let mut plans = Vec::new();
    let judged = phase(file, options.phase);
    let phases: Vec<Option<&PhaseEntry>> = match file.phases.as_slice() {
        [] => vec![None],
        phases => phases.iter().map(Some).collect(),
    };
    for one in phases {
        let apart = apart(one, judged, options);
        let options = apart.as_ref().unwrap_or(options);
        let scope = Scope { file, phase: one, options, labels: &labels, known: &known, asked };
        plans.extend(scope.plan(report));
    }
    // Sources and columns of metrics that no criterion names are checked as well.
    for (name, entry) in &file.metrics.0 {
        queries(file, (name, entry), &labels, &freshness::spelled(MINUTE), options, report);
    }
    let kayenta = kayenta::meant(file, &known, report);
    let success = success::meant(&file.success, &plans, report);
    let judged = judged.map(|phase| &phase.name.value);
    let chosen = plans.into_iter().find(|plan| plan.rules.phase.as_ref() == judged);
    chosen.map(|mut plan| {
        if let Some(kayenta) = kayenta.as_ref().filter(|kayenta| kayenta.decides) {
            plan.rules.fingerprint = fingerprint::decided_by(&plan.rules.fingerprint, &kayenta.rule);
        }
        Plan { success, kayenta, ..plan }
    })
}

/// How a phase is checked that is not the one to judge and has a window of its own: as if that had come.
fn apart<'o>(phase: Option<&PhaseEntry>, judged: Option<&PhaseEntry>, options: &Options<'o>) -> Option<Options<'o>> {
    let phase = phase.filter(|phase| judged.is_none_or(|judged| judged.name.value != phase.name.value))?;
    let from = phase.window.as_ref()?.from.as_ref()?.value;
    let come = from.saturating_add(SignedDuration::from_hours(24 * 7)).unwrap_or(from);
    Some(Options { from: None, to: None, now: options.now.max(come), ..*options })
}

fn check_phases(file: &File, options: &Options, report: &mut Report) {
    let names = || file.phases.iter().map(|phase| phase.name.value.as_str());
    let unknown = |name: &str| {
        let hint = match file.phases.is_empty() {
            true => "the configuration has no phases".to_owned(),
            false => suggestion(name, names()).unwrap_or_default(),
        };
        Complaint::new(format!("there is no phase `{name}`")).hint(hint)
    };
    if let Some(name) = options.phase.filter(|name| !names().any(|known| known == *name)) {
        report.option("--phase", unknown(name));
    }
    if let Some(name) = file.phase.as_ref().filter(|name| !names().any(|known| known == name.value)) {
        report.complain(name.place, unknown(&name.value));
    }
    for (i, phase) in file.phases.iter().enumerate() {
        if names().take(i).any(|name| name == phase.name.value) {
            report.add(phase.name.place, format!("there is more than one phase `{}`", phase.name.value));
        }
    }
    check_looks(file, report);
    if let Some(back) = file.policy.as_ref().and_then(|policy| policy.roll_back_to.as_ref())
        && let Some(name) = back.value.strip_prefix("phase ")
        && !names().any(|known| known == name)
    {
        report.complain(back.place, unknown(name));
    }
}

fn check_looks(file: &File, report: &mut Report) {
    let own = file.phases.iter().map(|phase| (phase.soak.as_ref(), phase.every.as_ref()));
    for (soak, every) in [(file.soak.as_ref(), file.every.as_ref())].into_iter().chain(own) {
        if let Some(soak) = soak.filter(|soak| soak.value.0.is_zero()) {
            report.add_with(soak.place, "a soak of nothing", "write how long: `soak: 1h`");
        }
        if let Some(every) = every.filter(|every| every.value.0.is_zero()) {
            report.add_with(every.place, "judged all the time", "write how often: `every: 5m`");
        }
    }
    let phases: Vec<Option<&PhaseEntry>> = match file.phases.as_slice() {
        [] => vec![None],
        phases => phases.iter().map(Some).collect(),
    };
    for phase in phases {
        let Some(soak) = written_soak(file, phase).filter(|soak| !soak.value.0.is_zero()) else { continue };
        let of = phase.map(|phase| format!(" of the phase `{}`", phase.name.value)).unwrap_or_default();
        let longer = |span: &&At<Span>| span.value.0 > soak.value.0;
        if let Some(every) = written_every(file, phase).filter(longer) {
            let hint = "write less than the soak, or leave `every` out: then the end of the soak is the one look";
            let message = format!("judged every {}, which is longer than the soak of {}{of}", every.value, soak.value);
            report.add_with(every.place, message, hint);
        }
        let least = file.policy.as_ref().and_then(|policy| policy.min_soak.as_ref());
        if let Some(least) = least.filter(longer) {
            let hint = "write less than the soak, or leave `min_soak` out: then there is no pass before the end";
            let message = format!("the minimum soak of {} is longer than the soak of {}{of}", least.value, soak.value);
            report.add_with(least.place, message, hint);
        }
    }
}

/// How long the canary is watched: as the phase says, else as the file does.
pub(super) fn soak(file: &File, phase: Option<&PhaseEntry>) -> Option<SignedDuration> {
    written_soak(file, phase).map(|soak| soak.value.0)
}

/// How often it is judged meanwhile.
pub(super) fn every(file: &File, phase: Option<&PhaseEntry>) -> Option<SignedDuration> {
    written_every(file, phase).map(|every| every.value.0)
}

fn written_soak<'f>(file: &'f File, phase: Option<&'f PhaseEntry>) -> Option<&'f At<Span>> {
    phase.and_then(|phase| phase.soak.as_ref()).or(file.soak.as_ref())
}

fn written_every<'f>(file: &'f File, phase: Option<&'f PhaseEntry>) -> Option<&'f At<Span>> {
    phase.and_then(|phase| phase.every.as_ref()).or(file.every.as_ref())
}

/// The judge's view of every metric there is, the costs among them.
pub(super) fn known(file: &File, report: &mut Report) -> Vec<(MetricName, Option<Metric>)> {
    if file.sources.0.is_empty() {
        report.add_with(
            file.name.place,
            "there are no sources",
            "write `sources: { data: { file: { path: data.csv } } }`",
        );
    }
    let costs = file.cost.as_ref().map_or(Vec::new(), |cost| cost::metrics(cost, file, report));
    let metrics = file.metrics.0.iter();
    let metric = |(name, entry): (&At<String>, &MetricEntry)| {
        let remarks = remarks::of(file, &name.value);
        (name.value.clone(), metrics::metric(entry, report).map(|metric| Metric { remarks, ..metric }))
    };
    metrics.map(|(name, entry)| (name, entry)).map(metric).chain(costs).collect()
}

fn queries(
    file: &File,
    metric: (&At<String>, &super::written::file::MetricEntry),
    labels: &Pair<Vec<(String, String)>>,
    step: &str,
    options: &Options,
    report: &mut Report,
) -> Vec<Query> {
    let ask = |arm| {
        let values = values::Values { arm, metric: &metric.0.value, labels, step };
        backend::query(metric, &file.sources, &values, options.folder, report)
    };
    let asked = Arm::BOTH.into_iter().filter_map(ask).map(|query| query.or_recorded(file.recording.is_some()));
    asked.map(|query| localise::split(file, metric.1, query)).collect()
}

/// One phase of the file, or all of it when there are none.
struct Scope<'a> {
    file: &'a File,
    phase: Option<&'a PhaseEntry>,
    options: &'a Options<'a>,
    labels: &'a Pair<Vec<(String, String)>>,
    known: &'a [(MetricName, Option<Metric>)],
    asked: Asked,
}

impl Scope<'_> {
    fn plan(&self, report: &mut Report) -> Option<Plan> {
        let file = self.file;
        let merged = window::merged(file.window.as_ref(), self.phase.and_then(|phase| phase.window.as_ref()));
        if let (Some(soak), Some(last)) = (soak(file, self.phase), merged.as_ref().and_then(|w| w.last.as_ref()))
            && last.value.0 < soak
            && self.options.from.is_none()
        {
            let message = format!("the last {} never reach the end of the soak of {}", last.value, Span(soak));
            let hint = "write when the canary began: `from`, or `--from` when judging";
            report.add_with(last.place, message, hint);
        }
        let criteria = self.criteria(report);
        let traffic = self.traffic(&criteria, report);
        let cost = self.cost(report).filter(|_| {
            let named = criteria.iter().any(|c| METRICS.contains(&c.metric.as_str()));
            named || self.asked == Asked::Everything
        });
        let named = |name: &str| {
            criteria.iter().any(|c| c.metric == name)
                || file.kayenta.as_ref().is_some_and(|rule| rule.names(name))
                || traffic.as_ref().is_some_and(|t| t.metric.as_deref() == Some(name))
                || signatures::metrics(file).any(|metric| metric == name)
        };
        let metrics: BTreeMap<MetricName, Metric> = self
            .known
            .iter()
            .filter(|(name, _)| named(name))
            .filter_map(|(name, metric)| Some((name.clone(), metric.clone()?)))
            .collect();
        let paid = |name: &str| cost.as_ref().is_some_and(|cost| cost.metrics().any(|metric| metric == name));
        let asked = file
            .metrics
            .0
            .iter()
            .filter(|(name, _)| self.asked == Asked::Everything || named(&name.value) || paid(&name.value));
        let step = merged.as_ref().and_then(|window| window.step.as_ref()).map_or(MINUTE, |step| step.value.0);
        let step = freshness::spelled(step);
        let queries =
            asked.flat_map(|(name, entry)| queries(file, (name, entry), self.labels, &step, self.options, report));
        let mut queries: Vec<Query> = queries.collect();
        localise::check(file, &queries, report);
        let services = freshness::Services::of(&queries, file.name.place);
        let (time, warmup) = window::time(merged.as_ref(), services.as_ref(), self.options, report);
        let settled = services.map(|services| services.settle);
        let place = merged.as_ref().map_or(file.name.place, |window| window.place);
        days::check(file, &time, (&criteria, self.looks()), place, report);
        freshness::place(&mut queries, &time, merged.as_ref(), self.options.now, report);
        let looks = self.looks();
        let time = TimePlan { steady: looks != Looks::Once, ..time };
        let mix = file.mix.as_ref().map_or(MixDecides::Plain, |mix| mix.value.0);
        let policy = Policy { zone: time.zone.clone(), mix, ..self.policy(warmup, report) };
        let mut rules = Rules {
            name: file.name.value.clone(),
            labels: self.shown_labels(),
            phase: self.phase.map(|phase| phase.name.value.clone()),
            fingerprint: String::new(),
            metrics,
            learned: BTreeMap::new(),
            signatures: signatures::rules(file, self.known, report),
            criteria,
            not_judged: remarks::not_judged(file),
            traffic,
            looks,
            policy,
        };
        rules.fingerprint = fingerprint::of(&rules, cost.as_ref());
        let written = merged.as_ref().and_then(|window| window.settle.as_ref()).map(|settle| settle.value.0);
        let settle = written.or(settled);
        let hooks = hooks::hooks(self.file, self.phase, &self.labels.canary, report);
        let logs = signatures::queries(file, self.labels, self.options.folder, report);
        Some(Plan { hooks, logs, ..self.finished(queries, (time, settle), rules, cost) })
    }

    fn looks(&self) -> Looks {
        match (soak(self.file, self.phase), every(self.file, self.phase)) {
            (Some(soak), every) => Looks::Planned { soak, every: every.filter(|every| *every < soak) },
            (None, Some(_)) => Looks::Open,
            (None, None) => Looks::Once,
        }
    }

    /// What both arms cost; checked whether anything asks for it or not.
    fn cost(&self, report: &mut Report) -> Option<CostPlan> {
        let entries = || self.traffic_entries();
        let traffic = entries().find_map(|entry| entry.metric.as_ref()).map(|name| name.value.as_str());
        let share = entries().find_map(|entry| entry.canary.as_ref()).map(|share| share.value.0);
        let known = cost::Known { file: self.file, metrics: self.known, traffic, share };
        cost::plan(self.file.cost.as_ref()?, &known, report)
    }

    /// What is said of the traffic: by the phase, then by the file.
    fn traffic_entries(&self) -> impl Iterator<Item = &TrafficEntry> {
        let own = self.phase.and_then(|phase| phase.traffic.as_ref());
        own.into_iter().chain(self.file.traffic.as_ref())
    }

    fn finished(
        &self,
        mut queries: Vec<Query>,
        (time, settle): (TimePlan, Option<SignedDuration>),
        rules: Rules,
        cost: Option<CostPlan>,
    ) -> Plan {
        for query in &mut queries {
            let paid = cost.as_ref().is_some_and(|cost| cost.metrics().any(|metric| *metric == query.metric));
            let costs = METRICS.iter().copied().filter(|_| paid);
            let mut read = [query.metric.as_str()].into_iter().chain(costs);
            let also = self.file.kayenta.as_ref().is_some_and(|rule| rule.names(&query.metric));
            query.compared = also || read.clone().any(|metric| rules.compares(metric));
            query.required = read.any(|metric| rules.requires(metric));
        }
        let policy = self.file.policy.as_ref();
        let on_inconclusive = policy.and_then(|policy| policy.on_inconclusive.as_ref());
        let fail_on_warn = policy.and_then(|policy| policy.fail_on_warn.as_ref());
        Plan {
            queries,
            logs: Vec::new(),
            time,
            settle,
            noise: self.noise(),
            rules,
            kayenta: None,
            cost,
            on_inconclusive: on_inconclusive.map_or(OnInconclusive::Keep, |choice| choice.value.0),
            fail_on_warn: fail_on_warn.is_some_and(|warn| warn.value),
            success: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Which past the noise is learned from.
    fn noise(&self) -> Option<Learn> {
        let written = self.file.noise.as_ref()?;
        let from = match &written.learn.value {
            LearnText::Before(span) => Past::Before(span.0),
            // without the `.` of `./past`, so that messages name the path as a person would
            LearnText::Data(path) => Past::Data(self.options.folder.join(path).components().collect()),
        };
        Some(Learn { from, hours: written.hours.as_ref().map_or(Hours::All, |hours| hours.value.0) })
    }

    /// The labels that the file gives to its arms. What else was set is for sources alone, and may be a secret.
    fn shown_labels(&self) -> Pair<Vec<(String, String)>> {
        let arms = self.file.arms.as_ref();
        Pair::build(|arm| {
            let own = arms.map(|arms| if arm == Arm::Baseline { &arms.baseline } else { &arms.canary });
            let own = |name: &str| own.is_some_and(|own| own.get(name).is_some());
            self.labels.get(arm).iter().filter(|(name, _)| own(name)).cloned().collect()
        })
    }

    fn criteria(&self, report: &mut Report) -> Vec<Criterion> {
        let mut all = self.resolved(&self.file.criteria, report);
        let own = self.phase.map_or(Vec::new(), |phase| self.resolved(&phase.criteria, report));
        let any = !self.file.criteria.is_empty() || self.phase.is_some_and(|phase| !phase.criteria.is_empty());
        if !any && self.asked == Asked::Needed {
            let place = self.phase.map_or(self.file.name.place, |phase| phase.name.place);
            let what = self.phase.map_or("data".to_owned(), |phase| format!("phase `{}`", phase.name.value));
            let message = format!("no criterion judges the {what}");
            report.add_with(place, message, "write `criteria`: `- { metric: errors, pass: \"<= 0.1%\" }`");
        }
        for criterion in own {
            match all.iter_mut().find(|other| other.name == criterion.name) {
                Some(other) => *other = criterion,
                None => all.push(criterion),
            }
        }
        criteria::check_roles(&all, (self.file, self.phase), report);
        all
    }

    /// The criteria of one list, with unique names.
    fn resolved(&self, entries: &[CriterionEntry], report: &mut Report) -> Vec<Criterion> {
        let mut list: Vec<Criterion> = Vec::new();
        let written: Vec<&str> = entries.iter().filter_map(|e| Some(e.name.as_ref()?.value.as_str())).collect();
        for entry in entries {
            let Some(metric) = self.metric(&entry.metric, report) else { continue };
            let Some(mut criterion) = criteria::criterion(entry, metric, report) else { continue };
            let taken = |name: &str, list: &[Criterion]| list.iter().any(|other| other.name == name);
            match &entry.name {
                Some(name) if taken(&name.value, &list) => {
                    report.add(name.place, format!("there is more than one criterion `{}`", name.value));
                }
                Some(_) => {}
                None => {
                    let base = criterion.name.clone();
                    let mut number = 2;
                    while taken(&criterion.name, &list) || written.contains(&criterion.name.as_str()) {
                        criterion.name = format!("{base} ({number})");
                        number += 1;
                    }
                }
            }
            list.push(criterion);
        }
        list
    }

    fn metric(&self, name: &At<String>, report: &mut Report) -> Option<&Metric> {
        match self.known.iter().find(|(known, _)| *known == name.value) {
            Some((_, metric)) => metric.as_ref(),
            None => {
                let known = self.known.iter().map(|(known, _)| known.as_str());
                let hint = suggestion(&name.value, known).unwrap_or("write it under `metrics`".into());
                report.add_with(name.place, format!("there is no metric `{}`", name.value), hint);
                None
            }
        }
    }

    fn traffic(&self, criteria: &[Criterion], report: &mut Report) -> Option<Traffic> {
        let common = self.file.traffic.as_ref();
        let one = self.traffic_entries().next()?;
        let first = |key: fn(&TrafficEntry) -> bool| self.traffic_entries().find(|entry| key(entry));
        let named = first(|entry| entry.metric.is_some()).and_then(|entry| entry.metric.as_ref());
        if let Some(name) = named {
            self.metric(name, report)?;
            if self.is_grouped(&name.value) {
                let hint = "name a `rate` metric without `by`: its totals are the traffic";
                report.add_with(name.place, format!("`{}` has groups, and no group is the traffic", name.value), hint);
            } else if !self.counts_requests(&name.value) {
                let hint = "name a `rate` metric: its totals are the traffic";
                report.add_with(name.place, format!("`{}` does not count the traffic", name.value), hint);
            }
        }
        let somewhere = self.file.phases.iter().filter_map(|phase| phase.traffic.as_ref()).chain(common);
        let Some(share) = first(|entry| entry.canary.is_some()).and_then(|entry| entry.canary.as_ref()) else {
            if !somewhere.into_iter().any(|entry| entry.canary.is_some()) {
                report.add_with(one.place, "the canary's share is not said", "write `traffic: { canary: 5% }`");
            }
            return None;
        };
        if share.value.0 <= 0.0 {
            report.add_with(share.place, "a canary without traffic cannot be judged", "write its share: `canary: 5%`");
        }
        if share.value.0 >= 1.0 {
            return None;
        }
        let asked = criteria.iter().map(|criterion| criterion.metric.as_str());
        let all = || self.known.iter().map(|(name, _)| name.as_str());
        let whole = |name: &&str| !self.is_grouped(name);
        let any = asked.clone().chain(all()).filter(whole).find(|name| self.is_rate(name));
        let any = any.or_else(|| asked.chain(all()).filter(whole).find(|name| self.counts_requests(name)));
        let metric = named.map(|name| name.value.as_str()).or(any);
        if metric.is_none() && self.known.iter().all(|(_, metric)| metric.is_some()) {
            let hint = "add a `rate` metric without `by`: its totals are the traffic; or leave `traffic` out";
            report.add_with(share.place, "nothing counts the traffic that should be split", hint);
        }
        let mismatch = first(|entry| entry.on_mismatch.is_some()).and_then(|entry| entry.on_mismatch.as_ref());
        let on_mismatch = mismatch.map_or(Mismatch::Warn, |choice| choice.value.0);
        Some(Traffic { share: share.value.0, metric: metric.map(str::to_owned), on_mismatch })
    }

    /// Whether a metric is judged group by group.
    fn is_grouped(&self, name: &str) -> bool {
        self.file.metrics.get(name).is_some_and(|entry| entry.by.is_some())
    }

    fn is_rate(&self, name: &str) -> bool {
        let kind =
            self.known.iter().find(|(known, _)| known == name).and_then(|(_, metric)| Some(&metric.as_ref()?.kind));
        matches!(kind, Some(Kind::BadShare | Kind::GoodShare | Kind::PartShare))
    }

    /// Whether the requests behind a metric are known: the totals of a rate, or those of a gauge that names them.
    fn counts_requests(&self, name: &str) -> bool {
        let gauge = self.file.metrics.get(name).and_then(|entry| entry.gauge.as_ref());
        self.is_rate(name) || gauge.is_some_and(columns::has_requests)
    }

    fn policy(&self, warmup: SignedDuration, report: &mut Report) -> Policy {
        let usual = Policy::default();
        let at = self.phase.and_then(|one| self.file.phases.iter().position(|p| p.name.value == one.name.value));
        let beside = |offset: isize| {
            let index = at?.checked_add_signed(offset)?;
            self.file.phases.get(index).map(|phase| format!("phase {}", phase.name.value))
        };
        let (before, after) = (beside(-1).unwrap_or(usual.roll_back_to.clone()), beside(1));
        let placed = Policy { warmup, roll_back_to: before, promote_to: after, ..usual };
        match &self.file.policy {
            Some(written) => said(written, placed, report),
            None => placed,
        }
    }
}

fn said(written: &PolicyEntry, usual: Policy, report: &mut Report) -> Policy {
    if let Some(level) = written.level.as_ref().filter(|level| !(0.5..1.0).contains(&level.value.0)) {
        let hint = "write the confidence, not the chance of error: `0.95`, `99%`";
        report.add_with(level.place, "the level lies between 50 % and 100 %", hint);
    }
    if let Some(steps) = written.min_steps.as_ref().filter(|steps| steps.value == 0) {
        report.add_with(steps.place, "nothing can be judged from no steps", "write at least `1`");
    }
    if let Some(excess) = written.min_excess.as_ref().filter(|excess| excess.value < 0.0) {
        report.add_with(excess.place, "an excess is not negative", "write `0` to turn it off");
    }
    let score = written.score.as_ref().map(|score| {
        let (pass, marginal) = (score.pass.value, score.marginal.value);
        if !(0.0..=100.0).contains(&pass) || !(0.0..=pass).contains(&marginal) {
            let hint = "write `score: { pass: 95, marginal: 75 }`";
            report.add_with(score.marginal.place, "a score needs 0 <= marginal <= pass <= 100", hint);
        }
        ScorePolicy { pass, marginal }
    });
    Policy {
        level: written.level.as_ref().map_or(usual.level, |level| level.value.0),
        min_coverage: written.min_coverage.as_ref().map_or(usual.min_coverage, |share| share.value.0),
        min_steps: written.min_steps.as_ref().map_or(usual.min_steps, |steps| steps.value),
        min_excess: written.min_excess.as_ref().map_or(usual.min_excess, |excess| excess.value),
        silent: written.silent.as_ref().map_or(Silent::Inconclusive, |silent| silent.value.0),
        one_bad_instance: written.one_bad_instance.as_ref().map_or(usual.one_bad_instance, |one| one.value.0),
        min_soak: written.min_soak.as_ref().map(|soak| soak.value.0),
        roll_back_to: written.roll_back_to.as_ref().map_or(usual.roll_back_to.clone(), |to| to.value.clone()),
        score,
        ..usual
    }
}
