//! Lengths of time, as a person writes them.

use crate::series::SignedDuration;

/// A duration as the configuration writes it: `5m`, `90s`, `1h30m`.
pub(crate) fn spell(span: SignedDuration) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut rest = span.as_millis().max(0);
    let mut text = String::new();
    for (unit, size) in units {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}
