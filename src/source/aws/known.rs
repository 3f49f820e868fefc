//! What AWS documents of its metrics: for how long points of which length are kept, and which counters say nothing
//! where they could say zero.
//!
//! Source: "Metrics retention" and the metric tables of the services in the CloudWatch and service user guides.

use crate::notation::Span;
use crate::series::{SignedDuration, Timestamp};

/// How fine the points of a time are that CloudWatch still keeps.
///
/// Points under a minute are kept for 3 hours, of a minute for 15 days, of 5 minutes for 63 days, of an hour for 455.
pub fn finest_kept(since: Timestamp, now: Timestamp) -> Option<SignedDuration> {
    let age = now.duration_since(since);
    let kept = [(3, 1), (15 * 24, 60), (63 * 24, 300), (455 * 24, 3600)];
    let kept = kept.into_iter().find(|(hours, _)| age <= SignedDuration::from_hours(*hours));
    kept.map(|(_, seconds)| SignedDuration::from_secs(seconds))
}

/// Whether a period is one that `GetMetricData` takes: 1, 5, 10, 20, 30 seconds, or whole minutes.
pub fn is_period(period: SignedDuration) -> bool {
    let seconds = period.as_secs();
    period.subsec_nanos() == 0 && (matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0))
}

/// Whether a metric of AWS's own is a counter that has no point where there was nothing to count.
pub fn is_sparse(namespace: &str, metric: &str) -> bool {
    SPARSE.iter().any(|(of, names)| *of == namespace && names.contains(&metric))
}

/// The bins that a query of Logs Insights names: `bin(5m)`.
pub fn bins(query: &str) -> impl Iterator<Item = SignedDuration> {
    let inside = query.split("bin(").skip(1).filter_map(|rest| rest.split(')').next());
    inside.filter_map(|text| Span::parse(text.trim()).ok()).map(|span| span.0).filter(|bin| !bin.is_zero())
}

/// A log group as the calls take it: an ARN without the `:*` that consoles and policies write behind it.
pub fn group(name: &str) -> &str {
    if name.starts_with("arn:") { name.strip_suffix(":*").unwrap_or(name) } else { name }
}

const SPARSE: &[(&str, &[&str])] = &[
    (
        "AWS/Lambda",
        &[
            "Errors",
            "Throttles",
            "DeadLetterErrors",
            "DestinationDeliveryFailures",
            "ProvisionedConcurrencySpilloverInvocations",
            "AsyncEventsDropped",
            "OversizedRecordCount",
        ],
    ),
    ("AWS/ApiGateway", &["4XXError", "5XXError", "4xx", "5xx", "CacheHitCount", "CacheMissCount"]),
    (
        "AWS/ApplicationELB",
        &[
            "HTTPCode_ELB_3XX_Count",
            "HTTPCode_ELB_4XX_Count",
            "HTTPCode_ELB_5XX_Count",
            "HTTPCode_ELB_500_Count",
            "HTTPCode_ELB_502_Count",
            "HTTPCode_ELB_503_Count",
            "HTTPCode_ELB_504_Count",
            "HTTPCode_Target_2XX_Count",
            "HTTPCode_Target_3XX_Count",
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "RejectedConnectionCount",
            "TargetConnectionErrorCount",
            "ClientTLSNegotiationErrorCount",
            "TargetTLSNegotiationErrorCount",
            "LambdaInternalError",
            "LambdaUserError",
        ],
    ),
    (
        "AWS/DynamoDB",
        &[
            "ThrottledRequests",
            "SystemErrors",
            "UserErrors",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
            "ConditionalCheckFailedRequests",
            "TransactionConflict",
        ],
    ),
    ("AWS/SNS", &["NumberOfNotificationsFailed"]),
    ("AWS/Events", &["FailedInvocations", "ThrottledRules", "InvocationsSentToDlq"]),
    ("AWS/States", &["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled"]),
];

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn log_groups_are_named_as_the_calls_take_them() {
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/lego-api";
        assert_eq!(group(&format!("{arn}:*")), arn);
        assert_eq!(group(arn), arn);
        assert_eq!(group("/aws/lambda/lego-api"), "/aws/lambda/lego-api");
    }
}
