//! Signatures of AWS, version 4, with the keys that every AWS tool finds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::source::error::Error;
use crate::source::secret::SigV4;
use crate::web;
use crate::web::aws::{Call, Caller, find, signature};

/// Keys that are over so soon are sought again.
const MARGIN: Duration = Duration::from_secs(60);

/// The keys of an account, once they are found.
#[derive(Default)]
pub(super) struct Keys(Mutex<Option<Caller>>);

impl Keys {
    /// The headers that sign a call.
    ///
    /// # Errors
    ///
    /// Unreachable: no keys are found, or the call cannot be signed.
    pub fn sign(&self, account: &SigV4, url: &str, body: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        let caller = self.find(account)?;
        let method = if body.is_some() { "POST" } else { "GET" };
        let call = Call { method, url, headers: &[], body: body.unwrap_or_default() };
        signature(&caller.keys, &account.region, &account.service, &call).ok_or_else(|| {
            Error::unreachable("the request cannot be signed").hint("Look at `region` and `service` of `sigv4`.")
        })
    }

    fn find(&self, account: &SigV4) -> Result<Caller, Error> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = web::clock() + MARGIN;
        if let Some(caller) = found.as_ref().filter(|caller| caller.keys.expiry().is_none_or(|end| end > soon)) {
            return Ok(caller.clone());
        }
        let caller = find(Some(&account.region), account.profile.as_deref()).map_err(|why| {
            let whose = account.profile.as_ref().map(|name| format!(" of the profile {name}")).unwrap_or_default();
            Error::unreachable(format!("keys of AWS{whose} to sign with cannot be found: {}", crate::plain::line(&why)))
                .hint(
                    "Log in (`aws sso login`), set AWS_PROFILE or AWS_ACCESS_KEY_ID, or write `sigv4: { profile: … }`.",
                )
        })?;
        *found = Some(caller.clone());
        Ok(caller)
    }
}
