//! The address of a database, taken apart: where it is, who asks, and whether others could read what is sent there.

use std::fmt;

use crate::url;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The server.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// Who asks.
    pub user: String,
    /// The name of the database.
    pub database: String,
    /// Whether the connection is encrypted, and the server's certificate checked.
    pub is_encrypted: bool,
}

/// A server by its name, or by the folder of its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name or an address of the network.
    Name(String),
    /// The folder of a Unix socket.
    Folder(String),
}

/// Why a text is not the address of a database. It says nothing of the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAddress {
    /// What is wrong, after "this address".
    pub why: String,
    /// What to do.
    pub hint: &'static str,
}

const FORM: &str = "write `postgresql://davy@db.example:5432/metrics`";

fn no(why: impl Into<String>, hint: &'static str) -> NoAddress {
    NoAddress { why: why.into(), hint }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Host::Name(host) | Host::Folder(host)) = &self.host;
        write!(f, "PostgreSQL {host}/{}", self.database)
    }
}

impl Address {
    /// Takes an address apart: the address, and the password in it.
    ///
    /// # Errors
    ///
    /// The text is not the address of a database, or of one that is reached without encryption over a network.
    pub fn parse(text: &str) -> Result<(Address, Option<String>), NoAddress> {
        let schemes = ["postgresql://", "postgres://"];
        let after = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        let after = after.ok_or_else(|| no("does not begin with `postgresql://`", FORM))?;
        let (before, parameters) = after.split_once('?').unwrap_or((after, ""));
        let (authority, database) = before.split_once('/').unwrap_or((before, ""));
        let (account, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match account.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password)?)),
            None => (account, None),
        };
        let (host, port) = split_port(place)?;
        let mut parts =
            Parts { host: decoded(host)?, port, user: decoded(user)?, database: decoded(database)?, mode: None };
        let mut password = password;
        for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| no("has a parameter without a value", FORM))?;
            let value = decoded(value)?;
            if name == "password" { password = Some(value) } else { parts.set(name, value)? }
        }
        Ok((parts.address()?, password))
    }
}

/// The parts of an address, as far as they are known.
struct Parts {
    host: String,
    port: Option<u16>,
    user: String,
    database: String,
    mode: Option<String>,
}

impl Parts {
    fn set(&mut self, name: &str, value: String) -> Result<(), NoAddress> {
        match name {
            "host" => self.host = value,
            "port" => self.port = Some(port(&value)?),
            "user" => self.user = value,
            "dbname" => self.database = value,
            "sslmode" => self.mode = Some(value),
            "sslrootcert" => {
                return Err(no("has the parameter `sslrootcert`", "write `ca_file: ca.pem` in the source"));
            }
            "connect_timeout" => {
                return Err(no("has the parameter `connect_timeout`", "write `deadline: 30s` in the source"));
            }
            _ => {
                let hint = "leave it out: `sslmode`, `host`, `port`, `user` and `dbname` are known";
                return Err(no(format!("has the parameter `{}`, which davy does not know", plain(name)), hint));
            }
        }
        Ok(())
    }

    fn address(self) -> Result<Address, NoAddress> {
        if self.user.is_empty() {
            return Err(no("does not name a user", FORM));
        }
        let host = match self.host.as_str() {
            "" => return Err(no("has no host", FORM)),
            folder if folder.starts_with('/') => Host::Folder(self.host),
            _ => Host::Name(self.host),
        };
        let is_encrypted = match (self.mode.as_deref(), host.is_here()) {
            (None, here) => !here,
            (Some("require" | "verify-ca" | "verify-full"), _) => true,
            (Some("disable" | "allow" | "prefer"), true) => false,
            (Some("disable" | "allow" | "prefer"), false) => {
                let hint = "leave `sslmode` out; a connection that is not encrypted is for this machine alone";
                return Err(no("allows a connection that is not encrypted", hint));
            }
            (Some(mode), _) => {
                let hint = "write `sslmode=verify-full`, or leave it out";
                return Err(no(format!("has the unknown `sslmode` \"{}\"", plain(mode)), hint));
            }
        };
        let database = if self.database.is_empty() { self.user.clone() } else { self.database };
        Ok(Address { host, port: self.port.unwrap_or(5432), user: self.user, database, is_encrypted })
    }
}

impl Host {
    /// Whether what is sent there stays on this machine.
    fn is_here(&self) -> bool {
        match self {
            Host::Folder(_) => true,
            Host::Name(name) => url::is_here(name),
        }
    }
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), NoAddress> {
    if let Some(after) = place.strip_prefix('[') {
        let (host, rest) = after.split_once(']').ok_or_else(|| no("has a bracket that is not closed", FORM))?;
        let digits = rest.strip_prefix(':');
        return Ok((host, digits.map(port).transpose()?));
    }
    match place.split_once(':') {
        Some((host, digits)) => Ok((host, Some(port(digits)?))),
        None => Ok((place, None)),
    }
}

fn port(digits: &str) -> Result<u16, NoAddress> {
    digits.parse().map_err(|_| no("has a port that is not a number", FORM))
}

/// A part of an address with `%40` and its like resolved.
fn decoded(text: &str) -> Result<String, NoAddress> {
    let wrong = || no("has a `%` that no two digits follow", "write a percent sign as `%25`");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(wrong)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = &after[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| no("is not UTF-8", FORM))?;
    if text.contains(char::is_control) { Err(no("holds a character that no address has", FORM)) } else { Ok(text) }
}

/// A short name of a parameter; a longer one may be anything.
fn plain(name: &str) -> &str {
    let is_word =
        |name: &str| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if is_word(name) { name } else { "…" }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let (address, password) = Address::parse("postgres://da%76y:p%40ss@db.example:6432/metrics").unwrap();
        assert_eq!((address.user.as_str(), password.as_deref()), ("davy", Some("p@ss")));
        assert_eq!((address.port, address.database.as_str(), address.is_encrypted), (6432, "metrics", true));
        let (socket, _) = Address::parse("postgresql://davy@/metrics?host=/run/postgresql&port=5433").unwrap();
        assert_eq!(socket.host, Host::Folder("/run/postgresql".into()));
        assert_eq!((socket.port, socket.is_encrypted), (5433, false));
        let (six, _) = Address::parse("postgresql://davy@[::1]:5433").unwrap();
        assert_eq!((six.host, six.database.as_str()), (Host::Name("::1".into()), "davy"));
    }

    #[test]
    fn what_is_sent_over_a_network_is_encrypted() {
        for (text, is_encrypted) in [
            ("postgresql://davy@localhost/m", false),
            ("postgresql://davy@127.0.0.1/m?sslmode=prefer", false),
            ("postgresql://davy@127.0.0.1/m?sslmode=verify-full", true),
            ("postgresql://davy@10.0.0.1/m", true),
            ("postgresql://davy@localhost.example/m?sslmode=require", true),
        ] {
            assert_eq!(Address::parse(text).unwrap().0.is_encrypted, is_encrypted, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text() {
        for (text, why) in [
            ("host=db dbname=m", "does not begin with"),
            ("mysql://davy@db/m", "does not begin with"),
            ("postgresql://db/m", "does not name a user"),
            ("postgresql://davy@/m", "has no host"),
            ("postgresql://davy@db:port/m", "a port that is not a number"),
            ("postgresql://davy@[::1/m", "a bracket that is not closed"),
            ("postgresql://davy@db/m?sslmode=disable", "not encrypted"),
            ("postgresql://davy@db/m?sslmode=never", "unknown `sslmode` \"never\""),
            ("postgresql://davy@db/m?sslrootcert=ca.pem", "`sslrootcert`"),
            ("postgresql://davy@db/m?options=-c%20x", "`options`, which davy does not know"),
            ("postgresql://davy:s3%zzcret@db/m", "a `%` that no two digits follow"),
        ] {
            let wrong = Address::parse(text).unwrap_err();
            assert!(wrong.why.contains(why) && !wrong.why.contains("s3"), "{text}: {wrong}");
        }
    }
}
