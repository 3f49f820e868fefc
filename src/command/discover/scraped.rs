//! `davy discover prometheus`: what a server has, as a configuration.

use crate::cli::Scraped;
use crate::command::console::Console;
use crate::command::{Exit, Failure, pipeline};
use crate::config;
use crate::ingest;
use crate::plain;
use crate::source::prometheus::{Found, Kind, discover};
use crate::text::yaml::{braces, literal, name, quoted};

/// So many names are shown of what cannot be judged by itself.
const NAMED: usize = 12;

pub(super) fn run(console: &Console, wish: &Scraped) -> Result<Exit, Failure> {
    let source = source(wish);
    let access = config::server(&source, "davy discover prometheus")?;
    let listing = wish.matching.clone().unwrap_or_default();
    let found = pipeline::heard(console, jiff::Timestamp::now(), |outside| discover(&access, &listing, outside));
    let found = found.map_err(|error| Failure::Data(ingest::Error::from(error)))?;
    match config::scraped(&found, &source, &listing.matchers) {
        Some(text) => console.answer(&text)?,
        None => return Err(Failure::Unusable(nothing(&access.shown(), &found))),
    }
    Ok(Exit::Pass)
}

/// How the server is reached, as a source of a configuration says it.
fn source(wish: &Scraped) -> String {
    let text = |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key}: {}", literal(value)));
    let basic = wish.user.as_ref().zip(wish.password_env.as_ref());
    let basic = basic
        .map(|(user, variable)| format!("basic: {{ user: {}, password_env: {} }}", literal(user), quoted(variable)));
    let headers = |key: &str, all: &[(String, String)]| {
        let pairs = all.iter().map(|(header, value)| format!("{}: {}", name(header), literal(value)));
        (!all.is_empty()).then(|| format!("{key}: {}", braces(pairs.collect())))
    };
    let files = [("ca", &wish.ca), ("cert", &wish.cert), ("key", &wish.key)];
    let files = files
        .into_iter()
        .filter_map(|(key, path)| path.as_ref().map(|path| format!("{key}: {}", literal(&path.to_string_lossy()))));
    let files: Vec<String> = files.collect();
    let pairs = [
        Some(format!("url: {}", literal(&wish.url))),
        text("bearer_env", &wish.bearer_env),
        basic,
        headers("headers", &wish.headers),
        headers("headers_env", &wish.headers_env),
        wish.sigv4.as_ref().map(|region| format!("sigv4: {{ region: {} }}", literal(region))),
        (!files.is_empty()).then(|| format!("tls: {}", braces(files))),
    ];
    braces(pairs.into_iter().flatten().collect())
}

fn nothing(shown: &str, found: &Found) -> String {
    if found.metrics.is_empty() {
        let others = match found.others {
            0 => String::new(),
            others => format!(" beside {others} of runtimes and exporters"),
        };
        return format!(
            "{shown}: no metric has a series in the last hour{others}. Look at `--match`, at the tenant (`--header 'X-Scope-OrgID: …'`), \
             and whether the server scrapes"
        );
    }
    let names = found.metrics.iter().filter(|one| one.kind == Kind::Gauge).map(|one| plain::line(&one.name));
    let names: Vec<String> = names.take(NAMED).collect();
    format!(
        "{shown}: no metric that is found counts by a status, measures a duration, or counts what goes wrong. A gauge is judged by a \
         query: `gauge: {{ query: 'avg(…)', unit: … }}`{}",
        if names.is_empty() { String::new() } else { format!(". Gauges are: {}", names.join(", ")) }
    )
}
