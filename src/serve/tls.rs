//! Encryption: the certificate that the server shows, and whose certificates it takes from callers.
//!
//! The files are read before the server listens, so a wrong one is an error then. While it runs they are read again, because certificates
//! last for weeks and servers for months. Files that cannot be used are said, and the old ones stay in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use tokio::sync::watch;

use crate::pem::{self, Part};

/// How often the files are read again.
const AGAIN: Duration = Duration::from_secs(10);

/// The files of an encrypted server, in PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Its certificate, with those that vouch for it.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// Who signs the certificates of callers, if they must show one.
    pub clients: Option<PathBuf>,
}

/// What the files hold.
#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    clients: Option<Vec<u8>>,
}

/// How to encrypt at the moment.
pub(super) type Current = watch::Receiver<Arc<ServerConfig>>;

/// Reads the files, and from then on again and again.
///
/// # Errors
///
/// A file cannot be read or used: which one, and what to do.
pub(super) fn follow(tls: Tls, log: impl Fn(&str) + Send + Sync + 'static) -> Result<Current, String> {
    let files = read(&tls)?;
    let (tell, current) = watch::channel(Arc::new(config(&tls, &files)?));
    tokio::spawn(async move {
        let mut last = Ok(files);
        while !tell.is_closed() {
            tokio::time::sleep(AGAIN).await;
            let reading = tls.clone();
            let now = tokio::task::spawn_blocking(move || read(&reading)).await;
            let now = now.unwrap_or_else(|error| Err(error.to_string()));
            if now == last {
                continue;
            }
            match now.as_ref().map_err(Clone::clone).and_then(|files| config(&tls, files)) {
                Ok(fresh) => {
                    log("the certificates have changed: new connections use the new ones");
                    tell.send_replace(Arc::new(fresh));
                }
                Err(why) => log(&format!("{why}. The server goes on with the certificates that it has")),
            }
            last = now;
        }
    });
    Ok(current)
}

fn read(tls: &Tls) -> Result<Files, String> {
    let bytes = |option: &str, path: &Path| {
        let unreadable =
            |error| format!("{option} {}: {error}. Write the path of a file that davy can read", path.display());
        std::fs::read(path).map_err(unreadable)
    };
    Ok(Files {
        certificate: bytes("--tls-cert", &tls.certificate)?,
        key: bytes("--tls-key", &tls.key)?,
        clients: tls.clients.as_ref().map(|path| bytes("--client-ca", path)).transpose()?,
    })
}

fn config(tls: &Tls, files: &Files) -> Result<ServerConfig, String> {
    let flawed = |(part, why)| match (part, &tls.clients) {
        (Part::Ca, Some(path)) => {
            format!(
                "--client-ca {} {why}. Write the certificate of who signs your callers' certificates",
                path.display()
            )
        }
        (Part::Key, _) => {
            format!(
                "--tls-key {} {why}. Write the key that belongs to {}",
                tls.key.display(),
                tls.certificate.display()
            )
        }
        _ => format!(
            "--tls-cert {} {why}. Write the server's certificate, then those that vouch for it",
            tls.certificate.display()
        ),
    };
    let identity = pem::identity(&files.certificate, &files.key).map_err(flawed)?;
    let provider = Arc::new(pem::provider());
    let unusable = |error: &dyn std::fmt::Display| format!("no encrypted server can be made: {error}");
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(&error))?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let authorities = pem::authorities(clients).and_then(|found| pem::store(&found)).map_err(flawed)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider);
            // health needs no certificate: the guard asks all others for one
            let verifier = verifier.allow_unauthenticated().build().map_err(|error| unusable(&error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if files.clients.is_some() {
        // a session that is resumed shows no certificate again, and an expired one would go on for good
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}
