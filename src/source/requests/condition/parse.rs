//! Text becomes a condition, by descent: `or` of `and` of `not` of comparisons.
//!
//! Every mistake says what stands there, where, and what to write instead. Habits from SQL, PromQL and shells (`<>`, `=~`,
//! `is null`, `in (…)`) are known, and answered with the word that is meant.

use glob::Pattern;

use super::names::{WORDS, goes_on_column, is_bare_column};
use super::{Condition, Literal, Mistake, Relation, Test};

/// How deep parentheses and `not` may lie within each other.
const DEEPEST: usize = 50;
/// Comparisons as written, the longer before those they begin with. What is no comparison here has a remedy.
const SIGNS: [(&str, Result<Relation, &str>); 14] = [
    ("=~", Err("write `like \"/api/*\"` for a pattern")),
    ("!~", Err("write `not … like \"/api/*\"` for a pattern")),
    ("<>", Err("write `!=`")),
    ("=>", Err("write `>=`")),
    ("=<", Err("write `<=`")),
    ("==", Ok(Relation::Equal)),
    ("!=", Ok(Relation::Unequal)),
    ("<=", Ok(Relation::AtMost)),
    (">=", Ok(Relation::AtLeast)),
    ("=", Ok(Relation::Equal)),
    ("<", Ok(Relation::Less)),
    (">", Ok(Relation::More)),
    ("~", Err("write `like \"/api/*\"` for a pattern")),
    (":", Err("write `=`")),
];

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// Where it is not one, and what to write.
    pub fn parse(text: &str) -> Result<Condition, Mistake> {
        condition(text)
    }
}

/// Reads a condition to the end of the text.
fn condition(text: &str) -> Result<Condition, Mistake> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    if reader.is_over() {
        return Err(reader.wrong("the condition is empty", "write `status >= 500`"));
    }
    let condition = reader.any()?;
    match reader.is_over() {
        true => Ok(condition),
        false => {
            let shown = reader.shown();
            let hint = "join conditions with `and` or `or`, and put a text with spaces or signs into quotes";
            Err(reader.wrong(format!("nothing is expected after the condition, and there is {shown}"), hint))
        }
    }
}

fn of_bare_value(c: char) -> bool {
    goes_on_column(c) || matches!(c, '/' | ':' | '+' | '%')
}

/// The number that a whole bare word is.
fn number(word: &str) -> Option<f64> {
    let digits = word.trim_start_matches(['-', '+']);
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number = word.parse::<f64>().ok().filter(|number| begins && number.is_finite())?;
    Some(if number == 0.0 { 0.0 } else { number })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn is_over(&mut self) -> bool {
        self.skip();
        self.rest().is_empty()
    }

    fn wrong(&self, problem: impl Into<String>, hint: impl Into<String>) -> Mistake {
        Mistake { at: self.at, problem: problem.into(), hint: hint.into() }
    }

    /// What stands here, for a message.
    fn shown(&mut self) -> String {
        if self.is_over() {
            return "the end".to_owned();
        }
        let rest = self.rest();
        let word = rest.find(|c: char| !of_bare_value(c)).filter(|end| *end > 0);
        let first = rest.chars().next().map_or(0, char::len_utf8);
        format!("`{}`", &rest[..word.unwrap_or(if rest.contains(|c| !of_bare_value(c)) { first } else { rest.len() })])
    }

    /// Passes over a sign.
    fn sign(&mut self, sign: &str) -> bool {
        self.skip();
        let here = self.rest().starts_with(sign);
        self.at += if here { sign.len() } else { 0 };
        here
    }

    /// Passes over a word, in whatever case.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let rest = self.rest();
        let here = rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(goes_on_column);
        self.at += if here { word.len() } else { 0 };
        here
    }

    fn any(&mut self) -> Result<Condition, Mistake> {
        let mut parts = vec![self.all()?];
        while self.word("or") || self.sign("||") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Mistake> {
        let mut parts = vec![self.one()?];
        while self.word("and") || self.sign("&&") {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Mistake> {
        if self.depth >= DEEPEST {
            return Err(self.wrong("the condition is nested too deeply", "write it with fewer parentheses"));
        }
        self.depth += 1;
        self.skip();
        let at = self.at;
        let read = if self.word("not") || (!self.rest().starts_with("!=") && self.sign("!")) {
            self.one().map(|inner| Condition::Not(Box::new(inner)))
        } else if self.sign("(") {
            let inner = self.any()?;
            match self.sign(")") {
                true => Ok(inner),
                false => {
                    let shown = self.shown();
                    let mistake = self.wrong(format!("a `)` is missing: there is {shown}"), "close the parenthesis");
                    Err(Mistake { at: if shown == "the end" { at } else { mistake.at }, ..mistake })
                }
            }
        } else {
            self.comparison()
        };
        self.depth -= 1;
        read
    }

    fn comparison(&mut self) -> Result<Condition, Mistake> {
        let column = self.column()?;
        self.skip();
        let at = self.at;
        let negated = self.word("not");
        let relation = self.relation(&column, negated)?;
        let test = match relation {
            Relation::In => Test { column, relation, values: self.list()? },
            _ => {
                let begin = self.at + (self.rest().len() - self.rest().trim_start().len());
                let value = self.value()?;
                if let Some((problem, hint)) = unfit(&column, relation, &value) {
                    return Err(Mistake { at: begin, problem, hint });
                }
                let value = match (relation, value) {
                    (Relation::Like, Literal::Number(_)) => Literal::Text(self.text[begin..self.at].to_owned()),
                    (_, value) => value,
                };
                Test { column, relation, values: vec![value] }
            }
        };
        match negated {
            true if !matches!(relation, Relation::In | Relation::Like) => {
                let hint = "write `!=`, or `not` before the column";
                Err(Mistake { at, problem: "`not` stands before `in` and `like` alone".into(), hint: hint.into() })
            }
            true => Ok(Condition::Not(Box::new(Condition::Is(test)))),
            false => Ok(Condition::Is(test)),
        }
    }

    fn column(&mut self) -> Result<String, Mistake> {
        self.skip();
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('`') {
            let (mut name, mut chars) = (String::new(), quoted.char_indices().peekable());
            while let Some((i, c)) = chars.next() {
                if c == '`' && chars.next_if(|(_, next)| *next == '`').is_none() {
                    self.at += 1 + i + 1;
                    return match name.is_empty() {
                        true => Err(self.wrong("a column has no name", "write its name between the backquotes")),
                        false => Ok(name),
                    };
                }
                name.push(c);
            }
            return Err(self.wrong("a backquote is not closed", "end the column's name with a backquote"));
        }
        let end = rest.find(|c| !goes_on_column(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        if is_bare_column(name) {
            self.at += end;
            return Ok(name.to_owned());
        }
        let shown = self.shown();
        let hint = match rest.starts_with(['"', '\'']) {
            true => "a column's name stands without quotes, or in `backquotes` where it has spaces or signs",
            false => "write `column = value`; a column that is called so stands in `backquotes`",
        };
        Err(self.wrong(format!("a column is expected, and there is {shown}"), hint))
    }

    fn relation(&mut self, column: &str, negated: bool) -> Result<Relation, Mistake> {
        self.skip();
        if self.word("in") {
            return Ok(Relation::In);
        }
        if self.word("like") {
            return Ok(Relation::Like);
        }
        for (sign, relation) in SIGNS {
            if self.rest().starts_with(sign) {
                let relation = relation.map_err(|hint| self.wrong(format!("`{sign}` is not a comparison"), hint))?;
                self.at += sign.len();
                return Ok(relation);
            }
        }
        let shown = self.shown();
        let habit = |word: &str| shown.trim_matches('`').eq_ignore_ascii_case(word);
        let hint = match () {
            () if habit("is") => "write `=` or `!=`; a missing cell satisfies `!=` alone".to_owned(),
            () if habit("between") => format!("write `{column} >= 200 and {column} < 300`"),
            () if habit("matches") || habit("contains") || habit("startswith") => {
                format!("write `{column} like \"/api/*\"`")
            }
            () if shown == "the end" && !negated => format!("write `{column} = true`"),
            () => format!("write `{column} = value`; also !=, <, <=, >, >=, in, like"),
        };
        Err(self.wrong(format!("`{column}` is compared with nothing: there is {shown}"), hint))
    }

    fn list(&mut self) -> Result<Vec<Literal>, Mistake> {
        let expected = "write `in [a, b]`";
        if !self.sign("[") {
            let shown = self.shown();
            return Err(self.wrong(format!("a list is expected after `in`, and there is {shown}"), expected));
        }
        let mut values = Vec::new();
        loop {
            self.skip();
            if values.is_empty() && self.rest().starts_with(']') {
                return Err(self.wrong("the list is empty", expected));
            }
            values.push(self.value()?);
            if self.sign("]") {
                return Ok(values);
            }
            if !self.sign(",") {
                let shown = self.shown();
                return Err(self.wrong(format!("`,` or `]` is expected in the list, and there is {shown}"), expected));
            }
        }
    }

    fn value(&mut self) -> Result<Literal, Mistake> {
        self.skip();
        let rest = self.rest();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            return self.quoted(quote);
        }
        let end = rest.find(|c| !of_bare_value(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if word.is_empty() || WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            let shown = self.shown();
            let hint = "write a number, a word, or a text in quotes";
            return Err(self.wrong(format!("a value is expected, and there is {shown}"), hint));
        }
        if let Some(sign) = rest[end..].chars().next().filter(|c| matches!(c, '*' | '?')) {
            self.at += end;
            let hint = "write `like \"…\"` for a pattern, or put the text into quotes";
            return Err(self.wrong(format!("`{sign}` has no meaning here"), hint));
        }
        self.at += end;
        Ok(number(word).map_or_else(|| Literal::Text(word.to_owned()), Literal::Number))
    }

    /// A text in quotes; a backslash makes a quote or a backslash mean itself.
    fn quoted(&mut self, quote: char) -> Result<Literal, Mistake> {
        let (mut text, mut chars) = (String::new(), self.rest()[1..].char_indices().peekable());
        while let Some((i, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.at += 1 + i + 1;
                    return Ok(Literal::Text(text));
                }
                '\\' => match chars.next_if(|(_, next)| *next == '\\' || matches!(next, '"' | '\'')) {
                    Some((_, escaped)) => text.push(escaped),
                    None => text.push('\\'),
                },
                _ => text.push(c),
            }
        }
        Err(self.wrong("a quote is not closed", format!("end the text with {quote}")))
    }
}

fn one_or(mut parts: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => several(parts),
    }
}

/// Why a value cannot be compared in this way.
fn unfit(column: &str, relation: Relation, value: &Literal) -> Option<(String, String)> {
    match (relation, value) {
        (Relation::Less | Relation::AtMost | Relation::More | Relation::AtLeast, Literal::Text(text)) => {
            let problem = format!("`{relation}` compares numbers, and `{text}` is a text");
            let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            let hint = match number(&digits) {
                Some(_) => format!("write `{column} {relation} {digits}`, in the column's own unit"),
                None => format!("write `{column} {relation} 500`, or `=`, `!=`, `in`, `like` for texts"),
            };
            Some((problem, hint))
        }
        (Relation::Like, Literal::Text(pattern)) => {
            let error = Pattern::new(pattern).err()?;
            let problem = format!("`{pattern}` is not a pattern: {}", error.msg);
            Some((problem, "`*` stands for any text, `?` for one character, `[*]` for a star itself".to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literal() -> impl Strategy<Value = Literal> {
        let number = prop_oneof![(-1000_i32..1000).prop_map(f64::from), prop::num::f64::NORMAL];
        let number = number.prop_map(|n| Literal::Number(if n == 0.0 { 0.0 } else { n }));
        prop_oneof!["[a-z0-9 \"'\\\\/*`é]{0,8}".prop_map(Literal::Text), number]
    }

    fn test() -> impl Strategy<Value = Condition> {
        let column = prop_oneof!["[A-Za-z_@][a-z0-9_.@-]{0,6}", "[a-z `\"()!-]{1,6}", Just("and".to_owned())];
        let plain = (column.clone(), prop_oneof![Just(Relation::Equal), Just(Relation::Unequal)], literal());
        let ordered =
            prop_oneof![Just(Relation::Less), Just(Relation::AtMost), Just(Relation::More), Just(Relation::AtLeast)];
        let number = (-1e6..1e6_f64).prop_map(Literal::Number);
        let ordered = (column.clone(), ordered, number);
        let like = (column.clone(), Just(Relation::Like), "[a-z/?\" ]{0,4}[*]?".prop_map(Literal::Text));
        let one = prop_oneof![plain, ordered, like];
        let one = one.prop_map(|(column, relation, value)| Test { column, relation, values: vec![value] });
        let several = (column, prop::collection::vec(literal(), 1..4));
        let several = several.prop_map(|(column, values)| Test { column, relation: Relation::In, values });
        prop_oneof![one, several].prop_map(Condition::Is)
    }

    fn conditions() -> impl Strategy<Value = Condition> {
        test().prop_recursive(4, 24, 4, |inner| {
            let several = || prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
                several().prop_map(Condition::All),
                several().prop_map(Condition::Any),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(condition in conditions()) {
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            if let Err(mistake) = Condition::parse(&text) {
                prop_assert!(text.is_char_boundary(mistake.at) && !mistake.hint.is_empty());
            }
        }

        #[test]
        fn text_that_looks_right_is_answered(text in "([a-c`(]{1,2} ?(=|!=|<|in|like|not|and|or|!) ?[\\[\"1x,)]{0,3} ?){1,4}") {
            if let Err(mistake) = Condition::parse(&text) {
                prop_assert!(text.is_char_boundary(mistake.at) && !mistake.hint.is_empty());
            }
        }
    }

    fn is(column: &str, relation: Relation, value: Literal) -> Condition {
        Condition::Is(Test { column: column.into(), relation, values: vec![value] })
    }

    #[test]
    fn conditions_as_people_write_them() {
        let read = |text: &str| Condition::parse(text).map(|condition| condition.to_string());
        let text = |text: &str| Literal::Text(text.into());
        assert_eq!(Condition::parse("status >= 500"), Ok(is("status", Relation::AtLeast, Literal::Number(500.0))));
        assert_eq!(Condition::parse("version == '42'"), Ok(is("version", Relation::Equal, text("42"))));
        assert_eq!(Condition::parse("route=/health"), Ok(is("route", Relation::Equal, text("/health"))));
        assert_eq!(read("a = 1 or b = 2 AND c = 3").as_deref(), Ok("a = 1 or (b = 2 and c = 3)"));
        assert_eq!(read("!(a=1 || b=x) && not c=3").as_deref(), Ok("not (a = 1 or b = \"x\") and not c = 3"));
        assert_eq!(read("route not in [a, 'b c', 3]").as_deref(), Ok("not route in [\"a\", \"b c\", 3]"));
        assert_eq!(read("`x y` like \"/a\\\"*\"").as_deref(), Ok("`x y` like \"/a\\\"*\""));
        assert_eq!(read("ip = 10.0.0.1 and t = true").as_deref(), Ok("ip = \"10.0.0.1\" and t = \"true\""));
        assert_eq!(read("data.tags.x-y@z != -1.5e3").as_deref(), Ok("data.tags.x-y@z != -1500"));
        assert_eq!(read("`in` = 1 and `a``b` = 2").as_deref(), Ok("`in` = 1 and `a``b` = 2"));
        assert_eq!(Condition::parse("a=1 or (b=2 and a=3)").map(|c| c.columns().join(" ")).as_deref(), Ok("a b"));
    }

    #[test]
    fn mistakes_say_where_and_what_to_write() {
        let said = |text: &str| Condition::parse(text).map_err(|m| format!("{}: {m}", m.at)).unwrap_err();
        for (text, expected) in [
            ("", "0: the condition is empty; write `status >= 500`"),
            ("status <> 200", "7: `<>` is not a comparison; write `!=`"),
            ("route =~ x", "6: `=~` is not a comparison; write `like \"/api/*\"` for a pattern"),
            (
                "latency > 200ms",
                "10: `>` compares numbers, and `200ms` is a text; write `latency > 200`, in the column's own unit",
            ),
            ("timeout", "7: `timeout` is compared with nothing: there is the end; write `timeout = true`"),
            (
                "a = 1 b = 2",
                "6: nothing is expected after the condition, and there is `b`; join conditions with `and` or `or`, and put a text with spaces or signs into quotes",
            ),
            ("(a = 1", "0: a `)` is missing: there is the end; close the parenthesis"),
            ("a in (1, 2)", "5: a list is expected after `in`, and there is `(`; write `in [a, b]`"),
            ("a in []", "6: the list is empty; write `in [a, b]`"),
            (
                "\"a\" = 1",
                "0: a column is expected, and there is `\"`; a column's name stands without quotes, or in `backquotes` where it has spaces or signs",
            ),
            ("a = \"x", "4: a quote is not closed; end the text with \""),
            ("a = /api/*", "9: `*` has no meaning here; write `like \"…\"` for a pattern, or put the text into quotes"),
            (
                "a like \"[\"",
                "7: `[` is not a pattern: invalid range pattern; `*` stands for any text, `?` for one character, `[*]` for a star itself",
            ),
            (
                "a is null",
                "2: `a` is compared with nothing: there is `is`; write `=` or `!=`; a missing cell satisfies `!=` alone",
            ),
            ("a = and", "4: a value is expected, and there is `and`; write a number, a word, or a text in quotes"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
        let deep = "(".repeat(5_000);
        assert!(said(&deep).contains("nested too deeply"));
    }
}
