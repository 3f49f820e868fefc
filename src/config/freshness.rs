//! What services need to know of time, which files do not: a window that has an end, periods that are over and settled,
//! and points that are still kept.
//!
//! A service is asked for whole periods on its own grid, so windows are cut to whole steps. What is younger than `settle`
//! may still change (CloudWatch publishes late and corrects upwards) and is never judged, even where `to` asks for it.

use super::backend;
use super::plan::{Span as Stretch, TimePlan};
use super::written::file::WindowEntry;
use crate::notation::Span;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::{Grid, MINUTE, Query};
use crate::text::problem::{Place, Report};

/// The services that some queries ask, as far as time goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Services<'q> {
    queries: &'q [Query],
    /// One of them, in words.
    pub(super) shown: String,
    /// How long the slowest takes to settle.
    pub(super) settle: SignedDuration,
    /// Whether any answers per step.
    stepped: bool,
    /// The longest bin by which a query of Logs Insights adds up.
    bin: Option<SignedDuration>,
    /// Where to complain of a window that is not there.
    place: Place,
}

impl<'q> Services<'q> {
    /// Those that the queries ask; nothing where files are all there is.
    pub(super) fn of(queries: &'q [Query], place: Place) -> Option<Services<'q>> {
        let mut services: Option<Services<'q>> = None;
        for service in queries.iter().filter_map(|query| query.source.service()) {
            let (stepped, bin) = match service.grid() {
                Grid::Steps => (true, None),
                Grid::Own(bin) => (false, bin),
            };
            let settle = service.settle();
            let first = || Services { queries, shown: service.describe(), settle, stepped, bin, place };
            let known = services.get_or_insert_with(first);
            (known.settle, known.stepped) = (known.settle.max(settle), known.stepped || stepped);
            known.bin = known.bin.max(bin);
        }
        services
    }

    /// The finest step that all of them still keep, a minute at least.
    fn finest(&self, oldest: Timestamp, now: Timestamp) -> SignedDuration {
        let services = self.queries.iter().filter_map(|query| query.source.service());
        services.filter_map(|service| service.finest(oldest, now)).fold(MINUTE, SignedDuration::max)
    }

    /// The window in whole steps, none of which is younger than what has settled.
    pub(super) fn cut(
        &self,
        time: TimePlan,
        window: Option<&WindowEntry>,
        now: Timestamp,
        report: &mut Report,
    ) -> TimePlan {
        let written = window.and_then(|window| window.step.as_ref());
        let place = window.map_or(self.place, |window| window.place);
        let Stretch::Exactly(canary) = time.canary else {
            // a window that is said and wrong has been complained of
            if !window.is_some_and(|window| window.last.is_some() || window.from.is_some() || window.to.is_some()) {
                let message = format!("{} needs a time window", self.shown);
                report.add_with(place, message, "write `window: { last: 1h, step: 1m }`, or give --from and --to");
            }
            return time;
        };
        let oldest = oldest(&time, canary);
        let usual = self.finest(oldest, now);
        let usual = if self.stepped { usual } else { self.bin.unwrap_or(usual) };
        let step = written.map(|step| step.value.0);
        // a bin that is cut off at an end of the window would be judged as if it were whole
        let grid = step.unwrap_or(usual).max(self.bin.unwrap_or_default());
        if let (Some(bin), Some(step)) = (self.bin, written)
            && (bin.as_nanos() % step.value.0.as_nanos().max(1) != 0
                && step.value.0.as_nanos() % bin.as_nanos().max(1) != 0)
        {
            let message =
                format!("a query adds up by bins of {}, which do not fit into steps of {}", Span(bin), step.value);
            report.add_with(step.place, message, "write `by bin(${step})` in the query");
        }
        let canary = Window { end: canary.end.min(now), ..canary };
        let baseline = match time.baseline {
            Stretch::Exactly(baseline) => {
                Stretch::Exactly(whole(Window { end: baseline.end.min(now), ..baseline }, grid))
            }
            other => other,
        };
        let cut = whole(canary, grid);
        if cut.start >= cut.end {
            let message = format!(
                "no whole step of {} lies between {} and {}, up to when {} has settled",
                Span(grid),
                canary.start,
                canary.end.max(canary.start),
                self.shown
            );
            report.add_with(place, message, "judge later, or write a longer window or a shorter `settle`");
            return time;
        }
        let earlier = |by| time.before(cut.start, by).map_or(by, |before| cut.start.duration_since(before));
        let ago: Vec<SignedDuration> = match (&time.days, baseline) {
            (Some(days), _) => days.ago.clone(),
            (None, Stretch::Earlier(by)) => vec![by],
            (None, _) => Vec::new(),
        };
        for by in ago.into_iter().filter(|by| earlier(*by).as_nanos() % grid.as_nanos().max(1) != 0) {
            let message = format!("{} ago is not a whole number of steps of {}", Span(by), Span(grid));
            report.add_with(place, message, "write whole steps, so that both windows lie on the service's grid");
        }
        TimePlan {
            canary: Stretch::Exactly(cut),
            baseline,
            step: step.or((self.stepped || self.bin.is_some()).then_some(usual)),
            steady: time.steady,
            zone: time.zone,
            days: time.days,
        }
    }
}

/// When the earliest of the windows begins.
fn oldest(time: &TimePlan, canary: Window) -> Timestamp {
    if let Some(reach) = time.reach(canary) {
        return reach.start;
    }
    match time.baseline {
        Stretch::Exactly(baseline) => baseline.start.min(canary.start),
        Stretch::Earlier(by) => time.before(canary.start, by).unwrap_or(canary.start),
        Stretch::All => canary.start,
    }
}

/// The whole steps of a window, on the grid that begins with the epoch.
fn whole(window: Window, step: SignedDuration) -> Window {
    let step = step.as_nanos().max(1);
    let at = |nanoseconds: i128| Timestamp::from_nanosecond(nanoseconds).ok();
    let (start, end) = (window.start.as_nanosecond(), window.end.as_nanosecond());
    let first = start.div_euclid(step) + i128::from(start.rem_euclid(step) != 0);
    Window {
        start: at(first * step).unwrap_or(window.start),
        end: at(end.div_euclid(step) * step).unwrap_or(window.end),
    }
}

/// Gives the queries of services their steps; complains of steps that cannot be had.
pub(super) fn place(
    queries: &mut [Query],
    time: &TimePlan,
    window: Option<&WindowEntry>,
    now: Timestamp,
    report: &mut Report,
) {
    let (Stretch::Exactly(canary), step) = (time.canary, time.step.unwrap_or(MINUTE)) else { return };
    let oldest = oldest(time, canary);
    for query in queries {
        backend::place(&mut query.source, window, (oldest, now), report);
        if let Some(service) = query.source.service_mut() {
            service.set_step(step);
        }
    }
}

/// A step as the queries of Logs Insights write it: one number, one unit.
pub(super) fn spelled(step: SignedDuration) -> String {
    let seconds = step.as_secs().max(1);
    match () {
        () if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        () if seconds % 60 == 0 => format!("{}m", seconds / 60),
        () => format!("{seconds}s"),
    }
}
