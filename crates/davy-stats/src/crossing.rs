//! Where a test stops rejecting: the only root finder of the judge.
//!
//! Evidence against a hypothesised value falls as the value moves towards the estimate. It may fall in steps (ranks)
//! or run into infinity (a variance of zero): guesses along the chord (regula falsi, the Illinois way) find a smooth
//! crossing in a few evaluations, and where they do not, every second one halves the bracket whatever the function does.

/// Guesses along the chord before halving takes turns with them.
const PATIENCE: usize = 8;

/// Going outwards from `centre` in growing strides, the nearest value at which `excess` is not negative; the centre
/// itself if it is so there, nothing if it is so nowhere up to `limit`. The answer may be off by `resolution` strides.
pub fn nearest_rejected(
    centre: f64,
    stride: f64,
    resolution: f64,
    limit: f64,
    excess: impl Fn(f64) -> f64,
) -> Option<f64> {
    let stride = if stride > 0.0 { stride } else { 1e-3 * (limit - centre).abs() };
    let outwards = stride.copysign(limit - centre);
    let (mut kept, mut below) = (centre, excess(centre));
    if below >= 0.0 {
        return Some(centre);
    }
    let mut stride = outwards;
    loop {
        let next = kept + stride;
        let room = (limit - next) * outwards;
        let is_last = next == kept || room <= 0.0 || room.is_nan();
        let next = if is_last { limit } else { next };
        let value = excess(next);
        if value >= 0.0 {
            return Some(bracketed((next, value), (kept, below), outwards.abs() * resolution, excess));
        }
        if is_last {
            return None;
        }
        (kept, below, stride) = (next, value, 2.0 * stride);
    }
}

/// The crossing between a rejected and a kept value, on the rejected side.
pub(super) fn bracketed(rejected: (f64, f64), kept: (f64, f64), tolerance: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let ((mut rejected, mut above), (mut kept, mut below)) = (rejected, kept);
    let mut moved = 0.0;
    for round in 0..200 {
        let width = kept - rejected;
        if width.abs() <= tolerance {
            break;
        }
        let chord = above / (above - below);
        let part = if chord.is_nan() || round > PATIENCE && round % 2 == 0 { 0.5 } else { chord };
        // a guess that is right would leave the other end where it is: half a tolerance further closes the bracket
        let nearest = 0.5 * tolerance / width.abs();
        let guess = rejected + width * part.clamp(nearest, 1.0 - nearest);
        if guess == rejected || guess == kept {
            break;
        }
        let value = excess(guess);
        let side = if value >= 0.0 { 1.0 } else { -1.0 };
        // an end that stays put is made to look nearer than it is
        let stale = if side == moved { 0.5 } else { 1.0 };
        if value >= 0.0 {
            (rejected, above, below) = (guess, value, below * stale);
        } else {
            (kept, below, above) = (guess, value, above * stale);
        }
        moved = side;
    }
    rejected
}
