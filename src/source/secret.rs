//! Who asks a source, as plain data: where secrets are to be found. They are read when a call is made and kept nowhere.

use std::fmt;
use std::path::PathBuf;

/// A value that nobody else may see, or where it is to be found.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value itself.
    Text(String),
    /// A variable of the environment.
    Variable(String),
    /// A file that holds it and nothing else; read for every call, because tokens are renewed there.
    File(PathBuf),
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// Nobody in particular.
    None,
    /// Whoever has the token.
    Bearer(Secret),
    /// A user with a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Whoever has the token that a program prints.
    Helper(Helper),
    /// A client that gets its tokens from a server of its own.
    OAuth2(Box<OAuth2>),
    /// Whoever signs with the keys of an account of AWS.
    SigV4(SigV4),
}

/// A program that prints a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
}

/// OAuth2 by client credentials (RFC 6749, section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// Where tokens are asked for.
    pub token_url: String,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What the token is to allow.
    pub scopes: Vec<String>,
    /// Whom it is for.
    pub audience: Option<String>,
    /// How the connection to the server of tokens is encrypted.
    pub tls: Tls,
}

/// Signatures of AWS, version 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4 {
    /// The region.
    pub region: String,
    /// The service as signatures name it: `aps` is Amazon Managed Prometheus.
    pub service: String,
    /// A profile of the shared AWS configuration.
    pub profile: Option<String>,
}

/// What an encrypted connection rests on beside what the machine trusts: files in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates that are trusted instead of the machine's.
    pub ca: Option<PathBuf>,
    /// The certificate that davy shows, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Helper {
    /// The program in words, for messages: its arguments may hold anything.
    pub fn shown(&self) -> String {
        format!("the program {}", crate::plain::line(self.command.first().map_or("", String::as_str)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("Text(…)"),
            Secret::Variable(name) => write!(f, "Variable({name})"),
            Secret::File(path) => write!(f, "File({})", path.display()),
        }
    }
}
