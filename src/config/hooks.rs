//! Hooks as written and as meant: which programs are to run and which addresses are to be told after an answer.
//!
//! The names of the canary's labels are put in when the plan is made, so that a hook which could not run is found by
//! `davy check` and not in the night of the rollback. Secrets are refused here: the file names the environment
//! variables that hold them, and nothing reads those before the hook runs.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::file::{File, PhaseEntry};
use super::quantity::Span;
use crate::hooks::{Address, Body, Command, Hook, Hooks, Webhook};
use crate::series::SignedDuration;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Complaint, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Named, Text};
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
/// More than these would take hours.
const MOST_RETRIES: usize = 10;
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
/// What is in the name of a header whose value is a secret.
const SECRET_HEADERS: [&str; 11] = [
    "authoriz",
    "x-auth",
    "cookie",
    "token",
    "secret",
    "passw",
    "api-key",
    "apikey",
    "api_key",
    "access-key",
    "credential",
];

/// What is to be done when a watch or `judge --hooks` has its answer: a hook, or a list of them, one after the other.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct HooksEntry {
    /// When the answer is a pass.
    pub(super) on_pass: Option<Several>,
    /// When the answer is a warning.
    pub(super) on_warn: Option<Several>,
    /// When the answer is a fail.
    pub(super) on_fail: Option<Several>,
    /// When the answer is that the data cannot tell.
    pub(super) on_inconclusive: Option<Several>,
    /// At every look of a watch, whatever it says.
    pub(super) on_look: Option<Several>,
}

/// One hook or a list of them.
#[derive(Debug, Clone)]
pub(super) struct Several(Vec<HookEntry>);

/// One thing to do: exactly one of command and webhook.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["command"]}, {"required": ["webhook"]}], "dependentRequired" = {"deadline": ["command"]})
)]
pub(super) struct HookEntry {
    /// A program and its arguments, run without a shell in the configuration's folder, with the verdict as JSON on its
    /// standard input. ${label} of the canary, names of `--set` and ${phase} are substituted.
    #[schemars(with = "Option<Vec<Text>>", extend("minItems" = 1))]
    pub(super) command: Option<Vec<At<Text>>>,
    /// How long the program may run. Default 1m.
    pub(super) deadline: Option<At<Span>>,
    /// An address to post to.
    pub(super) webhook: Option<WebhookEntry>,
}

/// An address to post to: exactly one of url and url_env.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["url"]}, {"required": ["url_env"]}]))]
pub(super) struct WebhookEntry {
    /// The address, where it is no secret. ${label} of the canary, names of `--set` and ${phase} are substituted.
    pub(super) url: Option<At<String>>,
    /// The environment variable that holds the address.
    #[schemars(with = "Option<Variable>")]
    pub(super) url_env: Option<At<String>>,
    /// verdict: the verdict as JSON (default). slack: a short message as Slack takes it.
    pub(super) body: Option<At<Choice<Body>>>,
    /// How long one attempt may take. Default 10s.
    pub(super) timeout: Option<At<Span>>,
    /// How often it is tried again when the server cannot be reached, is too slow or overloaded. Default 3.
    #[schemars(range(max = 10))]
    pub(super) retries: Option<At<usize>>,
    /// Headers with their values; those that hold secrets belong under headers_env.
    #[schemars(default)]
    pub(super) headers: Named<At<Text>>,
    /// Headers with the environment variables that hold their values.
    #[schemars(default, with = "Named<Variable>")]
    pub(super) headers_env: Named<At<String>>,
    /// Whether it may reach link-local addresses (169.254.0.0/16, fe80::/10) and metadata services, which know the
    /// credentials of the machine. Default false.
    pub(super) allow_link_local: Option<At<bool>>,
}

impl Read for HooksEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "hooks: { on_fail: { command: [./roll-back.sh] } }";
        let mut keys = Keys::open(node, report, "`hooks`", form)?;
        let hooks = HooksEntry {
            on_pass: keys.may("on_pass"),
            on_warn: keys.may("on_warn"),
            on_fail: keys.may("on_fail"),
            on_inconclusive: keys.may("on_inconclusive"),
            on_look: keys.may("on_look"),
        };
        keys.close(Some(hooks), |key| match key {
            "command" | "webhook" => Some("say when: `on_fail: { … }`".into()),
            "on_promote" | "on_success" => Some("a canary that may be promoted is `on_pass`".into()),
            "on_rollback" | "on_roll_back" | "on_failure" | "on_error" => Some("write `on_fail`".into()),
            _ => None,
        })
    }
}

impl Read for Several {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match node.value {
            Value::Map(_) => HookEntry::read(node, report).map(|hook| Several(vec![hook])),
            _ => Vec::read(node, report).map(Several),
        }
    }
}

impl Read for HookEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "a hook", "command: [./roll-back.sh, \"${version}\"]")?;
        let (deadline, webhook) = (keys.may("deadline"), keys.may("webhook"));
        let hook = HookEntry { command: keys.may("command"), deadline, webhook };
        let named = (keys.mentions("command"), keys.mentions("webhook"));
        if named.0 == named.1 {
            let message = if named.0 { "a hook does one thing" } else { "a hook needs something to do" };
            let hint = "write `command: [./roll-back.sh]` or `webhook: { url_env: … }`; two hooks for both";
            keys.report.add_with(keys.place, message, hint);
        }
        if let Some(command) = hook.command.as_ref().filter(|command| first(command).trim().is_empty()) {
            let place = command.first().map_or(keys.place, |program| program.place);
            keys.report.add_with(place, "there is no program to run", "write `command: [./roll-back.sh]`");
        }
        if let (Some(deadline), true, false) = (&hook.deadline, named.1, named.0) {
            keys.report.add_with(deadline.place, "a webhook has no deadline", "write `webhook: { timeout: 10s, … }`");
        }
        keys.close(Some(hook), |key| match key {
            "args" | "arguments" => Some("write them after the program: `command: [./roll-back.sh, now]`".into()),
            "timeout" => Some("write `deadline: 1m` beside a command, or `timeout` inside of `webhook`".into()),
            "url" | "url_env" | "body" => Some("write `webhook: { url_env: … }`".into()),
            "run" | "shell" | "script" => Some("write `command: [./roll-back.sh]`".into()),
            _ => None,
        })
    }
}

fn first(command: &[At<Text>]) -> &str {
    command.first().map_or("", |program| program.value.0.as_str())
}

impl Read for WebhookEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`webhook`", "webhook: { url_env: SLACK_WEBHOOK, body: slack }")?;
        let webhook = WebhookEntry {
            url: keys.may("url"),
            url_env: keys.may("url_env"),
            body: keys.may("body"),
            timeout: keys.may("timeout"),
            retries: keys.may("retries"),
            headers: keys.all("headers"),
            headers_env: keys.all("headers_env"),
            allow_link_local: keys.may("allow_link_local"),
        };
        let has = |key: &str| node.get(key).is_some();
        if has("url") == has("url_env") {
            let message = if has("url") { "a webhook has one address" } else { "a webhook needs an address" };
            let hint = "write `url: https://…`, or `url_env: VARIABLE` where the address is a secret";
            keys.report.add_with(keys.place, message, hint);
        }
        if let Some(many) = webhook.retries.as_ref().filter(|retries| retries.value > MOST_RETRIES) {
            keys.report.add_with(many.place, "so often would take hours", format!("write at most `{MOST_RETRIES}`"));
        }
        let named = webhook.headers_env.0.iter().map(|(_, variable)| variable);
        for variable in named.chain(&webhook.url_env).filter(|variable| !is_variable(&variable.value)) {
            let hint = "write its name alone: `SLACK_WEBHOOK`; the value is read when the hook runs";
            keys.report.add_with(variable.place, "this is no name of an environment variable", hint);
        }
        keys.close(Some(webhook), |key| match key {
            "method" => Some("a webhook posts; leave it out".into()),
            "deadline" => Some("write `timeout: 10s`, for each attempt".into()),
            "token" | "auth" | "authorization" => Some("write `headers_env: { Authorization: VARIABLE }`".into()),
            _ => no_hint(key),
        })
    }
}

fn is_variable(name: &str) -> bool {
    let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

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
        command.chain(webhook).flat_map(names)
    })
}

/// What the texts of hooks are filled with.
struct Filling<'a, 'r, 'o> {
    phase: Option<&'a str>,
    labels: &'a [(String, String)],
    report: &'r mut Report<'o>,
}

impl Filling<'_, '_, '_> {
    fn hook(&mut self, hook: &HookEntry) -> Option<Hook> {
        match (&hook.command, &hook.webhook) {
            (Some(command), _) => Some(Hook::Command(Command {
                program: self.argument(command.first()?)?,
                arguments: command.iter().skip(1).filter_map(|argument| self.argument(argument)).collect(),
                deadline: self.limit(hook.deadline.as_ref(), "deadline: 1m", DEADLINE),
            })),
            (None, Some(webhook)) => self.webhook(webhook).map(Hook::Webhook),
            (None, None) => None,
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
        let lower = key.value.to_lowercase();
        if SECRET_HEADERS.iter().any(|word| lower.contains(word)) {
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

    fn argument(&mut self, written: &At<Text>) -> Option<String> {
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

/// The name of an environment variable, for the JSON Schema.
struct Variable;

impl JsonSchema for Variable {
    fn schema_name() -> Cow<'static, str> {
        "Variable".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" })
    }
}

impl JsonSchema for Several {
    fn schema_name() -> Cow<'static, str> {
        "Several".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let hook = generator.subschema_for::<HookEntry>();
        json_schema!({ "anyOf": [hook, { "type": "array", "items": hook }] })
    }
}
