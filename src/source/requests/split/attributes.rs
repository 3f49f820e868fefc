//! XML with one record per line, in the attributes of its element: JMeter's results.
//!
//! Lines are split many at a time, so nothing is known of the lines before. Which samples are inside of others is told
//! by their indentation: JMeter writes samples of the first level where the line begins and those inside of them (the
//! parts of a page, the requests of a transaction) further right. JMeter's own reports count the first level only, and so
//! does this.

use memchr::memchr;

use super::{Is, Split};
use crate::source::requests::Value;

const BROKEN: &str = "has an XML tag that is not complete";

/// Splits lines with the start tag of an element.
pub(in crate::source::requests) struct Attributes {
    elements: &'static [&'static str],
    /// How many spaces stand before an element that counts.
    indent: usize,
    /// The names of attributes, by slot.
    wanted: Vec<String>,
}

/// JMeter's attributes by the names that its CSV files have for the same.
const ATTRIBUTES: [(&str, &str); 19] = [
    ("timeStamp", "ts"),
    ("elapsed", "t"),
    ("label", "lb"),
    ("responseCode", "rc"),
    ("responseMessage", "rm"),
    ("threadName", "tn"),
    ("dataType", "dt"),
    ("success", "s"),
    ("bytes", "by"),
    ("sentBytes", "sby"),
    ("grpThreads", "ng"),
    ("allThreads", "na"),
    ("Latency", "lt"),
    ("IdleTime", "it"),
    ("Connect", "ct"),
    ("Encoding", "de"),
    ("SampleCount", "sc"),
    ("ErrorCount", "ec"),
    ("Hostname", "hn"),
];

impl Attributes {
    /// For elements of these names, behind so many spaces. A column is an attribute, or what JMeter's CSV calls it.
    pub(in crate::source::requests) fn new(
        elements: &'static [&'static str],
        indent: usize,
        wanted: &[String],
    ) -> Attributes {
        let attribute = |name: &String| {
            let known = ATTRIBUTES.iter().find(|(long, _)| long == name);
            known.map_or(name.clone(), |(_, short)| short.to_string())
        };
        Attributes { elements, indent, wanted: wanted.iter().map(attribute).collect() }
    }

    /// What stands behind the name of the element, where the line has one that counts.
    fn tag<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let (space, tag) = line.split_at_checked(self.indent)?;
        let tag = tag.strip_prefix(b"<").filter(|_| space.iter().all(u8::is_ascii_whitespace))?;
        let rest = self.elements.iter().find_map(|name| tag.strip_prefix(name.as_bytes()))?;
        matches!(rest.first(), None | Some(b' ' | b'\t' | b'>' | b'/')).then_some(rest)
    }
}

impl Split for Attributes {
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        fields.fill(Value::Missing);
        let Some(mut rest) = self.tag(line) else { return Ok(Is::Nothing) };
        loop {
            rest = rest.trim_ascii_start();
            if rest.starts_with(b">") || rest.starts_with(b"/>") {
                return Ok(Is::Row);
            }
            let equals = memchr(b'=', rest).ok_or(BROKEN)?;
            let (name, behind) = (rest[..equals].trim_ascii_end(), rest[equals + 1..].trim_ascii_start());
            let (quote, behind) = behind.split_first().filter(|(q, _)| matches!(q, b'"' | b'\'')).ok_or(BROKEN)?;
            let end = memchr(*quote, behind).ok_or(BROKEN)?;
            if let Some(slot) = self.wanted.iter().position(|wanted| wanted.as_bytes() == name) {
                let value = unescape(&behind[..end])?;
                let same =
                    self.wanted.iter().enumerate().skip(slot + 1).filter(|(_, wanted)| wanted.as_bytes() == name);
                same.for_each(|(slot, _)| fields[slot] = value.clone());
                fields[slot] = value;
            }
            rest = &behind[end + 1..];
        }
    }
}

/// `&lt;` and its like, in an attribute.
fn unescape(text: &[u8]) -> Result<Value<'_>, &'static str> {
    const UNKNOWN: &str = "has an XML entity that does not exist";
    if text.is_empty() {
        return Ok(Value::Missing);
    }
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        plain.extend_from_slice(&rest[..at]);
        let entity = &rest[at + 1..];
        let end = memchr(b';', entity).ok_or(UNKNOWN)?;
        let character = character(&entity[..end]).ok_or(UNKNOWN)?;
        plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &entity[end + 1..];
    }
    if plain.is_empty() && rest.len() == text.len() {
        return Ok(Value::Text(text));
    }
    plain.extend_from_slice(rest);
    Ok(Value::Unescaped(plain.into()))
}

fn character(entity: &[u8]) -> Option<char> {
    match entity {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => {
            let number = std::str::from_utf8(entity.strip_prefix(b"#")?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(indent: usize, wanted: &[&str], line: &str) -> Result<Option<Vec<String>>, &'static str> {
        let wanted: Vec<String> = wanted.iter().map(|name| name.to_string()).collect();
        let mut fields = vec![Value::Int(7); wanted.len()];
        let is = Attributes::new(&["httpSample", "sample"], indent, &wanted).split(line.as_bytes(), &mut fields)?;
        let shown = |value: &Value| match value {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Value::Unescaped(text) => format!("!{}", String::from_utf8_lossy(text)),
            other => format!("{other:?}"),
        };
        Ok((is == Is::Row).then(|| fields.iter().map(shown).collect()))
    }

    fn row(cells: &[&str]) -> Result<Option<Vec<String>>, &'static str> {
        Ok(Some(cells.iter().map(|cell| cell.to_string()).collect()))
    }

    #[test]
    fn attributes_are_found_by_their_own_names_and_by_those_of_the_csv() {
        let line = r#"<httpSample t="12" lt='3' s = "true" lb="a &lt;&#38;&#x3e; &quot;b&apos;" rm="" rc="200">"#;
        assert_eq!(
            read(0, &["t", "label", "s", "rm", "ng"], line),
            row(&["12", "!a <&> \"b'", "true", "Missing", "Missing"])
        );
        assert_eq!(read(0, &["elapsed", "t", "responseCode"], line), row(&["12", "12", "200"]));
        assert_eq!(read(0, &["lb"], r#"<sample lb="=>"/>"#), row(&["=>"]));
        assert_eq!(read(0, &["t"], "<sample>"), row(&["Missing"]));
    }

    #[test]
    fn samples_inside_of_others_and_everything_else_are_no_rows() {
        for line in
            ["", "<testResults version=\"1.2\">", "  <httpSample t=\"1\"/>", "</httpSample>", "<httpSamples t=\"1\"/>"]
        {
            assert_eq!(read(0, &["t"], line), Ok(None), "{line}");
        }
        assert_eq!(read(2, &["t"], "  <httpSample t=\"1\"/>"), row(&["1"]));
        assert_eq!(read(2, &["t"], "    <httpSample t=\"1\"/>"), Ok(None));
    }

    #[test]
    fn a_tag_that_is_cut_off_is_an_error() {
        for line in ["<sample t=\"1", "<sample t", "<sample t=\"1\"", "<sample t=1>", "<sample t=\"1\" s", "<sample"] {
            assert_eq!(read(0, &["t"], line), Err(BROKEN), "{line}");
        }
        assert!(read(0, &["lb"], "<sample lb=\"a & b\">").is_err());
        assert!(read(0, &["lb"], "<sample lb=\"&nbsp;\">").is_err());
        assert!(read(0, &["lb"], "<sample lb=\"&#xd800;\">").is_err());
    }
}
