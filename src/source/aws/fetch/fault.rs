//! (being written) What the SDK's errors mean: the service's message, and what is missing.

use aws_sdk_cloudwatch::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::source::Error;

/// An error of one operation in davy's terms: unreachable, with the service's own words and, where a permission is
/// missing, its name.
pub(super) fn of<E, R>(action: &str, error: &SdkError<E, R>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    Error::unreachable(format!("{action} failed: {}", DisplayErrorContext(error)))
}
