//! How a finding was computed, in one line for readers, with the source of the method.

use crate::judge::verdict::Method;

/// The name of every method, in the order of the judge's own list.
pub const NAMES: [&str; 19] = {
    let mut names = [""; 19];
    let mut at = 0;
    while at < ALL.len() {
        names[at] = name(ALL[at]);
        at += 1;
    }
    names
};

const ALL: [Method; 19] = [
    Method::BinomialTail,
    Method::PoissonTail,
    Method::ConditionalBinomial,
    Method::ScoreDifference,
    Method::StratifiedDifference,
    Method::PairedSteps,
    Method::UnpairedSteps,
    Method::OneArmSteps,
    Method::StepQuantile,
    Method::SlowRequests,
    Method::PredictableThreshold,
    Method::AnyQuantile,
    Method::Observed,
    Method::Periods,
    Method::TrafficShare,
    Method::OneBadInstance,
    Method::StepsBeyond,
    Method::Trend,
    Method::EarlierDays,
];

/// The name of a method, as the published contract writes it.
pub const fn name(method: Method) -> &'static str {
    match method {
        Method::BinomialTail => "binomial_tail",
        Method::PoissonTail => "poisson_tail",
        Method::ConditionalBinomial => "conditional_binomial",
        Method::ScoreDifference => "score_difference",
        Method::StratifiedDifference => "stratified_difference",
        Method::PairedSteps => "paired_steps",
        Method::UnpairedSteps => "unpaired_steps",
        Method::OneArmSteps => "one_arm_steps",
        Method::StepQuantile => "step_quantile",
        Method::SlowRequests => "slow_requests",
        Method::PredictableThreshold => "predictable_threshold",
        Method::AnyQuantile => "any_quantile",
        Method::Observed => "observed",
        Method::Periods => "periods",
        Method::TrafficShare => "traffic_share",
        Method::OneBadInstance => "one_bad_instance",
        Method::StepsBeyond => "steps_beyond",
        Method::Trend => "trend",
        Method::EarlierDays => "earlier_days",
    }
}

/// A method in words. A name that this davy does not know, from a newer one, stands for itself.
pub fn describe(name: &str) -> &str {
    match ALL.into_iter().find(|method| self::name(*method) == name) {
        Some(method) => words(method),
        None => name,
    }
}

fn words(method: Method) -> &'static str {
    match method {
        Method::BinomialTail => {
            "exact binomial test of the canary's bad requests in this window against the limit, widened by the design \
             effect within steps (Clopper–Pearson)"
        }
        Method::PoissonTail => {
            "exact Poisson test of the canary's events in this window against the limit, widened by the design effect \
             within steps (Garwood)"
        }
        Method::ConditionalBinomial => {
            "exact conditional binomial test of the canary's share of the events in each step, widened by the design \
             effect (Clopper–Pearson; Mantel–Haenszel estimate)"
        }
        Method::ScoreDifference => {
            "score test of the difference of the two rates, widened by the design effect (Miettinen–Nurminen)"
        }
        Method::StratifiedDifference => {
            "score test of the difference of the two rates within each step, weighted by traffic (Mantel–Haenszel), \
             widened by the design effect (Miettinen–Nurminen)"
        }
        Method::PairedSteps => {
            "canary against baseline step by step: Student's t of the mean, averaged over how long noise may last \
             (restricted likelihood of an autoregression and noise of each step)"
        }
        Method::UnpairedSteps => {
            "the canary's steps against the baseline's of another window; both vary alike: Student's t of the \
             means, averaged over how long noise may last (restricted likelihood of an autoregression and noise of each \
             step)"
        }
        Method::OneArmSteps => {
            "the canary's steps against the limit: Student's t of the mean, averaged over how long noise may last \
             (restricted likelihood of an autoregression and noise of each step)"
        }
        Method::StepQuantile => {
            "exact binomial test of the share of steps beyond the limit against the share that the quantile allows, \
             widened by the design effect (Clopper–Pearson)"
        }
        Method::SlowRequests => {
            "exact binomial test of the share of requests slower than the limit against the share that the quantile \
             allows, widened by the design effect within steps (Clopper–Pearson); each arm's own quantile, for the reader, by Woodruff"
        }
        Method::PredictableThreshold => {
            "requests slower than the baseline's quantile of earlier steps, counted in both arms and compared by the \
             exact conditional binomial test, widened by the design effect (Clopper–Pearson); where many requests tie \
             with the quantile, each arm by itself against that value too (Berger's intersection-union test); each \
             arm's own quantile, pooled over time for the reader, by Woodruff"
        }
        Method::AnyQuantile => {
            "the ratio of every quantile at once, each as requests slower than the baseline's quantile of earlier steps, \
             widened by the design effect: for a fail the strongest evidence, divided by the number of quantiles \
             (Bonferroni); for a pass the weakest (Berger's intersection-union test)"
        }
        Method::Observed => "the observed number against the bound, without statistics",
        Method::Periods => "an alarm rule: consecutive periods beyond the bound are counted, without statistics",
        Method::OneBadInstance => {
            "each instance of the canary against the others: the exact binomial test of its share of the bad requests, and how far it \
             lies beyond their spread (externally studentised residual)"
        }
        Method::StepsBeyond => {
            "the share of steps beyond the limit: exact binomial test (Clopper–Pearson), or beside the baseline the score test of the \
             difference (Miettinen–Nurminen), widened by the design effect of runs of such steps; a step that was not measured \
             counts against each answer"
        }
        Method::Trend => {
            "the median slope of all pairs of steps (Theil–Sen): Kendall's test about the limit, with the long-run variance of the \
             residuals' ranks (the larger one of an autoregression and of cosines), across jumps of the level and between them"
        }
        Method::EarlierDays => {
            "what several earlier days predict of the canary's window: the prediction interval of a linear regression over one number a \
             day (Student's t), adjusted by the time before and by weekdays where that is possible; never narrower than the canary's \
             own window alone allows"
        }
        Method::TrafficShare => {
            "binomial test of the canary's share of the requests against the configured share, widened by the design \
             effect (sample-ratio mismatch)"
        }
    }
}
