//! What would change the answer: another count, another limit, or more data, and how much of it.
//!
//! More of the same is named only where it would decide. Evidence grows with the square root of the sample before the noise
//! is allowed for, so that is the scale on which it is carried on.

use super::sentence::{Answer, elapsed};
use crate::bounds::Bounds;
use crate::compare::Facts;
use crate::look::{Answer as For, Outlook};
use crate::measure::{Test, sides};
use crate::rules::{Side, Statistic};
use crate::series::{Pair, SignedDuration};
use crate::verdict::{EffectKind, Evidence, Method, OneQuantile, Outcome, Reason, Standing};
use crate::words::{change, count, duration, plural, quantity};
use davy_stats::dispersion::DesignEffect;

/// What would change the answer.
pub(crate) fn what_would_decide(answer: &Answer, bounds: &Bounds, evidence: &Evidence) -> Option<String> {
    match answer.reason {
        // the interval of all steps says nothing of a Fail that rests on the later ones
        Reason::BeyondBound if evidence.since.is_some() => None,
        Reason::BeyondBound | Reason::WithinBound => by_count(answer, bounds).or_else(|| by_margin(answer, evidence)),
        Reason::Undecided | Reason::BetweenBounds | Reason::LeansBeyond if answer.measured.days.is_some() => {
            more_days(answer, evidence)
        }
        Reason::EarlyLook if answer.measured.days.is_some() => None,
        Reason::Undecided | Reason::EarlyLook | Reason::BetweenBounds | Reason::LeansBeyond | Reason::SmallExcess => {
            by_buckets(answer, evidence).or_else(|| more_data(answer, bounds))
        }
        Reason::NotComparable => Some("give the gauge its `requests`, or use histograms or raw values".into()),
        Reason::TooFew => answer.case.too_few(),
        Reason::LowCoverage => Some(answer.case.uncovered()),
        _ => None,
    }
}

/// For one arm's counts: at how many bad ones the answer would be another.
fn by_count(answer: &Answer, bounds: &Bounds) -> Option<String> {
    let comparison = &answer.test.comparison;
    let Facts::Share { bad, total } = comparison.facts() else { return None };
    let (fail, pass) = (answer.needs.fail.z, answer.needs.pass.z);
    if !(fail.is_finite() && pass.is_finite()) {
        return None;
    }
    let (towards, away) = sides(answer.test.wanted);
    let fail_limit = bounds.fail.first().map_or(answer.test.limit, |test| test.limit);
    let fails = |x: u64| comparison.z_of(x, fail_limit, away).is_some_and(|z| z >= fail);
    let passes = |x: u64| comparison.z_of(x, answer.test.limit, towards).is_some_and(|z| z >= pass);
    let flipped = answer.measured.flipped;
    let shown = |x: u64| count(if flipped { total - x.min(total) } else { x });
    // On the scale of what is counted as bad, `AtMost` is the only wanted side of a rate; a neutral share may want
    // the other, where fewer is worse.
    let up = answer.test.wanted == Side::AtMost;
    let (fewer, more) = if flipped { ("or more", "or fewer") } else { ("or fewer", "or more") };
    match (answer.outcome, up) {
        (Outcome::Fail, true) => {
            let open = largest(bad, |x| !fails(x))?;
            let passing = largest(bad, passes).map(|x| format!(", pass at {} {fewer}", shown(x)));
            Some(format!("would not fail at {} {fewer}{}", shown(open), passing.unwrap_or_default()))
        }
        (Outcome::Pass, true) => {
            let broken = smallest(bad, total, |x| !passes(x))?;
            Some(format!("would no longer pass at {} {more}", shown(broken)))
        }
        _ => None,
    }
}

/// The largest `x <= from` that holds, for a property that holds below some point.
fn largest(from: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(0) {
        return None;
    }
    let (mut low, mut high) = (0, from);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    Some(low)
}

/// The smallest `x` from `from` to `to` that holds, for a property that holds above some point.
fn smallest(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(to) {
        return None;
    }
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

/// A bucket that hides the quantile is no matter of more requests: both arms lie in it, or the limit does.
fn by_buckets(answer: &Answer, evidence: &Evidence) -> Option<String> {
    let limit = answer.test.limit;
    let (low, high) = match &evidence.quantiles {
        Some(quantiles) => {
            let is_open = |one: &&OneQuantile| quantiles.asks(one) && one.standing == Standing::Open;
            let mut open = quantiles.each.iter().filter(is_open);
            open.find_map(|one| {
                let (arms, q) = answer.measured.requests(Some(one.q))?;
                let (canary, baseline) = (arms.canary.pooled.bucket(q)?, arms.baseline.pooled.bucket(q)?);
                (canary.1 > limit * baseline.0).then_some(canary)
            })?
        }
        None => {
            let (arms, q) = answer.measured.requests(None)?;
            arms.canary.pooled.bucket(q)?
        }
    };
    let hides = match answer.case.needs_baseline() {
        true if evidence.quantiles.is_some() => true,
        true => {
            let (least, most) = answer.test.comparison.known_to_buckets()?;
            least <= limit && limit < most
        }
        false => low < limit && limit < high,
    };
    let unit = &answer.case.unit();
    let beyond = format!("beyond {}", quantity(low, unit));
    let place =
        if high.is_finite() { format!("between {} and {}", quantity(low, unit), quantity(high, unit)) } else { beyond };
    hides.then(|| format!("more bucket edges {place} would decide, more requests would not"))
}

/// More of a window does not tell how much days differ.
fn more_days(answer: &Answer, evidence: &Evidence) -> Option<String> {
    let comparison = &answer.test.comparison;
    if comparison.method() != Method::EarlierDays {
        return None;
    }
    let prediction = answer.measured.days.as_ref()?.predict(comparison.is_multiplicative())?;
    let more = match prediction.is_own_noise {
        true => "a longer window would narrow the interval",
        false => "more earlier days may narrow the interval, a longer window hardly does",
    };
    let (effect, unit) = (evidence.effect?, &answer.case.unit());
    let upper = answer.case.criterion.target().is_none_or(|bound| bound.side == Side::AtMost);
    let passing = if upper { effect.high } else { effect.low };
    let margin =
        passing.is_finite().then(|| format!("; would pass at a margin of {}", change(passing, effect.kind, unit)));
    Some(format!("{more}{}", margin.unwrap_or_default()))
}

/// At which limit the answer would be another: the end of the interval that decided it.
fn by_margin(answer: &Answer, evidence: &Evidence) -> Option<String> {
    let (effect, unit) = (evidence.effect?, &answer.case.unit());
    let upper = answer.case.criterion.pass.is_none_or(|bound| bound.side == Side::AtMost);
    let show = |value: f64| value.is_finite().then(|| change(value, effect.kind, unit));
    let bound = if effect.kind == EffectKind::Level { "limit" } else { "margin" };
    let (worse_end, better_end) = if upper { (effect.low, effect.high) } else { (effect.high, effect.low) };
    match answer.outcome {
        Outcome::Fail => {
            let passing = show(better_end).filter(|_| answer.needs.pass.is_reachable());
            let passing = passing.map(|limit| format!(", and pass at {limit}")).unwrap_or_default();
            Some(format!("would not fail at a {bound} of {}{passing}", show(worse_end)?))
        }
        Outcome::Pass => Some(format!("would pass down to a {bound} of {}", show(better_end)?)).filter(|_| upper),
        _ => None,
    }
}

/// Beyond so many times the data there is, more time is no answer.
const MUCH: f64 = 20.0;
const TOO_MUCH: f64 = 1_000.0;

/// How much more of the same data would decide, or what else would.
fn more_data(answer: &Answer, bounds: &Bounds) -> Option<String> {
    let comparison = &answer.test.comparison;
    if comparison.method() == Method::ConditionalBinomial && has_no_events(answer) {
        let other = if answer.measured.n_of == "trials" { "`max(…%, …pp)` or a threshold" } else { "a threshold" };
        return Some(format!("a ratio needs at least one in either arm: {other} does not"));
    }
    let noise = comparison.noise();
    if comparison.method() != Method::StepsBeyond && noise.is_some_and(DesignEffect::is_mostly_between) {
        return Some(
            "how the instances differ is most of the noise: more of them would decide, more time hardly".into(),
        );
    }
    if answer.measured.has_jumps() {
        return Some("a stretch without a jump that is long enough would decide, more jumps would not".into());
    }
    let (towards, away) = (answer.test.towards, bounds.fail.first().unwrap_or(answer.test).away);
    let (pass, fail) = (answer.strength.pass, answer.strength.fail);
    let raw = |z: f64| noise.map_or(z, |noise| noise.strengthen(z));
    let (outlook, how) = if answer.reason == Reason::SmallExcess {
        (Outlook::Times(answer.case.rules.policy.min_excess / bounds.excess()), "fail")
    } else if towards > 0.1 {
        (answer.look.outlook(pass, answer.levels, For::Pass, raw), "pass")
    } else if away > 0.1 {
        (answer.look.outlook(fail, answer.levels, For::Fail, raw), "fail")
    } else if bounds.fail.is_empty() && !near(answer.test) {
        return Some("there is too little data yet to tell how much more would decide".into());
    } else {
        let place = if bounds.fail.is_empty() { "at the limit" } else { "between the target and the limit" };
        return Some(format!("the estimate lies {place}: more data alone is unlikely to decide"));
    };
    Some(match outlook {
        Outlook::Look(at) => {
            format!("would {how} at the look after {}, if it stays so", duration(answer.case.soaked(at)))
        }
        Outlook::Times(times) => times_as_much(answer, times, how),
    })
}

/// What so many times the data there is comes to.
fn times_as_much(answer: &Answer, times: f64, how: &str) -> String {
    let trend = matches!(answer.case.criterion.statistic, Statistic::Trend { .. });
    // the evidence of a slope grows with the time to the power of one and a half
    let times = if trend { times.cbrt() } else { times };
    let more = (times - 1.0).max(0.05);
    let (n, of) = (answer.measured.n.canary, &answer.case.metric.of);
    let time = SignedDuration::from_secs_f64((elapsed(answer).as_secs_f64() * more).min(1e9).ceil());
    let time = duration(rounded(time));
    let whole = count(two_digits(n * (1.0 + more)));
    if more > TOO_MUCH {
        return "not decidable at this traffic: it would take over 1,000 times as much data".into();
    }
    if let Some(end) = answer.look.end_to_come() {
        let soak = duration(answer.case.soaked(end));
        return format!("the soak of {soak} will not decide it: about {time} more would ({how}, if it stays so)");
    }
    let hint = if more > 1.0 && is_doubted(answer, how) { past(answer) } else { "" };
    match answer.measured.n_of {
        "trials" if has_no_events(answer) => {
            let each = if answer.case.needs_baseline() { "requests per arm" } else { "canary requests" };
            let each = each.replace("requests", of);
            format!("needs about {whole} {each} with none bad to {how}, {time} more at this traffic{hint}")
        }
        "trials" if more > MUCH => {
            format!("a longer window hardly decides: it needs about {whole} canary {of}{hint}, or a wider bound")
        }
        "trials" => {
            let n = count(two_digits(n * more));
            format!(
                "about {n} more canary {of} ({whole} in all), {time} at this traffic, would decide ({how}, if the rate \
                 stays){hint}"
            )
        }
        "steps" if more > MUCH => {
            format!(
                "a longer window hardly decides: it needs about {whole} steps{hint}. More traffic or a wider bound would"
            )
        }
        "steps" => {
            let steps = two_digits((n * more).max(1.0));
            let lasting = || answer.case.lasting(usize::try_from(steps).unwrap_or(usize::MAX));
            // without dates a step is a run or a sample, whatever it takes
            let time = if answer.case.is_dated() { format!(" ({})", lasting()) } else { String::new() };
            let stays = if trend { "it goes on so" } else { "the level stays" };
            let steps = plural(steps, "more step");
            format!("about {steps}{time} would decide ({how}, if {stays}){hint}")
        }
        _ => format!("about {time} more would decide ({how}, if the rate stays){hint}"),
    }
}

/// Whether no arm that is judged had a bad one.
fn has_no_events(answer: &Answer) -> bool {
    answer
        .measured
        .bad
        .is_some_and(|Pair { baseline, canary }| canary == 0 && (baseline == 0 || !answer.case.needs_baseline()))
}

/// Whether the data would decide already, if it were known that they are no noisier than chance.
fn is_doubted(answer: &Answer, how: &str) -> bool {
    let (test, passes) = (answer.test, how == "pass");
    let (z, needed) = match passes {
        true => (answer.strength.pass.0, answer.needs.pass.z),
        false => (answer.strength.fail.0, answer.needs.fail.z),
    };
    let case = answer.case;
    let known = case.metric.history.is_some() || case.rules.learned.contains_key(&case.criterion.metric);
    if known || answer.reason == Reason::SmallExcess {
        return false;
    }
    let (towards, away) = sides(test.wanted);
    let direction = if passes { towards } else { away };
    test.comparison.if_independent(z, test.limit, direction).is_some_and(|z| z >= needed)
}

/// How davy gets to know the noise of the metric.
fn past(answer: &Answer) -> &'static str {
    match answer.test.comparison.method() {
        Method::BinomialTail | Method::PoissonTail => ", or a history of its noise (`davy calibrate --history`)",
        // neither slopes nor spikes learn anything of the past
        Method::Trend | Method::StepsBeyond | Method::EarlierDays => "",
        _ => ", or its noise learned from its past (`noise: { learn: 1d }`)",
    }
}

/// Whether the estimate lies within a tenth of its limit, as far as that can be said.
fn near(test: &Test) -> bool {
    let margin = |estimate: f64| test.limit == 0.0 || (estimate - test.limit).abs() <= 0.1 * test.limit.abs();
    test.comparison.estimate().is_none_or(margin)
}

fn two_digits(value: f64) -> u64 {
    if value < 10.0 {
        return value.ceil().max(1.0) as u64;
    }
    let scale = 10_f64.powf(value.log10().floor() - 1.0);
    ((value / scale).ceil() * scale) as u64
}

/// A span to the minute, from ten minutes on.
fn rounded(span: SignedDuration) -> SignedDuration {
    let seconds = span.as_secs();
    let unit = match seconds {
        0..600 => 1,
        600..86_400 => 60,
        _ => 3_600,
    };
    SignedDuration::from_secs((seconds + unit - 1) / unit * unit)
}
