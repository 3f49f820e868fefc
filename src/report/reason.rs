//! The words by which programs know why a finding is what it is.

use crate::judge::verdict::Reason;

/// Every word, in the order of the judge's own list.
pub const NAMES: [&str; 25] = [
    name(Reason::WithinBound),
    name(Reason::BeyondBound),
    name(Reason::BetweenBounds),
    name(Reason::Undecided),
    name(Reason::NotBroken),
    name(Reason::LeansBeyond),
    name(Reason::NoData),
    name(Reason::NotReached),
    name(Reason::NoBaseline),
    name(Reason::LowCoverage),
    name(Reason::TooFew),
    name(Reason::CanarySilent),
    name(Reason::BaselineSilent),
    name(Reason::NoPartner),
    name(Reason::SmallExcess),
    name(Reason::SoakTooShort),
    name(Reason::EarlyLook),
    name(Reason::Growing),
    name(Reason::NotComparable),
    name(Reason::ShareMismatch),
    name(Reason::ShareAsExpected),
    name(Reason::OneBadInstance),
    name(Reason::WrongShape),
    name(Reason::SuspectData),
    name(Reason::IncompleteData),
];

/// The word of a reason.
pub const fn name(reason: Reason) -> &'static str {
    match reason {
        Reason::WithinBound => "within_bound",
        Reason::BeyondBound => "beyond_bound",
        Reason::BetweenBounds => "between_bounds",
        Reason::Undecided => "undecided",
        Reason::NotBroken => "not_broken",
        Reason::LeansBeyond => "leans_beyond",
        Reason::NoData => "no_data",
        Reason::NotReached => "not_reached",
        Reason::NoBaseline => "no_baseline",
        Reason::LowCoverage => "low_coverage",
        Reason::TooFew => "too_few",
        Reason::CanarySilent => "canary_silent",
        Reason::BaselineSilent => "baseline_silent",
        Reason::NoPartner => "no_partner",
        Reason::SmallExcess => "small_excess",
        Reason::SoakTooShort => "soak_too_short",
        Reason::EarlyLook => "early_look",
        Reason::Growing => "growing",
        Reason::NotComparable => "not_comparable",
        Reason::ShareMismatch => "share_mismatch",
        Reason::ShareAsExpected => "share_as_expected",
        Reason::OneBadInstance => "one_bad_instance",
        Reason::WrongShape => "wrong_shape",
        Reason::SuspectData => "suspect_data",
        Reason::IncompleteData => "incomplete_data",
    }
}
