//! Numbers as other tools write them, and as davy's configuration does; spans of time as other tools write them.

use crate::series::SignedDuration;

/// A number without the noise of its arithmetic: 1 - 0.95 is 0.05.
pub(crate) fn plain(number: f64) -> String {
    let rounded: f64 = format!("{number:.11e}").parse().unwrap_or(number);
    // a negative zero is a zero
    format!("{}", rounded + 0.0)
}

/// A share as a percentage: `0.05` is `5%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}%", plain(share * 100.0))
}

/// A number as a tool writes it: `0.95`, `1e3`, with quotes or without.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A percentage above 0 and up to 100, as a share.
pub(crate) fn share_of_hundred(text: &str) -> Option<f64> {
    number(text).filter(|number| *number > 0.0 && *number <= 100.0).map(|number| number / 100.0)
}

/// A whole number.
pub(crate) fn count(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// A quantity of Kubernetes: `500m`, `30M`, `2Ki`, `10`.
pub(crate) fn quantity(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 14] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
        ("", 1.0),
    ];
    let text = text.trim();
    SUFFIXES.iter().find_map(|(suffix, factor)| Some(number(text.strip_suffix(suffix)?)? * factor))
}

/// A span of Go and Prometheus: `5m`, `1h30m`, `90s`, `500ms`, `2w`, `1d`.
pub(crate) fn span(text: &str) -> Option<SignedDuration> {
    const UNITS: [(&str, f64); 8] = [
        ("ms", 1.0),
        ("min", 60e3),
        ("s", 1e3),
        ("m", 60e3),
        ("h", 3_600e3),
        ("d", 86_400e3),
        ("w", 604_800e3),
        ("y", 31_536_000e3),
    ];
    let (mut rest, mut milliseconds) = (text.trim(), 0.0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
        let amount = number(&rest[..digits])?;
        let unit = &rest[digits..];
        let (word, size) = UNITS.iter().find(|(word, _)| {
            unit.strip_prefix(word).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphabetic()))
        })?;
        milliseconds += amount * size;
        rest = &unit[word.len()..];
    }
    (milliseconds > 0.0 && milliseconds < 1e14).then(|| SignedDuration::from_millis(milliseconds as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_the_noise_of_arithmetic() {
        assert_eq!(plain(1.0 - 0.95), "0.05");
        assert_eq!(percent(0.999), "99.9%");
        assert_eq!(percent(1.0 - 0.9999), "0.01%");
        assert_eq!(plain(-0.0), "0");
    }

    #[test]
    fn quantities_and_spans() {
        assert_eq!(quantity("500m"), Some(0.5));
        assert_eq!(quantity("30M"), Some(30e6));
        assert_eq!(quantity("2Ki"), Some(2048.0));
        assert_eq!(quantity("x"), None);
        assert_eq!(span("1h30m"), Some(SignedDuration::from_mins(90)));
        assert_eq!(span("500ms"), Some(SignedDuration::from_millis(500)));
        assert_eq!(span("1min"), Some(SignedDuration::from_mins(1)));
        for wrong in ["", "5", "m", "5x", "-5m"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
