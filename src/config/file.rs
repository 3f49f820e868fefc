//! The configuration file as written: its sections and keys, and nothing of what they mean.
//!
//! The doc comments are the reference: they become the descriptions of the JSON Schema that editors show. How the
//! sections are read is in `read`; what they mean together is decided when a plan is made.

use schemars::JsonSchema;

use super::bound::BoundText;
use super::cost::CostEntry;
use super::hooks::HooksEntry;
use super::quantity::{Share, Span};
use super::scalar::{Periods, QuantileText, StatisticText, Version};
use super::service::{AlarmsEntry, CloudWatchEntry, Column, Dimensions, InsightsEntry, LogEventsEntry, LostEntry};
use crate::judge::rules::{Mismatch, Scale, Severity, Silent};
use crate::series::Timestamp;
use crate::source::{Format, Missing};
use crate::text::problem::{At, Place};
use crate::text::scalar::{Choice, Named, Text, words};

use super::packs::UseEntry;
use super::plan::OnInconclusive;
use super::remarks::{NotJudgedEntry, RemarkEntry};
use super::requests::{ByEntry, RequestsEntry};
use super::success::SuccessEntry;
use super::units::Units;

/// A canary comparison for davy: what is measured, what must hold, and how the rollout proceeds.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Configuration")]
pub(super) struct File {
    /// The name of the comparison, shown in reports.
    #[schemars(with = "Text")]
    pub(super) name: At<String>,
    /// Free labels of each arm, shown in reports and usable as ${label} in sources and columns.
    pub(super) arms: Option<Arms>,
    /// Which of the phases is judged when none is asked for; the first when absent.
    #[schemars(with = "Option<Text>")]
    pub(super) phase: Option<At<String>>,
    /// The expected split of the traffic; a mismatch makes the comparison suspect.
    pub(super) traffic: Option<TrafficEntry>,
    /// Which time is judged; all the data there is when absent.
    pub(super) window: Option<WindowEntry>,
    /// How long the canary is watched, from the beginning of its window. The evidence that an answer needs is spread
    /// over the looks until then. A phase may have its own.
    pub(super) soak: Option<At<Span>>,
    /// How often it is judged meanwhile. With `every` and no `soak` the end is open, and evidence is that which holds
    /// however often one looks. A phase may have its own.
    pub(super) every: Option<At<Span>>,
    /// Where measurements come from, by name.
    pub(super) sources: Named<SourceEntry>,
    /// Ready-made metrics of AWS services: `davy packs` lists them.
    #[schemars(default, rename = "use")]
    pub(super) uses: Vec<UseEntry>,
    /// What is measured, by name.
    #[schemars(default)]
    pub(super) metrics: Named<MetricEntry>,
    /// What running each arm costs.
    pub(super) cost: Option<CostEntry>,
    /// What must hold in every phase.
    #[schemars(default)]
    pub(super) criteria: Vec<CriterionEntry>,
    /// What the data holds and no criterion judges. `davy init` lists it; remove an entry that does not matter.
    #[schemars(default)]
    pub(super) not_judged: Vec<NotJudgedEntry>,
    /// The phases of the rollout, in order.
    #[schemars(default)]
    pub(super) phases: Vec<PhaseEntry>,
    /// How findings become a verdict.
    pub(super) policy: Option<PolicyEntry>,
    /// The success criteria of the rollout, which a final table answers.
    #[schemars(default)]
    pub(super) success: Vec<SuccessEntry>,
    /// What is to be done with the answer: programs to run, addresses to tell.
    pub(super) hooks: Option<HooksEntry>,
    /// Written by `--record`: the file is a recording.
    pub(super) recording: Option<RecordingEntry>,
}

/// Labels of each arm.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Arms {
    /// Labels of the side that is known to be good.
    #[schemars(default)]
    pub(super) baseline: Named<At<Text>>,
    /// Labels of the side under judgement.
    #[schemars(default)]
    pub(super) canary: Named<At<Text>>,
}

/// The expected split of the traffic.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TrafficEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// The canary's expected share, such as 5%; 100% means that there is nothing to split any more.
    pub(super) canary: Option<At<Share>>,
    /// The rate metric whose totals are the traffic; the first one that a criterion names when absent.
    pub(super) metric: Option<At<String>>,
    /// What a mismatch means: warn (default) or fail.
    pub(super) on_mismatch: Option<At<Choice<Mismatch>>>,
}

/// Which time is judged: `last` until now, or `from` and `to`, or all the data there is.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct WindowEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// So long until now (less `settle`): 1h, 30m, 7d.
    pub(super) last: Option<At<Span>>,
    /// The first instant, RFC 3339.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) from: Option<At<Timestamp>>,
    /// The first instant after, RFC 3339; now (less `settle`) when absent.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) to: Option<At<Timestamp>>,
    /// The spacing of the points; found in the data when absent.
    pub(super) step: Option<At<Span>>,
    /// What is younger than this may still change and is not judged. Default 0s.
    pub(super) settle: Option<At<Span>>,
    /// Dropped from the start of both arms. Default 0s.
    pub(super) warmup: Option<At<Span>>,
    /// The baseline's own window: an earlier time of the same system.
    pub(super) baseline: Option<BaselineEntry>,
}

/// The baseline's own window: `ago`, or `from` and `to`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct BaselineEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// The canary's window, so much earlier: 7d.
    pub(super) ago: Option<At<Span>>,
    /// The time zone (IANA name) by whose clock `ago` counts days, and two windows begin at the same time of day, also where
    /// clocks changed in between. Without it a day is 24 hours.
    pub(super) zone: Option<At<String>>,
    /// The first instant, RFC 3339.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) from: Option<At<Timestamp>>,
    /// The first instant after, RFC 3339; as long as the canary's window when absent.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) to: Option<At<Timestamp>>,
}

/// Where measurements come from: exactly one kind of source.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct SourceEntry {
    /// A file of rows, or a saved answer of a monitoring system.
    pub(super) file: Option<FileEntry>,
    /// Logs with one row per request.
    pub(super) requests: Option<RequestsEntry>,
    /// CloudWatch metrics and alarms.
    pub(super) cloudwatch: Option<CloudWatchEntry>,
    /// Queries of CloudWatch Logs Insights.
    pub(super) logs_insights: Option<InsightsEntry>,
    /// Log events of CloudWatch that match a filter pattern, counted.
    pub(super) log_events: Option<LogEventsEntry>,
    /// Written by `--record`: what could not be reached then.
    pub(super) unreachable: Option<LostEntry>,
}

/// A file and how to read it. gzip and zstd are recognised by content.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct FileEntry {
    /// Where it is, relative to the configuration. ${label} of the arm, ${arm} and ${metric} are substituted.
    pub(super) path: At<String>,
    /// csv, tsv, json, ndjson or parquet; by extension and content when absent.
    pub(super) format: Option<At<Choice<Format>>>,
    /// The column with the time; usual names are recognised when absent.
    pub(super) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without an offset. Default UTC.
    pub(super) zone: Option<At<String>>,
    /// The column that tells the arms apart; a column `arm` when absent.
    pub(super) arm: Option<ArmColumnEntry>,
    /// For long (tidy) files with one row per time and name.
    pub(super) long: Option<LongEntry>,
}

/// The column that tells the arms apart.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ArmColumnEntry {
    /// Its name.
    pub(super) column: At<String>,
    /// The value that marks the baseline.
    #[schemars(with = "Text")]
    pub(super) baseline: At<String>,
    /// The value that marks the canary.
    #[schemars(with = "Text")]
    pub(super) canary: At<String>,
}

/// The columns of a long file.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct LongEntry {
    /// The column that names what the row measures.
    pub(super) name: At<String>,
    /// The column with the measured value.
    pub(super) value: At<String>,
}

/// What is measured: a source and exactly one of rate, events, gauge, values and alarms.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["rate"]}, {"required": ["events"]}, {"required": ["gauge"]}, {"required": ["values"]}, {"required": ["alarms"]}])
)]
pub(super) struct MetricEntry {
    /// The source it is read from; may be left out when there is exactly one.
    pub(super) source: Option<At<String>>,
    /// Only these rows of a log of requests, as a condition: route = "/checkout".
    #[schemars(rename = "where")]
    pub(super) filter: Option<At<String>>,
    /// Each of a column's values is judged by itself, as a metric of its own: route.
    pub(super) by: Option<ByEntry>,
    /// A share of trials: bad, good or part of a total.
    pub(super) rate: Option<RateEntry>,
    /// Occurrences without trials.
    pub(super) events: Option<EventsEntry>,
    /// One number per step, computed elsewhere.
    pub(super) gauge: Option<GaugeEntry>,
    /// One value per request.
    pub(super) values: Option<ValuesEntry>,
    /// Alarms of CloudWatch: how many of them are in alarm.
    pub(super) alarms: Option<AlarmsEntry>,
    /// Dimensions of its CloudWatch metrics, beside those of the source.
    #[schemars(default)]
    pub(super) dimensions: Dimensions,
    /// How far its points are apart, where that is more than the window's step: 5m. Found in the data when absent.
    pub(super) step: Option<At<Span>>,
    /// What the service's own history says of its noise; for rate and events.
    pub(super) history: Option<HistoryEntry>,
}

/// A share of trials. Two of bad, good and total; or part and total.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RateEntry {
    #[schemars(skip)]
    pub(super) place: Place,
    /// Column with the bad ones.
    pub(super) bad: Option<Column>,
    /// Column with the good ones; the rate is then the good share.
    pub(super) good: Option<Column>,
    /// Column with a part that is neither good nor bad.
    pub(super) part: Option<Column>,
    /// Column with all of them.
    pub(super) total: Option<Column>,
    /// What an empty cell means: gap (nothing was measured, default) or zero (a counter that does not report zeros, as
    /// many of AWS's own are known not to).
    pub(super) missing: Option<At<Choice<Missing>>>,
    /// Which share is shown and bounded: bad or good. Default good when `good` is named, else bad.
    pub(super) show: Option<At<Choice<Show>>>,
    /// What it is a share of, in words: requests, lookups, sessions.
    pub(super) of: Option<At<String>>,
    /// Column that names the instance (host, pod, region) each row is of, where there is one row per time and instance.
    pub(super) instance: Option<At<String>>,
    /// true: the columns are totals since some start, as Prometheus has them, and their increases are judged. false: each
    /// row counts its own step. When absent, columns that look like such totals are refused.
    pub(super) counter: Option<At<bool>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(super) query: Option<At<String>>,
}

/// Which share of a rate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Bad,
    Good,
}

/// Occurrences without trials.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct EventsEntry {
    /// Column with the occurrences per step.
    pub(super) count: Column,
    /// Column with what they are per, such as sessions.
    pub(super) exposure: Option<Column>,
    /// What one unit of exposure is called: session.
    pub(super) per: Option<At<String>>,
    /// What an empty cell means: gap (default) or zero.
    pub(super) missing: Option<At<Choice<Missing>>>,
    /// true: the columns are totals since some start, and their increases are judged. false: each row counts its own step.
    pub(super) counter: Option<At<bool>>,
    /// For counters of CloudWatch that do not report zeros: what has a point whenever they could have had one. Where it
    /// has, a missing point is a zero.
    pub(super) alive: Option<Column>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(super) query: Option<At<String>>,
}

/// One number per step, computed elsewhere: a percentile from a monitoring system, CPU, memory.
/// Of CloudWatch it is a `metric` with its `stat`, or an `expression`, in the place of `value`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = super::service::with_asked_keys)]
pub(super) struct GaugeEntry {
    /// Column with the number.
    #[schemars(with = "Option<Column>")]
    pub(super) value: Column,
    /// What it is measured in: us, ms, s, min, h, B, KB, KiB, MB, MiB, GB, GiB, % or any word. Of arms that differ, a
    /// unit for each: { baseline: ms, canary: s }.
    pub(super) unit: Option<Units>,
    /// The quantile of requests that each number is: p95. Of a `stat: p95` it is known.
    pub(super) quantile: Option<At<QuantileText>>,
    /// Column with the requests behind each number. Of a percentile of CloudWatch they are fetched beside it.
    pub(super) requests: Option<Column>,
    /// true: `requests` is a total since some start, and its increases count. false: each row counts its own step.
    pub(super) counter: Option<At<bool>>,
    /// Compare the arms by ratio or by difference; by ratio where all values are positive when absent.
    pub(super) scale: Option<At<Choice<Scale>>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(super) query: Option<At<String>>,
}

/// One value per request: one row each, or histograms of many.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["value"]}, {"required": ["histogram"]}], "dependentRequired" = {"resolution": ["histogram"]})
)]
pub(super) struct ValuesEntry {
    /// Column with the value.
    pub(super) value: Option<Column>,
    /// Column of a file with histograms of the values, as HdrHistogram encodes them (V2, compressed, base64).
    pub(super) histogram: Option<Column>,
    /// What it is measured in: a unit, or one for each arm.
    pub(super) unit: Option<Units>,
    /// What one unit of the histograms is, in `unit`. Default 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(super) resolution: Option<At<f64>>,
    /// What there is one value per, in words: requests (default), sessions.
    pub(super) of: Option<At<String>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(super) query: Option<At<String>>,
}

/// What the service's own history says of its noise.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct HistoryEntry {
    /// Its design effect: 1 for independent requests.
    #[schemars(range(min = 0))]
    pub(super) phi: At<f64>,
    /// How many steps that is known from.
    #[schemars(range(min = 0))]
    pub(super) nu: At<f64>,
}

/// One thing that must hold.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["pass"]}, {"required": ["fail"]}]))]
pub(super) struct CriterionEntry {
    /// Its name; by default the metric and the bound.
    #[schemars(with = "Option<Text>")]
    pub(super) name: Option<At<String>>,
    /// The metric it reads.
    pub(super) metric: At<String>,
    /// What of the metric is compared: rate, frequency, count, typical, p95, max, min.
    pub(super) statistic: Option<At<StatisticText>>,
    /// What must hold to pass: "<= 0.1%", "<= baseline + 5%", "<= baseline + max(50%, 0.1pp)".
    pub(super) pass: Option<At<BoundText>>,
    /// What makes it fail, when that is more than missing the target: "> 300ms". Between the two it warns.
    pub(super) fail: Option<At<BoundText>>,
    /// interval: the whole confidence interval decides. observed: the number itself.
    pub(super) rule: Option<At<Choice<RuleText>>>,
    /// An alarm: fails when in any N consecutive steps M are beyond the bound: "2 of 3".
    pub(super) periods: Option<At<Periods>>,
    /// With `periods`: how many bad ones the periods beyond the bound must hold together. Default 4 for a
    /// share or a percentile of requests, so that a few stray ones set off no alarm; 1 if the bound is zero.
    #[schemars(range(min = 1))]
    pub(super) min_count: Option<At<usize>>,
    /// critical, normal (default), optional (where its source cannot be reached there is a verdict without it) or muted
    /// (shown, never decides).
    pub(super) severity: Option<At<Choice<Severity>>>,
    /// Its weight in the score and its share of the false-alarm budget. Default 1.
    pub(super) weight: Option<At<f64>>,
    /// The group it is scored in; the metric's name when absent.
    pub(super) group: Option<At<String>>,
    /// Criteria of one family share one part of the false-alarm budget; by default the metric's name without _p95.
    pub(super) family: Option<At<String>>,
}

/// How a comparison is made, as far as it is said by `rule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleText {
    Interval,
    Observed,
}

/// A phase of the rollout. Its traffic and window add to the common ones key by key.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PhaseEntry {
    /// Its name: 5%.
    #[schemars(with = "Text")]
    pub(super) name: At<String>,
    /// The expected split in this phase.
    pub(super) traffic: Option<TrafficEntry>,
    /// How long the phase is watched, from the beginning of its window; the evidence that an answer needs is spread over
    /// the looks until then.
    pub(super) soak: Option<At<Span>>,
    /// How often it is judged meanwhile; at the end alone when not said.
    pub(super) every: Option<At<Span>>,
    /// Which time is judged in this phase.
    pub(super) window: Option<WindowEntry>,
    /// What must hold in this phase beside the common criteria; one of the same name replaces it.
    #[schemars(default)]
    pub(super) criteria: Vec<CriterionEntry>,
    /// What is to be done with this phase's answer, after the common hooks.
    pub(super) hooks: Option<HooksEntry>,
}

/// How findings become a verdict.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    /// Confidence: 1 - the chance of a false Fail per run. Default 0.95.
    pub(super) level: Option<At<Share>>,
    /// What an Inconclusive verdict becomes at the exit: keep (default), pass, warn or fail.
    pub(super) on_inconclusive: Option<At<Choice<OnInconclusive>>>,
    /// Whether a warning stops the pipeline. Default false.
    pub(super) fail_on_warn: Option<At<bool>>,
    /// Share of the elapsed steps that must be usable. Default 50%.
    pub(super) min_coverage: Option<At<Share>>,
    /// Fewest usable steps for a gauge. Default 5.
    pub(super) min_steps: Option<At<usize>>,
    /// A Fail on counts needs at least so many bad events more than expected. Default 5.
    #[schemars(range(min = 0))]
    pub(super) min_excess: Option<At<f64>>,
    /// What a canary that stopped reporting is: inconclusive (default) or fail.
    pub(super) silent: Option<At<Choice<Silent>>>,
    /// When given, the weighted score decides too.
    pub(super) score: Option<ScoreEntry>,
    /// Before this much of the soak (or, without one, of the window) there is no Pass. Default the whole soak.
    pub(super) min_soak: Option<At<Span>>,
    /// Where a failed verdict rolls back to: "phase 10%", baseline. Default the phase before.
    #[schemars(with = "Option<Text>")]
    pub(super) roll_back_to: Option<At<String>>,
}

/// Limits on the weighted score, 0 to 100.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ScoreEntry {
    /// At or above: the score passes.
    #[schemars(range(min = 0, max = 100))]
    pub(super) pass: At<f64>,
    /// At or above, but below `pass`: the score warns. Below: it fails.
    #[schemars(range(min = 0, max = 100))]
    pub(super) marginal: At<f64>,
}

/// Written by `--record`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RecordingEntry {
    /// The version of the recording's format: 1.
    pub(super) version: At<Version>,
    /// The version of davy that wrote it.
    #[schemars(with = "Text")]
    pub(super) davy: At<String>,
    /// When it was recorded.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) recorded: At<Timestamp>,
    /// What was known of the data and its points do not say, by metric: a row that was left out, a canary that ended early.
    #[schemars(default)]
    pub(super) remarks: Vec<RemarkEntry>,
}

words! {
    Show, "a share of a rate": { "bad" => Bad, "good" => Good }
    RuleText, "a rule": { "interval" => Interval, "observed" => Observed }
}
