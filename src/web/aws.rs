//! Calls of AWS, signed: the keys that every AWS tool finds, and signatures of version 4 by the signer of the AWS SDK.

use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;

/// Keys are sought so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do where no keys are found.
pub const NO_KEYS: &str = "log in (`aws sso login`), or set AWS_PROFILE or AWS_ACCESS_KEY_ID";

/// Who calls, and where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The keys.
    pub keys: Credentials,
    /// The region that the environment or the profile names.
    pub region: Option<String>,
    /// A server that speaks the protocol, if the environment or the profile names one.
    pub endpoint: Option<String>,
}

/// A call to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// The address.
    pub url: &'a str,
    /// The headers that are signed beside `host`.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a str,
}

/// Finds the keys of an account: those of a profile, or those that every AWS tool finds.
///
/// # Errors
///
/// None are found, in words.
pub fn find(region: Option<&str>, profile: Option<&str>) -> Result<Caller, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no connection to AWS can be made ({error})"))?;
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, seek(region, profile)).await });
    found.unwrap_or_else(|_| Err(format!("none were found within {} s", PATIENCE.as_secs())))
}

async fn seek(region: Option<&str>, profile: Option<&str>) -> Result<Caller, String> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(profile) = profile {
        // a profile that is named is meant: what the environment has besides is another account's, perhaps
        let named = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(named);
    }
    let config = loader.load().await;
    let provider = config.credentials_provider().ok_or("nothing provides them")?;
    // the error's own text names the kind of a failure, its sources may quote an answer
    let keys = provider.provide_credentials().await.map_err(|error| error.to_string())?;
    let region = config.region().map(ToString::to_string);
    Ok(Caller { keys, region, endpoint: config.endpoint_url().map(str::to_owned) })
}

/// The headers that sign a call; none where it cannot be signed.
pub fn signature(keys: &Credentials, region: &str, service: &str, call: &Call) -> Option<Vec<(String, String)>> {
    let identity = keys.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(super::clock())
        .settings(settings(service))
        .build()
        .ok()?
        .into();
    let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let request =
        SignableRequest::new(call.method, call.url, headers, SignableBody::Bytes(call.body.as_bytes())).ok()?;
    let (signed, _) = sign(request, &parameters).ok()?.into_parts();
    Some(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// How a service wants a call to be signed: S3 takes paths as they are, and wants the body's checksum.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}
