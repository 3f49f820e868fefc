//! What each arm costs: prices over what was measured, step by step and projected to a month.
//!
//! A price is paid for what is used (requests, bytes, memory held for a time) or for the time that something runs (a node, a
//! stored gigabyte). In each step the items of an arm are added up, and two numbers come out, each of which is a gauge like any
//! other and judged like one: [`FULL`], what a month would cost if the arm had all of the traffic, and [`NOW`], what it costs at
//! the share it has. What is used grows with the traffic; what runs is taken as it is.
//!
//! A step in which anything is missing has no cost: a sum without one of its parts would look cheap. For the same reason
//! nothing is told of an arm whose requests are not known.

use crate::series::{Arm, Dataset, MetricName, Pair, Series, SignedDuration, Timestamp, Window};

/// The hours of a month, as AWS bills it.
pub const MONTH: f64 = 730.0;

/// The metric that is the cost of a month with all of the traffic.
pub const FULL: &str = "cost";

/// The metric that is the cost of a month at the present share.
pub const NOW: &str = "cost_now";

/// Both.
pub const METRICS: [&str; 2] = [FULL, NOW];

const BYTES_PER_GIB: f64 = 1024.0 * 1024.0 * 1024.0;
const SECONDS_PER_HOUR: f64 = 3600.0;
const MILLISECONDS_PER_SECOND: f64 = 1000.0;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is paid for, and how it is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct CostPlan {
    /// What prices are in: "USD".
    pub currency: String,
    /// The metric whose requests are the traffic.
    pub traffic: MetricName,
    /// The canary's configured share of the traffic, where that is said: 1 when it has all of it.
    pub share: Option<f64>,
    /// What is paid for, in the order written.
    pub items: Vec<Item>,
}

/// Something that is paid for.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// The one arm that pays for it; both when not said.
    pub arm: Option<Arm>,
    /// What is measured of it.
    pub usage: Usage,
    /// The price of one unit of that.
    pub price: f64,
    /// The price as written: "0.20 / 1M requests".
    pub written: String,
}

/// What is measured of an item, and so what its price is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Usage {
    /// It runs: price per hour.
    Time,
    /// So many of it run, or so much of it is kept: price per unit and hour.
    Held {
        /// A gauge.
        metric: MetricName,
    },
    /// It is used so often, or so much of it: price per occurrence.
    Counted {
        /// Counts (their totals), events, or a gauge with the amount of each step.
        metric: MetricName,
    },
    /// Memory is held for the time that a call takes: price per GiB and second.
    Compute {
        /// The calls: counts (their totals) or events.
        metric: MetricName,
        /// How long a call takes, in milliseconds: a gauge that is an average, or values.
        duration: MetricName,
        /// The memory in bytes.
        memory: f64,
    },
}

impl Usage {
    /// Whether more traffic costs more.
    pub fn grows(&self) -> bool {
        matches!(self, Usage::Counted { .. } | Usage::Compute { .. })
    }

    /// The metrics it is measured by.
    pub fn metrics(&self) -> Vec<&MetricName> {
        match self {
            Usage::Time => Vec::new(),
            Usage::Held { metric } | Usage::Counted { metric } => vec![metric],
            Usage::Compute { metric, duration, .. } => vec![metric, duration],
        }
    }
}

impl CostPlan {
    /// Every metric that the cost is computed from.
    pub fn metrics(&self) -> impl Iterator<Item = &MetricName> {
        self.items.iter().flat_map(|item| item.usage.metrics()).chain([&self.traffic])
    }

    /// What the cost is measured in: "USD/month".
    pub fn unit(&self) -> String {
        monthly_unit(&self.currency)
    }
}

/// What a cost is measured in: "USD/month".
pub fn monthly_unit(currency: &str) -> String {
    format!("{currency}/month")
}

/// What an item costs in a month, on the average over the steps of which all is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemCost {
    /// The item's name.
    pub name: String,
    /// Its price as written.
    pub price: String,
    /// Whether it grows with the traffic.
    pub grows: bool,
    /// At the present share; nothing where the arm's cost is not known.
    pub now: Pair<Option<f64>>,
    /// With all of the traffic.
    pub full: Pair<Option<f64>>,
}

/// Adds the two costs to the metrics of a dataset, with where they come from.
pub fn price(plan: &CostPlan, data: &mut Dataset) {
    let bills = Pair::build(|arm| Bill::of(plan, data, arm));
    let origin = origin(plan, data);
    let lost = plan.metrics().find_map(|name| Some((name.clone(), data.lost.get(name)?.clone())));
    for (name, total) in [(FULL, Bill::full as fn(&Bill, usize) -> Option<f64>), (NOW, Bill::now)] {
        let pair = Pair::build(|arm| match &lost {
            Some(_) => gauge(Vec::new()),
            None => gauge(bills.get(arm).points(total)),
        });
        if let Some((metric, why)) = &lost {
            data.lost.insert(name.to_owned(), format!("{metric}: {why}"));
        }
        data.metrics.insert(name.to_owned(), pair);
        data.origins.insert(name.to_owned(), origin.clone());
    }
}

/// What each item costs, the first steps of both windows left out as warm-up.
pub fn items(plan: &CostPlan, data: &Dataset, warmup: usize) -> Vec<ItemCost> {
    let bills = Pair::build(|arm| Bill::of(plan, data, arm));
    let cost = |(at, item): (usize, &Item)| ItemCost {
        name: item.name.clone(),
        price: item.written.clone(),
        grows: item.usage.grows(),
        now: bills.as_ref().map(|bill| bill.mean(at, warmup, Bill::share)),
        full: bills.as_ref().map(|bill| bill.mean(at, warmup, Bill::whole)),
    };
    plan.items.iter().enumerate().map(cost).collect()
}

/// Takes the costs out of a dataset again: a recording holds what was measured, and what it costs is computed again.
pub fn strip(data: &mut Dataset) {
    for name in METRICS {
        data.metrics.remove(name);
        data.origins.remove(name);
        data.lost.remove(name);
    }
}

/// Which part of a month a short window says nothing of.
pub fn unseen(data: &Dataset) -> Option<String> {
    let shorter = |span: SignedDuration| Arm::BOTH.iter().any(|arm| data.windows.get(*arm).duration() < span);
    if shorter(DAY) {
        return Some("the window is shorter than a day: other hours of the day are not in it".into());
    }
    shorter(DAY * 7).then(|| "the window is shorter than a week: other days of the week are not in it".into())
}

/// `lambda_requests + redis, a month of 730 h`, and which hours are not in it.
fn origin(plan: &CostPlan, data: &Dataset) -> String {
    let names: Vec<&str> = plan.items.iter().map(|item| item.name.as_str()).collect();
    let unseen = unseen(data).map_or(String::new(), |hours| format!("; {hours}"));
    format!("{}, a month of {MONTH} h{unseen}", names.join(" + "))
}

/// What one arm pays, step by step and in a month's money.
struct Bill {
    steps: Steps,
    /// For each item, whether it grows with the traffic, and what a month of each step costs where that is known.
    items: Vec<(bool, Vec<Option<f64>>)>,
    /// By how much the traffic of all is more than the arm's own in each step.
    factor: Vec<Option<f64>>,
    /// The arm's requests in each step.
    requests: Vec<Option<f64>>,
}

impl Bill {
    fn of(plan: &CostPlan, data: &Dataset, arm: Arm) -> Bill {
        let steps = Steps::of(data, arm);
        let mut requests = traffic(plan, data, arm);
        // an arm that nobody called is not known to cost what it stands for
        if requests.iter().flatten().sum::<f64>() <= 0.0 {
            requests.fill(None);
        }
        let items = plan.items.iter().map(|item| (item.usage.grows(), monthly(item, data, arm, &steps)));
        Bill { items: items.collect(), factor: factor(plan, data, arm, &requests), requests, steps }
    }

    /// The present traffic, in that of the arm.
    fn share(&self, step: usize) -> Option<f64> {
        self.requests.get(step).copied().flatten().map(|_| 1.0)
    }

    /// All of the traffic, in that of the arm.
    fn whole(&self, step: usize) -> Option<f64> {
        self.share(step)?;
        self.factor.get(step).copied().flatten()
    }

    fn now(&self, step: usize) -> Option<f64> {
        self.sum(step, self.share(step)?)
    }

    fn full(&self, step: usize) -> Option<f64> {
        self.sum(step, self.whole(step)?)
    }

    /// One item with so many times the traffic.
    fn item(&self, item: usize, step: usize, factor: f64) -> Option<f64> {
        let (grows, months) = self.items.get(item)?;
        Some(months.get(step).copied().flatten()? * if *grows { factor } else { 1.0 })
    }

    /// All items together; nothing where one is missing.
    fn sum(&self, step: usize, factor: f64) -> Option<f64> {
        let sum = (0..self.items.len()).try_fold(0.0, |sum, item| Some(sum + self.item(item, step, factor)?));
        sum.filter(|sum| f64::is_finite(*sum))
    }

    fn points(&self, total: fn(&Bill, usize) -> Option<f64>) -> Vec<(Timestamp, f64)> {
        let point = |at: usize| Some((self.steps.begins(at)?, total(self, at)?));
        (0..self.steps.len()).filter_map(point).collect()
    }

    /// The mean of one item over the steps whose whole cost is known.
    fn mean(&self, item: usize, warmup: usize, factor: fn(&Bill, usize) -> Option<f64>) -> Option<f64> {
        let own = |step: usize| {
            let factor = factor(self, step)?;
            self.sum(step, factor).and_then(|_| self.item(item, step, factor))
        };
        let known: Vec<f64> = (warmup..self.steps.len()).filter_map(own).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// What an item costs in a month at the rate of each step.
fn monthly(item: &Item, data: &Dataset, arm: Arm, steps: &Steps) -> Vec<Option<f64>> {
    if item.arm.is_some_and(|only| only != arm) {
        return vec![Some(0.0); steps.len()];
    }
    let series = |name: &MetricName| data.metrics.get(name).map(|pair| pair.get(arm));
    let used = |amount: Vec<Option<f64>>| -> Vec<Option<f64>> {
        let amount = amount.into_iter().enumerate();
        amount.map(|(at, amount)| Some(amount? / steps.hours(at)? * item.price * MONTH)).collect()
    };
    match &item.usage {
        Usage::Time => vec![Some(item.price * MONTH); steps.len()],
        Usage::Held { metric } => {
            let held = steps.lay(series(metric), level).into_iter();
            held.map(|held| held.map(|held| held * item.price * MONTH)).collect()
        }
        Usage::Counted { metric } => used(steps.lay(series(metric), amount)),
        Usage::Compute { metric, duration, memory } => {
            let calls = steps.lay(series(metric), amount);
            let means = steps.means(series(duration));
            let held = |(calls, mean): (Option<f64>, Option<f64>)| {
                let calls = calls?;
                // without a call nothing has a duration, and nothing is paid
                let seconds = if calls == 0.0 { 0.0 } else { calls * mean? / MILLISECONDS_PER_SECOND };
                Some(seconds * memory / BYTES_PER_GIB)
            };
            used(calls.into_iter().zip(means).map(held).collect())
        }
    }
}

/// The requests of an arm in each step.
fn traffic(plan: &CostPlan, data: &Dataset, arm: Arm) -> Vec<Option<f64>> {
    Steps::of(data, arm).lay(data.metrics.get(&plan.traffic).map(|pair| pair.get(arm)), requests)
}

/// By how much the traffic of both arms is more than one's own. Arms of the same time share it; in a window of its own a baseline
/// had all of it, and the canary its configured share.
fn factor(plan: &CostPlan, data: &Dataset, arm: Arm, own: &[Option<f64>]) -> Vec<Option<f64>> {
    if data.windows.baseline != data.windows.canary {
        let share = plan.share.filter(|share| arm == Arm::Canary && *share > 0.0).unwrap_or(1.0);
        return vec![Some(1.0 / share); own.len()];
    }
    let other = if arm == Arm::Canary { Arm::Baseline } else { Arm::Canary };
    let has_all = plan.share.is_some_and(|share| share >= 1.0);
    if has_all && data.metrics.get(&plan.traffic).is_some_and(|pair| pair.get(other).is_empty()) {
        return vec![Some(1.0); own.len()];
    }
    let both = own.iter().zip(traffic(plan, data, other));
    both.map(|(own, other)| own.filter(|own| *own > 0.0).zip(other).map(|(own, other)| (own + other) / own)).collect()
}

/// How often something was used in the point at an index, or how much.
fn amount(series: &Series, at: usize) -> Option<f64> {
    match series {
        Series::Counts { total, .. } => total.get(at).map(|n| *n as f64),
        Series::Events { count, .. } => count.get(at).map(|n| *n as f64),
        Series::Gauge { value, .. } => value.get(at).copied(),
        Series::Values { .. } | Series::Buckets { .. } => None,
    }
}

fn level(series: &Series, at: usize) -> Option<f64> {
    match series {
        Series::Gauge { value, .. } => value.get(at).copied(),
        _ => None,
    }
}

fn requests(series: &Series, at: usize) -> Option<f64> {
    match series {
        Series::Counts { total, .. } => total.get(at).map(|n| *n as f64),
        Series::Gauge { requests: Some(requests), .. } => requests.get(at).map(|n| *n as f64),
        _ => None,
    }
}

/// The sum of the values at an index, and how many they are.
fn values(series: &Series, at: usize) -> Option<(f64, f64)> {
    match series {
        Series::Gauge { value, .. } | Series::Values { value, .. } => value.get(at).map(|value| (*value, 1.0)),
        Series::Buckets { bins, scale, .. } => {
            let bins = bins.get(at)?;
            let grid = bins.grid();
            let high = |cell: u32| if grid.is_open(cell) { grid.low(cell) } else { grid.high(cell) };
            let middle = |cell: u32| (grid.low(cell) as f64 + high(cell) as f64) / 2.0 * scale;
            let sum = bins.cells().map(|(cell, n)| middle(cell) * n as f64).sum();
            Some((sum, bins.total() as f64))
        }
        Series::Counts { .. } | Series::Events { .. } => None,
    }
}

/// The mean of a series' values: of a histogram's to the width of its cells.
pub fn mean(series: &Series) -> Option<f64> {
    let add = |(sum, n): (f64, f64), (more, m): (f64, f64)| (sum + more, n + m);
    let (sum, n) = (0..series.len()).filter_map(|at| values(series, at)).fold((0.0, 0.0), add);
    (n > 0.0).then_some(sum / n).filter(|mean| mean.is_finite())
}

/// The steps of a window.
struct Steps {
    window: Window,
    step: SignedDuration,
}

impl Steps {
    fn of(data: &Dataset, arm: Arm) -> Steps {
        Steps { window: *data.windows.get(arm), step: data.step }
    }

    fn len(&self) -> usize {
        self.window.steps(self.step)
    }

    fn begins(&self, at: usize) -> Option<Timestamp> {
        let offset = self.step.checked_mul(i32::try_from(at).ok()?)?;
        self.window.start.checked_add(offset).ok()
    }

    /// How long a step is: the last one may be cut short.
    fn hours(&self, at: usize) -> Option<f64> {
        let begins = self.begins(at)?;
        let ends = begins.checked_add(self.step).map_or(self.window.end, |end| end.min(self.window.end));
        Some(ends.duration_since(begins).as_secs_f64() / SECONDS_PER_HOUR).filter(|hours| *hours > 0.0)
    }

    fn index(&self, time: Timestamp) -> Option<usize> {
        let into = time.duration_since(self.window.start).as_millis();
        let inside = self.window.contains(time).then_some(into / self.step.as_millis().max(1))?;
        usize::try_from(inside).ok()
    }

    /// One number per step, the points of a step added up; nothing where nothing was measured.
    fn lay(&self, series: Option<&Series>, own: fn(&Series, usize) -> Option<f64>) -> Vec<Option<f64>> {
        let mut steps = vec![None; self.len()];
        let Some(series) = series else { return steps };
        for (at, time) in series.time().iter().enumerate() {
            let Some(step) = self.index(*time).and_then(|step| steps.get_mut(step)) else { continue };
            if let Some(value) = own(series, at).filter(|value| value.is_finite()) {
                *step = Some(step.unwrap_or(0.0) + value);
            }
        }
        steps
    }

    /// The mean of each step's values.
    fn means(&self, series: Option<&Series>) -> Vec<Option<f64>> {
        let mut steps = vec![(0.0, 0.0); self.len()];
        let times = series.map_or(&[][..], Series::time);
        for (at, time) in times.iter().enumerate() {
            let Some(step) = self.index(*time).and_then(|step| steps.get_mut(step)) else { continue };
            if let Some((sum, n)) = series.and_then(|series| values(series, at)) {
                *step = (step.0 + sum, step.1 + n);
            }
        }
        steps.into_iter().map(|(sum, n)| (n > 0.0).then_some(sum / n).filter(|mean| mean.is_finite())).collect()
    }
}

fn gauge(points: Vec<(Timestamp, f64)>) -> Series {
    let (time, value) = points.into_iter().unzip();
    Series::Gauge { time, value, requests: None }
}
