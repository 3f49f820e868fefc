//! Why a criterion has no answer, or another one than its numbers alone give: facts, which `explain` puts into words.

use super::requests::Unfit;
use crate::series::{Arm, Pair, SignedDuration, Timestamp};

/// The reason behind an answer, with the numbers that a sentence about it needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Why {
    /// The window holds no step after the warm-up.
    NoStep,
    /// The source could not be reached.
    NotReached,
    /// A metric has no group of its kind.
    NoGroup(String),
    /// The data is not of the shape that its metric declares.
    OtherShape,
    /// The requests cannot be judged, or not be compared.
    Unfit(Unfit),
    /// A bound has no number to compare with.
    NoNumber,
    /// There is nothing of an arm in its window.
    NoData(Arm),
    /// The criterion has no bound.
    NoBound,
    /// No step has a request.
    NoTraffic,
    /// Neither arm had any of what is compared.
    NothingToCompare,
    /// Too few of the steps were measured.
    LowCoverage { who: Who, usable: f64, steps: usize, least: f64 },
    /// Too few steps can be used.
    FewSteps { usable: u64, least: usize },
    /// Too few of the earlier days that were asked for can be used.
    FewDays { usable: usize, of: usize },
    /// The first look at which a Pass is possible is still to come.
    BeforePass { first: SignedDuration, soak: SignedDuration },
    /// The minimum soak is still to come.
    BeforeSoak(SignedDuration),
    /// An arm went silent.
    Silent(Silence),
    /// The canary is worse where, or because, steps have no partner.
    Worse(Worse),
    /// Both: the baseline went silent, and there the canary is worse.
    SilentAndWorse(Silence, Worse),
    /// What the source, or a look at the data, says of them.
    Remark(String),
    /// The canary only grows, by so much an hour beyond the baseline.
    Grows { by: f64, is_too_much: bool },
    /// The canary only grows, by so much an hour, and crosses its limit before the end of the soak.
    Crosses { by: f64, limit: f64 },
    /// The data of a guardrail would not show a canary far beyond its limit.
    Unwatchful,
    /// An alarm counts over a longer span than was watched.
    ShortWindow { watched: SignedDuration, span: SignedDuration },
    /// An alarm looks at more periods than there are.
    FewPeriods { periods: usize, n: usize },
    /// An alarm could have gone off in too few runs of periods.
    Blind { open: usize, runs: usize, n: usize },
    /// Periods beyond the bound have too few bad ones each.
    Thin { bad: u64, m: usize, least: u64 },
}

/// Whose steps were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    One(Arm),
    Both,
    /// Both, where the baseline's window is the shorter one.
    BothOfShorter,
}

/// How an arm went silent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Silence {
    /// To the end of the window.
    Since(Arm, Timestamp),
    /// From the beginning, beside the other arm.
    Before(Arm, Timestamp),
    /// In between, beside the other arm.
    Between(Arm, Timestamp, Timestamp),
    /// Here and there: the arms reported in these shares of the steps.
    Scattered(Arm, Pair<f64>),
    /// The canary has steps without a request beside a busy baseline.
    Starved { steps: usize, since: Timestamp },
    /// The canary's requests ended.
    DriedUp { since: Timestamp },
}

/// How a canary is worse because of steps without a partner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Worse {
    /// Where the baseline has no data, beside its level around.
    Alone { canary: f64, around: f64 },
    /// Over all of its steps.
    Overall { canary: f64, baseline: f64 },
}
