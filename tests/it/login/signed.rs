//! Signatures of AWS, checked by the recipe of its documentation.

use sha2::{Digest, Sha256};

use super::{BACKENDS, SECRET, Server, Shop, truth};
use crate::heard::Heard;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC with SHA-256 (RFC 2104).
fn mac(key: &[u8], text: &str) -> Vec<u8> {
    assert!(key.len() <= 64);
    let padded = |with: u8| (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Whether a request is signed by the key of the tests ("Create a signed AWS API request", Signature Version 4).
pub fn is_signed(heard: &Heard, service: &str) -> bool {
    let authorization = heard.header("authorization");
    let date = heard.header("x-amz-date");
    let scope = format!("{}/eu-west-1/{service}/aws4_request", &date[..8]);
    let (before, signature) = authorization.rsplit_once("Signature=").unwrap();
    assert!(before.starts_with(&format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, ")), "{authorization}");
    let names = before.split_once("SignedHeaders=").unwrap().1.trim_end_matches(", ");
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", heard.header(name))).collect();
    let method = heard.line.split(' ').next().unwrap();
    let (path, query) = heard.target().split_once('?').unwrap_or((heard.target(), ""));
    // the path is encoded once more
    let path = path.replace('%', "%25");
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let body = hex(&Sha256::digest(&heard.body));
    let request = format!("{method}\n{path}\n{}\n{headers}\n{names}\n{body}", pairs.join("&"));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let parts = [&date[..8], "eu-west-1", service, "aws4_request"];
    let key = parts.iter().fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
    hex(&mac(&key, &text)) == signature
}

#[test]
fn requests_are_signed_for_the_region_and_the_service() {
    for backend in BACKENDS {
        for (login, service) in
            [("sigv4: { region: eu-west-1 }", "aps"), ("sigv4: { region: eu-west-1, service: es }", "es")]
        {
            let server = Server::start(None, move |heard, _| match is_signed(heard, service) {
                true => truth(heard),
                false => (403, "the signature does not match".into()),
            });
            Shop::new(backend, &server.url(), login).is_judged();
        }
    }
}
