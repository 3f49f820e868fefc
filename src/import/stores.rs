//! Where other tools ask, as sources of davy: Prometheus, and stores over HTTP with their presets.

use super::draft::Gate;
use super::promql;
use crate::text::secret::names_secret;
use crate::text::yaml::{braces, name, quoted};
use crate::url::Url;

/// The range of rates, where another tool fills in a time of its own.
pub(crate) const RANGE: &str = "5m";

/// A store that is asked by a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Store {
    /// The name of the source in the gate.
    pub(crate) source: String,
    /// Empty if it has a column with the name of the metric, or keys of its own.
    pub(crate) query: String,
    /// Whether the query is PromQL.
    pub(crate) is_prometheus: bool,
}

impl Store {
    /// A store that needs no query.
    pub(crate) fn of(source: String) -> Store {
        Store::over_http(source, String::new())
    }

    /// A store with a query in a language of its own.
    pub(crate) fn over_http(source: String, query: String) -> Store {
        Store { source, query, is_prometheus: false }
    }
}

/// A text that holds no reference yet, as one of davy: every dollar is one.
pub(crate) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// A name that davy fills in, with its default.
pub(crate) fn reference(name: &str, default: Option<&str>) -> String {
    let default = default.map(|default| format!(":-{default}")).unwrap_or_default();
    format!("${{{name}{default}}}")
}

/// A text with something else for each `{{ … }}`: `of` says what, by what stands in it and what follows, and how much of
/// that goes with it. What `of` does not know stays.
pub(crate) fn braced(text: &str, mut of: impl FnMut(&str, &str) -> Option<(String, usize)>) -> String {
    let (mut result, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("}}") {
        let opening = before.rfind("{{").map(|at| before[..at].trim_end_matches('{').len());
        match opening.and_then(|at| Some((at, of(&before[at + 2..], behind)?))) {
            Some((at, (value, more))) => {
                result.push_str(&before[..at]);
                result.push_str(&value);
                rest = &behind[more..];
            }
            None => {
                result.push_str(before);
                result.push_str("}}");
                rest = behind;
            }
        }
    }
    result + rest
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

/// Who asks, and what of it cannot be carried over.
#[derive(Debug, Default)]
pub(crate) struct Login {
    headers: Vec<(String, String)>,
    /// The headers that come from the environment.
    headers_env: Vec<String>,
    /// Keys of a source with other credentials: `basic: { … }`.
    pub(crate) secret: Vec<String>,
    /// Keys without: `deadline: 5s`.
    pub(crate) plain: Vec<String>,
    pub(crate) lost: Vec<String>,
}

impl Login {
    /// A header; one that holds a secret comes from the environment. Of several with one name the last counts.
    pub(crate) fn header(&mut self, key: &str, value: &str, is_secret: bool) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(key));
        self.headers_env.retain(|own| !own.eq_ignore_ascii_case(key));
        match is_secret || names_secret(key) {
            true => self.headers_env.push(key.to_owned()),
            false => self.headers.push((key.to_owned(), value.to_owned())),
        }
    }

    /// The keys for an address, and what is lost: credentials travel by HTTPS, or to this machine.
    fn for_address(&self, url: &str) -> (Vec<String>, Vec<String>) {
        let headers = self.headers.iter().map(|(key, value)| format!("{}: {}", name(key), quoted(value)));
        let mut keys = map("headers", headers.collect());
        let is_here = Url::parse(url).is_ok_and(|url| !url.is_readable_on_the_way());
        let has_secrets = !self.headers_env.is_empty() || !self.secret.is_empty();
        if url.starts_with("http://") && !is_here && has_secrets {
            keys.extend_from_slice(&self.plain);
            return (
                keys,
                vec![format!("credentials are left out: davy sends them only by HTTPS, and the address is {url}")],
            );
        }
        let from = |key: &String| format!("{}: {}", name(key), variable(key));
        keys.extend(map("headers_env", self.headers_env.iter().map(from).collect()));
        keys.extend(self.secret.iter().chain(&self.plain).cloned());
        let told = |key: &String| format!("the header {key} comes from the environment variable {}", variable(key));
        (keys, self.headers_env.iter().map(told).chain(self.lost.iter().cloned()).collect())
    }
}

/// A key with a map, if that holds anything.
fn map(key: &str, pairs: Vec<String>) -> Vec<String> {
    if pairs.is_empty() { Vec::new() } else { vec![format!("{key}: {}", braces(pairs))] }
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

/// The Prometheus whose address the files do not say.
pub(crate) fn any_prometheus(gate: &mut Gate) -> String {
    prometheus(gate, None, &Login::default()).0
}

/// A query of the Prometheus at an address, or of one whose address the files do not say; nothing if it is not PromQL.
pub(crate) fn promql(gate: &mut Gate, url: Option<&str>, query: &str) -> Option<Store> {
    promql::is_query_of_davy(query).then(|| {
        let (source, _) = prometheus(gate, url, &Login::default());
        Store { source, query: query.to_owned(), is_prometheus: true }
    })
}

/// A source with a preset, and the address of the server if it is known.
pub(crate) fn preset(gate: &mut Gate, preset: &str, address: Option<&str>, more: &[String]) -> String {
    let path = match preset {
        "datadog" => "/api/v1/query",
        "dynatrace" => "/api/v2/metrics/query",
        "graphite" => "/render",
        "influxdb-flux" => "/api/v2/query",
        _ => "",
    };
    let url = address.map(|address| format!("{}{path}", address.trim_end_matches('/')));
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
    fn braces_are_filled_in_one_walk() {
        let of = |word: &str, behind: &str| {
            let more = if behind.starts_with("-x") { 2 } else { 0 };
            (word.trim() == "a").then(|| ("{{a}}".to_owned(), more))
        };
        for (text, expected) in [
            ("{{ a }} {{b}}", "{{a}} {{b}}"),
            ("{\"k\":{\"l\":{{a}}}}", "{\"k\":{\"l\":{{a}}}}"),
            ("{{a}}-x-x {{", "{{a}}-x {{"),
            ("{{ b {{a}} }}", "{{ b {{a}} }}"),
            ("}} {{{a}}", "}} {{{a}}"),
        ] {
            assert_eq!(braced(text, of), expected, "{text}");
        }
        assert_eq!(reference("a", None) + &reference("b", Some("1")), "${a}${b:-1}");
    }

    #[test]
    fn headers_stand_in_one_map_each() {
        let mut login = Login::default();
        login.header("X-Scope-OrgID", "shop", false);
        login.header("X-Region", "eu", false);
        login.header("x-region", "us", false);
        login.header("X-Tenant", "${tenant}", true);
        login.header("x-token", "t", false);
        let (keys, lost) = login.for_address("https://prometheus.example");
        let headers = "headers: { X-Scope-OrgID: \"shop\", x-region: \"us\" }";
        assert_eq!(keys, [headers, "headers_env: { X-Tenant: X_TENANT, x-token: X_TOKEN }"]);
        assert_eq!(lost[0], "the header X-Tenant comes from the environment variable X_TENANT");
        assert_eq!(login.for_address("http://prometheus.example").0, [headers]);
    }

    #[test]
    fn credentials_do_not_travel_in_the_open() {
        let mut login = Login::default();
        login.header("X-Scope-OrgID", "shop", false);
        login.header("Authorization", "Bearer x", false);
        for open in ["http://prometheus.example:9090", "http://localhost.example.com", "http://${host}"] {
            let (keys, lost) = login.for_address(open);
            assert_eq!(keys, ["headers: { X-Scope-OrgID: \"shop\" }"], "{open}");
            assert!(lost[0].contains("only by HTTPS"));
        }
        for own in ["https://prometheus.example", "http://localhost:9090", "http://[::1]", "${prometheus-url}"] {
            assert_eq!(login.for_address(own).0.len(), 2, "{own}");
        }
    }
}
