//! `${NAME}` in sources and columns: labels of the arm, `${NAME:-default}`, and `$$` for a literal dollar.
//!
//! A name that nothing sets is an error and never an empty text: `series/.csv` would be looked for otherwise.

use super::problem::{Complaint, nearest};

/// One part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Literal(&'t str),
    Name { name: &'t str, default: Option<&'t str>, at: std::ops::Range<usize> },
}

/// Replaces every `${NAME}` by what `value` says of it; `known` are the names to suggest.
pub(crate) fn substitute(
    text: &str,
    known: &[&str],
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, Complaint> {
    replace(text, known, |name, default| value(name).or_else(|| default.map(str::to_owned)))
}

/// Replaces every `${NAME}` by what `value` says of it and of its default.
pub(crate) fn replace(
    text: &str,
    known: &[&str],
    mut value: impl FnMut(&str, Option<&str>) -> Option<String>,
) -> Result<String, Complaint> {
    let mut result = String::with_capacity(text.len());
    for part in parts(text)? {
        match part {
            Part::Literal(literal) => result.push_str(literal),
            Part::Name { name, default, at } => match value(name, default) {
                Some(value) => result.push_str(&value),
                None => {
                    let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `${{{near}}}`?"));
                    let ways = format!("set it: a label under `arms`, `--set {name}=…`, `${{{name}:-default}}`");
                    let complaint = Complaint::new(format!("`${{{name}}}` is not set"));
                    return Err(complaint.hint(near.unwrap_or(ways)).within(at));
                }
            },
        }
    }
    Ok(result)
}

/// The names that a text refers to; none where it cannot be read.
pub(crate) fn names(text: &str) -> Vec<&str> {
    let parts = parts(text).unwrap_or_default();
    parts.into_iter().filter_map(|part| if let Part::Name { name, .. } = part { Some(name) } else { None }).collect()
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, Complaint> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(dollar) = text[from..].find('$').map(|i| from + i) {
        parts.push(Part::Literal(&text[from..dollar]));
        let after = &text[dollar + 1..];
        if after.starts_with('$') {
            parts.push(Part::Literal(&text[dollar..=dollar]));
            from = dollar + 2;
            continue;
        }
        let Some(body) = after.strip_prefix('{') else {
            let end = dollar + 1 + after.chars().next().map_or(0, char::len_utf8);
            let hint = "write `${NAME}`, or `$$` for a dollar sign";
            return Err(Complaint::new("a `$` by itself means nothing").hint(hint).within(dollar..end));
        };
        let Some(close) = body.find('}') else {
            let complaint = Complaint::new("`${` is not closed").hint("write `${NAME}`");
            return Err(complaint.within(dollar..text.len()));
        };
        let end = dollar + 2 + close + 1;
        let inner = &body[..close];
        let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
        if !super::scalar::is_name(name) {
            let complaint = Complaint::new(format!("`{name}` cannot be the name of a label"));
            return Err(complaint.hint("write `${NAME}` or `${NAME:-default}`").within(dollar..end));
        }
        parts.push(Part::Name { name, default, at: dollar..end });
        from = end;
    }
    parts.push(Part::Literal(&text[from..]));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_version(text: &str) -> Result<String, String> {
        substitute(text, &["version"], |name| (name == "version").then(|| "42".to_owned())).map_err(|c| c.message)
    }

    #[test]
    fn names_defaults_and_dollars() {
        assert_eq!(with_version("a/${version}.csv").as_deref(), Ok("a/42.csv"));
        assert_eq!(with_version("${region:-eu}").as_deref(), Ok("eu"));
        assert_eq!(with_version("${version:-1}$$").as_deref(), Ok("42$"));
        assert_eq!(with_version("${region:-}").as_deref(), Ok(""));
        for wrong in ["${verison}", "${", "$x", "${}", "${a b}", "$"] {
            assert!(with_version(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in r"([${}:\-a-zé]|\PC){0,16}") {
            if let Err(complaint) = substitute(&text, &[], |_| None) {
                prop_assert!(text.get(complaint.part).is_some());
            }
        }

        #[test]
        fn escaped_text_comes_back(text in r"\PC{0,16}") {
            prop_assert_eq!(with_version(&text.replace('$', "$$")), Ok(text));
        }
    }
}
