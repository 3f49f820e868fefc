//! From facts to sentences: nothing that decides reads what is written here.
//!
//! `why` is the reason behind an answer, `sentence` what a person reads of a criterion, `remedy` what would change its answer,
//! `quantiles` which of many is worse, `signatures` what logs say, `summary` the one sentence of the verdict. `finding` puts them together.

pub(super) mod finding;
mod quantiles;
pub(super) mod remedy;
pub(super) mod sentence;
pub(super) mod signatures;
pub(super) mod summary;
pub(super) mod why;
