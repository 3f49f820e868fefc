//! A condition as a tree, by the precedences of the language.

use super::lex::{Token, tokens};
use super::tree::{Binary, Expr, Op};

/// How many words a condition may have.
const MOST_TOKENS: usize = 500;
/// How deep a condition may be.
const DEEPEST: usize = 64;

/// Functions that the controller knows, or the language itself.
const FUNCTIONS: [&str; 25] = [
    "len", "all", "any", "none", "one", "filter", "map", "count", "sum", "mean", "median", "min", "max", "abs",
    "first", "last", "asFloat", "asInt", "isNaN", "isInf", "isNil", "default", "float", "int", "string",
];
/// Those whose second argument is evaluated for each element.
const WITH_CLOSURE: [&str; 8] = ["all", "any", "none", "one", "filter", "map", "count", "sum"];

/// The tree of a condition.
///
/// # Errors
///
/// The text is none, or names something that the controller does not know.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST_TOKENS {
        return Err("this is longer than any condition".into());
    }
    let mut parser = Parser { tokens, at: 0, closures: 0, depth: 0 };
    let expr = parser.choice()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("{} is not expected here", shown(token))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    closures: usize,
    depth: usize,
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("`{number}`"),
        Token::Text(text) => format!("\"{text}\""),
        Token::Name(name) => format!("`{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign)
            || matches!(self.peek(), Some(Token::Name(own)) if own == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn must(&mut self, sign: &str) -> Result<(), String> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(match self.peek() {
                Some(token) => format!("`{sign}` is missing before {}", shown(token)),
                None => format!("`{sign}` is missing at the end"),
            }),
        }
    }

    fn choice(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("this is deeper than any condition".into());
        }
        let condition = self.binary(0)?;
        let choice = if self.takes("?") {
            let yes = self.choice()?;
            self.must(":")?;
            Expr::Choice(Box::new(condition), Box::new(yes), Box::new(self.choice()?))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(choice)
    }

    /// The operator that comes next, with its precedence.
    fn operator(&self) -> Option<(Binary, u8, usize)> {
        let word = match self.peek()? {
            Token::Sign(sign) => *sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        let next = match self.tokens.get(self.at + 1) {
            Some(Token::Name(name)) => name.as_str(),
            _ => "",
        };
        Some(match word {
            "||" | "or" => (Binary::Or, 1, 1),
            "&&" | "and" => (Binary::And, 2, 1),
            "==" => (Binary::Compare(Op::Equal), 3, 1),
            "!=" => (Binary::Compare(Op::NotEqual), 3, 1),
            "<" => (Binary::Compare(Op::Below), 3, 1),
            "<=" => (Binary::Compare(Op::AtMost), 3, 1),
            ">" => (Binary::Compare(Op::Above), 3, 1),
            ">=" => (Binary::Compare(Op::AtLeast), 3, 1),
            "in" => (Binary::In, 3, 1),
            "not" if next == "in" => (Binary::In, 3, 2),
            "contains" => (Binary::Contains, 3, 1),
            "startsWith" => (Binary::StartsWith, 3, 1),
            "endsWith" => (Binary::EndsWith, 3, 1),
            "matches" => (Binary::Matches, 3, 1),
            "+" => (Binary::Plus, 4, 1),
            "-" => (Binary::Minus, 4, 1),
            "*" => (Binary::Times, 5, 1),
            "/" => (Binary::Over, 5, 1),
            "%" => (Binary::Modulo, 5, 1),
            "**" | "^" => (Binary::Power, 6, 1),
            "??" => (Binary::IfNil, 7, 1),
            _ => return None,
        })
    }

    fn binary(&mut self, least: u8) -> Result<Expr, String> {
        let mut left = self.unary()?;
        while let Some((operator, precedence, words)) = self.operator().filter(|(_, own, _)| *own > least) {
            self.at += words;
            // powers are of the right
            let right = self.binary(if operator == Binary::Power { precedence - 1 } else { precedence })?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
            if words == 2 {
                left = Expr::Not(Box::new(left));
            }
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.takes("!") {
            return Ok(Expr::Not(Box::new(self.unary()?)));
        }
        if self.takes("not") {
            // `not a == b` denies the comparison
            return Ok(Expr::Not(Box::new(self.binary(2)?)));
        }
        if self.takes("-") {
            return Ok(Expr::Minus(Box::new(self.unary()?)));
        }
        if self.takes("+") {
            return self.unary();
        }
        let primary = self.primary()?;
        self.suffixes(primary)
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let token = self.peek().cloned().ok_or("the condition ends too early")?;
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Name(name) => self.name(name),
            Token::Sign("(") => {
                let inner = self.choice()?;
                self.must(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Expr::List(self.items("]")?)),
            Token::Sign("#") if self.closures > 0 => Ok(Expr::Item),
            Token::Sign(".") if self.closures > 0 => {
                self.at -= 1;
                Ok(Expr::Item)
            }
            other => Err(format!("{} is not expected here", shown(&other))),
        }
    }

    fn name(&mut self, name: String) -> Result<Expr, String> {
        match name.as_str() {
            "true" => return Ok(Expr::Bool(true)),
            "false" => return Ok(Expr::Bool(false)),
            "nil" => return Ok(Expr::Nil),
            "result" => return Ok(Expr::Result),
            _ => {}
        }
        if !FUNCTIONS.contains(&name.as_str()) {
            let near = crate::text::problem::nearest(&name, FUNCTIONS.into_iter().chain(["result"]));
            let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("`{name}` is not a name that the controller knows{hint}"));
        }
        self.must("(")?;
        let is_closed = WITH_CLOSURE.contains(&name.as_str());
        self.closures += usize::from(is_closed);
        let arguments = self.items(")");
        self.closures -= usize::from(is_closed);
        Ok(Expr::Call(name, arguments?))
    }

    /// Entries up to a sign; a closure stands in braces, or is the bare expression.
    fn items(&mut self, end: &str) -> Result<Vec<Expr>, String> {
        let mut items = Vec::new();
        while !self.takes(end) {
            if !items.is_empty() {
                self.must(",")?;
            }
            let is_in_braces = self.takes("{");
            items.push(self.choice()?);
            if is_in_braces {
                self.must("}")?;
            }
        }
        Ok(items)
    }

    fn suffixes(&mut self, mut of: Expr) -> Result<Expr, String> {
        loop {
            if self.takes(".") || self.takes("?.") {
                let Some(Token::Name(field)) = self.peek().cloned() else {
                    return Err("a field's name is missing after `.`".into());
                };
                self.at += 1;
                of = Expr::Field(Box::new(of), field);
            } else if self.takes("[") {
                let index = self.choice()?;
                self.must("]")?;
                of = match index {
                    Expr::Text(field) => Expr::Field(Box::new(of), field),
                    index => Expr::Index(Box::new(of), Box::new(index)),
                };
            } else {
                return Ok(of);
            }
        }
    }
}
