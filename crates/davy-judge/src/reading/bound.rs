//! What a bound means for a metric, or why it cannot be one.

use super::limit::{margin, threshold, time_of};
use super::question::Question;
use crate::notation::{BoundText, Complaint, LimitText, Op};
use crate::rules::{Bound, Kind, Limit, Metric, Side, Statistic};

/// Whether a bound says what passes or what fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What must hold.
    Pass,
    /// What must not.
    Fail,
}

/// What a bound means.
pub fn bound(text: &BoundText, question: &Question, reading: Reading) -> Result<Bound, Complaint> {
    match text.op {
        Op::Equal => equal(text, question, reading),
        op => sided(op, &text.limit, question, reading),
    }
}

/// Whether a bound is at nothing.
pub fn is_zero(bound: &BoundText) -> bool {
    matches!(&bound.limit, LimitText::Value(quantity) if quantity.number == 0.0)
}

fn equal(text: &BoundText, question: &Question, reading: Reading) -> Result<Bound, Complaint> {
    let fits = matches!(question.metric.kind, Kind::BadShare | Kind::PartShare | Kind::Events);
    if reading == Reading::Fail {
        return Err(Complaint::new("`==` cannot say what fails").hint("write `fail: \"> …\"` or `fail: \">= …\"`"));
    }
    if !fits {
        let hint = match question.metric.kind {
            Kind::GoodShare => "write `>= 100%`",
            _ => "write `<=` or `>=`",
        };
        return Err(Complaint::new(format!("`==` is for counted things, and `{}` is none", question.name)).hint(hint));
    }
    if !is_zero(text) {
        return Err(
            Complaint::new("`==` exists only with 0: nothing else is ever met exactly").hint("write `<=` or `>=`")
        );
    }
    Ok(Bound { side: Side::AtMost, strict: false, limit: Limit::Threshold(0.0), per: None })
}

fn sided(op: Op, limit: &LimitText, question: &Question, reading: Reading) -> Result<Bound, Complaint> {
    let (side, strict) = match op {
        Op::Less => (Side::AtMost, true),
        Op::AtMost | Op::Equal => (Side::AtMost, false),
        Op::More => (Side::AtLeast, true),
        Op::AtLeast => (Side::AtLeast, false),
    };
    right_way(side, question, reading)?;
    of_any_quantile(wanted(side, reading), limit, question)?;
    let (limit, per) = match limit {
        LimitText::Value(quantity) => threshold(quantity, question)?,
        LimitText::Baseline => (margin(None, question)?, None),
        LimitText::Margin { minus, margin: size } => (margin(Some((*minus, size)), question)?, time_of(size, question)),
    };
    Ok(Bound { side, strict, limit, per })
}

/// A good share is wanted high and a bad one low; a bound the other way round is a slip.
fn right_way(side: Side, question: &Question, reading: Reading) -> Result<(), Complaint> {
    let (low, high) = match reading {
        Reading::Pass => ("<=", ">="),
        Reading::Fail => (">", "<"),
    };
    let wanted = wanted(side, reading);
    match (&question.metric.kind, wanted) {
        (Kind::BadShare, Side::AtLeast) => {
            let message = format!("`{}` is a share of bad ones, so a pass cannot ask for more of them", question.name);
            Err(Complaint::new(message).hint(format!("write `{low} …`; or name the good ones: `rate: {{ good: … }}`")))
        }
        (Kind::GoodShare, Side::AtMost) => {
            let message =
                format!("`{}` is a share of good ones, so a pass cannot ask for fewer of them", question.name);
            Err(Complaint::new(message).hint(format!("write `{high} …`; or bound the bad ones: `show: bad`")))
        }
        _ => Ok(()),
    }
}

/// Every quantile at once is compared with the baseline's, and small is good.
fn of_any_quantile(wanted: Side, limit: &LimitText, question: &Question) -> Result<(), Complaint> {
    if !matches!(question.statistic, Statistic::AnyQuantile { .. }) {
        return Ok(());
    }
    if matches!(limit, LimitText::Value(_)) {
        let hint = "write `<= baseline + 10%`, or bound one quantile: `statistic: p99`";
        return Err(Complaint::new("`any quantile` compares the arms, and has no limit of its own").hint(hint));
    }
    if wanted == Side::AtLeast {
        let hint = "write `<= baseline + 10%`; or ask one quantile: `statistic: p50`";
        return Err(Complaint::new("`any quantile` asks whether any part became larger").hint(hint));
    }
    Ok(())
}

fn wanted(side: Side, reading: Reading) -> Side {
    match (side, reading) {
        (side, Reading::Pass) => side,
        (Side::AtMost, Reading::Fail) => Side::AtLeast,
        (Side::AtLeast, Reading::Fail) => Side::AtMost,
    }
}

/// Which part of all shares or frequencies a bound wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// None of them: nothing passes.
    Nothing,
    /// None of them, or all: no interval shows that it is met, and the observed number does.
    Edge,
    /// Some of them.
    Part,
    /// All of them: everything passes.
    Everything,
}

impl Reach {
    /// What is wrong with a bound that nothing meets, or that everything meets.
    pub fn refused(self, text: &BoundText, metric: &Metric) -> Option<Complaint> {
        let message = match self {
            Reach::Nothing => format!("nothing passes with `{text}`"),
            Reach::Everything => format!("everything passes with `{text}`"),
            Reach::Edge | Reach::Part => return None,
        };
        let hint = match metric.kind {
            Kind::GoodShare => "write `pass: \">= 100%\"` if none may be bad, or a share in between",
            _ => "write `pass: \"== 0\"` if none is tolerated, or a bound that can be met and broken",
        };
        Some(Complaint::new(message).hint(hint))
    }
}

/// Which part of all that a metric can be a bound wants.
pub fn reach(bound: &Bound, reading: Reading, question: &Question) -> Reach {
    let Limit::Threshold(limit) = bound.limit else { return Reach::Part };
    let (lowest, highest) = match (&question.metric.kind, question.statistic) {
        (Kind::BadShare | Kind::GoodShare | Kind::PartShare, Statistic::Rate) => (0.0, 1.0),
        (Kind::Events, Statistic::Frequency) => (0.0, f64::INFINITY),
        _ => return Reach::Part,
    };
    let strict = bound.strict != (reading == Reading::Fail);
    let (near, far) = match wanted(bound.side, reading) {
        Side::AtMost => (lowest, highest),
        Side::AtLeast => (highest, lowest),
    };
    match (limit == near, limit == far, strict) {
        (true, _, true) => Reach::Nothing,
        (true, _, false) => Reach::Edge,
        (_, true, false) => Reach::Everything,
        _ => Reach::Part,
    }
}
