//! Bounds as people write them: `<= 0.1%`, `>= baseline - 1pp`, `<= baseline + max(50%, 0.1pp)`.
//!
//! Only the grammar is here. What a bound means, and whether a metric can answer it, is decided where the metric is
//! known. Total, and what it prints it reads back.

use std::fmt;

use super::complaint::Complaint;
use super::quantity::Quantity;

/// A bound as written.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundText {
    /// The comparison.
    pub op: Op,
    /// What is compared with.
    pub limit: LimitText,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
}

impl Op {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Equal => "==",
        }
    }
}

/// The right side of a bound.
#[derive(Debug, Clone, PartialEq)]
pub enum LimitText {
    /// A value by itself.
    Value(Quantity),
    /// The baseline, exactly.
    Baseline,
    /// The baseline and a margin.
    Margin {
        /// Whether the margin is subtracted.
        minus: bool,
        /// Its size.
        margin: MarginText,
    },
}

/// The size of a margin.
#[derive(Debug, Clone, PartialEq)]
pub enum MarginText {
    /// One part.
    One(Quantity),
    /// The wider of two.
    Wider(Quantity, Quantity),
}

const FORM: &str =
    "write a comparison and a limit: `<= 0.1%`, `>= 80%`, `<= baseline + 5%`, `<= baseline + max(50%, 0.1pp)`";

impl BoundText {
    /// Reads a bound.
    pub fn parse(text: &str) -> Result<BoundText, Complaint> {
        let mut at = Cursor { text, at: 0 };
        let op = at.op()?;
        let limit = match at.word("baseline") {
            true => at.margin()?,
            false => LimitText::Value(at.quantity("a limit", text.len())?),
        };
        match at.rest().is_empty() {
            true => Ok(BoundText { op, limit }),
            false => Err(at.complain("nothing more is expected here").hint(FORM)),
        }
    }
}

/// A place in the text that moves forward.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        rest.trim_start()
    }

    fn complain(&mut self, message: impl Into<String>) -> Complaint {
        self.rest();
        Complaint::new(message).within(self.at..self.text.len())
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let ends =
            rest.strip_prefix(word).is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        ends && self.take(word)
    }

    fn op(&mut self) -> Result<Op, Complaint> {
        if self.rest().is_empty() {
            return Err(Complaint::new("the bound is empty").hint(FORM));
        }
        for (wrong, right) in [("=<", "<="), ("=>", ">="), ("≤", "<="), ("≥", ">="), ("!=", "=="), ("<>", "==")] {
            if self.rest().starts_with(wrong) {
                let part = self.at..self.at + wrong.len();
                let message = format!("`{wrong}` is not a comparison");
                return Err(Complaint::new(message).hint(format!("write `{right}`")).within(part));
            }
        }
        for op in [Op::AtMost, Op::AtLeast, Op::Equal, Op::Less, Op::More] {
            if self.take(op.symbol()) {
                return Ok(op);
            }
        }
        if self.rest().starts_with('=') {
            return Err(self.complain("`=` is not a comparison").hint("write `==` (only with 0), `<=` or `>=`"));
        }
        Err(self.complain("a bound begins with a comparison").hint(FORM))
    }

    fn margin(&mut self) -> Result<LimitText, Complaint> {
        if self.rest().is_empty() {
            return Ok(LimitText::Baseline);
        }
        let minus = if self.take("+") {
            false
        } else if self.take("-") || self.take("−") {
            true
        } else {
            let hint = "write a margin after it: `baseline + 5%`, `baseline - 1pp`; or nothing";
            return Err(self.complain("`baseline` is followed by `+` or `-`").hint(hint));
        };
        if self.word("max") {
            return Ok(LimitText::Margin { minus, margin: self.wider()? });
        }
        if self.word("min") {
            let hint = "write `max(…, …)`: the wider of two margins counts";
            return Err(self.complain("`min(…)` of two margins does not exist").hint(hint));
        }
        let quantity = self.size(self.text.len())?;
        Ok(LimitText::Margin { minus, margin: MarginText::One(quantity) })
    }

    fn wider(&mut self) -> Result<MarginText, Complaint> {
        let form = "write `max(50%, 0.1pp)`";
        if !self.take("(") {
            return Err(self.complain("`max` is followed by two margins in brackets").hint(form));
        }
        let Some(comma) = self.text[self.at..].find(',').map(|i| self.at + i) else {
            return Err(self.complain("`max` takes two margins with a comma between them").hint(form));
        };
        let first = self.size(comma)?;
        self.at = comma + 1;
        let Some(close) = self.text[self.at..].find(')').map(|i| self.at + i) else {
            return Err(self.complain("the bracket is not closed").hint(form));
        };
        let second = self.size(close)?;
        self.at = close + 1;
        Ok(MarginText::Wider(first, second))
    }

    fn size(&mut self, end: usize) -> Result<Quantity, Complaint> {
        let start = self.at;
        let quantity = self.quantity("a margin", end)?;
        match quantity.number < 0.0 {
            true => {
                Err(Complaint::new("a margin is not negative").hint("write `baseline - …` instead").within(start..end))
            }
            false => Ok(quantity),
        }
    }

    fn quantity(&mut self, what: &str, end: usize) -> Result<Quantity, Complaint> {
        self.rest();
        let start = self.at.min(end);
        let part = &self.text[start..end];
        if part.trim().is_empty() {
            return Err(Complaint::new(format!("{what} is missing")).hint(FORM).within(start..end.max(start)));
        }
        let quantity = Quantity::parse(part).map_err(|complaint| {
            let inner = complaint.part.clone();
            let inner = if inner.is_empty() { 0..part.trim_end().len() } else { inner };
            complaint.within(start + inner.start..start + inner.end)
        })?;
        self.at = end;
        Ok(quantity)
    }
}

impl fmt::Display for BoundText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op.symbol(), self.limit)
    }
}

impl fmt::Display for LimitText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LimitText::Value(quantity) => write!(f, "{quantity}"),
            LimitText::Baseline => f.write_str("baseline"),
            LimitText::Margin { minus, margin } => {
                write!(f, "baseline {} ", if *minus { "-" } else { "+" })?;
                match margin {
                    MarginText::One(quantity) => write!(f, "{quantity}"),
                    MarginText::Wider(a, b) => write!(f, "max({a}, {b})"),
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNITS: [&str; 9] = ["", "%", "pp", "ms", "MiB", "/min", " / 5m", "/session", " connections"];

    fn quantity() -> impl Strategy<Value = Quantity> {
        let number =
            prop_oneof![(0_u32..100_000).prop_map(f64::from), (0_u32..100_000).prop_map(|n| f64::from(n) / 1000.0)];
        (number, prop::sample::select(&UNITS[..])).prop_map(|(n, unit)| Quantity::parse(&format!("{n}{unit}")).unwrap())
    }

    fn bounds() -> impl Strategy<Value = BoundText> {
        let op = prop::sample::select(&[Op::Less, Op::AtMost, Op::More, Op::AtLeast, Op::Equal][..]);
        let margin = prop_oneof![
            quantity().prop_map(MarginText::One),
            (quantity(), quantity()).prop_map(|(a, b)| MarginText::Wider(a, b))
        ];
        let limit = prop_oneof![
            quantity().prop_map(LimitText::Value),
            Just(LimitText::Baseline),
            (any::<bool>(), margin).prop_map(|(minus, margin)| LimitText::Margin { minus, margin }),
        ];
        (op, limit).prop_map(|(op, limit)| BoundText { op, limit })
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,32}") {
            if let Err(complaint) = BoundText::parse(&text) {
                prop_assert!(text.get(complaint.part).is_some());
            }
        }

        #[test]
        fn text_that_looks_right_is_answered(text in "[<>=]{0,3} ?(baseline)? ?[-+]? ?(max)?[(]?[0-9.]{0,3}[%a-z/]{0,3},?[)]?") {
            if let Err(complaint) = BoundText::parse(&text) {
                prop_assert!(text.get(complaint.part).is_some());
            }
        }

        #[test]
        fn what_is_printed_is_read_back(bound in bounds()) {
            prop_assert_eq!(BoundText::parse(&bound.to_string()), Ok(bound));
        }
    }

    #[test]
    fn spacing_is_free() {
        for text in ["<=baseline+max(50%,0.1pp)", " <=  baseline + max( 50% , 0.1pp ) "] {
            let bound = BoundText::parse(text).unwrap();
            assert_eq!(bound.to_string(), "<= baseline + max(50%, 0.1pp)");
        }
    }

    #[test]
    fn complaints_point_at_the_part_that_is_wrong() {
        let part = |text: &'static str| text.get(BoundText::parse(text).unwrap_err().part).unwrap();
        assert_eq!(part("<= 5 foo bar"), "foo bar");
        assert_eq!(part("=< 5%"), "=<");
        assert_eq!(part("<= baseline * 2"), "* 2");
        assert_eq!(part("<= baseline + max(5%, 1,5pp)"), "1");
        assert_eq!(part("5%"), "5%");
    }
}
