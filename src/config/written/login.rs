//! Who asks over HTTP, as written: tokens, passwords, clients of OAuth2, keys of AWS, programs; certificates beside them.

use schemars::JsonSchema;

use crate::text::node::Node;
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Named, Text};

/// Who asks: at most one of these ways, beside the certificates of `tls`.
#[derive(Debug, Clone, Default, JsonSchema)]
pub(in crate::config) struct LoginEntry {
    /// Headers with the environment variables that hold their values.
    #[schemars(default)]
    pub(in crate::config) headers_env: Named<At<String>>,
    /// The environment variable with a bearer token.
    pub(in crate::config) bearer_env: Option<At<String>>,
    /// A file with a bearer token, which is read for every call. Relative to the configuration.
    pub(in crate::config) bearer_file: Option<At<String>>,
    /// A program with its arguments, without a shell: the first line of its output is a bearer token. It runs once, and never
    /// for `check` or a recording.
    #[schemars(with = "Option<Vec<Text>>", length(min = 1))]
    pub(in crate::config) bearer_command: Option<Vec<At<Text>>>,
    /// A user with a password.
    pub(in crate::config) basic: Option<BasicEntry>,
    /// A client of OAuth2, which gets its tokens by its credentials.
    pub(in crate::config) oauth2: Option<OAuth2Entry>,
    /// Signatures of AWS, version 4, with the keys that every AWS tool finds.
    pub(in crate::config) sigv4: Option<SigV4Entry>,
    /// Certificates of one's own.
    pub(in crate::config) tls: Option<TlsEntry>,
}

/// A user with a password.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["password_env"]}, {"required": ["password_file"]}]))]
pub(in crate::config) struct BasicEntry {
    /// The user.
    pub(in crate::config) user: At<String>,
    /// The environment variable with the password.
    pub(in crate::config) password_env: Option<At<String>>,
    /// A file with the password, which is read for every call. Relative to the configuration.
    pub(in crate::config) password_file: Option<At<String>>,
}

/// A client of OAuth2 (client credentials).
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["client_secret_env"]}, {"required": ["client_secret_file"]}])
)]
pub(in crate::config) struct OAuth2Entry {
    /// Where to get tokens. Plain HTTP is for this machine alone.
    pub(in crate::config) token_url: At<String>,
    /// The client.
    pub(in crate::config) client_id: At<String>,
    /// The environment variable with its secret.
    pub(in crate::config) client_secret_env: Option<At<String>>,
    /// A file with its secret. Relative to the configuration.
    pub(in crate::config) client_secret_file: Option<At<String>>,
    /// What the token is to allow.
    #[schemars(default)]
    pub(in crate::config) scopes: Vec<At<String>>,
    /// Whom the token is for.
    pub(in crate::config) audience: Option<At<String>>,
    /// Certificates for the server of tokens.
    pub(in crate::config) tls: Option<TlsEntry>,
}

/// Signatures of AWS.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct SigV4Entry {
    /// The region: us-east-1.
    pub(in crate::config) region: At<String>,
    /// The service as signatures name it. Default aps, which is Amazon Managed Prometheus.
    pub(in crate::config) service: Option<At<String>>,
    /// A profile of the shared AWS configuration.
    pub(in crate::config) profile: Option<At<String>>,
}

/// Certificates: files in PEM, relative to the configuration.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("dependentRequired" = {"cert": ["key"], "key": ["cert"]}))]
pub(in crate::config) struct TlsEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// Certificates that are trusted instead of the machine's.
    pub(in crate::config) ca: Option<At<String>>,
    /// The certificate that davy shows (mTLS), with those that vouch for it.
    pub(in crate::config) cert: Option<At<String>>,
    /// Its key, without a password.
    pub(in crate::config) key: Option<At<String>>,
}

impl LoginEntry {
    /// Reads its keys, which stand among the source's own.
    pub(super) fn keys(keys: &mut Keys) -> LoginEntry {
        let bearer_command: Option<Vec<At<Text>>> = keys.may("bearer_command");
        if bearer_command.as_ref().is_some_and(Vec::is_empty) {
            let hint = "write the program and its arguments: `bearer_command: [gcloud, auth, print-access-token]`";
            keys.report.add_with(keys.place, "the command for the token is empty", hint);
        }
        LoginEntry {
            headers_env: keys.all("headers_env"),
            bearer_env: keys.may("bearer_env"),
            bearer_file: keys.may("bearer_file"),
            bearer_command,
            basic: keys.may("basic"),
            oauth2: keys.may("oauth2"),
            sigv4: keys.may("sigv4"),
            tls: keys.may("tls"),
        }
    }

    /// Whether it says who asks.
    pub(in crate::config) fn is_some(&self) -> bool {
        let LoginEntry { headers_env, bearer_env, bearer_file, bearer_command, basic, oauth2, sigv4, tls: _ } = self;
        !headers_env.0.is_empty()
            || [bearer_env.is_some(), bearer_file.is_some(), bearer_command.is_some()].contains(&true)
            || [basic.is_some(), oauth2.is_some(), sigv4.is_some()].contains(&true)
    }

    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        fn of_tls(tls: &TlsEntry) -> impl Iterator<Item = &At<String>> {
            [&tls.ca, &tls.cert, &tls.key].into_iter().flatten()
        }
        let basic = self.basic.iter().flat_map(|basic| [&basic.user].into_iter().chain(&basic.password_file));
        let oauth2 = self.oauth2.iter().flat_map(|client| {
            let own = [&client.token_url, &client.client_id].into_iter().chain(&client.client_secret_file);
            own.chain(&client.scopes).chain(&client.audience).chain(client.tls.iter().flat_map(of_tls))
        });
        let sigv4 = self.sigv4.iter();
        let sigv4 = sigv4.flat_map(|keys| [&keys.region].into_iter().chain(&keys.service).chain(&keys.profile));
        let tls = self.tls.iter().flat_map(of_tls);
        let texts = self.bearer_file.iter().chain(basic).chain(oauth2).chain(sigv4).chain(tls);
        let words = self.bearer_command.iter().flatten().map(|word| word.value.0.as_str());
        texts.map(|text| text.value.as_str()).chain(words)
    }
}

/// Keys of another tool that people write by habit.
pub(super) fn habits(key: &str) -> Option<String> {
    Some(match key {
        "token" | "bearer" | "password" | "auth" | "authorization" | "api_key" => {
            "name the environment variable: `bearer_env: TOKEN`, `headers_env: { DD-API-KEY: DD_API_KEY }`, or \
             `basic: { user: …, password_env: … }`"
                .into()
        }
        "tls_config" | "ca_file" | "cert_file" | "key_file" | "ca" | "cert" | "key" => {
            "write `tls: { ca: ca.pem, cert: client.pem, key: client.key }`".into()
        }
        "insecure_skip_verify" | "insecure" => "name the certificates to trust instead: `tls: { ca: ca.pem }`".into(),
        "credential_helper" | "bearer_exec" => "write `bearer_command: [gcloud, auth, print-access-token]`".into(),
        _ => return None,
    })
}

/// A mistake unless a secret has one place, a variable or a file. What is written as something else has been complained about.
fn one_secret(keys: &mut Keys, name: &str, places: [&Option<At<String>>; 2], (problem, hint): (&str, &str)) {
    let is_mistaken = |key: &str| key.strip_prefix(name).is_some_and(|end| ["", "_env", "_file"].contains(&end));
    let is_one = places.iter().filter(|place| place.is_some()).count() == 1;
    if !is_one && (places[0].is_some() || !keys.entries.iter().any(|(key, _)| is_mistaken(&key.value))) {
        keys.report.add_with(keys.place, format!("{problem}, in a variable or in a file"), hint);
    }
}

impl Read for BasicEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "basic: { user: davy, password_env: STORE_PASSWORD }";
        let mut keys = Keys::open(node, report, "`basic`", form)?;
        let user = keys.must("user");
        let (password_env, password_file) = (keys.may("password_env"), keys.may("password_file"));
        let hint = "write `password_env: STORE_PASSWORD`, or `password_file: …`";
        one_secret(&mut keys, "password", [&password_env, &password_file], ("a user has one password", hint));
        keys.close(user.map(|user| BasicEntry { user, password_env, password_file }), |key| {
            (key == "password").then(|| "name the environment variable: `password_env: STORE_PASSWORD`".into())
        })
    }
}

impl Read for OAuth2Entry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "oauth2: { token_url: \"https://…/token\", client_id: davy, client_secret_env: CLIENT_SECRET }";
        let mut keys = Keys::open(node, report, "`oauth2`", form)?;
        let (token_url, client_id): (Option<At<String>>, _) = (keys.must("token_url"), keys.must("client_id"));
        let (client_secret_env, client_secret_file) = (keys.may("client_secret_env"), keys.may("client_secret_file"));
        let (scopes, audience, tls) = (keys.all("scopes"), keys.may("audience"), keys.may("tls"));
        let hint = "write `client_secret_env: CLIENT_SECRET`, or `client_secret_file: …`";
        let problem = "the client of OAuth2 has one secret";
        one_secret(&mut keys, "client_secret", [&client_secret_env, &client_secret_file], (problem, hint));
        let entry = token_url.zip(client_id).map(|(token_url, client_id)| OAuth2Entry {
            token_url,
            client_id,
            client_secret_env,
            client_secret_file,
            scopes,
            audience,
            tls,
        });
        keys.close(entry, |key| match key {
            "client_secret" => Some("name the environment variable: `client_secret_env: CLIENT_SECRET`".into()),
            "scope" => Some("write `scopes: [metrics.read]`".into()),
            "url" | "endpoint" => Some("write `token_url: \"https://…/token\"`".into()),
            _ => None,
        })
    }
}

impl Read for SigV4Entry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`sigv4`", "sigv4: { region: us-east-1, service: aps }")?;
        let region: Option<At<String>> = keys.must("region");
        let (service, profile) = (keys.may("service"), keys.may("profile"));
        keys.close(region.map(|region| SigV4Entry { region, service, profile }), |key| match key {
            "access_key" | "secret_key" | "access_key_id" | "secret_access_key" => Some(
                "credentials do not belong into the configuration: set AWS_PROFILE or AWS_ACCESS_KEY_ID, or write `profile`"
                    .into(),
            ),
            _ => None,
        })
    }
}

impl Read for TlsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "tls: { ca: ca.pem, cert: client.pem, key: client.key }";
        let mut keys = Keys::open(node, report, "`tls`", form)?;
        let ca = keys.may("ca");
        let cert: Option<At<String>> = keys.may("cert");
        let key: Option<At<String>> = keys.may("key");
        if cert.is_some() != key.is_some() && !keys.mentions(if cert.is_some() { "key" } else { "cert" }) {
            let hint = "write `cert: client.pem` and `key: client.key`";
            keys.report.add_with(keys.place, "a certificate is shown with its key: one of them is missing", hint);
        }
        keys.close(Some(TlsEntry { place: node.place, ca, cert, key }), no_hint)
    }
}
