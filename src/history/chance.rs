//! Chance with a seed: the same numbers on every machine and every run, so that a replay can be repeated.

use crate::stats::normal::normal_quantile;

/// Above so many expected occurrences the normal distribution is close enough.
const MANY: f64 = 64.0;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Another stream for every number and name.
    pub fn new(number: u64, name: &str) -> Chance {
        // FNV-1a, so that metrics of one window draw differently
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Chance(hash ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// A number above 0 and below 1.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// How many of `n` trials succeed, each with probability `p`.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        let mean = n as f64 * p;
        if mean > MANY {
            let drawn = mean + (mean * (1.0 - p)).sqrt() * self.normal();
            return (drawn.round().max(0.0) as u64).min(n);
        }
        // the gaps between successes are geometric
        let (mut successes, mut place) = (0, 0.0);
        loop {
            place += (self.uniform().ln() / (-p).ln_1p()).floor() + 1.0;
            if place > n as f64 {
                return successes;
            }
            successes += 1;
        }
    }

    /// How many occurrences there are where `mean` are expected.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean > MANY {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (mut left, mut count) = (mean, 0);
        loop {
            left += self.uniform().ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn draws_have_the_mean_and_variance_of_their_names() {
        let mut chance = Chance::new(7, "draws");
        let moments = |mut draw: Box<dyn FnMut() -> u64 + '_>| {
            let drawn: Vec<f64> = (0..20_000).map(|_| draw() as f64).collect();
            let mean = drawn.iter().sum::<f64>() / 20_000.0;
            (mean, drawn.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0)
        };
        let near = |(mean, variance): (f64, f64), (m, v): (f64, f64)| {
            assert!((mean - m).abs() < 5.0 * (v / 20_000.0).sqrt(), "mean {mean}, not {m}");
            assert!((variance / v - 1.0).abs() < 0.08, "variance {variance}, not {v}");
        };
        for (n, p) in [(10, 0.3), (40, 0.9), (1_000, 0.01), (1_000, 0.2), (5, 0.5)] {
            let mean = n as f64 * p;
            near(moments(Box::new(|| chance.binomial(n, p))), (mean, mean * (1.0 - p)));
        }
        for mean in [0.2, 3.0, 60.0, 400.0] {
            near(moments(Box::new(|| chance.poisson(mean))), (mean, mean));
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let mut chance = Chance::new(0, "");
        for p in [f64::NAN, -1.0, 0.0] {
            assert_eq!((chance.binomial(9, p), chance.poisson(p)), (0, 0));
        }
        assert_eq!((chance.binomial(0, 0.5), chance.binomial(9, 1.0), chance.binomial(9, 7.0)), (0, 9, 9));
    }
}
