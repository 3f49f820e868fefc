//! How an account of AWS is reached, as meant.

use crate::config::values::Values;
use crate::config::written::aws::AccessEntry;
use crate::series::SignedDuration;
use crate::source::aws::{Access, Role};
use crate::text::problem::Report;
use crate::url::Url;

/// How long a call of a service may take with all its retries.
pub(super) const DEADLINE: SignedDuration = SignedDuration::from_mins(1);

/// Whether an address is one of a server that credentials may be sent to, and if not, why and what to do.
pub fn endpoint(url: &str) -> Result<(), (String, &'static str)> {
    match Url::parse(url) {
        Ok(url) if url.is_readable_on_the_way() => {
            let why = "this address is not encrypted, and requests to it hold credentials";
            Err((why.into(), "write `https://…`; plain HTTP is for this machine alone: `http://127.0.0.1:4566`"))
        }
        Ok(_) => Ok(()),
        Err(why) => Err((format!("this address {why}"), "write `https://…`, or `http://127.0.0.1:4566`")),
    }
}

pub(super) fn read_access(
    written: &AccessEntry,
    usual: SignedDuration,
    values: &Values,
    report: &mut Report,
) -> Access {
    if let Some(deadline) = written.deadline.as_ref().filter(|deadline| deadline.value.0.is_zero()) {
        report.add_with(deadline.place, "no time at all", "write `deadline: 2m`");
    }
    if let Some(url) = &written.endpoint_url {
        let filled = values.fill(url, report);
        if let (Err((message, hint)), false) = (endpoint(&filled), filled.is_empty()) {
            report.add_hushed(url.place, message, hint);
        }
    }
    Access {
        region: values.maybe(written.region.as_ref(), report),
        profile: values.maybe(written.profile.as_ref(), report),
        endpoint_url: values.maybe(written.endpoint_url.as_ref(), report),
        assume_role: written.assume_role.as_ref().map(|role| Role {
            arn: values.fill(&role.arn, report),
            external_id: values.maybe(role.external_id.as_ref(), report),
        }),
        deadline: written.deadline.as_ref().map_or(usual, |deadline| deadline.value.0),
    }
}
