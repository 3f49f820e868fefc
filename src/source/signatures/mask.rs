//! What differs from line to line, and what may be personal, as marks: `user 17 <ada@example.org> in 12 ms` is
//! `user <n> <email> in <n> ms`.
//!
//! A template needs this, since numbers would make every line one of its own. A report needs it, since logs hold addresses and
//! keys. So it is one step before anything is kept: e-mail addresses, IP addresses, UUIDs, numbers, times, hexadecimal and
//! other keys, what stands in quotes, the values in the query of a URL, and those of keys such as `user` and `password`.
//!
//! It goes once over a line from left to right, word by word, and takes time in proportion to the line.

/// No line says more that is worth keeping.
pub const LONGEST: usize = 600;

/// Of a pair such as `user=ada`, the value of these keys is nobody's business.
const PRIVATE: [&str; 30] = [
    "user",
    "username",
    "user_name",
    "login",
    "name",
    "fullname",
    "full_name",
    "firstname",
    "lastname",
    "email",
    "mail",
    "phone",
    "address",
    "account",
    "customer",
    "owner",
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "key",
    "apikey",
    "api_key",
    "access_key",
    "auth",
    "authorization",
    "session",
    "cookie",
    "bearer",
];
/// The word after these is a key.
const BEFORE_KEYS: [&str; 5] = ["bearer", "basic", "password", "passwd", "token"];
/// A word of letters and digits of this length is a key or an identifier.
const KEY: usize = 8;
/// A longer word in which capitals, small letters and digits mix is a secret.
const SECRET: usize = 20;

/// Masks one line; `words` stand for the arms (`canary`, `v42`) and are the same in both.
pub fn masked(line: &str, words: &[String]) -> String {
    let mut out = String::with_capacity(line.len().min(LONGEST) + 16);
    let mut mask = Mask { out: &mut out, words, is_key_next: false };
    mask.line(line);
    while out.ends_with(' ') {
        out.pop();
    }
    cut(&mut out, LONGEST);
    out
}

/// The line as it is but for control characters, where somebody asked for that.
pub fn plain(line: &str) -> String {
    let mut out = line.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).fold(
        String::new(),
        |mut out, word| {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            out
        },
    );
    cut(&mut out, LONGEST);
    out
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

struct Mask<'o, 'w> {
    out: &'o mut String,
    words: &'w [String],
    /// Whether the next word is a key: it follows `Bearer`.
    is_key_next: bool,
}

impl Mask<'_, '_> {
    fn line(&mut self, line: &str) {
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
            if rest.is_empty() || self.out.len() > LONGEST {
                return;
            }
            if !self.out.is_empty() {
                self.out.push(' ');
            }
            let end = self.end(rest);
            self.word(&rest[..end]);
            rest = &rest[end..];
        }
    }

    /// Where a word ends: at a space outside of quotes.
    fn end(&self, rest: &str) -> usize {
        let bytes = rest.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b' ' | b'\t' | b'\n' | b'\r' => return at,
                quote @ (b'"' | b'\'' | b'`') if opens(bytes, at) => match closes(bytes, at, quote) {
                    Some(close) => at = close + 1,
                    None => at += 1,
                },
                byte if byte < 0x20 || byte == 0x7f => return at.max(1),
                _ => at += 1,
            }
        }
        at
    }

    fn word(&mut self, word: &str) {
        // most words of most logs
        let is_plain = word.len() < KEY && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_plain && !self.is_key_next && !self.is_arm(word) && !is_before_key(word) {
            self.out.push_str(word);
            return;
        }
        let is_key = std::mem::take(&mut self.is_key_next);
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        if is_key && !bare.is_empty() {
            let begins = word.len() - word.trim_start_matches(['=', ':']).len();
            self.out.push_str(&word[..begins]);
            // `password is wrong` names no key
            match bare.len() >= 6 && bare.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
                true => self.out.push_str("<key>"),
                false => self.parts(&word[begins..]),
            }
            return;
        }
        self.is_key_next = is_before_key(bare);
        self.parts(word);
    }

    /// A word, and within it quotes, pairs and addresses.
    fn parts(&mut self, word: &str) {
        if let Some(mark) =
            whole(word.trim_matches(['(', ')', '[', ']', '{', '}', '<', '>', ',', ';', '.', ':', '"', '\'']))
        {
            let begins = word.len() - word.trim_start_matches(['(', '[', '{', '<', '"', '\'']).len();
            let kept = word.trim_end_matches([')', ']', '}', '>', ',', ';', '.', ':', '"', '\'']).len();
            self.out.push_str(&word[..begins]);
            self.out.push_str(mark);
            self.out.push_str(&word[kept.max(begins)..]);
            return;
        }
        let bytes = word.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match bytes[at] {
                quote @ (b'"' | b'\'' | b'`') if opens(bytes, at) => match closes(bytes, at, quote) {
                    Some(close) => {
                        let quote = char::from(quote);
                        self.out.push(quote);
                        self.out.push_str("<*>");
                        self.out.push(quote);
                        at = close + 1;
                    }
                    // an end that is missing ends nothing: what follows may be a name
                    None => {
                        self.out.push_str(&word[at..=at]);
                        self.out.push_str("<*>");
                        return;
                    }
                },
                b'=' | b':' if is_private(&bytes[..at]) && rest.len() > 1 && !rest.starts_with(b"://") => {
                    self.out.push(char::from(bytes[at]));
                    let value = &word[at + 1..];
                    let end = value.find(['&', ',', ';', ')', ']', '}']).unwrap_or(value.len());
                    self.out.push_str("<*>");
                    at += 1 + end;
                }
                b'?' if rest.contains(&b'=') => {
                    self.query(&word[at..]);
                    return;
                }
                byte if byte.is_ascii_alphanumeric() || byte >= 0x80 => {
                    let end = at + run(rest);
                    self.run(&word[at..end]);
                    at = end;
                }
                byte => {
                    self.out.push(char::from(byte));
                    at += 1;
                }
            }
        }
    }

    /// `?a=1&b=2`: names stay, values go.
    fn query(&mut self, query: &str) {
        for (at, pair) in query[1..].split('&').enumerate() {
            self.out.push(if at == 0 { '?' } else { '&' });
            match pair.split_once('=') {
                Some((name, _)) => {
                    self.run(name);
                    self.out.push_str("=<*>");
                }
                None => self.out.push_str("<*>"),
            }
        }
    }

    fn is_arm(&self, word: &str) -> bool {
        self.words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    /// A run of letters and digits.
    fn run(&mut self, run: &str) {
        if self.is_arm(run) {
            self.out.push_str("<arm>");
            return;
        }
        let bytes = run.as_bytes();
        let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            let mixed = bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
            match run.len() >= 2 * SECRET && mixed {
                true => self.out.push_str("<key>"),
                false => self.out.push_str(run),
            }
            return;
        }
        // what stands within a number is a part of it
        let letters = run.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ',')).count();
        let is_hex = bytes.iter().all(u8::is_ascii_hexdigit);
        match () {
            () if letters == 0 => self.out.push_str("<n>"),
            () if run.len() >= SECRET => self.out.push_str("<key>"),
            () if digits > 1 && (is_hex && run.len() >= 6 || run.len() >= KEY && !begins_with_word(run)) => {
                self.out.push_str("<id>");
            }
            () => self.numbered(run),
        }
    }

    /// `250ms` is `<n>ms`, `http2` is `http<n>`.
    fn numbered(&mut self, run: &str) {
        let mut was_digit = false;
        for c in run.chars().filter(|c| !matches!(c, '.' | ',')) {
            if !c.is_ascii_digit() {
                self.out.push(c);
            } else if !was_digit {
                self.out.push_str("<n>");
            }
            was_digit = c.is_ascii_digit();
        }
    }
}

fn is_before_key(word: &str) -> bool {
    BEFORE_KEYS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `worker17` and `1500ms` are words with numbers, `x8k2p9qa` is not.
fn begins_with_word(run: &str) -> bool {
    let changes = run.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    changes <= 1
}

/// Whether a quote begins something that is quoted: not the one in `can't`.
fn opens(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80)
}

/// Where what is quoted ends: not at the one in `'can't'`.
fn closes(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let close = from + memchr::memchr2(quote, b'\\', &bytes[from..])?;
        if bytes[close] == b'\\' {
            from = (close + 2).min(bytes.len());
            continue;
        }
        let ends = bytes.get(close + 1).is_none_or(|next| !(next.is_ascii_alphanumeric() || *next >= 0x80));
        if ends {
            return Some(close);
        }
        from = close + 1;
    }
}

/// Letters and digits, and what stands within a number: `1.5`, `1,000`.
fn run(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let inside = matches!(bytes[at], b'.' | b',')
            && bytes[..at].iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        match bytes[at] {
            byte if byte.is_ascii_alphanumeric() || byte >= 0x80 => at += 1,
            _ if inside && at > 0 && is_digit(bytes.get(at + 1)) => at += 1,
            _ => break,
        }
    }
    at
}

/// Whether what stands before a `=` or `:` is a key whose value is private.
fn is_private(before: &[u8]) -> bool {
    let from = before.iter().rposition(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_')).map_or(0, |at| at + 1);
    let key = &before[from..];
    let last = key.iter().rposition(|byte| *byte == b'_').map_or(key, |at| &key[at + 1..]);
    PRIVATE
        .iter()
        .any(|known| key.eq_ignore_ascii_case(known.as_bytes()) || last.eq_ignore_ascii_case(known.as_bytes()))
}

/// The mark of a word that is one thing as a whole.
fn whole(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    let first = *bytes.first()?;
    let has = |byte: u8| memchr::memchr(byte, bytes).is_some();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if has(b'@') && is_email(bytes) {
        return Some("<email>");
    }
    if is_uuid(bytes) {
        return Some("<uuid>");
    }
    if digits >= 4 && has(b'.') && is_ipv4(word) || has(b':') && is_ipv6(bytes) {
        return Some("<ip>");
    }
    if digits >= 4 && first.is_ascii_digit() && is_time(bytes) {
        return Some("<time>");
    }
    if digits > 0 && matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') && word.parse::<f64>().is_ok() {
        return Some("<n>");
    }
    if word.len() > 2
        && (word.starts_with("0x") || word.starts_with("0X"))
        && bytes[2..].iter().all(u8::is_ascii_hexdigit)
    {
        return Some("<hex>");
    }
    (is_key(bytes)).then_some("<key>")
}

/// `ada@example.org`, also as `mailto:` and with a name before it.
fn is_email(bytes: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', bytes) else { return false };
    let local =
        bytes[..at].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte) || *byte >= 0x80);
    let domain = &bytes[at + 1..];
    local && domain.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) && !bytes.contains(&b'/')
}

fn is_uuid(bytes: &[u8]) -> bool {
    let is_in_place = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(is_in_place)
}

/// `192.0.2.7`, with a port or a prefix or without.
fn is_ipv4(word: &str) -> bool {
    let address = word.split([':', '/']).next().unwrap_or_default();
    let parts = || address.split('.');
    parts().count() == 4
        && parts().all(|part| part.len() <= 3 && part.parse::<u8>().is_ok())
        && word[address.len()..].chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '/'))
}

fn is_ipv6(bytes: &[u8]) -> bool {
    let bytes = bytes.split(|byte| matches!(byte, b'%' | b'/' | b']')).next().unwrap_or_default();
    let colons = bytes.iter().filter(|byte| **byte == b':').count();
    let right = bytes.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    right
        && (colons == 7
            || colons == 5 && bytes.len() == 17
            || colons >= 2 && memchr::memmem::find(bytes, b"::").is_some())
}

/// `2026-11-29`, `2026-11-29T10:00:00.5Z`, `10:00:00,123`, `29/Nov/2026:10:00:00`.
fn is_time(bytes: &[u8]) -> bool {
    let right = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-:.,+/".contains(byte));
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let date = digit(3) && matches!(bytes.get(4), Some(b'-' | b'/')) && digit(5) && digit(8);
    let of_day = digit(1) && bytes.get(2) == Some(&b':') && digit(3) && bytes.get(5) == Some(&b':');
    let apache = bytes.len() > 11 && bytes[2] == b'/' && bytes[6] == b'/' && digit(10);
    right && (date || of_day || apache)
}

/// A long word of letters of both sizes and digits, as base64 has it and keys of clouds have it.
fn is_key(bytes: &[u8]) -> bool {
    let right = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-+/=.".contains(byte));
    let has = |is: fn(&u8) -> bool| bytes.iter().any(is);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    // a path has short parts, a package as well
    let parts = bytes.split(|byte| matches!(byte, b'/' | b'.' | b'-' | b'_'));
    let longest = parts.map(<[u8]>::len).max().unwrap_or(0);
    right && bytes.len() >= SECRET && longest >= SECRET / 2 && (mixed || bytes.starts_with(b"eyJ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_becomes_a_mark() {
        for (line, wanted) in [
            ("connection pool exhausted after 1500 ms", "connection pool exhausted after <n> ms"),
            ("took 250ms, 1.5s of 1,000", "took <n>ms, <n>s of <n>"),
            ("user 17 <ada@example.org> in 12 ms", "user <n> <<email>> in <n> ms"),
            ("peer 192.0.2.7:5512 and 10.0.0.1, [2001:db8::1] fe80::1%eth0", "peer <ip> and <ip>, [<ip>] <ip>"),
            ("id 6f1c2a7e-0b1d-4c8e-9f00-1234567890ab done", "id <uuid> done"),
            ("trace 4bf92f3577b34da6a3ce929d0e0e4736 at 0x7ffe", "trace <key> at <hex>"),
            ("pod web-7f9c4bd5d-x8k2p of v42", "pod web-<id>-x<n>k<n>p of <arm>"),
            (
                "GET https://shop.example/cart/17?user=ada&token=abc HTTP/1.1",
                "GET https://shop.example/cart/<n>?user=<*>&token=<*> HTTP/<n>",
            ),
            ("user=ada password=hunter2 status=500", "user=<*> password=<*> status=<n>"),
            ("unknown column \"Ada Lovelace\" in 'where'", "unknown column \"<*>\" in '<*>'"),
            ("can't open it, won't try", "can't open it, won't try"),
            ("Authorization: Bearer abcDEF123456", "Authorization: Bearer <key>"),
            ("at 2026-11-29T10:00:00.123Z and 10:00:01", "at <time> and <time>"),
            ("AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "<key> <key>"),
            ("java.lang.NullPointerException: x is null", "java.lang.NullPointerException: x is null"),
            ("  spaces\tand \u{7} bells ", "spaces and bells"),
            ("", ""),
        ] {
            assert_eq!(masked(line, &["v42".into()]), wanted, "{line}");
        }
    }

    #[test]
    fn a_quote_without_an_end_hides_its_word_and_long_lines_are_cut() {
        assert_eq!(masked("hello \"Ada Lovelace", &[]), "hello \"<*> Lovelace");
        let long = masked(&"é".repeat(1 << 20), &[]);
        assert!(long.len() <= LONGEST + 4 && long.ends_with('…'));
    }
}
