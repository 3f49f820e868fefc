//! What a reader of a report sees, and what a program can rely on.

mod samples;

use davy::report::{Document, Format, Style, diff, render, schema};

#[test]
fn show() {
    let which = std::env::var("SHOW").unwrap_or_default();
    let verdict = match which.as_str() {
        "pass" => samples::pass(),
        "warn" => samples::warn(),
        "fail" => samples::fail(),
        "inconclusive" => samples::inconclusive(),
        "empty" => samples::empty(),
        "hostile" => samples::hostile(),
        "many" => samples::many(200),
        _ => return,
    };
    let style = Style {
        color: std::env::var("COLOR").is_ok(),
        width: std::env::var("WIDTH").map_or(80, |w| w.parse().unwrap()),
        details: std::env::var("DETAILS").is_ok(),
    };
    let format = std::env::var("FORMAT").map_or(Format::Terminal, |f| f.parse().unwrap());
    print!("{}", render(&Document::from(&verdict), format, &style));
    let _ = (diff, schema);
}
