//! Encrypted connections: what the machine trusts, or certificates of one's own, and a certificate to show.
//!
//! Certificates and keys are looked at before a connection is made, so that a message names the one that is wrong.

use std::sync::Arc;

use rustls::AlertDescription;
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsConfigBuilder, TlsProvider};

use crate::pem::{self, Flaw};

/// Certificates and a key, as PEM.
#[derive(Default)]
pub struct Pem {
    /// Certificates that are trusted instead of the machine's.
    pub ca: Option<Vec<u8>>,
    /// The certificate to show with those that vouch for it, and its key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// What the machine trusts.
pub(super) fn usual() -> TlsConfigBuilder {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(pem::provider()))
}

/// What certificates of one's own trust, and the one to show.
pub(super) fn config(own: &Pem) -> Result<TlsConfig, Flaw> {
    let mut config = usual();
    if let Some(ca) = &own.ca {
        let roots = pem::authorities(ca)?;
        config = config.root_certs(RootCerts::new_with_certs(&taken(&roots)));
    }
    if let Some((certificate, key)) = &own.identity {
        config = config.client_cert(Some(identity(certificate, key)?));
    }
    Ok(config.build())
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<ClientCert, Flaw> {
    let identity = pem::identity(certificate, key)?;
    let key = PrivateKey::from_pem(key).map_err(|_| pem::NO_KEY)?;
    Ok(ClientCert::new_with_certs(&taken(&identity.cert), key))
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
