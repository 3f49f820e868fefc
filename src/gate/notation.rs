//! Numbers of a case in a few characters: `2x60`, `100+5x12`, `1 2 _ 4`, `100~5%x60`.
//!
//! ```text
//!  2         2
//!  2x60      60 times 2
//!  100+5x12  12 numbers from 100 on, each 5 more than the one before
//!  _         nothing was measured; _x5 is five of it
//!  100~5%x60 60 numbers around 100, with a standard deviation of 5 %; ~5 is one of 5
//! ```
//!
//! Items stand side by side, between spaces. The noise of an item follows from the seed alone.

use rand_distr::{Distribution, Normal};
use rand_pcg::Pcg64Mcg;
use sha2::{Digest, Sha256};

/// More numbers than this are a slip.
const MOST: usize = 1_000_000;

/// The numbers of a text; nothing where nothing was measured. `seed` is what the noise follows from.
pub fn numbers(text: &str, seed: &str) -> Result<Vec<Option<f64>>, String> {
    let digest = Sha256::digest(seed.as_bytes());
    let seed = digest.iter().take(16).fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
    let mut chance = Pcg64Mcg::new(seed);
    let mut all = Vec::new();
    for item in text.split_whitespace() {
        let item = Item::read(item)?;
        if all.len().saturating_add(item.times) > MOST {
            return Err(format!("more than {MOST} numbers: shorten it"));
        }
        for nth in 0..item.times {
            all.push(item.start.map(|start| item.noisy(start + item.step * nth as f64, &mut chance)));
        }
    }
    if all.is_empty() { Err(format!("no numbers: {FORMS}")) } else { Ok(all) }
}

/// How numbers are written.
const FORMS: &str = "write them as `2x60`, `100+5x12`, `1 2 _ 4` or `100~5%x60`";

/// One item of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Item {
    /// The first number; nothing for a gap.
    start: Option<f64>,
    step: f64,
    noise: Noise,
    times: usize,
}

/// How numbers scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Noise {
    None,
    /// A standard deviation as a share of the number.
    Share(f64),
    /// A standard deviation.
    Deviation(f64),
}

impl Item {
    fn read(text: &str) -> Result<Item, String> {
        let wrong = || format!("`{text}` is not a number with its repetition: {FORMS}");
        let (rest, times) = match text.rsplit_once('x') {
            Some((rest, times)) => (rest, times.parse().ok().filter(|times| *times > 0).ok_or_else(wrong)?),
            None => (text, 1),
        };
        if rest == "_" {
            return Ok(Item { start: None, step: 0.0, noise: Noise::None, times });
        }
        let (rest, noise) = match rest.split_once('~') {
            Some((rest, noise)) => (rest, Noise::read(noise).ok_or_else(wrong)?),
            None => (rest, Noise::None),
        };
        // a sign after the first character begins the step
        let sign = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map(|(at, _)| at);
        let (start, step) = rest.split_at(sign.unwrap_or(rest.len()));
        let step = if step.is_empty() { Some(0.0) } else { real(step) };
        match (real(start), step) {
            (Some(start), Some(step)) => Ok(Item { start: Some(start), step, noise, times }),
            _ => Err(wrong()),
        }
    }

    fn noisy(&self, level: f64, chance: &mut Pcg64Mcg) -> f64 {
        let deviation = match self.noise {
            Noise::None => return level,
            Noise::Share(share) => level.abs() * share,
            Noise::Deviation(deviation) => deviation,
        };
        let number = Normal::new(level, deviation).map_or(level, |spread| spread.sample(chance));
        // what is measured of a service is seldom below zero, and noise alone does not make it so
        if level >= 0.0 { number.max(0.0) } else { number }
    }
}

impl Noise {
    fn read(text: &str) -> Option<Noise> {
        let positive = |text: &str| real(text).filter(|number| *number >= 0.0);
        match text.strip_suffix('%') {
            Some(percent) => positive(percent).map(|percent| Noise::Share(percent / 100.0)),
            None => positive(text).map(Noise::Deviation),
        }
    }
}

fn real(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<f64> {
        numbers(text, "seed").unwrap().into_iter().map(|one| one.unwrap_or(f64::NEG_INFINITY)).collect()
    }

    #[test]
    fn items_are_numbers_ramps_and_gaps() {
        assert_eq!(plain("2x3 7"), [2.0, 2.0, 2.0, 7.0]);
        assert_eq!(plain("100+5x3 10-2.5x3 -4"), [100.0, 105.0, 110.0, 10.0, 7.5, 5.0, -4.0]);
        assert_eq!(numbers("1 _ _x2 4", "").unwrap(), [Some(1.0), None, None, None, Some(4.0)]);
    }

    #[test]
    fn noise_follows_from_its_seed_and_has_its_deviation() {
        let (one, other) = (plain("100~5%x10000"), plain("100~5x10000"));
        assert_eq!(one, plain("100~5%x10000"));
        assert_ne!(one, numbers("100~5%x10000", "another").unwrap().into_iter().flatten().collect::<Vec<_>>());
        for all in [one, other] {
            let mean = all.iter().sum::<f64>() / 1e4;
            let deviation = (all.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 1e4).sqrt();
            assert!((mean - 100.0).abs() < 0.2 && (deviation - 5.0).abs() < 0.2, "{mean} {deviation}");
        }
    }

    #[test]
    fn what_is_no_number_says_how_numbers_are_written() {
        for text in ["", "two", "2x", "2x0", "2y5", "1..2", "5~x3", "5~-1x3", "NaN", "infx3", "1e3", "2x9999999"] {
            let why = numbers(text, "").unwrap_err();
            assert!(why.contains("write them as") || why.contains("shorten"), "{text}: {why}");
        }
    }
}
