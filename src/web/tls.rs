//! Encrypted connections: what the machine trusts, or certificates of one's own, and a certificate to show.
//!
//! Certificates and keys are looked at before a connection is made, so that a message names the one that is wrong. Nothing of
//! their content is quoted.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, InconsistentKeys, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsConfigBuilder, TlsProvider};

/// Certificates and a key, as PEM.
#[derive(Default)]
pub struct Pem {
    /// Certificates that are trusted instead of the machine's.
    pub ca: Option<Vec<u8>>,
    /// The certificate to show with those that vouch for it, and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The part of a [`Pem`] that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The certificates that are trusted.
    Ca,
    /// The certificate to show.
    Certificate,
    /// Its key.
    Key,
}

/// What cannot be used, and why.
pub type Flaw = (Part, &'static str);

fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// What the machine trusts.
pub(super) fn usual() -> TlsConfigBuilder {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(provider()))
}

/// What certificates of one's own trust, and the one to show.
pub(super) fn config(pem: &Pem) -> Result<TlsConfig, Flaw> {
    let mut config = usual();
    if let Some(ca) = &pem.ca {
        let roots = certificates(ca).map_err(|why| (Part::Ca, why))?;
        let mut store = RootCertStore::empty();
        for root in &roots {
            store.add(root.clone()).map_err(|_| (Part::Ca, "holds what is not a certificate"))?;
        }
        config = config.root_certs(RootCerts::new_with_certs(&taken(&roots)));
    }
    if let Some((certificate, key)) = &pem.identity {
        config = config.client_cert(Some(identity(certificate, key)?));
    }
    Ok(config.build())
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<ClientCert, Flaw> {
    let chain = certificates(certificate).map_err(|why| (Part::Certificate, why))?;
    if key.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err((Part::Key, "holds a key under a password, which davy cannot enter: write one without"));
    }
    let none = (Part::Key, "holds no private key in PEM");
    let shown = PrivateKey::from_pem(key).map_err(|_| none)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| none)?;
    // the connection itself would only find it out in the middle of a handshake
    CertifiedKey::from_der(chain.clone(), key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            (Part::Key, "holds the key of another certificate than `cert`")
        }
        rustls::Error::InvalidCertificate(_) => (Part::Certificate, "holds what is not a certificate"),
        _ => (Part::Key, "holds a key of a kind that cannot be used"),
    })?;
    Ok(ClientCert::new_with_certs(&taken(&chain), shown))
}

/// The certificates of a text in PEM; at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"),
        Ok(found) => Ok(found),
        Err(_) => Err("is not PEM as it should be"),
    }
}

fn taken(certificates: &[CertificateDer]) -> Vec<Certificate<'static>> {
    certificates.iter().map(|one| Certificate::from_der(one).to_owned()).collect()
}

/// Why a server ended a handshake.
pub(super) fn refused(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a certificate of the client: write `tls: { cert: client.pem, key: client.key }`"
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::DecryptError => "the server does not trust the certificate of `tls: { cert: … }`",
        AlertDescription::CertificateExpired => "the certificate of `tls: { cert: … }` has expired",
        AlertDescription::CertificateRevoked => "the certificate of `tls: { cert: … }` was revoked",
        AlertDescription::AccessDenied => "the server does not let the certificate of `tls: { cert: … }` in",
        _ => "no encrypted connection can be made: the two sides do not agree how",
    }
}
