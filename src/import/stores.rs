//! Where other tools ask, as sources of davy: Prometheus, and stores over HTTP with their presets.

use super::draft::Gate;
use crate::text::secret::names_secret;
use crate::text::yaml::{name, quoted};

/// A store that is asked by a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Store {
    /// The name of the source in the gate.
    pub(crate) source: String,
    pub(crate) query: String,
    /// Whether the query is PromQL.
    pub(crate) is_prometheus: bool,
}

/// A text that holds no reference yet, as one of davy: every dollar is one.
pub(crate) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// A query on one line: PromQL means the same.
pub(crate) fn on_one_line(query: &str) -> String {
    let lines = query.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let (mut text, mut quote, mut is_escaped) = (String::new(), None, false);
    for c in lines.collect::<Vec<_>>().join("\n").chars() {
        match (quote, c) {
            (Some(_), c) if is_escaped => {
                is_escaped = false;
                text.push(c);
                continue;
            }
            (Some(mark), '\\') if mark != '`' => is_escaped = true,
            (Some(mark), c) if c == mark => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
                continue;
            }
            _ => {}
        }
        text.push(c);
    }
    text.trim().to_owned()
}

/// Who asks, as keys of a source, and what cannot be carried over.
#[derive(Debug, Default)]
pub(crate) struct Login {
    pub(crate) keys: Vec<String>,
    pub(crate) lost: Vec<String>,
}

impl Login {
    /// A header; one that holds a secret comes from the environment.
    pub(crate) fn header(&mut self, key: &str, value: &str) {
        if names_secret(key) {
            let variable = variable(key);
            self.keys.push(format!("headers_env: {{ {}: {variable} }}", name(key)));
            self.lost.push(format!("the header {key} comes from the environment variable {variable}"));
        } else {
            self.keys.push(format!("headers: {{ {}: {} }}", name(key), quoted(value)));
        }
    }

    /// The keys for an address: credentials travel by HTTPS, or to this machine.
    fn for_address(&self, url: &str) -> (Vec<String>, Vec<String>) {
        let is_secret = |key: &String| !key.starts_with("headers:") && !key.starts_with("deadline:");
        let is_plain = url.starts_with("http://")
            && !["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|own| url.starts_with(own));
        if !is_plain || !self.keys.iter().any(is_secret) {
            return (self.keys.clone(), self.lost.clone());
        }
        let keys = self.keys.iter().filter(|key| !is_secret(key)).cloned().collect();
        let lost = format!("credentials are left out: davy sends them only by HTTPS, and the address is {url}");
        (keys, vec![lost])
    }
}

/// The environment variable for a header.
fn variable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A source of Prometheus, and what was lost of the login.
pub(crate) fn prometheus(gate: &mut Gate, url: Option<&str>, login: &Login) -> (String, Vec<String>) {
    let url = url.filter(|url| !url.is_empty()).unwrap_or("${prometheus-url}").trim_end_matches('/');
    let (keys, lost) = login.for_address(url);
    let keys: String = keys.iter().map(|key| format!(", {key}")).collect();
    let keys = format!("prometheus: {{ url: {}{keys} }}", quoted(url));
    (gate.source("prometheus", keys), lost)
}

/// A source with a preset.
pub(crate) fn preset(gate: &mut Gate, preset: &str, url: Option<String>, more: &[String]) -> String {
    let url = url.map(|url| format!(", url: {}", quoted(&url))).unwrap_or_default();
    let more: String = more.iter().map(|key| format!(", {key}")).collect();
    gate.source(preset, format!("http: {{ preset: {preset}{url}{more} }}"))
}

/// The query of Graphite: some tools write the parameter's name before it.
pub(crate) fn graphite(query: &str) -> String {
    let query = query.trim();
    on_one_line(query.strip_prefix("target=").unwrap_or(query))
}

/// A query in Flux for the window that davy asks about.
///
/// # Errors
///
/// It says in another way which time it means.
pub(crate) fn flux(query: &str) -> Result<String, String> {
    const RANGE: &str = "range(";
    let wrong = "its range of time is not written as `range(start: …)`: the window cannot be put in";
    let (before, rest) = query.split_once(RANGE).ok_or(wrong)?;
    let end = rest.find(')').filter(|_| !rest.contains(RANGE)).ok_or(wrong)?;
    let window = format!("{before}{RANGE}start: ${{from}}, stop: ${{to}}{}", &rest[end..]);
    let lines: Vec<&str> =
        window.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    let columns = "|> group() |> rename(columns: {_time: \"time\", _value: \"value\"})";
    Ok(format!("{} {columns}", lines.join(" ")))
}

/// NRQL that names its number `value`, and the column that holds it if it cannot be named.
pub(crate) fn nrql(query: &str, field: Option<&str>) -> (String, Option<String>) {
    let query = on_one_line(query);
    if let Some(field) = field {
        return (query, Some(field.to_owned()));
    }
    let lower = query.to_lowercase();
    let from = lower.find(" from ").filter(|_| lower.starts_with("select ") && !lower.contains(" as "));
    match from {
        Some(at) => (format!("{} AS value{}", query[..at].trim_end(), &query[at..]), None),
        None => (query, None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn queries_become_those_of_davy() {
        assert_eq!(on_one_line("sum(\n  x{a=\"b  c\"}\n) # no\n# comment\n"), "sum( x{a=\"b  c\"} ) # no");
        assert_eq!(graphite("target=summarize(\n a, '5min')\n"), "summarize( a, '5min')");
        let flux = flux("from(bucket: \"b\")\n  |> range(start: -15m)\n  |> mean()").unwrap();
        assert!(
            flux.starts_with("from(bucket: \"b\") |> range(start: ${from}, stop: ${to}) |> mean() |> group()"),
            "{flux}"
        );
        assert_eq!(nrql("SELECT count(*) FROM T WHERE a", None).0, "SELECT count(*) AS value FROM T WHERE a");
        assert_eq!(nrql("FROM T SELECT count(*) as n", Some("n")).1.as_deref(), Some("n"));
    }

    #[test]
    fn credentials_do_not_travel_in_the_open() {
        let mut login = Login::default();
        login.header("X-Scope-OrgID", "shop");
        login.header("Authorization", "Bearer x");
        let (keys, lost) = login.for_address("http://prometheus.example:9090");
        assert_eq!(keys, ["headers: { X-Scope-OrgID: \"shop\" }"]);
        assert!(lost[0].contains("only by HTTPS"));
        assert_eq!(login.for_address("https://prometheus.example").0.len(), 2);
    }
}
