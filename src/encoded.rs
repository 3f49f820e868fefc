//! Histograms as others write and read them: HdrHistogram's V2 encoding, compressed, and that as base64 text.
//!
//! A histogram log has this text in its last column, and so has a recording. It holds the counts of all cells from the first
//! on, each a number of 7 bits to the byte, and runs of empty cells as one negative number. The cells are those of
//! [`Grid`](crate::series::Grid), so they are read into and written from [`Bins`] without a dense histogram between; what
//! the head of an encoding claims costs no memory.

use std::io::{Read, Write};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::series::{Bins, Grid};

/// Padding is written, and need not be there.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const V2: u32 = 0x1c84_9303;
const V2_COMPRESSED: u32 = 0x1c84_9304;
/// The bits of a cookie that say how long a number may be.
const WORD: u32 = 0xf0;
const LONGEST_WORD: u32 = 0x10;
const HEAD: usize = 40;
/// As many bytes as the most cells of the finest histogram can take.
const MOST: u64 = 64 << 20;
/// A histogram that can hold values from here on has no end.
const ENDLESS: u64 = 1 << 62;

/// Why something is not a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is other text.
    #[error("is not base64 text")]
    Base64,
    /// It is something else.
    #[error("is base64 text, but not of a histogram")]
    Foreign,
    /// It is a histogram in an older encoding.
    #[error("is a histogram in HdrHistogram's encoding {0}, which is older than V2")]
    Older(&'static str),
    /// A part is missing or makes no sense.
    #[error("is a damaged histogram: {0}")]
    Damaged(&'static str),
}

/// A histogram as base64 text.
pub fn text(bins: &Bins) -> String {
    BASE64.encode(bytes(bins))
}

/// The histogram of a base64 text.
///
/// # Errors
///
/// It is not one.
pub fn of_text(text: &str) -> Result<Bins, Error> {
    of_bytes(&BASE64.decode(text.trim()).map_err(|_| Error::Base64)?)
}

/// A histogram in HdrHistogram's V2 compressed encoding.
pub fn bytes(bins: &Bins) -> Vec<u8> {
    let high = bins.end().map_or(i64::MAX as u64, |end| bins.grid().high(end));
    let counts = counts(bins);
    let mut plain = Vec::with_capacity(HEAD + counts.len());
    plain.extend((V2 | LONGEST_WORD).to_be_bytes());
    plain.extend((counts.len() as u32).to_be_bytes());
    plain.extend(0_u32.to_be_bytes());
    plain.extend(u32::from(bins.grid().digits()).to_be_bytes());
    plain.extend(bins.grid().lowest().to_be_bytes());
    plain.extend(high.to_be_bytes());
    plain.extend(1_f64.to_be_bytes());
    plain.extend(counts);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // writing into memory does not fail
    let compressed = encoder.write_all(&plain).and_then(|()| encoder.finish()).unwrap_or_default();
    let mut bytes = (V2_COMPRESSED | LONGEST_WORD).to_be_bytes().to_vec();
    bytes.extend((compressed.len() as u32).to_be_bytes());
    bytes.extend(compressed);
    bytes
}

/// The histogram of bytes in HdrHistogram's V2 encoding, compressed or not.
///
/// # Errors
///
/// They are not one.
pub fn of_bytes(bytes: &[u8]) -> Result<Bins, Error> {
    let (cookie, rest) = bytes.split_first_chunk::<4>().ok_or(Error::Foreign)?;
    if u32::from_be_bytes(*cookie) & !WORD != V2_COMPRESSED {
        return plain(bytes);
    }
    let compressed = rest.get(4..).ok_or(Error::Damaged("its end is missing"))?;
    let mut inflated = Vec::new();
    let read = ZlibDecoder::new(compressed).take(MOST).read_to_end(&mut inflated);
    read.map_err(|_| Error::Damaged("it cannot be decompressed"))?;
    plain(&inflated)
}

fn plain(bytes: &[u8]) -> Result<Bins, Error> {
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let long = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    match number(0).ok_or(Error::Foreign)? & !WORD {
        V2 => {}
        0x1c84_9308 | 0x1c84_9309 => return Err(Error::Older("V0")),
        0x1c84_9301 | 0x1c84_9302 => return Err(Error::Older("V1")),
        _ => return Err(Error::Foreign),
    }
    let missing = Error::Damaged("its end is missing");
    let (Some(length), Some(offset), Some(digits)) = (number(4), number(8), number(12)) else { return Err(missing) };
    let (Some(lowest), Some(high), Some(ratio)) = (long(16), long(24), long(32)) else { return Err(missing) };
    if offset != 0 || ratio != 1_f64.to_bits() {
        return Err(Error::Damaged("its values are shifted or are fractions, and histograms of whole values are read"));
    }
    if digits > 5 || lowest == 0 {
        return Err(Error::Damaged("its digits or its unit are not those of a histogram"));
    }
    let grid = Grid::of_digits(digits as u8, lowest);
    let end = (high < ENDLESS).then(|| grid.index(high));
    let counts = bytes.get(HEAD..).and_then(|rest| rest.get(..length as usize)).ok_or(missing)?;
    Ok(Bins::new(grid, end, cells(counts, grid)?))
}

/// The counts of all cells up to the last that was hit.
fn counts(bins: &Bins) -> Vec<u8> {
    let (mut counts, mut next) = (Vec::new(), 0);
    for (at, count) in bins.cells() {
        match i64::from(at - next) {
            0 => {}
            1 => put(&mut counts, 0),
            empty => put(&mut counts, -empty),
        }
        put(&mut counts, i64::try_from(count).unwrap_or(i64::MAX));
        next = at + 1;
    }
    counts
}

fn cells(mut counts: &[u8], grid: Grid) -> Result<Vec<(u32, u64)>, Error> {
    let last = u64::from(grid.index(u64::MAX));
    let (mut cells, mut at) = (Vec::new(), 0_u64);
    while !counts.is_empty() {
        let number = take(&mut counts).ok_or(Error::Damaged("its end is missing"))?;
        if number < 0 {
            at = at.saturating_add(number.unsigned_abs());
            continue;
        }
        if number > 0 {
            if at > last {
                return Err(Error::Damaged("it has counts beyond its last cell"));
            }
            cells.push((at as u32, number.unsigned_abs()));
        }
        at = at.saturating_add(1);
    }
    Ok(cells)
}

/// Small numbers of either sign in few bytes: zigzag, then 7 bits to the byte, but all eight of the ninth.
fn put(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            break;
        }
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for place in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let is_last = place == 8 || *byte < 0x80;
        number |= u64::from(if place == 8 { *byte } else { byte & 0x7f }) << (7 * place);
        if is_last {
            break;
        }
    }
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};

    fn histograms() -> impl Iterator<Item = Histogram<u64>> {
        [(3, 1, 60_000_000), (2, 7, 100_000), (1, 1000, 1 << 40), (5, 1, 3_600_000), (0, 1, 2)].into_iter().map(
            |(digits, lowest, high)| {
                let mut histogram = Histogram::new_with_bounds(lowest, high, digits).unwrap();
                let value = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 30 + 34);
                (0..5_000).for_each(|i| histogram.saturating_record_n(value(i), 1 << (i % 50)));
                histogram
            },
        )
    }

    #[test]
    fn hdrhistogram_reads_what_is_written_and_the_other_way_round() {
        for theirs in histograms() {
            let ours = Bins::from(&theirs);
            let read: Histogram<u64> = Deserializer::new().deserialize(&mut bytes(&ours).as_slice()).unwrap();
            assert_eq!((Bins::from(&read), of_text(&text(&ours))), (ours.clone(), Ok(ours.clone())));
            assert_eq!(read.len(), theirs.len());
            let (mut plain, mut compressed) = (Vec::new(), Vec::new());
            V2Serializer::new().serialize(&theirs, &mut plain).unwrap();
            V2DeflateSerializer::new().serialize(&theirs, &mut compressed).unwrap();
            assert_eq!((of_bytes(&plain), of_bytes(&compressed)), (Ok(ours.clone()), Ok(ours)));
        }
    }

    #[test]
    fn an_end_and_none_survive() {
        for end in [None, Some(5_000), Some(0)] {
            for cells in [vec![], vec![(0, u64::MAX >> 1)], vec![(1, 1), (2, 1), (4, 3), (5_000, 7), (9_000, 1)]] {
                let bins = Bins::new(Grid::THREE_DIGITS, end, cells);
                assert_eq!(of_bytes(&bytes(&bins)), Ok(bins));
            }
        }
    }

    #[test]
    fn what_is_no_histogram_is_told() {
        let good = Bins::new(Grid::THREE_DIGITS, Some(5_000), vec![(7, 3), (4_000, 1)]);
        assert_eq!(of_text("12.5 ms"), Err(Error::Base64));
        assert_eq!(of_text("aGVsbG8="), Err(Error::Foreign));
        assert_eq!(of_text(""), Err(Error::Foreign));
        assert_eq!(of_bytes(&0x1c84_9309_u32.to_be_bytes()), Err(Error::Older("V0")));
        assert_eq!(of_bytes(&[0x1c, 0x84, 0x93, 0x02, 0]), Err(Error::Older("V1")));
        // unpadded, as other tools write it
        assert_eq!(of_text(text(&good).trim_end_matches('=')), Ok(good.clone()));
        let whole = bytes(&good);
        for length in 0..whole.len() - 4 {
            assert!(of_bytes(&whole[..length]).is_err(), "{length}");
        }
        // any damage is answered, and the head does not make anybody reserve memory
        let mut plain = Vec::new();
        V2Serializer::new().serialize(&good.histogram().unwrap(), &mut plain).unwrap();
        for at in 0..plain.len() {
            for byte in [0x00, 0x7f, 0x80, 0xff] {
                let mut damaged = plain.clone();
                damaged[at] = byte;
                let _ = of_bytes(&damaged);
            }
        }
    }
}
