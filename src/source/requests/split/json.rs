//! One JSON object per line, walked once: wanted values are taken as they pass, all others are only checked and skipped.
//!
//! A log has many keys and few are wanted, so building the whole object costs several times what reading it does. What is
//! skipped is still checked as strictly as serde_json checks it (strings, numbers, nesting, UTF-8): a line that was cut
//! off or overwritten never passes as a row. Of a key that is there twice the last one counts, as with serde_json.
//! A program writes the same keys in the same order, line after line: where the next key of the first line stands, it is not
//! looked for.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Is, Split};
use crate::source::requests::Value;

const BROKEN: &str = "is not a JSON object";
/// Containers in containers, as many as serde_json allows.
const DEEPEST: usize = 127;
/// So many keys of one object are not looked through one by one.
const FEW: usize = 16;
/// A path with more dots than this is only looked for whole and with every dot a step.
const MOST_DOTS: usize = 4;

/// Splits lines that are JSON objects.
pub(in crate::source) struct Json {
    /// The wanted keys as a tree; the first is its root.
    nodes: Vec<Node>,
    /// The keys of the first line, in their order.
    usual: OnceLock<Vec<Usual>>,
}

/// A key as it is written, with its colon, and the node that it leads to.
struct Usual {
    text: Box<[u8]>,
    child: Option<usize>,
}

impl Usual {
    /// Whether a line goes on with it. Most keys are of two words of eight bytes, which may overlap.
    #[inline]
    fn begins(&self, rest: &[u8]) -> bool {
        let (key, len) = (&*self.text, self.text.len());
        match (8..=16).contains(&len) && rest.len() >= len {
            true => rest.first_chunk::<8>() == key.first_chunk() && rest[..len].last_chunk::<8>() == key.last_chunk(),
            false => rest.starts_with(key),
        }
    }
}

/// A key, or the root.
#[derive(Default)]
struct Node {
    /// The few keys that are usual.
    keys: Vec<(Box<[u8]>, usize)>,
    /// Of many the same, to be found at once.
    index: HashMap<Box<[u8]>, usize>,
    /// The slots that its value goes to.
    takes: Vec<Place>,
    /// Those that values inside of it go to.
    inside: Vec<Place>,
}

/// A slot, and how well the key suits it: of several keys that a column may mean, the one of the lowest rank counts.
#[derive(Clone, Copy)]
struct Place {
    slot: usize,
    rank: u8,
}

impl Json {
    /// For columns that are keys or paths of keys (`data.tags.status`). A key that itself contains dots goes first.
    pub(in crate::source) fn new(wanted: &[String]) -> Json {
        Json::within(wanted, &[])
    }

    /// Columns that are not found so are looked for in these objects, too, the first that has one.
    pub(in crate::source::requests) fn within(wanted: &[String], objects: &[&str]) -> Json {
        let mut json = Json { nodes: vec![Node::default()], usual: OnceLock::new() };
        for (slot, name) in wanted.iter().enumerate() {
            let mut paths = readings(name);
            for object in objects {
                let outer: Vec<&str> = object.split('.').collect();
                paths.extend(readings(name).into_iter().map(|path| outer.iter().copied().chain(path).collect()));
            }
            for (rank, path) in (0..u8::MAX).zip(&paths) {
                json.take(path, Place { slot, rank });
            }
        }
        json
    }

    fn take(&mut self, path: &[&str], place: Place) {
        let mut node = 0;
        for key in path {
            self.nodes[node].inside.push(place);
            node = self.child(node, key.as_bytes()).unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let new = self.nodes.len() - 1;
                self.nodes[node].add(key.as_bytes(), new);
                new
            });
        }
        self.nodes[node].takes.push(place);
    }

    fn child(&self, node: usize, key: &[u8]) -> Option<usize> {
        let Node { keys, index, .. } = &self.nodes[node];
        match index.is_empty() {
            true => keys.iter().find(|(name, _)| **name == *key).map(|(_, child)| *child),
            false => index.get(key).copied(),
        }
    }
}

impl Node {
    fn add(&mut self, key: &[u8], child: usize) {
        self.keys.push((key.into(), child));
        match self.keys.len() {
            FEW => self.index.extend(self.keys.iter().cloned()),
            many if many > FEW => {
                self.index.insert(key.into(), child);
            }
            _ => {}
        }
    }
}

/// The paths that a name can mean: `a.b.c` is a key, or `b.c` in `a`, or `c` in `a.b`, or `c` in `b` in `a`.
fn readings(name: &str) -> Vec<Vec<&str>> {
    let dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
    if dots.len() > MOST_DOTS {
        return vec![vec![name], name.split('.').collect()];
    }
    let cuts = |set: usize| {
        let mut path = Vec::new();
        let mut from = 0;
        for (bit, at) in dots.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1) {
            path.push(&name[from..*at]);
            from = dots[bit] + 1;
        }
        path.push(&name[from..]);
        path
    };
    (0..1_usize << dots.len()).map(cuts).collect()
}

impl Split for Json {
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        fields.fill(Value::Missing);
        if !line.is_ascii() && std::str::from_utf8(line).is_err() {
            return Err(BROKEN);
        }
        let mut few = [u8::MAX; 32];
        let mut many = Vec::new();
        let ranks = match few.get_mut(..fields.len()) {
            Some(ranks) => ranks,
            None => {
                many.resize(fields.len(), u8::MAX);
                &mut many[..]
            }
        };
        let mut walk = Walk { text: Text { line, at: 0 }, tree: self, fields, ranks };
        if walk.text.next_is_end() {
            return Ok(Is::Nothing);
        }
        let whole = walk.text.eat(b'{').and_then(|()| walk.object(0, 1)).filter(|()| walk.text.next_is_end());
        if whole.is_some() {
            self.usual.get_or_init(|| self.keys(line).unwrap_or_default());
        }
        whole.map(|()| Is::Row).ok_or(BROKEN)
    }
}

impl Json {
    /// The keys of an object that was walked before.
    fn keys(&self, line: &[u8]) -> Option<Vec<Usual>> {
        let mut text = Text { line, at: 0 };
        text.space();
        text.eat(b'{')?;
        let mut keys = Vec::new();
        text.space();
        while text.peek()? == b'"' {
            let from = text.at;
            let key = text.name()?;
            // a key with escapes is looked for each time
            if key.escaped {
                break;
            }
            keys.push(Usual { text: line[from..text.at].into(), child: self.child(0, key.inner) });
            text.skip(1)?;
            text.space();
            if text.next()? == b'}' {
                break;
            }
            text.space();
        }
        Some(keys)
    }
}

/// One line on its way through the tree.
struct Walk<'w, 'l> {
    text: Text<'l>,
    tree: &'w Json,
    fields: &'w mut [Value<'l>],
    /// The rank of what is in each slot.
    ranks: &'w mut [u8],
}

impl<'l> Walk<'_, 'l> {
    /// An object from behind its brace; `depth` containers are open.
    fn object(&mut self, node: usize, depth: usize) -> Option<()> {
        self.text.space();
        if self.text.eat(b'}').is_some() {
            return Some(());
        }
        let usual = if node == 0 { self.tree.usual.get().map_or(&[][..], Vec::as_slice) } else { &[] };
        let mut usual = usual.iter();
        loop {
            let child = match usual.next().filter(|usual| usual.begins(self.text.rest())) {
                Some(usual) => {
                    self.text.at += usual.text.len();
                    self.text.space();
                    usual.child
                }
                None => self.key(node)?,
            };
            match child {
                Some(child) => self.value(child, depth)?,
                None => self.text.skip(depth)?,
            }
            self.text.space();
            match self.text.next()? {
                b',' => self.text.space(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// The node that the next key leads to.
    fn key(&mut self, node: usize) -> Option<Option<usize>> {
        let key = self.text.name()?;
        Some(match key.escaped {
            false => self.tree.child(node, key.inner),
            true => self.tree.child(node, &key.unescaped()?),
        })
    }

    fn value(&mut self, node: usize, depth: usize) -> Option<()> {
        let Node { keys, takes, inside, .. } = &self.tree.nodes[node];
        for Place { slot, rank } in inside {
            if self.ranks[*slot] == *rank {
                self.ranks[*slot] = u8::MAX;
                self.fields[*slot] = Value::Missing;
            }
        }
        let value = match self.text.peek()? {
            b'"' => self.text.string()?.value()?,
            b'{' if !keys.is_empty() && depth < DEEPEST => {
                self.text.at += 1;
                self.object(node, depth + 1)?;
                Value::Missing
            }
            b'{' | b'[' => {
                self.text.skip(depth)?;
                Value::Missing
            }
            b'-' | b'0'..=b'9' => Value::Text(self.text.number()?),
            _ => self.text.word()?,
        };
        if let [only] = takes.as_slice() {
            self.put(only, value);
            return Some(());
        }
        takes.iter().for_each(|place| self.put(place, value.clone()));
        Some(())
    }

    #[inline]
    fn put(&mut self, place: &Place, value: Value<'l>) {
        if place.rank <= self.ranks[place.slot] {
            self.ranks[place.slot] = place.rank;
            self.fields[place.slot] = value;
        }
    }
}

/// A string between its quotes.
struct Quoted<'l> {
    inner: &'l [u8],
    /// With its quotes.
    outer: &'l [u8],
    escaped: bool,
}

impl<'l> Quoted<'l> {
    fn unescaped(&self) -> Option<Box<[u8]>> {
        serde_json::from_slice::<String>(self.outer).ok().map(|text| text.into_bytes().into())
    }

    fn value(self) -> Option<Value<'l>> {
        match self.escaped {
            false => Some(Value::Text(self.inner)),
            true => self.unescaped().map(Value::Unescaped),
        }
    }
}

/// A line and how far it has been read. `None` is a line that is no JSON.
struct Text<'l> {
    line: &'l [u8],
    at: usize,
}

impl<'l> Text<'l> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn rest(&self) -> &'l [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.next_if(|next| next == byte)).then_some(())
    }

    fn next_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let hit = self.peek().is_some_and(wanted);
        self.at += usize::from(hit);
        hit
    }

    fn space(&mut self) {
        while self.next_if(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {}
    }

    fn next_is_end(&mut self) -> bool {
        self.space();
        self.at == self.line.len()
    }

    fn word(&mut self) -> Option<Value<'l>> {
        let words = [(&b"true"[..], Value::Bool(true)), (b"false", Value::Bool(false)), (b"null", Value::Missing)];
        let (word, value) = words.into_iter().find(|(word, _)| self.line[self.at..].starts_with(word))?;
        self.at += word.len();
        Some(value)
    }

    fn number(&mut self) -> Option<&'l [u8]> {
        let (line, from) = (self.line, self.at);
        let is = |at: usize, byte: u8| line.get(at) == Some(&byte);
        // where at least one digit ends
        let after_digits = |at: usize| Some(digits(line, at)).filter(|end| *end > at);
        let first = from + usize::from(is(from, b'-'));
        let mut at = after_digits(first)?;
        if is(first, b'0') && at > first + 1 {
            return None;
        }
        if is(at, b'.') {
            at = after_digits(at + 1)?;
        }
        let exponent = is(at, b'e') || is(at, b'E');
        if exponent {
            at = after_digits(at + 1 + usize::from(is(at + 1, b'+') || is(at + 1, b'-')))?;
        }
        self.at = at;
        let number = &line[from..at];
        let may_be_too_large = exponent || number.len() > 300;
        (!may_be_too_large || serde_json::from_slice::<f64>(number).is_ok()).then_some(number)
    }

    fn string(&mut self) -> Option<Quoted<'l>> {
        let from = self.at;
        self.eat(b'"')?;
        let mut escaped = false;
        loop {
            self.at = plain(self.line, self.at);
            match self.next()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
        Some(Quoted { inner: &self.line[from + 1..self.at - 1], outer: &self.line[from..self.at], escaped })
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.hex()? {
                0xDC00..=0xDFFF => None,
                0xD800..=0xDBFF => {
                    self.eat(b'\\')?;
                    self.eat(b'u')?;
                    (0xDC00..=0xDFFF).contains(&self.hex()?).then_some(())
                }
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |sum, _| Some(sum * 16 + char::from(self.next()?).to_digit(16)?))
    }

    /// Any value, in `depth` open containers. Which of those it opens are objects is a bit each.
    fn skip(&mut self, depth: usize) -> Option<()> {
        let mut objects = 0_u128;
        let mut open = 0;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    open += 1;
                    objects = objects << 1 | u128::from(bracket == b'{');
                    self.space();
                    let empty = self.peek()? == bracket + 2;
                    if depth + open > DEEPEST {
                        return None;
                    }
                    if !empty {
                        self.key(objects)?;
                        continue;
                    }
                }
                _ => {
                    self.word()?;
                }
            }
            loop {
                if open == 0 {
                    return Some(());
                }
                self.space();
                match self.next()? {
                    b',' => break,
                    b'}' if objects & 1 == 1 => {}
                    b']' if objects & 1 == 0 => {}
                    _ => return None,
                }
                open -= 1;
                objects >>= 1;
            }
            self.space();
            self.key(objects)?;
        }
    }

    /// The key and the colon before a value, where the innermost container is an object.
    fn key(&mut self, objects: u128) -> Option<()> {
        if objects & 1 == 1 {
            self.name()?;
        }
        Some(())
    }

    /// A key up to its value.
    fn name(&mut self) -> Option<Quoted<'l>> {
        let key = self.string()?;
        self.space();
        self.eat(b':')?;
        self.space();
        Some(key)
    }
}

/// Where a run of digits ends, eight bytes at a time: the high half of a digit is 3, and still is with 6 added. What is added to a byte
/// that is no digit may reach the next ones, so the lowest that differs is right.
fn digits(line: &[u8], mut at: usize) -> usize {
    at = at.min(line.len());
    const ONES: u64 = u64::MAX / 255;
    const HALVES: u64 = ONES * 0xF0;
    while let Some(chunk) = line[at..].first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let differs = ((word & HALVES) ^ (ONES * 0x30)) | ((word.wrapping_add(ONES * 6) & HALVES) ^ (ONES * 0x30));
        if differs != 0 {
            return at + (differs.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Where a string's plain text ends: at a quote, a backslash or a control character. Eight bytes at a time: a byte's
/// highest bit is set where it is one of them, and maybe above such a byte, so the lowest is right.
fn plain(line: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let same = |word: u64, byte: u8| {
        let differs = word ^ (ONES * u64::from(byte));
        differs.wrapping_sub(ONES) & !differs
    };
    while let Some(chunk) = line[at..].first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let hit = (same(word, b'"') | same(word, b'\\') | control) & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = line[at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    rest.map_or(line.len(), |more| at + more)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value as Tree};

    use super::*;

    fn read(json: &Json, slots: usize, line: &[u8]) -> Result<Vec<Value<'static>>, &'static str> {
        let mut fields = vec![Value::Int(7); slots];
        assert_eq!(json.split(line, &mut fields)?, Is::Row);
        let owned = |value: &Value| match value {
            Value::Text(text) => Value::Unescaped((*text).into()),
            Value::Unescaped(text) => Value::Unescaped(text.clone()),
            Value::Bool(yes) => Value::Bool(*yes),
            other => {
                assert_eq!(other, &Value::Missing);
                Value::Missing
            }
        };
        Ok(fields.iter().map(owned).collect())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    fn one(name: &str, line: &str) -> Value<'static> {
        read(&Json::new(&names(&[name])), 1, line.as_bytes()).unwrap()[0].clone()
    }

    fn text(text: &str) -> Value<'static> {
        Value::Unescaped(text.as_bytes().into())
    }

    #[test]
    fn lines_with_other_keys_than_the_first_are_read_likewise() {
        let columns = names(&["t", "ms", "a.b", "ok"]);
        let json = Json::new(&columns);
        for line in [
            r#"{"t":1,"ms":2.5,"a":{"b":3},"ok":true}"#,
            r#"{"t":11,"ms":12.5,"a":{"b":13},"ok":false}"#,
            r#"{"ms":2,"t":1,"ok":true,"a":{"b":3}}"#,
            r#"{"t" : 1, "ms":2.5, "x":{"t":9,"ms":8},"ok":true}"#,
            r#"{"t":1}"#,
            r#"{"t":1,"ms":2,"ms":3,"a.b":4,"ok":null,"more":[1,{"t":5}]}"#,
            r#"{"t":1,"ms":7,"a":{"b":""t":"},"ok":false}"#,
            r#"{"t2":1,"ms":2.5}"#,
            r#"  { "t":1,"ms":2.5,"a":{"b":3},"ok":true }  "#,
            r#"{}"#,
        ] {
            let fresh = read(&Json::new(&columns), 4, line.as_bytes());
            assert_eq!(read(&json, 4, line.as_bytes()), fresh, "{line}");
        }
        for broken in
            [r#"{"t":1,"ms":"#, r#"{"t":1 "ms":2}"#, r#"{"t":1,"ms":2.5,"a":{"b":3},"ok":tru}"#, r#"{"t":,"ms":2}"#]
        {
            assert_eq!(read(&json, 4, broken.as_bytes()), Err(BROKEN), "{broken}");
        }
    }

    #[test]
    fn keys_and_paths_are_found_and_what_lies_between_is_skipped() {
        let line = r#" {"t":"2026-11-21T10:00:00Z", "skip":{"a":["]}",{"b":"\"}"}],"e":{}},"ms":1.5e3,"ok":true,"no":null,
            "data":{"tags":{"status":"200","x":[1,2]},"value":12},"http.status":404,"attributes":{"http.route":"/a\u00e9"}}"#;
        assert_eq!(one("t", line), text("2026-11-21T10:00:00Z"));
        assert_eq!(one("ms", line), text("1.5e3"));
        assert_eq!(one("ok", line), Value::Bool(true));
        assert_eq!(one("data.tags.status", line), text("200"));
        assert_eq!(one("data.value", line), text("12"));
        assert_eq!(one("http.status", line), text("404"));
        assert_eq!(one("attributes.http.route", line), text("/aé"));
        for missing in ["no", "data", "data.tags", "data.tags.x", "a", "skip.a.b", "nothing", "t.t", ""] {
            assert_eq!(one(missing, line), Value::Missing, "{missing}");
        }
    }

    #[test]
    fn a_key_with_a_dot_goes_before_a_path_and_the_last_of_two_counts() {
        assert_eq!(one("a.b", r#"{"a.b":1,"a":{"b":2}}"#), text("1"));
        assert_eq!(one("a.b", r#"{"a":{"b":2},"a.b":1}"#), text("1"));
        assert_eq!(one("a", r#"{"a":1,"a":2}"#), text("2"));
        assert_eq!(one("a", r#"{"a":1,"\u0061":"x"}"#), text("x"));
        assert_eq!(one("a.b", r#"{"a":{"b":2},"a":3}"#), Value::Missing);
    }

    #[test]
    fn columns_are_looked_for_in_the_objects_of_a_format() {
        let line = r#"{"metric":"m","data":{"value":3,"tags":{"name":"n","value":"tag"}}}"#;
        let json = Json::within(&names(&["metric", "name", "value", "data.value"]), &["data.tags", "data"]);
        assert_eq!(read(&json, 4, line.as_bytes()).unwrap(), [text("m"), text("n"), text("tag"), text("3")]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in [
            "[]",
            "1",
            "{",
            "{}}",
            "{} x",
            "{\"a\":1,}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "nul",
            "{\"a\":-}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":1e999}",
            "{\"a\":tru}",
            "{\"a\":[1,]}",
            "{\"a\":[1}}",
            "{\"a\":{\"b\":1]}",
            "{\"a\":1 \"b\":2}",
            "\u{feff}{}",
            "{\"a\":[[}]]",
        ] {
            let wanted = [names(&["a"]), names(&["z"])];
            wanted
                .iter()
                .for_each(|wanted| assert_eq!(read(&Json::new(wanted), 1, line.as_bytes()), Err(BROKEN), "{line}"));
        }
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&Json::new(&[]), 0, nested(126).as_bytes()).is_ok());
        assert!(read(&Json::new(&[]), 0, nested(127).as_bytes()).is_err());
        assert_eq!(Json::new(&[]).split(b" ", &mut []), Ok(Is::Nothing));
    }

    /// JSON as text, with keys that come twice.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            prop_oneof![Just("true"), Just("false"), Just("null"), Just("{}"), Just("[]")].prop_map(String::from),
            ".{0,12}".prop_map(|text| Tree::from(text).to_string()),
            r#""([a-z ,:{}\[\]]|\\[nu"/x\\]|\\u[d0][8c0][0-9a-f]{2}|é){0,9}""#,
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let key = prop_oneof![Just("a"), Just("b"), Just("a.b"), Just("\\u0061"), Just("long key, unwanted")];
            let pairs = prop::collection::vec((key, inner.clone()), 0..4);
            let object = pairs.prop_map(|pairs| {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", pairs.join(","))
            });
            let array = prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" , ")));
            prop_oneof![3 => object, 1 => array]
        })
    }

    fn agree(line: &[u8]) -> Result<(), TestCaseError> {
        let wanted = ["a", "b", "a.b", "b.a"];
        let ours = read(&Json::new(&names(&wanted)), wanted.len(), line);
        let Ok(theirs) = serde_json::from_slice::<Map<String, Tree>>(line) else {
            prop_assert!(ours.is_err(), "serde_json refuses {}", String::from_utf8_lossy(line));
            return Ok(());
        };
        prop_assert!(ours.is_ok(), "serde_json reads {}", String::from_utf8_lossy(line));
        for (name, ours) in wanted.iter().zip(ours.unwrap()) {
            let by_path = || name.split_once('.').and_then(|(outer, inner)| theirs.get(outer)?.get(inner));
            let same = match (ours, theirs.get(*name).or_else(by_path).unwrap_or(&Tree::Null)) {
                (Value::Missing, tree) => matches!(tree, Tree::Null | Tree::Object(_) | Tree::Array(_)),
                (Value::Bool(yes), tree) => *tree == Tree::Bool(yes),
                (Value::Unescaped(ours), Tree::String(text)) => *ours == *text.as_bytes(),
                (Value::Unescaped(ours), tree) => serde_json::from_slice::<Tree>(&ours).unwrap() == *tree,
                _ => false,
            };
            prop_assert!(same, "{name} of {}", String::from_utf8_lossy(line));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn lines_are_read_as_serde_json_reads_them(line in json()) {
            prop_assume!(!line.trim().is_empty());
            agree(line.as_bytes())?;
        }

        #[test]
        fn broken_lines_are_refused_as_serde_json_refuses_them(
            line in json(), at in any::<prop::sample::Index>(), byte in prop_oneof![any::<u8>(), prop::sample::select(&b"\"\\{}[],:0e-. "[..])],
            how in 0..4,
        ) {
            let mut line = format!("{{\"a\":{line}}}").into_bytes();
            let at = at.index(line.len());
            match how {
                0 => line.truncate(at),
                1 => line[at] = byte,
                2 => line.insert(at, byte),
                _ => drop(line.remove(at)),
            }
            prop_assume!(!line.trim_ascii().is_empty());
            agree(&line)?;
        }

        #[test]
        fn any_bytes_are_read_or_refused(line in prop::collection::vec(any::<u8>(), 1..64)) {
            prop_assume!(!line.trim_ascii().is_empty());
            agree(&line)?;
        }
    }
}
