//! The names of slices: rows by the values of some dimensions at once, such as route and region.

/// The name of a slice by its values: `GET /search | eu-west-1`. A bar or a backslash inside a value has a backslash before it.
pub fn slice_name<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let escaped = values.into_iter().map(|value| value.replace('\\', "\\\\").replace('|', "\\|"));
    escaped.collect::<Vec<_>>().join(" | ")
}

/// The values of a slice's name.
pub fn slice_values(name: &str) -> Vec<String> {
    let (mut values, mut value, mut chars) = (Vec::new(), String::new(), name.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '|' => {
                // the spaces around a bar are not the values'
                value.pop();
                chars.next();
                values.push(std::mem::take(&mut value));
            }
            c => value.push(c),
        }
    }
    values.push(value);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_values_back() {
        let cases = [vec!["GET /search", "eu"], vec!["a | b", "c\\"], vec!["", "|", "\\|"], vec![" x ", "y"]];
        for values in cases {
            assert_eq!(slice_values(&slice_name(values.iter().copied())), values);
        }
    }
}
