//! Certificates and keys as PEM, looked at before they are used, so that a message names the file that is wrong. Nothing of their content is quoted.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

/// What cannot be used.
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

/// A key was expected.
pub const NO_KEY: Flaw = (Part::Key, "holds no private key in PEM");

/// What encrypts: the same for all that davy asks and answers.
pub fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// A certificate with those that vouch for it, and its key.
///
/// # Errors
///
/// One of the two cannot be used, or they do not belong together.
pub fn identity(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, Flaw> {
    let chain = certificates(certificate).map_err(|why| (Part::Certificate, why))?;
    if key.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err((Part::Key, "holds a key under a password, which davy cannot enter: write one without"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| NO_KEY)?;
    // the connection itself would only find it out in the middle of a handshake
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            (Part::Key, "holds the key of another certificate")
        }
        rustls::Error::InvalidCertificate(_) => (Part::Certificate, "holds what is not a certificate"),
        _ => (Part::Key, "holds a key of a kind that cannot be used"),
    })
}

/// The certificates of those that are trusted; at least one.
///
/// # Errors
///
/// They cannot be used.
pub fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Flaw> {
    let found = certificates(pem).map_err(|why| (Part::Ca, why))?;
    store(&found).map(|_| found)
}

/// The same to verify by.
///
/// # Errors
///
/// They cannot be used.
pub fn store(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, Flaw> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store.add(authority.clone()).map_err(|_| (Part::Ca, "holds what is not a certificate"))?;
    }
    Ok(store)
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
