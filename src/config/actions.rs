//! What a hook does in an account of AWS, as meant: names filled in, shares and addresses checked before any rollout.

use super::backend::access;
use super::hooks::Filling;
use super::written::actions::{AwsHookEntry, LambdaAliasEntry, Next, Status};
use crate::hooks::{Action, Aws, Body, Split};
use crate::notation::Share;
use crate::text::problem::At;
use crate::text::scalar::Text;

impl Filling<'_, '_, '_> {
    /// The hook, if everything of it is known.
    pub(super) fn aws(&mut self, entry: &AwsHookEntry) -> Option<Aws> {
        let (region, profile) = (self.maybe(entry.region.as_ref()), self.maybe(entry.profile.as_ref()));
        let endpoint_url = self.maybe(entry.endpoint_url.as_ref());
        if let (Some(written), Some(Some(url))) = (&entry.endpoint_url, &endpoint_url)
            && let Err((message, hint)) = access::endpoint(url)
        {
            self.report.add_hushed(written.place, message, hint);
        }
        let action = self.action(entry)?;
        Some(Aws { region: region?, profile: profile?, endpoint_url: endpoint_url?, action })
    }

    fn action(&mut self, entry: &AwsHookEntry) -> Option<Action> {
        if let Some(entry) = &entry.lambda_alias {
            let (function, alias) = (self.some(&entry.function), self.some(&entry.alias));
            let split = self.split(entry);
            return Some(Action::LambdaAlias { function: function?, alias: alias?, split: split? });
        }
        if let Some(entry) = &entry.ssm_parameter {
            let (name, value) = (self.some(&entry.name), self.some(&entry.value));
            return Some(Action::SsmParameter { name: name?, value: value? });
        }
        if let Some(entry) = &entry.ecs_deployment {
            let (deployment, hook) = (self.some(&entry.deployment), self.some(&entry.hook));
            let goes_on = entry.action.value.0 == Next::Continue;
            return Some(Action::EcsDeployment { deployment: deployment?, hook: hook?, goes_on });
        }
        if let Some(entry) = &entry.codedeploy {
            let (deployment, execution) = (self.some(&entry.deployment), self.some(&entry.execution));
            let succeeds = entry.status.value.0 == Status::Succeeded;
            return Some(Action::CodeDeploy { deployment: deployment?, execution: execution?, succeeds });
        }
        if let Some(entry) = &entry.event {
            let bus = self.maybe(entry.bus.as_ref())?;
            return Some(Action::Event { bus: bus.unwrap_or_else(|| "default".into()) });
        }
        let entry = entry.sns.as_ref()?;
        let topic = self.some(&entry.topic)?;
        if !topic.starts_with("arn:") {
            let hint = "write `topic: \"arn:aws:sns:us-east-1:123456789012:deployments\"`";
            self.report.add_with(entry.topic.place, "this is not the ARN of a topic", hint);
        }
        Some(Action::Sns { topic, body: entry.body.as_ref().map_or(Body::Verdict, |body| body.value.0) })
    }

    fn split(&mut self, entry: &LambdaAliasEntry) -> Option<Split> {
        let weight = self.some(&entry.weight)?;
        if weight == "none" {
            return Some(Split::None);
        }
        let Some(version) = &entry.version else {
            let hint = "write `version: \"${version}\"`; `weight: none` needs none";
            self.report.add_with(entry.weight.place, "it is not said which version gets this share", hint);
            return None;
        };
        let version = self.some(version)?;
        if weight == "all" {
            return Some(Split::Whole(version));
        }
        match Share::parse(&weight) {
            Ok(Share(share)) if share > 0.0 && share < 1.0 => Some(Split::Part(version, share)),
            _ => {
                let message = format!("`{weight}` is not a share of the calls");
                self.report.add_with(entry.weight.place, message, "write `25%`, `all` or `none`");
                None
            }
        }
    }

    /// A text that must not be empty.
    fn some(&mut self, written: &At<Text>) -> Option<String> {
        let text = self.argument(written)?;
        if text.trim().is_empty() {
            self.report.add_with(written.place, "the text is empty", "write a name");
            return None;
        }
        Some(text)
    }

    /// A text that may be left out; nothing if it cannot be filled in.
    fn maybe(&mut self, written: Option<&At<Text>>) -> Option<Option<String>> {
        match written {
            Some(written) => self.some(written).map(Some),
            None => Some(None),
        }
    }
}
