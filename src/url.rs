//! Addresses of the web, taken apart: where they lead, and who can read what is sent there.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

/// The parts of an address that matter before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'t> {
    /// `http` or `https`.
    pub scheme: &'t str,
    /// Host and port.
    pub authority: &'t str,
    /// What follows: path and query.
    pub rest: &'t str,
}

/// Why a text is no address to post to. It says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoUrl {
    /// It begins neither with `http://` nor with `https://`.
    Scheme,
    /// It holds a user or a password.
    Credentials,
    /// It has no host.
    Host,
    /// It holds a character that no address has.
    Character,
}

impl fmt::Display for NoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoUrl::Scheme => "begins neither with `https://` nor with `http://`",
            NoUrl::Credentials => "holds a user or a password",
            NoUrl::Host => "has no host",
            NoUrl::Character => "holds a character that no address has",
        })
    }
}

/// Names under which clouds offer the credentials of a machine.
const METADATA_NAMES: [&str; 4] =
    ["metadata.google.internal", "metadata", "instance-data", "instance-data.ec2.internal"];

/// Services of metadata whose addresses are not of the link: Amazon's and Google's by IPv6, Alibaba's, Oracle's, Azure's.
const METADATA: [IpAddr; 5] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Whether an address is one of the link, where a machine finds its own credentials, or a service of metadata. IPv6 has
/// several ways to write an address of IPv4.
pub fn is_link_local(address: IpAddr) -> bool {
    let IpAddr::V6(six) = address else {
        let is_link = matches!(address, IpAddr::V4(four) if four.is_link_local());
        return is_link || METADATA.contains(&address);
    };
    let embedded = match six.segments() {
        // mapped and compatible; NAT64; 6to4
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    };
    let is_link = six.segments()[0] & 0xffc0 == 0xfe80;
    is_link || METADATA.contains(&address) || embedded.is_some_and(|four| is_link_local(IpAddr::V4(four)))
}

/// Whether what is sent to a host stays on this machine.
pub fn is_here(host: &str) -> bool {
    let is_loopback = |address: IpAddr| address.is_loopback();
    host == "localhost" || host.ends_with(".localhost") || host.parse().is_ok_and(is_loopback)
}

/// A text as a part of an address: everything but letters, digits and `-._~` by its bytes.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl<'t> Url<'t> {
    /// Takes an address apart.
    pub fn parse(text: &'t str) -> Result<Url<'t>, NoUrl> {
        let (scheme, after) = text.split_once("://").ok_or(NoUrl::Scheme)?;
        if !["http", "https"].contains(&scheme) {
            return Err(NoUrl::Scheme);
        }
        let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        if authority.contains('@') {
            return Err(NoUrl::Credentials);
        }
        let allowed = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}#".contains(c);
        if !after.chars().all(allowed) {
            return Err(NoUrl::Character);
        }
        let url = Url { scheme, authority, rest };
        let port = authority.strip_prefix(url.host()).unwrap_or_default();
        let port_is_sound = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        if url.host().is_empty() || !port_is_sound { Err(NoUrl::Host) } else { Ok(url) }
    }

    /// The host without its port.
    pub fn host(&self) -> &'t str {
        let end = match self.authority.find(']').filter(|_| self.authority.starts_with('[')) {
            Some(bracket) => bracket + 1,
            None => self.authority.find(':').unwrap_or(self.authority.len()),
        };
        &self.authority[..end]
    }

    /// Whether it says itself that it leads to the link or to a service of metadata; what its name resolves to is another
    /// question.
    pub fn is_link_local(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
        METADATA_NAMES.contains(&host.as_str()) || host.parse().is_ok_and(is_link_local)
    }

    /// Whether others than this machine can read what is sent there.
    pub fn is_readable_on_the_way(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        self.scheme == "http" && !is_here(host)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_or_refused() {
        let url = Url::parse("https://hooks.example.com:8443/a/b?c=d").unwrap();
        assert_eq!((url.scheme, url.host(), url.rest), ("https", "hooks.example.com", "/a/b?c=d"));
        assert_eq!(Url::parse("http://[::1]:80").unwrap().host(), "[::1]");
        for (text, why) in [
            ("ftp://host", NoUrl::Scheme),
            ("host/path", NoUrl::Scheme),
            ("https://user:secret@host/", NoUrl::Credentials),
            ("https://secret@host", NoUrl::Credentials),
            ("https:///path", NoUrl::Host),
            ("https://:80", NoUrl::Host),
            ("https://host:port", NoUrl::Host),
            ("https://[::1", NoUrl::Host),
            ("https://host/a b", NoUrl::Character),
            ("https://host\\@other", NoUrl::Character),
            ("https://höst", NoUrl::Character),
        ] {
            assert_eq!(Url::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn what_stays_on_this_machine_is_known() {
        for here in ["http://localhost:80/", "http://127.0.0.1", "http://[::1]:8080", "https://example.com"] {
            assert!(!Url::parse(here).unwrap().is_readable_on_the_way(), "{here}");
        }
        for away in ["http://example.com", "http://localhost.example.com", "http://10.0.0.1"] {
            assert!(Url::parse(away).unwrap().is_readable_on_the_way(), "{away}");
        }
    }

    #[test]
    fn what_leads_to_the_link_or_to_metadata_is_known() {
        let link = [
            "169.254.169.254",
            "169.254.0.1",
            "[fe80::1]",
            "[febf::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::]",
            "100.100.100.200",
            "metadata.google.internal",
            "Metadata.Google.Internal.",
        ];
        for host in link {
            assert!(Url::parse(&format!("http://{host}/latest")).unwrap().is_link_local(), "{host}");
        }
        for host in [
            "127.0.0.1",
            "[::1]",
            "10.0.0.1",
            "169.253.0.1",
            "[fec0::1]",
            "[fd00::1]",
            "example.com",
            "[::ffff:8.8.8.8]",
        ] {
            assert!(!Url::parse(&format!("http://{host}:80/")).unwrap().is_link_local(), "{host}");
        }
    }
}
