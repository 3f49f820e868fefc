//! Which time counts: the spacing of the points and each arm's window, as far as the plan leaves them to the data.

use std::collections::BTreeMap;

use crate::config::plan::{Span, TimePlan};
use crate::series::{Arm, Pair, Remark, Series, SignedDuration, Timestamp, Window};
use crate::text::spell::spell;

/// More steps than this in a window are taken for a mistake: a year has 3,153,600 steps of ten seconds.
pub(super) const MOST_STEPS: usize = 5_000_000;

type Both<'a> = Pair<Option<&'a Series>>;

/// The finest spacing that a series has throughout, else the one that most neighbouring points have.
pub(super) fn common<'a>(spacings: impl Iterator<Item = &'a Spacings> + Clone) -> Option<SignedDuration> {
    let finest = spacings.clone().filter_map(Spacings::regular).min();
    finest.or_else(|| spacings.cloned().fold(Spacings::default(), Spacings::with).step())
}

/// The step of a metric whose points lie regularly further apart than the common steps do, in every arm that has any.
pub(super) fn own_step(spacings: Pair<Option<Spacings>>, step: SignedDuration) -> Option<SignedDuration> {
    let spacings = [spacings.canary, spacings.baseline];
    let mut own = spacings.iter().flatten().filter(|one| one.all > 0);
    let first = own.next()?.regular()?;
    let alike = own.all(|other| other.regular() == Some(first));
    (alike && first.as_millis() >= 2 * step.as_millis()).then_some(first)
}

/// Each arm's window, and what a reader must know of it; nothing when no point and no plan says where it is.
///
/// Arms that ran at the same time share one window, which lasts as long as either arm has points: a canary that ends before
/// the baseline has gone silent. Runs that share less than a tenth of the shorter one are two windows; whether they do may be
/// `known` better than steps show it.
pub(super) fn windows(
    plan: &TimePlan,
    metrics: &[Both],
    step: SignedDuration,
    amounts: Pair<f64>,
    known: Option<bool>,
) -> Option<(Pair<Window>, Option<Remark>)> {
    let extents = Pair::build(|arm| extent(metrics, arm, step));
    let are_apart = |one, other| known.unwrap_or_else(|| are_apart(one, other));
    if let (Span::All, Span::All, Some(baseline), Some(canary)) =
        (plan.canary, plan.baseline, extents.baseline, extents.canary)
    {
        let together = !are_apart(baseline, canary);
        return Some(inferred(baseline, canary, together.then_some(step), amounts));
    }
    let canary = match plan.canary {
        Span::Exactly(window) => window,
        Span::All | Span::Earlier(_) => extents.canary.or(extents.baseline)?,
    };
    let baseline = match plan.baseline {
        Span::Exactly(window) => window,
        Span::Earlier(by) => plan.reach(canary).map_or_else(|| plan.window_before(canary, by), Some)?,
        Span::All => match extents.baseline {
            Some(own) if are_apart(own, canary) => own,
            _ => canary,
        },
    };
    Some((Pair { baseline, canary }, None))
}

/// Windows that nothing but the data tells: one in whole steps for arms that ran at the same time.
fn inferred(
    baseline: Window,
    canary: Window,
    step: Option<SignedDuration>,
    amounts: Pair<f64>,
) -> (Pair<Window>, Option<Remark>) {
    let Some(step) = step else {
        // a run of a fixed number of requests is over sooner when they are faster
        let shorter = canary.duration().as_millis() * 10 < baseline.duration().as_millis() * 8;
        let shorter = shorter && amounts.canary < 0.8 * amounts.baseline;
        let remark = shorter.then(|| {
            let [long, short] = [baseline, canary].map(|window| spell(window.duration()));
            Remark::suspect(format!(
                "the canary ran for {short} and the baseline for {long}; if the canary did not stop early, give its time with \
                 `window` or --from and --to"
            ))
        });
        return (Pair { baseline, canary }, remark);
    };
    let lead = canary.start.duration_since(baseline.start);
    let (start, remark) = if lead >= canary.duration() {
        let from = canary.start.strftime("%Y-%m-%d %H:%M UTC");
        (canary.start, Some(Remark::note(format!("the baseline reaches further back; it is compared from {from} on"))))
    } else {
        (back(canary.start, whole_steps(lead, step)), None)
    };
    let end = forth(canary.end, whole_steps(baseline.end.duration_since(canary.end), step));
    let both = Window { start, end };
    (Pair { baseline: both, canary: both }, remark)
}

/// Whether two runs share so little time that they are not of the same time: less than a tenth of the shorter.
fn are_apart(one: Window, other: Window) -> bool {
    let shared = one.end.min(other.end).duration_since(one.start.max(other.start)).as_millis();
    let shorter = one.duration().min(other.duration()).as_millis();
    shared <= 0 || shared * 10 < shorter
}

/// So many whole steps as fit into a time; none into one that is negative.
fn whole_steps(time: SignedDuration, step: SignedDuration) -> SignedDuration {
    let (time, step) = (time.as_millis().max(0), step.as_millis().max(1));
    SignedDuration::from_millis(i64::try_from(time / step * step).unwrap_or(0))
}

fn back(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn forth(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// From an arm's first point to one step after its last. Where points per step and single requests meet, the
/// steps start where the points do.
fn extent(metrics: &[Both], arm: Arm, step: SignedDuration) -> Option<Window> {
    let series = || metrics.iter().filter_map(|pair| *pair.get(arm));
    let (first, last) = series().fold(None, |so_far, series| around(so_far, series.time()))?;
    let stepped = series().filter(|series| !matches!(series, Series::Values { .. }));
    let anchor = stepped.filter_map(|series| series.time().first()).min().copied().unwrap_or(first);
    let (ahead, step_ms) = (anchor.duration_since(first).as_millis().max(0), step.as_millis().max(1));
    let steps_ahead = i64::try_from((ahead + step_ms - 1) / step_ms * step_ms).unwrap_or(0);
    let start = anchor.saturating_sub(SignedDuration::from_millis(steps_ahead)).unwrap_or(first);
    Some(Window { start, end: last.saturating_add(step).unwrap_or(Timestamp::MAX) })
}

pub(super) fn around(extent: Option<(Timestamp, Timestamp)>, time: &[Timestamp]) -> Option<(Timestamp, Timestamp)> {
    let (Some(first), Some(last)) = (time.first(), time.last()) else { return extent };
    Some(extent.map_or((*first, *last), |(start, end)| (start.min(*first), end.max(*last))))
}

/// How often neighbouring points are how far apart, in milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Spacings {
    counts: BTreeMap<i128, usize>,
    all: usize,
}

impl Spacings {
    pub fn of(time: &[Timestamp]) -> Self {
        let mut spacings = Spacings::default();
        spacings.add(time);
        spacings
    }

    pub fn add(&mut self, time: &[Timestamp]) {
        for pair in time.windows(2) {
            let spacing = pair[1].duration_since(pair[0]).as_millis();
            if spacing > 0 {
                *self.counts.entry(spacing).or_default() += 1;
                self.all += 1;
            }
        }
    }

    /// These and others together.
    pub fn with(mut self, others: Spacings) -> Spacings {
        for (spacing, count) in others.counts {
            *self.counts.entry(spacing).or_default() += count;
        }
        self.all += others.all;
        self
    }

    /// The spacing of most of at least five points, if they have one.
    pub fn regular(&self) -> Option<SignedDuration> {
        let common = self.commonest()?;
        let near = |spacing: &i128| (spacing - common.as_millis()).abs() * 10 <= common.as_millis();
        let alike: usize = self.counts.iter().filter(|(spacing, _)| near(spacing)).map(|(_, count)| count).sum();
        (self.all >= 4 && alike * 10 >= self.all * 6).then(|| self.rounded(common))
    }

    /// The commonest spacing, the shortest of equals.
    pub fn commonest(&self) -> Option<SignedDuration> {
        let best = self.counts.iter().max_by_key(|(spacing, count)| (**count, -**spacing));
        best.map(|(spacing, _)| SignedDuration::from_millis(i64::try_from(*spacing).unwrap_or(i64::MAX)))
    }

    /// The step that the commonest spacing means.
    pub fn step(&self) -> Option<SignedDuration> {
        self.commonest().map(|found| self.rounded(found))
    }

    /// Where clocks jitter (59.9 s, 60.1 s, …) the round spacing that is meant.
    fn rounded(&self, found: SignedDuration) -> SignedDuration {
        const ROUND: [i64; 15] = [1, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 21_600, 86_400];
        let found_ms = found.as_millis();
        let steady = self.counts.get(&found_ms).is_some_and(|count| count * 5 >= self.all * 4);
        let near = ROUND.iter().find(|round| (i128::from(**round) * 1_000 - found_ms).abs() * 50 <= found_ms);
        match near {
            Some(round) if !steady => SignedDuration::from_secs(*round),
            _ => found,
        }
    }
}
