//! The answer, complete: every number that a report shows is in here, and nothing else is needed to write one.

use std::collections::BTreeMap;

use super::earlier::EarlierDays;
use super::learned::Figures;
use super::rules::{NotJudged, Role, Rule, Severity, Statistic, Unit};
use crate::series::{MetricName, Pair, SignedDuration, Timestamp, Window};

/// What davy says of one comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The name of the comparison.
    pub name: String,
    /// The phase that was judged.
    pub phase: Option<String>,
    /// The labels of each arm, in the order written.
    pub labels: Pair<Vec<(String, String)>>,
    /// The answer.
    pub outcome: Outcome,
    /// The one sentence that gives the reason.
    pub summary: String,
    /// What to do.
    pub recommendation: Recommendation,
    /// One finding per criterion, in the order written, then those about the comparison itself.
    pub findings: Vec<Finding>,
    /// The weighted score, 0 to 100, over all groups and per group.
    pub score: Score,
    /// Which look at the data this was.
    pub look: Look,
    /// The windows that were judged.
    pub windows: Pair<Window>,
    /// The spacing of the points.
    pub step: SignedDuration,
    /// Steps at the beginning of both windows that were left out.
    pub warmup: usize,
    /// The points themselves, one entry per step of the window, for the reader's eye; by metric.
    pub traces: BTreeMap<MetricName, Trace>,
    /// How the requests of each arm spread, for the reader's eye; by metric, where requests are known one by one or in
    /// histograms.
    pub distributions: BTreeMap<MetricName, Distribution>,
    /// What the data holds and no criterion judges.
    pub not_judged: Vec<NotJudged>,
    /// What the past said of the noise of each metric, if it was asked.
    pub learned: BTreeMap<MetricName, Noise>,
    /// Which slices carry a difference, by criterion, where slices are known.
    pub localised: Vec<Localised>,
    /// Whether the arms have the same mix of slices.
    pub mixes: Vec<Mixed>,
    /// What logs say, by the names of `signatures`.
    pub signed: Vec<Signed>,
    /// What the reader should know of the comparison as a whole.
    pub notes: Vec<String>,
    /// Confidence of the policy.
    pub level: f64,
    /// Fingerprint of the resolved configuration.
    pub fingerprint: String,
}

/// What the past of a metric said of its noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// From when to when that was.
    pub past: Window,
    /// How many windows it was cut into.
    pub windows: usize,
    /// The noise in numbers.
    pub figures: Figures,
    /// The noise in words.
    pub says: String,
}

/// What the lines of a log say.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// What the log is called.
    pub name: String,
    /// Where its lines come from.
    pub origin: String,
    /// What the arms are compared by: "requests", "traffic", "time", "lines".
    pub per: String,
    /// How many templates both arms have together.
    pub templates: usize,
    /// All lines of each arm.
    pub lines: Pair<u64>,
    /// Templates that are shown to be new or written more often: what is new first, what is written most first.
    pub named: Vec<SignedLine>,
    /// Templates that are new and not shown to be: those that are written most.
    pub open: Vec<SignedLine>,
    /// How many more of these there are.
    pub others: usize,
    /// The fewest lines of a new template, spread over the window, that would have been named.
    pub least: Option<u64>,
    /// How many parts of the window can be compared.
    pub parts: usize,
    /// The share of the parts in which each arm has any line.
    pub coverage: Pair<f64>,
    /// Whether the canary's log is silent at the end while the baseline's goes on.
    pub has_stopped: bool,
    /// The answer in words.
    pub says: String,
}

/// The lines of one template.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedLine {
    /// What they say.
    pub text: String,
    /// One of them, masked.
    pub example: String,
    /// Whether the baseline wrote none.
    pub is_new: bool,
    /// How many each arm wrote.
    pub lines: Pair<u64>,
    /// How often the canary wrote it for the same exposure, divided by how often the baseline did; nothing if it never did.
    pub ratio: Option<f64>,
    /// What that may be, at the policy's level.
    pub interval: (f64, f64),
    /// The design effect of its bursts.
    pub design_effect: f64,
    /// The evidence that it is new or written more often, as the logarithm of a p-value.
    pub ln_p: f64,
    /// The first step in which the canary wrote it.
    pub since: Option<Timestamp>,
    /// The last one.
    pub until: Option<Timestamp>,
    /// How many lines each arm wrote in each part of the window.
    pub parts: Vec<Pair<u64>>,
}

/// Which slices carry the difference that a criterion is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Localised {
    /// The criterion.
    pub criterion: String,
    /// Its metric.
    pub metric: MetricName,
    /// What of it is compared.
    pub statistic: Statistic,
    /// What the dimensions of the slices are called.
    pub dimensions: Vec<String>,
    /// What was found.
    pub found: crate::localise::Localised,
    /// Since when each of the named slices is worse, if that is clear.
    pub since: Vec<Option<Timestamp>>,
    /// The same in one sentence.
    pub says: String,
}

/// The mix of requests of both arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// The metric whose requests these are.
    pub metric: MetricName,
    /// What the dimensions of the slices are called.
    pub dimensions: Vec<String>,
    /// The mixes side by side.
    pub mix: crate::localise::mix::Mix,
    /// The rates of both arms, of a share of bad requests: as they came and at the baseline's mix.
    pub rates: Option<crate::localise::mix::Rates>,
    /// The same in words.
    pub says: String,
    /// Why the comparison at an equal mix may not decide.
    pub obstacles: Vec<String>,
    /// Whether it decides.
    pub is_adjusted: bool,
    /// Each criterion that compares the metric, as the requests came and at the baseline's mix; nothing if the mixes are the same.
    pub effects: Vec<AtEqualMix>,
}

/// What a criterion compares, as the requests came and at the baseline's mix.
#[derive(Debug, Clone, PartialEq)]
pub struct AtEqualMix {
    /// The criterion.
    pub criterion: String,
    /// What of the metric it compares.
    pub statistic: super::rules::Statistic,
    /// The effect of all requests.
    pub as_it_came: Option<Effect>,
    /// That of a sample of the canary's requests that has the baseline's mix; nothing if no sample has.
    pub at_equal_mix: Option<Effect>,
}

/// Which look at the data a verdict rests on; how much evidence it needed depends on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The only one.
    Once,
    /// One of those planned during a soak.
    Planned {
        /// How many planned looks there were up to this one.
        number: usize,
        /// How many there are in all.
        of: usize,
        /// How much of the soak had passed.
        elapsed: SignedDuration,
        /// How long the soak is.
        soak: SignedDuration,
    },
    /// One of any number.
    Open,
}

/// One metric's points on the common grid, in the metric's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What the values are measured in.
    pub unit: Unit,
    /// What each point is of the requests in its step, where it is made of many: the quantile (in [0, 1]).
    pub quantile: Option<f64>,
    /// One entry per step, nothing where nothing was measured.
    pub steps: Pair<Vec<Option<f64>>>,
    /// Where the series came from.
    pub origin: String,
}

/// How the requests of each arm spread over the judged time, warm-up left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// What the values are measured in.
    pub unit: Unit,
    /// How many requests each arm has.
    pub n: Pair<u64>,
    /// Quantiles in [0, 1] with their values, both rising. An arm has those that its number of requests can tell.
    pub quantiles: Pair<Vec<(f64, f64)>>,
}

/// The four answers. The order is from good to bad, as a verdict combines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Shown to be within its bounds.
    Pass,
    /// Shown not to fail, but not within the target.
    Warn,
    /// The data cannot tell.
    Inconclusive,
    /// Shown to be beyond its bounds.
    Fail,
}

/// What to do with the rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recommendation {
    /// Go on, to the phase named where there is one.
    Promote {
        /// The next phase.
        to: Option<String>,
    },
    /// Keep the present share and collect more data.
    Hold,
    /// Take the canary back.
    RollBack {
        /// To what.
        to: String,
    },
}

/// The answer to one criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The criterion's name.
    pub criterion: String,
    /// Its metric.
    pub metric: MetricName,
    /// What was compared.
    pub statistic: Statistic,
    /// What must hold, in words with units: "<= baseline + 5%".
    pub target: String,
    /// What makes it fail where that is said apart.
    pub fail_at: Option<String>,
    /// How the comparison was made.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// What a Pass asks of it.
    pub role: Role,
    /// Its weight.
    pub weight: f64,
    /// Its group.
    pub group: String,
    /// The answer.
    pub outcome: Outcome,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people: one sentence.
    pub sentence: String,
    /// What would change the answer, where that can be said.
    pub decide: Option<String>,
    /// Remarks on the data behind it.
    pub notes: Vec<String>,
    /// The numbers.
    pub evidence: Evidence,
}

impl Finding {
    /// Whether it can show that a verdict passes: a primary criterion that counts.
    pub fn is_proof(&self) -> bool {
        let counts = self.weight > 0.0 || self.severity == Severity::Critical;
        counts && self.severity != Severity::Muted && self.role == Role::Primary
    }
}

/// Why a finding is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The whole interval (or the observed number, or every period) is within the bound.
    WithinBound,
    /// The whole interval (or the observed number, or enough periods) is beyond the bound.
    BeyondBound,
    /// Shown not to fail, but not within the target.
    BetweenBounds,
    /// The interval straddles the bound.
    Undecided,
    /// The interval of a guardrail straddles the bound: not shown to be within, but not broken, as far as that could be seen.
    NotBroken,
    /// The same of a guardrail whose estimate lies beyond the bound.
    LeansBeyond,
    /// The canary has no data.
    NoData,
    /// Its source could not be reached.
    NotReached,
    /// The baseline has no data.
    NoBaseline,
    /// Too few of the elapsed steps are usable.
    LowCoverage,
    /// Too few points, requests or slow requests for any answer.
    TooFew,
    /// The canary stopped reporting while the baseline went on.
    CanarySilent,
    /// The baseline stopped reporting while the canary went on.
    BaselineSilent,
    /// Within the bound where both arms have data, but worse where the baseline has none.
    NoPartner,
    /// Beyond the bound, but by fewer events than the policy asks for.
    SmallExcess,
    /// Within the bound, but before the minimum soak.
    SoakTooShort,
    /// Before the first planned look, and no emergency.
    EarlyLook,
    /// A canary that only grows, at a rate that its bound does not allow or is not shown to.
    Growing,
    /// Arms of different size make the percentiles incomparable, and the request counts are not known.
    NotComparable,
    /// The canary's share of the traffic is not the configured one.
    ShareMismatch,
    /// The canary's share of the traffic is the configured one.
    ShareAsExpected,
    /// One instance of the canary is worse than its others.
    OneBadInstance,
    /// The data is not of the shape that the criterion needs.
    WrongShape,
    /// Within the bound, but the data may not mean what it seems to mean.
    SuspectData,
    /// Within the bound, but part of the canary's data is missing or unread.
    IncompleteData,
}

/// The numbers behind a finding, in the metric's unit. What is not known is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// What the estimates are measured in.
    pub unit: Option<Unit>,
    /// Sample size per arm: requests, exposure seconds or steps, see `n_of`.
    pub n: Pair<f64>,
    /// What `n` counts: "requests", "steps", "events".
    pub n_of: &'static str,
    /// Bad or slow requests, or events, per arm.
    pub bad: Option<Pair<u64>>,
    /// Share of the elapsed steps in which the arm was measured.
    pub coverage: Pair<f64>,
    /// The statistic in each arm.
    pub estimate: Pair<Option<f64>>,
    /// What the quantile of each arm's requests, pooled over time, may truly be at the policy's level, two-sided. For
    /// the reader: the bound is decided on by `effect` alone.
    pub estimate_interval: Pair<Option<(f64, f64)>>,
    /// What was compared with the bound, with its interval.
    pub effect: Option<Effect>,
    /// The pass bound as a number on the scale of the effect.
    pub pass_limit: Option<f64>,
    /// The fail bound as a number on the scale of the effect.
    pub fail_limit: Option<f64>,
    /// How it was computed.
    pub method: Option<Method>,
    /// Confidence of the interval's ends: (end nearer to failing evidence, end nearer to passing evidence).
    pub level: Option<Levels>,
    /// The design effect that widened the interval, for counts.
    pub design_effect: Option<f64>,
    /// The smallest worsening this data would have shown with 80 % power, on the scale of the effect.
    pub detectable: Option<f64>,
    /// The probability of a split of the traffic as far from the configured one, if that is the true one.
    pub p_value: Option<f64>,
    /// How strong the evidence is, and how strong it must be.
    pub strength: Option<Strength>,
    /// Since when the canary is worse and what the steps since then show, where a Fail rests on them and not on all steps
    /// together.
    pub since: Option<Since>,
    /// Periods beyond the bound and periods looked at, for alarm rules.
    pub periods: Option<(usize, usize)>,
    /// What each quantile shows, where they are judged at once.
    pub quantiles: Option<Quantiles>,
    /// The earlier days, where the canary is compared with several.
    pub days: Option<EarlierDays>,
}

/// What the quantiles of requests show that are judged at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// Each of them, rising.
    pub each: Vec<OneQuantile>,
    /// The first one (in [0, 1]) that a Pass is about.
    pub from: f64,
    /// The last one.
    pub to: f64,
    /// The one whose ratio the effect of the criterion is.
    pub worst: f64,
}

impl Quantiles {
    /// The one whose ratio the effect of the criterion is.
    pub fn worst(&self) -> Option<&OneQuantile> {
        self.each.iter().find(|one| one.q == self.worst)
    }

    /// Whether a Pass is about one of them.
    pub fn asks(&self, one: &OneQuantile) -> bool {
        (self.from..=self.to).contains(&one.q)
    }
}

/// One of the quantiles of requests that are judged at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneQuantile {
    /// The quantile, in [0, 1].
    pub q: f64,
    /// Its value in each arm, of all requests.
    pub estimate: Pair<Option<f64>>,
    /// The canary's divided by the baseline's. The ends towards a Fail hold for all quantiles at once, those towards a Pass each
    /// for its own.
    pub effect: Effect,
    /// Whether it is worse.
    pub standing: Standing,
}

/// Whether a quantile of the canary is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Shown to be beyond the bound, for all quantiles at once.
    Worse,
    /// Shown to be within.
    Within,
    /// Not shown to be either.
    Open,
}

/// What the steps since a later start show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Since {
    /// The first of these steps.
    pub at: Timestamp,
    /// The statistic in each arm.
    pub estimate: Pair<Option<f64>>,
    /// What was compared with the bound.
    pub effect: Effect,
}

/// How strong the evidence is for either answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    /// That the canary is beyond its bounds.
    pub fail: Proof,
    /// That it is within them.
    pub pass: Proof,
}

/// Evidence for one answer, and how much is needed at this look; either kind is enough. What cannot be reached at this
/// look, or is not used, is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// As a standard normal value.
    pub z: f64,
    /// How large that must be.
    pub z_needed: Option<f64>,
    /// The natural logarithm of the evidence that holds however often one looks (an e-value).
    pub ln_e: Option<f64>,
    /// How large that must be.
    pub ln_e_needed: Option<f64>,
}

/// Confidence of the two one-sided answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// At which a Fail is stated (the run's false-alarm budget, shared among the families).
    pub fail: f64,
    /// At which a Pass is stated.
    pub pass: f64,
}

/// The judged quantity with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// What the number is.
    pub kind: EffectKind,
    /// The estimate, where there is one.
    pub estimate: Option<f64>,
    /// Lower end; negative infinity where unbounded.
    pub low: f64,
    /// Upper end; infinity where unbounded.
    pub high: f64,
}

/// What an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// The canary's own value, in the metric's unit.
    Level,
    /// Canary divided by baseline.
    Ratio,
    /// Canary minus baseline, in the metric's unit.
    Difference,
}

/// How a finding was computed; each names its section of the method notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Exact binomial tail of one arm's counts, widened by the design effect.
    BinomialTail,
    /// Exact Poisson tail of one arm's events, widened by the design effect.
    PoissonTail,
    /// Exact conditional binomial tail of the canary's share of events per step, widened by the design effect.
    ConditionalBinomial,
    /// Miettinen-Nurminen score for a difference of rates, widened by the design effect.
    ScoreDifference,
    /// Stratified Miettinen-Nurminen score for a difference of rates, widened by the design effect.
    StratifiedDifference,
    /// Mean of paired steps under autoregressive noise whose correlation is averaged out.
    PairedSteps,
    /// The same of two arms whose windows differ, which vary alike.
    UnpairedSteps,
    /// The same as paired steps for one arm's steps against a limit.
    OneArmSteps,
    /// Steps beyond the limit against the share the quantile allows.
    StepQuantile,
    /// Requests slower than the limit against the share the quantile allows.
    SlowRequests,
    /// Requests slower than the baseline's quantile of earlier steps.
    PredictableThreshold,
    /// The same at every quantile at once.
    AnyQuantile,
    /// The observed number against the bound.
    Observed,
    /// M of N consecutive periods beyond the bound.
    Periods,
    /// The canary's share of the requests against the configured share.
    TrafficShare,
    /// An instance against the spread of the others of its arm.
    OneBadInstance,
    /// The steps beyond a limit among all, widened by the design effect of runs.
    StepsBeyond,
    /// Kendall's sum of all pairs of steps about the limit, under noise that hangs together.
    Trend,
    /// What several earlier days predict of the canary's window, with how much days differ.
    EarlierDays,
}

/// A weighted score, 0 to 100.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Score {
    /// Over all criteria that count; nothing when none does.
    pub total: Option<f64>,
    /// Per group, in the order of first mention.
    pub groups: Vec<(String, Option<f64>)>,
}
