//! Chance, the same on every machine and for any number of threads: each soak has a generator of its own.

use rand_distr::{Binomial, Distribution, Gamma, Poisson, StandardNormal, StandardUniform};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// A stream of random numbers.
pub struct Noise(Pcg64);

impl Noise {
    /// The stream of one soak: the digest of what makes it different from all others.
    pub fn of(seed: u64, scenario: &str, effect: &str, soak: usize) -> Noise {
        Noise(Pcg64::from_seed(Sha256::digest(format!("{seed}/{scenario}/{effect}/{soak}")).into()))
    }

    /// Evenly between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        StandardUniform.sample(&mut self.0)
    }

    /// Whether something with this chance happens.
    pub fn happens(&mut self, chance: f64) -> bool {
        self.uniform() < chance
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// A count with a mean.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        Poisson::new(mean).map_or(0, |law| law.sample(&mut self.0) as u64)
    }

    /// How many of `n` happen.
    pub fn binomial(&mut self, n: u64, chance: f64) -> u64 {
        Binomial::new(n, chance).map_or(0, |law| law.sample(&mut self.0))
    }

    /// A factor of mean 1 with a coefficient of variation; 1 where that is 0.
    pub fn gamma(&mut self, variation: f64) -> f64 {
        let square = variation * variation;
        Gamma::new(1.0 / square, square).map_or(1.0, |law| law.sample(&mut self.0))
    }

    /// First-order autoregression of variance 1.
    pub fn slow(&mut self, length: usize, phi: f64) -> Vec<f64> {
        let mut level = self.normal();
        let mut next = |i: usize| {
            if i > 0 {
                level = phi * level + (1.0 - phi * phi).sqrt() * self.normal();
            }
            level
        };
        (0..length).map(&mut next).collect()
    }
}
