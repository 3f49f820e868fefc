//! One number of each earlier day, and which days count.
//!
//! A day counts where it was measured as well as a canary must be. One that is missing, silent or idle is left out, and the
//! finding says so. The number is the criterion's own statistic: the rate of all trials, the typical level, the quantile of all
//! requests. Its noise is that of a comparison of one arm with a limit, whose interval knows how steps of the window hang
//! together.
//!
//! A rate of few events has half an event added, so that its logarithm exists (Anscombe 1948; Haldane 1956). Today's is treated
//! alike, so that the correction cancels where days have as much traffic.

use std::rc::Rc;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::case::Case;
use super::compare::Comparison;
use super::earlier::{DayStanding, EarlierDay, Sizes};
use super::exposure::shares;
use super::grid::{Grid, coverage, sum};
use super::methods::frequency::Frequency;
use super::methods::level;
use super::methods::quantile::Quantile;
use super::methods::share::Share;
use super::requests::{ArmRequests, quantile_of};
use super::rules::Looks;
use super::verdict::Reason;
use super::why::Why;
use super::words::{self, plural};
use crate::series::{Days, Pair, Series, Window};
use davy_stats::days::{Day, LEAST_FREEDOM, Prediction, outlying, unadjusted};
use davy_stats::dispersion::Prior;
use davy_stats::single::{self, TrialStep};

/// One window as one number.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// In the metric's unit; of bad ones, where good ones are shown.
    pub(super) value: f64,
    /// The same with half an event added, where events are counted.
    corrected: f64,
    /// The number against any limit.
    pub(super) alone: Rc<dyn Comparison>,
    /// Its interval of one standard error.
    ends: (f64, f64),
    n: f64,
    bad: Option<u64>,
    /// Between which edges it lies, where buckets show no more of it.
    bucket: Option<(f64, f64)>,
}

impl Number {
    fn new(value: f64, corrected: f64, n: f64, alone: Rc<dyn Comparison>) -> Number {
        Number { value, corrected, ends: alone.interval(1.0, 1.0), alone, n, bad: None, bucket: None }
    }

    /// How far it may lie below and above what is taken for it, by its buckets.
    fn slack(&self, log: bool) -> (f64, f64) {
        let of = |end: f64| if log { end.max(0.0).ln() } else { end };
        let own = self.scaled(log);
        self.bucket.map_or((0.0, 0.0), |(low, high)| (own - of(low), of(high) - own))
    }

    /// The number on the scale on which days are compared.
    pub(super) fn scaled(&self, log: bool) -> f64 {
        if log { self.corrected.ln() } else { self.value }
    }

    /// The variance of that by the window itself.
    fn noise(&self, log: bool) -> f64 {
        let (low, high) = self.ends;
        let of = |end: f64| if log { end.ln() } else { end };
        let ends = [of(high) - self.scaled(log), self.scaled(log) - of(low)];
        let widest = ends.into_iter().filter(|width| width.is_finite()).fold(0.0, f64::max);
        if ends.iter().any(|width| width.is_nan() || *width == f64::INFINITY) && widest == 0.0 {
            return f64::INFINITY;
        }
        widest * widest
    }
}

/// One earlier day, read.
#[derive(Debug)]
pub(super) struct ReadDay {
    pub(super) window: Window,
    pub(super) number: Option<Number>,
    pub(super) before: Option<Number>,
    pub(super) standing: DayStanding,
    weekday: i8,
}

/// Today and the earlier days of a criterion.
#[derive(Debug)]
pub(super) struct ReadDays {
    pub(super) today: Number,
    pub(super) before: Option<Number>,
    pub(super) each: Vec<ReadDay>,
    weekday: i8,
    /// Whether the time before was asked for.
    wants_before: bool,
    /// Whether all numbers are positive, so that they may be compared by factors.
    pub(super) is_positive: bool,
}

impl ReadDays {
    /// The days of a criterion that is compared with several; nothing where the canary has no number.
    pub(super) fn of(case: &Case, prior: Prior) -> Option<ReadDays> {
        let days = case.days()?;
        let series = days.metrics.get(&case.criterion.metric)?;
        let reader = Reader { case, prior };
        let canary = case.data().windows.canary;
        let (today, _) =
            reader.number(&case.grid.of_window(canary), &case.series.canary, shares(case).map(|s| s.canary));
        let before = |window: &Window| {
            let lead = days.before(window)?;
            reader.number(&case.grid.of_window(lead).whole(), &series.within(&lead), None).0
        };
        let zone = case.rules.policy.zone.clone().unwrap_or(TimeZone::UTC);
        let weekday = |window: &Window| window.start.to_zoned(zone.clone()).weekday().to_monday_zero_offset();
        let day = |window: &Window| {
            let (number, standing) = reader.number(&case.grid.of_window(*window), &series.within(window), None);
            ReadDay { window: *window, number, before: before(window), standing, weekday: weekday(window) }
        };
        let mut read = ReadDays {
            today: today?,
            before: before(&canary),
            each: days.windows.iter().map(day).collect(),
            weekday: weekday(&canary),
            wants_before: days.before.is_some(),
            is_positive: false,
        };
        let is_positive = {
            let mut numbers = read.used().filter_map(|day| day.number.as_ref()).chain([&read.today]);
            numbers.all(|number| number.corrected > 0.0)
        };
        read.is_positive = is_positive;
        Some(read)
    }

    /// Names the days that lie apart, by factors or not.
    pub(super) fn with_outlying(mut self, log: bool) -> ReadDays {
        let used: Vec<usize> = (0..self.each.len()).filter(|at| self.each[*at].standing.is_used()).collect();
        for apart in outlying(&self.days(log)) {
            if let Some(day) = used.get(apart).and_then(|at| self.each.get_mut(*at)) {
                day.standing = DayStanding::Outlying;
            }
        }
        self
    }

    /// The days that count.
    pub(super) fn used(&self) -> impl Iterator<Item = &ReadDay> {
        self.each.iter().filter(|day| day.standing.is_used())
    }

    /// The days that count, as numbers.
    fn days(&self, log: bool) -> Vec<Day> {
        let of = |day: &ReadDay| Some(stated(day.number.as_ref()?, day.before.as_ref(), day.weekday, log));
        self.used().filter_map(of).collect()
    }

    /// What they predict of today.
    pub(super) fn predict(&self, log: bool) -> Option<Prediction> {
        Prediction::of(&stated(&self.today, self.before.as_ref(), self.weekday, log), &self.days(log))
    }

    /// What they predict without an adjustment, where the time before the canary lies apart from those of the days.
    pub(super) fn unadjusted(&self, log: bool) -> Option<Prediction> {
        unadjusted(&stated(&self.today, self.before.as_ref(), self.weekday, log), &self.days(log))
    }

    /// How far the effect may lie below and above its estimate, where buckets hide today's number or those of the days.
    pub(super) fn hidden(&self, log: bool) -> (f64, f64) {
        let slacks: Vec<(f64, f64)> =
            self.used().filter_map(|day| day.number.as_ref()).map(|number| number.slack(log)).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| slacks.iter().map(of).sum::<f64>() / slacks.len().max(1) as f64;
        let (below, above) = self.today.slack(log);
        (below + mean(|slack| slack.1), above + mean(|slack| slack.0))
    }

    /// How large the days are that count.
    pub(super) fn sizes(&self) -> Sizes {
        let days = || self.used().filter_map(|day| day.number.as_ref());
        let bad = |canary| Pair { baseline: sum(days().filter_map(|day| day.bad)), canary };
        Sizes {
            n: Pair { baseline: days().map(|day| day.n).sum(), canary: self.today.n },
            bad: self.today.bad.map(bad),
        }
    }

    /// The days as a verdict tells them.
    pub(super) fn told(&self, show: impl Fn(f64) -> f64) -> Vec<EarlierDay> {
        let value = |number: &Option<Number>| number.as_ref().map(|number| show(number.value));
        let told = |day: &ReadDay| EarlierDay {
            window: day.window,
            number: value(&day.number),
            before: value(&day.before),
            standing: day.standing,
        };
        self.each.iter().map(told).collect()
    }

    /// What a reader must know of the days.
    pub(super) fn notes(&self, case: &Case, prediction: &Prediction, log: bool) -> Vec<String> {
        let zone = case.rules.policy.zone.clone().unwrap_or(TimeZone::UTC);
        let date = |day: &ReadDay| day.window.start.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
        let mut notes = Vec::new();
        let why = |day: &ReadDay| match day.standing {
            DayStanding::Incomplete(share) => {
                format!("{} (measured in {} % of its steps)", date(day), words::number((share * 100.0).floor()))
            }
            DayStanding::Idle => format!("{} (no traffic)", date(day)),
            _ => format!("{} (no data)", date(day)),
        };
        let left_out: Vec<String> = self.each.iter().filter(|day| !day.standing.is_used()).map(why).collect();
        if !left_out.is_empty() {
            let of = plural(self.each.len() as u64, "earlier day");
            notes.push(format!("of {of} are left out: {}", left_out.join(", ")));
        }
        for day in self.each.iter().filter(|day| day.standing == DayStanding::Outlying) {
            let number = day.number.as_ref().map(|number| words::quantity(number.value, &case.unit()));
            notes.push(format!(
                "{} lies apart from the other days ({}) and widens the interval; if something happened then, write the others \
                 as `ago: […]`",
                date(day),
                number.unwrap_or_default()
            ));
        }
        let same = self.used().filter(|day| day.weekday == self.weekday).count();
        let mixed = self.used().any(|day| day.weekday != self.weekday);
        let weekday = case.data().windows.canary.start.to_zoned(zone.clone()).strftime("%A").to_string();
        if prediction.by_weekday {
            let alike = plural(prediction.alike as u64, &weekday);
            notes.push(format!("weekdays differ: what is expected is the mean of {alike}"));
        } else if mixed && same < 2 {
            notes.push(format!("{} of the earlier days is a {weekday}: a weekly pattern is not known", few(same)));
        }
        notes.extend(self.adjustment(prediction, case));
        if self.unadjusted(log).is_some() {
            notes.push(
                "the time before the canary's window lies apart from that of the days: the answer must hold with the adjustment and \
                 without"
                    .into(),
            );
        }
        if prediction.is_own_noise {
            notes.push("the canary's own window is noisier than the days differ, and makes the interval".into());
        }
        notes.extend(match case.rules.looks {
            Looks::Once => None,
            Looks::Planned { .. } => {
                Some("earlier days are compared at the end of the soak alone, at the whole level".into())
            }
            Looks::Open => {
                Some("earlier days take a planned end (`soak`): with an open one they decide nothing".into())
            }
        });
        notes
    }

    /// Whether the time before adjusts the days, or why not.
    fn adjustment(&self, prediction: &Prediction, case: &Case) -> Option<String> {
        let before = case.days()?.before.filter(|_| self.wants_before)?;
        let before = words::duration(before);
        let missing = self.used().filter(|day| day.before.is_none()).count();
        Some(match prediction.slope {
            Some(slope) => {
                format!("adjusted by the {before} before each window, with a slope of {}", words::number(slope))
            }
            None if self.before.is_none() => {
                format!("not adjusted by the {before} before: they have no data before the canary's window")
            }
            None if missing > 0 => {
                let days = plural(missing as u64, "day");
                format!("not adjusted by the {before} before: they have no data on {days}")
            }
            None => format!(
                "not adjusted by the {before} before: that takes numbers that move, on at least {} days",
                LEAST_FREEDOM + 2
            ),
        })
    }
}

fn few(same: usize) -> &'static str {
    if same == 0 { "none" } else { "only one" }
}

fn stated(number: &Number, before: Option<&Number>, weekday: i8, log: bool) -> Day {
    let before = before.map(|before| before.scaled(log));
    Day { after: number.scaled(log), before, noise: number.noise(log), weekday }
}

/// How windows are read for a criterion.
struct Reader<'a> {
    case: &'a Case<'a>,
    prior: Prior,
}

impl Reader<'_> {
    /// The number of a window, or why it has none. Of occurrences that are compared by the traffic, an arm has a `share` of it.
    fn number(&self, grid: &Grid, series: &Series, share: Option<f64>) -> (Option<Number>, DayStanding) {
        let pair = Pair { baseline: series.within(&NEVER), canary: series.clone() };
        let covered = coverage(&grid.presence(&pair).canary);
        if covered == 0.0 {
            return (None, DayStanding::Missing);
        }
        if covered + 1e-9 < self.case.rules.policy.min_coverage {
            return (None, DayStanding::Incomplete(covered));
        }
        match self.read(grid, &pair, share).filter(|number| number.value.is_finite()) {
            Some(number) => (Some(number), DayStanding::Used),
            None => (None, DayStanding::Idle),
        }
    }

    fn read(&self, grid: &Grid, pair: &Pair<Series>, share: Option<f64>) -> Option<Number> {
        match &pair.canary {
            Series::Counts { .. } => {
                let steps = grid.counts(pair).canary;
                let trials: Vec<_> =
                    steps.iter().map(|s| s.map(|t| TrialStep { total: t.total, bad: t.bad })).collect();
                let total = sum(trials.iter().flatten().map(|t| t.total));
                let bad = sum(trials.iter().flatten().map(|t| t.bad));
                let n = total as f64;
                let alone = Rc::new(Share::new(trials, self.prior, single::realised_trial_effect));
                let corrected = (bad as f64 + 0.5) / (n + 1.0);
                (total > 0).then(|| Number { bad: Some(bad), ..Number::new(bad as f64 / n, corrected, n, alone) })
            }
            Series::Events { .. } => {
                let mut steps = grid.events(pair).canary;
                steps.iter_mut().flatten().for_each(|step| step.exposure *= share.unwrap_or(1.0));
                let n: f64 = steps.iter().flatten().map(|o| o.exposure).sum();
                let count = sum(steps.iter().flatten().map(|o| o.count));
                let alone = Rc::new(Frequency::new(&steps, self.prior));
                let corrected = (count as f64 + 0.5) / n;
                (n > 0.0).then(|| Number { bad: Some(count), ..Number::new(count as f64 / n, corrected, n, alone) })
            }
            Series::Gauge { .. } => {
                let steps = grid.gauge(pair).canary;
                let log = steps.iter().flatten().all(|v| *v > 0.0);
                let learned = self.case.rules.learned.get(&self.case.criterion.metric);
                let (level, _) = level::one_arm(&steps, log, 1.0, learned);
                let value = level.estimate()?;
                let n = steps.iter().flatten().count() as f64;
                Some(Number::new(value, value, n, Rc::new(level)))
            }
            Series::Values { .. } | Series::Buckets { .. } => {
                let arm = ArmRequests::new(grid.values(pair).canary);
                let q = quantile_of(self.case.criterion.statistic);
                let (n, value) = (arm.pooled.len() as f64, arm.pooled.quantile(q)?);
                let bucket = arm.pooled.bucket(q);
                let alone = Rc::new(Quantile::of_requests(Arc::new(arm), q, self.prior, true));
                Some(Number { bucket, ..Number::new(value, value, n, alone) })
            }
        }
    }
}

/// A window in which nothing is.
const NEVER: Window = Window { start: crate::series::Timestamp::MIN, end: crate::series::Timestamp::MIN };

impl Case<'_> {
    /// Why a criterion that is to be compared with several earlier days cannot be, if so. Two windows alone are never compared
    /// in their place.
    pub(super) fn without_days(&self, read: Option<&ReadDays>) -> Option<(Reason, Why)> {
        self.days()?;
        let Some(read) = read else { return self.thin().or(Some((Reason::TooFew, Why::NoTraffic))) };
        let (usable, of) = (read.used().count(), read.each.len());
        let is_known = [true, false].iter().all(|log| *log && !read.is_positive || read.predict(*log).is_some());
        match usable {
            0 | 1 => Some((Reason::NoBaseline, Why::FewDays { usable, of })),
            _ if !is_known => Some((Reason::TooFew, Why::NoTraffic)),
            _ => None,
        }
    }

    /// The earlier days, where a criterion is compared with several.
    pub(super) fn days(&self) -> Option<&Days> {
        self.data().days.as_ref().filter(|_| super::case::is_of_days(self.criterion, self.data()))
    }
}
