//! The numbers of a bound in the metric's own unit, or why they cannot be.

use jiff::SignedDuration;

use super::question::Question;
use crate::notation::{Complaint, MarginText, Measure, Quantity};
use crate::rules::{Kind, Limit, Statistic, Unit};

/// A threshold in the metric's unit, and the span that occurrences are counted in.
pub(super) fn threshold(
    quantity: &Quantity,
    question: &Question,
) -> Result<(Limit, Option<SignedDuration>), Complaint> {
    let trend = matches!(question.statistic, Statistic::Trend { .. });
    let signed = trend || matches!(question.metric.unit, Unit::Percent | Unit::Plain(_));
    if quantity.number < 0.0 && !signed {
        return Err(Complaint::new(format!("`{}` is never negative", question.name)));
    }
    let (value, per) = match question.statistic {
        Statistic::Count => (plain_count(quantity, question)?, None),
        Statistic::Frequency => frequency(quantity, question)?,
        Statistic::Trend { .. } => rise(quantity, question)?,
        _ => (in_unit(quantity, question)?, None),
    };
    Ok((Limit::Threshold(value), per))
}

/// How much a number may change in a span of time, in the metric's unit, and the span.
fn rise(quantity: &Quantity, question: &Question) -> Result<(f64, Option<SignedDuration>), Complaint> {
    if quantity.number == 0.0 && quantity.unit == Measure::Bare {
        return Ok((0.0, None));
    }
    let (size, per) = changing(quantity, question)?;
    let shares = matches!(question.metric.unit, Unit::Share | Unit::Percent);
    match size.unit {
        // shares differ by points, and a limit without the baseline can mean nothing else
        Measure::Percent | Measure::Points if shares => Ok((size.number, Some(per))),
        Measure::Percent => {
            let message = format!("`{quantity}` of what? A limit in % is one beside the baseline");
            let example = example_of(&question.metric.unit, size.number);
            Err(Complaint::new(message).hint(format!("write `baseline + {quantity}`, or `{example}/h`")))
        }
        _ => {
            let own = |_| {
                let (name, unit) = (question.name, &question.metric.unit);
                let message = format!("`{name}` is {}, which does not change by `{quantity}`", measured_in(unit));
                Complaint::new(message).hint(format!("write it as `{}/h`", example_of(unit, size.number)))
            };
            Ok((in_unit(&size, question).map_err(own)?, Some(per)))
        }
    }
}

/// A change per time as the size of the change and the time.
fn changing(quantity: &Quantity, question: &Question) -> Result<(Quantity, SignedDuration), Complaint> {
    let of = |unit: Measure| Quantity { number: quantity.number, unit };
    let word = |word: &str| {
        let (own, per) = word.rsplit_once('/')?;
        match Measure::parse(&format!("/{per}")) {
            Ok(Measure::PerTime(span)) => Some((of(Measure::Word(own.to_owned())), span.0)),
            _ => None,
        }
    };
    let found = match &quantity.unit {
        Measure::Change(unit, span) => Some((of((**unit).clone()), span.0)),
        Measure::PerTime(span) => Some((of(Measure::Bare), span.0)),
        Measure::Word(text) => word(text),
        _ => None,
    };
    found.filter(|(_, per)| !per.is_zero()).ok_or_else(|| {
        let message = format!("a trend is a change per time, and `{quantity}` has no time");
        let written = if quantity.unit == Measure::Bare {
            format!("{}/h", example_of(&question.metric.unit, quantity.number))
        } else {
            format!("{quantity}/h")
        };
        Complaint::new(message).hint(format!("write `{written}` or `{}/d`", written.trim_end_matches("/h")))
    })
}

fn plain_count(quantity: &Quantity, question: &Question) -> Result<f64, Complaint> {
    match quantity.unit {
        Measure::Bare => Ok(quantity.number),
        _ => {
            let hint = match question.metric.kind {
                Kind::Events => format!("write `{}`, or leave `statistic: count` out", quantity.number),
                _ => format!("write `{}`, or bound the rate", quantity.number),
            };
            Err(Complaint::new(format!("a count is a plain number, not `{quantity}`")).hint(hint))
        }
    }
}

fn frequency(quantity: &Quantity, question: &Question) -> Result<(f64, Option<SignedDuration>), Complaint> {
    let number = quantity.number;
    match (&quantity.unit, &question.metric.unit) {
        (Measure::PerTime(span), Unit::PerSecond) if !span.0.is_zero() => {
            Ok((number / span.0.as_secs_f64(), Some(span.0)))
        }
        (Measure::PerTime(_), Unit::PerSecond) => Err(Complaint::new("occurrences in no time at all")),
        (Measure::PerUnit(unit), Unit::Per(own)) if unit == own => Ok((number, None)),
        (Measure::Bare, _) if number == 0.0 => Ok((0.0, None)),
        (Measure::PerUnit(unit), Unit::PerSecond) => {
            let message = format!("`{}` does not know how many `{unit}` there were", question.name);
            let hint = format!("name the column: `events: {{ count: …, exposure: {unit}s, per: {unit} }}`");
            Err(Complaint::new(message).hint(hint))
        }
        (_, Unit::Per(own)) => {
            let message = format!("`{}` is counted per {own}", question.name);
            Err(Complaint::new(message)
                .hint(format!("write `{number}/{own}`; or leave `exposure` out for a frequency in time")))
        }
        (Measure::Bare, _) if question.alarm => {
            Err(Complaint::new("an alarm on events needs a span of time").hint(format!("write `{number} / 5m`")))
        }
        _ => {
            let hint = format!("write `{number}/min`, or a plain number for how many in the whole window");
            Err(Complaint::new(format!("`{quantity}` is not a frequency")).hint(hint))
        }
    }
}

/// A number with its unit as a number in the metric's unit.
fn in_unit(quantity: &Quantity, question: &Question) -> Result<f64, Complaint> {
    let number = quantity.number;
    let wrong = |hint: String| {
        Err(Complaint::new(format!("`{}` is {}, not `{quantity}`", question.name, measured_in(&question.metric.unit)))
            .hint(hint))
    };
    match (&quantity.unit, &question.metric.unit) {
        (Measure::Percent, Unit::Share) if number <= 100.0 => Ok(number / 100.0),
        (Measure::Percent, Unit::Share) => Err(Complaint::new(format!("`{quantity}` is more than the whole"))),
        (Measure::Bare, Unit::Share) if number == 0.0 => Ok(0.0),
        (Measure::Bare, Unit::Share) => {
            let fraction = format!("`{}%`", Quantity { number: number * 100.0, unit: Measure::Bare });
            let hint = match number <= 1.0 {
                true => format!("write `{number}%`; or {fraction} if the fraction {number} is meant"),
                false => format!("write `{number}%`; or `statistic: count` to bound their number"),
            };
            Err(Complaint::new(format!("a threshold on a share needs `%`: what is {number} of `{}`?", question.name))
                .hint(hint))
        }
        (Measure::PerTime(_), Unit::Share) => {
            wrong(format!("write `{number}%`; for a frequency make the bad ones an `events` metric"))
        }
        (Measure::Points, Unit::Share | Unit::Percent) => {
            let hint = format!("write `{number}%`; `pp` is for margins: `baseline + {number}pp`");
            Err(Complaint::new("`pp` is a difference of shares, and this is not a difference").hint(hint))
        }
        (_, Unit::Share) => wrong("a share is bounded in %: `<= 0.1%`".to_owned()),
        (Measure::Percent, Unit::Percent) => Ok(number),
        (Measure::Time(_), Unit::Milliseconds) | (Measure::Storage(_), Unit::Bytes) => Ok(quantity.in_base()),
        (Measure::Bare, Unit::Plain(_)) => Ok(number),
        (Measure::Word(word), Unit::Plain(own)) if names_unit(word, own) => Ok(number),
        (Measure::Bare, unit) => {
            let message = format!("a bound on `{}` needs a unit", question.name);
            Err(Complaint::new(message).hint(format!("write `{}`", example_of(unit, number))))
        }
        (_, Unit::Plain(own)) if own.is_empty() => {
            wrong(format!("say `unit:` in the metric, or write `{number}` without a unit"))
        }
        (Measure::Percent, unit) => {
            wrong(format!("write `{}`; or relative to the baseline: `baseline + {number}%`", example_of(unit, number)))
        }
        (_, unit) => wrong(format!("write it as `{}`", example_of(unit, number))),
    }
}

/// Whether a word is a metric's own unit; a currency alone is what a cost is measured in.
pub fn names_unit(word: &str, own: &str) -> bool {
    word == own || own.strip_suffix("/month") == Some(word)
}

fn measured_in(unit: &Unit) -> String {
    match unit {
        Unit::Share => "a share".into(),
        Unit::Percent => "measured in %".into(),
        Unit::Milliseconds => "a duration".into(),
        Unit::Bytes => "a size in bytes".into(),
        Unit::PerSecond | Unit::Per(_) => "a frequency".into(),
        Unit::Plain(name) if name.is_empty() => "a number without a unit".into(),
        Unit::Change { of, .. } => format!("a change of what is {}", measured_in(of)),
        Unit::Plain(name) => format!("measured in {name}"),
    }
}

/// The limit `baseline`, with a margin (and whether it is subtracted) or without.
pub(super) fn margin(size: Option<(bool, &MarginText)>, question: &Question) -> Result<Limit, Complaint> {
    comparable(question)?;
    let Some((minus, size)) = size else {
        return Ok(Limit::Margin { relative: None, absolute: None });
    };
    let size = &match question.statistic {
        Statistic::Trend { .. } => without_time(size, question)?.0,
        _ => size.clone(),
    };
    let sign = if minus { -1.0 } else { 1.0 };
    let (relative, absolute) = match size {
        MarginText::One(quantity) => one(quantity, question)?,
        MarginText::Wider(a, b) => match (one(a, question)?, one(b, question)?) {
            ((Some(relative), None), (None, Some(absolute))) | ((None, Some(absolute)), (Some(relative), None)) => {
                (Some(relative), Some(absolute))
            }
            _ => {
                let hint = "write one part in % of the baseline and one absolute: `max(50%, 0.1pp)`";
                return Err(Complaint::new("both parts of `max` are of the same kind").hint(hint));
            }
        },
    };
    if minus && relative.is_some_and(|relative| relative >= 1.0) {
        return Err(
            Complaint::new("the baseline less all of it leaves nothing to compare with").hint("write less than 100%")
        );
    }
    Ok(Limit::Margin { relative: relative.map(|r| sign * r), absolute: absolute.map(|a| sign * a) })
}

/// The size of a margin on a trend, and the time that both of its parts are per.
fn without_time(size: &MarginText, question: &Question) -> Result<(MarginText, SignedDuration), Complaint> {
    match size {
        MarginText::One(one) => changing(one, question).map(|(one, per)| (MarginText::One(one), per)),
        MarginText::Wider(a, b) => {
            let ((a, per), (b, other)) = (changing(a, question)?, changing(b, question)?);
            if per != other {
                let hint = "write both per hour: `max(5%/h, 10MiB/h)`";
                return Err(Complaint::new("both parts of `max` are per the same time").hint(hint));
            }
            Ok((MarginText::Wider(a, b), per))
        }
    }
}

/// The time that a margin on a trend is per, where it says one.
pub(super) fn time_of(size: &MarginText, question: &Question) -> Option<SignedDuration> {
    match question.statistic {
        Statistic::Trend { .. } => without_time(size, question).ok().map(|(_, per)| per),
        _ => None,
    }
}

/// Whether the arms can be compared in this statistic at all.
fn comparable(question: &Question) -> Result<(), Complaint> {
    match (&question.metric.kind, question.statistic) {
        (_, Statistic::Count) => {
            let hint = match question.metric.kind {
                Kind::Events => "leave `statistic: count` out: frequencies are compared",
                _ => "leave `statistic: count` out: rates are compared",
            };
            Err(Complaint::new("counts of arms with different traffic cannot be compared").hint(hint))
        }
        (_, Statistic::Max | Statistic::Min) => {
            let message = "a margin makes no sense for an extreme value: the arm with more traffic has the larger ones";
            Err(Complaint::new(message).hint("write a threshold, or compare a quantile"))
        }
        (Kind::Gauge { .. }, Statistic::Quantile(_)) => {
            let message = "a margin makes no sense for a quantile across steps: a handful of steps decides it";
            Err(Complaint::new(message).hint("write a threshold, or leave `statistic` out (the typical step)"))
        }
        _ => Ok(()),
    }
}

/// One part of a margin: relative, or absolute in the metric's unit.
fn one(quantity: &Quantity, question: &Question) -> Result<(Option<f64>, Option<f64>), Complaint> {
    let number = quantity.number;
    let unit = &question.metric.unit;
    match (&quantity.unit, &question.metric.kind) {
        (Measure::Percent, Kind::GoodShare | Kind::PartShare) => {
            let hint = format!("write `{number}pp`, or bound its complement in %");
            Err(Complaint::new(
                "a margin in % of a good or neutral share says little: 1 % of 99 % is a doubling of the misses",
            )
            .hint(hint))
        }
        (Measure::Percent, _) => Ok((Some(number / 100.0), None)),
        (_, Kind::Events) => {
            let message =
                "arms with different traffic have different numbers of events, so only a relative margin fits";
            Err(Complaint::new(message).hint("write `baseline + 50%`"))
        }
        (_, Kind::Values) => {
            let message = "quantiles of requests are compared by ratio";
            Err(Complaint::new(message).hint("write `baseline + 5%`, or a threshold"))
        }
        (Measure::Points, _) => match unit {
            Unit::Share => Ok((None, Some(number / 100.0))),
            Unit::Percent => Ok((None, Some(number))),
            _ => {
                let message = format!("`pp` is for shares, and `{}` is {}", question.name, measured_in(unit));
                Err(Complaint::new(message)
                    .hint(format!("write `{}`, or `{number}%` of the baseline", example_of(unit, number))))
            }
        },
        (Measure::Bare, _) if !matches!(unit, Unit::Plain(_)) => {
            let absolute = match unit {
                Unit::Share | Unit::Percent => format!("{number}pp"),
                unit => example_of(unit, number),
            };
            let message = "a margin needs a unit";
            Err(Complaint::new(message).hint(format!("write `{number}%` (of the baseline) or `{absolute}` (absolute)")))
        }
        _ => Ok((None, Some(in_unit(quantity, question)?))),
    }
}

/// How a unit is written in a bound, for hints.
pub fn example_of(unit: &Unit, number: f64) -> String {
    match unit {
        Unit::Share | Unit::Percent => format!("{number}%"),
        Unit::Milliseconds => format!("{number}ms"),
        Unit::Bytes => format!("{number}MiB"),
        Unit::PerSecond => format!("{number}/min"),
        Unit::Per(exposure) => format!("{number}/{exposure}"),
        Unit::Plain(name) if name.is_empty() => format!("{number}"),
        Unit::Change { of, .. } => example_of(of, number),
        Unit::Plain(name) => format!("{number} {name}"),
    }
}
