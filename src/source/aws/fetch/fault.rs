//! What the SDK's errors mean, in one sentence: what was called, what came of it in the service's own words, and what to
//! do about it.
//!
//! An error of the SDK shows the whole request and answer when it is asked to. Signed headers are among them, and the text
//! of a wrong signature repeats them; so only what is named here is ever shown: a code, the first line of a message, the
//! innermost cause.

use std::error::Error as Cause;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;

use crate::source::Error;

/// So much of a message is shown.
const LONGEST: usize = 400;

const DENIED: &[&str] =
    &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"];
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"];
const UNKNOWN: &[&str] = &[
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "AuthFailure",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
];
const SIGNATURE: &[&str] = &["SignatureDoesNotMatch", "InvalidSignatureException"];
const SKEWED: &[&str] = &["RequestTimeTooSkewed", "RequestInTheFuture"];
const THROTTLED: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TooManyRequestsException",
    "SlowDown",
];

const SOUGHT: &str = "They are looked for in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), the shared files \
                      (AWS_PROFILE, or `profile` in the source), web identity, container and instance";

/// An error of one operation (`GetMetricData`) in davy's terms: unreachable, with the service's own words and what is
/// missing.
pub(super) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: Cause + ProvideErrorMetadata + 'static,
{
    if causes(error).any(|cause| cause.is::<CredentialsError>()) {
        return credentials(operation, error);
    }
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match error {
        SdkError::ServiceError(_) if error.code().is_none() && status.is_some_and(|status| status < 400) => {
            no_answer(operation, status, error)
        }
        SdkError::ServiceError(_) => said(operation, error.code(), error.message(), status),
        SdkError::TimeoutError(_) => timed_out(operation, &innermost(error)),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out(operation, &innermost(error)),
        SdkError::DispatchFailure(_) => not_connected(operation, error),
        SdkError::ResponseError(_) => no_answer(operation, status, error),
        _ => Error::unreachable(format!("{operation} could not be asked: {}", innermost(error))),
    }
}

/// A body that is not what the service answers.
fn no_answer(operation: &str, status: Option<u16>, error: &(dyn Cause + 'static)) -> Error {
    let status = status.map_or(String::new(), |status| format!(" (HTTP {status})"));
    let problem = format!("{operation}: the response{status} is not one of the service: {}", innermost(error));
    Error::unreachable(problem).hint(
        "Something between here and the service may have changed it; check `endpoint_url` and proxies, or try again.",
    )
}

/// What the service itself answered.
fn said(operation: &str, code: Option<&str>, message: Option<&str>, status: Option<u16>) -> Error {
    let message = message.map(first_line).filter(|message| !message.is_empty());
    let words = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, Some(message)) => message,
        (None, None) => {
            let status = status.map_or("an error".to_owned(), |status| format!("HTTP {status}"));
            format!("{status} without a message of the service")
        }
    };
    let error = Error::unreachable(format!("{operation} was refused: {words}"));
    match code.and_then(|code| hint(operation, code, &words)) {
        Some(hint) => error.hint(hint),
        None if status.is_some_and(|status| status >= 500) => {
            error.hint("The service failed at every attempt; try again later, or set a longer `deadline`.")
        }
        None => error,
    }
}

/// What to do about an answer with this code.
fn hint(operation: &str, code: &str, words: &str) -> Option<String> {
    let clock = "The clock here and the service's differ; set the clock (NTP).";
    let is = |codes: &[&str]| codes.contains(&code);
    if is(DENIED) {
        let permission = permission(operation);
        return Some(format!("Allow `{permission}` to the user or role that asks."));
    }
    if is(EXPIRED) && !words.contains("Signature expired") {
        return Some(
            "The session of the credentials is over; sign in again (`aws sso login`), or get new ones.".to_owned(),
        );
    }
    if is(UNKNOWN) {
        return Some(format!("These credentials are not (or no longer) known to the account. {SOUGHT}."));
    }
    if is(SKEWED) || words.contains("Signature expired") || words.contains("Signature not yet current") {
        return Some(clock.to_owned());
    }
    if is(SIGNATURE) {
        return Some(format!("The secret does not belong to the access key, or the clock is wrong. {SOUGHT}."));
    }
    if is(THROTTLED) {
        let hint = "The account's quota of calls was used up at every attempt; try again later, set a longer `deadline`, or \
                    ask for less at a time.";
        return Some(hint.to_owned());
    }
    None
}

/// The permission that an operation needs.
fn permission(operation: &str) -> String {
    let service = match operation {
        "StartQuery" | "GetQueryResults" | "StopQuery" | "FilterLogEvents" | "DescribeLogGroups" => "logs",
        "AssumeRole" => "sts",
        _ => "cloudwatch",
    };
    format!("{service}:{operation}")
}

/// No credentials to sign the call with: there are none, or what should give them failed.
fn credentials(operation: &str, error: &(dyn Cause + 'static)) -> Error {
    if let Some(said) = causes(error).find_map(|cause| cause.downcast_ref::<ErrorMetadata>()) {
        let (code, message) = (said.code().unwrap_or("error"), said.message().map(first_line).unwrap_or_default());
        let problem = format!("{operation} has no credentials, asking for them was refused: {code}: {message}");
        let hint = match DENIED.contains(&code) {
            true => Some(
                "Allow `sts:AssumeRole` on the role to who asks, and let the role's trust policy name them.".into(),
            ),
            false => hint("AssumeRole", code, &message),
        };
        return Error::unreachable(problem).hint(hint.unwrap_or_else(|| format!("{SOUGHT}.")));
    }
    let found = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>());
    let problem = match found {
        Some(CredentialsError::CredentialsNotLoaded(_)) => "there are none".to_owned(),
        _ => innermost(error),
    };
    Error::unreachable(format!("{operation} has no credentials: {problem}")).hint(format!("{SOUGHT}."))
}

fn timed_out(operation: &str, cause: &str) -> Error {
    let after = cause.rsplit_once("after ").map_or(String::new(), |(_, after)| format!(" within {after}"));
    let problem = match cause {
        cause if cause.contains("all attempts") => {
            format!("{operation} got no good answer{after}, all attempts included")
        }
        cause if cause.contains("connect") => format!("{operation} could not connect{after}"),
        _ => format!("{operation} got no answer{after}"),
    };
    Error::unreachable(problem).hint("Check the network and `endpoint_url`, or set a longer `deadline`.")
}

fn not_connected(operation: &str, error: &(dyn Cause + 'static)) -> Error {
    use std::io::ErrorKind as Io;
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).last().map(std::io::Error::kind);
    let all = causes(error).map(|cause| cause.to_string().to_lowercase()).collect::<Vec<_>>().join(": ");
    let innermost = innermost(error);
    let (problem, hint) = match io {
        _ if all.contains("dns error") || all.contains("failed to lookup") => (
            format!("the host's name was not found ({innermost})"),
            "Check `region` and `endpoint_url`, and whether names are resolved here.",
        ),
        Some(Io::ConnectionRefused) => {
            ("connection refused".to_owned(), "Nothing listens there; check `endpoint_url`, proxy and firewall.")
        }
        _ if ["certificate", "tls", "handshake"].iter().any(|word| all.contains(word)) => (
            format!("no secure connection ({innermost})"),
            "Check the host's certificate; a proxy that opens TLS needs its own certificate to be trusted here.",
        ),
        Some(Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof) => {
            ("the connection was closed".to_owned(), "It was at every attempt; check the network, or try again later.")
        }
        _ => (innermost, "Check the network and `endpoint_url`."),
    };
    Error::unreachable(format!("{operation} did not reach the service: {problem}")).hint(hint)
}

/// An error and what caused it, outermost first.
fn causes<'e>(error: &'e (dyn Cause + 'static)) -> impl Iterator<Item = &'e (dyn Cause + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Cause + 'static)| (*error).source())
}

fn innermost(error: &(dyn Cause + 'static)) -> String {
    causes(error).last().map(|cause| first_line(&cause.to_string())).unwrap_or_default()
}

/// An error of which only the last attempt says why: it was tried until the time was over.
pub(super) fn after(mut error: Error, operation: &str, last: &str) -> Error {
    error.about.problem = format!("{}; the attempt before: {last}", error.about.problem);
    match last.split(':').next().and_then(|code| hint(operation, code, last)) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What went wrong in one attempt, in a few words.
pub(super) fn shortly(error: &(dyn Cause + 'static)) -> String {
    match causes(error).find_map(|cause| cause.downcast_ref::<ErrorMetadata>()) {
        Some(said) => match (said.code(), said.message()) {
            (Some(code), Some(message)) => format!("{code}: {}", first_line(message)),
            (code, message) => first_line(code.or(message).unwrap_or("an error without a message")),
        },
        None => innermost(error),
    }
}

/// The first line of a message, without the request that the text of a wrong signature goes on to repeat.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.split("The Canonical String").next().unwrap_or(line);
    let cut = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
    line[..cut].trim_end().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_wrong_signature_does_not_repeat_the_request() {
        let text = "The request signature we calculated does not match. The Canonical String for this request should have \
                    been\n'POST\nx-amz-security-token:IQoJb3JpZ2lu'";
        let error = said("GetMetricData", Some("SignatureDoesNotMatch"), Some(text), Some(403)).to_string();
        assert!(error.contains("SignatureDoesNotMatch: The request signature we calculated does not match"), "{error}");
        assert!(!error.contains("IQoJb3JpZ2lu") && !error.contains("POST"), "{error}");
    }

    #[test]
    fn a_missing_permission_is_named_by_its_service() {
        for (operation, permission) in [
            ("GetMetricData", "`cloudwatch:GetMetricData`"),
            ("StartQuery", "`logs:StartQuery`"),
            ("AssumeRole", "`sts:AssumeRole`"),
        ] {
            let error = said(operation, Some("AccessDenied"), Some("no"), Some(403)).to_string();
            assert!(error.contains(permission), "{error}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_from_a_session_that_is_over() {
        let hint = |code, message| hint("GetMetricData", code, message).unwrap_or_default();
        assert!(
            hint("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier").contains("clock")
        );
        assert!(hint("RequestTimeTooSkewed", "too large").contains("clock"));
        assert!(hint("ExpiredTokenException", "The security token is expired").contains("aws sso login"));
        assert!(hint("UnrecognizedClientException", "invalid token").contains("AWS_ACCESS_KEY_ID"));
    }
}
