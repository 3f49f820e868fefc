//! A criterion of Keptn: `<600`, `<=+10%`, `>=-80%`, `=0`.

use crate::import::condition::Op;
use crate::import::controller::keptn::{Criterion, Target};
use crate::import::number::{number, plain};

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// A limit.
    Absolute(Op, f64),
    /// A margin around the baseline: `+ 10%`.
    Relative { op: Op, margin: String },
}

/// Reads a criterion. A sign before the number makes it relative, and so does a percentage.
pub(super) fn parse(text: &str) -> Option<Wanted> {
    let text = text.trim();
    let signs = [("<=", Op::AtMost), (">=", Op::AtLeast), ("<", Op::Below), (">", Op::Above), ("=", Op::Equal)];
    let (op, rest) = signs.into_iter().find_map(|(sign, op)| Some((op, text.strip_prefix(sign)?.trim())))?;
    let (amount, unit) = match rest.trim_start_matches('+').strip_suffix('%') {
        Some(amount) => (amount, "%"),
        None => (rest.trim_start_matches('+'), ""),
    };
    let amount = number(amount)?;
    if unit.is_empty() && !rest.starts_with(['+', '-']) {
        return Some(Wanted::Absolute(op, amount));
    }
    let sign = if rest.starts_with('-') { '-' } else { '+' };
    Some(Wanted::Relative { op, margin: format!("{sign} {}{unit}", plain(amount.abs())) })
}

/// The same for Keptn's own rule.
pub(super) fn as_written(text: &str) -> Option<Criterion> {
    let (op, target) = match parse(text)? {
        Wanted::Absolute(op, limit) => (op, Target::Fixed(limit)),
        Wanted::Relative { op, margin } => {
            let (sign, amount) = margin.split_once(' ')?;
            let signed = |amount: f64| if sign == "-" { -amount } else { amount };
            let target = match amount.strip_suffix('%') {
                Some(percent) => Target::Percent(signed(number(percent)?)),
                None => Target::Distance(signed(number(amount)?)),
            };
            (op, target)
        }
    };
    Some(Criterion { op, target })
}

impl Wanted {
    /// Whether it asks for an exact distance from the baseline, which no measured number keeps.
    pub(super) fn is_margin_to_meet(&self) -> bool {
        matches!(self, Wanted::Relative { op: Op::Equal, .. })
    }

    /// Whether it is the same kind of limit in the same direction, further out.
    pub(super) fn is_beyond(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Absolute(op, limit) => self.looser_than(*op, *limit).is_some(),
            Wanted::Relative { op, margin } => self.wider_than(*op, margin).is_some(),
        }
    }

    /// Where a limit in the same direction fails, if this one lies beyond it.
    pub(super) fn looser_than(&self, op: Op, limit: f64) -> Option<(Op, f64)> {
        match self {
            Wanted::Absolute(own, number) if own.is_upper() == op.is_upper() && ![*own, op].contains(&Op::Equal) => {
                op.is_looser(*number, limit).then(|| (own.denied(), *number))
            }
            _ => None,
        }
    }

    /// Where a margin in the same direction fails, if this one is wider.
    pub(super) fn wider_than(&self, op: Op, margin: &str) -> Option<(Op, String)> {
        let amount = |text: &str| number(text.trim_start_matches(['+', '-', ' ']).trim_end_matches('%'));
        match self {
            Wanted::Relative { op: own, margin: wide }
                if own.is_upper() == op.is_upper()
                    && *own != Op::Equal
                    && wide.starts_with(margin.chars().next()?)
                    && wide.ends_with('%') == margin.ends_with('%')
                    && amount(wide)? > amount(margin)? =>
            {
                Some((own.denied(), wide.clone()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_limits_or_margins() {
        assert_eq!(parse("<600"), Some(Wanted::Absolute(Op::Below, 600.0)));
        assert_eq!(parse("=0"), Some(Wanted::Absolute(Op::Equal, 0.0)));
        let relative = |op, margin: &str| Some(Wanted::Relative { op, margin: margin.into() });
        assert_eq!(parse("<=+10%"), relative(Op::AtMost, "+ 10%"));
        assert_eq!(parse(">=-80%"), relative(Op::AtLeast, "- 80%"));
        // "criteria containing '%' is always a comparison" (keptn#1498)
        assert_eq!(parse("<=1%"), relative(Op::AtMost, "+ 1%"));
        let target = |text| as_written(text).map(|criterion| criterion.target);
        assert_eq!(target(">=-80%"), Some(Target::Percent(-80.0)));
        assert_eq!(target("<+50"), Some(Target::Distance(50.0)));
        assert_eq!(target("<600"), Some(Target::Fixed(600.0)));
        assert_eq!(parse("<+50"), relative(Op::Below, "+ 50"));
        for wrong in ["600", "<", "<x", "==0", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_warning_lies_beyond_what_passes() {
        let at_most = |limit| Wanted::Absolute(Op::AtMost, limit);
        assert_eq!(at_most(800.0).looser_than(Op::Below, 600.0), Some((Op::Above, 800.0)));
        assert_eq!(at_most(500.0).looser_than(Op::Below, 600.0), None);
        let wide = parse("<=+20%").unwrap();
        assert_eq!(wide.wider_than(Op::AtMost, "+ 10%"), Some((Op::Above, "+ 20%".into())));
        assert_eq!(wide.wider_than(Op::AtMost, "+ 20%"), None);
        assert!(!parse(">=-5").unwrap().is_beyond(&parse("=0").unwrap()));
        assert!(!parse("=-20%").unwrap().is_beyond(&parse(">=-10%").unwrap()));
    }
}
