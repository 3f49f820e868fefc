//! Where a test stops rejecting: the only root finder of the judge.
//!
//! Evidence against a hypothesised value falls as the value moves towards the estimate. It may fall in steps (ranks)
//! or run into infinity (a variance of zero): guesses along the chord (regula falsi, the Illinois way) find a smooth
//! crossing in a few evaluations, and every third evaluation halves the bracket whatever the function does.

/// How much of the first stride outwards the answer may be off.
const RESOLUTION: f64 = 1e-7;

/// Going outwards from `centre` in growing strides, the nearest value at which `excess` is not negative; the centre
/// itself if it is so there, nothing if it is so nowhere up to `limit`.
pub(super) fn nearest_rejected(centre: f64, stride: f64, limit: f64, excess: impl Fn(f64) -> f64) -> Option<f64> {
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
            return Some(bracketed((next, value), (kept, below), outwards.abs() * RESOLUTION, excess));
        }
        if is_last {
            return None;
        }
        (kept, below, stride) = (next, value, 2.0 * stride);
    }
}

/// The crossing between a rejected and a kept value, on the rejected side.
fn bracketed(rejected: (f64, f64), kept: (f64, f64), tolerance: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let ((mut rejected, mut above), (mut kept, mut below)) = (rejected, kept);
    let mut moved = 0.0;
    for round in 1..200 {
        if (kept - rejected).abs() <= tolerance {
            break;
        }
        let middle = rejected + (kept - rejected) / 2.0;
        let chord = rejected + (kept - rejected) * (above / (above - below));
        let inside = (chord - rejected) * (kept - chord) > 0.0;
        let guess = if round % 3 != 0 && inside { chord } else { middle };
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
