//! Services as written: how an account is reached, and what a metric asks of it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::arm::ArmColumnEntry;
use crate::config::quantity::Span;
use crate::config::scalar::Bytes;
use crate::text::node::{Node, Value};
use crate::text::problem::{At, Complaint, Place, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Named, Text};

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

/// Written by `--record` in the place of a source that could not be reached.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct LostEntry {
    /// Why not.
    pub(in crate::config) why: At<String>,
}

/// Names and values of dimensions, exactly those that a metric is published with.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Dimensions(pub(in crate::config) Vec<(At<String>, At<Text>)>);

/// What is read into a column of a metric: the column's name in a file or in the rows of a query, a filter pattern of log
/// events, or a metric of CloudWatch.
#[derive(Debug, Clone)]
pub(in crate::config) enum Column {
    /// A name.
    Named(At<String>),
    /// A metric with what there is to say of it.
    Asked(Box<AskedEntry>),
}

/// A metric of CloudWatch, or metric math.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct AskedEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The metric: `Errors`, or with its namespace `AWS/Lambda Errors`.
    pub(in crate::config) metric: Option<At<String>>,
    /// Its namespace, where the metric's text does not begin with it.
    pub(in crate::config) namespace: Option<At<String>>,
    /// Sum, SampleCount, Average, Minimum, Maximum, p95, tm99, TC(…), PR(…) and so on.
    pub(in crate::config) stat: Option<At<String>>,
    /// Dimensions beside those of the source and of the metric.
    #[schemars(default)]
    pub(in crate::config) dimensions: Dimensions,
    /// Only what was published with this unit: Milliseconds.
    pub(in crate::config) reported_unit: Option<At<String>>,
    /// The account that owns it.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) account: Option<At<Text>>,
    /// The numbers are percentages of the rate's total, from which the count follows.
    pub(in crate::config) percent_of_total: Option<At<bool>>,
    /// Metric math over `inputs`, or a SEARCH that finds one series.
    pub(in crate::config) expression: Option<At<String>>,
    /// What the names in the expression stand for.
    #[schemars(default)]
    pub(in crate::config) inputs: Named<Column>,
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

impl Column {
    /// Where it is written.
    pub(in crate::config) fn place(&self) -> Place {
        match self {
            Column::Named(name) => name.place,
            Column::Asked(asked) => asked.place,
        }
    }

    /// The name, where it is one.
    pub(in crate::config) fn name(&self) -> Option<&At<String>> {
        match self {
            Column::Named(name) => Some(name),
            Column::Asked(_) => None,
        }
    }

    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> Vec<&str> {
        match self {
            Column::Named(name) => vec![&name.value],
            Column::Asked(asked) => {
                let own = [&asked.metric, &asked.namespace, &asked.stat, &asked.reported_unit, &asked.expression];
                let mut texts: Vec<&str> = own.into_iter().flatten().map(|text| text.value.as_str()).collect();
                texts.extend(asked.account.iter().map(|account| account.value.0.as_str()));
                texts.extend(asked.dimensions.texts());
                texts.extend(asked.inputs.0.iter().flat_map(|(_, input)| input.texts()));
                texts
            }
        }
    }
}

impl Dimensions {
    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(name, value)| [name.value.as_str(), value.value.0.as_str()])
    }
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

impl Read for LostEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`unreachable`", "unreachable: { why: access denied }")?;
        let why = keys.must("why");
        keys.close(why.map(|why| LostEntry { why }), no_hint)
    }
}

impl Read for Dimensions {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let message = format!("`dimensions` is a map of names and values, not {}", node.kind());
            report.add_with(node.place, message, "write `dimensions: { FunctionName: checkout }`");
            return None;
        };
        let read = entries.iter().map(|(name, node)| {
            let value: Option<At<Text>> = At::read(node, report);
            value.map(|value| (name.clone(), value))
        });
        read.collect::<Option<Vec<_>>>().map(Dimensions)
    }
}

impl AskedEntry {
    /// The keys by which a metric is asked for.
    pub(in crate::config) const KEYS: [&str; 3] = ["metric", "expression", "stat"];

    /// Reads its keys, which may stand among others.
    pub(in crate::config) fn keys(keys: &mut Keys) -> AskedEntry {
        AskedEntry {
            place: keys.place,
            metric: keys.may("metric"),
            namespace: keys.may("namespace"),
            stat: keys.may("stat"),
            dimensions: keys.all("dimensions"),
            reported_unit: keys.may("reported_unit"),
            account: keys.may("account"),
            percent_of_total: keys.may("percent_of_total"),
            expression: keys.may("expression"),
            inputs: keys.all("inputs"),
        }
    }
}

impl Read for Column {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return At::<Text>::read(node, report)
                .map(|text| Column::Named(At { place: text.place, value: text.value.0 }));
        }
        let mut keys = Keys::open(node, report, "a column", "{ metric: AWS/Lambda Errors, stat: Sum }")?;
        let asked = AskedEntry::keys(&mut keys);
        let hint = |key: &str| {
            match key {
            "statistic" => Some("CloudWatch's own word is `stat`".to_owned()),
            "name" => Some("write `metric`".to_owned()),
            "unit" => Some("the unit of a gauge stands beside `gauge`'s keys; to ask only for what was published with a unit write `reported_unit`".to_owned()),
            _ => None,
        }
        };
        keys.close(Some(asked), hint).map(|asked| Column::Asked(Box::new(asked)))
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

impl JsonSchema for Dimensions {
    fn schema_name() -> Cow<'static, str> {
        "Dimensions".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    }
}

impl JsonSchema for Column {
    fn schema_name() -> Cow<'static, str> {
        "Column".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let asked = generator.subschema_for::<AskedEntry>();
        json_schema!({
            "description": "A column's name, a filter pattern, or a metric of CloudWatch.",
            "anyOf": [{ "type": ["string", "number", "boolean"] }, asked],
        })
    }
}

/// The schema of a section in which the keys of [`AskedEntry`] stand among its own.
pub(in crate::config) fn with_asked_keys(schema: &mut Schema) {
    let asked =
        SchemaGenerator::new(schemars::generate::SchemaSettings::draft2020_12()).into_root_schema_for::<AskedEntry>();
    let keys = asked.get("properties").and_then(|keys| keys.as_object()).cloned().unwrap_or_default();
    if let Some(own) = schema.ensure_object().get_mut("properties").and_then(|keys| keys.as_object_mut()) {
        for (key, described) in keys {
            own.entry(key).or_insert(described);
        }
    }
}
