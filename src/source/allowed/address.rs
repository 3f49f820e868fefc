//! Addresses of a list, and whether they cover another: the same scheme, host and port, and a path below.
//!
//! Hosts are compared as they are written, apart from capitals and the spellings of one address of the network. A host that is spelled
//! in another way is another host, wherever its name leads.

use std::fmt;
use std::net::IpAddr;

use crate::source::sql::{Address, Host};
use crate::url::Url;

/// What a path below another may not have: it could lead out of it.
const LEADING_OUT: [&str; 3] = ["%", ";", "\\"];

/// An address of the web without its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Web {
    scheme: String,
    host: String,
    port: u16,
    /// Without a slash at its end.
    path: String,
    has_query: bool,
}

impl Web {
    /// An address that the operator lists.
    pub(super) fn listed(text: &str) -> Result<Web, String> {
        let form = "write it as in `https://store.example:8443/api`";
        let web = Web::asked(text).map_err(|why| format!("{why}: {form}"))?;
        if Url::parse(text).is_ok_and(|url| url.is_link_local()) {
            return Err("the address is one of a service of metadata, which hands out credentials: leave it out".into());
        }
        if web.has_query {
            return Err(format!("a listed address has no query: {form}"));
        }
        if leads_out(&web.path) {
            return Err(format!("a listed address has a plain path, without `..`, `%` and `;`: {form}"));
        }
        Ok(web)
    }

    /// An address that is asked.
    pub(super) fn asked(text: &str) -> Result<Web, String> {
        let url = Url::parse(text).map_err(|why| format!("its address {why}"))?;
        let port = url.authority.strip_prefix(url.host()).and_then(|port| port.strip_prefix(':')?.parse().ok());
        let usual = if url.scheme == "https" { 443 } else { 80 };
        let (path, has_query) = url.rest.split_once('?').map_or((url.rest, false), |(path, _)| (path, true));
        Ok(Web {
            scheme: url.scheme.to_owned(),
            host: host(url.host()),
            port: port.unwrap_or(usual),
            path: path.trim_end_matches('/').to_owned(),
            has_query,
        })
    }

    /// Whether another address is below this one.
    pub(super) fn covers(&self, other: &Web) -> bool {
        let is_same = (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port);
        let is_below = || {
            let below = other.path.strip_prefix(&self.path);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !leads_out(&other.path)
        };
        is_same && (self.path.is_empty() || is_below())
    }

    /// Whether it covers every path of a server, and this address with it.
    pub(super) fn covers_all_of(&self, text: &str) -> bool {
        self.path.is_empty() && Web::asked(text).is_ok_and(|other| self.covers(&other))
    }
}

impl fmt::Display for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Web { scheme, host, port, path, .. } = self;
        let usual = if scheme == "https" { 443 } else { 80 };
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let port = if *port == usual { String::new() } else { format!(":{port}") };
        f.write_str(&crate::plain::line(&format!("{scheme}://{host}{port}{path}")))
    }
}

/// A host as it is compared.
fn host(text: &str) -> String {
    let bare = text.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    bare.parse::<IpAddr>().map_or(bare, |address| address.to_string())
}

fn leads_out(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "." | "..")) || LEADING_OUT.iter().any(|text| path.contains(text))
}

/// Host and port of an address, as they are written.
pub(super) fn authority(text: &str) -> &str {
    let after = text.find("://").map_or(text, |at| &text[at + 3..]);
    &after[..after.find(['/', '?', '#', '\\']).unwrap_or(after.len())]
}

/// A database that the operator lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Database {
    host: String,
    port: u16,
    /// Any of the server's if it is not written.
    name: Option<String>,
}

impl Database {
    /// `postgresql://db.example:5432/metrics`: who asks is written in the configuration.
    pub(super) fn listed(text: &str) -> Result<Database, String> {
        let form = "write it as in `postgresql://db.example:5432/metrics`";
        let after = text
            .strip_prefix("postgresql://")
            .ok_or_else(|| format!("the address does not begin with `postgresql://`: {form}"))?;
        let (place, name) = after.split_once('/').map_or((after, ""), |(place, name)| (place, name));
        if place.is_empty() || after.contains(['@', '?', '%', '\\', '#']) {
            return Err(format!("the address names no server, or more than one: {form}"));
        }
        // the same reader takes hosts and ports apart that takes those of configurations apart
        let whole = format!("postgresql://davy@{place}/{name}");
        let (address, _) = Address::parse(&whole).map_err(|wrong| format!("the address {wrong}: {form}"))?;
        let Host::Name(written) = &address.host else { return Err(format!("the address names no server: {form}")) };
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Database { host: host(written), port: address.port, name })
    }

    pub(super) fn covers(&self, address: &Address) -> bool {
        let Host::Name(written) = &address.host else { return false };
        let is_same = (&self.host, self.port) == (&host(written), address.port);
        is_same && self.name.as_ref().is_none_or(|name| *name == address.database)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_covers_what_is_below_it_and_nothing_beside_it() {
        let covers = |listed: &str, asked: &str| Web::listed(listed).unwrap().covers(&Web::asked(asked).unwrap());
        for (listed, asked) in [
            ("http://store:9090", "http://store:9090/any/path?a=b"),
            ("http://store:9090/", "http://STORE:9090"),
            ("https://store", "https://store:443/x"),
            ("https://store/api", "https://store/api/"),
            ("https://store/api/", "https://store/api/v1?x=../y"),
            ("http://[::1]:80", "http://[0:0:0:0:0:0:0:1]/"),
        ] {
            assert!(covers(listed, asked), "{listed} covers {asked}");
        }
        for (listed, asked) in [
            ("http://store:9090", "https://store:9090/"),
            ("http://store:9090", "http://store:9091/"),
            ("http://store:9090", "http://store./"),
            ("http://store:9090", "http://store.evil:9090/"),
            ("http://store:9090", "http://store%2eevil:9090/"),
            ("http://127.0.0.1:80", "http://2130706433/"),
            ("http://127.0.0.1:80", "http://0x7f.1/"),
            ("http://127.0.0.1:80", "http://127.1/"),
            ("http://127.0.0.1:80", "http://[::ffff:127.0.0.1]/"),
            ("http://127.0.0.1:80", "http://localhost/"),
            ("https://store/api", "https://store/apis"),
            ("https://store/api", "https://store/"),
            ("https://store/api", "https://store/api/../admin"),
            ("https://store/api", "https://store/api/%2e%2e/admin"),
            ("https://store/api", "https://store/api/..;/admin"),
            ("https://store/api", "https://store/api/..%2fadmin"),
        ] {
            assert!(!covers(listed, asked), "{listed} does not cover {asked}");
        }
        for bad in ["http://store:9090@evil/", "http://store:9090\\@evil/", "http://evil#@store:9090/", "ftp://store"] {
            assert!(Web::asked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_database_is_one_of_its_server() {
        let covers =
            |listed: &str, asked: &str| Database::listed(listed).unwrap().covers(&Address::parse(asked).unwrap().0);
        assert!(covers("postgresql://db", "postgresql://davy@DB:5432/any"));
        assert!(covers("postgresql://db:6432/metrics", "postgres://davy@db:6432/metrics"));
        for asked in [
            "postgresql://davy@db:6432/other",
            "postgresql://davy@db/metrics",
            "postgresql://davy@db:6432/metrics?host=evil",
            "postgresql://davy@db:6432/metrics?port=1",
            "postgresql://davy@db:6432/metrics?dbname=other",
            "postgresql://davy@%2Fvar%2Frun:6432/metrics",
        ] {
            assert!(!covers("postgresql://db:6432/metrics", asked), "{asked}");
        }
    }
}
