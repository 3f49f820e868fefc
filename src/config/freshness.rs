//! What services need to know of time, which files do not: a window that has an end, periods that are over and settled,
//! and points that are still kept.
//!
//! A service is asked for whole periods on its own grid, so windows are cut to whole steps. What is younger than `settle`
//! may still change (CloudWatch publishes late and corrects upwards) and is never judged, even where `to` asks for it.

use super::asking::PERIOD;
use super::plan::{Span as Stretch, TimePlan};
use super::quantity::Span;
use super::written::file::WindowEntry;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::source::aws::{Measure, known};
use crate::source::{Query, Source};
use crate::text::problem::{At, Place, Report};

/// Points of metrics still change for so long.
const METRICS_SETTLE: SignedDuration = SignedDuration::from_mins(2);
/// Log events arrive and are indexed for so long.
const LOGS_SETTLE: SignedDuration = SignedDuration::from_mins(5);

/// The services that some queries ask, as far as time goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Services {
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

impl Services {
    /// Those that the queries ask; nothing where files are all there is.
    pub(super) fn of(queries: &[Query], place: Place) -> Option<Services> {
        let mut services: Option<Services> = None;
        for query in queries {
            let (settle, stepped) = match &query.source {
                Source::File(_) | Source::Requests(_) | Source::Lost(_) => continue,
                Source::CloudWatch(_) | Source::Alarms(_) => (METRICS_SETTLE, true),
                Source::Insights(_) => (LOGS_SETTLE, false),
                Source::LogEvents(_) => (LOGS_SETTLE, true),
            };
            let bin = match &query.source {
                Source::Insights(asked) => bins(&asked.query).max(),
                _ => None,
            };
            let known = services.get_or_insert(Services { shown: query.source.shown(), settle, stepped, bin, place });
            (known.settle, known.stepped) = (known.settle.max(settle), known.stepped || stepped);
            known.bin = known.bin.max(bin);
        }
        services
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
                let message = format!("{} is asked about a time, and which is not said", self.shown);
                report.add_with(place, message, "write `window: { last: 1h, step: 1m }`, or give --from and --to");
            }
            return time;
        };
        let oldest = oldest(&time, canary);
        let usual = known::finest_kept(oldest, now).unwrap_or(PERIOD).max(PERIOD);
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
        if let Stretch::Earlier(by) = baseline
            && earlier(by).as_nanos() % grid.as_nanos().max(1) != 0
        {
            let message = format!("{} ago is not a whole number of steps of {}", Span(by), Span(grid));
            report.add_with(place, message, "write whole steps, so that both windows lie on the service's grid");
        }
        TimePlan {
            canary: Stretch::Exactly(cut),
            baseline,
            step: step.or((self.stepped || self.bin.is_some()).then_some(usual)),
            steady: time.steady,
            zone: time.zone,
        }
    }
}

/// When the earlier of both windows begins.
fn oldest(time: &TimePlan, canary: Window) -> Timestamp {
    match time.baseline {
        Stretch::Exactly(baseline) => baseline.start.min(canary.start),
        Stretch::Earlier(by) => time.before(canary.start, by).unwrap_or(canary.start),
        Stretch::All => canary.start,
    }
}

/// The bins that a query of Logs Insights names: `bin(5m)`.
fn bins(query: &str) -> impl Iterator<Item = SignedDuration> {
    let inside = query.split("bin(").skip(1).filter_map(|rest| rest.split(')').next());
    inside.filter_map(|text| Span::parse(text.trim()).ok()).map(|span| span.0).filter(|bin| !bin.is_zero())
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

/// Gives the queries of services their periods; complains of periods that cannot be had.
pub(super) fn place(
    queries: &mut [Query],
    time: &TimePlan,
    window: Option<&WindowEntry>,
    now: Timestamp,
    report: &mut Report,
) {
    let written = window.and_then(|window| window.step.as_ref());
    let (Stretch::Exactly(canary), step) = (time.canary, time.step.unwrap_or(PERIOD)) else { return };
    let oldest = oldest(time, canary);
    for query in queries {
        match &mut query.source {
            Source::CloudWatch(asked) => {
                if let Some(written) = written {
                    fine(written, &asked.columns, report);
                }
                match (known::finest_kept(oldest, now), written) {
                    (None, _) => {
                        let place = window.map_or(Place::default(), |window| window.place);
                        let message = format!("CloudWatch keeps no points from {oldest}: at most 455 days are kept");
                        report.add_with(place, message, "write a later window, or judge a recording");
                    }
                    (Some(finest), Some(written)) if written.value.0 < finest => {
                        let (kept, finest) = (kept(written.value.0), Span(finest));
                        let message = format!(
                            "CloudWatch keeps points of {} for {kept}, and the window begins at {oldest}",
                            written.value
                        );
                        report.add_with(
                            written.place,
                            message,
                            format!("write `step: {finest}`, the finest that is kept from then"),
                        );
                    }
                    (Some(finest), None) if finest > PERIOD => {
                        asked.note =
                            Some(format!("periods of {}: finer points are kept for {}", Span(finest), kept(PERIOD)));
                    }
                    _ => {}
                }
                asked.period = step;
            }
            Source::Alarms(asked) => asked.step = step,
            Source::LogEvents(asked) => asked.step = step,
            Source::File(_) | Source::Requests(_) | Source::Insights(_) | Source::Lost(_) => {}
        }
    }
}

/// For how long points of a length are kept, in words.
fn kept(step: SignedDuration) -> &'static str {
    match step.as_secs() {
        ..60 => "3 hours",
        60..300 => "15 days",
        300..3600 => "63 days",
        _ => "455 days",
    }
}

fn fine(step: &At<Span>, columns: &[crate::source::aws::Column], report: &mut Report) {
    if !known::is_period(step.value.0) {
        let hint = "write 1s, 5s, 10s, 20s, 30s or whole minutes";
        report.add_with(step.place, format!("CloudWatch has no periods of {}", step.value), hint);
    }
    if step.value.0 >= PERIOD {
        return;
    }
    let own = columns.iter().find_map(|column| match &column.measure {
        Measure::Statistic(of) if of.namespace.starts_with("AWS/") => Some(of.to_string()),
        _ => None,
    });
    if let Some(metric) = own {
        let message = format!("AWS publishes {metric} every minute, not every {}", step.value);
        report.add_with(step.place, message, "write `step: 1m`");
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
