//! Counters added up: of an arm, of each instance, of each group; and what a reader must know of them.
//!
//! Series that replicas have scraped twice are counted once if the question names their label, and remarked if it does not.
//! Which births count is decided by target (`job` and `instance`): a new series of a target that was scraped before did
//! begin at zero; all series of a target that is new are believed as far as they go on as they began.

use std::collections::{BTreeMap, BTreeSet};

use super::tracks::{Birth, Labels, Track, Tracks, instant, label, shown};
use crate::series::Remark;
use crate::source::error::{Error, quoted};

/// Labels that Prometheus and its kin give to each of several servers that scrape the same.
const REPLICAS: [&str; 4] = ["replica", "prometheus_replica", "__replica__", "prometheus"];
/// More of what was counted than this share, in percent, should not have come across missing scrapes.
const LATE: u64 = 10;

/// Counts per step; nothing in a step without any sample.
pub(super) type Steps = Vec<Option<u64>>;

/// The counters of one column.
#[derive(Debug)]
pub(super) struct Totals {
    tracks: Tracks,
    doubted: BTreeSet<Labels>,
}

/// The target that a series was scraped from.
type Target<'t> = (Option<&'t str>, Option<&'t str>);

fn target(labels: &Labels) -> Target<'_> {
    (label(labels, "job"), label(labels, "instance"))
}

/// The same labels without some.
fn less(labels: &Labels, without: &[&str]) -> Labels {
    labels.iter().filter(|(name, _)| !without.contains(&name.as_str())).cloned().collect()
}

/// The columns of a question, with births that cannot be believed marked in all of them, and what there is to say.
pub(super) fn of(columns: Vec<(String, Tracks)>, without: &[String]) -> (Vec<(String, Totals)>, Vec<Remark>) {
    let mut remarks = Vec::new();
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    let columns: Vec<(String, Tracks)> =
        columns.into_iter().map(|(name, tracks)| (name, one_of_replicas(tracks, &without))).collect();
    let mut said = BTreeSet::new();
    for (_, tracks) in &columns {
        remarks.extend(replicas(tracks).filter(|remark| said.insert(remark.text.clone())));
    }
    let doubted = doubted(&columns);
    remarks.extend(of_births(&columns, &doubted));
    remarks.extend(of_restarts(&columns));
    remarks.extend(of_late(&columns));
    remarks.extend(of_ends(&columns));
    let totals = columns.into_iter().map(|(name, tracks)| {
        let doubted = tracks.by.keys().filter(|labels| doubted.contains(*labels)).cloned().collect();
        (name, Totals { tracks, doubted })
    });
    (totals.collect(), remarks)
}

impl Totals {
    /// Whether no series was found.
    pub fn is_empty(&self) -> bool {
        self.tracks.by.is_empty()
    }

    /// The counts of all series together.
    pub fn all(&self) -> Steps {
        self.summed(|_| true)
    }

    /// Whether every series has a label.
    ///
    /// # Errors
    ///
    /// Unreadable: a series lacks it.
    pub fn has(&self, name: &str) -> Result<(), Error> {
        let Some(labels) = self.tracks.by.keys().find(|labels| label(labels, name).is_none()) else { return Ok(()) };
        Err(Error::unreadable(format!("{} has no label {}", shown(labels), quoted(name)))
            .hint("Name a label that every series has, or select those that have it."))
    }

    /// The counts of some series together.
    pub fn summed(&self, which: impl Fn(&Labels) -> bool) -> Steps {
        let span = &self.tracks.span;
        let mut sum: Steps = vec![None; span.steps()];
        for (labels, track) in self.tracks.by.iter().filter(|(labels, _)| which(labels)) {
            let with_birth = !self.doubted.contains(labels);
            for (step, sum) in sum.iter_mut().enumerate() {
                if let Some(count) = track.count(step, with_birth, span) {
                    *sum = Some(sum.unwrap_or(0).saturating_add(count));
                }
            }
        }
        sum
    }

    /// The values of a label that its series have.
    pub fn values(&self, name: &str) -> BTreeSet<&str> {
        self.tracks.by.keys().filter_map(|labels| label(labels, name)).collect()
    }
}

/// Of series that differ only in the labels to leave out, the one with the most samples.
fn one_of_replicas(tracks: Tracks, without: &[&str]) -> Tracks {
    if without.is_empty() {
        return tracks;
    }
    let mut best: BTreeMap<Labels, (Labels, Track)> = BTreeMap::new();
    for (labels, track) in tracks.by {
        let key = less(&labels, without);
        match best.get(&key) {
            Some((_, known)) if known.sampled() >= track.sampled() => {}
            _ => {
                best.insert(key, (labels, track));
            }
        }
    }
    Tracks { span: tracks.span, by: best.into_iter().map(|(key, (_, track))| (key, track)).collect() }
}

/// Remarks series that differ only in a label of replicas.
fn replicas(tracks: &Tracks) -> impl Iterator<Item = Remark> + '_ {
    let twice = |name: &'static str| {
        let has_it = || tracks.by.keys().filter(|labels| label(labels, name).is_some());
        let alike: BTreeSet<Labels> = has_it().map(|labels| less(labels, &[name])).collect();
        let (all, alike) = (has_it().count(), alike.len());
        (all > alike).then(|| {
            Remark::suspect(format!(
                "{} of {all} series differ only in the label {} and seem to be counted twice; write `without: [{name}]`",
                all - alike,
                quoted(name)
            ))
        })
    };
    REPLICAS.into_iter().filter_map(twice)
}

/// The series whose births are not believed.
fn doubted(columns: &[(String, Tracks)]) -> BTreeSet<Labels> {
    let mut known: BTreeMap<Target, i64> = BTreeMap::new();
    for (labels, track) in columns.iter().flat_map(|(_, tracks)| &tracks.by) {
        let first = known.entry(target(labels)).or_insert(track.first);
        *first = track.first.min(*first);
    }
    // a target that was looked at before had no such series then; without a label nothing tells targets apart
    let is_of_new = |labels: &Labels, birth: &Birth| {
        let target = target(labels);
        target.1.is_none() || known.get(&target).is_none_or(|first| *first >= birth.at)
    };
    let mut new: BTreeMap<Labels, BTreeMap<&str, Vec<&Birth>>> = BTreeMap::new();
    for (name, tracks) in columns {
        for (labels, track) in &tracks.by {
            let Some(birth) = track.birth.as_ref().filter(|birth| is_of_new(labels, birth)) else { continue };
            new.entry(key(labels)).or_default().entry(name).or_default().push(birth);
        }
    }
    let lookback = columns.first().map_or(0, |(_, tracks)| tracks.span.start - tracks.span.from);
    let largest = |of: &BTreeMap<&str, Vec<&Birth>>| {
        let value = |births: &&Vec<&Birth>| births.iter().map(|birth| birth.value).sum::<u64>();
        of.values().max_by_key(value).is_some_and(|births| Birth::are_doubted(births.iter().copied(), lookback))
    };
    let doubted: BTreeSet<Labels> = new.iter().filter(|(_, of)| largest(of)).map(|(key, _)| key.clone()).collect();
    let all = columns.iter().flat_map(|(_, tracks)| &tracks.by);
    let is_doubted = |labels: &Labels, track: &Track| {
        track.birth.as_ref().is_some_and(|birth| is_of_new(labels, birth)) && doubted.contains(&key(labels))
    };
    all.filter(|(labels, track)| is_doubted(labels, track)).map(|(labels, _)| labels.clone()).collect()
}

/// What is looked at together: a target, or a series where nothing names one.
fn key(labels: &Labels) -> Labels {
    match target(labels).1 {
        Some(_) => labels.iter().filter(|(name, _)| name == "job" || name == "instance").cloned().collect(),
        None => labels.clone(),
    }
}

/// All series of all columns, each once.
fn each(columns: &[(String, Tracks)]) -> BTreeMap<&Labels, &Track> {
    columns.iter().flat_map(|(_, tracks)| &tracks.by).collect()
}

fn of_births(columns: &[(String, Tracks)], doubted: &BTreeSet<Labels>) -> Vec<Remark> {
    let all = each(columns);
    let born: Vec<(&&Labels, &Birth)> =
        all.iter().filter_map(|(labels, track)| Some((labels, track.birth.as_ref()?))).collect();
    let (doubtful, sound): (Vec<_>, Vec<_>) = born.iter().partition(|(labels, _)| doubted.contains(**labels));
    let mut remarks = Vec::new();
    if let Some((labels, birth)) = sound.first() {
        let text = format!(
            "{} begin inside the window and count from zero, such as {} at {} with {}",
            series(sound.len(), all.len()),
            shown(labels),
            instant(birth.at),
            birth.value
        );
        remarks.push(Remark::note(text));
    }
    if let Some((labels, birth)) = doubtful.iter().max_by_key(|(_, birth)| birth.value) {
        let text = format!(
            "{} begin inside the window with more than they can have counted by then: {} has {} at {}. They are older than \
             what the server knows of them, so what they counted before is left out",
            series(doubtful.len(), all.len()),
            shown(labels),
            birth.value,
            instant(birth.at),
        );
        remarks.push(Remark::incomplete(text));
    }
    remarks
}

fn of_restarts(columns: &[(String, Tracks)]) -> Vec<Remark> {
    let all = each(columns);
    let restarted: Vec<&&Labels> =
        all.iter().filter(|(_, track)| track.restarts > 0).map(|(labels, _)| labels).collect();
    let mut remarks = Vec::new();
    if let Some(labels) = restarted.first() {
        let text = format!(
            "{} start again from zero, such as {}; what they counted between the last scrape and the restart is not known",
            series(restarted.len(), all.len()),
            shown(labels)
        );
        remarks.push(Remark::note(text));
    }
    let fallen = all.iter().find_map(|(labels, track)| track.doubts.first().map(|doubt| (labels, doubt)));
    if let Some((labels, doubt)) = fallen {
        let text = format!(
            "{} falls to {} at {}, which is too much for a counter that starts again from zero: a gauge, or several servers \
             that disagree? It is not counted",
            shown(labels),
            doubt.value,
            instant(doubt.at)
        );
        remarks.push(Remark::incomplete(text));
    }
    remarks
}

/// Scrapes that are missing: what was counted meanwhile stands in the step of the next one.
fn of_late(columns: &[(String, Tracks)]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (name, tracks) in columns {
        let counted: u64 = tracks.by.values().map(Track::counted).sum();
        let late: Vec<(&Labels, u64)> =
            tracks.by.iter().map(|(labels, track)| (labels, track.late())).filter(|(_, late)| *late > 0).collect();
        let sum: u64 = late.iter().map(|(_, late)| late).sum();
        let Some((labels, _)) = late.iter().max_by_key(|(_, late)| *late) else { continue };
        let text = format!(
            "{sum} of {counted} in {} were counted while scrapes were missing, such as those of {}; they stand in the step of \
             the next scrape",
            quoted(name),
            shown(labels)
        );
        let is_much = u128::from(sum) * 100 > u128::from(counted) * u128::from(LATE);
        remarks.push(if is_much { Remark::suspect(text) } else { Remark::note(text) });
    }
    remarks
}

/// Series that end before the window does.
fn of_ends(columns: &[(String, Tracks)]) -> Vec<Remark> {
    let all = each(columns);
    let Some((_, tracks)) = columns.first() else { return Vec::new() };
    let is_over =
        |track: &Track| track.interval().is_some_and(|interval| 2 * (tracks.span.end - track.ended()) > 5 * interval);
    let ended: Vec<(&&Labels, &&Track)> = all.iter().filter(|(_, track)| is_over(track)).collect();
    let Some((labels, track)) = ended.iter().max_by_key(|(_, track)| track.ended()) else { return Vec::new() };
    let text = format!(
        "{} end before the window does; the last sample is that of {} at {}",
        series(ended.len(), all.len()),
        shown(labels),
        instant(track.ended())
    );
    vec![Remark::note(text)]
}

fn series(some: usize, all: usize) -> String {
    format!("{some} of {all} series")
}
