//! Attempts whose answers were lost. The service may have done what it was asked, and then it refuses the next attempt.
//!
//! CodeDeploy says so in a word of its own. ECS does not, so davy looks whether the hook still waits.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::super::attempts::Refused;
use crate::hooks::Action;
use crate::web::account::{Account, Task, code};
use crate::web::{NOBODY, Reply, Trouble};

/// What a refusal may mean after a lost answer.
pub(super) struct Lost {
    is_lost: AtomicBool,
    kind: Kind,
}

enum Kind {
    /// An event that is completed is refused with its own code.
    CodeDeploy,
    /// A hook that waits no more is refused like any mistake.
    Ecs { deployment: String, hook: String, goes_on: bool },
    /// It may be done twice.
    Other,
}

impl Lost {
    pub(super) fn of(action: &Action) -> Lost {
        let kind = match action.clone() {
            Action::CodeDeploy { .. } => Kind::CodeDeploy,
            Action::EcsDeployment { deployment, hook, goes_on } => Kind::Ecs { deployment, hook, goes_on },
            _ => Kind::Other,
        };
        Lost { is_lost: AtomicBool::new(false), kind }
    }

    /// Remembers that no answer came, or none that says what was done.
    pub(super) fn after(&self, refused: Refused) -> Refused {
        if refused.trouble.may_pass && refused.trouble.why != NOBODY {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        refused
    }

    /// What a refusal means.
    pub(super) fn refused(&self, account: &Account, reply: &Reply, trouble: Trouble) -> Result<(), Refused> {
        let is_lost = self.is_lost.load(Ordering::Relaxed) && !trouble.may_pass;
        let code = code(reply).unwrap_or_default();
        let done = match &self.kind {
            Kind::CodeDeploy if is_lost => Some(code == "LifecycleEventAlreadyCompletedException"),
            Kind::Ecs { deployment, hook, goes_on } if is_lost && is_late(&code) => {
                waits_no_more(account, deployment, hook, *goes_on)
            }
            _ => Some(false),
        };
        match done {
            Some(true) => Ok(()),
            Some(false) => Err(self.after(Refused { trouble, after: reply.after })),
            None => Err(Refused::for_good(format!(
                "{}; an earlier attempt may have gone through, and `ecs:DescribeServiceDeployments` did not say so",
                trouble.why
            ))),
        }
    }
}

/// Codes of ECS for a hook that does not wait.
fn is_late(code: &str) -> bool {
    ["ClientException", "InvalidParameterException", "ConflictException"].contains(&code)
}

/// Whether a hook of ECS was answered as it should be; nothing if ECS does not say so.
fn waits_no_more(account: &Account, deployment: &str, hook: &str, goes_on: bool) -> Option<bool> {
    let body = json!({ "serviceDeploymentArns": [deployment] });
    let target = "AmazonEC2ContainerServiceV20141113.DescribeServiceDeployments";
    let reply = account.call(&Task::json("ecs", Some(target), &body)).ok().filter(|reply| reply.status == 200)?;
    let answer: Value = serde_json::from_slice(&reply.body).ok()?;
    let hooks = answer["serviceDeployments"].get(0)?["lifecycleHookDetails"].as_array().cloned().unwrap_or_default();
    // a hook that is not active is not listed
    let status = hooks.iter().find(|one| one["hookId"] == hook).map(|one| one["status"].as_str().unwrap_or_default());
    Some(match status {
        None => true,
        Some("SUCCEEDED") => goes_on,
        Some("FAILED") => !goes_on,
        Some(_) => false,
    })
}
