//! A line of what targets expose to Prometheus, as text or as OpenMetrics: a name, labels, a number, and a time if the target tells it.

/// From here on a time is in milliseconds, as Prometheus writes it; OpenMetrics writes seconds.
const MILLISECONDS: f64 = 1e11;
/// The last line of OpenMetrics, which may lack its line feed.
pub(super) const END: &str = "# EOF";

/// A line with a number.
pub(super) struct Sample {
    /// In their order, the name among them.
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    /// In milliseconds.
    pub(super) at: Option<i64>,
}

/// Reads a line; nothing where it is no sample.
pub(super) fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut labels = vec![("__name__".to_owned(), name.to_owned())];
    let rest = match rest.strip_prefix('{') {
        Some(inner) => pairs(inner, &mut labels)?,
        None => rest,
    };
    labels.sort();
    // what follows is an exemplar
    let mut words = rest.split(" # ").next()?.split_ascii_whitespace();
    let value: f64 = words.next()?.parse().ok()?;
    let at = match words.next() {
        None => None,
        Some(text) => {
            let at: f64 = text.parse().ok().filter(|at: &f64| at.is_finite())?;
            Some(if at.abs() >= MILLISECONDS { at.round() as i64 } else { (at * 1e3).round() as i64 })
        }
    };
    words.next().is_none().then_some(Sample { labels, value, at })
}

/// Reads labels up to the brace that closes them; what follows it.
fn pairs<'t>(text: &'t str, labels: &mut Vec<(String, String)>) -> Option<&'t str> {
    let mut rest = text.trim_start();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start().strip_prefix('"')?;
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.push((name.trim().to_owned(), value));
        rest = after[end + 1..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(&rest[1..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<(String, f64, Option<i64>)> {
        let name = |labels: &[(String, String)]| labels.iter().find(|(name, _)| name == "__name__").unwrap().1.clone();
        let shown = |labels: &[(String, String)]| -> String {
            let others = labels.iter().filter(|(name, _)| name != "__name__");
            format!(
                "{}{{{}}}",
                name(labels),
                others.map(|(name, value)| format!("{name}={value:?}")).collect::<String>()
            )
        };
        sample(line).map(|one| (shown(&one.labels), one.value, one.at))
    }

    #[test]
    fn lines_are_read_as_targets_write_them() {
        let some = |shown: &str, value, at| Some((shown.to_owned(), value, at));
        assert_eq!(parts("up 1"), some("up{}", 1.0, None));
        for (text, value) in [("+Inf", f64::INFINITY), ("Inf", f64::INFINITY), ("-Inf", f64::NEG_INFINITY)] {
            assert_eq!(parts(&format!("up {text}")), some("up{}", value, None));
        }
        assert!(sample("up NaN").unwrap().value.is_nan());
        assert_eq!(
            parts("a_total{b=\"c\",} 3.0 1395066363000"),
            some("a_total{b=\"c\"}", 3.0, Some(1_395_066_363_000))
        );
        assert_eq!(parts("a_total { b=\"c\" } 3 1395066363.25"), None);
        assert_eq!(
            parts("a_total{ b = \"c\" } 3 1395066363.25"),
            some("a_total{b=\"c\"}", 3.0, Some(1_395_066_363_250))
        );
        let exemplar = "a_bucket{le=\"0.1\"} 8 1395066363 # {trace_id=\"x\"} 0.054";
        assert_eq!(parts(exemplar), some("a_bucket{le=\"0.1\"}", 8.0, Some(1_395_066_363_000)));
        let inside = "a_total{path=\"/a # b\"} 8 1395066363 # {trace_id=\"x # y\"} 0.054";
        assert_eq!(parts(inside), some("a_total{path=\"/a # b\"}", 8.0, Some(1_395_066_363_000)));
        assert_eq!(sample("a{b=\"x\\\"y\\\\z\\n\"} 1").unwrap().labels[1].1, "x\"y\\z\n");
        for line in ["", "1a 2", "a{b=\"c\" 3", "a{b=c} 3", "a", "a 1 2 3", "a{b=\"c\"} x", "<html>"] {
            assert!(sample(line).is_none(), "{line}");
        }
    }
}
