//! A row of points as a row of blocks: both arms of a metric on one common scale, so that the eye compares them.

use super::document::{Arms, Number, Trace};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const GAP: char = '·';

/// The scale spans at least this part of the largest value: a drift of a percent must not look like a cliff.
const LEAST_SPAN: f64 = 0.2;

/// Both arms as blocks, no wider than so many columns. Where there are more steps than columns, a block is the mean
/// of its steps; a step without a point is a dot.
pub fn spark(trace: &Trace, columns: usize) -> Arms<String> {
    let scale = Scale::over(trace);
    let steps = trace.steps.baseline.len().max(trace.steps.canary.len());
    let columns = columns.min(steps);
    let row = |points: &[Option<Number>]| -> String {
        (0..columns)
            .map(|at| mean(points, at * steps / columns, (at + 1) * steps / columns))
            .map(|v| scale.block(v))
            .collect()
    };
    Arms { baseline: row(&trace.steps.baseline), canary: row(&trace.steps.canary) }
}

/// A share as a block.
pub fn block(share: f64) -> char {
    BLOCKS[((share.clamp(0.0, 1.0) * 8.0) as usize).min(BLOCKS.len() - 1)]
}

fn mean(points: &[Option<Number>], from: usize, to: usize) -> Option<f64> {
    let known = || points.iter().take(to).skip(from).flatten();
    let n = known().count() as f64;
    (n > 0.0).then(|| known().map(|point| point.get() / n).sum())
}

struct Scale {
    low: f64,
    span: f64,
}

impl Scale {
    fn over(trace: &Trace) -> Scale {
        let points = trace.steps.baseline.iter().chain(&trace.steps.canary).flatten().map(|point| point.get());
        let (low, high) = points.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let least = LEAST_SPAN * low.abs().max(high.abs());
        let span = high - low;
        if span >= least { Scale { low, span } } else { Scale { low: low - (least - span) / 2.0, span: least } }
    }

    fn block(&self, value: Option<f64>) -> char {
        let Some(value) = value else { return GAP };
        let height = if self.span > 0.0 { value / self.span - self.low / self.span } else { 0.0 };
        block(height)
    }
}
