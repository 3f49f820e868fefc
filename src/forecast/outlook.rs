//! What the answer to a criterion will take.

use crate::judge::verdict::{EffectKind, Reason};
use crate::series::SignedDuration;

/// What an answer will take.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// How long until it passes while nothing is wrong; nothing if never.
    pub passes_after: Option<SignedDuration>,
    /// How long until it fails when the canary is worse by twice the margin.
    pub fails_after: Option<SignedDuration>,
    /// The level of a canary that is worse by twice the margin.
    pub twice: Option<f64>,
    /// The smallest worsening, as a level of the canary, that makes it fail by the end of the soak.
    pub detectable: Option<f64>,
    /// How a level is told: as it is, or against the usual one.
    pub kind: EffectKind,
    /// What a change is told against: the usual level, or one and zero where what changes is the factor or the difference itself.
    pub against: f64,
    /// Requests of the canary that a Pass takes, where requests are counted.
    pub requests: Option<f64>,
    /// Bad ones or events that the canary is expected to have within the soak, where such are counted.
    pub events: Option<f64>,
    /// The design effect that was assumed, for counts.
    pub phi: Option<f64>,
    /// The nearest margin (or limit, as a level) that passes within the soak while nothing is wrong, if this one does not.
    pub passable: Option<f64>,
    /// A limit on the canary alone that passes within the soak, where a margin does not.
    pub threshold: Option<f64>,
    /// Whether the usual level is not within the limit.
    pub broken_already: bool,
    /// Whether there is a margin at all.
    pub has_margin: bool,
    /// On what it was tried, if no formula foresees it.
    pub tried: Option<Tried>,
}

impl Outlook {
    /// Whether it can be expected to pass by the end of the soak.
    pub fn passes_within(&self, soak: SignedDuration) -> bool {
        self.passes_after.is_some_and(|after| after <= soak)
    }

    /// Whether it can be expected to fail by then, if it should.
    pub fn fails_within(&self, soak: SignedDuration) -> bool {
        self.fails_after.is_some_and(|after| after <= soak)
    }
}

/// How an outlook came about that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// On how many windows of a length.
    pub windows: usize,
    /// The longest windows that were tried.
    pub longest: SignedDuration,
    /// Why most of those did not pass, where too few windows of any length do.
    pub reason: Option<Reason>,
}
