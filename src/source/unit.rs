//! The unit that a source says its numbers are in: by a unit beside them, or by the name of their column.
//!
//! One reader serves the judge, which compares the units of both arms, and the draft of a configuration, which fills them in. A
//! name's unit is its last word, or the word before a quantile: `p95_ms`, `p95Ms`, `p95 [ms]`, `latency_ms_p95`. Some words have
//! another meaning, as in `requests_us`: a draft may still guess, and the judge compares certain ones alone.

use crate::notation::{Measure, Timely};

/// What the numbers of a metric are in, once they are in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseUnit {
    /// Times.
    Milliseconds,
    /// Sizes.
    Bytes,
    /// Percentages of something that is not a rate of counts.
    Percent,
}

/// A unit that is said beside numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedUnit {
    /// As a configuration writes it, or as the source does where no configuration can.
    pub text: String,
    /// What one is in which base unit; nothing where a configuration cannot write it.
    pub base: Option<(BaseUnit, f64)>,
}

impl StatedUnit {
    /// A unit by itself, as services, exporters and files write it; nothing for a plain count.
    pub(super) fn of(text: &str) -> Option<StatedUnit> {
        let text = text.trim();
        if let Some(unit) = spelled(text) {
            return StatedUnit::written(unit);
        }
        let is_rate = text.rsplit_once('/').is_some_and(|(of, per)| per == "Second" && !matches!(of, "" | "Count"));
        let is_bits = matches!(text, "Bits" | "Kilobits" | "Megabits" | "Gigabits" | "Terabits");
        (is_rate || is_bits).then(|| StatedUnit { text: text.to_owned(), base: None })
    }

    /// The unit in a column's name, where it means nothing else.
    pub(super) fn in_name(name: &str) -> Option<StatedUnit> {
        let found = Named::of(name);
        match found.unit.filter(|_| found.is_certain) {
            Some(unit) => StatedUnit::written(unit),
            None => in_brackets(name).and_then(|(_, text)| StatedUnit::of(text)).filter(|unit| unit.base.is_none()),
        }
    }

    fn written(unit: &str) -> Option<StatedUnit> {
        let base = match Measure::parse(unit).ok()? {
            // `latency (min)` is the least one
            Measure::Time(Timely::Minutes | Timely::Hours) => return None,
            Measure::Time(time) => (BaseUnit::Milliseconds, time.milliseconds()),
            Measure::Storage(size) => (BaseUnit::Bytes, size.bytes()),
            Measure::Percent => (BaseUnit::Percent, 1.0),
            _ => return None,
        };
        Some(StatedUnit { text: unit.to_owned(), base: Some(base) })
    }

    /// Whether numbers of both can be compared as they are.
    pub fn is_same(&self, other: &StatedUnit) -> bool {
        self.base == other.base && (self.base.is_some() || self.text == other.text)
    }
}

/// A column's name in words, its unit apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// All its words in lower case: `p95Ms`, `P95-ms` and `p95 (ms)` are the same two.
    pub words: Vec<String>,
    /// The words without the unit.
    pub base: Vec<String>,
    /// The unit as a configuration writes it.
    pub unit: Option<&'static str>,
    /// Whether the word of the unit can mean nothing else here.
    pub is_certain: bool,
}

impl Named {
    /// Reads a name.
    pub fn of(name: &str) -> Named {
        let words = words(name);
        let without = |at: usize| [&words[..at], &words[at + 1..]].concat();
        let plain = |base: Vec<String>| Named { words: words.clone(), base, unit: None, is_certain: false };
        if let Some((before, text)) = in_brackets(name)
            && !is_quantile(text)
            && text.parse::<f64>().is_err()
        {
            let base = self::words(before);
            // `p95 (A)` and `p95 (B)` are two variants, and a latency has no bytes
            let unit = spelled(text).filter(|unit| !(*unit == "B" && text.len() == 1 && speaks_of_time(&base)));
            return match unit.filter(|_| !base.is_empty()) {
                Some(unit) => Named { words, base, unit: Some(unit), is_certain: true },
                None => plain(words.clone()),
            };
        }
        let behind = behind(&words);
        let Some(at) = words.len().checked_sub(behind + 1).filter(|at| *at > 0 || behind > 0) else {
            return plain(words.clone());
        };
        let base = without(at);
        match unit_of(&words[at], &base).filter(|_| !counts_beyond(&words[..at])) {
            Some((unit, is_certain)) => Named { words, base, unit: Some(unit), is_certain },
            None => plain(words.clone()),
        }
    }
}

/// How many of the last words say which statistic a number is.
fn behind(words: &[String]) -> usize {
    let own = match words {
        [.., last] if is_quantile(last) || is_statistic(last) => 1,
        [.., p, number] if matches!(p.as_str(), "p" | "percentile") && number.parse::<f64>().is_ok() => 2,
        _ => return 0,
    };
    own + behind(&words[..words.len() - own])
}

/// Whether a unit belongs to a number before it: `over_500_ms` counts what took longer.
fn counts_beyond(before: &[String]) -> bool {
    let is_number = |word: &String| word.parse::<f64>().is_ok();
    let is_quantile = |word: &String| matches!(word.as_str(), "p" | "percentile" | "quantile");
    match before {
        [.., before, last] => is_number(last) && !is_quantile(before),
        [last] => is_number(last),
        [] => false,
    }
}

/// The name before a last pair of brackets, and the text within.
fn in_brackets(name: &str) -> Option<(&str, &str)> {
    let name = name.trim_end();
    let (open, rest) = match name.strip_suffix(')') {
        Some(rest) => ('(', rest),
        None => ('[', name.strip_suffix(']')?),
    };
    rest.rsplit_once(open).map(|(before, text)| (before, text.trim()))
}

/// A unit as a configuration writes it, of any of its usual spellings that stand by themselves.
pub fn spelled(text: &str) -> Option<&'static str> {
    // UCUM, which OpenTelemetry uses, writes a byte as `By`
    let text = text.strip_suffix('y').filter(|text| text.ends_with('B') && text.len() < 4).unwrap_or(text);
    let lower = text.to_lowercase();
    Some(match lower.as_str() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => "us",
        "ns" | "nsec" | "nsecs" | "nanos" | "nanosecond" | "nanoseconds" => "ns",
        "percent" | "pct" | "%" => "%",
        "b" | "byte" | "bytes" => "B",
        "kb" | "kilobyte" | "kilobytes" | "kbytes" => "KB",
        "kib" | "kibibyte" | "kibibytes" => "KiB",
        "mb" | "megabyte" | "megabytes" | "mbytes" => "MB",
        "mib" | "mebibyte" | "mebibytes" => "MiB",
        "gb" | "gigabyte" | "gigabytes" | "gbytes" => "GB",
        "gib" | "gibibyte" | "gibibytes" => "GiB",
        "tb" | "terabyte" | "terabytes" | "tbytes" => "TB",
        "tib" | "tebibyte" | "tebibytes" => "TiB",
        _ => return None,
    })
}

/// The unit of a word among others, and whether it can mean nothing else there: `requests_us` are those of a country.
fn unit_of(word: &str, others: &[String]) -> Option<(&'static str, bool)> {
    let unit = spelled(word)?;
    let is_certain = match word {
        "s" | "us" | "ns" | "second" => speaks_of_time(others),
        "kb" | "mb" | "gb" | "tb" => speaks_of_size(others),
        // `group_b` is a variant
        "b" => return speaks_of_size(others).then_some((unit, true)),
        _ => true,
    };
    Some((unit, is_certain))
}

fn speaks_of_time(words: &[String]) -> bool {
    const TIMES: [&str; 17] = [
        "latency",
        "latencies",
        "duration",
        "durations",
        "elapsed",
        "time",
        "took",
        "delay",
        "lag",
        "wait",
        "ttfb",
        "rtt",
        "runtime",
        "age",
        "median",
        "percentile",
        "responsetime",
    ];
    words.iter().any(|word| is_quantile(word) || TIMES.contains(&word.as_str()))
        || words.windows(2).any(|pair| pair[0] == "p" && pair[1].parse::<f64>().is_ok())
}

fn speaks_of_size(words: &[String]) -> bool {
    const SIZES: [&str; 18] = [
        "memory",
        "mem",
        "rss",
        "heap",
        "size",
        "disk",
        "storage",
        "payload",
        "body",
        "ram",
        "swap",
        "allocated",
        "alloc",
        "buffer",
        "buffers",
        "cache",
        "used",
        "free",
    ];
    words.iter().any(|word| SIZES.contains(&word.as_str()))
}

/// `p95`, `99th`, `95p`, `95percentile`.
fn is_quantile(word: &str) -> bool {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok();
    let lower = word.to_lowercase();
    let rest = lower.strip_prefix('p').or_else(|| lower.strip_suffix('p'));
    let rest = rest.or_else(|| lower.strip_suffix("percentile")).or_else(|| lower.strip_suffix("th"));
    rest.is_some_and(is_number)
}

fn is_statistic(word: &str) -> bool {
    matches!(word, "avg" | "average" | "mean" | "median" | "max" | "min" | "percentile")
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    // each word, and whether nothing stands between it and the one before
    let mut words: Vec<(String, bool)> = vec![(String::new(), false)];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(at + 1).copied();
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let lower = |c: Option<char>| c.is_some_and(char::is_lowercase);
        let decimal = c == '.' && digit(before) && digit(after);
        if !(c.is_alphanumeric() || c == '%' || decimal) {
            words.push((String::new(), false));
            continue;
        }
        // `p95Ms` is two words, `5XX` is one
        let numbered = digit(before) && words.last().is_some_and(|(word, _)| word.starts_with(char::is_alphabetic));
        let capital =
            c.is_uppercase() && (lower(before) || numbered || before.is_some_and(char::is_uppercase) && lower(after));
        if capital || c == '%' {
            words.push((String::new(), true));
        }
        if let Some((word, _)) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|(word, _)| !word.is_empty());
    let mut whole: Vec<String> = Vec::new();
    for (word, is_glued) in words {
        // `MiB`, `kB` and `mSec` are one word each
        match whole.last_mut().filter(|last| is_glued && is_split(last, &word)) {
            Some(last) => last.push_str(&word),
            None => whole.push(word),
        }
    }
    whole
}

/// Whether two words are the halves of one unit.
fn is_split(one: &str, other: &str) -> bool {
    match other {
        "b" => matches!(one, "k" | "m" | "g" | "t" | "ki" | "mi" | "gi" | "ti"),
        "bytes" => matches!(one, "k" | "m" | "g" | "t"),
        "sec" | "secs" => matches!(one, "m" | "u" | "n"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_unit_or_nothing() {
        for (wanted, names) in [
            (
                "ms",
                "p95 (ms)|P95_MS|p95 [ms]|p95(ms)|p95 ( MS )|p95Ms|latency_ms_p95|latency-ms|latency.ms|p95 ms|p95_ms_avg",
            ),
            (
                "ms",
                "p95 mSec|p95 (milliseconds)|latencyMillis|p95MS|latency_ms_p99.9|p(95) (ms)|latency_ms p(95)|p_95_ms",
            ),
            ("us", "p95 (us)|p95 (µs)|latency_us|p95 uSec|durationMicroseconds"),
            ("ns", "duration_nanoseconds|p95_ns|latency (ns)"),
            (
                "s",
                "http_request_duration_seconds|p95 (s)|p95 (seconds)|p95 (sec)|p95Seconds|p95_s|latency_secs|latency_second",
            ),
            ("B", "rss_bytes|memory (B)|mem_b|heapBytes"),
            ("KB", "memory (kB)|memory_kB|heap_kb|memoryKB"),
            ("MiB", "heap (MiB)|memory_MiB|memory_mib|memoryMiB"),
            ("GB", "memory (GB)|disk_gb|memory GB"),
            ("TB", "disk (TB)|disk_tb"),
            ("TiB", "disk (TiB)"),
            ("%", "cpu (%)|cpu %|cpu_percent|cpu_pct|cpu%"),
            ("Kilobits/Second", "network (Kilobits/Second)"),
            (
                "",
                "p95|latency (min)|latency (mean)|requests_us|orders_gb|ms|p95 (A)|p95 (B)|variant_b|over_500_ms|pods_ns",
            ),
            (
                "",
                "over_1_seconds|requests (5 min)|p95 (requests/second)|requests/second|rate (Count/Second)|errors|5xx",
            ),
        ] {
            for name in names.split('|') {
                let unit = StatedUnit::in_name(name).map(|unit| unit.text).unwrap_or_default();
                assert_eq!(unit, wanted, "{name}");
            }
        }
    }

    #[test]
    fn a_unit_stands_by_itself() {
        for (wanted, texts) in [
            ("ms", "ms|Milliseconds|MS|milliseconds"),
            ("MiB", "MiBy|MiB"),
            ("B", "By|Bytes"),
            ("KB", "kBy|Kilobytes"),
            ("TB", "Terabytes"),
            ("%", "Percent|%"),
            ("Bits", "Bits"),
            ("Bytes/Second", "Bytes/Second"),
            ("", "1|Count|None||{request}|Count/Second|requests/s|h"),
        ] {
            for text in texts.split('|') {
                let unit = StatedUnit::of(text).map(|unit| unit.text).unwrap_or_default();
                assert_eq!(unit, wanted, "{text}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_name_is_its_base() {
        for (name, base) in [("memory (MiB)", "memory"), ("latency_ms_p95", "latency p95"), ("p95Ms", "p95")] {
            assert_eq!(Named::of(name).base.join(" "), base, "{name}");
        }
    }
}
