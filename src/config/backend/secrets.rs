//! Who asks a source, as meant: where secrets are, and that a source is asked by one way.

use std::path::{Path, PathBuf};

use crate::config::values::Values;
use crate::config::written::login::{LoginEntry, OAuth2Entry, TlsEntry};
use crate::source::secret::{Authentication, Helper, OAuth2, Secret, SigV4, Tls};
use crate::text::problem::{At, Place, Report};
use crate::url::Url;

/// The service that signatures name when nothing says it: Amazon Managed Prometheus.
const APS: &str = "aps";

/// What the keys of a login mean.
pub(super) struct Login {
    pub(super) authentication: Authentication,
    /// Headers that are secrets.
    pub(super) headers: Vec<(String, Secret)>,
    pub(super) tls: Tls,
}

/// Who asks, by the one way that is written; `place` is the source's.
pub(super) fn login(
    written: &LoginEntry,
    (values, folder): (&Values, &Path),
    place: Place,
    report: &mut Report,
) -> Login {
    let variable = |name: &At<String>| Secret::Variable(name.value.clone());
    let file = written.bearer_file.as_ref().map(|path| folder.join(values.fill(path, report)));
    let command = written.bearer_command.as_ref().map(|words| Helper {
        command: words.iter().map(|word| values.fill_text(word, report)).collect(),
        folder: folder.to_owned(),
    });
    let ways = [
        written.bearer_env.as_ref().map(|name| Authentication::Bearer(variable(name))),
        file.map(|path| Authentication::Bearer(Secret::File(path))),
        command.map(Authentication::Helper),
        written.basic.as_ref().map(|basic| Authentication::Basic {
            user: values.fill(&basic.user, report),
            password: secret(basic.password_env.as_ref(), basic.password_file.as_ref(), (values, folder), report),
        }),
        written
            .oauth2
            .as_ref()
            .map(|client| Authentication::OAuth2(Box::new(oauth2(client, (values, folder), report)))),
        written.sigv4.as_ref().map(|keys| {
            let service = keys.service.as_ref().map_or(APS.to_owned(), |service| values.fill(service, report));
            let (region, profile) = (values.fill(&keys.region, report), values.maybe(keys.profile.as_ref(), report));
            Authentication::SigV4(SigV4 { region, service, profile })
        }),
    ];
    if ways.iter().flatten().count() > 1 {
        let hint = "keep one of `bearer_env`, `bearer_file`, `bearer_command`, `basic`, `oauth2` and `sigv4`";
        report.add_with(place, "a server takes one way of authentication", hint);
    }
    let headers = &written.headers_env.0;
    if let Some((name, _)) = headers.iter().find(|(name, _)| name.value.eq_ignore_ascii_case("authorization"))
        && ways.iter().any(Option::is_some)
    {
        let hint = "keep this header, or the other way";
        report.add_with(name.place, "the header `authorization` is what another way of authentication sends", hint);
    }
    Login {
        authentication: ways.into_iter().flatten().next().unwrap_or(Authentication::None),
        headers: headers.iter().map(|(name, value)| (name.value.clone(), variable(value))).collect(),
        tls: tls(written.tls.as_ref(), (values, folder), report),
    }
}

/// A secret in a variable or in a file.
fn secret(
    variable: Option<&At<String>>,
    file: Option<&At<String>>,
    (values, folder): (&Values, &Path),
    report: &mut Report,
) -> Secret {
    match (variable, file) {
        (Some(name), _) => Secret::Variable(name.value.clone()),
        (None, Some(path)) => Secret::File(folder.join(values.fill(path, report))),
        // the reader has complained
        (None, None) => Secret::Text(String::new()),
    }
}

fn oauth2(written: &OAuth2Entry, (values, folder): (&Values, &Path), report: &mut Report) -> OAuth2 {
    let token_url = values.fill(&written.token_url, report);
    check(&At { place: written.token_url.place, value: token_url.clone() }, true, report);
    check_tls(written.tls.as_ref(), &token_url, report);
    let (variable, file) = (written.client_secret_env.as_ref(), written.client_secret_file.as_ref());
    let client_secret = secret(variable, file, (values, folder), report);
    OAuth2 {
        token_url,
        client_id: values.fill(&written.client_id, report),
        client_secret,
        scopes: written.scopes.iter().map(|scope| values.fill(scope, report)).collect(),
        audience: values.maybe(written.audience.as_ref(), report),
        tls: tls(written.tls.as_ref(), (values, folder), report),
    }
}

fn tls(written: Option<&TlsEntry>, (values, folder): (&Values, &Path), report: &mut Report) -> Tls {
    let mut path = |path: &At<String>| -> PathBuf { folder.join(values.fill(path, report)) };
    let Some(TlsEntry { ca, cert, key, .. }) = written else { return Tls::default() };
    let identity = cert.as_ref().zip(key.as_ref()).map(|(cert, key)| (path(cert), path(key)));
    Tls { ca: ca.as_ref().map(&mut path), identity }
}

/// An address that can be asked, and to which secrets may be sent.
pub(super) fn check(url: &At<String>, is_secret: bool, report: &mut Report) {
    if url.value.is_empty() {
        return;
    }
    match Url::parse(&url.value) {
        Err(why) => {
            report.add_hushed(
                url.place,
                format!("this address {why}"),
                "write `https://…`, or `http://127.0.0.1:8080`",
            );
        }
        Ok(parsed) if is_secret && parsed.is_readable_on_the_way() => {
            let why = "this address is not encrypted, and requests to it hold a secret";
            report.add_hushed(url.place, why, "write `https://…`; plain HTTP with secrets is for this machine alone");
        }
        Ok(_) => {}
    }
}

/// Certificates are for encrypted connections.
pub(super) fn check_tls(written: Option<&TlsEntry>, url: &str, report: &mut Report) {
    if let Some(tls) = written.filter(|_| url.starts_with("http://")) {
        let hint = "write an address that begins with `https://`, or leave `tls` out";
        report.add_with(
            tls.place,
            "certificates are for an encrypted connection, and the address begins with `http://`",
            hint,
        );
    }
}
