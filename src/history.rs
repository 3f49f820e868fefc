//! A service's own past, cut into pairs of windows between which nothing changed.
//!
//! Where the past has both arms, a pair is the same time of both. Where it has one, a window is paired with an earlier one,
//! and whatever changed between them counts as noise. One arm had all of the traffic: it is thinned, request by
//! request and with a fixed seed, to what each arm will get. Pairs share no data unless more are asked for than fit.
//! Where a window is compared with several earlier days, each canary's window lies behind all of its days.

pub mod chance;
pub mod inject;
pub mod learn;
pub mod noise;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use crate::series::{Bins, Dataset, Pair, Series, SignedDuration, Timestamp, Window};
use chance::Chance;

/// What was measured while nothing changed.
#[derive(Debug, Clone)]
pub struct History {
    data: Dataset,
    arms: Arms,
    calendar: Option<Arc<dyn Calendar>>,
}

/// Which earlier days a canary's window is compared with.
pub trait Calendar: Debug + Send + Sync {
    /// The windows of the days, the latest first.
    fn days(&self, canary: Window) -> Vec<Window>;
    /// What is read of the days, and of the time before the canary's window.
    fn stretches(&self, canary: Window) -> Vec<Window>;
    /// How long a time before each window adjusts the days.
    fn before(&self) -> Option<SignedDuration>;
}

/// What the past has of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arms {
    /// Both arms at the same time.
    Both,
    /// One arm.
    One,
}

/// How a pair is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Both arms at the same time.
    SameTime,
    /// A window and the one so much earlier.
    Earlier(SignedDuration),
    /// A window and several earlier days, the first of which begins so much earlier.
    Days(SignedDuration),
}

/// What a comparison will be like: how its pairs are made to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// How long a window is.
    pub length: SignedDuration,
    /// How much earlier the baseline is taken, if it is not taken at the same time.
    pub earlier: Option<SignedDuration>,
    /// The canary's share of the traffic, if it is configured.
    pub share: Option<f64>,
}

/// Where the windows of a history lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// What they are like.
    pub setting: Setting,
    /// How they are paired.
    pub pairing: Pairing,
    /// Where each canary's window begins.
    pub starts: Vec<Timestamp>,
    /// Whether windows share data.
    pub overlapping: bool,
}

/// So many windows are judged at most, where each is compared with several earlier days.
const MOST_OF_DAYS: usize = 100;

/// A history is too short for a single pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort {
    /// How long it is.
    pub span: SignedDuration,
    /// How long it must be.
    pub needed: SignedDuration,
    /// How long one window is.
    pub length: SignedDuration,
}

impl History {
    /// The past that a dataset holds. Arms of different times are no pair: then the baseline is the past.
    pub fn of(mut data: Dataset) -> History {
        let same_time = data.windows.baseline == data.windows.canary;
        let both = |pair: &Pair<Series>| !pair.baseline.is_empty() && !pair.canary.is_empty();
        let arms = if same_time && data.metrics.values().any(both) { Arms::Both } else { Arms::One };
        if arms == Arms::One {
            let any_baseline = data.metrics.values().any(|pair| !pair.baseline.is_empty());
            let window = if any_baseline { data.windows.baseline } else { data.windows.canary };
            data.windows = Pair { baseline: window, canary: window };
            for pair in data.metrics.values_mut() {
                let empty = nothing_of(&pair.canary);
                let kept = if any_baseline && !(same_time && pair.baseline.is_empty()) {
                    std::mem::replace(&mut pair.baseline, empty)
                } else {
                    pair.baseline = empty;
                    continue;
                };
                pair.canary = kept;
            }
        }
        History { data, arms, calendar: None }
    }

    /// The same, for windows that are compared with several earlier days.
    pub fn with_calendar(self, calendar: Arc<dyn Calendar>) -> History {
        History { calendar: Some(calendar), ..self }
    }

    /// Whether a window is compared with several earlier days.
    pub fn has_days(&self) -> bool {
        self.calendar.is_some()
    }

    /// Which arms it has.
    pub fn arms(&self) -> Arms {
        self.arms
    }

    /// From when to when it is.
    pub fn window(&self) -> Window {
        self.data.windows.canary
    }

    /// The groups of its metrics.
    pub fn groups(&self) -> &BTreeMap<String, Vec<String>> {
        &self.data.groups
    }

    /// The spacing of its points.
    pub fn step(&self) -> SignedDuration {
        self.data.step
    }

    /// Everything measured; of one arm alone, in the place of the canary.
    pub fn metrics(&self) -> &BTreeMap<String, Pair<Series>> {
        &self.data.metrics
    }

    /// The past of one arm, the baseline's where there are two; nothing if nothing was measured.
    pub fn usual(&self, name: &str) -> Option<&Series> {
        let pair = self.data.metrics.get(name)?;
        let series = if pair.baseline.is_empty() { &pair.canary } else { &pair.baseline };
        (!series.is_empty()).then_some(series)
    }

    /// A length in whole steps, at least one and no more than there are.
    pub fn whole_steps(&self, length: SignedDuration) -> SignedDuration {
        let step = self.step().as_millis().max(1);
        let steps = (length.as_millis() / step).clamp(1, 1 << 30);
        SignedDuration::from_millis(i64::try_from(step * steps).unwrap_or(i64::MAX))
    }

    /// Where the windows lie: as many as fit without sharing data, or `count` spread over the whole.
    pub fn layout(&self, setting: Setting, count: Option<usize>) -> Result<Layout, TooShort> {
        let (span, length) = (self.window().duration(), setting.length);
        let pairing = match (&self.calendar, self.arms) {
            (Some(calendar), _) => Pairing::Days(self.reach(calendar.as_ref(), length)),
            (None, Arms::Both) => Pairing::SameTime,
            (None, Arms::One) => Pairing::Earlier(self.lag(setting)),
        };
        let lag = match pairing {
            Pairing::SameTime => SignedDuration::ZERO,
            Pairing::Earlier(lag) | Pairing::Days(lag) => lag,
        };
        let takes_turns = matches!(pairing, Pairing::Earlier(_));
        let needed = lag.saturating_add(length);
        let (span_ms, length_ms, lag_ms) = (span.as_millis(), length.as_millis().max(1), lag.as_millis());
        if span < needed {
            return Err(TooShort { span, needed, length });
        }
        // of one arm, blocks of the lag take turns as baseline and as canary
        let in_canary =
            |at: i128| !takes_turns || (at / lag_ms) % 2 == 1 && (at + length_ms - 1) / lag_ms == at / lag_ms;
        let mut apart = Vec::new();
        let mut at = lag_ms;
        while at + length_ms <= span_ms {
            match in_canary(at) {
                true => {
                    apart.push(at);
                    at += length_ms;
                }
                // to the next block of canaries
                false => at = (at / lag_ms / 2 * 2 + if (at / lag_ms) % 2 == 0 { 1 } else { 3 }) * lag_ms,
            }
        }
        // the days of many windows are the same ones, so more of them tell no more
        let most = if matches!(pairing, Pairing::Days(_)) { MOST_OF_DAYS } else { usize::MAX };
        let wanted = count.unwrap_or(apart.len().min(most)).max(1);
        let overlapping = wanted > apart.len();
        let offsets: Vec<i128> = if overlapping {
            let (steps, step_ms) = ((span_ms - lag_ms - length_ms) / self.step_ms(), self.step_ms());
            let place = |i: usize| lag_ms + i as i128 * steps / (wanted as i128 - 1).max(1) * step_ms;
            let mut spread: Vec<i128> = (0..wanted).map(place).collect();
            spread.dedup();
            spread
        } else {
            (0..wanted).map(|i| apart[i * apart.len() / wanted]).collect()
        };
        let begin = |offset: &i128| {
            let offset = SignedDuration::from_millis(i64::try_from(*offset).unwrap_or(i64::MAX));
            self.window().start.saturating_add(offset).unwrap_or(self.window().end)
        };
        Ok(Layout { setting, pairing, starts: offsets.iter().map(begin).collect(), overlapping })
    }

    /// How long before a canary's window the data must begin for all of its days.
    fn reach(&self, calendar: &dyn Calendar, length: SignedDuration) -> SignedDuration {
        let end = self.window().end;
        let last = Window { start: end.saturating_sub(length).unwrap_or(end), end };
        let first = calendar.stretches(last).iter().map(|window| window.start).min();
        let reach = first.map_or(SignedDuration::ZERO, |first| last.start.duration_since(first));
        // where clocks change, a day has an hour more
        reach.saturating_add(SignedDuration::from_hours(1))
    }

    fn step_ms(&self) -> i128 {
        self.step().as_millis().max(1)
    }

    /// How much earlier the other window is: as configured where the history is twice as long, else a day, else the
    /// window just before.
    fn lag(&self, setting: Setting) -> SignedDuration {
        let day = SignedDuration::from_hours(24);
        let twice = |lag: &SignedDuration| {
            *lag >= setting.length && self.window().duration().as_millis() >= 2 * lag.as_millis()
        };
        let earlier = setting.earlier.map(|ago| self.whole_steps(ago));
        earlier.into_iter().filter(twice).chain(earlier.map(|_| day).filter(twice)).next().unwrap_or(setting.length)
    }

    /// One pair of windows, as the judge would see it.
    pub fn pair(&self, layout: &Layout, number: usize) -> Dataset {
        let Setting { length, earlier, share } = layout.setting;
        let start = layout.starts.get(number).copied().unwrap_or(self.window().start);
        let window_at = |start: Timestamp| Window { start, end: start.saturating_add(length).unwrap_or(start) };
        let canary = window_at(start);
        if let Some(calendar) = &self.calendar {
            let (days, stretches) = (calendar.days(canary), calendar.stretches(canary));
            let own = days.first().copied().unwrap_or(canary);
            let both = self.cut(Pair { baseline: own, canary }, |_, pair| Pair {
                baseline: pair.canary.within_any(&stretches),
                canary: pair.canary.within(&canary),
            });
            return both.with_days(days, calendar.before(), &stretches);
        }
        let Pairing::Earlier(lag) = layout.pairing else {
            let within = |pair: &Pair<Series>| pair.as_ref().map(|series| series.within(&canary));
            return self.cut(Pair { baseline: canary, canary }, |_, pair| within(pair));
        };
        let before = window_at(start.saturating_sub(lag).unwrap_or(start));
        let windows = Pair { baseline: if earlier.is_some() { before } else { canary }, canary };
        let rest = if earlier.is_some() { None } else { share.map(|share| 1.0 - share) };
        self.cut(windows, |name, pair| {
            let mut chance = Chance::new(number as u64, name);
            let mut baseline = pair.canary.within(&before);
            if earlier.is_none() {
                later(&mut baseline, lag);
            }
            let mut canary = pair.canary.within(&canary);
            thin(&mut baseline, rest, &mut chance);
            thin(&mut canary, share, &mut chance);
            Pair { baseline, canary }
        })
    }

    fn cut(&self, windows: Pair<Window>, cut: impl Fn(&str, &Pair<Series>) -> Pair<Series>) -> Dataset {
        let metrics = self.data.metrics.iter().map(|(name, pair)| (name.clone(), cut(name, pair))).collect();
        Dataset {
            metrics,
            groups: self.data.groups.clone(),
            steps: self.data.steps.clone(),
            remarks: self.data.remarks.clone(),
            ..Dataset::new(windows, self.data.step)
        }
    }
}

fn nothing_of(series: &Series) -> Series {
    series.within(&Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH })
}

fn later(series: &mut Series, by: SignedDuration) {
    let (Series::Counts { time, .. }
    | Series::Events { time, .. }
    | Series::Values { time, .. }
    | Series::Buckets { time, .. }
    | Series::Gauge { time, .. }) = series;
    for at in time {
        *at = at.saturating_add(by).unwrap_or(*at);
    }
}

/// Leaves each request with the chance that it goes to this arm.
fn thin(series: &mut Series, share: Option<f64>, chance: &mut Chance) {
    let Some(share) = share.filter(|share| *share < 1.0) else { return };
    match series {
        Series::Counts { total, bad, .. } => {
            for (total, bad) in total.iter_mut().zip(bad) {
                let good = total.saturating_sub(*bad);
                *bad = chance.binomial(*bad, share);
                *total = *bad + chance.binomial(good, share);
            }
        }
        Series::Events { count, exposure, .. } => {
            count.iter_mut().for_each(|count| *count = chance.binomial(*count, share));
            exposure.iter_mut().flatten().for_each(|exposure| *exposure *= share);
        }
        Series::Values { time, value } => {
            let kept: Vec<bool> = value.iter().map(|_| chance.uniform() < share).collect();
            let mut keep = kept.iter();
            time.retain(|_| keep.next() == Some(&true));
            let mut keep = kept.iter();
            value.retain(|_| keep.next() == Some(&true));
        }
        Series::Buckets { bins, .. } => {
            for bins in bins {
                let kept = bins.cells().map(|(at, count)| (at, chance.binomial(count, share))).collect();
                *bins = Bins::new(bins.grid(), bins.end(), kept);
            }
        }
        Series::Gauge { requests, .. } => {
            requests.iter_mut().flatten().for_each(|requests| *requests = chance.binomial(*requests, share));
        }
    }
}
