//! Instants as `time.Time` of Go encodes itself: a version, seconds since the year 1, nanoseconds, and the offset of its zone.

use jiff::Timestamp;

/// From the beginning of the year 1 to 1970, in seconds.
const TO_1970: i64 = 62_135_596_800;
/// The zone of an instant that is in UTC.
const UTC: [u8; 2] = [0xff, 0xff];

/// The instant that was encoded; nothing for the zero of Go, and for what is none.
pub(in crate::plugin) fn instant_of(blob: &[u8]) -> Option<Timestamp> {
    // the second version has an offset with seconds, which is one byte longer
    let (1 | 2, rest) = blob.split_first()? else { return None };
    let (seconds, rest) = rest.split_first_chunk::<8>()?;
    let (nanoseconds, _) = rest.split_first_chunk::<4>()?;
    let seconds = i64::from_be_bytes(*seconds).checked_sub(TO_1970)?;
    let instant = Timestamp::new(seconds, i32::from_be_bytes(*nanoseconds)).ok()?;
    (seconds != -TO_1970).then_some(instant)
}

/// An instant as it is encoded.
pub(in crate::plugin) fn blob_of(at: Timestamp) -> Vec<u8> {
    let seconds = at.as_nanosecond().div_euclid(1_000_000_000);
    let nanoseconds = at.as_nanosecond().rem_euclid(1_000_000_000);
    let seconds = i64::try_from(seconds).unwrap_or_default().saturating_add(TO_1970);
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or_default();
    [&[1][..], &seconds.to_be_bytes(), &nanoseconds.to_be_bytes(), &UTC].concat()
}
