//! Secrets of sources as meant: where they are, and that a source is asked by one way of authentication.

use crate::config::values::Values;
use crate::config::written::http::BasicEntry;
use crate::source::secret::{Authentication, Secret};
use crate::text::problem::{At, Place, Report};
use crate::text::scalar::Named;

/// A bearer token in an environment variable.
pub(super) fn bearer(name: &At<String>) -> Authentication {
    Authentication::Bearer(Secret::Variable(name.value.clone()))
}

/// A user whose password is in an environment variable.
pub(super) fn basic(written: Option<&BasicEntry>, values: &Values, report: &mut Report) -> Option<Authentication> {
    let written = written?;
    let password = Secret::Variable(written.password_env.value.clone());
    Some(Authentication::Basic { user: values.fill(&written.user, report), password })
}

/// Headers whose values are in environment variables.
pub(super) fn hidden(headers: &Named<At<String>>) -> Vec<(String, Secret)> {
    headers.0.iter().map(|(name, variable)| (name.value.clone(), Secret::Variable(variable.value.clone()))).collect()
}

/// The one way of several; complains of more.
pub(super) fn one_of<const N: usize>(
    ways: [Option<Authentication>; N],
    place: Place,
    report: &mut Report,
) -> Authentication {
    if ways.iter().flatten().count() > 1 {
        let hint = "keep one of `bearer_env`, `bearer_file` and `basic`";
        report.add_with(place, "a server is asked by one way of authentication", hint);
    }
    ways.into_iter().flatten().next().unwrap_or(Authentication::None)
}
