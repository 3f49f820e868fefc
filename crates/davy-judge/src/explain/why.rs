//! The reason behind an answer in words.

use crate::requests::Unfit;
use crate::rules::{Metric, Unit};
use crate::series::{Arm, Timestamp};
use crate::verdict::EffectKind;
use crate::why::{Silence, Who, Why, Worse};
use crate::words::{change, count, duration, plural, quantity};

/// Why, for a criterion of a metric.
pub(crate) fn why(why: &Why, metric: &Metric) -> String {
    let unit = &metric.unit;
    match why {
        Why::NoStep => "the window holds no step after the warm-up".into(),
        Why::NotReached => "its source could not be reached".into(),
        Why::NoGroup(by) => format!("no group of `{by}` was seen"),
        Why::OtherShape => "the data is not of the shape that this metric declares".into(),
        Why::Unfit(unfit) => requests(*unfit).into(),
        Why::NoNumber => "a bound of the criterion cannot be compared with anything".into(),
        Why::NoData(Arm::Canary) => "the canary has no data in its window".into(),
        Why::NoData(Arm::Baseline) => "the baseline has no data in its window to compare with".into(),
        Why::NoBound => "the criterion has no bound".into(),
        Why::NoTraffic => "there was no traffic to judge".into(),
        Why::NothingToCompare => "there is nothing to compare, since neither arm had any".into(),
        Why::LowCoverage { who, usable, steps, least } => coverage(*who, *usable, *steps, *least),
        Why::FewSteps { usable, least } => {
            format!("only {} can be used, at least {least} are needed", plural(*usable, "step"))
        }
        Why::FewDays { usable, of } => {
            let of = plural(*of as u64, "earlier day");
            format!("only {usable} of {of} can be used: how much days differ takes at least two")
        }
        Why::BeforePass { first, soak } if first == soak => {
            no_pass_before(&format!("the end of the soak of {}", duration(*soak)))
        }
        Why::BeforePass { first, soak } => {
            no_pass_before(&format!("{} of the soak of {}", duration(*first), duration(*soak)))
        }
        Why::BeforeSoak(least) => format!("the minimum soak is {}", duration(*least)),
        Why::Silent(how) => silence(how),
        Why::Worse(how) => worse(*how, unit),
        Why::SilentAndWorse(silent, how) => format!("{}; {}", silence(silent), worse(*how, unit)),
        Why::Remark(text) => text.clone(),
        Why::Grows { by, is_too_much } => {
            let by = change(*by, EffectKind::Difference, unit);
            let how = match is_too_much {
                true => "too much for the margin by the end",
                false => "not shown to stay within the margin to the end",
            };
            format!("it only grows, in an hour by {by} against the baseline, {how}")
        }
        Why::Crosses { by, limit } => format!(
            "it only grows, in an hour by {}, and would be beyond {} before the end of the soak",
            change(*by, EffectKind::Difference, unit),
            quantity(*limit, unit)
        ),
        Why::Unwatchful => {
            "a guardrail needs data that would show a canary at twice what its limit allows, and these would not".into()
        }
        Why::ShortWindow { watched, span } => {
            format!("{} were watched, less than {}", duration(*watched), duration(*span))
        }
        Why::FewPeriods { periods, n } => format!("the window has only {periods} periods, the alarm looks at {n}"),
        Why::Blind { open, runs, n } => {
            format!("the alarm could have gone off in only {open} of {runs} runs of {n} periods")
        }
        Why::Thin { bad, m, least } => {
            let periods = if *m == 1 { "period".to_owned() } else { format!("{m} periods") };
            let (bad, least) = (count(*bad), count(*least));
            format!("{bad} bad ones are too many, and no {periods} that set off the alarm hold {least} of them")
        }
    }
}

fn no_pass_before(when: &str) -> String {
    format!("nothing is shown to fail, and a pass is not given before {when}")
}

fn requests(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Scale => "the unit of its histograms is not a positive number",
        Unfit::Units => "the histograms of the two arms have different units",
        Unfit::Mixed => "one arm has histograms and the other has single values, which are not rounded alike",
    }
}

fn coverage(who: Who, usable: f64, steps: usize, least: f64) -> String {
    let what = match who {
        Who::One(Arm::Canary) => "the canary was measured",
        Who::One(Arm::Baseline) => "the baseline was measured",
        Who::Both => "both arms were measured",
        Who::BothOfShorter => "the baseline's window is the shorter one: both arms were measured",
    };
    format!(
        "{what} in only {} of {steps} steps ({}; at least {} is needed)",
        (usable * steps as f64).round(),
        quantity(usable, &Unit::Share),
        quantity(least, &Unit::Share),
    )
}

fn silence(how: &Silence) -> String {
    let at = |time: &Timestamp| time.strftime("%H:%M").to_string();
    match how {
        Silence::Since(arm, from) => format!("the {} has reported nothing since {} UTC", arm.name(), at(from)),
        Silence::Before(arm, to) => {
            format!("the {} reported nothing before {} UTC, and the {} did", arm.name(), at(to), arm.other().name())
        }
        Silence::Between(arm, from, to) => {
            let (from, to) = (at(from), at(to));
            format!("the {} reported nothing from {from} to {to} UTC, and the {} did", arm.name(), arm.other().name())
        }
        Silence::Scattered(arm, coverage) => {
            let [own, other] = [*arm, arm.other()].map(|arm| quantity(*coverage.get(arm), &Unit::Share));
            format!("the {} reported in {own} of the steps, the {} in {other}", arm.name(), arm.other().name())
        }
        Silence::Starved { steps, since } => {
            format!("the canary had no request for {steps} steps from {} UTC, with the baseline busy", at(since))
        }
        Silence::DriedUp { since } => format!("the canary has had no request since {} UTC", at(since)),
    }
}

fn worse(how: Worse, unit: &Unit) -> String {
    let show = |value: f64| quantity(value, unit);
    match how {
        Worse::Alone { canary, around } => format!(
            "where the baseline has no data the canary is worse: {} against {} before and after",
            show(canary),
            show(around)
        ),
        Worse::Overall { canary, baseline } => {
            let (own, other) = (show(canary), show(baseline));
            format!("over all of its steps the canary is beyond the limit: {own} against {other}")
        }
    }
}
