//! The connection: encrypted with the certificate checked wherever others could read it, and never with a password in a message.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, Host};
use super::asked::{Sql, Where};
use crate::source::error::Error;
use crate::source::outside::Outside;

/// A client, and the task that moves what it sends.
pub struct Connected {
    pub client: Client,
    task: JoinHandle<()>,
}

impl Connected {
    /// Ends the session in good order, so that no server complains of a lost client.
    pub async fn close(self) {
        let Connected { client, task } = self;
        drop(client);
        let _ = task.await;
    }
}

/// How a server is reached: everything that can be known before it is called.
pub struct Way {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Way {
    /// The way to the database of a question.
    ///
    /// # Errors
    ///
    /// Unreachable: a variable or a file with a secret is not there, or says what it should not.
    pub fn of(asked: &Sql, outside: &Outside) -> Result<Way, Error> {
        let (address, inline) = match &asked.place {
            Where::Address(address) => (address.clone(), None),
            Where::Variable(name) => at_variable(name, outside)?,
        };
        let password = asked.password.as_ref().map(|secret| secret.read("the password", outside)).transpose()?;
        let mut config = Config::new();
        config.user(&address.user).dbname(&address.database).port(address.port).application_name("davy");
        match &address.host {
            Host::Name(name) => config.host(name),
            Host::Folder(folder) => config.host_path(folder),
        };
        if let Some(password) = password.map(|(password, _)| password).or(inline) {
            config.password(password);
        }
        let tls = address.is_encrypted.then(|| client_config(asked.authorities.as_deref())).transpose()?;
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Way { config, tls: tls.map(MakeRustlsConnect::new) })
    }

    /// Connects.
    pub async fn connect(&self) -> Result<Connected, tokio_postgres::Error> {
        // a broken connection shows in the calls of its client
        Ok(match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Connected { client, task: tokio::spawn(async { drop(connection.await) }) }
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                Connected { client, task: tokio::spawn(async { drop(connection.await) }) }
            }
        })
    }
}

fn at_variable(name: &str, outside: &Outside) -> Result<(Address, Option<String>), Error> {
    let text = (outside.variable)(name).ok_or_else(|| {
        Error::unreachable(format!("the environment variable {name}, which holds the address, is not set"))
            .hint(format!("Set {name}."))
    })?;
    Address::parse(text.trim()).map_err(|wrong| {
        Error::unreachable(format!("the address in the environment variable {name} {wrong}"))
            .hint(format!("Repair it: {}.", wrong.hint))
    })
}

fn client_config(authorities: Option<&Path>) -> Result<ClientConfig, Error> {
    let failed = |error: rustls::Error| Error::unreachable(format!("no encrypted connection can be made ({error})"));
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    Ok(match authorities {
        Some(path) => builder.with_root_certificates(roots(path)?).with_no_client_auth(),
        None => builder.with_platform_verifier().map_err(failed)?.with_no_client_auth(),
    })
}

fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let shown = crate::plain::path(path);
    let wrong = |why: String| {
        Error::unreachable(format!("{shown}, the `ca_file`, {why}")).hint("Name a file with certificates in PEM.")
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(format!("cannot be read ({error})")))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(format!("cannot be read ({error})")))?;
        roots.add(certificate).map_err(|error| wrong(format!("holds a certificate that cannot be used ({error})")))?;
    }
    if roots.is_empty() { Err(wrong("holds no certificate".into())) } else { Ok(roots) }
}
