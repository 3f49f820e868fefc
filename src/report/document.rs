//! The verdict as a published contract: what `--format json` prints, what other programs read, and the one thing
//! that every renderer works from, so that a saved verdict renders again to the same bytes.
//!
//! The contract only grows. A field is never renamed, removed or given another meaning within one major version;
//! readers ignore what they do not know. There are no booleans, because a word says what it means and can gain a
//! third value; `reason`, `method`, `statistic` and `unit` may gain new words in a minor version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::days::Days;
pub use super::effect::{Effect, EffectKind};
use super::localised::{Localised, Mix};
pub use super::number::{Arms, Number};
use super::quantiles::Quantiles;
use super::signatures::Signed;
use super::{method, reason};

/// The version of the contract that this davy writes.
pub const SCHEMA_VERSION: &str = "1.8";

/// A verdict of davy: what was compared, what was found, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "davy verdict")]
pub struct Document {
    /// Version of this contract, "major.minor". A new major version may change meanings; a new minor version only adds.
    pub schema_version: String,
    /// Version of the davy that judged.
    pub davy: String,
    /// Name of the comparison.
    pub name: String,
    /// The phase of the rollout that was judged, where there are phases.
    pub phase: Option<String>,
    /// The answer.
    pub outcome: Outcome,
    /// The reason for the answer, in one sentence.
    pub summary: String,
    /// What to do now.
    pub recommendation: Recommendation,
    /// The two sides of the comparison.
    pub arms: Arms<Side>,
    /// Spacing of the points, in seconds.
    pub step_seconds: Option<Number>,
    /// Confidence of the policy, between 0 and 1.
    pub level: Option<Number>,
    /// The weighted score, from 0 to 100.
    pub score: Score,
    /// Which look at the data this was (since 1.1).
    pub look: Option<Look>,
    /// One entry per criterion in the order written, then those about the comparison itself.
    pub findings: Vec<Finding>,
    /// What the data holds and no criterion judges (since 1.3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<NotJudged>,
    /// What the past said of the noise of each metric, where it was asked (since 1.5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<Learned>,
    /// Which slices carry the difference of a criterion, where slices are known (since 1.8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub localised: Vec<Localised>,
    /// Whether the arms have the same mix of slices, where they are known (since 1.8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixes: Vec<Mix>,
    /// What the lines of logs say, where they are compared (since 1.8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signed>,
    /// What the reader should know of the comparison as a whole.
    pub notes: Vec<String>,
    /// Steps at the beginning of both windows that were left out as warm-up (since 1.2).
    #[serde(default)]
    pub warmup_steps: u64,
    /// The judged points themselves, by metric.
    pub traces: Vec<Trace>,
    /// How the requests of each arm spread, by metric, where requests are known one by one or in histograms (since 1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<Distribution>,
    /// The looks taken so far, this one the last, where somebody kept them (since 1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<PastLook>,
    /// The success criteria of the rollout and the findings that show them (since 1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub success: Vec<Success>,
    /// What the rule that somebody used so far says of the same data (since 1.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_written: Option<AsWritten>,
    /// What was asked of which source; never in a recording (since 1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
    /// Fingerprint of the resolved configuration.
    pub fingerprint: String,
}

/// Something that the data holds and no criterion judges: a column, a latency without a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotJudged {
    /// What it is.
    pub what: String,
    /// Why no criterion judges it.
    pub why: String,
    /// The best outcome of the verdict without it.
    pub at_best: Outcome,
}

/// What the past of a metric said of its noise, before the comparison was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Learned {
    /// The metric.
    pub metric: String,
    /// When the past begins (RFC 3339, UTC).
    pub start: String,
    /// The first instant after it (RFC 3339, UTC).
    pub end: String,
    /// How many windows it was cut into.
    pub windows: u64,
    /// What `deviation` and `between` are of: "logarithms", or "values" in the metric's unit. New words may come.
    pub scale: String,
    /// The standard deviation of one arm's steps; of counts, that of both arms' ratio from step to step.
    pub deviation: Option<Number>,
    /// The correlation of a step with the next, of a number per step.
    pub correlation: Option<Number>,
    /// How much more counts vary than independent ones: a factor on the variance.
    pub design_effect: Option<Number>,
    /// The standard deviation of the difference of two healthy windows beside that of their steps.
    pub between: Option<Number>,
    /// The same in words.
    pub says: String,
}

/// Which look at the data a verdict rests on; how much evidence it needed depends on that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// The kind of look.
    pub kind: LookKind,
    /// For `planned`: how many looks there were, this one with them.
    pub number: Option<u64>,
    /// For `planned`: how many there are in all.
    pub of: Option<u64>,
    /// For `planned`: how much of the soak had passed, in seconds.
    pub elapsed_seconds: Option<Number>,
    /// For `planned`: how long the soak is, in seconds.
    pub soak_seconds: Option<Number>,
}

/// The kinds of looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookKind {
    /// The only one.
    Once,
    /// One of those planned during a soak.
    Planned,
    /// One of any number.
    Open,
}

/// One side of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The labels of the arm, in the order written.
    pub labels: Vec<Label>,
    /// The time that was judged.
    pub window: Span,
}

/// A label of an arm, such as its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// What it says.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A half-open span of time: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// The first instant inside (RFC 3339, UTC).
    pub start: String,
    /// The first instant after (RFC 3339, UTC).
    pub end: String,
    /// How many whole or begun steps it has.
    pub steps: u64,
}

/// A look that was taken, in short: what became of each criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastLook {
    /// Up to when the data was looked at (RFC 3339, UTC).
    pub end: String,
    /// Which of the planned looks it was, where they are.
    pub number: Option<u64>,
    /// The answer then.
    pub outcome: Outcome,
    /// What was found then, in the order of the verdict's findings.
    pub findings: Vec<PastFinding>,
}

/// What was found of a criterion at a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastFinding {
    /// The criterion.
    pub criterion: String,
    /// The answer then.
    pub outcome: Outcome,
    /// Why, for programs.
    pub reason: String,
    /// Sample size of the canary then.
    pub n: Option<Number>,
    /// What was compared with the bound then.
    pub effect: Option<Effect>,
    /// How strong the evidence was then.
    pub strength: Option<Strength>,
}

/// A success criterion of the rollout: met when all of its findings pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Success {
    /// Its identifier: SC-001.
    pub id: String,
    /// What it says.
    pub says: String,
    /// The names of the criteria that show it; those that this phase does not judge are not among its findings.
    pub criteria: Vec<String>,
}

/// The answer of a rule that somebody used before davy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AsWritten {
    /// Whose answer it is: "Kayenta's rule (NetflixACAJudge-v1.0)".
    pub by: String,
    /// Which answer is the document's: davy's own, or this one.
    pub decides: Decider,
    /// The answer in davy's words.
    pub outcome: Outcome,
    /// Its score, if the rule has one.
    pub score: Option<Number>,
    /// The answer in the rule's own words: "Marginal, 62", "Successful, 0 failures of 5".
    pub sentence: String,
    /// davy's own answer, whichever decides.
    pub davy: Option<OwnAnswer>,
    /// What the rule says of each metric.
    pub metrics: Vec<WrittenMetric>,
    /// What to know of this answer, such as missing data that the rule lets pass.
    pub notes: Vec<String>,
}

/// Which answer is the document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// davy's own.
    Davy,
    /// That of the rule as it was written.
    AsWritten,
}

/// What davy itself says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnAnswer {
    /// The answer.
    pub outcome: Outcome,
    /// The reason for it, in one sentence.
    pub summary: String,
}

/// What another rule says of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenMetric {
    /// The metric's name as it was written.
    pub name: String,
    /// davy's metric with the same data, if its name is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The rule's word: "High", "Successful".
    pub label: String,
    /// What the word means in davy's words, if the rule says it of each metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How much it matters, if the rule says it of each metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Why, in the rule's words.
    pub reason: Option<String>,
    /// The one number that the rule looked at, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Number>,
}

/// What was asked of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The metric.
    pub metric: String,
    /// The arm: "baseline" or "canary".
    pub arm: String,
    /// The source: a path, a service with its region.
    pub source: String,
    /// The question.
    pub asked: String,
}

/// What a pass of the verdict asks of a criterion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It must be shown to hold.
    #[default]
    Primary,
    /// It must not be broken, as far as the data would show it.
    Guardrail,
}

/// The four answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Shown to be within its bounds; of a guardrail, not broken.
    Pass,
    /// Shown not to fail, but not within the target.
    Warn,
    /// The data cannot tell.
    Inconclusive,
    /// Shown to be beyond its bounds.
    Fail,
}

/// What to do with the rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// The action.
    pub action: Action,
    /// Where to, in words: the next phase, or what to roll back to.
    pub to: Option<String>,
}

/// The action of a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Go on.
    Promote,
    /// Keep the present share and collect more data.
    Hold,
    /// Take the canary back.
    RollBack,
}

/// The answer to one criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Name of the criterion, unique within the verdict.
    pub criterion: String,
    /// The metric it reads.
    pub metric: String,
    /// What of the metric was compared: "rate", "frequency", "count", "typical", "max", "min", a quantile like "p95", or "any quantile".
    pub statistic: String,
    /// What must hold, in words with units: "<= baseline + 5%".
    pub target: String,
    /// What makes it fail, where that is said apart.
    pub fail_at: Option<String>,
    /// How the comparison was made.
    pub rule: Rule,
    /// How much a failure matters.
    pub severity: Severity,
    /// What a pass asks of it (since 1.6).
    #[serde(default)]
    pub role: Role,
    /// Its weight in the score.
    pub weight: Option<Number>,
    /// The group it is scored in.
    pub group: String,
    /// The answer.
    pub outcome: Outcome,
    /// Why, for programs. New words may come.
    #[schemars(extend("examples" = reason::NAMES))]
    pub reason: String,
    /// Why, for people.
    pub sentence: String,
    /// What would change the answer, where that can be said.
    pub decide: Option<String>,
    /// Remarks on the data behind it.
    pub notes: Vec<String>,
    /// The numbers.
    pub evidence: Evidence,
}

/// How a comparison was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The kind of rule.
    pub kind: RuleKind,
    /// For `periods`: how many periods must be beyond the bound.
    pub m: Option<u64>,
    /// For `periods`: out of how many consecutive ones.
    pub n: Option<u64>,
}

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// The whole confidence interval must lie on one side.
    Interval,
    /// The observed number is compared, without statistics.
    Observed,
    /// An alarm: m of n consecutive periods beyond the bound.
    Periods,
}

/// How much a failed criterion matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Fails the verdict, and the score of its group is 0.
    Critical,
    /// Fails the verdict.
    Normal,
    /// Shown, never decides.
    Muted,
    /// Decides, but may be left out where its source could not be reached.
    Optional,
}

/// The numbers behind a finding, in the metric's unit. What is not known is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What the estimates are measured in.
    pub unit: Option<UnitName>,
    /// Sample size per arm.
    pub n: Arms<Option<Number>>,
    /// What `n` counts: "requests", "steps", "events".
    pub n_of: String,
    /// Bad or slow requests, or events, per arm.
    pub bad: Option<Arms<u64>>,
    /// Share of the elapsed steps in which the arm was measured.
    pub coverage: Arms<Option<Number>>,
    /// The statistic in each arm.
    pub estimate: Arms<Option<Number>>,
    /// What the quantile of each arm's requests, pooled over time, may truly be at the policy's level, two-sided. For
    /// the reader: the bound is decided on by `effect` alone. Absent where no quantile of requests was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_interval: Option<Arms<Option<Range>>>,
    /// What was compared with the bound.
    pub effect: Option<Effect>,
    /// The bound to pass, on the scale of the effect.
    pub pass_limit: Option<Number>,
    /// The bound to fail, on the scale of the effect.
    pub fail_limit: Option<Number>,
    /// How it was computed. New words may come.
    #[schemars(extend("examples" = method::NAMES))]
    pub method: Option<String>,
    /// Confidence of the interval's two ends.
    pub level: Option<Levels>,
    /// The design effect that widened the interval, for counts.
    pub design_effect: Option<Number>,
    /// The smallest worsening that this data would have shown with 80 % power, on the scale of the effect.
    pub detectable: Option<Number>,
    /// The probability of a split of the traffic as far from the configured one, if that is the true one (since 1.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<Number>,
    /// How strong the evidence is for either answer (since 1.1).
    pub strength: Option<Strength>,
    /// Since when the canary is worse and what the steps since then show, where a Fail rests on them and not on all steps
    /// together (since 1.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// For alarms: what the periods were.
    pub periods: Option<Periods>,
    /// What each quantile shows, where they are judged at once (since 1.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
    /// The earlier days, where the canary is compared with several (since 1.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
}

/// What the steps since a later start show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// The first of these steps, in UTC.
    pub at: String,
    /// The statistic in each arm.
    pub estimate: Arms<Option<Number>>,
    /// What was compared with the bound.
    pub effect: Effect,
}

/// How strong the evidence is for either answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Strength {
    /// That the canary is beyond its bounds.
    pub fail: Proof,
    /// That it is within them.
    pub pass: Proof,
}

/// Evidence for one answer and how much is needed at this look; either kind is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// As a standard normal value.
    pub z: Option<Number>,
    /// How large that must be; null where it cannot decide at this look.
    pub z_needed: Option<Number>,
    /// The natural logarithm of the evidence that holds however often one looks (an e-value); null where it is not used.
    pub ln_e: Option<Number>,
    /// How large that must be.
    pub ln_e_needed: Option<Number>,
}

/// The two ends of an interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// Lower end.
    pub low: Option<Number>,
    /// Upper end; null where unbounded.
    pub high: Option<Number>,
}

/// Confidence of the two one-sided answers, between 0 and 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Levels {
    /// At which a fail is stated.
    pub fail: Option<Number>,
    /// At which a pass is stated.
    pub pass: Option<Number>,
}

/// The periods of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Periods {
    /// Periods beyond the bound.
    pub beyond: u64,
    /// Periods looked at.
    pub of: u64,
}

/// A weighted score, from 0 to 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// Over all criteria that count; null when none does.
    pub total: Option<Number>,
    /// Per group, in the order of first mention.
    pub groups: Vec<GroupScore>,
}

/// The score of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupScore {
    /// The group's name.
    pub name: String,
    /// Its score; null when none of its criteria counts.
    pub score: Option<Number>,
}

/// One metric's points on the common grid, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The metric.
    pub metric: String,
    /// What the values are measured in.
    pub unit: UnitName,
    /// What each point is of the requests in its step, such as "p50"; absent where there is one number per step (since 1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// Where the series came from.
    pub origin: String,
    /// One entry per step, null where nothing was measured.
    pub steps: Arms<Vec<Option<Number>>>,
}

/// How the requests of each arm spread over the judged time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// The metric.
    pub metric: String,
    /// What the values are measured in.
    pub unit: UnitName,
    /// How many requests each arm has.
    pub n: Arms<u64>,
    /// Quantiles of each arm, rising; those that the number of requests can tell.
    pub quantiles: Arms<Vec<Quantile>>,
}

/// A quantile with its value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// Which, from 0 to 1.
    pub q: Number,
    /// Its value.
    pub value: Number,
}

/// A unit's name: "share" (between 0 and 1), "ms", "bytes", "percent", "per_second", "per:EXPOSURE" as in
/// "per:session", "plain" for a bare number, "plain:NAME" with a unit of its own, or "change:SECONDS:UNIT" for how much of another unit in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["share", "ms", "bytes", "percent", "per_second", "per:session", "plain", "plain:jobs"]))]
pub struct UnitName(pub String);
