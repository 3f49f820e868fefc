//! Columns of both arms beside each other: those of one name, then those of one meaning, then those of one arm alone.

use super::Wish;
use super::names::{Meaning, Name};
use crate::series::Pair;
use crate::source::survey::{Column, ColumnKind, Motion, Survey};

/// Numbers of two units hardly come so near each other.
const NEAR: f64 = 3.0;

/// A column of one arm.
#[derive(Clone)]
pub(super) struct Seen<'a> {
    pub(super) column: &'a Column,
    pub(super) name: Name,
}

/// The same quantity in both arms, or in the one that has it.
pub(super) struct Matched<'a> {
    pub(super) arms: Pair<Option<Seen<'a>>>,
}

/// The columns of both arms: those of the same name, then those of the same meaning, then those of one arm alone.
pub(super) fn matched<'a>(files: Pair<&'a Survey>, one: bool, wish: &Wish) -> Vec<Matched<'a>> {
    let seen = |survey: &'a Survey| -> Vec<Seen<'a>> {
        let arm = survey.arm.as_ref().filter(|_| one).map(|(column, _, _)| column.as_str());
        let is_used = |column: &str| Some(column) == arm || Some(column) == wish.by.as_deref();
        let columns = survey.columns.iter().filter(|column| !is_used(&column.name));
        columns.map(|column| Seen { column, name: Name::measured_in(&column.name, wish.unit(&column.name)) }).collect()
    };
    let canary = seen(files.canary);
    if one {
        let both = |seen: Seen<'a>| Matched { arms: Pair { baseline: Some(seen.clone()), canary: Some(seen) } };
        return canary.into_iter().map(both).collect();
    }
    let mut baseline: Vec<Option<Seen>> = seen(files.baseline).into_iter().map(Some).collect();
    let mut matched: Vec<Matched> =
        canary.into_iter().map(|seen| Matched { arms: Pair { baseline: None, canary: Some(seen) } }).collect();
    let same: [fn(&Seen, &Seen) -> bool; 4] = [
        |one, other| one.column.name == other.column.name,
        |one, other| one.name.plain == other.name.plain,
        |one, other| one.name.means_same(&other.name) && one.name.unit == other.name.unit,
        |one, other| one.name.means_same(&other.name),
    ];
    for same in same {
        for one in &mut matched {
            let (Some(canary), None) = (&one.arms.canary, &one.arms.baseline) else { continue };
            let partner = baseline.iter_mut().find(|seen| seen.as_ref().is_some_and(|seen| same(canary, seen)));
            one.arms.baseline = partner.and_then(Option::take);
        }
    }
    let alone = baseline.into_iter().flatten();
    matched.extend(alone.map(|seen| Matched { arms: Pair { baseline: Some(seen), canary: None } }));
    matched
}

impl Matched<'_> {
    pub(super) fn any(&self) -> impl Iterator<Item = &Seen<'_>> {
        [&self.arms.canary, &self.arms.baseline].into_iter().flatten()
    }

    pub(super) fn is(&self, meaning: &Meaning) -> bool {
        self.any().any(|seen| seen.name.meaning == *meaning)
    }

    pub(super) fn is_in_both(&self) -> bool {
        self.any().count() == 2
    }

    pub(super) fn is_empty(&self) -> bool {
        self.any().all(|seen| seen.column.kind == ColumnKind::Empty)
    }

    pub(super) fn is_text(&self) -> bool {
        self.any().all(|seen| seen.column.kind == ColumnKind::Text)
    }

    /// Whether all its cells in both arms are the same number.
    pub(super) fn is_constant(&self) -> bool {
        let mut ends =
            self.any().map(|seen| (seen.column.min, seen.column.max, seen.column.empty + seen.column.text == 0));
        let first = ends.next();
        self.is_in_both()
            && first.is_some_and(|first| {
                first.2 && first.0.is_some() && first.0 == first.1 && ends.all(|other| other == first)
            })
    }

    /// How its numbers move in every arm that has them; whatever falls in one is no counter.
    pub(super) fn motion(&self) -> Motion {
        let mut motions = self.any().map(|seen| seen.column.motion);
        let first = motions.next().unwrap_or(Motion::Free);
        motions.fold(first, |all, one| match (all, one) {
            (Motion::Free, _) | (_, Motion::Free) => Motion::Free,
            (all, Motion::Still) => all,
            (_, one) => one,
        })
    }

    /// Whether the arms differ in more than noise: one has nothing there, or text instead of numbers, or all its numbers lie
    /// beyond all of the other's. How much an arm gets through follows its share of the traffic, and says nothing.
    pub(super) fn is_apart(&self) -> bool {
        let odd = |kind: ColumnKind| self.any().filter(|seen| seen.column.kind == kind).count() == 1;
        if odd(ColumnKind::Empty) || odd(ColumnKind::Text) {
            return true;
        }
        let ends = |seen: &Seen| Some((seen.column.min?, seen.column.max?));
        let mut ends = self.any().filter(|seen| !seen.name.plain.contains("throughput")).filter_map(ends);
        let (Some((low, high)), Some((other_low, other_high))) = (ends.next(), ends.next()) else { return false };
        high < other_low || other_high < low
    }

    /// Whether the largest numbers of the arms could be in two units: seconds of a slower canary look like milliseconds of a
    /// faster one, but a thousand times slower is another matter.
    pub(super) fn may_be_of_two_units(&self) -> bool {
        let most: Vec<f64> = self.any().filter_map(|seen| seen.column.max).map(f64::abs).collect();
        let is_share = self.any().any(|seen| seen.name.unit == Some("%")) && most.iter().any(|most| *most <= 1.0);
        is_share || matches!(most[..], [one, other] if one > other * NEAR || other > one * NEAR)
    }

    /// Its name, of both arms where they differ.
    pub(super) fn spoken(&self) -> String {
        let mut names: Vec<&str> = self.any().map(|seen| seen.column.name.as_str()).collect();
        names.dedup();
        names.reverse();
        names.join(" / ")
    }
}
