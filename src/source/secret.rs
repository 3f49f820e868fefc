//! Secrets of sources: where they are to be found, read when a call is made and kept nowhere.

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
