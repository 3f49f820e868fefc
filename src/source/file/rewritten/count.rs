//! Runs that count their time from their start, or do not tell it: each on a day of its own.
//!
//! Seconds since the start have no date. If two runs were given the same one, they would be taken for simultaneous, and their
//! steps for pairs. So each run is dated by its own content, in years that no monitoring has seen: before
//! [`FIRST_DATED`](crate::series::FIRST_DATED).

/// 1990-01-02 in seconds since 1970.
const FIRST: u64 = 631_238_400;
/// So many hours later the last such run may begin.
const HOURS: u64 = 34_000;

/// When a run that begins so is said to begin, in seconds since 1970: the same for the same bytes (FNV-1a).
pub(in crate::source) fn numbered_day<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> u64 {
    let bytes = parts.into_iter().flatten();
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    FIRST + hash % HOURS * 3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_lie_apart() {
        let days: std::collections::BTreeSet<u64> =
            (0..100).map(|i| numbered_day([format!("0.0{i},200,0.1").as_bytes()])).collect();
        assert_eq!(days.len(), 100);
        let dated = crate::series::FIRST_DATED.as_second() as u64;
        assert!(days.iter().all(|day| (FIRST..dated).contains(day)));
    }
}
