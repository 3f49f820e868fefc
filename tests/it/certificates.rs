//! Certificates of tests: an authority, a server's, a client's, and ones that have expired.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

/// An authority with a certificate for the server and ones for clients, each with its key.
pub struct Certificates {
    pub ca: String,
    pub server: (String, String),
    pub client: (String, String),
    pub expired: (String, String),
}

impl Certificates {
    pub fn new() -> Certificates {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // each has a name of its own, as authorities have
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let name = format!("authority {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let signed = |names: &[&str], is_expired: bool| {
            let key = KeyPair::generate().unwrap();
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut params = CertificateParams::new(names).unwrap();
            if is_expired {
                (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
            }
            (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
        };
        Certificates {
            ca: issuer.pem(),
            server: signed(&["localhost", "127.0.0.1"], false),
            client: signed(&["davy"], false),
            expired: signed(&["davy"], true),
        }
    }

    /// Writes the files that a configuration or a command names.
    pub fn lay(&self, folder: &Path) {
        for (name, text) in [
            ("ca.pem", &self.ca),
            ("client.pem", &self.client.0),
            ("client.key", &self.client.1),
            ("server.pem", &self.server.0),
            ("server.key", &self.server.1),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
}
