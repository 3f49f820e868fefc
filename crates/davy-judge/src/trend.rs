//! A straight line through the numbers of a series, and whether it is more than the noise of numbers that hang together.

use davy_stats::steps::median;

/// The fewest numbers that show a trend.
const LEAST: usize = 12;

/// The evidence, as Student's t, from which on a line is worth a closer look.
const LEANS: f64 = 2.0;

/// The evidence, as Student's t, that a trend needs.
const CLEAR: f64 = 4.0;

/// The part of the numbers' variance that the line explains, from which on one sees it.
const EXPLAINED: f64 = 0.6;

/// A line by least squares.
pub(super) struct Trend {
    /// How much the line rises from one step to the next.
    pub(super) slope: f64,
    /// Where the line ends.
    pub(super) last: f64,
    /// The slope over its standard error, which counts numbers that follow each other as fewer.
    t: f64,
    /// The part of the variance that the line explains.
    explained: f64,
    /// Whether each quarter lies beyond the one before, and each half rises or falls by itself, as the line has it.
    goes_on: bool,
}

impl Trend {
    /// Of the numbers that are present, at their steps.
    pub(super) fn of(steps: &[Option<f64>]) -> Option<Trend> {
        let points: Vec<(f64, f64)> =
            steps.iter().enumerate().filter_map(|(i, v)| Some((i as f64, v.filter(|v| v.is_finite())?))).collect();
        if points.len() < LEAST {
            return None;
        }
        let line = Line::of(&points);
        let n = points.len() as f64;
        let rest: Vec<f64> = points.iter().map(|p| p.1 - line.at(p.0)).collect();
        let squares: f64 = rest.iter().map(|r| r * r).sum();
        let beside: f64 = rest.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let hanging = if squares > 0.0 { (beside / squares).clamp(0.0, 0.98) } else { 0.0 };
        let error = (squares / (n - 2.0) / line.spread * (1.0 + hanging) / (1.0 - hanging)).sqrt();
        let quarter = points.len().div_ceil(4);
        let middles: Vec<f64> =
            points.chunks(quarter).filter_map(|part| median(&part.iter().map(|p| p.1).collect::<Vec<_>>())).collect();
        let slope = line.slope;
        let by_line = slope * slope * line.spread;
        let explained = by_line / (by_line + squares);
        // a level that has jumped or has settled stands still in one of its halves
        let (early, late) = points.split_at(points.len() / 2);
        let halves = [early, late].into_iter().all(|half| Line::of(half).slope / slope >= 0.5);
        let goes_on = halves && middles.windows(2).all(|pair| (pair[1] - pair[0]) * slope > 0.0);
        let last = line.at(points.last().map_or(0.0, |p| p.0));
        let t = if error > 0.0 { slope.abs() / error } else { f64::INFINITY };
        slope.is_finite().then_some(Trend { slope, last, t, explained, goes_on })
    }

    /// Whether the line leans at all, beside noise.
    pub(super) fn leans(&self) -> bool {
        self.slope != 0.0 && self.t >= LEANS
    }

    /// Whether the series rises or falls all the time.
    pub(super) fn is_steady(&self) -> bool {
        self.slope != 0.0 && self.t >= CLEAR && self.explained >= EXPLAINED && self.goes_on
    }
}

struct Line {
    slope: f64,
    /// Where the points lie in the middle.
    x: f64,
    y: f64,
    /// The sum of the squared distances from the middle in time.
    spread: f64,
}

impl Line {
    /// The line through points by least squares.
    fn of(points: &[(f64, f64)]) -> Line {
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
        let (spread, both) =
            points.iter().fold((0.0, 0.0), |(a, b), p| (a + (p.0 - x) * (p.0 - x), b + (p.0 - x) * (p.1 - y)));
        Line { slope: both / spread, x, y, spread }
    }

    fn at(&self, x: f64) -> f64 {
        self.y + self.slope * (x - self.x)
    }
}
