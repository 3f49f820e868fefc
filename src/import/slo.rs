//! Objectives of a service level as criteria: OpenSLO, Sloth and Pyrra.
//!
//! They promise a share of good events over weeks. davy judges whether the canary keeps the share in its own window; how much of an
//! error budget is left it does not ask.

mod burning;
mod open;
mod pyrra;
mod share;
mod sloth;

pub(super) use open::gates as openslo;
pub(super) use pyrra::gates as pyrra;
pub(super) use sloth::gates as sloth;
