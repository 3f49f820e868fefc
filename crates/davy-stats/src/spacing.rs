//! Spikes: how much they come together, and whether they come back at regular times.
//!
//! A bad minute is followed by a bad minute, so bad steps are counted by runs. If runs begin independently, the number of bad steps is a
//! compound Poisson number, whose variance is `Σ L²` for runs of `L` steps (Kish 1965 for clusters of unequal sizes). Its ratio
//! to the number of bad steps is the design effect.
//!
//! Spikes that are spread by chance between the first and the last one have gaps that are a random composition: each way to divide the time
//! into that many parts is as likely as any other. So the chance that the longest gap exceeds the shortest one by no more
//! than it does is a number of compositions over that of all (an exact conditional test, counted by dynamic programming).

/// How many bad steps in a row a pass must allow for.
const LONG: f64 = 8.0;
/// What is believed of runs before any is seen is worth so many of them, as that of the spread of steps is.
const BELIEVED: f64 = 4.0;
/// More spikes than this are not looked at: they are the usual state.
const MOST: usize = 60;
/// The fewest spikes with gaps that can be compared.
const LEAST: usize = 3;

/// The lengths of runs of bad steps; a step that is not known ends a run.
fn runs(bad: &[Option<bool>]) -> impl Iterator<Item = (usize, usize)> + '_ {
    bad.chunk_by(|a, b| a == b)
        .scan(0, |at, run| {
            let start = *at;
            *at += run.len();
            Some((start, run.len(), run[0] == Some(true)))
        })
        .filter(|(.., bad)| *bad)
        .map(|(start, len, _)| (start, len))
}

/// The design effect of runs of bad steps, and its degrees of freedom: one for each run beside those of what is believed before
/// any is seen. Nothing where no step is bad.
pub fn of_runs(bad: &[Option<bool>]) -> Option<(f64, f64)> {
    let (count, steps, squares) = runs(bad).fold((0.0, 0.0, 0.0), |(count, steps, squares), (_, len)| {
        let len = len as f64;
        (count + 1.0, steps + len, squares + len * len)
    });
    (steps > 0.0).then(|| (squares / steps, BELIEVED + count))
}

/// The same towards a pass: a window with few runs says little of how long they are, so they are taken to be of eight steps, or
/// longer if it shows longer ones.
pub fn of_runs_to_pass(bad: &[Option<bool>]) -> (f64, f64) {
    let (effect, freedom) = of_runs(bad).unwrap_or((LONG, BELIEVED));
    (effect.max(LONG), freedom)
}

/// The steps at which runs of bad steps begin.
pub fn starts(bad: &[Option<bool>]) -> Vec<usize> {
    runs(bad).map(|(start, _)| start).collect()
}

/// Spikes that come back: how many steps lie between them, and the chance of gaps as regular.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regular {
    /// The mean gap in steps.
    pub every: f64,
    /// The chance that spikes at random are as regular.
    pub chance: f64,
}

/// How regular the steps are at which spikes begin; nothing for fewer than three spikes or for very many.
pub fn regular(starts: &[usize]) -> Option<Regular> {
    if !(LEAST..=MOST).contains(&starts.len()) || starts.windows(2).any(|at| at[1] <= at[0]) {
        return None;
    }
    let gaps: Vec<usize> = starts.windows(2).map(|at| at[1] - at[0]).collect();
    let (shortest, longest) = (gaps.iter().min()?, gaps.iter().max()?);
    let (span, parts, range) = (starts.last()? - starts.first()?, gaps.len(), longest - shortest);
    // with the shortest part taken off all of them, compositions are those of what is left into parts from nothing on
    let within = |range: usize, shortest: usize| -> f64 {
        let ways = compositions(span - parts, parts, range);
        (shortest..=span / parts).map(|least| ways[span - parts * least]).sum()
    };
    // those whose shortest part is known are those of parts from it on, less those of longer parts
    let regular = within(range, 1) - if range > 0 { within(range - 1, 2) } else { 0.0 };
    let all = compositions(span - parts, parts, span - parts)[span - parts];
    (all > 0.0).then(|| Regular { every: span as f64 / parts as f64, chance: (regular / all).clamp(0.0, 1.0) })
}

/// In how many ways each number up to `most` is a sum of so many parts in order, each from nothing to `range`.
fn compositions(most: usize, parts: usize, range: usize) -> Vec<f64> {
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for _ in 0..parts {
        let mut below = 0.0;
        let sums: Vec<f64> = std::iter::once(0.0)
            .chain(ways.iter().map(|way| {
                below += way;
                below
            }))
            .collect();
        ways = (0..=most).map(|at| sums[at + 1] - sums[at.saturating_sub(range)]).collect();
    }
    ways
}
