//! The reference of all keys of a configuration, from the schema: a section for each place where keys stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::hold_fresh;

/// A place in the file where keys stand.
struct Section {
    path: String,
    description: String,
    rows: Vec<String>,
}

/// Walks the schema from the top, and describes each definition once, where it is at home.
struct Walk<'a> {
    definitions: &'a Value,
    homes: BTreeMap<String, String>,
    described: BTreeSet<String>,
    sections: Vec<Section>,
}

impl Walk<'_> {
    /// Describes the keys that may stand at a path, and what stands below them.
    fn visit(&mut self, path: &str, schema: &Value) {
        let Some(schema) = self.entered(path, schema) else { return };
        for part in schema["anyOf"].as_array().into_iter().flatten() {
            self.visit(path, part);
        }
        if let Some(below) = schema.get("additionalProperties").filter(|below| below.is_object()) {
            self.visit(&format!("{path}.NAME"), below);
        }
        if let Some(below) = schema.get("items") {
            self.visit(&format!("{path}[]"), below);
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        let below = |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        // a definition is at home where it is nearest to the top
        for (key, property) in properties {
            if let Some(name) = referred(property) {
                self.homes.entry(name.to_owned()).or_insert_with(|| below(key));
            }
        }
        let description = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        let at = self.sections.len();
        self.sections.push(Section { path: path.to_owned(), description, rows: Vec::new() });
        for (key, property) in properties {
            self.visit(&below(key), property);
            let is_required =
                schema["required"].as_array().is_some_and(|keys| keys.contains(&Value::from(key.as_str())));
            let row = self.row(key, property, is_required);
            self.sections[at].rows.push(row);
        }
    }

    /// The schema itself, or the definition that it refers to, if that is at home here and not described yet.
    fn entered(&mut self, path: &str, schema: &Value) -> Option<Value> {
        let Some(name) = referred(schema) else { return Some(schema.clone()) };
        let home = self.homes.entry(name.to_owned()).or_insert_with(|| path.to_owned());
        let is_new = home == path && self.described.insert(name.to_owned());
        is_new.then(|| self.definitions[name].clone())
    }

    fn row(&self, key: &str, property: &Value, is_required: bool) -> String {
        let required = if is_required { ", required" } else { "" };
        let description = property["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        format!("| `{key}`: {}{required} | {description} |", self.value(property).join(", "))
    }

    /// What may be written as the value, in words.
    fn value(&self, schema: &Value) -> Vec<String> {
        if let Some(name) = referred(schema) {
            let definition = &self.definitions[name];
            let scalars =
                definition["anyOf"].as_array().into_iter().flatten().filter(|part| part["properties"].is_null());
            let mut words: Vec<String> =
                scalars.filter(|part| referred(part).is_none()).flat_map(|part| self.value(part)).collect();
            let home = &self.homes[name];
            words.push(format!("[`{home}`](#{})", address(home)));
            return words;
        }
        if let Some(parts) = schema["anyOf"].as_array() {
            let mut words: Vec<String> = Vec::new();
            for word in parts.iter().flat_map(|part| self.value(part)) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            return words;
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        }
        if let Some(word) = schema.get("const") {
            return vec![format!("`{word}`")];
        }
        self.plain(schema)
    }

    fn plain(&self, schema: &Value) -> Vec<String> {
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        let has = |name: &str| types.contains(&name);
        let of = |below: &Value| self.value(below).join(", ");
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        let mut words = Vec::new();
        match () {
            () if pattern.contains("week|day|hour") => words.push("duration".to_owned()),
            () if pattern.contains("%?") => words.push("share".to_owned()),
            () if has("string") => words.push("text".to_owned()),
            () if has("integer") => words.push("whole number".to_owned()),
            () if has("number") => words.push("number".to_owned()),
            () if has("boolean") => words.push("`true` or `false`".to_owned()),
            () => {}
        }
        if has("array") {
            let items = of(&schema["items"]);
            let items = if items.contains(", ") { format!("({items})") } else { items };
            words.push(format!("list of {items}"));
        }
        if has("object") {
            let named = schema["additionalProperties"].is_object();
            words.push(if named {
                format!("names with {}", of(&schema["additionalProperties"]))
            } else {
                "keys".to_owned()
            });
        }
        words
    }
}

fn referred(schema: &Value) -> Option<&str> {
    let named = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
    // a section that may be left out is the section or null
    let parts = schema["anyOf"].as_array().filter(|parts| parts.len() == 2 && parts[1]["type"] == "null");
    named.or_else(|| parts.and_then(|parts| referred(&parts[0])))
}

fn address(path: &str) -> String {
    path.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

fn reference() -> String {
    let schema = davy::config::schema();
    let mut walk = Walk {
        definitions: &schema["$defs"],
        homes: BTreeMap::new(),
        described: BTreeSet::new(),
        sections: Vec::new(),
    };
    walk.visit("", &schema);
    let mut page = String::from(
        "# Reference of all keys\n\n<!-- Generated from the schema by `UPDATE=1 cargo test book`. -->\n\n\
         `NAME` is a name that you choose, and `[]` an entry of a list. A key that is not required may be left out.\n\
         A duration is `30s`, `5m`, `1h` or `7d`; a share is `5%` or `0.05`.\n",
    );
    for section in walk.sections {
        let title = if section.path.is_empty() { "The file".to_owned() } else { format!("`{}`", section.path) };
        let rows = section.rows.join("\n");
        let description = section.description;
        let described = if description.is_empty() { String::new() } else { format!("\n{description}\n") };
        write!(page, "\n## {title}\n{described}\n| Key | Meaning |\n|---|---|\n{rows}\n").unwrap();
    }
    page
}

#[test]
fn the_reference_of_all_keys_is_fresh() {
    let page = reference();
    assert!(page.matches("\n## ").count() > 40, "{page}");
    hold_fresh("docs/configuration/reference.md", &page);
}
