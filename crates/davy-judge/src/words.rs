//! Numbers as people read them: value and unit together, no more digits than carry meaning.

use super::rules::{Bound, Limit, Side, Unit};
use super::verdict::{EffectKind, Outcome};
use crate::series::SignedDuration;
use davy_stats::instances::LEAST_INSTANCES;

/// A value with its unit: `1.2 %`, `230 ms`, `1.4 s`, `12 /min`.
pub fn quantity(value: f64, unit: &Unit) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "unknown".into()
        } else if value > 0.0 {
            "∞".into()
        } else {
            "-∞".into()
        };
    }
    match unit {
        Unit::Share => format!("{} %", percent(value)),
        Unit::Percent => format!("{} %", number(value)),
        Unit::Milliseconds if value.abs() >= 10_000.0 => format!("{} s", number(value / 1000.0)),
        Unit::Milliseconds if value != 0.0 && value.abs() < 1e-5 => format!("{} ns", number(value * 1e6)),
        Unit::Milliseconds if value != 0.0 && value.abs() < 1e-2 => format!("{} µs", number(value * 1e3)),
        Unit::Milliseconds => format!("{} ms", number(value)),
        Unit::Bytes => bytes(value),
        Unit::PerSecond if value.abs() >= 10.0 => format!("{} /s", number(value)),
        Unit::PerSecond if value == 0.0 || value.abs() * 60.0 >= 0.1 => format!("{} /min", number(value * 60.0)),
        Unit::PerSecond => format!("{} /h", number(value * 3600.0)),
        Unit::Per(exposure) => format!("{} /{exposure}", number(value)),
        Unit::Plain(name) if name.is_empty() => number(value),
        Unit::Plain(name) => format!("{} {name}", number(value)),
        Unit::Change { of, .. } if matches!(**of, Unit::Share | Unit::Percent) => {
            format!("{}{}", change(value, EffectKind::Difference, of).trim_start_matches('+'), each(unit))
        }
        Unit::Change { of, .. } => format!("{}{}", quantity(value, of), each(unit)),
    }
}

/// In how long something changes: `/h`.
fn each(unit: &Unit) -> String {
    let Unit::Change { per, .. } = unit else { return String::new() };
    match per.as_secs() {
        60 => "/min".into(),
        3_600 => "/h".into(),
        86_400 => "/d".into(),
        _ => format!(" / {}", duration(*per)),
    }
}

/// A change: a factor as percent (`+4.2 %`), a difference of shares in percentage points, else with its unit.
pub fn change(value: f64, kind: EffectKind, unit: &Unit) -> String {
    let signed = |text: String| if value > 0.0 { format!("+{text}") } else { text };
    match (kind, unit) {
        (EffectKind::Level, _) => quantity(value, unit),
        (EffectKind::Ratio, _) if value.is_infinite() => "∞".into(),
        (EffectKind::Ratio, _) if value >= 3.0 => format!("×{}{}", number(value), each(unit)),
        (EffectKind::Ratio, _) => {
            let percent = format!("{} %{}", number((value - 1.0) * 100.0), each(unit));
            if value > 1.0 { format!("+{percent}") } else { percent }
        }
        (EffectKind::Difference, Unit::Share) => signed(format!("{} pp", number(value * 100.0))),
        (EffectKind::Difference, Unit::Percent) => signed(format!("{} pp", number(value))),
        (EffectKind::Difference, _) => signed(quantity(value, unit)),
    }
}

/// A bound as people write it: `<= baseline + 5%`.
pub fn bound(bound: &Bound, unit: &Unit) -> String {
    if bound.limit == Limit::Threshold(0.0) && bound.side == Side::AtMost && !bound.strict {
        return "== 0".into();
    }
    let operator = match (bound.side, bound.strict) {
        (Side::AtMost, false) => "<=",
        (Side::AtMost, true) => "<",
        (Side::AtLeast, false) => ">=",
        (Side::AtLeast, true) => ">",
    };
    format!("{operator} {}", limit(bound, unit))
}

/// The limit of a bound: `baseline + 5%`.
pub fn limit(bound: &Bound, unit: &Unit) -> String {
    match bound.limit {
        Limit::Threshold(value) => match (unit, bound.per) {
            (Unit::PerSecond, Some(per)) => format!("{} per {}", number(value * per.as_secs_f64()), duration(per)),
            _ => quantity(value, unit),
        },
        Limit::Margin { relative, absolute } => {
            let relative = relative.map(|r| (r, format!("{} %{}", number(r.abs() * 100.0), each(unit))));
            let absolute = absolute.map(|a| (a, change(a.abs(), EffectKind::Difference, unit).replace('+', "")));
            let sign = |value: f64| if value < 0.0 { '-' } else { '+' };
            match (relative, absolute) {
                (None, None) => "baseline".into(),
                (Some((v, text)), None) | (None, Some((v, text))) => format!("baseline {} {text}", sign(v)),
                (Some((v, a)), Some((_, b))) => format!("baseline {} max({a}, {b})", sign(v)),
            }
        }
    }
}

/// A number with three significant digits, thousands grouped, no exponent unless it is extreme.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-6..1e12).contains(&size) {
        return format!("{value:.2e}");
    }
    let digits = match size {
        s if s >= 99.95 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        s => (2.0 - s.log10().floor()) as usize,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    group_thousands(text)
}

/// A share in percent. Close below 100 % the distance to it carries the meaning: 99.94 %, never "99.9" or "100".
fn percent(share: f64) -> String {
    let missing = (1.0 - share) * 100.0;
    if !(1e-9..1.0).contains(&missing) {
        return number(share * 100.0);
    }
    let digits = (1.0 - missing.log10().floor()) as usize;
    let text = format!("{:.digits$}", 100.0 - missing);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A whole number with its thousands grouped: `12,345`.
pub fn count(value: u64) -> String {
    group_thousands(&value.to_string())
}

/// A span of time in its two largest parts: `1 h 30 min`, `45 s`.
pub fn duration(span: SignedDuration) -> String {
    let total = span.as_secs();
    if total < 1 {
        return format!("{} ms", span.as_millis());
    }
    let parts = [(total / 86_400, "d"), (total / 3_600 % 24, "h"), (total / 60 % 60, "min"), (total % 60, "s")];
    let first = parts.iter().position(|(n, _)| *n > 0).unwrap_or(3);
    let shown = parts[first..].iter().take(2).filter(|(n, _)| *n > 0);
    shown.map(|(n, unit)| format!("{n} {unit}")).collect::<Vec<_>>().join(" ")
}

fn bytes(value: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut value, mut at) = (value, 0);
    while value.abs() >= 1024.0 && at + 1 < units.len() {
        value /= 1024.0;
        at += 1;
    }
    format!("{} {}", number(value), units[at])
}

fn group_thousands(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::with_capacity(text.len() + 4);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

/// So many of a thing: `1 step`, `12 steps`.
pub(super) fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

/// An outcome as the verb of a sentence.
pub fn outcome_verb(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passes",
        Outcome::Warn => "warns",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Fail => "fails",
    }
}

/// A quantile as people call it: 0.95 is `p95`, 0.999 is `p99.9`.
pub fn quantile_name(q: f64) -> String {
    let percent = format!("{:.4}", q * 100.0);
    format!("p{}", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// Every quantile at once as configurations write it: `any quantile from p50`.
pub fn any_quantile(from: Option<f64>, to: Option<f64>) -> String {
    let end = |word: &str, q: Option<f64>| q.map(|q| format!(" {word} {}", quantile_name(q))).unwrap_or_default();
    format!("any quantile{}{}", end("from", from), end("to", to))
}

/// What the instances of both arms are good for.
pub(super) fn instances((canary, baseline): (usize, usize)) -> String {
    let (few, arm) = if canary < LEAST_INSTANCES { (canary, "canary") } else { (baseline, "baseline") };
    if few >= LEAST_INSTANCES {
        return format!("{canary} against {baseline} instances: how they differ is part of the noise");
    }
    let s = if few == 1 { "" } else { "s" };
    format!(
        "{few} instance{s} in the {arm}: at least {LEAST_INSTANCES} are needed in each arm to tell an odd one from a regression"
    )
}
