//! Signatures of AWS, version 4, by the signer of the AWS SDK and with the keys that every AWS tool finds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::source::error::Error;
use crate::source::secret::SigV4;
use crate::web;

/// Keys that are over so soon are sought again.
const MARGIN: Duration = Duration::from_secs(60);
/// Keys are sought so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The keys of an account, once they are found.
#[derive(Default)]
pub(super) struct Keys(Mutex<Option<Credentials>>);

impl Keys {
    /// The headers that sign a call.
    ///
    /// # Errors
    ///
    /// Unreachable: no keys are found, or the call cannot be signed.
    pub fn sign(&self, account: &SigV4, url: &str, body: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        let identity = self.find(account)?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&account.region)
            .name(&account.service)
            .time(web::clock())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unsigned())?
            .into();
        let method = if body.is_some() { "POST" } else { "GET" };
        let bytes = SignableBody::Bytes(body.unwrap_or_default().as_bytes());
        let request = SignableRequest::new(method, url, std::iter::empty(), bytes).map_err(|_| unsigned())?;
        let (signed, _) = sign(request, &parameters).map_err(|_| unsigned())?.into_parts();
        Ok(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn find(&self, account: &SigV4) -> Result<Credentials, Error> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = web::clock() + MARGIN;
        if let Some(keys) = found.as_ref().filter(|keys| keys.expiry().is_none_or(|end| end > soon)) {
            return Ok(keys.clone());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::unreachable(format!("no connection to AWS can be made ({error})")).hint("Try again.")
        })?;
        let keys = runtime.block_on(async { tokio::time::timeout(PATIENCE, seek(account)).await });
        let keys = keys.unwrap_or_else(|_| Err(format!("none were found within {} s", PATIENCE.as_secs())));
        let keys = keys.map_err(|why| {
            let whose = account.profile.as_ref().map(|name| format!(" of the profile {name}")).unwrap_or_default();
            Error::unreachable(format!("keys of AWS{whose} to sign with cannot be found: {why}")).hint(
                "Log in (`aws sso login`), set AWS_PROFILE or AWS_ACCESS_KEY_ID, or write `sigv4: { profile: … }`.",
            )
        })?;
        *found = Some(keys.clone());
        Ok(keys)
    }
}

async fn seek(account: &SigV4) -> Result<Credentials, String> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(account.region.clone()));
    if let Some(profile) = &account.profile {
        // a profile that is named is meant: what the environment has besides is another account's, perhaps
        let named = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(named);
    }
    let config = loader.load().await;
    let provider = config.credentials_provider().ok_or("nothing provides them")?;
    // the error's own text names the kind of a failure, its sources may quote an answer
    provider.provide_credentials().await.map_err(|error| crate::plain::line(&error.to_string()))
}

fn unsigned() -> Error {
    Error::unreachable("the request cannot be signed").hint("Look at `region` and `service` of `sigv4`.")
}
