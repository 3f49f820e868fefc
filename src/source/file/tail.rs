//! The last cell of a file whose last line has no end: whole in most files, and the beginning of a number in one that was cut.

use super::number::is_gap;

/// Whether a last cell looks as if it had been cut: empty where others are not, or a number of less than half or more than twice
/// of all others. A whole number that was cut is at most a tenth of what it was, and a zero begins only a fraction.
pub(super) fn is_unlike(last: &str, others: &[&str]) -> bool {
    let filled = || others.iter().filter(|cell| !is_gap(cell));
    if is_gap(last) {
        return filled().count() * 2 > others.len();
    }
    let Ok(last) = last.parse::<f64>() else { return false };
    let numbers = || filled().filter_map(|cell| cell.parse::<f64>().ok().filter(|n| n.is_finite()));
    let (Some(least), Some(most)) = (numbers().reduce(f64::min), numbers().reduce(f64::max)) else { return true };
    match last == 0.0 {
        true => least > 0.0 && others.iter().any(|cell| cell.contains('.')),
        false => last < least / 2.0 || last > most * 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::is_unlike;

    #[test]
    fn a_cut_number_is_unlike_the_others() {
        let latencies = ["81.5", "79", "92", "101", ""];
        for whole in ["98", "80.1", "105"] {
            assert!(!is_unlike(whole, &latencies), "{whole}");
        }
        for cut in ["8", "9", "", "-", "0", "250"] {
            assert!(is_unlike(cut, &latencies), "{cut}");
        }
        assert!(is_unlike("2", &["0", "0", "0"]));
        assert!(!is_unlike("0", &["0", "0", "3"]));
        assert!(!is_unlike("0", &["1", "2", "3"]), "nothing begins with a zero but a fraction");
        assert!(!is_unlike("", &["", "", "3"]));
        assert!(!is_unlike("4", &["0", "1", "3"]));
    }
}
