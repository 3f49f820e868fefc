//! What a configuration may ask that came with a request: the kinds, servers and secrets of the operator's list.
//!
//! The question as it is planned is held against the list, with every label and argument filled in. So it does not matter how an address
//! came about. Whatever is not on the list is refused: another spelling of a host, a file, a program, a variable of the environment.

mod address;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::aws;
use super::backend::MINUTE;
use super::http::{Http, Next};
use super::prometheus::Prometheus;
use super::registry::Source;
use super::requests::Engine;
use super::secret::{Authentication, Secret, Tls};
use super::sql::{Sql, Where};
use crate::plain;
use crate::series::{SignedDuration, Timestamp, Window};
use crate::text::scalar::is_name;
use address::{Database, Web};

/// The name under which requests are signed with the keys of AWS.
const SIGNED: &str = "sigv4";
const PROGRAM: &str = "it runs a program, and no request may bring one";
/// What callers must know is never sent anywhere.
const TOKEN: &str = "DAVY_TOKEN";
/// The longest that one question may take: it holds a turn that others wait for.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);
/// Headers that lead a request elsewhere, or take it apart: whole names, and beginnings.
const LEADING: [&str; 9] =
    ["host", "connection", "content-length", "expect", "forwarded", "te", "trailer", "transfer-encoding", "upgrade"];
const BEGINNINGS: [&str; 6] = ["x-forwarded-", "x-original-", "x-rewrite-", "x-http-method", "x-method-", "proxy-"];

/// A kind of source, as a configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Requests,
    CloudWatch,
    LogsInsights,
    LogEvents,
    Prometheus,
    Http,
    Sql,
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::File, "file"),
    (Kind::Requests, "requests"),
    (Kind::CloudWatch, "cloudwatch"),
    (Kind::LogsInsights, "logs_insights"),
    (Kind::LogEvents, "log_events"),
    (Kind::Prometheus, "prometheus"),
    (Kind::Http, "http"),
    (Kind::Sql, "sql"),
];

impl Kind {
    fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// Where a source may be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Where sources of its kind are if nothing else is written.
    Usual,
    Web(Web),
    Database(Database),
}

/// An entry of the list: `prometheus=https://prometheus.example,PROMETHEUS_TOKEN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    kind: Kind,
    place: Place,
    /// Variables of the environment whose values that server may hear.
    secrets: Vec<String>,
}

impl Allow {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what may be written.
    pub fn parse(text: &str) -> Result<Allow, String> {
        let (name, rest) = text.split_once('=').map_or((text, None), |(name, rest)| (name, Some(rest)));
        if name == "exec" {
            return Err("no request may bring a program: put the configuration into the folder of `--configs`".into());
        }
        let Some((kind, _)) = KINDS.iter().find(|(_, own)| *own == name) else {
            let known: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
            let known = known.join(", ");
            return Err(format!(
                "`{name}` is not a kind of source: write one of {known}, as in `prometheus=http://prometheus:9090`"
            ));
        };
        let mut parts = rest.into_iter().flat_map(|rest| rest.split(','));
        let place = place(*kind, parts.next())?;
        let secrets: Vec<String> = parts.map(str::to_owned).collect();
        if secrets.iter().any(|secret| secret == TOKEN) {
            return Err(format!("{TOKEN} is what callers know, and no server hears it: leave it out"));
        }
        if let Some(wrong) = secrets.iter().find(|secret| !is_variable(secret)) {
            return Err(format!("`{wrong}` is not the name of a variable: write `{name}=ADDRESS,VARIABLE`"));
        }
        Ok(Allow { kind: *kind, place, secrets })
    }
}

fn is_variable(text: &str) -> bool {
    is_name(text) && !text.contains(['-', '.']) && !text.starts_with(|letter: char| letter.is_ascii_digit())
}

/// Where an entry allows a source to be.
fn place(kind: Kind, address: Option<&str>) -> Result<Place, String> {
    let name = kind.name();
    match (kind, address) {
        (Kind::File | Kind::Requests, Some(_)) => {
            Err(format!("`{name}` has no address: files are those of the folder of `--configs`. Write `{name}`"))
        }
        (Kind::File | Kind::Requests | Kind::CloudWatch | Kind::LogsInsights | Kind::LogEvents, None) => {
            Ok(Place::Usual)
        }
        (Kind::Prometheus | Kind::Http, None) => {
            Err(format!("`{name}` needs an address: write `{name}=https://store.example`"))
        }
        (Kind::Sql, None) => Err("`sql` needs an address: write `sql=postgresql://db.example/metrics`".into()),
        (Kind::Sql, Some(address)) => Database::listed(address).map(Place::Database),
        (_, Some(address)) => Web::listed(address).map(Place::Web),
    }
}

/// What configurations may ask that came with requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed(Arc<[Allow]>);

/// What is refused: why, and what to do.
type Refused = Result<(), String>;

impl Allowed {
    /// The entries of a list.
    pub fn new(entries: Vec<Allow>) -> Allowed {
        Allowed(entries.into())
    }

    /// Refuses a question that is not on the list.
    ///
    /// # Errors
    ///
    /// Why, and what the operator would have to write.
    pub fn hold(&self, source: &Source) -> Refused {
        match source {
            Source::Lost(_) => Ok(()),
            Source::Exec(_) => Err(PROGRAM.into()),
            Source::File(_) => self.hold_kind(Kind::File),
            Source::Requests(asked) => match asked.log.table.as_ref().map(|table| &table.engine) {
                None => self.hold_kind(Kind::Requests),
                Some(Engine::Exec(_)) => Err(PROGRAM.into()),
                Some(Engine::Http(store)) => self.hold_store(store),
                Some(Engine::Sql(database)) => self.hold_database(database),
            },
            Source::CloudWatch(asked) => self.hold_account(Kind::CloudWatch, &asked.access),
            Source::Alarms(asked) => self.hold_account(Kind::CloudWatch, &asked.access),
            Source::Insights(asked) => self.hold_account(Kind::LogsInsights, &asked.access),
            Source::LogEvents(asked) => self.hold_account(Kind::LogEvents, &asked.access),
            Source::Prometheus(asked) => self.hold_prometheus(asked),
            Source::Http(asked) => self.hold_store(asked),
            Source::Sql(asked) => self.hold_database(asked),
        }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Allow> {
        self.0.iter().filter(move |allow| allow.kind == kind)
    }

    fn hold_kind(&self, kind: Kind) -> Refused {
        if self.of(kind).any(|allow| allow.place == Place::Usual) { Ok(()) } else { Err(unlisted(kind, None)) }
    }

    fn hold_account(&self, kind: Kind, access: &aws::Access) -> Refused {
        // the region is a part of a host
        let is_region = |text: &String| text.len() <= 32 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        hold_time(access.deadline)?;
        if access.region.as_ref().is_some_and(|region| !is_region(region)) {
            return Err("its region is not the name of one".into());
        }
        if access.profile.is_some() || access.assume_role.is_some() {
            return Err("`profile` and `assume_role` choose who the server is: leave them out".into());
        }
        match &access.endpoint_url {
            None => self.hold_kind(kind),
            Some(url) => self.covering(kind, url, true).map(drop),
        }
    }

    fn hold_prometheus(&self, asked: &Prometheus) -> Refused {
        if asked.scrapes.is_some() {
            return Err("it reads saved scrapes, which are files of the server: ask a Prometheus".into());
        }
        let access = &asked.access;
        hold_time(access.deadline)?;
        // davy adds the path of the call, so a longer path or a query would make another call of it
        let secrets = self.covering(Kind::Prometheus, &access.url, true)?;
        hold_headers(access.headers.iter().map(|(name, _)| name))?;
        self.hold_login(&secrets, &access.authentication, &access.headers, &access.tls)
    }

    fn hold_store(&self, asked: &Http) -> Refused {
        hold_time(asked.deadline)?;
        let epoch = Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH };
        let mut all: Option<BTreeSet<&str>> = None;
        for (_, request) in &asked.requests {
            let url = request.url.fill(epoch, MINUTE);
            if address::authority(&url) != address::authority(&request.url.describe()) {
                return Err("its host depends on the window: write the host itself".into());
            }
            let secrets = self.covering(Kind::Http, &url, false)?;
            let covers_all = |allow: &Allow| matches!(&allow.place, Place::Web(web) if web.covers_all_of(&url));
            if matches!(asked.shape.next, Some(Next::Address(_))) && !self.of(Kind::Http).any(covers_all) {
                return Err("the answer leads to its next page, which could be beside the path that is allowed".into());
            }
            hold_headers(request.headers.iter().map(|(name, _)| name))?;
            all = Some(all.map_or(secrets.clone(), |all| all.intersection(&secrets).copied().collect()));
        }
        hold_headers(asked.secrets.iter().map(|(name, _)| name))?;
        self.hold_login(&all.unwrap_or_default(), &asked.authentication, &asked.secrets, &asked.tls)
    }

    fn hold_database(&self, asked: &Sql) -> Refused {
        hold_time(asked.deadline)?;
        if asked.authorities.is_some() {
            return Err(FILES_OF_TLS.into());
        }
        let Where::Address(address) = &asked.place else {
            return Err("`url_env` names a secret of the server: write the address itself".into());
        };
        let covers = |allow: &&Allow| matches!(&allow.place, Place::Database(database) if database.covers(address));
        let covering: Vec<&Allow> = self.of(Kind::Sql).filter(covers).collect();
        if covering.is_empty() {
            return Err(unlisted(Kind::Sql, None));
        }
        let secrets = covering.iter().flat_map(|allow| &allow.secrets).map(String::as_str).collect();
        asked.password.iter().try_for_each(|password| hold_secret(&secrets, password))
    }

    /// The secrets that the server of an address may hear, if it is on the list.
    fn covering(&self, kind: Kind, url: &str, exactly: bool) -> Result<BTreeSet<&str>, String> {
        let asked = Web::asked(url)?;
        let covers = |allow: &&Allow| match &allow.place {
            Place::Web(web) if exactly => *web == asked,
            Place::Web(web) => web.covers(&asked),
            Place::Usual | Place::Database(_) => false,
        };
        let covering: Vec<&Allow> = self.of(kind).filter(covers).collect();
        if covering.is_empty() {
            return Err(unlisted(kind, Some(&asked)));
        }
        Ok(covering.iter().flat_map(|allow| &allow.secrets).map(String::as_str).collect())
    }

    fn hold_login(
        &self,
        secrets: &BTreeSet<&str>,
        who: &Authentication,
        headers: &[(String, Secret)],
        tls: &Tls,
    ) -> Refused {
        if *tls != Tls::default() {
            return Err(FILES_OF_TLS.into());
        }
        headers.iter().try_for_each(|(_, secret)| hold_secret(secrets, secret))?;
        match who {
            Authentication::None => Ok(()),
            Authentication::Bearer(secret) | Authentication::Basic { password: secret, .. } => {
                hold_secret(secrets, secret)
            }
            Authentication::Helper(_) => Err("a program prints its token, and no request may bring one".into()),
            Authentication::SigV4(keys) if keys.profile.is_some() => {
                Err("`profile` chooses who the server is: leave it out".into())
            }
            Authentication::SigV4(_) if secrets.contains(SIGNED) => Ok(()),
            Authentication::SigV4(_) => Err(untold(SIGNED)),
            Authentication::OAuth2(client) => {
                if client.tls != Tls::default() {
                    return Err(FILES_OF_TLS.into());
                }
                let of_tokens = self.covering(Kind::Http, &client.token_url, false)?;
                // both servers hear of it: one the secret, the other what it is worth
                hold_secret(secrets, &client.client_secret)?;
                hold_secret(&of_tokens, &client.client_secret)
            }
        }
    }
}

const FILES_OF_TLS: &str =
    "its certificates are files of the server: leave `tls` or `ca_file` out, and let the machine trust the store";

fn hold_time(deadline: SignedDuration) -> Refused {
    if deadline <= LONGEST { Ok(()) } else { Err("its deadline is more than 5 minutes: write a shorter one".into()) }
}

fn hold_secret(secrets: &BTreeSet<&str>, secret: &Secret) -> Refused {
    match secret {
        Secret::Text(_) => Ok(()),
        Secret::Variable(name) if secrets.contains(name.as_str()) => Ok(()),
        Secret::Variable(name) => Err(untold(name)),
        Secret::File(_) => Err("it reads a secret from a file of the server, and no request may".into()),
    }
}

fn hold_headers<'n>(names: impl Iterator<Item = &'n String>) -> Refused {
    let leads = |name: &&String| {
        // some servers take both for the same
        let name = name.to_ascii_lowercase().replace('_', "-");
        LEADING.contains(&name.as_str()) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    };
    let mut names = names;
    match names.find(leads) {
        Some(name) => {
            Err(format!("the header `{}` could lead the request to another server: leave it out", plain::line(name)))
        }
        None => Ok(()),
    }
}

/// The list does not let this server hear that secret.
fn untold(name: &str) -> String {
    let name = plain::line(name);
    format!(
        "it would send the secret `{name}` of the server, and the operator allows that only with `--allow-inline KIND=ADDRESS,{name}`"
    )
}

/// The list does not have it.
fn unlisted(kind: Kind, asked: Option<&Web>) -> String {
    let name = kind.name();
    let (what, how) = match asked {
        Some(web) => (format!("`{name}` at {web}"), format!("{name}={web}")),
        None => (format!("`{name}`"), if kind == Kind::Sql { "sql=postgresql://…".into() } else { name.to_owned() }),
    };
    format!("it asks {what}, and the operator allows that only with `--allow-inline {how}`")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_or_refused() {
        let entry = Allow::parse("http=https://api.example.com/v1/,API_KEY,sigv4").unwrap();
        assert_eq!((entry.kind, entry.secrets), (Kind::Http, vec!["API_KEY".to_owned(), "sigv4".to_owned()]));
        for good in
            ["file", "requests", "cloudwatch", "cloudwatch=http://127.0.0.1:4566", "sql=postgresql://db:5432/m,PW"]
        {
            assert!(Allow::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", "not a kind"),
            ("anything", "not a kind"),
            ("exec", "a program"),
            ("exec=http://x", "a program"),
            ("file=/etc", "has no address"),
            ("http", "needs an address"),
            ("sql", "needs an address"),
            ("http=api.example.com", "begins neither"),
            ("http=https://user@api.example.com", "holds a user"),
            ("http=http://169.254.169.254/", "metadata"),
            ("http=http://metadata.google.internal", "metadata"),
            ("http=https://api.example.com/v1?key=1", "no query"),
            ("http=https://api.example.com/a/../b", "plain path"),
            ("http=https://api.example.com,", "not the name of a variable"),
            ("http=https://api.example.com,A-B", "not the name of a variable"),
            ("http=https://api.example.com,DAVY_TOKEN", "no server hears it"),
            ("sql=postgresql:///m", "names no server"),
            ("sql=postgresql://davy@db/m", "names no server"),
        ] {
            let said = Allow::parse(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}
