//! Many quantiles in words: which part is worse, which is open, and what the one shows that tells most.

use crate::verdict::{OneQuantile, Outcome, Quantiles, Standing};
use crate::words::quantile_name;

/// Which part an answer is about, and the quantile whose numbers tell most of it.
pub(super) fn part(quantiles: &Quantiles, outcome: Outcome) -> (String, Option<&OneQuantile>) {
    let standing = |standing: Standing| move |one: &OneQuantile| one.standing == standing;
    let worst = quantiles.worst();
    let asked = |one: &OneQuantile| quantiles.asks(one);
    let widest = |of: &dyn Fn(&OneQuantile) -> bool| {
        let found = quantiles.each.iter().filter(|one| of(one));
        found.max_by(|a, b| a.effect.high.total_cmp(&b.effect.high))
    };
    match outcome {
        Outcome::Fail if quantiles.each.iter().any(standing(Standing::Worse)) => {
            (format!("{} worse", are(&runs(quantiles, standing(Standing::Worse)))), worst)
        }
        Outcome::Fail => ("some part is worse".into(), worst),
        Outcome::Pass => {
            let (from, to) = (quantile_name(quantiles.from), quantile_name(quantiles.to));
            let all = if from == to { format!("{from} is") } else { format!("{from} to {to} are") };
            (format!("{all} within"), widest(&asked))
        }
        Outcome::Warn | Outcome::Inconclusive => {
            let is_open = |one: &OneQuantile| asked(one) && one.standing == Standing::Open;
            match runs(quantiles, is_open).as_slice() {
                [] => ("no part is open".into(), worst),
                open => (format!("{} open", are(open)), widest(&is_open)),
            }
        }
    }
}

/// Neighbours that are alike, as ranges: "p96 to p98.5".
fn runs(quantiles: &Quantiles, is_of: impl Fn(&OneQuantile) -> bool) -> Vec<String> {
    let runs = quantiles.each.chunk_by(|a, b| is_of(a) == is_of(b)).filter(|run| run.first().is_some_and(&is_of));
    let name = |run: &[OneQuantile]| match run {
        [one] => quantile_name(one.q),
        [first, .., last] => format!("{} to {}", quantile_name(first.q), quantile_name(last.q)),
        [] => String::new(),
    };
    runs.map(name).collect()
}

/// Ranges with the verb that they take.
fn are(runs: &[String]) -> String {
    match runs {
        [one] => format!("{one} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => String::new(),
    }
}
