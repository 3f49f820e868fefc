//! Long traces made short without losing a spike: of every column of the drawing the lowest and the highest point stay.

/// A column of the drawing with its lowest and its highest point.
#[derive(Debug, Clone, Copy)]
struct Column {
    at: usize,
    low: (usize, f64),
    high: (usize, f64),
}

/// The points that are drawn, as (step, value): all of them, or of each of so many columns the lowest and the highest.
pub(super) fn thin(points: &[Option<f64>], columns: usize) -> Vec<(usize, f64)> {
    let known = points.iter().enumerate().filter_map(|(step, point)| Some((step, (*point)?)));
    let columns = columns.max(1);
    if points.len() <= 2 * columns {
        return known.collect();
    }
    let mut kept: Vec<(usize, f64)> = Vec::with_capacity(2 * columns);
    let mut column: Option<Column> = None;
    for (step, value) in known {
        let here = step * columns / points.len();
        column = match column {
            Some(Column { at, low, high }) if at == here => {
                let low = if value < low.1 { (step, value) } else { low };
                let high = if value > high.1 { (step, value) } else { high };
                Some(Column { at, low, high })
            }
            before => {
                keep(&mut kept, before);
                Some(Column { at: here, low: (step, value), high: (step, value) })
            }
        };
    }
    keep(&mut kept, column);
    kept
}

fn keep(kept: &mut Vec<(usize, f64)>, column: Option<Column>) {
    let Some(Column { low, high, .. }) = column else { return };
    let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
    kept.push(first);
    if second.0 != first.0 {
        kept.push(second);
    }
}

/// The drawn points in runs, cut wherever a step between two of them was not measured.
pub(super) fn runs(points: &[Option<f64>], columns: usize) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = Vec::new();
    for (step, value) in thin(points, columns) {
        let joined = |last: &(usize, f64)| points[last.0..step].iter().all(Option::is_some);
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(joined) => run.push((step, value)),
            _ => runs.push(vec![(step, value)]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_stays() {
        let mut points: Vec<Option<f64>> = (0..100_000).map(|i| Some(f64::from(i % 7))).collect();
        points[54_321] = Some(1e6);
        points[54_322] = Some(-1e6);
        let kept = thin(&points, 240);
        assert!(kept.len() <= 480);
        assert!(kept.contains(&(54_321, 1e6)) && kept.contains(&(54_322, -1e6)));
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0), "in the order of time");
        assert_eq!(runs(&points, 240).len(), 1);
    }

    #[test]
    fn a_gap_stays() {
        let mut points = vec![Some(1.0); 10_000];
        points[5_000] = None;
        assert_eq!(runs(&points, 240).len(), 2);
        assert_eq!(runs(&[Some(1.0), None, Some(2.0), Some(3.0)], 240), [vec![(0, 1.0)], vec![(2, 2.0), (3, 3.0)]]);
        assert_eq!(runs(&[None, None], 240), Vec::<Vec<(usize, f64)>>::new());
        assert_eq!(runs(&[], 240), Vec::<Vec<(usize, f64)>>::new());
    }
}
