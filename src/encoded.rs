//! HdrHistogram's encodings, so that histograms come from and go to other tools: as bytes, and as base64 text.
//!
//! ```text
//!  V0  digits:4 lowest:8 highest:8 total:8                                  then all counts, 2, 4 or 8 bytes each
//!  V1  length:4 offset:4 digits:4 lowest:8 highest:8 ratio:8                then counts up to the last that is not 0
//!  V2  as V1                                                                then counts as zigzag LEB128, -n for n zeros
//! ```
//!
//! Numbers are big-endian. Before them stands a cookie, which also says how wide a count is; a compressed histogram is the
//! same once more, inside of a cookie, a length and a zlib stream. Counts go into [`Bins`] as they are read: nothing of the
//! size that a damaged header claims is ever allocated, and a count outside of the cells that the header allows is an error.
//!
//! The highest value that a histogram was made for is where it ends. It matters only if something was counted there or beyond
//! (cells are kept up to a power of two): some libraries count whatever is too large at the highest value, so that all of
//! that may have been slower by any amount ([`Bins::end`]). Nothing is said of an end that nothing reached. A histogram that grows as it is filled has no end; it is known by a highest
//! value of twice its lowest, as it begins, or of one less than a power of two, as it grows.

use std::io::{self, BufRead, BufReader, Read, Write};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::series::{Bins, Grid};

/// Padding is written, and need not be there.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const V0: u32 = 0x1c84_9308;
const V0_COMPRESSED: u32 = 0x1c84_9309;
const V1: u32 = 0x1c84_9301;
const V1_COMPRESSED: u32 = 0x1c84_9302;
const V2: u32 = 0x1c84_9303;
const V2_COMPRESSED: u32 = 0x1c84_9304;
/// Histograms of fractions, whose cells move while they are filled.
const OF_FRACTIONS: [u32; 2] = [0x0c72_124e, 0x0c72_124f];
/// The bits of a cookie that say how wide a count is.
const WIDTH: u32 = 0xf0;
/// What Java's histograms can count at most.
const MOST: u64 = i64::MAX as u64;
/// What a histogram without an end is said to be made for, where nothing in it is larger: a day in nanoseconds.
const ROOM: u64 = 86_400_000_000_000;

/// Why something is not a histogram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is other text.
    #[error("is not base64 text")]
    Base64,
    /// It is something else.
    #[error("does not begin as an encoded HdrHistogram does")]
    Foreign,
    /// Its cells are no whole numbers.
    #[error("is a histogram of fractions (DoubleHistogram)")]
    Fractions,
    /// A part is missing.
    #[error("is a histogram that ends too early")]
    CutOff,
    /// A part makes no sense.
    #[error("is a damaged histogram ({0})")]
    Damaged(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::CutOff,
            _ => Error::Damaged(error.to_string()),
        }
    }
}

fn damaged(what: impl Into<String>) -> Error {
    Error::Damaged(what.into())
}

/// What a histogram with edges of its own begins with; HdrHistogram has no such ones.
const EDGES: &str = "le=";

/// A histogram as base64 text; one with edges of its own as those and the counts of their cells: `le=100 250;7 3 0`.
pub fn text(bins: &Bins) -> String {
    if let Some(edges) = bins.grid().edges() {
        let mut counts = vec![0; edges.len() + 1];
        bins.cells().for_each(|(at, count)| counts[at as usize] = count);
        let joined = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        return format!("{EDGES}{};{}", joined(edges), joined(&counts));
    }
    BASE64.encode(bytes(bins))
}

/// The histogram of a base64 text.
///
/// # Errors
///
/// It is not one.
pub fn of_text(text: &str) -> Result<Bins, Error> {
    if let Some(edged) = text.trim().strip_prefix(EDGES) {
        return of_edges(edged);
    }
    of_bytes(&BASE64.decode(text.trim()).map_err(|_| Error::Base64)?)
}

fn of_edges(text: &str) -> Result<Bins, Error> {
    let (edges, counts) = text.split_once(';').ok_or(Error::CutOff)?;
    let numbers = |text: &str| text.split(' ').map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>();
    let (edges, counts) =
        numbers(edges).zip(numbers(counts)).ok_or_else(|| damaged("its edges and counts are not whole numbers"))?;
    if !edges.is_sorted_by(|one, next| one < next) {
        return Err(damaged("its edges do not rise"));
    }
    if counts.len() != edges.len() + 1 {
        return Err(damaged(format!("{} edges need {} counts, not {}", edges.len(), edges.len() + 1, counts.len())));
    }
    Ok(Bins::new(Grid::of_edges(edges), None, (0..).zip(counts).collect()))
}

/// A histogram as V2, compressed. Where it has no end that was reached, it is made for values of up to a day in nanoseconds,
/// and for larger ones where it has some.
pub fn bytes(bins: &Bins) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(&plain(bins)).and_then(|()| packer.finish());
    // Writing into memory does not fail.
    let packed = packed.unwrap_or_default();
    let mut bytes = Vec::with_capacity(packed.len() + 8);
    bytes.extend((V2_COMPRESSED | 0x10).to_be_bytes());
    bytes.extend((packed.len() as u32).to_be_bytes());
    bytes.extend(packed);
    bytes
}

/// The histogram of bytes in any of the encodings, compressed or not.
///
/// # Errors
///
/// They are not one.
pub fn of_bytes(bytes: &[u8]) -> Result<Bins, Error> {
    let mut from = bytes;
    let cookie = word(&mut from).map_err(|_| Error::Foreign)?;
    match cookie & !WIDTH {
        V0_COMPRESSED | V1_COMPRESSED | V2_COMPRESSED => {
            let length = word(&mut from)? as usize;
            let mut plain = BufReader::new(ZlibDecoder::new(from.get(..length).ok_or(Error::CutOff)?));
            let cookie = word(&mut plain)?;
            let bins = plainly(cookie, &mut plain)?;
            // The checksum is looked at when the stream ends.
            io::copy(&mut plain.take(1 << 20), &mut io::sink())?;
            Ok(bins)
        }
        _ => plainly(cookie, &mut from),
    }
}

fn plain(bins: &Bins) -> Vec<u8> {
    let grid = bins.grid();
    let mut counts = Vec::with_capacity(2 * bins.bytes());
    let mut next = 0;
    for (at, count) in bins.cells() {
        match i64::from(at) - next {
            0 => {}
            1 => counts.push(0),
            zeros => zigzag(&mut counts, -zeros),
        }
        zigzag(&mut counts, i64::try_from(count).unwrap_or(i64::MAX));
        next = i64::from(at) + 1;
    }
    let mut bytes = Vec::with_capacity(counts.len() + 40);
    [V2 | 0x10, counts.len() as u32, 0, u32::from(grid.digits())].iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    [grid.lowest(), highest(bins), 1.0_f64.to_bits()].iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    bytes.extend(counts);
    bytes
}

/// The highest value to write: one that tells of the end, or one whose cell nothing has reached.
fn highest(bins: &Bins) -> u64 {
    let grid = bins.grid();
    let last = bins.cells().last().map_or(0, |(at, _)| at);
    let highest = match bins.end().filter(|_| bins.is_ended()) {
        Some(end) => {
            let low = grid.low(end);
            let tells = |value: &u64| reached(grid, (grid.lowest(), *value), end) == Some(end);
            // an end before a power of two would be none: one sooner says less, and nothing wrong
            [ROOM, low].into_iter().find(tells).unwrap_or(low.saturating_sub(1))
        }
        None => ROOM.max(grid.high(last).saturating_add(1)),
    };
    highest.clamp(2 * grid.lowest(), MOST)
}

/// The end of a histogram whose last cell that was hit is this one, if that reached it.
fn reached(grid: Grid, (lowest, highest): (u64, u64), last: u32) -> Option<u32> {
    if highest >= MOST || (highest + 1).is_power_of_two() || highest == 2 * lowest {
        return None;
    }
    Some(grid.index(highest)).filter(|end| last >= *end)
}

/// What stands after a cookie that is not that of a compressed histogram.
fn plainly(cookie: u32, from: &mut impl BufRead) -> Result<Bins, Error> {
    let (width, version) = ((cookie & WIDTH) >> 4, cookie & !WIDTH);
    let length = match version {
        V0 => u64::MAX,
        V1 | V2 => {
            let (length, offset) = (word(from)?, word(from)?);
            if offset != 0 {
                return Err(damaged("its cells were moved, as those of fractions are"));
            }
            u64::from(length)
        }
        _ if OF_FRACTIONS.contains(&cookie) => return Err(Error::Fractions),
        _ => return Err(Error::Foreign),
    };
    let (digits, lowest, highest) = (word(from)?, long(from)?, long(from)?);
    let last = long(from)?;
    let of_whole_numbers = version == V0 || f64::from_bits(last) == 1.0;
    let grid = grid(digits, lowest, highest)?;
    if !of_whole_numbers {
        return Err(Error::Fractions);
    }
    let mut counts = Counts { from: from.take(length), next: 0, end: grid.index(MOST), cells: Vec::new() };
    match (version, width) {
        (V2, _) => counts.packed()?,
        (_, 2 | 4 | 8) => counts.fixed(width as usize)?,
        _ => return Err(damaged(format!("a count of {width} bytes; there are 2, 4 and 8"))),
    }
    if counts.from.limit() > 0 && version != V0 {
        return Err(Error::CutOff);
    }
    let end = counts.cells.last().and_then(|(last, _)| reached(grid, (lowest, highest), *last));
    Ok(Bins::new(grid, end, counts.cells))
}

fn grid(digits: u32, lowest: u64, highest: u64) -> Result<Grid, Error> {
    let none = || damaged(format!("nothing tells {digits} digits of values from {lowest} to {highest} apart"));
    let digits = u8::try_from(digits).ok().filter(|digits| *digits <= 5).ok_or_else(none)?;
    if lowest == 0 || highest > MOST || highest / 2 < lowest {
        return Err(none());
    }
    let grid = Grid::of_digits(digits, lowest);
    // Cells that large do not fit: the grid's are smaller than was said.
    if grid.lowest() != 1 << lowest.ilog2() {
        return Err(none());
    }
    Ok(grid)
}

struct Counts<R> {
    from: R,
    next: u32,
    end: u32,
    cells: Vec<(u32, u64)>,
}

impl<R: BufRead> Counts<R> {
    fn fixed(&mut self, width: usize) -> Result<(), Error> {
        let mut bytes = [0; 8];
        while !self.from.fill_buf()?.is_empty() {
            self.from.read_exact(&mut bytes[8 - width..])?;
            self.count(u64::from_be_bytes(bytes))?;
        }
        Ok(())
    }

    fn packed(&mut self) -> Result<(), Error> {
        while !self.from.fill_buf()?.is_empty() {
            let number = unzigzag(&mut self.from)?;
            match u64::try_from(number) {
                Ok(count) => self.count(count)?,
                Err(_) => self.skip(number.unsigned_abs())?,
            }
        }
        Ok(())
    }

    fn count(&mut self, count: u64) -> Result<(), Error> {
        if count > MOST {
            return Err(damaged("a count is negative or larger than there are"));
        }
        if count > 0 {
            self.cells.push((self.next, count));
        }
        self.skip(1)
    }

    fn skip(&mut self, cells: u64) -> Result<(), Error> {
        let next = u64::from(self.next).saturating_add(cells);
        let fits = u32::try_from(next).ok().filter(|next| *next <= self.end + 1);
        self.next = fits.ok_or_else(|| damaged("it has more counts than its grid has cells"))?;
        Ok(())
    }
}

/// Small numbers of either sign in few bytes: seven bits to the byte, the ninth byte whole.
fn zigzag(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    for _ in 0..8 {
        if rest < 0x80 {
            return to.push(rest as u8);
        }
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

fn unzigzag(from: &mut impl Read) -> io::Result<i64> {
    let mut number = 0;
    for place in 0..9 {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        let last = byte[0] < 0x80 || place == 8;
        let bits = if place == 8 { byte[0] } else { byte[0] & 0x7f };
        number |= u64::from(bits) << (7 * place);
        if last {
            break;
        }
    }
    Ok((number >> 1) as i64 ^ -((number & 1) as i64))
}

fn word(from: &mut impl Read) -> Result<u32, Error> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn long(from: &mut impl Read) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};
    use proptest::prelude::*;

    fn theirs(digits: u8, lowest: u64, highest: u64, values: &[u64]) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(lowest, highest, digits).unwrap();
        values.iter().for_each(|value| histogram.saturating_record(*value));
        histogram
    }

    fn ours(digits: u8, lowest: u64, values: &[u64]) -> Bins {
        let grid = Grid::of_digits(digits, lowest);
        Bins::new(grid, None, values.iter().map(|value| (grid.index(*value), 1)).collect())
    }

    /// What Java's older versions wrote, by the layouts above.
    fn old(version: u32, width: u32, bins: &Bins, highest: u64, digits: u32) -> Vec<u8> {
        let lowest = bins.grid().lowest();
        let len = if version == V0 { bins.grid().index(highest) } else { bins.cells().last().map_or(0, |c| c.0) } + 1;
        let mut counts = vec![0_u8; (len * width) as usize];
        for (at, count) in bins.cells() {
            let from = (at * width) as usize;
            counts[from..from + width as usize].copy_from_slice(&count.to_be_bytes()[8 - width as usize..]);
        }
        let mut bytes = (version | width << 4).to_be_bytes().to_vec();
        if version == V1 {
            bytes.extend((counts.len() as u32).to_be_bytes());
            bytes.extend(0_u32.to_be_bytes());
        }
        bytes.extend(digits.to_be_bytes());
        let last = if version == V0 { bins.total() } else { 1.0_f64.to_bits() };
        [lowest, highest, last].iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        [bytes, counts].concat()
    }

    fn zipped(cookie: u32, plain: &[u8]) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(plain).unwrap();
        let packed = packer.finish().unwrap();
        [&cookie.to_be_bytes()[..], &(packed.len() as u32).to_be_bytes(), &packed].concat()
    }

    const VALUES: [u64; 9] = [0, 1, 2, 2047, 2048, 70_000, 70_000, 123_456_789, 3_600_000_000];

    #[test]
    fn both_encodings_of_the_second_version_are_read() {
        for (digits, lowest) in [(0, 1), (1, 1), (2, 20_000), (3, 1), (4, 3), (5, 1)] {
            let theirs = theirs(digits, lowest, 3_600_000_000_000, &VALUES);
            let (mut plain, mut packed) = (Vec::new(), Vec::new());
            V2Serializer::new().serialize(&theirs, &mut plain).unwrap();
            V2DeflateSerializer::new().serialize(&theirs, &mut packed).unwrap();
            let ours = ours(digits, lowest, &VALUES);
            assert_eq!(of_bytes(&plain).unwrap(), ours);
            assert_eq!(of_bytes(&packed).unwrap(), ours);
        }
    }

    #[test]
    fn the_older_versions_are_read_with_counts_of_every_width() {
        for (digits, lowest) in [(2, 1), (3, 1000), (3, 1)] {
            let bins = ours(digits, lowest, &VALUES);
            for (version, width) in [(V0, 2), (V0, 4), (V0, 8), (V1, 2), (V1, 4), (V1, 8)] {
                let plain = old(version, width, &bins, 3_600_000_000_000, u32::from(digits));
                assert_eq!(of_bytes(&plain).unwrap(), bins, "{version:x} {width}");
                assert_eq!(of_bytes(&zipped((version + 1) | width << 4, &plain)).unwrap(), bins);
            }
        }
    }

    #[test]
    fn what_is_written_is_what_the_crate_writes_and_reads() {
        let bins = ours(3, 1, &VALUES);
        let theirs = theirs(3, 1, ROOM, &VALUES);
        let mut written = Vec::new();
        V2Serializer::new().serialize(&theirs, &mut written).unwrap();
        assert_eq!(plain(&bins), written);
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut &*bytes(&bins)).unwrap();
        assert_eq!(read, theirs);
        assert_eq!(read.high(), ROOM);
    }

    #[test]
    fn an_end_is_told_where_it_was_reached() {
        let grid = Grid::THREE_DIGITS;
        let theirs = theirs(3, 1, 60_000, &[5, 59_999, 70_000]);
        let mut packed = Vec::new();
        V2DeflateSerializer::new().serialize(&theirs, &mut packed).unwrap();
        let bins = of_bytes(&packed).unwrap();
        assert_eq!(bins.end(), Some(grid.index(60_000)));
        let beyond = Bins::new(grid, None, vec![(grid.index(60_000), 1), (grid.index(65_535), 1)]);
        let ended = Bins::new(grid, bins.end(), beyond.cells().collect());
        assert_eq!(of_bytes(&old(V1, 8, &beyond, 60_000, 3)).unwrap(), ended, "who knows what was counted at 60,000");
        assert_eq!(of_bytes(&bytes(&bins)).unwrap(), bins);
        for (end, count) in [(60_000, 3), (ROOM, 1)] {
            let bins = Bins::new(grid, Some(grid.index(end)), vec![(7, 1), (grid.index(end), count)]);
            assert_eq!(of_bytes(&bytes(&bins)).unwrap(), bins);
        }
        let nothing_there = Bins::new(grid, Some(grid.index(60_000)), vec![(5, 1)]);
        assert_eq!(of_bytes(&bytes(&nothing_there)).unwrap(), nothing_there.without_idle_end());
        let beyond = Bins::new(grid, None, vec![(grid.index(ROOM), 2)]);
        assert_eq!(of_bytes(&bytes(&beyond)).unwrap(), beyond, "no end was told, and none appears");
        for highest in [2, 2047, 4095] {
            let growing = old(V1, 8, &Bins::new(grid, None, vec![(2, 1), (2047, 1)]), highest, 3);
            assert_eq!(of_bytes(&growing).unwrap().end(), None, "it would have grown");
        }
    }

    #[test]
    fn an_end_anywhere_survives_if_it_was_reached() {
        for (digits, lowest) in [(0, 1), (1, 1), (2, 7), (3, 1), (3, 1000), (5, 1)] {
            let grid = Grid::of_digits(digits, lowest);
            // up to the width of the narrowest cells nothing tells an end from a beginning
            let single = grid.index(grid.lowest() << (grid.resolution().log2().abs() as u32 + 1));
            let ends = (single - 1..single + 3_000).filter(|end| *end <= grid.index(MOST));
            for end in ends.chain([grid.index(ROOM), grid.index(60_000_000_000)]) {
                let reached = Bins::new(grid, Some(end), vec![(end / 2, 3), (end, 2)]);
                let idle = Bins::new(grid, Some(end), vec![(end / 2, 3)]);
                assert_eq!(of_text(&text(&idle)), Ok(idle.without_idle_end()), "{digits} digits, end {end}");
                match (grid.low(end) + 1).is_power_of_two() || end < 3 {
                    false => assert_eq!(of_text(&text(&reached)), Ok(reached), "{digits} digits, end {end}"),
                    true => assert!(end < 3 || of_text(&text(&reached)).is_ok_and(|bins| bins.end() == Some(end - 1))),
                }
            }
        }
    }

    #[test]
    fn edges_of_their_own_come_back() {
        let bins = Bins::new(Grid::of_edges(vec![100, 250]), None, vec![(0, 7), (2, 3)]);
        assert_eq!(text(&bins), "le=100 250;7 0 3");
        assert_eq!(of_text(&text(&bins)), Ok(bins));
        assert_eq!(of_text("le=100 250"), Err(Error::CutOff));
        let told = |text: &str| of_text(text).unwrap_err().to_string();
        assert!(told("le=250 100;1 2 3").contains("its edges do not rise"));
        assert!(told("le=100 250;1 2").contains("2 edges need 3 counts, not 2"));
        assert!(told("le=0.1;1 2").contains("are not whole numbers"));
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        let plain = plain(&ours(3, 1, &VALUES));
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = plain.clone();
            changed[at..at + bytes.len()].copy_from_slice(bytes);
            of_bytes(&changed).unwrap_err()
        };
        let told = |at: usize, bytes: &[u8]| with(at, bytes).to_string();
        assert_eq!((of_text("12.5 ms"), of_text("aGVsbG8=")), (Err(Error::Base64), Err(Error::Foreign)));
        assert_eq!((of_bytes(b""), of_bytes(&plain[..50])), (Err(Error::Foreign), Err(Error::CutOff)));
        assert_eq!(with(0, b"PAR1"), Error::Foreign);
        assert_eq!(with(0, &OF_FRACTIONS[0].to_be_bytes()), Error::Fractions);
        assert_eq!(with(4, &[0xff; 4]), Error::CutOff, "no memory is asked for");
        assert!(told(8, &[1]).contains("its cells were moved, as those of fractions are"));
        assert!(told(15, &[9]).contains("nothing tells 9 digits of values from 1 to 86400000000000 apart"));
        assert!(told(16, &[0x3f]).contains("nothing tells"));
        assert_eq!(with(32, &[0x40]), Error::Fractions);
        assert!(told(40, &[0xff; 9]).contains("it has more counts than its grid has cells"));
        let mut packed = bytes(&ours(3, 1, &VALUES));
        // unpadded, as other tools write it
        assert_eq!(of_text(BASE64.encode(&packed).trim_end_matches('=')), Ok(ours(3, 1, &VALUES)));
        for length in 0..packed.len() - 1 {
            assert!(of_bytes(&packed[..length]).is_err(), "{length}");
        }
        *packed.last_mut().unwrap() ^= 1;
        assert!(matches!(of_bytes(&packed), Err(Error::Damaged(_))), "the checksum is looked at");
        let mut short = old(V1, 2, &ours(2, 1, &VALUES), 3_600_000_000_000, 2);
        assert_eq!(of_bytes(&short[..short.len() - 1]), Err(Error::CutOff));
        short[3] = 0x31;
        assert!(of_bytes(&short).unwrap_err().to_string().contains("a count of 3 bytes; there are 2, 4 and 8"));
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(
            digits in 0_u8..=5,
            lowest in 1_u64..1_000_000,
            values in prop::collection::vec((0_u32..52, any::<u64>()), 0..200),
            count in 1_u64..u64::MAX / 1000,
        ) {
            let grid = Grid::of_digits(digits, lowest);
            let cells = values.iter().map(|(shift, value)| (grid.index(value >> (shift + 11)), count)).collect();
            let bins = Bins::new(grid, None, cells);
            let saturated = bins.cells().map(|(at, n)| (at, n.min(MOST))).collect();
            prop_assert_eq!(of_bytes(&bytes(&bins)).unwrap(), Bins::new(grid, None, saturated));
        }

        #[test]
        fn damage_is_never_fatal(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut: bool) {
            let bins = ours(3, 1, &VALUES);
            for sound in [plain(&bins), bytes(&bins), old(V0, 2, &bins, 4_000_000_000, 3), old(V1, 4, &bins, 4_000_000_000, 3)] {
                let mut bytes = sound.clone();
                // Most damage is told by the first bytes: they are hit more often than by chance.
                flips.iter().for_each(|(at, byte)| bytes[at.index(48)] ^= byte);
                flips.iter().for_each(|(at, byte)| bytes[at.index(sound.len())] = *byte);
                bytes.truncate(if cut { flips[0].0.index(sound.len()) } else { sound.len() });
                let _ = of_bytes(&bytes);
            }
        }

        #[test]
        fn noise_is_never_fatal(cookie in prop::sample::select(vec![V0, V1, V2, V0_COMPRESSED, V1_COMPRESSED, V2_COMPRESSED]), noise: Vec<u8>) {
            let _ = of_bytes(&[&(cookie | 0x20).to_be_bytes()[..], &noise].concat());
        }
    }
}
