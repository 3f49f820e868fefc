//! Both arms with the same data: the canary's export under the baseline's name, or a packed copy of the same file.
//!
//! Such data passes every criterion against the baseline, whatever the canary does. What was read is compared, so neither the
//! name nor the format of a file hides a copy. Two systems that are measured apart never agree in every number; a fixed number
//! of probes of which none fails may.

use crate::series::{Pair, Remark, Series};

/// As many changes from one point to the next, the same in both arms, are no coincidence.
const CHANGES: usize = 2;

const SAME: &str = "both arms have the same values at the same times";

/// What the verdict says if all that was read is the same in both arms.
pub(super) fn remark<'a>(read: impl Iterator<Item = Pair<&'a Series>>) -> Option<Remark> {
    let (mut any, mut seen) = (false, 0);
    for Pair { baseline, canary } in read {
        if baseline != canary {
            return None;
        }
        any |= !canary.is_empty();
        seen += if seen < CHANGES { changes(canary) } else { 0 };
    }
    match seen {
        _ if !any => None,
        CHANGES.. => Some(Remark::suspect(format!("{SAME}: check that one is not a copy of the other"))),
        _ => Some(Remark::note(SAME)),
    }
}

/// How often a point differs from the one before it.
fn changes(series: &Series) -> usize {
    fn of<T: PartialEq>(values: &[T]) -> usize {
        values.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }
    match series {
        Series::Counts { total, bad, .. } => of(total) + of(bad),
        Series::Events { count, .. } => of(count),
        Series::Values { value, .. } | Series::Gauge { value, .. } => of(value),
        Series::Buckets { bins, .. } => of(bins),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{Gravity, SignedDuration, Timestamp};

    fn counts(bad: [u64; 4]) -> Series {
        let time = |step| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(step);
        Series::Counts { time: (0..4).map(time).collect(), total: vec![100; 4], bad: bad.to_vec() }
    }

    fn gravity(pairs: &[(&Series, &Series)]) -> Option<Gravity> {
        let pairs = pairs.iter().map(|(baseline, canary)| Pair { baseline: *baseline, canary: *canary });
        remark(pairs).map(|remark| remark.gravity)
    }

    #[test]
    fn only_the_same_numbers_everywhere_are_suspect() {
        let (uneven, other, even) = (counts([1, 2, 0, 3]), counts([1, 2, 1, 3]), counts([0; 4]));
        assert_eq!(gravity(&[(&uneven, &uneven)]), Some(Gravity::Suspect));
        assert_eq!(gravity(&[(&uneven, &uneven), (&even, &even)]), Some(Gravity::Suspect));
        assert_eq!(gravity(&[(&uneven, &uneven), (&uneven, &other)]), None);
        assert_eq!(gravity(&[(&even, &even)]), Some(Gravity::Note));
        let none = Series::Counts { time: Vec::new(), total: Vec::new(), bad: Vec::new() };
        assert_eq!((gravity(&[(&none, &none)]), gravity(&[])), (None, None));
    }
}
