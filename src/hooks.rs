//! What is to be done with an answer: programs to run and addresses to tell, as plain values.
//!
//! A plan holds them ([`crate::config`] reads them), and the command line runs them. They are no part of what is judged:
//! no verdict, fingerprint or recording knows of them. What may be a secret is never here: of those there are only the
//! names of the variables that hold them.

use std::fmt;

use crate::series::SignedDuration;
pub use crate::url::{NoUrl, Url, is_link_local};

/// What to do at which moment, each list in the order written: the common ones, then those of the phase.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hooks {
    /// When the answer is a pass.
    pub on_pass: Vec<Hook>,
    /// When the answer is a warning.
    pub on_warn: Vec<Hook>,
    /// When the answer is a fail.
    pub on_fail: Vec<Hook>,
    /// When there is no answer.
    pub on_inconclusive: Vec<Hook>,
    /// At every look.
    pub on_look: Vec<Hook>,
}

impl Hooks {
    /// Each moment with its key in the configuration.
    pub fn named(&self) -> [(&'static str, &[Hook]); 5] {
        [
            ("on_pass", self.on_pass.as_slice()),
            ("on_warn", self.on_warn.as_slice()),
            ("on_fail", self.on_fail.as_slice()),
            ("on_inconclusive", self.on_inconclusive.as_slice()),
            ("on_look", self.on_look.as_slice()),
        ]
    }

    /// Whether there is nothing to do at any moment.
    pub fn is_empty(&self) -> bool {
        self.named().iter().all(|(_, hooks)| hooks.is_empty())
    }
}

/// One thing to do. As text it is what a person may see of it anywhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Hook {
    /// A program to run.
    Command(Command),
    /// An address to tell.
    Webhook(Webhook),
    /// Something to do in an account of AWS.
    Aws(Aws),
}

impl Hook {
    /// All that would be done: a program with its arguments, an address with what is posted there.
    pub fn in_full(&self) -> String {
        match self {
            Hook::Command(command) => {
                let words = [&command.program].into_iter().chain(&command.arguments).map(|word| quoted(word));
                format!("{} (within {:#})", words.collect::<Vec<_>>().join(" "), command.deadline)
            }
            Hook::Webhook(webhook) => {
                let body = match webhook.body {
                    Body::Verdict => "the verdict",
                    Body::Slack => "a message for Slack",
                };
                let names: Vec<String> = webhook
                    .headers_env
                    .iter()
                    .map(|(header, variable)| format!(", {header} from ${variable}"))
                    .collect();
                let (timeout, retries) = (webhook.timeout, webhook.retries);
                format!("{self}: {body}{} (within {timeout:#}, {retries} retries)", names.concat())
            }
            Hook::Aws(aws) => {
                let place = [("region", &aws.region), ("profile", &aws.profile), ("at", &aws.endpoint_url)];
                let named = place.iter().filter_map(|(name, value)| Some(format!(", {name} {}", value.as_ref()?)));
                format!("{self}{}", named.collect::<String>())
            }
        }
    }
}

/// A word of a command line, in quotes where its ends would not be seen.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

/// A program, run without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its path, relative to the configuration's folder, or its name on the PATH.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<String>,
    /// How long it may run.
    pub deadline: SignedDuration,
}

impl Command {
    /// The program's name alone.
    pub fn name(&self) -> &str {
        self.program.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&self.program)
    }
}

/// An HTTP address and what is posted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where.
    pub address: Address,
    /// What.
    pub body: Body,
    /// How long one attempt may take.
    pub timeout: SignedDuration,
    /// How many more attempts there are after one that failed for a reason that may pass.
    pub retries: usize,
    /// Headers with their values.
    pub headers: Vec<(String, String)>,
    /// Headers with the environment variables that hold their values.
    pub headers_env: Vec<(String, String)>,
    /// Whether it may reach addresses of the link and services of metadata.
    pub allow_link_local: bool,
}

/// Something to do in an account of AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct Aws {
    /// The region; that of the environment or the profile if it is not said.
    pub region: Option<String>,
    /// A profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// Another server that speaks the same protocol.
    pub endpoint_url: Option<String>,
    /// What to do.
    pub action: Action,
}

/// What is done in an account of AWS.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends a share of an alias's calls to a version of a Lambda function.
    LambdaAlias {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// How the calls are split.
        split: Split,
    },
    /// Writes a parameter of SSM.
    SsmParameter {
        /// Its name.
        name: String,
        /// What is written.
        value: String,
    },
    /// Lets a deployment of ECS that waits at a hook go on, or rolls it back.
    EcsDeployment {
        /// Its ARN.
        deployment: String,
        /// The hook at which it waits.
        hook: String,
        /// Whether it goes on.
        goes_on: bool,
    },
    /// Answers a lifecycle hook of CodeDeploy.
    CodeDeploy {
        /// The deployment.
        deployment: String,
        /// The execution of the hook.
        execution: String,
        /// Whether it succeeded.
        succeeds: bool,
    },
    /// Puts the verdict on a bus of EventBridge.
    Event {
        /// The bus.
        bus: String,
    },
    /// Publishes the verdict, or a message, to a topic of SNS.
    Sns {
        /// The topic's ARN.
        topic: String,
        /// What is published.
        body: Body,
    },
}

/// How the calls of a Lambda alias are split between its version and another.
#[derive(Debug, Clone, PartialEq)]
pub enum Split {
    /// So much of them, between 0 and 1, to another version.
    Part(String, f64),
    /// All of them to a version, which is the alias's from now on.
    Whole(String),
    /// None of them to another version.
    None,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
        match self {
            Action::LambdaAlias { function, alias, split } => match split {
                Split::Part(version, share) => {
                    write!(f, "Lambda alias {function}:{alias}, {} % to version {version}", 100.0 * share)
                }
                Split::Whole(version) => write!(f, "Lambda alias {function}:{alias}, all to version {version}"),
                Split::None => write!(f, "Lambda alias {function}:{alias}, nothing to another version"),
            },
            Action::SsmParameter { name, value } => write!(f, "SSM parameter {name} = {value:?}"),
            Action::EcsDeployment { deployment, goes_on, .. } => {
                write!(f, "ECS deployment {deployment}: {}", outcome(*goes_on, "continue", "roll back"))
            }
            Action::CodeDeploy { deployment, succeeds, .. } => {
                write!(f, "CodeDeploy deployment {deployment}: {}", outcome(*succeeds, "succeeded", "failed"))
            }
            Action::Event { bus } => write!(f, "EventBridge bus {bus}"),
            Action::Sns { topic, .. } => write!(f, "SNS topic {topic}"),
        }
    }
}

/// Where a webhook goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address as it is.
    Url(String),
    /// The environment variable that holds it.
    Variable(String),
}

/// What a webhook posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The verdict as JSON.
    Verdict,
    /// A short message in the form that Slack takes.
    Slack,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hook::Command(command) => f.write_str(&command.program),
            Hook::Webhook(webhook) => write!(f, "POST {}", webhook.address),
            Hook::Aws(aws) => aws.action.fmt(f),
        }
    }
}

/// Scheme and host, or the variable: a path may be a secret, as Slack's are.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Url(url) => match Url::parse(url) {
                Ok(url) => write!(f, "{}://{}", url.scheme, url.authority),
                Err(_) => f.write_str("an address"),
            },
            Address::Variable(name) => write!(f, "${name}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_never_shown() {
        let shown = Address::Url("https://hooks.example.com/services/T0/B0/secret?token=x".into()).to_string();
        assert_eq!(shown, "https://hooks.example.com");
    }
}
