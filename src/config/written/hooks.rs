//! What is to be done with an answer, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::actions::AwsHookEntry;
use crate::hooks::Body;
use crate::notation::Span;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Named, Text};

/// What davy does when a watch or `judge --hooks` has its answer: a hook, or a list of them, one after the other.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct HooksEntry {
    /// When the answer is a pass.
    pub(in crate::config) on_pass: Option<Several>,
    /// When the answer is a warning.
    pub(in crate::config) on_warn: Option<Several>,
    /// When the answer is a fail.
    pub(in crate::config) on_fail: Option<Several>,
    /// When the answer is that the data cannot tell.
    pub(in crate::config) on_inconclusive: Option<Several>,
    /// At every look of a watch, whatever it says.
    pub(in crate::config) on_look: Option<Several>,
}

/// One hook or a list of them.
#[derive(Debug, Clone)]
pub(in crate::config) struct Several(pub(in crate::config) Vec<HookEntry>);

/// One thing to do: exactly one of command, webhook and aws.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["command"]}, {"required": ["webhook"]}, {"required": ["aws"]}], "dependentRequired" = {"deadline": ["command"]})
)]
pub(in crate::config) struct HookEntry {
    /// A program and its arguments, run without a shell in the configuration's folder, with the verdict as JSON on its
    /// standard input. ${label} of the canary, names of `--set` and ${phase} are substituted.
    #[schemars(with = "Option<Vec<Text>>", extend("minItems" = 1))]
    pub(in crate::config) command: Option<Vec<At<Text>>>,
    /// How long the program may run. Default 1m.
    pub(in crate::config) deadline: Option<At<Span>>,
    /// An address to post to.
    pub(in crate::config) webhook: Option<WebhookEntry>,
    /// Something to do in an account of AWS.
    pub(in crate::config) aws: Option<AwsHookEntry>,
}

/// An address to post to: exactly one of url and url_env.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["url"]}, {"required": ["url_env"]}]))]
pub(in crate::config) struct WebhookEntry {
    /// The address, if it is not a secret. ${label} of the canary, names of `--set` and ${phase} are substituted.
    pub(in crate::config) url: Option<At<String>>,
    /// The environment variable that holds the address.
    #[schemars(with = "Option<Variable>")]
    pub(in crate::config) url_env: Option<At<String>>,
    /// verdict: the verdict as JSON (default). slack: a short message as Slack takes it.
    pub(in crate::config) body: Option<At<Choice<Body>>>,
    /// How long one attempt may take. Default 10s.
    pub(in crate::config) timeout: Option<At<Span>>,
    /// How often it is tried again when the server cannot be reached, is too slow or overloaded. Default 3.
    #[schemars(range(max = 10))]
    pub(in crate::config) retries: Option<At<usize>>,
    /// Headers with their values; those that hold secrets belong under headers_env.
    #[schemars(default)]
    pub(in crate::config) headers: Named<At<Text>>,
    /// Headers with the environment variables that hold their values.
    #[schemars(default, with = "Named<Variable>")]
    pub(in crate::config) headers_env: Named<At<String>>,
    /// Whether it may reach link-local addresses (169.254.0.0/16, fe80::/10) and metadata services, which know the
    /// credentials of the machine. Default false.
    pub(in crate::config) allow_link_local: Option<At<bool>>,
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
        let hook = HookEntry { command: keys.may("command"), deadline, webhook, aws: keys.may("aws") };
        let is_command = keys.mentions("command");
        let named = ["command", "webhook", "aws"].iter().filter(|key| keys.mentions(key)).count();
        if named != 1 {
            let message = if named > 1 { "a hook does one thing" } else { "a hook needs something to do" };
            let hint =
                "write `command: [./roll-back.sh]`, `webhook: { url_env: … }` or `aws: { … }`; one hook for each";
            keys.report.add_with(keys.place, message, hint);
        }
        if let Some(command) = hook.command.as_ref().filter(|command| first(command).trim().is_empty()) {
            let place = command.first().map_or(keys.place, |program| program.place);
            keys.report.add_with(place, "there is no program to run", "write `command: [./roll-back.sh]`");
        }
        if let (Some(deadline), false) = (&hook.deadline, is_command) {
            let (message, hint) = match &hook.aws {
                Some(_) => ("an `aws` hook has no deadline", "leave it out"),
                None => ("a webhook has no deadline", "write `webhook: { timeout: 10s, … }`"),
            };
            keys.report.add_with(deadline.place, message, hint);
        }
        keys.close(Some(hook), |key| match key {
            "args" | "arguments" => Some("write them after the program: `command: [./roll-back.sh, now]`".into()),
            "timeout" => Some("write `deadline: 1m` beside a command, or `timeout` inside of `webhook`".into()),
            "url" | "url_env" | "body" => Some("write `webhook: { url_env: … }`".into()),
            "lambda_alias" | "ssm_parameter" | "ecs_deployment" | "codedeploy" | "event" | "sns" => {
                Some(format!("write `aws: {{ {key}: … }}`"))
            }
            "run" | "shell" | "script" => Some("write `command: [./roll-back.sh]`".into()),
            _ => None,
        })
    }
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
            keys.report.add_with(variable.place, "this is not the name of an environment variable", hint);
        }
        keys.close(Some(webhook), |key| match key {
            "method" => Some("a webhook posts; leave it out".into()),
            "deadline" => Some("write `timeout: 10s`, for each attempt".into()),
            "token" | "auth" | "authorization" => Some("write `headers_env: { Authorization: VARIABLE }`".into()),
            _ => no_hint(key),
        })
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

/// More than these would take hours.
const MOST_RETRIES: usize = 10;

pub(in crate::config) fn first(command: &[At<Text>]) -> &str {
    command.first().map_or("", |program| program.value.0.as_str())
}

fn is_variable(name: &str) -> bool {
    let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}
