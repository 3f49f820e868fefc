//! Connections as a source wants them: with what the machine trusts, or with certificates of its own.

use std::path::Path;
use std::sync::Arc;

use crate::pem::Part;
use crate::source::error::Error;
use crate::source::revealed::no_file;
use crate::source::secret::Tls;
use crate::web;

/// A client for encrypted connections as a source wants them.
///
/// # Errors
///
/// Unreachable: a file is not there, or holds no certificate or key that can be used.
pub(in crate::source) fn client(tls: &Tls) -> Result<Arc<web::Client>, Error> {
    if *tls == Tls::default() {
        return Ok(Arc::new(web::Client::new(false)));
    }
    let bytes = |path: &Path, what: &str| std::fs::read(path).map_err(|error| no_file(path, what, &error));
    let ca = tls.ca.as_ref().map(|path| bytes(path, "the certificates of `ca`")).transpose()?;
    let identity = tls.identity.as_ref().map(|(certificate, key)| {
        Ok::<_, Error>((bytes(certificate, "the certificate of `cert`")?, bytes(key, "the key of `key`")?))
    });
    let pem = web::Pem { ca, identity: identity.transpose()? };
    let client = web::Client::trusting(&pem).map_err(|(part, why)| {
        let path = match part {
            Part::Ca => tls.ca.as_deref(),
            Part::Certificate => tls.identity.as_ref().map(|(certificate, _)| certificate.as_path()),
            Part::Key => tls.identity.as_ref().map(|(_, key)| key.as_path()),
        };
        let error = Error::unreachable(format!("{} {why}", path.map(crate::plain::path).unwrap_or_default()));
        error.hint("Write `tls: { ca: …, cert: …, key: … }` with files in PEM.")
    })?;
    Ok(Arc::new(client))
}
