//! Several earlier windows as the baseline: which they are, and what cannot be compared with them.
//!
//! `days: 14` is short for `ago: [1d, 2d, …, 14d]`. Every window is as long as the canary's, so windows must lie at least that
//! far apart. The time before each window adjusts for what was there before the deployment. So the canary's window must
//! begin with the deployment: within one that began later, the adjustment would take the effect away.

use super::Options;
use super::plan::{Days, TimePlan};
use super::written::baseline::{AgoEntry, BaselineEntry};
use super::written::file::{File, WindowEntry};
use crate::judge::rules::{Criterion, Looks, Rule};
use crate::judge::words::duration;
use crate::series::{SignedDuration, Window};
use crate::text::problem::{Place, Report};

/// More earlier windows are not asked for: a service changes too much in a quarter of a year.
const MOST: usize = 100;

/// The earlier windows of a canary's, where several are written.
pub(super) fn days(
    own: &BaselineEntry,
    canary: Option<Window>,
    (window, options): (Option<&WindowEntry>, &Options),
    report: &mut Report,
) -> Option<Days> {
    let ago = ago(own, report)?;
    if ago.len() > 1 {
        apart(&ago, canary, own.place, report);
    } else {
        if let Some(before) = &own.before {
            let hint = "write several, as `ago: [1d, 7d, 14d]` or `days: 14`, or leave `before` out";
            report.add_with(before.place, "`before` is for several earlier windows, and this is one", hint);
        }
        return None;
    }
    let before = own.before.as_ref().filter(|before| !before.value.0.is_zero());
    if let Some(before) = before
        && window.is_some_and(|window| window.last.is_some())
        && options.from.is_none()
    {
        let hint = "write the time of the deployment as `from` instead of `last`, give --from, or leave `before` out";
        let message = "`before` needs a window that begins with the deployment, which `last` does not say";
        report.add_with(before.place, message, hint);
    }
    Some(Days { ago, before: before.map(|before| before.value.0) })
}

/// How much earlier the windows are, rising.
fn ago(own: &BaselineEntry, report: &mut Report) -> Option<Vec<SignedDuration>> {
    let several = || own.ago.as_ref().map_or(&[][..], AgoEntry::each);
    if let Some(days) = &own.days {
        if own.ago.is_some() || own.from.is_some() || own.to.is_some() {
            report.add(days.place, "`days` does not go together with `ago`, `from` or `to`");
            return None;
        }
        if days.value < 2 || days.value > MOST {
            let hint = format!("write 2 to {MOST} days, or one earlier window: `ago: 1d`");
            report.add_with(days.place, format!("`days: {}` is too few or too many", days.value), hint);
            return None;
        }
        return Some((1..).take(days.value).map(SignedDuration::from_hours).map(|hours| hours * 24).collect());
    }
    if let Some(one) = several().get(MOST) {
        report.add_with(one.place, format!("more than {MOST} earlier windows"), "leave some out");
        return None;
    }
    let mut ago: Vec<SignedDuration> = several().iter().map(|one| one.value.0).collect();
    ago.sort_unstable();
    if let Some(twice) = ago.windows(2).find(|two| two[0] == two[1]) {
        report.add_with(own.place, format!("{} is there twice in `ago`", duration(twice[0])), "write it once");
        return None;
    }
    Some(ago)
}

/// How far the windows that lie closest begin apart, the canary's among them; `ago` rises.
fn closest(ago: &[SignedDuration]) -> Option<SignedDuration> {
    ago.windows(2).map(|two| two[1] - two[0]).chain(ago.first().copied()).min()
}

/// Complains of windows that share time.
fn apart(ago: &[SignedDuration], canary: Option<Window>, place: Place, report: &mut Report) {
    if let (Some(closest), Some(length)) = (closest(ago), canary.map(|canary| canary.duration()))
        && closest < length
    {
        let (closest, length) = (duration(closest), duration(length));
        let message = format!("windows of {length} that begin {closest} apart share time, and count as several days");
        report.add_with(place, message, "write a shorter window, or earlier windows that lie further apart");
    }
}

/// Complains of what no several windows can answer.
pub(super) fn check(
    file: &File,
    time: &TimePlan,
    (criteria, looks): (&[Criterion], Looks),
    place: Place,
    report: &mut Report,
) {
    let Some(days) = &time.days else { return };
    if let (Looks::Planned { soak, .. }, Some(closest)) = (looks, closest(&days.ago))
        && soak > closest
    {
        let (soak, closest) = (duration(soak), duration(closest));
        let message = format!("at the end of the soak of {soak}, windows that begin {closest} apart share time");
        report.add_with(place, message, "write a shorter soak, or earlier windows that lie further apart");
    }
    let one = "write one earlier window: `ago: 7d`";
    for criterion in criteria.iter().filter(|criterion| criterion.compares()) {
        let what = match criterion.rule {
            Rule::Interval if criterion.statistic.is_of_days() => continue,
            Rule::Interval => "its statistic",
            Rule::Observed | Rule::Periods { .. } => "its rule",
        };
        let message = format!("{}: {what} compares with one earlier window, and there are several", criterion.name);
        report.add_with(place, message, format!("{one}, or give the criterion a limit of its own"));
    }
    if let Some(first) = file.localise.as_ref().and_then(|dimensions| dimensions.0.first()) {
        let message = "`localise` compares slices with one earlier window, and there are several";
        report.add_with(first.place, message, format!("leave `localise` out, or {one}"));
    }
    if file.kayenta.is_some() {
        let message = "the rule of Kayenta compares with one earlier window, and there are several";
        report.add_with(place, message, format!("leave `kayenta` out, or {one}"));
    }
}
