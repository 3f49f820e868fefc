//! The words of a condition.

/// A word, a sign, a number, or a text in quotes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 30] = [
    "&&", "||", "==", "!=", "<=", ">=", "**", "??", "?.", "..", "(", ")", "[", "]", "{", "}", ",", ".", "#", "<", ">",
    "+", "-", "*", "/", "%", "!", "?", ":", "^",
];

/// The words of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' | '\'' | '`' => quoted(rest, first)?,
            c if c.is_ascii_digit() => number(rest)?,
            c if is_of_name(c) => {
                let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
                (Token::Name(rest[..end].to_owned()), end)
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| format!("`{first}` is not a sign of a condition"))?;
                (Token::Sign(sign), sign.len())
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn quoted(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let (mut text, mut is_escaped) = (String::new(), false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => {
                is_escaped = false;
                text.push(match c {
                    'n' => '\n',
                    't' => '\t',
                    c => c,
                });
            }
            '\\' if quote != '`' => is_escaped = true,
            c if c == quote => return Ok((Token::Text(text), at + c.len_utf8())),
            c => text.push(c),
        }
    }
    Err(format!("a text that begins with {quote} does not end"))
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let mut end = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
    let digits = |from: usize| rest[from..].chars().take_while(char::is_ascii_digit).count();
    if rest[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    let text = &rest[..end];
    let read = text.replace('_', "").parse().map_err(|_| format!("`{text}` is not a number"))?;
    Ok((Token::Number(read), end))
}
