//! Which series go into which call, in as few calls as the API allows.
//!
//! A call takes 500 queries (inputs of expressions count) and answers 100 800 points; more points come in pages, and a page
//! is a call too. So neither filling calls with queries nor keeping each to one page is always best: every size between
//! them is tried, and where two cost the same the smaller calls win, which can be made at the same time. Points are
//! counted as if no period were empty.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StandardUnit};

use crate::series::Window;
use crate::source::Error;
use crate::source::aws::{Access, Measure, Statistic};

/// So many queries go into a call.
const QUERIES: usize = 500;
/// So many points come in a page.
pub(super) const POINTS: u64 = 100_800;

/// One series that somebody asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'q> {
    pub access: &'q Access,
    pub window: Window,
    /// In seconds.
    pub period: i32,
    pub measure: &'q Measure,
}

/// Series that are asked for in one call, by their places among all that are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub places: Vec<usize>,
    /// The points that come at most.
    pub points: u64,
}

impl Wanted<'_> {
    fn queries(&self) -> usize {
        match self.measure {
            Measure::Statistic(_) => 1,
            Measure::Expression { inputs, .. } => 1 + inputs.len(),
        }
    }

    fn points(&self) -> u64 {
        let seconds = self.window.duration().as_secs().max(0).unsigned_abs();
        seconds / u64::from(self.period.unsigned_abs().max(1))
    }

    /// Whether it is a query of Metrics Insights, of which a call takes one.
    fn is_insights(&self) -> bool {
        let selects = |text: &str| text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
        matches!(self.measure, Measure::Expression { expression, .. } if selects(expression))
    }

    /// Whether it is about all metrics of its call, and so must have one to itself.
    fn is_of_its_call(&self) -> bool {
        matches!(self.measure, Measure::Expression { expression, .. } if expression.contains("METRICS("))
    }

    /// What is sent for it; its place becomes its id.
    ///
    /// # Errors
    ///
    /// Unreachable when no such query can be written: an expression names what is not among its inputs.
    pub fn queries_at(&self, place: usize) -> Result<Vec<MetricDataQuery>, Error> {
        let id = id(place);
        match self.measure {
            Measure::Statistic(statistic) => Ok(vec![self.statistic(&id, statistic, true)]),
            Measure::Expression { expression, inputs, account } => {
                if self.queries() > QUERIES {
                    return Err(Error::unreachable(format!("has {} inputs; a call takes {QUERIES}", inputs.len())));
                }
                let names: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
                let expression = match self.is_insights() {
                    true => expression.clone(),
                    false => renamed(expression, &names, &id)?,
                };
                let whole = MetricDataQuery::builder().id(&id).expression(expression).period(self.period);
                let whole = whole.set_account_id(account.clone()).return_data(true).build();
                let inputs = inputs.iter().map(|(name, input)| self.statistic(&format!("{id}_{name}"), input, false));
                Ok(inputs.chain([whole]).collect())
            }
        }
    }

    fn statistic(&self, id: &str, of: &Statistic, returned: bool) -> MetricDataQuery {
        let dimensions = of.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let metric = Metric::builder().namespace(&of.namespace).metric_name(&of.metric);
        let metric = metric.set_dimensions(Some(dimensions.collect()).filter(|all: &Vec<_>| !all.is_empty()));
        let unit = of.unit.as_deref().map(StandardUnit::from);
        let stat = MetricStat::builder().metric(metric.build()).period(self.period).stat(&of.statistic).set_unit(unit);
        let query = MetricDataQuery::builder().id(id).metric_stat(stat.build()).return_data(returned);
        query.set_account_id(of.account.clone()).build()
    }
}

/// The id of the series at a place.
pub(super) fn id(place: usize) -> String {
    format!("q{place}")
}

/// The calls to make; which account and window they are of is that of any of their series.
pub(super) fn batches(wanted: &[Wanted]) -> Vec<Batch> {
    let mut groups: Vec<(&Wanted, Vec<usize>)> = Vec::new();
    for (place, one) in wanted.iter().enumerate() {
        match groups.iter_mut().find(|(of, _)| of.access == one.access && of.window == one.window) {
            Some((_, places)) => places.push(place),
            None => groups.push((one, vec![place])),
        }
    }
    groups.iter().flat_map(|(_, places)| fewest(wanted, places)).collect()
}

fn fewest(wanted: &[Wanted], places: &[usize]) -> Vec<Batch> {
    let most = places.iter().map(|place| wanted[*place].points()).max().unwrap_or(0).saturating_mul(QUERIES as u64);
    let sizes = 1..=most.div_ceil(POINTS).clamp(1, 64);
    let mut packed =
        sizes.map(|pages| packed(wanted, places, pages * POINTS)).chain([packed(wanted, places, u64::MAX)]);
    let first = packed.next().unwrap_or_default();
    packed.fold(first, |best, next| if calls(&next) < calls(&best) { next } else { best })
}

/// Calls with their pages.
pub(super) fn calls(batches: &[Batch]) -> u64 {
    batches.iter().map(|batch| batch.points.div_ceil(POINTS).max(1)).sum()
}

/// Series in their order, in calls of so many points (a single series may have more).
fn packed(wanted: &[Wanted], places: &[usize], points: u64) -> Vec<Batch> {
    let (mut done, mut alone, mut open) = (Vec::new(), Vec::new(), Vec::<(Batch, usize, bool)>::new());
    for place in places {
        let one = &wanted[*place];
        let (queries, comes, insights) = (one.queries(), one.points(), one.is_insights());
        if one.is_of_its_call() {
            alone.push(Batch { places: vec![*place], points: comes });
            continue;
        }
        let fits = |(batch, used, has): &(Batch, usize, bool)| {
            used + queries <= QUERIES && batch.points.saturating_add(comes) <= points && !(insights && *has)
        };
        match open.iter_mut().find(|of| fits(of)) {
            Some((batch, used, has)) => {
                batch.places.push(*place);
                batch.points = batch.points.saturating_add(comes);
                *used += queries;
                *has |= insights;
            }
            None => open.push((Batch { places: vec![*place], points: comes }, queries, insights)),
        }
    }
    done.extend(open.into_iter().map(|(batch, ..)| batch));
    done.append(&mut alone);
    done
}

/// An expression whose inputs have the names under which they are sent. Texts in quotes and functions stay.
fn renamed(expression: &str, names: &[&str], id: &str) -> Result<String, Error> {
    let mut sent = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_function = after.trim_start().starts_with('(');
        match token {
            name if names.contains(&name) && !is_function => sent.push_str(&format!("{id}_{name}")),
            name if first.is_ascii_lowercase() && !is_function && !["and", "or"].contains(&name) => {
                let known = crate::source::error::listed(names.iter().copied());
                let error = Error::unreachable("is in the expression, but not among its inputs").value(name);
                return Err(error.expected(format!("one of {known}")));
            }
            other => sent.push_str(other),
        }
        rest = after;
    }
    Ok(sent)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Series that are wanted, each once, however many ask for it.
#[derive(Default)]
pub(super) struct Wanting<'q> {
    pub wanted: Vec<Wanted<'q>>,
    known: BTreeMap<String, Vec<usize>>,
}

impl<'q> Wanting<'q> {
    /// The place of a series.
    pub fn place(&mut self, one: Wanted<'q>) -> usize {
        let alike = self.known.entry(format!("{:?}", one.measure)).or_default();
        let same = |other: &Wanted| {
            (other.access, other.window, other.period, other.measure)
                == (one.access, one.window, one.period, one.measure)
        };
        if let Some(place) = alike.iter().find(|place| same(&self.wanted[**place])) {
            return *place;
        }
        alike.push(self.wanted.len());
        self.wanted.push(one);
        self.wanted.len() - 1
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
