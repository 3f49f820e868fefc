//! The configuration file as written: its sections and keys, and nothing of what they mean.
//!
//! The doc comments are the reference: they become the descriptions of the JSON Schema that editors show. How the
//! sections are read is in `read`; what they mean together is decided when a plan is made.

use crate::config::expected::Expected;
use schemars::JsonSchema;

use super::arm::{ArmColumnEntry, LongEntry};
use super::aws::{AlarmsEntry, CloudWatchEntry, InsightsEntry, LogEventsEntry};
use super::baseline::BaselineEntry;
use super::column::{Column, Dimensions};
use super::cost::CostEntry;
use super::exec::ExecEntry;
use super::hooks::HooksEntry;
use super::http::HttpEntry;
use super::kayenta::{JudgeEntry, KayentaEntry};
use super::localise::LocaliseEntry;
use super::lost::LostEntry;
use super::noise::NoiseEntry;
use super::packs::UseEntry;
use super::prometheus::PrometheusEntry;
use super::remarks::{NotJudgedEntry, RemarkEntry};
use super::requests::{ByEntry, RequestsEntry};
use super::signatures::SignaturesEntry;
use super::sql::SqlEntry;
use super::success::SuccessEntry;
use crate::config::plan::OnInconclusive;
use crate::config::scalar::{Periods, QuantileText, StatisticText, Version};
use crate::config::units::Units;
use crate::judge::rules::{Mismatch, MixDecides, OneBad, Role, Scale, Severity, Silent};
use crate::notation::{BoundText, Share, Span};
use crate::series::Timestamp;
use crate::source::{Format, Missing};
use crate::text::problem::{At, Place};
use crate::text::scalar::{Choice, Named, Text, words};

/// A canary comparison for davy: what is measured, what must hold, and how the rollout proceeds.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Configuration")]
pub(in crate::config) struct File {
    /// The name of the comparison, shown in reports.
    #[schemars(with = "Text")]
    pub(in crate::config) name: At<String>,
    /// Free labels of each arm, shown in reports and usable as ${label} in sources and columns.
    pub(in crate::config) arms: Option<Arms>,
    /// The phase that is judged without `--phase`. Default the first.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) phase: Option<At<String>>,
    /// The expected split of the traffic; a mismatch makes the comparison suspect.
    pub(in crate::config) traffic: Option<TrafficEntry>,
    /// The time that is judged. Default all data.
    pub(in crate::config) window: Option<WindowEntry>,
    /// How long the canary is watched, from the beginning of its window. All looks until then share the chance of a false
    /// fail. A phase may have its own.
    pub(in crate::config) soak: Option<At<Span>>,
    /// How often davy judges meanwhile. With `every` and without `soak` the end is open, and all evidence holds at any
    /// time. A phase may have its own.
    pub(in crate::config) every: Option<At<Span>>,
    /// The past from which davy learns the noise of each metric. Default none.
    pub(in crate::config) noise: Option<NoiseEntry>,
    /// Where measurements come from, by name.
    pub(in crate::config) sources: Named<SourceEntry>,
    /// Ready-made metrics of a service: `davy packs` lists them.
    #[schemars(default, rename = "use")]
    pub(in crate::config) uses: Vec<UseEntry>,
    /// What is measured, by name.
    #[schemars(default)]
    pub(in crate::config) metrics: Named<MetricEntry>,
    /// Columns of requests, such as [route, region]: which of their values carry a difference, and whether both arms have the
    /// same mix of them.
    pub(in crate::config) localise: Option<LocaliseEntry>,
    /// If the mixes of the arms differ: tell (default) lets the plain comparison decide, adjust the one at the baseline's mix.
    /// The report says both.
    pub(in crate::config) mix: Option<At<Choice<MixDecides>>>,
    /// Logs whose lines are compared by what they say, by name: which ones the baseline never wrote, which ones the canary writes
    /// more often.
    #[schemars(default)]
    pub(in crate::config) signatures: Named<SignaturesEntry>,
    /// What running each arm costs.
    pub(in crate::config) cost: Option<CostEntry>,
    /// What must hold in every phase.
    #[schemars(default)]
    pub(in crate::config) criteria: Vec<CriterionEntry>,
    /// What the data holds and no criterion judges. `davy init` lists it; remove an entry that does not matter.
    #[schemars(default)]
    pub(in crate::config) not_judged: Vec<NotJudgedEntry>,
    /// The phases of the rollout, in order.
    #[schemars(default)]
    pub(in crate::config) phases: Vec<PhaseEntry>,
    /// Whose answer is the exit code: that of `davy` (default), or with `netflix-aca` that of the rule under `kayenta`.
    pub(in crate::config) judge: Option<JudgeEntry>,
    /// Kayenta's rule, for those who come from there: its answer stands beside davy's.
    pub(in crate::config) kayenta: Option<KayentaEntry>,
    /// How findings become a verdict.
    pub(in crate::config) policy: Option<PolicyEntry>,
    /// The success criteria of the rollout, which a final table answers.
    #[schemars(default)]
    pub(in crate::config) success: Vec<SuccessEntry>,
    /// What davy does with the answer: programs to run, addresses to post to.
    pub(in crate::config) hooks: Option<HooksEntry>,
    /// Of a case: the verdict that is expected. `replay --check` compares it.
    pub(in crate::config) expect: Option<Expected>,
    /// Written by `--record`: the file is a recording.
    pub(in crate::config) recording: Option<RecordingEntry>,
}

/// Labels of each arm.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct Arms {
    /// Labels of the side that is known to be good.
    #[schemars(default)]
    pub(in crate::config) baseline: Named<At<Text>>,
    /// Labels of the side under judgement.
    #[schemars(default)]
    pub(in crate::config) canary: Named<At<Text>>,
}

/// The expected split of the traffic.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct TrafficEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The canary's expected share, such as 5%; 100% means that there is nothing to split any more.
    pub(in crate::config) canary: Option<At<Share>>,
    /// The rate metric whose totals are the traffic. Default the first one that a criterion names.
    pub(in crate::config) metric: Option<At<String>>,
    /// What a mismatch means: warn (default) or fail.
    pub(in crate::config) on_mismatch: Option<At<Choice<Mismatch>>>,
}

/// Which time is judged: `last` until now, or `from` and `to`, or all the data there is.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct WindowEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// The duration until now (less `settle`): 1h, 30m, 7d.
    pub(in crate::config) last: Option<At<Span>>,
    /// The first instant, RFC 3339.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(in crate::config) from: Option<At<Timestamp>>,
    /// The first instant after, RFC 3339. Default now (less `settle`).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(in crate::config) to: Option<At<Timestamp>>,
    /// The spacing of the points. Default that of the data.
    pub(in crate::config) step: Option<At<Span>>,
    /// What is younger than this may still change and is not judged. Default 0s.
    pub(in crate::config) settle: Option<At<Span>>,
    /// Dropped from the start of both arms. Default 0s.
    pub(in crate::config) warmup: Option<At<Span>>,
    /// The baseline's own window: an earlier time of the same system.
    pub(in crate::config) baseline: Option<BaselineEntry>,
}

/// Where measurements come from: exactly one kind of source.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(in crate::config) struct SourceEntry {
    /// A file of rows, or a saved answer of a monitoring system.
    pub(in crate::config) file: Option<FileEntry>,
    /// Logs with one row per request.
    pub(in crate::config) requests: Option<RequestsEntry>,
    /// CloudWatch metrics and alarms.
    pub(in crate::config) cloudwatch: Option<CloudWatchEntry>,
    /// Queries of CloudWatch Logs Insights.
    pub(in crate::config) logs_insights: Option<InsightsEntry>,
    /// Log events of CloudWatch that match a filter pattern, counted.
    pub(in crate::config) log_events: Option<LogEventsEntry>,
    /// Prometheus, or what speaks its API.
    pub(in crate::config) prometheus: Option<PrometheusEntry>,
    /// A store over HTTP.
    pub(in crate::config) http: Option<HttpEntry>,
    /// A query to PostgreSQL.
    pub(in crate::config) sql: Option<SqlEntry>,
    /// A program that prints rows.
    pub(in crate::config) exec: Option<ExecEntry>,
    /// Written by `--record`: what could not be reached then.
    pub(in crate::config) unreachable: Option<LostEntry>,
}

/// A file and how to read it. gzip and zstd are recognised by content.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct FileEntry {
    /// Where it is, relative to the configuration. ${label} of the arm, ${arm} and ${metric} are substituted.
    pub(in crate::config) path: At<String>,
    /// csv, tsv, json, ndjson or parquet; by default davy detects it.
    pub(in crate::config) format: Option<At<Choice<Format>>>,
    /// The column with the time. By default davy recognises usual names.
    pub(in crate::config) time: Option<At<String>>,
    /// The time zone (IANA name) of timestamps without an offset. Default UTC.
    pub(in crate::config) zone: Option<At<String>>,
    /// The column that tells the arms apart. Default `arm`.
    pub(in crate::config) arm: Option<ArmColumnEntry>,
    /// For long (tidy) files with one row per time and name.
    pub(in crate::config) long: Option<LongEntry>,
}

/// What is measured: a source and exactly one of rate, events, gauge, values and alarms.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["rate"]}, {"required": ["events"]}, {"required": ["gauge"]}, {"required": ["values"]}, {"required": ["alarms"]}])
)]
pub(in crate::config) struct MetricEntry {
    /// The source it is read from; may be left out when there is exactly one.
    pub(in crate::config) source: Option<At<String>>,
    /// Only these rows of a log of requests, as a condition: route = "/checkout".
    #[schemars(rename = "where")]
    pub(in crate::config) filter: Option<At<String>>,
    /// Each of a column's values is judged by itself, as a metric of its own: route.
    pub(in crate::config) by: Option<ByEntry>,
    /// Written by `--record`: the column with the names of slices.
    pub(in crate::config) slices: Option<At<String>>,
    /// A share of trials: bad, good or part of a total.
    pub(in crate::config) rate: Option<RateEntry>,
    /// Occurrences without trials.
    pub(in crate::config) events: Option<EventsEntry>,
    /// One number per step, computed elsewhere.
    pub(in crate::config) gauge: Option<GaugeEntry>,
    /// One value per request.
    pub(in crate::config) values: Option<ValuesEntry>,
    /// Alarms of CloudWatch: how many of them are in alarm.
    pub(in crate::config) alarms: Option<AlarmsEntry>,
    /// Dimensions of its CloudWatch metrics, beside those of the source.
    #[schemars(default)]
    pub(in crate::config) dimensions: Dimensions,
    /// How far its points are apart, if that is more than the window's step: 5m. Default that of the data.
    pub(in crate::config) step: Option<At<Span>>,
    /// What the service's own history says of its noise; for rate and events.
    pub(in crate::config) history: Option<HistoryEntry>,
}

/// A share of trials. Two of bad, good and total; or part and total.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct RateEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// Column with the bad ones.
    pub(in crate::config) bad: Option<Column>,
    /// Column with the good ones; the rate is then the good share.
    pub(in crate::config) good: Option<Column>,
    /// Column with a part that is neither good nor bad.
    pub(in crate::config) part: Option<Column>,
    /// Column with all of them.
    pub(in crate::config) total: Option<Column>,
    /// What an empty cell means: gap (nothing was measured, default) or zero (a counter that does not report zeros, such
    /// as many of AWS).
    pub(in crate::config) missing: Option<At<Choice<Missing>>>,
    /// Which share is shown and bounded: bad or good. Default good when `good` is named, else bad.
    pub(in crate::config) show: Option<At<Choice<Show>>>,
    /// What it is a share of, in words: requests, lookups, sessions.
    pub(in crate::config) of: Option<At<String>>,
    /// Column that names the instance (host, pod, region) of each row, if each time and instance has a row.
    pub(in crate::config) instance: Option<At<String>>,
    /// true: the columns are totals since some start, as Prometheus has them, and their increases are judged. false: each
    /// row counts its own step. When absent, columns that look like such totals are refused.
    pub(in crate::config) counter: Option<At<bool>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(in crate::config) query: Option<At<String>>,
}

/// Which share of a rate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Show {
    Bad,
    Good,
}

/// Occurrences without trials.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct EventsEntry {
    /// Column with the occurrences per step.
    pub(in crate::config) count: Column,
    /// Column with what they are per, such as sessions.
    pub(in crate::config) exposure: Option<Column>,
    /// What one unit of exposure is called: session.
    pub(in crate::config) per: Option<At<String>>,
    /// What an empty cell means: gap (default) or zero.
    pub(in crate::config) missing: Option<At<Choice<Missing>>>,
    /// true: the columns are totals since some start, and their increases are judged. false: each row counts its own step.
    pub(in crate::config) counter: Option<At<bool>>,
    /// For counters of CloudWatch that do not report zeros: what has a point whenever they could have had one. Where it
    /// has, a missing point is a zero.
    pub(in crate::config) alive: Option<Column>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(in crate::config) query: Option<At<String>>,
}

/// One number per step, computed elsewhere: a percentile from a monitoring system, CPU, memory.
/// Of CloudWatch it is a `metric` with its `stat`, or an `expression`, instead of `value`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = super::column::with_asked_keys)]
pub(in crate::config) struct GaugeEntry {
    /// Column with the number.
    #[schemars(with = "Option<Column>")]
    pub(in crate::config) value: Column,
    /// What it is measured in: us, ms, s, min, h, B, KB, KiB, MB, MiB, GB, GiB, TB, TiB, % or any word. Of arms that differ,
    /// a unit for each: { baseline: ms, canary: s }.
    pub(in crate::config) unit: Option<Units>,
    /// The quantile of requests that each number is: p95. Of a `stat: p95` it is known.
    pub(in crate::config) quantile: Option<At<QuantileText>>,
    /// Column with the requests behind each number. Of a percentile of CloudWatch they are fetched beside it.
    pub(in crate::config) requests: Option<Column>,
    /// true: `requests` is a total since some start, and its increases count. false: each row counts its own step.
    pub(in crate::config) counter: Option<At<bool>>,
    /// Compare the arms by ratio or by difference. Default by ratio if all values are positive.
    pub(in crate::config) scale: Option<At<Choice<Scale>>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(in crate::config) query: Option<At<String>>,
}

/// One value per request: one row each, or histograms of many.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["value"]}, {"required": ["histogram"]}], "dependentRequired" = {"resolution": ["histogram"]})
)]
pub(in crate::config) struct ValuesEntry {
    /// Column with the value.
    pub(in crate::config) value: Option<Column>,
    /// Column of a file with histograms of the values, as HdrHistogram encodes them (V2, compressed, base64).
    pub(in crate::config) histogram: Option<Column>,
    /// What it is measured in: a unit, or one for each arm.
    pub(in crate::config) unit: Option<Units>,
    /// What one unit of the histograms is, in `unit`. Default 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(in crate::config) resolution: Option<At<f64>>,
    /// What there is one value per, in words: requests (default), sessions.
    pub(in crate::config) of: Option<At<String>>,
    /// The query of Logs Insights whose rows these are. ${step} is the window's step.
    pub(in crate::config) query: Option<At<String>>,
}

/// What the service's own history says of its noise.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct HistoryEntry {
    /// Its design effect: 1 for independent requests.
    #[schemars(range(min = 0))]
    pub(in crate::config) phi: At<f64>,
    /// How many steps that is known from.
    #[schemars(range(min = 0))]
    pub(in crate::config) nu: At<f64>,
}

/// One thing that must hold.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["pass"]}, {"required": ["fail"]}]))]
pub(in crate::config) struct CriterionEntry {
    /// Its name; by default the metric and the bound.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) name: Option<At<String>>,
    /// The metric it reads.
    pub(in crate::config) metric: At<String>,
    /// What of the metric is compared: rate, frequency, count, typical, p95, max, min, trend; `any quantile` and
    /// `any quantile from p50 to p99.9` compare every one at once.
    pub(in crate::config) statistic: Option<At<StatisticText>>,
    /// Judges the share of steps beyond a limit, where spikes come back: "> 2%", with `pass: "<= 1%"` (of the steps) or
    /// `pass: "<= baseline + 2pp"`.
    pub(in crate::config) steps_beyond: Option<At<BoundText>>,
    /// What must hold to pass: "<= 0.1%", "<= baseline + 5%", "<= baseline + max(50%, 0.1pp)".
    pub(in crate::config) pass: Option<At<BoundText>>,
    /// What makes it fail, when that is more than missing the target: "> 300ms". Between the two it warns.
    pub(in crate::config) fail: Option<At<BoundText>>,
    /// interval: the whole confidence interval decides. observed: the number itself.
    pub(in crate::config) rule: Option<At<Choice<RuleText>>>,
    /// An alarm: fails when in any N consecutive steps M are beyond the bound: "2 of 3".
    pub(in crate::config) periods: Option<At<Periods>>,
    /// With `periods`: how many bad ones the periods beyond the bound must hold together. Default 4 for a
    /// share or a percentile of requests, against false alarms from a few stray ones; 1 if the bound is zero.
    #[schemars(range(min = 1))]
    pub(in crate::config) min_count: Option<At<usize>>,
    /// critical, normal (default), optional (if its source cannot be reached the verdict is without it) or muted
    /// (shown, never decides).
    pub(in crate::config) severity: Option<At<Choice<Severity>>>,
    /// primary (default: a pass needs it to be shown to hold) or guardrail (a pass needs it not to be broken).
    pub(in crate::config) role: Option<At<Choice<Role>>>,
    /// Its weight in the score and its share of the false-alarm budget. Default 1.
    pub(in crate::config) weight: Option<At<f64>>,
    /// The group it is scored in. Default the metric's name.
    pub(in crate::config) group: Option<At<String>>,
    /// Criteria of one family share one part of the false-alarm budget; by default the metric's name without _p95.
    pub(in crate::config) family: Option<At<String>>,
}

/// How a comparison is made, as far as it is said by `rule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum RuleText {
    Interval,
    Observed,
}

/// A phase of the rollout. Its traffic and window add to the common ones key by key.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct PhaseEntry {
    /// Its name: 5%.
    #[schemars(with = "Text")]
    pub(in crate::config) name: At<String>,
    /// The expected split in this phase.
    pub(in crate::config) traffic: Option<TrafficEntry>,
    /// How long the phase is watched, from the beginning of its window; the evidence that an answer needs is spread over
    /// the looks until then.
    pub(in crate::config) soak: Option<At<Span>>,
    /// How often it is judged meanwhile. Without it, at the end alone.
    pub(in crate::config) every: Option<At<Span>>,
    /// Which time is judged in this phase.
    pub(in crate::config) window: Option<WindowEntry>,
    /// What must hold in this phase beside the common criteria; one of the same name replaces it.
    #[schemars(default)]
    pub(in crate::config) criteria: Vec<CriterionEntry>,
    /// What davy does with this phase's answer, after the common hooks.
    pub(in crate::config) hooks: Option<HooksEntry>,
}

/// How findings become a verdict.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct PolicyEntry {
    /// Confidence: 1 - the chance of a false Fail per run. Default 0.95.
    pub(in crate::config) level: Option<At<Share>>,
    /// What an Inconclusive verdict becomes at the exit: keep (default), pass, warn or fail.
    pub(in crate::config) on_inconclusive: Option<At<Choice<OnInconclusive>>>,
    /// Whether a warning stops the pipeline. Default false.
    pub(in crate::config) fail_on_warn: Option<At<bool>>,
    /// Share of the elapsed steps that must be usable. Default 50%.
    pub(in crate::config) min_coverage: Option<At<Share>>,
    /// Fewest usable steps for a gauge. Default 5.
    pub(in crate::config) min_steps: Option<At<usize>>,
    /// How many bad events above the expected number a fail on counts needs. Default 5.
    #[schemars(range(min = 0))]
    pub(in crate::config) min_excess: Option<At<f64>>,
    /// What a canary that stopped reporting is: inconclusive (default) or fail.
    pub(in crate::config) silent: Option<At<Choice<Silent>>>,
    /// What one instance of the canary that is worse than its others makes of a pass: warn (default) or fail.
    pub(in crate::config) one_bad_instance: Option<At<Choice<OneBad>>>,
    /// When given, the weighted score decides too.
    pub(in crate::config) score: Option<ScoreEntry>,
    /// A pass needs at least this much of the soak (or, without one, of the window). Default the whole soak.
    pub(in crate::config) min_soak: Option<At<Span>>,
    /// Where a failed verdict rolls back to: "phase 10%", baseline. Default the phase before.
    #[schemars(with = "Option<Text>")]
    pub(in crate::config) roll_back_to: Option<At<String>>,
}

/// Limits on the weighted score, 0 to 100.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct ScoreEntry {
    /// At or above: the score passes.
    #[schemars(range(min = 0, max = 100))]
    pub(in crate::config) pass: At<f64>,
    /// At or above, but below `pass`: the score warns. Below: it fails.
    #[schemars(range(min = 0, max = 100))]
    pub(in crate::config) marginal: At<f64>,
}

/// Written by `--record`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct RecordingEntry {
    /// The version of the recording's format: 1.
    pub(in crate::config) version: At<Version>,
    /// The version of davy that wrote it.
    #[schemars(with = "Text")]
    pub(in crate::config) davy: At<String>,
    /// When it was recorded.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(in crate::config) recorded: At<Timestamp>,
    /// What was known of the data and its points do not say, by metric: a row that was left out, a canary that ended early.
    #[schemars(default)]
    pub(in crate::config) remarks: Vec<RemarkEntry>,
}

words! {
    Show, "a share of a rate": { "bad" => Bad, "good" => Good }
    RuleText, "a rule": { "interval" => Interval, "observed" => Observed }
}
