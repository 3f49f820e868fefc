//! Where a test stops rejecting: the only root finder of the judge.
//!
//! Evidence against a hypothesised value falls as the value moves towards the estimate. It may fall in steps (ranks)
//! or run into infinity (a variance of zero), so every second evaluation halves the bracket and the others guess
//! along the chord: smooth evidence costs about ten evaluations, and the worst case is twice that of bisection.

/// The last `x` going from `rejected` to `kept` at which `excess` is not negative, to within `tolerance`.
///
/// `excess(rejected)` is expected to be at least zero and `excess(kept)` negative; `rejected` may be on either side.
pub(super) fn last_rejected(rejected: f64, kept: f64, tolerance: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let (mut rejected, mut kept) = (rejected, kept);
    let (mut above, mut below) = (excess(rejected), excess(kept));
    for round in 0..200 {
        if (kept - rejected).abs() <= tolerance {
            break;
        }
        let middle = rejected + (kept - rejected) / 2.0;
        let chord = rejected + (kept - rejected) * (above / (above - below));
        let inside = (chord - rejected) * (kept - chord) > 0.0;
        let guess = if round % 2 == 0 && inside { chord } else { middle };
        if guess == rejected || guess == kept {
            break;
        }
        let value = excess(guess);
        if value >= 0.0 {
            (rejected, above) = (guess, value);
        } else {
            (kept, below) = (guess, value);
        }
    }
    rejected
}
