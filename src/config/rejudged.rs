//! What was recorded, judged by the criteria of another configuration: what would new limits have said?
//!
//! The recording says what was measured, of which arms and when; the other configuration says what must hold. The phase is the
//! recorded one, so a configuration that has no such phase is refused rather than another phase taken.

use super::recorded::{list, section};
use super::{Config, Problems, load};
use crate::text::node::{Node, Value};
use crate::text::yaml::{flow, name};

/// What the recording says.
const RECORDED: [&str; 9] =
    ["name", "arms", "window", "noise", "sources", "metrics", "localise", "recording", "expect"];
/// What the other configuration says, section by section.
const RULES: [&str; 8] = ["traffic", "soak", "every", "mix", "cost", "judge", "kayenta", "policy"];

/// The configuration that judges a recording by the rules of another.
///
/// # Errors
///
/// Both together are not a configuration.
pub fn rejudged(recorded: &Config, with: &Config) -> Result<Config, Problems> {
    let mut text = String::new();
    let mut line = |config: &Config, key: &str| {
        if let Some(node) = section(config, key) {
            text.push_str(&format!("{}: {}\n", name(key), flow(node)));
        }
    };
    RECORDED.iter().for_each(|key| line(recorded, key));
    if !with.phases().is_empty() {
        line(recorded, "phase");
    }
    RULES.iter().for_each(|key| line(with, key));
    for (key, without) in
        [("criteria", &[][..]), ("phases", &["window", "hooks"]), ("success", &[]), ("not_judged", &[])]
    {
        let node: Option<&Node> = section(with, key).filter(|node| matches!(node.value, Value::List(_)));
        list(&mut text, key, node, without);
    }
    load(&text, &format!("{}, over what was recorded", with.origin.shown))
}
