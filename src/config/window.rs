//! Which time is judged: `last` until now, `from` and `to`, or all there is; and where the baseline's lies.

use super::Options;
use super::days;
use super::freshness::Services;
use super::plan::{Span as Stretch, TimePlan};
use super::values::known_zone;
use super::written::baseline::BaselineEntry;
use super::written::file::WindowEntry;
use crate::notation::Span;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::text::problem::{At, Complaint, Place, Report};

/// The window of a phase over the common one, key by key. Naming any end replaces both.
pub(super) fn merged(common: Option<&WindowEntry>, own: Option<&WindowEntry>) -> Option<WindowEntry> {
    let (Some(common), Some(own)) = (common, own) else {
        return own.or(common).cloned();
    };
    let ends = if own.last.is_some() || own.from.is_some() || own.to.is_some() { own } else { common };
    Some(WindowEntry {
        place: own.place,
        last: ends.last.clone(),
        from: ends.from.clone(),
        to: ends.to.clone(),
        step: own.step.clone().or_else(|| common.step.clone()),
        settle: own.settle.clone().or_else(|| common.settle.clone()),
        warmup: own.warmup.clone().or_else(|| common.warmup.clone()),
        baseline: own.baseline.clone().or_else(|| common.baseline.clone()),
    })
}

/// The time to take, and how much warm-up is dropped. Services have needs of their own.
pub(super) fn time(
    window: Option<&WindowEntry>,
    services: Option<&Services>,
    options: &Options,
    report: &mut Report,
) -> (TimePlan, SignedDuration) {
    let settle = window.and_then(|window| window.settle.as_ref());
    let settled = match (settle, services) {
        (None, Some(services)) => options.now.saturating_sub(services.settle).unwrap_or(options.now),
        (settle, _) => earlier(options.now, settle, report),
    };
    let canary = canary(window, settled, options, report);
    let canary_span = canary.map_or(Stretch::All, Stretch::Exactly);
    let own = window.and_then(|window| window.baseline.as_ref());
    let days = own.and_then(|own| days::days(own, canary, (window, options), report));
    let baseline = match &days {
        Some(days) => days.ago.first().map(|first| Stretch::Earlier(*first)),
        None => own.and_then(|own| baseline(own, canary, report)),
    };
    let baseline = baseline.unwrap_or(canary_span);
    let step = window.and_then(|window| window.step.as_ref());
    if let Some(step) = step.filter(|step| step.value.0.is_zero()) {
        report.add_with(step.place, "a step of nothing", "write the spacing of the points: `step: 5m`");
    }
    if let (Some(step), Some(last)) = (step, window.and_then(|window| window.last.as_ref()))
        && step.value > last.value
    {
        report.add(step.place, format!("a step of {} is longer than the window of {}", step.value, last.value));
    }
    let warmup = window.map_or(SignedDuration::ZERO, |window| warmup(window, report));
    let zone = own.and_then(|own| known_zone(own.zone.as_ref()?, report));
    let time =
        TimePlan { canary: canary_span, baseline, step: step.map(|step| step.value.0), steady: false, zone, days };
    let time = match services {
        Some(services) => services.cut(time, window, settled, report),
        None => time,
    };
    (time, warmup)
}

fn canary(window: Option<&WindowEntry>, now: Timestamp, options: &Options, report: &mut Report) -> Option<Window> {
    let settle = window.and_then(|window| window.settle.as_ref());
    if options.from.is_some() || options.to.is_some() {
        return by_options(window, options, now, report);
    }
    let window = window?;
    match (&window.last, &window.from, &window.to) {
        (Some(last), None, None) => {
            if last.value.0.is_zero() {
                report.add_with(last.place, "a window of nothing", "write how long it is: `last: 1h`");
            }
            Some(Window { start: earlier(now, Some(last), report), end: now })
        }
        (Some(last), _, _) => {
            let hint = "write `last` (until now), or `from` and `to`";
            report.add_with(last.place, "`last` does not go together with `from` or `to`", hint);
            None
        }
        (None, Some(from), to) => {
            let end = to.as_ref().map_or(now, |to| to.value);
            ordered(from.place, Window { start: from.value, end }, report)
        }
        (None, None, Some(to)) => {
            report.add_with(to.place, "`to` needs `from`", "write `from: 2026-11-21T10:00:00Z` too");
            None
        }
        (None, None, None) => {
            if let Some(settle) = settle.filter(|settle| !settle.value.0.is_zero()) {
                let hint = "write `last: 1h` too, or leave `settle` out";
                report.add_with(
                    settle.place,
                    "`settle` is for a window that ends now, and this one takes all data",
                    hint,
                );
            }
            None
        }
    }
}

fn by_options(window: Option<&WindowEntry>, options: &Options, now: Timestamp, report: &mut Report) -> Option<Window> {
    let written =
        |end: fn(&WindowEntry) -> &Option<At<Timestamp>>| window.and_then(|w| end(w).as_ref()).map(|at| at.value);
    let last = window.and_then(|window| window.last.as_ref());
    let end = options.to.or_else(|| written(|w| &w.to)).unwrap_or(now);
    let start = options.from.or_else(|| written(|w| &w.from)).or_else(|| Some(earlier(end, Some(last?), report)));
    let Some(start) = start else {
        report.option("--to", Complaint::new("where the window begins is not said").hint("give `--from` too"));
        return None;
    };
    if start >= end {
        let option = if options.from.is_some() { "--from" } else { "--to" };
        report.option(option, Complaint::new(format!("the window would end ({end}) before it begins ({start})")));
        return None;
    }
    Some(Window { start, end })
}

fn baseline(own: &BaselineEntry, canary: Option<Window>, report: &mut Report) -> Option<Stretch> {
    let ago = own.ago.as_ref().and_then(|ago| ago.each().first());
    match (ago, &own.from, &own.to) {
        (Some(ago), None, None) => {
            if ago.value.0.is_zero() {
                report.add_with(
                    ago.place,
                    "no time ago is the canary's own window",
                    "write `ago: 7d`, or leave it out",
                );
            }
            Some(Stretch::Earlier(ago.value.0))
        }
        (Some(ago), _, _) => {
            report.add(ago.place, "`ago` does not go together with `from` or `to`");
            None
        }
        (None, Some(from), Some(to)) => {
            ordered(from.place, Window { start: from.value, end: to.value }, report).map(Stretch::Exactly)
        }
        (None, Some(from), None) => match canary.and_then(|c| from.value.checked_add(c.duration()).ok()) {
            Some(end) => Some(Stretch::Exactly(Window { start: from.value, end })),
            None => {
                report.add_with(from.place, "where the baseline's window ends is not said", "write `to` too");
                None
            }
        },
        (None, None, Some(to)) => {
            report.add_with(to.place, "`to` needs `from`", "write `from` too, or `ago: 7d`");
            None
        }
        (None, None, None) if own.days.is_some() => None,
        (None, None, None) => {
            report.add_with(own.place, "the baseline's window is empty", "write `ago: 7d`, or `from` and `to`");
            None
        }
    }
}

fn ordered(place: Place, window: Window, report: &mut Report) -> Option<Window> {
    if window.start < window.end {
        return Some(window);
    }
    report.add(place, format!("the window ends ({}) before it begins ({})", window.end, window.start));
    None
}

fn earlier(instant: Timestamp, by: Option<&At<Span>>, report: &mut Report) -> Timestamp {
    let Some(by) = by else { return instant };
    instant.checked_sub(by.value.0).unwrap_or_else(|_| {
        report.add(by.place, format!("{} before {instant} is before the calendar begins", by.value));
        instant
    })
}

fn warmup(window: &WindowEntry, report: &mut Report) -> SignedDuration {
    let Some(warmup) = &window.warmup else { return SignedDuration::ZERO };
    if let Some(last) = window.last.as_ref().filter(|last| warmup.value >= last.value) {
        report.add(warmup.place, format!("a warm-up of {} leaves nothing of a window of {}", warmup.value, last.value));
    }
    warmup.value.0
}
