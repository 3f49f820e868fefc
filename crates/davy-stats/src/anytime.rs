//! Any-time evidence: bets against a hypothesis that may be settled at any moment.
//!
//! An e-process starts at one and, while the hypothesis is true, is not expected to grow: it exceeds 1/α at any time at
//! all with probability at most α (Ville 1939), however often somebody looks and whatever makes them stop. Everything
//! here is the natural logarithm of one: no evidence is 0, and a bet that is lost altogether is −∞. Averages of
//! e-processes are e-processes, which is how several alternatives and several moments of onset are covered at once, and
//! the smaller of two is valid if either is. `likelihood` bets on counts, `student` on one number per step.

mod likelihood;
mod several;
mod starts;
mod student;

pub use likelihood::{
    exact_frequency_ln_e, exact_ratio_ln_e, exact_share_ln_e, frequency_ln_e, ratio_ln_e, share_ln_e,
};
pub use several::{e_bh, ln_mean_exp};
pub use starts::Starts;
pub use student::{difference_ln_e, level_ln_e, ln_e_t};
