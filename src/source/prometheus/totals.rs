//! Counters added up: of an arm, of each instance, of each group; and what a reader must know of them.
//!
//! Series that replicas have scraped twice are counted once if the question names their label, and remarked if it does not.
//! Which births count is decided by target (`job` and `instance`): a new series of a target that was scraped before did
//! begin at zero; all series of a target that is new are believed as far as they go on as they began.

use std::collections::{BTreeMap, BTreeSet};

use super::tracks::{Birth, Labels, Track, Tracks, instant, label, named, shown};
use crate::series::Remark;
use crate::source::error::{Error, quoted};

/// Labels that Prometheus and its kin give to each of several servers that scrape the same.
const REPLICAS: [&str; 4] = ["replica", "prometheus_replica", "__replica__", "prometheus"];
/// More of what was counted than this share, in percent, should not have come across missing scrapes.
const LATE: u64 = 10;

/// A series that falls as often as this, and in more than one of `OFTEN` samples, is not one counter that restarts.
const FALLS: u64 = 3;
const OFTEN: u64 = 10;

/// If more than one of so many series end and nothing begins in their place, those that are left may be the better ones.
const GONE: usize = 4;

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
pub(super) fn less(labels: &Labels, without: &[&str]) -> Labels {
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

    /// Whether a series is one of those that are counted.
    pub fn has_series(&self, labels: &Labels) -> bool {
        self.tracks.by.contains_key(labels)
    }

    /// Whether the first number of a series is not believed.
    pub fn is_doubted(&self, labels: &Labels) -> bool {
        self.doubted.contains(labels)
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
        self.tracks.by.keys().try_for_each(|labels| named(labels, name).map(drop))
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
    Tracks { span: tracks.span, by: best.into_values().collect() }
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
    if let Some((labels, track)) = all.iter().find(|(_, track)| is_torn(track)) {
        let text = format!(
            "{} falls {} times, which is too often for restarts: do several targets share one series? Give each a label of its \
             own, such as `instance`",
            shown(labels),
            track.restarts
        );
        remarks.push(Remark::incomplete(text));
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

/// Whether a series falls so often, for how many samples it has at its usual interval, that it cannot be one counter.
fn is_torn(track: &Track) -> bool {
    let lasts = track.ended() - track.first;
    let samples = track.interval().map_or(1, |interval| 1 + (lasts / interval.max(1)).unsigned_abs());
    track.restarts >= FALLS && OFTEN * track.restarts > samples
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
    // what is replaced has begun somewhere else
    let born = all.iter().filter(|(_, track)| track.birth.is_some()).count();
    let is_much = GONE * ended.len().saturating_sub(born) > all.len();
    vec![if is_much { Remark::suspect(text) } else { Remark::note(text) }]
}

fn series(some: usize, all: usize) -> String {
    format!("{some} of {all} series")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::Gravity;
    use crate::source::prometheus::tracks::Span;

    /// Ten steps of a minute after five minutes of looking back; times are seconds after the window's start.
    const SPAN: Span = Span { start: 300_000, end: 900_000, step: 60_000, from: 0 };

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn one(samples: &[(i64, f64)]) -> (Totals, Vec<Remark>) {
        several(&[(&[("instance", "a"), ("job", "api")], samples)], &[])
    }

    /// Labels and samples.
    type Scraped<'s> = (&'s [(&'s str, &'s str)], &'s [(i64, f64)]);

    fn several(series: &[Scraped], without: &[&str]) -> (Totals, Vec<Remark>) {
        let mut tracks = Tracks::new(SPAN);
        for (pairs, samples) in series {
            let samples = samples.iter().map(|(at, value)| (300_000 + at * 1_000, *value));
            tracks.add(&labels(pairs), samples).unwrap();
        }
        let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
        let (mut totals, remarks) = of(vec![("total".into(), tracks)], &without);
        (totals.remove(0).1, remarks)
    }

    /// Samples every 15 s with so many more each.
    fn rising(from: i64, to: i64, start: f64, each: f64) -> Vec<(i64, f64)> {
        (0..=(to - from) / 15).map(|i| (from + 15 * i, start + each * i as f64)).collect()
    }

    fn worst(remarks: &[Remark]) -> Option<Gravity> {
        remarks.iter().map(|remark| remark.gravity).max()
    }

    #[test]
    fn each_step_has_what_was_counted_up_to_its_end() {
        let (totals, remarks) = one(&rising(-60, 600, 1_000.0, 2.0));
        assert_eq!((totals.all(), remarks), (vec![Some(8); 10], vec![]));
        // seven seconds beside the grid: the same, because the sum of all is what counts
        let (totals, _) = one(&rising(-53, 600, 1_000.0, 2.0));
        assert_eq!(totals.all().iter().flatten().sum::<u64>(), 2 * 40);
    }

    #[test]
    fn scrapes_that_are_missing_leave_gaps_and_are_said() {
        let samples: Vec<(i64, f64)> =
            rising(-60, 600, 0.0, 2.0).into_iter().filter(|(at, _)| *at <= 120 || *at > 290).collect();
        let (totals, remarks) = one(&samples);
        assert_eq!(totals.all()[..6], [Some(8), Some(8), None, None, Some(24), Some(8)]);
        assert_eq!(worst(&remarks), Some(Gravity::Suspect));
        assert!(
            remarks[0].text.starts_with("24 of 80 in \"total\" were counted while scrapes were missing"),
            "{remarks:?}"
        );
    }

    #[test]
    fn a_restart_begins_at_zero_and_a_fall_that_is_none_is_not_counted() {
        let samples = [rising(-60, 100, 500.0, 2.0), rising(105, 600, 1.0, 2.0)].concat();
        let (totals, remarks) = one(&samples);
        assert_eq!(totals.all()[1], Some(2 * 2 + 1 + 2), "what the last scrape before has not seen is lost");
        assert_eq!(worst(&remarks), Some(Gravity::Note));
        let samples = [rising(-60, 100, 50_000.0, 2.0), rising(105, 600, 49_000.0, 2.0)].concat();
        let (totals, remarks) = one(&samples);
        assert_eq!(totals.all()[1], Some(2 * 2 + 2));
        assert_eq!(worst(&remarks), Some(Gravity::Incomplete));
        assert!(remarks[0].text.contains("falls to 49000 at"), "{remarks:?}");
    }

    #[test]
    fn a_counter_that_falls_again_and_again_is_several() {
        // two targets, saved in turn
        let one_of = |at: i64| if at % 30 == 0 { 1_000.0 } else { 3_000.0 };
        let samples: Vec<(i64, f64)> =
            rising(-60, 600, 0.0, 2.0).into_iter().map(|(at, count)| (at, one_of(at) + count)).collect();
        let (_, remarks) = one(&samples);
        assert_eq!(worst(&remarks), Some(Gravity::Incomplete));
        assert!(remarks[1].text.contains("falls 22 times, which is too often"), "{remarks:?}");
        // a counter may restart twice in a short time, and three times in a longer one
        let from = |from: i64, to: i64| rising(from, to, 1.0, 2.0);
        let twice = [from(-60, 0), from(15, 30), from(45, 90)].concat();
        let thrice = [from(-60, 100), from(105, 130), from(135, 190), from(195, 600)].concat();
        for samples in [twice, thrice] {
            let (_, remarks) = one(&samples);
            assert!(!remarks.iter().any(|remark| remark.gravity == Gravity::Incomplete), "{remarks:?}");
        }
    }

    #[test]
    fn births_count_from_zero_as_far_as_they_can_be_believed() {
        let (totals, remarks) = one(&rising(130, 600, 9.0, 2.0));
        assert_eq!(totals.all()[..4], [None, None, Some(9 + 6), Some(8)]);
        assert_eq!(worst(&remarks), Some(Gravity::Note));
        let (totals, remarks) = one(&rising(130, 600, 1e6, 2.0));
        assert_eq!(totals.all()[..4], [None, None, Some(6), Some(8)], "older than the server knows");
        assert_eq!(worst(&remarks), Some(Gravity::Incomplete));
        // the errors of a target that was there before do begin, however many they are at once
        let of = |code| [("code", code), ("instance", "a"), ("job", "api")];
        let (good, bad) = (rising(-60, 600, 0.0, 30.0), rising(130, 600, 500.0, 0.0));
        let (totals, remarks) = several(&[(&of("200"), &good), (&of("500"), &bad)], &[]);
        assert_eq!(totals.all()[2], Some(120 + 500));
        assert_eq!(worst(&remarks), Some(Gravity::Note));
    }

    #[test]
    fn a_series_that_ends_is_silent_at_once() {
        let (totals, remarks) = one(&rising(-60, 300, 0.0, 2.0));
        assert_eq!(totals.all()[4..7], [Some(8), None, None]);
        assert!(
            remarks[0].text.contains("the last sample is that of {instance=\"a\",job=\"api\"} at 1970-01-01T00:10:00Z")
        );
    }

    #[test]
    fn replicas_are_counted_once_if_they_are_named_and_doubted_if_not() {
        let of = |replica| [("instance", "a"), ("job", "api"), ("prometheus_replica", replica)];
        let (one, other) = (rising(-60, 600, 0.0, 2.0), rising(-55, 500, 0.0, 2.0));
        let series: [Scraped; 2] = [(&of("r1"), &one), (&of("r2"), &other)];
        let (totals, remarks) = several(&series, &[]);
        assert_eq!(totals.all()[0], Some(16));
        let doubt = remarks.iter().find(|remark| remark.gravity == Gravity::Suspect).unwrap();
        assert!(doubt.text.contains("write `without: [prometheus_replica]`"), "{doubt:?}");
        let (totals, remarks) = several(&series, &["prometheus_replica"]);
        assert_eq!(totals.all(), vec![Some(8); 10]);
        assert_eq!(remarks, []);
    }

    #[test]
    fn what_is_no_count_is_refused() {
        let mut tracks = Tracks::new(SPAN);
        let own = labels(&[("__name__", "x"), ("instance", "a")]);
        let mut add = |samples: &[(i64, f64)]| tracks.add(&own, samples.iter().copied()).unwrap_err().to_string();
        assert!(add(&[(310_000, 2.5)]).contains("\"2.5\" x{instance=\"a\"} at 1970-01-01T00:05:10Z is not whole"));
        assert!(
            add(&[(310_000, f64::NAN)]).contains("is not finite") && add(&[(310_000, -1.0)]).contains("is negative")
        );
        assert!(add(&[(320_000, 7.0), (320_000, 8.0)]).contains("has two values at 1970-01-01T00:05:20Z: 7 and 8"));
        assert!(add(&[(310_000, 7.0)]).contains("has a sample at 1970-01-01T00:05:10Z after one at"));
    }
}
