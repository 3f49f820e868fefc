//! What holds a secret, told by its name, and lines without the secrets that stand in them.

/// What stands in the name of a key or a header whose value is a secret; `_` counts as `-`.
const WORDS: [&str; 12] = [
    "authoriz",
    "x-auth",
    "cookie",
    "token",
    "bearer",
    "secret",
    "passw",
    "api-key",
    "apikey",
    "access-key",
    "accesskey",
    "credential",
];
/// How a key ends that says where its secret is.
const PLACES: [&str; 4] = ["-env", "-file", "-command", "-url"];

/// Whether a name says that its value is a secret.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = normalize(name);
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether the value of a key is a secret, and not the place of one.
fn holds_secret(key: &str) -> bool {
    let normal = normalize(key);
    names_secret(key) && !PLACES.iter().any(|place| normal.ends_with(place))
}

fn normalize(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// A line without the secrets that stand in it: as many dots.
pub(crate) fn veil(line: Vec<char>) -> Vec<char> {
    let mut veiled = line.clone();
    for colon in (0..line.len()).filter(|at| line[*at] == ':') {
        if holds_secret(&key_before(&line[..colon])) {
            let begin = colon + 1 + line[colon + 1..].iter().take_while(|c| **c == ' ').count();
            let is_between_braces = line.iter().take(begin + 1).any(|c| *c == '{');
            let end = begin + length_of(&line[begin..], is_between_braces);
            veiled[begin..end].iter_mut().filter(|c| **c != ' ').for_each(|c| *c = '·');
        }
    }
    veiled
}

/// A text with a mark in the place of every secret.
#[cfg(any(test, feature = "http", feature = "prometheus", feature = "serve"))]
pub(crate) fn without<'s>(text: String, secrets: impl IntoIterator<Item = &'s String>, mark: &str) -> String {
    let mut longest: Vec<&String> = secrets.into_iter().collect();
    // the longest first: one may be a part of another
    longest.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    longest.iter().fold(text, |text, secret| text.replace(secret.as_str(), mark))
}

/// The key at the end of a text, quoted or not, with spaces behind it or without.
fn key_before(text: &[char]) -> String {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let end = text.iter().rposition(|c| *c != ' ').map_or(0, |last| last + 1);
    let text = match &text[..end] {
        [before @ .., '"' | '\''] => before,
        text => text,
    };
    let begin = text.iter().rposition(|c| !is_of_key(*c)).map_or(0, |before| before + 1);
    text[begin..].iter().collect()
}

/// How long a value is. A quoted one ends with its quote. Another ends at the `,` or `}` outside of quotes, if braces are open.
fn length_of(value: &[char], is_between_braces: bool) -> usize {
    let is_quoted = matches!(value.first(), Some('"' | '\''));
    let (mut open, mut is_escaped) = (None, false);
    for (at, c) in value.iter().enumerate() {
        match (open, *c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some('"'), '\\') => is_escaped = true,
            (Some(quote), c) if c == quote => open = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => open = Some(*c),
            (None, _) if is_quoted => return at,
            (None, ',' | '}') if is_between_braces => return at,
            (None, _) => {}
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_stands_in_a_line() {
        for (line, shown) in [
            ("password: abc", "password: ···"),
            ("  \"password\": \"x\"", "  \"password\": ···"),
            ("{'password' : 'x', user: davy}", "{'password' : ···, user: davy}"),
            ("password : x", "password : ·"),
            ("{ password: \"a,x\", user: davy }", "{ password: ·····, user: davy }"),
            ("{ password: \"a\\\",x\", user: davy }", "{ password: ·······, user: davy }"),
            ("{ password: 'a'',x', user: davy }", "{ password: ·······, user: davy }"),
            ("password: a,x}y", "password: ·····"),
            ("{ basic: { user: davy, password: abc } }", "{ basic: { user: davy, password: ··· } }"),
            ("{ secret: { value: \"a,b\" }, user: davy }", "{ secret: · ······ ····· }, user: davy }"),
            ("secret: { http: { url: a, token: x, tenant: b } }", "secret: · ····· · ···· ·, token: ·, tenant: b } }"),
            ("DD-API-KEY: abc", "DD-API-KEY: ···"),
            ("{ X-Auth-Token: abc, aws_access_key_id: abc }", "{ X-Auth-Token: ···, aws_access_key_id: ··· }"),
            ("Authorization: \"Bearer abc\" # a", "Authorization: ······· ···· # a"),
            ("token: \"not closed, x", "token: ···· ······· ·"),
        ] {
            assert_eq!(veil(line.chars().collect()).into_iter().collect::<String>(), shown, "{line}");
        }
    }

    #[test]
    fn a_secret_that_begins_as_another_does_is_gone_as_well() {
        let secrets = ["abc", "abcdef"].map(str::to_owned);
        assert_eq!(without("abcdef and abc, ab".into(), &secrets, "…"), "… and …, ab");
    }

    #[test]
    fn what_says_where_a_secret_is_stays() {
        for line in [
            "password_env: PGPASSWORD",
            "\"password_file\": \"secret\"",
            "bearer_command: [gcloud, auth, print-access-token]",
            "oauth2: { token_url: \"https://id.example/token\", client_id: davy, client_secret_env: SECRET }",
            "url: \"https://store.example:8443/token\"",
            ": x",
            "password:",
        ] {
            assert_eq!(veil(line.chars().collect()).into_iter().collect::<String>(), line);
        }
    }

    #[test]
    fn a_header_with_a_secret_is_known_by_its_name() {
        for name in ["Authorization", "Cookie", "X-Api-Key", "X_API_KEY", "X-Bearer", "Proxy-Authorization"] {
            assert!(names_secret(name), "{name}");
        }
        for name in ["Content-Type", "X-Team", "Accept"] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
