//! What is asked of CloudWatch, and how its accounts are reached.

use std::fmt;

use crate::series::SignedDuration;
use crate::source::ArmColumn;

/// The name of the column that an [`Alarms`] answer has: how many alarms were in alarm in the step.
pub const ALARMS: &str = "alarms";

/// How an account is reached. What is not given is found the SDK's usual way: environment, profile, container, instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The region: `us-east-1`.
    pub region: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another server that speaks the same protocol.
    pub endpoint_url: Option<String>,
    /// A role to assume first, in this or another account.
    pub assume_role: Option<Role>,
    /// How long one call may take with all its retries.
    pub deadline: SignedDuration,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
}

/// Columns of numbers per period, by `GetMetricData`.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudWatch {
    /// How to get there.
    pub access: Access,
    /// What is asked for; the names are those of the query's [`Ask`](crate::source::Ask), and others that only show life.
    pub columns: Vec<Column>,
    /// The length of a period.
    pub period: SignedDuration,
    /// What a reader should know of it: that it is longer than usual, and why.
    pub note: Option<String>,
}

/// One column of a [`CloudWatch`] answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub measure: Measure,
    /// Where the numbers are shares of another column, which the cells are then made from.
    pub part_of: Option<PartOf>,
}

/// A column that is published as a share (an average of zeros and ones, a percentage) of another column's count.
#[derive(Debug, Clone, PartialEq)]
pub struct PartOf {
    /// The column with the whole.
    pub total: String,
    /// What one is in it: 1 for shares, 0.01 for percentages.
    pub factor: f64,
}

/// One series of CloudWatch.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// A statistic of a metric.
    Statistic(Statistic),
    /// Metric math over named statistics, or a SEARCH expression that finds one series.
    Expression {
        /// The expression, in terms of the names of `inputs`.
        expression: String,
        /// What the names stand for.
        inputs: Vec<(String, Statistic)>,
        /// The account that owns what it finds, where it is not one's own.
        account: Option<String>,
    },
}

/// A statistic of one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistic {
    /// `AWS/Lambda`.
    pub namespace: String,
    /// `Duration`.
    pub metric: String,
    /// Names and values, exactly those it is published with.
    pub dimensions: Vec<(String, String)>,
    /// `Sum`, `SampleCount`, `Average`, `Minimum`, `Maximum`, `p99.9`, `tm99`, `TC(…)`, `PR(…)` …
    pub statistic: String,
    /// Only what was published with this unit: `Milliseconds`.
    pub unit: Option<String>,
    /// The account that owns it, where it is not one's own.
    pub account: Option<String>,
}

/// How many of some alarms are in alarm, by `DescribeAlarms` and `DescribeAlarmHistory`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarms {
    /// How to get there.
    pub access: Access,
    /// Which: all of these names, each of which has to exist.
    pub names: Vec<String>,
    /// And all whose name begins so; there has to be one at least.
    pub prefix: Option<String>,
    /// The length of a step.
    pub step: SignedDuration,
}

/// Rows of a Logs Insights query, by `StartQuery` and `GetQueryResults`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insights {
    /// How to get there.
    pub access: Access,
    /// The log groups, by name or ARN.
    pub groups: Vec<String>,
    /// The query.
    pub query: String,
    /// The field with the time; `bin(…)`, `@timestamp` and usual names are recognised.
    pub time: Option<String>,
    /// The field that tells the arms apart, where one query answers for both.
    pub arm: Option<ArmColumn>,
    /// Stop when so many bytes have been scanned.
    pub max_scanned: Option<u64>,
    /// How many queries may run at the same time.
    pub concurrency: usize,
}

/// How many log events match, by `FilterLogEvents`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvents {
    /// How to get there.
    pub access: Access,
    /// The log groups, by name or ARN.
    pub groups: Vec<String>,
    /// Columns and the filter pattern of each; an empty pattern matches every event.
    pub columns: Vec<(String, String)>,
    /// The length of a step.
    pub step: SignedDuration,
}

impl Access {
    /// The account in words, for messages: `CloudWatch us-east-1`.
    pub fn shown(&self, service: &str) -> String {
        let mut shown = service.to_owned();
        if let Some(region) = &self.region {
            shown = format!("{shown} {region}");
        }
        if let Some(profile) = &self.profile {
            shown = format!("{shown}, profile {profile}");
        }
        if let Some(role) = &self.assume_role {
            shown = format!("{shown} as {}", role.arn);
        }
        shown
    }
}

impl fmt::Display for Statistic {
    /// `AWS/Lambda Errors Sum`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.namespace, self.metric, self.statistic)
    }
}

impl Measure {
    /// What is measured and of what: `AWS/Lambda Errors Sum {FunctionName: checkout}`.
    pub fn in_full(&self) -> String {
        let one = |of: &Statistic| {
            let dimensions: Vec<String> =
                of.dimensions.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{of} {{{}}}", dimensions.join(", "))
        };
        match self {
            Measure::Statistic(statistic) => one(statistic),
            Measure::Expression { expression, inputs, .. } => {
                let inputs: Vec<String> = inputs.iter().map(|(name, of)| format!("{name} = {}", one(of))).collect();
                let with = if inputs.is_empty() { String::new() } else { format!(" with {}", inputs.join(", ")) };
                format!("{expression}{with}")
            }
        }
    }

    /// What is measured, in words.
    pub fn shown(&self) -> String {
        match self {
            Measure::Statistic(statistic) => statistic.to_string(),
            Measure::Expression { expression, .. } => expression.clone(),
        }
    }
}
