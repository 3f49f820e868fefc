//! One criterion with the data it is about, and what is plain to see of them: which steps were measured, whether they have
//! partners, what the source said of its data.

use jiff::tz::TimeZone;

use super::grid::{Grid, coverage};
use super::rules::{Criterion, Kind, Metric, Rule, Rules, Scale, Statistic, Unit};
use crate::series::{Dataset, Gravity, Pair, Remark, Series, SignedDuration, Window};
use davy_stats::instances::Instances;

/// One criterion with the data it is about.
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) criterion: &'a Criterion,
    pub(super) metric: &'a Metric,
    pub(super) series: &'a Pair<Series>,
    pub(super) grid: Grid,
    /// For each arm, whether each step was measured.
    pub(super) present: Pair<Vec<Option<()>>>,
    data: &'a Dataset,
    /// What is suspicious about the data.
    suspicions: Vec<Remark>,
}

static NOTHING: Pair<Series> = Pair {
    baseline: Series::Gauge { time: Vec::new(), value: Vec::new(), requests: None },
    canary: Series::Gauge { time: Vec::new(), value: Vec::new(), requests: None },
};
static UNKNOWN: Metric = Metric {
    unit: Unit::Plain(String::new()),
    kind: Kind::Gauge { quantile: None, scale: Scale::Auto },
    of: String::new(),
    history: None,
    by: None,
    remarks: Vec::new(),
};

impl<'a> Case<'a> {
    pub(super) fn new(rules: &'a Rules, criterion: &'a Criterion, data: &'a Dataset) -> Self {
        let grid = Grid::of(data, &criterion.metric, rules.policy.warmup);
        let series = data.metrics.get(&criterion.metric).unwrap_or(&NOTHING);
        let metric = rules.metrics.get(&criterion.metric).unwrap_or(&UNKNOWN);
        let apart = unpaired(rules, criterion, series, data);
        let present = presence(&if apart { grid.apart() } else { grid }, series);
        Case { rules, criterion, metric, series, grid, present, data, suspicions: Vec::new() }
    }

    /// Adds what was found to be suspicious.
    pub(super) fn suspect(&mut self, found: impl IntoIterator<Item = Remark>) {
        self.suspicions.extend(found);
    }

    /// What the criterion's bounds and estimate are measured in.
    pub(super) fn unit(&self) -> Unit {
        self.criterion.unit(self.metric)
    }

    /// The dataset the case is from.
    pub(super) fn data(&self) -> &'a Dataset {
        self.data
    }

    /// The metric's instances per step, where its rows name them and the arms are compared.
    pub(super) fn instances(&self) -> Option<Instances> {
        let known = self.data.instances.get(&self.criterion.metric).filter(|_| self.needs_baseline());
        known.map(|instances| self.grid.instances(instances))
    }

    /// Whether both arms ran at the same time.
    pub(super) fn is_parallel(&self) -> bool {
        self.data.windows.baseline == self.data.windows.canary
    }

    /// Whether the times are dates, rather than numbers of steps.
    pub(super) fn is_dated(&self) -> bool {
        self.data.windows.canary.is_dated()
    }

    /// Whether any bound compares the arms.
    pub(super) fn needs_baseline(&self) -> bool {
        self.criterion.compares()
    }

    /// Whether the levels of the arms are compared as two samples: their steps have no partners in time.
    pub(super) fn is_unpaired(&self) -> bool {
        unpaired(self.rules, self.criterion, self.series, self.data)
    }

    /// So many steps of the soak, with the warm-up, as a length of time.
    pub(super) fn soaked(&self, steps: usize) -> SignedDuration {
        let warmup = self.rules.policy.warmup_steps(self.grid.step());
        let steps = i32::try_from(steps.saturating_add(warmup)).unwrap_or(i32::MAX);
        self.grid.step().checked_mul(steps).unwrap_or(SignedDuration::MAX)
    }

    /// For each arm, whether each step was measured.
    pub(super) fn present(&self) -> Pair<&Vec<Option<()>>> {
        self.present.as_ref()
    }

    /// The share of the elapsed steps in which each arm was measured.
    pub(super) fn coverage(&self) -> Pair<f64> {
        self.present.as_ref().map(|present| coverage(present))
    }

    /// The share of the elapsed steps that can be used for this criterion.
    pub(super) fn usable(&self) -> f64 {
        if !self.needs_baseline() || self.days().is_some() {
            return self.coverage().canary;
        }
        if self.is_unpaired() {
            let coverage = self.coverage();
            return coverage.canary.min(coverage.baseline);
        }
        let both = self.present.baseline.iter().zip(&self.present.canary);
        let both: Vec<Option<()>> = both.map(|(b, c)| b.and(*c)).collect();
        coverage(&both)
    }

    /// What is known of the metric's data beyond its points: from its source, and from when it was recorded.
    pub(super) fn remarks(&self) -> impl Iterator<Item = &Remark> {
        let seen = self.data.remarks.get(&self.criterion.metric).into_iter().flatten();
        // a recording that is judged again may show the same once more
        let seen = seen.filter(|remark| !self.metric.remarks.contains(remark));
        self.metric.remarks.iter().chain(seen).chain(&self.suspicions).filter(|remark| remark.gravity > Gravity::Detail)
    }
}

/// Steps have partners in the same window and, since a daily pattern cancels too, at the same time of another day.
fn unpaired(rules: &Rules, criterion: &Criterion, series: &Pair<Series>, data: &Dataset) -> bool {
    // a trend begins with its window, so that steps are partners by the time since then; steps beyond a limit are counted
    let levels = criterion.rule == Rule::Interval && matches!(series.canary, Series::Gauge { .. });
    let levels = levels && !matches!(criterion.statistic, Statistic::Trend { .. } | Statistic::StepsBeyond(_));
    let Pair { baseline, canary } = data.windows;
    let same_time = whole_days(&data.windows, rules) && baseline.duration() == canary.duration();
    levels && criterion.compares() && !same_time && !is_of_days(criterion, data)
}

/// Whether a criterion is compared with several earlier days.
pub(super) fn is_of_days(criterion: &Criterion, data: &Dataset) -> bool {
    let several = data.days.as_ref().is_some_and(|days| days.windows.len() > 1);
    several && criterion.rule == Rule::Interval && criterion.compares() && criterion.statistic.is_of_days()
}

/// Whether the windows begin at the same time of day by the clock of the rules, or at the same time. Without dates there is no day.
pub(super) fn whole_days(windows: &Pair<Window>, rules: &Rules) -> bool {
    if !windows.canary.is_dated() && windows.canary.start != windows.baseline.start {
        return false;
    }
    let zone = rules.policy.zone.clone().unwrap_or(TimeZone::UTC);
    let of_day = |window: &Window| window.start.to_zoned(zone.clone()).time();
    of_day(&windows.canary) == of_day(&windows.baseline)
}

fn presence(grid: &Grid, series: &Pair<Series>) -> Pair<Vec<Option<()>>> {
    match &series.canary {
        Series::Counts { .. } => grid.counts(series).map(|steps| unit(&steps)),
        Series::Events { .. } => grid.events(series).map(|steps| unit(&steps)),
        Series::Gauge { .. } => grid.gauge(series).map(|steps| unit(&steps)),
        Series::Values { .. } | Series::Buckets { .. } => grid.presence(series),
    }
}

fn unit<T>(steps: &[Option<T>]) -> Vec<Option<()>> {
    steps.iter().map(|step| step.as_ref().map(|_| ())).collect()
}
