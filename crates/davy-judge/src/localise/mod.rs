//! Which part is worse: the slices of a metric (routes, regions, hosts) that carry a difference, and whether the arms
//! have the same mix of them.
//!
//! ```text
//!  slices ──► tree ──► evidence ──► naming ──► size
//!  route,     every    worse than   few, with  how much, since when,
//!  region     node     the baseline false ones what share of all
//!                      and the rest controlled
//! ```
//!
//! A slice is named if it is worse than its own baseline and worse than what its parents and the rest show ([`name`]). The
//! mix of an arm is how its requests are shared out to the slices ([`mix`]); a canary can be brought to the baseline's mix by
//! leaving out requests ([`thin`]). One host of many that is worse is found among those of its own arm ([`odd`]).
//!
//! Plain values in, plain values out. Nothing in here decides a verdict.

mod evidence;
mod field;
pub mod mix;
mod naming;
mod noise;
pub mod odd;
mod onset;
mod power;
mod size;
mod slice;
pub mod thin;
mod tree;

pub use evidence::together;
pub use naming::{found_from, name, worst};
pub use power::POWER;
pub use slice::{Line, Localised, Question, Slice, Times, slow_limit};
