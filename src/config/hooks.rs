//! Hooks as meant: which programs are to run, which addresses are to be told, and what is to be done in an account of AWS.
//!
//! The names of the canary's labels are put in when the plan is made, so that a hook which could not run is found by
//! `davy check` and not in the night of the rollback. Secrets are refused here: the file names the environment
//! variables that hold them, and nothing reads those before the hook runs.

use super::written::hooks::{HookEntry, HooksEntry, Several, WebhookEntry};

use super::written::file::{File, PhaseEntry};
use crate::hooks::{Address, Body, Command, Hook, Hooks, Webhook};
use crate::notation::Span;
use crate::series::SignedDuration;
use crate::text::problem::{At, Complaint, Report};
use crate::text::scalar::Text;
use crate::text::secret::names_secret;
use crate::text::substitute::{names, substitute};
use crate::url::{NoUrl, Url};

/// The name that is the phase's in every hook.
const PHASE: &str = "phase";
/// How long a command may run.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);
/// How long one attempt of a webhook may take.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(10);
/// How often a webhook is tried again.
const RETRIES: usize = 3;
/// The headers that davy sets itself.
const OWN_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "expect",
    "idempotency-key",
    "user-agent",
];

/// The hooks of a phase: the common ones and then its own, with the names of the canary put in.
pub(super) fn hooks(
    file: &File,
    phase: Option<&PhaseEntry>,
    labels: &[(String, String)],
    report: &mut Report,
) -> Hooks {
    let mut filling = Filling { phase: phase.map(|phase| phase.name.value.as_str()), labels, report };
    let own = phase.and_then(|phase| phase.hooks.as_ref());
    let entries: Vec<&HooksEntry> = file.hooks.iter().chain(own).collect();
    let mut list = |of: fn(&HooksEntry) -> Option<&Several>| -> Vec<Hook> {
        let written = entries.iter().filter_map(|entry| of(entry)).flat_map(|several| &several.0);
        written.filter_map(|hook| filling.hook(hook)).collect()
    };
    Hooks {
        on_pass: list(|entry| entry.on_pass.as_ref()),
        on_warn: list(|entry| entry.on_warn.as_ref()),
        on_fail: list(|entry| entry.on_fail.as_ref()),
        on_inconclusive: list(|entry| entry.on_inconclusive.as_ref()),
        on_look: list(|entry| entry.on_look.as_ref()),
    }
}

/// Every name that a hook refers to, without the one that is the phase's.
pub(super) fn referenced(file: &File) -> Vec<&str> {
    all_names(file).filter(|name| *name != PHASE).collect()
}

/// A label of the phase's name would mean one thing in a source and another in a hook.
pub(super) fn check_labels<'f>(file: &File, labels: impl Iterator<Item = &'f At<String>>, report: &mut Report) {
    if !all_names(file).any(|name| name == PHASE) {
        return;
    }
    for label in labels.filter(|label| label.value == PHASE) {
        let hint = "call it something else: `${phase}` in hooks is the name of the phase";
        report.add_with(label.place, "a label cannot be called `phase` beside hooks that use `${phase}`", hint);
    }
}

fn all_names(file: &File) -> impl Iterator<Item = &str> {
    let entries = file.hooks.iter().chain(file.phases.iter().filter_map(|phase| phase.hooks.as_ref()));
    let several = entries.flat_map(|entry| {
        [&entry.on_pass, &entry.on_warn, &entry.on_fail, &entry.on_inconclusive, &entry.on_look].into_iter().flatten()
    });
    several.flat_map(|several| &several.0).flat_map(|hook| {
        let command = hook.command.iter().flatten().map(|text| text.value.0.as_str());
        let webhook = hook.webhook.iter().flat_map(|webhook| {
            let headers = webhook.headers.0.iter().map(|(_, value)| value.value.0.as_str());
            webhook.url.iter().map(|url| url.value.as_str()).chain(headers)
        });
        let aws = hook.aws.iter().flat_map(|aws| aws.texts()).map(|text| text.value.0.as_str());
        command.chain(webhook).chain(aws).flat_map(names)
    })
}

/// What the texts of hooks are filled with.
pub(super) struct Filling<'a, 'r, 'o> {
    phase: Option<&'a str>,
    labels: &'a [(String, String)],
    pub(super) report: &'r mut Report<'o>,
}

impl Filling<'_, '_, '_> {
    fn hook(&mut self, hook: &HookEntry) -> Option<Hook> {
        match (&hook.command, &hook.webhook, &hook.aws) {
            (Some(command), ..) => Some(Hook::Command(Command {
                program: self.argument(command.first()?)?,
                arguments: command.iter().skip(1).filter_map(|argument| self.argument(argument)).collect(),
                deadline: self.limit(hook.deadline.as_ref(), "deadline: 1m", DEADLINE),
            })),
            (None, Some(webhook), _) => self.webhook(webhook).map(Hook::Webhook),
            (None, None, Some(aws)) => self.aws(aws).map(Hook::Aws),
            (None, None, None) => None,
        }
    }

    fn webhook(&mut self, webhook: &WebhookEntry) -> Option<Webhook> {
        let allow_link_local = webhook.allow_link_local.as_ref().is_some_and(|allow| allow.value);
        let address = match (&webhook.url, &webhook.url_env) {
            (Some(url), _) => Address::Url(self.url(url, allow_link_local)?),
            (None, Some(variable)) => Address::Variable(variable.value.clone()),
            (None, None) => return None,
        };
        let named = webhook.headers.names().chain(webhook.headers_env.names());
        let lower: Vec<String> = named.map(str::to_lowercase).collect();
        let keys = webhook.headers.0.iter().map(|(key, _)| key).chain(webhook.headers_env.0.iter().map(|(key, _)| key));
        for (at, key) in keys.enumerate() {
            if OWN_HEADERS.contains(&lower[at].as_str()) {
                let message = format!("davy sets the header `{}` itself", key.value);
                self.report.add_hushed(key.place, message, "leave it out");
            } else if lower[..at].contains(&lower[at]) {
                self.report.add(key.place, format!("the header `{}` is here twice", key.value));
            }
        }
        let headers =
            webhook.headers.0.iter().filter_map(|(key, value)| Some((key.value.clone(), self.header(key, value)?)));
        Some(Webhook {
            address,
            body: webhook.body.as_ref().map_or(Body::Verdict, |body| body.value.0),
            headers: headers.collect(),
            headers_env: webhook
                .headers_env
                .0
                .iter()
                .map(|(key, name)| (key.value.clone(), name.value.clone()))
                .collect(),
            timeout: self.limit(webhook.timeout.as_ref(), "timeout: 10s", TIMEOUT),
            retries: webhook.retries.as_ref().map_or(RETRIES, |retries| retries.value),
            allow_link_local,
        })
    }

    fn url(&mut self, written: &At<String>, allow_link_local: bool) -> Option<String> {
        let url = self.fill(written)?;
        let (message, hint) = match Url::parse(&url) {
            Ok(parsed) if parsed.host() == "hooks.slack.com" && parsed.rest.starts_with("/services/") => {
                ("this address is a secret: whoever has it can post".into(), "write `url_env: SLACK_WEBHOOK`")
            }
            Ok(parsed) if parsed.is_link_local() && !allow_link_local => (
                "this address is link-local or a metadata service, which knows the machine's credentials".into(),
                "write another address; or `allow_link_local: true` beside it, if you mean it",
            ),
            Ok(_) => return Some(url),
            Err(why @ NoUrl::Credentials) => (
                format!("this address {why}"),
                "write `headers_env: { Authorization: VARIABLE }`, or `url_env: VARIABLE`",
            ),
            Err(why) => (format!("this address {why}"), "write `url: https://example.com/path`"),
        };
        self.report.add_hushed(written.place, message, hint);
        None
    }

    fn header(&mut self, key: &At<String>, value: &At<Text>) -> Option<String> {
        if names_secret(&key.value) {
            let hint = format!("write `headers_env: {{ {}: VARIABLE }}`: it is read when the hook runs", key.value);
            self.report.add_hushed(key.place, format!("the value of `{}` is a secret", key.value), hint);
            return None;
        }
        let text = self.fill(&At { place: value.place, value: value.value.0.clone() })?;
        if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            let message = format!("this cannot be the value of `{}`", key.value);
            self.report.add_hushed(value.place, message, "write letters, digits and signs of ASCII on one line");
        }
        Some(text)
    }

    pub(super) fn argument(&mut self, written: &At<Text>) -> Option<String> {
        let text = self.fill(&At { place: written.place, value: written.value.0.clone() })?;
        if text.contains('\0') {
            self.report.add(written.place, "no argument can hold a NUL character");
        }
        Some(text)
    }

    fn fill(&mut self, text: &At<String>) -> Option<String> {
        let known: Vec<&str> = self.labels.iter().map(|(name, _)| name.as_str()).chain([PHASE]).collect();
        let label = |name: &str| self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.clone());
        let value = |name: &str| if name == PHASE { self.phase.map(str::to_owned) } else { label(name) };
        let filled = substitute(&text.value, &known, value);
        filled.map_err(|complaint| self.report.complain_of(text, self::explained(complaint))).ok()
    }

    fn limit(&mut self, written: Option<&At<Span>>, form: &str, usual: SignedDuration) -> SignedDuration {
        if let Some(none) = written.filter(|span| span.value.0.is_zero()) {
            self.report.add_with(none.place, "no time at all", format!("write `{form}`"));
        }
        written.map_or(usual, |span| span.value.0)
    }
}

/// The phase is not set by writing it down as a label, and a label of the baseline alone is none here.
fn explained(mut complaint: Complaint) -> Complaint {
    if complaint.message.ends_with("is not set") {
        complaint.message.push_str(" for the canary");
    }
    match complaint.message.contains("`${phase}`") {
        true => Complaint {
            hint: Some("there are no phases here: write `${phase:-}`, or leave it out".into()),
            ..complaint
        },
        false => complaint,
    }
}
