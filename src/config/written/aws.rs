//! Sources of AWS as written: how an account is reached, and what is read there.

use schemars::JsonSchema;

use super::arm::ArmColumnEntry;
use super::column::Dimensions;
use crate::config::scalar::Bytes;
use crate::notation::Span;
use crate::text::node::Node;
use crate::text::problem::{At, Complaint, Place, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::Text;

/// How an account is reached. What is not said is found as every AWS tool finds it.
#[derive(Debug, Clone, Default, JsonSchema)]
pub(in crate::config) struct AccessEntry {
    /// The region: us-east-1.
    pub(in crate::config) region: Option<At<String>>,
    /// A profile of the shared AWS configuration.
    pub(in crate::config) profile: Option<At<String>>,
    /// Another server that speaks the same protocol: http://127.0.0.1:4566.
    pub(in crate::config) endpoint_url: Option<At<String>>,
    /// A role to assume first, in this or another account.
    pub(in crate::config) assume_role: Option<RoleEntry>,
    /// How long one call may take with all its retries. Default 1m; for Logs Insights the whole query, default 5m.
    pub(in crate::config) deadline: Option<At<Span>>,
}

/// A role to assume.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct RoleEntry {
    /// Its ARN.
    pub(in crate::config) arn: At<String>,
    /// The external id that its trust policy asks for.
    pub(in crate::config) external_id: Option<At<String>>,
}

/// CloudWatch metrics and alarms.
#[derive(Debug, Clone, JsonSchema)]
pub(in crate::config) struct CloudWatchEntry {
    /// How the account is reached.
    #[schemars(flatten)]
    pub(in crate::config) access: AccessEntry,
    /// The namespace of metrics that name none: AWS/Lambda.
    pub(in crate::config) namespace: Option<At<String>>,
    /// Dimensions of every metric.
    #[schemars(default)]
    pub(in crate::config) dimensions: Dimensions,
    /// The account that owns the metrics, where it is not one's own (cross-account observability).
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) account: Option<At<Text>>,
}

/// Queries of CloudWatch Logs Insights.
#[derive(Debug, Clone, JsonSchema)]
pub(in crate::config) struct InsightsEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// How the account is reached.
    #[schemars(flatten)]
    pub(in crate::config) access: AccessEntry,
    /// The log groups, by name or ARN.
    pub(in crate::config) log_groups: Vec<At<String>>,
    /// The field with the time; bin(…) and @timestamp are recognised.
    pub(in crate::config) time: Option<At<String>>,
    /// The field that tells the arms apart, where one query answers for both.
    pub(in crate::config) arm: Option<ArmColumnEntry>,
    /// Stop when so much has been scanned, which costs money: 10GB.
    pub(in crate::config) max_scanned: Option<At<Bytes>>,
    /// How many queries may run at the same time. Default 8.
    pub(in crate::config) concurrency: Option<At<usize>>,
}

/// Log events that match a filter pattern, counted.
#[derive(Debug, Clone, JsonSchema)]
pub(in crate::config) struct LogEventsEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// How the account is reached.
    #[schemars(flatten)]
    pub(in crate::config) access: AccessEntry,
    /// The log groups, by name or ARN.
    pub(in crate::config) log_groups: Vec<At<String>>,
}

/// Which alarms.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["names"]}, {"required": ["prefix"]}]))]
pub(in crate::config) struct AlarmsEntry {
    /// By name; each has to exist.
    #[schemars(default)]
    pub(in crate::config) names: Vec<At<String>>,
    /// All whose name begins so.
    pub(in crate::config) prefix: Option<At<String>>,
}

impl AccessEntry {
    /// Reads its keys, which stand among the source's own.
    fn keys(keys: &mut Keys) -> AccessEntry {
        AccessEntry {
            region: keys.may("region"),
            profile: keys.may("profile"),
            endpoint_url: keys.may("endpoint_url"),
            assume_role: keys.may("assume_role"),
            deadline: keys.may("deadline"),
        }
    }

    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        let role = self.assume_role.iter().flat_map(|role| [Some(&role.arn), role.external_id.as_ref()]).flatten();
        let own = [&self.region, &self.profile, &self.endpoint_url].into_iter().flatten();
        own.chain(role).map(|text| text.value.as_str())
    }
}

/// Keys of another tool that people write by habit.
fn habits(key: &str) -> Option<String> {
    match key {
        "access_key" | "access_key_id" | "aws_access_key_id" | "secret" | "secret_access_key" | "session_token" => {
            Some("credentials do not belong into the configuration: set AWS_PROFILE or AWS_ACCESS_KEY_ID, or write `profile`".into())
        }
        "role" | "role_arn" => Some("write `assume_role: { arn: … }`".into()),
        "endpoint" => Some("write `endpoint_url`".into()),
        _ => None,
    }
}

impl Read for RoleEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "assume_role: { arn: \"arn:aws:iam::123456789012:role/read-metrics\" }";
        let mut keys = Keys::open(node, report, "`assume_role`", form)?;
        let (arn, external_id) = (keys.must("arn"), keys.may("external_id"));
        keys.close(arn.map(|arn| RoleEntry { arn, external_id }), no_hint)
    }
}

impl Read for CloudWatchEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`cloudwatch`", "cloudwatch: { region: us-east-1 }")?;
        let entry = CloudWatchEntry {
            access: AccessEntry::keys(&mut keys),
            namespace: keys.may("namespace"),
            dimensions: keys.all("dimensions"),
            account: keys.may("account"),
        };
        keys.close(Some(entry), habits)
    }
}

impl Read for InsightsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "logs_insights: { region: us-east-1, log_groups: [/aws/lambda/api] }";
        let mut keys = Keys::open(node, report, "`logs_insights`", form)?;
        let access = AccessEntry::keys(&mut keys);
        let groups: Option<Vec<At<String>>> = keys.must("log_groups");
        let (time, arm) = (keys.may("time"), keys.may("arm"));
        let (max_scanned, concurrency) = (keys.may("max_scanned"), keys.may("concurrency"));
        let entry = groups.map(|log_groups| InsightsEntry {
            place: node.place,
            access,
            log_groups,
            time,
            arm,
            max_scanned,
            concurrency,
        });
        keys.close(entry, habits)
    }
}

impl Read for LogEventsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "log_events: { region: us-east-1, log_groups: [/aws/lambda/api] }";
        let mut keys = Keys::open(node, report, "`log_events`", form)?;
        let access = AccessEntry::keys(&mut keys);
        let groups: Option<Vec<At<String>>> = keys.must("log_groups");
        let entry = groups.map(|log_groups| LogEventsEntry { place: node.place, access, log_groups });
        keys.close(entry, habits)
    }
}

impl Read for AlarmsEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`alarms`", "alarms: { names: [api-5xx] }")?;
        let entry = AlarmsEntry { names: keys.all("names"), prefix: keys.may("prefix") };
        if entry.names.is_empty() && entry.prefix.is_none() && !keys.mentions("names") && !keys.mentions("prefix") {
            let complaint = Complaint::new("which alarms is not said");
            let place = keys.place;
            keys.report.complain(place, complaint.hint("write `names: [api-5xx]`, `prefix: api-`, or both"));
        }
        keys.close(Some(entry), no_hint)
    }
}
