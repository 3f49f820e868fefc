//! Which slices carry a difference: from the series of a metric's slices to a sentence for every report.
//!
//! This comes after the answers and changes none. The statistics are those of [`localise`]. The slices on the grid are asked
//! for here and by `mix`; [`Known`] makes them once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::grid::{Grid, Trials};
use super::rules::{Criterion, Kind, Rule, Rules, Severity, Side, Statistic};
use super::verdict::{Localised, Outcome};
use super::words;
use crate::localise::{self, Line, Question, Slice, Times};
use crate::series::{Dataset, Pair, Series, Slices, slice_values};
use davy_stats::Direction;
use davy_stats::counts::CountStep;
use davy_stats::slow::Requests;

/// More names make a sentence that nobody reads; the tree has all.
const MOST_NAMES: usize = 3;

/// The criteria that compare the arms by what slices have, each of a metric and statistic once.
pub(super) fn localised<'r>(rules: &'r Rules, data: &Dataset) -> Vec<&'r Criterion> {
    let mut found: Vec<&Criterion> = Vec::new();
    for criterion in &rules.criteria {
        let known = data.slices.get(&criterion.metric).is_some_and(|slices| !slices.parts.canary.is_empty());
        let shape = matches!(criterion.statistic, Statistic::Rate | Statistic::Quantile(_));
        let decides = criterion.rule == Rule::Interval && criterion.compares() && criterion.severity != Severity::Muted;
        let is_new = |other: &&&Criterion| other.metric == criterion.metric && other.statistic == criterion.statistic;
        if known && shape && decides && !found.iter().any(|other| is_new(&other)) {
            found.push(criterion);
        }
    }
    found
}

/// What the slices of each criterion show; `outcome` says what became of it.
pub(super) fn judge(known: &Known, outcome: impl Fn(&str) -> Option<Outcome>) -> Vec<Localised> {
    let Known { rules, data, .. } = *known;
    let criteria = localised(rules, data);
    let chance = (1.0 - rules.policy.level) / criteria.len().max(1) as f64;
    let of = |criterion: &&Criterion| {
        let slices = data.slices.get(&criterion.metric)?;
        let parts = known.parts(criterion)?;
        let least = rules.policy.min_excess.max(1.0);
        let question = Question { slices: &parts, quantile: quantile(criterion.statistic), chance, least };
        let found = localise::name(&question);
        let grid = Grid::of(data, &criterion.metric, rules.policy.warmup);
        let begins = |line: &Line| line.since.map(|step| grid.begins(step));
        let since = found.named.iter().map(begins).collect();
        let mut told = Localised {
            criterion: criterion.name.clone(),
            metric: criterion.metric.clone(),
            statistic: criterion.statistic,
            dimensions: slices.dimensions.clone(),
            found,
            since,
            says: String::new(),
        };
        told.says = sentence(&told, outcome(&criterion.name));
        Some(told)
    };
    criteria.iter().filter_map(of).collect()
}

/// The quantile that the slices of a metric are counted at; of all at once, one that a thin slice cannot tell.
pub(super) fn quantile(statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::Quantile(q) => Some(q),
        Statistic::AnyQuantile { .. } => Some(0.95),
        _ => None,
    }
}

/// The names of the slices that either arm has, in the order of [`Known::parts`].
pub(super) fn names(slices: &Slices) -> BTreeSet<&String> {
    slices.parts.baseline.keys().chain(slices.parts.canary.keys()).collect()
}

/// A metric, the bits of its quantile in question, and whether the other ones are the bad ones.
type Asked = (String, Option<u64>, bool);

/// The slices of a dataset on the grid as they are asked for, each time the same ones.
pub(super) struct Known<'a> {
    pub(super) rules: &'a Rules,
    pub(super) data: &'a Dataset,
    made: RefCell<BTreeMap<Asked, Rc<[Slice]>>>,
}

impl<'a> Known<'a> {
    /// Of nothing yet.
    pub(super) fn new(rules: &'a Rules, data: &'a Dataset) -> Known<'a> {
        Known { rules, data, made: RefCell::default() }
    }

    /// The slices of a criterion's metric, the worse side of the bound counted as bad.
    pub(super) fn parts(&self, criterion: &Criterion) -> Option<Rc<[Slice]>> {
        let metric = self.rules.metrics.get(&criterion.metric)?;
        let side = criterion.target()?.side;
        let flipped = match (&metric.kind, side) {
            (Kind::BadShare | Kind::PartShare, side) => side == Side::AtLeast,
            (Kind::GoodShare, side) => side == Side::AtMost,
            (Kind::Values, Side::AtMost) => false,
            _ => return None,
        };
        self.by(&criterion.metric, quantile(criterion.statistic), flipped)
    }

    /// The slices of a rate, or of the slow requests of a quantile; `flipped` counts the other ones as bad.
    pub(super) fn by(&self, metric: &str, q: Option<f64>, flipped: bool) -> Option<Rc<[Slice]>> {
        let asked = (metric.to_owned(), q.map(f64::to_bits), flipped);
        if let Some(made) = self.made.borrow().get(&asked) {
            return Some(made.clone());
        }
        let made: Rc<[Slice]> = self.make(metric, q, flipped)?.into();
        self.made.borrow_mut().insert(asked, made.clone());
        Some(made)
    }

    fn make(&self, name: &str, q: Option<f64>, flipped: bool) -> Option<Vec<Slice>> {
        let (metric, slices) = (self.rules.metrics.get(name)?, self.data.slices.get(name)?);
        let grid = Grid::of(self.data, name, self.rules.policy.warmup);
        let nothing = match &metric.kind {
            Kind::Values => Series::Buckets { time: Vec::new(), bins: Vec::new(), scale: 1.0 },
            _ => Series::Counts { time: Vec::new(), total: Vec::new(), bad: Vec::new() },
        };
        let slice = |name: &String| {
            let pair = slices.parts.as_ref().map(|parts| parts.get(name).cloned().unwrap_or_else(|| nothing.clone()));
            let values = slice_values(name);
            match q {
                Some(q) => of_values(&grid, &pair, values, q),
                None => Slice { values, steps: of_counts(&grid, &pair, flipped), times: None },
            }
        };
        Some(names(slices).into_iter().map(slice).collect())
    }
}

fn of_counts(grid: &Grid, pair: &Pair<Series>, flipped: bool) -> Vec<CountStep> {
    let counts = grid.counts(pair);
    let steps = counts.baseline.iter().zip(&counts.canary).map(|(baseline, canary)| {
        let bad = |own: &Trials| if flipped { own.total - own.bad } else { own.bad };
        let [baseline, canary] =
            [baseline, canary].map(|step| step.as_ref().map_or((0, 0), |own| (own.total, bad(own))));
        CountStep::of(baseline, canary)
    });
    steps.collect()
}

fn of_values(grid: &Grid, pair: &Pair<Series>, values: Vec<String>, q: f64) -> Slice {
    let steps = grid.values(pair);
    let all = |steps: &[Requests]| {
        let own: Vec<Requests> = steps.iter().filter(|step| !step.is_empty()).cloned().collect();
        Requests::pooled(&own).unwrap_or_else(|| Requests::single(Vec::new()))
    };
    let times = Times { baseline: all(&steps.baseline), canary: all(&steps.canary) };
    let limit = localise::slow_limit(&times, q).unwrap_or(f64::INFINITY);
    let slow = |step: &Requests| (step.len(), step.beyond(limit, false, Direction::Above));
    let both = steps.baseline.iter().zip(&steps.canary);
    let both = both.map(|(baseline, canary)| CountStep::of(slow(baseline), slow(canary)));
    Slice { values, steps: both.collect(), times: Some(times) }
}

/// `GET /search, eu-west-1`.
pub(super) fn called(values: &[Option<String>]) -> String {
    let said: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
    if said.is_empty() { "everything".into() } else { said.join(", ") }
}

/// A change in percent; a large one as a factor.
fn change(ratio: f64) -> String {
    match ratio {
        ratio if ratio.is_nan() => "–".into(),
        ratio if !ratio.is_finite() => "without limit".into(),
        ratio if ratio >= 3.0 => format!("×{}", words::number((ratio * 10.0).round() / 10.0)),
        ratio => format!("{:+.0} %", 100.0 * (ratio - 1.0)),
    }
}

fn between((low, high): (f64, f64)) -> String {
    format!("{} to {}", change(low), change(high))
}

/// The sentence that belongs beside the answer: of the first criterion that does not pass and whose slices name one.
pub(super) fn headline(localised: &[Localised], outcome: impl Fn(&str) -> Option<Outcome>) -> Option<&str> {
    let explains = |told: &&Localised| {
        !told.found.named.is_empty() && outcome(&told.criterion).is_some_and(|outcome| outcome != Outcome::Pass)
    };
    localised.iter().find(explains).map(|told| told.says.as_str())
}

/// What no slice with both arms carries.
const ELSEWHERE: &str = "some of it lies in the mix, or in slices that an arm lacks";

/// The one sentence.
fn sentence(told: &Localised, outcome: Option<Outcome>) -> String {
    let found = &told.found;
    let of = told.dimensions.join(" × ");
    let what = match told.statistic {
        Statistic::Quantile(q) => format!("{} {}", told.metric, words::quantile_name(q)),
        _ => told.metric.clone(),
    };
    let Some(first) = found.named.first() else {
        let everywhere = match outcome == Some(Outcome::Fail) && found.whole.interval.0 > 1.0 {
            true if found.is_elsewhere => format!(": the difference is in all of them; {ELSEWHERE}"),
            true => ": the difference is everywhere".to_owned(),
            false => String::new(),
        };
        return format!("No slice of {of} stands out in {what}{everywhere}");
    };
    let describe = |(line, since): (&Line, &Option<crate::series::Timestamp>)| {
        let since = since.map(|at| format!(", since {}", at.strftime("%H:%M UTC"))).unwrap_or_default();
        format!("{} ({}{since})", called(&line.values), between(line.interval))
    };
    let named: Vec<String> = found.named.iter().zip(&told.since).take(MOST_NAMES).map(describe).collect();
    let more = found.named.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let is = if found.named.len() == 1 { "is" } else { "are" };
    let share: f64 = found.named.iter().filter_map(|line| line.share).sum();
    let share = match share {
        _ if first.share.is_none() => String::new(),
        share if found.is_elsewhere => {
            format!("; that is {:.0} % of the difference inside slices; {ELSEWHERE}", 100.0 * share.max(0.0))
        }
        share if share >= 0.995 => "; that is all of the difference".to_owned(),
        share => format!("; that is {:.0} % of the difference", 100.0 * share.max(0.0)),
    };
    let rest = match &found.rest {
        None => String::new(),
        Some(rest) if rest.interval.0 > 1.0 => format!("; the rest is worse too, {}", between(rest.interval)),
        Some(rest) if found.is_elsewhere => format!("; every other slice is level ({})", between(rest.interval)),
        Some(rest) => format!("; everything else is level ({})", between(rest.interval)),
    };
    format!("Only {}{more} {is} worse in {what}{share}{rest}", named.join(" and "))
}
