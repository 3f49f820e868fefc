//! The units that times are counted in.

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// ns
    Nanoseconds,
    /// us
    Microseconds,
    /// ms
    Milliseconds,
    /// s
    Seconds,
}

impl TimeUnit {
    /// How many nanoseconds one is, as a power of ten.
    pub fn power(self) -> u32 {
        match self {
            TimeUnit::Nanoseconds => 0,
            TimeUnit::Microseconds => 3,
            TimeUnit::Milliseconds => 6,
            TimeUnit::Seconds => 9,
        }
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Nanoseconds => "ns",
            TimeUnit::Microseconds => "us",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Seconds => "s",
        }
    }

    /// What one is in milliseconds.
    pub fn in_milliseconds(self) -> f64 {
        match self {
            TimeUnit::Nanoseconds => 1e-6,
            TimeUnit::Microseconds => 1e-3,
            TimeUnit::Milliseconds => 1.0,
            TimeUnit::Seconds => 1e3,
        }
    }

    /// The unit that a word means.
    pub fn named(word: &str) -> Option<TimeUnit> {
        match word {
            "ns" | "nanos" | "nanoseconds" => Some(TimeUnit::Nanoseconds),
            "us" | "µs" | "micros" | "microseconds" => Some(TimeUnit::Microseconds),
            "ms" | "millis" | "milliseconds" | "msec" => Some(TimeUnit::Milliseconds),
            "s" | "sec" | "secs" | "seconds" => Some(TimeUnit::Seconds),
            _ => None,
        }
    }
}
