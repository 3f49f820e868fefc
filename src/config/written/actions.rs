//! What a hook does in an account of AWS, as written.

use schemars::JsonSchema;

use crate::hooks::Body;
use crate::text::node::Node;
use crate::text::problem::{At, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Text, words};

/// Something to do in an account of AWS: exactly one of the actions. The keys are those that every AWS tool finds.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [
        {"required": ["lambda_alias"]}, {"required": ["ssm_parameter"]}, {"required": ["ecs_deployment"]},
        {"required": ["codedeploy"]}, {"required": ["event"]}, {"required": ["sns"]}
    ])
)]
pub(in crate::config) struct AwsHookEntry {
    /// The region: us-east-1. Default: that of the environment or the profile.
    pub(in crate::config) region: Option<At<Text>>,
    /// A profile of the shared AWS configuration.
    pub(in crate::config) profile: Option<At<Text>>,
    /// Another server that speaks the same protocol: http://127.0.0.1:5000.
    pub(in crate::config) endpoint_url: Option<At<Text>>,
    /// Split the calls of a Lambda alias.
    pub(in crate::config) lambda_alias: Option<LambdaAliasEntry>,
    /// Write a parameter of SSM.
    pub(in crate::config) ssm_parameter: Option<SsmParameterEntry>,
    /// Let a deployment of ECS that waits at a hook go on, or roll it back.
    pub(in crate::config) ecs_deployment: Option<EcsDeploymentEntry>,
    /// Answer a lifecycle hook of CodeDeploy.
    pub(in crate::config) codedeploy: Option<CodeDeployEntry>,
    /// Put the verdict on a bus of EventBridge.
    pub(in crate::config) event: Option<EventEntry>,
    /// Publish the verdict to a topic of SNS.
    pub(in crate::config) sns: Option<SnsEntry>,
}

/// How the calls of a Lambda alias are split.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct LambdaAliasEntry {
    /// The function.
    pub(in crate::config) function: At<Text>,
    /// The alias.
    pub(in crate::config) alias: At<Text>,
    /// The version that gets a share of the calls, or all of them.
    pub(in crate::config) version: Option<At<Text>>,
    /// Its share: `25%`; `all`, which makes it the version of the alias; `none`, which takes it back.
    pub(in crate::config) weight: At<Text>,
}

/// A parameter of SSM with its new value.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct SsmParameterEntry {
    /// Its name.
    pub(in crate::config) name: At<Text>,
    /// What is written.
    pub(in crate::config) value: At<Text>,
}

/// A deployment of ECS that waits at a hook.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct EcsDeploymentEntry {
    /// Its ARN, as `describe-service-deployments` prints it.
    pub(in crate::config) deployment: At<Text>,
    /// The `hookId` of the hook.
    pub(in crate::config) hook: At<Text>,
    /// What it does now: continue or rollback.
    pub(in crate::config) action: At<Choice<Next>>,
}

/// The lifecycle hook of a deployment of CodeDeploy.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct CodeDeployEntry {
    /// The `DeploymentId` that the hook's function was called with.
    pub(in crate::config) deployment: At<Text>,
    /// The `LifecycleEventHookExecutionId`.
    pub(in crate::config) execution: At<Text>,
    /// succeeded or failed.
    pub(in crate::config) status: At<Choice<Status>>,
}

/// A bus of EventBridge.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct EventEntry {
    /// The bus, by name or ARN. Default: the account's own.
    pub(in crate::config) bus: Option<At<Text>>,
}

/// A topic of SNS.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct SnsEntry {
    /// Its ARN.
    pub(in crate::config) topic: At<Text>,
    /// verdict: the verdict as JSON (default). slack: a short message.
    pub(in crate::config) body: Option<At<Choice<Body>>>,
}

/// What a deployment does after a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Next {
    Continue,
    RollBack,
}

/// How a lifecycle hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Status {
    Succeeded,
    Failed,
}

words! {
    Next, "what a deployment of ECS can do": { "continue" => Continue, "rollback" => RollBack }
    Status, "how a lifecycle hook can end": { "succeeded" => Succeeded, "failed" => Failed }
}

const ACTIONS: [&str; 6] = ["lambda_alias", "ssm_parameter", "ecs_deployment", "codedeploy", "event", "sns"];

impl AwsHookEntry {
    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &At<Text>> {
        let alias = self.lambda_alias.iter();
        let alias = alias.flat_map(|e| [&e.function, &e.alias, &e.weight].into_iter().chain(&e.version));
        let parameter = self.ssm_parameter.iter().flat_map(|e| [&e.name, &e.value]);
        let ecs = self.ecs_deployment.iter().flat_map(|e| [&e.deployment, &e.hook]);
        let codedeploy = self.codedeploy.iter().flat_map(|e| [&e.deployment, &e.execution]);
        let told = self.event.iter().filter_map(|e| e.bus.as_ref()).chain(self.sns.iter().map(|e| &e.topic));
        let own = [&self.region, &self.profile, &self.endpoint_url].into_iter().flatten();
        own.chain(alias).chain(parameter).chain(ecs).chain(codedeploy).chain(told)
    }
}

impl Read for AwsHookEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "aws: { ssm_parameter: { name: /checkout/percent, value: \"0\" } }";
        let mut keys = Keys::open(node, report, "`aws`", form)?;
        let entry = AwsHookEntry {
            region: keys.may("region"),
            profile: keys.may("profile"),
            endpoint_url: keys.may("endpoint_url"),
            lambda_alias: keys.may("lambda_alias"),
            ssm_parameter: keys.may("ssm_parameter"),
            ecs_deployment: keys.may("ecs_deployment"),
            codedeploy: keys.may("codedeploy"),
            event: keys.may("event"),
            sns: keys.may("sns"),
        };
        let named = ACTIONS.iter().filter(|action| keys.mentions(action)).count();
        if named != 1 {
            let message = if named == 0 { "`aws` needs something to do" } else { "an `aws` hook does one thing" };
            let hint = format!("write one of {}; one hook for each", ACTIONS.join(", "));
            keys.report.add_with(keys.place, message, hint);
        }
        keys.close(Some(entry), |key| match key {
            "access_key" | "secret" | "aws_access_key_id" | "aws_secret_access_key" | "secret_access_key" => {
                Some("keys do not belong in the configuration: set AWS_PROFILE, or write `profile`".into())
            }
            "alias" | "lambda" => Some("write `lambda_alias: { function: …, alias: …, weight: … }`".into()),
            "parameter" | "ssm" => Some("write `ssm_parameter: { name: …, value: … }`".into()),
            "eventbridge" | "events" => Some("write `event: {}`".into()),
            _ => None,
        })
    }
}

impl Read for LambdaAliasEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "lambda_alias: { function: checkout, alias: live, version: \"${version}\", weight: 25% }";
        let mut keys = Keys::open(node, report, "`lambda_alias`", form)?;
        let (function, alias) = (keys.must("function"), keys.must("alias"));
        let (version, weight) = (keys.may("version"), keys.must("weight"));
        let entry = (|| Some(LambdaAliasEntry { function: function?, alias: alias?, version, weight: weight? }))();
        keys.close(entry, no_hint)
    }
}

impl Read for SsmParameterEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "ssm_parameter: { name: /checkout/percent, value: \"0\" }";
        let mut keys = Keys::open(node, report, "`ssm_parameter`", form)?;
        let (name, value) = (keys.must("name"), keys.must("value"));
        let entry = (|| Some(SsmParameterEntry { name: name?, value: value? }))();
        keys.close(entry, no_hint)
    }
}

impl Read for EcsDeploymentEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "ecs_deployment: { deployment: \"${deployment}\", hook: \"${hook}\", action: continue }";
        let mut keys = Keys::open(node, report, "`ecs_deployment`", form)?;
        let (deployment, hook, action) = (keys.must("deployment"), keys.must("hook"), keys.must("action"));
        let entry = (|| Some(EcsDeploymentEntry { deployment: deployment?, hook: hook?, action: action? }))();
        keys.close(entry, no_hint)
    }
}

impl Read for CodeDeployEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "codedeploy: { deployment: \"${deployment}\", execution: \"${execution}\", status: succeeded }";
        let mut keys = Keys::open(node, report, "`codedeploy`", form)?;
        let (deployment, execution, status) = (keys.must("deployment"), keys.must("execution"), keys.must("status"));
        let entry = (|| Some(CodeDeployEntry { deployment: deployment?, execution: execution?, status: status? }))();
        keys.close(entry, no_hint)
    }
}

impl Read for EventEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`event`", "event: { bus: deployments }")?;
        let entry = EventEntry { bus: keys.may("bus") };
        keys.close(Some(entry), no_hint)
    }
}

impl Read for SnsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "sns: { topic: \"arn:aws:sns:us-east-1:123456789012:deployments\" }";
        let mut keys = Keys::open(node, report, "`sns`", form)?;
        let (topic, body) = (keys.must("topic"), keys.may("body"));
        let entry = topic.map(|topic| SnsEntry { topic, body });
        keys.close(entry, no_hint)
    }
}
